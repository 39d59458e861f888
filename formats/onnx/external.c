#include "formats/onnx/external.h"

#include "base/checked.h"
#include "formats/onnx/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SCOPE_LOCATION, SCOPE_IDENTITY }; /* of the map of known files */

static const char linked_hint[] =
    "; links are followed with --allow-linked-data, within the folder";

/* --- the model's folder ----------------------------------------------------------------------- */

/* Opens the folder that a path's last component is in; -1 with errno. */
static int open_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash) return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, n);
    folder[n] = '\0';
    return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The path that an open descriptor really leads to; false when the system does not say. */
static bool real_path(int fd, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n <= 0) return false;
    out[n] = '\0';
    return out[0] == '/';
}

/* The folder of the file at the end of the links that path goes through, or -1. */
static int open_linked_folder(const char *path)
{
    char real[PATH_MAX];
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return -1;
    const int folder = real_path(fd, real) ? open_folder_of(real) : -1;
    close(fd);
    return folder;
}

pare_status pare_onnx_external_init(pare_ctx *ctx, pare_onnx_external *x, pare_onnx_store *store,
                                    const char *path, bool allow_linked, uint64_t may_read)
{
    *x = (pare_onnx_external){ .store = store,
                               .folder = -1,
                               .linked_folder = -1,
                               .allow_linked = allow_linked,
                               .may_read = may_read };
    pare_arena_init(ctx, &x->names, 0);
    if (!path) return PARE_OK;
    x->folder = open_folder_of(path);
    if (x->folder < 0)
        return pare_fail(ctx, pare_mapping_errno_status(errno), "the folder: %s", strerror(errno));
    if (allow_linked) x->linked_folder = open_linked_folder(path);
    return PARE_OK;
}

void pare_onnx_external_free(pare_ctx *ctx, pare_onnx_external *x)
{
    if (x->folder >= 0) close(x->folder);
    if (x->linked_folder >= 0) close(x->linked_folder);
    pare_map_free(ctx, &x->known);
    pare_arena_free(&x->names);
    x->folder = x->linked_folder = -1;
}

/* --- entries of external_data ----------------------------------------------------------------- */

static pare_status parse_decimal(pare_ctx *ctx, const char *key, const char *text, uint64_t *out)
{
    const size_t n = strlen(text);
    uint64_t v = 0;
    bool ok = n >= 1 && n <= 19; /* below 10^19, so v does not overflow */
    for (size_t i = 0; ok && i < n; i++) {
        ok = text[i] >= '0' && text[i] <= '9';
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    if (!ok || v > INT64_MAX)
        return pare_fail(ctx, PARE_EFORMAT,
                         "external_data: %s: expected a decimal number of bytes, found '%.40s'",
                         key, text);
    *out = v;
    return PARE_OK;
}

enum { KEY_LOCATION, KEY_OFFSET, KEY_LENGTH, KEY_CHECKSUM, KEY_BASEPATH, N_KEYS };
static const char *const key_names[N_KEYS] = { "location", "offset", "length", "checksum",
                                               "basepath" };

static int key_index(const char *key)
{
    int i = 0;
    while (i < N_KEYS && !pare_str_eq(key, key_names[i])) i++;
    return i;
}

pare_status pare_onnx_external_place(pare_ctx *ctx, pare_onnx_external *x, pare_onnx_place *out,
                                     const Onnx__TensorProto *tensor)
{
    *out = (pare_onnx_place){ 0 };
    unsigned seen = 0;
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const char *key = pare_str_or_empty(tensor->external_data[i]->key);
        const char *value = pare_str_or_empty(tensor->external_data[i]->value);
        const int k = key_index(key);
        if (k == N_KEYS) {
            if (!x->warned_key) pare_warn(ctx, "external_data: unknown key '%s' is ignored", key);
            x->warned_key = true;
            continue;
        }
        if (seen & 1u << k)
            return pare_fail(ctx, PARE_EFORMAT,
                             "external_data: expected key '%s' once, found it twice", key);
        seen |= 1u << k;
        if (k == KEY_LOCATION) out->location = value;
        if (k == KEY_OFFSET) PARE_TRY(parse_decimal(ctx, key, value, &out->offset));
        if (k == KEY_LENGTH) PARE_TRY(parse_decimal(ctx, key, value, &out->n_bytes));
    }
    out->has_length = (seen & 1u << KEY_LENGTH) != 0;
    if (!out->location)
        return pare_fail(ctx, PARE_EFORMAT, "external_data: expected a location, found none");
    return PARE_OK;
}

