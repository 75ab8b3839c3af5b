/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tpm_code.h"

#include <stdio.h>

#include "base/compiler.h"

/* A response code's layout [TPM2 Part 2, 6.6.2], below the layer that gave it. */
#define LAYER(code)  ((code) >> 16)
#define FORMAT_ONE   0x080u
#define IN_PARAMETER 0x040u

struct name {
	uint32_t code;
	const char *text; /* behind TPM_RC_ */
	enum tacit_status status;
};

/* [TPM2 Part 2, table 17] format-zero errors and warnings. */
static const struct name PLAIN[] = {
	{ 0x100, "INITIALIZE", TACIT_IO },
	{ 0x101, "FAILURE", TACIT_IO },
	{ 0x103, "SEQUENCE", TACIT_IO },
	{ 0x10b, "PRIVATE", TACIT_IO },
	{ 0x119, "HMAC", TACIT_IO },
	{ 0x120, "DISABLED", TACIT_DENIED },
	{ 0x121, "EXCLUSIVE", TACIT_IO },
	{ 0x124, "AUTH_TYPE", TACIT_DENIED },
	{ 0x125, "AUTH_MISSING", TACIT_DENIED },
	{ 0x126, "POLICY", TACIT_DENIED },
	{ 0x127, "PCR", TACIT_USAGE },
	{ 0x128, "PCR_CHANGED", TACIT_IO },
	{ 0x12d, "UPGRADE", TACIT_IO },
	{ 0x12e, "TOO_MANY_CONTEXTS", TACIT_IO },
	{ 0x12f, "AUTH_UNAVAILABLE", TACIT_DENIED },
	{ 0x130, "REBOOT", TACIT_IO },
	{ 0x131, "UNBALANCED", TACIT_IO },
	{ 0x142, "COMMAND_SIZE", TACIT_IO },
	{ 0x143, "COMMAND_CODE", TACIT_UNSUPPORTED },
	{ 0x144, "AUTHSIZE", TACIT_IO },
	{ 0x145, "AUTH_CONTEXT", TACIT_IO },
	{ 0x146, "NV_RANGE", TACIT_USAGE },
	{ 0x147, "NV_SIZE", TACIT_USAGE },
	{ 0x148, "NV_LOCKED", TACIT_DENIED },
	{ 0x149, "NV_AUTHORIZATION", TACIT_DENIED },
	{ 0x14a, "NV_UNINITIALIZED", TACIT_UNSUPPORTED },
	{ 0x14b, "NV_SPACE", TACIT_IO },
	{ 0x14c, "NV_DEFINED", TACIT_IO },
	{ 0x150, "BAD_CONTEXT", TACIT_IO },
	{ 0x151, "CPHASH", TACIT_IO },
	{ 0x152, "PARENT", TACIT_IO },
	{ 0x153, "NEEDS_TEST", TACIT_IO },
	{ 0x154, "NO_RESULT", TACIT_IO },
	{ 0x155, "SENSITIVE", TACIT_IO },
	{ 0x901, "CONTEXT_GAP", TACIT_IO },
	{ 0x902, "OBJECT_MEMORY", TACIT_IO },
	{ 0x903, "SESSION_MEMORY", TACIT_IO },
	{ 0x904, "MEMORY", TACIT_IO },
	{ 0x905, "SESSION_HANDLES", TACIT_IO },
	{ 0x906, "OBJECT_HANDLES", TACIT_IO },
	{ 0x907, "LOCALITY", TACIT_DENIED },
	{ 0x908, "YIELDED", TACIT_IO },
	{ 0x909, "CANCELED", TACIT_IO },
	{ 0x90a, "TESTING", TACIT_IO },
	{ 0x910, "REFERENCE_H0", TACIT_UNSUPPORTED },
	{ 0x911, "REFERENCE_H1", TACIT_UNSUPPORTED },
	{ 0x912, "REFERENCE_H2", TACIT_UNSUPPORTED },
	{ 0x913, "REFERENCE_H3", TACIT_UNSUPPORTED },
	{ 0x914, "REFERENCE_H4", TACIT_UNSUPPORTED },
	{ 0x915, "REFERENCE_H5", TACIT_UNSUPPORTED },
	{ 0x916, "REFERENCE_H6", TACIT_UNSUPPORTED },
	{ 0x918, "REFERENCE_S0", TACIT_IO },
	{ 0x919, "REFERENCE_S1", TACIT_IO },
	{ 0x91a, "REFERENCE_S2", TACIT_IO },
	{ 0x91b, "REFERENCE_S3", TACIT_IO },
	{ 0x91c, "REFERENCE_S4", TACIT_IO },
	{ 0x91d, "REFERENCE_S5", TACIT_IO },
	{ 0x91e, "REFERENCE_S6", TACIT_IO },
	{ 0x920, "NV_RATE", TACIT_IO },
	{ 0x921, "LOCKOUT", TACIT_DENIED },
	{ 0x922, "RETRY", TACIT_IO },
	{ 0x923, "NV_UNAVAILABLE", TACIT_IO },
};

