#include "quant/equalize.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "op/linear.h"
#include "op/wide.h"
#include "stats/survey.h"

#include "quant/pairs.h"
#include "quant/writer.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 40 };

static const double settled = 1e-3;      /* change of a scale that counts as none */
static const double most_scale = 256;    /* channels that are nearly dead are not blown up */
static const double least_gain = 0.8;    /* of the weights' error, for a chain to be kept */

typedef struct equalizer {
    pare_ctx *ctx;
    pare_model *model;
    const pare_equalize_opts *opts;
    pare_equalize_report *report;
    pare_pairs before, pairs;
    float *row, *restored;    /* [largest row] */
    int8_t *codes;            /* [largest row] */
    double *noise;            /* [2 * most channels] */
} equalizer;

/* --- what rounding costs ---------------------------------------------------------------------- */

static pare_status find_room(equalizer *e)
{
    int64_t most = 1, channels = 1;
    for (size_t i = 0; i < e->pairs.n_layers; i++) {
        const pare_linear *l = &e->pairs.layers[i].l;
        if (l->taps * l->in > most) most = l->taps * l->in;
        if (l->out > channels) channels = l->out;
        if (l->group * l->in > channels) channels = l->group * l->in;
    }
    e->noise = pare_alloc(e->ctx, 2 * (size_t)channels * sizeof(*e->noise));
    if (!e->noise) return pare_fail_memory(e->ctx, 2 * (size_t)channels * sizeof(*e->noise));
    const size_t n = (size_t)most;
    e->row = pare_alloc(e->ctx, n * (2 * sizeof(float) + 1));
    if (!e->row) return pare_fail_memory(e->ctx, n * (2 * sizeof(float) + 1));
    e->restored = e->row + n;
    e->codes = (int8_t *)(e->restored + n);
    return PARE_OK;
}

/* Noise and signal of a layer's weights, by the channels that it makes, or those that it reads. */
static void noise_of(const equalizer *e, const pare_pair_layer *layer, bool by_input)
{
    pare_weight_form form = *e->opts->form;
    const pare_linear *l = &layer->l;
    const int64_t n = l->taps * l->in, n_channels = by_input ? l->group * l->in : l->out;
    double *signal = e->noise + n_channels;
    float common = 0;
    form.block = 0;
    memset(e->noise, 0, 2 * (size_t)n_channels * sizeof(*e->noise));
    for (int64_t o = 0; e->opts->per_tensor && o < l->out; o++) {
        pare_linear_get_row(l, o, layer->weights, e->row);
        common = fmaxf(common, fabsf(pare_row_scale(&form, false, n, e->row)));
    }
    for (int64_t o = 0; o < l->out; o++) {
        float scale;
        int32_t zero;
        const pare_row_codes codes = { e->codes, &scale, &zero };
        const int64_t first = o / (l->out / l->group) * l->in; /* input of its group */
        pare_linear_get_row(l, o, layer->weights, e->row);
        if (e->opts->per_tensor) pare_row_round_to(&form, common, n, e->row, &codes);
        else pare_row_round(&form, false, n, e->row, &codes);
        pare_row_restore(&form, n, &codes, e->restored);
        for (int64_t i = 0; i < n; i++) {
            const int64_t c = by_input ? first + i % l->in : o;
            const double d = (double)e->row[i] - (double)e->restored[i];
            e->noise[c] += d * d;
            signal[c] += (double)e->row[i] * (double)e->row[i];
        }
    }
}

/* Mean over channels of noise by signal: every channel counts the same, however it is scaled. */
static double error_of(const equalizer *e, const pare_pair_layer *layer, bool by_input)
{
    const int64_t n = by_input ? layer->l.group * layer->l.in : layer->l.out;
    double sum = 0;
    noise_of(e, layer, by_input);
    for (int64_t c = 0; c < n; c++)
        if (e->noise[n + c] > 0) sum += e->noise[c] / e->noise[n + c];
    return sum / (double)n;
}

static double error_of_chain(const equalizer *e, const pare_pairs *p, uint32_t chain)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        const pare_pair_layer *a = &p->layers[p->pairs[i].a], *b = &p->layers[p->pairs[i].b];
        if (a->chain == chain) sum += error_of(e, a, false) + error_of(e, b, true);
    }
    return sum;
}

/* --- scaling ---------------------------------------------------------------------------------- */

