#include "cli/app.h"

#include "cli/ci.h"
#include "cli/help.h"
#include "base/nearest.h"
#include "cli/signals.h"

#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double pare_app_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- messages -------------------------------------------------------------------------------- */

/* GitHub's runner obeys lines that begin with :: and anything behind ##[, wherever names in a
 * model's file put them. */
static void defuse(const pare_app *app, char *line)
{
    if (pare_ci_system(app) != PARE_CI_GITHUB) return;
    char *const start = line + strspn(line, " \t");
    if (strncmp(start, "::", 2) == 0) start[0] = start[1] = '.';
    for (char *p = line; (p = strstr(p, "##[")) != NULL;) p[0] = p[1] = '.';
}

static void print_message(pare_app *app, const char *kind, const char *text)
{
    char line[PARE_MESSAGE_BYTES];
    pare_escape(line, sizeof(line), text); /* words of the command line arrive as they were typed */
    defuse(app, line);
    pare_progress_erase(&app->bar);
    fprintf(stderr, "pare: %s: %s\n", kind, line);
}

static void keep_warning(pare_app *app, const char *message)
{
    const size_t n_bytes = strlen(message) + 1;
    if (pare_grow(&app->ctx, &app->warnings, &app->warnings_cap, app->n_warnings + 1,
                  sizeof(app->warnings[0]))) return;
    char *const copy = pare_alloc(&app->ctx, n_bytes);
    if (!copy) return;
    memcpy(copy, message, n_bytes);
    app->warnings[app->n_warnings++] = copy;
}

static void on_warning(void *user, const char *message)
{
    pare_app *const app = user;
    /* What is tried again and again has the same to say each time. */
    for (size_t i = 0; i < app->n_warnings; i++)
        if (pare_str_eq(app->warnings[i], message)) return;
    keep_warning(app, message);
    if (!app->shared.quiet) print_message(app, "warning", message);
}

static void on_progress(void *user, const pare_progress *step)
{
    pare_app *const app = user;
    pare_progress_step(&app->bar, step);
}

void pare_app_note(pare_app *app, const char *fmt, ...)
{
    if (!app->shared.verbose) return;
    pare_line line;
    va_list args;
    va_start(args, fmt);
    vsnprintf(line.text, sizeof(line.text), fmt, args);
    va_end(args);
    print_message(app, "note", line.text);
}

void pare_app_print(pare_app *app, const char *text)
{
    char line[PARE_LINE_BYTES];
    pare_escape(line, sizeof(line), text);
    defuse(app, line);
    pare_progress_erase(&app->bar);
    puts(line);
}

void pare_app_begin_json(pare_app *app, pare_json *json, const char *schema)
{
    pare_json_init(json, &app->ctx);
    pare_json_text(json, "schema", schema);
    pare_json_open_object(json, "tool");
    pare_json_text(json, "version", PARE_VERSION);
    pare_json_close(json);
}

void pare_app_json_warnings(const pare_app *app, pare_json *json)
{
    pare_json_open_array(json, "warnings");
    for (size_t i = 0; i < app->n_warnings; i++) pare_json_text(json, NULL, app->warnings[i]);
    pare_json_close(json);
}

int pare_app_print_json(pare_app *app, pare_json *json)
{
    const pare_status st = pare_json_print(json, stdout);
    pare_json_free(json);
    /* What standard output does not take is noticed when it is closed. */
    return st && st != PARE_EIO ? pare_app_fail(app, pare_exit_for_output(st), NULL)
                                : PARE_EXIT_DONE;
}

static const char *exit_kind(int exit_status)
{
    switch (exit_status) {
    case PARE_EXIT_GATE: return "gate failed";
    case PARE_EXIT_USAGE: return "wrong usage";
    case PARE_EXIT_INPUT: return "bad input";
    case PARE_EXIT_UNSUPPORTED: return "unsupported";
    case PARE_EXIT_RESOURCES: return "resources";
    default: return "stopped";
    }
}

static void print_json_error(pare_app *app, int exit_status, const char *message, const char *hint)
{
    pare_json j;
    pare_json_init(&j, &app->ctx);
    pare_json_open_object(&j, "error");
    pare_json_text(&j, "kind", exit_kind(exit_status));
    pare_json_int(&j, "exit_status", exit_status);
    pare_json_text(&j, "message", message);
    if (hint && *hint) pare_json_text(&j, "hint", hint);
    pare_json_close(&j);
    (void)pare_json_print(&j, stdout); /* it also stands on standard error */
    pare_json_free(&j);
}

