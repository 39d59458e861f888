#include "base/status.h"

const char *pare_status_name(pare_status status)
{
    static const char *const names[] = {
        [PARE_OK] = "ok",
        [PARE_EUSAGE] = "wrong usage",
        [PARE_EFORMAT] = "bad input",
        [PARE_EUNSUPPORTED] = "unsupported",
        [PARE_ENOMEM] = "out of memory",
        [PARE_EBUDGET] = "over budget",
        [PARE_EIO] = "input or output error",
        [PARE_ECANCELED] = "canceled",
    };
    return names[status];
}
