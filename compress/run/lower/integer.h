/* Matrix products of 8-bit numbers as steps: rows that something finds, times packed panels, summed
 * in integers. Their operators, alone or as groups from DequantizeLinear to QuantizeLinear, are
 * read into one form (integer_operands.c). */
#ifndef PARE_RUN_LOWER_INTEGER_H
#define PARE_RUN_LOWER_INTEGER_H

#include "run/lower/split.h"
#include "run/planner.h"

/* --- what is computed ------------------------------------------------------------------------- */

/* y = finish(sum of (x - x_zero) * (w - w_zero) + bias), scaled by alpha * x_scale * w_scale /
 * y_scale, float operations from left to right, with shift added behind. What concerns columns is
 * one for all or one for each: constants, dense. */
typedef struct pare_integer_operands {
    pare_value_id x, w;       /* of codes */
    pare_dtype x_dtype, w_dtype;
    int32_t x_zero;
    float alpha, x_scale, y_scale;
    bool is_dynamic;          /* scale and zero point of x come with the run: x_zero is 0, x_scale
                                 1, and they are at: */
    pare_laid zero_at, scale_at; /* of one element; scale_at without a buffer: 1 */
    const pare_laid *x_at;    /* x, instead of a value; NULL: none */
    const pare_tensor *w_scale; /* float; NULL: 1 */
    const pare_tensor *w_zero;  /* int8 or uint8; NULL: 0 */
    const pare_tensor *bias;    /* int32; NULL: none */
    const pare_tensor *shift;   /* float, as the operator has it, so to be divided by y_scale; NULL:
                                   none */
    const pare_tensor *shift_scale; /* not NULL: shift is int32, times these */
    const float *factor, *offset; /* for each column, of a BatchNormalization behind all that;
                                     NULL: none */
    pare_integer_finish finish; /* out, low, high, zero */
} pare_integer_operands;

/* What a sum of column j is multiplied by, and what is added then. */
float pare_integer_scale(const pare_integer_operands *o, int64_t j);
float pare_integer_shift(const pare_integer_operands *o, int64_t j);
bool pare_integer_has_shift(const pare_integer_operands *o);

/* Reads a group, whose first node is Conv, Gemm or MatMul on values that have codes: sets
 * l->n_taken. w_axis is the axis of w along which outputs lie. *found false: it does not suit. */
pare_status pare_integer_read_group(pare_planner *p, pare_lowering *l, uint32_t w_axis,
                                    pare_integer_operands *out, bool *found);

/* The same of a BatchNormalization of n channels from codes to codes: the product of each code with
 * 1; w is NONE. */
pare_status pare_integer_read_batch_norm(pare_planner *p, pare_lowering *l, int64_t n,
                                         pare_integer_operands *out, bool *found);

/* The same of operators on codes. Places of their inputs; PARE_NONE: they have no such input. */
typedef struct pare_integer_places {
    uint32_t x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias;
} pare_integer_places;

pare_status pare_integer_read_node(pare_planner *p, const pare_lowering *l,
                                   const pare_integer_places *places, pare_integer_operands *out,
                                   bool *found);

/* The same of DynamicQuantizeMatMul, all but what its A becomes. */
pare_status pare_integer_read_dynamic(pare_planner *p, const pare_lowering *l,
                                      pare_integer_operands *out, bool *found);

/* Whether what concerns columns is one for all, or n. */
bool pare_integer_fits(const pare_integer_operands *o, int64_t n);

/* --- how it is computed ----------------------------------------------------------------------- */

struct pare_integer_product;

/* Writes pointers to rows [first, first + n) of outer index `outer`, for each tap: x [n_taps, n].
 * `room` is scratch of room_bytes for rows that have to be gathered. */
typedef void pare_integer_rows_fn(const struct pare_integer_product *a, const pare_frame *frame,
                                  int64_t outer, int64_t first, int n, const uint8_t **x,
                                  uint8_t *room);

/* First member of the arguments of a step. Numbers of columns are [n_vectors][columns, padded to
 * whole panels]. */
typedef struct pare_integer_product {
    pare_integer_rows_fn *rows;
    int64_t n_outer, n_rows, n_cols, n_taps, depth;
    int64_t n_products;       /* of an output; what pads the depth not counted */
    pare_sums sums;
    bool x_is_signed;
    int32_t row_shift;        /* added to each sum of a row */
    const uint8_t *w;         /* [n_weights][panels] */
    int64_t n_weights, n_vectors; /* outer index o uses weights o % n_weights */
    const int32_t *column_sums; /* of packed weights, like start */
    const int32_t *start, *w_zero; /* w_zero NULL: zeros */
    const float *scale, *shift; /* shift NULL: none */
    pare_integer_finish finish;
    bool is_dynamic;          /* as of the operands; then start is the bias alone */
    pare_laid zero_at, scale_at;
    pare_laid x, y;
    int64_t y_outer, y_row;   /* elements */
    size_t room_bytes;
    pare_split split;         /* into tasks */
} pare_integer_product;

/* Sets how sums are made of operands of these types, and what that means for the weights. */
void pare_integer_set_sums(const pare_planner *p, const pare_integer_operands *o,
                           pare_integer_product *a);
const pare_integer_kernel *pare_integer_kernel_of(const pare_kernels *k,
                                                  const pare_integer_product *a);
int64_t pare_integer_padded(const pare_planner *p, const pare_integer_product *a);

/* Where weights stand: that of column j, tap t and byte b of it, of outer index o, at o * outer +
 * j * column + t * tap + b / pixel * position + b % pixel * channel; bytes with b % pixel >=
 * channels are zero. */
typedef struct pare_integer_weights {
    int64_t outer, column, tap, position, channel;
    int64_t pixel, channels;
} pare_integer_weights;

/* Packs constant weights, once for all plans. */
pare_status pare_integer_pack(pare_planner *p, const pare_integer_operands *o,
                              const pare_integer_weights *at, pare_integer_product *a);

/* Whether the bounds of codes are those of their type, and n results far below 2^31. */
bool pare_integer_is_free(const pare_integer_operands *o, int64_t n, const float *scale,
                          const float *shift);

/* What sums of columns m to m + n are multiplied by, and what is added then. */
void pare_integer_scales(const pare_integer_operands *o, int64_t m, int64_t n, float *scale,
                         float *shift);

/* Sets start, w_zero, scale and shift; a's weights are packed. */
pare_status pare_integer_set_vectors(pare_planner *p, const pare_integer_operands *o,
                                     pare_integer_product *a);

/* Adds steps that make codes of a value in float as DynamicQuantizeLinear does: codes, scale and
 * zero point become the values `to` [3] (NONE: no value), and are at out [3]. */
pare_status pare_plan_quantize(pare_planner *p, pare_value_id from, const pare_value_id *to,
                               pare_laid *out);

/* Splits the product into tasks by its sizes alone and adds the step. */
pare_status pare_integer_step(pare_planner *p, pare_integer_product *a, const char *kernel);

/* A Conv with a filter for each channel. */
pare_status pare_lower_integer_depthwise(pare_planner *p, pare_lowering *l,
                                         const pare_integer_operands *o, const pare_laid *x,
                                         const pare_laid *w, pare_laid *y);

/* Element i of constants that are one for all or one for each; *_of NULL: fallback. */
float pare_integer_float_at(const pare_tensor *t, int64_t i, float fallback);
int32_t pare_integer_int_at(const pare_tensor *t, int64_t i);

#endif
