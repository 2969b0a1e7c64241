// SPDX-License-Identifier: BSD-2-Clause
/*
 * The first program of a guest that `./janus run` boots: it mounts what a Linux system has, runs one
 * command (or a shell) on the console, says how it ended, and switches the machine off.
 *
 * What to run is written in /.janus by the host (ci/janus/guest.py): `config` has lines "KEY VALUE",
 * `argv` the command's words, each ended by a NUL.  Without them there is a shell, so the same
 * archive is of use by itself.  The host finds the command's output on the console between
 * two lines that carry an unguessable marker.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { ARGUMENTS = 4096, COMMAND_SIZE = 1 << 20 };

static struct {
	char marker[80];	/* "" when no host listens */
	char console[80];	/* a device below /dev */
	char term[80];
	bool pipe;		/* the host's end is a file or a pipe: bytes, not a terminal */
	int rows, columns;
} config = { .console = "console", .term = "linux" };

static char command_text[COMMAND_SIZE];
static char *command[ARGUMENTS + 1];

/* An error of init itself: said on the console, and the run goes on as far as it can. */
static void complain(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
}

static void mount_at(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) < 0 && errno != EBUSY && errno != ENODEV)
		complain(where);
}

static void mount_all(void)
{
	mount_at("proc", "/proc", NULL);
	mount_at("devtmpfs", "/dev", "mode=0755");
	mount_at("sysfs", "/sys", NULL);
	mount_at("tmpfs", "/tmp", "mode=1777");
	mount_at("devpts", "/dev/pts", "mode=0620,ptmxmode=0666");
	mount_at("tmpfs", "/dev/shm", "mode=1777");
}

static void read_config(void)
{
	char key[16], value[80];
	FILE *file = fopen("/.janus/config", "r");

	if (!file)
		return;
	while (fscanf(file, "%15s %79s", key, value) == 2) {
		if (!strcmp(key, "marker"))
			snprintf(config.marker, sizeof(config.marker), "%s", value);
		else if (!strcmp(key, "console"))
			snprintf(config.console, sizeof(config.console), "%s", value);
		else if (!strcmp(key, "term"))
			snprintf(config.term, sizeof(config.term), "%s", value);
		else if (!strcmp(key, "mode"))
			config.pipe = !strcmp(value, "pipe");
		else if (!strcmp(key, "rows"))
			config.rows = atoi(value);
		else if (!strcmp(key, "columns"))
			config.columns = atoi(value);
	}
	fclose(file);
}

static void read_command(void)
{
	static char *shell[] = { "/bin/sh", "-l", NULL };
	FILE *file = fopen("/.janus/argv", "r");
	size_t length = 0, count = 0;

	if (file) {
		length = fread(command_text, 1, sizeof(command_text) - 1, file);
		fclose(file);
	}
	for (char *word = command_text; word < command_text + length && count < ARGUMENTS;
	     word += strlen(word) + 1)
		command[count++] = word;
	if (!count)
		memcpy(command, shell, sizeof(shell));
}

/* The console as standard input, output and error. */
static void open_console(void)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", config.console);
	fd = open(path, O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		return;
	for (int standard = 0; standard < 3; standard++)
		dup2(fd, standard);
	if (fd > 2)
		close(fd);
}

/*
 * Bytes to and from the host unchanged: no echo, no carriage returns, no signals.  Lines are kept, so
 * that ^D can end the input; ^V quotes the next byte.
 */
static void prepare_pipe(struct termios *mode)
{
	mode->c_iflag = 0;
	mode->c_oflag = 0;
	mode->c_lflag = ICANON | IEXTEN;
	for (int n = 0; n < NCCS; n++)
		mode->c_cc[n] = 0;
	mode->c_cc[VEOF] = 'D' - '@';
	mode->c_cc[VLNEXT] = 'V' - '@';
	mode->c_cc[VMIN] = mode->c_cc[VMIN] ? mode->c_cc[VMIN] : 1;
}

static void prepare_console(void)
{
	struct winsize size = { .ws_row = config.rows, .ws_col = config.columns };
	struct termios mode;

	if (tcgetattr(0, &mode) < 0)
		return complain("console");
	if (config.pipe) {
		prepare_pipe(&mode);
	} else {
		mode.c_iflag |= ICRNL;
		mode.c_oflag |= OPOST | ONLCR;
		mode.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ISIG | IEXTEN;
	}
	if (tcsetattr(0, TCSANOW, &mode) < 0)
		complain("console");
	if (size.ws_row && size.ws_col)
		ioctl(0, TIOCSWINSZ, &size);
}

/* Write to the host, past stdio, in one piece. */
static void tell(const char *format, ...)
{
	char line[160];
	va_list args;
	int length, done = 0;

	if (!config.marker[0])
		return;
	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	while (done < length) {
		ssize_t wrote = write(1, line + done, length - done);

		if (wrote < 0 && errno != EINTR)
			return;
		done += wrote > 0 ? wrote : 0;
	}
	tcdrain(1);
}

/*
 * The command is a foreground job of init's own session: were it the session's leader, its end would
 * hang up the console and lose what the console has not yet sent.
 */
static void run_command(void)
{
	setpgid(0, 0);
	tcsetpgrp(0, getpid());
	signal(SIGTTOU, SIG_DFL);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin:/suite", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", config.term, 1);
	setenv("USER", "root", 1);
	setenv("SHELL", "/bin/sh", 1);
	if (chdir("/root") < 0 && chdir("/") < 0)
		complain("/");
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Wait for the command; children that lost their parent come here too. */
static int wait_for(pid_t pid)
{
	int status;

	for (;;) {
		pid_t found = waitpid(-1, &status, 0);

		if (found < 0 && errno != EINTR)
			return 125;
		if (found == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

int main(void)
{
	int status = 126;
	pid_t pid;

	umask(022);
	mount_all();
	read_config();
	read_command();
	open_console();
	sethostname("janus", 5);
	klogctl(8, NULL, 1);	/* the kernel's own messages would mix with the command's output */
	prepare_console();
	setsid();
	ioctl(0, TIOCSCTTY, 1);
	signal(SIGTTOU, SIG_IGN);	/* the console is given to the command, and taken back */
	tell("\n%s begin\n", config.marker);

	pid = fork();
	if (pid == 0)
		run_command();
	if (pid < 0)
		complain("fork");
	else
		status = wait_for(pid);

	tell("%s exit %d\n", config.marker, status);
	sync();
	reboot(RB_POWER_OFF);
	complain("power off");
	for (;;)
		pause();
}
