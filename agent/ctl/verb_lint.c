/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift lint: what an agent would say about these manifests, said before anything is packed or signed; and
 * what a host will make of them: how exposed each service is, what each request costs, which lines a host's
 * policy needs, the units themselves. */

#include "ctl/exposed.h"
#include "ctl/lint_host.h"
#include "ctl/unit_text.h"
#include "ctl/verbs.h"

#include "facts/config.h"
#include "facts/policy.h"

enum { LINT_POLICY_MAX = 1 << 20 }; /* more requests than a manifest can hold */

static const char *arg_root;
static bool arg_host, arg_json, arg_unit;

static const struct args_option options[] = {
        ARGS_FLAG(0, "host", &arg_host, "also look whether this machine has what they require"),
        ARGS_TEXT(0, "root", "DIR", &arg_root, "or whether DIR, the tree of an image, has it"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
        ARGS_FLAG('u', "unit", &arg_unit, "print the units that a host would make"),
};

static const struct args_command command = {
        .name = "sealift lint",
        .operands = "MANIFEST...",
        .help = "Checks manifests, packed or not, and says how exposed their services are.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = INT32_MAX,
};

struct linted {
        struct manifest *manifest;    /* owned */
        char digest[DIGEST_HEX_SIZE]; /* zeros, while there is nothing to sign yet */
};

static int lint_read(const char *file, struct linted *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = ctl_read_manifest(file, &ret->manifest, &text, &len, f);
        if (r < 0)
                return r;
        (void)snprintf(ret->digest, sizeof(ret->digest), "%064d", 0);
        return ret->manifest->content.sealed ? digest_hex(text, len, ret->digest) : 0;
}

static int for_each_unit(const struct linted *l, int (*on)(const struct unit_text *t, void *userdata),
                         void *userdata, struct fault *f)
{
        const struct manifest *m = l->manifest;
        int r = 0;

        for (size_t i = 0; i < m->n_services + unit_text_count(m) && r >= 0; i++) {
                struct unit_text t = {};

                if (i < m->n_services)
                        r = unit_text_service(m, m->services + i, l->digest, NULL, &t, f);
                else
                        r = unit_text_other(m, i - m->n_services, &t, f);
                if (r >= 0)
                        r = on(&t, userdata);
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

static int print_unit(const struct unit_text *t, void *userdata)
{
        unit_text_print(t);
        return 0;
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

static int lint_print(const char *file, const struct linted *l, struct fault *f)
{
        const struct manifest *m = l->manifest, *head = m;
        int r = 0;

        if (arg_unit)
                return for_each_unit(l, print_unit, NULL, f);
        printf("%s: %s %s is good%s\n", file, m->name, m->version,
               m->content.sealed ? "" : ", not packed yet");
        for (size_t i = 0; i < m->n_services && r >= 0; i++)
                r = exposed_print(m, m->services + i, f);
        if (r >= 0)
                r = for_each_grant(l, print_grant, &head, f);
        if (r >= 0 && (arg_host || arg_root))
                r = lint_host_print(file, m, arg_root, f);
        return r;
}

/* ---- in JSON */

static int add_unit(const struct unit_text *t, void *userdata)
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
        o = json_pack("{s:s, s:s, s:s, s:b, s:O, s:O, s:O*}", "file", file, "bundle", m->name, "version",
                      m->version, "packed", m->content.sealed, "services", services, "grants", grants,
                      "units", arg_unit ? units : NULL);
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

static int lint_file(const char *file, json_t *list)
{
        struct linted l = {};
        struct fault f = {};
        int r;

        r = lint_read(file, &l, &f);
        if (r >= 0)
                r = list ? lint_add(file, &l, list, &f) : lint_print(file, &l, &f);
        (void)manifest_free(l.manifest);
        if (r >= 0)
                return r; /* the status */
        if (list)
                lint_add_error(file, &f, list);
        return ctl_fail(&command, r, &f);
}

static int lint_run(char **files, int n, struct fault *f)
{
        int status = EXIT_STATUS_OK;
        json_t *list;

        if (arg_unit && !arg_json && (arg_host || arg_root))
                return fault_set(f, -EINVAL, "--host and --root do not go with --unit, but for --json");
        list = arg_json ? json_array() : NULL;
        for (int i = 0; i < n; i++) {
                int s = lint_file(files[i], list);

                if (status == EXIT_STATUS_OK || status == EXIT_STATUS_NEWS) /* a wrong file is worse */
                        status = s == EXIT_STATUS_OK ? status : s;
        }
        if (list) {
                (void)json_dumpf(list, stdout, JSON_INDENT(2));
                (void)putchar('\n');
                json_decref(list);
        }
        return status;
}

int verb_lint(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, lint_run);
}
