/* What files and a model tell about data: the material of `pare data init`. */
#ifndef CLI_DATA_GUESS_H
#define CLI_DATA_GUESS_H

#include "cli/app.h"

#include "formats/dataset/preprocess.h"

/* What the model says about its input and output. */
typedef struct pare_guess_model {
    const pare_value *inputs[8]; /* [n_inputs] that want data; more are counted, not kept */
    size_t n_inputs;
    bool is_image, nhwc;         /* of the first: [N,C,H,W] or [N,H,W,C] of 1 or 3 channels */
    int64_t channels, width, height; /* -1: open */
    int64_t n_classes;           /* of the first output; 0: not told */
    const char *output;          /* its name; NULL */
    const char *pixel_format, *pixel_range; /* of the metadata, as WinML writes them; NULL */
    bool scales_itself;          /* its first nodes work on numbers: Cast, Sub, Div, ... */
} pare_guess_model;

void pare_guess_from_model(pare_guess_model *out, const pare_model *model);

enum { PARE_GUESS_TEXT = 512 };

/* What the files say. */
typedef struct pare_guess_source {
    const char *format;          /* "images", "idx", ...; static */
    uint64_t n;                  /* samples */
    size_t n_folders;            /* first-level folders that files are in */
    bool same_size;              /* samples that were looked at */
    uint32_t channels, width, height; /* of them; 0: no images */
    char labels[PARE_GUESS_TEXT]; /* value of the key `labels`: "folders", a file, a key; "" */
    char labels_why[PARE_GUESS_TEXT];
    char config[PARE_GUESS_TEXT]; /* preprocessor_config.json beside the model; "" */
} pare_guess_source;

/* Opens the source and looks at a few samples. model_path may be NULL. As pare_data_open. */
pare_status pare_guess_from_source(pare_ctx *ctx, pare_guess_source *out, const char *source,
                                   const char *model_path);

/* Steps that seem right, and in *sure whether something says so; why says what. */
void pare_guess_steps(pare_preprocess *out, bool *sure, char why[PARE_GUESS_TEXT],
                      const pare_guess_model *model, const pare_guess_source *source);

#endif
