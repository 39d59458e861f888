#include "op/regex_parse.h"

#include "op/letters.h"

enum { MAX_DEPTH = 100, MAX_REPEAT = 1000 };

typedef struct flags {
    bool any_case, multi_line, dot_newline;
} flags;

typedef struct parser {
    pare_ctx *ctx;
    regex_tree *tree;
    pare_bytes text;
    size_t at;
    flags flags;
    int depth;
} parser;

static pare_status refuse(parser *p, pare_status status, const char *why)
{
    p->tree->why = why;
    return pare_fail(p->ctx, status, "%s", why);
}

static bool at_end(const parser *p)
{
    return p->at == p->text.n;
}

/* The next byte, 0 at the end. */
static uint8_t peek(const parser *p)
{
    return at_end(p) ? 0 : p->text.data[p->at];
}

static bool take(parser *p, const char *word)
{
    const size_t n = strlen(word);
    if (p->text.n - p->at < n || memcmp(p->text.data + p->at, word, n) != 0) return false;
    p->at += n;
    return true;
}

static pare_status take_letter(parser *p, uint32_t *out)
{
    const size_t n = pare_letter_read(p->text.data + p->at, p->text.n - p->at, out);
    p->at += n;
    return n ? PARE_OK : refuse(p, PARE_EFORMAT, "expected UTF-8");
}

static pare_status new_node(parser *p, regex_node node, uint32_t *out)
{
    regex_tree *t = p->tree;
    PARE_TRY(pare_grow(p->ctx, &t->nodes, &t->nodes_cap, t->n_nodes + 2, sizeof(*t->nodes)));
    if (!t->n_nodes) t->nodes[t->n_nodes++] = (regex_node){ .kind = REGEX_EMPTY };
    t->nodes[t->n_nodes] = node;
    *out = (uint32_t)t->n_nodes++;
    return PARE_OK;
}

/* --- sets of characters ----------------------------------------------------------------------- */

static pare_status add_range(parser *p, uint32_t low, uint32_t high)
{
    regex_tree *t = p->tree;
    PARE_TRY(pare_grow(p->ctx, &t->ranges, &t->ranges_cap, t->n_ranges + 1, sizeof(*t->ranges)));
    t->ranges[t->n_ranges++] = (regex_range){ low, high };
    return PARE_OK;
}

/* Classes as pairs of first and last character, ascending. */
typedef struct named_class {
    const char *name;
    const char *pairs;
} named_class;

static const named_class named[] = {
    { "alnum", "09AZaz" },  { "alpha", "AZaz" },      { "ascii", NULL },
    { "blank", "\t\t  " },  { "cntrl", NULL },        { "digit", "09" },
    { "graph", "!~" },      { "lower", "az" },        { "print", " ~" },
    { "punct", "!/:@[`{~" }, { "space", "\t\r  " },    { "upper", "AZ" },
    { "word", "09AZ__az" }, { "xdigit", "09AFaf" },
};
static const named_class by_letter[] = {
    { "d", "09" }, { "s", "\t\n\f\r  " }, { "w", "09AZ__az" },
};

static pare_status add_pairs(parser *p, const char *pairs, bool negated)
{
    uint32_t next = 0;
    for (; *pairs; pairs += 2) {
        const uint32_t low = (uint8_t)pairs[0];
        const uint32_t high = (uint8_t)pairs[1];
        if (!negated) PARE_TRY(add_range(p, low, high));
        else if (low > next) PARE_TRY(add_range(p, next, low - 1));
        next = high + 1;
    }
    return negated ? add_range(p, next, PARE_LAST_LETTER) : PARE_OK;
}

/* [:name:] or [:^name:] at the parser's place; *found says whether there is one. */
static pare_status take_named(parser *p, bool *found)
{
    const size_t start = p->at;
    *found = take(p, "[:");
    if (!*found) return PARE_OK;
    const bool negated = take(p, "^");
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        const size_t name_at = p->at;
        if (take(p, named[i].name) && take(p, ":]")) {
            if (named[i].pairs) return add_pairs(p, named[i].pairs, negated);
            const bool ascii = named[i].name[0] == 'a';
            if (ascii && negated) return add_range(p, 0x80, PARE_LAST_LETTER);
            if (ascii) return add_range(p, 0, 0x7f);
            if (negated) PARE_TRY(add_range(p, ' ', '~'));
            if (negated) return add_range(p, 0x80, PARE_LAST_LETTER);
            PARE_TRY(add_range(p, 0, 0x1f));
            return add_range(p, 0x7f, 0x7f);
        }
        p->at = name_at;
    }
    for (size_t i = p->at; i + 1 < p->text.n; i++)
        if (p->text.data[i] == ':' && p->text.data[i + 1] == ']')
            return refuse(p, PARE_EFORMAT, "expected a known class of characters in [: :]");
    p->at = start;
    *found = false;
    return PARE_OK;
}

