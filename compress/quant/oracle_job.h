/* The graph that the oracle works on: a clone of the model, changed as a runtime changes it on
 * loading. Inside of the oracle's files only. */
#ifndef PARE_QUANT_ORACLE_JOB_H
#define PARE_QUANT_ORACLE_JOB_H

#include "ir/graph.h"
#include "quant/oracle.h"

/* What becomes of a node. */
typedef struct oracle_mark {
    pare_runs runs;
    const char *becomes, *reason; /* in the arena or the rules; NULL */
} oracle_mark;

/* Scale and zero point of a Q or DQ. */
typedef struct oracle_grid {
    bool is_scalar; /* a constant scale of one element */
    float scale;
    bool has_zero;       /* written */
    bool zero_is_scalar; /* a constant of one element */
    int32_t zero;        /* 0 where it is absent or not known */
} oracle_grid;

typedef struct oracle_job {
    pare_ctx *ctx;
    const pare_model *given;
    const pare_target_quant *quant;
    pare_shapes *known;  /* of the given model, without anybody's shapes */
    pare_model *model;   /* the clone */
    pare_arena *arena;   /* of the result */
    uint8_t *dtypes;     /* [cap_values] pare_dtype of elements, by value */
    pare_value_id *like; /* [cap_values] the value of the given model that it has the shape of */
    bool *constant;      /* [cap_values] computed on loading */
    oracle_mark *marks;  /* [cap_nodes] by node */
    size_t cap_values, cap_nodes;
    bool changed;         /* a rewrite did something */
    pare_status *failure; /* memory was short where nothing is returned; OK */
} oracle_job;

/* Prepares marks and types. ENOMEM. */
pare_status pare_oracle_begin(oracle_job *job);
void pare_oracle_end(oracle_job *job);

/* Room for what was added to the clone: to be called after a node or value was. ENOMEM. */
pare_status pare_oracle_reserve(oracle_job *job);

/* --- asking ----------------------------------------------------------------------------------- */

static inline pare_node *pare_oracle_node(const oracle_job *job, pare_node_id node)
{
    return &job->model->nodes[node];
}

static inline pare_value_id pare_oracle_in(const pare_node *n, uint32_t slot)
{
    return slot < n->n_inputs ? n->inputs[slot].value : PARE_NONE;
}

bool pare_oracle_is(const pare_node *n, const char *name); /* "Conv", "com.microsoft.Gelu" */
bool pare_oracle_is_any(const pare_node *n, const char *const *names, size_t count);
bool pare_oracle_is_q(const pare_node *n);
bool pare_oracle_is_dq(const pare_node *n);
static inline bool pare_oracle_is_activation(const pare_node *n)
{
    return pare_oracle_is(n, "Relu") || pare_oracle_is(n, "Clip");
}

/* Nodes of the main graph that read what a node makes, and whether that is an output of the graph,
 * or read in a nested one. */
typedef struct oracle_readers {
    uint32_t n, n_q, n_nested;
    bool goes_out;
    pare_node_id first; /* PARE_NONE: none */
} oracle_readers;
oracle_readers pare_oracle_readers_of(const oracle_job *job, pare_value_id value);
oracle_readers pare_oracle_readers_of_node(const oracle_job *job, const pare_node *n);

/* The node that makes a value; PARE_NONE. */
pare_node_id pare_oracle_maker(const oracle_job *job, pare_value_id value);

/* A constant's tensor; NULL: not there (yet). */
const pare_tensor *pare_oracle_tensor(const oracle_job *job, pare_value_id value);

/* Element i of a constant as a number. */
bool pare_oracle_number(const oracle_job *job, pare_value_id value, int64_t i, double *out);

oracle_grid pare_oracle_grid_of(const oracle_job *job, const pare_node *n);

/* Whether both hold constants of one element, zero points written, and the same. */
bool pare_oracle_same_grid(const oracle_job *job, const pare_node *a, const pare_node *b);

/* Smallest and largest code of an element type; false: no integers of up to 16 bits. */
bool pare_oracle_codes(pare_dtype dtype, int32_t *min, int32_t *max);

int64_t pare_oracle_attr_int(const pare_node *n, const char *name, int64_t otherwise);
float pare_oracle_attr_float(const pare_node *n, const char *name, float otherwise);

/* Shape of a value as far as the file tells; NULL: not even its rank. */
const pare_info *pare_oracle_shape(const oracle_job *job, pare_value_id value);

/* Names for messages: of a value, of a type. */
const char *pare_oracle_value_name(const oracle_job *job, pare_value_id value);

/* --- changing --------------------------------------------------------------------------------- */

/* One line in the arena; NULL when memory is short, which the run finds at its end. */
const char *pare_oracle_say(oracle_job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Marks a node as gone into something, and takes it out: its readers read its input 0. */
pare_status pare_oracle_bypass(oracle_job *job, pare_node_id node, const char *why);

/* A Q or DQ with the scale and zero point of another, in front of a node: reads `from`, *out is
 * what it makes, of that type. */
pare_status pare_oracle_add(oracle_job *job, pare_value_id *out, const char *op,
                            const pare_node *like, pare_value_id from, pare_node_id before,
                            pare_dtype dtype);

/* All that runtimes do on loading, as far as the rules say so; then the groups. */
pare_status pare_oracle_rewrite(oracle_job *job);
pare_status pare_oracle_absorb(oracle_job *job);
pare_status pare_oracle_to_unsigned(oracle_job *job);
pare_status pare_oracle_fuse_dynamic(oracle_job *job);
pare_status pare_oracle_group(oracle_job *job);
pare_status pare_oracle_drop_idle(oracle_job *job);

/* Adds what a node takes, as it runs and in floats; nothing where the target has no times. */
struct pare_cost;
void pare_oracle_time(const oracle_job *job, const pare_oracle_row *row,
                      const struct pare_cost *cost, const pare_shapes *shapes, double *as_is,
                      double *in_floats);

/* Warnings, once rows and totals are there. */
pare_status pare_oracle_warn(oracle_job *job, pare_oracle *o);

/* The Q behind a Relu or Clip makes it redundant; why not otherwise. */
bool pare_oracle_is_redundant(const oracle_job *job, const pare_node *clip, const pare_node *q);

#endif
