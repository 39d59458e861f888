#include "base/pages.h"
#include "ir/spill.h"
#include "op/wide.h"
#include "quant/writer.h"
#include "run/plan.h"

#include <math.h>
#include <string.h>

/* A matrix goes through memory in slabs that lie side by side in it: some rows of a matrix whose
 * rows do, else some values of k of all rows. Blocks do not know of each other, so nothing depends
 * on how a matrix is cut. */

enum {
    SLAB = 1 << 22,           /* weights, about */
    TILE = 16,                /* rows that a task turns together: of floats, a line of the cache */
};

typedef struct stream {
    const pare_linear *linear;
    const pare_weight_opts *opts;
    const pare_kernels *kernels;
    pare_nbits_grid grid;
    int bits;
    int64_t block, blocks, row_bytes;
    const uint8_t *from;      /* elements of the weights */
    pare_dtype dtype;
    uint8_t *codes;           /* [out][row_bytes] */
    float *scales;            /* [out][blocks] */
    uint8_t *zeros;           /* likewise, a byte each */
    double *error, *power;    /* [out] */
    float *rooms;             /* per worker: [TILE][room] and one block */
    size_t room;              /* floats of one row */
    bool *bad;                /* [workers] */
    bool is_spilled;          /* codes lie in a temporary file */
    int64_t first_row, n_rows, first_k, n_k; /* of the slab at hand */
} stream;

/* --- one row of a slab ------------------------------------------------------------------------ */

/* What a block became, against what it was. */
static void measure(const stream *s, int64_t row, int64_t n, const float *x, const uint8_t *codes,
                    float scale, uint8_t zero)
{
    double error = 0, power = 0;
    for (int64_t i = 0; i < n; i++) {
        const int code = s->bits == 8 ? codes[i] : codes[i / 2] >> i % 2 * 4 & 15;
        const double d = (double)x[i] - (double)((float)(code - zero) * scale);
        error += d * d;
        power += (double)x[i] * (double)x[i];
    }
    s->error[row] += error;
    s->power[row] += power;
}

static void pack_blocks(const stream *s, int64_t row, int64_t at, int64_t n_blocks, const float *x)
{
    const int64_t first = row * s->blocks + at / s->block;
    uint8_t *codes = s->codes + row * s->row_bytes + at * s->bits / 8;
    s->kernels->nbits->pack(s->grid, s->bits, n_blocks, s->block, x, codes, s->scales + first,
                            s->zeros + first);
}

/* The last block of a row, filled up with zeros: these change no scale; their codes are cut off. */
static void pack_rest(const stream *s, int64_t row, int64_t at, int64_t n, const float *x,
                      float *room)
{
    uint8_t packed[256];
    const int64_t first = row * s->blocks + at / s->block;
    memset(room, 0, (size_t)s->block * sizeof(float));
    memcpy(room, x, (size_t)n * sizeof(float));
    s->kernels->nbits->pack(s->grid, s->bits, 1, s->block, room, packed, s->scales + first,
                            s->zeros + first);
    uint8_t *codes = s->codes + row * s->row_bytes + at * s->bits / 8;
    memcpy(codes, packed, (size_t)(n * s->bits / 8));
    if (n * s->bits % 8) codes[n * s->bits / 8] = packed[n * s->bits / 8] & 15;
}

static void pack_fitted(const stream *s, int64_t row, int64_t at, int64_t n, const float *x)
{
    int8_t codes[256];
    float scale;
    int32_t zero;
    const int middle = 1 << (s->bits - 1);
    const int64_t first = row * s->blocks + at / s->block;
    pare_row_fit(&s->opts->form, s->opts->signed_scale, n, x, NULL,
                 &(pare_row_codes){ codes, &scale, &zero });
    pare_write_pack(s->bits, middle, n, codes, s->codes + row * s->row_bytes + at * s->bits / 8);
    s->scales[first] = scale;
    s->zeros[first] = (uint8_t)(zero + middle);
}

static void pack_row(const stream *s, int64_t row, const float *x, float *room)
{
    const int64_t whole = s->opts->fit ? 0 : s->n_k / s->block;
    if (whole) pack_blocks(s, row, s->first_k, whole, x);
    for (int64_t i = whole * s->block; i < s->n_k; i += s->block) {
        const int64_t n = s->n_k - i < s->block ? s->n_k - i : s->block;
        if (s->opts->fit) pack_fitted(s, row, s->first_k + i, n, x + i);
        else pack_rest(s, row, s->first_k + i, n, x + i, room);
    }
    for (int64_t i = 0; i < s->n_k; i += s->block) {
        const int64_t at = s->first_k + i, b = row * s->blocks + at / s->block;
        const int64_t n = s->n_k - i < s->block ? s->n_k - i : s->block;
        measure(s, row, n, x + i, s->codes + row * s->row_bytes + at * s->bits / 8, s->scales[b],
                s->zeros[b]);
    }
}

