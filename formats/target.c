#include "formats/target_parse.h"

#include "base/bytes.h"
#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LIKE = 8 };

/* What pare_target_free finds again behind the target that was handed out. */
typedef struct target_owner {
    pare_target target; /* first */
    pare_arena arena;
} target_owner;

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

/* --- pieces ----------------------------------------------------------------------------------- */

pare_status pare_target_new_array(target_job *job, void *out, size_t n, size_t item_bytes)
{
    void *const items = pare_arena_array(job->arena, n, item_bytes);
    if (!items) return pare_arena_fail(job->ctx, job->arena);
    memcpy(out, &items, sizeof(items));
    return PARE_OK;
}

static pare_status keep_text(target_job *job, const pare_yaml_node *node, const char **out)
{
    const char *text = NULL;
    PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &text));
    *out = pare_arena_str(job->arena, text);
    return *out ? PARE_OK : pare_arena_fail(job->ctx, job->arena);
}

pare_status pare_target_get_text(target_job *job, const pare_yaml_node *map, const char *key,
                                 const char **out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? keep_text(job, node, out) : PARE_OK;
}

pare_status pare_target_read_words(target_job *job, const pare_yaml_node *node,
                                   const char *const **out, size_t *n)
{
    const char **words = NULL;
    const bool is_list = node->kind == PARE_YAML_LIST;
    const size_t n_words = is_list ? node->n_items : 1;
    PARE_TRY(pare_target_new_array(job, &words, n_words, sizeof(*words)));
    for (size_t i = 0; i < n_words; i++)
        PARE_TRY(keep_text(job, is_list ? &node->items[i] : node, &words[i]));
    *out = words;
    *n = n_words;
    return PARE_OK;
}

pare_status pare_target_get_words(target_job *job, const pare_yaml_node *map, const char *key,
                                  const char *const **out, size_t *n)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? pare_target_read_words(job, node, out, n) : PARE_OK;
}

pare_status pare_target_get_bool(target_job *job, const pare_yaml_node *map, const char *key,
                                 bool *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? pare_yaml_bool(job->ctx, job->yaml, node, out) : PARE_OK;
}

pare_status pare_target_get_int(target_job *job, const pare_yaml_node *map, const char *key,
                                int64_t min, int64_t max, int64_t *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? pare_yaml_int(job->ctx, job->yaml, node, min, max, out) : PARE_OK;
}

/* --- sources ---------------------------------------------------------------------------------- */

static const pare_source *find_source(const target_job *job, const char *key)
{
    for (size_t i = 0; i < job->n_sources; i++)
        if (pare_str_eq(job->sources[i].key, key)) return &job->sources[i];
    return NULL;
}

static pare_status add_source(target_job *job, const pare_yaml_node *node)
{
    static const char *const keys[] = { "text", "url", "bibtex" };
    pare_source source = { 0 };
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    if (!pare_yaml_get(node, "text"))
        return FAIL(job, node, "source '%s': expected a 'text' saying what it is", node->key);
    source.key = pare_arena_str(job->arena, node->key);
    if (!source.key) return pare_arena_fail(job->ctx, job->arena);
    PARE_TRY(pare_target_get_text(job, node, "text", &source.text));
    PARE_TRY(pare_target_get_text(job, node, "url", &source.url));
    PARE_TRY(pare_target_get_text(job, node, "bibtex", &source.bibtex));
    if (!pare_arena_grow(job->arena, &job->sources, &job->cap_sources, job->n_sources + 1,
                         sizeof(source))) return pare_arena_fail(job->ctx, job->arena);
    job->sources[job->n_sources++] = source;
    return PARE_OK;
}

pare_status pare_target_read_sources(target_job *job, const pare_yaml_node *node)
{
    if (node->kind != PARE_YAML_MAP)
        return FAIL(job, node, "'sources': expected a map from keys to sources");
    for (size_t i = 0; i < node->n_items; i++) {
        const pare_yaml_node *item = &node->items[i];
        if (find_source(job, item->key))
            return FAIL(job, item, "source '%s' is known already", item->key);
        PARE_TRY(add_source(job, item));
    }
    return PARE_OK;
}

