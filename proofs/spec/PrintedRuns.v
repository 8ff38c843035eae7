(* SPDX-License-Identifier: Apache-2.0 *)
(* As Printed.v, of the calls about devices and about what runs: what is printed is well defined and answers as the model does. The
   model does not prove that the VSpace of a vCPU is one, that what a core runs is a vCPU, that there is no fourth level of tables and
   that only guests are debuggable: proofs/c has these in `wf`, and they are premises here. *)
From Nie Require Export Printed.

Section Equations.
Variables (n ram : Z) (s : kern) (p : list (string * Z)).
Notation ev := (ev n ram s p). Notation ec := (ec n ram s p).
Lemma ev_exiting c : ev (Exiting c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (flag (exiting (get (vcp s) c)) 1)). Proof. reflexivity. Qed.
Lemma ev_home c : ev (Home c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (in_vspace (get (vcp s) c))). Proof. reflexivity. Qed.
Lemma ev_of_guest c : ev (OfGuest c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (flag (of_guest (get (vcp s) c)) 1)). Proof. reflexivity. Qed.
Lemma ev_core c : ev (Core c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (core (get (vcp s) c))). Proof. reflexivity. Qed.
Lemma ev_runner c : ev (Runner c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (runner (get (vcp s) c))). Proof. reflexivity. Qed.
Lemma ev_chain c : ev (Chain c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (chain 4 s c)). Proof. reflexivity. Qed.
Lemma ev_policy v : ev (Policy v) = let1 (ev v) (fun v => has (seen n s v) (policy (vs s v))). Proof. reflexivity. Qed.
Lemma ev_current c : ev (Current c) = let1 (ev c) (fun c => has ((0 <=? c) && (c <? 8)) (now_on s c)). Proof. reflexivity. Qed.
Lemma ev_domain st : ev (Domain st) = let1 (ev st) (fun st => has (is_stream st) (domain s st)). Proof. reflexivity. Qed.
Lemma and_means a b x y : ec a = Some x -> (x = true -> ec b = Some y) -> ec (And a b) = Some (x && y).
Proof. rewrite ec_and. intros -> H. destruct x; cbn; auto. Qed.
Lemma or_means a b x y : ec a = Some x -> (x = false -> ec b = Some y) -> ec (Or a b) = Some (x || y).
Proof. rewrite ec_or. intros -> H. destruct x; cbn; auto. Qed.
Lemma not_means a x : ec a = Some x -> ec (Not a) = Some (negb x).
Proof. rewrite ec_not. now intros ->. Qed.
End Equations.
Global Hint Rewrite ev_exiting ev_home ev_of_guest ev_core ev_runner ev_chain ev_policy ev_current ev_domain : meaning.

(* What run.c tests with a mask, in fields: its contracts rest on these two. *)
Lemma ones_at w low width : 0 <= low -> 0 <= width -> Z.land w (Z.shiftl (Z.ones width) low) = 0 <-> bits w (2 ^ low) (2 ^ width) = 0.
Proof.
  intros L W. unfold bits. rewrite <- Z.land_ones, <- Z.shiftr_div_pow2 by lia.
  replace (Z.land w (Z.shiftl (Z.ones width) low)) with (Z.shiftl (Z.land (Z.shiftr w low) (Z.ones width)) low).
  - apply Z.shiftl_eq_0_iff, L.
  - apply Z.bits_inj'. intros i Hi. rewrite Z.shiftl_spec, !Z.land_spec, Z.shiftl_spec by exact Hi.
    destruct (Z.lt_ge_cases i low) as [C|C]; [now rewrite !(Z.testbit_neg_r _ (i - low)) by lia; rewrite ?andb_false_r|].
    rewrite Z.shiftr_spec by lia. now replace (i - low + low) with i by lia. Qed.
Theorem list_mask w : Z.land w 0x2f00fdff00000000 = 0 <->
  bits w B32 B9 = 0 /\ bits w B42 B6 = 0 /\ bits w B56 B4 = 0 /\ bits w B61 B1 = 0.
Proof.
  replace 0x2f00fdff00000000 with (Z.lor (Z.shiftl (Z.ones 9) 32) (Z.lor (Z.shiftl (Z.ones 6) 42) (Z.lor (Z.shiftl (Z.ones 4) 56) (Z.shiftl (Z.ones 1) 61)))) by reflexivity.
  rewrite !Z.land_lor_distr_r, !Z.lor_eq_0_iff, !ones_at by lia. reflexivity. Qed.
