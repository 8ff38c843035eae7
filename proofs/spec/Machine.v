(* SPDX-License-Identifier: Apache-2.0 *)
(* The machine while it runs: everything that anybody does, as events. *)
From Nie Require Export Reachable.

(* Registers of vCPUs, what devices hold, the steps that the call in progress has still to take, and with what each guest extended
   the measurements that are its own: VSpace, number, then the newest first. *)
Record machine := mkM { iso_of : iso; regs : tmap (tmap Z); holds : tmap (tmap Z); todo : list prim; logs : tmap (tmap (list (Z * Z))) }.

Inductive event :=
| Begin (o : op)                   (* the authority layer lets a call through that is about no register *)
| Next                             (* the kernel takes its next step *)
| Deed (d : deed)                  (* a walk, an eviction, a write *)
| Read (v l i n c x : Z)           (* vCPU c of v reads granule n of what a cached leaf maps into its register x *)
| Compute (c x w : Z)              (* vCPU c sets its register x: any computation of its own *)
| Trap (c : Z) (t : trap)          (* vCPU c traps: the kernel answers it, or shows its runner an exit *)
| Resume (p c until reply l1 l2 l3 flags : Z) (* p runs c, with its reply to c's exit and c's virtual interrupts *)
| Settle (n now : Z) (w : cause)   (* core n: an interrupt came, its task waits, a kick or a deadline is looked at: the chain unwinds *)
| Debug (p c what at_ w : Z)       (* p looks at c's registers or memory, and may change them *)
| Measured (p v : Z)               (* p asks how guest v was built *)
| DeviceReads (st v l i n x : Z)   (* a device reads granule n of what its cached leaf maps into its own x *)
| DeviceComputes (st x w : Z)      (* a device does whatever it does, or hears something from outside *)
| FromDevice (st x c n : Z)        (* vCPU c reads a register of the device *)
| ToDevice (c n st x : Z).         (* vCPU c writes one *)

Definition reg (s : machine) c x := get (get (regs s) c) x.
Definition set_reg (r : tmap (tmap Z)) c x w := set r c (set (get r c) x w).
Definition held (s : machine) st x := get (get (holds s) st) x.
Definition with_iso s i := mkM i (regs s) (holds s) (todo s) (logs s).
Definition with_regs s r := mkM (iso_of s) r (holds s) (todo s) (logs s).
Definition with_holds s h := mkM (iso_of s) (regs s) h (todo s) (logs s).
(* What has events of its own, because registers are part of it. *)
Definition is_plain (o : op) : bool := match o with Traps _ _ _ | Runs _ _ _ _ _ _ _ | Settles _ _ _ | Debugs _ _ _ _ => false | _ => true end.
Definition space (s : machine) c := in_vspace (get (vcp (k (iso_of s))) c).

(* A vCPU that comes to a VSpace begins with zeroes, and what it had when it leaves is nobody's. (The kernel zeroes the
   registers of one that lost its VSpace when the vCPU is destroyed; it does not run before.) *)
Definition regs_after (p : prim) (s : machine) : tmap (tmap Z) :=
  match p with
  | SetVcpu c x => if in_vspace x =? space s c then regs s else set (regs s) c (init 0)
  | _ => regs s
  end.

Definition logs_after (p : prim) (s : machine) : tmap (tmap (list (Z * Z))) :=
  match p with NewVspace v _ _ _ | EndVspace v => set (logs s) v (init []) | _ => logs s end.

Section Hash.
(* The hash is any function at all. *)
Variables (built : list measured -> list Z) (extended : list (Z * Z) -> list Z).

(* A trap as the kernel sees it: it knows the measurements. *)
Definition known (s : machine) c (t : trap) : trap :=
  mkTrap (esr t) (far t) (hpfar t) (pending t) (wake t) (id_value t) (entropy t)
         (fun n => if n =? 0 then built (get (meas (iso_of s)) (space s c)) else extended (get (get (logs s) (space s c)) n)).
