#include "quant/layerwise.h"

#include "ir/graph.h"
#include "ir/order.h"
#include "quant/shift.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WAVES = 12, MAX_SAMPLES = 512 };

typedef struct driver {
    pare_ctx *ctx;
    const pare_model *model;
    pare_model *changed;      /* a copy, with what was solved in place of the weights */
    pare_pool *pool;
    const pare_layerwise_opts *opts;
    pare_layerwise *out;
    uint32_t *wave;           /* [n_items] */
    bool *leads;              /* [n_items] nothing of its wave is in front of it */
    uint32_t n_waves;
    pare_gram_item *grams;    /* [n_items] of the wave */
    size_t *items;            /* [n_items] which those are */
} driver;

/* --- waves ------------------------------------------------------------------------------------ */

/* How many items are on the longest way to each node; items get theirs, counted from 0. */
static pare_status find_depths(driver *d, uint32_t *deepest)
{
    const pare_model *m = d->model;
    const size_t n = d->opts->n_items;
    pare_node_id *order = NULL;
    uint32_t *depth = pare_alloc_zero(d->ctx, (m->n_nodes + 1) * sizeof(*depth));
    bool *is_item = pare_alloc_zero(d->ctx, (m->n_nodes + 1) * sizeof(*is_item));
    pare_status st = depth && is_item ? pare_graph_order(d->ctx, &order, m->graph)
                                      : pare_fail_memory(d->ctx, m->n_nodes * sizeof(*depth));
    for (size_t i = 0; !st && i < n; i++) is_item[d->opts->items[i].linear.node] = true;
    *deepest = 0;
    for (size_t k = 0; !st && k < m->graph->n_nodes; k++) {
        const pare_node *node = &m->nodes[order[k]];
        uint32_t *own = &depth[order[k]];
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            const pare_value_id v = node->inputs[i].value;
            const pare_node_id from = v == PARE_NONE ? PARE_NONE : m->values[v].producer;
            if (from != PARE_NONE && depth[from] > *own) *own = depth[from];
        }
        *own += is_item[order[k]]; /* counts itself */
        if (*own > *deepest) *deepest = *own;
    }
    for (size_t i = 0; !st && i < n; i++) d->wave[i] = depth[d->opts->items[i].linear.node] - 1;
    pare_free(d->ctx, order);
    pare_free(d->ctx, is_item);
    pare_free(d->ctx, depth);
    return st;
}

static pare_status make_waves(driver *d)
{
    uint32_t deepest = 0;
    const uint32_t most = d->opts->max_waves ? d->opts->max_waves : MAX_WAVES;
    PARE_TRY(find_depths(d, &deepest));
    d->n_waves = deepest < most ? deepest : most;
    for (size_t i = 0; i < d->opts->n_items; i++) {
        const uint64_t depth = d->wave[i], last = depth ? depth - 1 : 0;
        if (deepest > most) d->wave[i] = (uint32_t)(depth * most / deepest);
        d->leads[i] = deepest <= most || d->wave[i] != (uint32_t)(last * most / deepest);
    }
    return PARE_OK;
}

/* --- what was solved, as floats --------------------------------------------------------------- */

static void restore(const pare_linear *l, const pare_weight_codes *c, float *row, float *elements)
{
    const int64_t n = l->taps * l->in, parts = n / c->row;
    for (int64_t o = 0; o < l->out; o++) {
        for (int64_t p = 0; p < parts; p++) {
            const int64_t r = o * parts + p;
            const pare_row_codes codes = { c->codes + r * c->row, c->scales + r * c->blocks,
                                           c->zeros + r * c->blocks };
            pare_row_restore(&c->form, c->row, &codes, row + p * c->row);
        }
        pare_linear_put_row(l, o, row, elements);
    }
}

pare_status pare_layerwise_simulate(pare_ctx *ctx, pare_model *model, const pare_linear *l,
                                    const pare_weight_codes *codes, const float *shift)
{
    const size_t n_bytes = (size_t)(l->taps * l->in) * sizeof(float);
    pare_tensor *w = NULL;
    uint8_t *data = NULL;
    PARE_TRY(pare_tensor_densify(ctx, &w, model->values[l->weight].tensor));
    float *row = pare_alloc(ctx, n_bytes);
    pare_status st = row ? pare_tensor_own(ctx, &w, &data) : pare_fail_memory(ctx, n_bytes);
    if (!st) {
        restore(l, codes, row, (float *)(void *)data);
        st = pare_value_set_tensor(ctx, model, l->weight, w);
    }
    pare_free(ctx, row);
    pare_tensor_unref(w);
    return st || !shift ? st : pare_shift_outputs(ctx, model, l, shift);
}

/* --- solving ---------------------------------------------------------------------------------- */

