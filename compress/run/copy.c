#include "run/planner.h"

#include <string.h>

/* Copies between layouts. */

typedef struct copy_args {
    pare_laid from, to; /* axes ordered by the target's strides, the largest outside, merged */
    size_t width;
    int64_t n_outer;          /* product of all dims but the last */
} copy_args;

enum { ELEMENTS_PER_TASK = 1 << 16 };

static void swap(int64_t *a, int64_t *b)
{
    const int64_t c = *a;
    *a = *b;
    *b = c;
}

/* Orders axes so that the target is written front to back, and drops those of size 1. */
static void order_axes(pare_laid *from, pare_laid *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < to->rank; i++) {
        if (to->dims[i] == 1) continue;
        from->dims[n] = to->dims[n] = to->dims[i];
        from->strides[n] = from->strides[i];
        to->strides[n] = to->strides[i];
        for (uint32_t k = n; k > 0 && to->strides[k] > to->strides[k - 1]; k--) {
            swap(&to->dims[k], &to->dims[k - 1]);
            swap(&from->dims[k], &from->dims[k - 1]);
            swap(&to->strides[k], &to->strides[k - 1]);
            swap(&from->strides[k], &from->strides[k - 1]);
        }
        n++;
    }
    from->rank = to->rank = n;
}

/* Joins neighbouring axes that both sides pass in one stride. */
static void merge_axes(pare_laid *from, pare_laid *to)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < to->rank; i++) {
        const int64_t size = to->dims[i];
        if (to->strides[n] == to->strides[i] * size &&
            from->strides[n] == from->strides[i] * size) {
            to->dims[n] *= size;
            to->strides[n] = to->strides[i];
            from->strides[n] = from->strides[i];
        } else {
            n++;
            to->dims[n] = size;
            to->strides[n] = to->strides[i];
            from->strides[n] = from->strides[i];
        }
        from->dims[n] = to->dims[n];
    }
    if (to->rank) from->rank = to->rank = n + 1;
}

static void copy_run(uint8_t *to, int64_t to_step, const uint8_t *from, int64_t from_step,
                     int64_t n, size_t width)
{
    if (to_step == 1 && from_step == 1) {
        memcpy(to, from, (size_t)n * width);
        return;
    }
    to_step *= (int64_t)width;
    from_step *= (int64_t)width;
    for (int64_t i = 0; i < n; i++, to += to_step, from += from_step) {
        if (width == 4) memcpy(to, from, 4);
        else if (width == 8) memcpy(to, from, 8);
        else if (width == 1) *to = *from;
        else memcpy(to, from, 2);
    }
}

/* Offsets of run `at` of the outer axes. */
static void locate(const copy_args *a, int64_t at, int64_t *from, int64_t *to)
{
    *from = *to = 0;
    for (uint32_t i = a->to.rank - 1; i-- > 0;) {
        const int64_t index = at % a->to.dims[i];
        at /= a->to.dims[i];
        *from += index * a->from.strides[i];
        *to += index * a->to.strides[i];
    }
}

static void run_copy(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const copy_args *a = args;
    const uint8_t *from = pare_laid_address(frame, &a->from);
    uint8_t *to = pare_laid_address(frame, &a->to);
    const uint32_t last = a->to.rank - 1;
    const int64_t run = a->to.dims[last];
    const int64_t per_task = (ELEMENTS_PER_TASK + run - 1) / run;
    const int64_t first = task * per_task;
    for (int64_t i = first; i < first + per_task && i < a->n_outer; i++) {
        int64_t at_from = 0;
        int64_t at_to = 0;
        locate(a, i, &at_from, &at_to);
        copy_run(to + at_to * (int64_t)a->width, a->to.strides[last],
                 from + at_from * (int64_t)a->width, a->from.strides[last], run, a->width);
    }
}

pare_status pare_plan_copy(pare_planner *p, const pare_laid *from, const pare_laid *to)
{
    if (pare_laid_n_elements(to) == 0) return PARE_OK;
    copy_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *a = (copy_args){ .from = *from, .to = *to, .width = pare_laid_width(to) };
    order_axes(&a->from, &a->to);
    if (a->to.rank == 0) {
        a->to.rank = a->from.rank = 1;
        a->to.dims[0] = a->from.dims[0] = a->to.strides[0] = a->from.strides[0] = 1;
    }
    merge_axes(&a->from, &a->to);
    const int64_t run = a->to.dims[a->to.rank - 1];
    a->n_outer = pare_laid_n_elements(to) / run;
    const int64_t per_task = (ELEMENTS_PER_TASK + run - 1) / run;
    const pare_step step = { .run = run_copy, .args = a, .kernel = "copy",
                             .n_tasks = (uint32_t)((a->n_outer + per_task - 1) / per_task) };
    const pare_laid *touches[] = { from, to };
    return pare_plan_step(p, &step, touches, 2);
}
