#include "formats/metric_program.h"

#include "formats/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_OUTPUT = 1 << 20, TAIL = 4096, TURN_MS = 50, DEFAULT_MS = 600000 };

/* A program under way. Of standard error the first TAIL bytes are kept; the rest is read and
 * dropped, so that it can go on. */
typedef struct program {
    pare_ctx *ctx;
    const pare_data_metric *metric;
    uint64_t max_ms;
    double begun_s;
    pid_t pid;                 /* 0: not started, or gone */
    int out, err;              /* ends of pipes to read from; -1: closed */
    char **argv;               /* the command, with NULL behind it */
    char *text;                /* [MAX_OUTPUT + 1] */
    size_t n_text, n_tail;
    char tail[TAIL + 1];       /* of standard error */
} program;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* --- starting --------------------------------------------------------------------------------- */

static int add_actions(posix_spawn_file_actions_t *a, int fd, int out, int err, const char *folder)
{
    int error = posix_spawn_file_actions_adddup2(a, fd, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(a, out, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(a, err, 2);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(a, 3);
    if (!error && folder) error = posix_spawn_file_actions_addchdir_np(a, folder);
    return error;
}

/* Group of its own, signals as programs expect them. */
static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
    if (!error) error = posix_spawnattr_setpgroup(attr, 0);
    if (!error) error = posix_spawnattr_setsigmask(attr, &none);
    return error ? error : posix_spawnattr_setsigdefault(attr, &all);
}

static int spawn(program *p, int fd, int out, int err, const char *folder)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attr);
    if (!error) {
        error = add_actions(&actions, fd, out, err, folder);
        if (!error) error = set_attributes(&attr);
        if (!error)
            error = posix_spawnp(&p->pid, p->argv[0], &actions, &attr, p->argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&actions);
    if (error) p->pid = 0;
    return error;
}

static pare_status start(program *p, int fd, const char *folder)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    int error = pipe2(out, O_CLOEXEC) ? errno : 0;
    if (!error && pipe2(err, O_CLOEXEC)) error = errno;
    if (!error) error = spawn(p, fd, out[1], err[1], folder);
    p->out = out[0];
    p->err = err[0];
    close_fd(&out[1]);
    close_fd(&err[1]);
    if (!error) return PARE_OK;
    return pare_fail(p->ctx, PARE_EFORMAT,
                     "metric '%s': its program '%s' cannot be started: %s; `command:` is looked up "
                     "in PATH and runs in the folder of the data's description",
                     p->metric->name, p->metric->command[0], strerror(error));
}

/* --- listening -------------------------------------------------------------------------------- */

/* Takes what there is on one of the pipes. */
static pare_status take(program *p, int *fd, bool is_error)
{
    char block[TAIL];
    const ssize_t n = read(*fd, block, sizeof(block));
    if (n < 0 && errno == EINTR) return PARE_OK;
    if (n <= 0) {
        close_fd(fd);
        return PARE_OK;
    }
    if (is_error) { /* what came last is what counts */
        const size_t all = p->n_tail + (size_t)n;
        const size_t drop = all > TAIL ? all - TAIL : 0;
        const size_t kept = drop < p->n_tail ? p->n_tail - drop : 0;
        memmove(p->tail, p->tail + p->n_tail - kept, kept);
        memcpy(p->tail + kept, block, (size_t)n);
        p->n_tail = kept + (size_t)n;
        return PARE_OK;
    }
    if (p->n_text + (size_t)n > MAX_OUTPUT)
        return pare_fail(p->ctx, PARE_EBUDGET,
                         "metric '%s': its program prints more than a mebibyte, where a JSON "
                         "object with \"value\" was expected", p->metric->name);
    memcpy(p->text + p->n_text, block, (size_t)n);
    p->n_text += (size_t)n;
    return PARE_OK;
}

static pare_status check_time(const program *p)
{
    PARE_TRY(pare_check_canceled(p->ctx));
    if ((now_s() - p->begun_s) * 1000 < (double)p->max_ms) return PARE_OK;
    return pare_fail(p->ctx, PARE_EBUDGET,
                     "metric '%s': its program did not end within %g s; --metric-time allows more",
                     p->metric->name, (double)p->max_ms / 1000);
}

static pare_status listen_to(program *p)
{
    while (p->out >= 0 || p->err >= 0) {
        struct pollfd ends[2] = { { .fd = p->out, .events = POLLIN },
                                  { .fd = p->err, .events = POLLIN } };
        PARE_TRY(check_time(p));
        if (poll(ends, 2, TURN_MS) <= 0) {
            /* A grandchild may hold the pipes open: the program itself is what counts. */
            siginfo_t info = { 0 };
            if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
                return PARE_OK;
            continue;
        }
        if (ends[0].revents) PARE_TRY(take(p, &p->out, false));
        if (ends[1].revents) PARE_TRY(take(p, &p->err, true));
    }
    return PARE_OK;
}

