/* Time of operations on numbers: what shapes do (small polynomials, mostly seen before), and the
 * largest operands there can be. */
#include "ir/num.h"
#include "support/bench.h"
#include "support/test_ctx.h"

#include <stdio.h>

typedef pare_num binary_fn(pare_exprs *exprs, pare_num a, pare_num b);

static const struct {
    const char *name;
    binary_fn *fn;
} ops[] = {
    { "add", pare_num_add },           { "sub", pare_num_sub }, { "mul", pare_num_mul },
    { "floordiv", pare_num_floordiv }, { "mod", pare_num_mod }, { "min", pare_num_min },
    { "max", pare_num_max },           { "ceildiv", pare_num_ceildiv },
};

static pare_num symbol(pare_exprs *exprs, uint32_t i)
{
    char name[16];
    snprintf(name, sizeof(name), "s%u", i);
    return pare_num_symbol(exprs, name);
}

static void time_mixed(pare_exprs *exprs)
{
    enum { N = 1000000, POOL = 64 };
    pare_num pool[POOL];
    uint64_t seed = 1;
    for (uint32_t i = 0; i < POOL; i++) {
        const pare_num by = pare_num_int(1 + i % 5), rest = pare_num_int(i % 7);
        const pare_num part = pare_num_floordiv(exprs, symbol(exprs, i % 3), by);
        pool[i] = pare_num_add(exprs, pare_num_mul(exprs, part, symbol(exprs, i % 4)), rest);
    }
    const double start = bench_seconds();
    for (uint32_t i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        ops[seed >> 61].fn(exprs, pool[seed >> 55 & 63], pool[seed >> 49 & 63]);
    }
    printf("mixed      %8.1f ns each\n", (bench_seconds() - start) * 1e9 / N);
}

static void time_largest(pare_exprs *exprs)
{
    enum { N = 2000 };
    pare_num a = pare_num_int(0), b = a;
    for (uint32_t i = 0; i < PARE_MAX_TERMS; i++) {
        const pare_num s = symbol(exprs, 100 + i);
        a = pare_num_add(exprs, a, pare_num_mul(exprs, s, symbol(exprs, 200 + i)));
        b = pare_num_add(exprs, b, pare_num_mul(exprs, s, pare_num_int(i + 1)));
    }
    for (size_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++) {
        const double start = bench_seconds();
        for (uint32_t i = 0; i < N; i++) ops[o].fn(exprs, a, b);
        printf("%-10s %8.1f ns each, 32 terms by 32\n", ops[o].name,
               (bench_seconds() - start) * 1e9 / N);
    }
}

int main(void)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    pare_exprs *exprs = pare_exprs_new(&t.ctx, &arena);
    if (!exprs) return 1;
    time_mixed(exprs);
    time_largest(exprs);
    printf("%llu KiB at most\n", (unsigned long long)(test_ctx_peak_bytes(&t) >> 10));
    pare_exprs_free(&t.ctx, exprs);
    pare_arena_free(&arena);
    return 0;
}
