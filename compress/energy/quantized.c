#include "energy/measure.h"
#include "op/cost_weights.h"

/* Groups between DequantizeLinear and QuantizeLinear: which of them run in integers, and what the
 * others pay for dequantizing. */

bool pare_measure_is_inside(const pare_measure *m, pare_value_id value)
{
    const pare_value *v = &m->f->est->model->values[value];
    return v->producer != PARE_NONE && v->graph == m->f->graph &&
           m->f->groups->of_node[v->producer] == m->group;
}

const pare_node *pare_measure_dequantized_by(const pare_measure *m, const pare_node *reader,
                                             pare_value_id value)
{
    const pare_node *dq = pare_frame_dequantize(m->f, value);
    if (!dq || pare_measure_is_inside(m, value)) return dq;
    const bool takes =
        reader == pare_measure_node(m, m->g->anchor) && pare_frame_takes_dequantize(m->f, m->g);
    return takes ? dq : NULL;
}

static bool is_float_activation(const pare_measure *m, pare_value_id value)
{
    return !m->f->est->values[value].is_const &&
           pare_dtype_of(pare_measure_dtype(m, value))->class == PARE_CLASS_FLOAT;
}

pare_arithmetic pare_arithmetic_wider(pare_arithmetic a, pare_arithmetic b)
{
    if (a >= PARE_N_ARITHMETIC) return b;
    if (b >= PARE_N_ARITHMETIC) return a;
    return pare_coef_type_bits(b) > pare_coef_type_bits(a) ? b : a;
}

static bool has_op(const pare_measure *m, const char *name)
{
    for (uint32_t i = 0; i < m->g->n_nodes; i++)
        if (pare_is_op(pare_measure_node(m, m->g->nodes[i]), name)) return true;
    return false;
}

static const pare_quant_op *quant_op(const pare_measure *m, const pare_node *n)
{
    const pare_target_quant *quant = &m->f->est->e->target->rules.quant;
    for (size_t i = 0; i < quant->n_ops; i++)
        if (!*pare_node_domain(n) && n->op_type && !strcmp(n->op_type, quant->ops[i].op))
            return &quant->ops[i];
    return NULL;
}

/* The lists are what pare prefers to write: the other sign of as many bits runs, too. */
static bool is_form(const pare_quant_form *forms, size_t n, pare_dtype dtype)
{
    for (size_t i = 0; i < n; i++)
        if (pare_dtype_of(pare_dtype_by_name(forms[i].type))->bits == pare_dtype_of(dtype)->bits)
            return true;
    return false;
}

/* Whether the target's rules, if it has any for integers, let the operator run in integers. */
static bool may_be_quantized(const pare_measure *m, const pare_node *anchor)
{
    if (!m->f->est->e->target->rules.has_quant) return true;
    const pare_quant_op *op = quant_op(m, anchor);
    return op && op->role != PARE_QUANT_ABSORBED;
}

static bool takes_type(const pare_measure *m, pare_value_id stored)
{
    const pare_target_rules *rules = &m->f->est->e->target->rules;
    const pare_target_quant *quant = &rules->quant;
    if (!rules->has_quant) return true;
    if (m->f->est->values[stored].is_const)
        return is_form(quant->weights, quant->n_weights, pare_measure_dtype(m, stored));
    return is_form(quant->activations, quant->n_activations, pare_measure_dtype(m, stored));
}

/* A group runs in integers when all that it reads comes from DequantizeLinear, and what it makes
 * goes into QuantizeLinear; products of matrices may also give floats. */
