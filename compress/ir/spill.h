/* Tensors whose payload lies in a temporary file: what is made of a model that memory does not
 * hold. */
#ifndef PARE_IR_SPILL_H
#define PARE_IR_SPILL_H

#include "ir/tensor.h"

/* New dense tensor of zeros, its bytes in a file without a name in the folder dir, which goes with
 * the tensor; dir NULL: in memory, as pare_tensor_new. *data may be written to until the tensor is
 * handed on. EIO, naming the folder; ENOMEM. */
pare_status pare_tensor_new_in(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims, const char *dir, uint8_t **data);

/* Takes pages of such a tensor with a folder out of memory, for as long as nobody reads them. Bytes
 * within the tensor only: others would be lost. */
void pare_tensor_release_in(const uint8_t *data, size_t n_bytes);

#endif
