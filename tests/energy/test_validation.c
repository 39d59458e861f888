/* The estimate against measurements. The tables are printed into docs/energy.md by
 *     energy-test_validation --tables
 * and compared with it by a test. */
#include "energy/fit.h"
#include "formats/target.h"
#include "support/files.h"
#include "support/test.h"
#include "support/validated.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- energy, as shipped ----------------------------------------------------------------------- */

static const char *part_name(const validated_row *row)
{
    return row->part == VALIDATED_CHIP_CONV ? "chip, convolutions" : "";
}

static void print_energy(FILE *out)
{
    test_ctx t;
    size_t n, n_inside = 0;
    const validated_row *rows = validated_rows(&n);
    test_ctx_init(&t);
    fprintf(out, "| target | network | batch | measured | estimated | p10 to p90 | ratio | |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        const validated_result r = validated_estimate(&t, &rows[i]);
        const double uj = rows[i].measured_uj, unit = uj >= 1e6 ? 1e6 : uj >= 1e3 ? 1e3 : 1;
        fprintf(out, "| %s | %s%s%s | %lld | %.3g %s | %.3g | %.3g to %.3g | %.2f | %s |\n",
                rows[i].target, rows[i].net, *part_name(&rows[i]) ? ", " : "", part_name(&rows[i]),
                (long long)rows[i].batch, uj / unit,
                unit > 1e3 ? "J"
                : unit > 1 ? "mJ"
                           : "uJ",
                r.uj / unit, r.low / unit, r.high / unit, r.ratio,
                !r.is_inside         ? "**outside**"
                : rows[i].was_fitted ? "inside, fitted"
                                     : "inside");
        n_inside += r.is_inside;
    }
    fprintf(out, "\n%zu of %zu rows lie inside of the band that is printed with the estimate.\n",
            n_inside, n);
}

