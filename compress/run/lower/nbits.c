#include "run/lower/lower.h"

#include "op/matmul.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* MatMulNBits with constant weights of 4 or 8 bits. Weights stay in their bits, by panels; a few
 * rows are multiplied by them as they are read, more by what is unpacked of a panel, a piece of K
 * at a time: chains go on from piece to piece, so nothing depends on the sizes of pieces. With
 * accuracy_level 4 rows are rounded by a step before. */

enum {
    FEW_ROWS = 3,             /* that unpacking does not pay for */
    ROWS = 128,               /* of a task, at the most */
    PIECE = 256,              /* values of k that are unpacked together, about */
    MOST_BLOCK = 4096,        /* that scratch memory is for */
};

typedef struct nbits_args {
    pare_matmul_nbits_params params;
    pare_laid x, q, q_scale, y; /* plain; q and q_scale: rounded x, where it is to be */
    bool rounds;
    int64_t n_rows, n_blocks;
    const uint8_t *codes;     /* [panels][k][panel * bits / 8] */
    const float *scale, *zero; /* [panels][n_blocks][panel] */
    const float *bias;        /* [panels][panel] */
    int64_t rows_per_task, panels_per_task, n_panel_tasks;
} nbits_args;

/* --- running ---------------------------------------------------------------------------------- */

static void run_round(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const nbits_args *a = args;
    const int64_t k = a->params.k, end = (task + 1) * a->rows_per_task;
    const float *x = pare_laid_address(frame, &a->x);
    float *q = pare_laid_address(frame, &a->q), *scale = pare_laid_address(frame, &a->q_scale);
    for (int64_t r = task * a->rows_per_task; r < end && r < a->n_rows; r++)
        frame->kernels->nbits->round(k, a->params.block_size, x + r * k, q + r * k,
                                     scale + r * a->n_blocks);
}

/* A part of a panel, from value `at` of k on, which starts a block. */
static pare_nbits_panel part_of(const nbits_args *a, int64_t panel, int64_t at, int64_t n,
                                int width)
{
    const int64_t bits = a->params.bits, block = a->params.block_size;
    const int64_t first = (panel * a->n_blocks + at / block) * width;
    return (pare_nbits_panel){ (int)bits, n, block,
                               a->codes + (panel * a->params.k + at) * width * bits / 8,
                               a->scale + first, a->zero + first };
}

typedef struct scratch {
    float *w;                 /* [PIECE or a block][panel] */
    float *sums;              /* [PARE_TILE_MAX_ROWS][panel] */
    float *y;                 /* [ROWS][panel] */
    float *zeros;             /* [panel] */
} scratch;

static scratch room_of(const pare_frame *frame, const nbits_args *a, uint32_t worker)
{
    const int width = frame->kernels->nbits->panel;
    const int64_t piece = a->params.block_size > PIECE ? a->params.block_size : PIECE;
    scratch r = { .w = (float *)(void *)pare_frame_scratch(frame, worker) };
    r.sums = r.w + piece * width;
    r.y = r.sums + PARE_TILE_MAX_ROWS * width;
    r.zeros = r.y + ROWS * width;
    return r;
}

/* y += rows [n_rows] of x, from value `at` of k on, times the unpacked w [n]. */
static void multiply(const nbits_args *a, const pare_frame *frame, const scratch *room,
                     const float *x, int64_t n_rows, int64_t n)
{
    const pare_gemm_kernel *gemm = &frame->kernels->gemm;
    for (int64_t r = 0; r < n_rows; r += gemm->rows) {
        float *y = room->y + r * gemm->panel;
        gemm->run(&(pare_gemm_tile){
            .n_rows = (int)(n_rows - r < gemm->rows ? n_rows - r : gemm->rows),
            .n_cols = gemm->panel, .n_taps = 1, .depth = n, .rows = x + r * a->params.k,
            .row_stride = a->params.k, .w = room->w, .bias = y, .bias_stride = gemm->panel,
            .finish = { .low = -INFINITY, .high = INFINITY }, .y = y, .y_stride = gemm->panel });
    }
}

/* The same of one block of rounded rows, whose products are exact, and then scaled. */
static void multiply_block(const nbits_args *a, const pare_frame *frame, const scratch *room,
                           const float *w, const float *scale, const float *x,
                           const float *x_scale, int64_t n_rows, int64_t n)
{
    const pare_gemm_kernel *gemm = &frame->kernels->gemm;
    for (int64_t r = 0; r < n_rows; r += gemm->rows) {
        const int rows = (int)(n_rows - r < gemm->rows ? n_rows - r : gemm->rows);
        gemm->run(&(pare_gemm_tile){
            .n_rows = rows, .n_cols = gemm->panel, .n_taps = 1, .depth = n,
            .rows = x + r * a->params.k, .row_stride = a->params.k, .w = w, .bias = room->zeros,
            .finish = { .low = -INFINITY, .high = INFINITY }, .y = room->sums,
            .y_stride = gemm->panel });
        frame->kernels->nbits->add(rows, room->sums, x_scale + r * a->n_blocks, a->n_blocks, scale,
                                   room->y + r * gemm->panel);
    }
}

