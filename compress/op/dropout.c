#include "kernels/mt19937.h"

#include "op/costs.h"
#include "op/elementwise.h"
#include "op/linker.h"
#include "op/wide.h"

/* The mask (output 1) had the type of X before opset 10 and is bool since. */

static pare_status dropout_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_dropout_params *p = params;
    bool is_test = true;
    if (call->version < 7) PARE_TRY(pare_get_flag(ctx, call, "is_test", false, &is_test));
    p->training = !is_test;
    p->ratio_is_input = call->version >= 12;
    p->has_seed = pare_call_attr(call, "seed") != NULL;
    PARE_TRY(pare_get_int(ctx, call, "seed", 0, &p->seed));
    return pare_get_float(ctx, call, "ratio", 0.5f, &p->ratio);
}

static pare_status dropout_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    if (io->n_out < 2) return PARE_OK;
    io->out[1] = io->out[0];
    if (io->call->version >= 10 && pare_info_is_tensor(&io->out[1])) io->out[1].dtype = PARE_BOOL;
    return PARE_OK;
}

/* Whether training happens, and the share of elements that it drops. */
static pare_status get_ratio(pare_ctx *ctx, const pare_eval_io *io, double *ratio, bool *training)
{
    const pare_dropout_params *p = io->params;
    const pare_tensor *r = pare_eval_tensor(io, 1);
    const pare_tensor *t = pare_eval_tensor(io, 2);
    *ratio = (double)p->ratio;
    *training = p->training;
    if (!p->ratio_is_input) return PARE_OK;
    *ratio = 0.5;
    if ((r && (r->n_elements != 1 || !pare_wide_of(r->dtype))) ||
        (t && (t->n_elements != 1 || !pare_wide_of(t->dtype))))
        return pare_call_fail(ctx, io->call, "inputs 1 and 2: expected one number each");
    if (r) *ratio = pare_wide_f64_at(r->dtype, pare_eval_data(r), 0);
    *training = t && pare_wide_i64_at(t->dtype, pare_eval_data(t), 0);
    if (!(*ratio >= 0) || *ratio >= 1)
        return pare_call_fail(ctx, io->call, "ratio: expected a number in [0, 1), found %g",
                              *ratio);
    return PARE_OK;
}

/* y = x / (1 - ratio) where an element is kept, else 0. A seed gives the mask of NumPy's legacy
 * generator, as ONNX's reference does. */
static void drop(const pare_eval_io *io, const pare_tensor *x, double ratio, void *y, void *mask)
{
    const pare_dropout_params *p = io->params;
    const pare_dtype mask_dtype = io->call->version >= 10 ? PARE_BOOL : x->dtype;
    pare_mt19937 random;
    const uint64_t seed = p->has_seed ? (uint64_t)p->seed : pare_eval_seed(io, false, 0);
    pare_mt19937_start(&random, (uint32_t)seed);
    for (int64_t at = 0; at < x->n_elements; at++) {
        const double kept = pare_mt19937_next_real(&random) >= ratio ? 1 : 0;
        const double v = pare_wide_f64_at(x->dtype, pare_eval_data(x), at);
        const double scaled = kept != 0 ? v / (1 - ratio) : 0;
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, x->dtype, y, at, 1, &scaled);
        if (mask)
            pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, mask_dtype, mask, at, 1, &kept);
    }
}

static pare_status dropout_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    double ratio = 0;
    bool training = false;
    void *y = NULL;
    void *mask = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (pare_dtype_of(x->dtype)->class != PARE_CLASS_FLOAT)
        return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(get_ratio(ctx, io, &ratio, &training));
    const pare_dtype mask_dtype = io->call->version >= 10 ? PARE_BOOL : x->dtype;
    const bool wants_mask = pare_eval_wants(io, 1);
    if (wants_mask) PARE_TRY(pare_eval_out_as(ctx, io, 1, mask_dtype, x->rank, x->dims, &mask));
    if (training && ratio > 0) {
        PARE_TRY(pare_eval_out(ctx, io, 0, &y));
        drop(io, x, ratio, y, mask);
        return PARE_OK;
    }
    const double one = 1;
    for (int64_t at = 0; wants_mask && at < x->n_elements; at++)
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, mask_dtype, mask, at, 1, &one);
    return pare_eval_out_copy(ctx, io, 0, io->in[0]);
}

const pare_op pare_op_dropout = {
    .domain = "", .name = "Dropout", .since = 1,
    .n_in = { 1, 3 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_dropout_params),
    .resolve = dropout_resolve, .infer = dropout_infer, .eval = dropout_eval,
    .cost = pare_dropout_cost,
    .links = pare_elementwise_links,
};
