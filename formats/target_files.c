#include "formats/target_files.h"

#include "base/bytes.h"

/* The sources that all share come last, so that they are easily left out: see embed.cmake. */
const pare_target_file *pare_target_files(size_t *n)
{
    *n = n_target_files - 1;
    return target_files;
}

const pare_target_file *pare_target_file_of(const char *name)
{
    for (size_t i = 0; i < n_target_files; i++)
        if (pare_str_eq(target_files[i].name, name)) return &target_files[i];
    return NULL;
}
