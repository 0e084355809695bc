/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/digest.h"
#include "facts/tuf_signers.h"

enum {
        TUF_DELEGATIONS_MAX = 1024,     /* of one role: hash bins come to 256 or 1,024 in practice */
        TUF_DELEGATION_KEYS_MAX = 4096, /* key ids in all delegations of one role: each is parsed */
        TUF_ROLE_NAME_MAX = 80,         /* bytes; three for one in the file's name, which has 255 */
};
#define TUF_ROLE_FILE_SIZE (3 * TUF_ROLE_NAME_MAX + sizeof(".json"))

/* One entry of "delegations"."roles" (spec 4.5). */
struct tuf_delegation {
        char *name;                    /* owned; the role trusted with */
        char file[TUF_ROLE_FILE_SIZE]; /* its name as a file and in a URL: "team%2Fweb.json" */
        struct tuf_signers signers;
        char **paths; /* owned; patterns, or prefixes of the SHA-256 of the target's name in hex */
        size_t n_paths;
        bool hashed; /* paths are "path_hash_prefixes" */
        bool terminating;
};

/* "delegations" of a targets role; json may be NULL. -EINVAL malformed, among it: two roles of one name, a
 * name that a top-level role has, both or neither of "paths" and "path_hash_prefixes"; -EFBIG, -ENOMEM. */
_must_check_ int tuf_delegations_parse(const json_t *json, const char *what, struct tuf_delegation **ret,
                                       size_t *ret_n, struct fault *f);
struct tuf_delegation *tuf_delegations_free(struct tuf_delegation *d, size_t n);

/* The file of a role: its name with every byte percent-encoded that is not unreserved (RFC 3986), so that no
 * role's name can lead out of a folder or into a query. -EINVAL for an empty name, -EFBIG for a long one. */
_must_check_ int tuf_role_file_of(const char *name, char ret[static TUF_ROLE_FILE_SIZE], struct fault *f);

/* A target's name and its SHA-256 in hex, which hash prefixes are compared with. */
struct tuf_target_name {
        const char *name; /* borrowed */
        char sha256[DIGEST_HEX_SIZE];
};
_must_check_ int tuf_target_name(const char *name, struct tuf_target_name *ret); /* -ENOMEM */

/* Whether the role is trusted with the target (spec 4.5, PATHPATTERN and path_hash_prefixes). */
bool tuf_delegation_matches(const struct tuf_delegation *d, const struct tuf_target_name *target);

/* Whether it may be trusted with a target whose name begins with prefix; true when in doubt. */
bool tuf_delegation_overlaps(const struct tuf_delegation *d, const char *prefix, size_t len);

/* Shell wildcards as the spec has them: "*" and "?" and "[a-z]", "[!a-z]", none of which matches a slash; no
 * escape character. Takes time proportional to the product of both lengths at most; fnmatch(3) can be kept
 * busy for hours by a pattern with many stars. */
bool tuf_pattern_matches(const char *pattern, const char *s);
