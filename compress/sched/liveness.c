#include "sched/liveness.h"

#include "base/checked.h"
#include "sched/sharing.h"

#include <assert.h>
#include <inttypes.h>

/* Nothing has this many steps: a value that stays to the end lives until then, so that at the last
 * step it does not look as if it died there. */
#define TO_THE_END UINT32_MAX

typedef struct finder {
    pare_ctx *ctx;
    const pare_groups *groups;
    const pare_model *model;
    const pare_graph *graph;
    const pare_live_opts *opts;
    pare_sharing sharing;
    pare_liveness *live;
    uint64_t all_bytes;       /* of all buffers: keeps every sum from overflowing */
} finder;

static const pare_group *group_at(const finder *f, uint32_t step)
{
    return &f->groups->items[f->opts->order ? f->opts->order[step] : step];
}

/* --- values ----------------------------------------------------------------------------------- */

/* Bytes of a value, where they are known. */
static bool size_of(const finder *f, uint64_t *out, pare_value_id value)
{
    int64_t n;
    uint64_t bits;
    *out = 0;
    if (f->opts->bytes) return f->opts->bytes(f->opts->user, out, value);
    const pare_dtype dtype = pare_fact_dtype(&f->sharing.facts, value);
    const uint32_t width = f->opts->bits ? f->opts->bits[dtype] : pare_dtype_of(dtype)->bits;
    if (!width || !pare_fact_n_elements(&f->sharing.facts, value, &n)) return false;
    if (!pare_mul_u64((uint64_t)n, width, &bits)) return false;
    *out = bits / 8 + (bits % 8 != 0);
    return true;
}

/* Size rounded up, which still fits into all sums; false: it counts as not known. */
static bool rounded_size(finder *f, uint64_t *out, uint64_t n_bytes)
{
    const uint64_t align = f->opts->align ? f->opts->align : 1;
    uint64_t all;
    if (!pare_align_u64(n_bytes, align, out) || !pare_add_u64(f->all_bytes, *out, &all))
        return false;
    f->all_bytes = all;
    return true;
}

static void add_value(finder *f, pare_value_id value, uint32_t step)
{
    pare_liveness *live = f->live;
    pare_live_value *v = &live->values[live->n_values];
    live->of_value[value] = live->n_values++;
    *v = (pare_live_value){ .value = value, .first = step, .last = step, .buffer = PARE_NONE };
    v->is_known = size_of(f, &v->bytes, value);
    if (!v->is_known) v->bytes = 0;
}

static pare_live_value *live_value(const finder *f, pare_value_id value)
{
    const uint32_t at = value == PARE_NONE ? PARE_NONE : f->live->of_value[value];
    return at == PARE_NONE ? NULL : &f->live->values[at];
}

static bool is_graph_output(const finder *f, pare_value_id value)
{
    for (const pare_use *u = pare_value_at(f->model, value)->first_use; u; u = u->next)
        if (u->user == PARE_NONE && u->graph == f->graph) return true;
    return false;
}

static bool is_input(const finder *f, pare_value_id value)
{
    return pare_value_at(f->model, value)->is_input;
}

/* EUSAGE when a step is no group or, as far as its outputs tell, one that was there before. */
static pare_status check_step(const finder *f, uint32_t step)
{
    const uint32_t g = f->opts->order ? f->opts->order[step] : step;
    bool is_new = g < f->groups->n;
    if (is_new && f->groups->items[g].n_outputs)
        is_new = f->live->of_value[f->groups->items[g].outputs[0]] == PARE_NONE;
    if (is_new) return PARE_OK;
    return pare_fail(f->ctx, PARE_EUSAGE,
                     "order of groups: step %" PRIu32 ": expected one of %" PRIu32
                     " groups that was not there before, found %" PRIu32,
                     step, f->groups->n, g);
}

