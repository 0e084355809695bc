/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Strict JSON in, canonical JSON out. Everything that comes in was written by whoever holds the network: it
 * is measured before jansson allocates for it, and nothing is repaired on its behalf. */

#include "facts/json.h"

#include <inttypes.h>

/* Size, depth and number of values, told from the raw bytes: jansson's own depth limit (2,048) is compiled
 * in, and it has none on values, so "[[],[],..." would cost forty times its length in memory. Text that is
 * not JSON may be counted wrongly here; jansson refuses it next. */
static int json_measure(const char *what, const char *p, size_t len, const struct json_limits *limits,
                        struct fault *f)
{
        size_t values = 1;
        unsigned depth = 0;
        bool string = false;

        if (len > limits->bytes)
                return fault_set(f, -EFBIG, "%s: %zu bytes, more than the limit of %zu", what, len,
                                 limits->bytes);
        for (size_t i = 0; i < len; i++) {
                if (string) {
                        if (p[i] == '\\')
                                i++;
                        else if (p[i] == '"')
                                string = false;
                        continue;
                }
                if (p[i] == '"')
                        string = true;
                else if (p[i] == '[' || p[i] == '{')
                        depth++, values++;
                else if ((p[i] == ']' || p[i] == '}') && depth > 0)
                        depth--;
                else if (p[i] == ',')
                        values++;
                if (depth > limits->depth)
                        return fault_set(f, -EFBIG, "%s: nested deeper than %u", what, limits->depth);
                if (values > limits->values)
                        return fault_set(f, -EFBIG, "%s: more than %zu values", what, limits->values);
        }
        return 0;
}

static bool json_has_float(const json_t *j)
{
        void *iter;

        if (json_is_real(j))
                return true;
        for (size_t i = 0; i < json_array_size(j); i++)
                if (json_has_float(json_array_get(j, i)))
                        return true;
        if (!json_is_object(j))
                return false;
        /* jansson's iterators want a mutable object, and do not change it. */
        for (iter = json_object_iter((json_t *)(uintptr_t)j); iter;
             iter = json_object_iter_next((json_t *)(uintptr_t)j, iter))
                if (json_has_float(json_object_iter_value(iter)))
                        return true;
        return false;
}

/* What jansson has no memory for is not JSON to it, or JSON with a letter less (its strings go on growing
 * after they could not): the source would be called a liar for it. */
static bool starved;

static void *json_malloc(size_t size)
{
        void *p = malloc(size);

        if (!p)
                starved = true;
        return p;
}

int json_parse(const char *what, const void *bytes, size_t len, const struct json_limits *limits,
               json_t **ret, struct fault *f)
{
        _cleanup_json_ json_t *j = NULL;
        json_error_t error;
        int r;

        r = json_measure(what, bytes, len, limits, f);
        if (r < 0)
                return r;
        json_set_alloc_funcs(json_malloc, free);
        starved = false;
        j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
        if (starved)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        if (!j)
                return fault_set(f, -EINVAL, "%s:%d:%d: not JSON: %s", what, error.line, error.column,
                                 error.text);
        if (!json_is_object(j))
                return fault_set(f, -EINVAL, "%s: not a JSON object", what);
        if (json_has_float(j))
                return fault_set(f, -EINVAL, "%s: has a number with a fraction or exponent", what);
        *ret = TAKE_PTR(j);
        return 0;
}

static int canonical_string(const char *s, size_t len, struct buffer *out)
{
        size_t done = 0;
        int r;

        r = buffer_append(out, "\"", 1);
        for (size_t i = 0; r >= 0 && i < len; i++) {
                if (s[i] != '"' && s[i] != '\\')
                        continue;
                (void)buffer_append(out, s + done, i - done);
                r = buffer_append(out, "\\", 1);
                done = i;
        }
        if (r < 0)
                return r;
        (void)buffer_append(out, s + done, len - done);
        return buffer_append(out, "\"", 1);
}

