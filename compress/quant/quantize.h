/* Quantizing a model: from floats to what the settings ask for, in one call. */
#ifndef PARE_QUANT_QUANTIZE_H
#define PARE_QUANT_QUANTIZE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/contract/dataset.h"
#include "base/contract/target.h"
#include "base/pool.h"

#include "quant/correct.h"
#include "quant/equalize.h"
#include "quant/half.h"
#include "quant/ranges.h"
#include "quant/settings.h"
#include "quant/smooth.h"
#include "quant/weight_only.h"

/* What becomes of one node, where it is not what is asked for all. */
typedef enum pare_keep {
    PARE_KEEP_ASKED,
    PARE_KEEP_FLOAT,
    PARE_KEEP_INT8,           /* weights of 8 bits, under activations as asked */
    PARE_KEEP_INT4,           /* weights alone, as the next two */
    PARE_KEEP_INT2,
    PARE_KEEP_INT8_WEIGHTS,
    PARE_KEEP_INT16,          /* weights of 8 bits, what is read in 16; of static activations */
    PARE_KEEP_NO_RANGE,       /* floats, since nothing tells the range of what it reads or makes */
} pare_keep;

typedef struct pare_quantize_opts {
    const pare_quantize_settings *settings;
    const pare_target_rules *rules; /* of the target that decides */
    const pare_dataset *data;       /* to calibrate with; NULL: there is none */
    pare_pool *pool;
    uint64_t max_memory_bytes;      /* that running the model may need; 0: any */
    const uint8_t *keeps;           /* [n_keeps] pare_keep by node handle of the model, where
                                       patterns say nothing; NULL */
    size_t n_keeps;
    bool rough;                     /* for a look at the noise only: weights of few bits are not
                                       solved for */
    const void *stats;              /* [n_stats] what an earlier calibration found
                                       (stats/survey_file.h), instead of running the data; NULL */
    size_t n_stats;
    const char *spill_dir;          /* where temporary files may hold what large tensors become;
                                       NULL: memory does */
    bool keep_stats;                /* hand out what this one finds, as report->stats */
} pare_quantize_opts;

/* A product that stays in floats. */
typedef struct pare_quantize_left {
    const char *node, *op;          /* its name, or that of its output; "Conv" */
    const char *reason;
} pare_quantize_left;

/* What became of the model. Texts live in the arena. */
typedef struct pare_quantize_report {
    pare_arena arena;
    pare_quantize_settings chosen;  /* the settings without any auto; lists are not copied */
    const char *why;                /* that was chosen, a sentence; NULL: it was asked for */
    uint64_t n_products, n_float_products; /* in integers or few bits, and those left as they are */
    uint64_t n_weights, n_biases, n_activations;
    uint64_t n_raised;              /* outputs whose scale was raised to keep the bias in 32 bits */
    double safe_error, plain_error; /* quant/insert.h: what it costs that weights cannot saturate */
    uint64_t n_samples;             /* that ranges come from */
    uint64_t n_bad;                 /* numbers in activations that were NaN or infinite */
    pare_equalize_report equalized; /* channels, across layers */
    pare_smooth_report smoothed;    /* channels, between activations and weights */
    pare_ranges_report ranges;      /* of static ones */
    pare_correct_report corrected;  /* biases, by means over the data */
    pare_weight_only_report weights; /* of those in few bits with activations in floats */
    pare_half_report half;          /* of floats of 16 bits */
    pare_quantize_left *left;       /* [n_left] in the order of the model's nodes */
    size_t n_left, left_cap;
    pare_buf *stats;                /* with keep_stats; else NULL */
} pare_quantize_report;

/* Whether ranges of activations had better be found while the model runs: more products of matrices
 * than convolutions, and attention or LayerNormalization among them. */
bool pare_is_transformer(const pare_model *model);

/* Does all that the settings ask for: prepares (opset, folding), corrects, places by the target's
 * rules, calibrates, writes. EUSAGE for settings that contradict each other or the target, or need
 * data that are not there; EUNSUPPORTED when the target has no such form, or the model's opset
 * cannot be raised; EFORMAT for data that do not suit, and for models that are quantized already;
 * ENOMEM, EBUDGET, ECANCELED. The model is then half changed: work on a clone. *report is to be
 * freed in every case. */
pare_status pare_quantize(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                          pare_quantize_report *report);
void pare_quantize_report_free(pare_ctx *ctx, pare_quantize_report *report); /* accepts zeroed */

#endif
