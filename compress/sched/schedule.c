#include "sched/schedule.h"

#include "sched/scheduler.h"

#include <assert.h>
#include <string.h>

/* Work that moving groups may take, in groups and their inputs: some milliseconds. */
enum { MAX_WORK = 1 << 18 };

typedef struct finder {
    pare_ctx *ctx;
    const pare_groups *groups;
    const pare_shapes *shapes;
    pare_live_opts opts;
    pare_sched_graph graph;
    uint32_t *best;           /* [n] */
    uint64_t best_peak;
    uint32_t best_steps;      /* at the peak */
    uint32_t *trial;          /* [n] */
    uint32_t *position;       /* [n] by group, in best */
    size_t work, work_of_offer;
} finder;

/* --- the graph -------------------------------------------------------------------------------- */

/* The group that makes a value of ours; PARE_NONE: none does. */
static uint32_t maker_of(const pare_groups *groups, pare_value_id value)
{
    const pare_value *v = pare_value_at(groups->graph->model, value);
    const bool made = v->graph == groups->graph && v->producer != PARE_NONE;
    return made ? groups->of_node[v->producer] : PARE_NONE;
}

static uint32_t buffer_of(const pare_liveness *live, pare_value_id value)
{
    const uint32_t at = live->of_value[value];
    return at == PARE_NONE ? PARE_NONE : live->values[at].buffer;
}

/* Appends to the list of group i unless `seen` says that it is there. */
static void append(uint32_t *list, uint32_t *n, uint32_t *seen, uint32_t i, uint32_t item)
{
    if (item == PARE_NONE || seen[item] == i + 1) return;
    seen[item] = i + 1;
    list[(*n)++] = item;
}

static void list_edges(finder *f, const pare_liveness *live, uint32_t *seen)
{
    pare_sched_graph *g = &f->graph;
    uint32_t n = 0;
    memset(seen, 0, g->n * sizeof(*seen));
    for (uint32_t i = 0; i < g->n; i++) {
        const pare_group *group = &f->groups->items[i];
        g->needs_begin[i] = n;
        for (uint32_t k = 0; k < group->n_inputs; k++)
            append(g->needs, &n, seen, i, maker_of(f->groups, group->inputs[k]));
    }
    g->needs_begin[g->n] = n;
    memset(seen, 0, g->n_buffers * sizeof(*seen));
    n = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        const pare_group *group = &f->groups->items[i];
        g->reads_begin[i] = n;
        for (uint32_t k = 0; k < group->n_inputs; k++)
            append(g->reads, &n, seen, i, buffer_of(live, group->inputs[k]));
    }
    g->reads_begin[g->n] = n;
}

/* The same edges from the other side. */
static void turn_edges(pare_sched_graph *g)
{
    memset(g->needed_begin, 0, (g->n + (size_t)1) * sizeof(*g->needed_begin));
    for (uint32_t e = 0; e < g->needs_begin[g->n]; e++) g->needed_begin[g->needs[e] + 1]++;
    for (uint32_t i = 0; i < g->n; i++) g->needed_begin[i + 1] += g->needed_begin[i];
    for (uint32_t i = 0; i < g->n; i++)
        for (uint32_t e = g->needs_begin[i]; e < g->needs_begin[i + 1]; e++)
            g->needed[g->needed_begin[g->needs[e]]++] = i;
    memmove(g->needed_begin + 1, g->needed_begin, g->n * sizeof(*g->needed_begin));
    g->needed_begin[0] = 0;
}

static void weigh_buffers(finder *f, const pare_liveness *live)
{
    pare_sched_graph *g = &f->graph;
    for (uint32_t i = 0; i < g->n; i++) g->made_bytes[i] = 0;
    for (uint32_t b = 0; b < g->n_buffers; b++) {
        const uint32_t maker = maker_of(f->groups, live->buffers[b].value);
        g->buffer_bytes[b] = live->buffers[b].bytes;
        g->n_readers[b] = 0;
        if (maker != PARE_NONE) g->made_bytes[maker] += live->buffers[b].bytes;
    }
    for (uint32_t e = 0; e < g->reads_begin[g->n]; e++) g->n_readers[g->reads[e]]++;
}

