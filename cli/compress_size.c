#include "cli/compress_job.h"
#include "cli/number.h"

#include "formats/onnx/onnx.h"

#include <stdio.h>

/* Weights of 8 bits take a quarter of floats; above this share of a file something else weighs. */
#define USUAL_SHARE 0.35

typedef struct weighed {
    uint64_t weight_bytes;    /* of all initializers */
    uint64_t float_bytes;     /* of those of floats of 32 bits */
    uint64_t half_bytes;      /* and of 16 */
    uint64_t most;            /* of the largest of these, */
    pare_value_id largest;    /* which it is */
} weighed;

static weighed weigh(const pare_model *m)
{
    weighed w = { .largest = PARE_NONE };
    for (pare_value_id v = 0; v < m->n_values; v++) {
        const pare_value *const value = &m->values[v];
        if (!value->graph || !value->tensor) continue;
        const uint64_t bytes = pare_tensor_size_bytes(value->tensor);
        w.weight_bytes += bytes;
        if (value->tensor->dtype == PARE_FLOAT16 || value->tensor->dtype == PARE_BFLOAT16)
            w.half_bytes += bytes;
        if (value->tensor->dtype != PARE_FLOAT) continue;
        w.float_bytes += bytes;
        if (bytes <= w.most) continue;
        w.most = bytes;
        w.largest = v;
    }
    return w;
}

/* "/fc (Gemm)", who reads the largest of them. */
static void add_reader(pare_line *line, const pare_model *m, pare_value_id value)
{
    const pare_use *const use = m->values[value].first_use;
    if (!use || use->user == PARE_NONE) return;
    const pare_node *const n = &m->nodes[use->user];
    const char *const name = n->name && *n->name ? n->name : m->values[value].name;
    pare_line_add(line, ", the largest read by %.200s (%.60s)", name,
                  pare_str_or_empty(n->op_type));
}

void pare_compress_explain_size(pare_compress_job *job)
{
    const pare_recipe_result *const r = &job->result;
    const pare_model *const m = job->rewrite.result;
    const weighed w = weigh(m), was = weigh(job->rewrite.model);
    const uint64_t bytes = r->output.file_bytes;
    const uint64_t rest = bytes > w.weight_bytes ? bytes - w.weight_bytes : 0;
    pare_line line = { 0 };
    if (!r->n_kept || (double)bytes <= USUAL_SHARE * (double)r->input.file_bytes) return;
    const bool was_half = was.half_bytes * 2 > was.weight_bytes;
    if (w.float_bytes * 4 < bytes && rest * 4 < bytes && !was_half) return;
    pare_line_add(&line, "%.0f %% of the size remains: %s",
                  100 * (double)bytes / (double)r->input.file_bytes,
                  was_half ? "the model's weights were floats of 16 bits, of which 8 are a half"
                           : "");
    if (was_half) {
        pare_warn(&job->rewrite.app->ctx, "%s", line.text);
        return;
    }
    if (w.float_bytes * 4 >= bytes) {
        pare_line_add_bytes(&line, w.float_bytes);
        pare_line_add(&line, " of ");
        pare_line_add_bytes(&line, bytes);
        pare_line_add(&line, " are weights that stay floats");
        if (w.largest != PARE_NONE) add_reader(&line, m, w.largest);
    }
    if (rest * 4 >= bytes) {
        pare_line_add(&line, "%s", w.float_bytes * 4 >= bytes ? "; " : "");
        pare_line_add_bytes(&line, rest);
        pare_line_add(&line, " are no weights, but the graph itself");
    }
    pare_warn(&job->rewrite.app->ctx, "%s", line.text);
}
