# SPDX-License-Identifier: Apache-2.0
#
# Builds with Debian's musl-gcc, for musl instead of glibc, and runs the results as they are:
#     cmake --preset release -B build/musl --toolchain cmake/musl.cmake -DSKUA_HWLOC=OFF -DSKUA_BUILD_PERF=OFF
# The system's hwloc, Criterion and C++ library are for glibc, and so they are left out. musl has no getcontext either,
# so that SKUA_CONTEXT=ucontext is refused.

set(CMAKE_C_COMPILER musl-gcc)
set(SKUA_CXX OFF)

# Nor may the system's other libraries be found.
set(CMAKE_FIND_ROOT_PATH /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-musl)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-musl/pkgconfig)

# musl-gcc looks for headers in musl's folder only, where those of the kernel are missing.
set(kernel_headers "${CMAKE_BINARY_DIR}/kernel-headers")
file(MAKE_DIRECTORY "${kernel_headers}")
file(CREATE_LINK /usr/include/linux "${kernel_headers}/linux" SYMBOLIC)
file(CREATE_LINK /usr/include/asm-generic "${kernel_headers}/asm-generic" SYMBOLIC)
file(CREATE_LINK "/usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu/asm" "${kernel_headers}/asm" SYMBOLIC)
set(CMAKE_C_FLAGS_INIT "-isystem ${kernel_headers}")
