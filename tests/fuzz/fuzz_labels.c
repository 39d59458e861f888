/* "file class" lines and class folders: every file has a class, or a message says why not. The
 * input is names of files, a line each, an empty line, and the lines of labels. */
#include "fuzz/fuzz.h"

#include "formats/dataset/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_NAMES = 64 };

static const char *path_of(const pare_source *s, uint64_t row)
{
    return ((const char *const *)s->self)[row];
}

static const pare_source_kind named = { .path = path_of };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    char path[64];
    const char *names[MAX_NAMES];
    int64_t classes[MAX_NAMES];
    pare_files *lines = NULL, shown = { .shown = "files" };
    pare_source s = { .kind = &named, .self = names, .files = &shown };
    char *const text = malloc(n_bytes + 1);
    if (!text) abort();
    memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    char *p = text;
    while (s.n < MAX_NAMES && *p && *p != '\n') {
        char *const end = strchr(p, '\n');
        names[s.n++] = p;
        if (!end) break;
        *end = '\0';
        p = end + 1;
    }
    const size_t n_rest = n_bytes - (size_t)(p - text);
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, p, n_rest) != (ssize_t)n_rest) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    pare_ctx_init(&ctx, NULL);
    if (s.n && !pare_labels_from_folders(&ctx, classes, &s))
        for (uint64_t i = 0; i < s.n; i++)
            if (classes[i] < 0 || (uint64_t)classes[i] >= s.n) abort();
    const pare_archive_limits limits = { .max_bytes = 1 << 20 };
    if (!pare_files_open(&ctx, &lines, path, &limits))
        (void)pare_labels_from_lines(&ctx, classes, &s, lines);
    pare_files_close(&ctx, lines);
    close(fd);
    free(text);
    return 0;
}
