#include "sched/fuser.h"

#include <assert.h>

/* The node of this graph, free and behind the draft, that a use is an input of; else PARE_NONE. One
 * with more inputs than a group may have is none: it would be gone through for each of them. */
static uint32_t free_user(const pare_fuser *f, const pare_use *use)
{
    if (use->graph != f->graph || use->user == PARE_NONE) return PARE_NONE;
    if (pare_node_at(f->model, use->user)->n_inputs > PARE_MAX_GROUP_INPUTS) return PARE_NONE;
    const uint32_t at = f->position[use->user];
    return f->group[at] == PARE_NONE ? at : PARE_NONE;
}

static void add(pare_draft *d, uint32_t position, size_t place)
{
    d->nodes[d->n] = position;
    d->places[d->n++] = (uint8_t)place;
}

/* One user, which may take this place. */
static bool follow(pare_fuser *f, uint32_t rule, size_t place, pare_draft *d, pare_value_id value)
{
    const pare_fusion_part *part = &f->rules->items[rule].parts[place];
    const pare_value *v = pare_value_at(f->model, value);
    if (part->via.n || v->n_uses != 1 || d->n + 1 > pare_fuser_max_nodes(f, rule)) return false;
    const uint32_t at = free_user(f, v->first_use);
    if (at == PARE_NONE) return false;
    if (!pare_op_index_has(&f->index, f->op[at], pare_fuser_part_set(f, rule, place))) return false;
    const uint32_t slot = pare_fuser_slot(pare_fuser_node(f, at), value);
    if (slot == PARE_NONE || !pare_part_allows(f, part, at)) return false;
    if (!pare_part_allows_operands(f, part, at, slot)) return false;
    add(d, at, place + 1);
    return true;
}

/* Whether `at` is f (value) of the part's `via` and only `by` uses that. */
static bool is_via(const pare_fuser *f, uint32_t set, uint32_t at, uint32_t by, pare_value_id value)
{
    static const pare_fusion_part scalars = { .operands = PARE_OPERAND_SCALAR, .first = true };
    const pare_value_id output = pare_fuser_inner(f, at);
    if (!pare_op_index_has(&f->index, f->op[at], set) || output == PARE_NONE) return false;
    const pare_value *v = pare_value_at(f->model, output);
    if (v->n_uses != 1 || v->first_use->graph != f->graph) return false;
    return v->first_use->user == f->order[by] &&
           pare_fuser_slot(pare_fuser_node(f, at), value) == 0 &&
           pare_part_allows_operands(f, &scalars, at, 0);
}

/* Two users, one of which uses what the other makes of the value. */
static bool follow_via(pare_fuser *f, uint32_t rule, size_t place, pare_draft *d,
                       pare_value_id value)
{
    const pare_fusion_part *part = &f->rules->items[rule].parts[place];
    const pare_value *v = pare_value_at(f->model, value);
    const uint32_t set = pare_fuser_via_set(f, rule, place);
    if (!part->via.n || v->n_uses != 2) return false;
    if (d->n + 2 > pare_fuser_max_nodes(f, rule)) return false;
    uint32_t via = free_user(f, v->first_use), at = free_user(f, v->first_use->next);
    if (via == PARE_NONE || at == PARE_NONE || via == at) return false;
    if (via > at) {
        const uint32_t swap = via;
        via = at;
        at = swap;
    }
    if (!pare_op_index_has(&f->index, f->op[at], pare_fuser_part_set(f, rule, place))) return false;
    const pare_node *n = pare_fuser_node(f, at);
    const uint32_t slot = pare_fuser_slot(n, value);
    if (n->n_inputs != 2 || slot == PARE_NONE || (part->first && slot)) return false;
    if (!is_via(f, set, via, at, value) || !pare_part_allows(f, part, at)) return false;
    add(d, via, place + 1);
    add(d, at, place + 1);
    return true;
}

/* Takes in the producers that the rule names, where the anchor is their only user. */
static void add_before(pare_fuser *f, uint32_t rule, pare_draft *d, uint32_t anchor)
{
    const pare_fusion_rule *r = &f->rules->items[rule];
    const pare_node *n = pare_fuser_node(f, anchor);
    for (uint32_t i = 0; r->before.n && i < n->n_inputs && d->n < pare_fuser_max_nodes(f, rule);
         i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE || pare_value_at(f->model, v)->graph != f->graph) continue;
        const pare_node_id producer = pare_value_at(f->model, v)->producer;
        if (producer == PARE_NONE || pare_value_at(f->model, v)->n_uses != 1) continue;
        const uint32_t at = f->position[producer];
        if (f->group[at] != PARE_NONE || pare_fuser_inner(f, at) != v) continue;
        if (pare_op_index_has(&f->index, f->op[at], pare_fuser_before_set(f, rule)))
            add(d, at, PARE_PLACE_BEFORE);
    }
}

/* Adds what follows to a draft whose first node is the anchor. */
static void grow(pare_fuser *f, uint32_t rule, pare_draft *d, uint32_t anchor)
{
    const pare_fusion_rule *r = &f->rules->items[rule];
    uint32_t end = anchor;
    for (size_t place = 0; place < r->n_parts; place++) {
        const pare_value_id value = pare_fuser_inner(f, end);
        const uint32_t n = d->n;
        if (value == PARE_NONE) return;
        if (!follow(f, rule, place, d, value) && !follow_via(f, rule, place, d, value)) continue;
        if (!pare_fuser_inputs_fit(f, rule, d)) {
            d->n = n;
            return;
        }
        end = d->nodes[d->n - 1];
    }
}

static bool is_anchor(const pare_fuser *f, uint32_t rule, uint32_t at)
{
    const pare_fusion_rule *r = &f->rules->items[rule];
    for (size_t a = 0; a < r->n_anchors; a++)
        if (pare_op_index_has(&f->index, f->op[at], pare_fuser_anchor_set(f, rule, a)) &&
            pare_part_allows(f, &r->anchors[a], at))
            return true;
    return false;
}

/* From the end, so that of two branches that meet in an Add the later one takes it: its group then
 * runs where it stands, and the earlier one is the residual. */
void pare_fuser_run_chain(pare_fuser *f, uint32_t rule)
{
    for (uint32_t at = f->n; at-- > 0;) {
        pare_draft d = { .n = 0 };
        if (f->op[at] == PARE_NONE || f->group[at] != PARE_NONE || !is_anchor(f, rule, at))
            continue;
        if (f->rule[at] == PARE_NONE) f->rule[at] = rule;
        add(&d, at, 0);
        grow(f, rule, &d, at);
        const uint32_t end = d.nodes[d.n - 1];
        const uint32_t n = d.n;
        add_before(f, rule, &d, at);
        if (!pare_fuser_inputs_fit(f, rule, &d)) d.n = n;
        if (d.n > 1) {
            assert(f->group[end] == PARE_NONE);
            pare_fuser_take(f, &d, rule, at);
        }
    }
}
