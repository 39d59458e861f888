#include "cli/signals.h"

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
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}

void pare_signals_defer(bool on)
{
    deferring = on;
}
