/* The passes, by name: included with PARE_PASS defined, hence no include guard. */
PARE_PASS("dead-code", dead_code)
PARE_PASS("fold-affine", fold_affine)
PARE_PASS("fold-constants", fold_constants)
