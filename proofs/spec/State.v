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

(* Devices: the VSpace that each stream is attached to (NONE: to none), what its stream table entry says (the VSpace whose
   VMID and root it has; NONE: abort), and what the SMMU refused since it was last asked for. *)
Record fault := mkFault { refusals : Z; at_ipa : Z; access : Z; event_kind : Z }.
Definition fault_none := mkFault 0 0 0 0.
Definition STREAMS := 64. (* that the SMMU tells apart, on the platform that the lockstep is built for *)
Record streams := mkStreams { attached : tmap Z; ste : tmap Z; faults : tmap fault }.

(* A core: the vCPU that runs there (NONE: no task), whether that one sleeps and until when, whether an interrupt for a task
   came that nobody heard of yet, and whether another core put the vCPU there just now. *)
Record pcore := mkCore { runs_now : Z; sleeps : bool; wakes_at : Z; unheard : bool; begins : bool }.
Definition core_none := mkCore NONE false 0 false false.

(* What the kernel decides by. Its calls are functions of this and of their arguments. `fired`: interrupts that came and were
   not acknowledged. *)
Record kern := mkKern { gran : tmap granule; vsp : tmap vspace; vmids : tmap bool; next_serial : Z; vcp : tmap vcpu;
                        str : streams; cor : tmap pcore; fired : tmap bool }.

