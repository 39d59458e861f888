#include "op/parts.h"

#include "base/checked.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>

pare_status pare_pile_add(pare_ctx *ctx, pare_pile *pile, pare_datum *datum)
{
    const pare_status st =
        pare_grow(ctx, &pile->items, &pile->cap, pile->n + 1, sizeof(*pile->items));
    if (st) {
        pare_datum_drop(ctx, datum);
        return st;
    }
    pile->items[pile->n++] = *datum;
    *datum = (pare_datum){ .kind = PARE_TYPE_NONE };
    return PARE_OK;
}

void pare_pile_free(pare_ctx *ctx, pare_pile *pile)
{
    pare_datums_free(ctx, pile->items, pile->n);
    *pile = (pare_pile){ 0 };
}

void pare_pile_out_sequence(pare_eval_io *io, uint32_t i, pare_pile *pile)
{
    io->out[i] = (pare_datum){ .kind = PARE_TYPE_SEQUENCE, .items = pile->items,
                               .n_items = pile->n };
    *pile = (pare_pile){ 0 };
}

pare_status pare_part_axis(pare_ctx *ctx, const pare_eval_io *io, const char *what, int64_t axis,
                           uint32_t rank, uint32_t *out)
{
    const pare_infer_io as_infer = { .call = io->call, .shapes = io->shapes };
    return pare_axis(ctx, &as_infer, what, axis, rank, out);
}

pare_status pare_eval_integer(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (!t || t->n_elements != 1 || pare_wide_of(t->dtype) != PARE_WIDE_I64)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected one integer, found %s", i,
                              !t ? "no tensor"
                              : t->n_elements != 1 ? "another number of elements"
                                                   : pare_dtype_name(t->dtype));
    *out = pare_wide_i64_at(t->dtype, pare_eval_data(t), 0);
    return PARE_OK;
}

pare_status pare_eval_sequence(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                               const pare_datum **out)
{
    *out = i < io->n_in ? io->in[i] : NULL;
    if (*out && (*out)->kind == PARE_TYPE_SEQUENCE) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a sequence, found %s", i,
                          *out ? "something else" : "none");
}

/* --- joining ---------------------------------------------------------------------------------- */

/* Checks the parts against the first one and finds the sum of their dims along the axis. */
static pare_status check_parts(pare_ctx *ctx, const pare_eval_io *io, const char *what,
                               const pare_datum *parts, size_t n, uint32_t axis, bool new_axis,
                               int64_t *sum)
{
    *sum = new_axis ? (int64_t)n : 0;
    for (size_t k = 0; k < n; k++) {
        const pare_tensor *t = parts[k].tensor;
        if (parts[k].kind != PARE_TYPE_TENSOR)
            return pare_call_fail(ctx, io->call, "%s: expected tensors, found something else",
                                  what);
        const pare_tensor *first = parts[0].tensor;
        bool same = t->dtype == first->dtype && t->rank == first->rank;
        for (uint32_t d = 0; same && d < t->rank; d++)
            same = t->dims[d] == first->dims[d] || (!new_axis && d == axis);
        if (!same)
            return pare_call_fail(ctx, io->call,
                                  "%s: expected tensors of one type and shape, found others at "
                                  "part %zu",
                                  what, k);
        if (!new_axis && !pare_add_i64(*sum, t->dims[axis], sum))
            return pare_call_fail(ctx, io->call, "%s: too large", what);
    }
    return PARE_OK;
}

