#include "ir/text.h"

#include "ir/lex.h"
#include "ir/text_writer.h"

/* Puts ", " in front of every item of a list but the first. */
static void separate(text_out *o, bool *first)
{
    if (!*first) pare_put(o, ", ");
    *first = false;
}

/* Starts the line of an item of a list that takes one line each. */
static void item_line(text_out *o, bool *first)
{
    if (!*first) pare_put(o, ",");
    *first = false;
    pare_put_line(o);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void put_opsets(text_out *o, const pare_opsets *opsets)
{
    bool first = true;
    pare_put(o, "opset_import: [");
    for (size_t i = 0; i < opsets->n; i++) {
        separate(o, &first);
        pare_put_string(o, opsets->items[i].domain);
        pare_put(o, " : ");
        pare_put_i64(o, opsets->items[i].version);
    }
    pare_put(o, "]");
}

static void put_props(text_out *o, const pare_props *props)
{
    bool first = true;
    pare_put(o, "metadata_props: [");
    for (size_t i = 0; i < props->n; i++) {
        separate(o, &first);
        pare_put_string(o, props->items[i].key);
        pare_put(o, ": ");
        pare_put_string(o, props->items[i].value);
    }
    pare_put(o, "]");
}

static void put_text_key(text_out *o, bool *first, const char *key, const char *text)
{
    if (!text) return;
    item_line(o, first);
    pare_put(o, key);
    pare_put(o, ": ");
    pare_put_string(o, text);
}

static void put_props_key(text_out *o, bool *first, const pare_props *props)
{
    if (!props->n) return;
    item_line(o, first);
    put_props(o, props);
}

static void put_model_keys(text_out *o, const pare_model *m)
{
    bool first = true;
    pare_put(o, "<");
    o->indent++;
    item_line(o, &first);
    pare_put(o, "ir_version: ");
    pare_put_i64(o, m->ir_version);
    item_line(o, &first);
    put_opsets(o, &m->opsets);
    put_text_key(o, &first, "producer_name", m->producer_name);
    put_text_key(o, &first, "producer_version", m->producer_version);
    put_text_key(o, &first, "domain", m->domain);
    if (m->model_version) {
        item_line(o, &first);
        pare_put(o, "model_version: ");
        pare_put_i64(o, m->model_version);
    }
    put_text_key(o, &first, "doc_string", m->doc);
    put_props_key(o, &first, &m->props);
    o->indent--;
    pare_put(o, "\n>\n");
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void put_graph(text_out *o, const pare_graph *graph);

static void put_attr_item(text_out *o, const pare_attr *a, uint32_t i)
{
    switch (a->type) {
    case PARE_ATTR_FLOAT:
    case PARE_ATTR_FLOATS: pare_put_f32(o, a->floats[i]); break;
    case PARE_ATTR_INT:
    case PARE_ATTR_INTS: pare_put_i64(o, a->ints[i]); break;
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS: pare_put_bytes(o, a->strings[i]); break;
    case PARE_ATTR_TENSOR:
    case PARE_ATTR_TENSORS:
        pare_put_tensor_type(o, a->tensors[i]);
        pare_put(o, " ");
        pare_put_elements(o, a->tensors[i]);
        break;
    case PARE_ATTR_SPARSE_TENSOR:
    case PARE_ATTR_SPARSE_TENSORS:
        pare_put_sparse_type(o, a->sparse[i]);
        pare_put(o, " ");
        pare_put_sparse(o, a->sparse[i]);
        break;
    case PARE_ATTR_TYPE_PROTO:
    case PARE_ATTR_TYPE_PROTOS: pare_put_type(o, a->types[i]); break;
    case PARE_ATTR_GRAPH:
    case PARE_ATTR_GRAPHS: put_graph(o, a->graphs[i]); break;
    case PARE_ATTR_UNDEFINED:
    case PARE_N_ATTR_TYPES: break;
    }
}

static bool is_single(const pare_attr *a)
{
    switch (a->type) {
    case PARE_ATTR_FLOAT:
    case PARE_ATTR_INT:
    case PARE_ATTR_STRING:
    case PARE_ATTR_TENSOR:
    case PARE_ATTR_GRAPH:
    case PARE_ATTR_SPARSE_TENSOR:
    case PARE_ATTR_TYPE_PROTO: return true;
    default: return false;
    }
}

static void put_attr(text_out *o, const pare_attr *a)
{
    bool first = true;
    pare_put_name(o, a->name);
    pare_put(o, ": ");
    pare_put(o, pare_attr_type_name(a->type));
    pare_put(o, " = ");
    if (a->ref_name) {
        pare_put(o, "@");
        pare_put_name(o, a->ref_name);
        return;
    }
    if (!is_single(a)) pare_put(o, "[");
    for (uint32_t i = 0; i < a->n; i++) {
        separate(o, &first);
        put_attr_item(o, a, i);
    }
    if (!is_single(a)) pare_put(o, "]");
}

static bool holds_graphs(const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i]->type == PARE_ATTR_GRAPH || n->attrs[i]->type == PARE_ATTR_GRAPHS)
            return true;
    return false;
}

