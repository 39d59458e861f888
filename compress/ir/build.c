#include "ir/build.h"

void pare_builder_init(pare_builder *b, pare_ctx *ctx, pare_graph *graph)
{
    *b = (pare_builder){ .ctx = ctx, .graph = graph, .before = PARE_NONE, .last = PARE_NONE };
}

/* Remembers the first failure; whether all is well so far. */
static bool went_well(pare_builder *b, pare_status st)
{
    if (!b->status) b->status = st;
    return !b->status;
}

/* A failure that the builder itself notices. */
static void misuse(pare_builder *b, const char *what)
{
    if (!b->status) b->status = pare_fail(b->ctx, PARE_EUSAGE, "building a graph: %s", what);
}

static pare_model *model_of(const pare_builder *b)
{
    return b->graph->model;
}

static pare_status add_outputs(pare_builder *b, pare_node_id node, const char *op_type, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        pare_value_id value = PARE_NONE;
        PARE_TRY(pare_value_derive(b->ctx, &value, b->graph, op_type));
        PARE_TRY(pare_node_set_output(b->ctx, model_of(b), node, i, value));
    }
    return PARE_OK;
}

pare_value_id pare_emit_n(pare_builder *b, const char *op_type, const pare_value_id *inputs,
                          uint32_t n_inputs, uint32_t n_outputs)
{
    if (b->status) return PARE_NONE;
    const pare_node_spec spec = {
        .op_type = op_type,
        .n_inputs = n_inputs,
        .n_outputs = n_outputs,
        .before = b->before,
    };
    pare_node_id node = PARE_NONE;
    if (!went_well(b, pare_node_new(b->ctx, &node, b->graph, &spec))) return PARE_NONE;
    b->last = node;
    for (uint32_t i = 0; i < n_inputs; i++) {
        if (inputs[i] == PARE_NONE) continue;
        if (!went_well(b, pare_node_set_input(b->ctx, model_of(b), node, i, inputs[i])))
            return PARE_NONE;
    }
    if (!went_well(b, add_outputs(b, node, op_type, n_outputs))) return PARE_NONE;
    return n_outputs ? pare_build_out(b, 0) : PARE_NONE;
}

pare_value_id pare_build_out(const pare_builder *b, uint32_t slot)
{
    if (b->status || b->last == PARE_NONE) return PARE_NONE;
    const pare_node *node = pare_node_at(model_of(b), b->last);
    return slot < node->n_outputs ? node->outputs[slot] : PARE_NONE;
}

/* Whether there is a node that an attribute or a domain can be given to. */
static bool has_last(pare_builder *b)
{
    if (!b->status && b->last == PARE_NONE) misuse(b, "no node was emitted yet");
    return !b->status;
}

void pare_build_attr(pare_builder *b, const pare_attr *attr)
{
    if (!has_last(b)) return;
    if (!attr) went_well(b, pare_arena_fail(b->ctx, &model_of(b)->arena));
    else went_well(b, pare_node_set_attr(b->ctx, model_of(b), b->last, attr));
}

void pare_build_int(pare_builder *b, const char *name, int64_t value)
{
    if (has_last(b)) pare_build_attr(b, pare_attr_int(model_of(b), name, value));
}

void pare_build_float(pare_builder *b, const char *name, float value)
{
    if (has_last(b)) pare_build_attr(b, pare_attr_float(model_of(b), name, value));
}

void pare_build_ints(pare_builder *b, const char *name, const int64_t *v, uint32_t n)
{
    if (has_last(b)) pare_build_attr(b, pare_attr_ints(model_of(b), name, v, n));
}

void pare_build_string(pare_builder *b, const char *name, const char *text)
{
    if (has_last(b)) pare_build_attr(b, pare_attr_string(model_of(b), name, text));
}

void pare_build_domain(pare_builder *b, const char *domain)
{
    if (!has_last(b)) return;
    const char *op_type = pare_node_at(model_of(b), b->last)->op_type;
    went_well(b, pare_node_set_op(b->ctx, model_of(b), b->last, op_type, domain));
}

pare_value_id pare_build_input(pare_builder *b, const char *name, const pare_type *type)
{
    pare_value_id value = PARE_NONE;
    if (b->status || !went_well(b, pare_value_new(b->ctx, &value, b->graph, name)))
        return PARE_NONE;
    const pare_status st = pare_graph_add_input(b->ctx, b->graph, value, type, NULL);
    return went_well(b, st) ? value : PARE_NONE;
}

void pare_build_output(pare_builder *b, pare_value_id value, const pare_type *type)
{
    if (!b->status) went_well(b, pare_graph_add_output(b->ctx, b->graph, value, type, NULL));
}

pare_value_id pare_build_const(pare_builder *b, const char *name, pare_tensor *tensor)
{
    pare_value_id value = PARE_NONE;
    if (!b->status && !tensor) misuse(b, "a constant without tensor");
    if (!b->status && went_well(b, pare_value_derive(b->ctx, &value, b->graph, name)))
        went_well(b, pare_value_set_tensor(b->ctx, model_of(b), value, tensor));
    pare_tensor_unref(tensor);
    return b->status ? PARE_NONE : value;
}

void pare_build_name(pare_builder *b, pare_value_id value, const char *name)
{
    if (!b->status) went_well(b, pare_value_rename(b->ctx, model_of(b), value, name));
}

static pare_value_id build_data(pare_builder *b, const char *name, pare_dtype dtype, uint32_t rank,
                                const int64_t *dims, const void *data)
{
    pare_tensor *tensor = NULL;
    if (b->status) return PARE_NONE;
    if (!went_well(b, pare_tensor_from(b->ctx, &tensor, dtype, rank, dims, data))) return PARE_NONE;
    return pare_build_const(b, name, tensor);
}

pare_value_id pare_build_scalar(pare_builder *b, const char *name, float value)
{
    return build_data(b, name, PARE_FLOAT, 0, NULL, &value);
}

pare_value_id pare_build_i64s(pare_builder *b, const char *name, const int64_t *v, uint32_t n)
{
    const int64_t dims[] = { n };
    return build_data(b, name, PARE_INT64, 1, dims, v);
}

pare_value_id pare_build_floats(pare_builder *b, const char *name, const float *v, uint32_t rank,
                                const int64_t *dims)
{
    return build_data(b, name, PARE_FLOAT, rank, dims, v);
}
