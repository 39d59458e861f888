/* Values that stay between the runs of a model: an output that is an input of the next run, such as
 * weights that are trained, what an optimiser remembers, the keys and values of a decoder. */
#ifndef PARE_RUN_STATES_H
#define PARE_RUN_STATES_H

#include "op/eval.h"
#include "run/plan.h"

typedef struct pare_state {
    pare_persistent pair;
    const char *name;         /* of the input */
    uint32_t output;          /* which output of the main graph */
    pare_tensor *tensor;      /* NULL: none yet, or lost */
    bool is_lost;             /* a run failed that may have written over it */
} pare_state;

typedef struct pare_states {
    pare_state *items;        /* [n] */
    size_t n;
    pare_eval_input *inputs;  /* room for those of a run with the states among them */
    size_t inputs_cap;
} pare_states;

/* EUSAGE for values that are no input and no output of the main graph, or that are named twice;
 * ENOMEM. `states` is zeroed before, and freed with pare_states_free either way. */
pare_status pare_states_init(pare_ctx *ctx, pare_states *states, const pare_model *model,
                             const pare_persistent *pairs, size_t n);
void pare_states_free(pare_ctx *ctx, pare_states *states);

/* The state that an input of this name is, or that this value is; NULL: none. */
pare_state *pare_states_find(const pare_states *states, const char *name);
pare_state *pare_states_of(const pare_states *states, pare_value_id input);

/* Makes a state a copy of a tensor. ENOMEM. */
pare_status pare_state_set(pare_ctx *ctx, pare_state *state, const pare_tensor *tensor);

/* The inputs of a run: those that are given, and the states that are not. *out is borrowed until
 * the next call. EUSAGE when one that is not given was lost; one that never was there is left out.
 * ENOMEM. */
pare_status pare_states_merge(pare_ctx *ctx, pare_states *states, const pare_eval_input *given,
                              size_t n_given, const pare_eval_input **out, size_t *n);

/* Before a run on the n inputs that were merged: what is given becomes the state, and nobody else
 * sees any of them, so that they may be written over. ENOMEM. */
pare_status pare_states_begin(pare_ctx *ctx, pare_states *states, size_t n);

/* After it: takes the outputs that are states, which become NONE; outputs NULL: the run failed, and
 * what its plan updates in place is lost. */
void pare_states_end(pare_ctx *ctx, pare_states *states, const pare_plan *plan,
                     pare_datum *outputs);

/* What they take. */
uint64_t pare_states_bytes(const pare_states *states);

#endif