pare_status pare_join_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const char *what,
                          const pare_datum *parts, size_t n, pare_join join)
{
    const pare_tensor *first = parts[0].tensor;
    int64_t dims[PARE_MAX_DIMS];
    int64_t sum = 0;
    uint32_t axis = 0;
    pare_mover out = { 0 };
    if (parts[0].kind != PARE_TYPE_TENSOR)
        return pare_call_fail(ctx, io->call, "%s: expected tensors, found something else", what);
    const uint32_t rank = first->rank + join.new_axis;
    if (rank > PARE_MAX_DIMS)
        return pare_call_fail(ctx, io->call, "%s: expected at most %d axes, found %" PRIu32, what,
                              PARE_MAX_DIMS, rank);
    PARE_TRY(pare_part_axis(ctx, io, what, join.axis, rank, &axis));
    PARE_TRY(check_parts(ctx, io, what, parts, n, axis, join.new_axis, &sum));
    for (uint32_t d = 0, from = 0; d < rank; d++) {
        if (d != axis || !join.new_axis) dims[d] = first->dims[from++];
        if (d == axis && !pare_add_i64(sum, join.padding, &dims[d])) dims[d] = INT64_MAX;
    }
    PARE_TRY(pare_mover_out_as(ctx, io, i, NULL, first->dtype, rank, dims, &out));
    if (!io->out[i].tensor->n_elements) return PARE_OK;
    const int64_t n_outer = pare_count(dims, 0, axis);
    int64_t at = 0;
    for (int64_t outer = 0; outer < n_outer; outer++) {
        for (size_t k = 0; k < n; k++) {
            const pare_tensor *t = parts[join.reversed ? n - 1 - k : k].tensor;
            const int64_t run = pare_count(t->dims, axis, t->rank);
            pare_mover_run(&out, at, t, outer * run, run);
            at += run;
        }
        at += join.padding * pare_count(first->dims, axis, first->rank);
    }
    return pare_mover_finish(ctx, io, i);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* Bytes of a view of a tensor's elements; false when its start is inside of a byte. */
static bool view_of(const pare_tensor *t, int64_t from, int64_t n, pare_bytes *out)
{
    const uint64_t bits = pare_dtype_of(t->dtype)->bits;
    if ((uint64_t)from * bits % 8 || (bits < 8 && (uint64_t)n * bits % 8)) return false;
    out->n = (size_t)n * bits / 8;
    out->data = t->payload.data ? t->payload.data + (uint64_t)from * bits / 8 : NULL;
    return true;
}

static pare_status share(pare_ctx *ctx, pare_datum *out, const pare_tensor *t, uint32_t rank,
                         const int64_t *dims, int64_t from, int64_t n, bool *shared)
{
    pare_bytes payload = { 0 };
    *shared = true;
    out->kind = PARE_TYPE_TENSOR;
    if (t->encoding == PARE_ENC_STRINGS)
        return pare_tensor_wrap_strings(ctx, &out->tensor, rank, dims,
                                        t->strings ? t->strings + from : NULL, t->owner);
    *shared = view_of(t, from, n, &payload);
    if (!*shared) return PARE_OK;
    return pare_tensor_wrap(ctx, &out->tensor, t->dtype, rank, dims, PARE_ENC_DENSE, payload,
                            t->owner);
}

pare_status pare_part_of(pare_ctx *ctx, const pare_eval_io *io, pare_datum *out,
                         const pare_tensor *tensor, uint32_t axis, int64_t start, int64_t count,
                         bool drop_axis)
{
    int64_t dims[PARE_MAX_DIMS];
    uint32_t rank = 0;
    *out = (pare_datum){ .kind = PARE_TYPE_NONE };
    for (uint32_t d = 0; d < tensor->rank; d++) {
        if (d != axis) dims[rank++] = tensor->dims[d];
        else if (!drop_axis) dims[rank++] = count;
    }
    /* without elements products may not fit, and are not needed */
    const int64_t n_outer = tensor->n_elements ? pare_count(tensor->dims, 0, axis) : 1;
    const int64_t inner = tensor->n_elements ? pare_count(tensor->dims, axis + 1, tensor->rank) : 0;
    if (n_outer == 1) {
        bool shared = false;
        const pare_status st =
            share(ctx, out, tensor, rank, dims, start * inner, count * inner, &shared);
        if (st || !shared) *out = (pare_datum){ .kind = PARE_TYPE_NONE };
        if (st || shared) return st;
    }
    pare_eval_io part = *io;
    pare_mover to = { 0 };
    part.out = out;
    part.n_out = 1;
    PARE_TRY(pare_mover_out_as(ctx, &part, 0, tensor, tensor->dtype, rank, dims, &to));
    const int64_t step = tensor->dims[axis] * inner;
    for (int64_t outer = 0; outer < n_outer; outer++)
        pare_mover_run(&to, outer * count * inner, tensor, outer * step + start * inner,
                       count * inner);
    return PARE_OK;
}

/* --- strings ---------------------------------------------------------------------------------- */

pare_status pare_string_list_write(pare_ctx *ctx, pare_string_list *list, const void *bytes,
                                   size_t n)
{
    size_t want = 0;
    if (!n) return PARE_OK;
    if (!pare_add_size(list->n_bytes, n, &want)) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_grow(ctx, &list->bytes, &list->bytes_cap, want, 1));
    memcpy(list->bytes + list->n_bytes, bytes, n);
    list->n_bytes = want;
    return PARE_OK;
}

pare_status pare_string_list_end(pare_ctx *ctx, pare_string_list *list)
{
    PARE_TRY(pare_grow(ctx, &list->ends, &list->ends_cap, list->n + 1, sizeof(*list->ends)));
    list->ends[list->n++] = list->n_bytes;
    return PARE_OK;
}

pare_status pare_string_list_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                                 const pare_string_list *list, uint32_t rank, const int64_t *dims)
{
    pare_buf *owner = NULL;
    pare_bytes *strings = NULL;
    PARE_TRY(pare_buf_new(ctx, &owner, list->n_bytes));
    if (list->n_bytes) memcpy(owner->data, list->bytes, list->n_bytes);
    const pare_status st = pare_eval_out_strings(ctx, io, i, rank, dims, &strings, owner);
    pare_buf_unref(owner);
    size_t start = 0;
    for (size_t k = 0; !st && k < list->n; k++) {
        strings[k] = (pare_bytes){ owner->data + start, list->ends[k] - start };
        start = list->ends[k];
    }
    return st;
}

void pare_string_list_free(pare_ctx *ctx, pare_string_list *list)
{
    pare_free(ctx, list->bytes);
    pare_free(ctx, list->ends);
    *list = (pare_string_list){ 0 };
}

pare_status pare_eval_strings(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                              const pare_tensor **out)
{
    *out = pare_eval_tensor(io, i);
    if (*out && (*out)->encoding == PARE_ENC_STRINGS) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected strings, found %s", i,
                          *out ? pare_dtype_name((*out)->dtype) : "none");
}
