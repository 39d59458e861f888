#include "kernels/gemm.h"
#include "op/ms_attention.h"

#include <inttypes.h>

/* Attention with its projections, and QAttention, the same on 8-bit integers. */

/* Where an operator has its inputs; 0: it has none. */
typedef struct layout {
    uint32_t bias, mask, past, added;
} layout;

/* Sizes of the projections. */
typedef struct projection {
    int64_t rows, in, width;   /* input [rows, in] times weight [in, width] */
    int64_t hidden[3];         /* columns of query, key and value */
} projection;

static pare_status set_projection(pare_ctx *ctx, const pare_eval_io *io, const layout *at,
                                  projection *s)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    const pare_tensor *bias = pare_eval_tensor(io, at->bias);
    if (!x || !w || x->rank != 3 || w->rank != 2 || w->dims[0] != x->dims[2])
        return pare_call_fail(ctx, io->call,
                              "expected an input [batch, steps, n] and a weight [n, hidden]");
    *s = (projection){ .in = x->dims[2], .width = w->dims[1] };
    PARE_TRY(pare_tensor_count(ctx, &s->rows, 2, x->dims));
    for (uint32_t i = 0; i < 3; i++)
        s->hidden[i] = p->qkv_hidden_sizes.n == 3 ? p->qkv_hidden_sizes.v[i] : s->width / 3;
    bool fits = s->hidden[0] == s->hidden[1];
    int64_t rest = s->width;
    for (uint32_t i = 0; i < 3 && fits; i++) {
        fits = s->hidden[i] >= 0 && s->hidden[i] <= rest && s->hidden[i] % p->q_heads == 0;
        rest -= s->hidden[i];
    }
    if (!fits || rest)
        return pare_call_fail(ctx, io->call,
                              "input 1: expected three matrices of %" PRId64
                              " heads side by side, found %" PRId64 " columns",
                              p->q_heads, s->width);
    if (bias && bias->n_elements != s->width)
        return pare_call_fail(ctx, io->call,
                              "input 2: expected %" PRId64 " numbers, found %" PRId64, s->width,
                              bias->n_elements);
    return PARE_OK;
}

/* in[0] becomes input * weight + bias, [rows, width]. */
static pare_status project(pare_ctx *ctx, const pare_eval_io *io, const layout *at,
                           const projection *s, pare_ms_attention *j)
{
    const pare_tensor *w = pare_eval_tensor(io, 1);
    pare_reals x = { 0 };
    pare_reals columns = { 0 };
    pare_reals bias = { 0 };
    const pare_tensor *b = pare_eval_tensor(io, at->bias);
    const int64_t dims[2] = { s->rows, s->width };
    int64_t n = 0;
    if (!pare_reals_wide(w->dtype) || (b && !pare_reals_wide(b->dtype)))
        return pare_eval_no_type(ctx, io, w->dtype);
    PARE_TRY(pare_tensor_count(ctx, &n, 2, dims));
    pare_status st = pare_reals_load(ctx, &x, pare_eval_tensor(io, 0), j->a.wide);
    if (!st) st = pare_reals_new(ctx, &columns, j->a.wide, w->n_elements);
    if (!st) st = pare_reals_load(ctx, &bias, b, j->a.wide);
    if (!st) st = pare_reals_new(ctx, &j->in[0], j->a.wide, n);
    for (int64_t c = 0; !st && s->in && c < s->width; c++) /* its columns as rows */
        for (int64_t i = 0; i < s->in; i++)
            pare_wide_load_as(j->a.wide, w->dtype, pare_eval_data(w), i * s->width + c, 1, 1,
                              pare_at_mut(columns.owned, c * s->in + i, columns.width));
    if (!st)
        pare_reals_gemm(j->a.wide, s->rows, s->width, s->in, x.data, s->in, columns.data, s->in,
                        bias.data, j->in[0].owned, s->width);
    pare_reals_free(ctx, &x);
    pare_reals_free(ctx, &columns);
    pare_reals_free(ctx, &bias);
    return st;
}

