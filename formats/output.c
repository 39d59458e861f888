#include "formats/output.h"

#include "base/pages.h"

#include "base/bytes.h"
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    /* Of one write(2). Longer ones are slower: the system then copies to larger pages that are not
     * in any cache. Also how often a request to stop is looked at. */
    BUFFER_BYTES = 128 << 10,
    LARGE_BYTES = 256 << 20, /* in all: what is written is to leave memory at once */
    REPORT_BYTES = 4 << 20,
    WRITEBACK_BYTES = 32 << 20,
    MAX_TRIES = 16,
};

struct pare_output {
    char *path; /* for messages */
    char *name; /* of the target in its folder */
    char temp[NAME_MAX + 1];
    int dir_fd, fd;
    mode_t mode;     /* permission bits to keep */
    bool keeps_mode; /* there is a target whose bits are kept */
    uint8_t *buffer; /* [BUFFER_BYTES] */
    size_t n_buffered;
    uint64_t n_written;  /* handed to the system */
    uint64_t n_flushing; /* of these, told to go to the disk */
    bool reserved;
    pare_status status; /* the first failure */
    const char *phase;  /* NULL: no progress */
    uint64_t progress_base, progress_total;
    uint64_t n_reported; /* n_written at the last report */
};

static pare_status fail_errno(pare_ctx *ctx, const pare_output *out, const char *what)
{
    return pare_fail(ctx, PARE_EIO, "%s: %s: %s", out->path, what, strerror(errno));
}

/* The name of the temporary file: the same for each writer of a target, so that they meet. */
static void temp_name(char temp[NAME_MAX + 1], const char *name)
{
    static const uint64_t key[2] = { 0, 0 };
    const size_t n = strlen(name);
    if (n + sizeof("..pare-tmp") <= NAME_MAX + 1) {
        snprintf(temp, NAME_MAX + 1, ".%s.pare-tmp", name);
    } else { /* the longest names leave no room: a hash stands for their end */
        snprintf(temp, NAME_MAX + 1, ".%.*s-%016" PRIx64 ".pare-tmp", NAME_MAX - 32, name,
                 pare_siphash13(key, name, n));
    }
}

bool pare_output_is_at(int dir_fd, const char *name, const struct stat *identity)
{
    struct stat st;
    return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == identity->st_dev &&
           st.st_ino == identity->st_ino;
}

void pare_output_stat(const pare_output *out, struct stat *identity)
{
    if (fstat(out->fd, identity)) *identity = (struct stat){ 0 };
}

/* Whether dir_fd/name is the open file fd, and nothing else has taken its name. */
static bool is_same(int dir_fd, const char *name, int fd)
{
    struct stat st;
    return !fstat(fd, &st) && pare_output_is_at(dir_fd, name, &st);
}

/* Where locks do not exist, files are only told apart by being created exclusively. */
static bool lock(int fd)
{
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR) continue;
        return errno != EWOULDBLOCK;
    }
    return true;
}

typedef enum leftover {
    LEFTOVER_GONE,
    LEFTOVER_LOCKED,
    LEFTOVER_STUCK, /* see errno */
} leftover;

/* Removes a temporary file that nobody holds. It is never written to: whatever stands under that
 * name, e.g. a link that somebody planted, is no output of ours. */
static leftover remove_leftover(int dir_fd, const char *temp)
{
    const int fd = openat(dir_fd, temp, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? LEFTOVER_GONE : LEFTOVER_STUCK;
    struct stat st;
    leftover result = LEFTOVER_GONE;
    int error = 0;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        result = LEFTOVER_STUCK;
        error = EEXIST;
    } else if (!lock(fd)) {
        result = LEFTOVER_LOCKED;
    } else if (is_same(dir_fd, temp, fd) && unlinkat(dir_fd, temp, 0)) {
        result = LEFTOVER_STUCK;
        error = errno;
    }
    close(fd);
    errno = error;
    return result;
}

