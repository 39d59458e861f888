/* How long inference and planning take on a chain of many nodes:  bench-infer [NODES] */
#include "op/infer.h"
#include "run/plan.h"

#include "ir/build.h"
#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>

/* Conv, Add and Relu in turn, over [N, 8, 32, 32]. */
static pare_status make_chain(pare_ctx *ctx, pare_model **out, long n_nodes)
{
    static float weights[8 * 8 * 3 * 3];
    static const int64_t shape[] = { 8, 8, 3, 3 };
    static const int64_t pads[] = { 1, 1, 1, 1 };
    pare_builder b;
    PARE_TRY(pare_model_new(ctx, out, "chain"));
    pare_model *m = *out;
    PARE_TRY(pare_opsets_add(ctx, m, &m->opsets, "", 17, NULL));
    pare_builder_init(&b, ctx, m->graph);
    static const pare_dim dims[] = { { .kind = PARE_DIM_PARAM, .param = "N" },
                                     { .kind = PARE_DIM_VALUE, .value = 8 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 } };
    static const pare_type type = { .kind = PARE_TYPE_TENSOR, .dtype = PARE_FLOAT,
                                    .has_shape = true, .rank = 4, .dims = dims };
    const pare_value_id w = pare_build_floats(&b, "w", weights, 4, shape);
    const pare_value_id x = pare_build_input(&b, "x", &type);
    pare_value_id y = x;
    for (long i = 0; i < n_nodes; i++) {
        if (i % 3 == 0) {
            y = pare_emit(&b, "Conv", y, w);
            pare_build_ints(&b, "pads", pads, 4);
        } else if (i % 3 == 1) {
            y = pare_emit(&b, "Add", y, x);
        } else {
            y = pare_emit(&b, "Relu", y);
        }
    }
    pare_build_output(&b, y, NULL);
    return b.status;
}

/* A plan for one small image. */
static pare_status make_plan(pare_ctx *ctx, const pare_model *model)
{
    static const int64_t dims[] = { 1, 8, 32, 32 };
    pare_tensor *image = NULL;
    pare_plan *plan = NULL;
    PARE_TRY(pare_tensor_new(ctx, &image, PARE_FLOAT, 4, dims));
    const pare_plan_input input = { .name = "x", .tensor = image };
    const pare_plan_opts opts = { .inputs = &input, .n_inputs = 1 };
    bench_cost took;
    bench_begin(&took);
    const pare_status st = pare_plan_new(ctx, &plan, model, &opts);
    bench_end(&took);
    if (!st) {
        const pare_plan_cost cost = pare_plan_cost_of(plan);
        printf("planned in %.3f s, %zu steps, %zu islands\n", took.cpu_seconds, cost.n_steps,
               cost.n_islands);
    }
    pare_plan_unref(ctx, plan);
    pare_tensor_unref(image);
    return st;
}

int main(int argc, char **argv)
{
    const long n_nodes = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = UINT64_C(1) << 30 });
    pare_status st = make_chain(&ctx, &model, n_nodes);
    bench_cost took;
    bench_begin(&took);
    if (!st) st = pare_infer(&ctx, &shapes, model, NULL);
    bench_end(&took);
    if (!st) st = make_plan(&ctx, model);
    if (st) printf("%s\n", ctx.message);
    else printf("%ld nodes inferred in %.3f s of processor time, %zu issues\n", n_nodes,
                took.cpu_seconds, shapes->n_issues);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, model);
    return st ? 1 : 0;
}
