#include "cli/data_guess.h"

#include "formats/dataset/data.h"
#include "formats/dataset/files.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the model -------------------------------------------------------------------------------- */

static int64_t dim_of(const pare_type *type, uint32_t i)
{
    return type->dims[i].kind == PARE_DIM_VALUE ? type->dims[i].value : -1;
}

static void look_at_input(pare_guess_model *out, const pare_type *type)
{
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->has_shape || type->rank != 4) return;
    const int64_t second = dim_of(type, 1), last = dim_of(type, 3);
    out->nhwc = second != 1 && second != 3 && (last == 1 || last == 3);
    out->channels = out->nhwc ? last : second;
    out->height = dim_of(type, out->nhwc ? 1 : 2);
    out->width = dim_of(type, out->nhwc ? 2 : 3);
    out->is_image = out->channels == 1 || out->channels == 3;
}

/* Whether what takes the input is arithmetic with numbers, not a layer. */
static bool scales(const pare_model *model, const pare_value *input)
{
    static const char *const words[] = { "Sub", "Div", "Mul", "Add", "Cast", "BatchNormalization",
                                         "ImageScaler" };
    if (!input->first_use || input->first_use->user == PARE_NONE) return false;
    const pare_node *const node = pare_node_at(model, input->first_use->user);
    for (size_t i = 0; node->op_type && i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(node->op_type, words[i])) return true;
    return false;
}

static const char *metadata(const pare_model *model, const char *key)
{
    for (size_t i = 0; i < model->props.n; i++)
        if (model->props.items[i].key && !strcmp(model->props.items[i].key, key))
            return model->props.items[i].value;
    return NULL;
}

void pare_guess_from_model(pare_guess_model *out, const pare_model *model)
{
    const pare_graph *const g = model->graph;
    *out = (pare_guess_model){ .width = -1, .height = -1 };
    for (size_t i = 0; i < g->inputs.n; i++) {
        const pare_value *const v = pare_value_at(model, g->inputs.items[i].value);
        if (v->tensor || v->sparse) continue;
        if (out->n_inputs < 8) out->inputs[out->n_inputs] = v;
        if (!out->n_inputs++) look_at_input(out, v->type);
    }
    if (out->n_inputs) out->scales_itself = scales(model, out->inputs[0]);
    out->pixel_format = metadata(model, "Image.BitmapPixelFormat");
    out->pixel_range = metadata(model, "Image.NominalPixelRange");
    if (!g->outputs.n) return;
    const pare_value *const v = pare_value_at(model, g->outputs.items[0].value);
    out->output = v->name;
    for (uint32_t d = 1; v->type && v->type->kind == PARE_TYPE_TENSOR && d < v->type->rank; d++)
        if (dim_of(v->type, d) > out->n_classes) out->n_classes = dim_of(v->type, d);
}

/* --- the files -------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* First-level folders below what all files share. */
static size_t count_folders(const pare_files *files)
{
    size_t shared = 0, n = 0;
    if (!files->n) return 0;
    const char *const first = files->items[0].path;
    for (;;) {
        const char *const slash = strchr(first + shared, '/');
        const size_t end = slash ? (size_t)(slash - first) + 1 : 0;
        size_t i = 0;
        while (end && i < files->n && !strncmp(files->items[i].path, first, end)) i++;
        if (!end || i < files->n) break;
        shared = end;
    }
    for (size_t i = 0; i < files->n; i++) {
        const char *const path = files->items[i].path + shared;
        const char *const slash = strchr(path, '/');
        const char *const before = i ? files->items[i - 1].path + shared : "";
        if (slash) n += !i || strncmp(path, before, (size_t)(slash - path) + 1) != 0;
    }
    return n;
}

/* Whether a file begins with a line whose last word is a number. */
static bool is_list(const char *path)
{
    char line[1024] = "";
    FILE *const f = fopen(path, "r");
    if (!f) return false;
    const bool has_line = fgets(line, sizeof(line), f) != NULL;
    fclose(f);
    line[strcspn(line, "\r\n")] = '\0';
    const char *const space = strrchr(line, ' '), *const tab = strrchr(line, '\t');
    const char *const word = space ? space : tab;
    return has_line && word && isdigit((unsigned char)word[1]) &&
           strspn(word + 1, "0123456789") == strlen(word + 1);
}

static bool try_list(pare_guess_source *out, const char *path)
{
    if (!is_list(path)) return false;
    if (strlen(path) >= sizeof(out->labels)) return false;
    memcpy(out->labels, path, strlen(path) + 1);
    snprintf(out->labels_why, sizeof(out->labels_why), "a file of \"file class\" lines beside it");
    return true;
}

