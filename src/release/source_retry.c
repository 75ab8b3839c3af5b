/* SPDX-License-Identifier: Apache-2.0 */

/* Ranges over a network that fails now and then: what came stays, and the rest is asked for. */

#include <stdlib.h>
#include <time.h>

#include "crypto/random.h"
#include "release/source_inside.h"
#include "sys/clock.h"

#define PAUSE_MAX_MS 20000
#define SLICE_MS     50 /* how soon a pause notices that it is called off */

/* Between half and all of a pause that doubles: clients that failed together come back apart. */
static uint64_t pause_for(const struct tacit_store *store, unsigned tries)
{
	uint64_t most = store->options.pause_ms << (tries < 16 ? tries : 16);
	uint32_t dice = 0;

	if (most > PAUSE_MAX_MS)
		most = PAUSE_MAX_MS;
	if (tacit_random(tacit_mut_of(&dice, sizeof(dice)), NULL) != TACIT_OK)
		return most;
	return most / 2 + dice % (most / 2 + 1);
}

static void sleep_ms(const struct tacit_source *source, uint64_t ms)
{
	uint64_t end = tacit_clock_ms() + ms;

	while (!atomic_load(&source->stopped) && tacit_clock_ms() < end) {
		uint64_t left = end - tacit_clock_ms(), piece = left < SLICE_MS ? left : SLICE_MS;
		struct timespec t = { 0, (long)piece * 1000000 };

		(void)nanosleep(&t, NULL);
	}
}

struct tries {
	unsigned count; /* without a byte */
	bool renewed;   /* keys, once */
};

/* OK when the request is to be made again; `why` is how the last one ended. */
static enum tacit_status wait_for_next(const struct source_ask *ask, struct tries *tries,
				       const struct tacit_error *why, struct tacit_error *err)
{
	const struct tacit_store *store = ask->source->store;
	const struct tacit_store_options *o = &store->options;

	if (!ask->again)
		return tacit_fail(err, why->status, why->where, why->offset, "%s", why->detail);
	tries->count = ask->got ? 1 : tries->count + 1;
	if (tries->count >= o->tries)
		return tacit_fail(err, why->status, why->where, why->offset, "%s (%u times over)",
				  why->detail, tries->count);
	uint64_t pause = pause_for(store, tries->count - 1), now = tacit_clock_ms();
	if (pause < ask->wait_ms)
		pause = ask->wait_ms;
	if (now >= store->end || pause >= store->end - now)
		return tacit_fail(err, why->status, why->where, why->offset,
				  "%s; and no time is left", why->detail);
	if (o->retries) {
		char url[256];

		tacit_source_http_show(&ask->source->url, url, sizeof(url));
		const struct tacit_source_retry retry = { .url = url,
							  .why = why->detail,
							  .at = ask->first + ask->got,
							  .tries = tries->count,
							  .pause_ms = pause };
		o->retries(o->user, &retry);
	}
	sleep_ms(ask->source, pause);
	return TACIT_OK;
}

/* One range until it is whole. `ret_len` is what an opening brought. */
static enum tacit_status ask_all(struct tacit_source *source, uint64_t offset,
				 struct tacit_mut room, size_t *ret_len, struct tacit_error *err)
{
	struct source_ask *ask = calloc(1, sizeof(*ask));
	struct tries tries = { 0 };
	const bool opening = ret_len != NULL;
	size_t got = 0;
	enum tacit_status st =
		ask ? TACIT_OK : tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");

	while (st == TACIT_OK) {
		const struct source_ask next = {
			.source = source,
			.first = offset + got,
			.last = offset + room.len - 1,
			.opening = opening,
			.room = tacit_mut_of(room.ptr + got, room.len - got),
		};
		struct tacit_error why = { 0 };
		bool renew = ask->expired && !tries.renewed;

		tries.renewed |= renew;
		*ask = next;
		if (tacit_source_http_ask(ask, renew, &why) == TACIT_OK) {
			if (ret_len)
				*ret_len = ask->room.len;
			break;
		}
		if (ask->expired && !tries.renewed)
			continue;
		/* An opening that broke off knows a version by now, and is not resumed. */
		if (!opening)
			got += ask->got;
		st = wait_for_next(ask, &tries, &why, err);
	}
	free(ask);
	return st;
}

enum tacit_status tacit_source_retry_read(struct tacit_source *source, uint64_t offset,
					  struct tacit_mut room, struct tacit_error *err)
{
	return ask_all(source, offset, room, NULL, err);
}

enum tacit_status tacit_source_retry_open(struct tacit_source *source, struct tacit_error *err)
{
	return ask_all(source, 0, tacit_mut_of(source->head, SOURCE_HEAD), &source->head_len, err);
}
