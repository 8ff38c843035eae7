(* SPDX-License-Identifier: Apache-2.0 *)
(* The derivation tree (kernel/core/authority/derivation.c): capabilities in preorder with their depths, and that such a list is a
   forest. So what revocation ends is exactly what was derived. *)
From Coq Require Import ZArith List Bool Lia Permutation.
Import ListNotations.
Open Scope Z_scope.

(* ---- the list, as the kernel keeps it ---- *)
Definition tree := list (Z * Z).   (* capability, depth *)
Fixpoint insert_below (p c : Z) (l : tree) : tree :=
  match l with [] => [] | (x, d) :: l => if x =? p then (x, d) :: (c, d + 1) :: l else (x, d) :: insert_below p c l end.
Definition remove_cap (x : Z) (l : tree) : tree := filter (fun e => negb (fst e =? x)) l.
Definition rename (from to : Z) (l : tree) : tree := map (fun e => (if fst e =? from then to else fst e, snd e)) l.
(* What follows with a greater depth. *)
Fixpoint deeper (d : Z) (l : tree) : tree := match l with [] => [] | (y, e) :: l => if d <? e then (y, e) :: deeper d l else [] end.
Fixpoint shallower (d : Z) (l : tree) : tree := match l with [] => [] | (y, e) :: l' => if d <? e then shallower d l' else l end.
Fixpoint below (x : Z) (l : tree) : tree := match l with [] => [] | (y, d) :: l => if y =? x then deeper d l else below x l end.
Definition is_leaf_cap x l := match below x l with [] => true | _ => false end.
Fixpoint depth_of (x : Z) (l : tree) : Z := match l with [] => 0 | (y, d) :: l => if y =? x then d else depth_of x l end.
Fixpoint revoke (x : Z) (l : tree) : tree :=
  match l with [] => [] | (y, d) :: l => if y =? x then (y, d) :: shallower d l else (y, d) :: revoke x l end.
(* The first leaf at or below the head of a list. *)
Fixpoint first_leaf (x d : Z) (l : tree) : Z := match l with (y, e) :: l => if d <? e then first_leaf y e l else x | [] => x end.
Fixpoint leaf_below (x : Z) (l : tree) : Z := match l with [] => x | (y, d) :: l => if y =? x then first_leaf y d l else leaf_below x l end.

(* ---- the forest that it is ---- *)
Inductive forest := Nil | Node (x : Z) (children beside : forest).
Fixpoint ids (f : forest) : list Z := match f with Nil => [] | Node x c b => x :: ids c ++ ids b end.
Fixpoint flatten (d : Z) (f : forest) : tree := match f with Nil => [] | Node x c b => (x, d) :: flatten (d + 1) c ++ flatten d b end.
Fixpoint heads (f : forest) : list Z := match f with Nil => [] | Node x _ b => x :: heads b end.
(* A new capability becomes the first child of the one that it was derived from. *)
Fixpoint add_child (p c : Z) (f : forest) : forest :=
  match f with Nil => Nil | Node x k b => if x =? p then Node x (Node c Nil k) b else Node x (add_child p c k) (add_child p c b) end.
Fixpoint prune (x : Z) (f : forest) : forest :=
  match f with Nil => Nil | Node y k b => if y =? x then Node y Nil b else Node y (prune x k) (prune x b) end.
Fixpoint renamed (from to : Z) (f : forest) : forest :=
  match f with Nil => Nil | Node y k b => Node (if y =? from then to else y) (renamed from to k) (renamed from to b) end.
Fixpoint children (x : Z) (f : forest) : forest :=
  match f with Nil => Nil | Node y k b => if y =? x then k else if existsb (Z.eqb x) (ids k) then children x k else children x b end.
(* y was derived from x: directly, or from what was. *)
Inductive derived (f : forest) : Z -> Z -> Prop :=
| from_it y x : In y (heads (children x f)) -> derived f y x
| from_one y q x : In y (heads (children q f)) -> derived f q x -> derived f y x.

