/* Making and changing graphs. Every change to a model goes through here: these functions keep
 * names, uses and dirty marks in step. Names and data given are copied into the model's arena.
 *
 * All fail with ENOMEM or EBUDGET when memory is short, leaving the model usable and consistent
 * (freeing it is always safe); further failures are named at each function. */
#ifndef PARE_IR_GRAPH_H
#define PARE_IR_GRAPH_H

#include "ir/model.h"

/* Makes room for that many more values and nodes at once. Optional. */
pare_status pare_model_reserve(pare_ctx *ctx, pare_model *model, size_t n_values, size_t n_nodes);

/* --- graphs and functions --------------------------------------------------------------------- */

/* New graph inside of parent, to be handed to an attribute of a node of parent (pare_attr_graph);
 * until then it owns values and nodes but nobody runs it. parent NULL: a function body. */
pare_status pare_graph_new(pare_ctx *ctx, pare_graph **out, pare_model *model, pare_graph *parent,
                           const char *name);

/* New function with an empty body, at the end of the model's list. EFORMAT when (domain, name,
 * overload) is there already. */
pare_status pare_function_new(pare_ctx *ctx, pare_function **out, pare_model *model,
                              const char *domain, const char *name, const char *overload);

/* Removes a function that nothing calls: its body is emptied, the functions behind it move up.
 * ENOMEM leaves the model as it was. */
pare_status pare_function_remove(pare_ctx *ctx, pare_model *model, pare_function *function);

/* Adds an import; EFORMAT when the domain (normalised) is imported in another version already. The
 * same version may come twice: some exporters write it so. */
pare_status pare_opsets_add(pare_ctx *ctx, pare_model *model, pare_opsets *opsets,
                            const char *domain, int64_t version, const void *source);

/* Changes the version in which a domain (normalised) is imported, wherever it is. Nodes stay as
 * they are: whoever calls this has seen to their meaning. */
void pare_opsets_change(pare_opsets *opsets, const char *domain, int64_t version);

/* Sets a key of metadata_props, adding it at the end when it is not there. */
pare_status pare_props_set(pare_ctx *ctx, pare_model *model, pare_props *props, const char *key,
                           const char *value);

/* Adds an entry at the end as a file has it: the key may be there already, or absent. */
pare_status pare_props_add(pare_ctx *ctx, pare_model *model, pare_props *props, pare_prop prop);

/* --- values ----------------------------------------------------------------------------------- */

/* New value that nothing produces yet. EFORMAT when name is empty or taken in this graph. */
pare_status pare_value_new(pare_ctx *ctx, pare_value_id *out, pare_graph *graph, const char *name);

/* New value whose name starts with hint ("x") and is unique in the whole model ("x", "x_1",
 * ...). */
pare_status pare_value_derive(pare_ctx *ctx, pare_value_id *out, pare_graph *graph,
                              const char *hint);

/* Changes the name of a value everywhere it stands: uses in nested graphs, declarations and
 * annotations follow, since they are handles. EFORMAT when new_name is taken anywhere in the model
 * (shadowing would change what nested graphs mean). */
pare_status pare_value_rename(pare_ctx *ctx, pare_model *model, pare_value_id value,
                              const char *new_name);

/* Makes the value an initializer, or replaces its payload; takes a reference to the tensor, or to
 * the two tensors in sparse (which is in the arena). EFORMAT when a node produces it. */
pare_status pare_value_set_tensor(pare_ctx *ctx, pare_model *model, pare_value_id value,
                                  pare_tensor *tensor);
pare_status pare_value_set_sparse(pare_ctx *ctx, pare_model *model, pare_value_id value,
                                  pare_sparse_tensor *sparse);

/* Removes a value without uses and producer: its name, declaration in value_info and payload go.
 * Inputs of the main graph cannot be removed (EUSAGE). */
pare_status pare_value_remove(pare_ctx *ctx, pare_model *model, pare_value_id value);

/* Makes every use of `from` (graph outputs included) a use of `to`, where `to` is visible at each
 * of them: EFORMAT, and nothing changed, when it is not. */
pare_status pare_value_replace_uses(pare_ctx *ctx, pare_model *model, pare_value_id from,
                                    pare_value_id to);

/* Takes a value from the node that produces it, whose output is then omitted; uses, name and
 * declarations stay. It is to get another producer or a payload before the next check. */
void pare_value_detach(pare_model *model, pare_value_id value);

/* Whether uses inside of graph may refer to the value: it is defined there or in a graph around
 * it. */
bool pare_value_visible(const pare_model *model, pare_value_id value, const pare_graph *graph);

/* --- declarations ----------------------------------------------------------------------------- */

/* Appends to the graph's inputs, outputs or value_info; the value's type becomes `type` where it
 * has none yet. type may be NULL; source is the message it came from, or NULL. EFORMAT when an
 * input is declared twice or a node produces it. */
pare_status pare_graph_add_input(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                 const pare_type *type, const void *source);

