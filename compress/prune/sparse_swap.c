#include "prune/sparse_swap.h"

#include "prune/sparse_fit.h"

#include <stdlib.h>

enum { MOST_ROUNDS = 8 };

/* An exchange pays from this part of the row's error on. */
static const double worth_it = 1e-4;

typedef struct swapper {
    const pare_sparse_cut *cut;
    int64_t n;
    const double *h;
    bool *kept;               /* [n] of the row, as the others */
    double *w, *left;         /* left: h (wanted - w) */
} swapper;

/* What exchanging kept i for j brings, the others as they are; *value is for j. */
static double gain(const swapper *s, int64_t i, int64_t j, double *value)
{
    const double a = s->w[i], hii = s->h[i * s->n + i], hjj = s->h[j * s->n + j];
    const double pull = s->left[j] + a * s->h[i * s->n + j];
    if (!(hjj > 0)) return 0;
    *value = pull / hjj;
    return pull * pull / hjj - 2 * a * s->left[i] - a * a * hii;
}

static void exchange(swapper *s, int64_t i, int64_t j, double value)
{
    const double *from = s->h + i * s->n, *to = s->h + j * s->n, a = s->w[i];
    for (int64_t k = 0; k < s->n; k++) s->left[k] += a * from[k] - value * to[k];
    s->w[i] = 0;
    s->w[j] = value;
    s->kept[i] = false;
    s->kept[j] = true;
}

/* The best exchange among columns [first, first + size); whether there was one. */
static bool swap_in_cell(swapper *s, int64_t first, int64_t size, double least)
{
    int64_t out = -1, in = -1;
    double value = 0;
    for (int64_t i = first; i < first + size; i++)
        for (int64_t j = first; s->kept[i] && j < first + size; j++) {
            double at = 0;
            const double g = s->kept[j] ? 0 : gain(s, i, j, &at);
            if (!(g > least)) continue;
            least = g;
            out = i;
            in = j;
            value = at;
        }
    if (in >= 0) exchange(s, out, in, value);
    return in >= 0;
}

static bool swap_in_row(swapper *s, double least)
{
    bool any = false;
    for (int64_t t = 0; t < s->cut->taps; t++)
        for (int64_t at = 0; at < s->cut->in; at += s->cut->cell) {
            const int64_t rest = s->cut->in - at;
            const int64_t size = rest < s->cut->cell ? rest : s->cut->cell;
            any |= swap_in_cell(s, t * s->cut->in + at, size, least);
        }
    return any;
}

pare_status pare_sparse_swap(pare_ctx *ctx, const pare_linalg *linalg, const pare_sparse_cut *cut,
                             int64_t m, const double *h, const double *wanted, bool *kept,
                             double *w, double *errors)
{
    const int64_t n = cut->taps * cut->in;
    const size_t n_bytes = 2 * (size_t)(m * n) * sizeof(double);
    double *left = pare_alloc(ctx, n_bytes);
    if (!left) return pare_fail_memory(ctx, n_bytes);
    double *const difference = left + m * n;
    pare_status st = PARE_OK;
    bool any = true;
    for (int round = 0; !st && any && round < MOST_ROUNDS; round++) {
        any = false;
        for (int64_t i = 0; i < m * n; i++) difference[i] = wanted[i] - w[i];
        pare_linalg_multiply(linalg, false, m, n, n, difference, h, left);
        for (int64_t r = 0; r < m; r++) {
            swapper s = { cut, n, h, kept + r * n, w + r * n, left + r * n };
            any |= swap_in_row(&s, worth_it * errors[r]);
        }
        st = pare_sparse_fit(ctx, linalg, n, m, h, wanted, kept, w, errors);
    }
    pare_free(ctx, left);
    return st;
}
