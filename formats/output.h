/* An output file that appears complete or not at all.
 *
 * Bytes go to a temporary file beside the target, `.NAME.pare-tmp`, which commit renames into
 * place; until then the target stays as it was. The temporary file is locked, so that two writers
 * never work on one target; one that a killed process left behind is replaced. */
#ifndef FORMATS_OUTPUT_H
#define FORMATS_OUTPUT_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_output pare_output;

/* Starts writing path. An existing target must be a regular file or a link (the link itself is
 * replaced, not what it points to): EUSAGE otherwise. EIO when the folder cannot be written to or
 * another process is writing the same target; ENOMEM. The caller ends it with commit or abort. */
pare_status pare_output_open(pare_ctx *ctx, pare_output **out, const char *path);

/* The same for a file called name in an open folder; path is how messages call it. dir_fd is
 * duplicated. */
pare_status pare_output_open_at(pare_ctx *ctx, pare_output **out, int dir_fd, const char *name,
                                const char *path);

/* The folder of the target, open for the *at functions for as long as the output lives. */
int pare_output_dir(const pare_output *out);

/* The target's file name within that folder. */
const char *pare_output_name(const pare_output *out);

/* The identity of the new file, and whether dir_fd/name is that file: asked after a commit, which
 * frees the output, it tells whether the target is still the one that was put there. */
struct stat;
void pare_output_stat(const pare_output *out, struct stat *identity);
bool pare_output_is_at(int dir_fd, const char *name, const struct stat *identity);

/* Gives the file the permission bits that `model` will have: data beside a private file is private.
 * EIO. */
pare_status pare_output_keep_mode_of(pare_ctx *ctx, pare_output *out, const pare_output *model);

/* Claims room for n_bytes in all, so that a full disk is found before the work: EIO when there is
 * less. */
pare_status pare_output_reserve(pare_ctx *ctx, pare_output *out, uint64_t n_bytes);

/* Reports progress from here on as `phase`, counting from done to total bytes
 * (pare_report_progress). */
void pare_output_report(pare_output *out, const char *phase, uint64_t done, uint64_t total);

/* Appends; long runs go to the system without a copy. The first failure (EIO, or
 * ECANCELED when the caller asked to stop) sticks: all later calls return it without writing. */
pare_status pare_output_write(pare_ctx *ctx, pare_output *out, const void *data, size_t n_bytes);

/* Hands what was written so far to the system and sets *name to what the file is called until it is
 * committed, beside its target, so that it can be read back. *name lives as long as out. */
pare_status pare_output_settle(pare_ctx *ctx, pare_output *out, const char **name);

/* Bytes written so far. */
uint64_t pare_output_position(const pare_output *out);

/* Puts the file into place: flush, fsync, rename, fsync of the folder. An existing target's
 * permission bits are kept. On failure the target is as before and nothing is left behind, except
 * that a failing fsync of the folder (EIO) comes after the rename. Frees out in every case. */
pare_status pare_output_commit(pare_ctx *ctx, pare_output *out);

/* The same under another name in the same folder, for names that depend on the content. */
pare_status pare_output_commit_as(pare_ctx *ctx, pare_output *out, const char *name);

/* Drops what was written; the target stays as it was. Keeps the message in ctx. Accepts NULL. */
void pare_output_abort(pare_ctx *ctx, pare_output *out);

/* Keeps other writers away from a target without writing it: what tidies up beside it is alone
 * then. Returns a descriptor for unlock, or -1 when somebody is writing. */
int pare_output_lock(int dir_fd, const char *name);
void pare_output_unlock(int dir_fd, const char *name, int lock_fd);

/* Removes the temporary file of an earlier writer of `name` that ended without commit or abort,
 * unless somebody is writing to it. */
void pare_output_sweep(int dir_fd, const char *name);

#endif
