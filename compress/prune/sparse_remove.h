/* In which order weights of rows go, always the next whose loss the rest of its row makes up for
 * best (optimal brain surgeon: Hassibi, 1993; for whole layers Frantar, 2022). Inside of prune
 * only. */
#ifndef PARE_PRUNE_SPARSE_REMOVE_H
#define PARE_PRUNE_SPARSE_REMOVE_H

#include "base/pool.h"
#include "kernels/kernels.h"
#include "prune/sparse_pattern.h"

typedef struct pare_sparse_removal {
    const pare_kernels *kernels;
    const pare_sparse_cut *cut; /* bands of rows; those of more than one row share their zeros */
    int64_t n, pitch;         /* columns; the same up to whole panels of the kernels */
    const float *inverse;     /* [n, pitch] of the damped second moments, padded with zeros */
    const float *wanted;      /* [rows, n] weights before anything goes */
    int64_t limit;            /* units of a band that go at most */
    int32_t *order;           /* [n_bands, limit] units as they go; -1: nothing more can */
    float *cost;              /* [n_bands, limit] what each adds to the squared error d' H d */
} pare_sparse_removal;

/* Fills order and cost. ENOMEM. The same bits at any number of threads. */
pare_status pare_sparse_remove(pare_ctx *ctx, pare_pool *pool, const pare_sparse_removal *removal);

#endif
