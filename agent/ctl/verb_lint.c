/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift lint: what an agent would say about these manifests, said before anything is packed or signed; and
 * what a host will make of them: how exposed each service is, what each request costs, which lines a host's
 * policy needs, the units themselves. Likewise about what a host's administrator writes. */

#include "ctl/exposed.h"
#include "ctl/lint_host.h"
#include "ctl/lint_site.h"
#include "ctl/unit_text.h"
#include "ctl/verbs.h"

#include "facts/config.h"
#include "facts/policy.h"
#include "facts/task.h"

enum { LINT_POLICY_MAX = 1 << 20 }; /* more requests than a manifest can hold */

static const char *arg_root;
static bool arg_host, arg_json, arg_unit;
static struct args_list arg_site;

static const struct args_option options[] = {
        ARGS_FLAG(0, "host", &arg_host,
                  "look at this machine: has it what they require, are its own files right"),
        ARGS_TEXT(0, "root", "DIR", &arg_root, "or at DIR, the tree of an image"),
        ARGS_LIST('s', "site", "FILE", &arg_site, "a file of bundles.d, to be looked at too"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
        ARGS_FLAG('u', "unit", &arg_unit, "print the units that a host would make"),
};

static const struct args_command command = {
        .name = "sealift lint",
        .operands = "[MANIFEST...]",
        .help = "Checks manifests, packed or not, and says how exposed their services are.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .max_operands = INT32_MAX,
};

/* Files of bundles.d that are right by themselves. */
struct files {
        const char **items; /* owned; items are not */
        size_t n;
};

struct linted {
        struct manifest *manifest;    /* owned */
        char digest[DIGEST_HEX_SIZE]; /* zeros, while there is nothing to sign yet */
        size_t n_instances;           /* that the host's files make of it; 0: none is about it */
};

static int lint_read(const char *file, const struct files *site, struct linted *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = ctl_read_manifest(file, &ret->manifest, &text, &len, f);
        if (r < 0)
                return r;
        r = lint_site_apply(site->items, site->n, ret->manifest, &ret->n_instances, f);
        if (r < 0)
                return r;
        (void)snprintf(ret->digest, sizeof(ret->digest), "%064d", 0);
        return ret->manifest->content.sealed ? digest_hex(text, len, ret->digest) : 0;
}

/* Gets the service that the unit is of, or NULL. */
typedef int (*unit_handler)(const struct linted *l, const struct service *s, const struct unit_text *t,
                            void *userdata, struct fault *f);

static int for_each_unit(const struct linted *l, unit_handler on, void *userdata, struct fault *f)
{
        const struct manifest *m = l->manifest;
        int r = 0;

        for (size_t i = 0; i < m->n_services + unit_text_count(m) && r >= 0; i++) {
                const struct service *s = i < m->n_services ? m->services + i : NULL;
                struct unit_text t = {};

                r = s ? unit_text_service(m, s, l->digest, NULL, &t, f)
                      : unit_text_other(m, i - m->n_services, &t, f);
                if (r >= 0)
                        r = on(l, s, &t, userdata, f);
                unit_text_done(&t);
        }
        return r;
}

/* on() gets each line that a host's policy needs. */
static int for_each_grant(const struct linted *l, void (*on)(const char *line, void *userdata),
                          void *userdata, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(LINT_POLICY_MAX);
        char *rest, *line;
        int r;

        r = policy_list(l->manifest, &b, f);
        if (r < 0)
                return r;
        rest = b.data;
        while (rest && (line = strsep(&rest, "\n")) && *line)
                on(line, userdata);
        return 0;
}

/* ---- in words */

/* As `sealift show --unit` does it: what is not the text itself is a comment in it. */
static int print_unit(const struct linted *l, const struct service *s, const struct unit_text *t,
                      void *userdata, struct fault *f)
{
        int r = 0;

        if (s)
                r = exposed_print(l->manifest, s, "# ", f);
        unit_text_print(t);
        return r;
}

static void print_grant(const char *line, void *userdata)
{
        const struct manifest **m = userdata;

        if (*m)
                printf("  grants, in " CONFIG_POLICY_PATH "/%s.conf:\n    [Policy %s]\n", (*m)->name,
                       (*m)->name);
        *m = NULL; /* the head is there */
        printf("    %s\n", line);
}

/* What the release has to answer while it is new, and what that costs: a unit each time. */
static void print_probe(const struct health_probe *p)
{
        char what[192];

        task_describe(p, what, sizeof(what));
        printf("  health %s: %s, every %.1f s while on trial\n", p->name, what,
               (double)p->interval_usec / 1000000);
}

static int lint_print(const char *file, const struct linted *l, struct fault *f)
{
        const struct manifest *m = l->manifest, *head = m;
        int r = 0;

        if (arg_unit)
                return for_each_unit(l, print_unit, NULL, f);
        printf("%s: %s %s is good%s\n", file, m->name, m->version,
               m->withdrawn        ? ", and takes the bundle away"
               : m->content.sealed ? ""
                                   : ", not packed yet");
        if (l->n_instances > 0)
                printf("  the files of bundles.d go with it, and it runs %zu time%s\n", l->n_instances,
                       l->n_instances == 1 ? "" : "s");
        for (size_t i = 0; i < m->n_services && r >= 0; i++)
                r = exposed_print(m, m->services + i, "  ", f);
        for (size_t i = 0; i < m->n_probes; i++)
                print_probe(m->probes + i);
        if (r >= 0)
                r = for_each_grant(l, print_grant, &head, f);
        if (r >= 0 && (arg_host || arg_root))
                r = lint_host_print(file, m, arg_root, f);
        return r;
}

/* ---- in JSON */

static int add_unit(const struct linted *l, const struct service *s, const struct unit_text *t,
                    void *userdata, struct fault *f)
{
        return json_array_append_new(userdata, json_pack("{s:s, s:s}", "path", t->path, "text",
                                                         t->text.data ? t->text.data : "")) < 0
                       ? -ENOMEM
                       : 0;
}

static void add_grant(const char *line, void *userdata)
{
        (void)json_array_append_new(userdata, json_string(line));
}

static int lint_add(const char *file, const struct linted *l, json_t *list, struct fault *f)
{
        const struct manifest *m = l->manifest;
        json_t *services = json_array(), *units = json_array(), *grants = json_array(), *service, *o;
        int r = 0, status = EXIT_STATUS_OK;

        for (size_t i = 0; i < m->n_services && r >= 0; i++) {
                r = exposed_json(m, m->services + i, &service, f);
                if (r >= 0)
                        (void)json_array_append_new(services, service);
        }
        if (r >= 0 && arg_unit)
                r = for_each_unit(l, add_unit, units, f);
        if (r >= 0)
                r = for_each_grant(l, add_grant, grants, f);
        o = json_pack("{s:s, s:s, s:s, s:b, s:O, s:O, s:O*, s:o*}", "file", file, "bundle", m->name,
                      "version", m->version, "packed", m->content.sealed, "services", services, "grants",
                      grants, "units", arg_unit ? units : NULL, "runs",
                      l->n_instances > 0 ? json_integer((json_int_t)l->n_instances) : NULL);
        json_decref(services);
        json_decref(units);
        json_decref(grants);
        if (r >= 0 && (arg_host || arg_root))
                r = status = lint_host_json(m, arg_root, o, f);
        if (r < 0) {
                json_decref(o);
                return r;
        }
        return json_array_append_new(list, o) < 0 ? -ENOMEM : status;
}

static void lint_add_error(const char *file, const struct fault *f, json_t *list)
{
        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "file", file, "error", f->text));
}

