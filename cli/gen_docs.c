/* pare-gen-docs man|bash|zsh|fish FILE: writes a document made from the tables of options. The
 * files are checked in under docs/, and a test compares. */
#include "cli/help.h"

#include "version.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What completes a word: by the name of an operand or the placeholder of an option. */
typedef enum completion {
    COMPLETE_NOTHING,
    COMPLETE_FILE,
    COMPLETE_MODEL,
    COMPLETE_VERB,
} completion;

static completion completion_of(const char *placeholder)
{
    if (pare_str_eq(placeholder, "MODEL") || pare_str_eq(placeholder, "MODEL...") ||
        pare_str_eq(placeholder, "BASE")) return COMPLETE_MODEL;
    if (pare_str_eq(placeholder, "OUT") || pare_str_eq(placeholder, "FILE") ||
        pare_str_eq(placeholder, "DIR") || pare_str_eq(placeholder, "REPORT.json"))
        return COMPLETE_FILE;
    if (pare_str_eq(placeholder, "[VERB]")) return COMPLETE_VERB;
    return COMPLETE_NOTHING;
}

static bool needs_value(const pare_option *option)
{
    return option->kind != PARE_OPT_FLAG && !option->implied;
}

/* Whether the help of a verb (NULL: the overview) shows a shared option. */
static bool is_shown(const pare_option *shared, const pare_cmd *command)
{
    return !command || !shared->group || (shared->group & command->shared);
}

/* Runs `print` on the options that a verb takes, its own first; NULL: those before any verb. */
static void each_option(const pare_cmd *command, void (*print)(const pare_option *, const char *),
                        const char *arg)
{
    for (size_t i = 0; command && i < command->n_options; i++) print(&command->options[i], arg);
    for (size_t i = 0; i < pare_n_shared_options; i++) {
        if (is_shown(&pare_shared_options[i], command)) print(&pare_shared_options[i], arg);
    }
}

static void print_choices(const pare_option *option)
{
    for (size_t i = 0; option->choices[i]; i++) printf("%s%s", i ? " " : "", option->choices[i]);
}

static void print_verbs(void)
{
    for (size_t i = 0; i < pare_n_cmds; i++)
        printf("%s%s", i ? " " : "", pare_cmds[i].command->name);
}

/* --- manual page ------------------------------------------------------------------------------ */

static void roff(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\n') fputs("\n.PP\n", stdout);
        else if (*text == '-') fputs("\\-", stdout);
        else if (*text == '\\') fputs("\\e", stdout);
        else putchar(*text);
    }
}

static void man_option(const pare_option *option, const char *arg)
{
    (void)arg;
    fputs(".TP\n.B ", stdout);
    if (option->short_name) printf("\\-%c\\fR, \\fB", option->short_name);
    fputs("\\-\\-", stdout);
    roff(option->name);
    if (option->implied) printf("\\fR[=\\fI%s\\fR]", option->placeholder);
    else if (option->placeholder) printf("\\fR \\fI%s\\fR", option->placeholder);
    fputc('\n', stdout);
    roff(option->help);
    if (option->implied) printf(" (without %s: %s)", option->placeholder, option->implied);
    fputs(".\n", stdout);
}

static void man_verb(const pare_cmd_row *row)
{
    const pare_cmd *const command = row->command;
    pare_line usage = { 0 };
    pare_help_usage(&usage, command);
    printf(".SS %s\n.B ", command->name);
    roff(usage.text);
    fputs("\n.PP\n", stdout);
    roff(command->description);
    fputc('\n', stdout);
    for (size_t i = 0; i < command->n_options; i++) man_option(&command->options[i], NULL);
    for (size_t i = 0; i < command->n_examples; i++) {
        fputs(i ? ".PP\n.RS\n.B " : ".PP\nFor example:\n.PP\n.RS\n.B ", stdout);
        roff(command->examples[i].command);
        fputs("\n.br\n", stdout);
        roff(command->examples[i].what);
        fputs("\n.RE\n", stdout);
    }
}

