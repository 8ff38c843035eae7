(* SPDX-License-Identifier: Apache-2.0 *)
(* Confidentiality of a guest V against everybody else together: other guests, tasks with any capabilities, devices, and whoever
   decides what runs when. `released` is the whole list of what V lets out. *)
From Nie Require Export Machine.

Section Hash.
Variables (built : list measured -> list Z) (extended : list (Z * Z) -> list Z).
Notation happen := (happen built extended). Notation trap_effect := (trap_effect built extended). Notation trap_steps_of := (trap_steps_of built extended).
Notation known := (known built extended). Notation trap_regs := (trap_regs built extended). Notation started_regs := (started_regs built extended).
Notation trap_logs := (trap_logs built extended). Notation run := (run built extended). Notation fine_always := (fine_always built extended).

(* ---- what is V's, and what others see ---- *)
Definition owned (V : Z) (s : kern) (g : Z) : Prop :=
  exists f b i z j, get (gran s) f = GPrivate b (Some (V, i)) z /\ 0 <= j < frame_size b /\ g = f + j.
Definition same_to_others (V : Z) (s t : machine) : Prop :=
  k (iso_of s) = k (iso_of t) /\ tlb (iso_of s) = tlb (iso_of t) /\ cfg (iso_of s) = cfg (iso_of t) /\ meas (iso_of s) = meas (iso_of t) /\ todo s = todo t /\
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) /\
  (forall c, space s c <> V -> get (regs s) c = get (regs t) c) /\ (forall st x, held s st x = held t st x) /\
  (forall w, w <> V -> get (logs s) w = get (logs t) w).

Lemma mk_same V s t : k (iso_of s) = k (iso_of t) -> tlb (iso_of s) = tlb (iso_of t) -> cfg (iso_of s) = cfg (iso_of t) -> meas (iso_of s) = meas (iso_of t) -> todo s = todo t ->
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) -> (forall c, space s c <> V -> get (regs s) c = get (regs t) c) ->
  (forall st x, held s st x = held t st x) -> (forall w, w <> V -> get (logs s) w = get (logs t) w) -> same_to_others V s t.
Proof. unfold same_to_others. auto 12. Qed.

(* THE PERMITTED FLOWS out of V. By registers: an exit, which shows its runner what `shown` lists and no other register; the
   steps that V itself asks the kernel for (a CPU on or off, memory given up); what V tells a device; and of a V that agreed to be
   debugged, what a debugger looks at. By memory: what V writes to frames that are not its own, which the event itself says, and
   what V's own devices read: what a device does with it, or whom it obeys, nie does not know. What leaves V is scrubbed. With what
   V extends its measurements is not in the list. Nothing else is. *)
Definition hop_shows (s : machine) (h : hop) : list Z := map snd (shown (get (regs s) (from_ h)) (snd (fst h)) (snd h) 0 0).
Definition exit_of (s : machine) c t : list Z :=
  match then_next (trap_effect s c t) with
  | Goes => [0] | Undefined => [1] | Leaves a d1 d2 d3 => 2 :: map snd (shown (get (regs s) c) a d1 d2 d3) end.
Definition released (V : Z) (e : event) (s : machine) : list Z * list prim :=
  match e with
  | Trap c t => if space s c =? V then (exit_of s c t, trap_steps_of s c t) else ([], [])
  | Settle n now w => (flat_map (fun h => if space s (from_ h) =? V then hop_shows s h else []) (hops (settle_of s n now w)), [])
  | Debug p c what a w =>
      if space s c =? V then match vcpu_debug (k (iso_of s)) c what a w with Done _ => ([debug_answer s c what a], []) | _ => ([], []) end else ([], [])
  | ToDevice c n st x => if space s c =? V then ([reg s c n], []) else ([], [])
  | DeviceReads st v l i n x =>
      if v =? V then match cached (iso_of s) true v l i with Leaf f _ => ([get (mem (iso_of s)) (f + n)], []) | _ => ([], []) end else ([], [])
  | _ => ([], [])
  end.

Lemma owner_known V s f b i z j w l m r : inv s -> get (gran (k s)) f = GPrivate b (Some (V, i)) z -> 0 <= j < frame_size b ->
  live (k s) w = true -> forall u g n, cached s u w l m = Leaf g r -> 0 <= n < leaf_size l -> g + n = f + j -> w = V /\ g = f.
