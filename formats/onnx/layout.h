/* Where each payload of a model goes when it is written: into the model file, into a new data file
 * beside it, or, external already, nowhere new. */
#ifndef FORMATS_ONNX_LAYOUT_H
#define FORMATS_ONNX_LAYOUT_H

#include "base/map.h"
#include "formats/onnx/onnx.h"

enum {
    PARE_ONNX_DATA_ALIGN = 4096,        /* of payloads in data files, so that they can be mapped */
    PARE_ONNX_SHAPE_ELEMENTS = 64,      /* vectors up to this length always stay inside */
    PARE_ONNX_EXTERNAL_MIN_BYTES = 1024 /* shorter payloads stay inside when KEEP goes external */
};
#define PARE_ONNX_MAX_FILE_BYTES UINT64_C(0x7fffffff)   /* what protobuf readers accept */
#define PARE_ONNX_MAX_INLINE_BYTES UINT64_C(2040109465) /* 1.9 GiB: above, KEEP goes external */

/* How much of a model goes external, as far as storage allows. */
typedef enum pare_onnx_layout_level {
    PARE_LAYOUT_AS_IS,
    PARE_LAYOUT_INITIALIZERS, /* initializers of all graphs: what ONNX Runtime surely loads */
    PARE_LAYOUT_ALL,          /* also tensors in attributes and parts of sparse tensors */
} pare_onnx_layout_level;

/* A payload in the new data file. */
typedef struct pare_onnx_slot {
    const pare_tensor *tensor; /* the first one that has this payload */
    uint64_t offset, n_bytes;
} pare_onnx_slot;

/* A data file that the model was read with and that its tensors go on using. */
typedef struct pare_onnx_kept_file {
    const char *location;     /* as the tensors name it */
    const pare_buf *bytes;
    const char *new_location; /* what they are to name instead; NULL: the same */
    bool needs_copy;          /* it is not yet where the written model will look for it (kept.h) */
    bool copied;
    unsigned n_made_folders;  /* that the copy needed */
} pare_onnx_kept_file;

typedef struct pare_onnx_layout {
    pare_onnx_storage storage;
    pare_onnx_layout_level level;
    uint64_t min_bytes;

    pare_onnx_slot *places;  /* in file order */
    size_t n_places, places_cap;
    uint32_t *index;          /* [n_slots] places by payload, hashed; UINT32_MAX: free */
    size_t n_slots;           /* 0 or a power of two */
    uint64_t data_bytes;      /* length of the new data file; 0: none */
    char data_location[256];  /* its name */

    pare_onnx_kept_file *kept; /* in order of first use */
    size_t n_kept, kept_cap;
    pare_map kept_index;      /* location to number in `kept` */

    uint64_t inline_bytes;    /* of payloads that go into the model file */
    bool moves;               /* some payload is written elsewhere than it was read from */
} pare_onnx_layout;

/* Lays out the model. Everything in *layout but storage, min_bytes and level is set. The caller
 * frees it with pare_onnx_layout_free, on failure too. ENOMEM. */
pare_status pare_onnx_layout_plan(pare_ctx *ctx, pare_onnx_layout *layout, const pare_model *model);
void pare_onnx_layout_free(pare_ctx *ctx, pare_onnx_layout *layout);

/* Has the tensors in a kept file name it by new_location, which must live as long as the layout. */
void pare_onnx_layout_rename(pare_onnx_layout *layout, size_t kept, const char *new_location);

/* Where one tensor's payload goes. */
typedef struct pare_onnx_spot {
    const char *location; /* NULL: into the model file */
    uint64_t offset, n_bytes;
    bool moved;           /* elsewhere than the tensor says */
} pare_onnx_spot;

pare_onnx_spot pare_onnx_layout_spot(const pare_onnx_layout *layout, const pare_tensor *tensor);

/* Whether some payload in the attribute, however deep, is written elsewhere than it was. */
bool pare_onnx_layout_moves(const pare_onnx_layout *layout, const pare_attr *attr);

#endif
