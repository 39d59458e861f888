#include "base/bytes.h"
#include "ir/order.h"
#include "op/op.h"
#include "quant/oracle_job.h"

#include <math.h>
#include <string.h>

/* What runtimes do to a graph on loading before they look for groups: each rewrite walks the nodes
 * once in an order that holds before it; all are repeated until none finds anything, as the peer
 * does, ROUNDS times at the most. */
enum { ROUNDS = 10, MAX_EQUALS_LOOKED_AT = 256, MAX_CHAIN = 64 };

typedef pare_status rewrite_fn(oracle_job *job, pare_node_id node);

static pare_status each_node(oracle_job *job, rewrite_fn *rewrite)
{
    pare_node_id *order = NULL;
    const uint32_t n = job->model->graph->n_nodes;
    pare_status st = pare_graph_order(job->ctx, &order, job->model->graph);
    for (uint32_t i = 0; !st && i < n; i++)
        if (pare_oracle_node(job, order[i])->graph) st = rewrite(job, order[i]);
    pare_free(job->ctx, order);
    return st;
}

static bool known_dim(const pare_info *info, uint32_t i, int64_t *out)
{
    if (info->dims[i].kind != PARE_NUM_INT) return false;
    *out = info->dims[i].i;
    return true;
}

/* --- nodes that do nothing -------------------------------------------------------------------- */

static bool same_shape(const pare_info *a, const pare_info *b)
{
    if (!a || !b || a->rank != b->rank) return false;
    for (uint32_t i = 0; i < a->rank; i++) {
        const pare_num x = a->dims[i], y = b->dims[i];
        if (x.kind != y.kind || x.kind == PARE_NUM_UNKNOWN) return false;
        if (x.kind == PARE_NUM_INT ? x.i != y.i : x.expr != y.expr) return false;
    }
    return true;
}

/* What gives its first input. */
static bool does_nothing(const oracle_job *job, const pare_node *n)
{
    if (pare_oracle_is(n, "Identity")) return true;
    if (pare_oracle_is(n, "Dropout"))
        return (n->n_outputs < 2 || n->outputs[1] == PARE_NONE) &&
               pare_oracle_in(n, 2) == PARE_NONE;
    if (pare_oracle_is(n, "Cast"))
        return n->n_inputs && n->inputs[0].value != PARE_NONE &&
               job->dtypes[n->inputs[0].value] == pare_oracle_attr_int(n, "to", -1);
    return pare_oracle_is(n, "Expand") && n->n_inputs == 2 &&
           pare_oracle_tensor(job, n->inputs[1].value) &&
           same_shape(pare_oracle_shape(job, n->inputs[0].value),
                      pare_oracle_shape(job, n->outputs[0]));
}

static pare_status drop_nothing(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    if (!does_nothing(job, n)) return PARE_OK;
    if (pare_oracle_readers_of_node(job, n).goes_out || pare_oracle_in(n, 0) == PARE_NONE)
        return PARE_OK;
    if (job->marks[node].runs == PARE_RUNS_CONSTANT) return PARE_OK;
    return pare_oracle_bypass(job, node, "does nothing");
}

static bool is_reshape(const pare_node *n)
{
    return pare_oracle_is(n, "Reshape") || pare_oracle_is(n, "Squeeze") ||
           pare_oracle_is(n, "Unsqueeze");
}

/* What changes a shape behind a Reshape goes into that. */
static pare_status merge_reshapes(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    int64_t dim;
    if (!is_reshape(n) || pare_oracle_in(n, 0) == PARE_NONE) return PARE_OK;
    const pare_node_id before = pare_oracle_maker(job, n->inputs[0].value);
    const oracle_readers r = pare_oracle_readers_of(job, n->inputs[0].value);
    const pare_info *shape = pare_oracle_shape(job, n->outputs[0]);
    if (before == PARE_NONE || !pare_oracle_is(pare_oracle_node(job, before), "Reshape") ||
        r.n != 1 || r.goes_out || r.n_nested || !shape ||
        pare_oracle_readers_of_node(job, n).goes_out)
        return PARE_OK;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (!known_dim(shape, i, &dim)) return PARE_OK;
    return pare_oracle_bypass(job, node, "goes into the Reshape before it");
}

/* --- merge-equal ------------------------------------------------------------------------------ */

