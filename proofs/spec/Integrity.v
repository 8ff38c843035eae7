(* SPDX-License-Identifier: Apache-2.0 *)
(* Integrity of a guest V against everybody else together; what exits, replies, debuggers and devices reach. *)
From Nie Require Export Security.

Section Hash.
Variables (built : list measured -> list Z) (extended : list (Z * Z) -> list Z).
Notation happen := (happen built extended). Notation trap_effect := (trap_effect built extended). Notation trap_regs := (trap_regs built extended).
Notation started_regs := (started_regs built extended). Notation released := (released built extended). Notation trap_steps_of := (trap_steps_of built extended).

(* ---- integrity ---- *)
(* V's own doing: its computations, its accesses, its devices' accesses, and what gets into its registers by a reply or from a device;
   what it is told as a runner or as a caller; and what it allows, if it agreed to be debugged. *)
Definition by_V (V : Z) (e : event) (s : machine) : Prop :=
  match e with
  | Compute c _ _ | Read _ _ _ _ c _ | FromDevice _ _ c _ | Resume _ c _ _ _ _ _ _ => space s c = V
  | Trap c _ => space s c = V \/ space s (runner_of s c) = V
  | Settle n now w => (exists h, In h (hops (settle_of s n now w)) /\ space s (to_ h) = V) \/ (exists c r, woken (settle_of s n now w) = Some (c, r) /\ space s c = V)
  | Debug p c _ _ _ => space s p = V \/ (space s c = V /\ debuggable (k (iso_of s)) c = true)
  | Measured p _ => space s p = V
  | Deed (Write _ v _ _ _ _) => v = V
  | _ => False
  end.
(* Nobody else changes V's memory; the kernel does nothing to it but to zero it, and to write the page that V asked for, or a
   debugger a word: `pages_written` says when. *)
Theorem integrity_of_memory V e s g : fine s -> owned V (k (iso_of s)) g -> ~ by_V V e s ->
  get (mem (iso_of (happen e s))) g = get (mem (iso_of s)) g \/
  (e = Next /\ (get (mem (iso_of (happen e s))) g = 0 \/ exists j w ps, todo s = Put g j w :: ps)).
