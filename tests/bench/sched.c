/* How long groups, liveness, schedule and arena take:  bench-sched [NODES] */
#include "ir/build.h"
#include "op/infer.h"
#include "sched/schedule.h"
#include "support/bench.h"
#include "support/groups.h"

#include <stdio.h>
#include <stdlib.h>

/* Blocks as in a residual network, with branches of different lengths: Conv, Relu, Conv, Sigmoid,
 * Mul, Add with one of the last blocks' outputs. Some outputs are pooled, and used at the end. */
static pare_status make_net(pare_ctx *ctx, pare_model **out, long n_nodes)
{
    static float weights[8 * 8];
    static const int64_t shape[] = { 8, 8, 1, 1 };
    static const pare_dim dims[] = { { .kind = PARE_DIM_VALUE, .value = 1 },
                                     { .kind = PARE_DIM_VALUE, .value = 8 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 },
                                     { .kind = PARE_DIM_VALUE, .value = 32 } };
    static const pare_type type = { .kind = PARE_TYPE_TENSOR, .dtype = PARE_FLOAT,
                                    .has_shape = true, .rank = 4, .dims = dims };
    pare_builder b;
    PARE_TRY(pare_model_new(ctx, out, "net"));
    PARE_TRY(pare_opsets_add(ctx, *out, &(*out)->opsets, "", 17, NULL));
    pare_builder_init(&b, ctx, (*out)->graph);
    const pare_value_id w = pare_build_floats(&b, "w", weights, 4, shape);
    pare_value_id x = pare_build_input(&b, "x", &type), last[8], pooled = PARE_NONE;
    for (int i = 0; i < 8; i++) last[i] = x;
    for (long i = 0; i < n_nodes / 6; i++) {
        pare_value_id y = pare_emit(&b, "Conv", x, w);
        y = pare_emit(&b, "Relu", y);
        y = pare_emit(&b, "Conv", y, w);
        const pare_value_id gate = pare_emit(&b, "Sigmoid", y);
        y = pare_emit(&b, "Mul", y, gate);
        x = pare_emit(&b, "Add", y, last[(i * 5) % 8]);
        last[i % 8] = x;
        if (i % 64 == 0) {
            const pare_value_id p = pare_emit(&b, "GlobalAveragePool", x);
            pooled = pooled == PARE_NONE ? p : pare_emit(&b, "Add", pooled, p);
        }
    }
    pare_build_output(&b, x, NULL);
    pare_build_output(&b, pooled, NULL);
    return b.status;
}

static bool report(pare_ctx *ctx, pare_status st, const char *what, bench_cost *cost)
{
    bench_end(cost);
    if (st) printf("%s\n", ctx->message);
    else printf("%-10s %7.1f ms of processor time, %6.1f MiB\n", what, 1e3 * cost->cpu_seconds,
                cost->mib);
    return !st;
}

static bool run(pare_ctx *ctx, const pare_model *model, const pare_shapes *shapes)
{
    bench_cost cost;
    pare_groups *groups = NULL;
    pare_liveness *live = NULL;
    pare_schedule *schedule = NULL;
    bench_begin(&cost);
    if (!report(ctx, pare_fusion_find(ctx, &groups, model->graph, shapes, NULL, NULL, 0), "groups",
                &cost))
        return false;
    printf("%u nodes in %u groups\n", model->graph->n_nodes, groups->n);
    const pare_live_opts opts = { .align = 64 };
    bench_begin(&cost);
    if (!report(ctx, pare_liveness_find(ctx, &live, groups, shapes, &opts), "liveness", &cost))
        return false;
    bench_begin(&cost);
    if (!report(ctx, pare_schedule_find(ctx, &schedule, groups, shapes, &opts), "schedule", &cost))
        return false;
    pare_interval *items = calloc(live->n_buffers, sizeof(*items));
    pare_arena_plan *plan = NULL;
    for (uint32_t i = 0; items && i < live->n_buffers; i++)
        items[i] = (pare_interval){ live->buffers[i].first, live->buffers[i].last,
                                    live->buffers[i].bytes, 64 };
    bench_begin(&cost);
    if (!report(ctx, pare_arena_plan_make(ctx, &plan, items, live->n_buffers), "arena", &cost))
        return false;
    printf("peak %.1f kB as given, %.1f kB ordered; arena of %u buffers %.4f of the peak\n",
           (double)schedule->given_peak_bytes / 1e3, (double)schedule->peak_bytes / 1e3,
           live->n_buffers, (double)plan->total_bytes / (double)plan->bound_bytes);
    free(items);
    pare_arena_plan_free(ctx, plan);
    pare_schedule_free(ctx, schedule);
    pare_liveness_free(ctx, live);
    pare_groups_free(ctx, groups);
    return true;
}

int main(int argc, char **argv)
{
    const long n_nodes = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = UINT64_C(1) << 30 });
    pare_status st = make_net(&ctx, &model, n_nodes < 6 ? 6 : n_nodes);
    if (!st) st = pare_infer(&ctx, &shapes, model, NULL);
    if (st) printf("%s\n", ctx.message);
    const bool done = !st && run(&ctx, model, shapes);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, model);
    return done ? 0 : 1;
}
