/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One datagram to whoever started us. */

#include "ground/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

void notify_send(const char *text)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -EBADF;

        if (!path || strlen(path) >= sizeof(address.sun_path))
                return;
        memcpy(address.sun_path, path, strlen(path));
        if (*path == '@')
                address.sun_path[0] = '\0';
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0)
                (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL,
                             (const struct sockaddr *)(const void *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
}
