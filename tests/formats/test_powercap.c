#include "support/test.h"

#include "formats/powercap.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder as the kernel shows it, of made-up domains. */
typedef struct fake_tree {
    char root[TEST_PATH_BYTES];
    test_ctx t;
    pare_powercap *p;
} fake_tree;

static void put(fake_tree *tree, const char *domain, const char *file, const char *text)
{
    char path[TEST_PATH_BYTES], folder[TEST_PATH_BYTES];
    mkdir(test_join(folder, tree->root, domain), 0755);
    test_write_file(test_join(path, folder, file), text, strlen(text));
}

static void add(fake_tree *tree, const char *domain, const char *name, const char *count)
{
    put(tree, domain, "name", name);
    put(tree, domain, "energy_uj", count);
    put(tree, domain, "max_energy_range_uj", "1000000\n");
}

static void tree_init(fake_tree *tree)
{
    *tree = (fake_tree){ .p = NULL };
    test_ctx_init(&tree->t);
    test_temp_dir(tree->root);
}

static void tree_free(fake_tree *tree)
{
    pare_powercap_free(&tree->t.ctx, tree->p);
    test_remove_tree(tree->root);
    assert_int_equal(test_ctx_live_bytes(&tree->t), 0);
}

static void open_tree(fake_tree *tree)
{
    if (pare_powercap_open(&tree->t.ctx, &tree->p, tree->root)) fail_msg("%s", tree->t.ctx.message);
}

static void expect(fake_tree *tree, double joules)
{
    double found = NAN;
    assert_int_equal(pare_powercap_read(&tree->t.ctx, tree->p, &found), PARE_OK);
    if (fabs(found - joules) > 1e-9) fail_msg("%g J, expected %g", found, joules);
}

static void expect_refused(fake_tree *tree, const char *message)
{
    assert_int_equal(pare_powercap_open(&tree->t.ctx, &tree->p, tree->root), PARE_EUNSUPPORTED);
    assert_null(tree->p);
    if (!strstr(tree->t.ctx.message, message))
        fail_msg("'%s' is not in '%s'", message, tree->t.ctx.message);
}

static void counts_across_wraps(void **state)
{
    (void)state;
    fake_tree tree;
    tree_init(&tree);
    add(&tree, "intel-rapl:0", "package-0\n", "900000\n");
    open_tree(&tree);
    assert_int_equal(pare_powercap_n(tree.p), 1);
    assert_float_equal(pare_powercap_period(tree.p), 1.0 / 1600, 1e-9);
    expect(&tree, 0);
    put(&tree, "intel-rapl:0", "energy_uj", "950000\n");
    expect(&tree, 0.05);
    put(&tree, "intel-rapl:0", "energy_uj", "100000\n");
    expect(&tree, 0.2);
    put(&tree, "intel-rapl:0", "energy_uj", "99999\n");
    expect(&tree, 1.199999);
    tree_free(&tree);
}

static void counts_packages_once(void **state)
{
    (void)state;
    static const char *const moved[] = { "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1",
                                         "intel-rapl:1", "intel-rapl:2", "intel-rapl-mmio:0" };
    fake_tree tree;
    tree_init(&tree);
    add(&tree, "intel-rapl:0", "package-0\n", "100\n");
    add(&tree, "intel-rapl:0:0", "core\n", "100\n");
    add(&tree, "intel-rapl:0:1", "dram\n", "100\n");
    add(&tree, "intel-rapl:1", "package-1\n", "500\n");
    add(&tree, "intel-rapl:2", "psys\n", "100\n");
    add(&tree, "intel-rapl-mmio:0", "package-0\n", "90\n");
    put(&tree, "intel-rapl", "enabled", "1\n");
    open_tree(&tree);
    assert_int_equal(pare_powercap_n(tree.p), 2);
    for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
        put(&tree, moved[i], "energy_uj", "600\n");
    expect(&tree, 600e-6);
    tree_free(&tree);
}

static void leaves_out_dies_that_mirror(void **state)
{
    (void)state;
    fake_tree tree;
    tree_init(&tree);
    add(&tree, "intel-rapl:0", "package-0-die-0\n", "700100\n");
    add(&tree, "intel-rapl:1", "package-0-die-1\n", "700101\n");
    add(&tree, "intel-rapl:2", "package-1-die-0\n", "300000\n");
    add(&tree, "intel-rapl:3", "package-1-die-1\n", "500000\n");
    open_tree(&tree);
    put(&tree, "intel-rapl:0", "energy_uj", "710100\n");
    put(&tree, "intel-rapl:1", "energy_uj", "710102\n");
    put(&tree, "intel-rapl:2", "energy_uj", "320000\n");
    put(&tree, "intel-rapl:3", "energy_uj", "520000\n"); /* as much, but from elsewhere */
    expect(&tree, 0.01 + 0.02 + 0.02);
    assert_int_equal(pare_powercap_n(tree.p), 3);
    tree_free(&tree);
}

static void says_why_nothing_can_be_measured(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    fake_tree tree;
    tree_init(&tree);
    expect_refused(&tree, "none of 0 entries of");
    add(&tree, "intel-rapl:2", "psys\n", "100\n");
    expect_refused(&tree, "none of 1 entries of");
    put(&tree, "intel-rapl:0", "name", "package-0\n");
    expect_refused(&tree, "max_energy_range_uj: No such file");
    add(&tree, "intel-rapl:0", "package-0\n", "many\n");
    expect_refused(&tree, "energy_uj: expected a number");
    add(&tree, "intel-rapl:0", "package-0\n", "7\n");
    char folder[TEST_PATH_BYTES];
    chmod(test_join(path, test_join(folder, tree.root, "intel-rapl:0"), "energy_uj"), 0);
    chmod(tree.root, 0755);
    const uid_t user = geteuid();
    if (user || !seteuid(65534)) { /* root may read everything */
        expect_refused(&tree, "only root may read");
        expect_refused(&tree, "udev rule");
        if (!user) assert_int_equal(seteuid(0), 0);
    }
    test_remove_tree(tree.root);
    expect_refused(&tree, "virtual machines and containers mostly have no energy counters");
    mkdir(tree.root, 0755);
    tree_free(&tree);
}

static void notices_a_counter_that_goes(void **state)
{
    (void)state;
    double joules = 0;
    char path[TEST_PATH_BYTES], folder[TEST_PATH_BYTES];
    fake_tree tree;
    tree_init(&tree);
    add(&tree, "intel-rapl:0", "package-0\n", "7\n");
    open_tree(&tree);
    unlink(test_join(path, test_join(folder, tree.root, "intel-rapl:0"), "energy_uj"));
    assert_int_equal(pare_powercap_read(&tree.t.ctx, tree.p, &joules), PARE_EUNSUPPORTED);
    tree_free(&tree);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_across_wraps),
        cmocka_unit_test(counts_packages_once),
        cmocka_unit_test(leaves_out_dies_that_mirror),
        cmocka_unit_test(says_why_nothing_can_be_measured),
        cmocka_unit_test(notices_a_counter_that_goes),
    };
    return test_run(tests);
}
