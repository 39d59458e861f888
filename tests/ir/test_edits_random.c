/* Random edits of random graphs. After each one the model must pass pare_graph_check; renames,
 * moves, removals and replaced uses must change the text as a text editor would; refused edits must
 * change nothing; what changed must be marked; text, clone and sort must agree with what is there.
 * The seed is printed on failure: give it as argument to see one again. */
#include "ir/build.h"
#include "ir/check.h"
#include "ir/order.h"
#include "ir/text.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SEEDS = 60, N_EDITS = 150 };

static uint64_t first_seed = 1;

typedef struct world {
    test_ctx t;
    pare_ctx *ctx;
    pare_model *m;
    uint64_t seed, state;
    unsigned n_edits; /* so far */
    const char *edit; /* the present one, for messages */
} world;

/* --- chance (splitmix64) ---------------------------------------------------------------------- */

static uint32_t below(world *w, uint32_t n)
{
    uint64_t z = w->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

static pare_graph *any_graph(world *w)
{
    for (;;) {
        pare_graph *g = w->m->graphs[below(w, (uint32_t)w->m->n_graphs)];
        const pare_graph *at = g;
        while (at->owner != PARE_NONE) at = at->parent;
        if (!at->parent) return g; /* not one that went with its owner */
    }
}

static pare_node_id any_node(world *w)
{
    for (int i = 0; w->m->n_nodes && i < 50; i++) {
        const pare_node_id id = below(w, (uint32_t)w->m->n_nodes);
        if (w->m->nodes[id].graph) return id;
    }
    return PARE_NONE;
}

static pare_value_id any_value(world *w)
{
    for (int i = 0; w->m->n_values && i < 50; i++) {
        const pare_value_id id = below(w, (uint32_t)w->m->n_values);
        if (w->m->values[id].graph) return id;
    }
    return PARE_NONE;
}

/* --- what may use what ------------------------------------------------------------------------ */

/* Values are made after those that their nodes use, so handles that grow along every edge keep the
 * graph free of cycles, whatever is edited. The smallest output of a node: */
static pare_value_id first_output(const world *w, pare_node_id id)
{
    const pare_node *n = &w->m->nodes[id];
    pare_value_id first = PARE_NONE;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] < first) first = n->outputs[i];
    return first;
}

static bool is_defined(const pare_value *v)
{
    return v->producer != PARE_NONE || v->is_input || v->tensor || v->sparse;
}

/* Whether a use at node `user` (PARE_NONE: an output) of graph may refer to the value. */
static bool may_use(const world *w, const pare_graph *graph, pare_node_id user, pare_value_id value)
{
    const pare_value *v = &w->m->values[value];
    if (!v->graph || !is_defined(v) || !pare_value_visible(w->m, value, graph)) return false;
    for (;;) {
        if (user != PARE_NONE && first_output(w, user) <= value) return false;
        if (graph == v->graph) return true;
        user = graph->owner;
        graph = graph->parent;
    }
}

static pare_value_id usable_value(world *w, const pare_graph *graph, pare_node_id user)
{
    for (int i = 0; i < 30; i++) {
        const pare_value_id id = any_value(w);
        if (id != PARE_NONE && may_use(w, graph, user, id)) return id;
    }
    return PARE_NONE;
}

/* --- checks ----------------------------------------------------------------------------------- */

static void wrong(const world *w, const char *what, const char *a, const char *b)
{
    fail_msg("seed %llu, edit %u (%s): %s\n%s\n%s", (unsigned long long)w->seed, w->n_edits,
             w->edit, what, a, b);
}

static void expect(const world *w, pare_status st)
{
    if (st) wrong(w, pare_status_name(st), w->ctx->message, "");
}

static void check_whole(world *w)
{
    if (pare_graph_check(w->ctx, w->m, w->edit)) wrong(w, "is broken", w->ctx->message, "");
}

