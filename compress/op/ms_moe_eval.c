#include "base/checked.h"
#include "kernels/activation.h"
#include "kernels/math.h"
#include "kernels/nbits.h"
#include "kernels/sum.h"
#include "op/ms_moe.h"
#include "op/reals.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Each token goes through its k best experts, FC2(activation(FC1(x))), and the results are added
 * with the token's weights, in ascending order of experts, by fused multiply-adds. All is computed
 * in float. The weights: MoE takes the softmax over all experts, QMoE that over the chosen ones or
 * router_weights as they are; normalized ones are divided by their sum. */

/* One product of all experts: y = W x + b, W [experts, rows, depth]. */
typedef struct layer {
    int64_t rows, depth;
    pare_reals w, bias;       /* w is NULL when weights are packed */
    const uint8_t *packed;
    int64_t block, n_blocks;  /* along a row; the whole row without blocks */
    pare_reals scales, zeros; /* [experts, rows, n_blocks] */
} layer;

/* Inputs of a layer; 0: there is none. */
typedef struct layer_inputs {
    uint32_t w, scale, bias, zero;
} layer_inputs;

typedef struct job {
    const pare_moe_params *params;
    bool is_quantized;
    int64_t tokens, experts, hidden, inner, k;
    pare_reals x, router, mixing, y;
    layer fc1, fc2, fc3;
    int32_t *chosen;          /* [tokens, k] experts, the best first */
    float *weight;            /* [tokens, k] */
    pare_reals dense;         /* a dequantized expert's largest W */
    pare_reals in, first, third, out; /* rows of the tokens of one expert */
    pare_reals probs, picked; /* [experts] */
} job;

/* a * b * c; INT64_MAX when that is too much, which no tensor has. */
static int64_t product(int64_t a, int64_t b, int64_t c)
{
    size_t n = 0;
    const bool fits = pare_mul_size((size_t)a, (size_t)b, &n) && pare_mul_size(n, (size_t)c, &n);
    return fits && n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

/* --- layers ----------------------------------------------------------------------------------- */

static pare_status load(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t want,
                        pare_reals *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t && t->n_elements == want && pare_wide_of(t->dtype) == PARE_WIDE_F32)
        return pare_reals_load(ctx, out, t, PARE_WIDE_F32);
    if (t && t->n_elements == want) return pare_eval_no_type(ctx, io, t->dtype);
    return pare_call_fail(ctx, io->call,
                          "input %" PRIu32 ": expected %" PRId64 " elements, found %" PRId64, i,
                          want, t ? t->n_elements : 0);
}

/* Zero points are packed like weights: along the blocks of a row, or along the rows. */
static pare_status load_zeros(pare_ctx *ctx, const pare_eval_io *io, const job *j, layer *l,
                              uint32_t i)
{
    const int bits = (int)j->params->weight_bits;
    const int64_t n_rows = j->experts * l->rows;
    const bool is_blocked = l->n_blocks > 1 || j->params->block_size;
    const int64_t run = is_blocked ? l->n_blocks : l->rows;
    const int64_t run_bytes = (run * bits + 7) / 8;
    const int64_t want = n_rows * l->n_blocks / run * run_bytes;
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t && (t->dtype != PARE_UINT8 || t->n_elements != want))
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %" PRId64
                              " bytes, found %" PRId64 " of %s", i, want, t->n_elements,
                              pare_dtype_name(t->dtype));
    PARE_TRY(pare_reals_new(ctx, &l->zeros, PARE_WIDE_F32, n_rows * l->n_blocks));
    float *zeros = l->zeros.owned;
    for (int64_t at = 0; at < n_rows * l->n_blocks; at++) {
        zeros[at] = (float)(1 << (bits - 1));
        if (t)
            zeros[at] = (float)pare_nbits_code_ref(
                bits, (const uint8_t *)pare_eval_data(t) + at / run * run_bytes, at % run);
    }
    return PARE_OK;
}

static pare_status load_packed(pare_ctx *ctx, const pare_eval_io *io, const job *j, layer *l,
                               layer_inputs i)
{
    const pare_moe_params *p = j->params;
    const pare_tensor *w = pare_eval_tensor(io, i.w);
    const int64_t want = product(j->experts, l->rows, l->depth * p->weight_bits / 8);
    if (!w || w->dtype != PARE_UINT8 || w->n_elements != want ||
        l->depth * p->weight_bits % 8)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected %" PRId64 " bytes, found %" PRId64, i.w,
                              want, w ? w->n_elements : 0);
    l->packed = pare_eval_data(w);
    l->block = p->block_size ? p->block_size : l->depth;
    if (l->depth % l->block)
        return pare_call_fail(ctx, io->call,
                              "attribute 'block_size': expected a divisor of %" PRId64
                              ", found %" PRId64,
                              l->depth, l->block);
    l->n_blocks = l->depth / l->block;
    PARE_TRY(load(ctx, io, i.scale, product(j->experts, l->rows, l->n_blocks), &l->scales));
    return load_zeros(ctx, io, j, l, i.zero);
}