void pare_measure_find_quantized(pare_measure *m)
{
    const pare_node *anchor = pare_measure_node(m, m->g->anchor);
    const bool is_matmul = pare_is_op(anchor, "MatMul") || pare_is_op(anchor, "Gemm");
    bool any = false, weights = !is_matmul && !pare_is_op(anchor, "Conv") &&
                                !pare_is_op(anchor, "ConvTranspose");
    pare_arithmetic type = PARE_N_ARITHMETIC;
    if (!has_op(m, "QuantizeLinear") && !is_matmul) return;
    if (!may_be_quantized(m, anchor)) return;
    for (uint32_t i = 0; i < m->g->n_nodes; i++) {
        const pare_node *n = pare_measure_node(m, m->g->nodes[i]);
        if (pare_is_op(n, "DequantizeLinear")) continue;
        for (uint32_t k = 0; k < n->n_inputs; k++) {
            const pare_value_id v = n->inputs[k].value;
            if (v == PARE_NONE) continue;
            const pare_node *dq = pare_measure_dequantized_by(m, n, v);
            if (!dq && !pare_measure_is_inside(m, v) && is_float_activation(m, v)) return;
            if (!dq) continue;
            if (n == anchor && k == 1) weights = true;
            if (n == anchor && k > 1 && m->f->est->values[dq->inputs[0].value].is_const)
                continue; /* a bias */
            if (!takes_type(m, dq->inputs[0].value)) return;
            any |= !m->f->est->values[dq->inputs[0].value].is_const;
            type = pare_arithmetic_wider(
                type, pare_coef_type_of(pare_measure_dtype(m, dq->inputs[0].value)));
        }
    }
    m->is_quantized = any && weights && type < PARE_N_ARITHMETIC;
    const pare_quant_op *op = quant_op(m, anchor);
    m->only_moves = m->is_quantized && op && op->role == PARE_QUANT_MOVES;
    m->quantized_type = type;
}

/* What part of a node's other operations is left to do once its group is fused. A batch norm behind
 * a product goes into its weights; in integers, bounds go into the range of the result, which is
 * requantized from the sums without ever having been a float. */
double pare_measure_share_done(const pare_measure *m, const pare_node *n)
{
    const bool is_chain = m->g->rule && m->g->rule->kind == PARE_FUSE_CHAIN;
    const bool is_anchor = n == pare_measure_node(m, m->g->anchor);
    if (is_chain && !is_anchor && pare_is_op(n, "BatchNormalization")) return 0;
    if (!m->is_quantized) return 1;
    if (pare_is_op(n, "DequantizeLinear")) return 0;
    if (pare_is_op(n, "QuantizeLinear"))
        return m->only_moves ? 0 : (double)PARE_OPS_REQUANTIZE / PARE_OPS_QUANTIZE;
    return !is_anchor && (pare_is_op(n, "Relu") || pare_is_op(n, "Clip")) ? 0 : 1;
}

/* Whether a group in float reads weights of few bits as they are (MatMulNBits and the like), or has
 * them dequantized into memory first, at every run. */
static bool dequantizes_apart(const pare_measure *m)
{
    if (m->is_quantized || !m->f->est->e->target->rules.has_quant) return false;
    const pare_quant_op *op = quant_op(m, pare_measure_node(m, m->g->anchor));
    return !op || !op->weight_only;
}

/* The float form of a value that is dequantized into memory: written, read, and there meanwhile. */
static void add_float_form(pare_measure *m, pare_value_id value, double elements)
{
    const pare_estimator *est = m->f->est;
    pare_operand o = { .value = value, .elements = elements };
    o.bytes = elements * est->bits[pare_measure_dtype(m, value)] / 8;
    while (o.home + 1 < est->hw->n_levels && o.bytes > est->usable[o.home]) o.home++;
    pare_traffic_add(est, &m->traffic, &o);
    pare_traffic_add(est, &m->traffic, &o);
    m->f->ram[m->group] += pare_count_of(o.bytes);
    m->launches++;
}

/* What a group of floats has to do with inputs of its anchor that come from DequantizeLinear: the
 * operations, where the node is not in the group and so was not counted, and the float form. */
void pare_measure_add_dequantized(pare_measure *m)
{
    const pare_node *anchor = pare_measure_node(m, m->g->anchor);
    for (uint32_t i = 0; !m->is_quantized && i < anchor->n_inputs; i++) {
        const pare_value_id v = anchor->inputs[i].value;
        if (v == PARE_NONE || !pare_measure_dequantized_by(m, anchor, v)) continue;
        const pare_operand o = pare_operand_read(m->f, m->group, v, -1);
        if (dequantizes_apart(m)) add_float_form(m, v, o.elements);
        if (pare_measure_is_inside(m, v)) continue;
        m->ops += PARE_OPS_DEQUANTIZE * o.elements;
        m->other_ops += PARE_OPS_DEQUANTIZE * o.elements;
        const pare_arithmetic type = pare_coef_type_of(pare_measure_dtype(m, v));
        if (type < PARE_N_ARITHMETIC) m->ops_of[type] += PARE_OPS_DEQUANTIZE * o.elements;
    }
}
