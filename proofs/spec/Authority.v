(* SPDX-License-Identifier: Apache-2.0 *)
(* What the authority layer lets through: to which operations of the isolation layer each hypercall leads. Whatever it does, the
   theorems about those hold; here is what it cannot do at all. *)
From Nie Require Export Policy Capabilities.

(* What the end of a capability comes to: its mapping ends, and with the one that retype or boot made, its object. *)
Definition end_ops (s : kern) (budget : Z) (c : cap) : list op :=
  match remembers c with
  | Some (v, _, ipa) => if lives s c then [if kind c =? type_stream then StreamDetach (object c) v
                                          else if kind c =? type_device then UnmapDevice (object c) v ipa else UnmapShared (object c) v ipa] else []
  | None => []
  end ++
  (if origin c then
     if (kind c =? type_private_frame) || (kind c =? type_shared_frame) then [FrameDestroy (object c) budget]
     else if kind c =? type_table then [TableDestroy (object c) budget]
     else if (kind c =? type_task_vspace) || (kind c =? type_guest_vspace) then [VspaceDestroy (object c) budget]
     else if kind c =? type_vcpu then [VcpuDestroy (object c) budget]
     else if kind c =? type_irq then [IrqEnd (object c)]
     else if kind c =? type_cnode then [CnodeDestroy (object c) budget] else []
   else []).
Definition make_op ty bits g ser : op :=
  if ty =? type_cnode then CnodeMake g (granules_of bits) ser
  else if ty =? type_private_frame then FrameMake g (bits =? 21) true else if ty =? type_shared_frame then FrameMake g (bits =? 21) false
  else if ty =? type_table then TableMake g else if ty =? type_task_vspace then VspaceMake g false else if ty =? type_guest_vspace then VspaceMake g true
  else VcpuMake g.
(* `ended`: of those below, or doomed, what a bounded part of the work ends. `es`: what the SMMU reports meanwhile. *)
Definition call_ops (w : world) (h : hypercall) (now : Z) (ended : list cap) (es : list event_of) (sers : Z -> Z) : list op :=
  match first (call_guards w h) with
  | Some _ => []
  | None =>
    let l := look_up w in let o i := object (the (l i)) in let s := krn w in let cs i := match l i with Holds c => object c | _ => NONE end in
    match h with
    | CapInfo _ | CapCopy _ _ _ _ _ | CapMove _ _ _ _ | HMeasurement _ | HIrqPoll _ | HMachineOff _ => []
    | CapDelete _ _ | CapRevoke _ _ => flat_map (end_ops s STEP_GRANULES) ended
    | Retype u ty bits _ _ count =>
        if ty =? type_untyped then []
        else map (fun j => let g := object (the (l u)) + next_offset w (match home w with Some g => slot_id g u | None => 0 end) bits + Z.of_nat j * granules_of bits in make_op ty bits g (sers g))
                 (seq 0 (Z.to_nat count))
    | HMap f v ipa r => [if kind (the (l f)) =? type_private_frame then MapPrivate (o f) (o v) ipa r
                         else if kind (the (l f)) =? type_device then MapDevice (o f) (o v) ipa r else MapShared (o f) (o v) ipa r]
    | HUnmap f => let c := the (l f) in
        if kind c =? type_private_frame then [UnmapPrivate (object c)]
        else match remembers c with Some (v, _, ipa) => [if kind c =? type_device then UnmapDevice (object c) v ipa else UnmapShared (object c) v ipa] | None => [] end
    | HMapTable t v ipa level => [MapTable (o t) (o v) ipa level]
    | HDonate f v ipa r => [Donate (o f) (o v) ipa r]
    | HExpectRam v ipa b n => [ExpectRam (o v) ipa b n]
    | HActivate v p => [Activate (o v) p]
    | HKill v => [VspaceKill (o v) STEP_GRANULES]
    | HConfigure c v i n e a st => [Configure (o c) (o v) i (if kind (the (l v)) =? type_guest_vspace then NONE else cs n) e a st]
    | HKick c => [Kick (o c)]
    | HDebug c what a x => [Debugs (o c) what a x]
    | HRun c u _ l1 l2 l3 f => [Runs (now_on s (here w)) (o c) u l1 l2 l3 f]
    | HWait u => [Settles (here w) now (Waits u)]
    | HCoreStart n c => [CoreStart (here w) (o n) (o c)]
    | HIrqBind i => [IrqBind (o i) (here w)]
    | HIrqAck i => [IrqAck (o i)]
    | HAttach st v => [StreamAttach (o st) (o v) es]
    | HDetach st => match remembers (the (l st)) with Some (v, _, _) => [StreamDetach (o st) v] | None => [] end
    | HFault st => [StreamFault (o st) es]
    end
  end.

