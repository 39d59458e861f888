#include "formats/dataset/desc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Reading one description. */
typedef struct reader {
    pare_ctx *ctx;
    const pare_yaml *yaml;
    pare_data_desc *d;
    const char *dir; /* of the yaml, with a slash at its end; "" */
} reader;

static const char *const splits[] = { "all", "calibrate", "eval", "train" };

const char *pare_data_split_name(pare_data_split split)
{
    return splits[split];
}

/* --- text ------------------------------------------------------------------------------------- */

static pare_status keep(reader *r, const char **out, const char *text)
{
    *out = pare_arena_str(&r->d->arena, text);
    return *out ? PARE_OK : pare_arena_fail(r->ctx, &r->d->arena);
}

/* "DATA.yaml:3: " */
static pare_status keep_place(reader *r, const char **out, const pare_yaml_node *node)
{
    char place[PARE_MESSAGE_BYTES];
    snprintf(place, sizeof(place), "%s:%" PRIu32 ": ", pare_yaml_name(r->yaml), node->line);
    return keep(r, out, place);
}

/* A path relative to the yaml. */
static pare_status keep_path(reader *r, const char **out, const char *text)
{
    const size_t n = strlen(r->dir) + strlen(text) + 1;
    char *path = pare_arena_alloc(&r->d->arena, n);
    if (!path) return pare_arena_fail(r->ctx, &r->d->arena);
    snprintf(path, n, "%s%s", text[0] == '/' ? "" : r->dir, text);
    *out = path;
    return PARE_OK;
}

static pare_status read_text(reader *r, const char **out, const pare_yaml_node *node)
{
    const char *text = NULL;
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, node, &text));
    if (!*text) return pare_yaml_fail(r->ctx, r->yaml, node, "expected text, found nothing");
    return keep(r, out, text);
}

static pare_status read_path(reader *r, const char **out, const pare_yaml_node *node)
{
    const char *text = NULL;
    PARE_TRY(read_text(r, &text, node));
    return keep_path(r, out, text);
}

/* --- inputs ----------------------------------------------------------------------------------- */

static pare_status read_preprocess(reader *r, const pare_preprocess **out,
                                   const pare_yaml_node *node)
{
    pare_preprocess *list = pare_arena_zero(&r->d->arena, sizeof(*list));
    if (!list) return pare_arena_fail(r->ctx, &r->d->arena);
    *out = list;
    return pare_preprocess_read(r->ctx, list, r->yaml, node, r->dir);
}

/* `zeros`, `ones` or a number. */
static pare_status read_fill(reader *r, pare_input_desc *in, const pare_yaml_node *node)
{
    const char *text = node->kind == PARE_YAML_SCALAR ? node->text : "";
    in->fill = PARE_FILL_VALUE;
    if (pare_str_eq(text, "zeros") || pare_str_eq(text, "ones")) {
        in->value = text[0] == 'o';
        return PARE_OK;
    }
    if (!strchr("+-.0123456789", text[0]) || !text[0])
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected a map with 'source', or zeros, ones "
                              "or a number, found '%s'", text);
    return pare_yaml_real(r->ctx, r->yaml, node, &in->value);
}

static pare_status read_members(reader *r, pare_input_desc *in, const pare_yaml_node *map)
{
    static const char *const formats[] = { "images", "npy", "npz", "idx", "cifar10", "cifar100",
                                           "pb" };
    const pare_yaml_node *const source = pare_yaml_get(map, "source");
    const pare_yaml_node *const format = pare_yaml_get(map, "format");
    const pare_yaml_node *const key = pare_yaml_get(map, "key");
    const pare_yaml_node *const preprocess = pare_yaml_get(map, "preprocess");
    size_t which = 0;
    PARE_TRY(read_path(r, &in->path, source));
    if (format) {
        PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, format, formats, COUNT(formats), &which));
        in->format = formats[which];
    }
    if (key) PARE_TRY(read_text(r, &in->key, key));
    return preprocess ? read_preprocess(r, &in->preprocess, preprocess) : PARE_OK;
}

