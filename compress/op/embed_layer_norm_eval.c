#include "kernels/norm.h"
#include "op/mover.h"
#include "op/norm.h"
#include "op/reals.h"

#include <inttypes.h>
#include <string.h>

/* com.microsoft.EmbedLayerNormalization: rows of a word, a position and a segment table are added,
 * in this order, and normalized. The sum is rounded only where it is put out. */

enum { WORDS, POSITIONS, SEGMENTS, N_TABLES };

/* A table and the rows of it that are asked for. */
typedef struct table {
    const pare_tensor *rows;  /* [n, hidden]; NULL: nothing is added */
    const pare_tensor *ids;   /* [batch or 1, length]; NULL: 0, 1, ... in every batch */
    const char *name;
} table;

typedef struct embedding {
    table tables[N_TABLES];
    int64_t hidden, length, n; /* n: rows of the output */
    pare_reals scale, bias;
    pare_reals room;          /* [3][hidden]: sum, row, output */
    void *y, *sum;            /* sum may be NULL */
    double epsilon;
} embedding;

static pare_status check_table(pare_ctx *ctx, const pare_eval_io *io, const embedding *e,
                               const table *t)
{
    const int64_t n_ids = t->ids ? t->ids->n_elements : e->length;
    if (!t->rows) return PARE_OK;
    if (t->rows->rank != 2 || t->rows->dims[1] != e->hidden ||
        pare_wide_of(t->rows->dtype) != PARE_WIDE_F32)
        return pare_call_fail(ctx, io->call, "%s embedding: expected rows of %" PRId64
                              " floats, found others", t->name, e->hidden);
    if (n_ids != e->n && n_ids != e->length)
        return pare_call_fail(ctx, io->call, "%s ids: expected %" PRId64 ", found %" PRId64,
                              t->name, e->n, n_ids);
    return PARE_OK;
}

static pare_status find_tables(pare_ctx *ctx, pare_eval_io *io, embedding *e)
{
    const pare_tensor *ids = NULL;
    const pare_tensor *words = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &ids));
    PARE_TRY(pare_eval_need(ctx, io, 2, &words));
    if (ids->rank != 2 || words->rank != 2)
        return pare_call_fail(ctx, io->call, "inputs 0 and 2: expected 2 axes, found %u and %u",
                              (unsigned)ids->rank, (unsigned)words->rank);
    e->tables[WORDS] = (table){ words, ids, "word" };
    e->tables[POSITIONS] =
        (table){ pare_eval_tensor(io, 3), pare_eval_tensor(io, 8), "position" };
    e->tables[SEGMENTS] = (table){ pare_eval_tensor(io, 4), pare_eval_tensor(io, 1), "segment" };
    if (!e->tables[SEGMENTS].ids) e->tables[SEGMENTS].rows = NULL;
    e->length = ids->dims[1];
    e->n = ids->n_elements;
    e->hidden = words->dims[1];
    if (!e->tables[POSITIONS].rows)
        return pare_call_fail(ctx, io->call, "input 3: expected a tensor, found none");
    for (int i = 0; i < N_TABLES; i++) PARE_TRY(check_table(ctx, io, e, &e->tables[i]));
    return PARE_OK;
}

static pare_status load_vector(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t n,
                               pare_reals *out)
{
    const pare_tensor *t = NULL;
    PARE_TRY(pare_eval_need(ctx, io, i, &t));
    if (t->n_elements != n || pare_wide_of(t->dtype) != PARE_WIDE_F32)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected %" PRId64 " floats, found %" PRId64
                              " of %s",
                              i, n, t->n_elements, pare_dtype_name(t->dtype));
    return pare_reals_load(ctx, out, t, PARE_WIDE_F32);
}

