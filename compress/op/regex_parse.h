/* Regular expressions as trees. Inside of regex*.c only. */
#ifndef PARE_OP_REGEX_PARSE_H
#define PARE_OP_REGEX_PARSE_H

#include "op/regex.h"

typedef enum regex_kind {
    REGEX_EMPTY,
    REGEX_SET,                /* one character */
    REGEX_PLACE,              /* no character, but a condition on those around */
    REGEX_ALL,                /* parts one after the other */
    REGEX_ANY,                /* one of the parts */
    REGEX_REPEAT,
} regex_kind;

typedef enum regex_place {
    REGEX_TEXT_START,
    REGEX_TEXT_END,
    REGEX_LINE_START,
    REGEX_LINE_END,
    REGEX_WORD_EDGE,
    REGEX_NO_WORD_EDGE,
} regex_place;

typedef struct regex_range {
    uint32_t low, high;
} regex_range;

/* A set of characters. */
typedef struct regex_set {
    uint32_t first, n;        /* of the ranges */
    bool negated;
    bool any_case;            /* also letters whose other case is in it */
} regex_set;

#define REGEX_NO_LIMIT UINT32_MAX

typedef struct regex_node {
    regex_kind kind;
    regex_set set;
    regex_place place;
    uint32_t min, max;        /* REPEAT; max REGEX_NO_LIMIT: any number */
    uint32_t last;            /* ALL, ANY: last part; REPEAT: what is repeated; 0: none */
    uint32_t before;          /* the part in front of this one; 0: none */
} regex_node;

typedef struct regex_tree {
    regex_node *nodes;        /* [n_nodes]; 0 is no node */
    size_t n_nodes, nodes_cap;
    regex_range *ranges;
    size_t n_ranges, ranges_cap;
    const char *why;          /* what is wrong with the expression */
} regex_tree;

/* EFORMAT, EUNSUPPORTED with tree->why; ENOMEM. The caller frees what is in the tree in any case.
 * */
pare_status pare_regex_parse(pare_ctx *ctx, regex_tree *tree, pare_bytes pattern, uint32_t *root);

static inline bool pare_regex_is_word(uint32_t c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
