#include "energy/estimator.h"

#include <string.h>

typedef enum layout {
    ROWS_FIRST,    /* [outputs, summed over...] */
    COLUMNS_FIRST, /* [..., summed over, outputs] */
    BY_TRANS_B,    /* Gemm */
    OTHER,         /* zeros count, patterns are not looked for */
} layout;

/* Products: their inputs that hold data and weights, and how the weights lie. All others have them
 * in 0 and 1. */
static const struct {
    const char *name;
    uint8_t a, b;
    layout layout;
} products[] = {
    { "Conv", 0, 1, ROWS_FIRST },
    { "ConvInteger", 0, 1, ROWS_FIRST },
    { "QLinearConv", 0, 3, ROWS_FIRST },
    { "ConvTranspose", 0, 1, COLUMNS_FIRST },
    { "Gemm", 0, 1, BY_TRANS_B },
    { "QGemm", 0, 3, BY_TRANS_B },
    { "MatMul", 0, 1, COLUMNS_FIRST },
    { "MatMulInteger", 0, 1, COLUMNS_FIRST },
    { "QLinearMatMul", 0, 3, COLUMNS_FIRST },
    { "FusedConv", 0, 1, ROWS_FIRST },
    { "FusedGemm", 0, 1, BY_TRANS_B },
    { "MatMulIntegerToFloat", 0, 1, COLUMNS_FIRST },
    { "DynamicQuantizeMatMul", 0, 1, COLUMNS_FIRST },
};

enum { N_PRODUCTS = sizeof(products) / sizeof(products[0]) };

static size_t find(const pare_node *node)
{
    size_t i = 0;
    while (i < N_PRODUCTS && (!node->op_type || strcmp(node->op_type, products[i].name))) i++;
    return i;
}

void pare_product_slots(const pare_node *node, uint32_t *a, uint32_t *b)
{
    const size_t i = find(node);
    *a = i < N_PRODUCTS ? products[i].a : 0;
    *b = i < N_PRODUCTS ? products[i].b : 1;
}

static int64_t int_attr(const pare_node *node, const char *name, int64_t otherwise)
{
    const pare_attr *a = pare_node_attr(node, name);
    return a && a->type == PARE_ATTR_INT && !a->ref_name ? a->ints[0] : otherwise;
}

/* The ways in which a tensor can be read as rows that are summed over; returns how many. */
static size_t views_of(pare_weight_rows out[2], const pare_node *node, uint32_t rank,
                       const int64_t *dims)
{
    const size_t at = find(node);
    layout l = at < N_PRODUCTS ? products[at].layout : OTHER;
    uint64_t n = 1;
    for (uint32_t i = 0; i < rank; i++) n *= (uint64_t)dims[i];
    if (rank < 2 || !n || l == OTHER) return 0;
    if (l == BY_TRANS_B) l = int_attr(node, "transB", 0) ? ROWS_FIRST : COLUMNS_FIRST;
    if (l == COLUMNS_FIRST) {
        /* ConvTranspose: [inputs, outputs, window]; MatMul: [batch..., inputs, outputs] */
        const bool is_conv = !strcmp(node->op_type, "ConvTranspose");
        const uint64_t columns = (uint64_t)dims[is_conv ? 0 : rank - 2];
        const uint64_t inner = is_conv ? n / columns : (uint64_t)dims[rank - 1];
        out[0] = (pare_weight_rows){ n / columns, columns, inner };
        return 1;
    }
    const uint64_t rows = (uint64_t)dims[0], inputs = (uint64_t)dims[1];
    out[0] = (pare_weight_rows){ rows, n / rows, 1 };
    if (n == rows * inputs) return 1;
    out[1] = (pare_weight_rows){ n / inputs, inputs, n / rows / inputs };
    return 2;
}

static const pare_tensor *tensor_of(const pare_estimator *est, pare_value_id value)
{
    if (value == PARE_NONE) return NULL;
    const pare_info *info = pare_shapes_of(est->shapes, value);
    return est->model->values[value].tensor ? est->model->values[value].tensor : info->constant;
}

pare_status pare_product_zeros(pare_estimator *est, pare_zeros *out, const pare_node *product,
                               pare_value_id weight, const pare_node *dq)
{
    pare_weight_rows views[2];
    *out = (pare_zeros){ 0 };
    if (est->e->opts.ignore_zeros || weight == PARE_NONE || !est->values[weight].is_const)
        return PARE_OK;
    const pare_tensor *t = tensor_of(est, weight);
    const pare_sparse_tensor *sparse = est->model->values[weight].sparse;
    if ((!t || t->encoding == PARE_ENC_STRINGS) && !sparse) return PARE_OK;
    const pare_tensor *zero = dq && dq->n_inputs > 2 ? tensor_of(est, dq->inputs[2].value) : NULL;
    const int64_t axis = dq ? int_attr(dq, "axis", 1) : 0;
    if (sparse) {
        const size_t n = views_of(views, product, sparse->rank, sparse->dims);
        PARE_TRY(pare_zeros_count_sparse(est->ctx, out, sparse, est->hw, views, n));
    } else {
        const size_t n = views_of(views, product, t->rank, t->dims);
        PARE_TRY(pare_zeros_count(est->ctx, out, t, zero, axis, est->hw, views, n));
    }
    if (est->values[weight].is_counted) return PARE_OK;
    est->values[weight].is_counted = true;
    est->weights += out->n;
    est->zeros += out->zeros;
    if (!out->credit) est->uncredited += out->zeros;
    return PARE_OK;
}
