/* Metrics that a program of the user's computes: it reads arrays as an .npz on standard input and
 * prints a JSON object with the number "value" on standard output.
 *
 * It is started without a shell, in a folder of the caller's choice, in a process group of its own,
 * which is killed when its time is up, when the caller stops, and when it has ended, whatever it
 * has left running. What it may print is bounded. */
#ifndef FORMATS_METRIC_PROGRAM_H
#define FORMATS_METRIC_PROGRAM_H

#include "base/contract/dataset.h"

typedef struct pare_metric_program_opts {
    const char *folder;        /* it runs in; NULL: the current one */
    uint64_t max_ms;           /* 0: ten minutes */
} pare_metric_program_opts;

/* Runs a metric's command on the file that fd stands at the beginning of. EFORMAT, naming the
 * metric, when it cannot be started, fails, or prints something else than said above; the message
 * ends with the last line of its standard error. EBUDGET when its time is up or it prints more than
 * a mebibyte; ECANCELED. */
pare_status pare_metric_program_run(pare_ctx *ctx, double *value, const pare_data_metric *metric,
                                    int fd, const pare_metric_program_opts *opts);

#endif