Lemma flatten_ids f : forall d, map fst (flatten d f) = ids f.
Proof. induction f; intros d; cbn; auto. now rewrite map_app, IHf1, IHf2. Qed.
Lemma flatten_depth f : forall d e, In e (flatten d f) -> d <= snd e.
Proof. induction f as [|x c IHc b IHb]; intros d e; cbn; [tauto|]. rewrite in_app_iff. intros [<-|[H|H]]; [cbn; lia|specialize (IHc _ _ H); lia|eauto]. Qed.
Lemma nodup_node x c b : NoDup (ids (Node x c b)) -> ~ In x (ids c) /\ ~ In x (ids b) /\ NoDup (ids c) /\ NoDup (ids b) /\ (forall y, In y (ids c) -> ~ In y (ids b)).
Proof.
  cbn. intros N. inversion_clear N as [|? ? N1 N2]. rewrite in_app_iff in N1. split; [tauto|]. split; [tauto|].
  clear N1. revert N2. generalize (ids c). intros l. induction l as [|y l IH]; cbn; intros N; [repeat split; auto; constructor|]. inversion_clear N as [|? ? N1 N2]. rewrite in_app_iff in N1.
  destruct (IH N2) as (A & B & C). repeat split; auto; [constructor; tauto|]. intros z [<-|Hz]; [tauto|auto]. Qed.

(* What is derived is put where its parent's children are. *)
Lemma insert_app p c l m : In p (map fst l) -> insert_below p c (l ++ m) = insert_below p c l ++ m.
Proof. induction l as [|[x d] l IH]; cbn; [tauto|]. destruct (Z.eqb_spec x p); auto. intros [H|H]; [congruence|]. cbn. now rewrite IH. Qed.
Lemma insert_not p c l m : ~ In p (map fst l) -> insert_below p c (l ++ m) = l ++ insert_below p c m.
Proof. induction l as [|[x d] l IH]; cbn; auto. intros H. destruct (Z.eqb_spec x p); [subst; tauto|]. rewrite IH by tauto. auto. Qed.
Lemma insert_absent p c l : ~ In p (map fst l) -> insert_below p c l = l.
Proof. intros H. rewrite <- (app_nil_r l) at 1. rewrite insert_not by auto. now rewrite app_nil_r. Qed.
Lemma add_absent p c f : ~ In p (ids f) -> add_child p c f = f.
Proof. induction f as [|x k IHk b IHb]; cbn; auto. rewrite in_app_iff. intros H. destruct (Z.eqb_spec x p); [subst; tauto|]. now rewrite IHk, IHb by tauto. Qed.
Theorem insert_is_a_child p c f : NoDup (ids f) -> forall d, insert_below p c (flatten d f) = flatten d (add_child p c f).
Proof.
  induction f as [|x k IHk b IHb]; intros N d; cbn; auto. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). destruct (Z.eqb_spec x p) as [->|Nx]; [reflexivity|]. cbn. f_equal.
  destruct (in_dec Z.eq_dec p (ids k)) as [I|I].
  - rewrite insert_app by (now rewrite flatten_ids). rewrite IHk by auto. now rewrite (add_absent p c b) by (now apply N5).
  - rewrite insert_not by (now rewrite flatten_ids). rewrite (add_absent p c k) by auto. now rewrite IHb. Qed.
Theorem rename_is_a_move from to f : forall d, rename from to (flatten d f) = flatten d (renamed from to f).
Proof. induction f as [|x k IHk b IHb]; intros d; cbn; auto. unfold rename in *. now rewrite map_app, IHk, IHb. Qed.

