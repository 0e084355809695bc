/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/download.h"
#include "facts/json.h"
#include "facts/trust.h"

/* A repository as a host would see it: the agent's own trust, fed by its own fetch worker, and each target
 * looked into. Nothing is written. */
struct verify_options {
        const char *source;  /* a folder, file:// or https:// */
        const char *ca_file; /* or NULL */
        const char *root;    /* a file to begin trust with, or NULL */
        const char *trusted; /* a folder with what a host has stored, or NULL */
        const char *channel; /* or NULL: all of it */
        bool metadata_only;
        int64_t now; /* seconds since 1970 to judge by */
        /* Called before each target is fetched; or NULL. */
        void (*on_target)(const struct tuf_file *target);
};

struct verify {
        const struct verify_options *options;
        int folder;       /* owned; the source's, or -EBADF */
        int trusted;      /* owned; options->trusted, or -EBADF */
        char *url;        /* owned; the source's */
        char *root_from;  /* owned; the file that trust begins with */
        bool root_served; /* which is the source's own: trust begins with what is there */
        struct download download;
        struct trust *trust;                     /* owned */
        json_t *roles, *problems, *notes;        /* owned; what was found, for the user */
        uint64_t n_targets, n_bytes, n_releases; /* checked */
};

#define VERIFY_INIT ((struct verify){ .folder = -EBADF, .trusted = -EBADF, .download = DOWNLOAD_INIT })

/* v is VERIFY_INIT, and verify_done() to be called also on failure: what was found until then is in it. A
 * role or target that is refused is in v->problems, {"what", "error"}, and the rest is looked at all the
 * same. 0 when there is none of these; else the first one's error, or that which ended it all, in f. */
_must_check_ int verify_repository(const struct verify_options *options, struct verify *v, struct fault *f);
void verify_done(struct verify *v);

/* ---- between its files ---- */

/* Adds a problem, and leaves the first one's fault in first. */
void verify_problem(struct verify *v, const char *what, const struct fault *why, struct fault *first);

/* Fills v->roles with what is trusted so far: role, version, expires, signatures, threshold, and for roles
 * that have them, targets. */
_must_check_ int verify_list_roles(struct verify *v, struct fault *f);

/* Every target of the channel: bytes, manifests, bundles. Refusals are problems, the first of them in first;
 * an error is what ends it: nobody serves any more, or this machine cannot look. */
_must_check_ int verify_targets(struct verify *v, struct fault *first, struct fault *f);

/* Files in the folder that nothing signed leads to: each is a note. */
_must_check_ int verify_folder(struct verify *v, struct fault *f);

/* "%XX" in a path or file:// URL as the octets they are; ret holds size bytes. -EINVAL, -ENAMETOOLONG. */
_must_check_ int verify_decode(const char *text, char *ret, size_t size);
