(* SPDX-License-Identifier: Apache-2.0 *)
(* What a traced kernel was asked and answered (replay.py), asked of the model: each line is a call and what the kernel said. Calls are
   compared; objects begin and end as the trace says. Of VSpaces that boot made ("boot"), the model is told where their tables and
   what is mapped at first are, when the kernel's answer shows it: counted as told. *)
module Numbers = Z
open Model
module Z = Numbers

let z x = if x >= 0 then Z.of_int x else Z.add (Z.shift_left Z.one 64) (Z.of_int x)
let n = Z.to_int
let none = 0xffffffff
let get m i = Tmap.get m (z i)
let s = ref { gran = Tmap.init GFree; vsp = Tmap.init vs_none; vmids = Tmap.init false; next_serial = Z.one; vcp = Tmap.init vcpu_none;
              str = { attached = Tmap.init (z none); ste = Tmap.init (z none); faults = Tmap.init fault_none };
              cor = Tmap.init core_none; fired = Tmap.init false }
let take ps = s := List.fold_left (fun s p -> kstep p s) !s ps
let line = ref 0
let compared = Hashtbl.create 16 and told = ref 0 and boot = Hashtbl.create 4 and spare = ref (1 lsl 30)

let fail what = Printf.printf "replay: line %d: %s\n" !line what; exit 1
let count name r = let k = (name, r) in Hashtbl.replace compared k (1 + try Hashtbl.find compared k with Not_found -> 0)
let code e a = n e lor (n a lsl 8)

let agree name expected given =
  if given <> expected then fail (Printf.sprintf "%s: the kernel answered %d, the model %d" name expected given);
  count name expected

(* A VSpace that boot made has tables and mappings that no call made. *)
let span l = if l = 1 then 1 lsl 30 else if l = 2 then 1 lsl 21 else 4096
let link v ipa l =
  let i = z (ipa / span (l - 1)) and t = z !spare in
  incr spare; incr told;
  take [SetGran (t, GTable (Some ((z v, z l), i))); SetTab (z v, z (l - 1), i, Link t)]
let linked v ipa l = match Tmap.get (Tmap.get (get !s.vsp v).tab (z l)) (z (ipa / span l)) with Link _ -> true | _ -> false

let rec ask name (v, ipa, l) expected call =
  match call () with
  | Stop -> fail (name ^ ": the model stops the machine")
  | Done ps when expected = 0 -> take ps; count name 0
  | Done _ when Hashtbl.mem boot v && expected land 255 = n err_exists ->
      incr told; take [SetTab (z v, z l, z (ipa / span l), Dev (Z.zero, Z.zero))]; ask name (v, ipa, l) expected call
  | Err (e, _) when Hashtbl.mem boot v && e = err_no_table && expected land 255 <> n err_no_table ->
      link v ipa (if linked v ipa 1 then 3 else 2); ask name (v, ipa, l) expected call
  | Err (e, a) -> agree name expected (code e a)
  | Done _ -> fail (Printf.sprintf "%s: the kernel answered %d, the model is done" name expected)

let made name = function Done ps -> take ps | _ -> fail (name ^ ": the model has no free memory there")
let rec all name part = let ((over, _), ps) = part () in take ps; if not over then (if ps = [] then fail (name ^ ": the model does not finish") else all name part)
let place f = match get !s.gran f with GPrivate (_, Some (v, i), _) -> Some (v, i) | _ -> None
let level f = match get !s.gran f with GPrivate (true, _, _) | GShared (true, _) -> 2 | _ -> 3

let destroy g =
  let budget = z 1000000 in
  match get !s.gran g with
  | GTable _ -> all "table_destroy" (fun () -> table_destroy (z g) !s budget)
  | GPrivate _ | GShared _ -> all "frame_destroy" (fun () -> frame_destroy (z g) !s budget)
  | GVspace -> all "vspace_destroy" (fun () -> vspace_destroy (z g) !s budget)
  | GVcpu -> take [SetVcpu (z g, { (get !s.vcp g) with core = z none })]; all "vcpu_destroy" (fun () -> vcpu_destroy (z g) !s budget)
  | GCnode _ -> all "cnode_destroy" (fun () -> cnode_destroy (z g) !s budget)
  | _ -> fail (Printf.sprintf "the object in granule %d ends, where the model has none" g)

let leave_all v =
  for i = 0 to 7 do
    let c = n (Tmap.get (get !s.vsp v).vcpus (z i)) in
    if c <> none then take [SetVcpu (z c, { (get !s.vcp c) with core = z none })]
  done

let one word numbers = match word, numbers with
  | "boot", [v; gu] -> Hashtbl.replace boot v (); made "boot" (vspace_make !s (z v) (gu = 1))
  | "cnode", [g; size] -> made "cnode" (cnode_make !s (z g) (z size) Z.one)
  | "table", [g] -> made "table" (table_make !s (z g))
  | "vcpu", [g] -> made "vcpu" (vcpu_make !s (z g))
  | "frame", [g; block; priv] -> made "frame" (frame_make !s (z g) (block = 1) (priv = 1))
  | "vspace", [g; gu] -> made "vspace" (vspace_make !s (z g) (gu = 1))
  | "destroy", [g] -> (match get !s.gran g with GVspace -> leave_all g | _ -> ()); destroy g
  | "core", [c; core] -> if (match get !s.gran c with GVcpu -> true | _ -> false) then take [SetVcpu (z c, { (get !s.vcp c) with core = z core })]
  | "off", [c] -> let v = n (get !s.vcp c).in_vspace in
      if v <> none then take [SetVs (z v, { (get !s.vsp v) with living = Ended })]
  | "map_private", [f; v; i; r; e] -> ask "map (private)" (v, i, level f) e (fun () -> map_private !s (z f) (z v) (z i) (z r))
  | "map_shared", [f; v; i; r; e] -> ask "map (shared)" (v, i, level f) e (fun () -> map_shared !s (z f) (z v) (z i) (z r))
  | "map_device", [f; v; i; r; e] -> ask "map (device)" (v, i, 3) e (fun () -> map_device !s (z f) (z v) (z i) (z r))
  | "map_table", [t; v; i; l; e] -> ask "map_table" (v, i, l - 1) e (fun () -> map_table !s (z t) (z v) (z i) (z l))
  | "donate", [f; v; i; r; e] -> ask "donate" (v, i, level f) e (fun () -> donate !s (z f) (z v) (z i) (z r))
  | "expect_ram", [v; i; b; c; e] -> ask "expect_ram" (v, i, 3) e (fun () -> expect_ram !s (z v) (z i) (z b) (z c))
  | "vspace_activate", [v; p; e] -> ask "vspace_activate" (v, 0, 1) e (fun () -> activate !s (z v) (z p))
  | "vcpu_configure", [c; v; i; cs; entry; argument; stack; e] ->
      ask "vcpu_configure" (v, 0, 1) e (fun () -> configure !s (z c) (z v) (z i) (z cs) (z entry) (z argument) (z stack))
  | "unmap_private", [f; e] ->
      agree "unmap" e (if place f = None then e lor 1 else 0); (match unmap_private !s (z f) with Done ps -> take ps | _ -> fail "unmap: the model stops")
  | "unmap_shared", [f; v; i; e] ->
      (match unmap_shared !s (z f) (z v) (z i) with Done ps -> agree "unmap" e (if ps = [] then e lor 1 else 0); take ps | _ -> fail "unmap: the model stops")
  | "unmap_device", [p; v; i; e] ->
      (match unmap_device !s (z p) (z v) (z i) with Done ps -> agree "unmap" e (if ps = [] then e lor 1 else 0); take ps | _ -> fail "unmap: the model stops")
  | "forget_private", [f] -> (match unmap_private !s (z f) with Done ps -> take ps | _ -> fail "unmap: the model stops")
  | "forget_shared", [f; v; i] -> (match unmap_shared !s (z f) (z v) (z i) with Done ps -> take ps | _ -> ())
  | "forget_device", [p; v; i] -> (match unmap_device !s (z p) (z v) (z i) with Done ps -> take ps | _ -> ())
  | "vspace_kill", [v; more] ->
      let ((over, _), ps) = vspace_kill (z v) !s (z 512) in
      agree "vspace_kill" more (if over then 0 else 1); take ps
  | "ripas", [c; base; top; state; x0; x1] ->
      let v = (get !s.vcp c).in_vspace in
      (match ripas_set !s v (z base) (z top) (z state) with
       | None -> agree "RSI_IPA_STATE_SET" x0 1
       | Some ((stop, _), ps) -> agree "RSI_IPA_STATE_SET" x0 0; if min (n stop) top <> x1 then fail "RSI_IPA_STATE_SET: another end"; take ps)
  | word, _ -> fail ("what is " ^ word)

let () =
  (try
     while true do
       incr line;
       match String.split_on_char ' ' (input_line stdin) with
       | [] | [""] -> ()
       | word :: numbers -> one word (List.map int_of_string numbers)
     done
   with End_of_file -> ());
  let total = ref 0 in
  List.iter (fun ((name, r), c) -> total := !total + c; Printf.printf "%-20s %6d %8d\n" name r c)
    (List.sort compare (Hashtbl.fold (fun a b l -> (a, b) :: l) compared []));
  Printf.printf "replay: %d calls of %d lines compared; of boot's VSpaces %d entries told\n" !total (!line - 1) !told
