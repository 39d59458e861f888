#include "pass/pass.h"

#include "ir/graph.h"
#include "op/linear.h"
#include "op/norm.h"

#include <math.h>
#include <string.h>

/* Takes BatchNormalization, and Mul, Div, Add and Sub by constants along channels, into the weights
 * and bias of the convolution or product whose only reader they are:
 *
 *     s (W x + b) + t  =  (s W) x + (s b + t)
 *
 * New weights are computed in double and rounded once, so outputs change in their last bits. The
 * value that the folded node gave stays, by its name. Float32 only: rounding weights to halves once
 * more would lose what they have. */

/* Per channel: y = scale x + shift. */
typedef struct affine {
    double *scale, *shift;    /* [n], one block of memory */
    int64_t n;
} affine;

typedef struct folding {
    pare_ctx *ctx;
    pare_model *model;
    const pare_pass_opts *opts;
} folding;

/* --- constants -------------------------------------------------------------------------------- */

static bool is_variable(const folding *f, pare_value_id id)
{
    for (size_t i = 0; i < f->opts->n_variable; i++)
        if (f->opts->variable[i] == id) return true;
    return false;
}

/* The float tensor that a value always is, or NULL. */
static pare_tensor *constant_of(const folding *f, pare_value_id id)
{
    if (id == PARE_NONE) return NULL;
    const pare_value *v = &f->model->values[id];
    if (!v->tensor || v->tensor->dtype != PARE_FLOAT || is_variable(f, id)) return NULL;
    return v->is_input && f->model->ir_version >= 4 ? NULL : v->tensor;
}

static pare_value_id input_of(const pare_node *n, uint32_t slot)
{
    return slot < n->n_inputs ? n->inputs[slot].value : PARE_NONE;
}

/* Element i is number [i % n] of the tensor's, so one number serves all. EFORMAT never. */
static pare_status read_floats(pare_ctx *ctx, const pare_tensor *t, double *out, int64_t n)
{
    pare_buf *buf = NULL;
    const uint8_t *bytes;
    PARE_TRY(pare_tensor_dense(ctx, &buf, &bytes, t));
    for (int64_t i = 0; i < n; i++) {
        float v;
        memcpy(&v, bytes + i % t->n_elements * (int64_t)sizeof(v), sizeof(v));
        out[i] = (double)v;
    }
    pare_buf_unref(buf);
    return PARE_OK;
}

/* Whether the node has weights and a bias that can take in an affine function of its outputs. */
static bool find_linear(const folding *f, pare_node_id node, pare_linear *l)
{
    if (!pare_linear_of(f->ctx, l, f->model, node) || !constant_of(f, l->weight)) return false;
    if (l->bias == PARE_NONE) return true;
    const pare_tensor *b = constant_of(f, l->bias);
    return b && l->bias_factor == 1 && (b->n_elements == 1 || b->n_elements == l->out) &&
           b->dims[b->rank ? b->rank - 1 : 0] == b->n_elements;
}

/* Whether it may get an offset per channel. */
static bool may_shift(const pare_linear *l)
{
    return l->may_have_bias && l->bias_factor == 1;
}

/* --- what is folded --------------------------------------------------------------------------- */

/* Whether a constant's elements go along the channels of l's output, or it has just one. */
static bool goes_along(const pare_linear *l, const pare_tensor *c)
{
    if (c->n_elements == 1) return l->rank == 0 || c->rank <= l->rank;
    if (c->n_elements != l->out) return false;
    /* Right-aligned: axis 1 of rank r has r - 2 axes behind it. */
    const bool last = l->output_axis < 0;
    const uint32_t behind = last ? 0 : l->rank - 2;
    return c->rank > behind && c->rank <= (l->rank ? l->rank : 1) &&
           c->dims[c->rank - 1 - behind] == c->n_elements;
}

static pare_status read_batch_norm(folding *f, const pare_node *n, const void *params, affine *a)
{
    const pare_batch_norm_params *p = params;
    double *numbers = pare_alloc(f->ctx, 4 * (size_t)a->n * sizeof(double));
    if (!numbers) return pare_fail_memory(f->ctx, 4 * (size_t)a->n * sizeof(double));
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < 4; i++)
        st = read_floats(f->ctx, constant_of(f, input_of(n, i + 1)), numbers + i * a->n, a->n);
    for (int64_t c = 0; !st && c < a->n; c++) {
        const double *at = numbers + c;
        a->scale[c] = at[0] / sqrt(at[3 * a->n] + (double)p->epsilon);
        a->shift[c] = at[a->n] - at[2 * a->n] * a->scale[c];
    }
    pare_free(f->ctx, numbers);
    return st;
}

