#include "cli/app.h"
#include "cli/help.h"

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    (void)options;
    if (!args->n_operands) {
        pare_help_overview(stdout);
        return PARE_EXIT_DONE;
    }
    const pare_cmd_row *const row = pare_cmd_find(args->operands[0]);
    if (!row) return pare_app_unknown_verb(app, args->operands[0]);
    pare_help_command(stdout, row);
    return PARE_EXIT_DONE;
}

static const char *const operands[] = { "[VERB]" };

static const pare_example examples[] = {
    { "pare help version", "what 'pare version --help' shows" },
};

const pare_cmd pare_cmd_help = {
    .name = "help",
    .description = "Without VERB, lists the verbs and the options that they share.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .run = run,
};
