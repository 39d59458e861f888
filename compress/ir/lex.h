/* Tokens of the text format. Inside of ir only. */
#ifndef PARE_IR_LEX_H
#define PARE_IR_LEX_H

#include "base/ctx.h"

#include <stdbool.h>

typedef enum pare_token_kind {
    PARE_TOK_END,
    PARE_TOK_ID,     /* [A-Za-z_][A-Za-z0-9_]* */
    PARE_TOK_STRING, /* "...", with its quotes and escapes */
    PARE_TOK_INT,    /* [-]digits */
    PARE_TOK_FLOAT,  /* [-]digits with point or exponent, or -inf, -nan */
    PARE_TOK_ARROW,  /* => */
    PARE_TOK_PUNCT,  /* one of ( ) [ ] { } < > = , : . @ ? */
    PARE_TOK_BAD,    /* anything else; `start` is where it begins */
} pare_token_kind;

typedef struct pare_token {
    pare_token_kind kind;
    const char *start; /* into the text */
    size_t n;
    uint32_t line, column; /* from 1; columns count bytes */
} pare_token;

/* A place in the text. Copying one and going back to it is how the parser looks ahead. */
typedef struct pare_lexer {
    const char *next, *line_start;
    uint32_t line;
    pare_token token; /* the present one */
} pare_lexer;

/* Starts at the first token of terminated text. */
void pare_lex_init(pare_lexer *lx, const char *text);

/* Moves to the next token; stays at the end. Spaces and # comments are skipped. */
void pare_lex_next(pare_lexer *lx);

bool pare_lex_is_punct(const pare_token *t, char c);
bool pare_lex_is_id(const pare_token *t, const char *id);

/* Whether a name can stand without quotes in any place: a short identifier that is no keyword. */
bool pare_lex_is_plain(const char *name);

/* Whether the text is one identifier, is identifiers with dots between. */
bool pare_lex_is_identifier(const char *text);
bool pare_lex_is_dotted(const char *text);

/* Whether an identifier opens a type. */
bool pare_lex_is_type(const pare_token *t);

/* EFORMAT: "LINE:COLUMN: expected WHAT, found TOKEN". */
pare_status pare_lex_fail(pare_ctx *ctx, const pare_token *t, const char *expected);

/* Decodes a string into out, which has room for t->n bytes; *n is how many came of it. EFORMAT for
 * an unknown escape. */
pare_status pare_lex_decode(pare_ctx *ctx, const pare_token *t, char *out, size_t *n);

#endif
