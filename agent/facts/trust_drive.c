/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks the machine, asks the doors, tells the machine. It decides nothing. */

#include "facts/trust_drive.h"

static int drive_fetch(struct trust *t, const struct trust_doors *doors, const struct trust_step *step,
                       struct fault *f)
{
        _cleanup_free_ char *bytes = NULL;
        size_t len;
        int r;

        r = doors->fetch(doors->userdata, step, &bytes, &len, f);
        if (r == -ENOENT)
                return trust_missing(t, f);
        if (r < 0)
                return r;
        return r > 0 ? trust_unchanged(t, f) : trust_accept(t, bytes, len, f);
}

static int drive_recall(struct trust *t, const struct trust_doors *doors, const struct trust_step *step,
                        struct fault *f)
{
        _cleanup_free_ char *bytes = NULL;
        size_t len = 0;
        int r = -ENOENT;

        if (doors->recall)
                r = doors->recall(doors->userdata, step, &bytes, &len, f);
        if (r < 0 && r != -ENOENT)
                return r;
        return trust_recall(t, r < 0 ? NULL : bytes, len, f);
}

static int drive_step(struct trust *t, const struct trust_doors *doors, const struct trust_step *step,
                      struct fault *f)
{
        switch (step->kind) {
        case TRUST_FETCH:
                return drive_fetch(t, doors, step, f);
        case TRUST_RECALL:
                return drive_recall(t, doors, step, f);
        case TRUST_STORE:
                return doors->store ? doors->store(doors->userdata, step, f) : 0;
        case TRUST_FORGET:
                return doors->forget ? doors->forget(doors->userdata, step, f) : 0;
        }
        return fault_set(f, -EINVAL, "trust asked for something unknown");
}

int trust_drive(struct trust *t, const struct trust_doors *doors, struct fault *f)
{
        struct fault why = {};
        struct trust_step step;
        int r;

        for (;;) {
                r = trust_next(t, &step, &why);
                if (r == 0)
                        return 0;
                if (r > 0)
                        r = drive_step(t, doors, &step, &why);
                if (r < 0 && !(doors->skip && doors->skip(doors->userdata, &why) && trust_skip(t)))
                        break;
        }
        return fault_set(f, r, "%s", why.text);
}
