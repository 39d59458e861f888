#include "cli/prune_list.h"

#include "cli/number.h"

#include "formats/report/metric.h"

#include <math.h>
#include <string.h>

enum { MOST_WIDTHS = 20, MOST_MEMBERS = 6, MOST_STUCK = 10, NAME_COLUMNS = 44 };

static const char *const role_names[] = {
    [PARE_PRUNE_MAKES] = "makes",
    [PARE_PRUNE_READS] = "reads",
    [PARE_PRUNE_BOTH] = "makes and reads",
    [PARE_PRUNE_FOLLOWS] = "follows",
};

static size_t shown(const pare_app *app, size_t n, size_t most)
{
    return app->shared.verbose || n <= most ? n : most;
}

static void print_rest(pare_app *app, const char *indent, size_t n_shown, size_t n)
{
    pare_line line = { 0 };
    if (n_shown == n) return;
    pare_line_add(&line, "%sand %zu more; --verbose shows them", indent, n - n_shown);
    pare_app_print(app, line.text);
}

/* --- text ------------------------------------------------------------------------------------- */

static void print_head(pare_app *app, const char *path, const pare_target *target,
                       const pare_prune_listing *l)
{
    pare_line line = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < l->n_widths; i++) n += !l->widths[i].lossy;
    pare_line_add(&line, "%s: %zu width%s can be pruned", path, n, n == 1 ? "" : "s");
    if (l->macs > 0)
        pare_line_add(&line, ", and with %s %.1f %% of the multiply-accumulates",
                      n == 1 ? "it" : "them", 100 * l->prunable_macs / l->macs);
    else pare_line_add(&line, "; of its multiply-accumulates none are known");
    pare_app_print(app, line.text);
    pare_line_clear(&line);
    pare_line_add(&line, "one channel less saves on %s:", target->name);
    if (n) pare_app_print(app, line.text);
}

typedef struct column {
    pare_prune_figure figure;
    const char *title;
    void (*unit)(char out[PARE_UNIT_BYTES], double value);
} column;

static const column columns[] = {
    { PARE_PRUNE_MACS, "MACs", pare_unit_count },
    { PARE_PRUNE_SIZE, "bytes", pare_unit_bytes },
    { PARE_PRUNE_RAM, "RAM", pare_unit_bytes },
    { PARE_PRUNE_ENERGY, "energy", pare_unit_energy },
};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]), COLUMN = 10 };

static void print_titles(pare_app *app)
{
    pare_line line = { 0 };
    pare_line_add(&line, "width");
    pare_line_pad(&line, NAME_COLUMNS);
    pare_line_add(&line, " %*s", COLUMN, "channels");
    for (size_t c = 0; c < N_COLUMNS; c++) pare_line_add(&line, " %*s", COLUMN, columns[c].title);
    pare_app_print(app, line.text);
}

static void print_members(pare_app *app, const pare_prune_width *w)
{
    size_t n = 0, n_shown = 0, n_follow = 0;
    pare_line line = { 0 };
    for (size_t i = 0; i < w->n_members; i++) {
        if (w->members[i].role == PARE_PRUNE_FOLLOWS) n_follow++;
        else n++;
    }
    for (size_t i = 0; i < w->n_members && n_shown < shown(app, n, MOST_MEMBERS); i++) {
        const pare_prune_member *m = &w->members[i];
        if (m->role == PARE_PRUNE_FOLLOWS) continue;
        pare_line_clear(&line);
        pare_line_add(&line, "    %s %.200s (%.60s)", role_names[m->role], m->node, m->op);
        pare_app_print(app, line.text);
        n_shown++;
    }
    print_rest(app, "    ", n_shown, n);
    if (!n_follow) return;
    pare_line_clear(&line);
    pare_line_add(&line, "    %zu other%s follow%s", n_follow, n_follow == 1 ? "" : "s",
                  n_follow == 1 ? "s" : "");
    pare_app_print(app, line.text);
}

static void print_width(pare_app *app, const pare_prune_width *w)
{
    pare_line line = { 0 };
    pare_line_add(&line, "%.200s%s", w->name, w->is_heads ? " (heads)" : "");
    pare_line_pad(&line, NAME_COLUMNS);
    pare_line_add(&line, " %*u", COLUMN, w->n_channels);
    for (size_t c = 0; c < N_COLUMNS; c++) {
        char text[PARE_UNIT_BYTES] = "";
        const double value = w->per_channel[columns[c].figure];
        if (isfinite(value)) columns[c].unit(text, value);
        pare_line_add(&line, " %*s", COLUMN, text);
    }
    pare_app_print(app, line.text);
    print_members(app, w);
}

static void print_widths(pare_app *app, const pare_prune_listing *l)
{
    size_t n = 0, n_shown = 0;
    for (size_t i = 0; i < l->n_widths; i++) n += !l->widths[i].lossy;
    if (!n) return;
    print_titles(app);
    for (size_t i = 0; i < l->n_widths && n_shown < shown(app, n, MOST_WIDTHS); i++) {
        if (l->widths[i].lossy) continue;
        print_width(app, &l->widths[i]);
        n_shown++;
    }
    print_rest(app, "", n_shown, n);
}

static void print_lossy(pare_app *app, const pare_prune_listing *l)
{
    for (size_t i = 0; i < l->n_widths; i++) {
        const pare_prune_width *w = &l->widths[i];
        pare_line line = { 0 };
        if (!w->lossy) continue;
        pare_line_add(&line, "left alone: %.200s, %u channels: %.200s", w->name, w->n_channels,
                      w->lossy);
        pare_app_print(app, line.text);
    }
}

