#include "energy/measure.h"
#include "op/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- operations ------------------------------------------------------------------------------- */

static pare_arithmetic asked_type(const pare_measure *m, const pare_cost *c)
{
    if (m->is_quantized) return m->quantized_type;
    const pare_arithmetic w = pare_coef_type_of(c->mac_weight);
    const pare_arithmetic a = pare_coef_type_of(c->mac_activation);
    if (c->dequantized || w >= PARE_N_ARITHMETIC) return a;
    if (a >= PARE_N_ARITHMETIC) return w;
    const bool w_is_float = pare_dtype_of(c->mac_weight)->class == PARE_CLASS_FLOAT;
    const bool a_is_float = pare_dtype_of(c->mac_activation)->class == PARE_CLASS_FLOAT;
    if (w_is_float != a_is_float) return w_is_float ? w : a;
    return pare_arithmetic_wider(w, a);
}

static void add_cost(pare_measure *m, pare_node_id id, const pare_cost *c)
{
    const pare_node *n = pare_measure_node(m, id);
    const double ops = (double)c->other_ops * pare_measure_share_done(m, n);
    m->other_ops += (double)c->other_ops;
    if (m->is_quantized && pare_is_op(n, "DequantizeLinear")) return;
    if (m->only_moves && pare_is_op(n, "QuantizeLinear")) return;
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

/* --- traffic ---------------------------------------------------------------------------------- */

/* The value that is moved when the group reads this one. */
static pare_value_id stored_form(const pare_measure *m, const pare_node *reader,
                                 pare_value_id value)
{
    const pare_node *dq = pare_measure_dequantized_by(m, reader, value);
    return dq && !pare_measure_is_inside(m, value) ? dq->inputs[0].value : value;
}

static bool was_read(const pare_measure *m, uint32_t node, uint32_t slot, pare_value_id value)
{
    for (uint32_t i = 0; i <= node; i++) {
        const pare_node *n = pare_measure_node(m, m->g->nodes[i]);
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

static void read_input(pare_measure *m, const pare_node *n, pare_value_id value, uint64_t share)
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
    if (!o.is_const) note_type(&m->activation_type, pare_measure_dtype(m, stored));
}

/* Nodes of one group name few values; a node alone may name many (Concat), each one once. */
static void read_inputs(pare_measure *m, uint32_t at, const pare_cost *c)
{
    const pare_node *n = pare_measure_node(m, m->g->nodes[at]);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        const uint64_t share = i < PARE_COST_OPERANDS ? c->read[i] : PARE_COST_ALL;
        if (v == PARE_NONE || pare_measure_is_inside(m, v) || c->is_view) continue;
        if (n->n_inputs <= PARE_MAX_GROUP_INPUTS && was_read(m, at, i, v)) continue;
        read_input(m, n, v, share);
    }
}

static void write_outputs(pare_measure *m, uint32_t at, const pare_cost *c)
{
    const pare_node *n = pare_measure_node(m, m->g->nodes[at]);
    if (c->is_view || at + 1 < m->g->n_nodes) return;
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const uint64_t share = i < PARE_COST_OPERANDS ? c->written[i] : PARE_COST_ALL;
        if (n->outputs[i] == PARE_NONE) continue;
        const pare_operand o = pare_operand_write(m->f, m->group, n->outputs[i],
                                                  share == PARE_COST_ALL ? -1 : (double)share);
        pare_traffic_add(m->f->est, &m->traffic, &o);
        m->output_bytes += o.bytes;
        note_type(&m->activation_type, pare_measure_dtype(m, n->outputs[i]));
    }
}

/* Operands of the product, as they are stored; false: they are not known. */
static bool product_operands(const pare_measure *m, pare_operand *w, pare_operand *i,
                             pare_operand *o)
{
    const pare_node *n = pare_measure_node(m, m->product_node);
    uint32_t a, b;
    pare_product_slots(n, &a, &b);
    if (a >= n->n_inputs || b >= n->n_inputs || !m->g->n_outputs) return false;
    const pare_value_id va = n->inputs[a].value, vb = n->inputs[b].value;
    if (va == PARE_NONE || vb == PARE_NONE) return false;
    const pare_node *dq_a = pare_measure_dequantized_by(m, n, va),
                    *dq_b = pare_measure_dequantized_by(m, n, vb);
    *i = pare_operand_read(m->f, m->group, dq_a ? dq_a->inputs[0].value : va, -1);
    *w = pare_operand_read(m->f, m->group, dq_b ? dq_b->inputs[0].value : vb, -1);
    *o = pare_operand_write(m->f, m->group, m->g->outputs[0], -1);
    return true;
}

