/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift show: a manifest in words: what runs, behind which walls, what the host would have to grant; or
 * its sums, in the form sha256sum(1) checks; or, on a host, the units of a bundle. */

#include "ctl/show_unit.h"
#include "ctl/verbs.h"

#include <inttypes.h>

#include "ground/text.h"

static bool arg_json, arg_sums, arg_unit;

static const struct args_option options[] = {
        ARGS_FLAG('s', "sums", &arg_sums, "SHA256SUMS of the tree, for `sha256sum --check`"),
        ARGS_FLAG('u', "unit", &arg_unit, "the units of BUNDLE as they run on this host"),
        ARGS_FLAG('j', "json", &arg_json, "with --unit: print JSON"),
};

static const struct args_command command = {
        .name = "sealift show",
        .operands = "MANIFEST|BUNDLE",
        .help = "Shows what a manifest holds and asks of a host, or the units of a bundle that runs here.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

/* A path with a backslash is escaped as sha256sum itself does, marked by one before the sum. Newlines, the
 * other case, are in no manifest. */
static void show_sum(const struct entry *e)
{
        char sum[DIGEST_HEX_SIZE];

        text_hex(e->sha256, SHA256_SIZE, sum);
        printf("%s%s  ", strchr(e->path, '\\') ? "\\" : "", sum);
        for (const char *p = e->path; *p; p++) {
                if (*p == '\\')
                        (void)putchar('\\');
                (void)putchar(*p);
        }
        (void)putchar('\n');
}

static void show_settings(const struct manifest_setting *settings, size_t n)
{
        for (size_t i = 0; i < n; i++)
                printf("  %s=%s\n", settings[i].directive->key, settings[i].value);
}

static void show_service(const struct service *s)
{
        static const char *const networks[] = {
                [NETWORK_NONE] = "none",
                [NETWORK_SOCKET] = "only the sockets systemd hands it",
                [NETWORK_BUNDLE] = "a loopback that services of the bundle share",
                [NETWORK_OUTBOUND] = "connects out",
                [NETWORK_BIND] = "listens itself",
        };

        printf("\nService %s\n", s->name);
        show_settings(s->settings, s->n_settings);
        printf("  network: %s\n  root: %s\n", networks[s->sandbox.network],
               s->sandbox.root == ROOT_BUNDLE ? "the bundle alone" : "the host's /usr, read-only");
        show_settings(s->sandbox.settings, s->sandbox.n_settings);
}

static void show_manifest(const struct manifest *m)
{
        printf("%s %s\n", m->name, m->version);
        show_settings(m->settings, m->n_settings);
        for (size_t i = 0; i < m->n_services; i++)
                show_service(m->services + i);
        for (size_t i = 0; i < m->n_sockets; i++) {
                printf("\nSocket %s, for %s\n", m->sockets[i].name, m->sockets[i].service);
                show_settings(m->sockets[i].settings, m->sockets[i].n_settings);
        }
        for (size_t i = 0; i < m->n_timers; i++) {
                printf("\nTimer %s, for %s\n", m->timers[i].name, m->timers[i].service);
                show_settings(m->timers[i].settings, m->timers[i].n_settings);
        }
        if (m->content.sealed)
                printf("\nContent\n  bundle: %" PRIu64 " bytes, SHA-256 %s\n  tree: %zu entries, %" PRIu64
                       " bytes\n",
                       m->content.size, m->content.sha256, m->content.n_entries, m->content.unpacked_size);
}

static int show_file(const char *file, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        int r;

        r = ctl_read_manifest(file, &m, NULL, NULL, f);
        if (r < 0)
                return r;
        if (arg_sums && !m->content.sealed)
                return fault_set(f, -EINVAL, "%s: is not packed yet, so it has no sums", file);
        if (!arg_sums)
                show_manifest(m);
        for (size_t i = 0; arg_sums && i < m->content.n_entries; i++)
                if (m->content.entries[i].type == ENTRY_FILE)
                        show_sum(m->content.entries + i);
        return EXIT_STATUS_OK;
}

static int show_run(char **operands, int n, struct fault *f)
{
        if (arg_sums && arg_unit)
                return fault_set(f, -EINVAL,
                                 "--sums is of a manifest, --unit of a bundle; give one of them");
        if (arg_json && !arg_unit)
                return fault_set(f, -EINVAL, "--json goes with --unit");
        return arg_unit ? show_unit(operands[0], arg_json, f) : show_file(operands[0], f);
}

int verb_show(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, show_run);
}
