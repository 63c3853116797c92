#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one guest to its end: boots a kernel of the lab on a machine of some topology, lets it do a job, and shows the results.
#
#	guest.sh BUILD KERNEL NODES OUT JOB
#
# KERNEL is a folder made by kernel.sh; a file "append" in it has boot parameters that this kernel is to have. NODES is 1, 2
# or 4; of the four, one has no CPU and one no memory. JOB is a shell script for the guest. In OUT remain console.log, results,
# and the command that repeats it by hand. Status 0 if the guest came to its end and its job had status 0.
#
# A result "@monitor COMMAND" is a request of the guest to QEMU's monitor, "@facts JSON" is kept in OUT/facts.json; both are
# not shown. QEMU translates every instruction (TCG): it runs wherever this runs, and its times mean nothing.
set -eu -o pipefail

build=$(realpath "$1")
kernel=$2
nodes=$3
out=$4
job=$5
lab=$build/vm
# A guest that says nothing for so long is not coming back.
silence_s=${VM_SILENCE:-900}

mkdir -p "$out/image"
out=$(realpath "$out")
rm -f "$out"/{console.log,results,facts.json} "$out"/*.pipe.*
mkdir -p "$out/image/lab"
cp "$job" "$out/image/lab/job"
{
	cat "$lab/image.cpio"
	(cd "$out/image" && find . | cpio --quiet --create --format=newc --owner=0:0)
	(cd "$kernel/modules" && find . | cpio --quiet --create --format=newc --owner=0:0)
} >"$out/initrd"

# memory ID MIB...: nodes with memory, by number
memory()
{
	while [ $# -gt 0 ]; do
		printf ' -object memory-backend-ram,id=m%s,size=%sM' "$1" "$2"
		shift 2
	done
}

topology()
{
	# Room for a CPU, in a socket of its own, and a block of memory that come later.
	case $nodes in
	1) echo "-smp 2,sockets=3,cores=1,maxcpus=3 -m 1024M,slots=2,maxmem=2048M $(memory 0 1024)" \
		"-numa node,nodeid=0,cpus=0-2,memdev=m0" ;;
	2) echo "-smp 2,sockets=3,cores=1,maxcpus=3 -m 1024M,slots=2,maxmem=2048M $(memory 0 512 1 512)" \
		"-numa node,nodeid=0,cpus=0,cpus=2,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1" ;;
	4) echo "-smp 3 -m 1152M $(memory 0 384 1 384 2 384)" \
		"-numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1" \
		"-numa node,nodeid=2,memdev=m2 -numa node,nodeid=3,cpus=2" ;;
	*) echo "NODES=$nodes: not a topology of the lab; it has 1, 2 and 4" >&2 && exit 2 ;;
	esac
}

read -ra machine < <(topology)
append=$(cat "$kernel/append" 2>/dev/null || true)
# Where the kernel changes its own code, an int3 is there for a moment, and QEMU 7.2 with a thread for each CPU may keep its
# translation: such a CPU dies of an int3 that memory has no more, or is in it for ever. So one thread runs all of them.
# shellcheck disable=SC2054
# QEMU moves strings of bytes one by one: without ERMS kernels zero and copy pages by words.
command=(qemu-system-x86_64 -accel tcg,thread=single -cpu max,-erms -display none -no-reboot -nodefaults "${machine[@]}"
	-kernel "$kernel/vmlinuz" -initrd "$out/initrd" -append "console=ttyS0 panic=-1 no_timer_check $append ${VM_APPEND:-}"
	-drive "file=${VM_DISK:-$lab/disk.img},if=virtio,format=raw,snapshot=on" -drive "file=$lab/swap.img,if=virtio,format=raw,snapshot=on")
{
	echo "# The guest's kernel messages are on the first serial line, its results on the second."
	echo "# Where the results say \"@monitor COMMAND\", type COMMAND into QEMU's monitor (Ctrl-A C)."
	printf '%q ' "${command[@]}" -serial mon:stdio -serial "file:$out/results"
	echo
} >"$out/command"

qemu='' reader=''
trap 'kill -KILL $qemu $reader 2>/dev/null || true; rm -rf "$out"/*.pipe.* "$out/image"' EXIT
trap 'exit 130' INT TERM
mkfifo "$out"/{results,monitor}.pipe.{in,out}
"${command[@]}" -serial "file:$out/console.log" -chardev "pipe,id=results,path=$out/results.pipe" -serial chardev:results \
	-chardev "pipe,id=monitor,path=$out/monitor.pipe" -mon chardev=monitor </dev/null >"$out/qemu.log" 2>&1 &
qemu=$!
exec {results}<>"$out/results.pipe.out" {monitor}<>"$out/monitor.pipe.in" {answers}<>"$out/monitor.pipe.out"
cat <&"$answers" >"$out/monitor.log" &
reader=$!
# Nobody wants to hear of its end.
disown "$reader"

# next_line: into $line; fails if none comes for too long, or QEMU has ended.
next_line()
{
	local begun='' waited
	for ((waited = 0; waited < silence_s; waited += 5)); do
		if IFS= read -r -t 5 line <&"$results"; then
			line=$begun$line
			return
		fi
		begun+=$line
		kill -0 "$qemu" 2>/dev/null || return
	done
	return 1
}

status=
while next_line; do
	line=${line%$'\r'}
	echo "$line" >>"$out/results"
	case $line in
	"@monitor "*) echo "${line#@monitor }" >&"$monitor" ;;
	"@facts "*) echo "${line#@facts }" >"$out/facts.json" ;;
	"@end "*) status=${line#@end } && break ;;
	*) echo "$line" ;;
	esac
done
if [ -z "$status" ]; then
	echo "the guest ended before its job did, or said nothing for $silence_s s"
	exit 1
fi
# It turns itself off; or else it is killed.
timeout 60 tail --pid="$qemu" --follow /dev/null || true
exit "$status"
