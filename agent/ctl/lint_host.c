/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift lint --host: the agent's own look at a host, taken by whoever writes a manifest or builds an
 * image. All that is missing is listed, where the agent stops at the first. Reads, and runs nothing. */

#include "ctl/lint_host.h"

#include "doors/cgroup.h"
#include "doors/host.h"
#include "facts/suits.h"
#include "ground/args.h"
#include "ground/paths.h"

struct looked {
        struct requirement *items; /* owned */
        size_t n;
        int suits; /* 0, or what fault says */
        struct fault fault;
};

static void looked_done(struct looked *l)
{
        free(l->items);
}

static bool executes_its_own(const struct manifest *m)
{
        for (size_t i = 0; i < m->n_services; i++) {
                const char *command = manifest_get(m->services + i, "ExecStart");

                if (command && str_has_prefix(command, "/bundle/"))
                        return true;
        }
        return false;
}

static int look(const struct manifest *m, const char *root, struct looked *ret, struct fault *f)
{
        _cleanup_(host_close) struct host h = { .root = -EBADF };
        const char *architecture;
        int r;

        r = host_open(&h, root ? root : "/", f);
        if (r >= 0)
                r = requirement_list(m, &ret->items, &ret->n, f);
        if (r < 0)
                return r;
        /* Which architecture a tree is for, nothing in it says in one place. */
        architecture = h.live ? suits_architecture() : manifest_get_bundle(m, "Architecture");
        ret->suits = suits_check(m, architecture, PACKAGE_VERSION, &ret->fault);
        if (ret->suits >= 0 && h.live)
                ret->suits = suits_check_outbound(m, cgroup_filters_addresses(), &ret->fault);
        if (ret->suits >= 0 && h.live && executes_its_own(m) && host_forbids_bundles(&h))
                ret->suits = fault_set(&ret->fault, -EOPNOTSUPP,
                                       RELEASES_PATH " is on a file system that is mounted noexec, so that "
                                                     "no program of a bundle can be executed; mount it "
                                                     "without");
        for (size_t i = 0; i < ret->n; i++)
                host_look(&h, ret->items + i);
        return 0;
}

/* ---- in words */

static void print_met(const char *file, const struct requirement *r)
{
        const char *has = *r->has ? r->has : "there";

        printf("%s:%u: %s=%s%s%s: %s\n", file, r->line, r->key, r->name, *r->wants ? ">=" : "", r->wants,
               has);
}

int lint_host_print(const char *file, const struct manifest *m, const char *root, struct fault *f)
{
        _cleanup_(looked_done) struct looked l = {};
        int r, status = EXIT_STATUS_OK;

        r = look(m, root, &l, f);
        if (r < 0)
                return r;
        if (l.suits < 0) {
                printf("%s: %s\n", file, l.fault.text);
                status = EXIT_STATUS_NEWS;
        }
        for (size_t i = 0; i < l.n; i++) {
                struct fault why;

                if (requirement_judge(l.items + i, &why) >= 0) {
                        print_met(file, l.items + i);
                        continue;
                }
                printf("%s:%u: %s\n", file, l.items[i].line, why.text);
                status = EXIT_STATUS_NEWS;
        }
        return status;
}

/* ---- in JSON */

static json_t *requirement_json(const struct requirement *r, bool met)
{
        return json_pack("{s:i, s:s, s:s, s:s*, s:s*, s:b, s:b}", "line", (int)r->line, "key", r->key,
                         "name", r->name, "wants", *r->wants ? r->wants : NULL, "has",
                         *r->has ? r->has : NULL, "found", r->found, "met", met);
}

int lint_host_json(const struct manifest *m, const char *root, json_t *object, struct fault *f)
{
        _cleanup_(looked_done) struct looked l = {};
        json_t *requirements, *unmet;
        int r, status;

        r = look(m, root, &l, f);
        if (r < 0)
                return r;
        requirements = json_array();
        unmet = json_array();
        if (l.suits < 0)
                r = json_array_append_new(unmet, json_string(l.fault.text));
        for (size_t i = 0; i < l.n && r >= 0; i++) {
                struct fault why;
                bool met = requirement_judge(l.items + i, &why) >= 0;

                r = json_array_append_new(requirements, requirement_json(l.items + i, met));
                if (r >= 0 && !met)
                        r = json_array_append_new(unmet, json_string(why.text));
        }
        status = json_array_size(unmet) > 0 ? EXIT_STATUS_NEWS : EXIT_STATUS_OK;
        if (json_object_set_new(object, "requirements", requirements) < 0)
                r = -ENOMEM;
        if (json_object_set_new(object, "unmet", unmet) < 0)
                r = -ENOMEM;
        return r < 0 ? -ENOMEM : status;
}
