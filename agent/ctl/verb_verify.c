/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift verify`: a repository as a host would see it, or a bundle against its manifest: both need no
 * agent, no key and no root, and write nothing. Or what this host has installed, which its agent looks at.
 */

#include "ctl/verbs.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "ctl/agent_bus.h"
#include "ctl/bundle_check.h"
#include "ctl/publisher.h"
#include "ctl/verify.h"
#include "facts/date.h"
#include "facts/name.h"

static const char *arg_at, *arg_bundle, *arg_ca_file, *arg_channel, *arg_root, *arg_trusted;
static bool arg_json, arg_metadata_only, arg_quiet, arg_verbose;

static const struct args_option options[] = {
        ARGS_TEXT(0, "at", "DATE", &arg_at, "judge as if it were then (2027-01-15T08:00:00Z)"),
        ARGS_TEXT('b', "bundle", "FILE", &arg_bundle, "the bundle of a manifest, else the one beside it"),
        ARGS_TEXT(0, "ca-file", "FILE", &arg_ca_file, "who signs the server's certificate"),
        ARGS_TEXT('c', "channel", "NAME", &arg_channel, "only what hosts of this channel look at"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
        ARGS_FLAG('m', "metadata-only", &arg_metadata_only, "leave the targets alone"),
        ARGS_FLAG('q', "quiet", &arg_quiet, "print nothing but what is wrong"),
        ARGS_TEXT(0, "root", "FILE", &arg_root, "begin trust with this root.json"),
        ARGS_TEXT(0, "trusted", "DIR", &arg_trusted, "go on from what a host has stored"),
        ARGS_FLAG('v', "verbose", &arg_verbose, "name each target"),
};

static const struct args_command command = {
        .name = "sealift verify",
        .operands = "SOURCE|BUNDLE...",
        .help = "Verifies a repository (a folder or URL) as a host would, a packed release (a manifest), or "
                "what this\nmachine has installed of some bundles, without operands of all.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .max_operands = BUNDLES_MAX,
};

/* ---- A repository ---- */

static void on_target(const struct tuf_file *target)
{
        if (arg_verbose)
                printf("%s\n", target->name);
        else if (isatty(STDERR_FILENO) && !arg_quiet)
                fprintf(stderr, "\r\033[K%.70s", target->name);
}

static const char *string(const json_t *j, const char *field)
{
        return json_string_value(json_object_get(j, field));
}

static json_int_t number(const json_t *j, const char *field)
{
        return json_integer_value(json_object_get(j, field));
}

static void print_roles(const json_t *roles)
{
        if (json_array_size(roles) > 0)
                printf("%-20s %8s  %-20s  %-8s %s\n", "ROLE", "VERSION", "EXPIRES", "SIGNED", "TARGETS");
        for (size_t i = 0; i < json_array_size(roles); i++) {
                const json_t *role = json_array_get(roles, i);
                char signatures[64];

                (void)snprintf(signatures, sizeof(signatures), "%lld of %lld",
                               (long long)number(role, "signatures"), (long long)number(role, "threshold"));
                printf("%-20s %8lld  %s  %s", string(role, "role"), (long long)number(role, "version"),
                       string(role, "expires"), signatures);
                if (json_object_get(role, "targets"))
                        printf("%*s %lld", 8 - (int)strlen(signatures), "",
                               (long long)number(role, "targets"));
                printf("\n");
        }
}

static const char *plural(uint64_t n)
{
        return n == 1 ? "" : "s";
}

static void print_text(const struct verify *v, int error)
{
        if (arg_quiet)
                return;
        print_roles(v->roles);
        for (size_t i = 0; i < json_array_size(v->notes); i++)
                printf("note: %s\n", json_string_value(json_array_get(v->notes, i)));
        if (error == 0 && arg_metadata_only)
                printf("Good, as far as metadata goes; no target was looked at.\n");
        else if (error == 0)
                printf("Good: %" PRIu64 " target%s of %" PRIu64 " bytes, among them %" PRIu64
                       " release%s.\n",
                       v->n_targets, plural(v->n_targets), v->n_bytes, v->n_releases, plural(v->n_releases));
}

/* Every problem once; the fault is the first of them, unless something else ended it all. */
static void print_problems(const struct verify *v, const struct fault *f)
{
        bool told = false;

        if (isatty(STDERR_FILENO) && !arg_quiet && !arg_verbose)
                fprintf(stderr, "\r\033[K");
        if (v->root_served)
                fprintf(stderr,
                        "%s: warning: trust begins with %s, which is what is there; give the publisher's "
                        "with --root\n",
                        command.name, v->root_from);
        for (size_t i = 0; i < json_array_size(v->problems); i++) {
                const char *error = string(json_array_get(v->problems, i), "error");

                fprintf(stderr, "%s: %s\n", command.name, error);
                told = told || str_eq(error, f->text);
        }
        if (f->error < 0 && !told)
                fprintf(stderr, "%s: %s\n", command.name, f->text);
}

static int print_result(const struct verify *v, const struct verify_options *o, const struct fault *f)
{
        char date[DATE_SIZE];
        _cleanup_json_ json_t *j = NULL;

        print_problems(v, f);
        if (!arg_json) {
                print_text(v, f->error);
                return 0;
        }
        date_format(o->now, date);
        j = json_pack("{s:b, s:s, s:s, s:s, s:s?, s:b, s:O, s:I, s:I, s:I, s:O, s:O}", "good", f->error == 0,
                      "error", f->text, "source", o->source, "judged_at", date, "root", v->root_from,
                      "root_from_source", v->root_served, "roles", v->roles, "targets",
                      (json_int_t)v->n_targets, "bytes", (json_int_t)v->n_bytes, "releases",
                      (json_int_t)v->n_releases, "problems", v->problems, "notes", v->notes);
        return publisher_print_json(j);
}

static int verify_source(const char *source, struct fault *f)
{
        _cleanup_(verify_done) struct verify v = VERIFY_INIT;
        struct verify_options o = { .source = source,
                                    .ca_file = arg_ca_file,
                                    .root = arg_root,
                                    .trusted = arg_trusted,
                                    .channel = arg_channel,
                                    .metadata_only = arg_metadata_only,
                                    .on_target = arg_json ? NULL : on_target };
        struct fault why = {};
        int r = 0;

        if (arg_at && date_parse(arg_at, &o.now) < 0)
                return fault_set(f, -EINVAL, "--at=%s: not a date such as 2027-01-15T08:00:00Z", arg_at);
        if (arg_channel && !name_valid(arg_channel))
                return fault_set(f, -EINVAL, "--channel=%s: not the name of a channel", arg_channel);
        if (arg_bundle)
                return fault_set(f, -EINVAL, "--bundle goes with a manifest");
        if (!arg_at)
                r = publisher_now(&o.now, f);
        if (r < 0)
                return r;
        r = verify_repository(&o, &v, &why);
        if (print_result(&v, &o, &why) < 0)
                return fault_set(f, -EIO, "cannot write to standard output");
        return r < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

/* ---- A release ---- */

/* "out/web-1.tar.zst" of "out/web-1.manifest". */
static int bundle_beside(const char *manifest, const struct manifest *m, char ret[static PATH_MAX],
                         struct fault *f)
{
        size_t n = strlen(manifest);

        if (!str_has_suffix(manifest, ".manifest"))
                return fault_set(f, -EINVAL, "%s: is called otherwise than NAME.manifest; give --bundle",
                                 manifest);
        n -= STRLEN(".manifest");
        if (n + 16 > PATH_MAX)
                return fault_set(f, -EINVAL, "%.200s: too long", manifest);
        (void)snprintf(ret, PATH_MAX, "%.*s%s", (int)n, manifest,
                       m->content.compression == COMPRESSION_GZIP ? ".tar.gz" : ".tar.zst");
        return 0;
}

static int release_check(const char *file, const struct manifest *m, struct fault *f)
{
        char path[PATH_MAX];
        const char *bundle = arg_bundle;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!m->content.sealed)
                return fault_set(f, -EINVAL,
                                 "%s: is not packed yet, so there is nothing to verify; see "
                                 "sealift lint",
                                 file);
        if (!bundle) {
                r = bundle_beside(file, m, path, f);
                if (r < 0)
                        return r;
                bundle = path;
        }
        fd = open(bundle, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s", bundle);
        r = bundle_check(fd, m, f);
        return r < 0 ? fault_prefix(f, "%s", bundle) : 0;
}

static int verify_release(const char *file, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        struct fault why = {};
        int r;

        r = ctl_read_manifest(file, &m, NULL, NULL, &why);
        if (r >= 0)
                r = release_check(file, m, &why);
        if (r < 0)
                fprintf(stderr, "%s: %s\n", command.name, why.text);
        if (arg_json) {
                _cleanup_json_ json_t *j = json_pack("{s:b, s:s, s:s, s:s?, s:s?, s:I}", "good", r == 0,
                                                     "error", why.text, "manifest", file, "name",
                                                     m ? m->name : NULL, "version", m ? m->version : NULL,
                                                     "entries", (json_int_t)(m ? m->content.n_entries : 0));

                if (publisher_print_json(j) < 0)
                        return fault_set(f, -EIO, "cannot write to standard output");
        } else if (r == 0 && !arg_quiet)
                printf("Good: %s %s, %zu entries of %" PRIu64 " bytes.\n", m->name, m->version,
                       m->content.n_entries, m->content.unpacked_size);
        return r < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

/* ---- What this host has installed ---- */

/* Reading may take hours. */
#define INSTALLED_TIMEOUT_USEC (UINT64_C(7) * 86400 * 1000000)

/* 1: all of it is as signed. */
static int installed_read(sd_bus_message *reply, json_t *releases, struct fault *f)
{
        const char *bundle, *release, *state, *error;
        int r, good = 1;

        r = sd_bus_message_enter_container(reply, 'a', "(ssss)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssss)", &bundle, &release, &state, &error)) > 0) {
                if (!str_eq(state, "good")) {
                        fprintf(stderr, "%s: %s %s is %s: %s\n", command.name, bundle, release, state,
                                error);
                        good = 0;
                } else if (!arg_json && !arg_quiet)
                        printf("Good: %s %s\n", bundle, release);
                if (json_array_append_new(releases,
                                          json_pack("{s:s, s:s, s:s, s:s}", "bundle", bundle, "release",
                                                    release, "state", state, "error", error)) < 0)
                        r = -ENOMEM;
        }
        return r < 0 ? fault_set_errno(f, r, "the agent's answer cannot be read") : good;
}

/* bundle "": all. */
static int installed_verify(sd_bus *bus, const char *bundle, json_t *releases, struct fault *f)
{
        sd_bus_message *reply = NULL;
        int r;

        r = agent_bus_call_text(bus, "Verify", bundle, INSTALLED_TIMEOUT_USEC, &reply, f);
        if (r >= 0)
                r = installed_read(reply, releases, f);
        sd_bus_message_unref(reply);
        return r;
}

static int verify_installed(char **operands, int n, struct fault *f)
{
        _cleanup_json_ json_t *releases = json_array(), *json = NULL;
        sd_bus *bus = NULL;
        bool good = true;
        int r;

        r = agent_bus_open(&bus, f);
        if (r < 0 && n > 0)
                (void)fault_prefix(f, "%s: nothing of that name is here, and no agent to have it installed",
                                   operands[0]);
        for (int i = 0; r >= 0 && i < (n > 0 ? n : 1); i++) {
                r = installed_verify(bus, n > 0 ? operands[i] : "", releases, f);
                good = good && r > 0;
        }
        sd_bus_flush_close_unref(bus);
        if (r < 0)
                return r;
        json = arg_json ? json_pack("{s:b, s:O}", "good", (int)good, "releases", releases) : NULL;
        if (json && publisher_print_json(json) < 0)
                return fault_set(f, -EIO, "cannot write to standard output");
        return good ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

/* A name that is not also a folder or file here. */
static bool are_bundles(char **operands, int n)
{
        for (int i = 0; i < n; i++)
                if (!name_valid(operands[i]) || access(operands[i], F_OK) == 0)
                        return false;
        return true;
}

static int verify(char **operands, int n, struct fault *f)
{
        struct stat st;

        if (are_bundles(operands, n))
                return verify_installed(operands, n, f);
        if (n > 1)
                return fault_set(f, -EINVAL, "one SOURCE, or bundles of this machine");
        if (!strstr(operands[0], "://") && stat(operands[0], &st) == 0 && !S_ISDIR(st.st_mode))
                return verify_release(operands[0], f);
        return verify_source(operands[0], f);
}

int verb_verify(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, verify);
}
