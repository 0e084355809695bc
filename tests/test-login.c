/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fetch/login.h"

#include <sys/stat.h>

#include "tap.h"

static const struct login_case {
        const char *text, *user, *password;
} cases[] = {
        { "me:secret\n", "me", "secret" },
        { "me:secret", "me", "secret" },
        { "me:", "me", "" },
        { "me:a:b c\n", "me", "a:b c" },
        { "me", NULL, NULL },
        { ":secret", NULL, NULL },
        { "", NULL, NULL },
        { "\n", NULL, NULL },
        { "me:a\nX: y\n", NULL, NULL },
        { "me:a\r\n", NULL, NULL },
        { "me\nb:a", NULL, NULL },
};

static void test_parse(void)
{
        char text[2 * LOGIN_SIZE + 2];
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct login_case *c = cases + i;
                struct login l = {};

                tap_int(login_parse(c->text, strlen(c->text), &l, &f), c->user ? 0 : -EINVAL, "login %zu",
                        i);
                tap_str(l.user, c->user ?: "", "its user");
                tap_str(l.password, c->password ?: "", "its password");
        }
        tap_ok(!strstr(f.text, "me"), "what is wrong is said without it (%s)", f.text);
        for (int longer = 0; longer < 3; longer++) {
                struct login l = {};
                int n;

                memset(text, 'x', sizeof(text));
                text[LOGIN_SIZE - 1 + (longer == 1)] = ':';
                n = 2 * LOGIN_SIZE - 1 + (longer > 0);
                tap_int(login_parse(text, (size_t)n, &l, &f), longer ? -EINVAL : 0, "the longest, %d",
                        longer);
        }
}

static void test_read(void)
{
        char dir[] = "/tmp/test-login.XXXXXX", path[64];
        struct login l = {};
        struct fault f = {};
        FILE *file;

        (void)unsetenv("CREDENTIALS_DIRECTORY");
        tap_int(login_read(&l, &f), 0, "no credentials");
        if (!mkdtemp(dir)) {
                printf("Bail out! %s\n", "mkdtemp");
                exit(EXIT_FAILURE);
        }
        (void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
        tap_int(login_read(&l, &f), 0, "others than ours");
        (void)snprintf(path, sizeof(path), "%s/" LOGIN_CREDENTIAL, dir);
        file = fopen(path, "we");
        if (!file || fputs("me:secret\n", file) < 0 || fclose(file) != 0) {
                printf("Bail out! %s\n", "write");
                exit(EXIT_FAILURE);
        }
        tap_int(login_read(&l, &f), 1, "ours");
        tap_str(l.password, "secret", "is read");
        (void)unlink(path);
        (void)mkdir(path, 0700);
        tap_int(login_read(&l, &f), -EINVAL, "one that is no file is told (%s)", f.text);
        (void)rmdir(path);
        (void)rmdir(dir);
        tap_int(login_read(&l, &f), -ENOENT, "so is a folder that is not there");
}

int main(void)
{
        test_parse();
        test_read();
        return tap_done();
}
