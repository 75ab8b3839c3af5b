/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "init.h"
#include "sys/nsm.h"
#include "tee/nitro/nitro.h"

#define PLAUSIBLE 1704067200 /* 2024-01-01: a clock before it was never set */
#define LATEST    4102444800 /* 2100-01-01 */
#define SEED_WANT 64

/* What RNDADDENTROPY takes, with room for one answer of the module. */
struct seed {
	int bits, size;
	uint8_t bytes[TACIT_NSM_RANDOM_MAX];
};

static void add_entropy(struct tacit_nsm *nsm)
{
	struct tacit_error err = { 0 };
	struct seed seed = { 0 };
	size_t len = 0, total = 0;
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);

	while (fd >= 0 && total < SEED_WANT) {
		if (tacit_nsm_random(nsm, seed.bytes, &len, &err) != TACIT_OK) {
			init_say("no entropy from the NSM: %s", err.detail);
			break;
		}
		seed.bits = (int)(8 * len);
		seed.size = (int)len;
		if (ioctl(fd, RNDADDENTROPY, &seed)) {
			init_say("the kernel takes no entropy: %s", strerror(errno));
			break;
		}
		total += len;
	}
	tacit_wipe(&seed, sizeof(seed));
	if (fd >= 0)
		close(fd);
	if (total >= SEED_WANT)
		init_say("%zu bytes of entropy from the NSM", total);
}

static bool clock_is_set(void)
{
	return time(NULL) >= PLAUSIBLE;
}

static void set_clock(uint64_t seconds, const char *whose)
{
	const struct timespec now = { .tv_sec = (time_t)seconds };

	if (seconds < PLAUSIBLE || seconds > LATEST)
		init_say("%s is no time", whose);
	else if (clock_settime(CLOCK_REALTIME, &now))
		init_say("cannot set the clock: %s", strerror(errno));
	else
		init_say("the clock is set by %s", whose);
}

/* The module puts the time into its documents, and the host has no hand in that. */
static void ask_time(struct tacit_nsm *nsm)
{
	static uint8_t room[TACIT_NITRO_MAX];
	const struct tacit_slice none = { NULL, 0 };
	struct tacit_slice document;
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;
	struct tacit_error err = { 0 };

	if (tacit_nsm_attest(nsm, none, none, none, tacit_mut_of(room, sizeof(room)), &document,
			     &err) == TACIT_OK &&
	    tacit_nitro_envelope(document, &envelope, &err) == TACIT_OK &&
	    tacit_nitro_payload(envelope.payload, &doc, &err) == TACIT_OK)
		set_clock(doc.timestamp_ms / 1000, "the NSM");
	else
		init_say("no time from the NSM: %s", err.detail);
}

void init_use_nsm(void)
{
	struct tacit_nsm *nsm = NULL;

	if (tacit_nsm_open(TACIT_NSM_DEVICE, &nsm, NULL) != TACIT_OK)
		return;
	add_entropy(nsm);
	if (!clock_is_set())
		ask_time(nsm);
	tacit_nsm_close(nsm);
}

void init_take_time_hint(void)
{
	char text[24];
	char *end = NULL;

	if (clock_is_set() || !init_option("tacit.time", text, sizeof(text)))
		return;
	errno = 0;
	unsigned long long seconds = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		init_say("tacit.time is no number");
	else
		set_clock(seconds, "the host's command line, which may lie");
}
