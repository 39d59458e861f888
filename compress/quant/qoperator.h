/* The QOperator form: nodes between DequantizeLinear and QuantizeLinear become one operator that
 * reads and writes integers (QLinearConv and its like). */
#ifndef PARE_QUANT_QOPERATOR_H
#define PARE_QUANT_QOPERATOR_H

#include "base/contract/target.h"

#include "quant/place.h"

typedef struct pare_qoperator_counts {
    uint64_t n_operators;     /* nodes that are integer operators now */
    uint64_t n_moved;         /* nodes that hand integers on */
    uint64_t n_kept;          /* nodes in integers by the placement that stay between DQ and Q: the
                                 target names no operator for them, or what is absorbed behind them
                                 does more than the range of the Q */
} pare_qoperator_counts;

/* Rewrites a model that pare_insert_quantization has put Q and DQ into. What each operator becomes
 * is said by the rules; bias and rounding stay the same numbers. Values keep the names that they
 * have behind Q. ENOMEM, EBUDGET. */
pare_status pare_write_qoperator(pare_ctx *ctx, pare_model *model,
                                 const pare_placement *placement, const pare_target_rules *rules,
                                 pare_qoperator_counts *counts);

#endif
