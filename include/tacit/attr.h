/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_ATTR_H
#define TACIT_ATTR_H

/*
 * Attributes of the public API. Symbols are hidden unless marked TACIT_API. A status that is
 * not looked at is a compile-time warning. TACIT_AT_LEAST(n) states the size of an array
 * parameter in C; C++ has no such syntax and sees a plain pointer.
 */
#if defined(__GNUC__)
#define TACIT_API __attribute__((visibility("default")))
#define TACIT_MUST_CHECK __attribute__((warn_unused_result))
#define TACIT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define TACIT_API
#define TACIT_MUST_CHECK
#define TACIT_PRINTF(fmt, args)
#endif

#ifdef __cplusplus
#define TACIT_AT_LEAST(n)
#define TACIT_BEGIN extern "C" {
#define TACIT_END }
#else
#define TACIT_AT_LEAST(n) static n
#define TACIT_BEGIN
#define TACIT_END
#endif

#endif
