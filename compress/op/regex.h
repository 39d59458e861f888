/* Regular expressions in the syntax of RE2, matched against whole strings.
 *
 * All states that a string may lead to are followed at once, so the time is at most the product of
 * the lengths of string and expression, whatever they say. Not supported, and refused as such:
 * Unicode classes (\pL), \C, and expressions of more than PARE_REGEX_STEPS steps after counted
 * repetitions are written out. */
#ifndef PARE_OP_REGEX_H
#define PARE_OP_REGEX_H

#include "base/bytes.h"
#include "base/ctx.h"

enum { PARE_REGEX_STEPS = 20000 };

typedef struct pare_regex pare_regex;

/* Reads an expression. EFORMAT where it is none, EUNSUPPORTED where it is one that cannot be
 * matched, both with *why; ENOMEM. */
pare_status pare_regex_new(pare_ctx *ctx, pare_regex **out, pare_bytes pattern, const char **why);
void pare_regex_free(pare_ctx *ctx, pare_regex *regex); /* accepts NULL */

/* Whether the expression matches the whole string. The regex is the scratch room of one match. */
bool pare_regex_matches(pare_regex *regex, pare_bytes string);

#endif
