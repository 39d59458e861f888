#include "formats/archive.h"

#include "base/arena.h"
#include "base/checked.h"
#include "formats/onnx/mapping.h"
#include "formats/spill.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MAX_ENTRIES UINT64_C(2000000)
#define DEFAULT_MAX_BYTES (UINT64_C(64) << 30)
#define DEFAULT_MAX_RATIO UINT64_C(200)
#define RATIO_FROM_BYTES (UINT64_C(100) << 20)

enum {
    READ_BYTES = 128 << 10,
    COMPARE_BYTES = 16 << 10,
    MAX_FILTERS = 3, /* with "none", which always counts */
    MAX_PATH_BYTES = 1024,
    MAX_PART_BYTES = 255,
    MAX_PATH_PARTS = 16,
    SHOWN_BYTES = 300, /* of a path in messages */
};

struct pare_archive {
    pare_archive_kind kind;
    pare_archive_entry *entries; /* [n] */
    size_t n, cap;
    int fd, spill_fd; /* -1: none */
    pare_arena names;
};

/* Going through an archive. */
typedef struct indexer {
    pare_ctx *ctx;
    pare_archive *a;
    struct archive *reader;
    pare_archive_limits limits;
    pare_spill *spill; /* NULL until something has to be unpacked */
    pare_hasher *hasher;
    uint64_t file_bytes; /* of the archive */
    uint64_t n_bytes;    /* of all entries so far */
    bool is_plain;       /* no filter: the archive may hold the bytes of entries as they are */
} indexer;

/* --- names ------------------------------------------------------------------------------------ */

/* Appends a part of a path to out [MAX_PATH_BYTES]. What is wrong with it, or NULL. */
static const char *add_part(char *out, size_t *n_out, const char *part, size_t n, unsigned *n_parts)
{
    if (n == 0 || (n == 1 && part[0] == '.')) return NULL;
    if (n == 2 && part[0] == '.' && part[1] == '.') return "a path without '..'";
    if (n > MAX_PART_BYTES) return "names of at most 255 bytes";
    if (++*n_parts > MAX_PATH_PARTS) return "at most 16 folders";
    if (*n_out + n + 2 > MAX_PATH_BYTES) return "a path of at most 1024 bytes";
    if (*n_out) out[(*n_out)++] = '/';
    memcpy(out + *n_out, part, n);
    *n_out += n;
    return NULL;
}

/* Writes a path without empty parts and "." to out [MAX_PATH_BYTES]; "" where nothing else is left.
 * What is wrong with it, or NULL. */
static const char *clean_path(char *out, const char *path)
{
    size_t n = 0;
    unsigned n_parts = 0;
    const char *wrong = NULL;
    if (path[0] == '/') return "a relative path";
    if (strchr(path, '\\')) return "a path without backslashes";
    for (const char *p = path; !wrong;) {
        const char *const end = strchrnul(p, '/');
        wrong = add_part(out, &n, p, (size_t)(end - p), &n_parts);
        if (!*end) break;
        p = end + 1;
    }
    out[n] = '\0';
    return wrong;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const pare_archive_entry *)a)->path, ((const pare_archive_entry *)b)->path);
}

static pare_status sort(indexer *x)
{
    pare_archive *a = x->a;
    if (a->n) qsort(a->entries, a->n, sizeof(*a->entries), by_path);
    for (size_t i = 1; i < a->n; i++)
        if (pare_str_eq(a->entries[i].path, a->entries[i - 1].path))
            return pare_fail(x->ctx, PARE_EFORMAT, "'%s' is there twice", a->entries[i].path);
    return PARE_OK;
}

/* --- contents --------------------------------------------------------------------------------- */

/* libarchive's own words, which name no file and may end in a newline. */
static pare_status fail_reading(indexer *x)
{
    const char *const text = pare_str_or_empty(archive_error_string(x->reader));
    const int error = archive_errno(x->reader);
    if (error == ENOMEM) return pare_fail_memory(x->ctx, 0);
    return pare_fail(x->ctx, error == EIO ? PARE_EIO : PARE_EFORMAT, "damaged or cut short: %.*s",
                     (int)strcspn(text, "\n"), text);
}

