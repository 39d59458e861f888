#include "energy/estimator.h"
#include "op/cost_weights.h"
#include "op/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A group being measured, for one execution. */
typedef struct measure {
    pare_frame *f;
    const pare_group *g;
    uint32_t group;
    bool modelled;
    bool is_quantized; /* computed in integers between DequantizeLinear and
                                 QuantizeLinear */
    bool only_moves;   /* and passes integers on as they are: no requantizing */
    pare_arithmetic quantized_type;
    double macs, other_ops;           /* as the graph has them */
    double ops;                       /* as they are done */
    double ops_of[PARE_N_ARITHMETIC]; /* of these, by the type that the model asks for */
    pare_cost product;                /* of the node with most MACs; none: macs 0 */
    pare_node_id product_node;
    pare_work work;
    bool moves;      /* some node is no view */
    double launches; /* of kernels */
    pare_traffic traffic;
    double weight_bytes, input_bytes, output_bytes;
    const char *weight_type, *activation_type;
    pare_zeros zeros;
} measure;

static bool is_op(const pare_node *n, const char *name)
{
    return n->op_type && !*pare_node_domain(n) && !strcmp(n->op_type, name);
}

static const pare_node *node_at(const measure *m, pare_node_id id)
{
    return &m->f->est->model->nodes[id];
}

static bool is_inside(const measure *m, pare_value_id value)
{
    const pare_value *v = &m->f->est->model->values[value];
    return v->producer != PARE_NONE && v->graph == m->f->graph &&
           m->f->groups->of_node[v->producer] == m->group;
}

/* The DequantizeLinear through which a node of the group reads a value, when the group does it
 * itself: as a member, or on reading; NULL: it reads the value as it is. */
static const pare_node *dequantized_by(const measure *m, const pare_node *reader,
                                       pare_value_id value)
{
    const pare_node *dq = pare_frame_dequantize(m->f, value);
    if (!dq || is_inside(m, value)) return dq;
    const bool takes =
        reader == node_at(m, m->g->anchor) && pare_frame_takes_dequantize(m->f, m->g);
    return takes ? dq : NULL;
}

static pare_dtype dtype_of(const measure *m, pare_value_id value)
{
    return pare_shapes_of(m->f->est->shapes, value)->dtype;
}

static bool is_float_activation(const measure *m, pare_value_id value)
{
    return !m->f->est->values[value].is_const &&
           pare_dtype_of(dtype_of(m, value))->class == PARE_CLASS_FLOAT;
}

static pare_arithmetic wider(pare_arithmetic a, pare_arithmetic b)
{
    if (a >= PARE_N_ARITHMETIC) return b;
    if (b >= PARE_N_ARITHMETIC) return a;
    return pare_coef_type_bits(b) > pare_coef_type_bits(a) ? b : a;
}

static bool has_op(const measure *m, const char *name)
{
    for (uint32_t i = 0; i < m->g->n_nodes; i++)
        if (is_op(node_at(m, m->g->nodes[i]), name)) return true;
    return false;
}

static const pare_quant_op *quant_op(const measure *m, const pare_node *n)
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
static bool may_be_quantized(const measure *m, const pare_node *anchor)
{
    if (!m->f->est->e->target->rules.has_quant) return true;
    const pare_quant_op *op = quant_op(m, anchor);
    return op && op->role != PARE_QUANT_ABSORBED;
}

static bool takes_type(const measure *m, pare_value_id stored)
{
    const pare_target_rules *rules = &m->f->est->e->target->rules;
    const pare_target_quant *quant = &rules->quant;
    if (!rules->has_quant) return true;
    if (m->f->est->values[stored].is_const)
        return is_form(quant->weights, quant->n_weights, dtype_of(m, stored));
    return is_form(quant->activations, quant->n_activations, dtype_of(m, stored));
}

/* A group runs in integers when all that it reads comes from DequantizeLinear, and what it makes
 * goes into QuantizeLinear; products of matrices may also give floats. */
