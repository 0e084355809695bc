/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* What this host knows of one bundle, as a small text in unit-file syntax that an operator can read:
 *
 *     [Bundle]
 *     Current=1.2.0 <digest>
 *     Previous=1.1.0 <digest>
 *     Proven=1.1.0 <digest>
 *     Earlier=1.1.0 <digest>
 *     Boot=0f3c... 1
 *     Lost=<digest> 1
 *     Forgiven=main
 *     Epoch=2
 *     Hold=yes
 *     Missing=yes
 *
 *     [Quarantined <digest>]
 *     Version=1.3.0
 *     Since=1763683200000000
 *     By=operator
 *     Reason=set back by the operator
 *
 *     [Damaged <digest>]
 *     Version=1.2.0
 *     Since=1763683200000000
 *     Rests=yes
 *     Reason=page.html: its SHA-256 is not what was signed
 *     Unrepaired=targets/stable/<sha256>.web.tar.zst: not there */
enum {
        /* A publisher who signs one bad release after the other must not fill the disk; the oldest verdicts
         * go first, and TUF's versions keep those releases from coming back. */
        STATE_QUARANTINE_MAX = 32,
        STATE_REASON_SIZE = 257,
        STATE_EARLIER_MAX = 16,                    /* what Keep= may ask for */
        STATE_DAMAGED_MAX = STATE_EARLIER_MAX + 3, /* all that a state can name: a dying disk has no more */
        STATE_BACK_MAX = STATE_EARLIER_MAX + 2,
        STATE_BOOT_SIZE = 33, /* a boot id in hex (sd-id128) */
        /* A release that takes the machine down with it must not do so for ever. Power may fail once by
         * chance in a window of a minute, hardly three times. Who switches it off in an orderly way each
         * night says nothing about a release that is on trial for a day: those do not count. */
        STATE_TRIAL_BOOTS_MAX = 3,
        /* A release at whose start sealift-unitd dies must not have it die for ever. An upgrade, or
         * somebody's kill, meets one start; hardly so many of the same release in a row. */
        STATE_LOSSES_MAX = 3,
        STATE_FORGIVEN_SIZE = 32 * NAME_SIZE, /* as many as a manifest has [Health]s */
        STATE_BYTES_MAX = 64 * 1024,
};

struct release_ref { /* version "": none */
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* SHA-256 of the manifest */
};

struct quarantine {
        struct release_ref release;
        uint64_t since_usec; /* CLOCK_REALTIME */
        bool by_operator;    /* who had another one rather; it has not failed */
        char reason[STATE_REASON_SIZE];
};

/* A release whose place in the store is not what was signed any more, from when that was found until it has
 * been put right or is gone. */
struct damage {
        struct release_ref release;
        uint64_t since_usec; /* CLOCK_REALTIME */
        bool rests;          /* nothing ran of it when that was found, and it is not started */
        char reason[STATE_REASON_SIZE];
        char unrepaired[STATE_REASON_SIZE]; /* why it could not be put right; "": nothing is known against it
                                             */
};

/* What the operator wants of a bundle, beyond what the channel says. */
enum wish {
        WISH_RUN,
        WISH_STOPPED,  /* down until it is started, or the machine is: `sealift stop` */
        WISH_DISABLED, /* down until it is started: `sealift disable` */
};

struct bundle_state {
        struct release_ref current; /* runs, or should */
        struct release_ref
                previous;          /* what it takes the place of, and goes back to: proven, where one was */
        struct release_ref proven; /* the last one that passed its soak window: never collected */
        struct release_ref earlier[STATE_EARLIER_MAX]; /* were current before, the last one first */
        size_t n_earlier;
        char boot[STATE_BOOT_SIZE];         /* the last one that current was started in on trial; "": none;
                                               zeros: that one ended well */
        uint32_t boots;                     /* that it was started in on trial, after that of its commit */
        char lost[DIGEST_HEX_SIZE];         /* of the release that was started last when sealift-unitd died,
                                               and did not answer when asked again; "": none */
        uint32_t losses;                    /* how often that was so, in a row */
        char forgiven[STATE_FORGIVEN_SIZE]; /* [Health]s that what ran before current did not answer well
                                               either; names, parted by spaces */
        uint64_t epoch; /* the highest Epoch= proven here: nothing signed below it runs again */
        bool held;      /* `sealift hold`: no other release is installed */
        bool missing;   /* from its channel, or Bundles=: which has been told, and runs on */
        enum wish wish;
        char stopped_boot[STATE_BOOT_SIZE]; /* of WISH_STOPPED: the boot it holds for */
        char withdrawn[DIGEST_HEX_SIZE];    /* of the signed manifest that took the bundle away; "": none */
        struct quarantine quarantined[STATE_QUARANTINE_MAX]; /* oldest first */
        size_t n_quarantined;
        struct damage damaged[STATE_DAMAGED_MAX]; /* of the releases named above alone */
        size_t n_damaged;
};

/* -EINVAL with file and line. Keys and sections that a newer sealift may have written are skipped: a host
 * set back to an older image must still know what it runs. What was skipped is gone with the next save: of
 * [Damaged], then, the older agent knows what its own scrub finds. */
