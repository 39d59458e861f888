#include "energy/energy.h"
#include "energy/zeros.h"
#include "formats/target.h"
#include "ir/build.h"
#include "support/estimated.h"
#include "support/nets/layer.h"
#include "support/quantized.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { OUT = 64, IN = 256 };

static void test_patterns(void **state)
{
    static const struct {
        const char *text;
        bool is_pattern;
        int kind;
        uint64_t a, b;
    } cases[] = {
        { "unstructured", true, PARE_ZEROS_ANY, 0, 0 },
        { "2:4", true, PARE_ZEROS_N_OF_M, 2, 4 },
        { "1:8", true, PARE_ZEROS_N_OF_M, 1, 8 },
        { "block_1x4", true, PARE_ZEROS_BLOCK, 1, 4 },
        { "block_16x1", true, PARE_ZEROS_BLOCK, 16, 1 },
        { "4:4", false, 0, 0, 0 },
        { "0:4", false, 0, 0, 0 },
        { "2:4x", false, 0, 0, 0 },
        { "block_0x4", false, 0, 0, 0 },
        { "structured", false, 0, 0, 0 },
        { "", false, 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pare_zero_pattern p = { PARE_ZEROS_ANY, 0, 0 };
        if (pare_zero_pattern_read(&p, cases[i].text) != cases[i].is_pattern)
            fail_msg("'%s'", cases[i].text);
        if (!cases[i].is_pattern) continue;
        assert_int_equal(p.kind, cases[i].kind);
        assert_int_equal(p.a, cases[i].a);
        assert_int_equal(p.b, cases[i].b);
    }
}

/* Which weights [OUT, IN] stay. */
typedef bool keep_fn(uint64_t row, uint64_t column);

static bool keep_all(uint64_t row, uint64_t column)
{
    (void)row, (void)column;
    return true;
}

static bool keep_half_of_four(uint64_t row, uint64_t column)
{
    return (column + row) % 4 < 2;
}

static bool keep_fifth(uint64_t row, uint64_t column)
{
    return (row * IN + column) % 5 == 0;
}

static bool keep_blocks(uint64_t row, uint64_t column)
{
    return (column / 4 + row) % 4 == 0;
}

/* x [32, IN] times weights: Gemm with weights as they are, or MatMul with them turned. */
static pare_estimate *estimate(test_ctx *t, const pare_target *target, keep_fn *keep, bool turned)
{
    static float w[OUT * IN];
    static const int64_t x_dims[] = { 32, IN }, dims[] = { OUT, IN }, turned_dims[] = { IN, OUT };
    net n;
    pare_model *model = NULL;
    for (uint64_t r = 0; r < OUT; r++)
        for (uint64_t c = 0; c < IN; c++)
            w[turned ? c * OUT + r : r * IN + c] = keep(r, c) ? 0.5f : (r + c) % 2 ? -0.0f : 0.0f;
    net_begin(&n, &t->ctx, "g", NULL);
    const pare_value_id x = pare_build_input(&n.b, "x", net_type(&n, PARE_FLOAT, 2, x_dims));
    const pare_value_id wv = pare_build_floats(&n.b, "w", w, 2, turned ? turned_dims : dims);
    const pare_value_id y = pare_emit(&n.b, turned ? "MatMul" : "Gemm", x, wv);
    if (!turned) pare_build_int(&n.b, "transB", 1);
    pare_build_output(&n.b, y, NULL);
    if (net_end(&n, &model)) fail_msg("%s", t->ctx.message);
    pare_estimate *e = test_estimate(t, model, target, NULL);
    pare_model_free(&t->ctx, model);
    return e;
}

static pare_target sparse_chip(const char *pattern, double min, double weight_bytes)
{
    pare_target target = test_chip(1 << 20);
    target.hardware.credits[0] = (pare_sparsity_credit){ .pattern = pattern,
                                                         .min_sparsity = min,
                                                         .mac_time = 0,
                                                         .mac_energy = 0.5,
                                                         .weight_bytes = weight_bytes };
    target.hardware.n_credits = 1;
    return target;
}

/* Zeros that the target makes nothing of save nothing, and that is said. */
static void test_no_benefit(void **state)
{
    test_ctx t;
    const pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *dense = estimate(&t, &target, keep_all, false);
    pare_estimate *sparse = estimate(&t, &target, keep_fifth, false);
    assert_true(dense->sparsity == 0);
    assert_int_equal(dense->n_warnings, 0);
    assert_true(fabs(sparse->sparsity - 0.8) < 1e-3);
    assert_true(sparse->energy_uj.value == dense->energy_uj.value);
    assert_int_equal(sparse->n_warnings, 1);
    assert_string_equal(sparse->warnings[0],
                        "sparsity 80 % has no modelled benefit on this target");
    pare_estimate_free(&t.ctx, dense);
    pare_estimate_free(&t.ctx, sparse);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* A pattern is credited where the weights have it, whichever way they lie. */
static void test_credit(void **state)
{
    static const struct {
        const char *pattern;
        double min;
        keep_fn *keep;
        double skipped;
    } cases[] = {
        { "2:4", 0.5, keep_half_of_four, 0.5 }, { "2:4", 0.5, keep_all, 0 },
        { "1:4", 0.5, keep_half_of_four, 0 },   { "block_1x4", 0.7, keep_blocks, 0.75 },
        { "block_1x4", 0.8, keep_blocks, 0 },   { "block_1x4", 0.5, keep_fifth, 0 },
        { "unstructured", 0, keep_fifth, 0.8 }, { "unstructured", 0.9, keep_fifth, 0 },
        { "2:4", 0.5, keep_blocks, 0 },
    };
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const pare_target target = sparse_chip(cases[i].pattern, cases[i].min, 0);
        pare_estimate *dense = estimate(&t, &target, keep_all, false);
        for (int turned = 0; turned < 2; turned++) {
            pare_estimate *e = estimate(&t, &target, cases[i].keep, turned);
            const double share =
                e->terms_uj[PARE_TERM_COMPUTE] / dense->terms_uj[PARE_TERM_COMPUTE];
            if (fabs(share - (1 - 0.5 * cases[i].skipped)) > 1e-3)
                fail_msg("%s, case %zu, turned %d: %.4f", cases[i].pattern, i, turned, share);
            assert_int_equal(e->macs, 32 * OUT * IN);
            assert_true((e->layers[0].credit != NULL) == (cases[i].skipped > 0));
            pare_estimate_free(&t.ctx, e);
        }
        pare_estimate_free(&t.ctx, dense);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Bytes drop only where the target stores the pattern in fewer. */
static void test_bytes(void **state)
{
    test_ctx t;
    const pare_target plain = sparse_chip("2:4", 0.5, 0);
    const pare_target packed = sparse_chip("2:4", 0.5, 0.5625);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *a = estimate(&t, &plain, keep_half_of_four, false);
    pare_estimate *b = estimate(&t, &packed, keep_half_of_four, false);
    assert_int_equal(a->weight_traffic_bytes, 4 * OUT * IN);
    assert_int_equal(b->weight_traffic_bytes, 4 * OUT * IN * 5625 / 10000);
    pare_estimate_free(&t.ctx, a);
    pare_estimate_free(&t.ctx, b);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* A tensor of int8 whose zero is its zero point, one per row. */
static void test_zero_points(void **state)
{
    static const int8_t w[] = { 3, 3, 0, 1, -7, -7, -7, 0 }, zeros[] = { 3, -7 };
    static const int64_t dims[] = { 2, 4 }, zero_dims[] = { 2 };
    static const uint8_t nibbles[] = { 0x10, 0x00, 0x52, 0x00 };
    test_ctx t;
    pare_tensor *tensor = NULL, *zero = NULL, *narrow = NULL;
    const pare_hardware hw = { .n_credits = 0 };
    pare_zeros found;
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(pare_tensor_from(&t.ctx, &tensor, PARE_INT8, 2, dims, w), PARE_OK);
    assert_int_equal(pare_tensor_from(&t.ctx, &zero, PARE_INT8, 1, zero_dims, zeros), PARE_OK);
    assert_int_equal(pare_tensor_from(&t.ctx, &narrow, PARE_INT4, 2, dims, nibbles), PARE_OK);
    assert_int_equal(pare_zeros_count(&t.ctx, &found, tensor, NULL, 0, &hw, NULL, 0), PARE_OK);
    assert_int_equal(found.zeros, 2);
    assert_int_equal(pare_zeros_count(&t.ctx, &found, tensor, zero, 0, &hw, NULL, 0), PARE_OK);
    assert_int_equal(found.n, 8);
    assert_int_equal(found.zeros, 5);
    assert_int_equal(pare_zeros_count(&t.ctx, &found, tensor, zero, -2, &hw, NULL, 0), PARE_OK);
    assert_int_equal(found.zeros, 5);
    assert_int_equal(pare_zeros_count(&t.ctx, &found, narrow, NULL, 0, &hw, NULL, 0), PARE_OK);
    assert_int_equal(found.zeros, 5);
    pare_tensor_unref(tensor);
    pare_tensor_unref(zero);
    pare_tensor_unref(narrow);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Two of four in each row of a tensor that names the others: by number, or by row and column. */
static void test_sparse(void **state)
{
    static const float ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const int64_t flat[] = { 0, 3, 4, 6, 9, 10, 12, 13 }, out_of_range[] = { 0, 99 };
    static const int64_t pairs[] = { 0, 0, 0, 3, 0, 4, 0, 6, 1, 1, 1, 2, 1, 4, 1, 5 };
    static const int64_t dims[] = { 2, 8 }, n[] = { 8 }, pair_dims[] = { 8, 2 }, two[] = { 2 };
    const pare_weight_rows view = { 2, 8, 1 };
    const pare_target target = sparse_chip("2:4", 0.5, 0);
    test_ctx t;
    pare_sparse_tensor s = { .rank = 2, .dims = dims };
    pare_zeros found;
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(pare_tensor_from(&t.ctx, &s.values, PARE_FLOAT, 1, n, ones), PARE_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pare_tensor_from(&t.ctx, &s.indices, PARE_INT64, i ? 2 : 1,
                                          i ? pair_dims : n, i ? pairs : flat),
                         PARE_OK);
        assert_int_equal(pare_zeros_count_sparse(&t.ctx, &found, &s, &target.hardware, &view, 1),
                         PARE_OK);
        assert_int_equal(found.n, 16);
        assert_int_equal(found.zeros, 8);
        assert_non_null(found.credit);
        assert_true(found.skipped == 0.5);
        pare_tensor_unref(s.indices);
    }
    assert_int_equal(pare_tensor_from(&t.ctx, &s.indices, PARE_INT64, 1, two, out_of_range),
                     PARE_OK);
    assert_int_equal(pare_zeros_count_sparse(&t.ctx, &found, &s, &target.hardware, &view, 1),
                     PARE_OK);
    pare_tensor_unref(s.indices);
    pare_tensor_unref(s.values);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),    cmocka_unit_test(test_no_benefit),
        cmocka_unit_test(test_credit),      cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_zero_points), cmocka_unit_test(test_sparse),
    };
    return test_run(tests);
}
