(* SPDX-License-Identifier: Apache-2.0 *)
(* Traps of a vCPU and what comes of them (kernel/core/isolation/exit.c, psci.c, rsi.c), and runs (run.c): which register of
   whom changes, what the runner is shown, and what its reply may set. *)
From Nie Require Export Calls.

Definition W64 := 18446744073709551616.
Definition NEVER := W64 - 1.
Definition negative (n : Z) := W64 - n.   (* -n in a register *)
Definition p2 (n : Z) : Z := Z.pow 2 n.
(* Bits of a syndrome; both powers are written out where extraction would otherwise compute them each time. *)
Definition bits (value low width : Z) : Z := value / low mod width.
Definition B1 := 2. Definition B4 := Eval compute in p2 4. Definition B5 := Eval compute in p2 5. Definition B6 := Eval compute in p2 6.
Definition B7 := Eval compute in p2 7. Definition B8 := Eval compute in p2 8. Definition B9 := Eval compute in p2 9. Definition B10 := Eval compute in p2 10. Definition B12 := Eval compute in p2 12.
Definition B15 := Eval compute in p2 15. Definition B16 := Eval compute in p2 16. Definition B20 := Eval compute in p2 20.
Definition B21 := Eval compute in p2 21. Definition B22 := Eval compute in p2 22. Definition B24 := Eval compute in p2 24.
Definition B25 := Eval compute in p2 25. Definition B26 := Eval compute in p2 26. Definition B30 := Eval compute in p2 30. Definition B32 := Eval compute in p2 32.
Definition B40 := Eval compute in p2 40. Definition B41 := Eval compute in p2 41. Definition B42 := Eval compute in p2 42. Definition B48 := Eval compute in p2 48. Definition B56 := Eval compute in p2 56.
Definition B60 := Eval compute in p2 60. Definition B61 := Eval compute in p2 61. Definition B62 := Eval compute in p2 62.

