#include "run/lower/batch.h"
#include "run/lower/integer.h"
#include "run/lower/lower.h"

#include "op/matmul.h"

/* Gemm and MatMul of 8-bit numbers, by a constant right matrix. */

typedef struct matmul_args {
    pare_integer_product product;
    pare_batch batch;
    int64_t x_row;            /* elements from one row of the left matrix to the next */
} matmul_args;

static void point_rows(const pare_integer_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const uint8_t **x, uint8_t *room)
{
    (void)room;
    const matmul_args *a = (const matmul_args *)product;
    const uint8_t *base = (const uint8_t *)pare_laid_address(frame, &product->x) +
                          pare_batch_offset(&a->batch, a->batch.x_steps, outer);
    for (int r = 0; r < n; r++) x[r] = base + (first + r) * a->x_row;
}

/* Where the operands of a node stand, and whether the right one is transposed. */
typedef struct shape {
    uint32_t x, w;
    bool trans_w;
    const char *kernel;
} shape;

static bool fits(const pare_planner *p, const pare_lowering *l, const pare_integer_operands *o,
                 const shape *s, pare_laid *x, pare_laid *w, pare_laid *y)
{
    const pare_tensor *t = o->w < p->model->n_values ? pare_plan_constant(p, o->w) : NULL;
    if (!t || t->encoding != PARE_ENC_DENSE || !pare_plan_shape(p, pare_lower_in(l, s->x), x) ||
        !pare_plan_shape(p, pare_lower_in(l, s->w), w) ||
        !pare_plan_shape(p, pare_lower_result(p, l), y))
        return false;
    if (x->rank < 2 || w->rank < 2 || !pare_laid_n_elements(y) || !pare_laid_n_elements(w))
        return false;
    for (uint32_t i = 0; i + 2 < w->rank; i++) /* one matrix for all */
        if (w->dims[i] != 1) return false;
    return pare_integer_fits(o, y->dims[y->rank - 1]);
}

static pare_status lower(pare_planner *p, pare_lowering *l, const pare_integer_operands *o,
                         const shape *s, bool *done)
{
    pare_laid x, w, y;
    if (!fits(p, l, o, s, &x, &w, &y)) return PARE_OK;
    matmul_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    pare_laid_arrange(&w, PARE_FORM_PLAIN);
    if (o->x_at) x = *o->x_at;
    else PARE_TRY(pare_plan_need(p, o->x, PARE_FORM_ROWS, &x));
    pare_batch_init(&a->batch, &y, &x, &w);
    a->x_row = x.strides[x.rank - 2];
    pare_integer_product *product = &a->product;
    *product = (pare_integer_product){
        .rows = point_rows, .n_outer = pare_batch_size(&a->batch), .n_weights = 1, .n_vectors = 1,
        .n_rows = y.dims[y.rank - 2], .n_cols = y.dims[y.rank - 1], .n_taps = 1,
        .depth = x.dims[x.rank - 1], .n_products = x.dims[x.rank - 1], .x = x,
    };
    if (pare_batch_is_tall(&a->batch, product->n_rows, a->x_row)) {
        product->n_rows *= a->batch.sizes[0];
        product->n_outer = 1;
        a->batch.n_axes = 0;
    }
    const int64_t depth_step = w.strides[w.rank - (s->trans_w ? 1 : 2)];
    const int64_t column_step = w.strides[w.rank - (s->trans_w ? 2 : 1)];
    const pare_integer_weights at = { .column = column_step, .channel = depth_step,
                                      .pixel = product->depth, .channels = product->depth };
    pare_integer_set_sums(p, o, product);
    PARE_TRY(pare_integer_pack(p, o, &at, product));
    PARE_TRY(pare_integer_set_vectors(p, o, product));
    pare_laid_arrange(&y, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_out(p, pare_lower_result(p, l), &y));
    product->y = y;
    product->y_row = product->n_cols;
    product->y_outer = product->n_rows * product->n_cols;
    return pare_integer_step(p, product, s->kernel);
}

/* --- groups ----------------------------------------------------------------------------------- */

pare_status pare_lower_integer_gemm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_gemm_params *params = l->params;
    const shape s = { .x = 0, .w = 1, .trans_w = params->trans_b, .kernel = "gemm s32" };
    pare_integer_operands o;
    bool found = false;
    if (params->trans_a || params->alpha != 1 || params->activation.n ||
        (params->beta != 1 && pare_lower_in(l, 2) != PARE_NONE))
        return PARE_OK;
    PARE_TRY(pare_integer_read_group(p, l, params->trans_b ? 0 : 1, &o, &found));
    return found ? lower(p, l, &o, &s, done) : PARE_OK;
}

