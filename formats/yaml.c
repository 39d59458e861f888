#include "formats/yaml.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "formats/onnx/mapping.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_FILE_BYTES = 64 << 20, MAX_NODES = 1000000, MAX_DEPTH = 64 };

struct pare_yaml {
    pare_arena arena;
    const char *name;
    pare_yaml_node root;
};

/* A list or map whose members are still being read. */
typedef struct yaml_open {
    pare_yaml_node node;
    size_t first;    /* place of its first member in job->made */
    const char *key; /* read, its value is due; NULL: a key is due */
    uint32_t key_line;
} yaml_open;

typedef struct yaml_job {
    pare_ctx *ctx;
    pare_yaml *yaml;
    yaml_parser_t parser;
    pare_yaml_node *made; /* members of what is open, the innermost last */
    size_t n_made, cap_made;
    yaml_open open[MAX_DEPTH];
    size_t depth;
    size_t n_nodes;
    bool has_root, is_done;
} yaml_job;

#define FAIL_AT(job, line, ...) \
    fail_at((job)->ctx, (job)->yaml->name, line, pare_fail((job)->ctx, PARE_EFORMAT, __VA_ARGS__))

static pare_status fail_at(pare_ctx *ctx, const char *name, uint32_t line, pare_status st)
{
    return pare_fail_in(ctx, st, "%s:%" PRIu32 ": ", name, line);
}

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.line + 1; /* a file has fewer than 2^26 */
}

/* What libyaml could not read. */
static pare_status fail_syntax(yaml_job *job)
{
    const yaml_parser_t *p = &job->parser;
    if (p->error == YAML_MEMORY_ERROR) return pare_fail_memory(job->ctx, SIZE_MAX);
    const bool has_mark = p->error == YAML_SCANNER_ERROR || p->error == YAML_PARSER_ERROR;
    const uint32_t line = (uint32_t)(has_mark ? p->problem_mark.line : p->mark.line) + 1;
    const char *problem = p->problem ? p->problem : "this is no YAML";
    if (has_mark && p->context)
        return FAIL_AT(job, line, "%s (%s that begins in line %zu)", problem, p->context,
                       p->context_mark.line + 1);
    return FAIL_AT(job, line, "%s", problem);
}

/* --- the tree --------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const pare_yaml_node *const *x = a, *const *y = b;
    const int order = strcmp((*x)->key, (*y)->key);
    return order ? order : *x < *y ? -1 : *x > *y;
}

static pare_status refuse_duplicates(yaml_job *job, const pare_yaml_node *items, size_t n)
{
    const pare_yaml_node **sorted = pare_alloc(job->ctx, n * sizeof(const pare_yaml_node *));
    pare_status st = PARE_OK;
    if (!sorted) return pare_fail_memory(job->ctx, n * sizeof(const pare_yaml_node *));
    for (size_t i = 0; i < n; i++) sorted[i] = &items[i];
    qsort(sorted, n, sizeof(const pare_yaml_node *), compare_keys);
    for (size_t i = 1; !st && i < n; i++)
        if (!strcmp(sorted[i - 1]->key, sorted[i]->key))
            st = FAIL_AT(job, sorted[i]->line,
                         "key '%s' stands twice in one map, first in line %" PRIu32, sorted[i]->key,
                         sorted[i - 1]->line);
    pare_free(job->ctx, sorted);
    return st;
}

/* Puts a finished node where it belongs: behind its siblings, or at the root. */
static pare_status place(yaml_job *job, pare_yaml_node node)
{
    if (!job->depth) {
        job->yaml->root = node;
        job->has_root = true;
        return PARE_OK;
    }
    yaml_open *parent = &job->open[job->depth - 1];
    if (parent->node.kind == PARE_YAML_MAP) {
        node.key = parent->key;
        node.line = parent->key_line;
        parent->key = NULL;
    }
    PARE_TRY(pare_grow(job->ctx, &job->made, &job->cap_made, job->n_made + 1, sizeof(node)));
    job->made[job->n_made++] = node;
    return PARE_OK;
}