/* Waits for its end; it may have closed its output and stay. */
static pare_status await_end(program *p, int *status)
{
    for (;;) {
        const pid_t got = waitpid(p->pid, status, WNOHANG);
        if (got == p->pid) break;
        if (got < 0 && errno != EINTR) break;
        PARE_TRY(check_time(p));
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    kill(-p->pid, SIGKILL); /* what it has left running */
    p->pid = 0;
    return PARE_OK;
}

static void stop(program *p)
{
    if (p->pid) {
        kill(-p->pid, SIGKILL);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    close_fd(&p->out);
    close_fd(&p->err);
}

/* --- what it said ----------------------------------------------------------------------------- */

/* The last line of standard error. */
static const char *last_line(program *p)
{
    while (p->n_tail && (p->tail[p->n_tail - 1] == '\n' || p->tail[p->n_tail - 1] == '\r'))
        p->n_tail--;
    p->tail[p->n_tail] = '\0';
    size_t at = p->n_tail;
    while (at && p->tail[at - 1] != '\n') at--;
    return p->tail + at;
}

static pare_status check_end(program *p, int status)
{
    const char *const line = last_line(p);
    const char *const colon = *line ? ": " : "";
    if (WIFSIGNALED(status))
        return pare_fail(p->ctx, PARE_EFORMAT,
                         "metric '%s': its program was ended by signal %d%s%s", p->metric->name,
                         WTERMSIG(status), colon, line);
    if (WEXITSTATUS(status))
        return pare_fail(p->ctx, PARE_EFORMAT,
                         "metric '%s': its program ended with exit status %d%s%s", p->metric->name,
                         WEXITSTATUS(status), colon, line);
    return PARE_OK;
}

/* JSON is YAML, and the reader of that says what is wrong. */
static pare_status read_value(program *p, double *value)
{
    pare_yaml *yaml = NULL;
    const pare_yaml_node *node = NULL;
    char where[128];
    snprintf(where, sizeof(where), "metric '%.64s': output of its program", p->metric->name);
    size_t at = 0;
    while (at < p->n_text && strchr(" \t\r\n", p->text[at])) at++;
    if (at == p->n_text || p->text[at] != '{')
        return pare_fail(p->ctx, PARE_EFORMAT,
                         "%s: expected a JSON object such as {\"value\": 0.5}, found %s", where,
                         at == p->n_text ? "nothing" : "something else");
    pare_status st = pare_yaml_parse(p->ctx, &yaml, where, p->text, p->n_text);
    if (!st) {
        node = pare_yaml_get(pare_yaml_root(yaml), "value");
        if (!node) st = pare_fail(p->ctx, PARE_EFORMAT, "%s: has no \"value\"", where);
        else if (node->quoted)
            st = pare_fail(p->ctx, PARE_EFORMAT, "%s: \"value\" is text, expected a number", where);
        else st = pare_yaml_real(p->ctx, yaml, node, value);
    }
    if (!st && !isfinite(*value))
        st = pare_fail(p->ctx, PARE_EFORMAT, "%s: \"value\" is not a finite number", where);
    pare_yaml_free(p->ctx, yaml);
    return st;
}

pare_status pare_metric_program_run(pare_ctx *ctx, double *value, const pare_data_metric *metric,
                                    int fd, const pare_metric_program_opts *opts)
{
    program p = { .ctx = ctx, .metric = metric, .begun_s = now_s(), .out = -1, .err = -1,
                  .max_ms = opts->max_ms ? opts->max_ms : DEFAULT_MS };
    int end = 0;
    if (!metric->n_command)
        return pare_fail(ctx, PARE_EFORMAT, "metric '%s': its command is empty", metric->name);
    p.argv = pare_alloc_zero(ctx, (metric->n_command + 1) * sizeof(*p.argv));
    p.text = pare_alloc(ctx, MAX_OUTPUT + 1);
    pare_status st = p.argv && p.text ? PARE_OK : pare_fail_memory(ctx, MAX_OUTPUT + 1);
    for (size_t i = 0; !st && i < metric->n_command; i++)
        p.argv[i] = (char *)(uintptr_t)metric->command[i]; /* posix_spawn does not write to it */
    if (!st) st = start(&p, fd, opts->folder);
    if (!st) st = listen_to(&p);
    if (!st) st = await_end(&p, &end);
    stop(&p);
    if (!st) st = check_end(&p, end);
    if (!st) st = read_value(&p, value);
    pare_free(ctx, p.text);
    pare_free(ctx, p.argv);
    return st;
}
