/* Parameters of element-by-element operators, and the arithmetic on small contents they share. */
#ifndef PARE_OP_ELEMENTWISE_H
#define PARE_OP_ELEMENTWISE_H

#include "op/eval.h"
#include "op/shape.h"
#include "op/wide.h"

/* Activations and other functions of one input. Which fields mean something is the operator's. */
typedef struct pare_unary_params {
    float alpha, beta;        /* Selu: beta is gamma; Shrink: alpha is lambd, beta is bias */
    bool tanh_approximation;  /* Gelu */
    bool detect_negative, detect_positive; /* IsInf */
} pare_unary_params;

/* Functions of two inputs. */
typedef struct pare_binary_params {
    bool legacy;              /* before opset 7: input 1 fits into input 0 from `axis` on */
    bool broadcast;           /* legacy only: whether it does, or shapes must be equal */
    bool has_axis;            /* legacy only; else input 1 is aligned at the end */
    int64_t axis;
    bool fmod;                /* Mod: sign of the dividend */
    bool left;                /* BitShift */
} pare_binary_params;

typedef struct pare_clip_params {
    bool has_attrs;           /* before opset 11: bounds are attributes, not inputs */
    float min, max;
} pare_clip_params;

typedef struct pare_dropout_params {
    float ratio;              /* where it is an attribute (before opset 12) */
    bool ratio_is_input;      /* opset 12: inputs 1 and 2 are ratio and training mode */
    bool training;            /* before opset 7: is_test 0 */
    int64_t seed;
    bool has_seed;
} pare_dropout_params;

/* One element of a result; x has one element per input. */
typedef pare_num pare_element_fn(pare_exprs *exprs, const void *params, const pare_num *x);

/* How contents pass through an operator; a list of them ends with a NULL name. */
typedef struct pare_element_row {
    const char *name;         /* of the operator */
    pare_element_fn *fn;
} pare_element_row;

/* The function of the operator with this name, or NULL. */
pare_element_fn *pare_element_of(const pare_element_row *rows, const char *name);

/* Gives output 0, whose type and dims are set, the content that fn makes of the inputs' (broadcast)
 * contents; nothing when fn is NULL or an input is not followed. Real results of float tensors are
 * rounded to single precision, as running would. n_in is at most 8. */
void pare_content_apply(pare_infer_io *io, pare_element_fn *fn, uint32_t n_in);

/* --- blocks ----------------------------------------------------------------------------------- */

/* What operators do to blocks of n elements of a wide type, n at most PARE_WIDE_BLOCK, by the name
 * of the operator; NULL: none of these. */
typedef struct pare_unary_row pare_unary_row;
typedef struct pare_pair_row pare_pair_row;
typedef struct pare_compare_row pare_compare_row;

const pare_unary_row *pare_unary_row_of(const char *name);
const pare_pair_row *pare_pair_row_of(const char *name);
const pare_compare_row *pare_compare_row_of(const char *name);

/* x, or a, becomes the result. False: the row is not for these types, which n = 0 asks. */
bool pare_unary_apply(const pare_unary_row *row, pare_wide wide, int64_t n, pare_wide_block *x);
bool pare_pair_apply(const pare_pair_row *row, pare_wide wide, int64_t n, pare_wide_block *a,
                     const pare_wide_block *b);

/* y[i]: 1 where it holds, else 0. */
void pare_compare_apply(const pare_compare_row *row, pare_wide wide, int64_t n,
                        const pare_wide_block *a, const pare_wide_block *b, uint8_t *y);

/* --- evaluation ------------------------------------------------------------------------------- */

/* The first n inputs as tensors. EFORMAT when one is omitted or is no tensor. */
pare_status pare_element_inputs(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                const pare_tensor **in);

/* EFORMAT unless all n tensors have one element type. */
pare_status pare_element_same_type(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                   const pare_tensor *const *in);

/* Starts a walk over output 0, which is made, with n inputs broadcast to it. EFORMAT when the shape
 * of one does not fit. */
struct pare_spread;
pare_status pare_element_spread(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                const pare_tensor *const *in, struct pare_spread *s);

pare_eval_fn pare_unary_eval, pare_is_nan_eval, pare_is_inf_eval, pare_activation_eval;
pare_eval_fn pare_bias_gelu_eval;
pare_eval_fn pare_arithmetic_eval, pare_compare_eval, pare_pow_eval, pare_prelu_eval;
pare_eval_fn pare_variadic_eval, pare_where_eval;

#endif
