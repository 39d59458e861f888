#include "run/lower/lower.h"
#include "run/lower/product.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

#include <math.h>
#include <string.h>

/* Transposed convolution over one to three spatial axes, channels last. Output positions that are
 * equal modulo the strides (a phase) are hit through the same taps, but at the borders; filters are
 * packed by phase. So rows of a tile are positions of a phase in one line of the output, and taps
 * that hit the same rows are one product. Where only some rows are hit, chains wait in sums. */

enum { TASK_PRODUCTS = 1 << 19, MAX_PHASES = 1 << 12, MAX_TAPS = 1 << 16 };

typedef struct tap {
    int32_t at[PARE_SLIDING_AXES];
} tap;

typedef struct transposed_args {
    pare_product product;     /* x, y, w, epilogue, sizes; n_outer groups */
    pare_sliding window;      /* begin: what is cut off the output in front */
    const tap *taps;          /* in packed order: by phase, then row-major */
    const int64_t *first;     /* [n_phases + 1]: where a phase begins in taps */
    int64_t n_lines, lines_per_task;
    int64_t n_blocks, rows_per_block; /* of a line: rows of each phase */
} transposed_args;

/* Rows of one tile: output positions of a phase, `stride` apart in a line. */
typedef struct tile_job {
    const transposed_args *a;
    const pare_gemm_kernel *kernel;
    pare_gemm_tile out;       /* where results go, and what is done to them */
    const float *x, *w;       /* of the image and group; of the panel */
    const float *bias;        /* where chains go on */
    int64_t bias_stride;
    int64_t line[2];          /* position on the first axes, in front of the cut */
    int64_t column;           /* of row 0 on the last axis, likewise */
    const float **pointers;   /* [n_taps * PARE_TILE_MAX_ROWS] */
    float *sums;              /* [PARE_TILE_MAX_ROWS, panel] */
} tile_job;

/* Taps one behind the other that hit rows [low, high) of a tile. */
typedef struct hits {
    int64_t first, n, low, high;
} hits;

/* --- running ---------------------------------------------------------------------------------- */

static void start_sums(tile_job *j)
{
    const int panel = j->kernel->panel;
    for (int r = 0; r < j->out.n_rows; r++)
        memcpy(j->sums + r * panel, j->bias, (size_t)panel * sizeof(float));
    j->bias = j->sums;
    j->bias_stride = panel;
}

/* Makes chains longer by the taps; when that was the last of it for all rows, gives the results and
 * returns true. */
static bool add_hits(tile_job *j, const hits *h, bool is_last)
{
    const int panel = j->kernel->panel;
    const int64_t depth = j->a->product.depth;
    const bool covers = h->high - h->low == j->out.n_rows;
    pare_gemm_tile t = j->out;
    if (!covers && j->bias_stride == 0) start_sums(j);
    t.n_rows = (int)(h->high - h->low);
    t.n_taps = h->n;
    t.depth = depth;
    t.x = j->pointers;
    t.w = j->w + h->first * depth * panel;
    t.bias = j->bias + h->low * j->bias_stride;
    t.bias_stride = j->bias_stride;
    if (!is_last || !covers) {
        t.n_cols = panel;
        t.finish = (pare_finish){ .low = -INFINITY, .high = INFINITY };
        t.y = j->sums + h->low * panel;
        t.y_stride = panel;
    }
    j->kernel->run(&t);
    if (is_last && covers) return true;
    j->bias = j->sums;
    j->bias_stride = panel;
    return false;
}

/* Input position on an axis that output position `at` (in front of the cut) takes through a tap of
 * its phase. */
static int64_t taken(const pare_sliding *s, int axis, int64_t at, const tap *k)
{
    return (at - k->at[axis] * s->dilation[axis]) / s->stride[axis];
}

/* What a tap of the phase hits: rows and, for the first of them, where. */
static hits hits_of(const tile_job *j, const tap *k, const float **x)
{
    const pare_sliding *s = &j->a->window;
    const int64_t d = taken(s, 0, j->line[0], k);
    const int64_t h = taken(s, 1, j->line[1], k);
    const int64_t w = taken(s, 2, j->column, k);
    const bool outside = j->line[0] < k->at[0] * s->dilation[0] || d >= s->in[0] ||
                         j->line[1] < k->at[1] * s->dilation[1] || h >= s->in[1];
    hits out = { .n = 1, .low = w < 0 ? -w : 0, .high = s->in[2] - w };
    if (out.high > j->out.n_rows) out.high = j->out.n_rows;
    if (outside || out.high <= out.low) return (hits){ 0 };
    *x = j->x + d * s->step[0] + h * s->step[1] + (w + out.low) * s->step[2];
    return out;
}

