/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Options and verbs from one table each, which also writes --help. A program or verb declares:
 *
 *     static const char *arg_output;
 *     static bool arg_json;
 *     static const struct args_option options[] = {
 *             ARGS_TEXT('o', "output", "DIR", &arg_output, "where the release goes"),
 *             ARGS_FLAG('j', "json", &arg_json, "print JSON"),
 *     };
 *
 * --help and --version are always there; options may stand behind operands, up to a "--". */
enum { ARGS_LIST_MAX = 16 };
struct args_list { /* the values of an option that may be given more than once, in their order */
        const char *text[ARGS_LIST_MAX];
        size_t n;
};

struct args_option {
        char letter; /* or 0 */
        const char *name;
        const char *value; /* what the value is called in --help; NULL for a flag */
        bool *flag;
        const char **text;
        struct args_list *list;
        const char *help;
};

#define ARGS_FLAG(letter_, name_, flag_, help_)                                                             \
        {                                                                                                   \
                .letter = (letter_), .name = (name_), .flag = (flag_), .help = (help_)                      \
        }
#define ARGS_TEXT(letter_, name_, value_, text_, help_)                                                     \
        {                                                                                                   \
                .letter = (letter_), .name = (name_), .value = (value_), .text = (text_), .help = (help_)   \
        }
#define ARGS_LIST(letter_, name_, value_, list_, help_)                                                     \
        {                                                                                                   \
                .letter = (letter_), .name = (name_), .value = (value_), .list = (list_), .help = (help_)   \
        }

struct args_command {
        const char *name;     /* "sealift pack" */
        const char *operands; /* "DIR", or "" */
        const char *help;     /* one line */
        const struct args_option *options;
        size_t n_options;
        int min_operands, max_operands;
};

enum args_result { ARGS_RUN, ARGS_DONE }; /* ARGS_DONE: --help or --version was printed, exit with success */

/* Parses argv (argv[0] is skipped) into the table's variables; *ret_operands points to the rest. ARGS_RUN,
 * ARGS_DONE, or -EINVAL with f. */
_must_check_ int args_parse(const struct args_command *c, int argc, char **argv, char ***ret_operands,
                            int *ret_n, struct fault *f);

/* The same for a main(), or what is as good as one: says on standard error what is wrong. ARGS_RUN, or
 * ARGS_DONE with the exit status in *ret_status. */
_must_check_ enum args_result args_begin(const struct args_command *c, int argc, char **argv,
                                         char ***ret_operands, int *ret_n, int *ret_status);

/* sysexits-like statuses all sealift programs share, documented in each man page. */
enum args_exit {
        EXIT_STATUS_OK = 0,
        EXIT_STATUS_FAILED = 1,  /* it was tried and did not work */
        EXIT_STATUS_USAGE = 2,   /* the command line or a file written by hand is wrong */
        EXIT_STATUS_NEWS = 3,    /* it worked, and the answer is no (nothing new, something unhealthy) */
        EXIT_STATUS_EXPIRED = 4, /* it worked, and the answer is worse: something has expired */
};