void pare_output_sweep(int dir_fd, const char *name)
{
    char temp[NAME_MAX + 1];
    temp_name(temp, name);
    remove_leftover(dir_fd, temp);
}

/* Creates and locks the temporary file. -1 and errno when that cannot be: EWOULDBLOCK when another
 * writer has it, EEXIST when something else is in the way. */
static int make_temp(int dir_fd, const char *temp, mode_t mode)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        const int fd =
            openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0) {
            if (lock(fd) && is_same(dir_fd, temp, fd)) return fd;
            close(fd); /* somebody took it for a leftover just now */
            continue;
        }
        if (errno != EEXIST) return -1;
        const leftover l = remove_leftover(dir_fd, temp);
        if (l == LEFTOVER_STUCK) return -1;
        if (l == LEFTOVER_LOCKED) break;
    }
    errno = EWOULDBLOCK;
    return -1;
}

static pare_status open_temp(pare_ctx *ctx, pare_output *out)
{
    /* Readable by no more people than the file that it will replace. */
    const mode_t mode = out->keeps_mode ? (out->mode & 0666) | 0600 : 0666;
    out->fd = make_temp(out->dir_fd, out->temp, mode);
    if (out->fd >= 0) return PARE_OK;
    if (errno == EWOULDBLOCK)
        return pare_fail(ctx, PARE_EIO, "%s: another process is writing this file", out->path);
    return pare_fail(ctx, PARE_EIO, "%s: cannot create '%s' beside it: %s", out->path, out->temp,
                     strerror(errno));
}

int pare_output_lock(int dir_fd, const char *name)
{
    char temp[NAME_MAX + 1];
    temp_name(temp, name);
    return make_temp(dir_fd, temp, 0600);
}

void pare_output_unlock(int dir_fd, const char *name, int lock_fd)
{
    char temp[NAME_MAX + 1];
    temp_name(temp, name);
    if (is_same(dir_fd, temp, lock_fd)) (void)unlinkat(dir_fd, temp, 0);
    close(lock_fd);
}

