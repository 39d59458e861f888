/* Archives: what opens has sorted, distinct names, and every entry's bytes lie inside of the file
 * that it names and have its hash. */
#include "fuzz/fuzz.h"

#include "formats/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_entry(const pare_archive *a, const pare_archive_entry *e)
{
    uint8_t *const bytes = malloc(e->n_bytes + 1);
    if (!bytes) abort();
    const ssize_t n = pread(pare_archive_fd(a, e), bytes, e->n_bytes, (off_t)e->offset);
    const pare_hash128 hash = pare_hash128_of(bytes, e->n_bytes);
    if (n != (ssize_t)e->n_bytes || memcmp(&hash, &e->hash, sizeof(hash)) != 0) abort();
    for (const char *p = e->path; *p; p += strcspn(p, "/") + (p[strcspn(p, "/")] == '/')) {
        const size_t n_part = strcspn(p, "/");
        if (!n_part || (n_part <= 2 && strspn(p, ".") == n_part)) abort();
    }
    if (strchr(e->path, '\\')) abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    char path[64];
    size_t n = 0;
    pare_archive *a = NULL;
    const pare_archive_limits limits = { .max_entries = 1000, .max_bytes = 4 << 20 };
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, n_bytes) != (ssize_t)n_bytes) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    pare_ctx_init(&ctx, NULL);
    if (pare_archive_open(&ctx, &a, path, &limits)) {
        if (a || !ctx.message[0]) abort();
    } else {
        const pare_archive_entry *e = pare_archive_entries(a, &n);
        for (size_t i = 0; i < n; i++) check_entry(a, &e[i]);
        for (size_t i = 1; i < n; i++)
            if (strcmp(e[i - 1].path, e[i].path) >= 0) abort();
    }
    pare_archive_close(&ctx, a);
    close(fd);
    return 0;
}
