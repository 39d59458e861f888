#include "quant/ranges_trial.h"

#include "base/bytes.h"
#include "ir/order.h"

#include "quant/twin.h"

#include <math.h>
#include <string.h>

/* What is compared: noise and signal, both sums of squares in one element. */
typedef struct probe {
    pare_value_id noise, signal;
    uint32_t set;             /* of pare_ranges_measure_each */
    uint8_t way;
} probe;

typedef struct trial {
    pare_ctx *ctx;
    const pare_model *from;
    pare_model *model;        /* with copies in it */
    const pare_range_sets *sets;
    const pare_ranges_opts *opts;
    uint32_t ways;            /* bits of those to be tried */
    pare_node_id *order;      /* [n_nodes] of `from` */
    uint32_t n_nodes;
    pare_value_id *map;       /* by value of `from`: what stands for it in the copy; NONE: itself */
    probe *probes;            /* [n_probes] */
    size_t n_probes, probes_cap;
} trial;

/* --- pieces ----------------------------------------------------------------------------------- */

static pare_dtype dtype_of(const pare_grid_form *form)
{
    if (form->high - form->low > UINT8_MAX) return form->low < 0 ? PARE_INT16 : PARE_UINT16;
    return form->low < 0 ? PARE_INT8 : PARE_UINT8;
}

/* The value rounded to a grid. */
static pare_value_id emit_rounded(const trial *t, pare_builder *b, pare_value_id x,
                                  const pare_grid *grid)
{
    pare_tensor *zero = NULL;
    const int32_t at = grid->zero; /* little-endian: the low bytes come first */
    if (b->status) return PARE_NONE;
    b->status = pare_tensor_from(t->ctx, &zero, dtype_of(t->opts->form), 0, NULL, &at);
    if (b->status) return PARE_NONE;
    const pare_value_id s = pare_build_scalar(b, "scale", grid->scale);
    const pare_value_id z = pare_build_const(b, "zero", zero);
    return pare_emit(b, "DequantizeLinear", pare_emit(b, "QuantizeLinear", x, s, z), s, z);
}

static pare_status add_probe(trial *t, pare_builder *b, pare_value_id got, pare_value_id want,
                             pare_value_id signal, uint32_t set, uint8_t way)
{
    const pare_value_id noise = pare_emit(b, "ReduceSumSquare", pare_emit(b, "Sub", got, want));
    if (b->status) return b->status;
    PARE_TRY(pare_grow(t->ctx, &t->probes, &t->probes_cap, t->n_probes + 1, sizeof(*t->probes)));
    t->probes[t->n_probes++] = (probe){ noise, signal, set, way };
    return PARE_OK;
}

static bool reads_integers(const trial *t, const pare_use *use)
{
    const pare_placement *p = t->opts->placement;
    return use->graph == t->from->graph && use->user != PARE_NONE && use->user < p->n_nodes &&
           (p->roles[use->user] == PARE_PLACE_PRODUCT || p->roles[use->user] == PARE_PLACE_COMPUTE);
}

/* The one node that reads a value, if it is taken into the range of what it makes. */
static pare_node_id absorbed_by(const trial *t, pare_value_id v)
{
    const pare_value *value = &t->from->values[v];
    if (value->n_uses != 1 || value->first_use->user == PARE_NONE ||
        value->first_use->graph != t->from->graph)
        return PARE_NONE;
    const pare_node_id node = value->first_use->user;
    return t->opts->placement->roles[node] == PARE_PLACE_ABSORBED ? node : PARE_NONE;
}

/* --- each grid by itself ---------------------------------------------------------------------- */

/* A copy of a node that reads set's values rounded, and of what is absorbed behind it. */
static pare_status copy_reader(trial *t, pare_builder *b, pare_node_id node, uint32_t set,
                               uint8_t way, pare_value_id *rounded, pare_value_id signal,
                               pare_value_id want)
{
    pare_value_id inputs[PARE_MAX_DIMS];
    const pare_node *n = &t->from->nodes[node];
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = inputs[i] = n->inputs[i].value;
        if (v == PARE_NONE || v >= t->opts->placement->n_values ||
            !t->opts->placement->quantized[v] || t->sets->set_of[v] != set)
            continue;
        if (rounded[v] == PARE_NONE)
            rounded[v] = emit_rounded(t, b, v, &t->sets->sets[set].grids[way]);
        inputs[i] = rounded[v];
    }
    pare_value_id y = pare_twin_emit(b, n, inputs);
    for (pare_node_id next = absorbed_by(t, n->outputs[0]); next != PARE_NONE;
         next = absorbed_by(t, t->from->nodes[next].outputs[0])) {
        const pare_node *a = &t->from->nodes[next];
        for (uint32_t i = 0; i < a->n_inputs && i < PARE_MAX_DIMS; i++)
            inputs[i] = a->inputs[i].value;
        inputs[0] = y;
        y = pare_twin_emit(b, a, inputs);
    }
    return add_probe(t, b, y, want, signal, set, way);
}

