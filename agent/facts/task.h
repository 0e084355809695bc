/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/manifest.h"
#include "facts/site.h"

/* What sealift-unitd runs for a service beside its program, as a service of its own that ends by itself: so
 * it has the walls of one, and nothing but this has to know what it is.
 *
 * A probe that asks over a port or a socket is sealift-probe, behind all walls, in the network that the
 * service is in. A command of the bundle's (Exec=, ExecMigrate=) is behind the walls of its service. */
struct task {
        struct service service; /* its sandbox and most values are the manifest's */
        char *command;          /* owned; of a probe */
        char limit[32];         /* the same */
};

struct task *task_free(struct task *t);
DEFINE_POINTER_CLEANUP(struct task, task_free)

/* m outlives *ret, which is the caller's. -ENOMEM. */
_must_check_ int task_new_probe(const struct manifest *m, const struct health_probe *p, struct task **ret,
                                struct fault *f);

/* ExecMigrate= of s. -ENOENT: it has none. */
_must_check_ int task_new_migrate(const struct service *s, struct task **ret, struct fault *f);

/* Whether s has a migration for a time when the old release runs, or is stopped. */
bool task_migrates(const struct service *s, bool running);
/* Any service of m does. */
bool task_any_migrates(const struct manifest *m, bool running);

/* How long the migrations of all instances may take, which run one after the other. 0: there is none. */
uint64_t task_migrations_max_usec(const struct effective *e, bool running);

/* "GET 127.0.0.1:8080/well", "TCP ...", "/bundle/ask": what a probe asks, for people. */
void task_describe(const struct health_probe *p, char *ret, size_t size);