/* val.tar.gz: val.txt, val_labels.txt; labels.txt in the same folder. */
static void find_list(pare_guess_source *out, const char *source)
{
    static const char *const endings[] = { ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tgz",
                                           ".tar",    ".zip" };
    char stem[PARE_GUESS_TEXT], path[PARE_GUESS_TEXT + 16];
    snprintf(stem, sizeof(stem), "%s", source);
    size_t n = strlen(stem);
    while (n && stem[n - 1] == '/') stem[--n] = '\0';
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t k = strlen(endings[i]);
        if (n > k && !strcmp(stem + n - k, endings[i])) {
            stem[n - k] = '\0';
            break;
        }
    }
    snprintf(path, sizeof(path), "%s.txt", stem);
    if (try_list(out, path)) return;
    snprintf(path, sizeof(path), "%s_labels.txt", stem);
    if (try_list(out, path)) return;
    snprintf(path, sizeof(path), "%.*slabels.txt", (int)(base_name(stem) - stem), stem);
    (void)try_list(out, path);
}

/* train-images-idx3-ubyte.gz: train-labels-idx1-ubyte.gz. */
static void find_idx(pare_guess_source *out, const char *source)
{
    const char *const images = strstr(base_name(source), "images");
    const char *const rank = images ? strstr(images, "idx3") : NULL;
    if (!rank || strlen(source) >= sizeof(out->labels)) return;
    snprintf(out->labels, sizeof(out->labels), "%.*slabels%.*sidx1%s", (int)(images - source),
             source, (int)(rank - images - 6), images + 6, rank + 4);
    if (access(out->labels, R_OK)) out->labels[0] = '\0';
    snprintf(out->labels_why, sizeof(out->labels_why), "the labels that belong to these images");
}

/* Names that labels have in a .npz. */
static void find_key(pare_guess_source *out, const pare_files *files)
{
    static const char *const keys[] = { "labels", "label", "y", "targets", "y_test" };
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]) && !out->labels[0]; k++) {
        char name[32];
        snprintf(name, sizeof(name), "%s.npy", keys[k]);
        for (size_t i = 0; i < files->n; i++)
            if (!strcmp(files->items[i].path, name))
                snprintf(out->labels, sizeof(out->labels), "%s", keys[k]);
        snprintf(out->labels_why, sizeof(out->labels_why), "an array of the same file");
    }
}

static void find_labels(pare_guess_source *out, const char *source, const pare_files *files)
{
    out->n_folders = count_folders(files);
    if (!strcmp(out->format, "images")) find_list(out, source);
    if (!strcmp(out->format, "idx")) find_idx(out, source);
    if (!strcmp(out->format, "npz")) find_key(out, files);
    if (out->labels[0] || strcmp(out->format, "images") || out->n_folders < 2) return;
    snprintf(out->labels, sizeof(out->labels), "folders");
    snprintf(out->labels_why, sizeof(out->labels_why),
             "%zu folders, numbered in the order of their names", out->n_folders);
}

static pare_status look_at_samples(pare_ctx *ctx, pare_guess_source *out, const pare_dataset *data)
{
    enum { N_LOOKED_AT = 16 };
    out->same_size = true;
    for (uint64_t k = 0; k < N_LOOKED_AT && k < data->n; k++) {
        pare_tensor *t = NULL;
        if (data->n_inputs != 1) return PARE_OK;
        PARE_TRY(data->load(data->self, ctx, k * data->n / N_LOOKED_AT, &t));
        const bool planes = t && t->rank == 4, flat = t && t->rank == 3;
        const uint32_t h = planes ? (uint32_t)t->dims[2] : flat ? (uint32_t)t->dims[1] : 0;
        const uint32_t w = planes ? (uint32_t)t->dims[3] : flat ? (uint32_t)t->dims[2] : 0;
        if (out->width && (w != out->width || h != out->height)) out->same_size = false;
        out->channels = planes ? (uint32_t)t->dims[1] : 1;
        out->width = w;
        out->height = h;
        pare_tensor_unref(t);
    }
    return PARE_OK;
}

static void find_config(pare_guess_source *out, const char *model_path)
{
    if (!model_path) return;
    snprintf(out->config, sizeof(out->config), "%.*spreprocessor_config.json",
             (int)(base_name(model_path) - model_path), model_path);
    if (access(out->config, R_OK)) out->config[0] = '\0';
}

pare_status pare_guess_from_source(pare_ctx *ctx, pare_guess_source *out, const char *source,
                                   const char *model_path)
{
    pare_dataset *data = NULL;
    pare_files *files = NULL;
    *out = (pare_guess_source){ 0 };
    pare_status st = pare_data_open(ctx, &data, source, NULL);
    if (!st) st = pare_files_open(ctx, &files, source, NULL);
    if (!st) {
        out->format = pare_data_facts_of(data, 0).format;
        out->n = data->n;
        find_labels(out, source, files);
        find_config(out, model_path);
        if (!strcmp(out->format, "images") || !strcmp(out->format, "idx"))
            st = look_at_samples(ctx, out, data);
    }
    pare_files_close(ctx, files);
    pare_data_close(ctx, data);
    return st;
}