/* --- locations -------------------------------------------------------------------------------- */

static pare_status refuse(pare_ctx *ctx, const char *location, const char *why)
{
    return pare_fail(
        ctx, PARE_EFORMAT,
        "external_data: location: expected a relative path beneath the model's folder, "
        "found '%.200s' (%s)",
        location, why);
}

/* Judges the text only as far as no file system is asked; the rest is the kernel's. */
static pare_status check_location(pare_ctx *ctx, const char *location)
{
    static const char marker[] = "*/_ORT_MEM_ADDR_/*";
    const size_t n = strlen(location);
    if (!n) return refuse(ctx, location, "empty");
    if (n >= PATH_MAX) return refuse(ctx, location, "longer than a path may be");
    if (location[0] == '/') return refuse(ctx, location, "absolute");
    if (pare_str_eq(location, "ORT_MEM_ADDR") || strncmp(location, marker, sizeof(marker) - 1) == 0)
        return refuse(ctx, location, "an address in somebody's memory");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)location[i] < 0x20 || location[i] == 0x7f)
            return refuse(ctx, location, "a control character");
    for (const char *part = location; part; part = strchr(part, '/')) {
        while (*part == '/') part++;
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || !part[2]))
            return refuse(ctx, location, "goes up");
    }
    return PARE_OK;
}

/* One component of a path beneath an open folder: a folder itself, or the file at its end. -1 with
 * errno, ELOOP for a link. */
static int open_step(int at, const char *part, bool last)
{
    struct stat st;
    if (last) return openat(at, part, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    const int fd = openat(at, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (!fstat(fd, &st) && S_ISDIR(st.st_mode))) return fd;
    close(fd);
    errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
    return -1;
}

/* Without openat2: one component after the other, none of them a link. -1 with errno. */
static int open_by_steps(int folder, const char *location)
{
    char part[NAME_MAX + 1];
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    while (at >= 0) {
        while (*location == '/') location++;
        const size_t n = strcspn(location, "/");
        if (n > NAME_MAX) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, location, n);
        part[n] = '\0';
        location += n;
        const bool last = location[strspn(location, "/")] == '\0';
        const int next = open_step(at, n ? part : ".", last);
        const int error = errno;
        close(at);
        errno = error;
        if (last) return next;
        at = next;
    }
    return -1;
}

static int open_beneath(int folder, const char *location)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    const long fd = syscall(SYS_openat2, folder, location, &how, sizeof(how));
    if (fd >= 0) return (int)fd;
    /* ENOSYS: an old kernel; EPERM: a sandbox that does not know the call */
    if (errno != ENOSYS && errno != EPERM) return -1;
    return open_by_steps(folder, location);
}

/* Whether what a descriptor leads to is beneath the folder of another. */
static bool is_beneath(int fd, int folder)
{
    char file_path[PATH_MAX];
    char folder_path[PATH_MAX];
    if (folder < 0 || !real_path(fd, file_path) || !real_path(folder, folder_path)) return false;
    const size_t n = strlen(folder_path);
    if (n == 1) return true; /* the root */
    return strncmp(file_path, folder_path, n) == 0 && (file_path[n] == '/' || !file_path[n]);
}

/* Follows links, and looks at where they ended before reading. -1 with errno. */
static int open_linked(const pare_onnx_external *x, const char *location)
{
    const int at = openat(x->folder, location, O_PATH | O_CLOEXEC);
    if (at < 0) return -1;
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
    int fd = -1;
    errno = EXDEV;
    if (is_beneath(at, x->folder) || is_beneath(at, x->linked_folder))
        fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const int error = errno;
    close(at);
    errno = error;
    return fd;
}

static pare_status fail_open(pare_ctx *ctx, const pare_onnx_external *x, const char *location,
                             int error)
{
    const bool leaves = error == ELOOP || error == EXDEV;
    const char *why = error == ELOOP   ? "expected a file, found a link"
                      : error == EXDEV ? "expected a file in the folder, found one outside"
                                       : strerror(error);
    return pare_fail(ctx, pare_mapping_errno_status(error), "external data '%.200s': %s%s",
                     location, why, leaves && !x->allow_linked ? linked_hint : "");
}

/* --- files ------------------------------------------------------------------------------------ */

