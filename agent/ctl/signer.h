/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/keys.h"
#include "facts/tuf_metadata.h"
#include "ground/args.h"

/* Whoever signs for a publisher: the private keys of a folder, and programs that sign with a key we never
 * see. Which of them sign a document is for its signers to say, the keys that root or a delegation lists. */

/* What a verb that signs asks on its command line: the options, and where args_parse() puts them. */
struct signer_args {
        const char *keys; /* or NULL */
        struct args_list commands;
        const char *timeout, *passphrase_file;
};
#define SIGNER_OPTIONS(a_)                                                                                  \
        ARGS_TEXT('k', "keys", "DIR", &(a_).keys, "the folder of keys that sign"), SIGNER_MORE_OPTIONS(a_)
#define SIGNER_MORE_OPTIONS(a_)                                                                             \
        ARGS_TEXT(0, "passphrase-file", "FILE", &(a_).passphrase_file,                                      \
                  "the passphrase of keys, else asked for"),                                                \
                ARGS_LIST(0, "signer", "COMMAND", &(a_).commands,                                           \
                          "a program that signs: bytes in, signature out"),                                 \
                ARGS_TEXT(0, "signer-timeout", "SPAN", &(a_).timeout, "how long it may take (5min)")

struct signer {
        struct keys keys;
        struct args_list commands;
        uint64_t timeout_ms;
        struct passphrase passphrase;
        size_t made; /* signatures, so far */
};

void signer_done(struct signer *s); /* clears what is secret */

/* Loads the keys; *s is to be zeroed, and signer_done() be called also on failure. -EINVAL when the command
 * line names nobody who could sign. */
_must_check_ int signer_open(const struct signer_args *a, struct signer *s, struct fault *f);

/* The same but for the folder, whose keys the caller brings. */
_must_check_ int signer_prepare(const struct signer_args *a, struct signer *s, struct fault *f);

/* What is signed, and by whom. */
struct signer_request {
        const char *role;               /* "targets", or a delegated role's name */
        const char *file;               /* "4.root.json": for errors, and for who asks before signing */
        const struct tuf_signers *by;   /* the keys that count, and how many must sign */
        const struct tuf_signers *also; /* a second such list, of the root before or after; or NULL */
        const char *lister;             /* who lists by: "root version 3" */
        bool every;                     /* all of them are to sign, also past the threshold */
};

/* How many distinct keys of by have signed data, as the client counts them. */
uint64_t signer_count(const struct tuf_signers *by, const void *data, size_t len, const json_t *signatures);

/* Adds to signatures (the array of a document, perhaps not empty: others' stay) one of data by each key at
 * hand that q->by or q->also lists, under the id it is listed by; then by locked keys and commands, one
 * after another, until the thresholds are reached. Fewer signatures than that are no error: see
 * signer_count(). A command that fails is, and one whose signature no listed key verifies, if it was needed
 * (-EKEYREJECTED). */
_must_check_ int signer_collect(struct signer *s, const struct signer_request *q, const void *data,
                                size_t len, json_t *signatures, struct fault *f);

/* The document of body, newly signed. -EKEYREJECTED when the threshold is not reached. */
_must_check_ int signer_document(struct signer *s, const struct signer_request *q, const json_t *body,
                                 struct buffer *out, struct fault *f);
