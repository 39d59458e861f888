/* The half of a target that says what operations and bytes cost there. */
#include "formats/target_parse.h"

#include <math.h>
#include <string.h>

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

static const char *const types[] = {
#define TYPE_NAME(symbol, name, bits) name,
    PARE_ARITHMETIC(TYPE_NAME)
#undef TYPE_NAME
};

static const char *const works[] = {
#define WORK_NAME(symbol, name) name,
    PARE_WORK(WORK_NAME)
#undef WORK_NAME
};

const char *pare_arithmetic_name(pare_arithmetic type)
{
    return types[type];
}

const char *pare_work_name(pare_work work)
{
    return works[work];
}

/* A map from names to figures; those that are not there stay as they are. */
static pare_status read_table(target_job *job, const pare_yaml_node *map, const char *key,
                              const char *const *names, size_t n, target_unit unit,
                              pare_figure *figures)
{
    const pare_yaml_node *table = pare_yaml_get(map, key);
    if (!table) return PARE_OK;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, table, names, n));
    for (size_t i = 0; i < n; i++)
        PARE_TRY(pare_target_get_figure(job, table, names[i], unit, &figures[i]));
    return PARE_OK;
}

/* The type that stands in for another one, which must have figures, maybe by another detour. */
static pare_status read_fallback(target_job *job, const pare_yaml_node *hardware)
{
    pare_hardware *h = &job->target->hardware;
    const pare_yaml_node *map = pare_yaml_get(hardware, "fallback");
    if (!map) return PARE_OK;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, map, types, TARGET_COUNT(types)));
    for (size_t i = 0; i < PARE_N_ARITHMETIC; i++) {
        const pare_yaml_node *node = pare_yaml_get(map, types[i]);
        size_t to = i;
        if (!node) continue;
        if (node->kind != PARE_YAML_SCALAR || strcmp(node->text, "none") != 0)
            PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, node, types, TARGET_COUNT(types), &to));
        h->fallback[i] = (uint8_t)to;
    }
    for (size_t i = 0; i < PARE_N_ARITHMETIC; i++) {
        size_t at = i, steps = 0;
        while (h->fallback[at] != at && steps++ < PARE_N_ARITHMETIC) at = h->fallback[at];
        if (steps > PARE_N_ARITHMETIC)
            return FAIL(job, map, "'fallback': '%s' leads back to itself", types[i]);
    }
    return PARE_OK;
}

static pare_status read_level(target_job *job, const pare_yaml_node *node, pare_memory_level *level)
{
    static const char *const keys[] = { "name", "capacity", "usable", "energy", "bandwidth" };
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    *level = (pare_memory_level){ .usable = 0.5 };
    if (!pare_yaml_get(node, "name")) return FAIL(job, node, "a level: expected its 'name'");
    PARE_TRY(pare_target_get_text(job, node, "name", &level->name));
    PARE_TRY(pare_target_get_figure(job, node, "capacity", TARGET_BYTES, &level->capacity_bytes));
    PARE_TRY(pare_target_get_amount(job, node, "usable", TARGET_SHARE, &level->usable));
    PARE_TRY(pare_target_get_figure(job, node, "energy", TARGET_BYTE_ENERGY, &level->pj_per_byte));
    return pare_target_get_figure(job, node, "bandwidth", TARGET_BYTE_RATE, &level->bytes_per_s);
}

