/* The operator table. One const struct per operator, one row in op_list.h; everything that pare
 * knows about an operator hangs on it.
 *
 * `resolve` turns a node of any opset into the operator's parameter struct, which hides what
 * versions changed (attributes that became inputs stay inputs: their values are seen by infer).
 * Everything else works on that struct. A facet is never NULL: it is set, PARE_NA (nothing to do)
 * or PARE_TODO. */
#ifndef PARE_OP_OP_H
#define PARE_OP_OP_H

#include "op/info.h"

/* What an attribute name of a function stands for in one call of it. */
typedef struct pare_attr_binding {
    const char *name;
    const pare_attr *attr;
} pare_attr_binding;

/* One call of an operator, as its facets see it. */
typedef struct pare_call {
    const pare_node *node;
    const struct pare_op *op;
    int64_t version;          /* opset version of the operator's domain that holds here */
    const pare_attr_binding *bindings; /* [n_bindings], inside a function body; else NULL */
    size_t n_bindings;
} pare_call;

/* Parameter structs are of bounded size: lists in them are borrowed from attributes. */
enum { PARE_MAX_PARAMS_BYTES = 1024 };

/* Fills params, zeroed memory of op->params_bytes. EFORMAT with a message (node, attribute,
 * expected, found) for attributes that no version allows. */
typedef pare_status pare_resolve_fn(pare_ctx *ctx, void *params, const pare_call *call);

/* What an infer works on. Inputs that are omitted are NULL; all others are at least "unknown".
 * Outputs start unknown, omitted ones may be written to all the same. */
typedef struct pare_infer_io {
    const pare_call *call;
    const void *params;
    pare_shapes *shapes;      /* arena and expressions for what is put into outputs */
    struct pare_inferer *inferer; /* for pare_infer_subgraph */
    uint32_t n_in, n_out;     /* as the node has them */
    const pare_info *const *in;
    pare_info *out;
} pare_infer_io;

/* Sets types, shapes and small contents of the outputs as far as they follow from the inputs.
 * EFORMAT, with a message, when inputs contradict the operator; outputs then stay unknown and the
 * caller decides what that means. */
typedef pare_status pare_infer_fn(pare_ctx *ctx, pare_infer_io *io);

/* See op/eval.h. */
struct pare_eval_io;
typedef pare_status pare_eval_fn(pare_ctx *ctx, struct pare_eval_io *io);

/* See op/cost.h. */
struct pare_cost;
struct pare_cost_io;
typedef pare_status pare_cost_fn(pare_ctx *ctx, struct pare_cost *cost, struct pare_cost_io *io);

/* See op/links.h. */
struct pare_links;
typedef pare_status pare_links_fn(pare_ctx *ctx, struct pare_links *links);

typedef struct pare_range {
    uint32_t min, max;        /* max PARE_MANY: no limit */
} pare_range;
#define PARE_MANY UINT32_MAX

typedef struct pare_op {
    const char *domain;       /* "" or e.g. "com.microsoft" */
    const char *name;
    uint16_t since;           /* first opset version that has it */
    uint16_t until;           /* first that no longer has it; 0: still there */
    pare_range n_in, n_out;
    size_t params_bytes;      /* of its parameter struct; all zero with resolve PARE_NA */
    pare_resolve_fn *resolve;
    pare_infer_fn *infer;
    pare_eval_fn *eval;
    pare_cost_fn *cost;
    pare_links_fn *links;
} pare_op;

/* Sentinels for facets: nothing to do, mathematically; or opaque so far, counted by `pare ops`. */
void pare_facet_na(void);
void pare_facet_todo(void);
#define PARE_NA(facet) ((pare_##facet##_fn *)pare_facet_na)
#define PARE_TODO(facet) ((pare_##facet##_fn *)pare_facet_todo)

/* Facets by name, for `pare ops` and the tests over the table. */
#define PARE_FACETS(X) X(resolve) X(infer) X(eval) X(cost) X(links)

/* The newest opset of the default domain that the table speaks for. */
enum { PARE_NEWEST_OPSET = 27 };

/* The operator with this (normalised) domain and name, or NULL. */
const pare_op *pare_op_find(const char *domain, const char *name);

/* All operators, sorted by domain, then name. */
const pare_op *const *pare_op_all(size_t *n);

/* Whether a node draws numbers, and so need not give the same twice; Dropout counts though it may
 * only pass its input on. */
bool pare_node_is_random(const pare_node *node);

/* Opens a call for a node: finds its operator and version. EUNSUPPORTED, with a message naming
 * operator and version, when the table has no such operator or the version is outside of its range;
 * EFORMAT when the numbers of inputs or outputs are. */
pare_status pare_call_init(pare_ctx *ctx, pare_call *call, const pare_model *model,
                           pare_node_id node);

/* Runs op->resolve into params [PARE_MAX_PARAMS_BYTES], zeroing first what the operator uses. */
pare_status pare_call_resolve(pare_ctx *ctx, const pare_call *call, void *params);

#endif
