#include "quant/driver.h"

/* Bits that the settings ask for. */
static int bits_asked(const pare_quantize_settings *s)
{
    return s->weights == PARE_QUANTIZE_INT2 ? 2 : s->weights == PARE_QUANTIZE_INT4 ? 4 : 8;
}

static int bits_of(void *user, pare_node_id node)
{
    switch (pare_quantizing_keep(user, node)) {
    case PARE_KEEP_FLOAT: return 0;
    case PARE_KEEP_INT8: return 8;
    case PARE_KEEP_INT4: return 4;
    case PARE_KEEP_INT2: return 2;
    case PARE_KEEP_ASKED: break;
    }
    return -1;
}

pare_status pare_quantizing_weights(pare_quantizing *q)
{
    const pare_quantize_settings *s = q->s;
    PARE_TRY(pare_quantizing_prepare(q, 0));
    const pare_weight_only_opts opts = {
        .rules = q->opts->rules, .pool = q->opts->pool, .bits = bits_asked(s),
        .block = s->block_size, .bits_of = bits_of, .user = q,
        .round = s->algorithm == PARE_QUANTIZE_RTN, .accuracy_level = -1,
        .storage = s->format == PARE_QUANTIZE_QDQ ? PARE_STORED_DEQUANTIZE
                   : s->format == PARE_QUANTIZE_QOPERATOR ? PARE_STORED_NBITS
                                                          : PARE_STORED_FLOAT,
    };
    PARE_TRY(pare_quantize_weights(q->ctx, q->model, &opts, &q->report->weights));
    q->report->n_weights += q->report->weights.n_quantized;
    return PARE_OK;
}
