#include "cli/bounded.h"

#include <unistd.h>

static uint64_t default_limit(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return UINT64_C(4) << 30;
    return (uint64_t)pages / 4 * 3 * (uint64_t)page_bytes;
}

void pare_bounded_init(pare_bounded *bounded, pare_app *app)
{
    const uint64_t told = app->shared.max_memory_bytes;
    bounded->app = app;
    pare_budget_init(&bounded->budget, &app->ctx, told ? told : default_limit());
    pare_ctx_opts opts = app->ctx.opts;
    opts.allocator = pare_budget_allocator(&bounded->budget);
    pare_ctx_init(&bounded->ctx, &opts);
}

pare_status pare_bounded_fail(pare_bounded *bounded, pare_status st)
{
    if (!st) return st;
    st = pare_budget_explain(&bounded->ctx, &bounded->budget, st);
    return pare_fail(&bounded->app->ctx, st, "%s", bounded->ctx.message);
}

pare_status pare_bounded_eval(pare_bounded *bounded, pare_datum **out, const pare_model *model,
                             const pare_eval_input *inputs, size_t n, uint64_t seed)
{
    const pare_eval_opts opts = { .seed = seed };
    return pare_bounded_fail(bounded,
                            pare_eval_model(&bounded->ctx, out, model, inputs, n, &opts));
}

void pare_bounded_drop(pare_bounded *bounded, pare_datum *outputs, const pare_model *model)
{
    pare_datums_free(&bounded->ctx, outputs, model->graph->outputs.n);
}
