#include "cli/model_file.h"

#include "cli/number.h"

#include "formats/onnx/origin.h"

#include <stdio.h>
#include <string.h>

pare_onnx_open_opts pare_model_open_opts(const pare_app *app)
{
    return (pare_onnx_open_opts){
        .allow_linked_data = app->shared.allow_linked_data,
        .allow_newer_ir = app->shared.allow_newer_ir,
    };
}

int pare_model_open(pare_app *app, pare_model **out, const char *path)
{
    const double begun = pare_app_seconds();
    const pare_onnx_open_opts opts = pare_model_open_opts(app);
    const pare_status st = pare_onnx_open(&app->ctx, out, path, &opts);
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
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
