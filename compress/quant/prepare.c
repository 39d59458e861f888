#include "quant/driver.h"

#include "base/bytes.h"
#include "pass/pass.h"
#include "pass/upgrade.h"
#include "quant/join_bias.h"

#include <string.h>

/* Whether an operator computes with integers or makes them: the model was quantized before. */
static bool is_quantized(const pare_node *n)
{
    static const char *const names[] = {
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger",
        "ConvInteger", "MatMulNBits", "GatherBlockQuantized", "DynamicQuantizeMatMul",
        "DynamicQuantizeLSTM", "MatMulIntegerToFloat", "QGemm", "QAttention",
    };
    const char *const op = pare_str_or_empty(n->op_type);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(op, names[i])) return true;
    return !strncmp(op, "QLinear", 7);
}

static pare_status refuse_quantized(const pare_quantizing *q)
{
    for (pare_node_id id = 0; id < q->model->n_nodes; id++) {
        const pare_node *n = &q->model->nodes[id];
        if (!n->graph || !is_quantized(n)) continue;
        return pare_fail(q->ctx, PARE_EFORMAT,
                         "the model is quantized already: node '%s' is a %s; quantize the model in "
                         "floats that it was made from", pare_str_or_empty(n->name), n->op_type);
    }
    return PARE_OK;
}

pare_status pare_quantizing_prepare(pare_quantizing *q, int64_t opset)
{
    static const char *const names[] = { "fold-constants", "fold-affine", "dead-code" };
    pare_pass_stats stats = { 0 };
    uint64_t n_halves = 0, n_joined = 0;
    PARE_TRY(refuse_quantized(q));
    PARE_TRY(pare_half_to_float(q->ctx, q->model, &n_halves));
    if (opset) PARE_TRY(pare_upgrade_opset(q->ctx, q->model, opset));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        PARE_TRY(pare_pass_run(q->ctx, q->model, pare_pass_find(names[i]), NULL, &stats));
    PARE_TRY(pare_join_bias(q->ctx, q->model, &n_joined));
    return pare_quantizing_keeps(q);
}
