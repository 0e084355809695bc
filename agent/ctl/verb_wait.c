/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift wait BUNDLE`: ends when the bundle runs, or nobody is starting it. What
 * sealift-bundle-wait@.service does, so that other units can be ordered after a bundle. */

#include "ctl/agent_bus.h"
#include "ctl/publisher.h"
#include "ctl/states.h"
#include "ctl/verbs.h"

#include <time.h>

static const char *arg_timeout;

static const struct args_option options[] = {
        ARGS_TEXT(0, "timeout", "SPAN", &arg_timeout, "give up after so long (never)"),
};

static const struct args_command command = {
        .name = "sealift wait",
        .operands = "BUNDLE",
        .help = "Wait until BUNDLE runs. Exit status 3 when it does not, and nobody is starting it.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

struct waited {
        const char *bundle;
        bool known, news;
        bool runs; /* its current release does, or did after this began, whatever is on its way since */
        char state[32], error[FAULT_TEXT_MAX];
};

static uint64_t now_usec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int on_news(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct waited *w = userdata;

        w->news = true;
        return 0;
}

/* Between its signal and our question the next release may be on its way already. */
static int on_bundle(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct waited *w = userdata;
        const char *name, *state;

        w->news = true;
        if (sd_bus_message_read(m, "ss", &name, &state) >= 0 && str_eq(name, w->bundle) &&
            str_eq(state, "running"))
                w->runs = true;
        return 0;
}

/* An agent that does not run yet, or is being restarted, is waited for as well. */
static bool is_gone(int error)
{
        return error == -EHOSTUNREACH || error == -ENXIO || error == -ECONNRESET;
}

/* What runs may do so for all the hours that the next one is fetched. */
static int runs_ask(sd_bus *bus, struct waited *w, struct fault *f)
{
        json_t *bundles = json_pack("[{s:s}]", "name", w->bundle);
        struct fault mine = {};
        int r;

        r = bundles ? states_add(bus, bundles, &mine) : fault_set(&mine, -ENOMEM, "out of memory");
        w->runs |= json_is_true(json_object_get(states_find(bundles, w->bundle), "runs"));
        json_decref(bundles);
        return r >= 0 || is_gone(r) ? 0 : fault_set(f, r, "%s", mine.text);
}

static int state_ask(sd_bus *bus, struct waited *w, struct fault *f)
{
        const char *name, *version, *digest, *state, *error;
        sd_bus_message *reply = NULL;
        struct fault gone = {};
        uint64_t since;
        int r;

        w->known = w->news = false;
        r = agent_bus_call(bus, "ListBundles", 0, &reply, &gone);
        if (r < 0)
                return is_gone(r) ? 0 : fault_set(f, r, "%s", gone.text);
        r = sd_bus_message_enter_container(reply, 'a', "(ssssts)");
        while (r > 0) {
                r = sd_bus_message_read(reply, "(ssssts)", &name, &version, &digest, &state, &since, &error);
                if (r <= 0 || !str_eq(name, w->bundle))
                        continue;
                w->known = true;
                (void)snprintf(w->state, sizeof(w->state), "%s", state);
                (void)snprintf(w->error, sizeof(w->error), "%s", error);
        }
        sd_bus_message_unref(reply);
        if (r < 0)
                return fault_set_errno(f, r, "the agent's answer cannot be read");
        return w->known && str_eq(w->state, "updating") ? runs_ask(bus, w, f) : 0;
}

static bool is_waiting(const struct waited *w)
{
        static const char *const waiting[] = { "absent", "updating", "starting" };

        for (size_t i = 0; i < ELEMENTSOF(waiting); i++)
                if (!w->known || str_eq(w->state, waiting[i]))
                        return true;
        return false;
}

static bool is_over(const struct waited *w)
{
        return w->runs || !is_waiting(w);
}

static int subscribe(sd_bus *bus, struct waited *w, struct fault *f)
{
        int r;

        /* The sender, too: anybody may send signals, and these are believed. */
        r = sd_bus_match_signal(bus, NULL, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, "BundleChanged",
                                on_bundle, w);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                                     "arg0='" AGENT_BUS_NAME "'",
                                     on_news, w);
        return r < 0 ? fault_set_errno(f, r, "cannot watch the agent") : 0;
}

/* Until there are news, or end (UINT64_MAX: never): then -ETIMEDOUT. */
static int news_await(sd_bus *bus, struct waited *w, uint64_t end, struct fault *f)
{
        int r;

        while (!w->news) {
                uint64_t now = now_usec();

                if (now >= end)
                        return fault_set(f, -ETIMEDOUT, "%s does not run yet", w->bundle);
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, end == UINT64_MAX ? end : end - now);
                if (r < 0)
                        return fault_set_errno(f, r, "the system bus is gone");
        }
        return 0;
}

static int bundle_wait(sd_bus *bus, struct waited *w, uint64_t end, struct fault *f)
{
        int r;

        r = subscribe(bus, w, f);
        if (r >= 0)
                r = state_ask(bus, w, f);
        while (r >= 0 && !is_over(w)) {
                r = news_await(bus, w, end, f);
                if (r >= 0)
                        r = state_ask(bus, w, f);
        }
        return r;
}

static int wait_run(char **operands, int n, struct fault *f)
{
        struct waited w = { .bundle = operands[0] };
        int64_t seconds = -1;
        sd_bus *bus = NULL;
        int r;

        r = publisher_parse_span("timeout", arg_timeout, &seconds, f);
        if (r >= 0)
                r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = bundle_wait(bus, &w, seconds < 0 ? UINT64_MAX : now_usec() + (uint64_t)seconds * 1000000,
                                f);
        sd_bus_flush_close_unref(bus);
        if (r < 0)
                return r;
        if (str_eq(w.state, "running") || is_waiting(&w))
                return EXIT_STATUS_OK;
        fprintf(stderr, "%s is %s%s%s\n", w.bundle, w.state, *w.error ? ": " : "", w.error);
        return EXIT_STATUS_NEWS;
}

int verb_wait(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, wait_run);
}
