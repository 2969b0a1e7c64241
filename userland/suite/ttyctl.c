// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a terminal is told by ioctl besides its modes: flow, queues, exclusive use, hanging up, packet mode, and its
 * other end. A pair of a pseudo terminal, both ends without waiting.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "ktap.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#define TIOCGPTLCK_ _IOR('T', 0x39, int)
#define TIOCGPKT_ _IOR('T', 0x38, int)
#define TIOCGEXCL_ _IOR('T', 0x40, int)

static int master, tty;
static char name[64];

static void open_pair(void)
{
	master = open_master(name);
	ASSERT_OK(fcntl(master, F_SETFL, O_NONBLOCK));
	tty = ASSERT_OK(open(name, O_RDWR | O_NOCTTY | O_NONBLOCK));
}

static void expect_shown(const char *want)
{
	char shown[100] = "";
	struct pollfd p = { .fd = master, .events = POLLIN };
	size_t got = 0;

	while (got < strlen(want)) {
		ASSERT_EQ(poll(&p, 1, -1), 1);
		got += ASSERT_OK(read(master, shown + got, sizeof(shown) - 1 - got));
	}
	EXPECT_STREQ(shown, want);
}

TEST(ttyctl, "TIOCSPTLCK locks the terminal: it cannot be opened until it is unlocked")
{
	int lock = 1, told = 0;

	open_pair();
	EXPECT_OK(ioctl(master, TIOCGPTLCK_, &told));
	EXPECT_EQ(told, 0);
	EXPECT_OK(ioctl(master, TIOCSPTLCK, &lock));
	EXPECT_OK(ioctl(master, TIOCGPTLCK_, &told));
	EXPECT_EQ(told, 1);
	EXPECT_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
	EXPECT_ERRNO(ioctl(master, TIOCSPTLCK, NULL), EFAULT);
	lock = 0;
	EXPECT_OK(ioctl(master, TIOCSPTLCK, &lock));
	EXPECT_OK(open(name, O_RDWR | O_NOCTTY));
}

