// SPDX-License-Identifier: BSD-2-Clause
/*
 * process_vm_readv and process_vm_writev: bytes of another process that one may trace.
 */
#include <sys/uio.h>

#include "machine.h"
#include "tracee.h"

static volatile unsigned long word = 0x1122334455667788;

TEST(processvm, "process_vm_readv and writev move bytes between two processes")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	char out[16] = { 0 };
	struct iovec local[2] = { { out, 3 }, { out + 8, 5 } }, remote = { (void *)&word, 8 };

	EXPECT_EQ(process_vm_readv(pid, local, 2, &remote, 1, 0), 8);
	EXPECT_MEMEQ(out, "\x88\x77\x66", 3);
	EXPECT_MEMEQ(out + 8, "\x55\x44\x33\x22\x11", 5);
	memset(out, 'x', 8);
	local[0].iov_len = 8;
	EXPECT_EQ(process_vm_writev(pid, local, 1, &remote, 1, 0), 8);
	EXPECT_EQ(word, 0x1122334455667788);
	EXPECT_EQ(process_vm_readv(pid, local, 1, &remote, 1, 0), 8);
	EXPECT_MEMEQ(out, "xxxxxxxx", 8);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}

TEST(processvm, "process_vm_*: what they refuse")
{
	struct gate gate = gate_new();
	pid_t pid = waiting_child(&gate);
	char out[16];
	struct iovec local = { out, 8 }, remote = { (void *)&word, 8 }, bad = { (void *)8, 8 };
	struct iovec code = { (void *)machine_probe_call, 8 };

	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1, 1), EINVAL);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &bad, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(pid, &bad, 1, &remote, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_writev(pid, &local, 1, &code, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(4000000, &local, 1, &remote, 1, 0), ESRCH);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, NULL, 1, 0), EFAULT);
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1025, 0), EINVAL);
	EXPECT_EQ(process_vm_readv(pid, &local, 1, &remote, 0, 0), 0);
	EXPECT_EQ(process_vm_readv(4000000, &local, 0, &remote, 1, 0), 0);
	EXPECT_EQ(process_vm_readv(pid, &local, 1, (struct iovec[]){ { (void *)&word, 4 }, bad }, 2, 0), 4);
	become_nobody();
	EXPECT_ERRNO(process_vm_readv(pid, &local, 1, &remote, 1, 0), EPERM);
	gate_open(&gate);
	EXPECT_EXIT(pid, 7);
}