static pare_status check_plain(yaml_job *job, uint32_t line, const void *anchor, const void *tag)
{
    if (anchor) return FAIL_AT(job, line, "anchors ('&%s') are not supported: write it again",
                               (const char *)anchor);
    if (tag) return FAIL_AT(job, line, "tags ('%s') are not supported", (const char *)tag);
    if (++job->n_nodes > MAX_NODES)
        return FAIL_AT(job, line, "expected at most %d values in one file", MAX_NODES);
    return PARE_OK;
}

/* A list or map where a key is due. */
static pare_status check_key_due(yaml_job *job, uint32_t line, const char *found)
{
    if (!job->depth) return PARE_OK;
    const yaml_open *parent = &job->open[job->depth - 1];
    if (parent->node.kind != PARE_YAML_MAP || parent->key) return PARE_OK;
    return FAIL_AT(job, line, "expected a key, found %s", found);
}

static pare_status open_node(yaml_job *job, const yaml_event_t *event, pare_yaml_kind kind,
                             const void *anchor, const void *tag)
{
    const uint32_t line = line_of(event);
    PARE_TRY(check_plain(job, line, anchor, tag));
    PARE_TRY(check_key_due(job, line, kind == PARE_YAML_MAP ? "a map" : "a list"));
    if (job->depth == MAX_DEPTH)
        return FAIL_AT(job, line, "expected lists and maps at most %d deep", MAX_DEPTH);
    job->open[job->depth++] = (yaml_open){ .node = { .kind = kind, .line = line },
                                           .first = job->n_made };
    return PARE_OK;
}

static pare_status close_node(yaml_job *job)
{
    const yaml_open done = job->open[--job->depth];
    pare_yaml_node node = done.node;
    pare_arena *arena = &job->yaml->arena;
    node.n_items = job->n_made - done.first;
    if (node.n_items) {
        const pare_yaml_node *items = &job->made[done.first];
        if (node.kind == PARE_YAML_MAP) PARE_TRY(refuse_duplicates(job, items, node.n_items));
        node.items = pare_arena_copy(arena, items, node.n_items * sizeof(*items));
        if (!node.items) return pare_arena_fail(job->ctx, arena);
    }
    job->n_made = done.first;
    return place(job, node);
}

static pare_status take_scalar(yaml_job *job, const yaml_event_t *event)
{
    const uint32_t line = line_of(event);
    const char *value = (const char *)event->data.scalar.value;
    const size_t n = event->data.scalar.length;
    PARE_TRY(check_plain(job, line, event->data.scalar.anchor, event->data.scalar.tag));
    if (strlen(value) != n) return FAIL_AT(job, line, "expected text without NUL characters");
    const char *text = pare_arena_strn(&job->yaml->arena, value, n);
    if (!text) return pare_arena_fail(job->ctx, &job->yaml->arena);
    yaml_open *parent = job->depth ? &job->open[job->depth - 1] : NULL;
    if (parent && parent->node.kind == PARE_YAML_MAP && !parent->key) {
        if (!n) return FAIL_AT(job, line, "expected a key, found nothing");
        parent->key = text;
        parent->key_line = line;
        return PARE_OK;
    }
    return place(job, (pare_yaml_node){
                          .kind = PARE_YAML_SCALAR,
                          .line = line,
                          .text = text,
                          .quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE,
                      });
}

static pare_status take_event(yaml_job *job, const yaml_event_t *event)
{
    switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
            if (!job->has_root) return PARE_OK;
            return FAIL_AT(job, line_of(event), "expected one document, found a second one");
        case YAML_ALIAS_EVENT:
            return FAIL_AT(job, line_of(event),
                           "aliases ('*%s') are not supported: write out what is meant",
                           (const char *)event->data.alias.anchor);
        case YAML_SCALAR_EVENT: return take_scalar(job, event);
        case YAML_SEQUENCE_START_EVENT:
            return open_node(job, event, PARE_YAML_LIST, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag);
        case YAML_MAPPING_START_EVENT:
            return open_node(job, event, PARE_YAML_MAP, event->data.mapping_start.anchor,
                             event->data.mapping_start.tag);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT: return close_node(job);
        case YAML_STREAM_END_EVENT: job->is_done = true; return PARE_OK;
        default: return PARE_OK;
    }
}

