/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/signer.h"
#include "facts/trust.h"

/* A TUF repository in a folder, as any web server or bucket can serve it:
 *
 *     metadata/N.root.json N.targets.json N.snapshot.json    written once, never changed
 *     metadata/N.<role>.json                                 a delegated role, its name percent-encoded
 *     metadata/timestamp.json                                the one file that is replaced
 *     targets/<channel>/<sha256>.<name>                      named by content
 *
 * Changes are staged in memory, shown to the verifier that hosts use, and then written in the order that at
 * no moment lets a host see half a release. A verb's whole job is
 *
 *     repository_open(); change a role's body and repository_change() it; repository_stage();
 *     say what it will change; repository_write() */
struct repository;

enum {
        REPOSITORY_FILE_SIZE = TUF_ROLE_FILE_SIZE,
        REPOSITORY_PATH_SIZE = REPOSITORY_FILE_SIZE + 32, /* "metadata/", a number, and it */
        REPOSITORY_ROLES_MAX = 1024, /* a folder of something else; each is read when it is opened */
};

/* What repository_stage() has made of a role. */
struct repository_staged {
        char path[REPOSITORY_PATH_SIZE]; /* "metadata/4.targets.json" */
        char *data;                      /* owned; NULL while nothing is staged */
        size_t len;
        uint64_t version;
        int64_t expires;
        json_t *signatures; /* owned; as in the document */
};

struct repository_role {
        enum tuf_role role; /* TUF_TARGETS for delegated ones */
        bool delegated;
        char *name;                      /* owned; "targets", "team/web" */
        char file[REPOSITORY_FILE_SIZE]; /* "targets.json", "team%2Fweb.json" */
        uint64_t version;                /* as published; 0 for one that is new */
        int64_t expires;
        json_t *body; /* owned; what repository_stage() will sign: to be changed */
        bool changed;
        bool dated; /* body has its version and date already: a draft, which others have signed */
        struct repository_staged staged;
};

struct repository *repository_free(struct repository *r); /* also unlocks */
DEFINE_POINTER_CLEANUP(struct repository, repository_free)

/* An existing one: locked against other publishers (-EBUSY), and verified from its first root on as a host
 * would, but for expiry: an expired repository is what one publishes to. now is what dates are made from. */
_must_check_ int repository_open(const char *path, int64_t now, struct repository **ret, struct fault *f);

/* The same to look at: without the lock, and nothing may be staged. */
_must_check_ int repository_read(const char *path, int64_t now, struct repository **ret, struct fault *f);

/* A new one, in a folder that repository_write() makes if need be; -EEXIST when one is there. All four roles
 * are changed. */
_must_check_ int repository_new(const char *path, int64_t now, struct repository **ret, struct fault *f);

int repository_dirfd(const struct repository *r); /* borrowed */
int64_t repository_now(const struct repository *r);
const struct trust *repository_trust(
        const struct repository *r); /* what hosts know now; NULL for a new one */

/* Roles in the order their files are written: root, targets, delegated ones, snapshot, timestamp. NULL past
 * the last. */
struct repository_role *repository_nth(const struct repository *r, size_t i);

/* By name, "targets" or a delegated one's; NULL when there is none. The four are always there. */
struct repository_role *repository_find(const struct repository *r, const char *name);
struct repository_role *repository_top(const struct repository *r, enum tuf_role role);

/* A delegated role that is new here: changed, with body (transferred, also on failure). Somebody must
 * delegate to it before it is staged. -EEXIST; -EINVAL for a name that no file can have. */
_must_check_ int repository_add(struct repository *r, const char *name, json_t *body,
                                struct repository_role **ret, struct fault *f);

/* body says something new, or is to be dated anew. */
void repository_change(struct repository_role *role);

/* Signs the changed roles with their next versions and dates, in memory, by the keys that root, or whoever
 * delegates to the role, lists as changed; then snapshot, if it must name one of them, and timestamp, if it
 * must name a snapshot. With a new root, roles that its keys have not signed are signed anew; it needs the
 * old root's keys as well. Shows the result to two hosts: one that knows what is published now, and a new
 * one. -EKEYREJECTED when keys are missing; whatever a host would say, else. */
_must_check_ int repository_stage(struct repository *r, struct signer *signer, struct fault *f);

/* Whether those who sign for the role now, as the bodies have it, have signed what is published of it: 1 or
 * 0. */
_must_check_ int repository_still_signed(const struct repository *r, const struct repository_role *role,
                                         struct fault *f);

/* The changed role alone, with the signatures that can be had here, however few. */
_must_check_ int repository_draft(struct repository *r, struct repository_role *role, struct signer *signer,
                                  struct fault *f);

/* Writes it to path, which must be a new file, for others to sign (ctl/repository_draft.c). */
_must_check_ int repository_write_draft(const struct repository_role *role, const char *path,
                                        struct fault *f);

/* Takes such a file back: role is changed, and is what it says, with the signatures it brings. -ESTALE when
 * another version was published meanwhile. */
_must_check_ int repository_take_draft(struct repository_role *role, const char *path, struct fault *f);

/* Whether a new host that is shown what is staged finds this under the name, and nothing else: -EBADMSG for
 * another content, -ENOENT for none. */
_must_check_ int repository_look_up(const struct repository *r, const char *target, uint64_t length,
                                    const char *sha256, struct fault *f);

/* How many distinct keys have signed what is staged for the root, of those that the root before (threshold 0
 * when there is none) and it itself list for root. */
struct repository_count {
        uint64_t good, threshold;
};
_must_check_ int repository_count_root(const struct repository *r, struct repository_count *ret_before,
                                       struct repository_count *ret_after, struct fault *f);

/* What is staged, in the order it is written and is to be uploaded; NULL past the last. */
const struct repository_role *repository_staged(const struct repository *r, size_t i);

/* Writes what is staged, each file whole and on the disk before the next, in that order; then verifies the
 * folder once more. Targets must be in place before. */
_must_check_ int repository_write(struct repository *r, struct fault *f);
