(* SPDX-License-Identifier: Apache-2.0 *)
(* The calls of the isolation layer (kernel/core/isolation): what each checks, in order, and the primitive steps that it
   then takes. They depend on nothing but the kernel's own state and their arguments: no memory, no register. *)
From Nie Require Export Streams.

Section Calls.
Variable s : kern.

Definition vs v := get (vsp s) v.
Definition is_guest v := guest (vs v).
Definition is_vspace v := match get (gran s) v with GVspace => true | _ => false end.
Definition is_table t := match get (gran s) t with GTable _ => true | _ => false end.
Definition is_vcpu c := match get (gran s) c with GVcpu => true | _ => false end.
Definition is_shared f := match get (gran s) f with GShared _ _ => true | _ => false end.
Definition is_private f := match get (gran s) f with GPrivate _ _ _ => true | _ => false end.
Definition is_free_range g n := forallb (fun j => match get (gran s) (g + Z.of_nat j) with GFree => true | _ => false end)
                                        (seq 0 (Z.to_nat n)).
Definition place f := match get (gran s) f with GPrivate _ p _ => p | _ => None end.
Definition is_mapped f := match place f with Some _ => true | None => false end.
Definition is_scrubbed f := match get (gran s) f with GPrivate _ _ z => z | _ => false end.
Definition is_block f := match get (gran s) f with GPrivate b _ _ | GShared b _ => b | _ => false end.
Definition is_linked t := match get (gran s) t with GTable (Some _) => true | _ => false end.
Definition is_dying v := match living (vs v) with Dying | Dead => true | _ => false end.
Definition is_building v := match living (vs v) with Building => true | _ => false end.
Definition is_active v := match living (vs v) with Active => true | _ => false end.
Definition is_empty e := match e with Empty => true | _ => false end.
Definition is_ram e := match e with Ram => true | _ => false end.
Definition is_link e := match e with Link _ => true | _ => false end.

(* The tables on the way to entry i of level l are there. *)
Definition reach v l i : bool :=
  if l =? 1 then true
  else if l =? 2 then is_link (entry_at s v 1 (i / N512))
  else is_link (entry_at s v 1 (i / N512 / N512)) && is_link (entry_at s v 2 (i / N512)).
(* The last entry that a walk reaches: its level and itself. *)
Definition resolve v ipa : Z * entry :=
  let e1 := entry_at s v 1 (ipa / GIB) in
  if is_link e1 then
    let e2 := entry_at s v 2 (ipa / BLOCK) in
    if is_link e2 then (3, entry_at s v 3 (ipa / PAGE)) else (2, e2)
  else (1, e1).

(* ---- out of a VSpace ---- *)
Definition leaf_replace v l i (remains : entry) : list prim :=
  [SetTab v l i remains; InvIpa false v (i * span l)] ++
  (if has_streams s v then [InvIpa true v (i * span l)] else []) ++
  match entry_at s v l i with
  | Leaf f _ =>
      match get (gran s) f with
      | GShared b ps => [SetGran f (GShared b (filter (fun p => negb ((fst p =? v) && (snd p =? i))) ps))]
      | GPrivate b _ _ => (if is_guest v then [Scrub f (frame_size b)] else []) ++ [SetGran f (GPrivate b None (is_guest v))]
      | _ => []
      end
  | _ => []
  end.
Definition leaf_remove v l i : list prim :=
  leaf_replace v l i (if is_guest v && (i * span l <? SHARED_HALF) then Destroyed else Empty).
Definition table_unlink v l i t : list prim :=
  [SetTab v (l - 1) i (if is_guest v then Destroyed else Empty); InvAll false v] ++
  (if has_streams s v then [InvAll true v] else []) ++ [SetGran t (GTable None)].
(* The private frame leaves the VSpace that has it mapped, if any. *)
Definition leave f : list prim :=
  match get (gran s) f with GPrivate b (Some (v, i)) _ => leaf_remove v (frame_level b) i | _ => [] end.

(* Granule table and translation table agree about the frame; the kernel stops if not. *)
Definition agrees f : bool :=
  match get (gran s) f with
  | GPrivate b (Some (v, i)) _ => match entry_at s v (frame_level b) i with Leaf g _ => g =? f | _ => false end
  | _ => true
  end.
Definition unmap_private f : outcome := if is_private f && agrees f then Done (leave f) else Stop.
Definition maps v l i f : bool := reach v l i && match entry_at s v l i with Leaf g _ => g =? f | _ => false end.
Definition unmap_shared f v ipa : outcome :=
  let l := frame_level (is_block f) in
  if is_shared f && is_vspace v then Done (if maps v l (ipa / span l) f then leaf_remove v l (ipa / span l) else []) else Stop.
Definition unmap_device p v ipa : outcome :=
  if is_vspace v then
    Done (match entry_at s v 3 (ipa / PAGE) with
          | Dev q _ => if reach v 3 (ipa / PAGE) && (q =? p) then leaf_remove v 3 (ipa / PAGE) else []
          | _ => [] end)
  else Stop.

(* ---- into a VSpace ---- *)
Definition map_guards v ipa l (mapped : bool) : list guard := [
  (err_bad_value, map_ipa, IPA_END <=? ipa);
  (err_unaligned, map_ipa, negb (ipa mod span l =? 0));
  (err_wrong_half, map_ipa, is_guest v && (ipa <? SHARED_HALF));
  (err_mapped, map_frame, mapped);
  (err_wrong_state, map_vspace, is_dying v);
  (err_no_table, map_ipa, negb (reach v l (ipa / span l)));
  (err_exists, map_ipa, negb (is_empty (entry_at s v l (ipa / span l))))].

Definition map_private f v ipa r : outcome :=
  let b := is_block f in let l := frame_level b in let i := ipa / span l in
  call (is_private f && is_vspace v && negb (is_guest v)) (map_guards v ipa l (is_mapped f))
       [SetGran f (GPrivate b (Some (v, i)) false); SetTab v l i (Leaf f r)].

Definition places f := match get (gran s) f with GShared _ ps => ps | _ => [] end.
Definition map_shared f v ipa r : outcome :=
  let b := is_block f in let l := frame_level b in let i := ipa / span l in
  call (is_shared f && is_vspace v) (map_guards v ipa l false)
       [SetGran f (GShared b ((v, i) :: places f)); SetTab v l i (Leaf f r)].

Definition map_device p v ipa r : outcome :=
  call (is_vspace v && negb (is_guest v)) (map_guards v ipa 3 false) [SetTab v 3 (ipa / PAGE) (Dev p r)].

Definition map_table_guards t v ipa level : list guard :=
  let l := level - 1 in let i := ipa / span l in [
  (err_bad_value, map_table_level, negb ((level =? 2) || (level =? 3)));
  (err_bad_value, map_table_ipa, IPA_END <=? ipa);
  (err_unaligned, map_table_ipa, negb (ipa mod span l =? 0));
  (err_mapped, map_table_table, is_linked t);
  (err_wrong_state, map_table_vspace, is_dying v);
  (err_no_table, map_table_ipa, negb (reach v l i));
  (err_exists, map_table_ipa, negb (is_empty (entry_at s v l i) || is_ram (entry_at s v l i)))].
Definition map_table t v ipa level : outcome :=
  let l := level - 1 in let i := ipa / span l in
  call (is_table t && is_vspace v) (map_table_guards t v ipa level)
       [FillTab v level (i * N512) N512 (if is_ram (entry_at s v l i) then Ram else Empty);
        SetGran t (GTable (Some (v, level, i))); SetTab v l i (Link t)].

Definition donate_guards f v ipa : list guard :=
  let l := frame_level (is_block f) in let i := ipa / span l in let e := entry_at s v l i in [
  (err_bad_value, donate_ipa, IPA_END <=? ipa);
  (err_unaligned, donate_ipa, negb (ipa mod span l =? 0));
  (err_wrong_half, donate_ipa, SHARED_HALF <=? ipa);
  (err_mapped, donate_frame, match place f with Some (w, _) => is_guest w | None => false end);
  (err_wrong_state, donate_vspace, negb (is_building v || is_active v));
  (err_wrong_state, donate_frame, negb (is_building v) && negb (is_scrubbed f));
  (err_no_table, donate_ipa, negb (reach v l i));
  (err_exists, donate_ipa, negb (is_empty e || is_ram e));
  (err_wrong_state, donate_ipa, negb (is_building v) && negb (is_ram e))].
Definition donate f v ipa r : outcome :=
  let b := is_block f in let l := frame_level b in let i := ipa / span l in
  call (is_private f && agrees f && is_vspace v && is_guest v) (donate_guards f v ipa)
       (leave f ++
        (if is_building v && negb (is_scrubbed f && is_ram (entry_at s v l i))
         then [MeasureFrame v ipa r f (frame_size b)] else []) ++
        [SetGran f (GPrivate b (Some (v, i)) false); SetTab v l i (Leaf f r)]).

Definition expect_ram_guards v ipa size_bits count : list guard :=
  let l := if size_bits =? 12 then 3 else 2 in let i := ipa / span l in [
  (err_bad_value, expect_ram_size_bits, negb ((size_bits =? 12) || (size_bits =? 21)));
  (err_bad_value, expect_ram_ipa, IPA_END <=? ipa);
  (err_unaligned, expect_ram_ipa, negb (ipa mod span l =? 0));
  (err_wrong_half, expect_ram_ipa, SHARED_HALF <=? ipa);
  (err_bad_value, expect_ram_count, (count =? 0) || (N512 - i mod N512 <? count));
  (err_wrong_state, expect_ram_vspace, negb (is_building v));
  (err_no_table, expect_ram_ipa, negb (reach v l i));
  (err_exists, expect_ram_ipa,
   negb (forallb (fun j => is_empty (entry_at s v l (i + Z.of_nat j))) (seq 0 (Z.to_nat (Z.min count N512)))))].
Definition expect_ram v ipa size_bits count : outcome :=
  let l := if size_bits =? 12 then 3 else 2 in
  call (is_vspace v && is_guest v) (expect_ram_guards v ipa size_bits count)
       [FillTab v l (ipa / span l) count Ram; Measure v (MRam ipa (count * span l) size_bits)].

Definition set_living v x := let y := vs v in mkVs (guest y) x (vmid y) (serial y) (vcpus y) (policy y) (tab y).
Definition set_vcpus v x := let y := vs v in mkVs (guest y) (living y) (vmid y) (serial y) x (policy y) (tab y).
Definition activate_guards v p : list guard := [
  (err_bad_value, vspace_activate_policy, 3 <? p);
  (err_wrong_state, vspace_activate_vspace, negb (is_building v) || (get (vcpus (vs v)) 0 =? NONE))].
Definition activate v p : outcome :=
  let y := vs v in
  call (is_vspace v && is_guest v) (activate_guards v p)
       ([Measure v (MPolicy p); SetVs v (mkVs (guest y) Active (vmid y) (serial y) (vcpus y) p (tab y))] ++
        streams_connect s v).

Definition serial_of c := match get (gran s) c with GCnode ser _ => ser | _ => 0 end.
Definition configure_guards c v i entry_ stack : list guard := [
  (err_wrong_state, vcpu_configure_vcpu, match powered (get (vcp s) c) with Unconfigured => false | _ => true end);
  (err_wrong_state, vcpu_configure_vspace, negb (is_building v));
  (err_exhausted, vcpu_configure_index, negb (get (vcpus (vs v)) i =? NONE));
  (err_bad_value, vcpu_configure_entry, negb (entry_ mod 4 =? 0));
  (err_bad_value, vcpu_configure_stack, if is_guest v then negb (stack =? 0) else negb (stack mod 16 =? 0))].
Definition configure c v i cs entry_ argument stack : outcome :=
  let x := get (vcp s) c in let gu := is_guest v in
  call (is_vcpu c && is_vspace v) (configure_guards c v i entry_ stack)
       ([SetVs v (set_vcpus v (set (vcpus (vs v)) i c));
         SetVcpu c (mkVcpu v i gu (if gu && negb (i =? 0) then Off else On) (core x) (runner x) (deadline x) (kicked x)
                           (exiting x) cs (if cs =? NONE then 0 else serial_of cs))] ++
        if gu then [Measure v (MVcpu i entry_ argument)] else []).

(* ---- objects begin ---- *)
Definition make g (x : granule) : outcome :=
  if is_free_range g (size_of x) then Done [Claim g (size_of x) x] else Stop.
Definition cnode_make g n ser : outcome := if 1 <=? n then make g (GCnode ser n) else Stop.
Definition table_make g := make g (GTable None).
Definition vcpu_make g : outcome :=
  if is_free_range g 1 then Done [Claim g 1 GVcpu; SetVcpu g vcpu_none] else Stop.
Definition frame_make f (block private : bool) :=
  make f (if private then GPrivate block None true else GShared block []).
Fixpoint free_vmid (m : tmap bool) (fuel : nat) (i : Z) : option Z :=
  match fuel with O => None | S n => if get m i then free_vmid m n (i + 1) else Some i end.
Definition VMIDS := 255.
Definition vmid_take := free_vmid (vmids s) (Z.to_nat VMIDS) 1.
Definition vspace_make v (g : bool) : outcome :=
  match vmid_take with
  | Some m => if is_free_range v 2 then Done [NewVspace v g m (next_serial s)] else Stop
  | None => Stop
  end.
End Calls.

(* ---- objects end ---- *)
(* Entries of the table that resolves index p at level l, from its n-th on; tables below it are unlinked. *)
Fixpoint clear (fuel : nat) (s : kern) (v top l p n budget : Z) : part :=
  match fuel with
  | O => (false, budget, [])
  | S fuel =>
      if n =? N512 then
        if l =? top then (true, budget, [])
        else match entry_at s v (l - 1) p with
             | Link t => let ps := table_unlink s v l p t in
                 let '(d, b, qs) := clear fuel (ksteps ps s) v top (l - 1) (p / N512) (p mod N512 + 1) budget in
                 (d, b, ps ++ qs)
             | _ => (false, budget, [])
             end
      else
        let i := p * N512 + n in
        match entry_at s v l i with
        | Link _ => clear fuel s v top (l + 1) i 0 budget
        | Leaf _ _ | Dev _ _ =>
            let cost := if is_guest s v && (l =? 2) then N512 else 1 in
            if budget <? cost then (false, budget, [])
            else let ps := leaf_remove s v l i in
                 let '(d, b, qs) := clear fuel (ksteps ps s) v top l p (n + 1) (budget - cost) in (d, b, ps ++ qs)
        | _ => clear fuel s v top l p (n + 1) budget
        end
  end.
Definition CLEAR_STEPS := 2048.
Definition clear_all s v top p budget : part := clear (Z.to_nat CLEAR_STEPS) s v top top p 0 budget.

Definition release (g n : Z) (s : kern) (budget : Z) : part :=
  if budget <? n then (false, budget, []) else (true, budget - n, [Scrub g n; Release g n]).
Definition cnode_destroy g (s : kern) (budget : Z) : part :=
  match get (gran s) g with GCnode _ n => if 1 <=? n then release g n s budget else (false, budget, []) | _ => (false, budget, []) end.
Definition unlink t (s : kern) (budget : Z) : part :=
  match get (gran s) t with
  | GTable (Some (v, l, i)) => if is_vspace s v then (true, budget, table_unlink s v l i t) else (false, budget, [])
  | _ => (false, budget, [])
  end.
Definition table_destroy t (s : kern) (budget : Z) : part :=
  match get (gran s) t with
  | GTable None => release t 1 s budget
  | GTable (Some (v, l, i)) => if negb (is_vspace s v) then (false, budget, []) else then_ (then_ (clear_all s v l i budget) s (unlink t)) s (fun s1 b =>
      match get (gran s1) t with GTable None => release t 1 s1 b | _ => (false, b, []) end)
  | _ => (false, budget, [])
  end.
Definition free_frame f (s : kern) (budget : Z) : part :=
  match get (gran s) f with
  | GPrivate b None z => (true, budget, (if z then [] else [Scrub f (frame_size b)]) ++ [Release f (frame_size b)])
  | GShared b [] => (true, budget, [Scrub f (frame_size b); Release f (frame_size b)])
  | _ => (false, budget, [])
  end.
Definition frame_destroy f (s : kern) (budget : Z) : part :=
  let n := frame_size (is_block s f) in
  if (budget <? n) || negb (agrees s f) then (false, budget, []) else then_ (true, budget - n, leave s f) s (free_frame f).

Definition set_exiting (c : vcpu) := mkVcpu (in_vspace c) (index c) (of_guest c) (powered c) (core c) (runner c) (deadline c)
                                            (kicked c) true (cspace c) (cspace_serial c).
Definition orphan (c : vcpu) := mkVcpu NONE (index c) (of_guest c) Crashed (core c) (runner c) (deadline c)
                                       (kicked c) (exiting c) (cspace c) (cspace_serial c).
Definition VCPUS : list Z := [0; 1; 2; 3; 4; 5; 6; 7].
Definition members s v : list Z := filter (fun g => negb (g =? NONE)) (map (fun i => get (vcpus (vs s v)) i) VCPUS).
Definition on_core s g : bool := negb (core (get (vcp s) g) =? NONE).
Definition root_is_empty s v : bool :=
  forallb (fun i => negb (is_valid (entry_at s v 1 (Z.of_nat i)))) (seq 0 (Z.to_nat N512)).
Definition is_dead s v := match living (vs s v) with Dead => true | _ => false end.
Definition vspace_kill v (s : kern) (budget : Z) : part :=
  match living (vs s v) with
  | Dead => (true, budget, [])
  | _ =>
      let running := filter (on_core s) (members s v) in
      let ps := SetVs v (set_living s v Dying) :: streams_cut s v ++
                map (fun g => SetVcpu g (set_exiting (get (vcp s) g))) running in
      match running with
      | [] => then_ (true, budget, ps) s (fun s1 b =>
              then_ (clear_all s1 v 1 0 b) s1 (fun s2 b =>
              if is_vspace s2 v && root_is_empty s2 v && negb (has_streams s2 v) then (true, b, [InvAll false v; SetVs v (set_living s2 v Dead)]) else (false, b, [])))
      | _ => (false, budget, ps)
      end
  end.
Definition vspace_destroy v (s : kern) (budget : Z) : part :=
  then_ (vspace_kill v s budget) s (fun s1 b =>
  if (b <? 2) || negb (is_vspace s1 v && is_dead s1 v) then (false, b, [])
  else (true, b - 2, map (fun g => SetVcpu g (orphan (get (vcp s1) g))) (members s1 v) ++ [Scrub v 2; EndVspace v])).
Definition vcpu_destroy c (s : kern) (budget : Z) : part :=
  if negb (is_vcpu s c) then (false, budget, [])
  else if on_core s c then (false, budget, [SetVcpu c (set_exiting (get (vcp s) c))])
  else if budget =? 0 then (false, budget, [])
  else let x := get (vcp s) c in
       (true, budget - 1,
        (if in_vspace x =? NONE then []
         else [SetVs (in_vspace x) (set_vcpus s (in_vspace x) (set (vcpus (vs s (in_vspace x))) (index x) NONE))]) ++
        [SetVcpu c vcpu_none; Scrub c 1; Release c 1]).

(* ---- RSI_IPA_STATE_SET (DEN0137 B5.3.9): the guest gives memory up, or expects memory ---- *)
Definition ripas (e : entry) : Z := match e with Leaf _ _ | Dev _ _ | Link _ | Ram => 1 | Destroyed => 2 | Empty => 0 end.
Definition entry_change s v ipa top state budget : part :=
  let '(l, e) := resolve s v ipa in
  let i := ipa / span l in
  if (ripas e =? 2) || (l =? 1) || negb (i * span l =? ipa) || (top <? (i + 1) * span l) then (false, budget, [])
  else if is_leaf e then
    let cost := if l =? 2 then N512 else 1 in
    if budget <? cost then (false, budget, []) else (true, budget - cost, leaf_replace s v l i Empty)
  else if is_valid e then (false, budget, [])   (* a table: resolve passes these *)
  else (true, budget, [SetTab v l i (if state =? 1 then Ram else Empty)]).
(* Where it got to, whether anything changed, the steps. *)
Fixpoint ripas_walk (fuel : nat) s v at_ top state budget : Z * bool * list prim :=
  match fuel with
  | O => (at_, false, [])
  | S fuel =>
      if top <=? at_ then (at_, false, [])
      else let '(l, e) := resolve s v at_ in
           let next := (at_ / span l + 1) * span l in
           if ripas e =? state then ripas_walk fuel s v next top state budget
           else let '(ok, b, ps) := entry_change s v at_ top state budget in
                if ok then let '(r, _, qs) := ripas_walk fuel (ksteps ps s) v next top state b in (r, true, ps ++ qs)
                else (at_, false, [])
  end.
Definition STEP_GRANULES := 512.
Definition is_private_range base top :=
  (base mod PAGE =? 0) && (top mod PAGE =? 0) && (base <? top) && (top <=? SHARED_HALF).
(* None: RSI_ERROR_INPUT. *)
Definition ripas_set s v base top state : option (Z * bool * list prim) :=
  if is_private_range base top && ((state =? 0) || (state =? 1))
  then Some (ripas_walk (Z.to_nat N512) s v base top state STEP_GRANULES) else None.
