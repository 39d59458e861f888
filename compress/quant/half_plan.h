/* Which nodes and values change their type of floats. Inside of quant only. */
#ifndef PARE_QUANT_HALF_PLAN_H
#define PARE_QUANT_HALF_PLAN_H

#include "op/info.h"
#include "quant/half.h"
#include "quant/half_ops.h"

typedef struct pare_half_plan {
    pare_ctx *ctx;
    pare_model *model;
    const pare_half_opts *opts; /* NULL: back to float32 */
    const pare_shapes *shapes;
    pare_dtype to;
    size_t n_nodes, n_values; /* before anything is added */
    uint8_t *rules;           /* by node: pare_half_rule */
    uint32_t *fixed;          /* by node: inputs that stay as they are */
    bool *changes;            /* by node: computes in the new type */
    const char **reasons;     /* by node: why it does not, where floats are involved; else NULL */
    double *largest;          /* by value: magnitude; negative: not known */
    bool *is_tiny;            /* by value: a small constant that would become 0 */
    bool *new_home;           /* by value: is kept in the new type */
} pare_half_plan;

/* Whether a value holds floats that would change. */
bool pare_half_is_old(const pare_half_plan *p, pare_value_id value);

/* Whether a node reads this input in the new type; *any: it takes either. */
bool pare_half_wants_new(const pare_half_plan *p, const pare_use *use, bool *any);

/* Finds `changes`, `reasons` and `new_home`; the caller has set the fields above `rules`, and frees
 * the plan in every case. ENOMEM, and what running the model to estimate may give but refusals. */
pare_status pare_half_decide(pare_half_plan *p);
void pare_half_plan_free(pare_half_plan *p);

/* Changes the model: tensors, attributes, declared types, Casts. */
pare_status pare_half_apply(const pare_half_plan *p, pare_half_report *report);

#endif
