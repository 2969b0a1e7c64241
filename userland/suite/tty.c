// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line discipline, seen from both sides of a pseudo-terminal: editing, echo, modes, sizes.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/times.h>
#include <termios.h>

#include "ktap.h"

static int master, tty;

static void open_pair(void)
{
	char name[64];

	master = open_master(name);
	tty = ASSERT_OK(open(name, O_RDWR | O_NOCTTY));
}

static void set_mode(tcflag_t clear_l, tcflag_t set_l)
{
	struct termios t;

	ASSERT_OK(tcgetattr(tty, &t));
	t.c_lflag = (t.c_lflag & ~clear_l) | set_l;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
}

static void set_raw(int min, int time)
{
	struct termios t;

	ASSERT_OK(tcgetattr(tty, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
}

static void type(const char *keys)
{
	ASSERT_EQ(write(master, keys, strlen(keys)), strlen(keys));
}

static void expect_line(const char *want)
{
	char line[300];
	ssize_t n = ASSERT_OK(read(tty, line, sizeof(line) - 1));

	line[n] = 0;
	EXPECT_STREQ(line, want);
}

/* What the terminal showed: read until `want` bytes have come. */
static void expect_echo(const char *want)
{
	char shown[300];
	size_t got = 0;

	while (got < strlen(want))
		got += ASSERT_OK(read(master, shown + got, strlen(want) - got));
	shown[got] = 0;
	EXPECT_STREQ(shown, want);
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* Typed keys go through a queue of the kernel's: wait until they can be read. */
static void settle(int bytes)
{
	int n = 0;

	while (n < bytes) {
		ASSERT_OK(ioctl(tty, FIONREAD, &n));
		sched_yield();
	}
}

TEST(tty, "a line is read when its newline is typed, not before")
{
	open_pair();
	type("hel");
	EXPECT_TRUE(!readable(tty));
	type("lo\n");
	expect_line("hello\n");
}

TEST(tty, "a long line is read in pieces, a second line by a second read")
{
	char part[4];

	open_pair();
	type("hello\nworld\n");
	EXPECT_EQ(read(tty, part, 3), 3);
	EXPECT_MEMEQ(part, "hel", 3);
	expect_line("lo\n");
	expect_line("world\n");
}

TEST(tty, "erase, word erase and kill edit the line")
{
	open_pair();
	type("helx\x7flo\n");
	expect_line("hello\n");
	type("one two\x17three\n");
	expect_line("one three\n");
	type("gone\x15stays\n");
	expect_line("stays\n");
	type("\x7f\x7fok\n");
	expect_line("ok\n");
}

TEST(tty, "Ctrl-D alone reads as 0, after letters it ends the line without a newline")
{
	char c;

	open_pair();
	type("\x04");
	EXPECT_EQ(read(tty, &c, 1), 0);
	type("abc\x04");
	expect_line("abc");
}

TEST(tty, "Ctrl-V takes the next key as it is")
{
	open_pair();
	type("a\x16\x03z\n");
	expect_line("a\x03z\n");
}

TEST(tty, "a carriage return is read as a newline")
{
	open_pair();
	type("abc\r");
	expect_line("abc\n");
}

TEST(tty, "what is typed is echoed, a newline as two characters, control keys as ^X")
{
	open_pair();
	type("ab\n");
	expect_echo("ab\r\n");
	type("\x01\n");
	expect_echo("^A\r\n");
	type("x\x7f\n");
	expect_echo("x\b \b\r\n");
}

TEST(tty, "without ECHO nothing is shown")
{
	open_pair();
	set_mode(ECHO, 0);
	type("secret\n");
	expect_line("secret\n");
	EXPECT_TRUE(!readable(master));
}

TEST(tty, "output: a newline becomes carriage return and newline, unless OPOST is off")
{
	struct termios t;

	open_pair();
	EXPECT_EQ(write(tty, "a\nb", 3), 3);
	expect_echo("a\r\nb");
	ASSERT_OK(tcgetattr(tty, &t));
	t.c_oflag &= ~OPOST;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
	EXPECT_EQ(write(tty, "a\nb", 3), 3);
	expect_echo("a\nb");
}

TEST(tty, "raw: each key is read at once, with its value unchanged")
{
	char c;

	open_pair();
	set_raw(1, 0);
	type("\r");
	EXPECT_EQ(read(tty, &c, 1), 1);
	EXPECT_EQ(c, '\r');
	type("\x03");
	EXPECT_EQ(read(tty, &c, 1), 1);
	EXPECT_EQ(c, 3);
	EXPECT_TRUE(!readable(master));
}

TEST(tty, "raw: VMIN 0 and VTIME 0 return at once with what there is")
{
	char c[4];

	open_pair();
	set_raw(0, 0);
	EXPECT_EQ(read(tty, c, 4), 0);
	type("ab");
	settle(2);
	EXPECT_EQ(read(tty, c, 4), 2);
}

TEST(tty, "raw: VMIN 3 waits for three keys")
{
	pid_t pid;
	char c[8];

	open_pair();
	set_raw(3, 0);
	pid = ktap_fork();
	if (pid == 0)
		_exit(read(tty, c, 8));
	type("a");
	type("b");
	wait_until_blocked(pid);
	type("c");
	EXPECT_EXIT(pid, 3);
}

TEST(tty, "raw: VTIME ends a read of nothing after its tenths of a second")
{
	clock_t began;
	char c;

	open_pair();
	set_raw(0, 1);
	began = times(NULL);		/* by ticks, as the read's time: others may be ahead of them */
	EXPECT_EQ(read(tty, &c, 1), 0);
	EXPECT_TRUE(times(NULL) - began >= 8);
}

TEST(tty, "O_NONBLOCK: a read of no line is EAGAIN")
{
	char c;

	open_pair();
	ASSERT_OK(fcntl(tty, F_SETFL, O_NONBLOCK));
	type("half");
	EXPECT_ERRNO(read(tty, &c, 1), EAGAIN);
}

TEST(tty, "tcgetattr gives back what tcsetattr set")
{
	struct termios t, back;

	open_pair();
	ASSERT_OK(tcgetattr(tty, &t));
	EXPECT_TRUE(t.c_lflag & ICANON);
	EXPECT_TRUE(t.c_lflag & ECHO);
	EXPECT_TRUE(t.c_iflag & ICRNL);
	EXPECT_EQ(t.c_cc[VINTR], 3);
	t.c_cc[VINTR] = 7;
	t.c_lflag &= ~(ISIG | ECHOE);
	ASSERT_OK(tcsetattr(tty, TCSADRAIN, &t));
	ASSERT_OK(tcgetattr(tty, &back));
	EXPECT_EQ(back.c_cc[VINTR], 7);
	EXPECT_EQ(back.c_lflag, t.c_lflag);
	EXPECT_EQ(back.c_iflag, t.c_iflag);
}

TEST(tty, "TCSAFLUSH throws typed keys away")
{
	struct termios t;

	open_pair();
	type("lost\n");
	settle(5);
	ASSERT_OK(tcgetattr(tty, &t));
	ASSERT_OK(tcsetattr(tty, TCSAFLUSH, &t));
	EXPECT_TRUE(!readable(tty));
	type("kept\n");
	expect_line("kept\n");
}

TEST(tty, "the window's size is kept, and a change is a SIGWINCH for the foreground")
{
	struct winsize size = { 24, 80, 0, 0 }, back = { 0 };

	open_pair();
	EXPECT_OK(ioctl(master, TIOCSWINSZ, &size));
	EXPECT_OK(ioctl(tty, TIOCGWINSZ, &back));
	EXPECT_EQ(back.ws_row, 24);
	EXPECT_EQ(back.ws_col, 80);
}

TEST(tty, "isatty says yes to both sides and no to a pipe")
{
	int fds[2];

	open_pair();
	ASSERT_OK(pipe(fds));
	EXPECT_EQ(isatty(tty), 1);
	EXPECT_EQ(isatty(master), 1);
	EXPECT_EQ(isatty(fds[0]), 0);
	EXPECT_EQ(errno, ENOTTY);
}

TEST(tty, "FIONREAD counts what can be read")
{
	int n = -1;

	open_pair();
	type("abc\n");
	settle(4);
	EXPECT_TRUE(readable(tty));
	EXPECT_OK(ioctl(tty, FIONREAD, &n));
	EXPECT_EQ(n, 4);
}

TEST(tty, "closing the terminal's last descriptor is EIO for the other side")
{
	char c;

	open_pair();
	close(tty);
	EXPECT_ERRNO(read(master, &c, 1), EIO);
}

TEST(tty, "lseek is ESPIPE, and an unknown ioctl ENOTTY")
{
	open_pair();
	EXPECT_ERRNO(lseek(tty, 0, SEEK_CUR), ESPIPE);
	EXPECT_ERRNO(ioctl(tty, 0x54ff, 0), ENOTTY);
}

static void set_input(tcflag_t flags)
{
	struct termios t;

	ASSERT_OK(tcgetattr(tty, &t));
	cfmakeraw(&t);
	t.c_iflag |= flags;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
}

TEST(tty, "with PARMRK a byte of 0xff is doubled, without it or with ISTRIP it is not")
{
	unsigned char bytes[8];

	open_pair();
	set_input(PARMRK);
	type("a\377b");
	EXPECT_EQ(read(tty, bytes, sizeof(bytes)), 4);
	EXPECT_MEMEQ(bytes, "a\377\377b", 4);
	set_input(0);
	type("a\377b");
	EXPECT_EQ(read(tty, bytes, sizeof(bytes)), 3);
	EXPECT_MEMEQ(bytes, "a\377b", 3);
	set_input(PARMRK | ISTRIP);
	type("a\377b");
	EXPECT_EQ(read(tty, bytes, sizeof(bytes)), 3);
	EXPECT_MEMEQ(bytes, "a\177b", 3);
}

TEST(tty, "TIOCSTI types on one's own terminal; on another's it is EPERM for a user")
{
	pid_t pid;

	open_pair();
	set_raw(1, 0);
	EXPECT_OK(ioctl(tty, TIOCSTI, "r"));
	expect_line("r");
	pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		EXPECT_ERRNO(ioctl(tty, TIOCSTI, "x"), EPERM);
		ASSERT_OK(setsid());
		EXPECT_ERRNO(ioctl(tty, TIOCSTI, "x"), EPERM);
		ASSERT_OK(ioctl(tty, TIOCSCTTY, 0));
		EXPECT_OK(ioctl(tty, TIOCSTI, "o"));
		EXPECT_ERRNO(ioctl(tty, TIOCSTI, (char *)16), EFAULT);
		expect_line("o");
		signal(SIGHUP, SIG_IGN);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(tty, "TIOCSIG is the master's, for the signals of keys only")
{
	open_pair();
	EXPECT_ERRNO(ioctl(master, TIOCSIG, 0), EINVAL);
	EXPECT_ERRNO(ioctl(master, TIOCSIG, SIGKILL), EINVAL);
	EXPECT_ERRNO(ioctl(master, TIOCSIG, 1000), EINVAL);
	EXPECT_OK(ioctl(master, TIOCSIG, SIGINT));	/* nobody is in the foreground */
	EXPECT_ERRNO(ioctl(tty, TIOCSIG, SIGINT), ENOTTY);
}
