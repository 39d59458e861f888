#include "stats/evaluating.h"

#include <math.h>
#include <string.h>

/* What scores of samples add up to. */

static void add_side(pare_evaluated_side *out, pare_eval_side *side, uint64_t sample,
                     const pare_score *score)
{
    for (int m = 0; m < PARE_N_SCORES; m++)
        pare_tally_add(&side->tallies[m], score->sum[m], score->weight[m]);
    out->ties += score->ties;
    out->n_left_out += score->left_out;
    if (score->has_nan && out->n_nan < PARE_N_NAMED) out->nan[out->n_nan] = sample;
    out->n_nan += score->has_nan;
}

/* Noise per signal, else the loss; what is no number is worst. */
static double badness_of(const pare_evaluating *e, const pare_score *s)
{
    const bool has_reference = e->sides[PARE_SIDE_REFERENCE].is_present;
    const pare_score_id id = has_reference ? PARE_SCORE_SQNR : PARE_SCORE_PERPLEXITY;
    if (s->has_nan) return INFINITY;
    return s->weight[id] > 0 ? s->sum[id] / s->weight[id] : 0;
}

/* Keeps the list of the worst in order; of equally bad ones the first stays ahead. */
static void add_worst(pare_evaluating *e, uint64_t sample, const pare_eval_place *p)
{
    pare_evaluation *out = e->out;
    const pare_score *ref = &p->scores[PARE_SIDE_REFERENCE];
    const pare_worst w = {
        .sample = sample, .label = p->has_label ? p->label : -1,
        .best = p->scores[PARE_SIDE_MODEL].best,
        .reference = e->sides[PARE_SIDE_REFERENCE].is_present ? ref->best : -1,
        .badness = badness_of(e, &p->scores[PARE_SIDE_MODEL]),
    };
    size_t at = out->n_worst;
    if (!(w.badness > 0)) return;
    while (at > 0 && out->worst[at - 1].badness < w.badness) at--;
    if (at == PARE_N_WORST) return;
    if (out->n_worst < PARE_N_WORST) out->n_worst++;
    memmove(&out->worst[at + 1], &out->worst[at], (out->n_worst - at - 1) * sizeof(w));
    out->worst[at] = w;
}

void pare_evaluate_add(pare_evaluating *e, uint64_t sample, const pare_eval_place *p)
{
    pare_evaluation *out = e->out;
    const pare_score *model = &p->scores[PARE_SIDE_MODEL];
    const pare_score *reference = &p->scores[PARE_SIDE_REFERENCE];
    if (p->is_skipped) {
        out->n_skipped++;
        return;
    }
    out->n++;
    out->rows += model->rows;
    out->n_unlabelled += out->has_labels && !p->has_label;
    add_side(&out->model, &e->sides[PARE_SIDE_MODEL], sample, model);
    add_worst(e, sample, p);
    if (!e->sides[PARE_SIDE_REFERENCE].is_present) return;
    add_side(&out->reference, &e->sides[PARE_SIDE_REFERENCE], sample, reference);
    out->pairs.n += p->compared.rows;
    out->pairs.broken += p->compared.broken;
    out->pairs.repaired += p->compared.repaired;
    out->n_answers += p->compared.answers;
    out->n_changed += p->compared.changed;
    const pare_score_id loss = PARE_SCORE_PERPLEXITY;
    if (model->weight[loss] > 0 && reference->weight[loss] > 0)
        pare_tally_add(&e->loss_change, model->sum[loss] - reference->sum[loss],
                       model->weight[loss]);
}

static void finish_side(pare_evaluated_side *out, const pare_eval_side *side)
{
    for (int m = 0; m < PARE_N_SCORES; m++)
        out->values[m] = pare_tally_value((pare_score_id)m, &side->tallies[m]);
    out->hits = (uint64_t)side->tallies[PARE_SCORE_TOP1].sum;
    out->is_probability = side->is_probability;
}

void pare_evaluate_finish(pare_evaluating *e)
{
    pare_evaluation *out = e->out;
    finish_side(&out->model, &e->sides[PARE_SIDE_MODEL]);
    finish_side(&out->reference, &e->sides[PARE_SIDE_REFERENCE]);
    out->loss_change = pare_tally_value(PARE_SCORE_KL, &e->loss_change); /* a mean, too */
    out->bounded_by_agreement = out->has_reference && !out->pairs.n && out->n_answers;
    if (out->bounded_by_agreement)
        out->drop = pare_agreement_drop(out->n_answers, out->n_changed);
    else
        out->drop = pare_pairs_drop(&out->pairs);
    for (uint32_t i = 0; i < e->n_workers; i++) {
        out->load_s += e->workers[i].load_s;
        out->run_s += e->workers[i].run_s;
        out->score_s += e->workers[i].score_s;
    }
}
