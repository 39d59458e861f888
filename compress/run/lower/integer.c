#include "run/lower/integer.h"

#include <math.h>

enum { QUAD = 4, SIGN = 128 };

static const pare_split_limits task_limits = {
    .min_task = 1 << 20, .max_task = 1 << 25, /* products: some to 100 microseconds */
    .n_wanted = 16,
    .cached_bytes = 256 << 10, /* a block of panels stays in the second-level cache */
};

const pare_integer_kernel *pare_integer_kernel_of(const pare_kernels *k,
                                                  const pare_integer_product *a)
{
    return &k->integers->tile[a->sums];
}

int64_t pare_integer_padded(const pare_planner *p, const pare_integer_product *a)
{
    const int panel = pare_integer_kernel_of(p->plan->kernels, a)->panel;
    return pare_split_up(a->n_cols, panel) * panel;
}

/* --- weights and vectors ---------------------------------------------------------------------- */

/* Kernels multiply bytes of different signs: weights of x's own sign are moved by 128. Saturating
 * sums are of uint8 x, which int8 is moved to, and int8 weights; of others they are exact. */
void pare_integer_set_sums(const pare_planner *p, const pare_integer_operands *o,
                           pare_integer_product *a)
{
    a->x_is_signed = o->x_dtype == PARE_INT8;
    a->sums = o->w_dtype == PARE_INT8 ? p->opts->sums : PARE_SUMS_EXACT;
}

/* What is added to weights, and to x, when they are read by kernels. */
static int32_t weight_move(const pare_integer_operands *o, const pare_integer_product *a)
{
    if (a->sums == PARE_SUMS_SATURATING) return 0;
    if (a->x_is_signed) return o->w_dtype == PARE_INT8 ? SIGN : 0;
    return o->w_dtype == PARE_UINT8 ? -SIGN : 0;
}

static int32_t input_move(const pare_integer_product *a)
{
    return a->sums == PARE_SUMS_SATURATING && a->x_is_signed ? SIGN : 0;
}

/* Params of "bytes". */
enum { PANEL, OUTERS, COLUMNS, TAPS, DEPTH, AT_OUTER, AT_COLUMN, AT_TAP,
       AT_POSITION, AT_CHANNEL, PIXEL, CHANNELS, MOVES, SIGNED };

/* Where the bytes of a quad come from; how many there are, behind which are zeros. */
static int64_t places_of(const int64_t *params, int64_t b, int64_t *at)
{
    int64_t n = 0;
    for (; n < QUAD && b + n < params[DEPTH]; n++) {
        const int64_t channel = (b + n) % params[PIXEL];
        if (channel >= params[CHANNELS]) break;
        at[n] = (b + n) / params[PIXEL] * params[AT_POSITION] + channel * params[AT_CHANNEL];
    }
    return n;
}

/* A panel, and the sums of its columns. */
static uint8_t *pack_panel(const int64_t *params, const uint8_t *w, int64_t first, uint8_t *to,
                           int32_t *sums)
{
    const int64_t panel = params[PANEL];
    const int64_t n = params[COLUMNS] - first < panel ? params[COLUMNS] - first : panel;
    const uint8_t flip = params[MOVES] ? SIGN : 0;
    for (int64_t t = 0; t < params[TAPS]; t++)
        for (int64_t b = 0; b < params[DEPTH]; b += QUAD, to += panel * QUAD) {
            int64_t at[QUAD];
            const int64_t n_there = places_of(params, b, at);
            const uint8_t *from = w + t * params[AT_TAP] + first * params[AT_COLUMN];
            for (int64_t j = 0; j < n; j++, from += params[AT_COLUMN])
                for (int64_t q = 0; q < n_there; q++) {
                    const uint8_t byte = from[at[q]] ^ flip;
                    to[j * QUAD + q] = byte;
                    sums[j] += params[SIGNED] ? (int8_t)byte : byte;
                }
        }
    return to;
}

static void pack_all(const int64_t *params, const uint8_t *w, uint8_t *to, int32_t *sums)
{
    for (int64_t o = 0; o < params[OUTERS]; o++)
        for (int64_t j = 0; j < params[COLUMNS]; j += params[PANEL], sums += params[PANEL])
            to = pack_panel(params, w + o * params[AT_OUTER], j, to, sums);
}