/* Takes inputs that have an initializer from the inputs of a graph: constants from then on, as
 * files of IR version 3, where every initializer is an input, mean them. */
void pare_graph_drop_default_inputs(pare_graph *graph);

/* The same for one of them. */
void pare_graph_drop_default_input(pare_graph *graph, pare_value_id value);

pare_status pare_graph_add_output(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                  const pare_type *type, const void *source);
/* value PARE_NONE: kept for `name`, which the graph does not define. */
pare_status pare_graph_add_value_info(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                      const char *name, const pare_type *type, const void *source);

/* Appends to quantization_annotation; everything that it points to is in the arena already. */
pare_status pare_graph_add_annotation(pare_ctx *ctx, pare_graph *graph,
                                      const pare_annotation *annotation);

/* Changes the declared type of a value in every list it stands in. */
void pare_value_set_type(pare_model *model, pare_value_id value, const pare_type *type);

/* --- nodes ------------------------------------------------------------------------------------ */

/* What a new node starts as. */
typedef struct pare_node_spec {
    const char *op_type, *domain, *overload, *name, *doc; /* NULL: absent */
    uint32_t n_inputs, n_outputs;  /* all start as PARE_NONE */
    pare_node_id before;           /* node of the graph it goes in front of; PARE_NONE: the end */
    const void *source;
} pare_node_spec;

/* New node. Its inputs and outputs are set with the functions below. */
pare_status pare_node_new(pare_ctx *ctx, pare_node_id *out, pare_graph *graph,
                          const pare_node_spec *spec);

/* Points an input at a value (PARE_NONE: omitted), marking the node dirty when that changes it.
 * EFORMAT when the value is not visible in the node's graph. Cannot run out of memory. */
pare_status pare_node_set_input(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t slot,
                                pare_value_id value);

/* Makes a node the producer of a value of its own graph. EFORMAT when the value has a producer, is
 * an input of the graph or an initializer. */
pare_status pare_node_set_output(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t slot,
                                 pare_value_id value);

/* Grows or shrinks the input list; new slots are PARE_NONE, dropped ones give up their uses. */
pare_status pare_node_resize_inputs(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                    uint32_t n);

/* Sets an attribute, replacing one of the same name, else at the end. attr is in the model's arena
 * and belongs to the node from here on, also on failure: its tensors are let go, its graphs
 * emptied, when it goes. Its graphs must have been made inside of the node's graph. */
pare_status pare_node_set_attr(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const pare_attr *attr);

/* The same, for a node that has no attribute of that name yet, which the caller knows: no
 * search. */
pare_status pare_node_add_attr(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const pare_attr *attr);
void pare_node_remove_attr(pare_model *model, pare_node_id node, const char *name);

/* Gives a node a name that starts with hint and is unique among all nodes of the model. */
pare_status pare_node_derive_name(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                  const char *hint);

/* Changes texts of a node; NULL makes one absent. */
pare_status pare_node_set_name(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const char *name);
pare_status pare_node_set_doc(pare_ctx *ctx, pare_model *model, pare_node_id node, const char *doc);
pare_status pare_node_set_op(pare_ctx *ctx, pare_model *model, pare_node_id node,
                             const char *op_type, const char *domain);

/* Removes a node: gives up its inputs, and its outputs become values without producer, which must
 * have no uses (EUSAGE otherwise) and are removed with it. Graphs in its attributes are emptied. */
pare_status pare_node_remove(pare_ctx *ctx, pare_model *model, pare_node_id node);

/* Moves a node in front of another of the same graph (PARE_NONE: to the end). */
void pare_node_move(pare_model *model, pare_node_id node, pare_node_id before);

/* Marks a node, and every node whose attribute it stands in, as different from its source; nothing
 * for PARE_NONE. */
void pare_node_touch(pare_model *model, pare_node_id node);

/* Marks everything in the model as changed, so that a writer must rebuild it all from the IR. */
void pare_model_touch(pare_model *model);

/* Declares everything that has a source to be equal to it: the last step of a reader. */
void pare_model_clean(pare_model *model);

/* --- attributes ------------------------------------------------------------------------------- */

/* New attributes in the model's arena; NULL when memory is short. Data is copied; tensors are taken
 * a reference of; a graph becomes owned by the node that the attribute is set on. */
const pare_attr *pare_attr_float(pare_model *model, const char *name, float value);
const pare_attr *pare_attr_int(pare_model *model, const char *name, int64_t value);
const pare_attr *pare_attr_string(pare_model *model, const char *name, const char *text);
const pare_attr *pare_attr_floats(pare_model *model, const char *name, const float *v, uint32_t n);
const pare_attr *pare_attr_ints(pare_model *model, const char *name, const int64_t *v, uint32_t n);
const pare_attr *pare_attr_strings(pare_model *model, const char *name, const char *const *v,
                                   uint32_t n);
const pare_attr *pare_attr_tensor(pare_model *model, const char *name, pare_tensor *tensor);
const pare_attr *pare_attr_graph(pare_model *model, const char *name, pare_graph *graph);

#endif
