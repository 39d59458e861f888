#include "support/plan.h"

#include "op/wide.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_INPUTS = 1000 };

pare_status test_plan_run(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                          const pare_eval_input *inputs, size_t n, pare_isa isa, pare_pool *pool,
                          bool islands_only, pare_plan_cost *cost)
{
    const pare_plan_opts opts = { .kernels = pare_kernels_of(isa), .islands_only = islands_only,
                                  .float_groups = true };
    return test_plan_run_with(ctx, out, model, inputs, n, &opts, pool, cost);
}

pare_status test_plan_run_with(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                               const pare_eval_input *inputs, size_t n, const pare_plan_opts *how,
                               pare_pool *pool, pare_plan_cost *cost)
{
    static pare_plan_input planned[MAX_INPUTS];
    pare_plan_opts opts = *how;
    pare_plan *plan = NULL;
    opts.inputs = planned;
    pare_session *session = NULL;
    for (size_t i = 0; i < n; i++)
        if (inputs[i].datum.kind == PARE_TYPE_TENSOR)
            planned[opts.n_inputs++] =
                (pare_plan_input){ .name = inputs[i].name, .tensor = inputs[i].datum.tensor };
    *out = NULL;
    pare_status st = pare_plan_new(ctx, &plan, model, &opts);
    if (!st && cost) *cost = pare_plan_cost_of(plan);
    if (!st) st = pare_session_new(ctx, &session, plan, &(pare_session_opts){ .pool = pool });
    if (!st) st = pare_session_run(ctx, session, inputs, n, out);
    pare_session_free(ctx, session);
    pare_plan_unref(ctx, plan);
    return st;
}

static bool same_bits(const pare_tensor *a, const pare_tensor *b, int64_t *at)
{
    const pare_wide wide = pare_wide_of(a->dtype);
    if (!a->payload.n || memcmp(a->payload.data, b->payload.data, a->payload.n) == 0) return true;
    if (wide != PARE_WIDE_F32 && wide != PARE_WIDE_F64) return false;
    const size_t width = a->payload.n / (size_t)a->n_elements;
    for (*at = 0; *at < a->n_elements; ++*at) {
        const size_t i = (size_t)*at * width;
        if (memcmp(a->payload.data + i, b->payload.data + i, width) == 0) continue;
        if (!isnan(pare_wide_f64_at(a->dtype, a->payload.data, *at)) ||
            !isnan(pare_wide_f64_at(b->dtype, b->payload.data, *at)))
            return false;
    }
    return true;
}

bool test_plan_same(const pare_datum *a, const pare_datum *b, char *why, size_t n)
{
    if (a->kind != b->kind || a->n_items != b->n_items) {
        snprintf(why, n, "kind %d against %d", (int)a->kind, (int)b->kind);
        return false;
    }
    if (a->kind != PARE_TYPE_TENSOR) {
        for (size_t i = 0; i < a->n_items; i++)
            if (!test_plan_same(&a->items[i], &b->items[i], why, n)) return false;
        return true;
    }
    const pare_tensor *x = a->tensor;
    const pare_tensor *y = b->tensor;
    int64_t at = -1;
    if (x->dtype != y->dtype || x->rank != y->rank || x->n_elements != y->n_elements ||
        (x->rank && memcmp(x->dims, y->dims, x->rank * sizeof(x->dims[0])) != 0)) {
        snprintf(why, n, "another type or shape");
        return false;
    }
    if (x->encoding == PARE_ENC_STRINGS || same_bits(x, y, &at)) return true;
    snprintf(why, n, "element %lld is %a, expected %a", (long long)at,
             at < 0 ? 0 : pare_wide_f64_at(x->dtype, x->payload.data, at),
             at < 0 ? 0 : pare_wide_f64_at(y->dtype, y->payload.data, at));
    return false;
}

bool test_plan_agrees(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                      size_t n, const pare_datum *want, pare_isa lowest, char *why,
                      size_t why_bytes)
{
    bool agrees = true;
    const int best = (int)pare_isa_best();
    pare_pool *pool = NULL;
    if (pare_pool_new(ctx, &pool, 2)) return false;
    for (int isa = (int)lowest; agrees && isa <= best; isa++) {
        for (int threads = 1; agrees && threads <= 1 + (isa == best); threads++) {
            pare_datum *out = NULL;
            const pare_status st = test_plan_run(ctx, &out, model, inputs, n, (pare_isa)isa,
                                                 threads == 2 ? pool : NULL, false, NULL);
            char what[PARE_MESSAGE_BYTES] = "";
            if (st) snprintf(what, sizeof(what), "%s", ctx->message);
            agrees = !st;
            for (size_t i = 0; !st && i < model->graph->outputs.n; i++) {
                if (agrees && !test_plan_same(&out[i], &want[i], what, sizeof(what))) {
                    agrees = false;
                    snprintf(why, why_bytes, "output %zu: ", i);
                }
                pare_datum_drop(ctx, &out[i]);
            }
            pare_free(ctx, out);
            if (!agrees)
                snprintf(why, why_bytes, "%s, %d threads: %s", pare_isa_name((pare_isa)isa),
                         threads, what);
        }
    }
    pare_pool_free(ctx, pool);
    return agrees;
}
