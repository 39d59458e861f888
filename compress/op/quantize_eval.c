#include "kernels/quantize.h"
#include "op/elementwise.h"
#include "op/quantize.h"
#include "op/wide.h"

#include <inttypes.h>
#include <math.h>

/* --- which scale belongs to which element ----------------------------------------------------- */

/* x as [outer, size, inner]: along the middle axis there is a scale for every `block` entries, for
 * each outer and inner index of its own if is_blocked, else the same for all. */
typedef struct layout {
    int64_t outer, size, inner, block;
    bool is_blocked;
} layout;

static pare_status find_layout(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x,
                               const pare_tensor *scale, layout *out)
{
    const pare_quantize_params *p = io->params;
    *out = (layout){ .outer = 1, .size = 1, .inner = x->n_elements, .block = 1 };
    if (scale->n_elements == 1) return PARE_OK;
    int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    if (x->rank == 1 && !p->block_size) axis = 0;
    if (axis < 0 || axis >= x->rank)
        return pare_call_fail(ctx, io->call,
                              "attribute 'axis': expected one of %" PRIu32 " axes, found %" PRId64,
                              x->rank, p->axis);
    out->size = x->dims[axis];
    out->inner = 1;
    for (uint32_t d = 0; d < (uint32_t)axis; d++) out->outer *= x->dims[d];
    for (uint32_t d = (uint32_t)axis + 1; d < x->rank; d++) out->inner *= x->dims[d];
    out->is_blocked = p->block_size > 0;
    if (out->is_blocked) out->block = p->block_size;
    int64_t expected = out->size / out->block + (out->size % out->block != 0);
    if (out->is_blocked) expected *= out->outer * out->inner;
    if (!x->n_elements || scale->n_elements == expected) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input 1: expected %" PRId64 " scales, found %" PRId64,
                          expected, scale->n_elements);
}

/* Elements [at, at + n) with the scales from `scale` on in steps of 0 or 1. */
typedef struct run {
    int64_t at, n, scale, step;
} run;
typedef void run_fn(void *user, const run *r);

/* In pieces of at most a block. */
static void hand_out(run r, run_fn *fn, void *user)
{
    const int64_t end = r.at + r.n;
    for (; r.at < end; r.at += PARE_WIDE_BLOCK, r.scale += r.step * PARE_WIDE_BLOCK) {
        r.n = end - r.at < PARE_WIDE_BLOCK ? end - r.at : PARE_WIDE_BLOCK;
        fn(user, &r);
    }
}

/* Entries of the axis that lie side by side (inner 1) are taken together where they can. */
static void for_runs(const layout *l, run_fn *fn, void *user)
{
    const int64_t n_blocks = l->size / l->block + (l->size % l->block != 0);
    const int64_t whole = l->is_blocked ? l->block : l->size;
    const int64_t together = l->inner == 1 ? whole : 1;
    for (int64_t o = 0; o < l->outer; o++) {
        for (int64_t a = 0; a < l->size; a += together) {
            const int64_t rest = l->size - a;
            run r = { .at = (o * l->size + a) * l->inner, .n = l->inner, .scale = a };
            if (l->is_blocked) r.scale = (o * n_blocks + a / l->block) * l->inner;
            if (l->inner == 1) r.n = together < rest ? together : rest;
            r.step = l->is_blocked ? l->inner > 1 : l->inner == 1 && l->size > 1;
            hand_out(r, fn, user);
        }
    }
}

/* --- both directions -------------------------------------------------------------------------- */

typedef struct job {
    const pare_tensor *x, *scale, *zero; /* zero may be NULL */
    pare_dtype to, precision;
    pare_store_rules rules;
    void *y;
} job;

static void load_scales(const job *j, const run *r, float *scale)
{
    pare_wide_load_as(PARE_WIDE_F32, j->scale->dtype, pare_eval_data(j->scale), r->scale, 1,
                      r->step ? r->n : 1, scale);
}

