#include "ir/checks.h"
#include "ir/graph.h"

#include <inttypes.h>

/* Whether the use is the one that stands where it says. */
static bool is_in_place(const pare_model *m, const pare_use *u)
{
    if (u->user != PARE_NONE)
        return u->user < m->n_nodes && m->nodes[u->user].graph &&
               u->slot < m->nodes[u->user].n_inputs && &m->nodes[u->user].inputs[u->slot] == u;
    return u->graph && u->slot < u->graph->outputs.n && u->graph->outputs.items[u->slot].use == u;
}

static bool is_defined(const pare_value *v)
{
    return v->producer != PARE_NONE || v->is_input || v->tensor || v->sparse;
}

static pare_status check_list(const checker *c, pare_value_id id)
{
    const pare_value *v = &c->model->values[id];
    const pare_use *prev = NULL;
    uint32_t n = 0;
    for (const pare_use *u = v->first_use; u; u = u->next) {
        if (n++ == v->n_uses) return pare_check_value_fail(c, id, "has more uses than it counts");
        if (u->value != id || u->prev != prev)
            return pare_check_value_fail(c, id, "its list of uses is broken");
        if (!is_in_place(c->model, u))
            return pare_check_value_fail(c, id, "lists a use that is not where it says");
        if (!pare_value_visible(c->model, id, u->graph))
            return pare_check_value_fail(c, id, "is used where it is not visible");
        prev = u;
    }
    if (v->last_use != prev || n != v->n_uses)
        return pare_check_value_fail(c, id, "has fewer uses than it counts");
    if (n && !is_defined(v)) return pare_check_value_fail(c, id, "is used, but nothing defines it");
    return PARE_OK;
}

/* Uses that stand in nodes and outputs. Each listed one was found in place and no place holds two,
 * so equal numbers mean that every use is listed. */
static uint64_t count_uses(const pare_model *m)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->n_nodes; i++)
        for (uint32_t k = 0; m->nodes[i].graph && k < m->nodes[i].n_inputs; k++)
            n += m->nodes[i].inputs[k].value != PARE_NONE;
    for (size_t i = 0; i < m->n_graphs; i++) n += m->graphs[i]->outputs.n;
    return n;
}

pare_status pare_check_uses(const checker *c)
{
    uint64_t n_listed = 0;
    const uint64_t n = count_uses(c->model);
    for (size_t i = 0; i < c->model->n_values; i++) {
        if (!c->model->values[i].graph) continue;
        PARE_TRY(check_list(c, (pare_value_id)i));
        n_listed += c->model->values[i].n_uses;
    }
    if (n == n_listed) return PARE_OK;
    return pare_fail(c->ctx, PARE_EFORMAT,
                     "%" PRIu64 " uses stand in nodes and outputs, but values list %" PRIu64, n,
                     n_listed);
}