TEST(ttyctl, "TIOCGPTPEER opens the other end without its name")
{
	struct stat mine, theirs;
	int peer;

	open_pair();
	peer = ASSERT_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	EXPECT_OK(fstat(peer, &mine));
	EXPECT_OK(fstat(tty, &theirs));
	EXPECT_EQ(mine.st_rdev, theirs.st_rdev);
	EXPECT_EQ(fcntl(peer, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(peer, F_GETFL) & O_ACCMODE, O_RDWR);
	EXPECT_EQ(write(peer, "hi", 2), 2);
	expect_shown("hi");
	EXPECT_ERRNO(ioctl(tty, TIOCGPTPEER, O_RDWR), EIO);
}

TEST(ttyctl, "what TIOCGPTPEER opened has its name below /dev/pts, and fdinfo tells the master's number")
{
	char link[64], text[64] = "", *number;
	int peer;

	open_pair();
	peer = ASSERT_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", peer);
	EXPECT_OK(readlink(link, text, sizeof(text) - 1));
	EXPECT_STREQ(text, name);
	number = strrchr(name, '/') + 1;
	snprintf(link, sizeof(link), "/proc/self/fdinfo/%d", master);
	snprintf(text, sizeof(text), "\ntty-index:\t%s\n", number);
	EXPECT_TRUE(strstr(slurp(link), text));
}

TEST(ttyctl, "a session's leader who opens a terminal controls it, not with O_NOCTTY, however it is opened")
{
	pid_t pid;

	open_pair();
	pid = ktap_fork();
	if (pid == 0) {
		int own;

		ASSERT_OK(setsid());
		own = ASSERT_OK(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
		EXPECT_EQ(fcntl(own, F_GETFL) & ~O_LARGEFILE, O_RDWR);
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		EXPECT_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		EXPECT_OK(open(name, O_WRONLY));
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		EXPECT_OK(open(name, O_RDONLY));
		EXPECT_OK(open("/dev/tty", O_RDWR));
		EXPECT_EQ(tcgetsid(own), getpid());
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(setsid());
		EXPECT_OK(ioctl(master, TIOCGPTPEER, O_RDWR));
		EXPECT_OK(open("/dev/tty", O_RDWR));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(ttyctl, "the old struct termio gives the low halves, and sets them")
{
	struct { unsigned short iflag, oflag, cflag, lflag; unsigned char line, cc[8]; } old;
	struct termios t;

	open_pair();
	EXPECT_OK(ioctl(tty, TCGETA, &old));
	EXPECT_OK(tcgetattr(tty, &t));
	EXPECT_EQ(old.lflag, t.c_lflag & 0xffff);
	EXPECT_EQ(old.iflag, t.c_iflag & 0xffff);
	EXPECT_EQ(old.cc[VINTR], t.c_cc[VINTR]);
	old.lflag &= ~ECHO;
	old.cc[VINTR] = 7;
	EXPECT_OK(ioctl(tty, TCSETA, &old));
	EXPECT_OK(tcgetattr(tty, &t));
	EXPECT_EQ(t.c_lflag & ECHO, 0);
	EXPECT_EQ(t.c_cc[VINTR], 7);
	old.lflag |= ECHO;
	EXPECT_OK(ioctl(tty, TCSETAW, &old));
	EXPECT_OK(ioctl(tty, TCSETAF, &old));
	EXPECT_OK(tcgetattr(tty, &t));
	EXPECT_EQ(t.c_lflag & ECHO, ECHO);
	EXPECT_ERRNO(ioctl(tty, TCSETA, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(tty, TCGETA, NULL), EFAULT);
}

TEST(ttyctl, "TCXONC: output held by TCOOFF waits, TCOON lets it go")
{
	open_pair();
	EXPECT_OK(tcflow(tty, TCOOFF));
	EXPECT_ERRNO(write(tty, "x", 1), EAGAIN);
	EXPECT_OK(tcflow(tty, TCOON));
	EXPECT_EQ(write(tty, "y", 1), 1);
	expect_shown("y");
	EXPECT_ERRNO(ioctl(tty, TCXONC, 9), EINVAL);
}

TEST(ttyctl, "TCXONC: TCIOFF and TCION send the stop and start characters")
{
	open_pair();
	EXPECT_OK(tcflow(tty, TCIOFF));
	expect_shown("\x13");
	EXPECT_OK(tcflow(tty, TCION));
	expect_shown("\x11");
}

TEST(ttyctl, "IXON: a typed stop character holds the output until the start character comes")
{
	struct pollfd p = { .fd = tty, .events = POLLOUT };

	open_pair();
	p.fd = tty;
	EXPECT_EQ(write(master, "\x13", 1), 1);
	while (poll(&p, 1, 0) == 1)
		sched_yield();
	EXPECT_ERRNO(write(tty, "x", 1), EAGAIN);
	EXPECT_EQ(write(master, "\x11", 1), 1);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(write(tty, "x", 1), 1);
	expect_shown("x");
}

TEST(ttyctl, "TCFLSH throws typed keys away, of the kind it is told")
{
	int n = 0;
	char c;

	open_pair();
	EXPECT_EQ(write(master, "abc\n", 4), 4);
	while (n < 4) {
		ASSERT_OK(ioctl(tty, FIONREAD, &n));
		sched_yield();
	}
	EXPECT_OK(tcflush(tty, TCOFLUSH));
	EXPECT_OK(ioctl(tty, FIONREAD, &n));
	EXPECT_EQ(n, 4);
	EXPECT_OK(tcflush(tty, TCIFLUSH));
	EXPECT_OK(ioctl(tty, FIONREAD, &n));
	EXPECT_EQ(n, 0);
	EXPECT_ERRNO(read(tty, &c, 1), EAGAIN);
	EXPECT_OK(tcflush(tty, TCIOFLUSH));
	EXPECT_ERRNO(ioctl(tty, TCFLSH, 3), EINVAL);
}

TEST(ttyctl, "TIOCOUTQ and FIONREAD of the master")
{
	int n = -1;

	open_pair();
	EXPECT_OK(ioctl(tty, TIOCOUTQ, &n));
	EXPECT_EQ(n, 0);
	EXPECT_ERRNO(ioctl(tty, TIOCOUTQ, NULL), EFAULT);
	EXPECT_ERRNO(ioctl(tty, FIONREAD, NULL), EFAULT);
}

TEST(ttyctl, "TIOCEXCL: others than root cannot open it until TIOCNXCL")
{
	int told = -1;

	open_pair();
	EXPECT_OK(ioctl(tty, TIOCGEXCL_, &told));
	EXPECT_EQ(told, 0);
	EXPECT_OK(ioctl(tty, TIOCEXCL));
	EXPECT_OK(ioctl(tty, TIOCGEXCL_, &told));
	EXPECT_EQ(told, 1);
	EXPECT_OK(open(name, O_RDWR | O_NOCTTY));
	EXPECT_OK(chmod(name, 0666));
	if (!ktap_fork()) {
		become_nobody();
		EXPECT_ERRNO(open(name, O_RDWR | O_NOCTTY), EBUSY);
		_exit(0);
	}
	wait(NULL);
	EXPECT_OK(ioctl(tty, TIOCNXCL));
	if (!ktap_fork()) {
		become_nobody();
		EXPECT_OK(open(name, O_RDWR | O_NOCTTY));
		_exit(0);
	}
	wait(NULL);
}

TEST(ttyctl, "the line discipline is N_TTY and no unknown one can be set")
{
	int number = -1, none = 77;

	open_pair();
	EXPECT_OK(ioctl(tty, TIOCGETD, &number));
	EXPECT_EQ(number, 0);
	EXPECT_OK(ioctl(tty, TIOCSETD, &number));
	EXPECT_ERRNO(ioctl(tty, TIOCSETD, &none), EINVAL);
	EXPECT_ERRNO(ioctl(tty, TIOCSETD, NULL), EFAULT);
}

TEST(ttyctl, "a break and a drain of an empty terminal return")
{
	open_pair();
	EXPECT_OK(tcdrain(tty));
	EXPECT_OK(tcsendbreak(tty, 0));
	EXPECT_OK(ioctl(tty, TCSBRKP, 0));
}

TEST(ttyctl, "packet mode: a byte of 0 before output, and a status byte for what the terminal was told")
{
	unsigned char got[20] = { 0 };
	struct pollfd p = { .events = POLLIN | POLLPRI };
	int on = 1, told = -1;

	open_pair();
	p.fd = master;
	EXPECT_OK(ioctl(master, TIOCPKT, &on));
	EXPECT_OK(ioctl(master, TIOCGPKT_, &told));
	EXPECT_EQ(told, 1);
	EXPECT_EQ(write(tty, "hello", 5), 5);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(read(master, got, sizeof(got)), 6);
	EXPECT_MEMEQ(got, "\0hello", 6);
	EXPECT_OK(tcflush(tty, TCIFLUSH));
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents & POLLPRI, POLLPRI);
	EXPECT_EQ(read(master, got, sizeof(got)), 1);
	EXPECT_EQ(got[0], TIOCPKT_FLUSHREAD);
	EXPECT_OK(tcflow(tty, TCOOFF));
	EXPECT_EQ(read(master, got, sizeof(got)), 1);
	EXPECT_EQ(got[0], TIOCPKT_STOP);
	EXPECT_OK(tcflow(tty, TCOON));
	EXPECT_EQ(read(master, got, sizeof(got)), 1);
	EXPECT_EQ(got[0], TIOCPKT_START);
	on = 0;
	EXPECT_OK(ioctl(master, TIOCPKT, &on));
	EXPECT_EQ(write(tty, "x", 1), 1);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(read(master, got, sizeof(got)), 1);
	EXPECT_EQ(got[0], 'x');
	EXPECT_ERRNO(ioctl(master, TIOCPKT, NULL), EFAULT);
}

TEST(ttyctl, "the master polls for output, and hangs up when the last terminal is closed")
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char c;

	open_pair();
	p.fd = master;
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	EXPECT_ERRNO(read(master, &c, 1), EAGAIN);
	EXPECT_EQ(write(tty, "x", 1), 1);
	p.events = POLLIN;
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents, POLLIN);
	EXPECT_EQ(read(master, &c, 1), 1);
	close(tty);
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents & POLLHUP, POLLHUP);
	EXPECT_ERRNO(read(master, &c, 1), EIO);
}

TEST(ttyctl, "a master that waits is woken by output, and by the last close")
{
	char c;
	pid_t child;

	open_pair();
	ASSERT_OK(fcntl(master, F_SETFL, O_RDWR));
	child = ktap_fork();
	if (!child) {
		close(tty);
		EXPECT_EQ(read(master, &c, 1), 1);
		EXPECT_EQ(c, 'x');
		EXPECT_ERRNO(read(master, &c, 1), EIO);
		_exit(0);
	}
	wait_until_blocked(child);
	EXPECT_EQ(write(tty, "x", 1), 1);
	wait_until_blocked(child);
	close(tty);
	EXPECT_EXIT(child, 0);
}

TEST(ttyctl, "a master that types more than the terminal keeps waits until it is read")
{
	char keys[8192], got[4096];
	struct termios t;
	size_t n = 0;
	pid_t child;

	open_pair();
	ASSERT_OK(tcgetattr(tty, &t));
	cfmakeraw(&t);
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
	ASSERT_OK(fcntl(tty, F_SETFL, O_RDWR));
	memset(keys, 'k', sizeof(keys));
	ASSERT_OK(fcntl(master, F_SETFL, O_RDWR));
	child = ktap_fork();
	if (!child) {
		for (size_t done = 0; done < 4 * sizeof(keys); done += ASSERT_OK(write(master, keys, sizeof(keys))))
			;
		_exit(0);
	}
	while (n < 4 * sizeof(keys))
		n += ASSERT_OK(read(tty, got, sizeof(got)));
	EXPECT_EXIT(child, 0);
}

TEST(ttyctl, "TIOCVHANGUP is root's: open descriptors read 0 and write EIO, a new one works")
{
	struct pollfd p = { .events = POLLIN };
	char c;
	int again;

	open_pair();
	if (!ktap_fork()) {
		become_nobody();
		EXPECT_ERRNO(ioctl(tty, TIOCVHANGUP), EPERM);
		_exit(0);
	}
	wait(NULL);
	EXPECT_OK(ioctl(tty, TIOCVHANGUP));
	EXPECT_EQ(read(tty, &c, 1), 0);
	EXPECT_ERRNO(write(tty, "x", 1), EIO);
	EXPECT_ERRNO(ioctl(tty, FIONREAD, &c), EIO);
	p.fd = tty;
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(p.revents & POLLHUP, POLLHUP);
	again = EXPECT_OK(open(name, O_RDWR | O_NOCTTY));
	if (again >= 0)
		EXPECT_EQ(write(again, "y", 1), 1);
}

TEST(ttyctl, "vhangup hangs up the session's terminal and is EPERM for a user")
{
	pid_t child = ktap_fork();

	if (!child) {
		char c;

		open_pair();
		handle(SIGHUP, SIG_IGN, 0);
		setsid();
		ASSERT_OK(ioctl(tty, TIOCSCTTY, 0));
		EXPECT_OK(vhangup());
		EXPECT_EQ(read(tty, &c, 1), 0);
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		become_nobody();
		EXPECT_ERRNO(vhangup(), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(child, 0);
}

TEST(ttyctl, "TIOCGDEV tells the number that stat tells")
{
	struct stat s;
	unsigned dev = 0;

	open_pair();
	EXPECT_OK(ioctl(tty, _IOR('T', 0x32, unsigned), &dev));
	EXPECT_OK(fstat(tty, &s));
	EXPECT_EQ(dev, s.st_rdev);
	EXPECT_OK(ioctl(master, _IOR('T', 0x32, unsigned), &dev));
	EXPECT_EQ(dev, s.st_rdev);
}

TEST(ttyctl, "ECHOPRT and ECHOKE show what is erased; an erased tab and a control key take their width back")
{
	struct termios t;

	open_pair();
	EXPECT_EQ(write(master, "ab\x7f", 3), 3);
	expect_shown("ab\b \b");
	EXPECT_EQ(write(master, "\x01\x7f", 2), 2);
	expect_shown("^A\b \b\b \b");
	EXPECT_EQ(write(master, "\t\x7f", 2), 2);
	expect_shown("\t\b\b\b\b\b\b\b");
	ASSERT_OK(tcgetattr(tty, &t));
	t.c_lflag |= ECHOPRT;
	ASSERT_OK(tcsetattr(tty, TCSANOW, &t));
	EXPECT_EQ(write(master, "bc\x7f\x7f" "d\n", 6), 6);
	expect_shown("bc\\cb/d\r\n");
}

TEST(ttyctl, "the 257th terminal has a minor number of its own, and is another than the first")
{
	struct pollfd p = { .events = POLLIN };
	int masters[300], n = 0, number, unlock = 0;
	struct stat st;
	char c = 0;

	do {
		masters[n] = ASSERT_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
		ASSERT_OK(ioctl(masters[n], TIOCSPTLCK, &unlock));
		ASSERT_OK(ioctl(masters[n], TIOCGPTN, &number));
	} while (number < 256 && ++n < 300);
	ASSERT_EQ(number, 256);
	tty = ASSERT_OK(open("/dev/pts/256", O_RDWR | O_NOCTTY));
	ASSERT_OK(fstat(tty, &st));
	EXPECT_EQ(st.st_rdev, makedev(136, 256));
	EXPECT_EQ(write(tty, "x", 1), 1);
	p.fd = masters[n];
	EXPECT_EQ(poll(&p, 1, -1), 1);
	EXPECT_EQ(read(masters[n], &c, 1), 1);
	EXPECT_EQ(c, 'x');
}

TEST(ttyctl, "a node of a terminal that is gone opens nothing, though the number is used again")
{
	char path[64], again[64];
	int old, number;
	struct stat st;

	open_pair();
	ASSERT_OK(fstat(tty, &st));
	old = ASSERT_OK(open(name, O_PATH));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", old);
	close(ASSERT_OK(open(path, O_RDWR | O_NOCTTY)));
	close(tty);
	close(master);
	strcpy(again, name);
	open_pair();
	ASSERT_OK(ioctl(master, TIOCGPTN, &number));
	EXPECT_STREQ(name, again);
	EXPECT_ERRNO(open(path, O_RDWR | O_NOCTTY), EIO);
	scratch();
	ASSERT_OK(mknod("node", S_IFCHR | 0600, st.st_rdev));
	EXPECT_ERRNO(open("node", O_RDWR | O_NOCTTY), EIO);
}

#define TIOCGLCKTRMIOS_ 0x5456
#define TIOCSLCKTRMIOS_ 0x5457

TEST(ttyctl, "TIOCSLCKTRMIOS: the modes that are locked stay as they are")
{
	struct { unsigned flags[4]; unsigned char line, cc[19]; } locked = { { 0 }, 0, { 0 } }, told;
	struct termios t;

	open_pair();
	EXPECT_OK(ioctl(tty, TIOCGLCKTRMIOS_, &told));
	EXPECT_MEMEQ(&told, &locked, sizeof(told));
	locked.flags[3] = ECHO;
	locked.cc[VERASE] = 1;
	EXPECT_OK(ioctl(tty, TIOCSLCKTRMIOS_, &locked));
	EXPECT_OK(ioctl(master, TIOCGLCKTRMIOS_, &told));
	EXPECT_MEMEQ(&told, &locked, sizeof(told));
	ASSERT_OK(tcgetattr(tty, &t));
	t.c_lflag &= ~(ECHO | ICANON);
	t.c_cc[VERASE] = 'x';
	t.c_cc[VKILL] = 'y';
	EXPECT_OK(tcsetattr(tty, TCSANOW, &t));
	ASSERT_OK(tcgetattr(tty, &t));
	EXPECT_EQ(t.c_lflag & (ECHO | ICANON), ECHO);
	EXPECT_EQ(t.c_cc[VERASE], 0x7f);
	EXPECT_EQ(t.c_cc[VKILL], 'y');
	EXPECT_ERRNO(ioctl(tty, TIOCSLCKTRMIOS_, NULL), EFAULT);
	become_nobody();
	EXPECT_ERRNO(ioctl(tty, TIOCSLCKTRMIOS_, &locked), EPERM);
	EXPECT_OK(ioctl(tty, TIOCGLCKTRMIOS_, &told));
}
