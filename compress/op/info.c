#include "op/info.h"

#include "op/infer.h"
#include "op/wide.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

pare_status pare_shapes_new(pare_ctx *ctx, pare_shapes **out, size_t n_infos)
{
    pare_shapes *s = pare_alloc_zero(ctx, sizeof(*s));
    *out = s;
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    pare_arena_init(ctx, &s->arena, 0);
    s->n_infos = n_infos;
    s->infos = pare_arena_array(&s->arena, n_infos, sizeof(*s->infos));
    s->spare = pare_arena_array(&s->arena, PARE_MAX_RANK_ASKED, sizeof(*s->spare));
    s->exprs = pare_exprs_new(ctx, &s->arena);
    return s->infos && s->spare && s->exprs ? PARE_OK : pare_arena_fail(ctx, &s->arena);
}

void pare_shapes_free(pare_ctx *ctx, pare_shapes *shapes)
{
    if (!shapes) return;
    if (shapes->exprs) pare_exprs_free(ctx, shapes->exprs);
    pare_arena_free(&shapes->arena);
    pare_free(ctx, shapes);
}

pare_info pare_info_unknown(void)
{
    return (pare_info){ .kind = PARE_TYPE_NONE };
}

pare_info pare_info_unranked(pare_dtype dtype)
{
    return (pare_info){ .kind = PARE_TYPE_TENSOR, .dtype = dtype };
}

pare_info pare_info_ranked(pare_shapes *shapes, pare_dtype dtype, uint32_t rank, pare_num **dims)
{
    assert(rank <= PARE_MAX_RANK_ASKED);
    *dims = rank <= PARE_MAX_DIMS ? pare_arena_array(&shapes->arena, rank, sizeof(**dims))
                                  : shapes->spare;
    if (!*dims) {
        shapes->short_of_memory = true;
        *dims = shapes->spare;
    }
    if (*dims == shapes->spare) return pare_info_unranked(dtype);
    return (pare_info){ .kind = PARE_TYPE_TENSOR, .dtype = dtype, .has_rank = true, .rank = rank,
                        .dims = *dims };
}

pare_info pare_info_tensor(pare_shapes *shapes, pare_dtype dtype, uint32_t rank,
                           const pare_num *dims)
{
    pare_num *copy = NULL;
    const pare_info info = pare_info_ranked(shapes, dtype, rank, &copy);
    if (info.has_rank && rank) memcpy(copy, dims, rank * sizeof(*dims));
    return info;
}

pare_num pare_info_n_elements(pare_shapes *shapes, const pare_info *info)
{
    if (!pare_info_has_rank(info)) return pare_num_unknown();
    pare_num n = pare_num_int(1);
    for (uint32_t i = 0; i < info->rank; i++) n = pare_num_mul(shapes->exprs, n, info->dims[i]);
    return n;
}

void pare_info_set_content(pare_shapes *shapes, pare_info *info, const pare_num *content,
                           uint32_t n)
{
    info->content = NULL;
    info->n_content = 0;
    if (n > PARE_MAX_CONTENT || !pare_num_is(pare_info_n_elements(shapes, info), n)) return;
    info->content = pare_arena_copy(&shapes->arena, content, n * sizeof(*content));
    if (!info->content) shapes->short_of_memory = true;
    else info->n_content = n;
}

pare_info pare_info_vector(pare_shapes *shapes, pare_dtype dtype, const pare_num *content,
                           uint32_t n)
{
    const pare_num dim = pare_num_int(n);
    pare_info info = pare_info_tensor(shapes, dtype, 1, &dim);
    pare_info_set_content(shapes, &info, content, n);
    return info;
}

pare_info pare_info_scalar(pare_shapes *shapes, pare_dtype dtype, pare_num content)
{
    pare_info info = pare_info_tensor(shapes, dtype, 0, NULL);
    pare_info_set_content(shapes, &info, &content, 1);
    return info;
}

pare_info pare_info_alike(const pare_info *info)
{
    pare_info alike = *info;
    alike.content = NULL;
    alike.n_content = 0;
    alike.constant = NULL;
    return alike;
}

