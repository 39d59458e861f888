#include "prune/axes_work.h"

/* Where axes are cut into factors: at the borders of blocks that operators speak of, and wherever
 * that follows for axes tied to such. */

/* Adds a cut to a set whose axis has this extent; *changed is set when it was not there. */
static void add_cut(pare_axis_cuts *c, int64_t extent, int64_t at, bool *changed)
{
    uint32_t i = 0;
    if (c->is_broken || at <= 1 || at >= extent) return;
    while (i < c->n && c->at[i] < at) i++;
    if (i < c->n && c->at[i] == at) return;
    const int64_t below = i ? c->at[i - 1] : 1, above = i < c->n ? c->at[i] : extent;
    *changed = true;
    if (at % below || above % at || c->n == PARE_MAX_CUTS) {
        c->is_broken = true;
        c->n = 0;
        return;
    }
    for (uint32_t k = c->n++; k > i; k--) c->at[k] = c->at[k - 1];
    c->at[i] = at;
}

static void break_axis(pare_axes_work *w, uint32_t axis, bool *changed)
{
    if (w->cuts[axis].is_broken) return;
    w->cuts[axis] = (pare_axis_cuts){ .is_broken = true };
    *changed = true;
}

static void cut_axis(pare_axes_work *w, uint32_t axis, int64_t at, bool *changed)
{
    add_cut(&w->cuts[axis], pare_axis_extent(w, axis), at, changed);
}

/* Cuts of one axis below `end`, to another where they lie alike. */
static void copy_below(pare_axes_work *w, uint32_t from, int64_t end, uint32_t to, bool *changed)
{
    const pare_axis_cuts c = w->cuts[from];
    for (uint32_t i = 0; i < c.n; i++)
        if (c.at[i] < end) cut_axis(w, to, c.at[i], changed);
}

static void break_both(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    break_axis(w, t->a, changed);
    break_axis(w, t->b, changed);
}

/* Whether one of the two is broken: then both are. */
static bool is_broken(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    const bool a = w->cuts[t->a].is_broken, b = w->cuts[t->b].is_broken;
    if (a != b) break_both(w, t, changed);
    return a || b;
}

/* All of a lies in b from `start` on: borders of blocks must meet, or a must lie within a block. */
static void pass_tie(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    const int64_t n = pare_axis_extent(w, t->a);
    const pare_axis_cuts a = w->cuts[t->a], b = w->cuts[t->b];
    if (is_broken(w, t, changed)) return;
    bool fits = true;
    for (uint32_t i = 0; i < a.n; i++) fits &= t->start % a.at[i] == 0;
    for (uint32_t i = 0; i < b.n; i++)
        fits &= b.at[i] < n ? t->start % b.at[i] == 0 && n % b.at[i] == 0
                            : t->start / b.at[i] == (t->start + n - 1) / b.at[i];
    if (!fits) {
        break_both(w, t, changed);
        return;
    }
    copy_below(w, t->a, n, t->b, changed);
    copy_below(w, t->b, n, t->a, changed);
}

static void pass_inner(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    const int64_t n = t->a_block;
    cut_axis(w, t->a, n, changed);
    cut_axis(w, t->b, n, changed);
    if (is_broken(w, t, changed)) return;
    copy_below(w, t->a, n, t->b, changed);
    copy_below(w, t->b, n, t->a, changed);
}

static void copy_above(pare_axes_work *w, uint32_t from, int64_t from_block, uint32_t to,
                       int64_t to_block, bool *changed)
{
    const pare_axis_cuts c = w->cuts[from];
    for (uint32_t i = 0; i < c.n; i++)
        if (c.at[i] > from_block) cut_axis(w, to, c.at[i] / from_block * to_block, changed);
}

static void pass_outer(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    cut_axis(w, t->a, t->a_block, changed);
    cut_axis(w, t->b, t->b_block, changed);
    if (is_broken(w, t, changed)) return;
    copy_above(w, t->a, t->a_block, t->b, t->b_block, changed);
    copy_above(w, t->b, t->b_block, t->a, t->a_block, changed);
}

/* --- rows of axes ----------------------------------------------------------------------------- */

/* Elements of an axis of a row; 1 for those that are not told apart. */
static int64_t row_extent(const pare_axes_work *w, uint32_t axis)
{
    const int64_t n = pare_axis_extent(w, axis);
    return n > 1 ? n : 1;
}

static int64_t row_elements(const pare_axes_work *w, uint32_t first, uint32_t n)
{
    int64_t elements = 1;
    for (uint32_t k = first; k < first + n; k++) elements *= row_extent(w, k);
    return elements;
}

pare_axis_cuts pare_axes_flat_cuts(const pare_axes_work *w, uint32_t first, uint32_t n)
{
    const int64_t elements = row_elements(w, first, n);
    pare_axis_cuts flat = { 0 };
    int64_t inner = 1;
    bool changed = false;
    for (uint32_t k = first + n; k-- > first;) {
        const pare_axis_cuts *c = &w->cuts[k];
        if (c->is_broken) return (pare_axis_cuts){ .is_broken = true };
        for (uint32_t i = 0; i < c->n; i++) add_cut(&flat, elements, c->at[i] * inner, &changed);
        inner *= row_extent(w, k);
        add_cut(&flat, elements, inner, &changed);
    }
    return flat;
}

/* Cuts of the row back to its axes. */
static void spread_cuts(pare_axes_work *w, uint32_t first, uint32_t n, const pare_axis_cuts *flat,
                        bool *changed)
{
    int64_t inner = 1;
    for (uint32_t k = first + n; k-- > first;) {
        const int64_t outer = inner * row_extent(w, k);
        for (uint32_t i = 0; i < flat->n; i++) {
            if (flat->at[i] <= inner || flat->at[i] >= outer) continue;
            if (flat->at[i] % inner == 0) cut_axis(w, k, flat->at[i] / inner, changed);
            else break_axis(w, k, changed);
        }
        inner = outer;
    }
}

static void pass_regroup(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    pare_axis_cuts flat = pare_axes_flat_cuts(w, t->a, t->n_a);
    const pare_axis_cuts other = pare_axes_flat_cuts(w, t->b, t->n_b);
    const int64_t elements = row_elements(w, t->a, t->n_a);
    bool ignored = false;
    flat.is_broken |= other.is_broken;
    for (uint32_t i = 0; i < other.n; i++) add_cut(&flat, elements, other.at[i], &ignored);
    if (!flat.is_broken) {
        spread_cuts(w, t->a, t->n_a, &flat, changed);
        spread_cuts(w, t->b, t->n_b, &flat, changed);
        return;
    }
    for (uint32_t k = t->a; k < t->a + t->n_a; k++) break_axis(w, k, changed);
    for (uint32_t k = t->b; k < t->b + t->n_b; k++) break_axis(w, k, changed);
}

/* ---------------------------------------------------------------------------------------------- */

static void pass(pare_axes_work *w, const pare_axis_tie *t, bool *changed)
{
    if (t->kind == PARE_LINK_TIE) pass_tie(w, t, changed);
    else if (t->kind == PARE_LINK_INNER) pass_inner(w, t, changed);
    else if (t->kind == PARE_LINK_OUTER) pass_outer(w, t, changed);
    else if (t->kind == PARE_LINK_RESHAPE) pass_regroup(w, t, changed);
}

/* Forth and back, as most chains run along the order of the nodes. */
void pare_axes_cut(pare_axes_work *w)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < w->n_ties; i++) pass(w, &w->ties[i], &changed);
        for (size_t i = w->n_ties; changed && i-- > 0;) pass(w, &w->ties[i], &changed);
    }
}
