#include "run/runner.h"

#include "ir/graph.h"
#include "op/evaluator.h"
#include "pass/pass.h"
#include "run/plan_cache.h"
#include "run/planner.h"
#include "run/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MIN_CACHE_BYTES = 64 << 10, MAX_ALIGNED_BYTES = 64 << 10 };

struct pare_runner {
    pare_model *model;
    pare_runner_opts opts;    /* with arrays of its own */
    pare_value_id *handles;   /* those arrays */
    pare_packs *packs;
    pare_plan_cache plans;
    pare_states states;
    pare_persistent *pairs;   /* [states.n] */
    pare_workspace workspace;
    pare_session *session;    /* NULL: none yet */
    const pare_plan *current; /* of the session, which keeps it */
    pare_pool *pool;          /* of the session */
    uint32_t n_workers;       /* of that pool: another one may stand at its address */
    uint64_t seed;
    bool is_measured;
};

/* --- making ----------------------------------------------------------------------------------- */

static pare_status copy_handles(pare_ctx *ctx, pare_runner *r, const pare_runner_opts *opts)
{
    const size_t n = opts->n_kept + opts->n_variable;
    r->opts = *opts;
    r->handles = pare_alloc(ctx, (n + 1) * sizeof(*r->handles));
    if (!r->handles) return pare_fail_memory(ctx, n * sizeof(*r->handles));
    for (size_t i = 0; i < n; i++) {
        const pare_value_id id = i < opts->n_kept ? opts->kept[i]
                                                  : opts->variable[i - opts->n_kept];
        if (id >= r->model->n_values || !r->model->values[id].graph)
            return pare_fail(ctx, PARE_EUSAGE, "value %" PRIu32 ": the model does not have it", id);
        if (i >= opts->n_kept && !r->model->values[id].tensor)
            return pare_fail(ctx, PARE_EUSAGE, "value '%s': expected an initializer to be variable",
                             r->model->values[id].name);
        r->handles[i] = id;
    }
    r->opts.kept = r->handles;
    r->opts.variable = r->handles + opts->n_kept;
    return PARE_OK;
}

/* Folds what is constant. What is dead stays while somebody may want to see or set it; plans leave
 * it out anyway. */
static pare_status fold(pare_ctx *ctx, pare_runner *r)
{
    const pare_pass_opts opts = { .may_grow = true, .variable = r->opts.variable,
                                  .n_variable = r->opts.n_variable };
    pare_pass_stats stats = { 0 };
    PARE_TRY(pare_pass_run(ctx, r->model, pare_pass_find("fold-constants"), &opts, &stats));
    if (r->opts.n_kept || r->opts.n_variable) return PARE_OK;
    return pare_pass_run(ctx, r->model, pare_pass_find("dead-code"), &opts, &stats);
}

static bool is_variable(const pare_runner *r, pare_value_id value)
{
    for (size_t i = 0; i < r->opts.n_variable; i++)
        if (r->opts.variable[i] == value) return true;
    return false;
}

/* Plans copy what is not dense or aligned: done once here, not once per plan. Large tensors that
 * are dense stay as they are, since they tend to be read by packing alone, which does not mind;
 * those that are replaced later may not be copied by a plan. */
static pare_status densify(pare_ctx *ctx, pare_runner *r)
{
    for (pare_value_id id = 0; id < r->model->n_values; id++) {
        const pare_value *v = &r->model->values[id];
        pare_tensor *dense = NULL;
        if (!v->graph || !v->tensor ||
            (v->tensor->encoding == PARE_ENC_DENSE && v->tensor->payload.n > MAX_ALIGNED_BYTES &&
             !is_variable(r, id)))
            continue;
        PARE_TRY(pare_tensor_densify(ctx, &dense, v->tensor));
        const pare_status st =
            dense == v->tensor ? PARE_OK : pare_value_set_tensor(ctx, r->model, id, dense);
        pare_tensor_unref(dense);
        if (st) return st;
    }
    return PARE_OK;
}

