/*
 * Attributes and small compile-time helpers. No macro here hides control flow.
 */
#ifndef CICLO_BASE_ATTR_H
#define CICLO_BASE_ATTR_H

#define NODISCARD               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define CLEANUP(fn)             __attribute__((cleanup(fn)))

/* Number of elements of an array (not of a pointer). */
#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

#endif
