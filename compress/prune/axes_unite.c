#include "prune/axes_work.h"

/* --- classes ---------------------------------------------------------------------------------- */

uint32_t pare_axes_root(pare_axes_work *w, uint32_t element)
{
    while (w->parent[element] != element)
        element = w->parent[element] = w->parent[w->parent[element]];
    return element;
}

/* What is true of either is true of both; the first reason stays. */
static void merge_marks(pare_class *to, const pare_class *from)
{
    const bool says_more = from->why && (!to->why || (from->is_frozen && !to->is_frozen));
    if (says_more) {
        to->why = from->why;
        to->by = from->by;
    }
    to->is_frozen |= from->is_frozen;
    to->is_lossy |= from->is_lossy;
}

static void unite(pare_axes_work *w, uint32_t a, uint32_t b)
{
    a = pare_axes_root(w, a);
    b = pare_axes_root(w, b);
    if (a == b) return;
    const uint32_t first = a < b ? a : b, other = a < b ? b : a;
    w->parent[other] = first;
    merge_marks(&w->marks[first], &w->marks[other]);
}

static void mark(pare_axes_work *w, uint32_t element, const pare_class *as)
{
    merge_marks(&w->marks[pare_axes_root(w, element)], as);
}

static void mark_factor(pare_axes_work *w, const pare_factor *f, const pare_class *as)
{
    for (int64_t i = 0; i < f->size; i++) mark(w, f->first + (uint32_t)i, as);
}

static void mark_axis(pare_axes_work *w, uint32_t axis, const pare_class *as)
{
    const pare_axis_info *a = &w->found->axes[axis];
    for (uint32_t i = 0; i < a->n_factors; i++)
        mark_factor(w, &w->found->factors[a->first_factor + i], as);
}

/* --- factors ---------------------------------------------------------------------------------- */

static size_t count_factors(const pare_axes_work *w)
{
    size_t n = 0;
    for (size_t k = 0; k < w->found->n_axes; k++)
        if (w->found->axes[k].extent) n += w->cuts[k].n + 1u;
    return n;
}

/* Factors of an axis, outermost first. */
static void make_factors(pare_axes_work *w, uint32_t axis, uint32_t *element)
{
    pare_axes_found *f = w->found;
    pare_axis_info *a = &f->axes[axis];
    const pare_axis_cuts *c = &w->cuts[axis];
    a->first_factor = (uint32_t)f->n_factors;
    if (!a->extent) return;
    a->n_factors = c->n + 1u;
    int64_t end = a->extent;
    for (uint32_t i = 0; i < a->n_factors; i++) {
        const int64_t stride = i < c->n ? c->at[c->n - 1 - i] : 1;
        f->factors[f->n_factors++] =
            (pare_factor){ axis, stride, end / stride, *element, PARE_NONE };
        *element += (uint32_t)(end / stride);
        end = stride;
    }
}

static pare_status make_elements(pare_axes_work *w)
{
    pare_axes_found *f = w->found;
    const size_t n_factors = count_factors(w);
    uint64_t n = 0;
    f->factors = pare_arena_array(&f->arena, n_factors + 1, sizeof(*f->factors));
    if (!f->factors) return pare_arena_fail(w->ctx, &f->arena);
    for (size_t k = 0; k < f->n_axes; k++) n += (uint64_t)f->axes[k].extent;
    if (n >= UINT32_MAX)
        return pare_fail(w->ctx, PARE_EBUDGET, "axes of all values together: expected below 2^32 "
                                               "positions, found more");
    uint32_t element = 0;
    for (uint32_t k = 0; k < f->n_axes; k++) make_factors(w, k, &element);
    f->n_elements = element;
    w->parent = pare_alloc(w->ctx, (f->n_elements + 1) * sizeof(*w->parent));
    w->marks = pare_alloc_zero(w->ctx, (f->n_elements + 1) * sizeof(*w->marks));
    w->stamp = pare_alloc_zero(w->ctx, (n_factors + 1) * sizeof(*w->stamp));
    if (!w->parent || !w->marks || !w->stamp)
        return pare_fail_memory(w->ctx, (f->n_elements + 1) * sizeof(*w->marks));
    for (uint32_t e = 0; e < f->n_elements; e++) {
        w->parent[e] = e;
        w->marks[e].by = PARE_NONE;
    }
    return PARE_OK;
}

