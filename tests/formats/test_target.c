#include "support/test.h"

#include "energy/energy.h"
#include "formats/target.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "pare: 1\ntarget: x\n"
#define HARDWARE                       \
    "hardware:\n"                      \
    "  boundary: chip\n"               \
    "  mac: {float32: 4.6 pJ}\n"       \
    "  levels: [{name: DRAM, energy: 20 pJ/bit}]\n"

static pare_target *parse(test_ctx *t, const char *text)
{
    pare_target *target = NULL;
    test_ctx_init(t);
    if (pare_target_parse(&t->ctx, &target, "x.yaml", text, strlen(text)))
        fail_msg("%s", t->ctx.message);
    return target;
}

static void finish(test_ctx *t, pare_target *target)
{
    pare_target_free(&t->ctx, target);
    assert_int_equal(test_ctx_live_bytes(t), 0);
}

static void reads_figures_in_any_unit(void **state)
{
    (void)state;
    test_ctx t;
    pare_target *x = parse(
        &t, HEAD
        "sources: {mine: {text: A bench}}\n"
        "hardware:\n"
        "  boundary: package\n"
        "  mac:\n"
        "    float32: 1.69 pJ ~1.5 published jouppi2021; table 2, 7 nm\n"
        "    int8: {value: 100 fJ, spread: 2, kind: derived, source: mine, note: halves}\n"
        "    float16: 2 pJ/FLOP\n"
        "  peak: {float32: 2 TFLOP/s measured, int8: 3e3GMAC/s ~1.05}\n"
        "  efficiency: {conv: 40%, gemm: 0.5}\n"
        "  static: 90 W ~1.5\n"
        "  launch-time: 5us\n"
        "  levels:\n"
        "    - {name: L2, capacity: 1 MiB, energy: 2 pJ/B, bandwidth: 1 TB/s, usable: 75%}\n"
        "    - {name: DRAM, energy: 20 pJ/bit, bandwidth: 50 GB/s}\n");
    const pare_hardware *h = &x->hardware;
    const pare_figure f = h->mac_pj[PARE_ARITH_FLOAT32];
    assert_float_equal(f.value, 1.69, 1e-12);
    assert_float_equal(f.spread, log(1.5), 1e-12);
    assert_int_equal(f.kind, PARE_FIGURE_PUBLISHED);
    assert_string_equal(f.source, "jouppi2021");
    assert_string_equal(f.note, "table 2, 7 nm");
    assert_float_equal(h->mac_pj[PARE_ARITH_INT8].value, 0.1, 1e-12);
    assert_float_equal(h->mac_pj[PARE_ARITH_INT8].spread, log(2), 1e-12);
    assert_string_equal(h->mac_pj[PARE_ARITH_INT8].note, "halves");
    assert_float_equal(h->mac_pj[PARE_ARITH_FLOAT16].value, 4, 1e-12);
    assert_int_equal(h->mac_pj[PARE_ARITH_FLOAT16].kind, PARE_FIGURE_ESTIMATED);
    assert_float_equal(h->mac_pj[PARE_ARITH_FLOAT16].spread, log(1.8), 1e-12);
    assert_int_equal(h->mac_pj[PARE_ARITH_INT4].kind, PARE_FIGURE_NONE);
    assert_float_equal(h->macs_per_s[PARE_ARITH_FLOAT32].value, 1e12, 1);
    assert_float_equal(h->macs_per_s[PARE_ARITH_INT8].value, 3e12, 1);
    assert_float_equal(h->efficiency[PARE_WORK_CONV].value, 0.4, 1e-12);
    assert_float_equal(h->efficiency[PARE_WORK_GEMM].value, 0.5, 1e-12);
    assert_float_equal(h->static_w.value, 90, 0);
    assert_float_equal(h->launch_s.value, 5e-6, 1e-15);
    assert_int_equal(h->n_levels, 2);
    assert_float_equal(h->levels[0].capacity_bytes.value, 1048576, 0);
    assert_float_equal(h->levels[0].usable, 0.75, 1e-12);
    assert_float_equal(h->levels[1].usable, 0.5, 0);
    assert_float_equal(h->levels[1].pj_per_byte.value, 160, 1e-9);
    assert_int_equal(x->n_sources, 2);
    assert_string_equal(x->sources[0].key, "mine");
    assert_non_null(x->sources[1].bibtex);
    assert_true(isnan(x->fit_error));
    assert_string_equal(x->title, "x");
    assert_int_equal(h->fallback[PARE_ARITH_INT4], PARE_ARITH_INT4);
    finish(&t, x);
}

