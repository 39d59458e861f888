/* Memory that can be had again from a file. */
#ifndef PARE_BASE_PAGES_H
#define PARE_BASE_PAGES_H

#include <stddef.h>

/* Lets the system take the whole pages within these bytes back, as it would when memory is short:
 * content stays, and comes from its file when it is read again. Of memory that is no file's, and
 * where the system knows no such wish, nothing happens. */
void pare_pages_release(const void *data, size_t n_bytes);

#endif
