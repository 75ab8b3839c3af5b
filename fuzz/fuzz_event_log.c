/* SPDX-License-Identifier: Apache-2.0 */
/* Replay of event logs: what was counted, and that bytes behind the end change nothing. */
#include "fuzz.h"
#include "tacit/event_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ZERO[48] = { 0 };
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_event_log log, again;
	uint32_t extends = 0;

	if (tacit_event_log_replay(in, &log, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(tacit_event_log_looks(in));
	FUZZ_ASSERT(log.length <= size && size <= TACIT_EVENT_LOG_MAX);
	for (size_t i = 0; i < TACIT_EVENT_LOG_RTMR; i++) {
		extends += log.extends[i];
		FUZZ_ASSERT(log.extends[i] || memcmp(log.rtmr[i], ZERO, sizeof(ZERO)) == 0);
	}
	FUZZ_ASSERT(extends <= log.events && log.events <= size / 16);
	in.len = log.length;
	FUZZ_ASSERT(tacit_event_log_replay(in, &again, NULL) == TACIT_OK);
	FUZZ_ASSERT(memcmp(again.rtmr, log.rtmr, sizeof(log.rtmr)) == 0);
	return 0;
}
