#include "prune/axes.h"

#include "prune/axes_work.h"

static void work_free(pare_axes_work *w)
{
    void *const owned[] = { w->cuts, w->ties, w->nodes, w->touched, w->free, w->parent, w->marks,
                            w->stamp, w->is_zero };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(w->ctx, owned[i]);
}

static pare_status find(pare_axes_work *w)
{
    PARE_TRY(pare_axes_collect(w));
    w->cuts = pare_alloc_zero(w->ctx, (w->found->n_axes + 1) * sizeof(*w->cuts));
    if (!w->cuts) return pare_fail_memory(w->ctx, w->found->n_axes * sizeof(*w->cuts));
    pare_axes_cut(w);
    PARE_TRY(pare_axes_unite(w));
    return pare_axes_group_up(w);
}

pare_status pare_axes_find(pare_ctx *ctx, pare_axes_found **out, const pare_model *model,
                           pare_shapes *shapes, const pare_axes_opts *opts)
{
    pare_axes_work w = { .ctx = ctx, .model = model, .shapes = shapes,
                         .edges_free = opts && opts->edges_free };
    *out = NULL;
    w.found = pare_alloc_zero(ctx, sizeof(*w.found));
    if (!w.found) return pare_fail_memory(ctx, sizeof(*w.found));
    pare_arena_init(ctx, &w.found->arena, 0);
    const pare_status st = find(&w);
    work_free(&w);
    if (st) pare_axes_free(ctx, w.found);
    else *out = w.found;
    return st;
}

void pare_axes_free(pare_ctx *ctx, pare_axes_found *axes)
{
    if (!axes) return;
    pare_arena_free(&axes->arena);
    pare_free(ctx, axes);
}

const pare_axis_info *pare_axes_of(const pare_axes_found *axes, pare_value_id value, uint32_t axis)
{
    if (value >= axes->n_values) return NULL;
    const uint32_t first = axes->first_axis[value];
    if (axis >= axes->first_axis[value + 1] - first || !axes->axes[first + axis].extent)
        return NULL;
    return &axes->axes[first + axis];
}

bool pare_axis_keeps(const pare_axes_found *axes, const pare_axis_info *axis, const bool *gone,
                     int64_t p)
{
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        const int64_t at = p / f->stride % f->size;
        if (gone[axes->class_of[f->first + (uint32_t)at]]) return false;
    }
    return true;
}

int64_t pare_axis_left(const pare_axes_found *axes, const pare_axis_info *axis, const bool *gone)
{
    int64_t left = 1;
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        int64_t n = 0;
        for (int64_t k = 0; k < f->size; k++) n += !gone[axes->class_of[f->first + (uint32_t)k]];
        left *= n;
    }
    return left;
}

bool pare_axes_shrink(const pare_axes_found *axes, pare_value_id value, const bool *gone)
{
    for (uint32_t k = axes->first_axis[value]; k < axes->first_axis[value + 1]; k++) {
        const pare_axis_info *axis = &axes->axes[k];
        if (axis->extent && pare_axis_left(axes, axis, gone) != axis->extent) return true;
    }
    return false;
}