pare_status pare_target_use_source(target_job *job, const pare_yaml_node *node, const char *key,
                                   const char **out)
{
    const pare_source *found = find_source(job, key);
    const pare_yaml_node *shared = job->shared ? pare_yaml_root(job->shared) : NULL;
    if (!found && shared && pare_yaml_get(shared, key)) {
        const pare_yaml *yaml = job->yaml;
        job->yaml = job->shared;
        const pare_status st = add_source(job, pare_yaml_get(shared, key));
        job->yaml = yaml;
        if (st) return st;
        found = find_source(job, key);
    }
    if (found) {
        *out = found->key;
        return PARE_OK;
    }
    pare_nearest nearest = { .word = key };
    for (size_t i = 0; i < job->n_sources; i++) pare_nearest_try(&nearest, job->sources[i].key);
    for (size_t i = 0; shared && i < shared->n_items; i++)
        pare_nearest_try(&nearest, shared->items[i].key);
    if (nearest.name)
        return FAIL(job, node, "'%s' is no source; did you mean '%s'?", key, nearest.name);
    return FAIL(job, node, "'%s' is no source: describe it under 'sources'", key);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool is_path(const char *word)
{
    static const char *const ends[] = { ".yaml", ".yml", ".json" };
    const size_t n = strlen(word);
    for (size_t i = 0; i < TARGET_COUNT(ends); i++) {
        const size_t n_end = strlen(ends[i]);
        if (n > n_end && pare_str_eq(word + n - n_end, ends[i])) return true;
    }
    return strchr(word, '/') != NULL;
}

static pare_status read_yaml(target_job *job, const pare_yaml *yaml, size_t depth);

static pare_status fail_name(pare_ctx *ctx, pare_status status, const char *name)
{
    size_t n = 0;
    const pare_target_file *files = pare_target_files(&n);
    pare_nearest nearest = { .word = name };
    for (size_t i = 0; i < n; i++) pare_nearest_try(&nearest, files[i].name);
    if (nearest.name)
        return pare_fail(ctx, status, "there is no target '%s'; did you mean '%s'?", name,
                         nearest.name);
    return pare_fail(ctx, status,
                     "there is no target '%s'; 'pare targets' lists them, and a file of one's own "
                     "ends in .yaml", name);
}

/* Path of a file that stands beside another one. */
static pare_status path_beside(pare_ctx *ctx, char **out, const char *beside, const char *name)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(beside, '/');
    const size_t n_dir = slash ? (size_t)(slash - beside) + 1 : 0;
    const size_t n_bytes = n_dir + strlen(name) + 1;
    *out = pare_alloc(ctx, n_bytes);
    if (!*out) return pare_fail_memory(ctx, n_bytes);
    memcpy(*out, beside, n_dir);
    memcpy(*out + n_dir, name, n_bytes - n_dir);
    return PARE_OK;
}

/* Fills the target from the one that this file says it is like. */
static pare_status read_like(target_job *job, const pare_yaml_node *node, size_t depth)
{
    const pare_yaml *own = job->yaml;
    const pare_target_file *file = NULL;
    pare_yaml *yaml = NULL;
    char *path = NULL;
    pare_status st = PARE_OK;
    PARE_TRY(keep_text(job, node, &job->target->like));
    const char *name = job->target->like;
    if (depth == MAX_LIKE)
        return FAIL(job, node, "'like': targets refer to each other in a circle");
    if (is_path(name)) {
        st = path_beside(job->ctx, &path, pare_yaml_name(own), name);
        if (!st) st = pare_yaml_read(job->ctx, &yaml, path);
    } else {
        file = pare_target_file_of(name);
        if (file) st = pare_yaml_parse(job->ctx, &yaml, file->name, file->text, file->n_bytes);
        else st = pare_fail_in(job->ctx, fail_name(job->ctx, PARE_EFORMAT, name), "%s:%u: ",
                               pare_yaml_name(own), node->line);
    }
    if (!st) {
        job->yaml = yaml;
        st = read_yaml(job, yaml, depth + 1);
        job->yaml = own;
        job->target->like = name;
    }
    pare_yaml_free(job->ctx, yaml);
    pare_free(job->ctx, path);
    return st;
}

static pare_status read_memory(target_job *job, const pare_yaml_node *node)
{
    static const char *const keys[] = { "flash", "ram" };
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    PARE_TRY(pare_target_get_figure(job, node, "flash", TARGET_BYTES, &job->target->flash_bytes));
    return pare_target_get_figure(job, node, "ram", TARGET_BYTES, &job->target->ram_bytes);
}

static pare_status read_head(target_job *job, const pare_yaml_node *root)
{
    pare_target *t = job->target;
    int64_t format = 0;
    if (!pare_yaml_get(root, "pare"))
        return FAIL(job, root, "expected 'pare: 1', the version of the format, in a target");
    PARE_TRY(pare_target_get_int(job, root, "pare", 1, 1, &format));
    if (!pare_yaml_get(root, "target"))
        return FAIL(job, root, "expected 'target: NAME'");
    PARE_TRY(pare_target_get_text(job, root, "target", &t->name));
    t->version = 1;
    PARE_TRY(pare_target_get_int(job, root, "version", 1, INT32_MAX, &t->version));
    PARE_TRY(pare_target_get_text(job, root, "title", &t->title));
    PARE_TRY(pare_target_get_text(job, root, "about", &t->about));
    PARE_TRY(pare_target_get_int(job, root, "batch", 1, 1 << 20, &t->batch));
    return pare_target_get_amount(job, root, "fit-error", TARGET_SHARE, &t->fit_error);
}

