#include "energy/figures.h"

#include <math.h>

static pare_band scaled(pare_band band, double factor)
{
    return (pare_band){ band.value * factor, band.low * factor, band.high * factor };
}

void pare_estimate_figures(pare_report_figures *out, const pare_estimate *e, uint64_t file_bytes)
{
    *out = (pare_report_figures){
        .priced = e->has_energy, .params = e->params, .file_bytes = file_bytes,
        .macs = e->macs, .other_ops = e->other_ops, .flops = e->flops,
        .weight_traffic_bytes = e->weight_traffic_bytes,
        .activation_traffic_bytes = e->activation_traffic_bytes,
        .dram_traffic_bytes = e->dram_bytes, .energy_mj = scaled(e->energy_uj, 1e-3),
        .latency_ms = scaled(e->latency_us, 1e-3), .ram_peak_bytes = e->ram_peak_bytes,
        .flash_bytes = e->flash_bytes, .sparsity = e->sparsity,
    };
    for (size_t i = 0; i < PARE_REPORT_TERMS; i++) out->energy_terms_mj[i] = e->terms_uj[i] * 1e-3;
    if (!e->has_time) out->latency_ms = (pare_band){ NAN, NAN, NAN };
}
