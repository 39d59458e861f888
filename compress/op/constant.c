#include "op/content.h"

#include "op/costs.h"
#include "op/create.h"
#include "op/evaluator.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/mover.h"

#include <inttypes.h>
#include <string.h>

/* A tensor out of an attribute: Constant, whose forms besides `value` came with versions 11
 * (sparse_value) and 12 (numbers and strings). One value everywhere: ConstantOfShape. */

static pare_status constant_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const struct {
        const char *name;
        pare_attr_type type;
    } forms[] = {
        { "value", PARE_ATTR_TENSOR },        { "sparse_value", PARE_ATTR_SPARSE_TENSOR },
        { "value_float", PARE_ATTR_FLOAT },   { "value_floats", PARE_ATTR_FLOATS },
        { "value_int", PARE_ATTR_INT },       { "value_ints", PARE_ATTR_INTS },
        { "value_string", PARE_ATTR_STRING }, { "value_strings", PARE_ATTR_STRINGS },
    };
    pare_constant_params *p = params;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const pare_attr *attr = pare_call_attr(call, forms[i].name);
        if (!attr) continue;
        if (attr->type != forms[i].type)
            return pare_call_fail(ctx, call, "attribute '%s': expected type %s, found %s",
                                  forms[i].name, pare_attr_type_name(forms[i].type),
                                  pare_attr_type_name(attr->type));
        if (p->value)
            return pare_call_fail(ctx, call, "expected one value, found '%s' and '%s'",
                                  p->value->name, attr->name);
        p->value = attr;
    }
    return p->value ? PARE_OK : pare_call_fail(ctx, call, "expected a value, found none");
}

/* Numbers of an attribute as a vector, or as a scalar for the single kinds. */
static pare_info info_of_numbers(pare_shapes *shapes, const pare_attr *attr)
{
    pare_num content[PARE_MAX_CONTENT];
    const bool is_float = attr->type == PARE_ATTR_FLOAT || attr->type == PARE_ATTR_FLOATS;
    const bool is_single = attr->type == PARE_ATTR_FLOAT || attr->type == PARE_ATTR_INT;
    const pare_num dim = pare_num_int(attr->n);
    pare_info info = pare_info_tensor(shapes, is_float ? PARE_FLOAT : PARE_INT64,
                                      is_single ? 0 : 1, &dim);
    if (attr->n > PARE_MAX_CONTENT) return info;
    for (uint32_t i = 0; i < attr->n; i++)
        content[i] = is_float ? pare_num_real((double)attr->floats[i])
                              : pare_num_int(attr->ints[i]);
    pare_info_set_content(shapes, &info, content, attr->n);
    return info;
}

static pare_info info_of_sparse(pare_shapes *shapes, const pare_sparse_tensor *sparse)
{
    pare_num *dims = NULL;
    const pare_dtype dtype = sparse->values ? sparse->values->dtype : PARE_DTYPE_UNDEFINED;
    if (sparse->rank > PARE_MAX_DIMS) return pare_info_unranked(dtype);
    const pare_info info = pare_info_ranked(shapes, dtype, sparse->rank, &dims);
    for (uint32_t i = 0; i < sparse->rank; i++) dims[i] = pare_num_int(sparse->dims[i]);
    return info;
}

static pare_status constant_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_constant_params *p = io->params;
    const pare_num dim = pare_num_int(p->value->n);
    switch (p->value->type) {
    case PARE_ATTR_TENSOR:
        io->out[0] = pare_info_from_tensor(ctx, io->shapes, p->value->tensors[0]);
        break;
    case PARE_ATTR_SPARSE_TENSOR:
        io->out[0] = info_of_sparse(io->shapes, p->value->sparse[0]);
        break;
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS:
        io->out[0] = pare_info_tensor(io->shapes, PARE_STRING,
                                      p->value->type == PARE_ATTR_STRINGS, &dim);
        break;
    default: io->out[0] = info_of_numbers(io->shapes, p->value); break;
    }
    return PARE_OK;
}

/* The bytes are copied: those of the attribute die with the model. */
static pare_status strings_eval(pare_ctx *ctx, pare_eval_io *io, const pare_attr *attr)
{
    const int64_t dim = attr->n;
    pare_bytes *strings = NULL;
    PARE_TRY(pare_eval_out_strings(ctx, io, 0, attr->type == PARE_ATTR_STRINGS, &dim, &strings,
                                   NULL));
    if (attr->n) memcpy(strings, attr->strings, attr->n * sizeof(*strings));
    return pare_eval_own_strings(ctx, io, 0);
}

