#include "energy/micro.h"

#include "base/rng.h"
#include "ir/build.h"
#include "op/sample.h"

#include <string.h>

/* MatMul: [m, k] x [k, n]; all else: one input [m, k]. */
static const struct {
    const char *name, *op;
    int64_t m, k, n;
} micros[] = {
    { "product of 192 KiB", "MatMul", 128, 128, 128 },
    { "product of 1.7 MiB", "MatMul", 384, 384, 384 },
    { "product of 8 MiB", "MatMul", 512, 1024, 1024 },
    { "product of 66 MiB", "MatMul", 64, 2048, 8192 },
    { "product with one row of 128 MiB", "MatMul", 1, 4096, 8192 },
    { "Relu of 64 KiB", "Relu", 64, 256, 0 },
    { "Relu of 4 MiB", "Relu", 1024, 1024, 0 },
    { "Relu of 64 MiB", "Relu", 4096, 4096, 0 },
    { "Exp of 64 KiB", "Exp", 64, 256, 0 },
    { "Exp of 16 MiB", "Exp", 2048, 2048, 0 },
    { "Softmax of 4 MiB", "Softmax", 1024, 1024, 0 },
    { "Transpose of 1 MiB", "Transpose", 512, 512, 0 },
    { "Transpose of 64 MiB", "Transpose", 4096, 4096, 0 },
};

size_t pare_micro_count(void)
{
    return sizeof(micros) / sizeof(micros[0]);
}

const char *pare_micro_name(size_t i)
{
    return micros[i].name;
}

static pare_status build(pare_ctx *ctx, pare_model *model, size_t i)
{
    pare_builder b;
    pare_rng rng = { i + 1 };
    pare_tensor *weights = NULL;
    const int64_t in[] = { micros[i].m, micros[i].k }, w[] = { micros[i].k, micros[i].n };
    PARE_TRY(pare_opsets_add(ctx, model, &model->opsets, "", 17, NULL));
    pare_builder_init(&b, ctx, model->graph);
    const pare_value_id x =
        pare_build_input(&b, "x", pare_type_tensor(&model->arena, PARE_FLOAT, 2, in));
    pare_value_id y = PARE_NONE;
    if (micros[i].n) {
        if (!b.status) b.status = pare_sample_tensor(ctx, &weights, PARE_FLOAT, 2, w, &rng);
        const pare_value_id v = b.status ? PARE_NONE : pare_build_const(&b, "w", weights);
        y = pare_emit(&b, micros[i].op, x, v);
    } else y = pare_emit(&b, micros[i].op, x);
    pare_build_name(&b, y, "y");
    pare_build_output(&b, y, NULL);
    return b.status;
}

pare_status pare_micro_build(pare_ctx *ctx, pare_model **out, size_t i)
{
    pare_model *model = NULL;
    *out = NULL;
    PARE_TRY(pare_model_new(ctx, &model, "micro"));
    model->ir_version = 8;
    const pare_status st = build(ctx, model, i);
    if (st) pare_model_free(ctx, model);
    else *out = model;
    return st;
}
