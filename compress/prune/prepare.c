#include "prune/prepare.h"

#include "ir/graph.h"
#include "pass/pass.h"

pare_status pare_prune_prepare(pare_ctx *ctx, pare_model *model)
{
    static const char *const passes[] = { "fold-constants", "fold-affine", "dead-code" };
    pare_pass_stats stats = { 0 };
    pare_graph_drop_default_inputs(model->graph);
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        PARE_TRY(pare_pass_run(ctx, model, pare_pass_find(passes[i]), NULL, &stats));
    return PARE_OK;
}