static pare_status load_layer(pare_ctx *ctx, const pare_eval_io *io, const job *j, layer *l,
                              layer_inputs i)
{
    if (pare_eval_tensor(io, i.bias))
        PARE_TRY(load(ctx, io, i.bias, product(j->experts, l->rows, 1), &l->bias));
    if (j->is_quantized) return load_packed(ctx, io, j, l, i);
    return load(ctx, io, i.w, product(j->experts, l->rows, l->depth), &l->w);
}

/* y [n, rows] = x [n, depth] W' + b of one expert */
static void apply(const job *j, const layer *l, int64_t expert, int64_t n, const pare_reals *x,
                  pare_reals *y)
{
    const int64_t first = expert * l->rows;
    const float *w = j->dense.data;
    if (l->packed)
        for (int64_t r = 0; r < l->rows; r++)
            pare_nbits_dequantize_ref(
                (int)j->params->weight_bits, l->depth,
                l->packed + (first + r) * (l->depth * j->params->weight_bits / 8), l->block, NULL,
                (const float *)l->scales.data + (first + r) * l->n_blocks,
                (const float *)l->zeros.data + (first + r) * l->n_blocks,
                (float *)j->dense.owned + r * l->depth);
    else w = (const float *)l->w.data + first * l->depth;
    pare_reals_gemm(PARE_WIDE_F32, n, l->rows, l->depth, x->data, l->depth, w, l->depth,
                    l->bias.data ? (const float *)l->bias.data + first : NULL, y->owned, l->rows);
}

/* --- choosing experts ------------------------------------------------------------------------- */

static void softmax(int64_t n, float *x)
{
    float high = -INFINITY;
    for (int64_t i = 0; i < n; i++) high = x[i] > high ? x[i] : high;
    for (int64_t i = 0; i < n; i++) x[i] = pare_exp_f32_ref(x[i] - high);
    const float sum = pare_sum_f32_ref(n, x);
    for (int64_t i = 0; i < n; i++) x[i] /= sum;
}

/* The k largest of n, the first of equal ones first; NaN is never larger. */
static void choose(int64_t n, const float *logits, int64_t k, int32_t *chosen, float *taken)
{
    for (int64_t i = 0; i < n; i++) taken[i] = 0;
    for (int64_t at = 0; at < k; at++) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++)
            if (taken[i] == 0 && (best < 0 || logits[i] > logits[best])) best = i;
        taken[best] = 1;
        chosen[at] = (int32_t)best;
    }
}

static void weigh_token(const job *j, int64_t t)
{
    const float *logits = (const float *)j->router.data + t * j->experts;
    int32_t *chosen = j->chosen + t * j->k;
    float *weight = j->weight + t * j->k;
    float *probs = j->probs.owned;
    choose(j->experts, logits, j->k, chosen, j->picked.owned);
    memcpy(probs, logits, (size_t)j->experts * sizeof(*probs));
    if (j->mixing.data)
        memcpy(probs, (const float *)j->mixing.data + t * j->experts,
               (size_t)j->experts * sizeof(*probs));
    else if (!j->is_quantized) softmax(j->experts, probs);
    for (int64_t i = 0; i < j->k; i++) weight[i] = probs[chosen[i]];
    if (j->is_quantized && !j->mixing.data) softmax(j->k, weight);
    if (!j->params->normalize) return;
    const float sum = pare_sum_f32_ref(j->k, weight);
    for (int64_t i = 0; i < j->k; i++) weight[i] /= sum;
}

/* --- experts ---------------------------------------------------------------------------------- */

static float swiglu(const pare_moe_params *p, float gate, float linear)
{
    const float limit = p->swiglu_limit;
    if (gate > limit) gate = limit;
    if (linear > limit) linear = limit;
    if (linear < -limit) linear = -limit;
    return pare_swish_f32_ref(p->alpha, 0, gate) * (linear + p->beta);
}

static float activate(const pare_moe_params *p, float x)
{
    switch (p->activation) {
    case PARE_MOE_RELU: return pare_relu_f32_ref(x);
    case PARE_MOE_GELU: return pare_gelu_tanh_f32_ref(0, 0, x);
    case PARE_MOE_SILU: return pare_swish_f32_ref(1, 0, x);
    default: return x;
    }
}

