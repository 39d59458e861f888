#include "formats/onnx/kept.h"

#include "formats/onnx/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- going to a location ---------------------------------------------------------------------- */

/* The next component of a location: its length, and where the one after it starts (NULL: none). */
static size_t component(const char *location, const char **next)
{
    const char *slash = strchr(location, '/');
    *next = slash ? slash + 1 : NULL;
    return slash ? (size_t)(slash - location) : strlen(location);
}

static void make_folder(int dir_fd, const char *name, unsigned *n_made)
{
    if (mkdirat(dir_fd, name, 0777)) return;
    ++*n_made;
    const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

/* Opens the folder beneath dir_fd that location's last component lies in, which goes to `last`,
 * going down one component at a time and through no link. Makes missing folders when n_made is
 * not NULL, counting them. -1 and errno when there is no such place; EINVAL for locations that
 * lead elsewhere. */
static int open_parent(int dir_fd, const char *location, unsigned *n_made, char last[NAME_MAX + 1])
{
    int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    for (const char *next = NULL; fd >= 0; location = next) {
        const size_t n = component(location, &next);
        const bool is_dot = n == 1 && location[0] == '.';
        if (!n || n > NAME_MAX || (is_dot && !next) || (n == 2 && !strncmp(location, "..", 2))) {
            close(fd);
            errno = EINVAL;
            return -1;
        }
        if (is_dot) continue;
        memcpy(last, location, n);
        last[n] = '\0';
        if (!next) break;
        const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int inner = openat(fd, last, flags);
        if (inner < 0 && errno == ENOENT && n_made) {
            make_folder(fd, last, n_made);
            inner = openat(fd, last, flags);
        }
        const int error = errno;
        close(fd);
        errno = error;
        fd = inner;
    }
    return fd;
}

/* Removes the n_made deepest folders of a location, as far as they are empty. */
static void remove_folders(int dir_fd, const char *location, unsigned n_made)
{
    char path[PATH_MAX];
    const size_t n = strlen(location);
    if (n >= sizeof(path)) return;
    memcpy(path, location, n + 1);
    for (char *slash = strrchr(path, '/'); slash && n_made; slash = strrchr(path, '/'), n_made--) {
        *slash = '\0';
        char last[NAME_MAX + 1];
        const int fd = open_parent(dir_fd, path, NULL, last);
        if (fd < 0) return;
        (void)unlinkat(fd, last, AT_REMOVEDIR);
        close(fd);
    }
}

/* --- what is there ---------------------------------------------------------------------------- */

typedef enum presence {
    NOT_THERE,
    THERE_SHARED,    /* the very file that the model was read with */
    THERE_SAME,      /* another with the same content */
    THERE_DIFFERENT, /* in the way */
} presence;

static bool is_origin_file(const pare_model *model, const pare_buf *bytes, const struct stat *st)
{
    const pare_onnx_origin *origin = pare_onnx_origin_of(model);
    for (size_t i = 0; origin && i < origin->n_files; i++) {
        const pare_onnx_origin_file *f = &origin->files[i];
        if (f->bytes == bytes && f->device == st->st_dev && f->inode == st->st_ino) return true;
    }
    return false;
}

/* Compares a file with bytes through a window of limited size. */
static pare_status compare(pare_ctx *ctx, int fd, const pare_buf *bytes, bool *same)
{
    enum { WINDOW_BYTES = 1 << 20 };
    uint8_t *window = pare_alloc(ctx, WINDOW_BYTES);
    if (!window) return pare_fail_memory(ctx, WINDOW_BYTES);
    pare_status st = PARE_OK;
    uint64_t at = 0;
    *same = true;
    while (at < bytes->n_bytes && *same && !st) {
        const ssize_t n = read(fd, window, WINDOW_BYTES);
        if (n < 0 && errno == EINTR) continue;
        *same = n > 0 && (uint64_t)n <= bytes->n_bytes - at &&
                !memcmp(window, bytes->data + at, (size_t)n);
        if (n > 0) at += (uint64_t)n;
        st = pare_check_canceled(ctx);
    }
    pare_free(ctx, window);
    return st;
}

/* Whether the model file itself is to stand in the way of a location. */
static bool goes_through(const char *location, const char *model_name)
{
    const char *next = NULL;
    size_t n = component(location, &next);
    for (; n == 1 && location[0] == '.' && next; n = component(location, &next)) location = next;
    return n == strlen(model_name) && !strncmp(location, model_name, n);
}

static pare_status look(pare_ctx *ctx, presence *out, const pare_model *model,
                        const pare_onnx_target *target, const char *location, const pare_buf *bytes)
{
    *out = THERE_DIFFERENT;
    char last[NAME_MAX + 1];
    struct stat st;
    pare_status status = PARE_OK;
    int fd = -1;
    if (goes_through(location, target->name)) return PARE_OK;
    const int dir = open_parent(target->dir_fd, location, NULL, last);
    if (dir < 0) {
        if (errno == ENOENT) *out = NOT_THERE;
        return PARE_OK;
    }
    if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT) *out = NOT_THERE;
        goto done;
    }
    if (!S_ISREG(st.st_mode)) goto done;
    if (is_origin_file(model, bytes, &st)) {
        *out = THERE_SHARED;
        goto done;
    }
    /* One with several names would be refused when the model is read. */
    if ((uint64_t)st.st_size != bytes->n_bytes || st.st_nlink != 1) goto done;
    fd = openat(dir, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) goto done;
    bool same = false;
    status = compare(ctx, fd, bytes, &same);
    if (same) *out = THERE_SAME;