/* One pair; returns how far from 1 a scale was. */
static double equalize_pair(pare_pairs *p, const pare_pair *pair)
{
    pare_pair_layer *a = &p->layers[pair->a], *b = &p->layers[pair->b];
    double change = 0;
    for (int64_t c = 0; c < a->l.out; c++) {
        const double r1 = (double)pare_pair_largest_out(a, c);
        const double r2 = (double)pare_pair_largest_in(b, c);
        if (!(r1 > 0) || !(r2 > 0)) continue;
        const double s = fmin(fmax(sqrt(r1 / r2), 1 / most_scale), most_scale);
        change = fmax(change, fabs(s - 1));
        pare_pair_scale_out(a, c, 1 / s);
        pare_pair_scale_in(b, c, s);
    }
    return change;
}

static pare_status equalize_all(equalizer *e)
{
    double change = 1;
    for (int round = 0; round < MOST_ROUNDS && change > settled; round++) {
        PARE_TRY(pare_check_canceled(e->ctx));
        change = 0;
        for (size_t i = 0; i < e->pairs.n; i++)
            if (!e->pairs.pairs[i].clips)
                change = fmax(change, equalize_pair(&e->pairs, &e->pairs.pairs[i]));
    }
    return PARE_OK;
}

/* Writes chains that come out better; the layers of the others become what they were. */
static pare_status keep_chains(equalizer *e)
{
    for (uint32_t chain = 0; chain < e->pairs.n_layers; chain++) {
        if (e->pairs.layers[chain].chain != chain) continue; /* called by one of its own */
        const double before = error_of_chain(e, &e->before, chain);
        const double after = error_of_chain(e, &e->pairs, chain);
        const bool keep = e->opts->always || after < least_gain * before;
        e->report->error_before += before / (double)e->pairs.n;
        e->report->error_after += (keep ? after : before) / (double)e->pairs.n;
        for (size_t i = 0; i < e->pairs.n_layers; i++) {
            pare_pair_layer *layer = &e->pairs.layers[i];
            if (layer->chain != chain) continue;
            if (keep) PARE_TRY(pare_pair_write(e->ctx, e->model, layer));
        }
        for (size_t i = 0; keep && i < e->pairs.n; i++)
            e->report->n_equalized += e->pairs.layers[e->pairs.pairs[i].a].chain == chain &&
                                      !e->pairs.pairs[i].clips;
    }
    return PARE_OK;
}

/* --- with data -------------------------------------------------------------------------------- */

static bool pads(const pare_node *n)
{
    const pare_attr *automatic = pare_node_attr(n, "auto_pad"), *at = pare_node_attr(n, "pads");
    if (automatic && automatic->type == PARE_ATTR_STRING) return true;
    for (uint32_t i = 0; at && at->type == PARE_ATTR_INTS && i < at->n; i++)
        if (at->ints[i]) return true;
    return false;
}

/* Whether an offset of the first's channels is one of the second's outputs: nothing but a Relu lies
 * between, and no zeros are read in place of values. */
static bool may_absorb(const equalizer *e, const pare_pair *pair)
{
    const pare_pair_layer *a = &e->pairs.layers[pair->a], *b = &e->pairs.layers[pair->b];
    const pare_node *n = &e->model->nodes[b->l.node];
    if (pair->clips || pair->activation == PARE_NONE || !a->bias || !b->bias ||
        b->l.kind == PARE_LINEAR_CONV_TRANSPOSE || (b->l.kind == PARE_LINEAR_CONV && pads(n)))
        return false;
    const pare_value *y = &e->model->values[e->model->nodes[pair->activation].outputs[0]];
    return y->first_use->user == b->l.node &&
           e->model->values[e->model->nodes[pair->activation].inputs[0].value].producer ==
               a->l.node;
}

/* Whether knowing values could change anything. */
static bool wants_values(const equalizer *e)
{
    for (size_t i = 0; i < e->pairs.n; i++)
        if (e->pairs.pairs[i].clips || may_absorb(e, &e->pairs.pairs[i])) return true;
    return false;
}

static pare_status survey(equalizer *e, pare_survey **out)
{
    pare_survey_item *items = pare_alloc(e->ctx, (e->pairs.n + 1) * sizeof(*items));
    if (!items) return pare_fail_memory(e->ctx, e->pairs.n * sizeof(*items));
    for (size_t i = 0; i < e->pairs.n; i++) {
        const pare_pair *pair = &e->pairs.pairs[i];
        const pare_pair_layer *a = &e->pairs.layers[pair->a];
        const pare_node_id at = pair->activation;
        const pare_value_id v = at == PARE_NONE ? e->model->nodes[a->l.node].outputs[0]
                                                : e->model->nodes[at].inputs[0].value;
        items[i] = (pare_survey_item){ v, a->l.output_axis };
    }
    const pare_survey_opts how = { .items = items, .n_items = e->pairs.n, .first = e->opts->first,
                                   .n_samples = e->opts->n_samples, .phase = "equalize" };
    const pare_status st =
        pare_survey_run(e->ctx, out, e->model, e->opts->data, e->opts->pool, &how);
    pare_free(e->ctx, items);
    return st;
}

