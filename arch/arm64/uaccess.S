/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory: the copying instructions of arm64 (arch/uaccess.h).
 *
 * Small copies use the unprivileged loads and stores (ldtr, sttr): they have the user's rights, so PAN
 * stays shut. Longer ones open PAN and move 256 bytes a turn by vector registers, which are the user's
 * and are borrowed, then 64 and 16 bytes. (A switch in a fault meanwhile saves what is borrowed, and
 * brings it back. Not so for a kernel thread, which therefore goes without.) PAN's own instructions are no-ops until
 * cpu.c has found the feature and written them over the sites listed in .pan_sites.
 *
 * Every cursor is moved after the access it is for. So at a fault x0, x1 and x2 (bytes left) still say
 * where the copy stood, and the fix-up goes on byte by byte up to the first that faults.
 */

#include <generated/asm_offsets.h>

	.arch	armv8-a+fp+simd

	/* An access to user memory, and where to go on when it faults. */
	.macro user fixup, insn:vararg
.Luser\@:
	\insn
	.pushsection __ex_table, "a"
	.balign	4
	.long	.Luser\@ - .
	.long	\fixup - .
	.popsection
	.endm

	.macro pan_site value
.Lpan\@:
	nop
	.pushsection .pan_sites, "a"
	.balign	4
	.long	.Lpan\@ - .
	.long	0xd500409f | (\value << 8)	/* msr pan, #value */
	.popsection
	.endm

	.macro function name
	.global	\name
	.type	\name, %function
	.balign	16
\name:
	.endm

#define EFAULT	14
#define BULK	256
#define BULK_MIN	512	/* below, borrowing does not pay */
#define LINE	64
#define PAIR	16
#define ZERO	64

	/* Borrow eight vector registers, and give them back. */
	.macro borrow
	sub	sp, sp, #16 * 8
	stp	q0, q1, [sp]
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
	.endm

	.macro give_back
	ldp	q0, q1, [sp]
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	add	sp, sp, #16 * 8
	.endm

	.section .uaccess.text, "ax"

/* size_t arch_copy_from_user(void *to, uaddr_t from, size_t n): bytes not copied */
function arch_copy_from_user
	cmp	x2, #PAIR
	b.hs	.Lfrom_pairs
.Lfrom_words:
	subs	x3, x2, #8
	b.lo	.Lfrom_rest
1:	user	.Lfrom_bytes, ldtr x4, [x1]
	str	x4, [x0], #8
	add	x1, x1, #8
	mov	x2, x3
	subs	x3, x3, #8
	b.hs	1b
.Lfrom_rest:
	cbz	x2, 9f
	tbz	x2, #2, 1f
	user	.Lfrom_bytes, ldtr w4, [x1]
	str	w4, [x0], #4
	add	x1, x1, #4
	sub	x2, x2, #4
1:	tbz	x2, #1, 1f
	user	.Lfrom_bytes, ldtrh w4, [x1]
	strh	w4, [x0], #2
	add	x1, x1, #2
	sub	x2, x2, #2
1:	tbz	x2, #0, 9f
	user	9f, ldtrb w4, [x1]
	strb	w4, [x0]
	mov	x2, xzr
9:	mov	x0, x2
	ret

.Lfrom_pairs:
	pan_site 0
	cmp	x2, #BULK_MIN
	b.hs	.Lfrom_bulk
.Lfrom_lines:
	subs	x2, x2, #LINE
	b.lo	2f
