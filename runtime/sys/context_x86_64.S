/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context switch for x86-64, System V convention. See context.h for the idea.
 *
 *     frame, from the stack pointer up, as a switch leaves it and sk_context_prepare builds it:
 *      0  mxcsr (4 bytes), x87 control word (2 bytes), 2 unused
 *      8  r15
 *     16  r14
 *     24  r13
 *     32  r12
 *     40  rbx
 *     48  rbp
 *     56  return address
 *
 * Both stacks have the same frame when the stack pointer changes, so the unwind rules hold on either side.
 *
 * Two things were measured against their alternatives, on an EPYC at some 2 GHz, for two fibers that yield to each
 * other from the same function (a round trip, which is two switches and four more returns):
 *   - returning by ret: 12 ns; by a jump to the popped address: 36 ns. The jump wins only if both sides switch from the
 *     body of one loop each (10 against 22 ns), since each jump leaves one address too many for the predictor of
 *     returns. So: switch in one place that all share, and its returns are predicted.
 *   - writing the modes always: 12 ns; comparing first, and writing if they differ: 15 ns; no modes at all: 10 ns.
 *
 * The notes promise IBT (every function starts with endbr64) but no shadow stack: one would have to be switched as
 * well.
 */
#ifndef SK_CONTEXT_UCONTEXT
#define SK_CONTEXT_UCONTEXT 0
#endif

#if defined(__x86_64__) && !defined(__ILP32__) && defined(__ELF__) && !SK_CONTEXT_UCONTEXT

#define MODES_DEFAULT 0x0000037f00001f80 /* x87: 64-bit mantissa; both: round to nearest, all exceptions masked */

	.section skua_way, "ax", @progbits

/* void sk_context_swap(void **save_sp, void *load_sp) */
	.globl sk_context_swap
	.hidden sk_context_swap
	.type sk_context_swap, @function
	.p2align 6
sk_context_swap:
	.cfi_startproc
	endbr64
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq %r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq %r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq %r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq %r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	ldmxcsr (%rsp)
	fldcw 4(%rsp)
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq %r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq %r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq %r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size sk_context_swap, .-sk_context_swap

/* void *sk_context_prepare(void *stack_low, size_t stack_bytes, void (*entry)(void *arg), void *arg) */
	.globl sk_context_prepare
	.hidden sk_context_prepare
	.type sk_context_prepare, @function
	.p2align 4
sk_context_prepare:
	.cfi_startproc
	endbr64
	leaq (%rdi, %rsi), %rax
	andq $-16, %rax
	subq $80, %rax /* the frame, one word of zero that ends it, and one that keeps the trampoline's stack aligned */
	movabsq $MODES_DEFAULT, %r8
	movq %r8, (%rax)
	xorl %r8d, %r8d
	movq %r8, 8(%rax)
	movq %r8, 16(%rax)
	movq %r8, 24(%rax)
	movq %rdx, 32(%rax) /* r12 = entry */
	movq %rcx, 40(%rax) /* rbx = arg */
	movq %r8, 48(%rax) /* rbp = 0: the end of a chain of frame pointers */
	leaq .Lbegin(%rip), %rdx
	movq %rdx, 56(%rax)
	movq %r8, 64(%rax)
	movq %r8, 72(%rax)
	ret
	.cfi_endproc
	.size sk_context_prepare, .-sk_context_prepare

/*
 * What a new context returns into: the outermost frame of its stack, whose return address is marked undefined, so that
 * backtraces end here. The nop belongs to it because unwinders look up the address before a return address.
 */
	.type sk_context_trampoline, @function
	.p2align 4
sk_context_trampoline:
	.cfi_startproc
	.cfi_undefined %rip
	nop
.Lbegin:
	movq %rbx, %rdi
	call *%r12
	ud2
	.cfi_endproc
	.size sk_context_trampoline, .-sk_context_trampoline

	.section .note.gnu.property, "a"
	.p2align 3
	.long 4, 16, 5 /* sizes of the name and of what follows it, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000002, 4, 1, 0 /* GNU_PROPERTY_X86_FEATURE_1_AND, 4 bytes: IBT; padding */

#endif

#if defined(__ELF__)
	.section .note.GNU-stack, "", @progbits
#endif
