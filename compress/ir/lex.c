#include "ir/lex.h"

#include "base/bytes.h"
#include "ir/dtype.h"

#include <stdio.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}

void pare_lex_init(pare_lexer *lx, const char *text)
{
    *lx = (pare_lexer){ .next = text, .line_start = text, .line = 1 };
    pare_lex_next(lx);
}

static void skip_space(pare_lexer *lx)
{
    for (;;) {
        const char c = *lx->next;
        if (c == '#') {
            while (*lx->next && *lx->next != '\n') lx->next++;
        } else if (c == '\n') {
            lx->line_start = ++lx->next;
            lx->line++;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            lx->next++;
        } else {
            return;
        }
    }
}

static pare_token_kind lex_string(pare_lexer *lx)
{
    for (lx->next++; *lx->next && *lx->next != '"'; lx->next++) {
        if (*lx->next == '\\' && lx->next[1]) lx->next++;
        if (*lx->next == '\n') {
            lx->line_start = lx->next + 1;
            lx->line++;
        }
    }
    if (!*lx->next) return PARE_TOK_BAD;
    lx->next++;
    return PARE_TOK_STRING;
}

static pare_token_kind lex_number(pare_lexer *lx)
{
    pare_token_kind kind = PARE_TOK_INT;
    if (*lx->next == '-') lx->next++;
    if (is_alpha(*lx->next)) { /* -inf, -nan: which word it is, the reader of the number sees */
        while (is_alnum(*lx->next)) lx->next++;
        return PARE_TOK_FLOAT;
    }
    if (!is_digit(*lx->next)) return PARE_TOK_BAD;
    while (is_digit(*lx->next)) lx->next++;
    if (*lx->next == '.') {
        kind = PARE_TOK_FLOAT;
        lx->next++;
        while (is_digit(*lx->next)) lx->next++;
    }
    if (*lx->next == 'e' || *lx->next == 'E') {
        kind = PARE_TOK_FLOAT;
        lx->next++;
        if (*lx->next == '+' || *lx->next == '-') lx->next++;
        if (!is_digit(*lx->next)) return PARE_TOK_BAD;
        while (is_digit(*lx->next)) lx->next++;
    }
    if (!is_alnum(*lx->next)) return kind;
    while (is_alnum(*lx->next)) lx->next++;
    return PARE_TOK_BAD;
}

static pare_token_kind lex_token(pare_lexer *lx)
{
    const char c = *lx->next;
    if (!c) return PARE_TOK_END;
    if (c == '"') return lex_string(lx);
    if (is_digit(c) || c == '-') return lex_number(lx);
    if (is_alpha(c)) {
        while (is_alnum(*lx->next)) lx->next++;
        return PARE_TOK_ID;
    }
    if (c == '=' && lx->next[1] == '>') {
        lx->next += 2;
        return PARE_TOK_ARROW;
    }
    lx->next++;
    return strchr("()[]{}<>=,:.@?", c) ? PARE_TOK_PUNCT : PARE_TOK_BAD;
}

void pare_lex_next(pare_lexer *lx)
{
    skip_space(lx);
    pare_token t = {
        .start = lx->next,
        .line = lx->line,
        .column = (uint32_t)(lx->next - lx->line_start) + 1,
    };
    t.kind = lex_token(lx);
    t.n = (size_t)(lx->next - t.start);
    lx->token = t;
}

bool pare_lex_is_punct(const pare_token *t, char c)
{
    return t->kind == PARE_TOK_PUNCT && *t->start == c;
}

bool pare_lex_is_id(const pare_token *t, const char *id)
{
    return t->kind == PARE_TOK_ID && strlen(id) == t->n && memcmp(t->start, id, t->n) == 0;
}

/* Words that open a type, besides the names of element types. */
static const char *const type_words[] = { "seq",    "map",    "optional", "sparse_tensor",
                                          "opaque", "notype", "undefined" };

static bool is_type_name(const char *word)
{
    for (size_t i = 0; i < sizeof(type_words) / sizeof(type_words[0]); i++)
        if (pare_str_eq(type_words[i], word)) return true;
    return pare_dtype_by_name(word) != PARE_DTYPE_UNDEFINED;
}

bool pare_lex_is_type(const pare_token *t)
{
    char word[24];
    if (t->kind != PARE_TOK_ID || t->n >= sizeof(word)) return false;
    memcpy(word, t->start, t->n);
    word[t->n] = '\0';
    return is_type_name(word);
}

bool pare_lex_is_dotted(const char *text)
{
    bool begins = true; /* an identifier is to begin here */
    for (const char *p = text; *p; p++) {
        if (*p == '.' ? begins : !(is_alpha(*p) || (is_digit(*p) && !begins))) return false;
        begins = *p == '.';
    }
    return !begins;
}

bool pare_lex_is_identifier(const char *text)
{
    return pare_lex_is_dotted(text) && !strchr(text, '.');
}

bool pare_lex_is_plain(const char *name)
{
    static const char *const float_words[] = { "inf", "infinity", "nan" };
    if (!pare_lex_is_identifier(name)) return false;
    for (size_t i = 0; i < sizeof(float_words) / sizeof(float_words[0]); i++)
        if (strcasecmp(float_words[i], name) == 0) return false;
    return !is_type_name(name);
}

pare_status pare_lex_fail(pare_ctx *ctx, const pare_token *t, const char *expected)
{
    enum { SHOWN = 40 };
    const int n = t->n < SHOWN ? (int)t->n : SHOWN;
    char found[SHOWN + 32];
    const char *quote = t->kind == PARE_TOK_STRING ? "" : "'"; /* strings bring their own */
    if (t->kind == PARE_TOK_END) snprintf(found, sizeof(found), "the end of the text");
    else if (t->kind == PARE_TOK_BAD && *t->start == '"')
        snprintf(found, sizeof(found), "a string without end");
    else
        snprintf(found, sizeof(found), "%s%.*s%s%s", quote, n, t->start, t->n > SHOWN ? "..." : "",
                 quote);
    return pare_fail(ctx, PARE_EFORMAT, "%u:%u: expected %s, found %s", (unsigned)t->line,
                     (unsigned)t->column, expected, found);
}

static int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

pare_status pare_lex_decode(pare_ctx *ctx, const pare_token *t, char *out, size_t *n)
{
    const char *end = t->start + t->n - 1; /* the closing quote */
    size_t used = 0;
    for (const char *p = t->start + 1; p < end; p++) {
        if (*p != '\\') {
            out[used++] = *p;
            continue;
        }
        p++; /* the lexer saw to it that something stands there in front of the quote */
        if (*p == '\\' || *p == '"') {
            out[used++] = *p;
        } else if (*p == 'x' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
            out[used++] = (char)(hex_value(p[1]) * 16 + hex_value(p[2]));
            p += 2;
        } else {
            return pare_lex_fail(ctx, t, "\\\\, \\\" or \\xNN wherever a string has a backslash");
        }
    }
    *n = used;
    return PARE_OK;
}
