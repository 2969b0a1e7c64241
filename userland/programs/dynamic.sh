#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Debian's dynamically linked programs (packages.PROGRAMS in ci/janus), as real-programs.sh does it: each
# `t TITLE COMMAND` prints what the command prints and its status, and must print the same on Janus as on Linux.

t() {
	echo "== $1"
	( eval "$2" ) >/tmp/dynamic.out 2>&1 </dev/null
	local status=$?
	cat /tmp/dynamic.out
	echo "-- $status"
}

ln -s /proc/self/fd /dev/fd
mkdir /tmp/dynamic && cd /tmp/dynamic || exit 1
export GIT_PAGER=cat LC_ALL=C PATH=/usr/bin:/bin HOME=/tmp/dynamic
triplet=$(uname -m)-linux-gnu
cc1=/usr/lib/gcc/$triplet/12/cc1
libs=/usr/lib/$triplet
loader=$(echo /lib*/ld-linux-*.so.*)
seq 1 20000 | awk '{ print ($1 * 7919) % 20011, "word" $1 % 97 }' >data

compile() {	# NAME: NAME.c becomes the dynamic program NAME
	$cc1 -quiet -O1 -imultiarch "$triplet" "$1.c" -o "$1.s" && "$triplet-as" "$1.s" -o "$1.o" &&
	"$triplet-ld" -dynamic-linker "$loader" -o "$1" $libs/crt1.o $libs/crti.o "$1.o" -L$libs -lc $libs/crtn.o
}

