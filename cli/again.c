#include "cli/again.h"

#include <string.h>

/* What tells the result, or how it is computed, and has no influence on it. */
static const char *const without_effect[] = { "ci",      "help",    "json",   "quiet",
                                              "report",  "threads", "verbose", "version" };

static const char *const of_files[] = { "DATA", "DIR", "FILE", "NAME|FILE,...", "OUT", "R.yaml",
                                        "REPORT.json", "T" };

typedef struct again {
    pare_app *app;
    pare_arena *arena;
    const char **words; /* [n] */
    size_t n, cap;
} again;

static bool is_among(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (pare_str_eq(names[i], name)) return true;
    return false;
}

bool pare_option_names_file(const pare_option *option)
{
    return option->kind == PARE_OPT_STRING && option->placeholder &&
           is_among(of_files, PARE_COUNT_OF(of_files), option->placeholder);
}

static pare_status add(again *a, const char *word)
{
    if (!word || !pare_arena_grow(a->arena, &a->words, &a->cap, a->n + 1, sizeof(*a->words)))
        return pare_arena_fail(&a->app->ctx, a->arena);
    a->words[a->n++] = word;
    return PARE_OK;
}

/* "--name" or "--name=value"; of files without their folders. */
static pare_status add_option(again *a, const pare_option *row, const char *value)
{
    pare_doc doc = { .ctx = &a->app->ctx };
    const bool is_file = pare_option_names_file(row);
    const bool is_list = is_file && strchr(row->placeholder, ',');
    pare_doc_put(&doc, "--");
    pare_doc_put(&doc, row->name);
    for (const char *p = value; p;) {
        const size_t n = is_list ? strcspn(p, ",") : strlen(p);
        size_t skip = 0;
        for (size_t i = 0; is_file && i + 1 < n; i++)
            if (p[i] == '/') skip = i + 1;
        pare_doc_put(&doc, p == value ? "=" : ",");
        pare_doc_bytes(&doc, p + skip, n - skip);
        p = p[n] ? p + n + 1 : NULL;
    }
    pare_status st = doc.status;
    if (!st) st = add(a, pare_arena_str(a->arena, pare_doc_text(&doc)));
    pare_doc_free(&doc);
    return st;
}

static pare_status add_given(again *a, const pare_option *row, const void *fields)
{
    const char *const field = (const char *)fields + row->offset;
    char value[1024];
    if (is_among(without_effect, PARE_COUNT_OF(without_effect), row->name)) return PARE_OK;
    if (row->kind == PARE_OPT_FLAG) return add_option(a, row, NULL);
    if (row->kind == PARE_OPT_STRING) return add_option(a, row, *(const char *const *)field);
    if (row->kind != PARE_OPT_LIST)
        return add_option(a, row, pare_option_show(value, sizeof(value), row, fields));
    const pare_option_list *const list = (const pare_option_list *)field;
    for (size_t i = 0; i < list->n; i++) PARE_TRY(add_option(a, row, list->items[i]));
    return PARE_OK;
}

static pare_status add_rows(again *a, const pare_option *rows, size_t n, uint64_t given,
                            const void *fields)
{
    for (size_t i = 0; i < n; i++)
        if (given >> i & 1) PARE_TRY(add_given(a, &rows[i], fields));
    return PARE_OK;
}

static pare_status add_operand(again *a, const char *path)
{
    const char *const slash = strrchr(path, '/');
    return add(a, pare_arena_str(a->arena, slash && slash[1] ? slash + 1 : path));
}

static pare_status add_all(again *a)
{
    const pare_invoked *const v = &a->app->invoked;
    const pare_arguments *const args = v->args;
    PARE_TRY(add(a, v->command->name));
    for (size_t i = 0; i < args->n_operands; i++) PARE_TRY(add_operand(a, args->operands[i]));
    for (size_t i = 0; i < args->more.n; i++) PARE_TRY(add_operand(a, args->more.items[i]));
    PARE_TRY(add_rows(a, v->command->options, v->command->n_options, args->given[0], v->fields));
    return add_rows(a, pare_shared_options, pare_n_shared_options, args->given[1],
                    &a->app->shared);
}

void pare_shell_word(pare_doc *doc, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-+=.,:/@%";
    if (*word && !word[strspn(word, plain)]) {
        pare_doc_put(doc, word);
        return;
    }
    pare_doc_put(doc, "'");
    for (; *word; word++) {
        if (*word == '\'') pare_doc_put(doc, "'\\''");
        else pare_doc_bytes(doc, word, 1);
    }
    pare_doc_put(doc, "'");
}

pare_status pare_again_tell(pare_app *app, pare_arena *arena, pare_report *report)
{
    again a = { .app = app, .arena = arena };
    pare_doc line = { .ctx = &app->ctx };
    if (!app->invoked.command) return PARE_OK;
    PARE_TRY(add_all(&a));
    pare_doc_put(&line, "pare");
    for (size_t i = 0; i < a.n; i++) {
        pare_doc_put(&line, " ");
        pare_shell_word(&line, a.words[i]);
    }
    report->arguments = a.words;
    report->n_arguments = a.n;
    pare_status st = line.status;
    if (!st && !(report->reproduce = pare_arena_str(arena, pare_doc_text(&line))))
        st = pare_arena_fail(&app->ctx, arena);
    pare_doc_free(&line);
    return st;
}
