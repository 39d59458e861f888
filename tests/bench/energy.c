/* How long an estimate takes, apart from inferring shapes:  bench-energy [NODES] */
#include "energy/energy.h"

#include "ir/build.h"
#include "support/bench.h"
#include "support/estimated.h"

#include <stdio.h>
#include <stdlib.h>

/* Blocks of Conv, Relu, Conv, Sigmoid, Mul and Add, one after the other. */
static pare_status make_net(pare_ctx *ctx, pare_model **out, long n_nodes)
{
    static float weights[8 * 8];
    static const int64_t shape[] = { 8, 8, 1, 1 };
    static const pare_dim dims[] = { { .kind = PARE_DIM_VALUE, .value = 1 },
                                     { .kind = PARE_DIM_VALUE, .value = 8 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 } };
    static const pare_type type = {
        .kind = PARE_TYPE_TENSOR, .dtype = PARE_FLOAT, .has_shape = true, .rank = 4, .dims = dims
    };
    pare_builder b;
    PARE_TRY(pare_model_new(ctx, out, "net"));
    PARE_TRY(pare_opsets_add(ctx, *out, &(*out)->opsets, "", 17, NULL));
    pare_builder_init(&b, ctx, (*out)->graph);
    const pare_value_id w = pare_build_floats(&b, "w", weights, 4, shape);
    pare_value_id x = pare_build_input(&b, "x", &type);
    for (long i = 0; i < n_nodes / 6; i++) {
        pare_value_id y = pare_emit(&b, "Conv", x, w);
        y = pare_emit(&b, "Relu", y);
        y = pare_emit(&b, "Conv", y, w);
        const pare_value_id gate = pare_emit(&b, "Sigmoid", y);
        y = pare_emit(&b, "Mul", y, gate);
        x = pare_emit(&b, "Add", y, x);
    }
    pare_build_output(&b, x, NULL);
    return b.status;
}

static bool measure(pare_ctx *ctx, const pare_model *model, pare_shapes *shapes, const char *what,
                    const pare_estimate_opts *opts)
{
    const pare_target target = test_chip(1 << 20);
    pare_estimate *e = NULL;
    bench_cost cost;
    bench_begin(&cost);
    const pare_status st = pare_estimate_make(ctx, &e, model, shapes, &target, opts);
    bench_end(&cost);
    if (st) {
        printf("%s\n", ctx->message);
        return false;
    }
    printf("%-16s %7.1f ms of processor time, %6.1f MiB, %zu layers, %.4g uJ\n", what,
           1e3 * cost.cpu_seconds, cost.mib, e->n_layers, e->energy_uj.value);
    pare_estimate_free(ctx, e);
    return true;
}

int main(int argc, char **argv)
{
    const long n_nodes = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    const pare_estimate_opts plain = { .no_bands = true, .ignore_zeros = true };
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    bench_cost cost;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = UINT64_C(1) << 30 });
    pare_status st = make_net(&ctx, &model, n_nodes < 6 ? 6 : n_nodes);
    bench_begin(&cost);
    if (!st) st = pare_infer(&ctx, &shapes, model, NULL);
    bench_end(&cost);
    if (st) printf("%s\n", ctx.message);
    else printf("%-16s %7.1f ms of processor time\n", "shapes", 1e3 * cost.cpu_seconds);
    const bool done = !st && measure(&ctx, model, shapes, "estimate", NULL) &&
                      measure(&ctx, model, shapes, "without bands", &plain);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, model);
    return done ? 0 : 1;
}
