/* Reference-counted bytes: heap memory, a mapped file, or anything with a release function. */
#ifndef PARE_BASE_BUF_H
#define PARE_BASE_BUF_H

#include "base/bytes.h"
#include "base/ctx.h"

#include <stdatomic.h>

typedef struct pare_buf {
    atomic_uint_least32_t refs;
    pare_allocator allocator; /* of this header, and of heap bytes */
    uint8_t *data;
    uint64_t n_bytes;
    bool writable;            /* false: data must not be written to (a mapping, shared bytes) */
    void (*release)(void *owner); /* called once with owner when the last reference goes; or NULL */
    void *owner;
} pare_buf;

/* New zeroed heap buffer of n_bytes (0 is allowed) with one reference. ENOMEM. */
pare_status pare_buf_new(pare_ctx *ctx, pare_buf **out, uint64_t n_bytes);

/* New read-only buffer over foreign bytes with one reference; release(owner) is called when the
 * last reference goes. release NULL: the bytes are only borrowed and must outlive the buffer. On
 * failure nothing is released: the caller still owns. ENOMEM. */
pare_status pare_buf_wrap(pare_ctx *ctx, pare_buf **out, const void *data, uint64_t n_bytes,
                          void (*release)(void *owner), void *owner);

pare_buf *pare_buf_ref(pare_buf *buf); /* returns buf; accepts NULL */
void pare_buf_unref(pare_buf *buf);    /* accepts NULL */

/* Whether this reference is the only one and the bytes may be written in place. */
bool pare_buf_is_exclusive(const pare_buf *buf);

#endif
