#include "support/test.h"

#include "formats/dataset/image_resize.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every file of testdata/images, whose NAME.raw is what Pillow reads in it. */
static const char *const names[] = {
    "rgb.jpg",  "rgb-444.jpg", "rgb-restart.jpg", "progressive.jpg",   "grey.jpg",   "cmyk.jpg",
    "rgb.png",  "grey.png",    "keep-rgb.jpg",    "turned.jpg",        "rgba.png",   "la.png",
    "bit.png",  "grey16.png",  "palette.png",     "palette-clear.png", "interlaced.png",
};
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

static uint8_t *file_of(const char *name, size_t *n)
{
    char path[TEST_PATH_BYTES], relative[128];
    snprintf(relative, sizeof(relative), "images/%s", name);
    return test_read_file(test_data_path(path, relative), n);
}

static void reads_what_pillow_reads(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < N_NAMES; i++) {
        char raw_name[64];
        size_t n = 0, n_raw = 0;
        pare_image image;
        snprintf(raw_name, sizeof(raw_name), "%s.raw", names[i]);
        uint8_t *const bytes = file_of(names[i], &n), *const raw = file_of(raw_name, &n_raw);
        assert_true(pare_image_probe(bytes, n));
        if (pare_image_decode(&t.ctx, &image, bytes, n))
            fail_msg("%s: %s", names[i], t.ctx.message);
        assert_int_equal(image.n_warnings, 0);
        assert_int_equal(image.orientation, strcmp(names[i], "turned.jpg") ? 1 : 6);
        if ((size_t)image.width * image.height * image.channels != n_raw)
            fail_msg("%s: %u channels", names[i], (unsigned)image.channels);
        /* Versions of libjpeg may differ by one level; PNG may not. */
        const int slack = strstr(names[i], ".jpg") != NULL;
        for (size_t k = 0; k < n_raw; k++)
            if (abs(image.pixels[k] - raw[k]) > slack)
                fail_msg("%s: byte %zu: %d, Pillow has %d", names[i], k, image.pixels[k], raw[k]);
        pare_image_free(&t.ctx, &image);
        free(bytes);
        free(raw);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- hostile files ---------------------------------------------------------------------------- */

/* Copies to memory of its own length, so that sanitizers see overruns. */
static pare_status decode_copy(test_ctx *t, const uint8_t *bytes, size_t n)
{
    pare_image image;
    uint8_t *const copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    const pare_status st = pare_image_decode(&t->ctx, &image, copy, n);
    free(copy);
    if (st) assert_null(image.pixels);
    pare_image_free(&t->ctx, &image);
    return st;
}

static void refuses_every_file_cut_short(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < N_NAMES; i++) {
        size_t n = 0;
        uint8_t *const bytes = file_of(names[i], &n);
        /* Behind the pixels of a PNG stands its IEND, of 12 bytes, which nobody needs. */
        const size_t needed = strstr(names[i], ".png") ? n - 12 : n;
        for (size_t cut = 0; cut < needed; cut++) {
            t.ctx.message[0] = 0;
            if (decode_copy(&t, bytes, cut) != PARE_EFORMAT || !t.ctx.message[0])
                fail_msg("%s cut to %zu bytes: '%s'", names[i], cut, t.ctx.message);
        }
        free(bytes);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void survives_every_byte_changed(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < N_NAMES; i++) {
        size_t n = 0;
        uint8_t *const bytes = file_of(names[i], &n);
        for (size_t at = 0; at < n; at++) {
            static const uint8_t changes[] = { 0x01, 0x80, 0xff };
            for (size_t k = 0; k < sizeof(changes); k++) {
                bytes[at] ^= changes[k];
                (void)decode_copy(&t, bytes, n);
                bytes[at] ^= changes[k];
            }
        }
        free(bytes);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Where the frame header of a JPEG says its height and width. */
static uint8_t *frame_size(uint8_t *jpeg, size_t n)
{
    for (size_t at = 2; at + 9 < n; at += 2 + (size_t)(jpeg[at + 2] << 8 | jpeg[at + 3]))
        if (jpeg[at + 1] == 0xc0 || jpeg[at + 1] == 0xc2) return jpeg + at + 5;
    return NULL;
}

static void refuses_bombs_before_taking_memory(void **state)
{
    (void)state;
    static const char *const jpegs[] = { "rgb.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg" };
    /* 65535 x 65535 pixels, with a checksum that fits. */
    static const uint8_t wide_png[] = {
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0xff,
        0xff, 0, 0, 0xff, 0xff, 8, 2, 0, 0, 0, 0x39, 0x67, 0x4e, 0x07, 0, 0, 0,
        9, 'I', 'D', 'A', 'T',
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(jpegs) / sizeof(jpegs[0]); i++) {
        size_t n = 0;
        uint8_t *const bytes = file_of(jpegs[i], &n);
        uint8_t *const size = frame_size(bytes, n);
        assert_non_null(size);
        memcpy(size, "\xff\xdc\xff\xdc", 4); /* 65500, the most that libjpeg takes */
        assert_int_equal(decode_copy(&t, bytes, n), PARE_EBUDGET);
        assert_non_null(strstr(t.ctx.message, "65500 x 65500 pixels"));
        memcpy(size, "\xff\xff\xff\xff", 4);
        assert_int_not_equal(decode_copy(&t, bytes, n), PARE_OK);
        memcpy(size, "\0\0\0\0", 4);
        assert_int_equal(decode_copy(&t, bytes, n), PARE_EFORMAT);
        free(bytes);
    }
    assert_int_equal(decode_copy(&t, wide_png, sizeof(wide_png)), PARE_EBUDGET);
    assert_true(test_ctx_peak_bytes(&t) < 1 << 20);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* The scans of a progressive file again and again: few bytes, much work. */
static void refuses_endless_scans(void **state)
{
    (void)state;
    enum { N_AGAIN = 400 };
    test_ctx t;
    test_ctx_init(&t);
    size_t n = 0, scan = 0;
    uint8_t *const bytes = file_of("progressive.jpg", &n);
    for (size_t at = 2; at + 1 < n && !scan; at += 2 + (size_t)(bytes[at + 2] << 8 | bytes[at + 3]))
        if (bytes[at + 1] == 0xda) scan = at;
    assert_true(scan > 0);
    const size_t n_scans = n - 2 - scan;
    uint8_t *const big = malloc(n + N_AGAIN * n_scans);
    assert_non_null(big);
    memcpy(big, bytes, scan);
    for (size_t i = 0; i < N_AGAIN; i++) memcpy(big + scan + i * n_scans, bytes + scan, n_scans);
    memcpy(big + scan + N_AGAIN * n_scans, "\xff\xd9", 2);
    assert_int_equal(decode_copy(&t, big, scan + N_AGAIN * n_scans + 2), PARE_EBUDGET);
    assert_non_null(strstr(t.ctx.message, "more than 128 scans"));
    free(big);
    free(bytes);
}

static void names_other_formats(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        pare_status status;
        const char *message;
    } rows[] = {
        { "", 0, PARE_EFORMAT, "an empty file" },
        { "hello", 5, PARE_EFORMAT, "found neither" },
        { "GIF89a", 6, PARE_EUNSUPPORTED, "found GIF: convert it to PNG" },
        { "RIFF....WEBPVP8 ", 16, PARE_EUNSUPPORTED, "found WebP" },
        { "\xff\xd8\xff", 3, PARE_EFORMAT, "JPEG" },
        { "\x89PNG\r\n\x1a\n", 8, PARE_EFORMAT, "PNG" },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(decode_copy(&t, (const uint8_t *)rows[i].bytes, rows[i].n),
                         rows[i].status);
        if (!strstr(t.ctx.message, rows[i].message)) fail_msg("'%s'", t.ctx.message);
    }
}

/* --- resizing and places ---------------------------------------------------------------------- */

static pare_image numbered(test_ctx *t, uint32_t width, uint32_t height, uint32_t channels)
{
    pare_image image;
    assert_int_equal(pare_image_new(&t->ctx, &image, width, height, channels), PARE_OK);
    for (size_t i = 0; i < (size_t)width * height * channels; i++) image.pixels[i] = (uint8_t)i;
    return image;
}

static void turns_upright(void **state)
{
    (void)state;
    /* 2 x 3 pixels numbered 0 to 5, as ImageOps.exif_transpose turns them. */
    static const uint8_t want[9][6] = {
        { 0 },
        { 0, 1, 2, 3, 4, 5 }, { 1, 0, 3, 2, 5, 4 }, { 5, 4, 3, 2, 1, 0 }, { 4, 5, 2, 3, 0, 1 },
        { 0, 2, 4, 1, 3, 5 }, { 4, 2, 0, 5, 3, 1 }, { 5, 3, 1, 4, 2, 0 }, { 1, 3, 5, 0, 2, 4 },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (uint32_t o = 1; o <= 8; o++) {
        pare_image image = numbered(&t, 2, 3, 1), out;
        image.orientation = o;
        assert_int_equal(pare_image_upright(&t.ctx, &out, &image), PARE_OK);
        assert_int_equal(out.width, o < 5 ? 2 : 3);
        assert_memory_equal(out.pixels, want[o], 6);
        pare_image_free(&t.ctx, &image);
        pare_image_free(&t.ctx, &out);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void takes_windows(void **state)
{
    (void)state;
    static const uint8_t inside[] = { 4, 5, 7, 8 }, around[] = { 9, 9, 9, 9, 0, 1, 9, 3, 4 };
    test_ctx t;
    test_ctx_init(&t);
    pare_image image = numbered(&t, 3, 3, 1), out;
    assert_int_equal(pare_image_window(&t.ctx, &out, &image, 1, 1, 2, 2, 9), PARE_OK);
    assert_memory_equal(out.pixels, inside, sizeof(inside));
    pare_image_free(&t.ctx, &out);
    assert_int_equal(pare_image_window(&t.ctx, &out, &image, -1, -1, 3, 3, 9), PARE_OK);
    assert_memory_equal(out.pixels, around, sizeof(around));
    pare_image_free(&t.ctx, &out);
    assert_int_equal(pare_image_window(&t.ctx, &out, &image, 7, 0, 3, 3, 9), PARE_OK);
    assert_int_equal(out.pixels[0], 9);
    pare_image_free(&t.ctx, &out);
    pare_image_free(&t.ctx, &image);
}

/* A grey level stays what it is under every filter and scale; one pixel is any size. */
static void keeps_levels_when_resizing(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 1, 2, 7, 31, 32, 33, 100 };
    test_ctx t;
    test_ctx_init(&t);
    for (int f = 0; f < PARE_N_FILTERS; f++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            pare_image image, out;
            assert_int_equal(pare_image_new(&t.ctx, &image, 32, 17, i % 2 ? 3 : 1), PARE_OK);
            memset(image.pixels, 201, 32u * 17 * image.channels);
            assert_int_equal(pare_image_resize(&t.ctx, &out, &image, sizes[i], 40 - sizes[i] % 39,
                                               (pare_filter)f),
                             PARE_OK);
            for (size_t k = 0; k < (size_t)out.width * out.height * out.channels; k++)
                assert_int_equal(out.pixels[k], 201);
            pare_image_free(&t.ctx, &image);
            pare_image_free(&t.ctx, &out);
        }
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void refuses_to_grow_beyond_the_limit(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_image image = numbered(&t, 3, 3, 3), out;
    for (int f = 0; f < PARE_N_FILTERS; f++)
        assert_int_equal(pare_image_resize(&t.ctx, &out, &image, 4294967295u, 4294967295u,
                                           (pare_filter)f),
                         PARE_EBUDGET);
    pare_image_free(&t.ctx, &image);
    assert_true(test_ctx_peak_bytes(&t) < 1 << 20);
}

/* --- writing, and memory ---------------------------------------------------------------------- */

static void writes_png(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_ctx t;
    test_ctx_init(&t);
    test_join(path, test_temp_dir(dir), "x.png");
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        pare_image image = numbered(&t, 31, 9, channels), back;
        size_t n = 0;
        assert_int_equal(pare_image_write_png(&t.ctx, path, &image), PARE_OK);
        uint8_t *const bytes = test_read_file(path, &n);
        assert_int_equal(pare_image_decode(&t.ctx, &back, bytes, n), PARE_OK);
        assert_int_equal(back.channels, channels);
        assert_memory_equal(back.pixels, image.pixels, (size_t)31 * 9 * channels);
        free(bytes);
        pare_image_free(&t.ctx, &image);
        pare_image_free(&t.ctx, &back);
    }
    test_remove_tree(dir);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

typedef struct torture {
    const char *name;
    const char *path; /* to be written; NULL: not */
} torture;

static pare_status decode_and_resize(pare_ctx *ctx, void *user)
{
    const torture *const job = user;
    pare_image image = { 0 }, out = { 0 };
    size_t n = 0;
    uint8_t *const bytes = file_of(job->name, &n);
    pare_status st = pare_image_decode(ctx, &image, bytes, n);
    if (!st) st = pare_image_resize(ctx, &out, &image, 5, 6, PARE_FILTER_BICUBIC);
    if (!st && job->path) st = pare_image_write_png(ctx, job->path, &out);
    pare_image_free(ctx, &image);
    pare_image_free(ctx, &out);
    free(bytes);
    return st;
}

static void frees_all_without_memory(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "x.png");
    for (size_t i = 0; i < N_NAMES; i++) {
        torture job = { names[i], i ? NULL : path };
        assert_true(test_ctx_torture(decode_and_resize, &job) > 4);
    }
    test_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_pillow_reads),
        cmocka_unit_test(refuses_every_file_cut_short),
        cmocka_unit_test(survives_every_byte_changed),
        cmocka_unit_test(refuses_bombs_before_taking_memory),
        cmocka_unit_test(refuses_endless_scans),
        cmocka_unit_test(names_other_formats),
        cmocka_unit_test(turns_upright),
        cmocka_unit_test(takes_windows),
        cmocka_unit_test(keeps_levels_when_resizing),
        cmocka_unit_test(refuses_to_grow_beyond_the_limit),
        cmocka_unit_test(writes_png),
        cmocka_unit_test(frees_all_without_memory),
    };
    return test_run(tests);
}
