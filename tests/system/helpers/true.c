/*
 * true - the smallest program: what a start costs and nothing else.
 */
/* SPDX-License-Identifier: Apache-2.0 */
int main(void)
{
	return 0;
}