/* What stays to the end has one reader more. is_held: [n_buffers], for use here. */
static void hold(finder *f, const pare_liveness *live, pare_value_id value, uint32_t *is_held)
{
    const uint32_t buffer = value == PARE_NONE ? PARE_NONE : buffer_of(live, value);
    if (buffer == PARE_NONE || is_held[buffer]) return;
    is_held[buffer] = 1;
    f->graph.n_readers[buffer]++;
}

static void hold_buffers(finder *f, const pare_liveness *live, uint32_t *is_held)
{
    const pare_graph *graph = f->groups->graph;
    memset(is_held, 0, f->graph.n_buffers * sizeof(*is_held));
    for (size_t i = 0; i < graph->outputs.n; i++)
        if (!pare_decl_is_dead(graph->model, &graph->outputs.items[i]))
            hold(f, live, graph->outputs.items[i].value, is_held);
    for (size_t i = 0; i < f->opts.n_kept; i++) hold(f, live, f->opts.kept[i], is_held);
    for (uint32_t i = 0; f->opts.inputs == PARE_LIVE_HELD && i < live->n_values; i++)
        if (pare_value_at(graph->model, live->values[i].value)->is_input)
            hold(f, live, live->values[i].value, is_held);
}

/* live: without anything in place. */
static pare_status make_graph(finder *f, const pare_liveness *live)
{
    pare_sched_graph *g = &f->graph;
    size_t n_inputs = 0;
    g->n = f->groups->n;
    g->n_buffers = live->n_buffers;
    f->work_of_offer = g->n;
    for (uint32_t i = 0; i < g->n; i++) {
        const pare_group *group = &f->groups->items[i];
        n_inputs += group->n_inputs;
        for (uint32_t k = 0; k < group->n_nodes; k++)
            f->work_of_offer += pare_node_at(f->groups->graph->model, group->nodes[k])->n_inputs;
    }
    const size_t most = g->n > g->n_buffers ? g->n : g->n_buffers;
    const size_t n_bytes = (g->n + (size_t)g->n_buffers) * sizeof(uint64_t) +
                           (3 * (g->n + (size_t)1) + 3 * n_inputs + g->n_buffers + most) *
                               sizeof(uint32_t);
    g->memory = pare_alloc(f->ctx, n_bytes);
    if (!g->memory) return pare_fail_memory(f->ctx, n_bytes);
    g->made_bytes = g->memory;
    g->buffer_bytes = g->made_bytes + g->n;
    g->needs_begin = (uint32_t *)(g->buffer_bytes + g->n_buffers);
    g->needed_begin = g->needs_begin + g->n + 1;
    g->reads_begin = g->needed_begin + g->n + 1;
    g->needs = g->reads_begin + g->n + 1;
    g->needed = g->needs + n_inputs;
    g->reads = g->needed + n_inputs;
    g->n_readers = g->reads + n_inputs;
    list_edges(f, live, g->n_readers + g->n_buffers);
    turn_edges(g);
    weigh_buffers(f, live);
    hold_buffers(f, live, g->n_readers + g->n_buffers);
    return PARE_OK;
}

/* --- trying ----------------------------------------------------------------------------------- */

static uint32_t steps_at_peak(const pare_liveness *live)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < live->n_steps; s++) n += live->step_bytes[s] == live->peak_bytes;
    return n;
}

