(* SPDX-License-Identifier: Apache-2.0 *)
(* All that can happen to the isolation layer, and that the invariant holds of every state it can get to. *)
From Nie Require Export Devices Running.

(* The calls, with any arguments. What the authority layer lets through is a part of this. *)
Inductive op :=
| MapPrivate (f v ipa r : Z) | MapShared (f v ipa r : Z) | MapDevice (p v ipa r : Z) | MapTable (t v ipa level : Z)
| Donate (f v ipa r : Z) | ExpectRam (v ipa size_bits count : Z) | Activate (v p : Z)
| Configure (c v i cs entry_ argument stack : Z)
| UnmapPrivate (f : Z) | UnmapShared (f v ipa : Z) | UnmapDevice (p v ipa : Z)
| CnodeMake (g n ser : Z) | TableMake (g : Z) | VcpuMake (g : Z) | FrameMake (g : Z) (block private : bool) | VspaceMake (v : Z) (gu : bool)
| CnodeDestroy (g budget : Z) | TableDestroy (t budget : Z) | FrameDestroy (f budget : Z) | VspaceKill (v budget : Z)
| VspaceDestroy (v budget : Z) | VcpuDestroy (c budget : Z)
| RipasSet (v base top state : Z)
| StreamAttach (st v : Z) (es : list event_of) | StreamDetach (st v : Z) | StreamFault (st : Z) (es : list event_of)
| Traps (c : Z) (t : trap) (r : file) | Runs (current c until l1 l2 l3 flags : Z)
| Settles (n now : Z) (w : cause) | Kick (c : Z) | CoreStart (n target c : Z)
| IrqBind (i n : Z) | IrqAck (i : Z) | IrqEnd (i : Z)
| Debugs (c what at_ value : Z).

Definition done (o : outcome) : list prim := match o with Done ps => ps | _ => [] end.
Definition commit (o : op) (s : kern) : list prim :=
  match o with
  | MapPrivate f v ipa r => done (map_private s f v ipa r) | MapShared f v ipa r => done (map_shared s f v ipa r)
  | MapDevice p v ipa r => done (map_device s p v ipa r) | MapTable t v ipa level => done (map_table s t v ipa level)
  | Donate f v ipa r => done (donate s f v ipa r) | ExpectRam v ipa b c => done (expect_ram s v ipa b c)
  | Activate v p => done (activate s v p) | Configure c v i cs e a st => done (configure s c v i cs e a st)
  | UnmapPrivate f => done (unmap_private s f) | UnmapShared f v ipa => done (unmap_shared s f v ipa)
  | UnmapDevice p v ipa => done (unmap_device s p v ipa)
  | CnodeMake g n ser => done (cnode_make s g n ser) | TableMake g => done (table_make s g) | VcpuMake g => done (vcpu_make s g)
  | FrameMake g b p => done (frame_make s g b p) | VspaceMake v gu => done (vspace_make s v gu)
  | CnodeDestroy g b => snd (cnode_destroy g s b) | TableDestroy t b => snd (table_destroy t s b)
  | FrameDestroy f b => snd (frame_destroy f s b) | VspaceKill v b => if live s v then snd (vspace_kill v s b) else []
  | VspaceDestroy v b => if live s v then snd (vspace_destroy v s b) else [] | VcpuDestroy c b => snd (vcpu_destroy c s b)
  | RipasSet v base top state => if live s v then match ripas_set s v base top state with Some (_, _, ps) => ps | None => [] end else []
  | StreamAttach st v es => done (stream_attach s st v es) | StreamDetach st v => done (stream_detach s st v)
  | StreamFault st es => snd (stream_fault s st es)
  | Traps c t r => if live s (in_vspace (get (vcp s) c)) then trap_steps s c (trapped s c t r) else []
  | Runs p c u l1 l2 l3 f => done (run_vcpu_ s p c u l1 l2 l3 f)
  | Settles n now w => settles (settle s n now w) | Kick c => done (vcpu_kick s c) | CoreStart n target c => done (core_start s n target c)
  | IrqBind i n => irq_bind i n | IrqAck i => done (irq_ack s i) | IrqEnd i => irq_end s i
  | Debugs c what a w => if live s (in_vspace (get (vcp s) c)) then done (vcpu_debug s c what a w) else []
  end.

Lemma live_is s v : is_vspace s v = live s v. Proof. reflexivity. Qed.
Lemma nil_safe s : safe [] s. Proof. exact I. Qed.
Lemma not_dying s v : is_dying s v = false -> living (get (vsp s) v) <> Dead.
Proof. unfold is_dying, vs. intros H E. rewrite E in H. discriminate. Qed.
Ltac call_of E := destruct (call _ _ _) as [|? ?|qs] eqn:E; cbn [done]; try apply nil_safe; apply call_done in E; destruct E as (Must & -> & Gs); guards Gs.
Ltac split_all := repeat match goal with H : _ /\ _ |- _ => destruct H end.
Lemma private_is s f : is_private s f = true -> is_mapped s f = false -> exists z, get (gran s) f = GPrivate (is_block s f) None z.
Proof. unfold is_private, is_mapped, place, is_block. destruct (get (gran s) f) as [| | | | | | |b [|] z| |]; try discriminate; eauto. Qed.
Lemma half_low s v ipa l : (is_guest s v && (ipa <? SHARED_HALF)) = false -> (ipa mod span l =? 0) = true -> guest_of s v = true -> SHARED_HALF <= ipa / span l * span l.
Proof. unfold is_guest, guest_of, vs. intros H A G. rewrite G in H. cbn in H. assert (0 < span l) by (unfold span, GIB, BLOCK, PAGE; repeat destruct (_ =? _); lia).
  pose proof (Z.div_mod ipa (span l) ltac:(lia)). lia. Qed.