static void run_tile(tile_job *j, int64_t phase)
{
    const transposed_args *a = j->a;
    hits all = { 0 };
    for (int64_t t = a->first[phase]; t < a->first[phase + 1]; t++) {
        const float *x = NULL;
        const hits one = hits_of(j, &a->taps[t], &x);
        if (!one.n) continue;
        const bool goes_on = all.n && all.first + all.n == t && all.low == one.low &&
                             all.high == one.high;
        if (all.n && !goes_on) add_hits(j, &all, false);
        if (!goes_on) all = (hits){ t, 0, one.low, one.high };
        const float **to = j->pointers + all.n++ * (one.high - one.low);
        for (int64_t r = one.low; r < one.high; r++, x += a->window.step[2]) *to++ = x;
    }
    if (all.n && add_hits(j, &all, true)) return;
    j->out.bias = j->bias;
    j->out.bias_stride = j->bias_stride;
    j->kernel->run(&j->out);
}

/* Rows [first, end) of a phase of a line, of one panel. */
static void run_rows(const tile_job *line, int64_t phase, int64_t first, int64_t end)
{
    const transposed_args *a = line->a;
    const int64_t n_tiles = (end - first + line->kernel->rows - 1) / line->kernel->rows;
    for (int64_t i = 0; i < n_tiles; i++) {
        const int64_t row = first + (end - first) * i / n_tiles;
        tile_job j = *line;
        j.out.n_rows = (int)(first + (end - first) * (i + 1) / n_tiles - row);
        j.out.y += row * j.out.y_stride;
        if (j.out.finish.add) j.out.finish.add += row * j.out.y_stride;
        j.column += row * a->window.stride[2];
        run_tile(&j, phase);
    }
}

/* A job for panel `panel` of a group; `row` is the line's first output position. */
static tile_job job_of(const transposed_args *a, const pare_frame *frame, int64_t row,
                       int64_t group, int64_t panel, uint8_t *scratch)
{
    const pare_product *p = &a->product;
    const pare_gemm_kernel *kernel = &frame->kernels->gemm;
    const int64_t n_panels = (p->n_cols + kernel->panel - 1) / kernel->panel;
    const int64_t column = panel * kernel->panel;
    const int64_t vector = group * n_panels * kernel->panel + column;
    const int64_t at = row * p->y_row + group * p->n_cols + column;
    tile_job j = { .a = a, .kernel = kernel, .bias = p->epilogue.bias + vector };
    j.sums = (float *)(void *)scratch;
    j.pointers = (const float **)(void *)(j.sums + PARE_TILE_MAX_ROWS * PARE_PANEL_MAX);
    j.w = p->w + (group * n_panels + panel) * p->n_taps * p->depth * kernel->panel;
    j.x = (const float *)pare_laid_address(frame, &p->x) +
          row / a->window.n_out * a->window.batch_step + group * p->depth;
    j.out = (pare_gemm_tile){ .y = (float *)pare_laid_address(frame, &p->y) + at, .w = j.w,
                              .y_stride = p->y_row * a->window.stride[2],
                              .finish = p->epilogue.finish };
    j.out.n_cols = p->n_cols - column < kernel->panel ? (int)(p->n_cols - column) : kernel->panel;
    if (j.out.finish.scale) {
        j.out.finish.scale += vector;
        j.out.finish.shift += vector;
    }
    if (p->epilogue.has_add)
        j.out.finish.add = (const float *)pare_laid_address(frame, &p->epilogue.add) + at;
    j.out.finish.add_stride = j.out.y_stride;
    return j;
}

/* Block `block` of a line: for each panel and phase some rows. */
static void run_line(const transposed_args *a, const pare_frame *frame, int64_t line, int64_t block,
                     uint8_t *scratch)
{
    const pare_sliding *s = &a->window;
    const int64_t n_panels = (a->product.n_cols + frame->kernels->gemm.panel - 1) /
                             frame->kernels->gemm.panel;
    const int64_t at[2] = { line / s->out[1] % s->out[0] + s->begin[0],
                            line % s->out[1] + s->begin[1] };
    const int64_t outer = (at[0] % s->stride[0] * s->stride[1] + at[1] % s->stride[1]) *
                          s->stride[2];
    for (int64_t i = 0; i < a->product.n_outer * n_panels; i++) {
        tile_job j = job_of(a, frame, line * s->out[2], i / n_panels, i % n_panels, scratch);
        j.line[0] = at[0];
        j.line[1] = at[1];
        for (int64_t w = 0; w < s->stride[2] && w < s->out[2]; w++) {
            const int64_t n = (s->out[2] - w + s->stride[2] - 1) / s->stride[2];
            const int64_t first = block * a->rows_per_block;
            const int64_t end = first + a->rows_per_block < n ? first + a->rows_per_block : n;
            tile_job phase = j;
            phase.column = w + s->begin[2];
            phase.out.y += w * a->product.y_row;
            if (phase.out.finish.add) phase.out.finish.add += w * a->product.y_row;
            if (first < end) run_rows(&phase, outer + phase.column % s->stride[2], first, end);
        }
    }
}

