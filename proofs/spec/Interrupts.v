(* SPDX-License-Identifier: Apache-2.0 *)
(* Hardware interrupts for tasks (kernel/core/isolation/irq.c). *)
From Nie Require Export Exits.

Definition INTIDS := 1020.
Definition irq_pending (s : kern) i : bool := (i <? INTIDS) && get (fired s) i.
Definition irq_bind (i n : Z) : list prim := [Tell (Enable i n)].
Definition irq_ack_guards (s : kern) i : list guard := [(err_wrong_state, irq_ack_irq, negb (irq_pending s i))].
Definition irq_ack (s : kern) i : outcome := call true (irq_ack_guards s i) [SetFired i false; Tell (Deactivate i)].
(* The capability that boot made is gone: nobody may hear of it any more. *)
Definition irq_end (s : kern) i : list prim :=
  Tell (Disable i) :: if irq_pending s i then [SetFired i false; Tell (Deactivate i)] else [].