static bool is_finite(const float *x, int64_t n)
{
    float sum = 0; /* NaN if any is NaN or infinite: 0 * x */
    for (int64_t i = 0; i < n; i++) sum += 0 * x[i];
    return sum == 0;
}

/* TILE rows of the slab: read along memory, row by row or value of k by value of k. */
static void run_tile(void *user, uint32_t task, uint32_t worker)
{
    const stream *s = user;
    const pare_linear *l = s->linear;
    const int64_t first = s->first_row + (int64_t)task * TILE;
    const int64_t end = s->first_row + s->n_rows;
    const int64_t n = end - first < TILE ? end - first : TILE;
    float *rows = s->rooms + worker * (TILE * s->room + MOST_NBITS_BLOCK);
    if (l->at_in == 1) {
        for (int64_t r = 0; r < n; r++)
            pare_wide_load_as(PARE_WIDE_F32, s->dtype, s->from,
                              (first + r) * l->at_out + s->first_k, 1, s->n_k, rows + r * s->room);
    } else {
        for (int64_t k = 0; k < s->n_k; k++) {
            float line[TILE];
            pare_wide_load_as(PARE_WIDE_F32, s->dtype, s->from,
                              first * l->at_out + (s->first_k + k) * l->at_in, 1, n, line);
            for (int64_t r = 0; r < n; r++) rows[(size_t)r * s->room + k] = line[r];
        }
    }
    for (int64_t r = 0; r < n; r++) {
        if (!is_finite(rows + r * s->room, s->n_k)) s->bad[worker] = true;
        else pack_row(s, first + r, rows + r * s->room, rows + TILE * s->room);
    }
}

/* --- the matrix ------------------------------------------------------------------------------- */

static pare_status run_slabs(pare_ctx *ctx, stream *s, pare_pool *pool, const char *name)
{
    const pare_linear *l = s->linear;
    const bool in_rows = l->at_in == 1;
    const int64_t size = in_rows ? l->in : l->out;
    int64_t step = SLAB / size + 1;
    if (in_rows) step = (step + TILE - 1) / TILE * TILE;
    else step = (step + s->block - 1) / s->block * s->block;
    const int64_t n = in_rows ? l->out : l->in;
    const uint32_t n_workers = pare_pool_size(pool);
    const size_t element = pare_dtype_of(s->dtype)->bits / 8;
    s->room = (size_t)(in_rows ? l->in : step < l->in ? step : l->in);
    s->rooms = pare_alloc(ctx, n_workers * (TILE * s->room + MOST_NBITS_BLOCK) * sizeof(float));
    s->bad = pare_alloc_zero(ctx, n_workers);
    pare_status st = s->rooms && s->bad ? PARE_OK : pare_fail_memory(ctx, s->room * TILE * 4);
    for (int64_t at = 0; !st && at < n; at += step) {
        const int64_t now = n - at < step ? n - at : step;
        s->first_row = in_rows ? at : 0;
        s->n_rows = in_rows ? now : l->out;
        s->first_k = in_rows ? 0 : at;
        s->n_k = in_rows ? l->in : now;
        pare_pool_run(pool, (uint32_t)((s->n_rows + TILE - 1) / TILE), run_tile, s);
        pare_pages_release(s->from + (size_t)(at * size) * element, (size_t)(now * size) * element);
        if (s->is_spilled && in_rows)
            pare_tensor_release_in(s->codes + at * s->row_bytes, (size_t)(now * s->row_bytes));
        for (uint32_t w = 0; !st && w < n_workers; w++)
            if (s->bad[w])
                st = pare_fail(ctx, PARE_EFORMAT,
                               "weights '%s': expected finite numbers, found NaN or infinity",
                               name);
        if (!st) st = pare_check_canceled(ctx);
    }
    if (s->is_spilled && !in_rows)
        pare_tensor_release_in(s->codes, (size_t)(l->out * s->row_bytes));
    pare_free(ctx, s->rooms);
    pare_free(ctx, s->bad);
    return st;
}

static double error_of(const stream *s)
{
    double error = 0, power = 0;
    for (int64_t o = 0; o < s->linear->out; o++) {
        error += s->error[o];
        power += s->power[o];
    }
    return power > 0 ? error / power : 0;
}

