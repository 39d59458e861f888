#include "run/lower/integer.h"
#include "run/lower/lower.h"

#include "op/elementwise.h"
#include "op/matmul.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* What products of 8-bit numbers compute, read from groups of nodes and from operators on codes. */

static bool is_byte(pare_dtype dtype)
{
    return dtype == PARE_UINT8 || dtype == PARE_INT8;
}

float pare_integer_float_at(const pare_tensor *t, int64_t i, float fallback)
{
    float x;
    if (!t) return fallback;
    const size_t at = t->n_elements > 1 ? (size_t)i : 0;
    memcpy(&x, t->payload.data + at * sizeof(x), sizeof(x));
    return x;
}

int32_t pare_integer_int_at(const pare_tensor *t, int64_t i)
{
    if (!t) return 0;
    return (int32_t)pare_wide_i64_at(t->dtype, t->payload.data, t->n_elements > 1 ? i : 0);
}

static bool is_one_or(const pare_tensor *t, int64_t n)
{
    return !t || t->n_elements == 1 || t->n_elements == n;
}

bool pare_integer_has_shift(const pare_integer_operands *o)
{
    return o->shift || o->offset;
}

float pare_integer_scale(const pare_integer_operands *o, int64_t j)
{
    const float w_scale = pare_integer_float_at(o->w_scale, j, 1);
    return o->alpha * o->x_scale * w_scale * (o->factor ? o->factor[j] : 1) / o->y_scale;
}

float pare_integer_shift(const pare_integer_operands *o, int64_t j)
{
    float shift = pare_integer_float_at(o->shift_scale ? NULL : o->shift, j, 0);
    if (o->shift_scale)
        shift = (float)pare_integer_int_at(o->shift, j) *
                pare_integer_float_at(o->shift_scale, j, 1);
    if (o->factor) shift = shift * o->factor[j] + o->offset[j];
    return shift / o->y_scale;
}

/* Whether what an output is multiplied by is a plain number, so that no sum becomes NaN. */
static bool scales_are_plain(const pare_integer_operands *o, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(pare_integer_scale(o, i)) || !isfinite(pare_integer_shift(o, i)))
            return false;
    return true;
}

bool pare_integer_fits(const pare_integer_operands *o, int64_t n)
{
    return is_one_or(o->w_scale, n) && is_one_or(o->w_zero, n) && is_one_or(o->bias, n) &&
           is_one_or(o->shift, n) && is_one_or(o->shift_scale, n) &&
           (o->finish.out == PARE_INTEGER_S32 || scales_are_plain(o, n));
}

/* --- what sums become ------------------------------------------------------------------------- */

static void set_codes(pare_integer_operands *o, pare_dtype dtype, float scale, int32_t zero)
{
    const int32_t low = dtype == PARE_UINT8 ? 0 : INT8_MIN;
    o->y_scale = scale;
    o->finish = (pare_integer_finish){
        .out = dtype == PARE_UINT8 ? PARE_INTEGER_U8 : PARE_INTEGER_S8, .zero = zero,
        .low = (float)(low - zero), .high = (float)(low + UINT8_MAX - zero),
    };
}

/* Bounds that an activation sets: of codes, where its bounds come to lie; a bound of one order
 * stands for all that lies beyond it, because rounding keeps order. */