/* What a node gives once what is absorbed behind it is done; NONE where that cannot be copied. */
static pare_value_id result_of(const trial *t, pare_node_id node)
{
    const pare_node *n = &t->from->nodes[node];
    if (!pare_twin_suits(n) || n->n_inputs > PARE_MAX_DIMS) return PARE_NONE;
    pare_value_id v = n->outputs[0];
    for (pare_node_id next = absorbed_by(t, v); next != PARE_NONE; next = absorbed_by(t, v)) {
        if (!pare_twin_suits(&t->from->nodes[next])) return PARE_NONE;
        v = t->from->nodes[next].outputs[0];
    }
    return v;
}

/* Whether a way, or another that gives the same grid, is to be tried. */
static bool is_tried(const trial *t, const pare_range_set *set, uint8_t first)
{
    for (uint8_t way = first; way < PARE_N_RANGES_WAYS; way++)
        if (set->same_as[way] == first && t->ways >> way & 1) return true;
    return false;
}

/* All candidates of one set, at all that reads it. */
static pare_status add_set(trial *t, uint32_t index, pare_value_id *rounded, bool *seen,
                           pare_value_id *signals)
{
    pare_range_set *set = &t->sets->sets[index];
    pare_builder b;
    pare_builder_init(&b, t->ctx, t->model->graph);
    for (uint8_t way = 0; way < PARE_N_RANGES_WAYS; way++) {
        if (set->same_as[way] != way || !is_tried(t, set, way)) continue;
        for (size_t v = 0; v < t->opts->placement->n_values; v++) rounded[v] = PARE_NONE;
        memset(seen, 0, t->from->n_nodes);
        for (pare_value_id v = set->root; v < t->opts->placement->n_values; v++) {
            if (!t->opts->placement->quantized[v] || t->sets->set_of[v] != index) continue;
            for (const pare_use *use = t->from->values[v].first_use; use; use = use->next) {
                if (!reads_integers(t, use) || seen[use->user]) continue;
                const pare_value_id want = result_of(t, use->user);
                seen[use->user] = true;
                if (want == PARE_NONE) continue;
                if (signals[use->user] == PARE_NONE)
                    signals[use->user] = pare_emit(&b, "ReduceSumSquare", want);
                PARE_TRY(copy_reader(t, &b, use->user, index, way, rounded, signals[use->user],
                                     want));
                set->is_read = true;
            }
        }
    }
    return b.status;
}

/* --- running ---------------------------------------------------------------------------------- */

/* Sums of all probes over the samples, noise by signal. */
static pare_status run(trial *t, double *ratios)
{
    const size_t n = 2 * t->n_probes;
    pare_survey *survey = NULL;
    if (!n) return PARE_OK;
    pare_survey_item *items = pare_alloc(t->ctx, n * sizeof(*items));
    if (!items) return pare_fail_memory(t->ctx, n * sizeof(*items));
    size_t n_items = 0;
    for (size_t i = 0; i < t->n_probes; i++) {
        items[n_items++] = (pare_survey_item){ t->probes[i].noise, 0 };
        bool known = false; /* several probes may share a signal */
        for (size_t k = i; k-- > 0 && !known;) known = t->probes[k].signal == t->probes[i].signal;
        if (!known) items[n_items++] = (pare_survey_item){ t->probes[i].signal, 0 };
    }
    const pare_survey_opts how = { .items = items, .n_items = n_items, .first = t->opts->first,
                                   .n_samples = t->opts->n_samples, .phase = "choose ranges" };
    pare_status st = pare_graph_sort(t->ctx, t->model->graph);
    if (!st)
        st = pare_survey_run(t->ctx, &survey, t->model, t->opts->data, t->opts->pool, &how);
    for (size_t i = 0, at = 0, from = 0; !st && i < t->n_probes; i++) {
        const pare_survey_value *noise = &survey->values[at++], *signal = NULL;
        if (at < n_items && survey->values[at].item.value == t->probes[i].signal) at++;
        for (from = at; from-- > 0 && !signal;)
            if (survey->values[from].item.value == t->probes[i].signal)
                signal = &survey->values[from];
        ratios[i] = signal && signal->channels && noise->channels && signal->channels->sum > 0
                        ? noise->channels->sum / signal->channels->sum
                        : 0;
    }
    pare_survey_free(t->ctx, survey);
    pare_free(t->ctx, items);
    return st;
}

