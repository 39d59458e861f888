#include "formats/dataset/select.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A split shall be the same for every seed. */
enum { SPLIT_SEED = 0 };

/* A sample while it is put into order. */
typedef struct place {
    uint64_t key;    /* of seed and content */
    int64_t class;
    uint32_t row;
    uint32_t rank, n; /* place within its class, and the class's size */
} place;

/* --- order ------------------------------------------------------------------------------------ */

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_key(const place *a, const place *b)
{
    const int order = compare_u64(a->key, b->key);
    return order ? order : compare_u64(a->row, b->row);
}

static int by_class(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->class != y->class) return x->class < y->class ? -1 : 1;
    return by_key(x, y);
}

/* By how far each is in its class: (rank + 1/2) / n. */
static int by_share(const void *a, const void *b)
{
    const place *x = a, *y = b;
    const int order = compare_u64((2 * (uint64_t)x->rank + 1) * y->n,
                                  (2 * (uint64_t)y->rank + 1) * x->n);
    return order ? order : by_key(x, y);
}

static void rank_in_classes(place *places, size_t n)
{
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && places[end].class == places[first].class; end++) {}
        for (size_t i = first; i < end; i++) {
            places[i].rank = (uint32_t)(i - first);
            places[i].n = (uint32_t)(end - first);
        }
    }
}

pare_status pare_spread(pare_ctx *ctx, uint32_t *rows, size_t n, uint64_t seed,
                        const pare_hash128 *hashes, const int64_t *classes)
{
    if (!n) return PARE_OK;
    place *places = pare_alloc(ctx, n * sizeof(*places));
    if (!places) return pare_fail_memory(ctx, n * sizeof(*places));
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = rows[i];
        places[i] = (place){ .key = pare_hash64_seeded(&hashes[row], sizeof(*hashes), seed),
                             .class = classes ? classes[row] : 0, .row = row };
    }
    qsort(places, n, sizeof(*places), by_class);
    rank_in_classes(places, n);
    qsort(places, n, sizeof(*places), by_share);
    for (size_t i = 0; i < n; i++) rows[i] = places[i].row;
    pare_free(ctx, places);
    return PARE_OK;
}

/* --- equal samples ---------------------------------------------------------------------------- */

typedef struct hashed {
    pare_hash128 hash;
    uint32_t row;
} hashed;

static int by_hash(const void *a, const void *b)
{
    const hashed *x = a, *y = b;
    const int high = compare_u64(x->hash.high, y->hash.high);
    const int low = compare_u64(x->hash.low, y->hash.low);
    return high ? high : low ? low : compare_u64(x->row, y->row);
}

static int by_row(const void *a, const void *b)
{
    return compare_u64(*(const uint32_t *)a, *(const uint32_t *)b);
}

pare_status pare_distinct_find(pare_ctx *ctx, pare_distinct *out, const pare_hash128 *hashes,
                               const int64_t *classes, size_t n)
{
    memset(out, 0, sizeof(*out));
    hashed *sorted = pare_alloc(ctx, (n + 1) * sizeof(*sorted));
    out->rows = pare_alloc(ctx, (n + 1) * sizeof(*out->rows));
    out->splits = pare_alloc_zero(ctx, n + 1);
    if (!sorted || !out->rows || !out->splits) {
        pare_free(ctx, sorted);
        pare_distinct_free(ctx, out);
        return pare_fail_memory(ctx, (n + 1) * sizeof(*sorted));
    }
    for (size_t i = 0; i < n; i++) sorted[i] = (hashed){ hashes[i], (uint32_t)i };
    qsort(sorted, n, sizeof(*sorted), by_hash);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (memcmp(&sorted[i].hash, &sorted[first].hash, sizeof(sorted[i].hash)) != 0) first = i;
        if (i == first) out->rows[out->n++] = sorted[i].row;
        else out->n_duplicates++;
        if (i != first && classes && classes[sorted[i].row] != classes[sorted[first].row])
            out->n_conflicts++;
    }
    qsort(out->rows, out->n, sizeof(*out->rows), by_row);
    pare_free(ctx, sorted);
    return PARE_OK;
}