static pare_status init_states(pare_ctx *ctx, pare_runner *r)
{
    const size_t n_bytes = r->opts.n_persistent * sizeof(*r->pairs);
    r->pairs = pare_alloc(ctx, n_bytes + 1);
    if (!r->pairs) return pare_fail_memory(ctx, n_bytes);
    if (n_bytes) memcpy(r->pairs, r->opts.persistent, n_bytes);
    r->opts.persistent = r->pairs;
    return pare_states_init(ctx, &r->states, r->model, r->pairs, r->opts.n_persistent);
}

pare_status pare_runner_new(pare_ctx *ctx, pare_runner **out, const pare_model *model,
                            const pare_runner_opts *opts)
{
    static const pare_runner_opts none = { 0 };
    *out = NULL;
    pare_runner *r = pare_alloc_zero(ctx, sizeof(*r));
    if (!r) return pare_fail_memory(ctx, sizeof(*r));
    pare_status st = pare_model_clone(ctx, &r->model, model);
    if (!st) st = copy_handles(ctx, r, opts ? opts : &none);
    if (!st) st = init_states(ctx, r);
    if (!st && !r->opts.kernels) st = pare_plan_kernels(ctx, &r->opts.kernels);
    if (!st) st = pare_packs_new(ctx, &r->packs);
    if (!st) st = fold(ctx, r);
    if (!st) st = densify(ctx, r);
    r->plans.model = r->model;
    r->plans.opts = (pare_plan_opts){
        .kernels = r->opts.kernels, .packs = r->packs, .packs_later = true, .kept = r->opts.kept,
        .n_kept = r->opts.n_kept, .variable = r->opts.variable, .n_variable = r->opts.n_variable,
        .persistent = r->pairs, .n_persistent = r->opts.n_persistent,
        .float_groups = r->opts.float_groups, .sums = r->opts.sums, .fast = r->opts.fast,
    };
    if (st) pare_runner_free(ctx, r);
    else *out = r;
    return st;
}

static void end_session(pare_ctx *ctx, pare_runner *r)
{
    pare_session_free(ctx, r->session);
    r->session = NULL;
    r->current = NULL;
}

void pare_runner_free(pare_ctx *ctx, pare_runner *r)
{
    if (!r) return;
    end_session(ctx, r);
    pare_plan_cache_free(ctx, &r->plans);
    pare_workspace_free(ctx, &r->workspace);
    pare_packs_free(ctx, r->packs);
    pare_states_free(ctx, &r->states);
    pare_free(ctx, r->pairs);
    pare_free(ctx, r->handles);
    pare_model_free(ctx, r->model);
    pare_free(ctx, r);
}

/* --- running ---------------------------------------------------------------------------------- */

static uint64_t cache_limit(const pare_runner *r)
{
    if (r->opts.cache_bytes) return r->opts.cache_bytes;
    const uint64_t share = (pare_packs_bytes(r->packs) + r->workspace.n_bytes) / 16;
    return share < MIN_CACHE_BYTES ? MIN_CACHE_BYTES : share;
}

/* The session goes before another plan is made, which takes the room of its plan. */
static pare_status find_plan(pare_ctx *ctx, pare_runner *r, const pare_eval_input *inputs, size_t n,
                             pare_plan **out)
{
    *out = pare_plan_cache_find(&r->plans, inputs, n);
    if (*out) return PARE_OK;
    end_session(ctx, r);
    return pare_plan_cache_add(ctx, &r->plans, cache_limit(r), inputs, n, out);
}

static pare_runner_need need_of(const pare_runner *r, const pare_plan *plan, pare_pool *pool)
{
    const pare_plan_cost cost = pare_plan_cost_of(plan);
    pare_runner_need n = {
        .arena_bytes = cost.arena_bytes + cost.scratch_bytes * pare_pool_size(pool),
        .output_bytes = cost.output_bytes,
        .weight_bytes = pare_packs_bytes(r->packs) + cost.own_bytes +
                        pare_states_bytes(&r->states),
        .plan = cost,
    };
    n.total_bytes = n.arena_bytes + n.output_bytes + n.weight_bytes;
    return n;
}

