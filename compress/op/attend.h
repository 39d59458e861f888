/* What all forms of attention share: scores of queries against keys, what is added to them, softmax
 * over the keys, and the sum of the values by these weights. */
#ifndef PARE_OP_ATTEND_H
#define PARE_OP_ATTEND_H

#include "op/reals.h"

/* A tensor seen by head: [batch, n, steps, size], the last axis dense. */
typedef struct pare_heads {
    const void *data;         /* of the attention's wide type */
    int64_t batch, n, steps, size;
    int64_t batch_step, head_step, step; /* in elements */
} pare_heads;

/* Heads of a dense [batch, n, steps, size]. */
pare_heads pare_heads_dense(const void *data, int64_t batch, int64_t n, int64_t steps,
                            int64_t size);

/* Heads of [batch, steps, hidden]: n of `size` each side by side, the first at data. */
pare_heads pare_heads_packed(const void *data, int64_t batch, int64_t steps, int64_t hidden,
                             int64_t n, int64_t size);

/* Numbers that are added to the scores: the one for (batch, head, query, key) is at the sum of
 * their products with steps; a step of 0 repeats. */
typedef struct pare_attend_added {
    const void *data;         /* NULL: nothing */
    int64_t steps[4];
    int64_t n_keys;           /* keys past these are masked */
} pare_attend_added;

/* Which keys a query sees. Query i of a batch stands at position offset + i. */
typedef struct pare_attend_mask {
    pare_attend_added added[2];
    bool causal;              /* no keys behind its position */
    int64_t left, right;      /* keys at most this far before and behind; -1: any */
    int64_t offset;           /* of all batches */
    const int64_t *offsets;   /* [batch], instead; or NULL */
    const int64_t *lengths;   /* [batch] keys that there are; NULL: all */
    double hidden;            /* what is added for keys that are not seen */
} pare_attend_mask;

typedef struct pare_attend {
    pare_wide wide;
    pare_heads q, k, v;       /* q.n is a multiple of k.n, and v.n the same; steps and sizes fit */
    double scale;
    double softcap;           /* scores become softcap * tanh(score / softcap); 0: they stay */
    pare_dtype softmax_type;  /* UNDEFINED: as wide */
    const void *sinks;        /* [q.n] of wide: a score without a value at the end; NULL: none */
    pare_reals scores;        /* [batch, q.n, q.steps, k.steps] */
    int64_t n_scores;
} pare_attend;

/* EFORMAT, naming what does not fit, unless q, k and v fit together, and heads are no more than
 * INT32_MAX, of no more numbers. */
pare_status pare_attend_check(pare_ctx *ctx, const pare_call *call, const pare_attend *a);

/* The stages, in order; the caller may read and write scores between them. The first makes them:
 * chains of kernels/gemm.h over the head size, times scale. ENOMEM. Softcap and bias are applied in
 * place; softmax is kernels/softmax.h's over the keys, with rows that nothing is seen by (all that
 * is added is -infinity) 0. The last writes y, laid out like the heads given there, by chains over
 * the keys. */
pare_status pare_attend_scores(pare_ctx *ctx, pare_attend *a);
void pare_attend_softcap(pare_attend *a);
pare_status pare_attend_bias(pare_ctx *ctx, pare_attend *a, const pare_attend_mask *mask,
                             uint8_t *blind); /* [batch * q.n * q.steps]: rows that see nothing */
pare_status pare_attend_softmax(pare_ctx *ctx, pare_attend *a, const uint8_t *blind);
pare_status pare_attend_values(pare_ctx *ctx, const pare_attend *a, const pare_heads *y,
                               void *data);

/* Frees the scores. */
void pare_attend_free(pare_ctx *ctx, pare_attend *a);

/* One number of an array of wide. */
static inline double pare_real_at(pare_wide wide, const void *data, int64_t i)
{
    return wide == PARE_WIDE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

/* Dense [batch, n, past + steps, size] of past (its data may be NULL) and then `now`. The caller
 * frees *out, also after a failure. ENOMEM. */
pare_status pare_heads_join(pare_ctx *ctx, pare_reals *out, pare_wide wide, const pare_heads *past,
                            const pare_heads *now);

#endif
