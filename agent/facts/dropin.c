/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a checked manifest to the text that PID 1 reads. Its input was validated by facts/manifest, and is
 * treated as hostile once more: a value that could end its line, reach a specifier or turn a command into a
 * privileged one is refused here, whatever the parser thought. Touches nothing but memory. */

#include "facts/dropin_parts.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "facts/command.h"
#include "facts/directives.h"
#include "facts/name.h"

/* What a program expects of any Unix, and no more: "-" because a minimal host may lack it. The directory
 * /etc/ssl/private is not among them. Name lookup of the dynamic user goes through userdb; syslog(3) goes to
 * /dev/log, which PrivateDevices= makes a link to the journal's. */
static const char *const host_files[] = {
        "-/etc/alternatives",
        "-/etc/ld.so.cache",
        "-/etc/localtime",
        "-/etc/nsswitch.conf",
        "-/etc/ssl/certs",
        "-/etc/ssl/openssl.cnf",
        "-/run/systemd/journal/dev-log",
        "-/run/systemd/journal/socket",
        "-/run/systemd/journal/stdout",
        "-/run/systemd/userdb/io.systemd.DynamicUser",
};

/* Where there is a loopback with others on it, what "localhost" is too. */
static const char *const loopback_files[] = {
        "-/etc/gai.conf", "-/etc/host.conf", "-/etc/hosts", "-/etc/protocols", "-/etc/services",
};

static const char *const network_files[] = { "-/etc/resolv.conf" };

/* A control character would end the line; a last backslash that no other one escapes would join the next
 * line to it. */
static bool value_is_one_line(const char *s)
{
        bool escaped = false;

        for (; *s; s++) {
                if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
                        return false;
                escaped = !escaped && *s == '\\';
        }
        return !escaped;
}

/* Every % stands as %%, which is a percent sign wherever specifiers exist. */
static bool value_has_specifier(const char *s)
{
        for (; (s = strchr(s, '%')); s += 2)
                if (s[1] != '%')
                        return true;
        return false;
}

/* Paths that PID 1 resolves: made by us from checked names, so anything else is a defect of ours. ':' would
 * end a bind's source, '%' start a specifier, a space a second path. */
static bool path_is_plain(const char *s)
{
        return *s == '/' && !strstr(s, "/../") &&
               strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+~@-") ==
                       strlen(s);
}

/* A name that is a file's, or a path, as the parsers let through. ':' would end the first of two. */
static bool credential_is_plain(const struct credential *c)
{
        char path[CREDENTIAL_SOURCE_SIZE + 1];

        (void)snprintf(path, sizeof(path), "/%s", c->source);
        return name_entry_valid(c->id) && !strpbrk(c->id, ":/ %\\\"'") && path_is_plain(path);
}

static int check_command(const char *value, struct fault *f)
{
        if (!str_has_prefix(value, COMMAND_BUNDLE_PREFIX) && !str_has_prefix(value, COMMAND_HOST_PREFIX))
                return fault_set(f, -EINVAL, "the program must stand below %s or %s, without a prefix",
                                 COMMAND_BUNDLE_PREFIX, COMMAND_HOST_PREFIX);
        return command_check(value, f);
}

int dropin_check_setting(const struct directive *d, enum section section, const char *value, struct fault *f)
{
        if (d->section != section)
                return fault_set(f, -EINVAL, "not a setting of this section");
        if (!value_is_one_line(value))
                return fault_set(f, -EINVAL, "the value does not end where its line ends");
        if (d->type != VALUE_PERCENT && value_has_specifier(value))
                return fault_set(f, -EINVAL, "a specifier ('%%' alone; write '%%%%')");
        if (d->type == VALUE_COMMAND)
                return check_command(value, f);
        return directive_check(d, value, f);
}