static pare_status check_amount(indexer *x, uint64_t more)
{
    uint64_t limit = 0;
    const la_int64_t position = archive_filter_bytes(x->reader, 0);
    if (!pare_add_u64(x->n_bytes, more, &x->n_bytes) || x->n_bytes > x->limits.max_bytes)
        return pare_fail(x->ctx, PARE_EBUDGET, "unpacks to more than the %" PRIu64
                         " bytes that are allowed", x->limits.max_bytes);
    if (!pare_mul_u64(x->file_bytes, x->limits.max_ratio, &limit)) limit = UINT64_MAX;
    if (limit < RATIO_FROM_BYTES) limit = RATIO_FROM_BYTES;
    if (x->n_bytes > limit || (position > 0 && (uint64_t)position > limit))
        return pare_fail(x->ctx, PARE_EBUDGET, "unpacks to more than %" PRIu64
                         " times its size of %" PRIu64 " bytes", x->limits.max_ratio,
                         x->file_bytes);
    return PARE_OK;
}

/* Whether the archive holds these bytes at an offset. */
static bool lies_at(const indexer *x, uint64_t offset, const uint8_t *data, size_t n)
{
    uint8_t piece[COMPARE_BYTES];
    if (offset > x->file_bytes || n > x->file_bytes - offset) return false;
    while (n) {
        const size_t want = n < sizeof(piece) ? n : sizeof(piece);
        if (pread(x->a->fd, piece, want, (off_t)offset) != (ssize_t)want ||
            memcmp(piece, data, want) != 0) return false;
        data += want;
        offset += want;
        n -= want;
    }
    return true;
}

static pare_status start_spill(indexer *x, pare_archive_entry *e)
{
    if (!x->spill) PARE_TRY(pare_spill_open(x->ctx, &x->spill));
    e->is_unpacked = true;
    e->offset = pare_spill_position(x->spill);
    return PARE_OK;
}

/* Moves the part of an entry that was believed to lie in the archive into the temporary file. */
static pare_status leave_archive(indexer *x, pare_archive_entry *e)
{
    uint8_t piece[COMPARE_BYTES];
    uint64_t from = e->offset;
    PARE_TRY(start_spill(x, e));
    for (uint64_t left = e->n_bytes; left;) {
        const size_t want = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        if (pread(x->a->fd, piece, want, (off_t)from) != (ssize_t)want)
            return pare_fail(x->ctx, PARE_EIO, "reading it again: %s", strerror(errno));
        PARE_TRY(pare_spill_write(x->ctx, x->spill, piece, want));
        from += want;
        left -= want;
    }
    return PARE_OK;
}

/* A piece of an entry's bytes. */
static pare_status take_piece(indexer *x, pare_archive_entry *e, const uint8_t *data, size_t n)
{
    PARE_TRY(check_amount(x, n));
    PARE_TRY(pare_check_canceled(x->ctx));
    pare_hasher_add(x->hasher, data, n);
    if (!e->is_unpacked && !lies_at(x, e->offset + e->n_bytes, data, n))
        PARE_TRY(leave_archive(x, e));
    if (e->is_unpacked) PARE_TRY(pare_spill_write(x->ctx, x->spill, data, n));
    e->n_bytes += n;
    return PARE_OK;
}

static pare_status take_contents(indexer *x, pare_archive_entry *e)
{
    const la_int64_t position = archive_filter_bytes(x->reader, 0);
    pare_hasher_reset(x->hasher);
    if (x->is_plain && position >= 0) e->offset = (uint64_t)position;
    else PARE_TRY(start_spill(x, e));
    for (;;) {
        const void *data = NULL;
        size_t n = 0;
        la_int64_t at = 0;
        const int r = archive_read_data_block(x->reader, &data, &n, &at);
        if (r == ARCHIVE_EOF) break;
        if (r != ARCHIVE_OK) return fail_reading(x);
        if (at < 0 || (uint64_t)at != e->n_bytes)
            return pare_fail(x->ctx, PARE_EUNSUPPORTED, "it is sparse");
        PARE_TRY(take_piece(x, e, data, n));
    }
    e->hash = pare_hasher_128(x->hasher);
    return PARE_OK;
}

/* --- entries ---------------------------------------------------------------------------------- */

static const char *type_name(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry)) return "a hard link";
    switch (archive_entry_filetype(entry)) {
    case AE_IFLNK: return "a symbolic link";
    case AE_IFCHR: case AE_IFBLK: return "a device";
    case AE_IFIFO: return "a FIFO";
    case AE_IFSOCK: return "a socket";
    default: return "something else";
    }
}

static pare_status check_type(indexer *x, struct archive_entry *entry)
{
    if (archive_entry_is_encrypted(entry))
        return pare_fail(x->ctx, PARE_EUNSUPPORTED, "it is encrypted; unpack it first");
    if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) != AE_IFREG)
        return pare_fail(x->ctx, PARE_EFORMAT, "expected a regular file, found %s",
                         type_name(entry));
    if (archive_entry_sparse_count(entry) > 0)
        return pare_fail(x->ctx, PARE_EUNSUPPORTED, "it is sparse");
    return PARE_OK;
}

static pare_status add_entry(indexer *x, struct archive_entry *entry, const char *path)
{
    pare_archive *a = x->a;
    char clean[MAX_PATH_BYTES] = "";
    const char *const wrong = x->a->kind == PARE_ARCHIVE_SINGLE ? NULL : clean_path(clean, path);
    if (wrong) return pare_fail(x->ctx, PARE_EFORMAT, "expected %s", wrong);
    if (archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry))
        return PARE_OK;
    PARE_TRY(check_type(x, entry));
    if (a->kind != PARE_ARCHIVE_SINGLE && !clean[0])
        return pare_fail(x->ctx, PARE_EFORMAT, "expected a name");
    if (a->n >= x->limits.max_entries)
        return pare_fail(x->ctx, PARE_EBUDGET, "it is beyond the %" PRIu64
                         " files that are allowed", x->limits.max_entries);
    PARE_TRY(pare_grow(x->ctx, &a->entries, &a->cap, a->n + 1, sizeof(*a->entries)));
    pare_archive_entry *e = &a->entries[a->n];
    *e = (pare_archive_entry){ .path = pare_arena_str(&a->names, clean) };
    if (!e->path) return pare_arena_fail(x->ctx, &a->names);
    PARE_TRY(take_contents(x, e));
    a->n++;
    return PARE_OK;
}

static pare_status settle_kind(indexer *x)
{
    char head[2] = "";
    switch (archive_format(x->reader) & ARCHIVE_FORMAT_BASE_MASK) {
    case ARCHIVE_FORMAT_TAR: x->a->kind = PARE_ARCHIVE_TAR; break;
    case ARCHIVE_FORMAT_ZIP: x->a->kind = PARE_ARCHIVE_ZIP; break;
    default: x->a->kind = PARE_ARCHIVE_SINGLE; break;
    }
    const int n_filters = archive_filter_count(x->reader);
    x->is_plain = n_filters == 1;
    if (n_filters > MAX_FILTERS)
        return pare_fail(x->ctx, PARE_EFORMAT, "compressed %d times over", n_filters - 1);
    if (x->a->kind == PARE_ARCHIVE_SINGLE && pread(x->a->fd, head, 2, 0) == 2 &&
        memcmp(head, "PK", 2) == 0)
        return pare_fail(x->ctx, PARE_EFORMAT, "damaged or cut short: a zip without its directory");
    return PARE_OK;
}

static pare_status take_entries(indexer *x)
{
    for (bool first = true;; first = false) {
        struct archive_entry *entry = NULL;
        const int r = archive_read_next_header(x->reader, &entry);
        if (r == ARCHIVE_EOF) return PARE_OK;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return fail_reading(x);
        if (first) PARE_TRY(settle_kind(x));
        PARE_TRY(check_amount(x, 0));
        const char *path = archive_entry_pathname_utf8(entry);
        if (!path) path = archive_entry_pathname(entry);
        if (!path) return pare_fail(x->ctx, PARE_EFORMAT, "an entry's name cannot be read");
        const pare_status st = add_entry(x, entry, path);
        if (st && x->a->kind != PARE_ARCHIVE_SINGLE)
            pare_fail_in(x->ctx, st, "'%.*s': ", SHOWN_BYTES, path);
        if (st) return st;
    }
}

