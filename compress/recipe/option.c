#include "recipe/option.h"

#include "base/bytes.h"
#include "base/nearest.h"
#include "base/quantity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- from text -------------------------------------------------------------------------------- */

static pare_status refuse(pare_option_problem *problem, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static pare_status refuse(pare_option_problem *problem, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
    va_end(args);
    problem->hint[0] = '\0';
    return PARE_EUSAGE;
}

/* Appends to text that ends somewhere in out; cut. */
static void append(char *out, size_t out_bytes, const char *separator, const char *text)
{
    const size_t at = strlen(out);
    snprintf(out + at, out_bytes - at, "%s%s", at ? separator : "", text);
}

static pare_status read_flag(bool *field, const char *text, pare_option_problem *problem)
{
    const bool is_true = !text || pare_str_eq(text, "true");
    if (!is_true && !pare_str_eq(text, "false"))
        return refuse(problem, "expected true or false, found '%s'", text);
    *field = is_true;
    return PARE_OK;
}

static pare_status read_int(const pare_option *row, int64_t *field, const char *text,
                            pare_option_problem *problem)
{
    const bool bounded = row->min != 0 || row->max != 0;
    int64_t value = 0;
    const bool is_int = pare_read_int(text, &value);
    if (is_int && (!bounded || (value >= row->min && value <= row->max))) {
        *field = value;
        return PARE_OK;
    }
    if (!bounded) return refuse(problem, "expected an integer, found '%s'", text);
    return refuse(problem, "expected an integer from %lld to %lld, found '%s'",
                  (long long)row->min, (long long)row->max, text);
}

static pare_status read_number(const pare_option *row, double *field, const char *text,
                               pare_option_problem *problem)
{
    const bool bounded = row->min != 0 || row->max != 0;
    double value = 0;
    const bool is_number = pare_read_number(text, &value);
    if (is_number && (!bounded || (value >= (double)row->min && value <= (double)row->max))) {
        *field = value;
        return PARE_OK;
    }
    if (!bounded) return refuse(problem, "expected a number, found '%s'", text);
    return refuse(problem, "expected a number from %lld to %lld, found '%s'",
                  (long long)row->min, (long long)row->max, text);
}

static pare_status read_quantity(const pare_option *row, uint64_t *field, const char *text,
                                 pare_option_problem *problem)
{
    static const char *const forms[] = {
        [PARE_OPT_SIZE] = "a size such as 4096, 64KiB or 1.5GB",
        [PARE_OPT_COUNT] = "a count such as 500, 10k or 2.5M",
        [PARE_OPT_DURATION] = "a duration such as 90s, 10m or 1.5h",
    };
    uint64_t value = 0;
    const bool ok = row->kind == PARE_OPT_SIZE    ? pare_read_size(text, &value)
                    : row->kind == PARE_OPT_COUNT ? pare_read_count(text, &value)
                                                  : pare_read_duration(text, &value);
    if (!ok || value == PARE_NOT_GIVEN)
        return refuse(problem, "expected %s, found '%s'", forms[row->kind], text);
    *field = value;
    return PARE_OK;
}

/* Index of the choice that is written in n bytes of text; refused naming all, and the nearest. */
static pare_status find_choice(const pare_option *row, size_t *out, const char *text, size_t n,
                               pare_option_problem *problem)
{
    char word[64], all[512] = "";
    snprintf(word, sizeof(word), "%.*s", (int)n, text);
    pare_nearest nearest = { .word = word };
    for (size_t i = 0; row->choices[i]; i++) {
        const char *const choice = row->choices[i];
        if (n < sizeof(word) && pare_str_eq(choice, word)) {
            *out = i;
            return PARE_OK;
        }
        append(all, sizeof(all), ", ", choice);
        pare_nearest_try(&nearest, choice);
    }
    refuse(problem, "expected %s %s, found '%.*s'",
           row->kind == PARE_OPT_SET ? "some of" : "one of", all, (int)n, text);
    if (nearest.name)
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s'?", nearest.name);
    return PARE_EUSAGE;
}

static pare_status read_choice(const pare_option *row, int *field, const char *text,
                               pare_option_problem *problem)
{
    size_t found = 0;
    PARE_TRY(find_choice(row, &found, text, strlen(text), problem));
    *field = (int)found;
    return PARE_OK;
}

static pare_status read_set(const pare_option *row, uint32_t *field, const char *text,
                            pare_option_problem *problem)
{
    uint32_t set = 0;
    for (const char *at = text;; at++) {
        at += strspn(at, " ");
        size_t n = strcspn(at, ","), word = n, found = 0;
        while (word && at[word - 1] == ' ') word--;
        PARE_TRY(find_choice(row, &found, at, word, problem));
        set |= UINT32_C(1) << found;
        at += n;
        if (!*at) break;
    }
    *field = set;
    return PARE_OK;
}

static pare_status add_item(pare_ctx *ctx, pare_option_list *list, const char *text)
{
    PARE_TRY(pare_grow(ctx, &list->items, &list->cap, list->n + 1, sizeof(list->items[0])));
    list->items[list->n++] = text;
    return PARE_OK;
}

pare_status pare_option_read(pare_ctx *ctx, const pare_option *row, void *fields, const char *text,
                             pare_option_problem *problem)
{
    void *const field = (char *)fields + row->offset;
    if (row->kind == PARE_OPT_FLAG) return read_flag(field, text, problem);
    if (!text) text = "";
    if (!*text && (row->kind == PARE_OPT_STRING || row->kind == PARE_OPT_LIST))
        return refuse(problem, "expected %s, found nothing", row->placeholder);
    switch (row->kind) {
    case PARE_OPT_FLAG: break;
    case PARE_OPT_STRING: *(const char **)field = text; break;
    case PARE_OPT_INT: return read_int(row, field, text, problem);
    case PARE_OPT_NUMBER: return read_number(row, field, text, problem);
    case PARE_OPT_SIZE:
    case PARE_OPT_COUNT:
    case PARE_OPT_DURATION: return read_quantity(row, field, text, problem);
    case PARE_OPT_LIST: return add_item(ctx, field, text);
    case PARE_OPT_CHOICE: return read_choice(row, field, text, problem);
    case PARE_OPT_SET: return read_set(row, field, text, problem);
    }
    return PARE_OK;
}

/* --- to text ---------------------------------------------------------------------------------- */

static void show_quantity(char *out, size_t out_bytes, const pare_option *row, uint64_t value)
{
    if (value == PARE_NOT_GIVEN) return;
    snprintf(out, out_bytes, "%llu%s", (unsigned long long)value,
             row->kind == PARE_OPT_DURATION ? "ms" : "");
}

static void show_list(char *out, size_t out_bytes, const pare_option_list *list)
{
    for (size_t i = 0; i < list->n; i++) append(out, out_bytes, ",", list->items[i]);
}

static void show_set(char *out, size_t out_bytes, const pare_option *row, uint32_t set)
{
    for (size_t i = 0; row->choices[i]; i++)
        if (set >> i & 1) append(out, out_bytes, ",", row->choices[i]);
}

const char *pare_option_show(char *out, size_t out_bytes, const pare_option *row,
                             const void *fields)
{
    const void *const field = (const char *)fields + row->offset;
    out[0] = '\0';
    switch (row->kind) {
    case PARE_OPT_FLAG: append(out, out_bytes, "", *(const bool *)field ? "true" : "false"); break;
    case PARE_OPT_STRING:
        append(out, out_bytes, "", pare_str_or_empty(*(const char *const *)field));
        break;
    case PARE_OPT_INT:
        snprintf(out, out_bytes, "%lld", (long long)*(const int64_t *)field);
        break;
    case PARE_OPT_NUMBER: snprintf(out, out_bytes, "%.15g", *(const double *)field); break;
    case PARE_OPT_SIZE:
    case PARE_OPT_COUNT:
    case PARE_OPT_DURATION:
        show_quantity(out, out_bytes, row, *(const uint64_t *)field);
        break;
    case PARE_OPT_LIST: show_list(out, out_bytes, field); break;
    case PARE_OPT_CHOICE: append(out, out_bytes, "", row->choices[*(const int *)field]); break;
    case PARE_OPT_SET: show_set(out, out_bytes, row, *(const uint32_t *)field); break;
    }
    return out;
}

void pare_option_drop(pare_ctx *ctx, const pare_option *rows, size_t n_rows, void *fields)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].kind != PARE_OPT_LIST) continue;
        pare_option_list *const list = (void *)((char *)fields + rows[i].offset);
        pare_free(ctx, list->items);
        *list = (pare_option_list){ 0 };
    }
}
