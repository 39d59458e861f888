/* The state of making one plan, and what lowerings use. Inside of run only.
 *
 * Nodes are taken in order. A lowering asks for its inputs in the form that its kernel reads
 * (pare_plan_need, which adds copies where a value lies otherwise), makes its outputs
 * (pare_plan_out, pare_plan_alias) and adds steps. Places are settled at the end: until then, and
 * in the arguments of steps, a buffer is a number. */
#ifndef PARE_RUN_PLANNER_H
#define PARE_RUN_PLANNER_H

#include "op/evaluator.h"
#include "op/infer.h"
#include "run/plan.h"
#include "run/step.h"
#include "sched/fusion.h"

typedef enum pare_buffer_kind {
    PARE_BUFFER_ARENA,
    PARE_BUFFER_CONSTANT,     /* `address` */
    PARE_BUFFER_VARIABLE,     /* what initializer `index` holds then */
    PARE_BUFFER_INPUT,        /* the caller's datum for main-graph input `index` */
    PARE_BUFFER_OUTPUT,       /* the tensor that becomes main-graph output `index` */
    PARE_BUFFER_ISLAND,       /* what an eval gave for value `index` */
} pare_buffer_kind;

typedef struct pare_buffer {
    pare_buffer_kind kind;
    uint32_t index;
    uint32_t first, last;     /* steps that touch it; first > last: none */
    uint32_t n_values;        /* values that live in it now, while planning */
    bool is_lent;             /* INPUT: an eval reads it, and may keep views of it */
    uint64_t n_bytes;         /* ARENA */
    uint64_t offset;          /* ARENA, once settled */
    const void *address;      /* CONSTANT */
} pare_buffer;

/* Where main-graph output i comes from when it runs. */
typedef struct pare_plan_result {
    pare_value_id value;
    uint32_t buffer;          /* OUTPUT; PARE_NO_BUFFER: the datum that an island gave */
    pare_laid laid;           /* of OUTPUT: plain */
    pare_value_id updates;    /* an input whose memory it takes over; PARE_NONE: none's */
} pare_plan_result;

/* An input that a plan was made for. */
typedef struct pare_expected {
    const char *name;
    pare_dtype dtype;
    uint32_t rank;
    const int64_t *dims;      /* [rank] */
    const void *content;      /* n_bytes that it must hold; NULL: anything */
    size_t n_bytes;
} pare_expected;

/* A kept value, to be shown once the first `after` steps are done. */
typedef struct pare_watch {
    pare_value_id value;
    size_t after;
    bool is_variable;         /* what the initializer holds then */
    pare_tensor *constant;    /* what it always is; else NULL, and: */
    pare_laid laid;           /* where it lies; PARE_NO_BUFFER: a datum that an island gave */
} pare_watch;

/* What an island gave, to be let go of after a step. */
typedef struct pare_drop {
    uint32_t after;
    pare_value_id value;
} pare_drop;

struct pare_plan {
    atomic_uint_least32_t refs;
    const pare_model *model;
    const pare_kernels *kernels;
    pare_arena arena;         /* steps, arguments, buffers */
    pare_step *steps;
    size_t n_steps, steps_cap;
    pare_buffer *buffers;
    size_t n_buffers, buffers_cap;
    pare_plan_result *results; /* [model->graph->outputs.n] */
    pare_expected *inputs;    /* [n_inputs] */
    size_t n_inputs;
    pare_watch *watches;      /* by `after` */
    size_t n_watches, watches_cap;
    pare_drop *drops;         /* by `after` */
    size_t n_drops;
    pare_tensor **constants;  /* references that keep addresses alive */
    size_t n_constants, constants_cap;
    uint8_t *depends;         /* [model->n_values] see pare_plan_depends; NULL: on none */
    pare_packs *own_packs;
    pare_plan_cost cost;
};

