#include "sched/fuser.h"

#include "ir/order.h"

#include <string.h>

/* --- sets of operators ------------------------------------------------------------------------ */

uint32_t pare_fuser_anchor_set(const pare_fuser *f, uint32_t rule, size_t anchor)
{
    return f->rule_sets[rule] + (uint32_t)anchor;
}

uint32_t pare_fuser_before_set(const pare_fuser *f, uint32_t rule)
{
    return f->rule_sets[rule] + (uint32_t)f->rules->items[rule].n_anchors;
}

uint32_t pare_fuser_part_set(const pare_fuser *f, uint32_t rule, size_t part)
{
    return pare_fuser_before_set(f, rule) + 1 + 2 * (uint32_t)part;
}

uint32_t pare_fuser_via_set(const pare_fuser *f, uint32_t rule, size_t part)
{
    return pare_fuser_part_set(f, rule, part) + 1;
}

/* Numbers the sets of all rules in that order. */
static pare_status make_index(pare_fuser *f)
{
    const pare_fusion_rules *rules = f->rules;
    size_t n = 0;
    for (uint32_t r = 0; r < rules->n; r++) {
        f->rule_sets[r] = (uint32_t)n;
        n += rules->items[r].n_anchors + 1 + 2 * rules->items[r].n_parts;
    }
    if (!n) return PARE_OK;
    pare_op_names *sets = pare_alloc(f->ctx, n * sizeof(*sets));
    if (!sets) return pare_fail_memory(f->ctx, n * sizeof(*sets));
    for (uint32_t r = 0; r < rules->n; r++) {
        const pare_fusion_rule *rule = &rules->items[r];
        for (size_t a = 0; a < rule->n_anchors; a++)
            sets[pare_fuser_anchor_set(f, r, a)] = rule->anchors[a].ops;
        sets[pare_fuser_before_set(f, r)] = rule->before;
        for (size_t p = 0; p < rule->n_parts; p++) {
            sets[pare_fuser_part_set(f, r, p)] = rule->parts[p].ops;
            sets[pare_fuser_via_set(f, r, p)] = rule->parts[p].via;
        }
    }
    const pare_status st = pare_op_index_make(f->ctx, &f->index, sets, n);
    pare_free(f->ctx, sets);
    return st;
}

/* --- asking ----------------------------------------------------------------------------------- */

pare_value_id pare_fuser_output(const pare_fuser *f, uint32_t position)
{
    const pare_node *n = pare_fuser_node(f, position);
    pare_value_id output = PARE_NONE;
    if (n->n_outputs > PARE_MAX_GROUP_INPUTS) return PARE_NONE; /* many omitted ones: hostile */
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        if (output != PARE_NONE) return PARE_NONE;
        output = n->outputs[i];
    }
    return output;
}

pare_value_id pare_fuser_inner(const pare_fuser *f, uint32_t position)
{
    const pare_value_id output = pare_fuser_output(f, position);
    if (output == PARE_NONE || (f->kept && f->kept[output])) return PARE_NONE;
    const pare_use *first = pare_value_at(f->model, output)->first_use;
    return first && first->user != PARE_NONE ? output : PARE_NONE;
}

uint32_t pare_fuser_slot(const pare_node *node, pare_value_id value)
{
    uint32_t slot = PARE_NONE;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i].value != value) continue;
        if (slot != PARE_NONE) return PARE_NONE;
        slot = i;
    }
    return slot;
}

uint32_t pare_fuser_max_nodes(const pare_fuser *f, uint32_t rule)
{
    const uint32_t asked = f->rules->items[rule].max_nodes, most = PARE_MAX_GROUP_NODES;
    return asked && asked < most ? asked : most;
}

static bool is_in(const uint32_t *list, uint32_t n, uint32_t item)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == item) return true;
    return false;
}

