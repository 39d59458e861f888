/* preprocessor_config.json of Hugging Face's image processors: always in the order convert to RGB,
 * resize, centre crop, rescale, normalize, flip channels. */
#include "formats/dataset/preprocess.h"

#include <string.h>

typedef struct hf_reader {
    pare_ctx *ctx;
    const pare_yaml *yaml;
    const pare_yaml_node *root;
    pare_preprocess *list;
} hf_reader;

/* The value of a key; JSON's null is as good as absent. */
static const pare_yaml_node *get(const pare_yaml_node *map, const char *key)
{
    const pare_yaml_node *const node = pare_yaml_get(map, key);
    const bool null = node && node->kind == PARE_YAML_SCALAR && !node->quoted &&
                      (!strcmp(node->text, "null") || !node->text[0]);
    return null ? NULL : node;
}

static pare_status get_bool(const hf_reader *r, const char *key, bool absent, bool *out)
{
    const pare_yaml_node *const node = get(r->root, key);
    *out = absent;
    return node ? pare_yaml_bool(r->ctx, r->yaml, node, out) : PARE_OK;
}

static pare_status get_side(const hf_reader *r, const pare_yaml_node *node, uint32_t *out)
{
    int64_t v = 0;
    PARE_TRY(pare_yaml_int(r->ctx, r->yaml, node, 1, PARE_IMAGE_MAX_SIDE, &v));
    *out = (uint32_t)v;
    return PARE_OK;
}

/* Whether the class of the processor has a name that contains one of these words. */
static bool is_one_of(const hf_reader *r, const char *const *words)
{
    static const char *const keys[] = { "image_processor_type", "feature_extractor_type" };
    for (size_t i = 0; i < 2; i++) {
        const pare_yaml_node *const node = get(r->root, keys[i]);
        for (size_t k = 0; node && node->kind == PARE_YAML_SCALAR && words[k]; k++)
            if (strstr(node->text, words[k])) return true;
    }
    return false;
}

static pare_status add(const hf_reader *r, const pare_prep_step *step)
{
    const bool has_room = pare_preprocess_add(r->list, step);
    return has_room ? PARE_OK : pare_yaml_fail(r->ctx, r->yaml, r->root, "too many steps");
}

/* Keys whose effect on pixels is none of the steps. */
static pare_status refuse_unknown(const hf_reader *r)
{
    static const char *const keys[] = { "do_thumbnail", "do_align_long_axis", "do_pad" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bool on;
        PARE_TRY(get_bool(r, keys[i], false, &on));
        if (on)
            return pare_fail(r->ctx, PARE_EUNSUPPORTED,
                             "%s:%u: %s changes pixels in a way that pare does not know; write the "
                             "steps of `preprocess` instead",
                             pare_yaml_name(r->yaml), (unsigned)get(r->root, keys[i])->line,
                             keys[i]);
    }
    return PARE_OK;
}

static pare_status read_filter(const hf_reader *r, pare_prep_step *step)
{
    static const pare_filter filters[] = { PARE_FILTER_NEAREST,  PARE_FILTER_LANCZOS,
                                           PARE_FILTER_BILINEAR, PARE_FILTER_BICUBIC,
                                           PARE_FILTER_BOX,      PARE_FILTER_HAMMING };
    static const char *const bicubic[] = { "CLIP", "ConvNext", "Levit", "SigLIP", "Siglip",
                                           "Bit",  "DeiT",     "Poolformer", "PoolFormer", NULL };
    const pare_yaml_node *const node = get(r->root, "resample");
    int64_t code = is_one_of(r, bicubic) ? 3 : 2;
    if (node) PARE_TRY(pare_yaml_int(r->ctx, r->yaml, node, 0, 5, &code));
    step->filter = filters[code];
    return PARE_OK;
}

