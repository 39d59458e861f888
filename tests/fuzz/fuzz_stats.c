/* Statistics of a calibration: what is read can be asked for ranges by every method, and comes out
 * as the same bytes again; whatever else is there is refused in words. The first byte says whether
 * the rest stands behind a header and gets a check sum that is right, so that more than these is
 * looked at. */
#include "fuzz/fuzz.h"

#include "ir/text.h"
#include "stats/range.h"
#include "stats/survey_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char model_text[] = "<ir_version: 8, opset_import: [\"\" : 13]>\n"
                                 "g (float[4] x) => (float[] y) { a = Neg(x)\ny = Relu(a) }\n";

static const uint64_t keys[2] = { UINT64_C(0x7061726573746174), UINT64_C(0x7375727665792031) };

enum { HEAD = 32, SUM = 8 };

uint64_t pare_siphash13(const uint64_t key[2], const void *data, size_t n);

static void put(uint8_t *to, uint64_t x)
{
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(x >> 8 * i);
}

static void ask(const pare_survey *s)
{
    static const pare_grid_form forms[] = { { 0, 255, false }, { -128, 127, true } };
    for (size_t i = 0; i < s->n; i++)
        for (int form = 0; form < 2; form++)
            for (int method = 0; method <= (int)PARE_RANGE_MSE; method++) {
                double min = 0, max = 0;
                const pare_histogram *h = &s->values[i].histogram;
                const pare_grid grid = pare_range_choose(h, &forms[form], (pare_range_method)method,
                                                         99.9, &min, &max);
                if (!(grid.scale > 0) || !isfinite((double)grid.scale)) abort();
                if (isnan(pare_grid_error(&grid, h))) abort();
            }
}

static void look(pare_ctx *ctx, const pare_model *model, const uint8_t *data, size_t n)
{
    static const pare_survey_origin origin = { 17, 29 };
    pare_survey *s[2] = { NULL, NULL };
    pare_buf *again = NULL;
    if (pare_survey_decode(ctx, s, 2, data, n, model, &origin)) {
        if (s[0] || s[1] || !ctx->message[0]) abort();
        return;
    }
    for (int i = 0; i < 2 && s[i]; i++) ask(s[i]);
    const pare_survey *const both[] = { s[0], s[1] };
    if (pare_survey_encode(ctx, &again, model, both, s[1] ? 2 : 1, &origin)) abort();
    pare_survey_free(ctx, s[0]);
    pare_survey_free(ctx, s[1]);
    pare_buf_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    if (!n_bytes) return 0;
    pare_ctx_init(&ctx, NULL);
    if (pare_text_parse(&ctx, &model, model_text)) abort();
    if (data[0] & 1) {
        look(&ctx, model, data + 1, n_bytes - 1);
    } else {
        const size_t n = n_bytes - 1;
        uint8_t *whole = malloc(HEAD + n + SUM);
        if (!whole) abort();
        memcpy(whole, "parestat", 8);
        put(whole + 8, PARE_SURVEY_FILE_VERSION);
        put(whole + 16, 17);
        put(whole + 24, 29);
        memcpy(whole + HEAD, data + 1, n);
        put(whole + HEAD + n, pare_siphash13(keys, whole, HEAD + n));
        look(&ctx, model, whole, HEAD + n + SUM);
        free(whole);
    }
    pare_model_free(&ctx, model);
    return 0;
}
