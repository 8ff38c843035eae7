(* SPDX-License-Identifier: Apache-2.0 *)
(* Integrity and confidentiality of a guest V against everybody else together: other guests, tasks with any capabilities, and
   whoever decides what runs when. `released` is the whole list of what V lets out. *)
From Nie Require Export Reachable.

(* The machine while it runs: registers of vCPUs, and the steps that the call in progress has still to take. *)
Record machine := mkM { iso_of : iso; regs : tmap (tmap Z); todo : list prim }.

Inductive event :=
| Begin (o : op)                   (* the authority layer lets a call through, or a guest makes one *)
| Next                             (* the kernel takes its next step *)
| Deed (d : deed)                  (* a walk, an eviction, a write *)
| Read (v l i n c x : Z)           (* vCPU c of v reads granule n of what a cached leaf maps into its register x *)
| Compute (c x w : Z)              (* vCPU c sets its register x: any computation of its own *)
| Copy (d m c n : Z).              (* the kernel copies register m of vCPU d into register n of c: an exit's details, a reply *)

Definition reg (s : machine) c x := get (get (regs s) c) x.
Definition set_reg (r : tmap (tmap Z)) c x w := set r c (set (get r c) x w).
Definition with_iso s i := mkM i (regs s) (todo s).
Definition with_regs s r := mkM (iso_of s) r (todo s).
Definition space (s : machine) c := in_vspace (get (vcp (k (iso_of s))) c).

(* A vCPU that comes to a VSpace begins with zeroes, and what it had when it leaves is nobody's. (The kernel zeroes the
   registers of one that lost its VSpace when the vCPU is destroyed; it does not run before.) *)
Definition regs_after (p : prim) (s : machine) : tmap (tmap Z) :=
  match p with
  | SetVcpu c x => if in_vspace x =? space s c then regs s else set (regs s) c (init 0)
  | _ => regs s
  end.

Definition happen (e : event) (s : machine) : machine :=
  match e with
  | Begin o => match todo s with [] => mkM (iso_of s) (regs s) (commit o (k (iso_of s))) | _ => s end
  | Next => match todo s with [] => s | p :: ps => mkM (step p (iso_of s)) (regs_after p s) ps end
  | Deed d => with_iso s (deed_step d (iso_of s))
  | Read v l i n c x =>
      match cached (iso_of s) v l i with
      | Leaf f _ => if live (k (iso_of s)) v && (space s c =? v) && (0 <=? n) && (n <? leaf_size l)
                    then with_regs s (set_reg (regs s) c x (get (mem (iso_of s)) (f + n))) else s
      | _ => s
      end
  | Compute c x w => with_regs s (set_reg (regs s) c x w)
  | Copy d m c n => with_regs s (set_reg (regs s) c n (reg s d m))
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
  - destruct (cached _ _ _ _); try (split; auto; fail). destruct (_ && _ && _ && _); split; auto.
  - split; auto.
  - split; auto.
Qed.

(* ---- what is V's, and what others see ---- *)
Definition owned (V : Z) (s : kern) (g : Z) : Prop :=
  exists f b i z j, get (gran s) f = GPrivate b (Some (V, i)) z /\ 0 <= j < frame_size b /\ g = f + j.
Definition same_to_others (V : Z) (s t : machine) : Prop :=
  k (iso_of s) = k (iso_of t) /\ tlb (iso_of s) = tlb (iso_of t) /\ meas (iso_of s) = meas (iso_of t) /\ todo s = todo t /\
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) /\
  (forall c x, space s c <> V -> reg s c x = reg t c x).

Lemma mk_same V s t : k (iso_of s) = k (iso_of t) -> tlb (iso_of s) = tlb (iso_of t) -> meas (iso_of s) = meas (iso_of t) -> todo s = todo t ->
  (forall g, ~ owned V (k (iso_of s)) g -> get (mem (iso_of s)) g = get (mem (iso_of t)) g) -> (forall c x, space s c <> V -> reg s c x = reg t c x) ->
  same_to_others V s t.
Proof. unfold same_to_others. auto 8. Qed.

(* THE PERMITTED FLOWS out of V. By registers: what the kernel copies to others (exit details). By memory: what V writes to
   frames that are not its own, which the event itself says; what leaves V is scrubbed. Nothing else. *)