static void load_zeros(const job *j, const run *r, int64_t *zero)
{
    const int64_t n = r->step ? r->n : 1;
    if (j->zero)
        pare_wide_load_as(PARE_WIDE_I64, j->zero->dtype, pare_eval_data(j->zero), r->scale, 1, n,
                          zero);
    else
        for (int64_t i = 0; i < n; i++) zero[i] = 0;
}

static bool is_integer(pare_dtype dtype)
{
    return pare_wide_of(dtype) == PARE_WIDE_I64;
}

void pare_quantized_range(pare_dtype dtype, int64_t *low, int64_t *high)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const bool is_signed = info->class == PARE_CLASS_INT;
    *low = is_signed ? -(INT64_C(1) << (info->bits - 1)) : 0;
    *high = (INT64_C(1) << (info->bits - is_signed)) - 1;
}

/* Zero points of float8 and float4 are 0; where there is one, -0 becomes 0 in float4. */
static void quantize_run(void *user, const run *r)
{
    const job *j = user;
    float x[PARE_WIDE_BLOCK];
    float scale[PARE_WIDE_BLOCK];
    int64_t zero[PARE_WIDE_BLOCK];
    int64_t y[PARE_WIDE_BLOCK];
    int64_t low = 0;
    int64_t high = 0;
    pare_wide_load_as(PARE_WIDE_F32, j->x->dtype, pare_eval_data(j->x), r->at, 1, r->n, x);
    load_scales(j, r, scale);
    pare_scale_down_f32_ref(r->n, x, scale, r->step);
    if (j->precision != PARE_FLOAT) {
        uint16_t rounded[PARE_WIDE_BLOCK];
        pare_wide_store(j->precision, rounded, 0, r->n, x);
        pare_wide_load(j->precision, rounded, 0, 1, r->n, x);
    }
    if (!is_integer(j->to)) {
        for (int64_t i = 0; j->zero && j->to == PARE_FLOAT4E2M1 && i < r->n; i++) x[i] += 0.0f;
        pare_wide_store_by(j->rules, j->to, j->y, r->at, r->n, x);
        return;
    }
    load_zeros(j, r, zero);
    pare_quantized_range(j->to, &low, &high);
    pare_round_to_range_ref(r->n, x, zero, r->step, low, high, y);
    pare_wide_store(j->to, j->y, r->at, r->n, y);
}

static void dequantize_run(void *user, const run *r)
{
    const job *j = user;
    float scale[PARE_WIDE_BLOCK];
    float y[PARE_WIDE_BLOCK];
    int64_t zero[PARE_WIDE_BLOCK];
    pare_wide_block x;
    load_scales(j, r, scale);
    pare_wide_load(j->x->dtype, pare_eval_data(j->x), r->at, 1, r->n, &x);
    if (is_integer(j->x->dtype)) {
        load_zeros(j, r, zero);
        pare_dequantize_i64_ref(r->n, x.i64, zero, scale, r->step, y);
    } else {
        pare_dequantize_f32_ref(r->n, x.f32, scale, r->step, y);
    }
    pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, j->to, j->y, r->at, r->n, y);
}

/* quantized: the type that zero points have. */
static pare_status check_types(pare_ctx *ctx, const pare_eval_io *io, const job *j,
                               pare_dtype quantized)
{
    const pare_dtype dtypes[] = { j->x->dtype, j->scale->dtype, j->to,
                                  j->zero ? j->zero->dtype : PARE_UINT8 };
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (pare_wide_of(dtypes[i]) != PARE_WIDE_F32 && pare_wide_of(dtypes[i]) != PARE_WIDE_I64)
            return pare_eval_no_type(ctx, io, dtypes[i]);
    if (is_integer(j->to) && pare_dtype_of(j->to)->bits > 32)
        return pare_eval_no_type(ctx, io, j->to);
    if (is_integer(j->x->dtype) && pare_dtype_of(j->x->dtype)->bits > 32)
        return pare_eval_no_type(ctx, io, j->x->dtype);
    if (!j->zero || j->zero->dtype == quantized) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input 2: expected zero points of type %s, found %s",
                          pare_dtype_name(quantized), pare_dtype_name(j->zero->dtype));
}

