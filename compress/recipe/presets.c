#include "recipe/presets.h"

#include "base/bytes.h"

/* Comments are for people who read `pare recipes NAME`, or begin a recipe of their own with it. */
static const pare_preset presets[] = {
    { "auto", "What suits model and data: chosen by pare, which says why",
      "pare: 1\n"
      "# The first that applies is taken; a recipe of your own has `steps:` instead.\n"
      "choose:\n"
      "  - {when: transformer, preset: int8-dynamic,\n"
      "     why: ranges of a transformer's activations differ from input to input}\n"
      "  - {when: data, preset: int8,\n"
      "     why: there are samples to learn the ranges of activations from}\n"
      "  - {when: always, preset: int8-weights,\n"
      "     why: there are no samples to learn the ranges of activations from}\n" },
    { "fp16", "Weights and arithmetic in floats of 16 bits: half the size, nearly the same answers",
      "pare: 1\n"
      "steps:\n"
      "  - fold: {}\n"
      "  - quantize: {weights: float16}\n" },
    { "int4-weights", "Weights in 4 bits, in blocks with a scale each; activations stay floats",
      "pare: 1\n"
      "steps:\n"
      "  - fold: {}\n"
      "  - quantize: {weights: int4, activations: none}\n" },
    { "int8", "Weights and activations in 8 bits, ranges from data",
      "pare: 1\n"
      "steps:\n"
      "  - quantize: {scheme: w8a8}\n" },
    { "int8-dynamic", "Weights in 8 bits, ranges of activations found while the model runs",
      "pare: 1\n"
      "steps:\n"
      "  - quantize: {scheme: w8a8-dynamic}\n" },
    { "int8-weights", "Weights in 8 bits; activations stay floats, and no data are needed",
      "pare: 1\n"
      "steps:\n"
      "  - fold: {}\n"
      "  - quantize: {weights: int8, activations: none}\n" },
    { "min-energy", "Of several recipes the one that takes least energy within the limits",
      "pare: 1\n"
      "minimize: energy\n"
      "try:\n"
      "  - [{quantize: {scheme: w8a8}}]\n"
      "  - [{quantize: {scheme: w8a8-dynamic}}]\n"
      "  - [{fold: {}}, {quantize: {weights: float16}}]\n"
      "  - [{prune: {max-macs: 75%}}, {quantize: {scheme: w8a8}}]\n" },
    { "min-latency", "Of several recipes the one that is fastest within the limits",
      "pare: 1\n"
      "minimize: latency\n"
      "try:\n"
      "  - [{quantize: {scheme: w8a8}}]\n"
      "  - [{quantize: {scheme: w8a8-dynamic}}]\n"
      "  - [{fold: {}}, {quantize: {weights: float16}}]\n"
      "  - [{prune: {max-macs: 75%}}, {quantize: {scheme: w8a8}}]\n" },
    { "min-size", "Of several recipes the one with the smallest file within the limits",
      "pare: 1\n"
      "minimize: size\n"
      "try:\n"
      "  - [{fold: {}}, {quantize: {weights: int4, activations: none}}]\n"
      "  - [{fold: {}}, {quantize: {weights: int8, activations: none}}]\n"
      "  - [{quantize: {scheme: w8a8}}]\n" },
    { "prune", "Channels taken out until three quarters of the operations remain",
      "pare: 1\n"
      "steps:\n"
      "  - prune: {what: channels, max-macs: 75%}\n" },
    { "prune-int8", "Channels taken out, then weights and activations in 8 bits",
      "pare: 1\n"
      "steps:\n"
      "  - prune: {what: channels, max-macs: 75%, on-miss: roll-back}\n"
      "  - quantize: {scheme: w8a8}\n" },
};

const pare_preset *pare_preset_all(size_t *n)
{
    *n = sizeof(presets) / sizeof(presets[0]);
    return presets;
}

const pare_preset *pare_preset_find(const char *name)
{
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
        if (pare_str_eq(presets[i].name, name)) return &presets[i];
    return NULL;
}