static double mib(uint64_t n_bytes)
{
    return (double)n_bytes / 1048576;
}

/* Says what a run needs, and which node makes the most of it. */
static pare_status fail_need(pare_ctx *ctx, const pare_runner *r, const pare_plan *plan,
                             const pare_runner_need *need)
{
    uint64_t largest = 0;
    char said[PARE_MESSAGE_BYTES];
    const pare_node_id id = pare_plan_largest(plan, &largest);
    snprintf(said, sizeof(said),
             "running needs %.1f MiB (values %.1f, outputs %.1f, weights as kernels read them "
             "%.1f), more than the %.1f MiB of the memory budget; raise it with --max-memory, or "
             "make inputs smaller",
             mib(need->total_bytes), mib(need->arena_bytes), mib(need->output_bytes),
             mib(need->weight_bytes), mib(r->opts.max_memory_bytes));
    if (id == PARE_NONE) return pare_fail(ctx, PARE_EBUDGET, "%s", said);
    const pare_call call = { .node = &r->model->nodes[id] };
    pare_call_fail(ctx, &call, "makes %.1f MiB: %s", mib(largest), said);
    return PARE_EBUDGET;
}

/* Makes ready for all inputs of a run, states among them. */
static pare_status make_ready(pare_ctx *ctx, pare_runner_need *need, pare_runner *r,
                              pare_pool *pool, const pare_eval_input *inputs, size_t n_inputs)
{
    pare_plan *plan = NULL;
    PARE_TRY(pare_eval_check_inputs(ctx, r->model, inputs, n_inputs));
    PARE_TRY(find_plan(ctx, r, inputs, n_inputs, &plan));
    *need = need_of(r, plan, pool);
    if (r->opts.max_memory_bytes && need->total_bytes > r->opts.max_memory_bytes)
        return fail_need(ctx, r, plan, need);
    PARE_TRY(pare_packs_fill(ctx, r->packs, plan->kernels, pool));
    if (r->session && r->current == plan && r->pool == pool &&
        r->n_workers == pare_pool_size(pool))
        return PARE_OK;
    end_session(ctx, r);
    const pare_session_opts opts = { .pool = pool, .workspace = &r->workspace,
                                     .observe = r->opts.observe, .user = r->opts.user };
    PARE_TRY(pare_session_new(ctx, &r->session, plan, &opts));
    r->current = plan;
    r->pool = pool;
    r->n_workers = pare_pool_size(pool);
    return PARE_OK;
}

pare_status pare_runner_prepare(pare_ctx *ctx, pare_runner_need *need, pare_runner *r,
                                pare_pool *pool, const pare_eval_input *inputs, size_t n_inputs)
{
    PARE_TRY(pare_states_merge(ctx, &r->states, inputs, n_inputs, &inputs, &n_inputs));
    return make_ready(ctx, need, r, pool, inputs, n_inputs);
}

pare_status pare_runner_run(pare_ctx *ctx, pare_datum **out, pare_runner *r, pare_pool *pool,
                            const pare_eval_input *inputs, size_t n_inputs)
{
    pare_runner_need need;
    *out = NULL;
    PARE_TRY(pare_states_merge(ctx, &r->states, inputs, n_inputs, &inputs, &n_inputs));
    PARE_TRY(make_ready(ctx, &need, r, pool, inputs, n_inputs));
    PARE_TRY(pare_states_begin(ctx, &r->states, n_inputs));
    pare_session_set_seed(r->session, r->seed);
    if (r->is_measured) pare_session_seconds(r->session);
    const pare_status st = pare_session_run(ctx, r->session, inputs, n_inputs, out);
    pare_states_end(ctx, &r->states, r->current, *out);
    return st;
}

/* --- the rest --------------------------------------------------------------------------------- */

