(* SPDX-License-Identifier: Apache-2.0 *)
(* What a call writes when it is done is what is printed for Frama-C (`writes` of Contracts.v), well defined. *)
From Nie Require Export Printed.
Local Open Scope string_scope. Local Open Scope list_scope. Local Open Scope Z_scope.

Section Written.
Variables (n half : Z) (st : iso).
Let ram := 2 * half.
Let s := k st.
Variables (small : n <= NONE) (I : inv st) (B : bounded n s).
Notation says := (says_of n ram s).

Ltac true_by := first [assumption | reflexivity | apply (seen_true n half st B); assumption | apply (private_inside n half st B); assumption
  | apply (shared_inside n half st B); assumption | apply (table_inside n half st B); assumption | apply (vcpu_inside n half st B); assumption
  | unfold is_level, is_ipa, inside; lia].
Ltac conj_true := rewrite ?andb_true_iff; repeat split; true_by.
Lemma ev_access p e r : ev n ram s p e = Some r -> 0 <= r -> ev n ram s p (access_ e) = Some (access_bits r).
Proof.
  intros E R. unfold access_, access_bits, flag. repeat (rewrite ?ev_bin, ?ev_if, ?ec_bit, ?ev_N, ?E; cbn [let1 let2 bin]; rewrite ?has_true by lia).
  destruct (Z.testbit r 0), (Z.testbit r 1), (Z.testbit r 2); reflexivity. Qed.
Ltac known := repeat match goal with H : look _ _ = Some _ |- _ => rewrite H | H : is_block s _ = _ |- _ => rewrite H
  | H : reach _ _ _ _ = true |- _ => rewrite H end.
Ltac mean := unfold entry_, leaf_, size_of_, at_; repeat (autorewrite with meaning; known; try (erewrite ev_access by (first [eassumption | (autorewrite with meaning; known; reflexivity) | lia]));
  cbn [let1 let2 compare bin look constants frame_level Z.eqb Pos.eqb String.eqb Ascii.eqb Bool.eqb negb andb orb]; try rewrite has_true by conj_true).

Lemma end_gran ps f x v l i e : get (gran (ksteps (ps ++ [SetGran f x; SetTab v l i e]) s)) f = x.
Proof. rewrite ksteps_app. cbn [ksteps fold_left kstep]. unfold upd_entry; fields. now rewrite get_set, Z.eqb_refl. Qed.
Lemma end_entry ps f x v l i e : entry_at (ksteps (ps ++ [SetGran f x; SetTab v l i e]) s) v l i = e.
Proof. rewrite ksteps_app. cbn [ksteps fold_left kstep]. now rewrite entry_upd, !Z.eqb_refl. Qed.
Lemma level_2 b : (frame_level b =? 2) = b. Proof. destruct b; reflexivity. Qed.
Lemma page_of b ipa : (ipa mod span (frame_level b) =? 0) = true -> pages b (ipa / span (frame_level b)) = ipa / 4096.
Proof.
  intros A. destruct b; cbn [frame_level pages] in *; [|reflexivity]. change (span 2) with BLOCK in *. unfold BLOCK, N512 in *.
  Z.to_euclidean_division_equations. lia. Qed.
Lemma leaf_word l f r : word_of ram l (Leaf f r) = address ram f + access_bits r + 828 + flag (negb (l =? 2)) 2. Proof. reflexivity. Qed.
(* The three writes of a frame that enters a VSpace. *)
Lemma frame_enters p f v ipa r ps z : look p "frame"%string = Some f -> look p "vspace"%string = Some v -> look p "ipa"%string = Some ipa -> look p "rights"%string = Some r ->
  let b := is_block s f in let l := frame_level b in let i := ipa / span l in
  inside n f = true -> is_vspace s v = true -> is_ipa ipa = true -> (ipa mod span l =? 0) = true -> reach s v l i = true -> 0 <= r ->
  let after := ksteps (ps ++ [SetGran f (GPrivate b (Some (v, i)) z); SetTab v l i (Leaf f r)]) s in
  says p (W (COwner "frame") "vspace"%string) after /\ says p (W (CPlace "frame") (size_of_ "frame" + "ipa" / 4096)%e) after /\
  says p (W (CEntry "vspace" "ipa" (Level "frame")) (leaf_ "frame" "rights")) after.
