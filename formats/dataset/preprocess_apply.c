/* Pixels first, image by image; then all numbers at once: of 256 possible pixels per channel each
 * is computed once, and what is written is looked up. */
#include "formats/dataset/preprocess.h"

#include "formats/dataset/preprocess_steps.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* --- pixels ----------------------------------------------------------------------------------- */

static pare_status resize(pare_ctx *ctx, pare_image *out, const pare_prep_step *s,
                          const pare_image *image)
{
    const uint32_t w = image->width, h = image->height;
    uint32_t width = s->width, height = s->height;
    if (s->kind != PARE_PREP_RESIZE_EXACT) {
        const bool by_width = (s->kind == PARE_PREP_RESIZE_SHORT) == (w <= h);
        const uint32_t this = by_width ? w : h, other = by_width ? h : w;
        const double scaled = (double)((uint64_t)s->width * other) / this;
        const uint32_t rest = scaled < 1 ? 1 : (uint32_t)scaled; /* cut off, as torchvision does */
        width = by_width ? s->width : rest;
        height = by_width ? rest : s->width;
    }
    return pare_image_resize(ctx, out, image, width, height, s->filter);
}

/* Where a window of `size` begins on a side of `n` pixels. torchvision rounds half to even, and
 * pads more on the far side; Hugging Face rounds down. */
static int64_t centred(uint32_t n, uint32_t size, bool floor)
{
    const int64_t space = (int64_t)n - size;
    if (space < 0) return floor ? -((1 - space) / 2) : -(-space / 2);
    const int64_t half = space / 2;
    return !floor && space % 2 && half % 2 ? half + 1 : half;
}

static pare_status crop(pare_ctx *ctx, pare_image *out, const pare_prep_step *s,
                        const pare_image *image)
{
    int64_t left = s->left, top = s->top;
    if (!s->at_given) {
        left = centred(image->width, s->width, s->at_floor);
        top = centred(image->height, s->height, s->at_floor);
    } else if (left + s->width > image->width || top + s->height > image->height)
        return pare_fail(ctx, PARE_EFORMAT,
                         "crop of %" PRIu32 " x %" PRIu32 " pixels at (%" PRId64 ", %" PRId64
                         ") does not fit into an image of %" PRIu32 " x %" PRIu32,
                         s->width, s->height, left, top, image->width, image->height);
    return pare_image_window(ctx, out, image, left, top, s->width, s->height, 0);
}

static pare_status pad(pare_ctx *ctx, pare_image *out, const pare_prep_step *s,
                       const pare_image *image)
{
    const uint32_t width = image->width < s->width ? s->width : image->width;
    const uint32_t height = image->height < s->height ? s->height : image->height;
    return pare_image_window(ctx, out, image, centred(image->width, width, false),
                             centred(image->height, height, false), width, height, s->fill);
}

static pare_status pixel_step(pare_ctx *ctx, pare_image *out, const pare_prep_step *s,
                              const pare_image *image)
{
    switch (s->kind) {
    case PARE_PREP_CROP:
        return crop(ctx, out, s, image);
    case PARE_PREP_PAD:
        return pad(ctx, out, s, image);
    case PARE_PREP_ORIENT:
        return pare_image_upright(ctx, out, image);
    case PARE_PREP_COLOR:
        return pare_image_gray(ctx, out, image);
    default:
        return resize(ctx, out, s, image);
    }
}

static bool is_pixel_step(const pare_prep_step *s)
{
    return pare_prep_is_geometric(s) ||
           (s->kind == PARE_PREP_COLOR && s->color == PARE_COLOR_GRAY);
}

/* *out is what the steps make, or stays empty where there are none. */
static pare_status run_pixels(pare_ctx *ctx, pare_image *out, const pare_preprocess *list,
                              const pare_image *image)
{
    pare_status st = PARE_OK;
    *out = (pare_image){ 0 };
    for (size_t i = 0; !st && i < list->n; i++) {
        const pare_prep_step *const s = &list->steps[i];
        const pare_image *const in = out->pixels ? out : image;
        pare_image next = { 0 };
        if (!is_pixel_step(s) || (s->kind == PARE_PREP_COLOR && in->channels == 1)) continue;
        st = pixel_step(ctx, &next, s, in);
        pare_image_free(ctx, out);
        *out = next;
    }
    if (st) pare_image_free(ctx, out);
    return st;
}

