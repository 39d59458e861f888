#include "quant/place.h"

#include "base/bytes.h"
#include "ir/order.h"
#include "op/linear.h"

#include <string.h>

/* In steps: what each node could be by its operator; which values then come in integers, from the
 * inputs on; and which of the operators between products serve one, from the outputs back. */

typedef struct placer {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_shapes *shapes;
    const pare_target_quant *rules;
    const pare_place_opts *opts;
    pare_placement *p;
    pare_node_id *order;      /* [n] */
    uint32_t n;
    bool *in_integers;        /* by value handle: an operator in integers makes it */
} placer;

/* --- rules ------------------------------------------------------------------------------------ */

static bool is_called(const pare_node *n, const char *name)
{
    const char *domain = pare_node_domain(n), *op = pare_str_or_empty(n->op_type);
    const size_t length = strlen(domain);
    if (!length) return pare_str_eq(op, name);
    return !strncmp(name, domain, length) && name[length] == '.' &&
           pare_str_eq(op, name + length + 1);
}

static const pare_quant_op *rule_of(const placer *p, const pare_node *n)
{
    for (size_t i = 0; i < p->rules->n_ignored; i++)
        if (is_called(n, p->rules->ignored[i])) return NULL;
    for (size_t i = 0; i < p->rules->n_ops; i++)
        if (is_called(n, p->rules->ops[i].op)) return &p->rules->ops[i];
    return NULL;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool is_constant(const placer *p, pare_value_id v)
{
    return p->model->values[v].tensor != NULL;
}

static bool is_float(const placer *p, pare_value_id v)
{
    const pare_info *info = &p->shapes->infos[v];
    return pare_info_is_tensor(info) && info->dtype == PARE_FLOAT;
}

/* Whether a node has one output, a float32 of the main graph. */
static bool has_one_output(const placer *p, const pare_node *n)
{
    for (uint32_t i = 1; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) return false;
    return n->n_outputs && n->outputs[0] != PARE_NONE && is_float(p, n->outputs[0]);
}

/* The only node that reads a value; PARE_NONE: none, several, or it is an output of the graph. */
static pare_node_id only_reader(const placer *p, pare_value_id v)
{
    const pare_value *value = &p->model->values[v];
    return value->n_uses == 1 && value->first_use->graph == p->model->graph
               ? value->first_use->user
               : PARE_NONE;
}

static bool is_read_by_one(const placer *p, pare_value_id v)
{
    return only_reader(p, v) != PARE_NONE;
}

static pare_place_role role_at(const placer *p, pare_node_id node)
{
    return node == PARE_NONE ? PARE_PLACE_FLOAT : (pare_place_role)p->p->roles[node];
}

/* The value that a node makes, once what is absorbed behind it is done. */
static pare_value_id made_by(const placer *p, pare_node_id node)
{
    pare_value_id v = p->model->nodes[node].outputs[0];
    for (pare_node_id next = only_reader(p, v); role_at(p, next) == PARE_PLACE_ABSORBED;
         next = only_reader(p, v))
        v = p->model->nodes[next].outputs[0];
    return v;
}

/* --- what each node could be ------------------------------------------------------------------ */

static bool is_product(const pare_node *n)
{
    return pare_str_eq(n->op_type, "Conv") || pare_str_eq(n->op_type, "Gemm") ||
           pare_str_eq(n->op_type, "MatMul") || pare_str_eq(n->op_type, "ConvTranspose");
}

/* A product by constant weights, whose bias, if any, is constant; or of two values. */
static bool product_suits(const placer *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    pare_linear l;
    if (n->inputs[0].value == PARE_NONE || !is_float(p, n->inputs[0].value)) return false;
    if (pare_linear_of(p->ctx, &l, p->model, node))
        return p->model->values[l.weight].tensor->dtype == PARE_FLOAT && l.factor == 1 &&
               l.bias_factor == 1 &&
               (l.bias == PARE_NONE || is_constant(p, l.bias)) && l.input_axis != 0;
    return pare_str_eq(n->op_type, "MatMul") && n->inputs[1].value != PARE_NONE &&
           !is_constant(p, n->inputs[0].value) && !is_constant(p, n->inputs[1].value);
}

/* Relu, and Clip by constants: what the range of an unsigned grid can hold. */
static bool can_be_absorbed(const placer *p, const pare_node *n)
{
    for (uint32_t i = 1; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && !is_constant(p, n->inputs[i].value)) return false;
    return true;
}

static pare_place_role first_role(const placer *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    const pare_quant_op *rule = rule_of(p, n);
    if (!rule || !n->n_inputs || n->graph != p->model->graph || !has_one_output(p, n))
        return PARE_PLACE_FLOAT;
    if (p->opts->keep_float && p->opts->keep_float(p->opts->user, node)) return PARE_PLACE_FLOAT;
    switch (rule->role) {
    case PARE_QUANT_COMPUTES:
        if (is_product(n)) return product_suits(p, node) ? PARE_PLACE_PRODUCT : PARE_PLACE_FLOAT;
        return PARE_PLACE_COMPUTE;
    case PARE_QUANT_MOVES:
        return n->inputs[0].value != PARE_NONE && is_float(p, n->inputs[0].value)
                   ? PARE_PLACE_MOVE
                   : PARE_PLACE_FLOAT;
    case PARE_QUANT_ABSORBED:
        return can_be_absorbed(p, n) ? PARE_PLACE_ABSORBED : PARE_PLACE_FLOAT;
    }
    return PARE_PLACE_FLOAT;
}

/* --- forward: what comes in integers ---------------------------------------------------------- */

static bool comes_in_integers(const placer *p, pare_value_id v)
{
    return !is_constant(p, v) && p->in_integers[v];
}

/* Whether one input at least comes in integers, and the others are no constants: those that come in
 * floats get a Q, which costs less than a DQ for each that does not. */
static bool suits_integers(const placer *p, const pare_node *n)
{
    uint32_t n_integers = 0;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE) continue;
        if (is_constant(p, v) || !is_float(p, v)) return false;
        n_integers += comes_in_integers(p, v);
    }
    return n_integers != 0;
}

