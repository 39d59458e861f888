#include "stats/metrics.h"

#include <math.h>
#include <string.h>

#define ROW(id, name, unit, kind, up, labels, reference) \
    [PARE_SCORE_##id] = { name, unit, PARE_SCORE_##kind, up, labels, reference }

const pare_score_info pare_score_infos[PARE_N_SCORES] = {
    /*  id              name              unit    kind      up     labels reference */
    ROW(TOP1,           "top1",           "%",    SHARE,    true,  true,  false),
    ROW(TOP5,           "top5",           "%",    SHARE,    true,  true,  false),
    ROW(TOKEN_ACCURACY, "token-accuracy", "%",    SHARE,    true,  true,  false),
    ROW(AGREEMENT,      "agreement",      "%",    SHARE,    true,  false, true),
    ROW(KL,             "kl",             "nats", MEAN,     false, false, true),
    ROW(PERPLEXITY,     "perplexity",     "",     EXP_MEAN, false, true,  false),
    ROW(MSE,            "mse",            "",     MEAN,     false, false, true),
    ROW(SQNR,           "sqnr",           "dB",   DECIBELS, true,  false, true),
    ROW(COSINE,         "cosine",         "",     MEAN,     true,  false, true),
};
#undef ROW

pare_score_id pare_score_find(const char *name)
{
    int id = 0;
    while (id < PARE_N_SCORES && strcmp(pare_score_infos[id].name, name) != 0) id++;
    return (pare_score_id)id;
}

/* --- rows ------------------------------------------------------------------------------------- */

static inline double at(const pare_answer *a, int64_t row, int64_t c)
{
    return a->x[(row / a->inner * a->classes + c) * a->inner + row % a->inner];
}

static int64_t rows_of(const pare_answer *a)
{
    return a->outer * a->inner;
}

bool pare_answer_sums_to_one(const pare_answer *a, double tolerance)
{
    if (a->is_class || a->has_nan) return false;
    for (int64_t r = 0; r < rows_of(a); r++) {
        double sum = 0;
        for (int64_t c = 0; c < a->classes; c++) {
            const double x = at(a, r, c);
            if (!(x >= -1e-6 && x <= 1 + 1e-3)) return false;
            sum += x;
        }
        if (!(fabs(sum - 1) <= tolerance)) return false;
    }
    return true;
}

int64_t pare_answer_best(const pare_answer *a, int64_t row, int64_t *ties)
{
    int64_t best = 0, n = 0;
    if (ties) *ties = 0;
    if (a->is_class) return (int64_t)a->x[row];
    for (int64_t c = 1; c < a->classes; c++) {
        if (at(a, row, c) > at(a, row, best)) {
            best = c;
            n = 0;
        } else if (at(a, row, c) == at(a, row, best)) {
            n++;
        }
    }
    if (ties) *ties = n;
    return best;
}

/* How many classes come before one: larger elements, and equal ones before it. */
static int64_t rank_of(const pare_answer *a, int64_t row, int64_t class)
{
    const double x = at(a, row, class);
    int64_t rank = 0;
    for (int64_t c = 0; c < a->classes; c++)
        rank += at(a, row, c) > x || (c < class && at(a, row, c) == x);
    return rank;
}

#define LEAST 1e-12

/* What softmax of a row needs: its largest element and the logarithm of the sum of powers; of
 * probabilities, their sum. */
typedef struct row_scale {
    double most, log_sum;
} row_scale;

static row_scale scale_of(const pare_answer *a, int64_t row)
{
    row_scale s = { 0, 0 };
    double sum = 0;
    if (a->is_probability) {
        for (int64_t c = 0; c < a->classes; c++) sum += fmax(at(a, row, c), LEAST);
        return (row_scale){ 0, log(sum) };
    }
    s.most = at(a, row, 0);
    for (int64_t c = 1; c < a->classes; c++)
        if (at(a, row, c) > s.most) s.most = at(a, row, c);
    for (int64_t c = 0; c < a->classes; c++) sum += exp(at(a, row, c) - s.most);
    s.log_sum = log(sum);
    return s;
}

static double log_share(const pare_answer *a, const row_scale *s, int64_t row, int64_t class)
{
    const double x = at(a, row, class);
    if (!a->is_probability) return x - s->most - s->log_sum;
    return log(fmax(x, LEAST)) - s->log_sum;
}

static double divergence(const pare_answer *a, const pare_answer *ref, int64_t row)
{
    const row_scale q = scale_of(a, row), p = scale_of(ref, row);
    double sum = 0;
    for (int64_t c = 0; c < a->classes; c++) {
        const double log_p = log_share(ref, &p, row, c);
        sum += exp(log_p) * (log_p - log_share(a, &q, row, c));
    }
    return sum;
}

/* --- one sample ------------------------------------------------------------------------------- */

static void put(pare_score *s, uint32_t wanted, pare_score_id id, double sum, double weight)
{
    if (!(wanted & PARE_SCORE_BIT(id)) || !(weight > 0)) return;
    s->sum[id] = sum;
    s->weight[id] = weight;
}

/* The same for means, which nothing but finite numbers enter. */
static void put_mean(pare_score *s, uint32_t wanted, pare_score_id id, double sum, double weight)
{
    if (!(wanted & PARE_SCORE_BIT(id))) return;
    if (isfinite(sum) && isfinite(weight)) put(s, wanted, id, sum, weight);
    else s->left_out = true;
}

static void score_labels(pare_score *s, uint32_t wanted, const pare_answer *a,
                         const pare_truth *truth)
{
    const bool any_loss = wanted & PARE_SCORE_BIT(PARE_SCORE_PERPLEXITY) && !a->is_class;
    double hits = 0, among_five = 0, loss = 0, rows = 0;
    for (int64_t r = 0; r < truth->n; r++) {
        const int64_t label = truth->labels[r];
        int64_t ties = 0;
        if (label < 0) continue;
        rows++;
        if (a->has_nan) continue;
        hits += pare_answer_best(a, r, &ties) == label;
        s->ties += ties > 0;
        if (!a->is_class && wanted & PARE_SCORE_BIT(PARE_SCORE_TOP5))
            among_five += rank_of(a, r, label) < 5;
        if (any_loss) {
            const row_scale scale = scale_of(a, r);
            loss -= log_share(a, &scale, r, label);
        }
    }
    s->rows = (uint64_t)rows;
    put(s, wanted, PARE_SCORE_TOP1, hits, rows);
    put(s, wanted, PARE_SCORE_TOKEN_ACCURACY, hits, rows);
    if (!a->is_class) put(s, wanted, PARE_SCORE_TOP5, among_five, rows);
    if (any_loss) put_mean(s, wanted, PARE_SCORE_PERPLEXITY, a->has_nan ? NAN : loss, rows);
}

static void score_rows(pare_score *s, uint32_t wanted, const pare_answer *a, const pare_answer *ref)
{
    const bool any_kl = wanted & PARE_SCORE_BIT(PARE_SCORE_KL) && !a->is_class;
    const bool counts_ties = !s->rows;
    if (a->classes < 2 && !a->is_class) return; /* values, not classes */
    const bool has_nan = a->has_nan || ref->has_nan;
    double same = 0, kl = 0;
    for (int64_t r = 0; !has_nan && r < rows_of(a); r++) {
        int64_t ties = 0;
        same += pare_answer_best(a, r, &ties) == pare_answer_best(ref, r, NULL);
        if (counts_ties) s->ties += ties > 0;
        if (any_kl) kl += divergence(a, ref, r);
    }
    if (counts_ties) s->rows = (uint64_t)rows_of(a);
    put(s, wanted, PARE_SCORE_AGREEMENT, same, (double)rows_of(a));
    if (any_kl) put_mean(s, wanted, PARE_SCORE_KL, has_nan ? NAN : kl, (double)rows_of(a));
}

static void score_elements(pare_score *s, uint32_t wanted, const pare_answer *a,
                           const pare_answer *ref)
{
    double noise = 0, signal = 0, power = 0, product = 0;
    for (int64_t i = 0; i < a->n; i++) {
        const double d = a->x[i] - ref->x[i];
        noise += d * d;
        signal += ref->x[i] * ref->x[i];
        power += a->x[i] * a->x[i];
        product += a->x[i] * ref->x[i];
    }
    const double length = sqrt(signal) * sqrt(power);
    put_mean(s, wanted, PARE_SCORE_MSE, noise, (double)a->n);
    put_mean(s, wanted, PARE_SCORE_SQNR, noise, signal);
    put_mean(s, wanted, PARE_SCORE_COSINE,
             length > 0 || isnan(length) ? product / length : signal == power, 1);
}

void pare_score_answer(pare_score *out, uint32_t wanted, const pare_answer *answer,
                       const pare_answer *reference, const pare_truth *truth)
{
    *out = (pare_score){ .has_nan = answer->has_nan, .best = -1 };
    if (!answer->has_nan) out->best = pare_answer_best(answer, 0, NULL);
    if (truth->labels) score_labels(out, wanted, answer, truth);
    if (!reference) return;
    score_rows(out, wanted, answer, reference);
    score_elements(out, wanted, answer, reference);
}

static bool is_right(const pare_answer *a, int64_t row, int64_t label, int64_t top)
{
    if (a->has_nan) return false;
    return a->is_class ? (int64_t)a->x[row] == label : rank_of(a, row, label) < top;
}

void pare_compare_answers(pare_compared *out, int64_t top, const pare_answer *a,
                          const pare_answer *ref, const pare_truth *truth)
{
    const bool has_nan = a->has_nan || ref->has_nan;
    *out = (pare_compared){ 0 };
    if (a->classes < 2 && !a->is_class) return;
    out->answers = (uint64_t)rows_of(a);
    for (int64_t r = 0; r < rows_of(a); r++)
        out->changed +=
            has_nan || pare_answer_best(a, r, NULL) != pare_answer_best(ref, r, NULL);
    for (int64_t r = 0; truth->labels && r < truth->n; r++) {
        if (truth->labels[r] < 0) continue;
        const bool after = is_right(a, r, truth->labels[r], top);
        const bool before = is_right(ref, r, truth->labels[r], top);
        out->rows++;
        out->broken += before && !after;
        out->repaired += after && !before;
    }
}

/* --- many samples ----------------------------------------------------------------------------- */

void pare_tally_add(pare_tally *t, double sum, double weight)
{
    if (!(weight > 0)) return;
    t->n++;
    t->is_uneven |= weight != 1;
    t->sum += sum;
    t->weight += weight;
    t->sum2 += sum * sum;
    t->cross += sum * weight;
    t->weight2 += weight * weight;
}

/* Of sum / weight, samples being drawn whole: variance by linearization. */
static pare_interval ratio_interval(const pare_tally *t, double ratio)
{
    if (t->n < 2) return (pare_interval){ NAN, NAN };
    const double n = (double)t->n;
    const double squares = t->sum2 - 2 * ratio * t->cross + ratio * ratio * t->weight2;
    const double error = sqrt(fmax(squares, 0) * n / (n - 1)) / t->weight;
    const double half = pare_student_quantile(0.975, n - 1) * error;
    return (pare_interval){ ratio - half, ratio + half };
}

static double to_db(double noise_per_signal)
{
    return noise_per_signal > 0 ? -10 * log10(noise_per_signal) : INFINITY;
}

pare_score_value pare_tally_value(pare_score_id id, const pare_tally *t)
{
    if (!t->n) return (pare_score_value){ NAN, NAN, NAN, 0, 0 };
    const pare_score_kind kind = pare_score_infos[id].kind;
    const double ratio = t->sum / t->weight;
    pare_interval i = ratio_interval(t, ratio);
    if (kind == PARE_SCORE_SHARE && !t->is_uneven) i = pare_wilson95(t->sum, t->weight);
    pare_score_value v = { ratio, i.low, i.high, t->weight, t->n };
    switch (kind) {
    case PARE_SCORE_SHARE:
        if (v.low < 0) v.low = 0;
        if (v.high > 1) v.high = 1;
        break;
    case PARE_SCORE_EXP_MEAN:
        v.value = exp(ratio);
        v.low = exp(i.low);
        v.high = exp(i.high);
        break;
    case PARE_SCORE_DECIBELS:
        v.samples = (double)t->n;
        v.value = to_db(ratio);
        v.low = isnan(i.high) ? NAN : to_db(i.high);
        v.high = isnan(i.low) ? NAN : to_db(i.low);
        break;
    case PARE_SCORE_MEAN: break;
    }
    return v;
}
