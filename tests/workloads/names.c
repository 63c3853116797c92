// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file of functions whose names are as compilers of other languages make them, and as nobody makes them
 * who means well. It is only mapped, never run.
 */
#define EIGHT(x) x x x x x x x x
#define THOUSANDS(x) EIGHT(EIGHT(EIGHT(x x)))

/* Of the template p with eight parameters, each of which is what was said last. */
#define OF_EIGHT(x) "S1_I" EIGHT(x) "E"

#define FUNCTION(function, name)           \
	void function(void) __asm__(name); \
	void function(void)                \
	{                                  \
	}

FUNCTION(rust, "_RNvNtCs1234_4shop4cart5total")
FUNCTION(older_rust, "_ZN4shop4cart5total17h0123456789abcdefE")
FUNCTION(d, "_D4shop4cart5totalFiZi")
FUNCTION(c, "total_of_cart")
/* Deeper than anybody may recurse, longer than anybody may read, and not what it begins as. */
FUNCTION(deep, "_Z4deepI" THOUSANDS("P") "iEvv")
FUNCTION(wide, "_ZN" THOUSANDS("4wide") THOUSANDS("4wide") "Ev")
FUNCTION(broken, "_ZN99999999999999999999broken")
/* Eight times as long at each step: more than any machine has memory for. */
FUNCTION(endless, "_Z7endlessI1a1pI" EIGHT("S0_") "E" OF_EIGHT("S2_") OF_EIGHT("S3_") OF_EIGHT("S4_")
			  OF_EIGHT("S5_") OF_EIGHT("S6_") OF_EIGHT("S7_") OF_EIGHT("S8_") OF_EIGHT("S9_")
				  OF_EIGHT("SA_") OF_EIGHT("SB_") OF_EIGHT("SC_") "Evv")
