#include "prune/removal.h"

pare_status pare_removal_new(pare_ctx *ctx, pare_removal *removal, uint32_t n)
{
    const size_t n_bytes = ((size_t)n + 1) * sizeof(double);
    *removal = (pare_removal){ .classes = pare_alloc(ctx, n_bytes),
                               .cost = pare_alloc_zero(ctx, n_bytes) };
    return removal->classes && removal->cost ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

void pare_removal_free(pare_ctx *ctx, pare_removal *removal)
{
    pare_free(ctx, removal->classes);
    pare_free(ctx, removal->cost);
    pare_free(ctx, removal->bare);
    *removal = (pare_removal){ 0 };
}
