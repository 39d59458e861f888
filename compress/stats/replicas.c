#include "stats/replicas.h"

#include "op/evaluator.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { MAX_PLANS = 32 };

typedef struct known_plan {
    pare_plan *plan;
    uint64_t last_used;
} known_plan;

typedef struct replica {
    pare_session *session;
    pare_plan *plan;           /* of the session; borrowed */
    pare_workspace workspace;
    pare_ctx *ctx;             /* of the session */
} replica;

struct pare_replicas {
    pare_replicas_opts opts;
    pare_runner *runner;       /* only for its copy of the model */
    pare_packs *packs;
    pthread_mutex_t lock;      /* over plans, packs and clock */
    known_plan plans[MAX_PLANS];
    size_t n_plans;
    uint64_t clock;
    replica *replicas;         /* [n_workers] */
};

pare_status pare_replicas_new(pare_ctx *ctx, pare_replicas **out, const pare_model *model,
                              const pare_replicas_opts *opts)
{
    const pare_runner_opts prepared = { .kernels = opts->kernels, .kept = opts->kept,
                                        .n_kept = opts->n_kept, .sums = opts->sums };
    *out = NULL;
    pare_replicas *r = pare_alloc_zero(ctx, sizeof(*r));
    if (!r) return pare_fail_memory(ctx, sizeof(*r));
    r->opts = *opts;
    pthread_mutex_init(&r->lock, NULL);
    const size_t n_bytes = opts->n_workers * sizeof(*r->replicas);
    r->replicas = pare_alloc_zero(ctx, n_bytes);
    pare_status st = r->replicas ? PARE_OK : pare_fail_memory(ctx, n_bytes);
    if (!st && !r->opts.kernels) st = pare_plan_kernels(ctx, &r->opts.kernels);
    if (!st) st = pare_packs_new(ctx, &r->packs);
    if (!st) st = pare_runner_new(ctx, &r->runner, model, &prepared);
    if (st) pare_replicas_free(ctx, r);
    else *out = r;
    return st;
}

static void end_session(replica *own)
{
    if (own->session) pare_session_free(own->ctx, own->session);
    own->session = NULL;
    own->plan = NULL;
}

void pare_replicas_free(pare_ctx *ctx, pare_replicas *r)
{
    if (!r) return;
    for (uint32_t i = 0; r->replicas && i < r->opts.n_workers; i++) {
        end_session(&r->replicas[i]);
        pare_workspace_free(ctx, &r->replicas[i].workspace);
    }
    for (size_t i = 0; i < r->n_plans; i++) pare_plan_unref(ctx, r->plans[i].plan);
    pare_packs_free(ctx, r->packs);
    pare_runner_free(ctx, r->runner);
    pare_free(ctx, r->replicas);
    pthread_mutex_destroy(&r->lock);
    pare_free(ctx, r);
}

const pare_model *pare_replicas_model(const pare_replicas *r)
{
    return pare_runner_model(r->runner);
}

void pare_replicas_drop(pare_ctx *ctx, const pare_replicas *r, pare_datum *outputs)
{
    const size_t n = outputs ? pare_replicas_model(r)->graph->outputs.n : 0;
    for (size_t i = 0; i < n; i++) pare_datum_drop(ctx, &outputs[i]);
    pare_free(ctx, outputs);
}

/* --- plans ------------------------------------------------------------------------------------ */

static pare_status check_need(pare_ctx *ctx, const pare_replicas *r, const pare_plan *plan)
{
    const pare_plan_cost cost = pare_plan_cost_of(plan);
    const uint64_t each = cost.arena_bytes + cost.scratch_bytes + cost.output_bytes;
    const uint64_t total = each * r->opts.n_workers + pare_packs_bytes(r->packs) + cost.own_bytes;
    if (!r->opts.max_memory_bytes || total <= r->opts.max_memory_bytes) return PARE_OK;
    return pare_fail(
        ctx, PARE_EBUDGET,
        "running %" PRIu32 " samples at once needs %.1f MiB (each %.1f, weights %.1f), "
        "more than the %.1f MiB of the memory budget; raise it with --max-memory, or "
        "take fewer --threads",
        r->opts.n_workers, (double)total / 1048576, (double)each / 1048576,
        (double)pare_packs_bytes(r->packs) / 1048576, (double)r->opts.max_memory_bytes / 1048576);
}

