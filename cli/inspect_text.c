#include "cli/inspect_text.h"

#include "cli/number.h"

#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 80,
    MAX_ROWS = 16,         /* of a list, unless --verbose */
    MAX_NAME_COLUMNS = 40, /* that types are aligned behind */
};

static size_t rows_shown(const pare_app *app, size_t n)
{
    return app->shared.verbose || n <= MAX_ROWS ? n : MAX_ROWS;
}

static void print_rest(pare_app *app, size_t n_shown, size_t n)
{
    if (n_shown == n) return;
    pare_line line = { 0 };
    pare_line_add(&line, "  and %zu more; --verbose shows them", n - n_shown);
    pare_app_print(app, line.text);
}

static void add_plural(pare_line *line, uint64_t n, const char *one, const char *many)
{
    pare_line_add_count(line, n);
    pare_line_add(line, " %s", n == 1 ? one : many);
}

/* --- head ------------------------------------------------------------------------------------- */

static bool is_used(const pare_summary *s, const char *domain)
{
    for (size_t i = 0; i < s->n_ops; i++) {
        if (pare_str_eq(s->ops[i].domain, domain)) return true;
    }
    return false;
}

/* "opset 13, com.microsoft 1": what the operators come from; exporters import more than that. */
static void add_opsets(pare_line *line, const pare_app *app, const pare_model *model,
                       const pare_summary *summary)
{
    size_t n_unused = 0;
    for (size_t i = 0; i < model->opsets.n; i++) {
        const char *const domain = pare_domain_normal(model->opsets.items[i].domain);
        if (*domain && !app->shared.verbose && !is_used(summary, domain)) n_unused++;
        else pare_line_add(line, ", %s %lld", *domain ? domain : "opset",
                           (long long)model->opsets.items[i].version);
    }
    if (!n_unused) return;
    pare_line_add(line, ", ");
    add_plural(line, n_unused, "unused import", "unused imports");
}

static void print_head(pare_app *app, const char *path, const pare_model *model,
                       const pare_summary *summary)
{
    pare_line line = { 0 };
    pare_model_files files;
    pare_model_files_of(&files, model);
    pare_line_add(&line, "%s: ", path);
    pare_line_add_files(&line, &files);
    pare_app_print(app, line.text);

    pare_line_clear(&line);
    pare_line_add(&line, "ONNX IR version %lld", (long long)model->ir_version);
    add_opsets(&line, app, model, summary);
    pare_app_print(app, line.text);

    const char *const producer = pare_str_or_empty(model->producer_name);
    if (!*producer) return;
    pare_line_clear(&line);
    const char *const version = pare_str_or_empty(model->producer_version);
    pare_line_add(&line, "made by %s%s%s", producer, *version ? " " : "", version);
    pare_app_print(app, line.text);
}

/* --- inputs and outputs ----------------------------------------------------------------------- */

static void print_values(pare_app *app, const char *title, const pare_summary_value *values,
                         size_t n)
{
    const size_t n_shown = rows_shown(app, n);
    size_t column = 0;
    for (size_t i = 0; i < n_shown; i++) {
        const size_t columns = pare_text_columns(values[i].name);
        if (columns > column && columns <= MAX_NAME_COLUMNS) column = columns;
    }
    printf("\n%s\n", title);
    if (!n) puts("  none");
    for (size_t i = 0; i < n_shown; i++) {
        char text[PARE_LINE_BYTES / 2];
        pare_line line = { 0 };
        pare_line_add(&line, "  %s", values[i].name);
        pare_line_pad(&line, column + 2);
        const pare_type *const type = values[i].type;
        pare_line_add(&line, "  %s",
                      type ? pare_type_text(text, sizeof(text), type) : "of unknown type");
        pare_app_print(app, line.text);
    }
    print_rest(app, n_shown, n);
}

/* --- weights ---------------------------------------------------------------------------------- */

static void print_weights(pare_app *app, const pare_summary *s)
{
    const uint64_t all_bytes = s->embedded_bytes + s->external_bytes;
    pare_line line = { 0 };
    pare_line_add(&line, "\nParameters: ");
    pare_line_add_count(&line, s->n_params);
    if (s->external_bytes) {
        pare_line_add(&line, ", ");
        pare_line_add_bytes(&line, s->embedded_bytes);
        pare_line_add(&line, " inside of the model file, ");
        pare_line_add_bytes(&line, s->external_bytes);
        pare_line_add(&line, " outside");
    }
    puts(line.text);
    for (size_t i = 0; i < s->n_dtypes; i++) {
        const pare_summary_dtype *const row = &s->dtypes[i];
        const double part = all_bytes ? (double)row->n_bytes / (double)all_bytes : 0;
        pare_line bytes = { 0 };
        pare_line_add_bytes(&bytes, row->n_bytes);
        pare_line_clear(&line);
        pare_line_add(&line, "  %-14s %7s %6.1f %%   ", pare_dtype_name(row->dtype), bytes.text,
                      100 * part);
        add_plural(&line, row->n_elements, "element", "elements");
        pare_line_add(&line, " in ");
        add_plural(&line, row->n_tensors, "tensor", "tensors");
        pare_app_print(app, line.text);
    }
}

