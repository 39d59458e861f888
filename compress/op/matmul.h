/* Parameters of matrix products. */
#ifndef PARE_OP_MATMUL_H
#define PARE_OP_MATMUL_H

#include "op/shape.h"

typedef struct pare_matmul_params {
    bool trans_a, trans_b;    /* last two axes of A, B are swapped */
    bool trans_batch_a, trans_batch_b; /* com.microsoft: all axes but the last are rotated by one */
    float alpha;
} pare_matmul_params;

typedef struct pare_gemm_params {
    bool trans_a, trans_b;
    float alpha, beta;
    pare_bytes activation;    /* com.microsoft.FusedGemm; else empty */
    float activation_alpha, activation_beta, activation_gamma;
} pare_gemm_params;

/* Weights of 2 to 8 bits in blocks along K: B is [N, ceil(K / block_size), block_size * bits / 8].
 * */
typedef struct pare_matmul_nbits_params {
    int64_t k, n, bits, block_size, accuracy_level;
} pare_matmul_nbits_params;

/* The output of a matrix product in the manner of NumPy's matmul (vectors lose their axis, leading
 * axes are broadcast) of infos a and b, either may be NULL. EFORMAT when the inner sizes differ. */
pare_status pare_matmul_out(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype, const pare_info *a,
                            const pare_info *b, pare_info *out);

/* Evals (op/eval.h). */
pare_eval_fn pare_gemm_eval, pare_fused_gemm_eval, pare_qgemm_eval;
pare_eval_fn pare_matmul_eval, pare_fused_matmul_eval, pare_matmul_nbits_eval;
pare_eval_fn pare_matmul_integer_eval, pare_qlinear_matmul_eval;
pare_eval_fn pare_matmul_integer_to_float_eval, pare_dynamic_quantize_matmul_eval;

#endif
