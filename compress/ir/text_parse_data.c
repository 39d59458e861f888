#include "ir/text_parser.h"

#include "base/checked.h"
#include "ir/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

/* --- numbers ---------------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(text, word, n) == 0;
}

/* Bits of an infinity or NaN in a format with this many exponent and mantissa bits, if the present
 * token is one; *negative goes on top. */
static pare_status special(text_parser *p, unsigned exp_bits, unsigned frac_bits, uint64_t *bits,
                           bool *is_special)
{
    const pare_token t = p->lx.token;
    const bool negative = t.n && *t.start == '-';
    const char *word = t.start + negative;
    const size_t n = t.n - negative;
    const uint64_t infinity = ((UINT64_C(1) << exp_bits) - 1) << frac_bits;
    *is_special = true;
    if (is_word(word, n, "inf") || is_word(word, n, "infinity")) *bits = infinity;
    else if (is_word(word, n, "nan")) *bits = infinity | UINT64_C(1) << (frac_bits - 1);
    else *is_special = false;
    if (!*is_special) return PARE_OK;
    *bits |= (uint64_t)negative << (exp_bits + frac_bits);
    pare_lex_next(&p->lx);
    if (negative || !is_word(word, n, "nan") || !text_at(p, '(')) return PARE_OK;
    pare_lex_next(&p->lx);
    const pare_token number = p->lx.token;
    if (number.kind != PARE_TOK_INT || !pare_number_read_u64(number.start, number.n, bits) ||
        (*bits & infinity) != infinity || *bits >> (exp_bits + frac_bits) > 1)
        return pare_text_fail(p, "the bit pattern of a NaN");
    pare_lex_next(&p->lx);
    return pare_text_expect(p, ')');
}

static bool is_number(const pare_token *t)
{
    return t->kind == PARE_TOK_INT || t->kind == PARE_TOK_FLOAT;
}