Proof.
  intros [J S] Ow N. destruct e; cbn [Machine.happen by_V] in *; auto.
  - destruct (todo s); auto. destruct (is_plain o); auto.
  - destruct (todo s) as [|p ps] eqn:Td; auto. cbn [iso_of]. rewrite step_mem. destruct p; auto; cbn [touch]; [destruct (_ && _); auto|]. destruct (Z.eqb_spec g g0) as [->|]; auto. right. split; auto. right. eauto.
  - destruct d as [a v l i wild|u v l i|a v l i n w|st]; cbn [with_iso iso_of deed_step]; auto.
    + destruct (_ && _); auto. + destruct (live _ _); auto.
    + destruct (cached _ _ _ _ _) eqn:C; auto. destruct (may _ a v && _ && _ && _) eqn:B; auto. cbn [mem]. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso.
      rewrite !andb_true_iff in B. destruct B as [[[My _] N1] N2]. destruct (may_live _ _ _ J My) as [L _]. revert Ow. eapply not_reached; [exact J|exact L|exact N|exact C|lia].
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto.
  - destruct (todo s); auto. - destruct (todo s); auto. destruct (commit _ _); auto.
  - destruct (todo s); auto. - destruct (todo s); auto. destruct (live _ _); auto. destruct (vcpu_debug _ _ _ _ _); auto.
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto. Qed.
Lemma hop_regs_others from hs c : (forall h, In h hs -> c = to_ h -> False) -> forall r, get (hop_regs from hs r) c = get r c.
Proof.
  induction hs as [|h hs IH]; intros N r; [reflexivity|]. cbn [hop_regs fold_left]. change (get (hop_regs from hs (set r (to_ h) (put (get r (to_ h)) (shown (get from (from_ h)) (snd (fst h)) (snd h) 0 0)))) c = get r c).
  rewrite IH by (intros h' I; apply N; now right). rewrite get_set. destruct (Z.eqb_spec c (to_ h)) as [E|]; auto. exfalso. apply (N h); [now left|auto]. Qed.
Lemma debug_needs_policy s c what a w ps : vcpu_debug s c what a w = Done ps -> debuggable s c = true.
Proof. unfold vcpu_debug. intros E. apply call_done in E. destruct E as (_ & _ & Gs). cbn [debug_guards forallb snd] in Gs. apply andb_true_iff in Gs as [Gs _]. now rewrite !negb_involutive in Gs. Qed.
(* Nobody else changes V's registers; a vCPU that comes or goes is zeroed. *)
Theorem integrity_of_registers V e s c x : space s c = V -> ~ by_V V e s ->
  reg (happen e s) c x = reg s c x \/ (e = Next /\ reg (happen e s) c x = 0 /\ space (happen e s) c <> V).
Proof.
  intros Sc N. destruct e; cbn [Machine.happen by_V] in *; auto.
  - destruct (todo s); auto. destruct (is_plain o); auto.
  - destruct (todo s) as [|p ps]; auto. unfold reg, space; cbn [regs iso_of]. destruct p; cbn [regs_after]; auto. destruct (Z.eqb_spec (in_vspace x0) (space s c0)) as [|E]; auto.
    rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; auto. right. repeat split; auto. rewrite step_k. cbn [kstep]; fields. rewrite get_set, Z.eqb_refl. congruence.
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto. left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. destruct (todo s); auto. unfold reg; cbn [regs]. unfold Machine.trap_regs.
    assert (Nc : space s c <> space s c0) by (intros X; apply N; left; congruence). assert (Np : c <> runner_of s c0) by (intros ->; auto).
    destruct (then_next _); rewrite ?get_set, ?(proj2 (Z.eqb_neq _ _) Np); now rewrite started_others.
  - left. destruct (todo s); auto. destruct (commit _ _); auto. unfold reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. destruct (todo s); auto. unfold reg; cbn [regs]. unfold settle_regs. set (a := settle_of s n now w) in *.
    assert (Hs : get (hop_regs (regs s) (hops a) (regs s)) c = get (regs s) c).
    { apply hop_regs_others. intros h I E. apply N. left. exists h. split; auto. now rewrite <- E. }
    unfold wake_regs. destruct (woken a) as [[d r]|] eqn:W; [|now rewrite Hs]. rewrite get_set. destruct (Z.eqb_spec c d) as [->|]; [|now rewrite Hs]. exfalso. apply N. right. eauto.
  - left. destruct (todo s); auto. destruct (live _ _); auto. assert (Np : c <> p) by (intros ->; auto). destruct (vcpu_debug _ _ _ _ _) as [|? ?|qs] eqn:Dc; auto.
    + unfold reg, with_regs, set_reg; cbn [regs]. now rewrite get_set, (proj2 (Z.eqb_neq _ _) Np).
    + unfold reg; cbn [regs]. unfold debug_regs. rewrite !get_set, (proj2 (Z.eqb_neq _ _) Np). destruct (Z.eqb_spec c c0) as [->|]; auto. exfalso. apply N. right. split; auto. eapply debug_needs_policy; eauto.
  - left. assert (Np : c <> p) by (intros ->; auto). unfold reg, with_regs; cbn [regs]. now rewrite get_set, (proj2 (Z.eqb_neq _ _) Np).
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto.
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto]. Qed.

(* What a reply sets: the register that the exit waits for, nothing if it waits for none; and the virtual interrupts. *)
Theorem a_reply_sets_one_register p c u reply l1 l2 l3 f s d x : reg (happen (Resume p c u reply l1 l2 l3 f) s) d x <> reg s d x ->
  d = c /\ ((reg s c WAITS = 1 /\ x = reg s c W_REGISTER) \/ x = WAITS \/ x = LIST1 \/ x = LIST2 \/ x = LIST3).
Proof.
  cbn [Machine.happen]. destruct (todo s); [|congruence]. destruct (commit _ _); [congruence|]. unfold reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec d c) as [->|]; [|congruence].
  intros H. split; auto. unfold now_running, put, accept_reply in H. cbn [fold_left fst snd] in H. rewrite !get_set in H.
  destruct (Z.eqb_spec x LIST3); auto. destruct (Z.eqb_spec x LIST2); auto. destruct (Z.eqb_spec x LIST1); auto. destruct (Z.eqb_spec x WAITS); auto.
  left. destruct ((get (get (regs s) c) WAITS =? 1) && _) eqn:B; [|congruence]. apply andb_true_iff in B as [B _]. split; [now apply Z.eqb_eq|].
  rewrite get_set in H. destruct (Z.eqb_spec x (get (get (regs s) c) W_REGISTER)); congruence. Qed.
