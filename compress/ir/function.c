#include "ir/graph.h"
#include "ir/names.h"
#include "ir/release.h"

/* How many domains, and how many overloads, can be told apart. */
enum { NUMBER_BITS = 15, MAX_NUMBERS = 1 << NUMBER_BITS };

static uint32_t scope_of(uint32_t domain, uint32_t overload)
{
    return UINT32_C(1) << 31 | domain << NUMBER_BITS | overload;
}

/* The number of a text in a scope; a new text gets the next one. */
static pare_status number(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *text,
                          uint32_t *out)
{
    if (pare_map_get(&model->names, scope, text, out)) return PARE_OK;
    if (model->n_function_texts == MAX_NUMBERS)
        return pare_fail(ctx, PARE_EBUDGET,
                         "expected %d domains and overloads of functions at most, found more",
                         MAX_NUMBERS);
    *out = model->n_function_texts++;
    return pare_map_put(ctx, &model->names, scope, text, *out);
}

pare_status pare_names_add_function(pare_ctx *ctx, pare_model *model, size_t index)
{
    const pare_function *f = model->functions[index];
    const char *domain = pare_domain_normal(f->domain);
    uint32_t d = 0;
    uint32_t o = 0;
    PARE_TRY(number(ctx, model, PARE_SCOPE_FUNCTION_DOMAIN, domain, &d));
    PARE_TRY(number(ctx, model, PARE_SCOPE_FUNCTION_OVERLOAD, pare_str_or_empty(f->overload), &o));
    if (pare_map_get(&model->names, scope_of(d, o), f->name, NULL))
        return pare_fail(ctx, PARE_EFORMAT, "function '%s:%s': expected one definition, found two",
                         domain, f->name);
    return pare_map_put(ctx, &model->names, scope_of(d, o), f->name, (uint32_t)index);
}

pare_function *pare_model_function(const pare_model *model, const char *domain, const char *name,
                                   const char *overload)
{
    uint32_t d = 0;
    uint32_t o = 0;
    uint32_t index = 0;
    if (!model->n_functions ||
        !pare_map_get(&model->names, PARE_SCOPE_FUNCTION_DOMAIN, pare_domain_normal(domain), &d) ||
        !pare_map_get(&model->names, PARE_SCOPE_FUNCTION_OVERLOAD, pare_str_or_empty(overload),
                      &o) ||
        !pare_map_get(&model->names, scope_of(d, o), pare_str_or_empty(name), &index))
        return NULL;
    return model->functions[index];
}

static pare_status copy_text(pare_ctx *ctx, pare_model *model, const char **out, const char *text)
{
    *out = pare_arena_str(&model->arena, text);
    return text && !*out ? pare_arena_fail(ctx, &model->arena) : PARE_OK;
}

pare_status pare_function_new(pare_ctx *ctx, pare_function **out, pare_model *model,
                              const char *domain, const char *name, const char *overload)
{
    *out = NULL;
    pare_function *f = pare_arena_zero(&model->arena, sizeof(*f));
    if (!f || !pare_arena_grow(&model->arena, &model->functions, &model->functions_cap,
                               model->n_functions + 1, sizeof(*model->functions)))
        return pare_arena_fail(ctx, &model->arena);
    PARE_TRY(copy_text(ctx, model, &f->domain, domain));
    PARE_TRY(copy_text(ctx, model, &f->name, name));
    PARE_TRY(copy_text(ctx, model, &f->overload, overload));
    PARE_TRY(pare_graph_new(ctx, &f->body, model, NULL, name));
    f->body->function = f;
    model->functions[model->n_functions] = f; /* in the list only when all has gone well */
    const pare_status st = pare_names_add_function(ctx, model, model->n_functions);
    if (st) {
        model->n_graphs--;
        return st;
    }
    f->index = (uint32_t)model->n_functions++;
    *out = f;
    return PARE_OK;
}

/* Where the function stands in the name map; its texts have numbers. */
static uint32_t name_scope(const pare_model *model, const pare_function *f)
{
    uint32_t d = 0;
    uint32_t o = 0;
    pare_map_get(&model->names, PARE_SCOPE_FUNCTION_DOMAIN, pare_domain_normal(f->domain), &d);
    pare_map_get(&model->names, PARE_SCOPE_FUNCTION_OVERLOAD, pare_str_or_empty(f->overload), &o);
    return scope_of(d, o);
}

pare_status pare_function_remove(pare_ctx *ctx, pare_model *model, pare_function *function)
{
    const uint32_t at = function->index;
    /* Room for one entry is made first, so that replacing entries cannot fail half-way. */
    PARE_TRY(pare_map_reserve(ctx, &model->names, 1));
    pare_map_remove(&model->names, name_scope(model, function), function->name);
    pare_graph_empty(function->body);
    function->body->function = NULL;
    model->n_functions--;
    for (uint32_t i = at; i < model->n_functions; i++) {
        pare_function *f = model->functions[i] = model->functions[i + 1];
        f->index = i;
        PARE_TRY(pare_map_put(ctx, &model->names, name_scope(model, f), f->name, i));
    }
    return PARE_OK;
}
