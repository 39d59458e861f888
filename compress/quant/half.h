/* Floats of 16 bits instead of 32, and back. */
#ifndef PARE_QUANT_HALF_H
#define PARE_QUANT_HALF_H

#include "base/contract/target.h"
#include "base/pool.h"

#include "ir/model.h"

/* What computes in the new type. */
typedef enum pare_half_form {
    PARE_HALF_AUTO,           /* COMPUTE where the target's rules list the type, else STORE */
    PARE_HALF_COMPUTE,        /* all that can; Cast where float32 begins and ends */
    PARE_HALF_STORE,          /* nothing: weights are held in 16 bits, with a Cast behind */
} pare_half_form;

typedef struct pare_half_opts {
    pare_dtype type;          /* PARE_FLOAT16 or PARE_BFLOAT16 */
    pare_half_form form;
    const pare_target_rules *rules; /* NULL: any type is computed in */
    pare_pool *pool;
    bool convert_io;          /* inputs and outputs of the model change their type, too */

    /* Largest magnitude that a value of the main graph was seen with; negative: never seen. NULL:
     * estimated by running the model on random inputs once. */
    double (*largest)(void *user, pare_value_id value);
    /* Whether a node stays in float32; NULL: none for this reason. */
    bool (*keep_float)(void *user, pare_node_id node);
    void *user;               /* for both */
} pare_half_opts;

/* A node that stays in float32. Texts are the model's. */
typedef struct pare_half_kept {
    const char *node, *op;    /* node may be NULL */
    const char *reason;
} pare_half_kept;

typedef struct pare_half_report {
    pare_half_form form;      /* that was chosen */
    uint64_t n_nodes;         /* that compute in 16 bits */
    uint64_t n_casts;         /* Cast nodes added */
    uint64_t n_tensors;       /* of weights that changed their type */
    uint64_t n_subnormal;     /* weights that are not 0 and lost bits by being small */
    uint64_t n_flushed;       /* weights that became 0 */
    uint64_t bytes_before, bytes_after; /* of all initializers of floats */
    pare_half_kept *kept;     /* [n_kept] */
    size_t n_kept, cap;
} pare_half_report;

/* Turns float32 into 16 bits. A node stays in float32 when its operator has no such form (Resize's
 * scales, Range, quantization, control flow), when weights it reads or numbers it reads or makes
 * pass half of the largest float16 (finite weights: the largest itself), or when a small constant
 * that it reads, an epsilon, would become 0; so do square roots and quotients that follow then.
 * Inputs and outputs keep their types unless asked; initializers that are inputs as well become
 * constants, with a warning. Models below opset 13 are taken there for bfloat16. EUNSUPPORTED for
 * other types than these two, and where that cannot be done; ENOMEM, EBUDGET: the model is then
 * half changed, work on a clone. *report may be NULL; the caller frees it, also after a failure. */
pare_status pare_quantize_half(pare_ctx *ctx, pare_model *model, const pare_half_opts *opts,
                               pare_half_report *report);
void pare_half_report_free(pare_ctx *ctx, pare_half_report *report);

/* Turns float16 and bfloat16 into float32 wherever an operator takes that, inputs and outputs
 * staying as they are: so that what quantizes float32 can work on any model. *n_nodes: nodes that
 * changed. Fails likewise. */
pare_status pare_half_to_float(pare_ctx *ctx, pare_model *model, uint64_t *n_nodes);

#endif
