/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that comes to a repository: which source, which root, then the loop that the agent runs. What is
 * served is as hostile here as there; what this adds is only telling. It writes nothing. */

#include "ctl/verify.h"

#include <inttypes.h>
#include <limits.h>

#include "ctl/repository_parts.h"
#include "facts/config.h"
#include "facts/trust_drive.h"
#include "ground/io.h"
#include "ground/text.h"

void verify_done(struct verify *v)
{
        trust_free(v->trust);
        download_done(&v->download);
        (void)fd_close(v->folder);
        (void)fd_close(v->trusted);
        free(v->url);
        free(v->root_from);
        json_decref(v->roles);
        json_decref(v->problems);
        json_decref(v->notes);
}

void verify_problem(struct verify *v, const char *what, const struct fault *why, struct fault *first)
{
        (void)json_array_append_new(v->problems, json_pack("{s:s, s:s}", "what", what, "error", why->text));
        if (first->error == 0)
                *first = *why;
}

/* ---- The source ---- */

int verify_decode(const char *text, char *ret, size_t size)
{
        size_t n = 0;

        for (const char *p = text; *p; p++) {
                char hex[3] = "";
                uint8_t octet = (uint8_t)*p;

                if (*p == '%') {
                        (void)strncpy(hex, p + 1, sizeof(hex) - 1);
                        if (text_unhex(hex, &octet, 1) < 0 || octet == 0)
                                return -EINVAL;
                        p += 2;
                }
                if (n + 1 >= size)
                        return -ENAMETOOLONG;
                ret[n++] = (char)octet;
        }
        ret[n] = '\0';
        return 0;
}

static int folder_url(const char *path, char **ret, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(CONFIG_URL_SIZE);
        _cleanup_free_ char *real = realpath(path, NULL);

        if (!real)
                return fault_set_errno(f, -errno, "%s", path);
        (void)buffer_append_text(&b, "file://");
        (void)buffer_append_url(&b, real, strlen(real), "/");
        if (b.error < 0)
                return fault_set_errno(f, b.error, "%s", path);
        *ret = TAKE_PTR(b.data);
        return 0;
}

/* A folder is read by the same worker as all else, as its file:// URL: what it refuses there, a link or a
 * device, a host's would. */
static int source_open(struct verify *v, struct fault *f)
{
        const char *source = v->options->source, *path = source;
        char decoded[PATH_MAX];
        int r = 0;

        if (str_has_prefix(source, "file://")) {
                if (verify_decode(source + STRLEN("file://"), decoded, sizeof(decoded)) < 0)
                        return fault_set(f, -EINVAL, "%s: has a %% that is not %%XX", source);
                path = decoded;
        }
        if (path == source && strstr(source, "://")) {
                v->url = strdup(source);
                if (!v->url)
                        return fault_set(f, -ENOMEM, "out of memory");
        } else {
                v->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (v->folder < 0)
                        return fault_set_errno(f, -errno, "%s", path);
                r = folder_url(path, &v->url, f);
        }
        return r < 0 ? r : download_open(&v->download, v->url, v->options->ca_file, f);
}

/* ---- The root ---- */

static int root_read(struct verify *v, int dirfd, const char *name, char **ret, size_t *ret_len,
                     struct fault *f)
{
        int r;

        r = io_read_file_at(dirfd, name, TUF_ROOT_BYTES_MAX, ret, ret_len, f);
        if (r < 0)
                return r;
        v->root_from = strdup(name);
        return v->root_from ? 0 : fault_set(f, -ENOMEM, "out of memory");
}

static int root_served(struct verify *v, char **ret, size_t *ret_len, struct fault *f)
{
        uint64_t first, last;
        char name[64];

        if (v->folder < 0)
                return fault_set(f, -ENOENT,
                                 "there is no %s to begin trust with; give the publisher's with --root",
                                 CONFIG_ROOT_PATH);
        if (repository_versions(v->folder, tuf_role_file(TUF_ROOT), &first, &last) < 0 || first == 0)
                return fault_set(f, -ENOENT, "no metadata/1.root.json: not a repository; see sealift init");
        (void)snprintf(name, sizeof(name), "metadata/%" PRIu64 ".root.json", first);
        v->root_served = true;
        return root_read(v, v->folder, name, ret, ret_len, f);
}

