#ifndef PARE_BASE_STATUS_H
#define PARE_BASE_STATUS_H

/* What a call came to. Zero is success, so `if (st) goto done;` reads naturally. The message that
 * goes with a failure is in the context (pare_fail), set where most was known. */
typedef enum pare_status {
    PARE_OK = 0,
    PARE_EUSAGE,       /* the caller asked for something that makes no sense            */
    PARE_EFORMAT,      /* bad input: malformed, contradictory, unsafe                     */
    PARE_EUNSUPPORTED, /* well-formed, but outside of what pare implements                */
    PARE_ENOMEM,       /* the allocator returned NULL                                     */
    PARE_EBUDGET,      /* a stated limit refused: memory budget, message count            */
    PARE_EIO,          /* reading or writing failed: disk full, permission, device error  */
    PARE_ECANCELED,    /* the caller asked to stop (pare_ctx_opts.cancel)                 */
} pare_status;

/* Name of a status in messages and tests, e.g. "bad input". Never NULL; the string is static. */
const char *pare_status_name(pare_status status);

#endif
