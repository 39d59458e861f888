/* Any bytes as a model whose shapes are inferred: an answer or a refusal, never more. */
#include "formats/onnx/onnx.h"
#include "fuzz/fuzz.h"
#include "op/infer.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_buf *bytes = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 16 << 20 });
    if (pare_buf_wrap(&ctx, &bytes, data, n_bytes, NULL, NULL)) return 0;
    if (!pare_onnx_open_bytes(&ctx, &model, bytes, "fuzz", NULL)) {
        const pare_status st = pare_infer(&ctx, &shapes, model, NULL);
        assert(st == PARE_OK || st == PARE_EBUDGET || st == PARE_EFORMAT);
        for (size_t i = 0; !st && i < model->n_values; i++)
            assert(pare_shapes_of(shapes, (pare_value_id)i)->rank <= PARE_MAX_DIMS);
        pare_shapes_free(&ctx, shapes);
    }
    pare_model_free(&ctx, model);
    pare_buf_unref(bytes);
    return 0;
}
