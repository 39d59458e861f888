#include "cli/signals.h"

#include "cli/app.h"

#include <stddef.h>
#include <unistd.h>

/* Handlers reach nothing but what has static storage. */
volatile sig_atomic_t pare_signals_caught;
static volatile sig_atomic_t deferring;

static void on_stop(int number)
{
    if (!deferring || pare_signals_caught) _exit(128 + number);
    pare_signals_caught = number;
}

/* Other reasons for SIGBUS are the program's own: it ends by the signal, as without a handler. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    static const char message[] =
        "pare: error: a file was cut short by another program while it was read\n";
    (void)context;
    if (info->si_code != BUS_ADRERR) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    const ssize_t n = write(STDERR_FILENO, message, sizeof(message) - 1);
    _exit(n < 0 ? PARE_EXIT_RESOURCES : PARE_EXIT_INPUT);
}

static void handle(int number)
{
    struct sigaction action = { .sa_handler = on_stop }, old;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN) return;
    sigaction(number, &action, NULL);
}

void pare_signals_install(void)
{
    handle(SIGINT);
    handle(SIGTERM);
    struct sigaction bus = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
    sigemptyset(&bus.sa_mask);
    sigaction(SIGBUS, &bus, NULL);
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}

void pare_signals_defer(bool on)
{
    deferring = on;
}
