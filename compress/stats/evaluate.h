/* Evaluation: a model, and a reference beside it, on every sample of a data set.
 *
 * Samples are read and run side by side, one per thread of the pool, and their scores are added in
 * the order of samples: results do not depend on the number of threads. Memory does not depend on
 * the number of samples. */
#ifndef PARE_STATS_EVALUATE_H
#define PARE_STATS_EVALUATE_H

#include "base/contract/dataset.h"
#include "run/runner.h"
#include "stats/layer_noise.h"
#include "stats/metrics.h"
#include "stats/paired.h"

enum { PARE_N_WORST = 10, PARE_N_NAMED = 8 };

/* One sample, once its scores were added. Tensors are borrowed for the call. */
typedef struct pare_evaluated {
    uint64_t sample;
    const pare_tensor *const *inputs; /* [data->n_inputs]; NULL unless keep_inputs was set */
    const pare_tensor *output;        /* that was scored */
    const pare_tensor *reference;     /* likewise; NULL: there is none */
} pare_evaluated;

typedef struct pare_evaluate_opts {
    const pare_dataset *data;
    const pare_model *reference;   /* NULL: none, unless data says which outputs it expects */
    const pare_tensor *predictions; /* outputs made elsewhere, [rows, ...]: sample s is row
                                      data->row(s). Then there is no model */
    const int64_t *prediction_rows; /* [rows] ascending: row i of them is that of the sample whose
                                      data->row is prediction_rows[i]; NULL: row s */
    const char *output;            /* name of the output; NULL: as data says, else the first */
    uint32_t metrics;              /* bits; those that need what is not there come out empty */
    pare_score_id judged;         /* of top5, pairs are counted among five; else by top1 */
    pare_layer_noise *layers;      /* filled with the noise of values that the model and its
                                      reference have in common; NULL: nobody asks */
    pare_pool *pool;
    const pare_kernels *kernels;   /* NULL: as pare_plan_kernels says */
    pare_sums sums;                /* of products of 8 bits: see pare_plan_opts */
    uint64_t max_memory_bytes;     /* that each of the models may need; 0: any */
    /* Called for every sample in order, in any thread of the pool, by one at a time, with the
     * context of that thread. NULL: nobody wants to see. A failure ends the evaluation. */
    pare_status (*seen)(void *user, pare_ctx *ctx, const pare_evaluated *sample);
    void *user;
    bool keep_inputs;
} pare_evaluate_opts;

/* A sample that went badly. */
typedef struct pare_worst {
    uint64_t sample;
    int64_t label, best, reference; /* classes of the first row; -1: none, or NaN */
    double badness;            /* noise per signal against the reference, else the loss */
} pare_worst;

/* What one model came to. */
typedef struct pare_evaluated_side {
    pare_score_value values[PARE_N_SCORES]; /* n 0: not scored */
    uint64_t hits;             /* rows answered as labelled */
    uint64_t ties;             /* rows whose largest element is not alone */
    uint64_t n_nan;            /* samples with NaN in the output */
    uint64_t nan[PARE_N_NAMED]; /* the first of them */
    uint64_t n_left_out;       /* samples left out of some mean: something was not finite */
    bool is_probability;       /* the output was taken as probabilities */
} pare_evaluated_side;

typedef struct pare_evaluation {
    uint64_t n;                /* samples that were scored */
    uint64_t n_skipped;        /* that the data set could not read and was allowed to skip */
    uint64_t n_unlabelled;     /* of those scored */
    uint64_t rows;             /* of labels, or of answers without them */
    bool has_reference, has_labels;
    bool is_expected;          /* the reference is what data expects, no model */
    pare_evaluated_side model, reference;
    pare_score_value loss_change; /* mean over rows of the model's -log q[label] less the
                                  reference's; with perplexity */
    pare_pairs pairs;          /* by label; n 0: no labels or no reference */
    uint64_t n_answers, n_changed; /* rows compared with the reference, and others than its */
    pare_drop drop;            /* from the pairs; else from the changed answers */
    bool bounded_by_agreement; /* it is the latter */
    pare_worst worst[PARE_N_WORST]; /* [n_worst] worst first */
    size_t n_worst;
    bool has_golden;
    double golden_error;       /* largest difference from the golden output, of its largest
                                  element; at most 1e-3 */
    double load_s, run_s, score_s; /* of all threads together */
} pare_evaluation;

/* Evaluates a model; NULL with opts->predictions. Both models' names of inputs are those of data,
 * or they have just one. EFORMAT, naming sample and what to do, for data that do not suit the
 * model, labels beyond its classes, NaN in inputs, a golden sample that gives something
 * else, no samples at all; as pare_runner_run; what
 * opts->seen refuses; ECANCELED. */
pare_status pare_evaluate(pare_ctx *ctx, pare_evaluation *out, const pare_model *model,
                          const pare_evaluate_opts *opts);

/* Index of an output of a model by name; NULL: the first. EFORMAT, naming the nearest. */
pare_status pare_output_find(pare_ctx *ctx, size_t *out, const pare_model *model,
                             const char *name);

#endif