/* Recurrent layers use their weights (inputs 1 and 2) at every step, and read them again where they
 * do not stay. */
static void add_steps(pare_measure *m)
{
    enum { FIRST = 1, LAST = 2 };
    const pare_estimator *est = m->f->est;
    const pare_node *n = pare_measure_node(m, m->product_node);
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

static pare_status add_product(pare_measure *m)
{
    pare_operand w, i, o;
    if (!m->product.macs) return PARE_OK;
    if (!product_operands(m, &w, &i, &o)) return PARE_OK;
    note_type(&m->weight_type, pare_measure_dtype(m, w.value));
    if (m->work == PARE_WORK_RECURRENT) add_steps(m);
    else pare_traffic_add_product(m->f->est, &m->traffic, &m->product, &w, &i, &o);
    return PARE_OK;
}

static pare_status find_zeros(pare_measure *m)
{
    if (!m->product.macs) return PARE_OK;
    const pare_node *n = pare_measure_node(m, m->product_node);
    uint32_t a, b;
    pare_product_slots(n, &a, &b);
    if (b >= n->n_inputs || n->inputs[b].value == PARE_NONE) return PARE_OK;
    const pare_node *dq = pare_measure_dequantized_by(m, n, n->inputs[b].value);
    const pare_value_id weight = dq ? dq->inputs[0].value : n->inputs[b].value;
    return pare_product_zeros(m->f->est, &m->zeros, n, weight, dq);
}

/* --- the layer -------------------------------------------------------------------------------- */

static uint8_t op_type(const pare_measure *m)
{
    size_t most = PARE_N_ARITHMETIC;
    for (size_t t = 0; t < PARE_N_ARITHMETIC; t++)
        if (m->ops_of[t] > 0 && (most == PARE_N_ARITHMETIC || m->ops_of[t] > m->ops_of[most]))
            most = t;
    return most < PARE_N_ARITHMETIC ? m->f->est->e->coefs->alu_type[most] : PARE_N_ARITHMETIC;
}

/* The type that products are done in, noting where it is not the one that they ask for. */
static uint8_t mac_type(const pare_measure *m)
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

static void fill_layer(const pare_measure *m, pare_estimate_layer *l, pare_layer_work *w)
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
static bool is_stray_float(const pare_measure *m)
{
    const pare_target_rules *rules = &m->f->est->e->target->rules;
    if (!rules->has_quant || !rules->quant.full_integer || m->is_quantized) return false;
    for (size_t t = 0; t <= PARE_ARITH_FLOAT8; t++)
        if (m->ops_of[t] > 0) return true;
    return m->product.macs && asked_type(m, &m->product) <= PARE_ARITH_FLOAT8;
}

static pare_status push(pare_measure *m)
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
    PARE_TRY(name_layer(est, l, pare_measure_node(m, m->g->anchor)));
    pare_price_layer(e, l, w);
    e->n_layers++;
    return PARE_OK;
}

static pare_status add_node(pare_measure *m, uint32_t at, pare_cost *c)
{
    pare_estimator *est = m->f->est;
    const pare_node_id id = m->g->nodes[at];
    bool modelled = true;
    PARE_TRY(pare_cost_of(est->ctx, c, &modelled, est->model, id, est->shapes));
    if (!modelled) {
        const pare_layer layer = { .node = id };
        m->modelled = false;
        PARE_TRY(pare_estimate_unmodelled(est, pare_measure_node(m, id)->op_type,
                                          pare_layer_name(est->model, &layer)));
    }
    add_cost(m, id, c);
    return PARE_OK;
}

pare_status pare_layer_add(pare_frame *f, uint32_t group, pare_cost *cost)
{
    pare_measure m = { .f = f,
                       .g = &f->groups->items[group],
                       .group = group,
                       .modelled = true,
                       .work = PARE_WORK_MOVE,
                       .launches = 1 };
    pare_cost costs[PARE_MAX_GROUP_NODES];
    pare_measure_find_quantized(&m);
    for (uint32_t i = 0; i < m.g->n_nodes; i++) {
        PARE_TRY(add_node(&m, i, &costs[i]));
        if (m.g->nodes[i] == m.g->anchor) *cost = costs[i];
    }
    if (!m.product.macs) m.work = cost->work;
    if (!m.moves) return PARE_OK;
    pare_measure_add_dequantized(&m);
    PARE_TRY(find_zeros(&m));
    for (uint32_t i = 0; i < m.g->n_nodes; i++) {
        read_inputs(&m, i, &costs[i]);
        write_outputs(&m, i, &costs[i]);
    }
    PARE_TRY(add_product(&m));
    return push(&m);
}