static void check_text(world *w, const char *want)
{
    char *text = test_model_text(w->ctx, w->m);
    if (strcmp(text, want) != 0) wrong(w, "text differs", want, text);
    free(text);
}

/* The text parses to a model that prints the same. */
static void check_round_trip(world *w)
{
    pare_model *again = NULL;
    char *text = test_model_text(w->ctx, w->m);
    if (pare_text_parse(w->ctx, &again, text)) wrong(w, w->ctx->message, text, "");
    if (pare_graph_check(w->ctx, again, NULL)) wrong(w, w->ctx->message, text, "");
    char *back = test_model_text(w->ctx, again);
    if (strcmp(text, back) != 0) wrong(w, "reads back differently", text, back);
    pare_model_free(w->ctx, again);
    free(text);
    free(back);
}

/* --- the text editor -------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Appends [from, end) to out with one word replaced by another. */
static char *replace_words(char *out, const char *from, const char *end, const char *old,
                           const char *new)
{
    const size_t n_old = strlen(old);
    for (const char *p = from; p < end;) {
        const char *word = p;
        while (p < end && is_word(*p)) p++;
        if (p == word) {
            *out++ = *p++;
        } else if ((size_t)(p - word) == n_old && memcmp(word, old, n_old) == 0) {
            memcpy(out, new, strlen(new));
            out += strlen(new);
        } else {
            memcpy(out, word, (size_t)(p - word));
            out += p - word;
        }
    }
    return out;
}

static char *room_for(const char *text)
{
    char *out = malloc(strlen(text) * 4 + 64);
    assert_non_null(out);
    return out;
}

static char *text_with_word(const char *text, const char *old, const char *new)
{
    char *out = room_for(text);
    *replace_words(out, text, text + strlen(text), old, new) = '\0';
    return out;
}

/* Replaces a word only where values are used: behind the first '=' of each line. */
static char *text_with_uses(const char *text, const char *old, const char *new)
{
    char *out = room_for(text);
    char *at = out;
    while (*text) {
        const char *end = strchr(text, '\n') + 1;
        const char *equals = memchr(text, '=', (size_t)(end - text));
        const char *uses = equals ? equals : end;
        memcpy(at, text, (size_t)(uses - text));
        at = replace_words(at + (uses - text), uses, end, old, new);
        text = end;
    }
    *at = '\0';
    return out;
}

/* The lines of a node, from the one with its label to the last of its nested graphs. */
static const char *find_node(const char *text, const char *name, const char **end)
{
    char label[64];
    snprintf(label, sizeof(label), "[%s]", name);
    const char *start = strstr(text, label);
    if (!start) { /* a label with more than the name */
        label[strlen(label) - 1] = ',';
        start = strstr(text, label);
    }
    assert_non_null(start);
    const char *line = start;
    while (line > text && line[-1] != '\n') line--;
    const size_t indent = (size_t)(start - line);
    const char *p = strchr(line, '\n') + 1;
    while (strspn(p, " ") > indent || (strspn(p, " ") == indent && p[indent] == '>'))
        p = strchr(p, '\n') + 1;
    *end = p;
    return line;
}

static char *text_without(const char *text, const char *from, const char *end)
{
    char *out = room_for(text);
    memcpy(out, text, (size_t)(from - text));
    memcpy(out + (from - text), end, strlen(end) + 1);
    return out;
}

/* --- edits ------------------------------------------------------------------------------------ */

static pare_tensor *some_tensor(world *w)
{
    pare_tensor *t = NULL;
    const int64_t dims[] = { below(w, 4), 1 + below(w, 3) };
    const float data[12] = { (float)below(w, 100), 0.5f };
    expect(w, pare_tensor_from(w->ctx, &t, PARE_FLOAT, below(w, 3), dims, data));
    return t;
}