Theorem flags_mask w : 0 <= w < W64 -> Z.land w 0xffffffffffef00f8 = 0 <-> bits w 8 B5 = 0 /\ bits w B16 B4 = 0 /\ w < B21.
Proof.
  intros H. replace 0xffffffffffef00f8 with (Z.lor (Z.shiftl (Z.ones 5) 3) (Z.lor (Z.shiftl (Z.ones 4) 16) (Z.shiftl (Z.ones 43) 21))) by reflexivity.
  rewrite !Z.land_lor_distr_r, !Z.lor_eq_0_iff, !ones_at by lia.
  replace (bits w (2 ^ 21) (2 ^ 43) = 0) with (w / 2 ^ 21 = 0).
  - rewrite Z.div_small_iff by discriminate. change (2 ^ 3) with 8. change (2 ^ 21) with B21. unfold B5, B16, B4, B21 in *. cbn. intuition lia.
  - unfold bits. rewrite Z.mod_small; [reflexivity|]. split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; [lia|]. exact (proj2 H). Qed.

Section Printed.
Variables (n half : Z) (st : iso).
Let ram := 2 * half.
Let s := k st.
Variables (small : n <= NONE) (I : inv st) (B : bounded n s).
Ltac true_by := first [assumption | reflexivity | apply (seen_true n half st B); assumption | apply (vcpu_inside n half st B); assumption | (apply Z.leb_le; assumption) | unfold is_level, is_ipa, inside; lia].
Ltac conj_true := rewrite ?andb_true_iff; repeat split; true_by.
Ltac known := repeat match goal with H : ev _ _ _ _ _ = Some _ |- _ => rewrite H | H : ec _ _ _ _ _ = Some _ |- _ => rewrite H end.
Ltac mean := cbn [when says]; unfold entry_; repeat (autorewrite with meaning; known;
  cbn [let1 let2 compare bin look constants String.eqb Ascii.eqb Bool.eqb negb andb orb]; try rewrite has_true by conj_true).
Ltac conds := repeat first [apply and_means; [|intro] | apply or_means; [|intro] | apply not_means | (mean; reflexivity)].
Ltac checks := repeat (apply (status_step n half st _ (Check _ _)); [cbn [when]|let G := fresh "G" in intros G]).
Ltac calls M := rewrite (answer_call _ _ _ M); apply (answers_status n half st); [reflexivity|].

Theorem attach_printed stream v es : is_stream stream && is_vspace s v = true ->
  answers n ram s attach_ [("stream", stream); ("vspace", v)]%string = answer (stream_attach s stream v es).
Proof.
  intros M. unfold stream_attach. calls M. apply andb_true_iff in M as [M1 M2]. cbn [Language.checks attach_]. unfold attach_guards. checks; [mean; reflexivity| |reflexivity].
  mean. rewrite life_building. unfold is_building, vs. destruct (living _); reflexivity. Qed.
Theorem detach_printed stream v : is_stream stream && is_vspace s v = true ->
  answers n ram s detach_ [("stream", stream); ("vspace", v)]%string = Some (if domain s stream =? v then 0 else number (err_not_mapped, stream_detach_stream)) /\
  stream_detach s stream v = Done (if domain s stream =? v then cut stream ++ [InvAll true v; Attach stream NONE] else []).
Proof.
  intros M. unfold stream_detach. replace (is_stream stream && _) with true by (symmetry; exact M). split; [|reflexivity]. apply andb_true_iff in M as [M1 M2].
  apply (answers_status n half st); [reflexivity|]. cbn [Language.checks detach_ status]. cbn [when]. mean. unfold s. destruct (domain (k st) stream =? v); reflexivity. Qed.

Definition at_home c := in_vspace (get (vcp s) c) = NONE \/ is_vspace s (in_vspace (get (vcp s) c)) = true.
Lemma power_on c : (power_number (powered (get (vcp s) c)) =? 2) = match powered (get (vcp s) c) with On => true | _ => false end.
Proof. destruct (powered _); reflexivity. Qed.
Lemma can_run_means p e c : ev n ram s p e = Some c -> is_vcpu s c = true -> at_home c -> ec n ram s p (can_run_ e) = Some (can_run s c).
Proof.
  intros E V H. unfold can_run_, can_run. apply and_means; [apply and_means; [apply and_means|]|].
  - mean. now rewrite power_on.
  - intros _. mean. now rewrite flag_true.
  - intros _. apply not_means. mean. reflexivity.
  - intros N. rewrite !andb_true_iff in N. destruct N as [_ N]. apply negb_true_iff, Z.eqb_neq in N. destruct H as [H|H]; [contradiction|]. mean. rewrite flag_true, negb_involutive.
    destruct (of_guest _); mean; [now rewrite life_active|now rewrite life_building]. Qed.