_must_check_ int state_parse(const char *text, size_t len, const char *file, struct bundle_state *ret,
                             struct fault *f);

/* Text that state_parse() gives back as it was. -EFBIG, -ENOMEM. */
_must_check_ int state_format(const struct bundle_state *s, struct buffer *out);

/* Adds a verdict, or renews it; the oldest makes room. reason is cut to fit and made printable. */
void state_quarantine(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec,
                      const char *reason);
/* The operator's own: it keeps the release from coming back by itself, as the channel has it. It is gone
 * back to all the same where there is nothing else. */
void state_set_back(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec);

/* The verdict over the release with that digest, or NULL. */
const struct quarantine *state_find_quarantined(const struct bundle_state *s, const char *digest);

/* Lifts a verdict; false: there was none. digest NULL: all of them. */
bool state_pardon(struct bundle_state *s, const char *digest);

/* That release, one that s names, is damaged. false: that is known, in the same words. */
bool state_note_damage(struct bundle_state *s, const struct release_ref *r, uint64_t now_usec,
                       const char *reason);
/* current, which is damaged, is not to be started until it has been put right; or is all the same. */
void state_rest_damaged(struct bundle_state *s, bool rests);
/* r, which is damaged, cannot be put right. false: that is known, in the same words, or r is not damaged. */
bool state_note_unrepaired(struct bundle_state *s, const struct release_ref *r, const char *why);
/* It is as signed again, or gone. false: nobody said otherwise. */
bool state_forget_damage(struct bundle_state *s, const struct release_ref *r);
/* Of the release with that digest, or NULL. */
const struct damage *state_find_damage(const struct bundle_state *s, const char *digest);

/* The release in that place of the store, if s names it as current, as what to go back to, or as an earlier
 * one; or NULL. */
const struct release_ref *state_find_release(const struct bundle_state *s, const char *place);

/* The transitions. Each is made in memory, saved as one, and only then acted on.
 *
 * next becomes current, on trial. What it takes the place of can be gone back to, where that was proven; of
 * one that was itself on trial, what that had taken the place of: never to next itself. boot: the one it is
 * started in first. */
void state_commit(struct bundle_state *s, const struct release_ref *next, const char *boot);
/* current has passed its soak window; epoch is its Epoch=. */
void state_prove(struct bundle_state *s, uint64_t epoch);
/* Where the operator's order goes back to from current, or NULL: what ran before it, unless there is a
 * verdict over that. */
const struct release_ref *state_rollback_target(const struct bundle_state *s);
/* The same where current has failed: rather than to nothing, to what the operator had set back. */
const struct release_ref *state_back_target(const struct bundle_state *s);
/* All that may be gone back to where current has failed, the best first: state_back_target() and the other
 * of previous and proven, then what was current earlier, the last one first, unless there is a verdict over
 * it. Point into s; what is on disk, whole, and allowed here is for the caller to see. Returns how many. */
size_t state_back_candidates(const struct bundle_state *s,
                             const struct release_ref *ret[static STATE_BACK_MAX]);
/* The signed manifest of that digest took the bundle away: nothing of it is current or kept. What holds for
 * releases to come stays. */
void state_withdraw(struct bundle_state *s, const char *digest);
/* There is a verdict over current from here on, and to is current, with none; NULL: nothing is. to may point
 * into s. */
void state_go_back(struct bundle_state *s, const struct release_ref *to, uint64_t now_usec,
                   const char *reason);
/* current has not passed its soak window yet. */
bool state_on_trial(const struct bundle_state *s);
/* It has been started in STATE_TRIAL_BOOTS_MAX boots before that one, and none of them lasted until it was
 * proven. */
bool state_trial_is_over(const struct bundle_state *s, const char *boot);
/* current is about to be started on trial in that boot, which may be the same one again. false: its trial is
 * over. */
bool state_trial_boot(struct bundle_state *s, const char *boot);
/* The agent ends in that boot in an orderly way: the machine did not fail in it, or not yet. Where it is
 * started on trial in it once more, it counts again. false: it was not counted, nor is that of the commit.
 */
bool state_trial_uncount(struct bundle_state *s, const char *boot);
/* sealift-unitd has died of a start of that release, it seems. true: so often in a row that it does. */
bool state_count_loss(struct bundle_state *s, const struct release_ref *r);
/* It has been started, and sealift-unitd lives. false: no loss of it is written down. */
bool state_forget_losses(struct bundle_state *s, const struct release_ref *r);
/* While current is on trial, this [Health] is not held against it. */
void state_forgive(struct bundle_state *s, const char *probe);
/* Whether the operator lets the bundle run, in that boot. */
bool state_may_run(const struct bundle_state *s, const char *boot);

/* Whether the release in that place of the store stays on disk: current, previous and proven always, and so
 * many beside current, the last ones that were. What never was, and what there is a verdict over, does not.
 */
bool state_keeps(const struct bundle_state *s, size_t keep, const char *place);

bool release_ref_is_set(const struct release_ref *r);
bool release_ref_equal(const struct release_ref *a, const struct release_ref *b);