/* Past and present are [2, batch, heads, steps, size]: keys, then values. */
static pare_status join_both(pare_ctx *ctx, pare_eval_io *io, uint32_t past_input,
                             pare_ms_attention *j)
{
    const pare_tensor *t = pare_eval_tensor(io, past_input);
    const pare_heads now[2] = { j->a.k, j->a.v };
    pare_heads past[2] = { { 0 }, { 0 } };
    if (!t && !pare_eval_wants(io, 1)) return PARE_OK;
    const bool alike = j->a.k.size == j->a.v.size;
    const bool fits = !t || (t->rank == 5 && t->dims[0] == 2 && t->dims[1] == now[0].batch &&
                             t->dims[2] == now[0].n && t->dims[4] == now[0].size);
    if (!alike || !fits)
        return pare_call_fail(ctx, io->call,
                              "past and present: expected [2,%" PRId64 ",%" PRId64
                              ",steps,%" PRId64 "] and values as wide as keys",
                              now[0].batch, now[0].n, now[0].size);
    if (t) {
        PARE_TRY(pare_reals_load(ctx, &j->past[0], t, j->a.wide));
        for (int i = 0; i < 2; i++)
            past[i] = pare_heads_dense(pare_at(j->past[0].data, i * (t->n_elements / 2),
                                               j->past[0].width),
                                       t->dims[1], t->dims[2], t->dims[3], t->dims[4]);
    }
    for (int i = 0; i < 2; i++)
        PARE_TRY(pare_heads_join(ctx, &j->joined[i], j->a.wide, &past[i], &now[i]));
    const int64_t steps = past[0].steps + now[0].steps;
    const int64_t dims[5] = { 2, now[0].batch, now[0].n, steps, now[0].size };
    j->a.k = pare_heads_dense(j->joined[0].data, dims[1], dims[2], steps, dims[4]);
    j->a.v = pare_heads_dense(j->joined[1].data, dims[1], dims[2], steps, dims[4]);
    void *data = NULL;
    if (!pare_eval_wants(io, 1)) return PARE_OK;
    PARE_TRY(pare_eval_out_as(ctx, io, 1, j->dtype, 5, dims, &data));
    const int64_t half = io->out[1].tensor->n_elements / 2;
    for (int i = 0; i < 2; i++)
        pare_wide_store_as(j->a.wide, PARE_STORE_DEFAULT, j->dtype, data, i * half, half,
                           j->joined[i].data);
    return PARE_OK;
}

/* What follows the projections. */
static pare_status attend_projected(pare_ctx *ctx, pare_eval_io *io, const layout *at,
                                    const projection *s, pare_ms_attention *j)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    pare_heads *const heads[3] = { &j->a.q, &j->a.k, &j->a.v };
    int64_t first = 0;
    for (int i = 0; i < 3; i++) {
        *heads[i] = pare_heads_packed(pare_at(j->in[0].data, first, j->in[0].width), x->dims[0],
                                      x->dims[1], s->width, p->q_heads, s->hidden[i] / p->q_heads);
        first += s->hidden[i];
    }
    PARE_TRY(join_both(ctx, io, at->past, j));
    pare_ms_set_causal(io, j->a.k.steps - x->dims[1], j);
    if (at->added) PARE_TRY(pare_ms_set_bias(ctx, io, at->added, j));
    PARE_TRY(pare_ms_set_padding(ctx, io, at->mask, j));
    return pare_ms_attend(ctx, io, j, 0, false);
}

static pare_status attention(pare_ctx *ctx, pare_eval_io *io, pare_ms_attention *j)
{
    static const layout at = { .bias = 2, .mask = 3, .past = 4, .added = 5 };
    const pare_attention_params *p = io->params;
    projection s;
    PARE_TRY(pare_ms_refuse(ctx, io, p->do_rotary, "attribute 'do_rotary'"));
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, 6), "past_sequence_length"));
    PARE_TRY(set_projection(ctx, io, &at, &s));
    j->dtype = pare_eval_tensor(io, 0)->dtype;
    j->a.wide = pare_reals_wide(j->dtype);
    if (!j->a.wide) return pare_eval_no_type(ctx, io, j->dtype);
    PARE_TRY(project(ctx, io, &at, &s, j));
    return attend_projected(ctx, io, &at, &s, j);
}

pare_status pare_ms_attention_eval(pare_ctx *ctx, pare_eval_io *io)
{
    pare_ms_attention j = { 0 };
    const pare_status st = attention(ctx, io, &j);
    pare_ms_attention_free(ctx, &j);
    return st;
}

/* Input i as one number or one per column, in out [width]; fallback without it. */
static pare_status per_column(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t width,
                              double fallback, double *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t && !pare_wide_of(t->dtype)) return pare_eval_no_type(ctx, io, t->dtype);
    if (t && t->n_elements != 1 && t->n_elements != width)
        return pare_call_fail(
            ctx, io->call, "input %" PRIu32 ": expected 1 or %" PRId64 " numbers, found %" PRId64,
            i, width, t->n_elements);
    for (int64_t c = 0; c < width; c++)
        out[c] = t ? pare_wide_f64_at(t->dtype, pare_eval_data(t), t->n_elements == 1 ? 0 : c)
                   : fallback;
    return PARE_OK;
}

/* Room for the product of integers. */
typedef struct integers {
    int16_t *x, *columns, *zeros;
    int32_t *y;
    double *numbers;          /* scales of the columns, their zero points, and one for the input */
} integers;

static void integers_free(pare_ctx *ctx, integers *g)
{
    pare_free(ctx, g->x);
    pare_free(ctx, g->columns);
    pare_free(ctx, g->zeros);
    pare_free(ctx, g->y);
    pare_free(ctx, g->numbers);
}

static bool is_byte(const pare_tensor *t)
{
    return t && (t->dtype == PARE_INT8 || t->dtype == PARE_UINT8);
}

/* Absent, or of bytes. */
static bool is_zero_point(const pare_tensor *t)
{
    return !t || is_byte(t);
}