Lemma half_high s v ipa l : (SHARED_HALF <=? ipa) = false -> guest_of s v = true -> ipa / span l * span l < SHARED_HALF.
Proof. intros H _. assert (0 < span l) by (unfold span, GIB, BLOCK, PAGE; repeat destruct (_ =? _); lia).
  pose proof (Z.div_mod ipa (span l) ltac:(lia)). pose proof (Z.mod_pos_bound ipa (span l) ltac:(lia)). lia. Qed.
Ltac now_k M := rewrite ?(meanwhile_k _ _ M), ?step_k.

Lemma map_private_safe s f v ipa r : safe (done (map_private (k s) f v ipa r)) s.
Proof.
  unfold map_private. call_of E. rewrite !andb_true_iff, negb_true_iff in Must. split_all.
  destruct (private_is (k s) f) as [z G]; auto. set (b := is_block (k s) f) in *.
  apply prim_then; [intros s1 M1; cbn; now_k M1; rewrite G; cbn; auto|]. intros s1 M1. apply one. intros s2 M2. cbn. now_k M2. now_k M1.
  cbn [kstep]. split; [unfold live in *; fields; rewrite get_set; destruct (Z.eqb_spec v f) as [->|]; [unfold is_vspace in *; rewrite G in *; discriminate|auto]|].
  unfold guest_of; fields. rewrite get_set, Z.eqb_refl. unfold is_guest, vs in *. split; [repeat split; auto; congruence|]. intros _. now apply not_dying. Qed.

Lemma map_shared_safe s f v ipa r : safe (done (map_shared (k s) f v ipa r)) s.
Proof.
  unfold map_shared. call_of E. rewrite andb_true_iff in Must. split_all.
  assert (G : get (gran (k s)) f = GShared (is_block (k s) f) (places (k s) f)) by (unfold is_shared, is_block, places in *; destruct (get (gran (k s)) f); try discriminate; auto).
  set (b := is_block (k s) f) in *.
  apply prim_then; [intros s1 M1; cbn; now_k M1; rewrite G; cbn; split; auto; intros; left; cbn; auto|]. intros s1 M1. apply one. intros s2 M2. cbn. now_k M2. now_k M1.
  cbn [kstep]. split; [unfold live in *; fields; rewrite get_set; destruct (Z.eqb_spec v f) as [->|]; [unfold is_vspace in *; rewrite G in *; discriminate|auto]|].
  fields. rewrite get_set, Z.eqb_refl. split; [split; [reflexivity|split; [now left|]]; intros; eapply half_low; eauto|]. intros _. now apply not_dying. Qed.

Lemma map_device_safe s p v ipa r : safe (done (map_device (k s) p v ipa r)) s.
Proof.
  unfold map_device. call_of E. rewrite andb_true_iff, negb_true_iff in Must. split_all. apply one. intros s1 M1. cbn. now_k M1.
  split; auto. split; auto. intros _. now apply not_dying. Qed.

Lemma map_table_safe s t v ipa level : safe (done (map_table (k s) t v ipa level)) s.
Proof.
  unfold map_table. call_of E. rewrite andb_true_iff in Must. split_all. set (i := ipa / span (level - 1)) in *.
  assert (G : get (gran (k s)) t = GTable None) by (unfold is_table, is_linked in *; destruct (get (gran (k s)) t) as [| | |[|]| | | | | |]; try discriminate; auto).
  apply prim_then; [intros s1 M1; cbn; now_k M1; split; auto; destruct (is_ram _); auto|]. intros s1 M1.
  apply prim_then; [intros s2 M2; cbn; now_k M2; now_k M1; cbn [kstep]; fields; rewrite G; cbn; auto|]. intros s2 M2.
  apply one. intros s3 M3. cbn [okp]. now_k M3. now_k M2. now_k M1. cbn [kstep]. split.
  - unfold live in *; fields. rewrite get_set. destruct (Z.eqb_spec v t) as [->|]; [unfold is_vspace in *; rewrite G in *; discriminate|auto].
  - cbn [okent]. fields. rewrite get_set, Z.eqb_refl. replace (level - 1 + 1) with level by lia. split; auto. intros _. rewrite get_set.
    rewrite Z.eqb_refl. cbn [living upd_tab]. now apply not_dying. Qed.

Lemma leave_good s f : inv s -> agrees (k s) f = true -> safe (leave (k s) f) s /\ Forall still (leave (k s) f).
Proof.
  intros I A. unfold leave, agrees in *. destruct (get (gran (k s)) f) as [| | | | | | |b [[v i]|] z| |]; try (split; [apply nil_safe|constructor]).
  apply leaf_remove_good; auto. destruct (entry_at _ _ _ _); cbn; auto; discriminate. Qed.
