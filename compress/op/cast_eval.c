#include "base/checked.h"
#include "ir/number.h"
#include "op/cast.h"
#include "op/elementwise.h"
#include "op/wide.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- numbers as text: "NaN", "INF", "-INF", else the fewest digits that read back ------------- */

static const char *real_text(char out[PARE_NUMBER_BYTES], pare_dtype dtype, double x)
{
    if (isnan(x)) return "NaN";
    if (isinf(x)) return x < 0 ? "-INF" : "INF";
    return dtype == PARE_DOUBLE ? pare_number_f64(out, x) : pare_number_f32(out, (float)x);
}

static const char *element_text(char out[PARE_NUMBER_BYTES], const pare_tensor *x, int64_t at)
{
    const void *data = pare_eval_data(x);
    const pare_wide wide = pare_wide_of(x->dtype);
    if (wide == PARE_WIDE_F32 || wide == PARE_WIDE_F64)
        return real_text(out, x->dtype, pare_wide_f64_at(x->dtype, data, at));
    const int64_t v = pare_wide_i64_at(x->dtype, data, at);
    if (wide == PARE_WIDE_U64) snprintf(out, PARE_NUMBER_BYTES, "%" PRIu64, (uint64_t)v);
    else snprintf(out, PARE_NUMBER_BYTES, "%" PRId64, v);
    return out;
}

static pare_status to_text(pare_ctx *ctx, pare_eval_io *io, const pare_tensor *x)
{
    pare_buf *buf = NULL;
    pare_bytes *strings = NULL;
    uint64_t n_bytes = 0;
    if (!pare_mul_u64((uint64_t)x->n_elements, PARE_NUMBER_BYTES, &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_buf_new(ctx, &buf, n_bytes));
    const pare_status st = pare_eval_out_strings(ctx, io, 0, x->rank, x->dims, &strings, buf);
    for (int64_t i = 0; !st && i < x->n_elements; i++) {
        char text[PARE_NUMBER_BYTES];
        const char *from = element_text(text, x, i);
        uint8_t *to = buf->data + i * PARE_NUMBER_BYTES;
        strings[i] = (pare_bytes){ to, strlen(from) };
        memcpy(to, from, strings[i].n);
    }
    pare_buf_unref(buf);
    return st;
}

/* --- text as numbers -------------------------------------------------------------------------- */

enum { MAX_TEXT = 400 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies text without blanks around it and a plus in front, with a digit on both sides of the
 * point; false when it is too long. */
static bool tidy(pare_bytes text, char *out, size_t *n)
{
    const char *from = (const char *)text.data;
    size_t left = text.n;
    *n = 0;
    while (left && is_blank(*from)) from++, left--;
    while (left && is_blank(from[left - 1])) left--;
    if (left && *from == '+') from++, left--;
    if (left > MAX_TEXT) return false;
    for (size_t i = 0; i < left; i++) {
        const bool before = *n && out[*n - 1] >= '0' && out[*n - 1] <= '9';
        const bool after = i + 1 < left && from[i + 1] >= '0' && from[i + 1] <= '9';
        if (from[i] == '.' && !before) out[(*n)++] = '0';
        out[(*n)++] = from[i];
        if (from[i] == '.' && !after) out[(*n)++] = '0';
    }
    out[*n] = '\0';
    return true;
}

static bool read_special(const char *text, double *out)
{
    const bool is_negative = *text == '-';
    if (strcasecmp(text, "nan") == 0) *out = (double)NAN;
    else if (strcasecmp(text + is_negative, "inf") == 0)
        *out = (double)(is_negative ? -INFINITY : INFINITY);
    else return false;
    return true;
}

/* Reads one element and stores it; false when the text is no number. */
static bool store_text(pare_store_rules rules, pare_dtype dtype, void *y, int64_t at,
                       pare_bytes text)
{
    char tidied[3 * MAX_TEXT + 1];
    size_t n = 0;
    pare_wide_block v;
    const pare_wide wide = pare_wide_of(dtype);
    if (!tidy(text, tidied, &n)) return false;
    if (dtype == PARE_FLOAT && pare_number_read_f32(tidied, n, v.f32)) {
        pare_wide_store(dtype, y, at, 1, &v);
        return true;
    }
    if ((wide == PARE_WIDE_I64 && pare_number_read_i64(tidied, n, v.i64)) ||
        (wide == PARE_WIDE_U64 && pare_number_read_u64(tidied, n, v.u64))) {
        pare_wide_store(dtype, y, at, 1, &v);
        return true;
    }
    if (!read_special(tidied, v.f64) && !pare_number_read_f64(tidied, n, v.f64)) return false;
    pare_wide_store_as(PARE_WIDE_F64, rules, dtype, y, at, 1, &v);
    return true;
}

static pare_status from_text(pare_ctx *ctx, const pare_eval_io *io, pare_store_rules rules,
                             const pare_tensor *x, pare_dtype to, void *y)
{
    for (int64_t i = 0; i < x->n_elements; i++)
        if (!store_text(rules, to, y, i, x->strings[i]))
            return pare_call_fail(ctx, io->call,
                                  "element %" PRId64 ": expected a number, found '%.*s'", i,
                                  (int)(x->strings[i].n < 40 ? x->strings[i].n : 40),
                                  x->strings[i].n ? (const char *)x->strings[i].data : "");
    return PARE_OK;
}

/* --- the operators ---------------------------------------------------------------------------- */

static void convert(pare_store_rules rules, const pare_tensor *x, pare_dtype to, void *y)
{
    const pare_wide wide = pare_wide_of(x->dtype);
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_block block;
        pare_wide_load(x->dtype, pare_eval_data(x), at, 1, n, &block);
        pare_wide_store_as(wide, rules, to, y, at, n, &block);
    }
}

pare_status pare_cast_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_cast_params *p = io->params;
    const pare_store_rules rules = { .saturate = p->saturate,
                                     .e8m0 = (pare_e8m0_round)p->round_mode };
    const pare_dtype to = io->info[0].dtype;
    const pare_tensor *x = NULL;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (to == x->dtype) return pare_eval_out_copy(ctx, io, 0, io->in[0]);
    if (!pare_wide_of(x->dtype) && x->dtype != PARE_STRING)
        return pare_eval_no_type(ctx, io, x->dtype);
    if (to == PARE_STRING) return to_text(ctx, io, x);
    if (!pare_wide_of(to)) return pare_eval_no_type(ctx, io, to);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (x->dtype == PARE_STRING) return from_text(ctx, io, rules, x, to, y);
    convert(rules, x, to, y);
    return PARE_OK;
}

pare_status pare_bit_cast_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_cast_params *p = io->params;
    const pare_tensor *x = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (x->dtype == PARE_STRING || pare_dtype_of(p->to)->bits != pare_dtype_of(x->dtype)->bits)
        return pare_eval_no_type(ctx, io, x->dtype);
    return pare_eval_out_view(ctx, io, 0, x, p->to, x->rank, x->dims);
}
