/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "eif.h"

struct eif_lane {
	struct eif_building *b;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct tacit_slice job; /* absent: nothing to do */
	bool stop;
	enum tacit_status st; /* of the first job that failed */
	struct tacit_error err;
};

static void *run(void *user)
{
	struct eif_lane *lane = user;

	pthread_mutex_lock(&lane->lock);
	for (;;) {
		while (!lane->job.ptr && !lane->stop)
			pthread_cond_wait(&lane->changed, &lane->lock);
		if (!lane->job.ptr)
			break;
		struct tacit_slice job = lane->job;
		pthread_mutex_unlock(&lane->lock);
		struct tacit_error err = { 0 };
		enum tacit_status st = eif_output_write(&lane->b->out, job, &err);
		tacit_eif_write_content_rest(&lane->b->image, job);
		pthread_mutex_lock(&lane->lock);
		if (lane->st == TACIT_OK && st != TACIT_OK) {
			lane->st = st;
			lane->err = err;
		}
		lane->job = tacit_slice_of(NULL, 0);
		pthread_cond_broadcast(&lane->changed);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

struct eif_lane *eif_lane_new(struct eif_building *b)
{
	struct eif_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->b = b;
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->changed, NULL);
	if (pthread_create(&lane->thread, NULL, run, lane) == 0)
		return lane;
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
	return NULL;
}

void eif_lane_post(struct eif_lane *lane, struct tacit_slice bytes)
{
	pthread_mutex_lock(&lane->lock);
	lane->job = bytes;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
}

enum tacit_status eif_lane_wait(struct eif_lane *lane, struct tacit_error *err)
{
	pthread_mutex_lock(&lane->lock);
	while (lane->job.ptr)
		pthread_cond_wait(&lane->changed, &lane->lock);
	enum tacit_status st = lane->st;
	if (st != TACIT_OK && err)
		*err = lane->err;
	pthread_mutex_unlock(&lane->lock);
	return st;
}

void eif_lane_free(struct eif_lane *lane)
{
	if (!lane)
		return;
	pthread_mutex_lock(&lane->lock);
	lane->stop = true;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	pthread_join(lane->thread, NULL);
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