/* No word of an operator or label is the name of a value: text is edited by words. */
static void name_node(world *w, pare_node_id id)
{
    expect(w, pare_node_set_op(w->ctx, w->m, id, "Op", NULL));
    expect(w, pare_node_derive_name(w->ctx, w->m, id, "n"));
}

static void add_node(world *w)
{
    pare_graph *g = any_graph(w);
    pare_builder b;
    pare_builder_init(&b, w->ctx, g);
    pare_value_id inputs[4];
    const uint32_t n = below(w, 5);
    for (uint32_t i = 0; i < n; i++)
        inputs[i] = below(w, 8) ? usable_value(w, g, PARE_NONE) : PARE_NONE;
    if (below(w, 2) && g->n_nodes) {
        b.before = g->first_node;
        for (uint32_t i = below(w, g->n_nodes); i > 0; i--) b.before = w->m->nodes[b.before].next;
    }
    pare_emit_n(&b, "v", inputs, n, 1 + below(w, 2));
    pare_build_int(&b, "i", below(w, 10));
    expect(w, b.status);
    name_node(w, b.last);
}

/* A node with a graph that has an input, an initializer and an output. */
static void add_nest(world *w)
{
    pare_graph *outer = any_graph(w);
    pare_graph *g = NULL;
    pare_builder b;
    if (outer->depth > 5) return;
    pare_builder_init(&b, w->ctx, outer);
    const pare_value_id x = usable_value(w, outer, PARE_NONE);
    pare_emit(&b, "If", x);
    expect(w, b.status);
    const pare_node_id owner = b.last;
    name_node(w, owner);
    expect(w, pare_graph_new(w->ctx, &g, w->m, outer, "sub"));
    pare_build_attr(&b, pare_attr_graph(w->m, below(w, 2) ? "then" : "else", g));
    pare_builder_init(&b, w->ctx, g);
    const pare_value_id k = pare_build_const(&b, "k", some_tensor(w));
    pare_value_id p = PARE_NONE;
    expect(w, pare_value_derive(w->ctx, &p, g, "p"));
    expect(w, pare_graph_add_input(w->ctx, g, p, NULL, NULL));
    const pare_value_id y = pare_emit(&b, "v", p, k);
    expect(w, b.status);
    name_node(w, b.last);
    pare_build_output(&b, y, NULL);
    const pare_value_id captured = usable_value(w, g, PARE_NONE);
    if (captured != PARE_NONE) pare_build_output(&b, captured, NULL);
    expect(w, b.status);
}

static void set_input(world *w)
{
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE || !w->m->nodes[id].n_inputs) return;
    const uint32_t slot = below(w, w->m->nodes[id].n_inputs);
    const pare_value_id v = usable_value(w, w->m->nodes[id].graph, id);
    expect(w, pare_node_set_input(w->ctx, w->m, id, slot, v));
    if (w->m->nodes[id].inputs[slot].value != v) wrong(w, "input is not set", "", "");
}

static void set_input_unseen(world *w)
{
    const pare_node_id id = any_node(w);
    const pare_value_id v = any_value(w);
    if (id == PARE_NONE || v == PARE_NONE || !w->m->nodes[id].n_inputs ||
        pare_value_visible(w->m, v, w->m->nodes[id].graph))
        return;
    char *text = test_model_text(w->ctx, w->m);
    if (pare_node_set_input(w->ctx, w->m, id, 0, v) != PARE_EFORMAT)
        wrong(w, "an unseen value was taken", "", "");
    check_text(w, text);
    free(text);
}

static void resize_inputs(world *w)
{
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE) return;
    const uint32_t n = below(w, 6);
    expect(w, pare_node_resize_inputs(w->ctx, w->m, id, n));
    if (w->m->nodes[id].n_inputs != n) wrong(w, "inputs were not resized", "", "");
}