static int write_directory(const struct dropin *d, const struct directive *directive, const char *value,
                           struct buffer *out)
{
        if (!str_eq(value, "yes"))
                return 0;
        return buffer_printf(out, "%s=sealift-%s\n%sMode=0700\n", directive->key, d->manifest->place,
                             directive->key);
}

static int write_setting(const struct dropin *d, const struct manifest_setting *s, struct buffer *out,
                         struct fault *f)
{
        int r;

        if (!s->directive->emit)
                return 0;
        r = dropin_check_setting(s->directive, SECTION_SERVICE, s->value, f);
        if (r < 0)
                return fault_prefix(f, "%s: [Service %s] %s=", d->manifest->name, d->service->name,
                                    s->directive->key);
        if (s->directive->type == VALUE_DIRECTORY)
                return write_directory(d, s->directive, s->value, out);
        if (manifest_is_job(d->manifest, d->service))
                return dropin_write_job_setting(d, s, out);
        return buffer_printf(out, "%s=%s\n", s->directive->key, s->value);
}

/* What a service gets when its manifest says nothing. Type=exec, since the job of a Type=simple service is
 * done before anything was executed. */
static void write_defaults(const struct dropin *d, struct buffer *out)
{
        static const struct {
                const char *key, *value;
        } defaults[] = {
                { "Type", "exec" },
                { "Restart", "on-failure" },
                { "RestartSec", "1s" },
        };
        const char *input = manifest_get(d->service, "StandardInput");

        /* The default for both is then the socket, which is no place for what a program logs. */
        if (input && str_eq(input, "socket"))
                buffer_append_text(out, "StandardOutput=journal\nStandardError=journal\n");
        /* A job that failed is run again when its time comes. */
        if (manifest_is_job(d->manifest, d->service))
                return;
        for (size_t i = 0; i < ELEMENTSOF(defaults); i++)
                if (!manifest_get(d->service, defaults[i].key))
                        buffer_printf(out, "%s=%s\n", defaults[i].key, defaults[i].value);
}

