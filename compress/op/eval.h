/* Evaluation: what every operator means, exactly. Constant folding, conformance and `pare run` use
 * it, and every faster way of computing is checked against it.
 *
 * Values are dense tensors in ONNX's layout (sub-byte types packed), or sequences and optionals of
 * them. The evaluator first runs the operator's infer on the actual inputs (all dims known,
 * contents of up to 64 elements followed), so an eval finds its checks done and its output types
 * and shapes in io->info wherever they do not depend on more data than that. */
#ifndef PARE_OP_EVAL_H
#define PARE_OP_EVAL_H

#include "ir/datum.h"
#include "op/attrs.h"

struct pare_evaluator;

/* What an eval works on. */
typedef struct pare_eval_io {
    const pare_call *call;
    const void *params;
    struct pare_evaluator *evaluator; /* for nested graphs */
    pare_shapes *shapes;      /* that `info` and `in_info` point into; forgotten after the call */
    uint32_t n_in, n_out;
    const pare_datum *const *in; /* [n_in]; NULL: omitted */
    const pare_info *in_info; /* [n_in] */
    const pare_info *info;    /* [n_out] as inferred */
    pare_datum *out; /* [n_out]; starts NONE; what it holds belongs to the evaluator after */
} pare_eval_io;

/* An eval (pare_eval_fn) computes the outputs. EFORMAT for run-time values that the operator does
 * not allow (an index out of range), with a message by pare_call_fail; EUNSUPPORTED, naming the
 * type, for what is not implemented; ENOMEM. Outputs set before a failure are dropped by the
 * evaluator. */

/* --- for evals -------------------------------------------------------------------------------- */

/* Input i as a tensor, or NULL when it is omitted or no tensor. */
static inline const pare_tensor *pare_eval_tensor(const pare_eval_io *io, uint32_t i)
{
    return i < io->n_in && io->in[i] && io->in[i]->kind == PARE_TYPE_TENSOR ? io->in[i]->tensor
                                                                            : NULL;
}

/* Elements of a dense tensor. */
static inline const void *pare_eval_data(const pare_tensor *tensor)
{
    return tensor->payload.data;
}

/* Elements of a tensor with these dims. EFORMAT, naming the node, when there are too many to count.
 */
pare_status pare_eval_count(pare_ctx *ctx, const pare_eval_io *io, int64_t *n, uint32_t rank,
                            const int64_t *dims);

/* Whether output i is wanted: the node names it. Output data that nobody wants need not be made. */
bool pare_eval_wants(const pare_eval_io *io, uint32_t i);

/* Makes output i a zeroed dense tensor of the inferred type and shape; *data are its bytes.
 * EUNSUPPORTED when the shape was not inferred (then use pare_eval_out_as). */
pare_status pare_eval_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, void **data);

/* The same with type and shape given. */
pare_status pare_eval_out_as(pare_ctx *ctx, pare_eval_io *io, uint32_t i, pare_dtype dtype,
                             uint32_t rank, const int64_t *dims, void **data);

/* The inferred dims of output i [PARE_MAX_DIMS]. EUNSUPPORTED when they or its type are not known.
 * */
pare_status pare_eval_out_dims(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t *dims);

/* Makes output i a tensor of strings, still empty, to be filled in with pointers to bytes that
 * `owner` keeps alive (one reference is taken). With owner NULL pare_eval_own_strings must follow.
 * */
pare_status pare_eval_out_strings(pare_ctx *ctx, pare_eval_io *io, uint32_t i, uint32_t rank,
                                  const int64_t *dims, pare_bytes **strings, pare_buf *owner);

/* Copies the bytes of output i's strings, which was made without an owner. ENOMEM. */
pare_status pare_eval_own_strings(pare_ctx *ctx, pare_eval_io *io, uint32_t i);

/* Makes output i the elements of a tensor under another shape with as many elements (and dtype of
 * the same width), sharing the bytes. */
pare_status pare_eval_out_view(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                               const pare_tensor *tensor, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims);

/* Makes output i another reference to a datum. */
pare_status pare_eval_out_copy(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_datum *from);

/* EUNSUPPORTED: the operator is not implemented for this element type. */
pare_status pare_eval_no_type(pare_ctx *ctx, const pare_eval_io *io, pare_dtype dtype);

/* Runs a graph of an attribute with these inputs (NULL: omitted); outputs [graph->outputs.n] become
 * the caller's to drop. */
pare_status pare_eval_subgraph(pare_ctx *ctx, pare_eval_io *io, const pare_graph *graph,
                               const pare_datum *const *in, uint32_t n, pare_datum *outputs);

/* A stream of random numbers for this node: from its seed attribute where it has one, else from the
 * evaluator's seed and the node's place, so that runs repeat. */
uint64_t pare_eval_seed(const pare_eval_io *io, bool has_seed, uint64_t seed);

/* --- running models --------------------------------------------------------------------------- */

typedef struct pare_eval_opts {
    uint64_t seed; /* of operators that draw random numbers without a seed of their own */
    uint64_t max_iterations;  /* of all loops together; 0: PARE_EVAL_MAX_ITERATIONS */
    /* Called with every value that was computed, before it may be dropped; NULL: nobody listens. */
    pare_status (*observe)(void *user, pare_ctx *ctx, pare_value_id value, const pare_datum *datum);
    void *user;
} pare_eval_opts;

#define PARE_EVAL_MAX_ITERATIONS UINT64_C(1000000)

typedef struct pare_eval_input {
    const char *name;
    pare_datum datum;         /* borrowed */
} pare_eval_input;

/* Runs the main graph. Inputs are given by name; those with an initializer may be left out. *out
 * holds model->graph->outputs.n datums, which the caller drops and frees with pare_free. opts may
 * be NULL. Memory comes from ctx: give it a pare_budget's allocator to bound it. EFORMAT for an
 * input that is missing, unknown, or of a type or shape that the model does not declare; EFORMAT,
 * EUNSUPPORTED, ENOMEM from operators, the message naming the node. */
pare_status pare_eval_model(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                            const pare_eval_input *inputs, size_t n_inputs,
                            const pare_eval_opts *opts);

/* Evaluates one node whose inputs are these datums ([n_inputs], NULL: omitted or not known), giving
 * its outputs ([n_outputs], to be dropped by the caller). For constant folding. Captured values of
 * nested graphs must not be needed. */
pare_status pare_eval_node(pare_ctx *ctx, const pare_model *model, pare_node_id node,
                           const pare_datum *const *in, pare_datum *out);

#endif
