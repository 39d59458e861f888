#include "op/cost.h"
#include "quant/oracle_job.h"

#include <math.h>

/* How long a model takes on the target, in units of its table of times, and what the same model
 * takes in floats. Only the ratio of the two means something. */

static double n_elements(const pare_shapes *shapes, pare_value_id v)
{
    double n = 1;
    if (v == PARE_NONE || v >= shapes->n_infos || !pare_info_has_rank(&shapes->infos[v])) return 0;
    const pare_info *info = &shapes->infos[v];
    for (uint32_t i = 0; i < info->rank; i++)
        n *= info->dims[i].kind == PARE_NUM_INT ? (double)info->dims[i].i : 1;
    return n;
}

/* Relu and Clip behind a convolution or product alone, which is done with it. */
static bool is_fused_activation(const oracle_job *job, const pare_node *n)
{
    if (!pare_oracle_is_activation(n) || n->inputs[0].value == PARE_NONE) return false;
    const pare_value *x = &job->given->values[n->inputs[0].value];
    return x->n_uses == 1 && x->producer != PARE_NONE &&
           (pare_oracle_is(&job->given->nodes[x->producer], "Conv") ||
            pare_oracle_is(&job->given->nodes[x->producer], "Gemm"));
}

static double table(const double *ns, const pare_cost *cost, double written)
{
    if (cost->is_view) return 0;
    const double amount = cost->macs                     ? (double)cost->macs
                          : cost->work == PARE_WORK_MOVE ? written
                                                         : (double)cost->other_ops;
    return ns[cost->work] * amount / 1000;
}

void pare_oracle_time(const oracle_job *job, const pare_oracle_row *row, const pare_cost *cost,
                      const pare_shapes *shapes, double *as_is, double *in_floats)
{
    const pare_quant_time *t = &job->quant->time;
    const pare_node *n = &job->given->nodes[row->node];
    const double written = n->n_outputs ? n_elements(shapes, n->outputs[0]) : 0;
    if (row->runs == PARE_RUNS_CONSTANT) return;
    if (pare_oracle_is_q(n) || pare_oracle_is_dq(n) || pare_oracle_is(n, "DynamicQuantizeLinear")) {
        if (row->runs == PARE_RUNS_PAIR)
            *as_is += t->node_ns +
                      written / 1000 * (pare_oracle_is_dq(n) ? t->dequantize_ns : t->quantize_ns);
        return;
    }
    if (pare_oracle_is(n, "ConvInteger")) {
        *as_is += t->integer_node_ns + t->conv_integer_ns * (double)cost->macs / 1000;
        *in_floats += t->node_ns + table(t->float_ns, cost, written);
        return;
    }
    const bool integers = row->runs == PARE_RUNS_INTEGER || row->runs == PARE_RUNS_MOVE;
    if (row->runs != PARE_RUNS_GONE && !is_fused_activation(job, n))
        *as_is += (row->runs == PARE_RUNS_INTEGER ? t->integer_node_ns : t->node_ns) +
                  table(integers ? t->integer_ns : t->float_ns, cost, written);
    else if (row->runs == PARE_RUNS_GONE && cost->macs)
        *as_is += table(t->integer_ns, cost, written);
    if (!is_fused_activation(job, n)) *in_floats += t->node_ns + table(t->float_ns, cost, written);
}
