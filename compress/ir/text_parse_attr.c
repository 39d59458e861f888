#include "ir/text_parser.h"

#include "ir/release.h"

#include <stddef.h>
#include <stdio.h>
#include <strings.h>

/* The kind of one value of a list kind, the list kind of a single one; else what was given. */
static pare_attr_type single_of(pare_attr_type type)
{
    switch (type) {
    case PARE_ATTR_FLOATS: return PARE_ATTR_FLOAT;
    case PARE_ATTR_INTS: return PARE_ATTR_INT;
    case PARE_ATTR_STRINGS: return PARE_ATTR_STRING;
    case PARE_ATTR_TENSORS: return PARE_ATTR_TENSOR;
    case PARE_ATTR_GRAPHS: return PARE_ATTR_GRAPH;
    case PARE_ATTR_SPARSE_TENSORS: return PARE_ATTR_SPARSE_TENSOR;
    case PARE_ATTR_TYPE_PROTOS: return PARE_ATTR_TYPE_PROTO;
    default: return type;
    }
}

static pare_attr_type list_of(pare_attr_type type)
{
    for (int i = PARE_ATTR_UNDEFINED; i < PARE_N_ATTR_TYPES; i++)
        if (i != (int)type && single_of((pare_attr_type)i) == type) return (pare_attr_type)i;
    return type;
}

static pare_status parse_string(text_parser *p, pare_bytes *out)
{
    const pare_token t = p->lx.token;
    size_t n = 0;
    char *bytes = pare_arena_alloc(&p->model->arena, t.n);
    if (!bytes) return pare_arena_fail(p->ctx, &p->model->arena);
    PARE_TRY(pare_lex_decode(p->ctx, &t, bytes, &n));
    *out = (pare_bytes){ (const uint8_t *)bytes, n };
    pare_lex_next(&p->lx);
    return PARE_OK;
}

static pare_status parse_graph(text_parser *p, pare_graph *parent, pare_graph **out)
{
    pare_token name;
    const char *text = NULL;
    if (!parent) return pare_text_fail(p, "no graph in the default of a function's attribute");
    const pare_token at = p->lx.token;
    PARE_TRY(pare_text_name(p, &name));
    PARE_TRY(pare_text_name_bytes(p, &name, &text));
    const pare_status st = pare_graph_new(p->ctx, out, p->model, parent, *text ? text : NULL);
    if (st) return pare_fail_in(p->ctx, st, "%u:%u: ", (unsigned)at.line, (unsigned)at.column);
    return pare_text_graph_rest(p, *out);
}

/* A type alone, or the tensor that it opens. The name that ONNX lets stand between is dropped. */
static pare_status parse_typed(text_parser *p, text_item *item)
{
    const pare_type *type = NULL;
    const pare_token at = p->lx.token;
    PARE_TRY(pare_text_type(p, &type));
    const pare_token_kind next = p->lx.token.kind;
    if (next == PARE_TOK_ID || next == PARE_TOK_STRING) pare_lex_next(&p->lx);
    else if (!text_at(p, '{') && !text_at(p, '=')) {
        item->kind = PARE_ATTR_TYPE_PROTO;
        item->type = type;
        return PARE_OK;
    }
    pare_text_accept(p, '=');
    if (type->kind == PARE_TYPE_SPARSE_TENSOR) {
        item->kind = PARE_ATTR_SPARSE_TENSOR;
        return pare_text_sparse(p, &at, type, &item->sparse);
    }
    item->kind = PARE_ATTR_TENSOR;
    return pare_text_tensor(p, &at, type, &item->tensor);
}

static bool is_float_word(const pare_token *t)
{
    return t->kind == PARE_TOK_ID &&
           ((t->n == 3 && (!strncasecmp(t->start, "inf", 3) || !strncasecmp(t->start, "nan", 3))) ||
            (t->n == 8 && !strncasecmp(t->start, "infinity", 8)));
}

