#include "kernels/move.h"

#include <stdbool.h>
#include <string.h>

static int64_t size_of_step(int64_t step)
{
    return step < 0 ? -step : step;
}

/* Whether a goes around b: by larger steps of the target, else of the source. */
static bool goes_outside(const pare_move_axis *a, const pare_move_axis *b)
{
    if (size_of_step(a->to) != size_of_step(b->to))
        return size_of_step(a->to) > size_of_step(b->to);
    return size_of_step(a->from) > size_of_step(b->from);
}

static void sort(int32_t n, pare_move_axis *axes)
{
    for (int32_t i = 1; i < n; i++)
        for (int32_t j = i; j > 0 && goes_outside(&axes[j], &axes[j - 1]); j--) {
            const pare_move_axis swap = axes[j];
            axes[j] = axes[j - 1];
            axes[j - 1] = swap;
        }
}

/* Appends axis, or makes the last one of the list longer by it. Returns the new number. */
static int32_t join(int32_t n, pare_move_axis *axes, pare_move_axis axis)
{
    if (axis.n == 1) return n;
    if (n) {
        pare_move_axis *last = &axes[n - 1];
        if (last->from == axis.from * axis.n && last->to == axis.to * axis.n) {
            axis.n *= last->n;
            *last = axis;
            return n;
        }
    }
    axes[n] = axis;
    return n + 1;
}

void pare_move_plan(pare_move *move)
{
    pare_move_axis *axes = move->axes;
    int32_t n = 0;
    sort(move->n_axes, axes);
    for (int32_t d = 0; d < move->n_axes; d++) n = join(n, axes, axes[d]);
    move->n_axes = n;
    for (int32_t d = n - 3; d >= 0 && axes[n - 1].from != 1 && axes[n - 2].from != 1; d--) {
        if (axes[d].from != 1) continue;
        const pare_move_axis dense = axes[d];
        memmove(&axes[d], &axes[d + 1], (size_t)(n - 2 - d) * sizeof(*axes));
        axes[n - 2] = dense;
    }
}

static void move_axes(const pare_move_axis *axes, int32_t n_axes, int64_t width,
                      const uint8_t *from, uint8_t *to)
{
    if (n_axes == 0) {
        memcpy(to, from, (size_t)width);
        return;
    }
    if (n_axes == 1 && axes->from == 1 && axes->to == 1) {
        memcpy(to, from, (size_t)(axes->n * width));
        return;
    }
    for (int64_t i = 0; i < axes->n; i++)
        move_axes(axes + 1, n_axes - 1, width, from + i * axes->from * width,
                  to + i * axes->to * width);
}

void pare_move_ref(const pare_move *move, int32_t width_bytes, const void *from, void *to)
{
    move_axes(move->axes, move->n_axes, width_bytes, from, to);
}