/* Where a value is, while planning. */
typedef struct pare_planned {
    pare_laid *forms;         /* [n_forms]: [0] where it was made, then copies in other forms */
    uint32_t n_forms;
    bool in_evaluator;        /* an island gave it: its datum stands in the evaluator's table */
    uint32_t n_pending;       /* uses that are still to be lowered */
    pare_tensor *constant;    /* dense; borrowed from plan->constants */
    const pare_laid *reserved; /* of a Concat's output, parts of which were made in place */
} pare_planned;

typedef struct pare_planner {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_plan_opts *opts;
    pare_plan *plan;
    pare_shapes *shapes;
    pare_planned *values;     /* by value handle */
    pare_planned *wide;       /* the same of float16 values held as float */
    struct pare_codes *coded; /* by value handle, what is known of its codes; scale NULL: nothing */
    bool reads_codes;         /* for lowerings, values that have codes are these */
    bool is_restoring;        /* a DequantizeLinear that was put off is lowered now */
    bool widens;              /* for lowerings, float16 values are now floats */
    bool has_rounded;         /* the lowering has rounded what it gives to float16 */
    uint8_t *is_needed;       /* by node handle */
    uint8_t *is_kept;         /* by value handle */
    uint8_t *is_variable;     /* by value handle; NULL: none is */
    uint32_t *last_read;      /* by value handle: 1 + the last step whose eval reads it or gives it,
                                 or that it is shown after; 0: none */
    pare_packs *packs;        /* for payloads of the model */
    const struct pare_offsets *offsets; /* of convolutions so far: layers share them */
    pare_node_id node;        /* being lowered */
    const pare_group *group;  /* being lowered */
} pare_planner;

/* Inputs that a lowering looks at through infer. */
enum { PARE_LOWER_MAX_IN = 8 };

/* One node to be lowered, as the first of a group or alone. */
typedef struct pare_lowering {
    pare_node_id id;
    const pare_node *node;
    pare_call call;
    const void *params;
    const pare_group *group;  /* never NULL */
    uint32_t n_taken; /* nodes of the group that the lowering has done: set by it, 1 before */
} pare_lowering;

/* Lowers a node, with as many of its group behind it as it can, or leaves *done false, having
 * changed nothing, for an island to take it. */
typedef pare_status pare_lower_fn(pare_planner *p, pare_lowering *l, bool *done);

/* Opens node i of a group; params [PARE_MAX_PARAMS_BYTES] is aligned to 16. */
pare_status pare_lower_open(pare_planner *p, const pare_group *group, uint32_t i, void *params,
                            pare_lowering *out);

/* Output 0 of the last node that was taken. */
pare_value_id pare_lower_result(const pare_planner *p, const pare_lowering *l);

/* Value of input or output i of the node; PARE_NONE: omitted. */
static inline pare_value_id pare_lower_in(const pare_lowering *l, uint32_t i)
{
    return i < l->node->n_inputs ? l->node->inputs[i].value : PARE_NONE;
}

static inline pare_value_id pare_lower_out(const pare_lowering *l, uint32_t i)
{
    return i < l->node->n_outputs ? l->node->outputs[i] : PARE_NONE;
}

/* Where a value is: of float16 values, as float while that is how lowerings see them. */
pare_planned *pare_plan_of(const pare_planner *p, pare_value_id value);

/* float16 values live as float16, as floats that were rounded to it, or both. Computing goes on
 * floats, and what it gives is rounded, as eval has it.
 *
 * Whether a value is a float16 tensor; whether a node takes or gives one. */
bool pare_plan_is_half(const pare_planner *p, pare_value_id value);
bool pare_plan_is_half_node(const pare_planner *p, const pare_node *node);

/* Whether the operator's lowering computes on floats what its eval computes on halves. */
bool pare_plan_can_widen(const pare_planner *p, const pare_node *node);

/* Whether what a node computes is to be rounded to float16. A lowering that does so itself, in its
 * kernel and behind every node of a group, sets p->has_rounded; else memory is gone through again.
 */
