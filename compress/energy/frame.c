#include "energy/estimator.h"
#include "op/layers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool is_op(const pare_node *n, const char *name)
{
    return n->op_type && !*pare_node_domain(n) && !strcmp(n->op_type, name);
}

const pare_node *pare_frame_dequantize(const pare_frame *f, pare_value_id value)
{
    const pare_value *v = &f->est->model->values[value];
    if (v->graph != f->graph || v->producer == PARE_NONE) return NULL;
    const pare_node *n = &f->est->model->nodes[v->producer];
    return is_op(n, "DequantizeLinear") && n->n_inputs && n->inputs[0].value != PARE_NONE ? n
                                                                                          : NULL;
}

bool pare_frame_takes_dequantize(const pare_frame *f, const pare_group *group)
{
    return group->rule && f->est->takes_dequantize[group->rule - f->est->rules.items];
}

/* --- what never runs -------------------------------------------------------------------------- */

static bool has_graphs(const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i]->type == PARE_ATTR_GRAPH || n->attrs[i]->type == PARE_ATTR_GRAPHS)
            return true;
    return false;
}

/* Whether all elements are numbers that inference found: shapes, and what is computed from them. */
static bool is_followed(const pare_info *info)
{
    if (!info->content) return false;
    for (uint32_t i = 0; i < info->n_content; i++)
        if (info->content[i].kind != PARE_NUM_INT && info->content[i].kind != PARE_NUM_REAL)
            return false;
    return true;
}

static bool folds(const pare_frame *f, const pare_group *g)
{
    const pare_model *model = f->est->model;
    bool followed = g->n_outputs > 0, constant = true;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        followed &= is_followed(pare_shapes_of(f->est->shapes, g->outputs[i]));
    for (uint32_t i = 0; i < g->n_inputs; i++) constant &= f->est->values[g->inputs[i]].is_const;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const pare_node *n = &model->nodes[g->nodes[i]];
        if (pare_node_is_random(n) || has_graphs(n) || is_op(n, "DequantizeLinear")) return false;
    }
    return followed || constant;
}

/* The value that a node only shows under another shape, or PARE_NONE. */
static pare_value_id viewed(const pare_frame *f, const pare_group *g)
{
    static const char *const views[] = {
        "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout",
    };
    const pare_node *n = &f->est->model->nodes[g->anchor];
    if (g->n_nodes != 1 || g->n_outputs != 1 || !n->n_inputs) return PARE_NONE;
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        if (is_op(n, views[i])) return n->inputs[0].value;
    return PARE_NONE;
}

static void mark_constants(pare_frame *f)
{
    pare_value_state *values = f->est->values;
    const pare_graph *graph = f->graph;
    for (size_t i = 0; i < graph->initializers.n; i++) {
        const pare_value_id id = graph->initializers.items[i];
        values[id].is_const = f->est->model->values[id].tensor != NULL;
    }
    for (size_t i = 0; i < graph->sparse_initializers.n; i++) {
        const pare_value_id id = graph->sparse_initializers.items[i];
        values[id].is_const = f->est->model->values[id].sparse != NULL;
    }
    for (uint32_t i = 0; i < f->groups->n; i++) {
        const pare_group *g = &f->groups->items[i];
        f->is_folded[i] = folds(f, g);
        for (uint32_t k = 0; k < g->n_outputs; k++) {
            pare_value_state *v = &values[g->outputs[k]];
            *v = (pare_value_state){
                .root = g->outputs[k], .made = i, .last = i, .is_const = f->is_folded[i]
            };
        }
        const pare_value_id source = viewed(f, g);
        if (source != PARE_NONE) values[g->outputs[0]].root = values[source].root;
    }
}

/* Whether every use of a value is by a group that dequantizes while it reads. */
static bool is_absorbed(const pare_frame *f, pare_value_id value)
{
    const pare_model *model = f->est->model;
    for (const pare_use *u = model->values[value].first_use; u; u = u->next) {
        if (u->user == PARE_NONE || u->graph != f->graph) return false;
        const pare_group *g = &f->groups->items[f->groups->of_node[u->user]];
        if (g->anchor != u->user || !pare_frame_takes_dequantize(f, g)) return false;
    }
    return model->values[value].first_use != NULL;
}

