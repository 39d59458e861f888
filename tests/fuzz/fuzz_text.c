/* Model text: what parses is a whole model that prints, and reads back to what prints the same. */
#include "fuzz/fuzz.h"

#include "ir/check.h"
#include "ir/text.h"

#include <stdlib.h>
#include <string.h>

static char *print(pare_ctx *ctx, const pare_model *model)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f || pare_text_write(ctx, f, model)) abort();
    fclose(f);
    return text;
}

static void check_printed(pare_ctx *ctx, const pare_model *model)
{
    pare_model *again = NULL;
    char *text = print(ctx, model);
    const pare_status st = pare_text_parse(ctx, &again, text);
    if (st == PARE_EFORMAT && !strstr(ctx->message, "a hash cannot be read back")) abort();
    char *back = again ? print(ctx, again) : NULL;
    if (back && strcmp(text, back) != 0) abort();
    pare_model_free(ctx, again);
    free(text);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 64 << 20 });
    char *text = malloc(n_bytes + 1);
    if (!text) return 0;
    if (n_bytes) memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    if (pare_text_parse(&ctx, &model, text)) {
        if (model || !ctx.message[0]) abort();
    } else {
        const pare_status st = pare_graph_check(&ctx, model, NULL);
        if (st && !strstr(ctx.message, "found a cycle")) abort();
        check_printed(&ctx, model);
    }
    pare_model_free(&ctx, model);
    free(text);
    return 0;
}
