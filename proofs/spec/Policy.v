(* SPDX-License-Identifier: Apache-2.0 *)
(* What no call does but one: a guest's policy is what was measured of it, and the kernel writes into a page of a guest's only when
   that guest asks for it, or may be debugged. *)
From Nie Require Export Integrity.

Definition policy_of (s : kern) v := policy (vs s v).
(* Steps that leave every policy, and every page. *)
Definition steady (s : kern) (p : prim) : Prop :=
  match p with SetVs v x => policy x = policy_of s v | Put _ _ _ | NewVspace _ _ _ _ | EndVspace _ => False | _ => True end.
Definition same_policy (s s' : kern) := forall v, policy_of s' v = policy_of s v.

Lemma kstep_policy s p : steady s p -> same_policy s (kstep p s).
Proof.
  intros S v. unfold policy_of, vs. destruct p; cbn in S; try tauto; cbn [kstep]; unfold upd_entry; fields; auto; rewrite get_set;
    destruct (Z.eqb_spec v v0) as [->|]; auto. Qed.
Lemma steady_same s s' p : same_policy s s' -> steady s' p -> steady s p.
Proof. intros E. destruct p; cbn; auto. now rewrite E. Qed.
Lemma ksteps_policy ps : forall s, Forall (steady s) ps -> same_policy s (ksteps ps s).
Proof.
  induction ps as [|p ps IH]; intros s F; [intros v; reflexivity|]. inversion_clear F as [|? ? F1 F2]. pose proof (kstep_policy s p F1) as E. intros v. change (ksteps (p :: ps) s) with (ksteps ps (kstep p s)).
  rewrite (IH (kstep p s)); [apply E|]. eapply Forall_impl; [|exact F2]. intros q. apply steady_same. intros w. symmetry. apply E. Qed.
Lemma all_same s s' ps : same_policy s s' -> Forall (steady s') ps -> Forall (steady s) ps.
Proof. intros E. apply Forall_impl. intros p. now apply steady_same. Qed.
Lemma later s ps qs : Forall (steady s) ps -> Forall (steady (ksteps ps s)) qs -> Forall (steady s) (ps ++ qs).
Proof. intros P Q. apply Forall_app. split; auto. eapply all_same; [|exact Q]. now apply ksteps_policy. Qed.

Lemma then_steady p s f : Forall (steady s) (snd p) -> (forall s' b, same_policy s s' -> Forall (steady s') (snd (f s' b))) -> Forall (steady s) (snd (then_ p s f)).
Proof.
  intros P F. unfold then_. destruct p as [[d b] ps]; cbn in *. destruct d; auto. specialize (F (ksteps ps s) b (ksteps_policy ps s P)).
  destruct (f (ksteps ps s) b) as [[d' b'] qs]. cbn in *. now apply later. Qed.
Lemma leaf_replace_steady s' s v l i e : Forall (steady s') (leaf_replace s v l i e).
Proof.
  unfold leaf_replace. repeat constructor. apply Forall_app. split; [destruct (has_streams s v); repeat constructor|]. destruct (entry_at s v l i); auto.
  destruct (get (gran s) f); auto; [|repeat constructor]. destruct (is_guest s v); repeat constructor. Qed.
Lemma unlink_steady s' s v l i t : Forall (steady s') (table_unlink s v l i t).
Proof. unfold table_unlink. repeat constructor. destruct (has_streams s v); repeat constructor. Qed.
Lemma cut_steady s l : Forall (steady s) (flat_map cut l). Proof. induction l; cbn [flat_map cut app]; repeat constructor; auto. Qed.
Lemma connect_steady s v l : Forall (steady s) (flat_map (connect v) l). Proof. induction l; cbn [flat_map connect app]; repeat constructor; auto. Qed.
Lemma streams_cut_steady s' s v : Forall (steady s') (streams_cut s v).
Proof.
  unfold streams_cut. destruct (streams_of s v) as [|a l]; [constructor|]. apply Forall_app. split; [apply cut_steady|]. constructor; [exact Logic.I|].
  generalize (a :: l). intros sts. induction sts; cbn [map]; constructor; auto; exact Logic.I. Qed.
