#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"

/* Elements that are handed on, at other places. */

static uint32_t axis_of(int64_t axis, const pare_info *x)
{
    const int64_t k = axis < 0 ? axis + x->rank : axis;
    return k < 0 || k >= x->rank ? PARE_MAX_DIMS : (uint32_t)k;
}

/* Elements of a list of sizes, one for each of the last axes of output 0, that say how large these
 * are. */
static void follow_sizes(pare_links *l, const pare_list *sizes, const char *attribute,
                         uint32_t input)
{
    const pare_info *out = pare_link_out(l, 0);
    if (!out || !sizes->has_length || sizes->n > out->rank) return;
    for (uint32_t k = 0; k < sizes->n; k++) {
        const pare_num size = pare_list_at(sizes, k);
        const pare_axis_ref y = pare_out_axis(0, out->rank - sizes->n + k);
        if (size.kind != PARE_NUM_INT || size.i <= 1) continue;
        if (sizes->ints) pare_follow_count_attr(l, attribute, k, y, 1);
        else pare_follow_count(l, input, k, y, 1);
    }
}

/* Reshape, Flatten, Squeeze, Unsqueeze. */
pare_status pare_reshape_links(pare_ctx *ctx, pare_links *l)
{
    const pare_infer_io io = pare_link_infer_io(l);
    pare_link_regroup(l, 0, 0);
    if (!pare_str_eq(l->call->op->name, "Reshape")) return PARE_OK;
    pare_list shape;
    PARE_TRY(pare_list_get(ctx, &io, ((const pare_reshape_params *)l->params)->shape, 1, &shape));
    follow_sizes(l, &shape, "shape", 1);
    return PARE_OK;
}

pare_status pare_transpose_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_transpose_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    for (uint32_t k = 0; x && k < x->rank; k++) {
        const uint32_t from = p->perm.n ? (uint32_t)p->perm.v[k] : x->rank - 1 - k;
        pare_link_tie(l, pare_in_axis(0, from), pare_out_axis(0, k));
    }
    return PARE_OK;
}

void pare_link_joined(pare_links *l, int64_t joined, uint32_t first, uint32_t step)
{
    const pare_info *y = pare_link_out(l, 0);
    if (!y || axis_of(joined, y) == PARE_MAX_DIMS) return;
    const uint32_t axis = axis_of(joined, y);
    bool without[PARE_MAX_DIMS] = { false };
    int64_t start = 0;
    without[axis] = true;
    for (uint32_t i = first; i < l->n_in; i += step) {
        const int64_t n = pare_link_extent(l, pare_in_axis(i, axis));
        pare_link_alike(l, i, 0, without);
        if (!n) return; /* where the others lie is not known */
        pare_link_stack(l, pare_in_axis(i, axis), pare_out_axis(0, axis), start, n);
        start += n;
    }
}

pare_status pare_concat_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_axis_params *p = l->params;
    pare_link_joined(l, p->axis, 0, 1);
    return PARE_OK;
}

pare_status pare_split_links(pare_ctx *ctx, pare_links *l)
{
    const pare_split_params *p = l->params;
    const pare_infer_io io = pare_link_infer_io(l);
    const pare_info *x = pare_link_in(l, 0);
    if (!x || axis_of(p->axis, x) == PARE_MAX_DIMS) return PARE_OK;
    const uint32_t axis = axis_of(p->axis, x);
    bool without[PARE_MAX_DIMS] = { false };
    int64_t start = 0;
    pare_list sizes;
    without[axis] = true;
    PARE_TRY(pare_list_get(ctx, &io, p->split, 1, &sizes));
    for (uint32_t o = 0; o < l->n_out; o++) {
        const pare_axis_ref part = pare_out_axis(o, axis);
        const int64_t n = pare_link_extent(l, part);
        pare_link_alike(l, 0, o, without);
        if (!n) return PARE_OK;
        if (!sizes.given) { /* equal parts stay equal */
            if (n != pare_link_extent(l, pare_out_axis(l->n_out - 1, axis))) return PARE_OK;
            pare_link_inner(l, pare_in_axis(0, axis), part);
            continue;
        }
        pare_link_stack(l, part, pare_in_axis(0, axis), start, n);
        if (sizes.ints) pare_follow_count_attr(l, "split", o, part, 1);
        else pare_follow_count(l, 1, o, part, 1);
        start += n;
    }
    return PARE_OK;
}

