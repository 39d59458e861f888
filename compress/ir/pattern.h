/* Patterns of nodes, as users write them: to leave some alone, or to treat them in another way. */
#ifndef PARE_IR_PATTERN_H
#define PARE_IR_PATTERN_H

#include "ir/model.h"

/* What the parts of a pattern are matched with. */
typedef struct pare_pattern_node {
    const char *name;         /* of the node; NULL: absent, then the name of its first output */
    const char *op;           /* "Conv", "com.microsoft.Gelu" */
    bool is_first, is_last;   /* of the layers that the step works on, in the order of the graph */
} pare_pattern_node;

/* Whether a pattern matches a node. Forms:
 *
 *     block1.*         the name; * stands for any text, ? for any one byte
 *     op:Softmax       the operator, likewise with * and ?
 *     layer:first      the first of the layers, layer:last the last
 */
bool pare_pattern_matches(const char *pattern, const pare_pattern_node *node);

/* EUSAGE, in words, for a text that can match nothing: empty, or "layer:frist". */
pare_status pare_pattern_check(pare_ctx *ctx, const char *pattern);

/* What patterns match a node by; is_first and is_last are the caller's. buffer [n] holds the
 * operator's name with its domain, cut. */
pare_pattern_node pare_pattern_node_of(const pare_model *model, pare_node_id node, char *buffer,
                                       size_t n);

#endif
