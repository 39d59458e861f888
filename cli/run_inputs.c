#include "cli/run_inputs.h"

#include "base/nearest.h"

#include "formats/npy.h"
#include "formats/onnx/value.h"

#include <stdio.h>

/* An input of the main graph, or NULL. */
static const pare_value *find_input(const pare_model *model, const char *name)
{
    const pare_value_id id = pare_graph_find(model->graph, name);
    return id != PARE_NONE && model->values[id].is_input ? &model->values[id] : NULL;
}

/* "did you mean 'image'?", else the inputs that there are. */
static void say_inputs(pare_line *hint, const pare_model *model, const char *name)
{
    const pare_decls *inputs = &model->graph->inputs;
    pare_nearest nearest = { .word = name };
    for (size_t i = 0; i < inputs->n; i++)
        pare_nearest_try(&nearest, model->values[inputs->items[i].value].name);
    if (nearest.name) {
        pare_line_add(hint, "did you mean '%s'?", nearest.name);
        return;
    }
    pare_line_add(hint, inputs->n ? "its inputs are" : "it has no inputs");
    for (size_t i = 0; i < inputs->n && i < 16; i++)
        pare_line_add(hint, "%s '%s'", i ? "," : "",
                      model->values[inputs->items[i].value].name);
    if (inputs->n > 16) pare_line_add(hint, " and %zu more", inputs->n - 16);
}

static int fail_input(pare_app *app, const pare_model *model, const char *name)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_line_add(&message, "input '%s': the model has no input of this name", name);
    say_inputs(&hint, model, name);
    return pare_app_error(app, PARE_EXIT_INPUT, message.text, hint.text);
}

/* Splits at the '=' behind the name of an input, else at the first one: names and files may have
 * some. *name is in text, which is as long as the word. NULL: there is no '='. */
static const char *split(const pare_model *model, const char *word, char *text)
{
    const char *first = strchr(word, '=');
    for (const char *p = first; p; p = strchr(p + 1, '=')) {
        memcpy(text, word, (size_t)(p - word));
        text[p - word] = '\0';
        if (find_input(model, text)) return p + 1;
    }
    if (!first || first == word) return NULL;
    memcpy(text, word, (size_t)(first - word));
    text[first - word] = '\0';
    return first + 1;
}

static bool ends_in(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && pare_str_eq(text + n - m, suffix);
}

static pare_status read_file(pare_bounded *bounded, pare_datum *out, const char *path,
                             const pare_type *type)
{
    if (ends_in(path, ".pb")) return pare_onnx_read_value(&bounded->ctx, out, path, type);
    PARE_TRY(pare_npy_read(&bounded->ctx, &out->tensor, path,
                           type ? type->dtype : PARE_DTYPE_UNDEFINED));
    out->kind = PARE_TYPE_TENSOR;
    return PARE_OK;
}

/* Shapes are judged by the evaluator, whose message is as good; types deserve the way out. */
static int check_type(pare_app *app, const pare_value *v, const pare_datum *datum, const char *path)
{
    const pare_type *type = v->type;
    pare_line message = { 0 };
    char expected[256];
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->dtype ||
        type->dtype == datum->tensor->dtype) return 0;
    pare_line_add(&message, "input '%s': expected %s, found elements of type %s in %s", v->name,
                  pare_type_text(expected, sizeof(expected), type),
                  pare_dtype_name(datum->tensor->dtype), path);
    return pare_app_error(app, PARE_EXIT_INPUT, message.text,
                          "pare never converts data; NumPy's a.astype(...) does");
}

static int read_word(pare_bounded *bounded, pare_run_inputs *out, const pare_model *model,
                     const char *word, char *name)
{
    pare_app *const app = bounded->app;
    pare_line message = { 0 };
    const char *path = split(model, word, name);
    if (!path || !*path) {
        pare_line_add(&message, "--input: expected a value like image=image.npy, found '%s'", word);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    }
    const pare_value *v = find_input(model, name);
    if (!v) return fail_input(app, model, name);
    for (size_t i = 0; i < out->n; i++) {
        if (!pare_str_eq(out->items[i].name, name)) continue;
        pare_line_add(&message, "--input: '%s' is given twice", name);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    }
    pare_eval_input *in = &out->items[out->n++];
    in->name = v->name;
    const pare_status st =
        pare_bounded_fail(bounded, read_file(bounded, &in->datum, path, v->type));
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    return in->datum.kind == PARE_TYPE_TENSOR ? check_type(app, v, &in->datum, path) : 0;
}

int pare_run_inputs_read(pare_bounded *bounded, pare_run_inputs *out, const pare_model *model,
                         const pare_option_list *words)
{
    size_t longest = 0;
    *out = (pare_run_inputs){ 0 };
    for (size_t i = 0; i < words->n; i++)
        if (strlen(words->items[i]) > longest) longest = strlen(words->items[i]);
    char *name = pare_alloc(&bounded->ctx, longest + 1);
    out->items = pare_alloc_zero(&bounded->ctx, (words->n + 1) * sizeof(*out->items));
    int status = 0;
    if (!name || !out->items)
        status = pare_app_fail(bounded->app,
                               pare_exit_for_input(pare_fail_memory(&bounded->app->ctx, longest)),
                               NULL);
    for (size_t i = 0; !status && i < words->n; i++)
        status = read_word(bounded, out, model, words->items[i], name);
    pare_free(&bounded->ctx, name);
    return status;
}

void pare_run_inputs_free(pare_bounded *bounded, pare_run_inputs *inputs)
{
    pare_sample_free(&bounded->ctx, inputs->items, inputs->n);
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Whether an input has this symbol; else the nearest one is noted. */
static bool has_symbol(const pare_model *model, pare_nearest *nearest)
{
    const pare_decls *inputs = &model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_type *t = model->values[inputs->items[i].value].type;
        for (; t && t->kind != PARE_TYPE_TENSOR && t->elem; t = t->elem) {}
        for (uint32_t d = 0; t && t->has_shape && d < t->rank; d++) {
            if (t->dims[d].kind != PARE_DIM_PARAM) continue;
            if (pare_str_eq(t->dims[d].param, nearest->word)) return true;
            pare_nearest_try(nearest, t->dims[d].param);
        }
    }
    return false;
}

static int check_shape(pare_app *app, const pare_model *model, const pare_input_shape *shape,
                       const pare_run_inputs *given)
{
    pare_line message = { 0 };
    if (!find_input(model, shape->name)) return fail_input(app, model, shape->name);
    for (size_t i = 0; i < given->n; i++) {
        if (!pare_str_eq(given->items[i].name, shape->name)) continue;
        pare_line_add(&message, "--shape: '%s' has the shape of the data that --input gives it",
                      shape->name);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    }
    return 0;
}

int pare_run_shapes_check(pare_app *app, const pare_model *model, const pare_shapes_given *shapes,
                          const pare_run_inputs *given)
{
    const pare_infer_opts *o = &shapes->opts;
    int status = 0;
    for (size_t i = 0; !status && i < o->n_inputs; i++)
        status = check_shape(app, model, &o->inputs[i], given);
    for (const pare_binding *b = o->dims; !status && b && b->name; b++) {
        pare_nearest nearest = { .word = b->name };
        pare_line message = { 0 }, hint = { 0 };
        if (has_symbol(model, &nearest) || shapes->dims_may_miss) continue;
        pare_line_add(&message, "--dim: no input of the model has a dimension '%s'", b->name);
        if (nearest.name) pare_line_add(&hint, "did you mean '%s'?", nearest.name);
        status = pare_app_error(app, PARE_EXIT_INPUT, message.text, hint.text);
    }
    return status;
}