(* Registers after a trap: the vCPU's own, of the one that it starts, and of its runner if it leaves. *)
Definition trap_effect (s : machine) c t := trapped (k (iso_of s)) c (known s c t) (get (regs s) c).
Definition runner_of (s : machine) c := runner (get (vcp (k (iso_of s))) c).
Definition started_regs (s : machine) c t : tmap (tmap Z) :=
  let e := trap_effect s c t in let own_ := set (regs s) c (own e) in
  match starts e with Some (g, entry_, argument) => if space s g =? space s c then set own_ g (reset_file entry_ argument) else own_ | None => own_ end.
Definition trap_regs (s : machine) c t : tmap (tmap Z) :=
  match then_next (trap_effect s c t) with
  | Leaves a d1 d2 d3 => let p := runner_of s c in set (started_regs s c t) p (put (get (regs s) p) (shown (get (regs s) c) a d1 d2 d3))
  | _ => started_regs s c t
  end.
Definition trap_logs (s : machine) c t :=
  match extends (trap_effect s c t) with
  | Some (n, bytes, x) => let v := space s c in set (logs s) v (set (get (logs s) v) n ((bytes, x) :: get (get (logs s) v) n))
  | None => logs s
  end.
Definition trap_steps_of (s : machine) c t := commit (Traps c (known s c t) (get (regs s) c)) (k (iso_of s)).

Definition settle_of (s : machine) n now w := settle (k (iso_of s)) n now w.
Definition settle_regs (s : machine) n now w := let a := settle_of s n now w in wake_regs (woken a) (hop_regs (regs s) (hops a) (regs s)).

Definition debug_answer (s : machine) c what a := debug_tells (k (iso_of s)) c what a (get (regs s) c) (get (mem (iso_of s))).
Definition debug_regs (s : machine) p c what a w : tmap (tmap Z) :=
  let r := set (regs s) c (debug_sets (k (iso_of s)) c what a w (get (regs s) c)) in set r p (put (get r p) [(0, 0); (1, debug_answer s c what a)]).

Definition happen (e : event) (s : machine) : machine :=
  match e with
  | Begin o => match todo s with [] => if is_plain o then mkM (iso_of s) (regs s) (holds s) (commit o (k (iso_of s))) (logs s) else s | _ => s end
  | Next => match todo s with [] => s | p :: ps => mkM (step p (iso_of s)) (regs_after p s) (holds s) ps (logs_after p s) end
  | Deed d => with_iso s (deed_step d (iso_of s))
  | Read v l i n c x =>
      match cached (iso_of s) false v l i with
      | Leaf f _ => if live (k (iso_of s)) v && (space s c =? v) && (0 <=? n) && (n <? leaf_size l)
                    then with_regs s (set_reg (regs s) c x (get (mem (iso_of s)) (f + n))) else s
      | _ => s
      end
  | Compute c x w => with_regs s (set_reg (regs s) c x w)
  | Trap c t => match todo s with [] => mkM (iso_of s) (trap_regs s c t) (holds s) (trap_steps_of s c t) (trap_logs s c t) | _ => s end
  | Resume p c u reply l1 l2 l3 f =>
      match todo s with
      | [] => match commit (Runs p c u l1 l2 l3 f) (k (iso_of s)) with
              | [] => s
              | ps => mkM (iso_of s) (set (regs s) c (now_running (get (regs s) c) reply l1 l2 l3)) (holds s) ps (logs s)
              end
      | _ => s
      end
  | Settle n now w =>
      match todo s with [] => mkM (iso_of s) (settle_regs s n now w) (holds s) (commit (Settles n now w) (k (iso_of s))) (logs s) | _ => s end
  | Debug p c what a w =>
      match todo s with
      | [] => if live (k (iso_of s)) (space s c) then
                match vcpu_debug (k (iso_of s)) c what a w with
                | Done ps => mkM (iso_of s) (debug_regs s p c what a w) (holds s) ps (logs s)
                | Err e n => with_regs s (set_reg (regs s) p 0 (e + 256 * n))
                | Stop => s
                end
              else s
      | _ => s
      end
  | Measured p v =>
      let h n := nth n (built (get (meas (iso_of s)) v)) 0 in
      with_regs s (set (regs s) p (put (get (regs s) p) [(0, 0); (1, h 0%nat); (2, h 1%nat); (3, h 2%nat); (4, h 3%nat)]))
  | DeviceReads st v l i n x =>
      match cached (iso_of s) true v l i with
      | Leaf f _ => if by_device st && may (iso_of s) st v && (0 <=? n) && (n <? leaf_size l)
                    then with_holds s (set_reg (holds s) st x (get (mem (iso_of s)) (f + n))) else s
      | _ => s
      end
  | DeviceComputes st x w => with_holds s (set_reg (holds s) st x w)
  | FromDevice st x c n => with_regs s (set_reg (regs s) c n (held s st x))
  | ToDevice c n st x => with_holds s (set_reg (holds s) st x (reg s c n))
  end.
Fixpoint run (es : list event) (s : machine) : machine := match es with [] => s | e :: es => run es (happen e s) end.

Definition fine (s : machine) := inv (iso_of s) /\ safe (todo s) (iso_of s).
Lemma safe_later ps s s' : meanwhile s s' -> safe ps s -> safe ps s'.
Proof. destruct ps as [|p ps]; [auto|]. intros M S s2 M2. apply S. eapply meanwhile_trans; eauto. Qed.
Theorem fine_always e s : fine s -> fine (happen e s).
Proof.
  intros [J S]. destruct e; cbn [happen].
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. destruct (is_plain o); [|split; auto; now rewrite T in *]. split; auto. cbn. now apply calls_are_safe.
  - destruct (todo s) as [|p ps] eqn:T; [split; auto; now rewrite T in *|]. destruct (S (iso_of s) (quiet _)) as [O S']. split; cbn; auto. now apply step_inv.
  - split; cbn; [now apply deed_inv|]. eapply safe_later; [|exact S]. apply deeds, quiet.
  - destruct (cached _ _ _ _ _); try (split; auto; fail). destruct (_ && _ && _ && _); split; auto.
  - split; auto.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. split; auto. cbn [iso_of todo]. now apply calls_are_safe.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. pose proof (calls_are_safe (Runs p c until l1 l2 l3 flags) (iso_of s) J) as C.
    destruct (commit _ _); [split; auto; now rewrite T|]. split; auto.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. split; auto. cbn [iso_of todo]. now apply calls_are_safe.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. pose proof (calls_are_safe (Debugs c what at_ w) (iso_of s) J) as C. cbn [commit] in C. fold (space s c) in C.
    destruct (live _ _); [|split; auto; now rewrite T]. destruct (vcpu_debug _ _ _ _ _); split; auto; cbn; now rewrite T.
  - split; auto.
  - destruct (cached _ _ _ _ _); try (split; auto; fail). destruct (_ && _ && _ && _); split; auto.
  - split; auto.
  - split; auto.
  - split; auto.
Qed.
End Hash.
