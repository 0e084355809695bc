/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift gc`: the agent removes the releases that retention does not keep, now rather than after its next
 * poll; this prints which. */

#include "ctl/agent_bus.h"
#include "ctl/verbs.h"

#include <inttypes.h>
#include <jansson.h>

/* Emptying trees takes a while, and the agent may be in the middle of a poll. */
#define GC_TIMEOUT_USEC (UINT64_C(3600) * 1000000)

static bool arg_dry_run, arg_json;

static const struct args_option options[] = {
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "only print what would be removed"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift gc",
        .operands = "",
        .help = "Remove the releases that Keep= of sealift.conf does not keep.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

static int releases_read(sd_bus_message *reply, json_t *releases, uint32_t *ret_left, struct fault *f)
{
        const char *bundle, *release;
        uint64_t bytes;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sst)", &bundle, &release, &bytes)) > 0)
                if (json_array_append_new(releases, json_pack("{s:s, s:s, s:I}", "bundle", bundle, "release",
                                                              release, "bytes", (json_int_t)bytes)) < 0)
                        r = -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "u", ret_left);
        return r < 0 ? fault_set_errno(f, r, "the agent's answer cannot be read") : 0;
}

static void gc_print(const json_t *releases)
{
        const json_t *x;
        size_t i;

        json_array_foreach(releases, i, x)
        {
                printf("%s %s: %" JSON_INTEGER_FORMAT " KiB %s\n",
                       json_string_value(json_object_get(x, "bundle")),
                       json_string_value(json_object_get(x, "release")),
                       json_integer_value(json_object_get(x, "bytes")) / 1024,
                       arg_dry_run ? "would go" : "removed");
        }
        if (json_array_size(releases) == 0)
                printf("nothing to remove\n");
}

static int gc_tell(sd_bus_message *reply, struct fault *f)
{
        json_t *releases = json_array(), *json;
        uint32_t left = 0;
        int r;

        r = releases_read(reply, releases, &left, f);
        if (r >= 0 && arg_json) {
                json = json_pack("{s:O, s:i}", "releases", releases, "left", (int)left);
                (void)json_dumpf(json, stdout, JSON_INDENT(2));
                printf("\n");
                json_decref(json);
        } else if (r >= 0)
                gc_print(releases);
        json_decref(releases);
        if (r >= 0 && left > 0)
                return fault_set(
                        f, -EBUSY,
                        "%u releases could not be removed yet; journalctl -u sealiftd.service says why",
                        left);
        return r < 0 ? r : EXIT_STATUS_OK;
}

/* What is staged now is nothing that would be kept, and so the agent waits. An older one does not say so. */
static void gc_tell_wait(sd_bus *bus)
{
        char *busy = NULL;
        struct fault ignored = {};

        if (agent_bus_get_text(bus, "Busy", &busy, &ignored) >= 0 && *busy)
                fprintf(stderr, "sealift gc: %s; waiting until that has ended\n", busy);
        free(busy);
}

static int gc_run(char **operands, int n, struct fault *f)
{
        sd_bus_message *reply = NULL;
        sd_bus *bus = NULL;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0 && !arg_dry_run)
                gc_tell_wait(bus);
        if (r >= 0)
                r = agent_bus_call_flag(bus, "Collect", arg_dry_run, GC_TIMEOUT_USEC, &reply, f);
        if (r >= 0)
                r = gc_tell(reply, f);
        sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(bus);
        return r;
}

int verb_gc(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, gc_run);
}
