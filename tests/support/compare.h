/* Comparing results with recorded ones by the rules of ONNX's backend tests. */
#ifndef TESTS_SUPPORT_COMPARE_H
#define TESTS_SUPPORT_COMPARE_H

#include "ir/datum.h"

/* Whether got equals want: same kind, type and shape; strings and integers exactly, floating point
 * within atol + rtol * |want|, NaN equal to NaN; with atol infinite any number will do. If not, why
 * receives the first difference. */
typedef struct compare_rule {
    double rtol, atol;
} compare_rule;
bool compare_datums(const pare_datum *got, const pare_datum *want, compare_rule rule, char *why,
                    size_t why_bytes);

#endif
