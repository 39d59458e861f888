#include "formats/npz.h"

#include "formats/archive.h"
#include "formats/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static bool ends_in(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether an entry is the array of that name. */
static bool is_array(const char *path, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(path, name, n) == 0 && (!path[n] || strcmp(path + n, ".npy") == 0);
}

static const pare_archive_entry *find_entry(const pare_archive *archive, const char *key)
{
    size_t n = 0;
    const pare_archive_entry *entries = pare_archive_entries(archive, &n);
    for (size_t i = 0; i < n; i++) {
        const char *const path = entries[i].path;
        if (key ? is_array(path, key)
                : n == 1 || (!is_array(path, "rows") && !is_array(path, "labels")))
            return &entries[i];
    }
    return NULL;
}

static pare_status read_entry(pare_ctx *ctx, pare_buf *bytes, int fd,
                              const pare_archive_entry *entry)
{
    for (uint64_t at = 0; at < bytes->n_bytes;) {
        const uint64_t rest = bytes->n_bytes - at;
        const size_t most = rest < (UINT64_C(1) << 30) ? (size_t)rest : (size_t)1 << 30;
        const ssize_t n = pread(fd, bytes->data + at, most, (off_t)(entry->offset + at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return pare_fail(ctx, PARE_EIO, "cannot read it: %s",
                             n ? strerror(errno) : "it was cut short meanwhile");
        at += (uint64_t)n;
    }
    return PARE_OK;
}

static pare_status parse_entry(pare_ctx *ctx, pare_tensor **out, const pare_archive *archive,
                               const pare_archive_entry *entry)
{
    pare_buf *bytes = NULL;
    PARE_TRY(pare_buf_new(ctx, &bytes, entry->n_bytes));
    pare_status st = read_entry(ctx, bytes, pare_archive_fd(archive, entry), entry);
    if (!st) st = pare_npy_parse(ctx, out, bytes, PARE_DTYPE_UNDEFINED);
    pare_buf_unref(bytes);
    return st;
}

pare_status pare_npz_read(pare_ctx *ctx, pare_tensor **out, const char *path, const char *key,
                          bool optional)
{
    pare_archive *archive = NULL;
    *out = NULL;
    if (ends_in(path, ".npy"))
        return key && optional ? PARE_OK : pare_npy_read(ctx, out, path, PARE_DTYPE_UNDEFINED);
    PARE_TRY(pare_archive_open(ctx, &archive, path, NULL));
    const pare_archive_entry *entry = NULL;
    pare_status st = PARE_OK;
    if (pare_archive_kind_of(archive) != PARE_ARCHIVE_ZIP)
        st = pare_fail(ctx, PARE_EFORMAT, "%s: expected a file of arrays, .npz or .npy", path);
    else entry = find_entry(archive, key);
    if (!st && !entry && !optional)
        st = pare_fail(ctx, PARE_EFORMAT, "%s: has no array%s%s", path, key ? " called " : "",
                       key ? key : "");
    if (entry) {
        st = parse_entry(ctx, out, archive, entry);
        if (st) pare_fail_in(ctx, st, "%s: %s: ", path, entry->path);
    }
    pare_archive_close(ctx, archive);
    return st;
}