static pare_status check_regular(pare_ctx *ctx, pare_onnx_external *x, int fd, const char *location,
                                 struct stat *st)
{
    struct stat folder;
    if (fstat(fd, st) || fstat(x->folder, &folder)) return fail_open(ctx, x, location, errno);
    if (!S_ISREG(st->st_mode))
        return pare_fail(ctx, PARE_EFORMAT,
                         "external data '%.200s': expected a regular file, found something else",
                         location);
    if (x->allow_linked) {
        if (!x->warned_link && (st->st_nlink != 1 || st->st_dev != folder.st_dev))
            pare_warn(ctx,
                      "external data '%.200s' is linked from elsewhere; it is used because of "
                      "--allow-linked-data",
                      location);
        x->warned_link = true;
        return PARE_OK;
    }
    if (st->st_nlink != 1)
        return pare_fail(
            ctx, PARE_EFORMAT,
            "external data '%.200s': expected a file with one name, found %llu hard links%s",
            location, (unsigned long long)st->st_nlink, linked_hint);
    if (st->st_dev != folder.st_dev) return fail_open(ctx, x, location, EXDEV);
    return PARE_OK;
}

static pare_status remember(pare_ctx *ctx, pare_onnx_external *x, uint32_t scope, const char *name,
                            uint32_t index)
{
    const char *copy = pare_arena_str(&x->names, name);
    if (!copy) return pare_arena_fail(ctx, &x->names);
    return pare_map_put(ctx, &x->known, scope, copy, index);
}

/* Loads what fd leads to, or finds that it was loaded under another name. */
static pare_status load(pare_ctx *ctx, pare_onnx_external *x, int fd, const char *location,
                        uint32_t *index)
{
    struct stat st;
    PARE_TRY(check_regular(ctx, x, fd, location, &st));
    char identity[64];
    snprintf(identity, sizeof(identity), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    if (!pare_map_get(&x->known, SCOPE_IDENTITY, identity, index)) {
        pare_mapping m;
        PARE_TRY(pare_mapping_load(ctx, &m, fd, location, &x->may_read));
        *index = (uint32_t)x->store->origin.n_files;
        PARE_TRY(
            pare_onnx_store_add_file(ctx, x->store, m.bytes, m.identity.st_dev, m.identity.st_ino));
        PARE_TRY(remember(ctx, x, SCOPE_IDENTITY, identity, *index));
    }
    return remember(ctx, x, SCOPE_LOCATION, location, *index);
}

static pare_status find_file(pare_ctx *ctx, pare_onnx_external *x, const char *location,
                             uint32_t *index)
{
    if (pare_map_get(&x->known, SCOPE_LOCATION, location, index)) return PARE_OK;
    PARE_TRY(check_location(ctx, location));
    if (x->folder < 0)
        return pare_fail(
            ctx, PARE_EFORMAT,
            "external data '%.200s': expected all data inside of the model, for it was not "
            "opened from a folder",
            location);
    const int fd = x->allow_linked ? open_linked(x, location) : open_beneath(x->folder, location);
    if (fd < 0) return fail_open(ctx, x, location, errno);
    const pare_status st = load(ctx, x, fd, location, index);
    close(fd);
    return st;
}

pare_status pare_onnx_external_bytes(pare_ctx *ctx, pare_onnx_external *x, pare_bytes *out,
                                     pare_buf **file, const pare_onnx_place *place,
                                     uint64_t n_bytes)
{
    uint32_t index = 0;
    PARE_TRY(find_file(ctx, x, place->location, &index));
    pare_buf *bytes = (pare_buf *)(uintptr_t)x->store->files[index].bytes;
    if (place->has_length && place->n_bytes != n_bytes)
        return pare_fail(
            ctx, PARE_EFORMAT, "external data '%.200s': length: expected %llu bytes, found %llu",
            place->location, (unsigned long long)n_bytes, (unsigned long long)place->n_bytes);
    uint64_t end = 0;
    if (!pare_add_u64(place->offset, n_bytes, &end) || end > bytes->n_bytes)
        return pare_fail(
            ctx, PARE_EFORMAT,
            "external data '%.200s': expected %llu bytes from offset %llu on, found a file "
            "of %llu bytes",
            place->location, (unsigned long long)n_bytes, (unsigned long long)place->offset,
            (unsigned long long)bytes->n_bytes);
    *out = (pare_bytes){ n_bytes ? bytes->data + place->offset : NULL, (size_t)n_bytes };
    *file = bytes;
    return PARE_OK;
}
