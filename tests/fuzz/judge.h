/* What has to hold of any model, however strange. */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include "base/status.h"

/* Runs a model that is given as text (ir/text.h) on what its inputs default to, in little memory;
 * ends the program when it does anything but give results or refuse in words, or when a plan gives
 * others. FUZZ_PRINT in the environment: prints the text and what became of it. */
pare_status fuzz_judge(const char *text);

#endif