static void rename_value(world *w)
{
    static const char *const names[] = { "v", "x", "k_1", "p", "fresh", "fresh_1" };
    char made[32];
    const char *to = names[below(w, 6)];
    const pare_value_id v = any_value(w);
    if (v == PARE_NONE) return;
    if (below(w, 2)) {
        snprintf(made, sizeof(made), "r%u", w->n_edits);
        to = made;
    }
    char *text = test_model_text(w->ctx, w->m);
    char *want = text_with_word(text, w->m->values[v].name, to);
    const pare_status st = pare_value_rename(w->ctx, w->m, v, to);
    if (st && (st != PARE_EFORMAT || to == made)) wrong(w, "renaming", w->ctx->message, to);
    if (!st && strcmp(w->m->values[v].name, to) != 0) wrong(w, "has another name", to, "");
    if (!st && pare_graph_find(w->m->values[v].graph, to) != v) wrong(w, "is not found", to, "");
    check_text(w, st ? text : want);
    free(text);
    free(want);
}

static void replace_uses(world *w)
{
    const pare_value_id from = any_value(w);
    const pare_value_id to = any_value(w);
    bool visible = true;
    bool fits = true;
    if (from == PARE_NONE || to == PARE_NONE) return;
    for (const pare_use *u = w->m->values[from].first_use; u; u = u->next) {
        visible = visible && pare_value_visible(w->m, to, u->graph);
        fits = fits && visible && may_use(w, u->graph, u->user, to);
    }
    if (visible && !fits) return;
    const pare_value *v = &w->m->values[from];
    char *text = test_model_text(w->ctx, w->m);
    char *want = text_with_uses(text, v->name, w->m->values[to].name);
    const bool shown = !v->is_input && !v->tensor && !v->sparse; /* '=' is not in front of those */
    const pare_status st = pare_value_replace_uses(w->ctx, w->m, from, to);
    if (st != (visible || from == to ? PARE_OK : PARE_EFORMAT))
        wrong(w, "replacing uses", w->ctx->message, "");
    if (!st && from != to && w->m->values[from].n_uses) wrong(w, "uses are left", "", "");
    if (st || shown) check_text(w, st ? text : want);
    free(text);
    free(want);
}

static void remove_node(world *w)
{
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE) return;
    const pare_node *n = &w->m->nodes[id];
    bool used = false;
    bool declared = false; /* value_info of outputs goes too: not for the text editor */
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        used = used || w->m->values[n->outputs[i]].n_uses;
        for (size_t k = 0; k < n->graph->value_infos.n; k++)
            declared = declared || n->graph->value_infos.items[k].value == n->outputs[i];
    }
    char *text = test_model_text(w->ctx, w->m);
    const char *end = NULL;
    const char *start = find_node(text, n->name, &end);
    char *want = text_without(text, start, end);
    const pare_status st = pare_node_remove(w->ctx, w->m, id);
    if (st != (used ? PARE_EUSAGE : PARE_OK)) wrong(w, "removing", w->ctx->message, "");
    if (st || !declared) check_text(w, st ? text : want);
    free(text);
    free(want);
}

static void move_node(world *w)
{
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE) return;
    const pare_graph *g = w->m->nodes[id].graph;
    pare_node_id before = g->first_node;
    for (uint32_t i = below(w, g->n_nodes + 1); i > 0; i--) before = w->m->nodes[before].next;
    char *text = test_model_text(w->ctx, w->m);
    const char *end = NULL;
    const char *start = find_node(text, w->m->nodes[id].name, &end);
    char *lines = strndup(start, (size_t)(end - start));
    assert_non_null(lines);
    char *want = text_without(text, start, end);
    if (before == PARE_NONE && g->last_node == id) before = id;
    if (before == id) {
        memcpy(want, text, strlen(text) + 1);
    } else {
        const char *at = NULL;
        if (before != PARE_NONE) at = find_node(want, w->m->nodes[before].name, &end);
        else find_node(want, w->m->nodes[g->last_node].name, &at);
        char *moved = room_for(text);
        snprintf(moved, strlen(text) + 1, "%.*s%s%s", (int)(at - want), want, lines, at);
        free(want);
        want = moved;
    }
    pare_node_move(w->m, id, before);
    check_text(w, want);
    free(text);
    free(lines);
    free(want);
}

