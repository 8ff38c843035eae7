(* SPDX-License-Identifier: Apache-2.0 *)
(* What is printed for Frama-C (Contracts.v) is well defined and says what Calls.v says, in every state that can be reached: what a
   call answers, and what it writes. So the theorems about the calls are about what WP proves of the C. *)
From Nie Require Export Contracts Bounds.

Definition code_ (o : option (Z * Z)) : Z := match o with Some e => number e | None => 0 end.
Definition answer (o : outcome) : option Z := match o with Stop => None | Err e a => Some (number (e, a)) | Done _ => Some 0 end.
Lemma answer_call must gs ps : must = true -> answer (call must gs ps) = Some (code_ (first gs)).
Proof. intros ->. unfold call. destruct (first gs) as [[? ?]|]; reflexivity. Qed.

Lemma has_true b A (x : A) : b = true -> has b x = Some x. Proof. intros ->. reflexivity. Qed.
Lemma access_odd r : exists m, access_bits r = 2 * m + 1.
Proof. unfold access_bits. exists ((flag (Z.testbit r 0) 32 + flag (Z.testbit r 1) 64 + flag (negb (Z.testbit r 2)) 9007199254740992 + 512)).
  destruct (Z.testbit r 0), (Z.testbit r 1), (Z.testbit r 2); reflexivity. Qed.
Lemma word_valid h l e : is_valid e = true -> exists m, word_of (2 * h) l e = 2 * m + 1.
Proof.
  destruct e; cbn [is_valid]; try discriminate; intros _; cbn [word_of]; unfold address, PAGE.
  - exists (h + t * 2048 + 1). lia.
  - destruct (access_odd r) as [m ->]. exists (h + f * 2048 + m + 414 + flag (negb (l =? 2)) 1). destruct (negb (l =? 2)); unfold flag; lia.
  - destruct (access_odd r) as [m ->]. exists (p * 2048 + m + 3). lia. Qed.
Lemma word_empty h l e : (word_of (2 * h) l e =? 0) = is_empty e.
Proof. destruct (is_valid e) eqn:V; [destruct (word_valid h l e V) as [m ->]|]; destruct e; try discriminate; cbn [is_empty]; try reflexivity; apply Z.eqb_neq; lia. Qed.
Lemma word_ram h l e : (word_of (2 * h) l e =? 8) = is_ram e.
Proof. destruct (is_valid e) eqn:V; [destruct (word_valid h l e V) as [m ->]|]; destruct e; try discriminate; cbn [is_ram]; try reflexivity; apply Z.eqb_neq; lia. Qed.
Lemma flag_true b : (flag b 1 =? 0) = negb b. Proof. destruct b; reflexivity. Qed.
Lemma life_dying s v : (3 <=? life_number (living (vs s v))) = is_dying s v. Proof. unfold is_dying. destruct (living (vs s v)); reflexivity. Qed.
Lemma life_building s v : (life_number (living (vs s v)) =? 0) = is_building s v. Proof. unfold is_building. destruct (living (vs s v)); reflexivity. Qed.
Lemma life_active s v : (life_number (living (vs s v)) =? 1) = is_active s v. Proof. unfold is_active. destruct (living (vs s v)); reflexivity. Qed.
Lemma power_none s c : (power_number (powered (get (vcp s) c)) =? 0) = match powered (get (vcp s) c) with Unconfigured => true | _ => false end.
Proof. destruct (powered (get (vcp s) c)); reflexivity. Qed.
Lemma span_pos l : 0 < span l. Proof. unfold span, GIB, BLOCK, PAGE. repeat destruct (_ =? _); lia. Qed.