/* ConvNeXt resizes to more than it keeps, below 384. */
static pare_status add_convnext(const hf_reader *r, pare_prep_step *step, uint32_t size)
{
    const pare_yaml_node *const node = get(r->root, "crop_pct");
    double share = 224.0 / 256.0;
    if (node) PARE_TRY(pare_yaml_real(r->ctx, r->yaml, node, &share));
    if (!(share > 0 && share <= 1))
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected a share of 0 to 1");
    step->kind = size < 384 ? PARE_PREP_RESIZE_SHORT : PARE_PREP_RESIZE_EXACT;
    step->width = step->height = size < 384 ? (uint32_t)(size / share) : size;
    if (step->width > PARE_IMAGE_MAX_SIDE)
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected at most %d pixels",
                              PARE_IMAGE_MAX_SIDE);
    PARE_TRY(add(r, step));
    if (size >= 384) return PARE_OK;
    const pare_prep_step crop = { .kind = PARE_PREP_CROP, .width = size, .height = size,
                                  .at_floor = true };
    return add(r, &crop);
}

static pare_status read_resize(const hf_reader *r)
{
    static const char *const convnext[] = { "ConvNext", NULL };
    static const char *const by_short[] = { "CLIP", "Levit", "PoolFormer", "Poolformer",
                                            "MobileNet", "Bit", NULL };
    const pare_yaml_node *const size = get(r->root, "size");
    pare_prep_step step = { .kind = PARE_PREP_RESIZE_EXACT };
    if (!size) return pare_yaml_fail(r->ctx, r->yaml, r->root, "do_resize without size");
    PARE_TRY(read_filter(r, &step));
    const bool is_map = size->kind == PARE_YAML_MAP;
    const pare_yaml_node *const edge = is_map ? get(size, "shortest_edge") : size;
    const pare_yaml_node *const height = is_map ? get(size, "height") : NULL;
    const pare_yaml_node *const width = is_map ? get(size, "width") : NULL;
    if (edge) {
        PARE_TRY(get_side(r, edge, &step.width));
        if (is_one_of(r, convnext)) return add_convnext(r, &step, step.width);
        step.height = step.width;
        if (is_map || is_one_of(r, by_short)) step.kind = PARE_PREP_RESIZE_SHORT;
        return add(r, &step);
    }
    if (!height || !width)
        return pare_yaml_fail(r->ctx, r->yaml, size,
                              "expected size as N, {shortest_edge} or {height, width}");
    PARE_TRY(get_side(r, height, &step.height));
    PARE_TRY(get_side(r, width, &step.width));
    return add(r, &step);
}

static pare_status read_crop(const hf_reader *r)
{
    const pare_yaml_node *node = get(r->root, "crop_size");
    pare_prep_step step = { .kind = PARE_PREP_CROP, .at_floor = true };
    if (!node) node = get(r->root, "size");
    if (!node) return pare_yaml_fail(r->ctx, r->yaml, r->root, "do_center_crop without crop_size");
    const bool is_map = node->kind == PARE_YAML_MAP;
    const pare_yaml_node *const edge = is_map ? get(node, "shortest_edge") : node;
    const pare_yaml_node *const height = is_map ? get(node, "height") : edge;
    const pare_yaml_node *const width = is_map ? get(node, "width") : edge;
    if (!(height ? height : edge) || !(width ? width : edge))
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected crop_size as N or {height, width}");
    PARE_TRY(get_side(r, height ? height : edge, &step.height));
    PARE_TRY(get_side(r, width ? width : edge, &step.width));
    return add(r, &step);
}

