/* Every edit with every allocation failing: the model stays whole, and the same edit works once
 * there is memory again. */
#include "ir/build.h"
#include "ir/check.h"
#include "ir/order.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>

static const char before[] =
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"
    "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}, sparse_tensor(float[4]) sp = "
    "{float[1] {1}, int64[1] {2}}, float[2] a> {\n"
    "  [n2] y = If (b) <t = tg (p) => (q) <float k = {1}> { q = Add (c, k) }>\n"
    "  [n0] a = Add <old = float[1] {5}> (x, w)\n"
    "  [n1] b, c = Split <axis = 0> (a, sp)\n"
    "  [n3] unused = If (b) <t = gone () => (r) <float s = {1}> { r = Add (c, s) }>\n"
    "}\n";

static pare_value_id value(const pare_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_graphs; i++) {
        uint32_t id = 0;
        if (pare_map_get(&m->names, m->graphs[i]->scope, name, &id)) return id;
    }
    return PARE_NONE;
}

static pare_node_id node(const pare_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_nodes; i++)
        if (m->nodes[i].graph && m->nodes[i].name && strcmp(m->nodes[i].name, name) == 0)
            return (pare_node_id)i;
    return PARE_NONE;
}

static pare_status rename_value(pare_ctx *ctx, pare_model *m)
{
    const pare_value_id b = value(m, "b");
    return b == PARE_NONE ? PARE_OK : pare_value_rename(ctx, m, b, "renamed");
}

static pare_status derive_value(pare_ctx *ctx, pare_model *m)
{
    pare_value_id v = PARE_NONE;
    return pare_value_derive(ctx, &v, m->graph, "x");
}

static pare_status set_op(pare_ctx *ctx, pare_model *m)
{
    return pare_node_set_op(ctx, m, node(m, "n0"), "Sub", "dom");
}

static pare_status set_texts(pare_ctx *ctx, pare_model *m)
{
    PARE_TRY(pare_node_set_doc(ctx, m, node(m, "n0"), "doc"));
    return pare_node_derive_name(ctx, m, node(m, "n1"), "n1");
}

static pare_status set_attr(pare_ctx *ctx, pare_model *m)
{
    const pare_attr *a = pare_attr_ints(m, "axes", (const int64_t[]){ 1, 2 }, 2);
    if (!a) return pare_arena_fail(ctx, &m->arena);
    return pare_node_set_attr(ctx, m, node(m, "n0"), a);
}

static pare_status set_string_attrs(pare_ctx *ctx, pare_model *m)
{
    static const char *const texts[] = { "a", "" };
    const pare_attr *a = pare_attr_strings(m, "texts", texts, 2);
    if (!a) return pare_arena_fail(ctx, &m->arena);
    return pare_node_set_attr(ctx, m, node(m, "n0"), a);
}

static pare_status replace_tensor_attr(pare_ctx *ctx, pare_model *m)
{
    pare_tensor *t = NULL;
    PARE_TRY(pare_tensor_from(ctx, &t, PARE_FLOAT, 0, NULL, &(float){ 6 }));
    const pare_attr *a = pare_attr_tensor(m, "old", t);
    pare_tensor_unref(t);
    if (!a) return pare_arena_fail(ctx, &m->arena);
    return pare_node_set_attr(ctx, m, node(m, "n0"), a);
}

static pare_status add_graph_attr(pare_ctx *ctx, pare_model *m)
{
    pare_graph *g = NULL;
    PARE_TRY(pare_graph_new(ctx, &g, m, m->graph, "body"));
    const pare_attr *a = pare_attr_graph(m, "body", g);
    if (!a) return pare_arena_fail(ctx, &m->arena);
    return pare_node_set_attr(ctx, m, node(m, "n2"), a);
}

static pare_status grow_inputs(pare_ctx *ctx, pare_model *m)
{
    PARE_TRY(pare_node_resize_inputs(ctx, m, node(m, "n0"), 5));
    return pare_node_set_input(ctx, m, node(m, "n0"), 4, value(m, "x"));
}

static pare_status new_tensor(pare_ctx *ctx, pare_model *m)
{
    pare_tensor *t = NULL;
    PARE_TRY(pare_tensor_from(ctx, &t, PARE_FLOAT, 0, NULL, &(float){ 7 }));
    pare_status st = pare_value_set_tensor(ctx, m, value(m, "w"), t);
    if (!st) st = pare_value_set_tensor(ctx, m, value(m, "sp"), t); /* instead of a sparse one */
    pare_tensor_unref(t);
    return st;
}

static pare_status add_nodes(pare_ctx *ctx, pare_model *m)
{
    pare_builder b;
    pare_builder_init(&b, ctx, m->graph);
    b.before = node(m, "n0");
    if (pare_value_at(m, value(m, "x"))->n_uses > 4) return PARE_OK; /* done before it failed */
    pare_emit(&b, "Relu", value(m, "x"));
    return b.status;
}

