/* What formats/targets/embed.cmake makes of the YAML files in formats/targets: targets sorted by
 * name, and behind them sources.yaml. */
#ifndef FORMATS_TARGET_FILES_H
#define FORMATS_TARGET_FILES_H

#include "formats/target.h"

extern const pare_target_file target_files[];
extern const size_t n_target_files;

#endif
