/* Comparing results with recorded ones by the rules of ONNX's backend tests. */
#ifndef TESTS_SUPPORT_COMPARE_H
#define TESTS_SUPPORT_COMPARE_H

#include "ir/datum.h"

/* Whether got equals want: same kind, type and shape; strings and integers exactly, floating point
 * within 1e-7 + rtol * |want|, NaN equal to NaN. If not, why receives the first difference. */
bool compare_datums(const pare_datum *got, const pare_datum *want, double rtol, char *why,
                    size_t why_bytes);

#endif
