(* SPDX-License-Identifier: Apache-2.0 *)
(* A core's chain of vCPUs (kernel/core/isolation/run.c): a task, the vCPU that it lent the core to, and so on, up to the one that
   runs. How kicks, interrupts, deadlines and the end of a vCPU unwind it; wait, vcpu_kick, core_start. *)
From Nie Require Export Interrupts.

Definition core_of (s : kern) n := get (cor s) n.
Definition now_on (s : kern) n := runs_now (core_of s n).
Definition with_kick (x : vcpu) b := mkVcpu (in_vspace x) (index x) (of_guest x) (powered x) (core x) (runner x) (deadline x) b (exiting x) (cspace x) (cspace_serial x).
Definition heard (x : pcore) := mkCore (runs_now x) (sleeps x) (wakes_at x) false (begins x).
Definition is_awake (x : pcore) := mkCore (runs_now x) false (wakes_at x) (unheard x) (begins x).
Definition due until now := negb (until =? NEVER) && (until <=? now).

(* Which vCPU leaves, to whom, why, and the first detail. *)
Definition hop : Type := Z * Z * Z * Z.
Definition from_ (h : hop) := fst (fst (fst h)).
Definition to_ (h : hop) := snd (fst (fst h)).
(* What comes of it: exits, in their order; whoever waited or slept and why it goes on; steps. *)
Record settled := mkSettled { hops : list hop; woken : option (Z * Z); settles : list prim }.
Definition nothing := mkSettled [] None [].
Definition and_then (s : kern) (a : settled) (f : kern -> settled) : settled :=
  let b := f (ksteps (settles a) s) in mkSettled (hops a ++ hops b) (match woken b with None => woken a | w => w end) (settles a ++ settles b).

(* The vCPU that runs on core n leaves it. *)
Definition leave_core (s : kern) n reason d1 : settled :=
  let g := now_on s n in let x := get (vcp s) g in
  mkSettled [(g, runner x, reason, d1)] None
            [SetVcpu g (off_core x); SetCore n (now_runs (core_of s n) (runner x))].

(* Why the run of g, which is in the chain of core n and not its task, must end; 0 if it need not. The task itself hears of
   interrupts and of its own kicks by the vCPU above it. *)
Definition reason_to_stop (s : kern) n now g : Z :=
  let x := get (vcp s) g in let p := get (vcp s) (runner x) in let above_base := runner p =? NONE in
  if exiting x || kicked x || (above_base && kicked p) then exit_kick
  else if above_base && unheard (core_of s n) then exit_interrupt
  else if due (deadline x) now then exit_deadline else 0.