static bool same_attr(const pare_attr *a, const pare_attr *b)
{
    if (!pare_str_eq(a->name, b->name) || a->type != b->type || a->n != b->n) return false;
    switch (a->type) {
    case PARE_ATTR_FLOAT:
    case PARE_ATTR_FLOATS:
        return !memcmp(a->floats, b->floats, a->n * sizeof(float));
    case PARE_ATTR_INT:
    case PARE_ATTR_INTS:
        return !memcmp(a->ints, b->ints, a->n * sizeof(int64_t));
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS:
        for (uint32_t i = 0; i < a->n; i++)
            if (a->strings[i].n != b->strings[i].n ||
                memcmp(a->strings[i].data, b->strings[i].data, a->strings[i].n))
                return false;
        return true;
    default:
        return false;
    }
}

/* Constants of one element are shared by value where they are wide enough for it. */
static bool same_value(const oracle_job *job, pare_value_id a, pare_value_id b)
{
    if (a == b) return true;
    if (a == PARE_NONE || b == PARE_NONE) return false;
    const pare_tensor *x = pare_oracle_tensor(job, a), *y = pare_oracle_tensor(job, b);
    double p, q;
    if (!x || !y || x->n_elements != 1 || y->n_elements != 1 || x->rank != y->rank) return false;
    if (x->dtype != y->dtype || pare_dtype_of(x->dtype)->bits < 16) return false;
    return pare_oracle_number(job, a, 0, &p) && pare_oracle_number(job, b, 0, &q) && p == q;
}

static bool computes_same(const oracle_job *job, const pare_node *a, const pare_node *b)
{
    if (!pare_str_eq(a->op_type, b->op_type) || a->n_inputs != b->n_inputs ||
        a->n_outputs != b->n_outputs || a->n_attrs != b->n_attrs ||
        strcmp(pare_node_domain(a), pare_node_domain(b)) != 0)
        return false;
    for (uint32_t i = 0; i < a->n_inputs; i++)
        if (!same_value(job, a->inputs[i].value, b->inputs[i].value)) return false;
    for (uint32_t i = 0; i < a->n_attrs; i++)
        if (!same_attr(a->attrs[i], b->attrs[i])) return false;
    for (uint32_t i = 0; i < a->n_outputs; i++)
        if ((a->outputs[i] == PARE_NONE) != (b->outputs[i] == PARE_NONE)) return false;
    return true;
}

/* Removes the node when an earlier one that reads the same computes the same. */
static pare_status merge_equal(oracle_job *job, pare_node_id node)
{
    pare_node *n = pare_oracle_node(job, node);
    int looked = 0;
    if (pare_oracle_in(n, 0) == PARE_NONE || pare_oracle_readers_of_node(job, n).goes_out ||
        pare_node_is_random(n) || pare_oracle_is_dq(n))
        return PARE_OK;
    const pare_use *use = job->model->values[n->inputs[0].value].first_use;
    for (; use && looked < MAX_EQUALS_LOOKED_AT; use = use->next, looked++) {
        if (use->user == node) return PARE_OK; /* the first of them */
        if (use->user == PARE_NONE || use->graph != job->model->graph || use->slot) continue;
        const pare_node *other = pare_oracle_node(job, use->user);
        if (!computes_same(job, n, other)) continue;
        job->marks[node] = (oracle_mark){ PARE_RUNS_GONE, NULL,
                                          pare_oracle_say(job, "is the same as %s",
                                                          pare_str_or_empty(other->name)) };
        job->changed = true;
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i] != PARE_NONE)
                PARE_TRY(pare_value_replace_uses(job->ctx, job->model, n->outputs[i],
                                                 other->outputs[i]));
        return pare_node_remove(job->ctx, job->model, node);
    }
    return PARE_OK;
}

/* --- double-pairs ----------------------------------------------------------------------------- */

/* A constant of one element that reads as `value`. */
static pare_status add_scalar(oracle_job *job, pare_value_id *out, pare_dtype dtype,
                              const void *value)
{
    pare_tensor *t = NULL;
    PARE_TRY(pare_value_derive(job->ctx, out, job->model->graph, "oracle"));
    PARE_TRY(pare_tensor_from(job->ctx, &t, dtype, 0, NULL, value));
    pare_status st = pare_value_set_tensor(job->ctx, job->model, *out, t);
    pare_tensor_unref(t);
    if (!st) st = pare_oracle_reserve(job);
    if (st) return st;
    job->dtypes[*out] = (uint8_t)dtype;
    job->constant[*out] = true;
    return PARE_OK;
}

