/* Payloads that lie in other files than the model. Paths in a model are input from a stranger: a
 * location is opened beneath the model's folder only, without following links, and what was
 * opened is checked by its descriptor, never by its name. */
#ifndef FORMATS_ONNX_EXTERNAL_H
#define FORMATS_ONNX_EXTERNAL_H

#include "base/map.h"
#include "formats/onnx/store.h"

typedef struct pare_onnx_external {
    pare_onnx_store *store; /* keeps the files */
    int folder;             /* descriptor of the model's folder; -1: there is none */
    int linked_folder;      /* with allow_linked: of the folder of the file that the model's path
                                 leads to through links; -1: the same or none */
    bool allow_linked;
    bool warned_key, warned_link;
    uint64_t may_read; /* bytes that may still be read rather than mapped */
    pare_map known;    /* locations and identities of files to indices in the store */
    pare_arena names;  /* of `known` */
} pare_onnx_external;

/* Where a payload lies, as the entries of external_data have it. */
typedef struct pare_onnx_place {
    const char *location;
    uint64_t offset, n_bytes;
    bool has_length;
} pare_onnx_place;

/* Prepares the resolver for the model at path (NULL: a model without folder, all data refused),
 * which may still read that many bytes into memory. */
pare_status pare_onnx_external_init(pare_ctx *ctx, pare_onnx_external *x, pare_onnx_store *store,
                                    const char *path, bool allow_linked, uint64_t may_read);
void pare_onnx_external_free(pare_ctx *ctx, pare_onnx_external *x);

/* Reads external_data of a tensor. Unknown keys are warned of once. EFORMAT: no location, a key
 * twice, numbers that are not plain decimal. */
pare_status pare_onnx_external_place(pare_ctx *ctx, pare_onnx_external *x, pare_onnx_place *out,
                                     const Onnx__TensorProto *tensor);

/* The n_bytes that a tensor expects at a place, and the file they are in (a buffer of the
 * store). Each file is loaded once. EFORMAT: unsafe location, not there, not a regular file,
 * linked more than once, outside of the folder, length or offset that do not fit; EIO; ENOMEM.
 * Without a length in the place, the file need only be long enough. */
pare_status pare_onnx_external_bytes(pare_ctx *ctx, pare_onnx_external *x, pare_bytes *out,
                                     pare_buf **file, const pare_onnx_place *place,
                                     uint64_t n_bytes);

#endif