/* Types nest no deeper than in files, so that walking them needs little stack. */
static pare_info holder(pare_shapes *shapes, pare_type_kind kind, pare_info elem)
{
    uint32_t depth = 1;
    for (const pare_info *e = elem.elem; e; e = e->elem) depth++;
    if (depth > PARE_MAX_TYPE_DEPTH) return (pare_info){ .kind = kind };
    const pare_info *copy = pare_arena_copy(&shapes->arena, &elem, sizeof(elem));
    if (!copy) shapes->short_of_memory = true;
    return (pare_info){ .kind = kind, .elem = copy };
}

pare_info pare_info_sequence(pare_shapes *shapes, pare_info elem)
{
    return holder(shapes, PARE_TYPE_SEQUENCE, elem);
}

pare_info pare_info_optional(pare_shapes *shapes, pare_info elem)
{
    return holder(shapes, PARE_TYPE_OPTIONAL, elem);
}

static pare_num symbol_or_bound(pare_shapes *shapes, const char *name)
{
    for (const pare_binding *b = shapes->bindings; b && b->name; b++)
        if (pare_str_eq(b->name, name)) return pare_num_int(b->value);
    return *name ? pare_num_symbol(shapes->exprs, name) : pare_num_unknown();
}

static pare_num dim_num(pare_shapes *shapes, const pare_dim *dim)
{
    switch (dim->kind) {
    case PARE_DIM_VALUE: return dim->value >= 0 ? pare_num_int(dim->value) : pare_num_unknown();
    case PARE_DIM_PARAM: return symbol_or_bound(shapes, dim->param);
    case PARE_DIM_UNKNOWN: break;
    }
    return pare_num_unknown();
}

static pare_info info_from_tensor_type(pare_shapes *shapes, const pare_type *type)
{
    pare_info info = pare_info_unranked(type->dtype);
    if (type->has_shape && type->rank <= PARE_MAX_DIMS) {
        pare_num *dims = NULL;
        info = pare_info_ranked(shapes, type->dtype, type->rank, &dims);
        for (uint32_t i = 0; i < type->rank; i++) dims[i] = dim_num(shapes, &type->dims[i]);
    }
    info.kind = type->kind;
    return info;
}

pare_info pare_info_from_type(pare_shapes *shapes, const pare_type *type)
{
    if (!type) return pare_info_unknown();
    switch (type->kind) {
    case PARE_TYPE_TENSOR:
    case PARE_TYPE_SPARSE_TENSOR: return info_from_tensor_type(shapes, type);
    case PARE_TYPE_SEQUENCE:
    case PARE_TYPE_OPTIONAL:
    case PARE_TYPE_MAP: {
        /* Types nest at most PARE_MAX_TYPE_DEPTH deep, so this recursion is bounded. */
        pare_info info = holder(shapes, type->kind, pare_info_from_type(shapes, type->elem));
        info.dtype = type->dtype;
        return info;
    }
    case PARE_TYPE_OPAQUE: return (pare_info){ .kind = PARE_TYPE_OPAQUE };
    case PARE_TYPE_NONE: break;
    }
    return pare_info_unknown();
}

/* Element i of dense data as a number; unknown for types that shapes are never computed from. */
static pare_num element(pare_dtype dtype, const uint8_t *data, int64_t i)
{
    switch (dtype) {
    case PARE_UINT64: { /* wraps when it is loaded */
        const int64_t value = pare_wide_i64_at(dtype, data, i);
        return value >= 0 ? pare_num_int(value) : pare_num_unknown();
    }
    case PARE_INT64:
    case PARE_INT32:
    case PARE_INT16:
    case PARE_INT8:
    case PARE_UINT32:
    case PARE_UINT16:
    case PARE_UINT8:
    case PARE_BOOL: return pare_num_int(pare_wide_i64_at(dtype, data, i));
    case PARE_DOUBLE:
    case PARE_FLOAT:
    case PARE_FLOAT16: return pare_num_real(pare_wide_f64_at(dtype, data, i));
    default: return pare_num_unknown();
    }
}

