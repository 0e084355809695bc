/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift show --unit BUNDLE: each unit of the current release as systemd has read it, how exposed it is,
 * what each request costs, and what this host can never give. All that is not the text itself is a comment
 * in it. */

#include "ctl/show_unit.h"

#include "ctl/exposed.h"
#include "ctl/host_units.h"
#include "facts/exposure.h"
#include "facts/name.h"

/* The figure of the very text, which may be an older sealift's; *ret is -1 where it cannot be known. */
static int figure_of(const struct host_unit *u, char ret[static EXPOSURE_TEXT_SIZE], struct fault *f)
{
        struct exposure e;
        int r;

        r = exposure_compute(u->text.text.data ? u->text.text.data : "", u->text.text.len, u->text.path, &e,
                             f);
        if (r >= 0)
                (void)exposure_format(e.tenths, ret);
        return r;
}

/* ---- in words */

static int print_service(const struct host_unit *u, struct fault *f)
{
        const struct service *s = u->manifest ? manifest_find_service(u->manifest, u->service) : NULL;
        char figure[EXPOSURE_TEXT_SIZE];
        struct fault why = {};

        printf("# %s: %s", u->service, u->runs ? "runs" : "does not run, and would be");
        if (figure_of(u, figure, &why) >= 0)
                printf(", exposure %s\n", figure);
        else
                printf(", exposure not known: %s\n", why.text);
        return s ? exposed_print_requests(u->manifest, s, "# ", f) : 0;
}

static int print_units(const struct host_units *h, struct fault *f)
{
        struct gap gaps[GAPS_MAX];
        size_t n = host_units_gaps(gaps);
        int r = 0;

        printf("# %s %s, manifest %s\n", h->bundle, h->version, h->digest);
        for (size_t i = 0; i < n; i++)
                printf("# never counted on: %s: %s\n", gaps[i].settings, gaps[i].why);
        if (h->missing.error < 0)
                printf("# %s\n", h->missing.text);
        for (size_t i = 0; i < h->n_units && r >= 0; i++) {
                (void)putchar('\n');
                if (*h->units[i].service)
                        r = print_service(h->units + i, f);
                unit_text_print(&h->units[i].text);
        }
        return r;
}

/* ---- in JSON */

static int add_unit(const struct host_unit *u, json_t *units, struct fault *f)
{
        const struct service *s = u->manifest ? manifest_find_service(u->manifest, u->service) : NULL;
        char figure[EXPOSURE_TEXT_SIZE];
        struct fault ignored = {};
        json_t *requests = NULL;
        int r = 0;

        if (s)
                r = exposed_json_requests(u->manifest, s, &requests, f);
        if (r < 0)
                return r;
        return json_array_append_new(
                       units, json_pack("{s:s, s:s, s:b, s:s*, s:s*, s:o*, s:s}", "unit", u->text.unit,
                                        "path", u->text.path, "runs", u->runs, "service",
                                        *u->service ? u->service : NULL, "exposure",
                                        *u->service && figure_of(u, figure, &ignored) >= 0 ? figure : NULL,
                                        "requests", requests, "text",
                                        u->text.text.data ? u->text.text.data : "")) < 0
                       ? fault_set_errno(f, -ENOMEM, "%s", u->text.unit)
                       : 0;
}

static int print_json(const struct host_units *h, struct fault *f)
{
        json_t *units = json_array(), *never = json_array(), *j;
        struct gap gaps[GAPS_MAX];
        size_t n = host_units_gaps(gaps);
        int r = 0;

        for (size_t i = 0; i < n; i++)
                (void)json_array_append_new(
                        never, json_pack("{s:s, s:s}", "settings", gaps[i].settings, "why", gaps[i].why));
        for (size_t i = 0; i < h->n_units && r >= 0; i++)
                r = add_unit(h->units + i, units, f);
        j = json_pack("{s:s, s:s, s:s, s:s*, s:o, s:o}", "bundle", h->bundle, "version", h->version,
                      "digest", h->digest, "missing", h->missing.error < 0 ? h->missing.text : NULL,
                      "never_counted_on", never, "units", units);
        if (r >= 0) {
                (void)json_dumpf(j, stdout, JSON_INDENT(2));
                (void)putchar('\n');
        }
        json_decref(j);
        return r;
}

int show_unit(const char *bundle, bool json, struct fault *f)
{
        struct host_units h = {};
        int r;

        if (!name_valid(bundle))
                return fault_set(
                        f, -EINVAL,
                        "%s: is not a bundle's name; of a file, `sealift lint --unit` shows the units",
                        bundle);
        r = host_units_read(bundle, &h, f);
        if (r < 0)
                return r;
        r = json ? print_json(&h, f) : print_units(&h, f);
        host_units_done(&h);
        return r;
}