static int64_t panel_bytes(const pare_integer_product *a, int panel)
{
    return pare_integer_panel_bytes(a->n_taps, a->depth, panel);
}

pare_status pare_integer_pack(pare_planner *p, const pare_integer_operands *o,
                              const pare_integer_weights *at, pare_integer_product *a)
{
    const int panel = pare_integer_kernel_of(p->plan->kernels, a)->panel;
    const int64_t n = a->n_weights * pare_integer_padded(p, a);
    const int64_t n_bytes = n / panel * panel_bytes(a, panel);
    pare_pack_key key = { .form = "bytes",
                          .params = { [PANEL] = panel, [OUTERS] = a->n_weights,
                                      [COLUMNS] = a->n_cols, [TAPS] = a->n_taps,
                                      [DEPTH] = a->depth, [AT_OUTER] = at->outer,
                                      [AT_COLUMN] = at->column, [AT_TAP] = at->tap,
                                      [AT_POSITION] = at->position, [AT_CHANNEL] = at->channel,
                                      [PIXEL] = at->pixel, [CHANNELS] = at->channels,
                                      [MOVES] = weight_move(o, a) != 0,
                                      [SIGNED] = a->sums || !a->x_is_signed } };
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, o->w, &key, (size_t)n_bytes + (size_t)n * sizeof(int32_t), &out,
                            &is_new));
    int32_t *sums = (int32_t *)(void *)((uint8_t *)out + n_bytes);
    if (is_new)
        pack_all(key.params, pare_plan_constant(p, o->w)->payload.data, out, sums);
    a->w = out;
    a->column_sums = sums;
    return PARE_OK;
}

void pare_integer_scales(const pare_integer_operands *o, int64_t m, int64_t n, float *scale,
                         float *shift)
{
    for (int64_t j = 0; j < n && o->finish.out != PARE_INTEGER_S32; j++) {
        scale[j] = pare_integer_scale(o, m + j);
        shift[j] = pare_integer_shift(o, m + j);
    }
}

bool pare_integer_is_free(const pare_integer_operands *o, int64_t n, const float *scale,
                          const float *shift)
{
    const pare_integer_finish *f = &o->finish;
    const float type_low = f->out == PARE_INTEGER_U8 ? 0 : INT8_MIN;
    bool is_free = (f->out == PARE_INTEGER_U8 || f->out == PARE_INTEGER_S8) &&
                   f->low + (float)f->zero == type_low &&
                   f->high + (float)f->zero == type_low + UINT8_MAX;
    for (int64_t j = 0; is_free && j < n; j++)
        is_free = fabsf(scale[j]) <= 0.25f && fabsf(shift[j]) <= 0x1p29f;
    return is_free;
}

/* Numbers of one outer index: those of columns from m on. */
static void fill_starts(const pare_integer_operands *o, const pare_integer_product *a, int64_t m,
                        const int32_t *sums, int32_t *start, int32_t *w_zero)
{
    const uint32_t x_zero = (uint32_t)(o->x_zero + input_move(a));
    for (int64_t j = 0; j < a->n_cols; j++) {
        const int32_t zero = pare_integer_int_at(o->w_zero, m + j) + weight_move(o, a);
        const uint32_t bias = (uint32_t)pare_integer_int_at(o->bias, m + j);
        start[j] = (int32_t)(bias - x_zero * ((uint32_t)sums[j] -
                                              (uint32_t)a->n_products * (uint32_t)zero));
        w_zero[j] = zero;
    }
}

