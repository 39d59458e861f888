/* Which files a model was read from: what the reader leaves for the writer. */
#ifndef FORMATS_ONNX_ORIGIN_H
#define FORMATS_ONNX_ORIGIN_H

#include "ir/model.h"

#include <sys/types.h>

typedef struct pare_onnx_origin_file {
    const pare_buf *bytes; /* its contents; `external->file` of a tensor is this same buffer */
    dev_t device;
    ino_t inode;
} pare_onnx_origin_file;

/* The reader's own struct for `model->origin->owner` starts with this one. */
typedef struct pare_onnx_origin {
    const pare_onnx_origin_file *files; /* the model file first, then its data files */
    size_t n_files;                     /* 0: opened from memory */
} pare_onnx_origin;

/* NULL for a model that was made here. */
static inline const pare_onnx_origin *pare_onnx_origin_of(const pare_model *model)
{
    return model->origin ? model->origin->owner : NULL;
}

#endif
