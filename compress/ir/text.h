/* Models as text, in the syntax of ONNX's own textual format (onnx docs/Syntax.md): for golden
 * tests, for --dump-after, and to write small models in tests.
 *
 *     <ir_version: 8, opset_import: ["" : 13]>
 *     agraph (float[N,2] X) => (float[N,2] Y) <float[2] B = {0.5, -1}, float[N,2] h> {
 *       [first] h = Relu (X)
 *       Y = com.microsoft.Gelu <alpha: float = 0.5> (h, B)
 *     }
 *
 * Nodes stand in the graph's order and may use what is defined further down. Comments run from # to
 * the end of the line. What ONNX's syntax has no place for is written so:
 *
 *     name <doc_string: "...", metadata_props: ["k": "v"],          of any graph, behind its name;
 *           quantization_annotation: ["x": ["SCALE_TENSOR": "s"]]> (...) => ...
 *     [name, doc_string: "...", metadata_props: ["k": "v"]] y = ...  of a node, in its label
 *     metadata_props: ["k": "v"]                                    of a function, as of a model
 *     float[N@"DATA_BATCH",3]@"IMAGE"     denotations of a dimension and of a type
 *     notype, undefined[3], seq()         a type that says nothing, no element type, no inner type
 *     sparse_tensor(float[9]) W = {float[2] {1, 2}, int64[2] {0, 5}}
 *                                         values (or `absent`) and indices of an initializer;
 *                                         without the name, the value of an attribute
 *     a: undefined = []                   an attribute without type and value
 *     y = "odd op":"f32" (x)              operators, domains and graphs that are no identifiers
 *     "\x00\"\\"                          bytes as \xNN; other letters behind \ are errors
 *     nan(2143289345)                     a NaN by its bits
 *
 * As in ONNX, float[] has an unknown rank, float is a scalar, and elements of float types narrower
 * than 32 bits are written as bit patterns. Complex elements are two numbers each.
 *
 * What the text does not show: payload forms and places, names of opaque types, whether a domain or
 * graph name was absent or empty, and values that nothing uses or declares. */
#ifndef PARE_IR_TEXT_H
#define PARE_IR_TEXT_H

#include "ir/model.h"

#include <stdio.h>

/* Prints the model. Payloads of more than 16 elements are printed as their length and a hash of the
 * dense bytes; such text cannot be parsed back. EFORMAT when a payload is malformed, EIO when
 * writing fails. */
pare_status pare_text_write(pare_ctx *ctx, FILE *to, const pare_model *model);

/* Builds a model from text (terminated). The text may be hostile. EFORMAT with "LINE:COLUMN: " in
 * front, expected and found. What pare_text_write prints without hashes parses to a model that is
 * equal but for what the text does not show, and that prints the same again. */
pare_status pare_text_parse(pare_ctx *ctx, pare_model **out, const char *text);

#endif
