#include "op/eval.h"

#include "base/checked.h"
#include "op/evaluator.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool pare_eval_wants(const pare_eval_io *io, uint32_t i)
{
    return i < io->n_out && (!io->call->node || io->call->node->outputs[i] != PARE_NONE);
}

static void set_tensor(pare_eval_io *io, uint32_t i, pare_tensor *tensor)
{
    io->out[i] = (pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = tensor };
}

static void write_dims(char *text, size_t n_bytes, uint32_t rank, const int64_t *dims)
{
    size_t used = 0;
    *text = '\0';
    for (uint32_t d = 0; d < rank && used + 24 < n_bytes; d++)
        used += (size_t)snprintf(text + used, n_bytes - used, "%s%" PRId64, d ? "," : "",
                                 dims[d]);
}

pare_status pare_eval_count(pare_ctx *ctx, const pare_eval_io *io, int64_t *n, uint32_t rank,
                            const int64_t *dims)
{
    char text[256];
    const pare_status st = pare_tensor_count(ctx, n, rank, dims);
    if (!st) return PARE_OK;
    write_dims(text, sizeof(text), rank, dims);
    return pare_call_fail(ctx, io->call, "expected less than 2^63 elements, found [%s]", text);
}

/* Says which output it was that is too large. */
static pare_status fail_size(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, pare_dtype dtype,
                             uint32_t rank, const int64_t *dims, pare_status status)
{
    char text[256];
    write_dims(text, sizeof(text), rank, dims);
    pare_call_fail(ctx, io->call, "output %" PRIu32 ": expected %s, found %s[%s]", i,
                   status == PARE_ENOMEM ? "memory to hold it" : "less than 2^63 bytes",
                   pare_dtype_name(dtype), text);
    return status;
}

pare_status pare_eval_out_as(pare_ctx *ctx, pare_eval_io *io, uint32_t i, pare_dtype dtype,
                             uint32_t rank, const int64_t *dims, void **data)
{
    pare_tensor *tensor = NULL;
    const pare_status st = pare_tensor_new(ctx, &tensor, dtype, rank, dims);
    if (st) return fail_size(ctx, io, i, dtype, rank, dims, st);
    *data = tensor->owner->data;
    set_tensor(io, i, tensor);
    return PARE_OK;
}

pare_status pare_eval_out_dims(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t *dims)
{
    const pare_info *info = &io->info[i];
    bool known = pare_info_has_rank(info) && info->dtype != PARE_DTYPE_UNDEFINED;
    for (uint32_t d = 0; known && d < info->rank; d++) {
        known = info->dims[d].kind == PARE_NUM_INT;
        dims[d] = info->dims[d].i;
    }
    if (known) return PARE_OK;
    pare_call_fail(ctx, io->call,
                   "output %" PRIu32 ": expected a type and shape that follow from the inputs, "
                   "found none that fit", i);
    return PARE_EUNSUPPORTED;
}

pare_status pare_eval_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, void **data)
{
    int64_t dims[PARE_MAX_DIMS];
    PARE_TRY(pare_eval_out_dims(ctx, io, i, dims));
    return pare_eval_out_as(ctx, io, i, io->info[i].dtype, io->info[i].rank, dims, data);
}

/* Strings of a tensor and what keeps their bytes alive. */
typedef struct string_owner {
    pare_allocator allocator;
    pare_buf *bytes;
} string_owner;

static void release_strings(void *owner)
{
    string_owner *o = owner;
    const pare_allocator a = o->allocator;
    pare_buf_unref(o->bytes);
    a.release(a.user, o); /* the strings stand behind it */
}

pare_status pare_eval_out_strings(pare_ctx *ctx, pare_eval_io *io, uint32_t i, uint32_t rank,
                                  const int64_t *dims, pare_bytes **strings, pare_buf *owner)
{
    int64_t n = 0;
    if (pare_tensor_count(ctx, &n, rank, dims) || n > (int64_t)(SIZE_MAX / 4 / sizeof(**strings)))
        return fail_size(ctx, io, i, PARE_STRING, rank, dims, PARE_EFORMAT);
    const size_t n_bytes = sizeof(string_owner) + (size_t)n * sizeof(**strings);
    string_owner *o = pare_alloc_zero(ctx, n_bytes);
    if (!o) return fail_size(ctx, io, i, PARE_STRING, rank, dims, PARE_ENOMEM);
    /* Strings of another output: only their bytes are needed. Else owners would pile up. */
    if (owner && owner->release == release_strings) owner = ((string_owner *)owner->owner)->bytes;
    *o = (string_owner){ ctx->opts.allocator, pare_buf_ref(owner) };
    *strings = (pare_bytes *)(o + 1);
    pare_buf *buf = NULL;
    pare_status st = pare_buf_wrap(ctx, &buf, *strings, (uint64_t)n * sizeof(**strings),
                                   release_strings, o);
    if (st) {
        release_strings(o);
        return st;
    }
    pare_tensor *tensor = NULL;
    st = pare_tensor_wrap_strings(ctx, &tensor, rank, dims, *strings, buf);
    pare_buf_unref(buf);
    if (!st) set_tensor(io, i, tensor);
    return st;
}

pare_status pare_eval_own_strings(pare_ctx *ctx, pare_eval_io *io, uint32_t i)
{
    const pare_tensor *tensor = io->out[i].tensor;
    string_owner *o = tensor->owner->owner;
    pare_bytes *strings = (pare_bytes *)(o + 1);
    pare_buf *bytes = NULL;
    uint64_t n_bytes = 0;
    assert(tensor->owner->release == release_strings && !o->bytes);
    for (int64_t k = 0; k < tensor->n_elements; k++)
        if (!pare_add_u64(n_bytes, strings[k].n, &n_bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_buf_new(ctx, &bytes, n_bytes));
    uint8_t *to = bytes->data;
    for (int64_t k = 0; k < tensor->n_elements; k++) {
        if (strings[k].n) memcpy(to, strings[k].data, strings[k].n);
        strings[k].data = to;
        to += strings[k].n;
    }
    o->bytes = bytes;
    return PARE_OK;
}

pare_status pare_eval_out_view(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                               const pare_tensor *tensor, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims)
{
    pare_tensor *view = NULL;
    if (tensor->encoding == PARE_ENC_STRINGS)
        PARE_TRY(pare_tensor_wrap_strings(ctx, &view, rank, dims, tensor->strings, tensor->owner));
    else
        PARE_TRY(pare_tensor_wrap(ctx, &view, dtype, rank, dims, PARE_ENC_DENSE, tensor->payload,
                                  tensor->owner));
    set_tensor(io, i, view);
    return PARE_OK;
}

pare_status pare_eval_out_copy(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_datum *from)
{
    return pare_datum_copy(ctx, &io->out[i], from);
}

pare_status pare_eval_no_type(pare_ctx *ctx, const pare_eval_io *io, pare_dtype dtype)
{
    pare_call_fail(ctx, io->call, "elements of type %s are not supported", pare_dtype_name(dtype));
    return PARE_EUNSUPPORTED;
}

uint64_t pare_eval_seed(const pare_eval_io *io, bool has_seed, uint64_t seed)
{
    const uint64_t node = (uint64_t)(io->call->node - io->evaluator->model->nodes);
    const uint64_t key[2] = { has_seed ? seed : io->evaluator->opts->seed, has_seed ? 0 : node };
    return pare_siphash13(key, "random", 6);
}
