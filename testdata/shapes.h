/* The network of testdata/shapes, and its data: pictures of ten shapes, drawn by this program. */
#ifndef TESTDATA_SHAPES_H
#define TESTDATA_SHAPES_H

#include "base/ctx.h"
#include "base/rng.h"

enum { SHAPES_SIDE = 16, SHAPES_PIXELS = SHAPES_SIDE * SHAPES_SIDE, SHAPES_CLASSES = 10 };

/* Draws one picture of a class: place, size, brightness and noise are the rng's. */
void shapes_draw(pare_rng *rng, int class, uint8_t pixels[SHAPES_PIXELS]);

/* Writes images.idx and labels.idx into the folder dir: 800 pictures that training does not see. */
pare_status shapes_write_data(pare_ctx *ctx, const char *dir);

/* Trains the network, a minute or two, and writes it to path. Progress goes to standard error. */
pare_status shapes_train(pare_ctx *ctx, const char *path);

#endif
