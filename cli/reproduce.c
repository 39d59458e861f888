#include "cli/reproduce.h"

#include "cli/figures.h"

#include "formats/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 6, MAX_ENTRIES = 200000, PATH_BYTES = 4096 };

/* --- finding ---------------------------------------------------------------------------------- */

typedef struct search {
    const char *name, *sha256;
    char found[PATH_BYTES];
    int depth;          /* of it below the root; MAX_DEPTH: none is found yet */
    bool is_right;      /* it has the content that is wanted */
    size_t n_equal;     /* others that are as near */
    size_t n_seen;
} search;

static void consider(search *s, const char *path, int depth)
{
    char hex[65];
    bool is_right = false;
    if (s->is_right) return;
    if (s->sha256) {
        pare_hash_file(hex, path);
        is_right = pare_str_eq(hex, s->sha256);
    }
    if (!is_right && depth > s->depth) return;
    s->n_equal = !is_right && depth == s->depth ? s->n_equal + 1 : 0;
    s->is_right = is_right;
    s->depth = depth;
    snprintf(s->found, sizeof(s->found), "%s", path);
}

static void look(search *s, const char *dir, int depth) /* recurses MAX_DEPTH deep */
{
    char path[PATH_BYTES];
    struct stat info;
    DIR *const entries = depth < MAX_DEPTH ? opendir(dir) : NULL;
    if (!entries) return;
    for (struct dirent *e; !s->is_right && (e = readdir(entries)) && s->n_seen < MAX_ENTRIES;) {
        s->n_seen++;
        const int n = snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof(path)) continue;
        if (pare_str_eq(e->d_name, s->name)) consider(s, path, depth);
        else if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) look(s, path, depth + 1);
    }
    closedir(entries);
}

pare_status pare_find_beneath(pare_ctx *ctx, char *out, size_t out_bytes, const char *root,
                              const char *name, const char *sha256)
{
    search s = { .name = name, .sha256 = sha256, .depth = MAX_DEPTH };
    if (!*name || strchr(name, '/') || pare_str_eq(name, ".") || pare_str_eq(name, ".."))
        return pare_fail(ctx, PARE_EFORMAT, "expected the plain name of a file, found '%.200s'",
                         name);
    look(&s, root, 0);
    if (!*s.found)
        return pare_fail(ctx, PARE_EIO, "%s: there is no '%.200s' in it or beneath it; --data-root "
                                        "says where to look", root, name);
    if (s.n_equal && !s.is_right)
        return pare_fail(ctx, PARE_EUSAGE, "%s: has %zu of '%.200s'; --data-root can name the "
                                           "folder of the right one", root, s.n_equal + 1, name);
    snprintf(out, out_bytes, "%s", s.found);
    return PARE_OK;
}

/* --- a folder --------------------------------------------------------------------------------- */

pare_status pare_scratch_open(pare_ctx *ctx, pare_scratch *out)
{
    const char *const base = getenv("TMPDIR");
    const int n = snprintf(out->path, sizeof(out->path), "%s/pare-XXXXXX",
                           base && *base ? base : "/tmp");
    if (n > 0 && (size_t)n < sizeof(out->path) && mkdtemp(out->path)) return PARE_OK;
    const int error = errno;
    out->path[0] = '\0';
    return pare_fail(ctx, PARE_EIO, "cannot make a temporary folder: %s", strerror(error));
}

/* Only what this program itself has put there: files, and a folder of files. */
static void remove_all(int parent, const char *name, int depth)
{
    const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *const entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(entries));) {
        if (pare_str_eq(e->d_name, ".") || pare_str_eq(e->d_name, "..")) continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || depth == 0) continue;
        remove_all(fd, e->d_name, depth - 1);
        (void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(entries);
}

void pare_scratch_close(pare_scratch *scratch)
{
    if (!*scratch->path) return;
    remove_all(AT_FDCWD, scratch->path, 2);
    (void)rmdir(scratch->path);
    scratch->path[0] = '\0';
}

pare_status pare_scratch_write(pare_ctx *ctx, const pare_scratch *scratch, char *out,
                               size_t out_bytes, const char *name, const char *text)
{
    pare_output *file = NULL;
    snprintf(out, out_bytes, "%s/%s", scratch->path, name);
    PARE_TRY(pare_output_open(ctx, &file, out));
    const pare_status st = pare_output_write(ctx, file, text, strlen(text));
    if (!st) return pare_output_commit(ctx, file);
    pare_output_abort(ctx, file);
    return st;
}
