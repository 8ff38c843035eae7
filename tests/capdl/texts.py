# SPDX-License-Identifier: Apache-2.0
"""A small system that is right, to be changed into ones that are not."""

GOOD = """\
arch aarch64
objects {
	cn = cnode (10 bits)
	s = pud
	d = pd
	t = pt
	code[3] = frame (4k, fill: [{0 4096 CDL_FrameFill_FileData "f" 0 +1024}])
	big = frame (2M)
	both = frame (4k, shared)
	uart = frame (4k, paddr: 0x9000000)
	v = vcpu (index: 0, entry: 0x1000000, argument: 0x80000000, stack: 0x1010)
	w = vcpu
	m = ut (23 bits) {
		inside = frame (4k)
	}
	i = irq
	c0 = core (index: 0)
}
caps {
	s { 0: d }
	d { 8: t 9: big (RW) }
	t {
		0: code[] (RX)
		3: both (R)
		4: both (RW)
		5: uart (RW)
	}
	v { vspace: s cspace: cn }
	cn {
		1: cn
		2: s
		3: v
		4: w
		5: c0 (C)
		6: i
		7: m
		8: inside (R)
	}
}
irq maps { 33: i }
handover { start: v cnode: cn reclaim: 128 leftover: 192 originals: 256 }
"""


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)