static pare_status read_yaml(target_job *job, const pare_yaml *yaml, size_t depth)
{
    static const char *const keys[] = { "pare", "target", "version", "title", "about", "like",
                                        "batch", "fit-error", "rules", "hardware", "memory",
                                        "sources" };
    const pare_yaml_node *root = pare_yaml_root(yaml);
    job->yaml = yaml;
    PARE_TRY(pare_yaml_check_keys(job->ctx, yaml, root, keys, TARGET_COUNT(keys)));
    const pare_yaml_node *like = pare_yaml_get(root, "like");
    if (like) PARE_TRY(read_like(job, like, depth));
    PARE_TRY(read_head(job, root));
    const pare_yaml_node *sources = pare_yaml_get(root, "sources");
    const pare_yaml_node *rules = pare_yaml_get(root, "rules");
    const pare_yaml_node *hardware = pare_yaml_get(root, "hardware");
    const pare_yaml_node *memory = pare_yaml_get(root, "memory");
    if (sources) PARE_TRY(pare_target_read_sources(job, sources));
    if (rules) PARE_TRY(pare_target_read_rules(job, rules));
    if (hardware) PARE_TRY(pare_target_read_hardware(job, hardware));
    if (memory) PARE_TRY(read_memory(job, memory));
    if (!job->target->title) job->target->title = job->target->name;
    return PARE_OK;
}

static pare_status read_target(pare_ctx *ctx, pare_target **out, const pare_yaml *yaml)
{
    target_owner *owner = pare_alloc_zero(ctx, sizeof(*owner));
    pare_yaml *shared = NULL;
    if (!owner) return pare_fail_memory(ctx, sizeof(*owner));
    pare_arena_init(ctx, &owner->arena, 0);
    owner->target.batch = 1;
    owner->target.fit_error = NAN;
    owner->target.rules.round_channels = 1;
    owner->target.hardware.pue = 1;
    for (size_t i = 0; i < PARE_N_ARITHMETIC; i++) owner->target.hardware.fallback[i] = (uint8_t)i;
    target_job job = { .ctx = ctx, .arena = &owner->arena, .target = &owner->target };
    const pare_target_file *file = pare_target_file_of("sources");
    pare_status st = PARE_OK;
    if (file) st = pare_yaml_parse(ctx, &shared, "sources", file->text, file->n_bytes);
    job.shared = shared;
    if (!st) st = read_yaml(&job, yaml, 0);
    owner->target.sources = job.sources;
    owner->target.n_sources = job.n_sources;
    pare_yaml_free(ctx, shared);
    if (st) pare_target_free(ctx, &owner->target);
    else *out = &owner->target;
    return st;
}

pare_status pare_target_parse(pare_ctx *ctx, pare_target **out, const char *name, const char *text,
                              size_t n_bytes)
{
    pare_yaml *yaml = NULL;
    *out = NULL;
    PARE_TRY(pare_yaml_parse(ctx, &yaml, name, text, n_bytes));
    const pare_status st = read_target(ctx, out, yaml);
    pare_yaml_free(ctx, yaml);
    return st;
}

pare_status pare_target_read(pare_ctx *ctx, pare_target **out, const char *path)
{
    pare_yaml *yaml = NULL;
    *out = NULL;
    PARE_TRY(pare_yaml_read(ctx, &yaml, path));
    const pare_status st = read_target(ctx, out, yaml);
    pare_yaml_free(ctx, yaml);
    return st;
}

pare_status pare_target_find(pare_ctx *ctx, pare_target **out, const char *name_or_path)
{
    *out = NULL;
    if (is_path(name_or_path)) return pare_target_read(ctx, out, name_or_path);
    const pare_target_file *file = pare_target_file_of(name_or_path);
    if (!file || pare_str_eq(name_or_path, "sources"))
        return fail_name(ctx, PARE_EUSAGE, name_or_path);
    return pare_target_parse(ctx, out, file->name, file->text, file->n_bytes);
}

void pare_target_free(pare_ctx *ctx, pare_target *target)
{
    if (!target) return;
    target_owner *owner = (target_owner *)target;
    pare_arena_free(&owner->arena);
    pare_free(ctx, owner);
}
