#include "stats/walk.h"

#include "base/bytes.h"
#include "ir/cut.h"
#include "ir/order.h"
#include "ir/spill.h"
#include "pass/pass.h"
#include "stats/feed.h"

#include <stdatomic.h>
#include <string.h>

static const uint64_t default_memory = UINT64_C(256) << 20;

/* A value that was computed for good, and of which nodes behind have need. */
typedef struct kept {
    pare_value_id value;
    pare_datum *samples;      /* [n_samples]; NONE: skipped */
    bool is_old;              /* no piece behind reads it */
} kept;

struct pare_walk {
    const pare_model *model;
    pare_walk_opts opts;
    pare_feed feed;
    pare_node_id *order;      /* [n_order] */
    uint32_t *position;       /* by node handle, in the order; PARE_NONE: of no node of the graph */
    uint32_t n_order;
    size_t step;
    kept *kept;               /* [n_kept] the old ones first */
    size_t n_kept, n_old;     /* those of the piece before */
    atomic_uint_least64_t n_bytes;
    double forwards, piece, whole; /* by the weights of nodes */
    atomic_uint_least64_t n_runs; /* of the piece at hand */
};

/* --- start and end ---------------------------------------------------------------------------- */

static double weight_of(const pare_walk *w, pare_node_id node)
{
    return w->opts.weight ? w->opts.weight[node] : 1;
}

static pare_status start(pare_ctx *ctx, pare_walk *w)
{
    const uint64_t n = w->opts.data->n;
    const size_t n_nodes = w->model->n_nodes + 1;
    if (w->opts.first >= n) return pare_fail(ctx, PARE_EFORMAT, "no samples to walk over");
    if (!w->opts.n_samples || w->opts.n_samples > n - w->opts.first)
        w->opts.n_samples = n - w->opts.first;
    if (!w->opts.max_memory_bytes) w->opts.max_memory_bytes = default_memory;
    if (!w->opts.dir) w->opts.dir = "/tmp";
    PARE_TRY(pare_feed_begin(ctx, &w->feed, w->opts.data, w->model));
    PARE_TRY(pare_graph_order(ctx, &w->order, w->model->graph));
    w->n_order = w->model->graph->n_nodes;
    w->position = pare_alloc(ctx, n_nodes * sizeof(*w->position));
    w->kept = pare_alloc_zero(ctx, (w->model->n_values + 1) * sizeof(*w->kept));
    if (!w->position || !w->kept) return pare_fail_memory(ctx, n_nodes * sizeof(*w->position));
    for (size_t i = 0; i < n_nodes; i++) w->position[i] = PARE_NONE;
    for (uint32_t i = 0; i < w->n_order; i++) {
        w->position[w->order[i]] = i;
        w->whole += weight_of(w, w->order[i]);
    }
    return PARE_OK;
}

pare_status pare_walk_new(pare_ctx *ctx, pare_walk **out, const pare_model *model,
                          const pare_walk_opts *opts)
{
    pare_walk *w = *out = pare_alloc_zero(ctx, sizeof(*w));
    if (!w) return pare_fail_memory(ctx, sizeof(*w));
    w->model = model;
    w->opts = *opts;
    const pare_status st = start(ctx, w);
    if (!st) return PARE_OK;
    pare_walk_free(ctx, w);
    *out = NULL;
    return st;
}

static void drop_kept(pare_ctx *ctx, const pare_walk *w, kept *k)
{
    for (uint64_t i = 0; k->samples && i < w->opts.n_samples; i++)
        pare_datum_drop(ctx, &k->samples[i]);
    pare_free(ctx, k->samples);
}

void pare_walk_free(pare_ctx *ctx, pare_walk *walk)
{
    if (!walk) return;
    for (size_t i = 0; i < walk->n_kept; i++) drop_kept(ctx, walk, &walk->kept[i]);
    pare_free(ctx, walk->kept);
    pare_free(ctx, walk->position);
    pare_free(ctx, walk->order);
    pare_feed_end(ctx, &walk->feed);
    pare_free(ctx, walk);
}

uint64_t pare_walk_samples(const pare_walk *walk)
{
    return walk->opts.n_samples;
}

double pare_walk_forwards(const pare_walk *walk)
{
    return walk->whole > 0 ? walk->forwards / walk->whole : 0;
}

/* --- what is to be kept ----------------------------------------------------------------------- */

/* Position in front of which piece number `step` ends. */
static uint32_t end_of(const pare_walk *w, size_t step)
{
    return w->position[w->opts.stops[step]];
}

/* Whether a node at `from` or behind reads the value. */
static bool is_read_behind(const pare_walk *w, pare_value_id value, uint32_t from)
{
    const pare_graph *graph = w->model->graph;
    for (const pare_use *u = w->model->values[value].first_use; u; u = u->next) {
        const pare_node_id node =
            u->graph == graph ? u->user : pare_graph_node_holding(graph, u->graph->owner);
        if (node != PARE_NONE && w->position[node] != PARE_NONE && w->position[node] >= from)
            return true;
    }
    return false;
}

