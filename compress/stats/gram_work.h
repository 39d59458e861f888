/* What the parts of the Gram service share. Inside of stats only. */
#ifndef PARE_STATS_GRAM_WORK_H
#define PARE_STATS_GRAM_WORK_H

#include "kernels/kernels.h"
#include "op/conv.h"
#include "run/session.h"
#include "stats/gram.h"

/* Samples whose rows are gathered before they are summed. */
enum { PARE_GRAM_TURN = 16 };

/* Rows of one value, read in one way: a matrix that items share. Slot s of a turn has columns
 * s * cap .. of each buffer, those that it does not use being 0. */
typedef struct pare_gram_key {
    pare_value_id value;
    const pare_linear *linear; /* of its first item */
    pare_conv_params conv;    /* of a Conv */
    int64_t kernel[PARE_MAX_DIMS]; /* likewise */
    int64_t n, groups;
    uint64_t first, end;      /* samples of the run that count */
    int64_t cap;              /* rows of each sample, at most; 0: not known yet */
    size_t pass;              /* over the data in which it is summed */
    float *x;                 /* [groups * n, TURN * cap] of the turn */
    int64_t used[PARE_GRAM_TURN]; /* rows of each slot */
    uint64_t n_rows, n_bad;
    double *moments, *sums;
} pare_gram_key;

typedef struct pare_gram_target {
    size_t key;
    pare_value_id plus, minus;
    pare_gram_ramp ramp;
    bool has_ramp;
    int64_t out;
    int32_t axis;             /* of the outputs */
    float *t;                 /* [out, TURN * cap] */
    float *whole;             /* the same of the reference alone; NULL without a ramp */
    double *products, *sums, *squares; /* NULL without targets */
} pare_gram_target;

/* Which row of a sample's `total` positions is number k of at most cap. */
int64_t pare_gram_position(uint64_t sample, int64_t k, int64_t cap, int64_t total);

/* Positions that a value has for a key. EFORMAT when it does not fit the node. */
pare_status pare_gram_count(pare_ctx *ctx, const pare_gram_key *key, const pare_observed *seen,
                            int64_t *total);

/* Fills a slot with the rows of a sample. ENOMEM; EFORMAT as above. */
pare_status pare_gram_gather(pare_ctx *ctx, pare_gram_key *key, uint64_t sample, int slot,
                             const pare_observed *seen);

/* What is made of a value for a target: it is added, or taken off, or says where the model is on
 * the ramp, which comes behind what is added. */
typedef enum pare_gram_part { PARE_GRAM_PLUS, PARE_GRAM_MINUS, PARE_GRAM_NOW } pare_gram_part;

/* Puts the outputs at the same positions into a slot of a target. EFORMAT. */
pare_status pare_gram_gather_target(pare_ctx *ctx, const pare_gram_target *target,
                                    const pare_gram_key *key, uint64_t sample, int slot,
                                    pare_gram_part part,
                                    const pare_observed *seen);

/* Adds the rows of a turn to the matrices of a key and its targets, and clears them. The scratch of
 * each worker has room for pare_gram_scratch floats, aligned to 64 bytes. */
typedef struct pare_gram_sum {
    const pare_kernels *kernels;
    pare_gram_key *key;
    pare_gram_target *const *targets; /* [n_targets] of this key, with products */
    size_t n_targets;
    float *const *scratch;    /* [pool size] */
} pare_gram_sum;

int64_t pare_gram_scratch(const pare_kernels *kernels, int64_t cap);
void pare_gram_add(const pare_gram_sum *sum, pare_pool *pool);

#endif
