#include "ir/pattern.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

static const char op_prefix[] = "op:", layer_prefix[] = "layer:";

static bool starts_with(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* * and ? only; linear in the text for each star: the last star is the only one to go back to. */
static bool matches_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

bool pare_pattern_matches(const char *pattern, const pare_pattern_node *node)
{
    if (starts_with(pattern, op_prefix))
        return matches_glob(pattern + strlen(op_prefix), pare_str_or_empty(node->op));
    if (pare_str_eq(pattern, "layer:first")) return node->is_first;
    if (pare_str_eq(pattern, "layer:last")) return node->is_last;
    return matches_glob(pattern, pare_str_or_empty(node->name));
}

pare_status pare_pattern_check(pare_ctx *ctx, const char *pattern)
{
    const char *const layer = pattern + strlen(layer_prefix);
    if (!*pattern) return pare_fail(ctx, PARE_EUSAGE, "an empty pattern matches no node");
    if (!starts_with(pattern, layer_prefix) || pare_str_eq(layer, "first") ||
        pare_str_eq(layer, "last"))
        return PARE_OK;
    return pare_fail(ctx, PARE_EUSAGE,
                     "pattern '%s': expected layer:first or layer:last; other layers are matched "
                     "by name, such as block1.*", pattern);
}

pare_pattern_node pare_pattern_node_of(const pare_model *model, pare_node_id node, char *buffer,
                                       size_t n)
{
    const pare_node *at = &model->nodes[node];
    const char *const domain = pare_node_domain(at);
    pare_pattern_node out = { .name = at->name, .op = buffer };
    snprintf(buffer, n, "%s%s%s", domain, *domain ? "." : "", pare_str_or_empty(at->op_type));
    for (uint32_t i = 0; i < at->n_outputs && (!out.name || !*out.name); i++)
        if (at->outputs[i] != PARE_NONE) out.name = model->values[at->outputs[i]].name;
    return out;
}