(* One equation for each constructor. *)
Global Arguments ev : simpl never. Global Arguments ec : simpl never.
Section Equations.
Variables (n ram : Z) (s : kern) (p : list (string * Z)).
Notation ev := (ev n ram s p). Notation ec := (ec n ram s p).
Lemma ev_N z : ev (Language.N z) = Some z. Proof. reflexivity. Qed.
Lemma ev_K x : ev (K x) = look constants x. Proof. reflexivity. Qed.
Lemma ev_V x : ev (V x) = look p x. Proof. reflexivity. Qed.
Lemma ev_owner g : ev (Owner g) = let1 (ev g) (fun g => has (inside n g) (owner_of (get (gran s) g))). Proof. reflexivity. Qed.
Lemma ev_life v : ev (Life v) = let1 (ev v) (fun v => has (seen n s v) (life_number (living (vs s v)))). Proof. reflexivity. Qed.
Lemma ev_guest v : ev (Guest v) = let1 (ev v) (fun v => has (seen n s v) (flag (is_guest s v) 1)). Proof. reflexivity. Qed.
Lemma ev_member v i : ev (Member v i) = let2 (ev v) (ev i) (fun v i => has (seen n s v && (0 <=? i) && (i <? 8)) (get (vcpus (vs s v)) i)). Proof. reflexivity. Qed.
Lemma ev_power c : ev (Power c) = let1 (ev c) (fun c => has (inside n c && is_vcpu s c) (power_number (powered (get (vcp s) c)))). Proof. reflexivity. Qed.
Lemma ev_serial g : ev (Serial g) = let1 (ev g) (fun g => has (0 <=? g) (serial_of s g)). Proof. reflexivity. Qed.
Lemma ev_span l : ev (Span l) = let1 (ev l) (fun l => has (is_level l) (span l)). Proof. reflexivity. Qed.
Lemma ev_index a l : ev (Index a l) = let2 (ev a) (ev l) (fun a l => has (is_ipa a && is_level l) (a / span l mod N512)). Proof. reflexivity. Qed.
Lemma ev_level f : ev (Level f) = let1 (ev f) (fun f => has (inside n f) (frame_level (is_block s f))). Proof. reflexivity. Qed.
Lemma ev_address g : ev (Address g) = let1 (ev g) (fun g => Some (address ram g)). Proof. reflexivity. Qed.
Lemma ev_entry v a l j : ev (Entry v a l j) = let2 (ev v) (ev a) (fun v a => let2 (ev l) (ev j) (fun l j =>
      has (seen n s v && is_ipa a && is_level l && reach s v l (a / span l) && (0 <=? j) && (a / span l mod N512 + j <? N512))
          (word_of ram l (entry_at s v l (a / span l + j))))). Proof. reflexivity. Qed.
Lemma ev_bin o a b : ev (Bin o a b) = let2 (ev a) (ev b) (bin o). Proof. reflexivity. Qed.
Lemma ev_if c a b : ev (If c a b) = let1 (ec c) (fun c => if c then ev a else ev b). Proof. reflexivity. Qed.
Lemma ec_rel r a b : ec (Rel r a b) = let2 (ev a) (ev b) (fun x y => Some (compare r x y)). Proof. reflexivity. Qed.
Lemma ec_reach v a l : ec (Reach v a l) = let2 (ev v) (ev a) (fun v a => let1 (ev l) (fun l =>
      has (seen n s v && is_ipa a && is_level l) (reach s v l (a / span l)))). Proof. reflexivity. Qed.
Lemma ec_scrubbed f : ec (Scrubbed f) = let1 (ev f) (fun f => has (inside n f && is_private s f) (is_scrubbed s f)). Proof. reflexivity. Qed.
Lemma ec_bit i a : ec (Bit i a) = let1 (ev a) (fun x => has (0 <=? x) (Z.testbit x i)). Proof. reflexivity. Qed.
Lemma ec_not a : ec (Not a) = let1 (ec a) (fun b => Some (negb b)). Proof. reflexivity. Qed.
Lemma ec_and a b : ec (And a b) = let1 (ec a) (fun x => if x then ec b else Some false). Proof. reflexivity. Qed.
Lemma ec_or a b : ec (Or a b) = let1 (ec a) (fun x => if x then Some true else ec b). Proof. reflexivity. Qed.
End Equations.
Global Hint Rewrite ev_N ev_K ev_V ev_owner ev_life ev_guest ev_member ev_power ev_serial ev_span ev_index ev_level ev_address ev_entry ev_bin ev_if
  ec_rel ec_reach ec_scrubbed ec_bit ec_not ec_and ec_or : meaning.