/* Format-one errors, which carry the number of a parameter, handle or session beside these. */
static const struct name NUMBERED[] = {
	{ 0x081, "ASYMMETRIC", TACIT_USAGE },
	{ 0x082, "ATTRIBUTES", TACIT_DENIED },
	{ 0x083, "HASH", TACIT_USAGE },
	{ 0x084, "VALUE", TACIT_USAGE },
	{ 0x085, "HIERARCHY", TACIT_DENIED },
	{ 0x087, "KEY_SIZE", TACIT_USAGE },
	{ 0x088, "MGF", TACIT_USAGE },
	{ 0x089, "MODE", TACIT_USAGE },
	{ 0x08a, "TYPE", TACIT_USAGE },
	{ 0x08b, "HANDLE", TACIT_UNSUPPORTED },
	{ 0x08c, "KDF", TACIT_USAGE },
	{ 0x08d, "RANGE", TACIT_USAGE },
	{ 0x08e, "AUTH_FAIL", TACIT_DENIED },
	{ 0x08f, "NONCE", TACIT_IO },
	{ 0x090, "PP", TACIT_DENIED },
	{ 0x092, "SCHEME", TACIT_USAGE },
	{ 0x095, "SIZE", TACIT_USAGE },
	{ 0x096, "SYMMETRIC", TACIT_USAGE },
	{ 0x097, "TAG", TACIT_IO },
	{ 0x098, "SELECTOR", TACIT_USAGE },
	{ 0x09a, "INSUFFICIENT", TACIT_IO },
	{ 0x09b, "SIGNATURE", TACIT_IO },
	{ 0x09c, "KEY", TACIT_USAGE },
	{ 0x09d, "POLICY_FAIL", TACIT_DENIED },
	{ 0x09f, "INTEGRITY", TACIT_IO },
	{ 0x0a0, "TICKET", TACIT_IO },
	{ 0x0a1, "RESERVED_BITS", TACIT_IO },
	{ 0x0a2, "BAD_AUTH", TACIT_DENIED },
	{ 0x0a3, "EXPIRED", TACIT_DENIED },
	{ 0x0a4, "POLICY_CC", TACIT_DENIED },
	{ 0x0a5, "BINDING", TACIT_IO },
	{ 0x0a6, "CURVE", TACIT_USAGE },
	{ 0x0a7, "ECC_POINT", TACIT_USAGE },
	{ 0x0a8, "FW_LIMITED", TACIT_DENIED },
	{ 0x0a9, "SVN_LIMITED", TACIT_DENIED },
};

static const struct name *find(const struct name *rows, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

/* The kernel's resource manager, for one, answers in the TPM's stead with a layer of its own. */
static const struct name *find_code(uint32_t code)
{
	uint32_t low = code & 0xffff;

	if (low & FORMAT_ONE)
		return find(NUMBERED, TACIT_ARRAY_LEN(NUMBERED), (low & 0x3f) | FORMAT_ONE);
	return find(PLAIN, TACIT_ARRAY_LEN(PLAIN), low);
}

/* Which of the things that the command named [TPM2 Part 2, table 15]; "" where none is. */
static void put_place(uint32_t code, char *room, size_t size)
{
	uint32_t number = code >> 8 & 0xf;

	if (!(code & FORMAT_ONE) || number == 0)
		room[0] = '\0';
	else if (code & IN_PARAMETER)
		snprintf(room, size, " (parameter %u)", number);
	else if (number & 8)
		snprintf(room, size, " (session %u)", number & 7);
	else
		snprintf(room, size, " (handle %u)", number);
}

char *tacit_tpm_code_text(uint32_t code, char room[static TACIT_TPM_CODE_TEXT])
{
	const struct name *name = find_code(code);
	char place[24], layer[32] = "";

	put_place(code, place, sizeof(place));
	if (LAYER(code))
		snprintf(layer, sizeof(layer), " from layer %u", (unsigned)LAYER(code));
	if (name)
		snprintf(room, TACIT_TPM_CODE_TEXT, "TPM_RC_%s%s%s", name->text, place, layer);
	else
		snprintf(room, TACIT_TPM_CODE_TEXT, "0x%08x", (unsigned)code);
	return room;
}

bool tacit_tpm_code_is_busy(uint32_t code)
{
	return code == 0x908 || code == 0x90a || code == 0x920 || code == 0x922;
}

bool tacit_tpm_code_is_absent(uint32_t code)
{
	return (code & (FORMAT_ONE | IN_PARAMETER)) == FORMAT_ONE && (code & 0xbf) == 0x08b;
}

enum tacit_status tacit_tpm_code_fail(uint32_t code, struct tacit_error *err)
{
	const struct name *name = find_code(code);
	char text[TACIT_TPM_CODE_TEXT];

	return tacit_fail(err, name ? name->status : TACIT_IO, "tpm", 0, "the TPM says %s",
			  tacit_tpm_code_text(code, text));
}
