/* What holds of every row of the operator table. */
#include "support/test.h"

#include "op/op.h"

#include <string.h>

typedef struct table_row {
    const char *domain, *name;
    const pare_op *op;
} table_row;

#define PARE_OP(domain, name, symbol) extern const pare_op pare_op_##symbol;
#include "op/op_list.h"
#undef PARE_OP

static const table_row rows[] = {
#define PARE_OP(domain, name, symbol) { domain, name, &pare_op_##symbol },
#include "op/op_list.h"
#undef PARE_OP
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void rows_are_sorted_and_say_what_their_structs_say(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROWS; i++) {
        const table_row *row = &rows[i];
        assert_string_equal(row->domain, row->op->domain);
        assert_string_equal(row->name, row->op->name);
        if (!i) continue;
        const int by_domain = strcmp(row[-1].domain, row->domain);
        const int order = by_domain ? by_domain : strcmp(row[-1].name, row->name);
        if (order >= 0) fail_msg("%s.%s stands behind %s", row->domain, row->name, row[-1].name);
    }
}

static void every_row_is_found_by_its_key(void **state)
{
    (void)state;
    size_t n = 0;
    const pare_op *const *all = pare_op_all(&n);
    assert_int_equal(n, N_ROWS);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(all[i], rows[i].op);
        assert_ptr_equal(pare_op_find(rows[i].domain, rows[i].name), rows[i].op);
    }
    assert_null(pare_op_find("", "conv"));
    assert_null(pare_op_find("", ""));
    assert_null(pare_op_find("ai.onnx", "Conv"));
    assert_null(pare_op_find("zz", "Conv"));
}

static void every_facet_is_set_or_says_why_not(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROWS; i++) {
        const pare_op *op = rows[i].op;
        if (!op->resolve) fail_msg("%s.%s: facet resolve is NULL", op->domain, op->name);
        if (!op->infer) fail_msg("%s.%s: facet infer is NULL", op->domain, op->name);
        if (!op->cost) fail_msg("%s.%s: facet cost is NULL", op->domain, op->name);
        if (!op->links) fail_msg("%s.%s: facet links is NULL", op->domain, op->name);
    }
}

/* Inference is done for every operator: this count may only stay 0. */
static void no_operator_is_opaque_to_inference(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROWS; i++) {
        const pare_op *op = rows[i].op;
        if (op->infer == PARE_TODO(infer) || op->resolve == PARE_TODO(resolve))
            fail_msg("%s.%s is opaque", op->domain, op->name);
    }
}

/* What strings and pictures cost depends on how long they are, which no shape tells. */
static void costs_are_known_of_all_but_strings(void **state)
{
    (void)state;
    static const char *const opaque[] = { "ImageDecoder", "RegexFullMatch", "StringConcat",
                                          "StringNormalizer", "StringSplit" };
    size_t n = 0;
    for (int i = 0; i < N_ROWS; i++) {
        if (rows[i].op->cost != PARE_TODO(cost)) continue;
        if (n == sizeof(opaque) / sizeof(opaque[0]) || strcmp(rows[i].op->name, opaque[n]) != 0)
            fail_msg("%s.%s has no cost", rows[i].op->domain, rows[i].op->name);
        n++;
    }
}

static void parameters_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROWS; i++) {
        const pare_op *op = rows[i].op;
        if (op->params_bytes > PARE_MAX_PARAMS_BYTES)
            fail_msg("%s: parameters of %zu bytes", op->name, op->params_bytes);
        if (!op->params_bytes && op->resolve != PARE_NA(resolve))
            fail_msg("%s: a resolve, but no parameters", op->name);
    }
}

static void versions_and_counts_make_sense(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROWS; i++) {
        const pare_op *op = rows[i].op;
        const bool versions = op->since >= 1 && (!op->until || op->until > op->since) &&
                              (*op->domain || op->since <= PARE_NEWEST_OPSET) &&
                              (*op->domain || op->until <= PARE_NEWEST_OPSET);
        if (!versions) fail_msg("%s: since %u until %u", op->name, op->since, op->until);
        if (op->n_in.min > op->n_in.max || op->n_out.min > op->n_out.max || !op->n_out.max)
            fail_msg("%s: %u to %u inputs, %u to %u outputs", op->name, op->n_in.min, op->n_in.max,
                     op->n_out.min, op->n_out.max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_and_say_what_their_structs_say),
        cmocka_unit_test(every_row_is_found_by_its_key),
        cmocka_unit_test(every_facet_is_set_or_says_why_not),
        cmocka_unit_test(no_operator_is_opaque_to_inference),
        cmocka_unit_test(costs_are_known_of_all_but_strings),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(versions_and_counts_make_sense),
    };
    return test_run(tests);
}
