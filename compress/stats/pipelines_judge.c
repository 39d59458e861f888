#include "stats/pipelines.h"

#include "stats/pipelines_work.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

/* One in a hundred right pipelines may be suspected; a finding must be worth a change. */
#define ALPHA 0.01
#define MIN_ACCURACY_GAIN 0.02
#define MIN_SCORE_GAIN 0.02
#define CLOSE_SCORES 0.01 /* of these the first is taken: lists begin with small changes */

enum { N_SWAPS = 9999 };

/* --- scores ----------------------------------------------------------------------------------- */

/* How often each class was given, and the sum of c log c over it. */
typedef struct class_counts {
    uint32_t *count;    /* [n_classes] */
    double sum;
    uint64_t n;
} class_counts;

static double c_log_c(uint32_t c)
{
    return c > 1 ? c * log((double)c) : 0.0;
}

/* Entropy of the classes, of the most that n answers can have. */
static double entropy_of(double sum, uint64_t n, int64_t n_classes)
{
    const double most = log((double)(n < (uint64_t)n_classes ? n : (uint64_t)n_classes));
    return n < 2 || n_classes < 2 ? 0.0 : (log((double)n) - sum / (double)n) / most;
}

void pare_pipeline_rate(pare_pipeline_score *out, const pare_answers *answers, uint32_t *counts,
                        int64_t n_classes)
{
    double alike = 0, sum = 0;
    memset(counts, 0, (size_t)n_classes * sizeof(*counts));
    for (uint64_t i = 0; i < answers->n; i++) {
        alike += (double)answers->alike[i];
        counts[answers->of[0][i]]++;
        counts[answers->of[1][i]]++;
    }
    for (int64_t c = 0; c < n_classes; c++) sum += c_log_c(counts[c]);
    out->n = answers->n;
    out->agreement = answers->n ? alike / (double)answers->n : 0;
    out->entropy = entropy_of(sum, 2 * answers->n, n_classes);
    out->score = out->agreement * out->entropy;
}

/* --- the test of two scores ------------------------------------------------------------------- */

/* Two pipelines; swapped: what the one answered counts for the other. */
typedef struct swap_test {
    const pare_answers *of[2];
    uint64_t n;
    int64_t n_classes;
    uint32_t *counts[2];  /* [n_classes] */
    const double *logs;   /* c log c, [2 n + 1] */
    const int32_t *seen;  /* [n_seen] classes that anybody gave */
    size_t n_seen;
} swap_test;

/* Score of the second pipeline minus that of the first, answers swapped where a bit says so. */
static double difference(const swap_test *t, const uint64_t *bits)
{
    double alike[2] = { 0, 0 }, score[2];
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < t->n_seen; i++) t->counts[k][t->seen[i]] = 0;
    for (uint64_t i = 0; i < t->n; i++) {
        const int swap = (int)(bits[i / 64] >> i % 64 & 1);
        for (int k = 0; k < 2; k++) {
            const pare_answers *const a = t->of[k ^ swap];
            alike[k] += (double)a->alike[i];
            t->counts[k][a->of[0][i]]++;
            t->counts[k][a->of[1][i]]++;
        }
    }
    for (int k = 0; k < 2; k++) {
        double sum = 0;
        for (size_t i = 0; i < t->n_seen; i++) sum += t->logs[t->counts[k][t->seen[i]]];
        score[k] = alike[k] / (double)t->n * entropy_of(sum, 2 * t->n, t->n_classes);
    }
    return score[1] - score[0];
}

static double share_as_extreme(const swap_test *t, uint64_t *bits, uint64_t seed)
{
    const size_t n_words = (size_t)(t->n + 63) / 64;
    pare_rng rng = pare_rng_named(seed, "pipelines");
    uint64_t n_extreme = 0;
    memset(bits, 0, n_words * sizeof(*bits));
    const double seen = fabs(difference(t, bits));
    for (int swap = 0; swap < N_SWAPS; swap++) {
        for (size_t w = 0; w < n_words; w++) bits[w] = pare_rng_next(&rng);
        n_extreme += fabs(difference(t, bits)) >= seen - 1e-12;
    }
    return (double)(n_extreme + 1) / (N_SWAPS + 1);
}