static void print_man(void)
{
    printf(".\\\" Made from the tables of options by pare-gen-docs.\n"
           ".TH PARE 1 \"\" \"pare %s\" \"User Commands\"\n.nh\n"
           ".SH NAME\npare \\- shrink ONNX models and count the joules\n.SH SYNOPSIS\n",
           PARE_VERSION);
    for (size_t i = 0; i < pare_n_cmds; i++) {
        pare_line usage = { 0 };
        pare_help_usage(&usage, pare_cmds[i].command);
        fputs(i ? ".br\n.B " : ".B ", stdout);
        roff(usage.text);
        fputc('\n', stdout);
    }
    fputs(".SH DESCRIPTION\n.B pare\nmakes ONNX models smaller. Each verb does one thing; results "
          "go to standard output, messages and progress to standard error.\nInputs are never "
          "modified, and outputs appear complete or not at all.\n.SH VERBS\n", stdout);
    for (size_t i = 0; i < pare_n_cmds; i++) man_verb(&pare_cmds[i]);
    fputs(".SH COMMON OPTIONS\n", stdout);
    each_option(NULL, man_option, NULL);
    fputs(".SH EXIT STATUS\n", stdout);
    for (const pare_exit_meaning *m = pare_exit_meanings; m->status; m++)
        printf(".TP\n.B %s\n%s.\n", m->status, m->meaning);
}

/* --- bash ------------------------------------------------------------------------------------- */

static void bash_names(const pare_option *option, const char *arg)
{
    (void)arg;
    if (option->short_name) printf(" -%c", option->short_name);
    printf(" --%s", option->name);
}

static void bash_value(const pare_option *option, const char *verb)
{
    if (!needs_value(option)) return;
    printf("    \"%s --%s\"", verb, option->name);
    if (option->short_name) printf(" | \"%s -%c\"", verb, option->short_name);
    fputs(") ", stdout);
    if (option->kind == PARE_OPT_CHOICE) {
        fputs("_pare_words \"", stdout);
        print_choices(option);
        fputs("\"", stdout);
    } else {
        const completion c = completion_of(option->placeholder);
        fputs(c == COMPLETE_NOTHING ? "COMPREPLY=()" : "_pare_files", stdout);
    }
    fputs("; return ;;\n", stdout);
}

static void bash_operands(const pare_cmd *command)
{
    for (size_t i = 0; i < command->n_operands; i++) {
        const completion c = completion_of(command->operands[i]);
        printf("    \"%s\") %s ;;\n", command->name,
               c == COMPLETE_VERB ? "_pare_words \"$verbs\"" : "_pare_files onnx");
        return;
    }
}

static const char bash_head[] =
    "# bash completion of pare; made from the tables of options by pare-gen-docs.\n"
    "_pare_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
    "_pare_files() {\n"
    "    compopt -o filenames\n"
    "    if [ -n \"${1:-}\" ]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"; "
    "compgen -f -X \"!*.$1\" -- \"$cur\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "    fi\n"
    "}\n"
    "_pare() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=\"\" i\n"
    "    local verbs=\"";

static const char bash_find_verb[] =
    "\"\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        if [[ \" $verbs \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
    "            verb=${COMP_WORDS[i]}\n"
    "            break\n"
    "        fi\n"
    "    done\n"
    "    case \"$verb $prev\" in\n";

static void bash_options(const pare_cmd *command)
{
    printf("    \"%s -\"*) _pare_words \"", command ? command->name : "");
    each_option(command, bash_names, "");
    fputs("\"; return ;;\n", stdout);
}

static void print_bash(void)
{
    fputs(bash_head, stdout);
    print_verbs();
    fputs(bash_find_verb, stdout);
    each_option(NULL, bash_value, "");
    for (size_t i = 0; i < pare_n_cmds; i++)
        each_option(pare_cmds[i].command, bash_value, pare_cmds[i].command->name);
    fputs("    esac\n    case \"$verb $cur\" in\n", stdout);
    bash_options(NULL);
    for (size_t i = 0; i < pare_n_cmds; i++) bash_options(pare_cmds[i].command);
    fputs("    esac\n    case $verb in\n    \"\") _pare_words \"$verbs\" ;;\n", stdout);
    for (size_t i = 0; i < pare_n_cmds; i++) bash_operands(pare_cmds[i].command);
    fputs("    esac\n}\ncomplete -F _pare pare\n", stdout);
}

/* --- zsh -------------------------------------------------------------------------------------- */

