#include "formats/dataset/files.h"

#include "formats/dataset/folder.h"
#include "formats/onnx/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HASH_BYTES = 1 << 20 };

bool pare_path_ends(const char *path, const char *extension)
{
    const char *const slash = strrchr(path, '/');
    const char *const dot = strrchr(slash ? slash : path, '.');
    return dot && strcasecmp(dot + 1, extension) == 0;
}

/* --- kinds ------------------------------------------------------------------------------------ */

/* Whether a file begins like something to be unpacked. The magic of tar stands at 257; the oldest
 * form has none. */
static bool is_packed(const char *path, const uint8_t *head, size_t n)
{
    static const struct {
        size_t at, n;
        const char *bytes;
    } magics[] = {
        { 0, 2, "\x1f\x8b" },         { 0, 3, "BZh" },  { 0, 6, "\xfd" "7zXZ" },
        { 0, 4, "\x28\xb5\x2f\xfd" }, { 0, 2, "PK" },   { 257, 5, "ustar" },
    };
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (n >= magics[i].at + magics[i].n &&
            memcmp(head + magics[i].at, magics[i].bytes, magics[i].n) == 0) return true;
    return pare_path_ends(path, "tar");
}

static bool is_hidden(const char *path)
{
    if (strncmp(path, "__MACOSX/", 9) == 0) return true;
    return path[0] == '.' || strstr(path, "/.");
}

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path is borrowed. */
static pare_status add(pare_ctx *ctx, pare_files *f, const char *path, pare_file **out)
{
    PARE_TRY(pare_grow(ctx, &f->items, &f->cap, f->n + 1, sizeof(*f->items)));
    *out = &f->items[f->n++];
    **out = (pare_file){ .path = path, .fd = -1 };
    return PARE_OK;
}

static pare_status add_copy(pare_ctx *ctx, pare_files *f, const char *path, pare_file **out)
{
    const char *const copy = pare_arena_str(&f->arena, path);
    return copy ? add(ctx, f, copy, out) : pare_arena_fail(ctx, &f->arena);
}

static pare_status open_archive(pare_ctx *ctx, pare_files *f, const char *path,
                                const pare_archive_limits *limits)
{
    size_t n = 0;
    PARE_TRY(pare_archive_open(ctx, &f->archive, path, limits));
    const pare_archive_kind kind = pare_archive_kind_of(f->archive);
    const pare_archive_entry *entries = pare_archive_entries(f->archive, &n);
    f->kind = kind == PARE_ARCHIVE_SINGLE ? PARE_FILES_SINGLE : PARE_FILES_ARCHIVE;
    f->is_zip = kind == PARE_ARCHIVE_ZIP;
    for (size_t i = 0; i < n; i++) {
        const pare_archive_entry *e = &entries[i];
        pare_file *file = NULL;
        const char *const name = kind == PARE_ARCHIVE_SINGLE ? base_name(f->shown) : e->path;
        if (is_hidden(e->path)) continue;
        PARE_TRY(add(ctx, f, name, &file));
        file->n_bytes = e->n_bytes;
        file->offset = e->offset;
        file->fd = pare_archive_fd(f->archive, e);
        file->hash = e->hash;
        file->has_hash = true;
    }
    return PARE_OK;
}

static pare_status open_single(pare_ctx *ctx, pare_files *f, uint64_t n_bytes)
{
    pare_file *file = NULL;
    f->kind = PARE_FILES_SINGLE;
    PARE_TRY(add(ctx, f, base_name(f->shown), &file));
    file->n_bytes = n_bytes;
    file->fd = f->fd;
    return PARE_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const pare_file *)a)->path, ((const pare_file *)b)->path);
}

static pare_status take_file(void *user, pare_ctx *ctx, const char *path, uint64_t n_bytes)
{
    pare_files *f = user;
    pare_file *file = NULL;
    PARE_TRY(add_copy(ctx, f, path, &file));
    file->n_bytes = n_bytes;
    return PARE_OK;
}

static pare_status open_any(pare_ctx *ctx, pare_files *f, const char *path,
                            const pare_archive_limits *limits)
{
    uint8_t head[262];
    struct stat st;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f->fd < 0 || fstat(f->fd, &st))
        return pare_fail(ctx, pare_mapping_errno_status(errno), "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        f->kind = PARE_FILES_FOLDER;
        f->dir_fd = f->fd;
        f->fd = -1;
        PARE_TRY(pare_folder_walk(ctx, f->dir_fd, path, take_file, f));
        if (f->n) qsort(f->items, f->n, sizeof(*f->items), by_path);
        return PARE_OK;
    }
    if (!S_ISREG(st.st_mode))
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected a file or a folder, found something else",
                         path);
    const ssize_t n = pread(f->fd, head, sizeof(head), 0);
    if (n < 0) return pare_fail(ctx, PARE_EIO, "%s: %s", path, strerror(errno));
    if (n == 0) return pare_fail(ctx, PARE_EFORMAT, "%s: the file is empty", path);
    if (is_packed(path, head, (size_t)n)) return open_archive(ctx, f, path, limits);
    return open_single(ctx, f, (uint64_t)st.st_size);
}

pare_status pare_files_open(pare_ctx *ctx, pare_files **out, const char *path,
                            const pare_archive_limits *limits)
{
    pare_files *f = *out = pare_alloc_zero(ctx, sizeof(*f));
    if (!f) return pare_fail_memory(ctx, sizeof(*f));
    f->dir_fd = f->fd = -1;
    pare_arena_init(ctx, &f->arena, 0);
    f->shown = pare_arena_str(&f->arena, path);
    pare_status st = f->shown ? PARE_OK : pare_arena_fail(ctx, &f->arena);
    if (!st) st = open_any(ctx, f, path, limits);
    if (!st && !f->n) st = pare_fail(ctx, PARE_EFORMAT, "%s: there are no files in it", path);
    if (st) {
        pare_files_close(ctx, f);
        *out = NULL;
    }
    return st;
}

