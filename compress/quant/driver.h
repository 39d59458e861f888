/* What the steps of pare_quantize share. Inside of quant only. */
#ifndef PARE_QUANT_DRIVER_H
#define PARE_QUANT_DRIVER_H

#include "quant/quantize.h"

typedef struct pare_quantizing {
    pare_ctx *ctx;
    pare_model *model;
    const pare_quantize_opts *opts;
    pare_quantize_report *report;
    const pare_quantize_settings *s; /* report->chosen */
    uint8_t *keeps;           /* [n_keeps] by node handle: pare_keep */
    size_t n_keeps;
} pare_quantizing;

/* choose.c: fills report->chosen and report->why from the settings, the model and the target. */
pare_status pare_quantizing_choose(pare_quantizing *q);

/* keeps.c: fills q->keeps by the patterns. A pattern that matches nothing is warned about. */
pare_status pare_quantizing_keeps(pare_quantizing *q);
pare_keep pare_quantizing_keep(const pare_quantizing *q, pare_node_id node);
bool pare_quantizing_keeps_any(const pare_quantizing *q, pare_keep keep);

/* prepare.c: refuses what is quantized already; makes halves floats; raises the opset;
 * folds. */
pare_status pare_quantizing_prepare(pare_quantizing *q, int64_t opset);

/* static.c, dynamic.c, weights_only.c: the ways from there. */
pare_status pare_quantizing_static(pare_quantizing *q);
pare_status pare_quantizing_dynamic(pare_quantizing *q);
pare_status pare_quantizing_weights(pare_quantizing *q);
pare_status pare_quantizing_half(pare_quantizing *q);

/* After the first two: weights that overrides want in fewer bits, tables of embeddings. */
pare_status pare_quantizing_beside(pare_quantizing *q);

/* Whether a correction was asked for, or is one of those that help as a rule. */
bool pare_quantizing_corrects(const pare_quantizing *q, uint32_t correction);

/* Adds to report->left: a node that stays in floats, and why (static text). */
pare_status pare_quantizing_left(pare_quantizing *q, pare_node_id node, const char *reason);

#endif
