#include "op/strings.h"

#include "op/letters.h"
#include "op/parts.h"
#include "op/regex.h"
#include "op/spread.h"

#include <inttypes.h>

/* Strings are bytes; where letters matter, those of well-formed UTF-8, and every other byte stands
 * for itself. */

static pare_status write_string(pare_ctx *ctx, pare_string_list *list, pare_bytes s)
{
    return pare_string_list_write(ctx, list, s.data, s.n);
}

/* --- StringConcat ----------------------------------------------------------------------------- */

pare_status pare_string_concat_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *in[2];
    int64_t dims[PARE_MAX_DIMS];
    pare_string_list list = { 0 };
    pare_spread s;
    PARE_TRY(pare_eval_strings(ctx, io, 0, &in[0]));
    PARE_TRY(pare_eval_strings(ctx, io, 1, &in[1]));
    PARE_TRY(pare_eval_out_dims(ctx, io, 0, dims));
    pare_spread_start(&s, io->info[0].rank, dims);
    for (int i = 0; i < 2; i++) pare_spread_add(&s, in[i]->rank, in[i]->dims);
    pare_status st = PARE_OK;
    while (!st && pare_spread_next(&s)) {
        for (int64_t i = 0; !st && i < s.n; i++) {
            for (int k = 0; !st && k < 2; k++)
                st = write_string(ctx, &list, in[k]->strings[s.in[k] + i * s.step[k]]);
            if (!st) st = pare_string_list_end(ctx, &list);
        }
    }
    if (!st) st = pare_string_list_out(ctx, io, 0, &list, io->info[0].rank, dims);
    pare_string_list_free(ctx, &list);
    return st;
}

/* --- StringSplit ------------------------------------------------------------------------------ */

/* What splits do not count as part of a string: ASCII's white space. */
static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_space(pare_bytes s, size_t at)
{
    while (at < s.n && is_space(s.data[at])) at++;
    return at;
}

/* Where the delimiter stands next, s.n when it does not. */
static size_t find(pare_bytes s, size_t at, pare_bytes delimiter)
{
    for (; delimiter.n <= s.n && at <= s.n - delimiter.n; at++)
        if (memcmp(s.data + at, delimiter.data, delimiter.n) == 0) return at;
    return s.n;
}

/* Splits s into its parts, each written to the list (NULL: only counted). After `max` splits the
 * rest is the last part; without a delimiter parts are what stands between runs of white space. */
static pare_status split(pare_ctx *ctx, const pare_string_split_params *p, pare_bytes s,
                         pare_string_list *list, int64_t *n)
{
    const int64_t max = p->has_max && p->max_split >= 0 ? p->max_split : INT64_MAX;
    const bool by_space = !p->delimiter.n;
    size_t at = by_space ? skip_space(s, 0) : 0;
    *n = 0;
    if (!s.n || (by_space && at == s.n)) return PARE_OK;
    for (;;) {
        size_t end = *n < max ? at : s.n;
        if (*n < max && by_space)
            while (end < s.n && !is_space(s.data[end])) end++;
        else if (*n < max) end = find(s, at, p->delimiter);
        if (list) {
            PARE_TRY(pare_string_list_write(ctx, list, s.data + at, end - at));
            PARE_TRY(pare_string_list_end(ctx, list));
        }
        ++*n;
        if (end == s.n) return PARE_OK;
        at = by_space ? skip_space(s, end) : end + p->delimiter.n;
        if (by_space && at == s.n) return PARE_OK;
    }
}

pare_status pare_string_split_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_string_split_params *p = io->params;
    const pare_tensor *x = NULL;
    int64_t dims[PARE_MAX_DIMS];
    int64_t most = 0;
    int64_t n = 0;
    pare_string_list list = { 0 };
    void *counts = NULL;
    PARE_TRY(pare_eval_strings(ctx, io, 0, &x));
    if (x->rank >= PARE_MAX_DIMS)
        return pare_call_fail(ctx, io->call, "input 0: expected less than %d axes", PARE_MAX_DIMS);
    if (pare_eval_wants(io, 1))
        PARE_TRY(pare_eval_out_as(ctx, io, 1, PARE_INT64, x->rank, x->dims, &counts));
    for (int64_t i = 0; i < x->n_elements; i++) {
        PARE_TRY(split(ctx, p, x->strings[i], NULL, &n));
        if (counts) ((int64_t *)counts)[i] = n;
        if (n > most) most = n;
    }
    pare_status st = PARE_OK;
    for (int64_t i = 0; !st && i < x->n_elements; i++) {
        st = split(ctx, p, x->strings[i], &list, &n);
        for (; !st && n < most; n++) st = pare_string_list_end(ctx, &list);
    }
    if (x->rank) memcpy(dims, x->dims, x->rank * sizeof(*dims));
    dims[x->rank] = most;
    if (!st) st = pare_string_list_out(ctx, io, 0, &list, x->rank + 1, dims);
    pare_string_list_free(ctx, &list);
    return st;
}

