/* Random inputs for a model that nobody gave data for: to try it, to compare two of them.
 *
 * Each input has a stream of its own, made from the seed and its name. By element type:
 *
 *     floating point, complex    close to normal, mean 0, deviation 1, rounded to the type
 *     bool                       false or true
 *     8 and 16 bits and less     every value is as likely
 *     integers of 32 and 64      0 or 1: they tend to be indices, lengths and masks
 *     strings                    one of the letters a to j
 */
#ifndef PARE_OP_SAMPLE_H
#define PARE_OP_SAMPLE_H

#include "base/rng.h"
#include "op/eval.h"
#include "op/infer.h"

typedef struct pare_sample_opts {
    uint64_t seed;
    const pare_infer_opts *shapes; /* what the user says about shapes; NULL: nothing */
    const pare_eval_input *given;  /* [n_given]: inputs that need no data; their shapes give values
                                      to symbols where `shapes` does not */
    size_t n_given;
    bool quiet;                    /* no warnings about dims that became 1 */
} pare_sample_opts;

/* A dense tensor, or one of strings, of random elements. ENOMEM. */
pare_status pare_sample_tensor(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims, pare_rng *rng);

/* *out: the inputs that the main graph wants and nobody gave (those with an initializer, and
 * optional ones, want nothing), in its order; freed with pare_sample_free. A sequence gets one
 * element. What neither the file nor opts tells becomes 1, with a warning that names it. EUSAGE
 * when the rank or element type of an input is told nowhere; EUNSUPPORTED for maps; ENOMEM. */
pare_status pare_sample_inputs(pare_ctx *ctx, pare_eval_input **out, size_t *n,
                               const pare_model *model, const pare_sample_opts *opts);
void pare_sample_free(pare_ctx *ctx, pare_eval_input *inputs, size_t n);

#endif