/* --- operators -------------------------------------------------------------------------------- */

static void operator_text(pare_line *out, const pare_summary_op *op, size_t count_columns)
{
    char count[24];
    snprintf(count, sizeof(count), "%llu", (unsigned long long)op->n);
    pare_line_pad(out, out->n + count_columns - strlen(count));
    pare_line_add(out, "%s  %s%s%s", count, op->domain, *op->domain ? "." : "", op->op_type);
}

static size_t count_columns(const pare_summary *s)
{
    return s->n_ops ? (size_t)snprintf(NULL, 0, "%llu", (unsigned long long)s->ops[0].n) : 0;
}

/* In columns that are read downwards, as `ls` has them. */
static void print_operators(pare_app *app, const pare_summary *s)
{
    pare_line line = { 0 };
    pare_line_add(&line, "\nOperators: ");
    add_plural(&line, s->n_nodes, "node", "nodes");
    if (s->n_subgraphs) {
        pare_line_add(&line, ", some of them in ");
        add_plural(&line, s->n_subgraphs, "subgraph", "subgraphs");
    }
    puts(line.text);
    size_t widest = 0;
    for (size_t i = 0; i < s->n_ops; i++) {
        pare_line_clear(&line);
        operator_text(&line, &s->ops[i], count_columns(s));
        const size_t columns = pare_text_columns(line.text) + 3;
        if (columns > widest) widest = columns;
    }
    const size_t n_columns = widest && widest < WIDTH - 2 ? (WIDTH - 2) / widest : 1;
    const size_t n_rows = (s->n_ops + n_columns - 1) / n_columns;
    for (size_t row = 0; row < n_rows; row++) {
        pare_line_clear(&line);
        pare_line_add(&line, "  ");
        for (size_t i = row; i < s->n_ops; i += n_rows) {
            pare_line_pad(&line, 2 + i / n_rows * widest);
            operator_text(&line, &s->ops[i], count_columns(s));
        }
        pare_app_print(app, line.text);
    }
}

static void print_functions(pare_app *app, const pare_model *model)
{
    const size_t n_shown = rows_shown(app, model->n_functions);
    if (model->n_functions) puts("\nFunctions");
    for (size_t i = 0; i < n_shown; i++) {
        const pare_function *const f = model->functions[i];
        const char *const domain = pare_str_or_empty(f->domain);
        const char *const overload = pare_str_or_empty(f->overload);
        pare_line line = { 0 };
        pare_line_add(&line, "  %s%s%s", domain, *domain ? "." : "", pare_str_or_empty(f->name));
        pare_line_add(&line, "%s%s: ", *overload ? " overload " : "", overload);
        add_plural(&line, f->body->n_nodes, "node", "nodes");
        pare_app_print(app, line.text);
    }
    print_rest(app, n_shown, model->n_functions);
}

static void print_metadata(pare_app *app, const pare_props *props)
{
    const size_t n_shown = rows_shown(app, props->n);
    if (props->n) puts("\nMetadata");
    for (size_t i = 0; i < n_shown; i++) {
        char text[PARE_LINE_BYTES];
        pare_line line = { 0 };
        pare_line_add(&line, "  %s = %s", pare_str_or_empty(props->items[i].key),
                      pare_str_or_empty(props->items[i].value));
        /* pare_escape cuts with an ellipsis where the text does not fit. */
        pare_escape(text, app->shared.verbose ? sizeof(text) : WIDTH + 1, line.text);
        puts(text);
    }
    print_rest(app, n_shown, props->n);
}

void pare_inspect_print(pare_app *app, const char *path, const pare_model *model,
                        const pare_summary *summary)
{
    print_head(app, path, model, summary);
    print_values(app, "Inputs", summary->inputs, summary->n_inputs);
    print_values(app, "Outputs", summary->outputs, summary->n_outputs);
    print_weights(app, summary);
    print_operators(app, summary);
    print_functions(app, model);
    print_metadata(app, &model->props);
}
