#include "support/costs.h"

#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 4096 };

typedef unsigned long long whole;

__attribute__((format(printf, 3, 4))) static void add(char *out, size_t out_bytes, const char *fmt,
                                                      ...)
{
    const size_t used = strlen(out);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out + used, out_bytes - used, fmt, args);
    va_end(args);
}

static void add_touched(char *out, size_t n, const char *side, const uint64_t *touched)
{
    for (size_t i = 0; i < PARE_COST_OPERANDS; i++)
        if (touched[i] != PARE_COST_ALL) add(out, n, ", %s%zu %llu", side, i, (whole)touched[i]);
}

static void add_bodies(char *out, size_t n, const pare_cost *c)
{
    if (!c->bodies[0]) return;
    add(out, n, ", %s%llu runs", c->trips_known ? "" : "at most ", (whole)c->trips);
    if (c->bodies[1]) add(out, n, ", 2 bodies%s", c->one_body ? ", 1 runs" : "");
}

const char *test_cost_text(char *out, size_t n, const pare_cost *c)
{
    static const char *const works[] = {
#define WORK_NAME(symbol, name) name,
        PARE_WORK(WORK_NAME)
    };
    out[0] = 0;
    add(out, n, "%s", works[c->work]);
    if (c->is_view) add(out, n, ", view");
    if (c->macs || c->k)
        add(out, n, " %llu %s*%s = %llux%llux%llux%llu", (whole)c->macs,
            pare_dtype_name(c->mac_activation), pare_dtype_name(c->mac_weight), (whole)c->batch,
            (whole)c->m, (whole)c->n, (whole)c->k);
    if (c->window != 1) add(out, n, ", window %g", c->window);
    if (c->other_ops) add(out, n, ", %llu %s", (whole)c->other_ops, pare_dtype_name(c->other));
    if (c->dequantized) add(out, n, ", %llu to dequantize", (whole)c->dequantized);
    if (!c->is_view) add_touched(out, n, "in", c->read);
    if (!c->is_view) add_touched(out, n, "out", c->written);
    add_bodies(out, n, c);
    return out;
}

static void check(pare_ctx *ctx, const test_cost_row *row, const pare_model *model,
                  pare_shapes *shapes)
{
    static const char failing[] = "unmodelled: ";
    char found[TEXT_BYTES];
    pare_cost cost;
    bool modelled = false;
    pare_node_id id = model->graph->first_node;
    while (strcmp(model->nodes[id].op_type, "Constant") == 0) id = model->nodes[id].next;
    assert_int_equal(pare_cost_of(ctx, &cost, &modelled, model, id, shapes), PARE_OK);
    const bool fails = strncmp(row->want, failing, strlen(failing)) == 0;
    if (modelled) test_cost_text(found, sizeof(found), &cost);
    else snprintf(found, sizeof(found), "%s%s", failing, ctx->message);
    if (!modelled && fails && strstr(ctx->message, row->want + strlen(failing))) return;
    if (strcmp(row->want, found) == 0) return;
    fail_msg("opset %d: (%s) <%s> %s\nwant %s\ngot  %s", row->opset, row->inputs, row->constants,
             row->node, row->want, found);
}

void test_cost_rows(const test_cost_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[TEXT_BYTES];
        test_ctx t;
        pare_shapes *shapes = NULL;
        test_ctx_init(&t);
        snprintf(text, sizeof(text),
                 "<ir_version: 11, opset_import: [\"\" : %d, \"com.microsoft\" : 1, "
                 "\"ai.onnx.preview\" : 1]>\ng (%s) => () <%s> {\n%s\n}\n",
                 rows[i].opset, rows[i].inputs, rows[i].constants, rows[i].node);
        pare_model *model = test_model_parse(&t.ctx, text);
        if (pare_infer(&t.ctx, &shapes, model, NULL)) fail_msg("%s\n%s", text, t.ctx.message);
        check(&t.ctx, &rows[i], model, shapes);
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}
