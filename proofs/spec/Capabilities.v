(* SPDX-License-Identifier: Apache-2.0 *)
(* Capabilities and what hypercalls check about them (kernel/core/authority): all errors of every call, in order. *)
From Nie Require Export Chains Debug Derivation.

(* A capability: what it names, its rights, whether its end is the object's; a shared frame's, a device's or a stream's remembers
   the VSpace and that one's serial, and the IPA. *)
Record cap := mkCap { kind : Z; rights_of : Z; size_bits : Z; object : Z; origin : bool; remembers : option (Z * Z * Z) }.
Definition no_cap := mkCap 0 0 0 0 false None.
(* Slots are numbered by granule: 128 in each. The derivation list has all capabilities, tree after tree. `slots` of a CNode, 0 index
   included; 0 of one that was deleted. `used`: granules of an untyped below its watermark. *)
Record caps := mkCaps { cap_in : tmap (option cap); order : tree; slots : tmap Z; used : tmap Z; doomed_any : bool }.
(* Who calls: its vCPU, its core, its CSpace if that still exists. *)
Record world := mkWorld { krn : kern; cps : caps; caller : Z; here : Z; home : option Z }.

Inductive found_ := NoSlot | EmptySlot | Holds (c : cap).
Definition slot_id cnode i := cnode * 128 + i.
Definition find_in (w : world) (cnode : option Z) (i : Z) : found_ :=
  match cnode with
  | None => NoSlot
  | Some g => if (i =? 0) || (get (slots (cps w)) g <=? i) then NoSlot
              else match get (cap_in (cps w)) (slot_id g i) with Some c => Holds c | None => EmptySlot end
  end.
Definition look_up w i := find_in w (home w) i.
Definition the f := match f with Holds c => c | _ => no_cap end.
Definition held f (p : cap -> bool) : bool := match f with Holds c => p c | _ => false end.
Definition kinds_in ks c := existsb (Z.eqb (kind c)) ks.
Definition allows need c := Z.land (rights_of c) need =? need.
Definition is_none f := match f with NoSlot => true | _ => false end.
Definition is_nothing f := match f with EmptySlot => true | _ => false end.

Definition present arg f : list guard := [(err_bad_slot, arg, is_none f); (err_empty, arg, is_nothing f)].
Definition typed arg f ks : list guard := present arg f ++ [(err_wrong_type, arg, held f (fun c => negb (kinds_in ks c)))].
Definition capable arg f ks need : list guard := typed arg f ks ++ [(err_no_right, arg, held f (fun c => negb (allows need c)))].
Definition VSPACES := [type_task_vspace; type_guest_vspace].
Definition MAPPABLE := [type_private_frame; type_shared_frame; type_device].

(* A place that a call names by a CNode, 0 for the caller's own CSpace, and an index. *)
Definition cnode_guards w arg i need : list guard :=
  if i =? 0 then [(err_bad_slot, arg, match home w with None => true | _ => false end); (err_empty, arg, false); (err_wrong_type, arg, false); (err_no_right, arg, false)]
  else capable arg (look_up w i) [type_cnode] need.
Definition cnode_of w i : option Z := if i =? 0 then home w else match look_up w i with Holds c => Some (object c) | _ => None end.
Definition at_ w cnode i := find_in w (cnode_of w cnode) i.
Definition id_of w cnode i := match cnode_of w cnode with Some g => slot_id g i | None => 0 end.

(* The mapping, or the attachment, that a capability remembers is still there. *)
Definition lives (s : kern) c := match remembers c with Some (v, ser, _) => live s v && (serial (vs s v) =? ser) | None => false end.
Definition DEPTH_MAX := 63.
(* The caller's own vCPU, VSpace or CSpace would end. *)
Definition is_own w c :=
  let x := get (vcp (krn w)) (caller w) in
  origin c && (((kind c =? type_vcpu) && (object c =? caller w)) || (kinds_in VSPACES c && (object c =? in_vspace x)) || ((kind c =? type_cnode) && (object c =? cspace x))).
Definition granules_of bits := p2 (bits - 12).
Definition made_by_retype ty := (1 <=? ty) && (ty <=? type_vcpu).
Definition size_allowed ty bits :=
  if ty =? type_untyped then (12 <=? bits) && (bits <=? 40) else if ty =? type_cnode then (12 <=? bits) && (bits <=? 20)
  else if (ty =? type_private_frame) || (ty =? type_shared_frame) then (bits =? 12) || (bits =? 21)
  else if (ty =? type_task_vspace) || (ty =? type_guest_vspace) then bits =? 13 else bits =? 12.
Definition next_offset w u bits := let n := granules_of bits in (get (used (cps w)) u + n - 1) / n * n.
Definition vmids_left (s : kern) := Z.of_nat (length (filter (fun i => negb (get (vmids s) (Z.of_nat i))) (seq 1 255))).

Definition with_rights arg_rights arg_frame rights (f : found_) (no_execute : bool) : list guard := [
  (err_bad_value, arg_rights, negb ((rights / 8 =? 0) && Z.odd rights) || (no_execute && Z.testbit rights 2));
  (err_no_right, arg_frame, held f (fun c => negb (allows rights c)))].

Inductive hypercall :=
| CapInfo (slot : Z) | CapCopy (tc ti fc fi rights : Z) | CapMove (tc ti fc fi : Z) | CapDelete (cnode i : Z) | CapRevoke (cnode i : Z)
| Retype (u ty bits tc ti count : Z)
| HMap (frame vspace ipa rights : Z) | HUnmap (frame : Z) | HMapTable (table vspace ipa level : Z) | HDonate (frame vspace ipa rights : Z)
| HExpectRam (vspace ipa bits count : Z) | HActivate (vspace policy : Z) | HMeasurement (vspace : Z) | HKill (vspace : Z)
| HConfigure (vcpu vspace index cspace entry argument stack : Z) | HKick (vcpu : Z) | HDebug (vcpu what at_ value : Z)
| HRun (vcpu until reply l1 l2 l3 flags : Z) | HWait (until : Z) | HCoreStart (core vcpu : Z)
| HIrqBind (irq : Z) | HIrqPoll (irq : Z) | HIrqAck (irq : Z) | HMachineOff (core : Z)
| HAttach (stream vspace : Z) | HDetach (stream : Z) | HFault (stream : Z).

Definition call_guards (w : world) (h : hypercall) : list guard :=
  let s := krn w in let l := look_up w in let o i := object (the (l i)) in
  match h with
  | CapInfo i => present cap_info_slot (l i)
  | CapCopy tc ti fc fi _ =>
      cnode_guards w cap_copy_to_cnode tc right_write ++ [(err_bad_slot, cap_copy_to_index, is_none (at_ w tc ti))] ++
      cnode_guards w cap_copy_from_cnode fc right_read ++ [
      (err_bad_slot, cap_copy_from_index, is_none (at_ w fc fi)); (err_empty, cap_copy_from_index, is_nothing (at_ w fc fi));
      (err_wrong_type, cap_copy_from_index, held (at_ w fc fi) (kinds_in [type_untyped]));
      (err_occupied, cap_copy_to_index, held (at_ w tc ti) (fun _ => true));
      (err_exhausted, cap_copy_from_index, DEPTH_MAX <=? depth_of (id_of w fc fi) (order (cps w)))]
  | CapMove tc ti fc fi =>
      cnode_guards w cap_move_to_cnode tc right_write ++ [(err_bad_slot, cap_move_to_index, is_none (at_ w tc ti))] ++
      cnode_guards w cap_move_from_cnode fc right_write ++ [
      (err_bad_slot, cap_move_from_index, is_none (at_ w fc fi)); (err_empty, cap_move_from_index, is_nothing (at_ w fc fi));
      (err_occupied, cap_move_to_index, held (at_ w tc ti) (fun _ => true))]
  | CapDelete c i =>
      cnode_guards w cap_delete_cnode c right_write ++ [
      (err_bad_slot, cap_delete_index, is_none (at_ w c i)); (err_empty, cap_delete_index, is_nothing (at_ w c i) && negb (doomed_any (cps w)));
      (err_has_children, cap_delete_index, held (at_ w c i) (fun _ => negb (is_leaf_cap (id_of w c i) (order (cps w)))));
      (err_busy, cap_delete_index, held (at_ w c i) (is_own w))]
  | CapRevoke c i =>
      cnode_guards w cap_revoke_cnode c right_write ++ [
      (err_bad_slot, cap_revoke_index, is_none (at_ w c i)); (err_empty, cap_revoke_index, is_nothing (at_ w c i) && negb (doomed_any (cps w)));
      (err_busy, cap_revoke_index, held (at_ w c i) (fun _ =>
         let leaf := leaf_below (id_of w c i) (order (cps w)) in
         negb (leaf =? id_of w c i) && match get (cap_in (cps w)) leaf with Some c => is_own w c | None => false end))]
  | Retype u ty bits tc ti count =>
      let f := the (l u) in let n := granules_of bits in let off := next_offset w (match home w with Some g => slot_id g u | None => 0 end) bits in
      capable retype_untyped (l u) [type_untyped] right_write ++ [
      (err_bad_value, retype_type, negb (made_by_retype ty)); (err_bad_value, retype_size_bits, negb (size_allowed ty bits))] ++
      cnode_guards w retype_to_cnode tc right_write ++ [
      (err_bad_value, retype_count, (count =? 0) || (512 <? count) || (negb (ty =? type_untyped) && (512 <? count * n)));
      (err_bad_slot, retype_to_index, is_none (at_ w tc ti) || match cnode_of w tc with Some g => get (slots (cps w)) g - ti <? count | None => true end);
      (err_occupied, retype_to_index, existsb (fun j => held (at_ w tc (ti + Z.of_nat j)) (fun _ => true)) (seq 0 (Z.to_nat count)));
      (err_exhausted, retype_untyped, DEPTH_MAX <=? depth_of (match home w with Some g => slot_id g u | None => 0 end) (order (cps w)));
      (err_no_memory, retype_untyped, (granules_of (size_bits f) <? off + count * n) || (negb (ty =? type_untyped) && negb (is_free_range s (object f + off) (count * n))));
      (err_exhausted, retype_type, existsb (Z.eqb ty) VSPACES && (vmids_left s <? count))]
  | HMap f v ipa r =>
      let c := the (l f) in let k := kind c in
      typed map_frame (l f) MAPPABLE ++ capable map_vspace (l v) (if k =? type_shared_frame then VSPACES else [type_task_vspace]) right_write ++
      with_rights map_rights map_frame r (l f) (k =? type_device) ++
      map_guards s (o v) ipa (if k =? type_device then 3 else frame_level (is_block s (object c)))
                 (if k =? type_private_frame then is_mapped s (object c) else lives s c)
  | HUnmap f => let c := the (l f) in
      typed unmap_frame (l f) MAPPABLE ++ [(err_not_mapped, unmap_frame, if kind c =? type_private_frame then negb (is_mapped s (object c)) else negb (lives s c))]
  | HMapTable t v ipa level => typed map_table_table (l t) [type_table] ++ capable map_table_vspace (l v) VSPACES right_write ++ map_table_guards s (o t) (o v) ipa level
  | HDonate f v ipa r =>
      typed donate_frame (l f) [type_private_frame] ++ capable donate_vspace (l v) [type_guest_vspace] right_write ++
      with_rights donate_rights donate_frame r (l f) false ++ donate_guards s (o f) (o v) ipa
  | HExpectRam v ipa b n => capable expect_ram_vspace (l v) [type_guest_vspace] right_write ++ expect_ram_guards s (o v) ipa b n
  | HActivate v p => capable vspace_activate_vspace (l v) [type_guest_vspace] right_control ++ activate_guards s (o v) p
  | HMeasurement v => capable vspace_measurement_vspace (l v) [type_guest_vspace] right_read
  | HKill v => capable vspace_kill_vspace (l v) VSPACES right_control ++ [(err_busy, vspace_kill_vspace, o v =? in_vspace (get (vcp s) (caller w)))]
  | HConfigure c v i cs e a st =>
      let gu := kind (the (l v)) =? type_guest_vspace in let f := l cs in
      capable vcpu_configure_vcpu (l c) [type_vcpu] right_control ++ capable vcpu_configure_vspace (l v) VSPACES right_control ++ [
      (err_bad_value, vcpu_configure_index, 8 <=? i);
      (err_bad_slot, vcpu_configure_cspace, negb (gu && (cs =? 0)) && is_none f); (err_empty, vcpu_configure_cspace, negb gu && is_nothing f);
      (err_wrong_type, vcpu_configure_cspace, if gu then negb (cs =? 0) else held f (fun c => negb (kinds_in [type_cnode] c)));
      (err_no_right, vcpu_configure_cspace, negb gu && held f (fun c => negb (allows right_write c)))] ++ configure_guards s (o c) (o v) i e st
  | HKick c => capable vcpu_kick_vcpu (l c) [type_vcpu] right_control
  | HDebug c what a _ => capable vcpu_debug_vcpu (l c) [type_vcpu] right_control ++ debug_guards s (o c) what a
  | HRun c _ _ l1 l2 l3 f => capable run_vcpu (l c) [type_vcpu] right_control ++ run_guards s (now_on s (here w)) (o c) l1 l2 l3 f
  | HWait _ => []
  | HCoreStart n c => capable core_start_core (l n) [type_core] right_control ++ capable core_start_vcpu (l c) [type_vcpu] right_control ++ core_start_guards s (here w) (o n) (o c)
  | HIrqBind i => capable irq_bind_irq (l i) [type_irq] right_control
  | HIrqPoll i => capable irq_poll_irq (l i) [type_irq] right_read
  | HIrqAck i => capable irq_ack_irq (l i) [type_irq] right_control ++ irq_ack_guards s (o i)
  | HMachineOff n => capable machine_off_core (l n) [type_core] right_control
  | HAttach st v => capable stream_attach_stream (l st) [type_stream] right_control ++ capable stream_attach_vspace (l v) VSPACES right_write ++ attach_guards s (o st) (o v)
  | HDetach st => capable stream_detach_stream (l st) [type_stream] right_control ++ [(err_not_mapped, stream_detach_stream, negb (lives s (the (l st))))]
  | HFault st => capable stream_fault_stream (l st) [type_stream] right_read
  end.

(* ---- what calls about capabilities make of them ---- *)
Definition put_cap (c : caps) x v (t : tree) := mkCaps (set (cap_in c) x v) t (slots c) (used c) (doomed_any c).
Definition cap_copy (c : caps) (to from rights : Z) : caps :=
  match get (cap_in c) from with
  | Some x => put_cap c to (Some (mkCap (kind x) (Z.land (rights_of x) (Z.land rights 15)) (size_bits x) (object x) false None)) (insert_below from to (order c))
  | None => c
  end.
Definition cap_move (c : caps) (to from : Z) : caps :=
  let d := put_cap c to (get (cap_in c) from) (rename from to (order c)) in put_cap d from None (order d).
Definition cap_end (c : caps) x : caps := put_cap c x None (remove_cap x (order c)).
(* All that is below, leaf after leaf. *)
Fixpoint cap_end_below (fuel : nat) (c : caps) x : caps :=
  match fuel with
  | O => c
  | S fuel => let leaf := leaf_below x (order c) in if leaf =? x then c else cap_end_below fuel (cap_end c leaf) x
  end.
