/* Files as bytes: small ones read into memory, others mapped, since a copy would stand in memory
 * beside the packed weights for as long as a model is run.
 *
 * What is read cannot change under us. A mapping can: when another process cuts a mapped file
 * short, touching what is gone raises SIGBUS, which ends this process (the program says why,
 * cli/signals.h), and what it overwrites may be seen. So structure is never looked at twice in a
 * mapping (formats/onnx/unpack.h), and files are checked again when opening is done
 * (pare_mapping_check). Whoever converts models that others write to meanwhile should run one
 * process per model, or have all of a model read (pare_onnx_open_opts.read_bytes). */
#ifndef FORMATS_ONNX_MAPPING_H
#define FORMATS_ONNX_MAPPING_H

#include "base/buf.h"

#include <sys/stat.h>

typedef struct pare_mapping {
    pare_buf *bytes;      /* one reference */
    struct stat identity; /* of the file when it was opened */
} pare_mapping;

/* Opens the regular file at path for reading, without waiting for a FIFO's other end, and
 * returns the descriptor in *fd. EFORMAT when it is not there, not readable or not a regular
 * file; EIO for what is the system's fault. Messages start with the path. */
pare_status pare_mapping_open(pare_ctx *ctx, int *fd, const char *path);

/* Makes *out the contents of a file. It is read, and *may_read lessened, when it is no longer
 * than *may_read; else mapped. EFORMAT when it is not a regular file, EIO when reading fails or
 * the file becomes shorter meanwhile, ENOMEM. shown stands for the file in messages. fd stays
 * the caller's. */
pare_status pare_mapping_load(pare_ctx *ctx, pare_mapping *out, int fd, const char *shown,
                              uint64_t *may_read);

/* The contents of the file at path, for the caller to unref: opened, loaded (what is longer than
 * may_read mapped) and closed. Fails as the two above. */
pare_status pare_mapping_read(pare_ctx *ctx, pare_buf **out, const char *path, uint64_t may_read);

/* EIO when the file is not what it was when it was loaded (size, time of change). */
pare_status pare_mapping_check(pare_ctx *ctx, const pare_mapping *mapping, int fd,
                               const char *shown);

/* The status that fits errno after open: EFORMAT for what is wrong with the name or the file,
 * EIO for what is not. */
pare_status pare_mapping_errno_status(int error);

#endif
