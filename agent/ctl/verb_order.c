/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift hold BUNDLE` and its like: what an operator wants of a bundle goes to the agent, and what came of
 * it is printed. They differ in a row of the table; the agent does the rest. */

#include "ctl/agent_bus.h"
#include "ctl/verbs.h"

#include <jansson.h>

static bool arg_json;

static const struct args_option options[] = {
        ARGS_FLAG('j', "json", &arg_json, "print the result as JSON"),
};

#define ORDER(verb, operands_, max, help_)                                                                  \
        {                                                                                                   \
                .name = "sealift " verb, .operands = (operands_), .help = (help_), .options = options,      \
                .n_options = ELEMENTSOF(options), .min_operands = 1, .max_operands = (max)                  \
        }

static const struct order {
        const char *verb, *method;
        struct args_command command;
} orders[] = {
        { "disable", "Disable",
          ORDER("disable", "BUNDLE", 1,
                "Stop BUNDLE, and leave it down until sealift start, also when the machine "
                "is started again.") },
        { "hold", "Hold", ORDER("hold", "BUNDLE", 1, "Keep BUNDLE at the release that it has.") },
        { "restart", "Restart",
          ORDER("restart", "BUNDLE", 1, "Stop the services of BUNDLE, and start them.") },
        { "retry", "Retry",
          ORDER("retry", "BUNDLE", 1,
                "Let releases of BUNDLE be tried again that failed or were set back.") },
        { "rollback", "Rollback",
          ORDER("rollback", "BUNDLE [VERSION]", 2,
                "Put an earlier release of BUNDLE, which is on disk, in the "
                "place of the one that runs.") },
        { "start", "Start", ORDER("start", "BUNDLE", 1, "Start BUNDLE after sealift stop or disable.") },
        { "stop", "Stop",
          ORDER("stop", "BUNDLE", 1,
                "Stop BUNDLE, until sealift start or until the machine is started again.") },
        { "unhold", "Unhold",
          ORDER("unhold", "BUNDLE", 1, "Let other releases of BUNDLE be installed again.") },
};

static const struct order *order; /* which it is */

static int order_print(const char *bundle, const char *said)
{
        json_t *json;

        if (!arg_json) {
                printf("%s\n", said);
                return EXIT_STATUS_OK;
        }
        json = json_pack("{s:s, s:s, s:s}", "order", order->verb, "bundle", bundle, "result", said);
        (void)json_dumpf(json, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(json);
        return EXIT_STATUS_OK;
}

static int order_run(char **operands, int n, struct fault *f)
{
        const char *version = order->command.max_operands == 1 ? NULL : n > 1 ? operands[1] : "";
        _cleanup_free_ char *said = NULL;
        sd_bus *bus = NULL;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = agent_bus_order(bus, order->method, operands[0], version, &said, f);
        sd_bus_flush_close_unref(bus);
        return r < 0 ? r : order_print(operands[0], said);
}

int verb_order(int argc, char **argv)
{
        order = orders;
        while (!str_eq(order->verb, argv[0])) /* main() has found it */
                order++;
        return ctl_run(&order->command, argc, argv, order_run);
}