int pare_app_error(pare_app *app, int exit_status, const char *message, const char *hint)
{
    print_message(app, "error", message);
    if (hint && *hint) print_message(app, "hint", hint);
    if (app->shared.json) print_json_error(app, exit_status, message, hint);
    return exit_status;
}

int pare_app_fail(pare_app *app, int exit_status, const char *hint)
{
    char message[PARE_MESSAGE_BYTES]; /* the context's own may change while this is reported */
    memcpy(message, app->ctx.message, sizeof(message));
    return pare_app_error(app, exit_status, message, hint);
}

int pare_exit_for_output(pare_status status)
{
    switch (status) {
    case PARE_OK: return PARE_EXIT_DONE;
    case PARE_EUSAGE: return PARE_EXIT_USAGE;
    case PARE_EFORMAT: return PARE_EXIT_INPUT;
    case PARE_EUNSUPPORTED: return PARE_EXIT_UNSUPPORTED;
    case PARE_ECANCELED: return PARE_EXIT_SIGNAL + pare_signals_caught;
    default: return PARE_EXIT_RESOURCES;
    }
}

int pare_exit_for_input(pare_status status)
{
    return status == PARE_EIO ? PARE_EXIT_INPUT : pare_exit_for_output(status);
}

int pare_app_unknown_verb(pare_app *app, const char *word)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_line_add(&message, "unknown verb '%s'", word);
    pare_nearest nearest = { .word = word };
    for (size_t i = 0; i < pare_n_cmds; i++)
        pare_nearest_try(&nearest, pare_cmds[i].command->name);
    if (nearest.name) pare_line_add(&hint, "did you mean '%s'?", nearest.name);
    else if (access(word, F_OK) == 0)
        pare_line_add(&hint, "to look at a model: pare inspect %s", word);
    else pare_line_add(&hint, "'pare help' lists the verbs");
    return pare_app_error(app, PARE_EXIT_USAGE, message.text, hint.text);
}

/* --- running --------------------------------------------------------------------------------- */

typedef struct invocation {
    pare_app *app;
    size_t n_words;
    char *const *words;   /* what is not parsed yet */
    pare_arguments args;
    pare_usage_error error;
    union {
        uint64_t align;
        char bytes[PARE_MAX_OPTIONS_BYTES];
    } options;            /* the verb's struct */
} invocation;

static int usage_exit(invocation *v, pare_status st)
{
    if (st == PARE_ENOMEM) return pare_app_fail(v->app, PARE_EXIT_RESOURCES, NULL);
    return pare_app_error(v->app, PARE_EXIT_USAGE, v->error.message, v->error.hint);
}

static pare_option_set shared_set(pare_app *app)
{
    return (pare_option_set){ pare_shared_options, pare_n_shared_options, &app->shared };
}

static pare_status parse(invocation *v, const pare_syntax *syntax)
{
    size_t n_used = 0;
    PARE_TRY(pare_options_parse(&v->app->ctx, &v->args, syntax, v->n_words, v->words, &n_used,
                                &v->error));
    v->n_words -= n_used;
    v->words += n_used;
    return PARE_OK;
}

static int run_checked(invocation *v, const pare_cmd *command)
{
    pare_app *const app = v->app;
    if (app->shared.quiet && app->shared.verbose)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "options '--quiet' and '--verbose' contradict each other", NULL);
    app->ctx.opts.max_memory_bytes =
        app->shared.max_memory_bytes ? app->shared.max_memory_bytes : PARE_DEFAULT_MEMORY_BYTES;
    if (!app->shared.quiet && !app->shared.json) pare_progress_init(&app->bar, stderr);
    app->invoked = (pare_invoked){ command, &v->args, v->options.bytes };
    const int status = command->run(app, &v->args, v->options.bytes);
    pare_progress_erase(&app->bar);
    return status;
}

