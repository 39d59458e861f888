/* Runs a fuzz target without libFuzzer over the files of a corpus folder (not its subfolders), in
 * the order of their names, or over single files: `fuzz_NAME PATH...`. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (f) fclose(f);
        return 1;
    }
    const size_t n = (size_t)st.st_size;
    uint8_t *data = malloc(n ? n : 1); /* exactly n, so that AddressSanitizer sees an over-read */
    int failed = !data || fread(data, 1, n, f) != n;
    fclose(f);
    if (failed) fprintf(stderr, "%s: cannot be read\n", path);
    else {
        printf("%s\n", path);
        fflush(stdout); /* the last line before a crash names the input */
        failed = LLVMFuzzerTestOneInput(data, n);
    }
    free(data);
    return failed;
}

static int replay_dir(const char *dir, int *n_files)
{
    struct dirent **names = NULL;
    const int n = scandir(dir, &names, NULL, alphasort);
    int failed = 0;
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            failed |= replay_file(path);
            ++*n_files;
        }
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    int n_files = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) failed |= replay_dir(argv[i], &n_files);
        else if (stat(argv[i], &st) == 0) n_files++, failed |= replay_file(argv[i]);
        else printf("%s: nothing there\n", argv[i]);
    }
    printf("%d inputs replayed\n", n_files);
    if (!n_files) return 77;
    return failed ? 1 : 0;
}
