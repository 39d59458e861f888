#include "kernels/order.h"

#include <stdbool.h>
#include <string.h>

void pare_keys_f32_ref(int64_t n, const float *x, int64_t *keys)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t code = 0;
        memcpy(&code, &x[i], sizeof(code));
        const int64_t size = code & 0x7fffffff;
        keys[i] = x[i] != x[i] ? INT64_MAX : code >> 31 ? -size : size;
    }
}

void pare_keys_f64_ref(int64_t n, const double *x, int64_t *keys)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t code = 0;
        memcpy(&code, &x[i], sizeof(code));
        const int64_t size = (int64_t)(code & INT64_MAX);
        keys[i] = x[i] != x[i] ? INT64_MAX : code >> 63 ? -size : size;
    }
}

void pare_keys_u64_ref(int64_t n, const uint64_t *x, int64_t *keys)
{
    for (int64_t i = 0; i < n; i++) keys[i] = (int64_t)(x[i] ^ (uint64_t)1 << 63);
}

/* --- the largest ------------------------------------------------------------------------------ */

/* Whether a comes after b in the result. */
static bool is_after(const int64_t *keys, int64_t a, int64_t b)
{
    return keys[a] != keys[b] ? keys[a] < keys[b] : a > b;
}

/* Brings element i of a heap, whose first element is the last of the result, to its place. */
static void sift(const int64_t *keys, int64_t *heap, int64_t n, int64_t i)
{
    const int64_t moved = heap[i];
    for (;;) {
        int64_t child = 2 * i + 1;
        if (child >= n) break;
        if (child + 1 < n && is_after(keys, heap[child + 1], heap[child])) child++;
        if (!is_after(keys, heap[child], moved)) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = moved;
}

void pare_top_k_ref(int64_t n, const int64_t *keys, int64_t k, int64_t *at)
{
    if (k <= 0) return;
    for (int64_t i = 0; i < k; i++) at[i] = i;
    for (int64_t i = k / 2; i-- > 0;) sift(keys, at, k, i);
    for (int64_t i = k; i < n; i++) {
        if (keys[i] <= keys[at[0]]) continue;
        at[0] = i;
        sift(keys, at, k, 0);
    }
    for (int64_t left = k - 1; left > 0; left--) {
        const int64_t last = at[0];
        at[0] = at[left];
        at[left] = last;
        sift(keys, at, left, 0);
    }
}

/* --- sorting ---------------------------------------------------------------------------------- */

static void merge(const int64_t *a, int64_t n_a, const int64_t *b, int64_t n_b, int64_t *out,
                  pare_compare *compare, const void *user)
{
    int64_t i = 0;
    int64_t k = 0;
    while (i < n_a && k < n_b)
        if (compare(user, a[i], b[k]) <= 0) out[i + k] = a[i], i++;
        else out[i + k] = b[k], k++;
    for (; i < n_a; i++) out[i + k] = a[i];
    for (; k < n_b; k++) out[i + k] = b[k];
}

void pare_sort_ref(int64_t n, int64_t *at, int64_t *room, pare_compare *compare, const void *user)
{
    int64_t *from = at;
    int64_t *to = room;
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t i = 0; i < n; i += 2 * width) {
            const int64_t n_a = n - i < width ? n - i : width;
            const int64_t n_b = n - i - n_a < width ? n - i - n_a : width;
            merge(from + i, n_a, from + i + n_a, n_b, to + i, compare, user);
        }
        int64_t *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != at) memcpy(at, from, (size_t)n * sizeof(*at));
}