static pare_status read_input(reader *r, pare_input_desc *in, const pare_yaml_node *node)
{
    static const char *const keys[] = { "source", "format", "key", "preprocess", "constant",
                                        "value" };
    PARE_TRY(keep_place(r, &in->at, node));
    if (node->kind != PARE_YAML_MAP) return read_fill(r, in, node);
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, COUNT(keys)));
    const pare_yaml_node *const constant = pare_yaml_get(node, "constant");
    const pare_yaml_node *const value = pare_yaml_get(node, "value");
    const pare_yaml_node *const source = pare_yaml_get(node, "source");
    if (!!constant + !!value + !!source != 1)
        return pare_yaml_fail(r->ctx, r->yaml, node,
                              "expected one of 'source', 'constant' and 'value' for an input");
    if (source) return read_members(r, in, node);
    if (node->n_items != 1)
        return pare_yaml_fail(r->ctx, r->yaml, node, "'%s' stands alone", node->items[0].key);
    if (value) return read_fill(r, in, value);
    in->fill = PARE_FILL_FILE;
    return read_path(r, &in->path, constant);
}

static pare_status read_inputs(reader *r, const pare_yaml_node *map)
{
    bool has_source = false;
    if (map->kind != PARE_YAML_MAP || !map->n_items)
        return pare_yaml_fail(r->ctx, r->yaml, map,
                              "expected a map of the model's inputs, \"NAME: {source: ...}\"");
    pare_input_desc *in = pare_arena_array(&r->d->arena, map->n_items, sizeof(*in));
    if (!in) return pare_arena_fail(r->ctx, &r->d->arena);
    for (size_t i = 0; i < map->n_items; i++) {
        PARE_TRY(keep(r, &in[i].name, map->items[i].key));
        PARE_TRY(read_input(r, &in[i], &map->items[i]));
        has_source |= in[i].fill == PARE_FILL_SOURCE;
    }
    if (!has_source)
        return pare_yaml_fail(r->ctx, r->yaml, map, "expected one input with a 'source' at least");
    r->d->inputs = in;
    r->d->n_inputs = map->n_items;
    return PARE_OK;
}

static pare_status read_only_input(reader *r, const pare_yaml_node *root)
{
    pare_input_desc *in = pare_arena_zero(&r->d->arena, sizeof(*in));
    if (!in) return pare_arena_fail(r->ctx, &r->d->arena);
    in->name = "";
    r->d->inputs = in;
    r->d->n_inputs = 1;
    PARE_TRY(keep_place(r, &in->at, pare_yaml_get(root, "source")));
    return read_members(r, in, root);
}

/* --- labels, splits --------------------------------------------------------------------------- */

static pare_status read_labels(reader *r, const pare_yaml_node *node)
{
    static const char *const keys[] = { "source", "offset", "key" };
    pare_labels_desc *l = &r->d->labels;
    PARE_TRY(keep_place(r, &l->at, node));
    if (node->kind != PARE_YAML_MAP) {
        PARE_TRY(read_text(r, &l->text, node));
        return keep_path(r, &l->path, l->text);
    }
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, COUNT(keys)));
    const pare_yaml_node *const source = pare_yaml_get(node, "source");
    const pare_yaml_node *const offset = pare_yaml_get(node, "offset");
    const pare_yaml_node *const key = pare_yaml_get(node, "key");
    if (!source && !key)
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected 'source' or 'key' for labels");
    if (offset)
        PARE_TRY(pare_yaml_int(r->ctx, r->yaml, offset, -INT32_MAX, INT32_MAX, &l->offset));
    if (key) PARE_TRY(read_text(r, source ? &l->key : &l->text, key));
    if (source) PARE_TRY(read_text(r, &l->text, source));
    return keep_path(r, &l->path, l->text);
}

/* Digits up to a character. */
static bool read_digits(const char **p, char end, uint64_t *out)
{
    const char *at = *p;
    for (*out = 0; *at >= '0' && *at <= '9'; at++) {
        if (*out > UINT32_MAX) return false;
        *out = *out * 10 + (uint64_t)(*at - '0');
    }
    if (at == *p || *at != end) return false;
    *p = at + 1;
    return true;
}

static pare_status read_split(reader *r, pare_split_desc *s, const pare_yaml_node *node)
{
    const char *text = NULL;
    size_t n = 0;
    char *end = NULL;
    PARE_TRY(keep_place(r, &s->at, node));
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, node, &text));
    const char *p = text;
    n = strlen(text);
    if (pare_str_eq(text, "rest")) {
        s->part = PARE_PART_REST;
        return PARE_OK;
    }
    if (read_digits(&p, '\0', &s->first) && s->first) {
        s->part = PARE_PART_COUNT;
        return PARE_OK;
    }
    p = text;
    if (read_digits(&p, '-', &s->first) && read_digits(&p, '\0', &s->last) && s->last >= s->first) {
        s->part = PARE_PART_ROWS;
        return PARE_OK;
    }
    if (n > 1 && text[n - 1] == '%' && strspn(text, "0123456789.") == n - 1) {
        s->part = PARE_PART_PERCENT;
        s->percent = strtod(text, &end);
        if (*end == '%' && s->percent > 0 && s->percent <= 100) return PARE_OK;
    }
    return pare_yaml_fail(r->ctx, r->yaml, node, "expected a count, a percentage, 'rest' or rows "
                          "like 0-255, found '%s'", text);
}

