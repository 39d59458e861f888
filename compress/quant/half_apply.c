#include "quant/half_plan.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "op/infer.h"
#include "op/wide.h"

#include <math.h>

/* --- tensors ---------------------------------------------------------------------------------- */

static void count_losses(pare_half_report *r, int64_t n, const float *x, const float *y)
{
    static const float least_normal = 0x1p-14f;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] == y[i] || !(fabsf(x[i]) < least_normal)) continue;
        if (y[i] == 0) r->n_flushed++;
        else r->n_subnormal++;
    }
}

/* A copy in the new type. */
static pare_status retype(const pare_half_plan *p, const pare_tensor *t, pare_half_report *r,
                          pare_tensor **out)
{
    pare_buf *buf = NULL;
    const uint8_t *data;
    PARE_TRY(pare_tensor_new(p->ctx, out, p->to, t->rank, t->dims));
    uint8_t *to = (uint8_t *)(uintptr_t)(*out)->payload.data;
    const pare_status st = pare_tensor_dense(p->ctx, &buf, &data, t);
    for (int64_t i = 0; !st && i < t->n_elements; i += PARE_WIDE_BLOCK) {
        float x[PARE_WIDE_BLOCK], y[PARE_WIDE_BLOCK];
        const int64_t n = t->n_elements - i < PARE_WIDE_BLOCK ? t->n_elements - i : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F32, t->dtype, data, i, 1, n, x);
        pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, p->to, to, i, n, x);
        pare_wide_load_as(PARE_WIDE_F32, p->to, to, i, 1, n, y);
        if (p->to == PARE_FLOAT16) count_losses(r, n, x, y);
    }
    if (buf) pare_buf_unref(buf);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    return st;
}

static pare_status retype_initializer(const pare_half_plan *p, pare_value_id v, pare_half_report *r)
{
    pare_tensor *t = NULL;
    PARE_TRY(retype(p, p->model->values[v].tensor, r, &t));
    const pare_status st = pare_value_set_tensor(p->ctx, p->model, v, t);
    pare_tensor_unref(t);
    r->n_tensors++;
    return st;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* What an operator whose attribute says the type of its output makes. */
static pare_status retype_maker(const pare_half_plan *p, pare_node_id node, pare_half_report *r)
{
    const pare_node *n = &p->model->nodes[node];
    pare_model *m = p->model;
    const pare_attr *made = NULL;
    pare_tensor *t = NULL;
    if (pare_str_eq(n->op_type, "Cast")) {
        made = pare_attr_int(m, "to", p->to);
    } else {
        const pare_attr *a = pare_node_attr(n, "value"), *x = pare_node_attr(n, "value_float");
        const pare_attr *xs = pare_node_attr(n, "value_floats");
        const pare_attr *floats = x ? x : xs;
        if (a && a->type == PARE_ATTR_TENSOR && !a->ref_name) {
            PARE_TRY(retype(p, a->tensors[0], r, &t));
        } else {
            const int64_t dim = floats && !floats->ref_name ? (int64_t)floats->n : 1;
            const float zero = 0;
            PARE_TRY(pare_tensor_new(p->ctx, &t, p->to, x ? 0 : 1, &dim));
            pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, p->to,
                               (uint8_t *)(uintptr_t)t->payload.data, 0, dim,
                               floats && !floats->ref_name ? floats->floats : &zero);
            pare_node_remove_attr(m, node, "value_float");
            pare_node_remove_attr(m, node, "value_floats");
        }
        made = pare_attr_tensor(m, "value", t);
        pare_tensor_unref(t);
    }
    if (!made) return pare_arena_fail(p->ctx, &m->arena);
    return pare_node_set_attr(p->ctx, m, node, made);
}

/* --- values ----------------------------------------------------------------------------------- */

/* The declared type with other elements. */
static pare_status declare(const pare_half_plan *p, pare_value_id v, pare_dtype dtype)
{
    pare_model *m = p->model;
    const pare_type *old = m->values[v].type;
    if (!old || old->kind != PARE_TYPE_TENSOR) return PARE_OK;
    pare_type *t = pare_arena_copy(&m->arena, old, sizeof(*old));
    if (!t) return pare_arena_fail(p->ctx, &m->arena);
    t->dtype = dtype;
    t->source = NULL;
    pare_value_set_type(m, v, t);
    return PARE_OK;
}

/* The node that a Cast of a value goes in front of. */
static pare_node_id behind(const pare_model *m, pare_value_id v)
{
    const pare_node_id producer = m->values[v].producer;
    return producer == PARE_NONE ? m->values[v].graph->first_node : m->nodes[producer].next;
}

