/* Parts of report.json, for other objects that tell the same. Each adds to an open object. */
#ifndef FORMATS_REPORT_WRITE_JSON_H
#define FORMATS_REPORT_WRITE_JSON_H

#include "base/contract/report.h"
#include "formats/report/json.h"

/* The members of `before`: params, file_bytes, macs, ... */
void pare_report_json_figures(pare_json *json, const pare_report_figures *figures);

/* "on": what a model costs on each target. */
void pare_report_json_on(pare_json *json, const pare_report *report,
                         const pare_report_model *model);

/* "peak", "unmodelled". */
void pare_report_json_peak(pare_json *json, const pare_report_model *model);

/* "use", which is null without --use. */
void pare_report_json_use(pare_json *json, const pare_report *report);

/* The layers of the first and the last model, by name, under a key. */
void pare_report_json_layers(pare_json *json, const char *key, const pare_report *report);

#endif