/* --- the steps -------------------------------------------------------------------------------- */

static void add_places(pare_preprocess *out, const pare_guess_model *m, const pare_guess_source *s)
{
    const uint32_t w = m->width > 0 ? (uint32_t)m->width : 0;
    const uint32_t h = m->height > 0 ? (uint32_t)m->height : 0;
    pare_prep_step resize = { .kind = PARE_PREP_RESIZE_SHORT, .filter = PARE_FILTER_BILINEAR };
    const pare_prep_step crop = { .kind = PARE_PREP_CROP, .width = w, .height = h };
    if (!w || !h || strcmp(s->format, "images")) return;
    if (s->same_size && s->width == w && s->height == h) return;
    const bool nearly = s->same_size && s->width >= w && s->height >= h &&
                        s->width <= w + w / 8 + 1 && s->height <= h + h / 8 + 1;
    const uint32_t small = w < h ? w : h;
    resize.width = resize.height = (small * 256 + 112) / 224;
    if (!nearly) (void)pare_preprocess_add(out, &resize);
    (void)pare_preprocess_add(out, &crop);
}

/* Colour and numbers from the metadata that WinML reads. */
static bool from_metadata(pare_preprocess *out, char why[PARE_GUESS_TEXT],
                          const pare_guess_model *m)
{
    const char *const format = m->pixel_format ? m->pixel_format : "";
    const char *const range = m->pixel_range ? m->pixel_range : "";
    pare_prep_step color = { .kind = PARE_PREP_COLOR };
    color.color = !strncmp(format, "Bgr", 3)    ? PARE_COLOR_BGR
                  : !strncmp(format, "Gray", 4) ? PARE_COLOR_GRAY
                                                : PARE_COLOR_RGB;
    const pare_prep_step by_255 = { .kind = PARE_PREP_DIVIDE, .n_values = 1, .values = { 255 } };
    const pare_prep_step half[] = {
        { .kind = PARE_PREP_SUBTRACT, .n_values = 1, .values = { 127.5 } },
        { .kind = PARE_PREP_DIVIDE, .n_values = 1, .values = { 127.5 } } };
    if (!format[0] || !range[0]) return false;
    (void)pare_preprocess_add(out, &color);
    if (!strcmp(range, "Normalized_0_1")) (void)pare_preprocess_add(out, &by_255);
    else if (!strcmp(range, "Normalized_1_1"))
        for (int i = 0; i < 2; i++) (void)pare_preprocess_add(out, &half[i]);
    else if (strcmp(range, "NominalRange_0_255")) return false;
    snprintf(why, PARE_GUESS_TEXT, "the model's metadata say %s, %s", format, range);
    return true;
}

static void add_numbers(pare_preprocess *out, bool *sure, char why[PARE_GUESS_TEXT],
                        const pare_guess_model *m)
{
    const pare_prep_step gray = { .kind = PARE_PREP_COLOR, .color = PARE_COLOR_GRAY };
    const pare_prep_step by_255 = { .kind = PARE_PREP_DIVIDE, .n_values = 1, .values = { 255 } };
    const size_t n = out->n;
    *sure = from_metadata(out, why, m);
    if (*sure) return;
    out->n = n;
    const bool bytes = m->n_inputs && m->inputs[0]->type &&
                       m->inputs[0]->type->kind == PARE_TYPE_TENSOR &&
                       m->inputs[0]->type->dtype == PARE_UINT8;
    if (m->channels == 1) (void)pare_preprocess_add(out, &gray);
    if (bytes || m->scales_itself) {
        if (m->channels != 1) (void)pare_preprocess_add_preset(out, "raw");
        *sure = bytes;
        snprintf(why, PARE_GUESS_TEXT, bytes ? "the input is uint8"
                                             : "the model begins with arithmetic on its input, "
                                               "which is likely its own scaling");
    } else {
        if (m->channels == 1) (void)pare_preprocess_add(out, &by_255);
        else (void)pare_preprocess_add_preset(out, "imagenet");
        snprintf(why, PARE_GUESS_TEXT, "nothing tells: the most usual numbers");
    }
}

void pare_guess_steps(pare_preprocess *out, bool *sure, char why[PARE_GUESS_TEXT],
                      const pare_guess_model *model, const pare_guess_source *source)
{
    const pare_prep_step nhwc = { .kind = PARE_PREP_LAYOUT, .nhwc = true };
    *out = (pare_preprocess){ 0 };
    add_places(out, model, source);
    add_numbers(out, sure, why, model);
    if (model->nhwc) (void)pare_preprocess_add(out, &nhwc);
}
