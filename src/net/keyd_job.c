/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "net/keyd_inside.h"

struct tacit_keyd_job *tacit_keyd_job_new(struct tacit_keyd *keyd, struct tacit_call *x, bool kbs)
{
	bool room = keyd->jobs < TACIT_KEYD_JOBS_MAX &&
		    (!kbs || keyd->guest_jobs < TACIT_KEYD_GUEST_MAX);
	struct tacit_keyd_job *job = room ? calloc(1, sizeof(*job)) : NULL;

	if (!job)
		return NULL;
	job->keyd = keyd;
	job->call = x;
	job->kbs = kbs;
	job->older = keyd->newest;
	if (job->older)
		job->older->newer = job;
	keyd->newest = job;
	keyd->jobs++;
	keyd->guest_jobs += kbs;
	return job;
}

void tacit_keyd_job_place(struct tacit_keyd_job *job)
{
	struct tacit_keyd *keyd = job->keyd;
	struct tacit_keyd_station *first = &keyd->stations[0];
	bool last_resort = job->kbs && keyd->station_count > 1;

	job->station = &keyd->stations[last_resort];
	for (size_t i = 1; i < keyd->station_count; i++)
		if (keyd->stations[i].jobs < job->station->jobs)
			job->station = &keyd->stations[i];
	if (last_resort && first->jobs == 0 && job->station->jobs > 0)
		job->station = first;
	job->station->jobs++;
}

void tacit_keyd_job_free(struct tacit_keyd_job *job)
{
	struct tacit_keyd *keyd = job->keyd;

	if (job->call)
		tacit_call_watch(job->call, NULL, NULL);
	if (job->older)
		job->older->newer = job->newer;
	if (job->newer)
		job->newer->older = job->older;
	else
		keyd->newest = job->older;
	keyd->jobs--;
	keyd->guest_jobs -= job->kbs;
	if (job->station)
		job->station->jobs--;
	tacit_server_body_free(keyd->server, &job->body);
	tacit_keyd_answer_done(&job->answer);
	free(job);
}
