/* Inference against the ONNX backend test data: what is inferred for the outputs must agree with
 * the recorded outputs in type, shape and content, where anything is known. Five times: without
 * what the files declare about outputs, with it, with symbols for the dims of inputs (one each, or
 * one for each size) whose values are put in afterwards, and with the recorded inputs as constants.
 * How much is known is counted and may not fall. `-v` names the cases that are not wholly
 * known. */
#include "ir/graph.h"
#include "op/infer.h"
#include "support/conformance.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include "formats/onnx/onnx.h"
#include "formats/onnx/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SYMBOLS = 200 };

typedef struct count {
    uint64_t n_outputs, n_dims, n_known; /* dims of all outputs; those inferred as numbers */
    uint64_t n_elements;                 /* of contents that were compared */
    uint64_t n_incomplete;               /* cases in which some dim is not known */
    uint64_t n_wrong;
} count;

typedef struct tester {
    test_ctx t;
    const char *path;
    const char *mode;
    count *count;
    bool is_complete;
    pare_binding bindings[MAX_SYMBOLS + 1]; /* what the symbols of inputs stand for */
    size_t n_bindings;
} tester;

static bool verbose;

static void wrong(tester *w, const char *what, const pare_shapes *shapes, const pare_info *info)
{
    char text[512];
    w->count->n_wrong++;
    print_error("%s: %s: %s: inferred %s\n", w->path, w->mode, what,
                pare_info_text(text, sizeof(text), shapes, info));
}

static double as_real(pare_num n)
{
    return n.kind == PARE_NUM_REAL ? n.r : (double)n.i;
}

/* Whether a number that is known agrees with the one that is there (as inference reads it). */
static bool agrees(pare_num inferred, pare_num actual)
{
    if (inferred.kind != PARE_NUM_INT && inferred.kind != PARE_NUM_REAL) return true;
    if (actual.kind != PARE_NUM_INT && actual.kind != PARE_NUM_REAL) return true;
    if (inferred.kind == PARE_NUM_INT && actual.kind == PARE_NUM_INT)
        return inferred.i == actual.i;
    const double a = as_real(inferred);
    const double b = as_real(actual);
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-6 + 1e-4 * fabs(b);
}

static void check_content(tester *w, pare_shapes *shapes, const pare_info *info,
                          const pare_tensor *actual)
{
    const pare_info read = pare_info_from_tensor(&w->t.ctx, shapes, actual);
    for (uint32_t i = 0; i < info->n_content && i < read.n_content; i++) {
        if (agrees(info->content[i], read.content[i])) w->count->n_elements++;
        else {
            char text[256];
            char a[64];
            char b[64];
            snprintf(text, sizeof(text), "element %u is %s, not %s", i,
                     pare_num_text(a, sizeof(a), shapes->exprs, read.content[i]),
                     pare_num_text(b, sizeof(b), shapes->exprs, info->content[i]));
            wrong(w, text, shapes, info);
            return;
        }
    }
}

static void check_tensor(tester *w, pare_shapes *shapes, const pare_info *info,
                         const pare_tensor *actual)
{
    char text[256];
    w->count->n_dims += actual->rank;
    if (actual->rank) w->is_complete = w->is_complete && info->has_rank;
    if (info->kind == PARE_TYPE_NONE) return;
    if (info->kind != PARE_TYPE_TENSOR) {
        wrong(w, "is a tensor", shapes, info);
        return;
    }
    if (info->dtype && info->dtype != actual->dtype) {
        snprintf(text, sizeof(text), "is of type %s", pare_dtype_name(actual->dtype));
        wrong(w, text, shapes, info);
    }
    if (!info->has_rank) return;
    if (info->rank != actual->rank) {
        snprintf(text, sizeof(text), "has rank %u", actual->rank);
        wrong(w, text, shapes, info);
        return;
    }
    for (uint32_t i = 0; i < info->rank; i++) {
        const pare_num dim = pare_num_bind(shapes->exprs, info->dims[i], w->bindings);
        if (dim.kind != PARE_NUM_INT) {
            w->is_complete = false;
            continue;
        }
        w->count->n_known++;
        if (dim.i == actual->dims[i]) continue;
        snprintf(text, sizeof(text), "dim %u is %lld", i, (long long)actual->dims[i]);
        wrong(w, text, shapes, info);
    }
    if (info->content) check_content(w, shapes, info, actual);
}