bool pare_plan_rounds(const pare_planner *p, const pare_node *node);

/* x rounded to float16. */
float pare_plan_rounded(float x);

/* Make inputs of a node there as floats, round its outputs from step `first` on, make a value there
 * as float16. Of other values: nothing. */
pare_status pare_plan_widen_inputs(pare_planner *p, const pare_node *node);
pare_status pare_plan_round_outputs(pare_planner *p, const pare_node *node, size_t first);
pare_status pare_plan_narrow(pare_planner *p, pare_value_id value);

/* Lets go of constants of a node as floats that were packed, and that no step reads. */
void pare_plan_drop_widened(pare_planner *p, const pare_node *node);

/* --- codes ------------------------------------------------------------------------------------ */

/* What stands behind a value that DequantizeLinear gives: (code - zero) * scale. */
typedef struct pare_codes {
    pare_value_id value;      /* int8, uint8 or int32; lies somewhere (pare_plan_has) */
    pare_dtype dtype;         /* of it */
    const pare_tensor *scale; /* float, dense: of one element, or one for each entry of: */
    int64_t axis;             /* -1: one for all */
    const pare_tensor *zero;  /* as many, int8, uint8 or int32; NULL: zeros */
} pare_codes;

/* *found false: the value has no codes, or groups are to compute in floats. ENOMEM. */
pare_status pare_plan_codes(pare_planner *p, pare_value_id value, pare_codes *out, bool *found);

/* The same for lowerings that give the bits of eval: groups that are to compute in floats may. */
pare_status pare_plan_exact_codes(pare_planner *p, pare_value_id value, pare_codes *out,
                                  bool *found);

/* Scales and zero points that a QuantizeLinear to 8 bits applies in float, one for all. */
pare_status pare_plan_codes_made(pare_planner *p, const pare_lowering *l, pare_codes *out,
                                 bool *found);

/* Codes of 8 bits of a value (PARE_NONE: of one still to be made, of `dtype`) with one scale and
 * one zero point, which other values hold. */
pare_status pare_plan_codes_given(pare_planner *p, pare_value_id value, pare_dtype dtype,
                                  pare_value_id scale, pare_value_id zero, pare_codes *out,
                                  bool *found);

/* Whether both have one scale and one zero point for all, the same. */
bool pare_codes_same(const pare_codes *a, const pare_codes *b);

/* A handle of no value of the model: what lies where the codes of a value are that no
 * DequantizeLinear gives, but something that has handed codes on. */
static inline pare_value_id pare_plan_codes_value(const pare_planner *p, pare_value_id value)
{
    return (pare_value_id)p->model->n_values + 1 + value;
}

/* Lowers a node that does the same to codes as to floats, by the lowering for floats, which sees
 * codes then wherever the values have any. Its outputs get those codes. */
pare_status pare_lower_on_codes(pare_planner *p, pare_lowering *l, const pare_codes *codes,
                                pare_lower_fn *lower, bool *done);

/* Operators that give what they take, or something of it: Transpose, Concat of equal scales. */
pare_status pare_lower_moved_codes(pare_planner *p, pare_lowering *l, bool *done);

/* Adds a step that makes floats of the codes of a value. */
pare_status pare_plan_codes_to_floats(pare_planner *p, pare_value_id value,
                                      const pare_codes *codes);

/* Of entry i of the axis, or of all. */
float pare_codes_scale(const pare_codes *codes, int64_t i);
int32_t pare_codes_zero(const pare_codes *codes, int64_t i);

/* Lowers a group, or a part of it from its first node on, by integer kernels, on the codes behind
 * what its nodes take; then the inputs of nodes that it has taken need not be there as floats. As
 * pare_lower_fn in all else. NULL: there is no such lowering of the node's operator. */
pare_lower_fn *pare_lower_integers_of(const pare_node *node);

