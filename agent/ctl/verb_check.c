/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift check`: the agent asks its bucket now, and this waits for what came of it. */

#include "ctl/agent_bus.h"
#include "ctl/verbs.h"

#include <jansson.h>

/* A poll may fetch and start a large release; whoever does not want to wait has --no-wait. */
#define CHECK_TIMEOUT_USEC (UINT64_C(3600) * 1000000)

static bool arg_json, arg_no_wait, arg_now, arg_wait;

static const struct args_option options[] = {
        ARGS_FLAG(0, "wait", &arg_wait, "wait until the check has ended (the default)"),
        ARGS_FLAG(0, "now", &arg_now, "install at once, also outside of Window="),
        ARGS_FLAG(0, "no-wait", &arg_no_wait, "ask and return at once"),
        ARGS_FLAG('j', "json", &arg_json, "print the result as JSON"),
};

static const struct args_command command = {
        .name = "sealift check",
        .operands = "",
        .help = "Have the agent look for new releases now, and install what there is.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

static void check_print(bool ok, const char *result)
{
        json_t *json;

        if (!arg_json) {
                fprintf(ok ? stdout : stderr, "%s\n", result);
                return;
        }
        json = json_pack("{s:b, s:s}", "ok", (int)ok, "result", result);
        (void)json_dumpf(json, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(json);
}

/* What runs now, so that whoever published a release sees it here. Not worth a failure: the check is over.
 */
static void check_print_bundles(sd_bus *bus)
{
        const char *name, *version, *digest, *state, *error;
        sd_bus_message *reply = NULL;
        struct fault f = {};
        uint64_t since;
        int r;

        r = agent_bus_call(bus, "ListBundles", 0, &reply, &f);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssts)");
        while (r > 0) {
                r = sd_bus_message_read(reply, "(ssssts)", &name, &version, &digest, &state, &since, &error);
                if (r > 0)
                        printf("%s%s%s: %s\n", name, *version ? " " : "", version, state);
        }
        sd_bus_message_unref(reply);
}

static const char *check_method(void)
{
        return arg_now ? "InstallNow" : "CheckNow";
}

static int check_ask_only(sd_bus *bus, struct fault *f)
{
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME,
                                           check_method());
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, 0);
        if (r >= 0)
                r = sd_bus_send(bus, m, NULL);
        sd_bus_message_unref(m);
        return r < 0 ? fault_set_errno(f, r, "cannot ask the agent") : EXIT_STATUS_OK;
}

static int check_ask(sd_bus *bus, struct fault *f)
{
        sd_bus_message *reply = NULL;
        const char *result;
        int ok, r;

        r = agent_bus_call(bus, check_method(), CHECK_TIMEOUT_USEC, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "bs", &ok, &result);
        if (r >= 0) {
                check_print(ok, result);
                if (ok && !arg_json)
                        check_print_bundles(bus);
                r = ok ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
        } else
                r = fault_set_errno(f, r, "the agent's answer cannot be read");
        sd_bus_message_unref(reply);
        return r;
}

static int check_run(char **operands, int n, struct fault *f)
{
        sd_bus *bus = NULL;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = arg_no_wait ? check_ask_only(bus, f) : check_ask(bus, f);
        sd_bus_flush_close_unref(bus);
        return r;
}

int verb_check(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, check_run);
}
