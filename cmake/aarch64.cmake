# SPDX-License-Identifier: Apache-2.0
#
# Cross-builds for AArch64 with Debian's cross compilers and runs the results under qemu-user:
#     cmake --preset release -B build/aarch64 --toolchain cmake/aarch64.cmake -DSKUA_HWLOC=OFF
# Functional only: qemu on an x86-64 host does not show AArch64's weak memory order.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# qemu lets a store-release be overtaken by a later load-acquire, which AArch64 does not: see runtime/base/atomic.h.
set(SKUA_EMULATED ON)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
