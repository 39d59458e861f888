#include "cli/progress.h"

#include "cli/number.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FIRST_S 0.3 /* shorter work draws nothing */
#define EVERY_S 0.1

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t terminal_columns(FILE *to)
{
    struct winsize size;
    if (ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

void pare_progress_init(pare_progress_bar *bar, FILE *to)
{
    const char *const terminal = getenv("TERM");
    const bool can_erase = terminal && *terminal && !pare_str_eq(terminal, "dumb");
    *bar = (pare_progress_bar){ .to = can_erase && isatty(fileno(to)) ? to : NULL };
}

static void add_time(pare_line *out, double seconds)
{
    const double most = 99 * 3600;
    const unsigned s = (unsigned)((seconds < most ? seconds : most) + 0.999);
    if (s < 60) pare_line_add(out, "%u s", s);
    else if (s < 3600) pare_line_add(out, "%u min %u s", s / 60, s % 60);
    else pare_line_add(out, "%u h %u min", s / 3600, s / 60 % 60);
}

static void add_amount(pare_line *out, const pare_progress *step, uint64_t amount)
{
    if (step->unit) pare_line_add_count(out, amount);
    else pare_line_add_bytes(out, amount);
}

void pare_progress_text(pare_line *out, const pare_progress *step, double seconds, size_t columns)
{
    pare_line_clear(out);
    const double rate = seconds > 0 ? (double)step->done / seconds : 0;
    pare_line_add(out, "%s", step->phase);
    if (step->total) {
        const double part = (double)step->done / (double)step->total;
        pare_line_add(out, " %3u%%", (unsigned)((part < 1 ? part : 1) * 100));
    }
    pare_line_add(out, "  ");
    add_amount(out, step, step->done);
    if (step->total) {
        pare_line_add(out, " of ");
        add_amount(out, step, step->total);
    }
    if (step->unit) pare_line_add(out, " %s", step->unit);
    if (rate >= 1) {
        pare_line_add(out, "  ");
        add_amount(out, step, (uint64_t)rate);
        pare_line_add(out, "/s");
    }
    if (rate > 0 && step->total > step->done) {
        pare_line_add(out, "  ");
        add_time(out, (double)(step->total - step->done) / rate);
        pare_line_add(out, " left");
    }
    if (out->n > columns) out->text[out->n = columns] = '\0';
}

void pare_progress_step(pare_progress_bar *bar, const pare_progress *step)
{
    if (!bar->to) return;
    const double now = now_s();
    if (strncmp(bar->phase, step->phase, sizeof(bar->phase) - 1) != 0) {
        snprintf(bar->phase, sizeof(bar->phase), "%s", step->phase);
        bar->begun_s = now;
    }
    if (now - bar->begun_s < FIRST_S || now - bar->drawn_s < EVERY_S) return;
    bar->drawn_s = now;
    bar->visible = true;
    pare_line line;
    /* One column stays free: a full line would wrap on some terminals. */
    pare_progress_text(&line, step, now - bar->begun_s, terminal_columns(bar->to) - 1);
    fprintf(bar->to, "\r%s\033[K", line.text);
    fflush(bar->to);
}

void pare_progress_erase(pare_progress_bar *bar)
{
    if (!bar->visible) return;
    fputs("\r\033[K", bar->to);
    fflush(bar->to);
    bar->visible = false;
}
