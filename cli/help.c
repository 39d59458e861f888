#include "cli/help.h"

#include <string.h>

enum { WIDTH = 80, TEXT_COLUMN = 30, VERB_COLUMN = 13 };

const pare_exit_meaning pare_exit_meanings[] = {
    { "0", "done" },
    { "1", "done, but a limit does not hold" },
    { "2", "wrong usage" },
    { "3", "bad, missing or unreadable input" },
    { "4", "unsupported" },
    { "5", "out of memory, disk or time" },
    { "130, 143", "stopped by SIGINT, SIGTERM" },
    { NULL, NULL },
};

/* Prints words of text from `column` on, later lines indented by `indent`; ends the line. */
static void print_wrapped(FILE *to, const char *text, size_t column, size_t indent)
{
    bool first = true;
    while (*text) {
        const size_t n = strcspn(text, " \n");
        if (!first && column + 1 + n > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(to, "%s%.*s", first ? "" : " ", (int)n, text);
        column += n + !first;
        first = false;
        text += n;
        if (*text == '\n') {
            fprintf(to, "\n\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        if (*text) text++;
    }
    fputc('\n', to);
}

/* "  left   text that may wrap". */
static void print_row(FILE *to, const char *left, size_t column, const char *text)
{
    const size_t n = 2 + strlen(left);
    fprintf(to, "  %s", left);
    if (n + 2 > column) fprintf(to, "\n%*s", (int)column, "");
    else fprintf(to, "%*s", (int)(column - n), "");
    print_wrapped(to, text, column, column);
}

static void print_option(FILE *to, const pare_option *option)
{
    pare_line left = { 0 };
    if (!option->short_name) pare_line_add(&left, "    ");
    pare_option_spelling(&left, option);
    pare_line text = { 0 };
    pare_line_add(&text, "%s", option->help);
    if (option->implied)
        pare_line_add(&text, " (without %s: %s)", option->placeholder, option->implied);
    if (option->required) pare_line_add(&text, " (required)");
    print_row(to, left.text, TEXT_COLUMN, text.text);
}

static void print_shared(FILE *to, uint32_t groups)
{
    fputs("\nCommon options:\n", to);
    for (size_t i = 0; i < pare_n_shared_options; i++) {
        const pare_option *const option = &pare_shared_options[i];
        if (!option->group || option->group & groups) print_option(to, option);
    }
}

void pare_help_usage(pare_line *out, const pare_cmd *command)
{
    pare_line_add(out, "pare %s", command->name);
    for (size_t i = 0; i < command->n_operands; i++)
        pare_line_add(out, " %s", command->operands[i]);
    for (size_t i = 0; i < command->n_options; i++) {
        const pare_option *const option = &command->options[i];
        if (!option->required) continue;
        if (option->short_name) pare_line_add(out, " -%c", option->short_name);
        else pare_line_add(out, " --%s", option->name);
        pare_line_add(out, " %s", option->placeholder);
    }
    pare_line_add(out, " [options]");
}

void pare_help_overview(FILE *to)
{
    fputs(PARE_SYNOPSIS "\n\nUsage: pare VERB [arguments] [options]\n\nVerbs:\n", to);
    for (size_t i = 0; i < pare_n_cmds; i++)
        print_row(to, pare_cmds[i].command->name, VERB_COLUMN, pare_cmds[i].summary);
    print_shared(to, UINT32_MAX);
    fputs("\nExit status:\n", to);
    for (const pare_exit_meaning *m = pare_exit_meanings; m->status; m++)
        print_row(to, m->status, VERB_COLUMN, m->meaning);
    fputs("\n'pare VERB --help' explains a verb and shows examples.\n", to);
}

void pare_help_command(FILE *to, const pare_cmd_row *row)
{
    const pare_cmd *const command = row->command;
    pare_line usage = { 0 };
    pare_help_usage(&usage, command);
    fprintf(to, "%s.\n\nUsage: %s\n\n", row->summary, usage.text);
    print_wrapped(to, command->description, 0, 0);
    if (command->n_options) fputs("\nOptions:\n", to);
    for (size_t i = 0; i < command->n_options; i++) print_option(to, &command->options[i]);
    print_shared(to, command->shared);
    fputs(command->n_examples > 1 ? "\nExamples:\n" : "\nExample:\n", to);
    for (size_t i = 0; i < command->n_examples; i++) {
        fprintf(to, "  %s\n      ", command->examples[i].command);
        print_wrapped(to, command->examples[i].what, 6, 6);
    }
}