pare_status pare_text_f32(text_parser *p, float *out)
{
    uint64_t bits = 0;
    bool is_special = false;
    const pare_token t = p->lx.token;
    PARE_TRY(special(p, 8, 23, &bits, &is_special));
    if (is_special) {
        const uint32_t narrow = (uint32_t)bits;
        memcpy(out, &narrow, sizeof(*out));
        return PARE_OK;
    }
    if (!is_number(&t) || !pare_number_read_f32(t.start, t.n, out))
        return pare_text_fail(p, "a number that fits into a float");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

pare_status pare_text_f64(text_parser *p, double *out)
{
    uint64_t bits = 0;
    bool is_special = false;
    const pare_token t = p->lx.token;
    PARE_TRY(special(p, 11, 52, &bits, &is_special));
    if (is_special) {
        memcpy(out, &bits, sizeof(*out));
        return PARE_OK;
    }
    if (!is_number(&t) || !pare_number_read_f64(t.start, t.n, out))
        return pare_text_fail(p, "a number that fits into a double");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

pare_status pare_text_int(text_parser *p, int64_t *out)
{
    const pare_token t = p->lx.token;
    if (t.kind != PARE_TOK_INT || !pare_number_read_i64(t.start, t.n, out))
        return pare_text_fail(p, "an integer that fits into 64 bits");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

/* --- types ------------------------------------------------------------------------------------ */

static pare_status denotation(text_parser *p, const char **out)
{
    return pare_text_accept(p, '@') ? pare_text_string(p, out) : PARE_OK;
}

static pare_status parse_dim(text_parser *p, pare_dim *dim)
{
    const pare_token t = p->lx.token;
    *dim = (pare_dim){ .kind = PARE_DIM_UNKNOWN };
    if (t.kind == PARE_TOK_INT && *t.start != '-') {
        dim->kind = PARE_DIM_VALUE;
        PARE_TRY(pare_text_int(p, &dim->value));
    } else if (t.kind == PARE_TOK_ID || t.kind == PARE_TOK_STRING) {
        pare_token name;
        dim->kind = PARE_DIM_PARAM;
        PARE_TRY(pare_text_name(p, &name));
        PARE_TRY(pare_text_name_copy(p, &name, &dim->param));
    } else if (!pare_text_accept(p, '?')) {
        return pare_text_fail(p, "a dimension: a number from 0 on, a name or '?'");
    }
    return denotation(p, &dim->denotation);
}

/* What follows the element type: nothing for a scalar, [] for an unknown rank, [dims]. */
static pare_status parse_shape(text_parser *p, pare_type *type)
{
    pare_dim dims[PARE_MAX_DIMS];
    type->has_shape = true;
    if (pare_text_accept(p, '[')) {
        type->has_shape = !text_at(p, ']');
        while (type->has_shape) {
            if (type->rank == PARE_MAX_DIMS) return pare_text_fail(p, "at most 64 dimensions");
            PARE_TRY(parse_dim(p, &dims[type->rank]));
            type->rank++;
            if (!pare_text_accept(p, ',')) break;
        }
        PARE_TRY(pare_text_expect(p, ']'));
    }
    type->dims = pare_arena_copy(&p->model->arena, dims, type->rank * sizeof(*dims));
    return type->dims ? PARE_OK : pare_arena_fail(p->ctx, &p->model->arena);
}

static pare_status parse_dtype(text_parser *p, pare_dtype *out)
{
    char word[24] = "";
    const pare_token t = p->lx.token;
    if (t.kind == PARE_TOK_ID && t.n < sizeof(word)) memcpy(word, t.start, t.n);
    *out = pare_dtype_by_name(word);
    if (*out == PARE_DTYPE_UNDEFINED && !pare_lex_is_id(&t, "undefined"))
        return pare_text_fail(p, "an element type");
    pare_lex_next(&p->lx);
    return PARE_OK;
}

static pare_status parse_type(text_parser *p, int depth, const pare_type **out);

/* The inner type of a container, absent when ')' follows at once. */
static pare_status parse_elem(text_parser *p, int depth, pare_type *type)
{
    if (!text_at(p, ')')) PARE_TRY(parse_type(p, depth + 1, &type->elem));
    return pare_text_expect(p, ')');
}

static pare_status parse_map(text_parser *p, int depth, pare_type *type)
{
    PARE_TRY(pare_text_expect(p, '('));
    PARE_TRY(parse_dtype(p, &type->dtype));
    if (!text_at(p, ')')) PARE_TRY(pare_text_expect(p, ','));
    return parse_elem(p, depth, type);
}

static pare_status parse_sparse_type(text_parser *p, pare_type *type)
{
    PARE_TRY(pare_text_expect(p, '('));
    PARE_TRY(parse_dtype(p, &type->dtype));
    PARE_TRY(parse_shape(p, type));
    return pare_text_expect(p, ')');
}

static pare_type_kind kind_of_word(const pare_token *t)
{
    static const struct {
        const char *word;
        pare_type_kind kind;
    } kinds[] = {
        { "seq", PARE_TYPE_SEQUENCE },  { "optional", PARE_TYPE_OPTIONAL },
        { "map", PARE_TYPE_MAP },       { "sparse_tensor", PARE_TYPE_SPARSE_TENSOR },
        { "opaque", PARE_TYPE_OPAQUE }, { "notype", PARE_TYPE_NONE },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (pare_lex_is_id(t, kinds[i].word)) return kinds[i].kind;
    return PARE_TYPE_TENSOR;
}

static pare_status parse_type(text_parser *p, int depth, const pare_type **out)
{
    const pare_token word = p->lx.token;
    if (!pare_lex_is_type(&word)) return pare_text_fail(p, "a type");
    if (depth >= PARE_MAX_TYPE_DEPTH)
        return pare_text_fail(p, "at most 32 types inside of each other");
    pare_type *type = pare_arena_zero(&p->model->arena, sizeof(*type));
    if (!type) return pare_arena_fail(p->ctx, &p->model->arena);
    type->kind = kind_of_word(&word);
    if (type->kind != PARE_TYPE_TENSOR) pare_lex_next(&p->lx);
    switch (type->kind) {
    case PARE_TYPE_TENSOR:
        PARE_TRY(parse_dtype(p, &type->dtype));
        PARE_TRY(parse_shape(p, type));
        break;
    case PARE_TYPE_SEQUENCE:
    case PARE_TYPE_OPTIONAL:
        PARE_TRY(pare_text_expect(p, '('));
        PARE_TRY(parse_elem(p, depth, type));
        break;
    case PARE_TYPE_MAP: PARE_TRY(parse_map(p, depth, type)); break;
    case PARE_TYPE_SPARSE_TENSOR: PARE_TRY(parse_sparse_type(p, type)); break;
    case PARE_TYPE_OPAQUE:
        PARE_TRY(pare_text_expect(p, '('));
        PARE_TRY(pare_text_expect(p, ')'));
        break;
    case PARE_TYPE_NONE: break;
    }
    *out = type;
    return denotation(p, &type->denotation);
}

pare_status pare_text_type(text_parser *p, const pare_type **out)
{
    return parse_type(p, 0, out);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static pare_status append(text_parser *p, const void *data, size_t n)
{
    PARE_TRY(pare_grow(p->ctx, &p->bytes, &p->bytes_cap, p->n_bytes + n, 1));
    memcpy(p->bytes + p->n_bytes, data, n);
    p->n_bytes += n;
    return PARE_OK;
}

/* One element, or half of a complex one, as its bits. Floats narrower than 32 bits are written as
 * their bit patterns, as ONNX does. */
static pare_status element_bits(text_parser *p, pare_dtype dtype, uint64_t *bits)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const pare_token t = p->lx.token;
    *bits = 0;
    if (dtype == PARE_FLOAT || dtype == PARE_COMPLEX64) {
        float f = 0;
        PARE_TRY(pare_text_f32(p, &f));
        memcpy(bits, &f, sizeof(f));
        return PARE_OK;
    }
    if (dtype == PARE_DOUBLE || dtype == PARE_COMPLEX128) {
        double d = 0;
        PARE_TRY(pare_text_f64(p, &d));
        memcpy(bits, &d, sizeof(d));
        return PARE_OK;
    }
    bool fits = t.kind == PARE_TOK_INT;
    if (fits && dtype == PARE_UINT64) {
        fits = pare_number_read_u64(t.start, t.n, bits);
    } else if (fits) {
        int64_t v = 0;
        const bool is_signed = info->class == PARE_CLASS_INT;
        const unsigned value_bits = dtype == PARE_BOOL ? 1 : info->bits - (unsigned)is_signed;
        const int64_t last = (int64_t)((UINT64_C(1) << value_bits) - 1);
        fits =
            pare_number_read_i64(t.start, t.n, &v) && v <= last && v >= (is_signed ? -last - 1 : 0);
        *bits = (uint64_t)v;
    }
    if (!fits) {
        char expected[64];
        snprintf(expected, sizeof(expected), "an integer that fits into %s",
                 pare_dtype_name(dtype));
        return pare_text_fail(p, expected);
    }
    pare_lex_next(&p->lx);
    return PARE_OK;
}

/* One string of a tensor: its bytes to the scratch space, its length beside. */
static pare_status element_string(text_parser *p)
{
    const pare_token t = p->lx.token;
    size_t n = 0;
    if (t.kind != PARE_TOK_STRING) return pare_text_fail(p, "a string");
    PARE_TRY(pare_grow(p->ctx, &p->bytes, &p->bytes_cap, p->n_bytes + t.n, 1));
    PARE_TRY(
        pare_grow(p->ctx, &p->lengths, &p->lengths_cap, p->n_lengths + 1, sizeof(*p->lengths)));
    PARE_TRY(pare_lex_decode(p->ctx, &t, p->bytes + p->n_bytes, &n));
    p->n_bytes += n;
    p->lengths[p->n_lengths++] = n;
    pare_lex_next(&p->lx);
    return PARE_OK;
}

/* Whether the writer left the elements out: `{60 elements, ...`. */
static bool is_hash(const text_parser *p)
{
    pare_lexer ahead = p->lx;
    if (ahead.token.kind != PARE_TOK_INT) return false;
    pare_lex_next(&ahead);
    return pare_lex_is_id(&ahead.token, "elements");
}

static pare_status parse_elements(text_parser *p, pare_dtype dtype, uint64_t n_expected)
{
    const unsigned bits = pare_dtype_of(dtype)->bits;
    const bool is_complex = pare_dtype_of(dtype)->class == PARE_CLASS_COMPLEX;
    const size_t width = bits < 8 ? 1 : is_complex ? bits / 16 : bits / 8;
    uint64_t n = 0;
    p->n_bytes = p->n_lengths = 0;
    PARE_TRY(pare_text_expect(p, '{'));
    if (is_hash(p)) return pare_text_fail(p, "the elements themselves: a hash cannot be read back");
    while (!text_at(p, '}')) {
        uint64_t element = 0;
        if (n == n_expected) return pare_text_fail(p, "'}' after as many numbers as the dims say");
        if (dtype == PARE_STRING) PARE_TRY(element_string(p));
        else PARE_TRY(element_bits(p, dtype, &element));
        if (dtype != PARE_STRING) PARE_TRY(append(p, &element, width));
        n++;
        if (!pare_text_accept(p, ',')) break;
    }
    if (text_at(p, '}') && n < n_expected) {
        char expected[80];
        snprintf(expected, sizeof(expected), "%" PRIu64 " numbers, of which %" PRIu64 " are there",
                 n_expected, n);
        return pare_text_fail(p, expected);
    }
    return pare_text_expect(p, '}');
}

/* Elements of 2 or 4 bits stand in a byte each: puts them together, the first lowest. */
static void pack(text_parser *p, unsigned bits)
{
    const size_t per_byte = 8 / bits;
    for (size_t i = 0; i < p->n_bytes; i++) {
        const unsigned v = (unsigned char)p->bytes[i] & ((1u << bits) - 1);
        const unsigned before = i % per_byte ? (unsigned char)p->bytes[i / per_byte] : 0;
        p->bytes[i / per_byte] = (char)(before | v << (i % per_byte * bits));
    }
}

static pare_status make_strings(text_parser *p, uint32_t rank, const int64_t *dims,
                                pare_tensor **out)
{
    pare_buf *buf = NULL;
    const size_t table = p->n_lengths * sizeof(pare_bytes);
    PARE_TRY(pare_buf_new(p->ctx, &buf, (uint64_t)table + p->n_bytes));
    pare_bytes *strings = (pare_bytes *)(void *)buf->data;
    uint8_t *at = buf->data + table;
    if (p->n_bytes) memcpy(at, p->bytes, p->n_bytes);
    for (size_t i = 0; i < p->n_lengths; i++) {
        strings[i] = (pare_bytes){ at, p->lengths[i] };
        at += p->lengths[i];
    }
    const pare_status st = pare_tensor_wrap_strings(p->ctx, out, rank, dims, strings, buf);
    pare_buf_unref(buf);
    return st;
}

/* The numeric dims of a tensor's type and how many elements they make. */
static pare_status known_dims(text_parser *p, const pare_token *at, const pare_type *type,
                              int64_t dims[PARE_MAX_DIMS], uint64_t *n)
{
    bool fits = true;
    bool has_zero = false;
    *n = 1;
    if (!type || !type->has_shape) return pare_lex_fail(p->ctx, at, "a tensor type with dims");
    for (uint32_t i = 0; i < type->rank; i++) {
        if (type->dims[i].kind != PARE_DIM_VALUE)
            return pare_lex_fail(p->ctx, at, "a tensor type whose dims are numbers");
        dims[i] = type->dims[i].value;
        has_zero = has_zero || dims[i] == 0;
        fits = fits && pare_mul_u64(*n, (uint64_t)dims[i], n) && *n <= INT64_MAX / 2;
    }
    if (has_zero) *n = 0;
    else if (!fits) return pare_lex_fail(p->ctx, at, "dims whose product is below 2^62");
    return PARE_OK;
}

pare_status pare_text_tensor(text_parser *p, const pare_token *at, const pare_type *type,
                             pare_tensor **out)
{
    int64_t dims[PARE_MAX_DIMS];
    uint64_t n = 0;
    *out = NULL;
    if (type && (type->kind != PARE_TYPE_TENSOR || type->dtype == PARE_DTYPE_UNDEFINED))
        return pare_lex_fail(p->ctx, at, "a tensor type with element type");
    PARE_TRY(known_dims(p, at, type, dims, &n));
    const pare_dtype_info *info = pare_dtype_of(type->dtype);
    if (info->class == PARE_CLASS_COMPLEX) n *= 2;
    PARE_TRY(parse_elements(p, type->dtype, n));
    if (type->dtype == PARE_STRING) return make_strings(p, type->rank, dims, out);
    if (info->bits < 8) pack(p, info->bits);
    return pare_tensor_from(p->ctx, out, type->dtype, type->rank, dims, p->bytes);
}

/* `absent`, or a tensor with its type. */
static pare_status parse_part(text_parser *p, pare_tensor **out)
{
    const pare_type *type = NULL;
    const pare_token at = p->lx.token;
    *out = NULL;
    if (pare_lex_is_id(&at, "absent")) {
        pare_lex_next(&p->lx);
        return PARE_OK;
    }
    PARE_TRY(pare_text_type(p, &type));
    return pare_text_tensor(p, &at, type, out);
}

static pare_status parse_parts(text_parser *p, pare_sparse_tensor *sparse)
{
    PARE_TRY(pare_text_expect(p, '{'));
    PARE_TRY(parse_part(p, &sparse->values));
    PARE_TRY(pare_text_expect(p, ','));
    PARE_TRY(parse_part(p, &sparse->indices));
    return pare_text_expect(p, '}');
}

pare_status pare_text_sparse(text_parser *p, const pare_token *at, const pare_type *type,
                             pare_sparse_tensor **out)
{
    int64_t dims[PARE_MAX_DIMS];
    uint64_t n = 0;
    pare_arena *arena = &p->model->arena;
    *out = NULL;
    PARE_TRY(known_dims(p, at, type, dims, &n));
    pare_sparse_tensor *sparse = pare_arena_zero(arena, sizeof(*sparse));
    const int64_t *copy = pare_arena_copy(arena, dims, type->rank * sizeof(*dims));
    if (!sparse || !copy) return pare_arena_fail(p->ctx, arena);
    sparse->rank = type->rank;
    sparse->dims = copy;
    const pare_status st = parse_parts(p, sparse);
    if (st) {
        pare_tensor_unref(sparse->values);
        pare_tensor_unref(sparse->indices);
        return st;
    }
    *out = sparse;
    return PARE_OK;
}
