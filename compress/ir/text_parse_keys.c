#include "ir/text_parser.h"

enum { MAX_OPSETS = 1000 };

static pare_status parse_props(text_parser *p, pare_props *props)
{
    PARE_TRY(pare_text_expect(p, '['));
    while (!text_at(p, ']')) {
        pare_prop prop = { 0 };
        PARE_TRY(pare_text_string(p, &prop.key));
        PARE_TRY(pare_text_expect(p, ':'));
        PARE_TRY(pare_text_string(p, &prop.value));
        PARE_TRY(pare_props_add(p->ctx, p->model, props, prop));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ']');
}

static pare_status parse_opsets(text_parser *p, pare_opsets *opsets)
{
    PARE_TRY(pare_text_expect(p, '['));
    while (!text_at(p, ']')) {
        const pare_token at = p->lx.token;
        const char *domain = NULL;
        int64_t version = 0;
        if (opsets->n == MAX_OPSETS) return pare_text_fail(p, "at most 1000 imports");
        PARE_TRY(pare_text_string(p, &domain));
        PARE_TRY(pare_text_expect(p, ':'));
        PARE_TRY(pare_text_int(p, &version));
        const pare_status st = pare_opsets_add(p->ctx, p->model, opsets, domain, version, NULL);
        if (st) return pare_text_placed(p, &at, st);
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ']');
}

/* Copies the (key, name) pairs from first on into an annotation that waits for its values. */
static pare_status push_annotation(text_parser *p, pare_graph *graph, const pare_token *tensor,
                                   size_t first)
{
    pare_arena *arena = &p->model->arena;
    const size_t n = (p->n_names - first) / 2;
    pare_annotation *annotation = pare_arena_zero(arena, sizeof(*annotation));
    pare_value_ref *params = pare_arena_array(arena, n, sizeof(*params));
    const char **keys = pare_arena_array(arena, n, sizeof(*keys));
    if (!annotation || !params || !keys) return pare_arena_fail(p->ctx, arena);
    for (size_t i = 0; i < n; i++) {
        PARE_TRY(pare_text_name_copy(p, &p->names[first + 2 * i], &keys[i]));
        PARE_TRY(pare_text_name_copy(p, &p->names[first + 2 * i + 1], &params[i].name));
    }
    PARE_TRY(pare_text_name_copy(p, tensor, &annotation->tensor.name));
    annotation->n_params = n;
    annotation->keys = keys;
    annotation->params = params;
    p->n_names = first;
    return pare_text_push_pending(p, &(text_pending){
                                         .name = *tensor,
                                         .graph = graph,
                                         .annotation = annotation,
                                         .params = params,
                                     });
}

/* `"tensor": ["key": "name", ...]` */
static pare_status parse_annotation(text_parser *p, pare_graph *graph)
{
    pare_token tensor;
    pare_token part;
    const size_t first = p->n_names;
    PARE_TRY(pare_text_name(p, &tensor));
    PARE_TRY(pare_text_expect(p, ':'));
    PARE_TRY(pare_text_expect(p, '['));
    while (!text_at(p, ']')) {
        PARE_TRY(pare_text_name(p, &part));
        PARE_TRY(pare_text_push_name(p, &part));
        PARE_TRY(pare_text_expect(p, ':'));
        PARE_TRY(pare_text_name(p, &part));
        PARE_TRY(pare_text_push_name(p, &part));
        if (!pare_text_accept(p, ',')) break;
    }
    PARE_TRY(pare_text_expect(p, ']'));
    return push_annotation(p, graph, &tensor, first);
}

static pare_status parse_annotations(text_parser *p, pare_graph *graph)
{
    PARE_TRY(pare_text_expect(p, '['));
    while (!text_at(p, ']')) {
        PARE_TRY(parse_annotation(p, graph));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, ']');
}

pare_status pare_text_key(text_parser *p, const text_keys *keys)
{
    const pare_token key = p->lx.token;
    const struct {
        const char *name;
        const char **text;
        int64_t *number;
    } plain[] = {
        { "ir_version", NULL, keys->ir_version },
        { "model_version", NULL, keys->model_version },
        { "producer_name", keys->producer_name, NULL },
        { "producer_version", keys->producer_version, NULL },
        { "domain", keys->domain, NULL },
        { "overload", keys->overload, NULL },
        { "doc_string", keys->doc, NULL },
    };
    pare_lex_next(&p->lx);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (!pare_lex_is_id(&key, plain[i].name) || (!plain[i].text && !plain[i].number)) continue;
        PARE_TRY(pare_text_expect(p, ':'));
        if (plain[i].text) return pare_text_string(p, plain[i].text);
        return pare_text_int(p, plain[i].number);
    }
    const bool is_opsets = keys->opsets && pare_lex_is_id(&key, "opset_import");
    const bool is_props = keys->props && pare_lex_is_id(&key, "metadata_props");
    const bool is_annotations = keys->annotated && pare_lex_is_id(&key, "quantization_annotation");
    if (!is_opsets && !is_props && !is_annotations)
        return pare_lex_fail(p->ctx, &key, "a key that has a meaning here");
    PARE_TRY(pare_text_expect(p, ':'));
    if (is_annotations) return parse_annotations(p, keys->annotated);
    return is_opsets ? parse_opsets(p, keys->opsets) : parse_props(p, keys->props);
}

pare_status pare_text_keys(text_parser *p, const text_keys *keys)
{
    if (!pare_text_accept(p, '<')) return PARE_OK;
    while (!text_at(p, '>')) {
        PARE_TRY(pare_text_key(p, keys));
        if (!pare_text_accept(p, ',')) break;
    }
    return pare_text_expect(p, '>');
}
