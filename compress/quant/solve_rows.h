/* The work of solve.h on some rows of weights that share a matrix of second moments. Inside of
 * quant only. */
#ifndef PARE_QUANT_SOLVE_ROWS_H
#define PARE_QUANT_SOLVE_ROWS_H

#include "kernels/kernels.h"
#include "quant/weights.h"

/* Rows that are worked on together, and columns between two products with the whole matrix. */
enum { PARE_SOLVE_ROWS = 32, PARE_SOLVE_COLUMNS = 128, PARE_SOLVE_MAX_COLUMNS = 256 };

/* What the rows of one group share. Panels are those of pare_pack_panels. */
typedef struct pare_solve_group {
    const pare_kernels *kernels;
    const pare_weight_form *form;
    bool signed_scale;
    bool fit_only;            /* scales weighted with the diagonal, and nothing else */
    int64_t n, pitch;         /* weights of a row; the same with padding up to whole panels */
    int64_t row;              /* weights of each row of codes, of which n / row make one */
    int64_t n_segments;       /* scales of all n weights */
    const int64_t *segments;  /* [n_segments + 1] where each starts */
    const float *moments;     /* panels of the damped matrix H */
    const float *diagonal;    /* [n] of H */
    const float *importance;  /* [n] of H without damping */
    const float *upper;       /* panels of U, in the order of `order`: inverse of H = U' U */
    const int64_t *order;     /* [n] columns from the most important one on */
    const int64_t *place;     /* [n] the inverse of order */
} pare_solve_group;

/* Some rows: wanted weights and codes. */
typedef struct pare_solve_rows {
    int n_rows;               /* up to PARE_SOLVE_ROWS */
    const float *original;    /* [n_rows, pitch] the weights as they were */
    const float *wanted;      /* [n_rows, pitch] as they are to be, the same where there are no
                                 targets; padding is 0 */
    int8_t *codes;            /* [n_rows, n] */
    float *scales;            /* [n_rows, n_segments] */
    int32_t *zeros;           /* likewise */
    double *errors, *rtn_errors; /* [n_rows] d' H d of d = wanted - what codes mean */
    double *powers;           /* [n_rows] of d = wanted */
} pare_solve_rows;

/* Bytes that pare_solve_rows_run works in, aligned to 64. */
size_t pare_solve_scratch_bytes(const pare_solve_group *group);

/* Finds codes, scales and zero points. */
void pare_solve_rows_run(const pare_solve_group *group, const pare_solve_rows *rows,
                         void *scratch);

#endif
