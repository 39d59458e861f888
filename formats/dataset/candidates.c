#include "formats/dataset/candidates.h"

#include "formats/dataset/preprocess_steps.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 2048 };

/* A list taken apart. */
typedef struct parts {
    pare_preprocess place;   /* geometric steps, and to grey */
    pare_preprocess numbers;
    pare_color color;
    bool has_color, has_layout;
    pare_prep_step layout;
} parts;

static parts take_apart(const pare_preprocess *list)
{
    parts p = { .color = PARE_COLOR_RGB };
    for (size_t i = 0; i < list->n; i++) {
        const pare_prep_step *const s = &list->steps[i];
        const bool gray = s->kind == PARE_PREP_COLOR && s->color == PARE_COLOR_GRAY;
        if (pare_prep_is_geometric(s) || gray) (void)pare_preprocess_add(&p.place, s);
        else if (s->n_values) (void)pare_preprocess_add(&p.numbers, s);
        else if (s->kind == PARE_PREP_COLOR) p.color = s->color;
        if (s->kind == PARE_PREP_COLOR) p.has_color = true;
        if (s->kind == PARE_PREP_LAYOUT) p.has_layout = true;
        if (s->kind == PARE_PREP_LAYOUT) p.layout = *s;
    }
    return p;
}

static void add_all(pare_preprocess *list, const pare_preprocess *more)
{
    for (size_t i = 0; i < more->n; i++) (void)pare_preprocess_add(list, &more->steps[i]);
}

static pare_preprocess put_together(const parts *p, bool colored)
{
    const pare_prep_step color = { .kind = PARE_PREP_COLOR, .color = p->color };
    pare_preprocess list = { 0 };
    add_all(&list, &p->place);
    if (colored) (void)pare_preprocess_add(&list, &color);
    add_all(&list, &p->numbers);
    if (p->has_layout) (void)pare_preprocess_add(&list, &p->layout);
    return list;
}

/* What candidates are collected in. */
typedef struct maker {
    pare_candidate *out;
    size_t n;
    const pare_candidate_opts *opts;
    parts now;
    bool colored; /* there are colours to tell apart */
} maker;

/* Two numbers per channel that are one and the same thing are written in one way. */
static void tidy(pare_preprocess *list)
{
    for (size_t i = 0; i < list->n; i++) {
        pare_prep_step *const s = &list->steps[i];
        bool same = s->n_values > 1;
        for (uint32_t k = 1; k < s->n_values; k++) same &= s->values[k] == s->values[0];
        if (same) s->n_values = 1;
    }
}

/* What a list does to each of the pixels 0 and 255 of each channel, beside its text: equal lists
 * that are written in two ways. */
static bool same_effect(const pare_preprocess *a, const pare_preprocess *b)
{
    char text[2][TEXT_BYTES];
    pare_preprocess lists[2] = { *a, *b };
    for (int i = 0; i < 2; i++) {
        tidy(&lists[i]);
        if (!pare_preprocess_text(&lists[i], text[i], TEXT_BYTES)) return false;
    }
    return !strcmp(text[0], text[1]);
}

static void add(maker *m, const char *name, uint32_t changes, const parts *parts_of)
{
    const bool colored = m->colored && m->opts->channels == 3;
    parts p = *parts_of, was = m->now;
    p.has_layout |= colored; /* the default, but presets are known by it */
    was.has_layout = p.has_layout;
    p.layout.kind = was.layout.kind = PARE_PREP_LAYOUT;
    pare_candidate c = { .changes = changes, .steps = put_together(&p, colored) };
    const pare_preprocess now = put_together(&was, colored);
    snprintf(c.name, sizeof(c.name), "%s", name);
    if (m->n == PARE_MAX_CANDIDATES || same_effect(&c.steps, &now)) return;
    for (size_t i = 1; i < m->n; i++)
        if (same_effect(&m->out[i].steps, &c.steps)) return;
    m->out[m->n++] = c;
}

/* Numbers of presets, in both orders of colour. */
static void add_colored(maker *m)
{
    static const pare_color colors[] = { PARE_COLOR_RGB, PARE_COLOR_BGR };
    char name[48];
    parts p = m->now;
    if (m->colored) {
        p.color = m->now.color == PARE_COLOR_BGR ? PARE_COLOR_RGB : PARE_COLOR_BGR;
        snprintf(name, sizeof(name), "the same in %s", pare_color_names[p.color]);
        add(m, name, PARE_CHANGE_COLOR, &p);
    }
    for (size_t i = 0; i < PARE_N_PREP_PRESETS; i++) {
        pare_preprocess preset = { 0 };
        (void)pare_preprocess_add_preset(&preset, pare_prep_preset_names[i]);
        p.numbers = take_apart(&preset).numbers;
        for (int k = 0; k < (m->colored ? 2 : 1); k++) {
            p.color = m->colored ? colors[k] : m->now.color;
            const uint32_t changes =
                PARE_CHANGE_NUMBERS | (p.color != m->now.color ? PARE_CHANGE_COLOR : 0);
            snprintf(name, sizeof(name), m->colored ? "%s, %s" : "%s", pare_prep_preset_names[i],
                     pare_color_names[p.color]);
            add(m, name, changes, &p);
        }
    }
}