/* x op c, or c op x. */
static pare_status read_arithmetic(folding *f, const pare_node *n, const pare_tensor *c,
                                   bool constant_first, affine *a)
{
    const char op = n->op_type[0] == 'S' ? '-' : n->op_type[0];
    PARE_TRY(read_floats(f->ctx, c, op == 'M' || op == 'D' ? a->scale : a->shift, a->n));
    for (int64_t i = 0; i < a->n; i++) {
        if (op == 'D') a->scale[i] = 1 / a->scale[i];
        if (op == 'A' || op == '-') a->scale[i] = op == '-' && constant_first ? -1 : 1;
        if (op == '-' && !constant_first) a->shift[i] = -a->shift[i];
    }
    return PARE_OK;
}

static bool is_arithmetic(const pare_node *n)
{
    static const char *const names[] = { "Mul", "Div", "Add", "Sub" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(n->op_type, names[i])) return n->n_inputs == 2;
    return false;
}

/* Which input of a node the linear's output may come in by: *slot; and whether the rest suits. */
static bool suits(const folding *f, const pare_linear *l, pare_node_id node, const void *params,
                  uint32_t slot)
{
    const pare_node *n = &f->model->nodes[node];
    if (pare_str_eq(n->op_type, "BatchNormalization")) {
        const pare_batch_norm_params *p = params;
        if (p->training || p->per_element || slot != 0 || !may_shift(l) || l->rank == 0)
            return false;
        for (uint32_t i = 1; i < 5; i++) {
            const pare_tensor *c = constant_of(f, input_of(n, i));
            if (!c || c->rank != 1 || c->n_elements != l->out) return false;
        }
        for (uint32_t i = 1; i < n->n_outputs; i++)
            if (n->outputs[i] != PARE_NONE) return false;
        return true;
    }
    const pare_tensor *c = is_arithmetic(n) ? constant_of(f, input_of(n, 1 - slot)) : NULL;
    if (!c || !goes_along(l, c)) return false;
    const bool shifts = n->op_type[0] == 'A' || n->op_type[0] == 'S';
    return (may_shift(l) || !shifts) && !(n->op_type[0] == 'D' && slot == 1);
}

static bool is_finite(const affine *a)
{
    for (int64_t i = 0; i < a->n; i++)
        if (!isfinite(a->scale[i]) || !isfinite(a->shift[i])) return false;
    return true;
}

/* --- folding ---------------------------------------------------------------------------------- */

/* Gives a slot of a node a tensor of its own, which is taken over: in place where nothing else
 * reads the value that stands there. */
static pare_status put_constant(folding *f, pare_node_id node, uint32_t slot, const char *hint,
                                pare_tensor *tensor)
{
    pare_model *m = f->model;
    pare_value_id value = input_of(&m->nodes[node], slot);
    pare_status st = PARE_OK;
    const bool old_ir = m->ir_version < 4; /* where every initializer is an input, too */
    if (value == PARE_NONE || m->values[value].n_uses > 1 ||
        (m->values[value].is_input && !old_ir)) {
        const char *name = value == PARE_NONE ? hint : m->values[value].name;
        st = pare_value_derive(f->ctx, &value, m->graphs[0], name);
    }
    const bool is_new = !st && !m->values[value].tensor;
    if (!st) st = pare_value_set_tensor(f->ctx, m, value, tensor);
    if (is_new && !st && old_ir) {
        const pare_type *type =
            pare_type_tensor(&m->arena, tensor->dtype, tensor->rank, tensor->dims);
        st = type ? pare_graph_add_input(f->ctx, m->graph, value, type, NULL) : PARE_ENOMEM;
    }
    if (!st && m->nodes[node].n_inputs <= slot)
        st = pare_node_resize_inputs(f->ctx, m, node, slot + 1);
    if (!st) st = pare_node_set_input(f->ctx, m, node, slot, value);
    pare_tensor_unref(tensor);
    return st;
}

static pare_status scale_weight(folding *f, const pare_linear *l, const affine *a,
                                pare_tensor **out)
{
    const pare_tensor *w = f->model->values[l->weight].tensor;
    pare_buf *buf = NULL;
    const uint8_t *bytes;
    PARE_TRY(pare_tensor_dense(f->ctx, &buf, &bytes, w));
    pare_status st = pare_tensor_new(f->ctx, out, PARE_FLOAT, w->rank, w->dims);
    if (!st) {
        float *to = (float *)(uintptr_t)(*out)->payload.data;
        memcpy(to, bytes, (size_t)w->n_elements * sizeof(float));
        for (int64_t o = 0; o < l->out; o++)
            for (int64_t t = 0; t < l->taps; t++)
                for (int64_t i = 0; i < l->in; i++) {
                    float *v = &to[pare_linear_at(l, o, t, i)];
                    *v = (float)((double)*v * a->scale[o]);
                }
    }
    pare_buf_unref(buf);
    return st;
}

