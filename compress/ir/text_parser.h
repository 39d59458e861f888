/* What the parts of the text parser share. Inside of ir only. */
#ifndef PARE_IR_TEXT_PARSER_H
#define PARE_IR_TEXT_PARSER_H

#include "ir/graph.h"
#include "ir/lex.h"

/* A name whose meaning is settled once all definitions were seen. */
typedef struct text_pending {
    pare_token name;
    pare_graph *graph; /* where it stands */
    pare_node_id node; /* input `slot` of this node; PARE_NONE: see is_output */
    uint32_t slot;
    bool is_output;              /* of the graph; else an entry of its value_info */
    const pare_type *type;       /* as declared */
    pare_annotation *annotation; /* NULL, or what this is instead of all that */
    pare_value_ref *params;      /* of the annotation */
} text_pending;

/* One value of an attribute; kind is one of the single kinds and says which member counts. Tensors
 * are held by one reference. */
typedef struct text_item {
    pare_attr_type kind;
    union {
        float f;
        int64_t i;
        pare_bytes s;
        pare_tensor *tensor;
        pare_sparse_tensor *sparse;
        pare_graph *graph;
        const pare_type *type;
    };
} text_item;

/* The stacks hold what is not finished yet: nested graphs push onto what the outer ones left. What
 * is still there after a failure is released. */
typedef struct text_parser {
    pare_ctx *ctx;
    pare_model *model;
    pare_lexer lx;
    text_pending *pending;
    size_t n_pending, pending_cap;
    pare_token *names;
    size_t n_names, names_cap;
    text_item *items;
    size_t n_items, items_cap;
    const pare_attr **attrs;
    size_t n_attrs, attrs_cap;
    char *bytes; /* scratch of one step: a decoded string, elements of a tensor */
    size_t n_bytes, bytes_cap;
    size_t *lengths; /* of the strings of a tensor */
    size_t n_lengths, lengths_cap;
} text_parser;

/* --- tokens (text_parse.c) -------------------------------------------------------------------- */

static inline bool text_at(const text_parser *p, char c)
{
    return pare_lex_is_punct(&p->lx.token, c);
}

/* Passes over c if it is there; whether it was. */
bool pare_text_accept(text_parser *p, char c);

/* Passes over c; EFORMAT when something else is there. */
pare_status pare_text_expect(text_parser *p, char c);

/* EFORMAT at the present token. */
pare_status pare_text_fail(text_parser *p, const char *expected);

/* Reads an identifier or string as the token of a name. */
pare_status pare_text_name(text_parser *p, pare_token *out);

/* Content of a name as terminated text in the scratch space, or copied into the arena. EFORMAT when
 * it holds a NUL. */
pare_status pare_text_name_bytes(text_parser *p, const pare_token *name, const char **out);
pare_status pare_text_name_copy(text_parser *p, const pare_token *name, const char **out);

/* Reads a string into the arena, as terminated text. EFORMAT when it holds a NUL. */
pare_status pare_text_string(text_parser *p, const char **out);

/* Read a number; a float may be written as an integer, and be inf, nan or nan(BITS). */
pare_status pare_text_int(text_parser *p, int64_t *out);
pare_status pare_text_f32(text_parser *p, float *out);
pare_status pare_text_f64(text_parser *p, double *out);

/* --- types and tensors (text_parse_data.c) ---------------------------------------------------- */

pare_status pare_text_type(text_parser *p, const pare_type **out);

/* Reads `{ elements }` of a tensor of this type, whose dims must be known. */
pare_status pare_text_tensor(text_parser *p, const pare_token *at, const pare_type *type,
                             pare_tensor **out);

/* Reads `{ values, indices }` of a sparse tensor of this type. */
pare_status pare_text_sparse(text_parser *p, const pare_token *at, const pare_type *type,
                             pare_sparse_tensor **out);

/* --- attributes (text_parse_attr.c) ----------------------------------------------------------- */

/* Reads what follows an attribute's name and pushes the attribute. graph is what graphs in it are
 * nested in; NULL: graphs are refused. */
pare_status pare_text_attr(text_parser *p, const pare_token *name, pare_graph *graph);

/* Reads `< attributes >` if there is one and pushes them. */
pare_status pare_text_attrs(text_parser *p, pare_graph *graph);

/* --- `key: value` (text_parse_keys.c) --------------------------------------------------------- */

/* Where the values of keys go. NULL: the key is not known here. */
typedef struct text_keys {
    const char **domain, **overload, **doc, **producer_name, **producer_version;
    int64_t *ir_version, *model_version;
    pare_opsets *opsets;
    pare_props *props;
    pare_graph *annotated; /* gets quantization_annotation, once names are resolved */
} text_keys;

pare_status pare_text_key(text_parser *p, const text_keys *keys);

/* Reads `< key: value, ... >` if it is there. */
pare_status pare_text_keys(text_parser *p, const text_keys *keys);

/* --- graphs (text_parse.c) -------------------------------------------------------------------- */

pare_status pare_text_push_name(text_parser *p, const pare_token *name);
pare_status pare_text_push_pending(text_parser *p, const text_pending *pending);

/* Puts the place in front of the message of a failed edit. Returns st. */
pare_status pare_text_placed(text_parser *p, const pare_token *at, pare_status st);

/* Reads what follows a graph's name. */
pare_status pare_text_graph_rest(text_parser *p, pare_graph *graph);

#endif