void pare_files_close(pare_ctx *ctx, pare_files *files)
{
    if (!files) return;
    for (size_t i = 0; files->kind == PARE_FILES_FOLDER && i < files->n; i++)
        if (files->items[i].fd >= 0) close(files->items[i].fd);
    if (files->dir_fd >= 0) close(files->dir_fd);
    if (files->fd >= 0) close(files->fd);
    pare_archive_close(ctx, files->archive);
    pare_free(ctx, files->items);
    pare_arena_free(&files->arena);
    pare_free(ctx, files);
}

/* --- reading ---------------------------------------------------------------------------------- */

pare_status pare_files_fail_in(pare_ctx *ctx, const pare_files *files, size_t i, pare_status status)
{
    if (files->kind == PARE_FILES_SINGLE) return pare_fail_in(ctx, status, "%s: ", files->shown);
    return pare_fail_in(ctx, status, "%s/%s: ", files->shown, files->items[i].path);
}

pare_status pare_files_fail(pare_ctx *ctx, const pare_files *files, size_t i, pare_status status,
                            const char *fmt, ...)
{
    char text[PARE_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    (void)pare_fail(ctx, status, "%s", text);
    return pare_files_fail_in(ctx, files, i, status);
}

static pare_status read_from(pare_ctx *ctx, const pare_files *files, size_t i, int fd,
                             uint64_t offset, uint8_t *to, size_t n_bytes)
{
    while (n_bytes) {
        const ssize_t n = pread(fd, to, n_bytes, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return pare_files_fail(ctx, files, i, PARE_EIO, "%s", strerror(errno));
        if (n == 0)
            return pare_files_fail(ctx, files, i, PARE_EIO, "the file became shorter meanwhile");
        to += n;
        offset += (uint64_t)n;
        n_bytes -= (size_t)n;
    }
    return PARE_OK;
}

static pare_status open_member(pare_ctx *ctx, const pare_files *files, size_t i, int *fd)
{
    *fd = openat(files->dir_fd, files->items[i].path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd >= 0) return PARE_OK;
    return pare_files_fail(ctx, files, i, pare_mapping_errno_status(errno), "%s", strerror(errno));
}

pare_status pare_files_read(pare_ctx *ctx, const pare_files *files, size_t i, uint64_t offset,
                            void *to, size_t n_bytes)
{
    const pare_file *file = &files->items[i];
    int fd = file->fd;
    if (offset > file->n_bytes || n_bytes > file->n_bytes - offset)
        return pare_files_fail(ctx, files, i, PARE_EFORMAT, "expected %" PRIu64
                               " bytes, found %" PRIu64, offset + n_bytes, file->n_bytes);
    if (fd < 0) PARE_TRY(open_member(ctx, files, i, &fd));
    const pare_status st = read_from(ctx, files, i, fd, file->offset + offset, to, n_bytes);
    if (file->fd < 0) close(fd);
    return st;
}

pare_status pare_files_load(pare_ctx *ctx, pare_buf **out, const pare_files *files, size_t i,
                            uint64_t max_bytes)
{
    const uint64_t n = files->items[i].n_bytes;
    *out = NULL;
    if (n > max_bytes)
        return pare_files_fail(ctx, files, i, PARE_EFORMAT, "expected at most %" PRIu64
                               " bytes, found %" PRIu64, max_bytes, n);
    pare_buf *buf = NULL;
    PARE_TRY(pare_buf_new(ctx, &buf, n));
    const pare_status st = pare_files_read(ctx, files, i, 0, buf->data, (size_t)n);
    if (st) pare_buf_unref(buf);
    else *out = buf;
    return st;
}

pare_status pare_files_keep_open(pare_ctx *ctx, pare_files *files, size_t i)
{
    if (files->items[i].fd >= 0) return PARE_OK;
    return open_member(ctx, files, i, &files->items[i].fd);
}

static pare_status hash_file(pare_ctx *ctx, pare_files *files, size_t i, pare_hasher *hasher,
                             uint8_t *piece)
{
    pare_file *file = &files->items[i];
    int fd = file->fd;
    if (fd < 0) PARE_TRY(open_member(ctx, files, i, &fd));
    pare_status st = PARE_OK;
    for (uint64_t at = 0; !st && at < file->n_bytes;) {
        const uint64_t left = file->n_bytes - at;
        const size_t n = left < HASH_BYTES ? (size_t)left : HASH_BYTES;
        st = read_from(ctx, files, i, fd, file->offset + at, piece, n);
        if (!st) pare_hasher_add(hasher, piece, n);
        at += n;
    }
    if (file->fd < 0) close(fd);
    file->hash = pare_hasher_128(hasher);
    file->has_hash = !st;
    return st;
}

pare_status pare_files_hash(pare_ctx *ctx, pare_files *files, size_t i)
{
    const uint64_t n = files->items[i].n_bytes;
    if (files->items[i].has_hash) return PARE_OK;
    pare_hasher *hasher = NULL;
    const size_t n_piece = n < HASH_BYTES ? (size_t)n + 1 : HASH_BYTES;
    uint8_t *piece = pare_alloc(ctx, n_piece);
    pare_status st = piece ? pare_hasher_new(ctx, &hasher) : pare_fail_memory(ctx, n_piece);
    if (!st) st = hash_file(ctx, files, i, hasher, piece);
    pare_hasher_free(ctx, hasher);
    pare_free(ctx, piece);
    return st;
}
