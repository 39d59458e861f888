#include "op/elementwise.h"
#include "op/spread.h"

#include <string.h>

enum { CONDITION, YES, NO, N_IN };

/* Elements of whole bytes are copied as they are. */
static void choose_bytes(const pare_tensor *const *in, pare_spread *s, uint8_t *y)
{
    const size_t size = pare_dtype_of(in[YES]->dtype)->bits / 8;
    const uint8_t *condition = pare_eval_data(in[CONDITION]);
    while (pare_spread_next(s)) {
        for (int64_t i = 0; i < s->n; i++) {
            const int k = condition[s->in[CONDITION] + i * s->step[CONDITION]] ? YES : NO;
            const uint8_t *from = pare_eval_data(in[k]);
            memcpy(y + (size_t)(s->out + i) * size,
                   from + (size_t)(s->in[k] + i * s->step[k]) * size, size);
        }
    }
}

static void choose_packed(const pare_tensor *const *in, pare_spread *s, void *y)
{
    const pare_dtype dtype = in[YES]->dtype;
    const uint8_t *condition = pare_eval_data(in[CONDITION]);
    while (pare_spread_next(s)) {
        for (int64_t i = 0; i < s->n; i++) {
            const int k = condition[s->in[CONDITION] + i * s->step[CONDITION]] ? YES : NO;
            pare_wide_block v;
            pare_wide_load(dtype, pare_eval_data(in[k]), s->in[k] + i * s->step[k], 1, 1, &v);
            pare_wide_store(dtype, y, s->out + i, 1, &v);
        }
    }
}

/* The strings' bytes are copied: they may come from two owners. */
static pare_status choose_strings(pare_ctx *ctx, pare_eval_io *io, const pare_tensor *const *in)
{
    const pare_info *info = &io->info[0];
    const uint8_t *condition = pare_eval_data(in[CONDITION]);
    int64_t dims[PARE_MAX_DIMS];
    pare_bytes *strings = NULL;
    pare_buf *buf = NULL;
    pare_spread s;
    uint64_t n_bytes = 0;
    for (uint32_t d = 0; d < info->rank; d++) dims[d] = info->dims[d].i;
    PARE_TRY(pare_eval_out_strings(ctx, io, 0, info->rank, dims, &strings, NULL));
    PARE_TRY(pare_element_spread(ctx, io, N_IN, in, &s));
    while (pare_spread_next(&s)) {
        for (int64_t i = 0; i < s.n; i++) {
            const int k = condition[s.in[CONDITION] + i * s.step[CONDITION]] ? YES : NO;
            strings[s.out + i] = in[k]->strings[s.in[k] + i * s.step[k]];
            n_bytes += strings[s.out + i].n;
        }
    }
    const int64_t n = io->out[0].tensor->n_elements;
    PARE_TRY(pare_buf_new(ctx, &buf, n_bytes));
    uint8_t *to = buf->data;
    for (int64_t i = 0; i < n; i++) {
        if (strings[i].n) memcpy(to, strings[i].data, strings[i].n);
        strings[i].data = to;
        to += strings[i].n;
    }
    /* made anew with the bytes as owner */
    pare_bytes *kept = NULL;
    pare_datum first = io->out[0];
    const pare_status st = pare_eval_out_strings(ctx, io, 0, info->rank, dims, &kept, buf);
    for (int64_t i = 0; !st && i < n; i++) kept[i] = strings[i];
    if (io->out[0].tensor != first.tensor) pare_datum_drop(ctx, &first);
    pare_buf_unref(buf);
    return st;
}

pare_status pare_where_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *in[N_IN] = { NULL };
    pare_spread s;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, N_IN, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in + YES));
    if (in[CONDITION]->dtype != PARE_BOOL)
        return pare_call_fail(ctx, io->call, "input 0: expected bool, found %s",
                              pare_dtype_name(in[CONDITION]->dtype));
    if (in[YES]->dtype == PARE_STRING) return choose_strings(ctx, io, in);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pare_element_spread(ctx, io, N_IN, in, &s));
    if (pare_dtype_of(in[YES]->dtype)->bits % 8) choose_packed(in, &s, y);
    else choose_bytes(in, &s, y);
    return PARE_OK;
}
