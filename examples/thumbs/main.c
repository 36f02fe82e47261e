/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thumbs: a folder of pictures made small. Usage: thumbs [-s pixels] [-p workers] in_dir out_dir
 *
 * Each JPEG and PNG file of in_dir is decoded, scaled to fit a square of so many pixels (256 if not given), and encoded
 * under the same name in out_dir. Two loops, one inside the other: over the pictures, whose lengths differ by a factor
 * of hundreds, and over the rows of each scaling. A picture that cannot be done is named in the end, and the others are
 * done all the same; then the exit status is 1.
 *
 * thumbs_openmp and thumbs_serial are the same source with other loops (parallel.h). All write the same bytes.
 */
#include "job.h"
#include "parallel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number from 1 to high; 0 if the text is none. */
static long number(const char *text, long high)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	return end == text || *end != '\0' || errno != 0 || value < 1 || value > high ? 0 : value;
}

static bool parse(int argc, char **argv, struct job *job)
{
	int letter;
	bool good = true;
	while ((letter = getopt(argc, argv, "s:p:")) != -1) {
		if (letter == 's')
			good = (job->size = number(optarg, 65500)) > 0 && good; /* as long as a side of a JPEG can be */
		else
			good = letter == 'p' && (job->workers = number(optarg, 1024)) > 0 && good;
	}
	if (!good || argc - optind != 2) {
		fprintf(stderr, "usage: %s [-s pixels] [-p workers] in_dir out_dir\n", parallel_name);
		return false;
	}
	job->in = argv[optind];
	job->out = argv[optind + 1];
	return true;
}

static int said(const char *path, int error)
{
	const char *text = error == -EINVAL ? "the thumbnails would replace the pictures" : strerror(-error);
	if (error < 0)
		fprintf(stderr, "%s: %s: %s\n", parallel_name, path, text);
	return error < 0;
}

int main(int argc, char **argv)
{
	struct job job = { .size = 256 };
	if (!parse(argc, argv, &job))
		return 2;
	if (said(job.in, folder_read(job.in, &job.folder)))
		return 1;
	int status = 1;
	job.problem = calloc(job.folder.count + 1, sizeof(*job.problem));
	if (!said(job.out, job.problem == NULL ? -ENOMEM : folder_prepare(job.out, job.in)) &&
	    parallel_start((unsigned)job.workers)) {
		job_do(&job);
		parallel_stop();
		status = job_report(&job) > 0;
	}
	free(job.problem);
	folder_free(&job.folder);
	return status;
}