done:
    if (fd >= 0) close(fd);
    close(dir);
    return status;
}

static pare_status resolve_by_hash(pare_ctx *ctx, pare_onnx_layout *layout, size_t i,
                                   pare_arena *arena, const pare_model *model,
                                   const pare_onnx_target *target)
{
    pare_onnx_kept_file *k = &layout->kept[i];
    char name[PARE_ONNX_DATA_NAME_BYTES];
    pare_onnx_data_name(name, target->name, pare_onnx_data_hash(k->bytes));
    const char *copy = pare_arena_str(arena, name);
    if (!copy) return pare_arena_fail(ctx, arena);
    pare_onnx_layout_rename(layout, i, copy);
    presence p = NOT_THERE;
    PARE_TRY(look(ctx, &p, model, target, copy, k->bytes));
    k->needs_copy = p == NOT_THERE || p == THERE_DIFFERENT;
    return PARE_OK;
}

pare_status pare_onnx_kept_resolve(pare_ctx *ctx, pare_onnx_layout *layout, pare_arena *arena,
                                   const pare_model *model, const pare_onnx_target *target)
{
    const char *shared = NULL;
    for (size_t i = 0; i < layout->n_kept; i++) {
        pare_onnx_kept_file *k = &layout->kept[i];
        presence p = NOT_THERE;
        PARE_TRY(look(ctx, &p, model, target, k->location, k->bytes));
        if (p == THERE_SHARED && !shared) shared = k->location;
        if (p == THERE_DIFFERENT) PARE_TRY(resolve_by_hash(ctx, layout, i, arena, model, target));
        else k->needs_copy = p == NOT_THERE;
    }
    if (shared)
        pare_warn(ctx, "%s: shares the data file '%s' with the input: keep it", target->path,
                  shared);
    return PARE_OK;
}

/* --- copying ---------------------------------------------------------------------------------- */

uint64_t pare_onnx_kept_copy_bytes(const pare_onnx_layout *layout)
{
    uint64_t n = 0;
    for (size_t i = 0; i < layout->n_kept; i++)
        if (layout->kept[i].needs_copy) n += layout->kept[i].bytes->n_bytes;
    return n;
}

static pare_status copy_to(pare_ctx *ctx, pare_onnx_kept_file *k, int dir_fd, const char *name,
                           const char *path, pare_onnx_progress *progress)
{
    pare_output *out = NULL;
    PARE_TRY(pare_output_open_at(ctx, &out, dir_fd, name, path));
    pare_output_report(out, "write", progress->done, progress->total);
    pare_status st = pare_output_reserve(ctx, out, k->bytes->n_bytes);
    if (!st) st = pare_output_write(ctx, out, k->bytes->data, k->bytes->n_bytes);
    if (st) {
        pare_output_abort(ctx, out);
        return st;
    }
    progress->done += k->bytes->n_bytes;
    st = pare_output_commit(ctx, out);
    k->copied = !st;
    return st;
}

static pare_status copy_kept(pare_ctx *ctx, pare_onnx_kept_file *k, const pare_onnx_target *target,
                             pare_onnx_progress *progress)
{
    const char *location = k->new_location ? k->new_location : k->location;
    char last[NAME_MAX + 1];
    char *shown = NULL;
    PARE_TRY(pare_onnx_path_beside(ctx, &shown, target, location));
    pare_status st = PARE_OK;
    const int dir = open_parent(target->dir_fd, location, &k->n_made_folders, last);
    if (dir < 0)
        st = pare_fail(ctx, PARE_EIO, "%s: cannot open its folder: %s", shown, strerror(errno));
    else st = copy_to(ctx, k, dir, last, shown, progress);
    if (dir >= 0) close(dir);
    pare_free(ctx, shown);
    return st;
}

pare_status pare_onnx_kept_copy(pare_ctx *ctx, pare_onnx_layout *layout,
                                const pare_onnx_target *target, pare_onnx_progress *progress)
{
    for (size_t i = 0; i < layout->n_kept; i++)
        if (layout->kept[i].needs_copy)
            PARE_TRY(copy_kept(ctx, &layout->kept[i], target, progress));
    return PARE_OK;
}

void pare_onnx_kept_undo(pare_onnx_layout *layout, const pare_onnx_target *target)
{
    for (size_t i = layout->n_kept; i-- > 0;) {
        pare_onnx_kept_file *k = &layout->kept[i];
        const char *location = k->new_location ? k->new_location : k->location;
        char last[NAME_MAX + 1];
        const int dir = k->copied ? open_parent(target->dir_fd, location, NULL, last) : -1;
        if (dir >= 0) {
            (void)unlinkat(dir, last, 0);
            close(dir);
        }
        if (k->n_made_folders) remove_folders(target->dir_fd, location, k->n_made_folders);
        k->copied = false;
        k->n_made_folders = 0;
    }
}
