/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift why BUNDLE`: each gate of the last attempt, passed or not, and when it is looked at next. The
 * worst answer an update tool can give is none. */

#include "ctl/agent_bus.h"
#include "ctl/verbs.h"

#include <jansson.h>
#include <time.h>

static bool arg_json;

static const struct args_option options[] = {
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift why",
        .operands = "BUNDLE",
        .help = "Show each gate of the last attempt at a new release of BUNDLE. Exit status 3 when one did "
                "not pass.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

static int why_read(sd_bus *bus, const char *bundle, json_t *why, struct fault *f)
{
        const char *tried, *gate, *verdict, *text;
        json_t *gates = json_array();
        sd_bus_message *reply = NULL;
        int r;

        (void)json_object_set_new(why, "gates", gates);
        r = agent_bus_call_text(bus, "Why", bundle, 0, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &tried);
        if (r >= 0) {
                (void)json_object_set_new(why, "tried", json_string(tried));
                r = sd_bus_message_enter_container(reply, 'a', "(sss)");
        }
        while (r > 0) {
                r = sd_bus_message_read(reply, "(sss)", &gate, &verdict, &text);
                if (r > 0 && json_array_append_new(gates, json_pack("{s:s, s:s, s:s}", "gate", gate,
                                                                    "verdict", verdict, "text", text)) < 0)
                        r = -ENOMEM;
        }
        sd_bus_message_unref(reply);
        return r < 0 ? fault_set_errno(f, r, "the agent's answer cannot be read") : 0;
}

static bool why_stuck(const json_t *why)
{
        const json_t *g;
        size_t i;

        json_array_foreach(json_object_get(why, "gates"), i, g)
        {
                if (str_eq(json_string_value(json_object_get(g, "verdict")), "failed"))
                        return true;
        }
        return false;
}

static void why_print(const json_t *why, const char *bundle, uint64_t next_usec)
{
        const char *tried = json_string_value(json_object_get(why, "tried"));
        time_t next = (time_t)(next_usec / 1000000);
        char when[32] = "never";
        const json_t *g;
        struct tm tm;
        size_t i;

        if (*tried)
                printf("%s: last tried release %s\n", bundle, tried);
        else if (why_stuck(why))
                printf("%s: a release waits\n", bundle);
        else
                printf("%s: nothing new has been tried since the agent started\n", bundle);
        json_array_foreach(json_object_get(why, "gates"), i, g)
        {
                const char *text = json_string_value(json_object_get(g, "text"));

                if (*tried || why_stuck(why))
                        printf("  %-12s %s%s%s\n", json_string_value(json_object_get(g, "gate")),
                               json_string_value(json_object_get(g, "verdict")), *text ? ": " : "", text);
        }
        if (next_usec > 0 && gmtime_r(&next, &tm))
                (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        printf("looked at next: %s (now: sealift check)\n", when);
}

static int why_run(char **operands, int n, struct fault *f)
{
        json_t *why = json_object();
        sd_bus *bus = NULL;
        uint64_t next = 0;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = why_read(bus, operands[0], why, f);
        if (r >= 0)
                r = agent_bus_get_time(bus, "NextCheckUSec", &next, f);
        if (r >= 0 && arg_json) {
                (void)json_dumpf(why, stdout, JSON_INDENT(2));
                printf("\n");
        } else if (r >= 0)
                why_print(why, operands[0], next);
        if (r >= 0)
                r = why_stuck(why) ? EXIT_STATUS_NEWS : EXIT_STATUS_OK;
        sd_bus_flush_close_unref(bus);
        json_decref(why);
        return r;
}

int verb_why(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, why_run);
}
