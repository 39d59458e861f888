#include "cli/history.h"

#include "version.h"

#include <stdio.h>
#include <string.h>

static const char key[] = "pare.history", tool[] = "pare " PARE_VERSION " ";

pare_status pare_history_add(pare_ctx *ctx, pare_model *model, const char *what)
{
    pare_props *const props = &model->props;
    const char *old = "";
    for (size_t i = 0; i < props->n; i++)
        if (pare_str_eq(pare_str_or_empty(props->items[i].key), key))
            old = pare_str_or_empty(props->items[i].value);
    const size_t n_bytes = strlen(old) + sizeof(tool) + strlen(what) + 1;
    char *text = pare_alloc(ctx, n_bytes);
    if (!text) return pare_fail_memory(ctx, n_bytes);
    snprintf(text, n_bytes, "%s%s%s%s", old, *old ? "\n" : "", tool, what);
    const pare_status st = pare_props_set(ctx, model, props, key, text);
    pare_free(ctx, text);
    return st;
}
