#include "cli/layers.h"

#include "cli/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 512, NAME_COLUMNS = 32, OP_COLUMNS = 22, TYPE_COLUMNS = 30 };

int pare_layers_make(pare_app *app, pare_layer_list *out, const pare_model *model,
                     const pare_shape_options *options)
{
    pare_shapes_given given;
    *out = (pare_layer_list){ 0 };
    int status = pare_shapes_read(app, &given, options);
    if (!status) {
        pare_status st = pare_infer(&app->ctx, &out->shapes, model, &given.opts);
        if (!st) st = pare_layers_list(&app->ctx, &out->items, &out->n, model);
        if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    }
    pare_shapes_given_free(app, &given);
    return status;
}

void pare_layers_free(pare_app *app, pare_layer_list *list)
{
    pare_free(&app->ctx, list->items);
    pare_shapes_free(&app->ctx, list->shapes);
}

/* Operator with its domain, where that is not ONNX's own. */
static void op_text(char out[TEXT_BYTES], const pare_node *n)
{
    const char *domain = pare_node_domain(n);
    snprintf(out, TEXT_BYTES, "%s%s%s", domain, *domain ? "." : "", pare_str_or_empty(n->op_type));
}

/* Type and shape of a node's first output. */
static void type_text(char out[TEXT_BYTES], const pare_layer_list *list, const pare_node *n)
{
    out[0] = '\0';
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        pare_info_text(out, TEXT_BYTES, list->shapes, pare_shapes_of(list->shapes, n->outputs[i]));
        return;
    }
}

/* Cuts text that is longer in the middle, where names differ least; `columns` counts bytes, which
 * is near enough for a table. */
static const char *fit(char out[TEXT_BYTES], const char *text, size_t columns)
{
    const size_t n = strlen(text);
    if (n <= columns || columns < 8) {
        snprintf(out, TEXT_BYTES, "%s", text);
        return out;
    }
    const size_t head = columns / 3;
    snprintf(out, TEXT_BYTES, "%.*s..%s", (int)head, text, text + n - (columns - head - 2));
    return out;
}

static void start_row(pare_line *line, const char *name, const char *op, const char *type)
{
    pare_line_add(line, "%s", name);
    pare_line_pad(line, NAME_COLUMNS);
    pare_line_add(line, "  %s", op);
    pare_line_pad(line, NAME_COLUMNS + 2 + OP_COLUMNS);
    pare_line_add(line, "  %s", type);
    pare_line_pad(line, NAME_COLUMNS + 2 + OP_COLUMNS + 2 + TYPE_COLUMNS);
}

static void print_row(pare_app *app, const char *name, const char *op, const char *type,
                      uint64_t params, uint64_t bytes)
{
    pare_line line = { 0 };
    pare_line count = { 0 };
    pare_line size = { 0 };
    start_row(&line, name, op, type);
    if (bytes) {
        pare_line_add_count(&count, params);
        pare_line_add_bytes(&size, bytes);
        pare_line_add(&line, "  %12s  %8s", count.text, size.text);
    }
    while (line.n && line.text[line.n - 1] == ' ') line.text[--line.n] = '\0';
    pare_app_print(app, line.text);
}

static void print_issues(pare_app *app, const pare_shapes *shapes)
{
    char line[PARE_MESSAGE_BYTES + 64];
    if (!shapes->n_issues) return;
    putchar('\n');
    snprintf(line, sizeof(line), "Not inferred: %zu", shapes->n_issues);
    pare_app_print(app, line);
    for (size_t i = 0; i < shapes->n_issues; i++) {
        const pare_shape_issue *issue = &shapes->issues[i];
        if (i == 16 && !app->shared.verbose) {
            snprintf(line, sizeof(line), "  and %zu more; --verbose lists all",
                     shapes->n_issues - i);
            pare_app_print(app, line);
            return;
        }
        snprintf(line, sizeof(line), "  %s%s", issue->is_contradiction ? "contradiction: " : "",
                 issue->text);
        pare_app_print(app, line);
    }
}

