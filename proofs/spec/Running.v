(* SPDX-License-Identifier: Apache-2.0 *)
(* What a guest does by a call or a trap takes only steps in their right place. *)
From Nie Require Export Safety Chains Debug.

(* ---- the guest's own call ---- *)
Lemma resolve_entry s v ipa : let '(l, e) := resolve s v ipa in e = entry_at s v l (ipa / span l).
Proof. unfold resolve. destruct (is_link (entry_at s v 1 (ipa / GIB))); [destruct (is_link (entry_at s v 2 (ipa / BLOCK)))|]; reflexivity. Qed.

Lemma ripas_walk_good fuel : forall s v at_ top state b, inv s -> live (k s) v = true ->
  safe (snd (ripas_walk fuel (k s) v at_ top state b)) s.
Proof.
  induction fuel as [|fuel IH]; intros s v at_ top state b J L; [exact Logic.I|]. cbn [ripas_walk]. destruct (top <=? at_); [exact Logic.I|].
  destruct (resolve (k s) v at_) as [l e] eqn:R. destruct (ripas e =? state); [now apply IH|].
  assert (C : good (entry_change (k s) v at_ top state b) s).
  { unfold entry_change. rewrite R. assert (N : forall d b, good (d, b, []) s) by (split; [exact Logic.I|constructor]).
    destruct (_ || _ || _ || _); [apply N|].
    pose proof (resolve_entry (k s) v at_) as E. rewrite R in E. destruct (is_leaf e) eqn:V; [|destruct (is_valid e); [apply N|]].
    - destruct (b <? _); [apply N|]. split; cbn [snd]; [|apply leaf_replace_still]. apply leaf_replace_safe; auto. now rewrite <- E.
    - split; [|repeat constructor]. cbn [snd]. apply one. intros s1 M1. cbn. rewrite ?(meanwhile_k _ _ M1), ?step_k. split; auto. split; [destruct (state =? 1); cbn; auto|destruct (state =? 1); discriminate]. }
  destruct (entry_change (k s) v at_ top state b) as [[ok b'] ps] eqn:Ec. destruct ok; [|exact Logic.I].
  destruct (ripas_walk fuel (ksteps ps (k s)) v _ top state b') as [[r ch] qs] eqn:W. cbn [snd]. destruct C as [C1 C2]. cbn [snd] in *.
  apply safe_app; auto. intros s' R'. specialize (IH s' v ((at_ / span l + 1) * span l) top state b').
  rewrite (runs_k _ _ _ R'), W in IH. apply IH; [eapply safe_inv; eauto|rewrite <- (runs_k _ _ _ R'), (runs_live _ _ _ v C2 C1 R'); auto]. Qed.

(* ---- traps ---- *)
Ltac effects := repeat match goal with
  | |- safe (does (if ?b then _ else _)) _ => destruct b
  | |- safe (does (match ?b with true => _ | false => _ end)) _ => destruct b end; try exact Logic.I; try (apply one; cbn; auto; fail).
Lemma own_memory_safe s c t r a e : own_memory (k s) c t r a = Some e -> safe (does e) s.
Proof. unfold own_memory. destruct (_ || _); [discriminate|]. destruct (snd _); intros H; try discriminate; injection H as <-; try exact Logic.I. apply one. cbn; auto. Qed.
Lemma fault_safe s c t r a : safe (does (fault (k s) c t r a)) s. Proof. unfold fault. effects. Qed.
Lemma vcpu_list_safe (f : Z -> vcpu) l : forall s, safe (map (fun g => SetVcpu g (f g)) l) s.
Proof. induction l as [|g l IH]; intros s; [exact Logic.I|]. cbn [map]. apply prim_then; [cbn; auto|]. intros; apply IH. Qed.
Lemma end_guest_safe s c r reason : safe (does (end_guest (k s) c r reason)) s.
Proof.
  unfold end_guest. cbn [does]. set (l := filter _ _).
  pose proof (vcpu_list_safe (kicked_ (k s)) l) as V.
  destruct (is_active _ _); cbn [app]; auto. apply prim_then; [cbn; discriminate|]. auto. Qed.
Lemma random_call_does t r f a e : random_call t r f a = Some e -> does e = [].
Proof.
  unfold random_call, random_bits. destruct (entropy t); [|discriminate].
  repeat match goal with |- context [if ?b then _ else _] => destruct b end; intros H; try discriminate; injection H as <-; reflexivity. Qed.
(* Where a walk ends in a leaf, the page of the IPA is in the frame. *)
Lemma page_mapped s v ipa l f r : inv s -> resolve (k s) v ipa = (l, Leaf f r) ->
  entry_at (k s) v l (ipa / span l) = Leaf f r /\ 0 <= ipa mod span l / PAGE < leaf_size l.
Proof.
  intros J R. pose proof (resolve_entry (k s) v ipa) as E. rewrite R in E. split; auto.
  pose proof (tables _ J v l (ipa / span l)) as O. rewrite <- E in O. destruct (leaf_frame _ _ _ _ _ _ O) as [S _].
  assert (Hl : l = 2 \/ l = 3).
  { unfold okent in O. destruct (get (gran (k s)) f) as [| | | | | | |b [[? ?]|] ?|b ?|]; try tauto; [destruct O as (_ & _ & -> & _)|destruct O as (-> & _)]; destruct b; auto. }
  split; [apply Z.div_pos; [|reflexivity]; apply Z.mod_pos_bound; destruct Hl as [-> | ->]; reflexivity|]. apply Z.div_lt_upper_bound; [reflexivity|].
  destruct Hl as [-> | ->]; [change (PAGE * leaf_size 2) with (span 2)|change (PAGE * leaf_size 3) with (span 3)]; apply Z.mod_pos_bound; reflexivity. Qed.
(* The page that the guest is told about itself in is one that is mapped for it. *)
Lemma realm_config_safe s c r ipa : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (does (realm_config (k s) c r ipa)) s.
Proof.
  intros J L. unfold realm_config. set (v := in_vspace _) in *. destruct (negb _); [exact Logic.I|].
  destruct (resolve (k s) v ipa) as [l e] eqn:R. destruct e; try exact Logic.I. destruct (writable r0); [|exact Logic.I]. cbn [does].
  apply one. intros s' M. cbn [okp]. rewrite (meanwhile_k _ _ M). destruct (page_mapped _ _ _ _ _ _ J R) as [P1 P2].
  exists v, l, (ipa / span l), f, r0. repeat split; auto; lia. Qed.
Lemma guest_call_safe s c t r : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (does (guest_call (k s) c t r)) s.
Proof.
  intros J L. unfold guest_call. effects; try apply end_guest_safe.
  - unfold measurement_read. effects.
  - unfold measurement_extend. effects.
  - now apply realm_config_safe.
  - unfold ipa_state_set, ripas_set. destruct (_ && _); [|exact Logic.I].
    pose proof (ripas_walk_good (Z.to_nat N512) s _ (get r 1) (get r 2) (get r 3) STEP_GRANULES J L) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[x ch] ps]. exact W.
  - unfold ipa_state_get. effects.
  - destruct (random_call _ _ _ _) eqn:R; [rewrite (random_call_does _ _ _ _ _ R)|]; exact Logic.I.
  - unfold suspend. effects.
  - unfold cpu_on. effects. Qed.
Lemma trapped_safe s c t r : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (does (trapped (k s) c t r)) s.
Proof.
  intros J L. unfold trapped. effects; try (now apply guest_call_safe).
  - unfold data_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_safe; eauto|]. effects. apply fault_safe.
  - unfold wait_for. effects.
  - unfold instruction_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_safe; eauto|]. apply fault_safe.
  - unfold system_register. match goal with |- context [match ?o with Some _ => _ | None => _ end] => destruct o end; effects. Qed.
Lemma traps_safe s c t r : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (trap_steps (k s) c (trapped (k s) c t r)) s.
Proof.
  intros J L. pose proof (trapped_safe s c t r J L) as S. unfold trap_steps. destruct (then_next _); auto. apply safe_app; auto. intros s' _.
  unfold lend_back. apply prim_then; [cbn; auto|]. intros. apply one. cbn; auto. Qed.

(* ---- chains and interrupts: steps that touch no memory, no table and no granule ---- *)
Definition harmless p := match p with SetVcpu _ _ | SetCore _ _ | SetFired _ _ | Tell _ => True | _ => False end.
Lemma harmless_safe ps : forall s, Forall harmless ps -> safe ps s.
Proof.
  induction ps as [|p ps IH]; intros s H; [exact Logic.I|]. inversion_clear H as [|? ? H1 H2].
  apply prim_then; [intros; destruct p; cbn in *; tauto|]. intros; now apply IH. Qed.
Lemma and_then_harmless s a f : Forall harmless (settles a) -> (forall s', Forall harmless (settles (f s'))) -> Forall harmless (settles (and_then s a f)).
Proof. intros A F. cbn. apply Forall_app; auto. Qed.
Ltac harm := repeat match goal with
  | |- Forall harmless (settles (and_then _ _ _)) => apply and_then_harmless; [|intros]
  | |- Forall harmless (_ ++ _) => apply Forall_app; split
  | |- context [if ?b then _ else _] => destruct b end; cbn; repeat constructor.
