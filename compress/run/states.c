#include "run/states.h"

#include "ir/graph.h"

#include <inttypes.h>
#include <string.h>

static bool find_decl(const pare_decls *decls, pare_value_id value, uint32_t *at)
{
    for (size_t i = 0; i < decls->n; i++)
        if (decls->items[i].value == value) {
            *at = (uint32_t)i;
            return true;
        }
    return false;
}

static pare_status init_state(pare_ctx *ctx, pare_states *states, const pare_model *model,
                              const pare_persistent *pair)
{
    uint32_t unused = 0;
    pare_state s = { .pair = *pair };
    if (!find_decl(&model->graph->inputs, pair->input, &unused))
        return pare_fail(ctx, PARE_EUSAGE, "value %" PRIu32 ": expected an input to be persistent",
                         pair->input);
    s.name = model->values[pair->input].name;
    if (!find_decl(&model->graph->outputs, pair->output, &s.output))
        return pare_fail(ctx, PARE_EUSAGE,
                         "input '%s': expected an output that it is in the next run, found value "
                         "%" PRIu32, s.name, pair->output);
    for (size_t i = 0; i < states->n; i++)
        if (states->items[i].pair.input == pair->input || states->items[i].output == s.output)
            return pare_fail(ctx, PARE_EUSAGE, "input '%s': it or its output is persistent twice",
                             s.name);
    states->items[states->n++] = s;
    return PARE_OK;
}

pare_status pare_states_init(pare_ctx *ctx, pare_states *states, const pare_model *model,
                             const pare_persistent *pairs, size_t n)
{
    states->items = pare_alloc_zero(ctx, (n + 1) * sizeof(*states->items));
    if (!states->items) return pare_fail_memory(ctx, n * sizeof(*states->items));
    for (size_t i = 0; i < n; i++) PARE_TRY(init_state(ctx, states, model, &pairs[i]));
    return PARE_OK;
}

void pare_states_free(pare_ctx *ctx, pare_states *states)
{
    for (size_t i = 0; i < states->n; i++) pare_tensor_unref(states->items[i].tensor);
    pare_free(ctx, states->items);
    pare_free(ctx, states->inputs);
    *states = (pare_states){ 0 };
}

pare_state *pare_states_find(const pare_states *states, const char *name)
{
    for (size_t i = 0; i < states->n; i++)
        if (strcmp(states->items[i].name, name) == 0) return &states->items[i];
    return NULL;
}

pare_state *pare_states_of(const pare_states *states, pare_value_id input)
{
    for (size_t i = 0; i < states->n; i++)
        if (states->items[i].pair.input == input) return &states->items[i];
    return NULL;
}

static void put(pare_state *s, pare_tensor *tensor)
{
    pare_tensor_unref(s->tensor);
    s->tensor = tensor;
    s->is_lost = false;
}

pare_status pare_state_set(pare_ctx *ctx, pare_state *state, const pare_tensor *tensor)
{
    pare_tensor *copy = pare_tensor_ref((pare_tensor *)tensor);
    uint8_t *data = NULL;
    const pare_status st = pare_tensor_own(ctx, &copy, &data);
    if (st) pare_tensor_unref(copy);
    else put(state, copy);
    return st;
}

static bool is_given(const pare_eval_input *given, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(given[i].name, name) == 0) return true;
    return false;
}

pare_status pare_states_merge(pare_ctx *ctx, pare_states *states, const pare_eval_input *given,
                              size_t n_given, const pare_eval_input **out, size_t *n)
{
    *out = given;
    *n = n_given;
    if (!states->n) return PARE_OK;
    PARE_TRY(pare_grow(ctx, &states->inputs, &states->inputs_cap, n_given + states->n,
                       sizeof(*states->inputs)));
    if (n_given) memcpy(states->inputs, given, n_given * sizeof(*given));
    for (size_t i = 0; i < states->n; i++) {
        const pare_state *s = &states->items[i];
        if (is_given(given, n_given, s->name)) continue;
        if (s->is_lost)
            return pare_fail(ctx, PARE_EUSAGE,
                             "input '%s': what it held was lost in a run that failed; give it anew",
                             s->name);
        if (!s->tensor) continue;
        states->inputs[(*n)++] = (pare_eval_input){
            .name = s->name, .datum = { .kind = PARE_TYPE_TENSOR, .tensor = s->tensor },
        };
    }
    *out = states->inputs;
    return PARE_OK;
}

pare_status pare_states_begin(pare_ctx *ctx, pare_states *states, size_t n)
{
    for (size_t i = 0; states->n && i < n; i++) {
        pare_datum *d = &states->inputs[i].datum;
        pare_state *s = pare_states_find(states, states->inputs[i].name);
        uint8_t *data = NULL;
        if (!s || d->kind != PARE_TYPE_TENSOR) continue;
        if (d->tensor != s->tensor) PARE_TRY(pare_state_set(ctx, s, d->tensor));
        else PARE_TRY(pare_tensor_own(ctx, &s->tensor, &data));
        d->tensor = s->tensor;
    }
    return PARE_OK;
}

void pare_states_end(pare_ctx *ctx, pare_states *states, const pare_plan *plan,
                     pare_datum *outputs)
{
    for (size_t i = 0; i < states->n; i++) {
        pare_state *s = &states->items[i];
        if (!outputs) {
            if (!pare_plan_updates(plan, s->output)) continue;
            put(s, NULL);
            s->is_lost = true;
            continue;
        }
        pare_datum *d = &outputs[s->output];
        put(s, d->kind == PARE_TYPE_TENSOR ? pare_tensor_ref(d->tensor) : NULL);
        pare_datum_drop(ctx, d);
    }
}

uint64_t pare_states_bytes(const pare_states *states)
{
    uint64_t n = 0;
    for (size_t i = 0; i < states->n; i++)
        if (states->items[i].tensor) n += pare_tensor_size_bytes(states->items[i].tensor);
    return n;
}