(* A vCPU's registers: X0 to X30, then these: what its pending exit waits for, and its list registers (the first is the
   kernel's own) with the count of ended interrupts; then PSTATE and what else vcpu_debug knows, in its order. *)
Definition PC := 31. Definition WAITS := 32. Definition W_REGISTER := 33. Definition W_SIZE := 34. Definition W_EXTEND := 35.
Definition LIST0 := 36. Definition LIST1 := 37. Definition LIST2 := 38. Definition LIST3 := 39. Definition ENDS := 40.
Definition PSTATE := 41. Definition SCTLR := 49. Definition REGISTERS := 53.
Definition file := tmap Z.
Definition put (r : file) (l : list (Z * Z)) : file := fold_left (fun r p => set r (fst p) (snd p)) l r.
(* A guest's vCPU that starts: at EL1 with interrupts masked, MMU and caches off. *)
Definition reset_file (entry_ argument : Z) : file := put (init 0) [(0, argument); (PC, entry_); (PSTATE, 965); (SCTLR, 818939904)].
Definition general (r : file) n : Z := if n <? 31 then get r n else 0.
Definition set_general (r : file) n w : file := if n <? 31 then set r n w else r.

(* What the hardware says of the trap, and what it answers when asked: ESR_EL2, FAR_EL2, HPFAR_EL2; is an interrupt pending;
   when will the timer fire; the value of the ID register, if it is one; random words, if it has a generator of them (they may be
   used up). `digests` is no hardware's: the measurements of the vCPU's VSpace by number, each of four words. *)
Record trap := mkTrap { esr : Z; far : Z; hpfar : Z; pending : bool; wake : Z; id_value : option Z; entropy : option (list Z);
                        digests : Z -> list Z }.
Inductive next := Goes | Undefined | Leaves (reason d1 d2 d3 : Z).
(* What a trap does: its own registers, another vCPU that starts (at an entry, with an argument), steps of the isolation
   layer, whether it leaves to its runner, and with what it extends a measurement of its VSpace's: number, bytes, value. *)
Record effect := Effect { own : file; starts : option (Z * Z * Z); does : list prim; then_next : next; extends : option (Z * Z * Z) }.
Notation mkEffect r st ps n := (Effect r st ps n None).
Definition stays r := mkEffect r None [] Goes.
Definition leaves r reason d1 d2 d3 := mkEffect r None [] (Leaves reason d1 d2 d3).

Definition pow8 b := if b =? 1 then B8 else if b =? 2 then B16 else if b =? 4 then B32 else W64.
Definition truncate w b := w mod pow8 b.
Definition extend w b to :=
  let low := truncate w b in if (to =? 0) || (b =? 8) || (low <? pow8 b / 2) then low else truncate (low - pow8 b) to.
(* A reply gets into the one register that the exit waits for, if it waits for one. *)
Definition accept_reply (r : file) (reply : Z) : file :=
  set (if (get r WAITS =? 1) && (get r W_REGISTER <? 31)
       then set r (get r W_REGISTER) (extend reply (get r W_SIZE) (get r W_EXTEND)) else r) WAITS 0.

Section Trap.
Variables (s : kern) (c : Z) (t : trap) (r : file).
Let x := get (vcp s) c.
Let v := in_vspace x.
Let gu := of_guest x.
Let base := runner x =? NONE.

Definition class_of := bits (esr t) B26 B6.
Definition skip (r : file) := set r PC ((get r PC + (if bits (esr t) B25 B1 =? 0 then 2 else 4)) mod W64).
Definition with_power w := mkVcpu (in_vspace x) (index x) (of_guest x) w (core x) (runner x) (deadline x) (kicked x) (exiting x) (cspace x) (cspace_serial x).
Definition crash := mkEffect r None [SetVcpu c (with_power Crashed)] (Leaves exit_crash class_of (if gu then 0 else far t) (if gu then 0 else get r PC)).
Definition translation := bits (esr t) 4 B4 =? 1.
Definition permission := bits (esr t) 4 B4 =? 3.
Definition fault_ipa :=
  if gu then if permission then NEVER else bits (hpfar t) B4 B40 * PAGE + far t mod PAGE else far t.
Definition fault access :=
  if base || negb (translation || permission) then crash else leaves r exit_fault fault_ipa access 0.
(* The guest's own memory: lost, come meanwhile, or expected and not there. *)
Definition own_memory access : option effect :=
  if negb gu || negb translation || (IPA_END <=? fault_ipa) then None
  else match snd (resolve s v fault_ipa) with
       | Empty => None | Destroyed => Some crash | Ram => Some (leaves r exit_fault fault_ipa access 0) | _ => Some (stays r) end.
Definition await (r : file) n size to := put r [(WAITS, 1); (W_REGISTER, n); (W_SIZE, size); (W_EXTEND, to)].
Definition size_of_access := let z := bits (esr t) B22 4 in if z =? 0 then 1 else if z =? 1 then 2 else if z =? 2 then 4 else 8.
Definition data_abort :=
  let cm := bits (esr t) B8 B1 =? 1 in
  let write := (bits (esr t) B6 B1 =? 1) && negb cm in
  let described := (bits (esr t) B24 B1 =? 1) && (bits (esr t) B7 B1 =? 0) && negb cm in
  let access := if write then 2 else 1 in let size := size_of_access in let n := bits (esr t) B16 B5 in
  match own_memory access with
  | Some e => e
  | None =>
      if negb gu || negb translation || negb described then fault access
      else if write then leaves (skip r) exit_mmio fault_ipa (truncate (general r n) size) (size + 256)
      else leaves (await (skip r) n size (if bits (esr t) B21 B1 =? 0 then 0 else if bits (esr t) B15 B1 =? 0 then 4 else 8)) exit_mmio fault_ipa 0 size
  end.
Definition instruction_abort := match own_memory 4 with Some e => e | None => fault 4 end.

(* System registers, by their encoding in the syndrome. *)
Definition sysreg op0 op1 crn crm op2 := op0 * B20 + op2 * (2 * B16) + op1 * (4 * B12) + crn * B10 + crm * 2.
Definition CNTP_TVAL := Eval compute in sysreg 3 3 14 2 0. Definition CNTP_CTL := Eval compute in sysreg 3 3 14 2 1.
Definition CNTP_CVAL := Eval compute in sysreg 3 3 14 2 2. Definition ICC_DIR := Eval compute in sysreg 3 0 12 11 1.
Definition ICC_SGI1R := Eval compute in sysreg 3 0 12 11 5. Definition ICC_ASGI1R := Eval compute in sysreg 3 0 12 11 6.
Definition ICC_SGI0R := Eval compute in sysreg 3 0 12 11 7.
Definition GUEST_TIMER := 27.
Definition system_register :=
  let which := bits (esr t) B10 B12 * B10 + bits (esr t) 2 B4 * 2 in
  let n := bits (esr t) B5 B5 in let read := bits (esr t) 1 B1 =? 1 in
  match (if read then id_value t else None) with
  | Some w => stays (skip (set_general r n w))
  | None =>
      if bits (esr t) B20 4 =? 2 then stays (skip (if read then set_general r n 0 else r))
      else if negb read && (which =? ICC_SGI1R) then leaves (skip r) exit_sgi (general r n) 0 0
      else if (which =? CNTP_TVAL) || (which =? CNTP_CTL) || (which =? CNTP_CVAL) ||
              (negb read && ((which =? ICC_DIR) || (which =? ICC_SGI0R) || (which =? ICC_ASGI1R))) then
        if read then leaves (await (skip r) n 8 0) exit_register which 0 0
        else if (which =? ICC_DIR) && (general r n =? GUEST_TIMER) then stays (skip r)
        else leaves (skip r) exit_register which (general r n) 256
      else mkEffect r None [] Undefined
  end.
Definition wait_for :=
  if (bits (esr t) 1 B1 =? 1) || base || (gu && pending t) then stays (skip r)
  else leaves (skip r) exit_wfi (if gu then wake t else NEVER) 0 0.

(* ---- PSCI (DEN0022) and SMCCC (DEN0028) ---- *)
Definition answer w := stays (set r 0 w).
Definition SUCCESS := 0. Definition NOT_SUPPORTED := negative 1. Definition INVALID_PARAMETERS := negative 2.
Definition ALREADY_ON := negative 4. Definition INTERNAL_FAILURE := negative 6. Definition INVALID_ADDRESS := negative 9.
Definition PSCI := 2214592512.     (* 0x84000000 *)
Definition SMCCC := 2147483648.    (* 0x80000000 *)
Definition RSI := 3288334336.      (* 0xc4000000 *)
Definition SMC64 := B30.
Definition by_mpidr m := if m <? 8 then get (vcpus (vs s v)) m else NONE.
Definition is_on g := match powered (get (vcp s) g) with On => true | _ => false end.
Definition is_off g := match powered (get (vcp s) g) with Off => true | _ => false end.
(* The vCPU that a guest names is its own: vcpu_configure put it there. (The kernel need not look.) *)
Definition is_ours g := in_vspace (get (vcp s) g) =? v.
Definition turned_on g := let y := get (vcp s) g in mkVcpu (in_vspace y) (index y) (of_guest y) On (core y) (runner y) (deadline y) (kicked y) (exiting y) (cspace y) (cspace_serial y).
Definition kicked_ g := let y := get (vcp s) g in mkVcpu (in_vspace y) (index y) (of_guest y) (powered y) (core y) (runner y) (deadline y) true (exiting y) (cspace y) (cspace_serial y).
Definition cpu_on m entry_ context :=
  let g := by_mpidr m in
  if (g =? NONE) || negb (is_ours g) then answer INVALID_PARAMETERS
  else if is_on g then answer ALREADY_ON
  else if negb (is_off g) then answer INTERNAL_FAILURE
  else if negb (entry_ mod 4 =? 0) || (SHARED_HALF <=? entry_) then answer INVALID_ADDRESS
  else mkEffect (set r 0 SUCCESS) (Some (g, entry_, context)) [SetVcpu g (turned_on g)] (Leaves exit_cpu_on (index (get (vcp s) g)) 0 0).
Definition affinity m level :=
  let g := by_mpidr m in
  if (g =? NONE) || negb (level =? 0) then INVALID_PARAMETERS else if is_on g then 0 else 1.
Definition end_guest reason :=
  let others := filter (fun g => negb (g =? c)) (members s v) in
  mkEffect r None ((if is_active s v then [SetVs v (set_living s v Ended)] else []) ++ map (fun g => SetVcpu g (kicked_ g)) others)
           (Leaves reason 0 0 0).
Definition suspend state :=
  if negb (bits state (2 * B16) B15 =? 0) then answer INVALID_PARAMETERS
  else if pending t then answer SUCCESS else leaves (set r 0 SUCCESS) exit_wfi (wake t) 0 0.
(* CPU_SUSPEND, CPU_ON, AFFINITY_INFO and SYSTEM_RESET2 have a 64-bit form. *)
Definition has_both n := (n =? 1) || (n =? 3) || (n =? 4) || (n =? 18).
Definition is_psci f := ((PSCI <=? f) && (f <? PSCI + 32)) && let n := f - PSCI in has_both n || (n =? 0) || (n =? 2) || (n =? 6) || (n =? 8) || (n =? 9) || (n =? 10).
Definition is_supported f := (f =? SMCCC) || is_psci f || ((PSCI + SMC64 <=? f) && (f <? PSCI + SMC64 + 32) && has_both (f - SMC64 - PSCI)).

(* ---- RSI (DEN0137 B5) ---- *)
Fixpoint same_state (fuel : nat) at_ top state : Z :=
  match fuel with
  | O => at_
  | S fuel => if top <=? at_ then at_ else
      let '(l, e) := resolve s v at_ in
      if ripas e =? state then same_state fuel ((at_ / span l + 1) * span l) top state else at_
  end.
Definition ipa_state_get base_ top :=
  if is_private_range base_ top then
    let state := ripas (snd (resolve s v base_)) in
    stays (put r [(0, 0); (1, Z.min (same_state (Z.to_nat N512) base_ top state) top); (2, state)])
  else answer 1.
Definition ipa_state_set base_ top state :=
  match ripas_set s v base_ top state with
  | None => answer 1
  | Some (stop, changed, ps) =>
      let end_ := Z.min stop top in
      mkEffect (put r [(0, 0); (1, end_); (2, if base_ <? stop then 0 else 1)]) None ps
               (if changed : bool then Leaves exit_ipa_state base_ end_ state else Goes)
  end.

(* Measurement 0 is how it was built; 1 to 4 are the guest's own. *)
Definition MEASUREMENTS := 5.
Definition measurement_read number :=
  if MEASUREMENTS <=? number then answer 1
  else let w n := nth n (digests t number) 0 in
       stays (put r [(0, 0); (1, w 0%nat); (2, w 1%nat); (3, w 2%nat); (4, w 3%nat); (5, 0); (6, 0); (7, 0); (8, 0)]).
(* X3 to X10 as one number, the first lowest. *)
Definition extension := fold_right (fun n w => get r n + W64 * w) 0 [3; 4; 5; 6; 7; 8; 9; 10].
Definition measurement_extend number bytes :=
  if (number =? 0) || (MEASUREMENTS <=? number) || (64 <? bytes) then answer 1
  else Effect (set r 0 0) None [] Goes (Some (number, bytes, extension mod p2 (8 * bytes))).
(* The page that a guest asks to be told about itself in: 39, the width of its IPAs; 0, the hash is SHA-256; from word 64 on, its
   policy. A granule's content is its bytes as one number. *)
Definition config_page := 39 + policy (vs s v) * p2 4096.
Definition realm_config ipa :=
  if negb (is_private_range ipa (ipa + PAGE)) then answer 1
  else let '(l, e) := resolve s v ipa in
    match e with
    | Ram => leaves (set r PC ((get r PC - 4) mod W64)) exit_fault ipa 2 0
    | Leaf f rights => if writable rights then Effect (set r 0 0) None [Put (f + ipa mod span l / PAGE) None config_page] Goes None else answer 1
    | _ => answer 1
    end.

(* ---- TRNG (DEN0098) ---- *)
Definition TRNG := 2214592592.     (* 0x84000050 *)
Definition NO_ENTROPY := negative 3.
Definition random_bits (words : list Z) many width :=
  if (many =? 0) || (3 * width <? many) then answer INVALID_PARAMETERS
  else if Z.of_nat (length words) * width <? many then answer NO_ENTROPY
  else let word i := if i * width <? many then nth (Z.to_nat i) words 0 / p2 (64 - Z.min (many - i * width) width) else 0 in
       stays (put r [(0, SUCCESS); (3, word 0); (2, word 1); (1, word 2)]).
Definition random_call f a : option effect :=
  match entropy t with
  | None => None
  | Some words =>
      if f =? TRNG then Some (answer 65536)
      else if f =? TRNG + 1 then Some (answer (if ((TRNG <=? a) && (a <=? TRNG + 3)) || (a =? TRNG + 3 + SMC64) then SUCCESS else NOT_SUPPORTED))
      else if f =? TRNG + 2 then Some (stays (put r [(0, 1595738819); (1, 1266437670); (2, 178139576); (3, 1826091620)]))
      else if f =? TRNG + 3 then Some (random_bits words a 32)
      else if f =? TRNG + 3 + SMC64 then Some (random_bits words a 64)
      else None
  end.

Definition guest_call :=
  let f := get r 0 mod B32 in let wide := negb (bits f B30 B1 =? 0) in
  let arg n := if wide then get r n else get r n mod B32 in
  let a := arg 1 in let q := get r 1 mod B32 in
  if f =? SMCCC then answer 65538
  else if f =? SMCCC + 1 then answer (if (q =? SMCCC) || (q =? SMCCC + 1) then SUCCESS else NOT_SUPPORTED)
  else if f =? PSCI then answer 65537
  else if f =? PSCI + 10 then answer (if is_supported q then SUCCESS else NOT_SUPPORTED)
  else if f =? PSCI + 6 then answer 2
  else let n := f mod SMC64 - (PSCI - SMC64 * 2) in
  if negb (is_supported f) then
    if f =? RSI + 400 then stays (put r [(0, if get r 1 =? 65536 then 0 else 1); (1, 65536); (2, 65536)])
    else if f =? RSI + 401 then stays (put r [(0, 0); (1, 0)])
    else if f =? RSI + 402 then measurement_read (get r 1)
    else if f =? RSI + 403 then measurement_extend (get r 1) (get r 2)
    else if f =? RSI + 406 then realm_config (get r 1)
    else if f =? RSI + 407 then ipa_state_set (get r 1) (get r 2) (get r 3)
    else if f =? RSI + 408 then ipa_state_get (get r 1) (get r 2)
    else match random_call f a with Some e => e | None => answer NOT_SUPPORTED end
  else if n =? 1 then suspend a
  else if n =? 3 then cpu_on a (arg 2) (arg 3)
  else if n =? 2 then mkEffect r None [SetVcpu c (with_power Off)] (Leaves exit_cpu_off 0 0 0)
  else if n =? 4 then answer (affinity a (arg 2))
  else if n =? 8 then end_guest exit_system_off
  else if n =? 18 then if a =? 0 then end_guest exit_system_reset else answer INVALID_PARAMETERS
  else end_guest exit_system_reset.
End Trap.

(* ESR_EL2.EC: WFx 0x01, SVC 0x15 (of tasks: a hypercall, which is not here), HVC 0x16, SMC 0x17, system register 0x18,
   instruction abort 0x20, data abort 0x24; up to 0x1f instructions that EL2 traps. *)
Definition trapped (s : kern) (c : Z) (t : trap) (r : file) : effect :=
  let class := class_of t in let gu := of_guest (get (vcp s) c) in
  if class =? 36 then data_abort s c t r
  else if class =? 1 then wait_for s c t r
  else if class =? 32 then instruction_abort s c t r
  else if negb gu then crash s c t r
  else if class =? 23 then guest_call s c t (skip t r)
  else if class =? 22 then guest_call s c t r
  else if class =? 24 then system_register t r
  else if class <=? 31 then mkEffect r None [] Undefined
  else crash s c t r.

(* ---- what the runner is shown ---- *)
(* The exit itself; of the guest's virtual interrupts what a VMM put into list registers, and how they are now. *)
Definition shown (r : file) (reason d1 d2 d3 : Z) : list (Z * Z) :=
  [(0, 0); (1, reason + get r LIST0 / B62 * B8 + get r ENDS * B16); (2, d1); (3, d2); (4, d3); (5, get r LIST1); (6, get r LIST2); (7, get r LIST3)].
Definition off_core (x : vcpu) := mkVcpu (in_vspace x) (index x) (of_guest x) (powered x) NONE NONE (deadline x) (kicked x) (exiting x) (cspace x) (cspace_serial x).
Definition now_runs (x : pcore) g := mkCore g (sleeps x) (wakes_at x) (unheard x) (begins x).
(* The core goes back to the runner of the vCPU that it runs. *)
Definition lend_back (s : kern) c : list prim :=
  let x := get (vcp s) c in [SetVcpu c (off_core x); SetCore (core x) (now_runs (get (cor s) (core x)) (runner x))].
(* All steps of a trap: whoever leaves is on no core any more. *)
Definition trap_steps (s : kern) c (e : effect) : list prim :=
  match then_next e with Leaves _ _ _ _ => does e ++ lend_back (ksteps (does e) s) c | _ => does e end.

(* ---- runs ---- *)
Definition list_allowed w := (bits w B32 B9 =? 0) && (bits w B42 B6 =? 0) && (bits w B56 B4 =? 0) && (bits w B61 B1 =? 0) &&
  (w mod B32 <? 1020) && ((w / B62 =? 0) || negb (w mod B32 =? GUEST_TIMER)).
Definition list_same a b := negb (a / B62 =? 0) && negb (b / B62 =? 0) && (a mod B32 =? b mod B32).
Definition can_run (s : kern) c :=
  let x := get (vcp s) c in
  match powered x with On => true | _ => false end && negb (exiting x) && negb (in_vspace x =? NONE) &&
  (if of_guest x then is_active s (in_vspace x) else is_building s (in_vspace x)).
Definition CHAIN_LIMIT := 4.
(* How many vCPUs lend the core to each other, up to this one. *)
Fixpoint chain (fuel : nat) (s : kern) c : Z :=
  match fuel with O => 1 | S fuel => let p := runner (get (vcp s) c) in if p =? NONE then 1 else chain fuel s p + 1 end.
Definition run_guards (s : kern) (current c l1 l2 l3 flags : Z) : list guard := [
  (err_wrong_state, run_vcpu, negb (can_run s c));
  (err_busy, run_vcpu, on_core s c);
  (err_exhausted, run_vcpu, CHAIN_LIMIT <=? chain 4 s current);
  (err_bad_value, run_list1, negb (list_allowed l1));
  (err_bad_value, run_list2, negb (list_allowed l2));
  (err_bad_value, run_list3, negb (list_allowed l3) || list_same l1 l2 || list_same l1 l3 || list_same l2 l3);
  (err_bad_value, run_flags, negb ((bits flags 8 B5 =? 0) && (bits flags B16 B4 =? 0) && (flags <? B21)))].
Definition lent (x : vcpu) current on until := mkVcpu (in_vspace x) (index x) (of_guest x) (powered x) on current until (kicked x) (exiting x) (cspace x) (cspace_serial x).
(* The runner is given by the core, which knows its current vCPU. `now_running` are the registers it runs with. *)
Definition run_vcpu_ (s : kern) (current c until l1 l2 l3 flags : Z) : outcome :=
  call (is_vcpu s c && is_vcpu s current) (run_guards s current c l1 l2 l3 flags)
       [SetVcpu c (lent (get (vcp s) c) current (core (get (vcp s) current)) (Z.min until (deadline (get (vcp s) current))));
        let n := core (get (vcp s) current) in SetCore n (now_runs (get (cor s) n) c)].
Definition now_running (r : file) reply l1 l2 l3 : file := put (accept_reply r reply) [(LIST1, l1); (LIST2, l2); (LIST3, l3)].