/* Constants of the grid that covers what two grids have in common. */
static pare_status intersect(oracle_job *job, pare_value_id out[2], pare_dtype type,
                             const oracle_grid *a, const oracle_grid *b)
{
    int32_t min, max;
    pare_oracle_codes(type, &min, &max);
    const float low = fmaxf((float)(min - a->zero) * a->scale, (float)(min - b->zero) * b->scale);
    const float high = fminf((float)(max - a->zero) * a->scale, (float)(max - b->zero) * b->scale);
    const float step = (high - low) / (float)(max - min);
    const float at = roundf((float)min - low / step);
    const uint8_t code = (uint8_t)(int32_t)(at >= (float)min && at <= (float)max ? at : (float)min);
    PARE_TRY(add_scalar(job, &out[0], PARE_FLOAT, &step));
    return add_scalar(job, &out[1], type, &code);
}

/* Whether nothing but DQ of the same grid reads a Q. */
static bool goes_to_dq(const oracle_job *job, const pare_node *q)
{
    const oracle_readers r = pare_oracle_readers_of_node(job, q);
    if (!r.n || r.goes_out || r.n_nested) return false;
    for (const pare_use *use = job->model->values[q->outputs[0]].first_use; use; use = use->next) {
        const pare_node *dq = pare_oracle_node(job, use->user);
        if (!pare_oracle_is_dq(dq) || !pare_oracle_same_grid(job, q, dq)) return false;
    }
    return true;
}

/* Q, DQ, Q, DQ in a row: the DQ and Q in the middle go, the outer ones get a grid of both. */
static pare_status drop_double(oracle_job *job, pare_node_id node)
{
    pare_model *m = job->model;
    const pare_node *self = pare_oracle_node(job, node);
    if (!pare_oracle_is_dq(self)) return PARE_OK;
    const oracle_readers after = pare_oracle_readers_of_node(job, self);
    const pare_value_id codes = self->inputs[0].value;
    const pare_node_id before = pare_oracle_maker(job, codes), q = after.first;
    if (before == PARE_NONE || after.n != 1 || after.n_q != 1 || after.goes_out || after.n_nested)
        return PARE_OK;
    const pare_node *parent = pare_oracle_node(job, before), *child = pare_oracle_node(job, q);
    const pare_dtype type = (pare_dtype)job->dtypes[codes];
    const pare_value_id made = child->outputs[0];
    if (!pare_oracle_is_q(parent) || pare_oracle_readers_of_node(job, parent).n != 1 ||
        !goes_to_dq(job, parent) || !goes_to_dq(job, child) ||
        (type != PARE_UINT8 && type != PARE_INT8) || job->dtypes[made] != (uint8_t)type)
        return PARE_OK;
    const oracle_grid a = pare_oracle_grid_of(job, self), b = pare_oracle_grid_of(job, child);
    job->marks[node] = job->marks[q] =
        (oracle_mark){ PARE_RUNS_GONE, NULL, "stands between Q and DQ of others" };
    job->changed = true;
    if (a.scale != b.scale || a.zero != b.zero) {
        pare_value_id grid[2];
        PARE_TRY(intersect(job, grid, type, &a, &b));
        for (uint32_t slot = 1; slot < 3; slot++) {
            PARE_TRY(pare_node_set_input(job->ctx, m, before, slot, grid[slot - 1]));
            for (const pare_use *use = m->values[made].first_use; use; use = use->next)
                PARE_TRY(pare_node_set_input(job->ctx, m, use->user, slot, grid[slot - 1]));
        }
    }
    PARE_TRY(pare_value_replace_uses(job->ctx, m, made, codes));
    PARE_TRY(pare_node_remove(job->ctx, m, q));
    return pare_node_remove(job->ctx, m, node);
}

/* --- add-into-gemm ---------------------------------------------------------------------------- */

static bool is_bias(const pare_info *bias, const pare_info *a, int64_t n)
{
    int64_t d = 0, e = 0, m = 0;
    if (bias->rank == 1) return known_dim(bias, 0, &d) && d == n;
    if (bias->rank != 2 || a->rank != 2 || !known_dim(bias, 0, &d) || !known_dim(bias, 1, &e))
        return false;
    if (d == 1) return e == n;
    return known_dim(a, 0, &m) && d == m && (e == 1 || e == n);
}

