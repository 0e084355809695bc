/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that is said to systemd, and all that is read from it. Nothing here takes a property, a path or a
 * setting from a client: a unit's name and description are all that the calls carry, the rest stands in its
 * drop-in. */

#include "unitd/manager.h"

#include <ctype.h>
#include <inttypes.h>
#include <signal.h>

#define MANAGER_NAME      "org.freedesktop.systemd1"
#define MANAGER_OBJECT    "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT_OBJECTS      "/org/freedesktop/systemd1/unit"
#define JOB_OBJECTS       "/org/freedesktop/systemd1/job"
#define JOB_INTERFACE     "org.freedesktop.systemd1.Job"
#define UNIT_INTERFACE    "org.freedesktop.systemd1.Unit"
#define SERVICE_INTERFACE "org.freedesktop.systemd1.Service"

/* systemd answers at once, except while it reloads itself. Past this something is broken, and it is better
 * to say so than to hang. */
#define MANAGER_ANSWER_MAX_USEC (UINT64_C(30) * 1000000)

char **strv_free(char **l)
{
        for (char **s = l; s && *s; s++)
                free(*s);
        free(l);
        return NULL;
}

static int manager_fault(int error, const sd_bus_error *e, const char *what, const char *unit,
                         struct fault *f)
{
        return fault_set(f, error, "%s: systemd cannot %s it: %s", unit, what,
                         e->message ? e->message : strerror(-error));
}

int manager_connect(sd_event *event, sd_bus **ret, struct fault *f)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r < 0)
                return fault_set_errno(f, r, "cannot reach the system bus; is dbus running?");
        (void)sd_bus_set_method_call_timeout(bus, MANAGER_ANSWER_MAX_USEC);
        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(bus, true);
        if (r >= 0)
                r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "Subscribe",
                                       NULL, NULL, NULL);
        if (r < 0)
                return fault_set_errno(f, r, "cannot subscribe to systemd");
        *ret = TAKE_PTR(bus);
        return 0;
}

int manager_version(sd_bus *bus, unsigned *ret, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *s = NULL;
        unsigned long v;
        int r;

        r = sd_bus_get_property_string(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "Version", &e,
                                       &s);
        if (r < 0)
                return fault_set_errno(f, r, "cannot ask systemd for its version");
        v = isdigit((unsigned char)*s) ? strtoul(s, NULL, 10) : 0; /* "252.39-1~deb12u2" */
        if (v < 252 || v > 9999)
                return fault_set(f, -EOPNOTSUPP, "systemd %s: 252 or later is needed", s);
        *ret = (unsigned)v;
        return 0;
}

static int job_read(sd_bus_message *reply, char **ret_job)
{
        const char *job;
        int r;

        r = sd_bus_message_read(reply, "o", &job);
        if (r < 0)
                return r;
        *ret_job = strdup(job);
        return *ret_job ? 0 : -ENOMEM;
}

/* "replace": a network that is about to be stopped, for want of who needs it, is needed again. */
int manager_start(sd_bus *bus, const char *unit, const char *description, bool keep, char **ret_job,
                  struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "StartTransientUnit",
                               &e, &reply, "ssa(sv)a(sa(sv))", unit, "replace", 3, "Description", "s",
                               description, "CollectMode", "s", keep ? "inactive" : "inactive-or-failed",
                               "AddRef", "b", true, 0);
        if (r < 0 && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.UnitExists"))
                return fault_set(f, -EEXIST, "%s: systemd still knows a unit of this name", unit);
        if (r < 0)
                return manager_fault(r, &e, "start", unit, f);
        r = job_read(reply, ret_job);
        return r < 0 ? manager_fault(r, &e, "start", unit, f) : 0;
}

void manager_forget(sd_bus *bus, const char *unit)
{
        (void)sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "ResetFailedUnit",
                                 NULL, NULL, "s", unit);
}

int manager_stop(sd_bus *bus, const char *unit, char **ret_job, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "StopUnit", &e, &reply,
                               "ss", unit, "replace");
        if (r < 0 && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
                return fault_set(f, -ENOENT, "%s: there is no such unit", unit);
        if (r < 0)
                return manager_fault(r, &e, "stop", unit, f);
        r = job_read(reply, ret_job);
        return r < 0 ? manager_fault(r, &e, "stop", unit, f) : 0;
}

