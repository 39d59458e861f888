/* Fusion groups: which nodes run as one piece of work, so that what stands between them never
 * reaches memory.
 *
 * What fuses is a table of plain data: pare's own (pare_fusion_own), or that of a deployment
 * runtime. There are two kinds of rules:
 *
 *   CHAIN    an anchor, then followers that take the places in the rule's list, in that order, each
 *            place empty or filled once:  Conv, [BatchNormalization], [Add], [Relu | Clip]
 *   CLUSTER  a connected piece of the graph, all of it of the rule's operators and of one shape,
 *            with one output:  Div, Erf, Add, Mul, Mul of a GELU
 *
 * Every group is sound: what is produced inside of it and is not its output is used inside of it
 * only (nested graphs, outputs of the graph and kept values count as uses outside), so that no path
 * leaves a group and comes back. Groups, as they are listed, are in a valid order. */
#ifndef PARE_SCHED_FUSION_H
#define PARE_SCHED_FUSION_H

#include "op/info.h"

/* --- rules ------------------------------------------------------------------------------------ */

typedef struct pare_op_name {
    const char *domain;       /* normalised: "" or e.g. "com.microsoft" */
    const char *name;
} pare_op_name;

typedef struct pare_op_names {
    const pare_op_name *items; /* in any order */
    size_t n;
} pare_op_names;

/* Element-by-element operators of one input, and of two and more, on reals; what these have all in
 * common is that an element of the output depends on the same element of the inputs alone. */
extern const pare_op_names pare_ops_unary, pare_ops_binary;

/* What the other inputs of a node may be, beside the one that is fused (omitted ones do not
 * count). */
enum {
    PARE_OPERAND_SCALAR = 1,   /* a constant of one element                                    */
    PARE_OPERAND_CHANNEL = 2,  /* a constant along axis 1 of the fused value: [C, 1, 1], or [C] of
                                  rank 2                                                       */
    PARE_OPERAND_LAST = 4,     /* a constant along the last axis of the fused value: [N], [1, N]  */
    PARE_OPERAND_CONSTANT = 8, /* any constant: parameters, bounds. The operator's output must have
                                  the shape of the fused value whatever they are               */
    PARE_OPERAND_SAME = 16,    /* a tensor of the shape of the fused value: a residual         */
    PARE_OPERAND_DEQUANTIZED = 64, /* what DequantizeLinear makes of constants, as CONSTANT     */
    PARE_OPERAND_ANY = 32,     /* anything that leaves the output the shape of the fused value    */
};

/* Sets of element types: PARE_DTYPE_BIT(PARE_FLOAT) | ... */
#define PARE_DTYPE_BIT(dtype) (UINT32_C(1) << (dtype))

/* An integer attribute that must be absent or have this value. */
typedef struct pare_fusion_attr {
    const char *name;
    int64_t value;
} pare_fusion_attr;

/* Operators, and the conditions on their nodes. What is not known does not meet a condition. */
typedef struct pare_fusion_part {
    pare_op_names ops;
    uint32_t operands;        /* PARE_OPERAND_..., any of; 0: there must be no other input. Of an
                                 anchor it does not count; of members of a CLUSTER only with first,
                                 on the inputs from 1 on */
    bool first;               /* the fused value must be input 0 */
    uint32_t in_dtypes, out_dtypes; /* of all inputs, of the output; 0: any */
    uint32_t rank;            /* of the output; 0: any */
    int64_t since;            /* opset version of the domain from which this holds; 0: any */
    const pare_fusion_attr *attrs; /* [n_attrs] all of them must hold */
    size_t n_attrs;
    pare_op_names via;        /* not empty: the fused value v is used twice, by f of this set and by
                                 the node itself as (v, f(v)), either side: Mul (v, Sigmoid (v)) */
} pare_fusion_part;

typedef enum pare_fusion_kind {
    PARE_FUSE_CHAIN,
    PARE_FUSE_CLUSTER,
} pare_fusion_kind;

enum { PARE_MAX_GROUP_NODES = 32, PARE_MAX_GROUP_INPUTS = 32 };

