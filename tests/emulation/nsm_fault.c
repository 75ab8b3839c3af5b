/* SPDX-License-Identifier: Apache-2.0 */

/*
 * nsm-fault [OPERATION FAULT]: in a guest, asks the NSM of these tests to answer an operation
 * wrongly from now on, or rightly again. Through the kernel's driver, as everything.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

struct message {
	struct iovec request, response;
};

int main(int argc, char **argv)
{
	static uint8_t answer[0x3000];
	char text[64] = "", request[96];
	int fd = open("/dev/nsm", O_RDWR);

	if (argc == 3)
		snprintf(text, sizeof(text), "%s %s", argv[1], argv[2]);
	/* {"Fault": text}, in CBOR */
	int len = snprintf(request, sizeof(request), "\xa1\x65"
						     "Fault\x78%c%s",
			   (char)strlen(text), text);
	struct message m = { { request, (size_t)len }, { answer, sizeof(answer) } };
	if (fd < 0 || ioctl(fd, _IOWR(0x0a, 0, struct message), &m) != 0 ||
	    m.response.iov_len != 6 || memcmp(answer, "\x65" "Fault", 6) != 0) {
		perror("nsm-fault");
		return 1;
	}
	return 0;
}
