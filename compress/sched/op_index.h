/* Which operator names stand in which sets of a rule table, by number. Inside of sched only. */
#ifndef PARE_SCHED_OP_INDEX_H
#define PARE_SCHED_OP_INDEX_H

#include "sched/fusion.h"

typedef struct pare_op_index {
    pare_op_name *names;      /* [n_names] sorted, distinct */
    size_t n_names, names_cap;
    uint64_t *sets;           /* [n_names][n_words]: bit s of a row: the name is in set s */
    size_t n_words;
} pare_op_index;

/* Numbers the names of n_sets sets, which are borrowed. ENOMEM; *out may then still have to be
 * freed. */
pare_status pare_op_index_make(pare_ctx *ctx, pare_op_index *out, const pare_op_names *sets,
                               size_t n_sets);
void pare_op_index_free(pare_ctx *ctx, pare_op_index *index);

/* The number of a node's operator, or PARE_NONE. */
uint32_t pare_op_index_find(const pare_op_index *index, const pare_node *node);

/* Whether operator `op` (a number, or PARE_NONE) is in set s. */
static inline bool pare_op_index_has(const pare_op_index *index, uint32_t op, size_t s)
{
    return op != PARE_NONE && (index->sets[op * index->n_words + s / 64] >> (s % 64) & 1);
}

#endif
