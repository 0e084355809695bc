/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of jobs: ordered by bundle, instance and timer. Its input is sealift-unitd's. */

#include "sealiftd/jobs.h"

#include <signal.h>

static int job_compare(const struct unitd_job *a, const struct unitd_job *b)
{
        int r = strcmp(a->bundle, b->bundle);

        if (r == 0)
                r = strcmp(a->instance, b->instance);
        return r != 0 ? r : strcmp(a->timer, b->timer);
}

static struct job *job_add(struct agent *a, size_t at, const struct unitd_job *j)
{
        struct job *jobs;

        if (a->n_jobs >= JOBS_MAX)
                return NULL;
        jobs = reallocarray(a->jobs, a->n_jobs + 1, sizeof(*jobs));
        if (!jobs)
                return NULL;
        a->jobs = jobs;
        memmove(jobs + at + 1, jobs + at, (a->n_jobs - at) * sizeof(*jobs));
        jobs[at] = (struct job){ .last = *j };
        a->n_jobs++;
        return jobs + at;
}

/* A job that runs every minute must not make a report of each minute. */
static bool is_news(const struct unitd_job *before, const struct unitd_job *now)
{
        return *now->result && (!str_eq(before->result, now->result) ||
                                (before->ended_usec != now->ended_usec && !str_eq(now->result, "success")));
}

void jobs_take(struct agent *a, const struct unitd_job *j)
{
        struct job *job;
        size_t at = 0;

        while (at < a->n_jobs && job_compare(&a->jobs[at].last, j) < 0)
                at++;
        if (at < a->n_jobs && job_compare(&a->jobs[at].last, j) == 0) {
                job = a->jobs + at;
                if (is_news(&job->last, j))
                        a->report_due = true;
                job->last = *j;
        } else {
                job = job_add(a, at, j);
                if (job && j->id == 0 && is_news(&(struct unitd_job){}, j))
                        a->report_due = true;
        }
        if (job)
                job->seen = true;
}

void jobs_list_begin(struct agent *a)
{
        for (size_t i = 0; i < a->n_jobs; i++)
                a->jobs[i].seen = false;
}

void jobs_list_end(struct agent *a)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_jobs; i++)
                if (a->jobs[i].seen)
                        a->jobs[n++] = a->jobs[i];
        a->n_jobs = n;
}

bool jobs_have(const struct agent *a, const struct unitd_unit *u)
{
        for (size_t i = 0; i < a->n_jobs; i++) {
                const struct unitd_job *j = &a->jobs[i].last;

                if (str_eq(j->bundle, u->bundle) && str_eq(j->instance, u->instance) &&
                    str_eq(j->service, u->service))
                        return true;
        }
        return false;
}

bool jobs_are_armed(const struct agent *a, const struct bundle *b)
{
        for (size_t i = 0; i < a->n_jobs; i++) {
                const struct unitd_job *j = &a->jobs[i].last;

                if (!j->resting && str_eq(j->bundle, b->name) && *j->digest12 &&
                    strncmp(b->state.current.digest, j->digest12, DIGEST_SHORT) == 0)
                        return true;
        }
        return false;
}

void jobs_describe(const struct job *job, struct report_job *ret)
{
        const struct unitd_job *j = &job->last;
        bool runs = *j->version && !*j->result;
        bool killed = !runs && (j->code == CLD_KILLED || j->code == CLD_DUMPED);

        *ret = (struct report_job){
                .name = j->timer,
                .instance = j->instance,
                .service = j->service,
                .state = runs         ? "running"
                         : j->resting ? "stopped"
                                      : "waiting",
                .version = j->version,
                .result = j->result,
                .exit_status = !runs && j->code == CLD_EXITED ? j->status : -1,
                .signal = killed ? sigabbrev_np(j->status) : NULL,
                .started_usec = j->started_usec,
                .ended_usec = j->ended_usec,
                .next_usec = j->next_usec,
        };
}
