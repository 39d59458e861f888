#include "quant/static_job.h"


static void note(uint8_t *keep)
{
    if (*keep == PARE_KEEP_ASKED || *keep == PARE_KEEP_INT8) *keep = PARE_KEEP_NO_RANGE;
}

/* Leaves in floats whatever reads or makes a value of unknown range. False: there was nothing. */
static bool give_up(pare_static_job *job, const pare_norm_range *ranges)
{
    const pare_placement *p = job->placement;
    const pare_model *m = job->q->model;
    bool any = false;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        if (!p->quantized[v] || ranges[v].known) continue;
        const pare_node_id producer = m->values[v].producer;
        any = true;
        if (producer != PARE_NONE) note(&job->q->keeps[producer]);
        for (const pare_use *use = m->values[v].first_use; use; use = use->next)
            if (use->user != PARE_NONE && use->user < job->q->n_keeps)
                note(&job->q->keeps[use->user]);
    }
    return any;
}

/* One grid for those that share it, over all that they hold. */
static void choose(pare_static_job *job, const pare_norm_range *ranges)
{
    const pare_placement *p = job->placement;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        if (!p->quantized[v] || p->grid[v] != v) continue;
        double low = (double)ranges[v].low, high = (double)ranges[v].high;
        for (pare_value_id w = 0; w < p->n_values; w++) {
            if (!p->quantized[w] || p->grid[w] != v) continue;
            if ((double)ranges[w].low < low) low = (double)ranges[w].low;
            if ((double)ranges[w].high > high) high = (double)ranges[w].high;
        }
        job->grids[v] = pare_grid_of(&job->form, low, high);
    }
}

/* Places again, with less, until all ranges are known. */
pare_status pare_static_norm_ranges(pare_static_job *job, pare_norm_range **ranges,
                                    size_t n_values)
{
    PARE_TRY(pare_norm_ranges_spread(job->q->ctx, ranges, n_values, job->q->model));
    PARE_TRY(pare_static_place(job));
    while (give_up(job, *ranges)) PARE_TRY(pare_static_place(job));
    choose(job, *ranges);
    return PARE_OK;
}
