#include "support/test.h"
#include "support/test_ctx.h"

#include "base/map.h"

#include <stdio.h>
#include <string.h>

enum { N_KEYS = 60, N_SCOPES = 3, N_STEPS = 4000 };

/* Next number of a fixed sequence (xorshift64). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What the map should hold: found by looking at everything. */
typedef struct model {
    char names[N_KEYS][8];
    bool present[N_SCOPES][N_KEYS];
    uint32_t values[N_SCOPES][N_KEYS];
} model;

static void check_against_model(const pare_map *map, const model *m)
{
    size_t n = 0;
    for (uint32_t s = 0; s < N_SCOPES; s++)
        for (size_t k = 0; k < N_KEYS; k++) {
            char name[8]; /* not the pointer that was put in */
            memcpy(name, m->names[k], sizeof(name));
            uint32_t value = 7;
            assert_int_equal(pare_map_get(map, s, name, &value), m->present[s][k]);
            assert_int_equal(value, m->present[s][k] ? m->values[s][k] : 7);
            n += m->present[s][k];
        }
    assert_int_equal(map->n_used, n);
}

static void agrees_with_a_naive_model(void **state)
{
    (void)state;
    static model m;
    for (uint64_t round = 1; round <= 60; round++) {
        test_ctx t;
        test_ctx_init(&t);
        t.ctx.hash_seed[0] = round; /* other collisions each round, the same in each run */
        t.ctx.hash_seed[1] = 0;
        uint64_t random = round;
        memset(&m, 0, sizeof(m));
        for (int k = 0; k < N_KEYS; k++) snprintf(m.names[k], sizeof(m.names[k]), "n%d", k);
        pare_map map = { 0 };
        const uint64_t n_keys = 3 + round % (N_KEYS - 2); /* small tables: runs wrap around */
        for (int step = 0; step < N_STEPS; step++) {
            const uint32_t s = (uint32_t)(next_random(&random) % N_SCOPES);
            const size_t k = (size_t)(next_random(&random) % n_keys);
            if (next_random(&random) % 2) {
                m.present[s][k] = true;
                m.values[s][k] = (uint32_t)step;
                const uint32_t value = m.values[s][k];
                assert_int_equal(pare_map_put(&t.ctx, &map, s, m.names[k], value), PARE_OK);
            } else {
                m.present[s][k] = false;
                pare_map_remove(&map, s, m.names[k]);
            }
            if (step % 16 == 0) check_against_model(&map, &m);
        }
        check_against_model(&map, &m);
        pare_map_free(&t.ctx, &map);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* Names whose home is the last slot of a table of 16, so that every run of them wraps around. */
static void runs_wrap_around_the_end(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    enum { N = 10 };
    char names[N][16];
    size_t n = 0;
    for (unsigned i = 0; n < N; i++) {
        snprintf(names[n], sizeof(names[n]), "v%u", i);
        if ((pare_siphash13(t.ctx.hash_seed, names[n], strlen(names[n])) & 15) == 15) n++;
    }
    for (size_t gone = 0; gone < N; gone++) {
        pare_map map = { 0 };
        for (uint32_t i = 0; i < N; i++)
            assert_int_equal(pare_map_put(&t.ctx, &map, 0, names[i], i), PARE_OK);
        assert_int_equal(map.n_slots, 16);
        pare_map_remove(&map, 0, names[gone]);
        pare_map_remove(&map, 0, names[gone]);
        for (uint32_t i = 0; i < N; i++) {
            uint32_t value = N;
            assert_int_equal(pare_map_get(&map, 0, names[i], &value), i != gone);
            assert_int_equal(value, i == gone ? N : i);
        }
        pare_map_free(&t.ctx, &map);
    }
}

static void empty_map_is_harmless(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_map map = { 0 };
    assert_false(pare_map_get(&map, 0, "a", NULL));
    pare_map_remove(&map, 0, "a");
    pare_map_free(&t.ctx, &map);
    assert_int_equal(pare_map_put(&t.ctx, &map, 0, "", 5), PARE_OK);
    assert_true(pare_map_get(&map, 0, "", NULL));
    assert_false(pare_map_get(&map, 1, "", NULL));
    pare_map_free(&t.ctx, &map);
    assert_false(pare_map_get(&map, 0, "", NULL));
}

static void another_context_may_look_up_and_put(void **state)
{
    (void)state;
    pare_ctx a, b;
    pare_ctx_init(&a, NULL);
    pare_ctx_init(&b, NULL);
    pare_map map = { 0 };
    static const char names[][2] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" };
    for (uint32_t i = 0; i < 12; i++) /* the table grows while it is b that puts */
        assert_int_equal(pare_map_put(i < 6 ? &a : &b, &map, 0, names[i], i), PARE_OK);
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t value = 99;
        assert_true(pare_map_get(&map, 0, names[i], &value));
        assert_int_equal(value, i);
    }
    pare_map_free(&a, &map);
}

static void failed_put_changes_nothing(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_map map = { 0 };
    char names[200][8];
    unsigned n_refused = 0;
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "%u", i);
        test_ctx_fail_at(&t, 0);
        if (pare_map_put(&t.ctx, &map, 1, names[i], i)) {
            n_refused++;
            assert_false(pare_map_get(&map, 1, names[i], NULL));
            assert_int_equal(map.n_used, i);
            assert_int_equal(pare_map_put(&t.ctx, &map, 1, names[i], i), PARE_OK);
        }
        for (uint32_t k = 0; k <= i; k++) assert_true(pare_map_get(&map, 1, names[k], NULL));
    }
    assert_int_equal(n_refused, 6); /* 16, 32, ... 512 slots */
    pare_map_free(&t.ctx, &map);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Zero key: hash(bytes) of CPython 3.11 under PYTHONHASHSEED=0, of the bytes 0, 1, 2, ...
 * Key 0, 1, .. 15: the vectors of the reference code, as published for SipHash-1-3. */
