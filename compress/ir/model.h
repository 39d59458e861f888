/* The model in memory: graphs of nodes and values over shared tensors.
 *
 * Structs are open for reading; changes go through the functions of ir/graph.h, which keep names,
 * uses and marks in step. Values and nodes are dense handles into the model's tables, valid for the
 * model's life, never reused, and the same in a clone. A value belongs to the graph that defines it
 * and may be used in graphs inside of that one (a captured value); such a use is an edge of the
 * inner node and an implicit input of every node that owns a graph in between.
 *
 * Lifetimes: structs, names and attributes live in the model's arena and die with it. Tensor
 * payloads are reference-counted. `source` pointers lead to the messages that objects were read
 * from; they live in `origin`, which every clone shares. */
#ifndef PARE_IR_MODEL_H
#define PARE_IR_MODEL_H

#include "base/map.h"
#include "ir/attr.h"

typedef uint32_t pare_value_id;
typedef uint32_t pare_node_id;
#define PARE_NONE UINT32_MAX /* no value (an omitted input or output), no node */

typedef struct pare_model pare_model;
typedef struct pare_graph pare_graph;

/* One place where a value is used: input `slot` of node `user`, or, when user is PARE_NONE, output
 * `slot` of graph `graph`. Linked in the order in which the uses came about. */
typedef struct pare_use {
    pare_value_id value;      /* PARE_NONE: an omitted input */
    pare_node_id user;
    uint32_t slot;
    pare_graph *graph;        /* where the use stands */
    struct pare_use *prev, *next;
} pare_use;

typedef struct pare_value {
    const char *name;         /* unique within its graph; not empty */
    pare_graph *graph;        /* that defines it; NULL: removed */
    pare_node_id producer;    /* PARE_NONE: an input of the graph or an initializer */
    uint32_t producer_slot;
    pare_tensor *tensor;      /* initializer: one reference; else NULL */
    pare_sparse_tensor *sparse; /* sparse initializer; else NULL */
    const void *tensor_source;  /* message the initializer was read from; NULL: made here */
    bool tensor_dirty;          /* the payload differs from tensor_source */
    const pare_type *type;    /* as declared by input, output or value_info; NULL: not declared */
    pare_use *first_use, *last_use;
    uint32_t n_uses;
    bool is_input;            /* an input of its graph */
} pare_value;

/* A (key, value) of metadata_props. */
typedef struct pare_prop {
    const char *key, *value;  /* NULL: absent in the file */
    const void *source;
} pare_prop;

typedef struct pare_props {
    pare_prop *items;
    size_t n, cap;
} pare_props;

typedef struct pare_node {
    const char *op_type;      /* NULL: absent */
    const char *domain;       /* NULL: absent; see pare_node_domain */
    const char *overload;     /* NULL: absent */
    const char *name;         /* NULL: absent; need not be unique in files */
    const char *doc;          /* NULL: absent */
    pare_graph *graph;        /* NULL: removed */
    pare_node_id prev, next;  /* in the graph's order; PARE_NONE at the ends */
    uint32_t n_inputs, n_outputs, n_attrs, attrs_cap;
    pare_use *inputs;         /* [n_inputs] */
    pare_value_id *outputs;   /* [n_outputs]; PARE_NONE: omitted */
    const pare_attr **attrs;  /* [n_attrs] in file order */
    pare_props props;
    const void *source;       /* message this was read from; NULL: made here */
    bool dirty;               /* it, or something inside of its graphs, differs from source */
} pare_node;

/* One entry of a graph's input, output or value_info list. */
typedef struct pare_decl {
    const char *name;         /* where value is PARE_NONE; else the value's own name counts */
    pare_value_id value;      /* PARE_NONE: value_info for a name that the graph does not have */
    const pare_type *type;    /* NULL: absent */
    pare_use *use;            /* outputs only */
    const void *source;
    bool dirty;
} pare_decl;

/* Entries whose value was removed (pare_decl_is_dead) are to be skipped. */
typedef struct pare_decls {
    pare_decl *items;
    size_t n, cap;
} pare_decls;

/* A value named by something else than a node: by handle, or by text when the graph has none of
 * that name (PARE_NONE). */
typedef struct pare_value_ref {
    const char *name;
    pare_value_id value;
} pare_value_ref;

/* quantization_annotation: which values hold scale and zero point of another, by agreed keys. */
typedef struct pare_annotation {
    pare_value_ref tensor;
    size_t n_params;
    const char *const *keys;      /* [n_params], e.g. "SCALE_TENSOR"; NULL: absent */
    const pare_value_ref *params; /* [n_params]; name NULL: absent */
    const void *source;
} pare_annotation;

typedef struct pare_value_list {
    pare_value_id *items;
    size_t n, cap;
} pare_value_list;

