(* SPDX-License-Identifier: Apache-2.0 *)
(* What tasks, guests and devices do between two steps of the kernel, and what it cannot disturb. *)
From Nie Require Export Invariant.

Lemma walk_found s u v l i wild : inv s -> live (k s) v = true -> found s u v l i wild = entry_at (k s) v l i \/ found s u v l i wild = Empty.
Proof.
  intros I L. unfold found. destruct (Z.eqb_spec l 1) as [->|]; [destruct (_ && _); auto|].
  pose proof (tlbs _ I u v (l - 1) (i / N512) L) as O. destruct (cached s u v (l - 1) (i / N512)); auto. cbn in O. rewrite O.
  replace (l - 1 + 1) with l by lia. rewrite !Z.eqb_refl. auto. Qed.

Lemma cached_upd s u v l i e c x y u' w m j : inv s -> live (k s) v = true -> live (k s) w = true ->
  cached (mkIso (k s) (upd_tlb s u v l i e) c x y) u' w m j = if Bool.eqb u' u && (w =? v) && (m =? l) && (j =? i) then e else cached s u' w m j.
Proof.
  intros I Lv Lw. unfold cached, upd_tlb, set_tlb; fields. rewrite get_set, tlbs_of_eq. destruct (Bool.eqb_spec u' u) as [->|]; auto. cbn [andb]. rewrite get_set.
  destruct (Z.eqb_spec (vmid (get (vsp (k s)) w)) (vmid (get (vsp (k s)) v))) as [E|N].
  - apply (vmid_own _ I) in E; auto. subst w. rewrite Z.eqb_refl. cbn [andb]. rewrite !get_set. beq; rewrite ?get_set; beq; auto.
  - destruct (Z.eqb_spec w v) as [->|]; [congruence|auto].
Qed.

(* The TLB gets an entry that a table has, or loses one. *)
Lemma tlb_inv s u v l i e : inv s -> live (k s) v = true -> okent (k s) v l i e ->
  (gone s v -> e = Empty) -> (u = true -> bare (k s) v -> e = Empty) -> inv (mkIso (k s) (upd_tlb s u v l i e) (cfg s) (mem s) (meas s)).
Proof.
  intros I L O G Q. assert (Same : forall u' w m j, (u' = u /\ w = v /\ m = l /\ j = i) \/ Bool.eqb u' u && (w =? v) && (m =? l) && (j =? i) = false).
  { intros. destruct (Bool.eqb_spec u' u), (Z.eqb_spec w v), (Z.eqb_spec m l), (Z.eqb_spec j i); auto. }
  constructor; cbn [k mem]; try apply I.
  - intros u' w m j Lw. rewrite cached_upd by auto. destruct (Same u' w m j) as [(-> & -> & -> & ->)| ->]; [|apply I; auto].
    destruct (_ && _); auto. apply I; auto.
  - intros u' m l' i' U. unfold upd_tlb, set_tlb; fields. rewrite get_set, tlbs_of_eq. destruct (Bool.eqb_spec u' u) as [->|]; [|apply I; auto].
    rewrite get_set. destruct (Z.eqb_spec m (vmid (get (vsp (k s)) v))) as [->|]; [|apply I; auto].
    rewrite (vmid_used _ I v L) in U. discriminate.
  - intros w Lw D. destruct (dead_gone _ I w Lw D) as (G1 & G2 & G3). repeat split; auto. intros u' m j. rewrite cached_upd by auto.
    destruct (Same u' w m j) as [(-> & -> & -> & ->)| ->]; auto. destruct (_ && _); auto. apply G. repeat split; auto.
  - apply (devs_keep s); auto; [apply I|]. cbn [k]. intros w m j Lw B E. rewrite cached_upd by auto.
    destruct (Same true w m j) as [(<- & -> & -> & ->)| ->]; auto. destruct (_ && _); auto.
Qed.

Lemma walk_gone s u v l i wild : gone s v -> is_valid (found s u v l i wild) = false.
Proof.
  intros (A & B & _). unfold found. destruct (l =? 1).
  - destruct ((0 <=? i) && (i <? N512)) eqn:E; auto. apply A. lia.
  - rewrite B. auto. Qed.
(* Whose translations somebody uses is a VSpace that there is; a device's, one that it is attached to. *)
Lemma may_live s a v : inv s -> may s a v = true -> live (k s) v = true /\
  (by_device a = true -> v <> NONE /\ get (cfg s) a = v /\ get (attached (str (k s))) a = v).
Proof.
  intros I. unfold may. destruct (by_device a); [|intros ->; split; [auto|discriminate]]. intros M. apply andb_true_iff in M as [C N].
  apply Z.eqb_eq in C. apply negb_true_iff, Z.eqb_neq in N. pose proof (devices _ I) as D.
  assert (E : get (attached (str (k s))) a = v) by (destruct (cfgs _ D a); congruence).
  split; auto. rewrite <- E. apply D. congruence. Qed.

(* ---- frames do not overlap; memory that nothing maps cannot be reached ---- *)
Definition hidden (s : iso) (g : Z) : Prop := forall v l i f r, live (k s) v = true ->
  entry_at (k s) v l i = Leaf f r \/ (exists u, cached s u v l i = Leaf f r) -> ~ 0 <= g - f < leaf_size l.
Lemma leaf_right s v l i f r : inv s -> live (k s) v = true -> entry_at (k s) v l i = Leaf f r \/ (exists u, cached s u v l i = Leaf f r) ->
  okent (k s) v l i (Leaf f r).
Proof. intros I L [E|[u E]]; rewrite <- E; apply I; auto. Qed.
Lemma hidden_object s g j : inv s -> 0 <= j < size_of (get (gran (k s)) g) -> is_object (k s) g ->
  (forall v l i r, live (k s) v = true -> entry_at (k s) v l i = Leaf g r \/ (exists u, cached s u v l i = Leaf g r) -> False) -> hidden s (g + j).
Proof.
  intros I J O H v l i f r L E C. pose proof (leaf_right _ _ _ _ _ _ I L E) as R. destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
  assert (X : g = f) by (apply (heads_apart s g f j (g + j - f)); auto; lia). subst f. eapply H; eauto. Qed.
Lemma hidden_unused s g j : inv s -> unused (get (gran (k s)) g) -> 0 <= j < size_of (get (gran (k s)) g) -> hidden s (g + j).
Proof.
  intros I U J. apply hidden_object; auto; [unfold is_object; destruct (get (gran (k s)) g); cbn in U; tauto|].
  intros v l i r L E. pose proof (leaf_right _ _ _ _ _ _ I L E) as R. cbn in R.
  destruct (get (gran (k s)) g) as [| | | | | | |b [[? ?]|] ?|b [|]|]; cbn in *; tauto. Qed.
Lemma hidden_absent s g j b v i z : inv s -> get (gran (k s)) g = GPrivate b (Some (v, i)) z -> absent s v (frame_level b) i (leaf_of g) ->
  0 <= j < frame_size b -> hidden s (g + j).
Proof.
  intros I G [A1 A2] J. apply hidden_object; auto; [rewrite G; auto|unfold is_object; rewrite G; auto|].
  intros w l m r L E. pose proof (leaf_right _ _ _ _ _ _ I L E) as R. unfold okent in R. rewrite G in R. destruct R as (-> & -> & -> & _).
  destruct E as [E|[u E]]; [|specialize (A2 u)]; rewrite E in *; cbn in *; rewrite Z.eqb_refl in *; discriminate. Qed.
Lemma hidden_vspace s v j : inv s -> live (k s) v = true -> 0 <= j < 2 -> hidden s (v + j).
Proof.
  intros I L J w l i f r Lw E C. pose proof (leaf_right _ _ _ _ _ _ I Lw E) as R. destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
  assert (Gv : get (gran (k s)) v = GVspace) by (unfold live in L; destruct (get (gran (k s)) v); congruence).
  assert (Gr : get (gran (k s)) (v + 1) = GRoot v) by (apply I; auto).
  assert (H : get (gran (k s)) (v + j) = GVspace \/ get (gran (k s)) (v + j) = GRoot v) by (assert (j = 0 \/ j = 1) as [->| ->] by lia; rewrite ?Z.add_0_r; auto).
  assert (X : v + j = f).
  { apply (heads_apart s (v + j) f 0 (v + j - f)); auto; try lia; [destruct H as [-> | ->]; cbn; lia|].
    unfold is_object. destruct H as [-> | ->]; auto. }
  subst f. cbn in R. destruct H as [H|H]; rewrite H in R; auto. Qed.

(* ---- any number of deeds ---- *)
Inductive meanwhile (s : iso) : iso -> Prop :=
| quiet : meanwhile s s
| deeds d s' : meanwhile s s' -> meanwhile s (deed_step d s').

Theorem deed_inv d s : inv s -> inv (deed_step d s).
Proof.
  intros I. destruct d; cbn [deed_step].
  - destruct (may s a v) eqn:May; auto. cbn [andb]. destruct (may_live s a v I May) as [L Dv]. destruct (is_valid (found s (by_device a) v l i wild)) eqn:V; auto.
    destruct (walk_found s (by_device a) v l i wild I L) as [E|E]; rewrite E in *; [|discriminate].
    apply tlb_inv; auto; [apply I| |].
    + intros G. rewrite <- E in V. now rewrite (walk_gone s _ v l i wild G) in V.
    + intros By B. destruct (Dv By) as (N & _ & At). elim N. exact (B a At).
  - destruct (live (k s) v) eqn:L; auto. apply tlb_inv; cbn; auto.
  - destruct (cached s (by_device a) v l i) eqn:E; auto. destruct (may s a v) eqn:May; auto. destruct (may_live s a v I May) as [L _]. cbn [andb].
    destruct (writable r && (0 <=? n) && (n <? leaf_size l)) eqn:C; auto.
    assert (R : okent (k s) v l i (Leaf f r)) by (rewrite <- E; apply I; auto). destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
    assert (N : 0 <= n < size_of (get (gran (k s)) f)) by lia.
    constructor; cbn [k tlb]; try apply I.
    + intros g F. fields. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; [|now apply (free_zero _ I)]. exfalso.
      assert (X : f + n = f) by (apply (heads_apart s (f + n) f 0 n); auto; try lia; [rewrite F; cbn; lia|unfold is_object; now rewrite F]).
      rewrite X in F. cbn in R. rewrite F in R. auto.
    + intros g b F j J. fields. rewrite get_set. destruct (Z.eqb_spec (g + j) (f + n)) as [X|]; [|eapply (scrubbed_zero _ I); eauto]. exfalso.
      assert (g = f). { apply (heads_apart s g f j n); auto; [now rewrite F|unfold is_object; now rewrite F]. }
      subst g. cbn in R. rewrite F in R. auto.
    + apply (devs_same s); auto. apply I.
  - constructor; cbn [k tlb mem]; try apply I. destruct (devices _ I) as [O S C Q]. constructor; auto.
    intros x. cbn [cfg k]. rewrite get_set. destruct (Z.eqb_spec x st) as [->|]; auto. Qed.

Lemma deed_k d s : k (deed_step d s) = k s.
Proof. destruct d; cbn [deed_step]; [destruct (_ && _)|destruct (live _ _)|destruct (cached _ _ _ _ _); auto; destruct (_ && _)|]; auto. Qed.
Lemma meanwhile_k s s' : meanwhile s s' -> k s' = k s.
Proof. induction 1; auto. now rewrite deed_k. Qed.
Lemma meanwhile_inv s s' : inv s -> meanwhile s s' -> inv s'.
Proof. intros I. induction 1; auto. now apply deed_inv. Qed.

(* What a TLB holds afterwards, it held before or a table has. *)
Lemma deed_cached d s u v l i : inv s -> live (k s) v = true -> let e := cached (deed_step d s) u v l i in
  e = cached s u v l i \/ e = entry_at (k s) v l i \/ e = Empty.
Proof.
  intros I L. cbv zeta. destruct d as [a w m j wild|u' w m j|a w m j n x|st]; cbn [deed_step]; auto.
  - destruct (may s a w) eqn:May; auto. destruct (may_live s a w I May) as [Lw _]. cbn [andb]. destruct (is_valid _); auto. rewrite cached_upd by auto.
    destruct (_ && _) eqn:E; auto. assert (v = w /\ l = m /\ i = j) as (-> & -> & ->) by lia. right.
    destruct (walk_found s (by_device a) w m j wild I Lw); auto.
  - destruct (live (k s) w) eqn:Lw; auto. rewrite cached_upd by auto. destruct (_ && _); auto.
  - destruct (cached s (by_device a) w m j); auto. destruct (_ && _ && _ && _); auto. Qed.
Definition absent_in (s : iso) u v l i (bad : entry -> bool) := bad (entry_at (k s) v l i) = false /\ bad (cached s u v l i) = false.
Lemma deed_absent d s u v l i bad : inv s -> live (k s) v = true -> bad Empty = false -> absent_in s u v l i bad -> absent_in (deed_step d s) u v l i bad.
Proof. intros I L B [A1 A2]. split; [rewrite deed_k; auto|]. destruct (deed_cached d s u v l i I L) as [-> |[-> | ->]]; auto. Qed.
Lemma meanwhile_absent_in s s' u v l i bad : inv s -> live (k s) v = true -> bad Empty = false -> meanwhile s s' -> absent_in s u v l i bad -> absent_in s' u v l i bad.
Proof.
  intros I L B M A. induction M; auto. apply deed_absent; auto; [eapply meanwhile_inv; eauto|rewrite (meanwhile_k s s'); auto]. Qed.
Lemma meanwhile_absent s s' v l i bad : inv s -> live (k s) v = true -> bad Empty = false -> meanwhile s s' -> absent s v l i bad -> absent s' v l i bad.
Proof.
  intros I L B M [A1 A2]. assert (H : forall u, absent_in s' u v l i bad) by (intros u; apply (meanwhile_absent_in s); auto; split; auto).
  split; [apply (H false)|intros u; apply (H u)]. Qed.
Lemma deed_hidden d s g : inv s -> hidden s g -> hidden (deed_step d s) g /\ get (mem (deed_step d s)) g = get (mem s) g.
Proof.
  intros I H. split.
  - intros v l i f r. rewrite deed_k. intros L [E|[u E]]; [eapply H; eauto|]. destruct (deed_cached d s u v l i I L) as [C|[C|C]]; rewrite C in E.
    + eapply H; eauto. + apply (H v l i f r); auto. + discriminate.
  - destruct d; cbn [deed_step]; auto; [destruct (_ && _); auto|destruct (live _ _); auto|].
    destruct (cached s (by_device a) v l i) eqn:E; auto. destruct (may s a v) eqn:May; auto. destruct (may_live s a v I May) as [L _]. cbn [andb].
    destruct (_ && _ && _) eqn:C; auto. cbn [mem].
    rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso. apply (H v l i f r L); [right; eauto|]. lia. Qed.
Lemma meanwhile_hidden s s' g : inv s -> meanwhile s s' -> hidden s g -> hidden s' g /\ get (mem s') g = get (mem s) g.
Proof.
  intros I M H. induction M; auto. destruct IHM as [A <-]. apply deed_hidden; auto. eapply meanwhile_inv; eauto. Qed.
Lemma deed_gone d s v : inv s -> live (k s) v = true -> gone s v -> gone (deed_step d s) v.
Proof.
  intros I L G. pose proof G as (A & B & C). split; [rewrite deed_k; auto|split; [|rewrite deed_k; auto]]. intros u l i. destruct d as [a w m j wild|u' w m j|a w m j n x|st]; cbn [deed_step]; auto.
  - destruct (may s a w) eqn:May; auto. destruct (may_live s a w I May) as [Lw _]. cbn [andb]. destruct (is_valid (found s _ w m j wild)) eqn:V; auto. rewrite cached_upd by auto.
    destruct (_ && _) eqn:E; auto. assert (v = w) by lia. subst w. now rewrite (walk_gone s _ v m j wild G) in V.
  - destruct (live (k s) w) eqn:Lw; auto. rewrite cached_upd by auto. destruct (_ && _); auto.
  - destruct (cached s (by_device a) w m j); try exact (B u l i). destruct (_ && _ && _ && _); exact (B u l i).
  - exact (B u l i). Qed.
Lemma meanwhile_gone s s' v : inv s -> live (k s) v = true -> meanwhile s s' -> gone s v -> gone s' v.
Proof. intros I L M G. induction M; auto. apply deed_gone; auto; [eapply meanwhile_inv; eauto|rewrite (meanwhile_k s s'); auto]. Qed.


(* Devices that are cut off stay so: no stream of V is looked up any more, and the SMMU has nothing of it. *)
Definition aborts (s : iso) st := get (ste (str (k s))) st = NONE /\ get (cfg s) st = NONE.
Definition deaf (s : iso) v := (forall st, get (attached (str (k s))) st = v -> aborts s st) /\ (forall l i, cached s true v l i = Empty).
Lemma deed_aborts d s st : aborts s st -> aborts (deed_step d s) st.
Proof.
  intros [A B]. split; [now rewrite deed_k|]. destruct d; cbn [deed_step]; auto; [destruct (_ && _); auto|destruct (live _ _); auto| |].
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _); auto. - cbn [cfg]. rewrite get_set. destruct (Z.eqb_spec st st0) as [->|]; auto. Qed.
Lemma meanwhile_aborts s s' st : meanwhile s s' -> aborts s st -> aborts s' st.
Proof. intros M A. induction M; auto. now apply deed_aborts. Qed.
Lemma deed_deaf d s v : inv s -> live (k s) v = true -> deaf s v -> deaf (deed_step d s) v.
Proof.
  intros I L [A B]. split; [rewrite deed_k; intros st E; apply deed_aborts; auto|]. intros l i. destruct d as [a w m j wild|u' w m j|a w m j n x|st]; cbn [deed_step]; auto.
  - destruct (may s a w) eqn:May; auto. destruct (may_live s a w I May) as [Lw Dv]. cbn [andb]. destruct (is_valid _); auto. rewrite cached_upd by auto.
    destruct (_ && _) eqn:X; auto. exfalso. rewrite !andb_true_iff in X. destruct X as (((By & Vw) & _) & _). apply Bool.eqb_prop in By. apply Z.eqb_eq in Vw. subst w.
    destruct (Dv (eq_sym By)) as (N & C & E). destruct (A a E) as [_ X]. congruence.
  - destruct (live (k s) w) eqn:Lw; auto. rewrite cached_upd by auto. destruct (_ && _); auto.
  - destruct (cached s (by_device a) w m j); try exact (B l i). destruct (_ && _ && _ && _); exact (B l i).
  - exact (B l i). Qed.
Lemma meanwhile_deaf s s' v : inv s -> live (k s) v = true -> meanwhile s s' -> deaf s v -> deaf s' v.
Proof. intros I L M G. induction M; auto. apply deed_deaf; auto; [eapply meanwhile_inv; eauto|rewrite (meanwhile_k s s'); auto]. Qed.

(* ---- sequences of steps ---- *)
Fixpoint safe (ps : list prim) (s : iso) : Prop :=
  match ps with [] => True | p :: ps => forall s', meanwhile s s' -> okp p s' /\ safe ps (step p s') end.
Fixpoint runs (ps : list prim) (s s' : iso) : Prop :=
  match ps with [] => meanwhile s s' | p :: ps => exists s1, meanwhile s s1 /\ runs ps (step p s1) s' end.

Lemma step_k p s : k (step p s) = kstep p (k s). Proof. destruct p; reflexivity. Qed.
Lemma runs_k ps : forall s s', runs ps s s' -> k s' = ksteps ps (k s).
Proof.
  induction ps as [|p ps IH]; cbn [runs]; intros s s' R; [now apply meanwhile_k|]. destruct R as (s1 & M & R).
  apply IH in R. rewrite R, step_k, (meanwhile_k _ _ M). reflexivity. Qed.
Theorem safe_inv ps : forall s s', inv s -> safe ps s -> runs ps s s' -> inv s'.
Proof.
  induction ps as [|p ps IH]; cbn [runs safe]; intros s s' I S R; [eapply meanwhile_inv; eauto|]. destruct R as (s1 & M & R).
  destruct (S _ M) as [O S']. eapply IH; [|exact S'|exact R]. apply step_inv; auto. eapply meanwhile_inv; eauto. Qed.
Lemma meanwhile_trans s s1 s2 : meanwhile s s1 -> meanwhile s1 s2 -> meanwhile s s2.
Proof. intros A B. induction B; auto. now constructor. Qed.
Lemma safe_app ps : forall qs s, safe ps s -> (forall s', runs ps s s' -> safe qs s') -> safe (ps ++ qs) s.
Proof.
  induction ps as [|p ps IH]; cbn [app safe runs]; intros qs s S Q; [apply Q; constructor|].
  intros s' M. destruct (S _ M) as [O S']. split; auto. apply IH; auto. intros s2 R. apply Q. eauto. Qed.
