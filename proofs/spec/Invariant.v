(* SPDX-License-Identifier: Apache-2.0 *)
(* The global invariant, and that every primitive step in its right place keeps it, whatever guests do meanwhile. *)
From Nie Require Export State.

Definition guest_of (s : kern) v := guest (get (vsp s) v).

(* What a valid descriptor, in a table or in a TLB, may say. *)
Definition okent (s : kern) (v l i : Z) (e : entry) : Prop :=
  match e with
  | Leaf f _ =>
      match get (gran s) f with
      | GPrivate b (Some (v', i')) _ =>
          v' = v /\ i' = i /\ l = frame_level b /\ (guest_of s v = true -> i * span l < SHARED_HALF)
      | GShared b ps => l = frame_level b /\ In (v, i) ps /\ (guest_of s v = true -> SHARED_HALF <= i * span l)
      | _ => False
      end
  | Link t => get (gran s) t = GTable (Some (v, l + 1, i))
  | Dev _ _ => guest_of s v = false
  | _ => True
  end.

Definition zero (s : iso) (g n : Z) := forall j, 0 <= j < n -> get (mem s) (g + j) = 0.
Definition is_object (s : kern) g := match get (gran s) g with GTail _ => False | _ => True end.

(* No device is attached to the VSpace. *)
Definition bare (s : kern) (v : Z) : Prop := forall st, get (attached (str s)) st = v -> v = NONE.
(* Nothing can be reached in the VSpace: no entry of its root is valid, no TLB remembers any, no device is its. *)
Definition gone (s : iso) (v : Z) : Prop :=
  (forall i, 0 <= i < N512 -> is_valid (entry_at (k s) v 1 i) = false) /\ (forall u l i, cached s u v l i = Empty) /\ bare (k s) v.

(* Of devices: a stream is attached to a VSpace that there is; its stream table entry, and the SMMU's copy of it, abort or
   point to that one; and of a VSpace without devices the SMMU has no translation. *)
Record devs (s : iso) : Prop := {
  owners : forall st, get (attached (str (k s))) st <> NONE -> live (k s) (get (attached (str (k s))) st) = true /\ 0 <= st < STREAMS;
  stes : forall st, get (ste (str (k s))) st = NONE \/ get (ste (str (k s))) st = get (attached (str (k s))) st;
  cfgs : forall st, get (cfg s) st = NONE \/ get (cfg s) st = get (attached (str (k s))) st;
  calm : forall v l i, live (k s) v = true -> bare (k s) v -> cached s true v l i = Empty }.

Record inv (s : iso) : Prop := {
  tables : forall v l i, okent (k s) v l i (entry_at (k s) v l i);
  tlbs : forall u v l i, live (k s) v = true -> okent (k s) v l i (cached s u v l i);
  tlbs_unused : forall u m l i, get (vmids (k s)) m = false -> get (get (get (get (tlb s) (tlbs_of u)) m) l) i = Empty;
  vmid_used : forall v, live (k s) v = true -> get (vmids (k s)) (vmid (get (vsp (k s)) v)) = true;
  vmid_own : forall v w, live (k s) v = true -> live (k s) w = true ->
             vmid (get (vsp (k s)) v) = vmid (get (vsp (k s)) w) -> v = w;
  tails : forall f j, 0 < j < size_of (get (gran (k s)) f) -> get (gran (k s)) (f + j) = GTail f;
  roots : forall v, live (k s) v = true -> get (gran (k s)) (v + 1) = GRoot v;
  free_zero : forall g, get (gran (k s)) g = GFree -> get (mem s) g = 0;
  scrubbed_zero : forall f b, get (gran (k s)) f = GPrivate b None true -> zero s f (frame_size b);
  unborn : forall v l i, live (k s) v = false -> entry_at (k s) v l i = Empty;
  dead_gone : forall v, live (k s) v = true -> living (get (vsp (k s)) v) = Dead -> gone s v;
  devices : devs s }.

Definition leaf_of (f : Z) (e : entry) := match e with Leaf g _ => g =? f | _ => false end.
Definition absent (s : iso) v l i (bad : entry -> bool) : Prop :=
  bad (entry_at (k s) v l i) = false /\ forall u, bad (cached s u v l i) = false.

(* How the entry of one granule may change in place. *)
Definition change (s : iso) (g : Z) (old new : granule) : Prop :=
  match old, new with
  | GPrivate b None _, GPrivate b' (Some _) z => b' = b /\ z = false
  | GPrivate b (Some (v, i)) _, GPrivate b' None z =>
      b' = b /\ absent s v (frame_level b) i (leaf_of g) /\ (z = true -> zero s g (frame_size b)) /\ (guest_of (k s) v = true -> z = true)
  | GShared b ps, GShared b' ps' =>
      b' = b /\ forall v i, In (v, i) ps -> In (v, i) ps' \/ absent s v (frame_level b) i (leaf_of g)
  | GTable None, GTable (Some _) => True
  | GTable (Some (v, l, i)), GTable None => absent s v (l - 1) i (fun e => names_table e g)
  | _, _ => False
  end.

Definition unused (x : granule) : Prop :=
  match x with
  | GPrivate _ None _ | GShared _ [] | GTable None | GVcpu => True
  | GCnode _ n => 1 <= n
  | _ => False
  end.
Definition new_object (x : granule) : Prop := unused x /\ match x with GPrivate _ None z => z = true | _ => True end.

