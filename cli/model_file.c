#include "cli/model_file.h"

#include "cli/number.h"

#include "formats/onnx/origin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

pare_onnx_open_opts pare_model_open_opts(const pare_app *app)
{
    return (pare_onnx_open_opts){
        .allow_linked_data = app->shared.allow_linked_data,
        .allow_newer_ir = app->shared.allow_newer_ir,
    };
}

/* What people hand over instead of a model, by how it begins. */
static const struct {
    size_t offset;
    const char *bytes, *hint;
} strangers[] = {
    { 0, "version https://git-lfs", "this is a Git LFS pointer; 'git lfs pull' fetches the file" },
    { 0, "<!", "this is a web page; the download went wrong" },
    { 0, "<html", "this is a web page; the download went wrong" },
    { 0, "PK\x03\x04", "this is a zip archive, such as PyTorch writes; export the model to ONNX" },
    { 0, "\x80\x02", "this is a Python pickle; export the model to ONNX" },
    { 0, "\x89HDF", "this is an HDF5 file, such as Keras writes; convert the model to ONNX" },
    { 4, "TFL3", "this is a TensorFlow Lite model; convert it to ONNX" },
    { 4, "ORTM", "this is a model in ONNX Runtime's own format; ONNX is wanted" },
    { 0, "\x1f\x8b", "this is compressed by gzip; unpack it first" },
    { 0, "\x28\xb5\x2f\xfd", "this is compressed by zstd; unpack it first" },
};

/* A hint for a file that is no model, or NULL. */
static const char *stranger_hint(const char *path)
{
    char head[32] = { 0 };
    struct stat st;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* may be a pipe */
    if (fd < 0) return NULL;
    const ssize_t n = !fstat(fd, &st) && S_ISREG(st.st_mode) ? read(fd, head, sizeof(head)) : 0;
    close(fd);
    for (size_t i = 0; i < PARE_COUNT_OF(strangers); i++) {
        const size_t n_bytes = strlen(strangers[i].bytes), at = strangers[i].offset;
        if (n > 0 && at + n_bytes <= (size_t)n &&
            memcmp(head + at, strangers[i].bytes, n_bytes) == 0)
            return strangers[i].hint;
    }
    return NULL;
}

int pare_model_open(pare_app *app, pare_model **out, const char *path)
{
    const double begun = pare_app_seconds();
    const pare_onnx_open_opts opts = pare_model_open_opts(app);
    const pare_status st = pare_onnx_open(&app->ctx, out, path, &opts);
    if (st) return pare_app_fail(app, pare_exit_for_input(st),
                                 st == PARE_EFORMAT ? stranger_hint(path) : NULL);
    pare_app_note(app, "read %s in %.3f s: %zu nodes, %zu values in %zu graphs", path,
                  pare_app_seconds() - begun, (*out)->n_nodes, (*out)->n_values,
                  (*out)->n_graphs);
    return PARE_EXIT_DONE;
}

static const char *first_location(const pare_model *model)
{
    for (size_t i = 0; i < model->n_values; i++) {
        const pare_tensor *const tensor = model->values[i].tensor;
        if (tensor && tensor->external) return tensor->external->location;
    }
    return "";
}

void pare_model_files_of(pare_model_files *out, const pare_model *model)
{
    *out = (pare_model_files){ 0 };
    const pare_onnx_origin *const origin = pare_onnx_origin_of(model);
    if (!origin || !origin->n_files) return;
    out->file_bytes = origin->files[0].bytes->n_bytes;
    out->n_external = origin->n_files - 1;
    for (size_t i = 1; i < origin->n_files; i++)
        out->external_bytes += origin->files[i].bytes->n_bytes;
    if (out->n_external)
        snprintf(out->first_external, sizeof(out->first_external), "%s", first_location(model));
}

void pare_line_add_files(pare_line *line, const pare_model_files *files)
{
    pare_line_add_bytes(line, files->file_bytes);
    if (!files->n_external) return;
    pare_line_add(line, " and ");
    pare_line_add_bytes(line, files->external_bytes);
    if (files->n_external > 1)
        pare_line_add(line, " of external data in %zu files", files->n_external);
    else if (*files->first_external)
        pare_line_add(line, " of external data in %s", files->first_external);
    else pare_line_add(line, " of external data");
}

void pare_json_add_files(pare_json *json, const char *key, const char *path,
                         const pare_model_files *files)
{
    const char *const slash = strrchr(path, '/');
    pare_json_open_object(json, key);
    pare_json_text(json, "file", slash ? slash + 1 : path);
    pare_json_uint(json, "file_bytes", files->file_bytes);
    pare_json_uint(json, "external_bytes", files->external_bytes);
    pare_json_uint(json, "external_files", files->n_external);
    pare_json_close(json);
}
