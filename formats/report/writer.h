/* Writing reports as files: one writer per format, one file and one row in writer_list.h each. */
#ifndef FORMATS_REPORT_WRITER_H
#define FORMATS_REPORT_WRITER_H

#include "base/contract/report.h"
#include "formats/report/doc.h"

typedef struct pare_report_writer {
    const char *name; /* "md", as recipes call it */
    const char *file; /* "report.md" */
    const char *what; /* it is for, in a few words */
    /* Appends the whole file to doc, whose failure is the only one. */
    void (*write)(pare_doc *doc, const pare_report *report);
} pare_report_writer;

#define PARE_REPORT_WRITER(name) extern const pare_report_writer pare_report_writer_##name;
#include "formats/report/writer_list.h"
#undef PARE_REPORT_WRITER

/* All writers, in alphabetical order. */
extern const pare_report_writer *const pare_report_writers[];
extern const size_t pare_n_report_writers;

/* Writes the files of a report into a folder, which is made if it is not there: all of them, or
 * those of `formats` [n] ("html", "json", ...). Each appears complete or not at all, and none is
 * put into place before all are written. A report needs one model and one target at least. EIO,
 * EUSAGE (what is there is no folder, or no regular file), ENOMEM. */
pare_status pare_report_save(pare_ctx *ctx, const char *dir, const pare_report *report,
                             const char *const *formats, size_t n);

#endif