typedef struct pare_fusion_rule {
    const char *name;
    pare_fusion_kind kind;
    const pare_fusion_part *anchors; /* CHAIN: the first node is one of these; CLUSTER: all are */
    size_t n_anchors;
    const pare_fusion_part *parts;   /* CHAIN: the places behind the anchor */
    size_t n_parts;
    pare_op_names before;     /* CHAIN: producers of the anchor's inputs that are taken in where the
                                 anchor alone uses them: DequantizeLinear */
    uint32_t max_nodes;       /* 0: PARE_MAX_GROUP_NODES, which is also the most */
    uint32_t max_inputs;      /* tensors from outside, constants of one element not counted; 0:
                                 PARE_MAX_GROUP_INPUTS, which is also the most */
} pare_fusion_rule;

/* The first rule that takes a node has it. */
typedef struct pare_fusion_rules {
    const pare_fusion_rule *items;
    size_t n;
} pare_fusion_rules;

/* What pare's own executor fuses, by the names of the rules: "conv", "gemm", "matmul",
 * "batch_norm" (chains) and "elementwise" (cluster), all in float or float16. The places of the
 * chains are PARE_PLACE_... DequantizeLinear stands in no group: chains that compute in integers
 * take what it reads, all others what it gives, which is computed once (run/codes.c). */
extern const pare_fusion_rules pare_fusion_own;

/* No rule at all: every node is a group of its own. */
extern const pare_fusion_rules pare_fusion_none;

/* Places in the chains of pare_fusion_own, as pare_group.places counts them. */
enum {
    PARE_PLACE_ANCHOR = 0,
    PARE_PLACE_BIAS,          /* Add of a constant along the last axis (matmul), of one number per
                                 channel (conv) */
    PARE_PLACE_BATCH_NORM,    /* constants, inference form (not behind a matmul of rank 3 and up) */
    PARE_PLACE_RESIDUAL,      /* Add of a tensor of the same shape */
    PARE_PLACE_ACTIVATION,    /* Relu, or Clip with constant bounds */
    PARE_PLACE_QUANTIZE,      /* QuantizeLinear to 8 bits with one scale and zero point */
    PARE_PLACE_BEFORE = 255,  /* one of rule->before */
};

/* --- groups ----------------------------------------------------------------------------------- */

typedef struct pare_group {
    const pare_fusion_rule *rule; /* borrowed from the rules given; NULL: no rule has such nodes. A
                                     group of one has the rule that its node could have begun */
    pare_node_id anchor;      /* the only node; CHAIN: the anchor; CLUSTER: the last node */
    const pare_node_id *nodes; /* [n_nodes] in execution order */
    const uint8_t *places;    /* [n_nodes] CHAIN: 0 the anchor, i + 1 rule->parts[i] (`via` nodes
                                 have the place of what they are with); else all 0 */
    const pare_value_id *inputs; /* [n_inputs] from outside, distinct, in the order in which nodes
                                    name them; constants and what nested graphs capture included */
    const pare_value_id *outputs; /* [n_outputs] of several nodes: one, the last node's; else those
                                     of the node that are not omitted */
    uint32_t n_nodes, n_inputs, n_outputs;
} pare_group;

typedef struct pare_groups {
    const pare_graph *graph;
    pare_group *items;        /* [n] in a topological order: that of their last nodes in
                                 pare_graph_order */
    uint32_t n;
    uint32_t *of_node;        /* by node handle: index of its group; PARE_NONE: no node of graph */
    size_t n_of_node;
    void *memory[2];          /* what the lists of the groups lie in */
} pare_groups;

/* Puts every node of the graph (not of graphs nested in it) into exactly one group.
 *   shapes  what inference found; NULL: types are known where the file declares them, and
 *           conditions on what is not known are not met
 *   rules   NULL: pare_fusion_own
 *   kept    [n_kept] values that must be there after the run: no group hides them
 * The result is valid until the graph changes; the caller frees *out with pare_groups_free.
 * EFORMAT when the graph has a cycle, ENOMEM. O(nodes log nodes + uses). */
pare_status pare_fusion_find(pare_ctx *ctx, pare_groups **out, const pare_graph *graph,
                             const pare_shapes *shapes, const pare_fusion_rules *rules,
                             const pare_value_id *kept, size_t n_kept);

void pare_groups_free(pare_ctx *ctx, pare_groups *groups); /* accepts NULL */

#endif
