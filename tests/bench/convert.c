/* How fast `pare convert` writes, against write(2) and fsync of as many bytes to the same disk, in
 * turns: `bench-convert PARE FOLDER [MIB] [ROUNDS]`. */
#include "support/bench.h"
#include "support/files.h"
#include "support/graphs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, TENSOR_MIB = 64, PIECE_BYTES = 128 << 10, MOST_ROUNDS = 32 };

/* Writes all of a file's bytes to another as simply as can be; negative on failure. The source is
 * mapped, so that no memory of its own is needed; pieces of 128 KiB are the fastest on Linux 6. */
static double write_plainly(const char *from, const char *to)
{
    struct stat info;
    const int in = open(from, O_RDONLY);
    if (in < 0 || fstat(in, &info)) return -1;
    const size_t n_bytes = (size_t)info.st_size;
    const uint8_t *data = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, in, 0);
    const double start = bench_seconds();
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    size_t at = 0;
    while (out >= 0 && at < n_bytes) {
        const size_t left = n_bytes - at;
        const ssize_t n = write(out, data + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (n <= 0) break;
        at += (size_t)n;
    }
    const int failed = out < 0 || at < n_bytes || fsync(out) || close(out);
    const double took = bench_seconds() - start;
    munmap((void *)(uintptr_t)data, n_bytes);
    close(in);
    return failed ? -1 : took;
}

/* Runs the program on a model; *mib is the most anonymous memory it was seen to have. */
static double convert(const char *pare, const char *from, const char *to, const char *option,
                      double *mib)
{
    const struct timespec nap = { .tv_nsec = 2000000 };
    int status = -1;
    fflush(NULL);
    const double start = bench_seconds();
    const pid_t pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execl(pare, pare, "convert", from, "-o", to, option, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        const double now = bench_anonymous_mib(pid);
        if (now > *mib) *mib = now;
        nanosleep(&nap, NULL);
    }
    const double took = bench_seconds() - start;
    return status ? -1 : took;
}

/* One table row: the program and plain writing of `bytes_of` in turns. */
static int compare(const char *label, const char *pare, const char *dir, const char *model,
                   const char *bytes_of, const char *option, size_t rounds)
{
    char out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    double plain[MOST_ROUNDS], ours[MOST_ROUNDS], ratios[MOST_ROUNDS], mib = 0;
    test_join(out, dir, "out");
    for (size_t i = 0; i < rounds; i++) {
        if (mkdir(out, 0777)) return 1;
        plain[i] = write_plainly(bytes_of, test_join(to, out, "plain"));
        unlink(to);
        ours[i] = convert(pare, model, test_join(to, out, "model.onnx"), option, &mib);
        test_remove_tree(out);
        if (plain[i] < 0 || ours[i] < 0) return 1;
        ratios[i] = plain[i] / ours[i];
    }
    const double ratio = bench_median(ratios, rounds);
    printf("%-34s %8.2f s %8.2f s %8.2f   %.2f to %.2f %8.1f MiB\n", label,
           bench_median(ours, rounds), bench_median(plain, rounds), ratio, ratios[0],
           ratios[rounds - 1], mib);
    return 0;
}

int main(int argc, char **argv)
{
    char dir[TEST_PATH_BYTES], external[TEST_PATH_BYTES], data[TEST_PATH_BYTES];
    char embedded[TEST_PATH_BYTES];
    if (argc < 3) {
        fprintf(stderr, "bench-convert PARE FOLDER [MIB] [ROUNDS]\n");
        return 2;
    }
    const uint32_t n_mib = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 3072;
    const size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 5;
    test_join(dir, argv[2], "bench-convert");
    if (!rounds || rounds > MOST_ROUNDS || mkdir(dir, 0777)) {
        perror(dir);
        return 1;
    }
    test_join(external, dir, "external.onnx");
    test_join(data, dir, "external.data");
    test_join(embedded, dir, "embedded.onnx");
    const uint64_t tensor = (uint64_t)TENSOR_MIB * MIB;
    graph_write_external(external, n_mib / TENSOR_MIB, tensor, GRAPH_NUMBERS);
    graph_write_embedded(embedded, n_mib / TENSOR_MIB, tensor, GRAPH_NUMBERS);
    printf("%u MiB, medians of %zu rounds in turns\n", n_mib, rounds);
    printf("%-34s %10s %10s %8s   %12s %12s\n", "", "pare", "write+fsync", "ratio", "range",
           "anonymous");
    int failed = compare("external data, kept", argv[1], dir, external, data, NULL, rounds);
    failed += compare("embedded to external data", argv[1], dir, embedded, data, "--external-data",
                      rounds);
    if (n_mib < 1900)
        failed += compare("external data, embedded", argv[1], dir, external, data, "--embed",
                          rounds);
    if (failed) fprintf(stderr, "something could not be written or run\n");
    test_remove_tree(dir);
    return failed != 0;
}
