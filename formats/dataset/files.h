/* The files that a source consists of: those of a folder and what is below it, of a tar or zip, or
 * a single one; in the order of their paths, byte by byte. Once opened, reading is for any thread.
 *
 * Files whose name or folder begins with a dot, and __MACOSX, are passed over. Below a folder,
 * links to files are followed and links to folders refused. */
#ifndef FORMATS_DATASET_FILES_H
#define FORMATS_DATASET_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "formats/archive.h"

typedef enum pare_files_kind {
    PARE_FILES_FOLDER,
    PARE_FILES_ARCHIVE,
    PARE_FILES_SINGLE, /* one file, whose path here is its name; unpacked where it is compressed */
} pare_files_kind;

typedef struct pare_file {
    const char *path;  /* relative to the source */
    uint64_t n_bytes;
    uint64_t offset;   /* in fd */
    int fd;            /* -1: it is opened to be read (folders) */
    pare_hash128 hash; /* of its bytes, once pare_files_hash was called */
    bool has_hash;
} pare_file;

typedef struct pare_files {
    pare_files_kind kind;
    const char *shown; /* the source for messages */
    pare_file *items;  /* [n] */
    size_t n, cap;
    bool is_zip;
    int dir_fd, fd; /* of a folder; of a single plain file */
    pare_archive *archive;
    pare_arena arena; /* names */
} pare_files;

/* Opens what is at path. EFORMAT naming path when there is nothing, or nothing to be read as files;
 * and as pare_archive_open. */
pare_status pare_files_open(pare_ctx *ctx, pare_files **out, const char *path,
                            const pare_archive_limits *limits);
void pare_files_close(pare_ctx *ctx, pare_files *files); /* accepts NULL */

/* Reads n_bytes from an offset of a file. EFORMAT when it is shorter, EIO. */
pare_status pare_files_read(pare_ctx *ctx, const pare_files *files, size_t i, uint64_t offset,
                            void *to, size_t n_bytes);

/* A whole file in memory; EFORMAT beyond max_bytes. The caller unrefs *out. */
pare_status pare_files_load(pare_ctx *ctx, pare_buf **out, const pare_files *files, size_t i,
                            uint64_t max_bytes);

/* Keeps a file of a folder open, for sources that read it piece by piece. */
pare_status pare_files_keep_open(pare_ctx *ctx, pare_files *files, size_t i);

/* Makes sure that a file's hash is there. */
pare_status pare_files_hash(pare_ctx *ctx, pare_files *files, size_t i);

/* Fails with "SOURCE/PATH: " (SOURCE alone for a single file) and the message. */
pare_status pare_files_fail(pare_ctx *ctx, const pare_files *files, size_t i, pare_status status,
                            const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Puts "SOURCE/PATH: " in front of a message on its way up. */
pare_status pare_files_fail_in(pare_ctx *ctx, const pare_files *files, size_t i,
                               pare_status status);

/* Whether a path ends in .EXTENSION, in any case. */
bool pare_path_ends(const char *path, const char *extension);

#endif
