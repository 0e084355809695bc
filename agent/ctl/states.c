/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* States of bundles, from the agent's dictionaries to JSON, and for people. Keys that a newer agent may send
 * are skipped. */

#include "ctl/states.h"

#include "facts/date.h"

#define RELEASES_TYPE "(ssts)"

json_t *states_time(uint64_t usec)
{
        char date[DATE_SIZE];

        date_format((int64_t)(usec / 1000000), date);
        return usec == 0 ? json_null() : json_string(date);
}

static const struct known {
        const char *key, *member, *type;
} known[] = {
        { "Previous", "previous", "s" },
        { "Proven", "proven", "s" },
        { "Trial", "trial", "(tuu)" },
        { "Epoch", "epoch", "t" },
        { "Held", "held", "b" },
        { "Runs", "runs", "b" },
        { "Listed", "listed", "b" },
        { "Quarantined", "quarantined", "a" RELEASES_TYPE },
        { "Damaged", "damaged", "a" RELEASES_TYPE },
};

static int releases_read(sd_bus_message *m, json_t **ret)
{
        const char *version, *digest, *reason;
        json_t *array = json_array();
        uint64_t since;
        int r;

        r = sd_bus_message_enter_container(m, 'a', RELEASES_TYPE);
        while (r > 0 && (r = sd_bus_message_read(m, RELEASES_TYPE, &version, &digest, &since, &reason)) > 0)
                if (json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:s}", "version", version,
                                                           "digest", digest, "since", states_time(since),
                                                           "reason", reason)) < 0)
                        r = -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                json_decref(array);
        else
                *ret = array;
        return r;
}

static int trial_read(sd_bus_message *m, json_t **ret)
{
        uint32_t failures, max;
        uint64_t until;
        int r;

        r = sd_bus_message_read(m, "(tuu)", &until, &failures, &max);
        if (r >= 0)
                *ret = json_pack("{s:o, s:i, s:i}", "until", states_time(until), "failures", (int)failures,
                                 "of", (int)max);
        return r;
}

static int value_read(sd_bus_message *m, const char *type, json_t **ret)
{
        const char *text;
        uint64_t number;
        int flag, r;

        switch (*type) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &text);
                *ret = r < 0 ? NULL : json_string(text);
                return r;
        case 'b':
                r = sd_bus_message_read_basic(m, 'b', &flag);
                *ret = r < 0 ? NULL : json_boolean(flag);
                return r;
        case 't':
                r = sd_bus_message_read_basic(m, 't', &number);
                *ret = r < 0 ? NULL : json_integer((json_int_t)number);
                return r;
        case '(':
                return trial_read(m, ret);
        default:
                return releases_read(m, ret);
        }
}

static const struct known *known_find(const char *key)
{
        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (str_eq(known[i].key, key))
                        return known + i;
        return NULL;
}

/* One of a dictionary; bundle may be NULL: not one that is shown. */
static int entry_read(sd_bus_message *m, json_t *bundle)
{
        const struct known *k;
        json_t *value = NULL;
        const char *key;
        int r;

        r = sd_bus_message_read(m, "s", &key);
        if (r < 0)
                return r;
        k = bundle ? known_find(key) : NULL;
        if (!k)
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_enter_container(m, 'v', k->type);
        if (r >= 0)
                r = value_read(m, k->type, &value);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (value)
                (void)json_object_set_new(bundle, k->member, value);
        return r;
}

json_t *states_find(json_t *bundles, const char *name)
{
        json_t *b;
        size_t i;

        json_array_foreach(bundles, i, b)
        {
                if (str_eq(json_string_value(json_object_get(b, "name")), name))
                        return b;
        }
        return NULL;
}

static int state_read(sd_bus_message *m, json_t *bundles)
{
        const char *name;
        json_t *bundle;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        bundle = states_find(bundles, name);
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = entry_read(m, bundle);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int states_add(sd_bus *bus, json_t *bundles, struct fault *f)
{
        sd_bus_message *reply = NULL;
        struct fault older;
        int r;

        r = agent_bus_call(bus, "ListStates", 0, &reply, &older);
        if (r == -EBADR || r == -ENXIO || r == -EACCES) /* no such method; or a bus policy without it */
                return 0;
        if (r < 0)
                return fault_set(f, r, "%s", older.text);
        r = sd_bus_message_enter_container(reply, 'a', "(sa{sv})");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sa{sv}")) > 0) {
                r = state_read(reply, bundles);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        sd_bus_message_unref(reply);
        return r < 0 ? fault_set_errno(f, r, "the agent's answer cannot be read") : 0;
}

void states_print(const json_t *bundle)
{
        const json_t *trial = json_object_get(bundle, "trial"), *q;
        size_t i;

        if (json_is_true(json_object_get(bundle, "held")))
                printf("  held: no other release is installed (sealift unhold)\n");
        if (json_is_false(json_object_get(bundle, "listed")))
                printf("  no longer in the channel, or not in Bundles=: no update will come\n");
        json_array_foreach(json_object_get(bundle, "quarantined"), i, q)
        {
                printf("  not again: %s, %s\n", json_string_value(json_object_get(q, "version")),
                       json_string_value(json_object_get(q, "reason")));
        }
        json_array_foreach(json_object_get(bundle, "damaged"), i, q)
        {
                printf("  damaged on disk: %s, %s\n", json_string_value(json_object_get(q, "version")),
                       json_string_value(json_object_get(q, "reason")));
        }
        if (json_is_object(trial))
                printf("  on trial until %s: %d of %d failures\n",
                       json_string_value(json_object_get(trial, "until")),
                       (int)json_integer_value(json_object_get(trial, "failures")),
                       (int)json_integer_value(json_object_get(trial, "of")));
}
