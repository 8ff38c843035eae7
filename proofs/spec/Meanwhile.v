(* SPDX-License-Identifier: Apache-2.0 *)
(* What tasks and guests do between two steps of the kernel, and what it cannot disturb. *)
From Nie Require Export Invariant.

Lemma walk_found s v l i wild : inv s -> live (k s) v = true -> found s v l i wild = entry_at (k s) v l i \/ found s v l i wild = Empty.
Proof.
  intros I L. unfold found. destruct (Z.eqb_spec l 1) as [->|]; [destruct (_ && _); auto|].
  pose proof (tlbs _ I v (l - 1) (i / N512) L) as O. destruct (cached s v (l - 1) (i / N512)); auto. cbn in O. rewrite O.
  replace (l - 1 + 1) with l by lia. rewrite !Z.eqb_refl. auto. Qed.

Lemma cached_other s (t : tmap (tmap entry)) (v w l i m : Z) : vmid (get (vsp (k s)) w) <> m -> cached (mkIso (k s) (set (tlb s) m t) (mem s) (meas s)) w l i = cached s w l i.
Proof. intros N. unfold cached; fields. rewrite get_set. beq; auto. Qed.
Lemma cached_upd s v l i e w m j : inv s -> live (k s) v = true -> live (k s) w = true ->
  cached (mkIso (k s) (upd_tlb s v l i e) (mem s) (meas s)) w m j = if (w =? v) && (m =? l) && (j =? i) then e else cached s w m j.
Proof.
  intros I Lv Lw. unfold cached, upd_tlb; fields. rewrite get_set.
  destruct (Z.eqb_spec (vmid (get (vsp (k s)) w)) (vmid (get (vsp (k s)) v))) as [E|N].
  - apply (vmid_own _ I) in E; auto. subst w. rewrite Z.eqb_refl. cbn [andb]. rewrite !get_set. beq; rewrite ?get_set; beq; auto.
  - destruct (Z.eqb_spec w v) as [->|]; [congruence|auto].
Qed.

(* The TLB gets an entry that a table has, or loses one. *)
Lemma tlb_inv s v l i e : inv s -> live (k s) v = true -> okent (k s) v l i e ->
  (gone s v -> e = Empty) -> inv (mkIso (k s) (upd_tlb s v l i e) (mem s) (meas s)).
Proof.
  intros I L O G. constructor; cbn [k mem]; try apply I.
  - intros w m j Lw. rewrite cached_upd by auto. destruct (_ && _) eqn:E; [|apply I; auto].
    assert (w = v /\ m = l /\ j = i) as (-> & -> & ->) by lia. auto.
  - intros m l' i' U. unfold upd_tlb; fields. rewrite get_set. destruct (Z.eqb_spec m (vmid (get (vsp (k s)) v))) as [->|]; [|apply I; auto].
    rewrite (vmid_used _ I v L) in U. discriminate.
  - intros w Lw D. destruct (dead_gone _ I w Lw D) as [G1 G2]. split; auto. intros m j. rewrite cached_upd by auto.
    destruct (_ && _) eqn:E; auto. assert (w = v /\ m = l /\ j = i) as (-> & -> & ->) by lia. apply G. split; auto.
Qed.

Lemma walk_gone s v l i wild : gone s v -> is_valid (found s v l i wild) = false.
Proof.
  intros [A B]. unfold found. destruct (l =? 1).
  - destruct ((0 <=? i) && (i <? N512)) eqn:E; auto. apply A. lia.
  - rewrite B. auto. Qed.

(* ---- frames do not overlap; memory that nothing maps cannot be reached ---- *)
Lemma heads_apart s f g j n : inv s -> 0 <= j < size_of (get (gran (k s)) f) -> 0 <= n < size_of (get (gran (k s)) g) ->
  is_object (k s) f -> is_object (k s) g -> f + j = g + n -> f = g.