/* What stands at the target's place now. */
static pare_status look_at_target(pare_ctx *ctx, pare_output *out)
{
    struct stat st;
    if (fstatat(out->dir_fd, out->name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? PARE_OK : fail_errno(ctx, out, "cannot be looked at");
    if (S_ISDIR(st.st_mode))
        return pare_fail(ctx, PARE_EUSAGE, "%s: is a folder; name a file to write", out->path);
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        return pare_fail(ctx, PARE_EUSAGE, "%s: is not a regular file", out->path);
    out->keeps_mode = S_ISREG(st.st_mode);
    out->mode = st.st_mode & 0777;
    return PARE_OK;
}

static char *copy_text(pare_ctx *ctx, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = pare_alloc(ctx, n);
    if (copy) memcpy(copy, text, n);
    return copy;
}

static void output_free(pare_ctx *ctx, pare_output *out)
{
    if (out->fd >= 0) close(out->fd);
    if (out->dir_fd >= 0) close(out->dir_fd);
    pare_free(ctx, out->buffer);
    pare_free(ctx, out->path);
    pare_free(ctx, out->name);
    pare_free(ctx, out);
}

pare_status pare_output_open_at(pare_ctx *ctx, pare_output **result, int dir_fd, const char *name,
                                const char *path)
{
    *result = NULL;
    if (!*name || pare_str_eq(name, ".") || pare_str_eq(name, ".."))
        return pare_fail(ctx, PARE_EUSAGE, "%s: is a folder; name a file to write", path);
    pare_output *out = pare_alloc_zero(ctx, sizeof(*out));
    if (!out) return pare_fail_memory(ctx, sizeof(*out));
    pare_status st = PARE_OK;
    out->fd = -1;
    out->dir_fd = -1;
    out->path = copy_text(ctx, path);
    out->name = copy_text(ctx, name);
    out->buffer = pare_alloc(ctx, BUFFER_BYTES);
    if (!out->path || !out->name || !out->buffer) {
        st = pare_fail_memory(ctx, BUFFER_BYTES);
        goto done;
    }
    temp_name(out->temp, name);
    out->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    if (out->dir_fd < 0) {
        st = fail_errno(ctx, out, "cannot open its folder");
        goto done;
    }
    st = look_at_target(ctx, out);
    if (!st) st = open_temp(ctx, out);
done:
    if (st) output_free(ctx, out);
    else *result = out;
    return st;
}

pare_status pare_output_open(pare_ctx *ctx, pare_output **out, const char *path)
{
    *out = NULL;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *dir = copy_text(ctx, slash ? path : ".");
    if (!dir) return pare_fail_memory(ctx, strlen(path) + 1);
    if (slash) dir[slash == path ? 1 : slash - path] = '\0';
    pare_status st = PARE_OK;
    const int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        st = pare_fail(ctx, PARE_EIO, "%s: cannot open the folder '%s': %s", path, dir,
                       strerror(errno));
    else st = pare_output_open_at(ctx, out, fd, name, path);
    if (fd >= 0) close(fd);
    pare_free(ctx, dir);
    return st;
}

pare_status pare_output_keep_mode_of(pare_ctx *ctx, pare_output *out, const pare_output *model)
{
    if (!model->keeps_mode) return PARE_OK;
    out->keeps_mode = true;
    out->mode = model->mode;
    if (fchmod(out->fd, (out->mode & 0666) | 0600))
        return fail_errno(ctx, out, "cannot be protected");
    return PARE_OK;
}

int pare_output_dir(const pare_output *out)
{
    return out->dir_fd;
}

const char *pare_output_name(const pare_output *out)
{
    return out->name;
}

uint64_t pare_output_position(const pare_output *out)
{
    return out->n_written + out->n_buffered;
}

void pare_output_report(pare_output *out, const char *phase, uint64_t done, uint64_t total)
{
    out->phase = phase;
    out->progress_base = done - pare_output_position(out);
    out->progress_total = total;
}

static pare_status fail_room(pare_ctx *ctx, pare_output *out, uint64_t n_bytes, int error)
{
    out->status = pare_fail(ctx, PARE_EIO, "%s: no room for %" PRIu64 " bytes: %s", out->path,
                            n_bytes, strerror(error));
    return out->status;
}

pare_status pare_output_reserve(pare_ctx *ctx, pare_output *out, uint64_t n_bytes)
{
    if (out->status || !n_bytes) return out->status;
    struct rlimit limit; /* which reserving does not look at */
    if (n_bytes > INT64_MAX || (!getrlimit(RLIMIT_FSIZE, &limit) && n_bytes > limit.rlim_cur))
        return fail_room(ctx, out, n_bytes, EFBIG);
    int error = 0;
    do error = fallocate(out->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)n_bytes) ? errno : 0;
    while (error == EINTR);
    if (!error) {
        out->reserved = true;
        return PARE_OK;
    }
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return fail_room(ctx, out, n_bytes, error);
    /* A file system that cannot reserve can still tell. */
    struct statvfs fs;
    if (!fstatvfs(out->fd, &fs) && n_bytes / fs.f_frsize > fs.f_bavail)
        return fail_room(ctx, out, n_bytes, ENOSPC);
    return PARE_OK;
}

/* Starts writing to the disk early, so that the fsync at the end is short. Only a hint. */
static void start_writeback(pare_output *out)
{
    const uint64_t n = out->n_written - out->n_flushing;
    if (n < WRITEBACK_BYTES) return;
    (void)sync_file_range(out->fd, (off_t)out->n_flushing, (off_t)n, SYNC_FILE_RANGE_WRITE);
    out->n_flushing = out->n_written;
}

static void report(pare_ctx *ctx, pare_output *out)
{
    if (!out->phase || out->n_reported == out->n_written) return;
    out->n_reported = out->n_written;
    pare_report_progress(ctx, out->phase, out->progress_base + out->n_written, out->progress_total);
}

static pare_status write_through(pare_ctx *ctx, pare_output *out, const uint8_t *data,
                                 size_t n_bytes)
{
    while (n_bytes && !out->status) {
        out->status = pare_check_canceled(ctx);
        if (out->status) break;
        const ssize_t n = write(out->fd, data, n_bytes < BUFFER_BYTES ? n_bytes : BUFFER_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EFAULT) { /* the mapped file that data lies in has shrunk */
            out->status = pare_fail(ctx, PARE_EIO, "%s: an input file changed while it was copied",
                                    out->path);
        } else if (n < 0) {
            out->status = fail_errno(ctx, out, "cannot write");
        } else {
            data += n;
            n_bytes -= (size_t)n;
            out->n_written += (uint64_t)n;
            start_writeback(out);
            if (out->n_written - out->n_reported >= REPORT_BYTES) report(ctx, out);
        }
    }
    return out->status;
}

static pare_status flush(pare_ctx *ctx, pare_output *out)
{
    const size_t n = out->n_buffered;
    out->n_buffered = 0;
    return write_through(ctx, out, out->buffer, n);
}

pare_status pare_output_write(pare_ctx *ctx, pare_output *out, const void *data, size_t n_bytes)
{
    if (out->status || !n_bytes) return out->status;
    if (n_bytes > BUFFER_BYTES - out->n_buffered && flush(ctx, out)) return out->status;
    if (n_bytes >= BUFFER_BYTES) {
        const pare_status st = write_through(ctx, out, data, n_bytes);
        if (out->progress_total >= LARGE_BYTES) pare_pages_release(data, n_bytes);
        return st;
    }
    memcpy(out->buffer + out->n_buffered, data, n_bytes);
    out->n_buffered += n_bytes;
    return PARE_OK;
}

pare_status pare_output_settle(pare_ctx *ctx, pare_output *out, const char **name)
{
    *name = out->temp;
    return out->status ? out->status : flush(ctx, out);
}

/* Everything that can be done while the target is still the old one. */
static pare_status finish(pare_ctx *ctx, pare_output *out)
{
    if (out->status || flush(ctx, out)) return out->status;
    report(ctx, out);
    /* Room that was reserved but not used lies behind the end of the file. */
    if (out->reserved && ftruncate(out->fd, (off_t)out->n_written))
        return fail_errno(ctx, out, "cannot give back reserved room");
    if (out->keeps_mode && fchmod(out->fd, out->mode))
        return fail_errno(ctx, out, "cannot keep its permissions");
    if (fsync(out->fd)) return fail_errno(ctx, out, "cannot write to the disk");
    return pare_check_canceled(ctx);
}

static pare_status sync_folder(pare_ctx *ctx, const pare_output *out)
{
    const int fd = openat(out->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return PARE_OK; /* a folder that may be written to, but not read */
    pare_status st = PARE_OK;
    if (fsync(fd) && errno != EINVAL)
        st = fail_errno(ctx, out, "was replaced, but its folder cannot be written to the disk");
    close(fd);
    return st;
}

pare_status pare_output_commit_as(pare_ctx *ctx, pare_output *out, const char *name)
{
    pare_status st = finish(ctx, out);
    if (!st && !is_same(out->dir_fd, out->temp, out->fd))
        st = pare_fail(ctx, PARE_EIO, "%s: the temporary file '%s' was taken away", out->path,
                       out->temp);
    if (!st && renameat(out->dir_fd, out->temp, out->dir_fd, name))
        st = fail_errno(ctx, out, "cannot put the new file into place");
    if (st) {
        pare_output_abort(ctx, out);
        return st;
    }
    st = sync_folder(ctx, out);
    output_free(ctx, out);
    return st;
}

pare_status pare_output_commit(pare_ctx *ctx, pare_output *out)
{
    return pare_output_commit_as(ctx, out, out->name);
}

void pare_output_abort(pare_ctx *ctx, pare_output *out)
{
    if (!out) return;
    if (is_same(out->dir_fd, out->temp, out->fd)) (void)unlinkat(out->dir_fd, out->temp, 0);
    output_free(ctx, out);
}