/* Where the bounds of an axis stand among the lists. */
static void follow_bounds(pare_links *l, const pare_list *axes, uint32_t n, uint32_t axis,
                          uint32_t rank)
{
    for (uint32_t i = 0; i < n; i++) {
        const pare_num given = axes->given ? pare_list_at(axes, i) : pare_num_int(i);
        if (given.kind != PARE_NUM_INT || (given.i < 0 ? given.i + rank : given.i) != axis)
            continue;
        const bool is_attr = l->call->version < 10;
        const pare_axis_ref of = pare_in_axis(0, axis);
        pare_follow_place(l, PARE_FOLLOW_POSITION, is_attr ? "starts" : NULL, 1, i, of);
        pare_follow_place(l, PARE_FOLLOW_POSITION, is_attr ? "ends" : NULL, 2, i, of);
    }
}

/* Marks axes that a Slice cuts. False: which these are is not known. */
static bool mark_cut(pare_ctx *ctx, const pare_infer_io *io, const pare_list *axes, uint32_t n,
                     uint32_t rank, bool *marks, pare_status *st)
{
    uint32_t list[PARE_MAX_DIMS];
    bool known = !axes->given;
    for (uint32_t i = 0; i < n && i < rank && !axes->given; i++) marks[i] = true;
    if (axes->given) *st = pare_list_axes(ctx, io, "axes", axes, rank, list, &known);
    for (uint32_t i = 0; axes->given && !*st && known && i < axes->n; i++) marks[list[i]] = true;
    return known && !*st;
}

pare_status pare_slice_links(pare_ctx *ctx, pare_links *l)
{
    const pare_slice_params *p = l->params;
    const pare_infer_io io = pare_link_infer_io(l);
    const pare_info *x = pare_link_in(l, 0);
    int64_t first[PARE_MAX_DIMS], step[PARE_MAX_DIMS];
    bool cut[PARE_MAX_DIMS] = { false };
    bool known = false;
    pare_list starts, axes;
    pare_status st = PARE_OK;
    if (!x) return PARE_OK;
    PARE_TRY(pare_slice_starts(ctx, &io, first, step, &known));
    PARE_TRY(pare_list_get(ctx, &io, p->starts, 1, &starts));
    PARE_TRY(pare_list_get(ctx, &io, p->axes, 3, &axes));
    if (!starts.has_length || !mark_cut(ctx, &io, &axes, starts.n, x->rank, cut, &st)) return st;
    for (uint32_t k = 0; k < x->rank; k++) {
        const pare_axis_ref from = pare_in_axis(0, k), to = pare_out_axis(0, k);
        const int64_t n = pare_link_extent(l, to);
        if (!cut[k] || (step[k] == 1 && n == pare_link_extent(l, from))) {
            pare_link_tie(l, from, to);
        } else if (step[k] == 1) {
            pare_link_stack(l, to, from, first[k], n);
            follow_bounds(l, &axes, starts.n, k, x->rank);
        }
    }
    return PARE_OK;
}

/* Rows of input 0 by number: all of them stay. The axes of the numbers take their place. */
pare_status pare_gather_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_axis_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    const pare_info *at = pare_link_in(l, 1);
    if (!x || !at || axis_of(p->axis, x) == PARE_MAX_DIMS) return PARE_OK;
    const uint32_t axis = axis_of(p->axis, x);
    for (uint32_t k = 0; k < x->rank; k++)
        if (k < axis) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
        else if (k > axis) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k + at->rank - 1));
    for (uint32_t k = 0; k < at->rank; k++)
        pare_link_tie(l, pare_in_axis(1, k), pare_out_axis(0, axis + k));
    pare_link_freeze(l, pare_in_axis(0, axis), "it is looked up by number");
    return PARE_OK;
}

/* Copies of one position may be fewer. */
pare_status pare_expand_links(pare_ctx *ctx, pare_links *l)
{
    const pare_infer_io io = pare_link_infer_io(l);
    const pare_info *x = pare_link_in(l, 0), *y = pare_link_out(l, 0);
    const pare_ints none = { 0 };
    pare_list shape;
    if (!x || !y) return PARE_OK;
    const uint32_t offset = y->rank - x->rank;
    PARE_TRY(pare_list_get(ctx, &io, none, 1, &shape));
    pare_link_spread(l, 0, 0, offset);
    for (uint32_t k = 0; k < y->rank; k++)
        if (k < offset || pare_link_extent(l, pare_in_axis(0, k - offset)) == 1)
            pare_link_free(l, pare_out_axis(0, k));
    follow_sizes(l, &shape, NULL, 1);
    return PARE_OK;
}

