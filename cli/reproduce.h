/* What running a verb once more takes: its files, a folder for what it leaves. */
#ifndef CLI_REPRODUCE_H
#define CLI_REPRODUCE_H

#include "cli/app.h"

/* Finds the file or folder called name in root or beneath it; of several that one whose content has
 * this sha256 (NULL: of any), else the one that is nearest to root. Writes its path to out. EIO
 * with a message when there is none, and for a name that is no plain one; EUSAGE when several are
 * equally near. */
pare_status pare_find_beneath(pare_ctx *ctx, char *out, size_t out_bytes, const char *root,
                              const char *name, const char *sha256);

/* A folder of its own among temporary files. */
typedef struct pare_scratch {
    char path[4096]; /* "": there is none */
} pare_scratch;

/* EIO. pare_scratch_close removes it with all that is in it, and accepts a zeroed one. */
pare_status pare_scratch_open(pare_ctx *ctx, pare_scratch *out);
void pare_scratch_close(pare_scratch *scratch);

/* Writes text to a file in it, whose path goes to out. EIO. */
pare_status pare_scratch_write(pare_ctx *ctx, const pare_scratch *scratch, char *out,
                               size_t out_bytes, const char *name, const char *text);

#endif
