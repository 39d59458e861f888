#include "cli/app.h"

#include <stdio.h>

typedef struct ops_options {
    bool markdown;
} ops_options;

typedef enum facet_state { FACET_SET, FACET_NONE, FACET_MISSING } facet_state;

enum { N_FACETS = 0
#define COUNT_FACET(name) +1
    PARE_FACETS(COUNT_FACET)
};

static const char *const facet_names[] = {
#define FACET_NAME(name) #name,
    PARE_FACETS(FACET_NAME)
};

/* What each facet of an operator is: there, needless, or still to be written. */
static void facets_of(const pare_op *op, facet_state out[N_FACETS])
{
    size_t n = 0;
#define FACET_STATE(name)                                                                          \
    out[n++] = op->name == PARE_NA(name)     ? FACET_NONE                                          \
               : op->name == PARE_TODO(name) ? FACET_MISSING                                       \
                                             : FACET_SET;
    PARE_FACETS(FACET_STATE)
}

static const char *domain_name(const pare_op *op)
{
    return *op->domain ? op->domain : "ai.onnx";
}

/* "1", or "7 to 9" for an operator that later versions do not have. */
static const char *versions(char out[32], const pare_op *op)
{
    if (op->until) snprintf(out, 32, "%d to %d", op->since, op->until - 1);
    else snprintf(out, 32, "%d", op->since);
    return out;
}

static void count_missing(size_t missing[N_FACETS])
{
    size_t n = 0;
    const pare_op *const *ops = pare_op_all(&n);
    for (size_t f = 0; f < N_FACETS; f++) missing[f] = 0;
    for (size_t i = 0; i < n; i++) {
        facet_state state[N_FACETS];
        facets_of(ops[i], state);
        for (size_t f = 0; f < N_FACETS; f++) missing[f] += state[f] == FACET_MISSING;
    }
}

static void print_counts(const char *bullet)
{
    size_t n = 0;
    size_t missing[N_FACETS];
    (void)pare_op_all(&n);
    count_missing(missing);
    for (size_t f = 0; f < N_FACETS; f++)
        printf("%s%s: %zu of %zu operators\n", bullet, facet_names[f], n - missing[f], n);
}

static void print_table(bool markdown)
{
    static const char *const marks[2][3] = { { "yes", "-", "no" }, { "yes", "-", "**no**" } };
    const char *before = NULL;
    size_t n = 0;
    const pare_op *const *ops = pare_op_all(&n);
    for (size_t i = 0; i < n; i++) {
        char text[32];
        facet_state state[N_FACETS];
        facets_of(ops[i], state);
        if (!before || !pare_str_eq(before, ops[i]->domain)) {
            printf(markdown ? "\n## %s\n\n| operator | opset |" : "\n%s\n", domain_name(ops[i]));
            for (size_t f = 0; markdown && f < N_FACETS; f++) printf(" %s |", facet_names[f]);
            if (markdown) printf("\n|---|---|");
            for (size_t f = 0; markdown && f < N_FACETS; f++) printf("---|");
            if (markdown) putchar('\n');
        }
        before = ops[i]->domain;
        printf(markdown ? "| %s | %s |" : "  %-34s %-9s", ops[i]->name, versions(text, ops[i]));
        for (size_t f = 0; f < N_FACETS; f++)
            if (markdown) printf(" %s |", marks[1][state[f]]);
            else printf(" %s %-4s", facet_names[f], marks[0][state[f]]);
        putchar('\n');
    }
}

static int print_json(pare_app *app)
{
    static const char *const states[] = { "yes", "none", "no" };
    size_t n = 0;
    const pare_op *const *ops = pare_op_all(&n);
    pare_json j;
    pare_app_begin_json(app, &j, "pare.ops/1");
    pare_json_int(&j, "newest_opset", PARE_NEWEST_OPSET);
    pare_json_open_array(&j, "operators");
    for (size_t i = 0; i < n; i++) {
        facet_state state[N_FACETS];
        facets_of(ops[i], state);
        pare_json_open_object(&j, NULL);
        pare_json_text(&j, "domain", ops[i]->domain);
        pare_json_text(&j, "op", ops[i]->name);
        pare_json_int(&j, "since", ops[i]->since);
        if (ops[i]->until) pare_json_int(&j, "until", ops[i]->until);
        for (size_t f = 0; f < N_FACETS; f++)
            pare_json_text(&j, facet_names[f], states[state[f]]);
        pare_json_close(&j);
    }
    pare_json_close(&j);
    return pare_app_print_json(app, &j);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    const ops_options *const o = options;
    (void)args;
    if (app->shared.json) return print_json(app);
    if (o->markdown) {
        printf(
            "# Operators\n\n"
            "Written by `pare ops --markdown`. Opset is the first version that has the operator; "
            "all up to %d\nare understood. resolve: parameters; infer: types and shapes; eval: "
            "running. A dash: there is\nnothing to do.\n\n",
            PARE_NEWEST_OPSET);
        print_counts("- ");
    } else {
        print_counts("");
    }
    print_table(o->markdown);
    return PARE_EXIT_DONE;
}

static const pare_option options[] = {
    { .name = "markdown", .kind = PARE_OPT_FLAG, .offset = offsetof(ops_options, markdown),
      .help = "Print tables in Markdown, as docs/ops.md has them" },
};

static const ops_options defaults;

static const pare_example examples[] = {
    { "pare ops", "which operators are understood, and how far" },
    { "pare ops --json | jq '.operators[] | select(.eval==\"no\")'", "what cannot be run yet" },
};

const pare_cmd pare_cmd_ops = {
    .name = "ops",
    .description = "Lists the operators that pare understands, by domain, with the opset that "
                   "brought them and what is known of each: its parameters (resolve), types and "
                   "shapes (infer), how to run it (eval). Others are carried through models "
                   "untouched.",
    .options = options, .n_options = PARE_COUNT_OF(options),
    .shared = PARE_SHARED_OUTPUT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