/* \d, \D and relatives behind a backslash. */
static pare_status take_class_letter(parser *p, bool *found)
{
    const uint8_t c = p->at + 1 < p->text.n && peek(p) == '\\' ? p->text.data[p->at + 1] : 0;
    *found = false;
    if (c == 'p' || c == 'P')
        return refuse(p, PARE_EUNSUPPORTED, "classes of Unicode are not supported");
    if (c == 'C') return refuse(p, PARE_EUNSUPPORTED, "single bytes are not supported");
    for (size_t i = 0; i < sizeof(by_letter) / sizeof(by_letter[0]); i++) {
        const uint8_t letter = (uint8_t)by_letter[i].name[0];
        if (c != letter && c != letter - 32) continue;
        *found = true;
        p->at += 2;
        return add_pairs(p, by_letter[i].pairs, c != letter);
    }
    return PARE_OK;
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

static pare_status take_hex(parser *p, uint32_t *out)
{
    const bool braces = take(p, "{");
    uint32_t value = 0;
    int n = 0;
    for (; digit_of(peek(p)) < 16 && !at_end(p) && (braces || n < 2); n++, p->at++) {
        value = value * 16 + (uint32_t)digit_of(peek(p));
        if (value > PARE_LAST_LETTER) break;
    }
    if (value > PARE_LAST_LETTER || !n || (braces ? !take(p, "}") : n != 2))
        return refuse(p, PARE_EFORMAT, "expected a character's number in hexadecimal after \\x");
    *out = value;
    return PARE_OK;
}

/* One character behind a backslash that was taken. */
static pare_status take_escape(parser *p, uint32_t *out)
{
    static const char from[] = "aftnrv";
    static const char to[] = "\a\f\t\n\r\v";
    if (at_end(p)) return refuse(p, PARE_EFORMAT, "expected a character after \\");
    const uint8_t c = peek(p);
    if (c >= 0x80 || c == '_') return refuse(p, PARE_EFORMAT, "expected a known escape after \\");
    p->at++;
    *out = c;
    if (!pare_regex_is_word(c)) return PARE_OK;
    const char *known = strchr(from, c);
    if (known) *out = (uint8_t)to[known - from];
    if (known) return PARE_OK;
    if (c == 'x') return take_hex(p, out);
    if (c == '0' || (c >= '1' && c <= '7' && peek(p) >= '0' && peek(p) <= '7')) {
        *out = c - '0';
        for (int n = 1; n < 3 && peek(p) >= '0' && peek(p) <= '7'; n++, p->at++)
            *out = *out * 8 + (peek(p) - '0');
        return PARE_OK;
    }
    return refuse(p, PARE_EFORMAT, "expected a known escape after \\");
}

/* One character inside of brackets. */
static pare_status take_member(parser *p, uint32_t *out)
{
    return take(p, "\\") ? take_escape(p, out) : take_letter(p, out);
}

static pare_status take_members(parser *p)
{
    bool found = false;
    uint32_t low = 0;
    PARE_TRY(take_named(p, &found));
    if (!found) PARE_TRY(take_class_letter(p, &found));
    if (found) return PARE_OK;
    PARE_TRY(take_member(p, &low));
    uint32_t high = low;
    const bool is_range = peek(p) == '-' && p->at + 1 < p->text.n && p->text.data[p->at + 1] != ']';
    if (is_range) {
        p->at++;
        PARE_TRY(take_member(p, &high));
    }
    if (high < low) return refuse(p, PARE_EFORMAT, "expected ranges from lower to higher");
    return add_range(p, low, high);
}

/* What follows an opening bracket. */
static pare_status parse_brackets(parser *p, uint32_t *out)
{
    regex_set set = { .first = (uint32_t)p->tree->n_ranges, .any_case = p->flags.any_case };
    set.negated = take(p, "^");
    do {
        if (at_end(p)) return refuse(p, PARE_EFORMAT, "expected ] after [");
        PARE_TRY(take_members(p));
    } while (!take(p, "]"));
    set.n = (uint32_t)p->tree->n_ranges - set.first;
    return new_node(p, (regex_node){ .kind = REGEX_SET, .set = set }, out);
}

static pare_status letter_node(parser *p, uint32_t c, uint32_t *out)
{
    const regex_set set = { (uint32_t)p->tree->n_ranges, 1, false, p->flags.any_case };
    PARE_TRY(add_range(p, c, c));
    return new_node(p, (regex_node){ .kind = REGEX_SET, .set = set }, out);
}

static pare_status dot_node(parser *p, uint32_t *out)
{
    regex_set set = { .first = (uint32_t)p->tree->n_ranges, .n = 1, .negated = true };
    if (p->flags.dot_newline) set.n = 0;
    else PARE_TRY(add_range(p, '\n', '\n'));
    return new_node(p, (regex_node){ .kind = REGEX_SET, .set = set }, out);
}

/* --- structure -------------------------------------------------------------------------------- */

static pare_status parse_any(parser *p, uint32_t *out);

/* (?flags) or (?flags:, the first of which holds up to the end of the group around it. *is_group:
 * the second. */
static pare_status take_flags(parser *p, bool *is_group)
{
    bool on = true;
    for (;; p->at++) {
        switch (peek(p)) {
        case 'i': p->flags.any_case = on; break;
        case 'm': p->flags.multi_line = on; break;
        case 's': p->flags.dot_newline = on; break;
        case 'U': break; /* which match is found first is of no concern */
        case '-':
            if (!on) return refuse(p, PARE_EFORMAT, "expected flags after (?");
            on = false;
            break;
        case ':':
        case ')':
            *is_group = peek(p) == ':';
            p->at++;
            return PARE_OK;
        default: return refuse(p, PARE_EFORMAT, "expected flags after (?");
        }
    }
}

static pare_status skip_name(parser *p)
{
    const size_t start = p->at;
    while (pare_regex_is_word(peek(p))) p->at++;
    if (p->at > start && take(p, ">")) return PARE_OK;
    return refuse(p, PARE_EFORMAT, "expected a name in (?<name>");
}

/* What follows an opening parenthesis. */
static pare_status parse_group(parser *p, uint32_t *out)
{
    const flags before = p->flags;
    bool is_group = true;
    if (take(p, "?P<") || take(p, "?<")) PARE_TRY(skip_name(p));
    else if (take(p, "?")) PARE_TRY(take_flags(p, &is_group));
    if (!is_group) return new_node(p, (regex_node){ .kind = REGEX_EMPTY }, out);
    if (++p->depth > MAX_DEPTH)
        return refuse(p, PARE_EUNSUPPORTED, "more than 100 groups inside of each other");
    PARE_TRY(parse_any(p, out));
    p->depth--;
    p->flags = before;
    return take(p, ")") ? PARE_OK : refuse(p, PARE_EFORMAT, "expected ) after (");
}

static pare_status place_node(parser *p, regex_place place, uint32_t *out)
{
    return new_node(p, (regex_node){ .kind = REGEX_PLACE, .place = place }, out);
}

/* All between \Q and \E. */
static pare_status parse_quoted(parser *p, uint32_t *out)
{
    uint32_t before = 0;
    PARE_TRY(new_node(p, (regex_node){ .kind = REGEX_ALL }, out));
    while (!at_end(p) && !take(p, "\\E")) {
        uint32_t c = 0;
        uint32_t part = 0;
        PARE_TRY(take_letter(p, &c));
        PARE_TRY(letter_node(p, c, &part));
        p->tree->nodes[part].before = before;
        before = part;
    }
    p->tree->nodes[*out].last = before;
    return PARE_OK;
}

/* One character, group or place. */
static pare_status parse_atom(parser *p, uint32_t *out)
{
    const bool lines = p->flags.multi_line;
    uint32_t c = 0;
    bool found = false;
    if (take(p, "(")) return parse_group(p, out);
    if (take(p, "[")) return parse_brackets(p, out);
    if (take(p, ".")) return dot_node(p, out);
    if (take(p, "^")) return place_node(p, lines ? REGEX_LINE_START : REGEX_TEXT_START, out);
    if (take(p, "$")) return place_node(p, lines ? REGEX_LINE_END : REGEX_TEXT_END, out);
    if (take(p, "\\A")) return place_node(p, REGEX_TEXT_START, out);
    if (take(p, "\\z")) return place_node(p, REGEX_TEXT_END, out);
    if (take(p, "\\b")) return place_node(p, REGEX_WORD_EDGE, out);
    if (take(p, "\\B")) return place_node(p, REGEX_NO_WORD_EDGE, out);
    if (take(p, "\\Q")) return parse_quoted(p, out);
    regex_set set = { .first = (uint32_t)p->tree->n_ranges, .any_case = p->flags.any_case };
    PARE_TRY(take_class_letter(p, &found));
    if (found) {
        set.n = (uint32_t)p->tree->n_ranges - set.first;
        return new_node(p, (regex_node){ .kind = REGEX_SET, .set = set }, out);
    }
    PARE_TRY(take(p, "\\") ? take_escape(p, &c) : take_letter(p, &c));
    return letter_node(p, c, out);
}

static bool take_number(parser *p, uint32_t *out)
{
    const size_t start = p->at;
    *out = 0;
    for (; peek(p) >= '0' && peek(p) <= '9'; p->at++)
        if (*out <= MAX_REPEAT) *out = *out * 10 + (peek(p) - '0');
    return p->at > start;
}

/* {n}, {n,} or {n,m}; anything else in braces stands for itself. */
static bool take_counts(parser *p, uint32_t *min, uint32_t *max)
{
    const size_t start = p->at;
    bool fits = take(p, "{") && take_number(p, min);
    *max = *min;
    if (fits && take(p, ",")) {
        *max = REGEX_NO_LIMIT;
        if (peek(p) != '}') fits = take_number(p, max);
    }
    if (fits && take(p, "}")) return true;
    p->at = start;
    return false;
}

static bool take_repeat(parser *p, uint32_t *min, uint32_t *max)
{
    *min = 0;
    *max = REGEX_NO_LIMIT;
    if (take(p, "*")) return true;
    if (take(p, "?")) {
        *max = 1;
        return true;
    }
    *min = 1;
    if (take(p, "+")) return true;
    return take_counts(p, min, max);
}

/* An atom and how often it stands there. */
static pare_status parse_repeated(parser *p, uint32_t *out)
{
    uint32_t min = 0;
    uint32_t max = 0;
    if (take_repeat(p, &min, &max))
        return refuse(p, PARE_EFORMAT, "expected something to repeat before a repetition");
    PARE_TRY(parse_atom(p, out));
    if (!take_repeat(p, &min, &max)) return PARE_OK;
    (void)take(p, "?"); /* as few as possible: the same strings */
    if (max < min || min > MAX_REPEAT || (max > MAX_REPEAT && max != REGEX_NO_LIMIT))
        return refuse(p, PARE_EFORMAT, "expected at most 1000 repetitions, ascending");
    const regex_node node = { .kind = REGEX_REPEAT, .min = min, .max = max, .last = *out };
    PARE_TRY(new_node(p, node, out));
    if (take_repeat(p, &min, &max))
        return refuse(p, PARE_EFORMAT, "expected no repetition of a repetition");
    return PARE_OK;
}

static pare_status parse_all(parser *p, uint32_t *out)
{
    uint32_t before = 0;
    PARE_TRY(new_node(p, (regex_node){ .kind = REGEX_ALL }, out));
    while (!at_end(p) && peek(p) != '|' && peek(p) != ')') {
        uint32_t part = 0;
        PARE_TRY(parse_repeated(p, &part));
        p->tree->nodes[part].before = before;
        before = part;
    }
    p->tree->nodes[*out].last = before;
    return PARE_OK;
}

static pare_status parse_any(parser *p, uint32_t *out)
{
    uint32_t before = 0;
    PARE_TRY(new_node(p, (regex_node){ .kind = REGEX_ANY }, out));
    do {
        uint32_t part = 0;
        PARE_TRY(parse_all(p, &part));
        p->tree->nodes[part].before = before;
        before = part;
    } while (take(p, "|"));
    p->tree->nodes[*out].last = before;
    return PARE_OK;
}

pare_status pare_regex_parse(pare_ctx *ctx, regex_tree *tree, pare_bytes pattern, uint32_t *root)
{
    parser p = { .ctx = ctx, .tree = tree, .text = pattern };
    PARE_TRY(parse_any(&p, root));
    return at_end(&p) ? PARE_OK : refuse(&p, PARE_EFORMAT, "expected ( before )");
}
