/* How fast models are written, against plain write(2) and fsync of as many bytes to the same
 * disk, and how much memory of its own that takes: `bench-save FOLDER [MIB] [ROUNDS]`. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "support/bench.h"
#include "support/conformance.h"
#include "support/files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20, TENSOR_MIB = 48, PLAIN_BYTES = 128 << 10 };

static void must(pare_ctx *ctx, pare_status st)
{
    if (!st) return;
    fprintf(stderr, "%s: %s\n", pare_status_name(st), ctx->message);
    exit(1);
}

/* Anonymous memory in KiB: mapped files do not count. */
static long anonymous_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "RssAnon:", 8)) kib = strtol(line + 8, NULL, 10);
    if (f) fclose(f);
    return kib;
}

static long peak_kib;

static void watch(void *user, const pare_progress *step)
{
    (void)user;
    (void)step;
    const long kib = anonymous_kib();
    if (kib > peak_kib) peak_kib = kib;
}

/* A model of n_mib of weights, all over one buffer: as data of a file they differ by their
 * start. */
static pare_model *make_model(pare_ctx *ctx, int n_mib)
{
    pare_model *model = NULL;
    pare_buf *noise = NULL;
    must(ctx, pare_model_new(ctx, &model, "bench"));
    model->ir_version = 8;
    must(ctx, pare_opsets_add(ctx, model, &model->opsets, NULL, 17, NULL));
    must(ctx, pare_buf_new(ctx, &noise, 2 * (uint64_t)TENSOR_MIB * MIB));
    uint64_t x = 88172645463325252u;
    for (uint64_t i = 0; i < noise->n_bytes / 8; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(noise->data + 8 * i, &x, 8);
    }
    for (int i = 0; i * TENSOR_MIB < n_mib; i++) {
        const int64_t dims[] = { TENSOR_MIB, MIB };
        char name[32];
        pare_value_id value = PARE_NONE;
        pare_tensor *tensor = NULL;
        snprintf(name, sizeof(name), "w%d", i);
        must(ctx, pare_value_new(ctx, &value, model->graph, name));
        must(ctx,
             pare_tensor_wrap(
                 ctx, &tensor, PARE_INT8, 2, dims, PARE_ENC_DENSE,
                 (pare_bytes){ noise->data + 4096 * (size_t)i, (size_t)TENSOR_MIB * MIB }, noise));
        must(ctx, pare_value_set_tensor(ctx, model, value, tensor));
        pare_tensor_unref(tensor);
    }
    pare_buf_unref(noise);
    return model;
}

/* Writes all of a file's bytes to another as simply as can be. */
static double time_plain(const char *from, const char *to)
{
    struct stat st;
    const int in = open(from, O_RDONLY);
    if (in < 0 || fstat(in, &st)) exit(1);
    const uint8_t *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, in, 0);
    const double start = bench_seconds();
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (off_t at = 0; at < st.st_size;) {
        /* The fastest length on Linux 6.18; with several MiB at once it takes twice as long. */
        const off_t left = st.st_size - at;
        const ssize_t n = write(out, data + at, (size_t)(left < PLAIN_BYTES ? left : PLAIN_BYTES));
        if (n <= 0) exit(1);
        at += n;
    }
    if (fsync(out)) exit(1);
    close(out);
    const double took = bench_seconds() - start;
    munmap((void *)(uintptr_t)data, (size_t)st.st_size);
    close(in);
    unlink(to);
    return took;
}

/* Opens and saves. */
static double time_save(const char *from, const char *to, pare_onnx_storage storage)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .progress = watch });
    const double start = bench_seconds();
    must(&ctx, pare_onnx_open(&ctx, &model, from, NULL));
    must(&ctx, pare_onnx_save(&ctx, model, to, &(pare_onnx_save_opts){ .storage = storage }));
    const double took = bench_seconds() - start;
    pare_model_free(&ctx, model);
    return took;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "bench-save FOLDER [MIB] [ROUNDS]\n");
        return 2;
    }
    const int n_mib = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3072;
    const int rounds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 3;
    static const struct {
        const char *name;
        pare_onnx_storage storage;
    } modes[] = {
        { "keep (copy the data file)", PARE_STORE_KEEP },
        { "external (lay out and hash)", PARE_STORE_EXTERNAL },
        { "embed", PARE_STORE_EMBED },
    };
    const size_t n_modes = n_mib < 1900 ? 3 : 2;
    char in[TEST_PATH_BYTES], out[TEST_PATH_BYTES], from[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    test_join(in, argv[1], "bench-save-in");
    test_join(out, argv[1], "bench-save-out");
    if (mkdir(in, 0777) || mkdir(out, 0777)) {
        perror(argv[1]);
        return 1;
    }
    test_join(from, in, "model.onnx");
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = make_model(&ctx, n_mib);
    must(&ctx, pare_onnx_save(&ctx, model, from,
                              &(pare_onnx_save_opts){ .storage = PARE_STORE_EXTERNAL }));
    pare_model_free(&ctx, model);
    test_paths data = test_find_files(in, ".data");
    /* The best of several rounds, in turns: what else the machine does only ever adds. */
    double best_plain = 1e9;
    double best[3] = { 1e9, 1e9, 1e9 };
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n_modes; i++) {
            const double plain = time_plain(data.items[0], test_join(to, out, "plain"));
            const double save = time_save(from, test_join(to, out, "model.onnx"), modes[i].storage);
            if (plain < best_plain) best_plain = plain;
            if (save < best[i]) best[i] = save;
            test_remove_tree(out);
            if (mkdir(out, 0777)) return 1;
        }
    }
    printf("%d MiB, best of %d rounds; write+fsync %.2f s; at most %ld KiB anonymous\n", n_mib,
           rounds, best_plain, peak_kib);
    for (size_t i = 0; i < n_modes; i++)
        printf("%-28s %.2f s, %.2f of the speed of write+fsync\n", modes[i].name, best[i],
               best_plain / best[i]);
    test_paths_free(&data);
    test_remove_tree(in);
    test_remove_tree(out);
    return 0;
}
