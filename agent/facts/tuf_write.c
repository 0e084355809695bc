/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata bodies for publishers and for tests that play publisher or attacker. Their input is trusted;
 * whether the result is any good is for the client's own verifier to say. */

#include "facts/tuf_write.h"

#include "facts/date.h"

#define DAY            INT64_C(86400)
#define SPEC_VERSION   "1.0.34"
#define PERIOD_FIELD   "x-sealift-expiry-seconds"
#define INTERVAL_FIELD "x-sealift-interval-seconds"

/* A publisher that misses one is noticed before anything expires. */
enum { INTERVALS_IN_PERIOD = 3 };

/* Root is signed by hand from safes, targets and snapshot at each release, timestamp by a machine: the
 * shorter the period, the sooner a host notices that it is being kept from news. */
static const int64_t periods[] = {
        [TUF_ROOT] = 365 * DAY,
        [TUF_TIMESTAMP] = 3 * DAY,
        [TUF_SNAPSHOT] = 90 * DAY,
        [TUF_TARGETS] = 90 * DAY,
};
_Static_assert(ELEMENTSOF(periods) == TUF_ROLES, "a period for each role");

int64_t tuf_default_period(enum tuf_role role)
{
        return periods[role];
}

int tuf_write_version(json_t *body, uint64_t version, int64_t expires)
{
        char date[DATE_SIZE];

        date_format(expires, date);
        if (json_object_set_new(body, "version", json_integer((json_int_t)version)) < 0 ||
            json_object_set_new(body, "expires", json_string(date)) < 0)
                return -ENOMEM;
        return 0;
}

int tuf_write_body(enum tuf_role role, uint64_t version, int64_t expires, json_t **ret)
{
        _cleanup_json_ json_t *body = NULL;
        int r;

        if (role == TUF_ROOT)
                body = json_pack("{s:s, s:s, s:b, s:{}, s:{}}", "_type", "root", "spec_version",
                                 SPEC_VERSION, "consistent_snapshot", 1, "keys", "roles");
        else
                body = json_pack("{s:s, s:s, s:{}}", "_type", tuf_role_name(role), "spec_version",
                                 SPEC_VERSION, role == TUF_TARGETS ? "targets" : "meta");
        if (!body)
                return -ENOMEM;
        r = tuf_write_version(body, version, expires);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(body);
        return 0;
}

int tuf_write_signers(json_t *root, enum tuf_role role, const struct tuf_signing_key *keys, size_t n,
                      uint64_t threshold, int64_t period)
{
        json_t *listed = json_object_get(root, "keys"), *roles = json_object_get(root, "roles"), *entry;
        _cleanup_json_ json_t *ids = json_array();

        if (!json_is_object(listed) || !json_is_object(roles))
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (json_object_set(listed, keys[i].id, keys[i].public) < 0 ||
                    json_array_append_new(ids, json_string(keys[i].id)) < 0)
                        return -ENOMEM;
        entry = json_object_get(roles, tuf_role_name(role));
        if (!entry && json_object_set_new(roles, tuf_role_name(role), entry = json_object()) < 0)
                return -ENOMEM;
        return json_object_set(entry, "keyids", ids) < 0 ||
                               json_object_set_new(entry, "threshold", json_integer((json_int_t)threshold)) <
                                       0 ||
                               json_object_set_new(entry, PERIOD_FIELD, json_integer(period)) < 0
                       ? -ENOMEM
                       : 0;
}

int tuf_write_period(json_t *root, enum tuf_role role, int64_t period)
{
        return tuf_write_delegated_period(
                json_object_get(json_object_get(root, "roles"), tuf_role_name(role)), period);
}

int64_t tuf_read_signed_period(const json_t *root, enum tuf_role role)
{
        return tuf_read_delegated_period(
                json_object_get(json_object_get(root, "roles"), tuf_role_name(role)));
}

int tuf_write_delegated_period(json_t *delegation, int64_t period)
{
        if (!json_is_object(delegation))
                return -EINVAL;
        return json_object_set_new(delegation, PERIOD_FIELD, json_integer(period)) < 0 ? -ENOMEM : 0;
}

int64_t tuf_read_delegated_period(const json_t *delegation)
{
        json_t *period = json_object_get(delegation, PERIOD_FIELD);

        return json_is_integer(period) && json_integer_value(period) > 0 ? json_integer_value(period) : 0;
}

int64_t tuf_read_period(const json_t *root, enum tuf_role role)
{
        int64_t period = tuf_read_signed_period(root, role);

        return period > 0 ? period : periods[role];
}

int tuf_write_interval(json_t *root, int64_t interval)
{
        json_t *roles = json_object_get(root, "roles");
        json_t *entry = json_object_get(roles, tuf_role_name(TUF_TIMESTAMP));

        if (!json_is_object(entry))
                return -EINVAL;
        return json_object_set_new(entry, INTERVAL_FIELD, json_integer(interval)) < 0 ? -ENOMEM : 0;
}

int64_t tuf_read_interval(const json_t *root)
{
        json_t *roles = json_object_get(root, "roles");
        json_t *interval =
                json_object_get(json_object_get(roles, tuf_role_name(TUF_TIMESTAMP)), INTERVAL_FIELD);

        if (json_is_integer(interval) && json_integer_value(interval) > 0)
                return json_integer_value(interval);
        return tuf_read_period(root, TUF_TIMESTAMP) / INTERVALS_IN_PERIOD;
}

int tuf_write_promise(json_t *timestamp, const json_t *root)
{
        return json_object_set_new(timestamp, INTERVAL_FIELD, json_integer(tuf_read_interval(root))) < 0
                       ? -ENOMEM
                       : 0;
}

int tuf_write_meta(json_t *body, const char *name, uint64_t version, const void *bytes, size_t len)
{
        json_t *meta = json_object_get(body, "meta");
        char hex[DIGEST_HEX_SIZE];
        int r;

        if (!json_is_object(meta))
                return -EINVAL;
        r = digest_hex(bytes, len, hex);
        if (r < 0)
                return r;
        return json_object_set_new(meta, name,
                                   json_pack("{s:I, s:I, s:{s:s}}", "version", (json_int_t)version, "length",
                                             (json_int_t)len, "hashes", "sha256", hex)) < 0
                       ? -ENOMEM
                       : 0;
}

int tuf_write_target(json_t *body, const char *name, uint64_t length, const char *sha256)
{
        json_t *targets = json_object_get(body, "targets");

        if (!json_is_object(targets))
                return -EINVAL;
        return json_object_set_new(targets, name,
                                   json_pack("{s:I, s:{s:s}}", "length", (json_int_t)length, "hashes",
                                             "sha256", sha256)) < 0
                       ? -ENOMEM
                       : 0;
}
