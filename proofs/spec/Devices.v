(* SPDX-License-Identifier: Apache-2.0 *)
(* The calls about devices take only steps in their right place, whatever the devices do meanwhile: a stream is cut off, and the
   SMMU has forgotten both its entry and its translations, before the kernel forgets whose it was. *)
From Nie Require Export Safety.

Lemma call_safe must gs ps s : (must = true -> forallb (fun g : guard => negb (snd g)) gs = true -> safe ps s) ->
  safe (match call must gs ps with Done ps => ps | _ => [] end) s.
Proof. intros H. destruct (call must gs ps) as [| |qs] eqn:E; [exact I|exact I|]. apply call_done in E. destruct E as (M & -> & G). auto. Qed.

(* ---- cutting off ---- *)
Lemma unattached_aborts s st : inv s -> get (attached (str (k s))) st = NONE -> aborts s st.
Proof. intros J E. destruct (devices _ J) as [_ S C _]. unfold aborts. destruct (S st), (C st); split; congruence. Qed.
Lemma aborts_step p s st : aborts s st -> (forall v, p <> SetSte st v) -> aborts (step p s) st.
Proof.
  intros [A B] N. split.
  - rewrite step_k. destruct p; cbn [kstep]; auto. fields. rewrite get_set. destruct (Z.eqb_spec st st0) as [->|]; auto. now elim (N v).
  - destruct p; auto. cbn [step cfg]. rewrite get_set. destruct (st =? st0); auto. Qed.

