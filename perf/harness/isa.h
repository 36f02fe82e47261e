/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves that are worth compiling for several instruction sets. The body is written once, as an inline function, and
 * the copy for the machine is taken when the kernel sets its data up: by hand and not by target_clones, whose resolvers
 * run before a sanitizer is ready. problem.c of a kernel includes it; since that is compiled once, all runtimes run the
 * same copy.
 *
 *     static inline ISA_INLINE void add_body(double *x, size_t count, isa where) { ... }
 *     ISA_COPIES(add, (double *x, size_t count), (x, count, isa_here))
 *     ...
 *     add_choose();
 *     add(x, count);
 */
#ifndef PERF_ISA_H
#define PERF_ISA_H

#define ISA_INLINE __attribute__((always_inline))

typedef enum isa {
	ISA_BASE,
	ISA_AVX2,
	ISA_AVX512
} isa;

/* 64 bytes of doubles, whatever the machine makes of it. Not for arguments and results: there the ABI differs. */
typedef double isa_v8 __attribute__((vector_size(64), may_alias));

#if defined(__x86_64__)
static inline isa isa_best(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma"))
		return ISA_AVX512;
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? ISA_AVX2 : ISA_BASE;
}

/* In the arguments of a body, which of the copies calls it: a constant there. */
#define ISA_COPIES(name, parameters, arguments)                                                                        \
	static void name##_base parameters                                                                             \
	{                                                                                                              \
		const isa isa_here = ISA_BASE;                                                                         \
		name##_body arguments;                                                                                 \
	}                                                                                                              \
	__attribute__((target("avx2,fma"))) static void name##_avx2 parameters                                         \
	{                                                                                                              \
		const isa isa_here = ISA_AVX2;                                                                         \
		name##_body arguments;                                                                                 \
	}                                                                                                              \
	__attribute__((target("avx512f,avx2,fma"))) static void name##_avx512 parameters                               \
	{                                                                                                              \
		const isa isa_here = ISA_AVX512;                                                                       \
		name##_body arguments;                                                                                 \
	}                                                                                                              \
	static void(*name) parameters = name##_base;                                                                   \
	static void name##_choose(void)                                                                                \
	{                                                                                                              \
		isa best = isa_best();                                                                                 \
		name = best == ISA_AVX512 ? name##_avx512 : best == ISA_AVX2 ? name##_avx2 : name##_base;              \
	}
#else
#define ISA_COPIES(name, parameters, arguments)                                                                        \
	static void name parameters                                                                                    \
	{                                                                                                              \
		const isa isa_here = ISA_BASE;                                                                         \
		name##_body arguments;                                                                                 \
	}                                                                                                              \
	static void name##_choose(void)                                                                                \
	{                                                                                                              \
	}
#endif

#endif