/* Settles the role of a node whose inputs are settled. */
static void go_forward(placer *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    uint8_t *role = &p->p->roles[node];
    const pare_value_id x = n->n_inputs ? n->inputs[0].value : PARE_NONE;
    *role = (uint8_t)first_role(p, node);
    if (*role == PARE_PLACE_COMPUTE && !suits_integers(p, n)) *role = PARE_PLACE_FLOAT;
    if (*role == PARE_PLACE_MOVE && !p->in_integers[x]) *role = PARE_PLACE_FLOAT;
    if (*role == PARE_PLACE_ABSORBED) {
        const pare_place_role before =
            x == PARE_NONE ? PARE_PLACE_FLOAT : role_at(p, p->model->values[x].producer);
        if (before == PARE_PLACE_FLOAT || before == PARE_PLACE_MOVE || !is_read_by_one(p, x))
            *role = PARE_PLACE_FLOAT;
    }
    if (*role != PARE_PLACE_FLOAT) p->in_integers[n->outputs[0]] = true;
}

/* --- back: what serves a product -------------------------------------------------------------- */

static bool has_integer_reader(const placer *p, pare_value_id v)
{
    for (const pare_use *use = p->model->values[v].first_use; use; use = use->next) {
        const pare_place_role role = role_at(p, use->user);
        if (use->graph == p->model->graph &&
            (role == PARE_PLACE_PRODUCT || role == PARE_PLACE_COMPUTE || role == PARE_PLACE_MOVE))
            return true;
    }
    return false;
}

/* Makes a node float again, and what was to be absorbed behind it. */
static void leave_float(placer *p, pare_node_id node)
{
    while (node != PARE_NONE) {
        p->p->roles[node] = PARE_PLACE_FLOAT;
        const pare_value_id v = p->model->nodes[node].outputs[0];
        p->in_integers[v] = false;
        node = only_reader(p, v);
        if (role_at(p, node) != PARE_PLACE_ABSORBED) break;
    }
}

static void go_back(placer *p, pare_node_id node)
{
    const pare_place_role role = role_at(p, node);
    if ((role == PARE_PLACE_COMPUTE || role == PARE_PLACE_MOVE) &&
        !has_integer_reader(p, made_by(p, node)))
        leave_float(p, node);
}

/* --- values ----------------------------------------------------------------------------------- */

static pare_value_id find(pare_value_id *grid, pare_value_id v)
{
    while (grid[v] != v) v = grid[v] = grid[grid[v]];
    return v;
}

/* The earlier value stands for both, so that the result does not depend on the order of joining. */
static void join(pare_value_id *grid, pare_value_id a, pare_value_id b)
{
    a = find(grid, a);
    b = find(grid, b);
    if (a < b) grid[b] = a;
    else grid[a] = b;
}

/* Whether the target's kernel for a product may give floats. Where its rules say nothing of groups,
 * those of matrices may. */
