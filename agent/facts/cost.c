/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Takes one request after the other away from a copy of the service, writes its drop-in anew, and compares
 * the figures. So the cost is that of the unit which would really run, and nobody keeps a table of it. Pure.
 */

#include "facts/cost.h"

#include "facts/dropin.h"

/* ---- what can be asked for */

static bool has_setting(const struct sandbox *x, const char *key)
{
        size_t i = 0;

        return manifest_next(x->settings, x->n_settings, key, &i) != NULL;
}

static bool asks_network(const struct sandbox *x)
{
        return x->network != NETWORK_NONE && x->network != NETWORK_SOCKET;
}

static bool asks_capability(const struct sandbox *x)
{
        return x->capabilities != 0;
}

static bool asks_write_execute(const struct sandbox *x)
{
        return x->write_execute;
}

static bool asks_system_calls(const struct sandbox *x)
{
        return has_setting(x, "SystemCalls");
}

static bool asks_device(const struct sandbox *x)
{
        return has_setting(x, "Device");
}

static bool asks_host_path(const struct sandbox *x)
{
        return has_setting(x, "HostPath");
}

static bool asks_user_namespaces(const struct sandbox *x)
{
        return x->user_namespaces;
}

static bool asks_user(const struct sandbox *x)
{
        return *x->user != '\0';
}

/* As if it had not been asked for; the keys' lines are gone already. */
static void clear_network(struct sandbox *x)
{
        x->network = NETWORK_NONE;
        x->n_binds = x->n_addresses = 0;
}

static void clear_capability(struct sandbox *x)
{
        x->capabilities = 0;
}

static void clear_write_execute(struct sandbox *x)
{
        x->write_execute = false;
}

static void clear_user_namespaces(struct sandbox *x)
{
        x->user_namespaces = false;
}

static void clear_user(struct sandbox *x)
{
        *x->user = '\0';
}

static const struct request {
        const char *keys[4]; /* NULL behind the last */
        bool (*asks)(const struct sandbox *x);
        void (*clear)(struct sandbox *x); /* NULL: its lines are all there is */
        const char *meaning;
} requests[] = {
        [COST_NETWORK] = { { "Network", "Bind", "Outbound" }, asks_network, clear_network, NULL },
        [COST_CAPABILITY] = { { "Capability" },
                              asks_capability,
                              clear_capability,
                              "has some of root's powers, over the host's own users and resources" },
        [COST_WRITE_EXECUTE] = { { "WriteExecute" },
                                 asks_write_execute,
                                 clear_write_execute,
                                 "may execute what it has written to memory: so may an intruder" },
        [COST_SYSTEM_CALLS] = { { "SystemCalls" }, asks_system_calls, NULL, "may call more of the kernel" },
        [COST_DEVICE] = { { "Device" }, asks_device, NULL, "reads and writes devices of the host" },
        [COST_HOST_PATH] = { { "HostPath" },
                             asks_host_path,
                             NULL,
                             "reads files of the host that its user may read" },
        [COST_USER_NAMESPACES] = { { "UserNamespaces" },
                                   asks_user_namespaces,
                                   clear_user_namespaces,
                                   "may make namespaces, where parts of the kernel answer that are root's" },
        [COST_USER] = { { "User" },
                        asks_user,
                        clear_user,
                        "runs as a user of the host's: what it leaves behind outlives it" },
};
_Static_assert(ELEMENTSOF(requests) == COST_KIND_MAX, "every kind has a row");

static const char *network_meaning(const struct sandbox *x)
{
        switch (x->network) {
        case NETWORK_NONE:
        case NETWORK_SOCKET:
                break;
        case NETWORK_BUNDLE:
                return "talks over a loopback that only services of this bundle share";
        case NETWORK_OUTBOUND:
                return manifest_is_confined(x) ? "connects to the addresses named"
                                               : "connects to any address the host can reach";
        case NETWORK_BIND:
                return "listens in the host's network by itself, and may connect anywhere";
        }
        return "has no network";
}

static bool is_key_of(const struct request *q, const char *key)
{
        for (const char *const *k = q->keys; *k; k++)
                if (str_eq(*k, key))
                        return true;
        return false;
}

/* ---- figures */

