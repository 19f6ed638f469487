/*
 * Functions that this code base does not use, as compile errors. Force-included by the Makefile.
 * Each has a safe sibling: snprintf, strtoll with checks, gmtime_r, getrandom.
 */
#ifndef CICLO_BASE_BANNED_H
#define CICLO_BASE_BANNED_H

/* System headers first, so that only our own uses are caught. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What glibc defines as a macro (sprintf: with clang) cannot be poisoned. */
#undef alloca
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime rand srand mktemp tmpnam alloca

#endif
