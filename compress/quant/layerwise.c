#include "quant/layerwise.h"

#include "ir/graph.h"
#include "quant/shift.h"
#include "stats/waves.h"

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
    pare_waves waves;         /* of the items */
    pare_gram_item *grams;    /* [n_items] of the wave */
    size_t *items;            /* [n_items] which those are */
} driver;

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
        if (d->waves.wave[i] != wave || !pare_gram_suits(l, d->model)) continue;
        d->grams[n] = (pare_gram_item){ .linear = *l, .plus = PARE_NONE, .minus = PARE_NONE };
        /* What was lost in front of a wave is made up for once, by those that lead it; but not
         * what rounding activations lost: weights that follow such noise generalize worse. */
        if (wave && !d->opts->rounded && d->waves.leads[i])
            d->grams[n].plus = d->model->nodes[l->node].outputs[0];
        d->items[n++] = i;
    }
    if (!n) return PARE_OK;
    const pare_gram_opts opts = {
        .items = d->grams, .n_items = n, .data = d->opts->data, .first = d->opts->first,
        .n_samples = d->opts->n_samples,
        .max_samples = d->opts->max_samples ? d->opts->max_samples : MAX_SAMPLES,
        .reference = wave && !d->opts->rounded ? d->model : NULL,
        .max_rows = d->opts->max_rows, .max_memory_bytes = d->opts->max_memory_bytes,
        .use = use, .user = d,
    };
    return pare_gram_run(d->ctx, d->changed, d->pool, &opts);
}

static pare_status put_in_place(driver *d, uint32_t wave)
{
    for (size_t i = 0; i < d->opts->n_items; i++) {
        const pare_solution *s = &d->out->solutions[i];
        const pare_linear *l = &d->opts->items[i].linear;
        const bool shifts = s->shift && pare_can_shift(d->changed, l);
        if (d->waves.wave[i] == wave && s->codes)
            PARE_TRY(pare_layerwise_simulate(d->ctx, d->changed, l, s->codes,
                                             shifts ? s->shift : NULL));
    }
    return PARE_OK;
}

static pare_status make_waves(driver *d)
{
    const size_t n = d->opts->n_items;
    pare_node_id *nodes = pare_alloc(d->ctx, (n + 1) * sizeof(*nodes));
    if (!nodes) return pare_fail_memory(d->ctx, n * sizeof(*nodes));
    for (size_t i = 0; i < n; i++) nodes[i] = d->opts->items[i].linear.node;
    const pare_status st = pare_waves_make(d->ctx, &d->waves, d->model, nodes, n,
                                           d->opts->max_waves ? d->opts->max_waves : MAX_WAVES);
    pare_free(d->ctx, nodes);
    return st;
}

static pare_status run(driver *d)
{
    const size_t n = d->opts->n_items;
    d->out->n = n;
    d->out->solutions = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->out->solutions));
    d->out->same_as = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->out->same_as));
    d->grams = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->grams));
    d->items = pare_alloc_zero(d->ctx, (n + 1) * sizeof(*d->items));
    if (!d->out->solutions || !d->out->same_as || !d->grams || !d->items)
        return pare_fail_memory(d->ctx, n * sizeof(*d->out->solutions));
    for (size_t i = 0; i < n; i++)
        while (d->opts->items[d->out->same_as[i]].linear.weight !=
               d->opts->items[i].linear.weight)
            d->out->same_as[i]++;
    PARE_TRY(solve_blind(d));
    if (!needs_data(d)) return PARE_OK;
    PARE_TRY(make_waves(d));
    PARE_TRY(pare_model_clone(d->ctx, &d->changed,
                              d->opts->rounded ? d->opts->rounded : d->model));
    for (uint32_t w = 0; w < d->waves.n_waves; w++) {
        PARE_TRY(run_wave(d, w));
        if (w + 1 < d->waves.n_waves) PARE_TRY(put_in_place(d, w));
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
    pare_waves_free(ctx, &d.waves);
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
