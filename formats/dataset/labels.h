/* Labels: from a file of "file class" lines, class folders, arrays, or the source itself. */
#ifndef FORMATS_DATASET_LABELS_H
#define FORMATS_DATASET_LABELS_H

#include "formats/dataset/rows.h"
#include "formats/dataset/source.h"

typedef struct pare_labels {
    int64_t *classes; /* [n] offset applied; NULL: there are none, or they are more than a class */
    pare_rows rows;   /* has_rows: labels of several numbers each */
    bool has_rows;
    pare_files *files; /* that rows lie in, when they are the labels' own; else NULL */
} pare_labels;

/* Reads what desc asks for, for the rows of a source. n_classes 0: not known. EFORMAT naming the
 * file, the line or row, for what is missing, malformed or out of range. */
pare_status pare_labels_read(pare_ctx *ctx, pare_labels *out, const pare_labels_desc *desc,
                             const pare_source *source, int64_t n_classes);
void pare_labels_free(pare_ctx *ctx, pare_labels *labels); /* accepts zeroes */

/* The parts of it, into out [source->n]. A file of "file class" lines, one for each row at
 * least: */
pare_status pare_labels_from_lines(pare_ctx *ctx, int64_t *out, const pare_source *source,
                                   const pare_files *lines);

/* The number of the folder a file is in, among all such in the order of their names: the first
 * folder below what all files share. */
pare_status pare_labels_from_folders(pare_ctx *ctx, int64_t *out, const pare_source *source);

#endif
