#include "prune/mask.h"

#include "base/bytes.h"
#include "ir/graph.h"

#include <string.h>

/* Inputs where zeros would not mean that nothing comes through. */
static const struct { const char *op; uint32_t first_slot; } scales[] = {
    { "BatchNormalization", 4 }, { "DequantizeLinear", 1 }, { "Div", 1 }, { "Pow", 0 },
    { "QuantizeLinear", 1 },
};

static bool may_be_zero(const pare_model *m, pare_value_id v)
{
    for (const pare_use *use = m->values[v].first_use; use; use = use->next) {
        if (use->user == PARE_NONE) return false;
        for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
            if (use->slot >= scales[i].first_slot &&
                pare_str_eq(m->nodes[use->user].op_type, scales[i].op))
                return false;
    }
    return true;
}

bool pare_prune_keeps(const pare_axes_found *axes, pare_value_id value, uint32_t rank,
                      const int64_t *dims, const bool *gone, int64_t element)
{
    for (uint32_t k = rank; k-- > 0; element /= dims[k]) {
        const pare_axis_info *axis = pare_axes_of(axes, value, k);
        if (axis && !pare_axis_keeps(axes, axis, gone, element % dims[k])) return false;
    }
    return true;
}

static pare_status mask_constant(pare_ctx *ctx, pare_model *m, const pare_axes_found *axes,
                                 const bool *gone, pare_value_id v)
{
    uint8_t *data = NULL;
    pare_tensor *own = pare_tensor_ref(m->values[v].tensor);
    const size_t width = (size_t)pare_dtype_of(own->dtype)->bits / 8;
    pare_status st = pare_tensor_own(ctx, &own, &data);
    for (int64_t i = 0; !st && i < own->n_elements; i++)
        if (!pare_prune_keeps(axes, v, own->rank, own->dims, gone, i))
            memset(data + (size_t)i * width, 0, width);
    if (!st) st = pare_value_set_tensor(ctx, m, v, own);
    pare_tensor_unref(own);
    return st;
}

pare_status pare_prune_mask(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                            const bool *gone)
{
    for (pare_value_id v = 0; v < axes->n_values; v++) {
        const pare_tensor *t = model->values[v].tensor;
        if (!t || model->values[v].graph != model->graph || !may_be_zero(model, v)) continue;
        const bool is_index = t->dtype == PARE_INT64 || t->dtype == PARE_INT32;
        if (is_index || pare_dtype_of(t->dtype)->bits < 8 || !pare_axes_shrink(axes, v, gone))
            continue;
        PARE_TRY(mask_constant(ctx, model, axes, gone, v));
    }
    return PARE_OK;
}
