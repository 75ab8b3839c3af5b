/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_VERBS_H
#define TACIT_CMD_VERBS_H

/* Every verb of the program; each is defined in the file of its name and listed in main.c. */

#include "cli.h"

extern const struct cli_verb cmd_verify;         /* verify.c */
extern const struct cli_verb cmd_explain;        /* explain.c */
extern const struct cli_verb cmd_inspect;        /* inspect.c */
extern const struct cli_verb cmd_collateral_fetch; /* collateral_fetch.c */
extern const struct cli_verb cmd_collateral_show;  /* collateral_show.c */
extern const struct cli_verb cmd_measure_snp;    /* measure_snp.c */
extern const struct cli_verb cmd_measure_tdx;    /* measure_tdx.c */
extern const struct cli_verb cmd_attest;         /* attest.c */
extern const struct cli_verb cmd_derive_snp;     /* derive_snp.c */
extern const struct cli_verb cmd_doctor;         /* doctor.c */
extern const struct cli_verb cmd_kms_decrypt;    /* kms.c */
extern const struct cli_verb cmd_kms_genkey;     /* kms.c */
extern const struct cli_verb cmd_kms_genkeypair; /* kms.c */
extern const struct cli_verb cmd_kms_genrandom;  /* kms.c */
extern const struct cli_verb cmd_kms_derive;     /* kms.c */
extern const struct cli_verb cmd_kms_serve;      /* kms_serve.c */
extern const struct cli_verb cmd_receipt_verify; /* receipt.c */
extern const struct cli_verb cmd_receipt_show;   /* receipt.c */
extern const struct cli_verb cmd_policy_init;    /* policy.c */
extern const struct cli_verb cmd_policy_check;   /* policy.c */
extern const struct cli_verb cmd_policy_sign;    /* policy_sign.c */
extern const struct cli_verb cmd_policy_verify;  /* policy_sign.c */
extern const struct cli_verb cmd_policy_kms;     /* policy_kms.c */
extern const struct cli_verb cmd_policy_kms_lint; /* policy_kms_lint.c */
extern const struct cli_verb cmd_ear_verify;     /* ear_verify.c */
extern const struct cli_verb cmd_infer;          /* infer.c */
extern const struct cli_verb cmd_connect;        /* connect.c */
extern const struct cli_verb cmd_serve;          /* serve.c */
extern const struct cli_verb cmd_relay;          /* relay.c */
extern const struct cli_verb cmd_run;            /* run.c */
extern const struct cli_verb cmd_ps;             /* ps.c */
extern const struct cli_verb cmd_console;        /* console.c */
extern const struct cli_verb cmd_stop;           /* stop.c */
extern const struct cli_verb cmd_ping;           /* ping.c */
extern const struct cli_verb cmd_keyd_init;       /* keyd_init.c */
extern const struct cli_verb cmd_keyd_serve;      /* keyd_serve.c */
extern const struct cli_verb cmd_keyd_key;        /* keyd_key.c */
extern const struct cli_verb cmd_keyd_credential; /* keyd_credential.c */
extern const struct cli_verb cmd_keyd_log;        /* keyd_log.c */
extern const struct cli_verb cmd_keyd_rekey;      /* keyd_rekey.c */
extern const struct cli_verb cmd_eif_build;      /* eif_build.c */
extern const struct cli_verb cmd_eif_inspect;    /* eif_inspect.c */
extern const struct cli_verb cmd_eif_measure;    /* eif_measure.c */
extern const struct cli_verb cmd_eif_sign;       /* eif_sign.c */
extern const struct cli_verb cmd_eif_verify;     /* eif_verify.c */
extern const struct cli_verb cmd_eif_diff;       /* eif_diff.c */
extern const struct cli_verb cmd_image_build;    /* image_build.c */
extern const struct cli_verb cmd_model_fetch;    /* model_fetch.c */
extern const struct cli_verb cmd_model_seal;     /* model_seal.c */
extern const struct cli_verb cmd_model_open;     /* model_open.c */
extern const struct cli_verb cmd_model_verify;   /* model_open.c */
extern const struct cli_verb cmd_model_inspect;  /* model_inspect.c */
extern const struct cli_verb cmd_model_reseal;   /* model_reseal.c */
extern const struct cli_verb cmd_model_sign;     /* model_sign.c */
extern const struct cli_verb cmd_model_convert;  /* model_convert.c */
extern const struct cli_verb cmd_model_import;   /* model.c */
extern const struct cli_verb cmd_completion;     /* completion.c */

#endif
