#include "cli/data_look.h"

#include "formats/dataset/preprocess.h"

#include <math.h>
#include <string.h>

enum { N_SAMPLES = 64, N_COLUMNS = 8, MAX_CELL = 112, GAP = 2 };

/* Sample k of those that are looked at. */
static uint64_t sample_at(const pare_dataset *data, uint64_t k)
{
    return data->n <= N_SAMPLES ? k : k * data->n / N_SAMPLES;
}

static uint64_t n_looked_at(const pare_dataset *data)
{
    return data->n < N_SAMPLES ? data->n : N_SAMPLES;
}

/* The tensor of one input as doubles; *out is NULL where a sample is passed over. */
static pare_status load(pare_ctx *ctx, pare_tensor **out, const pare_dataset *data, size_t input,
                        uint64_t sample, bool as_double)
{
    static const pare_preprocess nothing;
    pare_tensor **const tensors = pare_alloc_zero(ctx, data->n_inputs * sizeof(*tensors));
    *out = NULL;
    if (!tensors) return pare_fail_memory(ctx, data->n_inputs * sizeof(*tensors));
    pare_status st = data->load(data->self, ctx, sample, tensors);
    if (!st && tensors[input] && !as_double) *out = pare_tensor_ref(tensors[input]);
    if (!st && tensors[input] && as_double)
        st = pare_preprocess_array(ctx, out, &nothing, tensors[input], PARE_DOUBLE);
    for (size_t i = 0; !st && i < data->n_inputs; i++) pare_tensor_unref(tensors[i]);
    pare_free(ctx, tensors);
    return st;
}

static void find_form(pare_look *look, const pare_tensor *t)
{
    const int64_t *const d = t->dims;
    const uint32_t batch = t->rank > 2 && d[0] == 1;
    const uint32_t rank = t->rank - batch;
    look->dtype = t->dtype;
    look->rank = t->rank;
    memcpy(look->dims, d, t->rank * sizeof(*d));
    look->n_channels = 1;
    if (rank < 2 || rank > 3) return;
    const int64_t first = d[batch], last = d[t->rank - 1];
    look->nhwc = rank == 3 && first != 1 && first != 3 && (last == 1 || last == 3);
    const int64_t channels = rank == 2 ? 1 : look->nhwc ? last : first;
    const int64_t h = rank == 2 || look->nhwc ? first : d[batch + 1];
    const int64_t w = look->nhwc ? d[t->rank - 2] : last;
    if (channels > PARE_LOOK_MAX_CHANNELS || h < 8 || w < 8 || h > 4096 || w > 4096) return;
    look->is_image = channels == 1 || channels == 3;
    look->n_channels = (uint32_t)channels;
    look->width = (uint32_t)w;
    look->height = (uint32_t)h;
}

/* Sums of what was seen, channel by channel. */
typedef struct sums {
    double n, sum, squares;
} sums;

static size_t channel_of(const pare_look *look, size_t i, size_t n)
{
    if (look->n_channels == 1) return 0;
    return look->nhwc ? i % look->n_channels : i / (n / look->n_channels);
}

static void add(pare_look *look, sums *all, const pare_tensor *t)
{
    const double *const x = (const double *)(const void *)t->payload.data;
    const size_t n = (size_t)t->n_elements;
    bool constant = n > 1;
    for (size_t i = 0; i < n; i++) {
        const size_t c = channel_of(look, i, n);
        pare_look_channel *const channel = &look->channels[c];
        if (!isfinite(x[i])) {
            look->n_not_finite++;
            continue;
        }
        if (all[c].n == 0 || x[i] < channel->min) channel->min = x[i];
        if (all[c].n == 0 || x[i] > channel->max) channel->max = x[i];
        all[c].n++;
        all[c].sum += x[i];
        all[c].squares += x[i] * x[i];
        constant &= x[i] == x[0];
    }
    look->n_constant += constant;
    look->n++;
}

