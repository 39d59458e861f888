#include "formats/report/writer.h"

#include "base/bytes.h"
#include "formats/output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARE_REPORT_WRITER(name) &pare_report_writer_##name,
const pare_report_writer *const pare_report_writers[] = {
#include "formats/report/writer_list.h"
};
#undef PARE_REPORT_WRITER
const size_t pare_n_report_writers = sizeof(pare_report_writers) / sizeof(pare_report_writers[0]);

enum { MAX_WRITERS = sizeof(pare_report_writers) / sizeof(pare_report_writers[0]) };

static bool is_wanted(const pare_report_writer *writer, const char *const *formats, size_t n)
{
    if (!n) return true;
    for (size_t i = 0; i < n; i++)
        if (pare_str_eq(formats[i], writer->name)) return true;
    return false;
}

/* Makes a folder and those above it, as far as they are not there. */
static pare_status make_folder(pare_ctx *ctx, const char *dir)
{
    char path[4096];
    const int n = snprintf(path, sizeof(path), "%s", dir);
    if (n <= 0 || (size_t)n >= sizeof(path))
        return pare_fail(ctx, PARE_EUSAGE, "%s: cannot be the name of a folder", dir);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        (void)mkdir(path, 0777); /* what is wrong is said about the last one */
        *p = '/';
    }
    struct stat info;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &info) == 0 &&
                                   S_ISDIR(info.st_mode))) return PARE_OK;
    return pare_fail(ctx, errno == EEXIST ? PARE_EUSAGE : PARE_EIO,
                     "%s: cannot make this folder for the report: %s", dir,
                     errno == EEXIST ? "there is a file of that name" : strerror(errno));
}

static pare_status write_one(pare_ctx *ctx, pare_output **out, int dir_fd, const char *dir,
                             const pare_report_writer *writer, const pare_report *report)
{
    char path[4200];
    pare_doc doc = { .ctx = ctx };
    snprintf(path, sizeof(path), "%s/%s", dir, writer->file);
    writer->write(&doc, report);
    pare_status st = doc.status;
    if (!st) st = pare_output_open_at(ctx, out, dir_fd, writer->file, path);
    if (!st) st = pare_output_write(ctx, *out, doc.text, doc.n);
    pare_doc_free(&doc);
    return st;
}

pare_status pare_report_save(pare_ctx *ctx, const char *dir, const pare_report *report,
                             const char *const *formats, size_t n)
{
    pare_output *outputs[MAX_WRITERS] = { 0 };
    assert(report->n_models && report->n_targets);
    PARE_TRY(make_folder(ctx, dir));
    const int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) return pare_fail(ctx, PARE_EIO, "%s: %s", dir, strerror(errno));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < pare_n_report_writers; i++)
        if (is_wanted(pare_report_writers[i], formats, n))
            st = write_one(ctx, &outputs[i], dir_fd, dir, pare_report_writers[i], report);
    for (size_t i = 0; i < pare_n_report_writers; i++) {
        if (!outputs[i]) continue;
        if (st) pare_output_abort(ctx, outputs[i]);
        else st = pare_output_commit(ctx, outputs[i]);
    }
    close(dir_fd);
    return st;
}