static void run_transposed(const void *args, const pare_frame *frame, uint32_t task,
                           uint32_t worker)
{
    const transposed_args *a = args;
    uint8_t *scratch = pare_frame_scratch(frame, worker);
    const int64_t first = task / a->n_blocks * a->lines_per_task;
    for (int64_t i = first; i < first + a->lines_per_task && i < a->n_lines; i++)
        run_line(a, frame, i, task % a->n_blocks, scratch);
}

/* --- planning --------------------------------------------------------------------------------- */

/* Lists the taps by phase. */
static pare_status order_taps(pare_planner *p, transposed_args *a, int64_t n_phases)
{
    const pare_sliding *s = &a->window;
    tap *taps = pare_plan_args(p, (size_t)s->n_taps * sizeof(*taps));
    int64_t *first = pare_plan_args(p, ((size_t)n_phases + 1) * sizeof(*first));
    int64_t *next = pare_plan_args(p, (size_t)n_phases * sizeof(*next));
    if (!taps || !first || !next) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t t = 0; t < s->n_taps; t++) {
            int64_t phase = 0;
            int64_t rest = t;
            tap k;
            for (int d = PARE_SLIDING_AXES; d-- > 0; rest /= s->kernel[d])
                k.at[d] = (int32_t)(rest % s->kernel[d]);
            for (int d = 0; d < PARE_SLIDING_AXES; d++)
                phase = phase * s->stride[d] + k.at[d] * s->dilation[d] % s->stride[d];
            if (pass == 0) first[phase + 1]++;
            else taps[next[phase]++] = k;
        }
        for (int64_t i = 0; pass == 0 && i < n_phases; i++) {
            first[i + 1] += first[i];
            next[i] = first[i];
        }
    }
    a->taps = taps;
    a->first = first;
    return PARE_OK;
}

static void pack_panel(const transposed_args *a, const float *w, int64_t group, int64_t first,
                       int panel, float *to)
{
    const pare_product *p = &a->product;
    const pare_sliding *s = &a->window;
    for (int64_t t = 0; t < p->n_taps; t++) {
        const tap *k = &a->taps[t];
        const int64_t at = (k->at[0] * s->kernel[1] + k->at[1]) * s->kernel[2] + k->at[2];
        for (int64_t c = 0; c < p->depth; c++, to += panel)
            for (int64_t j = first; j < p->n_cols && j < first + panel; j++)
                to[j - first] = w[((group * p->depth + c) * p->n_cols + j) * p->n_taps + at];
    }
}

/* W [C, M / groups, taps] as panels for each group. */
static pare_status pack_filters(pare_planner *p, pare_value_id value, transposed_args *a)
{
    pare_product *product = &a->product;
    const pare_sliding *s = &a->window;
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t n_panels = pare_product_panels(p, product->n_cols);
    const int64_t size = product->n_taps * product->depth * panel;
    /* taps come in another order for other strides (small ones, see fits) and dilations */
    pare_pack_key key = { .form = "transposed", .params = { panel, product->n_outer } };
    key.params[2 + PARE_SLIDING_AXES] = product->n_cols;
    for (int d = 0; d < PARE_SLIDING_AXES; d++)
        key.params[2 + d] = s->stride[d] << 32 | s->dilation[d];
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key,
                            (size_t)(product->n_outer * n_panels * size) * sizeof(float), &out,
                            &is_new));
    product->w = out;
    if (!is_new) return PARE_OK;
    const float *w = NULL;
    void *owned = NULL;
    PARE_TRY(pare_plan_floats(p, value, &w, &owned));
    for (int64_t i = 0; i < product->n_outer * n_panels; i++)
        pack_panel(a, w, i / n_panels, i % n_panels * panel, panel, (float *)out + i * size);
    pare_free(p->ctx, owned);
    return PARE_OK;
}

/* What this lowering takes: float, constant filters and bias, few phases and taps. */
static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *w,
                 pare_laid *y)
{
    const pare_conv_transpose_params *params = l->params;
    const pare_value_id bias = pare_lower_in(l, 2);
    int64_t n_phases = 1;
    int64_t n_taps = 1;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) ||
        !pare_plan_shape(p, pare_lower_in(l, 0), x) ||
        !pare_plan_shape(p, pare_lower_in(l, 1), w) ||
        !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    if (x->dtype != PARE_FLOAT || w->dtype != PARE_FLOAT || x->rank < 3 ||
        x->rank > 2 + PARE_SLIDING_AXES || w->rank != x->rank || x->dims[1] % params->group)
        return false;
    for (uint32_t d = 2; d < x->rank; d++) {
        const int64_t stride = pare_window_at(params->window.strides, d - 2, 1);
        if (stride > MAX_PHASES / n_phases || w->dims[d] > MAX_TAPS / n_taps || !w->dims[d])
            return false;
        n_phases *= stride;
        n_taps *= w->dims[d];
    }
    return pare_plan_constant_shape(p, pare_lower_in(l, 1)) &&
           (bias == PARE_NONE || pare_plan_is_vector(p, bias, y->dims[1]));
}