/* A Reshape that makes matrices of what goes in, or the old shape of what comes out. */
static pare_status add_reshape(oracle_job *job, pare_node_id gemm, bool behind)
{
    pare_model *m = job->model;
    const pare_node_spec spec = { .op_type = "Reshape",
                                  .n_inputs = 2,
                                  .n_outputs = 1,
                                  .before = behind ? m->nodes[gemm].next : gemm };
    const pare_value_id at = behind ? m->nodes[gemm].outputs[0] : m->nodes[gemm].inputs[0].value;
    pare_value_id made;
    pare_node_id node;
    PARE_TRY(pare_value_derive(job->ctx, &made, m->graph, "oracle"));
    PARE_TRY(pare_node_new(job->ctx, &node, m->graph, &spec));
    PARE_TRY(pare_oracle_reserve(job));
    job->dtypes[made] = PARE_FLOAT;
    if (behind) {
        pare_value_detach(m, at);
        PARE_TRY(pare_node_set_output(job->ctx, m, gemm, 0, made));
        PARE_TRY(pare_node_set_input(job->ctx, m, node, 0, made));
        return pare_node_set_output(job->ctx, m, node, 0, at);
    }
    PARE_TRY(pare_node_set_input(job->ctx, m, node, 0, at));
    PARE_TRY(pare_node_set_output(job->ctx, m, node, 0, made));
    return pare_node_set_input(job->ctx, m, gemm, 0, made);
}

/* Whether the input is what attention makes: Softmax, MatMul, Transpose, Reshape before it. */
static bool follows_attention(const oracle_job *job, const pare_node *n)
{
    static const char *const row[] = { "Reshape", "Transpose", "MatMul", "Softmax" };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        const pare_node_id before = pare_oracle_maker(job, pare_oracle_in(n, 0));
        if (before == PARE_NONE || !pare_oracle_is(pare_oracle_node(job, before), row[i]))
            return false;
        n = pare_oracle_node(job, before);
    }
    return true;
}

static pare_status merge_add(oracle_job *job, pare_node_id node)
{
    pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is(n, "MatMul")) return PARE_OK;
    const oracle_readers after = pare_oracle_readers_of_node(job, n);
    if (after.n != 1 || after.goes_out || after.n_nested) return PARE_OK;
    const pare_node *add = pare_oracle_node(job, after.first);
    const pare_info *a = pare_oracle_shape(job, pare_oracle_in(n, 0)),
                    *b = pare_oracle_shape(job, pare_oracle_in(n, 1));
    int64_t width, d;
    if (!pare_oracle_is(add, "Add") || !a || !b || b->rank != 2 || !known_dim(b, 1, &width))
        return PARE_OK;
    const uint32_t slot = pare_oracle_in(add, 0) == n->outputs[0] ? 1 : 0;
    const pare_value_id bias = pare_oracle_in(add, slot);
    if (bias == PARE_NONE || !pare_oracle_shape(job, bias) ||
        !is_bias(pare_oracle_shape(job, bias), a, width))
        return PARE_OK;
    const pare_dtype type = (pare_dtype)job->dtypes[n->inputs[0].value];
    if (type != PARE_FLOAT && type != PARE_FLOAT16 && type != PARE_BFLOAT16) return PARE_OK;
    const bool reshapes = a->rank != 2;
    for (uint32_t i = 0; reshapes && i < a->rank; i++)
        if (!known_dim(a, i, &d)) return PARE_OK;
    if (reshapes && follows_attention(job, n)) return PARE_OK;

    const pare_node_id gone = after.first;
    const pare_value_id made = add->outputs[0];
    job->marks[gone] =
        (oracle_mark){ PARE_RUNS_GONE, NULL,
                       pare_oracle_say(job, "is the bias of %s", pare_str_or_empty(n->name)) };
    job->changed = true;
    PARE_TRY(pare_node_set_op(job->ctx, job->model, node, "Gemm", NULL));
    PARE_TRY(pare_node_resize_inputs(job->ctx, job->model, node, 3));
    PARE_TRY(pare_node_set_input(job->ctx, job->model, node, 2, bias));
    PARE_TRY(pare_value_replace_uses(job->ctx, job->model, made, n->outputs[0]));
    PARE_TRY(pare_node_remove(job->ctx, job->model, gone));
    if (!reshapes) return PARE_OK;
    PARE_TRY(add_reshape(job, node, false));
    return add_reshape(job, node, true);
}

/* --- propagate -------------------------------------------------------------------------------- */

