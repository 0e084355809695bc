/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What looks like a secret, and what only resembles one. The secrets are put together here, so that no file
 * of ours looks like holding any. */

#include "facts/secret.h"

#include "tap.h"

#define BEGIN "-----BEGIN "
#define END   "-----END "
#define BODY  "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"

static struct secret_scan *scan;

/* Feeds text in pieces; the hits. */
static size_t feed(const char *path, const char *text, size_t len, size_t piece,
                   const struct secret_hit **hits, bool *binary)
{
        secret_scan_begin(scan, path);
        for (size_t i = 0; i < len; i += piece)
                secret_scan_add(scan, text + i, len - i < piece ? len - i : piece);
        return secret_scan_end(scan, hits, binary);
}

static const char *first(const char *path, const char *text)
{
        const struct secret_hit *hits;
        bool binary;

        return feed(path, text, strlen(text), 4096, &hits, &binary) > 0 ? hits[0].what : NULL;
}

/* ---- keys */

static void test_keys(void)
{
        static const char *const good[] = {
                BEGIN "PRIVATE KEY-----\n" BODY "\n" END "PRIVATE KEY-----\n",
                BEGIN "ENCRYPTED PRIVATE KEY-----\n" BODY "\n",
                BEGIN "RSA PRIVATE KEY-----\r\n" BODY "\r\n",
                BEGIN "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n" BODY "\n",
                BEGIN "EC PRIVATE KEY-----\n" BODY "\n",
                BEGIN "DSA PRIVATE KEY-----\n" BODY "\n",
                BEGIN "OPENSSH PRIVATE KEY-----\n" BODY "\n",
                BEGIN "PGP PRIVATE KEY BLOCK-----\n\n" BODY "\n",
                BEGIN "PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n" BODY "\n",
                "text before it\n\n" BEGIN "PRIVATE KEY-----\n" BODY "\n",
                "{ \"type\": \"service_account\", \"private_key\": \"" BEGIN "PRIVATE KEY-----\\n" BODY
                "\\n",
                "KEY = (\"" BEGIN "PRIVATE KEY-----\\n\"\n       \"" BODY "\"\n",
                "PuTTY-User-Key-File-"
                "3: ssh-ed25519\nEncryption: none\n",
        };
        static const char *const bad[] = {
                BEGIN "CERTIFICATE-----\n" BODY "\n",
                BEGIN "PUBLIC KEY-----\n" BODY "\n",
                BEGIN "PGP PUBLIC KEY BLOCK-----\n\n" BODY "\n",
                "if (strstr(s, \"" BEGIN "PRIVATE KEY-----\")) return parse(s);",
                BEGIN "PRIVATE KEY-----\n...\n" END "PRIVATE KEY-----\n",
                BEGIN "PRIVATE KEY-----\nMIIEvQIBADANBg...\n" END "PRIVATE KEY-----\n",
                BEGIN "PRIVATE KEY-----\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
                BEGIN "PRIVATE KEY-----\n<your key>\n",
                BEGIN "%s PRIVATE KEY-----\n%s",
                BEGIN,
                BEGIN "PRIVATE KEY",
                BEGIN "PRIVATE KEY-----",
                "PuTTY-User-Key-File-"
                "%d: %s\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                if (!tap_str(first("x", good[i]), "a private key", "key %zu is one", i))
                        printf("# %.60s\n", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (!tap_str(first("x", bad[i]), NULL, "what is no key, %zu", i))
                        printf("# %.60s\n", bad[i]);
}

/* ---- tokens */

enum { BODY_MAX = 256 };

/* n letters of those given, all of them in turn. */
static void make_body(char out[static BODY_MAX], const char *letters, size_t n)
{
        size_t len = strlen(letters);

        for (size_t i = 0; i < n; i++)
                out[i] = letters[(i * 7 + i / len + 3) % len];
        out[n] = '\0';
}

static void test_tokens(void)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        static const struct {
                const char *mark, *letters, *what;
                size_t n;
                bool exact;
        } cases[] = {
                { "AKIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "an AWS access key", 16, true },
                { "ASIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "an AWS access key", 16, true },
                { "ghp_", letters, "a GitHub token", 36, false },
                { "gho_", letters, "a GitHub token", 36, false },
                { "ghu_", letters, "a GitHub token", 36, false },
                { "ghs_", letters, "a GitHub token", 36, false },
                { "ghr_", letters, "a GitHub token", 36, false },
                { "github_pat_", letters, "a GitHub token", 82, false },
                { "glpat-", letters, "a GitLab token", 20, false },
                { "glrt-", letters, "a GitLab token", 20, false },
                { "xoxb-", "0123456789-abcdef", "a Slack token", 52, false },
                { "xoxp-", "0123456789-abcdef", "a Slack token", 72, false },
                { "AIza", letters, "a Google API key", 35, true },
                { "npm_", letters, "an npm token", 36, true },
                { "pypi-AgEIcHlwaS5vcmc", letters, "a PyPI token", 120, false },
                { "sk_live_", letters, "a Stripe key", 24, false },
                { "rk_live_", letters, "a Stripe key", 24, false },
                { "hf_", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno", "a Hugging Face token", 34, true },
                { "sk-ant-api03-", letters, "an Anthropic key", 95, false },
                { "sk-proj-", letters, "an OpenAI key", 48, false },
                { "hvs.", letters, "a Vault token", 90, false },
                { "dop_v1_", "0123456789abcdef", "a DigitalOcean token", 64, true },
                { "dckr_pat_", letters, "a Docker Hub token", 27, true },
                { "AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "an age private key", 58, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char body[BODY_MAX], text[BODY_MAX + 64];

                make_body(body, cases[i].letters, cases[i].n);
                (void)snprintf(text, sizeof(text), "token = \"%s%s\"\n", cases[i].mark, body);
                tap_str(first("x", text), cases[i].what, "%s... is one", cases[i].mark);
                (void)snprintf(text, sizeof(text), "%s%s", cases[i].mark, body);
                tap_str(first("x", text), cases[i].what, "also as the whole file");
                (void)snprintf(text, sizeof(text), "a%s%s", cases[i].mark, body);
                tap_str(first("x", text), NULL, "but not in the middle of a word");
                (void)snprintf(text, sizeof(text), "%s%.*s", cases[i].mark, 15, body);
                tap_str(first("x", text), NULL, "nor one that is too short");
                if (cases[i].exact) {
                        (void)snprintf(text, sizeof(text), "%s%s%c", cases[i].mark, body, *body);
                        tap_str(first("x", text), NULL, "nor too long");
                }
                memset(body, *cases[i].letters, cases[i].n);
                (void)snprintf(text, sizeof(text), "%s%s", cases[i].mark, body);
                tap_str(first("x", text), NULL, "nor a placeholder");
        }
        tap_str(first("x", "AKIA"
                           "IOSFODNN7EXAMPLE"),
                NULL, "nor the one that AWS's documents have");
        tap_str(first("x", "AKIA"
                           "QRSTUVWXYZ234567a"),
                NULL, "nor where the word goes on in other letters");
        tap_str(first("x", "https://x:ghp_"
                           "AbCd1234EfGh5678IjKl9012MnOp3456QrSt@github.com/"),
                "a GitHub token", "in a URL");
}

/* ---- files that hold passwords */

static void test_holders(void)
{
        static const struct {
                const char *path, *text;
                bool hit;
        } cases[] = {
                { ".env", "DB_PASSWORD=hunter22\n", true },
                { "app/.env", "export API_TOKEN='a1b2c3d4'", true },
                { "app/.env.production", "SECRET_KEY_BASE: 0a1b2c3d4e\n", true },
                { ".env", "PASSWORD=\nDB_PASSWORD=${DB_PASSWORD}\nTOKEN=<your token>\nSECRET=changeme\n",
                  false },
                { ".env", "# PASSWORD=hunter22\nPORT=8080\n", false },
                { ".env.example", "PASSWORD=hunter22\n", false },
                { "x.env", "PASSWORD=hunter22\n", false },
                { "config", "PASSWORD=hunter22\n", false },
                { ".npmrc", "//registry.example.org/:_authToken=0123-4567\n", true },
                { ".npmrc", "//registry.example.org/:_authToken=${NPM_TOKEN}\nregistry=https://x\n", false },
                { ".netrc", "machine x login y password hunter22\n", true },
                { ".netrc", "machine x login y\n", false },
                { ".pypirc", "[pypi]\nusername = x\npassword = hunter22\n", true },
                { ".git-credentials", "https://me:hunter22@example.org\n", true },
                { ".git-credentials", "\n", false },
                { ".pgpass", "# host\nlocalhost:5432:db:me:hunter22\n", true },
                { ".aws/credentials", "[default]\naws_secret_access_key = abcdef\n", true },
                { "credentials", "aws_secret_access_key = abcdef\n", false },
                { "home/.docker/config.json", "{ \"auths\": { \"x\": { \"auth\": \"bWU6aHVudGVy\" } } }\n",
                  true },
                { "x/.kube/config", "    client-key-data: LS0tLS1CRUdJTg==\n", true },
                { ".my.cnf", "[client]\npassword=hunter22\n", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (!tap_str(first(cases[i].path, cases[i].text),
                             cases[i].hit ? "a password or token" : NULL, "%s %zu", cases[i].path, i))
                        printf("# %s\n", cases[i].text);
}

static void test_names(void)
{
        const struct secret_hit *hits;
        bool binary;

        tap_int((long long)feed("etc/site.p12", "x", 1, 1, &hits, &binary), 1, "a key store by its name");
        tap_str(hits[0].what, "a key store", "is called so");
        tap_int((long long)hits[0].line, 0, "of no line");
        tap_str(first("a/b.jks", ""), "a key store", "empty or not");
        tap_str(first("b.jks/readme", ""), NULL, "a folder's name is none of its files'");
        tap_str(first("lib/truststore.jks", ""), NULL, "who is trusted is public");
        tap_str(first("lib/cacerts", ""), NULL, "so are Java's authorities");
        tap_str(first("pw.kdbx", ""), "a password database", "KeePass");
}

/* ---- the stream */

static void test_places(void)
{
        static const char key[] = BEGIN "PRIVATE KEY-----\n" BODY "\n";
        static const size_t sizes[] = { 0, 1, 100, 511, 512, 513, 65535 - 20, 65536, 65536 + 480, 200000 };
        static const size_t pieces[] = { 1, 7, 511, 512, 4096, 65536, 300000 };
        bool found = true, told = true, text = true;
        char *file = malloc(300000);

        if (!file)
                abort();
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                for (size_t j = 0; j < ELEMENTSOF(pieces); j++) {
                        const struct secret_hit *hits = NULL;
                        size_t n, lines = 0;
                        bool binary;

                        for (size_t k = 0; k < sizes[i]; k++) {
                                file[k] = k % 61 == 60 ? '\n' : '-';
                                lines += file[k] == '\n';
                        }
                        memcpy(file + sizes[i], key, STRLEN(BEGIN "PRIVATE KEY-----\n" BODY "\n"));
                        n = feed("x", file, sizes[i] + sizeof(key) - 1, pieces[j], &hits, &binary);
                        found = found && n == 1;
                        told = told && n == 1 && hits[0].offset == sizes[i] && hits[0].line == lines + 1;
                        text = text && !binary;
                }
        tap_ok(found, "a key is found once, wherever it stands, in pieces of any size");
        tap_ok(told, "by its line and offset");
        tap_ok(text, "of what is text");
        free(file);
}

/* What stands before a token is known also where it has left the window. */
static void test_middle(void)
{
        static const char token[] = "AKIA"
                                    "QRSTUVWXYZ234567";
        const struct secret_hit *hits;
        size_t wrong = 0, n = 0;
        bool binary;
        char *file = malloc(70000);

        if (!file)
                abort();
        for (size_t at = 65000; at < 66100; at++, n++) {
                memset(file, 'a', at);
                memset(file + at, '\n', 70000 - at);
                memcpy(file + at, token, sizeof(token) - 1);
                wrong += feed("x", file, 70000, 65536, &hits, &binary);
        }
        tap_int((long long)wrong, 0, "%zu words that end like a token", n);
        free(file);
}

static void test_lines(void)
{
        const struct secret_hit *hits;
        static const char env[] = "A=1\n\nDB_PASSWORD=hunter22\nB=2\nTOKEN=abcd1234";
        bool right = true, binary;

        for (size_t piece = 1; piece < sizeof(env); piece++)
                right = right && feed(".env", env, sizeof(env) - 1, piece, &hits, &binary) == 2 &&
                        hits[0].line == 3 && hits[1].line == 5;
        secret_scan_begin(scan, ".env");
        secret_scan_add(scan, "PASSWORD=", 9);
        tap_int((long long)feed(".env", "hunter22", 8, 8, &hits, &binary), 0,
                "a file that was broken off leaves nothing to the next");
        tap_ok(right, "passwords have their lines, in pieces of any size");
}

static void test_binary(void)
{
        const struct secret_hit *hits;
        char file[1000] = "\177ELF";
        bool binary = false;

        memcpy(file + 500, BEGIN "PRIVATE KEY-----\n" BODY, STRLEN(BEGIN "PRIVATE KEY-----\n" BODY));
        tap_int((long long)feed("x", file, sizeof(file), 100, &hits, &binary), 1, "a key in a program");
        tap_ok(binary, "which is no text");
        tap_int((long long)hits[0].offset, 500, "is told by its offset");
}

static void test_many(void)
{
        const struct secret_hit *hits;
        char text[64 * 40] = "";
        bool binary;

        for (int i = 0; i < 40; i++)
                strcat(text, "AKIA"
                             "QRSTUVWXYZ234567\n");
        tap_int((long long)feed("x", text, strlen(text), 4096, &hits, &binary), SECRET_HITS_MAX,
                "a file full of them is told a few times");
        tap_int((long long)feed("y", "", 0, 1, &hits, &binary), 0, "and the next file begins anew");
        tap_ok(!binary, "as text");
}

int main(void)
{
        if (secret_scan_new(&scan) < 0)
                abort();
        test_keys();
        test_tokens();
        test_holders();
        test_names();
        test_places();
        test_middle();
        test_lines();
        test_binary();
        test_many();
        scan = secret_scan_free(scan);
        return tap_done();
}