void pare_layers_print(pare_app *app, const pare_model *model, const pare_layer_list *list)
{
    char name[TEXT_BYTES];
    char op[TEXT_BYTES];
    char type[TEXT_BYTES];
    char cut[3][TEXT_BYTES];
    uint64_t params = 0;
    uint64_t bytes = 0;
    char head[2 * TEXT_BYTES];
    const pare_function *function = NULL;
    pare_line line = { 0 };
    start_row(&line, "layer", "operator", "output");
    pare_line_add(&line, "  %12s  %8s", "parameters", "weights");
    pare_app_print(app, line.text);
    for (size_t i = 0; i < list->n; i++) {
        const pare_layer *layer = &list->items[i];
        const pare_node *n = &model->nodes[layer->node];
        if (layer->function != function) {
            function = layer->function;
            snprintf(head, sizeof(head), "function %s%s%s", pare_str_or_empty(function->domain),
                     *pare_str_or_empty(function->domain) ? "." : "", function->name);
            pare_app_print(app, head);
        }
        snprintf(name, sizeof(name), "%*s%s", (int)(2 * layer->depth), "",
                 pare_layer_name(model, layer));
        op_text(op, n);
        type_text(type, list, n);
        print_row(app, fit(cut[0], name, NAME_COLUMNS), fit(cut[1], op, OP_COLUMNS),
                  fit(cut[2], type, TYPE_COLUMNS), layer->n_params, layer->weight_bytes);
        params += layer->n_params;
        bytes += layer->weight_bytes;
    }
    snprintf(head, sizeof(head), "all %zu", list->n);
    print_row(app, head, "", "", params, bytes);
    print_issues(app, list->shapes);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add_info(pare_json *json, const pare_shapes *shapes, const pare_info *info)
{
    char text[TEXT_BYTES];
    pare_json_text(json, "type", pare_info_text(text, sizeof(text), shapes, info));
    if (!pare_info_has_rank(info)) return;
    pare_json_open_array(json, "dims");
    for (uint32_t i = 0; i < info->rank; i++) {
        const pare_num dim = info->dims[i];
        if (dim.kind == PARE_NUM_INT) pare_json_int(json, NULL, dim.i);
        else if (dim.kind == PARE_NUM_UNKNOWN) pare_json_null(json, NULL);
        else pare_json_text(json, NULL, pare_num_text(text, sizeof(text), shapes->exprs, dim));
    }
    pare_json_close(json);
}

static void add_layer(pare_json *json, const pare_model *model, const pare_layer_list *list,
                      const pare_layer *layer)
{
    const pare_node *n = &model->nodes[layer->node];
    pare_json_open_object(json, NULL);
    pare_json_text(json, "name", pare_layer_name(model, layer));
    pare_json_text(json, "op", pare_str_or_empty(n->op_type));
    pare_json_text(json, "domain", pare_node_domain(n));
    pare_json_int(json, "depth", layer->depth);
    pare_json_text(json, "function", layer->function ? layer->function->name : NULL);
    pare_json_uint(json, "params", layer->n_params);
    pare_json_uint(json, "weight_bytes", layer->weight_bytes);
    pare_json_open_array(json, "outputs");
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", model->values[n->outputs[i]].name);
        add_info(json, list->shapes, pare_shapes_of(list->shapes, n->outputs[i]));
        pare_json_close(json);
    }
    pare_json_close(json);
    pare_json_close(json);
}

void pare_layers_json(pare_json *json, const pare_model *model, const pare_layer_list *list)
{
    pare_json_open_array(json, "layers");
    for (size_t i = 0; i < list->n; i++) add_layer(json, model, list, &list->items[i]);
    pare_json_close(json);
    pare_json_open_array(json, "shape_issues");
    for (size_t i = 0; i < list->shapes->n_issues; i++) {
        const pare_shape_issue *issue = &list->shapes->issues[i];
        pare_json_open_object(json, NULL);
        pare_json_bool(json, "contradiction", issue->is_contradiction);
        pare_json_text(json, "text", issue->text);
        pare_json_close(json);
    }
    pare_json_close(json);
}
