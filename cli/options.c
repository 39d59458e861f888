#include "cli/options.h"

#include "base/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct parser {
    pare_ctx *ctx;
    pare_arguments *args;
    const pare_syntax *syntax;
    char *const *words;
    size_t n_words, next;
    pare_usage_error *error;
} parser;

/* An option as it was written: "--name", "--name=value", "-n", "-nvalue". */
typedef struct written {
    const pare_option *option;
    size_t set;
    char spelling[PARE_MESSAGE_BYTES]; /* without the value */
    const char *value;                 /* NULL: none attached */
} written;

static void set_text(char out[PARE_MESSAGE_BYTES], const char *fmt, va_list args)
{
    vsnprintf(out, PARE_MESSAGE_BYTES, fmt, args);
}

static pare_status usage_error(pare_usage_error *error, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static pare_status usage_error(pare_usage_error *error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_text(error->message, fmt, args);
    va_end(args);
    error->hint[0] = '\0';
    return PARE_EUSAGE;
}

static void usage_hint(pare_usage_error *error, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void usage_hint(pare_usage_error *error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_text(error->hint, fmt, args);
    va_end(args);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* --- finding the row ------------------------------------------------------------------------- */

static bool row_matches(const pare_option *row, const char *name, size_t n, bool is_long)
{
    if (!is_long) return row->short_name && row->short_name == name[0];
    return strncmp(row->name, name, n) == 0 && row->name[n] == '\0';
}

static const pare_option *find_row(const pare_syntax *syntax, const char *name, size_t n,
                                   bool is_long, size_t *set)
{
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < syntax->sets[s].n; i++) {
            if (!row_matches(&syntax->sets[s].rows[i], name, n, is_long)) continue;
            *set = s;
            return &syntax->sets[s].rows[i];
        }
    }
    return NULL;
}

static pare_status unknown_option(const parser *p, const written *w, bool is_long)
{
    usage_error(p->error, "unknown option '%s' of '%s'", w->spelling, p->syntax->command);
    /* "-output" is meant as "--output"; "-x" says too little to guess. */
    pare_nearest nearest = { .word = w->spelling + 1 + is_long };
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < p->syntax->sets[s].n; i++)
            pare_nearest_try(&nearest, p->syntax->sets[s].rows[i].name);
    }
    if (nearest.name) usage_hint(p->error, "did you mean '--%s'?", nearest.name);
    else usage_hint(p->error, "'%s --help' lists the options", p->syntax->command);
    return PARE_EUSAGE;
}

static pare_status find_option(const parser *p, written *w, const char *word)
{
    const bool is_long = word[1] == '-';
    const char *const name = word + 1 + is_long;
    const size_t n = is_long ? strcspn(name, "=") : 1;
    w->option = find_row(p->syntax, name, n, is_long, &w->set);
    const bool takes_value = w->option && w->option->kind != PARE_OPT_FLAG;
    if (!is_long && name[1] && !takes_value) w->option = NULL; /* "-help": not a row's short name */
    const size_t shown = w->option || is_long ? (size_t)(name - word) + n : strcspn(word, "=");
    snprintf(w->spelling, sizeof(w->spelling), "%.*s", (int)shown, word);
    if (!w->option) return unknown_option(p, w, is_long);
    if (name[n] == '=') w->value = name + n + 1;
    else if (!is_long && name[1]) w->value = name + 1;
    return PARE_OK;
}

/* --- values ---------------------------------------------------------------------------------- */

static pare_status store(const parser *p, const written *w)
{
    pare_option_problem problem;
    const pare_status st = pare_option_read(p->ctx, w->option, p->syntax->sets[w->set].fields,
                                            w->value, &problem);
    if (st != PARE_EUSAGE) return st;
    usage_error(p->error, "option '%s': %s", w->spelling, problem.message);
    if (*problem.hint) usage_hint(p->error, "%s", problem.hint);
    return st;
}

/* Whether a word can be meant as a value: "-x" can, the name of an option that is known cannot. */
static bool can_be_value(const parser *p, const char *word)
{
    if (!is_option(word)) return true;
    const bool is_long = word[1] == '-';
    const char *const name = word + 1 + is_long;
    const size_t n = is_long ? strcspn(name, "=") : strlen(name);
    size_t set = 0;
    if (!n) return false; /* "--" */
    return (!is_long && n != 1) || !find_row(p->syntax, name, n, is_long, &set);
}

static pare_status take_value(parser *p, written *w)
{
    const pare_option *const option = w->option;
    if (option->kind == PARE_OPT_FLAG) {
        if (!w->value) return PARE_OK;
        return usage_error(p->error, "option '%s' takes no value, found '%s'", w->spelling,
                           w->value);
    }
    if (w->value) return PARE_OK;
    if (option->implied) {
        w->value = option->implied;
        return PARE_OK;
    }
    if (p->next == p->n_words)
        return usage_error(p->error, "option '%s' needs a value: %s %s", w->spelling, w->spelling,
                           option->placeholder);
    if (!can_be_value(p, p->words[p->next]))
        return usage_error(p->error, "option '%s' needs a value: %s %s, found the option '%s'",
                           w->spelling, w->spelling, option->placeholder, p->words[p->next]);
    w->value = p->words[p->next++];
    return PARE_OK;
}

