/* A temporary file without a name, for what is unpacked once and then read at random places. It is
 * gone when it is closed, however the process ends. */
#ifndef FORMATS_SPILL_H
#define FORMATS_SPILL_H

#include "base/ctx.h"

typedef struct pare_spill pare_spill;

/* An empty one in $TMPDIR (/tmp without it), or in memory where no folder can be written to. EIO,
 * ENOMEM. The caller closes it. */
pare_status pare_spill_open(pare_ctx *ctx, pare_spill **out);
void pare_spill_close(pare_ctx *ctx, pare_spill *spill); /* accepts NULL */

/* Appends. EIO, saying that TMPDIR names the folder, when the disk is full. */
pare_status pare_spill_write(pare_ctx *ctx, pare_spill *spill, const void *data, size_t n_bytes);

/* Bytes written so far: where the next ones come to lie. */
uint64_t pare_spill_position(const pare_spill *spill);

/* Hands over the descriptor, with all that was written in the file, and frees the rest. EIO. */
pare_status pare_spill_finish(pare_ctx *ctx, pare_spill *spill, int *fd);

#endif