Section Printed.
Variables (n half : Z) (st : iso).
Let ram := 2 * half.
Let s := k st.
Variables (small : n <= NONE) (I : inv st) (B : bounded n s).

Lemma seen_true v : is_vspace s v = true -> seen n s v = true.
Proof. intros V. unfold seen, inside. rewrite V. pose proof (vspace_in n s v B V). lia. Qed.
Lemma inside_true g : get (gran s) g <> GKernel -> inside n g = true.
Proof. intros H. pose proof (proj1 (B g) H). unfold inside. lia. Qed.
Lemma private_inside f : is_private s f = true -> inside n f = true.
Proof. intros H. apply inside_true. unfold is_private in H. intros K. rewrite K in H. discriminate. Qed.
Lemma shared_inside f : is_shared s f = true -> inside n f = true.
Proof. intros H. apply inside_true. unfold is_shared in H. intros K. rewrite K in H. discriminate. Qed.
Lemma table_inside f : is_table s f = true -> inside n f = true.
Proof. intros H. apply inside_true. unfold is_table in H. intros K. rewrite K in H. discriminate. Qed.
Lemma vcpu_inside f : is_vcpu s f = true -> inside n f = true.
Proof. intros H. apply inside_true. unfold is_vcpu in H. intros K. rewrite K in H. discriminate. Qed.

Lemma status_step p c cs b gs : ec n ram s p (when c) = Some b -> (b = false -> status n ram s p cs = Some (code_ (first gs))) ->
  status n ram s p (c :: cs) = Some (code_ (first ((says c, b) :: gs))).
Proof. intros E N. cbn [status first]. rewrite E. destruct b; cbn [let1]; [reflexivity|auto]. Qed.

(* Reads evaluate where their granule is what is meant. *)
Ltac true_by := first [assumption | reflexivity | apply seen_true; assumption | apply private_inside; assumption | apply shared_inside; assumption
  | apply table_inside; assumption | apply vcpu_inside; assumption
  | unfold is_level, is_ipa, inside; lia].
Ltac conj_true := rewrite ?andb_true_iff; repeat split; true_by.
Ltac known := repeat match goal with H : ev _ _ _ _ _ = Some _ |- _ => rewrite H | H : ec _ _ _ _ _ = Some _ |- _ => rewrite H end.
Ltac mean := cbn [when says]; unfold entry_; repeat (autorewrite with meaning; known;
  cbn [let1 let2 compare bin look constants String.eqb Ascii.eqb Bool.eqb negb andb orb]; try rewrite has_true by conj_true).

Lemma map_means p ve ie le me v ipa l m : ev n ram s p ve = Some v -> ev n ram s p ie = Some ipa -> ev n ram s p le = Some l -> ec n ram s p me = Some m ->
  is_vspace s v = true -> 0 <= ipa -> 2 <= l <= 3 ->
  status n ram s p (map_checks ve ie le me) = Some (code_ (first (map_guards s v ipa l m))).
Proof.
  intros E1 E2 E3 E4 V P L. unfold map_checks, map_guards. pose proof (span_pos l).
  apply (status_step p (Check _ _)). { mean. reflexivity. } intros G1.
  apply (status_step p (Check _ _)). { mean. reflexivity. } intros G2.
  apply (status_step p (Check _ _)). { mean. rewrite flag_true, negb_involutive. destruct (is_guest s v); reflexivity. } intros G3.
  apply (status_step p (Check _ _)). { mean. reflexivity. } intros G4.
  apply (status_step p (Check _ _)). { mean. now rewrite life_dying. } intros G5.
  apply (status_step p (Check _ _)). { mean. reflexivity. } intros G6. apply negb_false_iff in G6.
  apply (status_step p (Check _ _)). { mean. pose proof (Z.mod_pos_bound (ipa / span l) N512 eq_refl). rewrite has_true by conj_true. mean. rewrite Z.add_0_r. unfold ram. now rewrite word_empty. }
  reflexivity. Qed.
