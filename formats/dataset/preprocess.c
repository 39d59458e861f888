#include "formats/dataset/preprocess.h"

#include "formats/dataset/preprocess_steps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRESET_MAX_STEPS = 5 };

typedef struct prep_preset {
    const char *name;
    size_t n;
    pare_prep_step steps[PRESET_MAX_STEPS];
} prep_preset;

#define COLOR(which)                                          \
    {                                                         \
        .kind = PARE_PREP_COLOR, .color = PARE_COLOR_##which, \
    }
#define ALL(what, value)                                                 \
    {                                                                    \
        .kind = PARE_PREP_##what, .n_values = 1, .values = { (value), }, \
    }
#define EACH(what, a, b, c)                                                      \
    {                                                                            \
        .kind = PARE_PREP_##what, .n_values = 3, .values = { (a), (b), (c), },   \
    }
#define NCHW                        \
    {                               \
        .kind = PARE_PREP_LAYOUT,   \
    }

static const prep_preset presets[] = {
    { "imagenet", 5, { COLOR(RGB), ALL(DIVIDE, 255), EACH(SUBTRACT, 0.485, 0.456, 0.406),
                       EACH(DIVIDE, 0.229, 0.224, 0.225), NCHW } },
    { "caffe-bgr", 3, { COLOR(BGR), EACH(SUBTRACT, 104, 117, 123), NCHW } },
    { "minus1-1", 4, { COLOR(RGB), ALL(SUBTRACT, 127.5), ALL(DIVIDE, 127.5), NCHW } },
    { "0-1", 3, { COLOR(RGB), ALL(DIVIDE, 255), NCHW } },
    { "raw", 2, { COLOR(RGB), NCHW } },
};

const char *const pare_prep_preset_names[PARE_N_PREP_PRESETS] = { "imagenet", "caffe-bgr",
                                                                  "minus1-1", "0-1", "raw" };
const char *const pare_color_names[3] = { "rgb", "bgr", "gray" };

bool pare_preprocess_add(pare_preprocess *list, const pare_prep_step *step)
{
    if (list->n == PARE_PREP_MAX_STEPS) return false;
    list->steps[list->n++] = *step;
    return true;
}

bool pare_preprocess_add_preset(pare_preprocess *list, const char *name)
{
    for (size_t i = 0; i < PARE_N_PREP_PRESETS; i++) {
        const prep_preset *const p = &presets[i];
        if (strcmp(p->name, name)) continue;
        if (PARE_PREP_MAX_STEPS - list->n < p->n) return false;
        for (size_t k = 0; k < p->n; k++) list->steps[list->n++] = p->steps[k];
        return true;
    }
    return false;
}

bool pare_prep_is_geometric(const pare_prep_step *step)
{
    return step->kind <= PARE_PREP_ORIENT;
}

pare_prep_shape pare_preprocess_shape(const pare_preprocess *list)
{
    pare_prep_shape shape = { .channels = 3 };
    for (size_t i = 0; i < list->n; i++) {
        const pare_prep_step *const s = &list->steps[i];
        if (s->kind == PARE_PREP_CROP || s->kind == PARE_PREP_RESIZE_EXACT) {
            shape.width = s->width;
            shape.height = s->height;
        } else if (s->kind == PARE_PREP_PAD) {
            if (shape.width && shape.width < s->width) shape.width = s->width;
            if (shape.height && shape.height < s->height) shape.height = s->height;
        } else if (pare_prep_is_geometric(s)) shape.width = shape.height = 0;
        else if (s->kind == PARE_PREP_COLOR) shape.channels = s->color == PARE_COLOR_GRAY ? 1 : 3;
        else if (s->kind == PARE_PREP_LAYOUT) shape.nhwc = s->nhwc;
    }
    return shape;
}

/* --- as text ---------------------------------------------------------------------------------- */

typedef struct prep_text {
    char *out;
    size_t n, cap;
    bool full;
} prep_text;

