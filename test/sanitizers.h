/* SPDX-License-Identifier: MIT */
/* Which sanitizer a test program was built with: gcc and clang each have a way to say it. */
#ifndef WEFT_TEST_SANITIZERS_H
#define WEFT_TEST_SANITIZERS_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER	1
#endif
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER	1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ADDRESS_SANITIZER)
#define ADDRESS_SANITIZER	1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(THREAD_SANITIZER)
#define THREAD_SANITIZER	1
#endif

#ifndef ADDRESS_SANITIZER
#define ADDRESS_SANITIZER	0
#endif
#ifndef THREAD_SANITIZER
#define THREAD_SANITIZER	0
#endif

#endif
