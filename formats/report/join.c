#include "formats/report/join.h"

#include "base/bytes.h"

#include <math.h>
#include <stdlib.h>

/* What is sorted: a name, or an energy, and where it stood. */
typedef struct entry {
    const char *name;
    double energy;
    size_t at;
} entry;

static int by_position(const entry *x, const entry *y)
{
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_name(const void *a, const void *b)
{
    const entry *const x = a;
    const entry *const y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : by_position(x, y);
}

static int by_energy(const void *a, const void *b)
{
    const entry *const x = a;
    const entry *const y = b;
    if (x->energy != y->energy) return x->energy > y->energy ? -1 : 1;
    return by_position(x, y);
}

static entry *sorted_names(pare_ctx *ctx, const pare_report_model *model)
{
    entry *const entries = pare_alloc(ctx, (model->n_layers + 1) * sizeof(*entries));
    if (!entries) {
        (void)pare_fail_memory(ctx, (model->n_layers + 1) * sizeof(*entries));
        return NULL;
    }
    for (size_t i = 0; i < model->n_layers; i++)
        entries[i] = (entry){ .name = pare_str_or_empty(model->layers[i].name), .at = i };
    qsort(entries, model->n_layers, sizeof(*entries), by_name);
    return entries;
}

/* Walks both lists by name. What of `before` has no partner is put behind those of `after`. */
static size_t merge(pare_layer_pair *pairs, const pare_report_model *before, const entry *b,
                    const pare_report_model *after, const entry *a)
{
    size_t n = after->n_layers;
    for (size_t i = 0, k = 0; i < before->n_layers;) {
        const int order =
            k == after->n_layers ? -1 : *b[i].name ? strcmp(b[i].name, a[k].name) : -1;
        if (order > 0) {
            k++;
        } else if (order == 0) {
            pairs[a[k++].at].before = &before->layers[b[i++].at];
        } else {
            pairs[n++].before = &before->layers[b[i++].at];
        }
    }
    return n;
}

static int by_address(const void *a, const void *b)
{
    const pare_layer_pair *const x = a;
    const pare_layer_pair *const y = b;
    return x->before < y->before ? -1 : x->before > y->before;
}

pare_status pare_layers_join(pare_ctx *ctx, pare_layer_pair **pairs, size_t *n,
                             const pare_report_model *before, const pare_report_model *after)
{
    static const pare_report_model none = { 0 };
    const size_t room = before->n_layers + (after ? after->n_layers : 0) + 1;
    if (!after) after = &none;
    *n = 0;
    *pairs = pare_alloc_zero(ctx, room * sizeof(**pairs));
    if (!*pairs) return pare_fail_memory(ctx, room * sizeof(**pairs));
    for (size_t i = 0; i < after->n_layers; i++) (*pairs)[i].after = &after->layers[i];
    entry *const b = sorted_names(ctx, before);
    entry *const a = b ? sorted_names(ctx, after) : NULL;
    if (a) {
        *n = merge(*pairs, before, b, after, a);
        qsort(*pairs + after->n_layers, *n - after->n_layers, sizeof(**pairs), by_address);
    }
    pare_free(ctx, a);
    pare_free(ctx, b);
    if (a) return PARE_OK;
    pare_free(ctx, *pairs);
    *pairs = NULL;
    return PARE_ENOMEM;
}

double pare_layer_energy(const pare_report_layer *layer)
{
    return layer && isfinite(layer->energy_uj) ? layer->energy_uj : 0;
}

pare_status pare_layers_by_energy(pare_ctx *ctx, pare_layer_pair *pairs, size_t n)
{
    entry *const order = pare_alloc(ctx, (n + 1) * sizeof(*order));
    pare_layer_pair *const copy = pare_alloc(ctx, (n + 1) * sizeof(*copy));
    const bool ok = order && copy;
    for (size_t i = 0; ok && i < n; i++) {
        const double before = pare_layer_energy(pairs[i].before);
        const double after = pare_layer_energy(pairs[i].after);
        copy[i] = pairs[i];
        order[i] = (entry){ .energy = before > after ? before : after, .at = i };
    }
    if (ok) qsort(order, n, sizeof(*order), by_energy);
    for (size_t i = 0; ok && i < n; i++) pairs[i] = copy[order[i].at];
    pare_free(ctx, order);
    pare_free(ctx, copy);
    return ok ? PARE_OK : pare_fail_memory(ctx, (n + 1) * sizeof(*order));
}