static void find_quantized(measure *m)
{
    const pare_node *anchor = node_at(m, m->g->anchor);
    const bool is_matmul = is_op(anchor, "MatMul") || is_op(anchor, "Gemm");
    bool any = false,
         weights = !is_matmul && !is_op(anchor, "Conv") && !is_op(anchor, "ConvTranspose");
    pare_arithmetic type = PARE_N_ARITHMETIC;
    if (!has_op(m, "QuantizeLinear") && !is_matmul) return;
    if (!may_be_quantized(m, anchor)) return;
    for (uint32_t i = 0; i < m->g->n_nodes; i++) {
        const pare_node *n = node_at(m, m->g->nodes[i]);
        if (is_op(n, "DequantizeLinear")) continue;
        for (uint32_t k = 0; k < n->n_inputs; k++) {
            const pare_value_id v = n->inputs[k].value;
            if (v == PARE_NONE) continue;
            const pare_node *dq = dequantized_by(m, n, v);
            if (!dq && !is_inside(m, v) && is_float_activation(m, v)) return;
            if (!dq) continue;
            if (n == anchor && k == 1) weights = true;
            if (n == anchor && k > 1 && m->f->est->values[dq->inputs[0].value].is_const)
                continue; /* a bias */
            if (!takes_type(m, dq->inputs[0].value)) return;
            any |= !m->f->est->values[dq->inputs[0].value].is_const;
            type = wider(type, pare_coef_type_of(dtype_of(m, dq->inputs[0].value)));
        }
    }
    m->is_quantized = any && weights && type < PARE_N_ARITHMETIC;
    const pare_quant_op *op = quant_op(m, anchor);
    m->only_moves = m->is_quantized && op && op->role == PARE_QUANT_MOVES;
    m->quantized_type = type;
}

/* --- operations ------------------------------------------------------------------------------- */

static pare_arithmetic asked_type(const measure *m, const pare_cost *c)
{
    if (m->is_quantized) return m->quantized_type;
    const pare_arithmetic w = pare_coef_type_of(c->mac_weight);
    const pare_arithmetic a = pare_coef_type_of(c->mac_activation);
    if (c->dequantized || w >= PARE_N_ARITHMETIC) return a;
    if (a >= PARE_N_ARITHMETIC) return w;
    const bool w_is_float = pare_dtype_of(c->mac_weight)->class == PARE_CLASS_FLOAT;
    const bool a_is_float = pare_dtype_of(c->mac_activation)->class == PARE_CLASS_FLOAT;
    if (w_is_float != a_is_float) return w_is_float ? w : a;
    return wider(w, a);
}

/* What part of a node's other operations is left to do once its group is fused. A batch norm behind
 * a product goes into its weights; in integers, bounds go into the range of the result, which is
 * requantized from the sums without ever having been a float. */
static double share_done(const measure *m, const pare_node *n)
{
    const bool is_chain = m->g->rule && m->g->rule->kind == PARE_FUSE_CHAIN;
    const bool is_anchor = n == node_at(m, m->g->anchor);
    if (is_chain && !is_anchor && is_op(n, "BatchNormalization")) return 0;
    if (!m->is_quantized) return 1;
    if (is_op(n, "DequantizeLinear")) return 0;
    if (is_op(n, "QuantizeLinear"))
        return m->only_moves ? 0 : (double)PARE_OPS_REQUANTIZE / PARE_OPS_QUANTIZE;
    return !is_anchor && (is_op(n, "Relu") || is_op(n, "Clip")) ? 0 : 1;
}

static void add_cost(measure *m, pare_node_id id, const pare_cost *c)
{
    const pare_node *n = node_at(m, id);
    const double ops = (double)c->other_ops * share_done(m, n);
    m->other_ops += (double)c->other_ops;
    if (m->is_quantized && is_op(n, "DequantizeLinear")) return;
    if (m->only_moves && is_op(n, "QuantizeLinear")) return;
    m->moves |= !c->is_view;
    m->macs += (double)c->macs;
    m->ops += ops;
    pare_arithmetic type = m->is_quantized ? m->quantized_type : pare_coef_type_of(c->other);
    if (type >= PARE_N_ARITHMETIC) type = asked_type(m, c);
    if (type < PARE_N_ARITHMETIC) m->ops_of[type] += ops;
    if (c->macs <= m->product.macs) return;
    m->product = *c;
    m->product_node = id;
    m->work = c->work;
}

/* Whether a group in float reads weights of few bits as they are (MatMulNBits and the like), or has
 * them dequantized into memory first, at every run. */
static bool dequantizes_apart(const measure *m)
{
    if (m->is_quantized || !m->f->est->e->target->rules.has_quant) return false;
    const pare_quant_op *op = quant_op(m, node_at(m, m->g->anchor));
    return !op || !op->weight_only;
}

/* The float form of a value that is dequantized into memory: written, read, and there meanwhile. */
static void add_float_form(measure *m, pare_value_id value, double elements)
{
    const pare_estimator *est = m->f->est;
    pare_operand o = { .value = value, .elements = elements };
    o.bytes = elements * est->bits[dtype_of(m, value)] / 8;
    while (o.home + 1 < est->hw->n_levels && o.bytes > est->usable[o.home]) o.home++;
    pare_traffic_add(est, &m->traffic, &o);
    pare_traffic_add(est, &m->traffic, &o);
    m->f->ram[m->group] += pare_count_of(o.bytes);
    m->launches++;
}

