/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* What looks like a secret in a file that is about to become public: private keys, tokens of well-known
 * services, passwords in the files tools keep them in. A bundle is readable by whoever can read the bucket
 * and by every user of every machine; secrets go there as credentials instead (systemd.exec(5),
 * LoadCredential=). Made to be right when it speaks, not to find everything. */

enum { SECRET_HITS_MAX = 3 }; /* of one file: who has looked at these will look at the rest */

struct secret_hit {
        const char *what; /* static: "a private key" */
        uint64_t line;    /* from 1; of text. 0: the file as a whole, by its name */
        uint64_t offset;
};

/* One file at a time goes through a scan, in pieces of any size; its memory does not grow with the file. */
struct secret_scan;
struct secret_scan *secret_scan_free(struct secret_scan *s);
DEFINE_POINTER_CLEANUP(struct secret_scan, secret_scan_free)
_must_check_ int secret_scan_new(struct secret_scan **ret); /* -ENOMEM */

/* Another file; path tells by its name what to expect in it, and is not kept. */
void secret_scan_begin(struct secret_scan *s, const char *path);
void secret_scan_add(struct secret_scan *s, const void *data, size_t len);
/* The end of the file. The hits, borrowed until the next begin, in their order; how many, SECRET_HITS_MAX at
 * most; whether the file has NUL bytes, so that its lines mean nothing to anybody. */
size_t secret_scan_end(struct secret_scan *s, const struct secret_hit **ret, bool *ret_binary);