/* Whether DequantizeLinear is put off: nobody outside of this graph takes what it gives, and a node
 * with an integer lowering does. */
pare_status pare_plan_defers(pare_planner *p, pare_node_id id, bool *defers);

/* Whether all that a node takes is constant, if only as codes. */
bool pare_plan_is_constant_behind(const pare_planner *p, const pare_node *node);

/* Makes inputs of a node there that were put off; lowers a DequantizeLinear that was (plan.c). */
pare_status pare_plan_restore(pare_planner *p, const pare_node *node);
pare_status pare_plan_restore_value(pare_planner *p, pare_value_id value);
pare_status pare_plan_lower_deferred(pare_planner *p, pare_node_id id);

/* Type and shape as laid out nowhere yet (buffer PARE_NO_BUFFER), strides unset. False: not a
 * tensor of whole bytes per element whose at most PARE_LAID_AXES dims are all known. */
bool pare_plan_shape(const pare_planner *p, pare_value_id value, pare_laid *out);

/* Whether a value lies somewhere that steps can read (islands may give values that do not). */
bool pare_plan_has(const pare_planner *p, pare_value_id value);

/* Whether anything takes the value (PARE_NONE: no). */
bool pare_plan_is_used(const pare_planner *p, pare_value_id value);

/* Where the value was made; pare_plan_has holds. */
const pare_laid *pare_plan_home(const pare_planner *p, pare_value_id value);

/* The value as an initializer, or as it came out before running; NULL: neither. Dense. The plan
 * then holds for this content alone, where it is variable. */
const pare_tensor *pare_plan_constant(const pare_planner *p, pare_value_id value);

/* The same for who looks at type and dims only. */
const pare_tensor *pare_plan_constant_shape(const pare_planner *p, pare_value_id value);

/* Whether the value is a constant of n floats, whatever they are. */
bool pare_plan_is_vector(const pare_planner *p, pare_value_id value, int64_t n);

/* Whether a value is an initializer whose tensor will be replaced. */
bool pare_plan_is_variable(const pare_planner *p, pare_value_id value);

/* The constant's packed form (see pare_packs_get). `key` has form, params and fill set; the tensor
 * is put in. */
pare_status pare_plan_pack(pare_planner *p, pare_value_id value, pare_pack_key *key, size_t n_bytes,
                           void **out, bool *is_new);

/* The value in a form, where it lies now or after a copy that this adds. */
pare_status pare_plan_need(pare_planner *p, pare_value_id value, pare_form form, pare_laid *out);

/* The value in a form if it lies so somewhere, else where it was made: for steps that read any. */
pare_laid pare_plan_prefer(const pare_planner *p, pare_value_id value, pare_form form);

/* The value with these strides (dims are its own). */
pare_status pare_plan_need_like(pare_planner *p, pare_value_id value, const pare_laid *like,
                                pare_laid *out);

/* Makes a place for an output: *out, whose dtype, dims and strides are set, gets a buffer. */
pare_status pare_plan_out(pare_planner *p, pare_value_id value, pare_laid *out);

/* The same in CHANNELS_LAST, which this arranges: a place of its own, or, when a Concat of channels
 * alone takes the value, its part of that place. */
pare_status pare_plan_out_pixels(pare_planner *p, pare_value_id value, pare_laid *out);

/* Makes an output a view of what lies at `laid`. */
pare_status pare_plan_alias(pare_planner *p, pare_value_id value, const pare_laid *laid);

/* The same with the dims of the value itself, of which `laid` has the strides and the start. */
pare_status pare_plan_part(pare_planner *p, pare_value_id value, const pare_laid *laid);

/* What the node's infer was told of its inputs: in [PARE_LOWER_MAX_IN] has room for those that it
 * reads. */
pare_infer_io pare_plan_infer_io(const pare_planner *p, const pare_lowering *l,
                                 const pare_info **in);

