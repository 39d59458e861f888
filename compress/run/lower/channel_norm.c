#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/norm.h"

#include <math.h>
#include <string.h>

/* InstanceNormalization and GroupNormalization. A run is the channels of a group of one image: in
 * ONNX's layout they lie side by side; where channels are last and a group is one of them, runs are
 * columns, of which a block is passed at once. */

enum { COLUMNS = 64, SCALE = 1, BIAS = 2 };

typedef struct channel_args {
    pare_laid x, y, scale, bias;
    double epsilon;
    bool per_group;           /* scale and bias are by group, else by channel */
    int64_t n_images, n_channels, n_groups, plane; /* plane: positions */
    int64_t pixel_step, image_step; /* channels last */
} channel_args;

/* factor = scale / sqrt(variance + epsilon), shift = bias - mean * factor. */
static void find_factor(const channel_args *a, const pare_frame *frame, int64_t channel, float mean,
                        float variance, float *factor, float *shift)
{
    const float *scale = pare_laid_address(frame, &a->scale);
    const float *bias = pare_laid_address(frame, &a->bias);
    const int64_t s = a->per_group ? channel / (a->n_channels / a->n_groups) : channel;
    const double inverse = 1 / sqrt((double)variance + a->epsilon);
    const double f = (double)scale[s] * inverse;
    *factor = (float)f;
    *shift = (float)((double)bias[s] - (double)mean * f);
}

/* Task: a group of an image. */
static void run_group(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const channel_args *a = args;
    const pare_kernels *k = frame->kernels;
    const int64_t per_group = a->n_channels / a->n_groups;
    const int64_t n = per_group * a->plane;
    const float *x = (const float *)pare_laid_address(frame, &a->x) + task * n;
    float *y = (float *)pare_laid_address(frame, &a->y) + task * n;
    const float mean = k->row->sum(n, x) / (float)n;
    const float variance = k->row->sum_squares(n, x, mean) / (float)n;
    for (int64_t c = 0; c < per_group; c++) {
        float factor = 0;
        float shift = 0;
        const int64_t channel = task % a->n_groups * per_group + c;
        find_factor(a, frame, channel, mean, variance, &factor, &shift);
        k->affine(a->plane, x + c * a->plane, &factor, &shift, 0, y + c * a->plane);
    }
}

/* Task: a block of channels of an image, each a group of its own. */
static void run_columns(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const channel_args *a = args;
    const pare_kernels *k = frame->kernels;
    const int64_t n_blocks = (a->n_channels + COLUMNS - 1) / COLUMNS;
    const int64_t first = task % n_blocks * COLUMNS;
    const int64_t n = a->n_channels - first < COLUMNS ? a->n_channels - first : COLUMNS;
    const int64_t image = task / n_blocks;
    const float *x =
        (const float *)pare_laid_address(frame, &a->x) + image * a->image_step + first;
    float *y = (float *)pare_laid_address(frame, &a->y) + image * a->image_step + first;
    const float count = (float)a->plane;
    float mean[COLUMNS], variance[COLUMNS], factor[COLUMNS], shift[COLUMNS];
    k->column_sum(a->plane, n, x, a->pixel_step, mean);
    k->map2[PARE_MAP2_DIV](n, mean, 1, &count, 0, mean);
    k->column_squares(a->plane, n, x, a->pixel_step, mean, variance);
    k->map2[PARE_MAP2_DIV](n, variance, 1, &count, 0, variance);
    for (int64_t c = 0; c < n; c++)
        find_factor(a, frame, first + c, mean[c], variance[c], &factor[c], &shift[c]);
    for (int64_t i = 0; i < a->plane; i++)
        k->affine(n, x + i * a->pixel_step, factor, shift, 1, y + i * a->pixel_step);
}

/* --- planning --------------------------------------------------------------------------------- */

static bool is_vector(const pare_planner *p, pare_value_id value, int64_t n)
{
    if (value == PARE_NONE || !pare_plan_has(p, value)) return false;
    const pare_laid *v = pare_plan_home(p, value);
    return v->dtype == PARE_FLOAT && pare_laid_n_elements(v) == n;
}

static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *y)
{
    const pare_norm_params *params = l->params;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) ||
        pare_plan_home(p, pare_lower_in(l, 0))->dtype != PARE_FLOAT ||
        !pare_plan_shape(p, pare_lower_out(l, 0), y) || y->dtype != PARE_FLOAT || y->rank < 2 ||
        pare_laid_n_elements(y) == 0)
        return false;
    const int64_t n_groups = params->n_groups ? params->n_groups : y->dims[1];
    if (n_groups < 1 || y->dims[1] % n_groups) return false;
    const int64_t n = params->scale_per_group ? n_groups : y->dims[1];
    return is_vector(p, pare_lower_in(l, SCALE), n) && is_vector(p, pare_lower_in(l, BIAS), n);
}

pare_status pare_lower_channel_norm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_norm_params *params = l->params;
    pare_laid y;
    if (!fits(p, l, &y)) return PARE_OK;
    channel_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    a->epsilon = (double)params->epsilon;
    a->per_group = params->scale_per_group;
    a->n_images = y.dims[0];
    a->n_channels = y.dims[1];
    a->n_groups = params->n_groups ? params->n_groups : y.dims[1];
    a->plane = pare_laid_n_elements(&y) / (a->n_images * a->n_channels);
    const pare_laid *home = pare_plan_home(p, pare_lower_in(l, 0));
    const bool by_columns = a->n_groups == a->n_channels && a->plane > 1 &&
                            !pare_laid_has_form(home, PARE_FORM_PLAIN) &&
                            pare_laid_has_form(home, PARE_FORM_CHANNELS_LAST);
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), by_columns ? PARE_FORM_ANY : PARE_FORM_PLAIN,
                            &a->x));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, SCALE), PARE_FORM_PLAIN, &a->scale));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, BIAS), PARE_FORM_PLAIN, &a->bias));
    memcpy(y.strides, a->x.strides, sizeof(y.strides));
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    a->y = y;
    a->pixel_step = pare_laid_pixel_stride(&y);
    a->image_step = y.strides[0];
    const int64_t n_blocks = by_columns ? (a->n_channels + COLUMNS - 1) / COLUMNS : a->n_groups;
    const pare_step step = { .run = by_columns ? run_columns : run_group, .args = a,
                             .kernel = "channel norm f32",
                             .n_tasks = (uint32_t)(a->n_images * n_blocks) };
    const pare_laid *touches[] = { &a->x, &a->y, &a->scale, &a->bias };
    return pare_plan_step(p, &step, touches, 4);
}