static pare_status add_cast(const pare_half_plan *p, pare_value_id from, pare_dtype to,
                            pare_value_id *out, pare_half_report *r)
{
    pare_builder b;
    pare_builder_init(&b, p->ctx, p->model->values[from].graph);
    b.before = behind(p->model, from);
    *out = pare_emit(&b, "Cast", from);
    pare_build_int(&b, "to", to);
    r->n_casts++;
    return b.status;
}

/* Whether an output of a graph is to be in the new type. */
static bool gives_out_new(const pare_half_plan *p, const pare_use *u)
{
    return u->user == PARE_NONE && u->graph == p->model->graph && p->opts && p->opts->convert_io;
}

/* A value that its graph gives out in the other type: what produces it makes another one, of which
 * it becomes a Cast. *made: the other one. */
static pare_status split_output(const pare_half_plan *p, pare_value_id v, pare_value_id *made,
                                pare_half_report *r)
{
    pare_model *m = p->model;
    const pare_node_id producer = m->values[v].producer;
    const uint32_t slot = m->values[v].producer_slot;
    PARE_TRY(pare_value_derive(p->ctx, made, m->values[v].graph, m->values[v].name));
    pare_value_detach(m, v);
    PARE_TRY(pare_node_set_output(p->ctx, m, producer, slot, *made));
    pare_value_id y;
    const pare_dtype old = pare_shapes_of(p->shapes, v)->dtype;
    PARE_TRY(add_cast(p, *made, p->new_home[v] ? old : p->to, &y, r));
    const pare_node_id cast = m->values[y].producer;
    pare_value_detach(m, y);
    PARE_TRY(pare_value_remove(p->ctx, m, y));
    return pare_node_set_output(p->ctx, m, cast, 0, v);
}

/* Points readers of a value, whose own type is `is_new`, at it or at a Cast. `given`: the value
 * that readers who take what the graph gives out may read; PARE_NONE. */
static pare_status serve(const pare_half_plan *p, pare_value_id v, pare_value_id own, bool is_new,
                         pare_dtype old, pare_half_report *r)
{
    pare_model *m = p->model;
    pare_value_id other = v == own ? PARE_NONE : v;
    for (pare_use *u = m->values[v].first_use, *next; u; u = next) {
        bool any;
        next = u->next;
        if (u->user == PARE_NONE || u->user >= p->n_nodes) continue;
        const bool wants = pare_half_wants_new(p, u, &any);
        pare_value_id to = own;
        if (!any && wants != is_new) {
            if (other == PARE_NONE) PARE_TRY(add_cast(p, own, is_new ? old : p->to, &other, r));
            to = other;
        }
        if (to != u->value) PARE_TRY(pare_node_set_input(p->ctx, m, u->user, u->slot, to));
    }
    return PARE_OK;
}

static pare_status settle(const pare_half_plan *p, pare_value_id v, pare_half_report *r)
{
    pare_model *m = p->model;
    const bool is_new = p->new_home[v];
    const pare_dtype old = pare_shapes_of(p->shapes, v)->dtype;
    bool given_other = false, given_new = false;
    for (const pare_use *u = m->values[v].first_use; u; u = u->next) {
        if (u->user != PARE_NONE) continue;
        given_new |= gives_out_new(p, u);
        given_other |= gives_out_new(p, u) != is_new;
    }
    pare_value_id own = v;
    if (given_other && m->values[v].producer == PARE_NONE) given_other = false; /* as it is */
    else if (given_other) PARE_TRY(split_output(p, v, &own, r));
    const bool stays_declared = given_other ? given_new : is_new;
    if (stays_declared) PARE_TRY(declare(p, v, p->to));
    return serve(p, v, own, is_new, old, r);
}

pare_status pare_half_apply(const pare_half_plan *p, pare_half_report *report)
{
    pare_model *m = p->model;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        const pare_value *value = &m->values[v];
        if (!value->graph || !pare_half_is_old(p, v) || pare_graph_root(value->graph)->function)
            continue;
        if (value->tensor) report->bytes_before += pare_tensor_size_bytes(value->tensor);
        if (value->tensor && p->new_home[v]) PARE_TRY(retype_initializer(p, v, report));
        if (m->values[v].tensor)
            report->bytes_after += pare_tensor_size_bytes(m->values[v].tensor);
    }
    for (pare_node_id node = 0; node < p->n_nodes; node++)
        if (p->changes[node] && p->rules[node] == PARE_HALF_MAKES)
            PARE_TRY(retype_maker(p, node, report));
    for (pare_value_id v = 0; v < p->n_values; v++) {
        const pare_value *value = &m->values[v];
        if (value->graph && pare_half_is_old(p, v) && !pare_graph_root(value->graph)->function)
            PARE_TRY(settle(p, v, report));
    }
    return PARE_OK;
}
