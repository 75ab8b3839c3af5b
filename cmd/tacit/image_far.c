/* SPDX-License-Identifier: Apache-2.0 */
#include "image_far.h"

#include "base/hex.h"
#include "release/source.h"

int image_far_check(const struct image_far_options *options, const char *model, bool sealed)
{
	bool far = tacit_source_is_remote(model);

	if (!far && options->manifest)
		return cli_usage("--manifest is of a sealed model that is not in the image");
	if (!far && options->model_sha256.given)
		return cli_usage("--model-sha256 is of a model that is not in the image");
	if (!far)
		return 0;
	if (!options->ca)
		return cli_usage("who may vouch for the store? give --ca");
	if (sealed && (!options->manifest || options->model_sha256.given))
		return cli_usage("which sealed model is it? give its --manifest");
	if (!sealed && (!options->model_sha256.given || options->manifest))
		return cli_usage("which model is it? give --model-sha256");
	return 0;
}

bool image_far_goes_out(const struct image_far_options *options, const char *model)
{
	return tacit_source_is_remote(model) || options->via || options->ca;
}

void image_far_arguments(const struct image_far_options *options, const char *model, bool sealed,
			 struct image_far *ret)
{
	size_t n = 0;

	if (image_far_goes_out(options, model)) {
		ret->args[n++] = "--via";
		ret->args[n++] = options->via ? options->via : IMAGE_FAR_VIA;
	}
	if (options->ca) {
		ret->args[n++] = "--ca";
		ret->args[n++] = IMAGE_FAR_CA;
	}
	if (!sealed && options->model_sha256.given) {
		tacit_hex_encode(tacit_slice_of(options->model_sha256.bytes, TACIT_SHA256_LEN),
				 ret->hex);
		ret->args[n++] = "--model-sha256";
		ret->args[n++] = ret->hex;
	}
	ret->count = n;
}
