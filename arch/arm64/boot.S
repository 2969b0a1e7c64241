/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: arm64. A Linux `Image`, loaded at any 2 MiB boundary, entered with the MMU
 * off at EL1 or EL2 and the device tree's address in x0. Secondary CPUs come in the same way, by PSCI.
 *
 * What runs here before the MMU is on is position independent. The boot tables map
 *   TTBR0: the image where it was loaded, one to one, by 1 GiB blocks (for the moment of the switch)
 *   TTBR1: the image at ARCH_IMAGE_BASE by 2 MiB blocks, and the direct map of the 1 GiB blocks that
 *          hold the image and the device tree. boot.c adds the rest of RAM, core/mm makes the final ones.
 */
#include <generated/asm_offsets.h>
#include <arch/impl/mmu.h>

#define BLOCK_NORMAL	0x709		/* valid block, attribute 2, inner shareable, accessed */
#define DESC_TABLE	0x3
#define BOOT_BLOCKS	64		/* of 2 MiB: the most an image may be */

/* attribute 0 device nGnRE, 1 uncached, 2 write-back */
#define MAIR_VALUE	0xff4404

/* 48 bits on both sides, 4 KiB granules, write-back inner-shareable walks, user pointers' top byte ignored */
#define TCR_VALUE	((16 << 0) | (1 << 8) | (1 << 10) | (3 << 12) | \
			 (16 << 16) | (1 << 24) | (1 << 26) | (3 << 28) | (2 << 30) | (1 << 37))
#define TCR_IPS_SHIFT	32
#define TCR_AS		(1 << 36)	/* 16-bit ASIDs */

/*
 * SCTLR_EL1: MMU, caches, stack alignment for both, users' cache upkeep, DC ZVA and WFI/WFE, the bits
 * that read as one; PAN is set on entry to the kernel (SPAN is 0).
 */
#define SCTLR_VALUE	((1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 11) | (1 << 12) | (1 << 14) | (1 << 15) | \
			 (1 << 16) | (1 << 18) | (1 << 20) | (1 << 22) | (1 << 26) | (1 << 28) | (1 << 29))
#define SCTLR_OFF	((1 << 11) | (1 << 20) | (1 << 22) | (1 << 23) | (1 << 28) | (1 << 29))

#define HCR_RW		(1 << 31)
#define SPSR_EL1H	0x3c5		/* everything masked */

	.macro load_address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.macro mov_wide reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #(((\value) >> 16) & 0xffff), lsl #16
	movk	\reg, #(((\value) >> 32) & 0xffff), lsl #32
	movk	\reg, #(((\value) >> 48) & 0xffff), lsl #48
	.endm

/* ---- the Image header ---- */

	.section .head.text, "ax"
	.global	_start
_start:
	b	start
	.long	0
	.quad	0			/* offset from a 2 MiB boundary */
	.quad	__image_size
	.quad	__image_flags
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* ---- the boot CPU ---- */

start:
	mov	x28, x0			/* the device tree */
	bl	leave_el2
	load_address x0, __bss_start
	load_address x1, __bss_end
	/* what the loader left in the cache for these lines must not come back over what is written now */
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	bl	make_tables
	load_address x0, __bss_start
	load_address x1, __bss_end
	bl	forget_lines
	load_address x0, boot_kernel_root
	bl	mmu_on
	ldr	x0, =1f
	br	x0
1:	ldr	x0, =boot_stack + KERNEL_STACK_SIZE
	mov	sp, x0
	ldr	x0, =cpus
	msr	tpidr_el1, x0
	msr	sp_el0, xzr		/* no current yet */
	mov	x0, x28
	mov	x29, xzr
	mov	x30, xzr
	b	boot_main

/* Down to EL1, if the firmware left us at EL2. Returns with the caches and MMU of EL1 off. */
leave_el2:
	msr	daifset, #0xf
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	1f
	mov_wide x0, HCR_RW
	msr	hcr_el2, x0
	isb
	mrs	x0, cnthctl_el2		/* the counters and timers are EL1's own */
	orr	x0, x0, #3
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mov	x0, #0x33ff		/* no FP or vector traps */
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mov	x0, xzr
	mrs	x1, id_aa64dfr0_el1
	sbfx	x1, x1, #8, #4
	cmp	x1, #1
	b.lt	3f			/* no performance monitors */
	mrs	x0, pmcr_el0
	ubfx	x0, x0, #11, #5		/* all event counters are EL1's */
3:	msr	mdcr_el2, x0
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #24, #4
	cbz	x0, 2f			/* no GICv3 registers */
	mrs	x0, s3_4_c12_c9_5	/* ICC_SRE_EL2: EL1 may use them */
	orr	x0, x0, #1
	orr	x0, x0, #8
	msr	s3_4_c12_c9_5, x0
	isb
	msr	s3_4_c12_c11_0, xzr	/* ICH_HCR_EL2 */
2:	mov_wide x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #SPSR_EL1H
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret
1:	mov_wide x0, SCTLR_OFF
	msr	sctlr_el1, x0
	isb
	ret

