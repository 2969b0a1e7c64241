; SPDX-License-Identifier: BSD-2-Clause
;
; The vDSO as the kernel carries it: whole pages, read-only. VDSO_FILE comes from meson.build.

section .rodata.vdso progbits alloc noexec nowrite align=4096
global vdso_image, vdso_image_end
vdso_image:
	incbin	VDSO_FILE
	align	4096, db 0
vdso_image_end:
