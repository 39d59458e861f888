/* Archives: tar (plain, or by gzip, bzip2, xz, zstd), zip, and single compressed files, as regions
 * of a file to read at random.
 *
 * Opening goes through the archive once. What lies in it uncompressed is left there; the rest is
 * unpacked into a temporary file without a name. Nothing of an archive is ever written to a place
 * that it names, and only its regular files are taken; folders are passed over; links, devices and
 * the like are refused, as are names that are absolute, climb by `..`, or are there twice.
 *
 * The only place that sees libarchive. Formats and filters are enabled one by one: with all of
 * them it starts other programs. */
#ifndef FORMATS_ARCHIVE_H
#define FORMATS_ARCHIVE_H

#include "base/buf.h"
#include "formats/hash.h"

#include <stdbool.h>

typedef enum pare_archive_kind {
    PARE_ARCHIVE_TAR,
    PARE_ARCHIVE_ZIP,
    PARE_ARCHIVE_SINGLE, /* one file, compressed or not, that is neither; its path is "" */
} pare_archive_kind;

typedef struct pare_archive_entry {
    const char *path; /* relative, without "." and empty parts */
    uint64_t offset, n_bytes;
    pare_hash128 hash; /* of its bytes */
    bool is_unpacked;  /* lies in the temporary file, else in the archive */
} pare_archive_entry;

typedef struct pare_archive pare_archive;

/* What an archive may hold; beyond is EBUDGET. */
typedef struct pare_archive_limits {
    uint64_t max_entries; /* 0: two million */
    uint64_t max_bytes;   /* of all entries together; 0: 64 GiB */
    uint64_t max_ratio;   /* of bytes unpacked to bytes of the archive, from 100 MB; 0: 200 */
} pare_archive_limits;

/* Opens a regular file; limits NULL: all defaults. EFORMAT naming the file and the entry for what
 * is damaged, cut short or refused; EUNSUPPORTED for encrypted ones; EBUDGET, EIO, ENOMEM. */
pare_status pare_archive_open(pare_ctx *ctx, pare_archive **out, const char *path,
                              const pare_archive_limits *limits);
void pare_archive_close(pare_ctx *ctx, pare_archive *archive); /* accepts NULL */

pare_archive_kind pare_archive_kind_of(const pare_archive *archive);

/* The entries in the order of their paths, byte by byte. */
const pare_archive_entry *pare_archive_entries(const pare_archive *archive, size_t *n);

/* The descriptor in which an entry's bytes lie; the archive's. */
int pare_archive_fd(const pare_archive *archive, const pare_archive_entry *entry);

#endif
