(* SPDX-License-Identifier: Apache-2.0 *)
(* TRUSTED: the printer, from the language to ACSL. Each constructor becomes the text of what Language.v says it means; L and K are
   the states before and after the call. The names are those of the kernel's headers and of proofs/c/logic.h. *)
From Nie Require Export Contracts.
From Coq Require Import DecimalString Ascii.
Local Open Scope string_scope.
Definition nl := String (ascii_of_nat 10) "".
Definition num (z : Z) : string := NilZero.string_of_int (Z.to_int z).
Definition par (s : string) := "(" ++ s ++ ")".
Definition args (l : list string) := par (String.concat ", " l).
Definition before (s : string) := "\at(" ++ s ++ ", L)".
Definition after (s : string) := "\at(" ++ s ++ ", K)".
Definition walk v a l := "walk_of{L}(" ++ v ++ " + 1, " ++ a ++ ", " ++ l ++ ")".
Definition index_of a l := "index_of(" ++ a ++ ", " ++ l ++ ")".

Definition of_vcpu c field := before ("view_vcpu[" ++ c ++ "]." ++ field).
Fixpoint pe (e : exp) : string :=
  match e with
  | N z => num z | K n => n | V x => x
  | Owner g => before ("granule_owner[" ++ pe g ++ "]")
  | Life v => before ("view_vspace[" ++ pe v ++ "].life")
  | Guest v => before ("view_vspace[" ++ pe v ++ "].guest")
  | Member v i => before ("view_vspace[" ++ pe v ++ "].vcpu[" ++ pe i ++ "]")
  | Power c => before ("view_vcpu[" ++ pe c ++ "].power")
  | Exiting c => of_vcpu (pe c) "exiting" | Home c => of_vcpu (pe c) "vspace" | OfGuest c => of_vcpu (pe c) "guest"
  | Core c => of_vcpu (pe c) "core" | Runner c => of_vcpu (pe c) "runner" | Chain c => of_vcpu (pe c) "chain"
  | Policy v => before ("view_vspace[" ++ pe v ++ "].policy") | Current n => before ("cores[" ++ pe n ++ "].current")
  | Domain st => par (before ("stream_attached[" ++ pe st ++ "]") ++ " != 0 ? " ++ before ("stream_domain[" ++ pe st ++ "]") ++ " : GRANULE_NONE")
  | Serial g => "serial_of{L}" ++ par (pe g)
  | Span l => "span_of" ++ par (pe l) | Index a l => index_of (pe a) (pe l)
  | Level f => "level_for{L}" ++ par (pe f) | Address g => "address_of" ++ par (pe g)
  | Entry v a l j => before ("view_table[" ++ walk (pe v) (pe a) (pe l) ++ "][" ++ index_of (pe a) (pe l) ++
                             match j with N 0 => "" | _ => " + " ++ pe j end ++ "]")
  | Bin o a b => par (pe a ++ match o with Add => " + " | Sub => " - " | Mul => " * " | Div => " / " | Mod => " % " end ++ pe b)
  | If c a b => par (pc c ++ " ? " ++ pe a ++ " : " ++ pe b)
  end
with pc (c : cond) : string :=
  match c with
  | Rel r a b => pe a ++ match r with Eq => " == " | Lt => " < " | Le => " <= " end ++ pe b
  | Reach v a l => walk (pe v) (pe a) (pe l) ++ " != GRANULE_NONE"
  | Scrubbed f => before ("granule_place[" ++ pe f ++ "]") ++ " % FRAME_BLOCK >= FRAME_SCRUBBED"
  | Bit n a => par (pe a ++ " & " ++ num (2 ^ n)) ++ " != 0"
  | Not a => "!" ++ par (pc a) | And a b => par (pc a ++ " && " ++ pc b) | Or a b => par (pc a ++ " || " ++ pc b)
  end.

Definition lookup (errors : list (Z * Z)) (names : list string) (e : Z * Z) : string :=
  match find (fun x => (Z.eqb (fst (fst x)) (fst e) && Z.eqb (snd (fst x)) (snd e))%bool) (combine errors names) with Some x => snd x | None => "?" end.
Definition error (c : spec) (e : Z * Z) : string := lookup (errors_of (of_call c)) (names_of (of_call c)) e.
Definition short (c : spec) (e : Z * Z) : string :=      (* NIE_MAP_WRONG_STATE_VSPACE is map_private_WRONG_STATE_VSPACE of map_private *)
  let n := error c e in name c ++ substring (4 + String.length (of_call c)) (String.length n) n.
Definition formals (l : list string) := args (map (fun x => "integer " ++ x) l).
Definition formal (c : spec) := formals (params c).
Definition block (s : string) := "/*@ " ++ s ++ "; */" ++ nl.
Definition print_check (c : spec) (k : check) := block ("logic boolean " ++ short c (says k) ++ "{L}" ++ formal c ++ " = " ++ pc (when k)).
Fixpoint cases (c : spec) (ks : list check) : string :=
  match ks with
  | [] => "NIE_OK"
  | k :: ks => short c (says k) ++ "{L}" ++ args (params c) ++ " ? " ++ error c (says k) ++ " :" ++ nl ++ "      " ++ cases c ks
  end.
Definition print_status (c : spec) := block ("logic integer " ++ name c ++ "_status{L}" ++ formal c ++ " =" ++ nl ++ "      " ++ cases c (checks c)).
Definition print_last (c : spec) :=
  match at_last c with
  | None => ""
  | Some a =>
      block ("predicate " ++ name c ++ "_exists{L}" ++ formal c ++ " = \exists integer " ++ behind a ++ "; 0 <= " ++ behind a ++ " < " ++
             pe (count_of a) ++ " && " ++ pc (one_of a)) ++
      let s := name c ++ "_status{L}" ++ args (params c) in let e := name c ++ "_exists{L}" ++ args (params c) in
      block ("predicate " ++ name c ++ "_answers{L}" ++ formals ("answer" :: params c)%list ++ " =" ++ nl ++
             "      (" ++ s ++ " != NIE_OK ==> answer == " ++ s ++ ") &&" ++ nl ++
             "      (" ++ s ++ " == NIE_OK ==> " ++ e ++ " ==> answer == " ++ error c (any_says a) ++ ") &&" ++ nl ++
             "      (" ++ s ++ " == NIE_OK ==> !" ++ e ++ " ==> answer == NIE_OK)")
  end.
Definition pl (c : cell) : string :=
  match c with
  | COwner g => "granule_owner[" ++ pe g ++ "]" | CPlace g => "granule_place[" ++ pe g ++ "]"
  | CLife v => "view_vspace[" ++ pe v ++ "].life" | CPolicy v => "view_vspace[" ++ pe v ++ "].policy"
  | CMember v i => "view_vspace[" ++ pe v ++ "].vcpu[" ++ pe i ++ "]"
  | CEntry v a l => "view_table[" ++ walk (pe v) (pe a) (pe l) ++ "][" ++ index_of (pe a) (pe l) ++ "]"
  | CAttached st => "stream_attached[" ++ pe st ++ "]" | CDomain st => "stream_domain[" ++ pe st ++ "]"
  | CVspace c => "view_vcpu[" ++ pe c ++ "].vspace" | CIndex c => "view_vcpu[" ++ pe c ++ "].index"
  | CGuest c => "view_vcpu[" ++ pe c ++ "].guest" | CPower c => "view_vcpu[" ++ pe c ++ "].power"
  | CCspace c => "view_vcpu[" ++ pe c ++ "].cspace" | CCserial c => "view_vcpu[" ++ pe c ++ "].cspace_serial"
  end.
Definition pw (w : write) : string :=
  match w with
  | W c e => after (pl c) ++ " == " ++ pe e
  | Fill v a l n e => "(\forall integer j_; 0 <= j_ < " ++ pe n ++ " ==> " ++
      after ("view_table[" ++ walk (pe v) (pe a) (pe l) ++ "][" ++ index_of (pe a) (pe l) ++ " + j_]") ++ " == " ++ pe e ++ ")"
  | Row t v a l e => "(\forall integer j_; 0 <= j_ < TABLE_ENTRIES ==> " ++ after ("view_table[" ++ pe t ++ "][j_]") ++ " == " ++ pe e ++ ")"
  end.
Definition print_writes (c : spec) :=
  match writes c with
  | [] => ""
  | ws => block ("predicate " ++ name c ++ "_done{L, K}" ++ formals (params c ++ also c)%list ++ " =" ++ nl ++ "      " ++ String.concat (" &&" ++ nl ++ "      ") (map pw ws))
  end.
Definition print_call (c : spec) := nl ++ String.concat "" (map (print_check c) (checks c)) ++ print_status c ++ print_last c ++ print_writes c.
Definition print_number (n : string) (z : Z) := "_Static_assert(" ++ n ++ " == " ++ num z ++ ", """ ++ n ++ """);" ++ nl.
Definition codes (c : spec) := map (fun k => print_number (error c (says k)) (number (says k))) (checks c).
(* In parts: the numbers that the text takes for granted, then call by call. *)
Definition text := (String.concat "" (map (fun k => print_number (fst k) (snd k)) constants) ++
  String.concat "" (nodup string_dec (flat_map codes specs)))%string :: map print_call specs.
