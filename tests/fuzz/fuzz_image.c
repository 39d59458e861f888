/* JPEG and PNG: what decodes has pixels for all of its size, is resized, and becomes a tensor; what
 * does not says why. A small limit keeps the work per input small. */
#include "fuzz/fuzz.h"

#include "formats/dataset/preprocess.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    const pare_ctx_opts opts = { .max_memory_bytes = 1 << 20 };
    pare_prep_step step = { .kind = PARE_PREP_RESIZE_SHORT, .width = 9, .height = 9 };
    pare_preprocess list = { 0 };
    pare_image image;
    pare_tensor *tensor = NULL;
    pare_ctx ctx;
    pare_ctx_init(&ctx, &opts);
    if (pare_image_decode(&ctx, &image, data, n_bytes)) {
        if (image.pixels || !ctx.message[0]) abort();
        return 0;
    }
    volatile uint8_t sum = 0;
    const size_t n = (size_t)image.width * image.height * image.channels;
    for (size_t i = 0; i < n; i++) sum ^= image.pixels[i];
    (void)sum; /* reading was what counts */
    step.filter = (pare_filter)(n_bytes % PARE_N_FILTERS);
    (void)pare_preprocess_add(&list, &step);
    (void)pare_preprocess_add_preset(&list, "imagenet");
    if (!pare_preprocess_image(&ctx, &tensor, &list, &image, PARE_FLOAT) && tensor->dims[1] != 3)
        abort();
    pare_tensor_unref(tensor);
    pare_image_free(&ctx, &image);
    return 0;
}