/* The upper bound of a Clip; infinite where there is none. */
static double upper_bound(const pare_model *m, const pare_node *n)
{
    const pare_attr *max = pare_node_attr(n, "max");
    if (max) return max->type == PARE_ATTR_FLOAT ? (double)max->floats[0] : 0;
    const pare_value_id v = n->n_inputs > 2 ? n->inputs[2].value : PARE_NONE;
    if (v == PARE_NONE) return INFINITY;
    const pare_tensor *t = m->values[v].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == 1 && t->encoding == PARE_ENC_DENSE
               ? pare_wide_f64_at(PARE_FLOAT, t->payload.data, 0)
               : 0;
}

/* A Clip from 0 whose upper bound nothing came within a tenth of. */
static pare_status unclip(equalizer *e, pare_pair *pair, const pare_survey_value *seen)
{
    static const double margin = 0.9;
    const pare_node *n = &e->model->nodes[pair->activation];
    if (!seen->histogram.n || seen->histogram.n_bad ||
        (double)seen->histogram.max >= margin * upper_bound(e->model, n))
        return PARE_OK;
    PARE_TRY(pare_node_resize_inputs(e->ctx, e->model, pair->activation, 1));
    pare_node_remove_attr(e->model, pair->activation, "min");
    pare_node_remove_attr(e->model, pair->activation, "max");
    PARE_TRY(pare_node_set_op(e->ctx, e->model, pair->activation, "Relu", NULL));
    pair->clips = false;
    e->report->n_unclipped++;
    return PARE_OK;
}

static void absorb(equalizer *e, const pare_pair *pair, const pare_survey_value *seen)
{
    pare_pair_layer *a = &e->pairs.layers[pair->a], *b = &e->pairs.layers[pair->b];
    const pare_linear *l = &b->l;
    const int64_t per_group = l->out / l->group;
    static const double share = 0.9; /* of the least that was seen: other data may go lower */
    if (!may_absorb(e, pair) || seen->n_channels != a->l.out || seen->histogram.n_bad) return;
    for (int64_t c = 0; c < a->l.out; c++) {
        const double amount = share * (double)seen->channels[c].min;
        if (!(amount > 0) || !isfinite(amount)) continue;
        a->bias[c] = (float)((double)a->bias[c] - amount);
        for (int64_t o = c / l->in * per_group; o < (c / l->in + 1) * per_group; o++) {
            double sum = 0;
            for (int64_t t = 0; t < l->taps; t++)
                sum += (double)b->weights[pare_linear_at(l, o, t, c % l->in)];
            b->bias[o] = (float)((double)b->bias[o] + sum * amount);
        }
        e->report->n_absorbed++;
    }
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status run(equalizer *e)
{
    pare_survey *seen = NULL;
    PARE_TRY(pare_pairs_find(e->ctx, &e->pairs, e->model));
    e->report->n_pairs = e->pairs.n;
    if (!e->pairs.n) return PARE_OK;
    PARE_TRY(find_room(e));
    pare_status st = e->opts->data && wants_values(e) ? survey(e, &seen) : PARE_OK;
    for (size_t i = 0; !st && seen && i < e->pairs.n; i++)
        if (e->pairs.pairs[i].clips) st = unclip(e, &e->pairs.pairs[i], &seen->values[i]);
    for (size_t i = 0; !st && seen && i < e->pairs.n; i++)
        absorb(e, &e->pairs.pairs[i], &seen->values[i]);
    for (size_t i = 0; !st && e->report->n_absorbed && i < e->pairs.n_layers; i++)
        st = pare_pair_write(e->ctx, e->model, &e->pairs.layers[i]);
    pare_survey_free(e->ctx, seen);
    if (!st) st = pare_pairs_find(e->ctx, &e->before, e->model);
    if (!st) st = equalize_all(e);
    return st ? st : keep_chains(e);
}

pare_status pare_equalize(pare_ctx *ctx, pare_model *model, const pare_equalize_opts *opts,
                          pare_equalize_report *report)
{
    equalizer e = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    *report = (pare_equalize_report){ 0 };
    const pare_status st = run(&e);
    pare_pairs_free(ctx, &e.before);
    pare_pairs_free(ctx, &e.pairs);
    pare_free(ctx, e.row);
    pare_free(ctx, e.noise);
    return st;
}
