#include "ir/graph.h"

/* An attribute with a copy of n items of item_bytes behind its list pointer. */
static pare_attr *make(pare_model *model, const char *name, pare_attr_type type, const void *items,
                       uint32_t n, size_t item_bytes)
{
    pare_attr *attr = pare_arena_zero(&model->arena, sizeof(*attr));
    const void *copy = pare_arena_copy(&model->arena, items, n * item_bytes);
    if (!attr || !copy) return NULL;
    attr->name = pare_arena_str(&model->arena, name);
    attr->type = type;
    attr->n = n;
    attr->floats = copy; /* every list pointer of the union */
    return attr->name ? attr : NULL;
}

const pare_attr *pare_attr_float(pare_model *model, const char *name, float value)
{
    return make(model, name, PARE_ATTR_FLOAT, &value, 1, sizeof(value));
}

const pare_attr *pare_attr_int(pare_model *model, const char *name, int64_t value)
{
    return make(model, name, PARE_ATTR_INT, &value, 1, sizeof(value));
}

const pare_attr *pare_attr_floats(pare_model *model, const char *name, const float *v, uint32_t n)
{
    return make(model, name, PARE_ATTR_FLOATS, v, n, sizeof(*v));
}

const pare_attr *pare_attr_ints(pare_model *model, const char *name, const int64_t *v, uint32_t n)
{
    return make(model, name, PARE_ATTR_INTS, v, n, sizeof(*v));
}

static pare_attr *make_strings(pare_model *model, const char *name, pare_attr_type type,
                               const char *const *v, uint32_t n)
{
    pare_bytes *copies = pare_arena_array(&model->arena, n, sizeof(*copies));
    if (!copies) return NULL;
    for (uint32_t i = 0; i < n; i++) {
        copies[i].n = strlen(v[i]);
        copies[i].data = pare_arena_copy(&model->arena, v[i], copies[i].n);
        if (!copies[i].data) return NULL;
    }
    return make(model, name, type, copies, n, sizeof(*copies));
}

const pare_attr *pare_attr_string(pare_model *model, const char *name, const char *text)
{
    return make_strings(model, name, PARE_ATTR_STRING, &text, 1);
}

const pare_attr *pare_attr_strings(pare_model *model, const char *name, const char *const *v,
                                   uint32_t n)
{
    return make_strings(model, name, PARE_ATTR_STRINGS, v, n);
}

const pare_attr *pare_attr_tensor(pare_model *model, const char *name, pare_tensor *tensor)
{
    const pare_attr *attr = make(model, name, PARE_ATTR_TENSOR, &tensor, 1, sizeof(tensor));
    if (attr) pare_tensor_ref(tensor);
    return attr;
}

const pare_attr *pare_attr_graph(pare_model *model, const char *name, pare_graph *graph)
{
    return make(model, name, PARE_ATTR_GRAPH, &graph, 1, sizeof(graph));
}
