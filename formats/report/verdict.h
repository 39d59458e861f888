/* What a report says in one sentence, for its head and for the last line of a verb. */
#ifndef FORMATS_REPORT_VERDICT_H
#define FORMATS_REPORT_VERDICT_H

#include "base/contract/report.h"
#include "formats/report/doc.h"

typedef enum pare_tone {
    PARE_TONE_PLAIN, /* nothing is compared, or it cannot be told */
    PARE_TONE_GOOD,
    PARE_TONE_BAD,
} pare_tone;

/* Appends plain text (names cut, escaped as pare_doc_plain does): "b.onnx needs 69 % less energy
 * than a.onnx (64 to 73 % less) on ort-x64; 74 % smaller, 61 % less time." Says of gates what
 * failed. */
pare_tone pare_verdict(pare_doc *doc, const pare_report *report);

/* How good it is that a figure came to be `ratio` of what it was. */
pare_tone pare_tone_of(pare_band ratio);

size_t pare_report_failed_gates(const pare_report *report);

/* Last model of the report, which "after" is; NULL: only one is looked at. */
const pare_report_model *pare_report_after(const pare_report *report);

/* "resnet50.onnx", without its middle where it is long: plain text. */
void pare_report_name(pare_doc *doc, const char *name);

#endif
