/* Files of targets: YAML becomes a pare_target (base/contract/target.h). docs/targets.md has the
 * grammar. The targets that pare brings are such files, too, in formats/targets/. */
#ifndef FORMATS_TARGET_H
#define FORMATS_TARGET_H

#include "base/contract/target.h"
#include "base/ctx.h"

/* Right on every x86-64. */
#define PARE_DEFAULT_TARGET "ort-x64"

/* Reads the file at path, or text that messages call `name`. Targets that it says it is `like` are
 * built in, or files beside it (of text: in the current folder). EFORMAT as "NAME:LINE: what is
 * wrong", EIO, ENOMEM. The caller frees *out with pare_target_free. */
pare_status pare_target_read(pare_ctx *ctx, pare_target **out, const char *path);
pare_status pare_target_parse(pare_ctx *ctx, pare_target **out, const char *name, const char *text,
                              size_t n_bytes);

/* The built-in target of that name; or the file, where the word has a '/' or ends in .yaml, .yml or
 * .json. EUSAGE when there is no such target, naming the nearest; else as pare_target_read. */
pare_status pare_target_find(pare_ctx *ctx, pare_target **out, const char *name_or_path);

void pare_target_free(pare_ctx *ctx, pare_target *target); /* accepts NULL */

/* A file that is built in. */
typedef struct pare_target_file {
    const char *name;    /* "ort-x64" */
    const char *text;    /* [n_bytes], and a NUL behind */
    size_t n_bytes;
} pare_target_file;

/* The built-in targets in alphabetical order. */
const pare_target_file *pare_target_files(size_t *n);

/* The one of that name, or NULL. */
const pare_target_file *pare_target_file_of(const char *name);

/* Names of kinds, types and classes, as the files have them. Static. */
const char *pare_figure_kind_name(pare_figure_kind kind); /* "" of NONE */
const char *pare_arithmetic_name(pare_arithmetic type);
const char *pare_work_name(pare_work work);

#endif
