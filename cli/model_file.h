/* Models as files, for verbs: opening with the shared options, and what lies where on the disk. */
#ifndef CLI_MODEL_FILE_H
#define CLI_MODEL_FILE_H

#include "cli/app.h"

#include "formats/onnx/onnx.h"

/* How pare_onnx_open is to be called under the shared options. */
pare_onnx_open_opts pare_model_open_opts(const pare_app *app);

/* Opens a model. Returns PARE_EXIT_DONE, or the exit status of a failure that has been reported. */
int pare_model_open(pare_app *app, pare_model **out, const char *path);

/* The files that a model was read from. */
typedef struct pare_model_files {
    uint64_t file_bytes;     /* the model file */
    uint64_t external_bytes; /* its data files, whole */
    size_t n_external;       /* how many */
    char first_external[PARE_MESSAGE_BYTES]; /* location of one of them; "" when there is none */
} pare_model_files;

void pare_model_files_of(pare_model_files *out, const pare_model *model);

/* "4.96 MB", "12.3 KB and 1.20 GB of external data in w.data". */
void pare_line_add_files(pare_line *line, const pare_model_files *files);

/* Members file (without its folder), file_bytes, external_bytes, external_files of an object. */
void pare_json_add_files(pare_json *json, const char *key, const char *path,
                         const pare_model_files *files);

#endif
