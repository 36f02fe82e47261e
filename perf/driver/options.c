/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void options_help(FILE *to)
{
	fputs("usage: skua-bench [options]\n"
	      "\n"
	      "Measures skua beside serial C, OpenMP and oneTBB. Each runtime with each number of workers is a process "
	      "of\n"
	      "its own; they take turns, one at a time, and their results are checked against the serial program's.\n"
	      "\n"
	      "  --demo             a short set, as one table with an explanation\n"
	      "  --kernel K[,K...]  which kernels (default: all; --list names them)\n"
	      "  --runtime R[,R...] which runtimes: serial, skua, openmp-gcc, openmp-llvm, tbb; openmp: both of them\n"
	      "                     (default: all that were built)\n"
	      "  --workers N[,N...] numbers of workers (default: 1 and the number of usable cores)\n"
	      "  --rounds N         turns for each (default: 10, with --demo 5)\n"
	      "  --size N           size of the problem instead of the kernel's own; with --kernel only\n"
	      "  --tiny             sizes that need no time: checks the results, measures nothing\n"
	      "  --json FILE        append one line of JSON for each result; - is stdout, without the tables\n"
	      "  --timeout S        seconds after which a silent kernel counts as hung (default: 300)\n"
	      "  --list             list kernels and runtimes, and which are built\n"
	      "  --help             this text\n"
	      "\n"
	      "Exit status: 0; 1 if a result was wrong or a kernel failed; 2 for bad arguments.\n",
	      to);
}

__attribute__((format(printf, 1, 2))) static int bad(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("skua-bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs(" (--help explains the options)\n", stderr);
	va_end(arguments);
	return 2;
}

static int read_number(const char *option, const char *text, long most, long *out)
{
	char *end;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno || end == text || *end || *out < 1 || *out > most)
		return bad("%s %s: not a number from 1 to %ld", option, text, most);
	return 0;
}

static int read_kernel(options *o, const char *name)
{
	for (unsigned i = 0; i < bench_case_count; i++) {
		if (strcmp(bench_cases[i].kernel, name) == 0) {
			o->kernel_asked[i] = true;
			return 0;
		}
	}
	return bad("there is no kernel '%s'; --list names them", name);
}

static int read_runtime(options *o, const char *name)
{
	if (strcmp(name, "openmp") == 0) {
		o->runtime_asked[OPENMP_GCC] = o->runtime_asked[OPENMP_LLVM] = true;
		return 0;
	}
	for (runtime r = SERIAL; r < RUNTIMES; r++) {
		if (strcmp(runtime_name(r), name) == 0) {
			o->runtime_asked[r] = true;
			return 0;
		}
	}
	return bad("there is no runtime '%s'; --list names them", name);
}

static int read_workers(options *o, const char *text)
{
	long value;
	if (read_number("--workers", text, WORKERS_MAX, &value))
		return 2;
	for (unsigned i = 0; i < o->worker_counts; i++)
		if (o->workers[i] == (unsigned)value)
			return 0;
	if (o->worker_counts == COUNTS_MAX)
		return bad("--workers: more than %d numbers", COUNTS_MAX);
	o->workers[o->worker_counts++] = (unsigned)value;
	return 0;
}

/* Reads each element of a list separated by commas. */
static int read_list(options *o, char *list, int (*read)(options *, const char *))
{
	char *rest = list;
	int status = 0;
	for (char *element = strsep(&rest, ","); element && status == 0; element = strsep(&rest, ","))
		status = read(o, element);
	return status;
}

static int open_json(options *o, const char *path)
{
	if (o->json)
		return bad("--json is there twice");
	o->json = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
	if (!o->json)
		return bad("--json %s: %s", path, strerror(errno));
	return 0;
}

static int read_option(options *o, int option)
{
	long value;
	int status = 0;
	switch (option) {
	case 'k':
		return read_list(o, optarg, read_kernel);
	case 'r':
		return read_list(o, optarg, read_runtime);
	case 'w':
		return read_list(o, optarg, read_workers);
	case 'n':
		status = read_number("--rounds", optarg, ROUNDS_MAX, &value);
		o->rounds = (unsigned)value;
		return status;
	case 's':
		return read_number("--size", optarg, 2000000000, &o->size);
	case 't':
		status = read_number("--timeout", optarg, 86400, &value);
		o->timeout_s = (unsigned)value;
		return status;
	case 'j':
		return open_json(o, optarg);
	case 'T':
		o->tiny = true;
		return 0;
	case 'd':
		o->demo = true;
		return 0;
	case 'l':
		o->list = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default: /* getopt_long has said what is wrong */
		return bad("bad arguments");
	}
}

/* Fills in what was not asked for. */
static int complete(options *o)
{
	bool any_kernel = false;
	bool any_runtime = false;
	for (unsigned i = 0; i < bench_case_count; i++)
		any_kernel |= o->kernel_asked[i];
	for (runtime r = SERIAL; r < RUNTIMES; r++)
		any_runtime |= o->runtime_asked[r];
	if (o->demo && any_kernel)
		return bad("--demo has its own kernels");
	if (o->tiny && o->size)
		return bad("--tiny and --size contradict each other");
	if (o->size && !any_kernel)
		return bad("--size needs --kernel, since a size means something else for each");
	for (unsigned i = 0; i < bench_case_count; i++)
		if (!any_kernel)
			o->kernel_asked[i] = o->demo ? bench_cases[i].in_demo : true;
	for (runtime r = SERIAL; r < RUNTIMES; r++)
		if (!any_runtime)
			o->runtime_asked[r] = !o->demo || r == SERIAL || r == SKUA || r == OPENMP_GCC;
	if (o->demo) /* its table has these columns */
		o->runtime_asked[SERIAL] = o->runtime_asked[SKUA] = true;
	if (!o->rounds)
		o->rounds = o->demo ? 5 : 10;
	return 0;
}

int options_read(options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "kernel", required_argument, NULL, 'k' },  { "runtime", required_argument, NULL, 'r' },
		{ "workers", required_argument, NULL, 'w' }, { "rounds", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },    { "timeout", required_argument, NULL, 't' },
		{ "json", required_argument, NULL, 'j' },    { "tiny", no_argument, NULL, 'T' },
		{ "demo", no_argument, NULL, 'd' },          { "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
	};
	int option;
	*o = (options){ .timeout_s = 300 };
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		int status = read_option(o, option);
		if (status)
			return status;
	}
	if (optind < argc)
		return bad("'%s' is no option", argv[optind]);
	return complete(o);
}
