/* What a model that was read keeps alive behind `model->origin`: bytes of its files and the
 * message tree that points into them. */
#ifndef FORMATS_ONNX_STORE_H
#define FORMATS_ONNX_STORE_H

#include "base/arena.h"
#include "formats/onnx/origin.h"
#include "onnx.pb-c.h"

typedef struct pare_onnx_store {
    pare_onnx_origin origin; /* first: origin.h says so */
    pare_allocator allocator;
    pare_arena arena;             /* messages, and what tensors and types point to */
    pare_buf *bytes;              /* the model file; one reference */
    uint8_t *side;                /* payloads that the scanner joined */
    pare_onnx_origin_file *files; /* one reference to each one's bytes */
    size_t files_cap;
} pare_onnx_store;

/* New store over bytes (which gains a reference), as the buffer that model->origin wants, with one
 * reference; *store lives as long. ENOMEM. */
pare_status pare_onnx_store_new(pare_ctx *ctx, pare_onnx_store **store, pare_buf **origin,
                                pare_buf *bytes);

/* Adds a file; takes over the reference to its bytes, also on failure. ENOMEM. */
pare_status pare_onnx_store_add_file(pare_ctx *ctx, pare_onnx_store *store, pare_buf *bytes,
                                     dev_t device, ino_t inode);

#endif
