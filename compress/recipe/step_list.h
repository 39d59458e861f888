/* The steps that recipes are made of, in alphabetical order: included with PARE_STEP defined, hence
 * no include guard. */
PARE_STEP(fold)
PARE_STEP(prune)
PARE_STEP(quantize)
