(* SPDX-License-Identifier: Apache-2.0 *)
(* Every call of the isolation layer, with any arguments at all, takes only steps that are in their right place: it keeps
   the invariant, whatever tasks and guests do between any two of its steps. *)
From Nie Require Export Meanwhile Calls.

Lemma call_done must gs ps qs : call must gs ps = Done qs -> must = true /\ qs = ps /\ forallb (fun g : guard => negb (snd g)) gs = true.
Proof.
  unfold call. destruct must; [|discriminate]. intros H. split; auto. revert H. induction gs as [|[c b] gs IH]; cbn.
  - intros H. injection H as ->; auto.
  - destruct b; [destruct c; discriminate|]. intros H. now apply IH. Qed.
Ltac guards H := cbn [forallb fst snd map_guards map_table_guards donate_guards expect_ram_guards activate_guards configure_guards] in H;
  repeat rewrite andb_true_iff in H; repeat rewrite negb_true_iff in H; repeat rewrite negb_false_iff in H.

Lemma ksteps_app ps qs s : ksteps (ps ++ qs) s = ksteps qs (ksteps ps s). Proof. apply fold_left_app. Qed.

(* Steps that leave the kind and the life of every VSpace, and its VMID. *)
Definition quiet_step p := match p with SetTab _ _ _ _ | FillTab _ _ _ _ _ | InvIpa _ _ _ | InvAll _ _ | Scrub _ _ | SetGran _ _
  | Measure _ _ | MeasureFrame _ _ _ _ _ => True | _ => False end.
Lemma quiet_vs ps : forall s v, Forall quiet_step ps -> guest_of (ksteps ps s) v = guest_of s v /\ living (get (vsp (ksteps ps s)) v) = living (get (vsp s) v).
Proof.
  induction ps as [|p ps IH]; intros s v Q; [auto|]. inversion_clear Q as [|? ? Q1 Q2]. change (ksteps (p :: ps) s) with (ksteps ps (kstep p s)).
  destruct (IH (kstep p s) v Q2) as [-> ->]. destruct p; cbn in Q1; try tauto; cbn [kstep]; unfold upd_entry, guest_of; fields; auto;
    rewrite get_set; beq; auto. Qed.

