#include "cli/recipe_file.h"

#include "cli/line.h"

#include "formats/yaml.h"

#include <stdio.h>
#include <string.h>

typedef struct reader {
    pare_ctx *ctx;
    pare_recipe *recipe;
    pare_yaml *yaml;
    const char *dir;          /* [n_dir] of the file, with its slash */
    size_t n_dir;
} reader;

/* Members of a map, and what reads each. */
typedef struct key_row {
    const char *key;
    pare_status (*read)(reader *r, const pare_yaml_node *node);
} key_row;

enum { MAX_KEYS = 16 };

static pare_status read_map(reader *r, const pare_yaml_node *map, const key_row *rows, size_t n)
{
    const char *keys[MAX_KEYS];
    for (size_t i = 0; i < n; i++) keys[i] = rows[i].key;
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, map, keys, n));
    for (size_t i = 0; i < n; i++) {
        const pare_yaml_node *const node = pare_yaml_get(map, rows[i].key);
        if (node) PARE_TRY(rows[i].read(r, node));
    }
    return PARE_OK;
}

/* --- values as text --------------------------------------------------------------------------- */

static pare_status add_text(reader *r, pare_line *line, const pare_yaml_node *node)
{
    const char *text = NULL;
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, node, &text));
    pare_line_add(line, "%s%s", line->n ? "," : "", text);
    if (line->n < PARE_LINE_BYTES - 1) return PARE_OK;
    return pare_yaml_fail(r->ctx, r->yaml, node, "the value is too long");
}

/* A scalar as it is; of a list its items and of a map its members as KEY=VALUE, with commas. */
static pare_status flatten(reader *r, pare_line *line, const pare_yaml_node *node)
{
    if (node->kind == PARE_YAML_SCALAR) return add_text(r, line, node);
    for (size_t i = 0; i < node->n_items; i++) {
        const pare_yaml_node *const item = &node->items[i];
        const char *text = NULL;
        PARE_TRY(pare_yaml_text(r->ctx, r->yaml, item, &text));
        pare_line_add(line, "%s%s%s%s", line->n ? "," : "", item->key ? item->key : "",
                      item->key ? "=" : "", text);
    }
    if (line->n < PARE_LINE_BYTES - 1) return PARE_OK;
    return pare_yaml_fail(r->ctx, r->yaml, node, "the value is too long");
}

/* A refusal of the recipe's own, with the line of the node. */
static pare_status fail_problem(reader *r, const pare_yaml_node *node, const char *key,
                                pare_status st, const pare_option_problem *problem)
{
    if (st != PARE_EUSAGE) return st;
    return pare_yaml_fail(r->ctx, r->yaml, node, "%s%s%s%s%s", key ? key : "", key ? ": " : "",
                          problem->message, *problem->hint ? "; " : "", problem->hint);
}

/* A list or scalar, flattened, as a value that is no step's. */
static pare_status read_plain(reader *r, const pare_yaml_node *node)
{
    pare_option_problem problem;
    pare_line line = { 0 };
    bool known = false;
    PARE_TRY(flatten(r, &line, node));
    return fail_problem(r, node, node->key,
                        pare_recipe_set_plain(r->ctx, r->recipe, &known, node->key, line.text,
                                              &problem), &problem);
}

static pare_status read_limit(reader *r, const pare_yaml_node *node)
{
    if (node->kind == PARE_YAML_SCALAR) return read_plain(r, node);
    return pare_yaml_fail(r->ctx, r->yaml, node, "%s: expected %s, found a %s", node->key,
                          pare_limit_form(pare_limit_find(node->key)),
                          node->kind == PARE_YAML_LIST ? "list" : "map");
}

static pare_status read_limits(reader *r, const pare_yaml_node *node)
{
    key_row rows[PARE_N_LIMITS];
    for (int k = 0; k < PARE_N_LIMITS; k++)
        rows[k] = (key_row){ pare_limit_name((pare_limit_kind)k), read_limit };
    return read_map(r, node, rows, PARE_N_LIMITS);
}

static pare_status keep(reader *r, const char **out, const char *text)
{
    *out = pare_arena_str(&r->recipe->arena, text);
    return *out ? PARE_OK : pare_arena_fail(r->ctx, &r->recipe->arena);
}

/* --- data ------------------------------------------------------------------------------------- */