/* Attributes with graphs get a line each. */
static void put_attrs(text_out *o, const pare_node *n)
{
    bool first = true;
    const bool lines = holds_graphs(n);
    if (!n->n_attrs) return;
    pare_put(o, " <");
    o->indent++;
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        if (lines) item_line(o, &first);
        else separate(o, &first);
        put_attr(o, n->attrs[i]);
    }
    o->indent--;
    if (lines) pare_put_line(o);
    pare_put(o, ">");
}

static void put_label(text_out *o, const pare_node *n)
{
    bool first = true;
    if (!n->name && !n->doc && !n->props.n) return;
    pare_put(o, "[");
    if (n->name) {
        separate(o, &first);
        pare_put_name(o, n->name);
    }
    if (n->doc) {
        separate(o, &first);
        pare_put(o, "doc_string: ");
        pare_put_string(o, n->doc);
    }
    if (n->props.n) {
        separate(o, &first);
        put_props(o, &n->props);
    }
    pare_put(o, "] ");
}

/* An operator or part of a domain: unlike values, these may be called like types. */
static void put_word(text_out *o, const char *word)
{
    if (word && pare_lex_is_identifier(word)) pare_put(o, word);
    else pare_put_string(o, word);
}

/* `com.microsoft.`: as it is where each part is an identifier, else as one string. */
static void put_domain(text_out *o, const char *domain)
{
    if (!domain || !*domain) return;
    if (pare_lex_is_dotted(domain)) pare_put(o, domain);
    else pare_put_string(o, domain);
    pare_put(o, ".");
}

static void put_value(text_out *o, pare_value_id value)
{
    pare_put_name(o, value == PARE_NONE ? "" : pare_value_at(o->model, value)->name);
}

static void put_inputs(text_out *o, const pare_node *n)
{
    bool first = true;
    pare_put(o, " (");
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        separate(o, &first);
        put_value(o, n->inputs[i].value);
    }
    pare_put(o, ")");
}

static void put_node(text_out *o, const pare_node *n)
{
    bool first = true;
    const bool attrs_last = holds_graphs(n);
    pare_put_line(o);
    put_label(o, n);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        separate(o, &first);
        put_value(o, n->outputs[i]);
    }
    pare_put(o, first ? "= " : " = ");
    put_domain(o, n->domain);
    put_word(o, n->op_type);
    if (n->overload) {
        pare_put(o, ":");
        put_word(o, n->overload);
    }
    if (!attrs_last) put_attrs(o, n);
    put_inputs(o, n);
    if (attrs_last) put_attrs(o, n);
}

/* --- graphs ----------------------------------------------------------------------------------- */

static void put_ref(text_out *o, const pare_value_ref *ref)
{
    const bool lives = ref->value != PARE_NONE && pare_value_at(o->model, ref->value)->graph;
    pare_put_string(o, lives ? pare_value_at(o->model, ref->value)->name : ref->name);
}

static void put_annotations(text_out *o, const pare_graph *g)
{
    bool first = true;
    pare_put(o, "quantization_annotation: [");
    for (size_t i = 0; i < g->n_annotations; i++) {
        const pare_annotation *a = &g->annotations[i];
        bool first_param = true;
        separate(o, &first);
        put_ref(o, &a->tensor);
        pare_put(o, ": [");
        for (size_t k = 0; k < a->n_params; k++) {
            separate(o, &first_param);
            pare_put_string(o, a->keys[k]);
            pare_put(o, ": ");
            put_ref(o, &a->params[k]);
        }
        pare_put(o, "]");
    }
    pare_put(o, "]");
}

static void put_graph_keys(text_out *o, const pare_graph *g)
{
    bool first = true;
    if (!g->doc && !g->props.n && !g->n_annotations) return;
    pare_put(o, " <");
    o->indent++;
    put_text_key(o, &first, "doc_string", g->doc);
    put_props_key(o, &first, &g->props);
    if (g->n_annotations) {
        item_line(o, &first);
        put_annotations(o, g);
    }
    o->indent--;
    pare_put_line(o);
    pare_put(o, ">");
}