Ltac checks := repeat (apply (status_step _ (Check _ _)); [mean|let G := fresh "G" in intros G; rewrite ?andb_true_iff, ?negb_false_iff, ?negb_true_iff in G]).
Lemma index_small x : 0 <= x mod N512 < N512. Proof. now apply Z.mod_pos_bound. Qed.
Lemma level_is f : frame_level (is_block s f) = 2 \/ frame_level (is_block s f) = 3. Proof. destruct (is_block s f); auto. Qed.
Lemma owner_none f : is_private s f = true -> (owner_of (get (gran s) f) =? NONE) = negb (is_mapped s f).
Proof.
  intros P. unfold is_private, is_mapped, place in *. pose proof (proj2 (B f)) as O.
  destruct (get (gran s) f) as [| | | | | | |b [[v i]|] z| |]; try discriminate; [|reflexivity]. cbn in *. apply Z.eqb_neq. lia. Qed.
Lemma owner_linked t : is_table s t = true -> (owner_of (get (gran s) t) =? NONE) = negb (is_linked s t).
Proof.
  intros P. unfold is_table, is_linked in *. pose proof (proj2 (B t)) as O.
  destruct (get (gran s) t) as [| | |[[[v l] i]|]| | | | | |]; try discriminate; [|reflexivity]. cbn in *. apply Z.eqb_neq. lia. Qed.
Lemma answers_status c p x : at_last c = None -> status n ram s p (checks c) = Some x -> answers n ram s c p = Some x.
Proof. intros L E. unfold answers. rewrite L, E. cbn [let1]. destruct (Z.eqb_spec x 0) as [->|]; reflexivity. Qed.
Ltac calls M := rewrite (answer_call _ _ _ M); rewrite ?andb_true_iff, ?negb_true_iff in M; split_all; apply answers_status; [reflexivity|].

Theorem map_private_printed f v ipa r (M : (is_private s f && is_vspace s v && negb (is_guest s v)) = true) : 0 <= ipa ->
  answers n ram s map_private_ [("frame", f); ("vspace", v); ("ipa", ipa)]%string = answer (map_private s f v ipa r).
Proof.
  intros P. unfold map_private. calls M. destruct (level_is f); cbn [checks map_private_];
    (apply map_means; [mean; reflexivity|mean; reflexivity|mean; reflexivity|mean; now rewrite owner_none, negb_involutive|auto|auto|lia]). Qed.
Theorem map_shared_printed f v ipa r (M : (is_shared s f && is_vspace s v) = true) : 0 <= ipa ->
  answers n ram s map_shared_ [("frame", f); ("vspace", v); ("ipa", ipa)]%string = answer (map_shared s f v ipa r).
Proof.
  intros P. unfold map_shared. calls M. destruct (level_is f); cbn [checks map_shared_];
    (apply map_means; [mean; reflexivity|mean; reflexivity|mean; reflexivity|mean; reflexivity|auto|auto|lia]). Qed.
Theorem map_device_printed q v ipa r (M : (is_vspace s v && negb (is_guest s v)) = true) : 0 <= ipa ->
  answers n ram s map_device_ [("vspace", v); ("ipa", ipa)]%string = answer (map_device s q v ipa r).
Proof.
  intros P. unfold map_device. calls M. cbn [checks map_device_].
  apply map_means; [mean; reflexivity|mean; reflexivity|mean; reflexivity|mean; reflexivity|auto|auto|lia]. Qed.
Theorem map_printed v ipa l m : is_vspace s v = true -> 0 <= ipa -> 2 <= l <= 3 ->
  answers n ram s map_ [("vspace", v); ("ipa", ipa); ("level", l); ("mapped", flag m 1)]%string = Some (code_ (first (map_guards s v ipa l m))).
Proof.
  intros V P L. apply answers_status; [reflexivity|]. cbn [checks map_]. apply map_means; [mean; reflexivity|mean; reflexivity|mean; reflexivity|mean|auto|auto|auto].
  now rewrite flag_true, negb_involutive. Qed.

