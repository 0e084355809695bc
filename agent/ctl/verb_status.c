/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift status`: what this machine runs, since when, and what stands in the way of more. */

#include "ctl/agent_bus.h"
#include "ctl/states.h"
#include "ctl/verbs.h"

#include <jansson.h>

#include "doors/instances.h"

#define JOB_TYPE "(sssssssisttt)" /* of ListJobs() */

static bool arg_json;

static const struct args_option options[] = {
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift status",
        .operands = "[BUNDLE]",
        .help = "Show what this machine runs. Exit status 3 when a bundle is not running.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .max_operands = 1,
};

/* Properties of the agent, in the order they are shown. */
static const struct {
        const char *property, *key, *label;
        bool time;
} facts[] = {
        { "Version", "version", "Agent", false },
        { "Channel", "channel", "Channel", false },
        { "Source", "source", "Source", false },
        { "LastCheckUSec", "last_check", "Last check", true },
        { "LastResult", "last_result", "Result", false },
        { "NextCheckUSec", "next_check", "Next check", true },
};

static int status_read_facts(sd_bus *bus, json_t *status, struct fault *f)
{
        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                _cleanup_free_ char *s = NULL;
                uint64_t usec = 0;
                int r;

                if (facts[i].time)
                        r = agent_bus_get_time(bus, facts[i].property, &usec, f);
                else
                        r = agent_bus_get_text(bus, facts[i].property, &s, f);
                if (r < 0)
                        return r;
                (void)json_object_set_new(status, facts[i].key,
                                          facts[i].time ? states_time(usec) : json_string(s));
        }
        return 0;
}

static int status_read_warnings(sd_bus *bus, json_t *status, struct fault *f)
{
        json_t *warnings = json_array();
        char **texts = NULL;
        int r;

        (void)json_object_set_new(status, "warnings", warnings);
        r = agent_bus_get_texts(bus, "Warnings", &texts, f);
        for (size_t i = 0; texts && texts[i]; i++) {
                (void)json_array_append_new(warnings, json_string(texts[i]));
                free(texts[i]);
        }
        free(texts);
        return r;
}

static int status_add_bundle(sd_bus_message *reply, const char *only, json_t *bundles)
{
        const char *name, *version, *digest, *state, *error;
        uint64_t since;
        json_t *b;
        int r;

        r = sd_bus_message_read(reply, "(ssssts)", &name, &version, &digest, &state, &since, &error);
        if (r <= 0 || (only && !str_eq(only, name)))
                return r;
        b = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:n, s:[], s:[]}", "name", name, "version", version,
                      "digest", digest, "state", state, "since", states_time(since), "error", error, "trial",
                      "jobs", "instances");
        return json_array_append_new(bundles, b) < 0 ? -ENOMEM : 1;
}

static int status_read_instances(json_t *bundles, struct fault *f)
{
        _cleanup_free_ struct instance *all = NULL;
        size_t n;
        int r;

        r = instances_read(&all, &n, f);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                json_t *b = states_find(bundles, all[i].bundle);

                if (b)
                        (void)json_array_append_new(json_object_get(b, "instances"),
                                                    json_string(all[i].name));
        }
        return r;
}

/* Into the object of its bundle, if that is shown. */
static int status_add_job(sd_bus_message *reply, json_t *bundles)
{
        const char *bundle, *name, *instance, *service, *state, *version, *result, *signal;
        uint64_t started, ended, next;
        int32_t exit_status;
        json_t *b, *job;
        int r;

        r = sd_bus_message_read(reply, JOB_TYPE, &bundle, &name, &instance, &service, &state, &version,
                                &result, &exit_status, &signal, &started, &ended, &next);
        if (r <= 0)
                return r;
        job = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "name", name, "instance",
                        instance, "service", service, "state", state, "version", version, "result", result,
                        "exit_status", exit_status < 0 ? json_null() : json_integer(exit_status), "signal",
                        signal, "started", states_time(started), "ended", states_time(ended), "next",
                        states_time(next));
        b = states_find(bundles, bundle);
        if (b)
                (void)json_array_append(json_object_get(b, "jobs"), job);
        json_decref(job);
        return 1;
}

static int status_read_jobs(sd_bus *bus, json_t *status, struct fault *f)
{
        sd_bus_message *reply = NULL;
        int r;

        r = agent_bus_call(bus, "ListJobs", 0, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', JOB_TYPE);
        while (r > 0)
                r = status_add_job(reply, json_object_get(status, "bundles"));
        sd_bus_message_unref(reply);
        return r < 0 ? fault_set_errno(f, r, "the agent's answer cannot be read") : 0;
}

static int status_read_bundles(sd_bus *bus, const char *only, json_t *status, struct fault *f)
{
        json_t *bundles = json_array();
        sd_bus_message *reply = NULL;
        int r;

        (void)json_object_set_new(status, "bundles", bundles);
        r = agent_bus_call(bus, "ListBundles", 0, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(ssssts)");
        while (r > 0)
                r = status_add_bundle(reply, only, bundles);
        sd_bus_message_unref(reply);
        if (r < 0)
                return fault_set_errno(f, r, "the agent's answer cannot be read");
        if (only && json_array_size(bundles) == 0)
                return fault_set(f, -ENOENT,
                                 "%s: this machine knows no such bundle; `sealift status` lists them", only);
        r = states_add(bus, bundles, f);
        return r < 0 ? r : status_read_instances(bundles, f);
}

static const char *text_of(const json_t *object, const char *key)
{
        const char *s = json_string_value(json_object_get(object, key));

        return s && *s ? s : "-";
}

static void instances_print(const json_t *instances)
{
        const json_t *name;
        size_t i;

        json_array_foreach(instances, i, name)
        {
                printf("%s%s", i == 0 ? "  instances: " : ", ", json_string_value(name));
        }
        if (json_array_size(instances) > 0)
                printf("\n");
}

/* "exit status 3", "signal KILL", or systemd's own word. */
static void job_print(const json_t *j)
{
        const json_t *exit_status = json_object_get(j, "exit_status");
        const char *result = text_of(j, "result"), *signal = text_of(j, "signal");

        printf("  job %s%s%s: ", text_of(j, "name"), str_eq(text_of(j, "instance"), "-") ? "" : " of ",
               str_eq(text_of(j, "instance"), "-") ? "" : text_of(j, "instance"));
        if (str_eq(text_of(j, "state"), "running"))
                printf("runs since %s", text_of(j, "started"));
        else if (str_eq(result, "-"))
                printf("has not run yet");
        else {
                printf("%s at %s", result, text_of(j, "ended"));
                if (!str_eq(signal, "-"))
                        printf(", signal %s", signal);
                else if (json_integer_value(exit_status) > 0)
                        printf(", exit status %d", (int)json_integer_value(exit_status));
        }
        if (!str_eq(text_of(j, "next"), "-"))
                printf("; next %s", text_of(j, "next"));
        printf("\n");
}

static void status_print(const json_t *status)
{
        const json_t *j;
        size_t k;

        const json_t *bundles = json_object_get(status, "bundles"), *b;
        size_t i;

        for (k = 0; k < ELEMENTSOF(facts); k++)
                printf("%12s: %s\n", facts[k].label, text_of(status, facts[k].key));
        json_array_foreach(json_object_get(status, "warnings"), i, b)
                printf("%12s: %s\n", "Warning", json_string_value(b));
        if (json_array_size(bundles) == 0) {
                printf("\nNo bundle is installed.\n");
                return;
        }
        printf("\n%-20s %-10s %-20s %-14s %s\n", "BUNDLE", "STATE", "VERSION", "DIGEST", "SINCE");
        json_array_foreach(bundles, i, b)
        {
                printf("%-20s %-10s %-20s %-14.12s %s\n", text_of(b, "name"), text_of(b, "state"),
                       text_of(b, "version"), text_of(b, "digest"), text_of(b, "since"));
                instances_print(json_object_get(b, "instances"));
                states_print(b);
                if (!str_eq(text_of(b, "error"), "-"))
                        printf("  last attempt: %s\n", text_of(b, "error"));
                json_array_foreach(json_object_get(b, "jobs"), k, j) job_print(j);
        }
}

static bool status_healthy(const json_t *status)
{
        const json_t *b;
        size_t i;

        json_array_foreach(json_object_get(status, "bundles"), i, b)
        {
                const char *state = text_of(b, "state");

                if (!str_eq(state, "running") && !str_eq(state, "updating") && !str_eq(state, "withdrawn"))
                        return false;
        }
        return true;
}

static int status_run(char **operands, int n, struct fault *f)
{
        json_t *status = json_object();
        sd_bus *bus = NULL;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = status_read_facts(bus, status, f);
        if (r >= 0)
                r = status_read_warnings(bus, status, f);
        if (r >= 0)
                r = status_read_bundles(bus, n > 0 ? operands[0] : NULL, status, f);
        if (r >= 0)
                r = status_read_jobs(bus, status, f);
        if (r >= 0 && arg_json) {
                (void)json_dumpf(status, stdout, JSON_INDENT(2));
                printf("\n");
        } else if (r >= 0)
                status_print(status);
        if (r >= 0)
                r = status_healthy(status) ? EXIT_STATUS_OK : EXIT_STATUS_NEWS;
        sd_bus_flush_close_unref(bus);
        json_decref(status);
        return r;
}

int verb_status(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, status_run);
}