static pare_status read_values(const hf_reader *r, const char *key, pare_prep_step *step)
{
    const pare_yaml_node *const node = get(r->root, key);
    if (!node) return pare_yaml_fail(r->ctx, r->yaml, r->root, "do_normalize without %s", key);
    const bool many = node->kind == PARE_YAML_LIST;
    step->n_values = many ? (uint32_t)node->n_items : 1;
    if (many && (!node->n_items || node->n_items > PARE_PREP_MAX_CHANNELS))
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected a number per channel");
    for (uint32_t i = 0; i < step->n_values; i++) {
        const pare_yaml_node *const item = many ? &node->items[i] : node;
        PARE_TRY(pare_yaml_real(r->ctx, r->yaml, item, &step->values[i]));
        if (step->kind == PARE_PREP_DIVIDE && step->values[i] == 0)
            return pare_yaml_fail(r->ctx, r->yaml, item, "expected a number to divide by, found 0");
    }
    return add(r, step);
}

/* image * rescale_factor, minus 1 where the class has an offset; then (image - mean) / std. */
static pare_status read_numbers(const hf_reader *r)
{
    const pare_yaml_node *const factor = get(r->root, "rescale_factor");
    bool rescale, normalize, offset;
    PARE_TRY(get_bool(r, "do_rescale", true, &rescale));
    PARE_TRY(get_bool(r, "do_normalize", get(r->root, "image_mean") != NULL, &normalize));
    PARE_TRY(get_bool(r, "rescale_offset", false, &offset));
    if (rescale) {
        pare_prep_step step = { .kind = PARE_PREP_DIVIDE, .n_values = 1, .values = { 255 } };
        if (factor) {
            PARE_TRY(pare_yaml_real(r->ctx, r->yaml, factor, &step.values[0]));
            if (step.values[0] == 1.0 / 255) step.values[0] = 255;
            else step.kind = PARE_PREP_MULTIPLY;
        }
        PARE_TRY(add(r, &step));
        const pare_prep_step one = { .kind = PARE_PREP_SUBTRACT, .n_values = 1, .values = { 1 } };
        if (offset) PARE_TRY(add(r, &one));
    }
    if (!normalize) return PARE_OK;
    pare_prep_step mean = { .kind = PARE_PREP_SUBTRACT }, std = { .kind = PARE_PREP_DIVIDE };
    PARE_TRY(read_values(r, "image_mean", &mean));
    return read_values(r, "image_std", &std);
}

static pare_status read_root(const hf_reader *r)
{
    bool resize, crop, flip;
    const pare_prep_step rgb = { .kind = PARE_PREP_COLOR, .color = PARE_COLOR_RGB };
    const pare_prep_step bgr = { .kind = PARE_PREP_COLOR, .color = PARE_COLOR_BGR };
    const pare_prep_step nchw = { .kind = PARE_PREP_LAYOUT };
    static const char *const convnext[] = { "ConvNext", NULL };
    if (r->root->kind != PARE_YAML_MAP)
        return pare_yaml_fail(r->ctx, r->yaml, r->root, "expected an object");
    PARE_TRY(refuse_unknown(r));
    PARE_TRY(get_bool(r, "do_resize", get(r->root, "size") != NULL, &resize));
    PARE_TRY(get_bool(r, "do_center_crop", get(r->root, "crop_size") != NULL, &crop));
    PARE_TRY(get_bool(r, "do_flip_channel_order", false, &flip));
    if (resize) PARE_TRY(read_resize(r));
    if (crop && !is_one_of(r, convnext)) PARE_TRY(read_crop(r));
    PARE_TRY(add(r, &rgb));
    PARE_TRY(read_numbers(r));
    if (flip) PARE_TRY(add(r, &bgr));
    return add(r, &nchw);
}

pare_status pare_preprocess_read_hugging_face(pare_ctx *ctx, pare_preprocess *out,
                                              const char *path)
{
    pare_yaml *yaml = NULL;
    *out = (pare_preprocess){ 0 };
    pare_status st = pare_yaml_read(ctx, &yaml, path);
    const hf_reader r = { ctx, yaml, yaml ? pare_yaml_root(yaml) : NULL, out };
    if (!st) st = read_root(&r);
    pare_yaml_free(ctx, yaml);
    return st;
}
