/* ONNX Runtime in a process of its own (tests/bench/peer.py), for benchmarks to compare with. */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include "op/eval.h"

#include <stdio.h>
#include <sys/types.h>

typedef struct test_peer {
    pid_t pid;
    FILE *to, *from;
    char answer[512];         /* the last one: after a failure, why */
    char version[32];         /* of ONNX Runtime */
    double load_seconds;      /* that opening the model took, as of test_peer_load */
} test_peer;

/* Starts it with the Python of .venv and opens a model with these inputs. False: see the answer;
 * test_peer_stop is due in any case. */
bool test_peer_start(test_peer *peer, const char *model_path, unsigned n_threads,
                     const pare_eval_input *inputs, size_t n_inputs);
void test_peer_stop(test_peer *peer);

/* Opens the model anew, having closed it, and says how long that took: of the processor with one
 * thread, else of the clock. Inputs are gone. */
bool test_peer_load(test_peer *peer, const char *model_path, unsigned n_threads, double *seconds);

/* Runs n times: seconds of the clock and of the processor for all of them. */
bool test_peer_run(test_peer *peer, long n, double *seconds, double *cpu_seconds);

/* Anonymous memory that it gained since before the model was opened. */
bool test_peer_memory(test_peer *peer, double *mib);

#endif