static pare_status read_levels(target_job *job, const pare_yaml_node *hardware)
{
    pare_hardware *h = &job->target->hardware;
    const pare_yaml_node *list = pare_yaml_get(hardware, "levels");
    if (!list) return PARE_OK;
    if (list->kind != PARE_YAML_LIST || !list->n_items || list->n_items > PARE_MAX_LEVELS)
        return FAIL(job, list, "'levels': expected a list of 1 to %d stores, from near to far",
                    PARE_MAX_LEVELS);
    h->n_levels = list->n_items;
    for (size_t i = 0; i < h->n_levels; i++) {
        PARE_TRY(read_level(job, &list->items[i], &h->levels[i]));
        const bool is_last = i + 1 == h->n_levels;
        if (is_last) h->levels[i].capacity_bytes.kind = PARE_FIGURE_NONE; /* holds everything */
        else if (!(h->levels[i].capacity_bytes.value > 0))
            return FAIL(job, &list->items[i], "level '%s': expected a 'capacity', as it is not the "
                        "last one", h->levels[i].name);
        if (i && !is_last &&
            h->levels[i].capacity_bytes.value < h->levels[i - 1].capacity_bytes.value)
            return FAIL(job, &list->items[i], "level '%s' is smaller than '%s': expected levels "
                        "from small and near to far", h->levels[i].name, h->levels[i - 1].name);
    }
    return PARE_OK;
}

static pare_status read_credit(target_job *job, const pare_yaml_node *node,
                               pare_sparsity_credit *credit)
{
    static const char *const keys[] = { "pattern", "from", "time", "energy", "weight-bytes" };
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    *credit = (pare_sparsity_credit){ .mac_time = 1, .mac_energy = 1 };
    if (!pare_yaml_get(node, "pattern"))
        return FAIL(job, node, "a credit for zeros: expected its 'pattern'");
    PARE_TRY(pare_target_get_text(job, node, "pattern", &credit->pattern));
    static const char *const shares[] = { "from", "time", "energy", "weight-bytes" };
    double *const fields[] = { &credit->min_sparsity, &credit->mac_time, &credit->mac_energy,
                               &credit->weight_bytes };
    for (size_t i = 0; i < TARGET_COUNT(shares); i++) {
        const pare_yaml_node *share = pare_yaml_get(node, shares[i]);
        if (share && share->kind == PARE_YAML_SCALAR && !strcmp(share->text, "0")) *fields[i] = 0;
        else PARE_TRY(pare_target_get_amount(job, node, shares[i], TARGET_SHARE, fields[i]));
    }
    return PARE_OK;
}

static pare_status read_credits(target_job *job, const pare_yaml_node *hardware)
{
    pare_hardware *h = &job->target->hardware;
    const pare_yaml_node *list = pare_yaml_get(hardware, "sparsity");
    if (!list) return PARE_OK;
    if (list->kind != PARE_YAML_LIST || list->n_items > PARE_MAX_CREDITS)
        return FAIL(job, list, "'sparsity': expected a list of at most %d patterns",
                    PARE_MAX_CREDITS);
    h->n_credits = list->n_items;
    for (size_t i = 0; i < h->n_credits; i++)
        PARE_TRY(read_credit(job, &list->items[i], &h->credits[i]));
    return PARE_OK;
}

static pare_status read_boundary(target_job *job, const pare_yaml_node *hardware)
{
    static const char *const words[] = { "chip", "package", "board", "system" };
    pare_hardware *h = &job->target->hardware;
    const pare_yaml_node *node = pare_yaml_get(hardware, "boundary");
    const pare_yaml_node *pue = pare_yaml_get(hardware, "pue");
    size_t i = 0;
    if (node) {
        PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, node, words, TARGET_COUNT(words), &i));
        h->boundary = words[i];
    } else if (!h->boundary)
        return FAIL(job, hardware, "'hardware': expected a 'boundary': what the joules are of, "
                    "chip, package, board or system");
    if (!pue) return PARE_OK;
    PARE_TRY(pare_yaml_real(job->ctx, job->yaml, pue, &h->pue));
    if (h->pue >= 1 && h->pue <= 10) return PARE_OK;
    return FAIL(job, pue, "'pue': expected a factor from 1 to 10, found '%s'", pue->text);
}

