/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift lint --host: the agent's own look at a host, taken by whoever writes a manifest or builds an
 * image. All that is missing is listed, where the agent stops at the first. Reads, and runs nothing. */

#include "ctl/lint_host.h"

#include "ctl/verbs.h"
#include "doors/host.h"
#include "facts/suits.h"

static void print_met(const char *file, const struct requirement *r)
{
        const char *has = *r->has ? r->has : "there";

        printf("%s:%u: %s=%s%s%s: %s\n", file, r->line, r->key, r->name, *r->wants ? ">=" : "", r->wants,
               has);
}

static bool judge_all(const struct host *h, const char *file, const struct manifest *m,
                      struct requirement *requirements, size_t n)
{
        bool good = true;
        struct fault f;

        /* Which architecture a tree is for, nothing in it says in one place. */
        if (suits_check(m, h->live ? suits_architecture() : manifest_get_bundle(m, "Architecture"),
                        PACKAGE_VERSION, &f) < 0) {
                printf("%s: %s\n", file, f.text);
                good = false;
        }
        for (size_t i = 0; i < n; i++) {
                host_look(h, requirements + i);
                if (requirement_judge(requirements + i, &f) >= 0)
                        print_met(file, requirements + i);
                else {
                        printf("%s:%u: %s\n", file, requirements[i].line, f.text);
                        good = false;
                }
        }
        return good;
}

void lint_host(const struct args_command *c, const char *file, const struct manifest *m, const char *root,
               int *status)
{
        _cleanup_(host_close) struct host h = { .root = -EBADF };
        _cleanup_free_ struct requirement *requirements = NULL;
        struct fault f = {};
        size_t n;
        int r;

        r = host_open(&h, root ? root : "/", &f);
        if (r >= 0)
                r = requirement_list(m, &requirements, &n, &f);
        if (r < 0)
                *status = ctl_fail(c, r, &f);
        else if (!judge_all(&h, file, m, requirements, n) && *status == EXIT_STATUS_OK)
                *status = EXIT_STATUS_NEWS;
}
