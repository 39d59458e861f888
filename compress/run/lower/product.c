#include "run/lower/product.h"

#include <math.h>
#include <string.h>

static const pare_split_limits task_limits = {
    .min_task = 1 << 18, .max_task = 1 << 23, /* products: some to 150 microseconds */
    .n_wanted = 16,
    .cached_bytes = 256 << 10, /* a block of panels stays in the second-level cache */
};

int64_t pare_product_panels(const pare_planner *p, int64_t n_cols)
{
    return pare_split_up(n_cols, p->plan->kernels->gemm.panel);
}

float *pare_product_vectors(pare_planner *p, const pare_product *product, const float *v)
{
    const int64_t n = product->n_cols;
    const int64_t padded = pare_product_panels(p, n) * p->plan->kernels->gemm.panel;
    float *out = pare_plan_args(p, (size_t)(product->n_vectors * padded) * sizeof(*out));
    for (int64_t i = 0; out && v && i < product->n_vectors; i++)
        memcpy(out + i * padded, v + i * n, (size_t)n * sizeof(*out));
    return out;
}

pare_status pare_plan_floats(pare_planner *p, pare_value_id value, const float **out, void **owned)
{
    return pare_pack_floats(p->ctx, p->plan->kernels, pare_plan_constant(p, value), out, owned);
}

enum { VECTORS, VECTOR_LENGTH, VECTOR_ROOM }; /* params of "vectors" */

static void fill_vectors(const pare_kernels *kernels, const int64_t *params, const void *from,
                         float *to)
{
    const size_t n_bytes = (size_t)params[VECTOR_LENGTH] * sizeof(*to);
    const size_t room = (size_t)params[VECTOR_ROOM] * sizeof(*to);
    (void)kernels;
    for (int64_t i = 0; i < params[VECTORS]; i++, to += params[VECTOR_ROOM]) {
        memcpy(to, (const uint8_t *)from + (size_t)i * n_bytes, n_bytes);
        memset((uint8_t *)to + n_bytes, 0, room - n_bytes);
    }
}

pare_status pare_product_constants(pare_planner *p, const pare_product *product,
                                   pare_value_id value, const float **out)
{
    const int64_t n = product->n_cols;
    const int64_t room = pare_product_panels(p, n) * p->plan->kernels->gemm.panel;
    pare_pack_key key = { .form = "vectors", .fill = fill_vectors,
                          .params = { product->n_vectors, n, room } };
    void *data = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, (size_t)(product->n_vectors * room) * sizeof(float),
                            &data, &is_new));
    *out = data;
    return PARE_OK;
}

pare_status pare_product_bias(pare_planner *p, pare_product *product, pare_value_id value)
{
    if (value != PARE_NONE)
        return pare_product_constants(p, product, value, &product->epilogue.bias);
    product->epilogue.bias = pare_product_vectors(p, product, NULL);
    return product->epilogue.bias ? PARE_OK : pare_arena_fail(p->ctx, &p->plan->arena);
}

/* --- running ---------------------------------------------------------------------------------- */

int64_t pare_product_tiles(const pare_planner *p, int64_t n_rows)
{
    return pare_split_up(n_rows, p->plan->kernels->gemm.rows);
}

/* Tells a tile where its rows are: of room for pointers and for rows that are gathered. */
static void find_rows(const pare_product *a, const pare_frame *frame, int64_t outer, int64_t row,
                      pare_gemm_tile *tile, const float **x, uint8_t *scratch)
{
    if (a->offsets || !a->rows) {
        tile->rows = (const float *)pare_laid_address(frame, &a->x) + outer * a->x_outer +
                     row * a->x_row;
        tile->row_stride = a->x_row;
        tile->offsets = a->offsets ? a->offsets + row * a->n_taps : NULL;
        tile->zeros = a->zeros;
        return;
    }
    a->rows(a, frame, outer, row, a->x_row ? 1 : tile->n_rows, x, (float *)(void *)scratch);
    if (a->x_row) {
        tile->rows = x[0];
        tile->row_stride = a->x_row;
        return;
    }
    tile->x = x;
    if (a->room_bytes) { /* gathered: one tap */
        tile->n_taps = 1;
        tile->depth = a->n_taps * a->depth;
    }
}

/* Few tiles leave little time for the next panels to come: the last block that takes some asks for
 * those behind them, spread over its work. */
