#include "op/nms.h"

#include "kernels/nms.h"
#include "op/reals.h"

#include <inttypes.h>
#include <stdlib.h>

/* NonMaxSuppression: of each class of each item of the batch, boxes in order of falling score
 * (equal scores: the lower index first), but for those whose score is not above the threshold, and
 * those that overlap one that was taken. */

enum { BOXES, SCORES, MAX_BOXES, IOU_THRESHOLD, SCORE_THRESHOLD };

typedef struct candidate {
    float score;
    int64_t box;
} candidate;

typedef struct job {
    bool center_point;
    int64_t batch, classes, n_boxes, max_boxes;
    float iou;
    bool has_least;           /* only scores above `least` count */
    float least;
    pare_reals boxes, scores;
    candidate *candidates;    /* [n_boxes] */
    int64_t *taken;           /* [n_taken, 3] batch, class, box */
    size_t n_taken, cap;
} job;

static int by_score(const void *a, const void *b)
{
    const candidate *x = a;
    const candidate *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->box < y->box ? -1 : x->box > y->box;
}

static pare_status get_number(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, double *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (!t) return PARE_OK;
    if (t->n_elements != 1 || pare_wide_of(t->dtype) == PARE_WIDE_NONE)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected one number", i);
    *out = pare_wide_f64_at(t->dtype, pare_eval_data(t), 0);
    return PARE_OK;
}

static pare_status measure(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const pare_tensor *boxes = pare_eval_tensor(io, BOXES);
    const pare_tensor *scores = pare_eval_tensor(io, SCORES);
    const pare_tensor *most = pare_eval_tensor(io, MAX_BOXES);
    double iou = 0;
    double least = 0;
    if (!boxes || !scores || boxes->dtype != PARE_FLOAT || scores->dtype != PARE_FLOAT ||
        boxes->rank != 3 || scores->rank != 3)
        return pare_call_fail(ctx, io->call, "expected boxes and scores as float with 3 axes");
    PARE_TRY(get_number(ctx, io, IOU_THRESHOLD, &iou));
    PARE_TRY(get_number(ctx, io, SCORE_THRESHOLD, &least));
    if (!(iou >= 0 && iou <= 1))
        return pare_call_fail(ctx, io->call, "iou_threshold: expected 0 to 1, found %g", iou);
    if (most && (most->dtype != PARE_INT64 || most->n_elements != 1))
        return pare_call_fail(ctx, io->call, "max_output_boxes_per_class: expected one int64");
    j->iou = (float)iou;
    j->least = (float)least;
    j->has_least = pare_eval_tensor(io, SCORE_THRESHOLD) != NULL;
    j->batch = scores->dims[0];
    j->classes = scores->dims[1];
    j->n_boxes = scores->dims[2];
    j->max_boxes = most ? pare_wide_i64_at(PARE_INT64, pare_eval_data(most), 0) : 0;
    if (j->max_boxes < 0) j->max_boxes = 0;
    if (!scores->n_elements) j->batch = 0; /* the other dims may be anything */
    return PARE_OK;
}

static bool is_free(const job *j, int64_t batch, int64_t box, const int64_t *taken, size_t n)
{
    const float *boxes = (const float *)j->boxes.data + batch * j->n_boxes * 4;
    for (size_t i = 0; i < n; i++)
        if (pare_boxes_overlap_ref(boxes + box * 4, boxes + taken[3 * i + 2] * 4, j->center_point,
                                   j->iou))
            return false;
    return true;
}

static pare_status select_boxes(pare_ctx *ctx, job *j, int64_t batch, int64_t class)
{
    const float *scores = (const float *)j->scores.data + (batch * j->classes + class) * j->n_boxes;
    const size_t first = j->n_taken;
    size_t n = 0;
    for (int64_t i = 0; i < j->n_boxes; i++) {
        const bool counts = j->has_least ? scores[i] > j->least : scores[i] == scores[i];
        if (counts) j->candidates[n++] = (candidate){ scores[i], i };
    }
    qsort(j->candidates, n, sizeof(*j->candidates), by_score);
    for (size_t i = 0; i < n && (int64_t)(j->n_taken - first) < j->max_boxes; i++) {
        const int64_t box = j->candidates[i].box;
        if (i % 256 == 0) PARE_TRY(pare_check_canceled(ctx));
        if (!is_free(j, batch, box, j->taken ? j->taken + 3 * first : NULL, j->n_taken - first))
            continue;
        PARE_TRY(pare_grow(ctx, &j->taken, &j->cap, j->n_taken + 1, 3 * sizeof(*j->taken)));
        int64_t *to = j->taken + 3 * j->n_taken++;
        to[0] = batch;
        to[1] = class;
        to[2] = box;
    }
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    void *data = NULL;
    const size_t n_bytes = (size_t)j->n_boxes * sizeof(*j->candidates);
    PARE_TRY(pare_reals_load(ctx, &j->boxes, pare_eval_tensor(io, BOXES), PARE_WIDE_F32));
    PARE_TRY(pare_reals_load(ctx, &j->scores, pare_eval_tensor(io, SCORES), PARE_WIDE_F32));
    if (j->batch && j->max_boxes) {
        j->candidates = pare_alloc(ctx, n_bytes);
        if (!j->candidates) return pare_fail_memory(ctx, n_bytes);
    }
    for (int64_t b = 0; j->max_boxes && b < j->batch; b++)
        for (int64_t c = 0; c < j->classes; c++) PARE_TRY(select_boxes(ctx, j, b, c));
    const int64_t dims[2] = { (int64_t)j->n_taken, 3 };
    PARE_TRY(pare_eval_out_as(ctx, io, 0, PARE_INT64, 2, dims, &data));
    if (j->n_taken) memcpy(data, j->taken, j->n_taken * 3 * sizeof(*j->taken));
    return PARE_OK;
}

pare_status pare_nms_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_nms_params *p = io->params;
    job j = { .center_point = p->center_point };
    PARE_TRY(measure(ctx, io, &j));
    const pare_status st = run(ctx, io, &j);
    pare_reals_free(ctx, &j.boxes);
    pare_reals_free(ctx, &j.scores);
    pare_free(ctx, j.candidates);
    pare_free(ctx, j.taken);
    return st;
}
