/* Limits of models in memory. Those of files are in formats/onnx/limits.h. */
#ifndef PARE_IR_LIMITS_H
#define PARE_IR_LIMITS_H

enum {
    PARE_MAX_GRAPH_DEPTH = 32, /* graphs inside of attributes inside of graphs; bounds recursion */
};

#endif
