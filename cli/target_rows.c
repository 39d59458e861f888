#include "cli/target_rows.h"

#include "formats/target.h"

#include <stdio.h>

/* Units by size, the largest first; the first that leaves a value of 1 and more is taken. */
typedef struct row_unit {
    double factor;
    const char *name;
} row_unit;

static const row_unit picojoules[] = { { 1, "pJ" }, { 0, NULL } };
static const row_unit per_byte[] = { { 1, "pJ/B" }, { 0, NULL } };
static const row_unit macs[] = {
    { 1e12, "TMAC/s" }, { 1e9, "GMAC/s" }, { 1e6, "MMAC/s" }, { 0, NULL },
};
static const row_unit ops[] = {
    { 1e12, "TOP/s" }, { 1e9, "GOP/s" }, { 1e6, "MOP/s" }, { 0, NULL },
};
static const row_unit byte_rates[] = {
    { 1e12, "TB/s" }, { 1e9, "GB/s" }, { 1e6, "MB/s" }, { 0, NULL },
};
static const row_unit bytes[] = {
    { 1073741824.0, "GiB" }, { 1048576.0, "MiB" }, { 1024.0, "KiB" }, { 1, "B" }, { 0, NULL },
};
static const row_unit watts[] = { { 1, "W" }, { 1e-3, "mW" }, { 1e-6, "uW" }, { 0, NULL } };
static const row_unit seconds[] = {
    { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" }, { 0, NULL },
};
static const row_unit launches[] = { { 1, "nJ" }, { 0, NULL } };
static const row_unit calls[] = { { 1, "uJ" }, { 0, NULL } };
static const row_unit shares[] = { { 0.01, "%" }, { 0, NULL } };

typedef struct row_list {
    pare_target_row *rows;
    size_t n;
} row_list;

static void add(row_list *list, const char *group, const char *name, const char *part,
                const pare_figure *figure, const row_unit *units)
{
    if (!figure->kind || list->n == PARE_MAX_TARGET_ROWS) return;
    pare_target_row *row = &list->rows[list->n++];
    while (units[1].name && figure->value < units->factor) units++;
    *row = (pare_target_row){ .figure = figure, .value = figure->value / units->factor,
                              .unit = units->name };
    snprintf(row->name, sizeof(row->name), "%s%s%.40s%s%s", group, *group && *name ? "." : "", name,
             *part ? "." : "", part);
}

static void add_types(row_list *list, const char *group, const pare_figure *figures,
                      const row_unit *units)
{
    for (int i = 0; i < PARE_N_ARITHMETIC; i++)
        add(list, group, pare_arithmetic_name((pare_arithmetic)i), "", &figures[i], units);
}

static void add_level(row_list *list, const char *group, const pare_memory_level *level)
{
    add(list, group, level->name, "capacity", &level->capacity_bytes, bytes);
    add(list, group, level->name, "energy", &level->pj_per_byte, per_byte);
    add(list, group, level->name, "bandwidth", &level->bytes_per_s, byte_rates);
}

size_t pare_target_rows(pare_target_row *rows, const pare_target *target)
{
    row_list list = { rows, 0 };
    const pare_hardware *h = &target->hardware;
    add_types(&list, "mac", h->mac_pj, picojoules);
    add_types(&list, "op", h->alu_pj, picojoules);
    add_types(&list, "peak", h->macs_per_s, macs);
    add_types(&list, "op-peak", h->alu_per_s, ops);
    for (int i = 0; i < PARE_N_WORK; i++)
        add(&list, "efficiency", pare_work_name((pare_work)i), "", &h->efficiency[i], shares);
    add(&list, "bandwidth-efficiency", "", "", &h->bandwidth_efficiency, shares);
    for (size_t i = 0; i < h->n_levels; i++) add_level(&list, "levels", &h->levels[i]);
    if (h->weights.name) add_level(&list, "weights-in", &h->weights);
    add(&list, "launch-time", "", "", &h->launch_s, seconds);
    add(&list, "launch-energy", "", "", &h->launch_nj, launches);
    add(&list, "call-energy", "", "", &h->call_uj, calls);
    add(&list, "static", "", "", &h->static_w, watts);
    add(&list, "memory", "flash", "", &target->flash_bytes, bytes);
    add(&list, "memory", "ram", "", &target->ram_bytes, bytes);
    return list.n;
}

pare_figure_kind pare_target_basis(const pare_target *target)
{
    static const pare_arithmetic first[] = { PARE_ARITH_FLOAT32, PARE_ARITH_INT8,
                                             PARE_ARITH_INT16, PARE_ARITH_FLOAT16 };
    const pare_hardware *h = &target->hardware;
    if (h->static_w.kind == PARE_FIGURE_FITTED) return PARE_FIGURE_FITTED;
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        if (h->mac_pj[first[i]].kind) return h->mac_pj[first[i]].kind;
    return PARE_FIGURE_NONE;
}
