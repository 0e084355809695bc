/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/record.h"

#include "tap.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct record record = {
        .unit = "sealift-web.main@1.0_b-0123456789ab-1.service",
        .bundle = "web",
        .version = "1.0+b",
        .digest = DIGEST,
        .service = "main",
        .dropin = DIGEST,
        .config = DIGEST,
        .site = DIGEST,
        .maker = "0.1.0",
        .attempt = UINT64_MAX,
        .instance = "blue",
        .promise = { .network = NETWORK_BIND,
                     .root = ROOT_BUNDLE,
                     .confined = true,
                     .write_execute = true,
                     .user_namespaces = true,
                     .capabilities = UINT64_MAX,
                     .user = "shared",
                     .uid = UINT32_MAX,
                     .profile = "sealift-usr-net",
                     .limits = { 1, 2, 3, 4, 5, 6, 7, 8, UINT64_MAX } },
        .serves = "main",
        .rests = true,
        .on_demand = true,
        .unready = true,
        .woken = true,
        .rank = MANIFEST_SERVICES_MAX,
        .listed = "0123456789abcdef0123456789abcdef",
        .notify = true,
        .job = true,
        .planned = true,
        .resting = true,
        .idle = true,
        .asked = true,
        .wall = true,
        .blame = 4095,
        .run = { .version = "0.9",
                 .result = "exit-code",
                 .started_usec = UINT64_MAX,
                 .ended_usec = 1,
                 .code = UINT32_MAX,
                 .status = 255 },
};

static int parse(const char *text, struct record *ret)
{
        struct fault f = {};

        return record_parse(text, strlen(text), "record", ret, &f);
}

/* The written record with one line replaced, or left out where with is NULL. */
static int parse_changed(const char *text, const char *line, const char *with)
{
        char changed[2048];
        const char *at = strstr(text, line);
        struct record r;

        if (!at)
                abort();
        (void)snprintf(changed, sizeof(changed), "%.*s%s%s%s", (int)(at - text), text, with ? with : "",
                       with ? "\n" : "", at + strcspn(at, "\n") + 1);
        return parse(changed, &r);
}

int main(void)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(RECORD_BYTES_MAX);
        static const char *const essential[] = { "Unit=",   "Bundle=",  "\nVersion=",
                                                 "Digest=", "Service=", "DropIn=" };
        struct record r = {};

        tap_int(record_write(&record, &b), 0, "a record is written");
        tap_int(parse(b.data, &r), 0, "and read");
        tap_ok(memcmp(&r, &record, sizeof(r)) == 0, "as it was");
        tap_int(parse_changed(b.data, "Bundle=", "Bundle=../etc"), -EINVAL, "a name that is none, too");
        tap_int(parse_changed(b.data, "Unit=", "Unit=sshd.service"), -EINVAL, "another's unit");
        tap_int(parse_changed(b.data, "Unit=", "Unit=sealift-/../x.service"), -EINVAL, "a path for a unit");
        tap_int(parse_changed(b.data, "Network=", "Network=9"), -EINVAL, "a number out of range");
        tap_int(parse_changed(b.data, "Digest=", "Digest=abc"), -EINVAL, "a short sum");
        tap_int(parse_changed(b.data, "Root=", "Root=1\nRoot=1"), -EINVAL, "a line that comes twice");
        tap_int(parse_changed(b.data, "Root=", "Roof=1"), 0,
                "one that an older sealift-unitd wrote is a record");
        tap_int(parse_changed(b.data, "Unit=",
                              "Unit=sealift-a.b@1-0123456789ab-1.service\nFuture=\n[Later]\nUnit=x"),
                -EINVAL, "in what a newer one wrote, lines of sections not known are not lines of this one");
        tap_int(parse_changed(b.data, "RunStatus=", "RunStatus=1\nFuture=x y\n[Later]\nUnit=no"), 0,
                "and are skipped");
        for (size_t i = 0; i < ELEMENTSOF(essential); i++)
                tap_int(parse_changed(b.data, essential[i], NULL), -EINVAL,
                        "without %s nobody knows what it is of", essential[i]);
        tap_int(parse("", &r), -EINVAL, "nothing at all");
        return tap_done();
}