Lemma list_means p e w : ev n ram s p e = Some w -> 0 <= w -> ec n ram s p (list_allowed_ e) = Some (list_allowed w).
Proof.
  intros E W. assert (D : forall x, 0 < x -> 0 <= w / x) by (intros; now apply Z.div_pos).
  pose proof (D 4294967296 eq_refl). pose proof (D 4398046511104 eq_refl). pose proof (D 72057594037927936 eq_refl). pose proof (D 2305843009213693952 eq_refl). clear D.
  unfold list_allowed_, list_allowed, field, bits. conds. Qed.
Lemma same_means p e f v w : ev n ram s p e = Some v -> ev n ram s p f = Some w -> 0 <= v -> 0 <= w -> ec n ram s p (list_same_ e f) = Some (list_same v w).
Proof. intros E F V W. unfold list_same_, list_same. conds. Qed.
Theorem run_printed q c u l1 l2 l3 f : is_vcpu s c && is_vcpu s q = true -> at_home c -> 0 <= l1 -> 0 <= l2 -> 0 <= l3 -> 0 <= f ->
  answers n ram s run_ [("current", q); ("vcpu", c); ("list1", l1); ("list2", l2); ("list3", l3); ("flags", f)]%string = answer (run_vcpu_ s q c u l1 l2 l3 f).
Proof.
  intros M H P1 P2 P3 Pf. unfold run_vcpu_. calls M. apply andb_true_iff in M as [M1 M2]. cbn [Language.checks run_]. unfold run_guards.
  assert (D : forall x, 0 < x -> 0 <= f / x) by (intros; now apply Z.div_pos). pose proof (D 8 eq_refl). pose proof (D 65536 eq_refl). clear D. checks; try reflexivity.
  - apply not_means, can_run_means; auto.
  - apply not_means. mean. reflexivity.
  - mean. reflexivity.
  - apply not_means, list_means; auto.
  - apply not_means, list_means; auto.
  - repeat (apply or_means; [|intros _]); [apply not_means, list_means; auto| | |]; apply same_means; auto.
  - apply not_means. unfold field, bits. conds. Qed.
Theorem core_start_printed m target c : is_vcpu s c = true -> at_home c -> is_vcpu s (now_on s m) = true -> 0 <= m < 8 -> 0 <= target < 8 ->
  answers n ram s core_start_ [("core", m); ("target", target); ("vcpu", c)]%string = answer (core_start s m target c).
Proof.
  intros M H Q P1 P2. unfold core_start. calls M. cbn [Language.checks core_start_]. unfold core_start_guards. checks; try reflexivity.
  - apply or_means; [mean; now rewrite flag_true, negb_involutive|]. intros _. apply not_means, can_run_means; auto.
  - apply not_means. mean. reflexivity.
  - mean. destruct (target =? m); cbn [negb andb]; mean; destruct (_ =? NONE); reflexivity. Qed.
