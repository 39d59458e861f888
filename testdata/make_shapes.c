/* Pictures of ten shapes. Only sums, products and comparisons of doubles decide about pixels, so
 * that they are the same on every machine. */
#include "formats/output.h"
#include "support/files.h"
#include "testdata/shapes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { N_IMAGES = 800, FINE = 4 };

/* Whether a point belongs to the shape; x, y from -1 to 1 within it, y downwards. */
static bool is_inside(int class, double x, double y)
{
    const double ax = x < 0 ? -x : x, ay = y < 0 ? -y : y, square = x * x + y * y;
    const double stripe_x = x + 1, stripe_y = y + 1; /* 0 to 2 */
    if (ax > 1 || ay > 1) return false;
    switch (class) {
    case 0: return square <= 1;                             /* disc */
    case 1: return square <= 1 && square >= 0.4;            /* ring */
    case 2: return true;                                    /* square */
    case 3: return ax >= 0.6 || ay >= 0.6;                  /* frame */
    case 4: return 2 * ax <= 1 + y;                         /* triangle that points up */
    case 5: return 2 * ax <= 1 - y;                         /* down */
    case 6: return ax <= 0.3 || ay <= 0.3;                  /* plus */
    case 7: return ax - ay <= 0.35 && ay - ax <= 0.35;      /* cross */
    case 8: return stripe_y < 0.45 || (stripe_y >= 0.8 && stripe_y < 1.2) || stripe_y >= 1.55;
    default: return stripe_x < 0.45 || (stripe_x >= 0.8 && stripe_x < 1.2) || stripe_x >= 1.55;
    }
}

/* From low to high, in 65536 steps. */
static double uniform(pare_rng *rng, double low, double high)
{
    return low + (high - low) * (double)(pare_rng_next(rng) >> 48) / 65536;
}

void shapes_draw(pare_rng *rng, int class, uint8_t pixels[SHAPES_PIXELS])
{
    const double half = uniform(rng, 3.2, 6.4), room = SHAPES_SIDE / 2 - half;
    const double cx = SHAPES_SIDE / 2 + uniform(rng, -room, room);
    const double cy = SHAPES_SIDE / 2 + uniform(rng, -room, room);
    const double dark = uniform(rng, 20, 110), bright = dark + uniform(rng, 45, 130);
    for (int i = 0; i < SHAPES_PIXELS; i++) {
        int n_inside = 0;
        for (int k = 0; k < FINE * FINE; k++) {
            const double px = i % SHAPES_SIDE + (k % FINE + 0.5) / FINE;
            const double py = (double)(i / SHAPES_SIDE) + (double)(2 * (k / FINE) + 1) / (2 * FINE);
            n_inside += is_inside(class, (px - cx) / half, (py - cy) / half);
        }
        const double noise = 22 * pare_rng_normal(rng);
        const double value = dark + (bright - dark) * n_inside / (FINE * FINE) + noise + 0.5;
        pixels[i] = value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
    }
}

/* The head of an IDX file: bytes, with these dims. */
static size_t idx_head(uint8_t *out, uint32_t rank, const uint32_t *dims)
{
    const uint8_t magic[] = { 0, 0, 8, (uint8_t)rank };
    memcpy(out, magic, 4);
    for (uint32_t i = 0; i < rank; i++)
        for (uint32_t k = 0; k < 4; k++) out[4 + 4 * i + k] = (uint8_t)(dims[i] >> (24 - 8 * k));
    return 4 + 4 * (size_t)rank;
}

static pare_status write_file(pare_ctx *ctx, const char *dir, const char *name, const uint8_t *data,
                              size_t n)
{
    char path[TEST_PATH_BYTES];
    pare_output *out = NULL;
    PARE_TRY(pare_output_open(ctx, &out, test_join(path, dir, name)));
    const pare_status st = pare_output_write(ctx, out, data, n);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st;
}

pare_status shapes_write_data(pare_ctx *ctx, const char *dir)
{
    static const uint32_t dims[] = { N_IMAGES, SHAPES_SIDE, SHAPES_SIDE };
    uint8_t images[16 + N_IMAGES * SHAPES_PIXELS], labels[16 + N_IMAGES];
    pare_rng rng = pare_rng_named(1, "shapes");
    size_t n_images = idx_head(images, 3, dims), n_labels = idx_head(labels, 1, dims);
    for (int i = 0; i < N_IMAGES; i++) {
        labels[n_labels++] = (uint8_t)(i % SHAPES_CLASSES);
        shapes_draw(&rng, i % SHAPES_CLASSES, images + n_images);
        n_images += SHAPES_PIXELS;
    }
    PARE_TRY(write_file(ctx, dir, "images.idx", images, n_images));
    return write_file(ctx, dir, "labels.idx", labels, n_labels);
}
