#include "cli/eval_collect.h"

#include "formats/metric_program.h"

#include <unistd.h>

static pare_status add_labels(pare_ctx *ctx, const pare_dataset *data, pare_npz *to,
                              uint64_t sample)
{
    pare_tensor *labels = NULL;
    if (!data->has_labels) return PARE_OK;
    if (!data->labels)
        return pare_npz_add_int(ctx, to, "labels", data->label(data->self, sample));
    PARE_TRY(data->labels(data->self, ctx, sample, &labels));
    const pare_status st = labels ? pare_npz_add(ctx, to, "labels", labels) : PARE_OK;
    pare_tensor_unref(labels);
    return st;
}

static pare_status add_row(pare_ctx *ctx, const pare_dataset *data, pare_npz *to, uint64_t sample)
{
    const uint64_t row = data->row ? data->row(data->self, sample) : sample;
    return pare_npz_add_int(ctx, to, "rows", (int64_t)row);
}

static pare_status add_output(pare_ctx *ctx, const pare_dataset *data, pare_npz *to,
                              const char *name, const pare_tensor *output, uint64_t sample)
{
    if (!to || !output) return PARE_OK;
    PARE_TRY(pare_npz_add(ctx, to, name, output));
    PARE_TRY(add_labels(ctx, data, to, sample));
    return add_row(ctx, data, to, sample);
}

pare_status pare_eval_collect_sample(void *user, pare_ctx *ctx, const pare_evaluated *s)
{
    const pare_eval_collect *c = user;
    const pare_dataset *data = c->data;
    PARE_TRY(add_output(ctx, data, c->predictions, c->output, s->output, s->sample));
    PARE_TRY(add_output(ctx, data, c->for_model, "output", s->output, s->sample));
    PARE_TRY(add_output(ctx, data, c->for_reference, "output", s->reference, s->sample));
    if (!c->inputs) return PARE_OK;
    for (size_t i = 0; i < data->n_inputs; i++) {
        const char *const name = *data->inputs[i] ? data->inputs[i] : "input";
        PARE_TRY(pare_npz_add(ctx, c->inputs, name, s->inputs[i]));
    }
    return add_row(ctx, data, c->inputs, s->sample);
}

static pare_status score(pare_ctx *ctx, pare_npz *arrays, double *value,
                         const pare_data_metric *metric, const pare_metric_program_opts *opts)
{
    int fd = -1;
    if (!arrays) return PARE_OK;
    PARE_TRY(pare_npz_spill(ctx, arrays, &fd));
    const pare_status st = pare_metric_program_run(ctx, value, metric, fd, opts);
    close(fd);
    return st;
}

pare_status pare_eval_collect_score(pare_ctx *ctx, pare_eval_collect *c, pare_eval_metrics *metrics,
                                    const char *folder, uint64_t max_ms)
{
    const pare_metric_program_opts opts = { .folder = folder, .max_ms = max_ms };
    for (size_t i = 0; c->for_model && i < metrics->n; i++) {
        pare_eval_metric *m = &metrics->items[i];
        if (!m->program) continue;
        PARE_TRY(score(ctx, c->for_model, &m->value, m->program, &opts));
        PARE_TRY(score(ctx, c->for_reference, &m->reference, m->program, &opts));
        m->is_known = true;
    }
    return PARE_OK;
}

void pare_eval_collect_free(pare_ctx *ctx, pare_eval_collect *c)
{
    pare_npz_free(ctx, c->predictions);
    pare_npz_free(ctx, c->inputs);
    pare_npz_free(ctx, c->for_model);
    pare_npz_free(ctx, c->for_reference);
}