pare_status pare_look_at(pare_ctx *ctx, pare_look *out, const pare_dataset *data, size_t input)
{
    sums all[PARE_LOOK_MAX_CHANNELS] = { { 0 } };
    *out = (pare_look){ 0 };
    for (uint64_t k = 0; k < n_looked_at(data); k++) {
        pare_tensor *t = NULL;
        PARE_TRY(load(ctx, &t, data, input, sample_at(data, k), true));
        if (!t) continue;
        if (!out->n) find_form(out, t);
        if (!out->n || t->n_elements % out->n_channels == 0) add(out, all, t);
        pare_tensor_unref(t);
    }
    for (uint32_t c = 0; c < out->n_channels; c++) {
        pare_look_channel *const channel = &out->channels[c];
        const double n = fmax(all[c].n, 1), mean = all[c].sum / n;
        channel->mean = mean;
        channel->deviation = sqrt(fmax(all[c].squares / n - mean * mean, 0));
    }
    pare_tensor *first = NULL;
    PARE_TRY(load(ctx, &first, data, input, sample_at(data, 0), false));
    if (first) out->dtype = first->dtype;
    pare_tensor_unref(first);
    return PARE_OK;
}

/* --- the sheet -------------------------------------------------------------------------------- */

static pare_status picture_of(pare_ctx *ctx, pare_image *out, const pare_look *look,
                              const pare_tensor *t)
{
    const double *const x = (const double *)(const void *)t->payload.data;
    const size_t n_channels = look->n_channels, n = (size_t)look->width * look->height;
    double min = look->channels[0].min, max = look->channels[0].max;
    for (size_t c = 1; c < n_channels; c++) {
        min = fmin(min, look->channels[c].min);
        max = fmax(max, look->channels[c].max);
    }
    const double scale = max > min ? 255 / (max - min) : 0;
    PARE_TRY(pare_image_new(ctx, out, look->width, look->height, 3));
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < 3; c++) {
            const size_t from = n_channels == 1 ? 0 : c;
            const double v = x[look->nhwc ? i * n_channels + from : from * n + i];
            const double level = (v - min) * scale;
            out->pixels[3 * i + c] = (uint8_t)(level > 0 ? fmin(level + 0.5, 255) : 0);
        }
    }
    return PARE_OK;
}

static void paste(pare_image *sheet, const pare_image *cell, uint32_t left, uint32_t top)
{
    for (uint32_t y = 0; y < cell->height; y++)
        memcpy(sheet->pixels + ((size_t)(top + y) * sheet->width + left) * 3,
               cell->pixels + (size_t)y * cell->width * 3, (size_t)cell->width * 3);
}

static pare_status add_cell(pare_ctx *ctx, pare_image *sheet, const pare_look *look,
                            const pare_tensor *t, uint32_t left, uint32_t top,
                            const uint32_t cell[2])
{
    pare_image picture = { 0 }, small = { 0 };
    pare_status st = picture_of(ctx, &picture, look, t);
    if (!st) st = pare_image_resize(ctx, &small, &picture, cell[0], cell[1], PARE_FILTER_BOX);
    if (!st) paste(sheet, &small, left, top);
    pare_image_free(ctx, &picture);
    pare_image_free(ctx, &small);
    return st;
}

pare_status pare_look_sheet(pare_ctx *ctx, const char *path, const pare_look *look,
                            const pare_dataset *data, size_t input)
{
    const uint32_t n = (uint32_t)n_looked_at(data);
    const uint32_t longer = look->width > look->height ? look->width : look->height;
    const double scale = longer > MAX_CELL ? (double)MAX_CELL / longer : 1;
    const uint32_t cell[2] = { (uint32_t)fmax(look->width * scale, 1),
                               (uint32_t)fmax(look->height * scale, 1) };
    const uint32_t n_columns = n < N_COLUMNS ? n : N_COLUMNS;
    const uint32_t n_rows = (n + N_COLUMNS - 1) / N_COLUMNS;
    pare_image sheet = { 0 };
    pare_status st = pare_image_new(ctx, &sheet, n_columns * (cell[0] + GAP) + GAP,
                                    n_rows * (cell[1] + GAP) + GAP, 3);
    for (uint32_t k = 0; !st && k < n; k++) {
        pare_tensor *t = NULL;
        st = load(ctx, &t, data, input, sample_at(data, k), true);
        const bool fits = t && t->n_elements == (int64_t)look->width * look->height *
                                                    look->n_channels;
        if (!st && fits)
            st = add_cell(ctx, &sheet, look, t, GAP + k % N_COLUMNS * (cell[0] + GAP),
                          GAP + k / N_COLUMNS * (cell[1] + GAP), cell);
        pare_tensor_unref(t);
    }
    if (!st) st = pare_image_write_png(ctx, path, &sheet);
    pare_image_free(ctx, &sheet);
    return st;
}
