#include "sched/sharing.h"

#define NAMES(array) { (array), sizeof(array) / sizeof((array)[0]) }

/* Output 0 is input 0 in other dimensions. */
static const pare_op_name views[] = {
    { "", "Flatten" }, { "", "Identity" }, { "", "Reshape" }, { "", "Squeeze" },
    { "", "Unsqueeze" },
};

/* Views on a condition, in the order of the enum below. */
static const pare_op_name cast[] = { { "", "Cast" } };
static const pare_op_name dropout[] = { { "", "Dropout" } };
static const pare_op_name transpose[] = { { "", "Transpose" } };

/* Beside those of one and of several inputs: element i of the output needs element i of the inputs
 * and parameters of other shapes. */
static const pare_op_name elementwise[] = {
    { "", "And" }, { "", "BatchNormalization" }, { "", "BitwiseAnd" }, { "", "BitwiseNot" },
    { "", "BitwiseOr" }, { "", "BitwiseXor" }, { "", "Clip" }, { "", "Mod" }, { "", "Not" },
    { "", "Or" }, { "", "Where" }, { "", "Xor" }, { "com.microsoft", "BiasGelu" },
    { "com.microsoft", "FastGelu" }, { "com.microsoft", "QLinearAdd" },
    { "com.microsoft", "QLinearLeakyRelu" }, { "com.microsoft", "QLinearMul" },
    { "com.microsoft", "QLinearSigmoid" },
};

enum { VIEW, CAST, DROPOUT, TRANSPOSE, UNARY, BINARY, ELEMENTWISE, N_SETS };

pare_status pare_sharing_init(pare_ctx *ctx, pare_sharing *out, const pare_graph *graph,
                              const pare_shapes *shapes)
{
    const pare_op_names sets[N_SETS] = {
        [VIEW] = NAMES(views),         [CAST] = NAMES(cast),
        [DROPOUT] = NAMES(dropout),    [TRANSPOSE] = NAMES(transpose),
        [UNARY] = pare_ops_unary,      [BINARY] = pare_ops_binary,
        [ELEMENTWISE] = NAMES(elementwise),
    };
    *out = (pare_sharing){ .facts = { graph, shapes } };
    return pare_op_index_make(ctx, &out->index, sets, N_SETS);
}

void pare_sharing_free(pare_ctx *ctx, pare_sharing *sharing)
{
    pare_op_index_free(ctx, &sharing->index);
}

static uint32_t op_of(const pare_sharing *s, const pare_node *n)
{
    const pare_model *model = s->facts.graph->model;
    const uint32_t op = pare_op_index_find(&s->index, n);
    if (op == PARE_NONE || !model->n_functions) return op;
    return pare_model_function(model, pare_node_domain(n), n->op_type, n->overload) ? PARE_NONE
                                                                                   : op;
}

/* The order of the dimensions other than 1 stays. */
static bool keeps_order(const pare_sharing *s, const pare_node *n)
{
    const pare_value_id x = n->inputs[0].value;
    const pare_attr *perm = pare_node_attr(n, "perm");
    uint32_t rank;
    int64_t last = -1;
    if (!pare_fact_rank(&s->facts, x, &rank)) return false;
    if (perm && (perm->type != PARE_ATTR_INTS || perm->ref_name || perm->n != rank)) return false;
    for (uint32_t i = 0; i < rank; i++) {
        const int64_t axis = perm ? perm->ints[i] : (int64_t)rank - 1 - i;
        int64_t d;
        if (axis < 0 || axis >= rank) return false;
        if (pare_fact_dim(&s->facts, x, (uint32_t)axis, &d) && d == 1) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}

/* Inference form: no mask is asked for, and no input says otherwise (opset 12). */
static bool is_idle_dropout(const pare_sharing *s, const pare_node *n)
{
    int64_t is_test;
    const pare_opsets *opsets = pare_graph_opsets(s->facts.graph);
    const int64_t version = pare_opset_version(opsets, "");
    if (version >= 7) return n->n_inputs < 3 || n->inputs[2].value == PARE_NONE;
    return pare_fact_attr(n, "is_test", 0, &is_test) && is_test;
}

pare_value_id pare_sharing_view(const pare_sharing *s, const pare_group *group)
{
    if (group->n_nodes != 1 || group->n_outputs != 1) return PARE_NONE;
    const pare_node *n = pare_node_at(s->facts.graph->model, group->nodes[0]);
    const uint32_t op = op_of(s, n);
    if (op == PARE_NONE || !n->n_inputs || n->inputs[0].value == PARE_NONE) return PARE_NONE;
    const pare_value_id x = n->inputs[0].value, y = group->outputs[0];
    const pare_dtype dtype = pare_fact_dtype(&s->facts, x);
    if (n->outputs[0] != y || dtype == PARE_DTYPE_UNDEFINED) return PARE_NONE;
    if (pare_op_index_has(&s->index, op, VIEW)) return x;
    if (pare_op_index_has(&s->index, op, CAST))
        return pare_fact_dtype(&s->facts, y) == dtype ? x : PARE_NONE;
    if (pare_op_index_has(&s->index, op, DROPOUT)) return is_idle_dropout(s, n) ? x : PARE_NONE;
    if (pare_op_index_has(&s->index, op, TRANSPOSE)) return keeps_order(s, n) ? x : PARE_NONE;
    return PARE_NONE;
}

static bool is_elementwise(const pare_sharing *s, const pare_node *n)
{
    const uint32_t op = op_of(s, n);
    for (size_t set = UNARY; set <= ELEMENTWISE; set++)
        if (pare_op_index_has(&s->index, op, set)) return true;
    return false;
}

bool pare_sharing_in_place(const pare_sharing *s, const pare_group *group, pare_value_id input)
{
    if (group->n_outputs != 1) return false;
    if (!pare_fact_same_shape(&s->facts, input, group->outputs[0])) return false;
    for (uint32_t i = 0; i < group->n_nodes; i++) {
        const pare_node *n = pare_node_at(s->facts.graph->model, group->nodes[i]);
        bool reads = false;
        for (uint32_t k = 0; k < n->n_inputs; k++) reads |= n->inputs[k].value == input;
        if (reads && !is_elementwise(s, n)) return false;
    }
    return true;
}
