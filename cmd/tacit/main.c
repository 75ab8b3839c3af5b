/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <unistd.h>

#include "crypto/start.h"
#include "verbs.h"

const struct cli_verb *const CLI_VERBS[] = {
	&cmd_verify,
	&cmd_explain,
	&cmd_inspect,
	&cmd_collateral_fetch,
	&cmd_collateral_show,
	&cmd_measure_snp,
	&cmd_measure_tdx,
	&cmd_receipt_verify,
	&cmd_receipt_show,
	&cmd_policy_init,
	&cmd_policy_check,
	&cmd_policy_sign,
	&cmd_policy_verify,
	&cmd_policy_kms,
	&cmd_policy_kms_lint,
	&cmd_ear_verify,
	&cmd_infer,
	&cmd_connect,
	&cmd_serve,
	&cmd_relay,
	&cmd_run,
	&cmd_ps,
	&cmd_console,
	&cmd_stop,
	&cmd_attest,
	&cmd_derive_snp,
	&cmd_doctor,
	&cmd_kms_decrypt,
	&cmd_kms_genkey,
	&cmd_kms_genkeypair,
	&cmd_kms_genrandom,
	&cmd_kms_derive,
	&cmd_kms_serve,
	&cmd_keyd_init,
	&cmd_keyd_serve,
	&cmd_keyd_key,
	&cmd_keyd_credential,
	&cmd_keyd_log,
	&cmd_keyd_rekey,
	&cmd_eif_build,
	&cmd_eif_inspect,
	&cmd_eif_measure,
	&cmd_eif_sign,
	&cmd_eif_verify,
	&cmd_eif_diff,
	&cmd_image_build,
	&cmd_ping,
	&cmd_model_fetch,
	&cmd_model_seal,
	&cmd_model_open,
	&cmd_model_verify,
	&cmd_model_inspect,
	&cmd_model_reseal,
	&cmd_model_sign,
	&cmd_model_convert,
	&cmd_model_import,
	&cmd_completion,
};

const size_t CLI_VERB_COUNT = sizeof(CLI_VERBS) / sizeof(CLI_VERBS[0]);

#ifndef __has_feature
#	define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#	define SANITIZED 1
#else
#	define SANITIZED 0
#endif

/*
 * A verb has wiped, closed and written out what it held. What libraries would still tidy up at exit
 * is memory that the kernel takes back and clears, and takes them longer than a receipt's verdict.
 */
static int end(int code)
{
	if (SANITIZED) /* leaks and races are reported at exit */
		return code;
	fflush(NULL);
	_exit(code);
}

int main(int argc, char **argv)
{
	/* A reader that goes away is an ordinary write error, with its own exit code. */
	signal(SIGPIPE, SIG_IGN);
	/* A line to standard error is one write, whole among those of others. */
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (tacit_crypto_start(NULL) != TACIT_OK) {
		fprintf(stderr, "tacit: error: cannot start the cryptographic library\n");
		return tacit_status_exit(TACIT_INTERNAL);
	}
	return end(cli_main(argc, argv));
}