/* Adds the row of one table for output row i. */
static pare_status add_row(pare_ctx *ctx, const pare_eval_io *io, const embedding *e,
                           const table *t, int64_t i)
{
    float *sum = e->room.owned;
    float *row = sum + e->hidden;
    int64_t id = i % e->length;
    if (!t->rows) return PARE_OK;
    if (t->ids)
        PARE_TRY(pare_eval_indices(ctx, io, t->name, t->ids, i % t->ids->n_elements, 1,
                                   t->rows->dims[0], false, &id));
    else if (id >= t->rows->dims[0])
        return pare_call_fail(ctx, io->call, "%s embedding: expected %" PRId64
                              " rows, found %" PRId64, t->name, e->length, t->rows->dims[0]);
    pare_wide_load(t->rows->dtype, pare_eval_data(t->rows), id * e->hidden, 1, e->hidden, row);
    for (int64_t k = 0; k < e->hidden; k++) sum[k] += row[k];
    return PARE_OK;
}

static pare_status embed_row(pare_ctx *ctx, const pare_eval_io *io, const embedding *e, int64_t i)
{
    const pare_dtype dtype = io->out[0].tensor->dtype;
    float *sum = e->room.owned;
    float *out = sum + 2 * e->hidden;
    float mean = 0;
    float inverse = 0;
    memset(sum, 0, (size_t)e->hidden * sizeof(*sum));
    for (int k = 0; k < N_TABLES; k++) PARE_TRY(add_row(ctx, io, e, &e->tables[k], i));
    if (e->sum)
        pare_wide_store(dtype, e->sum, i * e->hidden, e->hidden, sum);
    pare_layer_norm_f32_ref(e->hidden, sum, e->scale.data, e->bias.data, e->epsilon, out, &mean,
                            &inverse);
    pare_wide_store(dtype, e->y, i * e->hidden, e->hidden, out);
    return PARE_OK;
}

/* Output 1: how many ones the mask has in each batch; 0 without a mask. */
static pare_status count_mask(pare_ctx *ctx, pare_eval_io *io, const embedding *e)
{
    const pare_tensor *mask = pare_eval_tensor(io, 7);
    void *data = NULL;
    if (!pare_eval_wants(io, 1)) return PARE_OK;
    PARE_TRY(pare_eval_out(ctx, io, 1, &data));
    if (!mask) return PARE_OK;
    if (mask->dtype != PARE_INT32 || mask->n_elements != e->n)
        return pare_call_fail(ctx, io->call,
                              "mask: expected %" PRId64 " of int32, found %" PRId64 " of %s", e->n,
                              mask->n_elements, pare_dtype_name(mask->dtype));
    for (int64_t i = 0; i < e->n; i++) {
        int32_t *count = (int32_t *)data + i / e->length;
        *count += pare_wide_i64_at(PARE_INT32, pare_eval_data(mask), i) == 1;
    }
    return PARE_OK;
}

static pare_status embed(pare_ctx *ctx, pare_eval_io *io, embedding *e)
{
    int64_t room = 0;
    PARE_TRY(find_tables(ctx, io, e));
    PARE_TRY(pare_eval_out(ctx, io, 0, &e->y));
    if (pare_eval_wants(io, 2)) PARE_TRY(pare_eval_out(ctx, io, 2, &e->sum));
    PARE_TRY(count_mask(ctx, io, e));
    PARE_TRY(load_vector(ctx, io, 5, e->hidden, &e->scale));
    PARE_TRY(load_vector(ctx, io, 6, e->hidden, &e->bias));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    if (__builtin_mul_overflow(e->hidden, 3, &room)) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &e->room, PARE_WIDE_F32, room));
    for (int64_t i = 0; i < e->n; i++) PARE_TRY(embed_row(ctx, io, e, i));
    return PARE_OK;
}

pare_status pare_embed_layer_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    embedding e = { .epsilon = (double)*(const float *)io->params };
    const pare_status st = embed(ctx, io, &e);
    pare_reals_free(ctx, &e.scale);
    pare_reals_free(ctx, &e.bias);
    pare_reals_free(ctx, &e.room);
    return st;
}