Definition released (V : Z) (e : event) (s : machine) : list Z :=
  match e with Copy d m c n => if (space s d =? V) && negb (space s c =? V) then [reg s d m] else [] | _ => [] end.

Lemma owner_known V s f b i z j w l m r : inv s -> get (gran (k s)) f = GPrivate b (Some (V, i)) z -> 0 <= j < frame_size b ->
  live (k s) w = true -> forall g n, cached s w l m = Leaf g r -> 0 <= n < leaf_size l -> g + n = f + j -> w = V /\ g = f.
Proof.
  intros J G Hj L g n C Hn E. pose proof (leaf_right _ _ _ _ _ _ J L (or_intror C)) as R. destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
  assert (X : g = f) by (apply (heads_apart s g f n j); auto; try lia; [rewrite G; auto|unfold is_object; now rewrite G]). subst g.
  unfold okent in R. rewrite G in R. destruct R as (-> & _). auto. Qed.
(* Nobody else's access reaches what is V's. *)
Lemma not_reached V s w l m r g n : inv s -> live (k s) w = true -> w <> V -> cached s w l m = Leaf g r -> 0 <= n < leaf_size l -> ~ owned V (k s) (g + n).
Proof. intros J L N C Hn (f & b & i & z & j & G & Hj & E). destruct (owner_known V s f b i z j w l m r J G Hj L g n C Hn E). auto. Qed.

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
  intros [Js Ss] [Jt St] Gu Q. pose proof Q as (K & T & M & D & Me & R). cbn [happen]. rewrite <- D. destruct (todo s) as [|p ps] eqn:Td; [auto|].
  rewrite <- D in St. destruct (Ss _ (quiet _)) as [Os _]. destruct (St _ (quiet _)) as [Ot _].
  assert (Kp : k (step p (iso_of s)) = k (step p (iso_of t))) by (rewrite !step_k, K; auto).
  apply mk_same; cbn [iso_of todo]; auto.
  - unfold step. destruct p; cbn [tlb]; rewrite ?K, ?T; auto.
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
  - intros c x. unfold space, reg in *; cbn [iso_of regs]. rewrite step_k. destruct p; cbn [kstep regs_after]; fields; intros Nc; try now apply R.
    unfold space. rewrite <- K. rewrite get_set in Nc. destruct (Z.eqb_spec c c0) as [->|Nn].
    + destruct (Z.eqb_spec (in_vspace x0) (in_vspace (get (vcp (k (iso_of s))) c0))) as [E|E]; [apply R; unfold space; congruence|now rewrite !get_set, Z.eqb_refl].
    + destruct (_ =? _); [now apply R|]. rewrite !get_set, (proj2 (Z.eqb_neq c c0)) by auto. now apply R. Qed.

Lemma found_same s t v l i w : k s = k t -> tlb s = tlb t -> found s v l i w = found t v l i w.
Proof. intros K T. unfold found, cached. rewrite K, T. auto. Qed.

(* Confidentiality, one step: what anybody does, the kernel included, shows others no more of V than `released`. *)
Theorem step_confidential V e s t : fine s -> fine t -> guest_of (k (iso_of s)) V = true -> same_to_others V s t ->
  released V e s = released V e t -> same_to_others V (happen e s) (happen e t).