static void bound(pare_integer_operands *o, float low, float high)
{
    pare_integer_finish *f = &o->finish;
    if (f->out != PARE_INTEGER_F32) {
        low = rintf(low / o->y_scale);
        high = rintf(high / o->y_scale);
    }
    if (low > f->low) f->low = low < f->high ? low : f->high;
    if (high < f->high) f->high = high > f->low ? high : f->low;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Bounds of Relu or Clip; false: they are not plain numbers in order. */
static bool find_bounds(const pare_planner *p, const pare_lowering *l, float *low, float *high)
{
    const pare_clip_params *params = l->params;
    *low = -INFINITY;
    *high = INFINITY;
    if (strcmp(l->call.op->name, "Relu") == 0) {
        *low = 0;
    } else if (params->has_attrs) {
        *low = params->min;
        *high = params->max;
    } else {
        const pare_tensor *min = pare_plan_constant(p, pare_lower_in(l, 1));
        const pare_tensor *max = pare_plan_constant(p, pare_lower_in(l, 2));
        if (min) *low = (float)pare_wide_f64_at(min->dtype, min->payload.data, 0);
        if (max) *high = (float)pare_wide_f64_at(max->dtype, max->payload.data, 0);
    }
    return *low <= *high;
}

/* A bias of one number, or one for each of n: int32 of the scale that sums have is added to them,
 * all else to what they become. */
static pare_status read_bias(pare_planner *p, pare_value_id value, int64_t n,
                             pare_integer_operands *o, bool *found)
{
    pare_codes codes;
    bool has_codes = false;
    const pare_tensor *t = pare_plan_constant(p, value);
    *found = false;
    if (o->bias || o->shift || o->shift_scale) return PARE_OK; /* one is enough */
    PARE_TRY(pare_plan_codes(p, value, &codes, &has_codes));
    if (has_codes) t = pare_plan_constant(p, codes.value);
    if (!t || t->encoding != PARE_ENC_DENSE || !is_one_or(t, n) ||
        (t->n_elements > 1 && t->dims[t->rank - 1] != n))
        return PARE_OK;
    *found = has_codes ? codes.dtype == PARE_INT32 : t->dtype == PARE_FLOAT;
    if (!*found || !has_codes) {
        o->shift = t;
        return PARE_OK;
    }
    bool is_ours = is_one_or(codes.scale, n);
    for (int64_t i = 0; is_ours && i < n; i++) {
        const float scale = o->x_scale * pare_integer_float_at(o->w_scale, i, 1);
        const float its = pare_codes_scale(&codes, i);
        is_ours = memcmp(&scale, &its, sizeof(scale)) == 0 && pare_codes_zero(&codes, i) == 0;
    }
    for (int64_t i = 0; !is_ours && *found && i < codes.scale->n_elements; i++)
        *found = pare_codes_zero(&codes, i) == 0;
    if (is_ours) {
        o->bias = t;
    } else {
        o->shift = t;
        o->shift_scale = codes.scale;
    }
    return PARE_OK;
}

/* Constant bias that an Add brings; of its two inputs the one that is not `fused`. */
static pare_status read_added(pare_planner *p, const pare_lowering *l, pare_value_id fused,
                              int64_t n, pare_integer_operands *o, bool *found)
{
    const pare_value_id value = pare_lower_in(l, pare_lower_in(l, 0) == fused ? 1 : 0);
    return read_bias(p, value, n, o, found);
}

static pare_status read_batch_norm(pare_planner *p, const pare_lowering *l, int64_t n,
                                   pare_integer_operands *o, bool *found)
{
    float *factor = pare_plan_args(p, 2 * (size_t)n * sizeof(*factor) + 1);
    for (uint32_t i = 1; i < l->node->n_inputs; i++) /* constants that were put off */
        PARE_TRY(pare_plan_restore_value(p, pare_lower_in(l, i)));
    if (!factor) return pare_arena_fail(p->ctx, &p->plan->arena);
    PARE_TRY(pare_batch_norm_factors(p, l, l->params, n, factor, factor + n, found));
    if (!*found) return PARE_OK;
    o->factor = factor;
    o->offset = factor + n;
    return PARE_OK;
}

/* Nodes behind the product, as far as they fit. */
static pare_status read_tail(pare_planner *p, pare_lowering *l, int64_t n,
                             pare_integer_operands *o)
{
    float low = -INFINITY;
    float high = INFINITY;
    for (uint32_t i = 1; i < l->group->n_nodes; i++) {
        _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
        pare_lowering next;
        pare_codes made;
        bool taken = false;
        PARE_TRY(pare_lower_open(p, l->group, i, params, &next));
        switch (l->group->places[i]) {
        case PARE_PLACE_BIAS:
            PARE_TRY(read_added(p, &next, pare_lower_result(p, l), n, o, &taken));
            break;
        case PARE_PLACE_BATCH_NORM:
            PARE_TRY(pare_plan_restore(p, next.node));
            PARE_TRY(read_batch_norm(p, &next, n, o, &taken));
            break;
        case PARE_PLACE_ACTIVATION:
            PARE_TRY(pare_plan_restore(p, next.node));
            taken = find_bounds(p, &next, &low, &high);
            break;
        case PARE_PLACE_QUANTIZE:
            PARE_TRY(pare_plan_codes_made(p, &next, &made, &taken));
            if (taken) set_codes(o, made.dtype, pare_codes_scale(&made, 0),
                                 pare_codes_zero(&made, 0));
            break;
        default: break;
        }
        if (!taken) break;
        l->n_taken++;
    }
    bound(o, low, high);
    return PARE_OK;
}

pare_status pare_integer_read_group(pare_planner *p, pare_lowering *l, uint32_t w_axis,
                                    pare_integer_operands *o, bool *found)
{
    pare_codes x, w;
    pare_laid laid;
    const pare_value_id bias = pare_lower_in(l, 2);
    *found = false;
    PARE_TRY(pare_plan_codes(p, pare_lower_in(l, 0), &x, found));
    if (!*found) return PARE_OK;
    PARE_TRY(pare_plan_codes(p, pare_lower_in(l, 1), &w, found));
    if (!*found || !is_byte(x.dtype) || !is_byte(w.dtype) || x.axis >= 0 ||
        !pare_plan_shape(p, pare_lower_in(l, 1), &laid) ||
        (w.axis >= 0 && w.axis != (int64_t)w_axis)) {
        *found = false;
        return PARE_OK;
    }
    *o = (pare_integer_operands){
        .x = x.value, .x_dtype = x.dtype, .x_scale = pare_codes_scale(&x, 0),
        .x_zero = pare_codes_zero(&x, 0),
        .w = w.value, .w_dtype = w.dtype, .w_scale = w.scale, .w_zero = w.zero,
        .alpha = 1, .y_scale = 1,
        .finish = { .out = PARE_INTEGER_F32, .low = -INFINITY, .high = INFINITY },
    };
    const int64_t n = laid.dims[w_axis];
    if (bias != PARE_NONE) PARE_TRY(read_bias(p, bias, n, o, found));
    if (!*found) return PARE_OK;
    PARE_TRY(read_tail(p, l, n, o));
    *found = pare_integer_fits(o, n);
    if (!*found) l->n_taken = 1;
    return PARE_OK;
}

pare_status pare_integer_read_batch_norm(pare_planner *p, pare_lowering *l, int64_t n,
                                         pare_integer_operands *o, bool *found)
{
    pare_codes x;
    *found = false;
    if (l->group->n_nodes < 2) return PARE_OK;
    PARE_TRY(pare_plan_codes(p, pare_lower_in(l, 0), &x, found));
    *found = *found && is_byte(x.dtype) && x.axis < 0;
    if (!*found) return PARE_OK;
    *o = (pare_integer_operands){
        .x = x.value, .x_dtype = x.dtype, .x_scale = pare_codes_scale(&x, 0),
        .x_zero = pare_codes_zero(&x, 0), .w = PARE_NONE, .w_dtype = PARE_INT8, .alpha = 1,
        .y_scale = 1, .finish = { .out = PARE_INTEGER_F32, .low = -INFINITY, .high = INFINITY },
    };
    PARE_TRY(read_batch_norm(p, l, n, o, found));
    if (!*found) return PARE_OK;
    PARE_TRY(read_tail(p, l, n, o));
    *found = o->finish.out != PARE_INTEGER_F32 && pare_integer_fits(o, n);
    if (!*found) l->n_taken = 1;
    return PARE_OK;
}

/* --- operators on codes ----------------------------------------------------------------------- */

/* A constant of this type at a place; *ok false: something else is there. */
static const pare_tensor *constant_at(const pare_planner *p, const pare_lowering *l, uint32_t place,
                                      pare_dtype dtype, bool *ok)
{
    const pare_value_id value = place == PARE_NONE ? PARE_NONE : pare_lower_in(l, place);
    if (value == PARE_NONE) return NULL;
    const pare_tensor *t = pare_plan_constant(p, value);
    if (!t || t->encoding != PARE_ENC_DENSE || t->n_elements < 1 ||
        (dtype == PARE_UINT8 ? !is_byte(t->dtype) : t->dtype != dtype))
        *ok = false;
    return t;
}

/* A number of this type at a place that comes with the run; false: there is none. */
static bool number_at(const pare_planner *p, const pare_lowering *l, uint32_t place,
                      pare_dtype dtype, pare_laid *out)
{
    const pare_value_id value = place == PARE_NONE ? PARE_NONE : pare_lower_in(l, place);
    if (!pare_plan_has(p, value) || pare_plan_constant_shape(p, value)) return false;
    *out = *pare_plan_home(p, value);
    return pare_laid_n_elements(out) == 1 &&
           (dtype == PARE_UINT8 ? is_byte(out->dtype) : out->dtype == dtype);
}

/* Looks whether scale and zero point of x come with the run, both or, where there is no scale, the
 * one; *places then tells of constants alone. */
static void read_dynamic(const pare_planner *p, const pare_lowering *l, pare_integer_places *places,
                         pare_integer_operands *o)
{
    const bool has_scale = places->x_scale != PARE_NONE;
    o->scale_at.buffer = PARE_NO_BUFFER;
    if (!number_at(p, l, places->x_zero, PARE_UINT8, &o->zero_at) ||
        (has_scale && !number_at(p, l, places->x_scale, PARE_FLOAT, &o->scale_at)))
        return;
    o->is_dynamic = true;
    places->x_zero = places->x_scale = PARE_NONE;
}

pare_status pare_integer_read_node(pare_planner *p, const pare_lowering *l,
                                   const pare_integer_places *places, pare_integer_operands *o,
                                   bool *found)
{
    pare_integer_places constants = *places;
    const pare_integer_places *at = &constants;
    pare_laid x, w, y;
    *found = false;
    *o = (pare_integer_operands){ .x = pare_lower_in(l, at->x), .w = pare_lower_in(l, at->w),
                                  .alpha = 1, .y_scale = 1 };
    if (!pare_plan_has(p, o->x) || !pare_plan_has(p, o->w) || !pare_plan_shape(p, o->x, &x) ||
        !pare_plan_shape(p, o->w, &w) || !pare_plan_shape(p, pare_lower_out(l, 0), &y) ||
        !is_byte(x.dtype) || !is_byte(w.dtype))
        return PARE_OK;
    bool ok = true;
    read_dynamic(p, l, &constants, o);
    const pare_tensor *x_scale = constant_at(p, l, at->x_scale, PARE_FLOAT, &ok);
    const pare_tensor *x_zero = constant_at(p, l, at->x_zero, PARE_UINT8, &ok);
    const pare_tensor *y_scale = constant_at(p, l, at->y_scale, PARE_FLOAT, &ok);
    const pare_tensor *y_zero = constant_at(p, l, at->y_zero, PARE_UINT8, &ok);
    o->w_scale = constant_at(p, l, at->w_scale, PARE_FLOAT, &ok);
    o->w_zero = constant_at(p, l, at->w_zero, PARE_UINT8, &ok);
    const pare_value_id bias = at->bias == PARE_NONE ? PARE_NONE : pare_lower_in(l, at->bias);
    const pare_tensor *added = pare_plan_constant_shape(p, bias);
    if (bias != PARE_NONE && (!added || added->dtype != PARE_INT32))
        added = constant_at(p, l, at->bias, PARE_FLOAT, &ok);
    else
        added = constant_at(p, l, at->bias, PARE_INT32, &ok);
    if (!ok || !is_one_or(x_scale, 1) || !is_one_or(x_zero, 1) || !is_one_or(y_scale, 1) ||
        !is_one_or(y_zero, 1))
        return PARE_OK;
    o->x_dtype = x.dtype, o->w_dtype = w.dtype;
    o->x_scale = pare_integer_float_at(x_scale, 0, 1);
    o->x_zero = pare_integer_int_at(x_zero, 0);
    if (added && added->dtype == PARE_FLOAT) o->shift = added;
    else o->bias = added;
    if (is_byte(y.dtype)) {
        *found = y_scale && !o->shift && !o->is_dynamic && (!y_zero || y_zero->dtype == y.dtype);
        set_codes(o, y.dtype, pare_integer_float_at(y_scale, 0, 1), pare_integer_int_at(y_zero, 0));
        return PARE_OK;
    }
    o->finish = (pare_integer_finish){ .out = y.dtype == PARE_FLOAT ? PARE_INTEGER_F32
                                                                    : PARE_INTEGER_S32,
                                       .low = -INFINITY, .high = INFINITY };
    *found = y.dtype == PARE_FLOAT || y.dtype == PARE_INT32;
    return PARE_OK;
}

pare_status pare_integer_read_dynamic(pare_planner *p, const pare_lowering *l,
                                      pare_integer_operands *o, bool *found)
{
    pare_laid x, w, y;
    *found = false;
    *o = (pare_integer_operands){
        .x = PARE_NONE, .w = pare_lower_in(l, 1), .alpha = 1, .x_scale = 1, .y_scale = 1,
        .x_dtype = PARE_UINT8, .is_dynamic = true,
        .finish = { .out = PARE_INTEGER_F32, .low = -INFINITY, .high = INFINITY },
    };
    if (!pare_plan_has(p, o->w) || !pare_plan_shape(p, pare_lower_in(l, 0), &x) ||
        !pare_plan_shape(p, o->w, &w) || !pare_plan_shape(p, pare_lower_out(l, 0), &y) ||
        x.dtype != PARE_FLOAT || y.dtype != PARE_FLOAT || !is_byte(w.dtype))
        return PARE_OK;
    bool ok = true;
    o->w_dtype = w.dtype;
    o->w_scale = constant_at(p, l, 2, PARE_FLOAT, &ok);
    o->w_zero = constant_at(p, l, 3, PARE_UINT8, &ok);
    o->shift = constant_at(p, l, 4, PARE_FLOAT, &ok);
    *found = ok && o->w_scale;
    return PARE_OK;
}
