/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts a release into a channel: all reasons to refuse are looked for before the first byte is written, and
 * the last question is put to the verifier that hosts use. Its input has been read and checked
 * (ctl/release.c). */

#include "ctl/release.h"

#include "ctl/publisher.h"
#include "ctl/target.h"
#include "facts/name.h"
#include "facts/tuf_write.h"
#include "ground/io.h"

static const char *role_name(const struct release_options *o)
{
        return o->role ?: "targets";
}

int release_options_check(const struct release_options *o, struct fault *f)
{
        if (!o->repository || !o->channel)
                return fault_set(f, -EINVAL, "--repository and --channel are needed");
        if (!name_valid(o->channel))
                return fault_set(f, -EINVAL, "--channel=%s: not a name of [a-z0-9-]", o->channel);
        return 0;
}

int release_find_role(const struct repository *repository, const struct release_options *o,
                      struct repository_role **ret, struct fault *f)
{
        struct repository_role *role = repository_find(repository, role_name(o));

        if (!role || role->role != TUF_TARGETS)
                return fault_set(f, role ? -EINVAL : -ENOENT, "--role=%s: %s", o->role,
                                 role ? "lists no targets" : "there is no such role; see sealift delegate");
        *ret = role;
        return 0;
}

/* Bundles of the channel that do not belong to this manifest (of the other compression; all, where it takes
 * the bundle away) are not offered any more. */
static int stage_targets(const struct release *r, struct repository_role *role, struct fault *f)
{
        static const char *const suffixes[] = { ".tar.zst", ".tar.gz" };
        const struct content *c = &r->manifest->content;
        char name[RELEASE_TARGET_SIZE];
        int k = 0;

        repository_change(role);
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                (void)snprintf(name, sizeof(name), "%s/%s%s", r->channel, r->manifest->name, suffixes[i]);
                (void)json_object_del(json_object_get(role->body, "targets"), name);
        }
        if (!r->manifest->withdrawn)
                k = tuf_write_target(role->body, r->bundle_target, c->size, c->sha256);
        if (k >= 0)
                k = tuf_write_target(role->body, r->manifest_target, r->len, r->digest);
        return k < 0 ? fault_set_errno(f, k, "%s", role->file) : 0;
}

/* Hosts believe the first role that lists a name, on a way there by delegations that have it (spec 5.6.7).
 */
static int look_up(const struct repository *repository, const char *role, const char *target,
                   uint64_t length, const char *sha256, struct fault *f)
{
        struct fault why = {};
        int k;

        k = repository_look_up(repository, target, length, sha256, &why);
        if (k == -ENOENT)
                return fault_set(
                        f, -EPERM,
                        "%s: %s is not trusted with it, or a role that is asked before ends the search or "
                        "has expired",
                        target, role);
        if (k == -EBADMSG)
                return fault_set(f, -EPERM, "%s: a role that is trusted more than %s has another one",
                                 target, role);
        return k < 0 ? fault_set(f, k, "%s", why.text) : 0;
}

static int look_up_all(const struct release *r, const struct repository *repository, const char *role,
                       struct fault *f)
{
        const struct content *c = &r->manifest->content;
        int k;

        k = look_up(repository, role, r->manifest_target, r->len, r->digest, f);
        if (k < 0 || r->manifest->withdrawn)
                return k;
        return look_up(repository, role, r->bundle_target, c->size, c->sha256, f);
}

static int put_targets(const struct release *r, struct repository *repository, struct fault *f)
{
        const struct content *c = &r->manifest->content;
        _cleanup_close_ int fd = -EBADF;
        int k = 0;

        if (!r->manifest->withdrawn)
                k = target_put(repository_dirfd(repository), r->bundle_target, r->bundle_fd, c->size,
                               c->sha256, f);
        if (k < 0)
                return k;
        fd = io_memfd_sealed("manifest", r->text, r->len);
        if (fd < 0)
                return fault_set_errno(f, fd, "%s", r->manifest_target);
        return target_put(repository_dirfd(repository), r->manifest_target, fd, r->len, r->digest, f);
}

static void add_target(const struct release *r, const char *target, const char *sha256, json_t *files)
{
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "targets/%s/%s.%s", r->channel, sha256,
                       target + strlen(r->channel) + 1);
        (void)json_array_insert_new(files, 0, json_pack("{s:s}", "path", path));
}

/* The whole of it in the order to upload it. */
static json_t *files_json(const struct release *r, const struct repository *repository,
                          const struct signer *signer)
{
        json_t *files = publisher_files_json(repository, &signer->keys);

        add_target(r, r->manifest_target, r->digest, files);
        if (!r->manifest->withdrawn)
                add_target(r, r->bundle_target, r->manifest->content.sha256, files);
        return files;
}

static int report_json(const struct release *r, const struct release_options *o, json_t *files)
{
        _cleanup_json_ json_t *top = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:O}", "bundle", r->manifest->name, "version",
                r->manifest->version, "digest", r->digest, "channel", r->channel, "role", role_name(o),
                "withdrawn", r->manifest->withdrawn, "written", !o->dry_run, "files", files);

        return publisher_print_json(top);
}

static int report(const struct release *r, const struct release_options *o, json_t *files)
{
        bool gone = r->manifest->withdrawn;

        if (o->json)
                return report_json(r, o, files);
        printf("%s%s %s %s %s channel %s; files in the order to upload them:\n", o->dry_run ? "Would " : "",
               gone         ? o->dry_run ? "withdraw" : "Withdrew"
               : o->dry_run ? "publish"
                            : "Published",
               r->manifest->name, r->manifest->version, gone ? "from" : "to", r->channel);
        publisher_print_files(files);
        return 0;
}

int release_publish(const struct release *r, struct repository *repository, const struct release_options *o,
                    struct fault *f)
{
        _cleanup_(signer_done) struct signer signer = {};
        _cleanup_json_ json_t *files = NULL;
        struct repository_role *role = NULL;
        int k;

        k = signer_open(&o->signer, &signer, f);
        if (k >= 0)
                k = release_check_history(r, repository, f);
        if (k >= 0)
                k = release_find_role(repository, o, &role, f);
        if (k >= 0)
                k = release_check_epoch(r, repository, role, f);
        if (k >= 0)
                k = stage_targets(r, role, f);
        if (k >= 0)
                k = repository_stage(repository, &signer, f);
        if (k >= 0)
                k = look_up_all(r, repository, role_name(o), f);
        if (k < 0)
                return k;
        files = files_json(r, repository, &signer);
        if (!o->dry_run) {
                k = put_targets(r, repository, f);
                if (k >= 0)
                        k = repository_write(repository, f);
                if (k < 0)
                        return k;
        }
        return report(r, o, files);
}