static void set_attr(world *w)
{
    static const char *const names[] = { "i", "a", "then", "else" };
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE) return;
    const char *name = names[below(w, 4)];
    if (below(w, 3) == 0) {
        pare_node_remove_attr(w->m, id, name);
        return;
    }
    pare_tensor *t = some_tensor(w);
    const pare_attr *a =
        below(w, 2) ? pare_attr_tensor(w->m, name, t) : pare_attr_string(w->m, name, "s\n\"");
    pare_tensor_unref(t);
    expect(w, pare_node_set_attr(w->ctx, w->m, id, a));
}

static void set_payload(world *w)
{
    const pare_value_id v = any_value(w);
    if (v == PARE_NONE) return;
    pare_tensor *t = some_tensor(w);
    const bool may = w->m->values[v].producer == PARE_NONE;
    pare_status st = PARE_OK;
    if (below(w, 2)) {
        pare_sparse_tensor *s = pare_arena_zero(&w->m->arena, sizeof(*s));
        assert_non_null(s);
        s->values = t;
        s->indices = below(w, 2) ? t : NULL;
        s->rank = t->rank;
        s->dims = pare_arena_copy(&w->m->arena, t->dims, t->rank * sizeof(*t->dims));
        st = pare_value_set_sparse(w->ctx, w->m, v, s);
    } else {
        st = pare_value_set_tensor(w->ctx, w->m, v, t);
    }
    pare_tensor_unref(t);
    if (st != (may ? PARE_OK : PARE_EFORMAT)) wrong(w, "setting a payload", w->ctx->message, "");
}

static void add_const(world *w)
{
    pare_builder b;
    pare_builder_init(&b, w->ctx, any_graph(w));
    pare_build_const(&b, "k", some_tensor(w));
    expect(w, b.status);
}

static void remove_value(world *w)
{
    const pare_value_id v = any_value(w);
    if (v == PARE_NONE) return;
    const pare_value *value = &w->m->values[v];
    const bool may = !value->n_uses && value->producer == PARE_NONE && !value->is_input;
    const pare_status st = pare_value_remove(w->ctx, w->m, v);
    if (st != (may ? PARE_OK : PARE_EUSAGE)) wrong(w, "removing a value", w->ctx->message, "");
}

static void declare(world *w)
{
    const pare_value_id v = any_value(w);
    if (v == PARE_NONE) return;
    const int64_t dims[] = { below(w, 9), below(w, 9) };
    const pare_type *type = pare_type_tensor(&w->m->arena, PARE_INT8, below(w, 3), dims);
    assert_non_null(type);
    pare_graph *g = w->m->values[v].graph;
    const uint32_t what = below(w, 4);
    if (what == 0) pare_value_set_type(w->m, v, type);
    else if (what == 1) expect(w, pare_graph_add_value_info(w->ctx, g, v, NULL, type, NULL));
    else if (what == 2 && may_use(w, g, PARE_NONE, v))
        expect(w, pare_graph_add_output(w->ctx, g, v, type, NULL));
    else expect(w, pare_graph_add_value_info(w->ctx, g, PARE_NONE, "elsewhere", type, NULL));
}

static void set_texts(world *w)
{
    const pare_node_id id = any_node(w);
    if (id == PARE_NONE) return;
    expect(w, pare_node_set_op(w->ctx, w->m, id, "Renamed", below(w, 2) ? "com.dom" : NULL));
    expect(w, pare_props_set(w->ctx, w->m, &w->m->nodes[id].props, "key", "text"));
}