t "ld.so: a program's libraries" 'ldd() { LD_TRACE_LOADED_OBJECTS=1 "$@"; }; ldd /bin/bash | sed "s/ (0x.*//" | grep -c "=>"; $loader --verify /bin/bash; $loader /bin/true'
t "ld.so: a library that is missing" 'cp /bin/bash b; mkdir none; $loader --inhibit-cache --library-path none ./b -c : | sed "s/.*error/error/"'
t "bash: arrays, arithmetic, regular expressions" 'bash -c "a=(x y z); declare -A m=([k]=v); echo \${#a[@]} \${m[k]} \$((2**40)); [[ abc123 =~ ([a-z]+)([0-9]+) ]] && echo \${BASH_REMATCH[2]}"'
t "bash: process substitution and here strings" 'bash -c "diff <(seq 3) <(seq 4); cat <<<here; read -r x < <(echo sub); echo \$x"'
t "bash: coprocess, job control, traps" 'bash -c "coproc cat; echo through >&\${COPROC[1]}; read -r l <&\${COPROC[0]}; echo \$l; kill \$COPROC_PID; wait \$COPROC_PID; trap \"echo int\" INT; kill -INT \$\$; set -m; sleep 9 & kill -STOP %1; kill -CONT %1; kill %1; wait %1; echo \$?"'
t "bash: ulimit, umask, times of files" 'bash -c "ulimit -c; umask 077; : >private; [[ -O private && ! -x private ]] && stat -c %a private; exec 9>&-; echo \$BASH_SUBSHELL \$(echo \$BASH_SUBSHELL)"'
t "bash: a name it cannot run" 'bash -c "nosuch; /tmp; ./data; exit 3"'
t "coreutils: ls, stat, du" 'mkdir d; ln -s data d/l; mkfifo d/p; /bin/ls -lA --time-style=+ d | tail -n 2 | cut -c1-10; stat -c "%F %h %s" d/l d/p; du --apparent-size -b data'
t "coreutils: cp keeps holes, links, times and attributes" 'truncate -s 1M hole; echo end >>hole; cp --sparse=always hole hole2; cmp hole hole2; [ $(stat -c %b hole2) -lt 64 ] && echo sparse; touch -d "2001-01-01 UTC" data2; cp -a data2 data3; stat -c %Y data3; ln data2 data4; cp -a data2 data4 d; stat -c %h d/data4'
t "coreutils: sort in parallel and merge" 'sort --parallel=4 -n data | md5sum; sort -k2 -u data | wc -l; sort -S 64k -T . data | md5sum'
t "coreutils: tac, shuf, split, join, comm, numfmt" 'seq 9 | tac | paste -sd,; shuf -n 5 --random-source=data data | md5sum; split -n 4 data piece. && cat piece.* | cmp - data; join <(seq 3) <(seq 2 4) 2>/dev/null; seq 3 >s3; seq 2 4 >s4; comm s3 s4; numfmt --to=iec 1048576'
t "coreutils: timeout, nice, nohup, env, stdbuf" 'timeout 0.1 sleep 9; echo $?; bash -c "timeout -s KILL 0.1 sleep 9; exit \$?" 2>/dev/null; echo $?; nice -n 5 nice; env -i X=1 env; nohup echo kept 2>/dev/null; nproc --all'
t "coreutils: dd, tee, cat through pipes" 'dd if=/dev/zero bs=64k count=32 2>/dev/null | tee copy | sha256sum; cmp copy <(head -c 2097152 /dev/zero) 2>/dev/null; cat data data | wc; tail -c 20 data'
t "coreutils: rm -r of a deep tree, realpath, mktemp" 'p=deep; for i in $(seq 60); do p=$p/n; done; mkdir -p $p; realpath $p | wc -c; rm -r deep; ls -d deep; f=$(mktemp -p .); stat -c %a $f; rm $f'
t "coreutils: tail follows a growing file" 'echo one >grow; tail ---disable-inotify -n +1 -f grow >seen & p=$!; until grep -q one seen 2>/dev/null; do :; done; echo two >>grow; until grep -q two seen || ! kill -0 $p; do :; done; kill $p; cat seen'
t "diff and patch-like comparison" 'seq 100 >a1; seq 100 | sed 50d >a2; diff -u a1 a2 | tail -n +3; cmp a1 a2; diff3 a1 a2 a1 | head -n 3'
t "gawk: sorting, printf, co-process" 'gawk "{ s[\$2] += \$1 } END { n = asorti(s, k); for (i = 1; i <= 3; i++) printf \"%s %d\n\", k[i], s[k[i]] }" data; gawk "BEGIN { c = \"sort -n\"; print 3 |& c; print 1 |& c; close(c, \"to\"); while ((c |& getline l) > 0) print l; print strftime(\"%Y\", 0, 1) }"'
t "bc: a hundred digits" 'echo "scale=60; 4*a(1)" | bc -l; echo "2^200" | bc'
t "perl: hashes, sockets, fork, signals" 'perl -e "my %h; \$h{\$_ % 7}++ for 1..1000; print join(\",\", map { \"\$_=\$h{\$_}\" } sort keys %h), \"\n\"; pipe(R, W); if (!fork) { print W \"child\n\"; exit 4 } wait; print \$? >> 8, \" \", scalar <R>; local \$SIG{ALRM} = sub { print \"alarm\n\" }; alarm 1; select(undef, undef, undef, 9)"'
t "perl: files, sort, sprintf" 'perl -ne "push @a, [split]; END { print scalar(@a), \" \", (sort { \$a->[0] <=> \$b->[0] } @a)[5][1], \"\n\"; open F, \">\", \"pl\"; printf F \"%05.2f\n\", 3.14159; close F; print -s \"pl\", \"\n\"; print join \" \", sort glob \"piece.*\"; print \"\n\" }" data'
t "python: threads, queues, subprocesses" 'python3.11 -c "
import threading, queue, subprocess, os
q = queue.Queue()
def work(n):
    for i in range(200): q.put(n * i)
