(* SPDX-License-Identifier: Apache-2.0 *)
(* The abstract state of the isolation layer, and the primitive steps that its calls are made of. *)
From Coq Require Export ZArith List Bool Lia.
Export ListNotations.
Global Open Scope Z_scope.

(* Total maps. Extraction replaces these four by a search tree: nothing else looks inside. *)
Definition tmap (A : Type) := Z -> A.
Definition get {A} (m : tmap A) (k : Z) : A := m k.
Definition init {A} (a : A) : tmap A := fun _ => a.
Definition set {A} (m : tmap A) (k : Z) (a : A) : tmap A := fun x => if x =? k then a else m x.
(* All of first, ..., first + n - 1. *)
Definition fill {A} (m : tmap A) (first n : Z) (a : A) : tmap A :=
  fun x => if (first <=? x) && (x <? first + n) then a else m x.

Global Arguments get : simpl never. Global Arguments init : simpl never.
Global Arguments set : simpl never. Global Arguments fill : simpl never.

(* Translation tables, Arm ARM D8.3: three levels of 512 entries. An entry's index is IPA / span, so entry i of level
   l + 1 lies in the table that entry i / 512 of level l names. *)
Definition IPA_END := 549755813888.
Definition SHARED_HALF := 274877906944.
Definition PAGE := 4096.
Definition BLOCK := 2097152.
Definition GIB := 1073741824.
Definition N512 := 512.
Definition NONE := 4294967295.
Definition span (l : Z) : Z := if l =? 1 then GIB else if l =? 2 then BLOCK else PAGE.

Inductive entry :=
| Empty | Destroyed | Ram     (* invalid: what is remembered of the place *)
| Link (t : Z)                (* the table in granule t *)
| Leaf (f r : Z)              (* the frame that begins at granule f, with rights r *)
| Dev (p r : Z).              (* a page of device registers *)

Inductive granule :=
| GFree | GKernel
| GCnode (serial granules : Z)
| GTable (place : option (Z * Z * Z))   (* VSpace, level that it resolves, index of the entry that names it *)
| GVspace
| GRoot (v : Z)
| GVcpu
| GPrivate (block : bool) (place : option (Z * Z)) (scrubbed : bool)   (* VSpace, index of the leaf at its level *)
| GShared (block : bool) (places : list (Z * Z))
| GTail (first : Z).

Definition frame_level (block : bool) : Z := if block then 2 else 3.
Definition frame_size (block : bool) : Z := if block then N512 else 1.
Definition size_of (x : granule) : Z :=
  match x with
  | GPrivate b _ _ | GShared b _ => frame_size b
  | GCnode _ n => n
  | _ => 1
  end.

Inductive life := Building | Active | Ended | Dying | Dead.
Record vspace := mkVs { guest : bool; living : life; vmid : Z; serial : Z; vcpus : tmap Z; policy : Z;
                        tab : tmap (tmap entry) }.
Definition vs_none := mkVs false Dead 0 0 (init NONE) 0 (init (init Empty)).

Inductive power := Unconfigured | Off | On | Crashed.
Record vcpu := mkVcpu { in_vspace : Z; index : Z; of_guest : bool; powered : power; core : Z; runner : Z;
                        deadline : Z; kicked : bool; exiting : bool; cspace : Z; cspace_serial : Z }.
Definition vcpu_none := mkVcpu NONE 0 false Unconfigured NONE NONE 0 false false NONE 0.

(* What the kernel decides by. Its calls are functions of this and of their arguments. *)
Record kern := mkKern { gran : tmap granule; vsp : tmap vspace; vmids : tmap bool; next_serial : Z; vcp : tmap vcpu }.