static void run_panel(const nbits_args *a, const pare_frame *frame, const scratch *room,
                      int64_t panel, int64_t first, int64_t n_rows)
{
    const pare_nbits_kernels *kernels = frame->kernels->nbits;
    const int64_t k = a->params.k, block = a->params.block_size;
    const int64_t piece = block > PIECE ? block : PIECE / block * block;
    const float *x = (const float *)pare_laid_address(frame, a->rounds ? &a->q : &a->x) + first * k;
    const float *x_scale = NULL;
    if (a->rounds)
        x_scale = (const float *)pare_laid_address(frame, &a->q_scale) + first * a->n_blocks;
    for (int64_t at = 0; at < k; at += piece) {
        const int64_t n = k - at < piece ? k - at : piece;
        const pare_nbits_panel part = part_of(a, panel, at, n, kernels->panel);
        kernels->unpack(&part, !a->rounds, room->w);
        if (!a->rounds) {
            multiply(a, frame, room, x + at, n_rows, n);
            continue;
        }
        for (int64_t b = 0; b < n; b += block)
            multiply_block(a, frame, room, room->w + b * kernels->panel,
                           part.scale + b / block * kernels->panel, x + at + b,
                           x_scale + (at + b) / block, n_rows, n - b < block ? n - b : block);
    }
}

/* Few rows: each by the panel as it is. */
static void run_vectors(const nbits_args *a, const pare_frame *frame, const scratch *room,
                        int64_t panel, int64_t first, int64_t n_rows)
{
    const int width = frame->kernels->nbits->panel;
    const pare_nbits_panel all = part_of(a, panel, 0, a->params.k, width);
    for (int64_t r = 0; r < n_rows; r++) {
        const float *x = pare_laid_address(frame, a->rounds ? &a->q : &a->x);
        const float *x_scale = NULL;
        if (a->rounds)
            x_scale = (const float *)pare_laid_address(frame, &a->q_scale) +
                      (first + r) * a->n_blocks;
        frame->kernels->nbits->vector(&all, x + (first + r) * a->params.k, x_scale,
                                      a->bias + panel * width, room->y + r * width);
    }
}

static void run_product(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const nbits_args *a = args;
    const int width = frame->kernels->nbits->panel;
    const scratch room = room_of(frame, a, worker);
    const int64_t first = task / a->n_panel_tasks * a->rows_per_task;
    const int64_t n_rows =
        a->n_rows - first < a->rows_per_task ? a->n_rows - first : a->rows_per_task;
    float *y = (float *)pare_laid_address(frame, &a->y) + first * a->params.n;
    memset(room.zeros, 0, (size_t)width * sizeof(float));
    for (int64_t i = 0; i < a->panels_per_task; i++) {
        const int64_t panel = task % a->n_panel_tasks * a->panels_per_task + i;
        const int64_t left = a->params.n - panel * width;
        if (left <= 0) return;
        if (n_rows <= FEW_ROWS) {
            run_vectors(a, frame, &room, panel, first, n_rows);
        } else {
            for (int64_t r = 0; r < n_rows; r++)
                memcpy(room.y + r * width, a->bias + panel * width, (size_t)width * sizeof(float));
            run_panel(a, frame, &room, panel, first, n_rows);
        }
        for (int64_t r = 0; r < n_rows; r++)
            memcpy(y + r * a->params.n + panel * width, room.y + r * width,
                   (size_t)(left < width ? left : width) * sizeof(float));
    }
}

/* --- planning --------------------------------------------------------------------------------- */

enum { A, B, SCALES, ZERO_POINTS, G_IDX, BIAS };
enum { PANEL, N, K, BLOCKS, BITS, BLOCK };

static void fill_scales(const pare_kernels *kernels, const int64_t *params, const void *from,
                        float *to)
{
    const int64_t width = params[PANEL], n_blocks = params[BLOCKS];
    for (int64_t j = 0; j < params[N]; j += width, to += n_blocks * width) {
        const int valid = (int)(params[N] - j < width ? params[N] - j : width);
        kernels->gemm.pack(valid, n_blocks, 1, pare_float_address(from, j * n_blocks), n_blocks,
                           (int)width, to);
    }
}

