#include "recipe/step.h"

#include "pass/pass.h"

#include <inttypes.h>

/* What every model may have, and what was trained beside weights taken into them. */
static pare_status run(pare_ctx *ctx, pare_model *model, const void *settings,
                       const pare_step_env *env, pare_step_outcome *outcome)
{
    (void)settings;
    const pare_pass_opts opts = { .max_memory_bytes = env->max_memory_bytes };
    pare_pass_stats stats = { 0 }, more = { 0 };
    const uint64_t n_before = pare_count_nodes(model);
    PARE_TRY(pare_optimize(ctx, model, &opts, &stats));
    PARE_TRY(pare_pass_run(ctx, model, pare_pass_find("fold-affine"), &opts, &more));
    PARE_TRY(pare_pass_run(ctx, model, pare_pass_find("dead-code"), &opts, &more));
    const uint64_t n_after = pare_count_nodes(model);
    PARE_TRY(pare_step_choose(ctx, outcome, &pare_step_fold, settings));
    return n_after == n_before
               ? pare_step_say(ctx, outcome, "nothing to fold")
               : pare_step_say(ctx, outcome, "%" PRIu64 " of %" PRIu64 " nodes folded away",
                               n_before - n_after, n_before);
}

const pare_step pare_step_fold = {
    .name = "fold",
    .summary = "What is constant computed once, normalisation taken into weights",
    .is_neutral = true,
    .run = run,
};
