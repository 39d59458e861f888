#include "op/function_call.h"

#include "ir/graph.h"

const pare_function *pare_called_function(const pare_model *model, const pare_node *node)
{
    return pare_model_function(model, node->domain, node->op_type, node->overload);
}

pare_status pare_function_bind(pare_ctx *ctx, pare_arena *arena, const pare_call *outer,
                               const pare_function *function, pare_attr_binding **out, size_t *n)
{
    const size_t max = function->n_attr_names + function->n_attr_defaults;
    *n = 0;
    *out = pare_arena_array(arena, max, sizeof(**out));
    if (!*out) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < function->n_attr_names; i++) {
        const pare_attr *attr = pare_call_attr(outer, function->attr_names[i]);
        if (attr) (*out)[(*n)++] = (pare_attr_binding){ function->attr_names[i], attr };
    }
    for (size_t i = 0; i < function->n_attr_defaults; i++) {
        const pare_attr *fallback = function->attr_defaults[i];
        const pare_attr *attr = pare_call_attr(outer, fallback->name);
        (*out)[(*n)++] = (pare_attr_binding){ fallback->name, attr ? attr : fallback };
    }
    return PARE_OK;
}
