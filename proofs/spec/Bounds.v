(* SPDX-License-Identifier: Apache-2.0 *)
(* Of every reachable state: objects lie in the granule table, and what a granule's entry names is one. A C array may be read
   there. *)
From Nie Require Export Reachable.

Definition owner_in (n : Z) (x : granule) : Prop :=
  match x with GPrivate _ (Some (v, _)) _ | GTable (Some (v, _, _)) => 0 <= v < n | _ => True end.
Definition bounded (n : Z) (s : kern) : Prop :=
  forall g, (get (gran s) g <> GKernel -> 0 <= g < n) /\ owner_in n (get (gran s) g).

(* Steps that put nothing into a VSpace. *)
Definition placed (n : Z) (p : prim) : Prop :=
  match p with SetGran _ x | Claim _ _ x => owner_in n x | _ => True end.

Lemma step_bounded n p s : inv s -> okp p s -> placed n p -> bounded n (k s) -> bounded n (kstep p (k s)).
Proof.
  intros I O P B g. pose proof (B g) as [B1 B2]. destruct p; cbn [kstep okp placed] in *; unfold upd_entry in *; fields; auto.
  - (* SetGran *) rewrite get_set. destruct (Z.eqb_spec g g0) as [->|]; auto. split; auto. intros _. apply B.
    intros K. rewrite K in O. exact O.
  - (* Claim *) destruct O as (F & -> & No). pose proof (size_pos x (or_introl No)). rewrite get_set. destruct (Z.eqb_spec g g0) as [->|].
    + split; auto. intros _. apply B. specialize (F 0). rewrite Z.add_0_r in F. rewrite F by lia. discriminate.
    + rewrite get_fill. destruct ((g0 <=? g) && (g <? g0 + size_of x)) eqn:E; auto. split; [|exact Logic.I]. intros _. apply B.
      specialize (F (g - g0)). replace (g0 + (g - g0)) with g in F by lia. rewrite F by lia. discriminate.
  - (* Release *) destruct O as (-> & U & _). rewrite get_fill. destruct ((g0 <=? g) && (g <? g0 + size_of (get (gran (k s)) g0))) eqn:E; auto. split; [|exact Logic.I]. intros _. apply B.
    destruct (Z.eq_dec g g0) as [->|]; [intros K; rewrite K in U; exact U|].
    replace g with (g0 + (g - g0)) by lia. rewrite (tails _ I g0 (g - g0)) by lia. discriminate.
  - (* NewVspace *) destruct O as (F1 & F2 & _). rewrite !get_set. destruct (Z.eqb_spec g v) as [->|]; [|destruct (Z.eqb_spec g (v + 1)) as [->|]; auto].
    + split; [intros _; apply B; congruence|exact Logic.I]. + split; [intros _; apply B; congruence|exact Logic.I].
  - (* EndVspace *) destruct O as (L & _). rewrite get_fill. destruct ((v <=? g) && (g <? v + 2)) eqn:E; auto. split; [|exact Logic.I]. intros _. apply B.
    pose proof (roots _ I v L) as R. unfold live in L. assert (g = v \/ g = v + 1) as [-> | ->] by lia; [intros K; rewrite K in L; discriminate|congruence].