static void mark_absorbed(pare_frame *f)
{
    for (uint32_t i = 0; i < f->groups->n; i++) {
        const pare_group *g = &f->groups->items[i];
        if (g->n_nodes != 1 || g->n_outputs != 1 || f->is_folded[i]) continue;
        if (!pare_frame_dequantize(f, g->outputs[0])) continue;
        f->est->values[g->outputs[0]].is_absorbed = is_absorbed(f, g->outputs[0]);
    }
}

/* --- memory ----------------------------------------------------------------------------------- */

bool pare_frame_bytes(const pare_frame *f, pare_value_id value, uint64_t *out)
{
    const pare_estimator *est = f->est;
    *out = 0;
    if (est->values[value].is_const) return true;
    if (est->values[value].is_absorbed) {
        const pare_node *dq = pare_frame_dequantize(f, value);
        return pare_frame_bytes(f, dq->inputs[0].value, out);
    }
    const pare_info *info = pare_shapes_of(est->shapes, value);
    const uint32_t bits = est->bits[info->dtype];
    uint64_t n = bits;
    if (!pare_info_has_rank(info) || !bits) return false;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT) return false;
        if (__builtin_mul_overflow(n, (uint64_t)info->dims[i].i, &n)) return false;
    }
    *out = n / 8 + (n % 8 != 0);
    return true;
}

static bool value_bytes(void *user, uint64_t *out, pare_value_id value)
{
    return pare_frame_bytes(user, value, out);
}

/* A value that is dequantized on reading lives on in its quantized form; at the step of the
 * DequantizeLinear both are counted, and one of them is taken off again. */
static void settle_ram(pare_frame *f)
{
    for (uint32_t i = 0; i < f->groups->n; i++) {
        f->ram[i] = f->live->step_bytes[i];
        const pare_group *g = &f->groups->items[i];
        if (g->n_outputs != 1 || !f->est->values[g->outputs[0]].is_absorbed) continue;
        uint64_t twice;
        if (pare_frame_bytes(f, g->outputs[0], &twice) && f->ram[i] >= twice) f->ram[i] -= twice;
    }
}

/* Views are where what they view is, which lives as long as they do. */
static void settle_views(pare_frame *f)
{
    pare_value_state *values = f->est->values;
    for (uint32_t i = 0; i < f->live->n_values; i++) {
        const pare_live_value *v = &f->live->values[i];
        values[v->value].last = v->last;
    }
    for (uint32_t i = 0; i < f->live->n_values; i++) {
        const pare_live_value *v = &f->live->values[i];
        pare_value_state *root = &values[values[v->value].root];
        if (root->last < v->last) root->last = v->last;
    }
}

static pare_status count_over(pare_frame *f)
{
    const pare_estimator *est = f->est;
    const uint32_t n = f->groups->n;
    for (size_t l = 0; l + 1 < est->hw->n_levels; l++) {
        if (!isfinite(est->usable[l])) continue;
        uint32_t *over = pare_alloc_zero(est->ctx, (n + 1) * sizeof(*over));
        if (!over) return pare_fail_memory(est->ctx, (n + 1) * sizeof(*over));
        for (uint32_t i = 0; i < n; i++)
            over[i + 1] = over[i] + ((double)(f->ram[i] + f->base_ram) > est->usable[l]);
        f->over[l] = over;
    }
    return PARE_OK;
}

static pare_status find_lives(pare_frame *f)
{
    pare_estimator *est = f->est;
    const pare_live_border border = f->depth ? PARE_LIVE_ELSEWHERE : PARE_LIVE_REUSED;
    const pare_live_opts opts = { .inputs = border, .bytes = value_bytes, .user = f };
    PARE_TRY(pare_liveness_find(est->ctx, &f->live, f->groups, est->shapes, &opts));
    est->n_unknown_sizes += f->live->n_unknown;
    settle_ram(f);
    settle_views(f);
    return count_over(f);
}

/* Runs of a body that a hostile file asks for stay finite. */
#define MOST_TIMES 1e18

