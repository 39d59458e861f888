/* Every description that lies beside the real data opens, with as many samples as it has. */
#include "support/test.h"

#include "formats/dataset/data.h"
#include "ir/tensor.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

static const int64_t image224[] = { -1, 3, 224, 224 }, image32[] = { 1, 3, 32, 32 },
                     digit[] = { -1, 1, 28, 28 }, ids[] = { -1, 48 };

typedef struct row {
    const char *path;
    pare_dtype dtype;
    const int64_t *dims;
    uint32_t rank;
    pare_data_split split;
    uint64_t n, n_eval; /* samples of the split; of all */
    int64_t n_classes;
    int64_t label_sum; /* of the split, or -1 for no labels */
    const char *metric;
} row;

static const row rows[] = {
    { "imagenet/squeezenet1.1-dev.yaml", PARE_FLOAT, image224, 4, PARE_DATA_EVAL, 500, 500, 1000,
      229445, "top1" },
    { "imagenet/squeezenet1.1-calib.yaml", PARE_FLOAT, image224, 4, PARE_DATA_CALIBRATE, 200, 200,
      1000, 98463, "top1" },
    { "imagenet/squeezenet-fp16-dev.yaml", PARE_FLOAT16, image224, 4, PARE_DATA_EVAL, 500, 500,
      1000, 229445, "top1" },
    { "imagenet/mobilenetv2-deq-dev.yaml", PARE_FLOAT, image224, 4, PARE_DATA_EVAL, 500, 500, 1001,
      229945, "top1" },
    { "imagenette160/dev.yaml", PARE_FLOAT, image224, 4, PARE_DATA_EVAL, 658, 658, 10, 2901,
      "top1" },
    { "imagenette160/calib.yaml", PARE_FLOAT, image224, 4, PARE_DATA_ALL, 300, 300, 10, -1, NULL },
    { "cifar10/dev.yaml", PARE_FLOAT, image32, 4, PARE_DATA_EVAL, 5000, 5000, 10, 22841, "top1" },
    { "cifar10/train.yaml", PARE_FLOAT, image32, 4, PARE_DATA_CALIBRATE, 1024, 50000, 10, 4613,
      NULL },
    { "mnist/dev.yaml", PARE_FLOAT, digit, 4, PARE_DATA_EVAL, 10000, 10000, 10, 44434, "top1" },
    { "text/sst2/dev.yaml", PARE_INT64, ids, 2, PARE_DATA_EVAL, 872, 872, 2, 444, "top1" },
};

static void check(const row *r, const char *path)
{
    test_ctx t;
    pare_dataset *d = NULL;
    test_ctx_init(&t);
    const pare_data_input in = { "x", r->dtype, true, r->rank, r->dims };
    const pare_data_opts opts = { .inputs = &in, .n_inputs = 1, .n_classes = r->n_classes,
                                  .choice = { .split = r->split } };
    if (pare_data_open(&t.ctx, &d, path, &opts)) fail_msg("%s", t.ctx.message);
    int64_t sum = 0;
    for (uint64_t i = 0; i < d->n; i++) sum += d->label(d->self, i);
    printf("%s: %llu samples of %llu, labels %lld, content %016llx\n", r->path,
           (unsigned long long)d->n, (unsigned long long)d->counts.rows, (long long)sum,
           (unsigned long long)d->content_hash);
    assert_int_equal(d->n, r->n);
    assert_int_equal(d->counts.rows, r->n_eval);
    assert_int_equal(d->has_labels, r->label_sum >= 0);
    if (d->has_labels) assert_int_equal(sum, r->label_sum);
    if (r->metric) assert_string_equal(d->metric, r->metric);
    else assert_null(d->metric);
    for (uint64_t i = 0; i < d->n; i += d->n / 3) {
        pare_tensor *x = NULL;
        if (d->load(d->self, &t.ctx, i, &x)) fail_msg("%s", t.ctx.message);
        assert_int_equal(x->dtype, r->dtype);
        assert_int_equal(x->rank, r->rank);
        assert_int_equal(x->dims[0], 1);
        for (uint32_t k = 1; k < r->rank; k++) assert_int_equal(x->dims[k], r->dims[k]);
        pare_tensor_unref(x);
    }
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void every_description_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char relative[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
        snprintf(relative, sizeof(relative), "data/%s", rows[i].path);
        if (!test_shared_path(path, relative)) test_skip("no shared data");
        check(&rows[i], path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_description_opens),
    };
    return test_run(tests);
}