static int write_settings(const struct dropin *d, struct buffer *out, struct fault *f)
{
        int r;

        write_defaults(d, out);
        for (size_t i = 0; i < d->service->n_settings; i++) {
                r = write_setting(d, d->service->settings + i, out, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void write_binds(const char *const *paths, size_t n, struct buffer *out)
{
        for (size_t i = 0; i < n; i++)
                buffer_printf(out, "BindReadOnlyPaths=%s\n", paths[i]);
}

static void write_root(const struct dropin *d, struct buffer *out)
{
        buffer_printf(out, "RootDirectory=%s\n", d->root);
        buffer_printf(out, "BindReadOnlyPaths=%s:%s\n", d->tree, DROPIN_BUNDLE);
        if (d->service->sandbox.root == ROOT_HOST_USR)
                buffer_append_text(out, "BindReadOnlyPaths=/usr\n");
        if (d->service->asks)
                buffer_printf(out, "BindReadOnlyPaths=%s:" DROPIN_ASKED "\n", d->service->asks);
        /* PrivateDevices= binds the host's: memory that all services would share. */
        buffer_append_text(out, "TemporaryFileSystem=/dev/shm:mode=1777\n");
        /* The one that systemd 252 makes is everybody's to write to. */
        buffer_append_text(out, "TemporaryFileSystem=/run:mode=0755,noexec\n");
        /* PrivateTmp= would have its files in the namespace that is shared, and there are none: so that
         * services of a bundle share a network, and no files. */
        if (d->service->sandbox.network == NETWORK_BUNDLE)
                buffer_append_text(out, "TemporaryFileSystem=/tmp:mode=1777\n"
                                        "TemporaryFileSystem=/var/tmp:mode=1777\n");
        write_binds(host_files, ELEMENTSOF(host_files), out);
        if (d->service->sandbox.network >= NETWORK_BUNDLE)
                write_binds(loopback_files, ELEMENTSOF(loopback_files), out);
        if (d->service->sandbox.network >= NETWORK_OUTBOUND)
                write_binds(network_files, ELEMENTSOF(network_files), out);
}

static int write_addresses(const struct sandbox *s, struct buffer *out, struct fault *f)
{
        char text[INET6_ADDRSTRLEN];

        for (size_t i = 0; i < s->n_addresses; i++) {
                const struct address *a = &s->addresses[i].address;

                if (a->family == AF_UNSPEC)
                        buffer_append_text(out, "IPAddressAllow=any\n");
                else if (inet_ntop(a->family, a->bytes, text, sizeof(text)))
                        buffer_printf(out, "IPAddressAllow=%s/%u\n", text, a->prefix);
                else
                        return fault_set(f, -EINVAL, "an address of an unknown family");
        }
        return 0;
}

/* SocketBind* is in force only where systemd was built with BPF (not on Debian 12): a second lock, never
 * the first. The first is policy, and that the port is the service's own. */
static int write_ports(const struct dropin *d, struct buffer *out, struct fault *f)
{
        const struct sandbox *s = &d->service->sandbox;

        for (size_t i = 0; i < s->n_binds; i++) {
                const struct bind_request *b = s->binds + i;

                if (b->port < DROPIN_PORT_MIN)
                        return fault_set(f, -EPERM,
                                         "%s: [Sandbox %s] line %u: port %u is below %d and would need a "
                                         "capability; take it from a [Socket]",
                                         d->manifest->name, d->service->name, b->line, b->port,
                                         DROPIN_PORT_MIN);
                buffer_printf(out, "SocketBindAllow=%s:%u\n", b->transport == TRANSPORT_UDP ? "udp" : "tcp",
                              b->port);
        }
        buffer_append_text(out, "SocketBindDeny=any\n");
        return 0;
}

static int write_network(const struct dropin *d, struct buffer *out, struct fault *f)
{
        const struct sandbox *s = &d->service->sandbox;

        switch (s->network) {
        case NETWORK_NONE:
        case NETWORK_SOCKET:
                buffer_append_text(out, "PrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX\n"
                                        "IPAddressDeny=any\n");
                return 0;
        case NETWORK_BUNDLE:
                buffer_append_text(out, "PrivateNetwork=yes\n"
                                        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
                                        "IPAddressDeny=any\nIPAddressAllow=localhost\n");
                return 0;
        case NETWORK_OUTBOUND:
                buffer_append_text(out,
                                   "PrivateNetwork=no\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
                                   "IPAddressDeny=any\nSocketBindDeny=any\n");
                /* What is counted shows that the list is in force: the same BPF program does both. */
                if (manifest_is_confined(s))
                        buffer_append_text(out, "IPAccounting=yes\n");
                return write_addresses(s, out, f);
        case NETWORK_BIND:
                /* No IPAddressDeny=: it would stop the clients too. */
                buffer_append_text(out,
                                   "PrivateNetwork=no\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n");
                return write_ports(d, out, f);
        }
        return fault_set(f, -EINVAL, "%s: [Sandbox %s]: an unknown kind of network", d->manifest->name,
                         d->service->name);
}

void dropin_socket_name(const char *place, const char *name, char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-%.*s.%.*s.socket", PLACE_SIZE - 1, place, NAME_SIZE - 1,
                       name);
}

/* NonBlocking=yes: O_NONBLOCK is the open socket's, not a process's, and systemd sets or clears it for all
 * who hold the socket whenever it starts one of them. Cleared by the start of a new release, it leaves the
 * old one, and then both, waiting in accept(2) with their other connections unanswered. */
static void write_sockets(const struct dropin *d, struct buffer *out)
{
        char unit[UNIT_NAME_SIZE];
        bool any = false;

        for (size_t i = 0; i < d->manifest->n_sockets; i++) {
                const struct socket_unit *s = d->manifest->sockets + i;

                if (!manifest_takes(s, d->service))
                        continue;
                any = true;
                dropin_socket_name(d->manifest->place, s->name, unit);
                buffer_printf(out, "Sockets=%s\n", unit);
        }
        for (size_t i = 0; i < d->n_listeners; i++)
                buffer_printf(out, "Sockets=%s\n", d->listeners[i]);
        if (any && !manifest_get(d->service, "NonBlocking"))
                buffer_append_text(out, "NonBlocking=yes\n");
}

/* The namespace is a unit's of its own, which systemd starts for the first service that needs it and stops
 * after the last. A namespace that belonged to one of the services would be lost to those that are started
 * later, once that one has ended: systemd finds it by the name of the unit that made it. */
static void write_joins(const struct dropin *d, struct buffer *out)
{
        char network[UNIT_NAME_SIZE];

        name_network(d->manifest->place, d->manifest->version, d->digest, network);
        buffer_printf(out, "Requires=%s\nAfter=%s\nJoinsNamespaceOf=%s\n", network, network, network);
}

/* StartLimitIntervalSec=0: a service at its start limit takes its socket down with it, so sealift-unitd
 * counts instead. JobRunningTimeoutSec=: a program can put off every other time limit of its start and its
 * stop, for ever (EXTEND_TIMEOUT_USEC= of sd_notify(3)), and with it all updates; longer than those limits
 * may be. */
static void write_head(const struct dropin *d, struct buffer *out)
{
        char turn[UNIT_NAME_SIZE];

        name_turn(d->manifest->name, turn);
        buffer_printf(
                out,
                "# %s %s, service %s: written by sealift-unitd, which stops the unit if this changes.\n"
                "[Unit]\n"
                "StartLimitIntervalSec=0\n"
                "JobRunningTimeoutSec=16min\n"
                "After=%s\n",
                d->manifest->name, d->manifest->version, d->service->name, turn);
        for (size_t i = 0; i < d->n_after; i++)
                buffer_printf(out, "After=%s\n", d->after[i]);
        for (size_t i = 0; i < d->n_before; i++)
                buffer_printf(out, "Before=%s\n", d->before[i]);
        /* When the machine goes down, what other units are After= stops before the service does. A job would
         * keep them from being started, for as long as it runs. */
        if (!manifest_is_job(d->manifest, d->service))
                buffer_printf(out, "Before=sealift-bundle@%s.target\n", d->manifest->name);
        if (d->service->sandbox.network == NETWORK_BUNDLE)
                write_joins(d, out);
        buffer_append_text(out, "\n[Service]\n");
}

/* An absolute source must be there, or the service does not start. */
static int write_credentials(const struct dropin *d, struct buffer *out, struct fault *f)
{
        for (size_t i = 0; i < d->service->n_credentials; i++) {
                const struct credential *c = d->service->credentials + i;

                if (!credential_is_plain(c))
                        return fault_set(f, -EINVAL,
                                         "%s: [Service %s]: the credential '%s' has a source that a drop-in "
                                         "cannot carry",
                                         d->manifest->name, d->service->name, c->id);
                buffer_printf(out, "LoadCredential%s=%s:%s\n",
                              c->kind == CREDENTIAL_ENCRYPTED ? "Encrypted" : "", c->id, c->source);
        }
        return 0;
}

static void write_log_fields(const struct dropin *d, struct buffer *out)
{
        buffer_printf(out,
                      "LogExtraFields=SEALIFT_BUNDLE=%s\n"
                      "LogExtraFields=SEALIFT_VERSION=%s\n"
                      "LogExtraFields=SEALIFT_DIGEST=%s\n"
                      "LogExtraFields=SEALIFT_ATTEMPT=%" PRIu64 "\n",
                      d->manifest->name, d->manifest->version, d->digest, d->attempt);
        if (*d->manifest->instance)
                buffer_printf(out, "LogExtraFields=SEALIFT_INSTANCE=%s\n", d->manifest->instance);
}

/* Ours too; a space in one would be a second unit. */
static bool units_are_plain(const char *const *units, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!*units[i] ||
                    strspn(units[i],
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.@-") !=
                            strlen(units[i]))
                        return false;
        return true;
}

static int check_names(const struct dropin *d, struct fault *f)
{
        if (!name_valid(d->manifest->name) || !name_valid(d->service->name) ||
            !name_version_valid(d->manifest->version) || !name_digest_valid(d->digest))
                return fault_set(f, -EINVAL, "a name in the manifest is not one");
        if (!units_are_plain(d->after, d->n_after) || !units_are_plain(d->before, d->n_before))
                return fault_set(f, -EINVAL, "the name of another unit is not one");
        if (!units_are_plain(d->listeners, d->n_listeners))
                return fault_set(f, -EINVAL, "the name of a listener is not one");
        if (!path_is_plain(d->tree) || !path_is_plain(d->root) ||
            (d->service->asks && !path_is_plain(d->service->asks)))
                return fault_set(f, -EINVAL, "%s or %s: not a path that a drop-in can carry", d->tree,
                                 d->root);
        return 0;
}

int dropin_write(const struct dropin *d, struct buffer *out, struct fault *f)
{
        int r;

        r = check_names(d, f);
        if (r < 0)
                return r;
        write_head(d, out);
        r = write_settings(d, out, f);
        if (r < 0)
                return r;
        write_sockets(d, out);
        r = write_credentials(d, out, f);
        if (r < 0)
                return r;
        write_log_fields(d, out);
        write_root(d, out);
        r = write_network(d, out, f);
        if (r >= 0)
                r = dropin_write_sandbox(d, out, f);
        if (r < 0)
                return r;
        if (out->error < 0)
                return fault_set_errno(f, out->error, "%s: the drop-in of %s", d->manifest->name,
                                       d->service->name);
        return 0;
}

static int write_socket_settings(const struct manifest *m, const struct socket_unit *s, struct buffer *out,
                                 struct fault *f)
{
        bool named = false;
        int r;

        for (size_t i = 0; i < s->n_settings; i++) {
                const struct directive *d = s->settings[i].directive;

                if (!d->emit)
                        continue;
                r = dropin_check_setting(d, SECTION_SOCKET, s->settings[i].value, f);
                if (r < 0)
                        return fault_prefix(f, "%s: [Socket %s] %s=", m->name, s->name, d->key);
                buffer_printf(out, "%s=%s\n", d->key, s->settings[i].value);
                named = named || str_eq(d->key, "FileDescriptorName");
        }
        if (!named)
                buffer_printf(out, "FileDescriptorName=%s\n", s->name);
        return 0;
}

/* BindIPv6Only=: what policy counts, whatever this host's net.ipv6.bindv6only says. The trigger limit stays,
 * against a wake service that cannot start; at systemd's own, a service that ends after each of many short
 * connections would lose its socket. */
int dropin_write_socket(const struct manifest *m, const struct socket_unit *s, struct buffer *out,
                        struct fault *f)
{
        char held[UNIT_NAME_SIZE], wake[UNIT_NAME_SIZE];
        int r;

        dropin_socket_name(m->place, s->name, held);
        if (!name_valid(m->name) || !name_valid(s->name) || !dropin_wake_of(held, wake))
                return fault_set(f, -EINVAL, "a name in the manifest is not one");
        buffer_printf(out,
                      "# Written by sealift-unitd; held while releases of %s come and go.\n"
                      "[Unit]\n"
                      "Description=%s: socket %s\n"
                      "\n"
                      "[Socket]\n"
                      "Service=%s\n"
                      "BindIPv6Only=both\n"
                      "TriggerLimitIntervalSec=2s\n"
                      "TriggerLimitBurst=200\n",
                      m->place, m->place, s->name, wake);
        r = write_socket_settings(m, s, out, f);
        if (r < 0)
                return r;
        return out->error < 0 ? fault_set_errno(f, out->error, "%s: socket %s", m->name, s->name) : 0;
}
