(* SPDX-License-Identifier: Apache-2.0 *)
(* Integrity and confidentiality of a guest V against everybody else together: other guests, tasks with any capabilities,
   devices, and whoever decides what runs when. `released` is the whole list of what V lets out. *)
From Nie Require Export Reachable.

(* The machine while it runs: registers of vCPUs, what devices hold, and the steps that the call in progress has still to take. *)
Record machine := mkM { iso_of : iso; regs : tmap (tmap Z); holds : tmap (tmap Z); todo : list prim }.

Inductive event :=
| Begin (o : op)                   (* the authority layer lets a call through, or a guest makes one *)
| Next                             (* the kernel takes its next step *)
| Deed (d : deed)                  (* a walk, an eviction, a write *)
| Read (v l i n c x : Z)           (* vCPU c of v reads granule n of what a cached leaf maps into its register x *)
| Compute (c x w : Z)              (* vCPU c sets its register x: any computation of its own *)
| Trap (c : Z) (t : trap)          (* vCPU c traps: the kernel answers it, or shows its runner an exit *)
| Resume (p c until reply l1 l2 l3 flags : Z) (* p runs c, with its reply to c's exit and c's virtual interrupts *)
| DeviceReads (st v l i n x : Z)   (* a device reads granule n of what its cached leaf maps into its own x *)
| DeviceComputes (st x w : Z)      (* a device does whatever it does, or hears something from outside *)
| FromDevice (st x c n : Z)        (* vCPU c reads a register of the device *)
| ToDevice (c n st x : Z).         (* vCPU c writes one *)

Definition reg (s : machine) c x := get (get (regs s) c) x.
Definition set_reg (r : tmap (tmap Z)) c x w := set r c (set (get r c) x w).
Definition held (s : machine) st x := get (get (holds s) st) x.
Definition with_iso s i := mkM i (regs s) (holds s) (todo s).
Definition with_regs s r := mkM (iso_of s) r (holds s) (todo s).
Definition with_holds s h := mkM (iso_of s) (regs s) h (todo s).
Definition space (s : machine) c := in_vspace (get (vcp (k (iso_of s))) c).

(* A vCPU that comes to a VSpace begins with zeroes, and what it had when it leaves is nobody's. (The kernel zeroes the
   registers of one that lost its VSpace when the vCPU is destroyed; it does not run before.) *)
Definition regs_after (p : prim) (s : machine) : tmap (tmap Z) :=
  match p with
  | SetVcpu c x => if in_vspace x =? space s c then regs s else set (regs s) c (init 0)
  | _ => regs s
  end.

