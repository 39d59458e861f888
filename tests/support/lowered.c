#include "support/lowered.h"

#include "op/wide.h"
#include "support/floats.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/planned.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

enum { MAX_INPUTS = 8, TEXT_BYTES = 4096 };

typedef struct lowered {
    pare_ctx ctx;
    pare_model *model;
    pare_eval_input inputs[MAX_INPUTS];
    size_t n;
} lowered;

static pare_tensor *random_tensor(pare_ctx *ctx, const pare_type *type, int low, int high,
                                  uint32_t *state)
{
    int64_t dims[PARE_MAX_DIMS];
    pare_tensor *t = NULL;
    for (uint32_t i = 0; i < type->rank; i++) dims[i] = type->dims[i].value;
    assert_int_equal(pare_tensor_new(ctx, &t, type->dtype, type->rank, dims), PARE_OK);
    const pare_wide wide = pare_wide_of(type->dtype);
    for (int64_t i = 0; i < t->n_elements; i++) {
        const float x = test_any_float(state);
        *state = *state * 1664525u + 1013904223u;
        const int64_t n = (int64_t)(*state >> 8) % (low + high + 1) - low;
        const bool is_real = wide == PARE_WIDE_F32 || wide == PARE_WIDE_F64;
        pare_wide_store_as(is_real ? PARE_WIDE_F32 : PARE_WIDE_I64, PARE_STORE_DEFAULT, t->dtype,
                           t->owner->data, i, 1, is_real ? (const void *)&x : (const void *)&n);
    }
    return t;
}

static void start(lowered *t, const char *graph, int low, int high)
{
    static char text[TEXT_BYTES];
    uint32_t state = 1;
    *t = (lowered){ .n = 0 };
    pare_ctx_init(&t->ctx, NULL);
    const int n = snprintf(text, sizeof(text),
                           "<ir_version: 8, opset_import: [\"\" : 21, \"com.microsoft\" : 1]>\n%s",
                           graph);
    assert_in_range(n, 1, TEXT_BYTES - 1);
    t->model = test_model_parse(&t->ctx, text);
    const pare_decls *inputs = &t->model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_value *v = &t->model->values[inputs->items[i].value];
        assert_in_range(t->n, 0, MAX_INPUTS - 1);
        t->inputs[t->n++] = (pare_eval_input){
            .name = v->name,
            .datum = { .kind = PARE_TYPE_TENSOR,
                       .tensor = random_tensor(&t->ctx, v->type, low, high, &state) },
        };
    }
}

static void finish(lowered *t)
{
    for (size_t i = 0; i < t->n; i++) pare_datum_drop(&t->ctx, &t->inputs[i].datum);
    pare_model_free(&t->ctx, t->model);
}

void test_lowered(const char *graph, int low, int high, size_t n_islands)
{
    lowered t;
    start(&t, graph, low, high);
    test_plan_expect(&t.ctx, t.model, t.inputs, t.n, n_islands, graph);
    finish(&t);
}

void test_lowered_fails(const char *graph, int low, int high, const char *message)
{
    lowered t;
    pare_datum *got = NULL;
    start(&t, graph, low, high);
    assert_int_equal(test_plan_run(&t.ctx, &got, t.model, t.inputs, t.n, pare_isa_best(), NULL,
                                   false, NULL), PARE_EFORMAT);
    assert_string_equal(t.ctx.message, message);
    finish(&t);
}
