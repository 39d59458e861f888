/* What evaluate*.c share: an evaluation under way. */
#ifndef PARE_STATS_EVALUATING_H
#define PARE_STATS_EVALUATING_H

#include "stats/evaluate.h"
#include "stats/feed.h"
#include "stats/replicas.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PARE_SIDE_MODEL, PARE_SIDE_REFERENCE, PARE_N_SIDES };

/* What is evaluated: the model or its reference; a network, or outputs that are there already. */
typedef struct pare_eval_side {
    pare_replicas *replicas;     /* NULL: predictions, or what data expects */
    size_t output;               /* number of the output that is scored */
    const char *output_name;
    pare_feed feed;              /* of a network */
    bool is_present, is_probability;
    pare_tally tallies[PARE_N_SCORES];
} pare_eval_side;

/* Noise of one value of one sample. */
typedef struct pare_noise {
    double noise, signal;
    bool is_known;
} pare_noise;

/* Watches values that both networks have (layer_noise.c). */
typedef struct pare_noise_watch pare_noise_watch;

/* What a worker works with. */
typedef struct pare_eval_worker {
    pare_ctx ctx;
    pare_tensor **tensors;       /* [n_inputs] of the sample under way; NULL between samples */
    pare_eval_input *inputs;     /* [n_inputs] */
    double *room[PARE_N_SIDES];  /* [room_cap] elements of answers */
    size_t room_cap[PARE_N_SIDES];
    int64_t *labels;             /* [labels_cap] */
    size_t labels_cap;
    double load_s, run_s, score_s;
} pare_eval_worker;

/* What became of a sample, until those before it are done. */
typedef struct pare_eval_place {
    bool is_done, is_skipped, has_label;
    int64_t label;               /* of the first row; -1: none */
    pare_score scores[PARE_N_SIDES];
    pare_compared compared;
    pare_tensor *outputs[PARE_N_SIDES]; /* only where opts->seen wants them */
    pare_tensor **tensors;       /* [n_inputs] likewise */
    pare_noise *noise;           /* [rows of the watch] */
    pare_status status;
    char message[PARE_MESSAGE_BYTES];
} pare_eval_place;

typedef struct pare_evaluating {
    pare_ctx *ctx;               /* the caller's, for its thread alone */
    const pare_evaluate_opts *opts;
    const pare_dataset *data;
    uint32_t wanted;             /* metrics */
    pare_eval_side sides[PARE_N_SIDES];
    uint32_t n_workers;
    pare_eval_worker *workers;
    pare_noise_watch *watch;     /* NULL: nobody asks for layers */
    pare_eval_place *places;     /* [n_places] in turn */
    uint32_t n_places;
    pthread_mutex_t lock;        /* over everything below */
    pthread_cond_t taken;        /* n_taken grew */
    uint64_t n_taken;            /* samples whose scores were added */
    atomic_bool is_over;         /* something failed: no more samples */
    pare_status status;          /* of the first sample that failed */
    char message[PARE_MESSAGE_BYTES];
    pare_tally loss_change;
    pare_evaluation *out;
} pare_evaluating;

/* Reads, runs and scores a sample into a place, whose outputs the caller drops. */
pare_status pare_evaluate_sample(pare_evaluating *e, uint32_t worker, uint64_t sample,
                                 pare_eval_place *place);

/* Looks at the first samples to see whether outputs are probabilities; whatever does not suit the
 * model is found here. */
pare_status pare_evaluate_peek(pare_evaluating *e);

/* Runs the golden sample, if there is one, and compares with what it shall give. EFORMAT when that
 * is further away than 1e-3 of the largest element. */
pare_status pare_evaluate_golden(pare_evaluating *e);

/* Adds a place's scores; in the order of samples. */
void pare_evaluate_add(pare_evaluating *e, uint64_t sample, const pare_eval_place *place);

/* Matches values of two models by name for opts->layers. *out is to be freed also after a failure,
 * and behind the replicas that it watches. */
pare_status pare_noise_watch_new(pare_ctx *ctx, pare_noise_watch **out, pare_layer_noise *noise,
                                 uint32_t n_workers, const pare_model *model,
                                 const pare_model *reference);
void pare_noise_watch_free(pare_ctx *ctx, pare_noise_watch *watch);

/* What replicas of a side need to be watched. */
void pare_noise_watch_opts(const pare_noise_watch *watch, int side, pare_replicas_opts *opts);
size_t pare_noise_watch_rows(const pare_noise_watch *watch); /* 0 for NULL */

/* Ends a sample: its sums go to sums [rows], unless that is NULL. Accepts NULL. */
void pare_noise_watch_take(pare_noise_watch *watch, uint32_t worker, pare_noise *sums);

/* Adds the sums of a sample, in the order of samples. Accepts NULL. */
void pare_noise_watch_add(pare_noise_watch *watch, const pare_noise *sums);

/* Makes values of all sums. */
void pare_evaluate_finish(pare_evaluating *e);

#endif