ts = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sum(q.get() for _ in range(q.qsize())))
print(subprocess.run([\"sh\", \"-c\", \"echo out; exit 5\"], capture_output=True))
print(os.waitstatus_to_exitcode(os.system(\"kill -9 \$\$\")))"'
t "python: sockets, selectors, signals" 'python3.11 -c "
import socket, selectors, signal, os, array
a, b = socket.socketpair()
s = selectors.DefaultSelector(); s.register(b, selectors.EVENT_READ)
print(s.select(0)); a.send(b\"x\" * 10); print(len(s.select(0)), b.recv(100))
r, w = os.pipe(); socket.send_fds(a, [b\"fd\"], [w]); d, fds, f, ad = socket.recv_fds(b, 10, 4)
os.write(fds[0], b\"handed over\"); print(d, os.read(r, 99))
l = socket.socket(socket.AF_UNIX); l.bind(\"\\0name\"); l.listen(); c = socket.socket(socket.AF_UNIX); c.connect(\"\\0name\")
p, _ = l.accept(); c.sendall(b\"hello\"); print(p.recv(9), p.getsockname())
signal.signal(signal.SIGUSR1, lambda *x: print(\"usr1\")); os.kill(os.getpid(), signal.SIGUSR1)
print(signal.sigtimedwait([signal.SIGUSR2], 0.01))"'
t "python: mmap, files, directories" 'python3.11 -c "
import mmap, os, tempfile, shutil, stat
with tempfile.TemporaryFile() as f:
    f.truncate(8192)
    m = mmap.mmap(f.fileno(), 8192); m[4096:4101] = b\"hello\"; m.flush(); f.seek(4096); print(f.read(5)); m.close()
os.makedirs(\"x/y/z\"); open(\"x/y/f\", \"w\").write(\"t\" * 5000)
shutil.copytree(\"x\", \"x2\"); print(sorted(os.walk(\"x2\"))[1]); shutil.rmtree(\"x2\")
print(os.sendfile(os.open(\"s\", os.O_RDWR | os.O_CREAT), os.open(\"x/y/f\", os.O_RDONLY), 0, 9000), oct(os.stat(\"x\").st_mode))
print(os.sched_getaffinity(0) >= {0}, os.get_blocking(1), os.cpu_count())"'
t "python: asyncio, a process pool and multiprocessing" 'python3.11 -c "
import asyncio, multiprocessing as mp
async def main():
    p = await asyncio.create_subprocess_exec(\"tr\", \"a-z\", \"A-Z\", stdin=-1, stdout=-1)
    print(await p.communicate(b\"loud\"), await asyncio.gather(*(asyncio.sleep(0, i) for i in range(5))))
asyncio.run(main())
def f(q): q.send(sum(range(1000))); q.close()
if __name__ == \"__main__\":
    r, w = mp.Pipe(False); p = mp.Process(target=f, args=(w,)); p.start(); print(r.recv()); p.join(); print(p.exitcode)"'
t "python: what the kernel says of a process" 'python3.11 -c "
import resource, os, time, pwd
print(resource.getrlimit(resource.RLIMIT_NOFILE), pwd.getpwuid(0).pw_name, os.getpgid(0) == os.getpgrp())
t = time.process_time(); sum(range(300000)); print(time.process_time() > t, resource.getrusage(0).ru_maxrss > 1000)
print(os.statvfs(\"/\").f_namemax, os.path.realpath(\"/proc/self/exe\"), os.uname().sysname)"'
t "sqlite3: tables, indices, transactions" 'sqlite3 db "PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER, b TEXT); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<5000) INSERT INTO t SELECT x*7919%5003, \"v\"||x%13 FROM c; CREATE INDEX i ON t(a); BEGIN; DELETE FROM t WHERE a%2; ROLLBACK; SELECT b, COUNT(*), SUM(a) FROM t GROUP BY b ORDER BY 1 LIMIT 3; PRAGMA integrity_check"; ls db*'
t "sqlite3: two writers wait for each other" 'for i in 1 2 3; do (for j in 1 2 3; do sqlite3 -cmd ".timeout 60000" db "INSERT INTO t VALUES($i, \"w\")"; done) & done; wait; sqlite3 db "SELECT COUNT(*) FROM t WHERE b=\"w\""'
t "git: commit, branch, merge, log" 'git init -q -b main r && cd r && git config user.name N && git config user.email e@x && export GIT_AUTHOR_DATE="2001-02-03 04:05:06 +0000" GIT_COMMITTER_DATE="2001-02-03 04:05:06 +0000"; cp ../data . && git add . && git commit -qm first; git checkout -qb side; sed -i 1d data; git commit -qam side; git checkout -q main; echo new >n; git add n; git commit -qm new; git merge -q -m merged side; git log --oneline --graph; git diff --stat HEAD~1; git fsck; git gc -q; git count-objects -v | grep in-pack; git grep -c word96'
t "git: clone and fetch over a local path" 'git clone -q r r2 2>&1; cd r2 && git log --format=%s | head -n 2; git -C ../r rev-parse HEAD; git rev-parse HEAD'
t "make: rules in parallel" 'printf "all: a.o b.o c.o; @echo linked \$^\n%%.o: ; @echo made \$@ >\$@; cat \$@\n" >Makefile; make -j4 | sort; make -n | tail -n 1; make nothing'
t "ninja: a C++ program that runs others" 'printf "rule cp\n  command = cp \$in \$out\nbuild o1: cp data\nbuild o2: cp o1\nbuild o3: cp data\n" >build.ninja; ninja | tail -n 1 | cut -c1-5; ninja; cmp o2 data && cmp o3 data && echo same'
t "lua: closures, strings, coroutines" 'lua5.4 -e "local t = {} for i = 1, 1e5 do t[i] = i * i % 1009 end table.sort(t) print(t[1], t[50000], #t) local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) print(c(), c(), c()) print((\"a,b\"):gsub(\",\", \";\")) print(os.execute(\"exit 3\")) print(io.popen(\"echo read\"):read())"'
t "jq" 'echo "{\"a\": [1, 2, {\"b\": null}], \"c\": \"\\u00e9\"}" | jq -cS ".a[2].b = (.a[0:2] | add) | ., keys"; seq 1000 | jq -s "add / length"'
t "pigz and xz with threads" 'cat data data data data >big; pigz -p 4 -k big; pigz -dc big.gz | cmp - big && echo same; xz -T 4 --block-size=65536 -1 -k big; xz -dc big.xz | md5sum; md5sum <big'
t "ripgrep: Rust, many threads" 'mkdir -p rg/a rg/b; for i in $(seq 40); do cp s3 rg/a/f$i; seq $i >rg/b/f$i; done; rg -c --sort path "^3$" rg | tail -n 3; rg -j 4 -l "^30$" rg | sort | wc -l; rg "a.c" --no-heading data; rg -r "<\$1>" -m 2 "(word1)$" data'
t "fzf: Go, its own scheduler and signals" 'cut -d" " -f2 data | sort -u | fzf -f w96; seq 1000 | fzf -f 99 | wc -l; seq 100000 | fzf -f nothing; echo $?'
t "cc1, as, ld: a program is compiled on this kernel and runs" 'cat >prog.c <<END
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
int main(int argc, char **argv)
{
	qsort(argv + 1, argc - 1, sizeof(*argv), order);
	for (int i = 1; i < argc; i++)
		printf("%s%c", argv[i], i + 1 < argc ? 32 : 10);
	return argc;
}
END
compile prog && ./prog pear apple fig'
t "a program with threads and a thread-local variable, compiled here" 'cat >thr.c <<END
#include <pthread.h>
#include <stdio.h>
static __thread int mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sum;
static void *work(void *arg)
{
	for (mine = 0; mine < 1000; mine++) {
		pthread_mutex_lock(&lock);
		sum += (long)arg;
		pthread_mutex_unlock(&lock);
	}
	return (void *)(long)mine;
}
int main(void)
{
	pthread_t t[8];
	void *got;
	long all = 0;
	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], 0, work, (void *)i);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &got);
		all += (long)got;
	}
	printf("%ld %ld %d\n", sum, all, mine);
	return 0;
}
END
compile thr && ./thr'
t "the compiler says what is wrong" 'echo "int main(void) { return x; }" >wrong.c; compile wrong; echo $?'
t "ld: a library that is not there" '"$triplet-ld" -o no prog.o -lnosuch; echo $?'
t "many dynamic programs one after the other" 'for i in $(seq 60); do /bin/true && /bin/echo -n .; done; echo'
t "a pipeline of many" 'cat data | sort | uniq -c | gawk "{ print \$2 }" | perl -pe "s/1/one/" | head -n 3000 | sed -n "\$p" | rev | tr a-z A-Z'
cd /; rm -r /tmp/dynamic /tmp/dynamic.out /dev/fd
echo "== end"
