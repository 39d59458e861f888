#include "ir/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct mapped {
    pare_allocator allocator;
    void *address;
    size_t n_bytes;
} mapped;

static void release(void *owner)
{
    mapped *m = owner;
    munmap(m->address, m->n_bytes);
    m->allocator.release(m->allocator.user, m);
}

/* A file that nobody else can open. */
static int open_unnamed(const char *dir)
{
    const int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return fd;
    char path[4096];
    const int n = snprintf(path, sizeof(path), "%s/.pare-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int named = mkostemp(path, O_CLOEXEC);
    if (named >= 0) unlink(path);
    return named;
}

/* Room on the disk is claimed first: without it, writing to the mapping would end the process. */
static pare_status map(pare_ctx *ctx, mapped *m, const char *dir)
{
    const int fd = open_unnamed(dir);
    int error = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)m->n_bytes);
    if (!error) {
        m->address = mmap(NULL, m->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (m->address == MAP_FAILED) error = errno;
    }
    if (fd >= 0) close(fd);
    return error ? pare_fail(ctx, PARE_EIO, "%s: cannot make a temporary file: %s", dir,
                             strerror(error))
                 : PARE_OK;
}

pare_status pare_tensor_new_in(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims, const char *dir, uint8_t **data)
{
    int64_t n = 0;
    uint64_t n_bytes = 0;
    *out = NULL;
    PARE_TRY(pare_tensor_count(ctx, &n, rank, dims));
    if (!dir || !pare_dtype_size_bytes(dtype, n, &n_bytes) || !n_bytes) {
        PARE_TRY(pare_tensor_new(ctx, out, dtype, rank, dims));
        *data = (uint8_t *)(uintptr_t)(*out)->payload.data;
        return PARE_OK;
    }
    mapped *m = pare_alloc(ctx, sizeof(*m));
    pare_buf *buf = NULL;
    if (!m) return pare_fail_memory(ctx, sizeof(*m));
    *m = (mapped){ .allocator = ctx->opts.allocator, .n_bytes = (size_t)n_bytes };
    pare_status st = map(ctx, m, dir);
    if (st) {
        pare_free(ctx, m);
        return st;
    }
    *data = m->address;
    st = pare_buf_wrap(ctx, &buf, m->address, n_bytes, release, m);
    if (st) {
        release(m);
        return st;
    }
    st = pare_tensor_wrap(ctx, out, dtype, rank, dims, PARE_ENC_DENSE,
                          (pare_bytes){ m->address, (size_t)n_bytes }, buf);
    pare_buf_unref(buf);
    return st;
}

void pare_tensor_release_in(const uint8_t *data, size_t n_bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)data;
    const uintptr_t start = (at + page - 1) / page * page, end = (at + n_bytes) / page * page;
    const int kept = errno;
    if (start < end) {
        /* Pages that are on the disk can be let go of again after whoever reads them. */
        (void)msync((void *)start, end - start, MS_SYNC);
        (void)madvise((void *)start, end - start,
                      MADV_DONTNEED); /* shared: content is the file's */
    }
    errno = kept;
}