static bool propagates(const oracle_job *job, const pare_node *n)
{
    if (!pare_oracle_is_any(n, job->quant->propagates, job->quant->n_propagates)) return false;
    const int64_t opset = pare_opset_version(&job->model->opsets, pare_node_domain(n));
    for (size_t i = 0; i < job->quant->n_groups; i++) {
        const pare_quant_group *g = &job->quant->groups[i];
        if (pare_oracle_is_any(n, g->ops, g->n_ops)) return opset >= g->since;
    }
    return true;
}

static bool may_spread(const oracle_job *job, const pare_node *n)
{
    const oracle_grid g = pare_oracle_grid_of(job, n);
    return g.is_scalar && (!g.has_zero || g.zero_is_scalar);
}

/* A Q of `like`'s grid behind what makes a value, and a DQ of its own in front of each reader, or
 * of one of them alone. */
static pare_status put_pair(oracle_job *job, const pare_node *like, pare_dtype type,
                            pare_value_id value, pare_node_id only)
{
    pare_model *m = job->model;
    const pare_node_id maker = m->values[value].producer;
    pare_value_id q, y;
    PARE_TRY(pare_oracle_add(job, &q, "QuantizeLinear", like, value,
                             maker == PARE_NONE ? m->graph->first_node : m->nodes[maker].next,
                             type));
    if (pare_oracle_readers_of(job, value).goes_out && only == PARE_NONE) {
        const pare_node_id quantizer = m->values[q].producer;
        PARE_TRY(pare_oracle_add(job, &y, "DequantizeLinear", like, q, PARE_NONE, PARE_FLOAT));
        PARE_TRY(pare_value_replace_uses(job->ctx, m, value, y));
        return pare_node_set_input(job->ctx, m, quantizer, 0, value);
    }
    for (pare_use *use = m->values[value].first_use, *next; use; use = next) {
        next = use->next;
        if (use->user == PARE_NONE || use->user == m->values[q].producer) continue;
        if (only != PARE_NONE && use->user != only) continue;
        const pare_node_id reader = use->user;
        const uint32_t slot = use->slot;
        PARE_TRY(pare_oracle_add(job, &y, "DequantizeLinear", like, q, reader, PARE_FLOAT));
        PARE_TRY(pare_node_set_input(job->ctx, m, reader, slot, y));
    }
    return PARE_OK;
}

/* From a Q up through moves: a pair of its grid in front of each of them. */
static pare_status spread_up(oracle_job *job, pare_node_id node)
{
    const pare_node like = *pare_oracle_node(job, node);
    if (!pare_oracle_is_q(&like) || !may_spread(job, &like)) return PARE_OK;
    const pare_dtype type = (pare_dtype)job->dtypes[like.outputs[0]];
    pare_value_id at = like.inputs[0].value;
    for (int i = 0; i < MAX_CHAIN; i++) {
        const oracle_readers r = pare_oracle_readers_of(job, at);
        const pare_node_id mover = pare_oracle_maker(job, at);
        if (mover == PARE_NONE || r.n != 1 || r.goes_out || r.n_nested ||
            !propagates(job, pare_oracle_node(job, mover)))
            return PARE_OK;
        const pare_value_id before = pare_oracle_in(pare_oracle_node(job, mover), 0);
        if (before == PARE_NONE || job->model->values[before].tensor) return PARE_OK;
        const pare_node_id source = pare_oracle_maker(job, before);
        const oracle_readers b = pare_oracle_readers_of(job, before);
        if (source == PARE_NONE && !job->model->values[before].is_input) return PARE_OK;
        if (source != PARE_NONE && pare_oracle_is_dq(pare_oracle_node(job, source))) return PARE_OK;
        const bool turns = pare_oracle_is(pare_oracle_node(job, mover), "Transpose");
        if (source != PARE_NONE && (b.n != 1 || (b.goes_out && !turns) || b.n_nested))
            return PARE_OK;
        PARE_TRY(put_pair(job, &like, type, before, b.goes_out ? PARE_NONE : mover));
        at = before;
    }
    return PARE_OK;
}