Lemma leave_gran s f b p z : get (gran s) f = GPrivate b p z -> agrees s f = true -> exists z', get (gran (ksteps (leave s f) s)) f = GPrivate b None z'.
Proof.
  intros G A. unfold leave, agrees in *. rewrite G in *. destruct p as [[v i]|]; [|cbn; eauto]. unfold leaf_remove, leaf_replace.
  destruct (entry_at s v (frame_level b) i) eqn:E; try discriminate. apply Z.eqb_eq in A. subst f0. rewrite G, !ksteps_app. cbn [ksteps fold_left].
  destruct (is_guest s v), (has_streams s v); cbn [app fold_left kstep]; fields; rewrite get_set, Z.eqb_refl; eauto. Qed.
Lemma leave_quiet s f : Forall quiet_step (leave s f).
Proof. unfold leave. destruct (get (gran s) f) as [| | | | | | |b [[v i]|] z| |]; auto. unfold leaf_remove, leaf_replace. apply Forall_app. split; [repeat constructor|].
  apply Forall_app. split; [destruct (has_streams s v); repeat constructor|].
  destruct (entry_at s v _ i); auto. destruct (get (gran s) f0); auto; [|repeat constructor]. destruct (is_guest s v); repeat constructor. Qed.

Lemma donate_safe s f v ipa r : inv s -> safe (done (donate (k s) f v ipa r)) s.
Proof.
  intros I. unfold donate. call_of E. rewrite !andb_true_iff in Must. split_all. set (b := is_block (k s) f) in *.
  assert (G : exists p z, get (gran (k s)) f = GPrivate b p z) by (subst b; unfold is_private, is_block in *; destruct (get (gran (k s)) f); try discriminate; eauto).
  destruct G as (p & z & G). destruct (leave_good s f I) as [L1 L2]; auto. destruct (leave_gran (k s) f b p z) as [z' G']; auto.
  apply safe_app; auto. intros s1 R1. pose proof (runs_k _ _ _ R1) as K1. pose proof (runs_live _ _ _ v L2 L1 R1) as V1.
  destruct (quiet_vs _ (k s) v (leave_quiet (k s) f)) as [Q1 Q2]. rewrite <- K1 in *.
  assert (T : forall s2, k s2 = k s1 -> safe [SetGran f (GPrivate b (Some (v, ipa / span (frame_level b))) false); SetTab v (frame_level b) (ipa / span (frame_level b)) (Leaf f r)] s2).
  { intros s2 K2. apply prim_then; [intros s3 M3; cbn; now_k M3; rewrite K2, G'; cbn; auto|]. intros s3 M3. apply one. intros s4 M4. cbn. now_k M4. now_k M3. rewrite K2.
    cbn [kstep]. assert (Lv : live (k s1) v = true) by (rewrite V1; auto).
    split; [unfold live in *; fields; rewrite get_set; destruct (Z.eqb_spec v f) as [->|]; [rewrite G' in *; discriminate|auto]|].
    unfold guest_of; fields. rewrite get_set, Z.eqb_refl. split; [repeat split; auto; intros _; eapply half_high; eauto|]. intros _. rewrite Q2.
    intros D. match goal with H : (is_building _ _ || _) = true |- _ => unfold is_building, is_active, vs in H; rewrite D in H; discriminate end. }
  match goal with |- safe ((if ?c then _ else _) ++ _) _ => destruct c end; cbn [app]; [|now apply T]. apply prim_then; [intros s2 M2; cbn; now_k M2; eauto|]. intros s2 M2. apply T. now rewrite step_k, (meanwhile_k _ _ M2). Qed.

Lemma expect_ram_safe s v ipa sb c : safe (done (expect_ram (k s) v ipa sb c)) s.
Proof. unfold expect_ram. call_of E. rewrite andb_true_iff in Must. split_all. apply prim_then; [intros s1 M1; cbn; now_k M1; auto|]. intros s1 M1. apply one. cbn; auto. Qed.
Lemma activate_safe s v p : safe (done (activate (k s) v p)) s.
Proof.
  unfold activate. call_of E. apply prim_then; [cbn; auto|]. intros s1 M1. apply prim_then; [cbn; discriminate|]. intros s2 M2. apply streams_connect_safe.
  rewrite step_k; cbn [kstep]; fields. now rewrite (meanwhile_k _ _ M2), step_k, (meanwhile_k _ _ M1). Qed.
Lemma configure_safe s c v i cs e a st : safe (done (configure (k s) c v i cs e a st)) s.
Proof.
  unfold configure. call_of E. split_all. apply prim_then; [intros s1 M1; cbn; intros _ D; match goal with H : is_building _ _ = true |- _ => unfold is_building, vs in H; unfold vs in D; rewrite D in H; discriminate end|].
  intros s1 M1. apply prim_then; [cbn; auto|]. intros s2 M2. destruct (is_guest (k s) v); [apply one; cbn; auto|apply nil_safe]. Qed.

Lemma unmap_private_safe s f : inv s -> safe (done (unmap_private (k s) f)) s.
Proof. intros I. unfold unmap_private. destruct (is_private _ _ && agrees _ _) eqn:E; [|apply nil_safe]. apply andb_true_iff in E as [_ E]. now apply leave_good. Qed.
Lemma unmap_shared_safe s f v ipa : inv s -> safe (done (unmap_shared (k s) f v ipa)) s.
Proof.
  intros I. unfold unmap_shared. destruct (_ && _); [|apply nil_safe]. cbn [done]. destruct (maps _ _ _ _ _) eqn:E; [|apply nil_safe].
  apply leaf_remove_good; auto. unfold maps in E. apply andb_true_iff in E as [_ E]. destruct (entry_at _ _ _ _); cbn; auto; discriminate. Qed.
Lemma unmap_device_safe s p v ipa : inv s -> safe (done (unmap_device (k s) p v ipa)) s.
Proof.
  intros I. unfold unmap_device. destruct (is_vspace _ _); [|apply nil_safe]. cbn [done]. destruct (entry_at (k s) v 3 (ipa / PAGE)) eqn:E; try apply nil_safe.
  destruct (_ && _); [|apply nil_safe]. apply leaf_remove_good; auto. now rewrite E. Qed.

Lemma free_range s g n : is_free_range s g n = true -> forall j, 0 <= j < n -> get (gran s) (g + j) = GFree.
Proof.
  unfold is_free_range. rewrite forallb_forall. intros H j J. specialize (H (Z.to_nat j)). rewrite Z2Nat.id in H by lia.
  destruct (get (gran s) (g + j)); auto; exfalso; assert (X : false = true) by (apply H, in_seq; lia); discriminate. Qed.
Lemma make_safe s g x : new_object x -> safe (done (make (k s) g x)) s.
Proof.
  intros N. unfold make. destruct (is_free_range _ _ _) eqn:E; [|apply nil_safe]. apply one. intros s1 M1. cbn. now_k M1. split; auto. now apply free_range. Qed.
Lemma vcpu_make_safe s g : safe (done (vcpu_make (k s) g)) s.
Proof.
  unfold vcpu_make. destruct (is_free_range _ _ _) eqn:E; [|apply nil_safe]. apply prim_then.
  - intros s1 M1. cbn. now_k M1. split; [now apply free_range|]. split; auto. split; cbn; auto. - intros s1 M1. apply one. cbn; auto. Qed.
Lemma free_vmid_free m fuel : forall i x, free_vmid m fuel i = Some x -> get m x = false.
Proof. induction fuel as [|n IH]; cbn; intros i x; [discriminate|]. destruct (get m i) eqn:E; [apply IH|]. intros H. injection H as <-. auto. Qed.
Lemma vspace_make_safe s v gu : safe (done (vspace_make (k s) v gu)) s.
Proof.
  unfold vspace_make. destruct (vmid_take (k s)) eqn:V; [|apply nil_safe]. destruct (is_free_range _ _ _) eqn:E; [|apply nil_safe].
  apply one. intros s1 M1. cbn. now_k M1. pose proof (free_range _ _ _ E) as F. repeat split.
  - rewrite <- (Z.add_0_r v). apply F. lia. - apply F. lia. - eapply free_vmid_free; exact V. Qed.

(* ---- ends ---- *)
Lemma then_safe p (f : kern -> Z -> part) s : good p s -> inv s ->
  (forall s', inv s' -> runs (snd p) s s' -> safe (snd (f (k s') (snd (fst p)))) s') -> safe (snd (then_ p (k s) f)) s.
Proof.
  intros [P1 P2] J F. unfold then_. destruct p as [[[] b] ps]; cbn [fst snd] in *; auto.
  destruct (f (ksteps ps (k s)) b) as [[d b'] qs] eqn:E. cbn [snd]. apply safe_app; auto. intros s' R.
  rewrite <- (runs_k _ _ _ R) in E. specialize (F s' (safe_inv _ _ _ J P1 R) R). now rewrite E in F. Qed.

Lemma scrub_release_safe s g n : inv s -> unused (get (gran (k s)) g) -> n = size_of (get (gran (k s)) g) -> safe [Scrub g n; Release g n] s.
Proof.
  intros J U N. apply prim_then; [cbn; auto|]. intros s1 M1. apply one. intros s2 M2. cbn. now_k M2. now_k M1. cbn [kstep]. split; auto. split; auto. intros j Hj.
  assert (Ia : inv (step (Scrub g n) s1)) by (apply step_inv; cbn; auto; eapply meanwhile_inv; eauto).
  assert (K : k (step (Scrub g n) s1) = k s) by now rewrite step_k, (meanwhile_k _ _ M1).
  destruct (meanwhile_hidden _ _ (g + j) Ia M2) as [_ ->]; [apply hidden_unused; auto; rewrite K; auto; lia|].
  cbn [step mem]. rewrite get_fill. rewrite (proj2 (Z.leb_le g (g + j))), (proj2 (Z.ltb_lt (g + j) _)) by lia. auto. Qed.
Lemma release_safe s g n b : inv s -> unused (get (gran (k s)) g) -> n = size_of (get (gran (k s)) g) -> safe (snd (release g n (k s) b)) s.
Proof. intros. unfold release. destruct (b <? n); [apply nil_safe|now apply scrub_release_safe]. Qed.

Lemma cnode_destroy_safe s g b : inv s -> safe (snd (cnode_destroy g (k s) b)) s.
Proof.
  intros J. unfold cnode_destroy. destruct (get (gran (k s)) g) eqn:G; try apply nil_safe. destruct (Z.leb_spec 1 granules); [|apply nil_safe].
  apply release_safe; auto; rewrite G; cbn; auto. Qed.
Lemma unlink_part s t b : inv s -> good (unlink t (k s) b) s.
Proof.
  intros J. unfold unlink. destruct (get (gran (k s)) t) as [| | |[[[v l] i]|]| | | | | |] eqn:G; try (split; [apply nil_safe|constructor]).
  destruct (is_vspace (k s) v) eqn:V; [|split; [apply nil_safe|constructor]]. apply unlink_good; auto. Qed.
Lemma table_destroy_safe s t b : inv s -> safe (snd (table_destroy t (k s) b)) s.
Proof.
  intros J. unfold table_destroy. destruct (get (gran (k s)) t) as [| | |[[[v l] i]|]| | | | | |] eqn:G; try apply nil_safe.
  - destruct (is_vspace (k s) v) eqn:V; [|apply nil_safe]. cbn [negb]. apply then_safe; auto.
    + apply then_good; auto; [apply clear_good; auto|]. intros _ s' J' _. now apply unlink_part.
    + intros s' J' _. destruct (get (gran (k s')) t) as [| | |[?|]| | | | | |] eqn:G'; try apply nil_safe. apply release_safe; auto; rewrite G'; cbn; auto.
  - apply release_safe; auto; rewrite G; cbn; auto. Qed.

Lemma free_frame_safe s f b : inv s -> safe (snd (free_frame f (k s) b)) s.
Proof.
  intros J. unfold free_frame. destruct (get (gran (k s)) f) as [| | | | | | |bl [?|] z|bl [|]|] eqn:G; try apply nil_safe; cbn [snd].
  - destruct z; cbn [app].
    + apply one. intros s1 M1. cbn. now_k M1. rewrite G. cbn. split; auto. split; auto. intros j Hj.
      destruct (meanwhile_hidden s s1 (f + j) J M1) as [_ ->]; [apply hidden_unused; auto; rewrite G; cbn; auto|]. apply (scrubbed_zero _ J f bl G j Hj).
    + apply scrub_release_safe; auto; rewrite G; cbn; auto.
  - apply scrub_release_safe; auto; rewrite G; cbn; auto. Qed.
Lemma frame_destroy_safe s f b : inv s -> safe (snd (frame_destroy f (k s) b)) s.
Proof.
  intros J. unfold frame_destroy. destruct (_ || _) eqn:E; [apply nil_safe|]. apply orb_false_iff in E as [_ E]. apply negb_false_iff in E.
  apply then_safe; auto; [now apply leave_good|]. intros s' J' _. now apply free_frame_safe. Qed.

Lemma vcpus_good A (s : A) (f : A -> Z -> vcpu) : forall l s', safe (map (fun g => SetVcpu g (f s g)) l) s' /\ Forall still (map (fun g => SetVcpu g (f s g)) l).
Proof. induction l as [|g l IH]; intros s'; cbn [map]; [split; [apply nil_safe|constructor]|]. split; [apply prim_then; [cbn; auto|]; intros; apply IH|constructor; [cbn; auto|apply (IH s')]]. Qed.
Lemma dying_good s v qs : inv s -> live (k s) v = true -> (forall s', safe qs s') /\ Forall still qs ->
  good (true, 0, SetVs v (set_living (k s) v Dying) :: streams_cut (k s) v ++ qs) s.
Proof.
  intros J L [A B]. assert (O : forall s', meanwhile s s' -> okp (SetVs v (set_living (k s) v Dying)) s') by (intros; cbn; discriminate).
  split; cbn [snd]; [|constructor; [cbn; auto|apply still_app; auto; apply streams_cut_still]]. apply prim_then; [exact O|]. intros s1 M1.
  apply (streams_cut_safe s); auto; [apply step_inv; auto; eapply meanwhile_inv; eauto|rewrite step_k, (meanwhile_k _ _ M1); reflexivity|rewrite step_k, (meanwhile_k _ _ M1); exact L]. Qed.
Lemma root_empty s v : root_is_empty s v = true -> forall i, 0 <= i < N512 -> is_valid (entry_at s v 1 i) = false.
Proof.
  unfold root_is_empty. rewrite forallb_forall. intros H i Hi. specialize (H (Z.to_nat i)). rewrite Z2Nat.id in H by lia.
  apply negb_true_iff, H, in_seq. unfold N512 in *. lia. Qed.
Lemma dead_good s v b : inv s -> good (if is_vspace (k s) v && root_is_empty (k s) v && negb (has_streams (k s) v) then (true, b, [InvAll false v; SetVs v (set_living (k s) v Dead)]) else (false, b, [])) s.
Proof.
  intros J. destruct (_ && _) eqn:E; [|split; [apply nil_safe|constructor]]. apply andb_true_iff in E as [E N]. apply andb_true_iff in E as [V R]. apply negb_true_iff in N. pose proof (no_streams_bare s v J N) as Bv.
  split; [|repeat constructor]. cbn [snd].
  apply prim_then; [cbn; auto|]. intros s1 M1. apply one. intros s2 M2. cbn. intros _ _. assert (J1 : inv (step (InvAll false v) s1)) by (apply step_inv; cbn; auto; eapply meanwhile_inv; eauto).
  apply (meanwhile_gone _ _ v J1) in M2; auto; [rewrite step_k, (meanwhile_k _ _ M1); auto|].
  assert (K1 : k (step (InvAll false v) s1) = k s) by now rewrite step_k, (meanwhile_k _ _ M1). split; [|split].
  - intros i Hi. rewrite K1. now apply root_empty.
  - intros [|] l i; [apply (calm _ (devices _ J1)); rewrite K1; auto|]. unfold cached. cbn [step kstep k tlb]. unfold set_tlb. now rewrite !get_set, !Z.eqb_refl, get_set, Z.eqb_refl, !get_init.
  - now rewrite K1. Qed.
Lemma good_any s d b c e ps : good (d, b, ps) s -> good (c, e, ps) s. Proof. auto. Qed.
Lemma kill_good s v b : inv s -> live (k s) v = true -> good (vspace_kill v (k s) b) s.
Proof.
  intros J L. unfold vspace_kill. assert (N : good (true, b, []) s) by (split; [apply nil_safe|constructor]).
  pose proof (dying_good s v [] J L (conj nil_safe (Forall_nil still))) as Dy.
  assert (B : forall g l, good (false, b, SetVs v (set_living (k s) v Dying) :: streams_cut (k s) v ++ map (fun h => SetVcpu h (set_exiting (get (vcp (k s)) h))) (g :: l)) s).
  { intros g l. eapply good_any, dying_good; auto. split; [intros s'; apply (vcpus_good iso s (fun q h => set_exiting (get (vcp (k q)) h)) (g :: l) s')|apply (vcpus_good iso s (fun q h => set_exiting (get (vcp (k q)) h)) (g :: l) s)]. }
  assert (A : good (then_ (true, b, SetVs v (set_living (k s) v Dying) :: streams_cut (k s) v ++ map (fun h => SetVcpu h (set_exiting (get (vcp (k s)) h))) []) (k s)
    (fun s1 b => then_ (clear_all s1 v 1 0 b) s1 (fun s2 b => if is_vspace s2 v && root_is_empty s2 v && negb (has_streams s2 v) then (true, b, [InvAll false v; SetVs v (set_living s2 v Dead)]) else (false, b, [])))) s).
  { cbn [map]. apply then_good; auto. intros _ s1 J1 R1. cbn [fst snd] in *. apply then_good; auto.
    - apply clear_good; auto. destruct Dy as [S1 S2]. cbn [snd] in *. rewrite (runs_live _ _ _ v S2 S1 R1). auto.
    - intros _ s2 J2 _. now apply dead_good. }
  destruct (living (vs (k s) v)); auto; destruct (filter _ _); auto. Qed.

Lemma end_safe s v : inv s -> live (k s) v = true -> living (get (vsp (k s)) v) = Dead -> safe [Scrub v 2; EndVspace v] s.
Proof.
  intros J L D. apply prim_then; [cbn; auto|]. intros s1 M1. apply one. intros s2 M2.
  assert (Ja : inv (step (Scrub v 2) s1)) by (apply step_inv; cbn; auto; eapply meanwhile_inv; eauto).
  assert (K : k (step (Scrub v 2) s1) = k s) by now rewrite step_k, (meanwhile_k _ _ M1).
  assert (J2 : inv s2) by (eapply meanwhile_inv; eauto). assert (K2 : k s2 = k s) by now rewrite (meanwhile_k _ _ M2).
  cbn [okp]. rewrite K2. split; auto. split.
  - intros j Hj. destruct (meanwhile_hidden _ _ (v + j) Ja M2) as [_ ->]; [apply hidden_vspace; auto; rewrite K; auto|]. cbn [step mem]. rewrite get_fill.
    rewrite (proj2 (Z.leb_le v (v + j))), (proj2 (Z.ltb_lt (v + j) _)) by lia. auto.
  - destruct (dead_gone _ J2 v) as (_ & G & B); rewrite ?K2; auto. split; auto. now rewrite <- K2. Qed.
Lemma vcpu_steps_k l (f : Z -> vcpu) : forall s, gran (ksteps (map (fun g => SetVcpu g (f g)) l) s) = gran s /\ vsp (ksteps (map (fun g => SetVcpu g (f g)) l) s) = vsp s.
Proof. induction l as [|g l IH]; intros s; [auto|]. cbn [map]. change (ksteps (?p :: ?ps) s) with (ksteps ps (kstep p s)). destruct (IH (kstep (SetVcpu g (f g)) s)) as [-> ->]. auto. Qed.
Lemma vspace_destroy_safe s v b : inv s -> live (k s) v = true -> safe (snd (vspace_destroy v (k s) b)) s.
Proof.
  intros J L. unfold vspace_destroy. apply then_safe; auto; [now apply kill_good|]. intros s1 J1 _.
  destruct (_ || _) eqn:E; [apply nil_safe|]. apply orb_false_iff in E as [_ E]. apply negb_false_iff, andb_true_iff in E as [V D]. cbn [snd].
  assert (D' : living (get (vsp (k s1)) v) = Dead) by (unfold is_dead, vs in D; destruct (living _); auto; discriminate).
  destruct (vcpus_good kern (k s1) (fun q h => orphan (get (vcp q) h)) (members (k s1) v) s1) as [A B].
  apply safe_app; auto. intros s2 R. destruct (vcpu_steps_k (members (k s1) v) (fun h => orphan (get (vcp (k s1)) h)) (k s1)) as [G1 G2].
  apply end_safe; [eapply safe_inv; eauto|rewrite (runs_live _ _ _ v B A R); auto|now rewrite (runs_k _ _ _ R), G2]. Qed.
Lemma vcpu_destroy_safe s c b : inv s -> safe (snd (vcpu_destroy c (k s) b)) s.
Proof.
  intros J. unfold vcpu_destroy. destruct (is_vcpu (k s) c) eqn:C; [|apply nil_safe]. cbn [negb].
  assert (G : get (gran (k s)) c = GVcpu) by (unfold is_vcpu in C; destruct (get (gran (k s)) c); auto; discriminate).
  destruct (on_core _ _); [apply one; cbn; auto|]. destruct (b =? 0); [apply nil_safe|]. cbn [snd]. set (w := in_vspace (get (vcp (k s)) c)).
  assert (T : forall s2, inv s2 -> gran (k s2) = gran (k s) -> safe [SetVcpu c vcpu_none; Scrub c 1; Release c 1] s2).
  { intros s2 J2 K2. apply prim_then; [cbn; auto|]. intros s3 M3.
    assert (K3 : get (gran (k (step (SetVcpu c vcpu_none) s3))) c = GVcpu) by (rewrite step_k; cbn [kstep]; fields; rewrite (meanwhile_k _ _ M3), K2; auto).
    apply scrub_release_safe; [apply step_inv; cbn; auto; eapply meanwhile_inv; eauto| |]; rewrite K3; cbn; auto. }
  destruct (w =? NONE); cbn [app]; [now apply T|].
  assert (O : forall s3, meanwhile s s3 -> okp (SetVs w (set_vcpus (k s) w (set (vcpus (vs (k s) w)) (index (get (vcp (k s)) c)) NONE))) s3).
  { intros s3 M3. cbn. unfold vs. intros Lw D. apply (dead_gone s3); [eapply meanwhile_inv; eauto|auto|now rewrite (meanwhile_k _ _ M3)]. }
  apply prim_then; [exact O|]. intros s3 M3. apply T; [apply step_inv; [eapply meanwhile_inv; eauto|now apply O]|].
  rewrite step_k. cbn [kstep]. fields. now rewrite (meanwhile_k _ _ M3). Qed.

Lemma runs_safe s p c u a b d f : safe (done (run_vcpu_ (k s) p c u a b d f)) s.
Proof. unfold run_vcpu_. call_of E. apply prim_then; [cbn; auto|]. intros. apply one. cbn; auto. Qed.

(* Whatever is called, every step of it is in its right place. *)
Theorem calls_are_safe o s : inv s -> safe (commit o (k s)) s.
Proof.
  intros J. destruct o; cbn [commit].
  - apply map_private_safe. - apply map_shared_safe. - apply map_device_safe. - apply map_table_safe. - now apply donate_safe.
  - apply expect_ram_safe. - apply activate_safe. - apply configure_safe. - now apply unmap_private_safe. - now apply unmap_shared_safe.
  - now apply unmap_device_safe.
  - unfold cnode_make. destruct (Z.leb_spec 1 n); [|apply nil_safe]. apply make_safe. split; cbn; auto.
  - apply make_safe. split; cbn; auto.
  - apply vcpu_make_safe.
  - apply make_safe. destruct private; split; cbn; auto.
  - apply vspace_make_safe.
  - now apply cnode_destroy_safe. - now apply table_destroy_safe. - now apply frame_destroy_safe.
  - destruct (live (k s) v) eqn:L; [now apply kill_good|]. apply nil_safe.
  - destruct (live (k s) v) eqn:L; [now apply vspace_destroy_safe|]. apply nil_safe.
  - now apply vcpu_destroy_safe.
  - destruct (live (k s) v) eqn:L; [|apply nil_safe]. unfold ripas_set. destruct (_ && _); [|apply nil_safe].
    pose proof (ripas_walk_good (Z.to_nat N512) s v base top state STEP_GRANULES J L) as W. destruct (ripas_walk _ _ _ _ _ _ _) as [[r c] ps]. exact W.
  - now apply stream_attach_safe. - now apply stream_detach_safe. - apply stream_fault_safe.
  - destruct (live _ _) eqn:L; [now apply traps_safe|apply nil_safe]. - apply runs_safe.
  - apply harmless_safe, settle_harmless.
  - unfold vcpu_kick. call_of E. apply harmless_safe. destruct (_ =? _); repeat constructor.
  - unfold core_start. call_of E. apply harmless_safe. destruct (_ =? _); repeat constructor.
  - apply harmless_safe. repeat constructor.
  - unfold irq_ack. call_of E. apply harmless_safe. repeat constructor.
  - apply harmless_safe, irq_end_harmless.
  - destruct (live _ _) eqn:L; [now apply debug_safe|apply nil_safe]. Qed.

(* ---- every state that can be reached ---- *)
(* At first every granule is the kernel's or free, free is zero, there is no VSpace, and every stream aborts. *)
Record first_state (s : iso) : Prop := {
  f_gran : forall g, get (gran (k s)) g = GFree \/ get (gran (k s)) g = GKernel;
  f_zero : forall g, get (gran (k s)) g = GFree -> get (mem s) g = 0;
  f_tab : forall v l i, entry_at (k s) v l i = Empty;
  f_tlb : forall u m l i, get (get (get (get (tlb s) (tlbs_of u)) m) l) i = Empty;
  f_str : forall st, get (attached (str (k s))) st = NONE /\ get (ste (str (k s))) st = NONE /\ get (cfg s) st = NONE }.
Inductive reachable : iso -> Prop :=
| at_first s : first_state s -> reachable s
| by_call o s s' : reachable s -> runs (commit o (k s)) s s' -> reachable s'
| by_deed d s : reachable s -> reachable (deed_step d s).

Lemma first_inv s : first_state s -> inv s.
Proof.
  intros F. assert (L : forall v, live (k s) v = false) by (intros v; unfold live; destruct (f_gran _ F v) as [-> | ->]; auto).
  constructor; intros; rewrite ?L in *; try discriminate.
  - rewrite (f_tab _ F). cbn; auto. - apply F.
  - destruct (f_gran _ F f) as [E|E]; rewrite E in H; cbn in H; lia. - now apply F.
  - destruct (f_gran _ F f) as [E|E]; rewrite E in H; discriminate. - apply F.
  - constructor; intros; rewrite ?L in *; try discriminate; destruct (f_str _ F st) as (A & B & C); auto. contradiction. Qed.
Theorem reachable_inv s : reachable s -> inv s.
Proof.
  induction 1; [now apply first_inv| |now apply deed_inv]. eapply safe_inv; [exact IHreachable| |exact H0]. now apply calls_are_safe. Qed.

(* In the middle of a call too. *)
Inductive midway : iso -> Prop := mid o ps qs s s' : reachable s -> commit o (k s) = ps ++ qs -> runs ps s s' -> midway s'.
Lemma safe_prefix ps : forall qs s, safe (ps ++ qs) s -> safe ps s.
Proof. induction ps as [|p ps IH]; intros qs s S; [apply nil_safe|]. intros s' M. destruct (S s' M). split; eauto. Qed.
Theorem midway_inv s : midway s -> inv s.
Proof.
  intros [o ps qs s0 s' R E X]. apply reachable_inv in R. eapply safe_inv; [exact R| |exact X]. apply (safe_prefix ps qs). rewrite <- E. now apply calls_are_safe. Qed.

(* ---- what the invariant says, in words of the product ---- *)
(* A private frame is mapped at most once, and no TLB knows it from elsewhere. *)
Theorem private_frames_are_exclusive s f b p z v l i r : inv s -> get (gran (k s)) f = GPrivate b p z ->
  live (k s) v = true -> entry_at (k s) v l i = Leaf f r \/ (exists u, cached s u v l i = Leaf f r) -> p = Some (v, i) /\ l = frame_level b.
Proof. intros J G L E. pose proof (leaf_right _ _ _ _ _ _ J L E) as R. unfold okent in R. rewrite G in R. destruct p as [[v' i']|]; [|tauto]. destruct R as (-> & -> & -> & _). auto. Qed.
(* The lower half of a guest has private frames only, the upper half shared frames only. *)
Theorem halves_are_apart s v l i f r : inv s -> live (k s) v = true -> guest_of (k s) v = true ->
  entry_at (k s) v l i = Leaf f r \/ (exists u, cached s u v l i = Leaf f r) ->
  if i * span l <? SHARED_HALF then exists b, get (gran (k s)) f = GPrivate b (Some (v, i)) false \/ get (gran (k s)) f = GPrivate b (Some (v, i)) true
  else exists b ps, get (gran (k s)) f = GShared b ps.
Proof.
  intros J L Gu E. pose proof (leaf_right _ _ _ _ _ _ J L E) as R. unfold okent in R.
  destruct (get (gran (k s)) f) as [| | | | | | |b [[v' i']|] z|b ps|]; try tauto.
  - destruct R as (-> & -> & -> & H). specialize (H Gu). destruct (Z.ltb_spec (i * span (frame_level b)) SHARED_HALF); [|lia]. exists b. destruct z; auto.
  - destruct R as (-> & _ & H). specialize (H Gu). destruct (Z.ltb_spec (i * span (frame_level b)) SHARED_HALF); [lia|eauto]. Qed.
