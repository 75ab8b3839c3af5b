/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_MUTE_H
#define TACIT_MUTE_H

/* Included before a source of llama.cpp that would print what a client sent. */
#include <cstdio>
#include <iostream>

#define fprintf(...) ((void)0)

#endif