/* Memory between steps that is no value: *laid (dtype, dims, strides set) gets a buffer. */
pare_status pare_plan_temporary(pare_planner *p, pare_laid *laid);

/* A buffer over numbers in the plan's arena. */
pare_status pare_plan_numbers(pare_planner *p, const void *numbers, uint32_t *buffer);

/* Whether the value dies in the group being lowered and its memory may be written over. */
bool pare_plan_dies(const pare_planner *p, pare_value_id value);

/* Room for arguments, zeroed; NULL: no memory (pare_arena_fail). */
void *pare_plan_args(pare_planner *p, size_t n_bytes);

/* Appends a step for the node being lowered that touches these. */
pare_status pare_plan_step(pare_planner *p, const pare_step *step, const pare_laid *const *touches,
                           size_t n);

/* A buffer of another kind than ARENA for a value (PARE_NONE: for none); laid gets its number. */
pare_status pare_plan_outside(pare_planner *p, pare_value_id value, pare_buffer_kind kind,
                              uint32_t index, pare_laid *laid);

/* Brings a constant (others are left alone) to an address that suits its type, by a copy if need
 * be: what steps and evals read. Weights that are only packed need not be there. */
pare_status pare_plan_align(pare_planner *p, pare_value_id value);

/* Makes a value a constant; a reference is taken. Dense. */
pare_status pare_plan_set_constant(pare_planner *p, pare_value_id value, pare_tensor *tensor);

/* Whether a value's content follows from shapes alone: integers that infer followed. */
bool pare_plan_is_known(const pare_planner *p, pare_value_id value);

/* The branch of an If that will be taken, when that is known and its outputs can be values of the
 * plan; else NULL. */
const pare_graph *pare_plan_branch(const pare_planner *p, const pare_node *node);

/* Calls visit for every value that graphs in the node's attributes name, however deep: what they
 * take from around them, and what is their own. */
void pare_plan_visit_nested(const pare_node *node,
                            void (*visit)(void *user, pare_value_id value), void *user);

/* Sets is_needed of every node of the main graph and of branches that are taken. */
pare_status pare_plan_mark(pare_planner *p);

/* Makes constants of a value that is known, of a graph's initializers. */
pare_status pare_plan_use_known(pare_planner *p, pare_value_id value);
pare_status pare_plan_use_initializers(pare_planner *p, const pare_graph *graph);

/* Whether a node gives the same, not too large results on every run, because all that it takes is
 * constant; and running it now. */
bool pare_plan_can_fold(const pare_planner *p, const pare_node *node);
pare_status pare_plan_fold(pare_planner *p, pare_node_id id);

/* Adds a copy between values of the same dims and dtype. */
pare_status pare_plan_copy(pare_planner *p, const pare_laid *from, const pare_laid *to);

/* Adds an island for the node. */
pare_status pare_plan_island(pare_planner *p, pare_node_id node);

/* Notes what the island that was added last reads and gives; lists when all that is dropped. */
void pare_plan_note_island(pare_planner *p, const pare_node *node);
pare_status pare_plan_find_drops(pare_planner *p);

/* Notes kept values that exist by now: inputs and initializers of a graph, and what nodes of a
 * group gave. */
pare_status pare_plan_watch_graph(pare_planner *p, const pare_graph *graph);
pare_status pare_plan_watch_group(pare_planner *p, const pare_group *group);

/* Whether a value is to be made where a persistent input stands. */
bool pare_plan_is_update(const pare_planner *p, pare_value_id value);

/* Lets outputs be made where the persistent inputs stand that they become, as long as nothing reads
 * these afterwards. */
void pare_plan_update_in_place(pare_planner *p);

/* Gives buffers in the arena their places. */
pare_status pare_plan_settle(pare_planner *p);

/* What lowers an operator, if anything can. */
pare_lower_fn *pare_lower_of(const pare_op *op);

#endif