static const pare_factor *factors_of(const pare_axes_work *w, uint32_t axis, uint32_t *n)
{
    const pare_axis_info *a = &w->found->axes[axis];
    *n = a->n_factors;
    return w->found->factors + a->first_factor;
}

/* --- ties ------------------------------------------------------------------------------------- */

typedef struct uniter {
    pare_axes_work *w;
    uint32_t stamp;
    pare_class frozen; /* as the node does it that speaks */
} uniter;

static void speak(const uniter *u, const pare_factor *f)
{
    u->w->stamp[f - u->w->found->factors] = u->stamp;
}

static void speak_of_axis(const uniter *u, uint32_t axis)
{
    uint32_t n;
    const pare_factor *f = factors_of(u->w, axis, &n);
    for (uint32_t i = 0; i < n; i++) speak(u, &f[i]);
}

static void freeze_axis(const uniter *u, uint32_t axis)
{
    mark_axis(u->w, axis, &u->frozen);
    speak_of_axis(u, axis);
}

static void unite_factors(const uniter *u, const pare_factor *a, const pare_factor *b)
{
    speak(u, a);
    speak(u, b);
    for (int64_t i = 0; i < a->size; i++)
        unite(u->w, a->first + (uint32_t)i, b->first + (uint32_t)i);
}

/* An axis that stays whole holds the one that it is tied to. */
static bool freezes_broken(const uniter *u, const pare_axis_tie *t)
{
    if (!u->w->cuts[t->a].is_broken) return false;
    freeze_axis(u, t->a);
    freeze_axis(u, t->b);
    return true;
}

/* All of a, within b from `start` on. Blocks of b that a lies in are there as long as a is. */
static void unite_part(const uniter *u, const pare_axis_tie *t)
{
    pare_axes_work *w = u->w;
    uint32_t n_a, n_b;
    const pare_factor *a = factors_of(w, t->a, &n_a), *b = factors_of(w, t->b, &n_b);
    if (freezes_broken(u, t)) return;
    speak_of_axis(u, t->a);
    speak_of_axis(u, t->b);
    const uint32_t above = n_b - n_a; /* factors of b outside of a; both have the same below */
    for (uint32_t i = 0; i < n_a; i++) {
        const pare_factor *of = &b[above + i];
        const int64_t first = i ? 0 : t->start / of->stride % of->size;
        for (int64_t k = 0; k < a[i].size; k++)
            unite(w, a[i].first + (uint32_t)k, of->first + (uint32_t)(first + k));
    }
    for (uint32_t i = 0; i < above; i++)
        mark(w, b[i].first + (uint32_t)(t->start / b[i].stride % b[i].size), &u->frozen);
}

