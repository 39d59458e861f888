/* Figures: a number with its unit, how far it may be off, how it came to be, where it stands. */
#include "formats/target_parse.h"

#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Units by what they are of. The first of a kind is the one that values are kept in. */
static const struct {
    target_unit of;
    const char *name;
    double factor;
} units[] = {
    { TARGET_MAC_ENERGY, "pJ", 1 },          { TARGET_MAC_ENERGY, "pJ/MAC", 1 },
    { TARGET_MAC_ENERGY, "fJ", 1e-3 },       { TARGET_MAC_ENERGY, "nJ", 1e3 },
    { TARGET_MAC_ENERGY, "nJ/MAC", 1e3 },    { TARGET_MAC_ENERGY, "pJ/FLOP", 2 },
    { TARGET_OP_ENERGY, "pJ", 1 },           { TARGET_OP_ENERGY, "pJ/OP", 1 },
    { TARGET_OP_ENERGY, "fJ", 1e-3 },        { TARGET_OP_ENERGY, "nJ", 1e3 },
    { TARGET_BYTE_ENERGY, "pJ/B", 1 },       { TARGET_BYTE_ENERGY, "pJ/bit", 8 },
    { TARGET_BYTE_ENERGY, "nJ/B", 1e3 },     { TARGET_MAC_RATE, "MAC/s", 1 },
    { TARGET_MAC_RATE, "MMAC/s", 1e6 },      { TARGET_MAC_RATE, "GMAC/s", 1e9 },
    { TARGET_MAC_RATE, "TMAC/s", 1e12 },     { TARGET_MAC_RATE, "MFLOP/s", 0.5e6 },
    { TARGET_MAC_RATE, "GFLOP/s", 0.5e9 },   { TARGET_MAC_RATE, "TFLOP/s", 0.5e12 },
    { TARGET_MAC_RATE, "GOP/s", 0.5e9 },     { TARGET_MAC_RATE, "TOP/s", 0.5e12 },
    { TARGET_OP_RATE, "OP/s", 1 },           { TARGET_OP_RATE, "MOP/s", 1e6 },
    { TARGET_OP_RATE, "GOP/s", 1e9 },        { TARGET_OP_RATE, "TOP/s", 1e12 },
    { TARGET_BYTE_RATE, "B/s", 1 },          { TARGET_BYTE_RATE, "MB/s", 1e6 },
    { TARGET_BYTE_RATE, "GB/s", 1e9 },       { TARGET_BYTE_RATE, "TB/s", 1e12 },
    { TARGET_BYTES, "B", 1 },                { TARGET_BYTES, "KiB", 1024.0 },
    { TARGET_BYTES, "MiB", 1048576.0 },      { TARGET_BYTES, "GiB", 1073741824.0 },
    { TARGET_BYTES, "KB", 1e3 },             { TARGET_BYTES, "MB", 1e6 },
    { TARGET_BYTES, "GB", 1e9 },             { TARGET_POWER, "W", 1 },
    { TARGET_POWER, "mW", 1e-3 },            { TARGET_POWER, "uW", 1e-6 },
    { TARGET_TIME, "s", 1 },                 { TARGET_TIME, "ms", 1e-3 },
    { TARGET_TIME, "us", 1e-6 },             { TARGET_TIME, "ns", 1e-9 },
    { TARGET_LAUNCH, "nJ", 1 },              { TARGET_LAUNCH, "pJ", 1e-3 },
    { TARGET_LAUNCH, "uJ", 1e3 },            { TARGET_LAUNCH, "mJ", 1e6 },
    { TARGET_CALL, "uJ", 1 },                { TARGET_CALL, "nJ", 1e-3 },
    { TARGET_CALL, "mJ", 1e3 },              { TARGET_CALL, "J", 1e6 },
    { TARGET_SHARE, "", 1 },                 { TARGET_SHARE, "%", 0.01 },
};

static const struct {
    const char *name;
    double factor;
} kinds[PARE_N_FIGURE_KINDS] = {
    { "", 1 },
#define KIND_ROW(symbol, name, factor) { name, factor },
    PARE_FIGURE_KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *pare_figure_kind_name(pare_figure_kind kind)
{
    return kind < PARE_N_FIGURE_KINDS ? kinds[kind].name : "";
}

/* "pJ, nJ or fJ": the units of a kind. */
static void list_units(char *out, size_t out_bytes, target_unit unit)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < TARGET_COUNT(units) && used < out_bytes; i++) {
        if (units[i].of != unit || !units[i].name[0]) continue;
        const int put =
            snprintf(out + used, out_bytes - used, "%s%s", used ? ", " : "", units[i].name);
        if (put > 0) used += (size_t)put;
    }
}

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

static const char *label(const pare_yaml_node *node)
{
    return node->key ? node->key : "figure";
}