/* The status of a file that is wrong. */
static int lint_wrong(const char *file, int r, const struct fault *f, json_t *list)
{
        if (list)
                lint_add_error(file, f, list);
        return ctl_fail(&command, r, f);
}

static int lint_file(const char *file, const struct files *site, json_t *list)
{
        struct linted l = {};
        struct fault f = {};
        int r;

        r = lint_read(file, site, &l, &f);
        if (r >= 0)
                r = list ? lint_add(file, &l, list, &f) : lint_print(file, &l, &f);
        (void)manifest_free(l.manifest);
        return r < 0 ? lint_wrong(file, r, &f, list) : r; /* the status */
}

/* ---- a host's own files */

static int lint_own(const char *file, int (*check)(const char *file, struct fault *f), json_t *list)
{
        struct fault f = {};
        int r;

        r = check(file, &f);
        if (r < 0)
                return lint_wrong(file, r, &f, list);
        if (list)
                (void)json_array_append_new(list, json_pack("{s:s}", "file", file));
        else if (!arg_unit)
                printf("%s is good\n", file);
        return EXIT_STATUS_OK;
}

static void status_take(int *status, int new)
{
        if (*status == EXIT_STATUS_OK || *status == EXIT_STATUS_NEWS) /* a wrong file is worse */
                *status = new == EXIT_STATUS_OK ? *status : new;
}