/* Whether another initializer has the same payload: forms of it are then not this one's alone. */
static bool is_shared(const pare_runner *r, pare_value_id value, const pare_tensor *tensor)
{
    for (pare_value_id id = 0; id < r->model->n_values; id++) {
        const pare_value *v = &r->model->values[id];
        if (id != value && v->graph && v->tensor && v->tensor->payload.data == tensor->payload.data)
            return true;
    }
    return false;
}

/* Plans that were made for the old content go; packed forms become those of the new one. */
static void replace_content(pare_ctx *ctx, pare_runner *r, pare_value_id value,
                            const pare_tensor *old, pare_tensor *tensor)
{
    if (is_shared(r, value, old)) {
        end_session(ctx, r);
        pare_plan_cache_drop(ctx, &r->plans, PARE_NONE);
        pare_packs_forget(ctx, r->packs, old);
        return;
    }
    pare_plan_cache_drop(ctx, &r->plans, value);
    pare_packs_replace(ctx, r->packs, old, tensor);
}

pare_status pare_runner_set_tensor(pare_ctx *ctx, pare_runner *r, pare_value_id value,
                                   pare_tensor *tensor)
{
    if (!is_variable(r, value))
        return pare_fail(ctx, PARE_EUSAGE, "value %" PRIu32 ": not declared variable", value);
    const pare_value *v = &r->model->values[value];
    pare_tensor *dense = NULL;
    bool fits = tensor->dtype == v->tensor->dtype && tensor->rank == v->tensor->rank;
    for (uint32_t i = 0; fits && i < tensor->rank; i++)
        fits = tensor->dims[i] == v->tensor->dims[i];
    if (!fits)
        return pare_fail(ctx, PARE_EUSAGE,
                         "initializer '%s': the new tensor is of another type or shape", v->name);
    PARE_TRY(pare_tensor_densify(ctx, &dense, tensor));
    pare_tensor *const old = pare_tensor_ref(v->tensor);
    const pare_status st = pare_value_set_tensor(ctx, r->model, value, dense);
    if (!st) replace_content(ctx, r, value, old, dense);
    pare_tensor_unref(old);
    pare_tensor_unref(dense);
    return st;
}

const pare_tensor *pare_runner_state(const pare_runner *r, pare_value_id input)
{
    const pare_state *s = pare_states_of(&r->states, input);
    return s ? s->tensor : NULL;
}

pare_status pare_runner_set_state(pare_ctx *ctx, pare_runner *r, pare_value_id input,
                                  const pare_tensor *tensor)
{
    pare_state *s = pare_states_of(&r->states, input);
    if (!s) return pare_fail(ctx, PARE_EUSAGE, "value %" PRIu32 ": not declared persistent", input);
    return pare_state_set(ctx, s, tensor);
}

void pare_runner_set_seed(pare_runner *r, uint64_t seed)
{
    r->seed = seed;
}

void pare_runner_measure(pare_runner *r)
{
    r->is_measured = true;
}

size_t pare_runner_steps(const pare_runner *r, const double **seconds)
{
    *seconds = r->session && r->is_measured ? pare_session_seconds(r->session) : NULL;
    return r->current ? pare_plan_cost_of(r->current).n_steps : 0;
}

pare_plan_step_info pare_runner_step_at(const pare_runner *r, size_t i)
{
    return pare_plan_step_at(r->current, i);
}

const pare_model *pare_runner_model(const pare_runner *r)
{
    return r->model;
}

pare_runner_stats pare_runner_stats_of(const pare_runner *r)
{
    pare_runner_stats s = { .n_plans = r->plans.n, .pack_bytes = pare_packs_bytes(r->packs),
                            .workspace_bytes = r->workspace.n_bytes,
                            .n_packed = pare_packs_count(r->packs),
                            .n_planned = r->plans.n_planned };
    for (size_t i = 0; i < r->plans.n; i++) s.plan_bytes += r->plans.items[i].n_bytes;
    return s;
}
