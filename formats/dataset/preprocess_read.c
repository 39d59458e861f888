#include "formats/dataset/preprocess.h"

#include "formats/dataset/preprocess_steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where reading stands. */
typedef struct prep_reader {
    pare_ctx *ctx;
    const pare_yaml *yaml;
} prep_reader;

typedef pare_status read_fn(const prep_reader *r, pare_prep_step *step, const pare_yaml_node *node);

static pare_status read_side(const prep_reader *r, const pare_yaml_node *node, int64_t min,
                             uint32_t *out)
{
    int64_t v = 0;
    PARE_TRY(pare_yaml_int(r->ctx, r->yaml, node, min, PARE_IMAGE_MAX_SIDE, &v));
    *out = (uint32_t)v;
    return PARE_OK;
}

/* N, or [first, second]. */
static pare_status read_pair(const prep_reader *r, const pare_yaml_node *node, int64_t min,
                             uint32_t *first, uint32_t *second)
{
    if (node->kind == PARE_YAML_LIST) {
        if (node->n_items != 2)
            return pare_yaml_fail(r->ctx, r->yaml, node,
                                  "expected [HEIGHT, WIDTH], found %zu numbers", node->n_items);
        PARE_TRY(read_side(r, &node->items[0], min, first));
        return read_side(r, &node->items[1], min, second);
    }
    PARE_TRY(read_side(r, node, min, first));
    *second = *first;
    return PARE_OK;
}

static pare_status read_resize(const prep_reader *r, pare_prep_step *step,
                               const pare_yaml_node *node)
{
    static const char *const keys[] = { "short", "exact", "long", "filter" };
    static const pare_prep_kind kinds[] = { PARE_PREP_RESIZE_SHORT, PARE_PREP_RESIZE_EXACT,
                                            PARE_PREP_RESIZE_LONG };
    const pare_yaml_node *size = NULL;
    if (node->kind != PARE_YAML_MAP)
        return pare_yaml_fail(r->ctx, r->yaml, node,
                              "expected resize: {short: N}, {long: N} or {exact: [HEIGHT, WIDTH]}");
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, 4));
    for (size_t i = 0; i < 3; i++) {
        const pare_yaml_node *const found = pare_yaml_get(node, keys[i]);
        if (found && size)
            return pare_yaml_fail(r->ctx, r->yaml, found,
                                  "expected one of short, long and exact, found two");
        if (found) step->kind = kinds[i];
        if (found) size = found;
    }
    if (!size)
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected one of short, long and exact");
    if (step->kind == PARE_PREP_RESIZE_EXACT)
        PARE_TRY(read_pair(r, size, 1, &step->height, &step->width));
    else PARE_TRY(read_side(r, size, 1, &step->width));
    step->height = step->kind == PARE_PREP_RESIZE_EXACT ? step->height : step->width;
    step->filter = PARE_FILTER_BILINEAR;
    const pare_yaml_node *const filter = pare_yaml_get(node, "filter");
    size_t which = PARE_FILTER_BILINEAR;
    if (filter)
        PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, filter, pare_filter_names, PARE_N_FILTERS,
                                  &which));
    step->filter = (pare_filter)which;
    return PARE_OK;
}

static pare_status read_crop(const prep_reader *r, pare_prep_step *step,
                             const pare_yaml_node *node)
{
    static const char *const keys[] = { "size", "at" };
    static const char *const places[] = { "centre", "center", "floor-centre" };
    step->kind = PARE_PREP_CROP;
    if (node->kind != PARE_YAML_MAP) return read_pair(r, node, 1, &step->height, &step->width);
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, 2));
    const pare_yaml_node *const size = pare_yaml_get(node, "size");
    const pare_yaml_node *const at = pare_yaml_get(node, "at");
    if (!size) return pare_yaml_fail(r->ctx, r->yaml, node, "expected crop: {size: N}");
    PARE_TRY(read_pair(r, size, 1, &step->height, &step->width));
    if (at && at->kind == PARE_YAML_LIST) {
        step->at_given = true;
        return read_pair(r, at, 0, &step->top, &step->left);
    }
    size_t which = 0;
    if (at) PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, at, places, 3, &which));
    step->at_floor = which == 2;
    return PARE_OK;
}

