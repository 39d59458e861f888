/* Options of the command line as tables: what is accepted, where it goes, and what the help says.
 * The parser, the help, the man page and the completions all read the same rows
 * (base/contract/recipe.h). */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "compress/pare.h"

#include "base/contract/recipe.h"

#include "cli/line.h"

/* A table of options and the struct that it fills. */
typedef struct pare_option_set {
    const pare_option *rows;
    size_t n;
    void *fields;
} pare_option_set;

enum { PARE_MAX_OPTIONS = 64, PARE_MAX_OPERANDS = 4 };

typedef struct pare_arguments {
    const char *operands[PARE_MAX_OPERANDS];
    size_t n_operands;
    pare_option_list more;      /* all but the first of those for an operand "NAME..." */
    uint64_t given[2];          /* bit i: row i of set 0, 1 was given */
} pare_arguments;

/* What can be parsed: two tables (the verb's own, the shared ones) and a number of operands. */
typedef struct pare_syntax {
    const char *command;        /* for messages, e.g. "pare inspect" */
    pare_option_set sets[2];
    uint32_t shared;            /* groups of set 1 that have an effect */
    const char *const *operands; /* names, e.g. "MODEL"; all are required but those in [brackets];
                                  * the last may be "NAME...", one or more */
    size_t n_operands;
    bool stop_at_operand;       /* leave the first operand and all behind it alone */
} pare_syntax;

/* Why words could not be parsed: the hint goes on a line of its own and may be empty. */
typedef struct pare_usage_error {
    char message[PARE_MESSAGE_BYTES];
    char hint[PARE_MESSAGE_BYTES];
} pare_usage_error;

/* Adds to *args and to the structs of both sets what the words say; *args starts zeroed and may go
 * through several calls. *n_used is how many words were taken (all, unless stop_at_operand).
 * Pointers into words are kept. EUSAGE with *error set; ENOMEM. */
pare_status pare_options_parse(pare_ctx *ctx, pare_arguments *args, const pare_syntax *syntax,
                               size_t n_words, char *const *words, size_t *n_used,
                               pare_usage_error *error);

/* Checks the whole: required options and operands are there, shared ones have an effect. EUSAGE. */
pare_status pare_options_check(const pare_arguments *args, const pare_syntax *syntax,
                               pare_usage_error *error);

/* Frees what the fields of a set own (lists). */
void pare_options_free(pare_ctx *ctx, const pare_option_set *set);

/* Frees what arguments own. */
void pare_arguments_free(pare_ctx *ctx, pare_arguments *args);

/* "--name SIZE", "--name[=SIZE]", "-o, --output FILE": an option as the help shows it. */
void pare_option_spelling(pare_line *out, const pare_option *option);

#endif