/* Whether a string is the name of a graph rather than a value. */
static bool names_graph(const text_parser *p)
{
    pare_lexer ahead = p->lx;
    pare_lex_next(&ahead);
    return pare_lex_is_punct(&ahead.token, '(') || pare_lex_is_punct(&ahead.token, '<');
}

/* What the present token begins. */
static pare_attr_type guess_kind(const text_parser *p)
{
    const pare_token *t = &p->lx.token;
    switch (t->kind) {
    case PARE_TOK_INT: return PARE_ATTR_INT;
    case PARE_TOK_FLOAT: return PARE_ATTR_FLOAT;
    case PARE_TOK_STRING: return names_graph(p) ? PARE_ATTR_GRAPH : PARE_ATTR_STRING;
    case PARE_TOK_ID:
        if (is_float_word(t)) return PARE_ATTR_FLOAT;
        return pare_lex_is_type(t) ? PARE_ATTR_TYPE_PROTO : PARE_ATTR_GRAPH;
    default: return PARE_ATTR_UNDEFINED;
    }
}

/* One value. expected is a single kind, or UNDEFINED for whatever stands there; an integer may
 * stand for a float. */
static pare_status parse_item(text_parser *p, pare_attr_type expected, pare_graph *graph)
{
    text_item item = { .kind = guess_kind(p) };
    const pare_token at = p->lx.token;
    if (item.kind == PARE_ATTR_INT && expected == PARE_ATTR_FLOAT) item.kind = PARE_ATTR_FLOAT;
    PARE_TRY(pare_grow(p->ctx, &p->items, &p->items_cap, p->n_items + 1, sizeof(*p->items)));
    switch (item.kind) {
    case PARE_ATTR_INT: PARE_TRY(pare_text_int(p, &item.i)); break;
    case PARE_ATTR_FLOAT: PARE_TRY(pare_text_f32(p, &item.f)); break;
    case PARE_ATTR_STRING: PARE_TRY(parse_string(p, &item.s)); break;
    case PARE_ATTR_GRAPH: PARE_TRY(parse_graph(p, graph, &item.graph)); break;
    case PARE_ATTR_TYPE_PROTO: PARE_TRY(parse_typed(p, &item)); break;
    default: return pare_text_fail(p, "the value of an attribute");
    }
    /* A nested graph may have moved the stack, but left room for one as it found it. */
    p->items[p->n_items++] = item;
    if (expected == PARE_ATTR_UNDEFINED || expected == item.kind) return PARE_OK;
    char text[64];
    snprintf(text, sizeof(text), "a value of type %s", pare_attr_type_name(expected));
    return pare_lex_fail(p->ctx, &at, text);
}

static size_t item_bytes(pare_attr_type single)
{
    switch (single) {
    case PARE_ATTR_FLOAT: return sizeof(float);
    case PARE_ATTR_INT: return sizeof(int64_t);
    case PARE_ATTR_STRING: return sizeof(pare_bytes);
    default: return sizeof(void *);
    }
}

/* Makes an attribute of the items from `first` on, which it takes over, and pushes it. */
static pare_status push_attr(text_parser *p, pare_attr *attr, size_t first)
{
    pare_arena *arena = &p->model->arena;
    const size_t n = p->n_items - first;
    const size_t width = item_bytes(single_of(attr->type));
    char *list = pare_arena_array(arena, n, width);
    if (!list) return pare_arena_fail(p->ctx, arena);
    PARE_TRY(pare_grow(p->ctx, &p->attrs, &p->attrs_cap, p->n_attrs + 1, sizeof(*p->attrs)));
    for (size_t i = 0; i < n; i++) {
        const char *value = (const char *)&p->items[first + i] + offsetof(text_item, f);
        memcpy(list + i * width, value, width);
    }
    attr->n = (uint32_t)n;
    attr->floats = (const float *)(const void *)list; /* whichever member counts */
    p->n_items = first;
    p->attrs[p->n_attrs++] = attr;
    return PARE_OK;
}

