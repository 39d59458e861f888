#include "run/lower/batch.h"
#include "run/lower/lower.h"
#include "run/lower/product.h"

#include "op/matmul.h"

#include <assert.h>
#include <string.h>

/* Gemm and MatMul. The right matrix is packed once when it is constant, else by a step before the
 * product. Transposed and broadcast operands are a matter of strides. */

typedef struct matmul_args {
    pare_product product;
    pare_batch batch;
    int64_t x_row;            /* elements from one row of the left matrix to the next */
} matmul_args;

static void point_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const float **x, float *room)
{
    (void)room;
    const matmul_args *a = (const matmul_args *)product;
    const float *base = (const float *)pare_laid_address(frame, &product->x) +
                        pare_batch_offset(&a->batch, a->batch.x_steps, outer);
    for (int r = 0; r < n; r++) x[r] = base + (first + r) * a->x_row;
}

/* --- packing while running -------------------------------------------------------------------- */

typedef struct pack_args {
    const matmul_args *matmul;
    pare_laid w;
    int64_t row_step, column_step;
} pack_args;

static void run_pack(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const pack_args *a = args;
    const pare_product *product = &a->matmul->product;
    const int panel = frame->kernels->gemm.panel;
    const int64_t k = product->depth;
    const int64_t n_panels = (product->n_cols + panel - 1) / panel;
    const float *from = (const float *)pare_laid_address(frame, &a->w) +
                        pare_batch_offset(&a->matmul->batch, a->matmul->batch.w_steps, task);
    float *to = (float *)pare_laid_address(frame, &product->wd) + task * n_panels * k * panel;
    pare_pack_panels(&frame->kernels->gemm, product->n_cols, k, from, a->row_step, a->column_step,
                     to);
}

static pare_status pack_running(pare_planner *p, matmul_args *a, const pare_laid *w,
                                int64_t row_step, int64_t column_step)
{
    pare_product *product = &a->product;
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t n_panels = pare_product_panels(p, product->n_cols);
    pack_args *pack = pare_plan_args(p, sizeof(*pack));
    if (!pack) return pare_arena_fail(p->ctx, &p->plan->arena);
    *pack = (pack_args){ a, *w, row_step, column_step };
    product->wd = (pare_laid){ .dtype = PARE_FLOAT, .rank = 2,
                               .dims = { product->n_weights, n_panels * product->depth * panel } };
    pare_laid_arrange(&product->wd, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_temporary(p, &product->wd));
    const pare_step step = { .run = run_pack, .args = pack, .kernel = "pack f32",
                             .n_tasks = (uint32_t)product->n_weights };
    const pare_laid *touches[] = { &pack->w, &product->wd };
    return pare_plan_step(p, &step, touches, 2);
}

/* Params of "panels"; from BATCH on sizes of the batch axes, from STEPS on what each is apart. */
enum { PANEL, WEIGHTS, COLUMNS, DEPTH, ROW_STEP, COLUMN_STEP, BATCH_AXES, BATCH = 8, STEPS = 16 };
static_assert(STEPS + PARE_BATCH_AXES <= PARE_PACK_PARAMS, "a form's params hold all axes");

static void fill_panels(const pare_kernels *kernels, const int64_t *params, const void *w,
                        float *to)
{
    const int64_t n = params[COLUMNS];
    const int64_t depth = params[DEPTH];
    const int64_t size = (n + params[PANEL] - 1) / params[PANEL] * params[PANEL] * depth;
    for (int64_t i = 0; i < params[WEIGHTS]; i++) {
        int64_t offset = 0;
        int64_t at = i;
        for (int64_t d = params[BATCH_AXES]; d-- > 0; at /= params[BATCH + d])
            offset += at % params[BATCH + d] * params[STEPS + d];
        pare_pack_panels(&kernels->gemm, n, depth, pare_float_address(w, offset),
                         params[ROW_STEP], params[COLUMN_STEP], to + i * size);
    }
}

