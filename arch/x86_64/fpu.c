// SPDX-License-Identifier: BSD-2-Clause
/*
 * FP and vector state. The kernel uses none of it, so a thread's state stays in the registers until another
 * user thread needs them: a switch to a kernel thread and back costs nothing. One instruction saves, one
 * restores; XSAVE where the processor has it, FXSAVE otherwise.
 */
#include <arch/irqflags.h>
#include <arch/impl/regs.h>
#include <arch/impl/x86.h>
#include <janus/cpu.h>
#include <janus/string.h>
#include <janus/thread.h>
#include <janus/uaccess.h>

#define FCW_DEFAULT 0x37f
#define MXCSR_DEFAULT 0x1f80

#define XSAVE_HEADER 512	/* behind the FXSAVE part; its first word tells which components are there */
#define XSAVE_HEADER_SIZE 64
#define SW_RESERVED 464		/* the software's bytes in the FXSAVE part */
#define FP_XSTATE_MAGIC1 0x46505853
#define FP_XSTATE_MAGIC2 0x46505845

/* What Linux writes at SW_RESERVED of a signal frame (struct _fpx_sw_bytes). */
struct fpx_sw_bytes {
	u32 magic1;
	u32 extended_size;	/* with magic2 behind it */
	u64 xfeatures;
	u32 xstate_size;
	u32 padding[7];
};
_Static_assert(sizeof(struct fpx_sw_bytes) == 48, "the ABI");

/* What follows XSAVE's legacy part is the same in every frame: the software's bytes and the header. */
static struct frame_middle {
	struct fpx_sw_bytes sw;
	u64 present, format, reserved[6];
} frame_middle;
_Static_assert(sizeof(struct frame_middle) == XSAVE_HEADER + XSAVE_HEADER_SIZE - SW_RESERVED, "they touch");

static u32 xstate_size;		/* of the components in XCR0 */
size_t fpu_frame_size = FXSAVE_SIZE;
static u8 first_state[FPU_STATE_SIZE] __aligned(64);

