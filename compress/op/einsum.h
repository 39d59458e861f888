/* Parameters of Einsum. */
#ifndef PARE_OP_EINSUM_H
#define PARE_OP_EINSUM_H

#include "op/eval.h"
#include "op/shape.h"

typedef struct pare_einsum_params {
    pare_bytes equation;      /* checked: letters, commas, spaces, "...", at most one "->" */
} pare_einsum_params;

/* Labels are letters, or ELLIPSIS: no letter has that code. */
enum { PARE_EINSUM_LETTERS = 128, PARE_EINSUM_ELLIPSIS = 1 };

/* Reads the labels of the term at *at into labels [PARE_MAX_DIMS]; *at is then at ',', "->" or the
 * end. EFORMAT for what is no term. */
pare_status pare_einsum_term(pare_ctx *ctx, const pare_call *call, pare_bytes equation, size_t *at,
                             uint8_t *labels, uint32_t *n);

/* The same for the output, `at` being where the inputs end; where the equation gives none it is
 * "..." and the letters that occur once. n_seen [PARE_EINSUM_LETTERS]: how often the inputs have
 * each letter (2: more than once). EFORMAT for letters that no input has. */
pare_status pare_einsum_output(pare_ctx *ctx, const pare_call *call, pare_bytes equation, size_t at,
                               bool has_ellipsis, const uint8_t *n_seen, uint8_t *labels,
                               uint32_t *n);

pare_eval_fn pare_einsum_eval; /* op/eval.h */

#endif