static pare_status start(trial *t)
{
    t->n_nodes = t->from->graph->n_nodes;
    PARE_TRY(pare_graph_order(t->ctx, &t->order, t->from->graph));
    return pare_model_clone(t->ctx, &t->model, t->from);
}

static void end(trial *t)
{
    pare_free(t->ctx, t->order);
    pare_free(t->ctx, t->map);
    pare_free(t->ctx, t->probes);
    pare_model_free(t->ctx, t->model);
}

pare_status pare_ranges_measure_each(pare_ctx *ctx, const pare_model *model, uint32_t ways,
                                     pare_range_sets *sets, const pare_ranges_opts *opts)
{
    trial t = { .ctx = ctx, .from = model, .sets = sets, .opts = opts, .ways = ways };
    const size_t n = opts->placement->n_values + 1;
    pare_value_id *rounded = pare_alloc(ctx, n * sizeof(*rounded));
    pare_value_id *signals = pare_alloc(ctx, (model->n_nodes + 1) * sizeof(*signals));
    bool *seen = pare_alloc(ctx, model->n_nodes + 1);
    double *ratios = NULL;
    pare_status st =
        rounded && signals && seen ? start(&t) : pare_fail_memory(ctx, n * sizeof(*rounded));
    for (size_t i = 0; !st && i < model->n_nodes; i++) signals[i] = PARE_NONE;
    for (uint32_t i = 0; !st && i < sets->n; i++) st = add_set(&t, i, rounded, seen, signals);
    if (!st && !(ratios = pare_alloc_zero(ctx, (t.n_probes + 1) * sizeof(*ratios))))
        st = pare_fail_memory(ctx, t.n_probes * sizeof(*ratios));
    if (!st) st = run(&t, ratios);
    for (uint32_t i = 0; !st && i < sets->n; i++)
        for (uint8_t way = 0; way < PARE_N_RANGES_WAYS; way++)
            sets->sets[i].error[way] = is_tried(&t, &sets->sets[i], way) ? 0 : INFINITY;
    for (size_t i = 0; !st && i < t.n_probes; i++)
        sets->sets[t.probes[i].set].error[t.probes[i].way] += ratios[i];
    pare_free(ctx, ratios);
    pare_free(ctx, rounded);
    pare_free(ctx, signals);
    pare_free(ctx, seen);
    end(&t);
    return st;
}

/* --- the whole model -------------------------------------------------------------------------- */

/* Rounding changes no shape: what follows from one is the same in a copy. */
static bool gives_shape(const pare_node *n)
{
    return !*pare_node_domain(n) &&
           (pare_str_eq(n->op_type, "Shape") || pare_str_eq(n->op_type, "Size"));
}

/* Puts a copy of all that depends on quantized values into the trial, these being rounded by one
 * way. */
static pare_status copy_model(trial *t, pare_builder *b, int way)
{
    const pare_placement *p = t->opts->placement;
    for (size_t v = 0; v < t->from->n_values; v++) t->map[v] = PARE_NONE;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        const pare_range_set *set = p->quantized[v] ? &t->sets->sets[t->sets->set_of[v]] : NULL;
        if (set && t->from->values[v].producer == PARE_NONE)
            t->map[v] = emit_rounded(
                t, b, v, &set->grids[way == PARE_RANGES_MIXED ? set->chosen : way]);
    }
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const pare_node *n = &t->from->nodes[t->order[i]];
        pare_value_id inputs[PARE_MAX_DIMS];
        bool differs = false;
        for (uint32_t k = 0; k < n->n_inputs && k < PARE_MAX_DIMS; k++) {
            const pare_value_id v = inputs[k] = n->inputs[k].value;
            if (v == PARE_NONE || t->map[v] == PARE_NONE) continue;
            inputs[k] = t->map[v];
            differs = true;
        }
        if (!n->n_outputs || n->outputs[0] == PARE_NONE || gives_shape(n)) continue;
        const pare_value_id y = n->outputs[0];
        const bool is_rounded = y < p->n_values && p->quantized[y];
        if (differs) t->map[y] = pare_twin_emit(b, n, inputs);
        if (!is_rounded) continue;
        const pare_range_set *set = &t->sets->sets[t->sets->set_of[y]];
        t->map[y] = emit_rounded(t, b, differs ? t->map[y] : y,
                                 &set->grids[way == PARE_RANGES_MIXED ? set->chosen : way]);
    }
    return b->status;
}

