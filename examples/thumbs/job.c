/* SPDX-License-Identifier: Apache-2.0 */
/* One call of thumbs; see job.h. */
#include "job.h"

#include "parallel.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void one(const struct job *job, const char *name, char *problem)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct picture large = { .pixels = NULL }, small = { .pixels = NULL };
	enum picture_format format;
	if (snprintf(from, sizeof(from), "%s/%s", job->in, name) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s/%s", job->out, name) >= (int)sizeof(to))
		snprintf(problem, PROBLEM_BYTES, "%s", strerror(ENAMETOOLONG));
	else if (picture_read(from, &large, &format, problem) &&
	         picture_scale(&large, &small, (unsigned)job->size, problem))
		picture_write(to, &small, format, problem);
	free(large.pixels);
	free(small.pixels);
}

static void some(size_t begin, size_t end, void *arg)
{
	struct job *job = arg;
	for (size_t i = begin; i < end; i++)
		one(job, job->folder.file[i].name, job->problem[i]);
}

void job_do(struct job *job)
{
	parallel_pictures(job->folder.count, some, job);
}

size_t job_report(const struct job *job)
{
	size_t failed = 0;
	for (size_t i = 0; i < job->folder.count; i++) {
		if (job->problem[i][0] == '\0')
			continue;
		fprintf(stderr, "%s: %s/%s: %s\n", parallel_name, job->in, job->folder.file[i].name, job->problem[i]);
		failed++;
	}
	printf("%s: %zu of %zu pictures\n", parallel_name, job->folder.count - failed, job->folder.count);
	return failed;
}