/* Text inside of '...' and of a description in [...]. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text)) printf("\\%c", *text);
        else putchar(*text);
    }
}

static void zsh_action(const char *placeholder)
{
    switch (completion_of(placeholder)) {
    case COMPLETE_MODEL: fputs("_files -g \"*.onnx\"", stdout); break;
    case COMPLETE_FILE: fputs("_files", stdout); break;
    case COMPLETE_VERB: fputs("_pare_verbs", stdout); break;
    case COMPLETE_NOTHING: fputs(" ", stdout); break;
    }
}

static void zsh_option(const pare_option *option, const char *indent)
{
    fputs(" \\\n", stdout);
    printf("%s", indent);
    if (option->short_name)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", option->short_name, option->name, option->short_name,
               needs_value(option) ? "+" : "", option->name, needs_value(option) ? "=" : "");
    else
        printf("'%s--%s%s[", option->kind == PARE_OPT_LIST ? "*" : "", option->name,
               needs_value(option) ? "=" : option->implied ? "=-" : "");
    zsh_text(option->help);
    fputs("]", stdout);
    if (option->kind == PARE_OPT_CHOICE) {
        printf(":%s:(", option->placeholder);
        print_choices(option);
        fputs(")", stdout);
    } else if (option->kind != PARE_OPT_FLAG) {
        printf("%s:%s:", option->implied ? ":" : "", option->placeholder);
        zsh_action(option->placeholder);
    }
    fputs("'", stdout);
}

static void zsh_verb(const pare_cmd *command)
{
    printf("    %s)\n        _arguments -s", command->name);
    each_option(command, zsh_option, "            ");
    for (size_t i = 0; i < command->n_operands; i++) {
        const char *name = command->operands[i];
        const bool optional = *name == '[';
        printf(" \\\n            '%s:%s", strstr(name, "...") ? "*" : "", optional ? ":" : "");
        for (; *name; name++) {
            if (isalpha((unsigned char)*name)) putchar(*name);
        }
        putchar(':');
        zsh_action(command->operands[i]);
        putchar('\'');
    }
    fputs("\n        ;;\n", stdout);
}

static void print_zsh(void)
{
    fputs("#compdef pare\n# zsh completion of pare; made from the tables of options by "
          "pare-gen-docs.\n\n_pare_verbs() {\n    local -a verbs=(\n", stdout);
    for (size_t i = 0; i < pare_n_cmds; i++) {
        printf("        '%s:", pare_cmds[i].command->name);
        zsh_text(pare_cmds[i].summary);
        fputs("'\n", stdout);
    }
    fputs("    )\n    _describe verb verbs\n}\n\n_pare() {\n"
          "    local curcontext=$curcontext state line\n    _arguments -C -s", stdout);
    each_option(NULL, zsh_option, "        ");
    fputs(" \\\n        '1:verb:_pare_verbs' '*::argument:->arguments'\n"
          "    [[ $state == arguments ]] || return\n    case $line[1] in\n", stdout);
    for (size_t i = 0; i < pare_n_cmds; i++) zsh_verb(pare_cmds[i].command);
    fputs("    esac\n}\n\n_pare \"$@\"\n", stdout);
}

/* --- fish ------------------------------------------------------------------------------------- */

static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_option(const pare_option *option, const char *condition)
{
    printf("complete -c pare %s -l %s", condition, option->name);
    if (option->short_name) printf(" -s %c", option->short_name);
    if (needs_value(option)) {
        const bool is_file = completion_of(option->placeholder) != COMPLETE_NOTHING;
        fputs(is_file ? " -r -F" : " -x", stdout);
    }
    if (option->kind == PARE_OPT_CHOICE) {
        fputs(" -a '", stdout);
        print_choices(option);
        putchar('\'');
    }
    fputs(" -d ", stdout);
    fish_text(option->help);
    putchar('\n');
}

static void print_fish(void)
{
    fputs("# fish completion of pare; made from the tables of options by pare-gen-docs.\n"
          "complete -c pare -f\n", stdout);
    for (size_t i = 0; i < pare_n_cmds; i++) {
        printf("complete -c pare -n __fish_use_subcommand -a %s -d ", pare_cmds[i].command->name);
        fish_text(pare_cmds[i].summary);
        putchar('\n');
    }
    each_option(NULL, fish_option, "-n __fish_use_subcommand");
    for (size_t i = 0; i < pare_n_cmds; i++) {
        const pare_cmd *const command = pare_cmds[i].command;
        pare_line condition = { 0 };
        pare_line_add(&condition, "-n '__fish_seen_subcommand_from %s'", command->name);
        each_option(command, fish_option, condition.text);
        if (!command->n_operands) continue;
        printf("complete -c pare %s", condition.text);
        if (completion_of(command->operands[0]) != COMPLETE_VERB) {
            fputs(" -k -a '(__fish_complete_suffix .onnx)'\n", stdout);
            continue;
        }
        fputs(" -a '", stdout);
        print_verbs();
        fputs("'\n", stdout);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } documents[] = {
        { "man", print_man }, { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish },
    };
    for (size_t i = 0; argc == 3 && i < PARE_COUNT_OF(documents); i++) {
        if (!pare_str_eq(documents[i].name, argv[1])) continue;
        if (!freopen(argv[2], "w", stdout)) break;
        documents[i].print();
        if (fclose(stdout) == 0) return 0;
        break;
    }
    fputs("Usage: pare-gen-docs man|bash|zsh|fish FILE (which must be writable)\n", stderr);
    return 2;
}