/* Scales and zero points as initializers. */
static pare_status add_scales(pare_ctx *ctx, pare_builder *b, const stream *s, const char *name,
                              pare_nbits_shape shape, pare_nbits_weight *written)
{
    const int64_t out = s->linear->out, bytes = (s->blocks * s->bits + 7) / 8;
    const int64_t flat[] = { out * s->blocks }, in_rows[] = { out, s->blocks };
    const int64_t zeros_flat[] = { out * bytes }, zeros_in_rows[] = { out, bytes };
    const bool is_flat = shape == PARE_NBITS_PRODUCT;
    pare_tensor *t = NULL;
    PARE_TRY(pare_write_floats(ctx, s->dtype, is_flat ? 1 : 2, is_flat ? flat : in_rows, s->scales,
                               &t));
    written->scale = pare_write_const(b, name, "_scale", t);
    if (b->status || s->opts->form.symmetric) return b->status;
    PARE_TRY(pare_tensor_new(ctx, &t, PARE_UINT8, is_flat ? 1 : 2,
                             is_flat ? zeros_flat : zeros_in_rows));
    for (int64_t o = 0; o < out; o++)
        pare_write_pack(s->bits, 0, s->blocks, (const int8_t *)s->zeros + o * s->blocks,
                        (uint8_t *)(uintptr_t)t->payload.data + o * bytes);
    written->zero = pare_write_const(b, name, "_zero_point", t);
    return b->status;
}

bool pare_can_stream_nbits(const pare_model *model, const pare_linear *linear,
                           const pare_weight_opts *opts)
{
    const pare_tensor *t = model->values[linear->weight].tensor;
    return t->encoding == PARE_ENC_DENSE && t->dtype == PARE_FLOAT && linear->taps == 1 &&
           linear->group == 1 && !opts->importance && !opts->per_tensor && opts->form.block > 0 &&
           opts->form.block <= MOST_NBITS_BLOCK && (linear->at_in == 1 || linear->at_out == 1);
}

static pare_status make_codes(pare_ctx *ctx, stream *s, pare_nbits_shape shape, const char *dir,
                              pare_tensor **out)
{
    const int64_t n_out = s->linear->out, bytes = s->block * s->bits / 8;
    const int64_t in_blocks[] = { n_out, s->blocks, bytes };
    const int64_t in_rows[] = { n_out, (s->linear->in * s->bits + 7) / 8 };
    s->is_spilled = dir != NULL;
    const bool is_table = shape == PARE_NBITS_TABLE;
    s->row_bytes = is_table ? in_rows[1] : s->blocks * bytes;
    return pare_tensor_new_in(ctx, out, PARE_UINT8, is_table ? 2 : 3,
                              is_table ? in_rows : in_blocks, dir, &s->codes);
}

pare_status pare_stream_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                              pare_pool *pool, const pare_weight_opts *opts, int bits,
                              pare_nbits_shape shape, const char *dir, pare_nbits_weight *written,
                              double *error)
{
    const pare_value *v = &model->values[linear->weight];
    const size_t n_rows = (size_t)linear->out;
    const char *name = v->name;
    stream s = { .linear = linear,
                 .opts = opts,
                 .bits = bits,
                 .block = opts->form.block,
                 .blocks = pare_row_blocks(&opts->form, linear->in),
                 .from = v->tensor->payload.data,
                 .dtype = v->tensor->dtype };
    pare_tensor *codes = NULL;
    pare_builder b;
    s.grid = !opts->form.symmetric ? PARE_NBITS_FREE
                                   : opts->signed_scale ? PARE_NBITS_SIGNED : PARE_NBITS_MIDDLE;
    *written = (pare_nbits_weight){ .zero = PARE_NONE, .n_rows = linear->out, .row = linear->in,
                                    .block = s.block, .bits = bits };
    PARE_TRY(pare_plan_kernels(ctx, &s.kernels));
    PARE_TRY(make_codes(ctx, &s, shape, dir, &codes));
    pare_builder_init(&b, ctx, v->graph);
    const size_t n_blocks = n_rows * (size_t)s.blocks;
    s.scales = pare_alloc(ctx, n_blocks * sizeof(float));
    s.zeros = pare_alloc(ctx, n_blocks);
    s.error = pare_alloc_zero(ctx, 2 * n_rows * sizeof(double));
    s.power = s.error + n_rows;
    pare_status st =
        s.scales && s.zeros && s.error ? PARE_OK : pare_fail_memory(ctx, n_blocks * 5);
    if (!st) st = run_slabs(ctx, &s, pool, name);
    if (!st) {
        *error = error_of(&s);
        written->codes = pare_write_const(&b, name, "_quantized", codes);
        codes = NULL;
        st = b.status;
    }
    if (!st) st = add_scales(ctx, &b, &s, name, shape, written);
    pare_tensor_unref(codes);
    pare_free(ctx, s.scales);
    pare_free(ctx, s.zeros);
    pare_free(ctx, s.error);
    return st;
}