/* Factors of a and b whose strides, in blocks, are the same. */
static void unite_blocks(const uniter *u, const pare_axis_tie *t, int64_t a_block, int64_t b_block,
                         bool inner)
{
    pare_axes_work *w = u->w;
    uint32_t n_a, n_b;
    const pare_factor *a = factors_of(w, t->a, &n_a), *b = factors_of(w, t->b, &n_b);
    if (freezes_broken(u, t)) return;
    for (uint32_t i = 0; i < n_a; i++)
        for (uint32_t k = 0; k < n_b; k++) {
            const bool alike = inner ? a[i].stride == b[k].stride && a[i].stride < a_block
                                     : a[i].stride >= a_block && b[k].stride >= b_block &&
                                           a[i].stride / a_block == b[k].stride / b_block;
            if (alike) unite_factors(u, &a[i], &b[k]);
        }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The factor of a row of axes at this stride among all its elements; NULL: none. */
static const pare_factor *row_factor(const pare_axes_work *w, uint32_t first, uint32_t n,
                                     int64_t stride)
{
    int64_t inner = 1;
    for (uint32_t k = first + n; k-- > first;) {
        const int64_t extent = pare_axis_extent(w, k);
        uint32_t n_factors;
        const pare_factor *f = factors_of(w, k, &n_factors);
        for (uint32_t i = 0; i < n_factors; i++)
            if (f[i].stride * inner == stride) return &f[i];
        if (extent > 1) inner *= extent;
    }
    return NULL;
}

static void unite_rows(const uniter *u, const pare_axis_tie *t)
{
    pare_axes_work *w = u->w;
    int64_t inner = 1;
    for (uint32_t k = t->a + t->n_a; k-- > t->a;) {
        uint32_t n;
        const pare_factor *f = factors_of(w, k, &n);
        for (uint32_t i = 0; i < n; i++) {
            const pare_factor *other = row_factor(w, t->b, t->n_b, f[i].stride * inner);
            if (other && other->size == f[i].size) unite_factors(u, &f[i], other);
        }
        if (pare_axis_extent(w, k) > 1) inner *= pare_axis_extent(w, k);
    }
}

/* ---------------------------------------------------------------------------------------------- */

static void unite_tie(const uniter *u, const pare_axis_tie *t, pare_node_id node)
{
    const pare_class mark_as = { .is_frozen = t->kind == PARE_LINK_FREEZE,
                                 .is_lossy = t->kind == PARE_LINK_LOSSY, .by = node,
                                 .why = t->why };
    if (t->kind == PARE_LINK_TIE) unite_part(u, t);
    else if (t->kind == PARE_LINK_INNER) unite_blocks(u, t, t->a_block, 0, true);
    else if (t->kind == PARE_LINK_OUTER) unite_blocks(u, t, t->a_block, t->b_block, false);
    else if (t->kind == PARE_LINK_RESHAPE) unite_rows(u, t);
    else mark_axis(u->w, t->a, &mark_as);
    if (t->kind == PARE_LINK_FREEZE || t->kind == PARE_LINK_LOSSY) speak_of_axis(u, t->a);
}

/* What a node does not speak of stays as it is. */
static void unite_node(pare_axes_work *w, uint32_t index)
{
    const pare_axis_node *n = &w->nodes[index];
    const uniter u = { w, index + 1, { .is_frozen = true, .by = n->node,
                                       .why = n->why ? n->why : "it needs all of it" } };
    for (uint32_t i = n->first_tie; i < n->end_tie; i++) unite_tie(&u, &w->ties[i], n->node);
    for (uint32_t i = n->first_free; i < n->end_free; i++) speak_of_axis(&u, w->free[i]);
    for (uint32_t i = n->first_touched; i < n->end_touched; i++) {
        uint32_t n_factors;
        const pare_factor *f = factors_of(w, w->touched[i], &n_factors);
        for (uint32_t k = 0; k < n_factors; k++)
            if (w->stamp[&f[k] - w->found->factors] != u.stamp) mark_factor(w, &f[k], &u.frozen);
    }
}

/* Inputs and outputs of the graph, what nested graphs read, what cannot be cut. */
static void freeze_edges(pare_axes_work *w)
{
    static const pare_class is_edge = { .is_frozen = true, .by = PARE_NONE,
                                        .why = "an input or output of the graph has it" };
    static const pare_class is_captured = { .is_frozen = true, .by = PARE_NONE,
                                            .why = "a nested graph reads it" };
    static const pare_class is_packed = { .is_frozen = true, .by = PARE_NONE,
                                          .why = "its constants are of less than a byte" };
    const pare_axes_found *f = w->found;
    for (pare_value_id v = 0; v < f->n_values; v++) {
        const pare_value *value = &w->model->values[v];
        const pare_class *as = value->is_input && !w->edges_free ? &is_edge : NULL;
        for (const pare_use *use = value->first_use; use; use = use->next) {
            const bool is_result = use->user == PARE_NONE && use->graph == w->model->graph;
            if (is_result) as = w->edges_free ? as : &is_edge;
            else if (!as && !pare_axes_cover(w->model, use->graph)) as = &is_captured;
        }
        if (!as && value->tensor && pare_dtype_of(value->tensor->dtype)->bits < 8) as = &is_packed;
        for (uint32_t k = f->first_axis[v]; as && k < f->first_axis[v + 1]; k++)
            mark_axis(w, k, as);
    }
}

pare_status pare_axes_unite(pare_axes_work *w)
{
    static const pare_class is_broken = { .is_frozen = true, .by = PARE_NONE,
                                          .why = "operators cut it into blocks that do not fit "
                                                 "each other" };
    PARE_TRY(make_elements(w));
    freeze_edges(w);
    for (uint32_t k = 0; k < w->found->n_axes; k++)
        if (w->cuts[k].is_broken) mark_axis(w, k, &is_broken);
    for (uint32_t i = 0; i < w->n_nodes; i++) unite_node(w, i);
    return PARE_OK;
}
