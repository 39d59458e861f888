#include "cli/run_outputs.h"

#include "formats/npy.h"
#include "formats/onnx/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 160, PATH_BYTES = 4096, SHOWN_STRINGS = 3, SHOWN_STRING_BYTES = 40 };

/* --- names ------------------------------------------------------------------------------------ */

/* The name with everything but letters, digits, '.', '_' and '-' made '_'; cut where it is long. */
static void plain_name(char out[NAME_BYTES], const char *name)
{
    size_t n = 0;
    for (; name[n] && n + 1 < NAME_BYTES; n++) {
        const char c = name[n];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
        out[n] = plain && (n || (c != '.' && c != '-')) ? c : '_';
    }
    out[n] = '\0';
}

static bool same_file(const char *a, const char *b) /* also where case does not count */
{
    return strcasecmp(a, b) == 0;
}

/* File name of output i without its suffix: a number tells those apart that would be the same. */
static void file_name(char out[NAME_BYTES + 24], const pare_model *model, size_t i)
{
    const pare_decls *outputs = &model->graph->outputs;
    char mine[NAME_BYTES], other[NAME_BYTES];
    bool is_unique = true;
    plain_name(mine, model->values[outputs->items[i].value].name);
    for (size_t k = 0; k < outputs->n; k++) {
        plain_name(other, model->values[outputs->items[k].value].name);
        if (k != i && same_file(mine, other)) is_unique = false;
    }
    if (is_unique) snprintf(out, NAME_BYTES + 24, "%s", mine);
    else snprintf(out, NAME_BYTES + 24, "%s-%zu", mine, i);
}

/* --- showing ---------------------------------------------------------------------------------- */

static void add_tensor_type(pare_line *line, const pare_tensor *t)
{
    pare_line_add(line, "%s", pare_dtype_name(t->dtype));
    for (uint32_t i = 0; i < t->rank; i++)
        pare_line_add(line, "%s%" PRId64, i ? "," : "[", t->dims[i]);
    if (t->rank) pare_line_add(line, "]");
}

static void add_type(pare_line *line, const pare_datum *d)
{
    switch (d->kind) {
    case PARE_TYPE_TENSOR: add_tensor_type(line, d->tensor); break;
    case PARE_TYPE_SEQUENCE: pare_line_add(line, "sequence of %zu", d->n_items); break;
    default: pare_line_add(line, d->n_items ? "optional" : "none"); break;
    }
}

static void add_strings(pare_line *line, const pare_tensor *t)
{
    for (int64_t i = 0; i < t->n_elements && i < SHOWN_STRINGS; i++) {
        const pare_bytes s = t->strings[i];
        const int n = s.n < SHOWN_STRING_BYTES ? (int)s.n : SHOWN_STRING_BYTES;
        pare_line_add(line, "%s\"%.*s\"", i ? " " : "  ", n, n ? (const char *)s.data : "");
    }
    if (t->n_elements > SHOWN_STRINGS) pare_line_add(line, " ...");
}

static void print_tensor(pare_app *app, const char *name, const pare_tensor *t)
{
    pare_line line = { 0 };
    pare_digest d;
    pare_digest_of(&d, t);
    pare_line_add(&line, "%s  ", name);
    add_tensor_type(&line, t);
    if (!t->n_elements) pare_line_add(&line, "  empty");
    if (t->dtype == PARE_STRING) add_strings(&line, t);
    if (d.has_numbers && t->n_elements > 1)
        pare_line_add(&line, "  min %.6g  max %.6g  mean %.6g", d.min, d.max, d.mean);
    if (d.n_nan) pare_line_add(&line, "  NaN %" PRId64, d.n_nan);
    if (d.n_first) pare_line_add(&line, t->n_elements > 1 ? "  first" : " ");
    for (uint32_t i = 0; i < d.n_first; i++) pare_line_add(&line, " %.6g", d.first[i]);
    pare_app_print(app, line.text);
}