/* False: something is added in front instead of being cut off. */
static bool set_window(transposed_args *a, const pare_conv_transpose_params *params,
                       const pare_laid *x, const pare_laid *w, const pare_laid *y)
{
    pare_window_shape s = { .n_axes = (int32_t)(x->rank - 2) };
    for (uint32_t d = 0; d + 2 < x->rank; d++) {
        s.in[d] = x->dims[2 + d];
        s.kernel[d] = w->dims[2 + d];
        s.out[d] = y->dims[2 + d];
        s.stride[d] = pare_window_at(params->window.strides, d, 1);
        s.dilation[d] = pare_window_at(params->window.dilations, d, 1);
        s.begin[d] = pare_conv_transpose_cut(params, &s, d);
        if (s.begin[d] < 0) return false;
    }
    pare_sliding_init(&a->window, &s);
    return true;
}

/* Divides lines among tasks by their sizes alone, and adds the step. */
static pare_status add_step(pare_planner *p, transposed_args *a, int64_t n_phases)
{
    const pare_product *product = &a->product;
    const int64_t width = (a->window.out[2] + a->window.stride[2] - 1) / a->window.stride[2];
    const double per_row = (double)product->n_taps * (double)product->depth *
                           (double)product->n_cols * (double)product->n_outer *
                           (double)a->window.stride[2] / (double)n_phases + 1;
    const double rows = fmax(1, TASK_PRODUCTS / per_row);
    const int64_t unit = p->plan->kernels->gemm.rows;
    a->n_lines = product->n_rows / a->window.out[2];
    a->rows_per_block = rows < (double)width ? ((int64_t)rows + unit - 1) / unit * unit : width;
    a->n_blocks = (width + a->rows_per_block - 1) / a->rows_per_block;
    const double lines = fmax(1, rows / (double)width);
    a->lines_per_task = a->n_blocks > 1 ? 1
                        : lines < (double)a->n_lines ? (int64_t)lines : a->n_lines;
    const int64_t n_tasks =
        (a->n_lines + a->lines_per_task - 1) / a->lines_per_task * a->n_blocks;
    const size_t pointers = (size_t)product->n_taps * PARE_TILE_MAX_ROWS * sizeof(const float *);
    const size_t sums = (size_t)PARE_TILE_MAX_ROWS * PARE_PANEL_MAX * sizeof(float);
    const pare_step step = { .run = run_transposed, .args = a, .n_tasks = (uint32_t)n_tasks,
                             .scratch_bytes = sums + pointers, .kernel = "conv transpose f32" };
    const pare_laid *touches[] = { &product->x, &product->y,
                                   product->epilogue.has_add ? &product->epilogue.add : NULL };
    return pare_plan_step(p, &step, touches, 3);
}

pare_status pare_lower_conv_transpose(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_conv_transpose_params *params = l->params;
    pare_laid x, w, y;
    if (!fits(p, l, &x, &w, &y)) return PARE_OK;
    transposed_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (!set_window(a, params, &x, &w, &y)) return PARE_OK;
    *done = true;
    const int64_t n_phases = a->window.stride[0] * a->window.stride[1] * a->window.stride[2];
    pare_product *product = &a->product;
    *product = (pare_product){
        .n_outer = params->group, .n_weights = params->group, .n_vectors = params->group,
        .n_rows = y.dims[0] * a->window.n_out, .n_cols = w.dims[1], .n_taps = a->window.n_taps,
        .depth = x.dims[1] / params->group, .epilogue = PARE_EPILOGUE_NONE,
    };
    PARE_TRY(order_taps(p, a, n_phases));
    PARE_TRY(pack_filters(p, pare_lower_in(l, 1), a));
    PARE_TRY(pare_product_bias(p, product, pare_lower_in(l, 2)));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_CHANNELS_LAST, &product->x));
    pare_sliding_read(&a->window, &product->x);
    pare_laid_arrange(&y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_product_tail(p, l, product, &y));
    PARE_TRY(pare_product_out(p, l, product, &y));
    product->y = y;
    product->y_row = pare_laid_pixel_stride(&y);
    if (product->n_rows == 0 || product->n_cols == 0) return PARE_OK;
    return add_step(p, a, n_phases);
}