pare_status pare_pipelines_p_value(pare_ctx *ctx, double *out, const pare_answers *a,
                                   const pare_answers *b, int64_t n_classes, uint64_t seed)
{
    const uint64_t n = a->n;
    const size_t k = (size_t)n_classes, n_words = (size_t)(n + 63) / 64;
    const size_t n_bytes = (2 * n + 1) * sizeof(double) + n_words * sizeof(uint64_t) +
                           2 * k * sizeof(uint32_t) + k * sizeof(int32_t);
    *out = 1;
    if (!n || n_classes < 2) return PARE_OK;
    double *const logs = pare_alloc_zero(ctx, n_bytes);
    if (!logs) return pare_fail_memory(ctx, n_bytes);
    uint64_t *const bits = (uint64_t *)(logs + 2 * n + 1);
    uint32_t *const counts = (uint32_t *)(bits + n_words);
    int32_t *const seen = (int32_t *)(counts + 2 * k);
    swap_test t = { .of = { a, b }, .n = n, .n_classes = n_classes,
                    .counts = { counts, counts + k }, .logs = logs, .seen = seen };
    for (uint64_t c = 0; c <= 2 * n; c++) logs[c] = c_log_c((uint32_t)c);
    for (uint64_t i = 0; i < n; i++) {
        const int32_t classes[4] = { a->of[0][i], a->of[1][i], b->of[0][i], b->of[1][i] };
        for (int j = 0; j < 4; j++)
            if (!counts[classes[j]]++) seen[t.n_seen++] = classes[j];
    }
    *out = share_as_extreme(&t, bits, seed);
    pare_free(ctx, logs);
    return PARE_OK;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static double at_most_one(double p)
{
    return p < 1 ? p : 1;
}

/* The most that guessing one class would be right with any offset: how common a label is. */
static double chance(const int64_t *labels, uint64_t n, uint32_t *counts, int64_t n_classes)
{
    uint64_t n_known = 0;
    uint32_t most = 0;
    memset(counts, 0, (size_t)n_classes * sizeof(*counts));
    for (uint64_t i = 0; i < n; i++) {
        if (labels[i] < 0) continue;
        n_known++;
        if (labels[i] < n_classes && ++counts[labels[i]] > most) most = counts[labels[i]];
    }
    const double by_class = 1.0 / (double)n_classes;
    const double share = n_known ? (double)most / (double)n_known : 1;
    return share > by_class ? share : by_class;
}

static pare_pairs pairs_of(const pare_judging *j, size_t a, int64_t a_offset, size_t b,
                           int64_t b_offset)
{
    pare_pairs pairs = { 0 };
    for (uint64_t i = 0; i < j->n_samples; i++) {
        if (j->labels[i] < 0) continue;
        const bool was = j->answers[a].of[0][i] == j->labels[i] + a_offset;
        const bool is = j->answers[b].of[0][i] == j->labels[i] + b_offset;
        pairs.n++;
        pairs.broken += was && !is;
        pairs.repaired += is && !was;
    }
    return pairs;
}

static void judge_by_labels(pare_pipelines *out, const pare_judging *j)
{
    uint64_t most = 0;
    int64_t offset = 0;
    /* The offset that any pipeline does best with; of equals, none. */
    static const int64_t order[PARE_N_OFFSETS] = { 0, -1, 1 };
    for (int o = 0; o < PARE_N_OFFSETS; o++) {
        for (size_t p = 0; p < out->n; p++) {
            if (j->answers[p].n < j->n_samples) continue;
            const uint64_t n_right = out->scores[p].n_right[order[o] + 1];
            if (n_right <= most) continue;
            most = n_right;
            offset = order[o];
            out->best = p;
        }
    }
    const double guess = chance(j->labels, j->n_samples, j->counts, out->n_classes);
    const double tail =
        1 - pare_binomial_at_most((double)most - 1, (double)out->n_labelled, guess);
    out->labels_fit = tail * (double)out->n * PARE_N_OFFSETS < ALPHA / 10 / j->n_looks;
    if (!out->labels_fit) return;
    out->by_labels = true;
    const pare_pairs by_offset = pairs_of(j, out->best, 0, out->best, offset);
    out->offset_p = offset ? at_most_one(2 * pare_pairs_drop(&by_offset).p_value) : 1;
    out->is_offset = offset && out->offset_p < ALPHA / j->n_looks;
    out->offset = out->is_offset ? offset : 0;
    if (out->scores[0].n_right[offset + 1] == most) out->best = 0;
    if (!out->best) return;
    const pare_pairs pairs = pairs_of(j, 0, offset, out->best, offset);
    out->p_value = at_most_one(pare_pairs_drop(&pairs).p_value * (double)(out->n - 1));
    const double gain = ((double)pairs.repaired - (double)pairs.broken) / (double)pairs.n;
    out->is_better = out->p_value < ALPHA / j->n_looks && gain >= MIN_ACCURACY_GAIN;
}

static pare_status judge_by_score(pare_ctx *ctx, pare_pipelines *out, const pare_judging *j)
{
    out->best = 0;
    if (!j->has_twins) return PARE_OK;
    for (size_t p = 1; p < out->n; p++) {
        const double best = out->scores[out->best].score + (out->best ? CLOSE_SCORES : 0);
        if (j->answers[p].n == j->n_samples && out->scores[p].score > best) out->best = p;
    }
    if (!out->best) return PARE_OK;
    double p = 1;
    PARE_TRY(pare_pipelines_p_value(ctx, &p, &j->answers[0], &j->answers[out->best],
                                    out->n_classes, j->seed));
    out->p_value = at_most_one(p * (double)(out->n - 1));
    out->is_better = out->p_value < ALPHA / j->n_looks &&
                     out->scores[out->best].score - out->scores[0].score >= MIN_SCORE_GAIN;
    return PARE_OK;
}

/* Where labels leave it open, the score may tell: a way that it finds better, and that answers no
 * fewer labels rightly. */
static pare_status ask_score(pare_ctx *ctx, pare_pipelines *out, const pare_judging *j)
{
    pare_pipelines by_score = *out;
    by_score.is_better = false;
    PARE_TRY(judge_by_score(ctx, &by_score, j));
    const pare_pairs pairs = pairs_of(j, 0, out->offset, by_score.best, out->offset);
    if (!by_score.is_better || pairs.repaired < pairs.broken) return PARE_OK;
    out->best = by_score.best;
    out->p_value = by_score.p_value;
    out->is_better = true;
    out->by_labels = false;
    return PARE_OK;
}

pare_status pare_pipelines_judge(pare_ctx *ctx, pare_pipelines *out, const pare_judging *judging)
{
    out->p_value = out->offset_p = 1;
    out->best = 0;
    out->is_better = out->is_offset = out->by_labels = out->labels_fit = false;
    out->offset = 0;
    if (out->n_labelled) judge_by_labels(out, judging);
    if (!out->by_labels) return judge_by_score(ctx, out, judging);
    return out->is_better ? PARE_OK : ask_score(ctx, out, judging);
}
