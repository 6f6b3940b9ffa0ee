/*
 * empty - what starting a static program costs before it does anything; also the containers'
 * program.
 */
/* SPDX-License-Identifier: Apache-2.0 */
int main(void)
{
	return 0;
}
