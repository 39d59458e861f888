#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/norm.h"

#include <string.h>

/* LayerNormalization and its relatives: lines are the axes from `axis` on. The skip forms add line
 * by line before. */

enum { X, Y, SKIP, SUM, MEAN, INVERSE, N_PLACES };

typedef struct layer_args {
    bool is_rms;
    bool has[N_PLACES];
    double epsilon;
    pare_laid at[N_PLACES];
    uint8_t operand[N_PLACES]; /* of the walk */
    pare_laid scale, bias, skip_bias;
    bool has_bias, has_skip_bias;
    pare_lines lines;
} layer_args;

/* --- running ---------------------------------------------------------------------------------- */

/* Where line `starts` of a place is; NULL when there is none. */
static float *line_at(const layer_args *a, const pare_frame *frame, const int64_t *starts,
                      int place)
{
    if (!a->has[place]) return NULL;
    return (float *)pare_laid_address(frame, &a->at[place]) + starts[a->operand[place]];
}

static void run_line(const layer_args *a, const pare_frame *frame, const int64_t *starts)
{
    const pare_kernels *k = frame->kernels;
    const int64_t n = a->lines.n;
    const float *x = line_at(a, frame, starts, X);
    const float *skip = line_at(a, frame, starts, SKIP);
    float *y = line_at(a, frame, starts, Y);
    float *sum = line_at(a, frame, starts, SUM);
    float *mean = line_at(a, frame, starts, MEAN);
    float *inverse = line_at(a, frame, starts, INVERSE);
    const float *scale = pare_laid_address(frame, &a->scale);
    float stats[2] = { 0, 0 };
    if (skip) {
        if (!sum) sum = y;
        k->map2[PARE_MAP2_ADD](n, x, 1, skip, 1, sum);
        if (a->has_skip_bias)
            k->map2[PARE_MAP2_ADD](n, sum, 1, pare_laid_address(frame, &a->skip_bias), 1, sum);
        x = sum;
    }
    if (a->is_rms)
        k->row->rms_norm(n, x, scale, a->epsilon, y, &stats[1]);
    else
        k->row->layer_norm(n, x, scale, a->has_bias ? pare_laid_address(frame, &a->bias) : NULL,
                           a->epsilon, y, &stats[0], &stats[1]);
    if (mean) *mean = stats[0];
    if (inverse) *inverse = stats[1];
}

static void run_layer(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const layer_args *a = args;
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t starts[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, starts);
        run_line(a, frame, starts);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

/* Whether input i, if there is one, is a float vector along the line of y: its last axes, n
 * elements. */
static bool is_vector(const pare_planner *p, const pare_lowering *l, uint32_t i, const pare_laid *y,
                      int64_t n)
{
    const pare_value_id value = pare_lower_in(l, i);
    if (!i || value == PARE_NONE) return true;
    if (!pare_plan_has(p, value)) return false;
    const pare_laid *v = pare_plan_home(p, value);
    if (v->dtype != PARE_FLOAT || v->rank > y->rank || pare_laid_n_elements(v) != n) return false;
    for (uint32_t d = 0; d < v->rank; d++)
        if (v->dims[d] != y->dims[y->rank - v->rank + d]) return false;
    return true;
}

/* A skip connection may be broadcast, but not along the last axis, which is the line. */
static bool skip_fits(const pare_planner *p, const pare_lowering *l, uint32_t i, const pare_laid *y)
{
    const pare_value_id value = pare_lower_in(l, i);
    pare_laid view;
    if (!i) return true;
    if (value == PARE_NONE || !pare_plan_has(p, value)) return false;
    const pare_laid *v = pare_plan_home(p, value);
    return v->dtype == PARE_FLOAT && v->rank && pare_lines_spread(v, y, &view) &&
           v->dims[v->rank - 1] == y->dims[y->rank - 1];
}

static bool output_fits(const pare_planner *p, const pare_lowering *l, uint32_t i)
{
    pare_laid laid;
    return !i || pare_lower_out(l, i) == PARE_NONE ||
           (pare_plan_shape(p, pare_lower_out(l, i), &laid) && laid.dtype == PARE_FLOAT);
}

static bool fits(const pare_planner *p, const pare_lowering *l, const pare_layer_form *form,
                 bool *marks, pare_laid *y)
{
    const pare_norm_params *params = l->params;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) ||
        pare_plan_home(p, pare_lower_in(l, 0))->dtype != PARE_FLOAT ||
        params->stash != PARE_FLOAT || !pare_plan_shape(p, pare_lower_out(l, 0), y) ||
        y->dtype != PARE_FLOAT || pare_lower_in(l, form->scale) == PARE_NONE ||
        pare_laid_n_elements(y) == 0)
        return false;
    const int64_t axis = params->axis < 0 ? params->axis + y->rank : params->axis;
    int64_t n = 1;
    for (int64_t i = axis; i < y->rank; i++) {
        marks[i] = true;
        n *= y->dims[i];
    }
    return is_vector(p, l, form->scale, y, n) && is_vector(p, l, form->bias, y, n) &&
           is_vector(p, l, form->skip_bias, y, n) && skip_fits(p, l, form->skip, y) &&
           output_fits(p, l, form->mean) && output_fits(p, l, form->inverse) &&
           output_fits(p, l, form->sum);
}