Lemma prim_then p ps s : (forall s', meanwhile s s' -> okp p s') -> (forall s', meanwhile s s' -> safe ps (step p s')) -> safe (p :: ps) s.
Proof. intros A B s' M. auto. Qed.
Lemma one p s : (forall s', meanwhile s s' -> okp p s') -> safe [p] s.
Proof. intros H s' M. cbn; auto. Qed.

Lemma drop_leaf_at t l i : is_leaf (get (get (drop_leaf t l i) l) i) = false.
Proof. unfold drop_leaf. destruct (is_leaf (get (get t l) i)) eqn:E; auto. rewrite get_set, Z.eqb_refl. rewrite get_set, Z.eqb_refl. auto. Qed.
Lemma drop_leaf_other t l i m j : is_leaf (get (get t m) j) = false -> is_leaf (get (get (drop_leaf t l i) m) j) = false.
Proof. intros H. unfold drop_leaf. destruct (is_leaf (get (get t l) i)); auto. rewrite get_set. beq; auto. rewrite get_set. beq; auto. Qed.

Lemma cached_after u v l i s : l = 2 \/ l = 3 -> is_leaf (cached (step (InvIpa u v (i * span l)) s) u v l i) = false.
Proof.
  intros Hl. unfold cached. cbn [step k tlb kstep]. unfold set_tlb. rewrite !get_set, !Z.eqb_refl, get_set, Z.eqb_refl. destruct Hl as [-> | ->].
  - change (span 2) with BLOCK. rewrite (Z.div_mul i BLOCK) by (unfold BLOCK; lia). apply drop_leaf_at.
  - change (span 3) with PAGE. rewrite (Z.div_mul i PAGE) by (unfold PAGE; lia). apply drop_leaf_other, drop_leaf_at. Qed.
Lemma cached_less p s u v l i : (exists w x y, p = InvIpa w x y) \/ (exists w x, p = InvAll w x) ->
  cached (step p s) u v l i = cached s u v l i \/ cached (step p s) u v l i = Empty.
Proof.
  unfold cached. intros [(w & x & y & ->)|(w & x & ->)]; cbn [step k tlb kstep]; unfold set_tlb; rewrite get_set, tlbs_of_eq;
    (destruct (Bool.eqb_spec u w) as [->|]; auto); rewrite get_set; destruct (Z.eqb_spec (vmid (get (vsp (k s)) v)) (vmid (get (vsp (k s)) x))) as [->|]; auto.
  destruct (drop_less (drop_leaf (get (get (tlb s) (tlbs_of w)) (vmid (get (vsp (k s)) x))) 3 (y / PAGE)) 2 (y / BLOCK) l i) as [->| ->]; auto. apply drop_less. Qed.

Lemma streams_in st : 0 <= st < STREAMS -> In st all_streams.
Proof.
  intros R. unfold all_streams. apply in_map_iff. exists (Z.to_nat st). split; [apply Z2Nat.id; apply R|]. apply in_seq. split; [apply Nat.le_0_l|].
  rewrite Nat.add_0_l. apply Z2Nat.inj_lt; [apply R|discriminate|apply R]. Qed.
Global Opaque all_streams.
Lemma no_streams_bare s v : inv s -> has_streams (k s) v = false -> bare (k s) v.
Proof.
  intros I H st E. destruct (Z.eq_dec v NONE) as [|N]; auto. exfalso. unfold has_streams in H. destruct (streams_of (k s) v) as [|] eqn:L; [|discriminate].
  destruct (owners _ (devices _ I) st) as [_ R]; [congruence|]. apply streams_in in R. unfold streams_of in L.
  assert (X : In st (filter (fun x => domain (k s) x =? v) all_streams)) by (apply filter_In; split; [exact R|unfold domain; rewrite E; apply Z.eqb_refl]).
  rewrite L in X. exact X. Qed.

(* An entry is replaced by an invalid one, and then both kinds of TLB lose what they had of it: the SMMU's is asked only if
   there is a device. `ps u` invalidates TLB u enough for `bad`. *)
Lemma flush_safe (p : bool -> prim) bad v l i remains rest s : inv s -> live (k s) v = true -> is_valid remains = false -> bad remains = false -> bad Empty = false ->
  (forall u, (exists w x y, p u = InvIpa w x y) \/ (exists w x, p u = InvAll w x)) ->
  (forall u s', inv s' -> bad (cached (step (p u) s') u v l i) = false) ->
  (forall s', inv s' -> k s' = kstep (SetTab v l i remains) (k s) -> absent s' v l i bad -> safe rest s') ->
  safe ([SetTab v l i remains; p false] ++ (if has_streams (k s) v then [p true] else []) ++ rest) s.
Proof.
  intros I L V B BE P After Rest. cbn [app]. assert (Kp : forall u s', k (step (p u) s') = k s') by (intros u s'; rewrite step_k; destruct (P u) as [(w & x & y & ->)|(w & x & ->)]; auto).
  assert (Ip : forall u s', inv s' -> inv (step (p u) s')) by (intros u s' J; apply step_inv; auto; destruct (P u) as [(w & x & y & ->)|(w & x & ->)]; cbn; auto).
  assert (O : forall s1, meanwhile s s1 -> okp (SetTab v l i remains) s1).
  { intros s1 M. cbn. rewrite (meanwhile_k _ _ M). split; auto. split; [destruct remains; cbn in V; try discriminate; cbn; auto|rewrite V; discriminate]. }
  apply prim_then; [exact O|]. intros s1 M1. apply prim_then; [intros s2 _; destruct (P false) as [(w & x & y & ->)|(w & x & ->)]; cbn; auto|]. intros s2 M2.
  assert (I1 : inv (step (SetTab v l i remains) s1)) by (apply step_inv; [eapply meanwhile_inv; eauto|auto]).
  assert (I2 : inv s2) by (eapply meanwhile_inv; eauto).
  assert (K2 : k s2 = kstep (SetTab v l i remains) (k s)) by (rewrite (meanwhile_k _ _ M2), step_k, (meanwhile_k _ _ M1); auto).
  assert (L2 : live (k s2) v = true) by (rewrite K2; auto).
  assert (R2 : bad (entry_at (k s2) v l i) = false) by (rewrite K2; cbn [kstep]; rewrite entry_upd, !Z.eqb_refl; auto).
  assert (Keep : forall u w s', inv s' -> bad (cached s' u v l i) = false -> bad (cached (step (p w) s') u v l i) = false).
  { intros u w s' J H. destruct (cached_less (p w) s' u v l i (P w)) as [-> | ->]; auto. }
  destruct (has_streams (k s) v) eqn:St; cbn [app].
  - apply prim_then; [intros s3 _; destruct (P true) as [(w & x & y & ->)|(w & x & ->)]; cbn; auto|]. intros s3 M3.
    assert (I3 : inv s3) by (eapply meanwhile_inv; [|eauto]; auto).
    assert (K3 : k s3 = k s2) by (rewrite (meanwhile_k _ _ M3); auto).
    assert (A3 : absent_in s3 false v l i bad).
    { apply (meanwhile_absent_in (step (p false) s2)); auto; [rewrite Kp; auto|]. split; [rewrite Kp; auto|apply After; auto]. }
    apply Rest; auto; [rewrite Kp; congruence|]. split; [rewrite Kp, K3; auto|]. intros [|]; [apply After; auto|]. apply Keep; auto. apply A3.
  - apply Rest; auto; [rewrite Kp; auto|]. split; [rewrite Kp; auto|]. intros [|]; [|apply After; auto].
    assert (Bv : bare (k (step (p false) s2)) v).
    { rewrite Kp, K2. change (bare (k s) v). now apply no_streams_bare. }
    rewrite (calm _ (devices _ (Ip false s2 I2))); auto. now rewrite Kp. Qed.

Lemma leaf_replace_safe v l i remains s : is_valid remains = false -> inv s -> live (k s) v = true -> is_leaf (entry_at (k s) v l i) = true -> safe (leaf_replace (k s) v l i remains) s.
Proof.
  intros R I L E. unfold leaf_replace.
  destruct (entry_at (k s) v l i) as [| | |t|f r|p r] eqn:Ev; cbn in E; try discriminate.
  2: { apply (flush_safe (fun u => InvIpa u v (i * span l)) (fun _ => false)); auto; [intros u; left; now exists u, v, (i * span l)|]. intros; exact Logic.I. }
  pose proof (tables _ I v l i) as O. rewrite Ev in O. cbn in O.
  assert (Hl : l = 2 \/ l = 3) by (destruct (get (gran (k s)) f) as [| | | | | | |b [[? ?]|] ?|b ?|]; try tauto; [destruct O as (_ & _ & -> & _)|destruct O as (-> & _)]; destruct b; auto).
  apply (flush_safe (fun u => InvIpa u v (i * span l)) (leaf_of f)); auto; [destruct remains; cbn in R |- *; auto; discriminate|intros u; left; now exists u, v, (i * span l)| |].
  { intros u s' J. pose proof (cached_after u v l i s' Hl) as C. destruct (cached _ _ _ _ _); cbn in *; auto; discriminate. }
  intros sb Ib Kb Ab. assert (Lb : live (k sb) v = true) by (rewrite Kb; auto).
  destruct (get (gran (k s)) f) as [| | | | | | |b [[v' i']|] z|b ps|] eqn:G; try tauto.
  - destruct O as (-> & -> & -> & H).
    assert (Gb : forall s', k s' = k sb -> get (gran (k s')) f = GPrivate b (Some (v, i)) z).
    { intros s' ->. rewrite Kb. cbn [kstep]. unfold upd_entry; fields. auto. }
    unfold is_guest, vs. destruct (guest (get (vsp (k s)) v)) eqn:Gu; cbn [app].
    + apply prim_then; [cbn; auto|]. intros s3 M3. apply one. intros s4 M4.
      assert (I3 : inv s3) by (eapply meanwhile_inv; eauto).
      assert (Ic : inv (step (Scrub f (frame_size b)) s3)) by (apply step_inv; cbn; auto).
      assert (K4 : k s4 = k sb) by (rewrite (meanwhile_k _ _ M4), step_k, (meanwhile_k _ _ M3); auto).
      assert (A3 : absent s3 v (frame_level b) i (leaf_of f)) by (apply (meanwhile_absent sb); auto).
      cbn [okp]. rewrite (Gb s4 K4). cbn. split; auto. split; [|split; [intros _|auto]].
      * apply (meanwhile_absent (step (Scrub f (frame_size b)) s3)); auto. rewrite step_k, (meanwhile_k _ _ M3); auto.
      * intros j J. assert (Hd : hidden (step (Scrub f (frame_size b)) s3) (f + j)).
        { apply (hidden_absent _ f j b v i z); auto. apply Gb. now rewrite step_k, (meanwhile_k _ _ M3). }
        destruct (meanwhile_hidden _ _ _ Ic M4 Hd) as [_ ->]. cbn [step mem]. rewrite get_fill.
        rewrite (proj2 (Z.leb_le f (f + j))), (proj2 (Z.ltb_lt (f + j) _)) by lia. auto.
    + apply one. intros s4 M4. cbn [okp]. rewrite (Gb s4) by (apply meanwhile_k; auto). cbn. split; auto. split; [|split; [discriminate|]].
      { apply (meanwhile_absent sb); auto. }
      assert (K4 : k s4 = k sb) by (apply meanwhile_k; auto). unfold guest_of. rewrite K4, Kb. cbn [kstep]. unfold upd_entry; fields. rewrite get_set, Z.eqb_refl. cbn [guest upd_tab]. congruence.
  - destruct O as (-> & Hin & H). apply one. intros s4 M4. cbn [okp].
    assert (G4 : get (gran (k s4)) f = GShared b ps) by (rewrite (meanwhile_k _ _ M4), Kb; cbn [kstep]; unfold upd_entry; fields; auto).
    rewrite G4. cbn. split; auto. intros w j Hw. destruct ((w =? v) && (j =? i)) eqn:X.
    + right. assert (w = v /\ j = i) as (-> & ->) by lia. apply (meanwhile_absent sb); auto.
    + left. apply filter_In. split; auto. cbn. rewrite X. auto.
Qed.

(* ---- whoever is alive stays alive ---- *)
Definition still (p : prim) := match p with Claim _ _ _ | Release _ _ | NewVspace _ _ _ _ | EndVspace _ => False | _ => True end.
Lemma still_live p s v : still p -> okp p s -> live (kstep p (k s)) v = live (k s) v.
Proof.
  destruct p; cbn [still okp]; try tauto; intros _ O; auto. destruct (change_kind s g x O) as (_ & S2 & S3 & _).
  unfold live at 1. cbn [kstep]; fields. rewrite get_set. destruct (Z.eqb_spec v g) as [->|]; auto. rewrite S2. destruct x; congruence. Qed.
Lemma runs_live ps : forall s s' v, Forall still ps -> safe ps s -> runs ps s s' -> live (k s') v = live (k s) v.
Proof.
  induction ps as [|p ps IH]; intros s s' v Q S R; [cbn in R; now rewrite (meanwhile_k _ _ R)|]. inversion_clear Q as [|? ? Q1 Q2]. destruct R as (s1 & M & R).
  destruct (S _ M) as [O S']. rewrite (IH _ _ v Q2 S' R), step_k, still_live, (meanwhile_k _ _ M); auto. Qed.
Lemma still_app ps qs : Forall still ps -> Forall still qs -> Forall still (ps ++ qs). Proof. intros; apply Forall_app; auto. Qed.
Lemma leaf_replace_still s v l i e : Forall still (leaf_replace s v l i e).
Proof. unfold leaf_replace. repeat constructor. apply Forall_app. split; [destruct (has_streams s v); repeat constructor|].
  destruct (entry_at s v l i); auto. destruct (get (gran s) f); auto; [|repeat constructor]. destruct (is_guest s v); repeat constructor. Qed.

Lemma exists_run ps : forall s, exists s', runs ps s s'.
Proof. induction ps as [|p ps IH]; intros s; [exists s; constructor|]. destruct (IH (step p s)) as [s' R]. exists s', s. split; [constructor|auto]. Qed.

(* A part keeps its promise: safe, and everything stays alive. *)
Definition good (p : part) (s : iso) := safe (snd p) s /\ Forall still (snd p).
Lemma then_good p (f : kern -> Z -> part) s : good p s ->
  (fst (fst p) = true -> forall s', inv s' -> runs (snd p) s s' -> good (f (k s') (snd (fst p))) s') -> inv s -> good (then_ p (k s) f) s.
Proof.
  intros [P1 P2] F I. unfold then_. destruct p as [[[] b] ps]; cbn [fst snd] in *; [|split; auto].
  assert (K : forall s', runs ps s s' -> k s' = ksteps ps (k s)) by apply runs_k.
  assert (G : forall s', runs ps s s' -> good (f (ksteps ps (k s)) b) s').
  { intros s' R. rewrite <- (K s' R). apply F; auto. eapply safe_inv; eauto. }
  destruct (f (ksteps ps (k s)) b) as [[d b'] qs]. cbn [snd fst] in *. split.
  - apply safe_app; auto. intros s' R. apply (G s' R).
  - apply still_app; auto. clear - P1 G. destruct (exists_run ps s) as [s' R]. apply (G s' R). Qed.

Lemma leaf_remove_good s v l i : inv s -> is_leaf (entry_at (k s) v l i) = true -> safe (leaf_remove (k s) v l i) s /\ Forall still (leaf_remove (k s) v l i).
Proof.
  intros I E. unfold leaf_remove. split; [|apply leaf_replace_still]. apply leaf_replace_safe; auto.
  - destruct (_ && _); auto.
  - destruct (live (k s) v) eqn:L; auto. rewrite (unborn _ I) in E by auto. discriminate. Qed.

Lemma unlink_good s v l i t : inv s -> live (k s) v = true -> get (gran (k s)) t = GTable (Some (v, l, i)) ->
  safe (table_unlink (k s) v l i t) s /\ Forall still (table_unlink (k s) v l i t).
Proof.
  intros I L G. split; [|unfold table_unlink; repeat constructor; destruct (has_streams (k s) v); repeat constructor].
  unfold table_unlink. set (rem := if is_guest (k s) v then Destroyed else Empty).
  assert (R : is_valid rem = false) by (subst rem; destruct (is_guest (k s) v); auto).
  apply (flush_safe (fun u => InvAll u v) (fun e => names_table e t)); auto; [subst rem; destruct (is_guest (k s) v); auto|intros u; right; now exists u, v| |].
  - intros u s' J. unfold cached. cbn [step kstep k tlb]. unfold set_tlb. now rewrite !get_set, !Z.eqb_refl, get_set, Z.eqb_refl, !get_init.
  - intros sb Ib Kb Ab. apply one. intros s3 M3. cbn [okp]. rewrite (meanwhile_k _ _ M3), Kb. cbn [kstep]. unfold upd_entry; fields. rewrite G. cbn.
    apply (meanwhile_absent sb); auto. rewrite Kb. auto. Qed.

Lemma part_app (ps : list prim) (d : bool) (b : Z) qs s s' : (safe ps s /\ Forall still ps) ->
  (forall s', runs ps s s' -> good (d, b, qs) s') -> runs ps s s' -> good (d, b, ps ++ qs) s.
Proof. intros [A B] C R. split; cbn [snd]; [apply safe_app; auto; intros s2 R2; apply (C s2 R2)|apply still_app; auto; apply (C s' R)]. Qed.

Lemma clear_good fuel : forall s v top l p n b, inv s -> live (k s) v = true -> good (clear fuel (k s) v top l p n b) s.
Proof.
  induction fuel as [|fuel IH]; intros s v top l p n b I L; [split; cbn; auto|]. cbn [clear].
  assert (N : forall d b, good (d, b, []) s) by (split; cbn; auto).
  destruct (n =? N512).
  - destruct (l =? top); [apply N|]. destruct (entry_at (k s) v (l - 1) p) eqn:E; try apply N.
    assert (G : get (gran (k s)) t = GTable (Some (v, l, p))).
    { pose proof (tables _ I v (l - 1) p) as O. rewrite E in O. cbn in O. now replace (l - 1 + 1) with l in O by lia. }
    pose proof (unlink_good s v l p t I L G) as U. destruct (exists_run (table_unlink (k s) v l p t) s) as [s' R].
    destruct (clear fuel (ksteps _ (k s)) v top (l - 1) _ _ b) as [[d b'] qs] eqn:C. apply (part_app _ _ _ _ s s'); auto.
    intros s2 R2. rewrite <- (runs_k _ _ _ R2) in C. rewrite <- C. apply IH; [eapply safe_inv; eauto; apply U|rewrite (runs_live _ _ _ v (proj2 U) (proj1 U) R2); auto].
  - assert (K : is_leaf (entry_at (k s) v l (p * N512 + n)) = true -> good
      (let cost := if is_guest (k s) v && (l =? 2) then N512 else 1 in if b <? cost then (false, b, []) else
       let '(d, b0, qs) := clear fuel (ksteps (leaf_remove (k s) v l (p * N512 + n)) (k s)) v top l p (n + 1) (b - cost) in (d, b0, leaf_remove (k s) v l (p * N512 + n) ++ qs)) s).
    { intros E. cbv zeta. destruct (b <? _); [apply N|]. pose proof (leaf_remove_good s v l _ I E) as U.
      destruct (exists_run (leaf_remove (k s) v l (p * N512 + n)) s) as [s' R].
      destruct (clear fuel (ksteps _ (k s)) v top l p (n + 1) _) as [[d b'] qs] eqn:C. apply (part_app _ _ _ _ s s'); auto.
      intros s2 R2. rewrite <- (runs_k _ _ _ R2) in C. rewrite <- C. apply IH; [eapply safe_inv; eauto; apply U|rewrite (runs_live _ _ _ v (proj2 U) (proj1 U) R2); auto]. }
    destruct (entry_at (k s) v l (p * N512 + n)) eqn:E; try (apply IH; auto); apply K; auto. Qed.
