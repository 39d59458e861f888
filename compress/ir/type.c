#include "ir/type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const pare_type *pare_type_tensor(pare_arena *arena, pare_dtype dtype, uint32_t rank,
                                  const int64_t *dims)
{
    pare_type *type = pare_arena_zero(arena, sizeof(*type));
    pare_dim *copy = pare_arena_array(arena, rank, sizeof(*copy));
    if (!type || !copy) return NULL;
    for (uint32_t i = 0; i < rank; i++)
        copy[i] = (pare_dim){ .kind = PARE_DIM_VALUE, .value = dims[i] };
    *type = (pare_type){
        .kind = PARE_TYPE_TENSOR, .dtype = dtype, .has_shape = true, .rank = rank, .dims = copy,
    };
    return type;
}

static bool copy_text(pare_arena *arena, const char **text)
{
    if (*text) *text = pare_arena_str(arena, *text);
    return *text != NULL;
}

static const pare_dim *copy_dims(pare_arena *arena, const pare_type *type)
{
    pare_dim *dims = pare_arena_array(arena, type->rank, sizeof(*dims));
    if (!dims) return NULL;
    for (uint32_t i = 0; i < type->rank; i++) {
        dims[i] = type->dims[i];
        if (dims[i].param && !copy_text(arena, &dims[i].param)) return NULL;
        if (dims[i].denotation && !copy_text(arena, &dims[i].denotation)) return NULL;
    }
    return dims;
}

const pare_type *pare_type_copy(pare_arena *arena, const pare_type *type)
{
    const pare_type *head = NULL;
    const pare_type **place = &head; /* where the copy of the next level goes */
    for (; type; type = type->elem) {
        pare_type *copy = pare_arena_copy(arena, type, sizeof(*type));
        if (!copy) return NULL;
        if (type->denotation && !copy_text(arena, &copy->denotation)) return NULL;
        if (type->has_shape && !(copy->dims = copy_dims(arena, type))) return NULL;
        copy->elem = NULL;
        *place = copy;
        place = &copy->elem;
    }
    return head;
}

/* Text into a fixed space: what does not fit is cut. */
typedef struct text_out {
    char *out;
    size_t n_bytes, used;
} text_out;

static void put(text_out *t, const char *text)
{
    const size_t room = t->n_bytes - t->used; /* >= 1, for the terminator */
    size_t n = strlen(text);
    if (n >= room) n = room - 1;
    memcpy(t->out + t->used, text, n);
    t->used += n;
    t->out[t->used] = '\0';
}

static void put_dims(text_out *t, const pare_type *type)
{
    put(t, "[");
    for (uint32_t i = 0; i < type->rank; i++) {
        const pare_dim *d = &type->dims[i];
        char number[24] = "?";
        if (d->kind == PARE_DIM_VALUE) snprintf(number, sizeof(number), "%" PRId64, d->value);
        if (i) put(t, ",");
        put(t, d->kind == PARE_DIM_PARAM ? d->param : number);
    }
    put(t, "]");
}

static void put_tensor(text_out *t, const pare_type *type)
{
    put(t, pare_dtype_name(type->dtype));
    if (!type->has_shape) put(t, "[]");
    else if (type->rank) put_dims(t, type);
}

const char *pare_type_text(char *out, size_t out_bytes, const pare_type *type)
{
    text_out t = { out, out_bytes, 0 };
    char closing[PARE_MAX_TYPE_DEPTH + 2] = "";
    size_t depth = 0;
    put(&t, "");
    for (; type && depth < PARE_MAX_TYPE_DEPTH; type = type->elem) {
        const bool inner = depth > 0;
        switch (type->kind) {
        case PARE_TYPE_TENSOR:
            if (inner) put(&t, "tensor(");
            put_tensor(&t, type);
            if (inner) put(&t, ")");
            break;
        case PARE_TYPE_SPARSE_TENSOR:
            put(&t, "sparse_tensor(");
            put_tensor(&t, type);
            put(&t, ")");
            break;
        case PARE_TYPE_SEQUENCE: put(&t, "seq("); break;
        case PARE_TYPE_OPTIONAL: put(&t, "optional("); break;
        case PARE_TYPE_MAP:
            put(&t, "map(");
            put(&t, pare_dtype_name(type->dtype));
            put(&t, ",");
            break;
        case PARE_TYPE_OPAQUE: put(&t, "opaque"); break;
        case PARE_TYPE_NONE: put(&t, "undefined"); break;
        }
        if (type->kind == PARE_TYPE_SEQUENCE || type->kind == PARE_TYPE_OPTIONAL ||
            type->kind == PARE_TYPE_MAP) {
            closing[depth++] = ')';
            closing[depth] = '\0';
        }
    }
    put(&t, closing);
    return out;
}
