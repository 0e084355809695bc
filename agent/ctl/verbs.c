/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all verbs do alike: take the command line apart, say what went wrong, read a manifest. */

#include "ctl/verbs.h"

#include "ground/io.h"

int ctl_fail(const struct args_command *c, int error, const struct fault *f)
{
        fprintf(stderr, "%s: %s\n", c->name, f->error < 0 ? f->text : strerror(-error));
        return error == -EINVAL || error == -ERANGE ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILED;
}

int ctl_run(const struct args_command *c, int argc, char **argv,
            int (*run)(char **operands, int n, struct fault *f))
{
        struct fault f = {};
        char **operands;
        int n, r, status;

        if (args_begin(c, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        r = run(operands, n, &f);
        return r < 0 ? ctl_fail(c, r, &f) : r;
}

int ctl_read_manifest(const char *file, struct manifest **ret, char **ret_text, size_t *ret_len,
                      struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r;

        r = io_read_file_at(AT_FDCWD, file, MANIFEST_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return r;
        r = manifest_parse(text, len, file, ret, f);
        if (r < 0)
                return r;
        if (ret_text) {
                *ret_text = TAKE_PTR(text);
                *ret_len = len;
        }
        return 0;
}
