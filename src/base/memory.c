#include "ciclo/base/memory.h"

#include <stdlib.h>

static _Thread_local uint64_t failures;

uint64_t memory_failures(void)
{
	return failures;
}

void memory_failed(void)
{
	failures++;
}

void *memory_counted(void *block)
{
	if (!block)
		memory_failed();
	return block;
}

void *memory_alloc(size_t size)
{
	return memory_counted(malloc(size));
}
