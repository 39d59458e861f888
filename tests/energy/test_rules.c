#include "energy/energy.h"
#include "formats/target.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

static pare_status make(test_ctx *t, pare_fusion_rules *out, pare_arena *arena,
                        const pare_target_group *groups, size_t n)
{
    const pare_target target = { .name = "mine", .groups = groups, .n_groups = n };
    pare_arena_init(&t->ctx, arena, 0);
    return pare_target_fusion(&t->ctx, out, arena, &target);
}

static void test_chain(void **state)
{
    const pare_target_part parts[] = {
        { .ops = (const char *[]){ "Conv" }, .n_ops = 1 },
        { .ops = (const char *[]){ "BatchNormalization" },
          .n_ops = 1,
          .operands = (const char *[]){ "constant" },
          .n_operands = 1 },
        { .ops = (const char *[]){ "Add" },
          .n_ops = 1,
          .operands = (const char *[]){ "same", "channel" },
          .n_operands = 2 },
        { .ops = (const char *[]){ "com.microsoft.Gelu", "unary" }, .n_ops = 2 },
    };
    const pare_target_group group = { .name = "conv",
                                      .parts = parts,
                                      .n_parts = 4,
                                      .before = (const char *[]){ "DequantizeLinear" },
                                      .n_before = 1 };
    test_ctx t;
    pare_arena arena;
    pare_fusion_rules rules;
    (void)state;
    test_ctx_init(&t);
    if (make(&t, &rules, &arena, &group, 1)) fail_msg("%s", t.ctx.message);
    const pare_fusion_rule *r = &rules.items[0];
    assert_int_equal(rules.n, 1);
    assert_int_equal(r->kind, PARE_FUSE_CHAIN);
    assert_int_equal(r->n_anchors, 1);
    assert_int_equal(r->n_parts, 3);
    assert_int_equal(r->before.n, 1);
    assert_int_equal(r->parts[0].n_attrs, 2);
    assert_true(r->parts[0].first && !r->parts[1].first);
    assert_int_equal(r->parts[1].operands, PARE_OPERAND_SAME | PARE_OPERAND_CHANNEL);
    assert_int_equal(r->parts[2].ops.n, 1 + pare_ops_unary.n);
    assert_string_equal(r->parts[2].ops.items[0].domain, "com.microsoft");
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_errors(void **state)
{
    const pare_target_part typo = { .ops = (const char *[]){ "Cnov" }, .n_ops = 1 };
    const pare_target_part kind = { .ops = (const char *[]){ "Add" },
                                    .n_ops = 1,
                                    .operands = (const char *[]){ "chanel" },
                                    .n_operands = 1 };
    const pare_target_group groups[] = { { .name = "a", .parts = &typo, .n_parts = 1 },
                                         { .name = "b", .parts = &kind, .n_parts = 1 } };
    test_ctx t;
    pare_arena arena;
    pare_fusion_rules rules;
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(make(&t, &rules, &arena, &groups[0], 1), PARE_EFORMAT);
    assert_string_equal(t.ctx.message, "target 'mine', group 'a': no operator is called 'Cnov'; "
                                       "is 'Conv' meant?");
    pare_arena_free(&arena);
    assert_int_equal(make(&t, &rules, &arena, &groups[1], 1), PARE_EFORMAT);
    assert_string_equal(t.ctx.message, "target 'mine', group 'b': no kind of operand is called "
                                       "'chanel'; is 'channel' meant?");
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* The groups of every built-in target name operators that exist; where a target has none, there
 * are four that are common. */
static void test_built_in(void **state)
{
    size_t n;
    const pare_target_file *files = pare_target_files(&n);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        test_ctx t;
        pare_arena arena;
        pare_target *target = NULL;
        pare_fusion_rules rules;
        test_ctx_init(&t);
        pare_arena_init(&t.ctx, &arena, 0);
        if (pare_target_find(&t.ctx, &target, files[i].name)) fail_msg("%s", t.ctx.message);
        if (pare_target_fusion(&t.ctx, &rules, &arena, target)) fail_msg("%s", t.ctx.message);
        assert_int_equal(rules.n, target->n_groups ? target->n_groups : 4);
        pare_arena_free(&arena);
        pare_target_free(&t.ctx, target);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_built_in),
    };
    return test_run(tests);
}