static pare_status read_splits(reader *r, const pare_yaml_node *map)
{
    pare_data_desc *d = r->d;
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, map, splits + 1, COUNT(splits) - 1));
    for (size_t i = 0; i < map->n_items; i++) {
        pare_split_desc *s = &d->splits[d->n_splits++];
        for (size_t k = 1; k < COUNT(splits); k++)
            if (pare_str_eq(map->items[i].key, splits[k])) s->split = (pare_data_split)k;
        PARE_TRY(read_split(r, s, &map->items[i]));
        for (size_t k = 0; k + 1 < d->n_splits; k++)
            if (d->splits[k].part == PARE_PART_REST && s->part == PARE_PART_REST)
                return pare_yaml_fail(r->ctx, r->yaml, &map->items[i],
                                      "only one split can be the rest");
    }
    return PARE_OK;
}

/* --- what is scored --------------------------------------------------------------------------- */

static pare_status read_command(reader *r, pare_data_metric *m, const pare_yaml_node *list)
{
    if (list->kind != PARE_YAML_LIST || !list->n_items)
        return pare_yaml_fail(r->ctx, r->yaml, list,
                              "expected a list: the program and its arguments");
    const char **words = pare_arena_array(&r->d->arena, list->n_items, sizeof(*words));
    if (!words) return pare_arena_fail(r->ctx, &r->d->arena);
    for (size_t i = 0; i < list->n_items; i++)
        PARE_TRY(read_text(r, &words[i], &list->items[i]));
    m->command = words;
    m->n_command = list->n_items;
    return PARE_OK;
}

static pare_status read_metric(reader *r, pare_data_metric *m, const pare_yaml_node *node)
{
    static const char *const keys[] = { "name", "command", "higher-is-better" };
    static const char *const names[] = { "top1", "top5", "agreement", "kl", "mse", "sqnr", "cosine",
                                         "token-accuracy", "perplexity" };
    size_t which = 0;
    m->higher_is_better = true;
    if (node->kind != PARE_YAML_MAP) {
        PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, node, names, COUNT(names), &which));
        m->name = names[which];
        return PARE_OK;
    }
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, COUNT(keys)));
    const pare_yaml_node *const name = pare_yaml_get(node, "name");
    const pare_yaml_node *const command = pare_yaml_get(node, "command");
    const pare_yaml_node *const higher = pare_yaml_get(node, "higher-is-better");
    if (!name || !command)
        return pare_yaml_fail(r->ctx, r->yaml, node,
                              "expected 'name' and 'command' for a program that scores");
    PARE_TRY(read_text(r, &m->name, name));
    if (higher) PARE_TRY(pare_yaml_bool(r->ctx, r->yaml, higher, &m->higher_is_better));
    return read_command(r, m, command);
}

static pare_status read_metrics(reader *r, const pare_yaml_node *node)
{
    const bool is_list = node->kind == PARE_YAML_LIST;
    const size_t n = is_list ? node->n_items : 1;
    if (!n) return pare_yaml_fail(r->ctx, r->yaml, node, "expected a metric, found none");
    pare_data_metric *m = pare_arena_array(&r->d->arena, n, sizeof(*m));
    if (!m) return pare_arena_fail(r->ctx, &r->d->arena);
    for (size_t i = 0; i < n; i++)
        PARE_TRY(read_metric(r, &m[i], is_list ? &node->items[i] : node));
    r->d->metrics = m;
    r->d->n_metrics = n;
    return PARE_OK;
}

