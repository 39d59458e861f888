#include "support/infer.h"

#include "op/infer.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 8192 };

/* Text that grows at its end, cut where there is no room. */
static void add(char *out, const char *text)
{
    const size_t used = strlen(out);
    snprintf(out + used, TEXT_BYTES - used, "%s", text);
}

static void add_info(char *out, const pare_shapes *shapes, const pare_info *info)
{
    char text[1024];
    add(out, pare_info_text(text, sizeof(text), shapes, info));
    if (!info->content) return;
    add(out, " = {");
    for (uint32_t i = 0; i < info->n_content; i++) {
        if (i) add(out, ", ");
        add(out, pare_num_text(text, sizeof(text), shapes->exprs, info->content[i]));
    }
    add(out, "}");
}

static bool has_issue(const pare_shapes *shapes, bool contradiction, const char *part)
{
    for (size_t i = 0; i < shapes->n_issues; i++)
        if (shapes->issues[i].is_contradiction == contradiction &&
            strstr(shapes->issues[i].text, part))
            return true;
    return false;
}

static void check(const test_infer_row *row, const pare_model *model, const pare_shapes *shapes)
{
    char found[TEXT_BYTES] = "";
    for (size_t i = 0; i < model->graph->outputs.n; i++) {
        if (i) add(found, "; ");
        add_info(found, shapes, pare_shapes_of(shapes, model->graph->outputs.items[i].value));
    }
    for (size_t i = 0; i < shapes->n_issues; i++) {
        add(found, shapes->issues[i].is_contradiction ? "\n  error: " : "\n  issue: ");
        add(found, shapes->issues[i].text);
    }
    if (strncmp(row->want, "error: ", 7) == 0 && has_issue(shapes, true, row->want + 7)) return;
    if (strncmp(row->want, "issue: ", 7) == 0 && has_issue(shapes, false, row->want + 7)) return;
    if (strcmp(row->want, found) == 0) return;
    fail_msg("opset %d: (%s) <%s> %s\nwant %s\ngot  %s", row->opset, row->inputs, row->constants,
             row->nodes, row->want, found);
}

static void write_model(char *text, const test_infer_row *row)
{
    char head[128];
    snprintf(head, sizeof(head),
             "<ir_version: 11, opset_import: [\"\" : %d, \"com.microsoft\" : 1]>\ng (", row->opset);
    add(text, head);
    add(text, row->inputs);
    add(text, ") => (y");
    const char *part = row->want;
    for (int i = 2; (part = strstr(part, "; ")); i++, part++) {
        snprintf(head, sizeof(head), ", y%d", i);
        add(text, head);
    }
    add(text, ") <");
    add(text, row->constants);
    add(text, "> {\n");
    add(text, row->nodes);
    add(text, "\n}\n");
}

void test_infer_rows(const test_infer_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[TEXT_BYTES] = "";
        test_ctx t;
        pare_shapes *shapes = NULL;
        test_ctx_init(&t);
        write_model(text, &rows[i]);
        pare_model *model = test_model_parse(&t.ctx, text);
        const pare_status st = pare_infer(&t.ctx, &shapes, model, NULL);
        if (st) fail_msg("%s\nfailed: %s", text, t.ctx.message);
        check(&rows[i], model, shapes);
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}
