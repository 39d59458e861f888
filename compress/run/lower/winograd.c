#include "run/lower/lower.h"
#include "run/lower/product.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

/* Convolution by 3x3 filters with fewer products (kernels/winograd.h). A task makes some tiles of
 * 4x4 outputs, or of 2x2: patches become 36 (16) matrices, which are multiplied by those of the
 * filters, and the products become outputs. Where few tiles leave few tasks, these take the panels
 * between them. */

enum {
    LINE = 16,                /* floats of a line of the cache */
    WORKING_SET = 1 << 20,    /* bytes that a task has before and behind the products, in cache */
    FEW_TILES = 14,           /* in a task: rows of a tile of products; twice as many where */
    LARGE_MATRICES = 1 << 19, /* so many bytes have to come from far for each task, and four */
                              /* times as many where four times these have */
    FEW_TASKS = 4,
};

typedef struct winograd_args {
    pare_product product;     /* n_cols, depth, w (of n_points matrices), x, y, epilogue */
    pare_winograd_size size;
    int64_t tile, n_points;
    const float *zeros;       /* [panel]: where products start */
    int64_t n_rows, n_columns;         /* of an image */
    int64_t begin_row, begin_column;   /* padding in front */
    int64_t out_rows, out_columns;
    int64_t line_tiles, image_tiles, n_tiles; /* tiles along a line, of an image, of all */
    int64_t n_blocks, panel_blocks;
} winograd_args;

/* What a task does, and its scratch: v and m hold planes of rows, one row for each tile. */
typedef struct block {
    int64_t first, n_tiles, first_panel, end_panel;
    float *v, *m;
    int64_t v_row, v_plane, m_row, m_plane;
} block;

/* Rows of whole lines, which do not compete for a few sets of the cache; planes likewise. */
static int64_t row_of(int64_t n)
{
    n = pare_split_up(n, LINE) * LINE;
    return n % 512 ? n : n + LINE;
}

static int64_t plane_of(int64_t row, int64_t n_rows)
{
    return (row * n_rows / LINE | 1) * LINE;
}

/* The sizes of the largest block; returns the bytes of its scratch. */
static size_t measure(const winograd_args *a, int panel, block *b)
{
    const int64_t n_panels = pare_split_up(a->product.n_cols, panel);
    const int64_t n_tiles = pare_split_up(a->n_tiles, a->n_blocks);
    b->v_row = row_of(a->product.depth);
    b->v_plane = plane_of(b->v_row, n_tiles);
    b->m_row = row_of(pare_split_up(n_panels, a->panel_blocks) * panel);
    b->m_plane = plane_of(b->m_row, n_tiles);
    return (size_t)(a->n_points * (b->v_plane + b->m_plane)) * sizeof(float);
}

/* Tile i of all: its image, and where it starts there. */
static int64_t place_tile(const winograd_args *a, int64_t i, int64_t *row, int64_t *column)
{
    const int64_t at = i % a->image_tiles;
    *row = at / a->line_tiles * a->tile;
    *column = at % a->line_tiles * a->tile;
    return i / a->image_tiles;
}

static void take_in(const winograd_args *a, const pare_frame *frame, const block *b)
{
    const pare_laid *x = &a->product.x;
    pare_winograd_in in = { .n_channels = a->product.depth, .line_stride = x->strides[2],
                            .pixel_stride = x->strides[3], .n_rows = a->n_rows,
                            .n_columns = a->n_columns, .v_stride = b->v_plane };
    for (int64_t i = 0; i < b->n_tiles; i++) {
        const int64_t image = place_tile(a, b->first + i, &in.row, &in.column);
        in.x = (const float *)pare_laid_address(frame, x) + image * x->strides[0];
        in.row -= a->begin_row;
        in.column -= a->begin_column;
        in.v = b->v + i * b->v_row;
        frame->kernels->winograd[a->size].in(&in);
    }
}

