#include "formats/onnx/export_parts.h"

typedef Onnx__TensorShapeProto__Dimension dim_message;

static dim_message *export_dim(pare_export *e, const pare_dim *dim, const dim_message *source)
{
    dim_message *msg =
        pare_export_message(e, &onnx__tensor_shape_proto__dimension__descriptor, source);
    if (!msg) return NULL;
    msg->denotation = pare_export_text(dim->denotation);
    switch (dim->kind) {
    case PARE_DIM_UNKNOWN:
        /* Some exporters write a number below 0 for it, which may stay. */
        if (msg->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ||
            msg->dim_value >= 0)
            msg->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET;
        break;
    case PARE_DIM_VALUE:
        msg->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        msg->dim_value = dim->value;
        break;
    case PARE_DIM_PARAM:
        msg->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        msg->dim_param = pare_export_text(dim->param);
        break;
    }
    return msg;
}

static Onnx__TensorShapeProto *export_shape(pare_export *e, const pare_type *type,
                                            const Onnx__TensorShapeProto *source)
{
    if (!type->has_shape) return NULL;
    Onnx__TensorShapeProto *msg =
        pare_export_message(e, &onnx__tensor_shape_proto__descriptor, source);
    if (!msg) return NULL;
    /* With another rank, which dimension is which is not known. */
    dim_message *const *old = source && source->n_dim == type->rank ? source->dim : NULL;
    msg->n_dim = type->rank;
    msg->dim = pare_export_array(e, type->rank, sizeof(*msg->dim));
    for (uint32_t i = 0; i < type->rank && !e->status; i++)
        msg->dim[i] = export_dim(e, &type->dims[i], old ? old[i] : NULL);
    return msg;
}

/* Element types: undefined is absent, unless the source said so in as many words. */
static void export_dtype(pare_export *e, protobuf_c_boolean *has, int32_t *field, pare_dtype dtype,
                         const void *source)
{
    if (source && *field == (int32_t)dtype) return;
    *has = dtype != PARE_DTYPE_UNDEFINED;
    *field = (int32_t)dtype;
    pare_export_need(e, pare_dtype_of(dtype)->ir_version);
}

static void export_tensor_type(pare_export *e, Onnx__TypeProto *msg, const pare_type *type)
{
    const Onnx__TypeProto__Tensor *source =
        msg->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? msg->tensor_type : NULL;
    Onnx__TypeProto__Tensor *part =
        pare_export_message(e, &onnx__type_proto__tensor__descriptor, source);
    if (!part) return;
    export_dtype(e, &part->has_elem_type, &part->elem_type, type->dtype, source);
    part->shape = export_shape(e, type, source ? source->shape : NULL);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    msg->tensor_type = part;
}

static void export_sparse_type(pare_export *e, Onnx__TypeProto *msg, const pare_type *type)
{
    const Onnx__TypeProto__SparseTensor *source =
        msg->value_case == ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE ? msg->sparse_tensor_type
                                                                      : NULL;
    Onnx__TypeProto__SparseTensor *part =
        pare_export_message(e, &onnx__type_proto__sparse_tensor__descriptor, source);
    if (!part) return;
    export_dtype(e, &part->has_elem_type, &part->elem_type, type->dtype, source);
    part->shape = export_shape(e, type, source ? source->shape : NULL);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE;
    msg->sparse_tensor_type = part;
    if (!source) pare_export_need(e, 8);
}

static void export_sequence_type(pare_export *e, Onnx__TypeProto *msg, const pare_type *type)
{
    const Onnx__TypeProto__Sequence *source =
        msg->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE ? msg->sequence_type : NULL;
    Onnx__TypeProto__Sequence *part =
        pare_export_message(e, &onnx__type_proto__sequence__descriptor, source);
    if (!part) return;
    part->elem_type = pare_export_type(e, type->elem);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
    msg->sequence_type = part;
}

static void export_optional_type(pare_export *e, Onnx__TypeProto *msg, const pare_type *type)
{
    const Onnx__TypeProto__Optional *source =
        msg->value_case == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE ? msg->optional_type : NULL;
    Onnx__TypeProto__Optional *part =
        pare_export_message(e, &onnx__type_proto__optional__descriptor, source);
    if (!part) return;
    part->elem_type = pare_export_type(e, type->elem);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
    msg->optional_type = part;
    if (!source) pare_export_need(e, 8);
}

static void export_map_type(pare_export *e, Onnx__TypeProto *msg, const pare_type *type)
{
    const Onnx__TypeProto__Map *source =
        msg->value_case == ONNX__TYPE_PROTO__VALUE_MAP_TYPE ? msg->map_type : NULL;
    Onnx__TypeProto__Map *part = pare_export_message(e, &onnx__type_proto__map__descriptor, source);
    if (!part) return;
    export_dtype(e, &part->has_key_type, &part->key_type, type->dtype, source);
    part->value_type = pare_export_type(e, type->elem);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_MAP_TYPE;
    msg->map_type = part;
}

static void export_opaque_type(pare_export *e, Onnx__TypeProto *msg)
{
    if (msg->value_case == ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE)
        return; /* the IR holds none of it */
    msg->opaque_type = pare_export_message(e, &onnx__type_proto__opaque__descriptor, NULL);
    msg->value_case = ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE;
}

/* Recursion: as deep as types are nested, PARE_MAX_TYPE_DEPTH. */
Onnx__TypeProto *pare_export_type(pare_export *e, const pare_type *type)
{
    if (!type) return NULL;
    Onnx__TypeProto *msg = pare_export_message(e, &onnx__type_proto__descriptor, type->source);
    if (!msg) return NULL;
    msg->denotation = pare_export_text(type->denotation);
    switch (type->kind) {
    case PARE_TYPE_NONE:
        msg->value_case = ONNX__TYPE_PROTO__VALUE__NOT_SET;
        break;
    case PARE_TYPE_TENSOR:
        export_tensor_type(e, msg, type);
        break;
    case PARE_TYPE_SPARSE_TENSOR:
        export_sparse_type(e, msg, type);
        break;
    case PARE_TYPE_SEQUENCE:
        export_sequence_type(e, msg, type);
        break;
    case PARE_TYPE_OPTIONAL:
        export_optional_type(e, msg, type);
        break;
    case PARE_TYPE_MAP:
        export_map_type(e, msg, type);
        break;
    case PARE_TYPE_OPAQUE:
        export_opaque_type(e, msg);
        break;
    }
    return msg;
}

Onnx__ValueInfoProto *pare_export_decl(pare_export *e, const pare_decl *decl)
{
    const char *name =
        decl->value == PARE_NONE ? decl->name : pare_value_at(e->model, decl->value)->name;
    const Onnx__ValueInfoProto *source = decl->source;
    if (source && !decl->dirty && source->name && pare_str_eq(source->name, name))
        return (Onnx__ValueInfoProto *)source;
    Onnx__ValueInfoProto *msg = pare_export_message(e, &onnx__value_info_proto__descriptor, source);
    if (!msg) return NULL;
    msg->name = pare_export_text(name);
    msg->type = pare_export_type(e, decl->type);
    return msg;
}