static pare_status pack_constant(pare_planner *p, matmul_args *a, pare_value_id value,
                                 int64_t row_step, int64_t column_step)
{
    pare_product *product = &a->product;
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t n_panels = pare_product_panels(p, product->n_cols);
    const int64_t per_weight = n_panels * product->depth * panel;
    pare_pack_key key = { .form = "panels", .fill = fill_panels,
                          .params = { [PANEL] = panel, [WEIGHTS] = product->n_weights,
                                      [COLUMNS] = product->n_cols, [DEPTH] = product->depth,
                                      [ROW_STEP] = row_step, [COLUMN_STEP] = column_step } };
    for (uint32_t i = 0; product->n_weights > 1 && i < a->batch.n_axes; i++) {
        key.params[BATCH_AXES] = a->batch.n_axes;
        key.params[BATCH + i] = a->batch.sizes[i];
        key.params[STEPS + i] = a->batch.w_steps[i];
    }
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key,
                            (size_t)(product->n_weights * per_weight) * sizeof(float), &out,
                            &is_new));
    product->w = out;
    return PARE_OK;
}

/* Makes the weights: of a constant, or of the value when it is there at run time. */
static pare_status set_weights(pare_planner *p, matmul_args *a, pare_value_id value,
                               const pare_laid *w, int64_t row_step, int64_t column_step)
{
    if (pare_plan_constant_shape(p, value))
        return pack_constant(p, a, value, row_step, column_step);
    return pack_running(p, a, w, row_step, column_step);
}

static pare_status finish(pare_planner *p, pare_lowering *l, matmul_args *a, pare_laid *y,
                          const char *kernel)
{
    pare_product *product = &a->product;
    product->epilogue.bias = pare_product_vectors(p, product, NULL);
    if (!product->epilogue.bias) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_laid_arrange(y, PARE_FORM_PLAIN);
    PARE_TRY(pare_product_tail(p, l, product, y));
    PARE_TRY(pare_plan_out(p, pare_lower_result(p, l), y));
    product->y = *y;
    product->y_row = product->n_cols;
    product->y_outer = product->n_rows * product->n_cols;
    product->rows = point_rows;
    product->x_row = a->x_row;
    return pare_product_step(p, product, NULL, kernel);
}

/* --- Gemm ------------------------------------------------------------------------------------- */

/* y = A' B' + beta C with C constant, one row; alpha 1. */
static bool gemm_fits(const pare_planner *p, const pare_lowering *l, pare_laid *a, pare_laid *b,
                      pare_laid *y)
{
    const pare_gemm_params *params = l->params;
    const pare_value_id c = pare_lower_in(l, 2);
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_has(p, pare_lower_in(l, 1)))
        return false;
    if (!pare_plan_shape(p, pare_lower_in(l, 0), a) ||
        !pare_plan_shape(p, pare_lower_in(l, 1), b) || !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    if (a->dtype != PARE_FLOAT || a->rank != 2 || b->rank != 2 || params->alpha != 1 ||
        params->activation.n)
        return false;
    if (c == PARE_NONE) return true;
    const pare_tensor *t = pare_plan_constant_shape(p, c);
    return t && (t->n_elements == 1 ||
                 (t->n_elements == y->dims[1] && t->rank > 0 &&
                  t->dims[t->rank - 1] == y->dims[1]));
}

/* C is added behind the chain: fma(z, 1, c) is z + c. */
static pare_status set_gemm_c(pare_planner *p, const pare_lowering *l, pare_product *product)
{
    const pare_gemm_params *params = l->params;
    const pare_value_id value = pare_lower_in(l, 2);
    const float *c = NULL;
    void *owned = NULL;
    if (value == PARE_NONE) return PARE_OK;
    if (params->beta == 1 && pare_plan_is_vector(p, value, product->n_cols))
        return pare_product_shift(p, product, value);
    PARE_TRY(pare_plan_floats(p, value, &c, &owned));
    float *scale = pare_product_vectors(p, product, NULL);
    float *shift = pare_product_vectors(p, product, NULL);
    const bool is_scalar = pare_plan_constant(p, value)->n_elements == 1;
    for (int64_t j = 0; scale && shift && j < product->n_cols; j++) {
        scale[j] = 1;
        shift[j] = params->beta * c[is_scalar ? 0 : j];
    }
    pare_free(p->ctx, owned);
    product->epilogue.finish.scale = scale;
    product->epilogue.finish.shift = shift;
    return scale && shift ? PARE_OK : pare_arena_fail(p->ctx, &p->plan->arena);
}

