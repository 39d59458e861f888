#include "sched/facts.h"

#include "base/checked.h"
#include "op/infer.h"

#include <string.h>

/* The first IR version in which an input may override an initializer. */
enum { FIRST_IR_WITH_OVERRIDES = 4 };

static const pare_value *value_at(const pare_facts *f, pare_value_id value)
{
    return pare_value_at(f->graph->model, value);
}

/* What inference says of a value; NULL: nothing. */
static const pare_info *info_of(const pare_facts *f, pare_value_id value)
{
    if (!f->shapes) return NULL;
    const pare_info *info = pare_shapes_of(f->shapes, value);
    return info->kind == PARE_TYPE_NONE ? NULL : info;
}

static bool says_rank(const pare_info *info)
{
    return info && info->kind == PARE_TYPE_TENSOR && info->has_rank;
}

static const pare_type *declared(const pare_facts *f, pare_value_id value)
{
    const pare_type *type = value_at(f, value)->type;
    return type && type->kind == PARE_TYPE_TENSOR ? type : NULL;
}

pare_dtype pare_fact_dtype(const pare_facts *f, pare_value_id value)
{
    const pare_info *info = info_of(f, value);
    if (info && info->kind != PARE_TYPE_TENSOR) return PARE_DTYPE_UNDEFINED;
    if (info && info->dtype != PARE_DTYPE_UNDEFINED) return info->dtype;
    if (value_at(f, value)->tensor) return value_at(f, value)->tensor->dtype;
    const pare_type *type = declared(f, value);
    return type ? type->dtype : PARE_DTYPE_UNDEFINED;
}

bool pare_fact_rank(const pare_facts *f, pare_value_id value, uint32_t *rank)
{
    const pare_info *info = info_of(f, value);
    if (says_rank(info)) {
        *rank = info->rank;
        return true;
    }
    if (value_at(f, value)->tensor) {
        *rank = value_at(f, value)->tensor->rank;
        return true;
    }
    const pare_type *type = declared(f, value);
    if (!type || !type->has_shape) return false;
    *rank = type->rank;
    return true;
}

/* A dimension from whichever source tells the rank. */
typedef struct dim {
    pare_num num;      /* INT, EXPR or UNKNOWN */
    const char *param; /* symbol as declared, where nothing was inferred; else NULL */
} dim;

static dim dim_at(const pare_facts *f, pare_value_id value, uint32_t axis)
{
    const pare_info *info = info_of(f, value);
    if (says_rank(info)) return (dim){ info->dims[axis], NULL };
    const pare_tensor *tensor = value_at(f, value)->tensor;
    if (tensor) return (dim){ pare_num_int(tensor->dims[axis]), NULL };
    const pare_dim *d = &declared(f, value)->dims[axis];
    if (d->kind == PARE_DIM_VALUE) return (dim){ pare_num_int(d->value), NULL };
    return (dim){ pare_num_unknown(), d->kind == PARE_DIM_PARAM ? d->param : NULL };
}

bool pare_fact_dim(const pare_facts *f, pare_value_id value, uint32_t axis, int64_t *out)
{
    const pare_num num = dim_at(f, value, axis).num;
    if (num.kind != PARE_NUM_INT) return false;
    *out = num.i;
    return true;
}

bool pare_fact_same_dim(const pare_facts *f, pare_value_id a, uint32_t axis_a, pare_value_id b,
                        uint32_t axis_b)
{
    const dim da = dim_at(f, a, axis_a), db = dim_at(f, b, axis_b);
    if (da.param && db.param) return da.param[0] && !strcmp(da.param, db.param);
    return da.num.kind != PARE_NUM_UNKNOWN && pare_num_equal(da.num, db.num);
}

bool pare_fact_same_shape(const pare_facts *f, pare_value_id a, pare_value_id b)
{
    uint32_t rank_a, rank_b;
    if (!pare_fact_rank(f, a, &rank_a) || !pare_fact_rank(f, b, &rank_b)) return false;
    if (rank_a != rank_b) return false;
    for (uint32_t i = 0; i < rank_a; i++)
        if (!pare_fact_same_dim(f, a, i, b, i)) return false;
    return true;
}

bool pare_fact_n_elements(const pare_facts *f, pare_value_id value, int64_t *n)
{
    uint32_t rank;
    if (!pare_fact_rank(f, value, &rank)) return false;
    *n = 1;
    bool is_empty = false, fits = true;
    for (uint32_t i = 0; i < rank; i++) {
        int64_t d;
        if (!pare_fact_dim(f, value, i, &d) || d < 0) return false;
        if (!d) is_empty = true;
        else if (fits) fits = pare_mul_i64(*n, d, n);
    }
    if (is_empty) *n = 0;
    return is_empty || fits;
}

static bool is_constant_node(const pare_facts *f, const pare_value *v)
{
    if (v->producer == PARE_NONE) return false;
    const pare_node *n = pare_node_at(f->graph->model, v->producer);
    return pare_str_eq(pare_str_or_empty(n->op_type), "Constant") &&
           pare_str_eq(pare_node_domain(n), "");
}

/* What DequantizeLinear gives of constants: parameters of quantized networks. */
static bool is_dequantized_constant(const pare_facts *f, const pare_value *v)
{
    if (v->producer == PARE_NONE || v->graph != f->graph) return false;
    const pare_node *node = pare_node_at(f->graph->model, v->producer);
    if (!node->op_type || strcmp(node->op_type, "DequantizeLinear") != 0) return false;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const pare_value_id input = node->inputs[i].value;
        if (input == PARE_NONE) continue;
        const pare_value *x = value_at(f, input);
        if (!x->tensor || (x->is_input && f->graph->model->ir_version >= FIRST_IR_WITH_OVERRIDES))
            return false;
    }
    return true;
}

bool pare_fact_is_constant(const pare_facts *f, pare_value_id value)
{
    const pare_value *v = value_at(f, value);
    if (v->tensor || v->sparse)
        return !v->is_input || f->graph->model->ir_version < FIRST_IR_WITH_OVERRIDES;
    if (v->is_input) return false;
    const pare_info *info = info_of(f, value);
    return is_constant_node(f, v) || (info && info->constant) || is_dequantized_constant(f, v);
}

/* Elements of what a Constant holds; -1: not known. */
static int64_t elements_of_node(const pare_node *n)
{
    const pare_attr *value = pare_node_attr(n, "value");
    if (value && value->type == PARE_ATTR_TENSOR && value->n == 1)
        return value->tensors[0]->n_elements;
    if (pare_node_attr(n, "value_float") || pare_node_attr(n, "value_int")) return 1;
    return -1;
}

bool pare_fact_is_scalar(const pare_facts *f, pare_value_id value)
{
    int64_t n;
    if (!pare_fact_is_constant(f, value)) return false;
    if (pare_fact_n_elements(f, value, &n)) return n == 1;
    const pare_value *v = value_at(f, value);
    return is_constant_node(f, v) &&
           elements_of_node(pare_node_at(f->graph->model, v->producer)) == 1;
}

bool pare_fact_attr(const pare_node *node, const char *name, int64_t otherwise, int64_t *out)
{
    const pare_attr *attr = pare_node_attr(node, name);
    *out = otherwise;
    if (!attr) return true;
    if (attr->type != PARE_ATTR_INT || attr->ref_name || attr->n != 1) return false;
    *out = attr->ints[0];
    return true;
}
