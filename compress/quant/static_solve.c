#include "quant/static_job.h"

#include "op/linear.h"

/* Codes of weights under activations in integers, by what becomes of outputs, for what products
 * read once it is rounded on its grid. What they take from means is left to the correction of
 * biases. */

enum { MOST_SAMPLES = 128 }; /* that moments are of: 8 bits need less than 4 do */

bool pare_static_solves(const pare_quantizing *q)
{
    const int a = q->s->algorithm;
    return q->opts->data && !q->opts->rough &&
           (a == PARE_QUANTIZE_GPTQ || a == PARE_QUANTIZE_SCALE_FIT);
}

/* Products that are placed, with how their weights are to be written. */
static pare_status find_items(pare_quantizing *q, pare_static_solution *s,
                              const pare_weight_opts *weights, const pare_placement *p)
{
    for (pare_node_id id = 0; id < p->n_nodes; id++) {
        pare_linear l;
        if (p->roles[id] != PARE_PLACE_PRODUCT || !pare_linear_of(q->ctx, &l, q->model, id) ||
            q->model->values[l.weight].tensor->dtype != PARE_FLOAT)
            continue;
        PARE_TRY(pare_grow(q->ctx, &s->items, &s->cap, s->n + 1, sizeof(*s->items)));
        s->items[s->n++] = (pare_layerwise_item){ l, *weights };
    }
    return PARE_OK;
}

pare_status pare_static_solution_find(pare_static_job *job, pare_static_solution *s)
{
    pare_quantizing *const q = job->q;
    const pare_weight_opts weights = { .form = job->in.weight,
                                       .per_tensor = !job->in.per_channel };
    pare_insertion activations = job->in;
    pare_insert_counts counts;
    pare_model *rounded = NULL;
    *s = (pare_static_solution){ 0 };
    PARE_TRY(find_items(q, s, &weights, job->placement));
    pare_status st = pare_model_clone(q->ctx, &rounded, q->model);
    activations.placement = job->placement;
    activations.grids = job->grids;
    activations.activations_only = true;
    if (!st) st = pare_insert_quantization(q->ctx, rounded, &activations, &counts);
    const pare_layerwise_opts opts = {
        .items = s->items, .n_items = s->n, .data = q->opts->data, .rounded = rounded,
        .algorithm = (pare_algorithm)q->s->algorithm, /* the enums have the same order */
        .max_samples = MOST_SAMPLES,
    };
    if (!st) st = pare_layerwise_solve(q->ctx, &s->found, q->model, q->opts->pool, &opts);
    pare_model_free(q->ctx, rounded);
    return st;
}

pare_status pare_static_solution_give(pare_ctx *ctx, pare_weight_codes **out,
                                      const pare_model *model, const pare_linear *linear,
                                      pare_pool *pool, const pare_weight_opts *opts, void *user)
{
    const pare_static_solution *s = user;
    for (size_t i = 0; s->found && i < s->n; i++) {
        pare_solution *const found = &s->found->solutions[i];
        if (s->items[i].linear.weight != linear->weight || !found->codes) continue;
        *out = found->codes;
        found->codes = NULL;
        return PARE_OK;
    }
    return pare_weights_quantize(ctx, out, model, linear, pool, opts);
}

void pare_static_solution_free(pare_ctx *ctx, pare_static_solution *s)
{
    pare_layerwise_free(ctx, s->found);
    pare_free(ctx, s->items);
    *s = (pare_static_solution){ 0 };
}
