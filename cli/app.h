/* One run of the program: its context, its messages, its exit status. */
#ifndef CLI_APP_H
#define CLI_APP_H

#include "cli/command.h"
#include "cli/progress.h"

#include "formats/report/json.h"

enum {
    PARE_EXIT_DONE = 0,
    PARE_EXIT_GATE = 1,        /* done, but a limit does not hold */
    PARE_EXIT_USAGE = 2,
    PARE_EXIT_INPUT = 3,       /* bad, missing or unreadable input */
    PARE_EXIT_UNSUPPORTED = 4,
    PARE_EXIT_RESOURCES = 5,   /* memory, disk, time */
    PARE_EXIT_SIGNAL = 128,    /* plus the number of the signal */
};

/* The verb that runs and what it was given. */
typedef struct pare_invoked {
    const pare_cmd *command; /* NULL: not known yet */
    const pare_arguments *args;
    const void *fields;      /* the verb's struct of options */
} pare_invoked;

typedef struct pare_app {
    pare_ctx ctx;
    pare_shared shared;
    char command[32];          /* "pare inspect"; "pare" until the verb is known */
    pare_invoked invoked;
    pare_progress_bar bar;
    char **warnings;           /* in order, for reports; each owned */
    size_t n_warnings, warnings_cap;
} pare_app;

/* Parses argv, runs a verb, reports. Returns the exit status. */
int pare_app_main(int argc, char *const *argv);

/* Runs another verb within this run, as its words say (the verb first): with a context and options
 * of its own, on the same streams. Returns its exit status. */
int pare_app_run_again(pare_app *app, size_t n_words, char *const *words);

/* Exit status of a failure while reading inputs, and of one after that. */
int pare_exit_for_input(pare_status status);
int pare_exit_for_output(pare_status status);

/* Reports a failure in words: "pare: error: ..." on standard error, with --json also as an object
 * on standard output. hint may be NULL or "". Returns exit_status. */
int pare_app_error(pare_app *app, int exit_status, const char *message, const char *hint);

/* The same with the message of the context. */
int pare_app_fail(pare_app *app, int exit_status, const char *hint);

/* Wrong usage: there is no such verb. Names the nearest one. Returns PARE_EXIT_USAGE. */
int pare_app_unknown_verb(pare_app *app, const char *word);

/* A line on standard error for --verbose only. */
void pare_app_note(pare_app *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints a line of results on standard output, escaped: names come from files. */
void pare_app_print(pare_app *app, const char *text);

/* Begins an object that is a result: schema, and the tool that made it. */
void pare_app_begin_json(pare_app *app, pare_json *json, const char *schema);

/* Adds the member "warnings": all that were given so far. */
void pare_app_json_warnings(const pare_app *app, pare_json *json);

/* Prints and frees the object that is the result. Returns the exit status. */
int pare_app_print_json(pare_app *app, pare_json *json);

/* Seconds on a clock that only goes forward. */
double pare_app_seconds(void);

#endif