static void ask_for_next(const pare_split_block *b, int64_t n_panels, int64_t panel_size, int panel,
                         const float *w, int64_t i, int64_t j, pare_gemm_tile *tile)
{
    enum { MOST_TILES = 16 };
    const int64_t n_tiles = b->end_tile - b->first_tile;
    if (!b->is_last || n_tiles < 2 || n_tiles > MOST_TILES || b->end_panel == n_panels) return;
    const int64_t done = (i - b->first_tile) * (b->end_panel - b->first_panel) +
                         (j - b->first_panel);
    tile->next = w + b->end_panel * panel_size + done * panel_size / n_tiles;
    tile->next_step = panel / n_tiles;
}

static void multiply_block(const pare_product *a, const pare_frame *frame,
                           const pare_split_block *b, uint8_t *scratch)
{
    const pare_gemm_kernel *kernel = &frame->kernels->gemm;
    const int64_t k = a->n_taps * a->depth;
    const int64_t n_panels = pare_split_up(a->n_cols, kernel->panel);
    const float *packed = a->w ? a->w : (const float *)pare_laid_address(frame, &a->wd);
    const float *w = packed + b->outer % a->n_weights * n_panels * k * kernel->panel;
    float *y = (float *)pare_laid_address(frame, &a->y) + b->outer * a->y_outer;
    const pare_epilogue *e = &a->epilogue;
    const float *add =
        e->has_add ? (const float *)pare_laid_address(frame, &e->add) + b->outer * a->y_outer
                   : NULL;
    const float **x = (const float **)(void *)(scratch + a->room_bytes);
    const int64_t vector = b->outer % a->n_vectors * n_panels * kernel->panel;
    const int64_t n_tiles = pare_split_up(a->n_rows, kernel->rows);
    for (int64_t i = b->first_tile; i < b->end_tile; i++) {
        const int64_t row = pare_split_start(a->n_rows, n_tiles, i);
        const int64_t end = pare_split_start(a->n_rows, n_tiles, i + 1);
        pare_gemm_tile tile = {
            .n_rows = (int)(end - row), .n_taps = a->n_taps, .depth = a->depth,
            .finish = e->finish, .y_stride = a->y_row,
        };
        tile.finish.add_stride = a->y_row;
        find_rows(a, frame, b->outer, row, &tile, x, scratch);
        for (int64_t j = b->first_panel; j < b->end_panel; j++) {
            const int64_t col = j * kernel->panel;
            tile.n_cols = a->n_cols - col < kernel->panel ? (int)(a->n_cols - col) : kernel->panel;
            tile.w = w + j * k * kernel->panel;
            tile.bias = e->bias + vector + col;
            if (e->finish.scale) {
                tile.finish.scale = e->finish.scale + vector + col;
                tile.finish.shift = e->finish.shift + vector + col;
            }
            tile.y = y + row * a->y_row + col;
            ask_for_next(b, n_panels, k * kernel->panel, kernel->panel, w, i, j, &tile);
            if (add) tile.finish.add = add + row * a->y_row + col;
            kernel->run(&tile);
        }
    }
}

static void run_product(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const pare_product *a = args;
    const pare_split_block b = pare_split_at(&a->split, task);
    multiply_block(a, frame, &b, pare_frame_scratch(frame, worker));
}

/* --- planning --------------------------------------------------------------------------------- */

pare_status pare_product_step(pare_planner *p, pare_product *a, const pare_laid *more,
                              const char *kernel)
{
    const pare_gemm_kernel *gemm = &p->plan->kernels->gemm;
    const int64_t k = a->n_taps * a->depth < 1 ? 1 : a->n_taps * a->depth;
    if (a->n_outer * a->n_rows * a->n_cols == 0) return PARE_OK;
    a->split = (pare_split){ .n_outer = a->n_outer, .n_tiles = pare_product_tiles(p, a->n_rows),
                             .n_panels = pare_product_panels(p, a->n_cols) };
    const double total = (double)a->n_outer * (double)a->n_rows * (double)a->split.n_panels *
                         (double)k * gemm->panel;
    pare_split_choose(&a->split, &task_limits, k * gemm->panel * (int64_t)sizeof(float), total);
    const size_t pointers = (size_t)a->n_taps * PARE_TILE_MAX_ROWS * sizeof(const float *);
    a->room_bytes = (a->room_bytes + 63) / 64 * 64;
    const pare_step step = { .run = run_product, .args = a, .n_tasks = pare_split_tasks(&a->split),
                             .scratch_bytes = a->room_bytes + pointers, .kernel = kernel };
    const pare_laid *touches[] = { &a->x, &a->y, a->w ? NULL : &a->wd,
                                   a->epilogue.has_add ? &a->epilogue.add : NULL, more };
    return pare_plan_step(p, &step, touches, 5);
}