static pare_status parse_option(parser *p, const char *word)
{
    written w = { 0 };
    PARE_TRY(find_option(p, &w, word));
    PARE_TRY(take_value(p, &w));
    const size_t row = (size_t)(w.option - p->syntax->sets[w.set].rows);
    const uint64_t bit = UINT64_C(1) << row;
    const bool repeats = w.option->kind == PARE_OPT_FLAG || w.option->kind == PARE_OPT_LIST;
    if ((p->args->given[w.set] & bit) && !repeats)
        return usage_error(p->error, "option '--%s' is given twice", w.option->name);
    p->args->given[w.set] |= bit;
    return store(p, &w);
}

/* Whether the last operand is "NAME...". */
static bool takes_more(const pare_syntax *syntax)
{
    if (!syntax->n_operands) return false;
    const char *const last = syntax->operands[syntax->n_operands - 1];
    return strlen(last) > 3 && pare_str_eq(last + strlen(last) - 3, "...");
}

static pare_status append_item(const parser *p, pare_option_list *list, const char *value)
{
    PARE_TRY(pare_grow(p->ctx, &list->items, &list->cap, list->n + 1, sizeof(list->items[0])));
    list->items[list->n++] = value;
    return PARE_OK;
}

static pare_status parse_operand(const parser *p, const char *word)
{
    const bool full = p->args->n_operands == p->syntax->n_operands;
    if (full && takes_more(p->syntax)) return append_item(p, &p->args->more, word);
    if (full) {
        usage_error(p->error, "'%s' takes %s, found '%s' besides", p->syntax->command,
                    p->syntax->n_operands ? "no more arguments" : "no arguments", word);
        usage_hint(p->error, "'%s --help' shows how it is used", p->syntax->command);
        return PARE_EUSAGE;
    }
    p->args->operands[p->args->n_operands++] = word;
    return PARE_OK;
}

pare_status pare_options_parse(pare_ctx *ctx, pare_arguments *args, const pare_syntax *syntax,
                               size_t n_words, char *const *words, size_t *n_used,
                               pare_usage_error *error)
{
    parser p = { ctx, args, syntax, words, n_words, 0, error };
    bool only_operands = false;
    pare_status st = PARE_OK;
    while (!st && p.next < n_words) {
        const char *const word = words[p.next];
        const bool operand = only_operands || !is_option(word);
        if (operand && syntax->stop_at_operand) break;
        p.next++;
        if (operand) st = parse_operand(&p, word);
        else if (pare_str_eq(word, "--")) only_operands = true;
        else st = parse_option(&p, word);
    }
    *n_used = p.next;
    return st;
}

/* --- afterwards ------------------------------------------------------------------------------ */

static pare_status check_set(const pare_arguments *args, const pare_syntax *syntax, size_t s,
                             pare_usage_error *error)
{
    for (size_t i = 0; i < syntax->sets[s].n; i++) {
        const pare_option *const row = &syntax->sets[s].rows[i];
        const bool given = args->given[s] >> i & 1;
        if (!given && row->required) {
            pare_line spelling = { 0 };
            pare_option_spelling(&spelling, row);
            return usage_error(error, "'%s' needs %s", syntax->command, spelling.text);
        }
        if (given && row->group && !(row->group & syntax->shared))
            return usage_error(error, "option '--%s' has no effect on '%s'", row->name,
                               syntax->command);
    }
    return PARE_OK;
}

pare_status pare_options_check(const pare_arguments *args, const pare_syntax *syntax,
                               pare_usage_error *error)
{
    if (args->n_operands < syntax->n_operands && syntax->operands[args->n_operands][0] != '[') {
        usage_error(error, "'%s' needs %s", syntax->command, syntax->operands[args->n_operands]);
        usage_hint(error, "'%s --help' shows how it is used", syntax->command);
        return PARE_EUSAGE;
    }
    PARE_TRY(check_set(args, syntax, 0, error));
    return check_set(args, syntax, 1, error);
}

void pare_options_free(pare_ctx *ctx, const pare_option_set *set)
{
    pare_option_drop(ctx, set->rows, set->n, set->fields);
}

void pare_arguments_free(pare_ctx *ctx, pare_arguments *args)
{
    pare_free(ctx, args->more.items);
    args->more = (pare_option_list){ 0 };
}

void pare_option_spelling(pare_line *out, const pare_option *option)
{
    if (option->short_name) pare_line_add(out, "-%c, ", option->short_name);
    pare_line_add(out, "--%s", option->name);
    if (option->implied) pare_line_add(out, "[=%s]", option->placeholder);
    else if (option->placeholder) pare_line_add(out, " %s", option->placeholder);
}