1:	user	.Lfrom_line_fault, ldp x4, x5, [x1]
	user	.Lfrom_line_fault, ldp x6, x7, [x1, #16]
	user	.Lfrom_line_fault, ldp x8, x9, [x1, #32]
	user	.Lfrom_line_fault, ldp x10, x11, [x1, #48]
	stp	x4, x5, [x0]
	stp	x6, x7, [x0, #16]
	stp	x8, x9, [x0, #32]
	stp	x10, x11, [x0, #48]
	add	x1, x1, #LINE
	add	x0, x0, #LINE
	subs	x2, x2, #LINE
	b.hs	1b
2:	adds	x2, x2, #LINE - PAIR
	b.mi	4f
3:	user	.Lfrom_pair_fault, ldp x4, x5, [x1]
	add	x1, x1, #PAIR
	stp	x4, x5, [x0], #PAIR
	subs	x2, x2, #PAIR
	b.hs	3b
4:	pan_site 1
	add	x2, x2, #PAIR
	b	.Lfrom_words

.Lfrom_bulk:
	mrs	x4, sp_el0
	ldr	w4, [x4, #THREAD_FLAGS]
	tbnz	w4, #THREAD_IS_KERNEL_BIT, .Lfrom_lines
	borrow
	sub	x2, x2, #BULK
1:	user	.Lfrom_bulk_fault, ldp q0, q1, [x1]
	user	.Lfrom_bulk_fault, ldp q2, q3, [x1, #32]
	user	.Lfrom_bulk_fault, ldp q4, q5, [x1, #64]
	user	.Lfrom_bulk_fault, ldp q6, q7, [x1, #96]
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	user	.Lfrom_bulk_fault, ldp q0, q1, [x1, #128]
	user	.Lfrom_bulk_fault, ldp q2, q3, [x1, #160]
	user	.Lfrom_bulk_fault, ldp q4, q5, [x1, #192]
	user	.Lfrom_bulk_fault, ldp q6, q7, [x1, #224]
	stp	q0, q1, [x0, #128]
	stp	q2, q3, [x0, #160]
	stp	q4, q5, [x0, #192]
	stp	q6, q7, [x0, #224]
	add	x1, x1, #BULK
	add	x0, x0, #BULK
	subs	x2, x2, #BULK
	b.hs	1b
	give_back
	add	x2, x2, #BULK
	b	.Lfrom_lines

.Lfrom_bulk_fault:
	give_back
	add	x2, x2, #BULK - LINE
.Lfrom_line_fault:
	add	x2, x2, #LINE - PAIR
.Lfrom_pair_fault:
	pan_site 1
	add	x2, x2, #PAIR
.Lfrom_bytes:
	user	9b, ldtrb w4, [x1]
	strb	w4, [x0], #1
	add	x1, x1, #1
	subs	x2, x2, #1
	b.ne	.Lfrom_bytes
	b	9b

/* size_t arch_copy_to_user(uaddr_t to, const void *from, size_t n): bytes not copied */
function arch_copy_to_user
	cmp	x2, #PAIR
	b.hs	.Lto_pairs
.Lto_words:
	subs	x3, x2, #8
	b.lo	.Lto_rest
1:	ldr	x4, [x1]
	user	.Lto_bytes, sttr x4, [x0]
	add	x0, x0, #8
	add	x1, x1, #8
	mov	x2, x3
	subs	x3, x3, #8
	b.hs	1b
.Lto_rest:
	cbz	x2, 9f
	tbz	x2, #2, 1f
	ldr	w4, [x1]
	user	.Lto_bytes, sttr w4, [x0]
	add	x0, x0, #4
	add	x1, x1, #4
	sub	x2, x2, #4
1:	tbz	x2, #1, 1f
	ldrh	w4, [x1]
	user	.Lto_bytes, sttrh w4, [x0]
	add	x0, x0, #2
	add	x1, x1, #2
	sub	x2, x2, #2
1:	tbz	x2, #0, 9f
	ldrb	w4, [x1]
	user	9f, sttrb w4, [x0]
	mov	x2, xzr
9:	mov	x0, x2
	ret

.Lto_pairs:
	pan_site 0
	cmp	x2, #BULK_MIN
	b.hs	.Lto_bulk
.Lto_lines:
	subs	x2, x2, #LINE
	b.lo	2f
1:	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	user	.Lto_line_fault, stp x4, x5, [x0]
	user	.Lto_line_fault, stp x6, x7, [x0, #16]
	user	.Lto_line_fault, stp x8, x9, [x0, #32]
	user	.Lto_line_fault, stp x10, x11, [x0, #48]
	add	x1, x1, #LINE
	add	x0, x0, #LINE
	subs	x2, x2, #LINE
	b.hs	1b
2:	adds	x2, x2, #LINE - PAIR
	b.mi	4f
3:	ldp	x4, x5, [x1]
	user	.Lto_pair_fault, stp x4, x5, [x0]
	add	x1, x1, #PAIR
	add	x0, x0, #PAIR
	subs	x2, x2, #PAIR
	b.hs	3b
4:	pan_site 1
	add	x2, x2, #PAIR
	b	.Lto_words

.Lto_bulk:
	mrs	x4, sp_el0
	ldr	w4, [x4, #THREAD_FLAGS]
	tbnz	w4, #THREAD_IS_KERNEL_BIT, .Lto_lines
	borrow
	sub	x2, x2, #BULK
1:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	ldp	q4, q5, [x1, #64]
	ldp	q6, q7, [x1, #96]
	user	.Lto_bulk_fault, stp q0, q1, [x0]
	user	.Lto_bulk_fault, stp q2, q3, [x0, #32]
	user	.Lto_bulk_fault, stp q4, q5, [x0, #64]
	user	.Lto_bulk_fault, stp q6, q7, [x0, #96]
	ldp	q0, q1, [x1, #128]
	ldp	q2, q3, [x1, #160]
	ldp	q4, q5, [x1, #192]
	ldp	q6, q7, [x1, #224]
	user	.Lto_bulk_fault, stp q0, q1, [x0, #128]
	user	.Lto_bulk_fault, stp q2, q3, [x0, #160]
	user	.Lto_bulk_fault, stp q4, q5, [x0, #192]
	user	.Lto_bulk_fault, stp q6, q7, [x0, #224]
	add	x1, x1, #BULK
	add	x0, x0, #BULK
	subs	x2, x2, #BULK
	b.hs	1b
	give_back
	add	x2, x2, #BULK
	b	.Lto_lines

.Lto_bulk_fault:
	give_back
	add	x2, x2, #BULK - LINE
.Lto_line_fault:
	add	x2, x2, #LINE - PAIR
.Lto_pair_fault:
	pan_site 1
	add	x2, x2, #PAIR
.Lto_bytes:
	ldrb	w4, [x1]
	user	9b, sttrb w4, [x0]
	add	x0, x0, #1
	add	x1, x1, #1
	subs	x2, x2, #1
	b.ne	.Lto_bytes
	b	9b

/* size_t arch_clear_user(uaddr_t to, size_t n): bytes not cleared; x1 is n */
function arch_clear_user
	cmp	x1, #ZERO
	b.hs	.Lclear_bulk
.Lclear_words:
	subs	x3, x1, #8
	b.lo	.Lclear_bytes
1:	user	.Lclear_bytes, sttr xzr, [x0]
	add	x0, x0, #8
	mov	x1, x3
	subs	x3, x3, #8
	b.hs	1b
.Lclear_bytes:
	cbz	x1, 9f
1:	user	9f, sttrb wzr, [x0]
	add	x0, x0, #1
	subs	x1, x1, #1
	b.ne	1b
9:	mov	x0, x1
	ret

	/*
	 * By the machine's zeroing block, where there is room for one; what is before and behind it by pairs.
	 * x0 is the cursor, x8 the end.
	 */
.Lclear_bulk:
	add	x8, x0, x1
	mrs	x3, dczid_el0
	pan_site 0
	tbnz	x3, #4, .Lclear_tail		/* not allowed */
	mov	x4, #4
	lsl	x4, x4, x3			/* the block's size; x3 below 16 */
	sub	x5, x4, #1
	neg	x6, x0
	and	x6, x6, x5			/* bytes before the first block */
	add	x7, x6, x4
	cmp	x1, x7
	b.lo	.Lclear_tail
	add	x6, x0, x6			/* the first block */
	b	2f
1:	user	.Lclear_fault, stp xzr, xzr, [x0]	/* the last one may reach into the block */
	add	x0, x0, #PAIR
2:	cmp	x0, x6
	b.lo	1b
	mov	x0, x6
	sub	x7, x8, x0
	cmp	x7, x4, lsl #2
	b.lo	4f
	sub	x7, x8, x4, lsl #2		/* where four more are too many */
3:	.rept	4
	user	.Lclear_fault, dc zva, x0
	add	x0, x0, x4
	.endr
	cmp	x0, x7
	b.ls	3b
4:	sub	x7, x8, x4
	b	6f
5:	user	.Lclear_fault, dc zva, x0
	add	x0, x0, x4
6:	cmp	x0, x7
	b.ls	5b
.Lclear_tail:
	sub	x7, x8, #ZERO
	b	8f
7:	user	.Lclear_fault, stp xzr, xzr, [x0]
	user	.Lclear_fault, stp xzr, xzr, [x0, #16]
	user	.Lclear_fault, stp xzr, xzr, [x0, #32]
	user	.Lclear_fault, stp xzr, xzr, [x0, #48]
	add	x0, x0, #ZERO
8:	cmp	x0, x7
	b.ls	7b
	pan_site 1
	sub	x1, x8, x0
	b	.Lclear_words
.Lclear_fault:
	pan_site 1
	sub	x1, x8, x0
	b	.Lclear_bytes

/*
 * void arch_copy_bulk(void *to, const void *from, size_t n): the kernel's own memory, 256 bytes a turn. Nothing
 * can come between that would see what is borrowed.
 */
function arch_copy_bulk
	borrow
1:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	ldp	q4, q5, [x1, #64]
	ldp	q6, q7, [x1, #96]
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	stp	q4, q5, [x0, #64]
	stp	q6, q7, [x0, #96]
	ldp	q0, q1, [x1, #128]
	ldp	q2, q3, [x1, #160]
	ldp	q4, q5, [x1, #192]
	ldp	q6, q7, [x1, #224]
	stp	q0, q1, [x0, #128]
	stp	q2, q3, [x0, #160]
	stp	q4, q5, [x0, #192]
	stp	q6, q7, [x0, #224]
	add	x1, x1, #BULK
	add	x0, x0, #BULK
	subs	x2, x2, #BULK
	b.ne	1b
	give_back
	ret

/* void arch_clear_page(void *page) */
function arch_clear_page
	mrs	x3, dczid_el0
	add	x8, x0, #4096
	tbnz	x3, #4, 2f
	mov	x4, #4
	lsl	x4, x4, x3
	cmp	x4, #512			/* eight of them in a page? */
	b.hi	2f
1:	.rept	8
	dc	zva, x0
	add	x0, x0, x4
	.endr
	cmp	x0, x8
	b.lo	1b
	ret
2:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x8
	b.lo	2b
	ret

/*
 * long arch_strncpy_from_user(char *to, uaddr_t from, long n): the length without the NUL, n when
 * there is none in n bytes, -EFAULT. Eight bytes a turn; what lies behind the NUL may be copied too.
 */
function arch_strncpy_from_user
	mov	x3, x2				/* bytes left */
	mov	x7, #0x0101010101010101
	mov	x8, #0x8080808080808080
1:	subs	x4, x3, #8
	b.lo	2f
	user	2f, ldtr x5, [x1]
	sub	x6, x5, x7
	bic	x6, x6, x5
	ands	x6, x6, x8			/* a bit for the first byte that is 0 */
	str	x5, [x0], #8
	b.ne	3f
	add	x1, x1, #8
	mov	x3, x4
	b	1b
2:	cbz	x3, 4f
	user	5f, ldtrb w5, [x1]
	strb	w5, [x0], #1
	cbz	w5, 4f
	add	x1, x1, #1
	sub	x3, x3, #1
	b	2b
3:	rev	x6, x6
	clz	x6, x6
	sub	x3, x3, x6, lsr #3
4:	sub	x0, x2, x3
	ret
5:	mov	x0, #-EFAULT
	ret

/* int arch_get_user(u64 *value, uaddr_t from, unsigned size) */
function arch_get_user
	cmp	w2, #4
	b.hi	8f
	b.eq	4f
	tbnz	w2, #1, 2f
	user	9f, ldtrb w3, [x1]
	b	1f
2:	user	9f, ldtrh w3, [x1]
	b	1f
4:	user	9f, ldtr w3, [x1]
	b	1f
8:	user	9f, ldtr x3, [x1]
1:	str	x3, [x0]
	mov	w0, wzr
	ret
9:	mov	w0, #-EFAULT
	ret

/* int arch_put_user(u64 value, uaddr_t to, unsigned size) */
function arch_put_user
	cmp	w2, #4
	b.hi	8f
	b.eq	4f
	tbnz	w2, #1, 2f
	user	9f, sttrb w0, [x1]
	b	1f
2:	user	9f, sttrh w0, [x1]
	b	1f
4:	user	9f, sttr w0, [x1]
	b	1f
8:	user	9f, sttr x0, [x1]
1:	mov	w0, wzr
	ret
9:	mov	w0, #-EFAULT
	ret

/* int arch_cmpxchg_user(u32 *old, uaddr_t addr, u32 expected, u32 desired) */
function arch_cmpxchg_user
	pan_site 0
1:	user	9f, ldxr w4, [x1]
	cmp	w4, w2
	b.ne	2f
	user	9f, stlxr w5, w3, [x1]
	cbnz	w5, 1b
	dmb	ish
2:	pan_site 1
	str	w4, [x0]
	mov	w0, wzr
	ret
9:	pan_site 1
	mov	w0, #-EFAULT
	ret