pare_status pare_preprocess_pixels(pare_ctx *ctx, pare_image *out, const pare_preprocess *list,
                                   const pare_image *image)
{
    pare_image gray = { 0 };
    PARE_TRY(run_pixels(ctx, out, list, image));
    const bool wants_gray = pare_preprocess_shape(list).channels == 1;
    if (out->pixels && (out->channels == 3 || wants_gray)) return PARE_OK;
    gray = *out;
    const pare_image *const in = gray.pixels ? &gray : image;
    const pare_status st =
        wants_gray ? pare_image_gray(ctx, out, in) : pare_image_rgb(ctx, out, in);
    pare_image_free(ctx, &gray);
    return st;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* What a step makes of a number of channel c. */
static double compute(const pare_prep_step *s, uint32_t c, double x)
{
    const double v = s->values[s->n_values == 1 ? 0 : c];
    switch (s->kind) {
    case PARE_PREP_DIVIDE:
        return x / v;
    case PARE_PREP_MULTIPLY:
        return x * v;
    case PARE_PREP_SUBTRACT:
        return x - v;
    default:
        return x;
    }
}

static uint16_t half_of(double v)
{
    const uint16_t sign = signbit(v) ? 0x8000 : 0;
    const double a = fabs(v);
    int e = 0;
    if (isnan(v)) return 0x7e00;
    if (a >= 65520.0) return (uint16_t)(sign | 0x7c00);
    if (a < 0x1p-14) return (uint16_t)(sign | (uint16_t)rint(a * 0x1p24));
    const double mantissa = rint(ldexp(frexp(a, &e), 11)); /* 1024 to 2048; the latter carries */
    return (uint16_t)(sign | (((e + 14) << 10) + ((int)mantissa - 1024)));
}

static int64_t whole(double v, double low, double high)
{
    if (isnan(v)) return 0;
    return (int64_t)rint(v < low ? low : v > high ? high : v);
}

/* Writes v as an element of dtype; false for a type that there is no form of. */
static bool store(pare_dtype dtype, void *to, double v)
{
    const pare_dtype_info *const info = pare_dtype_of(dtype);
    if (dtype == PARE_FLOAT) *(float *)to = (float)v;
    else if (dtype == PARE_DOUBLE) *(double *)to = v;
    else if (dtype == PARE_FLOAT16) *(uint16_t *)to = half_of(v);
    else if (info->bits >= 8 &&
             (info->class == PARE_CLASS_INT || info->class == PARE_CLASS_UINT)) {
        const bool is_signed = info->class == PARE_CLASS_INT;
        const double high = ldexp(1.0, info->bits - is_signed), low = is_signed ? -high : 0;
        /* The largest number below the end of the range: that of 64 bits is no double. */
        const double last = info->bits == 64 ? nextafter(high, 0) : high - 1;
        const uint64_t bits = v >= 0x1p63 && !is_signed && info->bits == 64
                                  ? (uint64_t)(v > last ? last : v)
                                  : (uint64_t)whole(v, low, last);
        memcpy(to, &bits, info->bits / 8u); /* little-endian, as all of pare */
    } else return false;
    return true;
}

/* What each channel of the result is: a channel of the pixels, and what becomes of each value. */
typedef struct prep_tables {
    uint32_t n_channels;
    uint32_t source[3];
    double value[3][256];
    bool bgr;
} prep_tables;

static void swap_ends(prep_tables *t)
{
    const uint32_t source = t->source[0];
    t->source[0] = t->source[2];
    t->source[2] = source;
    for (int i = 0; i < 256; i++) {
        const double v = t->value[0][i];
        t->value[0][i] = t->value[2][i];
        t->value[2][i] = v;
    }
    t->bgr = !t->bgr;
}

static void make_color(prep_tables *t, pare_color color)
{
    if (color == PARE_COLOR_GRAY) return; /* of pixels, done */
    if (t->n_channels == 1) {
        t->n_channels = 3;
        for (int c = 1; c < 3; c++) {
            t->source[c] = t->source[0];
            memcpy(t->value[c], t->value[0], sizeof(t->value[0]));
        }
    }
    if (t->bgr != (color == PARE_COLOR_BGR)) swap_ends(t);
}

static pare_status make_tables(pare_ctx *ctx, prep_tables *t, const pare_preprocess *list,
                               uint32_t n_pixel_channels, bool gray)
{
    *t = (prep_tables){ .n_channels = gray ? 1 : 3 };
    for (uint32_t c = 0; c < 3; c++) {
        t->source[c] = n_pixel_channels == 1 ? 0 : c;
        for (int i = 0; i < 256; i++) t->value[c][i] = i;
    }
    for (size_t i = 0; i < list->n; i++) {
        const pare_prep_step *const s = &list->steps[i];
        if (s->kind == PARE_PREP_COLOR) make_color(t, s->color);
        if (s->n_values > 1 && s->n_values != t->n_channels)
            return pare_fail(ctx, PARE_EFORMAT,
                             "%s: expected 1 or %" PRIu32 " numbers, for as many channels, found "
                             "%" PRIu32,
                             s->kind == PARE_PREP_SUBTRACT ? "mean" : "std, divide or multiply",
                             t->n_channels, s->n_values);
        if (!s->n_values) continue;
        for (uint32_t c = 0; c < t->n_channels; c++)
            for (int k = 0; k < 256; k++) t->value[c][k] = compute(s, c, t->value[c][k]);
    }
    return PARE_OK;
}

/* out[i * to_step] = table[pixels[i * from_step]] for elements of a width. */
#define LOOK_UP(type)                                                                          \
    for (size_t i = 0; i < n; i++)                                                             \
        ((type *)out)[i * to_step] = ((const type *)table)[pixels[i * from_step]];

static void look_up(void *out, size_t to_step, const void *table, uint32_t element_bytes,
                    const uint8_t *pixels, size_t from_step, size_t n)
{
    if (element_bytes == 1) {
        LOOK_UP(uint8_t)
    } else if (element_bytes == 2) {
        LOOK_UP(uint16_t)
    } else if (element_bytes == 4) {
        LOOK_UP(uint32_t)
    } else {
        LOOK_UP(uint64_t)
    }
}

static pare_status fail_type(pare_ctx *ctx, pare_dtype dtype)
{
    return pare_fail(ctx, PARE_EUNSUPPORTED,
                     "preprocess makes float, float16, double and integers of 8 to 64 bits, not %s",
                     pare_dtype_name(dtype));
}

static pare_status write_image(pare_ctx *ctx, pare_tensor **out, const prep_tables *t,
                               const pare_image *image, bool nhwc, pare_dtype dtype)
{
    const uint32_t width = pare_dtype_of(dtype)->bits / 8u;
    const size_t n = (size_t)image->width * image->height;
    const int64_t c = t->n_channels, h = image->height, w = image->width;
    const int64_t nchw[4] = { 1, c, h, w }, last[4] = { 1, h, w, c };
    uint64_t table[256];
    uint8_t *data = NULL;
    if (!store(dtype, table, 0)) return fail_type(ctx, dtype);
    PARE_TRY(pare_tensor_new(ctx, out, dtype, 4, nhwc ? last : nchw));
    const pare_status st = pare_tensor_own(ctx, out, &data);
    for (uint32_t k = 0; !st && k < t->n_channels; k++) {
        for (size_t i = 0; i < 256; i++)
            (void)store(dtype, (uint8_t *)table + i * width, t->value[k][i]);
        look_up(data + (nhwc ? k : k * n) * width, nhwc ? t->n_channels : 1, table, width,
                image->pixels + t->source[k], image->channels, n);
    }
    if (st) pare_tensor_unref(*out);
    if (st) *out = NULL;
    return st;
}

/* keep: without a step that says otherwise, the channels stay as many as they are. */
static pare_status run_image(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                             const pare_image *image, bool keep, pare_dtype dtype)
{
    pare_image made = { 0 };
    prep_tables tables;
    bool gray = keep && image->channels == 1;
    *out = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (list->steps[i].kind == PARE_PREP_COLOR && list->steps[i].color == PARE_COLOR_GRAY)
            gray = true;
    pare_status st = run_pixels(ctx, &made, list, image);
    const pare_image *const in = made.pixels ? &made : image;
    if (!st) st = make_tables(ctx, &tables, list, in->channels, gray);
    if (!st)
        st = write_image(ctx, out, &tables, in, pare_preprocess_shape(list).nhwc, dtype);
    pare_image_free(ctx, &made);
    return st;
}

pare_status pare_preprocess_image(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                                  const pare_image *image, pare_dtype dtype)
{
    return run_image(ctx, out, list, image, false, dtype);
}

/* --- arrays ----------------------------------------------------------------------------------- */

static double half_value(uint16_t bits)
{
    const int e = bits >> 10 & 31, m = bits & 1023;
    const double a = e == 31   ? m ? NAN : INFINITY
                     : e == 0 ? ldexp(m, -24)
                              : ldexp(1024 + m, e - 25);
    return bits & 0x8000 ? -a : a;
}

static double fetch(pare_dtype dtype, const uint8_t *from)
{
    uint64_t bits = 0;
    memcpy(&bits, from, pare_dtype_of(dtype)->bits / 8u);
    switch (dtype) {
    case PARE_FLOAT: {
        float v;
        memcpy(&v, from, sizeof(v));
        return v;
    }
    case PARE_DOUBLE: {
        double v;
        memcpy(&v, from, sizeof(v));
        return v;
    }
    case PARE_FLOAT16:
        return half_value((uint16_t)bits);
    case PARE_INT8:
        return (int8_t)bits;
    case PARE_INT16:
        return (int16_t)bits;
    case PARE_INT32:
        return (int32_t)bits;
    case PARE_INT64:
        return (double)(int64_t)bits;
    default:
        return (double)bits;
    }
}

static bool is_fetchable(pare_dtype dtype)
{
    const pare_dtype_info *const info = pare_dtype_of(dtype);
    return dtype == PARE_FLOAT || dtype == PARE_DOUBLE || dtype == PARE_FLOAT16 ||
           dtype == PARE_BOOL ||
           (info->bits >= 8 && (info->class == PARE_CLASS_INT || info->class == PARE_CLASS_UINT));
}

/* Elements that follow each other with the same channel, so that the channel of element i is
 * i / run % n_channels; 0 when the shape has no such dimension. */
static int64_t channel_run(const pare_tensor *array, uint32_t n_channels, bool nhwc)
{
    uint32_t axis = nhwc && array->rank ? array->rank - 1 : 0;
    if (!nhwc && array->rank > 1 && array->dims[0] == 1 && n_channels != 1) axis = 1;
    if (!array->rank || array->dims[axis] != n_channels) return 0;
    int64_t run = 1;
    for (uint32_t i = axis + 1; i < array->rank; i++) run *= array->dims[i];
    return run;
}

static pare_status run_numbers(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                               const pare_tensor *array, pare_dtype dtype)
{
    const uint32_t from_width = pare_dtype_of(array->dtype)->bits / 8u;
    const uint32_t to_width = pare_dtype_of(dtype)->bits / 8u;
    const bool nhwc = pare_preprocess_shape(list).nhwc;
    uint32_t n_channels = 1;
    pare_buf *buf = NULL;
    const uint8_t *from = NULL;
    uint8_t *to = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (list->steps[i].n_values > n_channels) n_channels = list->steps[i].n_values;
    const int64_t run = n_channels == 1 ? 1 : channel_run(array, n_channels, nhwc);
    for (size_t i = 0; i < list->n; i++)
        if (!run || (list->steps[i].n_values > 1 && list->steps[i].n_values != n_channels))
            return pare_fail(ctx, PARE_EFORMAT,
                             "%" PRIu32 " numbers, one per channel, fit no dimension of the array",
                             n_channels);
    PARE_TRY(pare_tensor_dense(ctx, &buf, &from, array));
    pare_status st = pare_tensor_new(ctx, out, dtype, array->rank, array->dims);
    if (!st) st = pare_tensor_own(ctx, out, &to);
    for (int64_t i = 0; !st && i < array->n_elements; i++) {
        const uint32_t c = n_channels == 1 ? 0 : (uint32_t)(i / run % n_channels);
        double v = fetch(array->dtype, from + (size_t)i * from_width);
        for (size_t k = 0; k < list->n; k++)
            if (list->steps[k].n_values) v = compute(&list->steps[k], c, v);
        (void)store(dtype, to + (size_t)i * to_width, v);
    }
    pare_buf_unref(buf);
    if (st) pare_tensor_unref(*out);
    if (st) *out = NULL;
    return st;
}

/* Whether an array of bytes is an image: [H,W], [H,W,C], or [C,H,W] (planes), maybe behind a 1. */
static bool image_of(const pare_tensor *array, pare_image *shape, bool *planes)
{
    const bool batch = array->rank == 4 && array->dims[0] == 1;
    const uint32_t rank = array->rank - batch;
    const int64_t *const d = array->dims + batch;
    *shape = (pare_image){ .orientation = 1 };
    *planes = false;
    if (array->dtype != PARE_UINT8 || rank < 2 || rank > 3) return false;
    const bool last = rank == 3 && (d[2] == 1 || d[2] == 3);
    *planes = rank == 3 && !last;
    if (*planes && d[0] != 1 && d[0] != 3) return false;
    const int64_t h = *planes ? d[1] : d[0], w = *planes ? d[2] : d[1];
    if (h < 1 || w < 1 || h > PARE_IMAGE_MAX_SIDE || w > PARE_IMAGE_MAX_SIDE) return false;
    shape->height = (uint32_t)h;
    shape->width = (uint32_t)w;
    shape->channels = rank == 2 ? 1 : (uint32_t)(last ? d[2] : d[0]);
    return true;
}

static pare_status run_bytes(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                             const pare_tensor *array, const pare_image *shape, bool planes,
                             pare_dtype dtype)
{
    pare_image image = { 0 };
    pare_buf *buf = NULL;
    const uint8_t *from = NULL;
    PARE_TRY(pare_tensor_dense(ctx, &buf, &from, array));
    pare_status st = pare_image_new(ctx, &image, shape->width, shape->height, shape->channels);
    const size_t n = (size_t)shape->width * shape->height, n_channels = shape->channels;
    if (!st && !planes) memcpy(image.pixels, from, n * n_channels);
    for (size_t c = 0; !st && planes && c < n_channels; c++)
        for (size_t i = 0; i < n; i++) image.pixels[i * n_channels + c] = from[c * n + i];
    if (!st) st = run_image(ctx, out, list, &image, true, dtype);
    pare_image_free(ctx, &image);
    pare_buf_unref(buf);
    return st;
}

pare_status pare_preprocess_array(pare_ctx *ctx, pare_tensor **out, const pare_preprocess *list,
                                  const pare_tensor *array, pare_dtype dtype)
{
    pare_image shape;
    bool planes, numbers_only = true;
    double probe;
    *out = NULL;
    if (!is_fetchable(array->dtype) || !store(dtype, &probe, 0))
        return fail_type(ctx, is_fetchable(array->dtype) ? dtype : array->dtype);
    for (size_t i = 0; i < list->n; i++) numbers_only &= list->steps[i].n_values > 0;
    if (numbers_only) return run_numbers(ctx, out, list, array, dtype);
    if (image_of(array, &shape, &planes))
        return run_bytes(ctx, out, list, array, &shape, planes, dtype);
    for (size_t i = 0; i < list->n; i++) {
        const pare_prep_kind kind = list->steps[i].kind;
        const bool moves = kind == PARE_PREP_COLOR && list->steps[i].color != PARE_COLOR_RGB;
        if (moves || pare_prep_is_geometric(&list->steps[i]))
            return pare_fail(ctx, PARE_EFORMAT,
                             "resize, crop, pad, orient, bgr and gray are for images, or bytes "
                             "[H,W], [H,W,C] or [C,H,W], not for an array of %s of rank %" PRIu32,
                             pare_dtype_name(array->dtype), array->rank);
    }
    return run_numbers(ctx, out, list, array, dtype);
}
