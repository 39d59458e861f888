#include "formats/report/inspect.h"

#include "base/bytes.h"

enum { TYPE_BYTES = 1024 };

/* A dimension is a number, a symbol as text, or null. */
static void add_dims(pare_json *json, const pare_type *type)
{
    pare_json_open_array(json, "dims");
    for (uint32_t i = 0; i < type->rank; i++) {
        const pare_dim *const dim = &type->dims[i];
        if (dim->kind == PARE_DIM_VALUE) pare_json_int(json, NULL, dim->value);
        else if (dim->kind == PARE_DIM_PARAM) pare_json_text(json, NULL, dim->param);
        else pare_json_null(json, NULL);
    }
    pare_json_close(json);
}

static void add_values(pare_json *json, const char *key, const pare_summary_value *values, size_t n)
{
    char text[TYPE_BYTES];
    pare_json_open_array(json, key);
    for (size_t i = 0; i < n; i++) {
        const pare_type *const type = values[i].type;
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", values[i].name);
        pare_json_text(json, "type", type ? pare_type_text(text, sizeof(text), type) : NULL);
        if (type && type->kind == PARE_TYPE_TENSOR) {
            pare_json_text(json, "dtype", pare_dtype_name(type->dtype));
            if (type->has_shape) add_dims(json, type);
        }
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_opsets(pare_json *json, const pare_opsets *opsets)
{
    pare_json_open_array(json, "opsets");
    for (size_t i = 0; i < opsets->n; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "domain", pare_domain_normal(opsets->items[i].domain));
        pare_json_int(json, "version", opsets->items[i].version);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_weights(pare_json *json, const pare_summary *summary)
{
    pare_json_open_object(json, "weights");
    pare_json_uint(json, "tensors", summary->n_tensors);
    pare_json_uint(json, "embedded_bytes", summary->embedded_bytes);
    pare_json_uint(json, "external_bytes", summary->external_bytes);
    pare_json_open_array(json, "by_type");
    for (size_t i = 0; i < summary->n_dtypes; i++) {
        const pare_summary_dtype *const row = &summary->dtypes[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "dtype", pare_dtype_name(row->dtype));
        pare_json_uint(json, "tensors", row->n_tensors);
        pare_json_uint(json, "elements", row->n_elements);
        pare_json_uint(json, "bytes", row->n_bytes);
        pare_json_close(json);
    }
    pare_json_close(json);
    pare_json_close(json);
}

static void add_operators(pare_json *json, const pare_summary *summary)
{
    pare_json_uint(json, "nodes", summary->n_nodes);
    pare_json_uint(json, "subgraphs", summary->n_subgraphs);
    pare_json_uint(json, "subgraph_depth", summary->max_depth);
    pare_json_bool(json, "ordered", summary->is_ordered);
    pare_json_open_array(json, "operators");
    for (size_t i = 0; i < summary->n_ops; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "op", summary->ops[i].op_type);
        pare_json_text(json, "domain", summary->ops[i].domain);
        pare_json_uint(json, "count", summary->ops[i].n);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_functions(pare_json *json, const pare_model *model)
{
    pare_json_open_array(json, "functions");
    for (size_t i = 0; i < model->n_functions; i++) {
        const pare_function *const f = model->functions[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", f->name);
        pare_json_text(json, "domain", pare_str_or_empty(f->domain));
        if (f->overload && *f->overload) pare_json_text(json, "overload", f->overload);
        pare_json_uint(json, "nodes", f->body->n_nodes);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_metadata(pare_json *json, const pare_props *props)
{
    pare_json_open_array(json, "metadata");
    for (size_t i = 0; i < props->n; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "key", pare_str_or_empty(props->items[i].key));
        pare_json_text(json, "value", pare_str_or_empty(props->items[i].value));
        pare_json_close(json);
    }
    pare_json_close(json);
}

void pare_report_inspect(pare_json *json, const pare_model *model, const pare_summary *summary)
{
    pare_json_int(json, "ir_version", model->ir_version);
    pare_json_text(json, "producer_name", model->producer_name);
    pare_json_text(json, "producer_version", model->producer_version);
    pare_json_text(json, "domain", model->domain);
    pare_json_int(json, "model_version", model->model_version);
    pare_json_text(json, "graph", model->graph->name);
    add_opsets(json, &model->opsets);
    add_values(json, "inputs", summary->inputs, summary->n_inputs);
    add_values(json, "outputs", summary->outputs, summary->n_outputs);
    pare_json_open_array(json, "symbols");
    for (size_t i = 0; i < summary->n_symbols; i++) pare_json_text(json, NULL, summary->symbols[i]);
    pare_json_close(json);
    pare_json_uint(json, "params", summary->n_params);
    add_weights(json, summary);
    add_operators(json, summary);
    add_functions(json, model);
    add_metadata(json, &model->props);
}
