#include "prune/removal.h"

pare_status pare_removal_new(pare_ctx *ctx, pare_removal *removal, uint32_t n)
{
    const size_t n_bytes = ((size_t)n + 1) * sizeof(double);
    *removal = (pare_removal){ .classes = pare_alloc(ctx, n_bytes),
                               .cost = pare_alloc_zero(ctx, n_bytes),
                               .error = pare_alloc_zero(ctx, n_bytes),
                               .bare = pare_alloc_zero(ctx, n_bytes) };
    if (!removal->classes || !removal->cost || !removal->error || !removal->bare)
        return pare_fail_memory(ctx, n_bytes);
    for (uint32_t i = 1; i <= n; i++) removal->error[i] = removal->bare[i] = -1;
    return PARE_OK;
}

void pare_removal_free(pare_ctx *ctx, pare_removal *removal)
{
    pare_free(ctx, removal->classes);
    pare_free(ctx, removal->cost);
    pare_free(ctx, removal->error);
    pare_free(ctx, removal->bare);
    *removal = (pare_removal){ 0 };
}

pare_status pare_removals_add(pare_ctx *ctx, pare_removals *removals, pare_removal **out,
                              uint32_t group, uint32_t n)
{
    PARE_TRY(pare_grow(ctx, &removals->items, &removals->cap, removals->n + 1,
                       sizeof(*removals->items)));
    *out = &removals->items[removals->n++];
    const pare_status st = pare_removal_new(ctx, *out, n);
    (*out)->group = group;
    return st;
}

void pare_removals_free(pare_ctx *ctx, pare_removals *removals)
{
    for (size_t i = 0; i < removals->n; i++) pare_removal_free(ctx, &removals->items[i]);
    pare_free(ctx, removals->items);
    *removals = (pare_removals){ 0 };
}