Proof.
  intros L1 L2 L3 L4 b l i Hf V P A R Hr after. subst after. pose proof (seen_true n half st B v V) as Sv. subst i. assert (Pi : 0 <= ipa) by (unfold is_ipa in P; lia).
  destruct (is_block s f) eqn:Eb; subst b; cbn [frame_level] in l; subst l; split; [|split| |split].
  - exists (POwner f), v. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. now rewrite end_gran.
  - eexists (PPlace f), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. rewrite end_gran. cbn [place_of size_bit]. now rewrite (page_of true).
  - eexists (PEntry v 2 _), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. now rewrite end_entry, leaf_word.
  - exists (POwner f), v. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. now rewrite end_gran.
  - eexists (PPlace f), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. rewrite end_gran. cbn [place_of size_bit]. now rewrite (page_of false).
  - eexists (PEntry v 3 _), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. now rewrite end_entry, leaf_word.
Qed.

Ltac opened E := apply call_done in E; destruct E as (Must & -> & Gs); guards Gs; rewrite ?andb_true_iff in Must; split_all.
Lemma in_ipa ipa : 0 <= ipa -> (IPA_END <=? ipa) = false -> is_ipa ipa = true. Proof. unfold is_ipa. lia. Qed.
Definition frame_args (f v ipa r : Z) := [("frame", f); ("vspace", v); ("ipa", ipa); ("rights", r)].

Theorem map_private_written f v ipa r ps : 0 <= ipa -> 0 <= r -> map_private s f v ipa r = Done ps ->
  Forall (fun w => says (frame_args f v ipa r) w (ksteps ps s)) (writes map_private_).
Proof.
  intros P R E. unfold map_private in E. opened E.
  destruct (frame_enters (frame_args f v ipa r) f v ipa r [] false) as (A1 & A2 & A3); auto using in_ipa; [now apply (private_inside n half st B)|].
  cbn [app] in *. repeat constructor; auto. Qed.
Theorem donate_written f v ipa r ps : 0 <= ipa -> 0 <= r -> donate s f v ipa r = Done ps ->
  Forall (fun w => says (frame_args f v ipa r) w (ksteps ps s)) (writes donate_).
Proof.
  intros P R E. unfold donate in E. opened E. rewrite app_assoc.
  match goal with |- context [(?xs ++ [SetGran _ _; SetTab _ _ _ _])] => destruct (frame_enters (frame_args f v ipa r) f v ipa r xs false) as (A1 & A2 & A3) end;
    auto using in_ipa; [now apply (private_inside n half st B)|]. repeat constructor; auto. Qed.
Theorem map_shared_written f v ipa r ps : 0 <= ipa -> 0 <= r -> map_shared s f v ipa r = Done ps ->
  Forall (fun w => says (frame_args f v ipa r) w (ksteps ps s)) (writes map_shared_).
Proof.
  intros P R E. unfold frame_args. unfold map_shared in E. opened E. pose proof (shared_inside n half st B f ltac:(assumption)) as Hf. pose proof (seen_true n half st B v ltac:(assumption)) as Sv.
  assert (Pi : is_ipa ipa = true) by now apply in_ipa. change [SetGran ?a ?b; SetTab ?c ?d ?e ?g] with ([] ++ [SetGran a b; SetTab c d e g]). repeat constructor.
  - eexists (POwner f), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. rewrite end_gran. unfold places, is_shared in *.
    destruct (get (gran s) f) eqn:G; try discriminate. cbn [owner_of length]. lia.
  - destruct (is_block s f) eqn:Eb; cbn [frame_level] in *;
      (eexists (PEntry v _ _), _; split; [mean; reflexivity|]; split; [mean; reflexivity|]; cbn [read]; now rewrite end_entry, leaf_word). Qed.
Theorem map_device_written q v ipa r ps : 0 <= ipa -> 0 <= r -> map_device s q v ipa r = Done ps ->
  Forall (fun w => says [("vspace", v); ("ipa", ipa); ("page", q); ("rights", r)] w (ksteps ps s)) (writes map_device_).