/* --- nested graphs ---------------------------------------------------------------------------- */

typedef struct range_sum {
    double uj, macs;
} range_sum;

static range_sum sum_of(const pare_estimate *e, size_t from, size_t to)
{
    range_sum s = { .uj = 0 };
    for (size_t i = from; i < to; i++) {
        s.uj += e->has_energy ? e->layers[i].uj : 0;
        s.macs += (double)e->layers[i].macs + 1e-3 * (double)e->layers[i].other_ops;
    }
    return s;
}

/* Of the layers of two branches, keeps those of the one that costs more. */
static void keep_costlier(pare_estimator *est, size_t first, size_t second)
{
    pare_estimate *e = est->e;
    const range_sum a = sum_of(e, first, second), b = sum_of(e, second, e->n_layers);
    if (a.uj > b.uj || (a.uj == b.uj && a.macs >= b.macs)) { /* exact: both may be 0 */
        e->n_layers = second;
        return;
    }
    const size_t n = e->n_layers - second;
    memmove(e->layers + first, e->layers + second, n * sizeof(*e->layers));
    memmove(est->works + first, est->works + second, n * sizeof(*est->works));
    e->n_layers = first + n;
}

/* Values of a function's body differ from call to call. */
static pare_status run_function(pare_frame *f, uint32_t group, const pare_cost *cost)
{
    pare_estimator *est = f->est;
    pare_shapes *outer = est->shapes, *inner = NULL;
    uint64_t peak = 0;
    PARE_TRY(
        pare_infer_called(est->ctx, &inner, est->model, f->groups->items[group].anchor, outer));
    est->shapes = inner;
    const pare_status st = pare_frame_run(est, cost->bodies[0], f->times, f->depth + 1,
                                          f->base_ram + f->ram[group], &peak, false);
    est->shapes = outer;
    pare_shapes_free(est->ctx, inner);
    f->ram[group] += peak;
    return st;
}

static pare_status run_bodies(pare_frame *f, uint32_t group, const pare_cost *cost)
{
    pare_estimator *est = f->est;
    const size_t first = est->e->n_layers;
    const double times = fmin(f->times * (double)cost->trips, MOST_TIMES);
    const uint64_t base = f->base_ram + f->ram[group];
    uint64_t peak = 0, second_peak = 0;
    if (cost->function) return run_function(f, group, cost);
    if (!cost->bodies[0] || !cost->trips) return PARE_OK;
    if (!cost->trips_known) est->n_guessed_loops++;
    PARE_TRY(pare_frame_run(est, cost->bodies[0], times, f->depth + 1, base, &peak, false));
    if (cost->bodies[1]) {
        const size_t second = est->e->n_layers;
        PARE_TRY(
            pare_frame_run(est, cost->bodies[1], times, f->depth + 1, base, &second_peak, false));
        if (cost->one_body) {
            est->n_branches++;
            keep_costlier(est, first, second);
        }
    }
    f->ram[group] += peak > second_peak ? peak : second_peak;
    return PARE_OK;
}

/* --- all groups ------------------------------------------------------------------------------- */

static pare_status run_group(pare_frame *f, uint32_t group)
{
    const pare_group *g = &f->groups->items[group];
    pare_cost cost;
    PARE_TRY(pare_check_canceled(f->est->ctx));
    if (f->is_folded[group]) return PARE_OK;
    if (g->n_outputs == 1 && f->est->values[g->outputs[0]].is_absorbed) return PARE_OK;
    PARE_TRY(pare_layer_add(f, group, &cost));
    return run_bodies(f, group, &cost);
}