/* From a DQ down through moves: a pair of its grid behind each of them. */
static pare_status spread_down(oracle_job *job, pare_node_id node)
{
    const pare_node like = *pare_oracle_node(job, node);
    pare_value_id stack[MAX_CHAIN];
    size_t depth = 0;
    if (!pare_oracle_is_dq(&like) || !may_spread(job, &like)) return PARE_OK;
    const oracle_readers first = pare_oracle_readers_of(job, like.outputs[0]);
    if (first.n != 1 || first.goes_out || first.n_nested) return PARE_OK;
    const pare_dtype type = (pare_dtype)job->dtypes[like.inputs[0].value];
    if (!propagates(job, pare_oracle_node(job, first.first)) ||
        pare_oracle_in(pare_oracle_node(job, first.first), 0) != like.outputs[0])
        return PARE_OK;
    stack[depth++] = pare_oracle_node(job, first.first)->outputs[0];
    while (depth) {
        const pare_value_id value = stack[--depth];
        const oracle_readers r = pare_oracle_readers_of(job, value);
        if (r.n_nested || r.n_q || (!r.n && !r.goes_out)) continue;
        for (const pare_use *use = job->model->values[value].first_use; use; use = use->next)
            if (use->user != PARE_NONE && !use->slot && depth < MAX_CHAIN &&
                propagates(job, pare_oracle_node(job, use->user)))
                stack[depth++] = pare_oracle_node(job, use->user)->outputs[0];
        PARE_TRY(put_pair(job, &like, type, value, PARE_NONE));
    }
    return PARE_OK;
}

/* --- float-constants -------------------------------------------------------------------------- */

/* Whether what a node makes goes to one Q, at most through Relu and Clip. */
static bool leads_to_q(const oracle_job *job, const pare_node *n)
{
    for (int i = 0; i < MAX_CHAIN; i++) {
        const oracle_readers r = pare_oracle_readers_of_node(job, n);
        if (n->n_outputs != 1 || r.n != 1 || r.n_nested) return false;
        const pare_node *next = pare_oracle_node(job, r.first);
        if (pare_oracle_is_q(next)) return true;
        if (!pare_oracle_is_activation(next)) return false;
        n = next;
    }
    return false;
}

/* A DQ of constants that did not stand in the model, of int8 weights or an int32 bias. */
static pare_status add_constant_dq(oracle_job *job, pare_node_id node, uint32_t slot,
                                   pare_dtype type, const pare_node *like)
{
    pare_value_id codes, y;
    PARE_TRY(pare_value_derive(job->ctx, &codes, job->model->graph, "oracle"));
    PARE_TRY(pare_oracle_reserve(job));
    job->dtypes[codes] = (uint8_t)type;
    job->constant[codes] = true;
    PARE_TRY(pare_oracle_add(job, &y, "DequantizeLinear", like, codes, node, PARE_FLOAT));
    job->marks[job->model->values[y].producer].reason = "made on loading";
    return pare_node_set_input(job->ctx, job->model, node, slot, y);
}

static bool is_float_constant(const oracle_job *job, pare_value_id value)
{
    const pare_tensor *t = pare_oracle_tensor(job, value);
    return t && t->dtype == PARE_FLOAT;
}

static pare_status quantize_constants(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is(n, "Conv") && !pare_oracle_is(n, "ConvTranspose") &&
        !pare_oracle_is(n, "Gemm"))
        return PARE_OK;
    const pare_value_id w = pare_oracle_in(n, 1), b = pare_oracle_in(n, 2);
    const pare_node_id x_maker = pare_oracle_maker(job, pare_oracle_in(n, 0));
    const pare_node_id w_maker = pare_oracle_maker(job, w);
    if (x_maker == PARE_NONE || !pare_oracle_is_dq(pare_oracle_node(job, x_maker)) ||
        w == PARE_NONE || !leads_to_q(job, n))
        return PARE_OK;
    const pare_node like = *pare_oracle_node(job, x_maker);
    const pare_tensor *scale = pare_oracle_tensor(job, like.inputs[1].value);
    if (!scale || scale->n_elements != 1) return PARE_OK;
    const bool has_dq = w_maker != PARE_NONE && pare_oracle_is_dq(pare_oracle_node(job, w_maker));
    if (!has_dq && !is_float_constant(job, w)) return PARE_OK;
    const pare_tensor *bias = pare_oracle_tensor(job, b);
    if (b != PARE_NONE && (!bias || bias->rank != 1)) return PARE_OK;
    if (has_dq && !bias) return PARE_OK;
    if (has_dq) {
        const pare_node *dq = pare_oracle_node(job, w_maker);
        const pare_tensor *s = pare_oracle_tensor(job, pare_oracle_in(dq, 1));
        if (s && s->n_elements != 1) {
            if (s->rank != 1 || s->n_elements != bias->n_elements ||
                pare_oracle_attr_int(dq, "block_size", 0))
                return PARE_OK;
            const bool by_row = !pare_oracle_is(n, "Gemm") || pare_oracle_attr_int(n, "transB", 0);
            const pare_info *shape = pare_oracle_shape(job, pare_oracle_in(dq, 0));
            int64_t axis = pare_oracle_attr_int(dq, "axis", 1);
            if (axis < 0 && shape) axis += shape->rank;
            if (axis != (by_row ? 0 : 1)) return PARE_OK;
        }
    } else {
        PARE_TRY(add_constant_dq(job, node, 1, PARE_INT8, &like));
    }
    return bias ? add_constant_dq(job, node, 2, PARE_INT32, &like) : PARE_OK;
}

