#include "base/bytes.h"
#include "quant/oracle_job.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Warnings, and the totals as text. */

enum { MAX_WARNINGS = 8, MAX_REASONS = 8, TEXT_BYTES = 8192 };

/* Below this share of the MACs nobody gains. */
static const double least_share = 0.5;

static void warn(oracle_job *job, const char **list, size_t *n, const char *text)
{
    (void)job;
    if (text && *n < MAX_WARNINGS) list[(*n)++] = text;
}

static uint64_t count_op(const pare_oracle *o, const char *op)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->n_rows; i++) n += pare_str_eq(o->rows[i].becomes, op);
    return n;
}

pare_status pare_oracle_warn(oracle_job *job, pare_oracle *o)
{
    const char **list = pare_arena_array(job->arena, MAX_WARNINGS, sizeof(*list));
    size_t n = 0;
    if (!list) return pare_arena_fail(job->ctx, job->arena);
    o->warnings = list;
    if (!o->is_quantized) return PARE_OK;
    const uint64_t light = o->n_runs[PARE_RUNS_WEIGHT_ONLY];
    if (o->macs && o->integer_share < least_share && !light)
        warn(job, list, &n,
             pare_oracle_say(job, "only %.0f %% of the MACs run in integers",
                             100 * o->integer_share));
    const uint64_t convs = count_op(o, "ConvInteger");
    if (convs)
        warn(job, list, &n,
             pare_oracle_say(
                 job,
                 "%llu ConvInteger: slower than Conv in float on most machines; quantize "
                 "statically",
                 (unsigned long long)convs));
    const uint64_t pairs = o->n_runs[PARE_RUNS_PAIR] + o->n_added;
    const uint64_t kernels = o->n_runs[PARE_RUNS_INTEGER];
    if (kernels && pairs > kernels / 2 && pairs > 4)
        warn(job, list, &n,
             pare_oracle_say(job,
                             "%llu Q and DQ are executed beside %llu integer kernels: each of "
                             "them reads and writes a whole tensor",
                             (unsigned long long)pairs, (unsigned long long)kernels));
    if (o->time_ratio >= PARE_ORACLE_TIME_SPREAD)
        warn(job, list, &n,
             pare_oracle_say(job, "will not be faster: predicted %.2f of the time in floats",
                             o->time_ratio));
    o->n_warnings = n;
    return PARE_OK;
}

/* --- text ------------------------------------------------------------------------------------- */

typedef struct text {
    char *at;
    size_t n, cap;
} text;

static void add(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->at + t->n, t->cap - t->n, format, args);
    va_end(args);
    if (n > 0) t->n += (size_t)n < t->cap - t->n ? (size_t)n : t->cap - t->n - 1;
}

/* Nodes of one operator that stay in float for one reason. */
typedef struct cause {
    const char *op, *reason;
    const char *example;
    uint64_t n, macs;
} cause;

static bool is_unfused(const pare_oracle_row *row)
{
    return row->reason && (row->runs == PARE_RUNS_FLOAT || row->runs == PARE_RUNS_OTHER);
}

static size_t add_cause(cause *causes, size_t n, size_t cap, const pare_oracle_row *row)
{
    size_t i = 0;
    while (i < n &&
           !(pare_str_eq(causes[i].op, row->op) && pare_str_eq(causes[i].reason, row->reason)))
        i++;
    if (i == cap) return n;
    if (i == n) causes[n++] = (cause){ row->op, row->reason, row->name, 0, 0 };
    causes[i].n++;
    causes[i].macs += row->macs;
    return n;
}

static void add_causes(text *t, const pare_oracle *o)
{
    cause causes[64];
    size_t n = 0;
    for (size_t i = 0; i < o->n_rows; i++)
        if (is_unfused(&o->rows[i])) n = add_cause(causes, n, 64, &o->rows[i]);
    for (size_t shown = 0; shown < n && shown < MAX_REASONS; shown++) {
        size_t best = shown;
        for (size_t i = shown + 1; i < n; i++)
            if (causes[i].macs > causes[best].macs ||
                (causes[i].macs == causes[best].macs && causes[i].n > causes[best].n))
                best = i;
        const cause c = causes[best];
        causes[best] = causes[shown];
        causes[shown] = c;
        add(t, "  stays float    %llu %s (%s%s): %s\n", (unsigned long long)c.n, c.op, c.example,
            c.n > 1 ? ", ..." : "", c.reason);
    }
    if (n > MAX_REASONS) add(t, "  and %zu other reasons\n", n - MAX_REASONS);
}

static const char *bare(const char *kernel)
{
    static const char domain[] = "com.microsoft.";
    return strncmp(kernel, domain, sizeof(domain) - 1) ? kernel : kernel + sizeof(domain) - 1;
}

static void add_kernels(text *t, const pare_oracle *o)
{
    const char *seen[64];
    size_t n = 0;
    for (size_t i = 0; i < o->n_rows; i++) {
        const pare_oracle_row *row = &o->rows[i];
        size_t k = 0;
        if (row->runs != PARE_RUNS_INTEGER && row->runs != PARE_RUNS_WEIGHT_ONLY) continue;
        while (k < n && !pare_str_eq(seen[k], row->becomes)) k++;
        if (k < n || n == 64) continue;
        seen[n++] = row->becomes;
    }
    for (size_t k = 0; k < n; k++)
        add(t, "%s%llu %s", k ? ", " : "  integer        ",
            (unsigned long long)count_op(o, seen[k]), bare(seen[k]));
    if (n) add(t, "\n");
}

pare_status pare_oracle_text(pare_ctx *ctx, const char **out, pare_oracle *o)
{
    text t = { pare_arena_alloc(&o->arena, TEXT_BYTES), 0, TEXT_BYTES };
    *out = "";
    if (!t.at) return pare_arena_fail(ctx, &o->arena);
    t.at[0] = '\0';
    if (!o->is_quantized) add(&t, "  integers       none: nothing in this model is quantized\n");
    else {
        add(&t, "  integers       %.1f %% of the MACs, %llu of %llu products\n",
            100 * o->integer_share, (unsigned long long)o->n_integer_products,
            (unsigned long long)o->n_products);
        add_kernels(&t, o);
        add(&t,
            "  pairs          %llu dropped around moves, %llu Q and DQ executed, %llu added by "
            "the runtime\n",
            (unsigned long long)o->n_runs[PARE_RUNS_MOVE],
            (unsigned long long)o->n_runs[PARE_RUNS_PAIR], (unsigned long long)o->n_added);
        add_causes(&t, o);
        if (!isnan(o->time_ratio))
            add(&t, "  time           %.2f of the same model in floats, predicted (%.2f to %.2f)\n",
                o->time_ratio, o->time_ratio / PARE_ORACLE_TIME_SPREAD,
                o->time_ratio * PARE_ORACLE_TIME_SPREAD);
    }
    for (size_t i = 0; i < o->n_warnings; i++) add(&t, "  warning        %s\n", o->warnings[i]);
    *out = t.at;
    return PARE_OK;
}
