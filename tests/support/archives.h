/* Archives and data sets for tests, made by support/make_archives.py. */
#ifndef TESTS_SUPPORT_ARCHIVES_H
#define TESTS_SUPPORT_ARCHIVES_H

#include "support/files.h"

/* A new temporary folder with what make_archives.py writes: same/, hostile/, data/. The test is
 * skipped where there is no python3. The caller removes it. Returns out. */
char *test_make_archives(char out[TEST_PATH_BYTES]);

#endif