Proof.
  intros P R E. unfold map_device in E. opened E. pose proof (seen_true n half st B v ltac:(assumption)) as Sv.
  assert (Pi : is_ipa ipa = true) by now apply in_ipa. change (ipa / PAGE) with (ipa / span 3) in *. repeat constructor.
  eexists (PEntry v _ _), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. rewrite entry_upd, !Z.eqb_refl. reflexivity. Qed.
Lemma connect_vsp v l : forall s, vsp (ksteps (flat_map (connect v) l) s) = vsp s.
Proof. induction l as [|a l IH]; intros s0; [reflexivity|]. cbn [flat_map connect app]. change (ksteps (?x :: ?y :: ?zs) s0) with (ksteps zs (kstep y (kstep x s0))). now rewrite IH. Qed.
Theorem activate_written v q ps : activate s v q = Done ps ->
  Forall (fun w => says [("vspace", v); ("policy", q)] w (ksteps ps s)) (writes activate_).
Proof.
  intros E. unfold activate in E. opened E. pose proof (seen_true n half st B v ltac:(assumption)) as Sv. assert (Iv : inside n v = true) by (unfold seen in Sv; now apply andb_true_iff in Sv).
  assert (K : forall xs, vsp (ksteps (xs ++ streams_connect s v) s) = vsp (ksteps xs s)) by (intros xs; rewrite ksteps_app; apply connect_vsp).
  repeat constructor; [exists (PLife v), 1|exists (PPolicy v), q]; (split; [mean; reflexivity|]; split; [mean; reflexivity|]; cbn [read]; unfold vs; rewrite K; cbn [ksteps fold_left kstep]; unfold vs; fields; rewrite get_set, Z.eqb_refl; reflexivity). Qed.
Theorem expect_ram_written v ipa b c ps : 0 <= ipa -> 0 <= c -> expect_ram s v ipa b c = Done ps ->
  Forall (fun w => says [("vspace", v); ("ipa", ipa); ("size_bits", b); ("count", c)] w (ksteps ps s)) (writes expect_ram_).
Proof.
  intros P C E. unfold expect_ram in E. opened E. pose proof (seen_true n half st B v ltac:(assumption)) as Sv. assert (Pi : is_ipa ipa = true) by now apply in_ipa.
  set (l := if b =? 12 then 3 else 2) in *. assert (L : l = 2 \/ l = 3) by (subst l; destruct (b =? 12); auto). constructor; [|constructor].
  exists v, ipa, l, c, 8. repeat split; try (mean; reflexivity).
  - mean. subst l. destruct (b =? 12); reflexivity.
  - pose proof (index_small (ipa / span l)). conj_true.
  - intros j J. cbn [read ksteps fold_left kstep]. unfold entry_at; fields. rewrite get_set, Z.eqb_refl. cbn [tab upd_tab]. rewrite get_set, Z.eqb_refl, get_fill.
    rewrite (proj2 (Z.leb_le _ _)), (proj2 (Z.ltb_lt _ _)) by lia. reflexivity. Qed.

Lemma table_index level ipa : level = 2 \/ level = 3 -> 0 <= ipa -> (ipa mod span (level - 1) =? 0) = true -> ipa / span level = ipa / span (level - 1) * N512.
Proof.
  intros [-> | ->] P A; cbn in *; unfold GIB, BLOCK, PAGE, N512 in *; Z.to_euclidean_division_equations; lia. Qed.
Lemma table_place level ipa : level = 2 \/ level = 3 -> 0 <= ipa -> (ipa mod span (level - 1) =? 0) = true -> pages (level =? 2) (ipa / span (level - 1)) = ipa / 2097152.
Proof. intros [-> | ->] P A; cbn in *; unfold GIB, BLOCK, PAGE, N512 in *; Z.to_euclidean_division_equations; lia. Qed.
Theorem map_table_written t v ipa level ps : 0 <= ipa -> 0 <= level -> map_table s t v ipa level = Done ps ->
  Forall (fun w => says [("table", t); ("vspace", v); ("ipa", ipa); ("level", level)] w (ksteps ps s)) (writes map_table_).