static pare_status shift_bias(folding *f, const pare_linear *l, const affine *a, pare_tensor **out)
{
    double *old = pare_alloc_zero(f->ctx, (size_t)a->n * sizeof(double));
    if (!old) return pare_fail_memory(f->ctx, (size_t)a->n * sizeof(double));
    pare_status st = PARE_OK;
    if (l->bias != PARE_NONE)
        st = read_floats(f->ctx, f->model->values[l->bias].tensor, old, a->n);
    if (!st) st = pare_tensor_new(f->ctx, out, PARE_FLOAT, 1, &a->n);
    if (!st) {
        float *to = (float *)(uintptr_t)(*out)->payload.data;
        for (int64_t c = 0; c < a->n; c++)
            to[c] = (float)(old[c] * a->scale[c] + a->shift[c]);
    }
    pare_free(f->ctx, old);
    return st;
}

/* Numbers of what a node does to each channel. Freed by the caller in every case. */
static pare_status make_affine(folding *f, const pare_linear *l, pare_node_id node,
                               const void *params, uint32_t slot, affine *a)
{
    const pare_node *n = &f->model->nodes[node];
    a->n = l->out;
    a->scale = pare_alloc_zero(f->ctx, 2 * (size_t)a->n * sizeof(double));
    if (!a->scale) return pare_fail_memory(f->ctx, 2 * (size_t)a->n * sizeof(double));
    a->shift = a->scale + a->n;
    if (pare_str_eq(n->op_type, "BatchNormalization")) return read_batch_norm(f, n, params, a);
    return read_arithmetic(f, n, constant_of(f, input_of(n, 1 - slot)), slot == 1, a);
}

/* Puts the linear in the place of the node behind it. */
static pare_status replace_node(folding *f, pare_node_id node, pare_node_id inner_node)
{
    pare_model *m = f->model;
    const pare_value_id inner = m->nodes[inner_node].outputs[0], y = m->nodes[node].outputs[0];
    pare_value_detach(m, y);
    PARE_TRY(pare_node_remove(f->ctx, m, node));
    pare_value_detach(m, inner);
    PARE_TRY(pare_node_set_output(f->ctx, m, inner_node, 0, y));
    return pare_value_remove(f->ctx, m, inner);
}

static pare_status apply(folding *f, const pare_linear *l, const affine *a, pare_node_id node)
{
    pare_tensor *weight = NULL, *bias = NULL;
    bool shifts = l->bias != PARE_NONE;
    for (int64_t c = 0; c < a->n; c++) shifts |= a->shift[c] != 0;
    pare_status st = scale_weight(f, l, a, &weight);
    if (!st && shifts) st = shift_bias(f, l, a, &bias);
    if (st) pare_tensor_unref(weight);
    else st = put_constant(f, l->node, 1, "weight", weight);
    if (!st && shifts) st = put_constant(f, l->node, 2, "bias", bias);
    else pare_tensor_unref(bias);
    return st ? st : replace_node(f, node, l->node);
}

/* Folds a node into the one before it, if it can be. */
static pare_status fold_node(folding *f, pare_node_id node, bool *folded)
{
    pare_model *m = f->model;
    const pare_node *n = &m->nodes[node];
    pare_call call;
    _Alignas(16) char params[PARE_MAX_PARAMS_BYTES];
    if (*pare_node_domain(n) || n->outputs[0] == PARE_NONE ||
        !(is_arithmetic(n) || pare_str_eq(n->op_type, "BatchNormalization")) ||
        pare_call_init(f->ctx, &call, m, node) || pare_call_resolve(f->ctx, &call, params))
        return PARE_OK;
    for (uint32_t slot = 0; slot < 2; slot++) {
        const pare_value_id x = input_of(n, slot);
        pare_linear l;
        if (x == PARE_NONE || m->values[x].n_uses != 1 || m->values[x].graph != n->graph ||
            m->values[x].producer == PARE_NONE || !find_linear(f, m->values[x].producer, &l) ||
            !suits(f, &l, node, params, slot))
            continue;
        affine a = { 0 };
        pare_status st = make_affine(f, &l, node, params, slot, &a);
        *folded = !st && is_finite(&a);
        if (*folded) st = apply(f, &l, &a, node);
        pare_free(f->ctx, a.scale);
        return st;
    }
    return PARE_OK;
}

static pare_status fold_affine_run(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                                   pare_pass_stats *stats)
{
    folding f = { ctx, model, opts };
    for (pare_node_id id = model->graph->first_node; id != PARE_NONE;) {
        const pare_node_id next = model->nodes[id].next;
        bool folded = false;
        PARE_TRY(fold_node(&f, id, &folded));
        stats->n_nodes += folded;
        PARE_TRY(pare_check_canceled(ctx));
        id = next;
    }
    return PARE_OK;
}

const pare_pass pare_pass_fold_affine = {
    .name = "fold-affine",
    .summary = "Take batch norms and factors and offsets of channels into weights and biases",
    .run = fold_affine_run,
};