static pare_status need_vector(pare_planner *p, const pare_lowering *l, uint32_t i, bool *has,
                               pare_laid *out)
{
    *has = i && pare_lower_in(l, i) != PARE_NONE;
    return *has ? pare_plan_need(p, pare_lower_in(l, i), PARE_FORM_PLAIN, out) : PARE_OK;
}

/* An output besides y: the sum, which lies like y, or numbers by line. */
static pare_status make_output(pare_planner *p, const pare_lowering *l, layer_args *a, int place,
                               uint32_t i)
{
    pare_laid laid;
    if (!i || pare_lower_out(l, i) == PARE_NONE) return PARE_OK;
    pare_plan_shape(p, pare_lower_out(l, i), &laid);
    if (place == SUM) memcpy(laid.strides, a->at[Y].strides, sizeof(laid.strides));
    else pare_laid_arrange(&laid, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, i), &laid));
    a->at[place] = laid;
    a->has[place] = true;
    return PARE_OK;
}

static pare_status place(pare_planner *p, const pare_lowering *l, const pare_layer_form *form,
                         layer_args *a, const bool *marks, pare_laid *y)
{
    bool has_scale = false;
    PARE_TRY(pare_lines_need(p, pare_lower_in(l, 0), marks, &a->at[X]));
    PARE_TRY(need_vector(p, l, form->scale, &has_scale, &a->scale));
    PARE_TRY(need_vector(p, l, form->bias, &a->has_bias, &a->bias));
    PARE_TRY(need_vector(p, l, form->skip_bias, &a->has_skip_bias, &a->skip_bias));
    if (form->skip) {
        pare_laid skip;
        PARE_TRY(pare_plan_need(p, pare_lower_in(l, form->skip), PARE_FORM_ROWS, &skip));
        pare_lines_spread(&skip, y, &a->at[SKIP]);
    }
    pare_lines_arrange(&a->at[X], marks, y);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), y));
    a->at[Y] = *y;
    a->has[X] = a->has[Y] = true;
    a->has[SKIP] = form->skip != 0;
    PARE_TRY(make_output(p, l, a, SUM, form->sum));
    PARE_TRY(make_output(p, l, a, MEAN, form->mean));
    return make_output(p, l, a, INVERSE, form->inverse);
}

static pare_status add_step(pare_planner *p, layer_args *a, const bool *marks)
{
    const pare_laid *operands[N_PLACES + 3];
    uint32_t n = 0;
    for (int i = 0; i < N_PLACES; i++) {
        a->operand[i] = (uint8_t)n;
        if (a->has[i]) operands[n++] = &a->at[i];
    }
    pare_lines_init(&a->lines, marks, operands, n);
    operands[n++] = &a->scale;
    if (a->has_bias) operands[n++] = &a->bias;
    if (a->has_skip_bias) operands[n++] = &a->skip_bias;
    const pare_step step = { .run = run_layer, .args = a,
                             .kernel = a->is_rms ? "rms norm f32" : "layer norm f32",
                             .n_tasks = pare_lines_tasks(&a->lines) };
    return pare_plan_step(p, &step, operands, n);
}

pare_status pare_lower_layer_norm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_norm_params *params = l->params;
    const pare_layer_form *form = pare_layer_form_of(l->call.op->name);
    bool marks[PARE_MAX_DIMS] = { false };
    pare_laid y;
    if (!fits(p, l, form, marks, &y)) return PARE_OK;
    layer_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    a->is_rms = form->is_rms;
    a->epsilon = (double)params->epsilon;
    *done = true;
    PARE_TRY(place(p, l, form, a, marks, &y));
    return add_step(p, a, marks);
}