Proof.
  intros J G Hj L u g n C Hn E. pose proof (leaf_right _ _ _ _ _ _ J L (or_intror (ex_intro _ u C))) as R. destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
  assert (X : g = f) by (apply (heads_apart s g f n j); auto; try lia; [rewrite G; auto|unfold is_object; now rewrite G]). subst g.
  unfold okent in R. rewrite G in R. destruct R as (-> & _). auto. Qed.
(* Nobody else's access reaches what is V's. *)
Lemma not_reached V s u w l m r g n : inv s -> live (k s) w = true -> w <> V -> cached s u w l m = Leaf g r -> 0 <= n < leaf_size l -> ~ owned V (k s) (g + n).
Proof. intros J L N C Hn (f & b & i & z & j & G & Hj & E). destruct (owner_known V s f b i z j w l m r J G Hj L u g n C Hn E). auto. Qed.

Lemma page_not_reached V s w l e f r n : inv s -> live (k s) w = true -> w <> V -> entry_at (k s) w l e = Leaf f r -> 0 <= n < leaf_size l -> ~ owned V (k s) (f + n).
Proof.
  intros J L N E Hn (g & b & i & z & j & G & Hj & X). pose proof (leaf_right _ _ _ _ _ _ J L (or_introl E)) as R. destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
  assert (Y : f = g) by (apply (heads_apart s f g n j); auto; try lia; [rewrite G; auto|unfold is_object; now rewrite G]). subst g.
  unfold okent in R. rewrite G in R. destruct R as (-> & _). auto. Qed.