static void check_value(tester *w, pare_shapes *shapes, const pare_info *info,
                        const pare_datum *actual)
{
    if (actual->kind == PARE_TYPE_TENSOR) {
        check_tensor(w, shapes, info, actual->tensor);
        return;
    }
    if (info->kind != PARE_TYPE_NONE && info->kind != actual->kind) {
        wrong(w, "kind", shapes, info);
        return;
    }
    for (size_t i = 0; info->elem && i < actual->n_items; i++)
        check_value(w, shapes, info->elem, &actual->items[i]); /* sequences nest twice at most */
}

/* Path of a recorded input or output of the case. */
static void vector_path(const tester *w, char out[TEST_PATH_BYTES], const char *what, size_t i)
{
    const int n_stem = (int)strlen(w->path) - (int)strlen(".onnx");
    const char *name = strrchr(w->path, '/') + 1;
    if (strcmp(name, "model.onnx"))
        snprintf(out, TEST_PATH_BYTES, "%.*s_%s_%zu.pb", n_stem, w->path, what, i);
    else
        snprintf(out, TEST_PATH_BYTES, "%.*s/test_data_set_0/%s_%zu.pb",
                 (int)(name - 1 - w->path), w->path, what, i);
}

static void check_model(tester *w, const pare_model *model, const pare_infer_opts *opts)
{
    pare_shapes *shapes = NULL;
    if (pare_infer(&w->t.ctx, &shapes, model, opts)) fail_msg("%s: %s", w->path, w->t.ctx.message);
    for (size_t i = 0; i < shapes->n_issues; i++) {
        if (!shapes->issues[i].is_contradiction) continue;
        print_error("%s: %s: %s\n", w->path, w->mode, shapes->issues[i].text);
        w->count->n_wrong++;
    }
    w->is_complete = true;
    for (size_t i = 0; i < model->graph->outputs.n; i++) {
        const pare_decl *d = &model->graph->outputs.items[i];
        char path[TEST_PATH_BYTES];
        vector_path(w, path, "output", i);
        if (!test_file_exists(path)) fail_msg("%s: not there", path);
        pare_datum actual = { .kind = PARE_TYPE_NONE };
        if (pare_onnx_read_value(&w->t.ctx, &actual, path, d->type))
            fail_msg("%s", w->t.ctx.message);
        w->count->n_outputs++;
        check_value(w, shapes, pare_shapes_of(shapes, d->value), &actual);
        pare_datum_drop(&w->t.ctx, &actual);
    }
    if (!w->is_complete) {
        w->count->n_incomplete++;
        if (verbose) printf("%s: not all known: %s\n", w->mode, w->path);
    }
    pare_shapes_free(&w->t.ctx, shapes);
}

/* A symbol for a dim: one for each, or one for all dims of that size, where 1 stays a number. */
static pare_dim symbol_of(tester *w, pare_model *model, int64_t value, bool shared)
{
    char name[32];
    if (shared && value == 1) return (pare_dim){ PARE_DIM_VALUE, 1, NULL, NULL };
    for (size_t i = 0; shared && i < w->n_bindings; i++)
        if (w->bindings[i].value == value)
            return (pare_dim){ PARE_DIM_PARAM, 0, w->bindings[i].name, NULL };
    assert_true(w->n_bindings < MAX_SYMBOLS);
    snprintf(name, sizeof(name), "d%zu", w->n_bindings);
    const char *copy = pare_arena_str(&model->arena, name);
    w->bindings[w->n_bindings++] = (pare_binding){ copy, value };
    return (pare_dim){ PARE_DIM_PARAM, 0, copy, NULL };
}

static const pare_type *symbolic(tester *w, pare_model *model, const pare_tensor *tensor,
                                 bool shared)
{
    pare_dim dims[PARE_MAX_DIMS] = { { 0 } };
    for (uint32_t i = 0; i < tensor->rank; i++)
        dims[i] = symbol_of(w, model, tensor->dims[i], shared);
    const pare_type type = { .kind = PARE_TYPE_TENSOR, .dtype = tensor->dtype, .has_shape = true,
                             .rank = tensor->rank, .dims = dims };
    return pare_type_copy(&model->arena, &type);
}

enum { BARE, DECLARED, SYMBOLS, SHARED_SYMBOLS, FED, N_MODES };

