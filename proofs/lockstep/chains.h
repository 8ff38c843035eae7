/* SPDX-License-Identifier: Apache-2.0 */
/* A part of kernel.c: cores, what runs on them and why it leaves them. */

value lock_tells(value on)
{
	tells = Bool_val(on);
	return Val_unit;
}

value lock_told_else(value what, value a, value b)
{
	static const enum native_operation operation[] = {NATIVE_IRQ_ENABLE, NATIVE_IRQ_DISABLE, NATIVE_IRQ_DEACTIVATE, NATIVE_KICK};

	tell(operation[number(what)], number(a), number(b), 0);
	return Val_unit;
}

value lock_now_is(value now)
{
	native.now = number(now);
	return Val_unit;
}

/* flags: it sleeps, an interrupt is unheard of, it begins. */
value lock_expect_pcore(value core, value current, value flags, value until)
{
	struct core *c = &expected.core[number(core)];

	c->current = (granule_t)number(current);
	c->waiting = (u32)(number(flags) & 1u);
	c->interrupt = (u32)(number(flags) >> 1 & 1u);
	c->starting = (u32)(number(flags) >> 2 & 1u);
	c->wait_deadline = number(until);
	return Val_unit;
}

value lock_expect_chain(value g, value kicked, value chain, value high, value low)
{
	struct vcpu *v = &expected.vcpu[number(g)];

	v->kicked = (u32)number(kicked);
	v->chain = (u32)number(chain);
	v->deadline = halves(high, low);
	return Val_unit;
}

value lock_expect_fired(value i, value on)
{
	if (number(i) < INTIDS) {
		expected.fired[number(i)] = Bool_val(on);
	}
	return Val_unit;
}

static bool core_differs(u32 i)
{
	const struct core *e = &expected.core[i], *c = &cores[i];

	return e->current != c->current || e->waiting != c->waiting || e->interrupt != c->interrupt || e->starting != c->starting ||
	       (c->waiting != 0u && e->wait_deadline != (c->wait_deadline & 0xffffffffu));
}

/* The place in a chain, and a deadline, mean something while a vCPU is on a core. */
static bool chain_differs(granule_t g)
{
	const struct vcpu *e = &expected.vcpu[g], *v = vcpu_at(g);

	return e->kicked != v->kicked || (v->core != CORE_NONE && (e->chain != v->chain || e->deadline != v->deadline));
}

/* 0: the same; 1: a core, 2: a vCPU, 3: an interrupt. */
value lock_chains_differ(value unit)
{
	(void)unit;
	for (wrong_at = 0; wrong_at < NIE_MAX_CORES; wrong_at++) {
		if (core_differs(wrong_at)) {
			return Val_long(1);
		}
	}
	for (wrong_at = 0; wrong_at < WORLD; wrong_at++) {
		if (expected.state[wrong_at] == GRANULE_VCPU && chain_differs(wrong_at)) {
			return Val_long(2);
		}
	}
	for (wrong_at = 0; wrong_at < INTIDS; wrong_at++) {
		if (irq_pending(wrong_at) != expected.fired[wrong_at]) {
			return Val_long(3);
		}
	}
	return Val_long(0);
}

value lock_load(value g)
{
	load((granule_t)number(g), given[VCPU]);
	return Val_unit;
}

value lock_no_wrong_register(value unit)
{
	wrong_register = 0;
	return unit;
}

/* The registers of a vCPU against those wanted of VCPU; `who` is what a difference is called. */
value lock_differs_at(value g, value who)
{
	differ((granule_t)number(g), wanted[VCPU], (u32)number(who));
	return Val_unit;
}

static u64 chains(u64 which, const u64 a[7])
{
	u32 core = (u32)a[0];

	switch (which) {
	case 40:
		vcpu_kick((granule_t)a[0]);
		return 0;
	case 41:
		return core_start(core, (u32)a[1], (granule_t)a[2]);
	case 42:
		trap_interrupt(core, (u32)a[1]);
		return 0;
	case 43:
		return vcpu_wait(core, a[1]);
	case 44:
		chain_check(core);
		return 0;
	case 45: {
		const u64 args[6] = {a[2], given[STARTED][1], given[STARTED][2], given[STARTED][3], given[STARTED][4], given[STARTED][5]};

		return vcpu_run(core, (granule_t)a[1], args);
	}
	case 46:
		irq_bind((u32)a[0], (u32)a[1]);
		return 0;
	case 47:
		return irq_pending((u32)a[0]) ? 1u : 0u;
	case 48:
		return irq_ack((u32)a[0]) ? 0u : 1u;
	case 49:
		irq_end((u32)a[0]);
		return 0;
	case 50:
		trap_sync(core, syndrome[0], syndrome[1], syndrome[2]);
		return 0;
	/* What boot does: a core's first task. */
	case 51: {
		struct vcpu *v = vcpu_at((granule_t)a[1]);

		v->core = core;
		v->chain = 1;
		v->deadline = NIE_NEVER;
		cores[core].current = (granule_t)a[1];
		return 0;
	}
	default:
		abort();
	}
}