(* What a guest's measurement is a hash of (docs/decisions/0006-sealing.md); of content, what was hashed. *)
Inductive measured := MContent (ipa bytes rights : Z) (content : list Z) | MRam (ipa bytes size_bits : Z)
                    | MVcpu (i entry argument : Z) | MPolicy (p : Z) | MStream (st : Z).

(* The machine: TLBs, those of the cores together and the SMMU's, hold copies of descriptors by VMID, level and index
   (Empty: none); `cfg` is the SMMU's own copies of stream table entries (NONE: it has none, or one that aborts); `mem` is
   the content of a granule, 0 when it is all zero. *)
Definition tlbs_of (device : bool) : Z := if device then 1 else 0.
Record iso := mkIso { k : kern; tlb : tmap (tmap (tmap (tmap entry))); cfg : tmap Z; mem : tmap Z;
                      meas : tmap (list measured) }.

(* What else the hardware is told: the interrupt controller, and another core. *)
Inductive told := Enable (i n : Z) | Disable (i : Z) | Deactivate (i : Z) | Ipi (n : Z).

Inductive prim :=
| SetTab (v l i : Z) (e : entry)
| FillTab (v l i n : Z) (e : entry)    (* n entries *)
| InvIpa (u : bool) (v ipa : Z)        (* TLBI by IPA, the cores' or the SMMU's (u), complete: DSB, or CMD_SYNC. Leaves
                                          only, as the weakest implementation may *)
| InvAll (u : bool) (v : Z)            (* TLBI of the VMID, complete *)
| Scrub (g n : Z)
| SetGran (g : Z) (x : granule)
| Claim (g n : Z) (x : granule)
| Release (g n : Z)
| NewVspace (v : Z) (guest : bool) (m serial : Z)
| EndVspace (v : Z)
| SetVs (v : Z) (x : vspace)           (* anything but its table, kind and VMID *)
| SetVcpu (c : Z) (x : vcpu)
| Measure (v : Z) (what : measured)
| MeasureFrame (v ipa rights f n : Z)
| SetSte (st v : Z)                    (* the stream table entry points to v's tables; NONE: it aborts *)
| DropSte (st : Z)                     (* CFGI_STE and CMD_SYNC: the SMMU has no copy of it any more *)
| Attach (st v : Z)                    (* the kernel remembers whose the stream is; NONE: nobody's *)
| SetFault (st : Z) (x : fault)
| SetCore (n : Z) (x : pcore)
| SetFired (i : Z) (b : bool)
| Put (g : Z) (word : option Z) (w : Z) (* the kernel writes a word of a guest's page, or all of it *)
| Tell (x : told).

Definition upd_gran (s : kern) g := mkKern g (vsp s) (vmids s) (next_serial s) (vcp s) (str s) (cor s) (fired s).
Definition upd_vsp (s : kern) v := mkKern (gran s) v (vmids s) (next_serial s) (vcp s) (str s) (cor s) (fired s).
Definition upd_vcp (s : kern) c := mkKern (gran s) (vsp s) (vmids s) (next_serial s) c (str s) (cor s) (fired s).
Definition upd_str (s : kern) x := mkKern (gran s) (vsp s) (vmids s) (next_serial s) (vcp s) x (cor s) (fired s).
Definition upd_cor (s : kern) c := mkKern (gran s) (vsp s) (vmids s) (next_serial s) (vcp s) (str s) c (fired s).
Definition upd_fired (s : kern) f := mkKern (gran s) (vsp s) (vmids s) (next_serial s) (vcp s) (str s) (cor s) f.
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
  | InvIpa _ _ _ | InvAll _ _ | Scrub _ _ | Measure _ _ | MeasureFrame _ _ _ _ _ | DropSte _ | Put _ _ _ | Tell _ => s
  | SetGran g x => upd_gran s (set (gran s) g x)
  | Claim g n x => upd_gran s (set (fill (gran s) g n (GTail g)) g x)
  | Release g n => upd_gran s (fill (gran s) g n GFree)
  | NewVspace v gu m ser =>
      mkKern (set (set (gran s) (v + 1) (GRoot v)) v GVspace)
             (set (vsp s) v (mkVs gu Building m ser (init NONE) 0 (init (init Empty))))
             (set (vmids s) m true) (if ser =? NONE then 1 else ser + 1) (vcp s) (str s) (cor s) (fired s)
  | EndVspace v =>
      mkKern (fill (gran s) v 2 GFree) (set (vsp s) v vs_none) (set (vmids s) (vmid (get (vsp s) v)) false)
             (next_serial s) (vcp s) (str s) (cor s) (fired s)
  | SetVs v x =>
      let y := get (vsp s) v in
      upd_vsp s (set (vsp s) v (mkVs (guest y) (living x) (vmid y) (serial y) (vcpus x) (policy x) (tab y)))
  | SetVcpu c x => upd_vcp s (set (vcp s) c x)
  | SetSte st v => upd_str s (mkStreams (attached (str s)) (set (ste (str s)) st v) (faults (str s)))
  | Attach st v => upd_str s (mkStreams (set (attached (str s)) st v) (ste (str s)) (faults (str s)))
  | SetFault st x => upd_str s (mkStreams (attached (str s)) (ste (str s)) (set (faults (str s)) st x))
  | SetCore n x => upd_cor s (set (cor s) n x)
  | SetFired i b => upd_fired s (set (fired s) i b)
  end.

Definition is_leaf (e : entry) : bool := match e with Leaf _ _ | Dev _ _ => true | _ => false end.
Definition is_valid (e : entry) : bool := match e with Leaf _ _ | Dev _ _ | Link _ => true | _ => false end.
Definition cached (s : iso) (u : bool) (v l i : Z) : entry :=
  get (get (get (get (tlb s) (tlbs_of u)) (vmid (get (vsp (k s)) v))) l) i.
Definition set_tlb (s : iso) (u : bool) (v : Z) (t : tmap (tmap entry)) : tmap (tmap (tmap (tmap entry))) :=
  set (tlb s) (tlbs_of u) (set (get (tlb s) (tlbs_of u)) (vmid (get (vsp (k s)) v)) t).
Definition upd_tlb (s : iso) (u : bool) (v l i : Z) (e : entry) :=
  let t := get (get (tlb s) (tlbs_of u)) (vmid (get (vsp (k s)) v)) in set_tlb s u v (set t l (set (get t l) i e)).
Definition drop_leaf (t : tmap (tmap entry)) (l i : Z) : tmap (tmap entry) :=
  if is_leaf (get (get t l) i) then set t l (set (get t l) i Empty) else t.

Fixpoint contents (m : tmap Z) (g : Z) (n : nat) : list Z :=
  match n with O => [] | S n => get m g :: contents m (g + 1) n end.

(* A granule's content is its bytes as one number, the first lowest: word j of it, and with that word replaced. *)
Definition WORD := 18446744073709551616.
Definition word_of_page (x j : Z) : Z := x / WORD ^ j mod WORD.
Definition put_in (x : Z) (j : option Z) (w : Z) : Z :=
  match j with None => w | Some j => x + (w - word_of_page x j) * WORD ^ j end.

Definition step (p : prim) (s : iso) : iso :=
  let k' := kstep p (k s) in
  match p with
  | InvIpa u v ipa =>
      let t := drop_leaf (get (get (tlb s) (tlbs_of u)) (vmid (get (vsp (k s)) v))) 3 (ipa / PAGE) in
      mkIso k' (set_tlb s u v (drop_leaf t 2 (ipa / BLOCK))) (cfg s) (mem s) (meas s)
  | InvAll u v => mkIso k' (set_tlb s u v (init (init Empty))) (cfg s) (mem s) (meas s)
  | Scrub g n => mkIso k' (tlb s) (cfg s) (fill (mem s) g n 0) (meas s)
  | NewVspace v _ _ _ | EndVspace v => mkIso k' (tlb s) (cfg s) (mem s) (set (meas s) v [])
  | Measure v w => mkIso k' (tlb s) (cfg s) (mem s) (set (meas s) v (w :: get (meas s) v))
  | MeasureFrame v ipa r f n =>
      mkIso k' (tlb s) (cfg s) (mem s)
            (set (meas s) v (MContent ipa (n * PAGE) r (contents (mem s) f (Z.to_nat n)) :: get (meas s) v))
  | Put g j w => mkIso k' (tlb s) (cfg s) (set (mem s) g (put_in (get (mem s) g) j w)) (meas s)
  | DropSte st => mkIso k' (tlb s) (set (cfg s) st NONE) (mem s) (meas s)
  | _ => mkIso k' (tlb s) (cfg s) (mem s) (meas s)
  end.
Definition steps (ps : list prim) (s : iso) : iso := fold_left (fun s p => step p s) ps s.
Definition ksteps (ps : list prim) (s : kern) : kern := fold_left (fun s p => kstep p s) ps s.

(* What tasks, guests, devices, and their TLBs do by themselves, between any two primitive steps of the kernel. `a` is who
   does it: CPU, which is any core, or a stream, which uses the SMMU's TLB and its copy of the stream table entry. *)
Inductive deed :=
| Walk (a v l i : Z) (wild : entry)    (* the TLB caches the descriptor that a walk finds *)
| Evict (u : bool) (v l i : Z)
| Write (a v l i n w : Z)              (* granule n of what a cached leaf maps gets the content w *)
| Fetch (st : Z).                      (* the SMMU copies the stream table entry *)

Definition CPU := -1.
Definition by_device (a : Z) : bool := negb (a =? CPU).
Definition live (s : kern) (v : Z) : bool := match get (gran s) v with GVspace => true | _ => false end.
(* Whose translations are used: of any VSpace that there is, by some core; of the VSpace that the SMMU has for the stream. *)
Definition may (s : iso) (a v : Z) : bool :=
  if by_device a then (get (cfg s) a =? v) && negb (v =? NONE) else live (k s) v.
Definition names_table (e : entry) (t : Z) : bool := match e with Link u => u =? t | _ => false end.
(* What a walk finds at an entry. It gets to a table by the entry that names it, cached by an earlier step of the walk; if that
   granule is no longer the table of this place, it finds whatever is in the granule. *)
Definition found (s : iso) (u : bool) (v l i : Z) (wild : entry) : entry :=
  if l =? 1 then (if (0 <=? i) && (i <? N512) then entry_at (k s) v 1 i else Empty)
  else match cached s u v (l - 1) (i / N512) with
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
  | Walk a v l i wild =>
      let e := found s (by_device a) v l i wild in
      if may s a v && is_valid e then mkIso (k s) (upd_tlb s (by_device a) v l i e) (cfg s) (mem s) (meas s) else s
  | Evict u v l i => if live (k s) v then mkIso (k s) (upd_tlb s u v l i Empty) (cfg s) (mem s) (meas s) else s
  | Write a v l i n w =>
      match cached s (by_device a) v l i with
      | Leaf f r => if may s a v && writable r && (0 <=? n) && (n <? leaf_size l)
                    then mkIso (k s) (tlb s) (cfg s) (set (mem s) (f + n) w) (meas s) else s
      | _ => s
      end
  | Fetch st => mkIso (k s) (tlb s) (set (cfg s) st (get (ste (str (k s))) st)) (mem s) (meas s)
  end.
