#include "run/lower/lower.h"

#include "op/cast.h"
#include "op/wide.h"

#include <string.h>

/* Cast between numbers: float to and from 16 bits by kernels, all else by the loads and stores that
 * eval uses. */

enum { TASK_ELEMENTS = 1 << 15 };

typedef struct cast_args {
    pare_laid x, y;           /* alike, without gaps */
    int64_t n;
    pare_store_rules rules;
    const void *table;        /* [256] of y: what each of 8 bits becomes; NULL: not 8 bits */
} cast_args;

static bool run_narrow(const pare_narrow_kernels *k, const cast_args *a, int64_t n, const void *x,
                       void *y)
{
    if (a->x.dtype == PARE_FLOAT && a->y.dtype == PARE_FLOAT16) k->to_f16(n, x, y);
    else if (a->x.dtype == PARE_FLOAT && a->y.dtype == PARE_BFLOAT16) k->to_bf16(n, x, y);
    else if (a->x.dtype == PARE_FLOAT16 && a->y.dtype == PARE_FLOAT) k->from_f16(n, x, y);
    else if (a->x.dtype == PARE_BFLOAT16 && a->y.dtype == PARE_FLOAT) k->from_bf16(n, x, y);
    else return false;
    return true;
}

/* n elements, by the loads and stores of eval. */
static void convert(const cast_args *a, int64_t n, const void *x, void *y)
{
    const pare_wide wide = pare_wide_of(a->x.dtype);
    for (int64_t at = 0; at < n; at += PARE_WIDE_BLOCK) {
        const int64_t size = n - at < PARE_WIDE_BLOCK ? n - at : PARE_WIDE_BLOCK;
        pare_wide_block block;
        pare_wide_load(a->x.dtype, x, at, 1, size, &block);
        pare_wide_store_as(wide, a->rules, a->y.dtype, y, at, size, &block);
    }
}

static void look_up(const cast_args *a, int64_t n, const uint8_t *x, uint8_t *y)
{
    const size_t width = pare_laid_width(&a->y);
    const uint8_t *table = a->table;
    if (width == 4) {
        for (int64_t i = 0; i < n; i++) memcpy(y + i * 4, table + x[i] * 4, 4);
        return;
    }
    for (int64_t i = 0; i < n; i++) memcpy(y + (size_t)i * width, table + x[i] * width, width);
}

static void run_cast(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const cast_args *a = args;
    const int64_t first = (int64_t)task * TASK_ELEMENTS;
    const int64_t n = a->n - first < TASK_ELEMENTS ? a->n - first : TASK_ELEMENTS;
    const uint8_t *x = (const uint8_t *)pare_laid_address(frame, &a->x) +
                       first * (int64_t)pare_laid_width(&a->x);
    uint8_t *y = (uint8_t *)pare_laid_address(frame, &a->y) +
                 first * (int64_t)pare_laid_width(&a->y);
    if (run_narrow(frame->kernels->narrow, a, n, x, y)) return;
    if (a->table) look_up(a, n, x, y);
    else convert(a, n, x, y);
}

/* What every code of 8 bits becomes, where there are many more elements. */
static pare_status make_table(pare_planner *p, cast_args *a)
{
    uint8_t codes[256];
    if (pare_dtype_of(a->x.dtype)->bits != 8 || a->n < 1024) return PARE_OK;
    for (int i = 0; i < 256; i++) codes[i] = (uint8_t)i;
    void *table = pare_plan_args(p, 256 * pare_laid_width(&a->y));
    if (!table) return pare_arena_fail(p->ctx, &p->plan->arena);
    convert(a, 256, codes, table);
    a->table = table;
    return PARE_OK;
}

/* Cast and CastLike. */
pare_status pare_lower_cast(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_cast_params *params = l->params;
    pare_laid x, y;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) ||
        !pare_plan_shape(p, pare_lower_in(l, 0), &x) ||
        !pare_plan_shape(p, pare_lower_out(l, 0), &y) || !pare_wide_of(x.dtype) ||
        !pare_wide_of(y.dtype))
        return PARE_OK;
    if (x.dtype == y.dtype) return pare_lower_view(p, l, done);
    cast_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    a->x = *pare_plan_home(p, pare_lower_in(l, 0));
    a->n = pare_laid_n_elements(&y);
    const bool has_gaps = pare_laid_span(&a->x) != a->n ||
                          !pare_laid_has_form(&a->x, PARE_FORM_CHANNELS_LAST);
    if (has_gaps) PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_PLAIN, &a->x));
    for (uint32_t k = 0; k < y.rank; k++) y.strides[k] = a->x.strides[k];
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    a->y = y;
    a->rules = (pare_store_rules){ .saturate = params->saturate,
                                   .e8m0 = (pare_e8m0_round)params->round_mode };
    if (a->n == 0) return PARE_OK;
    PARE_TRY(make_table(p, a));
    const pare_step step = { .run = run_cast, .args = a, .kernel = "cast",
                             .n_tasks = (uint32_t)((a->n + TASK_ELEMENTS - 1) / TASK_ELEMENTS) };
    const pare_laid *touches[] = { &a->x, &a->y };
    return pare_plan_step(p, &step, touches, 2);
}