/* Members have moved while they were collected; parents are known only now. */
static void link_parents(const pare_yaml_node *node)
{
    for (size_t i = 0; i < node->n_items; i++) {
        pare_yaml_node *item = (pare_yaml_node *)&node->items[i];
        item->parent = node;
        link_parents(item); /* at most MAX_DEPTH deep */
    }
}

static pare_status read_events(yaml_job *job)
{
    pare_status st = PARE_OK;
    while (!st && !job->is_done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&job->parser, &event)) return fail_syntax(job);
        st = take_event(job, &event);
        yaml_event_delete(&event);
    }
    if (!st && !job->has_root)
        st = FAIL_AT(job, 1, "expected something to read, found an empty file");
    if (!st) link_parents(&job->yaml->root);
    return st;
}

/* libyaml cannot say where such characters stand, so they are looked for first. */
static pare_status check_text(yaml_job *job, const char *text, size_t n)
{
    uint32_t line = 1;
    if (n > MAX_FILE_BYTES)
        return FAIL_AT(job, 1, "expected at most %d MiB, found %zu bytes", MAX_FILE_BYTES >> 20, n);
    for (size_t i = 0; i < n;) {
        const size_t step = pare_utf8_sequence(text + i, text + n);
        if (!step) return FAIL_AT(job, line, "expected UTF-8, found the byte 0x%02x",
                                  (unsigned)(unsigned char)text[i]);
        const unsigned char c = (unsigned char)text[i];
        if (c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
            return FAIL_AT(job, line, "expected text, found the control character 0x%02x", c);
        if (c == '\n') line++;
        i += step;
    }
    return PARE_OK;
}

static pare_status parse_text(yaml_job *job, const char *text, size_t n_bytes)
{
    PARE_TRY(check_text(job, text, n_bytes));
    if (!yaml_parser_initialize(&job->parser)) return pare_fail_memory(job->ctx, SIZE_MAX);
    yaml_parser_set_encoding(&job->parser, YAML_UTF8_ENCODING);
    if (n_bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a mark of byte order */
        text += 3;
        n_bytes -= 3;
    }
    yaml_parser_set_input_string(&job->parser, (const unsigned char *)text, n_bytes);
    const pare_status st = read_events(job);
    yaml_parser_delete(&job->parser);
    return st;
}

pare_status pare_yaml_parse(pare_ctx *ctx, pare_yaml **out, const char *name, const char *text,
                            size_t n_bytes)
{
    *out = NULL;
    yaml_job *job = pare_alloc_zero(ctx, sizeof(*job));
    if (!job) return pare_fail_memory(ctx, sizeof(*job));
    pare_status st = PARE_OK;
    job->ctx = ctx;
    job->yaml = pare_alloc_zero(ctx, sizeof(*job->yaml));
    if (!job->yaml) st = pare_fail_memory(ctx, sizeof(*job->yaml));
    if (!st) {
        pare_arena_init(ctx, &job->yaml->arena, 0);
        job->yaml->name = pare_arena_str(&job->yaml->arena, name);
        if (!job->yaml->name) st = pare_arena_fail(ctx, &job->yaml->arena);
    }
    if (!st) st = parse_text(job, text, n_bytes);
    if (st) pare_yaml_free(ctx, job->yaml);
    else *out = job->yaml;
    pare_free(ctx, job->made);
    pare_free(ctx, job);
    return st;
}

pare_status pare_yaml_read(pare_ctx *ctx, pare_yaml **out, const char *path)
{
    pare_buf *bytes = NULL;
    *out = NULL;
    PARE_TRY(pare_mapping_read(ctx, &bytes, path, MAX_FILE_BYTES)); /* more is refused unseen */
    const pare_status st =
        pare_yaml_parse(ctx, out, path, (const char *)bytes->data, bytes->n_bytes);
    pare_buf_unref(bytes);
    return st;
}

void pare_yaml_free(pare_ctx *ctx, pare_yaml *yaml)
{
    if (!yaml) return;
    pare_arena_free(&yaml->arena);
    pare_free(ctx, yaml);
}

const pare_yaml_node *pare_yaml_root(const pare_yaml *yaml)
{
    return &yaml->root;
}

const char *pare_yaml_name(const pare_yaml *yaml)
{
    return yaml->name;
}
