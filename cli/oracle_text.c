#include "cli/oracle_text.h"

#include "cli/unset_dims.h"

#include <string.h>

pare_status pare_rewrite_ask_oracle(pare_rewrite *w, pare_oracle **out)
{
    pare_app *const app = w->app;
    const pare_target *const target = w->figures.targets.items[0];
    pare_shapes_given given;
    pare_shapes *shapes = NULL;
    pare_dims_set dims;
    *out = NULL;
    if (!target->rules.has_quant) return PARE_OK;
    pare_status st = pare_shapes_read(app, &given, &w->options->shapes) ? PARE_EUSAGE : PARE_OK;
    if (!st)
        st = pare_dims_complete(&app->ctx, &w->figures.arena, &dims, w->result, &given.opts,
                                target->batch, false, w->path);
    if (!st) st = pare_infer(&app->ctx, &shapes, w->result, &dims.opts);
    if (!st) st = pare_oracle_run(&app->ctx, out, w->result, shapes, &target->rules);
    /* The text for people has them already. */
    const bool is_told = !app->shared.json && !app->shared.quiet && !app->shared.report_dir;
    for (size_t i = 0; !st && !is_told && i < (*out)->n_warnings; i++)
        pare_warn(&app->ctx, "%s", (*out)->warnings[i]);
    pare_shapes_free(&app->ctx, shapes);
    pare_shapes_given_free(app, &given);
    return st == PARE_ENOMEM || st == PARE_ECANCELED ? st : PARE_OK;
}

pare_status pare_oracle_print(pare_app *app, pare_oracle *oracle)
{
    const char *text = NULL;
    PARE_TRY(pare_oracle_text(&app->ctx, &text, oracle));
    while (*text) {
        pare_line line = { 0 };
        const size_t n = strcspn(text, "\n");
        pare_line_add(&line, "%.*s", (int)n, text);
        pare_app_print(app, line.text);
        text += n + (text[n] == '\n');
    }
    return PARE_OK;
}