/* Makes the recorded inputs constants, or only their dims symbols. */
static void feed(tester *w, pare_model *model, int mode)
{
    w->n_bindings = 0;
    memset(w->bindings, 0, sizeof(w->bindings));
    for (size_t i = 0; i < model->graph->inputs.n; i++) {
        const pare_decl *d = &model->graph->inputs.items[i];
        char path[TEST_PATH_BYTES];
        vector_path(w, path, "input", i);
        if (!d->type || d->type->kind != PARE_TYPE_TENSOR || !test_file_exists(path)) continue;
        pare_datum input = { .kind = PARE_TYPE_NONE };
        if (pare_onnx_read_value(&w->t.ctx, &input, path, d->type))
            fail_msg("%s", w->t.ctx.message);
        if (mode != FED)
            pare_value_set_type(model, d->value,
                                symbolic(w, model, input.tensor, mode == SHARED_SYMBOLS));
        else if (pare_value_set_tensor(&w->t.ctx, model, d->value, input.tensor))
            fail_msg("%s: %s", w->path, w->t.ctx.message);
        pare_datum_drop(&w->t.ctx, &input);
    }
}

/* The first operator that the table does not have, or NULL. */
static const char *missing_operator(const pare_model *model)
{
    for (size_t i = 0; i < model->n_nodes; i++) {
        const pare_node *n = &model->nodes[i];
        if (n->graph && !pare_op_find(pare_node_domain(n), n->op_type) &&
            !pare_model_function(model, n->domain, n->op_type, n->overload))
            return n->op_type;
    }
    return NULL;
}


static void print_count(const char *mode, const count *c)
{
    printf("%s: %llu of %llu dims of %llu outputs known, %llu elements of contents compared, "
           "%llu cases not wholly known, %llu wrong\n", mode, (unsigned long long)c->n_known,
           (unsigned long long)c->n_dims, (unsigned long long)c->n_outputs,
           (unsigned long long)c->n_elements, (unsigned long long)c->n_incomplete,
           (unsigned long long)c->n_wrong);
}

static void inferred_is_never_wrong(void **state)
{
    (void)state;
    static const char *const modes[N_MODES] = { "bare", "declared", "symbols",
                                                "shared symbols", "fed" };
    /* What is known at least; the rest depends on data. Only to be raised. */
    static const count least[N_MODES] = {
        [BARE] = { .n_known = 5243, .n_elements = 90 },
        [DECLARED] = { .n_known = 6073, .n_elements = 90 },
        [SYMBOLS] = { .n_known = 4590, .n_elements = 58 },
        [SHARED_SYMBOLS] = { .n_known = 5191, .n_elements = 58 },
        [FED] = { .n_known = 6022, .n_elements = 11139 },
    };
    char dir[TEST_PATH_BYTES];
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, ".onnx");
    count counts[N_MODES] = { { 0 } };
    unsigned n_skipped = 0;
    for (size_t i = 0; i < paths.n; i++) {
        tester w = { .path = paths.items[i] };
        pare_model *model = NULL;
        test_ctx_init(&w.t);
        if (pare_onnx_open(&w.t.ctx, &model, w.path, NULL)) fail_msg("%s", w.t.ctx.message);
        const char *missing = missing_operator(model);
        if (missing && verbose) printf("skipped: %s: no operator %s\n", w.path, missing);
        n_skipped += missing != NULL;
        for (int mode = 0; !missing && mode < N_MODES; mode++) {
            const pare_infer_opts opts = { .ignore_declared = mode != DECLARED };
            w.mode = modes[mode];
            w.count = &counts[mode];
            if (mode >= SYMBOLS) feed(&w, model, mode);
            check_model(&w, model, &opts);
        }
        pare_model_free(&w.t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&w.t), 0);
    }
    printf("%zu cases, %u with operators that are not in the table\n", paths.n, n_skipped);
    for (int mode = 0; mode < N_MODES; mode++) print_count(modes[mode], &counts[mode]);
    for (int mode = 0; mode < N_MODES; mode++) {
        assert_int_equal(counts[mode].n_wrong, 0);
        if (counts[mode].n_known < least[mode].n_known ||
            counts[mode].n_elements < least[mode].n_elements)
            fail_msg("%s: less is known than before: %llu dims, %llu elements", modes[mode],
                     (unsigned long long)counts[mode].n_known,
                     (unsigned long long)counts[mode].n_elements);
    }
    test_paths_free(&paths);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(inferred_is_never_wrong) };
    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    return test_run(tests);
}