/* --- opening ---------------------------------------------------------------------------------- */

/* One by one: a filter that libarchive can only reach by starting a program is refused. */
static pare_status open_reader(indexer *x)
{
    struct archive *r = x->reader = archive_read_new();
    if (!r) return pare_fail_memory(x->ctx, 0);
    if (archive_read_support_filter_gzip(r) || archive_read_support_filter_bzip2(r) ||
        archive_read_support_filter_xz(r) || archive_read_support_filter_zstd(r) ||
        archive_read_support_format_tar(r) || archive_read_support_format_zip_seekable(r) ||
        archive_read_support_format_raw(r))
        return pare_fail(x->ctx, PARE_EUNSUPPORTED,
                         "this build of libarchive lacks gzip, bzip2, xz or zstd");
    if (archive_read_open_fd(r, x->a->fd, READ_BYTES)) return fail_reading(x);
    return PARE_OK;
}

/* What the file begins with decides: a plain file that is no archive is taken as it is. */
static pare_status index_file(indexer *x)
{
    pare_archive *a = x->a;
    struct stat st;
    if (fstat(a->fd, &st)) return pare_fail(x->ctx, PARE_EIO, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return pare_fail(x->ctx, PARE_EFORMAT, "expected a regular file, found something else");
    x->file_bytes = (uint64_t)st.st_size;
    if (!x->file_bytes) return pare_fail(x->ctx, PARE_EFORMAT, "the file is empty");
    PARE_TRY(pare_hasher_new(x->ctx, &x->hasher));
    PARE_TRY(open_reader(x));
    PARE_TRY(take_entries(x));
    PARE_TRY(sort(x));
    if (!x->spill) return PARE_OK;
    pare_spill *const spill = x->spill;
    x->spill = NULL;
    return pare_spill_finish(x->ctx, spill, &a->spill_fd);
}

/* libarchive gives up names that the locale has no letters for: for the time of reading, this
 * thread's has all. */
static pare_status index_in_utf8(indexer *x)
{
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    const pare_status st = index_file(x);
    if (before) uselocale(before);
    if (utf8) freelocale(utf8);
    return st;
}

pare_status pare_archive_open(pare_ctx *ctx, pare_archive **out, const char *path,
                              const pare_archive_limits *limits)
{
    pare_archive *a = *out = pare_alloc_zero(ctx, sizeof(*a));
    if (!a) return pare_fail_memory(ctx, sizeof(*a));
    indexer x = { .ctx = ctx, .a = a };
    if (limits) x.limits = *limits;
    if (!x.limits.max_entries) x.limits.max_entries = DEFAULT_MAX_ENTRIES;
    if (!x.limits.max_bytes) x.limits.max_bytes = DEFAULT_MAX_BYTES;
    if (!x.limits.max_ratio) x.limits.max_ratio = DEFAULT_MAX_RATIO;
    a->fd = a->spill_fd = -1;
    pare_arena_init(ctx, &a->names, 0);
    pare_status st = pare_mapping_open(ctx, &a->fd, path);
    if (!st) {
        st = index_in_utf8(&x);
        if (st) pare_fail_in(ctx, st, "%s: ", path);
    }
    if (x.reader) archive_read_free(x.reader);
    pare_hasher_free(ctx, x.hasher);
    pare_spill_close(ctx, x.spill);
    if (st) {
        pare_archive_close(ctx, a);
        *out = NULL;
    }
    return st;
}

void pare_archive_close(pare_ctx *ctx, pare_archive *archive)
{
    if (!archive) return;
    if (archive->fd >= 0) close(archive->fd);
    if (archive->spill_fd >= 0) close(archive->spill_fd);
    pare_free(ctx, archive->entries);
    pare_arena_free(&archive->names);
    pare_free(ctx, archive);
}

pare_archive_kind pare_archive_kind_of(const pare_archive *archive)
{
    return archive->kind;
}

const pare_archive_entry *pare_archive_entries(const pare_archive *archive, size_t *n)
{
    *n = archive->n;
    return archive->entries;
}

int pare_archive_fd(const pare_archive *archive, const pare_archive_entry *entry)
{
    return entry->is_unpacked ? archive->spill_fd : archive->fd;
}