static pare_status read_from(reader *r, const pare_yaml_node *node, pare_recipe_data *out)
{
    pare_line line = { 0 };
    const char *path = NULL;
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, node, &path));
    pare_line_add(&line, "%.*s%s", *path == '/' ? 0 : (int)r->n_dir, r->dir, path);
    return keep(r, &out->from, line.text);
}

static pare_status read_samples(reader *r, const pare_yaml_node *node, pare_recipe_data *out)
{
    static const char *const keys[] = { "from", "take", "seed" };
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, 3));
    const pare_yaml_node *const from = pare_yaml_get(node, "from");
    const pare_yaml_node *const take = pare_yaml_get(node, "take");
    const pare_yaml_node *const seed = pare_yaml_get(node, "seed");
    if (from) PARE_TRY(read_from(r, from, out));
    if (take && take->kind == PARE_YAML_SCALAR && strcmp(take->text, "rest") == 0) out->take = -1;
    else if (take) PARE_TRY(pare_yaml_int(r->ctx, r->yaml, take, 1, INT64_MAX, &out->take));
    if (seed) PARE_TRY(pare_yaml_int(r->ctx, r->yaml, seed, 0, INT64_MAX, &out->seed));
    return PARE_OK;
}

static pare_status read_calibration(reader *r, const pare_yaml_node *node)
{
    return read_samples(r, node, &r->recipe->calibration);
}

static pare_status read_evaluation(reader *r, const pare_yaml_node *node)
{
    return read_samples(r, node, &r->recipe->evaluation);
}

static pare_status read_data(reader *r, const pare_yaml_node *node)
{
    static const key_row rows[] = { { "calibration", read_calibration },
                                    { "evaluation", read_evaluation },
                                    { "metrics", read_plain } };
    return read_map(r, node, rows, PARE_COUNT_OF(rows));
}

/* --- steps ------------------------------------------------------------------------------------ */

/* An item of a list: text, or {match: PATTERN, keep: TYPE}, which is PATTERN=TYPE. */
static pare_status item_text(reader *r, pare_line *line, const pare_yaml_node *item)
{
    static const char *const keys[] = { "match", "keep" };
    const char *match = NULL, *keeps = NULL;
    if (item->kind != PARE_YAML_MAP) return add_text(r, line, item);
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, item, keys, 2));
    const pare_yaml_node *const a = pare_yaml_get(item, "match"), *b = pare_yaml_get(item, "keep");
    if (!a || !b)
        return pare_yaml_fail(r->ctx, r->yaml, item, "expected both 'match' and 'keep'");
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, a, &match));
    PARE_TRY(pare_yaml_text(r->ctx, r->yaml, b, &keeps));
    pare_line_add(line, "%s=%s", match, keeps);
    return PARE_OK;
}

static const pare_option *find_option(const pare_step *step, const char *key)
{
    for (size_t i = 0; i < step->n_options; i++) {
        const pare_option *const row = &step->options[i];
        if (strcmp(row->key ? row->key : row->name, key) == 0) return row;
    }
    return NULL;
}

static pare_status set_option(reader *r, pare_recipe_step *step, const pare_yaml_node *node,
                              const char *text)
{
    static const char unknown[] = "unknown option"; /* whose message names it */
    pare_option_problem problem;
    const pare_status st =
        pare_recipe_step_set(r->ctx, r->recipe, step, node->key, text, &problem);
    const bool is_named = st == PARE_EUSAGE &&
                          !strncmp(problem.message, unknown, sizeof(unknown) - 1);
    return fail_problem(r, node, is_named ? NULL : node->key, st, &problem);
}

static pare_status read_option(reader *r, pare_recipe_step *step, const pare_yaml_node *node)
{
    const pare_option *const row = find_option(step->step, node->key);
    const bool is_list = row && row->kind == PARE_OPT_LIST && node->kind == PARE_YAML_LIST;
    const bool is_set = row && row->kind == PARE_OPT_SET && node->kind == PARE_YAML_LIST;
    pare_line line = { 0 };
    for (size_t i = 0; is_list && i < node->n_items; i++) {
        pare_line_clear(&line);
        PARE_TRY(item_text(r, &line, &node->items[i]));
        PARE_TRY(set_option(r, step, node, line.text));
    }
    if (is_list) return PARE_OK;
    if (node->kind != PARE_YAML_SCALAR && !is_set)
        return pare_yaml_fail(r->ctx, r->yaml, node, "%s: expected one value, found a %s",
                              node->key, node->kind == PARE_YAML_LIST ? "list" : "map");
    PARE_TRY(flatten(r, &line, node));
    return set_option(r, step, node, line.text);
}