static void multiply(const winograd_args *a, const pare_frame *frame, const block *b)
{
    const pare_gemm_kernel *kernel = &frame->kernels->gemm;
    const int64_t k = a->product.depth;
    const int64_t n_panels = pare_split_up(a->product.n_cols, kernel->panel);
    const int64_t n_parts = pare_split_up(b->n_tiles, kernel->rows);
    pare_gemm_tile tile = { .n_taps = 1, .depth = k, .row_stride = b->v_row, .bias = a->zeros,
                            .finish = { .low = -INFINITY, .high = INFINITY },
                            .y_stride = b->m_row };
    for (int64_t e = 0; e < a->n_points; e++)
        for (int64_t j = b->first_panel; j < b->end_panel; j++) {
            const int64_t n_left = a->product.n_cols - j * kernel->panel;
            tile.n_cols = n_left < kernel->panel ? (int)n_left : kernel->panel;
            tile.w = a->product.w + (e * n_panels + j) * k * kernel->panel;
            const bool is_last = j + 1 == b->end_panel; /* then the next matrix follows */
            const int64_t following = is_last ? (e + 1) * n_panels + b->first_panel
                                              : e * n_panels + j + 1;
            const bool has_next = n_parts > 1 && following < a->n_points * n_panels;
            tile.next_step = kernel->panel / n_parts;
            for (int64_t i = 0; i < n_parts; i++) {
                tile.next = has_next ? a->product.w + following * k * kernel->panel +
                                           i * k * kernel->panel / n_parts
                                     : NULL;
                const int64_t row = pare_split_start(b->n_tiles, n_parts, i);
                tile.n_rows = (int)(pare_split_start(b->n_tiles, n_parts, i + 1) - row);
                tile.rows = b->v + e * b->v_plane + row * b->v_row;
                tile.y = b->m + e * b->m_plane + row * b->m_row +
                         (j - b->first_panel) * kernel->panel;
                kernel->run(&tile);
            }
        }
}

static int at_most(int64_t n, int64_t limit)
{
    return (int)(n < limit ? n : limit);
}

static void give_out(const winograd_args *a, const pare_frame *frame, const block *b)
{
    const pare_laid *y = &a->product.y;
    const pare_epilogue *e = &a->product.epilogue;
    const int64_t channel = b->first_panel * frame->kernels->gemm.panel;
    const int64_t end = b->end_panel * frame->kernels->gemm.panel;
    float *const base = (float *)pare_laid_address(frame, y) + channel;
    const float *const add =
        e->has_add ? (const float *)pare_laid_address(frame, &e->add) + channel : NULL;
    pare_winograd_out out = {
        .n_channels = (end < a->product.n_cols ? end : a->product.n_cols) - channel,
        .m_stride = b->m_plane, .bias = e->bias + channel, .finish = e->finish,
        .line_stride = y->strides[2], .pixel_stride = y->strides[3],
    };
    if (e->finish.scale) {
        out.finish.scale += channel;
        out.finish.shift += channel;
    }
    for (int64_t i = 0; i < b->n_tiles; i++) {
        int64_t row, column;
        const int64_t image = place_tile(a, b->first + i, &row, &column);
        const int64_t at = image * y->strides[0] + row * y->strides[2] + column * y->strides[3];
        out.n_rows = at_most(a->out_rows - row, a->tile);
        out.n_columns = at_most(a->out_columns - column, a->tile);
        out.m = b->m + i * b->m_row;
        out.y = base + at;
        out.finish.add = add ? add + at : NULL;
        frame->kernels->winograd[a->size].out(&out);
    }
}

static void run_winograd(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const winograd_args *a = args;
    const int panel = frame->kernels->gemm.panel;
    const int64_t n_panels = pare_split_up(a->product.n_cols, panel);
    const int64_t tiles = task / a->panel_blocks;
    const int64_t panels = task % a->panel_blocks;
    block b = {
        .first = pare_split_start(a->n_tiles, a->n_blocks, tiles),
        .first_panel = pare_split_start(n_panels, a->panel_blocks, panels),
        .end_panel = pare_split_start(n_panels, a->panel_blocks, panels + 1),
        .v = (float *)(void *)pare_frame_scratch(frame, worker),
    };
    b.n_tiles = pare_split_start(a->n_tiles, a->n_blocks, tiles + 1) - b.first;
    measure(a, panel, &b);
    b.m = b.v + a->n_points * b.v_plane;
    take_in(a, frame, &b);
    multiply(a, frame, &b);
    give_out(a, frame, &b);
}

/* --- planning --------------------------------------------------------------------------------- */

/* About the cycles of a processor of today: 32 products in each, and weights as they come, slowly
 * when they are more than a cache has beside all else. */
