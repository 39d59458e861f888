/* Models as text, in the syntax of ONNX's own textual format (onnx docs/Syntax.md): for golden
 * tests, for --dump-after, and to write small models in tests. */
#ifndef PARE_IR_TEXT_H
#define PARE_IR_TEXT_H

#include "ir/model.h"

#include <stdio.h>

/* Prints the model. Payloads of more than 16 elements are printed as their length and a hash of the
 * dense bytes; such text cannot be parsed back. EIO when writing fails. */
pare_status pare_text_write(pare_ctx *ctx, FILE *to, const pare_model *model);

/* Builds a model from text (terminated); origin of messages: line and column, expected and found.
 * EFORMAT. What pare_text_write prints without hashes parses to an equal model. */
pare_status pare_text_parse(pare_ctx *ctx, pare_model **out, const char *text);

#endif