static void add_keeps_what_is_there(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_map map = { 0 };
    bool is_new = false;
    uint32_t value = 0;
    assert_int_equal(pare_map_add(&t.ctx, &map, 1, "a", 10, &is_new), PARE_OK);
    assert_true(is_new);
    assert_int_equal(pare_map_add(&t.ctx, &map, 1, "a", 11, &is_new), PARE_OK);
    assert_false(is_new);
    assert_true(pare_map_get(&map, 1, "a", &value));
    assert_int_equal(value, 10);
    assert_int_equal(map.n_used, 1);
    pare_map_free(&t.ctx, &map);
}

static void reserved_room_needs_no_memory(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_map map = { 0 };
    char names[1000][8];
    assert_int_equal(pare_map_reserve(&t.ctx, &map, 1000), PARE_OK);
    const uint64_t n_allocs = test_ctx_n_allocs(&t);
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i);
        assert_int_equal(pare_map_put(&t.ctx, &map, 0, names[i], (uint32_t)i), PARE_OK);
    }
    assert_int_equal(test_ctx_n_allocs(&t), n_allocs);
    assert_int_equal(pare_map_reserve(&t.ctx, &map, SIZE_MAX / 4), PARE_ENOMEM);
    assert_int_equal(map.n_used, 1000);
    pare_map_free(&t.ctx, &map);
}

static void siphash_test_vectors(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint64_t want;
    } rows[] = {
        { 1, 0x68a914128e01e473 },  { 7, 0x2f098ab0c751325a },  { 8, 0xead411e67ebe2eea },
        { 9, 0x75927f9d95124362 },  { 15, 0xf30eb725bb91c9ea }, { 16, 0x8972188433a5c5b7 },
        { 63, 0x385d3e39e5f37359 },
    };
    uint8_t data[64];
    for (size_t i = 0; i < sizeof(data); i++) data[i] = (uint8_t)i;
    const uint64_t zero[2] = { 0, 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(pare_siphash13(zero, data, rows[i].n) == rows[i].want);
    uint64_t key[2];
    memcpy(key, data, sizeof(key));
    assert_true(pare_siphash13(key, data, 0) == 0xabac0158050fc4dc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_naive_model),
        cmocka_unit_test(runs_wrap_around_the_end),
        cmocka_unit_test(empty_map_is_harmless),
        cmocka_unit_test(another_context_may_look_up_and_put),
        cmocka_unit_test(failed_put_changes_nothing),
        cmocka_unit_test(add_keeps_what_is_there),
        cmocka_unit_test(reserved_room_needs_no_memory),
        cmocka_unit_test(siphash_test_vectors),
    };
    return test_run(tests);
}
