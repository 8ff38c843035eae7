(* SPDX-License-Identifier: Apache-2.0 *)
(* Devices (kernel/core/isolation/iodomain.c): a stream is attached to one VSpace or to none, and then aborts. *)
From Nie Require Export Outcome.

Definition all_streams : list Z := map Z.of_nat (seq 0 (Z.to_nat STREAMS)).
Definition is_stream st : bool := (0 <=? st) && (st <? STREAMS).
Definition domain (s : kern) st := get (attached (str s)) st.
Definition streams_of (s : kern) v : list Z := filter (fun st => domain s st =? v) all_streams.
Definition has_streams (s : kern) v : bool := match streams_of s v with [] => false | _ => true end.

Definition connect v st : list prim := [SetSte st v; DropSte st].
Definition cut st : list prim := [SetSte st NONE; DropSte st].
Definition streams_connect (s : kern) v : list prim := flat_map (connect v) (streams_of s v).
(* All devices of a VSpace that dies: none reaches its tables any more, then the SMMU forgets them. *)
Definition streams_cut (s : kern) v : list prim :=
  match streams_of s v with
  | [] => []
  | sts => flat_map cut sts ++ [InvAll true v] ++ map (fun st => Attach st NONE) sts
  end.

(* ---- the event queue: stream, IPA, access, kind, as the SMMU wrote them, which is not trusted ---- *)
Definition AT_ONCE := 64.
Definition event_of : Type := Z * Z * Z * Z.
Fixpoint absorb (own : tmap Z) (f : tmap fault) (es : list event_of) : tmap fault * list prim :=
  match es with
  | [] => (f, [])
  | (st, ipa, acc, kind) :: es =>
      if is_stream st && negb (get own st =? NONE) then
        let x := get f st in
        let y := if refusals x =? 0 then mkFault 1 ipa acc kind
                 else mkFault (refusals x + 1) (at_ipa x) (access x) (event_kind x) in
        let '(g, ps) := absorb own (set f st y) es in (g, SetFault st y :: ps)
      else absorb own f es
  end.
Definition take_events (own : tmap Z) (s : kern) (es : list event_of) := absorb own (faults (str s)) (firstn (Z.to_nat AT_ONCE) es).

Section Calls.
Variable s : kern.
Let is_space v := match get (gran s) v with GVspace => true | _ => false end.
Let life_of v := living (get (vsp s) v).

Definition attach_guards st v : list guard := [
  (err_mapped, stream_attach_stream, negb (domain s st =? NONE));
  (err_wrong_state, stream_attach_vspace, match life_of v with Building => false | _ => true end)].
Definition stream_attach st v (es : list event_of) : outcome :=
  call (is_stream st && is_space v) (attach_guards st v)
       (Attach st v :: snd (take_events (set (attached (str s)) st v) s es) ++ [SetFault st fault_none] ++
        if guest (get (vsp s) v) then [Measure v (MStream st)] else connect v st).
Definition stream_detach st v : outcome :=
  if is_stream st && is_space v then
    Done (if domain s st =? v then cut st ++ [InvAll true v; Attach st NONE] else [])
  else Stop.
(* What the caller is told, and the steps. *)
Definition stream_fault st (es : list event_of) : fault * list prim :=
  let '(f, ps) := take_events (attached (str s)) s es in
  if is_stream st then (get f st, ps ++ [SetFault st fault_none]) else (fault_none, []).
End Calls.