static double cost_of_products(int64_t n_points, int64_t n_rows, int64_t n_in, int64_t n_out)
{
    const double products = (double)n_points * (double)n_in * (double)n_out;
    const double n_bytes = products * sizeof(float);
    return products * (double)n_rows / 32 + n_bytes / (n_bytes > 1 << 20 ? 3 : 30);
}

/* The same with tiles of this side, and what is done around the products. Few tiles, or small ones
 * that stand out of the image, do not pay for the memory that their matrices take. */
static double cost_of_tiles(const pare_sliding *s, int64_t tile, int64_t n_in, int64_t n_out)
{
    enum { FEWEST_LARGE = 12, FEWEST_SMALL = 32 };
    const int64_t n_points = (tile + 2) * (tile + 2);
    const int64_t n_tiles = pare_split_up(s->out[1], tile) * pare_split_up(s->out[2], tile);
    const bool fills = 10 * s->out[1] * s->out[2] >= 9 * n_tiles * tile * tile;
    if (n_tiles < (tile == 4 ? FEWEST_LARGE : FEWEST_SMALL) || (tile == 2 && !fills))
        return INFINITY;
    return cost_of_products(n_points, n_tiles, n_in, n_out) +
           (double)(n_points * n_tiles * (n_in + n_out)) / 4;
}

/* The matrices of the filters are four times as large as these (of small tiles not twice), and are
 * read once for all tiles of an image: with few tiles, or where much of them stands out of the
 * image, that costs more memory and time than the products that are saved. Few channels leave more
 * to be done around the products than in them. */
static bool choose(const pare_sliding *s, int64_t n_in, int64_t n_out, pare_winograd_size *size)
{
    enum { LEAST_CHANNELS = 16 };
    const double direct = cost_of_products(9, s->out[1] * s->out[2], n_in, n_out);
    const double large = cost_of_tiles(s, 4, n_in, n_out);
    const double small = cost_of_tiles(s, 2, n_in, n_out);
    *size = large <= small ? PARE_WINOGRAD_4X4 : PARE_WINOGRAD_2X2;
    return n_in >= LEAST_CHANNELS && n_out >= LEAST_CHANNELS && fmin(large, small) < 0.8 * direct;
}

bool pare_winograd_suits(const pare_sliding *s, int64_t group, int64_t n_in, int64_t n_out,
                         pare_winograd_size *size)
{
    if (group != 1 || s->kernel[0] != 1 || s->in[0] != 1 || s->out[0] != 1 || s->begin[0] != 0)
        return false;
    for (int i = 1; i < PARE_SLIDING_AXES; i++)
        if (s->kernel[i] != 3 || s->stride[i] != 1 || s->dilation[i] != 1 || s->begin[i] < 0 ||
            s->begin[i] > 2 || s->out[i] > s->in[i] + 2 || s->out[i] < 1)
            return false;
    return choose(s, n_in, n_out, size);
}

enum { PANEL, FILTERS, DEPTH, SIZE }; /* params of "winograd" */

/* Some filters at once lie side by side for a while, of as many channels as stay in cache. */
static void fill_matrices(const pare_kernels *kernels, const int64_t *params, const void *w,
                          float *to)
{
    enum { AT_ONCE = PARE_WINOGRAD_FILTERS, CHANNELS = 16 };
    _Alignas(64) float beside[CHANNELS * 9 * AT_ONCE];
    const int64_t n = params[FILTERS];
    const int64_t depth = params[DEPTH];
    const int64_t panel = params[PANEL];
    const int64_t padded = pare_split_up(n, panel) * panel;
    for (int64_t first = 0; first < padded; first += AT_ONCE) {
        const int64_t n_left = first < n ? n - first : 0;
        const int n_filters = n_left < AT_ONCE ? (int)n_left : AT_ONCE;
        float *const out = to + first / panel * depth * panel + first % panel;
        for (int64_t c = 0; c < depth; c += CHANNELS) {
            const int64_t n_channels = depth - c < CHANNELS ? depth - c : CHANNELS;
            kernels->gemm.pack(n_filters, n_channels * 9, 1,
                               pare_float_address(w, (first * depth + c) * 9), depth * 9, AT_ONCE,
                               beside);
            for (int64_t i = 0; i < n_channels; i++)
                kernels->winograd[params[SIZE]].filters(beside + i * 9 * AT_ONCE,
                                                        out + (c + i) * panel, padded * depth);
        }
    }
}