(* Revoking leaves the tree without what is below. *)
Lemma shallower_app d l m : (forall e, In e l -> d < snd e) -> shallower d (l ++ m) = shallower d m.
Proof. induction l as [|[y e] l IH]; cbn; auto. intros H. destruct (Z.ltb_spec d e); [apply IH; auto|]. specialize (H (y, e) (or_introl eq_refl)). cbn in H. lia. Qed.
Lemma deeper_app d l m : (forall e, In e l -> d < snd e) -> (forall e, In e m -> snd e <= d) -> deeper d (l ++ m) = l.
Proof.
  induction l as [|[y e] l IH]; cbn; intros H M.
  - destruct m as [|[y e] m]; auto. cbn. destruct (Z.ltb_spec d e); auto. specialize (M (y, e) (or_introl eq_refl)). cbn in M. lia.
  - destruct (Z.ltb_spec d e); [now rewrite IH; auto|]. specialize (H (y, e) (or_introl eq_refl)). cbn in H. lia. Qed.
Lemma shallower_flat f : forall d m, shallower d (flatten d f ++ m) = match f with Nil => shallower d m | _ => flatten d f ++ m end.
Proof. destruct f; intros d m; cbn; auto. now rewrite Z.ltb_irrefl. Qed.
Lemma revoke_app x l m : ~ In x (map fst l) -> revoke x (l ++ m) = l ++ revoke x m.
Proof. induction l as [|[y d] l IH]; cbn; auto. intros H. destruct (Z.eqb_spec y x); [subst; tauto|]. rewrite IH by tauto. auto. Qed.
Lemma prune_absent x f : ~ In x (ids f) -> prune x f = f.
Proof. induction f as [|y k IHk b IHb]; cbn; auto. rewrite in_app_iff. intros H. destruct (Z.eqb_spec y x); [subst; tauto|]. now rewrite IHk, IHb by tauto. Qed.
(* A list goes on with something no deeper than the forest that precedes it. *)
Definition ends_at (d : Z) (m : tree) := forall e m', m = e :: m' -> snd e <= d.
Lemma shallower_end d m : ends_at d m -> shallower d m = m.
Proof. destruct m as [|[y e] m]; cbn; auto. intros H. specialize (H (y, e) m eq_refl). cbn in H. destruct (Z.ltb_spec d e); [lia|auto]. Qed.
Lemma revoke_flat x f : NoDup (ids f) -> In x (ids f) -> forall d m, ends_at d m -> revoke x (flatten d f ++ m) = flatten d (prune x f) ++ m.
Proof.
  induction f as [|y k IHk b IHb]; cbn [ids In]; [tauto|]. intros N I d m E. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). cbn [flatten prune app revoke]. destruct (Z.eqb_spec y x) as [->|Ny].
  - cbn [flatten app]. f_equal. rewrite <- app_assoc. rewrite shallower_app by (intros e H; apply flatten_depth in H; lia). rewrite shallower_flat. destruct b; auto. now apply shallower_end.
  - cbn [flatten app]. f_equal. rewrite <- !app_assoc. destruct I as [I|I]; [congruence|]. apply in_app_iff in I as [I|I].
    + rewrite IHk; auto; [now rewrite (prune_absent x b) by (now apply N5)|]. intros e m' Em. destruct b; cbn in Em; [specialize (E e m' Em); lia|]. injection Em as <- _. cbn. lia.
    + assert (~ In x (ids k)) by (intros H; apply (N5 x H I)). rewrite revoke_app by (now rewrite flatten_ids). rewrite (prune_absent x k) by auto. now rewrite IHb. Qed.
Theorem revoke_is_pruning x f d : NoDup (ids f) -> In x (ids f) -> revoke x (flatten d f) = flatten d (prune x f).
Proof. intros N I. rewrite <- (app_nil_r (flatten d f)), <- (app_nil_r (flatten d (prune x f))). apply revoke_flat; auto. intros e m' E. discriminate. Qed.

Lemma existsb_in x l : existsb (Z.eqb x) l = true <-> In x l.
Proof. rewrite existsb_exists. split; [intros (y & I & E); apply Z.eqb_eq in E; now subst|intros I; exists x; split; auto; apply Z.eqb_refl]. Qed.
Lemma children_absent x f : ~ In x (ids f) -> children x f = Nil.
Proof.
  induction f as [|y k IHk b IHb]; cbn; auto. rewrite in_app_iff. intros H. destruct (Z.eqb_spec y x); [subst; tauto|].
  destruct (existsb (Z.eqb x) (ids k)) eqn:E; [apply existsb_in in E; tauto|]. apply IHb. tauto. Qed.
