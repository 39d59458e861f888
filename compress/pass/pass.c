#include "pass/pass.h"

#include "base/bytes.h"
#include "ir/check.h"

#define PARE_PASS(name, symbol) extern const pare_pass pare_pass_##symbol;
#include "pass_list.h"
#undef PARE_PASS

static const pare_pass *const passes[] = {
#define PARE_PASS(name, symbol) &pare_pass_##symbol,
#include "pass_list.h"
#undef PARE_PASS
};

enum { N_PASSES = sizeof(passes) / sizeof(passes[0]) };

const pare_pass *const *pare_pass_all(size_t *n)
{
    *n = N_PASSES;
    return passes;
}

const pare_pass *pare_pass_find(const char *name)
{
    for (size_t i = 0; i < N_PASSES; i++)
        if (pare_str_eq(passes[i]->name, name)) return passes[i];
    return NULL;
}

pare_status pare_pass_run(pare_ctx *ctx, pare_model *model, const pare_pass *pass,
                          const pare_pass_opts *opts, pare_pass_stats *stats)
{
    static const pare_pass_opts none = { 0 };
    PARE_TRY(pass->run(ctx, model, opts ? opts : &none, stats));
    return pare_graph_check(ctx, model, pass->name);
}

pare_status pare_optimize(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                          pare_pass_stats *stats)
{
    static const char *const names[] = { "fold-constants", "dead-code" };
    *stats = (pare_pass_stats){ 0 };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        PARE_TRY(pare_pass_run(ctx, model, pare_pass_find(names[i]), opts, stats));
    return PARE_OK;
}

bool pare_pass_changed(const pare_pass_stats *stats)
{
    return stats->n_folded || stats->n_nodes || stats->n_initializers || stats->n_functions;
}

uint64_t pare_count_nodes(const pare_model *model)
{
    uint64_t n = 0;
    for (size_t i = 0; i < model->n_graphs; i++) n += model->graphs[i]->n_nodes;
    return n;
}
