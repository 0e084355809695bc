/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The D-Bus face of sealiftd. Handlers read what is there and note what is wanted; CheckNow() is answered
 * when the poll that it asked for has ended, and two requests at once are one poll; an order is answered
 * when it has been carried out. */

#include "sealiftd/bus_parts.h"

#include "facts/date.h"
#include "sealiftd/attempt.h"
#include "sealiftd/jobs.h"
#include "sealiftd/story.h"
#include "sealiftd/trial.h"
#include "sealiftd/vigil.h"

/* Only while there is no bus: nobody can be asked to say when it is back. */
#define BUS_RETRY_USEC (UINT64_C(1) * 1000000)

/* What is wrong, and when it is looked at next. */
enum { ERROR_SIZE = FAULT_TEXT_MAX + STRLEN("; it is started again at ") + DATE_SIZE };
static void error_say(const struct bundle *b, char ret[static ERROR_SIZE])
{
        char date[DATE_SIZE];
        bool again = b->restore_due && b->restore_usec > 0 && *b->error;

        date_format((int64_t)(b->restore_usec / 1000000), date);
        (void)snprintf(ret, ERROR_SIZE, "%s%s%s", b->error, again ? "; it is started again at " : "",
                       again ? date : "");
}

static int on_list_bundles(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct agent_bus *b = userdata;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssssts)");
        for (size_t i = 0; r >= 0 && i < b->agent->n_bundles; i++) {
                const struct bundle *x = b->agent->bundles + i;
                char wrong[ERROR_SIZE];

                error_say(x, wrong);
                r = sd_bus_message_append(reply, "(ssssts)", x->name, x->state.current.version,
                                          x->state.current.digest, bundle_health_text(x->health),
                                          x->since_usec, wrong);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(b->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

#define JOB_TYPE "(sssssssisttt)"

static int job_append(sd_bus_message *reply, const struct job *job)
{
        struct report_job j;

        jobs_describe(job, &j);
        return sd_bus_message_append(reply, JOB_TYPE, job->last.bundle, j.name, j.instance, j.service,
                                     j.state, j.version, j.result, j.exit_status, j.signal ? j.signal : "",
                                     j.started_usec, j.ended_usec, j.next_usec);
}

static int on_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const struct agent *a = ((struct agent_bus *)userdata)->agent;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', JOB_TYPE);
        for (size_t i = 0; r >= 0 && i < a->n_jobs; i++)
                r = job_append(reply, a->jobs + i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* What is on trial has passed all gates but the last, be it that an agent before this one saw that. */
static size_t gates_passed(const struct bundle *b, bool on_trial)
{
        return on_trial ? story_n_gates() - 1 : b->gates_passed;
}

static int gate_append(sd_bus_message *reply, const struct agent *a, const struct bundle *b,
                       const char *name, size_t i)
{
        unsigned failures, max;
        uint64_t until = trial_until(b, &failures, &max);
        const char *why = b->damaged ? b->error : b->gate_error;
        bool goes_on = attempt_is_of(a, b) && !attempt_repairs(a, b); /* what failed was before it */
        bool failed = !goes_on && *why;
        /* Also for the moment in which it is started again, and nobody watches it. */
        bool on_trial = !goes_on && !failed && state_on_trial(&b->state);
        size_t passed = gates_passed(b, on_trial);
        char text[128] = "", date[DATE_SIZE];

        if (i == passed && on_trial && until > 0) {
                date_format((int64_t)(until / 1000000), date);
                (void)snprintf(text, sizeof(text), "until %s; %u of %u failures", date, failures, max);
        }
        return sd_bus_message_append(reply, "(sss)", name,
                                     i < passed   ? "passed"
                                     : i > passed ? "not reached"
                                     : goes_on    ? "under way"
                                     : failed     ? "failed"
                                     : on_trial   ? "on trial"
                                                  : "not reached",
                                     i == passed && failed ? why : text);
}

/* Each gate of the last attempt: passed, under way, failed (with the reason), on trial, or not reached. */
static int on_why(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct agent_bus *b = userdata;
        sd_bus_message *reply = NULL;
        const struct bundle *x;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        x = agent_find_bundle(b->agent, name, false);
        if (!x)
                return sd_bus_error_setf(error, BUS_ERROR_NO_BUNDLE, "%s: this machine knows no such bundle",
                                         name);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", x->tried);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sss)");
        for (size_t i = 0; r >= 0 && i < story_n_gates(); i++)
                if (story_gate(x->kind, i))
                        r = gate_append(reply, b->agent, x, story_gate(x->kind, i), i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(b->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int on_check_now(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct agent_bus *b = userdata;

        if (b->n_waiting >= BUS_WAITING_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many callers wait for a check already");
        b->waiting[b->n_waiting++] = sd_bus_message_ref(m);
        b->agent->check_due = true;
        /* Who asks has perhaps mended what was wrong with this host. */
        for (size_t i = 0; i < b->agent->n_bundles; i++)
                b->agent->bundles[i].unwalled = (struct release_ref){};
        b->agent->install_due |= str_eq(sd_bus_message_get_member(m), "InstallNow");
        return 1;
}

/* Everything in it is a caller's word, and checked before it is kept. */
static int on_order(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct agent_bus *b = userdata;
        const char *bundle, *version = "";
        struct waiting_order *w;
        struct fault f = {};
        int r;

        if (b->n_orders >= BUS_WAITING_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many orders wait already");
        w = b->orders + b->n_orders;
        r = sd_bus_message_read(m, "s", &bundle);
        if (r >= 0 && sd_bus_message_has_signature(m, "ss"))
                r = sd_bus_message_read(m, "s", &version);
        if (r < 0)
                return r;
        r = order_make(sd_bus_message_get_member(m), bundle, version, &w->order, &f);
        if (r < 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, f.text);
        w->order.id = ++b->agent->last_order;
        w->call = sd_bus_message_ref(m);
        b->n_orders++;
        return 1;
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const struct agent *a = ((struct agent_bus *)userdata)->agent;
        const char *s = str_eq(property, "Version")   ? PACKAGE_VERSION
                        : str_eq(property, "Channel") ? a->config->channel
                        : str_eq(property, "Source")  ? a->config->source
                                                      : a->last_result;

        return sd_bus_message_append(reply, "s", s);
}

/* For whoever waits, and wants to know for what. */
static int get_busy(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const struct attempt *t = ((struct agent_bus *)userdata)->agent->attempt;
        char text[FAULT_TEXT_MAX] = "";

        if (t)
                (void)snprintf(text, sizeof(text), "%s: %s%s%s", t->bundle->name,
                               *t->release.version ? "release " : "a release", t->release.version,
                               t->repairs ? " is being put right" : " is on its way");
        return sd_bus_message_append(reply, "s", text);
}

static int get_time(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const struct agent *a = ((struct agent_bus *)userdata)->agent;

        return sd_bus_message_append(
                reply, "t", str_eq(property, "LastCheckUSec") ? a->last_check_usec : a->next_check_usec);
}

static int get_warnings(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const struct agent *a = ((struct agent_bus *)userdata)->agent;
        const char *warnings[VIGIL_WARNINGS_MAX + 1];
        int r;

        vigil_warnings(a, warnings);
        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t i = 0; r >= 0 && warnings[i]; i++)
                r = sd_bus_message_append(reply, "s", warnings[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Rows of the table of orders; who may: the bus policy. */
#define ORDER(method)                                                                                       \
        SD_BUS_METHOD_WITH_ARGS(method, SD_BUS_ARGS("s", bundle), SD_BUS_RESULT("s", said), on_order,       \
                                SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Channel", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Source", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("LastCheckUSec", "t", get_time, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LastResult", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NextCheckUSec", "t", get_time, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Busy", "s", get_busy, 0, 0),
        SD_BUS_PROPERTY("Warnings", "as", get_warnings, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("ListBundles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssssts)", bundles),
                                on_list_bundles, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a" JOB_TYPE, jobs), on_list_jobs,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListStates", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sa{sv})", states),
                                bus_list_states, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Why", SD_BUS_ARGS("s", bundle), SD_BUS_RESULT("s", tried, "a(sss)", gates),
                                on_why, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CheckNow", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", result),
                                on_check_now, SD_BUS_VTABLE_UNPRIVILEGED), /* who may: the bus policy */
        SD_BUS_METHOD_WITH_ARGS("InstallNow", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", result),
                                on_check_now, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Rollback", SD_BUS_ARGS("s", bundle, "s", version), SD_BUS_RESULT("s", said),
                                on_order, SD_BUS_VTABLE_UNPRIVILEGED),
        ORDER("Hold"),
        ORDER("Unhold"),
        ORDER("Retry"),
        ORDER("Start"),
        ORDER("Restart"),
        ORDER("Stop"),
        ORDER("Disable"),
        SD_BUS_METHOD_WITH_ARGS_OFFSET("Collect", SD_BUS_ARGS("b", dry_run),
                                       SD_BUS_RESULT("a(sst)", releases, "u", left), bus_on_collect,
                                       offsetof(struct agent_bus, upkeep), SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS_OFFSET("Verify", SD_BUS_ARGS("s", bundle),
                                       SD_BUS_RESULT("a(ssss)", releases), bus_on_verify,
                                       offsetof(struct agent_bus, upkeep), SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("BundleChanged", SD_BUS_ARGS("s", name, "s", state), 0),
        SD_BUS_VTABLE_END,
};

struct agent_bus *bus_free(struct agent_bus *b)
{
        if (b) {
                for (size_t i = 0; i < b->n_waiting; i++)
                        sd_bus_message_unref(b->waiting[i]);
                for (size_t i = 0; i < b->n_orders; i++)
                        sd_bus_message_unref(b->orders[i].call);
                bus_upkeep_done(&b->upkeep);
                sd_bus_flush_close_unref(b->bus);
        }
        free(b);
        return NULL;
}

/* libsystemd's own signal. The daemon has been started anew, or will be. */
static int on_gone(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const struct agent_bus *b = userdata;

        bus_try_later(b->agent);
        return 0;
}

int bus_new(struct agent *a, struct agent_bus **ret, struct fault *f)
{
        _cleanup_(bus_freep) struct agent_bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return fault_set(f, -ENOMEM, "out of memory");
        b->agent = a;
        r = sd_bus_open_system(&b->bus);
        if (r < 0)
                return fault_set_errno(f, r, "cannot connect to the system bus");
        r = sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_INTERFACE, vtable, b);
        if (r >= 0)
                r = sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus.Local", NULL,
                                              "org.freedesktop.DBus.Local", "Disconnected", on_gone, NULL,
                                              b);
        if (r >= 0)
                r = sd_bus_request_name(b->bus, BUS_NAME, 0);
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, a->await.event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return fault_set_errno(f, r, "cannot offer " BUS_NAME " on the system bus");
        *ret = TAKE_PTR(b);
        return 0;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct agent *a = userdata;

        a->bus_retry = sd_event_source_disable_unref(a->bus_retry);
        a->bus_due = true;
        return 0;
}

void bus_renew(struct agent *a)
{
        struct fault f = {};

        a->bus_due = false;
        a->bus = bus_free(a->bus);
        if (bus_new(a, &a->bus, &f) < 0)
                bus_try_later(a);
}

void bus_try_later(struct agent *a)
{
        if (!a->bus_retry)
                (void)sd_event_add_time_relative(a->await.event, &a->bus_retry, CLOCK_MONOTONIC,
                                                 BUS_RETRY_USEC, 0, on_retry, a);
}

void bus_tell_bundle(struct agent_bus *b, const struct bundle *about)
{
        if (b)
                (void)sd_bus_emit_signal(b->bus, BUS_PATH, BUS_INTERFACE, "BundleChanged", "ss", about->name,
                                         bundle_health_text(about->health));
}

void bus_tell_checking(struct agent_bus *b)
{
        if (b)
                b->n_served = b->n_waiting;
}

void bus_tell_checked(struct agent_bus *b)
{
        if (!b)
                return;
        for (size_t i = 0; i < b->n_served; i++) {
                (void)sd_bus_reply_method_return(b->waiting[i], "bs", (int)b->agent->last_ok,
                                                 b->agent->last_result);
                sd_bus_message_unref(b->waiting[i]);
        }
        b->n_waiting -= b->n_served;
        memmove(b->waiting, b->waiting + b->n_served, b->n_waiting * sizeof(*b->waiting));
        b->n_served = 0;
        (void)sd_bus_emit_properties_changed(b->bus, BUS_PATH, BUS_INTERFACE, "LastCheckUSec", "LastResult",
                                             "NextCheckUSec", "Warnings", NULL);
}

static bool is_first(const struct agent_bus *b, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (str_eq(b->orders[k].order.bundle, b->orders[i].order.bundle))
                        return false;
        return true;
}

bool bus_find_order(const struct agent_bus *b, bool (*fits)(const struct order *o, void *userdata),
                    void *userdata, struct order *ret)
{
        for (size_t i = 0; b && i < b->n_orders; i++)
                if (is_first(b, i) && fits(&b->orders[i].order, userdata)) {
                        *ret = b->orders[i].order;
                        return true;
                }
        return false;
}

void bus_tell_order(struct agent_bus *b, const struct order *o, int r, const char *said,
                    const struct fault *f)
{
        struct waiting_order *w;
        bool unknown;

        if (!b) /* it went while the order was carried out, and who waited with it */
                return;
        unknown = !agent_find_bundle(b->agent, o->bundle, false);
        w = b->orders;
        while (w < b->orders + b->n_orders && w->order.id != o->id)
                w++;
        if (w == b->orders + b->n_orders)
                return;
        if (r >= 0)
                (void)sd_bus_reply_method_return(w->call, "s", said);
        else
                (void)sd_bus_reply_method_errorf(w->call, unknown ? BUS_ERROR_NO_BUNDLE : BUS_ERROR_FAILED,
                                                 "%s", f->text);
        sd_bus_message_unref(w->call);
        b->n_orders--;
        memmove(w, w + 1, (size_t)(b->orders + b->n_orders - w) * sizeof(*w));
}

bool bus_waits(const struct agent_bus *b)
{
        return b && bus_upkeep_waits(&b->upkeep, b->agent);
}

bool bus_carry_out(struct agent_bus *b)
{
        return b && bus_upkeep_carry_out(&b->upkeep, b->agent);
}