static int canonical_array(const json_t *j, struct buffer *out)
{
        int r;

        (void)buffer_append(out, "[", 1);
        for (size_t i = 0; i < json_array_size(j); i++) {
                if (i > 0)
                        (void)buffer_append(out, ",", 1);
                r = json_write_canonical(json_array_get(j, i), out);
                if (r < 0)
                        return r;
        }
        return buffer_append(out, "]", 1);
}

static int key_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int canonical_object(const json_t *j, struct buffer *out)
{
        size_t n = json_object_size(j), i = 0;
        _cleanup_free_ const char **keys = calloc(n + 1, sizeof(*keys));
        json_t *walk = (json_t *)(uintptr_t)j;
        int r;

        if (!keys)
                return -ENOMEM;
        for (void *iter = json_object_iter(walk); iter && i < n; iter = json_object_iter_next(walk, iter))
                keys[i++] = json_object_iter_key(iter);
        qsort(keys, n, sizeof(*keys), key_compare);
        (void)buffer_append(out, "{", 1);
        for (i = 0; i < n; i++) {
                if (i > 0)
                        (void)buffer_append(out, ",", 1);
                (void)canonical_string(keys[i], strlen(keys[i]), out);
                (void)buffer_append(out, ":", 1);
                r = json_write_canonical(json_object_get(j, keys[i]), out);
                if (r < 0)
                        return r;
        }
        return buffer_append(out, "}", 1);
}

int json_write_canonical(const json_t *j, struct buffer *out)
{
        switch (json_typeof(j)) {
        case JSON_OBJECT:
                return canonical_object(j, out);
        case JSON_ARRAY:
                return canonical_array(j, out);
        case JSON_STRING:
                return canonical_string(json_string_value(j), json_string_length(j), out);
        case JSON_INTEGER:
                return buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
        case JSON_TRUE:
                return buffer_append_text(out, "true");
        case JSON_FALSE:
                return buffer_append_text(out, "false");
        case JSON_NULL:
                return buffer_append_text(out, "null");
        case JSON_REAL:
        default:
                return -EINVAL;
        }
}

static int json_field(const json_t *j, const char *what, const char *key, json_type type, const char *kind,
                      json_t **ret, struct fault *f)
{
        json_t *v = json_object_get(j, key);

        if (!v)
                return fault_set(f, -EINVAL, "%s: \"%s\" is missing", what, key);
        if (json_typeof(v) != type)
                return fault_set(f, -EINVAL, "%s: \"%s\" is not %s", what, key, kind);
        *ret = v;
        return 0;
}

int json_field_object(const json_t *j, const char *what, const char *key, json_t **ret, struct fault *f)
{
        return json_field(j, what, key, JSON_OBJECT, "an object", ret, f);
}

int json_field_array(const json_t *j, const char *what, const char *key, json_t **ret, struct fault *f)
{
        return json_field(j, what, key, JSON_ARRAY, "an array", ret, f);
}

int json_field_string(const json_t *j, const char *what, const char *key, const char **ret, struct fault *f)
{
        json_t *v = NULL;
        int r;

        r = json_field(j, what, key, JSON_STRING, "a string", &v, f);
        if (r >= 0)
                *ret = json_string_value(v);
        return r;
}

int json_field_integer(const json_t *j, const char *what, const char *key, int64_t min, int64_t max,
                       int64_t *ret, struct fault *f)
{
        json_t *v = NULL;
        int r;

        r = json_field(j, what, key, JSON_INTEGER, "an integer", &v, f);
        if (r < 0)
                return r;
        if (json_integer_value(v) < min || json_integer_value(v) > max)
                return fault_set(f, -EINVAL, "%s: \"%s\" is not between %" PRId64 " and %" PRId64, what, key,
                                 min, max);
        *ret = json_integer_value(v);
        return 0;
}