/* Time and energy that no operation explains. */
static pare_status read_fixed(target_job *job, const pare_yaml_node *hardware)
{
    pare_hardware *h = &job->target->hardware;
    PARE_TRY(pare_target_get_figure(job, hardware, "launch-time", TARGET_TIME, &h->launch_s));
    PARE_TRY(pare_target_get_figure(job, hardware, "launch-energy", TARGET_LAUNCH, &h->launch_nj));
    PARE_TRY(pare_target_get_figure(job, hardware, "call-energy", TARGET_CALL, &h->call_uj));
    PARE_TRY(pare_target_get_figure(job, hardware, "static", TARGET_POWER, &h->static_w));
    PARE_TRY(pare_target_get_bool(job, hardware, "marginal", &h->marginal));
    return pare_target_get_bool(job, hardware, "energy-only", &h->energy_only);
}

/* What a file inherited of times. */
static void forget_times(pare_hardware *h)
{
    memset(h->macs_per_s, 0, sizeof(h->macs_per_s));
    memset(h->alu_per_s, 0, sizeof(h->alu_per_s));
    memset(h->efficiency, 0, sizeof(h->efficiency));
    for (size_t i = 0; i < h->n_levels; i++) h->levels[i].bytes_per_s = (pare_figure){ 0 };
    h->weights.bytes_per_s = h->bandwidth_efficiency = (pare_figure){ 0 };
    h->launch_s = h->static_w = (pare_figure){ 0 };
}

static pare_status check_whole(target_job *job, const pare_yaml_node *node)
{
    const pare_hardware *h = &job->target->hardware;
    if (!h->n_levels)
        return FAIL(job, node, "'hardware': expected 'levels', at least the one that holds "
                    "everything");
    for (size_t i = 0; i < PARE_N_ARITHMETIC; i++)
        if (h->mac_pj[i].kind) return PARE_OK;
    return FAIL(job, node, "'hardware': expected energy of a MAC of at least one type, in 'mac'");
}

pare_status pare_target_read_hardware(target_job *job, const pare_yaml_node *node)
{
    static const char *const keys[] = {
        "boundary", "pue", "mac", "op", "peak", "op-peak", "fallback", "efficiency",
        "bandwidth-efficiency", "levels", "near", "weights-in", "launch-time", "launch-energy",
        "call-energy", "static", "marginal", "sparsity", "energy-only",
    };
    pare_hardware *h = &job->target->hardware;
    const pare_yaml_node *weights = pare_yaml_get(node, "weights-in");
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    PARE_TRY(read_boundary(job, node));
    PARE_TRY(read_table(job, node, "mac", types, TARGET_COUNT(types), TARGET_MAC_ENERGY,
                        h->mac_pj));
    PARE_TRY(read_table(job, node, "op", types, TARGET_COUNT(types), TARGET_OP_ENERGY, h->alu_pj));
    PARE_TRY(read_table(job, node, "peak", types, TARGET_COUNT(types), TARGET_MAC_RATE,
                        h->macs_per_s));
    PARE_TRY(read_table(job, node, "op-peak", types, TARGET_COUNT(types), TARGET_OP_RATE,
                        h->alu_per_s));
    PARE_TRY(read_fallback(job, node));
    PARE_TRY(read_table(job, node, "efficiency", works, TARGET_COUNT(works), TARGET_SHARE,
                        h->efficiency));
    PARE_TRY(pare_target_get_figure(job, node, "bandwidth-efficiency", TARGET_SHARE,
                                    &h->bandwidth_efficiency));
    PARE_TRY(read_levels(job, node));
    PARE_TRY(pare_target_get_amount(job, node, "near", TARGET_BYTES, &h->near_bytes));
    if (weights && weights->kind == PARE_YAML_SCALAR && !strcmp(weights->text, "none"))
        h->weights = (pare_memory_level){ 0 };
    else if (weights) PARE_TRY(read_level(job, weights, &h->weights));
    PARE_TRY(read_fixed(job, node));
    PARE_TRY(read_credits(job, node));
    if (h->energy_only) forget_times(h);
    job->target->has_hardware = true;
    return check_whole(job, node);
}