/* First and last steps of all values. EUSAGE when one is read before it is made. */
static pare_status find_spans(finder *f)
{
    const pare_decls *inputs = &f->graph->inputs, *outputs = &f->graph->outputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_value_id v = inputs->items[i].value;
        if (v == PARE_NONE || pare_decl_is_dead(f->model, &inputs->items[i])) continue;
        const pare_value *value = pare_value_at(f->model, v);
        if (!value->tensor && !value->sparse && f->live->of_value[v] == PARE_NONE)
            add_value(f, v, 0);
    }
    for (uint32_t step = 0; step < f->groups->n; step++) {
        PARE_TRY(check_step(f, step));
        const pare_group *g = group_at(f, step);
        for (uint32_t i = 0; i < g->n_inputs; i++) {
            pare_live_value *v = live_value(f, g->inputs[i]);
            const pare_value *value = pare_value_at(f->model, g->inputs[i]);
            if (v) v->last = step;
            else if (value->graph == f->graph && value->producer != PARE_NONE)
                return pare_fail(f->ctx, PARE_EUSAGE,
                                 "order of groups: step %" PRIu32 ": expected input '%.60s' to be "
                                 "made before, found it later",
                                 step, value->name);
        }
        for (uint32_t i = 0; i < g->n_outputs; i++) add_value(f, g->outputs[i], step);
    }
    for (size_t i = 0; i < outputs->n; i++) {
        if (pare_decl_is_dead(f->model, &outputs->items[i])) continue;
        pare_live_value *v = live_value(f, outputs->items[i].value);
        if (v) v->last = TO_THE_END;
    }
    for (size_t i = 0; i < f->opts->n_kept; i++) {
        pare_live_value *v = live_value(f, f->opts->kept[i]);
        if (v) v->last = TO_THE_END;
    }
    return PARE_OK;
}

/* --- buffers ---------------------------------------------------------------------------------- */

static void join(finder *f, pare_live_value *v, uint32_t buffer)
{
    v->buffer = buffer;
    if (buffer == PARE_NONE) return;
    pare_live_buffer *b = &f->live->buffers[buffer];
    if (v->last > b->last) b->last = v->last;
}

static void new_buffer(finder *f, pare_live_value *v)
{
    pare_live_buffer *b = &f->live->buffers[f->live->n_buffers];
    *b = (pare_live_buffer){ .value = v->value, .first = v->first, .last = v->last };
    if (!v->is_known || !rounded_size(f, &b->bytes, v->bytes)) {
        b->bytes = 0;
        f->live->n_unknown++;
    }
    v->buffer = f->live->n_buffers++;
}

static bool may_share(const finder *f, const pare_group *g, pare_value_id input)
{
    return !f->opts->may_share ||
           f->opts->may_share(f->opts->user, g->nodes[g->n_nodes - 1], input, g->outputs[0]);
}

/* Whether the output is another name of an input; if so *buffer is where that is: PARE_NONE for
 * what is not in a buffer, constants included. */
static bool find_view(const finder *f, const pare_group *g, const pare_live_value *v,
                      uint32_t *buffer)
{
    const pare_value_id x = f->opts->no_views ? PARE_NONE : pare_sharing_view(&f->sharing, g);
    if (x == PARE_NONE || !may_share(f, g, x)) return false;
    const pare_live_value *in = live_value(f, x);
    if (!in) { /* an initializer, or a value of a graph around: an output must be a copy */
        *buffer = PARE_NONE;
        return !is_graph_output(f, v->value);
    }
    *buffer = in->buffer;
    if (in->buffer == PARE_NONE && is_graph_output(f, v->value)) return false;
    return in->is_known == v->is_known && in->bytes == v->bytes;
}

/* Whether another input of the group is in the same buffer. */
static bool is_read_twice(const finder *f, const pare_group *g, const pare_live_value *in)
{
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        const pare_live_value *other = live_value(f, g->inputs[i]);
        if (other && other != in && other->buffer == in->buffer) return true;
    }
    return false;
}

