/* What a report says in one sentence, for its head and for the last line of a verb. */
#ifndef FORMATS_REPORT_VERDICT_H
#define FORMATS_REPORT_VERDICT_H

#include "base/contract/report.h"
#include "formats/report/doc.h"

typedef enum pare_tone {
    PARE_TONE_PLAIN, /* nothing is compared, or it cannot be told */
    PARE_TONE_GOOD,
    PARE_TONE_BAD,
    PARE_TONE_CAUTION, /* a model was made, and nothing says that it may be shipped */
} pare_tone;

/* Appends plain text (names cut, escaped as pare_doc_plain does): "b.onnx needs 69 % less energy
 * than a.onnx (64 to 73 % less) on ort-x64; 74 % smaller, 61 % less time." Says of gates what
 * failed. */
pare_tone pare_verdict(pare_doc *doc, const pare_report *report);

/* Whether the report is of one model made of another: then it says whether to ship it. */
bool pare_report_is_made(const pare_report *report);

/* Two or three words in front of the sentence: "Ship it", "Do not ship", "Look before you ship",
 * or of comparisons "Limits hold", "Better". tone: what pare_verdict returned. Static. */
const char *pare_verdict_heading(const pare_report *report, pare_tone tone);

/* The gate that judged accuracy, by labels or by agreement; NULL: none did. */
const pare_report_gate *pare_report_accuracy_gate(const pare_report *report);

/* Appends what is known of accuracy as plain text: "loses 0.21 points of top1 on 4744 samples, in
 * general at most 0.51 lost (95 %)", "was not judged: there are no data". */
void pare_accuracy_words(pare_doc *doc, const pare_report *report);

/* How good it is that a figure came to be `ratio` of what it was. */
pare_tone pare_tone_of(pare_band ratio);

size_t pare_report_failed_gates(const pare_report *report);

/* Last model of the report, which "after" is; NULL: only one is looked at. */
const pare_report_model *pare_report_after(const pare_report *report);

/* "resnet50.onnx", without its middle where it is long: plain text. */
void pare_report_name(pare_doc *doc, const char *name);

#endif
