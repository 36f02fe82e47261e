/* SPDX-License-Identifier: Apache-2.0 */
/* How many entries a folder has; of /proc/self/fd it is how many descriptors are open. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <dirent.h>

/* With the two for itself and the one above, and a descriptor for looking; 0 if it cannot be read: to be compared. */
static inline unsigned folder_entries(const char *path)
{
	DIR *folder = opendir(path);
	unsigned count = 0;
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

#endif
