/* SPDX-License-Identifier: Apache-2.0 */
#include "registers.h"

#include "guest.h"

/* As exit `register` encodes them (Arm ARM D24.2.40): op0, op2, op1, CRn, CRm. */
#define ENCODING(op0, op1, crn, crm, op2) \
	((u64)(op0) << 20 | (u64)(op2) << 17 | (u64)(op1) << 14 | (u64)(crn) << 10 | (u64)(crm) << 1)
#define CNTP_TVAL_EL0 ENCODING(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0 ENCODING(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 ENCODING(3, 3, 14, 2, 2)
#define ICC_DIR_EL1 ENCODING(3, 0, 12, 11, 1)
#define ICC_ASGI1R_EL1 ENCODING(3, 0, 12, 11, 6)
#define ICC_SGI0R_EL1 ENCODING(3, 0, 12, 11, 7)

static void update_line(struct vcpu *v, u64 now)
{
	vgic_set_private_line(&v->guest->vgic, v->index, GUEST_PHYSICAL_TIMER_INTID,
			      physical_timer_output(&v->timer, now));
}

static void timer_access(struct vcpu *v, const struct nie_run_exit *e, enum physical_timer_register r)
{
	u64 now = nie_now();

	if (!e->reg.write) {
		v->reply = physical_timer_read(&v->timer, r, now);
		return;
	}
	physical_timer_write(&v->timer, r, e->reg.value, now);
	update_line(v, now);
}

void registers_access(struct vcpu *v, const struct nie_run_exit *e)
{
	struct vgic *gic = &v->guest->vgic;

	switch (e->reg.encoding) {
	case CNTP_TVAL_EL0:
		timer_access(v, e, CNTP_TVAL);
		break;
	case CNTP_CTL_EL0:
		timer_access(v, e, CNTP_CTL);
		break;
	case CNTP_CVAL_EL0:
		timer_access(v, e, CNTP_CVAL);
		break;
	case ICC_DIR_EL1:
		vgic_deactivate(gic, v->index, (u32)e->reg.value);
		break;
	case ICC_ASGI1R_EL1: /* the group that is not group 1 of the only Security state */
	case ICC_SGI0R_EL1:
		vgic_send_sgi(gic, v->index, e->reg.value, false);
		break;
	default:
		break;
	}
}

void registers_reset(struct vcpu *v)
{
	v->timer = (struct physical_timer){0, 0};
	update_line(v, 0);
}

u64 registers_running_timer(struct vcpu *v, u64 until)
{
	u64 now = nie_now();
	u64 next = physical_timer_next(&v->timer, now);

	update_line(v, now);
	return next < until ? next : until;
}