static void put(prep_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(prep_text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(t->out + t->n, t->cap - t->n, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= t->cap - t->n) t->full = true;
    else t->n += (size_t)n;
}

/* The fewest digits that read back to v. */
static void put_real(prep_text *t, double v)
{
    char text[40];
    int digits = 1;
    do snprintf(text, sizeof(text), "%.*g", digits, v);
    while (strtod(text, NULL) != v && digits++ < 17);
    put(t, "%s", text);
}

static void put_values(prep_text *t, const char *key, const pare_prep_step *s)
{
    put(t, s->n_values == 1 ? "{%s: " : "{%s: [", key);
    for (uint32_t i = 0; i < s->n_values; i++) {
        if (i) put(t, ", ");
        put_real(t, s->values[i]);
    }
    put(t, s->n_values == 1 ? "}" : "]}");
}

static void put_size(prep_text *t, const pare_prep_step *s)
{
    if (s->width == s->height) put(t, "%" PRIu32, s->width);
    else put(t, "[%" PRIu32 ", %" PRIu32 "]", s->height, s->width);
}

static void put_placed(prep_text *t, const pare_prep_step *s)
{
    const bool is_pad = s->kind == PARE_PREP_PAD;
    const bool short_form = is_pad ? !s->fill : !s->at_given && !s->at_floor;
    put(t, short_form ? "{%s: " : "{%s: {size: ", is_pad ? "pad" : "crop");
    put_size(t, s);
    if (is_pad && s->fill) put(t, ", value: %d", s->fill);
    if (s->at_given) put(t, ", at: [%" PRIu32 ", %" PRIu32 "]", s->top, s->left);
    else if (s->at_floor) put(t, ", at: floor-centre");
    put(t, short_form ? "}" : "}}");
}

static void put_step(prep_text *t, const pare_prep_step *s, bool after_mean)
{
    switch (s->kind) {
    case PARE_PREP_RESIZE_EXACT:
    case PARE_PREP_RESIZE_SHORT:
    case PARE_PREP_RESIZE_LONG:
        put(t, "{resize: {%s: ", s->kind == PARE_PREP_RESIZE_EXACT   ? "exact"
                                 : s->kind == PARE_PREP_RESIZE_SHORT ? "short"
                                                                     : "long");
        put_size(t, s);
        put(t, ", filter: %s}}", pare_filter_names[s->filter]);
        break;
    case PARE_PREP_CROP:
    case PARE_PREP_PAD:
        put_placed(t, s);
        break;
    case PARE_PREP_ORIENT:
        put(t, "{orient: exif}");
        break;
    case PARE_PREP_COLOR:
        put(t, "{color: %s}", pare_color_names[s->color]);
        break;
    case PARE_PREP_DIVIDE:
        put_values(t, after_mean ? "std" : "divide", s);
        break;
    case PARE_PREP_MULTIPLY:
        put_values(t, "multiply", s);
        break;
    case PARE_PREP_SUBTRACT:
        put_values(t, "mean", s);
        break;
    case PARE_PREP_LAYOUT:
        put(t, "{layout: %s}", s->nhwc ? "nhwc" : "nchw");
        break;
    }
}

static bool same_step(const pare_prep_step *a, const pare_prep_step *b)
{
    if (a->kind != b->kind || a->color != b->color || a->nhwc != b->nhwc ||
        a->n_values != b->n_values)
        return false;
    for (uint32_t i = 0; i < a->n_values; i++)
        if (a->values[i] != b->values[i]) return false;
    return !pare_prep_is_geometric(a);
}

/* The preset whose steps stand from step `at` on, or NULL. */
static const prep_preset *preset_at(const pare_preprocess *list, size_t at)
{
    for (size_t i = 0; i < PARE_N_PREP_PRESETS; i++) {
        const prep_preset *const p = &presets[i];
        size_t k = 0;
        while (k < p->n && at + k < list->n && same_step(&p->steps[k], &list->steps[at + k])) k++;
        if (k == p->n) return p;
    }
    return NULL;
}

bool pare_preprocess_text(const pare_preprocess *list, char *out, size_t out_bytes)
{
    prep_text t = { .out = out, .cap = out_bytes };
    put(&t, "[");
    for (size_t i = 0; i < list->n;) {
        const prep_preset *const p = preset_at(list, i);
        if (i) put(&t, ", ");
        if (p) put(&t, "%s", p->name);
        else
            put_step(&t, &list->steps[i], i && list->steps[i - 1].kind == PARE_PREP_SUBTRACT);
        i += p ? p->n : 1;
    }
    put(&t, "]");
    return !t.full;
}