int manager_stop_job(sd_bus *bus, const struct manager_status *s, char **ret_job, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *type = NULL;
        char path[sizeof(JOB_OBJECTS) + 16], *job = NULL;
        int r;

        (void)snprintf(path, sizeof(path), JOB_OBJECTS "/%" PRIu32, s->job);
        r = s->job == 0 ? 0
                        : sd_bus_get_property_string(bus, MANAGER_NAME, path, JOB_INTERFACE, "JobType", &e,
                                                     &type);
        if (r < 0 && !sd_bus_error_has_name(&e, SD_BUS_ERROR_UNKNOWN_OBJECT))
                return manager_fault(r, &e, "describe", path, f);
        if (type && str_eq(type, "stop")) {
                job = strdup(path);
                if (!job)
                        return fault_set_errno(f, -ENOMEM, "%s", path);
        }
        *ret_job = job;
        return 0;
}

int manager_restart(sd_bus *bus, const char *unit, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "RestartUnit", &e, NULL,
                               "ss", unit, "replace");
        return r < 0 ? manager_fault(r, &e, "restart", unit, f) : 0;
}

static void unit_signal(sd_bus *bus, const char *unit, const char *whom, int number)
{
        (void)sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "KillUnit", NULL,
                                 NULL, "ssi", unit, whom, number);
}

void manager_kill(sd_bus *bus, const char *unit)
{
        unit_signal(bus, unit, "all", SIGKILL);
}

void manager_continue(sd_bus *bus, const char *unit)
{
        unit_signal(bus, unit, "main", SIGCONT);
}

int manager_ref(sd_bus *bus, const char *unit, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "RefUnit", &e, NULL,
                               "s", unit);
        return r < 0 ? manager_fault(r, &e, "keep", unit, f) : 0;
}

void manager_unref(sd_bus *bus, const char *unit)
{
        (void)sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "UnrefUnit", NULL,
                                 NULL, "s", unit);
}

int manager_path(const char *unit, char **ret)
{
        return sd_bus_path_encode(UNIT_OBJECTS, unit, ret);
}

bool manager_is_down(const struct manager_status *s)
{
        return s->job == 0 && (str_eq(s->active, "inactive") || str_eq(s->active, "failed"));
}

struct field { /* one property, and where it goes */
        const char *name;
        char type;
        size_t offset, size;
};

#define STATUS(name_, type_, member)                                                                        \
        {                                                                                                   \
                (name_), (type_), offsetof(struct manager_status, member),                                  \
                        sizeof(((struct manager_status *)0)->member)                                        \
        }

static const struct field unit_fields[] = {
        STATUS("LoadState", 's', load),
        STATUS("ActiveState", 's', active),
        STATUS("SubState", 's', sub),
        STATUS("StateChangeTimestamp", 't', since_usec),
        STATUS("ActiveEnterTimestamp", 't', ready_usec),
        STATUS("InvocationID", 'a', invocation),
        STATUS("Job", 'j', job),
};

static const struct field service_fields[] = {
        STATUS("Result", 's', result),
        STATUS("StatusText", 's', status_text),
        STATUS("MainPID", 'u', main_pid),
        STATUS("NRestarts", 'u', restarts),
        STATUS("ExecMainCode", 'i', exec_code),
        STATUS("ExecMainStatus", 'i', exec_status),
        STATUS("ExecMainHandoffTimestamp", 't', handoff_usec),
        STATUS("ExecStartPre", 'c', before_code),
        STATUS("IPIngressBytes", 't', ip_bytes),
        STATUS("ExecMainStartTimestamp", 't', started_usec),
        STATUS("ExecMainExitTimestamp", 't', exited_usec),
        STATUS("TimeoutStopUSec", 't', stop_max_usec),
};