/* A scalar that Where picks from, next to a DQ, gets one, too, if a Q of the same type is all that
 * stands behind. */
static pare_status quantize_where(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is(n, "Where") || n->n_inputs < 3) return PARE_OK;
    const oracle_readers r = pare_oracle_readers_of_node(job, n);
    if (r.n != 1 || r.n_q != 1) return PARE_OK;
    for (uint32_t slot = 1; slot < 3; slot++) {
        const pare_tensor *t = pare_oracle_tensor(job, n->inputs[slot].value);
        const pare_node_id dq = pare_oracle_maker(job, n->inputs[3 - slot].value);
        if (!t || t->rank || t->dtype != PARE_FLOAT || dq == PARE_NONE) continue;
        const pare_node like = *pare_oracle_node(job, dq);
        const pare_dtype type = (pare_dtype)job->dtypes[like.inputs[0].value];
        const pare_node *q = pare_oracle_node(job, r.first);
        if (!pare_oracle_is_dq(&like) || pare_oracle_in(&like, 2) == PARE_NONE ||
            job->dtypes[q->outputs[0]] != type)
            continue;
        return add_constant_dq(job, node, slot, type, &like);
    }
    return PARE_OK;
}

/* --- own-dq ----------------------------------------------------------------------------------- */

static pare_status duplicate_dq(oracle_job *job, pare_node_id node)
{
    pare_model *m = job->model;
    const pare_node dq = *pare_oracle_node(job, node);
    if (!pare_oracle_is_dq(&dq)) return PARE_OK;
    const pare_value_id value = dq.outputs[0];
    const oracle_readers r = pare_oracle_readers_of(job, value);
    bool keep = !r.goes_out && !r.n_nested;
    if (!r.n || (r.n == 1 && keep)) return PARE_OK;
    for (pare_use *use = m->values[value].first_use, *next; use; use = next) {
        next = use->next;
        if (use->user == PARE_NONE || use->graph != m->graph) continue;
        if (keep) {
            keep = false;
            continue;
        }
        const pare_node_id reader = use->user;
        const uint32_t slot = use->slot;
        pare_value_id y;
        PARE_TRY(pare_oracle_add(job, &y, "DequantizeLinear", &dq, dq.inputs[0].value, reader,
                                 (pare_dtype)job->dtypes[value]));
        const pare_node_id made = m->values[y].producer;
        for (uint32_t i = 0; i < dq.n_attrs; i++)
            PARE_TRY(pare_node_add_attr(job->ctx, m, made, dq.attrs[i]));
        PARE_TRY(pare_node_set_input(job->ctx, m, reader, slot, y));
    }
    return PARE_OK;
}

/* --- cancel-transposes ------------------------------------------------------------------------ */

/* Whether a Transpose may be moved through the node: it works by element on one input. */
static bool works_by_element(const oracle_job *job, const pare_node *n)
{
    static const char *const ops[] = {
        "Abs",      "Ceil",       "Clip",        "Cos",       "Elu",       "Erf",  "Exp",
        "Floor",    "Gelu",       "HardSigmoid", "HardSwish", "LeakyRelu", "Log",  "Neg",
        "Relu",     "Reciprocal", "Round",       "Selu",      "Sigmoid",   "Sign", "Sin",
        "Softplus", "Sqrt",       "Tanh",        "Cast",
    };
    if (pare_oracle_is_q(n) || pare_oracle_is_dq(n)) return pare_oracle_grid_of(job, n).is_scalar;
    return pare_oracle_is_any(n, ops, sizeof(ops) / sizeof(ops[0]));
}

