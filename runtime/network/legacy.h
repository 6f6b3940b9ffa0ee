/*
 * legacy - iptables as it was before nf_tables: does it drop what is forwarded?
 *
 * Its tables are another subsystem's, which nf_tables knows nothing of, and whose drop counts like any other.  To ask for a table makes
 * it, so only those are asked for that /proc/net/ip_tables_names says are there.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* `family`: AF_INET, AF_INET6.  False also where it cannot be found out. */
bool legacy_drops_forward(uint8_t family);
