/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The warnings of sealift pack: what looks like a secret, and what is larger than anybody means to ship. It
 * sees what goes into the bundle, as it goes, and keeps no byte of it: a warning must never repeat a secret.
 */

#include "ctl/pack_warn.h"

#include <inttypes.h>

#include "facts/secret.h"
#include "ground/text.h"

/* Every machine of the fleet fetches a bundle and keeps two of them unpacked, three while it updates. Real
 * ones, runtimes and all, are below 300 MB; above 500 there is most often a build tree, a package cache or
 * a data set inside. */
#define BUNDLE_BYTES_USUAL UINT64_C(500000000)

enum { SAID_MAX = 25 }; /* a tree of fixtures should not scroll the first line away */

struct pack_warn {
        const char *command;
        const struct args_list *public;
        struct secret_scan *scan; /* owned */
        json_t *said;             /* owned */
        bool secrets, skip;
};

struct pack_warn *pack_warn_free(struct pack_warn *w)
{
        if (!w)
                return NULL;
        (void)secret_scan_free(w->scan);
        json_decref(w->said);
        free(w);
        return NULL;
}

int pack_warn_new(const char *command, const struct args_list *public, struct pack_warn **ret)
{
        _cleanup_(pack_warn_freep) struct pack_warn *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->command = command;
        w->public = public;
        w->said = json_array();
        r = w->said ? secret_scan_new(&w->scan) : -ENOMEM;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

/* A line: printed as it comes, while the user can still stop. A struct fault keeps it printable. */
static int warn(struct pack_warn *w, const struct fault *line)
{
        if (json_array_append_new(w->said, json_string(line->text)) < 0)
                return -ENOMEM;
        if (json_array_size(w->said) <= SAID_MAX)
                fprintf(stderr, "%s: warning: %s\n", w->command, line->text);
        return 0;
}

static int warn_setting(struct pack_warn *w, const char *file, const struct manifest_setting *s)
{
        const struct secret_hit *hits;
        struct fault line;
        bool binary;

        if (s->directive->type != VALUE_ENVIRONMENT && s->directive->type != VALUE_COMMAND)
                return 0;
        secret_scan_begin(w->scan, ".env"); /* NAME=value, there and here */
        secret_scan_add(w->scan, s->value, strlen(s->value));
        if (secret_scan_end(w->scan, &hits, &binary) == 0)
                return 0;
        w->secrets = true;
        (void)fault_set(&line, -EINVAL, "%s:%u: %s= looks like %s", file, s->line, s->directive->key,
                        hits[0].what);
        return warn(w, &line);
}

int pack_warn_intent(struct pack_warn *w, const char *file, const struct manifest *m)
{
        int r = 0;

        for (size_t i = 0; i < m->n_services; i++)
                for (size_t j = 0; j < m->services[i].n_settings && r >= 0; j++)
                        r = warn_setting(w, file, m->services[i].settings + j);
        return r;
}

void pack_warn_file_begin(struct pack_warn *w, const char *path)
{
        w->skip = false;
        for (size_t i = 0; i < w->public->n; i++)
                w->skip = w->skip || text_glob(w->public->text[i], path);
        if (!w->skip)
                secret_scan_begin(w->scan, path);
}

void pack_warn_file_add(struct pack_warn *w, const void *data, size_t len)
{
        if (!w->skip)
                secret_scan_add(w->scan, data, len);
}

int pack_warn_file_end(struct pack_warn *w, const char *path)
{
        const struct secret_hit *hits;
        bool binary;
        size_t n = w->skip ? 0 : secret_scan_end(w->scan, &hits, &binary);
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                struct fault line;

                w->secrets = true;
                if (hits[i].line == 0)
                        (void)fault_set(&line, -EINVAL, "%s: is called like %s", path, hits[i].what);
                else if (binary)
                        (void)fault_set(&line, -EINVAL, "%s, byte %" PRIu64 ": looks like %s", path,
                                        hits[i].offset, hits[i].what);
                else
                        (void)fault_set(&line, -EINVAL, "%s:%" PRIu64 ": looks like %s", path, hits[i].line,
                                        hits[i].what);
                r = warn(w, &line);
        }
        return r;
}

int pack_warn_finish(struct pack_warn *w, const char *bundle, const struct content *c)
{
        struct fault line;
        size_t n;
        int r = 0;

        if (c->size > BUNDLE_BYTES_USUAL) {
                (void)fault_set(&line, -EINVAL,
                                "%s: is %" PRIu64 " MB; each machine fetches it and keeps it two times "
                                "unpacked, %" PRIu64 " MB each: is all of it needed?",
                                bundle, c->size / 1000000, c->unpacked_size / 1000000);
                r = warn(w, &line);
        }
        n = json_array_size(w->said);
        if (n > SAID_MAX)
                fprintf(stderr, "%s: and %zu more; --json has all of them\n", w->command, n - SAID_MAX);
        if (w->secrets)
                fprintf(stderr,
                        "%s: a bundle is public: leave secrets out, and give them to the service as "
                        "credentials "
                        "(LoadCredential= in sealift.manifest(5)); --public=PATH is for what is none\n",
                        w->command);
        return r;
}

size_t pack_warn_count(const struct pack_warn *w)
{
        return json_array_size(w->said);
}

json_t *pack_warn_json(const struct pack_warn *w)
{
        return w->said;
}
