#include "run/lower/lower.h"
#include "run/lower/product.h"

#include "op/elementwise.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* What fusion found behind a product, as its epilogue: [bias | BatchNormalization], [residual],
 * [Relu | Clip]. */

static float number_of(const pare_planner *p, pare_value_id value, float fallback)
{
    const pare_tensor *t = pare_plan_constant(p, value);
    return t ? (float)pare_wide_f64_at(t->dtype, t->payload.data, 0) : fallback;
}

/* Of the two inputs of a node, the one that is not `value`. */
static pare_value_id other_input(const pare_lowering *l, pare_value_id value)
{
    return pare_lower_in(l, pare_lower_in(l, 0) == value ? 1 : 0);
}

pare_status pare_product_shift(pare_planner *p, pare_product *product, pare_value_id value)
{
    float *scale = pare_product_vectors(p, product, NULL);
    if (!scale) return pare_arena_fail(p->ctx, &p->plan->arena);
    const int64_t room = pare_product_panels(p, product->n_cols) * p->plan->kernels->gemm.panel;
    for (int64_t j = 0; j < product->n_vectors * room; j++) scale[j] = 1;
    product->epilogue.finish.scale = scale;
    return pare_product_constants(p, product, value, &product->epilogue.finish.shift);
}

static pare_status take_bias(pare_planner *p, const pare_lowering *l, pare_value_id fused,
                             pare_product *product, bool *taken)
{
    const pare_value_id value = other_input(l, fused);
    if (!pare_plan_is_vector(p, value, product->n_cols * product->n_vectors)) return PARE_OK;
    if (pare_plan_rounds(p, l->node)) product->epilogue.finish.rounds |= PARE_ROUND_AFFINE;
    *taken = true;
    return pare_product_shift(p, product, value);
}

static pare_status take_batch_norm(pare_planner *p, const pare_lowering *l, pare_product *product,
                                   bool *taken)
{
    const int64_t n = product->n_cols * product->n_vectors;
    float *factor = pare_plan_args(p, 2 * (size_t)n * sizeof(*factor) + 1);
    if (!factor) return pare_arena_fail(p->ctx, &p->plan->arena);
    bool fits = false;
    PARE_TRY(pare_batch_norm_factors(p, l, l->params, n, factor, factor + n, &fits));
    if (!fits) return PARE_OK;
    product->epilogue.finish.scale = pare_product_vectors(p, product, factor);
    product->epilogue.finish.shift = pare_product_vectors(p, product, factor + n);
    if (pare_plan_rounds(p, l->node)) product->epilogue.finish.rounds |= PARE_ROUND_AFFINE;
    *taken = true;
    return product->epilogue.finish.scale && product->epilogue.finish.shift
               ? PARE_OK
               : pare_arena_fail(p->ctx, &p->plan->arena);
}

static pare_status take_residual(pare_planner *p, const pare_lowering *l, pare_value_id fused,
                                 pare_product *product, const pare_laid *y, bool *taken)
{
    const pare_value_id value = other_input(l, fused);
    if (value == fused || !pare_plan_has(p, value)) return PARE_OK;
    const pare_laid *home = pare_plan_home(p, value);
    if (home->dtype != PARE_FLOAT || home->rank != y->rank ||
        memcmp(home->dims, y->dims, y->rank * sizeof(y->dims[0])) != 0)
        return PARE_OK;
    PARE_TRY(pare_plan_need_like(p, value, y, &product->epilogue.add));
    product->epilogue.has_add = true;
    if (pare_plan_rounds(p, l->node)) product->epilogue.finish.rounds |= PARE_ROUND_SUM;
    *taken = true;
    return PARE_OK;
}

static void take_activation(const pare_planner *p, const pare_lowering *l, pare_product *product,
                            bool *taken)
{
    const pare_clip_params *params = l->params;
    pare_finish *f = &product->epilogue.finish;
    *taken = true;
    if (strcmp(l->call.op->name, "Relu") == 0) f->low = 0;
    else if (params->has_attrs) f->low = params->min, f->high = params->max;
    else {
        f->low = number_of(p, pare_lower_in(l, 1), -INFINITY);
        f->high = number_of(p, pare_lower_in(l, 2), INFINITY);
    }
    if (pare_plan_rounds(p, l->node)) { /* then what lies between the bounds needs no rounding */
        f->low = pare_plan_rounded(f->low);
        f->high = pare_plan_rounded(f->high);
    }
}

pare_status pare_product_tail(pare_planner *p, pare_lowering *l, pare_product *product,
                              const pare_laid *y)
{
    const pare_group *group = l->group;
    if (pare_plan_rounds(p, l->node)) {
        product->epilogue.finish.rounds =
            product->epilogue.finish.scale ? PARE_ROUND_AFFINE : PARE_ROUND_CHAIN;
        p->has_rounded = true;
    }
    for (uint32_t i = 1; i < group->n_nodes; i++) {
        _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
        pare_lowering next;
        bool taken = false;
        const pare_value_id fused = pare_lower_result(p, l);
        const bool has_affine = product->epilogue.finish.scale != NULL;
        PARE_TRY(pare_lower_open(p, group, i, params, &next));
        if (group->places[i] == PARE_PLACE_BIAS && !has_affine)
            PARE_TRY(take_bias(p, &next, fused, product, &taken));
        else if (group->places[i] == PARE_PLACE_BATCH_NORM && !has_affine)
            PARE_TRY(take_batch_norm(p, &next, product, &taken));
        else if (group->places[i] == PARE_PLACE_RESIDUAL)
            PARE_TRY(take_residual(p, &next, fused, product, y, &taken));
        else if (group->places[i] == PARE_PLACE_ACTIVATION)
            take_activation(p, &next, product, &taken);
        if (!taken) return PARE_OK;
        l->n_taken++;
    }
    return PARE_OK;
}

pare_status pare_product_out(pare_planner *p, const pare_lowering *l, const pare_product *product,
                             pare_laid *y)
{
    const pare_value_id result = pare_lower_result(p, l);
    return product->epilogue.has_add ? pare_plan_out(p, result, y)
                                     : pare_plan_out_pixels(p, result, y);
}