Lemma faults_steady s ps : Forall is_fault ps -> Forall (steady s) ps.
Proof. induction 1 as [|p ps F]; constructor; auto. destruct p; cbn in *; tauto. Qed.
Lemma vcpus_steady s l (f : Z -> vcpu) : Forall (steady s) (map (fun g => SetVcpu g (f g)) l).
Proof. induction l; cbn [map]; constructor; auto; exact Logic.I. Qed.
Lemma harmless_steady s ps : Forall harmless ps -> Forall (steady s) ps.
Proof. induction 1 as [|p ps F]; constructor; auto. destruct p; cbn in *; tauto. Qed.
Lemma clear_steady fuel : forall s v top l p i b, Forall (steady s) (snd (clear fuel s v top l p i b)).
Proof.
  induction fuel as [|fuel IH]; intros s v top l p i b; [constructor|]. cbn [clear].
  assert (L : forall ps top2 l2 p2 i2 b2, Forall (steady s) ps ->
    Forall (steady s) (snd (let '(d, b0, qs) := clear fuel (ksteps ps s) v top2 l2 p2 i2 b2 in (d, b0, ps ++ qs)))).
  { intros. specialize (IH (ksteps ps s) v top2 l2 p2 i2 b2). destruct (clear _ _ _ _ _ _ _ _) as [[d b0] qs]. cbn in *. now apply later. }
  destruct (i =? N512); [destruct (l =? top); [constructor|]; destruct (entry_at s v (l - 1) p); try apply Forall_nil; apply L, unlink_steady|].
  destruct (entry_at s v l (p * N512 + i)); auto; destruct (b <? _); try apply Forall_nil; apply L, leaf_replace_steady. Qed.
Lemma leave_steady s' s f : Forall (steady s') (leave s f).
Proof. unfold leave. destruct (get (gran s) f) as [| | | | | | |b [[v i]|] z| |]; try apply Forall_nil. apply leaf_replace_steady. Qed.
Lemma kill_steady v s b : Forall (steady s) (snd (vspace_kill v s b)).
Proof.
  assert (D : forall qs, Forall (steady s) qs -> Forall (steady s) (SetVs v (set_living s v Dying) :: streams_cut s v ++ qs))
    by (intros; constructor; [reflexivity|apply Forall_app; split; auto; apply streams_cut_steady]).
  assert (T : Forall (steady s) (snd (then_ (true, b, SetVs v (set_living s v Dying) :: streams_cut s v ++ map (fun g => SetVcpu g (set_exiting (get (vcp s) g))) []) s (fun s1 b =>
      then_ (clear_all s1 v 1 0 b) s1 (fun s2 b => if is_vspace s2 v && root_is_empty s2 v && negb (has_streams s2 v) then (true, b, [InvAll false v; SetVs v (set_living s2 v Dead)]) else (false, b, [])))))).
  { apply then_steady; [apply D; constructor|]. intros s1 b1 _. apply then_steady; [apply clear_steady|]. intros s2 b2 _. destruct (_ && _); repeat constructor. }
  unfold vspace_kill. destruct (living (vs s v)); try apply Forall_nil; destruct (filter _ _) eqn:E; try exact T; cbn [snd]; rewrite <- E; apply D, vcpus_steady. Qed.
Lemma ripas_steady fuel : forall s v a top st b, Forall (steady s) (snd (ripas_walk fuel s v a top st b)).
Proof.
  induction fuel as [|fuel IH]; intros s v a top st b; [constructor|]. cbn [ripas_walk]. destruct (top <=? a); [constructor|].
  destruct (resolve s v a) as [l e]. destruct (ripas e =? st); auto.
  assert (C : Forall (steady s) (snd (entry_change s v a top st b))).
  { unfold entry_change. destruct (resolve s v a) as [l' e']. destruct (_ || _); [constructor|]. destruct (is_leaf e').
    - destruct (b <? _); [constructor|]. apply leaf_replace_steady. - destruct (is_valid e'); repeat constructor. }
  destruct (entry_change s v a top st b) as [[ok b'] ps]. destruct ok; [|constructor].
  specialize (IH (ksteps ps s) v ((a / span l + 1) * span l) top st b'). destruct (ripas_walk fuel _ _ _ _ _ _) as [[r c] qs]. cbn [snd] in *. now apply later. Qed.

(* What a trap does by itself: a page is written by RSI_REALM_CONFIG alone. *)
Definition page_of (s : kern) c g := exists l i f r, entry_at s (in_vspace (get (vcp s) c)) l i = Leaf f r /\ 0 <= g - f < leaf_size l.
Definition steady_but (s : kern) c p := match p with Put g _ _ => page_of s c g | _ => steady s p end.
Lemma steady_is s c ps : Forall (steady s) ps -> Forall (steady_but s c) ps.
Proof. apply Forall_impl. intros p. destruct p; cbn; tauto. Qed.
Ltac effects_steady := repeat match goal with
  | |- Forall _ (does (if ?b then _ else _)) => destruct b
  | |- Forall _ (does (match ?b with true => _ | false => _ end)) => destruct b end; try apply Forall_nil; try (repeat constructor; fail).
Lemma own_memory_steady s s' c c' t r a e : own_memory s c t r a = Some e -> Forall (steady_but s' c') (does e).
Proof. unfold own_memory. destruct (_ || _); [discriminate|]. destruct (snd _); intros H; try discriminate; injection H as <-; repeat constructor. Qed.
Lemma trapped_steady st c t r : inv st -> let s := k st in Forall (steady_but s c) (does (trapped s c t r)).
Proof.
  intros J s. assert (G : Forall (steady_but s c) (does (guest_call s c t (skip t r))) /\ Forall (steady_but s c) (does (guest_call s c t r))).
  { assert (H : forall r, Forall (steady_but s c) (does (guest_call s c t r))); [|split; apply H]. clear r. intros r. unfold guest_call. effects_steady.
    - unfold measurement_read. effects_steady.
    - unfold measurement_extend. effects_steady.
    - unfold realm_config. destruct (negb _); [constructor|]. destruct (resolve _ _ _) as [l e] eqn:R. destruct e; try apply Forall_nil. destruct (writable _); [|constructor].
      cbn [does]. constructor; [|constructor]. cbn [steady_but]. destruct (page_mapped _ _ _ _ _ _ J R) as [P1 P2]. exists l, (get r 1 / span l), f, r0. split; auto. lia.
    - unfold ipa_state_set, ripas_set. destruct (_ && _); [|constructor].
      pose proof (ripas_steady (Z.to_nat N512) s (in_vspace (get (vcp s) c)) (get r 1) (get r 2) (get r 3) STEP_GRANULES) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[x ch] ps]. now apply steady_is.
    - unfold ipa_state_get. effects_steady.
    - destruct (random_call _ _ _ _) eqn:R; [rewrite (random_call_does _ _ _ _ _ R)|]; constructor.
    - unfold suspend. effects_steady.
    - unfold cpu_on. effects_steady.
    - apply steady_is. unfold end_guest. cbn [does]. apply Forall_app. split; [destruct (is_active _ _); repeat constructor|apply vcpus_steady].
    - apply steady_is. unfold end_guest. cbn [does]. apply Forall_app. split; [destruct (is_active _ _); repeat constructor|apply vcpus_steady].
    - apply steady_is. unfold end_guest. cbn [does]. apply Forall_app. split; [destruct (is_active _ _); repeat constructor|apply vcpus_steady]. }
  destruct G as [G1 G2]. unfold trapped. effects_steady; auto.
  - unfold data_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_steady; eauto|]. effects_steady. unfold fault. effects_steady.
  - unfold wait_for. effects_steady.
  - unfold instruction_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_steady; eauto|]. unfold fault. effects_steady.
  - unfold system_register. match goal with |- context [match ?o with Some _ => _ | None => _ end] => destruct o end; effects_steady. Qed.

(* Of every call: steps that leave policies and pages, but for these. *)
Definition ordinary (o : op) (s : kern) (ps : list prim) : Prop :=
  match o with
  | Activate v p => ps = [] \/ exists x qs, ps = Measure v (MPolicy p) :: SetVs v x :: qs /\ policy x = p /\ is_building s v = true /\ forall s', Forall (steady s') qs
  | VspaceMake v gu => ps = [] \/ exists m, ps = [NewVspace v gu m (next_serial s)]
  | VspaceDestroy v _ => Forall (steady s) ps \/ exists qs, ps = qs ++ [EndVspace v] /\ Forall (steady s) qs
  | Traps c _ _ => Forall (steady_but s c) ps
  | Debugs c _ _ _ => Forall (steady_but s c) ps /\ (ps = [] \/ debuggable s c = true)
  | _ => Forall (steady s) ps
  end.
Lemma call_steady must gs ps s : (must = true -> Forall (steady s) ps) -> Forall (steady s) (done (call must gs ps)).
Proof. intros H. unfold call. destruct must; [|constructor]. destruct (first gs) as [[? ?]|]; [constructor|auto]. Qed.
Theorem calls_are_ordinary o st : inv st -> let s := k st in ordinary o s (commit o s).
Proof.
  intros J s. assert (Mk : forall g x, Forall (steady s) (done (make s g x))) by (intros; unfold make; destruct (is_free_range _ _ _); repeat constructor).
  assert (Rl : forall g c s' s'' b, Forall (steady s'') (snd (release g c s' b))) by (intros; unfold release; destruct (_ <? _); repeat constructor).
  destruct o; cbn [commit ordinary].
  - apply call_steady. repeat constructor.
  - apply call_steady. repeat constructor.
  - apply call_steady. repeat constructor.
  - apply call_steady. repeat constructor.
  - apply call_steady. intros _. apply Forall_app; split; [apply leave_steady|]. apply Forall_app; split; [destruct (_ && _); repeat constructor|]. repeat constructor.
  - apply call_steady. repeat constructor.
  - destruct (activate s v p) as [|? ?|qs] eqn:E; [now left|now left|]. apply call_done in E. destruct E as (_ & -> & Gs). right. cbn [done app]. eexists _, _. split; [reflexivity|]. split; [reflexivity|].
    split; [|intros s'; apply connect_steady]. cbn [activate_guards forallb snd] in Gs. destruct (is_building s v); auto. rewrite andb_false_r in Gs. discriminate.
  - apply call_steady. intros _. repeat constructor. destruct (is_guest s v); repeat constructor.
  - unfold unmap_private. destruct (_ && _); [apply leave_steady|constructor].
  - unfold unmap_shared. destruct (_ && _); [|constructor]. cbn [done]. destruct (maps _ _ _ _ _); [apply leaf_replace_steady|constructor].
  - unfold unmap_device. destruct (is_vspace s v); [|constructor]. cbn [done]. destruct (entry_at _ _ _ _); try apply Forall_nil. destruct (_ && _); [apply leaf_replace_steady|constructor].
  - unfold cnode_make. destruct (1 <=? n); [apply Mk|constructor].
  - apply Mk.
  - unfold vcpu_make. destruct (is_free_range _ _ _); repeat constructor.
  - apply Mk.
  - unfold vspace_make. destruct (vmid_take s) as [m|]; [|now left]. destruct (is_free_range _ _ _); [right; eexists; reflexivity|now left].
  - unfold cnode_destroy. destruct (get (gran s) g); try apply Forall_nil. destruct (1 <=? granules); [apply Rl|constructor].
  - unfold table_destroy. destruct (get (gran s) t) as [| | |[[[v l] i]|]| | | | | |]; try apply Forall_nil; [|apply Rl]. destruct (negb _); [constructor|].
    apply then_steady; [apply then_steady; [apply clear_steady|]|].
    + intros s' b' _. unfold unlink. destruct (get (gran s') t) as [| | |[[[? ?] ?]|]| | | | | |]; try apply Forall_nil. destruct (is_vspace s' z); [apply unlink_steady|constructor].
    + intros s' b' _. destruct (get (gran s') t) as [| | |[[[? ?] ?]|]| | | | | |]; try apply Forall_nil. apply Rl.
  - unfold frame_destroy. destruct (_ || _); [constructor|]. apply then_steady; [apply leave_steady|]. intros s' b' _. unfold free_frame.
    destruct (get (gran s') f) as [| | | | | | |bl [?|] z|bl [|]|]; try apply Forall_nil; cbn [snd]; try destruct z; repeat constructor.
  - destruct (live s v); [apply kill_steady|constructor].
  - destruct (live s v); [|left; constructor]. unfold vspace_destroy, then_. pose proof (kill_steady v s budget) as K. destruct (vspace_kill v s budget) as [[d b] ps]. cbn [snd] in K.
    destruct d; [|left; exact K]. set (s1 := ksteps ps s). destruct (_ || _); [left; rewrite app_nil_r; exact K|]. right. cbn [snd].
    exists (ps ++ map (fun g => SetVcpu g (orphan (get (vcp s1) g))) (members s1 v) ++ [Scrub v 2]). split; [now rewrite <- !app_assoc|].
    apply Forall_app; split; auto. apply Forall_app; split; [apply vcpus_steady|repeat constructor].
  - unfold vcpu_destroy. destruct (negb _); [constructor|]. destruct (on_core _ _); [repeat constructor|]. destruct (_ =? 0); [constructor|]. cbn [snd].
    apply Forall_app; split; [destruct (_ =? _); repeat constructor|repeat constructor].
  - destruct (live s v); [|constructor]. unfold ripas_set. destruct (_ && _); [|constructor].
    pose proof (ripas_steady (Z.to_nat N512) s v base top state STEP_GRANULES) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[r c] ps]. exact W.
  - apply call_steady. intros _. constructor; [exact Logic.I|]. apply Forall_app. split; [apply faults_steady, absorb_faults|]. constructor; [exact Logic.I|].
    destruct (guest _); repeat constructor.
  - unfold stream_detach. destruct (_ && _); [|constructor]. cbn [done]. destruct (_ =? _); repeat constructor.
  - unfold stream_fault, take_events. pose proof (absorb_faults (attached (str s)) (firstn (Z.to_nat AT_ONCE) es) (faults (str s))) as F.
    destruct (absorb _ _ _) as [f ps]. cbn [snd] in F. destruct (is_stream st0); cbn [snd]; [|constructor]. apply Forall_app. split; [now apply faults_steady|repeat constructor].
  - destruct (live _ _); [|constructor]. pose proof (trapped_steady st c t r J) as T. unfold trap_steps. destruct (then_next _); auto. apply Forall_app. split; auto. repeat constructor.
  - apply call_steady. repeat constructor.
  - apply harmless_steady, settle_harmless.
  - apply call_steady. intros _. apply harmless_steady. destruct (_ =? _); repeat constructor.
  - apply call_steady. intros _. apply harmless_steady. destruct (_ =? _); repeat constructor.
  - repeat constructor.
  - apply call_steady. repeat constructor.
  - apply harmless_steady, irq_end_harmless.
  - destruct (live _ _); [|split; [constructor|now left]]. destruct (vcpu_debug s c what at_ value) as [|? ?|qs] eqn:E; cbn [done]; [split; [constructor|now left]|split; [constructor|now left]|].
    unfold vcpu_debug in E. apply call_done in E. destruct E as (_ & -> & Gs). split; [|right; cbn [debug_guards forallb snd] in Gs; apply andb_true_iff in Gs as [Gs _]; now rewrite !negb_involutive in Gs].
    unfold debug_looks, debug_guards in *. destruct (Z.odd what); [|constructor]. destruct (resolve s _ at_) as [l e] eqn:R. cbn [snd forallb andb] in Gs.
    destruct e; try (rewrite !andb_true_iff in Gs; exfalso; destruct Gs as (_ & _ & _ & _ & _ & X & _); discriminate).
    destruct (debug_writes what); [|constructor]. constructor; [|constructor]. cbn [steady_but]. destruct (page_mapped _ _ _ _ _ _ J R) as [P1 P2]. exists l, (at_ / span l), f, r. split; auto; lia. Qed.

(* ---- pages ---- *)
Lemma steady_no_put s ps g j w : Forall (steady s) ps -> In (Put g j w) ps -> False.
Proof. intros F I. rewrite Forall_forall in F. exact (F _ I). Qed.
Lemma but_puts s c ps g j w : Forall (steady_but s c) ps -> In (Put g j w) ps -> page_of s c g.
Proof. intros F I. rewrite Forall_forall in F. exact (F _ I). Qed.
Lemma page_owner V st c g : inv st -> live (k st) (in_vspace (get (vcp (k st)) c)) = true -> page_of (k st) c g -> owned V (k st) g -> in_vspace (get (vcp (k st)) c) = V.
Proof.
  intros J L (l & i & f & r & E & Hj) O. destruct (Z.eq_dec (in_vspace (get (vcp (k st)) c)) V) as [|N]; auto. exfalso.
  replace g with (f + (g - f)) in O by lia. exact (page_not_reached V st _ l i f r (g - f) J L N E Hj O). Qed.
(* The kernel writes into memory of V's when a vCPU of V asks for RSI_REALM_CONFIG, or is debugged and V agreed to be. *)
Theorem pages_written V o st g j w : inv st -> owned V (k st) g -> In (Put g j w) (commit o (k st)) ->
  (exists c t r, o = Traps c t r /\ in_vspace (get (vcp (k st)) c) = V) \/
  (exists c what a x, o = Debugs c what a x /\ in_vspace (get (vcp (k st)) c) = V /\ debuggable (k st) c = true).
Proof.
  intros J O I. pose proof (calls_are_ordinary o st J) as F. cbv zeta in F. destruct o; cbn [ordinary] in F; try (exfalso; exact (steady_no_put _ _ _ _ _ F I)).
  - exfalso. destruct F as [F|(x & qs & F & _ & _ & Q)]; rewrite F in I; [exact I|]. destruct I as [I|[I|I]]; try discriminate. exact (steady_no_put _ _ _ _ _ (Q (k st)) I).
  - exfalso. destruct F as [F|[m F]]; rewrite F in I; [exact I|]. destruct I as [I|I]; [discriminate|exact I].
  - exfalso. destruct F as [F|(qs & F & Q)]; [exact (steady_no_put _ _ _ _ _ F I)|]. rewrite F in I. apply in_app_iff in I as [I|[I|I]]; [exact (steady_no_put _ _ _ _ _ Q I)|discriminate|exact I].
  - left. exists c, t, r. split; auto. cbn [commit] in I. destruct (live _ _) eqn:L; [|elim I]. apply (page_owner V st c g J L); auto. eapply but_puts; [|exact I]. cbn [commit] in F. rewrite L in F. exact F.
  - right. exists c, what, at_, value. destruct F as [F [E|D]]; [rewrite E in I; elim I|]. repeat split; auto. cbn [commit] in I. destruct (live _ _) eqn:L; [|elim I].
    apply (page_owner V st c g J L); auto. eapply but_puts; [|exact I]. cbn [commit] in F. rewrite L in F. exact F. Qed.

(* ---- policies ---- *)
Definition measured_policy (s : iso) v := policy_of (k s) v = 0 \/ In (MPolicy (policy_of (k s) v)) (get (meas s) v).
Definition told_truth (s : iso) := forall v, live (k s) v = true -> measured_policy s v.
(* Steps in their right place, of which each leaves the policies of the state that it finds, but for a VSpace that begins or ends. *)
Fixpoint tame (ps : list prim) (s : kern) : Prop :=
  match ps with
  | [] => True
  | p :: ps => match p with SetVs v x => policy x = policy_of s v | _ => True end /\ tame ps (kstep p s)
  end.
Lemma tame_app ps : forall qs s, tame ps s -> tame qs (ksteps ps s) -> tame (ps ++ qs) s.
Proof. induction ps as [|p ps IH]; intros qs s P Q; [exact Q|]. destruct P as [P1 P2]. split; [exact P1|apply IH; [exact P2|exact Q]]. Qed.
Lemma steady_tame ps : forall s, Forall (steady s) ps -> tame ps s.
Proof.
  induction ps as [|p ps IH]; intros s F; [exact Logic.I|]. inversion_clear F as [|? ? F1 F2]. split; [destruct p; cbn in *; auto|].
  apply IH. eapply all_same; [|exact F2]. intros v. symmetry. now apply kstep_policy. Qed.
Lemma but_tame c ps : forall s s0, same_policy s0 s -> Forall (steady_but s0 c) ps -> tame ps s.
Proof.
  induction ps as [|p ps IH]; intros s s0 E F; [exact Logic.I|]. inversion_clear F as [|? ? F1 F2].
  assert (X : match p with SetVs v x => policy x = policy_of s v | _ => True end /\ same_policy s (kstep p s)).
  { destruct p; cbn in F1; try tauto; (split; [auto; try (now rewrite (E v))|]); try (apply kstep_policy; cbn; auto; fail); try (intros v'; reflexivity).
    apply kstep_policy. cbn. now rewrite (E v). }
  destruct X as [X1 X2]. split; auto. apply (IH _ s0); auto. intros v. rewrite (X2 v). apply E. Qed.

Lemma step_live p s v : inv s -> okp p s -> live (k (step p s)) v = true -> live (k s) v = true \/ exists gu m n, p = NewVspace v gu m n.
Proof.
  intros J O. rewrite step_k. unfold live. destruct p; cbn [kstep okp] in *; unfold upd_entry; fields; auto.
  - rewrite get_set. destruct (Z.eqb_spec v g) as [->|]; auto. destruct (change_kind s g x O) as (_ & _ & N & _). destruct x; try discriminate. congruence.
  - destruct O as (_ & _ & N & _). rewrite get_set, get_fill. destruct (Z.eqb_spec v g) as [->|]; [destruct x; cbn in N; try tauto; discriminate|]. destruct (_ && _); [discriminate|auto].
  - rewrite get_fill. destruct (_ && _); [discriminate|auto].
  - rewrite !get_set. destruct (Z.eqb_spec v v0) as [->|]; [right; eauto|]. destruct (v =? v0 + 1); [discriminate|auto].
  - rewrite get_fill. destruct (_ && _); [discriminate|auto]. Qed.
Lemma step_told p s : inv s -> okp p s -> (match p with SetVs v x => policy x = policy_of (k s) v | _ => True end) -> told_truth s -> told_truth (step p s).
Proof.
  intros J O T Q v L. destruct (step_live p s v J O L) as [Lb|(gu & m & n & ->)].
  - specialize (Q v Lb). unfold measured_policy, policy_of, vs in *. rewrite step_k. destruct p; cbn [kstep step meas]; unfold upd_entry; fields; rewrite ?get_set; auto.
    + destruct (Z.eqb_spec v v0) as [->|]; auto. + destruct (Z.eqb_spec v v0) as [->|]; auto. + destruct (Z.eqb_spec v v0) as [->|]; auto.
    + destruct (Z.eqb_spec v v0) as [->|]; auto. + destruct (Z.eqb_spec v v0) as [->|]; auto. cbn [policy]. rewrite T. exact Q.
    + destruct (Z.eqb_spec v v0) as [->|]; auto. destruct Q; [now left|right; now right].
    + destruct (Z.eqb_spec v v0) as [->|]; auto. destruct Q; [now left|right; now right].
  - left. unfold policy_of, vs. rewrite step_k. cbn [kstep]. fields. now rewrite get_set, Z.eqb_refl. Qed.
Lemma deed_meas d s : meas (deed_step d s) = meas s.
Proof. destruct d; cbn [deed_step]; [destruct (_ && _)|destruct (live _ _)|destruct (cached _ _ _ _ _); auto; destruct (_ && _)|]; auto. Qed.
Lemma deed_told d s : told_truth s -> told_truth (deed_step d s).
Proof.
  intros Q v. unfold measured_policy. rewrite Meanwhile.deed_k. intros L. specialize (Q v L). unfold measured_policy in Q.
  now rewrite deed_meas. Qed.
Lemma meanwhile_told s s' : meanwhile s s' -> told_truth s -> told_truth s'.
Proof. intros M Q. induction M; auto. now apply deed_told. Qed.
Lemma runs_told ps : forall s s', inv s -> safe ps s -> tame ps (k s) -> told_truth s -> runs ps s s' -> told_truth s'.
Proof.
  induction ps as [|p ps IH]; intros s s' J S T Q R; [eapply meanwhile_told; eauto|]. destruct R as (s1 & M & R). destruct (S _ M) as [O S']. destruct T as [T1 T2].
  assert (J1 : inv s1) by (eapply meanwhile_inv; eauto). apply (IH (step p s1) s'); auto; [now apply step_inv|now rewrite step_k, (meanwhile_k _ _ M)|].
  apply step_told; auto; [now rewrite (meanwhile_k _ _ M)|]. eapply meanwhile_told; eauto. Qed.
(* What a guest's policy is, its measurement says: in every state that can be reached. *)
Theorem policy_is_measured s v : reachable s -> live (k s) v = true -> policy_of (k s) v <> 0 -> In (MPolicy (policy_of (k s) v)) (get (meas s) v).
Proof.
  intros R L N. assert (Q : told_truth s); [|destruct (Q v L); [contradiction|auto]]. clear v L N. induction R as [s F|o s s' R IH X|d s R IH]; [| |now apply deed_told].
  - intros v L. unfold live in L. destruct (f_gran _ F v) as [E|E]; rewrite E in L; discriminate.
  - pose proof (reachable_inv s R) as J. pose proof (calls_are_safe o s J) as S. pose proof (calls_are_ordinary o s J) as F. cbv zeta in F.
    destruct o; cbn [ordinary] in F; try (eapply runs_told; eauto; now apply steady_tame).
    + destruct F as [F|(x & qs & F & Px & _ & Qs)]; rewrite F in *; [eapply runs_told; eauto; exact Logic.I|].
      destruct X as (s1 & M1 & s2 & M2 & X). destruct (S _ M1) as [O1 S1]. destruct (S1 _ M2) as [O2 S2].
      assert (J1 : inv s1) by (eapply meanwhile_inv; eauto). assert (T1 : told_truth s1) by (eapply meanwhile_told; eauto).
      assert (Jm : inv (step (Measure v (MPolicy p)) s1)) by (apply step_inv; auto). assert (J2 : inv s2) by (eapply meanwhile_inv; eauto).
      assert (T2 : told_truth s2) by (eapply meanwhile_told; [exact M2|apply step_told; auto]).
      assert (Im : In (MPolicy p) (get (meas s2) v)).
      { assert (Me : meas s2 = meas (step (Measure v (MPolicy p)) s1)).
        { clear -M2. induction M2 as [|d s2 M2 IH]; auto. now rewrite deed_meas. }
        rewrite Me. cbn [step meas]. rewrite get_set, Z.eqb_refl. now left. }
      eapply (runs_told qs); [| |apply steady_tame; apply Qs| |exact X]; auto; [now apply step_inv|].
      intros w L. unfold measured_policy, policy_of, vs. rewrite step_k in *. cbn [kstep step meas] in *. unfold live in L; revert L; fields; intros L. rewrite get_set.
      destruct (Z.eqb_spec w v) as [->|Nw]; [right; cbn [policy]; now rewrite Px|]. apply T2. exact L.
    + destruct F as [F|[m F]]; rewrite F in *; eapply runs_told; eauto; repeat split.
    + destruct F as [F|(qs & F & Q)]; [eapply runs_told; eauto; now apply steady_tame|]. rewrite F in *. eapply runs_told; eauto. apply tame_app; [now apply steady_tame|repeat split].
    + eapply runs_told; eauto. eapply but_tame; [|exact F]. intros v; reflexivity.
    + destruct F as [F _]. eapply runs_told; eauto. eapply but_tame; [|exact F]. intros v; reflexivity. Qed.
