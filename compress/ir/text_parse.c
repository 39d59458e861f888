#include "ir/text.h"

#include "ir/release.h"
#include "ir/text_parser.h"

/* --- tokens ----------------------------------------------------------------------------------- */

bool pare_text_accept(text_parser *p, char c)
{
    if (!text_at(p, c)) return false;
    pare_lex_next(&p->lx);
    return true;
}

pare_status pare_text_expect(text_parser *p, char c)
{
    const char expected[] = { '\'', c, '\'', '\0' };
    return pare_text_accept(p, c) ? PARE_OK : pare_text_fail(p, expected);
}

pare_status pare_text_fail(text_parser *p, const char *expected)
{
    return pare_lex_fail(p->ctx, &p->lx.token, expected);
}

pare_status pare_text_name(text_parser *p, pare_token *out)
{
    *out = p->lx.token;
    if (out->kind != PARE_TOK_ID && out->kind != PARE_TOK_STRING)
        return pare_text_fail(p, "a name");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

pare_status pare_text_name_bytes(text_parser *p, const pare_token *name, const char **out)
{
    size_t n = name->n;
    PARE_TRY(pare_grow(p->ctx, &p->bytes, &p->bytes_cap, name->n + 1, 1));
    if (name->kind == PARE_TOK_STRING) PARE_TRY(pare_lex_decode(p->ctx, name, p->bytes, &n));
    else memcpy(p->bytes, name->start, n);
    if (memchr(p->bytes, '\0', n)) return pare_lex_fail(p->ctx, name, "a text without \\x00");
    p->bytes[n] = '\0';
    *out = p->bytes;
    return PARE_OK;
}

pare_status pare_text_name_copy(text_parser *p, const pare_token *name, const char **out)
{
    const char *text = NULL;
    PARE_TRY(pare_text_name_bytes(p, name, &text));
    *out = pare_arena_str(&p->model->arena, text);
    return *out ? PARE_OK : pare_arena_fail(p->ctx, &p->model->arena);
}

pare_status pare_text_string(text_parser *p, const char **out)
{
    const pare_token t = p->lx.token;
    if (t.kind != PARE_TOK_STRING) return pare_text_fail(p, "a string");
    pare_lex_next(&p->lx);
    return pare_text_name_copy(p, &t, out);
}

pare_status pare_text_push_pending(text_parser *p, const text_pending *pending)
{
    PARE_TRY(
        pare_grow(p->ctx, &p->pending, &p->pending_cap, p->n_pending + 1, sizeof(*p->pending)));
    p->pending[p->n_pending++] = *pending;
    return PARE_OK;
}

pare_status pare_text_push_name(text_parser *p, const pare_token *name)
{
    PARE_TRY(pare_grow(p->ctx, &p->names, &p->names_cap, p->n_names + 1, sizeof(*p->names)));
    p->names[p->n_names++] = *name;
    return PARE_OK;
}

pare_status pare_text_placed(text_parser *p, const pare_token *at, pare_status st)
{
    if (st != PARE_EFORMAT) return st;
    return pare_fail_in(p->ctx, st, "%u:%u: ", (unsigned)at->line, (unsigned)at->column);
}

/* --- declarations ----------------------------------------------------------------------------- */

/* The graph's own value of this name, made when there is none. */
static pare_status own_value(text_parser *p, pare_graph *graph, const pare_token *name,
                             pare_value_id *out)
{
    const char *text = NULL;
    PARE_TRY(pare_text_name_bytes(p, name, &text));
    if (pare_map_get(&p->model->names, graph->scope, text, out)) return PARE_OK;
    return pare_text_placed(p, name, pare_value_new(p->ctx, out, graph, text));
}

/* `= { ... }` behind the declaration of an initializer. */
static pare_status parse_initializer(text_parser *p, pare_graph *graph, const pare_token *at,
                                     const pare_token *name, const pare_type *type)
{
    pare_value_id value = PARE_NONE;
    PARE_TRY(own_value(p, graph, name, &value));
    const pare_value *v = pare_value_at(p->model, value);
    if (v->tensor || v->sparse) return pare_lex_fail(p->ctx, name, "one initializer of each name");
    if (text_at(p, '['))
        return pare_text_fail(p, "the elements themselves: external data is not for text");
    if (type && type->kind == PARE_TYPE_SPARSE_TENSOR) {
        pare_sparse_tensor *sparse = NULL;
        PARE_TRY(pare_text_sparse(p, at, type, &sparse));
        const pare_status st = pare_value_set_sparse(p->ctx, p->model, value, sparse);
        pare_tensor_unref(sparse->values);
        pare_tensor_unref(sparse->indices);
        return pare_text_placed(p, name, st);
    }
    pare_tensor *tensor = NULL;
    PARE_TRY(pare_text_tensor(p, at, type, &tensor));
    const pare_status st = pare_value_set_tensor(p->ctx, p->model, value, tensor);
    pare_tensor_unref(tensor);
    return pare_text_placed(p, name, st);
}

/* `type? name` */
static pare_status parse_decl(text_parser *p, pare_token *name, const pare_type **type)
{
    *type = NULL;
    if (pare_lex_is_type(&p->lx.token)) PARE_TRY(pare_text_type(p, type));
    return pare_text_name(p, name);
}

static pare_status parse_input(text_parser *p, pare_graph *graph)
{
    pare_token name;
    const pare_type *type = NULL;
    pare_value_id value = PARE_NONE;
    const pare_token at = p->lx.token;
    PARE_TRY(parse_decl(p, &name, &type));
    PARE_TRY(own_value(p, graph, &name, &value));
    const pare_type *input_type = graph->function ? NULL : type;
    const pare_status st = pare_graph_add_input(p->ctx, graph, value, input_type, NULL);
    if (st) return pare_text_placed(p, &name, st);
    if (graph->function && type)
        PARE_TRY(pare_graph_add_value_info(p->ctx, graph, value, NULL, type, NULL));
    return pare_text_accept(p, '=') ? parse_initializer(p, graph, &at, &name, type) : PARE_OK;
}

static pare_status parse_inputs(text_parser *p, pare_graph *graph)
{
    PARE_TRY(pare_text_expect(p, '('));
    while (!text_at(p, ')')) {
        PARE_TRY(parse_input(p, graph));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ')');
}

static pare_status parse_outputs(text_parser *p, pare_graph *graph)
{
    PARE_TRY(pare_text_expect(p, '('));
    while (!text_at(p, ')')) {
        text_pending out = { .graph = graph, .node = PARE_NONE, .is_output = true };
        PARE_TRY(parse_decl(p, &out.name, &out.type));
        const pare_type *type = out.type;
        if (graph->function) out.type = NULL;
        PARE_TRY(pare_text_push_pending(p, &out));
        out.type = type;
        out.is_output = false;
        if (graph->function && type) PARE_TRY(pare_text_push_pending(p, &out));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ')');
}

/* `< type name, type name = {...}, ... >`: value_info and initializers, or nothing. */
static pare_status parse_value_infos(text_parser *p, pare_graph *graph)
{
    if (!pare_text_accept(p, '<')) return PARE_OK;
    while (!text_at(p, '>')) {
        text_pending info = { .graph = graph, .node = PARE_NONE };
        const pare_token at = p->lx.token;
        PARE_TRY(parse_decl(p, &info.name, &info.type));
        if (pare_text_accept(p, '='))
            PARE_TRY(parse_initializer(p, graph, &at, &info.name, info.type));
        else PARE_TRY(pare_text_push_pending(p, &info));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, '>');
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* What stands in a node's label besides its name. */
typedef struct node_label {
    const char *name, *doc;
    pare_props props;
} node_label;

static bool at_key(const text_parser *p)
{
    pare_lexer ahead = p->lx;
    if (ahead.token.kind != PARE_TOK_ID) return false;
    pare_lex_next(&ahead);
    return pare_lex_is_punct(&ahead.token, ':');
}

/* `[ name, doc_string: "...", metadata_props: [...] ]`, each part optional, or nothing. */
static pare_status parse_label(text_parser *p, node_label *label)
{
    const text_keys keys = { .doc = &label->doc, .props = &label->props };
    if (!pare_text_accept(p, '[')) return PARE_OK;
    for (bool first = true; !text_at(p, ']'); first = false) {
        if (at_key(p)) {
            PARE_TRY(pare_text_key(p, &keys));
        } else {
            pare_token name;
            if (!first) return pare_text_fail(p, "doc_string or metadata_props");
            PARE_TRY(pare_text_name(p, &name));
            PARE_TRY(pare_text_name_copy(p, &name, &label->name));
        }
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ']');
}

/* Pushes names up to `close`, which stays. An omitted one is "" or, in front of a comma, nothing; a
 * last comma adds none, as in ONNX. */
static pare_status parse_names(text_parser *p, char close)
{
    while (!text_at(p, close)) {
        pare_token name = { .kind = PARE_TOK_END };
        if (!text_at(p, ',')) PARE_TRY(pare_text_name(p, &name));
        PARE_TRY(pare_text_push_name(p, &name));
        if (!pare_text_accept(p, ',')) break;
    }
    return PARE_OK;
}

static bool is_omitted(const pare_token *name)
{
    return name->kind == PARE_TOK_END || (name->kind == PARE_TOK_STRING && name->n == 2);
}

/* `domain.parts.Op:overload` into the spec. */
static pare_status parse_op(text_parser *p, pare_node_spec *spec)
{
    pare_token part;
    PARE_TRY(pare_text_name(p, &part));
    PARE_TRY(pare_text_name_copy(p, &part, &spec->op_type));
    while (pare_text_accept(p, '.')) {
        const char *left = spec->domain;
        const char *right = spec->op_type;
        const size_t n_left = left ? strlen(left) + 1 : 0;
        const size_t n_right = strlen(right);
        char *domain = pare_arena_alloc(&p->model->arena, n_left + n_right + 1);
        if (!domain) return pare_arena_fail(p->ctx, &p->model->arena);
        if (left) memcpy(domain, left, n_left);
        if (left) domain[n_left - 1] = '.';
        memcpy(domain + n_left, right, n_right + 1);
        spec->domain = domain;
        PARE_TRY(pare_text_name(p, &part));
        PARE_TRY(pare_text_name_copy(p, &part, &spec->op_type));
    }
    if (!*spec->op_type) spec->op_type = NULL;
    if (!pare_text_accept(p, ':')) return PARE_OK;
    PARE_TRY(pare_text_name(p, &part));
    return pare_text_name_copy(p, &part, &spec->overload);
}

/* Gives a new node its outputs (names from first_name on, up to its inputs), notes its inputs for
 * later and moves the attributes from first_attr on over to it. */
static pare_status fill_node(text_parser *p, pare_node_id id, size_t first_name, size_t first_attr)
{
    const pare_node *n = pare_node_at(p->model, id);
    const uint32_t n_outputs = n->n_outputs;
    const uint32_t n_inputs = n->n_inputs;
    pare_graph *graph = n->graph;
    for (uint32_t i = 0; i < n_outputs; i++) {
        const pare_token *name = &p->names[first_name + i];
        pare_value_id value = PARE_NONE;
        if (is_omitted(name)) continue;
        PARE_TRY(own_value(p, graph, name, &value));
        PARE_TRY(pare_text_placed(p, name, pare_node_set_output(p->ctx, p->model, id, i, value)));
    }
    for (uint32_t i = 0; i < n_inputs; i++) {
        const text_pending use = {
            .name = p->names[first_name + n_outputs + i],
            .graph = graph,
            .node = id,
            .slot = i,
        };
        if (!is_omitted(&use.name)) PARE_TRY(pare_text_push_pending(p, &use));
    }
    const size_t end = p->n_attrs;
    for (size_t i = first_attr; i < end; i++) {
        const pare_attr *attr = p->attrs[i];
        p->attrs[i] = NULL; /* the node's from here on, whatever happens */
        PARE_TRY(pare_node_add_attr(p->ctx, p->model, id, attr));
    }
    p->n_attrs = first_attr;
    p->n_names = first_name;
    return PARE_OK;
}

static pare_status parse_node(text_parser *p, pare_graph *graph)
{
    const size_t first_name = p->n_names;
    const size_t first_attr = p->n_attrs;
    pare_node_spec spec = { .before = PARE_NONE };
    node_label label = { 0 };
    pare_node_id id = PARE_NONE;
    PARE_TRY(parse_label(p, &label));
    PARE_TRY(parse_names(p, '='));
    PARE_TRY(pare_text_expect(p, '='));
    spec.n_outputs = (uint32_t)(p->n_names - first_name);
    PARE_TRY(parse_op(p, &spec));
    PARE_TRY(pare_text_attrs(p, graph));
    PARE_TRY(pare_text_expect(p, '('));
    PARE_TRY(parse_names(p, ')'));
    PARE_TRY(pare_text_expect(p, ')'));
    if (p->n_attrs == first_attr) PARE_TRY(pare_text_attrs(p, graph));
    spec.n_inputs = (uint32_t)(p->n_names - first_name - spec.n_outputs);
    spec.name = label.name;
    spec.doc = label.doc;
    PARE_TRY(pare_node_new(p->ctx, &id, graph, &spec));
    p->model->nodes[id].props = label.props;
    return fill_node(p, id, first_name, first_attr);
}

static pare_status parse_nodes(text_parser *p, pare_graph *graph)
{
    PARE_TRY(pare_text_expect(p, '{'));
    while (!text_at(p, '}')) PARE_TRY(parse_node(p, graph));
    pare_lex_next(&p->lx);
    return PARE_OK;
}

/* --- graphs, functions, the model ------------------------------------------------------------- */

static pare_status expect_arrow(text_parser *p)
{
    if (p->lx.token.kind != PARE_TOK_ARROW) return pare_text_fail(p, "'=>'");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

pare_status pare_text_graph_rest(text_parser *p, pare_graph *graph)
{
    const text_keys keys = {
        .doc = &graph->doc,
        .props = &graph->props,
        .annotated = graph,
    };
    if (!graph->function) PARE_TRY(pare_text_keys(p, &keys));
    PARE_TRY(parse_inputs(p, graph));
    PARE_TRY(expect_arrow(p));
    PARE_TRY(parse_outputs(p, graph));
    PARE_TRY(parse_value_infos(p, graph));
    return parse_nodes(p, graph);
}

/* An annotation names values of its own graph; what is none stays a name. */
static pare_status resolve_annotation(text_parser *p, const text_pending *pending)
{
    const pare_map *names = &p->model->names;
    const uint32_t scope = pending->graph->scope;
    pare_annotation *a = pending->annotation;
    a->tensor.value = PARE_NONE;
    pare_map_get(names, scope, a->tensor.name, &a->tensor.value);
    for (size_t i = 0; i < a->n_params; i++) {
        pending->params[i].value = PARE_NONE;
        pare_map_get(names, scope, pending->params[i].name, &pending->params[i].value);
    }
    return pare_graph_add_annotation(p->ctx, pending->graph, a);
}

/* Makes a name into what it stands for, now that everything is defined. */
static pare_status resolve(text_parser *p, const text_pending *pending)
{
    pare_graph *graph = pending->graph;
    const char *name = NULL;
    pare_value_id value = PARE_NONE;
    pare_status st = PARE_OK;
    if (pending->annotation) return resolve_annotation(p, pending);
    PARE_TRY(pare_text_name_bytes(p, &pending->name, &name));
    if (pending->node == PARE_NONE && !pending->is_output) {
        pare_map_get(&p->model->names, graph->scope, name, &value);
        st = pare_graph_add_value_info(p->ctx, graph, value, name, pending->type, NULL);
        return pare_text_placed(p, &pending->name, st);
    }
    value = pare_graph_find(graph, name);
    if (value == PARE_NONE)
        return pare_lex_fail(p->ctx, &pending->name, "the name of a value that is defined");
    if (pending->is_output) st = pare_graph_add_output(p->ctx, graph, value, pending->type, NULL);
    else st = pare_node_set_input(p->ctx, p->model, pending->node, pending->slot, value);
    return pare_text_placed(p, &pending->name, st);
}

static pare_status resolve_all(text_parser *p)
{
    for (size_t i = 0; i < p->n_pending; i++) PARE_TRY(resolve(p, &p->pending[i]));
    p->n_pending = 0;
    return PARE_OK;
}

/* Copies the names from first on into the function's list of attributes without default. */
static pare_status set_attr_names(text_parser *p, pare_function *f, size_t first)
{
    const size_t n = p->n_names - first;
    const char **list = pare_arena_array(&p->model->arena, n, sizeof(*list));
    if (!list) return pare_arena_fail(p->ctx, &p->model->arena);
    for (size_t i = 0; i < n; i++) PARE_TRY(pare_text_name_copy(p, &p->names[first + i], &list[i]));
    f->attr_names = list;
    f->n_attr_names = n;
    p->n_names = first;
    return PARE_OK;
}

static pare_status set_attr_defaults(text_parser *p, pare_function *f, size_t first)
{
    const size_t n = p->n_attrs - first;
    const pare_attr **list = pare_arena_array(&p->model->arena, n, sizeof(*list));
    if (!list) return pare_arena_fail(p->ctx, &p->model->arena);
    for (size_t i = 0; i < n; i++) list[i] = p->attrs[first + i];
    f->attr_defaults = list;
    f->n_attr_defaults = n;
    p->n_attrs = first;
    return PARE_OK;
}

/* `< name, name: type = default, ... >`, or nothing. */
static pare_status parse_function_attrs(text_parser *p, pare_function *f)
{
    const size_t first_name = p->n_names;
    const size_t first_attr = p->n_attrs;
    if (!pare_text_accept(p, '<')) return PARE_OK;
    while (!text_at(p, '>')) {
        pare_token name;
        PARE_TRY(pare_text_name(p, &name));
        if (text_at(p, ':') || text_at(p, '=')) {
            PARE_TRY(pare_text_attr(p, &name, NULL));
        } else {
            PARE_TRY(pare_text_push_name(p, &name));
        }
        if (!pare_text_accept(p, ',')) break;
    }
    PARE_TRY(pare_text_expect(p, '>'));
    PARE_TRY(set_attr_names(p, f, first_name));
    return set_attr_defaults(p, f, first_attr);
}

static pare_status parse_function(text_parser *p)
{
    const char *domain = NULL;
    const char *overload = NULL;
    const char *doc = NULL;
    const char *text = NULL;
    pare_opsets opsets = { 0 };
    pare_props props = { 0 };
    pare_function *f = NULL;
    pare_token name;
    const text_keys keys = {
        .domain = &domain,
        .overload = &overload,
        .doc = &doc,
        .opsets = &opsets,
        .props = &props,
    };
    PARE_TRY(pare_text_keys(p, &keys));
    PARE_TRY(pare_text_name(p, &name));
    PARE_TRY(pare_text_name_bytes(p, &name, &text));
    const pare_status st = pare_function_new(p->ctx, &f, p->model, domain, text, overload);
    if (st) return pare_text_placed(p, &name, st);
    f->doc = doc;
    f->opsets = opsets;
    f->body->props = props;
    PARE_TRY(parse_function_attrs(p, f));
    PARE_TRY(pare_text_graph_rest(p, f->body));
    return resolve_all(p);
}

static pare_status parse_model(text_parser *p)
{
    pare_model *m = p->model;
    pare_token name;
    const text_keys keys = {
        .ir_version = &m->ir_version,
        .model_version = &m->model_version,
        .domain = &m->domain,
        .producer_name = &m->producer_name,
        .producer_version = &m->producer_version,
        .doc = &m->doc,
        .opsets = &m->opsets,
        .props = &m->props,
    };
    PARE_TRY(pare_text_keys(p, &keys));
    PARE_TRY(pare_text_name(p, &name));
    PARE_TRY(pare_text_name_copy(p, &name, &m->graph->name));
    if (!*m->graph->name) m->graph->name = NULL;
    PARE_TRY(pare_text_graph_rest(p, m->graph));
    PARE_TRY(resolve_all(p));
    while (p->lx.token.kind != PARE_TOK_END) PARE_TRY(parse_function(p));
    return PARE_OK;
}

/* Lets go of what a failure left on the stacks. */
static void release_parser(text_parser *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        const text_item *item = &p->items[i];
        if (item->kind == PARE_ATTR_TENSOR) pare_tensor_unref(item->tensor);
        if (item->kind != PARE_ATTR_SPARSE_TENSOR) continue;
        pare_tensor_unref(item->sparse->values);
        pare_tensor_unref(item->sparse->indices);
    }
    for (size_t i = 0; i < p->n_attrs; i++)
        if (p->attrs[i]) pare_release_attr(p->attrs[i]);
    pare_free(p->ctx, p->pending);
    pare_free(p->ctx, p->names);
    pare_free(p->ctx, p->items);
    pare_free(p->ctx, p->attrs);
    pare_free(p->ctx, p->bytes);
    pare_free(p->ctx, p->lengths);
}

pare_status pare_text_parse(pare_ctx *ctx, pare_model **out, const char *text)
{
    text_parser p = { .ctx = ctx };
    *out = NULL;
    pare_status st = pare_model_new(ctx, &p.model, NULL);
    if (st) return st;
    pare_lex_init(&p.lx, text);
    st = parse_model(&p);
    release_parser(&p);
    if (st) pare_model_free(ctx, p.model);
    else *out = p.model;
    return st;
}