static pare_status read_pad(const prep_reader *r, pare_prep_step *step, const pare_yaml_node *node)
{
    static const char *const keys[] = { "size", "value" };
    int64_t fill = 0;
    step->kind = PARE_PREP_PAD;
    if (node->kind != PARE_YAML_MAP) return read_pair(r, node, 1, &step->height, &step->width);
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, 2));
    const pare_yaml_node *const size = pare_yaml_get(node, "size");
    const pare_yaml_node *const value = pare_yaml_get(node, "value");
    if (!size) return pare_yaml_fail(r->ctx, r->yaml, node, "expected pad: {size: N}");
    if (value) PARE_TRY(pare_yaml_int(r->ctx, r->yaml, value, 0, 255, &fill));
    step->fill = (uint8_t)fill;
    return read_pair(r, size, 1, &step->height, &step->width);
}

static pare_status read_orient(const prep_reader *r, pare_prep_step *step,
                               const pare_yaml_node *node)
{
    static const char *const words[] = { "exif" };
    size_t which;
    step->kind = PARE_PREP_ORIENT;
    return pare_yaml_choice(r->ctx, r->yaml, node, words, 1, &which);
}

static pare_status read_color(const prep_reader *r, pare_prep_step *step,
                              const pare_yaml_node *node)
{
    size_t which = 0;
    step->kind = PARE_PREP_COLOR;
    PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, node, pare_color_names, 3, &which));
    step->color = (pare_color)which;
    return PARE_OK;
}

static pare_status read_layout(const prep_reader *r, pare_prep_step *step,
                               const pare_yaml_node *node)
{
    static const char *const words[] = { "nchw", "nhwc" };
    size_t which = 0;
    step->kind = PARE_PREP_LAYOUT;
    PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, node, words, 2, &which));
    step->nhwc = which == 1;
    return PARE_OK;
}

static pare_status read_values(const prep_reader *r, pare_prep_step *step,
                               const pare_yaml_node *node)
{
    const bool many = node->kind == PARE_YAML_LIST;
    step->n_values = many ? (uint32_t)node->n_items : 1;
    if (many && (!node->n_items || node->n_items > PARE_PREP_MAX_CHANNELS))
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected 1 to %d numbers, found %zu",
                              PARE_PREP_MAX_CHANNELS, node->n_items);
    for (uint32_t i = 0; i < step->n_values; i++) {
        const pare_yaml_node *const item = many ? &node->items[i] : node;
        PARE_TRY(pare_yaml_real(r->ctx, r->yaml, item, &step->values[i]));
        if (step->kind == PARE_PREP_DIVIDE && step->values[i] == 0)
            return pare_yaml_fail(r->ctx, r->yaml, item, "expected a number to divide by, found 0");
    }
    return PARE_OK;
}

static pare_status read_divide(const prep_reader *r, pare_prep_step *step,
                               const pare_yaml_node *node)
{
    step->kind = PARE_PREP_DIVIDE;
    return read_values(r, step, node);
}

static pare_status read_multiply(const prep_reader *r, pare_prep_step *step,
                                 const pare_yaml_node *node)
{
    step->kind = PARE_PREP_MULTIPLY;
    return read_values(r, step, node);
}

static pare_status read_mean(const prep_reader *r, pare_prep_step *step, const pare_yaml_node *node)
{
    step->kind = PARE_PREP_SUBTRACT;
    return read_values(r, step, node);
}

static const char *const names[] = { "resize", "crop",     "pad",  "orient", "color",
                                     "divide", "multiply", "mean", "std",    "layout" };
