/* Networks put together at random, for proofs that hold for any: convolutions plain, grouped,
 * depthwise and transposed, residuals, concatenations, splits, shuffles, gates, recurrent layers
 * and attention. Weights are random, too. */
#ifndef TESTS_SUPPORT_RANDOM_NETS_H
#define TESTS_SUPPORT_RANDOM_NETS_H

#include "ir/model.h"

typedef struct test_random_opts {
    uint64_t seed;
    int n_blocks;
    bool is_quantized;        /* Q and DQ around products, weights of uint8 with a scale and a zero
                                 point for each channel */
} test_random_opts;

/* A network whose inputs are constants, but for "x" [2, 3, 8, 8] of float. *kinds: bits of the
 * blocks that are in it. The caller frees it. */
pare_model *test_random_net(pare_ctx *ctx, const test_random_opts *opts, uint32_t *kinds);

/* How many kinds of blocks there are; the name of one. */
enum { TEST_RANDOM_KINDS = 18 };
const char *test_random_kind(int kind);

/* Makes constants of all inputs but "x". By their names: s... scales (sa...: larger ones), z...
 * zero points of uint8, Constant_2_16 the numbers 2 and 16; others random, floats around 0. */
void test_random_bind(pare_ctx *ctx, pare_model *model, uint64_t seed);

/* Random numbers for the input "x", of which the caller owns the tensor. */
pare_tensor *test_random_input(pare_ctx *ctx, uint64_t seed);

#endif
