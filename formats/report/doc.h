/* Text of any length that is put together piece by piece, and the escapes of the formats that
 * reports are written in. Sticky: after the first failure nothing more happens. */
#ifndef FORMATS_REPORT_DOC_H
#define FORMATS_REPORT_DOC_H

#include "base/ctx.h"

typedef struct pare_doc {
    pare_ctx *ctx;
    char *text; /* [n] and a NUL; NULL: nothing yet */
    size_t n, cap;
    pare_status status; /* ENOMEM */
} pare_doc;

/* A doc is begun by { .ctx = ctx } and ended by this. */
void pare_doc_free(pare_doc *doc);

/* What was put together; "" when that is nothing. */
const char *pare_doc_text(const pare_doc *doc);

/* Appends as it is. */
void pare_doc_put(pare_doc *doc, const char *text);
void pare_doc_bytes(pare_doc *doc, const char *text, size_t n_bytes);
void pare_doc_format(pare_doc *doc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends text of any origin as text of a format. Control characters, marks of text direction and
 * bytes that are not UTF-8 become \xNN in each of them. NULL is "". */
void pare_doc_plain(pare_doc *doc, const char *text);
void pare_doc_html(pare_doc *doc, const char *text);     /* also XML, and attributes in quotes */
void pare_doc_markdown(pare_doc *doc, const char *text); /* prose: no markup, mentions, links */
void pare_doc_code(pare_doc *doc, const char *text);     /* Markdown's `text`, also in tables */
void pare_doc_csv(pare_doc *doc, const char *text);      /* a cell; no formula for spreadsheets */

/* The same, but text of more than `columns` characters loses its middle, where names of layers
 * differ least. pare_doc_cut makes a copy that the caller frees with pare_free, NULL with ENOMEM
 * in the doc. */
char *pare_doc_cut(pare_doc *doc, const char *text, size_t columns);

#endif
