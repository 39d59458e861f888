#include "quant/driver.h"

#include "base/bytes.h"
#include "op/linear.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_SAMPLES = 16, LONGEST_ROW = 2304 };

/* What a scheme stands for. */
static const struct {
    pare_quantize_weights_kind weights;
    pare_quantize_activations_kind activations;
    const char *name;
} schemes[] = {
    [PARE_QUANTIZE_SCHEME_AUTO] = { 0 },
    [PARE_QUANTIZE_W8A8] = { PARE_QUANTIZE_INT8, PARE_QUANTIZE_ACTIVATIONS_UINT8, "w8a8" },
    [PARE_QUANTIZE_W8A8_DYNAMIC] = { PARE_QUANTIZE_INT8, PARE_QUANTIZE_ACTIVATIONS_DYNAMIC,
                                     "w8a8-dynamic" },
    [PARE_QUANTIZE_W8A16] = { PARE_QUANTIZE_INT8, PARE_QUANTIZE_ACTIVATIONS_NONE, "w8a16" },
    [PARE_QUANTIZE_W4A16] = { PARE_QUANTIZE_INT4, PARE_QUANTIZE_ACTIVATIONS_NONE, "w4a16" },
    [PARE_QUANTIZE_W16A16] = { PARE_QUANTIZE_FLOAT16, PARE_QUANTIZE_ACTIVATIONS_NONE, "w16a16" },
};

/* --- what the model and the target are like --------------------------------------------------- */

typedef struct census {
    uint64_t n_conv, n_matmul; /* with constant weights or not */
    uint64_t n_attention;      /* products of two computed values, attention operators */
    uint64_t n_norm;           /* LayerNormalization and its like */
} census;

static bool is_one_of(const char *op, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pare_str_eq(op, names[i])) return true;
    return false;
}

static census count(const pare_model *m)
{
    static const char *const attention[] = { "Attention", "MultiHeadAttention",
                                             "GroupQueryAttention" };
    static const char *const norms[] = { "LayerNormalization", "SkipLayerNormalization",
                                         "RMSNormalization", "SimplifiedLayerNormalization",
                                         "EmbedLayerNormalization" };
    census c = { 0 };
    for (pare_node_id id = 0; id < m->n_nodes; id++) {
        const pare_node *n = &m->nodes[id];
        if (!n->graph) continue;
        const bool is_matmul = pare_str_eq(n->op_type, "MatMul");
        c.n_conv += pare_str_eq(n->op_type, "Conv");
        c.n_matmul += is_matmul || pare_str_eq(n->op_type, "Gemm");
        if (is_matmul && n->n_inputs > 1 && n->inputs[0].value != PARE_NONE &&
            n->inputs[1].value != PARE_NONE)
            c.n_attention += m->values[n->inputs[0].value].producer != PARE_NONE &&
                             m->values[n->inputs[1].value].producer != PARE_NONE;
        c.n_attention += is_one_of(n->op_type, attention, 3);
        c.n_norm += is_one_of(n->op_type, norms, 5);
    }
    return c;
}

/* MatMuls that outnumber convolutions, some of them between computed values: attention. */
static bool is_transformer(const census *c)
{
    return c->n_matmul > c->n_conv && (c->n_attention || c->n_norm);
}

bool pare_is_transformer(const pare_model *model)
{
    const census c = count(model);
    return is_transformer(&c);
}

static bool can_be_dynamic(const pare_target_rules *rules)
{
    for (size_t i = 0; rules->has_quant && i < rules->quant.n_ops; i++)
        if (rules->quant.ops[i].dynamic) return true;
    return false;
}

static bool has_batch_norm(const pare_model *m)
{
    for (pare_node_id id = 0; id < m->n_nodes; id++)
        if (m->nodes[id].graph == m->graph &&
            pare_str_eq(m->nodes[id].op_type, "BatchNormalization"))
            return true;
    return false;
}

