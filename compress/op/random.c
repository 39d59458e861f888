#include "op/create.h"

#include "op/costs.h"
#include "op/shape.h"

#include <inttypes.h>

/* Tensors of random numbers, of a shape given by attribute (RandomNormal, RandomUniform) or by the
 * input (their Like forms, Bernoulli, Multinomial), and EyeLike. */

static pare_status common_resolve(pare_ctx *ctx, pare_random_params *p, const pare_call *call,
                                  pare_dtype fallback)
{
    p->has_seed = pare_call_attr(call, "seed") != NULL;
    PARE_TRY(pare_get_float(ctx, call, "seed", 0, &p->seed));
    return pare_get_dtype(ctx, call, "dtype", fallback, &p->dtype);
}

static pare_status spread_resolve(pare_ctx *ctx, pare_random_params *p, const pare_call *call,
                                  const char *a, const char *b)
{
    PARE_TRY(pare_get_float(ctx, call, a, 0, &p->a));
    return pare_get_float(ctx, call, b, 1, &p->b);
}

static pare_status shape_resolve(pare_ctx *ctx, pare_random_params *p, const pare_call *call)
{
    PARE_TRY(common_resolve(ctx, p, call, PARE_FLOAT));
    PARE_TRY(pare_need_attr(ctx, call, "shape"));
    PARE_TRY(pare_get_ints(ctx, call, "shape", &p->shape));
    for (uint32_t i = 0; i < p->shape.n; i++)
        if (p->shape.v[i] < 0)
            return pare_call_fail(ctx, call,
                                  "attribute 'shape': expected dims >= 0, found %" PRId64,
                                  p->shape.v[i]);
    return PARE_OK;
}

static pare_status normal_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(shape_resolve(ctx, params, call));
    return spread_resolve(ctx, params, call, "mean", "scale");
}

static pare_status uniform_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(shape_resolve(ctx, params, call));
    return spread_resolve(ctx, params, call, "low", "high");
}

static pare_status normal_like_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(common_resolve(ctx, params, call, PARE_DTYPE_UNDEFINED));
    return spread_resolve(ctx, params, call, "mean", "scale");
}

static pare_status uniform_like_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(common_resolve(ctx, params, call, PARE_DTYPE_UNDEFINED));
    return spread_resolve(ctx, params, call, "low", "high");
}

static pare_status bernoulli_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return common_resolve(ctx, params, call, PARE_DTYPE_UNDEFINED);
}

static pare_status multinomial_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_random_params *p = params;
    PARE_TRY(common_resolve(ctx, p, call, PARE_INT32));
    return pare_get_int_in(ctx, call, "sample_size", 1, 1, INT64_MAX, &p->sample_size);
}

static pare_status shape_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_random_params *p = io->params;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(p->dtype);
    if (p->shape.n > PARE_MAX_DIMS) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, p->dtype, p->shape.n, &dims);
    for (uint32_t i = 0; i < p->shape.n; i++) dims[i] = pare_num_int(p->shape.v[i]);
    io->out[0] = y;
    return PARE_OK;
}

/* Shape of the input, type of the attribute or else the input's. */
static pare_status like(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype)
{
    const pare_info *x = pare_in(io, 0);
    io->out[0] = pare_info_unranked(dtype);
    if (!pare_info_is_tensor(x)) return PARE_OK;
    PARE_TRY(pare_infer_same(ctx, io));
    if (dtype != PARE_DTYPE_UNDEFINED) io->out[0].dtype = dtype;
    return PARE_OK;
}

static pare_status like_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_random_params *p = io->params;
    return like(ctx, io, p->dtype);
}

static pare_status multinomial_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_random_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num dims[2] = { pare_num_unknown(), pare_num_int(p->sample_size) };
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, 2));
    if (pare_info_has_rank(x)) dims[0] = x->dims[0];
    io->out[0] = pare_info_tensor(io->shapes, p->dtype, 2, dims);
    return PARE_OK;
}

static pare_status eye_like_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_eye_like_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "k", 0, &p->k));
    return pare_get_dtype(ctx, call, "dtype", PARE_DTYPE_UNDEFINED, &p->dtype);
}

static pare_status eye_like_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_eye_like_params *p = io->params;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, 2));
    return like(ctx, io, p->dtype);
}

const pare_op pare_op_random_normal = {
    .domain = "", .name = "RandomNormal", .since = 1,
    .n_in = { 0, 0 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = normal_resolve, .infer = shape_infer, .eval = pare_random_normal_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_random_uniform = {
    .domain = "", .name = "RandomUniform", .since = 1,
    .n_in = { 0, 0 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = uniform_resolve, .infer = shape_infer, .eval = pare_random_uniform_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_random_normal_like = {
    .domain = "", .name = "RandomNormalLike", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = normal_like_resolve, .infer = like_infer, .eval = pare_random_normal_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_random_uniform_like = {
    .domain = "", .name = "RandomUniformLike", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = uniform_like_resolve, .infer = like_infer, .eval = pare_random_uniform_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_bernoulli = {
    .domain = "", .name = "Bernoulli", .since = 15,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = bernoulli_resolve, .infer = like_infer, .eval = pare_bernoulli_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_multinomial = {
    .domain = "", .name = "Multinomial", .since = 7,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_random_params),
    .resolve = multinomial_resolve, .infer = multinomial_infer, .eval = pare_multinomial_eval,
    .cost = pare_random_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_eye_like = {
    .domain = "", .name = "EyeLike", .since = 9,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_eye_like_params),
    .resolve = eye_like_resolve, .infer = eye_like_infer, .eval = pare_eye_like_eval,
    .cost = pare_fill_cost,
    .links = PARE_NA(links),
};
