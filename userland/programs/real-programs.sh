#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Real programs doing real work: each `t TITLE COMMAND` prints what the command prints and its status.
# `./janus test` runs this on Linux and on Janus and compares the two, title by title, so nothing here
# may depend on time, process numbers or the machine.

t() {
	echo "== $1"
	( eval "$2" ) 2>&1 </dev/null
	echo "-- $?"
}

mkdir /tmp/real && cd /tmp/real || exit 1
i=0; while [ $i -lt 300 ]; do echo "$i $((i * 7919 % 1000)) word$((i % 17))"; i=$((i + 1)); done >data
mkdir -p tree/a/b tree/c
echo one >tree/a/one; echo two >tree/a/b/two; ln -s ../a/one tree/c/link; chmod 640 tree/a/b/two

t "sh: arithmetic, loops and substitution" 'for n in 1 2 3; do echo $((n * n)) $(expr $n + 10); done'
t "sh: pipelines and their status" 'false | true; echo $?; true | false'
t "sh: here documents" 'cat <<END
one $((1 + 1))
END'
t "sh: redirections" 'echo out >f1; echo err >&2 2>f2; echo more >>f1; cat f1 f2; exec 3<f1; read a <&3; read b <&3; echo "$a,$b"'
t "sh: functions, shift and set" 'f() { shift; echo "$# $*"; }; f a b c; set -- x y; echo $2'
t "sh: case and patterns" 'for w in apple berry; do case $w in a*) echo A;; *) echo other;; esac; done; echo tree/*/*'
t "sh: a trap at exit and on a signal" "sh -c 'trap \"echo gone\" EXIT; trap \"echo usr1\" USR1; kill -USR1 \$\$; echo on'; sh -c 'kill -TERM \$\$'; echo \$?"
t "sh: background jobs and wait" 'sleep 0.1 & p=$!; (exit 4) & q=$!; wait $q; echo $?; wait $p; echo $?'
t "sh: subshells do not leak" 'x=1; (x=2; cd /); echo $x; pwd'
t "sh: command not found, not executable, a directory" 'nosuch; ./data; /tmp'
t "sh: ulimit and umask" 'umask 027; touch masked; ls -l masked | cut -c1-10; ulimit -n'
t "a script with an interpreter line" 'printf "#!/bin/sh\necho script \$1\n" >script; chmod +x script; ./script arg'
t "a script whose interpreter is missing" 'printf "#!/no/such\n" >bad; chmod +x bad; ./bad'
t "cat, head, tail, wc" 'head -n 2 data; tail -n 2 data; wc data; cat data data | wc -l'
t "sort and uniq" 'sort -k2 -n data | head -n 5; cut -d" " -f3 data | sort | uniq -c | sort -rn | head -n 3'
t "sort of much data" 'seq 1 20000 | sort -r | md5sum'
t "grep" 'grep -c word3 data; grep -n "^29[0-9] " data | head -n 3; grep nothing data'
t "sed" 'sed -n "s/word\([0-9]*\)/<\1>/;5,7p" data; sed -i "1d" data; head -n 1 data'
t "awk" 'awk "{ s += \$2; c[\$3]++ } END { print s, length(c) }" data; echo "1.5 2.5" | awk "{ print \$1 * \$2 }"'
t "tr, rev, tac, fold, paste, nl" 'echo hello | tr a-z A-Z; echo abc | rev; seq 3 | tac; echo abcdef | fold -w 2; seq 4 | paste -d+ - -; seq 2 | nl'
t "find and xargs" 'find tree | sort; find tree -type f | sort | xargs cat; find tree -type l -exec readlink {} ";"'
t "tar" 'tar cf t.tar tree && tar tf t.tar | sort; mkdir out; tar xf t.tar -C out; cat out/tree/c/link; ls -l out/tree/a/b | tail -n 1 | cut -c1-10'
t "gzip, gunzip, zcat" 'gzip -k data; zcat data.gz | cmp - data && echo same; gunzip -c data.gz | md5sum'
t "bzip2 and xz" 'bzip2 -k data; bzcat data.bz2 | cmp - data && echo same'
t "cpio" 'find tree | sort | cpio -o -H newc 2>/dev/null >c.cpio; cpio -t <c.cpio 2>/dev/null'
t "md5sum, sha256sum" 'seq 1000 | md5sum; seq 1000 | sha256sum'
t "cp, mv, ln, rm" 'cp -a tree copy; ls -R copy; mv copy moved; ln moved/a/one hard; ls -l hard | cut -c11-13; rm -r moved; ls moved; cat hard'
t "chmod, stat, test" 'chmod 4755 hard; stat -c "%a %F %s %h" hard; test -u hard; echo $?; [ -L tree/c/link ]; echo $?'
t "touch and dates" 'touch -d "2001-02-03 04:05:06" old; stat -c %y old | cut -d. -f1; [ data -nt old ]; echo $?'
t "mkdir, rmdir" 'mkdir -m 700 d; mkdir d; rmdir d d'
t "du, df" 'dd if=/dev/zero of=big bs=1k count=64 2>/dev/null; du -k big | cut -f1; df /tmp | wc -l'
t "dd" 'dd if=data of=piece bs=10 skip=1 count=3 2>/dev/null; cat piece; dd if=/dev/zero bs=4096 count=3 2>/dev/null | wc -c'
t "od, hexdump, strings" 'echo hello | od -c; printf "\\001\\377" | hexdump -C; strings piece'
t "diff and cmp" 'seq 5 >s1; seq 6 | sed 3d >s2; diff -U 0 s1 s2 | tail -n +3; cmp s1 s2'
t "vi in ex mode" 'cp data v; vi -c "1,2d" -c "s/word/WORD/" -c wq v >/dev/null; head -n 1 v'
t "ed" 'printf "1,2d\n1s/word/ED/\nw\nq\n" | ed v 2>/dev/null; head -n 1 v'
t "env and printenv" 'env -i A=1 B=2 env | sort; A=3 sh -c "echo \$A"'
t "expr, seq, factor, bc" 'expr 7 % 3; seq 1 2 7; factor 1234567; echo "2^64" | bc'
t "timeout" 'timeout 0.2 sleep 5; echo $?'
t "tee and pipes that close" 'seq 100000 | tee t1 | head -n 1; yes | head -n 2; wc -l <t1 | grep -q . && echo ok'
t "named pipes" 'mkfifo p; echo through >p & cat p; wait'
t "kill and its signals" 'sleep 10 & kill $!; wait $!; echo $?; sleep 10 & kill -9 $!; wait $!; echo $?; kill -l 15'
t "setsid" 'setsid echo own session'
t "id, whoami, su" 'id; whoami; su user -s /bin/sh -c "id -u; touch /etc/no 2>&1; cat /etc/passwd | head -n 1"'
t "permissions of another user" 'chmod 600 data; su user -s /bin/sh -c "cat /tmp/real/data"; chmod 644 data'
t "mount, umount" 'mkdir m; mount -t tmpfs none m; touch m/x; ls m; umount m; ls m; grep -c " /proc proc " /proc/mounts'
t "proc of oneself" 'cat /proc/self/comm; tr "\\0" " " </proc/self/cmdline; echo; readlink /proc/self/cwd; ls /proc/self/fd | wc -l'
t "ps names processes" 'sleep 5 & until grep -q sleep /proc/$!/comm; do :; done; ps -o comm | grep -c "^sleep"; kill $!'
t "free, uptime, uname" 'free | wc -l; uptime | grep -c load; uname -s; hostname'
t "dev nodes" 'head -c 5 /dev/zero | od -An -tx1; echo x >/dev/null; echo $?; echo x >/dev/full; head -c 4 /dev/urandom | wc -c'
t "awk, a sieve" 'awk "BEGIN { for (i = 2; i <= 5000; i++) if (!s[i]) { n++; for (j = i * i; j <= 5000; j += i) s[j] = 1 } print n }"'
t "an interpreter in deep recursion" 'f() { [ $1 -eq 0 ] && echo deep || f $(($1 - 1)); }; f 300'
t "many processes" 'i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i + 1)); done; echo $i'
t "a long pipeline" 'seq 1000 | cat | cat | cat | cat | cat | cat | cat | cat | tail -n 1'
t "big arguments" 'echo $(seq 1 5000) | wc -w; x=$(head -c 100000 /dev/zero | tr "\\0" a); echo ${#x}; /bin/echo $x | wc -c'
for kind in musl glibc pie; do
	t "hello-$kind" "GREETING='good day' /programs/hello-$kind one 'two words' | cat"
	t "threads-$kind" "/programs/threads-$kind"
	t "files-$kind" "/programs/files-$kind"
done
cd /; rm -r /tmp/real
echo "== end"