static pare_status keep_value(pare_ctx *ctx, pare_walk *w, pare_value_id value)
{
    kept *k = &w->kept[w->n_kept];
    for (size_t i = 0; i < w->n_kept; i++)
        if (w->kept[i].value == value) return PARE_OK;
    *k = (kept){ .value = value };
    k->samples = pare_alloc_zero(ctx, (size_t)w->opts.n_samples * sizeof(*k->samples));
    if (!k->samples)
        return pare_fail_memory(ctx, (size_t)w->opts.n_samples * sizeof(*k->samples));
    w->n_kept++;
    return PARE_OK;
}

/* Values that pieces behind this one read, and that it computes; none behind the last one. */
static pare_status list_kept(pare_ctx *ctx, pare_walk *w)
{
    const pare_model *m = w->model;
    const uint32_t end = end_of(w, w->step), first = w->step ? end_of(w, w->step - 1) : 0;
    const bool is_last = w->step + 1 == w->opts.n_stops;
    for (size_t i = 0; i < w->n_old; i++)
        w->kept[i].is_old = is_last || !is_read_behind(w, w->kept[i].value, end);
    if (is_last) return PARE_OK;
    for (size_t i = 0; !w->step && i < m->graph->inputs.n; i++) {
        const pare_value_id v = m->graph->inputs.items[i].value;
        if (v != PARE_NONE && !m->values[v].tensor && is_read_behind(w, v, end))
            PARE_TRY(keep_value(ctx, w, v));
    }
    for (uint32_t i = first; i < end; i++) {
        const pare_node *node = &m->nodes[w->order[i]];
        for (uint32_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] != PARE_NONE && is_read_behind(w, node->outputs[k], end))
                PARE_TRY(keep_value(ctx, w, node->outputs[k]));
    }
    return PARE_OK;
}

/* --- the piece -------------------------------------------------------------------------------- */

/* New outputs: what is kept, then what is looked at; each once. */
static pare_status cut_outputs(pare_ctx *ctx, const pare_walk *w, pare_model *part,
                               const pare_value_id *values, size_t n)
{
    pare_value_id *outputs = pare_alloc(ctx, (w->n_kept + n + 1) * sizeof(*outputs));
    size_t n_outputs = 0;
    if (!outputs) return pare_fail_memory(ctx, (w->n_kept + n) * sizeof(*outputs));
    for (size_t i = w->n_old; i < w->n_kept; i++) outputs[n_outputs++] = w->kept[i].value;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < n_outputs && !known; k++) known = outputs[k] == values[i];
        if (!known) outputs[n_outputs++] = values[i];
    }
    const pare_status st = pare_model_cut(ctx, part, outputs, n_outputs);
    pare_free(ctx, outputs);
    return st;
}

/* New inputs: what was kept. */
static pare_status cut_inputs(pare_ctx *ctx, const pare_walk *w, pare_model *part)
{
    pare_value_id *inputs = pare_alloc(ctx, (w->n_old + 1) * sizeof(*inputs));
    pare_dtype *types = pare_alloc(ctx, (w->n_old + 1) * sizeof(*types));
    pare_status st = inputs && types ? PARE_OK : pare_fail_memory(ctx, w->n_old * sizeof(*types));
    for (size_t i = 0; !st && i < w->n_old; i++) {
        const kept *k = &w->kept[i];
        uint64_t s = 0;
        while (s + 1 < w->opts.n_samples && k->samples[s].kind == PARE_TYPE_NONE) s++;
        inputs[i] = k->value;
        types[i] = k->samples[s].tensor ? k->samples[s].tensor->dtype : PARE_FLOAT;
    }
    if (!st) st = pare_model_cut_inputs(ctx, part, inputs, types, w->n_old);
    pare_free(ctx, inputs);
    pare_free(ctx, types);
    return st;
}

static pare_status cut(pare_ctx *ctx, pare_walk *w, pare_model *part, const pare_value_id *values,
                       size_t n)
{
    pare_pass_stats stats = { 0 };
    PARE_TRY(cut_outputs(ctx, w, part, values, n));
    if (w->step) PARE_TRY(cut_inputs(ctx, w, part));
    PARE_TRY(pare_pass_run(ctx, part, pare_pass_find("dead-code"), NULL, &stats));
    w->piece = 0;
    for (pare_node_id i = part->graph->first_node; i != PARE_NONE; i = part->nodes[i].next)
        w->piece += i < w->model->n_nodes ? weight_of(w, i) : 0;
    return PARE_OK;
}

pare_status pare_walk_part(pare_ctx *ctx, pare_walk *walk, pare_model **out,
                           const pare_value_id *values, size_t n)
{
    if (walk->n_kept == walk->n_old) PARE_TRY(list_kept(ctx, walk));
    PARE_TRY(pare_model_clone(ctx, out, walk->model));
    const pare_status st = cut(ctx, walk, *out, values, n);
    if (!st) return PARE_OK;
    pare_model_free(ctx, *out);
    *out = NULL;
    return st;
}

/* --- samples ---------------------------------------------------------------------------------- */