/* What a group of floats has to do with inputs of its anchor that come from DequantizeLinear: the
 * operations, where the node is not in the group and so was not counted, and the float form. */
static void add_dequantized(measure *m)
{
    const pare_node *anchor = node_at(m, m->g->anchor);
    for (uint32_t i = 0; !m->is_quantized && i < anchor->n_inputs; i++) {
        const pare_value_id v = anchor->inputs[i].value;
        if (v == PARE_NONE || !dequantized_by(m, anchor, v)) continue;
        const pare_operand o = pare_operand_read(m->f, m->group, v, -1);
        if (dequantizes_apart(m)) add_float_form(m, v, o.elements);
        if (is_inside(m, v)) continue;
        m->ops += PARE_OPS_DEQUANTIZE * o.elements;
        m->other_ops += PARE_OPS_DEQUANTIZE * o.elements;
        const pare_arithmetic type = pare_coef_type_of(dtype_of(m, v));
        if (type < PARE_N_ARITHMETIC) m->ops_of[type] += PARE_OPS_DEQUANTIZE * o.elements;
    }
}

/* --- traffic ---------------------------------------------------------------------------------- */

/* The value that is moved when the group reads this one. */
static pare_value_id stored_form(const measure *m, const pare_node *reader, pare_value_id value)
{
    const pare_node *dq = dequantized_by(m, reader, value);
    return dq && !is_inside(m, value) ? dq->inputs[0].value : value;
}

static bool was_read(const measure *m, uint32_t node, uint32_t slot, pare_value_id value)
{
    for (uint32_t i = 0; i <= node; i++) {
        const pare_node *n = node_at(m, m->g->nodes[i]);
        const uint32_t end = i == node ? slot : n->n_inputs;
        for (uint32_t k = 0; k < end; k++)
            if (n->inputs[k].value == value) return true;
    }
    return false;
}

static void note_type(const char **type, pare_dtype dtype)
{
    if (!*type && dtype != PARE_DTYPE_UNDEFINED) *type = pare_dtype_name(dtype);
}

static void read_input(measure *m, const pare_node *n, pare_value_id value, uint64_t share)
{
    const pare_value_id stored = stored_form(m, n, value);
    pare_operand o =
        pare_operand_read(m->f, m->group, stored, share == PARE_COST_ALL ? -1 : (double)share);
    if (o.is_const && m->zeros.credit && m->zeros.credit->weight_bytes > 0 && o.elements > 1 &&
        m->zeros.n == (uint64_t)o.elements)
        o.bytes *= m->zeros.credit->weight_bytes;
    pare_traffic_add(m->f->est, &m->traffic, &o);
    if (o.is_const) m->weight_bytes += o.bytes;
    else m->input_bytes += o.bytes;
    if (!o.is_const) note_type(&m->activation_type, dtype_of(m, stored));
}

/* Nodes of one group name few values; a node alone may name many (Concat), each one once. */
static void read_inputs(measure *m, uint32_t at, const pare_cost *c)
{
    const pare_node *n = node_at(m, m->g->nodes[at]);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        const uint64_t share = i < PARE_COST_OPERANDS ? c->read[i] : PARE_COST_ALL;
        if (v == PARE_NONE || is_inside(m, v) || c->is_view) continue;
        if (n->n_inputs <= PARE_MAX_GROUP_INPUTS && was_read(m, at, i, v)) continue;
        read_input(m, n, v, share);
    }
}

static void write_outputs(measure *m, uint32_t at, const pare_cost *c)
{
    const pare_node *n = node_at(m, m->g->nodes[at]);
    if (c->is_view || at + 1 < m->g->n_nodes) return;
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const uint64_t share = i < PARE_COST_OPERANDS ? c->written[i] : PARE_COST_ALL;
        if (n->outputs[i] == PARE_NONE) continue;
        const pare_operand o = pare_operand_write(m->f, m->group, n->outputs[i],
                                                  share == PARE_COST_ALL ? -1 : (double)share);
        pare_traffic_add(m->f->est, &m->traffic, &o);
        m->output_bytes += o.bytes;
        note_type(&m->activation_type, dtype_of(m, n->outputs[i]));
    }
}