/* The first type of activations that the target's rules name. */
static pare_quantize_activations_kind preferred(const pare_target_rules *rules)
{
    static const struct { const char *name; pare_quantize_activations_kind kind; } types[] = {
        { "uint8", PARE_QUANTIZE_ACTIVATIONS_UINT8 }, { "int8", PARE_QUANTIZE_ACTIVATIONS_INT8 },
        { "uint16", PARE_QUANTIZE_ACTIVATIONS_UINT16 },
        { "int16", PARE_QUANTIZE_ACTIVATIONS_INT16 },
    };
    for (size_t i = 0; rules->has_quant && i < rules->quant.n_activations; i++)
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            if (pare_str_eq(rules->quant.activations[i].type, types[k].name)) return types[k].kind;
    return PARE_QUANTIZE_ACTIVATIONS_NONE;
}

/* --- activations ------------------------------------------------------------------------------ */

static pare_status say_why(pare_quantizing *q, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static pare_status say_why(pare_quantizing *q, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    q->report->why = pare_arena_str(&q->report->arena, text);
    return q->report->why ? PARE_OK : pare_arena_fail(q->ctx, &q->report->arena);
}

static pare_status choose_activations(pare_quantizing *q, pare_quantize_settings *s)
{
    const pare_target_rules *rules = q->opts->rules;
    const census c = count(q->model);
    if (s->weights != PARE_QUANTIZE_INT8) {
        s->activations = PARE_QUANTIZE_ACTIVATIONS_NONE;
        return PARE_OK;
    }
    if (is_transformer(&c) && can_be_dynamic(rules)) {
        s->activations = PARE_QUANTIZE_ACTIVATIONS_DYNAMIC;
        return say_why(q,
                       "activations dynamic: a transformer (%llu products against %llu "
                       "convolutions, %llu of attention), whose ranges differ from input to input",
                       (unsigned long long)c.n_matmul, (unsigned long long)c.n_conv,
                       (unsigned long long)c.n_attention);
    }
    s->activations = preferred(rules);
    if (s->activations == PARE_QUANTIZE_ACTIVATIONS_NONE)
        return say_why(q, "activations stay floats: the target has no integers for them");
    if (q->opts->data || q->opts->n_stats) return PARE_OK;
    if (has_batch_norm(q->model))
        return say_why(q, "ranges of activations from BatchNormalization's statistics: there are "
                          "no data");
    s->activations = PARE_QUANTIZE_ACTIVATIONS_NONE;
    return say_why(q, "activations stay floats: there are no data to learn their ranges from");
}

/* --- contradictions --------------------------------------------------------------------------- */

static pare_status apply_scheme(pare_quantizing *q, pare_quantize_settings *s)
{
    if (s->scheme == PARE_QUANTIZE_SCHEME_AUTO) return PARE_OK;
    int activations = (int)schemes[s->scheme].activations;
    const int weights = (int)schemes[s->scheme].weights;
    if (s->scheme == PARE_QUANTIZE_W8A8) {
        const pare_quantize_activations_kind first = preferred(q->opts->rules);
        if (s->activations == PARE_QUANTIZE_ACTIVATIONS_INT8 ||
            first == PARE_QUANTIZE_ACTIVATIONS_INT8)
            activations = PARE_QUANTIZE_ACTIVATIONS_INT8;
        if (s->activations == PARE_QUANTIZE_ACTIVATIONS_UINT8) activations = s->activations;
    }
    if ((s->weights && s->weights != weights) || (s->activations && s->activations != activations))
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "scheme %s contradicts the types that are asked for; leave one of them "
                         "away", schemes[s->scheme].name);
    s->weights = weights;
    s->activations = activations;
    return PARE_OK;
}