static pare_status parse_list(text_parser *p, pare_attr *attr, bool has_type, pare_graph *graph)
{
    const size_t first = p->n_items;
    const bool is_list_type = single_of(attr->type) != attr->type;
    if (attr->type != PARE_ATTR_UNDEFINED && !is_list_type)
        return pare_text_fail(p, "a single value");
    pare_lex_next(&p->lx);
    if (!has_type && text_at(p, ']'))
        return pare_text_fail(p, "a value (an empty list needs its type: 'NAME: ints = []')");
    while (!text_at(p, ']')) {
        PARE_TRY(parse_item(p, single_of(attr->type), graph));
        if (attr->type == PARE_ATTR_UNDEFINED) attr->type = list_of(p->items[first].kind);
        if (p->n_items - first > UINT32_MAX - 1) return pare_text_fail(p, "a shorter list");
        if (!pare_text_accept(p, ',')) break;
    }
    PARE_TRY(pare_text_expect(p, ']'));
    return push_attr(p, attr, first);
}

static pare_status parse_value(text_parser *p, pare_attr *attr, bool has_type, pare_graph *graph)
{
    const size_t first = p->n_items;
    if (pare_text_accept(p, '@')) {
        pare_token ref;
        PARE_TRY(pare_text_name(p, &ref));
        PARE_TRY(pare_text_name_copy(p, &ref, &attr->ref_name));
        return push_attr(p, attr, first);
    }
    if (text_at(p, '[')) return parse_list(p, attr, has_type, graph);
    if (single_of(attr->type) != attr->type) return pare_text_fail(p, "'['");
    PARE_TRY(parse_item(p, attr->type, graph));
    attr->type = p->items[first].kind;
    return push_attr(p, attr, first);
}

static pare_status parse_attr_type(text_parser *p, pare_attr_type *out)
{
    for (int i = 0; i < PARE_N_ATTR_TYPES; i++) {
        if (!pare_lex_is_id(&p->lx.token, pare_attr_type_name((pare_attr_type)i))) continue;
        *out = (pare_attr_type)i;
        pare_lex_next(&p->lx);
        return PARE_OK;
    }
    return pare_text_fail(p, "the type of an attribute");
}

pare_status pare_text_attr(text_parser *p, const pare_token *name, pare_graph *graph)
{
    pare_attr *attr = pare_arena_zero(&p->model->arena, sizeof(*attr));
    if (!attr) return pare_arena_fail(p->ctx, &p->model->arena);
    PARE_TRY(pare_text_name_copy(p, name, &attr->name));
    const bool has_type = pare_text_accept(p, ':');
    if (has_type) PARE_TRY(parse_attr_type(p, &attr->type));
    PARE_TRY(pare_text_expect(p, '='));
    return parse_value(p, attr, has_type, graph);
}

/* One attribute whose name is none of `names`, which gains it. */
static pare_status parse_further(text_parser *p, pare_map *names, pare_graph *graph)
{
    pare_token name;
    PARE_TRY(pare_text_name(p, &name));
    PARE_TRY(pare_text_attr(p, &name, graph));
    const char *text = p->attrs[p->n_attrs - 1]->name;
    if (pare_map_get(names, 0, text, NULL))
        return pare_lex_fail(p->ctx, &name, "one attribute of each name");
    return pare_map_put(p->ctx, names, 0, text, 0);
}

pare_status pare_text_attrs(text_parser *p, pare_graph *graph)
{
    pare_map names = { 0 };
    pare_status st = PARE_OK;
    if (!pare_text_accept(p, '<')) return PARE_OK;
    while (!st && !text_at(p, '>')) {
        st = parse_further(p, &names, graph);
        if (!st && !pare_text_accept(p, ',')) break;
    }
    pare_map_free(p->ctx, &names);
    return st ? st : pare_text_expect(p, '>');
}
