/* Any bytes as a model: opened or refused with a message, never more; what opens keeps every
 * promise of ir/model.h. */
#include "formats/onnx/onnx.h"
#include "fuzz/fuzz.h"
#include "ir/check.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_buf *bytes = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 16 << 20 });
    if (pare_buf_wrap(&ctx, &bytes, data, n_bytes, NULL, NULL)) return 0;
    const pare_onnx_open_opts opts = { .allow_newer_ir = true };
    const pare_status st = pare_onnx_open_bytes(&ctx, &model, bytes, "fuzz", &opts);
    assert(!st || (!model && ctx.message[0]));
    assert(st == PARE_OK || st == PARE_EFORMAT || st == PARE_EBUDGET);
    assert(!model || !pare_graph_check(&ctx, model, NULL));
    pare_model_free(&ctx, model);
    pare_buf_unref(bytes);
    return 0;
}
