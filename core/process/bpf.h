/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF over a few words: what seccomp filters are. core/process/bpf.c. No locks; bpf_run in any context.
 */
#ifndef PROCESS_BPF_H
#define PROCESS_BPF_H

#include <uapi/seccomp.h>

/* May this program, 1 to BPF_MAXINSNS long, run on `size` bytes? 0: it ends, and stays in bounds; -EINVAL; -ENOMEM. */
int bpf_check(const struct sock_filter *prog, unsigned len, u32 size);
/* What such a program returns for these words, `size` bytes of them. */
u32 bpf_run(const struct sock_filter *prog, const u32 *words, u32 size);

#endif
