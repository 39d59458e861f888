#include "quant/qoperator.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "pass/pass.h"

#include <math.h>
#include <string.h>

static const char ms_domain[] = "com.microsoft";

/* What stands behind a DequantizeLinear, or a QuantizeLinear writes. */
typedef struct quantized {
    pare_value_id codes, scale, zero;
} quantized;

typedef struct rewriter {
    pare_ctx *ctx;
    pare_model *model;
    const pare_placement *p;
    const pare_target_quant *rules;
    pare_qoperator_counts *counts;
    bool uses_ms;
} rewriter;

/* --- looking ---------------------------------------------------------------------------------- */

static bool read_quantized(const rewriter *r, pare_value_id v, quantized *out)
{
    const pare_model *m = r->model;
    const pare_node_id id = v == PARE_NONE ? PARE_NONE : m->values[v].producer;
    if (id == PARE_NONE || !pare_str_eq(m->nodes[id].op_type, "DequantizeLinear")) return false;
    const pare_node *dq = &m->nodes[id];
    if (dq->n_inputs < 3) return false;
    *out = (quantized){ dq->inputs[0].value, dq->inputs[1].value, dq->inputs[2].value };
    return true;
}

static pare_node_id only_reader(const rewriter *r, pare_value_id v)
{
    const pare_value *value = &r->model->values[v];
    return value->n_uses == 1 && value->first_use->graph == r->model->graph
               ? value->first_use->user
               : PARE_NONE;
}

static pare_place_role role_of(const rewriter *r, pare_node_id id)
{
    return id == PARE_NONE || id >= r->p->n_nodes ? PARE_PLACE_FLOAT
                                                  : (pare_place_role)r->p->roles[id];
}

static double scalar_of(const rewriter *r, pare_value_id v)
{
    pare_tensor *const from = v == PARE_NONE ? NULL : r->model->values[v].tensor;
    pare_tensor *t = NULL;
    double x = NAN;
    if (!from || from->n_elements != 1 || pare_tensor_densify(r->ctx, &t, from)) return x;
    if (t->dtype == PARE_FLOAT) x = (double)*(const float *)(const void *)t->payload.data;
    else if (t->dtype == PARE_UINT8) x = *t->payload.data;
    else if (t->dtype == PARE_INT8) x = *(const int8_t *)t->payload.data;
    pare_tensor_unref(t);
    return x;
}

/* What a number is rounded to, before the ends of the codes hold it. */
static double code_of(const rewriter *r, const quantized *q, double x)
{
    return nearbyint(x / scalar_of(r, q->scale)) + scalar_of(r, q->zero);
}

/* Whether what stands in front of a Q does no more than its range: its bounds are, once rounded,
 * the ends of the codes. */
static bool is_redundant(const rewriter *r, pare_node_id id, const quantized *to)
{
    const pare_node *n = &r->model->nodes[id];
    const pare_tensor *zero = r->model->values[to->zero].tensor;
    const bool is_signed = zero && zero->dtype == PARE_INT8;
    double least = -INFINITY, most = INFINITY;
    if (pare_str_eq(n->op_type, "Relu")) least = 0;
    else if (!pare_str_eq(n->op_type, "Clip")) return false;
    else {
        if (n->n_inputs > 1 && n->inputs[1].value != PARE_NONE)
            least = scalar_of(r, n->inputs[1].value);
        if (n->n_inputs > 2 && n->inputs[2].value != PARE_NONE)
            most = scalar_of(r, n->inputs[2].value);
    }
    return code_of(r, to, least) <= (is_signed ? INT8_MIN : 0) &&
           code_of(r, to, most) >= (is_signed ? INT8_MAX : UINT8_MAX);
}

/* What a node's output goes into. */
typedef struct written {
    bool has;                 /* false: its output stays in floats */
    quantized to;
    pare_node_id q;
} written;

/* Finds the Q behind a node, past what is absorbed; false where something in between matters. */
static bool find_written(const rewriter *r, pare_node_id id, written *out)
{
    pare_node_id between[8];
    size_t n = 0;
    pare_node_id next = only_reader(r, r->model->nodes[id].outputs[0]);
    *out = (written){ 0 };
    while (role_of(r, next) == PARE_PLACE_ABSORBED && n < 8) {
        between[n++] = next;
        next = only_reader(r, r->model->nodes[next].outputs[0]);
    }
    if (next == PARE_NONE || !pare_str_eq(r->model->nodes[next].op_type, "QuantizeLinear"))
        return n == 0;
    const pare_node *q = &r->model->nodes[next];
    out->has = true;
    out->q = next;
    out->to = (quantized){ q->outputs[0], q->inputs[1].value, q->inputs[2].value };
    for (size_t i = 0; i < n; i++)
        if (!is_redundant(r, between[i], &out->to)) return false;
    return true;
}

/* --- rewriting -------------------------------------------------------------------------------- */