/* What FC1, and FC3 where there is one, give for n tokens becomes what FC2 takes, in place. */
static void combine(const job *j, int64_t n)
{
    const pare_moe_params *p = j->params;
    float *to = j->first.owned;
    const float *third = j->third.data;
    const int64_t rows = j->fc1.rows;
    for (int64_t i = 0; i < n * j->inner; i++) {
        const float *row = (const float *)j->first.data + i / j->inner * rows;
        const int64_t c = i % j->inner;
        if (p->activation == PARE_MOE_SWIGLU) {
            const bool pairs = p->swiglu_fusion == 1;
            const float gate = third ? row[c] : row[pairs ? 2 * c : c];
            const float linear = third ? third[i] : row[pairs ? 2 * c + 1 : j->inner + c];
            to[i] = swiglu(p, gate, linear);
        } else {
            to[i] = activate(p, row[c]);
            if (third) to[i] *= third[i];
        }
    }
}

/* All tokens that chose the expert. */
static void run_expert(job *j, int64_t expert, int64_t *users)
{
    int64_t n = 0;
    for (int64_t i = 0; i < j->tokens * j->k; i++)
        if (j->chosen[i] == expert) users[n++] = i;
    if (!n) return;
    for (int64_t i = 0; i < n; i++)
        memcpy((float *)j->in.owned + i * j->hidden,
               (const float *)j->x.data + users[i] / j->k * j->hidden,
               (size_t)j->hidden * sizeof(float));
    apply(j, &j->fc1, expert, n, &j->in, &j->first);
    if (j->fc3.rows) apply(j, &j->fc3, expert, n, &j->in, &j->third);
    combine(j, n);
    apply(j, &j->fc2, expert, n, &j->first, &j->out);
    for (int64_t i = 0; i < n; i++) {
        float *y = (float *)j->y.owned + users[i] / j->k * j->hidden;
        const float *out = (const float *)j->out.data + i * j->hidden;
        for (int64_t c = 0; c < j->hidden; c++) y[c] = fmaf(j->weight[users[i]], out[c], y[c]);
    }
}

/* --- setting up ------------------------------------------------------------------------------- */

static pare_status unsupported(pare_ctx *ctx, const pare_eval_io *io, const char *what)
{
    pare_call_fail(ctx, io->call, "%s is not implemented", what);
    return PARE_EUNSUPPORTED;
}

static pare_status check_params(pare_ctx *ctx, const pare_eval_io *io, const job *j)
{
    const pare_moe_params *p = j->params;
    if (p->sparse_mixer) return unsupported(ctx, io, "use_sparse_mixer");
    if (!j->is_quantized) return PARE_OK;
    if (!p->integer_weights) return unsupported(ctx, io, "a quant_type other than 'int'");
    if (p->weights_prepacked > 0) return unsupported(ctx, io, "weights_prepacked 1");
    if (p->weight_bits > 8) return unsupported(ctx, io, "more than 8 bits");
    for (uint32_t i = 15; i < io->n_in; i++)
        if (pare_eval_tensor(io, i)) return unsupported(ctx, io, "a global or activation scale");
    return PARE_OK;
}

static pare_status set_sizes(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const pare_moe_params *p = j->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *router = pare_eval_tensor(io, 1);
    const pare_tensor *w1 = pare_eval_tensor(io, 2);
    const pare_tensor *w2 = pare_eval_tensor(io, j->is_quantized ? 5 : 4);
    const pare_tensor *w3 = pare_eval_tensor(io, j->is_quantized ? 8 : 6);
    if (!x || !router || !w1 || !w2 || x->rank < 1 || router->rank != 2 || w1->rank != 3 ||
        w2->rank != 3 || (w3 && w3->rank != 3))
        return pare_call_fail(ctx, io->call,
                              "expected input, router_probs of rank 2 and weights of rank 3");
    j->hidden = x->dims[x->rank - 1];
    j->tokens = router->dims[0];
    j->experts = router->dims[1];
    j->k = p->k;
    j->inner = w2->dims[2] * (j->is_quantized ? 8 : 1) / (j->is_quantized ? p->weight_bits : 1);
    const bool is_fused = p->activation == PARE_MOE_SWIGLU && !w3;
    j->fc1 = (layer){ .rows = w1->dims[1], .depth = j->hidden };
    j->fc2 = (layer){ .rows = j->hidden, .depth = j->inner };
    if (w3) j->fc3 = (layer){ .rows = j->inner, .depth = j->hidden };
    if (j->k > j->experts || j->experts > INT32_MAX || j->hidden > INT32_MAX)
        return pare_call_fail(ctx, io->call,
                              "attribute 'k': expected at most %" PRId64 ", found %" PRId64,
                              j->experts, j->k);
    if (!j->hidden || !j->inner || j->inner > INT32_MAX ||
        j->fc1.rows != (is_fused ? 2 : 1) * j->inner)
        return pare_call_fail(ctx, io->call,
                              "FC1: expected %" PRId64 " rows, found %" PRId64,
                              (is_fused ? 2 : 1) * j->inner, j->fc1.rows);
    if (is_fused && !p->swiglu_fusion) return unsupported(ctx, io, "swiglu_fusion 0 without FC3");
    return PARE_OK;
}