/* Elements of sequences and optionals follow, named after it. Types are of bounded depth. */
static void print_datum(pare_app *app, const char *name, const pare_datum *d)
{
    pare_line line = { 0 };
    if (d->kind == PARE_TYPE_TENSOR) {
        print_tensor(app, name, d->tensor);
        return;
    }
    pare_line_add(&line, "%s  ", name);
    add_type(&line, d);
    pare_app_print(app, line.text);
    for (size_t i = 0; i < d->n_items; i++) {
        pare_line item = { 0 };
        pare_line_add(&item, "%s.%zu", name, i);
        print_datum(app, item.text, &d->items[i]);
    }
}

void pare_run_print(pare_app *app, const pare_model *model, const pare_datum *outputs)
{
    const pare_decls *decls = &model->graph->outputs;
    for (size_t i = 0; i < decls->n; i++)
        print_datum(app, model->values[decls->items[i].value].name, &outputs[i]);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_tensor(pare_json *j, const pare_tensor *t)
{
    pare_digest d;
    pare_digest_of(&d, t);
    pare_json_text(j, "dtype", pare_dtype_name(t->dtype));
    pare_json_open_array(j, "dims");
    for (uint32_t i = 0; i < t->rank; i++) pare_json_int(j, NULL, t->dims[i]);
    pare_json_close(j);
    pare_json_real(j, "min", d.has_numbers ? d.min : NAN);
    pare_json_real(j, "max", d.has_numbers ? d.max : NAN);
    pare_json_real(j, "mean", d.has_numbers ? d.mean : NAN);
    pare_json_int(j, "nan", d.n_nan);
    pare_json_open_array(j, "first");
    for (uint32_t i = 0; i < d.n_first; i++) pare_json_real(j, NULL, d.first[i]);
    pare_json_close(j);
}

void pare_run_json(pare_json *json, const pare_model *model, const pare_datum *outputs,
                   const char *dir)
{
    const pare_decls *decls = &model->graph->outputs;
    for (size_t i = 0; i < decls->n; i++) {
        const pare_datum *d = &outputs[i];
        pare_line type = { 0 };
        char name[NAME_BYTES + 24];
        add_type(&type, d);
        file_name(name, model, i);
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", model->values[decls->items[i].value].name);
        pare_json_text(json, "type", type.text);
        if (d->kind == PARE_TYPE_TENSOR) json_tensor(json, d->tensor);
        if (dir && d->kind == PARE_TYPE_TENSOR) {
            pare_line file = { 0 };
            pare_line_add(&file, "%s.npy", name);
            pare_json_text(json, "file", file.text);
        }
        pare_json_close(json);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static pare_status fail_system(pare_ctx *ctx, const char *path, const char *what)
{
    return pare_fail(ctx, PARE_EIO, "%s: %s: %s", path, what, strerror(errno));
}

pare_status pare_run_make_dir(pare_ctx *ctx, const char *dir)
{
    struct stat st;
    if (!mkdir(dir, 0777)) return PARE_OK;
    if (errno == EEXIST && !stat(dir, &st) && S_ISDIR(st.st_mode)) return PARE_OK;
    return fail_system(ctx, dir, "cannot make the folder");
}

/* Recursion: as deep as types are. */
static pare_status write_npy(pare_ctx *ctx, const char *stem, const pare_datum *d)
{
    char path[PATH_BYTES];
    const bool is_tensor = d->kind == PARE_TYPE_TENSOR;
    for (size_t i = 0; !is_tensor && i < d->n_items; i++) {
        if (snprintf(path, sizeof(path), "%s.%zu", stem, i) >= (int)sizeof(path))
            return pare_fail(ctx, PARE_EUSAGE, "%s: the path is too long", stem);
        PARE_TRY(write_npy(ctx, path, &d->items[i]));
    }
    if (!is_tensor) return PARE_OK;
    if (snprintf(path, sizeof(path), "%s.npy", stem) >= (int)sizeof(path))
        return pare_fail(ctx, PARE_EUSAGE, "%s: the path is too long", stem);
    return pare_npy_write(ctx, path, d->tensor);
}

pare_status pare_run_write(pare_ctx *ctx, const pare_model *model, const pare_datum *outputs,
                           const char *dir)
{
    char name[NAME_BYTES + 24], stem[PATH_BYTES];
    for (size_t i = 0; i < model->graph->outputs.n; i++) {
        file_name(name, model, i);
        if (snprintf(stem, sizeof(stem), "%s/%s", dir, name) >= (int)sizeof(stem))
            return pare_fail(ctx, PARE_EUSAGE, "%s: the path is too long", dir);
        PARE_TRY(write_npy(ctx, stem, &outputs[i]));
    }
    return PARE_OK;
}

/* --- test data -------------------------------------------------------------------------------- */

/* A set under its temporary name, and what was put into it, so that it can be taken away again. */
typedef struct data_set {
    pare_ctx *ctx;
    const pare_model *model;
    char temp[PATH_BYTES];
    size_t n_written[2];      /* inputs, outputs */
} data_set;

static const char *const parts[] = { "input", "output" };

static pare_status set_path(const data_set *set, char path[PATH_BYTES], int part, size_t i)
{
    const int n = snprintf(path, PATH_BYTES, "%s/%s_%zu.pb", set->temp, parts[part], i);
    return n < PATH_BYTES ? PARE_OK : pare_fail(set->ctx, PARE_EUSAGE, "%s: the path is too long",
                                                set->temp);
}

static pare_status write_part(data_set *set, int part, const char *name, const pare_datum *datum)
{
    char path[PATH_BYTES];
    PARE_TRY(set_path(set, path, part, set->n_written[part]));
    PARE_TRY(pare_onnx_write_value(set->ctx, path, name, datum));
    set->n_written[part]++;
    return PARE_OK;
}

static pare_status write_parts(data_set *set, const pare_eval_input *inputs, size_t n_inputs,
                               const pare_datum *outputs)
{
    const pare_graph *graph = set->model->graph;
    for (size_t i = 0; i < graph->inputs.n; i++) {
        const char *name = set->model->values[graph->inputs.items[i].value].name;
        for (size_t k = 0; k < n_inputs; k++)
            if (pare_str_eq(inputs[k].name, name))
                PARE_TRY(write_part(set, 0, name, &inputs[k].datum));
    }
    for (size_t i = 0; i < graph->outputs.n; i++)
        PARE_TRY(write_part(set, 1, set->model->values[graph->outputs.items[i].value].name,
                            &outputs[i]));
    return PARE_OK;
}

static void remove_set(const data_set *set)
{
    char path[PATH_BYTES];
    for (int part = 0; part < 2; part++)
        for (size_t i = 0; i < set->n_written[part]; i++)
            if (snprintf(path, PATH_BYTES, "%s/%s_%zu.pb", set->temp, parts[part], i) < PATH_BYTES)
                unlink(path);
    rmdir(set->temp);
}

pare_status pare_run_write_set(pare_ctx *ctx, const pare_model *model, const char *dir,
                               uint64_t number, const pare_eval_input *inputs, size_t n_inputs,
                               const pare_datum *outputs)
{
    data_set set = { .ctx = ctx, .model = model };
    char path[PATH_BYTES];
    struct stat found;
    const int n = snprintf(path, sizeof(path), "%s/test_data_set_%" PRIu64, dir, number);
    const int m = snprintf(set.temp, sizeof(set.temp), "%s/.test_data_set_%" PRIu64 ".pare-tmp",
                           dir, number);
    if (n >= PATH_BYTES || m >= PATH_BYTES)
        return pare_fail(ctx, PARE_EUSAGE, "%s: the path is too long", dir);
    if (!lstat(path, &found))
        return pare_fail(ctx, PARE_EUSAGE, "%s: is there already; name another folder", path);
    if (mkdir(set.temp, 0777)) return fail_system(ctx, set.temp, "cannot make the folder");
    pare_status st = write_parts(&set, inputs, n_inputs, outputs);
    if (!st && rename(set.temp, path)) st = fail_system(ctx, path, "cannot put it into place");
    if (st) remove_set(&set);
    return st;
}