Proof.
  intros I J N F G E. unfold is_object in *.
  destruct (Z.eq_dec j 0) as [->|], (Z.eq_dec n 0) as [->|]; try lia.
  - pose proof (tails _ I g n ltac:(lia)) as T. replace (g + n) with f in T by lia. rewrite T in F. tauto.
  - pose proof (tails _ I f j ltac:(lia)) as T. replace (f + j) with g in T by lia. rewrite T in G. tauto.
  - pose proof (tails _ I f j ltac:(lia)) as T. pose proof (tails _ I g n ltac:(lia)) as U. rewrite E in T. congruence.
Qed.
Lemma leaf_frame s v l i f r : okent s v l i (Leaf f r) -> leaf_size l = size_of (get (gran s) f) /\ is_object s f.
Proof. unfold okent, is_object, leaf_size. destruct (get (gran s) f) as [| | | | | | |b [[? ?]|] ?|b ?|]; try tauto.
  - intros (_ & _ & -> & _). destruct b; auto. - intros (-> & _). destruct b; auto. Qed.

Definition hidden (s : iso) (g : Z) : Prop := forall v l i f r, live (k s) v = true ->
  entry_at (k s) v l i = Leaf f r \/ cached s v l i = Leaf f r -> ~ 0 <= g - f < leaf_size l.
Lemma leaf_right s v l i f r : inv s -> live (k s) v = true -> entry_at (k s) v l i = Leaf f r \/ cached s v l i = Leaf f r ->
  okent (k s) v l i (Leaf f r).
Proof. intros I L [E|E]; rewrite <- E; apply I; auto. Qed.
Lemma hidden_object s g j : inv s -> 0 <= j < size_of (get (gran (k s)) g) -> is_object (k s) g ->
  (forall v l i r, live (k s) v = true -> entry_at (k s) v l i = Leaf g r \/ cached s v l i = Leaf g r -> False) -> hidden s (g + j).
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
  destruct E as [E|E]; rewrite E in *; cbn in *; rewrite Z.eqb_refl in *; discriminate. Qed.
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
  - destruct (live (k s) v) eqn:L; auto. cbn [andb]. destruct (is_valid (found s v l i wild)) eqn:V; auto.
    destruct (walk_found s v l i wild I L) as [E|E]; rewrite E in *; [|discriminate].
    apply tlb_inv; auto; [apply I|]. intros G. rewrite <- E in V. now rewrite (walk_gone s v l i wild G) in V.
  - destruct (live (k s) v) eqn:L; auto. apply tlb_inv; cbn; auto.
  - destruct (cached s v l i) eqn:E; auto. destruct (live (k s) v) eqn:L; auto. cbn [andb].
    destruct (writable r && (0 <=? n) && (n <? leaf_size l)) eqn:C; auto.
    assert (R : okent (k s) v l i (Leaf f r)) by (rewrite <- E; apply I; auto). destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
    assert (N : 0 <= n < size_of (get (gran (k s)) f)) by lia.
    constructor; cbn [k tlb]; try apply I.
    + intros g F. fields. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; [|now apply (free_zero _ I)]. exfalso.
      assert (X : f + n = f) by (apply (heads_apart s (f + n) f 0 n); auto; try lia; [rewrite F; cbn; lia|unfold is_object; now rewrite F]).
      rewrite X in F. cbn in R. rewrite F in R. auto.
    + intros g b F j J. fields. rewrite get_set. destruct (Z.eqb_spec (g + j) (f + n)) as [X|]; [|eapply (scrubbed_zero _ I); eauto]. exfalso.
      assert (g = f). { apply (heads_apart s g f j n); auto; [now rewrite F|unfold is_object; now rewrite F]. }
      subst g. cbn in R. rewrite F in R. auto. Qed.

Lemma deed_k d s : k (deed_step d s) = k s.
Proof. destruct d; cbn [deed_step]; [destruct (_ && _)|destruct (live _ _)|destruct (cached _ _ _ _); auto; destruct (_ && _)]; auto. Qed.
Lemma meanwhile_k s s' : meanwhile s s' -> k s' = k s.
Proof. induction 1; auto. now rewrite deed_k. Qed.
Lemma meanwhile_inv s s' : inv s -> meanwhile s s' -> inv s'.
Proof. intros I. induction 1; auto. now apply deed_inv. Qed.

