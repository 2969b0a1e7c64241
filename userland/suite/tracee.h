/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tracee: what the subjects of tracing share. A child that is traced and stopped, how it goes on, and its general
 * registers. What goes wrong here ends the subtest.
 */
#ifndef SUITE_TRACEE_H
#define SUITE_TRACEE_H

#include <elf.h>
#include <sys/ptrace.h>

#include "ktap.h"

#define STOPPED_BY(sig) ((sig) << 8 | 0x7f)
#define STOPPED_AT(event) (SIGTRAP << 8 | (event) << 16 | 0x7f)
#define IN_CALL STOPPED_BY(SIGTRAP | 0x80)		/* with PTRACE_O_TRACESYSGOOD */

/* A child that asks to be traced, stops itself, and then does `run`. It is stopped when we return. */
pid_t traced_child(void (*run)(void));
/* A child that nobody traces yet; it lives until `gate` is opened and ends with 7. */
pid_t waiting_child(struct gate *gate);

/* What a child may do. */
void do_nothing(void);
void execute_self(void);				/* this program again, by ktap_reexec() */
/* raise() would block all signals for the time of it. */
void signal_self(int sig);

/* Wait for it: its status must be this. */
void expect_status(pid_t pid, int want);
/* PTRACE_CONT or another request that lets it go on, with a signal or 0. */
void go_on(long request, pid_t pid, long sig);
/* Wait for it to stop at PTRACE_EVENT_*; or let it go on there, with a signal or 0. The event's message. */
unsigned long event_of(pid_t pid, int event);
unsigned long run_to_event(pid_t pid, long sig, int event);
/* It goes on, and exits with `code`. */
void ends(pid_t pid, int code);

/* MACHINE_TRACE_WORDS general registers. set_regs: -1 and errno, as ptrace(). */
void get_regs(pid_t pid, unsigned long *regs);
int set_regs(pid_t pid, unsigned long *regs);
/* One of them, by MACHINE_TRACE_*. */
void set_reg(pid_t pid, int which, unsigned long value);

#endif
