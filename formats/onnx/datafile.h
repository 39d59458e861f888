/* The data file that pare makes beside a model: `MODEL-HASH.data`, HASH being 16 hex digits of the
 * XXH3-64 of its bytes. The name depends on nothing but model name and content, so that old and new
 * model never share one that differs, and whoever is left unused can be told by its name. */
#ifndef FORMATS_ONNX_DATAFILE_H
#define FORMATS_ONNX_DATAFILE_H

#include "formats/onnx/layout.h"
#include "formats/output.h"

enum { PARE_ONNX_DATA_NAME_BYTES = 256 };

/* Where a model is being written. */
typedef struct pare_onnx_target {
    int dir_fd;       /* its folder */
    const char *name; /* the model file's in there */
    const char *path; /* for messages */
} pare_onnx_target;

/* The name of the data file with this hash. A model name too long for that is cut, one that is not
 * UTF-8, which no ONNX file could name, becomes "model". */
void pare_onnx_data_name(char out[PARE_ONNX_DATA_NAME_BYTES], const char *model_name,
                         uint64_t hash);

uint64_t pare_onnx_data_hash(const pare_buf *bytes);

/* Writes the layout's places, each at its offset, zeros between, and gives the hash of it all.
 * EFORMAT when a payload is malformed; otherwise as pare_output_write. */
pare_status pare_onnx_data_write(pare_ctx *ctx, pare_output *data, const pare_onnx_layout *layout,
                                 uint64_t *hash);

/* Removes data files of earlier models of this name that layout does not use, and what killed
 * writers left of such; never a file that the model was read from. */
void pare_onnx_data_collect(const pare_onnx_target *target, const pare_onnx_layout *layout,
                            const pare_model *model);

/* Whether dir_fd/name, links followed, is a file that the model was read from. */
bool pare_onnx_is_input(const pare_model *model, int dir_fd, const char *name);

/* Path of another file in the target's folder, for messages; freed with pare_free. ENOMEM. */
pare_status pare_onnx_path_beside(pare_ctx *ctx, char **out, const pare_onnx_target *target,
                                  const char *name);

#endif
