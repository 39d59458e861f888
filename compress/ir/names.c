#include "ir/names.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>

pare_status pare_names_note(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *name)
{
    if (!model->names_indexed || !name) return PARE_OK;
    return pare_map_put(ctx, &model->names, scope, name, 0);
}

/* Enters every name of the model. Most models are only read, so this waits for the first need. */
static pare_status build_index(pare_ctx *ctx, pare_model *model)
{
    if (model->names_indexed) return PARE_OK;
    for (size_t i = 0; i < model->n_values; i++)
        if (model->values[i].graph)
            PARE_TRY(pare_map_put(ctx, &model->names, PARE_SCOPE_ANY_VALUE,
                                  model->values[i].name, 0));
    for (size_t i = 0; i < model->n_nodes; i++)
        if (model->nodes[i].graph && model->nodes[i].name)
            PARE_TRY(pare_map_put(ctx, &model->names, PARE_SCOPE_ANY_NODE,
                                  model->nodes[i].name, 0));
    model->names_indexed = true;
    return PARE_OK;
}

pare_status pare_names_taken(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *name,
                             bool *out)
{
    PARE_TRY(build_index(ctx, model));
    *out = pare_map_get(&model->names, scope, name, NULL);
    return PARE_OK;
}

pare_status pare_names_add_value(pare_ctx *ctx, pare_graph *graph, const char *name,
                                 pare_value_id value, const char **out)
{
    pare_model *model = graph->model;
    bool is_new = false;
    if (!*name) return pare_fail(ctx, PARE_EFORMAT, "expected the name of a value, found \"\"");
    const char *copy = pare_arena_str(&model->arena, name);
    if (!copy) return pare_arena_fail(ctx, &model->arena);
    PARE_TRY(pare_names_note(ctx, model, PARE_SCOPE_ANY_VALUE, copy));
    PARE_TRY(pare_map_add(ctx, &model->names, graph->scope, copy, value, &is_new));
    if (!is_new)
        return pare_fail(ctx, PARE_EFORMAT,
                         "value '%s': expected one definition in graph '%s', found two", name,
                         pare_str_or_empty(graph->name));
    *out = copy;
    return PARE_OK;
}

static pare_status numbered(pare_ctx *ctx, pare_model *model, const char *hint, uint32_t number,
                            const char **out)
{
    const size_t n_bytes = strlen(hint) + 12; /* "_", up to 10 digits, the terminator */
    char *name = pare_arena_alloc(&model->arena, n_bytes);
    if (!name) return pare_arena_fail(ctx, &model->arena);
    snprintf(name, n_bytes, "%s_%" PRIu32, hint, number);
    *out = name;
    return PARE_OK;
}

pare_status pare_names_derive(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *hint,
                              const char **out)
{
    if (!*hint) hint = "value";
    bool taken = false;
    PARE_TRY(pare_names_taken(ctx, model, scope, hint, &taken));
    if (!taken) {
        *out = hint;
        return PARE_OK;
    }
    uint32_t number = 1;
    pare_map_get(&model->names, PARE_SCOPE_NEXT_SUFFIX, hint, &number);
    const char *name = NULL;
    do {
        PARE_TRY(numbered(ctx, model, hint, number++, &name));
    } while (pare_map_get(&model->names, scope, name, NULL));
    const char *key = pare_arena_str(&model->arena, hint);
    if (!key) return pare_arena_fail(ctx, &model->arena);
    PARE_TRY(pare_map_put(ctx, &model->names, PARE_SCOPE_NEXT_SUFFIX, key, number));
    *out = name;
    return PARE_OK;
}
