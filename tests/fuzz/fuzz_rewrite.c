/* What is read is written back: the same whether messages are taken over or built anew, and the
 * same again when that is read. */
#include "fuzz/fuzz.h"

#include "formats/onnx/export.h"
#include "ir/graph.h"

#include <stdlib.h>
#include <string.h>

typedef struct bytes {
    uint8_t *data;
    size_t n;
} bytes;

static bytes write_out(pare_ctx *ctx, const pare_model *model, pare_onnx_storage storage)
{
    pare_onnx_layout layout = { .storage = storage };
    pare_arena arena;
    Onnx__ModelProto *msg = NULL;
    bytes out = { NULL, 0 };
    pare_arena_init(ctx, &arena, 0);
    pare_status st = pare_onnx_layout_plan(ctx, &layout, model);
    if (!st) st = pare_onnx_export(ctx, &msg, &arena, model, &layout);
    if (!st) {
        out.n = protobuf_c_message_get_packed_size(&msg->base);
        out.data = malloc(out.n ? out.n : 1);
        if (!out.data || protobuf_c_message_pack(&msg->base, out.data) != out.n) abort();
    } else if (st != PARE_EUNSUPPORTED && st != PARE_EBUDGET) {
        abort();
    }
    pare_onnx_layout_free(ctx, &layout);
    pare_arena_free(&arena);
    return out;
}

static pare_model *read_in(pare_ctx *ctx, const uint8_t *data, size_t n)
{
    pare_buf *buf = NULL;
    pare_model *model = NULL;
    if (pare_buf_wrap(ctx, &buf, data, n, NULL, NULL)) return NULL;
    (void)pare_onnx_open_bytes(ctx, &model, buf, "fuzz", NULL);
    pare_buf_unref(buf);
    return model;
}

static void must_equal(bytes a, bytes b)
{
    if (a.n != b.n || (a.n && memcmp(a.data, b.data, a.n))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 64 << 20 });
    pare_model *model = read_in(&ctx, data, n_bytes);
    if (!model) return 0;
    const bytes clean = write_out(&ctx, model, PARE_STORE_KEEP);
    pare_model_touch(model);
    const bytes built = write_out(&ctx, model, PARE_STORE_KEEP);
    if (clean.data && built.data) {
        must_equal(clean, built);
        pare_model *again = read_in(&ctx, clean.data, clean.n);
        if (!again) abort();
        const bytes twice = write_out(&ctx, again, PARE_STORE_KEEP);
        must_equal(clean, twice);
        free(twice.data);
        pare_model_free(&ctx, again);
    }
    free(clean.data);
    free(built.data);
    pare_model_free(&ctx, model);
    return 0;
}
