/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealiftd: decides what runs on this machine. No network, no capability, no archive; it talks to three
 * workers and to D-Bus. main() builds the agent and alternates between waiting and the story. */

#include "sealiftd/agent.h"

#include <signal.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include "doors/journal.h"
#include "ground/args.h"
#include "ground/io.h"
#include "sealiftd/bus.h"
#include "sealiftd/collect.h"
#include "sealiftd/load.h"
#include "sealiftd/meanwhile.h"
#include "sealiftd/poll.h"
#include "sealiftd/report.h"
#include "sealiftd/scrub.h"
#include "sealiftd/story.h"
#include "sealiftd/trial.h"
#include "sealiftd/vigil.h"

static const char *arg_config = CONFIG_PATH;
static const char *arg_store = STORE_PATH;

static const struct args_option options[] = {
        ARGS_TEXT('c', "config", "FILE", &arg_config, "configuration (default: " CONFIG_PATH ")"),
        ARGS_TEXT(0, "store", "DIR", &arg_store, "state, releases, reports (default: " STORE_PATH ")"),
};

static const struct args_command command = {
        .name = "sealiftd",
        .operands = "",
        .help = "Pulls signed application bundles and keeps them running. Started by systemd.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

static int on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
        struct agent *a = userdata;

        a->await.stopping = true;
        return 0;
}

static void agent_done(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles; i++)
                a->bundles[i].trial = trial_free(a->bundles[i].trial);
        a->outbound = outbound_free(a->outbound);
        a->scrub = scrub_free(a->scrub);
        a->bus = bus_free(a->bus);
        a->bus_retry = sd_event_source_disable_unref(a->bus_retry);
        a->units = units_free(a->units);
        a->vigil = vigil_free(a->vigil);
        a->outbox = outbox_free(a->outbox);
        a->store = store_free(a->store);
        a->policy = policy_free(a->policy);
        a->config = config_free(a->config);
        free(a->bundles);
        free(a->jobs);
        a->restore_timer = sd_event_source_disable_unref(a->restore_timer);
        a->poll_timer = sd_event_source_disable_unref(a->poll_timer);
        a->await.event = sd_event_unref(a->await.event);
}

static int agent_watch_signals(struct agent *a, struct fault *f)
{
        sigset_t mask;
        int r;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        r = sd_event_default(&a->await.event);
        if (r >= 0)
                r = sd_event_add_signal(a->await.event, NULL, SIGTERM, on_stop, a);
        if (r >= 0)
                r = sd_event_add_signal(a->await.event, NULL, SIGINT, on_stop, a);
        return r < 0 ? fault_set_errno(f, r, "cannot set up the event loop") : 0;
}

static int agent_open(struct agent *a, struct fault *f)
{
        struct fault no_bus = {};
        int r;

        r = agent_watch_signals(a, f);
        if (r >= 0)
                r = load_identity(a, f);
        if (r >= 0)
                r = store_open(arg_store, &a->store, f);
        if (r >= 0)
                r = outbox_open(a->store, &a->outbox, f);
        if (r >= 0)
                r = vigil_open(a->store, &a->vigil, f);
        if (r >= 0)
                r = load_bundles(a, f);
        if (r >= 0)
                r = load_units(a, f);
        if (r >= 0)
                r = outbound_new(a, &a->outbound);
        if (r >= 0)
                r = scrub_new(a, &a->scrub, f);
        if (r < 0)
                return r;
        collect_tell_left(a, store_left(a->store));
        if (outbox_damage(a->outbox))
                journal_send(JOURNAL_REPORT_FAILED, LOG_WARNING, NULL,
                             "%s; reports are numbered on from those that are there",
                             outbox_damage(a->outbox));
        if (bus_new(a, &a->bus, &no_bus) < 0) {
                fprintf(stderr, "<4>%s; going on without it\n", no_bus.text);
                bus_try_later(a);
        }
        return 0;
}

static int agent_run(struct agent *a, struct fault *f)
{
        (void)sd_notify(0, "READY=1");
        meanwhile_begin(a);
        story_restore(a);
        poll_begin(a);
        while (!a->await.stopping) {
                struct fault why = {};
                int r;

                if (meanwhile_go(a))
                        continue;
                if (!a->check_due) {
                        r = sd_event_run(a->await.event, UINT64_MAX);
                        if (r < 0)
                                return fault_set_errno(f, r, "the event loop failed");
                        continue;
                }
                a->check_due = false;
                a->install_now = a->install_due;
                a->install_due = false;
                bus_tell_checking(a->bus);
                r = story_poll(a, &why);
                if (!a->await.stopping)
                        poll_schedule(a, r, &why);
        }
        trial_end_boot(a);
        return 0;
}

int main(int argc, char **argv)
{
        struct agent a = {};
        struct fault f = {};
        char **operands;
        int n, status, r;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        r = load_config(arg_config, &a.config, &f);
        if (r < 0) {
                journal_send(JOURNAL_CONFIG_INVALID, LOG_ERR, NULL, "%s", f.text);
                fprintf(stderr, "sealiftd: %s\n", f.text);
                agent_done(&a);
                return EXIT_STATUS_USAGE;
        }
        r = agent_open(&a, &f);
        if (r >= 0) {
                journal_send(JOURNAL_AGENT_STARTED, LOG_INFO, NULL,
                             "sealiftd " PACKAGE_VERSION " started, channel %s of source %s",
                             a.config->channel, a.config->source);
                r = agent_run(&a, &f);
                (void)sd_notify(0, "STOPPING=1");
        }
        if (r < 0)
                fprintf(stderr, "<3>sealiftd: %s\n", f.text);
        agent_done(&a);
        return r < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
