#include "support/test.h"

#include "formats/dataset/preprocess.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pare_status read_text(pare_ctx *ctx, pare_preprocess *out, const char *text, const char *dir)
{
    pare_yaml *yaml = NULL;
    pare_status st = pare_yaml_parse(ctx, &yaml, "data.yaml", text, strlen(text));
    if (!st) st = pare_preprocess_read(ctx, out, yaml, pare_yaml_root(yaml), dir);
    pare_yaml_free(ctx, yaml);
    return st;
}

static pare_preprocess list_of(test_ctx *t, const char *text)
{
    pare_preprocess list;
    if (read_text(&t->ctx, &list, text, NULL)) fail_msg("%s: %s", text, t->ctx.message);
    return list;
}

static void reads_and_writes_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* NULL: the same */
    } rows[] = {
        { "[]", NULL },
        { "imagenet", "[imagenet]" },
        { "[{crop: 224}, caffe-bgr]", NULL },
        { "[{resize: {short: 256, filter: bilinear}}, {crop: 224}, 0-1]", NULL },
        { "[{resize: {short: 256}}]", "[{resize: {short: 256, filter: bilinear}}]" },
        { "[{resize: {exact: [192, 256], filter: lanczos}}, {layout: nhwc}]", NULL },
        { "[{resize: {long: 99, filter: nearest}}, {pad: 99}, raw]", NULL },
        { "[{crop: {size: [5, 6], at: [1, 2]}}, {pad: {size: 9, value: 7}}]", NULL },
        { "[{crop: {size: 5, at: floor-centre}}, {orient: exif}, {color: gray}]", NULL },
        { "[{color: rgb}, {divide: 255}, {mean: [0.485, 0.456, 0.406]}, "
          "{std: [0.229, 0.224, 0.225]}, {layout: nchw}]",
          "[imagenet]" },
        { "[{mean: 0.1307}, {std: 0.3081}, {multiply: 1e-3}]", "[{mean: 0.1307}, {std: 0.3081}, "
                                                               "{multiply: 0.001}]" },
        { "[imagenet, {layout: nhwc}]", NULL },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        const pare_preprocess list = list_of(&t, rows[i].text);
        assert_true(pare_preprocess_text(&list, text, sizeof(text)));
        assert_string_equal(text, rows[i].want ? rows[i].want : rows[i].text);
        const pare_preprocess again = list_of(&t, text);
        assert_int_equal(again.n, list.n);
        assert_false(pare_preprocess_text(&list, text, 2));
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "[{crop: 224}, imagnet]", "data.yaml:1: " },
        { "[imagnet]", "imagenet" },
        { "[{crp: 224}]", "crop" },
        { "[{crop: 224, mean: 1}]", "one step" },
        { "[{resize: 224}]", "{short: N}" },
        { "[{resize: {short: 1, exact: 2}}]", "found two" },
        { "[{resize: {filter: bilinear}}]", "one of short, long and exact" },
        { "[{resize: {short: 9, filter: cubic}}]", "bicubic" },
        { "[{resize: {short: 0}}]", "0" },
        { "[{crop: 70000}]", "65535" },
        { "[{crop: {at: centre}}]", "{size: N}" },
        { "[{crop: [1, 2, 3]}]", "[HEIGHT, WIDTH]" },
        { "[{std: [1, 0, 1]}]", "found 0" },
        { "[{mean: []}]", "1 to 16 numbers" },
        { "[{divide: 255},\n {crop: 224}]", "data.yaml:2: crop is done on pixels" },
        { "[imagenet, {color: gray}]", "before the numbers" },
        { "[raw, raw, raw, raw, raw, raw, raw, raw, raw, raw, raw, raw, raw]", "at most 24 steps" },
        { "{crop: 224}", "a list of steps" },
        { "missing.json", "missing.json" },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_preprocess list;
        assert_int_not_equal(read_text(&t.ctx, &list, rows[i].text, ""), PARE_OK);
        if (!strstr(t.ctx.message, rows[i].message))
            fail_msg("%s: '%s' without '%s'", rows[i].text, t.ctx.message, rows[i].message);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- images ----------------------------------------------------------------------------------- */

static pare_image picture(test_ctx *t, uint32_t width, uint32_t height, uint32_t channels)
{
    pare_image image;
    assert_int_equal(pare_image_new(&t->ctx, &image, width, height, channels), PARE_OK);
    for (size_t i = 0; i < (size_t)width * height * channels; i++)
        image.pixels[i] = (uint8_t)(i * 37);
    return image;
}