/* Names and paths of the unit weigh nothing, but have to be there. */
static int compute_service(const struct manifest *m, const struct service *s, struct exposure *ret,
                           struct fault *f)
{
        static const char digest[DIGEST_HEX_SIZE] =
                "0000000000000000000000000000000000000000000000000000000000000000";
        const struct dropin d = {
                .manifest = m, .service = s, .digest = digest, .tree = "/tree", .root = "/root", .attempt = 1
        };
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);
        int r;

        r = dropin_write(&d, &b, f);
        return r < 0 ? r : exposure_compute(b.data, b.len, s->name, ret, f);
}

/* The copy borrows everything from s but the list of settings, which is settings: room for all of them. */
static int compute_without(const struct manifest *m, const struct service *s, enum cost_kind kind,
                           struct manifest_setting *settings, struct exposure *ret, struct fault *f)
{
        const struct request *q = requests + kind;
        struct service copy = *s;

        copy.sandbox.settings = settings;
        copy.sandbox.n_settings = 0;
        for (size_t i = 0; i < s->sandbox.n_settings; i++)
                if (!is_key_of(q, s->sandbox.settings[i].directive->key))
                        settings[copy.sandbox.n_settings++] = s->sandbox.settings[i];
        if (q->clear)
                q->clear(&copy.sandbox);
        return compute_service(m, &copy, ret, f);
}

static struct cost make_cost(enum cost_kind kind, const struct sandbox *x, const struct exposure *with,
                             const struct exposure *without)
{
        int points = (int)with->points - (int)without->points, weight = (int)with->weight;

        return (struct cost){ .kind = kind,
                              .points = points,
                              .hundredths = (points * 1000 + weight / 2) / weight,
                              .meaning =
                                      requests[kind].meaning ? requests[kind].meaning : network_meaning(x) };
}

int cost_compute(const struct manifest *m, const struct service *s, struct service_cost *ret,
                 struct fault *f)
{
        _cleanup_free_ struct manifest_setting *settings = NULL;
        struct service_cost c = {};
        int r;

        settings = calloc(s->sandbox.n_settings + 1, sizeof(*settings));
        if (!settings)
                return fault_set_errno(f, -ENOMEM, "%s", m->name);
        r = compute_service(m, s, &c.exposure, f);
        for (enum cost_kind k = 0; k < COST_KIND_MAX && r >= 0; k++) {
                struct exposure without;

                if (!requests[k].asks(&s->sandbox))
                        continue;
                r = compute_without(m, s, k, settings, &without, f);
                if (r < 0)
                        break;
                c.costs[c.n_costs++] = make_cost(k, &s->sandbox, &c.exposure, &without);
        }
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

/* ---- words */

static int format_key(const struct sandbox *x, const char *key, struct buffer *out)
{
        const char *value, *before = key;
        size_t i = 0;

        while ((value = manifest_next(x->settings, x->n_settings, key, &i))) {
                if (before == key && out->len > 0 && out->data[out->len - 1] != ' ')
                        buffer_append_text(out, " ");
                buffer_printf(out, "%s%s%s", before, before == key ? "=" : " ", value);
                before = "";
        }
        return out->error;
}

int cost_format_request(const struct service *s, enum cost_kind kind, struct buffer *out)
{
        static const char *const networks[] = {
                [NETWORK_NONE] = "none",         [NETWORK_SOCKET] = "socket", [NETWORK_BUNDLE] = "bundle",
                [NETWORK_OUTBOUND] = "outbound", [NETWORK_BIND] = "bind",
        };
        const char *const *keys = requests[kind].keys;

        /* It need not be written down: a service behind a proxy has one. */
        if (kind == COST_NETWORK) {
                buffer_printf(out, "Network=%s", networks[s->sandbox.network]);
                keys++;
        }
        for (; *keys; keys++)
                (void)format_key(&s->sandbox, *keys, out);
        return out->error;
}

const char *cost_format(int hundredths, char out[static COST_TEXT_SIZE])
{
        unsigned n = (unsigned)abs(hundredths);

        (void)snprintf(out, COST_TEXT_SIZE, "%s%u.%02u", hundredths < 0 ? "-" : "", n / 100, n % 100);
        return out;
}

const struct cost *cost_highest(const struct service_cost *c)
{
        const struct cost *highest = NULL;

        for (size_t i = 0; i < c->n_costs; i++)
                if (!highest || c->costs[i].points > highest->points)
                        highest = c->costs + i;
        return highest;
}