static pare_status load_inputs(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    static const layer_inputs plain[] = {
        { .w = 2, .bias = 3 }, { .w = 4, .bias = 5 }, { .w = 6, .bias = 7 }
    };
    static const layer_inputs packed[] = { { 2, 3, 4, 11 }, { 5, 6, 7, 12 }, { 8, 9, 10, 13 } };
    const layer_inputs *in = j->is_quantized ? packed : plain;
    const int64_t n_router = j->tokens * j->experts;
    PARE_TRY(load(ctx, io, 0, product(j->tokens, j->hidden, 1), &j->x));
    PARE_TRY(load(ctx, io, 1, n_router, &j->router));
    if (j->is_quantized && pare_eval_tensor(io, 14))
        PARE_TRY(load(ctx, io, 14, n_router, &j->mixing));
    PARE_TRY(load_layer(ctx, io, j, &j->fc1, in[0]));
    PARE_TRY(load_layer(ctx, io, j, &j->fc2, in[1]));
    return j->fc3.rows ? load_layer(ctx, io, j, &j->fc3, in[2]) : PARE_OK;
}

static pare_status make_room(pare_ctx *ctx, job *j)
{
    const pare_wide f32 = PARE_WIDE_F32;
    const size_t n = (size_t)(j->tokens * j->k) + 1;
    PARE_TRY(pare_reals_new(ctx, &j->y, f32, j->tokens * j->hidden));
    PARE_TRY(pare_reals_new(ctx, &j->in, f32, j->tokens * j->hidden));
    PARE_TRY(pare_reals_new(ctx, &j->first, f32, j->tokens * j->fc1.rows));
    if (j->fc3.rows) PARE_TRY(pare_reals_new(ctx, &j->third, f32, j->tokens * j->inner));
    PARE_TRY(pare_reals_new(ctx, &j->out, f32, j->tokens * j->hidden));
    PARE_TRY(pare_reals_new(ctx, &j->probs, f32, j->experts));
    PARE_TRY(pare_reals_new(ctx, &j->picked, f32, j->experts));
    if (j->is_quantized) PARE_TRY(pare_reals_new(ctx, &j->dense, f32, j->hidden * j->fc1.rows));
    j->chosen = pare_alloc(ctx, n * sizeof(*j->chosen));
    j->weight = pare_alloc(ctx, n * sizeof(*j->weight));
    return j->chosen && j->weight ? PARE_OK : pare_fail_memory(ctx, n * sizeof(*j->chosen));
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    PARE_TRY(check_params(ctx, io, j));
    PARE_TRY(set_sizes(ctx, io, j));
    PARE_TRY(load_inputs(ctx, io, j));
    PARE_TRY(make_room(ctx, j));
    int64_t *users = pare_alloc(ctx, (size_t)j->tokens * sizeof(*users) + 1);
    if (!users) return pare_fail_memory(ctx, (size_t)j->tokens * sizeof(*users));
    for (int64_t t = 0; t < j->tokens; t++) weigh_token(j, t);
    for (int64_t e = 0; e < j->experts; e++) run_expert(j, e, users);
    pare_free(ctx, users);
    return pare_reals_out(ctx, io, 0, &j->y);
}

static void free_layer(pare_ctx *ctx, layer *l)
{
    pare_reals *const all[] = { &l->w, &l->bias, &l->scales, &l->zeros };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
}

pare_status pare_moe_eval(pare_ctx *ctx, pare_eval_io *io)
{
    job j = { .params = io->params, .is_quantized = pare_str_eq(io->call->op->name, "QMoE") };
    const pare_status st = run(ctx, io, &j);
    pare_reals *const all[] = { &j.x,     &j.router, &j.mixing, &j.y,     &j.dense, &j.in,
                                &j.first, &j.third,  &j.out,    &j.probs, &j.picked };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    free_layer(ctx, &j.fc1);
    free_layer(ctx, &j.fc2);
    free_layer(ctx, &j.fc3);
    pare_free(ctx, j.chosen);
    pare_free(ctx, j.weight);
    return st;
}