static void put_decl(text_out *o, const pare_decl *d)
{
    if (d->type) {
        pare_put_type(o, d->type);
        pare_put(o, " ");
    }
    pare_put_name(o, d->value == PARE_NONE ? d->name : pare_value_at(o->model, d->value)->name);
}

static void put_decls(text_out *o, const pare_decls *decls)
{
    bool first = true;
    pare_put(o, "(");
    for (size_t i = 0; i < decls->n; i++) {
        if (pare_decl_is_dead(o->model, &decls->items[i])) continue;
        separate(o, &first);
        put_decl(o, &decls->items[i]);
    }
    pare_put(o, ")");
}

/* Opens the list of initializers and value_info with its first item. */
static void list_line(text_out *o, bool *first)
{
    if (*first) {
        pare_put(o, " <");
        o->indent++;
    }
    item_line(o, first);
}

static void put_value_infos(text_out *o, const pare_graph *g)
{
    bool first = true;
    for (size_t i = 0; i < g->initializers.n; i++) {
        const pare_value *v = pare_value_at(o->model, g->initializers.items[i]);
        if (!v->graph || !v->tensor) continue;
        list_line(o, &first);
        pare_put_tensor_type(o, v->tensor);
        pare_put(o, " ");
        pare_put_name(o, v->name);
        pare_put(o, " = ");
        pare_put_elements(o, v->tensor);
    }
    for (size_t i = 0; i < g->sparse_initializers.n; i++) {
        const pare_value *v = pare_value_at(o->model, g->sparse_initializers.items[i]);
        if (!v->graph || !v->sparse) continue;
        list_line(o, &first);
        pare_put_sparse_type(o, v->sparse);
        pare_put(o, " ");
        pare_put_name(o, v->name);
        pare_put(o, " = ");
        pare_put_sparse(o, v->sparse);
    }
    for (size_t i = 0; i < g->value_infos.n; i++) {
        if (pare_decl_is_dead(o->model, &g->value_infos.items[i])) continue;
        list_line(o, &first);
        put_decl(o, &g->value_infos.items[i]);
    }
    if (first) return;
    o->indent--;
    pare_put_line(o);
    pare_put(o, ">");
}

/* From the inputs on. */
static void put_graph_rest(text_out *o, const pare_graph *g)
{
    pare_put(o, " ");
    put_decls(o, &g->inputs);
    pare_put(o, " => ");
    put_decls(o, &g->outputs);
    put_value_infos(o, g);
    pare_put(o, " {");
    o->indent++;
    for (pare_node_id id = g->first_node; id != PARE_NONE && !o->status;) {
        const pare_node *n = pare_node_at(o->model, id);
        put_node(o, n);
        id = n->next;
    }
    o->indent--;
    pare_put_line(o);
    pare_put(o, "}");
}

static void put_graph(text_out *o, const pare_graph *g)
{
    pare_put_name(o, g->name);
    put_graph_keys(o, g);
    put_graph_rest(o, g);
}

/* --- functions -------------------------------------------------------------------------------- */

static void put_function_attrs(text_out *o, const pare_function *f)
{
    bool first = true;
    if (!f->n_attr_names && !f->n_attr_defaults) return;
    pare_put(o, " <");
    for (size_t i = 0; i < f->n_attr_names; i++) {
        separate(o, &first);
        pare_put_name(o, f->attr_names[i]);
    }
    for (size_t i = 0; i < f->n_attr_defaults; i++) {
        separate(o, &first);
        put_attr(o, f->attr_defaults[i]);
    }
    pare_put(o, ">");
}

static void put_function(text_out *o, const pare_function *f)
{
    bool first = true;
    pare_put(o, "<");
    o->indent++;
    put_text_key(o, &first, "domain", f->domain);
    put_text_key(o, &first, "overload", f->overload);
    item_line(o, &first);
    put_opsets(o, &f->opsets);
    put_text_key(o, &first, "doc_string", f->doc);
    put_props_key(o, &first, &f->body->props);
    o->indent--;
    pare_put(o, "\n>\n");
    pare_put_name(o, f->name);
    put_function_attrs(o, f);
    put_graph_rest(o, f->body);
    pare_put(o, "\n");
}

pare_status pare_text_write(pare_ctx *ctx, FILE *to, const pare_model *model)
{
    text_out o = { .ctx = ctx, .to = to, .model = model };
    put_model_keys(&o, model);
    put_graph(&o, model->graph);
    pare_put(&o, "\n");
    for (size_t i = 0; i < model->n_functions; i++) put_function(&o, model->functions[i]);
    if (!o.status && fflush(to)) o.status = pare_fail(ctx, PARE_EIO, "writing text failed");
    return o.status;
}
