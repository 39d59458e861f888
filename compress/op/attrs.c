#include "op/attrs.h"

#include <inttypes.h>
#include <stdio.h>

pare_status pare_call_fail(pare_ctx *ctx, const pare_call *call, const char *fmt, ...)
{
    char text[PARE_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    const pare_node *n = call->node;
    const char *output = n->n_outputs && n->outputs[0] != PARE_NONE
                             ? n->graph->model->values[n->outputs[0]].name
                             : "";
    if (n->name && *n->name)
        return pare_fail(ctx, PARE_EFORMAT, "node '%s' (%s): %s", n->name,
                         pare_str_or_empty(n->op_type), text);
    return pare_fail(ctx, PARE_EFORMAT, "node of output '%s' (%s): %s", output,
                     pare_str_or_empty(n->op_type), text);
}

const pare_attr *pare_call_attr(const pare_call *call, const char *name)
{
    const pare_attr *attr = pare_node_attr(call->node, name);
    if (!attr || !attr->ref_name) return attr;
    for (size_t i = 0; i < call->n_bindings; i++)
        if (pare_str_eq(call->bindings[i].name, attr->ref_name)) return call->bindings[i].attr;
    return NULL;
}

/* Finds an attribute and checks its type; *out is NULL when it is absent. */
static pare_status typed(pare_ctx *ctx, const pare_call *call, const char *name,
                         pare_attr_type type, const pare_attr **out)
{
    *out = pare_call_attr(call, name);
    if (!*out || (*out)->type == type) return PARE_OK;
    const char *found = pare_attr_type_name((*out)->type);
    *out = NULL;
    return pare_call_fail(ctx, call, "attribute '%s': expected type %s, found %s", name,
                          pare_attr_type_name(type), found);
}

pare_status pare_get_int(pare_ctx *ctx, const pare_call *call, const char *name, int64_t fallback,
                         int64_t *out)
{
    const pare_attr *attr = NULL;
    PARE_TRY(typed(ctx, call, name, PARE_ATTR_INT, &attr));
    *out = attr ? attr->ints[0] : fallback;
    return PARE_OK;
}

pare_status pare_get_int_in(pare_ctx *ctx, const pare_call *call, const char *name,
                            int64_t fallback, int64_t low, int64_t high, int64_t *out)
{
    PARE_TRY(pare_get_int(ctx, call, name, fallback, out));
    if (*out >= low && *out <= high) return PARE_OK;
    return pare_call_fail(ctx, call,
                          "attribute '%s': expected %" PRId64 " to %" PRId64 ", found %" PRId64,
                          name, low, high, *out);
}

pare_status pare_get_flag(pare_ctx *ctx, const pare_call *call, const char *name, bool fallback,
                          bool *out)
{
    int64_t value = 0;
    PARE_TRY(pare_get_int(ctx, call, name, fallback, &value));
    *out = value != 0;
    return PARE_OK;
}

pare_status pare_get_float(pare_ctx *ctx, const pare_call *call, const char *name, float fallback,
                           float *out)
{
    const pare_attr *attr = NULL;
    PARE_TRY(typed(ctx, call, name, PARE_ATTR_FLOAT, &attr));
    *out = attr ? attr->floats[0] : fallback;
    return PARE_OK;
}

pare_status pare_get_ints(pare_ctx *ctx, const pare_call *call, const char *name, pare_ints *out)
{
    const pare_attr *attr = NULL;
    PARE_TRY(typed(ctx, call, name, PARE_ATTR_INTS, &attr));
    *out = attr ? (pare_ints){ attr->ints, attr->n, true } : (pare_ints){ 0 };
    return PARE_OK;
}

pare_status pare_get_floats(pare_ctx *ctx, const pare_call *call, const char *name,
                            pare_floats *out)
{
    const pare_attr *attr = NULL;
    PARE_TRY(typed(ctx, call, name, PARE_ATTR_FLOATS, &attr));
    *out = attr ? (pare_floats){ attr->floats, attr->n, true } : (pare_floats){ 0 };
    return PARE_OK;
}

pare_status pare_get_text(pare_ctx *ctx, const pare_call *call, const char *name, pare_bytes *out)
{
    const pare_attr *attr = NULL;
    PARE_TRY(typed(ctx, call, name, PARE_ATTR_STRING, &attr));
    *out = attr ? attr->strings[0] : (pare_bytes){ 0 };
    return PARE_OK;
}

pare_status pare_get_word(pare_ctx *ctx, const pare_call *call, const char *name,
                          const char *const *words, int fallback, int *out)
{
    pare_bytes text = { 0 };
    PARE_TRY(pare_get_text(ctx, call, name, &text));
    *out = fallback;
    if (!text.data) return PARE_OK;
    char listed[256] = "";
    size_t used = 0;
    for (int i = 0; words[i]; i++) {
        *out = i;
        if (strlen(words[i]) == text.n && memcmp(words[i], text.data, text.n) == 0) return PARE_OK;
        const int n =
            snprintf(listed + used, sizeof(listed) - used, "%s%s", i ? ", " : "", words[i]);
        if (n > 0)
            used += (size_t)n < sizeof(listed) - used ? (size_t)n : sizeof(listed) - used - 1;
    }
    *out = fallback;
    return pare_call_fail(ctx, call, "attribute '%s': expected one of %s, found '%.*s'", name,
                          listed, (int)(text.n < 100 ? text.n : 100), (const char *)text.data);
}

pare_status pare_get_dtype(pare_ctx *ctx, const pare_call *call, const char *name,
                           pare_dtype fallback, pare_dtype *out)
{
    int64_t value = 0;
    PARE_TRY(pare_get_int(ctx, call, name, fallback, &value));
    *out = fallback;
    if (value == (int64_t)fallback) return PARE_OK;
    if (!pare_dtype_is_valid(value))
        return pare_call_fail(ctx, call, "attribute '%s': expected an element type, found %" PRId64,
                              name, value);
    *out = (pare_dtype)value;
    return PARE_OK;
}

pare_status pare_need_attr(pare_ctx *ctx, const pare_call *call, const char *name)
{
    if (pare_call_attr(call, name)) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute '%s': expected a value, found none", name);
}
