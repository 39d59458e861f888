#include "formats/dataset/folder.h"

#include "base/bytes.h"
#include "formats/onnx/mapping.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 16, MAX_PATH_BYTES = 4096 };

typedef struct walk {
    pare_ctx *ctx;
    const char *shown;
    pare_folder_take *take;
    void *user;
    char path[MAX_PATH_BYTES]; /* of where it stands, relative to the root */
    DIR *dirs[MAX_DEPTH];      /* [depth] the folders it is in */
    size_t ends[MAX_DEPTH];    /* length of path in front of their names' children */
    unsigned depth;
} walk;

static pare_status fail_errno(walk *w)
{
    return pare_fail(w->ctx, pare_mapping_errno_status(errno), "%s/%s: %s", w->shown, w->path,
                     strerror(errno));
}

static pare_status enter(walk *w, int parent_fd, const char *name, size_t n_path)
{
    if (w->depth == MAX_DEPTH)
        return pare_fail(w->ctx, PARE_EFORMAT, "%s/%s: expected at most %d levels of folders",
                         w->shown, w->path, MAX_DEPTH);
    const int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        const pare_status st = fail_errno(w);
        if (fd >= 0) close(fd);
        return st;
    }
    if (n_path) w->path[n_path++] = '/';
    w->path[n_path] = '\0';
    w->dirs[w->depth] = dir;
    w->ends[w->depth++] = n_path;
    return PARE_OK;
}

static pare_status visit(walk *w, const char *name)
{
    const int fd = dirfd(w->dirs[w->depth - 1]);
    const size_t at = w->ends[w->depth - 1];
    const size_t n = strlen(name);
    struct stat st, target;
    if (at + n + 2 > MAX_PATH_BYTES)
        return pare_fail(w->ctx, PARE_EFORMAT, "%s/%s: a path below it is too long", w->shown,
                         w->path);
    memcpy(w->path + at, name, n + 1);
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW)) return fail_errno(w);
    if (S_ISDIR(st.st_mode)) return enter(w, fd, name, at + n);
    target = st;
    if (S_ISLNK(st.st_mode) && fstatat(fd, name, &target, 0)) return fail_errno(w);
    if (S_ISREG(target.st_mode)) return w->take(w->user, w->ctx, w->path, (uint64_t)target.st_size);
    return pare_fail(w->ctx, PARE_EFORMAT, "%s/%s: expected a file or a folder, found %s",
                     w->shown, w->path,
                     S_ISDIR(target.st_mode) ? "a link to a folder" : "something else");
}

static pare_status go(walk *w)
{
    while (w->depth) {
        errno = 0;
        const struct dirent *entry = readdir(w->dirs[w->depth - 1]);
        PARE_TRY(pare_check_canceled(w->ctx));
        if (!entry && errno) return fail_errno(w);
        if (!entry) closedir(w->dirs[--w->depth]);
        else if (entry->d_name[0] != '.' && !pare_str_eq(entry->d_name, "__MACOSX"))
            PARE_TRY(visit(w, entry->d_name));
    }
    return PARE_OK;
}

pare_status pare_folder_walk(pare_ctx *ctx, int dir_fd, const char *shown, pare_folder_take *take,
                             void *user)
{
    walk w = { .ctx = ctx, .shown = shown, .take = take, .user = user };
    pare_status st = enter(&w, dir_fd, ".", 0);
    if (!st) st = go(&w);
    while (w.depth) closedir(w.dirs[--w.depth]);
    return st;
}
