#include "prune/sparse_store.h"

#include "ir/graph.h"
#include "op/linear.h"

#include <string.h>

/* Bytes that a SparseTensor takes beside its values and their places: a second tensor's header. */
enum { HEADER = 64 };

static bool is_zero(const uint8_t *x, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (x[i]) return false;
    return true;
}

static uint64_t count_others(const pare_tensor *t, size_t width)
{
    uint64_t n = 0;
    for (int64_t i = 0; i < t->n_elements; i++)
        n += !is_zero(t->payload.data + (size_t)i * width, width);
    return n;
}

/* Values that are not zero, and their places; -0 counts as a value, as it has a bit set. */
static void fill(const pare_tensor *t, size_t width, pare_tensor *values, pare_tensor *places)
{
    uint8_t *to = (uint8_t *)(uintptr_t)values->payload.data;
    int64_t *at = (int64_t *)(uintptr_t)places->payload.data;
    for (int64_t i = 0; i < t->n_elements; i++) {
        const uint8_t *x = t->payload.data + (size_t)i * width;
        if (is_zero(x, width)) continue;
        memcpy(to, x, width);
        to += width;
        *at++ = i;
    }
}

static pare_status make_sparse(pare_ctx *ctx, pare_model *m, pare_value_id v, const pare_tensor *t,
                               int64_t n, size_t width)
{
    pare_tensor *values = NULL, *places = NULL;
    pare_sparse_tensor *s = pare_arena_zero(&m->arena, sizeof(*s));
    int64_t *dims = pare_arena_copy(&m->arena, t->dims, t->rank * sizeof(*dims));
    if (!s || !dims) return pare_arena_fail(ctx, &m->arena);
    pare_status st = pare_tensor_new(ctx, &values, t->dtype, 1, &n);
    if (!st) st = pare_tensor_new(ctx, &places, PARE_INT64, 1, &n);
    if (!st) {
        fill(t, width, values, places);
        *s = (pare_sparse_tensor){ .values = values, .indices = places, .rank = t->rank,
                                   .dims = dims };
        st = pare_value_set_sparse(ctx, m, v, s);
    }
    pare_tensor_unref(values);
    pare_tensor_unref(places);
    return st;
}

static pare_status store(pare_ctx *ctx, pare_model *m, pare_value_id v, bool only_count,
                         pare_sparse_stored *out)
{
    pare_tensor *t = NULL;
    const pare_dtype_info *type = pare_dtype_of(m->values[v].tensor->dtype);
    const size_t width = type->bits / 8;
    if (type->bits < 8 || type->bits > 64 || m->values[v].is_input) return PARE_OK;
    PARE_TRY(pare_tensor_densify(ctx, &t, m->values[v].tensor));
    const uint64_t n = (uint64_t)t->n_elements, others = count_others(t, width);
    const uint64_t dense = n * width, sparse = others * (width + sizeof(int64_t)) + HEADER;
    const bool pays = sparse < dense && others > 0;
    pare_status st = PARE_OK;
    if (others < n) {
        out->n_sparse += pays;
        out->n_dense += !pays;
        out->before += dense;
        out->after += pays ? sparse : dense;
        out->packed += (n + 7) / 8 + others * width;
        if (pays && !only_count) st = make_sparse(ctx, m, v, t, (int64_t)others, width);
    }
    pare_tensor_unref(t);
    return st;
}

pare_status pare_prune_store_sparse(pare_ctx *ctx, pare_model *model, bool only_count,
                                    pare_sparse_stored *out)
{
    *out = (pare_sparse_stored){ 0 };
    bool *seen = pare_alloc_zero(ctx, model->n_values + 1);
    pare_status st = seen ? PARE_OK : pare_fail_memory(ctx, model->n_values + 1);
    for (pare_node_id n = 0; !st && n < model->n_nodes; n++) {
        pare_linear l;
        if (model->nodes[n].graph != model->graph || !pare_linear_of(ctx, &l, model, n) ||
            seen[l.weight])
            continue;
        seen[l.weight] = true;
        st = store(ctx, model, l.weight, only_count, out);
    }
    pare_free(ctx, seen);
    return st;
}
