/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"

/* JSON from strangers, and JSON to be signed. Values are jansson's; what it is too kind about is refused
 * here: floats (canonical JSON has none), duplicate keys (two readers, two meanings), depth, and more values
 * than the text's size can honestly hold. */

struct json_limits {
        size_t bytes;
        size_t values;  /* arrays, objects and members: one costs some 100 bytes of memory for 3 of text */
        unsigned depth; /* nesting; recursion is bounded by it */
};

static inline void json_freep(json_t **j)
{
        json_decref(*j);
}

#define _cleanup_json_ _cleanup_(json_freep)

/* One whole document, whose top must be an object. what names it in errors. -EINVAL, -EFBIG, -ENOMEM. */
_must_check_ int json_parse(const char *what, const void *bytes, size_t len,
                            const struct json_limits *limits, json_t **ret, struct fault *f);

/* OLPC canonical JSON (wiki.laptop.org/go/Canonical_JSON), which TUF's signatures and key ids are made over:
 * keys in byte order, no white space, in strings only '"' and '\' escaped. -EINVAL for a float, -ENOMEM,
 * -EFBIG past the buffer's bound. */
_must_check_ int json_write_canonical(const json_t *j, struct buffer *out);

/* Members by name and type; -EINVAL with "what: ..." when missing or of another type. Results are borrowed.
 */
_must_check_ int json_field_object(const json_t *j, const char *what, const char *key, json_t **ret,
                                   struct fault *f);
_must_check_ int json_field_array(const json_t *j, const char *what, const char *key, json_t **ret,
                                  struct fault *f);
_must_check_ int json_field_string(const json_t *j, const char *what, const char *key, const char **ret,
                                   struct fault *f);
_must_check_ int json_field_integer(const json_t *j, const char *what, const char *key, int64_t min,
                                    int64_t max, int64_t *ret, struct fault *f);