static pare_status pack_matrices(pare_planner *p, pare_value_id value, winograd_args *a)
{
    pare_product *product = &a->product;
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t n_panels = pare_product_panels(p, product->n_cols);
    pare_pack_key key = { .form = "winograd", .fill = fill_matrices,
                          .params = { [PANEL] = panel, [FILTERS] = product->n_cols,
                                      [DEPTH] = product->depth, [SIZE] = a->size } };
    const size_t n_bytes =
        (size_t)(a->n_points * n_panels * product->depth * panel) * sizeof(float);
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, n_bytes, &out, &is_new));
    product->w = out;
    return PARE_OK;
}

/* Tasks of tiles whose numbers stay in cache, and of panels, where there are few of them. */
static void split(const pare_planner *p, winograd_args *a)
{
    const pare_product *product = &a->product;
    const int64_t per_tile =
        a->n_points * (product->depth + product->n_cols) * (int64_t)sizeof(float);
    const int64_t n_bytes =
        a->n_points * product->depth * product->n_cols * (int64_t)sizeof(float);
    const int64_t least = n_bytes < LARGE_MATRICES       ? FEW_TILES
                          : n_bytes < 4 * LARGE_MATRICES ? 2 * FEW_TILES
                                                         : 4 * FEW_TILES;
    int64_t n_tiles = WORKING_SET / per_tile;
    if (n_tiles > a->n_tiles / FEW_TASKS) n_tiles = a->n_tiles / FEW_TASKS;
    n_tiles = n_tiles < least ? least : n_tiles / FEW_TILES * FEW_TILES;
    a->n_blocks = pare_split_up(a->n_tiles, n_tiles);
    a->panel_blocks = a->n_blocks == 1 && pare_product_panels(p, product->n_cols) >= 4 ? 2 : 1;
}

static pare_status add_step(pare_planner *p, winograd_args *a)
{
    pare_product *product = &a->product;
    block b = { 0 };
    split(p, a);
    const pare_step step = {
        .run = run_winograd, .args = a,
        .kernel = a->size == PARE_WINOGRAD_4X4 ? "conv f32 winograd" : "conv f32 winograd 2x2",
        .n_tasks = (uint32_t)(a->n_blocks * a->panel_blocks),
        .scratch_bytes = measure(a, p->plan->kernels->gemm.panel, &b),
    };
    const pare_laid *touches[] = { &product->x, &product->y,
                                   product->epilogue.has_add ? &product->epilogue.add : NULL };
    return pare_plan_step(p, &step, touches, 3);
}

pare_status pare_lower_winograd(pare_planner *p, pare_lowering *l, const pare_sliding *s,
                                pare_winograd_size size)
{
    pare_laid x, y;
    pare_plan_shape(p, pare_lower_in(l, 0), &x);
    pare_plan_shape(p, pare_lower_out(l, 0), &y);
    winograd_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    const int64_t tile = p->plan->kernels->winograd[size].tile;
    *a = (winograd_args){
        .size = size, .tile = tile, .n_points = (tile + 2) * (tile + 2),
        .n_rows = s->in[1], .n_columns = s->in[2], .begin_row = s->begin[1],
        .begin_column = s->begin[2], .out_rows = s->out[1], .out_columns = s->out[2],
        .line_tiles = pare_split_up(s->out[2], tile),
    };
    a->image_tiles = pare_split_up(s->out[1], tile) * a->line_tiles;
    a->n_tiles = y.dims[0] * a->image_tiles;
    pare_product *product = &a->product;
    *product = (pare_product){ .n_outer = 1, .n_weights = 1, .n_vectors = 1, .n_taps = 9,
                               .n_rows = y.dims[0] * s->n_out, .n_cols = y.dims[1],
                               .depth = x.dims[1], .epilogue = PARE_EPILOGUE_NONE };
    a->zeros = pare_product_vectors(p, product, NULL);
    if (!a->zeros) return pare_arena_fail(p->ctx, &p->plan->arena);
    PARE_TRY(pack_matrices(p, pare_lower_in(l, 1), a));
    PARE_TRY(pare_product_bias(p, product, pare_lower_in(l, 2)));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_CHANNELS_LAST, &product->x));
    pare_laid_arrange(&y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_product_tail(p, l, product, &y));
    PARE_TRY(pare_product_out(p, l, product, &y));
    product->y = y;
    if (a->n_tiles == 0) return PARE_OK;
    return add_step(p, a);
}