Theorem map_table_printed t v ipa level (M : (is_table s t && is_vspace s v) = true) : 0 <= ipa -> 0 <= level ->
  answers n ram s map_table_ [("table", t); ("vspace", v); ("ipa", ipa); ("level", level)]%string = answer (map_table s t v ipa level).
Proof.
  intros P L. unfold map_table. calls M. cbn [checks map_table_]. unfold map_table_guards. pose proof (span_pos (level - 1)).
  checks; try reflexivity.
  - destruct (level =? 2); reflexivity.
  - now rewrite owner_linked, negb_involutive.
  - now rewrite life_dying.
  - pose proof (index_small (ipa / span (level - 1))). mean. rewrite Z.add_0_r. unfold ram. rewrite word_empty, word_ram. destruct (is_empty _); reflexivity. Qed.

Theorem donate_printed f v ipa r (M : (is_private s f && agrees s f && is_vspace s v && is_guest s v) = true) : 0 <= ipa ->
  answers n ram s donate_ [("frame", f); ("vspace", v); ("ipa", ipa)]%string = answer (donate s f v ipa r).
Proof.
  intros P. unfold donate. calls M. cbn [checks donate_]. unfold donate_guards. pose proof (span_pos (frame_level (is_block s f))). pose proof (level_is f).
  assert (O : match place s f with Some (w, _) => is_vspace s w = true | None => True end).
  { unfold place, agrees in *. destruct (get (gran s) f) as [| | | | | | |b [[w i]|] z| |]; auto. destruct (is_vspace s w) eqn:V; auto.
    change (is_vspace s w) with (live s w) in V. rewrite (unborn _ I w _ i V) in *. discriminate. }
  assert (Ow : owner_of (get (gran s) f) = match place s f with Some (w, _) => w | None => NONE end).
  { unfold is_private, place in *. destruct (get (gran s) f) as [| | | | | | |b [[w i]|] z| |]; try discriminate; reflexivity. }
  checks; try reflexivity.
  - rewrite owner_none by assumption. unfold is_mapped. rewrite Ow. destruct (place s f) as [[w i]|]; cbn [negb]; [|reflexivity]. mean.
    now rewrite flag_true, negb_involutive.
  - rewrite life_building, life_active. destruct (is_building s v); reflexivity.
  - rewrite life_building. destruct (is_building s v); cbn [negb andb]; mean; reflexivity.
  - pose proof (index_small (ipa / span (frame_level (is_block s f)))). mean. rewrite Z.add_0_r. unfold ram. rewrite word_empty, word_ram. destruct (is_empty _); reflexivity.
  - pose proof (index_small (ipa / span (frame_level (is_block s f)))). rewrite life_building. destruct (is_building s v); [reflexivity|]. mean. rewrite Z.add_0_r. unfold ram. now rewrite word_ram. Qed.

Theorem activate_printed v q (M : (is_vspace s v && is_guest s v) = true) : 0 <= q ->
  answers n ram s activate_ [("vspace", v); ("policy", q)]%string = answer (activate s v q).
Proof.
  intros P. unfold activate. calls M. cbn [checks activate_]. unfold activate_guards. checks; try reflexivity.
  - rewrite life_building. destruct (is_building s v); reflexivity. Qed.

Theorem configure_printed c v i cs e a stack (M : (is_vcpu s c && is_vspace s v) = true) : 0 <= i < 8 -> 0 <= e -> 0 <= stack ->
  answers n ram s configure_ [("vcpu", c); ("vspace", v); ("index", i); ("entry", e); ("stack", stack)]%string = answer (configure s c v i cs e a stack).
Proof.
  intros P E S. unfold configure. calls M. cbn [checks configure_]. unfold configure_guards. checks; try reflexivity.
  - rewrite power_none. destruct (powered _); reflexivity.
  - now rewrite life_building.
  - rewrite flag_true, negb_involutive. destruct (is_guest s v); cbn [negb]; [destruct (stack =? 0)|]; reflexivity. Qed.

