#include "formats/report/verdict.h"
#include "formats/report/writer.h"

#include "base/bytes.h"

/* A test case per gate; without gates one that tells what was looked at. */
static void put_attribute(pare_doc *doc, const char *name, const char *value)
{
    pare_doc_format(doc, " %s=\"", name);
    pare_doc_html(doc, value);
    pare_doc_put(doc, "\"");
}

static void put_gate(pare_doc *doc, const pare_report_gate *gate)
{
    pare_doc_put(doc, "    <testcase");
    put_attribute(doc, "classname", gate->model);
    put_attribute(doc, "name", gate->name);
    if (gate->passed) {
        pare_doc_put(doc, "/>\n");
        return;
    }
    pare_doc_put(doc, ">\n      <failure");
    put_attribute(doc, "type", gate->comparable ? "limit" : "not comparable");
    put_attribute(doc, "message", gate->reason);
    pare_doc_put(doc, ">limit ");
    pare_doc_html(doc, gate->limit);
    pare_doc_put(doc, ", found ");
    pare_doc_html(doc, gate->value);
    if (gate->remedy) {
        pare_doc_put(doc, "; ");
        pare_doc_html(doc, gate->remedy);
    }
    pare_doc_put(doc, "</failure>\n    </testcase>\n");
}

static void write_junit(pare_doc *doc, const pare_report *r)
{
    const size_t n = r->n_gates ? r->n_gates : 1;
    pare_doc_format(doc,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<testsuites tests=\"%zu\" failures=\"%zu\">\n"
                    "  <testsuite name=\"pare ",
                    n, pare_report_failed_gates(r));
    pare_doc_html(doc, r->verb);
    pare_doc_format(doc, "\" tests=\"%zu\" failures=\"%zu\">\n", n, pare_report_failed_gates(r));
    for (size_t i = 0; i < r->n_gates; i++) put_gate(doc, &r->gates[i]);
    if (!r->n_gates) {
        pare_doc_put(doc, "    <testcase");
        put_attribute(doc, "classname", r->models[r->n_models - 1].name);
        pare_doc_put(doc, " name=\"no limits\"/>\n");
    }
    pare_doc_put(doc, "  </testsuite>\n</testsuites>\n");
}

const pare_report_writer pare_report_writer_junit = {
    "junit", "junit.xml", "a test case per limit, for CI", write_junit
};
