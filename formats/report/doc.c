#include "formats/report/doc.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <stdio.h>
#include <strings.h>

void pare_doc_free(pare_doc *doc)
{
    pare_free(doc->ctx, doc->text);
    *doc = (pare_doc){ 0 };
}

const char *pare_doc_text(const pare_doc *doc)
{
    return pare_str_or_empty(doc->text);
}

/* Room for n more bytes and the NUL. */
static char *room(pare_doc *doc, size_t n)
{
    if (doc->status) return NULL;
    doc->status = pare_grow(doc->ctx, &doc->text, &doc->cap, doc->n + n + 1, 1);
    return doc->status ? NULL : doc->text + doc->n;
}

void pare_doc_bytes(pare_doc *doc, const char *text, size_t n_bytes)
{
    char *const to = room(doc, n_bytes);
    if (!to) return;
    if (n_bytes) memcpy(to, text, n_bytes);
    doc->n += n_bytes;
    doc->text[doc->n] = '\0';
}

void pare_doc_put(pare_doc *doc, const char *text)
{
    pare_doc_bytes(doc, text, strlen(text));
}

void pare_doc_format(pare_doc *doc, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *const to = n < 0 ? NULL : room(doc, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        doc->n += (size_t)n;
    }
    va_end(again);
}

/* Appends one character of any text, or its escape. Returns the bytes of it that were taken. */
static size_t put_printable(pare_doc *doc, const char *text)
{
    const size_t n = pare_utf8_printable(text);
    const unsigned char *const p = (const unsigned char *)text;
    /* U+FFFE and U+FFFF are no characters of XML */
    if (!n || (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)) {
        pare_doc_format(doc, "\\x%02x", p[0]);
        return 1;
    }
    pare_doc_bytes(doc, text, n);
    return n;
}

void pare_doc_plain(pare_doc *doc, const char *text)
{
    for (text = pare_str_or_empty(text); *text;) text += put_printable(doc, text);
}

static const char *html_escape(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void pare_doc_html(pare_doc *doc, const char *text)
{
    for (text = pare_str_or_empty(text); *text;) {
        const char *const escape = html_escape(*text);
        if (escape) {
            pare_doc_put(doc, escape);
            text++;
        } else {
            text += put_printable(doc, text);
        }
    }
}

/* Comments part what would become a mention, an issue or a link once it is shown. */
static const char *markdown_break(const char *text)
{
    const bool parts = *text == '@' || *text == '#' || strncmp(text, "://", 3) == 0 ||
                       strncasecmp(text, "www.", 4) == 0;
    return parts ? "<!-- -->" : NULL;
}

void pare_doc_markdown(pare_doc *doc, const char *text)
{
    for (text = pare_str_or_empty(text); *text;) {
        const bool word_goes_on = text[1] && text[1] != ' ';
        const char *const cut = word_goes_on ? markdown_break(text) : NULL;
        if (strchr("\\`*_{}[]()<>#+!|~$&@", *text)) pare_doc_put(doc, "\\");
        text += put_printable(doc, text);
        if (cut) pare_doc_put(doc, cut);
    }
}

/* Backticks that follow each other, at most. */
static size_t longest_fence(const char *text)
{
    size_t longest = 0;
    for (size_t n = 0; *text; text++) {
        n = *text == '`' ? n + 1 : 0;
        if (n > longest) longest = n;
    }
    return longest;
}

void pare_doc_code(pare_doc *doc, const char *text)
{
    text = pare_str_or_empty(text);
    if (!*text) return;
    const size_t n_fence = longest_fence(text) + 1;
    const bool pad = n_fence > 1;
    for (size_t i = 0; i < n_fence; i++) pare_doc_put(doc, "`");
    if (pad) pare_doc_put(doc, " ");
    while (*text) {
        if (*text == '|') pare_doc_put(doc, "\\"); /* tables are parted before code is */
        text += put_printable(doc, text);
    }
    if (pad) pare_doc_put(doc, " ");
    for (size_t i = 0; i < n_fence; i++) pare_doc_put(doc, "`");
}

void pare_doc_csv(pare_doc *doc, const char *text)
{
    text = pare_str_or_empty(text);
    pare_doc_put(doc, "\"");
    if (*text && strchr("=+-@", *text)) pare_doc_put(doc, "'");
    while (*text) {
        if (*text == '"') pare_doc_put(doc, "\"");
        text += put_printable(doc, text);
    }
    pare_doc_put(doc, "\"");
}

/* Where the character number `from_end` from the end begins, and where number `n` begins. */
static size_t begin_of(const char *text, size_t n_bytes, size_t n)
{
    size_t at = 0;
    while (n-- && at < n_bytes) {
        const size_t k = pare_utf8_sequence(text + at, text + n_bytes);
        at += k ? k : 1;
    }
    return at;
}

char *pare_doc_cut(pare_doc *doc, const char *text, size_t columns)
{
    static const char mark[] = "\xe2\x80\xa6";
    text = pare_str_or_empty(text);
    const size_t n_bytes = strlen(text);
    size_t n_chars = 0;
    for (size_t at = 0; at < n_bytes; n_chars++) at += begin_of(text + at, n_bytes - at, 1);
    size_t head = n_bytes, tail = n_bytes;
    if (n_chars > columns) {
        head = begin_of(text, n_bytes, columns / 3);
        tail = begin_of(text, n_bytes, n_chars - (columns - columns / 3 - 1));
    }
    char *const out = doc->status ? NULL : pare_alloc(doc->ctx, n_bytes + sizeof(mark));
    if (!out) {
        if (!doc->status) doc->status = pare_fail_memory(doc->ctx, n_bytes + sizeof(mark));
        return NULL;
    }
    memcpy(out, text, head);
    size_t n = head;
    if (tail > head) {
        memcpy(out + n, mark, sizeof(mark) - 1);
        n += sizeof(mark) - 1;
    }
    memcpy(out + n, text + tail, n_bytes - tail);
    out[n + n_bytes - tail] = '\0';
    return out;
}