Lemma cut_one st rest s : inv s ->
  (forall s', inv s' -> attached (str (k s')) = attached (str (k s)) -> (forall v, live (k s') v = live (k s) v) -> aborts s' st ->
     (forall x, aborts s x -> aborts s' x) -> safe rest s') -> safe (cut st ++ rest) s.
Proof.
  intros J H. unfold cut. cbn [app]. apply prim_then; [cbn; auto|]. intros s1 M1. apply prim_then; [cbn; auto|]. intros s2 M2.
  assert (J1 : inv (step (SetSte st NONE) s1)) by (apply step_inv; cbn; auto; eapply meanwhile_inv; eauto).
  assert (J2 : inv s2) by (eapply meanwhile_inv; eauto).
  assert (K2 : k s2 = kstep (SetSte st NONE) (k s)) by (rewrite (meanwhile_k _ _ M2), step_k, (meanwhile_k _ _ M1); auto).
  apply H.
  - apply step_inv; cbn; auto.
  - rewrite step_k; cbn [kstep]. rewrite K2. reflexivity.
  - intros v. rewrite step_k; cbn [kstep]. rewrite K2. reflexivity.
  - split; [rewrite step_k; cbn [kstep]; rewrite K2; cbn [kstep]; fields; now rewrite get_set, Z.eqb_refl|cbn [step cfg]; now rewrite get_set, Z.eqb_refl].
  - intros x X. apply aborts_step; [|discriminate]. apply (meanwhile_aborts _ _ x M2). destruct (Z.eq_dec x st) as [->|N].
    + apply (meanwhile_aborts _ _ _ M1) in X. destruct X as [_ C]. split; [rewrite step_k; cbn [kstep]; fields; now rewrite get_set, Z.eqb_refl|exact C].
    + apply aborts_step; [now apply (meanwhile_aborts _ _ _ M1)|]. intros v E. injection E. congruence. Qed.
Lemma cut_list v sts : forall rest s, inv s -> live (k s) v = true -> (forall st, get (attached (str (k s))) st = v -> In st sts \/ aborts s st) ->
  (forall s', inv s' -> attached (str (k s')) = attached (str (k s)) -> live (k s') v = true ->
     (forall st, get (attached (str (k s'))) st = v -> aborts s' st) -> safe rest s') -> safe (flat_map cut sts ++ rest) s.
Proof.
  induction sts as [|st sts IH]; intros rest s J L A H; cbn [flat_map].
  - cbn [app]. apply H; auto. intros st E. destruct (A st E); [contradiction|auto].
  - rewrite <- app_assoc. apply cut_one; auto. intros s1 J1 T1 L1 A1 Keep. apply IH; auto.
    + now rewrite L1.
    + intros x. rewrite T1. intros E. destruct (A x E) as [[<-|]|]; auto.
    + intros s' J' T'. apply H; auto. congruence. Qed.

Lemma deaf_attach s v st : inv s -> live (k s) v = true -> deaf s v -> okp (Attach st NONE) s -> deaf (step (Attach st NONE) s) v.
Proof.
  intros J L [A B] O. split; [|exact B]. intros x. cbn [step k kstep]; fields. rewrite get_set. destruct (Z.eqb_spec x st) as [->|].
  - intros _. cbn in O. destruct O as (P1 & P2 & _). split; [exact P1|exact P2].
  - intros E. destruct (A x E). split; auto. Qed.
Lemma forget_list v sts : forall rest s, inv s -> live (k s) v = true -> deaf s v ->
  (forall st, In st sts -> get (attached (str (k s))) st = v \/ get (attached (str (k s))) st = NONE) ->
  (forall s', safe rest s') -> safe (map (fun st => Attach st NONE) sts ++ rest) s.
Proof.
  induction sts as [|st sts IH]; intros rest s J L D A R; cbn [map app]; auto.
  assert (O : forall s1, meanwhile s s1 -> okp (Attach st NONE) s1).
  { intros s1 M. pose proof (meanwhile_inv _ _ J M) as J1. destruct (meanwhile_deaf s s1 v J L M D) as [D1 D2].
    assert (Ab : aborts s1 st). { destruct (A st (or_introl eq_refl)) as [E|E]; [apply D1; now rewrite (meanwhile_k _ _ M)|apply unattached_aborts; auto; now rewrite (meanwhile_k _ _ M)]. }
    destruct Ab as [A1 A2]. cbn. split; auto. split; auto. split; [tauto|]. rewrite (meanwhile_k _ _ M).
    destruct (A st (or_introl eq_refl)) as [E|E]; rewrite E; auto. }
  apply prim_then; [exact O|]. intros s1 M1. pose proof (meanwhile_inv _ _ J M1) as J1. assert (K1 : k s1 = k s) by now apply meanwhile_k. apply IH; auto.
  - apply step_inv; auto.
  - rewrite step_k, K1. auto.
  - apply deaf_attach; auto; [now rewrite K1|]. now apply (meanwhile_deaf s).
  - intros x X. rewrite step_k, K1. cbn [kstep]; fields. rewrite get_set. destruct (x =? st); auto. apply A. now right. Qed.

(* All devices of a VSpace that is to die. *)
Lemma streams_cut_safe s v rest : inv s -> live (k s) v = true -> (forall s', safe rest s') ->
  forall s', inv s' -> str (k s') = str (k s) -> live (k s') v = true -> safe (streams_cut (k s) v ++ rest) s'.
Proof.
  intros J L R s' J' T' L'. unfold streams_cut.
  assert (D : forall x, In x (streams_of (k s) v) -> get (attached (str (k s'))) x = v).
  { intros x X. unfold streams_of in X. apply filter_In in X as [_ X]. unfold domain in X. rewrite T'. now apply Z.eqb_eq. }
  assert (C : forall x, get (attached (str (k s'))) x = v -> In x (streams_of (k s) v) \/ aborts s' x).
  { intros x E. destruct (Z.eq_dec v NONE) as [->|N]; [right; now apply unattached_aborts|]. left. destruct (owners _ (devices _ J') x) as [_ B]; [congruence|].
    unfold streams_of. apply filter_In. split; [now apply streams_in|]. unfold domain. rewrite <- T', E. apply Z.eqb_refl. }
  destruct (streams_of (k s) v) as [|st sts] eqn:Sts; [apply R|]. rewrite <- !app_assoc. apply (cut_list v); auto.
  intros s1 J1 T1 L1 A1. cbn [app]. apply prim_then; [cbn; auto|]. intros s2 M2. pose proof (meanwhile_inv _ _ J1 M2) as J2.
  assert (K2 : k (step (InvAll true v) s2) = k s1) by (rewrite step_k; apply (meanwhile_k _ _ M2)). apply (forget_list v); auto.
  - apply step_inv; cbn; auto.
  - now rewrite K2.
  - split; [rewrite K2; intros x E; apply aborts_step; [now apply (meanwhile_aborts _ _ _ M2), A1|discriminate]|]. intros l i. unfold cached. cbn [step k tlb kstep]. unfold set_tlb.
    now rewrite !get_set, !Z.eqb_refl, get_set, Z.eqb_refl, !get_init.
  - intros x X. left. rewrite K2, T1. auto. Qed.
Lemma streams_cut_still s v : Forall still (streams_cut s v).
Proof.
  unfold streams_cut. destruct (streams_of s v) as [|a l]; [constructor|]. set (sts := a :: l). apply Forall_app. split.
  - induction sts; cbn; repeat constructor; auto. - constructor; [cbn; auto|]. induction sts; cbn; constructor; cbn; auto. Qed.

(* ---- connecting ---- *)
Lemma connect_list v sts : forall s, (forall st, In st sts -> get (attached (str (k s))) st = v) -> safe (flat_map (connect v) sts) s.
Proof.
  induction sts as [|st sts IH]; intros s A; [exact I|]. unfold connect. cbn [flat_map app]. apply prim_then.
  - intros s1 M1. cbn. right. rewrite (meanwhile_k _ _ M1). symmetry. apply A. now left.
  - intros s1 M1. apply prim_then; [cbn; auto|]. intros s2 M2. apply IH. intros x X. rewrite step_k; cbn [kstep]. rewrite (meanwhile_k _ _ M2), step_k; cbn [kstep]; fields.
    rewrite (meanwhile_k _ _ M1). apply A. now right. Qed.
Lemma streams_connect_safe s0 v s : str (k s) = str s0 -> safe (streams_connect s0 v) s.
Proof. intros E. apply connect_list. intros st H. unfold streams_of in H. apply filter_In in H as [_ H]. unfold domain in H. rewrite E. now apply Z.eqb_eq. Qed.

(* ---- the calls ---- *)
Definition is_fault p := match p with SetFault _ _ => True | _ => False end.
Lemma absorb_faults own es : forall f, Forall is_fault (snd (absorb own f es)).
Proof.
  induction es as [|[[[st ipa] acc] kind] es IH]; intros f; cbn [absorb]; [constructor|]. destruct (_ && _); [|apply IH].
  specialize (IH (set f st (if refusals (get f st) =? 0 then mkFault 1 ipa acc kind else mkFault (refusals (get f st) + 1) (at_ipa (get f st)) (access (get f st)) (event_kind (get f st))))).
  destruct (absorb _ _ es). cbn [snd] in *. constructor; cbn; auto. Qed.
Lemma faults_safe ps : Forall is_fault ps -> forall rest s, (forall s', attached (str (k s')) = attached (str (k s)) -> safe rest s') -> safe (ps ++ rest) s.
Proof.
  induction 1 as [|p ps F Fs IH]; intros rest s R; cbn [app]; [now apply R|]. destruct p; cbn in F; try tauto. apply prim_then; [cbn; auto|]. intros s1 M1. apply IH.
  intros s' E. apply R. rewrite E, step_k. cbn [kstep]; fields. now rewrite (meanwhile_k _ _ M1). Qed.

Lemma stream_attach_safe s st v es : inv s -> safe (match stream_attach (k s) st v es with Done ps => ps | _ => [] end) s.
Proof.
  intros J. unfold stream_attach. apply call_safe. intros Must Gs. cbn [forallb snd attach_guards] in Gs. rewrite !andb_true_iff, !negb_true_iff, negb_false_iff in Gs.
  apply andb_true_iff in Must as [Rg Sp]. destruct Gs as (At & Lf & _). apply Z.eqb_eq in At. unfold domain in At.
  assert (O : forall s1, meanwhile s s1 -> okp (Attach st v) s1).
  { intros s1 M. cbn. destruct (unattached_aborts s1 st) as [A1 A2]; [eapply meanwhile_inv; eauto|now rewrite (meanwhile_k _ _ M)|].
    rewrite (meanwhile_k _ _ M) in *. split; auto. split; auto. split; auto. intros _. split; [exact Sp|]. split; [|unfold is_stream in Rg; lia].
    intros D. rewrite D in Lf. discriminate. }
  apply prim_then; [exact O|]. intros s1 M1. apply faults_safe; [apply absorb_faults|]. intros s2 E2. cbn [app]. apply prim_then; [cbn; auto|]. intros s3 M3.
  destruct (guest (get (vsp (k s)) v)); [apply one; cbn; auto|].
  replace (connect v st) with (flat_map (connect v) [st]) by reflexivity. apply connect_list. intros x [<-|[]].
  rewrite step_k; cbn [kstep]; fields. rewrite (meanwhile_k _ _ M3), E2, step_k; cbn [kstep]; fields. now rewrite get_set, Z.eqb_refl. Qed.

Lemma stream_detach_safe s st v : inv s -> safe (match stream_detach (k s) st v with Done ps => ps | _ => [] end) s.
Proof.
  intros J. unfold stream_detach. destruct (is_stream st && _) eqn:Must; [|exact I]. destruct (Z.eqb_spec (domain (k s) st) v) as [E|]; [|exact I]. unfold domain in E.
  apply andb_true_iff in Must as [Rg Sp]. assert (Lv : live (k s) v = true) by exact Sp.
  apply cut_one; auto. intros s1 J1 T1 L1 A1 _. apply prim_then; [cbn; auto|]. intros s2 M2. apply one. intros s4 M4.
  set (s3 := step (InvAll true v) s2) in *. assert (J3 : inv s3) by (apply step_inv; cbn; auto; eapply meanwhile_inv; eauto).
  assert (K4 : k s4 = k s1) by (rewrite (meanwhile_k _ _ M4); unfold s3; rewrite step_k; apply (meanwhile_k _ _ M2)).
  assert (A3 : aborts s3 st) by (apply aborts_step; [now apply (meanwhile_aborts _ _ _ M2)|discriminate]).
  pose proof (meanwhile_aborts _ _ _ M4 A3) as [A4 A5]. cbn [okp]. split; auto. split; auto. split; [tauto|]. rewrite K4, T1, E.
  destruct (Z.eq_dec v NONE) as [|Nv]; [now left|]. right.
  destruct (existsb (fun x => negb (x =? st) && (domain (k s) x =? v)) all_streams) eqn:Ex.
  - left. apply existsb_exists in Ex as (x & _ & X). apply andb_true_iff in X as [X1 X2]. exists x. apply negb_true_iff, Z.eqb_neq in X1. apply Z.eqb_eq in X2. auto.
  - right. assert (D3 : deaf s3 v).
    { split.
      - intros x Ax. assert (Dx : domain (k s) x = v).
        { unfold domain. rewrite <- T1, <- (meanwhile_k _ _ M2). exact Ax. }
        destruct (Z.eq_dec x st) as [->|Nx]; auto. exfalso. destruct (owners _ (devices _ J) x) as [_ R]; [unfold domain in Dx; congruence|].
        assert (Y : existsb (fun x => negb (x =? st) && (domain (k s) x =? v)) all_streams = true).
        { apply existsb_exists. exists x. split; [now apply streams_in|]. rewrite Dx, Z.eqb_refl, (proj2 (Z.eqb_neq x st) Nx). reflexivity. }
        congruence.
      - intros l i. unfold s3, cached. cbn [step k tlb kstep]. unfold set_tlb. now rewrite !get_set, !Z.eqb_refl, get_set, Z.eqb_refl, !get_init. }
    assert (D4 : deaf s4 v).
    { apply (meanwhile_deaf s3); auto. unfold s3. rewrite step_k. cbn [kstep]. rewrite (meanwhile_k _ _ M2), L1. auto. }
    apply D4. Qed.

Lemma stream_fault_safe s st es : safe (snd (stream_fault (k s) st es)) s.
Proof.
  unfold stream_fault, take_events. pose proof (absorb_faults (attached (str (k s))) (firstn (Z.to_nat AT_ONCE) es) (faults (str (k s)))) as F.
  destruct (absorb _ _ _) as [f ps]. cbn [snd] in F. destruct (is_stream st); cbn [snd]; [|exact I]. apply faults_safe; auto. intros s' _. apply one. cbn; auto. Qed.