static int run_command(invocation *v, const pare_cmd_row *row)
{
    const pare_cmd *const command = row->command;
    snprintf(v->app->command, sizeof(v->app->command), "pare %s", command->name);
    const pare_option_set own = { command->options, command->n_options, v->options.bytes };
    const pare_syntax syntax = {
        .command = v->app->command, .sets = { own, shared_set(v->app) }, .shared = command->shared,
        .operands = command->operands, .n_operands = command->n_operands,
    };
    if (command->defaults) memcpy(v->options.bytes, command->defaults, command->options_bytes);
    int status = PARE_EXIT_DONE;
    pare_status st = parse(v, &syntax);
    if (!st && v->app->shared.help) {
        pare_help_command(stdout, row);
    } else {
        if (!st) st = pare_options_check(&v->args, &syntax, &v->error);
        status = st ? usage_exit(v, st) : run_checked(v, command);
    }
    pare_options_free(&v->app->ctx, &own);
    return status;
}

static int run_words(invocation *v)
{
    pare_app *const app = v->app;
    const pare_syntax before = {
        .command = "pare", .sets = { { 0 }, shared_set(app) }, .stop_at_operand = true,
    };
    const pare_status st = parse(v, &before);
    if (st) return usage_exit(v, st);
    if (app->shared.version) {
        v->args.given[1] = 0;
        return run_command(v, pare_cmd_find("version"));
    }
    if (!v->n_words && app->shared.help) {
        pare_help_overview(stdout);
        return PARE_EXIT_DONE;
    }
    if (!v->n_words) {
        if (app->shared.json)
            return pare_app_error(app, PARE_EXIT_USAGE, "no verb is given",
                                  "'pare help' lists the verbs");
        pare_help_overview(stderr);
        return PARE_EXIT_USAGE;
    }
    const pare_cmd_row *const row = pare_cmd_find(v->words[0]);
    if (!row) return pare_app_unknown_verb(app, v->words[0]);
    v->words++;
    v->n_words--;
    return run_command(v, row);
}

/* --- the process ----------------------------------------------------------------------------- */

/* A standard stream that the caller closed is opened on nothing, in the direction that fails: files
 * opened later must not get its number and receive messages. */
static void open_missing_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
}

/* Errors in words already come as JSON when the option that asks for it cannot be parsed. */
static bool wants_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && !pare_str_eq(argv[i], "--"); i++) {
        if (pare_str_eq(argv[i], "--json")) return true;
    }
    return false;
}

/* A result that did not get out is a failure; nobody is told when the reader simply went away. */
static int close_stdout(pare_app *app, int status)
{
    errno = 0;
    const bool failed_before = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !failed_before) return status;
    if (errno != EPIPE) {
        pare_line message = { 0 };
        pare_line_add(&message, "cannot write to standard output: %s",
                      errno ? strerror(errno) : "an earlier write failed");
        print_message(app, "error", message.text);
    }
    return status ? status : PARE_EXIT_RESOURCES;
}

static void free_warnings(pare_app *app)
{
    for (size_t i = 0; i < app->n_warnings; i++) pare_free(&app->ctx, app->warnings[i]);
    pare_free(&app->ctx, app->warnings);
}

int pare_app_run_again(pare_app *app, size_t n_words, char *const *words)
{
    pare_app inner = { .command = "pare" };
    pare_ctx_opts opts = app->ctx.opts; /* its allocator, and what cancels it */
    opts.warn = on_warning;
    opts.progress = on_progress;
    opts.user = &inner;
    pare_ctx_init(&inner.ctx, &opts);
    invocation v = { .app = &inner, .n_words = n_words, .words = words };
    const int status = run_words(&v);
    pare_arguments_free(&inner.ctx, &v.args);
    free_warnings(&inner);
    return status;
}

int pare_app_main(int argc, char *const *argv)
{
    open_missing_streams();
    pare_signals_install();
    pare_app app = { .command = "pare" };
    const pare_ctx_opts opts = {
        .warn = on_warning, .progress = on_progress, .user = &app, .cancel = &pare_signals_caught,
    };
    pare_ctx_init(&app.ctx, &opts);
    app.shared.json = wants_json(argc, argv);
    invocation v = { .app = &app, .n_words = argc > 1 ? (size_t)argc - 1 : 0, .words = argv + 1 };
    const int status = run_words(&v);
    pare_arguments_free(&app.ctx, &v.args);
    free_warnings(&app);
    return close_stdout(&app, status);
}
