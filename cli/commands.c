#include "cli/ci.h"

const pare_cmd_row pare_cmds[] = {
#define PARE_CMD(name, summary) { &pare_cmd_##name, summary },
#include "cli/cmd_list.h"
#undef PARE_CMD
};
const size_t pare_n_cmds = PARE_COUNT_OF(pare_cmds);

#define FIELD(name) offsetof(pare_shared, name)

const pare_option pare_shared_options[] = {
    { .name = "json", .kind = PARE_OPT_FLAG, .group = PARE_SHARED_OUTPUT, .offset = FIELD(json),
      .help = "Print one JSON object on standard output and nothing else there" },
    { .name = "quiet", .short_name = 'q', .kind = PARE_OPT_FLAG, .group = PARE_SHARED_OUTPUT,
      .offset = FIELD(quiet), .help = "No warnings, no progress, no summary of what was written" },
    { .name = "verbose", .short_name = 'v', .kind = PARE_OPT_FLAG, .group = PARE_SHARED_OUTPUT,
      .offset = FIELD(verbose), .help = "Say what is done and how long it takes; cut no lists" },
    { .name = "max-memory", .kind = PARE_OPT_SIZE, .group = PARE_SHARED_MODEL,
      .placeholder = "SIZE", .offset = FIELD(max_memory_bytes),
      .help = "Most memory for the structure of a model, weights not counted (default 192MiB), and "
              "for values where it is run" },
    { .name = "allow-linked-data", .kind = PARE_OPT_FLAG, .group = PARE_SHARED_MODEL,
      .offset = FIELD(allow_linked_data),
      .help = "Read external data through links that stay beneath the model's folder" },
    { .name = "allow-newer-ir", .kind = PARE_OPT_FLAG, .group = PARE_SHARED_MODEL,
      .offset = FIELD(allow_newer_ir),
      .help = "Accept files of an ONNX IR version newer than pare knows" },
    { .name = "exact", .kind = PARE_OPT_FLAG, .group = PARE_SHARED_EXACT, .offset = FIELD(exact),
      .help = "Compute the bits of the operators' definitions: no algorithm that rounds otherwise. "
              "Verbs that judge or change a model always do" },
    { .name = "report", .kind = PARE_OPT_STRING, .group = PARE_SHARED_REPORT, .placeholder = "DIR",
      .offset = FIELD(report_dir),
      .help = "Write report.html, report.md, report.json, results.csv and junit.xml into DIR" },
    { .name = "ci", .kind = PARE_OPT_CHOICE, .group = PARE_SHARED_REPORT, .placeholder = "SYSTEM",
      .choices = pare_ci_choices, .offset = FIELD(ci),
      .help = "Tell auto (default: what the environment says), github, gitlab or none about "
              "figures and limits: summary, annotations, outputs, metrics" },
    { .name = "help", .short_name = 'h', .kind = PARE_OPT_FLAG, .offset = FIELD(help),
      .help = "Show this help" },
    { .name = "version", .kind = PARE_OPT_FLAG, .group = PARE_SHARED_PROGRAM,
      .offset = FIELD(version), .help = "Show what 'pare version' shows" },
};
const size_t pare_n_shared_options = PARE_COUNT_OF(pare_shared_options);

#undef FIELD

const pare_cmd_row *pare_cmd_find(const char *name)
{
    for (size_t i = 0; i < pare_n_cmds; i++) {
        if (pare_str_eq(pare_cmds[i].command->name, name)) return &pare_cmds[i];
    }
    return NULL;
}
