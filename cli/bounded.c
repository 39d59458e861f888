#include "cli/runner.h"

#include <unistd.h>

static uint64_t default_limit(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return UINT64_C(4) << 30;
    return (uint64_t)pages / 4 * 3 * (uint64_t)page_bytes;
}

void pare_runner_init(pare_runner *runner, pare_app *app)
{
    const uint64_t told = app->shared.max_memory_bytes;
    runner->app = app;
    pare_budget_init(&runner->budget, &app->ctx, told ? told : default_limit());
    pare_ctx_opts opts = app->ctx.opts;
    opts.allocator = pare_budget_allocator(&runner->budget);
    pare_ctx_init(&runner->ctx, &opts);
}

pare_status pare_runner_fail(pare_runner *runner, pare_status st)
{
    if (!st) return st;
    st = pare_budget_explain(&runner->ctx, &runner->budget, st);
    return pare_fail(&runner->app->ctx, st, "%s", runner->ctx.message);
}

pare_status pare_runner_eval(pare_runner *runner, pare_datum **out, const pare_model *model,
                             const pare_eval_input *inputs, size_t n, uint64_t seed)
{
    const pare_eval_opts opts = { .seed = seed };
    return pare_runner_fail(runner,
                            pare_eval_model(&runner->ctx, out, model, inputs, n, &opts));
}

void pare_runner_drop(pare_runner *runner, pare_datum *outputs, const pare_model *model)
{
    for (size_t i = 0; outputs && i < model->graph->outputs.n; i++)
        pare_datum_drop(&runner->ctx, &outputs[i]);
    pare_free(&runner->ctx, outputs);
}
