; SPDX-License-Identifier: BSD-2-Clause
;
; The first instructions. Three doors lead in: the Linux boot protocol's 32-bit entry (the first byte of
; the image), its 64-bit entry (512 bytes in), and the PVH note's 32-bit entry. Each says what it was handed
; and goes on to long mode with page tables made here: the low 4 GiB, at three places (where they are, the
; direct map, the image). Other CPUs come through secondary_start, in real mode. Then C takes over.

%include "generated/asm_offsets.inc"

%define PA(symbol) ((symbol) - IMAGE_BASE)

extern boot_main, secondary_leave_boot_tables, secondary_boot_main, secondary_stack
extern __bss_start, __bss_end

; The boot stack lies in bss: nothing is called before this. The same bytes in both modes.
%macro CLEAR_BSS 0
	mov	edi, PA(__bss_start)
	mov	ecx, PA(__bss_end)
	sub	ecx, edi
	shr	ecx, 2
	xor	eax, eax
	rep stosd
%endmacro

; ---- entries ----

section .boot progbits alloc exec nowrite align=4096
bits 32

global _start
global boot_entry
_start:
boot_entry:
	mov	edi, BOOT_LINUX
	jmp	boot32

	align	16
pvh_entry:
	mov	esi, ebx
	mov	edi, BOOT_PVH
	jmp	boot32

	times	0x200 - ($ - _start) db 0xcc
bits 64
linux_entry64:
	cli
	cld
	mov	ebp, esi			; boot_params
	mov	ebx, BOOT_LINUX
	mov	esp, PA(boot_stack_end)
	CLEAR_BSS
	call	fill_page_tables
	jmp	enable_long_mode.tables		; already in long mode: only other tables

bits 32
; esi: what the loader handed over; edi: which loader
boot32:
	cli
	cld
	lgdt	[PA(boot_gdt_pointer)]
	mov	eax, BOOT_DS
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	esp, PA(boot_stack_end)
	mov	ebp, esi
	mov	ebx, edi
	CLEAR_BSS
	call	fill_page_tables
	call	enable_long_mode32
	jmp	dword BOOT_CS:PA(enable_long_mode.tables)

; The same bytes in 32-bit and 64-bit mode, so only registers address memory.
fill_page_tables:
	mov	edi, PA(boot_root)
	mov	eax, PA(boot_pud_low) + BOOT_TABLE
	mov	[edi], eax
	mov	[edi + DIRECT_MAP_SLOT * 8], eax
	mov	eax, PA(boot_pud_image) + BOOT_TABLE
	mov	[edi + 511 * 8], eax
	mov	edi, PA(boot_pud_image)
	mov	eax, PA(boot_pmds) + BOOT_TABLE
	mov	[edi + 510 * 8], eax
	mov	edi, PA(boot_pud_low)
	mov	ecx, 4
.pud:
	mov	[edi], eax
	add	eax, 4096
	add	edi, 8
	sub	ecx, 1
	jnz	.pud
	mov	edi, PA(boot_pmds)
	mov	eax, BOOT_BLOCK
	mov	ecx, 4 * 512
.pmd:
	mov	[edi], eax
	add	eax, 2 << 20
	add	edi, 8
	sub	ecx, 1
	jnz	.pmd
	ret

; On the boot tables with paging and long mode on; 32-bit code until the far jump behind the call.
enable_long_mode32:
	mov	eax, cr4
	or	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, PA(boot_root)
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, cr0
	and	eax, ~(CR0_EM | CR0_TS)
	or	eax, CR0_PG | CR0_PE | CR0_MP | CR0_NE | CR0_WP
	mov	cr0, eax
	ret

bits 64
enable_long_mode:
.tables:
	mov	eax, PA(boot_root)
	mov	cr3, rax
	mov	rax, boot64
	jmp	rax

; ---- the boot CPU, at its link address ----

boot64:
	lgdt	[boot_gdt_pointer64]
	mov	eax, BOOT_DS
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	rsp, boot_stack_end
	push	BOOT_CS
	lea	rax, [rel .reloaded]
	push	rax
	retfq
.reloaded:
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	edi, ebx
	mov	esi, ebp
	xor	ebp, ebp
	call	boot_main
	ud2

; ---- the other CPUs ----

; Copied to SECONDARY_START_PAGE; a start-up interrupt begins here, in real mode, cs the page.
global secondary_start, secondary_start_end
bits 16
secondary_start:
	cli
	cld
	xor	ax, ax
	mov	ds, ax
	o32 lgdt [SECONDARY_START_PAGE + .gdt_pointer - secondary_start]
	mov	eax, cr0
	or	eax, CR0_PE
	mov	cr0, eax
	jmp	dword BOOT_CS32:SECONDARY_START_PAGE + .protected - secondary_start
	align	8
.gdt_pointer:
	dw	boot_gdt_end - boot_gdt - 1
	dd	PA(boot_gdt)
bits 32
.protected:
	mov	eax, BOOT_DS
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	esp, SECONDARY_START_PAGE + 4096	; for one return address
	mov	eax, PA(enable_long_mode32)
	call	eax
	jmp	dword BOOT_CS:PA(secondary64_low)
secondary_start_end:

bits 64
secondary64_low:
	mov	rax, secondary64
	jmp	rax
secondary64:
	lgdt	[boot_gdt_pointer64]
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	xor	ebp, ebp
	mov	rsp, secondary_early_stack_end	; the idle thread's is not mapped yet
	call	secondary_leave_boot_tables
	mov	rsp, [secondary_stack]
	call	secondary_boot_main
	ud2

; ---- the boot descriptor table ----

	align	16
boot_gdt:
	dq	0
	dq	0x00cf9b000000ffff		; BOOT_CS32
	dq	0x00af9b000000ffff		; BOOT_CS
	dq	0x00cf93000000ffff		; BOOT_DS
boot_gdt_end:
	align	8
boot_gdt_pointer:
	dw	boot_gdt_end - boot_gdt - 1
	dd	PA(boot_gdt)
	align	8
boot_gdt_pointer64:
	dw	boot_gdt_end - boot_gdt - 1
	dq	boot_gdt

; ---- the PVH note: QEMU's -kernel finds the entry by it ----

section .note.pvh note alloc noexec nowrite align=4
	dd	4, 8, 18			; XEN_ELFNOTE_PHYS32_ENTRY
	db	"Xen", 0
	dq	PA(pvh_entry)

; ---- what the boot needs of memory ----

section .bss.page nobits alloc noexec write align=4096
global boot_root
boot_root:	resb 4096
boot_pud_low:	resb 4096
boot_pud_image:	resb 4096
boot_pmds:	resb 4 * 4096
global boot_stack, boot_stack_end
boot_stack:	resb 16384
boot_stack_end:
secondary_early_stack: resb 1024		; CPUs start one at a time
secondary_early_stack_end:
