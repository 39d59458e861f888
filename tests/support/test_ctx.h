/* A context whose allocator counts, and fails on request. */
#ifndef TESTS_SUPPORT_TEST_CTX_H
#define TESTS_SUPPORT_TEST_CTX_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct test_ctx {
    pare_ctx ctx; /* hand &t.ctx to the code under test */
    uint64_t live_bytes, peak_bytes;
    uint64_t n_live, n_allocs;
    int64_t until_failure; /* allocations that succeed before one fails; negative: none fails */
    bool failed;           /* whether that one has been reached */
    unsigned n_warnings;
    char warning[PARE_MESSAGE_BYTES]; /* the last one */
} test_ctx;

/* Fresh counters, no failure planned, default limits. The context refers to *t, which must not
 * move. */
void test_ctx_init(test_ctx *t);

/* Lets the nth allocation or resize from now on return NULL (0 is the next); those after it succeed
 * again. Negative: none. Resets `failed`. */
void test_ctx_fail_at(test_ctx *t, int64_t nth);

uint64_t test_ctx_live_bytes(const test_ctx *t); /* allocated and not yet freed */
uint64_t test_ctx_peak_bytes(const test_ctx *t); /* the most that was live at once */
uint64_t test_ctx_n_allocs(const test_ctx *t);   /* allocations and resizes that succeeded */

/* Runs `work` with allocation 0, 1, 2, ... failing until it gets through untouched, each time on a
 * fresh context. Fails the test unless every hit run gives ENOMEM with a message, the last gives
 * OK, and all free what they took. Returns how many allocations `work` makes. */
int64_t test_ctx_torture(pare_status (*work)(pare_ctx *ctx, void *user), void *user);

#endif
