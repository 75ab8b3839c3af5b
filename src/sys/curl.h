/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_CURL_H
#define TACIT_SYS_CURL_H

/*
 * libcurl, loaded when a client needs it [docs/adr/0007-libcurl-at-first-use.md]. It brings some
 * thirty libraries along; a verdict on a file and a server in most TEEs have no use for them, and
 * what is not mapped can neither cost time nor be attacked.
 */

#include <curl/curl.h>

#include "base/error.h"

/* X(name, result, parameters): every function of libcurl that is used. */
#define TACIT_CURL_MAP(X)                                                                          \
	X(easy_cleanup, void, (CURL *))                                                            \
	X(easy_getinfo, CURLcode, (CURL *, CURLINFO, ...))                                         \
	X(easy_init, CURL *, (void))                                                               \
	X(easy_perform, CURLcode, (CURL *))                                                        \
	X(easy_setopt, CURLcode, (CURL *, CURLoption, ...))                                        \
	X(easy_strerror, const char *, (CURLcode))                                                 \
	X(global_init, CURLcode, (long))                                                           \
	X(multi_add_handle, CURLMcode, (CURLM *, CURL *))                                          \
	X(multi_assign, CURLMcode, (CURLM *, curl_socket_t, void *))                               \
	X(multi_cleanup, CURLMcode, (CURLM *))                                                     \
	X(multi_info_read, CURLMsg *, (CURLM *, int *))                                            \
	X(multi_init, CURLM *, (void))                                                             \
	X(multi_perform, CURLMcode, (CURLM *, int *))                                              \
	X(multi_poll, CURLMcode, (CURLM *, struct curl_waitfd *, unsigned, int, int *))            \
	X(multi_remove_handle, CURLMcode, (CURLM *, CURL *))                                       \
	X(multi_setopt, CURLMcode, (CURLM *, CURLMoption, ...))                                    \
	X(multi_socket_action, CURLMcode, (CURLM *, curl_socket_t, int, int *))                    \
	X(share_cleanup, CURLSHcode, (CURLSH *))                                                   \
	X(share_init, CURLSH *, (void))                                                            \
	X(share_setopt, CURLSHcode, (CURLSH *, CURLSHoption, ...))                                 \
	X(slist_append, struct curl_slist *, (struct curl_slist *, const char *))                  \
	X(slist_free_all, void, (struct curl_slist *))                                             \
	X(version_info, curl_version_info_data *, (CURLversion))

struct tacit_curl {
#define TACIT_CURL_MEMBER(name, result, parameters) result(*name) parameters;
	TACIT_CURL_MAP(TACIT_CURL_MEMBER)
#undef TACIT_CURL_MEMBER
};

/* Loads libcurl once for the process. Errors: TACIT_UNSUPPORTED when it is not installed. */
TACIT_MUST_CHECK enum tacit_status tacit_curl_load(struct tacit_error *err);

/* Its functions, once tacit_curl_load() has succeeded. */
const struct tacit_curl *tacit_curl(void);

#endif
