// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the subjects of mounts share: see mounting.h.
 */
#include "mounting.h"

static const char *top;

const char *set_up(void)
{
	top = scratch();
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	ASSERT_OK(mkdir("m", 0755));
	return top;
}

void tear_down(void)
{
	char path[128];

	if (chdir("/") < 0)
		return;
	snprintf(path, sizeof(path), "%s/m", top);
	while (umount2(path, MNT_DETACH) == 0)
		;
}
