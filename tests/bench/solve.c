/* How long second moments and solving take for one product:  bench-solve [INPUTS [OUTPUTS]] */
#include "base/rng.h"
#include "ir/build.h"
#include "quant/solve.h"
#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_SAMPLES = 64, N_ROWS = 128, BLOCK = 32 };

typedef struct job {
    int64_t in, out;
    pare_model *model;
    pare_linear linear;
    pare_pool *pool;
    bench_cost moments, solving;
    pare_algorithm algorithm;
    pare_dim shape[2];        /* of x, which the model refers to */
    pare_type type;
} job;

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const job *j = self;
    const int64_t dims[] = { N_ROWS, j->in };
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, 2, dims));
    float *x = (float *)(uintptr_t)out[0]->payload.data;
    pare_rng rng = { sample };
    for (int64_t i = 0; i < out[0]->n_elements; i++) {
        const uint64_t bits = pare_rng_next(&rng);
        x[i] = (float)(bits >> 40) / (1 << 24) + (i ? x[i - 1] / 2 : 0);
    }
    return PARE_OK;
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "%d", (int)sample);
    return out;
}

static pare_status make_model(pare_ctx *ctx, job *j)
{
    const int64_t dims[] = { j->in, j->out };
    pare_builder b;
    pare_tensor *w = NULL;
    PARE_TRY(pare_model_new(ctx, &j->model, "product"));
    PARE_TRY(pare_opsets_add(ctx, j->model, &j->model->opsets, "", 17, NULL));
    PARE_TRY(pare_tensor_new(ctx, &w, PARE_FLOAT, 2, dims));
    float *x = (float *)(uintptr_t)w->payload.data;
    pare_rng rng = { 5 };
    for (int64_t i = 0; i < w->n_elements; i++) x[i] = (float)pare_rng_normal(&rng);
    pare_builder_init(&b, ctx, j->model->graph);
    j->shape[0] = (pare_dim){ .kind = PARE_DIM_VALUE, .value = N_ROWS };
    j->shape[1] = (pare_dim){ .kind = PARE_DIM_VALUE, .value = j->in };
    j->type = (pare_type){ .kind = PARE_TYPE_TENSOR, .dtype = PARE_FLOAT, .has_shape = true,
                           .rank = 2, .dims = j->shape };
    const pare_value_id in = pare_build_input(&b, "x", &j->type);
    const pare_value_id weight = pare_build_const(&b, "w", w);
    pare_build_output(&b, pare_emit(&b, "MatMul", in, weight), NULL);
    return b.status;
}

static pare_status solve(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    job *j = user;
    pare_solution s;
    (void)item;
    bench_end(&j->moments);
    const pare_solve_opts opts = {
        .weights = { .form = { -8, 7, true, 0, BLOCK, false }, .signed_scale = true },
        .algorithm = j->algorithm, .gram = gram,
    };
    bench_begin(&j->solving);
    const pare_status st = pare_weights_solve(ctx, &s, j->model, &j->linear, j->pool, &opts);
    bench_end(&j->solving);
    if (st) return st;
    printf("%-9s error %.6f, rounding %.6f of the output's mean square\n",
           pare_algorithm_name(s.algorithm), s.error, s.rtn_error);
    pare_solution_free(ctx, &s);
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, job *j)
{
    static const char *const inputs[] = { "x" };
    static const bool has_batch[] = { false };
    const pare_dataset data = { .n = N_SAMPLES, .n_inputs = 1, .inputs = inputs,
                                .has_batch = has_batch, .self = j, .load = load, .name = name };
    PARE_TRY(make_model(ctx, j));
    if (!pare_linear_of(ctx, &j->linear, j->model, j->model->graph->first_node))
        return pare_fail(ctx, PARE_EUSAGE, "no product");
    const pare_gram_item item = { .linear = j->linear, .plus = PARE_NONE, .minus = PARE_NONE };
    const pare_gram_opts opts = { .items = &item, .n_items = 1, .data = &data, .use = solve,
                                  .user = j };
    bench_begin(&j->moments);
    return pare_gram_run(ctx, j->model, j->pool, &opts);
}

int main(int argc, char **argv)
{
    static const pare_algorithm algorithms[] = { PARE_ALGORITHM_GPTQ, PARE_ALGORITHM_SCALE_FIT };
    pare_ctx ctx;
    const pare_ctx_opts limits = { .max_memory_bytes = UINT64_C(1) << 33 };
    pare_ctx_init(&ctx, &limits);
    for (size_t i = 0; i < 2; i++) {
        job j = { .in = argc > 1 ? strtol(argv[1], NULL, 10) : 4096, .algorithm = algorithms[i] };
        j.out = argc > 2 ? strtol(argv[2], NULL, 10) : j.in;
        pare_status st = pare_pool_new(&ctx, &j.pool, 0);
        if (!st) st = run(&ctx, &j);
        if (st) printf("%s\n", ctx.message);
        else
            printf("moments of %d rows %.2f s (%.2f s of the processor), solving %.2f s (%.2f s)\n",
                   N_SAMPLES * N_ROWS, j.moments.seconds, j.moments.cpu_seconds,
                   j.solving.seconds, j.solving.cpu_seconds);
        pare_pool_free(&ctx, j.pool);
        pare_model_free(&ctx, j.model);
        if (st) return 1;
    }
    return 0;
}
