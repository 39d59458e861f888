#include "formats/onnx/datafile.h"
#include "formats/onnx/export.h"
#include "formats/onnx/kept.h"
#include "formats/onnx/onnx.h"
#include "formats/output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One call of pare_onnx_save. */
typedef struct save_job {
    pare_ctx *ctx;
    const pare_model *model;
    pare_onnx_target target;
    pare_output *out;  /* the model file; its lock guards everything beside it too */
    pare_output *data; /* the new data file, until it is in place */
    bool made_data;    /* it is in place and was not there before */
    pare_arena arena;  /* of msg and of names */
    pare_onnx_layout layout;
    Onnx__ModelProto *msg;
    uint64_t model_bytes;
    pare_onnx_progress progress;
} save_job;

static pare_status open_target(save_job *job, const char *path)
{
    PARE_TRY(pare_output_open(job->ctx, &job->out, path));
    const char *slash = strrchr(path, '/');
    job->target.name = slash ? slash + 1 : path;
    job->target.dir_fd = fcntl(pare_output_dir(job->out), F_DUPFD_CLOEXEC, 0);
    if (job->target.dir_fd < 0)
        return pare_fail(job->ctx, PARE_EIO, "%s: cannot open its folder: %s", path,
                         strerror(errno));
    if (pare_onnx_is_input(job->model, job->target.dir_fd, job->target.name))
        return pare_fail(job->ctx, PARE_EUSAGE,
                         "%s: the model was read from this file; name another output", path);
    return PARE_OK;
}

/* --- deciding what goes where ----------------------------------------------------------------- */

/* What the model file may hold at this level before the next one is tried. */
static uint64_t size_limit(const pare_onnx_layout *l)
{
    if (l->storage == PARE_STORE_KEEP && l->level == PARE_LAYOUT_AS_IS)
        return PARE_ONNX_MAX_INLINE_BYTES;
    return PARE_ONNX_MAX_FILE_BYTES;
}

/* Builds the messages for the present layout and measures them. */
static pare_status build(save_job *job)
{
    pare_ctx *ctx = job->ctx;
    pare_onnx_layout *l = &job->layout;
    pare_arena_free(&job->arena);
    pare_arena_init(ctx, &job->arena, 0);
    if (l->data_bytes) pare_onnx_data_name(l->data_location, job->target.name, 0);
    if (job->target.dir_fd >= 0) /* else it is only to be measured */
        PARE_TRY(pare_onnx_kept_resolve(ctx, l, &job->arena, job->model, &job->target));
    PARE_TRY(pare_onnx_export(ctx, &job->msg, &job->arena, job->model, l));
    /* The sum is counted in 64 bits. Lengths beyond 32 bits, which protobuf-c would cut when it
     * packs, make it a size that is refused. */
    job->model_bytes = protobuf_c_message_get_packed_size(&job->msg->base);
    return PARE_OK;
}

static pare_status fail_too_large(save_job *job, uint64_t n_bytes)
{
    if (job->layout.storage == PARE_STORE_EMBED)
        return pare_fail(job->ctx, PARE_EUSAGE,
                         "%s: the model takes %" PRIu64
                         " bytes in one file, expected at most %" PRIu64 "; write external data",
                         job->target.path, n_bytes, PARE_ONNX_MAX_FILE_BYTES);
    return pare_fail(job->ctx, PARE_EUNSUPPORTED,
                     "%s: the model takes %" PRIu64
                     " bytes beside its external data, expected at most %" PRIu64,
                     job->target.path, n_bytes, PARE_ONNX_MAX_FILE_BYTES);
}

