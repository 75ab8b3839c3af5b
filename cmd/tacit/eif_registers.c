/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/hex.h"
#include "eif.h"

const unsigned eif_register_number[EIF_REGISTERS] = { 0, 1, 2, 8 };

void eif_registers_set(struct eif_registers *registers, const struct tacit_eif_pcrs *pcrs)
{
	for (size_t i = 0; i < TACIT_EIF_PCRS; i++) {
		registers->has[i] = true;
		memcpy(registers->value[i], pcrs->pcr[i], TACIT_EIF_PCR_LEN);
	}
}

void eif_registers_of(const struct eif_file *file, struct eif_registers *ret)
{
	struct tacit_eif_signature signature;
	struct tacit_arena arena = file->arena; /* what is read here is not kept */

	*ret = (struct eif_registers){ 0 };
	eif_registers_set(ret, &file->image.pcrs);
	if (file->image.signature.ptr &&
	    tacit_eif_signature_parse(file->image.signature, &arena, &signature, NULL) ==
		    TACIT_OK &&
	    tacit_eif_measure_whole(signature.certificate_der, ret->value[3], NULL) == TACIT_OK)
		ret->has[3] = true;
}

enum tacit_status eif_registers_certificate(const char *path, struct eif_registers *ret,
					    struct tacit_error *err)
{
	struct tacit_eif_signature certificate = { 0 };
	struct tacit_slice pem;
	struct tacit_arena arena;
	enum tacit_status st = eif_read_file(path, TACIT_EIF_SIGNATURE_MAX, &pem, err);

	if (st != TACIT_OK)
		return st;
	void *room = malloc(TACIT_EIF_ROOM);
	tacit_arena_init(&arena, room, room ? TACIT_EIF_ROOM : 0);
	st = tacit_eif_signature_certificate(pem, &arena, &certificate, err);
	if (st == TACIT_OK)
		st = tacit_eif_measure_whole(certificate.certificate_der, ret->value[3], err);
	ret->has[3] = st == TACIT_OK;
	free(room);
	free((void *)(uintptr_t)pem.ptr);
	return st;
}

/* ---- expected values --------------------------------------------------------------------------
 */

static bool all_zero(const uint8_t *bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < TACIT_EIF_PCR_LEN; i++)
		any |= bytes[i];
	return any == 0;
}

static enum tacit_status read_register(const json_t *object, size_t i, struct eif_registers *ret,
				       struct tacit_error *err)
{
	char upper[16], lower[16];
	struct tacit_slice text = { NULL, 0 };
	size_t len = 0;

	snprintf(upper, sizeof(upper), "PCR%u", eif_register_number[i]);
	snprintf(lower, sizeof(lower), "pcr%u", eif_register_number[i]);
	enum tacit_status st =
		tacit_json_get_string(object, json_object_get(object, upper) ? upper : lower,
				      TACIT_JSON_OPTIONAL, &text, err);
	if (st != TACIT_OK || !text.ptr)
		return st;
	if (!tacit_hex_decode(text, tacit_mut_of(ret->value[i], TACIT_EIF_PCR_LEN), &len) ||
	    len != TACIT_EIF_PCR_LEN)
		return tacit_fail(err, TACIT_FORMAT, "expect", 0, "%s is not %d bytes in hex",
				  upper, TACIT_EIF_PCR_LEN);
	if (i < TACIT_EIF_PCRS && all_zero(ret->value[i]))
		return tacit_fail(err, TACIT_FORMAT, "expect", 0,
				  "%s is zeros, as in an enclave in debug mode", upper);
	ret->has[i] = true;
	return TACIT_OK;
}

static enum tacit_status read_object(const json_t *top, struct eif_registers *ret,
				     struct tacit_error *err)
{
	const json_t *inner = json_object_get(top, "Measurements");
	const json_t *object = inner ? inner : top;
	struct eif_registers found = { 0 };
	enum tacit_status st = TACIT_OK;
	bool any = false;

	if (!json_is_object(object))
		return tacit_fail(err, TACIT_FORMAT, "expect", 0, "not a JSON object");
	for (size_t i = 0; st == TACIT_OK && i < EIF_REGISTERS; i++) {
		st = read_register(object, i, &found, err);
		any = any || found.has[i];
	}
	if (st == TACIT_OK && !any)
		st = tacit_fail(err, TACIT_FORMAT, "expect", 0, "no PCR0, PCR1, PCR2 or PCR8");
	if (st == TACIT_OK)
		*ret = found;
	return st;
}

enum tacit_status eif_registers_read(const char *path, struct eif_registers *ret,
				     struct tacit_error *err)
{
	struct tacit_slice text;
	json_t *top = NULL;
	enum tacit_status st = eif_read_file(path, TACIT_POLICY_MAX, &text, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_json_parse(text, &top, err);
	if (st == TACIT_OK)
		st = read_object(top, ret, err);
	json_decref(top);
	free((void *)(uintptr_t)text.ptr);
	return st;
}

enum tacit_status eif_registers_compare(const struct eif_registers *got,
					const struct eif_registers *want, struct tacit_error *err)
{
	for (size_t i = 0; i < EIF_REGISTERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "PCR%u", eif_register_number[i]);
		if (want->has[i] && !got->has[i])
			return tacit_fail(err, TACIT_POLICY, "expect", 0,
					  "%s is expected, and the image is not signed", name);
		if (want->has[i] && memcmp(got->value[i], want->value[i], TACIT_EIF_PCR_LEN) != 0)
			return tacit_fail(err, TACIT_POLICY, "expect", 0, "%s is not as expected",
					  name);
	}
	return TACIT_OK;
}

/* ---- output -----------------------------------------------------------------------------------
 */

void eif_put_hex(json_t *object, const char *name, struct tacit_slice bytes)
{
	char *text = malloc(2 * bytes.len + 1);

	if (!text)
		return;
	tacit_hex_encode(bytes, text);
	json_object_set_new(object, name, json_string(text));
	free(text);
}

json_t *eif_registers_json(const struct eif_registers *registers)
{
	json_t *object = json_object();

	json_object_set_new(object, "HashAlgorithm", json_string("Sha384 { ... }"));
	for (size_t i = 0; i < EIF_REGISTERS; i++) {
		char name[16];

		if (!registers->has[i])
			continue;
		snprintf(name, sizeof(name), "PCR%u", eif_register_number[i]);
		eif_put_hex(object, name, TACIT_SLICE_ARRAY(registers->value[i]));
	}
	return object;
}

void eif_registers_print(const struct cli_common *common, const char *schema,
			 const struct eif_registers *registers)
{
	json_t *top = json_object();

	if (common->json)
		json_object_set_new(top, "schema", json_string(schema));
	json_object_set_new(top, "Measurements", eif_registers_json(registers));
	json_dumpf(top, stdout, common->json ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	json_decref(top);
}
