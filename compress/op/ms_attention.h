/* What ONNX Runtime's attention operators share in their evals. */
#ifndef PARE_OP_MS_ATTENTION_H
#define PARE_OP_MS_ATTENTION_H

#include "op/attend.h"
#include "op/attention.h"

/* A call under way. What is not used stays zero. */
typedef struct pare_ms_attention {
    pare_attend a;
    pare_attend_mask mask;
    pare_dtype dtype;         /* of the outputs */
    pare_reals in[3];         /* query, key and value, with their biases */
    pare_reals past[2], joined[2], bias, padding, sinks, y;
    int64_t *numbers;         /* positions or lengths */
    uint8_t *blind;
} pare_ms_attention;

void pare_ms_attention_free(pare_ctx *ctx, pare_ms_attention *j);

/* EUNSUPPORTED, saying what is not, when `given` is true. */
pare_status pare_ms_refuse(pare_ctx *ctx, const pare_eval_io *io, bool given, const char *what);

/* Input i, [batch or 1, heads or 1, steps, total], is added to the scores; q and k are set. */
pare_status pare_ms_set_bias(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                             pare_ms_attention *j);

/* Input i, a mask, as numbers to add: mask_filter_value where keys are hidden. Its shapes:
 *   [batch] or [3 batch + 2]  lengths of the keys; [2 batch] ends, then starts
 *   [batch, total], [batch, steps, total]  0 for what is hidden
 *   [batch, 1, most, most]  the same for all positions that there can be */
pare_status pare_ms_set_padding(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                                pare_ms_attention *j);

/* Where the operator is unidirectional, keys behind the query, the first of which stands behind
 * `before` keys, get the lowest number added. */
void pare_ms_set_causal(const pare_eval_io *io, int64_t before, pare_ms_attention *j);

/* Output i (where it is wanted) with these dims. */
pare_status pare_ms_put(pare_ctx *ctx, pare_eval_io *io, uint32_t i, pare_dtype dtype,
                        uint32_t rank, const int64_t *dims, const pare_reals *from);

/* From the scores to output 0, [batch, steps, heads * size]. Output qk_output, where it is not 0
 * and wanted, shows the scores before softmax or after. */
pare_status pare_ms_attend(pare_ctx *ctx, pare_eval_io *io, pare_ms_attention *j,
                           uint32_t qk_output, bool after);

pare_eval_fn pare_ms_attention_eval, pare_ms_qattention_eval, pare_ms_multi_head_eval;
pare_eval_fn pare_ms_group_query_eval;

#endif