Lemma forallb_ext A (f g : A -> bool) l : (forall x, f x = g x) -> forallb f l = forallb g l.
Proof. intros H. induction l; cbn; [auto|]. now rewrite H, IHl. Qed.
Lemma some_means p a (f : nat -> bool) js : (forall j, In j js -> ec n ram s ((behind a, Z.of_nat j) :: p) (one_of a) = Some (f j)) ->
  some_of n ram s p a js = Some (negb (forallb (fun j => negb (f j)) js)).
Proof.
  induction js as [|j js IH]; intros H; [reflexivity|]. cbn [some_of forallb]. rewrite (H j) by now left. cbn [let1]. rewrite IH by (intros; apply H; now right).
  cbn [let1]. destruct (f j); reflexivity. Qed.
Theorem expect_ram_printed v ipa b c (M : (is_vspace s v && is_guest s v) = true) : 0 <= ipa -> 0 <= c ->
  answers n ram s expect_ram_ [("vspace", v); ("ipa", ipa); ("size_bits", b); ("count", c)]%string = answer (expect_ram s v ipa b c).
Proof.
  intros P C. unfold expect_ram. rewrite (answer_call _ _ _ M). rewrite andb_true_iff in M; split_all. unfold expect_ram_guards, answers. cbn [checks expect_ram_ at_last].
  set (l := if b =? 12 then 3 else 2). pose proof (span_pos l). assert (L : l = 2 \/ l = 3) by (subst l; destruct (b =? 12); auto).
  remember (If (Rel Eq (V "size_bits"%string) (Language.N 12)) (Language.N 3) (Language.N 2)) as E eqn:EE.
  assert (El : forall q, look q "size_bits"%string = Some b -> ev n ram s q E = Some l).
  { intros q Q. subst E. mean. rewrite Q. cbn [let2 let1 compare]. subst l. destruct (b =? 12); reflexivity. }
  clear EE. clearbody l. pose proof (El _ (eq_refl : look [("vspace", v); ("ipa", ipa); ("size_bits", b); ("count", c)]%string "size_bits"%string = Some b)) as Ep.
  pose proof (index_small (ipa / span l)) as Ix.
  match goal with |- context [first [?g1; ?g2; ?g3; ?g4; ?g5; ?g6; ?g7; ?g8]] => set (gs := [g1; g2; g3; g4; g5; g6; g7]); set (g := g8) end.
  match goal with |- context [status n ram s ?p ?cs] => assert (S : status n ram s p cs = Some (code_ (first gs))) end.
  { subst gs. checks; try reflexivity.
    - destruct (b =? 12); reflexivity.
    - destruct (c =? 0); [reflexivity|]. cbn [orb]. mean. reflexivity.
    - now rewrite life_building. }
  rewrite S. cbn [let1]. subst gs g. cbn [first].
  repeat match goal with |- context [if ?x then Some _ else _] => destruct x eqn:?; [reflexivity|] end. cbn [code_ Z.eqb].
  rewrite ?negb_false_iff, ?negb_true_iff in *.
  clear S. unfold exists_. cbn [count_of any_says]. rewrite ev_V. cbn [look String.eqb Ascii.eqb Bool.eqb let1].
  erewrite (some_means _ _ (fun j => negb (is_empty (entry_at s v l (ipa / span l + Z.of_nat j))))).
  - cbn [let1]. rewrite Z.min_l by (unfold N512 in *; lia). f_equal.
    rewrite (forallb_ext _ _ (fun j => is_empty (entry_at s v l (ipa / span l + Z.of_nat j)))) by (intros; now rewrite negb_involutive).
    destruct (forallb _ _); reflexivity.
  - intros j J. apply in_seq in J. cbn [behind one_of]. pose proof (El (("j"%string, Z.of_nat j) :: _) (eq_refl : look (("j", Z.of_nat j) :: [("vspace", v); ("ipa", ipa); ("size_bits", b); ("count", c)])%string "size_bits"%string = Some b)) as Ej.
    mean. unfold ram. now rewrite word_empty. Qed.
End Printed.
