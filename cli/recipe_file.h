/* Recipes as YAML (docs/recipes.md): files of users, and the presets. */
#ifndef CLI_RECIPE_FILE_H
#define CLI_RECIPE_FILE_H

#include "cli/app.h"

/* Reads a recipe. EFORMAT, "NAME:LINE: ...", naming the nearest key or value, for what is no
 * recipe; EIO, ENOMEM, EBUDGET. Paths in it that are relative are so to its folder, and come out
 * relative to where the program runs. pare_recipe_free is the caller's in every case. */
pare_status pare_recipe_read(pare_ctx *ctx, pare_recipe *out, const char *path);

/* A preset's. */
pare_status pare_recipe_of_preset(pare_ctx *ctx, pare_recipe *out, const pare_preset *preset);

#endif
