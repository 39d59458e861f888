#include "quant/driver.h"

#include "base/bytes.h"
#include "ir/pattern.h"

pare_status pare_quantizing_left(pare_quantizing *q, pare_node_id node, const char *reason)
{
    pare_quantize_report *const r = q->report;
    char op[128];
    const pare_pattern_node at = pare_pattern_node_of(q->model, node, op, sizeof(op));
    if (!pare_arena_grow(&r->arena, &r->left, &r->left_cap, r->n_left + 1, sizeof(*r->left)))
        return pare_arena_fail(q->ctx, &r->arena);
    pare_quantize_left *const left = &r->left[r->n_left];
    *left = (pare_quantize_left){ pare_arena_str(&r->arena, pare_str_or_empty(at.name)),
                                  pare_arena_str(&r->arena, op), reason };
    if (!left->node || !left->op) return pare_arena_fail(q->ctx, &r->arena);
    r->n_left++;
    return PARE_OK;
}

bool pare_quantizing_corrects(const pare_quantizing *q, uint32_t correction)
{
    return q->s->correct & (PARE_CORRECT_AUTO | correction);
}

static pare_status run(pare_quantizing *q)
{
    PARE_TRY(pare_quantizing_choose(q));
    if (q->s->weights == PARE_QUANTIZE_FLOAT16 || q->s->weights == PARE_QUANTIZE_BFLOAT16)
        return pare_quantizing_half(q);
    if (q->s->activations == PARE_QUANTIZE_ACTIVATIONS_NONE) return pare_quantizing_weights(q);
    PARE_TRY(q->s->activations == PARE_QUANTIZE_ACTIVATIONS_DYNAMIC ? pare_quantizing_dynamic(q)
                                                                    : pare_quantizing_static(q));
    return pare_quantizing_beside(q);
}

pare_status pare_quantize(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                          pare_quantize_report *report)
{
    *report = (pare_quantize_report){ 0 };
    pare_arena_init(ctx, &report->arena, 0);
    pare_quantizing q = { .ctx = ctx, .model = model, .opts = opts, .report = report,
                          .s = &report->chosen };
    const pare_status st = run(&q);
    pare_free(ctx, q.keeps);
    return st;
}

void pare_quantize_report_free(pare_ctx *ctx, pare_quantize_report *report)
{
    pare_weight_only_report_free(ctx, &report->weights);
    pare_half_report_free(ctx, &report->half);
    pare_buf_unref(report->stats);
    pare_arena_free(&report->arena);
    report->stats = NULL;
}
