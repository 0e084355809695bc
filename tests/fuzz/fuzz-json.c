/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures are over canonical JSON, so two things must hold for whatever parses: its canonical form is
 * never longer than its text (buffers are that size), and it is one: read again, it says the same and is
 * written the same. */

#include "facts/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_SIZE_MAX = 1 << 16, FUZZ_ESCAPED = 6 };

static void must(bool condition)
{
        if (!condition)
                abort();
}

/* Canonical JSON has raw control characters in its strings, which JSON forbids. They can be nowhere else. */
static void json_from_canonical(const struct buffer *canonical, struct buffer *out)
{
        for (size_t i = 0; i < canonical->len; i++) {
                unsigned char c = (unsigned char)canonical->data[i];

                if (c < 0x20)
                        (void)buffer_printf(out, "\\u%04x", c);
                else
                        (void)buffer_append(out, canonical->data + i, 1);
        }
        must(out->error == 0);
}

static void check_fixed_point(const json_t *j, size_t size)
{
        static const struct json_limits limits = { .bytes = FUZZ_ESCAPED * FUZZ_SIZE_MAX,
                                                   .values = FUZZ_SIZE_MAX,
                                                   .depth = 24 };
        _cleanup_(buffer_done) struct buffer once = BUFFER_INIT(size), twice = BUFFER_INIT(size);
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(FUZZ_ESCAPED * size);
        _cleanup_json_ json_t *again = NULL;

        must(json_write_canonical(j, &once) == 0);
        json_from_canonical(&once, &text);
        must(json_parse("again", text.data, text.len, &limits, &again, NULL) == 0 && json_equal(j, again));
        must(json_write_canonical(again, &twice) == 0 && twice.len == once.len &&
             memcmp(once.data, twice.data, once.len) == 0);
}

static unsigned depth_of(json_t *j)
{
        unsigned deepest = 0, depth;
        const char *key;
        json_t *v;
        size_t i;

        json_array_foreach(j, i, v)
        {
                depth = depth_of(v);
                deepest = depth > deepest ? depth : deepest;
        }
        json_object_foreach(j, key, v)
        {
                depth = depth_of(v);
                deepest = depth > deepest ? depth : deepest;
        }
        return deepest + (json_is_array(j) || json_is_object(j));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct json_limits limits = { .bytes = FUZZ_SIZE_MAX, .values = 4096, .depth = 24 };
        _cleanup_json_ json_t *j = NULL;
        struct fault f = {};
        int r;

        r = json_parse("fuzz", data, size, &limits, &j, &f);
        must(r < 0 ? !j && f.error == r && *f.text : json_is_object(j));
        must(r >= 0 || r == -EINVAL || r == -EFBIG || r == -ENOMEM);
        if (r < 0)
                return 0;
        must(size <= limits.bytes && depth_of(j) <= limits.depth);
        check_fixed_point(j, size);
        return 0;
}