(* What a TLB holds afterwards, it held before or a table has. *)
Lemma deed_cached d s v l i : inv s -> live (k s) v = true -> let e := cached (deed_step d s) v l i in
  e = cached s v l i \/ e = entry_at (k s) v l i \/ e = Empty.
Proof.
  intros I L. cbv zeta. destruct d as [w m j wild|w m j|w m j n x]; cbn [deed_step].
  - destruct (live (k s) w) eqn:Lw; auto. cbn [andb]. destruct (is_valid _); auto. rewrite cached_upd by auto.
    destruct (_ && _) eqn:E; auto. assert (v = w /\ l = m /\ i = j) as (-> & -> & ->) by lia. right.
    destruct (walk_found s w m j wild I Lw); auto.
  - destruct (live (k s) w) eqn:Lw; auto. rewrite cached_upd by auto. destruct (_ && _); auto.
  - destruct (cached s w m j); auto. destruct (_ && _ && _ && _); auto. Qed.
Lemma deed_absent d s v l i bad : inv s -> live (k s) v = true -> bad Empty = false -> absent s v l i bad -> absent (deed_step d s) v l i bad.
Proof. intros I L B [A1 A2]. split; [rewrite deed_k; auto|]. destruct (deed_cached d s v l i I L) as [-> |[-> | ->]]; auto. Qed.
Lemma meanwhile_absent s s' v l i bad : inv s -> live (k s) v = true -> bad Empty = false -> meanwhile s s' -> absent s v l i bad -> absent s' v l i bad.
Proof.
  intros I L B M A. induction M; auto. apply deed_absent; auto; [eapply meanwhile_inv; eauto|rewrite (meanwhile_k s s'); auto]. Qed.
Lemma deed_hidden d s g : inv s -> hidden s g -> hidden (deed_step d s) g /\ get (mem (deed_step d s)) g = get (mem s) g.
Proof.
  intros I H. split.
  - intros v l i f r. rewrite deed_k. intros L E. destruct (deed_cached d s v l i I L) as [C|[C|C]]; rewrite C in E.
    + eapply H; eauto. + apply (H v l i f r); tauto. + destruct E; [|discriminate]. eapply H; eauto.
  - destruct d; cbn [deed_step]; [destruct (_ && _); auto|destruct (live _ _); auto|].
    destruct (cached s v l i) eqn:E; auto. destruct (live (k s) v) eqn:L; auto. cbn [andb]. destruct (_ && _ && _) eqn:C; auto. cbn [mem].
    rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso. apply (H v l i f r L (or_intror E)). lia. Qed.
Lemma meanwhile_hidden s s' g : inv s -> meanwhile s s' -> hidden s g -> hidden s' g /\ get (mem s') g = get (mem s) g.
Proof.
  intros I M H. induction M; auto. destruct IHM as [A <-]. apply deed_hidden; auto. eapply meanwhile_inv; eauto. Qed.
Lemma deed_gone d s v : inv s -> live (k s) v = true -> gone s v -> gone (deed_step d s) v.
Proof.
  intros I L G. pose proof G as [A B]. split; [rewrite deed_k; auto|]. intros l i. destruct d as [w m j wild|w m j|w m j n x]; cbn [deed_step]; auto.
  - destruct (live (k s) w) eqn:Lw; auto. cbn [andb]. destruct (is_valid (found s w m j wild)) eqn:V; auto. rewrite cached_upd by auto.
    destruct (Z.eqb_spec v w) as [->|]; cbn [andb]; auto. now rewrite (walk_gone s w m j wild G) in V.
  - destruct (live (k s) w) eqn:Lw; auto. rewrite cached_upd by auto. destruct (_ && _); auto.
  - destruct (cached s w m j); try exact (B l i). destruct (_ && _ && _ && _); exact (B l i). Qed.
Lemma meanwhile_gone s s' v : inv s -> live (k s) v = true -> meanwhile s s' -> gone s v -> gone s' v.
Proof. intros I L M G. induction M; auto. apply deed_gone; auto; [eapply meanwhile_inv; eauto|rewrite (meanwhile_k s s'); auto]. Qed.

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