static pare_status check(pare_quantizing *q, const pare_quantize_settings *s)
{
    const int64_t block = s->block_size;
    if (block && (block < 16 || (block & (block - 1))))
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "block-size: expected a power of two from 16 on, found %lld",
                         (long long)block);
    if (s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE && s->weights != PARE_QUANTIZE_INT8)
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "activations in integers need weights of 8 bits; leave --activations away "
                         "for other weights");
    if (s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE &&
        (s->algorithm == PARE_QUANTIZE_HQQ || s->algorithm == PARE_QUANTIZE_AWQ))
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "algorithms awq and hqq are for weights alone: with activations none, or "
                         "weights int4; gptq is for both");
    if (s->activations == PARE_QUANTIZE_ACTIVATIONS_DYNAMIC &&
        s->algorithm > PARE_QUANTIZE_RTN)
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "under dynamic activations weights are rounded: leave --algorithm away, "
                         "or use activations none");
    if (s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE && !q->opts->data &&
        s->algorithm > PARE_QUANTIZE_RTN)
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "algorithm has no effect on weights under activations in integers without "
                         "data: give --data");
    if (block && s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE)
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "block-size has an effect on weights alone: with activations none, or "
                         "weights int4");
    if ((s->correct & PARE_CORRECT_NONE) && s->correct != PARE_CORRECT_NONE)
        return pare_fail(q->ctx, PARE_EUSAGE, "correct: none contradicts what else is there");
    if (s->format == PARE_QUANTIZE_QOPERATOR &&
        (s->activations == PARE_QUANTIZE_ACTIVATIONS_INT16 ||
         s->activations == PARE_QUANTIZE_ACTIVATIONS_UINT16))
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "format qoperator has no operators with activations of 16 bits: use qdq");
    return PARE_OK;
}

static bool is_static(const pare_quantize_settings *s)
{
    return s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE &&
           s->activations != PARE_QUANTIZE_ACTIVATIONS_DYNAMIC;
}

/* Whether codes of 8 bits are worth solving for, which gains 1 to 4 dB (docs/accuracy.md): where
 * time is taken to choose ranges as well, and matrices of moments are small. */
static bool may_solve(const pare_quantizing *q, const pare_quantize_settings *s)
{
    int64_t longest = 0;
    if (!is_static(s) || !q->opts->data || q->opts->data->n < LEAST_SAMPLES || s->per_tensor ||
        s->calibration != PARE_QUANTIZE_CALIBRATION_AUTO)
        return false;
    for (pare_node_id id = 0; id < q->model->n_nodes; id++) {
        pare_linear l;
        if (q->model->nodes[id].graph != q->model->graph ||
            !pare_linear_of(q->ctx, &l, q->model, id))
            continue;
        if (l.in * l.taps > longest) longest = l.in * l.taps;
    }
    return longest <= LONGEST_ROW;
}

pare_status pare_quantizing_choose(pare_quantizing *q)
{
    pare_quantize_settings *const s = &q->report->chosen;
    const pare_target_quant *rules = &q->opts->rules->quant;
    *s = *q->opts->settings;
    PARE_TRY(apply_scheme(q, s));
    if (!s->weights) s->weights = PARE_QUANTIZE_INT8;
    if (!s->activations) PARE_TRY(choose_activations(q, s));
    PARE_TRY(check(q, s));
    if (is_static(s) && !q->opts->data && !q->opts->n_stats && !has_batch_norm(q->model))
        return pare_fail(q->ctx, PARE_EUSAGE,
                         "activations in integers need data to learn ranges from (--data), and the "
                         "model has no BatchNormalization to take them from; --activations dynamic "
                         "or none needs none");
    if (!(s->percentile > 0) && s->calibration == PARE_QUANTIZE_CALIBRATION_PERCENTILE)
        s->percentile = 99.99;
    /* Of weights alone, tensors decide on their own what they are written as. */
    if (!s->format && is_static(s))
        s->format = q->opts->rules->has_quant && rules->n_formats &&
                            pare_str_eq(rules->formats[0], "qoperator")
                        ? PARE_QUANTIZE_QOPERATOR
                        : PARE_QUANTIZE_QDQ;
    if (!s->correct) s->correct = PARE_CORRECT_AUTO;
    if (!s->algorithm && may_solve(q, s)) s->algorithm = PARE_QUANTIZE_GPTQ;
    if (!s->algorithm)
        s->algorithm = s->weights == PARE_QUANTIZE_INT8 ? PARE_QUANTIZE_RTN
                       : q->opts->data                  ? PARE_QUANTIZE_GPTQ
                                                        : PARE_QUANTIZE_SCALE_FIT;
    return PARE_OK;
}
