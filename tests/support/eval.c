#include "support/eval.h"

#include "op/eval.h"
#include "op/wide.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 8192 };

/* Text that grows at its end, cut where there is no room. */
static void add(char *out, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, TEXT_BYTES - used, "%s", text);
}

static void add_element(char *out, const pare_tensor *t, int64_t at)
{
    char text[128] = "?";
    const pare_wide wide = pare_wide_of(t->dtype);
    if (t->encoding == PARE_ENC_STRINGS) {
        const pare_bytes s = t->strings[at];
        snprintf(text, sizeof(text), "'%.*s'", (int)s.n, s.n ? (const char *)s.data : "");
    } else if (wide == PARE_WIDE_U64) {
        snprintf(text, sizeof(text), "%" PRIu64,
                 (uint64_t)pare_wide_i64_at(t->dtype, pare_eval_data(t), at));
    } else if (wide == PARE_WIDE_I64) {
        snprintf(text, sizeof(text), "%" PRId64,
                 pare_wide_i64_at(t->dtype, pare_eval_data(t), at));
    } else if (wide != PARE_WIDE_NONE) {
        snprintf(text, sizeof(text), "%.7g", pare_wide_f64_at(t->dtype, pare_eval_data(t), at));
    }
    add(out, text);
}

static void add_datum(char *out, const pare_datum *d)
{
    char text[64];
    if (d->kind != PARE_TYPE_TENSOR) {
        add(out, "no tensor");
        return;
    }
    const pare_tensor *t = d->tensor;
    add(out, pare_dtype_name(t->dtype));
    for (uint32_t i = 0; i < t->rank; i++) {
        snprintf(text, sizeof(text), "%s%" PRId64 "%s", i ? "," : "[", t->dims[i],
                 i + 1 == t->rank ? "]" : "");
        add(out, text);
    }
    add(out, " {");
    for (int64_t i = 0; i < t->n_elements; i++) {
        if (i) add(out, ", ");
        add_element(out, t, i);
    }
    add(out, "}");
}

static void write_model(char *text, const test_eval_row *row)
{
    char line[160];
    snprintf(line, sizeof(line),
             "<ir_version: 13, opset_import: [\"\" : %d, \"com.microsoft\" : 1]>\ng () => (y",
             row->opset);
    add(text, line);
    const char *part = row->want;
    for (int i = 2; (part = strstr(part, "; ")); i++, part++) {
        snprintf(line, sizeof(line), ", y%d", i);
        add(text, line);
    }
    add(text, ") <");
    add(text, row->constants);
    add(text, "> {\n");
    add(text, row->nodes);
    add(text, "\n}\n");
}

typedef struct run {
    const pare_model *model;
    char *found; /* NULL: nobody wants to know */
} run;

/* Evaluates and prints; everything is freed again. */
static pare_status evaluate(pare_ctx *ctx, void *user)
{
    const run *r = user;
    pare_datum *out = NULL;
    const size_t n = r->model->graph->outputs.n;
    PARE_TRY(pare_eval_model(ctx, &out, r->model, NULL, 0, NULL));
    for (size_t i = 0; i < n; i++) {
        if (i && r->found) add(r->found, "; ");
        if (r->found) add_datum(r->found, &out[i]);
        pare_datum_drop(ctx, &out[i]);
    }
    pare_free(ctx, out);
    return PARE_OK;
}

static void check_row(const test_eval_row *row)
{
    char text[TEXT_BYTES] = "";
    char found[TEXT_BYTES] = "";
    test_ctx t;
    test_ctx_init(&t);
    write_model(text, row);
    pare_model *model = test_model_parse(&t.ctx, text);
    const uint64_t before = test_ctx_live_bytes(&t);
    run r = { model, found };
    const pare_status st = evaluate(&t.ctx, &r);
    assert_int_equal(test_ctx_live_bytes(&t), before);
    if (st) {
        add(found, "error: ");
        add(found, t.ctx.message);
    }
    const bool wants_error = strncmp(row->want, "error: ", 7) == 0;
    if (wants_error ? !st || !strstr(found, row->want + 7) : strcmp(found, row->want) != 0)
        fail_msg("opset %d: <%s> %s\nwant %s\ngot  %s", row->opset, row->constants, row->nodes,
                 row->want, found);
    r.found = NULL;
    if (!st) test_ctx_torture(evaluate, &r);
    pare_model_free(&t.ctx, model);
}

void test_eval_rows(const test_eval_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) check_row(&rows[i]);
}