Lemma children_ids x f y : In y (ids (children x f)) -> In y (ids f).
Proof. induction f as [|z k IHk b IHb]; cbn; auto. rewrite in_app_iff. destruct (z =? x); auto. destruct (existsb _ _); auto. Qed.
Lemma prune_ids x f : NoDup (ids f) -> forall y, In y (ids (prune x f)) <-> In y (ids f) /\ ~ In y (ids (children x f)).
Proof.
  induction f as [|z k IHk b IHb]; intros N y; [cbn; tauto|]. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). cbn [prune children ids]. destruct (Z.eqb_spec z x) as [->|Nz].
  - cbn [ids app In]. rewrite in_app_iff. split.
    + intros [->|H]; [split; [now left|auto]|]. split; [tauto|]. intros K. exact (N5 y K H). + intros [[->|[H|H]] K]; [now left|tauto|now right].
  - cbn [ids In]. rewrite !in_app_iff. destruct (existsb (Z.eqb x) (ids k)) eqn:E.
    + apply existsb_in in E. rewrite (IHk N3). assert (X : ~ In x (ids b)) by (now apply N5). rewrite (prune_absent x b X). split.
      * intros [->|[[H K]|H]]; [split; [now left|intros K; apply children_ids in K; tauto]|split; [tauto|auto]|split; [tauto|intros K; apply children_ids in K; exact (N5 y K H)]].
      * intros [[->|[H|H]] K]; tauto.
    + assert (X : ~ In x (ids k)) by (intros H; apply existsb_in in H; congruence). rewrite (prune_absent x k X), (IHb N4). split.
      * intros [->|[H|[H K]]]; [split; [now left|intros K; apply children_ids in K; tauto]|split; [tauto|intros K; apply children_ids in K; exact (N5 y H K)]|split; [tauto|auto]].
      * intros [[->|[H|H]] K]; tauto. Qed.

(* Of what is below x, the children are as they were. *)
Lemma children_inside x f : NoDup (ids f) -> forall q, In q (ids (children x f)) -> children q (children x f) = children q f.
Proof.
  induction f as [|z k IHk b IHb]; intros N q I; [destruct I|]. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). cbn [children] in *. destruct (Z.eqb_spec z x) as [->|Nz].
  - destruct (Z.eqb_spec x q) as [->|]; [tauto|]. now rewrite (proj2 (existsb_in q (ids k)) I).
  - destruct (existsb (Z.eqb x) (ids k)) eqn:E.
    + pose proof (children_ids _ _ _ I) as Iq. destruct (Z.eqb_spec z q) as [->|]; [tauto|]. rewrite (proj2 (existsb_in q (ids k)) Iq). now apply IHk.
    + pose proof (children_ids _ _ _ I) as Iq. destruct (Z.eqb_spec z q) as [->|]; [tauto|]. destruct (existsb (Z.eqb q) (ids k)) eqn:F; [apply existsb_in in F; elim (N5 q F Iq)|]. now apply IHb. Qed.
Lemma children_nodup x f : NoDup (ids f) -> NoDup (ids (children x f)).
Proof.
  induction f as [|z k IHk b IHb]; intros N; [constructor|]. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). cbn [children]. destruct (z =? x); auto. destruct (existsb _ _); auto. Qed.