static read_fn *const readers[] = { read_resize, read_crop,     read_pad,  read_orient,
                                    read_color,  read_divide,   read_multiply, read_mean,
                                    read_divide, read_layout };

enum { N_STEPS = sizeof(names) / sizeof(names[0]) };

static pare_status add_preset(const prep_reader *r, pare_preprocess *list,
                              const pare_yaml_node *node)
{
    size_t which = 0;
    PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, node, pare_prep_preset_names, PARE_N_PREP_PRESETS,
                              &which));
    const size_t first = list->n;
    if (!pare_preprocess_add_preset(list, pare_prep_preset_names[which]))
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected at most %d steps",
                              PARE_PREP_MAX_STEPS);
    for (size_t i = first; i < list->n; i++) list->steps[i].line = node->line;
    return PARE_OK;
}

static pare_status add_step(const prep_reader *r, pare_preprocess *list, const pare_yaml_node *item)
{
    pare_prep_step step = { 0 };
    if (item->kind == PARE_YAML_SCALAR) return add_preset(r, list, item);
    if (item->kind != PARE_YAML_MAP || item->n_items != 1)
        return pare_yaml_fail(r->ctx, r->yaml, item,
                              "expected one step, as {crop: 224}, or a preset, as imagenet");
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, item, names, N_STEPS));
    const pare_yaml_node *const value = &item->items[0];
    for (size_t i = 0; i < N_STEPS; i++)
        if (!strcmp(value->key, names[i])) PARE_TRY(readers[i](r, &step, value));
    step.line = item->line;
    const bool pixels = pare_prep_is_geometric(&step) ||
                        (step.kind == PARE_PREP_COLOR && step.color == PARE_COLOR_GRAY);
    for (size_t i = 0; pixels && i < list->n; i++)
        if (list->steps[i].n_values)
            return pare_yaml_fail(r->ctx, r->yaml, item,
                                  "%s is done on pixels: expected it before the numbers of line "
                                  "%" PRIu32,
                                  value->key, list->steps[i].line);
    if (!pare_preprocess_add(list, &step))
        return pare_yaml_fail(r->ctx, r->yaml, item, "expected at most %d steps",
                              PARE_PREP_MAX_STEPS);
    return PARE_OK;
}

static bool ends_in_json(const char *text)
{
    const size_t n = strlen(text);
    return n > 5 && !strcmp(text + n - 5, ".json");
}

static pare_status read_file(const prep_reader *r, pare_preprocess *out,
                             const pare_yaml_node *node, const char *dir)
{
    const bool joined = dir && dir[0] && node->text[0] != '/';
    const size_t n = strlen(node->text) + (joined ? strlen(dir) : 0) + 2;
    char *const path = pare_alloc(r->ctx, n);
    if (!path) return pare_fail_memory(r->ctx, n);
    snprintf(path, n, "%s%s%s", joined ? dir : "", joined ? "/" : "", node->text);
    const pare_status st = pare_preprocess_read_hugging_face(r->ctx, out, path);
    pare_free(r->ctx, path);
    return st;
}

pare_status pare_preprocess_read(pare_ctx *ctx, pare_preprocess *out, const pare_yaml *yaml,
                                 const pare_yaml_node *node, const char *dir)
{
    const prep_reader r = { ctx, yaml };
    *out = (pare_preprocess){ 0 };
    if (node->kind == PARE_YAML_SCALAR)
        return ends_in_json(node->text) ? read_file(&r, out, node, dir)
                                        : add_preset(&r, out, node);
    if (node->kind != PARE_YAML_LIST)
        return pare_yaml_fail(ctx, yaml, node,
                              "expected a list of steps, a preset or a preprocessor_config.json");
    for (size_t i = 0; i < node->n_items; i++) PARE_TRY(add_step(&r, out, &node->items[i]));
    return PARE_OK;
}