/* So may those of a constant. */
pare_status pare_fill_links(pare_ctx *ctx, pare_links *l)
{
    const pare_infer_io io = pare_link_infer_io(l);
    const pare_info *y = pare_link_out(l, 0);
    const pare_ints none = { 0 };
    pare_list shape;
    PARE_TRY(pare_list_get(ctx, &io, none, 0, &shape));
    for (uint32_t k = 0; y && k < y->rank; k++) pare_link_free(l, pare_out_axis(0, k));
    follow_sizes(l, &shape, NULL, 0);
    return PARE_OK;
}

pare_status pare_tile_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0);
    for (uint32_t k = 0; x && k < x->rank; k++)
        pare_link_inner(l, pare_out_axis(0, k), pare_in_axis(0, k));
    return PARE_OK;
}

/* Numbers of positions in front of and behind an axis; `axes` as Pad has them. */
static void follow_pads(pare_links *l, const pare_list *axes, uint32_t axis, uint32_t rank)
{
    const char *attribute = l->call->version < 11 ? "pads" : NULL;
    const uint32_t n = axes->given ? axes->n : rank;
    for (uint32_t i = 0; i < n; i++) {
        const pare_num given = axes->given ? pare_list_at(axes, i) : pare_num_int(i);
        if (given.kind != PARE_NUM_INT || (given.i < 0 ? given.i + rank : given.i) != axis)
            continue;
        const pare_axis_ref y = pare_out_axis(0, axis);
        pare_follow_place(l, PARE_FOLLOW_POSITION, attribute, 1, i, y);
        pare_follow_place(l, PARE_FOLLOW_TAIL, attribute, 1, n + i, y);
    }
}

/* What is padded with a constant may go as any other. */
pare_status pare_pad_links(pare_ctx *ctx, pare_links *l)
{
    const pare_pad_params *p = l->params;
    const pare_infer_io io = pare_link_infer_io(l);
    const pare_info *x = pare_link_in(l, 0);
    const pare_ints none = { 0 };
    int64_t begin[PARE_MAX_DIMS], end[PARE_MAX_DIMS];
    bool known = false;
    pare_list axes;
    if (!x) return PARE_OK;
    PARE_TRY(pare_pad_amounts(ctx, &io, begin, end, &known));
    PARE_TRY(pare_list_get(ctx, &io, none, 3, &axes));
    for (uint32_t k = 0; known && k < x->rank; k++) {
        const pare_axis_ref from = pare_in_axis(0, k), to = pare_out_axis(0, k);
        const bool is_whole = !begin[k] && !end[k];
        if (is_whole) pare_link_tie(l, from, to);
        else if (begin[k] < 0 || end[k] < 0 || p->mode != PARE_PAD_CONSTANT) continue;
        else pare_link_stack(l, from, to, begin[k], pare_link_extent(l, from));
        if (!is_whole) follow_pads(l, &axes, k, x->rank);
    }
    return PARE_OK;
}

/* Depth is (block, block, C), or (C, block, block). */
static void link_depth(pare_links *l, pare_axis_ref depth, pare_axis_ref flat, bool depth_first,
                       int64_t block)
{
    if (depth_first) pare_link_inner(l, depth, flat);
    else pare_link_outer(l, depth, block * block, flat, 1);
}

pare_status pare_depth_to_space_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_depth_space_params *p = l->params;
    pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(0, 0));
    link_depth(l, pare_in_axis(0, 1), pare_out_axis(0, 1), p->depth_first, p->block);
    return PARE_OK;
}

pare_status pare_space_to_depth_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_depth_space_params *p = l->params;
    pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(0, 0));
    link_depth(l, pare_out_axis(0, 1), pare_in_axis(0, 1), true, p->block);
    return PARE_OK;
}

/* Whoever uses the size finds the new one. */
pare_status pare_shape_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0);
    for (uint32_t k = 0; x && k < x->rank; k++) pare_link_free(l, pare_in_axis(0, k));
    return PARE_OK;
}