static void clone(world *w)
{
    pare_model *copy = NULL;
    char *text = test_model_text(w->ctx, w->m);
    expect(w, pare_model_clone(w->ctx, &copy, w->m));
    pare_model_free(w->ctx, w->m);
    w->m = copy;
    check_text(w, text);
    free(text);
}

static void sort(world *w)
{
    bool ordered = false;
    pare_graph *g = any_graph(w);
    expect(w, pare_graph_sort(w->ctx, g));
    expect(w, pare_graph_is_ordered(w->ctx, &ordered, g));
    if (!ordered) wrong(w, "not sorted", "", "");
    char *text = test_model_text(w->ctx, w->m);
    expect(w, pare_graph_sort(w->ctx, g));
    check_text(w, text);
    free(text);
}

/* --- marks ------------------------------------------------------------------------------------ */

/* What a model was before an edit, in which everything was declared to be as its source says. */
typedef struct snapshot {
    char *text;
    size_t n_nodes, n_values, n_decls;
    const char **names;      /* of values */
    const void **payloads;   /* of values */
    const pare_type **types; /* of declarations, lists of all graphs in a row */
    pare_value_id *values;   /* likewise */
    const char **shown;      /* likewise: names */
} snapshot;

/* Calls take(data, i, decl) for the declarations that were there; counts all for a NULL. */
static size_t each_decl(world *w, void (*take)(world *w, snapshot *s, size_t i, pare_decl *d),
                        snapshot *s)
{
    size_t n = 0;
    for (size_t i = 0; i < w->m->n_graphs; i++) {
        pare_graph *g = w->m->graphs[i];
        pare_decls *const lists[] = { &g->inputs, &g->outputs, &g->value_infos };
        for (size_t k = 0; k < 3; k++)
            for (size_t j = 0; j < lists[k]->n; j++, n++)
                if (take) take(w, s, n, &lists[k]->items[j]);
    }
    return n;
}

static const char *shown_name(const world *w, const pare_decl *d)
{
    return d->value == PARE_NONE ? d->name : w->m->values[d->value].name;
}

static void keep_decl(world *w, snapshot *s, size_t i, pare_decl *d)
{
    d->source = w;
    s->types[i] = d->type;
    s->values[i] = d->value;
    s->shown[i] = shown_name(w, d);
}

static snapshot snap(world *w)
{
    snapshot s = { test_model_text(w->ctx, w->m),
                   w->m->n_nodes,
                   w->m->n_values,
                   0,
                   NULL,
                   NULL,
                   NULL,
                   NULL,
                   NULL };
    s.n_decls = each_decl(w, NULL, NULL);
    s.names = calloc(s.n_values + 1, sizeof(*s.names));
    s.payloads = calloc(s.n_values + 1, sizeof(*s.payloads));
    s.types = calloc(s.n_decls + 1, sizeof(*s.types));
    s.values = calloc(s.n_decls + 1, sizeof(*s.values));
    s.shown = calloc(s.n_decls + 1, sizeof(*s.shown));
    assert_true(s.names && s.payloads && s.types && s.values && s.shown);
    for (size_t i = 0; i < s.n_nodes; i++) w->m->nodes[i].source = w;
    for (size_t i = 0; i < s.n_values; i++) {
        pare_value *v = &w->m->values[i];
        v->tensor_source = w;
        s.names[i] = v->name;
        s.payloads[i] = v->tensor ? (const void *)v->tensor : v->sparse;
    }
    each_decl(w, keep_decl, &s);
    pare_model_clean(w->m);
    return s;
}

static void check_node_mark(const world *w, const snapshot *s, const char *text, pare_node_id id)
{
    const char *old_end = NULL;
    const char *new_end = NULL;
    const pare_node *n = &w->m->nodes[id];
    if (!n->graph || n->dirty) return;
    const char *old = find_node(s->text, n->name, &old_end);
    const char *new = find_node(text, n->name, &new_end);
    if (old_end - old != new_end - new || memcmp(old, new, (size_t)(new_end - new)) != 0)
        wrong(w, "a node changed without a mark", n->name, text);
}

