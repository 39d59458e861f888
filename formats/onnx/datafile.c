#include "formats/onnx/datafile.h"

#include "base/utf8.h"
#include "formats/hash.h"
#include "formats/onnx/origin.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".data";
enum { HASH_DIGITS = 16, TAIL_BYTES = 1 + HASH_DIGITS + sizeof(suffix) - 1 };

/* The part of a data file's name that the model's name gives. *whole: that is all of it, so that
 * no other model can have the same. */
static int stem_bytes(const char **model_name, bool *whole)
{
    const size_t n = strlen(*model_name);
    *whole = false;
    if (!pare_utf8_valid(*model_name, n)) {
        *model_name = "model";
        return 5;
    }
    *whole = n + TAIL_BYTES < PARE_ONNX_DATA_NAME_BYTES;
    if (*whole) return (int)n;
    size_t cut = 0;
    for (size_t step = 0;; cut += step) {
        step = pare_utf8_sequence(*model_name + cut, NULL);
        if (cut + step + TAIL_BYTES >= PARE_ONNX_DATA_NAME_BYTES) break;
    }
    return (int)cut;
}

void pare_onnx_data_name(char out[PARE_ONNX_DATA_NAME_BYTES], const char *model_name, uint64_t hash)
{
    bool whole = false;
    const int n = stem_bytes(&model_name, &whole);
    snprintf(out, PARE_ONNX_DATA_NAME_BYTES, "%.*s-%016" PRIx64 "%s", n, model_name, hash, suffix);
}

uint64_t pare_onnx_data_hash(const pare_buf *bytes)
{
    return pare_hash64(bytes->data, bytes->n_bytes);
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct hashed_output {
    pare_output *out;
    pare_hasher *hash;
} hashed_output;

/* In pieces that are still in the cache when they are written. */
static pare_status put(pare_ctx *ctx, hashed_output *h, const uint8_t *data, uint64_t n_bytes)
{
    enum { PIECE_BYTES = 128 << 10 };
    while (n_bytes) {
        const size_t n = n_bytes < PIECE_BYTES ? (size_t)n_bytes : PIECE_BYTES;
        pare_hasher_add(h->hash, data, n);
        PARE_TRY(pare_output_write(ctx, h->out, data, n));
        data += n;
        n_bytes -= n;
    }
    return PARE_OK;
}

static pare_status put_place(pare_ctx *ctx, hashed_output *h, const pare_onnx_slot *place)
{
    static const uint8_t zeros[PARE_ONNX_DATA_ALIGN];
    PARE_TRY(put(ctx, h, zeros, place->offset - pare_output_position(h->out)));
    pare_buf *dense = NULL;
    const uint8_t *bytes = NULL;
    PARE_TRY(pare_tensor_dense(ctx, &dense, &bytes, place->tensor));
    const pare_status st = put(ctx, h, bytes, place->n_bytes);
    pare_buf_unref(dense);
    return st;
}

pare_status pare_onnx_data_write(pare_ctx *ctx, pare_output *data, const pare_onnx_layout *layout,
                                 uint64_t *hash)
{
    hashed_output h = { .out = data };
    pare_status st = pare_hasher_new(ctx, &h.hash);
    for (size_t i = 0; i < layout->n_places && !st; i++)
        st = put_place(ctx, &h, &layout->places[i]);
    if (h.hash) *hash = pare_hasher_64(h.hash);
    pare_hasher_free(ctx, h.hash);
    return st;
}

/* --- what is left over ------------------------------------------------------------------------ */

bool pare_onnx_is_input(const pare_model *model, int dir_fd, const char *name)
{
    const pare_onnx_origin *origin = pare_onnx_origin_of(model);
    struct stat st;
    if (!origin || fstatat(dir_fd, name, &st, 0)) return false;
    for (size_t i = 0; i < origin->n_files; i++)
        if (origin->files[i].device == st.st_dev && origin->files[i].inode == st.st_ino)
            return true;
    return false;
}

static bool is_data_name(const char *name, const char *stem, size_t n_stem)
{
    if (strlen(name) != n_stem + TAIL_BYTES || strncmp(name, stem, n_stem) || name[n_stem] != '-')
        return false;
    return strspn(name + n_stem + 1, "0123456789abcdef") == HASH_DIGITS &&
           pare_str_eq(name + n_stem + 1 + HASH_DIGITS, suffix);
}

static bool is_used(const pare_onnx_layout *layout, const char *name)
{
    if (layout->data_bytes && pare_str_eq(layout->data_location, name)) return true;
    for (size_t i = 0; i < layout->n_kept; i++) {
        const pare_onnx_kept_file *k = &layout->kept[i];
        if (pare_str_eq(k->new_location ? k->new_location : k->location, name)) return true;
    }
    return false;
}

void pare_onnx_data_collect(const pare_onnx_target *target, const pare_onnx_layout *layout,
                            const pare_model *model)
{
    char temp[PARE_ONNX_DATA_NAME_BYTES];
    pare_onnx_data_name(temp, target->name, 0);
    pare_output_sweep(target->dir_fd, temp);

    bool whole = false;
    const char *stem = target->name;
    const int n_stem = stem_bytes(&stem, &whole);
    if (!whole) return;
    const int fd = openat(target->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return;
    }
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (!is_data_name(d->d_name, stem, (size_t)n_stem) || is_used(layout, d->d_name)) continue;
        if (!pare_onnx_is_input(model, target->dir_fd, d->d_name))
            (void)unlinkat(target->dir_fd, d->d_name, 0);
    }
    closedir(dir);
}

pare_status pare_onnx_path_beside(pare_ctx *ctx, char **out, const pare_onnx_target *target,
                                  const char *name)
{
    const char *slash = strrchr(target->path, '/');
    const size_t n_dir = slash ? (size_t)(slash - target->path) + 1 : 0;
    const size_t n_name = strlen(name) + 1;
    *out = pare_alloc(ctx, n_dir + n_name);
    if (!*out) return pare_fail_memory(ctx, n_dir + n_name);
    memcpy(*out, target->path, n_dir);
    memcpy(*out + n_dir, name, n_name);
    return PARE_OK;
}
