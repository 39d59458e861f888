/* The built-in metrics: what one sample's output scores, and what many of them come to.
 *
 * A score is a sum and a weight, per sample and metric; the value of a metric is a function of the
 * sums over all samples, which are added in the order of samples. Definitions, for outputs x of the
 * model and y of the reference:
 *
 *     top1, top5         share of rows whose label is the largest element, or among the five
 *                        largest; of equal elements the first counts as larger (numpy.argmax)
 *     token-accuracy     the same as top1, where samples have a row per token
 *     agreement          share of rows whose largest element is that of the reference
 *     kl                 mean over rows of sum p (log p - log q), p of the reference, in nats
 *     perplexity         exp of the mean over rows of -log q[label]
 *     mse                mean of (x - y)^2 over all elements
 *     sqnr               10 log10(sum y^2 / sum (x - y)^2) over all elements of all samples
 *     cosine             mean over samples of x.y / (|x| |y|)
 *
 * p and q are softmax of rows; or, where those are probabilities already, the rows themselves,
 * raised to 1e-12 at least and divided by their sums. */
#ifndef PARE_STATS_METRICS_H
#define PARE_STATS_METRICS_H

#include "ir/tensor.h"
#include "stats/interval.h"

typedef enum pare_score_id {
    PARE_SCORE_TOP1,
    PARE_SCORE_TOP5,
    PARE_SCORE_TOKEN_ACCURACY,
    PARE_SCORE_AGREEMENT,
    PARE_SCORE_KL,
    PARE_SCORE_PERPLEXITY,
    PARE_SCORE_MSE,
    PARE_SCORE_SQNR,
    PARE_SCORE_COSINE,
    PARE_N_SCORES,
} pare_score_id;

#define PARE_SCORE_BIT(id) (1u << (id))

/* How a value is made of the sum and the weight of all samples. */
typedef enum pare_score_kind {
    PARE_SCORE_SHARE,         /* sum / weight, from 0 to 1 */
    PARE_SCORE_MEAN,          /* sum / weight */
    PARE_SCORE_EXP_MEAN,      /* e^(sum / weight) */
    PARE_SCORE_DECIBELS,      /* 10 log10(weight / sum) */
} pare_score_kind;

typedef struct pare_score_info {
    const char *name, *unit;   /* "top1", ""; "%": a share, shown times 100 */
    pare_score_kind kind;
    bool higher_is_better, needs_labels, needs_reference;
} pare_score_info;

extern const pare_score_info pare_score_infos[PARE_N_SCORES];

/* The metric of a name, or PARE_N_SCORES. */
pare_score_id pare_score_find(const char *name);

/* --- one sample ------------------------------------------------------------------------------- */

/* An output as rows of classes: element c of row (o, i) is x[(o * classes + c) * inner + i]. */
typedef struct pare_answer {
    const double *x;           /* [n] */
    int64_t n, outer, classes, inner;
    bool is_class;             /* x holds the numbers of classes, one per row; classes is 1 */
    bool has_nan;
    bool is_probability;       /* set by the caller: see pare_answer_sums_to_one */
} pare_answer;

/* What is right, one class per row; negative: the row is not scored. */
typedef struct pare_truth {
    const int64_t *labels;     /* [n]; NULL: nothing is known */
    int64_t n;
} pare_truth;

/* Loads a dense tensor of numbers as an answer; room is a buffer of the caller's that grows, [cap]
 * doubles, to be freed with pare_free. truth->n rows are expected where truth has labels; else the
 * classes are the last axis, or the second one of tensors with four axes and more. `labels` is the
 * tensor that truth comes from, or NULL: its shape tells which axis the classes are. EFORMAT,
 * naming the output, when it cannot be rows like that, or has no elements; EUNSUPPORTED for
 * strings and complex numbers; ENOMEM. */
pare_status pare_answer_load(pare_ctx *ctx, pare_answer *out, const char *name,
                             const pare_tensor *tensor, const pare_truth *truth,
                             const pare_tensor *labels, double **room, size_t *cap);

/* Whether every row lies within [0, 1] and sums to 1, give or take `tolerance`. */
bool pare_answer_sums_to_one(const pare_answer *answer, double tolerance);

/* The largest element of row r, the first of equals; *ties (NULL: not asked) how many more equal
 * it. Of an answer of classes, its class. */
int64_t pare_answer_best(const pare_answer *answer, int64_t row, int64_t *ties);

typedef struct pare_score {
    double sum[PARE_N_SCORES], weight[PARE_N_SCORES]; /* weight 0: not scored */
    int64_t best;              /* of the first row; -1 with NaN */
    uint64_t rows, ties;       /* rows that were scored by label or reference, and how many of them
                                  have a largest element that is not alone */
    bool has_nan;
    bool left_out;             /* from some metric, for what is no finite number */
} pare_score;

/* Scores an answer. reference may be NULL; wanted are bits of metrics, of which those that need
 * what is not there are left at weight 0. An answer with NaN is wrong where shares are counted and
 * left out of means. Labels have been checked against classes, and the shapes of both answers
 * against each other. */
void pare_score_answer(pare_score *out, uint32_t wanted, const pare_answer *answer,
                       const pare_answer *reference, const pare_truth *truth);

/* How two models answer the same rows. */
typedef struct pare_compared {
    uint64_t rows, broken, repaired; /* with a label */
    uint64_t answers, changed;       /* all, and those with another largest element */
} pare_compared;

/* Compares rows; right is a row whose label is among the `top` largest elements. Nothing is right
 * with NaN, and everything changed. Answers that are no classes count as no rows. */
void pare_compare_answers(pare_compared *out, int64_t top, const pare_answer *answer,
                          const pare_answer *reference, const pare_truth *truth);

/* --- many samples ----------------------------------------------------------------------------- */

/* Sums over samples of one metric, and what the interval of their ratio needs. */
typedef struct pare_tally {
    uint64_t n;                /* samples that count */
    bool is_uneven;            /* some weigh more than 1 */
    double sum, weight, sum2, cross, weight2;
} pare_tally;

void pare_tally_add(pare_tally *tally, double sum, double weight);

typedef struct pare_score_value {
    double value, low, high;   /* 95 % interval; NaN where there is none */
    double samples;            /* rows, elements or samples, as the metric weighs */
    uint64_t n;                /* samples that counted */
} pare_score_value;

/* The value of a metric. Shares of one row per sample have Wilson's interval; all else the ratio
 * estimator's, samples being drawn whole, with Student's t (W. G. Cochran, Sampling Techniques,
 * 1977, 6.4). */
pare_score_value pare_tally_value(pare_score_id id, const pare_tally *tally);

#endif
