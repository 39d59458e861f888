#include "op/links.h"

#include "op/infer.h"
#include "op/linker.h"

/* --- makers ----------------------------------------------------------------------------------- */

static const pare_info *ranked(const pare_info *const *infos, uint32_t n, uint32_t i)
{
    return i < n && pare_info_has_rank(infos[i]) ? infos[i] : NULL;
}

const pare_info *pare_link_in(const pare_links *l, uint32_t i)
{
    return ranked(l->in, l->n_in, i);
}

const pare_info *pare_link_out(const pare_links *l, uint32_t i)
{
    return ranked(l->out, l->n_out, i);
}

int64_t pare_link_extent(const pare_links *l, pare_axis_ref axis)
{
    const pare_info *info = axis.is_output ? pare_link_out(l, axis.operand)
                                           : pare_link_in(l, axis.operand);
    if (!info || axis.axis >= info->rank) return 0;
    const pare_num dim = info->dims[axis.axis];
    return dim.kind == PARE_NUM_INT && dim.i > 0 ? dim.i : 0;
}

static void add(pare_links *l, const pare_link *link)
{
    if (!l->status)
        l->status = pare_grow(l->ctx, &l->items, &l->cap, l->n + 1, sizeof(*l->items));
    if (!l->status) l->items[l->n++] = *link;
}

static void add_one(pare_links *l, pare_link_kind kind, pare_axis_ref a, const char *why)
{
    const pare_link link = { .kind = kind, .a = a, .why = why };
    if (pare_link_extent(l, a) > 1) add(l, &link);
}

void pare_link_free(pare_links *l, pare_axis_ref a)
{
    add_one(l, PARE_LINK_FREE, a, NULL);
}

void pare_link_freeze(pare_links *l, pare_axis_ref a, const char *why)
{
    add_one(l, PARE_LINK_FREEZE, a, why);
}

void pare_link_lossy(pare_links *l, pare_axis_ref a, const char *why)
{
    add_one(l, PARE_LINK_LOSSY, a, why);
}

void pare_link_sum(pare_links *l, pare_axis_ref a, pare_axis_ref b)
{
    const pare_link link = { .kind = PARE_LINK_LOSSY, .a = a, .b = b, .adds = true,
                             .why = "it is summed over, and is not zero without weights" };
    if (pare_link_extent(l, a) > 1) add(l, &link);
}

void pare_link_stack(pare_links *l, pare_axis_ref part, pare_axis_ref whole, int64_t start,
                     int64_t count)
{
    const pare_link link = { .kind = PARE_LINK_TIE, .a = part, .b = whole, .start = start };
    const bool fits = pare_link_extent(l, part) == count && start >= 0 &&
                      pare_link_extent(l, whole) >= start + count;
    if (fits && pare_link_extent(l, whole) > 1) add(l, &link);
}

void pare_link_tie(pare_links *l, pare_axis_ref a, pare_axis_ref b)
{
    const int64_t n = pare_link_extent(l, a);
    if (n > 1 && n == pare_link_extent(l, b)) pare_link_stack(l, a, b, 0, n);
}

void pare_link_regroup(pare_links *l, uint32_t in, uint32_t out)
{
    const pare_link link = { .kind = PARE_LINK_RESHAPE, .a = { false, in, 0 },
                             .b = { true, out, 0 } };
    if (pare_link_in(l, in) && pare_link_out(l, out)) add(l, &link);
}

void pare_link_within(pare_links *l, pare_axis_ref a, pare_axis_ref b, int64_t block)
{
    const pare_link link = { .kind = PARE_LINK_INNER, .a = a, .b = b, .a_block = block };
    const int64_t n_a = pare_link_extent(l, a), n_b = pare_link_extent(l, b);
    if (block <= 1 || !n_a || !n_b || n_a % block || n_b % block) return;
    if (n_a == block && n_b == block) pare_link_tie(l, a, b);
    else add(l, &link);
}

void pare_link_inner(pare_links *l, pare_axis_ref a, pare_axis_ref b)
{
    pare_link_within(l, a, b, pare_link_extent(l, b));
}

void pare_link_outer(pare_links *l, pare_axis_ref a, int64_t a_block, pare_axis_ref b,
                     int64_t b_block)
{
    const pare_link link = { .kind = PARE_LINK_OUTER, .a = a, .b = b, .a_block = a_block,
                             .b_block = b_block };
    const int64_t n_a = pare_link_extent(l, a), n_b = pare_link_extent(l, b);
    if (a_block < 1 || b_block < 1 || n_a % a_block || n_b % b_block || n_a <= a_block ||
        n_a / a_block != n_b / b_block)
        return;
    add(l, &link);
}

