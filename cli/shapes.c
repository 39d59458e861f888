#include "cli/shapes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail_word(pare_app *app, const char *option, const char *word, const char *example)
{
    char message[PARE_MESSAGE_BYTES];
    snprintf(message, sizeof(message), "--%s: expected a value like %s, found '%s'", option,
             example, word);
    return pare_app_error(app, PARE_EXIT_USAGE, message, NULL);
}

/* Reads a number of 0 or more up to a comma or the end; NULL: there is none. */
static const char *read_number(const char *text, int64_t *out)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') return NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno || (*end && *end != ',') ? NULL : end;
}

static size_t total_bytes(const pare_option_list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) n += strlen(list->items[i]) + 1;
    return n;
}

/* Copies the name in front of the last '=' (input names may hold one) and returns what is behind.
 * */
static const char *split(const char *word, char **text, const char **name)
{
    const char *equals = strrchr(word, '=');
    if (!equals || equals == word) return NULL;
    *name = *text;
    memcpy(*text, word, (size_t)(equals - word));
    *text += equals - word;
    *(*text)++ = '\0';
    return equals + 1;
}

static int read_shape(pare_app *app, const char *word, char **text, int64_t **numbers,
                      pare_input_shape *out)
{
    static const char example[] = "image=1,3,224,224";
    const char *p = split(word, text, &out->name);
    if (!p) return fail_word(app, "shape", word, example);
    out->dims = *numbers;
    while (*p) { /* nothing behind '=' is a scalar */
        p = read_number(p, *numbers);
        if (!p || out->rank == PARE_MAX_DIMS) return fail_word(app, "shape", word, example);
        (*numbers)++;
        out->rank++;
        if (*p == ',' && !*++p) return fail_word(app, "shape", word, example);
    }
    return 0;
}

/* NAME=N,NAME=N,... */
static int read_dims(pare_app *app, const char *word, char **text, pare_binding *out, size_t *n)
{
    static const char example[] = "batch=1,seq=128";
    for (const char *p = word; *p;) {
        const char *equals = strchr(p, '=');
        if (!equals || equals == p) return fail_word(app, "dim", word, example);
        pare_binding *b = &out[(*n)++];
        b->name = *text;
        memcpy(*text, p, (size_t)(equals - p));
        *text += equals - p;
        *(*text)++ = '\0';
        p = read_number(equals + 1, &b->value);
        if (!p || (*p == ',' && !*++p)) return fail_word(app, "dim", word, example);
    }
    return 0;
}

static bool make_room(pare_app *app, pare_shapes_given *out, const pare_shape_options *options)
{
    /* a number, a name and its end, a binding: each takes two characters at least */
    const size_t n_bytes = total_bytes(&options->shapes) + total_bytes(&options->dims) + 1;
    out->text = pare_alloc(&app->ctx, n_bytes);
    out->numbers = pare_alloc(&app->ctx, n_bytes * sizeof(*out->numbers));
    out->bindings = pare_alloc_zero(&app->ctx, n_bytes * sizeof(*out->bindings));
    out->inputs = pare_alloc_zero(&app->ctx, (options->shapes.n + 1) * sizeof(*out->inputs));
    return out->text && out->numbers && out->bindings && out->inputs;
}

int pare_shapes_read(pare_app *app, pare_shapes_given *out, const pare_shape_options *options)
{
    *out = (pare_shapes_given){ .dims_may_miss = options->dims_may_miss };
    if (!make_room(app, out, options))
        return pare_app_fail(app, pare_exit_for_input(pare_fail_memory(&app->ctx, sizeof(*out))),
                             NULL);
    char *text = out->text;
    int64_t *numbers = out->numbers;
    size_t n_bindings = 0;
    int status = 0;
    for (size_t i = 0; !status && i < options->shapes.n; i++)
        status = read_shape(app, options->shapes.items[i], &text, &numbers, &out->inputs[i]);
    for (size_t i = 0; !status && i < options->dims.n; i++)
        status = read_dims(app, options->dims.items[i], &text, out->bindings, &n_bindings);
    out->opts = (pare_infer_opts){ .inputs = out->inputs, .n_inputs = options->shapes.n,
                                   .dims = out->bindings };
    return status;
}

void pare_shapes_given_free(pare_app *app, pare_shapes_given *given)
{
    pare_free(&app->ctx, given->text);
    pare_free(&app->ctx, given->numbers);
    pare_free(&app->ctx, given->bindings);
    pare_free(&app->ctx, given->inputs);
}
