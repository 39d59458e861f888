/* Parameters of operators that make tensors out of little. */
#ifndef PARE_OP_CREATE_H
#define PARE_OP_CREATE_H

#include "op/eval.h"

/* Constant: exactly one of its attributes. */
typedef struct pare_constant_params {
    const pare_attr *value;   /* in whatever form; its type says which */
} pare_constant_params;

typedef struct pare_constant_of_shape_params {
    pare_tensor *value;       /* one element, borrowed; NULL: a float 0 */
} pare_constant_of_shape_params;

typedef struct pare_eye_like_params {
    pare_dtype dtype;         /* UNDEFINED: the input's */
    int64_t k;                /* of the diagonal; above the main one where positive */
} pare_eye_like_params;

/* RandomNormal, RandomUniform, their Like forms, Bernoulli, Multinomial. */
typedef struct pare_random_params {
    pare_dtype dtype;         /* UNDEFINED: the input's */
    float a, b;               /* mean and scale, or low and high */
    bool has_seed;
    float seed;
    pare_ints shape;          /* RandomNormal, RandomUniform */
    int64_t sample_size;      /* Multinomial */
} pare_random_params;

/* Evals (op/eval.h). */
pare_eval_fn pare_random_normal_eval, pare_random_uniform_eval, pare_bernoulli_eval;
pare_eval_fn pare_multinomial_eval, pare_eye_like_eval;

#endif
