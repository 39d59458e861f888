#include "run/planner.h"

#include "run/lower/program.h"

/* Outputs that are written over the inputs that they are in the next run. */

/* Whether nothing that reads the input does so once the output is being written. */
static bool can_overwrite(const pare_plan *plan, const pare_laid *in, const pare_laid *out)
{
    const pare_buffer *from = &plan->buffers[in->buffer];
    const pare_buffer *to = &plan->buffers[out->buffer];
    if (from->kind != PARE_BUFFER_INPUT || from->is_lent || to->kind != PARE_BUFFER_OUTPUT ||
        in->dtype != out->dtype || !pare_laid_alike(in, out))
        return false;
    if (from->first > from->last || from->last < to->first) return true;
    return from->last == to->first &&
           pare_program_is_in_place(&plan->steps[to->first], in->buffer);
}

bool pare_plan_is_update(const pare_planner *p, pare_value_id value)
{
    for (size_t i = 0; i < p->opts->n_persistent; i++)
        if (p->opts->persistent[i].output == value) return true;
    return false;
}

void pare_plan_update_in_place(pare_planner *p)
{
    pare_plan *plan = p->plan;
    for (size_t i = 0; i < p->model->graph->outputs.n; i++) {
        pare_plan_result *r = &plan->results[i];
        r->updates = PARE_NONE;
        for (size_t k = 0; k < p->opts->n_persistent; k++) {
            const pare_persistent *pair = &p->opts->persistent[k];
            if (pair->output != r->value || r->buffer == PARE_NO_BUFFER) continue;
            if (p->values[pair->input].n_forms &&
                can_overwrite(plan, &p->values[pair->input].forms[0], &r->laid))
                r->updates = pair->input;
        }
    }
}

bool pare_plan_updates(const pare_plan *plan, uint32_t i)
{
    return plan->results[i].updates != PARE_NONE;
}
