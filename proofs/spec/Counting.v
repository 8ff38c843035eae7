(* SPDX-License-Identifier: Apache-2.0 *)
(* How many places of a finite table hold something: what the axioms of proofs/c/logic.h about `mappings` and `mappings_but` say.
   `leaf t i`: entry i of granule t is a leaf of the frame in question, in the state in question. *)
From Coq Require Import ZArith List Lia Bool FinFun.
Import ListNotations.
Open Scope Z_scope.

Definition below (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).
Definition places (n m : Z) : list (Z * Z) := list_prod (below n) (below m).
Definition inside (n m t i : Z) : Prop := 0 <= t < n /\ 0 <= i < m.
Definition count_in (l : list (Z * Z)) (leaf : Z -> Z -> bool) : Z := Z.of_nat (length (filter (fun p => leaf (fst p) (snd p)) l)).
Definition count (n m : Z) : (Z -> Z -> bool) -> Z := count_in (places n m).
Definition without (leaf : Z -> Z -> bool) (t i u j : Z) : bool := leaf u j && negb ((u =? t) && (j =? i)).
Definition count_but (n m : Z) (leaf : Z -> Z -> bool) (t i : Z) : Z := count n m (without leaf t i).

Lemma in_below n x : In x (below n) <-> 0 <= x < n.
Proof.
  unfold below. rewrite in_map_iff. split.
  - intros (k & <- & K). apply in_seq in K. lia.
  - intros X. exists (Z.to_nat x). split; [lia|]. apply in_seq. lia. Qed.
Lemma in_places n m t i : In (t, i) (places n m) <-> inside n m t i.
Proof. unfold places, inside. now rewrite in_prod_iff, !in_below. Qed.
Lemma NoDup_below n : NoDup (below n).
Proof. unfold below. apply Injective_map_NoDup; [intros a b; lia|apply seq_NoDup]. Qed.
Lemma NoDup_product (a b : list Z) : NoDup a -> NoDup b -> NoDup (list_prod a b).
Proof.
  induction 1 as [|x a X A IH]; intros B; cbn [list_prod]; [constructor|].
  induction B as [|y b Y B IB]; cbn [map app]; [apply IH; constructor|].
  assert (P : forall c, NoDup c -> NoDup (map (fun z => (x, z)) c ++ list_prod a (y :: b))).
  { induction 1 as [|z c Z C IC]; cbn [map app]; [apply IH; constructor; assumption|]. constructor; [|exact IC].
    rewrite in_app_iff, in_map_iff, in_prod_iff. intros [(w & E & W)|[W _]]; [congruence|contradiction]. }
  constructor; [|now apply P]. rewrite in_app_iff, in_map_iff, in_prod_iff. intros [(w & E & W)|[W _]]; [congruence|contradiction]. Qed.
Lemma NoDup_places n m : NoDup (places n m).
Proof. apply NoDup_product; apply NoDup_below. Qed.

Lemma count_in_same l f g : (forall t i, In (t, i) l -> f t i = g t i) -> count_in l f = count_in l g.
Proof.
  intros S. unfold count_in. do 2 f_equal. apply filter_ext_in. intros [t i] I. now apply S. Qed.
Lemma count_in_cons p l f : count_in (p :: l) f = (if f (fst p) (snd p) then 1 else 0) + count_in l f.
Proof. unfold count_in. cbn [filter]. destruct (f (fst p) (snd p)); cbn [length]; lia. Qed.
Lemma without_elsewhere l f t i : ~ In (t, i) l -> count_in l (without f t i) = count_in l f.
Proof.
  intros N. apply count_in_same. intros u j I. unfold without. destruct (Z.eqb_spec u t), (Z.eqb_spec j i); subst; cbn; try contradiction;
    now rewrite andb_true_r. Qed.
Lemma count_in_but l f t i : NoDup l -> In (t, i) l -> count_in l f = (if f t i then 1 else 0) + count_in l (without f t i).
Proof.
  induction 1 as [|[u j] l N D IH]; [intros []|]. intros [E|I]; rewrite !count_in_cons; cbn [fst snd].
  - injection E as -> ->. rewrite (without_elsewhere l f t i N). unfold without at 1. rewrite !Z.eqb_refl. cbn. rewrite andb_false_r. lia.
  - rewrite (IH I). unfold without at 2. destruct (Z.eqb_spec u t), (Z.eqb_spec j i); subst; cbn; try contradiction; rewrite andb_true_r; lia. Qed.

(* The axioms, by their names. *)
Theorem count_of_none n m leaf : count n m leaf = 0 <-> (forall t i, inside n m t i -> leaf t i = false).
Proof.
  unfold count, count_in. destruct (filter _ _) as [|[t i] r] eqn:F; split; cbn [length]; intros H; try lia.
  - intros t i I. apply in_places in I. destruct (leaf t i) eqn:E; auto.
    assert (X : In (t, i) (filter (fun p => leaf (fst p) (snd p)) (places n m))) by now apply filter_In. now rewrite F in X.
  - assert (X : In (t, i) (filter (fun p => leaf (fst p) (snd p)) (places n m))) by (rewrite F; now left).
    apply filter_In in X as [X L]. apply in_places in X. cbn in L. rewrite H in L; [discriminate|exact X]. Qed.
Theorem count_of_others n m leaf t i : 0 <= count_but n m leaf t i.
Proof. unfold count_but, count, count_in. lia. Qed.
Theorem count_of_entries n m leaf : 0 <= n -> 0 <= m -> count n m leaf <= n * m.
Proof.
  intros N M. unfold count, count_in, places, below.
  apply Z.le_trans with (Z.of_nat (length (list_prod (map Z.of_nat (seq 0 (Z.to_nat n))) (map Z.of_nat (seq 0 (Z.to_nat m)))))).
  - generalize (list_prod (map Z.of_nat (seq 0 (Z.to_nat n))) (map Z.of_nat (seq 0 (Z.to_nat m)))). intros l. apply inj_le.
    induction l as [|p l IH]; cbn [filter length]; [lia|]. destruct (leaf (fst p) (snd p)); cbn [length]; lia.
  - rewrite prod_length, !map_length, !seq_length. lia. Qed.
Theorem count_of_one_more n m leaf t i : inside n m t i -> (leaf t i = true -> count n m leaf = count_but n m leaf t i + 1) /\
  (leaf t i = false -> count n m leaf = count_but n m leaf t i).
Proof.
  intros I. apply in_places in I. unfold count_but, count. rewrite (count_in_but _ leaf t i (NoDup_places n m) I).
  split; intros ->; lia. Qed.
Theorem count_of_same n m leaf leaf' : (forall t i, inside n m t i -> leaf t i = leaf' t i) -> count n m leaf' = count n m leaf.
Proof. intros S. symmetry. apply count_in_same. intros t i I. now apply S, in_places. Qed.
Theorem count_of_same_but_one n m leaf leaf' t i :
  (forall u j, inside n m u j -> u <> t \/ j <> i -> leaf u j = leaf' u j) -> count_but n m leaf' t i = count_but n m leaf t i.
Proof.
  intros S. apply count_of_same. intros u j I. unfold without. destruct (Z.eqb_spec u t), (Z.eqb_spec j i); cbn; rewrite ?andb_false_r, ?andb_true_r; auto. Qed.
