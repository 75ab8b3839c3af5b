/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "net/relay_inside.h"

static bool write_all(int fd, struct tacit_slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return true;
}

/* A line of ours, the bytes as they are, a line break. */
void tacit_relay_spy(struct tacit_relay *relay, const struct relay_conn *conn, bool up,
		     struct tacit_slice bytes)
{
	char line[96];

	if (relay->options.spy_fd < 0)
		return;
	int n = snprintf(line, sizeof(line), "relayed connection=%llu %s bytes=%zu\n",
			 (unsigned long long)conn->id, up ? "up" : "down", bytes.len);
	if (write_all(relay->options.spy_fd, tacit_slice_of(line, (size_t)n)) &&
	    write_all(relay->options.spy_fd, bytes) &&
	    write_all(relay->options.spy_fd, tacit_slice_str("\n")))
		return;
	if (relay->counts.spy_errors++ == 0)
		tacit_relay_say(relay, "spy-failed", "error", strerror(errno), NULL);
}
