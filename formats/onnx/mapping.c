#include "formats/onnx/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

pare_status pare_mapping_errno_status(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
    case ENXIO:
    case ENODEV:
    case EINVAL:
    case EAGAIN: /* openat2 could not be sure to stay beneath */
    case ENAMETOOLONG:
        return PARE_EFORMAT;
    default:
        return PARE_EIO;
    }
}

static pare_status fail_errno(pare_ctx *ctx, const char *shown, int error)
{
    return pare_fail(ctx, pare_mapping_errno_status(error), "%s: %s", shown, strerror(error));
}

pare_status pare_mapping_open(pare_ctx *ctx, int *fd, const char *path)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return *fd < 0 ? fail_errno(ctx, path, errno) : PARE_OK;
}

/* The owner of a mapped buffer. */
typedef struct mapped {
    pare_allocator allocator;
    void *address;
    size_t n_bytes;
} mapped;

static void release_mapped(void *owner)
{
    mapped *m = owner;
    munmap(m->address, m->n_bytes);
    m->allocator.release(m->allocator.user, m);
}

static pare_status map_file(pare_ctx *ctx, pare_buf **out, int fd, const char *shown,
                            size_t n_bytes)
{
    mapped *m = pare_alloc(ctx, sizeof(*m));
    if (!m) return pare_fail_memory(ctx, sizeof(*m));
    *m = (mapped){ .allocator = ctx->opts.allocator, .n_bytes = n_bytes };
    m->address = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (m->address == MAP_FAILED) {
        pare_free(ctx, m);
        return fail_errno(ctx, shown, errno == EACCES ? EIO : errno);
    }
    const pare_status st = pare_buf_wrap(ctx, out, m->address, n_bytes, release_mapped, m);
    if (st) release_mapped(m);
    return st;
}

/* In front of bytes that were read: how to free them. */
typedef union read_header {
    pare_allocator allocator;
    uint8_t align[32];
} read_header;

static void release_read(void *owner)
{
    const read_header *header = owner;
    header->allocator.release(header->allocator.user, owner);
}

static pare_status read_all(pare_ctx *ctx, uint8_t *data, int fd, const char *shown, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        const ssize_t n = pread(fd, data + done, n_bytes - done, (off_t)done);
        if (n == 0)
            return pare_fail(ctx, PARE_EIO, "%s: the file became shorter while it was read", shown);
        if (n > 0) done += (size_t)n;
        else if (errno != EINTR) return fail_errno(ctx, shown, errno);
    }
    return PARE_OK;
}

static pare_status read_file(pare_ctx *ctx, pare_buf **out, int fd, const char *shown,
                             size_t n_bytes)
{
    read_header *header = pare_alloc(ctx, sizeof(*header) + n_bytes);
    if (!header) return pare_fail_memory(ctx, sizeof(*header) + n_bytes);
    header->allocator = ctx->opts.allocator;
    uint8_t *data = (uint8_t *)(header + 1);
    pare_status st = read_all(ctx, data, fd, shown, n_bytes);
    if (!st) st = pare_buf_wrap(ctx, out, data, n_bytes, release_read, header);
    if (st) release_read(header);
    return st;
}

pare_status pare_mapping_load(pare_ctx *ctx, pare_mapping *out, int fd, const char *shown,
                              uint64_t *may_read)
{
    *out = (pare_mapping){ 0 };
    if (fstat(fd, &out->identity)) return fail_errno(ctx, shown, errno);
    if (!S_ISREG(out->identity.st_mode))
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected a regular file, found something else",
                         shown);
    const uint64_t n_bytes = (uint64_t)out->identity.st_size;
    if (n_bytes > SIZE_MAX / 2) return pare_fail(ctx, PARE_EFORMAT, "%s: too large", shown);
    if (n_bytes > *may_read) return map_file(ctx, &out->bytes, fd, shown, (size_t)n_bytes);
    *may_read -= n_bytes;
    PARE_TRY(read_file(ctx, &out->bytes, fd, shown, (size_t)n_bytes));
    return PARE_OK;
}

pare_status pare_mapping_read(pare_ctx *ctx, pare_buf **out, const char *path, uint64_t may_read)
{
    int fd = -1;
    pare_mapping m = { 0 };
    *out = NULL;
    PARE_TRY(pare_mapping_open(ctx, &fd, path));
    const pare_status st = pare_mapping_load(ctx, &m, fd, path, &may_read);
    close(fd);
    if (!st) *out = m.bytes;
    return st;
}

pare_status pare_mapping_check(pare_ctx *ctx, const pare_mapping *mapping, int fd,
                               const char *shown)
{
    struct stat now;
    const struct stat *then = &mapping->identity;
    if (fstat(fd, &now)) return fail_errno(ctx, shown, errno);
    if (now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return PARE_OK;
    return pare_fail(ctx, PARE_EIO, "%s: the file changed while it was read", shown);
}
