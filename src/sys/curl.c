/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

/* Written once, by `load` under pthread_once; read only afterwards. */
static struct tacit_curl functions;
static const char *missing;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX has dlsym give functions as object pointers; the copy says so without a cast. */
static bool find(void *library, const char *name, void *ret_function)
{
	void *found = dlsym(library, name);

	memcpy(ret_function, &found, sizeof(found));
	return found != NULL;
}

static void load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		missing = "libcurl (" LIBRARY ") is not installed";
		return;
	}
#define FIND(name, result, parameters)                              \
	if (!find(library, "curl_" #name, (void *)&functions.name)) \
		missing = LIBRARY " has no curl_" #name;
	TACIT_CURL_MAP(FIND)
#undef FIND
	if (!missing && functions.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		missing = LIBRARY " does not start";
}

enum tacit_status tacit_curl_load(struct tacit_error *err)
{
	pthread_once(&once, load);
	if (missing)
		return tacit_fail(err, TACIT_UNSUPPORTED, "curl", 0, "%s", missing);
	return TACIT_OK;
}

const struct tacit_curl *tacit_curl(void)
{
	return &functions;
}