Proof.
  intros Fs Ft Gu Q Re. pose proof Q as (K & T & M & D & Me & R). destruct e.
  - cbn [happen]. rewrite <- D. destruct (todo s) eqn:Td; [|exact Q]. rewrite <- K. apply mk_same; cbn [iso_of todo]; auto.
  - now apply next_same.
  - cbn [happen with_iso]. destruct d as [v l i wild|v l i|v l i n w]; unfold with_iso; cbn [deed_step].
    + rewrite <- (found_same _ _ v l i wild K T), <- K. destruct (live _ v && is_valid _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb mem meas todo regs]; auto. unfold upd_tlb. now rewrite K, T.
    + rewrite <- K. destruct (live _ v); [|exact Q]. apply mk_same; cbn [iso_of k tlb mem meas todo regs]; auto. unfold upd_tlb. now rewrite K, T.
    + assert (C : cached (iso_of t) v l i = cached (iso_of s) v l i) by (unfold cached; now rewrite K, T). rewrite C, <- K.
      destruct (cached (iso_of s) v l i); try exact Q. destruct (_ && _ && _ && _); [|exact Q].
      apply mk_same; cbn [iso_of k tlb mem meas todo regs]; auto. intros g Ng. rewrite !get_set. destruct (g =? f + n); auto.
  - cbn [happen]. assert (C : cached (iso_of t) v l i = cached (iso_of s) v l i) by (unfold cached; now rewrite K, T).
    assert (Sp : space t c = space s c) by (unfold space; now rewrite K). rewrite C, <- K, Sp.
    destruct (cached (iso_of s) v l i) eqn:Ca; try exact Q. destruct (live _ v && _ && _ && _) eqn:B; [|exact Q].
    rewrite !andb_true_iff in B. destruct B as [[[L Sc] N1] N2]. apply Z.eqb_eq in Sc. assert (Hn : 0 <= n < leaf_size l) by lia.
    unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d y Nd. unfold reg, space in *; cbn [regs iso_of] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d c) as [->|]; [|now apply R]. rewrite !get_set. destruct (y =? x); [|now apply R]. apply Me.
    eapply not_reached; [apply Fs|exact L| |exact Ca|exact Hn]. congruence.
  - cbn [happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros d y Nd. unfold reg, space in *; cbn [regs iso_of] in *. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec d c) as [->|]; [|now apply R]. rewrite !get_set. destruct (y =? x); [auto|now apply R].
  - cbn [happen]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros y z Nd. unfold space in Nd; cbn [iso_of] in Nd. unfold reg at 1 3; cbn [regs]. unfold set_reg. rewrite !get_set.
    destruct (Z.eqb_spec y c) as [->|]; [|now apply R]. rewrite !get_set. destruct (z =? n); [|now apply R].
    cbn [released] in Re. assert (Sd : space t d = space s d) by (unfold space; now rewrite K). assert (Sc : space t c = space s c) by (unfold space; now rewrite K).
    rewrite Sd, Sc in Re. assert (E : (space s c =? V) = false) by (apply Z.eqb_neq; exact Nd). rewrite E in Re.
    destruct (Z.eqb_spec (space s d) V); cbn [andb negb] in Re; [now injection Re|now apply R]. Qed.

(* ---- what V does with its own secrets, nobody notices ---- *)
Definition silent (V : Z) (e : event) (s : machine) : Prop :=
  match e with
  | Compute c _ _ => space s c = V
  | Copy d _ c _ => space s c = V
  | Read v _ _ _ c _ => space s c = V
  | Deed (Write v l i n _) => v = V /\ match cached (iso_of s) v l i with Leaf f _ => is_private (k (iso_of s)) f = true | _ => True end
  | _ => False
  end.
Lemma same_refl V s : same_to_others V s s. Proof. apply mk_same; auto. Qed.
Lemma same_sym V s t : same_to_others V s t -> same_to_others V t s.
Proof. intros (K & T & M & D & Me & R). apply mk_same; auto; [intros g; rewrite <- K; symmetry; auto|]. intros c x N. symmetry. apply R. unfold space in *. now rewrite K. Qed.
Lemma same_trans V s t u : same_to_others V s t -> same_to_others V t u -> same_to_others V s u.
Proof.
  intros (K & T & M & D & Me & R) (K' & T' & M' & D' & Me' & R'). apply mk_same; try congruence.
  - intros g N. rewrite Me by auto. apply Me'. now rewrite <- K. - intros c x N. rewrite R by auto. apply R'. unfold space in *. now rewrite <- K. Qed.