static void read_content(pare_ctx *ctx, pare_shapes *shapes, pare_info *info,
                         const pare_tensor *tensor)
{
    pare_buf *view = NULL;
    const uint8_t *data = NULL;
    pare_num content[PARE_MAX_CONTENT];
    if (pare_tensor_dense(ctx, &view, &data, tensor)) {
        shapes->short_of_memory = true; /* payloads were checked when the file was opened */
        return;
    }
    const uint32_t n = (uint32_t)tensor->n_elements;
    for (uint32_t i = 0; i < n; i++) content[i] = element(tensor->dtype, data, i);
    pare_info_set_content(shapes, info, content, n);
    pare_buf_unref(view);
}

pare_info pare_info_from_tensor(pare_ctx *ctx, pare_shapes *shapes, const pare_tensor *tensor)
{
    pare_num *dims = NULL;
    pare_info info = pare_info_ranked(shapes, tensor->dtype, tensor->rank, &dims);
    for (uint32_t i = 0; i < tensor->rank; i++) dims[i] = pare_num_int(tensor->dims[i]);
    info.constant = tensor;
    if (info.has_rank && tensor->n_elements <= PARE_MAX_CONTENT &&
        pare_dtype_of(tensor->dtype)->bits >= 8)
        read_content(ctx, shapes, &info, tensor);
    return info;
}

pare_num pare_info_at(const pare_info *info, uint32_t i)
{
    return info && info->content && i < info->n_content ? info->content[i] : pare_num_unknown();
}

bool pare_info_ints(const pare_info *info, int64_t *out)
{
    if (!info || !info->content) return false;
    for (uint32_t i = 0; i < info->n_content; i++) {
        if (info->content[i].kind != PARE_NUM_INT) return false;
        out[i] = info->content[i].i;
    }
    return true;
}

static bool merge_dims(pare_shapes *shapes, pare_info *info, const pare_info *other)
{
    pare_num *dims = NULL;
    bool agree = true;
    pare_info merged = pare_info_ranked(shapes, info->dtype, info->rank, &dims);
    for (uint32_t i = 0; i < info->rank; i++) {
        const pare_num mine = info->dims[i];
        const pare_num theirs = other->dims[i];
        dims[i] = mine.kind == PARE_NUM_UNKNOWN ? theirs : mine;
        if (mine.kind == PARE_NUM_INT && theirs.kind == PARE_NUM_INT && mine.i != theirs.i)
            agree = false;
        if (mine.kind == PARE_NUM_EXPR && theirs.kind == PARE_NUM_INT) dims[i] = theirs;
    }
    if (merged.has_rank) info->dims = dims;
    return agree;
}

bool pare_info_merge(pare_shapes *shapes, pare_info *info, const pare_info *other)
{
    if (other->kind == PARE_TYPE_NONE) return true;
    if (info->kind == PARE_TYPE_NONE) {
        *info = *other;
        return true;
    }
    if (info->kind != other->kind) return false;
    bool agree = true;
    if (info->dtype == PARE_DTYPE_UNDEFINED) info->dtype = other->dtype;
    else if (other->dtype != PARE_DTYPE_UNDEFINED && info->dtype != other->dtype) agree = false;
    if (!info->elem) info->elem = other->elem;
    if (!other->has_rank) return agree;
    if (!info->has_rank) {
        info->has_rank = true;
        info->rank = other->rank;
        info->dims = other->dims;
        return agree;
    }
    if (info->rank != other->rank) return false;
    return merge_dims(shapes, info, other) && agree;
}