/* --- StringNormalizer ------------------------------------------------------------------------- */

/* Writes s in another case. */
static pare_status write_case(pare_ctx *ctx, pare_string_list *list, pare_bytes s, int change)
{
    if (change == PARE_CASE_NONE) return write_string(ctx, list, s);
    for (size_t at = 0; at < s.n;) {
        uint32_t c = 0;
        uint8_t out[PARE_LETTER_BYTES] = { s.data[at] };
        const size_t n = pare_letter_read(s.data + at, s.n - at, &c);
        size_t n_out = 1;
        if (n) n_out = pare_letter_write(pare_letter_in_case(c, change == PARE_CASE_UPPER), out);
        PARE_TRY(pare_string_list_write(ctx, list, out, n_out));
        at += n ? n : 1;
    }
    return PARE_OK;
}

/* String i of a list. */
static pare_bytes string_at(const pare_string_list *list, size_t i)
{
    const size_t start = i ? list->ends[i - 1] : 0;
    return (pare_bytes){ list->bytes ? list->bytes + start : NULL, list->ends[i] - start };
}

static bool same(pare_bytes a, pare_bytes b)
{
    return a.n == b.n && (!a.n || memcmp(a.data, b.data, a.n) == 0);
}

/* Stop words, and the words of x, as they are compared. */
static pare_status fold(pare_ctx *ctx, const pare_bytes *from, size_t n, bool is_case_sensitive,
                        pare_string_list *out)
{
    for (size_t i = 0; i < n; i++) {
        PARE_TRY(write_case(ctx, out, from[i], is_case_sensitive ? PARE_CASE_NONE
                                                                 : PARE_CASE_LOWER));
        PARE_TRY(pare_string_list_end(ctx, out));
    }
    return PARE_OK;
}

static bool is_among(const pare_string_list *words, pare_bytes s)
{
    for (size_t i = 0; i < words->n; i++)
        if (same(string_at(words, i), s)) return true;
    return false;
}

static pare_status normalize(pare_ctx *ctx, const pare_string_normalizer_params *p,
                             const pare_tensor *x, pare_string_list *stops,
                             pare_string_list *words, pare_string_list *out)
{
    if (p->stopwords)
        PARE_TRY(fold(ctx, p->stopwords->strings, p->stopwords->n, p->is_case_sensitive, stops));
    if (p->stopwords)
        PARE_TRY(fold(ctx, x->strings, (size_t)x->n_elements, p->is_case_sensitive, words));
    for (int64_t i = 0; i < x->n_elements; i++) {
        if (p->stopwords && is_among(stops, string_at(words, (size_t)i))) continue;
        PARE_TRY(write_case(ctx, out, x->strings[i], p->case_change));
        PARE_TRY(pare_string_list_end(ctx, out));
    }
    return out->n ? PARE_OK : pare_string_list_end(ctx, out); /* one empty string for none */
}

pare_status pare_string_normalizer_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    pare_string_list stops = { 0 };
    pare_string_list words = { 0 };
    pare_string_list out = { 0 };
    PARE_TRY(pare_eval_strings(ctx, io, 0, &x));
    if (x->rank < 1 || x->rank > 2 || (x->rank == 2 && x->dims[0] != 1))
        return pare_call_fail(ctx, io->call, "input 0: expected a shape of [C] or [1,C]");
    pare_status st = normalize(ctx, io->params, x, &stops, &words, &out);
    const int64_t dims[2] = { x->rank == 2 ? 1 : (int64_t)out.n, (int64_t)out.n };
    if (!st) st = pare_string_list_out(ctx, io, 0, &out, x->rank, dims);
    pare_string_list_free(ctx, &stops);
    pare_string_list_free(ctx, &words);
    pare_string_list_free(ctx, &out);
    return st;
}

/* --- RegexFullMatch --------------------------------------------------------------------------- */

pare_status pare_regex_full_match_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_regex_params *p = io->params;
    const pare_tensor *x = NULL;
    pare_regex *regex = NULL;
    void *data = NULL;
    const char *why = NULL;
    PARE_TRY(pare_eval_strings(ctx, io, 0, &x));
    pare_status st = pare_regex_new(ctx, &regex, p->pattern, &why);
    if (why) pare_call_fail(ctx, io->call, "attribute 'pattern': %s", why);
    if (!st) st = pare_eval_out_as(ctx, io, 0, PARE_BOOL, x->rank, x->dims, &data);
    for (int64_t i = 0; !st && i < x->n_elements; i++) {
        ((uint8_t *)data)[i] = pare_regex_matches(regex, x->strings[i]);
        st = pare_check_canceled(ctx);
    }
    pare_regex_free(ctx, regex);
    return st;
}