Lemma heads_ids f y : In y (heads f) -> In y (ids f).
Proof. induction f as [|z k IHk b IHb]; cbn; auto. rewrite in_app_iff. tauto. Qed.
Lemma below_derived f : forall g p, NoDup (ids g) -> (forall q, In q (ids g) -> children q g = children q f) -> (forall h, In h (heads g) -> derived f h p) -> forall y, In y (ids g) -> derived f y p.
Proof.
  induction g as [|x k IHk b IHb]; intros p N Same H y I; [destruct I|]. destruct (nodup_node _ _ _ N) as (N1 & N2 & N3 & N4 & N5). cbn [ids In] in I. rewrite in_app_iff in I.
  assert (Hx : derived f x p) by (apply H; now left). assert (Kx : children x f = k) by (rewrite <- Same by (now left); cbn [children]; now rewrite Z.eqb_refl).
  assert (Sk : forall q, In q (ids k) -> children q k = children q f).
  { intros q Iq. rewrite <- Same by (cbn; rewrite in_app_iff; auto). cbn. destruct (Z.eqb_spec x q) as [->|]; [tauto|]. now rewrite (proj2 (existsb_in q (ids k)) Iq). }
  assert (Sb : forall q, In q (ids b) -> children q b = children q f).
  { intros q Iq. rewrite <- Same by (cbn; rewrite in_app_iff; auto). cbn. destruct (Z.eqb_spec x q) as [->|]; [tauto|]. destruct (existsb (Z.eqb q) (ids k)) eqn:E; auto. apply existsb_in in E. elim (N5 q E Iq). }
  destruct I as [<-|[I|I]]; auto.
  - apply (IHk p N3 Sk); auto. intros h Ih. apply (from_one f h x p); auto. now rewrite Kx.
  - apply (IHb p N4 Sb); auto. intros h Ih. apply H. now right. Qed.
Lemma derived_is_below f x y : NoDup (ids f) -> derived f y x <-> In y (ids (children x f)).
Proof.
  intros N. split.
  - induction 1 as [y x H|y q x H D IH]; [now apply heads_ids|]. rewrite <- (children_inside x f N q IH) in H. apply heads_ids in H. now apply children_ids in H.
  - intros I. apply (below_derived f (children x f) x); auto; [now apply children_nodup|now apply children_inside|]. intros h Ih. now apply from_it. Qed.
(* Of all capabilities, revocation ends those that were derived from this one, and no other. *)
Theorem revoke_ends_exactly_the_derived x f d : NoDup (ids f) -> In x (ids f) ->
  forall y, In y (map fst (revoke x (flatten d f))) <-> In y (ids f) /\ ~ derived f y x.
Proof. intros N I y. rewrite revoke_is_pruning, flatten_ids by auto. rewrite prune_ids by auto. now rewrite derived_is_below. Qed.

(* ---- in bounded steps, one leaf after the other ---- *)
Lemma split_at x (l : tree) : In x (map fst l) -> exists p d m, l = p ++ (x, d) :: m /\ ~ In x (map fst p).
Proof.
  induction l as [|[y d] l IH]; cbn; [tauto|]. destruct (Z.eq_dec y x) as [->|Ny]; [exists [], d, l; auto|]. intros [H|H]; [congruence|].
  destruct (IH H) as (p & e & m & -> & A). exists ((y, d) :: p), e, m. cbn. split; auto. intros [|]; [congruence|tauto]. Qed.
Lemma below_at x p d m : ~ In x (map fst p) -> below x (p ++ (x, d) :: m) = deeper d m.
Proof. induction p as [|[y e] p IH]; cbn; [now rewrite Z.eqb_refl|]. intros H. destruct (Z.eqb_spec y x); [subst; tauto|]. apply IH. tauto. Qed.
Lemma revoke_at x p d m : ~ In x (map fst p) -> revoke x (p ++ (x, d) :: m) = p ++ (x, d) :: shallower d m.
Proof. intros H. rewrite revoke_app by auto. cbn. now rewrite Z.eqb_refl. Qed.
Lemma remove_absent y l : ~ In y (map fst l) -> remove_cap y l = l.
Proof. induction l as [|[z d] l IH]; cbn; auto. intros H. destruct (Z.eqb_spec z y); [subst; tauto|]. cbn. f_equal. apply IH. tauto. Qed.
Lemma deeper_remove y d m : NoDup (map fst m) -> In y (map fst (deeper d m)) -> shallower d (remove_cap y m) = shallower d m.
Proof.
  induction m as [|[z e] m IH]; cbn; [tauto|]. intros N I. inversion_clear N as [|? ? N1 N2]. destruct (Z.ltb_spec d e) as [L|L]; [|destruct I].
  cbn in I. destruct (Z.eqb_spec z y) as [->|Nz]; cbn; [fold (remove_cap y m); now rewrite remove_absent|]. destruct (Z.ltb_spec d e); [|lia]. apply IH; auto. destruct I; [congruence|auto]. Qed.