static int lint_site(const char *file, struct files *site, int *status, json_t *list)
{
        const char **items;
        int s;

        items = reallocarray(site->items, site->n + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        site->items = items;
        s = lint_own(file, lint_site_check, list);
        status_take(status, s);
        if (s == EXIT_STATUS_OK)
                items[site->n++] = file;
        return 0;
}

/* The two folders of a host or of the tree of an image. */
struct folders {
        char **site, **policy; /* owned; items too */
        size_t n_site, n_policy;
};

static void folders_done(struct folders *o)
{
        lint_site_list_free(o->site, o->n_site);
        lint_site_list_free(o->policy, o->n_policy);
}

static int folder_read(const char *folder, char ***ret, size_t *ret_n, struct fault *f)
{
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s%s", arg_root ? arg_root : "", folder) < 0)
                return -ENOMEM;
        return lint_site_list(path, ret, ret_n, f);
}

static int lint_all(char **files, int n, json_t *list, struct fault *f)
{
        _cleanup_(folders_done) struct folders own = {};
        struct files site = {};
        int r = 0, status = EXIT_STATUS_OK;

        if (arg_host || arg_root) {
                r = folder_read(CONFIG_BUNDLES_PATH, &own.site, &own.n_site, f);
                if (r >= 0)
                        r = folder_read(CONFIG_POLICY_PATH, &own.policy, &own.n_policy, f);
        }
        for (size_t i = 0; r >= 0 && i < own.n_site; i++)
                r = lint_site(own.site[i], &site, &status, list);
        for (size_t i = 0; r >= 0 && i < arg_site.n; i++)
                r = lint_site(arg_site.text[i], &site, &status, list);
        for (size_t i = 0; r >= 0 && i < own.n_policy; i++)
                status_take(&status, lint_own(own.policy[i], lint_site_policy, list));
        for (int i = 0; r >= 0 && i < n; i++)
                status_take(&status, lint_file(files[i], &site, list));
        free(site.items);
        return r < 0 ? r : status;
}

static int lint_run(char **files, int n, struct fault *f)
{
        json_t *list;
        int r;

        if (arg_unit && !arg_json && (arg_host || arg_root))
                return fault_set(f, -EINVAL, "--host and --root do not go with --unit, but for --json");
        if (n == 0 && !arg_host && !arg_root && arg_site.n == 0)
                return fault_set(f, -EINVAL,
                                 "nothing to look at: expected MANIFEST..., --site=FILE or --host");
        list = arg_json ? json_array() : NULL;
        r = lint_all(files, n, list, f);
        if (list) {
                (void)json_dumpf(list, stdout, JSON_INDENT(2));
                (void)putchar('\n');
                json_decref(list);
        }
        return r;
}

int verb_lint(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, lint_run);
}
