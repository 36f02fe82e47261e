/* SPDX-License-Identifier: Apache-2.0 */
/* See request.h. What is in doubt is refused: two parties that read a message differently are how attacks begin. */
#include "request.h"

#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 is A. Returns whether all was well. */
static bool decode(char *path, const char *target)
{
	while (*target != '\0') {
		int c = *target++;
		if (c == '%') {
			int high = digit(target[0]), low = high < 0 ? -1 : digit(target[1]);
			if (low < 0 || high + low == 0)
				return false;
			c = high * 16 + low;
			target += 2;
		}
		*path++ = (char)c;
	}
	*path = '\0';
	return true;
}

/* After decoding, so that no spelling of it passes. */
static bool leads_up(const char *path)
{
	for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
		if (strncmp(part, "/..", 3) == 0 && (part[3] == '/' || part[3] == '\0'))
			return true;
	}
	return false;
}

static int parse_target(struct request *request, char *target)
{
	if (strncasecmp(target, "http://", 7) == 0) {
		target = strchr(target + 7, '/');
		if (target == NULL)
			target = "/";
	}
	size_t length = strcspn(target, "?#");
	if (target[0] != '/' || target[1] == '/' || length >= sizeof(request->target))
		return 400;
	memcpy(request->target, target, length);
	request->target[length] = '\0';
	for (const char *c = request->target; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~')
			return 400;
	}
	return decode(request->path, request->target) && !leads_up(request->path) ? 0 : 400;
}

/* GET /path HTTP/1.1 */
static int parse_line(struct request *request, char *line)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
	if (version == NULL)
		return 400;
	*target++ = '\0';
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) != 0)
		return 400;
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return 505;
	request->keep_alive = version[7] == '1';
	request->is_head = strcmp(line, "HEAD") == 0;
	int status = parse_target(request, target);
	return status == 0 && !request->is_head && strcmp(line, "GET") != 0 ? 405 : status;
}

/* Is the word one of those in a list with commas? */
static bool lists(const char *value, const char *word)
{
	size_t length = strlen(word);
	while (*value != '\0') {
		value += strspn(value, " \t,");
		size_t next = strcspn(value, " \t,");
		if (next == length && strncasecmp(value, word, length) == 0)
			return true;
		value += next;
	}
	return false;
}

/* Name: value. Counts hosts. */
static int parse_field(struct request *request, char *line, int *hosts, bool *closes)
{
	size_t name = strcspn(line, ": \t");
	if (name == 0 || line[name] != ':')
		return 400;
	line[name] = '\0';
	char *value = line + name + 1;
	value += strspn(value, " \t");
	if (strcasecmp(line, "Host") == 0)
		++*hosts;
	if (strcasecmp(line, "Connection") == 0) {
		*closes |= lists(value, "close");
		request->keep_alive |= lists(value, "keep-alive");
	}
	/* A body: nobody reads it, so what follows it is not to be taken for a request. */
	if (strcasecmp(line, "Transfer-Encoding") == 0 ||
	    (strcasecmp(line, "Content-Length") == 0 && strcmp(value, "0")))
		*closes = true;
	return 0;
}

void request_parse(struct request *request, char *head, size_t bytes)
{
	*request = (struct request){ .status = 400 };
	if (memchr(head, '\0', bytes) != NULL)
		return;
	head[bytes - 2] = '\0'; /* the blank line; what is left is lines, each with its end */
	char *end = strstr(head, "\r\n");
	*end = '\0';
	int status = parse_line(request, head), hosts = 0;
	bool is_new = request->keep_alive, closes = false;
	for (char *line = end + 2; *line != '\0'; line = end + 2) {
		end = strstr(line, "\r\n");
		*end = '\0';
		int problem = parse_field(request, line, &hosts, &closes);
		status = status == 0 || status == 405 ? (problem ? problem : status) : status;
	}
	if (status == 0 && (hosts > 1 || (is_new && hosts == 0)))
		status = 400;
	request->status = status;
	request->keep_alive &= !closes && (status == 0 || status == 405);
}
