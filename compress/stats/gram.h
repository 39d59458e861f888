/* The Gram service: second moments of what outputs of linear nodes are summed from, over many
 * samples. One row x [n] is what is in front of one output position (for Conv: what is under the
 * window, zeros of the padding included), in the order of pare_linear_get_row; so
 *
 *     moments = sum of x x',   products = sum of t x'
 *
 * say how far any weights w are from given targets t: sum of (w x - t)^2 = w' moments w - 2 ...
 * Targets may come from another model (the original), rows from the one that was changed already:
 * what repair and sequential quantization solve. */
#ifndef PARE_STATS_GRAM_H
#define PARE_STATS_GRAM_H

#include "base/contract/dataset.h"

#include "base/pool.h"
#include "op/linear.h"

/* A node to look at. */
typedef struct pare_gram_item {
    pare_linear linear;       /* of the model; see pare_gram_suits */
    /* Targets [out] at each position are value `plus` of the reference less value `minus` of the
     * model, both of the shape of the node's output. PARE_NONE: no targets; nothing taken off. */
    pare_value_id plus, minus;
    /* What reads `plus` is a ramp: it gives `low` for less than that and `high` for more. Where the
     * reference is beyond an end, the target is what the model gives there, if that is beyond, too,
     * else the end. NULL: no ramp. */
    const struct pare_gram_ramp *ramp;
    uint64_t first, n_samples; /* of the samples of the run; n_samples 0: all of them */
} pare_gram_item;

typedef struct pare_gram_ramp {
    float low, high;          /* Relu: 0 and INFINITY */
} pare_gram_ramp;

/* What was seen. Matrices are dense, row-major, symmetric ones complete. */
typedef struct pare_gram {
    int64_t groups, n;        /* matrices, of this size: taps * in */
    int64_t out;              /* outputs of all groups */
    uint64_t n_rows;          /* positions that were summed over; 0: the node was never reached */
    uint64_t n_bad;           /* positions left out, as they had NaN or infinity */
    const double *moments;    /* [groups, n, n] sum of x x' */
    const double *sums;       /* [groups, n] sum of x */
    const double *products;   /* [out, n] sum of t x', x of the group of the output; NULL: none */
    const double *target_sums; /* [out] sum of t; NULL: none */
    const double *target_squares; /* [out] sum of t^2; NULL: none */
} pare_gram;

/* Takes what was found of an item; it is gone afterwards. Called in the caller's thread, in the
 * order of the items of a pass. */
typedef pare_status pare_gram_use_fn(void *user, pare_ctx *ctx, size_t item,
                                     const pare_gram *gram);

typedef struct pare_gram_opts {
    const pare_gram_item *items; /* [n_items] */
    size_t n_items;
    const pare_dataset *data;
    uint64_t first, n_samples; /* of the data set; n_samples 0: to its end */
    uint64_t max_samples;     /* of these at most, evenly spread; 0: all */
    const pare_model *reference; /* whose handles are those of the model; NULL: the model itself */
    /* Where they stand, instead of running all of both models on `data`: items are those of the
     * piece at hand, and `first` and `max_samples` of the run do not count. NULL: no walk. */
    struct pare_walk *walk, *reference_walk;
    uint64_t max_rows;        /* about how many positions of an item are taken, spread over each
                                 sample; 0: 8 for each number of a row, at least 32768 */
    uint64_t max_memory_bytes; /* of matrices and rows at a time: items go into as many passes over
                                 the data as that takes; 0: 1 GiB */
    const char *phase;        /* of progress; NULL: "collect" */
    pare_gram_use_fn *use;
    void *user;
} pare_gram_opts;

/* Whether the rows of a node can be had: Conv, MatMul and Gemm whose input is not transposed, of
 * the main graph and with weights in float32. */
bool pare_gram_suits(const pare_linear *linear, const pare_model *model);

/* Runs the model (and the reference) over samples and hands each item's moments to opts->use. Nodes
 * that read the same value in the same way share a matrix. The bits depend neither on the number of
 * threads nor on memory: samples are summed in their order. EFORMAT for samples that do not fit;
 * EUSAGE for items that do not suit, and values that are no float32; EBUDGET when one item alone
 * needs more than max_memory_bytes; what running and `use` give; ENOMEM. */
pare_status pare_gram_run(pare_ctx *ctx, const pare_model *model, pare_pool *pool,
                          const pare_gram_opts *opts);

#endif