Lemma leave_core_harmless s n r d : Forall harmless (settles (leave_core s n r d)). Proof. cbn. repeat constructor. Qed.
Lemma unwind_harmless fuel : forall s n stop r, Forall harmless (settles (unwind fuel s n stop r)).
Proof. induction fuel as [|fuel IH]; intros; cbn [unwind]; [constructor|]. apply and_then_harmless; [unfold unwind_one; harm|]. intros. destruct (_ =? _); [constructor|apply IH]. Qed.
Lemma check_wait_harmless s n now : Forall harmless (settles (check_wait s n now)). Proof. unfold check_wait. harm. Qed.
Lemma chain_check_harmless s n now : Forall harmless (settles (chain_check s n now)).
Proof.
  unfold chain_check. destruct (_ =? NONE); [constructor|]. apply and_then_harmless; [harm|]. intros s1. destruct (look_down _ _ _ _ _ _ _) as [[base above] stop].
  apply and_then_harmless; [destruct (if _ && _ then _ else _) as [[c r]|]; [apply unwind_harmless|constructor]|]. intros s2. destruct (exiting _); [unfold drop_task; harm|].
  destruct (sleeps _); [apply check_wait_harmless|constructor]. Qed.
Theorem settle_harmless s n now w : Forall harmless (settles (settle s n now w)).
Proof.
  destruct w; cbn [settle].
  - unfold wait. destruct (_ =? NONE); [apply and_then_harmless; [harm|intros; apply check_wait_harmless]|cbn; repeat constructor].
  - unfold interrupt. apply and_then_harmless; [|intros; apply chain_check_harmless]. destruct (_ <=? _); [harm|]. destruct (_ && _ && _); [apply leave_core_harmless|constructor].
  - apply chain_check_harmless.
  - unfold after_run. destruct (_ || _ || _ || _); [apply chain_check_harmless|constructor]. Qed.
