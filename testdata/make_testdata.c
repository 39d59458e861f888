/* Makes the models of testdata/models, byte for byte the same on every machine; see README.md.
 *
 *     make_testdata DIR             writes them all; DIR holds the texts, NAME.txt
 *     make_testdata --check DIR     makes them elsewhere and compares: status 1 when one differs
 *     make_testdata --shapes DIR    writes the pictures of testdata/shapes, and trains the network
 *     make_testdata --check-shapes DIR   makes the pictures elsewhere and compares; with --network
 *                                   behind it the network, too
 *     make_testdata --nets          lists the networks of tests/support/nets: name, parameters,
 *                                   tokens (0: an image network), output shape behind the batch
 *     make_testdata --net NAME FILE [BATCH [TOKENS [OPSET]]]
 *                                   writes one with seeded weights; -1 is a symbolic dimension */
#include "testdata/makers.h"

#include "formats/onnx/onnx.h"
#include "ir/check.h"
#include "ir/text.h"
#include "support/files.h"
#include "support/nets/nets.h"
#include "testdata/shapes.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct maker {
    const char *name;
    pare_status (*make)(pare_ctx *ctx, const char *path);
} maker;

static const maker makers[] = {
#define MODEL(name) { #name, make_##name },
#include "testdata/models_list.h"
#undef MODEL
};

/* "NAME.txt" is the text of "NAME.onnx". Whether name ends in suffix. */
static bool ends_in(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    return n > m && !strcmp(name + n - m, suffix);
}

static pare_status make_from_text(pare_ctx *ctx, const char *text_path, const char *path)
{
    pare_model *model = NULL;
    char *text = (char *)test_read_file(text_path, NULL);
    pare_status st = pare_text_parse(ctx, &model, text);
    if (!st) st = pare_graph_check(ctx, model, "parsing");
    if (!st) st = pare_onnx_save(ctx, model, path, NULL);
    pare_model_free(ctx, model);
    free(text);
    return st;
}

/* All models into `to`; the texts are in `texts`. */
static pare_status make_all(pare_ctx *ctx, const char *texts, const char *to)
{
    char path[TEST_PATH_BYTES], text_path[TEST_PATH_BYTES], file[NAME_MAX];
    struct dirent **entries = NULL;
    pare_status st = PARE_OK;
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]) && !st; i++) {
        snprintf(file, sizeof(file), "%s.onnx", makers[i].name);
        st = makers[i].make(ctx, test_join(path, to, file));
        if (st) return pare_fail_in(ctx, st, "%s", makers[i].name);
    }
    const int n = scandir(texts, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (ends_in(name, ".txt") && !st) {
            snprintf(file, sizeof(file), "%.*s.onnx", (int)strlen(name) - 4, name);
            st = make_from_text(ctx, test_join(text_path, texts, name), test_join(path, to, file));
            if (st) pare_fail_in(ctx, st, "%s", name);
        }
        free(entries[i]);
    }
    free(entries);
    return st;
}

/* Prints the files of `dir` that `other` lacks or has otherwise; returns how many. */
static int count_differences(const char *dir, const char *other)
{
    struct dirent **entries = NULL;
    int n_different = 0;
    const int n = scandir(dir, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES];
        const char *name = entries[i]->d_name;
        test_join(a, dir, name);
        test_join(b, other, name);
        size_t n_a = 0, n_b = 0;
        uint8_t *bytes_a = NULL, *bytes_b = NULL;
        if (name[0] != '.' && !ends_in(name, ".txt")) {
            bytes_a = test_read_file(a, &n_a);
            if (test_file_exists(b)) bytes_b = test_read_file(b, &n_b);
            if (!bytes_b || n_a != n_b || memcmp(bytes_a, bytes_b, n_a)) {
                printf("%s: %s\n", name,
                       bytes_b ? "differs from what is made" : "only in one place");
                n_different++;
            }
        }
        free(bytes_a);
        free(bytes_b);
        free(entries[i]);
    }
    free(entries);
    return n_different;
}

static int check(pare_ctx *ctx, const char *dir)
{
    char made[TEST_PATH_BYTES];
    test_temp_dir(made);
    const pare_status st = make_all(ctx, dir, made);
    int n_different = 0;
    if (st) fprintf(stderr, "%s\n", ctx->message);
    else n_different = count_differences(made, dir) + count_differences(dir, made);
    test_remove_tree(made);
    if (n_different) printf("to take over what is made: make_testdata %s\n", dir);
    return st || n_different;
}

/* The pictures, and the network unless `quick`. */
static pare_status make_shapes(pare_ctx *ctx, const char *dir, bool quick)
{
    char path[TEST_PATH_BYTES];
    const pare_status st = shapes_write_data(ctx, dir);
    return st || quick ? st : shapes_train(ctx, test_join(path, dir, "shapes.onnx"));
}

static int check_shapes(pare_ctx *ctx, const char *dir, bool quick)
{
    char made[TEST_PATH_BYTES];
    test_temp_dir(made);
    const pare_status st = make_shapes(ctx, made, quick);
    if (st) fprintf(stderr, "%s\n", ctx->message);
    const int n_different = st ? 0 : count_differences(made, dir);
    test_remove_tree(made);
    if (n_different) printf("to take over what is made: make_testdata --shapes %s\n", dir);
    return st || n_different;
}

static int write_shapes(pare_ctx *ctx, const char *dir)
{
    const pare_status st = make_shapes(ctx, dir, false);
    if (st) fprintf(stderr, "%s\n", ctx->message);
    return st != PARE_OK;
}

static int write_net(pare_ctx *ctx, int argc, char **argv)
{
    pare_model *model = NULL;
    const net_opts opts = {
        .weights = NET_WEIGHTS_SEEDED,
        .seed = 1,
        .batch = argc > 4 ? strtoll(argv[4], NULL, 10) : 0,
        .seq = argc > 5 ? strtoll(argv[5], NULL, 10) : 0,
        .opset = argc > 6 ? strtoll(argv[6], NULL, 10) : 0,
    };
    pare_status st = net_build(ctx, &model, argv[2], &opts, NULL);
    if (!st) st = pare_onnx_save(ctx, model, argv[3], NULL);
    if (st) fprintf(stderr, "%s\n", ctx->message);
    pare_model_free(ctx, model);
    return st != PARE_OK;
}

static int list_nets(void)
{
    size_t n;
    const net_row *rows = net_rows(&n);
    for (size_t i = 0; i < n; i++) {
        printf("%s %llu %lld", rows[i].name, (unsigned long long)rows[i].params,
               (long long)rows[i].seq);
        for (int k = 0; k < 3 && rows[i].out[k]; k++) printf(" %lld", (long long)rows[i].out[k]);
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    if (argc == 2 && !strcmp(argv[1], "--nets")) return list_nets();
    if (argc >= 4 && !strcmp(argv[1], "--net")) return write_net(&ctx, argc, argv);
    if (argc == 3 && !strcmp(argv[1], "--check")) return check(&ctx, argv[2]);
    if (argc == 3 && !strcmp(argv[1], "--shapes")) return write_shapes(&ctx, argv[2]);
    if (argc >= 3 && !strcmp(argv[1], "--check-shapes"))
        return check_shapes(&ctx, argv[2], argc == 3);
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: make_testdata [--check|--shapes] DIR | --nets | "
                        "--net NAME FILE [...]\n");
        return 2;
    }
    const pare_status st = make_all(&ctx, argv[1], argv[1]);
    if (st) fprintf(stderr, "%s\n", ctx.message);
    return st != PARE_OK;
}