bool pare_fuser_inputs_fit(const pare_fuser *f, uint32_t rule, const pare_draft *draft)
{
    const uint32_t asked = f->rules->items[rule].max_inputs;
    const uint32_t most = asked && asked < PARE_MAX_GROUP_INPUTS ? asked : PARE_MAX_GROUP_INPUTS;
    pare_value_id found[PARE_MAX_GROUP_INPUTS];
    uint32_t n_found = 0;
    for (uint32_t i = 0; i < draft->n; i++) {
        const pare_node *n = pare_fuser_node(f, draft->nodes[i]);
        for (uint32_t k = 0; k < n->n_inputs; k++) {
            const pare_value_id v = n->inputs[k].value;
            if (v == PARE_NONE || is_in(found, n_found, v)) continue;
            const pare_value *value = pare_value_at(f->model, v);
            if (value->graph == f->graph && value->producer != PARE_NONE &&
                is_in(draft->nodes, draft->n, f->position[value->producer]))
                continue;
            if (pare_fact_is_scalar(&f->facts, v)) continue;
            if (n_found == most) return false;
            found[n_found++] = v;
        }
    }
    return true;
}

void pare_fuser_take(pare_fuser *f, const pare_draft *draft, uint32_t rule, uint32_t anchor)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < draft->n; i++)
        if (draft->nodes[i] > last) last = draft->nodes[i];
    for (uint32_t i = 0; i < draft->n; i++) {
        f->group[draft->nodes[i]] = last;
        f->place[draft->nodes[i]] = draft->places[i];
    }
    f->rule[last] = rule;
    f->anchor[last] = anchor;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Every array of the fuser but `order` is in one piece of memory, *memory. */
static pare_status make_arrays(pare_fuser *f, void **memory, const pare_value_id *kept,
                               size_t n_kept)
{
    const size_t n_words = f->rules->n + f->model->n_nodes + 4 * (size_t)f->n;
    const size_t n_bytes = n_words * sizeof(uint32_t) + f->n + (n_kept ? f->model->n_values : 0);
    *memory = pare_alloc(f->ctx, n_bytes ? n_bytes : 1);
    if (!*memory) return pare_fail_memory(f->ctx, n_bytes);
    f->rule_sets = *memory;
    f->op = f->rule_sets + f->rules->n;
    f->group = f->op + f->n;
    f->rule = f->group + f->n;
    f->anchor = f->rule + f->n;
    f->position = f->anchor + f->n;
    f->place = (uint8_t *)(f->position + f->model->n_nodes);
    memset(f->place, 0, f->n);
    if (!n_kept) return PARE_OK;
    f->kept = f->place + f->n;
    memset(f->kept, 0, f->model->n_values);
    for (size_t i = 0; i < n_kept; i++) f->kept[kept[i]] = 1;
    return PARE_OK;
}

/* Number of the operator, unless the node calls a function of the model. */
static uint32_t op_of(const pare_fuser *f, const pare_node *n)
{
    const uint32_t op = pare_op_index_find(&f->index, n);
    if (op == PARE_NONE || !f->model->n_functions) return op;
    const bool is_call =
        pare_model_function(f->model, pare_node_domain(n), n->op_type, n->overload) != NULL;
    return is_call ? PARE_NONE : op;
}

static void start(pare_fuser *f)
{
    for (uint32_t at = 0; at < f->n; at++) {
        f->position[f->order[at]] = at;
        f->op[at] = op_of(f, pare_fuser_node(f, at));
        f->group[at] = f->rule[at] = PARE_NONE;
        f->anchor[at] = at;
    }
}

pare_status pare_fusion_find(pare_ctx *ctx, pare_groups **out, const pare_graph *graph,
                             const pare_shapes *shapes, const pare_fusion_rules *rules,
                             const pare_value_id *kept, size_t n_kept)
{
    pare_fuser f = { .ctx = ctx, .model = graph->model, .graph = graph,
                     .facts = { graph, shapes }, .rules = rules ? rules : &pare_fusion_own,
                     .n = graph->n_nodes };
    void *memory = NULL;
    *out = NULL;
    pare_status st = make_arrays(&f, &memory, kept, n_kept);
    if (st) goto done;
    st = make_index(&f);
    if (st) goto done;
    st = pare_graph_order(ctx, &f.order, graph);
    if (st) goto done;
    start(&f);
    for (uint32_t r = 0; r < f.rules->n; r++) {
        if (f.rules->items[r].kind == PARE_FUSE_CHAIN) pare_fuser_run_chain(&f, r);
        else pare_fuser_run_cluster(&f, r);
    }
    st = pare_groups_make(ctx, out, &f);
done:
    pare_op_index_free(ctx, &f.index);
    pare_free(ctx, f.order);
    pare_free(ctx, memory);
    return st;
}