Lemma irq_end_harmless s i : Forall harmless (irq_end s i). Proof. unfold irq_end. destruct (irq_pending s i); repeat constructor. Qed.

(* ---- debugging ---- *)
Lemma debug_safe s c what at_ value : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (match vcpu_debug (k s) c what at_ value with Done ps => ps | _ => [] end) s.
Proof.
  intros J L. destruct (vcpu_debug _ _ _ _ _) as [|? ?|qs] eqn:E; try exact Logic.I. apply call_done in E. destruct E as (_ & -> & Gs).
  unfold debug_looks, debug_guards in *. destruct (Z.odd what) eqn:O; [|exact Logic.I]. cbn [forallb snd andb] in Gs.
  destruct (resolve (k s) (in_vspace (get (vcp (k s)) c)) at_) as [l e] eqn:R. cbn [snd] in Gs.
  destruct e; try (rewrite !andb_true_iff in Gs; exfalso; destruct Gs as (_ & _ & _ & _ & _ & X & _); discriminate).
  destruct (debug_writes what); [|exact Logic.I]. apply one. intros s' M. cbn [okp]. rewrite (meanwhile_k _ _ M).
  destruct (page_mapped _ _ _ _ _ _ J R) as [P1 P2]. exists (in_vspace (get (vcp (k s)) c)), l, (at_ / span l), f, r. repeat split; auto; lia. Qed.