void pare_link_alike(pare_links *l, uint32_t in, uint32_t out, const bool *without)
{
    const pare_info *x = pare_link_in(l, in);
    const pare_info *y = pare_link_out(l, out);
    if (!x || !y || x->rank != y->rank) return;
    for (uint32_t k = 0; k < x->rank; k++)
        if (!without || !without[k]) pare_link_tie(l, pare_in_axis(in, k), pare_out_axis(out, k));
}

void pare_link_spread(pare_links *l, uint32_t in, uint32_t out, uint32_t offset)
{
    const pare_info *x = pare_link_in(l, in);
    for (uint32_t k = 0; x && k < x->rank; k++)
        pare_link_tie(l, pare_in_axis(in, k), pare_out_axis(out, offset + k));
}

/* --- numbers that follow ---------------------------------------------------------------------- */

static void follow(pare_links *l, const pare_follow *f)
{
    if (pare_link_extent(l, f->of) <= 1) return;
    if (!l->status)
        l->status = pare_grow(l->ctx, &l->follows, &l->follows_cap, l->n_follows + 1,
                              sizeof(*l->follows));
    if (!l->status) l->follows[l->n_follows++] = *f;
}

void pare_follow_count(pare_links *l, uint32_t input, uint32_t element, pare_axis_ref of,
                       int64_t block)
{
    follow(l, &(pare_follow){ PARE_FOLLOW_COUNT, of, block, NULL, input, element });
}

void pare_follow_count_attr(pare_links *l, const char *attribute, uint32_t element,
                            pare_axis_ref of, int64_t block)
{
    follow(l, &(pare_follow){ PARE_FOLLOW_COUNT, of, block, attribute, 0, element });
}

void pare_follow_root(pare_links *l, const char *attribute, pare_axis_ref of, int64_t block)
{
    follow(l, &(pare_follow){ PARE_FOLLOW_ROOT, of, block, attribute, 0, 0 });
}

void pare_follow_place(pare_links *l, pare_follow_kind kind, const char *attribute, uint32_t input,
                       uint32_t element, pare_axis_ref of)
{
    follow(l, &(pare_follow){ kind, of, 1, attribute, input, element });
}

pare_infer_io pare_link_infer_io(const pare_links *l)
{
    return (pare_infer_io){ .call = l->call, .params = l->params, .shapes = l->shapes,
                            .n_in = l->n_in, .n_out = 0, .in = l->in };
}

/* ---------------------------------------------------------------------------------------------- */

/* Fills l, or says in *why that nothing is known. */
static pare_status ask(pare_ctx *ctx, pare_links *l, const pare_op *op, const char **why)
{
    if (op->links == PARE_NA(links)) return PARE_OK;
    if (op->links == PARE_TODO(links)) {
        *why = "nothing is known of its axes";
        return PARE_OK;
    }
    const pare_status st = op->links(ctx, l);
    if (l->status) return l->status;
    if (st == PARE_EFORMAT || st == PARE_EUNSUPPORTED) *why = "it is not called as it should be";
    else if (st) return st;
    return PARE_OK;
}

pare_status pare_links_of(pare_ctx *ctx, const pare_model *model, pare_node_id node,
                          pare_shapes *shapes, pare_links_take *take, void *user)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES] = { 0 }; /* MatMul resolves none */
    const pare_node *n = &model->nodes[node];
    pare_links l = { .ctx = ctx, .shapes = shapes, .params = params, .n_in = n->n_inputs,
                     .n_out = n->n_outputs };
    pare_call call;
    const char *why = NULL;
    pare_status st = pare_operands_of(ctx, shapes, n, &l.in, &l.out);
    if (!st) {
        pare_status is_known = pare_call_init(ctx, &call, model, node);
        if (!is_known) is_known = pare_call_resolve(ctx, &call, params);
        if (is_known == PARE_ENOMEM || is_known == PARE_EBUDGET) st = is_known;
        else if (is_known) why = "the operator is not known";
    }
    l.call = &call;
    if (!st && !why) st = ask(ctx, &l, call.op, &why);
    if (why) l.n = l.n_follows = 0;
    if (!st) st = take(user, &l, why);
    pare_free(ctx, l.items);
    pare_free(ctx, l.follows);
    pare_operands_free(ctx, l.in);
    return st;
}