/* The main graph's memory over its schedule, and what makes the peak. */
static pare_status tell_ram(pare_frame *f)
{
    enum { MOST_HOLDERS = 16 };
    pare_estimate *e = f->est->e;
    pare_arena *arena = &e->arena;
    const uint32_t n = f->groups->n;
    uint64_t *steps = pare_arena_array(arena, n, sizeof(*steps));
    const char **names = pare_arena_array(arena, n, sizeof(*names));
    pare_estimate_holder *holders = pare_arena_array(arena, MOST_HOLDERS, sizeof(*holders));
    uint32_t *at = pare_alloc(f->est->ctx, (f->live->n_buffers + 1) * sizeof(*at));
    pare_status st = at ? PARE_OK : pare_fail_memory(f->est->ctx, f->live->n_buffers);
    if (!st && (!steps || !names || !holders)) st = pare_arena_fail(f->est->ctx, arena);
    for (uint32_t i = 0; !st && i < n; i++) {
        const pare_layer layer = { .node = f->groups->items[i].anchor };
        steps[i] = f->ram[i];
        names[i] = pare_arena_str(arena, pare_layer_name(f->est->model, &layer));
        if (!names[i]) st = pare_arena_fail(f->est->ctx, arena);
        if (steps[i] > steps[e->ram_peak_step]) e->ram_peak_step = i;
    }
    const uint32_t n_at = !st && n ? pare_liveness_at(f->live, (uint32_t)e->ram_peak_step, at) : 0;
    for (uint32_t i = 0; !st && i < n_at && e->n_holders < MOST_HOLDERS; i++) {
        const pare_live_buffer *b = &f->live->buffers[at[i]];
        if (!b->bytes) continue;
        const pare_value *v = &f->est->model->values[b->value];
        const uint32_t made = f->est->values[b->value].made;
        pare_estimate_holder *h = &holders[e->n_holders++];
        *h = (pare_estimate_holder){ pare_arena_str(arena, v->name),
                                     v->producer == PARE_NONE ? NULL : names[made], b->bytes };
        if (!h->name) st = pare_arena_fail(f->est->ctx, arena);
    }
    pare_free(f->est->ctx, at);
    e->ram_steps = steps;
    e->ram_step_names = names;
    e->n_ram_steps = n;
    e->holders = holders;
    return st;
}

static pare_status open_frame(pare_frame *f)
{
    pare_estimator *est = f->est;
    est->n_calls += f->graph->n_nodes;
    if (est->n_calls > PARE_MAX_ESTIMATED_CALLS)
        return pare_fail(est->ctx, PARE_EBUDGET,
                         "graph '%s': expected at most %d nodes, counting nested graphs and "
                         "functions at each call, found more",
                         f->graph->name ? f->graph->name : "", PARE_MAX_ESTIMATED_CALLS);
    PARE_TRY(pare_fusion_find(est->ctx, &f->groups, f->graph, est->shapes, &est->rules, NULL, 0));
    const size_t n = f->groups->n;
    f->is_folded = pare_alloc_zero(est->ctx, n + 1);
    f->ram = pare_alloc_zero(est->ctx, (n + 1) * sizeof(*f->ram));
    if (!f->is_folded || !f->ram) return pare_fail_memory(est->ctx, n * sizeof(*f->ram));
    for (size_t i = 0; i < f->graph->inputs.n; i++) {
        const pare_value_id id = f->graph->inputs.items[i].value;
        if (id != PARE_NONE) est->values[id] = (pare_value_state){ .root = id, .made = PARE_NONE };
    }
    mark_constants(f);
    mark_absorbed(f);
    return find_lives(f);
}

pare_status pare_frame_run(pare_estimator *est, const pare_graph *graph, double times,
                           uint32_t depth, uint64_t base_ram, uint64_t *peak, bool is_main)
{
    pare_frame f = {
        .est = est, .graph = graph, .times = times, .depth = depth, .base_ram = base_ram
    };
    pare_status st = open_frame(&f);
    for (uint32_t i = 0; !st && i < f.groups->n; i++) st = run_group(&f, i);
    *peak = 0;
    for (uint32_t i = 0; !st && i < f.groups->n; i++)
        if (f.ram[i] > *peak) *peak = f.ram[i];
    if (!st && is_main) st = tell_ram(&f);
    for (size_t l = 0; l < PARE_MAX_LEVELS; l++) pare_free(est->ctx, f.over[l]);
    pare_free(est->ctx, f.is_folded);
    pare_free(est->ctx, f.ram);
    pare_liveness_free(est->ctx, f.live);
    pare_groups_free(est->ctx, f.groups);
    return st;
}
