#include "actors/edge/mongo_jobs.h"

#include <stddef.h>

void mongo_jobs_append(struct mongo_jobs *jobs, struct mongo_job *job)
{
    job->next = NULL;
    if (jobs->first == NULL) {
        jobs->first = job;
    } else {
        jobs->last->next = job;
    }
    jobs->last = job;
}

struct mongo_job *mongo_jobs_take(struct mongo_jobs *jobs)
{
    struct mongo_job *job = jobs->first;
    if (job != NULL) {
        jobs->first = job->next;
    }
    return job;
}

void mongo_jobs_prepend(struct mongo_jobs *jobs, struct mongo_jobs *more)
{
    if (more->first == NULL) {
        return;
    }
    more->last->next = jobs->first;
    if (jobs->first == NULL) {
        jobs->last = more->last;
    }
    jobs->first = more->first;
    more->first = NULL;
}