static void add_blocker(pare_line *line, const char *op, const char *why)
{
    if (op) pare_line_add(line, "%.60s: ", op);
    pare_line_add(line, "%.200s", why);
}

static void print_stuck(pare_app *app, const pare_prune_listing *l)
{
    const size_t n = shown(app, l->n_stuck, MOST_STUCK);
    pare_line line = { 0 };
    if (!l->n_stuck) return;
    pare_line_add(&line, "what keeps outputs of products as they are, by share of the "
                         "multiply-accumulates:");
    pare_app_print(app, line.text);
    for (size_t i = 0; i < l->n_blockers; i++) {
        const pare_prune_blocker *b = &l->blockers[i];
        pare_line_clear(&line);
        pare_line_add(&line, "%6.1f %%  ", l->macs > 0 ? 100 * (double)b->macs / l->macs : 0.0);
        add_blocker(&line, b->op, b->why);
        pare_line_add(&line, " (%llu product%s)", (unsigned long long)b->n_products,
                      b->n_products == 1 ? "" : "s");
        pare_app_print(app, line.text);
    }
    for (size_t i = 0; i < n; i++) {
        const pare_prune_stuck *s = &l->stuck[i];
        pare_line_clear(&line);
        pare_line_add(&line, "kept: %.200s (%.60s), %lld outputs: ", s->node, s->op,
                      (long long)s->n_outputs);
        if (s->by) pare_line_add(&line, "%.200s (%.60s): ", s->by, s->by_op);
        pare_line_add(&line, "%.200s", s->why);
        pare_app_print(app, line.text);
    }
    print_rest(app, "", n, l->n_stuck);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static const char *const keys[PARE_N_PRUNE_FIGURES] = {
    [PARE_PRUNE_ENERGY] = "energy_mj",   [PARE_PRUNE_LATENCY] = "latency_ms",
    [PARE_PRUNE_MACS] = "macs",          [PARE_PRUNE_PARAMS] = "params",
    [PARE_PRUNE_SIZE] = "file_bytes",    [PARE_PRUNE_FLASH] = "flash_bytes",
    [PARE_PRUNE_RAM] = "ram_peak_bytes",
};

static void add_figures(pare_json *j, const char *key, const double *values)
{
    pare_json_open_object(j, key);
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) pare_json_real(j, keys[k], values[k]);
    pare_json_close(j);
}

static void add_widths(pare_json *j, const pare_prune_listing *l)
{
    pare_json_open_array(j, "widths");
    for (size_t i = 0; i < l->n_widths; i++) {
        const pare_prune_width *w = &l->widths[i];
        pare_json_open_object(j, NULL);
        pare_json_text(j, "name", w->name);
        pare_json_uint(j, "channels", w->n_channels);
        pare_json_bool(j, "heads", w->is_heads);
        pare_json_bool(j, "prunable", !w->lossy);
        pare_json_text(j, "why", w->lossy);
        add_figures(j, "per_channel", w->per_channel);
        pare_json_open_array(j, "members");
        for (size_t k = 0; k < w->n_members; k++) {
            pare_json_open_object(j, NULL);
            pare_json_text(j, "node", w->members[k].node);
            pare_json_text(j, "op", w->members[k].op);
            pare_json_text(j, "role", role_names[w->members[k].role]);
            pare_json_close(j);
        }
        pare_json_close(j);
        pare_json_close(j);
    }
    pare_json_close(j);
}

static void add_kept(pare_json *j, const pare_prune_listing *l)
{
    pare_json_open_array(j, "kept");
    for (size_t i = 0; i < l->n_stuck; i++) {
        const pare_prune_stuck *s = &l->stuck[i];
        pare_json_open_object(j, NULL);
        pare_json_text(j, "node", s->node);
        pare_json_text(j, "op", s->op);
        pare_json_int(j, "outputs", s->n_outputs);
        pare_json_uint(j, "macs", s->macs);
        pare_json_text(j, "by", s->by);
        pare_json_text(j, "by_op", s->by_op);
        pare_json_text(j, "why", s->why);
        pare_json_close(j);
    }
    pare_json_close(j);
    pare_json_open_array(j, "blockers");
    for (size_t i = 0; i < l->n_blockers; i++) {
        const pare_prune_blocker *b = &l->blockers[i];
        pare_json_open_object(j, NULL);
        pare_json_text(j, "op", b->op);
        pare_json_text(j, "why", b->why);
        pare_json_uint(j, "products", b->n_products);
        pare_json_uint(j, "macs", b->macs);
        pare_json_close(j);
    }
    pare_json_close(j);
}

static int print_json(pare_app *app, const char *path, const pare_target *target,
                      const pare_prune_listing *l)
{
    const char *const slash = strrchr(path, '/');
    pare_json j;
    pare_app_begin_json(app, &j, "pare.prune-groups/1");
    pare_json_text(&j, "model", slash ? slash + 1 : path);
    pare_json_text(&j, "target", target->name);
    add_figures(&j, "figures", l->figures.values);
    pare_json_real(&j, "prunable_share", l->macs > 0 ? l->prunable_macs / l->macs : 0);
    pare_json_uint(&j, "unmodelled", l->n_unmodelled);
    add_widths(&j, l);
    add_kept(&j, l);
    pare_app_json_warnings(app, &j);
    return pare_app_print_json(app, &j);
}

/* ---------------------------------------------------------------------------------------------- */

int pare_prune_list_show(pare_app *app, const char *path, const pare_target *target,
                         const pare_prune_listing *l)
{
    if (app->shared.json) return print_json(app, path, target, l);
    print_head(app, path, target, l);
    print_widths(app, l);
    print_lossy(app, l);
    print_stuck(app, l);
    return PARE_EXIT_DONE;
}
