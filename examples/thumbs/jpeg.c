/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG by libjpeg. The library ends a program that does not say what else is to happen after an error. Here the text of
 * the error is kept, and a longjmp leaves the library; nothing between setjmp and longjmp is a task's spawn, sync or
 * loop, so the worker and the fiber are the same at both ends.
 */
#include "picture.h"

#include <jpeglib.h> /* needs what stdio.h declares */

#include <jerror.h>
#include <setjmp.h>
#include <string.h>

enum { QUALITY = 85 };
_Static_assert(PROBLEM_BYTES >= JMSG_LENGTH_MAX, "libjpeg writes up to JMSG_LENGTH_MAX bytes");

struct errors {
	struct jpeg_error_mgr manager; /* first, so that the library's pointer to it leads here */
	jmp_buf leave;
	char *problem;
};

static void stop(j_common_ptr jpeg)
{
	struct errors *errors = (struct errors *)(void *)jpeg->err;
	jpeg->err->format_message(jpeg, errors->problem);
	longjmp(errors->leave, 1);
}

/* Where data is missing, the library warns and makes the rest grey; that is an error here. Other oddities are not. */
static void warn(j_common_ptr jpeg, int level)
{
	if (level < 0 && (jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JWRN_HIT_MARKER))
		stop(jpeg);
}

static struct jpeg_error_mgr *errors_begin(struct errors *errors, char *problem)
{
	jpeg_std_error(&errors->manager);
	errors->manager.error_exit = stop;
	errors->manager.emit_message = warn;
	errors->problem = problem;
	return &errors->manager;
}

static bool decode(struct jpeg_decompress_struct *jpeg, FILE *file, struct picture *picture, char *problem)
{
	jpeg_stdio_src(jpeg, file);
	jpeg_read_header(jpeg, TRUE);
	jpeg->out_color_space = jpeg->jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_start_decompress(jpeg);
	picture->width = jpeg->output_width;
	picture->height = jpeg->output_height;
	picture->channels = (unsigned)jpeg->output_components;
	if (!picture_allocate(picture, problem))
		return false;
	size_t row_bytes = (size_t)picture->width * picture->channels;
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = picture->pixels + jpeg->output_scanline * row_bytes;
		jpeg_read_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_decompress(jpeg);
	return true;
}

bool jpeg_read(FILE *file, struct picture *picture, char *problem)
{
	struct jpeg_decompress_struct jpeg;
	struct errors errors;
	memset(&jpeg, 0, sizeof(jpeg));
	jpeg.err = errors_begin(&errors, problem);
	if (setjmp(errors.leave) != 0) {
		jpeg_destroy_decompress(&jpeg);
		return false;
	}
	jpeg_create_decompress(&jpeg);
	bool good = decode(&jpeg, file, picture, problem);
	jpeg_destroy_decompress(&jpeg);
	return good;
}

static void encode(struct jpeg_compress_struct *jpeg, FILE *file, const struct picture *picture)
{
	jpeg_stdio_dest(jpeg, file);
	jpeg->image_width = picture->width;
	jpeg->image_height = picture->height;
	jpeg->input_components = (int)picture->channels;
	jpeg->in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, QUALITY, TRUE);
	jpeg_start_compress(jpeg, TRUE);
	size_t row_bytes = (size_t)picture->width * picture->channels;
	while (jpeg->next_scanline < jpeg->image_height) {
		JSAMPROW row = picture->pixels + jpeg->next_scanline * row_bytes;
		jpeg_write_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_compress(jpeg);
}

bool jpeg_write(FILE *file, const struct picture *picture, char *problem)
{
	struct jpeg_compress_struct jpeg;
	struct errors errors;
	memset(&jpeg, 0, sizeof(jpeg));
	jpeg.err = errors_begin(&errors, problem);
	if (setjmp(errors.leave) != 0) {
		jpeg_destroy_compress(&jpeg);
		return false;
	}
	jpeg_create_compress(&jpeg);
	encode(&jpeg, file, picture);
	jpeg_destroy_compress(&jpeg);
	return true;
}
