/* SPDX-License-Identifier: Apache-2.0 */
/* One call of thumbs: the pictures of a folder, and what became of them. Call from: the main thread. */
#ifndef SKUA_EXAMPLES_THUMBS_JOB_H
#define SKUA_EXAMPLES_THUMBS_JOB_H

#include "folder.h"
#include "picture.h"

struct job {
	long size, workers; /* workers 0: as many as the runtime chooses */
	const char *in, *out;
	struct folder folder;
	char (*problem)[PROBLEM_BYTES]; /* of each picture; empty: it is done */
};

/* Makes the thumbnails of job->folder, in parallel. */
void job_do(struct job *job);

/* Names the pictures that were not done. Returns how many those are. */
size_t job_report(const struct job *job);

#endif
