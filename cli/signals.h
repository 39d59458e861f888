/* SIGBUS, which tells that a file of which pages are mapped was cut short: the program says so and
 * ends with PARE_EXIT_INPUT at once, half-made files staying under their temporary names.
 *
 * SIGINT and SIGTERM. By default they end the program at once: nothing has to be taken back. Work
 * that writes defers them: the first then only sets the flag that pare_ctx_opts.cancel looks at, so
 * that half-made files are taken away on the ordinary path, and a second one ends at once. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Installs the handlers (a signal that is ignored stays ignored); ignores SIGPIPE, so that a closed
 * pipe is an error of writing. */
void pare_signals_install(void);

/* Begins or ends deferring. */
void pare_signals_defer(bool on);

/* The number of the signal that was deferred last; 0: none. For pare_ctx_opts.cancel. */
extern volatile sig_atomic_t pare_signals_caught;

#endif
