/* Data files that a model brought along and goes on using: they must lie beneath the folder that
 * the model is written to, under the names that the model gives them. */
#ifndef FORMATS_ONNX_KEPT_H
#define FORMATS_ONNX_KEPT_H

#include "formats/onnx/datafile.h"

/* Bytes written so far and in all, over the files of one model. */
typedef struct pare_onnx_progress {
    uint64_t done, total;
} pare_onnx_progress;

/* Finds out, for each kept file of layout, whether it is in place already: the same file (a
 * warning says that input and output share it) or one with the same content. Otherwise it is to
 * be copied. A file with other content is never overwritten: the copy gets a name by its hash
 * (datafile.h) and its tensors are renamed to that, which lives in arena. ENOMEM, EBUDGET,
 * ECANCELED. */
pare_status pare_onnx_kept_resolve(pare_ctx *ctx, pare_onnx_layout *layout, pare_arena *arena,
                                   const pare_model *model, const pare_onnx_target *target);

/* Bytes that pare_onnx_kept_copy will write. */
uint64_t pare_onnx_kept_copy_bytes(const pare_onnx_layout *layout);

/* Copies what is to be copied, making folders as needed. Nothing outside of the folder is
 * written to, links are not followed. On failure, pare_onnx_kept_undo is the caller's. */
pare_status pare_onnx_kept_copy(pare_ctx *ctx, pare_onnx_layout *layout,
                                const pare_onnx_target *target, pare_onnx_progress *progress);

/* Removes the copies made and the folders made for them. */
void pare_onnx_kept_undo(pare_onnx_layout *layout, const pare_onnx_target *target);

#endif