/* The first input whose memory the only output of a group may take over, or PARE_NONE. Trying one
 * takes as long as the group has inputs, so few are tried. */
static uint32_t find_in_place(const finder *f, const pare_group *g, uint32_t step,
                              const pare_live_value *v)
{
    enum { MAX_TRIES = 16 };
    uint32_t n_tries = 0;
    if (f->opts->no_in_place || g->n_outputs != 1 || !v->is_known) return PARE_NONE;
    for (uint32_t i = 0; i < g->n_inputs && n_tries < MAX_TRIES; i++) {
        const pare_live_value *in = live_value(f, g->inputs[i]);
        if (!in || in->buffer == PARE_NONE || !in->is_known || in->bytes != v->bytes) continue;
        const pare_live_buffer *b = &f->live->buffers[in->buffer];
        if (b->last != step) continue;
        n_tries++;
        if (is_read_twice(f, g, in)) continue;
        if (!pare_sharing_in_place(&f->sharing, g, in->value) || !may_share(f, g, in->value))
            continue;
        return in->buffer;
    }
    return PARE_NONE;
}

/* Where a value is that a group makes. Inputs that are held are never overwritten: their buffers
 * stay to the end. */
static void place_output(finder *f, const pare_group *g, uint32_t step, pare_live_value *v)
{
    uint32_t buffer;
    const bool is_output = is_graph_output(f, v->value);
    if (is_output && f->opts->outputs == PARE_LIVE_ELSEWHERE) return;
    if (pare_fact_is_constant(&f->sharing.facts, v->value) && !is_output) return;
    if (find_view(f, g, v, &buffer)) {
        join(f, v, buffer);
        return;
    }
    buffer = find_in_place(f, g, step, v);
    if (buffer != PARE_NONE) join(f, v, buffer);
    else new_buffer(f, v);
}

static void find_buffers(finder *f)
{
    pare_liveness *live = f->live;
    uint32_t at = 0;
    for (; at < live->n_values && is_input(f, live->values[at].value); at++) {
        pare_live_value *v = &live->values[at];
        if (f->opts->inputs == PARE_LIVE_ELSEWHERE) continue;
        if (f->opts->inputs == PARE_LIVE_HELD) v->last = TO_THE_END;
        new_buffer(f, v);
    }
    for (uint32_t step = 0; step < f->groups->n; step++) {
        const pare_group *g = group_at(f, step);
        for (uint32_t i = 0; i < g->n_outputs; i++)
            place_output(f, g, step, &live->values[at++]);
    }
    assert(at == live->n_values);
}

/* --- sums ------------------------------------------------------------------------------------- */

static void hold_outputs(finder *f)
{
    for (uint32_t i = 0; i < f->live->n_values; i++) {
        const pare_live_value *v = &f->live->values[i];
        if (v->buffer != PARE_NONE && is_graph_output(f, v->value))
            f->live->buffers[v->buffer].first = 0;
    }
}

