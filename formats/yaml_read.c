/* Taking values out of a tree, with the messages that a wrong one deserves. */
#include "formats/yaml.h"

#include "base/nearest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pare_status pare_yaml_fail(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           const char *fmt, ...)
{
    char text[PARE_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return pare_fail(ctx, PARE_EFORMAT, "%s:%" PRIu32 ": %s", pare_yaml_name(yaml), node->line,
                     text);
}

const pare_yaml_node *pare_yaml_get(const pare_yaml_node *map, const char *key)
{
    if (map->kind != PARE_YAML_MAP) return NULL;
    for (size_t i = 0; i < map->n_items; i++)
        if (!strcmp(map->items[i].key, key)) return &map->items[i];
    return NULL;
}

/* "'key': " in front of what is wrong with the value of a member; else nothing. */
static pare_status fail_value(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                              const char *expected)
{
    char found[80] = "nothing";
    if (node->kind == PARE_YAML_LIST) snprintf(found, sizeof(found), "a list");
    else if (node->kind == PARE_YAML_MAP) snprintf(found, sizeof(found), "a map");
    else if (node->text[0] || node->quoted)
        snprintf(found, sizeof(found), "%s'%.60s%s'", node->quoted ? "the text " : "", node->text,
                 strlen(node->text) > 60 ? "..." : "");
    if (node->key)
        return pare_yaml_fail(ctx, yaml, node, "'%s': expected %s, found %s", node->key, expected,
                              found);
    return pare_yaml_fail(ctx, yaml, node, "expected %s, found %s", expected, found);
}

/* "a, b or c", cut where there is no room. */
static void list_words(char *out, size_t out_bytes, const char *const *words, size_t n)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && used < out_bytes; i++) {
        const char *join = i == 0 ? "" : i + 1 == n ? " or " : ", ";
        const int put = snprintf(out + used, out_bytes - used, "%s%s", join, words[i]);
        if (put < 0) return;
        used += (size_t)put;
    }
}

/* "; did you mean 'x'?", or which words there are. */
static void suggest(char *out, size_t out_bytes, const char *word, const char *const *words,
                    size_t n)
{
    pare_nearest nearest = { .word = word };
    char all[400];
    for (size_t i = 0; i < n; i++) pare_nearest_try(&nearest, words[i]);
    list_words(all, sizeof(all), words, n);
    if (nearest.name) snprintf(out, out_bytes, "did you mean '%s'?", nearest.name);
    else snprintf(out, out_bytes, "expected %s", n ? all : "none");
}

pare_status pare_yaml_check_keys(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                                 const char *const *keys, size_t n)
{
    if (node->kind != PARE_YAML_MAP) return fail_value(ctx, yaml, node, "a map");
    for (size_t i = 0; i < node->n_items; i++) {
        const pare_yaml_node *item = &node->items[i];
        char hint[480];
        size_t k = 0;
        while (k < n && strcmp(keys[k], item->key)) k++;
        if (k < n) continue;
        suggest(hint, sizeof(hint), item->key, keys, n);
        return pare_yaml_fail(ctx, yaml, item, "unknown key '%s'%s%s%s; %s", item->key,
                              node->key ? " in '" : "", node->key ? node->key : "",
                              node->key ? "'" : "", hint);
    }
    return PARE_OK;
}

pare_status pare_yaml_text(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           const char **out)
{
    if (node->kind != PARE_YAML_SCALAR || (!node->text[0] && !node->quoted))
        return fail_value(ctx, yaml, node, "text");
    *out = node->text;
    return PARE_OK;
}

pare_status pare_yaml_int(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                          int64_t min, int64_t max, int64_t *out)
{
    char *end = NULL;
    char expected[80];
    snprintf(expected, sizeof(expected), "a whole number from %" PRId64 " to %" PRId64, min, max);
    if (node->kind != PARE_YAML_SCALAR || node->quoted)
        return fail_value(ctx, yaml, node, expected);
    const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
    if (!digits[0] || digits[strspn(digits, "0123456789")])
        return fail_value(ctx, yaml, node, expected);
    errno = 0;
    const long long value = strtoll(node->text, &end, 10);
    if (errno || value < min || value > max) return fail_value(ctx, yaml, node, expected);
    *out = value;
    return PARE_OK;
}

pare_status pare_yaml_real(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           double *out)
{
    char *end = NULL;
    if (node->kind != PARE_YAML_SCALAR || node->quoted || !node->text[0] ||
        node->text[strspn(node->text, "+-.0123456789eE")]) /* no hexadecimal, no infinity */
        return fail_value(ctx, yaml, node, "a number");
    const double value = strtod(node->text, &end);
    if (*end || !isfinite(value)) return fail_value(ctx, yaml, node, "a number");
    *out = value;
    return PARE_OK;
}

pare_status pare_yaml_bool(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           bool *out)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
    if (node->kind == PARE_YAML_SCALAR && !node->quoted) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strcmp(node->text, words[i])) continue;
            *out = i % 2 == 1;
            return PARE_OK;
        }
    }
    return fail_value(ctx, yaml, node, "true or false");
}

pare_status pare_yaml_choice(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                             const char *const *words, size_t n, size_t *out)
{
    char all[400], hint[480];
    list_words(all, sizeof(all), words, n);
    if (node->kind != PARE_YAML_SCALAR || !node->text[0]) return fail_value(ctx, yaml, node, all);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(node->text, words[i])) continue;
        *out = i;
        return PARE_OK;
    }
    suggest(hint, sizeof(hint), node->text, words, n);
    return pare_yaml_fail(ctx, yaml, node, "%s%s%s'%s' is unknown; %s", node->key ? "'" : "",
                          node->key ? node->key : "", node->key ? "': " : "", node->text, hint);
}
