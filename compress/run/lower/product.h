/* Matrix products as steps: rows that something finds, times packed panels. Convolution, Gemm and
 * MatMul differ in how rows are found. */
#ifndef PARE_RUN_LOWER_PRODUCT_H
#define PARE_RUN_LOWER_PRODUCT_H

#include "run/lower/split.h"
#include "run/planner.h"

#include <math.h>

struct pare_product;

/* Writes pointers to rows [first, first + n) of outer index `outer`, for each tap: x [n_taps, n].
 * `room` is scratch of room_bytes for rows that have to be gathered. */
typedef void pare_rows_fn(const struct pare_product *product, const pare_frame *frame,
                          int64_t outer, int64_t first, int n, const float **x, float *room);

/* What surrounds the chains of a product in the same step; arrays are as long as all panels, zero
 * behind the columns. */
typedef struct pare_epilogue {
    const float *bias;        /* where chains start; never NULL */
    pare_finish finish;       /* add is found when running: */
    bool has_add;
    pare_laid add;            /* alike to the output */
} pare_epilogue;

#define PARE_EPILOGUE_NONE ((pare_epilogue){ .finish = { .low = -INFINITY, .high = INFINITY } })

/* y[outer][r, j] = epilogue(sum over taps and depth of rows[r] * w[outer][.., j]). First member of
 * the arguments of a step. */
typedef struct pare_product {
    pare_rows_fn *rows;
    int64_t x_row;            /* not 0: of one tap, rows this far apart; `rows` finds the first, or,
                                 being NULL, x + outer * x_outer is */
    const int32_t *offsets;   /* not NULL: where rows are, in elements from x + outer * x_outer on,
                                 those of a tile [n_taps, its rows]; negative: zeros */
    const float *zeros;       /* [depth] */
    int64_t x_outer;
    int64_t n_outer, n_rows, n_cols, n_taps, depth;
    const float *w;           /* packed, [n_weights][panels][n_taps * depth][panel]; NULL: in wd */
    pare_laid wd;             /* packed when running */
    int64_t n_weights;        /* outer index o uses weights o % n_weights */
    int64_t n_vectors;        /* and vectors o % n_vectors: groups of a convolution, else 1 */
    pare_laid x, y;
    int64_t y_outer, y_row;   /* strides of y and add */
    pare_epilogue epilogue;
    size_t room_bytes;        /* for gathered rows of one tile */
    pare_split split;         /* into tasks */
} pare_product;

/* Puts nodes behind the anchor of a chain into the epilogue, as far as they fit there, and counts
 * them in l->n_taken. y has the layout of the output, without a buffer. */
pare_status pare_product_tail(pare_planner *p, pare_lowering *l, pare_product *product,
                              const pare_laid *y);

/* Makes a place for the output in CHANNELS_LAST; the residual, if there is one, lies alike. */
pare_status pare_product_out(pare_planner *p, const pare_lowering *l, const pare_product *product,
                             pare_laid *y);

/* n_vectors vectors of n_cols numbers (NULL: zeros), each padded to whole panels. NULL when memory
 * is short. */
float *pare_product_vectors(pare_planner *p, const pare_product *product, const float *v);

/* The same of a constant of n_vectors * n_cols floats, packed once for all plans. */
pare_status pare_product_constants(pare_planner *p, const pare_product *product,
                                   pare_value_id value, const float **out);

/* Starts the chains at a constant of n_vectors * n_cols floats (PARE_NONE: zeros). */
pare_status pare_product_bias(pare_planner *p, pare_product *product, pare_value_id value);

/* Adds a constant of n_vectors * n_cols floats behind the chains: z + c is fma(z, 1, c). */
pare_status pare_product_shift(pare_planner *p, pare_product *product, pare_value_id value);

/* Tiles that rows of the output fall into, evenly (pare_split_start). */
int64_t pare_product_tiles(const pare_planner *p, int64_t n_rows);

/* Splits the product into tasks by its sizes alone and adds the step. `more` is one more operand
 * that it touches, or NULL. */
pare_status pare_product_step(pare_planner *p, pare_product *product, const pare_laid *more,
                              const char *kernel);

/* Panels that n columns take. */
int64_t pare_product_panels(const pare_planner *p, int64_t n_cols);

/* Elements of a float constant at an address that suits them; *owned is freed by the caller with
 * pare_free. */
pare_status pare_plan_floats(pare_planner *p, pare_value_id value, const float **out, void **owned);

#endif