Definition okp (p : prim) (s : iso) : Prop :=
  match p with
  | SetTab v l i e => live (k s) v = true /\ okent (k s) v l i e /\ (is_valid e = true -> living (get (vsp (k s)) v) <> Dead)
  | SetVs v x => live (k s) v = true -> living x = Dead -> gone s v
  | FillTab v l i n e => live (k s) v = true /\ is_valid e = false
  | SetGran g x => change s g (get (gran (k s)) g) x
  | Claim g n x => (forall j, 0 <= j < n -> get (gran (k s)) (g + j) = GFree) /\ n = size_of x /\ new_object x
  | Release g n => n = size_of (get (gran (k s)) g) /\ unused (get (gran (k s)) g) /\ zero s g n
  | NewVspace v _ m _ => get (gran (k s)) v = GFree /\ get (gran (k s)) (v + 1) = GFree /\ get (vmids (k s)) m = false
  | EndVspace v => live (k s) v = true /\ zero s v 2 /\ bare (k s) v /\ forall u l i, cached s u v l i = Empty
  | MeasureFrame _ _ _ f n => exists b z, get (gran (k s)) f = GPrivate b None z /\ n = frame_size b
  | SetSte st v => v = NONE \/ v = get (attached (str (k s))) st
  | Attach st v =>
      let w := get (attached (str (k s))) st in
      get (ste (str (k s))) st = NONE /\ get (cfg s) st = NONE /\
      (v <> NONE -> live (k s) v = true /\ living (get (vsp (k s)) v) <> Dead /\ 0 <= st < STREAMS) /\
      (w = NONE \/ (exists st', st' <> st /\ get (attached (str (k s))) st' = w) \/ forall l i, cached s true w l i = Empty)
  | Put g _ _ => exists v l i f r, live (k s) v = true /\ entry_at (k s) v l i = Leaf f r /\ 0 <= g - f < leaf_size l
  | _ => True
  end.

(* ---- maps ---- *)
Lemma get_set A (m : tmap A) x y a : get (set m x a) y = if y =? x then a else get m y. Proof. reflexivity. Qed.
Lemma get_fill A (m : tmap A) f n y a : get (fill m f n a) y = if (f <=? y) && (y <? f + n) then a else get m y.
Proof. reflexivity. Qed.
Lemma get_init A (a : A) x : get (init a) x = a. Proof. reflexivity. Qed.
Ltac beq := repeat match goal with
  | |- context [?a =? ?b] => destruct (Z.eqb_spec a b); cbn [andb orb negb] in *; subst; try lia
  | |- context [?a <=? ?b] => destruct (Z.leb_spec a b); cbn [andb orb negb] in *; try lia
  | |- context [?a <? ?b] => destruct (Z.ltb_spec a b); cbn [andb orb negb] in *; try lia end.
Lemma entry_upd s v l i e w m j :
  entry_at (upd_entry s v l i e) w m j = if (w =? v) && (m =? l) && (j =? i) then e else entry_at s w m j.
Proof. unfold entry_at, upd_entry; cbn [vsp upd_vsp]. rewrite get_set. beq; cbn [tab upd_tab]; rewrite ?get_set; beq; rewrite ?get_set; beq; auto. Qed.
Lemma size_pos x : new_object x \/ unused x -> 1 <= size_of x.
Proof. unfold new_object, unused; destruct x as [| | |[?|]| | | |block [?|] ?|block [|? ?]|]; cbn; unfold frame_size, N512; intros; try lia; destruct block; lia. Qed.

(* ---- descriptors stay right when what they name stays or changes in an allowed way ---- *)
Lemma okent_same s s' v l i e : gran s' = gran s -> guest_of s' v = guest_of s v -> okent s v l i e -> okent s' v l i e.
Proof. unfold okent. intros -> ->. auto. Qed.
Definition names (e : entry) (g : Z) : Prop := match e with Leaf f _ => f = g | Link t => t = g | _ => False end.
Lemma okent_gran s s' v l i e : guest_of s' v = guest_of s v ->
  (forall g, names e g -> get (gran s') g = get (gran s) g) -> okent s v l i e -> okent s' v l i e.
Proof. unfold okent. intros ->. destruct e; cbn; intros H; rewrite ?(H _ eq_refl); auto. Qed.
Lemma okent_not s v l i e g : okent s v l i e -> names e g ->
  match get (gran s) g with GPrivate _ (Some _) _ | GShared _ (_ :: _) | GTable (Some _) => True | _ => False end.
Proof. destruct e; cbn; try tauto; intros H <-; try rewrite H; auto.
  destruct (get (gran s) f) as [| | | | | | |? [?|] ?|? [|[? ?] ?]|]; cbn in *; tauto. Qed.
Lemma live_gran s s' : (forall g, live s' g = true -> get (gran s') g = get (gran s) g) ->
  forall v, live s' v = true -> live s v = true.
Proof. unfold live. intros H v L. rewrite <- H; auto. Qed.

Lemma okent_change s g x v l i e (E : e = entry_at (k s) v l i \/ exists u, e = cached s u v l i) :
  change s g (get (gran (k s)) g) x -> okent (k s) v l i e -> okent (upd_gran (k s) (set (gran (k s)) g x)) v l i e.
Proof.
  intros C O. destruct e; auto.
  - cbn in *. rewrite get_set. destruct (Z.eqb_spec t g) as [->|]; auto. rewrite O in C. destruct x as [| | |[?|]| | | | | |]; cbn in C; try tauto.
    replace (l + 1 - 1) with l in C by lia. destruct C as [C1 C2].
    destruct E as [E|[u E]]; [|specialize (C2 u)]; rewrite <- E in *; cbn in *; rewrite Z.eqb_refl in *; discriminate.
  - unfold okent in *; cbn [gran upd_gran]. rewrite get_set. destruct (Z.eqb_spec f g) as [->|]; auto.
    destruct (get (gran (k s)) g) as [| | | | | | |b [[v' i']|] z|b ps|]; try tauto.
    + destruct x as [| | | | | | |b' [?|] z'| |]; cbn in C; try tauto. destruct C as (-> & [C1 C2] & _). destruct O as (-> & -> & -> & _).
      destruct E as [E|[u E]]; [|specialize (C2 u)]; rewrite <- E in *; cbn in *; rewrite Z.eqb_refl in *; discriminate.
    + destruct x as [| | | | | | | |b' ps'|]; cbn in C; try tauto. destruct C as (-> & C). destruct O as (-> & O & H).
      destruct (C _ _ O) as [|[C1 C2]]; [auto|].
      destruct E as [E|[u E]]; [|specialize (C2 u)]; rewrite <- E in *; cbn in *; rewrite Z.eqb_refl in *; discriminate.
Qed.
Lemma change_kind s g x : change s g (get (gran (k s)) g) x ->
  size_of x = size_of (get (gran (k s)) g) /\ live (k s) g = false /\ x <> GVspace /\ x <> GFree /\ is_object (k s) g /\
  (forall v, get (gran (k s)) g <> GRoot v) /\ (match x with GTail _ => False | _ => True end).
Proof.
  unfold live, is_object. destruct (get (gran (k s)) g) as [| | |[[[? ?] ?]|]| | | |b [[? ?]|] ?|b ps|]; destruct x as [| | |[[[? ?] ?]|]| | | |b' [[? ?]|] ?|b' ps'|];
    cbn; try tauto; intros C; repeat split; try discriminate; try (destruct C as [-> _]; reflexivity). Qed.

Ltac fields := cbn [k tlb cfg mem meas gran vsp vmids next_serial vcp str cor fired attached ste faults upd_gran upd_vsp upd_vcp upd_str upd_cor upd_fired].
Lemma tlbs_of_eq u w : (tlbs_of u =? tlbs_of w) = Bool.eqb u w. Proof. destruct u, w; reflexivity. Qed.
Lemma cached_k s s' u v l i : tlb s' = tlb s -> vmid (get (vsp (k s')) v) = vmid (get (vsp (k s)) v) -> cached s' u v l i = cached s u v l i.
Proof. unfold cached. intros -> ->. auto. Qed.

Lemma devs_keep s s' : devs s -> str (k s') = str (k s) -> cfg s' = cfg s ->
  (forall st, let w := get (attached (str (k s))) st in w <> NONE -> live (k s) w = true -> live (k s') w = true) ->
  (forall v l i, live (k s') v = true -> bare (k s) v -> (live (k s) v = true -> cached s true v l i = Empty) -> cached s' true v l i = Empty) -> devs s'.
Proof.
  intros D Es Ec L C. constructor; rewrite ?Es, ?Ec; try apply D.
  - intros st N. split; [|apply D; auto]. apply L; auto. apply D; auto.
  - intros v l i Lv B. unfold bare in B. rewrite Es in B. apply C; auto. intros. apply D; auto. Qed.
Lemma devs_same s s' : devs s -> str (k s') = str (k s) -> cfg s' = cfg s -> (forall v, live (k s') v = live (k s) v) ->
  (forall v l i, live (k s) v = true -> cached s' true v l i = cached s true v l i) -> devs s'.
Proof. intros D Es Ec L C. apply (devs_keep s); auto. - intros st w _ Lw. now rewrite L. - intros v l i Lv B E. rewrite L in Lv. rewrite C; auto. Qed.

(* A step that changes nothing but entries of tables. *)
Lemma keep_tables s s' : inv s -> str (k s') = str (k s) -> cfg s' = cfg s -> (forall v l i, live (k s) v = false -> entry_at (k s') v l i = Empty) -> (forall v, live (k s) v = true -> living (get (vsp (k s')) v) = Dead -> gone s' v) -> tlb s' = tlb s -> mem s' = mem s -> gran (k s') = gran (k s) -> vmids (k s') = vmids (k s) ->
  (forall v, vmid (get (vsp (k s')) v) = vmid (get (vsp (k s)) v) /\ guest_of (k s') v = guest_of (k s) v) ->
  (forall v l i, okent (k s) v l i (entry_at (k s') v l i)) -> inv s'.
Proof.
  intros I Est Ec Eu Ed Et Em Eg Ev Es Ee. assert (L : forall v, live (k s') v = live (k s) v) by (unfold live; rewrite Eg; auto).
  constructor; unfold zero; rewrite ?Et, ?Em, ?Eg, ?Ev.
  - intros. eapply okent_same; [exact Eg|apply Es|apply Ee].
  - intros u v l i H. rewrite L in H. rewrite (cached_k s) by (auto; apply Es). eapply okent_same; [exact Eg|apply Es|apply I; auto].
  - apply I.
  - intros v H. rewrite L in H. destruct (Es v) as [-> _]. apply I; auto.
  - intros v w. rewrite !L. destruct (Es v) as [-> _], (Es w) as [-> _]. apply I.
  - apply I.
  - intros v. rewrite L. apply I.
  - apply I.
  - apply I.
  - intros v l i. rewrite L. auto.
  - intros v. rewrite L. auto.
  - apply (devs_same s); auto; [apply I|]. intros. apply cached_k; auto. apply Es.
Qed.
Lemma gone_same s s' v : gone s v -> str (k s') = str (k s) -> tlb s' = tlb s -> vmid (get (vsp (k s')) v) = vmid (get (vsp (k s)) v) ->
  (forall i, 0 <= i < N512 -> is_valid (entry_at (k s') v 1 i) = false \/ entry_at (k s') v 1 i = entry_at (k s) v 1 i) -> gone s' v.
Proof. intros (A & B & C) S T V E. repeat split; [intros i Hi; destruct (E i Hi) as [| ->]; auto|intros u l i; rewrite (cached_k s) by auto; auto|unfold bare; now rewrite S]. Qed.

(* TLBs only lose entries. *)
Lemma drop_less t l i m j : get (get (drop_leaf t l i) m) j = get (get t m) j \/ get (get (drop_leaf t l i) m) j = Empty.
Proof. unfold drop_leaf. destruct (is_leaf _); auto. rewrite get_set. beq; auto. rewrite get_set. beq; auto. Qed.
Lemma drops s s' : inv s -> k s' = k s -> cfg s' = cfg s -> mem s' = mem s ->
  (forall u m l i, get (get (get (get (tlb s') (tlbs_of u)) m) l) i = get (get (get (get (tlb s) (tlbs_of u)) m) l) i \/
                   get (get (get (get (tlb s') (tlbs_of u)) m) l) i = Empty) -> inv s'.
Proof.
  intros I K C M T. assert (Tc : forall u v l i, cached s' u v l i = cached s u v l i \/ cached s' u v l i = Empty).
  { intros. unfold cached. rewrite K. apply T. }
  constructor; unfold zero; rewrite ?K, ?M; try apply I.
  - intros u v l i L. destruct (Tc u v l i) as [-> | ->]; [apply I; auto|cbn; auto].
  - intros u m l i U. destruct (T u m l i) as [-> | ->]; [apply I; auto|auto].
  - intros v L D. destruct (dead_gone _ I v L D) as (A & B & E). repeat split; rewrite ?K; auto. intros u l i. destruct (Tc u v l i) as [-> | ->]; auto.
  - apply (devs_keep s); auto; rewrite ?K; auto; [apply I|]. intros v l i L B E. destruct (Tc true v l i) as [-> | ->]; auto. Qed.

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

Theorem step_inv p s : inv s -> okp p s -> inv (step p s).
Proof.
  intros I P. destruct p; cbn [okp] in P.
  - (* SetTab *) destruct P as (PL & P & PD). apply (keep_tables s); auto; cbn [k step kstep]; unfold upd_entry; fields; auto.
    + intros w m j Lw. fold (upd_entry (k s) v l i e). rewrite entry_upd. destruct (Z.eqb_spec w v) as [->|]; [congruence|]. now apply (unborn _ I).
    + intros w Lw. rewrite get_set. destruct (Z.eqb_spec w v) as [->|Nw]; cbn [living upd_tab]; intros D; (eapply (gone_same s); [now apply (dead_gone _ I)|reflexivity|reflexivity|cbn [k]; fields; rewrite get_set; beq; auto|]);
        intros j Hj; cbn [k]; fold (upd_entry (k s) v l i e); rewrite entry_upd; [|beq; auto].
      destruct ((v =? v) && (1 =? l) && (j =? i)); auto. left. destruct (is_valid e); auto. exfalso. now apply PD.
    + intros w. unfold guest_of; fields. rewrite get_set. beq; auto.
    + intros w m j. fold (upd_entry (k s) v l i e). rewrite entry_upd. beq; auto; apply I.
  - (* FillTab *) destruct P as [PL P]. apply (keep_tables s); auto; cbn [k step kstep]; fields; auto.
    + intros w m j Lw. unfold entry_at; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|]; [congruence|]. now apply (unborn _ I).
    + intros w Lw. rewrite get_set. destruct (Z.eqb_spec w v) as [->|Nw]; cbn [living upd_tab]; intros D; (eapply (gone_same s); [now apply (dead_gone _ I)|reflexivity|reflexivity|cbn [k]; fields; rewrite get_set; beq; auto|]);
        intros j Hj; unfold entry_at; cbn [k]; fields; rewrite get_set; [|beq; auto]. rewrite Z.eqb_refl. cbn [tab upd_tab]. rewrite get_set.
      destruct (Z.eqb_spec 1 l) as [<-|]; auto. rewrite get_fill. destruct (_ && _); auto.
    + intros w. unfold guest_of; fields. rewrite get_set. beq; auto.
    + intros w m j. unfold entry_at; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|]; [|apply I].
      cbn [tab upd_tab]. rewrite get_set. destruct (Z.eqb_spec m l) as [->|]; [|apply I]. rewrite get_fill.
      destruct (_ && _); [destruct e; cbn in *; try discriminate; auto|apply I].
  - (* InvIpa *) apply (drops s); auto; try reflexivity. intros u' m l i. unfold step, set_tlb; fields. rewrite get_set, tlbs_of_eq.
    destruct (Bool.eqb_spec u' u) as [->|]; auto. rewrite get_set. destruct (Z.eqb_spec m (vmid (get (vsp (k s)) v))) as [->|]; auto.
    destruct (drop_less (drop_leaf (get (get (tlb s) (tlbs_of u)) (vmid (get (vsp (k s)) v))) 3 (ipa / PAGE)) 2 (ipa / BLOCK) l i) as [->| ->]; auto. apply drop_less.
  - (* InvAll *) apply (drops s); auto; try reflexivity. intros u' m l i. unfold step, set_tlb; fields. rewrite get_set, tlbs_of_eq.
    destruct (Bool.eqb_spec u' u) as [->|]; auto. rewrite get_set. destruct (m =? _); [rewrite !get_init; auto|auto].
  - (* Scrub *) constructor; cbn [k step kstep tlb]; try apply I.
    + intros h H. fields. rewrite get_fill. destruct (_ && _); auto. now apply (free_zero _ I).
    + intros f b H j Hj. fields. rewrite get_fill. destruct (_ && _); auto. eapply (scrubbed_zero _ I); eauto.
    + apply (devs_same s); auto. apply I.
  - (* SetGran *) destruct (change_kind s g x P) as (S1 & S2 & S3 & S4 & S5 & S6 & S7).
    assert (L : forall v, live (kstep (SetGran g x) (k s)) v = live (k s) v).
    { intros v. unfold live at 1. cbn [kstep]; fields. rewrite get_set. destruct (Z.eqb_spec v g) as [->|]; auto.
      rewrite S2. destruct x; try congruence. }
    constructor; cbn [k step]; unfold zero; cbn [mem tlb].
    + intros. change (entry_at _ v l i) with (entry_at (k s) v l i). apply okent_change; auto. apply I.
    + intros u v l i. rewrite L. intros H. change (cached _ u v l i) with (cached s u v l i). apply okent_change; eauto. apply I; auto.
    + apply I.
    + intros v. rewrite L. apply I.
    + intros v w. rewrite !L. apply I.
    + intros f j. cbn [kstep]; fields. rewrite !get_set. intros H.
      assert (H' : 0 < j < size_of (get (gran (k s)) f)) by (revert H; beq; rewrite <- ?S1; auto).
      pose proof (tails _ I f j H') as T. destruct (Z.eqb_spec (f + j) g) as [E|]; auto.
      exfalso. unfold is_object in S5. rewrite <- E, T in S5. auto.
    + intros v. rewrite L. intros H. cbn [kstep]; fields. rewrite get_set. pose proof (roots _ I v H) as R.
      destruct (Z.eqb_spec (v + 1) g) as [E|]; auto. exfalso. rewrite E in R. eapply S6; eauto.
    + intros h. cbn [kstep]; fields. rewrite get_set. beq; [congruence|apply (free_zero _ I)].
    + intros f b. cbn [kstep]; fields. rewrite get_set. destruct (Z.eqb_spec f g) as [->|]; [|apply I]. intros ->.
      destruct (get (gran (k s)) g) as [| | |[[[? ?] ?]|]| | | |b' [[? ?]|] z|b' ps|]; cbn in P; try tauto.
      destruct P as (-> & _ & Z & _). apply Z; auto.
    + intros w l i. rewrite L. apply (unborn _ I).
    + intros w. rewrite L. intros Lw D. now apply (dead_gone _ I w Lw D).
    + apply (devs_same s); auto. apply I.
  - (* Claim *) destruct P as (F & -> & N). pose proof (size_pos x (or_introl N)) as Sz.
    assert (Fg : get (gran (k s)) g = GFree) by (rewrite <- (Z.add_0_r g); apply F; lia).
    assert (G : forall h, get (gran (k s)) h = GFree \/ get (gran (kstep (Claim g (size_of x) x) (k s))) h = get (gran (k s)) h).
    { intros h. cbn [kstep]; fields. rewrite get_set, get_fill. beq; auto. left. replace h with (g + (h - g)) by lia. apply F; lia. }
    assert (NV : x <> GVspace /\ (forall v, x <> GRoot v) /\ x <> GFree) by (destruct N as [N _]; destruct x; cbn in N; try tauto; repeat split; discriminate).
    assert (L : forall v, live (kstep (Claim g (size_of x) x) (k s)) v = live (k s) v).
    { intros v. unfold live. destruct (G v) as [E| ->]; auto. rewrite E. cbn [kstep]; fields. rewrite get_set, get_fill, E.
      beq; auto. destruct x; tauto. }
    assert (O : forall v l i e, okent (k s) v l i e -> okent (kstep (Claim g (size_of x) x) (k s)) v l i e).
    { intros v l i e H. apply (okent_gran (k s)); [reflexivity| |exact H]. intros h Hn. destruct (G h) as [E|]; auto.
      pose proof (okent_not _ _ _ _ _ h H Hn) as X. rewrite E in X. tauto. }
    constructor; cbn [k step]; unfold zero; cbn [mem tlb].
    + intros. apply O. apply I.
    + intros u v l i. rewrite L. intros H. apply O. apply (tlbs _ I u v l i H).
    + apply I.
    + intros v. rewrite L. apply I.
    + intros v w. rewrite !L. apply I.
    + intros f j. destruct (Z.eq_dec f g) as [->|Nf].
      * cbn [kstep]; fields. rewrite !get_set, !get_fill, Z.eqb_refl. intros H.
        rewrite (proj2 (Z.eqb_neq (g + j) g)) by lia. rewrite (proj2 (Z.leb_le g (g + j))), (proj2 (Z.ltb_lt (g + j) _)) by lia. auto.
      * destruct (G f) as [E|E].
        -- cbn [kstep]; fields. rewrite !get_set, !get_fill, E. rewrite (proj2 (Z.eqb_neq f g)) by lia. destruct (_ && _); cbn; lia.
        -- rewrite E. intros H. pose proof (tails _ I f j H) as T. destruct (G (f + j)) as [E'| ->]; auto. congruence.
    + intros v. rewrite L. intros H. pose proof (roots _ I v H) as R. destruct (G (v + 1)) as [E'| ->]; auto. congruence.
    + intros h. destruct (G h) as [E|E]; [intros _; now apply (free_zero _ I)|rewrite E; apply (free_zero _ I)].
    + intros f b. cbn [kstep]; fields. rewrite get_set, get_fill. destruct (Z.eqb_spec f g) as [->|].
      * intros E j Hj. apply (free_zero _ I). apply F. subst x. cbn [size_of]. auto.
      * destruct (_ && _); [discriminate|apply (scrubbed_zero _ I)].
    + intros w l i. rewrite L. apply (unborn _ I).
    + intros w. rewrite L. intros Lw D. now apply (dead_gone _ I w Lw D).
    + apply (devs_same s); auto. apply I.
  - (* Release *) destruct P as (-> & N & Z0). pose proof (size_pos _ (or_intror N)) as Sz. set (n := size_of _) in *.
    assert (T : forall h, g <= h < g + n -> h = g \/ get (gran (k s)) h = GTail g).
    { intros h Hh. destruct (Z.eq_dec h g); auto. right. replace h with (g + (h - g)) by lia. apply I. fold n. lia. }
    assert (U : forall h v l i e, g <= h < g + n -> okent (k s) v l i e -> names e h -> False).
    { intros h v l i e Hh H Hn. pose proof (okent_not _ _ _ _ _ h H Hn) as X. destruct (T h Hh) as [->|E]; [|rewrite E in X; tauto].
      destruct (get (gran (k s)) g) as [| | |[?|]| | | |? [?|] ?|? [|? ?]|]; cbn in N, X; tauto. }
    assert (G : forall h, get (gran (kstep (Release g n) (k s))) h = if (g <=? h) && (h <? g + n) then GFree else get (gran (k s)) h) by reflexivity.
    assert (L : forall v, live (kstep (Release g n) (k s)) v = live (k s) v).
    { intros v. unfold live. rewrite G. destruct ((g <=? v) && (v <? g + n)) eqn:E; auto.
      destruct (T v) as [->| ->]; auto; [lia|]. destruct (get (gran (k s)) g); cbn in N; tauto. }
    assert (O : forall v l i e, okent (k s) v l i e -> okent (kstep (Release g n) (k s)) v l i e).
    { intros v l i e H. apply (okent_gran (k s)); [reflexivity| |exact H]. intros h Hn. rewrite G.
      destruct ((g <=? h) && (h <? g + n)) eqn:E; auto. exfalso. apply (U h v l i e); auto. lia. }
    constructor; cbn [k step]; unfold zero; cbn [mem tlb].
    + intros. apply O. apply I.
    + intros u v l i. rewrite L. intros H. apply O. apply (tlbs _ I u v l i H).
    + apply I.
    + intros v. rewrite L. apply I.
    + intros v w. rewrite !L. apply I.
    + intros f j. rewrite !G. destruct ((g <=? f) && (f <? g + n)) eqn:E; [cbn; lia|]. intros H. pose proof (tails _ I f j H) as X.
      destruct ((g <=? f + j) && (f + j <? g + n)) eqn:E'; auto. exfalso. destruct (T (f + j)) as [E2|E2]; [lia| |].
      * assert (Y : get (gran (k s)) g = GTail f) by congruence. rewrite Y in N. cbn in N. tauto.
      * rewrite X in E2. injection E2 as ->. lia.
    + intros v. rewrite L. intros H. pose proof (roots _ I v H) as R. rewrite G.
      destruct ((g <=? v + 1) && (v + 1 <? g + n)) eqn:E'; auto. destruct (T (v + 1)) as [E2|E2]; [lia| |congruence].
      rewrite <- E2, R in N. cbn in N. tauto.
    + intros h. rewrite G. destruct ((g <=? h) && (h <? g + n)) eqn:E; [|apply (free_zero _ I)]. intros _. replace h with (g + (h - g)) by lia. apply Z0. lia.
    + intros f b. rewrite G. destruct ((g <=? f) && (f <? g + n)) eqn:E; [discriminate|apply (scrubbed_zero _ I)].
    + intros w l i. rewrite L. apply (unborn _ I).
    + intros w. rewrite L. intros Lw D. now apply (dead_gone _ I w Lw D).
    + apply (devs_same s); auto. apply I.
  - (* NewVspace *) destruct P as (F0 & F1 & M). set (s' := step _ s).
    assert (G : forall h, get (gran (k s')) h = if h =? v then GVspace else if h =? v + 1 then GRoot v else get (gran (k s)) h) by reflexivity.
    assert (L : forall w, live (k s') w = if w =? v then true else live (k s) w).
    { intros w. unfold live. rewrite G. beq; auto. now rewrite F1. }
    assert (O : forall w l i e, w <> v -> okent (k s) w l i e -> okent (k s') w l i e).
    { intros w l i e Nw H. apply (okent_gran (k s)); [| |exact H].
      - unfold guest_of. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto.
      - intros h Hn. pose proof (okent_not _ _ _ _ _ h H Hn) as X. rewrite G. beq; auto; rewrite ?F0, ?F1 in X; tauto. }
    assert (V : forall w, vmid (get (vsp (k s')) w) = if w =? v then m else vmid (get (vsp (k s)) w)).
    { intros w. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto. }
    constructor; unfold zero; try change (mem s') with (mem s); try change (tlb s') with (tlb s).
    + intros w l i. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set.
      destruct (Z.eqb_spec w v) as [->|Nw]; [cbn [tab]; rewrite !get_init; cbn; auto|]. apply (O w l i); auto. apply I.
    + intros u w l i. rewrite L. unfold cached. change (tlb s') with (tlb s). rewrite V. destruct (Z.eqb_spec w v) as [->|Nw]; intros H.
      * rewrite (tlbs_unused _ I) by auto. cbn; auto.
      * apply O; auto. apply (tlbs _ I u); auto.
    + intros u n l i. change (vmids (k s')) with (set (vmids (k s)) m true). rewrite get_set. destruct (n =? m); [discriminate|apply (tlbs_unused _ I)].
    + intros w. rewrite L, V. change (vmids (k s')) with (set (vmids (k s)) m true). rewrite get_set. beq; auto. apply (vmid_used _ I).
    + intros w u. rewrite !L, !V. destruct (Z.eqb_spec w v) as [->|], (Z.eqb_spec u v) as [->|]; auto; intros A B E.
      * exfalso. subst m. rewrite (vmid_used _ I u B) in M. discriminate.
      * exfalso. subst m. rewrite (vmid_used _ I w A) in M. discriminate.
      * apply I; auto.
    + intros f j. rewrite !G. intros H. assert (H' : 0 < j < size_of (get (gran (k s)) f)) by (revert H; beq; cbn; lia).
      pose proof (tails _ I f j H') as X. destruct (Z.eqb_spec (f + j) v) as [E|]; [congruence|]. destruct (Z.eqb_spec (f + j) (v + 1)) as [E|]; congruence.
    + intros w. rewrite L, G. destruct (Z.eqb_spec w v) as [->|Nw]; intros H; [beq; auto|]. pose proof (roots _ I w H) as R.
      destruct (Z.eqb_spec (w + 1) v) as [E|]; [congruence|]. destruct (Z.eqb_spec (w + 1) (v + 1)); [lia|auto].
    + intros h. rewrite G. beq; try discriminate. apply (free_zero _ I).
    + intros f b. rewrite G. beq; try discriminate. apply (scrubbed_zero _ I).
    + intros w l i. rewrite L. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set.
      destruct (Z.eqb_spec w v) as [->|Nw]; intros H; [first [discriminate | cbn [tab vs_none]; now rewrite !get_init]|]. now apply (unborn _ I).
    + intros w. rewrite L. cbn [k s' step kstep]; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|Nw]; [discriminate|]. intros Lw D.
      apply (gone_same s); [now apply (dead_gone _ I)|reflexivity|reflexivity|rewrite V; beq; auto|]. intros i _. right. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto.
    + apply (devs_keep s); auto; try reflexivity; [apply I|intros st w0 _; rewrite L; beq; auto|]. intros w l i. rewrite L.
      unfold cached. change (tlb s') with (tlb s). rewrite V. destruct (Z.eqb_spec w v) as [->|]; intros Lw B E; [|auto]. now apply (tlbs_unused _ I).
  - (* EndVspace *) destruct P as (Lv & Z0 & B0 & T0). pose proof (roots _ I v Lv) as R0. set (s' := step _ s).
    assert (Gv : get (gran (k s)) v = GVspace) by (unfold live in Lv; destruct (get (gran (k s)) v); congruence).
    assert (G : forall h, get (gran (k s')) h = if (v <=? h) && (h <? v + 2) then GFree else get (gran (k s)) h) by reflexivity.
    assert (In2 : forall h, (v <=? h) && (h <? v + 2) = true -> h = v \/ h = v + 1) by (intros; lia).
    assert (L : forall w, live (k s') w = if w =? v then false else live (k s) w).
    { intros w. unfold live. rewrite G. destruct ((v <=? w) && (w <? v + 2)) eqn:E; [destruct (In2 _ E) as [->| ->]; beq; auto; now rewrite R0|beq; auto]. }
    assert (O : forall w l i e, w <> v -> okent (k s) w l i e -> okent (k s') w l i e).
    { intros w l i e Nw H. apply (okent_gran (k s)); [| |exact H].
      - unfold guest_of. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto.
      - intros h Hn. pose proof (okent_not _ _ _ _ _ h H Hn) as X. rewrite G.
        destruct ((v <=? h) && (h <? v + 2)) eqn:E; auto. destruct (In2 _ E) as [->| ->]; rewrite ?Gv, ?R0 in X; tauto. }
    assert (V : forall w, w <> v -> vmid (get (vsp (k s')) w) = vmid (get (vsp (k s)) w)).
    { intros w N. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto. }
    constructor; unfold zero; try change (mem s') with (mem s); try change (tlb s') with (tlb s).
    + intros w l i. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set.
      destruct (Z.eqb_spec w v) as [->|Nw]; [cbn [tab vs_none]; rewrite !get_init; cbn; auto|]. apply (O w l i); auto. apply I.
    + intros u w l i. rewrite L. unfold cached. change (tlb s') with (tlb s). destruct (Z.eqb_spec w v) as [->|Nw]; intros H; [discriminate|].
      rewrite V by auto. apply O; auto. apply (tlbs _ I u); auto.
    + intros u n l i. change (vmids (k s')) with (set (vmids (k s)) (vmid (get (vsp (k s)) v)) false). rewrite get_set. destruct (Z.eqb_spec n (vmid (get (vsp (k s)) v))) as [->|]; [intros _; apply T0|apply (tlbs_unused _ I)].
    + intros w. rewrite L. destruct (Z.eqb_spec w v) as [|Nw]; [discriminate|]. intros H. rewrite V by auto.
      change (vmids (k s')) with (set (vmids (k s)) (vmid (get (vsp (k s)) v)) false). rewrite get_set.
      destruct (Z.eqb_spec (vmid (get (vsp (k s)) w)) (vmid (get (vsp (k s)) v))) as [E|]; [|apply I; auto].
      exfalso. apply Nw. apply (vmid_own _ I); auto.
    + intros w u. rewrite !L. destruct (Z.eqb_spec w v), (Z.eqb_spec u v); try discriminate. rewrite !V by auto. apply I.
    + intros f j. rewrite !G. destruct ((v <=? f) && (f <? v + 2)) eqn:E; [cbn; lia|]. intros H. pose proof (tails _ I f j H) as X.
      destruct ((v <=? f + j) && (f + j <? v + 2)) eqn:E'; auto. destruct (In2 _ E') as [E2|E2]; rewrite E2 in X; congruence.
    + intros w. rewrite L, G. destruct (Z.eqb_spec w v) as [->|Nw]; [discriminate|]. intros H. pose proof (roots _ I w H) as R.
      destruct ((v <=? w + 1) && (w + 1 <? v + 2)) eqn:E'; auto. destruct (In2 _ E') as [E2|E2]; rewrite E2 in R; [congruence|lia].
    + intros h. rewrite G. destruct ((v <=? h) && (h <? v + 2)) eqn:E; [|apply I]. intros _.
      replace h with (v + (h - v)) by lia. apply Z0. lia.
    + intros f b. rewrite G. destruct ((v <=? f) && (f <? v + 2)) eqn:E; [discriminate|apply (scrubbed_zero _ I)].
    + intros w l i. rewrite L. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set.
      destruct (Z.eqb_spec w v) as [->|Nw]; intros H; [first [discriminate | cbn [tab vs_none]; now rewrite !get_init]|]. now apply (unborn _ I).
    + intros w. rewrite L. cbn [k s' step kstep]; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|Nw]; [discriminate|]. intros Lw D.
      apply (gone_same s); [now apply (dead_gone _ I)|reflexivity|reflexivity|now apply V|]. intros i _. right. unfold entry_at. cbn [k s' step kstep]; fields. rewrite get_set. beq; auto.
    + apply (devs_keep s); auto; try reflexivity; [apply I| |].
      * intros st w0 N Lw. subst w0. rewrite L. destruct (Z.eqb_spec (get (attached (str (k s))) st) v) as [E|]; auto. exfalso. apply N. rewrite E. exact (B0 st E).
      * intros w l i. rewrite L. destruct (Z.eqb_spec w v) as [|Nw]; [discriminate|]. intros Lw B E. rewrite (cached_k s) by auto. auto.
  - (* SetVs *) apply (keep_tables s); auto; cbn [k step kstep]; fields; auto.
    + intros w m j Lw. unfold entry_at; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|]; cbn [tab]; now apply (unborn _ I).
    + intros w Lw. rewrite get_set. destruct (Z.eqb_spec w v) as [->|Nw]; cbn [living]; intros D.
      * apply (gone_same s); auto; cbn [k]; fields; [now rewrite get_set, Z.eqb_refl|]. intros i _. right. unfold entry_at; fields. now rewrite get_set, Z.eqb_refl.
      * apply (gone_same s); [now apply (dead_gone _ I)|auto|auto|cbn [k]; fields; rewrite get_set; beq; auto|]. intros i _. right.
        unfold entry_at; cbn [k]; fields. rewrite get_set. beq; auto.
    + intros w. unfold guest_of; fields. rewrite get_set. beq; auto.
    + intros w l i. unfold entry_at; fields. rewrite get_set. destruct (Z.eqb_spec w v) as [->|]; cbn [tab]; apply I.
  - (* SetVcpu *) destruct I. constructor; cbn [k step kstep]; auto. destruct devices0. constructor; auto.
  - destruct I. constructor; auto. destruct devices0. constructor; auto.
  - destruct I. constructor; auto. destruct devices0. constructor; auto.
  - (* SetSte *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
    intros x. cbn [k step kstep]; fields. rewrite get_set. destruct (Z.eqb_spec x st) as [->|]; auto.
  - (* DropSte *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
    intros x. cbn [k step kstep]; fields. rewrite get_set. destruct (Z.eqb_spec x st) as [->|]; auto.
  - (* Attach *) destruct P as (P1 & P2 & P3 & P4). pose proof I as I0. destruct I as [? ? ? ? ? ? ? ? ? ? Dg D].
    assert (A : forall x, get (attached (str (k (step (Attach st v) s)))) x = if x =? st then v else get (attached (str (k s))) x) by reflexivity.
    constructor; auto.
    + intros w Lw De. destruct (Dg w Lw De) as (G1 & G2 & G3). repeat split; auto. intros x. rewrite A. destruct (Z.eqb_spec x st); [|apply G3].
      intros ->. destruct (Z.eq_dec w NONE) as [|N]; auto. destruct (P3 N) as (_ & B & _). now elim B.
    + destruct D as [O S C Q]. constructor.
      * intros x. rewrite A. destruct (Z.eqb_spec x st) as [->|]; [|apply O]. intros N. destruct (P3 N) as (B1 & _ & B2). split; auto.
      * intros x. rewrite A. destruct (Z.eqb_spec x st) as [->|]; [|apply S]. left. exact P1.
      * intros x. rewrite A. destruct (Z.eqb_spec x st) as [->|]; [|apply C]. left. exact P2.
      * intros w l i Lw B. change (cached (step (Attach st v) s) true w l i) with (cached s true w l i).
        destruct (Z.eq_dec w (get (attached (str (k s))) st)) as [E|N].
        -- destruct P4 as [P4|[(st' & Ns & P4)|P4]].
           ++ apply Q; auto. intros x _. congruence.
           ++ apply Q; auto. intros x _. apply (B st'). rewrite A. destruct (Z.eqb_spec st' st); congruence.
           ++ rewrite E. apply P4.
        -- apply Q; auto. intros x X. apply (B x). rewrite A. destruct (Z.eqb_spec x st) as [->|]; [congruence|auto].
  - (* SetFault *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
  - (* SetCore *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
  - (* SetFired *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
  - (* Put *) destruct P as (v & l & i & f & r & L & E & Hj).
    assert (R : okent (k s) v l i (Leaf f r)) by (rewrite <- E; apply I). destruct (leaf_frame _ _ _ _ _ _ R) as [S1 S2].
    assert (N : 0 <= g - f < size_of (get (gran (k s)) f)) by lia.
    constructor; cbn [k tlb]; try apply I.
    + intros h F. cbn [step kstep k] in F. cbn [step mem]. rewrite get_set. destruct (Z.eqb_spec h g) as [->|]; [|now apply (free_zero _ I)]. exfalso.
      assert (X : g = f) by (apply (heads_apart s g f 0 (g - f)); auto; try lia; [rewrite F; cbn; lia|unfold is_object; now rewrite F]).
      subst f. cbn in R. rewrite F in R. auto.
    + intros h b F j J. cbn [step kstep k] in F. cbn [step mem]. rewrite get_set. destruct (Z.eqb_spec (h + j) g) as [X|]; [|eapply (scrubbed_zero _ I); eauto]. exfalso.
      assert (h = f). { apply (heads_apart s h f j (g - f)); auto; [now rewrite F|unfold is_object; now rewrite F|lia]. }
      subst h. cbn in R. rewrite F in R. auto.
    + apply (devs_same s); auto. apply I.
  - (* Tell *) destruct I as [? ? ? ? ? ? ? ? ? ? Dg D]. constructor; auto. destruct D as [O S C Q]. constructor; auto.
Qed.