struct pare_graph {
    pare_model *model;
    pare_graph *parent;       /* graph whose values can be captured; NULL: main graph or function */
    pare_node_id owner;       /* node whose attribute this is; PARE_NONE: main graph or function */
    struct pare_function *function; /* whose body this is; NULL: any other graph */
    uint32_t scope;           /* number of this graph in the model's name map and graph table */
    uint32_t depth;           /* 0: main graph or function body */
    const char *name, *doc;   /* NULL: absent */
    pare_node_id first_node, last_node;
    uint32_t n_nodes;
    pare_decls inputs, outputs, value_infos;
    pare_value_list initializers;        /* in file order; skip those whose value has no tensor */
    pare_value_list sparse_initializers; /* likewise, no sparse */
    pare_annotation *annotations;
    size_t n_annotations, annotations_cap;
    pare_props props;
    const void *source;
};

typedef struct pare_opset {
    const char *domain;       /* NULL: absent, which is "" */
    int64_t version;
    const void *source;
} pare_opset;

typedef struct pare_opsets {
    pare_opset *items;
    size_t n, cap;
} pare_opsets;

/* A model-local function, identified by (domain, name, overload). The body is a graph without types
 * whose inputs and outputs are names. */
typedef struct pare_function {
    const char *name, *domain, *overload, *doc;
    uint32_t index;           /* in the model's list */
    pare_graph *body;
    pare_opsets opsets;
    const char *const *attr_names;    /* attributes without default */
    size_t n_attr_names;
    const pare_attr **attr_defaults;  /* attributes with default */
    size_t n_attr_defaults;
    pare_props props;
    const void *source;
} pare_function;

struct pare_model {
    pare_arena arena;
    pare_buf *origin;         /* keeps every `source` and the mapped file alive; NULL: made here */
    const void *source;
    int64_t ir_version;
    const char *producer_name, *producer_version, *domain, *doc; /* NULL: absent */
    int64_t model_version;
    pare_opsets opsets;
    pare_props props;
    pare_graph *graph;        /* the main graph */
    pare_function **functions;
    size_t n_functions, functions_cap;
    pare_graph **graphs;      /* every graph by scope, for walking; [0] is the main graph */
    size_t n_graphs, graphs_cap;

    pare_value *values;       /* by handle */
    size_t n_values, values_cap;
    pare_node *nodes;         /* by handle */
    size_t n_nodes, nodes_cap;
    pare_map names;           /* (scope, name) to handle; the scopes are ir/names.h's */
    uint32_t n_function_texts; /* numbers that ir/function.c has given out */
    bool names_indexed;       /* the names of all graphs are in there too, to derive new ones */
};

/* New model with an empty main graph named graph_name (NULL: none), no opsets, ir_version 0. Its
 * arena gets the context's memory budget. ENOMEM, EBUDGET. */
pare_status pare_model_new(pare_ctx *ctx, pare_model **out, const char *graph_name);

/* Frees model, arena and the references it holds. Accepts NULL. */
void pare_model_free(pare_ctx *ctx, pare_model *model);

/* Deep copy with its own arena and the same handles; tensor payloads and `origin` are shared. */
pare_status pare_model_clone(pare_ctx *ctx, pare_model **out, const pare_model *model);

static inline const pare_value *pare_value_at(const pare_model *model, pare_value_id id)
{
    return &model->values[id];
}

static inline const pare_node *pare_node_at(const pare_model *model, pare_node_id id)
{
    return &model->nodes[id];
}

/* Domain of an operator with the two spellings of the default one ("", "ai.onnx") made "". */
const char *pare_domain_normal(const char *domain);
const char *pare_node_domain(const pare_node *node);

/* Version of a domain that opsets import, or 0 when it is not imported. */
int64_t pare_opset_version(const pare_opsets *opsets, const char *domain);

/* The main graph, or the body of the function, that a graph stands in. */
static inline const pare_graph *pare_graph_root(const pare_graph *graph)
{
    while (graph->parent) graph = graph->parent;
    return graph;
}

/* The opsets that hold inside a graph: the function's in a function body, else the model's. */
const pare_opsets *pare_graph_opsets(const pare_graph *graph);

/* The function that a node of this domain, operator and overload (NULL: absent) calls, or NULL. */
pare_function *pare_model_function(const pare_model *model, const char *domain, const char *name,
                                   const char *overload);

static inline bool pare_decl_is_dead(const pare_model *model, const pare_decl *decl)
{
    return decl->value != PARE_NONE && !model->values[decl->value].graph;
}

/* The attribute with this name, or NULL. */
const pare_attr *pare_node_attr(const pare_node *node, const char *name);

/* The value that a name means inside a graph: its own first, then that of the graphs around it;
 * PARE_NONE when there is none. */
pare_value_id pare_graph_find(const pare_graph *graph, const char *name);

/* The node of `graph` that stands for `node`: itself, or the one whose attribute holds it however
 * deep; PARE_NONE when node is not inside of graph. */
pare_node_id pare_graph_node_holding(const pare_graph *graph, pare_node_id node);

#endif