static void test_energy(void **state)
{
    test_ctx t;
    size_t n, n_inside = 0;
    const validated_row *rows = validated_rows(&n);
    (void)state;
    test_ctx_init(&t);
    for (size_t i = 0; i < n; i++) {
        const validated_result r = validated_estimate(&t, &rows[i]);
        if (!strncmp(rows[i].target, "nucleo", 6) && (r.ratio < 0.5 || r.ratio > 2))
            fail_msg("%s, %s: %.2f of what was measured", rows[i].target, rows[i].net, r.ratio);
        n_inside += r.is_inside;
    }
    assert_true(n_inside * 100 >= n * 80);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- traffic ---------------------------------------------------------------------------------- */

static const struct {
    const char *net;
    int64_t batch;
    double measured_mb;
} traffic[] = { { "alexnet-caffe", 4, 15.4 }, { "vgg16", 3, 322 } };

enum { N_TRAFFIC = sizeof(traffic) / sizeof(traffic[0]) };

static double traffic_mb(test_ctx *t, size_t i)
{
    validated_net net;
    pare_target *target = validated_target(t, "eyeriss");
    validated_build(t, &net, traffic[i].net, traffic[i].batch, VALIDATED_HALF);
    pare_estimate *e = validated_run(t, &net, target, false);
    const double mb = validated_conv_dram_mb(e);
    pare_estimate_free(&t->ctx, e);
    validated_free(t, &net);
    pare_target_free(&t->ctx, target);
    return mb;
}

static void print_traffic(FILE *out)
{
    test_ctx t;
    test_ctx_init(&t);
    fprintf(out, "| network | batch | measured | estimated | ratio |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < N_TRAFFIC; i++) {
        const double mb = traffic_mb(&t, i);
        fprintf(out, "| %s | %lld | %.1f MB | %.1f MB | %.2f |\n", traffic[i].net,
                (long long)traffic[i].batch, traffic[i].measured_mb, mb,
                mb / traffic[i].measured_mb);
    }
}

static void test_traffic(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    for (size_t i = 0; i < N_TRAFFIC; i++) {
        const double ratio = traffic_mb(&t, i) / traffic[i].measured_mb;
        if (fabs(ratio - 1) > 0.15)
            fail_msg("%s: %.2f of what was measured", traffic[i].net, ratio);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- microcontrollers, blind and fitted without the network asked for ------------------------- */

enum { N_BOARDS = 3, N_TINY = 4 };

/* What is known of a board without measuring a network on it: its clock, its power under load, and
 * what kernels for its family took on another board (Lai et al. 2018, CMSIS-NN on a Cortex-M7: 0.58
 * MACs a cycle for convolutions, 0.46 for a dense layer; half of that for depthwise is a guess). */
typedef struct blind_board {
    const char *target;
    double hz, watts;
} blind_board;

static const blind_board boards[N_BOARDS] = {
    { "nucleo-h7a3zi-q", 280e6, 0.129 },
    { "nucleo-l4r5zi", 120e6, 0.0415 },
    { "nucleo-u575zi-q", 160e6, 0.0234 },
};

static pare_target *blind_target(test_ctx *t, const blind_board *board)
{
    pare_target *target = validated_target(t, board->target);
    pare_hardware *hw = &target->hardware;
    hw->macs_per_s[PARE_ARITH_INT8].value = 2 * board->hz;
    hw->alu_per_s[PARE_ARITH_INT8].value = board->hz;
    hw->efficiency[PARE_WORK_CONV].value = 0.29;
    hw->efficiency[PARE_WORK_POINTWISE].value = 0.29;
    hw->efficiency[PARE_WORK_DEPTHWISE].value = 0.145;
    hw->efficiency[PARE_WORK_GEMM].value = 0.23;
    hw->efficiency[PARE_WORK_GEMV].value = 0.23;
    hw->static_w.value = board->watts;
    return target;
}

static const validated_row *tiny_row(size_t board, size_t net)
{
    size_t n;
    return &validated_rows(&n)[board * N_TINY + net];
}

static void estimate_blind(test_ctx *t, double uj[N_BOARDS][N_TINY])
{
    for (size_t k = 0; k < N_TINY; k++) {
        validated_net net;
        validated_build(t, &net, tiny_row(0, k)->net, 1, VALIDATED_INT8);
        for (size_t b = 0; b < N_BOARDS; b++) {
            assert_string_equal(tiny_row(b, k)->target, boards[b].target);
            pare_target *target = blind_target(t, &boards[b]);
            pare_estimate *e = validated_run(t, &net, target, false);
            uj[b][k] = e->energy_uj.value;
            pare_estimate_free(&t->ctx, e);
            pare_target_free(&t->ctx, target);
        }
        validated_free(t, &net);
    }
}

/* Fits one factor to three networks of a board and asks for the fourth; ratios to measured. */
static void leave_one_out(test_ctx *t, const double *blind_uj, size_t board, double *ratios)
{
    for (size_t left = 0; left < N_TINY; left++) {
        double a[N_TINY], measured[N_TINY];
        size_t n = 0;
        pare_fit fit = { 0 };
        for (size_t k = 0; k < N_TINY; k++) {
            if (k == left) continue;
            a[n] = blind_uj[k];
            measured[n++] = tiny_row(board, k)->measured_uj;
        }
        if (pare_fit_solve(&t->ctx, &fit, n, 1, a, measured)) fail_msg("%s", t->ctx.message);
        ratios[left] = fit.x[0] * blind_uj[left] / tiny_row(board, left)->measured_uj;
        pare_fit_free(&t->ctx, &fit);
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct tiny_table {
    double blind[N_BOARDS][N_TINY], left_out[N_BOARDS][N_TINY]; /* ratios to measured */
    double median, worst; /* of |ln ratio| left out, as factors */
    size_t n_blind_within_2;
} tiny_table;

static void fill_tiny(test_ctx *t, tiny_table *out)
{
    double off[N_BOARDS * N_TINY];
    *out = (tiny_table){ .n_blind_within_2 = 0 };
    estimate_blind(t, out->blind);
    for (size_t b = 0; b < N_BOARDS; b++) {
        leave_one_out(t, out->blind[b], b, out->left_out[b]);
        for (size_t k = 0; k < N_TINY; k++) {
            out->blind[b][k] /= tiny_row(b, k)->measured_uj;
            off[b * N_TINY + k] = fabs(log(out->left_out[b][k]));
            out->n_blind_within_2 += fabs(log(out->blind[b][k])) <= log(2);
        }
    }
    qsort(off, N_BOARDS * N_TINY, sizeof(*off), ascending);
    out->median = exp((off[5] + off[6]) / 2);
    out->worst = exp(off[11]);
}

static void print_tiny(FILE *out)
{
    test_ctx t;
    tiny_table table;
    test_ctx_init(&t);
    fill_tiny(&t, &table);
    fprintf(out, "| board | network | blind | fitted to the other three |\n|---|---|---|---|\n");
    for (size_t b = 0; b < N_BOARDS; b++)
        for (size_t k = 0; k < N_TINY; k++)
            fprintf(out, "| %s | %s | %.2f | %.2f |\n", boards[b].target, tiny_row(b, k)->net,
                    table.blind[b][k], table.left_out[b][k]);
    fprintf(out,
            "\nBlind: %zu of %d within a factor of 2. Fitted to the other three: the median is off "
            "by %.0f %%,\nthe worst by a factor of %.2f.\n",
            table.n_blind_within_2, N_BOARDS * N_TINY, 100 * (table.median - 1), table.worst);
}

static void test_left_out(void **state)
{
    test_ctx t;
    tiny_table table;
    (void)state;
    test_ctx_init(&t);
    fill_tiny(&t, &table);
    assert_true(table.median <= 1.25);
    assert_true(table.worst <= 2);
    assert_true(table.n_blind_within_2 >= 8);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- times of processors ---------------------------------------------------------------------- */

enum { N_CPUS = 2, N_TIMED = 7, N_KNOBS = 5 };

/* Networks 0, 2, 4 and 5 of each processor make one half, the others the other. */
static const bool in_first[N_TIMED] = { true, false, true, false, true, true, false };

static pare_figure *knob(pare_target *target, size_t i)
{
    pare_hardware *hw = &target->hardware;
    pare_figure *const knobs[N_KNOBS] = {
        &hw->efficiency[PARE_WORK_CONV],        &hw->efficiency[PARE_WORK_POINTWISE],
        &hw->efficiency[PARE_WORK_DEPTHWISE],   &hw->efficiency[PARE_WORK_GEMM],
        &hw->efficiency[PARE_WORK_ELEMENTWISE],
    };
    return knobs[i];
}

typedef struct timed {
    validated_net nets[N_TIMED];
    const validated_time *rows; /* of one processor */
    pare_target *target;
    double start[N_KNOBS];
    bool half;
} timed;

static double time_ratio(test_ctx *t, const timed *w, size_t i)
{
    pare_estimate *e = validated_run(t, &w->nets[i], w->target, false);
    const double ratio = e->latency_us.value / 1e3 / w->rows[i].measured_ms;
    pare_estimate_free(&t->ctx, e);
    return ratio;
}

/* Squares of ln of how far times are off, and a little for leaving where the fit began: what no
 * network of the half tells of stays as it was. */
static double loss(test_ctx *t, const timed *w)
{
    double sum = 0;
    for (size_t i = 0; i < N_TIMED; i++)
        if (in_first[i] == w->half) sum += pow(log(time_ratio(t, w, i)), 2);
    for (size_t k = 0; k < N_KNOBS; k++)
        sum += 0.05 * pow(log(knob(w->target, k)->value / w->start[k]), 2);
    return sum;
}

static void fit_half(test_ctx *t, timed *w)
{
    for (size_t k = 0; k < N_KNOBS; k++) knob(w->target, k)->value = w->start[k];
    double best = loss(t, w);
    for (double step = 1.5; step > 1.05; step = sqrt(step)) {
        for (size_t k = 0; k < 2 * N_KNOBS; k++) {
            pare_figure *f = knob(w->target, k / 2);
            const double old = f->value;
            f->value = fmin(1, k % 2 ? old * step : old / step);
            const double now = loss(t, w);
            if (now < best) best = now;
            else f->value = old;
        }
    }
}

typedef struct time_table {
    double shipped[N_CPUS][N_TIMED], other_half[N_CPUS][N_TIMED]; /* ratios to measured */
    size_t n_within_2;
} time_table;

static void fill_cpu(test_ctx *t, timed *w, double *shipped, double *other_half)
{
    pare_target *generic = validated_target(t, "ort-x64");
    w->target = validated_target(t, w->rows[0].target);
    for (size_t i = 0; i < N_TIMED; i++) shipped[i] = time_ratio(t, w, i);
    for (size_t k = 0; k < N_KNOBS; k++) w->start[k] = knob(generic, k)->value;
    for (int half = 0; half < 2; half++) {
        w->half = half;
        fit_half(t, w);
        for (size_t i = 0; i < N_TIMED; i++)
            if (in_first[i] != w->half) other_half[i] = time_ratio(t, w, i);
    }
    pare_target_free(&t->ctx, w->target);
    pare_target_free(&t->ctx, generic);
}

static void fill_times(test_ctx *t, time_table *out)
{
    size_t n;
    timed w;
    const validated_time *rows = validated_times(&n);
    assert_int_equal(n, N_CPUS * N_TIMED);
    for (size_t i = 0; i < N_TIMED; i++)
        validated_build(t, &w.nets[i], rows[i].net, 1, VALIDATED_FLOAT);
    out->n_within_2 = 0;
    for (size_t c = 0; c < N_CPUS; c++) {
        w.rows = &rows[c * N_TIMED];
        fill_cpu(t, &w, out->shipped[c], out->other_half[c]);
        for (size_t i = 0; i < N_TIMED; i++)
            out->n_within_2 += fabs(log(out->other_half[c][i])) <= log(2);
    }
    for (size_t i = 0; i < N_TIMED; i++) validated_free(t, &w.nets[i]);
}

static void print_times(FILE *out)
{
    test_ctx t;
    time_table table;
    size_t n;
    const validated_time *rows = validated_times(&n);
    test_ctx_init(&t);
    fill_times(&t, &table);
    fprintf(out, "| processor | network | measured | as shipped | fitted to the other half |\n"
                 "|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        fprintf(out, "| %s | %s | %.3g ms | %.2f | %.2f |\n", rows[i].target, rows[i].net,
                rows[i].measured_ms, table.shipped[i / N_TIMED][i % N_TIMED],
                table.other_half[i / N_TIMED][i % N_TIMED]);
    fprintf(out, "\nFitted to the other half: %zu of %zu within a factor of 2.\n", table.n_within_2,
            n);
}

static void test_times(void **state)
{
    test_ctx t;
    time_table table;
    (void)state;
    test_ctx_init(&t);
    fill_times(&t, &table);
    assert_true(table.n_within_2 * 100 >= N_CPUS * N_TIMED * 80);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- what Yang et al. 2017 found -------------------------------------------------------------- */

/* Share of weights that Han et al. 2015 left in each layer of AlexNet. */
static const struct {
    const char *layer;
    double kept;
} han[] = {
    { "features.0.conv", 0.84 },
    { "features.1.conv", 0.38 },
    { "features.2.conv", 0.35 },
    { "features.3.conv", 0.37 },
    { "features.4.conv", 0.37 },
    { "fc1", 0.09 },
    { "fc2", 0.09 },
    { "fc3", 0.25 },
};

/* Makes weights of ones, of which evenly spread ones stay. */
static void prune(test_ctx *t, pare_model *model, double share_of_all)
{
    static const uint8_t one[] = { 0x00, 0x3c };
    for (size_t i = 0; i < sizeof(han) / sizeof(han[0]); i++) {
        char name[64];
        uint8_t *data;
        snprintf(name, sizeof(name), "%s.weight", han[i].layer);
        const pare_value_id id = pare_graph_find(model->graph, name);
        assert_true(id != PARE_NONE);
        if (pare_tensor_own(&t->ctx, &model->values[id].tensor, &data))
            fail_msg("%s", t->ctx.message);
        const double kept = share_of_all > 0 ? share_of_all : han[i].kept;
        for (int64_t k = 0; k < model->values[id].tensor->n_elements; k++)
            if (floor((double)(k + 1) * kept) > floor((double)k * kept))
                memcpy(data + 2 * k, one, 2);
    }
}

typedef struct yang {
    double alexnet, squeezenet, googlenet; /* uJ per inference */
    double pruned;                         /* AlexNet of Han et al., as a share */
    double feature_maps, weights;          /* GoogLeNet: uJ of moving them */
} yang;

static double pruned_uj(test_ctx *t, const pare_target *target, double share)
{
    validated_net net;
    pare_estimate *e = NULL;
    const pare_estimate_opts opts = { .batch = 44, .no_bands = true };
    validated_build(t, &net, "alexnet-caffe", 44, VALIDATED_HALF);
    prune(t, net.model, share);
    if (pare_estimate_make(&t->ctx, &e, net.model, net.shapes, target, &opts))
        fail_msg("%s", t->ctx.message);
    const double uj = e->energy_uj.value;
    pare_estimate_free(&t->ctx, e);
    validated_free(t, &net);
    return uj;
}

static double plain_uj(test_ctx *t, const pare_target *target, const char *name, yang *split)
{
    validated_net net;
    validated_build(t, &net, name, 48, VALIDATED_HALF);
    pare_estimate *e = validated_run(t, &net, target, false);
    const double uj = e->energy_uj.value;
    const double pj = target->hardware.levels[1].pj_per_byte.value * 1e-6;
    if (split) {
        split->feature_maps = (double)e->activation_traffic_bytes * pj;
        split->weights = (double)e->weight_traffic_bytes * pj;
    }
    pare_estimate_free(&t->ctx, e);
    validated_free(t, &net);
    return uj;
}

static void fill_yang(test_ctx *t, yang *out)
{
    pare_target *target = validated_target(t, "eyeriss");
    out->alexnet = pruned_uj(t, target, 1);
    out->pruned = pruned_uj(t, target, 0) / out->alexnet;
    out->squeezenet = plain_uj(t, target, "squeezenet1.0", NULL);
    out->googlenet = plain_uj(t, target, "googlenet", out);
    pare_target_free(&t->ctx, target);
}

static void print_yang(FILE *out)
{
    test_ctx t;
    yang y;
    test_ctx_init(&t);
    fill_yang(&t, &y);
    fprintf(out,
            "| finding | paper | estimated |\n|---|---|---|\n"
            "| SqueezeNet over AlexNet | 1.33 | %.2f |\n"
            "| GoogLeNet over AlexNet | 1.92 | %.2f |\n"
            "| saved by removing 89 %% of AlexNet's weights | 54 %% | %.0f %% |\n"
            "| GoogLeNet, DRAM: feature maps over weights | feature maps dominate | %.1f |\n",
            y.squeezenet / y.alexnet, y.googlenet / y.alexnet, 100 * (1 - y.pruned),
            y.feature_maps / y.weights);
}

static void test_yang(void **state)
{
    test_ctx t;
    yang y;
    (void)state;
    test_ctx_init(&t);
    fill_yang(&t, &y);
    assert_true(y.squeezenet > y.alexnet && y.googlenet > y.squeezenet);
    assert_true(y.pruned > 0.4 && y.pruned < 0.9); /* far less than the weights that go */
    assert_true(y.feature_maps > y.weights);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- the page --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*print)(FILE *out);
} tables[] = {
    { "traffic", print_traffic }, { "energy", print_energy }, { "boards", print_tiny },
    { "times", print_times },     { "yang", print_yang },
};

enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

static void begin_mark(char *out, size_t out_bytes, const char *name)
{
    snprintf(out, out_bytes, "<!-- table: %s -->\n", name);
}

static char *print_table(size_t i, size_t *n_bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n_bytes);
    assert_non_null(out);
    tables[i].print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* docs/energy.md has the tables as they are now. */
static void test_page(void **state)
{
    char path[TEST_PATH_BYTES], mark[128];
    char *page = (char *)test_read_file(test_source_path(path, "docs/energy.md"), NULL);
    (void)state;
    for (size_t i = 0; i < N_TABLES; i++) {
        size_t n_bytes = 0;
        begin_mark(mark, sizeof(mark), tables[i].name);
        const char *at = strstr(page, mark);
        if (!at) fail_msg("docs/energy.md has no table '%s'", tables[i].name);
        char *text = print_table(i, &n_bytes);
        if (strncmp(at + strlen(mark), text, n_bytes))
            fail_msg("docs/energy.md: table '%s' is not what energy-test_validation --tables "
                     "prints",
                     tables[i].name);
        free(text);
    }
    free(page);
}

/* Writes the page with the tables in the place of the old ones to stdout. */
static int print_page(void)
{
    char path[TEST_PATH_BYTES], mark[128];
    char *page = (char *)test_read_file(test_source_path(path, "docs/energy.md"), NULL);
    const char *from = page;
    for (size_t i = 0; i < N_TABLES; i++) {
        begin_mark(mark, sizeof(mark), tables[i].name);
        const char *at = strstr(from, mark);
        const char *end = at ? strstr(at, "<!-- end -->") : NULL;
        if (!end) return 1;
        fwrite(from, 1, (size_t)(at - from) + strlen(mark), stdout);
        tables[i].print(stdout);
        from = end;
    }
    fputs(from, stdout);
    free(page);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traffic),  cmocka_unit_test(test_energy),
        cmocka_unit_test(test_left_out), cmocka_unit_test(test_times),
        cmocka_unit_test(test_yang),     cmocka_unit_test(test_page),
    };
    if (argc > 1 && !strcmp(argv[1], "--tables")) return print_page();
    return test_run(tests);
}
