#include "formats/npy_header.h"

#include "base/checked.h"

#include <stdio.h>

/* The dictionary in Python's notation, from p to end; NULL in p stands for a failure. */
typedef struct header_text {
    pare_ctx *ctx;
    const char *p, *end;
} header_text;

enum { WORD_BYTES = 64 };

static pare_status fail_at(header_text *t, const char *expected)
{
    const int n = t->end - t->p < 24 ? (int)(t->end - t->p) : 24;
    return pare_fail(t->ctx, PARE_EFORMAT, "header of a .npy file: expected %s, found '%.*s'",
                     expected, n, t->p);
}

static void skip_blanks(header_text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\t')) t->p++;
}

static bool take(header_text *t, char c)
{
    skip_blanks(t);
    if (t->p == t->end || *t->p != c) return false;
    t->p++;
    return true;
}

static pare_status need(header_text *t, char c)
{
    const char what[] = { '\'', c, '\'', '\0' };
    return take(t, c) ? PARE_OK : fail_at(t, what);
}

/* Text in quotes, without escapes. */
static pare_status read_quoted(header_text *t, char word[WORD_BYTES])
{
    size_t n = 0;
    skip_blanks(t);
    const char quote = t->p < t->end ? *t->p : '\0';
    if (quote != '\'' && quote != '"') return fail_at(t, "text in quotes");
    const char *q = t->p + 1;
    while (q < t->end && *q != quote && *q != '\\' && n + 1 < WORD_BYTES) word[n++] = *q++;
    if (q == t->end || *q != quote) return fail_at(t, "text in quotes");
    word[n] = '\0';
    t->p = q + 1;
    return PARE_OK;
}

static bool take_word(header_text *t, const char *word)
{
    const size_t n = strlen(word);
    skip_blanks(t);
    if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0) return false;
    t->p += n;
    return true;
}

static pare_status read_size(header_text *t, int64_t *out)
{
    skip_blanks(t);
    *out = 0;
    if (t->p == t->end || *t->p < '0' || *t->p > '9') return fail_at(t, "a size");
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++)
        if (!pare_mul_i64(*out, 10, out) || !pare_add_i64(*out, *t->p - '0', out))
            return fail_at(t, "a size below 2^63");
    if (t->p < t->end && *t->p == 'L') t->p++; /* Python 2 wrote long integers so */
    return PARE_OK;
}

/* (), (3,), (3, 4) */
static pare_status read_shape(header_text *t, pare_npy_header *h)
{
    PARE_TRY(need(t, '('));
    while (!take(t, ')')) {
        if (h->rank == PARE_MAX_DIMS) return fail_at(t, "at most 64 dimensions");
        PARE_TRY(read_size(t, &h->dims[h->rank++]));
        if (take(t, ',')) continue;
        PARE_TRY(need(t, ')'));
        return h->rank > 1 ? PARE_OK : fail_at(t, "a comma behind the only dimension");
    }
    return PARE_OK;
}

/* '<f4', '|u1', '<U7': byte order, kind, bytes per element (characters for U). */
static pare_status read_descr(header_text *t, pare_npy_header *h)
{
    char word[WORD_BYTES];
    char end = '\0';
    unsigned n = 0;
    skip_blanks(t);
    if (t->p < t->end && *t->p == '[')
        return pare_fail(t->ctx, PARE_EUNSUPPORTED,
                         "arrays of structures cannot be read; save one field");
    PARE_TRY(read_quoted(t, word));
    const char *p = word;
    const char order = strchr("<>=|", *p) && *p ? *p++ : '=';
    h->kind = *p ? *p++ : '?';
    if (h->kind == 'O')
        return pare_fail(t->ctx, PARE_EUNSUPPORTED, "arrays of Python objects cannot be read; give "
                         "strings a width with a.astype('U')");
    if (!strchr("biufcSUV", h->kind) || sscanf(p, "%7u%c", &n, &end) != 1 || *p < '0' || *p > '9')
        return pare_fail(t->ctx, PARE_EUNSUPPORTED,
                         "element type '%s': expected numbers, booleans or strings", word);
    h->item_bytes = h->kind == 'U' ? 4 * n : n;
    if (order == '>' && (h->item_bytes > 1 || h->kind == 'U'))
        return pare_fail(t->ctx, PARE_EUNSUPPORTED,
                         "element type '%s': expected little-endian; save "
                         "a.astype(a.dtype.newbyteorder('<'))", word);
    return PARE_OK;
}

static pare_status read_entry(header_text *t, pare_npy_header *h, unsigned *seen)
{
    char key[WORD_BYTES];
    const char *const at = t->p;
    PARE_TRY(read_quoted(t, key));
    PARE_TRY(need(t, ':'));
    const unsigned bit = pare_str_eq(key, "descr")           ? 1
                         : pare_str_eq(key, "fortran_order") ? 2
                         : pare_str_eq(key, "shape")         ? 4
                                                             : 0;
    if (!bit || *seen & bit) {
        t->p = at;
        return fail_at(t, "'descr', 'fortran_order' and 'shape', once each");
    }
    *seen |= bit;
    if (bit == 1) return read_descr(t, h);
    if (bit == 4) return read_shape(t, h);
    h->fortran_order = take_word(t, "True");
    return h->fortran_order || take_word(t, "False") ? PARE_OK : fail_at(t, "True or False");
}

static pare_status read_dictionary(header_text *t, pare_npy_header *h)
{
    unsigned seen = 0;
    PARE_TRY(need(t, '{'));
    while (!take(t, '}')) {
        PARE_TRY(read_entry(t, h, &seen));
        if (take(t, ',')) continue;
        PARE_TRY(need(t, '}'));
        break;
    }
    if (seen != 7) return fail_at(t, "'descr', 'fortran_order' and 'shape'");
    skip_blanks(t);
    return t->p == t->end ? PARE_OK : fail_at(t, "nothing behind '}'");
}

pare_status pare_npy_header_read(pare_ctx *ctx, pare_npy_header *out, const uint8_t *bytes,
                                 size_t n_bytes)
{
    *out = (pare_npy_header){ 0 };
    if (n_bytes < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return pare_fail(ctx, PARE_EFORMAT, "expected a .npy file, which begins with \\x93NUMPY");
    if (bytes[6] < 1 || bytes[6] > 3)
        return pare_fail(ctx, PARE_EFORMAT, "expected version 1, 2 or 3 of .npy, found %d",
                         bytes[6]);
    size_t at = 10;
    size_t n = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1) {
        at = 12;
        n = n_bytes < at ? SIZE_MAX : n | (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (n_bytes < at || n > n_bytes - at || n > PARE_NPY_MAX_HEADER_BYTES)
        return pare_fail(ctx, PARE_EFORMAT,
                         "header of a .npy file: expected at most %d bytes that the file has, "
                         "found a length of %zu", PARE_NPY_MAX_HEADER_BYTES, n);
    header_text t = { ctx, (const char *)bytes + at, (const char *)bytes + at + n };
    PARE_TRY(read_dictionary(&t, out));
    out->data_at = at + n;
    return PARE_OK;
}