static int root_find(struct verify *v, char **ret, size_t *ret_len, struct fault *f)
{
        const struct verify_options *o = v->options;

        if (o->root)
                return root_read(v, AT_FDCWD, o->root, ret, ret_len, f);
        if (v->trusted >= 0)
                return root_read(v, v->trusted, tuf_role_file(TUF_ROOT), ret, ret_len, f);
        if (access(CONFIG_ROOT_PATH, F_OK) < 0 && errno == ENOENT)
                return root_served(v, ret, ret_len, f);
        return root_read(v, AT_FDCWD, CONFIG_ROOT_PATH, ret, ret_len, f);
}

static int trust_begin(struct verify *v, struct fault *f)
{
        const struct verify_options *o = v->options;
        _cleanup_free_ char *root = NULL;
        char prefix[NAME_SIZE + 1] = "";
        size_t len = 0;
        int r;

        if (o->trusted) {
                v->trusted = open(o->trusted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (v->trusted < 0)
                        return fault_set_errno(f, -errno, "%s", o->trusted);
        }
        r = root_find(v, &root, &len, f);
        if (r < 0)
                return r;
        r = trust_new(root, len, o->now, &v->trust, f);
        if (r < 0)
                return fault_prefix(f, "%s", v->root_from);
        if (o->channel)
                (void)snprintf(prefix, sizeof(prefix), "%s/", o->channel);
        return trust_want(v->trust, TRUST_WANT_PREFIX, prefix, f);
}

/* ---- The doors ---- */

struct looking {
        struct verify *v;
        struct fault *first; /* of what was refused, but not everything with it */
};

static int sink_buffer(void *userdata, const void *data, size_t len, struct fault *f)
{
        int r = buffer_append(userdata, data, len);

        return r < 0 ? fault_set_errno(f, r, "cannot keep it") : 0;
}

static int door_fetch(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                      struct fault *f)
{
        struct looking *x = userdata;
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(step->max_bytes);
        int r;

        r = download_get(&x->v->download, step->path, step->max_bytes, sink_buffer, &b, f);
        if (r < 0)
                return r;
        *ret_len = b.len;
        *ret = b.data ? TAKE_PTR(b.data) : strdup("");
        return *ret ? 0 : fault_set(f, -ENOMEM, "out of memory");
}

static int door_recall(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                       struct fault *f)
{
        struct looking *x = userdata;

        if (x->v->trusted < 0)
                return -ENOENT;
        return io_read_file_at(x->v->trusted, step->file, step->max_bytes, ret, ret_len, f);
}

/* As the agent: one team's role that is refused is that team's. */
static bool door_skip(void *userdata, const struct fault *why)
{
        struct looking *x = userdata;

        if (!trust_is_verdict(why->error))
                return false;
        verify_problem(x->v, "delegated role", why, x->first);
        return true;
}

static int look(struct verify *v, struct fault *first, struct fault *f)
{
        struct looking x = { v, first };
        const struct trust_doors doors = {
                .userdata = &x, .fetch = door_fetch, .recall = door_recall, .skip = door_skip
        };
        int r, listed;

        r = trust_drive(v->trust, &doors, f);
        if (trust_warning(v->trust))
                (void)json_array_append_new(v->notes, json_string(trust_warning(v->trust)));
        listed = verify_list_roles(v, r < 0 ? NULL : f);
        return r < 0 ? r : listed;
}

/* Without a channel, and with all roles, what nothing leads to is known. */
static bool is_whole(const struct verify *v)
{
        return v->folder >= 0 && !v->options->channel && json_array_size(v->problems) == 0;
}

int verify_repository(const struct verify_options *options, struct verify *v, struct fault *f)
{
        struct fault first = {};
        int r;

        v->options = options;
        v->roles = json_array();
        v->problems = json_array();
        v->notes = json_array();
        if (!v->roles || !v->problems || !v->notes)
                return fault_set(f, -ENOMEM, "out of memory");
        r = source_open(v, f);
        if (r >= 0)
                r = trust_begin(v, f);
        if (r >= 0)
                r = look(v, &first, f);
        if (r >= 0 && is_whole(v))
                r = verify_folder(v, f);
        if (r >= 0 && !options->metadata_only)
                r = verify_targets(v, &first, f);
        if (r < 0 || first.error == 0)
                return r;
        *f = first;
        return first.error;
}
