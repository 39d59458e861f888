#include "support/peer.h"

#include "support/files.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads the answer to the last command; false when it is an error. */
static bool hear(test_peer *peer)
{
    fflush(peer->to);
    if (!fgets(peer->answer, sizeof(peer->answer), peer->from)) {
        snprintf(peer->answer, sizeof(peer->answer), "it ended (is ONNX Runtime in .venv?)");
        return false;
    }
    peer->answer[strcspn(peer->answer, "\n")] = 0;
    return strncmp(peer->answer, "error", 5) != 0;
}

static void become_peer(int in, int out)
{
    char python[TEST_PATH_BYTES], script[TEST_PATH_BYTES];
    test_source_path(python, ".venv/bin/python");
    test_source_path(script, "tests/bench/peer.py");
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execl(python, python, script, (char *)NULL);
    _exit(127);
}

static bool send_input(test_peer *peer, const pare_eval_input *input)
{
    const pare_tensor *t = input->datum.tensor;
    if (input->datum.kind != PARE_TYPE_TENSOR || t->encoding != PARE_ENC_DENSE) {
        snprintf(peer->answer, sizeof(peer->answer), "input '%s' is no plain tensor", input->name);
        return false;
    }
    fprintf(peer->to, "input %s %s %" PRIu64 " ", input->name, pare_dtype_name(t->dtype),
            (uint64_t)t->payload.n);
    for (uint32_t i = 0; i < t->rank; i++) fprintf(peer->to, "%" PRId64 ",", t->dims[i]);
    fprintf(peer->to, "\n");
    fwrite(t->payload.data, 1, t->payload.n, peer->to);
    return hear(peer);
}

bool test_peer_start(test_peer *peer, const char *model_path, unsigned n_threads,
                     const pare_eval_input *inputs, size_t n_inputs)
{
    int to[2], from[2];
    *peer = (test_peer){ 0 };
    signal(SIGPIPE, SIG_IGN);
    if (pipe(to) || pipe(from)) return false;
    fflush(NULL);
    peer->pid = fork();
    if (peer->pid == 0) {
        close(to[1]);
        close(from[0]);
        become_peer(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    peer->to = fdopen(to[1], "w");
    peer->from = fdopen(from[0], "r");
    if (peer->pid < 0 || !peer->to || !peer->from) return false;
    fprintf(peer->to, "version\n");
    bool is_well = hear(peer);
    snprintf(peer->version, sizeof(peer->version), "%.31s", peer->answer);
    if (!is_well) return false;
    is_well = test_peer_load(peer, model_path, n_threads, &peer->load_seconds);
    for (size_t i = 0; is_well && i < n_inputs; i++) is_well = send_input(peer, &inputs[i]);
    return is_well;
}

void test_peer_stop(test_peer *peer)
{
    if (peer->to) fclose(peer->to);
    if (peer->from) fclose(peer->from);
    if (peer->pid > 0) waitpid(peer->pid, NULL, 0);
    *peer = (test_peer){ 0 };
}

bool test_peer_load(test_peer *peer, const char *model_path, unsigned n_threads, double *seconds)
{
    fprintf(peer->to, "load %u %s\n", n_threads, model_path);
    if (!hear(peer)) return false;
    char *end;
    const double wall = strtod(peer->answer, &end), cpu = strtod(end, NULL);
    *seconds = n_threads > 1 ? wall : cpu;
    return true;
}

bool test_peer_run(test_peer *peer, long n, double *seconds, double *cpu_seconds)
{
    char *end;
    fprintf(peer->to, "run %ld\n", n);
    if (!hear(peer)) return false;
    *seconds = strtod(peer->answer, &end);
    *cpu_seconds = strtod(end, NULL);
    return true;
}

bool test_peer_memory(test_peer *peer, double *mib)
{
    fprintf(peer->to, "memory\n");
    if (!hear(peer)) return false;
    *mib = strtod(peer->answer, NULL);
    return true;
}
