#include "sched/op_index.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const pare_op_name *x = a, *y = b;
    const int by_name = strcmp(x->name, y->name);
    return by_name ? by_name : strcmp(x->domain, y->domain);
}

static pare_op_name *find(const pare_op_index *index, const pare_op_name *name)
{
    if (!index->n_names) return NULL;
    return bsearch(name, index->names, index->n_names, sizeof(*name), compare);
}

pare_status pare_op_index_make(pare_ctx *ctx, pare_op_index *out, const pare_op_names *sets,
                               size_t n_sets)
{
    *out = (pare_op_index){ .n_words = (n_sets + 63) / 64 };
    size_t n = 0;
    for (size_t s = 0; s < n_sets; s++) n += sets[s].n;
    if (!n) return PARE_OK;
    PARE_TRY(pare_grow(ctx, &out->names, &out->names_cap, n, sizeof(*out->names)));
    n = 0;
    for (size_t s = 0; s < n_sets; s++)
        for (size_t i = 0; i < sets[s].n; i++) out->names[n++] = sets[s].items[i];
    qsort(out->names, n, sizeof(*out->names), compare);
    for (size_t i = 0; i < n; i++)
        if (!i || compare(&out->names[i], &out->names[out->n_names - 1]))
            out->names[out->n_names++] = out->names[i];
    const size_t n_bytes = out->n_names * out->n_words * sizeof(*out->sets);
    out->sets = pare_alloc_zero(ctx, n_bytes);
    if (!out->sets) return pare_fail_memory(ctx, n_bytes);
    for (size_t s = 0; s < n_sets; s++) {
        for (size_t i = 0; i < sets[s].n; i++) {
            const size_t op = (size_t)(find(out, &sets[s].items[i]) - out->names);
            out->sets[op * out->n_words + s / 64] |= UINT64_C(1) << (s % 64);
        }
    }
    return PARE_OK;
}

void pare_op_index_free(pare_ctx *ctx, pare_op_index *index)
{
    pare_free(ctx, index->names);
    pare_free(ctx, index->sets);
}

uint32_t pare_op_index_find(const pare_op_index *index, const pare_node *node)
{
    const pare_op_name name = { pare_node_domain(node), node->op_type };
    if (!name.name || node->overload) return PARE_NONE;
    const pare_op_name *found = find(index, &name);
    return found ? (uint32_t)(found - index->names) : PARE_NONE;
}