pare_status pare_lower_gemm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_gemm_params *params = l->params;
    pare_laid x, w, y;
    if (!gemm_fits(p, l, &x, &w, &y)) return PARE_OK;
    matmul_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 1), PARE_FORM_ANY, &w));
    if (params->trans_a) {
        /* Rows must be side by side: a copy of the transposed view. */
        pare_laid view;
        PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ANY, &view));
        pare_laid turned = view;
        turned.dims[0] = view.dims[1], turned.dims[1] = view.dims[0];
        turned.strides[0] = view.strides[1], turned.strides[1] = view.strides[0];
        x = turned;
        pare_laid_arrange(&x, PARE_FORM_PLAIN);
        PARE_TRY(pare_plan_temporary(p, &x));
        PARE_TRY(pare_plan_copy(p, &turned, &x));
    } else {
        PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ROWS, &x));
    }
    a->x_row = x.strides[0];
    a->product = (pare_product){
        .n_outer = 1,
        .n_weights = 1,
        .n_vectors = 1,
        .n_rows = y.dims[0],
        .n_cols = y.dims[1],
        .n_taps = 1,
        .depth = x.dims[1],
        .x = x,
        .epilogue = PARE_EPILOGUE_NONE,
    };
    PARE_TRY(set_gemm_c(p, l, &a->product));
    const int64_t row_step = w.strides[params->trans_b ? 1 : 0];
    const int64_t column_step = w.strides[params->trans_b ? 0 : 1];
    PARE_TRY(set_weights(p, a, pare_lower_in(l, 1), &w, row_step, column_step));
    return finish(p, l, a, &y, "gemm f32");
}

/* --- MatMul ----------------------------------------------------------------------------------- */

/* One right matrix for all batches, whose left rows follow each other: one tall product. */
static void join_batches(matmul_args *a)
{
    pare_product *product = &a->product;
    if (!pare_batch_is_tall(&a->batch, product->n_rows, a->x_row)) return;
    product->n_rows *= a->batch.sizes[0];
    product->n_outer = 1;
    a->batch.n_axes = 0;
}

static bool matmul_fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *w,
                        pare_laid *y)
{
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_has(p, pare_lower_in(l, 1)))
        return false;
    return pare_plan_shape(p, pare_lower_in(l, 0), x) &&
           pare_plan_shape(p, pare_lower_in(l, 1), w) &&
           pare_plan_shape(p, pare_lower_out(l, 0), y) && x->dtype == PARE_FLOAT &&
           x->rank >= 2 && w->rank >= 2;
}

pare_status pare_lower_matmul(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_laid x, w, y;
    if (!matmul_fits(p, l, &x, &w, &y)) return PARE_OK;
    matmul_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ROWS, &x));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 1), PARE_FORM_ANY, &w));
    pare_batch_init(&a->batch, &y, &x, &w);
    a->x_row = x.strides[x.rank - 2];
    a->product = (pare_product){
        .n_outer = 1,
        .n_weights = 1,
        .n_vectors = 1,
        .n_rows = y.dims[y.rank - 2],
        .n_cols = y.dims[y.rank - 1],
        .n_taps = 1,
        .depth = x.dims[x.rank - 1],
        .x = x,
        .epilogue = PARE_EPILOGUE_NONE,
    };
    a->product.n_outer = pare_batch_size(&a->batch);
    join_batches(a);
    a->product.n_weights = pare_batch_shares(&a->batch) ? 1 : a->product.n_outer;
    PARE_TRY(set_weights(p, a, pare_lower_in(l, 1), &w, w.strides[w.rank - 2],
                         w.strides[w.rank - 1]));
    return finish(p, l, a, &y, "matmul f32");
}
