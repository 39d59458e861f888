/* Going through a folder and what is below it. */
#ifndef FORMATS_DATASET_FOLDER_H
#define FORMATS_DATASET_FOLDER_H

#include "base/ctx.h"

/* Takes one file: its path relative to the folder, borrowed for the call, and its size. */
typedef pare_status pare_folder_take(void *user, pare_ctx *ctx, const char *path, uint64_t n_bytes);

/* Calls take for every file below the open folder dir_fd, called shown in messages, in no
 * particular order. Names that begin with a dot are passed over, links to files followed. EFORMAT
 * for links to folders and what is neither file nor folder, and beyond 16 levels; EIO; what take
 * returns ends it. */
pare_status pare_folder_walk(pare_ctx *ctx, int dir_fd, const char *shown, pare_folder_take *take,
                             void *user);

#endif
