# SPDX-License-Identifier: Apache-2.0
# The C library of the userland (package picolibc-aarch64-linux-gnu).
find_path(PICOLIBC_INCLUDE picolibc.h PATHS /usr/lib/picolibc/aarch64-linux-gnu/include
          NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_file(PICOLIBC_LIBRARY libc.a PATHS /usr/lib/picolibc/aarch64-linux-gnu/lib
          NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT PICOLIBC_INCLUDE OR NOT PICOLIBC_LIBRARY)
  message(FATAL_ERROR "picolibc is missing: install picolibc-aarch64-linux-gnu (tools/nie setup)")
endif()