Qed.
Lemma runs_bounded n ps : forall s s', inv s -> safe ps s -> Forall (placed n) ps -> bounded n (k s) -> runs ps s s' -> bounded n (k s').
Proof.
  induction ps as [|p ps IH]; intros s s' I S P B R; [cbn in R; now rewrite (meanwhile_k _ _ R)|].
  inversion_clear P as [|? ? P1 P2]. destruct R as (s1 & M & R). destruct (S _ M) as [O S'].
  assert (I1 : inv s1) by (eapply meanwhile_inv; eauto). apply (IH (step p s1) s'); auto; [now apply step_inv|].
  rewrite step_k. apply step_bounded; auto. now rewrite (meanwhile_k _ _ M). Qed.

Lemma leaf_replace_placed n s v l i e : Forall (placed n) (leaf_replace s v l i e).
Proof.
  unfold leaf_replace. repeat constructor. apply Forall_app. split; [destruct (has_streams s v); repeat constructor|]. destruct (entry_at s v l i); auto. destruct (get (gran s) f); auto; [|repeat constructor].
  destruct (is_guest s v); repeat constructor. Qed.
Lemma unlink_placed n s v l i t : Forall (placed n) (table_unlink s v l i t).
Proof. unfold table_unlink. repeat constructor. destruct (has_streams s v); repeat constructor. Qed.
Lemma cut_placed n l : Forall (placed n) (flat_map cut l). Proof. induction l; cbn [flat_map cut app]; repeat constructor; auto. Qed.
Lemma connect_placed n v l : Forall (placed n) (flat_map (connect v) l). Proof. induction l; cbn [flat_map connect app]; repeat constructor; auto. Qed.
Lemma streams_cut_placed n s v : Forall (placed n) (streams_cut s v).
Proof.
  unfold streams_cut. destruct (streams_of s v) as [|a l]; [constructor|]. apply Forall_app. split; [apply cut_placed|]. constructor; [exact Logic.I|].
  generalize (a :: l). intros sts. induction sts; cbn [map]; constructor; auto; exact Logic.I. Qed.
Lemma faults_placed n ps : Forall is_fault ps -> Forall (placed n) ps.
Proof. induction 1 as [|p ps F]; constructor; auto. destruct p; cbn in *; tauto. Qed.
Lemma clear_placed n fuel : forall s v top l p i b, Forall (placed n) (snd (clear fuel s v top l p i b)).
Proof.
  induction fuel as [|fuel IH]; intros s v top l p i b; [constructor|]. cbn [clear].
  assert (L : forall ps s2 top2 l2 p2 i2 b2, Forall (placed n) ps ->
    Forall (placed n) (snd (let '(d, b0, qs) := clear fuel s2 v top2 l2 p2 i2 b2 in (d, b0, ps ++ qs)))).
  { intros. specialize (IH s2 v top2 l2 p2 i2 b2). destruct (clear _ _ _ _ _ _ _ _) as [[d b0] qs]. cbn in *. apply Forall_app; auto. }
  destruct (i =? N512); [destruct (l =? top); [constructor|]; destruct (entry_at s v (l - 1) p); try apply Forall_nil; apply L, unlink_placed|].
  destruct (entry_at s v l (p * N512 + i)); auto; destruct (b <? _); try apply Forall_nil; apply L, leaf_replace_placed. Qed.
Lemma then_placed n p s f : Forall (placed n) (snd p) -> (forall s' b, Forall (placed n) (snd (f s' b))) -> Forall (placed n) (snd (then_ p s f)).
Proof.
  intros P F. unfold then_. destruct p as [[d b] ps]; cbn in *. destruct d; auto. specialize (F (ksteps ps s) b).
  destruct (f (ksteps ps s) b) as [[d' b'] qs]. cbn in *. apply Forall_app; auto. Qed.
Lemma leave_placed n s f : Forall (placed n) (leave s f).
Proof. unfold leave. destruct (get (gran s) f) as [| | | | | | |b [[v i]|] z| |]; try apply Forall_nil. apply leaf_replace_placed. Qed.
Lemma kill_placed n v s b : Forall (placed n) (snd (vspace_kill v s b)).
Proof.
  assert (M : forall l (f : Z -> vcpu), Forall (placed n) (map (fun g => SetVcpu g (f g)) l)) by (induction l; intros f; cbn [map]; constructor; auto; exact Logic.I).
  unfold vspace_kill. assert (T : Forall (placed n) (snd (then_ (true, b, SetVs v (set_living s v Dying) :: streams_cut s v ++ map (fun g => SetVcpu g (set_exiting (get (vcp s) g))) []) s (fun s1 b =>
      then_ (clear_all s1 v 1 0 b) s1 (fun s2 b => if is_vspace s2 v && root_is_empty s2 v && negb (has_streams s2 v) then (true, b, [InvAll false v; SetVs v (set_living s2 v Dead)]) else (false, b, [])))))).
  { apply then_placed; [constructor; [exact Logic.I|]; apply Forall_app; split; [apply streams_cut_placed|constructor]|]. intros. apply then_placed; [apply clear_placed|]. intros. destruct (_ && _); repeat constructor. }
  destruct (living (vs s v)); try apply Forall_nil; destruct (filter _ _) eqn:E; try exact T; constructor; try exact Logic.I; apply Forall_app; (split; [apply streams_cut_placed|]); rewrite <- E; apply M. Qed.
Lemma ripas_placed n fuel : forall s v a top st b, Forall (placed n) (snd (ripas_walk fuel s v a top st b)).
Proof.
  induction fuel as [|fuel IH]; intros s v a top st b; [constructor|]. cbn [ripas_walk]. destruct (top <=? a); [constructor|].
  destruct (resolve s v a) as [l e]. destruct (ripas e =? st); auto. unfold entry_change. destruct (resolve s v a) as [l' e'].
  destruct (_ || _); [constructor|]. destruct (is_leaf e').
  - destruct (b <? _); [constructor|]. match goal with |- context [ripas_walk fuel ?s ?v ?x ?t ?u ?w] => specialize (IH s v x t u w); destruct (ripas_walk fuel s v x t u w) as [[r c] qs] end.
    cbn [snd] in *. apply Forall_app; split; auto. apply leaf_replace_placed.
  - destruct (is_valid e'); [constructor|]. match goal with |- context [ripas_walk fuel ?s ?v ?x ?t ?u ?w] => specialize (IH s v x t u w); destruct (ripas_walk fuel s v x t u w) as [[r c] qs] end.
    cbn [snd app] in *. constructor; auto. exact Logic.I. Qed.

Lemma vspace_in n s v : bounded n s -> is_vspace s v = true -> 0 <= v < n.
Proof. intros B L. apply B. unfold is_vspace in L. intros K. rewrite K in L. discriminate. Qed.
Lemma call_placed n must gs ps : (must = true -> Forall (placed n) ps) -> Forall (placed n) (done (call must gs ps)).
Proof. intros H. unfold call. destruct must; [|constructor]. destruct (first gs) as [[? ?]|]; [constructor|auto]. Qed.
Ltac must_in B H := rewrite ?andb_true_iff in H; split_all; repeat match goal with H : is_vspace _ _ = true |- _ => apply (vspace_in _ _ _ B) in H end.

Ltac effects_placed := repeat match goal with
  | |- Forall _ (does (if ?b then _ else _)) => destruct b
  | |- Forall _ (does (match ?b with true => _ | false => _ end)) => destruct b end; try apply Forall_nil; try (repeat constructor; fail).
Lemma vcpus_placed n l (f : Z -> vcpu) : Forall (placed n) (map (fun g => SetVcpu g (f g)) l).
Proof. induction l; cbn [map]; constructor; auto; exact Logic.I. Qed.
Lemma end_guest_placed n s c r reason : Forall (placed n) (does (end_guest s c r reason)).
Proof. unfold end_guest. cbn [does]. apply Forall_app. split; [destruct (is_active _ _); repeat constructor|apply vcpus_placed]. Qed.
Lemma own_memory_placed n s c t r a e : own_memory s c t r a = Some e -> Forall (placed n) (does e).
Proof. unfold own_memory. destruct (_ || _); [discriminate|]. destruct (snd _); intros H; try discriminate; injection H as <-; repeat constructor. Qed.
Lemma guest_call_placed n s c t r : Forall (placed n) (does (guest_call s c t r)).
Proof.
  unfold guest_call. effects_placed; try apply end_guest_placed.
  - unfold measurement_read. effects_placed.
  - unfold measurement_extend. effects_placed.
  - unfold realm_config. effects_placed. destruct (resolve _ _ _) as [l e]. destruct e; effects_placed.
  - unfold ipa_state_set, ripas_set. destruct (_ && _); [|constructor].
    pose proof (ripas_placed n (Z.to_nat N512) s (in_vspace (get (vcp s) c)) (get r 1) (get r 2) (get r 3) STEP_GRANULES) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[x ch] ps]. exact W.
  - unfold ipa_state_get. effects_placed.
  - destruct (random_call _ _ _ _) eqn:R; [rewrite (random_call_does _ _ _ _ _ R)|]; constructor.
  - unfold suspend. effects_placed.
  - unfold cpu_on. effects_placed. Qed.
Lemma trapped_placed n s c t r : Forall (placed n) (does (trapped s c t r)).
Proof.
  unfold trapped. effects_placed; try apply guest_call_placed.
  - unfold data_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_placed; eauto|]. effects_placed. unfold fault. effects_placed.
  - unfold wait_for. effects_placed.
  - unfold instruction_abort. destruct (own_memory _ _ _ _ _) eqn:O; [eapply own_memory_placed; eauto|]. unfold fault. effects_placed.
  - unfold system_register. match goal with |- context [match ?o with Some _ => _ | None => _ end] => destruct o end; effects_placed. Qed.

Lemma harmless_placed n ps : Forall harmless ps -> Forall (placed n) ps.
Proof. induction 1 as [|p ps F]; constructor; auto. destruct p; cbn in *; tauto. Qed.
Theorem calls_place_inside n o s : bounded n s -> Forall (placed n) (commit o s).
Proof.
  intros B. assert (M : forall l (f : Z -> vcpu), Forall (placed n) (map (fun g => SetVcpu g (f g)) l)) by (induction l; intros f; cbn [map]; constructor; auto; exact Logic.I).
  assert (Mk : forall g x, owner_in n x -> Forall (placed n) (done (make s g x))) by (intros; unfold make; destruct (is_free_range _ _ _); repeat constructor; auto).
  assert (Rl : forall g c s b, Forall (placed n) (snd (release g c s b))) by (intros; unfold release; destruct (_ <? _); repeat constructor).
  destruct o; cbn [commit].
  - apply call_placed. intros H. must_in B H. repeat constructor; cbn; tauto.
  - apply call_placed. repeat constructor.
  - apply call_placed. repeat constructor.
  - apply call_placed. intros H. must_in B H. repeat constructor; cbn; tauto.
  - apply call_placed. intros H. must_in B H. apply Forall_app; split; [apply leave_placed|]. apply Forall_app; split; [destruct (_ && _); repeat constructor|]. repeat constructor; cbn; tauto.
  - apply call_placed. repeat constructor.
  - apply call_placed. intros _. constructor; [exact Logic.I|]. constructor; [exact Logic.I|]. apply connect_placed.
  - apply call_placed. intros _. repeat constructor. destruct (is_guest s v); repeat constructor.
  - unfold unmap_private. destruct (_ && _); [apply leave_placed|constructor].
  - unfold unmap_shared. destruct (_ && _); [|constructor]. cbn [done]. destruct (maps _ _ _ _ _); [apply leaf_replace_placed|constructor].
  - unfold unmap_device. destruct (is_vspace s v); [|constructor]. cbn [done]. destruct (entry_at _ _ _ _); try apply Forall_nil. destruct (_ && _); [apply leaf_replace_placed|constructor].
  - unfold cnode_make. destruct (1 <=? n0); [apply Mk; exact Logic.I|constructor].
  - apply Mk. exact Logic.I.
  - unfold vcpu_make. destruct (is_free_range _ _ _); repeat constructor.
  - apply Mk. destruct private; exact Logic.I.
  - unfold vspace_make. destruct (vmid_take s); [|constructor]. destruct (is_free_range _ _ _); repeat constructor.
  - unfold cnode_destroy. destruct (get (gran s) g); try apply Forall_nil. destruct (1 <=? granules); [apply Rl|constructor].
  - unfold table_destroy. destruct (get (gran s) t) as [| | |[[[v l] i]|]| | | | | |]; try apply Forall_nil; [|apply Rl]. destruct (negb _); [constructor|].
    apply then_placed; [apply then_placed; [apply clear_placed|]|].
    + intros. unfold unlink. destruct (get (gran s') t) as [| | |[[[? ?] ?]|]| | | | | |]; try apply Forall_nil. destruct (is_vspace s' z); [apply unlink_placed|constructor].
    + intros. destruct (get (gran s') t) as [| | |[[[? ?] ?]|]| | | | | |]; try apply Forall_nil. apply Rl.
  - unfold frame_destroy. destruct (_ || _); [constructor|]. apply then_placed; [apply leave_placed|]. intros. unfold free_frame.
    destruct (get (gran s') f) as [| | | | | | |bl [?|] z|bl [|]|]; try apply Forall_nil; cbn [snd]; destruct z + idtac; repeat constructor.
  - destruct (live s v); [apply kill_placed|constructor].
  - destruct (live s v); [|constructor]. unfold vspace_destroy. apply then_placed; [apply kill_placed|]. intros. destruct (_ || _); [constructor|]. cbn [snd].
    apply Forall_app; split; [apply M|repeat constructor].
  - unfold vcpu_destroy. destruct (negb _); [constructor|]. destruct (on_core _ _); [repeat constructor|]. destruct (_ =? 0); [constructor|]. cbn [snd].
    apply Forall_app; split; [destruct (_ =? _); repeat constructor|repeat constructor].
  - destruct (live s v); [|constructor]. unfold ripas_set. destruct (_ && _); [|constructor].
    pose proof (ripas_placed n (Z.to_nat N512) s v base top state STEP_GRANULES) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[r c] ps]. exact W.
  - apply call_placed. intros _. constructor; [exact Logic.I|]. apply Forall_app. split; [apply faults_placed, absorb_faults|]. constructor; [exact Logic.I|].
    destruct (guest _); repeat constructor.
  - unfold stream_detach. destruct (_ && _); [|constructor]. cbn [done]. destruct (_ =? _); repeat constructor.
  - unfold stream_fault, take_events. pose proof (absorb_faults (attached (str s)) (firstn (Z.to_nat AT_ONCE) es) (faults (str s))) as F.
    destruct (absorb _ _ _) as [f ps]. cbn [snd] in F. destruct (is_stream st); cbn [snd]; [|constructor]. apply Forall_app. split; [now apply faults_placed|repeat constructor].
  - destruct (live _ _); [|constructor]. pose proof (trapped_placed n s c t r) as T. unfold trap_steps. destruct (then_next _); auto. apply Forall_app. split; auto. repeat constructor.
  - apply call_placed. repeat constructor.
  - apply harmless_placed, settle_harmless.
  - apply call_placed. intros _. apply harmless_placed. destruct (_ =? _); repeat constructor.
  - apply call_placed. intros _. apply harmless_placed. destruct (_ =? _); repeat constructor.
  - repeat constructor.
  - apply call_placed. repeat constructor.
  - apply harmless_placed, irq_end_harmless.
  - destruct (live _ _); [|constructor]. apply call_placed. intros _. destruct (debug_looks _ _ _ _); [constructor|]. destruct (debug_writes _); repeat constructor. Qed.

(* At first nothing is outside. *)
Inductive reachable_in (n : Z) : iso -> Prop :=
| in_first s : first_state s -> (forall g, get (gran (k s)) g <> GKernel -> 0 <= g < n) -> reachable_in n s
| in_call o s s' : reachable_in n s -> runs (commit o (k s)) s s' -> reachable_in n s'
| in_deed d s : reachable_in n s -> reachable_in n (deed_step d s).
Lemma reachable_in_reachable n s : reachable_in n s -> reachable s.
Proof. induction 1; [now apply at_first|eapply by_call; eauto|now apply by_deed]. Qed.
Lemma deed_k d s : k (deed_step d s) = k s.
Proof. destruct d; cbn [deed_step]; repeat match goal with |- context [match ?x with _ => _ end] => destruct x end; auto. Qed.
Theorem reachable_bounded n s : reachable_in n s -> bounded n (k s).
Proof.
  induction 1 as [s F O|o s s' R IH X|d s R IH].
  - intros g. split; [apply O|]. destruct (f_gran _ F g) as [-> | ->]; exact Logic.I.
  - pose proof (reachable_inv s (reachable_in_reachable n s R)) as I. eapply runs_bounded; [exact I|now apply calls_are_safe|now apply calls_place_inside|exact IH|exact X].
  - now rewrite deed_k. Qed.