/* Operands of the product, as they are stored; false: they are not known. */
static bool product_operands(const measure *m, pare_operand *w, pare_operand *i, pare_operand *o)
{
    const pare_node *n = node_at(m, m->product_node);
    uint32_t a, b;
    pare_product_slots(n, &a, &b);
    if (a >= n->n_inputs || b >= n->n_inputs || !m->g->n_outputs) return false;
    const pare_value_id va = n->inputs[a].value, vb = n->inputs[b].value;
    if (va == PARE_NONE || vb == PARE_NONE) return false;
    const pare_node *dq_a = dequantized_by(m, n, va), *dq_b = dequantized_by(m, n, vb);
    *i = pare_operand_read(m->f, m->group, dq_a ? dq_a->inputs[0].value : va, -1);
    *w = pare_operand_read(m->f, m->group, dq_b ? dq_b->inputs[0].value : vb, -1);
    *o = pare_operand_write(m->f, m->group, m->g->outputs[0], -1);
    return true;
}

/* Recurrent layers use their weights (inputs 1 and 2) at every step, and read them again where they
 * do not stay. */
static void add_steps(measure *m)
{
    enum { FIRST = 1, LAST = 2 };
    const pare_estimator *est = m->f->est;
    const pare_node *n = node_at(m, m->product_node);
    const pare_info *info = pare_shapes_of(est->shapes, n->inputs[FIRST].value);
    const bool is_known = pare_info_has_rank(info) && info->rank == 3 && info->dims[0].i > 1;
    const double directions = is_known ? (double)info->dims[0].i : 1;
    const double again = fmax((double)m->product.batch / directions - 1, 0);
    for (uint32_t i = FIRST; i <= LAST && i < n->n_inputs; i++) {
        if (n->inputs[i].value == PARE_NONE) continue;
        const pare_operand w = pare_operand_read(m->f, m->group, n->inputs[i].value, -1);
        pare_traffic_add_again(est, &m->traffic, &w, again);
    }
}

static pare_status add_product(measure *m)
{
    pare_operand w, i, o;
    if (!m->product.macs) return PARE_OK;
    if (!product_operands(m, &w, &i, &o)) return PARE_OK;
    note_type(&m->weight_type, dtype_of(m, w.value));
    if (m->work == PARE_WORK_RECURRENT) add_steps(m);
    else pare_traffic_add_product(m->f->est, &m->traffic, &m->product, &w, &i, &o);
    return PARE_OK;
}

static pare_status find_zeros(measure *m)
{
    if (!m->product.macs) return PARE_OK;
    const pare_node *n = node_at(m, m->product_node);
    uint32_t a, b;
    pare_product_slots(n, &a, &b);
    if (b >= n->n_inputs || n->inputs[b].value == PARE_NONE) return PARE_OK;
    const pare_node *dq = dequantized_by(m, n, n->inputs[b].value);
    const pare_value_id weight = dq ? dq->inputs[0].value : n->inputs[b].value;
    return pare_product_zeros(m->f->est, &m->zeros, n, weight, dq);
}

/* --- the layer -------------------------------------------------------------------------------- */

static uint8_t op_type(const measure *m)
{
    size_t most = PARE_N_ARITHMETIC;
    for (size_t t = 0; t < PARE_N_ARITHMETIC; t++)
        if (m->ops_of[t] > 0 && (most == PARE_N_ARITHMETIC || m->ops_of[t] > m->ops_of[most]))
            most = t;
    return most < PARE_N_ARITHMETIC ? m->f->est->e->coefs->alu_type[most] : PARE_N_ARITHMETIC;
}

/* The type that products are done in, noting where it is not the one that they ask for. */
static uint8_t mac_type(const measure *m)
{
    pare_estimator *est = m->f->est;
    if (!m->product.macs) return PARE_N_ARITHMETIC;
    const pare_arithmetic asked = asked_type(m, &m->product);
    if (asked >= PARE_N_ARITHMETIC) return PARE_N_ARITHMETIC;
    const uint8_t done = est->e->coefs->mac_type[asked];
    if (done == PARE_N_ARITHMETIC) est->n_unpriced++;
    else if (done != asked) est->changed_type[asked]++;
    return done;
}

static pare_status name_layer(pare_estimator *est, pare_estimate_layer *l, const pare_node *n)
{
    const pare_layer layer = { .node = l->node };
    const char *domain = pare_node_domain(n), *type = n->op_type ? n->op_type : "";
    char op[256];
    snprintf(op, sizeof(op), "%s%s%s", domain, *domain ? "." : "", type);
    l->name = pare_arena_str(&est->e->arena, pare_layer_name(est->model, &layer));
    l->op = pare_arena_str(&est->e->arena, op);
    return l->name && l->op ? PARE_OK : pare_arena_fail(est->ctx, &est->e->arena);
}