static pare_status read_sample(pare_ctx *ctx, pare_walk *w, uint64_t sample,
                               pare_tensor **tensors, pare_eval_input *inputs, bool *skipped)
{
    const pare_dataset *data = w->opts.data;
    PARE_TRY(pare_feed_read(ctx, data, w->opts.first + sample, tensors, skipped));
    if (*skipped) return PARE_OK;
    pare_status st = pare_feed_check(ctx, data, tensors);
    if (!st) st = pare_feed_inputs(ctx, &w->feed, tensors, inputs);
    return pare_feed_name(ctx, data, w->opts.first + sample, st);
}

static pare_status first_inputs(pare_ctx *ctx, pare_walk *w, uint64_t sample,
                                pare_eval_input **inputs, size_t *n)
{
    bool skipped = false;
    *n = w->opts.data->n_inputs;
    *inputs = pare_alloc_zero(ctx, (*n + 1) * sizeof(**inputs));
    pare_tensor **tensors = pare_alloc_zero(ctx, (*n + 1) * sizeof(*tensors));
    pare_status st = *inputs && tensors ? PARE_OK : pare_fail_memory(ctx, *n * sizeof(**inputs));
    if (!st) st = read_sample(ctx, w, sample, tensors, *inputs, &skipped);
    for (size_t i = 0; tensors && i < *n; i++) pare_tensor_unref(tensors[i]);
    pare_free(ctx, tensors);
    if (!st && !skipped) return PARE_OK;
    pare_free(ctx, *inputs);
    *inputs = NULL;
    return st;
}

pare_status pare_walk_inputs(pare_ctx *ctx, pare_walk *walk, uint64_t sample,
                             pare_eval_input **inputs, size_t *n)
{
    *inputs = NULL;
    atomic_fetch_add(&walk->n_runs, 1);
    if (!walk->step) return first_inputs(ctx, walk, sample, inputs, n);
    *n = walk->n_old;
    *inputs = pare_alloc_zero(ctx, (*n + 1) * sizeof(**inputs));
    if (!*inputs) return pare_fail_memory(ctx, *n * sizeof(**inputs));
    pare_status st = PARE_OK;
    bool skipped = false;
    for (size_t i = 0; !st && i < *n; i++) {
        const kept *k = &walk->kept[i];
        (*inputs)[i].name = walk->model->values[k->value].name;
        skipped |= k->samples[sample].kind == PARE_TYPE_NONE;
        st = pare_datum_copy(ctx, &(*inputs)[i].datum, &k->samples[sample]);
    }
    if (!st && !skipped) return PARE_OK;
    pare_walk_drop(ctx, *inputs, *n);
    *inputs = NULL;
    return st;
}

void pare_walk_drop(pare_ctx *ctx, pare_eval_input *inputs, size_t n)
{
    for (size_t i = 0; inputs && i < n; i++) pare_datum_drop(ctx, &inputs[i].datum);
    pare_free(ctx, inputs);
}

/* A tensor in a file where memory is taken. */
static pare_status settle(pare_ctx *ctx, pare_walk *w, pare_datum *d)
{
    uint8_t *data = NULL;
    pare_tensor *out = NULL;
    const pare_tensor *t = d->tensor;
    if (d->kind != PARE_TYPE_TENSOR || t->encoding != PARE_ENC_DENSE || !t->payload.n)
        return PARE_OK;
    const uint64_t before = atomic_fetch_add(&w->n_bytes, t->payload.n);
    if (before + t->payload.n <= w->opts.max_memory_bytes) return PARE_OK;
    PARE_TRY(pare_tensor_new_in(ctx, &out, t->dtype, t->rank, t->dims, w->opts.dir, &data));
    memcpy(data, t->payload.data, t->payload.n);
    pare_tensor_release_in(data, t->payload.n);
    pare_tensor_unref(d->tensor);
    d->tensor = out;
    return PARE_OK;
}

pare_status pare_walk_keep(pare_ctx *ctx, pare_walk *walk, uint64_t sample, pare_datum *outputs)
{
    for (size_t i = walk->n_old; i < walk->n_kept; i++) {
        pare_datum *own = &walk->kept[i].samples[sample];
        pare_datum_drop(ctx, own);
        *own = outputs[i - walk->n_old];
        outputs[i - walk->n_old] = (pare_datum){ 0 };
        PARE_TRY(settle(ctx, walk, own));
    }
    return PARE_OK;
}

void pare_walk_next(pare_ctx *ctx, pare_walk *walk)
{
    size_t n = 0;
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < walk->n_kept; i++) {
        if (walk->kept[i].is_old) {
            drop_kept(ctx, walk, &walk->kept[i]);
            continue;
        }
        for (uint64_t s = 0; s < walk->opts.n_samples; s++)
            if (walk->kept[i].samples[s].tensor)
                n_bytes += walk->kept[i].samples[s].tensor->payload.n;
        walk->kept[n++] = walk->kept[i];
    }
    walk->n_kept = walk->n_old = n;
    atomic_store(&walk->n_bytes, n_bytes);
    walk->forwards +=
        walk->piece * (double)atomic_exchange(&walk->n_runs, 0) / (double)walk->opts.n_samples;
    walk->step++;
}