(* In a guest's VSpace no device is mapped: what is valid and no table is a frame. *)
Lemma entry_odd v l i : 0 <= half -> guest_of s v = true -> is_link (entry_at s v l i) = false ->
  0 <= word_of ram l (entry_at s v l i) /\ negb (word_of ram l (entry_at s v l i) mod 2 =? 1) = match entry_at s v l i with Leaf _ _ => false | _ => true end.
Proof.
  intros Hh G L. pose proof (tables _ I v l i) as O. fold s in O. destruct (entry_at s v l i) as [| | |t|f r|p r] eqn:E; try discriminate; try (split; [cbn; lia|reflexivity]).
  - destruct (word_valid half l (Leaf f r) eq_refl) as [m Hm]. fold ram in Hm. assert (Hf : 0 <= f).
    { apply (proj1 (B f)). intros K. unfold okent in O. rewrite K in O. exact O. }
    rewrite Hm. split; [|replace (2 * m + 1) with (1 + m * 2) by lia; rewrite Z.mod_add by discriminate; reflexivity].
    rewrite <- Hm. cbn [word_of]. unfold address, access_bits, flag, PAGE, ram. repeat match goal with |- context [if ?b then _ else _] => destruct b end; lia.
  - cbn in O. unfold guest_of in *. congruence. Qed.
Lemma last_means p e f v ipa : ev n ram s p e = Some v -> ev n ram s p f = Some ipa -> 0 <= half -> is_vspace s v = true -> guest_of s v = true -> (forall i, is_link (entry_at s v 3 i) = false) -> 0 <= ipa < IPA_END ->
  ec n ram s p (Not (Rel Eq (Bin Mod (last_entry e f) (Language.N 2)) (Language.N 1))) = Some (match snd (resolve s v ipa) with Leaf _ _ => false | _ => true end).
Proof.
  intros E F Hh V G T P. pose proof (Z.mod_pos_bound (ipa / span 3) N512 eq_refl). pose proof (Z.mod_pos_bound (ipa / span 2) N512 eq_refl). pose proof (Z.mod_pos_bound (ipa / span 1) N512 eq_refl).
  assert (D2 : ipa / span 3 / N512 = ipa / BLOCK) by (rewrite Z.div_div by (discriminate || reflexivity); reflexivity).
  assert (D1 : ipa / BLOCK / N512 = ipa / GIB) by (rewrite Z.div_div by (discriminate || reflexivity); reflexivity).
  assert (R1 : reach s v 1 (ipa / span 1) = true) by reflexivity.
  assert (R2 : reach s v 2 (ipa / span 2) = is_link (entry_at s v 1 (ipa / GIB))) by (unfold reach; cbn [Z.eqb Pos.eqb]; change (span 2) with BLOCK; now rewrite D1).
  assert (R3 : reach s v 3 (ipa / span 3) = is_link (entry_at s v 1 (ipa / GIB)) && is_link (entry_at s v 2 (ipa / BLOCK))) by (unfold reach; cbn [Z.eqb Pos.eqb]; now rewrite D2, D1).
  unfold last_entry, resolve. destruct (is_link (entry_at s v 1 (ipa / GIB))) eqn:L1; [destruct (is_link (entry_at s v 2 (ipa / BLOCK))) eqn:L2|]; cbn [andb] in R3.
  - destruct (entry_odd v 3 (ipa / PAGE) Hh G (T _)) as [W1 W2]. mean. rewrite R3. cbn [let1]. mean. rewrite Z.add_0_r. change (ipa / span 3) with (ipa / PAGE). rewrite has_true by lia. cbn [let1 let2 compare]. now rewrite W2.
  - destruct (entry_odd v 2 (ipa / BLOCK) Hh G L2) as [W1 W2]. mean. rewrite R3, R2. cbn [let1]. mean. rewrite Z.add_0_r. change (ipa / span 2) with (ipa / BLOCK). rewrite has_true by lia. cbn [let1 let2 compare]. now rewrite W2.
  - destruct (entry_odd v 1 (ipa / GIB) Hh G L1) as [W1 W2]. mean. rewrite R3, R2. cbn [let1]. mean. rewrite Z.add_0_r. change (ipa / span 1) with (ipa / GIB). rewrite has_true by lia. cbn [let1 let2 compare]. now rewrite W2. Qed.
Theorem debug_printed c what a x : is_vcpu s c = true -> 0 <= half -> 0 <= what -> 0 <= a -> let v := in_vspace (get (vcp s) c) in
  (v = NONE \/ is_vspace s v = true /\ 0 <= policy (vs s v) /\ (Z.odd (policy (vs s v)) = true -> guest_of s v = true) /\ forall i, is_link (entry_at s v 3 i) = false) ->
  answers n ram s debug_ [("vcpu", c); ("what", what); ("at", a)]%string = answer (vcpu_debug s c what a x).
Proof.
  intros M Hh Pw Pa v H. unfold vcpu_debug. calls M. cbn [Language.checks debug_]. unfold debug_guards. fold v.
  assert (Odd : forall y, Z.odd y = (y mod 2 =? 1)) by (intros y; rewrite Zmod_odd; destruct (Z.odd y); reflexivity). assert (D : 0 <= what / 2) by (now apply Z.div_pos).
  apply (status_step n half st _ (Check _ _)); cbn [when].
  { unfold debuggable. fold v. rewrite negb_andb, negb_involutive, Odd. apply or_means; [mean; reflexivity|]. intros N. apply Z.eqb_neq in N. destruct H as [H|(H & Hp & _)]; [contradiction|].
    apply not_means. mean. reflexivity. }
  intros G1. unfold debuggable in G1. fold v in G1. rewrite negb_andb, negb_involutive in G1. apply orb_false_iff in G1 as [N Po]. apply Z.eqb_neq in N. apply negb_false_iff in Po.
  destruct H as [H|(H & Hp & Hg & Hl)]; [contradiction|]. rewrite Odd. checks; try reflexivity.
  - apply not_means. mean. reflexivity.
  - unfold bits. change B1 with 2. destruct (what mod 2 =? 1) eqn:Em.
    + mean. rewrite ?Em. cbn [let1 negb orb andb]. destruct (SHARED_HALF <=? a); cbn [let1]; [reflexivity|]. mean. rewrite ?Em. reflexivity.
    + mean. rewrite ?Em. cbn [let1 negb orb andb]. mean. rewrite ?Em. cbn [let1 negb orb andb]. mean. destruct (44 <=? a); cbn [let1 orb]; [reflexivity|]. mean. destruct (what / 2 mod 2 =? 1); cbn [let1 andb]; mean; reflexivity.
  - apply and_means; [mean; reflexivity|]. intros _. apply not_means. mean. reflexivity.
  - apply and_means; [mean; reflexivity|]. intros Em. rewrite Em in *. cbv iota in *. apply last_means; first [assumption | (mean; reflexivity) | (now apply Hg) | (unfold SHARED_HALF, IPA_END in *; lia)].
Qed.

(* ---- what attaching and detaching write ---- *)
Definition leaves_streams p := match p with Attach _ _ => False | _ => True end.
Lemma attached_same ps : forall q, Forall leaves_streams ps -> attached (str (ksteps ps q)) = attached (str q).
Proof.
  induction ps as [|p ps IH]; intros q F; [reflexivity|]. inversion_clear F as [|? ? F1 F2]. change (ksteps (p :: ps) q) with (ksteps ps (kstep p q)). rewrite IH by auto.
  destruct p; cbn in F1; try tauto; reflexivity. Qed.
Lemma faults_leave ps : Forall is_fault ps -> Forall leaves_streams ps.
Proof. induction 1 as [|p ps F]; constructor; auto. destruct p; cbn in *; tauto. Qed.
Theorem attach_written stream v es ps : stream_attach s stream v es = Done ps ->
  Forall (fun w => says_of n ram s [("stream", stream); ("vspace", v)]%string w (ksteps ps s)) (writes attach_).
Proof.
  intros E. unfold stream_attach in E. apply call_done in E. destruct E as (M & -> & _). apply andb_true_iff in M as [M1 M2].
  assert (A : domain (ksteps (Attach stream v :: snd (take_events (set (attached (str s)) stream v) s es) ++ [SetFault stream fault_none] ++ (if guest (get (vsp s) v) then [Measure v (MStream stream)] else connect v stream)) s) stream = v).
  { unfold domain. change (ksteps (?p :: ?ps) s) with (ksteps ps (kstep p s)). rewrite attached_same; [cbn [kstep]; fields; now rewrite get_set, Z.eqb_refl|].
    apply Forall_app. split; [apply faults_leave, absorb_faults|]. constructor; [exact Logic.I|]. destruct (guest _); repeat constructor. }
  assert (N : v <> NONE) by (pose proof (vspace_in n s v B M2); lia).
  repeat constructor.
  - exists (PAttached stream), 1. split; [unfold at_; mean; reflexivity|]. split; [reflexivity|]. cbn [read]. rewrite A. destruct (Z.eqb_spec v NONE); [contradiction|reflexivity].
  - exists (PDomain stream), v. split; [unfold at_; mean; reflexivity|]. split; [reflexivity|]. cbn [read]. exact A. Qed.
Theorem detach_written stream v : is_stream stream = true -> domain s stream = v ->
  Forall (fun w => says_of n ram s [("stream", stream); ("vspace", v)]%string w (ksteps (cut stream ++ [InvAll true v; Attach stream NONE]) s)) (writes detach_).
Proof.
  intros M E. repeat constructor. exists (PAttached stream), 0. split; [unfold at_; mean; reflexivity|]. split; [reflexivity|]. cbn [read]. unfold domain, cut. cbn [app ksteps fold_left kstep]. fields. now rewrite get_set, Z.eqb_refl. Qed.
End Printed.