static bool may_give_float(const placer *p, const pare_node *n)
{
    for (size_t i = 0; i < p->rules->n_groups; i++) {
        const pare_quant_group *g = &p->rules->groups[i];
        for (size_t k = 0; k < g->n_ops && !g->weights_only; k++)
            if (is_called(n, g->ops[k])) return g->writes == PARE_WRITES_OPTIONAL;
    }
    return pare_str_eq(n->op_type, "Gemm") || pare_str_eq(n->op_type, "MatMul");
}

static bool wants_output(const placer *p, pare_node_id node, pare_value_id made)
{
    return role_at(p, node) != PARE_PLACE_PRODUCT || has_integer_reader(p, made) ||
           !may_give_float(p, &p->model->nodes[node]);
}

/* Operators whose inputs and output are copies of each other share a grid. */
static bool shares_grid(const placer *p, pare_node_id node)
{
    return role_at(p, node) == PARE_PLACE_MOVE ||
           pare_str_eq(p->model->nodes[node].op_type, "Concat");
}

static void mark_values(placer *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    const pare_place_role role = role_at(p, node);
    if (role == PARE_PLACE_FLOAT || role == PARE_PLACE_ABSORBED) return;
    const pare_value_id made = made_by(p, node);
    if (wants_output(p, node, made)) p->p->quantized[made] = true;
    const uint32_t n_in = role == PARE_PLACE_COMPUTE ? n->n_inputs
                          : role == PARE_PLACE_MOVE  ? 1
                                                     : 2;
    for (uint32_t i = 0; i < n_in; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE || is_constant(p, v)) continue;
        p->p->quantized[v] = true;
        if (shares_grid(p, node)) join(p->p->grid, v, made);
    }
}

static void count_products(placer *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const pare_node *n = &p->model->nodes[p->order[i]];
        if (role_at(p, p->order[i]) == PARE_PLACE_PRODUCT) p->p->n_products++;
        else if (!*pare_node_domain(n) && is_product(n)) p->p->n_float_products++;
    }
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status new_placement(pare_ctx *ctx, pare_placement **out, const pare_model *model)
{
    pare_placement *p = *out = pare_alloc_zero(ctx, sizeof(*p));
    if (!p) return pare_fail_memory(ctx, sizeof(*p));
    p->n_nodes = model->n_nodes;
    p->n_values = model->n_values;
    p->roles = pare_alloc_zero(ctx, p->n_nodes + 1);
    p->quantized = pare_alloc_zero(ctx, p->n_values + 1);
    p->grid = pare_alloc(ctx, (p->n_values + 1) * sizeof(*p->grid));
    if (!p->roles || !p->quantized || !p->grid)
        return pare_fail_memory(ctx, p->n_values * sizeof(*p->grid));
    for (size_t v = 0; v < p->n_values; v++) p->grid[v] = (pare_value_id)v;
    return PARE_OK;
}

void pare_placement_free(pare_ctx *ctx, pare_placement *placement)
{
    if (!placement) return;
    pare_free(ctx, placement->roles);
    pare_free(ctx, placement->quantized);
    pare_free(ctx, placement->grid);
    pare_free(ctx, placement);
}

static void place(placer *p)
{
    for (uint32_t i = 0; i < p->n; i++) go_forward(p, p->order[i]);
    for (uint32_t i = p->n; i-- > 0;) go_back(p, p->order[i]);
    for (uint32_t i = 0; i < p->n; i++) mark_values(p, p->order[i]);
    for (pare_value_id v = 0; v < p->p->n_values; v++) p->p->grid[v] = find(p->p->grid, v);
    count_products(p);
}

pare_status pare_place(pare_ctx *ctx, pare_placement **out, const pare_model *model,
                       const pare_shapes *shapes, const pare_target_rules *rules,
                       const pare_place_opts *opts)
{
    static const pare_place_opts none = { 0 };
    *out = NULL;
    if (!rules->has_quant)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "the target says nothing about integers: its rules have no 'quantize'");
    placer p = { ctx, model, shapes, &rules->quant, opts ? opts : &none,
                 .n = model->graph->n_nodes };
    pare_status st = pare_graph_order(ctx, &p.order, model->graph);
    if (!st) st = new_placement(ctx, &p.p, model);
    if (!st) {
        p.in_integers = pare_alloc_zero(ctx, model->n_values + 1);
        if (!p.in_integers) st = pare_fail_memory(ctx, model->n_values);
    }
    if (!st) place(&p);
    pare_free(ctx, p.order);
    pare_free(ctx, p.in_integers);
    if (st) pare_placement_free(ctx, p.p);
    else *out = p.p;
    return st;
}