(* Whichever of what is below x ends first, the rest of the revocation is the same. *)
Theorem ending_one_is_a_part x y l : NoDup (map fst l) -> In x (map fst l) -> In y (map fst (below x l)) -> revoke x (remove_cap y l) = revoke x l.
Proof.
  intros N I B. destruct (split_at x l I) as (p & d & m & -> & P). rewrite below_at in B by auto. rewrite map_app in N. cbn in N.
  assert (Ym : In y (map fst m)). { clear -B. induction m as [|[z e] m IH]; cbn in *; [tauto|]. destruct (d <? e); [|destruct B]. cbn in B. destruct B; auto. }
  assert (Nm : NoDup (map fst m)) by (apply NoDup_remove_1 in N; revert N; generalize (map fst p); intros l N; induction l as [|z l IH]; [exact N|]; inversion_clear N; auto).
  assert (Yp : ~ In y (map fst p)). { intros H. clear -N H Ym. induction p as [|z p IH]; cbn in *; [tauto|]. inversion_clear N as [|? ? N1 N2]. destruct H as [<-|H]; [|auto]. apply N1. apply in_app_iff. right. now right. }
  assert (Yx : y <> x). { intros ->. apply NoDup_remove_2 in N. apply N. apply in_app_iff. now right. }
  unfold remove_cap at 1. rewrite filter_app. cbn [filter fst]. destruct (Z.eqb_spec x y); [congruence|]. cbn [negb]. fold (remove_cap y p). fold (remove_cap y m). rewrite (remove_absent y p Yp).
  rewrite !revoke_at by auto. now rewrite deeper_remove. Qed.
(* Nothing is left to do when it is a leaf. *)
Theorem a_leaf_is_revoked x l : is_leaf_cap x l = true -> revoke x l = l.
Proof.
  unfold is_leaf_cap. induction l as [|[y d] l IH]; cbn; auto. destruct (y =? x); [|intros H; now rewrite IH].
  destruct l as [|[z e] l]; cbn; auto. destruct (d <? e); [discriminate|auto]. Qed.
(* The first leaf is below, or it is x itself and nothing is. *)
Lemma first_leaf_in l : forall x d, first_leaf x d l = x \/ In (first_leaf x d l) (map fst l).
Proof. induction l as [|[y e] l IH]; cbn; auto. intros x d. destruct (d <? e); auto. destruct (IH y e) as [->|]; auto. Qed.
Theorem the_first_leaf_is_below x l : In x (map fst l) -> NoDup (map fst l) -> leaf_below x l = x /\ is_leaf_cap x l = true \/ In (leaf_below x l) (map fst (below x l)).
Proof.
  intros I N. destruct (split_at x l I) as (p & d & m & -> & P).
  assert (E : leaf_below x (p ++ (x, d) :: m) = first_leaf x d m).
  { clear -P. induction p as [|[y e] p IH]; cbn; [now rewrite Z.eqb_refl|]. cbn in P. destruct (Z.eqb_spec y x); [subst; tauto|]. apply IH. tauto. }
  unfold is_leaf_cap. rewrite E, below_at by auto. clear. destruct m as [|[y e] m]; cbn; auto. destruct (Z.ltb_spec d e) as [L|L]; auto. right.
  assert (H : forall m y e d, d < e -> In (first_leaf y e m) (map fst ((y, e) :: deeper d m))).
  { clear. induction m as [|[z g] m IH]; intros y e d L; cbn; auto. destruct (Z.ltb_spec e g) as [M|M]; auto. destruct (Z.ltb_spec d g); [|lia]. right. apply (IH z g d). lia. }
  exact (H m y e d L). Qed.