/* Keeps the trial if it is better: a lower peak, or fewer steps at it. */
static pare_status offer(finder *f, bool *is_better)
{
    pare_liveness *live = NULL;
    pare_live_opts opts = f->opts;
    opts.order = f->trial;
    PARE_TRY(pare_liveness_find(f->ctx, &live, f->groups, f->shapes, &opts));
    const uint32_t n_steps = steps_at_peak(live);
    *is_better = live->peak_bytes < f->best_peak ||
                 (live->peak_bytes == f->best_peak && n_steps < f->best_steps);
    if (*is_better) {
        f->best_peak = live->peak_bytes;
        f->best_steps = n_steps;
        memcpy(f->best, f->trial, f->groups->n * sizeof(*f->best));
    }
    pare_liveness_free(f->ctx, live);
    return PARE_OK;
}

/* The trial becomes the best with the group at `from` moved to `to`, both positions in it. */
static void move(finder *f, uint32_t from, uint32_t to)
{
    const uint32_t moved = f->best[from];
    memcpy(f->trial, f->best, f->groups->n * sizeof(*f->best));
    if (from < to) memmove(f->trial + from, f->trial + from + 1, (to - from) * sizeof(*f->trial));
    else memmove(f->trial + to + 1, f->trial + to, (from - to) * sizeof(*f->trial));
    f->trial[to] = moved;
}

/* Just in front of the first group that needs it. */
static uint32_t latest(const finder *f, uint32_t group)
{
    const pare_sched_graph *g = &f->graph;
    uint32_t at = g->n;
    for (uint32_t e = g->needed_begin[group]; e < g->needed_begin[group + 1]; e++)
        if (f->position[g->needed[e]] < at) at = f->position[g->needed[e]];
    return at - 1;
}

/* Just behind the last group that it needs. */
static uint32_t earliest(const finder *f, uint32_t group)
{
    const pare_sched_graph *g = &f->graph;
    uint32_t at = 0;
    for (uint32_t e = g->needs_begin[group]; e < g->needs_begin[group + 1]; e++)
        if (f->position[g->needs[e]] + 1 > at) at = f->position[g->needs[e]] + 1;
    return at;
}

/* Moves one group away from the peak: one that makes what is only read behind it goes behind it;
 * one behind it that reads what was made before goes in front of it. */
static pare_status move_around(finder *f, uint32_t peak, uint32_t group, bool *is_better)
{
    const uint32_t at = f->position[group];
    *is_better = false;
    if (at == peak) return PARE_OK;
    uint32_t to = at < peak ? latest(f, group) : earliest(f, group);
    if (at < peak ? to < peak : to > peak) return PARE_OK;
    f->work += f->work_of_offer;
    move(f, at, to);
    return offer(f, is_better);
}

/* One round over the buffers at the peak, the largest first, until something is better. */
static pare_status try_moves(finder *f, const pare_liveness *live, uint32_t *at_peak,
                             bool *is_better)
{
    const pare_model *model = f->groups->graph->model;
    const uint32_t n = pare_liveness_at(live, live->peak_step, at_peak);
    for (uint32_t i = 0; i < n && !*is_better && f->work <= MAX_WORK; i++) {
        const pare_value_id value = live->buffers[at_peak[i]].value;
        const uint32_t maker = maker_of(f->groups, value);
        if (maker != PARE_NONE) PARE_TRY(move_around(f, live->peak_step, maker, is_better));
        for (const pare_use *u = pare_value_at(model, value)->first_use; u && !*is_better;
             u = u->next) {
            if (f->work++ > MAX_WORK) return PARE_OK;
            if (u->graph != f->groups->graph || u->user == PARE_NONE) continue;
            const uint32_t reader = f->groups->of_node[u->user];
            if (f->position[reader] <= live->peak_step) continue;
            PARE_TRY(move_around(f, live->peak_step, reader, is_better));
        }
    }
    return PARE_OK;
}

