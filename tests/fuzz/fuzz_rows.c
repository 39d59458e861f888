/* Rows of IDX files, .npy files and CIFAR batches: what opens can be read whole and row by row, and
 * both give the same. The first byte of the input says which, the second which type is wanted. */
#include "fuzz/fuzz.h"

#include "formats/dataset/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_ROWS = 64, MAX_BYTES = 1 << 20 };

static void check_rows(pare_ctx *ctx, const pare_rows *r)
{
    if (r->n && r->row_bytes > MAX_BYTES / r->n) return;
    uint8_t *const all = malloc(r->n * r->row_bytes + 1);
    if (!all || pare_rows_read(ctx, r, 0, r->n, all)) abort();
    for (uint64_t i = 0; i < r->n && i < MAX_ROWS; i++) {
        pare_tensor *t = NULL;
        if (pare_rows_tensor(ctx, &t, r, i)) continue; /* no booleans */
        if (t->payload.n != r->row_bytes || t->dims[0] != 1 ||
            memcmp(t->payload.data, all + i * r->row_bytes, r->row_bytes) != 0) abort();
        pare_tensor_unref(t);
    }
    pare_hash128 *const hashes = malloc((r->n + 1) * sizeof(*hashes));
    if (!hashes) abort();
    if (r->n <= MAX_BYTES && pare_rows_hash(ctx, r, hashes)) abort();
    free(hashes);
    free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    char path[64];
    pare_files *files = NULL;
    pare_rows rows = { 0 };
    const int fd = memfd_create("fuzz", 0);
    if (n_bytes < 3) {
        close(fd);
        return 0;
    }
    if (fd < 0 || write(fd, data + 2, n_bytes - 2) != (ssize_t)n_bytes - 2) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    pare_ctx_init(&ctx, NULL);
    const pare_archive_limits limits = { .max_bytes = 4 << 20 };
    pare_status st = pare_files_open(&ctx, &files, path, &limits);
    const pare_dtype as = (pare_dtype)(data[1] % PARE_N_DTYPES);
    if (!st && data[0] % 3 == 0) st = pare_rows_open_idx(&ctx, &rows, files, 0);
    else if (!st && data[0] % 3 == 1) st = pare_rows_open_npy(&ctx, &rows, files, 0, as);
    else if (!st) st = pare_rows_open_cifar(&ctx, &rows, files, 0, data[1] % 2 + 1);
    if (!st) check_rows(&ctx, &rows);
    else if (!ctx.message[0]) abort();
    pare_rows_close(&rows);
    pare_files_close(&ctx, files);
    close(fd);
    return 0;
}
