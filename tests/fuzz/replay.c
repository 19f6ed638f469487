/*
 * Runs a target on files and on the files of folders, where there is no libFuzzer: what was found once stays mended.
 *   fuzz_TARGET FILE|FOLDER...
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, PATH_BYTES = 4096 };

static void replay_file(const char *path)
{
	uint8_t *bytes = malloc(INPUT_MAX), *exact;
	FILE *file = fopen(path, "rb");
	size_t len;

	must(file != NULL && bytes != NULL, path);
	len = fread(bytes, 1, INPUT_MAX, file);
	fclose(file);
	/* No byte more than there is, so that a sanitizer sees whoever reads beyond it. */
	exact = malloc(len > 0 ? len : 1);
	must(exact != NULL, path);
	memcpy(exact, bytes, len);
	free(bytes);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static size_t replay_folder(const char *path, DIR *folder)
{
	char file[PATH_BYTES];
	size_t count = 0;

	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		replay_file(file);
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder) {
			count += replay_folder(argv[i], folder);
			closedir(folder);
		} else {
			replay_file(argv[i]);
			count++;
		}
	}
	printf("%zu inputs\n", count);
	return 0;
}
