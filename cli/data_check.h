/* Whether a network is fed as it was trained to be: what `pare data check` finds out, and
 * `pare compress` before it begins. It suggests and changes nothing. */
#ifndef CLI_DATA_CHECK_H
#define CLI_DATA_CHECK_H

#include "cli/bounded.h"
#include "cli/data_look.h"
#include "formats/dataset/candidates.h"
#include "formats/dataset/data.h"

typedef enum pare_finding_kind {
    PARE_FINDING_PIPELINE,  /* other steps suit the model better */
    PARE_FINDING_OFFSET,    /* labels are counted from another number */
    PARE_FINDING_RANGE,     /* a label is no class of the model */
    PARE_FINDING_LABELS,    /* labels fit no way of feeding */
    PARE_FINDING_CONSTANT,  /* samples without content */
    PARE_FINDING_NOT_FINITE,
} pare_finding_kind;

/* "pipeline", "label-offset", ...: stable names for JSON. */
const char *pare_finding_name(pare_finding_kind kind);

typedef struct pare_finding {
    pare_finding_kind kind;
    char text[512];         /* what is wrong, with figures */
    char suggestion[2304];  /* a line of DATA.yaml; "" where there is none */
} pare_finding;

enum { PARE_MAX_FINDINGS = 8, PARE_MAX_ROUNDS = 3 };

/* A pipeline that was tried. */
typedef struct pare_tried {
    char name[48];
    uint32_t changes;
    int round;              /* 0: against what is in use; later ones against what was found */
    pare_pipeline_score score;
    bool is_complete;       /* on all samples, not only on those of the screening */
} pare_tried;

typedef struct pare_data_check {
    pare_look look;
    char steps[2048];       /* in use, as YAML; "" for arrays that are fed as they are */
    pare_tried *tried;      /* [n_tried] */
    size_t n_tried, tried_cap;
    int64_t n_classes;      /* 0: the model is no classifier */
    uint64_t n_samples, n_labelled;
    int64_t offset;         /* to be added to labels; 0 */
    bool by_labels;
    bool is_compared;       /* pipelines were compared; else why_not says why they were not */
    char why_not[PARE_MESSAGE_BYTES];
    pare_finding findings[PARE_MAX_FINDINGS]; /* [n_findings] */
    size_t n_findings;
} pare_data_check;

typedef struct pare_data_check_opts {
    size_t input;           /* of data; usually pare_data_check_input */
    const char *output;     /* of the model; NULL: the one that data names, else the first */
    pare_pool *pool;
    uint64_t seed;
} pare_data_check_opts;

/* The input that images or arrays are read for; the first where there is none. */
size_t pare_data_check_input(const pare_dataset *data);

/* Checks a data set, opened for the model, whose samples are all looked at. What the data set or
 * the model refuse; ENOMEM, ECANCELED. The caller frees *out in every case. */
pare_status pare_data_check_run(pare_ctx *ctx, pare_data_check *out, const pare_model *model,
                                const pare_dataset *data, const pare_data_check_opts *opts);
void pare_data_check_free(pare_ctx *ctx, pare_data_check *check);

#endif