static pare_status run_job(pare_ctx *ctx, pare_eval_io *io, run_fn *fn)
{
    const pare_quantize_params *p = io->params;
    job j = { .to = io->info[0].dtype, .precision = p->precision,
              .rules = { .saturate = p->saturate } };
    const pare_tensor *in[2] = { NULL, NULL };
    layout l;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    j.x = in[0];
    j.scale = in[1];
    j.zero = pare_eval_tensor(io, 2);
    if (!j.precision) j.precision = j.scale->dtype;
    if (j.precision != PARE_FLOAT16 && j.precision != PARE_BFLOAT16) j.precision = PARE_FLOAT;
    PARE_TRY(check_types(ctx, io, &j, fn == dequantize_run ? j.x->dtype : j.to));
    if (j.zero && j.zero->n_elements != j.scale->n_elements)
        return pare_call_fail(ctx, io->call,
                              "input 2: expected %" PRId64 " zero points, found %" PRId64,
                              j.scale->n_elements, j.zero->n_elements);
    PARE_TRY(find_layout(ctx, io, j.x, j.scale, &l));
    PARE_TRY(pare_eval_out(ctx, io, 0, &j.y));
    for_runs(&l, fn, &j);
    return PARE_OK;
}

pare_status pare_quantize_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run_job(ctx, io, quantize_run);
}

pare_status pare_dequantize_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run_job(ctx, io, dequantize_run);
}

/* --- DynamicQuantizeLinear -------------------------------------------------------------------- */

void pare_dynamic_scale(float low, float high, float *scale, int64_t *zero)
{
    const float first = 0;
    const int64_t none = 0;
    *scale = high == low ? 1 : (high - low) / 255;
    float at_zero = first - low / *scale;
    pare_round_to_range_ref(1, &at_zero, &none, 0, 0, 255, zero);
}

void pare_dynamic_range(const pare_tensor *x, float *scale, int64_t *zero)
{
    float low = 0;
    float high = 0;
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        float block[PARE_WIDE_BLOCK];
        pare_wide_load(x->dtype, pare_eval_data(x), at, 1, n, block);
        for (int64_t i = 0; i < n; i++) {
            low = block[i] < low ? block[i] : low;
            high = block[i] > high ? block[i] : high;
        }
    }
    pare_dynamic_scale(low, high, scale, zero);
}

pare_status pare_dynamic_quantize_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    void *y = NULL;
    void *out = NULL;
    float scale = 0;
    int64_t zero = 0;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (pare_wide_of(x->dtype) != PARE_WIDE_F32) return pare_eval_no_type(ctx, io, x->dtype);
    pare_dynamic_range(x, &scale, &zero);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        float block[PARE_WIDE_BLOCK];
        int64_t codes[PARE_WIDE_BLOCK];
        pare_wide_load(x->dtype, pare_eval_data(x), at, 1, n, block);
        pare_scale_down_f32_ref(n, block, &scale, 0);
        pare_round_to_range_ref(n, block, &zero, 0, 0, 255, codes);
        pare_wide_store(PARE_UINT8, y, at, n, codes);
    }
    if (pare_eval_wants(io, 1)) {
        PARE_TRY(pare_eval_out_as(ctx, io, 1, PARE_FLOAT, 0, NULL, &out));
        pare_wide_store(PARE_FLOAT, out, 0, 1, &scale);
    }
    if (!pare_eval_wants(io, 2)) return PARE_OK;
    PARE_TRY(pare_eval_out_as(ctx, io, 2, PARE_UINT8, 0, NULL, &out));
    pare_wide_store(PARE_UINT8, out, 0, 1, &zero);
    return PARE_OK;
}