(* What a guest's measurement is a hash of (docs/decisions/0006-sealing.md); of content, what was hashed. *)
Inductive measured := MContent (ipa bytes rights : Z) (content : list Z) | MRam (ipa bytes size_bits : Z)
                    | MVcpu (i entry argument : Z) | MPolicy (p : Z).

(* The machine: TLBs hold copies of descriptors by VMID, level and index (Empty: none); `mem` is the content of a granule,
   0 when it is all zero. *)
Record iso := mkIso { k : kern; tlb : tmap (tmap (tmap entry)); mem : tmap Z; meas : tmap (list measured) }.

Inductive prim :=
| SetTab (v l i : Z) (e : entry)
| FillTab (v l i n : Z) (e : entry)    (* n entries *)
| InvIpa (v ipa : Z)                   (* TLBI by IPA: leaves only, as the weakest implementation may *)
| InvAll (v : Z)                       (* TLBI of the VMID *)
| Scrub (g n : Z)
| SetGran (g : Z) (x : granule)
| Claim (g n : Z) (x : granule)
| Release (g n : Z)
| NewVspace (v : Z) (guest : bool) (m serial : Z)
| EndVspace (v : Z)
| SetVs (v : Z) (x : vspace)           (* anything but its table, kind and VMID *)
| SetVcpu (c : Z) (x : vcpu)
| Measure (v : Z) (what : measured)
| MeasureFrame (v ipa rights f n : Z).

Definition upd_gran (s : kern) g := mkKern g (vsp s) (vmids s) (next_serial s) (vcp s).
Definition upd_vsp (s : kern) v := mkKern (gran s) v (vmids s) (next_serial s) (vcp s).
Definition upd_vcp (s : kern) c := mkKern (gran s) (vsp s) (vmids s) (next_serial s) c.
Definition upd_tab (x : vspace) t := mkVs (guest x) (living x) (vmid x) (serial x) (vcpus x) (policy x) t.
Definition entry_at (s : kern) (v l i : Z) : entry := get (get (tab (get (vsp s) v)) l) i.
Definition upd_entry (s : kern) v l i e : kern :=
  let x := get (vsp s) v in
  upd_vsp s (set (vsp s) v (upd_tab x (set (tab x) l (set (get (tab x) l) i e)))).

Definition kstep (p : prim) (s : kern) : kern :=
  match p with
  | SetTab v l i e => upd_entry s v l i e
  | FillTab v l i n e =>
      let x := get (vsp s) v in upd_vsp s (set (vsp s) v (upd_tab x (set (tab x) l (fill (get (tab x) l) i n e))))
  | InvIpa _ _ | InvAll _ | Scrub _ _ | Measure _ _ | MeasureFrame _ _ _ _ _ => s
  | SetGran g x => upd_gran s (set (gran s) g x)
  | Claim g n x => upd_gran s (set (fill (gran s) g n (GTail g)) g x)
  | Release g n => upd_gran s (fill (gran s) g n GFree)
  | NewVspace v gu m ser =>
      mkKern (set (set (gran s) (v + 1) (GRoot v)) v GVspace)
             (set (vsp s) v (mkVs gu Building m ser (init NONE) 0 (init (init Empty))))
             (set (vmids s) m true) (if ser =? NONE then 1 else ser + 1) (vcp s)
  | EndVspace v =>
      mkKern (fill (gran s) v 2 GFree) (set (vsp s) v vs_none) (set (vmids s) (vmid (get (vsp s) v)) false)
             (next_serial s) (vcp s)
  | SetVs v x =>
      let y := get (vsp s) v in
      upd_vsp s (set (vsp s) v (mkVs (guest y) (living x) (vmid y) (serial y) (vcpus x) (policy x) (tab y)))
  | SetVcpu c x => upd_vcp s (set (vcp s) c x)
  end.

Definition is_leaf (e : entry) : bool := match e with Leaf _ _ | Dev _ _ => true | _ => false end.
Definition is_valid (e : entry) : bool := match e with Leaf _ _ | Dev _ _ | Link _ => true | _ => false end.
Definition cached (s : iso) (v l i : Z) : entry := get (get (get (tlb s) (vmid (get (vsp (k s)) v))) l) i.
Definition upd_tlb (s : iso) (v l i : Z) (e : entry) : tmap (tmap (tmap entry)) :=
  let m := vmid (get (vsp (k s)) v) in
  let t := get (tlb s) m in set (tlb s) m (set t l (set (get t l) i e)).
Definition drop_leaf (t : tmap (tmap entry)) (l i : Z) : tmap (tmap entry) :=
  if is_leaf (get (get t l) i) then set t l (set (get t l) i Empty) else t.

Fixpoint contents (m : tmap Z) (g : Z) (n : nat) : list Z :=
  match n with O => [] | S n => get m g :: contents m (g + 1) n end.

Definition step (p : prim) (s : iso) : iso :=
  let k' := kstep p (k s) in
  match p with
  | InvIpa v ipa =>
      let m := vmid (get (vsp (k s)) v) in
      let t := drop_leaf (get (tlb s) m) 3 (ipa / PAGE) in
      mkIso k' (set (tlb s) m (drop_leaf t 2 (ipa / BLOCK))) (mem s) (meas s)
  | InvAll v => mkIso k' (set (tlb s) (vmid (get (vsp (k s)) v)) (init (init Empty))) (mem s) (meas s)
  | Scrub g n => mkIso k' (tlb s) (fill (mem s) g n 0) (meas s)
  | NewVspace v _ _ _ | EndVspace v => mkIso k' (tlb s) (mem s) (set (meas s) v [])
  | Measure v w => mkIso k' (tlb s) (mem s) (set (meas s) v (w :: get (meas s) v))
  | MeasureFrame v ipa r f n =>
      mkIso k' (tlb s) (mem s)
            (set (meas s) v (MContent ipa (n * PAGE) r (contents (mem s) f (Z.to_nat n)) :: get (meas s) v))
  | _ => mkIso k' (tlb s) (mem s) (meas s)
  end.
Definition steps (ps : list prim) (s : iso) : iso := fold_left (fun s p => step p s) ps s.
Definition ksteps (ps : list prim) (s : kern) : kern := fold_left (fun s p => kstep p s) ps s.

(* What tasks, guests and their TLBs do by themselves, between any two primitive steps of the kernel. *)
Inductive deed :=
| Walk (v l i : Z) (wild : entry)      (* the TLB caches the descriptor that a walk finds *)
| Evict (v l i : Z)
| Write (v l i n w : Z).               (* granule n of what a cached leaf maps gets the content w *)

Definition live (s : kern) (v : Z) : bool := match get (gran s) v with GVspace => true | _ => false end.
Definition names_table (e : entry) (t : Z) : bool := match e with Link u => u =? t | _ => false end.
(* What a walk finds at an entry. It gets to a table by the entry that names it, cached by an earlier step of the walk; if that
   granule is no longer the table of this place, it finds whatever is in the granule. *)
Definition found (s : iso) (v l i : Z) (wild : entry) : entry :=
  if l =? 1 then (if (0 <=? i) && (i <? N512) then entry_at (k s) v 1 i else Empty)
  else match cached s v (l - 1) (i / N512) with
       | Link t => match get (gran (k s)) t with
                   | GTable (Some (v', l', i')) =>
                       if (v' =? v) && (l' =? l) && (i' =? i / N512) then entry_at (k s) v l i else wild
                   | _ => wild
                   end
       | _ => Empty
       end.
Definition writable (r : Z) : bool := Z.testbit r 1.
Definition leaf_size (l : Z) : Z := if l =? 2 then N512 else 1.
Definition deed_step (d : deed) (s : iso) : iso :=
  match d with
  | Walk v l i wild =>
      let e := found s v l i wild in
      if live (k s) v && is_valid e then mkIso (k s) (upd_tlb s v l i e) (mem s) (meas s) else s
  | Evict v l i => if live (k s) v then mkIso (k s) (upd_tlb s v l i Empty) (mem s) (meas s) else s
  | Write v l i n w =>
      match cached s v l i with
      | Leaf f r => if live (k s) v && writable r && (0 <=? n) && (n <? leaf_size l)
                    then mkIso (k s) (tlb s) (set (mem s) (f + n) w) (meas s) else s
      | _ => s
      end
  end.