(* What an exit sets of its runner: X0 to X7. *)
Lemma shown_is_eight r r' a d1 d2 d3 x : get (put r (shown r' a d1 d2 d3)) x <> get r x -> 0 <= x <= 7.
Proof.
  unfold put, shown. cbn [fold_left fst snd]. intros H. rewrite !get_set in H.
  repeat match goal with H : context [x =? ?n] |- _ => destruct (Z.eqb_spec x n); [subst; lia|] end. congruence. Qed.
Theorem an_exit_shows_eight_registers s c t d x : reg (happen (Trap c t) s) d x <> reg s d x ->
  d = c \/ space s d = space s c \/ (d = runner_of s c /\ 0 <= x <= 7).
Proof.
  cbn [Machine.happen]. destruct (todo s); [|congruence]. unfold reg; cbn [regs]. unfold Machine.trap_regs. intros H.
  destruct (Z.eq_dec d c) as [|Nc]; auto. destruct (Z.eq_dec (space s d) (space s c)) as [|Ns]; auto. right. right.
  pose proof (started_others built extended s c t d Ns) as B.
  destruct (then_next _); [now rewrite B in H|now rewrite B in H|]. rewrite get_set in H. destruct (Z.eqb_spec d (runner_of s c)) as [->|]; [|now rewrite B in H].
  split; auto. eapply shown_is_eight; eauto. Qed.
(* A chain that unwinds sets no more: X0 to X7 of runners, X0 and X1 of who waited or slept. *)
Theorem unwinding_shows_eight_registers s n now w d x : reg (happen (Settle n now w) s) d x <> reg s d x ->
  ((exists h, In h (hops (settle_of s n now w)) /\ d = to_ h) /\ 0 <= x <= 7) \/ ((exists r, woken (settle_of s n now w) = Some (d, r)) /\ 0 <= x <= 1).
