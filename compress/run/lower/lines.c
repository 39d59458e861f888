#include "run/lower/lines.h"

#include <string.h>

enum { ELEMENTS_PER_TASK = 1 << 15 };

/* --- walking ---------------------------------------------------------------------------------- */

/* Whether an axis goes on where outer axis `n` of the walk ends, for everybody. */
static bool continues(const pare_lines *l, uint32_t n, const pare_laid *const *operands,
                      uint32_t axis)
{
    for (uint32_t i = 0; i < l->n_operands; i++)
        if (operands[i]->strides[axis] != l->steps[i][n] * l->dims[n]) return false;
    return true;
}

static void add_axis(pare_lines *l, const pare_laid *const *operands, uint32_t axis)
{
    const int64_t size = operands[0]->dims[axis];
    if (l->n_axes && continues(l, l->n_axes - 1, operands, axis)) {
        l->dims[l->n_axes - 1] *= size;
        return;
    }
    l->dims[l->n_axes] = size;
    for (uint32_t i = 0; i < l->n_operands; i++)
        l->steps[i][l->n_axes] = operands[i]->strides[axis];
    l->n_axes++;
}

void pare_lines_init(pare_lines *l, const bool *marks, const pare_laid *const *operands,
                     uint32_t n_operands)
{
    const pare_laid *x = operands[0];
    uint32_t axes[PARE_LAID_AXES];
    uint32_t n = 0;
    *l = (pare_lines){ .n = 1, .n_lines = 1, .n_operands = n_operands };
    for (uint32_t d = x->rank; d-- > 0;) { /* from the inside, by rising strides */
        if (marks[d]) l->n *= x->dims[d];
        else l->n_lines *= x->dims[d];
        if (marks[d] || x->dims[d] == 1) continue;
        uint32_t at = n++;
        for (; at > 0 && x->strides[axes[at - 1]] > x->strides[d]; at--) axes[at] = axes[at - 1];
        axes[at] = d;
    }
    for (uint32_t i = 0; i < n; i++) add_axis(l, operands, axes[i]);
}

void pare_lines_start(const pare_lines *l, int64_t at, int64_t *starts)
{
    for (uint32_t i = 0; i < l->n_operands; i++) starts[i] = 0;
    for (uint32_t d = 0; d < l->n_axes; d++) {
        const bool is_last = d + 1 == l->n_axes;
        const int64_t index = is_last ? at : at % l->dims[d];
        if (!is_last) at /= l->dims[d];
        for (uint32_t i = 0; i < l->n_operands; i++) starts[i] += index * l->steps[i][d];
    }
}

/* The axis that is not marked and of more than one entry with the smallest stride; rank: none. */
static uint32_t next_axis(const pare_laid *x, const bool *marks)
{
    uint32_t next = x->rank;
    for (uint32_t d = x->rank; d-- > 0;)
        if (!marks[d] && x->dims[d] != 1 && (next == x->rank || x->strides[d] < x->strides[next]))
            next = d;
    return next;
}

void pare_lines_mark(const pare_laid *const *operands, uint32_t n_operands, bool *marks,
                     int64_t *steps)
{
    const pare_laid *x = operands[0];
    int64_t n = 1;
    for (uint32_t i = 0; i < n_operands; i++) steps[i] = 1;
    for (;;) {
        const uint32_t d = next_axis(x, marks);
        if (d == x->rank) return;
        if (n == 1)
            for (uint32_t i = 0; i < n_operands; i++) steps[i] = operands[i]->strides[d];
        for (uint32_t i = 0; i < n_operands; i++)
            if (operands[i]->strides[d] != steps[i] * n) return;
        if (n > 1 && n * x->dims[d] > ELEMENTS_PER_TASK) return;
        marks[d] = true;
        n *= x->dims[d];
    }
}

uint32_t pare_lines_tasks(pare_lines *l)
{
    l->per_task = l->n < ELEMENTS_PER_TASK ? ELEMENTS_PER_TASK / (l->n ? l->n : 1) : 1;
    return (uint32_t)((l->n_lines + l->per_task - 1) / l->per_task);
}

int64_t pare_lines_end(const pare_lines *l, uint32_t task)
{
    const int64_t end = ((int64_t)task + 1) * l->per_task;
    return end < l->n_lines ? end : l->n_lines;
}

/* --- layouts ---------------------------------------------------------------------------------- */

int64_t pare_lines_step(const pare_laid *x, const bool *marks)
{
    int64_t step = 0;
    int64_t n = 1;
    for (uint32_t d = x->rank; d-- > 0;) {
        if (!marks[d] || x->dims[d] == 1) continue;
        if (n == 1) step = x->strides[d];
        else if (x->strides[d] != step * n) return 0;
        n *= x->dims[d];
    }
    return n == 1 ? 1 : step;
}

/* Other axes outside, marked ones inside, no gaps. */
static void arrange(pare_laid *y, const bool *marks)
{
    int64_t step = 1;
    for (int pass = 1; pass >= 0; pass--) {
        for (uint32_t d = y->rank; d-- > 0;) {
            if (marks[d] != pass) continue;
            y->strides[d] = step;
            step *= y->dims[d];
        }
    }
}

pare_status pare_lines_need(pare_planner *p, pare_value_id value, const bool *marks,
                            pare_laid *out)
{
    const pare_planned *v = pare_plan_of(p, value);
    for (uint32_t i = 0; i < v->n_forms; i++) {
        *out = v->forms[i];
        if (pare_laid_n_elements(out) == 0 || pare_lines_step(out, marks) == 1) return PARE_OK;
    }
    pare_laid like = v->forms[0];
    arrange(&like, marks);
    return pare_plan_need_like(p, value, &like, out);
}

void pare_lines_arrange(const pare_laid *x, const bool *marks, pare_laid *y)
{
    const bool is_whole = pare_laid_has_form(x, PARE_FORM_PLAIN) ||
                          pare_laid_has_form(x, PARE_FORM_CHANNELS_LAST);
    if (is_whole) memcpy(y->strides, x->strides, sizeof(y->strides));
    else arrange(y, marks);
}

bool pare_lines_spread(const pare_laid *from, const pare_laid *x, pare_laid *view)
{
    pare_laid v = *from;
    if (from->rank > x->rank) return false;
    const uint32_t shift = x->rank - from->rank;
    v.rank = x->rank;
    for (uint32_t i = 0; i < x->rank; i++) {
        const int64_t size = i < shift ? 1 : from->dims[i - shift];
        if (size != 1 && size != x->dims[i]) return false;
        v.dims[i] = x->dims[i];
        v.strides[i] = size == 1 ? 0 : from->strides[i - shift];
    }
    *view = v;
    return true;
}
