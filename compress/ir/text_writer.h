/* What the parts of the text writer share. Inside of ir only. */
#ifndef PARE_IR_TEXT_WRITER_H
#define PARE_IR_TEXT_WRITER_H

#include "ir/model.h"

#include <stdio.h>

/* Where text goes. The first failure is remembered and ends all writing. */
typedef struct text_out {
    pare_ctx *ctx;
    FILE *to;
    const pare_model *model;
    unsigned indent; /* levels of two spaces */
    pare_status status;
} text_out;

/* --- pieces (text_write_data.c) --------------------------------------------------------------- */

void pare_put(text_out *o, const char *text);
void pare_put_i64(text_out *o, int64_t value);
void pare_put_f32(text_out *o, float value);

/* Starts a line at the present depth. */
void pare_put_line(text_out *o);

/* A quoted string with its escapes; NULL counts as "". */
void pare_put_bytes(text_out *o, pare_bytes bytes);
void pare_put_string(text_out *o, const char *text);

/* A name, in quotes where it must be; NULL counts as "". */
void pare_put_name(text_out *o, const char *name);

void pare_put_type(text_out *o, const pare_type *type);

/* `float[2,3]` and `{ elements }` of a tensor. */
void pare_put_tensor_type(text_out *o, const pare_tensor *tensor);
void pare_put_elements(text_out *o, const pare_tensor *tensor);

/* `sparse_tensor(float[2,3])` and `{values, indices}`. */
void pare_put_sparse_type(text_out *o, const pare_sparse_tensor *sparse);
void pare_put_sparse(text_out *o, const pare_sparse_tensor *sparse);

#endif
