/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the words of unit files to those of a manifest: one table, first match first. Pure. Nothing here
 * decides what is right; it is read when something was found to be wrong. */

#include "facts/hints.h"

#include "ground/text.h"

struct hint {
        const char *word; /* text_glob() */
        const char *text;
};

#define STRICTEST "every service has the strictest; [Sandbox NAME] asks for what it cannot do without"
#define OWN_ROOT                                                                                            \
        "it sees a root of its own: HostPath= in [Sandbox NAME] asks for more, StateDirectory=yes writes"
#define AS_ONE     "services of a bundle come and go as one; After= orders them"
#define FOREGROUND "use Type=exec, and the program's option to stay in the foreground"
#define AT_BOOT    "what is current starts at boot; other units say Wants=sealift-bundle@NAME.target"
#define OF_A_HOST  "[Bundle] Requires= and Command= say what a host must have"
#define BY_WEIGHT  "CPUWeight= and IOWeight= say its share"
#define JOURNAL    "what it prints is in the journal, under its bundle's and its own name"
#define PORTS      "sockets are ports: ListenStream= and ListenDatagram="
#define CALENDAR   "OnCalendar= says when; Persistent=yes makes up for what was missed"

static const struct hint keys[] = {
        { "MemoryDenyWriteExecute",
          "every service has it; WriteExecute=yes in [Sandbox NAME] asks to go without" },
        { "SystemCallFilter", "SystemCalls= in [Sandbox NAME] asks for groups beyond the strictest filter" },
        { "CapabilityBoundingSet", "it is empty; Capability= in [Sandbox NAME] asks for one" },
        { "AmbientCapabilities", "it is empty; Capability= in [Sandbox NAME] asks for one" },
        { "PrivateNetwork", "every service has it; Network= in [Sandbox NAME] asks for another" },
        { "PrivateUsers", "every service has it; [Sandbox NAME] asks for what ends it" },
        { "RestrictAddressFamilies", "Network= in [Sandbox NAME] says what it reaches" },
        { "RestrictNamespaces", "UserNamespaces=yes in [Sandbox NAME] asks for them" },
        { "IPAddress*", "Outbound= in [Sandbox NAME] says where it may connect to" },
        { "SocketBind*", "Bind= in [Sandbox NAME] asks for ports" },
        { "DeviceAllow", "Device= in [Sandbox NAME] asks for one" },
        { "DevicePolicy", "Device= in [Sandbox NAME] asks for one" },
        { "Private*", STRICTEST },
        { "Protect*", STRICTEST },
        { "Restrict*", STRICTEST },
        { "NoNewPrivileges", STRICTEST },
        { "LockPersonality", STRICTEST },
        { "RemoveIPC", STRICTEST },
        { "ProcSubset", STRICTEST },
        { "SystemCall*", STRICTEST },
        { "DynamicUser", "every service has it; User= in [Sandbox NAME] asks for a user of the host's" },
        { "*Group*", "no service is in groups of the host's" },
        { "AppArmorProfile", "sealift chooses one; sealift-policy.d(5) names a host's own" },
        { "Root?*", "the bundle is at /bundle; Root=bundle in [Sandbox NAME] does without /usr" },
        { "Bind?*Paths", OWN_ROOT },
        { "BindPaths", OWN_ROOT },
        { "Read*Paths", OWN_ROOT },
        { "InaccessiblePaths", OWN_ROOT },
        { "*ExecPaths", OWN_ROOT },
        { "TemporaryFileSystem", OWN_ROOT },
        { "EnvironmentFile", "Environment= sets it, here or in bundles.d; secrets come by LoadCredential=" },
        { "PassEnvironment", "Environment= sets it, here or in bundles.d" },
        { "SetCredential*", "LoadCredential=NAME; what it is, the host says in bundles.d" },
        { "LoadCredentialEncrypted",
          "LoadCredential=NAME; whether it is encrypted, the host says in bundles.d" },
        { "ExecStartPost", "Type=notify and [Health NAME] say when it is ready" },
        { "ExecStopPost", "ExecStop= is all there is" },
        { "ExecCondition", OF_A_HOST },
        { "Condition*", OF_A_HOST },
        { "Assert*", OF_A_HOST },
        { "Wants", AS_ONE },
        { "Requisite", AS_ONE },
        { "Requires", AS_ONE },
        { "BindsTo", AS_ONE },
        { "PartOf", AS_ONE },
        { "Before", "say After= in the other one" },
        { "WantedBy", AT_BOOT },
        { "RequiredBy", AT_BOOT },
        { "PIDFile", FOREGROUND },
        { "GuessMainPID", FOREGROUND },
        { "Nice", BY_WEIGHT },
        { "CPUSched*", BY_WEIGHT },
        { "IOSched*", BY_WEIGHT },
        { "CPUShares", BY_WEIGHT },
        { "MemoryLimit", "MemoryMax= it is" },
        { "LimitNPROC", "TasksMax= it is" },
        { "StandardOutput", JOURNAL },
        { "StandardError", JOURNAL },
        { "Syslog*", JOURNAL },
        { "StartLimit*", "while it is on trial, Failures= in [Health NAME] counts" },
        { "*DirectoryMode", "nobody else sees its directories" },
        { "Accept", "the program gets the socket that listens, as with Accept=no" },
        { "ListenFIFO", PORTS },
        { "ListenSequentialPacket", PORTS },
        { "ListenSpecial", PORTS },
        { "On?*Sec", CALENDAR },
        { "Unit", "a timer wakes the service of its own name, or Service=" },
};

static const struct hint sections[] = {
        { "Unit", "After= stands in [Service NAME], and Description= in [Bundle]" },
        { "Install", AT_BOOT },
        { "Path", "a service is woken by a [Socket NAME] or a [Timer NAME]" },
};

static const struct hint words[] = {
        { "Type=simple", "exec, which fails where the program cannot be executed" },
        { "Type=forking", FOREGROUND },
        { "Type=dbus", "no service is on the system bus; exec or notify" },
        { "Type=notify-reload", "notify, and ExecReload=" },
        { "Type=idle", "exec" },
        { "Network=host", "outbound to connect, bind to listen too" },
        { "Network=private", "none" },
};

static const char *hint_find(const struct hint *all, size_t n, const char *word)
{
        for (size_t i = 0; i < n; i++)
                if (text_glob(all[i].word, word))
                        return all[i].text;
        return NULL;
}

const char *hint_for_key(enum section s, const char *key)
{
        return s == SECTION_CONTENT ? NULL : hint_find(keys, ELEMENTSOF(keys), key);
}

const char *hint_for_section(const char *name)
{
        return hint_find(sections, ELEMENTSOF(sections), name);
}

const char *hint_for_word(const struct directive *d, const char *word)
{
        char line[64];

        if (snprintf(line, sizeof(line), "%s=%s", d->key, word) >= (int)sizeof(line))
                return NULL;
        return hint_find(words, ELEMENTSOF(words), line);
}
