#include "op/ms_attention.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

void pare_ms_attention_free(pare_ctx *ctx, pare_ms_attention *j)
{
    pare_reals *const all[] = { &j->in[0],     &j->in[1],     &j->in[2], &j->past[0], &j->past[1],
                                &j->joined[0], &j->joined[1], &j->bias,  &j->padding, &j->sinks,
                                &j->y };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    pare_attend_free(ctx, &j->a);
    pare_free(ctx, j->numbers);
    pare_free(ctx, j->blind);
}

pare_status pare_ms_refuse(pare_ctx *ctx, const pare_eval_io *io, bool given, const char *what)
{
    if (!given) return PARE_OK;
    pare_call_fail(ctx, io->call, "%s: not supported", what);
    return PARE_EUNSUPPORTED;
}

pare_status pare_ms_set_bias(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                             pare_ms_attention *j)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    const pare_attend *a = &j->a;
    if (!t) return PARE_OK;
    if (!pare_reals_wide(t->dtype)) return pare_eval_no_type(ctx, io, t->dtype);
    const bool fits = t->rank == 4 && (t->dims[0] == 1 || t->dims[0] == a->q.batch) &&
                      (t->dims[1] == 1 || t->dims[1] == a->q.n) && t->dims[2] == a->q.steps &&
                      t->dims[3] == a->k.steps;
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected [%" PRId64 " or 1,%" PRId64
                              " or 1,%" PRId64 ",%" PRId64 "]",
                              i, a->q.batch, a->q.n, a->q.steps, a->k.steps);
    if (!t->n_elements) return PARE_OK;
    PARE_TRY(pare_reals_load(ctx, &j->bias, t, a->wide));
    const int64_t plane = t->dims[2] * t->dims[3];
    j->mask.added[0] = (pare_attend_added){ .data = j->bias.data, .n_keys = a->k.steps,
                                            .steps = { t->dims[0] == 1 ? 0 : t->dims[1] * plane,
                                                       t->dims[1] == 1 ? 0 : plane, t->dims[3],
                                                       1 } };
    return PARE_OK;
}

/* Whether a 1-D mask lets key j be seen: ends [batch], then maybe starts [batch]. */
static bool is_within(const pare_tensor *t, int64_t batches, int64_t batch, int64_t key)
{
    const void *data = pare_eval_data(t);
    if (key >= pare_wide_i64_at(t->dtype, data, batch)) return false;
    return t->n_elements != 2 * batches ||
           key >= pare_wide_i64_at(t->dtype, data, batches + batch);
}

pare_status pare_ms_set_padding(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                                pare_ms_attention *j)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *t = pare_eval_tensor(io, i);
    const int64_t batch = j->a.q.batch;
    const int64_t steps = j->a.q.steps;
    const int64_t total = j->a.k.steps;
    if (!t) return PARE_OK;
    if (pare_wide_of(t->dtype) != PARE_WIDE_I64) return pare_eval_no_type(ctx, io, t->dtype);
    const int64_t *d = t->dims;
    const bool fits =
        batch > INT32_MAX ? false
        : t->rank == 1 ? d[0] == batch || d[0] == 2 * batch || d[0] == 3 * batch + 2
        : t->rank == 2 ? d[0] == batch && d[1] == total
        : t->rank == 3 ? d[0] == batch && d[1] == steps && d[2] == total
        : t->rank == 4 ? d[0] == batch && d[1] == 1 && d[2] >= total && d[3] >= total &&
                             total >= steps
                       : false;
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected a mask for %" PRId64
                              " batches of %" PRId64 " queries and %" PRId64 " keys",
                              i, batch, steps, total);
    const int64_t rows = t->rank > 2 ? steps : 1;
    const int64_t dims[3] = { batch, rows, total };
    int64_t n = 0;
    PARE_TRY(pare_tensor_count(ctx, &n, 3, dims));
    PARE_TRY(pare_reals_new(ctx, &j->padding, j->a.wide, n));
    for (int64_t at = 0; at < n; at++) {
        const int64_t key = at % total;
        const int64_t row = at / total % rows;
        const int64_t b = at / total / rows;
        const int64_t from = t->rank < 4 ? at : (b * d[2] + total - steps + row) * d[3] + key;
        const bool is_seen = t->rank == 1 ? is_within(t, batch, b, key)
                                          : pare_wide_i64_at(t->dtype, pare_eval_data(t), from) > 0;
        const float value = is_seen ? 0 : p->mask_filter_value;
        if (j->padding.wide == PARE_WIDE_F64) ((double *)j->padding.owned)[at] = (double)value;
        else ((float *)j->padding.owned)[at] = value;
    }
    j->mask.added[1] = (pare_attend_added){ .data = j->padding.data, .n_keys = total,
                                            .steps = { rows * total, 0, rows > 1 ? total : 0, 1 } };
    return PARE_OK;
}