/* Sums what begins at a step less what ended before it. */
static void sum_steps(finder *f)
{
    pare_liveness *live = f->live;
    const uint32_t n = live->n_steps;
    if (!n) return;
    if (f->opts->outputs == PARE_LIVE_HELD) hold_outputs(f);
    for (uint32_t i = 0; i < live->n_values; i++)
        if (live->values[i].last >= n) live->values[i].last = n - 1;
    for (uint32_t i = 0; i < live->n_buffers; i++) {
        pare_live_buffer *b = &live->buffers[i];
        if (b->last >= n) b->last = n - 1;
        live->step_bytes[b->first] += b->bytes;
        if (b->last + 1 < n) live->step_bytes[b->last + 1] -= b->bytes;
    }
    for (uint32_t s = 1; s < n; s++) live->step_bytes[s] += live->step_bytes[s - 1];
    for (uint32_t s = 0; s < n; s++) {
        uint64_t scratch = 0;
        if (f->opts->scratch_bytes)
            scratch = f->opts->scratch_bytes[f->opts->order ? f->opts->order[s] : s];
        if (!pare_add_u64(live->step_bytes[s], scratch, &live->step_bytes[s]))
            live->step_bytes[s] = UINT64_MAX;
        if (live->step_bytes[s] <= live->peak_bytes) continue;
        live->peak_bytes = live->step_bytes[s];
        live->peak_step = s;
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Arrays in one piece of memory, for as many values and buffers as there can be. */
static pare_status allocate(finder *f)
{
    pare_liveness *live = f->live;
    const uint32_t n_steps = f->groups->n;
    size_t n_values = f->graph->inputs.n;
    for (uint32_t g = 0; g < n_steps; g++) n_values += f->groups->items[g].n_outputs;
    const size_t n_bytes = n_steps * sizeof(*live->step_bytes) +
                           n_values * (sizeof(*live->values) + sizeof(*live->buffers)) +
                           f->model->n_values * sizeof(*live->of_value);
    live->memory = pare_alloc_zero(f->ctx, n_bytes ? n_bytes : 1);
    if (!live->memory) return pare_fail_memory(f->ctx, n_bytes);
    live->n_steps = n_steps;
    live->step_bytes = live->memory;
    live->values = (pare_live_value *)(live->step_bytes + n_steps);
    live->buffers = (pare_live_buffer *)(live->values + n_values);
    live->of_value = (uint32_t *)(live->buffers + n_values);
    for (size_t i = 0; i < f->model->n_values; i++) live->of_value[i] = PARE_NONE;
    return PARE_OK;
}

pare_status pare_liveness_find(pare_ctx *ctx, pare_liveness **out, const pare_groups *groups,
                               const pare_shapes *shapes, const pare_live_opts *opts)
{
    static const pare_live_opts defaults = { 0 };
    finder f = { .ctx = ctx, .groups = groups, .model = groups->graph->model,
                 .graph = groups->graph, .opts = opts ? opts : &defaults };
    *out = NULL;
    f.live = pare_alloc_zero(ctx, sizeof(*f.live));
    if (!f.live) return pare_fail_memory(ctx, sizeof(*f.live));
    pare_status st = pare_sharing_init(ctx, &f.sharing, groups->graph, shapes);
    if (!st) st = allocate(&f);
    if (!st) st = find_spans(&f);
    if (!st) {
        find_buffers(&f);
        sum_steps(&f);
    }
    pare_sharing_free(ctx, &f.sharing);
    if (st) pare_liveness_free(ctx, f.live);
    else *out = f.live;
    return st;
}

void pare_liveness_free(pare_ctx *ctx, pare_liveness *live)
{
    if (!live) return;
    pare_free(ctx, live->memory);
    pare_free(ctx, live);
}

/* Whether buffer a comes before b where the largest come first. */
static bool comes_before(const pare_liveness *live, uint32_t a, uint32_t b)
{
    if (live->buffers[a].bytes != live->buffers[b].bytes)
        return live->buffers[a].bytes > live->buffers[b].bytes;
    return a < b;
}

/* Restores the heap, whose top comes last, below `at`. */
static void sift_down(const pare_liveness *live, uint32_t *heap, uint32_t n, uint32_t at)
{
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && comes_before(live, heap[child], heap[child + 1])) child++;
        if (!comes_before(live, heap[at], heap[child])) return;
        const uint32_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

uint32_t pare_liveness_at(const pare_liveness *live, uint32_t step, uint32_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < live->n_buffers; i++)
        if (live->buffers[i].first <= step && step <= live->buffers[i].last) out[n++] = i;
    for (uint32_t i = n / 2; i-- > 0;) sift_down(live, out, n, i);
    for (uint32_t i = n; i-- > 1;) {
        const uint32_t last = out[0];
        out[0] = out[i];
        out[i] = last;
        sift_down(live, out, i, 0);
    }
    return n;
}
