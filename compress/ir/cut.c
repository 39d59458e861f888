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

pare_status pare_model_cut_inputs(pare_ctx *ctx, pare_model *model, const pare_value_id *values,
                                  const pare_dtype *types, size_t n)
{
    pare_graph *graph = model->graph;
    pare_decls *inputs = &graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) model->values[inputs->items[i].value].is_input = false;
    inputs->n = 0;
    for (size_t i = 0; i < n; i++) {
        const pare_type *type = model->values[values[i]].type;
        if (!type) {
            const pare_type any = { .kind = PARE_TYPE_TENSOR, .dtype = types[i] };
            type = pare_arena_copy(&model->arena, &any, sizeof(any));
            if (!type) return pare_arena_fail(ctx, &model->arena);
        }
        if (model->values[values[i]].producer != PARE_NONE) pare_value_detach(model, values[i]);
        PARE_TRY(pare_graph_add_input(ctx, graph, values[i], type, NULL));
    }
    pare_model_touch(model);
    return PARE_OK;
}