void pare_distinct_free(pare_ctx *ctx, pare_distinct *distinct)
{
    pare_free(ctx, distinct->rows);
    pare_free(ctx, distinct->splits);
    memset(distinct, 0, sizeof(*distinct));
}

/* --- splits ----------------------------------------------------------------------------------- */

static pare_status give_rows(pare_ctx *ctx, pare_distinct *d, const pare_split_desc *s,
                             uint64_t n_rows)
{
    if (s->last >= n_rows)
        return pare_fail(ctx, PARE_EFORMAT, "%sexpected rows up to %" PRIu64 ", which the source "
                         "has, found %" PRIu64 "-%" PRIu64, s->at, n_rows - 1, s->first, s->last);
    for (size_t i = 0; i < d->n; i++) {
        if (d->rows[i] < s->first || d->rows[i] > s->last) continue;
        if (d->splits[i])
            return pare_fail(ctx, PARE_EFORMAT, "%srow %" PRIu32 " is in '%s' already", s->at,
                             d->rows[i], pare_data_split_name((pare_data_split)d->splits[i]));
        d->splits[i] = (uint8_t)s->split;
    }
    return PARE_OK;
}

/* How many samples a split takes of those that are left. */
static pare_status amount(pare_ctx *ctx, const pare_split_desc *s, size_t n_all, size_t n_left,
                          size_t *out)
{
    uint64_t want = s->first;
    if (s->part == PARE_PART_REST) want = n_left;
    if (s->part == PARE_PART_PERCENT) {
        want = (uint64_t)((double)n_all * s->percent / 100 + 0.5);
        if (want > n_left && want <= n_left + 1) want = n_left; /* 50 % and 50 % of an odd number */
    }
    *out = (size_t)want;
    if (!want)
        return pare_fail(ctx, PARE_EFORMAT, "%snothing is left for '%s' of %zu samples", s->at,
                         pare_data_split_name(s->split), n_all);
    if (want > n_left)
        return pare_fail(ctx, PARE_EFORMAT, "%s'%s' wants %" PRIu64 " samples; %zu of %zu are left",
                         s->at, pare_data_split_name(s->split), want, n_left, n_all);
    return PARE_OK;
}

static size_t place_of(const pare_distinct *d, uint32_t row)
{
    const uint32_t *const at = bsearch(&row, d->rows, d->n, sizeof(row), by_row);
    return (size_t)(at - d->rows);
}

/* Gives counts and percentages in the order in which they stand, then the rest. */
static pare_status give_shares(pare_ctx *ctx, pare_distinct *d, const pare_data_desc *desc,
                               const uint32_t *free_rows, size_t n_free)
{
    size_t used = 0;
    for (int rest = 0; rest < 2; rest++)
        for (size_t i = 0; i < desc->n_splits; i++) {
            const pare_split_desc *s = &desc->splits[i];
            size_t n = 0;
            if (s->part == PARE_PART_ROWS || (s->part == PARE_PART_REST) != rest) continue;
            PARE_TRY(amount(ctx, s, d->n, n_free - used, &n));
            for (size_t k = used; k < used + n; k++)
                d->splits[place_of(d, free_rows[k])] = (uint8_t)s->split;
            used += n;
        }
    return PARE_OK;
}

pare_status pare_distinct_split(pare_ctx *ctx, pare_distinct *d, const pare_data_desc *desc,
                                const pare_hash128 *hashes, const int64_t *classes,
                                uint64_t n_rows)
{
    size_t n_free = 0;
    for (size_t i = 0; i < desc->n_splits; i++)
        if (desc->splits[i].part == PARE_PART_ROWS)
            PARE_TRY(give_rows(ctx, d, &desc->splits[i], n_rows));
    uint32_t *free_rows = pare_alloc(ctx, (d->n + 1) * sizeof(*free_rows));
    if (!free_rows) return pare_fail_memory(ctx, d->n * sizeof(*free_rows));
    for (size_t i = 0; i < d->n; i++)
        if (!d->splits[i]) free_rows[n_free++] = d->rows[i];
    pare_status st = pare_spread(ctx, free_rows, n_free, SPLIT_SEED, hashes, classes);
    if (!st) st = give_shares(ctx, d, desc, free_rows, n_free);
    pare_free(ctx, free_rows);
    return st;
}
