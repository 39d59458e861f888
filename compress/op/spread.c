#include "op/spread.h"

#include <assert.h>
#include <string.h>

void pare_spread_start(pare_spread *s, uint32_t rank, const int64_t *dims)
{
    assert(rank <= PARE_MAX_DIMS);
    s->n_in = 0;
    s->rank = rank;
    s->started = false;
    for (uint32_t d = 0; d < rank; d++) s->dims[d] = dims[d];
}

void pare_spread_add_strides(pare_spread *s, const int64_t *strides)
{
    assert(s->n_in < PARE_SPREAD_MAX_IN);
    for (uint32_t d = 0; d < s->rank; d++) s->strides[s->n_in][d] = strides[d];
    s->n_in++;
}

void pare_spread_add_at(pare_spread *s, uint32_t axis, uint32_t rank, const int64_t *dims)
{
    int64_t strides[PARE_MAX_DIMS] = { 0 };
    int64_t stride = 1;
    assert(rank <= s->rank && axis <= s->rank - rank);
    for (uint32_t d = rank; d-- > 0;) {
        assert(dims[d] == 1 || dims[d] == s->dims[axis + d]);
        strides[axis + d] = dims[d] == 1 ? 0 : stride;
        stride *= dims[d];
    }
    pare_spread_add_strides(s, strides);
}

void pare_spread_add(pare_spread *s, uint32_t rank, const int64_t *dims)
{
    assert(rank <= s->rank);
    pare_spread_add_at(s, s->rank - rank, rank, dims);
}

/* Whether every input passes axes d - 1 and d as if they were one. */
static bool can_merge(const pare_spread *s, uint32_t outer, uint32_t inner)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (s->strides[i][outer] != s->strides[i][inner] * s->dims[inner]) return false;
    return true;
}

static void copy_axis(pare_spread *s, uint32_t to, uint32_t from)
{
    s->dims[to] = s->dims[from];
    for (uint32_t i = 0; i < s->n_in; i++) s->strides[i][to] = s->strides[i][from];
}

/* Drops axes of size 1 and merges neighbours, so that runs are as long as they can be. */
static void merge_axes(pare_spread *s)
{
    uint32_t kept = 0;
    for (uint32_t d = 0; d < s->rank; d++) {
        if (s->dims[d] == 1) continue;
        if (kept && can_merge(s, kept - 1, d)) {
            const int64_t outer = s->dims[kept - 1];
            copy_axis(s, kept - 1, d);
            s->dims[kept - 1] *= outer;
        } else {
            copy_axis(s, kept++, d);
        }
    }
    s->rank = kept;
}

static bool start_first(pare_spread *s)
{
    s->started = true;
    for (uint32_t d = 0; d < s->rank; d++)
        if (!s->dims[d]) return false;
    merge_axes(s);
    if (!s->rank) { /* one element */
        s->rank = 1;
        s->dims[0] = 1;
        for (uint32_t i = 0; i < s->n_in; i++) s->strides[i][0] = 0;
    }
    memset(s->at, 0, sizeof(s->at));
    s->out = s->n = 0;
    for (uint32_t i = 0; i < s->n_in; i++) {
        s->in[i] = 0;
        s->step[i] = s->strides[i][s->rank - 1];
    }
    return true;
}

/* Past the run under way; false at the end. */
static bool step_over(pare_spread *s)
{
    uint32_t d = s->rank - 1;
    s->out += s->n;
    s->at[d] += s->n;
    for (uint32_t i = 0; i < s->n_in; i++) s->in[i] += s->n * s->step[i];
    for (; s->at[d] == s->dims[d]; d--) {
        if (d == 0) return false;
        s->at[d] = 0;
        s->at[d - 1]++;
        for (uint32_t i = 0; i < s->n_in; i++)
            s->in[i] += s->strides[i][d - 1] - s->dims[d] * s->strides[i][d];
    }
    return true;
}

bool pare_spread_next(pare_spread *s)
{
    if (!(s->started ? step_over(s) : start_first(s))) return false;
    const int64_t rest = s->dims[s->rank - 1] - s->at[s->rank - 1];
    s->n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
    return true;
}
