#include "cli/targets_option.h"

#include "base/bytes.h"

#include <string.h>

static pare_status add(pare_ctx *ctx, pare_targets *targets, const char *word, size_t n)
{
    char name[4096];
    if (!n) return pare_fail(ctx, PARE_EUSAGE, "--target: expected names with commas between them");
    if (n >= sizeof(name)) return pare_fail(ctx, PARE_EUSAGE, "--target: a name is too long");
    if (targets->n == PARE_MAX_TARGETS)
        return pare_fail(ctx, PARE_EUSAGE, "--target: expected at most %d targets",
                         PARE_MAX_TARGETS);
    memcpy(name, word, n);
    name[n] = '\0';
    PARE_TRY(pare_target_find(ctx, &targets->items[targets->n], name));
    targets->n++;
    const char *found = targets->items[targets->n - 1]->name;
    for (size_t i = 0; i + 1 < targets->n; i++)
        if (pare_str_eq(targets->items[i]->name, found))
            return pare_fail(ctx, PARE_EUSAGE, "--target: '%s' is named twice", found);
    return PARE_OK;
}

pare_status pare_targets_open(pare_ctx *ctx, pare_targets *out, const char *value)
{
    pare_status st = PARE_OK;
    const char *at = value ? value : PARE_DEFAULT_TARGET;
    *out = (pare_targets){ 0 };
    for (bool more = true; !st && more;) {
        const size_t n = strcspn(at, ",");
        st = add(ctx, out, at, n);
        more = at[n] == ',';
        at += n + more;
    }
    if (st) pare_targets_close(ctx, out);
    return st;
}

void pare_targets_close(pare_ctx *ctx, pare_targets *targets)
{
    for (size_t i = 0; i < targets->n; i++) pare_target_free(ctx, targets->items[i]);
    *targets = (pare_targets){ 0 };
}

pare_status pare_target_sums(pare_ctx *ctx, const char *value, pare_sums *out)
{
    pare_targets targets;
    *out = PARE_SUMS_EXACT;
    if (!value) return PARE_OK;
    PARE_TRY(pare_targets_open(ctx, &targets, value));
    const pare_target_rules *rules = &targets.items[0]->rules;
    if (rules->has_quant && rules->quant.saturation == PARE_SATURATES16)
        *out = PARE_SUMS_SATURATING;
    pare_targets_close(ctx, &targets);
    return PARE_OK;
}