static void fill_bias(const pare_kernels *kernels, const int64_t *params, const void *from,
                      float *to)
{
    const int64_t width = params[PANEL], padded = (params[N] + width - 1) / width * width;
    (void)kernels;
    for (int64_t j = 0; j < padded; j++) to[j] = j < params[N] ? pare_float_at(from, j) : 0;
}

static void fill_codes(const int64_t *params, const uint8_t *from, uint8_t *to)
{
    const int64_t width = params[PANEL], k = params[K], bits = params[BITS];
    const int64_t row_bytes = params[BLOCKS] * params[BLOCK] * bits / 8;
    for (int64_t j = 0; j < params[N]; j++) {
        const uint8_t *row = from + j * row_bytes;
        uint8_t *panel = to + j / width * k * width * bits / 8;
        const int64_t c = j % width;
        for (int64_t i = 0; bits == 8 && i < k; i++) panel[i * width + c] = row[i];
        for (int64_t i = 0; bits == 4 && i < k; i++)
            panel[i * (width / 2) + c % (width / 2)] |=
                (uint8_t)((row[i / 2] >> i % 2 * 4 & 15) << (c < width / 2 ? 0 : 4));
    }
}

/* from NULL: the middle of the codes. */
static void fill_zeros(const int64_t *params, const uint8_t *from, float *to)
{
    const int64_t width = params[PANEL], bits = params[BITS];
    const int64_t row_bytes = (params[BLOCKS] * bits + 7) / 8;
    for (int64_t j = 0; j < params[N]; j++)
        for (int64_t b = 0; b < params[BLOCKS]; b++)
            to[(j / width * params[BLOCKS] + b) * width + j % width] =
                from ? (float)pare_nbits_code_ref((int)bits, from + j * row_bytes, b)
                     : (float)(1 << (bits - 1));
}

/* A constant that is as long as it should be. */
static bool is_constant(const pare_planner *p, pare_value_id value, int64_t n)
{
    const pare_tensor *t = pare_plan_constant_shape(p, value);
    return t && !pare_plan_is_variable(p, value) && t->n_elements == n;
}

static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *y)
{
    const pare_matmul_nbits_params *m = l->params;
    const int64_t blocks = (m->k + m->block_size - 1) / m->block_size;
    const pare_value_id zeros = pare_lower_in(l, ZERO_POINTS), bias = pare_lower_in(l, BIAS);
    if (!pare_plan_has(p, pare_lower_in(l, A)) || !pare_plan_shape(p, pare_lower_in(l, A), x) ||
        !pare_plan_shape(p, pare_lower_out(l, 0), y) || x->dtype != PARE_FLOAT || !x->rank ||
        x->dims[x->rank - 1] != m->k || (m->bits != 4 && m->bits != 8) ||
        m->block_size > MOST_BLOCK || pare_lower_in(l, G_IDX) != PARE_NONE)
        return false;
    if (!is_constant(p, pare_lower_in(l, B), m->n * blocks * (m->block_size * m->bits / 8)) ||
        pare_plan_constant_shape(p, pare_lower_in(l, B))->dtype != PARE_UINT8 ||
        !is_constant(p, pare_lower_in(l, SCALES), m->n * blocks) ||
        pare_plan_constant_shape(p, pare_lower_in(l, SCALES))->dtype != PARE_FLOAT)
        return false;
    if (zeros != PARE_NONE &&
        (!is_constant(p, zeros, m->n * ((blocks * m->bits + 7) / 8)) ||
         pare_plan_constant_shape(p, zeros)->dtype != PARE_UINT8))
        return false;
    return bias == PARE_NONE || (is_constant(p, bias, m->n) &&
                                 pare_plan_constant_shape(p, bias)->dtype == PARE_FLOAT);
}