static pare_status improve(finder *f)
{
    for (bool is_better = true; is_better && f->work <= MAX_WORK;) {
        pare_liveness *live = NULL;
        pare_live_opts opts = f->opts;
        opts.order = f->best;
        is_better = false;
        PARE_TRY(pare_liveness_find(f->ctx, &live, f->groups, f->shapes, &opts));
        for (uint32_t i = 0; i < live->n_steps; i++) f->position[f->best[i]] = i;
        const size_t n_bytes = live->n_buffers * sizeof(uint32_t);
        uint32_t *at_peak = pare_alloc(f->ctx, n_bytes ? n_bytes : 1);
        pare_status st = at_peak ? PARE_OK : pare_fail_memory(f->ctx, n_bytes);
        if (!st && live->n_steps) st = try_moves(f, live, at_peak, &is_better);
        pare_free(f->ctx, at_peak);
        pare_liveness_free(f->ctx, live);
        f->work += f->work_of_offer;
        if (st) return st;
    }
    return PARE_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status search(finder *f)
{
    bool is_better;
    for (uint32_t i = 0; i < f->groups->n; i++) f->trial[i] = i;
    PARE_TRY(offer(f, &is_better));
    uint64_t sum = 0;
    for (uint32_t b = 0; b < f->graph.n_buffers; b++) sum += f->graph.buffer_bytes[b];
    if (sum > INT64_MAX) return PARE_OK; /* no machine has that: any order will do */
    PARE_TRY(pare_sched_greedy(f->ctx, &f->graph, f->trial));
    PARE_TRY(offer(f, &is_better));
    PARE_TRY(pare_sched_depth_first(f->ctx, &f->graph, f->trial));
    PARE_TRY(offer(f, &is_better));
    return improve(f);
}

/* Keeps the given order where only the number of steps at the peak is better: a sequence that
 * people know is worth more than that. */
static void finish(finder *f, pare_schedule *out, uint64_t given_peak)
{
    out->n = f->groups->n;
    out->given_peak_bytes = given_peak;
    out->peak_bytes = f->best_peak;
    out->order = f->best;
    for (uint32_t i = 0; f->best_peak == given_peak && i < out->n; i++) out->order[i] = i;
}

pare_status pare_schedule_find(pare_ctx *ctx, pare_schedule **out, const pare_groups *groups,
                               const pare_shapes *shapes, const pare_live_opts *opts)
{
    finder f = { .ctx = ctx, .groups = groups, .shapes = shapes, .best_peak = UINT64_MAX };
    pare_liveness *live = NULL;
    const size_t n_bytes = 2 * sizeof(uint32_t) * groups->n;
    *out = NULL;
    if (opts) f.opts = *opts;
    f.opts.order = NULL;
    pare_live_opts plain = f.opts;
    plain.no_in_place = true;
    pare_schedule *schedule = pare_alloc_zero(ctx, sizeof(*schedule));
    f.best = pare_alloc(ctx, n_bytes ? n_bytes / 2 : 1);
    f.trial = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    pare_status st = schedule && f.best && f.trial ? PARE_OK : pare_fail_memory(ctx, n_bytes);
    if (st) goto done;
    f.position = f.trial + groups->n;
    st = pare_liveness_find(ctx, &live, groups, shapes, &f.opts);
    if (st) goto done;
    const uint64_t given_peak = live->peak_bytes;
    pare_liveness_free(ctx, live);
    live = NULL;
    st = pare_liveness_find(ctx, &live, groups, shapes, &plain);
    if (!st) st = make_graph(&f, live);
    if (!st) st = search(&f);
    if (!st) finish(&f, schedule, given_peak);
done:
    pare_liveness_free(ctx, live);
    pare_free(ctx, f.graph.memory);
    pare_free(ctx, f.trial);
    if (st) {
        pare_free(ctx, f.best);
        pare_free(ctx, schedule);
    } else {
        *out = schedule;
    }
    return st;
}

void pare_schedule_free(pare_ctx *ctx, pare_schedule *schedule)
{
    if (!schedule) return;
    pare_free(ctx, schedule->order);
    pare_free(ctx, schedule);
}
