/* From pixels or numbers to what a network is fed: the list of `preprocess` in DATA.yaml.
 *
 *   resize  {short: 256, filter: bilinear}, {exact: [H, W]}, {exact: N}, {long: N}   geometric
 *   crop    224, {size: 224 or [H, W], at: centre, floor-centre or [TOP, LEFT]}      geometric
 *   pad     N, {size: N or [H, W], value: 0..255}: centred, to at least that size    geometric
 *   orient  exif: turned as the camera was held                                      geometric
 *   color   rgb, bgr, gray
 *   divide, multiply   a number, or one per channel: x / v, x * v
 *   mean, std          the same: x - v, x / v
 *   layout  nchw (default), nhwc
 *   imagenet, caffe-bgr, minus1-1, 0-1, raw    colour, numbers and layout in one word
 *
 * Steps work in the order in which they stand; geometric ones are on 8-bit pixels, so they and
 * `color: gray` stand before numbers. Without `color` pixels are RGB, grey ones repeated. Resizing
 * gives the bytes that Pillow gives; cropping what torchvision's CenterCrop gives (also where an
 * image is smaller: zeros around it). Numbers are computed in double precision and rounded once. */
#ifndef FORMATS_DATASET_PREPROCESS_H
#define FORMATS_DATASET_PREPROCESS_H

#include "formats/dataset/image_resize.h"
#include "formats/yaml.h"
#include "ir/tensor.h"

typedef enum pare_prep_kind {
    PARE_PREP_RESIZE_EXACT,
    PARE_PREP_RESIZE_SHORT, /* the shorter side becomes width; the other in proportion, cut */
    PARE_PREP_RESIZE_LONG,
    PARE_PREP_CROP,
    PARE_PREP_PAD,
    PARE_PREP_ORIENT,
    PARE_PREP_COLOR,
    PARE_PREP_DIVIDE,
    PARE_PREP_MULTIPLY,
    PARE_PREP_SUBTRACT, /* `mean`; `std` divides */
    PARE_PREP_LAYOUT,
} pare_prep_kind;

typedef enum pare_color {
    PARE_COLOR_RGB,
    PARE_COLOR_BGR,
    PARE_COLOR_GRAY,
} pare_color;

enum { PARE_PREP_MAX_STEPS = 24, PARE_PREP_MAX_CHANNELS = 16 };

typedef struct pare_prep_step {
    pare_prep_kind kind;
    uint32_t line;          /* in the file that it was read from; 0: none */
    uint32_t width, height; /* of geometric steps */
    bool at_given;          /* crop: at (left, top), not centred */
    bool at_floor;          /* crop: half a pixel goes up and left, as Hugging Face has it */
    uint32_t left, top;
    uint8_t fill; /* of pad */
    pare_filter filter;
    pare_color color;
    bool nhwc;
    uint32_t n_values; /* 1: for all channels */
    double values[PARE_PREP_MAX_CHANNELS];
} pare_prep_step;

/* A list of steps: plain data, to be copied and changed freely. */
typedef struct pare_preprocess {
    pare_prep_step steps[PARE_PREP_MAX_STEPS]; /* [n] presets are written out */
    size_t n;
} pare_preprocess;

/* Reads the value of the key `preprocess`: a list, a preset, or the name of a Hugging Face
 * preprocessor_config.json, relative to dir ("" or NULL: the working folder). EFORMAT naming file,
 * line, the step and the nearest name; EUNSUPPORTED for settings of Hugging Face that change pixels
 * in a way that pare does not know. */
pare_status pare_preprocess_read(pare_ctx *ctx, pare_preprocess *out, const pare_yaml *yaml,
                                 const pare_yaml_node *node, const char *dir);

/* Reads a preprocessor_config.json. */
pare_status pare_preprocess_read_hugging_face(pare_ctx *ctx, pare_preprocess *out,
                                              const char *path);

enum { PARE_N_PREP_PRESETS = 5 };
extern const char *const pare_prep_preset_names[PARE_N_PREP_PRESETS];

/* Adds the steps of a preset; false when there is none of this name, or no room. */
bool pare_preprocess_add_preset(pare_preprocess *list, const char *name);

/* Adds a step; false when there is no room. */
bool pare_preprocess_add(pare_preprocess *list, const pare_prep_step *step);

/* Writes the list as one line of YAML, "[{crop: 224}, imagenet]", presets by name where the steps
 * are theirs. Returns false when out is too small: 2048 bytes are usual. */
bool pare_preprocess_text(const pare_preprocess *list, char *out, size_t out_bytes);

/* Channels and layout of what comes out of an image; its size where the steps settle it, else 0. */
typedef struct pare_prep_shape {
    uint32_t channels, width, height;
    bool nhwc;
} pare_prep_shape;
pare_prep_shape pare_preprocess_shape(const pare_preprocess *list);

/* Applies the list to an image: a new tensor [1,C,H,W], or [1,H,W,C], of FLOAT, FLOAT16, DOUBLE, or
 * an integer type of 8 to 64 bits, to which numbers are rounded half to even and cut off at its
 * range. EFORMAT when the image is too small for a crop at a place or another size than steps need;
 * EUNSUPPORTED for other types; EBUDGET, ENOMEM. */
pare_status pare_preprocess_image(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                                  const pare_image *image, pare_dtype dtype);

/* Only the geometric steps and `color: gray`, for looking at: pixels in RGB or grey. */
pare_status pare_preprocess_pixels(pare_ctx *ctx, pare_image *out, const pare_preprocess *list,
                                   const pare_image *image);

/* Applies the numbers of the list to an array of any numeric type (values per channel need an array
 * whose first or, with `layout: nhwc`, last dimension is the channels; a leading dimension of 1
 * does not count): a tensor of the same shape of dtype as above. An array of bytes [H,W], [H,W,C]
 * or [C,H,W], C being 1 or 3, with geometric, colour or layout steps is an image; without `color`
 * it keeps its channels. */
pare_status pare_preprocess_array(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                                  const pare_tensor *array, pare_dtype dtype);

#endif