/* Whether every node that depends on a quantized value can be copied. */
static bool can_be_copied(const trial *t)
{
    const pare_placement *p = t->opts->placement;
    for (size_t v = 0; v < t->from->n_values; v++)
        t->map[v] = v < p->n_values && p->quantized[v] ? 0 : PARE_NONE;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const pare_node *n = &t->from->nodes[t->order[i]];
        bool differs = false;
        for (uint32_t k = 0; k < n->n_inputs; k++)
            differs |= n->inputs[k].value != PARE_NONE && t->map[n->inputs[k].value] != PARE_NONE;
        if (!differs || gives_shape(n)) continue;
        if (!pare_twin_suits(n) || n->n_inputs > PARE_MAX_DIMS) return false;
        t->map[n->outputs[0]] = 0;
    }
    return true;
}

/* The output, or what a Softmax makes it of. */
static pare_value_id judged(const trial *t, size_t i)
{
    pare_value_id v = t->from->graph->outputs.items[i].value;
    pare_node_id node = pare_twin_producer(t->from, v, "Identity");
    if (node != PARE_NONE) v = t->from->nodes[node].inputs[0].value;
    node = pare_twin_producer(t->from, v, "Softmax");
    return node == PARE_NONE ? v : t->from->nodes[node].inputs[0].value;
}

static pare_status add_trials(trial *t, const pare_value_id *signals)
{
    pare_builder b;
    pare_builder_init(&b, t->ctx, t->model->graph);
    for (int way = 0; way < PARE_N_RANGES_TRIALS; way++) {
        if (!(t->ways >> way & 1)) continue;
        PARE_TRY(copy_model(t, &b, way));
        for (size_t i = 0; i < t->from->graph->outputs.n; i++) {
            const pare_value_id v = judged(t, i);
            if (signals[i] != PARE_NONE && t->map[v] != PARE_NONE)
                PARE_TRY(add_probe(t, &b, t->map[v], v, signals[i], 0, (uint8_t)way));
        }
    }
    return b.status;
}

/* Sums of squares of the outputs that numbers of floats can be compared at. */
static pare_status add_signals(trial *t, pare_value_id *signals)
{
    pare_builder b;
    pare_builder_init(&b, t->ctx, t->model->graph);
    for (size_t i = 0; i < t->from->graph->outputs.n; i++) {
        const pare_value_id v = judged(t, i);
        const pare_type *type = v == PARE_NONE ? NULL : t->from->values[v].type;
        const bool is_float =
            !type || (type->kind == PARE_TYPE_TENSOR && type->dtype == PARE_FLOAT);
        signals[i] = v == PARE_NONE || t->map[v] == PARE_NONE || !is_float
                         ? PARE_NONE
                         : pare_emit(&b, "ReduceSumSquare", v);
    }
    return b.status;
}

pare_status pare_ranges_measure_all(pare_ctx *ctx, double error[PARE_N_RANGES_TRIALS],
                                    const pare_model *model, uint32_t ways,
                                    const pare_range_sets *sets, const pare_ranges_opts *opts)
{
    trial t = { .ctx = ctx, .from = model, .sets = sets, .opts = opts, .ways = ways };
    pare_value_id *signals = pare_alloc(ctx, (model->graph->outputs.n + 1) * sizeof(*signals));
    double *ratios = NULL;
    t.map = pare_alloc(ctx, (model->n_values + 1) * sizeof(*t.map));
    pare_status st = signals && t.map ? start(&t) : pare_fail_memory(ctx, sizeof(*signals));
    for (int way = 0; way < PARE_N_RANGES_TRIALS; way++)
        if (ways >> way & 1) error[way] = NAN;
    const bool can = !st && can_be_copied(&t);
    if (can) st = add_signals(&t, signals);
    if (!st && can) st = add_trials(&t, signals);
    if (!st && !(ratios = pare_alloc_zero(ctx, (t.n_probes + 1) * sizeof(*ratios))))
        st = pare_fail_memory(ctx, t.n_probes * sizeof(*ratios));
    if (!st) st = run(&t, ratios);
    for (size_t i = 0; !st && i < t.n_probes; i++) {
        double *sum = &error[t.probes[i].way];
        *sum = (isnan(*sum) ? 0 : *sum) + ratios[i];
    }
    pare_free(ctx, ratios);
    pare_free(ctx, signals);
    end(&t);
    return st;
}
