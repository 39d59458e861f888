#ifndef FORMATS_REPORT_INSPECT_H
#define FORMATS_REPORT_INSPECT_H

#include "formats/report/json.h"
#include "ir/summary.h"

/* Adds what a model is made of to an open object: head, opsets, inputs, outputs, weights by type,
 * operators, functions, metadata. docs/cli.md lists the members. summary is that of model. */
void pare_report_inspect(pare_json *json, const pare_model *model, const pare_summary *summary);

#endif