static pare_status find_step(reader *r, const pare_step **out, const pare_yaml_node *node)
{
    const char *names[32];
    size_t n = 0;
    const pare_step *const *const all = pare_step_all(&n);
    if (node->kind != PARE_YAML_MAP || node->n_items != 1)
        return pare_yaml_fail(r->ctx, r->yaml, node,
                              "expected one step and its options, such as {quantize: {}}");
    if (n > PARE_COUNT_OF(names)) n = PARE_COUNT_OF(names);
    for (size_t i = 0; i < n; i++) names[i] = all[i]->name;
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, names, n));
    *out = pare_step_find(node->items[0].key);
    return PARE_OK;
}

static pare_status read_step(reader *r, pare_recipe_steps *list, const pare_yaml_node *node)
{
    const pare_step *step = NULL;
    pare_recipe_step *out = NULL;
    PARE_TRY(find_step(r, &step, node));
    const pare_yaml_node *const options = &node->items[0];
    PARE_TRY(pare_recipe_add_step(r->ctx, r->recipe, list, &out, step));
    out->line = options->line;
    if (options->kind == PARE_YAML_SCALAR && !*options->text) return PARE_OK; /* `fold:` */
    if (options->kind != PARE_YAML_MAP)
        return pare_yaml_fail(r->ctx, r->yaml, options, "%s: expected options in a map",
                              options->key);
    for (size_t i = 0; i < options->n_items; i++)
        PARE_TRY(read_option(r, out, &options->items[i]));
    return PARE_OK;
}

static pare_status read_list(reader *r, pare_recipe_steps *list, const pare_yaml_node *node)
{
    if (node->kind != PARE_YAML_LIST || !node->n_items)
        return pare_yaml_fail(r->ctx, r->yaml, node, "expected a list of steps");
    for (size_t i = 0; i < node->n_items; i++) PARE_TRY(read_step(r, list, &node->items[i]));
    return PARE_OK;
}

static pare_status read_steps(reader *r, const pare_yaml_node *node)
{
    return read_list(r, &r->recipe->steps, node);
}

static pare_status read_ways(reader *r, const pare_yaml_node *node)
{
    if (node->kind != PARE_YAML_LIST || !node->n_items)
        return pare_yaml_fail(r->ctx, r->yaml, node, "try: expected a list of lists of steps");
    for (size_t i = 0; i < node->n_items; i++) {
        pare_recipe_steps *way = NULL;
        PARE_TRY(pare_recipe_add_way(r->ctx, r->recipe, &way));
        PARE_TRY(read_list(r, way, &node->items[i]));
    }
    return PARE_OK;
}

/* --- choices ---------------------------------------------------------------------------------- */

static pare_status read_preset(reader *r, const pare_yaml_node *node, const char **out)
{
    const char *names[32];
    size_t n = 0, found = 0;
    const pare_preset *const all = pare_preset_all(&n);
    if (n > PARE_COUNT_OF(names)) n = PARE_COUNT_OF(names);
    for (size_t i = 0; i < n; i++) names[i] = all[i].name;
    PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, node, names, n, &found));
    *out = names[found];
    return PARE_OK;
}

static pare_status read_choice(reader *r, const pare_yaml_node *node)
{
    static const char *const keys[] = { "when", "preset", "why" };
    pare_recipe *const recipe = r->recipe;
    pare_recipe_choice choice = { .line = node->line };
    size_t n = 0, when = 0;
    PARE_TRY(pare_yaml_check_keys(r->ctx, r->yaml, node, keys, 3));
    while (pare_recipe_when_names[n]) n++;
    const pare_yaml_node *const preset = pare_yaml_get(node, "preset");
    const pare_yaml_node *const on = pare_yaml_get(node, "when"), *why = pare_yaml_get(node, "why");
    if (!preset) return pare_yaml_fail(r->ctx, r->yaml, node, "expected the key 'preset'");
    PARE_TRY(read_preset(r, preset, &choice.preset));
    if (on)
        PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, on, pare_recipe_when_names, n, &when));
    choice.when = (int)when;
    if (why) {
        const char *text = NULL;
        PARE_TRY(pare_yaml_text(r->ctx, r->yaml, why, &text));
        PARE_TRY(keep(r, &choice.why, text));
    }
    if (!pare_arena_grow(&recipe->arena, &recipe->choices, &recipe->choices_cap,
                         recipe->n_choices + 1, sizeof(recipe->choices[0])))
        return pare_arena_fail(r->ctx, &recipe->arena);
    recipe->choices[recipe->n_choices++] = choice;
    return PARE_OK;
}

