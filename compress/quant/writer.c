#include "quant/writer.h"

#include <stdio.h>

enum { NAME_BYTES = 512 };

pare_value_id pare_write_const(pare_builder *b, const char *base, const char *suffix,
                               pare_tensor *tensor)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%.480s%s", base, suffix);
    return pare_build_const(b, name, tensor);
}

pare_status pare_write_drop(pare_ctx *ctx, pare_model *model, pare_value_id weight)
{
    if (model->values[weight].n_uses || model->values[weight].is_input) return PARE_OK;
    return pare_value_remove(ctx, model, weight);
}
