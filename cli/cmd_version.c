#include "cli/app.h"

#include "formats/onnx/about.h"
#include "formats/onnx/limits.h"
#include "formats/report/json.h"
#include "version.h"

#include <stdio.h>

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

#if defined(__x86_64__)
#define ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#else
#define ARCHITECTURE "other"
#endif

/* Instruction sets beyond the architecture's baseline that this processor has, as far as they
 * matter to arithmetic; names[] ends with NULL. */
static void find_features(const char *names[8])
{
    size_t n = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.1")) names[n++] = "sse4.1";
    if (__builtin_cpu_supports("avx")) names[n++] = "avx";
    if (__builtin_cpu_supports("avx2")) names[n++] = "avx2";
    if (__builtin_cpu_supports("fma")) names[n++] = "fma";
    if (__builtin_cpu_supports("avx512f")) names[n++] = "avx512f";
    if (__builtin_cpu_supports("avx512bw")) names[n++] = "avx512bw";
    if (__builtin_cpu_supports("avx512vnni")) names[n++] = "avx512vnni";
#endif
    names[n] = NULL;
}

static int print_json(pare_app *app, const char *const *features)
{
    pare_json j;
    pare_json_init(&j, &app->ctx);
    pare_json_text(&j, "schema", "pare.version/1");
    pare_json_text(&j, "version", PARE_VERSION);
    pare_json_int(&j, "onnx_ir_version", PARE_ONNX_MAX_IR_VERSION);
    pare_json_int(&j, "onnx_opset", PARE_ONNX_OPSET);
    pare_json_text(&j, "protobuf_c", pare_onnx_protobuf_version());
    pare_json_text(&j, "jansson", pare_json_library_version());
    pare_json_text(&j, "compiler", COMPILER);
    pare_json_open_object(&j, "cpu");
    pare_json_text(&j, "architecture", ARCHITECTURE);
    pare_json_open_array(&j, "features");
    for (; *features; features++) pare_json_text(&j, NULL, *features);
    pare_json_close(&j);
    pare_json_close(&j);
    return pare_app_print_json(app, &j);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    (void)args;
    (void)options;
    const char *features[8];
    find_features(features);
    if (app->shared.json) return print_json(app, features);
    printf("pare %s\n", PARE_VERSION);
    printf("  ONNX        IR version %d, opset %d\n", PARE_ONNX_MAX_IR_VERSION, PARE_ONNX_OPSET);
    printf("  libraries   protobuf-c %s, jansson %s\n", pare_onnx_protobuf_version(),
           pare_json_library_version());
    printf("  compiler    %s\n", COMPILER);
    printf("  processor   %s", ARCHITECTURE);
    for (size_t i = 0; features[i]; i++) printf("%s%s", i ? " " : ": ", features[i]);
    putchar('\n');
    return PARE_EXIT_DONE;
}

static const pare_example examples[] = {
    { "pare version", "what to put into a bug report" },
};

const pare_cmd pare_cmd_version = {
    .name = "version",
    .description = "Shows the version of pare, what it knows of ONNX, the libraries and the "
                   "compiler it was built with, and what this processor offers.",
    .shared = PARE_SHARED_OUTPUT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .run = run,
};
