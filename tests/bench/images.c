/* Decoding and preprocessing of images: `bench-images FILE...` times them; to compare with another
 * library, `bench-images --pixels FILE [WIDTH HEIGHT FILTER]` writes width, height and channels as
 * a line of text and the pixels behind it. */
#include "formats/dataset/preprocess.h"
#include "support/bench.h"
#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int complain(const pare_ctx *ctx)
{
    fprintf(stderr, "%s\n", ctx->message);
    return 1;
}

static int write_pixels(pare_ctx *ctx, int argc, char **argv)
{
    pare_image image, resized = { 0 };
    size_t n = 0;
    uint8_t *const bytes = test_read_file(argv[0], &n);
    pare_status st = pare_image_decode(ctx, &image, bytes, n);
    free(bytes);
    if (!st && argc == 4) {
        pare_filter filter = PARE_FILTER_NEAREST;
        while (filter < PARE_N_FILTERS && strcmp(pare_filter_names[filter], argv[3])) filter++;
        if (filter == PARE_N_FILTERS) return 2;
        st = pare_image_resize(ctx, &resized, &image, (uint32_t)strtoul(argv[1], NULL, 10),
                               (uint32_t)strtoul(argv[2], NULL, 10), filter);
        pare_image_free(ctx, &image);
        image = resized;
    }
    if (st) return complain(ctx);
    printf("%u %u %u\n", (unsigned)image.width, (unsigned)image.height, (unsigned)image.channels);
    fwrite(image.pixels, 1, (size_t)image.width * image.height * image.channels, stdout);
    pare_image_free(ctx, &image);
    return 0;
}

enum { STAGE_DECODE, STAGE_RESIZE, STAGE_NUMBERS, N_STAGES };

/* Seconds of each stage over one file. */
static pare_status time_file(pare_ctx *ctx, const uint8_t *bytes, size_t n, double *seconds)
{
    const pare_prep_step shorter = { .kind = PARE_PREP_RESIZE_SHORT, .width = 256, .height = 256,
                                     .filter = PARE_FILTER_BILINEAR };
    pare_preprocess pixels = { 0 }, numbers = { 0 };
    pare_image image = { 0 }, made = { 0 };
    pare_tensor *tensor = NULL;
    (void)pare_preprocess_add(&pixels, &shorter);
    (void)pare_preprocess_add_preset(&numbers, "imagenet");
    const double a = bench_seconds();
    pare_status st = pare_image_decode(ctx, &image, bytes, n);
    const double b = bench_seconds();
    if (!st) st = pare_preprocess_pixels(ctx, &made, &pixels, &image);
    const double c = bench_seconds();
    if (!st) st = pare_preprocess_image(ctx, &tensor, &numbers, &made, PARE_FLOAT);
    const double d = bench_seconds();
    pare_tensor_unref(tensor);
    pare_image_free(ctx, &made);
    pare_image_free(ctx, &image);
    seconds[STAGE_DECODE] += b - a;
    seconds[STAGE_RESIZE] += c - b;
    seconds[STAGE_NUMBERS] += d - c;
    return st;
}

int main(int argc, char **argv)
{
    static const char *const stages[] = { "decode", "resize to 256", "numbers" };
    enum { N_ROUNDS = 5 };
    double seconds[N_ROUNDS][N_STAGES] = { { 0 } };
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    if (argc > 2 && !strcmp(argv[1], "--pixels")) return write_pixels(&ctx, argc - 2, argv + 2);
    for (int round = 0; round < N_ROUNDS; round++) {
        for (int i = 1; i < argc; i++) {
            size_t n = 0;
            uint8_t *const bytes = test_read_file(argv[i], &n);
            const pare_status st = time_file(&ctx, bytes, n, seconds[round]);
            free(bytes);
            if (st) return complain(&ctx);
        }
    }
    for (int s = 0; s < N_STAGES; s++) {
        double v[N_ROUNDS];
        for (int round = 0; round < N_ROUNDS; round++) v[round] = seconds[round][s];
        printf("%-14s %8.3f ms per image\n", stages[s],
               bench_median(v, N_ROUNDS) * 1e3 / (argc > 1 ? argc - 1 : 1));
    }
    return 0;
}
