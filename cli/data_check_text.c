#include "cli/data_check_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "float[1,3,224,224]" */
static const char *shape_text(char *out, size_t out_bytes, const pare_look *look)
{
    size_t n = (size_t)snprintf(out, out_bytes, "%s[", pare_dtype_name(look->dtype));
    for (uint32_t i = 0; i < look->rank && n + 24 < out_bytes; i++)
        n += (size_t)snprintf(out + n, out_bytes - n, "%s%" PRId64, i ? "," : "", look->dims[i]);
    snprintf(out + n, out_bytes - n, "]");
    return out;
}

static void print_head(pare_app *app, const pare_data_check *check, const pare_dataset *data)
{
    pare_line line = { 0 };
    char shape[256];
    pare_line_add(&line, "samples   %" PRIu64 " looked at, %s", data->n,
                  data->has_labels ? "with labels" : "without labels");
    pare_app_print(app, line.text);
    pare_line_clear(&line);
    pare_line_add(&line, "input     '%s' is fed %s", data->inputs[0],
                  shape_text(shape, sizeof(shape), &check->look));
    pare_app_print(app, line.text);
    if (!check->steps[0]) return;
    pare_line_clear(&line);
    pare_line_add(&line, "in use    preprocess: %s", check->steps);
    pare_app_print(app, line.text);
}

static void print_channels(pare_app *app, const pare_look *look)
{
    pare_app_print(app, "");
    pare_app_print(app, "channel        min        max       mean  deviation");
    for (uint32_t c = 0; c < look->n_channels; c++) {
        const pare_look_channel *const v = &look->channels[c];
        pare_line line = { 0 };
        pare_line_add(&line, "%-7" PRIu32 " %10.4g %10.4g %10.4g %10.4g", c, v->min, v->max,
                      v->mean, v->deviation);
        pare_app_print(app, line.text);
    }
}

static void print_tried(pare_app *app, const pare_data_check *check, const pare_tried *t)
{
    const pare_pipeline_score *const s = &t->score;
    pare_line line = { 0 };
    pare_line_add(&line, "%s%s", t->round ? "  then " : "", t->name);
    pare_line_pad(&line, 36);
    pare_line_add(&line, "%7" PRIu64, s->n);
    if (check->n_labelled)
        pare_line_add(&line, "  %8.1f %%",
                      100.0 * (double)s->n_right[check->offset + 1] / (double)(s->n ? s->n : 1));
    if (isfinite(s->score))
        pare_line_add(&line, "  %10.1f %%  %7.2f  %6.3f", 100 * s->agreement, s->entropy, s->score);
    pare_app_print(app, line.text);
}

static void print_pipelines(pare_app *app, const pare_data_check *check)
{
    pare_line line = { 0 };
    pare_app_print(app, "");
    if (!check->is_compared) {
        pare_line_add(&line, "pipelines were not compared: %s", check->why_not);
        pare_app_print(app, line.text);
        return;
    }
    if (!check->n_tried) {
        pare_app_print(app, "there is one way to feed these data: no other was compared");
        return;
    }
    pare_line_add(&line, "pipeline");
    pare_line_pad(&line, 36);
    pare_line_add(&line, "samples");
    if (check->n_labelled) pare_line_add(&line, "    accuracy");
    if (isfinite(check->tried[0].score.score))
        pare_line_add(&line, "   twins alike  classes   score");
    pare_app_print(app, line.text);
    for (size_t i = 0; i < check->n_tried; i++) print_tried(app, check, &check->tried[i]);
}

void pare_data_check_print(pare_app *app, const pare_data_check *check, const pare_dataset *data,
                           const char *sheet)
{
    print_head(app, check, data);
    print_channels(app, &check->look);
    print_pipelines(app, check);
    pare_app_print(app, "");
    if (!check->n_findings) pare_app_print(app, "nothing suspicious");
    for (size_t i = 0; i < check->n_findings; i++) {
        const pare_finding *const f = &check->findings[i];
        pare_line line = { 0 };
        pare_line_add(&line, "suspicious: %s", f->text);
        pare_app_print(app, line.text);
        pare_line_clear(&line);
        pare_line_add(&line, "    try     %s", f->suggestion);
        if (f->suggestion[0]) pare_app_print(app, line.text);
    }
    if (!sheet) return;
    pare_line line = { 0 };
    pare_line_add(&line, "wrote %s", sheet);
    pare_app_print(app, line.text);
}

static void add_look(pare_json *json, const pare_look *look)
{
    char shape[256];
    pare_json_text(json, "fed", shape_text(shape, sizeof(shape), look));
    pare_json_open_array(json, "channels");
    for (uint32_t c = 0; c < look->n_channels; c++) {
        pare_json_open_object(json, NULL);
        pare_json_real(json, "min", look->channels[c].min);
        pare_json_real(json, "max", look->channels[c].max);
        pare_json_real(json, "mean", look->channels[c].mean);
        pare_json_real(json, "deviation", look->channels[c].deviation);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_tried(pare_json *json, const pare_data_check *check, const pare_tried *t)
{
    const pare_pipeline_score *const s = &t->score;
    pare_json_open_object(json, NULL);
    pare_json_text(json, "name", t->name);
    pare_json_int(json, "round", t->round);
    pare_json_uint(json, "samples", s->n);
    pare_json_bool(json, "complete", t->is_complete);
    if (check->n_labelled)
        pare_json_real(json, "accuracy",
                       (double)s->n_right[check->offset + 1] / (double)(s->n ? s->n : 1));
    pare_json_real(json, "twins_alike", s->agreement);
    pare_json_real(json, "entropy", s->entropy);
    pare_json_real(json, "score", s->score);
    pare_json_close(json);
}

void pare_data_check_json(pare_json *json, const pare_data_check *check, const pare_dataset *data,
                          const char *sheet)
{
    pare_json_uint(json, "samples", data->n);
    pare_json_uint(json, "labelled", check->n_labelled);
    pare_json_text(json, "input", data->inputs[0]);
    pare_json_text(json, "steps", check->steps);
    add_look(json, &check->look);
    pare_json_text(json, "judged_by",
                   !check->is_compared ? NULL : check->by_labels ? "labels" : "twins");
    if (!check->is_compared) pare_json_text(json, "not_compared", check->why_not);
    pare_json_open_array(json, "pipelines");
    for (size_t i = 0; i < check->n_tried; i++) add_tried(json, check, &check->tried[i]);
    pare_json_close(json);
    pare_json_open_array(json, "findings");
    for (size_t i = 0; i < check->n_findings; i++) {
        const pare_finding *const f = &check->findings[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "kind", pare_finding_name(f->kind));
        pare_json_text(json, "text", f->text);
        pare_json_text(json, "suggestion", f->suggestion[0] ? f->suggestion : NULL);
        pare_json_close(json);
    }
    pare_json_close(json);
    pare_json_text(json, "sheet", sheet);
}