static pare_status pack(pare_planner *p, const pare_lowering *l, nbits_args *a)
{
    const pare_matmul_nbits_params *m = &a->params;
    const int64_t width = p->plan->kernels->nbits->panel;
    const int64_t padded = (m->n + width - 1) / width * width;
    const pare_value_id b = pare_lower_in(l, B), zeros = pare_lower_in(l, ZERO_POINTS);
    const pare_value_id bias = pare_lower_in(l, BIAS);
    pare_pack_key key = { .form = "nbits codes",
                          .params = { [PANEL] = width, [N] = m->n, [K] = m->k,
                                      [BLOCKS] = a->n_blocks, [BITS] = m->bits,
                                      [BLOCK] = m->block_size } };
    const size_t n_scales = (size_t)(padded * a->n_blocks) * sizeof(float);
    bool is_new = false;
    void *out = NULL;
    PARE_TRY(pare_plan_pack(p, b, &key, (size_t)(padded * m->k * m->bits / 8), &out, &is_new));
    a->codes = out;
    if (is_new) fill_codes(key.params, pare_plan_constant(p, b)->payload.data, out);
    key.form = "nbits zeros";
    PARE_TRY(pare_plan_pack(p, zeros == PARE_NONE ? b : zeros, &key, n_scales, &out, &is_new));
    a->zero = out;
    if (is_new)
        fill_zeros(key.params, zeros == PARE_NONE ? NULL
                                                  : pare_plan_constant(p, zeros)->payload.data,
                   out);
    key.form = "nbits scales";
    key.fill = fill_scales;
    PARE_TRY(pare_plan_pack(p, pare_lower_in(l, SCALES), &key, n_scales, &out, &is_new));
    a->scale = out;
    if (bias == PARE_NONE) {
        a->bias = pare_plan_args(p, (size_t)padded * sizeof(float));
        return a->bias ? PARE_OK : pare_arena_fail(p->ctx, &p->plan->arena);
    }
    key.form = "nbits bias";
    key.fill = fill_bias;
    PARE_TRY(pare_plan_pack(p, bias, &key, (size_t)padded * sizeof(float), &out, &is_new));
    a->bias = out;
    return PARE_OK;
}

static pare_status add_rounding(pare_planner *p, nbits_args *a)
{
    const nbits_args *args = a;
    a->q = (pare_laid){ .dtype = PARE_FLOAT, .rank = 2, .dims = { a->n_rows, a->params.k } };
    a->q_scale = (pare_laid){ .dtype = PARE_FLOAT, .rank = 2, .dims = { a->n_rows, a->n_blocks } };
    pare_laid_arrange(&a->q, PARE_FORM_PLAIN);
    pare_laid_arrange(&a->q_scale, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_temporary(p, &a->q));
    PARE_TRY(pare_plan_temporary(p, &a->q_scale));
    const pare_step step = { .run = run_round, .args = args, .kernel = "round to 8 bits",
                             .n_tasks = (uint32_t)((a->n_rows + a->rows_per_task - 1) /
                                                   a->rows_per_task) };
    const pare_laid *touches[] = { &a->x, &a->q, &a->q_scale };
    return pare_plan_step(p, &step, touches, 3);
}

/* Tasks of some 100 microseconds, by the sizes alone: a panel of a row takes about as long to
 * unpack as to be multiplied by ten rows. */
static void split(const pare_planner *p, nbits_args *a)
{
    const int64_t width = p->plan->kernels->nbits->panel;
    const int64_t n_panels = (a->params.n + width - 1) / width;
    a->rows_per_task = a->n_rows < ROWS ? a->n_rows : ROWS;
    const int64_t work = a->params.k * width * (a->rows_per_task + 10) / 50000; /* microseconds */
    a->panels_per_task = work < 100 ? 100 / (work + 1) : 1;
    if (a->panels_per_task > n_panels) a->panels_per_task = n_panels;
    if (a->panels_per_task < 1) a->panels_per_task = 1;
    a->n_panel_tasks = (n_panels + a->panels_per_task - 1) / a->panels_per_task;
}

pare_status pare_lower_matmul_nbits(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_matmul_nbits_params *m = l->params;
    pare_laid x, y;
    if (!fits(p, l, &x, &y)) return PARE_OK;
    nbits_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    a->params = *m;
    a->rounds = m->accuracy_level == 4;
    a->n_blocks = (m->k + m->block_size - 1) / m->block_size;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, A), PARE_FORM_PLAIN, &a->x));
    a->n_rows = pare_laid_n_elements(&a->x) / m->k;
    pare_laid_arrange(&y, PARE_FORM_PLAIN);
    PARE_TRY(pack(p, l, a));
    if (a->n_rows) split(p, a);
    if (a->n_rows && a->rounds) PARE_TRY(add_rounding(p, a));
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    a->y = y;
    if (!a->n_rows) return PARE_OK;
    const int64_t width = p->plan->kernels->nbits->panel;
    const int64_t piece = m->block_size > PIECE ? m->block_size : PIECE;
    const pare_step step = {
        .run = run_product, .args = a, .kernel = m->bits == 4 ? "matmul 4 bits" : "matmul 8 bits",
        .n_tasks = (uint32_t)((a->n_rows + a->rows_per_task - 1) / a->rows_per_task *
                              a->n_panel_tasks),
        .scratch_bytes =
            (size_t)((piece + PARE_TILE_MAX_ROWS + ROWS + 1) * width) * sizeof(float),
    };
    const pare_laid *touches[] = { &a->x, &a->y, &a->q, &a->q_scale };
    return pare_plan_step(p, &step, touches, a->rounds ? 4 : 2);
}