Proof.
  intros P L E. unfold map_table in E. opened E. pose proof (table_inside n half st B t ltac:(assumption)) as Ht. pose proof (seen_true n half st B v ltac:(assumption)) as Sv.
  assert (Pi : is_ipa ipa = true) by now apply in_ipa. assert (Lv : level = 2 \/ level = 3) by lia. pose proof (index_small (ipa / span (level - 1))) as Ix.
  change [?x; SetGran ?a ?b; SetTab ?c ?d ?e ?g] with ([x] ++ [SetGran a b; SetTab c d e g]).
  set (after := ksteps _ s). constructor; [|constructor; [|constructor; [|constructor; [|constructor]]]].
  - exists t, v, ipa, level, (word_of ram (level - 1) (entry_at s v (level - 1) (ipa / span (level - 1)))).
    split; [mean; reflexivity|]. split; [mean; reflexivity|]. split; [mean; reflexivity|]. split; [mean; reflexivity|].
    split; [mean; now rewrite Z.add_0_r|]. split; [assumption|]. split; [assumption|]. split; [lia|]. split; [lia|].
    split; [apply end_entry|]. intros j J. cbn [read]. subst after. rewrite ksteps_app. cbn [ksteps fold_left kstep]. rewrite entry_upd.
    replace (level =? level - 1) with false by lia. rewrite andb_false_r. cbn [andb]. unfold entry_at at 1; fields. rewrite get_set, Z.eqb_refl. cbn [tab upd_tab].
    rewrite get_set, Z.eqb_refl, get_fill, (table_index level ipa) by auto. rewrite (proj2 (Z.leb_le _ _)), (proj2 (Z.ltb_lt _ _)) by lia. cbn [andb].
    destruct (entry_at s v (level - 1) (ipa / span (level - 1))); cbn [is_empty is_ram orb negb] in *; try discriminate; reflexivity.
  - exists (POwner t), v. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. subst after. now rewrite end_gran.
  - eexists (PPlace t), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. subst after. rewrite end_gran. cbn [place_of]. now rewrite table_place.
  - eexists (PEntry v (level - 1) _), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read]. subst after. now rewrite end_entry. Qed.

Theorem configure_written c v i cs e a stack ps : 0 <= i < 8 -> 0 <= cs -> configure s c v i cs e a stack = Done ps ->
  Forall (fun w => says [("vcpu", c); ("vspace", v); ("index", i); ("entry", e); ("stack", stack); ("cspace", cs)] w (ksteps ps s)) (writes configure_).
Proof.
  intros P C E. unfold configure in E. opened E. pose proof (vcpu_inside n half st B c ltac:(assumption)) as Hc. pose proof (seen_true n half st B v ltac:(assumption)) as Sv.
  assert (Iv : inside n v = true) by (unfold seen in Sv; now apply andb_true_iff in Sv).
  assert (K : forall x y q, ksteps ([x; y] ++ (if is_guest s v then [Measure v q] else [])) s = ksteps [x; y] s) by (intros; rewrite ksteps_app; destruct (is_guest s v); reflexivity).
  rewrite K. repeat constructor.
  - exists (PMember v i), c. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. unfold vs; fields. rewrite get_set, Z.eqb_refl. cbn [vcpus set_vcpus]. now rewrite get_set, Z.eqb_refl.
  - exists (PVspace c), v. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl.
  - exists (PIndex c), i. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl.
  - eexists (PGuest c), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl.
  - eexists (PPower c), (power_number (if is_guest s v && negb (i =? 0) then Off else On)). split; [mean; reflexivity|]. split.
    + mean. rewrite flag_true, negb_involutive. destruct (is_guest s v); mean; [destruct (i =? 0); mean|]; reflexivity.
    + cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl.
  - eexists (PCspace c), _. split; [mean; reflexivity|]. split; [mean; reflexivity|]. cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl.
  - eexists (PCserial c), (if cs =? NONE then 0 else serial_of s cs). split; [mean; reflexivity|]. split.
    + mean. destruct (cs =? NONE); mean; reflexivity.
    + cbn [read ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl. Qed.
End Written.
