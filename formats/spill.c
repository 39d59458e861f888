#include "formats/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Writes are gathered: entries of archives come in small pieces. */
enum { BUFFER_BYTES = 256 << 10 };

struct pare_spill {
    int fd;
    uint64_t n_bytes;  /* in the file and the buffer */
    size_t n_buffered;
    uint8_t buffer[BUFFER_BYTES];
};

/* A file that has no name, or loses it at once where the file system cannot do that. */
static int open_unnamed(const char *dir)
{
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    const int n = snprintf(path, sizeof(path), "%s/pare-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof(path)) return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    return fd;
}

pare_status pare_spill_open(pare_ctx *ctx, pare_spill **out)
{
    pare_spill *s = *out = pare_alloc(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    s->n_bytes = s->n_buffered = 0;
    const char *const dir = getenv("TMPDIR");
    s->fd = dir && *dir ? open_unnamed(dir) : -1;
    if (s->fd < 0) s->fd = open_unnamed("/tmp");
    if (s->fd < 0) s->fd = memfd_create("pare-spill", MFD_CLOEXEC);
    if (s->fd >= 0) return PARE_OK;
    const int error = errno;
    pare_free(ctx, s);
    *out = NULL;
    return pare_fail(ctx, PARE_EIO, "no temporary file can be made: %s; set TMPDIR to a folder "
                     "that can be written to", strerror(error));
}

void pare_spill_close(pare_ctx *ctx, pare_spill *spill)
{
    if (!spill) return;
    if (spill->fd >= 0) close(spill->fd);
    pare_free(ctx, spill);
}

static pare_status put(pare_ctx *ctx, pare_spill *s, const uint8_t *data, size_t n_bytes)
{
    while (n_bytes) {
        const ssize_t n = write(s->fd, data, n_bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return pare_fail(ctx, PARE_EIO, "writing a temporary file: %s; set TMPDIR to a folder "
                             "with more room", strerror(errno));
        data += n;
        n_bytes -= (size_t)n;
    }
    return PARE_OK;
}

static pare_status flush(pare_ctx *ctx, pare_spill *s)
{
    const size_t n = s->n_buffered;
    s->n_buffered = 0;
    return put(ctx, s, s->buffer, n);
}

pare_status pare_spill_write(pare_ctx *ctx, pare_spill *spill, const void *data, size_t n_bytes)
{
    if (n_bytes > BUFFER_BYTES - spill->n_buffered) PARE_TRY(flush(ctx, spill));
    spill->n_bytes += n_bytes;
    if (n_bytes > BUFFER_BYTES) return put(ctx, spill, data, n_bytes);
    if (n_bytes) memcpy(spill->buffer + spill->n_buffered, data, n_bytes);
    spill->n_buffered += n_bytes;
    return PARE_OK;
}

uint64_t pare_spill_position(const pare_spill *spill)
{
    return spill->n_bytes;
}

pare_status pare_spill_finish(pare_ctx *ctx, pare_spill *spill, int *fd)
{
    const pare_status st = flush(ctx, spill);
    if (!st) {
        *fd = spill->fd;
        spill->fd = -1;
    }
    pare_spill_close(ctx, spill);
    return st;
}