(* ---- what capability calls may change ---- *)
(* To look at, copy or move a capability changes nothing of the isolation layer's. *)
Theorem capabilities_move_nothing w h now ended es sers : match h with CapInfo _ | CapCopy _ _ _ _ _ | CapMove _ _ _ _ => True | _ => False end ->
  call_ops w h now ended es sers = [].
Proof. intros H. unfold call_ops. destruct (first _); auto. destruct h; cbn in H; tauto. Qed.
(* To end capabilities unmaps, detaches and destroys, and nothing else. *)
Definition is_end (o : op) := match o with UnmapShared _ _ _ | UnmapDevice _ _ _ | StreamDetach _ _ | FrameDestroy _ _ | TableDestroy _ _ | VspaceDestroy _ _
  | VcpuDestroy _ _ | CnodeDestroy _ _ | IrqEnd _ => True | _ => False end.
Theorem ending_only_ends w h now ended es sers : match h with CapDelete _ _ | CapRevoke _ _ => True | _ => False end -> Forall is_end (call_ops w h now ended es sers).
Proof.
  intros H. unfold call_ops. destruct (first _); [constructor|]. destruct h; cbn in H; try tauto; apply Forall_flat_map, Forall_forall; intros x _; unfold end_ops;
    apply Forall_app; split; repeat match goal with |- context [match ?c with _ => _ end] => destruct c end; repeat constructor. Qed.
(* Retype makes objects of memory that its untyped has, behind what it gave out before. *)
Definition made_at (o : op) : option Z := match o with CnodeMake g _ _ | TableMake g | VcpuMake g | FrameMake g _ _ | VspaceMake g _ => Some g | _ => None end.
Definition own_slot w i := match home w with Some g => slot_id g i | None => 0 end.
Lemma passed gs : first gs = None -> forall g, In g gs -> snd g = false.
Proof. induction gs as [|[c b] gs IH]; cbn; [tauto|]. destruct b; [discriminate|]. intros H g [<-|I]; auto. Qed.
Theorem retype_makes_inside_its_untyped w u ty bits tc ti count now ended es sers : 0 < granules_of bits -> 0 <= get (used (cps w)) (own_slot w u) -> 0 <= count ->
  Forall (fun o => exists g, made_at o = Some g /\ object (the (look_up w u)) + get (used (cps w)) (own_slot w u) <= g /\
                             g + granules_of bits <= object (the (look_up w u)) + granules_of (size_bits (the (look_up w u))))
         (call_ops w (Retype u ty bits tc ti count) now ended es sers).
Proof.
  intros Hn Hu Hc. unfold call_ops. destruct (first _) eqn:F; [constructor|]. pose proof (passed _ F) as P. fold (own_slot w u). destruct (ty =? type_untyped) eqn:T; [constructor|].
  assert (Room : granules_of (size_bits (the (look_up w u))) <? next_offset w (own_slot w u) bits + count * granules_of bits = false).
  { match type of P with forall g, In g ?l -> _ => assert (I : In (err_no_memory, retype_untyped, (granules_of (size_bits (the (look_up w u))) <? next_offset w (own_slot w u) bits + count * granules_of bits)
      || (negb (ty =? type_untyped) && negb (is_free_range (krn w) (object (the (look_up w u)) + next_offset w (own_slot w u) bits) (count * granules_of bits)))) l) end.
    { cbn [call_guards]. apply in_app_iff. right. apply in_app_iff. right. apply in_app_iff. right. unfold own_slot. cbn [In]. tauto. }
    specialize (P _ I). cbn [snd] in P. now apply orb_false_iff in P. }
  apply Z.ltb_ge in Room. assert (Low : get (used (cps w)) (own_slot w u) <= next_offset w (own_slot w u) bits).
  { unfold next_offset. set (n := granules_of bits) in *. set (x := get _ _) in *. pose proof (Z.div_mod (x + n - 1) n ltac:(lia)). pose proof (Z.mod_pos_bound (x + n - 1) n ltac:(lia)). lia. }
  apply Forall_map, Forall_forall. intros j J. apply in_seq in J. set (g := object _ + _ + _). exists g.
  split; [unfold make_op; repeat match goal with |- context [if ?b then _ else _] => destruct b end; reflexivity|]. assert (0 <= Z.of_nat j < count) by lia. subst g. split; nia. Qed.

(* ---- no call without authority ---- *)
(* The caller's CSpace holds a capability of one of these kinds, with these rights, to this object. *)
Definition may_ w ks need g := exists i c, look_up w i = Holds c /\ kinds_in ks c = true /\ allows need c = true /\ object c = g.
(* What a call of the isolation layer changes, that is named by a capability. *)
Definition authorized (w : world) (o : op) : Prop :=
  match o with
  | MapPrivate f v _ r => may_ w [type_private_frame] r f /\ may_ w [type_task_vspace] right_write v
  | MapShared f v _ r => may_ w [type_shared_frame] r f /\ may_ w VSPACES right_write v
  | MapDevice p v _ r => may_ w [type_device] r p /\ may_ w [type_task_vspace] right_write v
  | MapTable t v _ _ => may_ w [type_table] 0 t /\ may_ w VSPACES right_write v
  | Donate f v _ r => may_ w [type_private_frame] r f /\ may_ w [type_guest_vspace] right_write v
  | ExpectRam v _ _ _ => may_ w [type_guest_vspace] right_write v
  | Activate v _ => may_ w [type_guest_vspace] right_control v
  | VspaceKill v _ => may_ w VSPACES right_control v
  | Configure c v _ _ _ _ _ => may_ w [type_vcpu] right_control c /\ may_ w VSPACES right_control v
  | UnmapPrivate f => may_ w [type_private_frame] 0 f
  | UnmapShared f _ _ => may_ w [type_shared_frame] 0 f
  | UnmapDevice p _ _ => may_ w [type_device] 0 p
  | Kick c | Debugs c _ _ _ | Runs _ c _ _ _ _ _ => may_ w [type_vcpu] right_control c
  | CoreStart _ n c => may_ w [type_core] right_control n /\ may_ w [type_vcpu] right_control c
  | IrqBind i _ | IrqAck i => may_ w [type_irq] right_control i
  | StreamAttach st v _ => may_ w [type_stream] right_control st /\ may_ w VSPACES right_write v
  | StreamDetach st _ => may_ w [type_stream] right_control st
  | StreamFault st _ => may_ w [type_stream] right_read st
  | Settles n _ (Waits _) => n = here w
  | _ => False
  end.
Lemma is_held w arg i ks gs : first gs = None -> (forall g, In g (typed arg (look_up w i) ks) -> In g gs) -> exists c, look_up w i = Holds c /\ kinds_in ks c = true.
Proof.
  intros F S. pose proof (passed gs F) as P. assert (P1 := P _ (S _ (or_introl eq_refl))). assert (P2 := P _ (S _ (or_intror (or_introl eq_refl)))).
  assert (P3 := P _ (S _ (or_intror (or_intror (or_introl eq_refl))))). cbn in P1, P2, P3. destruct (look_up w i) as [| |c]; try discriminate. exists c. split; auto. cbn in P3. now apply negb_false_iff in P3. Qed.
Lemma is_allowed w arg i ks need gs : first gs = None -> (forall g, In g (capable arg (look_up w i) ks need) -> In g gs) -> may_ w ks need (object (the (look_up w i))).
Proof.
  intros F S. destruct (is_held w arg i ks gs F) as (c & E & K); [intros g I; apply S; unfold capable; apply in_app_iff; now left|].
  pose proof (passed gs F (err_no_right, arg, held (look_up w i) (fun c => negb (allows need c))) (S _ ltac:(unfold capable; apply in_app_iff; right; now left))) as P. cbn in P. rewrite E in *. cbn in P. apply negb_false_iff in P. exists i, c. auto. Qed.
Lemma allows_nothing c : allows 0 c = true. Proof. unfold allows. now rewrite Z.land_0_r. Qed.
(* No call reaches an object that the caller has no capability to, of that kind and with those rights. *)
Theorem no_call_without_authority w h now ended es sers : match h with CapDelete _ _ | CapRevoke _ _ | Retype _ _ _ _ _ _ => False | _ => True end ->
  Forall (authorized w) (call_ops w h now ended es sers).
Proof.
  intros H. unfold call_ops. destruct (first _) eqn:F; [constructor|].
  assert (Al : forall arg i ks need, (forall g, In g (capable arg (look_up w i) ks need) -> In g (call_guards w h)) -> may_ w ks need (object (the (look_up w i)))) by (intros; eapply is_allowed; eauto).
  assert (He : forall arg i ks, (forall g, In g (typed arg (look_up w i) ks) -> In g (call_guards w h)) -> exists c, look_up w i = Holds c /\ kinds_in ks c = true) by (intros; eapply is_held; eauto).
  pose proof (passed _ F) as P. clear F.
  assert (One : forall ks i c, look_up w i = Holds c -> kinds_in ks c = true -> may_ w ks 0 (object (the (look_up w i)))) by (intros ks i c E K; exists i, c; rewrite E; auto using allows_nothing).
  Local Ltac inside := let g := fresh in let I := fresh in intros g I; cbn [call_guards]; repeat (rewrite ?in_app_iff; first [left; exact I | exact I | right]).
  destruct h; cbn in H; try tauto; repeat constructor; cbn [authorized].
  - (* map *) destruct (He map_frame frame MAPPABLE ltac:(inside)) as (c & E & K).
    assert (R : allows rights c = true). { specialize (P (err_no_right, map_frame, held (look_up w frame) (fun c => negb (allows rights c)))). rewrite E in P. cbn [snd held] in P. apply negb_false_iff, P.
      cbn [call_guards]. rewrite !in_app_iff. right. right. left. unfold with_rights. rewrite E. cbn [In held]. tauto. }
    pose proof (Al map_vspace vspace (if kind c =? type_shared_frame then VSPACES else [type_task_vspace]) right_write) as Av.
    assert (Av' : may_ w (if kind c =? type_shared_frame then VSPACES else [type_task_vspace]) right_write (object (the (look_up w vspace)))).
    { apply Av. intros g I. cbn [call_guards]. rewrite !in_app_iff. right. left. rewrite E. exact I. } clear Av. rewrite E. cbn [the].
    assert (Mf : forall k, kind c = k -> may_ w [k] rights (object c)) by (intros k Ek; exists frame, c; repeat split; auto; unfold kinds_in; cbn; now rewrite Ek, Z.eqb_refl).
    destruct (Z.eqb_spec (kind c) type_private_frame) as [Ek|N1]; [|destruct (Z.eqb_spec (kind c) type_device) as [Ek|N2]]; cbn [authorized].
    + split; [now apply Mf|]. rewrite Ek in Av'. exact Av'. + split; [now apply Mf|]. rewrite Ek in Av'. exact Av'.
    + assert (Ek : kind c = type_shared_frame) by (unfold kinds_in, MAPPABLE in K; cbn [existsb] in K; rewrite !orb_true_iff, !Z.eqb_eq in K; destruct K as [K|[K|[K|K]]]; auto; try contradiction; discriminate). split; [now apply Mf|]. rewrite Ek in Av'. exact Av'.
  - (* unmap *) destruct (He unmap_frame frame MAPPABLE ltac:(inside)) as (c & E & K). rewrite E. cbn [the]. assert (Mf : forall k, kind c = k -> may_ w [k] 0 (object c)) by (intros k Ek; exists frame, c; repeat split; auto using allows_nothing; unfold kinds_in; cbn; now rewrite Ek, Z.eqb_refl).
    destruct (Z.eqb_spec (kind c) type_private_frame) as [Ek|N1]; [repeat constructor; now apply Mf|]. destruct (remembers c) as [[[? ?] ?]|]; repeat constructor.
    destruct (Z.eqb_spec (kind c) type_device) as [Ek|N2]; cbn [authorized]; apply Mf; auto. unfold kinds_in, MAPPABLE in K; cbn [existsb] in K; rewrite !orb_true_iff, !Z.eqb_eq in K; destruct K as [K|[K|[K|K]]]; auto; try contradiction; discriminate.
  - destruct (He map_table_table table [type_table] ltac:(inside)) as (c & E & K). eauto.
  - apply (Al map_table_vspace). inside.
  - destruct (He donate_frame frame [type_private_frame] ltac:(inside)) as (c & E & K). exists frame, c. rewrite E. repeat split; auto.
    specialize (P (err_no_right, donate_frame, held (look_up w frame) (fun c => negb (allows rights c)))). rewrite E in P. cbn [snd held] in P. apply negb_false_iff, P. cbn [call_guards]. rewrite !in_app_iff. right. right. left. unfold with_rights. rewrite E. cbn [In held]. tauto.
  - apply (Al donate_vspace). inside.
  - apply (Al expect_ram_vspace). inside.
  - apply (Al vspace_activate_vspace). inside.
  - apply (Al vspace_kill_vspace). inside.
  - apply (Al vcpu_configure_vcpu). inside.
  - apply (Al vcpu_configure_vspace). inside.
  - apply (Al vcpu_kick_vcpu). inside.
  - apply (Al vcpu_debug_vcpu). inside.
  - apply (Al run_vcpu). inside.
  - apply (Al core_start_core). inside.
  - apply (Al core_start_vcpu). inside.
  - apply (Al irq_bind_irq). inside.
  - apply (Al irq_ack_irq). inside.
  - apply (Al stream_attach_stream). inside.
  - apply (Al stream_attach_vspace). inside.
  - destruct (remembers _) as [[[? ?] ?]|]; repeat constructor. apply (Al stream_detach_stream). inside.
  - apply (Al stream_fault_stream). inside. Qed.