Theorem silence V e s : fine s -> silent V e s -> same_to_others V s (happen e s).
Proof.
  intros [J _] Si. destruct e; cbn [silent] in Si; try tauto; cbn [happen].
  - destruct d as [| |v l i n w]; try tauto. destruct Si as [-> P]. unfold with_iso; cbn [deed_step]. destruct (cached (iso_of s) V l i) eqn:C; try exact (same_refl V s).
    destruct (live _ V && _ && _ && _) eqn:B; [|exact (same_refl V s)]. rewrite !andb_true_iff in B. destruct B as [[[L _] N1] N2]. assert (Hn : 0 <= n < leaf_size l) by lia.
    apply mk_same; cbn [iso_of k tlb mem meas todo regs]; auto. intros g Ng. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso. apply Ng.
    pose proof (leaf_right _ _ _ _ _ _ J L (or_intror C)) as Rt. destruct (leaf_frame _ _ _ _ _ _ Rt) as [S1 _]. unfold is_private in P. cbn in Rt.
    destruct (get (gran (k (iso_of s))) f) as [| | | | | | |b [[v' i']|] z| |] eqn:G; try discriminate; try tauto. destruct Rt as (-> & _). exists f, b, i', z, n. repeat split; auto; cbn [size_of] in S1; lia.
  - destruct (cached _ _ _ _); try exact (same_refl V s). destruct (_ && _ && _ && _); [|exact (same_refl V s)]. unfold with_regs. apply mk_same; cbn [iso_of todo]; auto.
    intros y z N. unfold reg; cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto].
  - unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros y z N. unfold reg; cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto].
  - unfold with_regs. apply mk_same; cbn [iso_of todo]; auto. intros y z N. unfold reg; cbn [regs]. unfold set_reg. rewrite get_set. destruct (Z.eqb_spec y c) as [->|]; [contradiction|auto]. Qed.

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
(* V's own doing: its computations, its accesses, and what the kernel gives into its registers by a reply. *)
Definition by_V (V : Z) (e : event) (s : machine) : Prop :=
  match e with
  | Compute c _ _ | Copy _ _ c _ | Read _ _ _ _ c _ => space s c = V
  | Deed (Write v _ _ _ _) => v = V
  | _ => False
  end.
(* Nobody else changes V's memory; the kernel does nothing to it but to zero it. *)
Theorem integrity_of_memory V e s g : fine s -> owned V (k (iso_of s)) g -> ~ by_V V e s ->
  get (mem (iso_of (happen e s))) g = get (mem (iso_of s)) g \/ (e = Next /\ get (mem (iso_of (happen e s))) g = 0).
Proof.
  intros [J S] Ow N. destruct e; cbn [happen by_V] in *; auto.
  - destruct (todo s); auto.
  - destruct (todo s) as [|p ps]; auto. cbn [iso_of]. rewrite step_mem. destruct (zeroed p g); auto.
  - destruct d as [v l i wild|v l i|v l i n w]; cbn [with_iso iso_of deed_step].
    + destruct (_ && _); auto. + destruct (live _ _); auto.
    + destruct (cached _ _ _ _) eqn:C; auto. destruct (live _ v && _ && _ && _) eqn:B; auto. cbn [mem]. rewrite get_set. destruct (Z.eqb_spec g (f + n)) as [->|]; auto. exfalso.
      rewrite !andb_true_iff in B. destruct B as [[[L _] N1] N2]. revert Ow. eapply not_reached; [exact J|exact L|exact N|exact C|lia].
  - destruct (cached _ _ _ _); auto. destruct (_ && _ && _ && _); auto. Qed.
(* Nobody else changes V's registers; a vCPU that comes or goes is zeroed. *)
Theorem integrity_of_registers V e s c x : space s c = V -> ~ by_V V e s ->
  reg (happen e s) c x = reg s c x \/ (e = Next /\ reg (happen e s) c x = 0 /\ space (happen e s) c <> V).
Proof.
  intros Sc N. destruct e; cbn [happen by_V] in *; auto.
  - destruct (todo s); auto.
  - destruct (todo s) as [|p ps]; auto. unfold reg, space; cbn [regs iso_of]. destruct p; cbn [regs_after]; auto. destruct (Z.eqb_spec (in_vspace x0) (space s c0)) as [|E]; auto.
    rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; auto. right. repeat split; auto. rewrite step_k. cbn [kstep]; fields. rewrite get_set, Z.eqb_refl. congruence.
  - destruct (cached _ _ _ _); auto. destruct (_ && _ && _ && _); auto. left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto].
  - left. unfold reg, with_regs, set_reg; cbn [regs]. rewrite get_set. destruct (Z.eqb_spec c c0) as [->|]; [contradiction|auto]. Qed.
