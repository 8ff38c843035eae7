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
	COMMAND_WAIT,   /* WFI -> 0 */
	COMMAND_OFF,    /* turn this vCPU off, by PSCI; no answer */
	COMMAND_MARK,   /* write SITTER_MARK of the tag in the argument to every register that there is -> how many took it */
	COMMAND_KEPT,   /* -> bit n for each register n that is not as COMMAND_MARK left it */
	COMMAND_FOREIGN, /* -> bit n for each register n that holds a mark with the tag in the argument */
	COMMAND_REGISTER, /* -> value of the register with the number in the argument */
};

/* Instructions of COMMAND_READ. */
enum sitter_load { LOAD_B, LOAD_H, LOAD_W, LOAD_X, LOAD_SB_W, LOAD_SB_X, LOAD_SH_W, LOAD_SH_X,
		   LOAD_SW, LOADS };

/* How COMMAND_EXIT leaves. Those from EXIT_SPIN on do not come back. */
enum sitter_exit {
	EXIT_READ, EXIT_READ_9, EXIT_READ_ZR, EXIT_WRITE, EXIT_WRITE_9, EXIT_WFI, EXIT_SUSPEND, EXIT_SGI, EXIT_TIMER, EXIT_TIMER_READ, EXIT_TIMER_READ_ZR, EXIT_CPU_ON, EXIT_SERVE, EXIT_EXPECT,
	EXIT_SPIN, EXIT_FAULT, EXIT_FAULT_9, EXIT_OFF, EXIT_RESET,
	EXITS,
};

/* EXIT_SERVE is EXIT_CPU_ON for a vCPU 1 that reads commands from the mailbox, as vCPU 0 does. */

/* Register n that COMMAND_MARK numbers (marks.c) gets this, where it can hold it; a tag has 8 bits. */
#define SITTER_MARK(tag, n) ((((tag) & 0xfful) << 8 | ((n) * 11u & 0xfful)) * 0x0001000100010001ul)
enum sitter_register {
	MARK_SP_EL0, MARK_TPIDR_EL0, MARK_TPIDRRO_EL0, MARK_TPIDR_EL1, MARK_CONTEXTIDR_EL1, MARK_ELR_EL1, MARK_SPSR_EL1,
	MARK_ESR_EL1, MARK_FAR_EL1, MARK_AFSR0_EL1, MARK_AFSR1_EL1, MARK_PAR_EL1, MARK_MAIR_EL1, MARK_AMAIR_EL1,
	MARK_VBAR_EL1, MARK_TTBR0_EL1, MARK_TTBR1_EL1, MARK_TCR_EL1, MARK_CSSELR_EL1, MARK_CNTKCTL_EL1, MARK_CNTV_CVAL_EL0,
	MARK_ICC_PMR_EL1, MARK_ICC_AP0R0_EL1, MARK_ICC_AP1R0_EL1, MARK_ICC_IGRPEN0_EL1, MARK_ICC_IGRPEN1_EL1,
	MARK_FPCR, MARK_FPSR, MARK_KEYS, /* ten */
	MARK_V = MARK_KEYS + 10, /* V0 to V31 together */
	MARKS,
};

/* General register n holds SITTER_SECRET + n, FP register n twice the same. */
#define SITTER_SECRET 0x5ec2e7005ec2e700ul
#define SITTER_CONTEXT 0xc0ffeeul /* what vCPU 1 is started with */

/* A word of the free RAM. */
#define SITTER_WORD_OFFSET 0x5ea1ul
#define SITTER_WORD_FACTOR 0x9e3779b97f4a7c15ul
#define SITTER_WORD(address) (((address) + SITTER_WORD_OFFSET) * SITTER_WORD_FACTOR)

#endif