static pare_prep_step number(pare_prep_kind kind, double value)
{
    return (pare_prep_step){ .kind = kind, .n_values = 1, .values = { value } };
}

/* Grey: the usual scales, dark on light and light on dark. */
static void add_gray(maker *m)
{
    static const struct {
        const char *name;
        double divide, mean, std;
    } scales[] = { { "0-1", 255, 0, 1 },
                   { "0-255", 1, 0, 1 },
                   { "minus1-1", 255, 0.5, 0.5 },
                   { "MNIST's mean and deviation", 255, 0.1307, 0.3081 } };
    for (int inverted = 0; inverted < 2; inverted++) {
        for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
            const pare_prep_step steps[] = {
                number(PARE_PREP_SUBTRACT, 255),
                number(PARE_PREP_MULTIPLY, -1),
                number(PARE_PREP_DIVIDE, scales[i].divide),
                number(PARE_PREP_SUBTRACT, scales[i].mean),
                number(PARE_PREP_DIVIDE, scales[i].std),
            };
            char name[48];
            parts p = m->now;
            p.numbers.n = 0;
            for (size_t k = inverted ? 0 : 2; k < 5; k++)
                if (steps[k].values[0] != (steps[k].kind == PARE_PREP_SUBTRACT ? 0 : 1))
                    (void)pare_preprocess_add(&p.numbers, &steps[k]);
            snprintf(name, sizeof(name), "%s%s", scales[i].name, inverted ? ", inverted" : "");
            add(m, name, PARE_CHANGE_NUMBERS, &p);
        }
    }
}

static pare_prep_step resize(pare_prep_kind kind, uint32_t width, uint32_t height)
{
    return (pare_prep_step){ .kind = kind, .width = width, .height = height,
                             .filter = PARE_FILTER_BILINEAR };
}

static void add_place(maker *m, const char *name, const pare_prep_step *steps, size_t n)
{
    parts p = m->now;
    pare_preprocess gray = { 0 };
    for (size_t i = 0; i < p.place.n; i++)
        if (!pare_prep_is_geometric(&p.place.steps[i]))
            (void)pare_preprocess_add(&gray, &p.place.steps[i]);
    p.place.n = 0;
    for (size_t i = 0; i < n; i++) (void)pare_preprocess_add(&p.place, &steps[i]);
    add_all(&p.place, &gray);
    add(m, name, PARE_CHANGE_PLACE, &p);
}

static void add_places(maker *m)
{
    const uint32_t w = m->opts->width, h = m->opts->height, small = w < h ? w : h;
    const pare_prep_step crop = { .kind = PARE_PREP_CROP, .width = w, .height = h };
    const pare_prep_step squash = resize(PARE_PREP_RESIZE_EXACT, w, h);
    const uint32_t larger = (small * 256 + 112) / 224;
    const pare_prep_step cropped[] = { resize(PARE_PREP_RESIZE_SHORT, larger, larger), crop };
    const pare_prep_step tight[] = { resize(PARE_PREP_RESIZE_SHORT, small, small), crop };
    add_place(m, "resized, then cropped", cropped, 2);
    add_place(m, "squashed", &squash, 1);
    add_place(m, "cropped only", &crop, 1);
    if (w == h) add_place(m, "short side fitted, then cropped", tight, 2);
}

/* Whether colours come behind numbers: then the order matters, and lists are not taken apart. */
static bool is_tangled(const pare_preprocess *list)
{
    bool numbers = false;
    for (size_t i = 0; i < list->n; i++) {
        numbers |= list->steps[i].n_values > 0;
        if (numbers && list->steps[i].kind == PARE_PREP_COLOR) return true;
    }
    return false;
}

size_t pare_candidates_make(pare_candidate *out, const pare_preprocess *current,
                            const pare_candidate_opts *opts)
{
    maker m = { .out = out, .n = 1, .opts = opts, .now = take_apart(current) };
    out[0] = (pare_candidate){ .name = "in use", .steps = *current };
    if (is_tangled(current)) return m.n;
    /* Arrays become images where a step wants that. */
    m.colored = opts->channels == 3 &&
                (opts->is_files || m.now.has_color || m.now.has_layout || m.now.place.n);
    if (opts->channels == 3) add_colored(&m);
    else add_gray(&m);
    if (opts->is_files && opts->width && opts->height) add_places(&m);
    return m.n;
}