pare_status pare_lower_integer_matmul(pare_planner *p, pare_lowering *l, bool *done)
{
    static const shape s = { .x = 0, .w = 1, .kernel = "matmul s32" };
    pare_integer_operands o;
    pare_laid w;
    bool found = false;
    if (!pare_plan_shape(p, pare_lower_in(l, 1), &w) || w.rank < 2) return PARE_OK;
    PARE_TRY(pare_integer_read_group(p, l, w.rank - 1, &o, &found));
    return found ? lower(p, l, &o, &s, done) : PARE_OK;
}

/* --- operators on codes ----------------------------------------------------------------------- */

static pare_status lower_node(pare_planner *p, pare_lowering *l, const pare_integer_places *places,
                              const shape *s, float alpha, bool *done)
{
    pare_integer_operands o;
    bool found = false;
    PARE_TRY(pare_integer_read_node(p, l, places, &o, &found));
    if (!found) return PARE_OK;
    o.alpha = alpha;
    return lower(p, l, &o, s, done);
}

pare_status pare_lower_qlinear_matmul(pare_planner *p, pare_lowering *l, bool *done)
{
    static const shape s = { .x = 0, .w = 3, .kernel = "matmul s32" };
    static const pare_integer_places places = { .x = 0, .x_scale = 1, .x_zero = 2, .w = 3,
                                                .w_scale = 4, .w_zero = 5, .y_scale = 6,
                                                .y_zero = 7, .bias = PARE_NONE };
    return lower_node(p, l, &places, &s, 1, done);
}

pare_status pare_lower_matmul_integer(pare_planner *p, pare_lowering *l, bool *done)
{
    static const shape s = { .x = 0, .w = 1, .kernel = "matmul s32" };
    static const pare_integer_places places = {
        .x = 0, .w = 1, .x_zero = 2, .w_zero = 3, .x_scale = PARE_NONE, .w_scale = PARE_NONE,
        .y_scale = PARE_NONE, .y_zero = PARE_NONE, .bias = PARE_NONE };
    return lower_node(p, l, &places, &s, 1, done);
}

pare_status pare_lower_matmul_integer_to_float(pare_planner *p, pare_lowering *l, bool *done)
{
    static const shape s = { .x = 0, .w = 1, .kernel = "matmul s32" };
    static const pare_integer_places places = {
        .x = 0, .w = 1, .x_scale = 2, .w_scale = 3, .x_zero = 4, .w_zero = 5, .bias = 6,
        .y_scale = PARE_NONE, .y_zero = PARE_NONE };
    return lower_node(p, l, &places, &s, 1, done);
}

/* C is int32, and counts as one row. */
pare_status pare_lower_qgemm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_gemm_params *params = l->params;
    const shape s = { .x = 0, .w = 3, .trans_w = params->trans_b, .kernel = "gemm s32" };
    static const pare_integer_places places = { .x = 0, .x_scale = 1, .x_zero = 2, .w = 3,
                                                .w_scale = 4, .w_zero = 5, .bias = 6,
                                                .y_scale = 7, .y_zero = 8 };
    const pare_tensor *c = pare_plan_constant_shape(p, pare_lower_in(l, 6));
    if (params->trans_a || pare_lower_in(l, 6) != PARE_NONE) {
        if (params->trans_a || !c) return PARE_OK;
        if (c->n_elements != 1 && c->dims[c->rank - 1] != c->n_elements) return PARE_OK;
    }
    return lower_node(p, l, &places, &s, params->alpha, done);
}

/* A, B, b_scale, b_zero_point, bias: A is float, and made codes first. */
pare_status pare_lower_dynamic_quantize_matmul(pare_planner *p, pare_lowering *l, bool *done)
{
    static const shape s = { .x = 0, .w = 1, .kernel = "matmul s32" };
    static const pare_value_id none[] = { PARE_NONE, PARE_NONE, PARE_NONE };
    pare_integer_operands o;
    pare_laid x, w, y, made[3];
    bool found = false;
    if (!pare_plan_has(p, pare_lower_in(l, 0))) return PARE_OK;
    PARE_TRY(pare_integer_read_dynamic(p, l, &o, &found));
    if (!found || !fits(p, l, &o, &s, &x, &w, &y) || !pare_laid_n_elements(&x)) return PARE_OK;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_PLAIN, &x));
    PARE_TRY(pare_plan_quantize(p, pare_lower_in(l, 0), none, made));
    o.x_at = &made[0];
    o.scale_at = made[1];
    o.zero_at = made[2];
    return lower(p, l, &o, &s, done);
}
