/* How fast models are opened, against protobuf-c's parser and against copying the bytes, and how
 * much memory that takes: `bench-open FOLDER`, which gets a gigabyte of files for the time
 * being. */
#include "formats/onnx/onnx.h"
#include "support/bench.h"
#include "support/files.h"
#include "support/graphs.h"

#include <onnx.pb-c.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 9, N_TENSORS = 30, N_NODES = 100000 };
static const uint64_t large_tensor = 100000000, medium_tensor = 30000000;

/* pare, as a program that opens a model uses it. */
static bool open_model(const void *what, bench_cost *cost)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_ctx_init(&ctx, NULL);
    bench_begin(cost);
    const pare_status st = pare_onnx_open(&ctx, &model, what, NULL);
    bench_end(cost);
    if (st) fprintf(stderr, "%s\n", ctx.message);
    pare_model_free(&ctx, model);
    return !st;
}

/* The whole file in memory, by read(2); NULL when that cannot be. */
static uint8_t *read_whole(const char *path, size_t *n_bytes)
{
    struct stat info;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &info)) return NULL;
    uint8_t *data = malloc((size_t)info.st_size);
    for (*n_bytes = 0; data && *n_bytes < (size_t)info.st_size;) {
        const ssize_t n = read(fd, data + *n_bytes, (size_t)info.st_size - *n_bytes);
        if (n <= 0) break;
        *n_bytes += (size_t)n;
    }
    close(fd);
    return data;
}

/* What a program without pare does: read, then unpack. */
static bool parse_plainly(const void *what, bench_cost *cost)
{
    size_t n = 0;
    bench_begin(cost);
    uint8_t *data = read_whole(what, &n);
    Onnx__ModelProto *model = data ? onnx__model_proto__unpack(NULL, n, data) : NULL;
    bench_end(cost);
    if (!model) fprintf(stderr, "protobuf-c refuses %s\n", (const char *)what);
    else onnx__model_proto__free_unpacked(model, NULL);
    free(data);
    return model;
}

/* The least that a reader with a copy does: memcpy out of the mapped file into fresh memory. */
static bool copy_bytes(const void *what, bench_cost *cost)
{
    struct stat info;
    const int fd = open(what, O_RDONLY);
    if (fd < 0 || fstat(fd, &info)) return false;
    const size_t n = (size_t)info.st_size;
    bench_begin(cost);
    void *from = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0), *to = malloc(n);
    if (from == MAP_FAILED || !to) return false;
    memcpy(to, from, n);
    __asm__ volatile("" : : "r"(to) : "memory"); /* or the compiler leaves out the copy */
    bench_end(cost);
    munmap(from, n);
    free(to);
    close(fd);
    return true;
}

/* Prints a row and returns the time of the processor. */
static double report(const char *label, bool (*work)(const void *, bench_cost *), const char *path)
{
    bench_cost cost;
    if (!bench_run(&cost, work, path, ROUNDS)) exit(1);
    printf("%-46s %9.2f ms %9.2f ms %8.1f MiB\n", label, 1e3 * cost.seconds,
           1e3 * cost.cpu_seconds, cost.mib);
    return cost.cpu_seconds;
}

static void bench_large(const char *dir)
{
    char path[TEST_PATH_BYTES];
    test_join(path, dir, "external.onnx");
    graph_write_external(path, N_TENSORS, large_tensor, GRAPH_HOLES);
    report("pare opens 3.0 GB, external data", open_model, path);
    test_join(path, dir, "embedded.onnx");
    graph_write_embedded(path, N_TENSORS, large_tensor, GRAPH_HOLES);
    report("pare opens 3.0 GB in one file", open_model, path);
}

static void bench_medium(const char *dir)
{
    char path[TEST_PATH_BYTES];
    test_join(path, dir, "medium.onnx");
    graph_write_embedded(path, N_TENSORS, medium_tensor, GRAPH_NUMBERS);
    const double ours = report("pare opens 0.9 GB in one file", open_model, path);
    const double theirs = report("protobuf-c reads and parses it", parse_plainly, path);
    const double copy = report("memcpy of its bytes", copy_bytes, path);
    printf("  pare is %.0f times as fast as protobuf-c and %.0f times as fast as memcpy\n",
           theirs / ours, copy / ours);
    unlink(path);
}

static void bench_nodes(const char *dir)
{
    char path[TEST_PATH_BYTES];
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_ctx_init(&ctx, NULL);
    test_join(path, dir, "chain.onnx");
    pare_status st = graph_chain(&ctx, &model, N_NODES);
    if (!st) st = pare_onnx_save(&ctx, model, path, NULL);
    pare_model_free(&ctx, model);
    if (st) exit(fprintf(stderr, "%s\n", ctx.message));
    const double ours = report("pare opens 100,000 nodes, 400,000 attributes", open_model, path);
    const double theirs = report("protobuf-c reads and parses them", parse_plainly, path);
    printf("  pare takes %.2f times as long as protobuf-c\n", ours / theirs);
}

int main(int argc, char **argv)
{
    char dir[TEST_PATH_BYTES];
    if (argc != 2) {
        fprintf(stderr, "bench-open FOLDER\n");
        return 2;
    }
    test_join(dir, argv[1], "bench-open");
    if (mkdir(dir, 0777)) {
        perror(dir);
        return 1;
    }
    printf("%-46s %12s %12s %12s\n", "medians of 9, files in the page cache", "time", "processor",
           "anonymous");
    bench_large(dir);
    bench_medium(dir);
    bench_nodes(dir);
    test_remove_tree(dir);
    return 0;
}