(* Registers after a trap: the vCPU's own, of the one that it starts, and of its runner if it leaves. *)
Definition trap_effect (s : machine) c t := trapped (k (iso_of s)) c t (get (regs s) c).
Definition runner_of (s : machine) c := runner (get (vcp (k (iso_of s))) c).
Definition trap_regs (s : machine) c t : tmap (tmap Z) :=
  let e := trap_effect s c t in
  let own_ := set (regs s) c (own e) in
  let started := match starts e with Some (g, entry_, argument) => if space s g =? space s c then set own_ g (put (init 0) [(0, argument); (PC, entry_)]) else own_ | None => own_ end in
  match then_next e with
  | Leaves a d1 d2 d3 => let p := runner_of s c in set started p (put (get (regs s) p) (shown (get (regs s) c) a d1 d2 d3))
  | _ => started
  end.

Definition happen (e : event) (s : machine) : machine :=
  match e with
  | Begin o => match todo s with [] => mkM (iso_of s) (regs s) (holds s) (commit o (k (iso_of s))) | _ => s end
  | Next => match todo s with [] => s | p :: ps => mkM (step p (iso_of s)) (regs_after p s) (holds s) ps end
  | Deed d => with_iso s (deed_step d (iso_of s))
  | Read v l i n c x =>
      match cached (iso_of s) false v l i with
      | Leaf f _ => if live (k (iso_of s)) v && (space s c =? v) && (0 <=? n) && (n <? leaf_size l)
                    then with_regs s (set_reg (regs s) c x (get (mem (iso_of s)) (f + n))) else s
      | _ => s
      end
  | Compute c x w => with_regs s (set_reg (regs s) c x w)
  | Trap c t => match todo s with [] => mkM (iso_of s) (trap_regs s c t) (holds s) (commit (Traps c t (get (regs s) c)) (k (iso_of s))) | _ => s end
  | Resume p c u reply l1 l2 l3 f =>
      match todo s with
      | [] => match commit (Runs p c u l1 l2 l3 f) (k (iso_of s)) with
              | [] => s
              | ps => mkM (iso_of s) (set (regs s) c (now_running (get (regs s) c) reply l1 l2 l3)) (holds s) ps
              end
      | _ => s
      end
  | DeviceReads st v l i n x =>
      match cached (iso_of s) true v l i with
      | Leaf f _ => if by_device st && may (iso_of s) st v && (0 <=? n) && (n <? leaf_size l)
                    then with_holds s (set_reg (holds s) st x (get (mem (iso_of s)) (f + n))) else s
      | _ => s
      end
  | DeviceComputes st x w => with_holds s (set_reg (holds s) st x w)
  | FromDevice st x c n => with_regs s (set_reg (regs s) c n (held s st x))
  | ToDevice c n st x => with_holds s (set_reg (holds s) st x (reg s c n))
  end.
Fixpoint run (es : list event) (s : machine) : machine := match es with [] => s | e :: es => run es (happen e s) end.

Definition fine (s : machine) := inv (iso_of s) /\ safe (todo s) (iso_of s).
Lemma safe_later ps s s' : meanwhile s s' -> safe ps s -> safe ps s'.
Proof. destruct ps as [|p ps]; [auto|]. intros M S s2 M2. apply S. eapply meanwhile_trans; eauto. Qed.
Theorem fine_always e s : fine s -> fine (happen e s).
Proof.
  intros [J S]. destruct e; cbn [happen].
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. split; auto. cbn. now apply calls_are_safe.
  - destruct (todo s) as [|p ps] eqn:T; [split; auto; now rewrite T in *|]. destruct (S (iso_of s) (quiet _)) as [O S']. split; cbn; auto. now apply step_inv.
  - split; cbn; [now apply deed_inv|]. eapply safe_later; [|exact S]. apply deeds, quiet.
  - destruct (cached _ _ _ _ _); try (split; auto; fail). destruct (_ && _ && _ && _); split; auto.
  - split; auto.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. split; auto. cbn [iso_of todo]. now apply calls_are_safe.
  - destruct (todo s) eqn:T; [|split; auto; now rewrite T in *]. pose proof (calls_are_safe (Runs p c until l1 l2 l3 flags) (iso_of s) J) as C.
    destruct (commit _ _); [split; auto; now rewrite T|]. split; auto.
  - destruct (cached _ _ _ _ _); try (split; auto; fail). destruct (_ && _ && _ && _); split; auto.
  - split; auto.
  - split; auto.
  - split; auto.
Qed.

(* ---- what is V's, and what others see ---- *)
Definition owned (V : Z) (s : kern) (g : Z) : Prop :=
  exists f b i z j, get (gran s) f = GPrivate b (Some (V, i)) z /\ 0 <= j < frame_size b /\ g = f + j.
Definition same_to_others (V : Z) (s t : machine) : Prop :=
  k (iso_of s) = k (iso_of t) /\ tlb (iso_of s) = tlb (iso_of t) /\ cfg (iso_of s) = cfg (iso_of t) /\ meas (iso_of s) = meas (iso_of t) /\ todo s = todo t /\
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) /\
  (forall c, space s c <> V -> get (regs s) c = get (regs t) c) /\ (forall st x, held s st x = held t st x).

Lemma mk_same V s t : k (iso_of s) = k (iso_of t) -> tlb (iso_of s) = tlb (iso_of t) -> cfg (iso_of s) = cfg (iso_of t) -> meas (iso_of s) = meas (iso_of t) -> todo s = todo t ->
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) -> (forall c, space s c <> V -> get (regs s) c = get (regs t) c) ->
  (forall st x, held s st x = held t st x) -> same_to_others V s t.
Proof. unfold same_to_others. auto 10. Qed.

(* THE PERMITTED FLOWS out of V. By registers: an exit, which shows its runner what `shown` lists and no other register; the
   steps that V itself asks the kernel for (a CPU on or off, memory given up); what V tells a device. By memory: what V writes to
   frames that are not its own, which the event itself says, and what V's own devices read: what a device does with it, or whom
   it obeys, nie does not know. What leaves V is scrubbed. Nothing else. *)
Definition exit_of (s : machine) c t : list Z :=
  match then_next (trap_effect s c t) with
  | Goes => [0] | Undefined => [1] | Leaves a d1 d2 d3 => 2 :: map snd (shown (get (regs s) c) a d1 d2 d3) end.
Definition released (V : Z) (e : event) (s : machine) : list Z * list prim :=
  match e with
  | Trap c t => if space s c =? V then (exit_of s c t, commit (Traps c t (get (regs s) c)) (k (iso_of s))) else ([], [])
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

Definition zeroed p g := match p with Scrub a n => (a <=? g) && (g <? a + n) | _ => false end.
Lemma step_mem p s g : get (mem (step p s)) g = if zeroed p g then 0 else get (mem s) g.
Proof. destruct p; reflexivity. Qed.
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
  intros [Js Ss] [Jt St] Gu Q. pose proof Q as (K & T & Cf & M & D & Me & R & Hl). cbn [happen]. rewrite <- D. destruct (todo s) as [|p ps] eqn:Td; [auto|].
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
  - intros g Ng. rewrite !step_mem. destruct (zeroed p g) eqn:Z; auto. rewrite step_k in Ng.
    destruct (is_owned V (k (iso_of s)) g) eqn:Ow.
    + apply (owned_is V (iso_of s) g Js) in Ow. pose proof (given_up V p (iso_of s) g Js Os Gu Ow Ng) as A. rewrite step_mem, Z in A.
      assert (B : get (mem (step p (iso_of t))) g = 0) by (apply (given_up V p (iso_of t) g Jt Ot); rewrite <- K; auto).
      rewrite step_mem, Z in B. congruence.
    + apply Me. intros X. apply (owned_is V (iso_of s) g Js) in X. congruence.
  - intros d. unfold space in *; cbn [iso_of regs]. rewrite step_k. destruct p; cbn [kstep regs_after]; fields; intros Nc; try now apply R.
    unfold space. rewrite <- K. rewrite get_set in Nc. destruct (Z.eqb_spec d c) as [Ec|Nn].
    + subst d. destruct (Z.eqb_spec (in_vspace x) (in_vspace (get (vcp (k (iso_of s))) c))) as [E|E]; [apply R; congruence|now rewrite !get_set, Z.eqb_refl].
    + destruct (_ =? _); [now apply R|]. rewrite !get_set, (proj2 (Z.eqb_neq d c)) by auto. now apply R. Qed.

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

(* Confidentiality, one step: what anybody does, the kernel included, shows others no more of V than `released`. *)
Theorem step_confidential V e s t : fine s -> fine t -> guest_of (k (iso_of s)) V = true -> same_to_others V s t ->
  released V e s = released V e t -> same_to_others V (happen e s) (happen e t).
Proof.
  intros Fs Ft Gu Q Re. pose proof Q as (K & T & Cf & M & D & Me & R & Hl). destruct e.
  - cbn [happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q]. rewrite <- K. apply mk_same; cbn [iso_of todo]; auto.
  - now apply next_same.
  - cbn [happen with_iso]. destruct d as [a v l i wild|u v l i|a v l i n w|st]; unfold with_iso; cbn [deed_step].
    + rewrite <- (found_same _ _ (by_device a) v l i wild K T), <- (may_same _ _ a v K Cf). destruct (may _ a v && is_valid _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. unfold upd_tlb, set_tlb. now rewrite K, T.
    + rewrite <- K. destruct (live _ v); [|exact Q]. apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. unfold upd_tlb, set_tlb. now rewrite K, T.
    + assert (C : cached (iso_of t) (by_device a) v l i = cached (iso_of s) (by_device a) v l i) by (unfold cached; now rewrite K, T). rewrite C, <- (may_same _ _ a v K Cf).
      destruct (cached (iso_of s) (by_device a) v l i); try exact Q. destruct (_ && _ && _ && _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. intros g Ng. rewrite !get_set. destruct (g =? f + n); auto.
    + apply mk_same; cbn [iso_of k tlb cfg mem meas todo regs]; auto. now rewrite Cf, K.
  - cbn [happen]. assert (C : cached (iso_of t) false v l i = cached (iso_of s) false v l i) by (unfold cached; now rewrite K, T).
    assert (Sp : space t c = space s c) by (unfold space; now rewrite K). rewrite C, <- K, Sp.
    destruct (cached (iso_of s) false v l i) eqn:Ca; try exact Q. destruct (live _ v && _ && _ && _) eqn:B; [|exact Q].
    rewrite !andb_true_iff in B. destruct B as [[[L Sc] N1] N2]. apply Z.eqb_eq in Sc. assert (Hn : 0 <= n < leaf_size l) by lia.
    unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto. intros Nc. apply Me.
    eapply not_reached; [apply Fs|exact L| |exact Ca|exact Hn]. congruence.
  - cbn [happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto.
  - (* Trap *) cbn [happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q].
    assert (Sp : forall d, space t d = space s d) by (intros; unfold space; now rewrite K).
    assert (Rp : runner_of t c = runner_of s c) by (unfold runner_of; now rewrite K).
    cbn [released] in Re. rewrite (Sp c) in Re. destruct (Z.eqb_spec (space s c) V) as [E|N].
    + injection Re as Ex Co. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. unfold trap_regs.
      assert (B : get (match starts (trap_effect s c t0) with Some (g, e, a) => if space s g =? space s c then set (set (regs s) c (own (trap_effect s c t0))) g (put (init 0) [(0, a); (PC, e)]) else set (regs s) c (own (trap_effect s c t0)) | None => set (regs s) c (own (trap_effect s c t0)) end) d =
                  get (match starts (trap_effect t c t0) with Some (g, e, a) => if space t g =? space t c then set (set (regs t) c (own (trap_effect t c t0))) g (put (init 0) [(0, a); (PC, e)]) else set (regs t) c (own (trap_effect t c t0)) | None => set (regs t) c (own (trap_effect t c t0)) end) d).
      { assert (H : forall u, (forall x, space u x = space s x) -> get (match starts (trap_effect u c t0) with Some (g, e, a) => if space u g =? space u c then set (set (regs u) c (own (trap_effect u c t0))) g (put (init 0) [(0, a); (PC, e)]) else set (regs u) c (own (trap_effect u c t0)) | None => set (regs u) c (own (trap_effect u c t0)) end) d = get (regs u) d).
        { intros u Su. assert (Nc : d <> c) by congruence. destruct (starts _) as [[[g e] a]|]; rewrite ?Su; [destruct (Z.eqb_spec (space s g) (space s c)) as [Eg|]|]; rewrite ?get_set;
            rewrite ?(proj2 (Z.eqb_neq d c) Nc); auto. destruct (Z.eqb_spec d g) as [->|]; [congruence|auto]. }
        rewrite (H s), (H t); auto. }
      rewrite Rp. unfold exit_of in Ex. destruct (then_next (trap_effect s c t0)) as [| |a1 a2 a3 a4], (then_next (trap_effect t c t0)) as [| |b1 b2 b3 b4]; try discriminate; auto.
      assert (Sh : shown (get (regs s) c) a1 a2 a3 a4 = shown (get (regs t) c) b1 b2 b3 b4) by (apply pairs_same; [reflexivity|exact (f_equal (@tl Z) Ex)]).
      rewrite !get_set. destruct (Z.eqb_spec d (runner_of s c)) as [->|]; [|exact B]. now rewrite Sh, (R _ Nd).
    + pose proof (R c N) as Rc. assert (Te : trap_effect t c t0 = trap_effect s c t0) by (unfold trap_effect; now rewrite K, Rc).
      apply mk_same; cbn [iso_of todo]; auto; [now rewrite K, Rc|]. intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. unfold trap_regs.
      rewrite Te, Rp, <- Rc. destruct (starts _) as [[[g e] a]|]; rewrite ?Sp; [destruct (_ =? _)|]; destruct (then_next _); rewrite !get_set;
        repeat match goal with |- context [d =? ?x] => destruct (Z.eqb_spec d x) as [->|] end; auto; now rewrite (R _ Nd).
  - (* Resume *) cbn [happen]. rewrite <- D, <- K. destruct (todo s) eqn:Td; [|exact Q]. destruct (commit _ _); [exact Q|]. apply mk_same; cbn [iso_of todo]; auto.
    intros d Nd. unfold space in Nd; cbn [iso_of] in Nd. fold (space s d) in Nd. cbn [regs]. rewrite !get_set. destruct (Z.eqb_spec d c) as [->|]; [now rewrite (R _ Nd)|now apply R].
  - cbn [happen]. assert (C : cached (iso_of t) true v l i = cached (iso_of s) true v l i) by (unfold cached; now rewrite K, T).
    rewrite C, <- (may_same _ _ st v K Cf). cbn [released] in Re. rewrite C in Re. destruct (cached (iso_of s) true v l i) eqn:Ca; try exact Q.
    destruct (by_device st && may _ st v && _ && _) eqn:B; [|exact Q]. rewrite !andb_true_iff in B. destruct B as [[[By My] N1] N2]. assert (Hn : 0 <= n < leaf_size l) by lia.
    unfold with_holds. apply mk_same; cbn [iso_of todo]; auto. intros d y. unfold held in *; cbn [holds] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d st) as [->|]; [|apply Hl]. rewrite !get_set. destruct (y =? x); [|apply Hl].
    destruct (Z.eqb_spec v V) as [->|Nv]; [now injection Re|]. apply Me. destruct (may_live _ _ _ (proj1 Fs) My) as [L _]. eapply not_reached; [apply Fs|exact L|exact Nv|exact Ca|exact Hn].
  - cbn [happen]. unfold with_holds. apply mk_same; cbn [iso_of todo]; auto. intros d y. unfold held in *; cbn [holds] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d st) as [->|]; [|apply Hl]. rewrite !get_set. destruct (y =? x); [auto|apply Hl].
  - cbn [happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d Nd. apply (set_reg_same V); auto.
  - cbn [happen]. assert (Sc : space t c = space s c) by (unfold space; now rewrite K). cbn [released] in Re. rewrite Sc in Re.
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
Proof. intros (K & T & Cf & M & D & Me & R & Hl). apply mk_same; auto; [intros g; rewrite <- K; symmetry; auto|]. intros c N. symmetry. apply R. unfold space in *. now rewrite K. Qed.
Lemma same_trans V s t u : same_to_others V s t -> same_to_others V t u -> same_to_others V s u.
Proof.
  intros (K & T & Cf & M & D & Me & R & Hl) (K' & T' & Cf' & M' & D' & Me' & R' & Hl'). apply mk_same; try congruence.
  - intros g N. rewrite Me by auto. apply Me'. now rewrite <- K. - intros c N. rewrite R by auto. apply R'. unfold space in *. now rewrite <- K. Qed.
Theorem silence V e s : fine s -> silent V e s -> same_to_others V s (happen e s).
Proof.
  intros [J _] Si. destruct e; cbn [silent] in Si; try tauto; cbn [happen].
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

(* ---- integrity ---- *)
(* V's own doing: its computations, its accesses, its devices' accesses, and what gets into its registers by a reply or from a device. *)
Definition by_V (V : Z) (e : event) (s : machine) : Prop :=
  match e with
  | Compute c _ _ | Read _ _ _ _ c _ | FromDevice _ _ c _ | Resume _ c _ _ _ _ _ _ => space s c = V
  | Trap c _ => space s c = V \/ space s (runner_of s c) = V
  | Deed (Write _ v _ _ _ _) => v = V
  | _ => False
  end.
(* Nobody else changes V's memory; the kernel does nothing to it but to zero it. *)
Theorem integrity_of_memory V e s g : fine s -> owned V (k (iso_of s)) g -> ~ by_V V e s ->
  get (mem (iso_of (happen e s))) g = get (mem (iso_of s)) g \/ (e = Next /\ get (mem (iso_of (happen e s))) g = 0).
Proof.
  intros [J S] Ow N. destruct e; cbn [happen by_V] in *; auto.
  - destruct (todo s); auto.
  - destruct (todo s) as [|p ps]; auto. cbn [iso_of]. rewrite step_mem. destruct (zeroed p g); auto.
  - destruct d as [a v l i wild|u v l i|a v l i n w|st]; cbn [with_iso iso_of deed_step]; auto.
    + destruct (_ && _); auto. + destruct (live _ _); auto.
    + destruct (cached _ _ _ _ _) eqn:C; auto. destruct (may _ a v && _ && _ && _) eqn:B; auto. cbn [mem]. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso.
      rewrite !andb_true_iff in B. destruct B as [[[My _] N1] N2]. destruct (may_live _ _ _ J My) as [L _]. revert Ow. eapply not_reached; [exact J|exact L|exact N|exact C|lia].
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto.
  - destruct (todo s); auto. - destruct (todo s); auto. destruct (commit _ _); auto.
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto. Qed.
(* Nobody else changes V's registers; a vCPU that comes or goes is zeroed. *)
Theorem integrity_of_registers V e s c x : space s c = V -> ~ by_V V e s ->
  reg (happen e s) c x = reg s c x \/ (e = Next /\ reg (happen e s) c x = 0 /\ space (happen e s) c <> V).
Proof.
  intros Sc N. destruct e; cbn [happen by_V] in *; auto.
  - destruct (todo s); auto.
  - destruct (todo s) as [|p ps]; auto. unfold reg, space; cbn [regs iso_of]. destruct p; cbn [regs_after]; auto. destruct (Z.eqb_spec (in_vspace x0) (space s c0)) as [|E]; auto.
    rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; auto. right. repeat split; auto. rewrite step_k. cbn [kstep]; fields. rewrite get_set, Z.eqb_refl. congruence.
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto. left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. destruct (todo s); auto. unfold reg; cbn [regs]. unfold trap_regs.
    assert (Nc : c <> c0) by (intros ->; auto). assert (Np : c <> runner_of s c0) by (intros ->; auto).
    destruct (starts _) as [[[g e] a]|]; [destruct (Z.eqb_spec (space s g) (space s c0)) as [Eg|]; [assert (Ng : c <> g) by (intros ->; apply N; left; congruence)|]|];
      destruct (then_next _); rewrite !get_set; rewrite ?(proj2 (Z.eqb_neq _ _) Nc), ?(proj2 (Z.eqb_neq _ _) Np); auto; now rewrite (proj2 (Z.eqb_neq _ _) Ng), ?(proj2 (Z.eqb_neq _ _) Nc).
  - left. destruct (todo s); auto. destruct (commit _ _); auto. unfold reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - destruct (cached _ _ _ _ _); auto. destruct (_ && _ && _ && _); auto.
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto]. Qed.

(* What a reply sets: the register that the exit waits for, nothing if it waits for none; and the virtual interrupts. *)
Theorem a_reply_sets_one_register p c u reply l1 l2 l3 f s d x : reg (happen (Resume p c u reply l1 l2 l3 f) s) d x <> reg s d x ->
  d = c /\ ((reg s c WAITS = 1 /\ x = reg s c W_REGISTER) \/ x = WAITS \/ x = LIST1 \/ x = LIST2 \/ x = LIST3).
Proof.
  cbn [happen]. destruct (todo s); [|congruence]. destruct (commit _ _); [congruence|]. unfold reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec d c) as [->|]; [|congruence].
  intros H. split; auto. unfold now_running, put, accept_reply in H. cbn [fold_left fst snd] in H. rewrite !get_set in H.
  destruct (Z.eqb_spec x LIST3); auto. destruct (Z.eqb_spec x LIST2); auto. destruct (Z.eqb_spec x LIST1); auto. destruct (Z.eqb_spec x WAITS); auto.
  left. destruct ((get (get (regs s) c) WAITS =? 1) && _) eqn:B; [|congruence]. apply andb_true_iff in B as [B _]. split; [now apply Z.eqb_eq|].
  rewrite get_set in H. destruct (Z.eqb_spec x (get (get (regs s) c) W_REGISTER)); congruence. Qed.
(* What an exit sets of its runner: X0 to X7. *)
Theorem an_exit_shows_eight_registers s c t d x : reg (happen (Trap c t) s) d x <> reg s d x ->
  d = c \/ space s d = space s c \/ (d = runner_of s c /\ 0 <= x <= 7).
Proof.
  cbn [happen]. destruct (todo s); [|congruence]. unfold reg; cbn [regs]. unfold trap_regs. intros H.
  destruct (Z.eq_dec d c) as [|Nc]; auto. destruct (Z.eq_dec (space s d) (space s c)) as [|Ns]; auto. right. right.
  assert (B : get (match starts (trap_effect s c t) with Some (g, e, a) => if space s g =? space s c then set (set (regs s) c (own (trap_effect s c t))) g (put (init 0) [(0, a); (PC, e)]) else set (regs s) c (own (trap_effect s c t)) | None => set (regs s) c (own (trap_effect s c t)) end) d = get (regs s) d).
  { destruct (starts _) as [[[g e] a]|]; [destruct (Z.eqb_spec (space s g) (space s c)) as [Eg|]|]; rewrite ?get_set; rewrite ?(proj2 (Z.eqb_neq d c) Nc); auto.
    destruct (Z.eqb_spec d g) as [->|]; [congruence|auto]. }
  destruct (then_next _); [now rewrite B in H|now rewrite B in H|]. rewrite get_set in H. destruct (Z.eqb_spec d (runner_of s c)) as [->|]; [|now rewrite B in H].
  split; auto. unfold put, shown in H. cbn [fold_left fst snd] in H. rewrite !get_set in H.
  repeat match goal with H : context [x =? ?n] |- _ => destruct (Z.eqb_spec x n); [subst; lia|] end. congruence. Qed.

(* ---- devices, in words of the product ---- *)
(* A device reaches what is mapped in the VSpace that it is attached to, at that place, and nothing else: by what its TLB has
   kept too. *)
Theorem devices_reach_their_vspace s st v l i f r n : inv s -> by_device st = true -> may s st v = true ->
  cached s true v l i = Leaf f r -> 0 <= n < leaf_size l ->
  get (attached (str (k s))) st = v /\ live (k s) v = true /\ okent (k s) v l i (Leaf f r) /\ forall V, owned V (k s) (f + n) -> v = V.
Proof.
  intros J By My C Hn. destruct (may_live _ _ _ J My) as [L D]. destruct (D By) as (_ & _ & A). repeat split; auto.
  - rewrite <- C. now apply J.
  - intros V (g & b & m & z & j & G & Hj & E). now destruct (owner_known V s g b m z j v l i r J G Hj L true f n C Hn E). Qed.
(* One that is attached to nothing writes nothing. *)
Theorem detached_devices_write_nothing s st v l i n w : inv s -> by_device st = true -> get (attached (str (k s))) st = NONE ->
  deed_step (Write st v l i n w) s = s.
Proof.
  intros J By A. cbn [deed_step]. destruct (cached _ _ _ _ _); auto. destruct (may s st v) eqn:My; auto.
  destruct (may_live _ _ _ J My) as [_ D]. destruct (D By) as (N & _ & E). congruence. Qed.
