/* What the parts of pare_fusion_find share. Inside of sched only. */
#ifndef PARE_SCHED_FUSER_H
#define PARE_SCHED_FUSER_H

#include "sched/facts.h"
#include "sched/op_index.h"

/* Nodes are meant by their position in `order`; a group by the position of its last node. */
typedef struct pare_fuser {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_graph *graph;
    pare_facts facts;
    const pare_fusion_rules *rules;
    pare_op_index index;
    uint32_t *rule_sets;      /* [rules->n] number of the first set of a rule in the index */
    pare_node_id *order;      /* [n] */
    uint32_t n;
    uint32_t *position;       /* by node handle; only those of the graph's nodes are set */
    uint32_t *op;             /* [n] numbers in the index */
    uint32_t *group;          /* [n] of the groups of several nodes; PARE_NONE: in none so far */
    uint32_t *rule;           /* [n] of the group that ends here, or that the node could begin */
    uint32_t *anchor;         /* [n] of the group that ends here */
    uint8_t *place;           /* [n] */
    uint8_t *kept;            /* by value handle; NULL: none are */
} pare_fuser;

/* A group that is being gathered. */
typedef struct pare_draft {
    uint32_t nodes[PARE_MAX_GROUP_NODES];
    uint8_t places[PARE_MAX_GROUP_NODES];
    uint32_t n;
} pare_draft;

/* Numbers of a rule's sets in the index. */
uint32_t pare_fuser_anchor_set(const pare_fuser *f, uint32_t rule, size_t anchor);
uint32_t pare_fuser_part_set(const pare_fuser *f, uint32_t rule, size_t part);
uint32_t pare_fuser_via_set(const pare_fuser *f, uint32_t rule, size_t part);
uint32_t pare_fuser_before_set(const pare_fuser *f, uint32_t rule);

static inline const pare_node *pare_fuser_node(const pare_fuser *f, uint32_t position)
{
    return pare_node_at(f->model, f->order[position]);
}

/* The output of a node that has exactly one, which is no output of the graph and not kept;
 * PARE_NONE otherwise. */
pare_value_id pare_fuser_inner(const pare_fuser *f, uint32_t position);

/* The only output of a node, or PARE_NONE. */
pare_value_id pare_fuser_output(const pare_fuser *f, uint32_t position);

/* The rule's bound on nodes; whether the values from outside that a draft reads, constants of one
 * element not counted, are within its other bound. */
uint32_t pare_fuser_max_nodes(const pare_fuser *f, uint32_t rule);
bool pare_fuser_inputs_fit(const pare_fuser *f, uint32_t rule, const pare_draft *draft);

/* The conditions of a part (fusion_part.c): those on the node alone, and those on the inputs other
 * than `slot`, which is the value that is fused. */
bool pare_part_allows(const pare_fuser *f, const pare_fusion_part *part, uint32_t position);
bool pare_part_allows_operands(const pare_fuser *f, const pare_fusion_part *part,
                               uint32_t position, uint32_t slot);

/* Slot of the only input that is this value; PARE_NONE when it is none or several. */
uint32_t pare_fuser_slot(const pare_node *node, pare_value_id value);

/* Makes the draft a group of that rule. */
void pare_fuser_take(pare_fuser *f, const pare_draft *draft, uint32_t rule, uint32_t anchor);

/* Finds the groups of one rule, the last ones first. */
void pare_fuser_run_chain(pare_fuser *f, uint32_t rule);   /* fusion_chain.c */
void pare_fuser_run_cluster(pare_fuser *f, uint32_t rule); /* fusion_cluster.c */

/* Lists the groups found (groups.c). */
pare_status pare_groups_make(pare_ctx *ctx, pare_groups **out, const pare_fuser *f);

#endif
