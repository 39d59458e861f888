#include "formats/dataset/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const pare_source_kind *const kinds[] = {
#define PARE_SOURCE_KIND(name) &pare_source_kind_##name,
#include "formats/dataset/source_kind_list.h"
#undef PARE_SOURCE_KIND
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static pare_status find_kind(pare_ctx *ctx, pare_source *s)
{
    const char *const wanted = s->desc->format;
    for (size_t i = 0; wanted && i < N_KINDS; i++)
        for (size_t k = 0; k < kinds[i]->n_formats; k++)
            if (pare_str_eq(kinds[i]->formats[k], wanted)) {
                s->kind = kinds[i];
                s->format = kinds[i]->formats[k];
                return PARE_OK;
            }
    for (size_t i = 0; i < N_KINDS; i++) {
        s->format = kinds[i]->probe(ctx, s->files);
        s->kind = kinds[i];
        if (s->format) return PARE_OK;
    }
    s->kind = NULL;
    return pare_fail(ctx, PARE_EUNSUPPORTED, "%s%s: no data that is known: expected JPEG or PNG "
                     "images, .npy, .npz, IDX, CIFAR batches or test vectors; the first file is "
                     "'%s'", s->desc->at, s->files->shown, s->files->items[0].path);
}

pare_status pare_source_open(pare_ctx *ctx, pare_source *s)
{
    PARE_TRY(find_kind(ctx, s));
    const pare_status st = s->kind->open(ctx, s);
    if (st) {
        s->kind = NULL;
        return s->desc->at[0] ? pare_fail_in(ctx, st, "%s", s->desc->at) : st;
    }
    return PARE_OK;
}

void pare_source_close(pare_ctx *ctx, pare_source *s)
{
    if (s->kind) s->kind->close(ctx, s);
    s->kind = NULL;
}

const char *pare_source_name(const pare_source *s, uint64_t row, char *out, size_t out_bytes)
{
    const char *const path = s->kind->path(s, row);
    if (path) snprintf(out, out_bytes, "%s/%s", s->files->shown, path);
    else snprintf(out, out_bytes, "%s: row %" PRIu64, s->files->shown, row);
    return out;
}
