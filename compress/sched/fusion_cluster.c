#include "sched/fuser.h"

enum { MAX_CANDIDATES = PARE_MAX_GROUP_NODES * PARE_MAX_GROUP_INPUTS };

/* A cluster that grows from its last node towards the inputs. */
typedef struct cluster {
    pare_draft draft;
    uint32_t root;
    pare_value_id output;     /* of the root: all members have its shape */
    uint32_t candidates[MAX_CANDIDATES]; /* producers to look at, with repetitions */
    uint32_t n_candidates;
} cluster;

static bool may_be_member(const pare_fuser *f, uint32_t rule, uint32_t at)
{
    const pare_fusion_rule *r = &f->rules->items[rule];
    const pare_node *n = pare_fuser_node(f, at);
    if (f->group[at] != PARE_NONE || n->n_inputs > PARE_MAX_GROUP_INPUTS) return false;
    for (size_t a = 0; a < r->n_anchors; a++) {
        const pare_fusion_part *part = &r->anchors[a];
        if (!pare_op_index_has(&f->index, f->op[at], pare_fuser_anchor_set(f, rule, a))) continue;
        if (!pare_part_allows(f, part, at)) continue;
        if (part->first && (!n->n_inputs || n->inputs[0].value == PARE_NONE)) continue;
        if (part->first && !pare_part_allows_operands(f, part, at, 0)) continue;
        return true;
    }
    return false;
}

/* Marks a node as a member; its producers become candidates. Those that a fixed parameter comes
 * from are left outside. */
static void take(pare_fuser *f, cluster *c, uint32_t at)
{
    const pare_node *n = pare_fuser_node(f, at);
    c->draft.places[c->draft.n] = 0;
    c->draft.nodes[c->draft.n++] = at;
    f->group[at] = c->root;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE || pare_value_at(f->model, v)->graph != f->graph) continue;
        const pare_node_id producer = pare_value_at(f->model, v)->producer;
        if (producer != PARE_NONE && c->n_candidates < MAX_CANDIDATES)
            c->candidates[c->n_candidates++] = f->position[producer];
    }
}

/* Whether all uses of an inner value are inputs of members. */
static bool is_used_inside(const pare_fuser *f, const cluster *c, pare_value_id value)
{
    const pare_value *v = pare_value_at(f->model, value);
    if (v->n_uses > MAX_CANDIDATES) return false;
    for (const pare_use *u = v->first_use; u; u = u->next) {
        if (u->graph != f->graph || u->user == PARE_NONE) return false;
        if (f->group[f->position[u->user]] != c->root) return false;
    }
    return true;
}

static bool joins(pare_fuser *f, uint32_t rule, cluster *c, uint32_t at)
{
    const pare_value_id output = pare_fuser_inner(f, at);
    if (output == PARE_NONE || !is_used_inside(f, c, output)) return false;
    if (!may_be_member(f, rule, at)) return false;
    if (!pare_fact_same_shape(&f->facts, output, c->output)) return false;
    c->draft.nodes[c->draft.n] = at;
    c->draft.n++;
    const bool fit = pare_fuser_inputs_fit(f, rule, &c->draft);
    c->draft.n--;
    return fit;
}

/* The last candidate in order, taken out with its repetitions; PARE_NONE when there is none. All
 * users of it that can be members are by then. */
static uint32_t next_candidate(cluster *c)
{
    uint32_t last = PARE_NONE, n = 0;
    for (uint32_t i = 0; i < c->n_candidates; i++)
        if (last == PARE_NONE || c->candidates[i] > last) last = c->candidates[i];
    for (uint32_t i = 0; i < c->n_candidates; i++)
        if (c->candidates[i] != last) c->candidates[n++] = c->candidates[i];
    c->n_candidates = n;
    return last;
}

void pare_fuser_run_cluster(pare_fuser *f, uint32_t rule)
{
    const uint32_t most = pare_fuser_max_nodes(f, rule);
    cluster c;
    for (uint32_t at = f->n; at-- > 0;) {
        if (f->op[at] == PARE_NONE || !may_be_member(f, rule, at)) continue;
        if (f->rule[at] == PARE_NONE) f->rule[at] = rule;
        c.root = at;
        c.output = pare_fuser_output(f, at);
        c.draft.n = c.n_candidates = 0;
        take(f, &c, at);
        for (uint32_t p; c.draft.n < most && (p = next_candidate(&c)) != PARE_NONE;)
            if (joins(f, rule, &c, p)) take(f, &c, p);
        if (c.draft.n > 1) pare_fuser_take(f, &c.draft, rule, at);
        else f->group[at] = PARE_NONE;
    }
}
