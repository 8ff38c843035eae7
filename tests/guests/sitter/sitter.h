/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SITTER_H
#define SITTER_H

/*
 * What the guest `sitter` and its VMM agree on. The guest fills its free RAM with words that depend on
 * their address, then reads commands from a mailbox, for ever. A command is two reads and one write.
 */
#define MAILBOX 0x0a000000ul
#define MAILBOX_COMMAND 0x00u  /* read, 8 bytes */
#define MAILBOX_ARGUMENT 0x08u /* read, 8 bytes */
#define MAILBOX_ANSWER 0x10u   /* write, 8 bytes */
#define MAILBOX_DATA 0x100u    /* what COMMAND_READ reads, with every size */

enum sitter_command {
	COMMAND_SUM,    /* -> sum of all words of the free RAM */
	COMMAND_FIRST,  /* -> address of the first of these words */
	COMMAND_LAST,   /* -> address behind the last */
	COMMAND_LOAD,   /* word at the argument -> its value */
	COMMAND_STORE,  /* write SITTER_SECRET to the argument -> 0 */
	COMMAND_READ,   /* load MAILBOX_DATA with the instruction of this number -> the register */
	COMMAND_EXIT,   /* leave with all registers full of secrets; argument: which | address << 8 -> changed */
	COMMAND_MEASUREMENT, /* -> word of its measurement: argument 0 to 3 */
	COMMAND_POLICY, /* -> policy bits that it was activated with */
	COMMAND_GIVE,   /* give the page at the argument up (RSI_IPA_STATE_SET) -> 0 */
	COMMAND_EXPECT, /* expect memory in the page at the argument -> 0 */
	COMMAND_SECOND, /* -> word of what vCPU 1 found when it started: argument 0 to 3 */
};

/* Instructions of COMMAND_READ. */
enum sitter_load { LOAD_B, LOAD_H, LOAD_W, LOAD_X, LOAD_SB_W, LOAD_SB_X, LOAD_SH_W, LOAD_SH_X,
		   LOAD_SW, LOADS };

/* How COMMAND_EXIT leaves. Those from EXIT_SPIN on do not come back. */
enum sitter_exit {
	EXIT_READ, EXIT_READ_9, EXIT_WRITE, EXIT_WRITE_9, EXIT_WFI, EXIT_SUSPEND, EXIT_SGI, EXIT_TIMER, EXIT_CPU_ON, EXIT_EXPECT,
	EXIT_SPIN, EXIT_FAULT, EXIT_FAULT_9, EXIT_OFF, EXIT_RESET,
	EXITS,
};

/* General register n holds SITTER_SECRET + n, FP register n twice the same. */
#define SITTER_SECRET 0x5ec2e7005ec2e700ul
#define SITTER_CONTEXT 0xc0ffeeul /* what vCPU 1 is started with */

/* A word of the free RAM. */
#define SITTER_WORD(address) (((address) + 0x5ea1ul) * 0x9e3779b97f4a7c15ul)

#endif
