#!/bin/bash
# QEMU 7.2 refuses -realtime, which older configurations of Kata pass for memory locking
# Used in src/hypervisor/qemu_args.c, which must never write it.
source "$(dirname "$0")/lib.sh"
needs command -v qemu-system-x86_64
code=0
timeout 20 qemu-system-x86_64 -M none -nodefaults -display none -realtime mlock=off </dev/null \
	>"$work/out" 2>&1 || code=$?
cat "$work/out"
[[ $code -eq 1 ]]
grep -q 'realtime: invalid option' "$work/out"
