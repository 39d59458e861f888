/* A verb: what it is called, what it takes, what its help says, what it does. One file cmd_NAME.c
 * and one row in cmd_list.h each. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

struct pare_app;

/* Groups of the shared options (pare_shared_options in commands.c). */
enum {
    PARE_SHARED_OUTPUT = 1,  /* --json, --quiet, --verbose */
    PARE_SHARED_MODEL = 2,   /* what rules opening a model */
    PARE_SHARED_PROGRAM = 4, /* instead of a verb */
    PARE_SHARED_REPORT = 8,  /* --report, --ci */
    PARE_SHARED_EXACT = 16,  /* --exact: of verbs that run models */
};

/* Fields of the shared options. */
typedef struct pare_shared {
    bool help, version;
    bool json, quiet, verbose;
    bool allow_linked_data, allow_newer_ir;
    bool exact;              /* only `run` is not so without it */
    uint64_t max_memory_bytes;
    const char *report_dir;  /* NULL: no report */
    int ci;                  /* pare_ci_choice (cli/ci.h) */
} pare_shared;

typedef struct pare_example {
    const char *command;     /* "pare inspect model.onnx" */
    const char *what;        /* it does, in a few words */
} pare_example;

typedef struct pare_cmd {
    const char *name;
    const char *description; /* paragraphs of prose, "\n" between them */
    const char *const *operands;
    size_t n_operands;
    const pare_option *options;
    size_t n_options;
    uint32_t shared;         /* groups of shared options that have an effect */
    const pare_example *examples;
    size_t n_examples;
    const void *defaults;    /* a struct of options as it starts; NULL: the verb has none */
    size_t options_bytes;    /* of that struct */
    /* Does the work with its options (a copy of defaults, filled). Returns the exit status. */
    int (*run)(struct pare_app *app, const pare_arguments *args, const void *options);
} pare_cmd;

#define PARE_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Room for any verb's struct of options. */
enum { PARE_MAX_OPTIONS_BYTES = 512 };

typedef struct pare_cmd_row {
    const pare_cmd *command;
    const char *summary; /* one line */
} pare_cmd_row;

#define PARE_CMD(name, summary) extern const pare_cmd pare_cmd_##name;
#include "cli/cmd_list.h"
#undef PARE_CMD

/* All verbs in alphabetical order. */
extern const pare_cmd_row pare_cmds[];
extern const size_t pare_n_cmds;

/* The options that stand before any verb and after those that they concern. */
extern const pare_option pare_shared_options[];
extern const size_t pare_n_shared_options;

/* The verb with this name, or NULL. */
const pare_cmd_row *pare_cmd_find(const char *name);

#endif
