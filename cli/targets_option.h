/* --target NAME|FILE[,NAME...]: where the model will run. */
#ifndef CLI_TARGETS_OPTION_H
#define CLI_TARGETS_OPTION_H

#include "cli/options.h"
#include "formats/target.h"

enum { PARE_MAX_TARGETS = 8 };

/* The targets that a verb works for; the first decides, all are reported. */
typedef struct pare_targets {
    pare_target *items[PARE_MAX_TARGETS]; /* [n] owned */
    size_t n;
} pare_targets;

/* Row for a verb's table: a `const char *` field, NULL where the option is not given. */
#define PARE_TARGET_OPTION(options_struct, field)                                 \
    { .name = "target", .kind = PARE_OPT_STRING, .placeholder = "NAME|FILE,...",  \
      .offset = offsetof(options_struct, field),                                  \
      .help = "Where the model will run (default " PARE_DEFAULT_TARGET            \
              "): names that 'pare targets' lists, or files; the first decides" }

/* Finds the targets that the option's value names; NULL: the default one. EUSAGE for names that do
 * not exist or stand twice, and for more than PARE_MAX_TARGETS; EFORMAT, EIO, ENOMEM for files. The
 * status becomes an exit status by pare_exit_for_input. After a failure nothing is owned. */
pare_status pare_targets_open(pare_ctx *ctx, pare_targets *out, const char *value);
void pare_targets_close(pare_ctx *ctx, pare_targets *targets); /* accepts zeroed ones */

/* Row for verbs that compute as a target does; see pare_target_sums. */
#define PARE_ARITHMETIC_OPTION(options_struct, field)                             \
    { .name = "target", .kind = PARE_OPT_STRING, .placeholder = "NAME|FILE",      \
      .offset = offsetof(options_struct, field),                                  \
      .help = "Add products of 8-bit numbers up as this target does: exactly, or in 16 bits that " \
              "saturate where it has processors that do so (default: exactly)" }

/* How the first of these targets adds up products of 8-bit numbers; NULL: exactly. As
 * pare_targets_open. */
pare_status pare_target_sums(pare_ctx *ctx, const char *value, pare_sums *out);

#endif
