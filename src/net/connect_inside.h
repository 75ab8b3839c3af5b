/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_CONNECT_INSIDE_H
#define TACIT_NET_CONNECT_INSIDE_H

/* What the files of the local endpoint share. */

#include "net/client_loop.h"
#include "net/connect.h"
#include "net/connect_store.h"

#define CONNECT_TYPE_MAX  128
#define CONNECT_EXTRA_MAX 8192 /* Tacit-Verdict and Tacit-Receipt */

struct tacit_connect {
	struct tacit_connect_options options;
	struct tacit_server *server;
	struct tacit_client_loop *loop;
};

/* One request of a local program on its way through. It ends when both sides are done with it. */
struct relay {
	struct tacit_connect *connect;
	struct tacit_call *call;         /* NULL once the local program is gone or answered */
	struct tacit_exchange *exchange; /* NULL once over */
	bool streams;                    /* passed on as it comes */
	bool sse;
	unsigned status;
	char type[CONNECT_TYPE_MAX];
	uint8_t *body; /* what is not passed on as it comes */
	size_t len, room;
	bool overflow;
	bool mid_line; /* what was passed on ends inside a line */
	/* How it ended, kept while the store works. */
	struct tacit_attested *attested;
	enum tacit_proof proof;
	struct tacit_error error;
	uint8_t *tail;
	size_t tail_len;
	bool unstored;
	struct tacit_connect_row row;
};

/* connect_answer.c */
extern const struct tacit_answer_calls tacit_connect_answer_calls;
void tacit_connect_answer_refuse(struct tacit_call *call, unsigned status, const char *code,
				 const char *message);
void tacit_connect_answer_free(struct relay *relay);

#endif