static pare_status solve(driver *d, size_t i, const pare_gram *gram)
{
    const pare_layerwise_item *item = &d->opts->items[i];
    const pare_solve_opts opts = {
        .weights = item->weights, .algorithm = d->opts->algorithm, .gram = gram,
        .damping = d->opts->damping,
        .may_shift = gram && d->model->values[item->linear.weight].n_uses == 1 &&
                     pare_can_shift(d->model, &item->linear),
    };
    if (d->out->same_as[i] != i) return PARE_OK;
    return pare_weights_solve(d->ctx, &d->out->solutions[i], d->model, &item->linear, d->pool,
                              &opts);
}

static pare_status use(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    driver *d = user;
    (void)ctx;
    return solve(d, d->items[item], gram);
}

static bool needs_data(const driver *d)
{
    return d->opts->data && d->opts->algorithm != PARE_ALGORITHM_RTN &&
           d->opts->algorithm != PARE_ALGORITHM_HQQ;
}

/* Without data, or where moments cannot be had. */
static pare_status solve_blind(driver *d)
{
    for (size_t i = 0; i < d->opts->n_items; i++)
        if (!needs_data(d) || !pare_gram_suits(&d->opts->items[i].linear, d->model))
            PARE_TRY(solve(d, i, NULL));
    return PARE_OK;
}

static pare_status run_wave(driver *d, uint32_t wave)
{
    size_t n = 0;
    for (size_t i = 0; i < d->opts->n_items; i++) {
        const pare_linear *l = &d->opts->items[i].linear;
        if (d->wave[i] != wave || !pare_gram_suits(l, d->model)) continue;
        d->grams[n] = (pare_gram_item){ .linear = *l, .plus = PARE_NONE, .minus = PARE_NONE };
        /* What was lost in front of a wave is made up for once, by those that lead it. */
        if (wave && d->leads[i]) d->grams[n].plus = d->model->nodes[l->node].outputs[0];
        d->items[n++] = i;
    }
    if (!n) return PARE_OK;
    const pare_gram_opts opts = {
        .items = d->grams, .n_items = n, .data = d->opts->data, .first = d->opts->first,
        .n_samples = d->opts->n_samples,
        .max_samples = d->opts->max_samples ? d->opts->max_samples : MAX_SAMPLES,
        .reference = wave ? d->model : NULL,
        .max_rows = d->opts->max_rows, .max_memory_bytes = d->opts->max_memory_bytes,
        .use = use, .user = d,
    };
    return pare_gram_run(d->ctx, d->changed, d->pool, &opts);
}

static pare_status put_in_place(driver *d, uint32_t wave)
{
    for (size_t i = 0; i < d->opts->n_items; i++) {
        const pare_solution *s = &d->out->solutions[i];
        if (d->wave[i] == wave && s->codes)
            PARE_TRY(pare_layerwise_simulate(d->ctx, d->changed, &d->opts->items[i].linear,
                                             s->codes, s->shift));
    }
    return PARE_OK;
}

static pare_status run(driver *d)
{
    const size_t n = d->opts->n_items;
    d->out->n = n;
    d->out->solutions = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->out->solutions));
    d->out->same_as = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->out->same_as));
    d->wave = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->wave));
    d->leads = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->leads));
    d->grams = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->grams));
    d->items = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->items));
    if (!d->out->solutions || !d->out->same_as || !d->wave || !d->leads || !d->grams ||
        !d->items)
        return pare_fail_memory(d->ctx, n * sizeof(*d->out->solutions));
    for (size_t i = 0; i < n; i++)
        while (d->opts->items[d->out->same_as[i]].linear.weight !=
               d->opts->items[i].linear.weight)
            d->out->same_as[i]++;
    PARE_TRY(solve_blind(d));
    if (!needs_data(d)) return PARE_OK;
    PARE_TRY(make_waves(d));
    PARE_TRY(pare_model_clone(d->ctx, &d->changed, d->model));
    for (uint32_t w = 0; w < d->n_waves; w++) {
        PARE_TRY(run_wave(d, w));
        if (w + 1 < d->n_waves) PARE_TRY(put_in_place(d, w));
    }
    return PARE_OK;
}

pare_status pare_layerwise_solve(pare_ctx *ctx, pare_layerwise **out, const pare_model *model,
                                 pare_pool *pool, const pare_layerwise_opts *opts)
{
    driver d = { .ctx = ctx, .model = model, .pool = pool, .opts = opts };
    *out = NULL;
    d.out = pare_alloc_zero(ctx, sizeof(*d.out));
    if (!d.out) return pare_fail_memory(ctx, sizeof(*d.out));
    const pare_status st = run(&d);
    pare_model_free(ctx, d.changed);
    pare_free(ctx, d.wave);
    pare_free(ctx, d.leads);
    pare_free(ctx, d.grams);
    pare_free(ctx, d.items);
    if (st) pare_layerwise_free(ctx, d.out);
    else *out = d.out;
    return st;
}

void pare_layerwise_free(pare_ctx *ctx, pare_layerwise *l)
{
    if (!l) return;
    for (size_t i = 0; l->solutions && i < l->n; i++) pare_solution_free(ctx, &l->solutions[i]);
    pare_free(ctx, l->solutions);
    pare_free(ctx, l->same_as);
    pare_free(ctx, l);
}