static pare_status add_declarations(pare_ctx *ctx, pare_model *m)
{
    const int64_t dims[] = { 2 };
    const pare_type *type = pare_type_tensor(&m->arena, PARE_FLOAT, 1, dims);
    if (!type) return pare_arena_fail(ctx, &m->arena);
    if (m->graph->outputs.n == 1)
        PARE_TRY(pare_graph_add_output(ctx, m->graph, value(m, "a"), type, NULL));
    if (m->graph->value_infos.n == 1)
        PARE_TRY(pare_graph_add_value_info(ctx, m->graph, PARE_NONE, "nobody", type, NULL));
    return PARE_OK;
}

static pare_status set_props(pare_ctx *ctx, pare_model *m)
{
    PARE_TRY(pare_props_set(ctx, m, &m->props, "k", "v"));
    PARE_TRY(pare_props_set(ctx, m, &m->props, "k", "w"));
    return m->opsets.n > 1 ? PARE_OK : pare_opsets_add(ctx, m, &m->opsets, "dom", 1, NULL);
}

static pare_status add_function(pare_ctx *ctx, pare_model *m)
{
    pare_function *f = NULL;
    return m->n_functions ? PARE_OK : pare_function_new(ctx, &f, m, "dom", "f", NULL);
}

static pare_status remove_things(pare_ctx *ctx, pare_model *m)
{
    const pare_value_id k = value(m, "p");
    pare_value_replace_uses(ctx, m, value(m, "x"), value(m, "w"));
    pare_node_remove_attr(m, node(m, "n1"), "axis");
    if (node(m, "n3") != PARE_NONE) PARE_TRY(pare_node_remove(ctx, m, node(m, "n3")));
    return pare_value_at(m, k)->n_uses ? PARE_EUSAGE : PARE_OK;
}

static pare_status sort(pare_ctx *ctx, pare_model *m)
{
    return pare_graph_sort(ctx, m->graph);
}

static pare_status (*const edits[])(pare_ctx *ctx, pare_model *m) = {
    rename_value,     derive_value,        set_op,        set_attr,
    set_string_attrs, replace_tensor_attr, grow_inputs,   new_tensor,
    add_declarations, set_props,           add_function,  sort,
    add_nodes,        add_graph_attr,      remove_things, set_texts,
};

/* What they come to, as far as no derived name stands in it: its number may differ. */
static const char head[] = "<\n  ir_version: 8,\n  opset_import: [\"\" : 13, \"dom\" : 1],\n"
                           "  metadata_props: [\"k\": \"w\"]\n>\n"
                           "g (float[2] x) => (float[2] y, float[2] a) <\n"
                           "  float w = {7},\n  float sp = {7},\n  float[2] a,\n  float[2] nobody\n"
                           "> {\n";

static const char *const parts[] = {
    ("doc_string: \"doc\"] a = dom.Sub <old: tensor = float {6}, axes: ints = [1, 2], "
     "texts: strings = [\"a\", \"\"]> (w, w, \"\", \"\", w)\n"),
    " renamed, c = Split (a, sp)\n",
    "body: graph = body () => () {\n",
};

static void check_whole(const pare_model *m, size_t edit)
{
    pare_ctx ctx; /* that no failure is planned for */
    pare_ctx_init(&ctx, NULL);
    if (pare_graph_check(&ctx, m, NULL)) fail_msg("edit %zu: %s", edit, ctx.message);
}

/* Runs all edits; what fails for want of memory is checked and tried again. */
static pare_status edit_all(pare_ctx *ctx, pare_model *m)
{
    pare_status hit = PARE_OK;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        pare_status st = edits[i](ctx, m);
        if (st == PARE_ENOMEM && !hit) {
            hit = st;
            check_whole(m, i);
            st = edits[i](ctx, m);
        }
        if (st) fail_msg("edit %zu: %s", i, ctx->message);
        check_whole(m, i);
    }
    return hit;
}

static void check_result(const pare_model *m)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    char *text = test_model_text(&ctx, m);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text, parts[i])) fail_msg("expected %s in\n%s", parts[i], text);
    assert_null(strstr(text, "gone"));
    assert_null(strstr(text, "unused"));
    text[sizeof(head) - 1] = '\0';
    assert_string_equal(text, head);
    free(text);
}

static pare_status parse_and_edit(pare_ctx *ctx, void *user)
{
    pare_model *source = user;
    pare_model *model = NULL;
    PARE_TRY(pare_model_clone(ctx, &model, source));
    const pare_status st = edit_all(ctx, model);
    check_result(model);
    pare_model_free(ctx, model);
    return st;
}

static void a_failed_edit_leaves_a_whole_model(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, before);
    assert_true(test_ctx_torture(parse_and_edit, model) > 10);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_edit_leaves_a_whole_model),
    };
    return test_run(tests);
}
