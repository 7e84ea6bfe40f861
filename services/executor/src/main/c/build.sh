#!/bin/sh
# Builds caisson-init for every architecture that there is a compiler for: build.sh <output directory>
set -eu
source=$(dirname "$0")
output=$1

# No libc, no relocations, no thread-local storage; the same bytes from the same compiler.
flags='-std=c11 -Os -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
  -ffreestanding -fno-stack-protector -fno-pic -fno-asynchronous-unwind-tables -fno-ident -fno-tree-loop-distribute-patterns
  -mgeneral-regs-only -nostdlib -static -no-pie -s
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,noseparate-code -Wl,--fatal-warnings'

can_compile() { # compiler: is there, and has the kernel's headers for its target
  command -v "$1" >/dev/null && echo '#include <asm/unistd.h>' | "$1" -E -o /dev/null - 2>/dev/null
}

if ! can_compile gcc; then
  echo 'caisson-init is built with gcc and the headers of the kernel: apt-get install gcc libc6-dev' >&2
  exit 1
fi

build() { # compiler, architecture, more flags
  # shellcheck disable=SC2086 # flags are words
  "$1" $flags $3 -o "$output/caisson-init-$2" "$source/start.c" "$source/program.c" "$source/caisson_init.c"
}

mkdir -p "$output"
native=$(gcc -dumpmachine)
for architecture in x86_64 aarch64; do
  case $architecture in
    aarch64) protection='-mbranch-protection=none' ;;
    *) protection='-fcf-protection=none' ;;
  esac
  case $native in
    "$architecture"-*) build gcc "$architecture" "$protection" ;;
    *)
      if can_compile "$architecture-linux-gnu-gcc"; then
        build "$architecture-linux-gnu-gcc" "$architecture" "$protection"
      fi
      ;;
  esac
done