static void reads_rules(void **state)
{
    (void)state;
    test_ctx t;
    pare_target *x = parse(
        &t, HEAD
        "rules:\n"
        "  runtime: some 1.2\n"
        "  opset: [7, 21]\n"
        "  quantize:\n"
        "    weights: [{type: int4, per: block, blocks: [16, 64]},\n"
        "              {type: int8, zero-point: none}]\n"
        "    computes: {Conv: QLinearConv}\n"
        "    moves: [Reshape]\n"
        "    dynamic: [Conv, MatMul]\n"
        "    arithmetic: saturates16\n"
        "  fuse:\n"
        "    - name: conv\n"
        "      chain: [Conv, ConvTranspose]\n"
        "      before: [DequantizeLinear]\n"
        "      then: [Relu, {ops: [Add], operands: [same, scalar]}]\n"
        "    - {name: gelu, cluster: [Div, Erf], operands: scalar}\n");
    const pare_target_quant *q = &x->rules.quant;
    assert_string_equal(x->runtime, "some 1.2");
    assert_int_equal(x->rules.max_opset, 21);
    assert_int_equal(q->n_weights, 2);
    assert_string_equal(q->weights[0].type, "int4");
    assert_int_equal(q->weights[0].per, PARE_PER_BLOCK);
    assert_int_equal(q->weights[0].max_block, 64);
    assert_true(q->weights[0].zero_point);
    assert_false(q->weights[1].zero_point);
    assert_int_equal(q->saturation, PARE_SATURATES16);
    assert_int_equal(q->n_ops, 3);
    assert_string_equal(q->ops[0].becomes, "QLinearConv");
    assert_true(q->ops[0].dynamic);
    assert_int_equal(q->ops[1].role, PARE_QUANT_MOVES);
    assert_string_equal(q->ops[2].op, "MatMul");
    assert_int_equal(x->n_groups, 2);
    assert_false(x->groups[0].cluster);
    assert_int_equal(x->groups[0].n_parts, 3);
    assert_string_equal(x->groups[0].parts[1].ops[0], "Relu");
    assert_int_equal(x->groups[0].parts[2].n_operands, 2);
    assert_string_equal(x->groups[0].before[0], "DequantizeLinear");
    assert_true(x->groups[1].cluster);
    assert_string_equal(x->groups[1].parts[0].operands[0], "scalar");
    assert_false(x->has_hardware);
    finish(&t, x);
}

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "target: x\n", "x.yaml:1: expected 'pare: 1'" },
        { "pare: 2\ntarget: x\n", "x.yaml:1: 'pare': expected a whole number from 1 to 1" },
        { "pare: 1\n", "expected 'target: NAME'" },
        { HEAD "hardwar: {}\n", "x.yaml:3: unknown key 'hardwar'; did you mean 'hardware'?" },
        { HEAD "hardware: {mac: {float32: 1 pJ}}\n", "expected a 'boundary'" },
        { HEAD "hardware: {boundary: box}\n", "'box' is unknown" },
        { HEAD "hardware: {boundary: chip, mac: {float32: 1 pJ}}\n", "expected 'levels'" },
        { HEAD "hardware: {boundary: chip, levels: [{name: D}]}\n", "expected energy of a MAC" },
        { HEAD HARDWARE "  static: 3 MW\n", "unit 'MW' is not one of W, mW, uW" },
        { HEAD HARDWARE "  static: 3\n",
          "x.yaml:7: 'static': expected a unit behind the number: W" },
        { HEAD HARDWARE "  peak: {int8: 3 TOPS/s}\n", "did you mean 'TOP/s'?" },
        { HEAD HARDWARE "  static: many\n", "expected a number with a unit, found 'many'" },
        { HEAD HARDWARE "  static: inf W\n", "expected a number" },
        { HEAD HARDWARE "  static: -3 W\n", "no negative amount" },
        { HEAD HARDWARE "  static: 3 W ~0.5\n", "a factor of at least 1" },
        { HEAD HARDWARE "  static: 3 W guessed\n", "'guessed' is no kind of figure" },
        { HEAD HARDWARE "  static: 3 W measurd\n", "did you mean 'measured'?" },
        { HEAD HARDWARE "  static: 3 W published\n", "expected the source of what is published" },
        { HEAD HARDWARE "  static: 3 W published joupi2021\n", "did you mean 'jouppi2021'?" },
        { HEAD HARDWARE "  static: 3 W derived nobody\n", "describe it under 'sources'" },
        { HEAD HARDWARE "  static: 3 W derived timm more\n", "nothing was expected behind" },
        { HEAD HARDWARE "  static: {spread: 2}\n", "expected a 'value'" },
        { HEAD HARDWARE "  efficiency: {conv: 120%}\n", "a share above 0 and up to 1" },
        { HEAD HARDWARE "  efficiency: {convs: 12%}\n", "did you mean 'conv'?" },
        { HEAD HARDWARE "  fallback: {int4: int8, int8: int4}\n", "leads back to itself" },
        { HEAD "hardware: {boundary: chip, levels: [{name: A}, {name: B}]}\n",
          "level 'A': expected a 'capacity'" },
        { HEAD "rules: {fuse: [{name: a}]}\n", "group 'a': expected either 'chain' or 'cluster'" },
        { HEAD "rules: {opset: 7}\n", "'opset': expected [OLDEST, NEWEST]" },
        { HEAD "rules: {quantize: {weights: [{type: int7}]}}\n", "did you mean 'int8'?" },
        { HEAD "rules: {quantize: {moves: [Relu], absorbs: [Relu]}}\n", "'Relu' has two roles" },
        { HEAD "like: ort-x46\n",
          "x.yaml:3: there is no target 'ort-x46'; did you mean 'ort-x64'?" },
        { HEAD "like: ./no-such.yaml\n", "no-such.yaml" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        pare_target *x = NULL;
        test_ctx_init(&t);
        assert_int_equal(pare_target_parse(&t.ctx, &x, "x.yaml", rows[i][0], strlen(rows[i][0])),
                         PARE_EFORMAT);
        assert_null(x);
        if (!strstr(t.ctx.message, rows[i][1]))
            fail_msg("'%s' is not in '%s'", rows[i][1], t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void is_like_another_one(void **state)
{
    (void)state;
    test_ctx t;
    pare_target *base = NULL;
    pare_target *x = parse(&t, HEAD "like: ort-x64\ntitle: mine\n"
                                    "hardware:\n  static: 3 W measured\n  mac: {int8: none}\n");
    assert_int_equal(pare_target_find(&t.ctx, &base, "ort-x64"), PARE_OK);
    assert_string_equal(x->name, "x");
    assert_string_equal(x->like, "ort-x64");
    assert_string_equal(x->title, "mine");
    assert_string_equal(x->about, base->about);
    assert_float_equal(x->hardware.static_w.value, 3, 0);
    assert_int_equal(x->hardware.mac_pj[PARE_ARITH_INT8].kind, PARE_FIGURE_NONE);
    assert_float_equal(x->hardware.mac_pj[PARE_ARITH_FLOAT32].value,
                       base->hardware.mac_pj[PARE_ARITH_FLOAT32].value, 0);
    assert_int_equal(x->n_groups, base->n_groups);
    pare_target_free(&t.ctx, base);
    finish(&t, x);
}

static void finds_files_beside_files(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], one[TEST_PATH_BYTES], two[TEST_PATH_BYTES];
    test_ctx t;
    pare_target *x = NULL;
    test_ctx_init(&t);
    test_join(one, test_temp_dir(dir), "one.yaml");
    test_join(two, dir, "two.yaml");
#define ONE HEAD HARDWARE
#define TWO "pare: 1\ntarget: two\nlike: one.yaml\nbatch: 4\n"
    test_write_file(one, ONE, strlen(ONE));
    test_write_file(two, TWO, strlen(TWO));
    assert_int_equal(pare_target_find(&t.ctx, &x, two), PARE_OK);
    assert_string_equal(x->name, "two");
    assert_int_equal(x->batch, 4);
    assert_true(x->has_hardware);
    pare_target_free(&t.ctx, x);
    test_write_file(one, TWO, strlen(TWO)); /* like itself */
    assert_int_equal(pare_target_find(&t.ctx, &x, two), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "in a circle"));
    assert_int_equal(pare_target_find(&t.ctx, &x, "ort-x63"), PARE_EUSAGE);
    assert_non_null(strstr(t.ctx.message, "did you mean 'ort-x64'?"));
    assert_int_equal(pare_target_find(&t.ctx, &x, "sources"), PARE_EUSAGE);
    test_remove_tree(dir);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What every figure of a target that pare brings must have. */
static void check_figure(const char *target, const char *what, const pare_figure *f)
{
    if (!f->kind) return;
    const bool wants_source = f->kind == PARE_FIGURE_PUBLISHED || f->kind == PARE_FIGURE_RECALLED ||
                              f->kind == PARE_FIGURE_DERIVED || f->kind == PARE_FIGURE_FITTED;
    if (!isfinite(f->value) || f->value < 0) fail_msg("%s: %s is not positive", target, what);
    if (!isfinite(f->spread) || f->spread < 0) fail_msg("%s: %s has no spread", target, what);
    if (wants_source && !f->source) fail_msg("%s: %s has no source", target, what);
}

static void check_hardware(const pare_target *t)
{
    const pare_hardware *h = &t->hardware;
    const char *name = t->name;
    bool has_peak = false;
    for (int i = 0; i < PARE_N_ARITHMETIC; i++) {
        check_figure(name, pare_arithmetic_name((pare_arithmetic)i), &h->mac_pj[i]);
        check_figure(name, pare_arithmetic_name((pare_arithmetic)i), &h->alu_pj[i]);
        check_figure(name, pare_arithmetic_name((pare_arithmetic)i), &h->macs_per_s[i]);
        check_figure(name, pare_arithmetic_name((pare_arithmetic)i), &h->alu_per_s[i]);
        has_peak |= h->macs_per_s[i].kind != PARE_FIGURE_NONE;
    }
    for (int i = 0; i < PARE_N_WORK; i++) {
        check_figure(name, pare_work_name((pare_work)i), &h->efficiency[i]);
        if (!h->energy_only && !h->efficiency[i].kind)
            fail_msg("%s: no efficiency of %s", name, pare_work_name((pare_work)i));
    }
    check_figure(name, "bandwidth-efficiency", &h->bandwidth_efficiency);
    check_figure(name, "launch-time", &h->launch_s);
    check_figure(name, "static", &h->static_w);
    for (size_t i = 0; i < h->n_levels; i++) {
        check_figure(name, "capacity", &h->levels[i].capacity_bytes);
        check_figure(name, "energy", &h->levels[i].pj_per_byte);
        check_figure(name, "bandwidth", &h->levels[i].bytes_per_s);
        if (!h->levels[i].pj_per_byte.kind) fail_msg("%s: a level without energy", name);
        if (!h->energy_only && !h->levels[i].bytes_per_s.kind)
            fail_msg("%s: a level without bandwidth", name);
        if (i && h->levels[i].pj_per_byte.value < h->levels[i - 1].pj_per_byte.value)
            fail_msg("%s: level %s costs less than the nearer one", name, h->levels[i].name);
    }
    if (!h->energy_only && !has_peak) fail_msg("%s: no peak", name);
    if (h->energy_only && h->static_w.kind) fail_msg("%s: static power but no time", name);
}

/* Operators and operands of groups exist. */
static void check_groups(test_ctx *t, const pare_target *target)
{
    pare_arena arena;
    pare_fusion_rules rules;
    pare_arena_init(&t->ctx, &arena, 0);
    if (pare_target_fusion(&t->ctx, &rules, &arena, target))
        fail_msg("%s: %s", target->name, t->ctx.message);
    pare_arena_free(&arena);
}

static void brings_targets_that_are_whole(void **state)
{
    (void)state;
    size_t n = 0;
    const pare_target_file *files = pare_target_files(&n);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        test_ctx t;
        pare_target *x = NULL;
        test_ctx_init(&t);
        if (i && strcmp(files[i - 1].name, files[i].name) >= 0) fail_msg("not sorted");
        if (pare_target_find(&t.ctx, &x, files[i].name)) fail_msg("%s", t.ctx.message);
        assert_string_equal(x->name, files[i].name);
        assert_non_null(x->about);
        if (x->has_hardware) check_hardware(x);
        check_groups(&t, x);
        finish(&t, x);
    }
}

static pare_status find_and_free(pare_ctx *ctx, void *user)
{
    pare_target *x = NULL;
    const pare_status st = pare_target_find(ctx, &x, user);
    pare_target_free(ctx, x);
    return st;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    test_ctx_torture(find_and_free, "ort-x64");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_figures_in_any_unit),
        cmocka_unit_test(reads_rules),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(is_like_another_one),
        cmocka_unit_test(finds_files_beside_files),
        cmocka_unit_test(brings_targets_that_are_whole),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return test_run(tests);
}
