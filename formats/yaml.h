/* YAML as a tree that remembers lines, and reading it key by key: what is unknown, missing or of
 * the wrong kind is said with file, line, and the nearest name.
 *
 * The one place that sees libyaml. No tags, anchors, aliases, second document, nor a key twice in
 * one map; at most 64 levels, 1 M values and 64 MiB, so that a hostile file ends in a message. */
#ifndef FORMATS_YAML_H
#define FORMATS_YAML_H

#include "base/ctx.h"

#include <stdbool.h>

typedef enum pare_yaml_kind {
    PARE_YAML_SCALAR,
    PARE_YAML_LIST,
    PARE_YAML_MAP,
} pare_yaml_kind;

typedef struct pare_yaml_node {
    pare_yaml_kind kind;
    uint32_t line;                      /* from 1; of a member of a map that of its key */
    const char *key;                    /* of a member of a map; else NULL */
    const char *text;                   /* of a scalar; "" for an empty one */
    bool quoted;                        /* then it is text, whatever it looks like */
    const struct pare_yaml_node *items; /* [n_items] of a list or map */
    size_t n_items;
    const struct pare_yaml_node *parent;
} pare_yaml_node;

typedef struct pare_yaml pare_yaml;

/* Reads a file, or text that messages call `name`. JSON is read, too, being YAML. EFORMAT as
 * "NAME:LINE: what is wrong", EIO, ENOMEM. The caller frees *out with pare_yaml_free; nodes live as
 * long. */
pare_status pare_yaml_read(pare_ctx *ctx, pare_yaml **out, const char *path);
pare_status pare_yaml_parse(pare_ctx *ctx, pare_yaml **out, const char *name, const char *text,
                            size_t n_bytes);
void pare_yaml_free(pare_ctx *ctx, pare_yaml *yaml); /* accepts NULL */

const pare_yaml_node *pare_yaml_root(const pare_yaml *yaml);
const char *pare_yaml_name(const pare_yaml *yaml);

/* EFORMAT: "NAME:LINE: " and the message. */
pare_status pare_yaml_fail(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Member of a map, or NULL. */
const pare_yaml_node *pare_yaml_get(const pare_yaml_node *map, const char *key);

/* EFORMAT, naming the nearest allowed key, when a map has a key that is not in keys [n]; and when
 * node is no map. */
pare_status pare_yaml_check_keys(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                                 const char *const *keys, size_t n);

/* Scalars as what is wanted; EFORMAT saying what was expected and found. Text may be quoted and
 * then empty; numbers and truth values may not be quoted. Numbers are decimal and finite; truth is
 * true, yes, on or false, no, off. */
pare_status pare_yaml_text(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           const char **out);
pare_status pare_yaml_int(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                          int64_t min, int64_t max, int64_t *out);
pare_status pare_yaml_real(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           double *out);
pare_status pare_yaml_bool(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                           bool *out);

/* Which of the words [n] a scalar is; EFORMAT, naming the nearest. */
pare_status pare_yaml_choice(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node,
                             const char *const *words, size_t n, size_t *out);

#endif