/* Both have the same rank. Most often the dims are equal, and nothing is copied. */
static pare_info join_dims(pare_shapes *shapes, pare_dtype dtype, const pare_info *a,
                           const pare_info *b)
{
    pare_num *dims = NULL;
    bool same = true;
    for (uint32_t i = 0; same && i < a->rank; i++)
        same = a->dims[i].kind == PARE_NUM_UNKNOWN || pare_num_equal(a->dims[i], b->dims[i]);
    if (same)
        return (pare_info){ .kind = PARE_TYPE_TENSOR, .dtype = dtype, .has_rank = true,
                            .rank = a->rank, .dims = a->dims };
    const pare_info info = pare_info_ranked(shapes, dtype, a->rank, &dims);
    for (uint32_t i = 0; i < a->rank; i++)
        dims[i] = pare_num_equal(a->dims[i], b->dims[i]) ? a->dims[i] : pare_num_unknown();
    return info;
}

static pare_info join_tensors(pare_shapes *shapes, const pare_info *a, const pare_info *b)
{
    const pare_dtype dtype = a->dtype == b->dtype ? a->dtype : PARE_DTYPE_UNDEFINED;
    if (!a->has_rank || !b->has_rank || a->rank != b->rank) return pare_info_unranked(dtype);
    pare_info info = join_dims(shapes, dtype, a, b);
    if (!a->content || !b->content || a->n_content != b->n_content) return info;
    pare_num content[PARE_MAX_CONTENT];
    for (uint32_t i = 0; i < a->n_content; i++)
        content[i] =
            pare_num_equal(a->content[i], b->content[i]) ? a->content[i] : pare_num_unknown();
    pare_info_set_content(shapes, &info, content, a->n_content);
    return info;
}

pare_info pare_info_join(pare_shapes *shapes, const pare_info *a, const pare_info *b)
{
    if (a->kind != b->kind || a->kind == PARE_TYPE_NONE) return pare_info_unknown();
    if (a->kind == PARE_TYPE_TENSOR || a->kind == PARE_TYPE_SPARSE_TENSOR) {
        pare_info info = join_tensors(shapes, a, b);
        info.kind = a->kind;
        return info;
    }
    if (!a->elem || !b->elem) return pare_info_unknown();
    pare_info elem = pare_info_join(shapes, a->elem, b->elem);
    const pare_info *only = a->is_empty ? b->elem : b->is_empty ? a->elem : NULL;
    if (only && elem.kind == PARE_TYPE_TENSOR && elem.dtype == only->dtype) elem = *only;
    pare_info info = holder(shapes, a->kind, elem);
    info.is_empty = a->is_empty && b->is_empty;
    return info;
}

static void put(char *out, size_t out_bytes, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, out_bytes - used, "%s", text);
}

const char *pare_info_text(char *out, size_t out_bytes, const pare_shapes *shapes,
                           const pare_info *info)
{
    char number[128];
    out[0] = '\0';
    switch (info->kind) {
    case PARE_TYPE_NONE: put(out, out_bytes, "?"); return out;
    case PARE_TYPE_OPAQUE: put(out, out_bytes, "opaque"); return out;
    case PARE_TYPE_SEQUENCE:
    case PARE_TYPE_OPTIONAL:
    case PARE_TYPE_MAP: {
        char elem[256] = "?";
        if (info->elem) pare_info_text(elem, sizeof(elem), shapes, info->elem);
        const char *name = info->kind == PARE_TYPE_SEQUENCE ? "seq"
                           : info->kind == PARE_TYPE_OPTIONAL ? "optional" : "map";
        snprintf(out, out_bytes, "%s(%s)", name, elem);
        return out;
    }
    case PARE_TYPE_TENSOR:
    case PARE_TYPE_SPARSE_TENSOR: break;
    }
    put(out, out_bytes, info->dtype == PARE_DTYPE_UNDEFINED ? "?" : pare_dtype_name(info->dtype));
    if (!info->has_rank) put(out, out_bytes, "[...]");
    if (!info->has_rank || !info->rank) return out;
    for (uint32_t i = 0; i < info->rank; i++) {
        put(out, out_bytes, i ? "," : "[");
        put(out, out_bytes, pare_num_text(number, sizeof(number), shapes->exprs, info->dims[i]));
    }
    put(out, out_bytes, "]");
    return out;
}
