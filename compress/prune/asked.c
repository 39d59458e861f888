#include "prune/asked.h"

#include "base/bytes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool read_integer(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (errno || end == text || *end || n < 1 || n > 65536) return false;
    *out = n;
    return true;
}

static pare_status read_round_to(pare_ctx *ctx, pare_prune_asked *out, const pare_prune_job *job)
{
    const char *const text = job->settings->round_to;
    if (text && !pare_str_eq(text, "auto")) {
        if (read_integer(text, &out->round_to)) return PARE_OK;
        return pare_fail(ctx, PARE_EUSAGE,
                         "round-to: expected auto or an integer from 1 to 65536, found '%s'", text);
    }
    out->round_to = job->target ? job->target->rules.round_channels : 1;
    if (out->round_to < 1) out->round_to = 1;
    return PARE_OK;
}

/* "50%" or "0.5". */
static pare_status read_sparsity(pare_ctx *ctx, double *out, const char *text)
{
    char *end = NULL;
    if (!text) return PARE_OK;
    const double value = strtod(text, &end);
    const bool is_percent = end != text && pare_str_eq(end, "%");
    *out = is_percent ? value / 100 : value;
    if (end != text && (is_percent || !*end) && *out > 0 && *out < 1) return PARE_OK;
    return pare_fail(ctx, PARE_EUSAGE,
                     "sparsity: expected a share above 0 and below 100%%, such as 50%%, found '%s'",
                     text);
}

static pare_status check_pattern(pare_ctx *ctx, const pare_prune_settings *s)
{
    const bool is_of_weights = s->criterion >= PARE_PRUNE_MAGNITUDE;
    const bool is_of_channels = s->criterion > PARE_PRUNE_L1 &&
                                s->criterion < PARE_PRUNE_SECOND_ORDER;
    if (!s->pattern) {
        if (s->sparsity)
            return pare_fail(ctx, PARE_EUSAGE, "sparsity is about single weights: say which with "
                                               "pattern, such as unstructured or 2:4");
        if (s->sparse_storage)
            return pare_fail(ctx, PARE_EUSAGE, "sparse-storage is about single weights: say which "
                                               "with pattern, such as unstructured or 2:4");
        if (is_of_weights)
            return pare_fail(ctx, PARE_EUSAGE, "criterion: this one is of single weights; for "
                                               "channels expected auto, l1, l2, bn-scale, fpgm, "
                                               "activation or second-order");
        return PARE_OK;
    }
    if (s->what)
        return pare_fail(ctx, PARE_EUSAGE, "pattern makes single weights zero and takes no "
                                           "channels out: leave `what` away, or the pattern");
    if (s->round_to && !pare_str_eq(s->round_to, "auto"))
        return pare_fail(ctx, PARE_EUSAGE, "round-to is about widths, which a pattern leaves as "
                                           "they are: leave one of them away");
    if (s->repair == PARE_PRUNE_REPAIR_STATS)
        return pare_fail(ctx, PARE_EUSAGE, "repair: stats is of channels; for single weights "
                                           "expected auto, none or least-squares");
    if (is_of_channels)
        return pare_fail(ctx, PARE_EUSAGE, "criterion: this one is of channels; for single weights "
                                           "expected auto, magnitude, wanda or sparsegpt");
    return PARE_OK;
}

/* n:m says how many go; with the others half of the weights, unless a limit says more or less. */
static pare_status read_pattern(pare_ctx *ctx, pare_prune_asked *out, const char *text)
{
    if (!text) return PARE_OK;
    PARE_TRY(pare_sparse_pattern_read(ctx, &out->pattern, text));
    if (out->pattern.kind != PARE_PATTERN_N_OF_M) {
        if (!(out->sparsity > 0) && !out->has_budget && !out->has_goal) out->sparsity = 0.5;
        return PARE_OK;
    }
    const double share = 1 - (double)out->pattern.n / (double)out->pattern.m;
    out->has_goal = false;
    if (out->sparsity > 0 && fabs(out->sparsity - share) > 0.005)
        return pare_fail(ctx, PARE_EUSAGE,
                         "sparsity: pattern %s makes %.4g%% of the weights zero, found %.4g%%: "
                         "leave it away", text, 100 * share, 100 * out->sparsity);
    out->sparsity = share;
    return PARE_OK;
}

static pare_status check_data(pare_ctx *ctx, const pare_prune_job *job)
{
    const pare_prune_settings *const s = job->settings;
    const bool chooses = s->criterion == PARE_PRUNE_SECOND_ORDER ||
                         s->criterion == PARE_PRUNE_ACTIVATION ||
                         s->criterion == PARE_PRUNE_WANDA || s->criterion == PARE_PRUNE_SPARSEGPT;
    const bool repairs = s->repair == PARE_PRUNE_REPAIR_STATS ||
                         s->repair == PARE_PRUNE_REPAIR_LEAST_SQUARES;
    if (job->data || (!chooses && !repairs)) return PARE_OK;
    return pare_fail(ctx, PARE_EUSAGE, "%s: it looks at what the model computes, and there are no "
                                       "data: give some, or leave it at auto",
                     chooses ? "criterion" : "repair");
}

static pare_status check_goal(pare_ctx *ctx, const pare_prune_asked *a, const pare_prune_job *job)
{
    if (!a->has_budget && !a->has_goal && !a->has_pattern)
        return pare_fail(ctx, PARE_EUSAGE,
                         "how small the model is to become is not said: give a limit, such as "
                         "max-macs 70%% or max-energy 50%%, or max-drop with data to judge by");
    if (a->has_goal && !job->judge && !job->data)
        return pare_fail(ctx, PARE_EUSAGE,
                         "max-drop and min-agreement are judged on samples: expected data, found "
                         "none");
    return PARE_OK;
}

pare_status pare_prune_ask(pare_ctx *ctx, pare_prune_asked *out, const pare_prune_job *job)
{
    const pare_prune_settings *const s = job->settings;
    *out = (pare_prune_asked){ .what = s->what ? (pare_prune_what)s->what : PARE_PRUNE_CHANNELS,
                               .has_pattern = s->pattern != NULL };
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) out->has_budget |= job->budgets[k].given;
    out->has_goal = !out->has_budget && !s->sparsity &&
                    (job->max_drop < INFINITY || job->min_agreement > 0);
    PARE_TRY(read_round_to(ctx, out, job));
    PARE_TRY(read_sparsity(ctx, &out->sparsity, s->sparsity));
    PARE_TRY(check_pattern(ctx, s));
    PARE_TRY(read_pattern(ctx, out, s->pattern));
    PARE_TRY(check_data(ctx, job));
    return check_goal(ctx, out, job);
}
