#include "prune/sparse_pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

pare_status pare_sparse_pattern_read(pare_ctx *ctx, pare_sparse_pattern *out, const char *text)
{
    unsigned n = 0, m = 0;
    char between = 0, end;
    *out = (pare_sparse_pattern){ .kind = PARE_PATTERN_ANY };
    if (!strcmp(text, "unstructured")) return PARE_OK;
    const bool is_pair = sscanf(text, "%2u%c%2u%c", &n, &between, &m, &end) == 3 && m &&
                         m <= PARE_PATTERN_MOST && n <= PARE_PATTERN_MOST;
    *out = (pare_sparse_pattern){ .kind = between == ':' ? PARE_PATTERN_N_OF_M : PARE_PATTERN_BLOCK,
                                  .n = n, .m = m };
    if (is_pair && between == ':' && n && n < m) return PARE_OK;
    if (is_pair && between == 'x' && n && n * m > 1) return PARE_OK;
    return pare_fail(ctx, PARE_EUSAGE,
                     "expected a pattern: 'unstructured', 'N:M' such as 2:4 (at most N of M "
                     "weights are not zero), or blocks 'AxB' such as 1x4 (outputs x inputs), "
                     "numbers up to %d, found '%s'", PARE_PATTERN_MOST, text);
}

const char *pare_sparse_pattern_show(char *out, size_t out_bytes, const pare_sparse_pattern *p)
{
    if (p->kind == PARE_PATTERN_ANY) snprintf(out, out_bytes, "unstructured");
    else
        snprintf(out, out_bytes, "%" PRId64 "%c%" PRId64, p->n,
                 p->kind == PARE_PATTERN_BLOCK ? 'x' : ':', p->m);
    return out;
}

pare_sparse_cut pare_sparse_cut_of(const pare_sparse_pattern *p, const pare_linear *l)
{
    const bool blocks = p->kind == PARE_PATTERN_BLOCK;
    pare_sparse_cut c = { .taps = l->taps, .in = l->in, .rows = l->out / l->group,
                          .size = blocks ? p->m : 1, .height = blocks ? p->n : 1 };
    c.per_tap = (c.in + c.size - 1) / c.size;
    c.n_units = c.taps * c.per_tap;
    c.n_bands = (c.rows + c.height - 1) / c.height;
    if (p->kind != PARE_PATTERN_N_OF_M) return c;
    c.cell = p->m;
    c.may_stay = p->n;
    c.n_cells = c.taps * ((c.in + c.cell - 1) / c.cell);
    return c;
}