(* A step gives V's granules away only when they are zero. *)
Lemma given_up V p s g : inv s -> okp p s -> guest_of (k s) V = true -> owned V (k s) g -> ~ owned V (kstep p (k s)) g -> get (mem (step p s)) g = 0.
Proof.
  intros J O Gu (f & b & i & z & j & G & Hj & ->) N.
  assert (Keep : get (gran (kstep p (k s))) f = get (gran (k s)) f -> get (mem (step p s)) (f + j) = 0).
  { intros E. exfalso. apply N. exists f, b, i, z, j. rewrite E. auto. }
  destruct p; try (apply Keep; reflexivity).
  - (* SetGran *) cbn [okp] in O. destruct (Z.eq_dec f g) as [->|Nf]; [|apply Keep; cbn [kstep]; fields; rewrite get_set; beq; auto].
    rewrite G in O. destruct x as [| | | | | | |b' [?|] z'| |]; cbn in O; try tauto. destruct O as (-> & _ & Z & Q). cbn [step mem]. apply Z; auto.
  - (* Claim *) cbn [okp] in O. destruct O as (F & -> & No). apply Keep. cbn [kstep]; fields. rewrite get_set, get_fill. pose proof (size_pos x (or_introl No)).
    destruct (Z.eqb_spec f g) as [->|]; [exfalso; specialize (F 0 ltac:(lia)); rewrite Z.add_0_r, G in F; discriminate|].
    destruct ((g <=? f) && (f <? g + size_of x)) eqn:X; auto. exfalso. specialize (F (f - g) ltac:(lia)). replace (g + (f - g)) with f in F by lia. congruence.
  - (* Release *) cbn [okp] in O. destruct O as (-> & U & _). apply Keep. cbn [kstep]; fields. rewrite get_fill.
    destruct ((g <=? f) && (f <? g + size_of (get (gran (k s)) g))) eqn:X; auto. exfalso. destruct (Z.eq_dec f g) as [->|Nf]; [rewrite G in U; cbn in U; tauto|].
    pose proof (tails _ J g (f - g) ltac:(lia)) as T. replace (g + (f - g)) with f in T by lia. congruence.
  - (* NewVspace *) cbn [okp] in O. destruct O as (A & B & _). apply Keep. cbn [kstep]; fields. rewrite !get_set.
    destruct (Z.eqb_spec f v) as [->|]; [congruence|]. destruct (Z.eqb_spec f (v + 1)) as [->|]; [congruence|auto].
  - (* EndVspace *) cbn [okp] in O. destruct O as (L & _). apply Keep. cbn [kstep]; fields. rewrite get_fill. pose proof (roots _ J v L) as R.
    destruct ((v <=? f) && (f <? v + 2)) eqn:X; auto. exfalso. assert (f = v \/ f = v + 1) as [-> | ->] by lia; [|congruence].
    unfold live in L. rewrite G in L. discriminate.
Qed.

(* What a step makes of a granule's content. *)
Definition touch p g old := match p with Scrub a n => if (a <=? g) && (g <? a + n) then 0 else old | Put h j w => if g =? h then put_in old j w else old | _ => old end.
Lemma step_mem p s g : get (mem (step p s)) g = touch p g (get (mem s) g).
Proof. destruct p; try reflexivity. cbn [step mem touch]. rewrite get_set. destruct (Z.eqb_spec g g0) as [->|]; reflexivity. Qed.
Lemma contents_same m m' n : forall f, (forall j, 0 <= j < Z.of_nat n -> get m (f + j) = get m' (f + j)) -> contents m f n = contents m' f n.
Proof.
  induction n as [|n IH]; intros f H; [auto|]. cbn [contents]. f_equal; [specialize (H 0 ltac:(lia)); now rewrite !Z.add_0_r in H|].
  apply IH. intros j Hj. replace (f + 1 + j) with (f + (j + 1)) by lia. apply H. lia. Qed.

Definition is_owned (V : Z) (s : kern) (g : Z) : bool :=
  match get (gran s) g with
  | GPrivate _ (Some (v, _)) _ => v =? V
  | GTail f => match get (gran s) f with GPrivate b (Some (v, _)) _ => (v =? V) && (0 <=? g - f) && (g - f <? frame_size b) | _ => false end
  | _ => false
  end.
Lemma frame_size_pos b : 0 < frame_size b. Proof. unfold frame_size, N512; destruct b; lia. Qed.
Lemma owned_is V s g : inv s -> owned V (k s) g <-> is_owned V (k s) g = true.
Proof.
  intros J. unfold is_owned. split.
  - intros (f & b & i & z & j & G & Hj & ->). destruct (Z.eq_dec j 0) as [->|]; [rewrite Z.add_0_r, G; apply Z.eqb_refl|].
    rewrite (tails _ J f j) by (rewrite G; cbn [size_of]; lia). rewrite G, Z.eqb_refl. lia.
  - destruct (get (gran (k s)) g) as [| | | | | | |b [[v i]|] z| |f] eqn:G; try discriminate.
    + intros E. apply Z.eqb_eq in E. subst v. pose proof (frame_size_pos b). exists g, b, i, z, 0. repeat split; auto; lia.
    + destruct (get (gran (k s)) f) as [| | | | | | |b [[v i]|] z| |] eqn:F; try discriminate. intros E. assert (v = V /\ 0 <= g - f < frame_size b) as [-> H] by lia.
      exists f, b, i, z, (g - f). repeat split; auto; lia. Qed.

Lemma next_same V s t : fine s -> fine t -> guest_of (k (iso_of s)) V = true -> same_to_others V s t -> same_to_others V (happen Next s) (happen Next t).
Proof.
  intros [Js Ss] [Jt St] Gu Q. pose proof Q as (K & T & Cf & M & D & Me & R & Hl & Lo). cbn [Machine.happen]. rewrite <- D. destruct (todo s) as [|p ps] eqn:Td; [auto|].
  rewrite <- D in St. destruct (Ss _ (quiet _)) as [Os _]. destruct (St _ (quiet _)) as [Ot _].
  assert (Kp : k (step p (iso_of s)) = k (step p (iso_of t))) by (rewrite !step_k, K; auto).
  apply mk_same; cbn [iso_of todo]; auto.
  - unfold step, set_tlb. destruct p; cbn [tlb]; rewrite ?K, ?T; auto.
  - unfold step. destruct p; cbn [cfg]; rewrite ?Cf; auto.
  - destruct p; cbn [step meas]; rewrite ?M; auto. f_equal. f_equal. f_equal.
    cbn [okp] in Os. destruct Os as (b & z & G & ->). apply contents_same. intros j Hj. apply Me.
    intros (f' & b' & i' & z' & j' & G' & Hj' & E). pose proof (frame_size_pos b). assert (X : f = f').
    { apply (heads_apart (iso_of s) f f' j j'); auto; try (rewrite ?G, ?G'; cbn [size_of]; lia); unfold is_object; rewrite ?G, ?G'; auto. }
    subst f'. congruence.
  - intros g Ng. rewrite step_k in Ng. destruct (is_owned V (k (iso_of s)) g) eqn:Ow.
    + apply (owned_is V (iso_of s) g Js) in Ow. rewrite (given_up V p (iso_of s) g Js Os Gu Ow Ng). symmetry. apply (given_up V p (iso_of t) g Jt Ot); rewrite <- K; auto.
    + rewrite !step_mem. f_equal. apply Me. intros X. apply (owned_is V (iso_of s) g Js) in X. congruence.
  - intros d. unfold space in *; cbn [iso_of regs]. rewrite step_k. destruct p; cbn [kstep regs_after]; fields; intros Nc; try now apply R.
    unfold space. rewrite <- K. rewrite get_set in Nc. destruct (Z.eqb_spec d c) as [Ec|Nn].
    + subst d. destruct (Z.eqb_spec (in_vspace x) (in_vspace (get (vcp (k (iso_of s))) c))) as [E|E]; [apply R; congruence|now rewrite !get_set, Z.eqb_refl].
    + destruct (_ =? _); [now apply R|]. rewrite !get_set, (proj2 (Z.eqb_neq d c)) by auto. now apply R.
  - intros w Nw. unfold logs_after; cbn [logs]. destruct p; auto; rewrite !get_set; destruct (w =? v); auto. Qed.

(* One register changes, to the same, of a vCPU that is not V's. *)
Lemma set_reg_same V s t c x w w' : (forall d, space s d <> V -> get (regs s) d = get (regs t) d) -> (space s c <> V -> w = w') ->
  forall d, space s d <> V -> get (set_reg (regs s) c x w) d = get (set_reg (regs t) c x w') d.
Proof. intros R W d N. unfold set_reg. rewrite !get_set. destruct (Z.eqb_spec d c) as [->|]; [rewrite (R c N), (W N); auto|now apply R]. Qed.
Lemma pairs_same (l l' : list (Z * Z)) : map fst l = map fst l' -> map snd l = map snd l' -> l = l'.
Proof. revert l'. induction l as [|[a b] l IH]; intros [|[a' b'] l']; cbn; intros A B; try discriminate; auto. injection A as -> A. injection B as -> B. f_equal. auto. Qed.

Lemma found_same s t u v l i w : k s = k t -> tlb s = tlb t -> found s u v l i w = found t u v l i w.
Proof. intros K T. unfold found, cached. rewrite K, T. auto. Qed.
Lemma may_same s t a v : k s = k t -> cfg s = cfg t -> may s a v = may t a v.
Proof. intros K C. unfold may. now rewrite K, C. Qed.

Lemma known_same V s t c tr : same_to_others V s t -> space s c <> V -> known t c tr = known s c tr.
Proof.
  intros (K & _ & _ & M & _ & _ & _ & _ & Lo) N. unfold Machine.known, space in *. rewrite <- K, <- M, (Lo _ N). reflexivity. Qed.
Lemma effect_same V s t c tr : same_to_others V s t -> space s c <> V -> trap_effect t c tr = trap_effect s c tr.
Proof. intros Q N. unfold Machine.trap_effect. rewrite (known_same V s t c tr Q N). destruct Q as (K & _ & _ & _ & _ & _ & R & _). now rewrite K, (R _ N). Qed.
(* Of a trap of V's, nobody else's registers but the runner's. *)
Lemma started_others s c tr d : space s d <> space s c -> get (started_regs s c tr) d = get (regs s) d.
Proof.
  intros N. unfold Machine.started_regs. assert (Nc : d <> c) by congruence. destruct (starts _) as [[[g e] a]|]; [destruct (Z.eqb_spec (space s g) (space s c)) as [Eg|]|];
    rewrite ?get_set, ?(proj2 (Z.eqb_neq d c) Nc); auto. destruct (Z.eqb_spec d g) as [->|]; [congruence|auto]. Qed.

Lemma app_same (a b c d : list Z) : length a = length b -> a ++ c = b ++ d -> a = b /\ c = d.
Proof. revert b. induction a as [|x a IH]; intros [|y b]; cbn; try discriminate; auto. intros L E. injection L as L. injection E as -> E. destruct (IH b L E) as [-> ->]. auto. Qed.
(* An unwinding chain shows others the same, if it does of what V's own vCPUs show. *)
Lemma hops_same V s t hs : same_to_others V s t ->
  flat_map (fun h => if space s (from_ h) =? V then hop_shows s h else []) hs = flat_map (fun h => if space t (from_ h) =? V then hop_shows t h else []) hs ->
  forall r r', (forall d, space s d <> V -> get r d = get r' d) -> forall d, space s d <> V -> get (hop_regs (regs s) hs r) d = get (hop_regs (regs t) hs r') d.
Proof.
  intros Q. pose proof Q as (K & _ & _ & _ & _ & _ & R & _). assert (Sp : forall d, space t d = space s d) by (intros; unfold space; now rewrite K).
  induction hs as [|h hs IH]; intros E r r' Rr; [exact Rr|]. cbn [hop_regs fold_left]. cbn [flat_map] in E. rewrite Sp in E.
  assert (X : shown (get (regs s) (from_ h)) (snd (fst h)) (snd h) 0 0 = shown (get (regs t) (from_ h)) (snd (fst h)) (snd h) 0 0 /\
    flat_map (fun h => if space s (from_ h) =? V then hop_shows s h else []) hs = flat_map (fun h => if space t (from_ h) =? V then hop_shows t h else []) hs).
  { destruct (Z.eqb_spec (space s (from_ h)) V) as [Ev|Nv].
    - apply app_same in E; [|reflexivity]. destruct E as [E1 E2]. split; auto. apply pairs_same; [reflexivity|exact E1].
    - split; [now rewrite (R _ Nv)|exact E]. }
  destruct X as [X1 X2]. apply IH; auto. intros d N. rewrite !get_set. destruct (Z.eqb_spec d (to_ h)) as [->|]; [rewrite X1; f_equal; exact (Rr _ N)|auto]. Qed.

(* Confidentiality, one step: what anybody does, the kernel included, shows others no more of V than `released`. *)
Theorem step_confidential V e s t : fine s -> fine t -> guest_of (k (iso_of s)) V = true -> same_to_others V s t ->
  released V e s = released V e t -> same_to_others V (happen e s) (happen e t).
Proof.
  intros Fs Ft Gu Q Re. pose proof Q as (K & T & Cf & M & D & Me & R & Hl & Lo). destruct e.
  - cbn [Machine.happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q]. destruct (is_plain o); [|exact Q]. rewrite <- K. apply mk_same; cbn [iso_of todo]; auto.
  - now apply next_same.
  - cbn [Machine.happen with_iso]. destruct d as [a v l i wild|u v l i|a v l i n w|st]; unfold with_iso; cbn [deed_step].
    + rewrite <- (found_same _ _ (by_device a) v l i wild K T), <- (may_same _ _ a v K Cf). destruct (may _ a v && is_valid _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. unfold upd_tlb, set_tlb. now rewrite K, T.
    + rewrite <- K. destruct (live _ v); [|exact Q]. apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. unfold upd_tlb, set_tlb. now rewrite K, T.
    + assert (C : cached (iso_of t) (by_device a) v l i = cached (iso_of s) (by_device a) v l i) by (unfold cached; now rewrite K, T). rewrite C, <- (may_same _ _ a v K Cf).
      destruct (cached (iso_of s) (by_device a) v l i); try exact Q. destruct (_ && _ && _ && _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. intros g Ng. rewrite !get_set. destruct (g =? f + n); auto.
    + apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. now rewrite Cf, K.
  - cbn [Machine.happen]. assert (C : cached (iso_of t) false v l i = cached (iso_of s) false v l i) by (unfold cached; now rewrite K, T).
    assert (Sp : space t c = space s c) by (unfold space; now rewrite K). rewrite C, <- K, Sp.
    destruct (cached (iso_of s) false v l i) eqn:Ca; try exact Q. destruct (live _ v && _ && _ && _) eqn:B; [|exact Q].
    rewrite !andb_true_iff in B. destruct B as [[[L Sc] N1] N2]. apply Z.eqb_eq in Sc. assert (Hn : 0 <= n < leaf_size l) by lia.
    unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto. intros Nc. apply Me.
    eapply not_reached; [apply Fs|exact L| |exact Ca|exact Hn]. congruence.
  - cbn [Machine.happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto.
  - (* Trap *) cbn [Machine.happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q].
    assert (Sp : forall d, space t d = space s d) by (intros; unfold space; now rewrite K).
    assert (Rp : runner_of t c = runner_of s c) by (unfold runner_of; now rewrite K).
    cbn [released] in Re. rewrite (Sp c) in Re. destruct (Z.eqb_spec (space s c) V) as [E|N].
    + injection Re as Ex Co. apply mk_same; cbn [iso_of todo]; auto.
      * intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. unfold Machine.trap_regs.
        assert (B : get (started_regs s c t0) d = get (started_regs t c t0) d) by (rewrite !started_others by (rewrite ?Sp; congruence); auto).
        rewrite Rp. unfold exit_of in Ex. destruct (then_next (trap_effect s c t0)) as [| |a1 a2 a3 a4], (then_next (trap_effect t c t0)) as [| |b1 b2 b3 b4]; try discriminate; auto.
        assert (Sh : shown (get (regs s) c) a1 a2 a3 a4 = shown (get (regs t) c) b1 b2 b3 b4) by (apply pairs_same; [reflexivity|exact (f_equal (@tl Z) Ex)]).
        rewrite !get_set. destruct (Z.eqb_spec d (runner_of s c)) as [->|]; [|exact B]. now rewrite Sh, (R _ Nd).
      * intros w Nw. cbn [logs]. unfold Machine.trap_logs. rewrite (Sp c). destruct (extends _) as [[[? ?] ?]|], (extends _) as [[[? ?] ?]|]; rewrite ?get_set, ?(proj2 (Z.eqb_neq w (space s c)) ltac:(congruence)); auto.
    + pose proof (R c N) as Rc. pose proof (effect_same V s t c t0 Q N) as Te.
      apply mk_same; cbn [iso_of todo]; auto; [unfold Machine.trap_steps_of; now rewrite (known_same V s t c t0 Q N), K, Rc| |].
      * intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. unfold Machine.trap_regs, Machine.started_regs.
        rewrite Te, Rp, <- Rc. destruct (starts _) as [[[g e] a]|]; rewrite ?Sp; [destruct (_ =? _)|]; destruct (then_next _); rewrite !get_set;
          repeat match goal with |- context [d =? ?x] => destruct (Z.eqb_spec d x) as [->|] end; auto; now rewrite (R _ Nd).
      * intros w Nw. cbn [logs]. unfold Machine.trap_logs. rewrite Te, (Sp c), <- (Lo _ N). destruct (extends _) as [[[? ?] ?]|]; auto. rewrite !get_set. destruct (w =? space s c); auto.
  - (* Resume *) cbn [Machine.happen]. rewrite <- D, <- K. destruct (todo s) eqn:Td; [|exact Q]. destruct (commit _ _); [exact Q|]. apply mk_same; cbn [iso_of todo]; auto.
    intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. rewrite !get_set. destruct (Z.eqb_spec d c) as [->|]; [now rewrite (R _ Nd)|now apply R].
  - (* Settle *) cbn [Machine.happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q]. cbn [released] in Re. injection Re as Re.
    assert (Se : settle_of t n now w = settle_of s n now w) by (unfold settle_of; now rewrite K). rewrite Se in Re.
    apply mk_same; cbn [iso_of todo]; auto; [now rewrite K|]. intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. unfold settle_regs. rewrite Se.
    pose proof (hops_same V s t _ Q Re (regs s) (regs t) R) as Hs. unfold wake_regs. destruct (woken _) as [[c r]|]; [|now apply Hs].
    rewrite !get_set. destruct (Z.eqb_spec d c) as [->|]; [f_equal; exact (Hs _ Nd)|now apply Hs].
  - (* Debug *) cbn [Machine.happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q].
    assert (Sp : space t c = space s c) by (unfold space; now rewrite K). rewrite Sp, <- K. destruct (live _ _) eqn:L; [|exact Q].
    cbn [released] in Re. rewrite Sp, <- K in Re. destruct (vcpu_debug _ _ _ _ _) as [|e0 n0|ps] eqn:Dc; try exact Q.
    { unfold with_regs. apply mk_same; cbn [iso_of todo]; auto; [congruence|]. intros d Nd. apply (set_reg_same V); auto. }
    apply mk_same; cbn [iso_of todo]; auto. intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs].
    assert (A : debug_answer s c what at_ = debug_answer t c what at_).
    { destruct (Z.eqb_spec (space s c) V) as [E|N]; [now injection Re|]. unfold debug_answer, debug_tells. rewrite <- K, (R _ N).
      unfold vcpu_debug in Dc. apply call_done in Dc. destruct Dc as (_ & _ & Gs). unfold debug_looks, debug_guards in *. destruct (Z.odd what) eqn:O; auto.
      fold (space s c) in *. destruct (resolve (k (iso_of s)) (space s c) at_) as [l e] eqn:Rs. cbn [snd forallb andb] in Gs.
      destruct e; try (rewrite !andb_true_iff in Gs; exfalso; destruct Gs as (_ & _ & _ & _ & _ & X & _); discriminate).
      destruct (page_mapped _ _ _ _ _ _ (proj1 Fs) Rs) as [P1 P2]. rewrite Me; auto. eapply page_not_reached; eauto. apply Fs. }
    unfold debug_regs. rewrite <- K, <- A. destruct (Z.eqb_spec (space s c) V) as [E|N].
    + assert (Nc : d <> c) by congruence. rewrite !get_set. destruct (Z.eqb_spec d p) as [->|]; rewrite ?(proj2 (Z.eqb_neq _ _) Nc); [f_equal; exact (R _ Nd)|auto].
    + pose proof (R _ N) as Rc. pose proof (R _ Nd) as Rd.
      assert (X : debug_sets (k (iso_of s)) c what at_ w (get (regs s) c) = debug_sets (k (iso_of s)) c what at_ w (get (regs t) c)) by (f_equal; exact Rc).
      rewrite !get_set, X. destruct (Z.eqb_spec d p) as [->|]; destruct (_ =? c); auto; f_equal; exact Rd.
  - (* Measured *) cbn [Machine.happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. rewrite <- M, !get_set.
    destruct (Z.eqb_spec d p) as [->|]; [f_equal; exact (R _ Nd)|auto].
  - cbn [Machine.happen]. assert (C : cached (iso_of t) true v l i = cached (iso_of s) true v l i) by (unfold cached; now rewrite K, T).
    rewrite C, <- (may_same _ _ st v K Cf). cbn [released] in Re. rewrite C in Re. destruct (cached (iso_of s) true v l i) eqn:Ca; try exact Q.
    destruct (by_device st && may _ st v && _ && _) eqn:B; [|exact Q]. rewrite !andb_true_iff in B. destruct B as [[[By My] N1] N2]. assert (Hn : 0 <= n < leaf_size l) by lia.
    unfold with_holds. apply mk_same; cbn [iso_of todo]; auto. intros d y. unfold held in *; cbn [holds] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d st) as [->|]; [|apply Hl]. rewrite !get_set. destruct (y =? x); [|apply Hl].
    destruct (Z.eqb_spec v V) as [->|Nv]; [now injection Re|]. apply Me. destruct (may_live _ _ _ (proj1 Fs) My) as [L _]. eapply not_reached; [apply Fs|exact L|exact Nv|exact Ca|exact Hn].
  - cbn [Machine.happen]. unfold with_holds. apply mk_same; cbn [iso_of todo]; auto. intros d y. unfold held in *; cbn [holds] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d st) as [->|]; [|apply Hl]. rewrite !get_set. destruct (y =? x); [auto|apply Hl].
  - cbn [Machine.happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto.
  - cbn [Machine.happen]. assert (Sc : space t c = space s c) by (unfold space; now rewrite K). cbn [released] in Re. rewrite Sc in Re.
    unfold with_holds. apply mk_same; cbn [iso_of todo]; auto. intros d y. unfold held in *; cbn [holds] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d st) as [->|]; [|apply Hl]. rewrite !get_set. destruct (y =? x); [|apply Hl]. destruct (Z.eqb_spec (space s c) V); [now injection Re|]. unfold reg. now rewrite R. Qed.

(* ---- what V does with its own secrets, nobody notices ---- *)
Definition silent (V : Z) (e : event) (s : machine) : Prop :=
  match e with
  | Compute c _ _ => space s c = V
  | FromDevice _ _ c _ => space s c = V
  | Read v _ _ _ c _ => space s c = V
  | Deed (Write a v l i n _) => v = V /\ match cached (iso_of s) (by_device a) v l i with Leaf f _ => is_private (k (iso_of s)) f = true | _ => True end
  | _ => False
  end.
Lemma same_refl V s : same_to_others V s s. Proof. apply mk_same; auto. Qed.
Lemma same_sym V s t : same_to_others V s t -> same_to_others V t s.
Proof. intros (K & T & Cf & M & D & Me & R & Hl & Lo). apply mk_same; auto; [intros g; rewrite <- K; symmetry; auto| |intros w N; symmetry; auto]. intros c N. symmetry. apply R. unfold space in *. now rewrite K. Qed.
Lemma same_trans V s t u : same_to_others V s t -> same_to_others V t u -> same_to_others V s u.
Proof.
  intros (K & T & Cf & M & D & Me & R & Hl & Lo) (K' & T' & Cf' & M' & D' & Me' & R' & Hl' & Lo'). apply mk_same; try congruence.
  - intros g N. rewrite Me by auto. apply Me'. now rewrite <- K. - intros c N. rewrite R by auto. apply R'. unfold space in *. now rewrite <- K.
  - intros w N. rewrite Lo by auto. auto. Qed.
Theorem silence V e s : fine s -> silent V e s -> same_to_others V s (happen e s).
Proof.
  intros [J _] Si. destruct e; cbn [silent] in Si; try tauto; cbn [Machine.happen].
  - destruct d as [| |a v l i n w|]; try tauto. destruct Si as [-> P]. unfold with_iso; cbn [deed_step]. destruct (cached (iso_of s) (by_device a) V l i) eqn:C; try exact (same_refl V s).
    destruct (may _ a V && _ && _ && _) eqn:B; [|exact (same_refl V s)]. rewrite !andb_true_iff in B. destruct B as [[[My _] N1] N2]. assert (Hn : 0 <= n < leaf_size l) by lia.
    destruct (may_live _ _ _ J My) as [L _].
    apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. intros g Ng. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso. apply Ng.
    pose proof (leaf_right _ _ _ _ _ _ J L (or_intror (ex_intro _ _ C))) as Rt. destruct (leaf_frame _ _ _ _ _ _ Rt) as [S1 _]. unfold is_private in P. cbn in Rt.
    destruct (get (gran (k (iso_of s))) f) as [| | | | | | |b [[v' i']|] z| |] eqn:G; try discriminate; try tauto. destruct Rt as (-> & _). exists f, b, i', z, n. repeat split; auto; cbn [size_of] in S1; lia.
  - destruct (cached _ _ _ _ _); try exact (same_refl V s). destruct (_ && _ && _ && _); [|exact (same_refl V s)]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto.
    intros y N. cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto].
  - unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros y N. cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto].
  - unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros y N. cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto]. Qed.

(* Two runs that others cannot tell apart: the same events but for silent ones, which may differ in any way, while V is a guest. *)
Inductive alike (V : Z) : machine -> machine -> list event -> list event -> Prop :=
| both_end s t : alike V s t [] []
| both e s t es fs : guest_of (k (iso_of s)) V = true -> released V e s = released V e t ->
    alike V (happen e s) (happen e t) es fs -> alike V s t (e :: es) (e :: fs)
| left_only e s t es fs : silent V e s -> alike V (happen e s) t es fs -> alike V s t (e :: es) fs
| right_only e s t es fs : silent V e t -> alike V s (happen e t) es fs -> alike V s t es (e :: fs).
(* Confidentiality, as a theorem about traces. *)
Theorem confidentiality V s t es fs : alike V s t es fs -> fine s -> fine t -> same_to_others V s t -> same_to_others V (run es s) (run fs t).
Proof.
  induction 1; intros Fs Ft Q; cbn [run]; auto.
  - apply IHalike; try now apply fine_always. now apply step_confidential.
  - apply IHalike; auto; [now apply fine_always|]. eapply same_trans; [apply same_sym, silence|]; eauto.
  - apply IHalike; auto; [now apply fine_always|]. eapply same_trans; [eassumption|now apply silence]. Qed.
End Hash.
