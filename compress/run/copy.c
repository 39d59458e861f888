#include "run/planner.h"

/* Copies between layouts. */

typedef struct copy_args {
    pare_laid from, to;
    pare_move move;
    int32_t split;            /* axis of the move that tasks divide */
    int64_t per_task;         /* places on it */
} copy_args;

enum {
    ELEMENTS_PER_TASK = 1 << 16,
    WANTED_TASKS = 16,
    BLOCK = 16,               /* transposing kernels take this many rows at once */
};

static void run_copy(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const copy_args *a = args;
    const int64_t width = (int64_t)pare_laid_width(&a->to);
    const uint8_t *from = pare_laid_address(frame, &a->from);
    uint8_t *to = pare_laid_address(frame, &a->to);
    pare_move part = a->move;
    if (part.n_axes) {
        pare_move_axis *axis = &part.axes[a->split];
        const int64_t first = task * a->per_task;
        axis->n = axis->n - first < a->per_task ? axis->n - first : a->per_task;
        from += first * axis->from * width;
        to += first * axis->to * width;
    }
    frame->kernels->move(&part, (int32_t)width, from, to);
}

/* The outermost axis that gives enough tasks, else the longest. */
static int32_t axis_to_split(const pare_move *move)
{
    int32_t longest = 0;
    for (int32_t d = 0; d < move->n_axes; d++) {
        if (move->axes[d].n >= WANTED_TASKS) return d;
        if (move->axes[d].n > move->axes[longest].n) longest = d;
    }
    return longest;
}

/* Divides the copy into tasks by its sizes alone; returns how many. */
static int64_t divide(copy_args *a, int64_t n_elements)
{
    a->split = axis_to_split(&a->move);
    const int64_t n = a->move.n_axes ? a->move.axes[a->split].n : 1;
    const int64_t per_place = n_elements / n;
    a->per_task = (ELEMENTS_PER_TASK + per_place - 1) / per_place;
    if (a->split + 2 >= a->move.n_axes) a->per_task = (a->per_task + BLOCK - 1) / BLOCK * BLOCK;
    return (n + a->per_task - 1) / a->per_task;
}

pare_status pare_plan_copy(pare_planner *p, const pare_laid *from, const pare_laid *to)
{
    const int64_t n_elements = pare_laid_n_elements(to);
    if (n_elements == 0) return PARE_OK;
    copy_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *a = (copy_args){ .from = *from, .to = *to, .move = { .n_axes = (int32_t)to->rank } };
    for (uint32_t d = 0; d < to->rank; d++)
        a->move.axes[d] = (pare_move_axis){ to->dims[d], from->strides[d], to->strides[d] };
    pare_move_plan(&a->move);
    const pare_step step = { .run = run_copy, .args = a, .kernel = "copy",
                             .n_tasks = (uint32_t)divide(a, n_elements) };
    const pare_laid *touches[] = { from, to };
    return pare_plan_step(p, &step, touches, 2);
}