/* Commands and how each ended, in order. Those after one that failed have not run. */
static int commands_read(sd_bus_message *m, struct manager_status *s)
{
        int32_t code, status;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sasbttttuii)");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sasbttttuii")) > 0) {
                r = sd_bus_message_skip(m, "sasbttttu");
                if (r >= 0)
                        r = sd_bus_message_read(m, "ii", &code, &status);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r >= 0 && code != 0 && !(code == CLD_EXITED && status == 0)) {
                        s->before_code = code;
                        s->before_status = status;
                }
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int field_read(sd_bus_message *m, const struct field *field, struct manager_status *s)
{
        char *to = (char *)s + field->offset;
        const char plain[2] = { field->type, '\0' }, *contents = plain;
        const void *bytes;
        const char *text;
        size_t len;
        int r;

        if (field->type == 'a')
                contents = "ay";
        else if (field->type == 'j')
                contents = "(uo)";
        else if (field->type == 'c')
                contents = "a(sasbttttuii)";
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        switch (field->type) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &text);
                if (r >= 0)
                        (void)snprintf(to, field->size, "%s", text);
                break;
        case 'a':
                r = sd_bus_message_read_array(m, 'y', &bytes, &len);
                if (r >= 0 && len == field->size) {
                        memcpy(to, bytes, len);
                        s->invocation_len = len;
                }
                break;
        case 'j':
                r = sd_bus_message_read(m, "(uo)", to, &text);
                break;
        case 'c':
                r = commands_read(m, s);
                break;
        default:
                r = sd_bus_message_read_basic(m, field->type, to);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int fields_read(sd_bus_message *m, const struct field *fields, size_t n, struct manager_status *s)
{
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const struct field *field = NULL;
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                for (size_t i = 0; r >= 0 && i < n; i++)
                        if (str_eq(fields[i].name, name))
                                field = fields + i;
                if (r >= 0)
                        r = field ? field_read(m, field, s) : sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

static int properties_read(sd_bus *bus, const char *unit, const char *interface, const struct field *fields,
                           size_t n, struct manager_status *s, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(unit, &path);
        if (r >= 0)
                r = sd_bus_call_method(bus, MANAGER_NAME, path, "org.freedesktop.DBus.Properties", "GetAll",
                                       &e, &reply, "s", interface);
        if (r >= 0)
                r = fields_read(reply, fields, n, s);
        return r < 0 ? manager_fault(r, &e, "describe", unit, f) : 0;
}

int manager_status(sd_bus *bus, const char *unit, struct manager_status *ret, struct fault *f)
{
        struct manager_status s = {};
        int r;

        r = properties_read(bus, unit, UNIT_INTERFACE, unit_fields, ELEMENTSOF(unit_fields), &s, f);
        if (r >= 0)
                r = properties_read(bus, unit, SERVICE_INTERFACE, service_fields, ELEMENTSOF(service_fields),
                                    &s, f);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

bool manager_is_after(sd_bus *bus, const char *unit, const char *other)
{
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_free_ char *path = NULL;

        if (manager_path(unit, &path) < 0 ||
            sd_bus_get_property_strv(bus, MANAGER_NAME, path, UNIT_INTERFACE, "After", NULL, &list) < 0)
                return false;
        for (char **s = list; s && *s; s++)
                if (str_eq(*s, other))
                        return true;
        return false;
}

int manager_dropins(sd_bus *bus, const char *unit, char ***ret, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(unit, &path);
        if (r >= 0)
                r = sd_bus_get_property_strv(bus, MANAGER_NAME, path, UNIT_INTERFACE, "DropInPaths", &e,
                                             ret);
        if (r < 0)
                return manager_fault(r, &e, "describe", unit, f);
        if (!*ret)
                *ret = calloc(1, sizeof(char *)); /* an empty list */
        return *ret ? 0 : fault_set_errno(f, -ENOMEM, "%s", unit);
}

int manager_is_stale(sd_bus *bus, const char *unit, bool *ret, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = NULL;
        int stale, r;

        r = manager_path(unit, &path);
        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, MANAGER_NAME, path, UNIT_INTERFACE, "NeedDaemonReload",
                                                &e, 'b', &stale);
        if (r < 0)
                return manager_fault(r, &e, "describe", unit, f);
        *ret = stale;
        return 0;
}