static bool same_name(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_decl_mark(world *w, snapshot *s, size_t i, pare_decl *d)
{
    if (i >= s->n_decls || d->dirty || pare_decl_is_dead(w->m, d)) return;
    if (d->type != s->types[i] || d->value != s->values[i] ||
        !same_name(shown_name(w, d), s->shown[i]))
        wrong(w, "a declaration changed without a mark", shown_name(w, d), "");
}

/* Whatever a writer would write differently must be marked. Where lists of declarations grew or a
 * clone has copies of types, places do not compare. */
static void check_marks(world *w, snapshot *s)
{
    char *text = test_model_text(w->ctx, w->m);
    const bool is_clone = strcmp(w->edit, "clone") == 0;
    for (size_t i = 0; i < s->n_nodes; i++) check_node_mark(w, s, text, (pare_node_id)i);
    for (size_t i = 0; i < s->n_values && !is_clone; i++) {
        const pare_value *v = &w->m->values[i];
        const void *payload = v->tensor ? (const void *)v->tensor : v->sparse;
        if (!v->graph || !payload || v->tensor_dirty) continue;
        if (payload != s->payloads[i] || !same_name(v->name, s->names[i]))
            wrong(w, "an initializer changed without a mark", v->name, "");
    }
    if (each_decl(w, NULL, NULL) == s->n_decls && !is_clone) each_decl(w, check_decl_mark, s);
    free(text);
    free(s->text);
    free(s->names);
    free(s->payloads);
    free(s->types);
    free(s->values);
    free(s->shown);
}

static const struct {
    const char *name;
    void (*run)(world *w);
    unsigned weight;
} edits[] = {
    { "add node", add_node, 12 },
    { "add nest", add_nest, 4 },
    { "set input", set_input, 6 },
    { "set unseen input", set_input_unseen, 2 },
    { "resize inputs", resize_inputs, 3 },
    { "rename", rename_value, 5 },
    { "replace uses", replace_uses, 6 },
    { "remove node", remove_node, 6 },
    { "move node", move_node, 4 },
    { "set attribute", set_attr, 4 },
    { "set payload", set_payload, 4 },
    { "add constant", add_const, 2 },
    { "remove value", remove_value, 4 },
    { "declare", declare, 3 },
    { "set texts", set_texts, 2 },
    { "clone", clone, 2 },
    { "sort", sort, 2 },
};

static void edit(world *w)
{
    unsigned total = 0;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) total += edits[i].weight;
    unsigned chance = below(w, total);
    size_t i = 0;
    while (chance >= edits[i].weight) chance -= edits[i++].weight;
    w->edit = edits[i].name;
    snapshot before = snap(w);
    edits[i].run(w);
    check_whole(w);
    check_marks(w, &before);
    if (w->n_edits % 8 == 0) check_round_trip(w);
    w->n_edits++;
}

static void run_seed(uint64_t seed)
{
    world w = { .seed = seed, .state = seed, .edit = "start" };
    test_ctx_init(&w.t);
    w.ctx = &w.t.ctx;
    expect(&w, pare_model_new(w.ctx, &w.m, "g"));
    pare_builder b;
    pare_builder_init(&b, w.ctx, w.m->graph);
    pare_build_input(&b, "x", NULL);
    pare_build_input(&b, "z", NULL);
    pare_build_const(&b, "k", some_tensor(&w));
    expect(&w, b.status);
    while (w.n_edits < N_EDITS) edit(&w);
    pare_model_free(w.ctx, w.m);
    if (test_ctx_live_bytes(&w.t)) wrong(&w, "memory is left", "", "");
}

static void random_edits_keep_models_whole(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + N_SEEDS; seed++) run_seed(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_edits_keep_models_whole),
    };
    if (argc > 1) first_seed = strtoull(argv[1], NULL, 10);
    return test_run(tests);
}