static pare_status numbers_eval(pare_ctx *ctx, pare_eval_io *io, const pare_attr *attr)
{
    const bool is_float = attr->type == PARE_ATTR_FLOAT || attr->type == PARE_ATTR_FLOATS;
    void *y = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (!attr->n) return PARE_OK;
    if (is_float) memcpy(y, attr->floats, attr->n * sizeof(*attr->floats));
    else memcpy(y, attr->ints, attr->n * sizeof(*attr->ints));
    return PARE_OK;
}

/* The message says what is wrong with the values; whose they are is put in front. */
static pare_status sparse_eval(pare_ctx *ctx, const pare_eval_io *io, const pare_attr *attr,
                               pare_tensor **out)
{
    char message[PARE_MESSAGE_BYTES];
    const pare_status st = pare_evaluator_sparse(ctx, out, attr->sparse[0]);
    if (!st) return PARE_OK;
    memcpy(message, ctx->message, sizeof(message));
    pare_call_fail(ctx, io->call, "%s", message);
    return st;
}

static pare_status constant_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_attr *attr = ((const pare_constant_params *)io->params)->value;
    pare_tensor *tensor = NULL;
    if (attr->type == PARE_ATTR_STRING || attr->type == PARE_ATTR_STRINGS)
        return strings_eval(ctx, io, attr);
    if (attr->type != PARE_ATTR_TENSOR && attr->type != PARE_ATTR_SPARSE_TENSOR)
        return numbers_eval(ctx, io, attr);
    if (attr->type == PARE_ATTR_TENSOR)
        PARE_TRY(pare_tensor_densify(ctx, &tensor, attr->tensors[0]));
    else
        PARE_TRY(sparse_eval(ctx, io, attr, &tensor));
    io->out[0] = (pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = tensor };
    return PARE_OK;
}

static pare_status constant_of_shape_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_constant_of_shape_params *p = params;
    const pare_attr *attr = pare_call_attr(call, "value");
    if (!attr) return PARE_OK;
    if (attr->type != PARE_ATTR_TENSOR)
        return pare_call_fail(ctx, call, "attribute 'value': expected type tensor, found %s",
                              pare_attr_type_name(attr->type));
    p->value = attr->tensors[0];
    if (p->value->n_elements == 1) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute 'value': expected one element, found %" PRId64,
                          p->value->n_elements);
}

static pare_num same_everywhere(const void *user, const int64_t *at)
{
    (void)at;
    return *(const pare_num *)user;
}

static pare_status constant_of_shape_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_constant_of_shape_params *p = io->params;
    const pare_ints none = { 0 };
    pare_list shape;
    pare_info value = pare_info_unranked(PARE_FLOAT);
    pare_num fill = pare_num_real(0);
    pare_num *dims = NULL;
    if (p->value) {
        value = pare_info_from_tensor(ctx, io->shapes, p->value);
        fill = pare_info_at(&value, 0);
    }
    io->out[0] = pare_info_unranked(value.dtype);
    PARE_TRY(pare_list_get(ctx, io, none, 0, &shape));
    if (!shape.has_length || shape.n > PARE_MAX_DIMS) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, value.dtype, shape.n, &dims);
    for (uint32_t i = 0; i < shape.n; i++) {
        dims[i] = pare_list_at(&shape, i);
        if (dims[i].kind == PARE_NUM_INT && dims[i].i < 0)
            return pare_call_fail(ctx, io->call, "shape: expected dims >= 0, found %" PRId64,
                                  dims[i].i);
    }
    pare_content_fill(io->shapes, &y, same_everywhere, &fill);
    io->out[0] = y;
    return PARE_OK;
}

static pare_status constant_of_shape_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_constant_of_shape_params *p = io->params;
    pare_tensor *value = NULL;
    pare_mover m;
    if (!p->value) {
        PARE_TRY(pare_mover_out(ctx, io, 0, NULL, &m)); /* it is zero already */
        return PARE_OK;
    }
    PARE_TRY(pare_tensor_densify(ctx, &value, p->value));
    const pare_status st = pare_mover_out(ctx, io, 0, value, &m);
    const pare_box box = { .rank = 1, .dims = { st ? 0 : io->out[0].tensor->n_elements },
                           .to_strides = { 1 } };
    pare_mover_box(&m, value, &box);
    pare_tensor_unref(value);
    return st;
}

const pare_op pare_op_constant = {
    .domain = "", .name = "Constant", .since = 1,
    .n_in = { 0, 0 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_constant_params),
    .resolve = constant_resolve, .infer = constant_infer, .eval = constant_eval,
    .cost = PARE_NA(cost),
    .links = PARE_TODO(links),
};

const pare_op pare_op_constant_of_shape = {
    .domain = "",
    .name = "ConstantOfShape",
    .since = 9,
    .n_in = { 1, 1 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_constant_of_shape_params),
    .resolve = constant_of_shape_resolve,
    .infer = constant_of_shape_infer,
    .eval = constant_of_shape_eval,
    .cost = pare_fill_cost,
    .links = pare_fill_links,
};