/* Finds the first layout that fits and builds the messages for it. */
static pare_status plan(save_job *job, const pare_onnx_save_opts *opts)
{
    pare_onnx_layout *l = &job->layout;
    l->storage = opts ? opts->storage : PARE_STORE_KEEP;
    const bool external = l->storage == PARE_STORE_EXTERNAL;
    l->min_bytes = external ? opts->external_min_bytes : PARE_ONNX_EXTERNAL_MIN_BYTES;
    l->level = external ? PARE_LAYOUT_INITIALIZERS : PARE_LAYOUT_AS_IS;
    for (;; l->level++) {
        PARE_TRY(pare_onnx_layout_plan(job->ctx, l, job->model));
        uint64_t n_bytes = l->inline_bytes;
        if (n_bytes <= size_limit(l)) {
            PARE_TRY(build(job));
            n_bytes = job->model_bytes;
        }
        if (n_bytes <= size_limit(l)) return PARE_OK;
        if (l->storage == PARE_STORE_EMBED || l->level == PARE_LAYOUT_ALL)
            return fail_too_large(job, n_bytes);
        pare_onnx_layout_free(job->ctx, l);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static pare_status open_data(save_job *job)
{
    const pare_onnx_layout *l = &job->layout;
    if (!l->data_bytes) return PARE_OK;
    char *shown = NULL;
    PARE_TRY(pare_onnx_path_beside(job->ctx, &shown, &job->target, l->data_location));
    pare_status st =
        pare_output_open_at(job->ctx, &job->data, job->target.dir_fd, l->data_location, shown);
    if (!st) st = pare_output_keep_mode_of(job->ctx, job->data, job->out);
    if (!st) st = pare_output_reserve(job->ctx, job->data, l->data_bytes);
    pare_free(job->ctx, shown);
    return st;
}

/* Writes the data file and gives it its name, which the messages see: they point to
 * data_location. */
static pare_status write_data(save_job *job)
{
    pare_onnx_layout *l = &job->layout;
    if (!job->data) return PARE_OK;
    uint64_t hash = 0;
    pare_output_report(job->data, "write", job->progress.done, job->progress.total);
    PARE_TRY(pare_onnx_data_write(job->ctx, job->data, l, &hash));
    assert(pare_output_position(job->data) == l->data_bytes);
    job->progress.done += l->data_bytes;
    pare_onnx_data_name(l->data_location, job->target.name, hash);

    pare_output *data = job->data;
    job->data = NULL;
    if (pare_onnx_is_input(job->model, job->target.dir_fd, l->data_location)) {
        /* The input has the file of this name, hence of this content; it stays as it is. */
        pare_output_abort(job->ctx, data);
        return PARE_OK;
    }
    const bool existed =
        !faccessat(job->target.dir_fd, l->data_location, F_OK, AT_SYMLINK_NOFOLLOW);
    const pare_status st = pare_output_commit_as(job->ctx, data, l->data_location);
    job->made_data = !st && !existed;
    return st;
}

typedef struct append_buffer {
    ProtobufCBuffer base;
    save_job *job;
} append_buffer;

static void append(ProtobufCBuffer *buffer, size_t n_bytes, const uint8_t *data)
{
    save_job *job = ((append_buffer *)buffer)->job;
    (void)pare_output_write(job->ctx, job->out, data, n_bytes); /* a failure sticks in the output */
}

static pare_status write_model(save_job *job)
{
    append_buffer buffer = { .base = { .append = append }, .job = job };
    pare_output_report(job->out, "write", job->progress.done, job->progress.total);
    protobuf_c_message_pack_to_buffer(&job->msg->base, &buffer.base);
    PARE_TRY(pare_output_write(job->ctx, job->out, NULL, 0));
    assert(pare_output_position(job->out) == job->model_bytes);
    return PARE_OK;
}

static pare_status write_all(save_job *job)
{
    pare_onnx_layout *l = &job->layout;
    job->progress.total = pare_onnx_kept_copy_bytes(l) + l->data_bytes + job->model_bytes;
    /* All the room first, so that a full disk costs no work. */
    PARE_TRY(pare_output_reserve(job->ctx, job->out, job->model_bytes));
    PARE_TRY(open_data(job));
    PARE_TRY(pare_onnx_kept_copy(job->ctx, l, &job->target, &job->progress));
    PARE_TRY(write_data(job));
    return write_model(job);
}

/* Lets the caller look at the file while the old one is still there. */
static pare_status check(save_job *job, const pare_onnx_save_opts *opts)
{
    if (!opts || !opts->check) return PARE_OK;
    const char *name = NULL;
    char *path = NULL;
    PARE_TRY(pare_output_settle(job->ctx, job->out, &name));
    PARE_TRY(pare_onnx_path_beside(job->ctx, &path, &job->target, name));
    const pare_status st = opts->check(job->ctx, path, opts->user);
    pare_free(job->ctx, path);
    return st;
}

/* Takes back what has been put beside the model file. */
static void undo(save_job *job)
{
    pare_output_abort(job->ctx, job->data);
    if (job->made_data) (void)unlinkat(job->target.dir_fd, job->layout.data_location, 0);
    pare_onnx_kept_undo(&job->layout, &job->target);
    pare_output_abort(job->ctx, job->out);
}

/* Removes data files that only the old model used. The lock is taken anew, and the file looked
 * at: if another writer came in between, what lies there may be its own. */
static void collect(save_job *job, const struct stat *identity)
{
    const pare_onnx_target *t = &job->target;
    const int lock = pare_output_lock(t->dir_fd, t->name);
    if (lock < 0) return;
    if (pare_output_is_at(t->dir_fd, t->name, identity))
        pare_onnx_data_collect(t, &job->layout, job->model);
    pare_output_unlock(t->dir_fd, t->name, lock);
}

static pare_status commit(save_job *job)
{
    struct stat identity;
    pare_output_stat(job->out, &identity);
    pare_output *out = job->out;
    job->out = NULL;
    const pare_status st = pare_output_commit(job->ctx, out);
    if (!st) collect(job, &identity);
    /* Once the model is in place, what it refers to stays, even if the last step went wrong. */
    if (st && !pare_output_is_at(job->target.dir_fd, job->target.name, &identity)) undo(job);
    return st;
}

pare_status pare_onnx_save(pare_ctx *ctx, const pare_model *model, const char *path,
                           const pare_onnx_save_opts *opts)
{
    save_job job = { .ctx = ctx, .model = model, .target = { .dir_fd = -1, .path = path } };
    pare_arena_init(ctx, &job.arena, 0);
    pare_status st = open_target(&job, path);
    if (!st) st = plan(&job, opts);
    if (!st) st = write_all(&job);
    if (!st) st = check(&job, opts);
    if (st) undo(&job);
    else st = commit(&job);
    if (job.target.dir_fd >= 0) close(job.target.dir_fd);
    pare_onnx_layout_free(ctx, &job.layout);
    pare_arena_free(&job.arena);
    return st;
}

pare_status pare_onnx_measure(pare_ctx *ctx, pare_onnx_sizes *out, const pare_model *model,
                              const char *path)
{
    const char *const slash = strrchr(path, '/');
    save_job job = { .ctx = ctx, .model = model,
                     .target = { .dir_fd = -1, .path = path, .name = slash ? slash + 1 : path } };
    pare_arena_init(ctx, &job.arena, 0);
    const pare_status st = plan(&job, NULL);
    *out = (pare_onnx_sizes){ .file_bytes = job.model_bytes,
                              .external_bytes = job.layout.data_bytes,
                              .n_external = job.layout.n_kept + (job.layout.data_bytes > 0) };
    for (size_t i = 0; i < job.layout.n_kept; i++)
        out->external_bytes += job.layout.kept[i].bytes->n_bytes;
    pare_onnx_layout_free(ctx, &job.layout);
    pare_arena_free(&job.arena);
    return st;
}
