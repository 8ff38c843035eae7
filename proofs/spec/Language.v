(* SPDX-License-Identifier: Apache-2.0 *)
(* The language of what calls check and write: its text is printed for Frama-C (Print.v), its meaning is about the model.
   The meaning is partial: an expression that reads what is not there, or divides what C and mathematics divide differently, has none.
   So a theorem that says what an expression means says that it is well defined. *)
From Coq Require Export String.
From Nie Require Export Chains Debug Encode.
Global Open Scope Z_scope. Global Open Scope list_scope.

Inductive op := Add | Sub | Mul | Div | Mod.
Inductive rel := Eq | Lt | Le.
Inductive exp :=
| N (z : Z) | K (name : string)       (* a number; one that the C has a name for *)
| V (x : string)                      (* a parameter *)
| Owner (g : exp)                     (* of the granule's entry *)
| Life (v : exp) | Guest (v : exp) | Member (v i : exp)   (* of a VSpace; its vCPU number i *)
| Power (c : exp) | Exiting (c : exp) | Home (c : exp) | OfGuest (c : exp) | Core (c : exp) | Runner (c : exp)   (* of a vCPU *)
| Chain (c : exp)                     (* its place in the chain of a core *)
| Policy (v : exp)
| Current (n : exp)                   (* of a core: its vCPU *)
| Domain (st : exp)                   (* of a stream: the VSpace that it is attached to *)
| Serial (g : exp)                    (* of a CNode, 0 of anything else *)
| Span (l : exp) | Index (ipa l : exp)
| Level (f : exp)                     (* at which a frame is mapped *)
| Address (g : exp)
| Entry (v ipa l j : exp)             (* of the VSpace's table of level l that resolves the IPA: j behind the IPA's *)
| Bin (o : op) (a b : exp) | If (c : cond) (a b : exp)
with cond :=
| Rel (r : rel) (a b : exp)
| Reach (v ipa l : exp)               (* there is that table *)
| Scrubbed (f : exp)
| Bit (n : Z) (a : exp)
| Not (a : cond) | And (a b : cond) | Or (a b : cond).

Record check := Check { says : Z * Z; when : cond }.
(* Of some of n things, `any` holds: the last error of a call that looks at several. *)
Record any := Any { behind : string; count_of : exp; one_of : cond; any_says : Z * Z }.
Inductive cell := COwner (g : exp) | CPlace (g : exp) | CLife (v : exp) | CPolicy (v : exp) | CMember (v i : exp)
| CEntry (v ipa l : exp)
| CAttached (st : exp) | CDomain (st : exp)
| CVspace (c : exp) | CIndex (c : exp) | CGuest (c : exp) | CPower (c : exp) | CCspace (c : exp) | CCserial (c : exp).
Inductive write :=
| W (c : cell) (e : exp)
| Fill (v ipa l n e : exp)            (* n entries from this one on *)
| Row (t v ipa l e : exp).            (* all of table t, which becomes the one of this place *)
(* `params` are what the checks look at, `also` what only the writes do. *)
Record spec := Spec { name : string; of_call : string; params : list string; also : list string; checks : list check;
                      at_last : option any; writes : list write }.

Definition constants : list (string * Z) := [
  ("GRANULE_NONE", NONE); ("NIE_SHARED_HALF", SHARED_HALF); ("TABLE_ENTRIES", N512); ("FRAME_BLOCK", BLOCK_BIT);
  ("ENTRY_EMPTY", 0); ("ENTRY_DESTROYED", 4); ("ENTRY_RAM", 8);
  ("VSPACE_BUILDING", 0); ("VSPACE_ACTIVE", 1); ("VSPACE_DYING", 3);
  ("CORE_NONE", NONE); ("VCPU_UNCONFIGURED", 0); ("VCPU_OFF", 1); ("VCPU_ON", 2)]%string.
Fixpoint look (l : list (string * Z)) (x : string) : option Z :=
  match l with [] => None | (y, z) :: l => if String.eqb x y then Some z else look l x end.
Definition number (e : Z * Z) : Z := fst e + 256 * snd e.

Section Meaning.
Variables (granules ram : Z) (s : kern).
Definition inside (g : Z) : bool := (0 <=? g) && (g <? granules).
Definition has (b : bool) {A} (a : A) : option A := if b then Some a else None.
Definition let1 {A B} (a : option A) (f : A -> option B) : option B := match a with Some x => f x | None => None end.
Definition let2 {A B C} (a : option A) (b : option B) (f : A -> B -> option C) := let1 a (fun x => let1 b (f x)).
Definition is_level (l : Z) : bool := (1 <=? l) && (l <=? 3).
Definition is_ipa (ipa : Z) : bool := (0 <=? ipa) && (ipa <? IPA_END).
Definition seen (v : Z) : bool := inside v && is_vspace s v.
Definition bin (o : op) (x y : Z) : option Z :=
  match o with
  | Add => Some (x + y) | Sub => Some (x - y) | Mul => Some (x * y)
  | Div => has ((0 <=? x) && (0 <? y)) (x / y) | Mod => has ((0 <=? x) && (0 <? y)) (x mod y)
  end.
Definition of_vcpu c (f : vcpu -> Z) : option Z := has (inside c && is_vcpu s c) (f (get (vcp s) c)).
Definition compare (r : rel) (x y : Z) : bool := match r with Eq => x =? y | Lt => x <? y | Le => x <=? y end.

Fixpoint ev (p : list (string * Z)) (e : exp) : option Z :=
  match e with
  | N z => Some z | K n => look constants n | V x => look p x
  | Owner g => let1 (ev p g) (fun g => has (inside g) (owner_of (get (gran s) g)))
  | Life v => let1 (ev p v) (fun v => has (seen v) (life_number (living (vs s v))))
  | Guest v => let1 (ev p v) (fun v => has (seen v) (flag (is_guest s v) 1))
  | Member v i => let2 (ev p v) (ev p i) (fun v i => has (seen v && (0 <=? i) && (i <? 8)) (get (vcpus (vs s v)) i))
  | Power c => let1 (ev p c) (fun c => has (inside c && is_vcpu s c) (power_number (powered (get (vcp s) c))))
  | Exiting c => let1 (ev p c) (fun c => of_vcpu c (fun x => flag (exiting x) 1)) | Home c => let1 (ev p c) (fun c => of_vcpu c in_vspace) | OfGuest c => let1 (ev p c) (fun c => of_vcpu c (fun x => flag (of_guest x) 1))
  | Core c => let1 (ev p c) (fun c => of_vcpu c core) | Runner c => let1 (ev p c) (fun c => of_vcpu c runner)
  | Chain c => let1 (ev p c) (fun c => has (inside c && is_vcpu s c) (chain 4 s c))
  | Policy v => let1 (ev p v) (fun v => has (seen v) (policy (vs s v)))
  | Current n => let1 (ev p n) (fun n => has ((0 <=? n) && (n <? 8)) (now_on s n))
  | Domain st => let1 (ev p st) (fun st => has (is_stream st) (domain s st))
  | Serial g => let1 (ev p g) (fun g => has (0 <=? g) (serial_of s g))
  | Span l => let1 (ev p l) (fun l => has (is_level l) (span l))
  | Index a l => let2 (ev p a) (ev p l) (fun a l => has (is_ipa a && is_level l) (a / span l mod N512))
  | Level f => let1 (ev p f) (fun f => has (inside f) (frame_level (is_block s f)))
  | Address g => let1 (ev p g) (fun g => Some (address ram g))
  | Entry v a l j => let2 (ev p v) (ev p a) (fun v a => let2 (ev p l) (ev p j) (fun l j =>
      has (seen v && is_ipa a && is_level l && reach s v l (a / span l) && (0 <=? j) && (a / span l mod N512 + j <? N512))
          (word_of ram l (entry_at s v l (a / span l + j)))))
  | Bin o a b => let2 (ev p a) (ev p b) (bin o)
  | If c a b => let1 (ec p c) (fun c => if c then ev p a else ev p b)
  end
with ec p c : option bool :=
  match c with
  | Rel r a b => let2 (ev p a) (ev p b) (fun x y => Some (compare r x y))
  | Reach v a l => let2 (ev p v) (ev p a) (fun v a => let1 (ev p l) (fun l =>
      has (seen v && is_ipa a && is_level l) (reach s v l (a / span l))))
  | Scrubbed f => let1 (ev p f) (fun f => has (inside f && is_private s f) (is_scrubbed s f))
  | Bit n a => let1 (ev p a) (fun x => has (0 <=? x) (Z.testbit x n))
  | Not a => let1 (ec p a) (fun b => Some (negb b))
  | And a b => let1 (ec p a) (fun x => if x then ec p b else Some false)
  | Or a b => let1 (ec p a) (fun x => if x then Some true else ec p b)
  end.

(* What a call answers by its checks: the first that applies. *)
Fixpoint status (p : list (string * Z)) (cs : list check) : option Z :=
  match cs with [] => Some 0 | c :: cs => let1 (ec p (when c)) (fun b => if b then Some (number (says c)) else status p cs) end.
Fixpoint some_of (p : list (string * Z)) (a : any) (js : list nat) : option bool :=
  match js with
  | [] => Some false
  | j :: js => let1 (ec ((behind a, Z.of_nat j) :: p) (one_of a)) (fun b => let1 (some_of p a js) (fun r => Some (b || r)))
  end.
Definition exists_ (p : list (string * Z)) (a : any) : option bool :=
  let1 (ev p (count_of a)) (fun n => some_of p a (seq 0 (Z.to_nat n))).
Definition answers (c : spec) (p : list (string * Z)) : option Z :=
  let1 (status p (checks c)) (fun x =>
    if x =? 0 then match at_last c with
      | None => Some 0
      | Some a => let1 (exists_ p a) (fun b => Some (if b then number (any_says a) else 0)) end
    else Some x).

(* The fields that calls write, by place; an entry by VSpace, level and index. *)
Inductive place_ := POwner (g : Z) | PPlace (g : Z) | PLife (v : Z) | PPolicy (v : Z) | PMember (v i : Z) | PEntry (v l i : Z) | PAttached (st : Z) | PDomain (st : Z)
| PVspace (c : Z) | PIndex (c : Z) | PGuest (c : Z) | PPower (c : Z) | PCspace (c : Z) | PCserial (c : Z).
Definition read (s : kern) (a : place_) : Z :=
  match a with
  | POwner g => owner_of (get (gran s) g) | PPlace g => place_of (get (gran s) g)
  | PLife v => life_number (living (vs s v)) | PPolicy v => policy (vs s v) | PMember v i => get (vcpus (vs s v)) i
  | PEntry v l i => word_of ram l (entry_at s v l i)
  | PAttached st => flag (negb (domain s st =? NONE)) 1 | PDomain st => domain s st
  | PVspace c => in_vspace (get (vcp s) c) | PIndex c => index (get (vcp s) c) | PGuest c => flag (of_guest (get (vcp s) c)) 1
  | PPower c => power_number (powered (get (vcp s) c)) | PCspace c => cspace (get (vcp s) c)
  | PCserial c => cspace_serial (get (vcp s) c)
  end.
Definition at_ (p : list (string * Z)) (c : cell) : option place_ :=
  let granule g f := let1 (ev p g) (fun g => has (inside g) (f g)) in
  match c with
  | COwner g => granule g POwner | CPlace g => granule g PPlace
  | CLife v => granule v PLife | CPolicy v => granule v PPolicy
  | CMember v i => let2 (ev p v) (ev p i) (fun v i => has (inside v && (0 <=? i) && (i <? 8)) (PMember v i))
  | CEntry v a l => let2 (ev p v) (ev p a) (fun v a => let1 (ev p l) (fun l =>
      has (seen v && is_ipa a && is_level l && reach s v l (a / span l)) (PEntry v l (a / span l))))
  | CAttached st => let1 (ev p st) (fun st => has (is_stream st) (PAttached st)) | CDomain st => let1 (ev p st) (fun st => has (is_stream st) (PDomain st))
  | CVspace c => granule c PVspace | CIndex c => granule c PIndex | CGuest c => granule c PGuest | CPower c => granule c PPower
  | CCspace c => granule c PCspace | CCserial c => granule c PCserial
  end.
(* What a write says of the state after the call, its expressions read in the one before. *)
Definition says_of (p : list (string * Z)) (w : write) (after : kern) : Prop :=
  match w with
  | W c e => exists a x, at_ p c = Some a /\ ev p e = Some x /\ read after a = x
  | Fill v a l n e => exists v' a' l' n' x, ev p v = Some v' /\ ev p a = Some a' /\ ev p l = Some l' /\ ev p n = Some n' /\ ev p e = Some x /\
      (seen v' && is_ipa a' && is_level l' && reach s v' l' (a' / span l') && (a' / span l' mod N512 + n' <=? N512)) = true /\
      forall j, 0 <= j < n' -> read after (PEntry v' l' (a' / span l' + j)) = x
  | Row t v a l e => exists t' v' a' l' x, ev p t = Some t' /\ ev p v = Some v' /\ ev p a = Some a' /\ ev p l = Some l' /\ ev p e = Some x /\
      inside t' = true /\ is_ipa a' = true /\ 2 <= l' <= 3 /\ (a' mod span (l' - 1) = 0) /\ entry_at after v' (l' - 1) (a' / span (l' - 1)) = Link t' /\
      forall j, 0 <= j < N512 -> read after (PEntry v' l' (a' / span l' + j)) = x
  end.
End Meaning.