static void fill_layer(const measure *m, pare_estimate_layer *l, pare_layer_work *w)
{
    const double k = m->f->times / m->f->est->batch;
    const pare_sparsity_credit *credit = m->zeros.credit;
    const double skipped = credit ? m->zeros.skipped : 0;
    *l = (pare_estimate_layer){
        .node = m->g->anchor,
        .n_nodes = m->g->n_nodes,
        .depth = m->f->depth,
        .times = m->f->times,
        .work = m->work,
        .macs = pare_count_of(m->macs * k),
        .other_ops = pare_count_of(m->other_ops * k),
        .mac_type = mac_type(m),
        .op_type = op_type(m),
        .weight_type = m->weight_type,
        .activation_type = m->activation_type,
        .weight_bytes = pare_count_of(m->weight_bytes * k),
        .input_bytes = pare_count_of(m->input_bytes * k),
        .output_bytes = pare_count_of(m->output_bytes * k),
        .sparsity = m->zeros.n ? (double)m->zeros.zeros / (double)m->zeros.n : NAN,
        .ram_bytes = m->f->base_ram + m->f->ram[m->group],
        .modelled = m->modelled,
    };
    for (int s = 0; s < PARE_N_STORES; s++) l->bytes[s] = m->traffic.bytes[s] * k;
    *w = (pare_layer_work){
        .energy_macs = m->macs * k * (1 - skipped * (credit ? 1 - credit->mac_energy : 0)),
        .time_macs = m->macs * k * (1 - skipped * (credit ? 1 - credit->mac_time : 0)),
        .ops = m->ops * k,
        .launches = k * m->launches,
        .far_weight_bytes = m->traffic.far_weight_bytes * k,
    };
    if (credit) l->credit = credit->pattern;
}

/* Whether a layer computes in float although the target's runtime has integers only. */
static bool is_stray_float(const measure *m)
{
    const pare_target_rules *rules = &m->f->est->e->target->rules;
    if (!rules->has_quant || !rules->quant.full_integer || m->is_quantized) return false;
    for (size_t t = 0; t <= PARE_ARITH_FLOAT8; t++)
        if (m->ops_of[t] > 0) return true;
    return m->product.macs && asked_type(m, &m->product) <= PARE_ARITH_FLOAT8;
}

static pare_status push(measure *m)
{
    pare_estimator *est = m->f->est;
    est->n_floats += is_stray_float(m);
    pare_estimate *e = est->e;
    PARE_TRY(
        pare_grow(est->ctx, &e->layers, &est->layers_cap, e->n_layers + 1, sizeof(*e->layers)));
    PARE_TRY(
        pare_grow(est->ctx, &est->works, &est->works_cap, e->n_layers + 1, sizeof(*est->works)));
    pare_estimate_layer *l = &e->layers[e->n_layers];
    pare_layer_work *w = &est->works[e->n_layers];
    fill_layer(m, l, w);
    PARE_TRY(name_layer(est, l, node_at(m, m->g->anchor)));
    pare_price_layer(e, l, w);
    e->n_layers++;
    return PARE_OK;
}

static pare_status add_node(measure *m, uint32_t at, pare_cost *c)
{
    pare_estimator *est = m->f->est;
    const pare_node_id id = m->g->nodes[at];
    bool modelled = true;
    PARE_TRY(pare_cost_of(est->ctx, c, &modelled, est->model, id, est->shapes));
    if (!modelled) {
        const pare_layer layer = { .node = id };
        m->modelled = false;
        PARE_TRY(pare_estimate_unmodelled(est, node_at(m, id)->op_type,
                                          pare_layer_name(est->model, &layer)));
    }
    add_cost(m, id, c);
    return PARE_OK;
}

pare_status pare_layer_add(pare_frame *f, uint32_t group, pare_cost *cost)
{
    measure m = { .f = f,
                  .g = &f->groups->items[group],
                  .group = group,
                  .modelled = true,
                  .work = PARE_WORK_MOVE,
                  .launches = 1 };
    pare_cost costs[PARE_MAX_GROUP_NODES];
    find_quantized(&m);
    for (uint32_t i = 0; i < m.g->n_nodes; i++) {
        PARE_TRY(add_node(&m, i, &costs[i]));
        if (m.g->nodes[i] == m.g->anchor) *cost = costs[i];
    }
    if (!m.product.macs) m.work = cost->work;
    if (!m.moves) return PARE_OK;
    add_dequantized(&m);
    PARE_TRY(find_zeros(&m));
    for (uint32_t i = 0; i < m.g->n_nodes; i++) {
        read_inputs(&m, i, &costs[i]);
        write_outputs(&m, i, &costs[i]);
    }
    PARE_TRY(add_product(&m));
    return push(&m);
}