void pare_ms_set_causal(const pare_eval_io *io, int64_t before, pare_ms_attention *j)
{
    const pare_attention_params *p = io->params;
    j->mask.causal = p->causal;
    j->mask.left = j->mask.right = -1;
    j->mask.offset = before;
    j->mask.hidden = j->a.wide == PARE_WIDE_F64 ? -DBL_MAX : -(double)FLT_MAX;
}

pare_status pare_ms_put(pare_ctx *ctx, pare_eval_io *io, uint32_t i, pare_dtype dtype,
                        uint32_t rank, const int64_t *dims, const pare_reals *from)
{
    void *data = NULL;
    if (!pare_eval_wants(io, i)) return PARE_OK;
    PARE_TRY(pare_eval_out_as(ctx, io, i, dtype, rank, dims, &data));
    pare_wide_store_as(from->wide, PARE_STORE_DEFAULT, dtype, data, 0,
                       io->out[i].tensor->n_elements, from->data);
    return PARE_OK;
}

/* The scores as output i. Those of keys that are not seen are 0 where nothing finite is added. */
static pare_status show_scores(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                               const pare_ms_attention *j)
{
    const pare_attend *a = &j->a;
    const int64_t dims[4] = { a->q.batch, a->q.n, a->q.steps, a->k.steps };
    pare_reals shown;
    if (!pare_eval_wants(io, i)) return PARE_OK;
    if (isfinite(j->mask.hidden)) return pare_ms_put(ctx, io, i, j->dtype, 4, dims, &a->scores);
    pare_status st = pare_reals_new(ctx, &shown, a->wide, a->n_scores);
    for (int64_t k = 0; !st && k < a->n_scores; k++) {
        const double score = pare_real_at(a->wide, a->scores.data, k);
        const double value = score == -(double)INFINITY ? 0 : score;
        if (a->wide == PARE_WIDE_F64) ((double *)shown.owned)[k] = value;
        else ((float *)shown.owned)[k] = (float)value;
    }
    if (!st) st = pare_ms_put(ctx, io, i, j->dtype, 4, dims, &shown);
    pare_reals_free(ctx, &shown);
    return st;
}

pare_status pare_ms_attend(pare_ctx *ctx, pare_eval_io *io, pare_ms_attention *j,
                           uint32_t qk_output, bool after)
{
    const pare_attention_params *p = io->params;
    pare_attend *a = &j->a;
    const int64_t dims[3] = { a->q.batch, a->q.steps, a->q.n * a->v.size };
    int64_t n = 0;
    a->scale = p->has_scale && p->scale != 0 ? (double)p->scale : 1 / sqrt((double)a->q.size);
    PARE_TRY(pare_attend_check(ctx, io->call, a));
    PARE_TRY(pare_attend_scores(ctx, a));
    pare_attend_softcap(a);
    const int64_t n_rows = a->k.steps ? a->n_scores / a->k.steps : 0;
    j->blind = pare_alloc_zero(ctx, (size_t)n_rows + 1);
    if (!j->blind) return pare_fail_memory(ctx, (size_t)n_rows + 1);
    PARE_TRY(pare_attend_bias(ctx, a, &j->mask, j->blind));
    if (qk_output && !after) PARE_TRY(show_scores(ctx, io, qk_output, j));
    PARE_TRY(pare_attend_softmax(ctx, a, j->blind));
    if (qk_output && after) PARE_TRY(show_scores(ctx, io, qk_output, j));
    const pare_heads y =
        pare_heads_packed(NULL, a->q.batch, a->q.steps, dims[2], a->q.n, a->v.size);
    PARE_TRY(pare_tensor_count(ctx, &n, 3, dims));
    PARE_TRY(pare_reals_new(ctx, &j->y, a->wide, n));
    PARE_TRY(pare_attend_values(ctx, a, &y, j->y.owned));
    return pare_ms_put(ctx, io, 0, j->dtype, 3, dims, &j->y);
}
