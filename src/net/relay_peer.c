/* SPDX-License-Identifier: Apache-2.0 */

/* How many connections each peer has. The table is seeded, so that peers cannot aim at a bucket. */

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "net/relay_inside.h"

/*
 * Who a peer is: an IPv4 address, an IPv6 network of 64 bits (one customer has them all), a CID, a
 * user.
 */
static void name_peer(const struct sockaddr_storage *name, int fd, uint8_t key[static 20])
{
	memset(key, 0, 20);
	key[0] = (uint8_t)name->ss_family;
	if (name->ss_family == AF_INET) {
		memcpy(key + 1, &((const struct sockaddr_in *)name)->sin_addr, 4);
	} else if (name->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)name;
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);

		key[0] = mapped ? AF_INET : AF_INET6;
		if (mapped)
			memcpy(key + 1, in6->sin6_addr.s6_addr + 12, 4);
		else
			memcpy(key + 1, &in6->sin6_addr, 8);
	} else if (name->ss_family == AF_VSOCK) {
		memcpy(key + 1, &((const struct sockaddr_vm *)name)->svm_cid, 4);
	} else {
		struct ucred user = { 0 };
		socklen_t len = sizeof(user);

		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &len) == 0)
			memcpy(key + 1, &user.uid, sizeof(user.uid));
	}
}

static size_t find_bucket(const struct tacit_relay *r, const uint8_t key[static 20])
{
	uint64_t h = r->seed;

	for (size_t i = 0; i < 20; i++) {
		h = (h ^ key[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return (size_t)(h % RELAY_PEER_BUCKETS);
}

struct relay_peer *tacit_relay_peer_take(struct tacit_relay *relay,
					 const struct sockaddr_storage *name, int fd,
					 bool *ret_memory)
{
	uint8_t key[20];

	*ret_memory = false;
	name_peer(name, fd, key);
	struct relay_peer **bucket = &relay->peers[find_bucket(relay, key)], *peer = *bucket;
	while (peer && memcmp(peer->key, key, sizeof(key)) != 0)
		peer = peer->next;
	if (!peer) {
		peer = calloc(1, sizeof(*peer));
		if (!peer) {
			*ret_memory = true;
			return NULL;
		}
		memcpy(peer->key, key, sizeof(key));
		peer->next = *bucket;
		*bucket = peer;
	}
	if (peer->count >= relay->limits.per_peer)
		return NULL;
	peer->count++;
	return peer;
}

void tacit_relay_peer_drop(struct tacit_relay *relay, struct relay_peer *peer)
{
	if (!peer || --peer->count > 0)
		return;
	struct relay_peer **link = &relay->peers[find_bucket(relay, peer->key)];

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	free(peer);
}