/* Fill the boot tables. They were cleared with the rest of .bss. */
make_tables:
	adrp	x0, _start		/* where we are */
	adrp	x1, kimage_base
	str	x0, [x1, :lo12:kimage_base]
	mov	x9, #BLOCK_NORMAL

	/* TTBR0: the 1 GiB block of the image and the one behind it */
	load_address x2, boot_user_root
	load_address x3, boot_user_pud
	orr	x4, x3, #DESC_TABLE
	ubfx	x5, x0, #39, #9
	str	x4, [x2, x5, lsl #3]
	lsr	x5, x0, #30
	lsl	x6, x5, #30
	orr	x6, x6, x9
	and	x5, x5, #0x1ff
	str	x6, [x3, x5, lsl #3]
	cmp	x5, #0x1ff
	b.eq	1f
	add	x5, x5, #1
	mov	x7, #(1 << 30)
	add	x6, x6, x7
	str	x6, [x3, x5, lsl #3]
1:
	/* TTBR1: the image */
	load_address x2, boot_kernel_root
	load_address x3, boot_image_pud
	orr	x4, x3, #DESC_TABLE
	str	x4, [x2, #(((ARCH_IMAGE_BASE >> 39) & 0x1ff) << 3)]
	load_address x4, boot_image_pmd
	orr	x5, x4, #DESC_TABLE
	str	x5, [x3, #(((ARCH_IMAGE_BASE >> 30) & 0x1ff) << 3)]
	add	x4, x4, #(((ARCH_IMAGE_BASE >> 21) & 0x1ff) << 3)
	orr	x5, x0, x9
	mov	x6, #BOOT_BLOCKS
1:	str	x5, [x4], #8
	add	x5, x5, #(1 << 21)
	subs	x6, x6, #1
	b.ne	1b

	/* TTBR1: the direct map around the image, and around the device tree (at most 2 MiB long) */
	load_address x3, boot_direct_pud
	orr	x4, x3, #DESC_TABLE
	str	x4, [x2]
	mov	x11, x30
	bl	map_gigabyte
	mov	x0, x28
	bl	map_gigabyte
	add	x0, x28, #(1 << 21)
	bl	map_gigabyte
	adrp	x0, __image_end
	bl	map_gigabyte
	ret	x11

	/* x0: an address below 512 GiB; x3: boot_direct_pud, x9: attributes */
map_gigabyte:
	lsr	x5, x0, #30
	lsl	x6, x5, #30
	orr	x6, x6, x9
	and	x5, x5, #0x1ff
	str	x6, [x3, x5, lsl #3]
	ret

	/* The lines of [x0, x1), written with the caches off: no stale copy may hide them. */
forget_lines:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x2, x3, x2
	dmb	sy
1:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

	/* x0: the kernel's root. Returns at the physical address still, with the MMU on. */
mmu_on:
	load_address x1, boot_user_root
	msr	ttbr0_el1, x1
	msr	ttbr1_el1, x0
	mov_wide x0, MAIR_VALUE
	msr	mair_el1, x0
	mov_wide x0, TCR_VALUE
	mrs	x1, id_aa64mmfr0_el1
	ubfx	x2, x1, #4, #4		/* 16-bit ASIDs */
	cbz	x2, 1f
	orr	x0, x0, #TCR_AS
1:	and	x1, x1, #7		/* physical address size, at most 48 bits */
	mov	x2, #5
	cmp	x1, x2
	csel	x1, x1, x2, lo
	lsl	x1, x1, #TCR_IPS_SHIFT
	orr	x0, x0, x1
	msr	tcr_el1, x0
	ldr	x0, =vectors
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)		/* FP and vector registers for all; SVE traps */
	msr	cpacr_el1, x0
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	mov_wide x0, SCTLR_VALUE
	msr	sctlr_el1, x0
	isb
	ret

	.ltorg

/* ---- another CPU; x0: its number ---- */

	.global	secondary_start
secondary_start:
	mov	x28, x0
	bl	leave_el2
	adrp	x0, secondary_root
	ldr	x0, [x0, :lo12:secondary_root]
	bl	mmu_on
	ldr	x0, =1f
	br	x0
1:	ldr	x0, =cpus
	mov	x1, #CPU_SIZE
	madd	x0, x28, x1, x0
	msr	tpidr_el1, x0
	ldr	x1, [x0, #CPU_RUNNING]
	msr	sp_el0, x1
	ldr	x1, =secondary_stack
	ldr	x2, [x1]
	mov	sp, x2
	stlr	xzr, [x1]		/* the next one may start */
	mov	x29, xzr
	mov	x30, xzr
	b	secondary_main
	.ltorg

/*
 * void replace_kernel_root_phys(phys_t root): runs at its physical address under the boot TTBR0, for
 * between the two roots the kernel's half maps nothing.
 */
	.global	replace_kernel_root_phys
	.type	replace_kernel_root_phys, %function
replace_kernel_root_phys:
	adrp	x1, boot_empty_root
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret

/* ---- tables, stacks and words of the boot ---- */

	.section .bss.stacks, "aw", %nobits
	.balign	KERNEL_STACK_ALIGN
	.global	boot_stack
boot_stack:
	.skip	KERNEL_STACK_SIZE
	/* the half in which no stack may lie: the tables fill it */
	.macro	table name
	.global	\name
\name:	.skip	4096
	.endm
	table	boot_kernel_root
	table	boot_user_root
	table	boot_empty_root
	table	boot_direct_pud
	.balign	KERNEL_STACK_ALIGN
	/* 4 KiB a CPU, four in the room of one stack, so that the stack bit is clear in all of them */
	.global	overflow_stacks
overflow_stacks:
	.skip	KERNEL_STACK_SIZE
	table	boot_user_pud
	table	boot_image_pud
	table	boot_image_pmd
	table	device_pud
	.skip	KERNEL_STACK_SIZE

	.bss
	.balign	8
	.macro	word name
	.global	\name
\name:	.skip	8
	.endm
	word	kimage_base
	word	secondary_root
	word	secondary_stack
