#include "ir/cut.h"

#include "ir/graph.h"
#include "ir/uses.h"

pare_status pare_model_cut(pare_ctx *ctx, pare_model *model, const pare_value_id *values, size_t n)
{
    pare_decls *outputs = &model->graph->outputs;
    for (size_t i = 0; i < outputs->n; i++) pare_use_unlink(model, outputs->items[i].use);
    outputs->n = 0;
    for (size_t i = 0; i < n; i++)
        PARE_TRY(pare_graph_add_output(ctx, model->graph, values[i], NULL, NULL));
    pare_model_touch(model);
    return PARE_OK;
}