static pare_status make_plan(pare_ctx *ctx, pare_replicas *r, const pare_eval_input *inputs,
                             size_t n, pare_plan **out)
{
    pare_plan_input *planned = pare_alloc(ctx, (n + 1) * sizeof(*planned));
    if (!planned) return pare_fail_memory(ctx, n * sizeof(*planned));
    pare_plan_opts opts = { .kernels = r->opts.kernels, .inputs = planned, .packs = r->packs,
                            .kept = r->opts.kept, .n_kept = r->opts.n_kept,
                            .sums = r->opts.sums };
    for (size_t i = 0; i < n; i++)
        if (inputs[i].datum.kind == PARE_TYPE_TENSOR)
            planned[opts.n_inputs++] = (pare_plan_input){ .name = inputs[i].name,
                                                          .tensor = inputs[i].datum.tensor };
    pare_status st = pare_plan_new(ctx, out, pare_runner_model(r->runner), &opts);
    pare_free(ctx, planned);
    if (!st) st = check_need(ctx, r, *out);
    if (st) pare_plan_unref(ctx, *out);
    return st;
}

/* A plan for inputs like these, from the list, whose oldest goes when there is no room. */
static pare_status find_plan(pare_ctx *ctx, pare_replicas *r, const pare_eval_input *inputs,
                             size_t n, pare_plan **out)
{
    size_t oldest = 0;
    for (size_t i = 0; i < r->n_plans; i++) {
        if (pare_plan_suits(r->plans[i].plan, inputs, n)) {
            r->plans[i].last_used = ++r->clock;
            *out = pare_plan_ref(r->plans[i].plan);
            return PARE_OK;
        }
        if (r->plans[i].last_used < r->plans[oldest].last_used) oldest = i;
    }
    pare_plan *plan = NULL;
    PARE_TRY(make_plan(ctx, r, inputs, n, &plan));
    if (r->n_plans == MAX_PLANS) pare_plan_unref(ctx, r->plans[oldest].plan);
    else oldest = r->n_plans++;
    r->plans[oldest] = (known_plan){ plan, ++r->clock };
    *out = pare_plan_ref(plan);
    return PARE_OK;
}

static pare_status start_session(pare_ctx *ctx, pare_replicas *r, uint32_t worker,
                                 const pare_eval_input *inputs, size_t n)
{
    replica *own = &r->replicas[worker];
    pare_plan *plan = NULL;
    PARE_TRY(pare_eval_check_inputs(ctx, pare_runner_model(r->runner), inputs, n));
    pthread_mutex_lock(&r->lock);
    pare_status st = find_plan(ctx, r, inputs, n, &plan);
    pthread_mutex_unlock(&r->lock);
    if (st) return st;
    const pare_session_opts opts = { .workspace = &own->workspace, .observe = r->opts.observe,
                                     .user = r->opts.users ? r->opts.users[worker] : NULL };
    end_session(own);
    st = pare_session_new(ctx, &own->session, plan, &opts);
    if (!st) {
        own->plan = plan; /* the session holds it */
        own->ctx = ctx;
    }
    pare_plan_unref(ctx, plan);
    return st;
}

pare_status pare_replicas_run(pare_ctx *ctx, pare_datum **out, pare_replicas *r, uint32_t worker,
                              const pare_eval_input *inputs, size_t n_inputs)
{
    replica *own = &r->replicas[worker];
    *out = NULL;
    if (!own->session || own->ctx != ctx || !pare_plan_suits(own->plan, inputs, n_inputs))
        PARE_TRY(start_session(ctx, r, worker, inputs, n_inputs));
    return pare_session_run(ctx, own->session, inputs, n_inputs, out);
}