Proof.
  cbn [Machine.happen]. destruct (todo s); [|congruence]. unfold reg; cbn [regs]. unfold settle_regs. set (a := settle_of s n now w).
  assert (Hs : forall hs r, get (get (hop_regs (regs s) hs r) d) x <> get (get r d) x -> (exists h, In h hs /\ d = to_ h) /\ 0 <= x <= 7).
  { induction hs as [|h hs IH]; intros r H; [cbn in H; congruence|].
    set (r1 := set r (to_ h) (put (get r (to_ h)) (shown (get (regs s) (from_ h)) (snd (fst h)) (snd h) 0 0))).
    change (get (get (hop_regs (regs s) hs r1) d) x <> get (get r d) x) in H.
    destruct (Z.eq_dec (get (get (hop_regs (regs s) hs r1) d) x) (get (get r1 d) x)) as [E|N].
    - rewrite E in H. unfold r1 in H. rewrite get_set in H. destruct (Z.eqb_spec d (to_ h)) as [->|]; [|congruence].
      split; [exists h; split; [now left|auto]|eapply shown_is_eight; eauto].
    - destruct (IH r1 N) as [(h' & I & E) B]. split; auto. exists h'. split; [now right|auto]. }
  unfold wake_regs. destruct (woken a) as [[c r]|] eqn:W; [|intros H; left; eauto]. rewrite get_set. destruct (Z.eqb_spec d c) as [->|]; [|intros H; left; eauto].
  intros H. unfold put in H. cbn [fold_left fst snd] in H. rewrite !get_set in H. destruct (Z.eqb_spec x 1) as [->|]; [right; split; [eauto|lia]|].
  destruct (Z.eqb_spec x 0) as [->|]; [right; split; [eauto|lia]|]. left. eauto. Qed.

(* ---- debugging ---- *)
(* A guest that did not agree is not open: a debugger learns a status, and changes nothing. *)
Theorem only_the_debuggable_are_open V p c what a w s : debuggable (k (iso_of s)) c = false ->
  released V (Debug p c what a w) s = ([], []) /\ let s' := happen (Debug p c what a w) s in
  iso_of s' = iso_of s /\ todo s' = todo s /\ holds s' = holds s /\ forall d x, reg s' d x <> reg s d x -> d = p /\ x = 0.
Proof.
  intros D. cbn [Security.released Machine.happen]. assert (N : forall ps, vcpu_debug (k (iso_of s)) c what a w <> Done ps) by (intros ps E; apply debug_needs_policy in E; congruence).
  destruct (vcpu_debug _ _ _ _ _) as [|e n|ps]; [| |now elim (N ps)]; (split; [destruct (_ =? _); reflexivity|]); cbv zeta; destruct (todo s) eqn:T; rewrite ?T; try (repeat split; auto; congruence);
    destruct (live _ _); try (repeat split; auto; congruence). repeat split; auto; unfold reg, with_regs, set_reg in *; cbn [regs] in *; rewrite get_set in H;
    (destruct (Z.eqb_spec d p) as [->|]; [|congruence]); auto; rewrite get_set in H; destruct (Z.eqb_spec x 0); congruence. Qed.

(* When the kernel writes a page of V's: V asked for it, or V is debuggable. *)
Lemma no_puts ps g j w : Forall (fun p => match p with Put _ _ _ => False | _ => True end) ps -> In (Put g j w) ps -> False.
Proof. intros F I. rewrite Forall_forall in F. exact (F _ I). Qed.
(* ---- devices, in words of the product ---- *)
(* A device reaches what is mapped in the VSpace that it is attached to, at that place, and nothing else: by what its TLB has
   kept too. *)
Theorem devices_reach_their_vspace s st v l i f r n : inv s -> by_device st = true -> may s st v = true ->
  cached s true v l i = Leaf f r -> 0 <= n < leaf_size l ->
  get (attached (str (k s))) st = v /\ live (k s) v = true /\ okent (k s) v l i (Leaf f r) /\ forall V, owned V (k s) (f + n) -> v = V.
Proof.
  intros J By My C Hn. destruct (may_live _ _ _ J My) as [L D]. destruct (D By) as (_ & _ & A). repeat split; auto.
  - rewrite <- C. now apply J.
  - intros V (g & b & m & z & j & G & Hj & E). now destruct (owner_known V s g b m z j v l i r J G Hj L true f n C Hn E). Qed.
(* One that is attached to nothing writes nothing. *)
Theorem detached_devices_write_nothing s st v l i n w : inv s -> by_device st = true -> get (attached (str (k s))) st = NONE ->
  deed_step (Write st v l i n w) s = s.
Proof.
  intros J By A. cbn [deed_step]. destruct (cached _ _ _ _ _); auto. destruct (may s st v) eqn:My; auto.
  destruct (may_live _ _ _ J My) as [_ D]. destruct (D By) as (N & _ & E). congruence. Qed.
End Hash.
