/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tdx/tdx.h"

#include "tee/unwrap.h"
#include "trust/collateral.h"

#define ROW      "tdx.event_log.replay"
#define LOGS_MAX 8 /* replaying costs a hash for every event */
#define ENFORCED 3 /* RTMR0 to RTMR2: no log of the firmware knows what went into RTMR3 */

struct search {
	const struct tacit_dcap_td_report *td;
	struct tacit_check_list *list;
	struct tacit_check_failure failure; /* of the first log that did not match */
	size_t tried;
};

static void blame(struct search *s, const struct tacit_check_failure *failure)
{
	if (s->tried == 1)
		s->failure = *failure;
}

static void blame_register(struct search *s, const struct tacit_event_log *log, unsigned i)
{
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = tacit_check_printf(s->list, "rtmr%u=%s", i,
					       tacit_check_hex(s->list, s->td->rtmr[i])),
		.got = tacit_check_printf(
			s->list, "rtmr%u=%s", i,
			tacit_check_hex(s->list, TACIT_SLICE_ARRAY(log->rtmr[i]))),
		.why = "the event log does not lead to the registers of the quote",
	};

	blame(s, &failure);
}

static bool replay(struct search *s, struct tacit_slice bytes, struct tacit_tdx_events *ret)
{
	struct tacit_event_log log;
	struct tacit_error err = { 0 };

	s->tried++;
	if (tacit_event_log_replay(bytes, &log, &err) != TACIT_OK) {
		struct tacit_check_failure failure = {
			.status = err.status,
			.why = tacit_check_printf(s->list, "%s: %s (offset %llu)", err.where,
						  err.detail, (unsigned long long)err.offset),
		};

		blame(s, &failure);
		return false;
	}
	for (unsigned i = 0; i < ENFORCED; i++) {
		if (!tacit_slice_eq(s->td->rtmr[i], TACIT_SLICE_ARRAY(log.rtmr[i]))) {
			blame_register(s, &log, i);
			return false;
		}
	}
	ret->replayed = true;
	ret->log = log;
	ret->rtmr3_matches = tacit_slice_eq(s->td->rtmr[3], TACIT_SLICE_ARRAY(log.rtmr[3]));
	return true;
}

void tacit_tdx_events_judge(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    const struct tacit_dcap_td_report *td, struct tacit_check_list *list,
			    struct tacit_tdx_events *ret)
{
	struct search s = { .td = td, .list = list };
	size_t count = cx->collateral ? cx->collateral->event_log_count : 0;
	bool found = ev->wrapper && ev->wrapper->event_log.ptr &&
		     replay(&s, ev->wrapper->event_log, ret);

	for (size_t i = 0; i < count && s.tried < LOGS_MAX && !found; i++)
		found = replay(&s, cx->collateral->event_logs[i], ret);
	if (s.tried == 0)
		tacit_check_skip(list, ROW, "no event log was given");
	else if (found)
		tacit_check_pass(list, ROW,
				 tacit_check_printf(list, "%u events, rtmr0 to rtmr2",
						    (unsigned)ret->log.events));
	else
		tacit_check_fail(list, ROW, &s.failure);
}
