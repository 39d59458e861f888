/* ONNX files: opening one as a model, and writing a model as one. */
#ifndef FORMATS_ONNX_ONNX_H
#define FORMATS_ONNX_ONNX_H

#include "ir/model.h"

typedef struct pare_onnx_open_opts {
    bool allow_linked_data; /* external data through links, as long as it stays in the folder */
    bool allow_newer_ir;    /* accept ir_version above the newest that pare knows */
    uint64_t read_bytes;    /* files of a model are read as long as they are no larger together,
                               then mapped; 0: PARE_ONNX_READ_BYTES */
} pare_onnx_open_opts;

/* Opens the model in the file at path. Its bytes, read or mapped (formats/onnx/mapping.h), stay
 * while the model or a clone lives; payloads are views into them. opts may be NULL. The caller
 * frees *out with pare_model_free. Fails with EFORMAT (malformed, contradictory or unsafe; the
 * message starts with the path and names node, field, expected and found), EBUDGET (more
 * messages, nodes or structure than the limits of formats/onnx/limits.h or the context allow),
 * EUNSUPPORTED (newer IR version), EIO, ENOMEM. Methods and limits: docs/format-notes.md. */
pare_status pare_onnx_open(pare_ctx *ctx, pare_model **out, const char *path,
                           const pare_onnx_open_opts *opts);

/* Opens a model that stands in memory; `bytes` gains a reference while payloads point into it. name
 * stands for the path in messages. External data is refused with EFORMAT: there is no folder. */
pare_status pare_onnx_open_bytes(pare_ctx *ctx, pare_model **out, pare_buf *bytes, const char *name,
                                 const pare_onnx_open_opts *opts);

typedef enum pare_onnx_storage {
    PARE_STORE_KEEP,     /* each payload where it was; external above 1.9 GiB in all */
    PARE_STORE_EMBED,    /* all inside of the model file; EUSAGE when that exceeds 2^31-1 bytes */
    /* Initializers of external_min_bytes or more in one data file beside it. Vectors of up to 64
     * elements stay inside, since ONNX's shape inference gives up on external ones. */
    PARE_STORE_EXTERNAL,
} pare_onnx_storage;

typedef struct pare_onnx_save_opts {
    pare_onnx_storage storage;
    uint64_t external_min_bytes;
    /* NULL, or called when all is written but not yet in place, with a path that the model can be
     * opened by. A failure that it returns ends the save like any other. */
    pare_status (*check)(pare_ctx *ctx, const char *path, void *user);
    void *user;
} pare_onnx_save_opts;

/* Writes the model to path: complete or not at all, the old file stays until the new one is
 * whole. A file that was canonical and a model that nothing changed give the same bytes. opts
 * may be NULL: keep. ir_version is raised where something that was not read needs a newer one.
 *
 * New external data goes to one file beside path, NAME-HASH.data by name and content, each
 * payload at a multiple of 4096; it is in place before the model file is. Files of that pattern
 * that only the replaced model used are removed afterwards. Tensors in attributes follow only
 * when the model does not fit otherwise. Kept data files are copied beneath path's folder; what
 * lies there already is shared when it is the same file (with a warning), and never overwritten
 * when it differs.
 *
 * EUSAGE: path is a file that the model was read from, a folder or a device. EUNSUPPORTED: nodes
 * of domain `pare`, functions with initializers, 2^31 bytes or more without payloads. EIO, with
 * path and errno text; ECANCELED; ENOMEM, EBUDGET. After a failure nothing new is left behind. */
pare_status pare_onnx_save(pare_ctx *ctx, const pare_model *model, const char *path,
                           const pare_onnx_save_opts *opts);

/* What pare_onnx_save would write. */
typedef struct pare_onnx_sizes {
    uint64_t file_bytes;      /* the model file */
    uint64_t external_bytes;  /* its data files, whole */
    size_t n_external;        /* how many */
} pare_onnx_sizes;

/* Measures it, with storage kept, without writing or looking at anything. Fails as pare_onnx_save
 * does while it plans. */
pare_status pare_onnx_measure(pare_ctx *ctx, pare_onnx_sizes *out, const pare_model *model,
                              const char *path);

#endif
