/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context switch for AArch64, AAPCS64 on ELF. See context.h for the idea.
 *
 *     frame of 176 bytes, from the stack pointer up, as a switch leaves it and sk_context_prepare builds it:
 *       0  x19 .. x28      what a call preserves
 *      80  x29, x30        frame pointer; where to go on
 *      96  d8 .. d15       a call preserves the low halves only
 *     160  fpcr            the floating-point modes; 8 unused
 *
 * Both stacks have the same frame when the stack pointer changes, so the unwind rules hold on either side. Writing
 * fpcr drains the pipeline on many cores, and two contexts hardly ever differ in it: it is compared, and written only
 * if it differs. x18 belongs to the platform and is left alone.
 *
 * The notes promise BTI (every function starts with bti c; the way into a new context is a return, which BTI does not
 * check) but no guarded control stack: one would have to be switched as well.
 */
#ifndef SK_CONTEXT_UCONTEXT
#define SK_CONTEXT_UCONTEXT 0
#endif

#if defined(__aarch64__) && !defined(__ILP32__) && defined(__ELF__) && !SK_CONTEXT_UCONTEXT

#define FRAME_BYTES 176
#define BTI_C hint #34

	.section skua_way, "ax", %progbits

/* void sk_context_swap(void **save_sp, void *load_sp) */
	.globl sk_context_swap
	.hidden sk_context_swap
	.type sk_context_swap, %function
	.p2align 6
sk_context_swap:
	.cfi_startproc
	BTI_C
	sub sp, sp, #FRAME_BYTES
	.cfi_def_cfa_offset FRAME_BYTES
	stp x19, x20, [sp, #0]
	stp x21, x22, [sp, #16]
	stp x23, x24, [sp, #32]
	stp x25, x26, [sp, #48]
	stp x27, x28, [sp, #64]
	stp x29, x30, [sp, #80]
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	.cfi_offset x19, -176
	.cfi_offset x20, -168
	.cfi_offset x21, -160
	.cfi_offset x22, -152
	.cfi_offset x23, -144
	.cfi_offset x24, -136
	.cfi_offset x25, -128
	.cfi_offset x26, -120
	.cfi_offset x27, -112
	.cfi_offset x28, -104
	.cfi_offset x29, -96
	.cfi_offset x30, -88
	.cfi_offset 72, -80 /* d8 */
	.cfi_offset 73, -72
	.cfi_offset 74, -64
	.cfi_offset 75, -56
	.cfi_offset 76, -48
	.cfi_offset 77, -40
	.cfi_offset 78, -32
	.cfi_offset 79, -24 /* d15 */
	mrs x9, fpcr
	mov x10, sp
	str x9, [sp, #160]
	str x10, [x0]
	mov sp, x1
	ldr x10, [sp, #160]
	cmp x9, x10
	b.ne .Lmodes
.Lrestore:
	/* The rules above stay true up to the end, since the frame is left as it is: no restore is noted. */
	ldp x19, x20, [sp, #0]
	ldp x21, x22, [sp, #16]
	ldp x23, x24, [sp, #32]
	ldp x25, x26, [sp, #48]
	ldp x27, x28, [sp, #64]
	ldp x29, x30, [sp, #80]
	ldp d8, d9, [sp, #96]
	ldp d10, d11, [sp, #112]
	ldp d12, d13, [sp, #128]
	ldp d14, d15, [sp, #144]
	.cfi_remember_state
	add sp, sp, #FRAME_BYTES
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	.cfi_restore 72
	.cfi_restore 73
	.cfi_restore 74
	.cfi_restore 75
	.cfi_restore 76
	.cfi_restore 77
	.cfi_restore 78
	.cfi_restore 79
	ret
.Lmodes:
	.cfi_restore_state
	msr fpcr, x10
	b .Lrestore
	.cfi_endproc
	.size sk_context_swap, .-sk_context_swap

/* void *sk_context_prepare(void *stack_low, size_t stack_bytes, void (*entry)(void *arg), void *arg) */
	.globl sk_context_prepare
	.hidden sk_context_prepare
	.type sk_context_prepare, %function
	.p2align 4
sk_context_prepare:
	.cfi_startproc
	BTI_C
	add x0, x0, x1
	and x0, x0, #-16
	sub x0, x0, #FRAME_BYTES
	adr x9, .Lbegin
	stp x2, x3, [x0, #0] /* x19 = entry, x20 = arg */
	stp xzr, xzr, [x0, #16]
	stp xzr, xzr, [x0, #32]
	stp xzr, xzr, [x0, #48]
	stp xzr, xzr, [x0, #64]
	stp xzr, x9, [x0, #80] /* x29 = 0: the end of a chain of frame pointers */
	stp xzr, xzr, [x0, #96]
	stp xzr, xzr, [x0, #112]
	stp xzr, xzr, [x0, #128]
	stp xzr, xzr, [x0, #144]
	stp xzr, xzr, [x0, #160] /* fpcr = 0: round to nearest, no traps */
	ret
	.cfi_endproc
	.size sk_context_prepare, .-sk_context_prepare

/*
 * What a new context returns into: the outermost frame of its stack, whose return address is marked undefined, so that
 * backtraces end here. The nop belongs to it because unwinders look up the address before a return address.
 */
	.type sk_context_trampoline, %function
	.p2align 4
sk_context_trampoline:
	.cfi_startproc
	.cfi_undefined x30
	nop
.Lbegin:
	mov x0, x20
	blr x19
	brk #0
	.cfi_endproc
	.size sk_context_trampoline, .-sk_context_trampoline

	.section .note.gnu.property, "a"
	.p2align 3
	.word 4, 16, 5 /* sizes of the name and of what follows it, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.word 0xc0000000, 4, 1, 0 /* GNU_PROPERTY_AARCH64_FEATURE_1_AND, 4 bytes: BTI; padding */

#endif

#if defined(__ELF__)
	.section .note.GNU-stack, "", %progbits
#endif