/* Makes `node` the producer of what `old` gave: the Q's output, or the very value. */
static pare_status take_over(rewriter *r, pare_node_id node, pare_node_id old, const written *w)
{
    pare_model *const m = r->model;
    const pare_value_id y = w->has ? w->to.codes : m->nodes[old].outputs[0];
    const pare_value_id made = m->nodes[node].outputs[0];
    pare_value_detach(m, made);
    PARE_TRY(pare_value_remove(r->ctx, m, made));
    pare_value_detach(m, y);
    PARE_TRY(pare_node_set_output(r->ctx, m, node, 0, y));
    if (!w->has) return pare_node_remove(r->ctx, m, old);
    return pare_node_remove(r->ctx, m, w->q); /* the rest is dead code */
}

static bool keeps_attr(const char *becomes, const char *name)
{
    if (pare_str_eq(becomes, "QGemm")) return !pare_str_eq(name, "beta");
    if (pare_str_eq(becomes, "QLinearMatMul") || pare_str_eq(becomes, "MatMulIntegerToFloat"))
        return false;
    return !pare_str_eq(becomes, "QLinearAveragePool") || !pare_str_eq(name, "dilations");
}

/* One node with these inputs instead of `old`; becomes: "com.microsoft.QGemm". */
static pare_status replace(rewriter *r, pare_node_id old, const char *becomes,
                           const pare_value_id *inputs, uint32_t n_inputs, const written *w)
{
    const size_t n_domain = sizeof(ms_domain) - 1;
    const bool is_ms = !strncmp(becomes, ms_domain, n_domain) && becomes[n_domain] == '.';
    const char *const op = is_ms ? becomes + n_domain + 1 : becomes;
    pare_builder b;
    pare_builder_init(&b, r->ctx, r->model->graph);
    b.before = old;
    (void)pare_emit_n(&b, op, inputs, n_inputs, 1);
    if (is_ms) pare_build_domain(&b, ms_domain);
    for (uint32_t i = 0; !b.status && i < r->model->nodes[old].n_attrs; i++)
        if (keeps_attr(op, r->model->nodes[old].attrs[i]->name))
            pare_build_attr(&b, r->model->nodes[old].attrs[i]);
    if (pare_str_eq(op, "QLinearSoftmax"))
        pare_build_int(&b, "opset", pare_opset_version(&r->model->opsets, ""));
    if (b.status) return b.status;
    const char *const name = r->model->nodes[old].name;
    const pare_node_id made = b.last;
    if (name && *name) PARE_TRY(pare_node_set_name(r->ctx, r->model, made, name));
    r->uses_ms |= is_ms;
    r->counts->n_operators++;
    return take_over(r, made, old, w);
}

/* Adds to inputs what a value is behind its DQ, or nothing at all. */
static bool push(const rewriter *r, pare_value_id *inputs, uint32_t *n, pare_value_id v)
{
    quantized q;
    if (!read_quantized(r, v, &q)) return false;
    inputs[(*n)++] = q.codes;
    inputs[(*n)++] = q.scale;
    inputs[(*n)++] = q.zero;
    return true;
}

static void push_written(pare_value_id *inputs, uint32_t *n, const written *w)
{
    if (!w->has) return;
    inputs[(*n)++] = w->to.scale;
    inputs[(*n)++] = w->to.zero;
}

static pare_value_id input_of(const rewriter *r, pare_node_id id, uint32_t slot)
{
    const pare_node *n = &r->model->nodes[id];
    return slot < n->n_inputs ? n->inputs[slot].value : PARE_NONE;
}

/* Conv: x, w, y, bias. Gemm: x, w, bias, y. */
static bool product_inputs(const rewriter *r, pare_node_id id, const written *w,
                           pare_value_id *inputs, uint32_t *n)
{
    const bool is_conv = pare_str_eq(r->model->nodes[id].op_type, "Conv");
    const pare_value_id bias = input_of(r, id, 2);
    quantized codes = { PARE_NONE, PARE_NONE, PARE_NONE };
    if (!push(r, inputs, n, input_of(r, id, 0)) || !push(r, inputs, n, input_of(r, id, 1)))
        return false;
    if (bias != PARE_NONE && !read_quantized(r, bias, &codes)) return false;
    if (is_conv) push_written(inputs, n, w);
    if (bias != PARE_NONE || (!is_conv && w->has)) inputs[(*n)++] = codes.codes;
    if (!is_conv) push_written(inputs, n, w);
    return w->has || !is_conv;
}

/* A MatMul whose output stays in floats. */
static bool to_float_inputs(const rewriter *r, pare_node_id id, pare_value_id *inputs, uint32_t *n)
{
    quantized a, b;
    if (!read_quantized(r, input_of(r, id, 0), &a) || !read_quantized(r, input_of(r, id, 1), &b))
        return false;
    const pare_value_id all[] = { a.codes, b.codes, a.scale, b.scale, a.zero, b.zero };
    memcpy(inputs, all, sizeof(all));
    *n = 6;
    return true;
}