pare_status pare_integer_set_vectors(pare_planner *p, const pare_integer_operands *o,
                                     pare_integer_product *a)
{
    const int64_t padded = pare_integer_padded(p, a);
    const size_t n = (size_t)(a->n_vectors * padded);
    a->finish = o->finish;
    int32_t *start = pare_plan_args(p, n * sizeof(*start) + 1);
    int32_t *w_zero = pare_plan_args(p, n * sizeof(*w_zero) + 1);
    float *scale = pare_plan_args(p, n * sizeof(*scale) + 1);
    float *shift = pare_plan_args(p, n * sizeof(*shift) + 1);
    if (!start || !w_zero || !scale || !shift) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (int64_t i = 0; i < a->n_vectors; i++) {
        fill_starts(o, a, i * a->n_cols, a->column_sums + i * padded, start + i * padded,
                    w_zero + i * padded);
        pare_integer_scales(o, i * a->n_cols, a->n_cols, scale + i * padded, shift + i * padded);
    }
    bool has_zeros = false;
    for (size_t i = 0; i < n; i++) has_zeros = has_zeros || w_zero[i];
    a->start = start;
    a->w_zero = has_zeros ? w_zero : NULL;
    a->scale = scale;
    a->shift = pare_integer_has_shift(o) ? shift : NULL;
    a->is_dynamic = o->is_dynamic;
    a->zero_at = o->zero_at;
    a->scale_at = o->scale_at;
    a->finish.is_free = pare_integer_is_free(o, (int64_t)n, scale, shift);
    a->row_shift = (int32_t)(uint32_t)((uint32_t)a->n_products * (uint32_t)input_move(a));
    return PARE_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static void sum_rows(const pare_integer_product *a, const pare_frame *frame,
                     const pare_integer_tile *t, int32_t *sums)
{
    for (int r = 0; r < t->n_rows; r++) {
        uint32_t sum = (uint32_t)a->row_shift;
        for (int64_t tap = 0; tap < t->n_taps; tap++)
            sum += (uint32_t)frame->kernels->integers->row_sum(
                t->depth, t->x[tap * t->n_rows + r], a->x_is_signed);
        sums[r] = (int32_t)sum;
    }
}

static size_t out_width(const pare_integer_product *a)
{
    return a->finish.out < PARE_INTEGER_U8 ? sizeof(float) : 1;
}

/* Numbers of columns, those of all outer indices: as planned, or made for a run. */
typedef struct column_numbers {
    const int32_t *start;
    const float *scale;
} column_numbers;

/* Of operands that are dynamic: the scale and zero point of x put into numbers of columns. */
static void set_columns(const pare_integer_product *a, const pare_frame *frame, int64_t n,
                        int32_t *start, float *scale)
{
    const uint8_t byte = *(const uint8_t *)pare_laid_address(frame, &a->zero_at);
    const uint32_t zero = (uint32_t)(a->zero_at.dtype == PARE_INT8 ? (int8_t)byte : byte) +
                          (uint32_t)input_move(a);
    const bool has_scale = a->scale_at.buffer != PARE_NO_BUFFER;
    const float x_scale = has_scale ? *(const float *)pare_laid_address(frame, &a->scale_at) : 1;
    for (int64_t j = 0; j < n; j++) {
        const uint32_t w_zero = a->w_zero ? (uint32_t)a->w_zero[j] : 0;
        start[j] = (int32_t)((uint32_t)a->start[j] -
                             zero * ((uint32_t)a->column_sums[j] -
                                     (uint32_t)a->n_products * w_zero));
        scale[j] = x_scale * a->scale[j];
    }
}

/* One tile of rows against the panels of a block. */
static void multiply_tile(const pare_integer_product *a, const pare_frame *frame,
                          const pare_split_block *b, const column_numbers *columns,
                          pare_integer_tile *tile, int64_t row)
{
    const pare_integer_kernel *kernel = pare_integer_kernel_of(frame->kernels, a);
    const int64_t n_panels = pare_split_up(a->n_cols, kernel->panel);
    const int64_t n_bytes = panel_bytes(a, kernel->panel);
    const uint8_t *w = a->w + b->outer % a->n_weights * n_panels * n_bytes;
    const int64_t vector = b->outer % a->n_vectors * n_panels * kernel->panel;
    uint8_t *y = (uint8_t *)pare_laid_address(frame, &a->y) +
                 (size_t)(b->outer * a->y_outer + row * a->y_row) * out_width(a);
    for (int64_t j = b->first_panel; j < b->end_panel; j++) {
        const int64_t col = j * kernel->panel;
        tile->n_cols = a->n_cols - col < kernel->panel ? (int)(a->n_cols - col) : kernel->panel;
        tile->w = w + j * n_bytes;
        tile->start = columns->start + vector + col;
        tile->w_zero = a->w_zero ? a->w_zero + vector + col : NULL;
        tile->finish.scale = columns->scale + vector + col;
        tile->finish.shift = a->shift ? a->shift + vector + col : NULL;
        tile->y = y + (size_t)col * out_width(a);
        kernel->run(tile);
    }
}

static void multiply_block(const pare_integer_product *a, const pare_frame *frame,
                           const pare_split_block *b, uint8_t *scratch)
{
    const pare_integer_kernel *kernel = pare_integer_kernel_of(frame->kernels, a);
    const uint8_t **x = (const uint8_t **)(void *)(scratch + a->room_bytes);
    const int64_t n_tiles = pare_split_up(a->n_rows, kernel->rows);
    const int64_t n = a->n_vectors * pare_split_up(a->n_cols, kernel->panel) * kernel->panel;
    column_numbers columns = { a->start, a->scale };
    int32_t row_sums[PARE_TILE_MAX_ROWS];
    if (a->is_dynamic) {
        int32_t *start = (int32_t *)(void *)(x + a->n_taps * PARE_TILE_MAX_ROWS);
        float *scale = (float *)(void *)(start + n);
        set_columns(a, frame, n, start, scale);
        columns.start = start, columns.scale = scale;
    }
    for (int64_t i = b->first_tile; i < b->end_tile; i++) {
        const int64_t row = pare_split_start(a->n_rows, n_tiles, i);
        const int64_t end = pare_split_start(a->n_rows, n_tiles, i + 1);
        pare_integer_tile tile = {
            .n_rows = (int)(end - row), .n_taps = a->n_taps, .depth = a->depth, .x = x,
            .x_is_signed = a->x_is_signed, .finish = a->finish, .y_stride = a->y_row,
            .row_sums = row_sums,
        };
        a->rows(a, frame, b->outer, row, tile.n_rows, x, scratch);
        if (a->w_zero) sum_rows(a, frame, &tile, row_sums);
        multiply_tile(a, frame, b, &columns, &tile, row);
    }
}

static void run_product(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const pare_integer_product *a = args;
    const pare_split_block b = pare_split_at(&a->split, task);
    multiply_block(a, frame, &b, pare_frame_scratch(frame, worker));
}

pare_status pare_integer_step(pare_planner *p, pare_integer_product *a, const char *name)
{
    const pare_integer_kernel *kernel = pare_integer_kernel_of(p->plan->kernels, a);
    const int64_t n_panels = pare_split_up(a->n_cols, kernel->panel);
    if (a->n_outer * a->n_rows * a->n_cols == 0) return PARE_OK;
    const int64_t n_bytes = panel_bytes(a, kernel->panel);
    a->split = (pare_split){ .n_outer = a->n_outer, .n_panels = n_panels,
                             .n_tiles = pare_split_up(a->n_rows, kernel->rows) };
    const double total = (double)a->n_outer * (double)a->n_rows * (double)n_panels *
                         (double)(n_bytes < 1 ? 1 : n_bytes);
    pare_split_choose(&a->split, &task_limits, n_bytes < 1 ? 1 : n_bytes, total);
    const size_t pointers = (size_t)a->n_taps * PARE_TILE_MAX_ROWS * sizeof(const uint8_t *);
    const size_t columns = a->is_dynamic ? (size_t)(a->n_vectors * n_panels * kernel->panel) * 8
                                         : 0;
    a->room_bytes = (a->room_bytes + 63) / 64 * 64;
    const pare_step step = { .run = run_product, .args = a, .n_tasks = pare_split_tasks(&a->split),
                             .scratch_bytes = a->room_bytes + pointers + columns,
                             .kernel = name };
    const pare_laid *touches[] = { &a->x, &a->y, a->is_dynamic ? &a->zero_at : NULL,
                                   a->is_dynamic ? &a->scale_at : NULL };
    return pare_plan_step(p, &step, touches, 4);
}
