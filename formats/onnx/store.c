#include "formats/onnx/store.h"

static void release_store(void *owner)
{
    pare_onnx_store *store = owner;
    const pare_allocator a = store->allocator;
    for (size_t i = 0; i < store->origin.n_files; i++)
        pare_buf_unref((pare_buf *)(uintptr_t)store->files[i].bytes);
    a.release(a.user, store->files);
    a.release(a.user, store->side);
    pare_arena_free(&store->arena);
    pare_buf_unref(store->bytes);
    a.release(a.user, store);
}

pare_status pare_onnx_store_new(pare_ctx *ctx, pare_onnx_store **store, pare_buf **origin,
                                pare_buf *bytes)
{
    *store = NULL;
    *origin = NULL;
    pare_onnx_store *s = pare_alloc_zero(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    s->allocator = ctx->opts.allocator;
    pare_arena_init(ctx, &s->arena, 0);
    s->bytes = pare_buf_ref(bytes);
    const pare_status st =
        pare_buf_wrap(ctx, origin, bytes->data, bytes->n_bytes, release_store, s);
    if (st) release_store(s);
    else *store = s;
    return st;
}

pare_status pare_onnx_store_add_file(pare_ctx *ctx, pare_onnx_store *store, pare_buf *bytes,
                                     dev_t device, ino_t inode)
{
    const size_t n = store->origin.n_files;
    const pare_status st =
        pare_grow(ctx, &store->files, &store->files_cap, n + 1, sizeof(*store->files));
    if (st) {
        pare_buf_unref(bytes);
        return st;
    }
    store->files[n] = (pare_onnx_origin_file){ bytes, device, inode };
    store->origin.files = store->files;
    store->origin.n_files = n + 1;
    return PARE_OK;
}
