#include "base/buf.h"

static pare_status new_header(pare_ctx *ctx, pare_buf **out)
{
    pare_buf *buf = pare_alloc_zero(ctx, sizeof(*buf));
    if (!buf) return pare_fail_memory(ctx, sizeof(*buf));
    atomic_init(&buf->refs, 1);
    buf->allocator = ctx->opts.allocator;
    *out = buf;
    return PARE_OK;
}

static void release_heap(void *owner)
{
    const pare_buf *buf = owner;
    buf->allocator.release(buf->allocator.user, buf->data);
}

pare_status pare_buf_new(pare_ctx *ctx, pare_buf **out, uint64_t n_bytes)
{
    *out = NULL;
    if (n_bytes > SIZE_MAX / 2) return pare_fail_memory(ctx, SIZE_MAX);
    pare_buf *buf = NULL;
    PARE_TRY(new_header(ctx, &buf));
    buf->writable = true;
    buf->n_bytes = n_bytes;
    buf->release = release_heap;
    buf->owner = buf;
    buf->data = pare_alloc_zero(ctx, n_bytes ? (size_t)n_bytes : 1);
    if (!buf->data) {
        pare_free(ctx, buf);
        return pare_fail_memory(ctx, (size_t)n_bytes);
    }
    *out = buf;
    return PARE_OK;
}

pare_status pare_buf_wrap(pare_ctx *ctx, pare_buf **out, const void *data, uint64_t n_bytes,
                          void (*release)(void *owner), void *owner)
{
    *out = NULL;
    pare_buf *buf = NULL;
    PARE_TRY(new_header(ctx, &buf));
    buf->data = (uint8_t *)(uintptr_t)data; /* writable is false: nobody writes through it */
    buf->n_bytes = n_bytes;
    buf->release = release;
    buf->owner = owner;
    *out = buf;
    return PARE_OK;
}

pare_buf *pare_buf_ref(pare_buf *buf)
{
    if (buf) atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
    return buf;
}

void pare_buf_unref(pare_buf *buf)
{
    if (!buf || atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel) != 1) return;
    const pare_allocator a = buf->allocator;
    if (buf->release) buf->release(buf->owner);
    a.release(a.user, buf);
}

bool pare_buf_is_exclusive(const pare_buf *buf)
{
    return buf->writable && atomic_load_explicit(&buf->refs, memory_order_acquire) == 1;
}
