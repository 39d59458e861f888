#include "run/session.h"

#include "run/planner.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

struct pare_session {
    pare_plan *plan;
    pare_pool *pool;
    void **address;           /* by buffer */
    pare_workspace own, *workspace; /* arena and scratch */
    uint8_t *arena;
    pare_eval_opts eval;
    pare_observe_fn *observe; /* or NULL */
    void *user;
    pare_frame frame;
    pare_evaluator evaluator; /* values of islands */
    atomic_bool failed;       /* of the step under way */
    double *seconds;          /* by step; NULL: not measured */
    bool is_timed;
};

void pare_workspace_free(pare_ctx *ctx, pare_workspace *w)
{
    pare_free(ctx, w->block);
    *w = (pare_workspace){ 0 };
}

/* Sets *at to n_bytes, aligned, keeping the block where it is large enough. */
static pare_status make_room(pare_ctx *ctx, pare_workspace *w, size_t n_bytes, uint8_t **at)
{
    const size_t alignment = n_bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
    const bool is_new = w->n_bytes < n_bytes + alignment;
    if (is_new) {
        pare_workspace_free(ctx, w);
        w->block = pare_alloc(ctx, n_bytes + alignment);
        if (!w->block) return pare_fail_memory(ctx, n_bytes);
        w->n_bytes = n_bytes + alignment;
    }
    *at = (uint8_t *)w->block + (-(uintptr_t)w->block & (alignment - 1));
    if (is_new && alignment == HUGE_PAGE)
        madvise(*at, n_bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return PARE_OK;
}

static pare_status take_memory(pare_ctx *ctx, pare_session *s)
{
    const pare_plan *plan = s->plan;
    const size_t scratch = (plan->cost.scratch_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t n_bytes = plan->cost.arena_bytes + scratch * pare_pool_size(s->pool) + ALIGNMENT;
    PARE_TRY(make_room(ctx, s->workspace, n_bytes, &s->arena));
    s->frame = (pare_frame){ .address = s->address, .scratch = s->arena + plan->cost.arena_bytes,
                             .scratch_bytes = scratch, .kernels = plan->kernels,
                             .failed = &s->failed };
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const pare_buffer *b = &plan->buffers[i];
        if (b->kind == PARE_BUFFER_ARENA) s->address[i] = s->arena + b->offset;
        else if (b->kind == PARE_BUFFER_CONSTANT) s->address[i] = (void *)b->address;
    }
    return PARE_OK;
}

pare_status pare_session_new(pare_ctx *ctx, pare_session **out, pare_plan *plan,
                             const pare_session_opts *opts)
{
    static const pare_session_opts none = { 0 };
    const pare_session_opts *o = opts ? opts : &none;
    *out = NULL;
    pare_session *s = pare_alloc_zero(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    s->plan = pare_plan_ref(plan);
    s->pool = o->pool;
    s->workspace = o->workspace ? o->workspace : &s->own;
    s->observe = o->observe;
    s->user = o->user;
    atomic_init(&s->failed, false);
    s->address = pare_alloc_zero(ctx, (plan->n_buffers + 1) * sizeof(*s->address));
    pare_status st = s->address ? PARE_OK : pare_fail_memory(ctx, plan->n_buffers * sizeof(void *));
    if (!st) st = take_memory(ctx, s);
    if (!st)
        st = pare_evaluator_start(&s->evaluator, ctx, plan->model, &s->eval,
                                  plan->model->n_values);
    if (st) pare_session_free(ctx, s);
    else *out = s;
    return st;
}

void pare_session_set_seed(pare_session *s, uint64_t seed)
{
    s->eval.seed = seed;
}

void pare_session_free(pare_ctx *ctx, pare_session *s)
{
    if (!s) return;
    if (s->evaluator.ctx) pare_evaluator_finish(&s->evaluator);
    pare_free(ctx, s->address);
    pare_workspace_free(ctx, &s->own);
    pare_free(ctx, s->seconds);
    pare_plan_unref(ctx, s->plan);
    pare_free(ctx, s);
}

const double *pare_session_seconds(pare_session *s)
{
    s->is_timed = true;
    return s->seconds;
}

/* --- inputs ----------------------------------------------------------------------------------- */

static bool is_expected(const pare_expected *in, const pare_tensor *t)
{
    if (in->dtype != t->dtype || in->rank != t->rank) return false;
    for (uint32_t i = 0; i < t->rank; i++)
        if (in->dims[i] != t->dims[i]) return false;
    return !in->content ||
           (t->payload.n == in->n_bytes && memcmp(t->payload.data, in->content, in->n_bytes) == 0);
}

static const pare_expected *find_expected(const pare_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (strcmp(plan->inputs[i].name, name) == 0) return &plan->inputs[i];
    return NULL;
}

/* The first input that is not as planned; n: none, and none is missing. */
static size_t find_unsuited(const pare_plan *plan, const pare_eval_input *inputs, size_t n)
{
    size_t n_tensors = 0;
    for (size_t i = 0; i < n; i++) {
        if (inputs[i].datum.kind != PARE_TYPE_TENSOR) continue;
        const pare_expected *expected = find_expected(plan, inputs[i].name);
        if (!expected || !is_expected(expected, inputs[i].datum.tensor)) return i;
        n_tensors++;
    }
    return n_tensors == plan->n_inputs ? n : n + 1;
}

bool pare_plan_suits(const pare_plan *plan, const pare_eval_input *inputs, size_t n_inputs)
{
    return find_unsuited(plan, inputs, n_inputs) == n_inputs;
}

static pare_status set_inputs(pare_ctx *ctx, pare_session *s, const pare_eval_input *inputs,
                              size_t n)
{
    const pare_model *model = s->plan->model;
    PARE_TRY(pare_eval_check_inputs(ctx, model, inputs, n));
    const size_t other = find_unsuited(s->plan, inputs, n);
    if (other != n)
        return pare_fail(ctx, PARE_EUSAGE,
                         "input '%s': the plan was made for another type, shape or content",
                         other < n ? inputs[other].name : "");
    for (size_t i = 0; i < n; i++) {
        const pare_value_id id = pare_graph_find(model->graph, inputs[i].name);
        pare_datum *d = &s->evaluator.datums[id];
        s->evaluator.pending[id] = UINT32_MAX;
        if (inputs[i].datum.kind != PARE_TYPE_TENSOR) {
            PARE_TRY(pare_datum_copy(ctx, d, &inputs[i].datum));
            continue;
        }
        PARE_TRY(pare_tensor_densify(ctx, &d->tensor, inputs[i].datum.tensor)); /* and aligned */
        d->kind = PARE_TYPE_TENSOR;
    }
    return PARE_OK;
}

/* Addresses of what the caller gives and may replace. */
static void find_inputs(pare_session *s)
{
    const pare_decls *inputs = &s->plan->model->graph->inputs;
    for (size_t i = 0; i < s->plan->n_buffers; i++) {
        const pare_buffer *b = &s->plan->buffers[i];
        const pare_tensor *t = NULL;
        if (b->kind == PARE_BUFFER_INPUT)
            t = s->evaluator.datums[inputs->items[b->index].value].tensor;
        else if (b->kind == PARE_BUFFER_VARIABLE) t = s->plan->model->values[b->index].tensor;
        if (t) s->address[i] = (void *)t->payload.data;
    }
}

/* --- islands ---------------------------------------------------------------------------------- */

/* Tensors over the arena are told from others by their owner. */
static bool is_borrowed(const pare_session *s, const pare_tensor *t)
{
    return t->owner && t->owner->owner == s;
}

static void release_nothing(void *owner)
{
    (void)owner;
}

static pare_status lend(pare_ctx *ctx, pare_session *s, const struct pare_island_value *v)
{
    pare_datum *d = &s->evaluator.datums[v->value];
    pare_buf *buf = NULL;
    pare_datum_drop(ctx, d);
    if (v->constant) {
        pare_tensor *t = v->is_variable ? s->plan->model->values[v->value].tensor : v->constant;
        *d = (pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = pare_tensor_ref(t) };
        return PARE_OK;
    }
    const uint64_t n_bytes = (uint64_t)pare_laid_n_elements(&v->laid) * pare_laid_width(&v->laid);
    const uint8_t *data = n_bytes ? pare_laid_address(&s->frame, &v->laid) : s->arena;
    PARE_TRY(pare_buf_wrap(ctx, &buf, data, n_bytes, release_nothing, s));
    const pare_bytes payload = { data, n_bytes };
    const pare_status st =
        pare_tensor_wrap(ctx, &d->tensor, v->laid.dtype, v->laid.rank, v->laid.dims,
                         PARE_ENC_DENSE, payload, buf);
    pare_buf_unref(buf);
    if (!st) d->kind = PARE_TYPE_TENSOR;
    return st;
}

/* What an island gives may be a view of what it was lent, which will be written over. */
static pare_status own_datum(pare_ctx *ctx, const pare_session *s, pare_datum *d)
{
    if (d->kind == PARE_TYPE_TENSOR) {
        pare_tensor *copy = NULL;
        if (!is_borrowed(s, d->tensor)) return PARE_OK;
        PARE_TRY(pare_tensor_from(ctx, &copy, d->tensor->dtype, d->tensor->rank, d->tensor->dims,
                                  d->tensor->payload.data));
        pare_tensor_unref(d->tensor);
        d->tensor = copy;
        return PARE_OK;
    }
    for (size_t i = 0; i < d->n_items; i++) PARE_TRY(own_datum(ctx, s, &d->items[i]));
    return PARE_OK;
}

static pare_status take_back(pare_ctx *ctx, pare_session *s, const pare_island *island)
{
    const pare_node *node = &s->plan->model->nodes[island->node];
    for (uint32_t i = 0; i < island->n_in; i++)
        pare_datum_drop(ctx, &s->evaluator.datums[island->in[i].value]);
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE)
            PARE_TRY(own_datum(ctx, s, &s->evaluator.datums[node->outputs[i]]));
    for (uint32_t i = 0; i < island->n_out; i++) {
        const struct pare_island_value *v = &island->out[i];
        const pare_datum *d = &s->evaluator.datums[v->value];
        if (d->kind != PARE_TYPE_TENSOR) continue; /* nobody uses it */
        bool fits = d->tensor->dtype == v->laid.dtype && d->tensor->rank == v->laid.rank;
        for (uint32_t k = 0; fits && k < v->laid.rank; k++)
            fits = d->tensor->dims[k] == v->laid.dims[k];
        if (!fits)
            return pare_fail(ctx, PARE_EFORMAT, "value '%s': its shape is not the inferred one",
                             s->plan->model->values[v->value].name);
        s->address[v->laid.buffer] = (void *)d->tensor->payload.data;
    }
    return PARE_OK;
}

static pare_status run_island(pare_ctx *ctx, pare_session *s, const pare_island *island)
{
    for (uint32_t i = 0; i < island->n_in; i++) {
        s->evaluator.pending[island->in[i].value] = 0; /* dropped here, not by the evaluator */
        PARE_TRY(lend(ctx, s, &island->in[i]));
    }
    PARE_TRY(pare_evaluator_run(&s->evaluator, island->node));
    return take_back(ctx, s, island);
}

/* --- the whole -------------------------------------------------------------------------------- */

typedef struct step_job {
    const pare_step *step;
    const pare_frame *frame;
} step_job;

static void run_task(void *user, uint32_t task, uint32_t worker)
{
    const step_job *j = user;
    j->step->run(j->step->args, j->frame, task, worker);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static pare_status run_tasks(pare_ctx *ctx, pare_session *s, const pare_step *step)
{
    step_job job = { step, &s->frame };
    pare_call call;
    pare_pool_run(s->pool, step->n_tasks, run_task, &job);
    if (!step->failure || !atomic_exchange(&s->failed, false)) return PARE_OK;
    PARE_TRY(pare_call_init(ctx, &call, s->plan->model, step->node));
    return pare_call_fail(ctx, &call, "%s", step->failure);
}

/* A value that is a datum: an input, a constant, what an island gave. */
static pare_status show_datum(pare_ctx *ctx, pare_session *s, const pare_watch *w,
                              const pare_datum *d)
{
    const char *name = s->plan->model->values[w->value].name;
    int64_t strides[PARE_LAID_AXES];
    pare_observed seen = { .value = w->value, .name = name };
    const pare_tensor *t = d->kind == PARE_TYPE_TENSOR ? d->tensor : NULL;
    const uint32_t bits = t ? pare_dtype_of(t->dtype)->bits : 0;
    if (!t || bits < 8 || t->rank > PARE_LAID_AXES || t->encoding != PARE_ENC_DENSE) {
        seen.datum = d;
        return s->observe(s->user, ctx, &seen);
    }
    int64_t step = 1;
    for (uint32_t i = t->rank; i-- > 0; step *= t->dims[i]) strides[i] = step;
    seen.dtype = t->dtype;
    seen.rank = t->rank;
    seen.dims = t->dims;
    seen.strides = strides;
    seen.data = t->payload.data;
    if (!t->n_elements) seen.data = s->arena; /* never NULL */
    return s->observe(s->user, ctx, &seen);
}

static pare_status show(pare_ctx *ctx, pare_session *s, const pare_watch *w)
{
    if (w->constant) {
        pare_tensor *t = w->is_variable ? s->plan->model->values[w->value].tensor : w->constant;
        const pare_datum d = { .kind = PARE_TYPE_TENSOR, .tensor = t };
        return show_datum(ctx, s, w, &d);
    }
    if (w->laid.buffer == PARE_NO_BUFFER)
        return show_datum(ctx, s, w, &s->evaluator.datums[w->value]);
    const pare_observed seen = {
        .value = w->value, .name = s->plan->model->values[w->value].name,
        .dtype = w->laid.dtype, .rank = w->laid.rank,
        .dims = w->laid.dims, .strides = w->laid.strides,
        .data = pare_laid_n_elements(&w->laid) ? pare_laid_address(&s->frame, &w->laid) : s->arena,
    };
    return s->observe(s->user, ctx, &seen);
}

/* Shows what exists once n steps are done, from watch *next on. */
static pare_status show_all(pare_ctx *ctx, pare_session *s, size_t n, size_t *next)
{
    const pare_plan *plan = s->plan;
    for (; s->observe && *next < plan->n_watches && plan->watches[*next].after == n; ++*next)
        PARE_TRY(show(ctx, s, &plan->watches[*next]));
    return PARE_OK;
}

static pare_status run_steps(pare_ctx *ctx, pare_session *s)
{
    const pare_plan *plan = s->plan;
    size_t next = 0;
    size_t next_drop = 0;
    PARE_TRY(show_all(ctx, s, 0, &next));
    for (size_t i = 0; i < plan->n_steps; i++) {
        const double start = s->seconds ? now() : 0;
        const pare_step *step = &plan->steps[i];
        if (step->run) PARE_TRY(run_tasks(ctx, s, step));
        else PARE_TRY(run_island(ctx, s, step->args));
        if (s->seconds) s->seconds[i] = now() - start;
        PARE_TRY(show_all(ctx, s, i + 1, &next));
        for (; next_drop < plan->n_drops && plan->drops[next_drop].after == i; next_drop++)
            pare_datum_drop(ctx, &s->evaluator.datums[plan->drops[next_drop].value]);
        PARE_TRY(pare_check_canceled(ctx));
    }
    return PARE_OK;
}

/* Finds or makes the tensors that steps write outputs to. */
static pare_status make_outputs(pare_ctx *ctx, pare_session *s, pare_datum *out)
{
    const size_t n = s->plan->model->graph->outputs.n;
    for (size_t i = 0; i < n; i++) {
        const pare_plan_result *r = &s->plan->results[i];
        if (r->buffer == PARE_NO_BUFFER) continue;
        if (r->updates != PARE_NONE) {
            const pare_datum *state = &s->evaluator.datums[r->updates];
            out[i] = (pare_datum){ .kind = PARE_TYPE_TENSOR,
                                   .tensor = pare_tensor_ref(state->tensor) };
            s->address[r->buffer] = (void *)state->tensor->payload.data;
            continue;
        }
        PARE_TRY(pare_tensor_new(ctx, &out[i].tensor, r->laid.dtype, r->laid.rank, r->laid.dims));
        out[i].kind = PARE_TYPE_TENSOR;
        s->address[r->buffer] = out[i].tensor->owner->data;
    }
    return PARE_OK;
}

static pare_status take_outputs(pare_ctx *ctx, pare_session *s, pare_datum *out)
{
    const size_t n = s->plan->model->graph->outputs.n;
    for (size_t i = 0; i < n; i++) {
        const pare_plan_result *r = &s->plan->results[i];
        if (r->buffer != PARE_NO_BUFFER) continue;
        PARE_TRY(pare_datum_copy(ctx, &out[i], &s->evaluator.datums[r->value]));
    }
    return PARE_OK;
}

static void forget(pare_ctx *ctx, pare_session *s)
{
    for (size_t i = 0; i < s->evaluator.n_values; i++)
        if (s->evaluator.datums[i].kind != PARE_TYPE_NONE)
            pare_datum_drop(ctx, &s->evaluator.datums[i]);
    s->evaluator.n_iterations = 0;
}

pare_status pare_session_run(pare_ctx *ctx, pare_session *s, const pare_eval_input *inputs,
                             size_t n_inputs, pare_datum **out)
{
    const size_t n = s->plan->model->graph->outputs.n;
    pare_datum *results = pare_alloc_zero(ctx, (n + 1) * sizeof(*results));
    pare_status st = results ? PARE_OK : pare_fail_memory(ctx, n * sizeof(*results));
    *out = NULL;
    if (!st && s->is_timed && !s->seconds) {
        s->seconds = pare_alloc_zero(ctx, (s->plan->n_steps + 1) * sizeof(*s->seconds));
        if (!s->seconds) st = pare_fail_memory(ctx, s->plan->n_steps * sizeof(*s->seconds));
    }
    if (!st) st = set_inputs(ctx, s, inputs, n_inputs);
    if (!st) find_inputs(s);
    if (!st) st = make_outputs(ctx, s, results);
    if (!st) st = run_steps(ctx, s);
    if (!st) st = take_outputs(ctx, s, results);
    forget(ctx, s);
    if (!st) {
        *out = results;
        return PARE_OK;
    }
    pare_datums_free(ctx, results, n);
    return st;
}