static pare_status read_choices(reader *r, const pare_yaml_node *node)
{
    if (node->kind != PARE_YAML_LIST || !node->n_items)
        return pare_yaml_fail(r->ctx, r->yaml, node, "choose: expected a list of presets");
    for (size_t i = 0; i < node->n_items; i++) PARE_TRY(read_choice(r, &node->items[i]));
    return PARE_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status read_version(reader *r, const pare_yaml_node *node)
{
    int64_t version = 0;
    return pare_yaml_int(r->ctx, r->yaml, node, 1, 1, &version);
}

static pare_status read_formats(reader *r, const pare_yaml_node *node)
{
    static const char *const known[] = { "html", "md", "json", "csv", "junit" };
    size_t found = 0;
    if (node->kind != PARE_YAML_LIST)
        return pare_yaml_fail(r->ctx, r->yaml, node, "formats: expected a list");
    pare_recipe *const recipe = r->recipe;
    for (size_t i = 0; i < node->n_items; i++) {
        PARE_TRY(pare_yaml_choice(r->ctx, r->yaml, &node->items[i], known, PARE_COUNT_OF(known),
                                  &found));
        if (recipe->n_report_formats == PARE_COUNT_OF(recipe->report_formats))
            return pare_yaml_fail(r->ctx, r->yaml, node, "formats: one stands twice");
        recipe->report_formats[recipe->n_report_formats++] = known[found];
    }
    return PARE_OK;
}

static pare_status read_report_dir(reader *r, const pare_yaml_node *node)
{
    pare_recipe_data where = { 0 };
    PARE_TRY(read_from(r, node, &where));
    r->recipe->report_dir = where.from;
    return PARE_OK;
}

static pare_status read_report(reader *r, const pare_yaml_node *node)
{
    static const key_row rows[] = { { "dir", read_report_dir }, { "formats", read_formats } };
    return read_map(r, node, rows, PARE_COUNT_OF(rows));
}

static const key_row top[] = {
    { "pare", read_version },   { "target", read_plain },  { "dims", read_plain },
    { "data", read_data },      { "limits", read_limits }, { "minimize", read_plain },
    { "choose", read_choices }, { "steps", read_steps },   { "try", read_ways },
    { "use", read_plain },      { "report", read_report },
};

static pare_status read_all(reader *r)
{
    const pare_yaml_node *const root = pare_yaml_root(r->yaml);
    const pare_recipe *const recipe = r->recipe;
    PARE_TRY(read_map(r, root, top, PARE_COUNT_OF(top)));
    if (!pare_yaml_get(root, "pare"))
        return pare_yaml_fail(r->ctx, r->yaml, root, "expected the key 'pare: 1', the version of "
                                                     "the format");
    if (!recipe->steps.n && !recipe->n_ways && !recipe->n_choices)
        return pare_yaml_fail(r->ctx, r->yaml, root, "expected the key 'steps'");
    if (recipe->n_choices && (recipe->steps.n || recipe->n_ways))
        return pare_yaml_fail(r->ctx, r->yaml, root, "choose: stands instead of steps, not beside "
                                                     "them");
    return PARE_OK;
}

static pare_status read_open(reader *r, const char *name)
{
    pare_status st = keep(r, &r->recipe->name, name);
    if (!st) st = read_all(r);
    pare_yaml_free(r->ctx, r->yaml);
    return st;
}

pare_status pare_recipe_read(pare_ctx *ctx, pare_recipe *out, const char *path)
{
    const char *const slash = strrchr(path, '/');
    reader r = { .ctx = ctx, .recipe = out, .dir = path,
                 .n_dir = slash ? (size_t)(slash - path) + 1 : 0 };
    pare_recipe_init(ctx, out);
    PARE_TRY(pare_yaml_read(ctx, &r.yaml, path));
    return read_open(&r, slash ? slash + 1 : path);
}

pare_status pare_recipe_of_preset(pare_ctx *ctx, pare_recipe *out, const pare_preset *preset)
{
    reader r = { .ctx = ctx, .recipe = out, .dir = "" };
    pare_recipe_init(ctx, out);
    PARE_TRY(pare_yaml_parse(ctx, &r.yaml, preset->name, preset->text, strlen(preset->text)));
    return read_open(&r, preset->name);
}
