/* Parameters of operators that own graphs, and how their infers run those. */
#ifndef PARE_OP_NESTED_H
#define PARE_OP_NESTED_H

#include "op/eval.h"
#include "op/infer.h"
#include "op/list.h"

typedef struct pare_if_params {
    const pare_graph *then_branch, *else_branch;
} pare_if_params;

/* Loop, SequenceMap. */
typedef struct pare_body_params {
    const pare_graph *body;
} pare_body_params;

/* Lists that are absent stand for all 0. Version 8 has only input directions, and a batch axis in
 * front of everything. */
typedef struct pare_scan_params {
    const pare_graph *body;
    bool batched;             /* version 8; input 0 is then the sequences' lengths */
    uint32_t n_states, n_scan_inputs, n_scan_outputs;
    pare_ints input_axes, output_axes;
    pare_ints input_directions, output_directions; /* 1: from the end */
} pare_scan_params;

/* Reads an attribute that is one graph. EFORMAT when it is absent or something else. */
pare_status pare_get_graph(pare_ctx *ctx, const pare_call *call, const char *name,
                           const pare_graph **out);

/* EFORMAT unless the graph takes n_in inputs (more, where those have a constant) and gives at least
 * n_out outputs. */
pare_status pare_need_body(pare_ctx *ctx, const pare_call *call, const char *what,
                           const pare_graph *graph, uint32_t n_in, uint32_t n_out);

/* Infers a body that runs again and again: inputs [n_in], of which those from `first` on, n_carried
 * of them, come back as outputs from `first_out` on. They are widened in place until they hold for
 * every run; *outputs is then what any run gives. */
pare_status pare_infer_repeated(pare_ctx *ctx, pare_infer_io *io, const pare_graph *body,
                                pare_info *inputs, uint32_t n_in, uint32_t first,
                                uint32_t n_carried, uint32_t first_out,
                                const pare_info **outputs);

/* --- evaluation ------------------------------------------------------------------------------- */

struct pare_pile;

/* Makes output i of what each run of a body gave, put together along a new axis. Where it never ran
 * the output is empty, and of the type and shape that the body declares for its output `from`
 * (unknown dims count as 0); EUNSUPPORTED when it declares no type. */
pare_status pare_stack_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                           const struct pare_pile *runs, const pare_graph *body, uint32_t from,
                           int64_t axis, bool reversed);

pare_eval_fn pare_loop_eval, pare_scan_eval;

#endif
