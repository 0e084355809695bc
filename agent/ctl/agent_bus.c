/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operator verbs reach the agent through here: one place that knows the bus, and one that turns its errors
 * into advice. */

#include "ctl/agent_bus.h"

/* A poll that fetches and starts a large release comes first. */
#define ORDER_TIMEOUT_USEC (UINT64_C(3600) * 1000000)

static int bus_fault(struct fault *f, int r, const sd_bus_error *error, const char *what)
{
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return fault_set(f, r, "the agent does not run; systemctl status sealiftd.service says why");
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
                return fault_set(f, r, "%s: not allowed; try as root", what);
        return fault_set(f, r, "%s: %s", what, error->message ? error->message : strerror(-r));
}

int agent_bus_open(sd_bus **ret, struct fault *f)
{
        int r;

        r = sd_bus_open_system(ret);
        return r < 0 ? fault_set_errno(f, r, "cannot connect to the system bus; is dbus.service active?")
                     : 0;
}

static int bus_call(sd_bus *bus, const char *method, const char *text, const bool *flag,
                    uint64_t timeout_usec, sd_bus_message **ret, struct fault *f)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, method);
        if (r >= 0 && text)
                r = sd_bus_message_append(m, "s", text);
        if (r >= 0 && flag)
                r = sd_bus_message_append(m, "b", (int)*flag);
        if (r >= 0)
                r = sd_bus_call(bus, m, timeout_usec, &error, ret);
        if (r < 0)
                r = bus_fault(f, r, &error, method);
        sd_bus_error_free(&error);
        sd_bus_message_unref(m);
        return r < 0 ? r : 0;
}

int agent_bus_call(sd_bus *bus, const char *method, uint64_t timeout_usec, sd_bus_message **ret,
                   struct fault *f)
{
        return bus_call(bus, method, NULL, NULL, timeout_usec, ret, f);
}

int agent_bus_call_text(sd_bus *bus, const char *method, const char *text, uint64_t timeout_usec,
                        sd_bus_message **ret, struct fault *f)
{
        return bus_call(bus, method, text, NULL, timeout_usec, ret, f);
}

int agent_bus_call_flag(sd_bus *bus, const char *method, bool flag, uint64_t timeout_usec,
                        sd_bus_message **ret, struct fault *f)
{
        return bus_call(bus, method, NULL, &flag, timeout_usec, ret, f);
}

static int order_call(sd_bus *bus, const char *method, const char *bundle, const char *version,
                      sd_bus_message **ret, sd_bus_error *error)
{
        sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, method);
        if (r >= 0)
                r = sd_bus_message_append(m, "s", bundle);
        if (r >= 0 && version)
                r = sd_bus_message_append(m, "s", version);
        if (r >= 0)
                r = sd_bus_call(bus, m, ORDER_TIMEOUT_USEC, error, ret);
        sd_bus_message_unref(m);
        return r;
}

int agent_bus_order(sd_bus *bus, const char *method, const char *bundle, const char *version,
                    char **ret_said, struct fault *f)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *said;
        char *copy = NULL;
        int r;

        r = order_call(bus, method, bundle, version, &reply, &error);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &said);
        if (r >= 0)
                copy = strdup(said);
        /* What the agent says names the bundle already. */
        if (sd_bus_error_has_name(&error, AGENT_BUS_NAME ".Error.NoSuchBundle") ||
            sd_bus_error_has_name(&error, AGENT_BUS_NAME ".Error.Failed") ||
            sd_bus_error_has_name(&error, SD_BUS_ERROR_INVALID_ARGS))
                r = fault_set(f, sd_bus_error_has_name(&error, SD_BUS_ERROR_INVALID_ARGS) ? -EINVAL : -EIO,
                              "%s", error.message);
        else if (r < 0)
                r = bus_fault(f, r, &error, method);
        else if (!copy)
                r = fault_set_errno(f, -ENOMEM, "%s", method);
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        if (r >= 0)
                *ret_said = copy;
        return r < 0 ? r : 0;
}

int agent_bus_get_text(sd_bus *bus, const char *property, char **ret, struct fault *f)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_get_property_string(bus, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, property, &error,
                                       ret);
        if (r < 0)
                r = bus_fault(f, r, &error, property);
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

int agent_bus_get_texts(sd_bus *bus, const char *property, char ***ret, struct fault *f)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_get_property_strv(bus, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, property, &error,
                                     ret);
        if (r < 0)
                r = bus_fault(f, r, &error, property);
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

int agent_bus_get_time(sd_bus *bus, const char *property, uint64_t *ret, struct fault *f)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_get_property_trivial(bus, AGENT_BUS_NAME, AGENT_BUS_PATH, AGENT_BUS_NAME, property,
                                        &error, 't', ret);
        if (r < 0)
                r = bus_fault(f, r, &error, property);
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}
