#include "formats/report/html.h"

enum { MAX_REASONS = 8 };

/* --- why -------------------------------------------------------------------------------------- */

static void begin_reason(pare_doc *doc, bool good, bool bad)
{
    pare_doc_format(doc, "<li class=\"%s\"><i>%s</i><span>", good ? "yes" : bad ? "no" : "open",
                    good ? "\xe2\x9c\x93" : bad ? "\xe2\x9c\x97" : "?");
}

static void put_failed(pare_doc *doc, const pare_report_gate *gate)
{
    begin_reason(doc, false, true);
    pare_doc_put(doc, "<strong>");
    pare_doc_html(doc, gate->name);
    pare_doc_put(doc, "</strong> does not hold: ");
    pare_doc_html(doc, gate->value);
    pare_doc_put(doc, ", the limit is ");
    pare_doc_html(doc, gate->limit);
    if (gate->remedy) {
        pare_doc_put(doc, ". Try first: ");
        pare_doc_html(doc, gate->remedy);
    }
    pare_doc_put(doc, "</span></li>\n");
}

static void put_accuracy(pare_doc *doc, const pare_report *r)
{
    const pare_report_gate *const gate = pare_report_accuracy_gate(r);
    pare_doc text = { .ctx = doc->ctx };
    if (gate && !gate->passed) return; /* it is among those that failed */
    pare_accuracy_words(&text, r);
    begin_reason(doc, gate != NULL, false);
    pare_doc_put(doc, "<strong>Accuracy</strong> ");
    pare_doc_html(doc, pare_doc_text(&text));
    if (gate) {
        pare_doc_put(doc, "; ");
        pare_doc_html(doc, gate->name);
        pare_doc_put(doc, " ");
        pare_doc_html(doc, gate->limit);
        pare_doc_put(doc, " holds");
    } else if (r->has_change) {
        pare_doc_put(doc, "; no limit was set, --max-drop sets one");
    } else {
        pare_doc_put(doc, "; --data gives some");
    }
    pare_doc_put(doc, "</span></li>\n");
    if (text.status && !doc->status) doc->status = text.status;
    pare_doc_free(&text);
}

/* The limits that hold, in one line; that on accuracy has its own. */
static void put_held(pare_doc *doc, const pare_report *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_gates; i++) {
        const pare_report_gate *const gate = &r->gates[i];
        if (!gate->passed || gate == pare_report_accuracy_gate(r)) continue;
        if (n++ == 0) begin_reason(doc, true, false);
        else pare_doc_put(doc, ", ");
        pare_doc_put(doc, "<strong>");
        pare_doc_html(doc, gate->name);
        pare_doc_put(doc, "</strong> ");
        pare_doc_html(doc, gate->value);
        pare_doc_put(doc, " (limit ");
        pare_doc_html(doc, gate->limit);
        pare_doc_put(doc, ")");
    }
    if (n) pare_doc_format(doc, " hold%s</span></li>\n", n == 1 ? "s" : "");
}

static void put_reasons(pare_doc *doc, const pare_report *r)
{
    size_t n = 0;
    if (!r->n_gates && !pare_report_is_made(r)) return;
    pare_doc_put(doc, "<ul class=\"reasons\">\n");
    for (size_t i = 0; i < r->n_gates; i++)
        if (!r->gates[i].passed && n++ < MAX_REASONS) put_failed(doc, &r->gates[i]);
    if (n > MAX_REASONS)
        pare_doc_format(doc, "<li class=\"no\"><i></i><span>and %zu more, below</span></li>\n",
                        n - MAX_REASONS);
    if (pare_report_is_made(r)) put_accuracy(doc, r);
    if (r->n_gates - n <= MAX_REASONS) put_held(doc, r);
    pare_doc_put(doc, "</ul>\n");
}

void pare_html_verdict(pare_doc *doc, const pare_report *r)
{
    pare_doc text = { .ctx = doc->ctx };
    const pare_tone tone = pare_verdict(&text, r);
    pare_doc_format(doc, "<div class=\"verdict %s\"><b>%s</b><h1>", pare_html_tone(tone),
                    pare_verdict_heading(r, tone));
    pare_doc_html(doc, pare_doc_text(&text));
    pare_doc_put(doc, "</h1>");
    put_reasons(doc, r);
    if (r->use.sentence) {
        pare_doc_put(doc, "<p>");
        pare_doc_html(doc, r->use.sentence);
        pare_doc_put(doc, "</p>");
    }
    pare_doc_put(doc, "</div>\n");
    if (text.status && !doc->status) doc->status = text.status;
    pare_doc_free(&text);
}
