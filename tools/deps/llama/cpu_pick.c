/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks the copy of the CPU backend that this machine runs best. Each copy was compiled for one
 * instruction set and exports only its registration function; see CMakeLists.txt.
 */
#include "ggml-cpu.h"

ggml_backend_reg_t tacit_ggml_cpu_base(void);

#if defined(__x86_64__)
ggml_backend_reg_t tacit_ggml_cpu_haswell(void);
ggml_backend_reg_t tacit_ggml_cpu_icelake(void);
ggml_backend_reg_t tacit_ggml_cpu_zen4(void);
ggml_backend_reg_t tacit_ggml_cpu_sapphirerapids(void);

/* The compiler's run time also asks whether the operating system saves the wide registers. */
static int has_icelake(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vnni");
}

static int has_haswell(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
}

ggml_backend_reg_t ggml_backend_cpu_reg(void)
{
	__builtin_cpu_init();
	if (!has_haswell())
		return tacit_ggml_cpu_base();
	if (!has_icelake())
		return tacit_ggml_cpu_haswell();
	if (!__builtin_cpu_supports("avx512bf16"))
		return tacit_ggml_cpu_icelake();
	if (__builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8"))
		return tacit_ggml_cpu_sapphirerapids();
	return tacit_ggml_cpu_zen4();
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

ggml_backend_reg_t tacit_ggml_cpu_dotprod(void);
ggml_backend_reg_t tacit_ggml_cpu_i8mm(void);

/* Bits of the Linux arm64 ABI (asm/hwcap.h), named here for older headers. */
static const unsigned long HWCAP_FPHP_BIT = 1UL << 9;
static const unsigned long HWCAP_ASIMDHP_BIT = 1UL << 10;
static const unsigned long HWCAP_ASIMDDP_BIT = 1UL << 20;
static const unsigned long HWCAP2_I8MM_BIT = 1UL << 13;

ggml_backend_reg_t ggml_backend_cpu_reg(void)
{
	unsigned long need = HWCAP_FPHP_BIT | HWCAP_ASIMDHP_BIT | HWCAP_ASIMDDP_BIT;

	if ((getauxval(AT_HWCAP) & need) != need)
		return tacit_ggml_cpu_base();
	if (!(getauxval(AT_HWCAP2) & HWCAP2_I8MM_BIT))
		return tacit_ggml_cpu_dotprod();
	return tacit_ggml_cpu_i8mm();
}

#else
ggml_backend_reg_t ggml_backend_cpu_reg(void)
{
	return tacit_ggml_cpu_base();
}
#endif