static pare_status fail_unit(target_job *job, const pare_yaml_node *node, target_unit unit,
                             const char *found)
{
    char all[200];
    pare_nearest nearest = { .word = found };
    list_units(all, sizeof(all), unit);
    for (size_t i = 0; i < TARGET_COUNT(units); i++)
        if (units[i].of == unit && units[i].name[0]) pare_nearest_try(&nearest, units[i].name);
    if (!found[0])
        return FAIL(job, node, "'%s': expected a unit behind the number: %s", label(node), all);
    return FAIL(job, node, "'%s': unit '%s' is not one of %s%s%s%s", label(node), found, all,
                nearest.name ? "; did you mean '" : "", nearest.name ? nearest.name : "",
                nearest.name ? "'?" : "");
}

/* The words of a figure, cut apart in a copy, and the note behind ';'. */
typedef struct figure_words {
    char text[256];
    char *words[6];
    size_t n, at;
    const char *note; /* in the file's text; NULL: none */
} figure_words;

static pare_status cut_words(target_job *job, const pare_yaml_node *node, figure_words *w)
{
    const char *text = NULL;
    PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &text));
    const size_t n = strcspn(text, ";");
    *w = (figure_words){ .note = text[n] ? text + n + 1 : NULL };
    if (w->note) w->note += strspn(w->note, " ");
    if (n >= sizeof(w->text))
        return FAIL(job, node, "'%s': expected at most %zu characters before ';', found %zu",
                    label(node), sizeof(w->text) - 1, n);
    memcpy(w->text, text, n);
    for (char *p = w->text + strspn(w->text, " "); *p; p += strspn(p, " ")) {
        if (w->n == TARGET_COUNT(w->words))
            return FAIL(job, node, "'%s': expected 'VALUE UNIT ~FACTOR KIND SOURCE', found '%.80s'",
                        label(node), text);
        w->words[w->n++] = p;
        p += strcspn(p, " ");
        if (*p) *p++ = '\0';
    }
    return PARE_OK;
}

static pare_figure_kind find_kind(const char *word)
{
    for (size_t i = 1; i < PARE_N_FIGURE_KINDS; i++)
        if (!strcmp(kinds[i].name, word)) return (pare_figure_kind)i;
    return PARE_FIGURE_NONE;
}

/* "1.69 pJ", "1.69pJ", "30%". */
static pare_status take_amount(target_job *job, const pare_yaml_node *node, target_unit unit,
                               figure_words *w, double *out)
{
    const char *word = w->n ? w->words[0] : "";
    char *end = NULL;
    double value = 0;
    if (strspn(word, "+-.0123456789")) value = strtod(word, &end); /* neither inf nor nan */
    if (!end || end == word || (word[0] == '0' && (word[1] | 32) == 'x') || !isfinite(value))
        return FAIL(job, node, "'%s': expected a number with a unit, found '%.60s'", label(node),
                    word);
    w->at = 1;
    const char *name = end;
    if (!*name && w->n > 1 && w->words[1][0] != '~' && !find_kind(w->words[1]))
        name = w->words[w->at++];
    for (size_t i = 0; i < TARGET_COUNT(units); i++) {
        if (units[i].of != unit || strcmp(units[i].name, name)) continue;
        *out = value * units[i].factor;
        const bool fits = unit == TARGET_SHARE ? *out > 0 && *out <= 1 : *out >= 0;
        if (fits) return PARE_OK;
        return FAIL(job, node, "'%s': expected %s, found '%s'", label(node),
                    unit == TARGET_SHARE ? "a share above 0 and up to 1" : "no negative amount",
                    word);
    }
    return fail_unit(job, node, unit, name);
}

/* "~1.5" or "1.5": a factor. */
static pare_status take_spread(target_job *job, const pare_yaml_node *node, const char *word,
                               double *out)
{
    char *end = NULL;
    const double factor = strspn(word, ".0123456789") ? strtod(word, &end) : 0;
    if (!end || *end || !(factor >= 1 && factor <= 1000))
        return FAIL(job, node,
                    "'%s': expected a factor of at least 1 as in '~1.5', found '%.60s'",
                    label(node), word);
    *out = log(factor);
    return PARE_OK;
}

static pare_status take_kind(target_job *job, const pare_yaml_node *node, const char *word,
                             pare_figure_kind *out)
{
    pare_nearest nearest = { .word = word };
    *out = find_kind(word);
    if (*out) return PARE_OK;
    for (size_t i = 1; i < PARE_N_FIGURE_KINDS; i++) pare_nearest_try(&nearest, kinds[i].name);
    return FAIL(job, node,
                "'%s': '%.60s' is no kind of figure; expected measured, fitted, published, "
                "derived, recalled or estimated%s%s%s", label(node), word,
                nearest.name ? "; did you mean '" : "", nearest.name ? nearest.name : "",
                nearest.name ? "'?" : "");
}