static pare_status read_golden(reader *r, const pare_yaml_node *map)
{
    static const char *const keys[] = { "sample", "output" };
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, map, keys, COUNT(keys)));
    const pare_yaml_node *const sample = pare_yaml_get(map, "sample");
    const pare_yaml_node *const output = pare_yaml_get(map, "output");
    if (!sample || !output)
        return pare_yaml_fail(r->ctx, r->yaml, map, "expected 'sample' and 'output' for golden");
    PARE_TRY(read_path(r, &r->d->golden_sample, sample));
    return read_path(r, &r->d->golden_output, output);
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status read_keys(reader *r, const pare_yaml_node *root)
{
    static const char *const on_error[] = { "stop", "skip" };
    const pare_yaml_node *const labels = pare_yaml_get(root, "labels");
    const pare_yaml_node *const output = pare_yaml_get(root, "output");
    const pare_yaml_node *const split = pare_yaml_get(root, "split");
    const pare_yaml_node *const golden = pare_yaml_get(root, "golden");
    const pare_yaml_node *const metrics = pare_yaml_get(root, "metrics");
    const pare_yaml_node *const error = pare_yaml_get(root, "on-error");
    size_t which = 0;
    if (labels) PARE_TRY(read_labels(r, labels));
    if (output) PARE_TRY(read_text(r, &r->d->output, output));
    if (split) PARE_TRY(read_splits(r, split));
    if (golden) PARE_TRY(read_golden(r, golden));
    if (metrics) PARE_TRY(read_metrics(r, metrics));
    if (error) PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, error, on_error, 2, &which));
    r->d->skip_unreadable = which == 1;
    return PARE_OK;
}

static pare_status read_root(reader *r, const pare_yaml_node *root)
{
    static const char *const keys[] = { "inputs",  "labels",   "output", "split",  "golden",
                                        "metrics", "on-error", "source", "format", "key",
                                        "preprocess" };
    enum { N_SHARED = 7 };
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, root, keys, COUNT(keys)));
    const pare_yaml_node *const inputs = pare_yaml_get(root, "inputs");
    for (size_t i = N_SHARED; inputs && i < COUNT(keys); i++)
        if (pare_yaml_get(root, keys[i]))
            return pare_yaml_fail(r->ctx, r->yaml, pare_yaml_get(root, keys[i]),
                                  "'%s' belongs below an input when there is 'inputs'", keys[i]);
    if (inputs) PARE_TRY(read_inputs(r, inputs));
    else if (pare_yaml_get(root, "source")) PARE_TRY(read_only_input(r, root));
    else return pare_yaml_fail(r->ctx, r->yaml, root, "expected 'source' or 'inputs'");
    return read_keys(r, root);
}

/* Reads what was parsed, and frees it. */
static pare_status read_yaml(pare_ctx *ctx, pare_data_desc *out, pare_yaml *yaml)
{
    const char *const name = pare_yaml_name(yaml);
    const char *const slash = strrchr(name, '/');
    reader r = { .ctx = ctx, .yaml = yaml, .d = out };
    r.dir = pare_arena_strn(&out->arena, name, slash ? (size_t)(slash - name) + 1 : 0);
    pare_status st = r.dir ? PARE_OK : pare_arena_fail(ctx, &out->arena);
    if (!st) st = read_root(&r, pare_yaml_root(yaml));
    pare_yaml_free(ctx, yaml);
    return st;
}

static pare_status describe_source(pare_ctx *ctx, pare_data_desc *out, const char *path)
{
    pare_input_desc *in = pare_arena_zero(&out->arena, sizeof(*in));
    if (!in) return pare_arena_fail(ctx, &out->arena);
    in->name = in->at = "";
    out->labels.at = "";
    out->inputs = in;
    out->n_inputs = 1;
    out->is_direct = true;
    in->path = pare_arena_str(&out->arena, path);
    return in->path ? PARE_OK : pare_arena_fail(ctx, &out->arena);
}

static bool ends(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && pare_str_eq(text + n - m, end);
}

static void init(pare_ctx *ctx, pare_data_desc *out)
{
    memset(out, 0, sizeof(*out));
    pare_arena_init(ctx, &out->arena, 0);
}

pare_status pare_data_describe(pare_ctx *ctx, pare_data_desc *out, const char *path)
{
    pare_yaml *yaml = NULL;
    init(ctx, out);
    if (!ends(path, ".yaml") && !ends(path, ".yml") && !ends(path, ".json"))
        return describe_source(ctx, out, path);
    PARE_TRY(pare_yaml_read(ctx, &yaml, path));
    return read_yaml(ctx, out, yaml);
}

pare_status pare_data_describe_text(pare_ctx *ctx, pare_data_desc *out, const char *name,
                                    const char *text, size_t n_bytes)
{
    pare_yaml *yaml = NULL;
    init(ctx, out);
    PARE_TRY(pare_yaml_parse(ctx, &yaml, name, text, n_bytes));
    return read_yaml(ctx, out, yaml);
}

void pare_data_desc_free(pare_data_desc *desc)
{
    pare_arena_free(&desc->arena);
}
