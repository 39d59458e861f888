#include "formats/onnx/import.h"

/* The shape of a tensor type. */
static pare_status import_shape(pare_importer *im, pare_type *type,
                                const Onnx__TensorShapeProto *proto)
{
    if (!proto) return PARE_OK;
    pare_dim *dims = pare_arena_array(&im->model->arena, proto->n_dim, sizeof(*dims));
    if (!dims) return pare_arena_fail(im->ctx, &im->model->arena);
    for (size_t i = 0; i < proto->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *d = proto->dim[i];
        dims[i].denotation = d->denotation;
        if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM) {
            dims[i].kind = PARE_DIM_PARAM;
            dims[i].param = d->dim_param;
        } else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
                   d->dim_value >= 0) {
            dims[i].kind = PARE_DIM_VALUE;
            dims[i].value = d->dim_value;
        }
    }
    type->has_shape = true;
    type->rank = (uint32_t)proto->n_dim;
    type->dims = dims;
    return PARE_OK;
}

/* Absent and 0 mean that the type is not declared. */
static pare_status import_dtype(pare_importer *im, pare_dtype *out, const char *field,
                                int32_t number)
{
    if (number && !pare_dtype_is_valid(number))
        return pare_fail(im->ctx, PARE_EFORMAT, "type: %s: expected a type from 1 to %d, found %d",
                         field, PARE_N_DTYPES - 1, (int)number);
    *out = (pare_dtype)number;
    return PARE_OK;
}

/* One level of a type; *inner is the message of the level below, or NULL. */
static pare_status import_level(pare_importer *im, pare_type *type, const Onnx__TypeProto *proto,
                                const Onnx__TypeProto **inner)
{
    *inner = NULL;
    type->source = proto;
    type->denotation = proto->denotation;
    switch (proto->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
        type->kind = PARE_TYPE_TENSOR;
        PARE_TRY(import_dtype(im, &type->dtype, "elem_type", proto->tensor_type->elem_type));
        return import_shape(im, type, proto->tensor_type->shape);
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
        type->kind = PARE_TYPE_SPARSE_TENSOR;
        PARE_TRY(import_dtype(im, &type->dtype, "elem_type", proto->sparse_tensor_type->elem_type));
        return import_shape(im, type, proto->sparse_tensor_type->shape);
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        type->kind = PARE_TYPE_SEQUENCE;
        *inner = proto->sequence_type->elem_type;
        return PARE_OK;
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        type->kind = PARE_TYPE_OPTIONAL;
        *inner = proto->optional_type->elem_type;
        return PARE_OK;
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        type->kind = PARE_TYPE_MAP;
        *inner = proto->map_type->value_type;
        return import_dtype(im, &type->dtype, "key_type", proto->map_type->key_type);
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
        type->kind = PARE_TYPE_OPAQUE;
        return PARE_OK;
    default:
        type->kind = PARE_TYPE_NONE;
        return PARE_OK;
    }
}

pare_status pare_import_type(pare_importer *im, const pare_type **out, const Onnx__TypeProto *proto)
{
    *out = NULL;
    for (unsigned depth = 0; proto; depth++) {
        if (depth == PARE_MAX_TYPE_DEPTH)
            return pare_fail(im->ctx, PARE_EFORMAT,
                             "type: expected %d types inside of each other at most, "
                             "found more",
                             PARE_MAX_TYPE_DEPTH);
        pare_type *type = pare_arena_zero(&im->model->arena, sizeof(*type));
        if (!type) return pare_arena_fail(im->ctx, &im->model->arena);
        PARE_TRY(import_level(im, type, proto, &proto));
        *out = type;
        out = &type->elem;
    }
    return PARE_OK;
}