static pare_status integers_make(pare_ctx *ctx, const pare_eval_io *io, const projection *s,
                                 integers *g)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    const int64_t dims[2] = { s->rows, s->width };
    int64_t n = 0;
    PARE_TRY(pare_tensor_count(ctx, &n, 2, dims));
    if (n > INT64_MAX / 64 || s->width > INT64_MAX / 64) return pare_fail_memory(ctx, SIZE_MAX);
    g->x = pare_alloc(ctx, (size_t)x->n_elements * sizeof(*g->x) + 1);
    g->columns = pare_alloc(ctx, (size_t)w->n_elements * sizeof(*g->columns) + 1);
    g->zeros = pare_alloc(ctx, (size_t)s->width * sizeof(*g->zeros) + 1);
    g->y = pare_alloc(ctx, (size_t)n * sizeof(*g->y) + 1);
    g->numbers = pare_alloc(ctx, (size_t)(2 * s->width + 2) * sizeof(*g->numbers));
    if (!g->x || !g->columns || !g->zeros || !g->y || !g->numbers)
        return pare_fail_memory(ctx, (size_t)n * sizeof(*g->y));
    for (int64_t i = 0; i < x->n_elements; i++)
        g->x[i] = (int16_t)pare_wide_i64_at(x->dtype, pare_eval_data(x), i);
    for (int64_t i = 0; i < w->n_elements; i++)
        g->columns[i % s->width * s->in + i / s->width] =
            (int16_t)pare_wide_i64_at(w->dtype, pare_eval_data(w), i);
    PARE_TRY(per_column(ctx, io, 4, s->width, 1, g->numbers));
    PARE_TRY(per_column(ctx, io, 7, s->width, 0, g->numbers + s->width));
    for (int64_t c = 0; c < s->width; c++) g->zeros[c] = (int16_t)g->numbers[s->width + c];
    return PARE_OK;
}

/* in[0] becomes input * weight, exactly, times both scales, plus the bias. */
static pare_status project_integers(pare_ctx *ctx, const pare_eval_io *io, const projection *s,
                                    integers *g, pare_ms_attention *j)
{
    double *const of_input = g->numbers + 2 * s->width;
    const pare_tensor *bias = pare_eval_tensor(io, 2);
    PARE_TRY(per_column(ctx, io, 3, 1, 1, of_input));
    PARE_TRY(per_column(ctx, io, 6, 1, 0, of_input + 1));
    pare_gemm_s32_ref(s->rows, s->width, s->in, g->x, s->in, (int16_t)of_input[1], g->columns,
                      s->in, g->zeros, NULL, g->y, s->width);
    PARE_TRY(pare_reals_new(ctx, &j->in[0], PARE_WIDE_F32, s->rows * s->width));
    for (int64_t i = 0; i < s->rows * s->width; i++) {
        const int64_t c = i % s->width;
        const float scale = (float)of_input[0] * (float)g->numbers[c];
        const float b =
            bias ? (float)pare_wide_f64_at(bias->dtype, pare_eval_data(bias), c) : 0;
        ((float *)j->in[0].owned)[i] = (float)g->y[i] * scale + b;
    }
    return PARE_OK;
}

static pare_status qattention(pare_ctx *ctx, pare_eval_io *io, pare_ms_attention *j)
{
    static const layout at = { .bias = 2, .mask = 5, .past = 8 };
    const pare_attention_params *p = io->params;
    const pare_tensor *scale = pare_eval_tensor(io, 3);
    const pare_tensor *bias = pare_eval_tensor(io, 2);
    projection s;
    integers g = { 0 };
    PARE_TRY(pare_ms_refuse(ctx, io, p->do_rotary, "attribute 'do_rotary'"));
    PARE_TRY(set_projection(ctx, io, &at, &s));
    if (!is_byte(pare_eval_tensor(io, 0)) || !is_byte(pare_eval_tensor(io, 1)) || !scale ||
        pare_reals_wide(scale->dtype) != PARE_WIDE_F32 || (bias && !pare_wide_of(bias->dtype)))
        return pare_call_fail(ctx, io->call, "expected 8-bit inputs with a scale");
    if (!is_zero_point(pare_eval_tensor(io, 6)) || !is_zero_point(pare_eval_tensor(io, 7)))
        return pare_call_fail(ctx, io->call, "inputs 6 and 7: expected 8-bit zero points");
    j->dtype = scale->dtype;
    j->a.wide = PARE_WIDE_F32;
    pare_status st = integers_make(ctx, io, &s, &g);
    if (!st) st = project_integers(ctx, io, &s, &g, j);
    integers_free(ctx, &g);
    return st ? st : attend_projected(ctx, io, &at, &s, j);
}

pare_status pare_ms_qattention_eval(pare_ctx *ctx, pare_eval_io *io)
{
    pare_ms_attention j = { 0 };
    const pare_status st = qattention(ctx, io, &j);
    pare_ms_attention_free(ctx, &j);
    return st;
}
