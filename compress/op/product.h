/* Matrix products over tensors of any rank: what MatMul, Gemm and Einsum have in common. */
#ifndef PARE_OP_PRODUCT_H
#define PARE_OP_PRODUCT_H

#include "op/reals.h"

/* Axes that are walked together, the last one fastest: sizes, and steps in elements through both
 * operands and the result (0: the same for all). */
typedef struct pare_product_axes {
    uint32_t n;
    int64_t size[PARE_MAX_DIMS];
    int64_t a[PARE_MAX_DIMS], b[PARE_MAX_DIMS], y[PARE_MAX_DIMS];
} pare_product_axes;

/* What elements are, of the operands and of the result. */
typedef enum pare_product_type {
    PARE_PRODUCT_F32,
    PARE_PRODUCT_F64,
    PARE_PRODUCT_U64,         /* integers that wrap */
    PARE_PRODUCT_S16,         /* operands are int16, 9 bits of it used; results int32 that wrap */
} pare_product_type;

/* y[batch, row, column] = sum over inner of a[batch, row, inner] * b[batch, column, inner], by the
 * kernels of kernels/gemm.h, inner axes counted row-major. */
typedef struct pare_product {
    pare_product_type type;
    pare_product_axes batch, rows, columns, inner;
} pare_product;

/* An operand of numpy's matmul: dims and steps in elements. */
typedef struct pare_product_operand {
    uint32_t rank;
    int64_t dims[PARE_MAX_DIMS], steps[PARE_MAX_DIMS];
} pare_product_operand;

/* The operand that a dense tensor is. */
void pare_product_operand_of(pare_product_operand *out, const pare_tensor *tensor);
void pare_product_swap_axes(pare_product_operand *operand, uint32_t i, uint32_t j);

/* Sets axes as numpy's matmul has them; infer has checked that the shapes fit. Y is dense. */
void pare_product_matmul(pare_product *p, const pare_product_operand *a,
                         const pare_product_operand *b);

/* The type for elements of a wide type that pare_reals holds. */
pare_product_type pare_product_type_of(pare_wide wide);

/* Computes all of y. ENOMEM. */
pare_status pare_product_run(pare_ctx *ctx, const pare_product *p, const void *a, const void *b,
                             void *y);

#endif
