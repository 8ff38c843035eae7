(* SPDX-License-Identifier: Apache-2.0 *)
(* vcpu_debug (kernel/core/isolation/debug.c): registers and memory of a guest whose policy, measured and fixed by activation,
   says that it may be debugged. *)
From Nie Require Export Exits.

Definition debuggable (s : kern) c := let x := get (vcp s) c in negb (in_vspace x =? NONE) && Z.odd (policy (vs s (in_vspace x))).
Definition debug_guards (s : kern) c what at_ : list guard :=
  let x := get (vcp s) c in let memory := Z.odd what in let write := bits what 2 B1 =? 1 in
  let e := snd (resolve s (in_vspace x) at_) in [
  (err_wrong_state, vcpu_debug_vcpu, negb (debuggable s c));
  (err_busy, vcpu_debug_vcpu, on_core s c);
  (err_bad_value, vcpu_debug_what, 4 <=? what);
  (err_bad_value, vcpu_debug_at, if memory then SHARED_HALF <=? at_ else (44 <=? at_) || (write && (at_ =? 32)));
  (err_unaligned, vcpu_debug_at, memory && negb (at_ mod 8 =? 0));
  (err_not_mapped, vcpu_debug_at, memory && match e with Leaf _ _ => false | _ => true end)].

(* What a call that no guard refuses looks at: a register, or word j of a granule. *)
Inductive seen_ := Register (i : Z) | Word (g j : Z).
Definition debug_looks (s : kern) c what at_ : seen_ :=
  if Z.odd what then
    let '(l, e) := resolve s (in_vspace (get (vcp s) c)) at_ in
    match e with Leaf f _ => Word (f + at_ mod span l / PAGE) (at_ mod PAGE / 8) | _ => Word 0 0 end
  else Register (if at_ <=? PC then at_ else at_ + (PSTATE - 32)).
Definition debug_writes what := bits what 2 B1 =? 1.
Definition vcpu_debug (s : kern) c what at_ value : outcome :=
  call (is_vcpu s c) (debug_guards s c what at_)
       (match debug_looks s c what at_ with Word g j => if debug_writes what then [Put g (Some j) value] else [] | Register _ => [] end).
(* The registers of the vCPU afterwards, and what the caller is told was there. *)
Definition debug_sets (s : kern) c what at_ value (r : file) : file :=
  match debug_looks s c what at_ with Register i => if debug_writes what then set r i value else r | Word _ _ => r end.
Definition debug_tells (s : kern) c what at_ (r : file) (page : Z -> Z) : Z :=
  match debug_looks s c what at_ with Register i => get r i | Word g j => word_of_page (page g) j end.