(* Down the chain from g: the core's task; the vCPU above that; the one nearest to it whose run must end, and why. *)
Fixpoint look_down (fuel : nat) (s : kern) n now g above (stop : option (Z * Z)) : Z * Z * option (Z * Z) :=
  match fuel with
  | O => (g, above, stop)
  | S fuel =>
      if runner (get (vcp s) g) =? NONE then (g, above, stop)
      else let r := reason_to_stop s n now g in
           look_down fuel s n now (runner (get (vcp s) g)) g (if r =? 0 then stop else Some (g, r))
  end.
Definition unwind_one (s : kern) n stop reason : settled :=
  let g := now_on s n in let p := runner (get (vcp s) g) in let last := g =? stop in
  let ps := (if (reason =? exit_kick) && (runner (get (vcp s) p) =? NONE) then [SetVcpu p (with_kick (get (vcp s) p) false)] else []) ++
            (if (reason =? exit_interrupt) && last then [SetCore n (heard (core_of s n))] else []) ++
            [SetVcpu g (with_kick (get (vcp s) g) false)] in
  and_then s (mkSettled [] None ps) (fun s => leave_core s n (if last then reason else exit_interrupt) 0).
Fixpoint unwind (fuel : nat) (s : kern) n stop reason : settled :=
  match fuel with
  | O => nothing
  | S fuel => and_then s (unwind_one s n stop reason) (fun s' => if now_on s n =? stop then nothing else unwind fuel s' n stop reason)
  end.

Definition wakes (s : kern) n reason (x : pcore) : settled := mkSettled [] (Some (now_on s n, reason)) [SetCore n (is_awake x)].
Definition check_wait (s : kern) n now : settled :=
  let g := now_on s n in let x := core_of s n in
  if kicked (get (vcp s) g) then mkSettled [] (Some (g, exit_kick)) [SetVcpu g (with_kick (get (vcp s) g) false); SetCore n (is_awake x)]
  else if unheard x then wakes s n exit_interrupt (heard x)
  else if due (wakes_at x) now then wakes s n exit_deadline x else nothing.
(* A task that is being ended leaves its core, to nobody. *)
Definition drop_task (s : kern) n : settled :=
  and_then s (mkSettled [] None [SetCore n (is_awake (core_of s n))]) (fun s => leave_core s n exit_kick 0).

Definition chain_check (s : kern) n now : settled :=
  let g := now_on s n in
  if g =? NONE then nothing
  else
    let x := core_of s n in
    let begun := if begins x then [SetCore n (mkCore (runs_now x) (sleeps x) (wakes_at x) (unheard x) false)] else [] in
    and_then s (mkSettled [] None begun) (fun s =>
    let '(base, above, stop) := look_down (Z.to_nat CHAIN_LIMIT) s n now g NONE None in
    let stop := if exiting (get (vcp s) base) && negb (above =? NONE) then Some (above, exit_kick) else stop in
    and_then s (match stop with Some (c, reason) => unwind (Z.to_nat CHAIN_LIMIT) s n c reason | None => nothing end) (fun s =>
    if exiting (get (vcp s) base) then drop_task s n
    else if sleeps (core_of s n) then check_wait s n now else nothing)).

(* An interrupt that was acknowledged on core n: a device's, for whoever polls it; or the virtual interrupt controller's own. *)
Definition MAINTENANCE := 25.
Definition interrupt (s : kern) n i now : settled :=
  let x := core_of s n in let g := runs_now x in
  and_then s (if 32 <=? i then mkSettled [] None ((if i <? INTIDS then [SetFired i true] else []) ++ [SetCore n (mkCore (runs_now x) (sleeps x) (wakes_at x) true (begins x))])
              else if (i =? MAINTENANCE) && negb (g =? NONE) && of_guest (get (vcp s) g) then leave_core s n exit_maintenance 0 else nothing)
             (fun s => chain_check s n now).
(* wait: the core's own task sleeps; another one lets its runner decide, and finds that it was kicked. *)
Definition wait (s : kern) n until now : settled :=
  let x := core_of s n in let g := runs_now x in
  if runner (get (vcp s) g) =? NONE then
    and_then s (mkSettled [] None [SetCore n (mkCore g true until (unheard x) (begins x))]) (fun s => check_wait s n now)
  else let a := leave_core s n exit_wfi until in mkSettled (hops a) (Some (g, exit_kick)) (settles a).
(* After a run, what came before it is looked at at once. *)
Definition after_run (s : kern) n now : settled :=
  let x := get (vcp s) (now_on s n) in
  if kicked x || kicked (get (vcp s) (runner x)) || unheard (core_of s n) || due (deadline x) now then chain_check s n now else nothing.

Inductive cause := Waits (until : Z) | Interrupted (i : Z) | Looks | HasRun.
Definition settle (s : kern) n now (w : cause) : settled :=
  match w with Waits until => wait s n until now | Interrupted i => interrupt s n i now | Looks => chain_check s n now | HasRun => after_run s n now end.

(* Registers after it: each runner is shown the exit; who waited or slept is told why it goes on. *)
Definition hop_regs (from : tmap (tmap Z)) (hs : list hop) (r : tmap (tmap Z)) : tmap (tmap Z) :=
  fold_left (fun r h => set r (to_ h) (put (get r (to_ h)) (shown (get from (from_ h)) (snd (fst h)) (snd h) 0 0))) hs r.
Definition wake_regs (w : option (Z * Z)) (r : tmap (tmap Z)) : tmap (tmap Z) :=
  match w with Some (c, reason) => set r c (put (get r c) [(0, 0); (1, reason)]) | None => r end.

Definition vcpu_kick (s : kern) c : outcome :=
  let x := get (vcp s) c in
  call (is_vcpu s c) [] (SetVcpu c (with_kick x true) :: if core x =? NONE then [] else [Tell (Ipi (core x))]).

(* ---- a core begins with a task ---- *)
Definition core_start_guards (s : kern) n target c : list guard := [
  (err_wrong_state, core_start_vcpu, of_guest (get (vcp s) c) || negb (can_run s c));
  (err_busy, core_start_vcpu, on_core s c);
  (err_busy, core_start_core, if target =? n then negb (runner (get (vcp s) (now_on s n)) =? NONE) else negb (now_on s target =? NONE))].
Definition begun (x : vcpu) n := mkVcpu (in_vspace x) (index x) (of_guest x) (powered x) n (runner x) NEVER (kicked x) (exiting x) (cspace x) (cspace_serial x).
Definition leaves_to (x : vcpu) := mkVcpu (in_vspace x) (index x) (of_guest x) (powered x) NONE (runner x) (deadline x) (kicked x) (exiting x) (cspace x) (cspace_serial x).
Definition core_start (s : kern) n target c : outcome :=
  let old := now_on s n in let x := core_of s target in
  call (is_vcpu s c) (core_start_guards s n target c)
       (SetVcpu c (begun (get (vcp s) c) target) ::
        if target =? n then [SetCore n (now_runs x c); SetVcpu old (leaves_to (get (vcp s) old))]
        else [SetCore target (mkCore c (sleeps x) (wakes_at x) (unheard x) true); Tell (Ipi target)]).