/* What was left open, and what must not be. */
static pare_status settle(target_job *job, const pare_yaml_node *node, bool has_spread,
                          pare_figure *figure)
{
    if (!figure->kind) figure->kind = PARE_FIGURE_ESTIMATED;
    if (!has_spread) figure->spread = log(kinds[figure->kind].factor);
    const bool wants_source =
        figure->kind == PARE_FIGURE_PUBLISHED || figure->kind == PARE_FIGURE_RECALLED;
    if (wants_source && !figure->source)
        return FAIL(job, node, "'%s': expected the source of what is %s", label(node),
                    kinds[figure->kind].name);
    return PARE_OK;
}

static pare_status keep_note(target_job *job, const char *text, const char **out)
{
    *out = pare_arena_str(job->arena, text);
    return *out ? PARE_OK : pare_arena_fail(job->ctx, job->arena);
}

static pare_status read_compact(target_job *job, const pare_yaml_node *node, target_unit unit,
                                pare_figure *figure)
{
    figure_words w;
    bool has_spread = false;
    PARE_TRY(cut_words(job, node, &w));
    PARE_TRY(take_amount(job, node, unit, &w, &figure->value));
    if (w.at < w.n && w.words[w.at][0] == '~') {
        PARE_TRY(take_spread(job, node, w.words[w.at++] + 1, &figure->spread));
        has_spread = true;
    }
    if (w.at < w.n) PARE_TRY(take_kind(job, node, w.words[w.at++], &figure->kind));
    if (w.at < w.n)
        PARE_TRY(pare_target_use_source(job, node, w.words[w.at++], &figure->source));
    if (w.at < w.n)
        return FAIL(job, node, "'%s': nothing was expected behind the source, found '%.60s'",
                    label(node), w.words[w.at]);
    if (w.note) PARE_TRY(keep_note(job, w.note, &figure->note));
    return settle(job, node, has_spread, figure);
}

static pare_status read_map(target_job *job, const pare_yaml_node *node, target_unit unit,
                            pare_figure *figure)
{
    static const char *const keys[] = { "value", "spread", "kind", "source", "note" };
    figure_words w;
    const char *text = NULL;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    const pare_yaml_node *value = pare_yaml_get(node, "value");
    const pare_yaml_node *spread = pare_yaml_get(node, "spread");
    const pare_yaml_node *kind = pare_yaml_get(node, "kind");
    const pare_yaml_node *source = pare_yaml_get(node, "source");
    const pare_yaml_node *note = pare_yaml_get(node, "note");
    if (!value) return FAIL(job, node, "'%s': expected a 'value'", label(node));
    PARE_TRY(cut_words(job, value, &w));
    PARE_TRY(take_amount(job, value, unit, &w, &figure->value));
    if (w.at < w.n || w.note)
        return FAIL(job, value, "'value': expected a number with a unit and nothing else");
    if (spread) {
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, spread, &text));
        PARE_TRY(take_spread(job, spread, text + (text[0] == '~'), &figure->spread));
    }
    if (kind) {
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, kind, &text));
        PARE_TRY(take_kind(job, kind, text, &figure->kind));
    }
    if (source) {
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, source, &text));
        PARE_TRY(pare_target_use_source(job, source, text, &figure->source));
    }
    if (note) {
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, note, &text));
        PARE_TRY(keep_note(job, text, &figure->note));
    }
    return settle(job, node, spread != NULL, figure);
}

pare_status pare_target_read_figure(target_job *job, const pare_yaml_node *node, target_unit unit,
                                    pare_figure *out)
{
    pare_figure figure = { 0 };
    if (node->kind == PARE_YAML_MAP) PARE_TRY(read_map(job, node, unit, &figure));
    else if (node->kind != PARE_YAML_SCALAR || strcmp(node->text, "none") != 0)
        PARE_TRY(read_compact(job, node, unit, &figure));
    *out = figure;
    return PARE_OK;
}

pare_status pare_target_get_figure(target_job *job, const pare_yaml_node *map, const char *key,
                                   target_unit unit, pare_figure *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? pare_target_read_figure(job, node, unit, out) : PARE_OK;
}

pare_status pare_target_get_amount(target_job *job, const pare_yaml_node *map, const char *key,
                                   target_unit unit, double *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    figure_words w;
    if (!node) return PARE_OK;
    PARE_TRY(cut_words(job, node, &w));
    PARE_TRY(take_amount(job, node, unit, &w, out));
    if (w.at == w.n && !w.note) return PARE_OK;
    return FAIL(job, node, "'%s': expected a number with a unit and nothing else", label(node));
}