static pare_tensor *applied(test_ctx *t, const char *text, const pare_image *image,
                            pare_dtype dtype)
{
    const pare_preprocess list = list_of(t, text);
    pare_tensor *out = NULL;
    if (pare_preprocess_image(&t->ctx, &out, &list, image, dtype))
        fail_msg("%s: %s", text, t->ctx.message);
    return out;
}

/* Each preset is (x / divide - mean[c]) / std[c] of a channel, with the usual numbers. */
static void presets_compute_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool bgr;
        double divide, mean[3], std[3];
    } rows[] = {
        { "imagenet", false, 255, { 0.485, 0.456, 0.406 }, { 0.229, 0.224, 0.225 } },
        { "caffe-bgr", true, 1, { 104, 117, 123 }, { 1, 1, 1 } },
        { "minus1-1", false, 1, { 127.5, 127.5, 127.5 }, { 127.5, 127.5, 127.5 } },
        { "0-1", false, 255, { 0 }, { 1, 1, 1 } },
        { "raw", false, 1, { 0 }, { 1, 1, 1 } },
        { "[{mean: [1, 2, 3]}, {color: bgr}, {std: [4, 5, 6]}]", true, 1, { 3, 2, 1 },
          { 4, 5, 6 } },
    };
    test_ctx t;
    test_ctx_init(&t);
    pare_image image = picture(&t, 5, 4, 3);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_tensor *const out = applied(&t, rows[i].text, &image, PARE_FLOAT);
        const float *const y = (const float *)out->payload.data;
        assert_int_equal(out->rank, 4);
        assert_int_equal(out->dims[1], 3);
        for (size_t c = 0; c < 3; c++) {
            for (size_t k = 0; k < 20; k++) {
                const double x = image.pixels[k * 3 + (rows[i].bgr ? 2 - c : c)];
                const float want =
                    (float)((x / rows[i].divide - rows[i].mean[c]) / rows[i].std[c]);
                if (want != y[c * 20 + k]) fail_msg("%s: %g, want %g", rows[i].text,
                                                    (double)y[c * 20 + k], (double)want);
            }
        }
        pare_tensor_unref(out);
    }
    pare_image_free(&t.ctx, &image);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void makes_layouts_colors_and_types(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_image image = picture(&t, 2, 2, 3), gray = picture(&t, 2, 2, 1);
    pare_tensor *out = applied(&t, "[{color: bgr}, {layout: nhwc}]", &image, PARE_UINT8);
    assert_int_equal(out->dims[3], 3);
    assert_int_equal(out->payload.data[0], image.pixels[2]);
    assert_int_equal(out->payload.data[5], image.pixels[3]);
    pare_tensor_unref(out);
    out = applied(&t, "[{color: gray}, {divide: 2}]", &image, PARE_INT8);
    assert_int_equal(out->dims[1], 1);
    assert_int_equal((int8_t)out->payload.data[0],
                     (int)rint((0 * 19595 + 37 * 38470 + 74 * 7471 + 32768) / 65536 / 2.0));
    pare_tensor_unref(out);
    out = applied(&t, "[{divide: 255}]", &gray, PARE_FLOAT16); /* grey ones become RGB */
    assert_int_equal(out->dims[1], 3);
    assert_int_equal(((const uint16_t *)out->payload.data)[1], 0x30a5); /* 37 / 255 */
    pare_tensor_unref(out);
    out = applied(&t, "[{color: gray}, {color: rgb}, {mean: [0, 1, 2]}]", &image, PARE_DOUBLE);
    assert_true(((const double *)out->payload.data)[0] ==
                ((const double *)out->payload.data)[8] + 2);
    pare_tensor_unref(out);
    out = applied(&t, "[{mean: 100}, {multiply: 1e6}]", &gray, PARE_INT16); /* cut at the range */
    assert_int_equal(((const int16_t *)out->payload.data)[0], -32768);
    assert_int_equal(((const int16_t *)out->payload.data)[3], 32767);
    pare_tensor_unref(out);
    const pare_preprocess list = list_of(&t, "[{mean: [1, 2]}]");
    assert_int_equal(pare_preprocess_image(&t.ctx, &out, &list, &image, PARE_FLOAT), PARE_EFORMAT);
    assert_int_equal(pare_preprocess_image(&t.ctx, &out, &list, &image, PARE_BOOL),
                     PARE_EFORMAT);
    pare_image_free(&t.ctx, &image);
    pare_image_free(&t.ctx, &gray);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Sizes and places as torchvision and Hugging Face have them. */
static void places_pixels(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const char *text;
        uint32_t to_width, to_height;
        int64_t first; /* pixel of the image that comes first; -1: another one */
    } rows[] = {
        { 500, 375, "[{resize: {short: 256}}]", 341, 256, -1 },
        { 375, 500, "[{resize: {short: 256}}]", 256, 341, -1 },
        { 500, 375, "[{resize: {long: 256}}]", 256, 192, -1 },
        { 9, 3000, "[{resize: {long: 20}}]", 1, 20, -1 },
        { 30, 20, "[{resize: {exact: [5, 7]}}]", 7, 5, -1 },
        { 227, 227, "[{crop: 224}]", 224, 224, 2 * 227 + 2 }, /* 1.5 to even */
        { 229, 229, "[{crop: 224}]", 224, 224, 2 * 229 + 2 }, /* 2.5 to even */
        { 227, 227, "[{crop: {size: 224, at: floor-centre}}]", 224, 224, 227 + 1 },
        { 10, 10, "[{crop: {size: [2, 3], at: [4, 5]}}]", 3, 2, 45 },
        { 10, 4, "[{crop: 6}]", 6, 6, -1 },
        { 10, 4, "[{pad: 6}]", 10, 6, -1 },
        { 10, 12, "[{pad: 6}]", 10, 12, 0 },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pare_preprocess list = list_of(&t, rows[i].text);
        pare_image image = picture(&t, rows[i].width, rows[i].height, 3), out;
        assert_int_equal(pare_preprocess_pixels(&t.ctx, &out, &list, &image), PARE_OK);
        if (out.width != rows[i].to_width || out.height != rows[i].to_height)
            fail_msg("%s: %u x %u", rows[i].text, (unsigned)out.width, (unsigned)out.height);
        if (rows[i].first >= 0)
            assert_memory_equal(out.pixels, image.pixels + 3 * rows[i].first, 9);
        pare_image_free(&t.ctx, &image);
        pare_image_free(&t.ctx, &out);
    }
    const pare_preprocess outside = list_of(&t, "[{crop: {size: 5, at: [6, 0]}}]");
    pare_image image = picture(&t, 10, 10, 1), out;
    assert_int_equal(pare_preprocess_pixels(&t.ctx, &out, &outside, &image), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "does not fit into an image of 10 x 10"));
    pare_image_free(&t.ctx, &image);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- arrays ----------------------------------------------------------------------------------- */

