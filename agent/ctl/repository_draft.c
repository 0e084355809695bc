/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A role on its way to those who sign it, and back: one file, outside of the repository. What comes back may
 * be anybody's; who has signed it is for repository_stage() to ask. */

#include "ctl/repository.h"

#include <inttypes.h>

#include "ground/io.h"

int repository_write_draft(const struct repository_role *role, const char *path, struct fault *f)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        int k;

        k = fd < 0 ? -errno : io_write_full(fd, role->staged.data, role->staged.len);
        if (k >= 0 && fsync(fd) < 0)
                k = -errno;
        return k < 0 ? fault_set_errno(f, k, "%s: cannot write the draft", path) : 0;
}

int repository_take_draft(struct repository_role *role, const char *path, struct fault *f)
{
        const uint64_t max = tuf_role_bytes_max(role->role);
        const struct json_limits limits = { .bytes = max,
                                            .values = max / TUF_BYTES_PER_VALUE,
                                            .depth = TUF_DEPTH_MAX };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_json_ json_t *envelope = NULL;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int k;

        k = io_read_file_at(AT_FDCWD, path, max, &text, &len, f);
        if (k < 0)
                return k;
        k = tuf_metadata_parse(role->role, text, len, &m, f);
        if (k >= 0)
                k = json_parse(path, text, len, &limits, &envelope, f);
        if (k < 0)
                return fault_prefix(f, "%s", path);
        /* A delegated role may skip numbers that an interrupted publisher has used up. */
        if (m->version <= role->version || (!role->delegated && m->version != role->version + 1))
                return fault_set(f, -ESTALE,
                                 "%s: is %s version %" PRIu64 ", but %" PRIu64
                                 " is the next one here; draft it anew",
                                 path, role->name, m->version, role->version + 1);
        json_decref(role->body);
        role->body = json_incref(json_object_get(envelope, "signed"));
        role->staged.signatures = json_incref(json_object_get(envelope, "signatures"));
        role->dated = true;
        repository_change(role);
        return 0;
}