/* All components named, or their XCR0 subset: XSAVE takes the intersection. */
static void registers_save(void *area)
{
	if (likely(cpu_features.xsave))
		asm volatile("xsave64 (%0)" : : "r"(area), "a"(FPU_XFEATURES), "d"(0) : "memory");
	else
		asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void registers_load(const void *area)
{
	if (likely(cpu_features.xsave))
		asm volatile("xrstor64 (%0)" : : "r"(area), "a"(FPU_XFEATURES), "d"(0) : "memory");
	else
		asm volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void fpu_init(void)
{
	u32 mxcsr = MXCSR_DEFAULT;

	asm volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
	*(u16 *)first_state = FCW_DEFAULT;
	*(u32 *)(first_state + 24) = MXCSR_DEFAULT;
	if (cpu_features.xsave && !xstate_size) {	/* the boot CPU */
		xstate_size = cpuid(13, 0).b;
		fpu_frame_size = xstate_size + sizeof(u32);
		frame_middle.sw = (struct fpx_sw_bytes){
			.magic1 = FP_XSTATE_MAGIC1,
			.extended_size = xstate_size + sizeof(u32),
			.xfeatures = cpu_features.avx ? 7 : 3,
			.xstate_size = xstate_size,
		};
		frame_middle.present = frame_middle.sw.xfeatures;
	}
}

void fpu_save(struct thread *t)
{
	registers_save(t->arch.fpu);
}

void fpu_fork(struct thread *child)
{
	/* What no instruction writes: XRSTOR wants the header's rest zero, and a debugger reads all of it. */
	memset(child->arch.fpu + FXSAVE_WRITTEN, 0, XSAVE_HEADER + XSAVE_HEADER_SIZE - FXSAVE_WRITTEN);
	fpu_save(child);
}

void fpu_restore(struct thread *t)
{
	registers_load(t->arch.fpu);
}

void fpu_reset(struct thread *t)
{
	struct irqflags flags = arch_local_irq_save();
	struct cpu *cpu = this_cpu();

	/* The words of the header that XSAVE does not write must be as XRSTOR wants them. */
	memset(t->arch.fpu + XSAVE_HEADER, 0, XSAVE_HEADER_SIZE);
	registers_load(first_state);
	t->arch.user_fpu = true;
	t->arch.user_cpu = (s8)cpu->id;
	cpu->arch.user_owner = t;
	arch_local_irq_restore(flags);
}

/* ---- signal frames ---- */

/*
 * XSAVE writes every component, also one that is in its first state, so all may be marked as present: then a
 * handler that changes one in the frame is heard.
 */
int fpu_frame_save(uaddr_t to)
{
	if (!cpu_features.xsave) {
		if (fpu_fxsave_user(to))
			return -EFAULT;
		return copy_struct_out(to + SW_RESERVED, &frame_middle.sw);
	}
	if (fpu_xsave_user(to) || copy_struct_out(to + SW_RESERVED, &frame_middle))
		return -EFAULT;
	return put_user(FP_XSTATE_MAGIC2, u32, to + xstate_size);
}

/* Does the frame at `from` hold more than the FXSAVE part? As Linux: by both magics and the sizes. */
static bool frame_is_extended(uaddr_t from, const struct fpx_sw_bytes *sw)
{
	u32 magic2;

	if (sw->magic1 != FP_XSTATE_MAGIC1 || sw->xstate_size < FXSAVE_SIZE + XSAVE_HEADER_SIZE ||
	    sw->xstate_size > xstate_size || sw->xstate_size > sw->extended_size)
		return false;
	return !get_user(&magic2, from + sw->xstate_size) && magic2 == FP_XSTATE_MAGIC2;
}

/* The FXSAVE part only; the rest to its first state. */
static int restore_legacy(uaddr_t from)
{
	fpu_reset(current);
	return fpu_fxrstor_user(from);
}

int fpu_frame_restore(uaddr_t from)
{
	struct fpx_sw_bytes sw;

	if (!from) {
		fpu_reset(current);
		return 0;
	}
	if (!access_ok(from, fpu_frame_size))
		return -EFAULT;
	if (!cpu_features.xsave)
		return fpu_fxrstor_user(from);
	if (arch_copy_from_user(&sw, from + SW_RESERVED, sizeof(sw)))
		return -EFAULT;
	if (!frame_is_extended(from, &sw))
		return restore_legacy(from);
	if (from & 63)
		return -EFAULT;
	/* Components that the software's bytes do not name go to their first state; of those named XRSTOR does it. */
	if (unlikely((sw.xfeatures & frame_middle.present) != frame_middle.present))
		fpu_reset(current);
	return fpu_xrstor_user(from, (u32)sw.xfeatures & FPU_XFEATURES);
}

/* ---- a tracer's view ---- */

#define MXCSR 24		/* in the FXSAVE part */
#define MXCSR_MASK 0xffffu	/* the bits that exist */

size_t fpu_extended_size(void)
{
	return cpu_features.xsave ? xstate_size : 0;
}

/* XSAVE leaves the software's bytes alone: the first word is XCR0, which debuggers look for. */
void fpu_get_extended(struct thread *t, void *to)
{
	memcpy(to, t->arch.fpu, xstate_size);
	memset((u8 *)to + FXSAVE_WRITTEN, 0, XSAVE_HEADER + XSAVE_HEADER_SIZE - FXSAVE_WRITTEN);
	*(u64 *)((u8 *)to + SW_RESERVED) = frame_middle.present;
	*(u64 *)((u8 *)to + XSAVE_HEADER) = frame_middle.present;
}

static bool bad_mxcsr(const void *from)
{
	return *(const u32 *)((const u8 *)from + MXCSR) & ~MXCSR_MASK;
}

int fpu_set_legacy(struct thread *t, const void *from)
{
	u8 *fpu = t->arch.fpu;

	if (bad_mxcsr(from))
		return -EINVAL;
	memcpy(fpu, from, FXSAVE_WRITTEN);
	if (cpu_features.xsave)
		*(u64 *)(fpu + XSAVE_HEADER) |= 3;
	t->arch.user_cpu = -1;
	return 0;
}

/* Components that the header does not name are in their first state; they are written out, for readers. */
int fpu_set_extended(struct thread *t, const void *from)
{
	const u64 *header = (const u64 *)((const u8 *)from + XSAVE_HEADER);
	u64 present = header[0];
	u8 *fpu = t->arch.fpu;

	for (unsigned i = 1; i < XSAVE_HEADER_SIZE / 8; i++)
		if (header[i])
			return -EINVAL;
	if (present & ~frame_middle.present || ((present & 6) && bad_mxcsr(from)))
		return -EINVAL;
	memcpy(fpu, first_state, FPU_STATE_SIZE);
	if (present & 1) {
		memcpy(fpu, from, MXCSR);
		memcpy(fpu + 32, (const u8 *)from + 32, 128);
	}
	if (present & 2)
		memcpy(fpu + 160, (const u8 *)from + 160, 256);
	if (present & 6)
		memcpy(fpu + MXCSR, (const u8 *)from + MXCSR, 4);
	if (present & 4)
		memcpy(fpu + XSAVE_HEADER + XSAVE_HEADER_SIZE, (const u8 *)from + XSAVE_HEADER + XSAVE_HEADER_SIZE,
		       256);
	*(u64 *)(fpu + XSAVE_HEADER) = frame_middle.present;
	t->arch.user_cpu = -1;
	return 0;
}

/* ---- exceptions ---- */

int fpu_exception_code(bool simd)
{
	u32 pending, mxcsr;
	u16 control, status;

	if (simd) {
		asm volatile("stmxcsr %0" : "=m"(mxcsr));
		pending = ~(mxcsr >> 7) & mxcsr;
	} else {
		asm volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
		pending = status & ~(u32)control;
	}
	if (pending & 1)
		return FPE_FLTINV;
	if (pending & 4)
		return FPE_FLTDIV;
	if (pending & 8)
		return FPE_FLTOVF;
	if (pending & 0x12)
		return FPE_FLTUND;
	if (pending & 0x20)
		return FPE_FLTRES;
	return 0;
}