static void applies_to_arrays(void **state)
{
    (void)state;
    static const int64_t dims[] = { 2, 2 }, planes[] = { 3, 1, 2 }, pixels[] = { 1, 2, 3 };
    static const uint8_t bytes[] = { 0, 51, 102, 255, 7, 8 };
    static const float reals[] = { 1, 2, 3, 4, 5, 6 };
    test_ctx t;
    test_ctx_init(&t);
    pare_tensor *array = NULL, *out = NULL;
    assert_int_equal(pare_tensor_from(&t.ctx, &array, PARE_UINT8, 2, dims, bytes), PARE_OK);
    pare_preprocess list = list_of(&t, "[{divide: 255}]");
    assert_int_equal(pare_preprocess_array(&t.ctx, &out, &list, array, PARE_FLOAT), PARE_OK);
    assert_int_equal(out->rank, 2);
    assert_true(((const float *)out->payload.data)[1] == 0.2f);
    pare_tensor_unref(out);
    list = list_of(&t, "[{resize: {exact: 1, filter: box}}, {layout: nchw}]");
    assert_int_equal(pare_preprocess_array(&t.ctx, &out, &list, array, PARE_FLOAT), PARE_OK);
    assert_int_equal(out->rank, 4);
    assert_true(((const float *)out->payload.data)[0] == 103.0f); /* rows first: 26, 179 */
    pare_tensor_unref(out);
    pare_tensor_unref(array);
    assert_int_equal(pare_tensor_from(&t.ctx, &array, PARE_FLOAT, 3, planes, reals), PARE_OK);
    list = list_of(&t, "[{mean: [1, 2, 3]}]");
    assert_int_equal(pare_preprocess_array(&t.ctx, &out, &list, array, PARE_FLOAT), PARE_OK);
    assert_true(((const float *)out->payload.data)[5] == 3.0f);
    pare_tensor_unref(out);
    list = list_of(&t, "caffe-bgr");
    assert_int_equal(pare_preprocess_array(&t.ctx, &out, &list, array, PARE_FLOAT), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "not for an array of float of rank 3"));
    pare_tensor_unref(array);
    assert_int_equal(pare_tensor_from(&t.ctx, &array, PARE_UINT8, 3, pixels, bytes), PARE_OK);
    list = list_of(&t, "[{color: bgr}]");
    assert_int_equal(pare_preprocess_array(&t.ctx, &out, &list, array, PARE_UINT8), PARE_OK);
    assert_memory_equal(out->payload.data, "\x66\x08\x33\x07\x00\xff", 6);
    pare_tensor_unref(out);
    pare_tensor_unref(array);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- Hugging Face ----------------------------------------------------------------------------- */

static void reads_hugging_face(void **state)
{
    (void)state;
    static const struct {
        const char *json, *want; /* or "error: " and a part of the message */
    } rows[] = {
        { "{\"do_resize\": true, \"size\": {\"height\": 224, \"width\": 224}, \"resample\": 2,"
          " \"do_rescale\": true, \"rescale_factor\": 0.00392156862745098, \"do_normalize\": true,"
          " \"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0.5, 0.5],"
          " \"image_processor_type\": \"ViTImageProcessor\"}",
          "[{resize: {exact: 224, filter: bilinear}}, {color: rgb}, {divide: 255}, "
          "{mean: [0.5, 0.5, 0.5]}, {std: [0.5, 0.5, 0.5]}, {layout: nchw}]" },
        { "{\"do_resize\": true, \"size\": 224, \"do_normalize\": true, \"image_mean\": "
          "[0.485, 0.456, 0.406], \"image_std\": [0.229, 0.224, 0.225], \"resample\": 2, "
          "\"feature_extractor_type\": \"ViTFeatureExtractor\"}",
          "[{resize: {exact: 224, filter: bilinear}}, imagenet]" },
        { "{\"size\": {\"shortest_edge\": 256}, \"crop_size\": {\"height\": 224, \"width\": 224},"
          " \"do_center_crop\": true, \"do_resize\": true, \"resample\": 3, \"do_rescale\": false,"
          " \"do_normalize\": false, \"do_flip_channel_order\": true, \"do_convert_rgb\": null}",
          "[{resize: {short: 256, filter: bicubic}}, {crop: {size: 224, at: floor-centre}}, "
          "{color: rgb}, {color: bgr}, {layout: nchw}]" },
        { "{\"size\": {\"shortest_edge\": 224}, \"resample\": 3, \"do_normalize\": false,"
          " \"image_processor_type\": \"ConvNextImageProcessor\", \"crop_pct\": 0.875}",
          "[{resize: {short: 256, filter: bicubic}}, {crop: {size: 224, at: floor-centre}}, 0-1]" },
        { "{\"do_pad\": true}", "error: do_pad changes pixels" },
        { "{\"do_resize\": true}", "error: do_resize without size" },
        { "{\"do_normalize\": true}", "error: without image_mean" },
        { "{\"size\": {\"longest\": 3}}", "error: {shortest_edge}" },
        { "[1]", "error: expected an object" },
    };
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_ctx t;
    test_ctx_init(&t);
    test_join(path, test_temp_dir(dir), "preprocessor_config.json");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_preprocess list;
        char text[512] = "";
        test_write_file(path, rows[i].json, strlen(rows[i].json));
        const pare_status st = read_text(&t.ctx, &list, "preprocessor_config.json", dir);
        const bool wrong = !strncmp(rows[i].want, "error: ", 7);
        if (!st) assert_true(pare_preprocess_text(&list, text, sizeof(text)));
        if (wrong ? !st || !strstr(t.ctx.message, rows[i].want + 7)
                  : st || strcmp(text, rows[i].want))
            fail_msg("%s: '%s' '%s'", rows[i].json, text, st ? t.ctx.message : "");
    }
    test_remove_tree(dir);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- memory ----------------------------------------------------------------------------------- */

static pare_status read_and_apply(pare_ctx *ctx, void *user)
{
    pare_preprocess list;
    pare_image image = { 0 };
    pare_tensor *out = NULL;
    (void)user;
    pare_status st = read_text(ctx, &list, "[{resize: {short: 9}}, {crop: 8}, imagenet]", NULL);
    if (!st) st = pare_image_new(ctx, &image, 12, 13, 3);
    if (!st) st = pare_preprocess_image(ctx, &out, &list, &image, PARE_FLOAT16);
    pare_tensor_unref(out);
    pare_image_free(ctx, &image);
    return st;
}

static void frees_all_without_memory(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(read_and_apply, NULL) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_lists),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(presets_compute_what_they_say),
        cmocka_unit_test(makes_layouts_colors_and_types),
        cmocka_unit_test(places_pixels),
        cmocka_unit_test(applies_to_arrays),
        cmocka_unit_test(reads_hugging_face),
        cmocka_unit_test(frees_all_without_memory),
    };
    return test_run(tests);
}
