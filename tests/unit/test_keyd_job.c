/* SPDX-License-Identifier: Apache-2.0 */
#include "net/keyd_inside.h"
#include "tests/tap.h"

/* What a flood of guests leaves to those who sign. */

static size_t fill(struct tacit_keyd *keyd, bool kbs)
{
	struct tacit_keyd_job *job;
	size_t count = 0;

	while ((job = tacit_keyd_job_new(keyd, NULL, kbs)) != NULL) {
		tacit_keyd_job_place(job);
		count++;
	}
	return count;
}

static void drain(struct tacit_keyd *keyd)
{
	size_t left = 0;

	while (keyd->newest)
		tacit_keyd_job_free(keyd->newest);
	for (size_t i = 0; i < keyd->station_count; i++)
		left += keyd->stations[i].jobs;
	ok(keyd->jobs == 0 && keyd->guest_jobs == 0 && left == 0, "and nothing is left of them");
}

int main(void)
{
	static struct tacit_keyd keyd = { .station_count = 3 };

	ok(fill(&keyd, true) == 512, "guests may wait, up to 512");
	ok(keyd.stations[0].jobs == 1 && keyd.stations[1].jobs == 256 &&
		   keyd.stations[2].jobs == 255,
	   "at all stations alike but the first, which takes one of them at a time");
	struct tacit_keyd_job *job = tacit_keyd_job_new(&keyd, NULL, false);
	ok(job != NULL, "who signs still may");
	if (job)
		tacit_keyd_job_place(job);
	ok(keyd.stations[0].jobs == 2, "at the first");
	ok(fill(&keyd, false) == 511, "up to 1024 of both");
	tacit_keyd_job_free(keyd.newest);
	ok(!tacit_keyd_job_new(&keyd, NULL, true), "no guest has a place that one of them leaves");
	drain(&keyd);
	ok(fill(&keyd, false) == 1024, "those who sign have all of them");
	ok(!tacit_keyd_job_new(&keyd, NULL, true), "so that there is none for a guest");
	drain(&keyd);
	keyd.station_count = 1;
	ok(fill(&keyd, true) == 512 && keyd.stations[0].jobs == 512, "one station is for all");
	drain(&keyd);
	return done();
}
