/* NumPy's arrays: what parses is a tensor whose bytes are as many as its type and shape say, in
 * every carrier. The first byte of the input is the type that is asked for. */
#include "fuzz/fuzz.h"

#include "formats/npy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_buf *bytes = NULL;
    pare_tensor *tensor = NULL;
    if (!n_bytes) return 0;
    pare_ctx_init(&ctx, NULL);
    if (pare_buf_wrap(&ctx, &bytes, data + 1, n_bytes - 1, NULL, NULL)) return 0;
    if (pare_npy_parse(&ctx, &tensor, bytes, (pare_dtype)(data[0] % PARE_N_DTYPES))) {
        if (tensor || !ctx.message[0]) abort();
    } else {
        uint64_t want = 0;
        volatile uint8_t sum = 0;
        const bool has_size = pare_dtype_size_bytes(tensor->dtype, tensor->n_elements, &want);
        if (has_size && want != tensor->payload.n) abort();
        for (size_t i = 0; has_size && i < tensor->payload.n; i++) sum ^= tensor->payload.data[i];
        for (int64_t i = 0; !has_size && i < tensor->n_elements; i++)
            for (size_t k = 0; k < tensor->strings[i].n; k++) sum ^= tensor->strings[i].data[k];
        (void)sum; /* reading was what counts */
    }
    pare_tensor_unref(tensor);
    pare_buf_unref(bytes);
    return 0;
}
