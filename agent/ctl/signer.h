/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/keys.h"
#include "facts/tuf_metadata.h"
#include "ground/args.h"

/* Whoever signs for a publisher: the private keys of a folder. Which of them sign a document is for the
 * document's signers to say, the keys that root or a delegation lists. */

/* What a verb that signs asks on its command line: the options, and where args_parse() puts them. */
struct signer_args {
        const char *keys; /* or NULL */
};
#define SIGNER_OPTIONS(a_) ARGS_TEXT('k', "keys", "DIR", &(a_).keys, "the folder of keys that sign")

struct signer {
        struct keys keys;
};

void signer_done(struct signer *s); /* clears what is secret */

/* Loads the keys. -EINVAL when the command line names nobody who could sign. */
_must_check_ int signer_open(const struct signer_args *a, struct signer *ret, struct fault *f);

/* What is signed, and by whom. */
struct signer_request {
        const char *role;             /* "targets", or a delegated role's name */
        const char *file;             /* "4.root.json": for errors and for who asks before signing */
        const struct tuf_signers *by; /* the keys that count, and how many must sign */
        const char *lister;           /* who lists them: "root version 3" */
};

/* Adds to signatures (the array of a document, perhaps not empty: others' stay) one of data by each key at
 * hand that q->by lists, under the id it is listed by. *ret_good is how many distinct listed keys have
 * signed now, earlier signatures included; fewer than q->by->threshold is no error here. */
_must_check_ int signer_collect(struct signer *s, const struct signer_request *q, const void *data,
                                size_t len, json_t *signatures, uint64_t *ret_good, struct fault *f);

/* The document of body, newly signed. -EKEYREJECTED when the threshold is not reached. */
_must_check_ int signer_document(struct signer *s, const struct signer_request *q, const json_t *body,
                                 struct buffer *out, struct fault *f);
