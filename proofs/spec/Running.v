(* SPDX-License-Identifier: Apache-2.0 *)
(* What a guest does by a call or a trap takes only steps in their right place. *)
From Nie Require Export Safety Exits.

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
Lemma guest_call_safe s c t r : inv s -> live (k s) (in_vspace (get (vcp (k s)) c)) = true -> safe (does (guest_call (k s) c t r)) s.
Proof.
  intros J L. unfold guest_call. effects; try apply end_guest_safe.
  - unfold ipa_state_set, ripas_set. destruct (_ && _); [|exact Logic.I].
    pose proof (ripas_walk_good (Z.to_nat N512) s _ (get r 1) (get r 2) (get r 3) STEP_GRANULES J L) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[x ch] ps]. exact W.
  - unfold ipa_state_get. effects.
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
  intros J L. pose proof (trapped_safe s c t r J L) as S. unfold trap_steps. destruct (then_next _); auto. apply safe_app; auto. intros s' _. apply one. cbn; auto. Qed.
