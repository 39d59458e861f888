#include "run/plan_cache.h"

#include "run/session.h"

/* Plans for more contents of small inputs than this are not made: they count something. */
enum { MAX_FIXED_PLANS = 16 };

static void drop(pare_ctx *ctx, pare_plan_cache *cache, size_t i)
{
    pare_plan_unref(ctx, cache->items[i].plan);
    cache->items[i] = cache->items[--cache->n];
}

void pare_plan_cache_drop(pare_ctx *ctx, pare_plan_cache *cache, pare_value_id value)
{
    for (size_t i = cache->n; i-- > 0;)
        if (value == PARE_NONE || pare_plan_depends(cache->items[i].plan, value))
            drop(ctx, cache, i);
}

void pare_plan_cache_free(pare_ctx *ctx, pare_plan_cache *cache)
{
    pare_plan_cache_drop(ctx, cache, PARE_NONE);
    pare_free(ctx, cache->items);
    cache->items = NULL;
    cache->cap = 0;
}

/* --- making ----------------------------------------------------------------------------------- */

/* A single integer or truth value may choose a branch, or be a size. */
static bool may_decide(const pare_tensor *t)
{
    const pare_dtype_class class = pare_dtype_of(t->dtype)->class;
    return t->n_elements == 1 && pare_dtype_of(t->dtype)->bits >= 8 &&
           (class == PARE_CLASS_INT || class == PARE_CLASS_UINT || class == PARE_CLASS_BOOL);
}

static bool has_decider(const pare_eval_input *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (inputs[i].datum.kind == PARE_TYPE_TENSOR && may_decide(inputs[i].datum.tensor))
            return true;
    return false;
}

static pare_status make_plan(pare_ctx *ctx, pare_plan_cache *cache, const pare_eval_input *inputs,
                             size_t n, bool fixed, pare_plan **out)
{
    pare_plan_input *planned = pare_alloc(ctx, (n + 1) * sizeof(*planned));
    if (!planned) return pare_fail_memory(ctx, n * sizeof(*planned));
    pare_plan_opts opts = cache->opts;
    opts.inputs = planned;
    for (size_t i = 0; i < n; i++) {
        const pare_datum *d = &inputs[i].datum;
        if (d->kind == PARE_TYPE_TENSOR)
            planned[opts.n_inputs++] = (pare_plan_input){ inputs[i].name, d->tensor,
                                                          fixed && may_decide(d->tensor) };
    }
    const pare_status st = pare_plan_new(ctx, out, cache->model, &opts);
    pare_free(ctx, planned);
    cache->n_planned += !st;
    cache->n_fixed += !st && fixed;
    return st;
}

/* A plan that holds for any content, or, where that plans more, for this very one. */
static pare_status make_best(pare_ctx *ctx, pare_plan_cache *cache, const pare_eval_input *inputs,
                             size_t n, pare_plan **out)
{
    const bool may_fix = cache->n_fixed < MAX_FIXED_PLANS && has_decider(inputs, n);
    pare_plan *fixed = NULL;
    if (may_fix && cache->fixing_helps) return make_plan(ctx, cache, inputs, n, true, out);
    PARE_TRY(make_plan(ctx, cache, inputs, n, false, out));
    const size_t n_unplanned = pare_plan_cost_of(*out).n_unplanned;
    if (!may_fix || !n_unplanned) return PARE_OK;
    const pare_status st = make_plan(ctx, cache, inputs, n, true, &fixed);
    cache->fixing_helps = !st && pare_plan_cost_of(fixed).n_unplanned < n_unplanned;
    pare_plan *const other = cache->fixing_helps ? *out : fixed;
    if (cache->fixing_helps) *out = fixed;
    pare_plan_unref(ctx, other);
    if (st) {
        pare_plan_unref(ctx, *out);
        *out = NULL;
    }
    return st;
}

/* --- finding ---------------------------------------------------------------------------------- */

static void evict(pare_ctx *ctx, pare_plan_cache *cache, uint64_t limit)
{
    while (cache->n) {
        uint64_t sum = 0;
        size_t oldest = 0;
        for (size_t i = 0; i < cache->n; i++) {
            sum += cache->items[i].n_bytes;
            if (cache->items[i].last_used < cache->items[oldest].last_used) oldest = i;
        }
        if (sum <= limit) return;
        drop(ctx, cache, oldest);
    }
}

pare_plan *pare_plan_cache_find(pare_plan_cache *cache, const pare_eval_input *inputs, size_t n)
{
    for (size_t i = 0; i < cache->n; i++) {
        if (!pare_plan_suits(cache->items[i].plan, inputs, n)) continue;
        cache->items[i].last_used = ++cache->clock;
        return cache->items[i].plan;
    }
    return NULL;
}

pare_status pare_plan_cache_add(pare_ctx *ctx, pare_plan_cache *cache, uint64_t limit,
                                const pare_eval_input *inputs, size_t n, pare_plan **out)
{
    PARE_TRY(pare_grow(ctx, &cache->items, &cache->cap, cache->n + 1, sizeof(*cache->items)));
    evict(ctx, cache, limit);
    PARE_TRY(make_best(ctx, cache, inputs, n, out));
    cache->items[cache->n++] =
        (pare_cached_plan){ *out, pare_plan_cost_of(*out).own_bytes, ++cache->clock };
    return PARE_OK;
}