static bool has_dilations(const pare_node *n)
{
    const pare_attr *dilations = pare_node_attr(n, "dilations");
    for (size_t i = 0; dilations && i < dilations->n; i++)
        if (dilations->ints[i] != 1) return true;
    return false;
}

/* The inputs of what a node becomes; room for three times those that it has, and two. */
static bool collect(const rewriter *r, pare_node_id id, const written *w, const char **becomes,
                    pare_value_id *inputs, uint32_t *n)
{
    const pare_node *node = &r->model->nodes[id];
    const char *const op = node->op_type;
    if (pare_str_eq(op, "MatMul") && !w->has) {
        *becomes = "com.microsoft.MatMulIntegerToFloat";
        return to_float_inputs(r, id, inputs, n);
    }
    if (pare_str_eq(op, "Conv") || pare_str_eq(op, "Gemm"))
        return product_inputs(r, id, w, inputs, n);
    if (!w->has || (pare_str_eq(op, "AveragePool") && has_dilations(node))) return false;
    const bool is_concat = pare_str_eq(op, "Concat"), is_where = pare_str_eq(op, "Where");
    if (is_concat) push_written(inputs, n, w);
    if (is_where) inputs[(*n)++] = input_of(r, id, 0);
    for (uint32_t i = is_where; i < node->n_inputs; i++)
        if (!push(r, inputs, n, node->inputs[i].value)) return false;
    if (!is_concat) push_written(inputs, n, w);
    return true;
}

static const pare_quant_op *rule_of(const rewriter *r, const pare_node *n)
{
    for (size_t i = 0; i < r->rules->n_ops; i++)
        if (!*pare_node_domain(n) && pare_str_eq(r->rules->ops[i].op, n->op_type))
            return &r->rules->ops[i];
    return NULL;
}

static pare_status rewrite_operator(rewriter *r, pare_node_id id, const written *w)
{
    const pare_node *node = &r->model->nodes[id];
    const pare_quant_op *rule = rule_of(r, node);
    const char *becomes = rule ? rule->becomes : NULL;
    const size_t n_bytes = (3 * (size_t)node->n_inputs + 3) * sizeof(pare_value_id);
    pare_value_id *inputs = pare_alloc(r->ctx, n_bytes);
    uint32_t n = 0;
    if (!inputs) return pare_fail_memory(r->ctx, n_bytes);
    pare_status st = PARE_OK;
    if (becomes && collect(r, id, w, &becomes, inputs, &n))
        st = replace(r, id, becomes, inputs, n, w);
    else r->counts->n_kept++;
    pare_free(r->ctx, inputs);
    return st;
}

/* A node that hands integers on reads and gives them itself. */
static pare_status rewrite_move(rewriter *r, pare_node_id id, const written *w)
{
    quantized x;
    if (!w->has || !read_quantized(r, input_of(r, id, 0), &x)) {
        r->counts->n_kept++;
        return PARE_OK;
    }
    pare_model *const m = r->model;
    const pare_value_id raw = m->nodes[id].outputs[0];
    PARE_TRY(pare_node_set_input(r->ctx, m, id, 0, x.codes));
    pare_value_detach(m, w->to.codes);
    PARE_TRY(pare_node_remove(r->ctx, m, w->q));
    pare_value_detach(m, raw);
    PARE_TRY(pare_value_remove(r->ctx, m, raw));
    r->counts->n_moved++;
    return pare_node_set_output(r->ctx, m, id, 0, w->to.codes);
}

static pare_status rewrite(rewriter *r, pare_node_id id)
{
    written w;
    const pare_place_role role = role_of(r, id);
    if (role == PARE_PLACE_FLOAT || role == PARE_PLACE_ABSORBED || !r->model->nodes[id].graph)
        return PARE_OK;
    if (!find_written(r, id, &w)) {
        r->counts->n_kept++;
        return PARE_OK;
    }
    return role == PARE_PLACE_MOVE ? rewrite_move(r, id, &w) : rewrite_operator(r, id, &w);
}

pare_status pare_write_qoperator(pare_ctx *ctx, pare_model *model,
                                 const pare_placement *placement, const pare_target_rules *rules,
                                 pare_qoperator_counts *counts)
{
    rewriter r = { ctx, model, placement, &rules->quant, counts, false };
    pare_pass_stats stats = { 0 };
    *counts = (pare_qoperator_counts){ 0 };
    for (pare_node_id id = 0; id < placement->n_nodes; id++) PARE_TRY(rewrite(&r, id));
    if (r.uses_ms && !pare_opset_version(&model->opsets, ms_domain))
        PARE_TRY(pare_opsets_add(ctx, model, &model->opsets, ms_domain, 1, NULL));
    return pare_pass_run(ctx, model, pare_pass_find("dead-code"), NULL, &stats);
}