static bool undo_each_other(const pare_node *a, const pare_node *b)
{
    const pare_attr *p = pare_node_attr(a, "perm"), *q = pare_node_attr(b, "perm");
    if (!p || !q) return !p && !q;
    if (p->type != PARE_ATTR_INTS || q->type != PARE_ATTR_INTS || p->n != q->n) return false;
    for (uint32_t i = 0; i < p->n; i++)
        if (p->ints[i] < 0 || p->ints[i] >= (int64_t)q->n || q->ints[p->ints[i]] != (int64_t)i)
            return false;
    return true;
}

/* A DQ and a Q of one grid that are left next to each other go, too. */
static pare_status drop_pair(oracle_job *job, pare_value_id value)
{
    static const char why[] = "DQ and Q of the same grid in a row";
    const pare_node_id dq = pare_oracle_maker(job, value);
    const oracle_readers r = pare_oracle_readers_of(job, value);
    if (dq == PARE_NONE || r.n != 1 || r.n_q != 1 || r.goes_out || r.n_nested ||
        !pare_oracle_is_dq(pare_oracle_node(job, dq)) ||
        pare_oracle_readers_of_node(job, pare_oracle_node(job, r.first)).goes_out ||
        !pare_oracle_same_grid(job, pare_oracle_node(job, dq), pare_oracle_node(job, r.first)))
        return PARE_OK;
    PARE_TRY(pare_oracle_bypass(job, dq, why));
    return pare_oracle_bypass(job, r.first, why);
}

static pare_status cancel_transposes(oracle_job *job, pare_node_id node)
{
    static const char why[] = "undoes another Transpose";
    const pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is(n, "Transpose") || pare_oracle_readers_of_node(job, n).goes_out)
        return PARE_OK;
    pare_node_id at = pare_oracle_maker(job, n->inputs[0].value);
    for (int i = 0; at != PARE_NONE && i < MAX_CHAIN; i++) {
        const pare_node *m = pare_oracle_node(job, at);
        const oracle_readers r = pare_oracle_readers_of_node(job, m);
        if (r.n != 1 || r.goes_out || r.n_nested) return PARE_OK;
        if (pare_oracle_is(m, "Transpose")) {
            if (!undo_each_other(n, m)) return PARE_OK;
            const pare_value_id behind = n->inputs[0].value, before = m->inputs[0].value;
            PARE_TRY(pare_oracle_bypass(job, node, why));
            PARE_TRY(pare_oracle_bypass(job, at, why));
            if (job->model->values[behind].graph) PARE_TRY(drop_pair(job, behind));
            return job->model->values[before].graph ? drop_pair(job, before) : PARE_OK;
        }
        if (!works_by_element(job, m)) return PARE_OK;
        at = pare_oracle_maker(job, m->inputs[0].value);
    }
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

pare_status pare_oracle_rewrite(oracle_job *job)
{
    static const struct {
        uint32_t rewrite;
        rewrite_fn *fn;
    } passes[] = {
        { PARE_QDQ_NOTHING, drop_nothing },
        { PARE_QDQ_DOUBLE, drop_double },
        { PARE_QDQ_MERGE, merge_equal },
        { PARE_QDQ_GEMM, merge_add },
        { PARE_QDQ_NOTHING, merge_reshapes },
        { PARE_QDQ_PROPAGATE, spread_up },
        { PARE_QDQ_PROPAGATE, spread_down },
        { PARE_QDQ_FLOATS, quantize_constants },
        { PARE_QDQ_WHERE, quantize_where },
        { PARE_QDQ_OWN_DQ, duplicate_dq },
        { PARE_QDQ_TRANSPOSES, cancel_transposes },
    };
    if (job->quant->rewrites & 1U << PARE_QDQ_OWN_DQ) PARE_TRY(each_node(job, duplicate_dq));
    job->changed = true;
    for (int round = 0; job->changed && round < ROUNDS; round++) {
        job->changed = false;
        for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
            if (job->quant->rewrites & 1U << passes[i].rewrite)
                PARE_TRY(each_node(job, passes[i].fn));
    }
    if (job->quant->rewrites & 1U << PARE_QDQ_ABSORB) PARE_TRY(pare_oracle_absorb(job));
    return job->quant->rewrites & 1U << PARE_QDQ_UNSIGNED ? pare_oracle_to_unsigned(job) : PARE_OK;
}
