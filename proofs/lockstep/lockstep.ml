(* SPDX-License-Identifier: Apache-2.0 *)
(* Walks through small worlds (both.ml). lockstep CALLS SEED: a random one; lockstep chains CALLS SEED: of what runs on cores
   (chains.ml); lockstep all DEPTH: every sequence of that many of the calls of `few`. *)
module Numbers = Z
open Model
open Both
module Z = Numbers

let half = 1 lsl 38
let ipas = [| 0; 0x1000; 0x2000; 0x1ff000; 0x200000; 0x201000; 0x400000; 0x40000000; 0x40001000; 0x40200000; half - 0x1000;
              half - 0x200000; half; half + 0x1000; half + 0x200000; half + 0x201000; half + 0x40000000; 2 * half - 0x1000;
              2 * half - 0x200000; 2 * half; 0x123; 0x200123; -1; -4096; 1 lsl 61 |]
let ipa_at a = let i = Random.int 100 in if i < 90 then a.(Random.int 7) else pick ipas
let low = [| 0; 0x1000; 0x2000; 0x200000; 0x201000; 0x400000; 0x1ff000 |]
let high = Array.map (fun i -> half + i) low
let ipa_for s v = if (get s.k.vsp v).guest then (if Random.int 3 = 0 then ipa_at high else ipa_at low)
  else if Random.int 6 = 0 then ipa_at high else ipa_at low
let rights () = 1 + 2 * Random.int 2 + 4 * Random.int 2
let budget () = pick [| 0; 1; 2; 3; 511; 512; 513; 2000; 512; 512 |]

(* An IPA that `map` can have accepted: unmapping is only asked for such. *)
let mapped_at ipa size = ipa land lnot (size - 1) land (2 * half - 1)

let on_core s c core =
  run s "on a core" 23 [c; core] 0 [SetVcpu (z c, { (get s.k.vcp c) with core = z core })]

(* ---- devices ---- *)

let some_streams = [| 0; 1; 2; 3; 63 |]
(* What the SMMU reports: the same event so many times, sometimes more than the kernel takes at once. *)
let some_events () =
  let stream = if Random.int 10 = 0 then pick [| 64; 1000; 0xffffffff |] else pick some_streams in
  stream, 0x1000 * Random.int 512, pick [| 0; 0; 1; 2; 5; 64; 70 |]
let events (stream, ipa, count) = List.init count (fun _ -> ((z stream, z ipa), z (stream mod 3)), z (0x10 + stream))
let told_of f =
  if n f.refusals = 0 then 0
  else n f.refusals + (n f.at_ipa lsl 20) + (n f.access lsl 50) + (n f.event_kind lsl 52)
let attach s st v (stream, ipa, count) =
  outcome s "stream_attach" 25 [st; v; stream; ipa; count] (stream_attach s.k (z st) (z v) (events (stream, ipa, count)))
let detach s st v = outcome s "stream_detach" 26 [st; v] (stream_detach s.k (z st) (z v))
let ask_faults s st (stream, ipa, count) =
  let f, ps = stream_fault s.k (z st) (events (stream, ipa, count)) in
  run s "stream_fault" 27 [st; stream; ipa; count] (told_of f) ps

(* ---- running ---- *)

let functions = [| 0x80000000; 0x80000001; 0x84000000; 0x84000001; 0xc4000001; 0x84000002; 0x84000003; 0xc4000003; 0xc4000003; 0xc4000003;
                   0x84000004; 0xc4000004; 0x84000006; 0x84000008; 0x84000009; 0x8400000a; 0x8400000a; 0x84000012; 0xc4000012;
                   0xc4000190; 0xc4000191; 0xc4000197; 0xc4000197; 0xc4000197; 0xc4000198; 0xc4000198; 0xc4000198; 0x84000005;
                   0xc4000002; 0x84000050; 0x84000051; 0x84000052; 0x84000053; 0xc4000053; 0xc4000053; 0xc4000192; 0xc4000192; 0xc4000193; 0xc4000193; 0xc4000196; 0xc4000196; 0xc4000196; 0x12345678 |]
let small_or_big () = match Random.int 6 with
  | 0 -> z (pick functions) | 1 -> z (pick ipas) | 2 -> Z.add two32 (z (Random.int 8)) | 3 -> random64 () | _ -> z (Random.int 9)
let call_file r =
  let r = put r [z 0, Z.add (z (pick functions)) (if Random.int 8 = 0 then two32 else Z.zero); z 1, small_or_big (); z 2, small_or_big (); z 3, small_or_big ()] in
  match n (Z.extract (get r 0) 0 12) with
  | 0x197 | 0x198 -> let base = ipa_at low in put r [z 1, z base; z 2, z (base + pick [| 0x1000; 0x2000; 0x200000; 0x400000; 0 |]); z 3, z (pick [| 0; 0; 1; 1; 2 |])]
  | 3 -> if Random.bool () then put r [z 1, z (Random.int 3); z 2, z (pick [| 0; 0x1000; 0x40000000; 3; half |])] else r
  | 0x192 -> put r [z 1, z (Random.int 6)]
  | 0x193 -> put r [z 1, z (Random.int 6); z 2, z (pick [| 0; 1; 8; 63; 64; 64; 64; 65 |])]
  | 0x196 -> put r [z 1, if Random.int 6 = 0 then z (pick ipas) else z (ipa_at low)]
  | 0x51 -> put r [z 1, if Random.bool () then z (pick functions) else get r 1]
  | 0x53 -> put r [z 1, if Random.int 4 = 0 then random64 () else z (Random.int 200)]
  | 0x190 -> if Random.bool () then put r [z 1, z 0x10000] else r
  | _ -> r

(* A trap: its class and its syndrome, mostly such as say something. *)
let random_esr gu =
  let cls = pick [| 0x24; 0x24; 0x24; 0x24; 0x20; 0x01; 0x18; 0x18; 0x17; 0x17; 0x16; 0x16; 0x16; 0; 7; 0x22; 0x2c; 0x3c; 0x15 |] in
  let cls = if cls = 0x15 && not gu then 0x3c else cls in
  let il = (if Random.int 8 = 0 then 0 else 1) lsl 25 and any = Random.int (1 lsl 25) in
  let iss = match cls with
    | 0x24 | 0x20 ->
        let valid = if Random.int 4 > 0 then (1 lsl 24) lor (any land lnot ((1 lsl 8) lor (1 lsl 7))) else any in
        (valid land lnot 0x3c) lor (pick [| 1; 1; 1; 1; 3; 3; 2; 0; 15 |] lsl 2)
    | 0x18 ->
        let of_ (op0, op1, crn, crm, op2) = (op0 lsl 20) lor (op2 lsl 17) lor (op1 lsl 14) lor (crn lsl 10) lor (crm lsl 1) in
        let which = if Random.int 6 = 0 then any land 0x3ffc1e else
          of_ (pick [| 3, 3, 14, 2, 0; 3, 3, 14, 2, 1; 3, 3, 14, 2, 2; 3, 0, 12, 11, 1; 3, 0, 12, 11, 5; 3, 0, 12, 11, 6; 3, 0, 12, 11, 7; 2, 0, 1, 0, 4; 3, 0, 0, 4, 0 |]) in
        which lor (Random.int 32 lsl 5) lor Random.int 2
    | _ -> any in
  (cls lsl 26) lor il lor iss

let off x = { x with core = z none; runner = z none }

let trap_on_both s c b =
  let gu = (get s.k.vcp c).of_guest in
  let esr = random_esr gu and ipa = ipa_at low and far = random64 () in
  let ipa = if Random.int 5 = 0 then half + ipa else ipa in
  let hpfar = z ((ipa / 4096 land (1 lsl 40 - 1)) * 16) in
  let pending = Random.int 3 = 0 and wake = random64 () and id = if Random.int 4 = 0 then Some (z (Random.bits ())) else None in
  let r = random_file () and rr = random_file () in
  let cls = esr lsr 26 in
  let r = if (cls = 0x16 || cls = 0x17) && Random.int 3 = 0 then
      (* to be told about itself, in a page that it has, if any *)
      let here i = match resolve s.k (get s.k.vcp c).in_vspace (z i) with _, Leaf _ -> true | _ -> false in
      let pages = List.filter here (Array.to_list low) in
      put r [z 0, z 0xc4000196; z 1, z (match pages with [] -> ipa_at low | l -> List.nth l (Random.int (List.length l)))]
    else if cls = 0x16 || cls = 0x17 then call_file r
    else if cls = 0x18 && Random.int 3 = 0 then List.fold_left (fun r i -> Tmap.set r (z i) (z 27)) r (List.init 31 Fun.id) else r in
  let has = Random.int 4 > 0 and out = Random.int 6 = 0 and word = random64 () in
  random_is has out (high32 word) (low32 word);
  let v = n (get s.k.vcp c).in_vspace in
  let digests m = List.init 4 (fun i -> Z.add (Z.shift_left (z (digest v (n m) i 1)) 32) (z (digest v (n m) i 0))) in
  syndrome 0 0 esr; syndrome 1 (high32 far) (low32 far); syndrome 2 (high32 hpfar) (low32 hpfar);
  answers pending (high32 wake) (low32 wake) (id <> None) (match id with Some w -> n w | None -> 0);
  give register 0 r; give register 1 rr;
  let lend = SetVcpu (z c, { (get s.k.vcp c) with core = Z.zero; runner = z b }) in
  let k = kstep lend s.k in
  let e = trapped k (z c) { esr = z esr; far; hpfar; pending; wake; id_value = id; entropy = (if has then Some (if out then [] else [word; word; word]) else None); digests } r in
  give want 0 e.own;
  give want 1 (match e.then_next with Leaves (a, d1, d2, d3) -> put rr (shown r a d1 d2 d3) | _ -> rr);
  let started = match e.starts with
    | None -> none
    | Some ((g, entry), context) -> give want 2 (reset_file entry context); n g in
  (match e.extends with
   | Some ((m, bytes), x) ->
       for i = 0 to 7 do let w = Z.extract x (64 * i) 64 in register 2 i (high32 w) (low32 w) done;
       expect_extended v (n m) (n bytes)
   | None -> ());
  let k = List.fold_left (fun k p -> kstep p k) k e.does in
  let back = SetVcpu (z c, off (get k.vcp c)) in
  let result = match e.then_next with Goes -> 0 | Leaves _ -> 1 | Undefined -> 2 in
  let s = run s "trap" 28 [c; b; started] result (lend :: e.does @ [back]) in
  check_registers "trap";
  count "trap" (match e.then_next with Leaves (a, _, _, _) -> 100 + n a | _ -> result);
  s

let list_word () = match Random.int 8 with
  | 0 -> random64 ()
  | 1 -> Z.add (Z.shift_left (z (Random.int 4)) 62) (z (pick [| 27; 1019; 1020; 33 |]))
  | 2 -> Z.zero
  | 3 -> Z.add (Z.shift_left (z (1 lsl Random.int 32)) 32) (z (32 + Random.int 40))
  | _ -> Z.add (Z.shift_left (z (Random.int 4)) 62) (Z.add (Z.shift_left (z (Random.int 2)) 60) (z (32 + Random.int 40)))
let run_on_both s c b =
  let r = waiting_file s c and reply = random64 () and l1 = list_word () and l2 = list_word () and l3 = list_word () in
  let flags = if Random.int 6 = 0 then Random.bits () else pick [| 0; 1; 0xff02; 0x100007 |] in
  let until = 2000 + Random.int 1000 in
  give register 0 r; give register 1 (random_file ());
  List.iteri (fun i w -> register 2 (i + 1) (high32 w) (low32 w)) [reply; l1; l2; l3; z flags];
  let x = get s.k.vcp b in
  let k = kstep (SetVcpu (z b, { x with core = Z.zero; runner = z none; deadline = z max_int })) s.k in
  let o = run_vcpu_ k (z b) (z c) (z until) l1 l2 l3 (z flags) in
  give want 0 (match o with Done _ -> now_running r reply l1 l2 l3 | _ -> r);
  let s = outcome s "run" 29 [c; b; until] (match o with Done _ -> Done [] | o -> o) in
  check_registers "run";
  s

let debug_on_both s c =
  let r = random_file () and value = random64 () in
  let what = if Random.int 8 = 0 then Random.int 10 else Random.int 4 in
  let at = if what land 1 = 0 then (if Random.int 3 = 0 then 45 - Random.int 14 else Random.int 32)
    else if Random.int 5 = 0 then pick ipas else ipa_at low + 8 * Random.int 3 * Random.int 2 in
  give register 0 r;
  register 2 0 (high32 value) (low32 value);
  let o = vcpu_debug s.k (z c) (z what) (z at) value in
  let old = match o with Done _ -> debug_tells s.k (z c) (z what) (z at) r (fun g -> Tmap.get s.mem g) | _ -> Z.zero in
  register 2 1 (high32 old) (low32 old);
  give want 0 (match o with Done _ -> debug_sets s.k (z c) (z what) (z at) value r | _ -> r);
  let s = outcome s "vcpu_debug" 30 [c; what; at] o in
  check_registers "vcpu_debug";
  s

(* One that crashed or is off is on again, so that walks do not run out of them. *)
let revived s c =
  let x = get s.k.vcp c in
  if vcpu (get s.k.gran c) && n x.in_vspace <> none && x.powered <> On && Random.int 8 < (if x.powered = Off then 1 else 5)
  then run s "revived" 32 [c] 0 [SetVcpu (z c, { x with powered = On })] else s

(* A vCPU, and another that is on no core to be its runner. *)
let running s =
  let rec configured i = let c = choose s vcpu in
    if i = 0 || (vcpu (get s.k.gran c) && n (get s.k.vcp c).in_vspace <> none) then c else configured (i - 1) in
  let c = configured 6 in
  let s = revived s c in
  let k = s.k in
  let rec other i = let b = choose s vcpu in
    if i = 0 then None else if b <> c && vcpu (get k.gran b) && n (get k.vcp b).core = none && (get k.vcp b).powered = On then Some b else other (i - 1) in
  match other 12 with
  | Some b when vcpu (get k.gran c) && n (get k.vcp c).in_vspace <> none && vspace (get k.gran (n (get k.vcp c).in_vspace)) ->
      (match Random.int 10 with
       | 0 | 1 -> run_on_both s c b
       | 2 -> debug_on_both s c
       | _ -> if n (get k.vcp c).core = none && (get k.vcp c).powered = On then trap_on_both s c b else s)   (* only these run *)
  | _ -> s

let serial = ref 0
let one s =
  let k = s.k in
  let zi = z in
  if Random.int 6 = 0 then running s else
  match Random.int 1000 with
  | r when r < 110 ->
      let f = choose s (if Random.int 5 = 0 then private_ else unmapped) and v = guest_vspace s false and p = rights () in
      let i = if Random.int 4 = 0 then pick ipas else ipa_for s v in
      outcome s "map_private" 0 [f; v; i; p] (map_private k (zi f) (zi v) (zi i) (zi p))
  | r when r < 210 ->
      let f = choose s shared and v = choose s vspace and p = rights () in
      let i = if (get k.vsp v).guest && Random.int 5 > 0 then ipa_at high else ipa_for s v in
      outcome s "map_shared" 1 [f; v; i; p] (map_shared k (zi f) (zi v) (zi i) (zi p))
  | r when r < 250 ->
      let v = guest_vspace s false and p = 1 + 2 * Random.int 2 in
      let i = ipa_for s v in
      outcome s "map_device" 2 [device; v; i; p] (map_device k (zi device) (zi v) (zi i) (zi p))
  | r when r < 340 ->
      let t = choose s unlinked and v = choose s vspace and l = pick [| 2; 2; 3; 3; 3; 3; 1; 4 |] in
      let i = pick [| 0; 0; 0; 0x200000; half; half; half + 0x200000; 0x40000000; 0x1000; 2 * half; -1 |] in
      outcome s "map_table" 3 [t; v; i; l] (map_table k (zi t) (zi v) (zi i) (zi l))
  | r when r < 490 ->
      let f = if Random.int 3 = 0 then choose s private_ else choose s unmapped in
      let v = guest_vspace s true and p = rights () in
      let i = if Random.int 6 = 0 then pick ipas else ipa_at low in
      outcome s "donate" 4 [f; v; i; p] (donate k (zi f) (zi v) (zi i) (zi p))
  | r when r < 560 ->
      let v = guest_vspace s true and b = pick [| 12; 12; 12; 21; 21; 13; 0 |] and c = pick [| 1; 1; 2; 3; 0; 511; 512; 513; -1 |] in
      let i = if Random.int 6 = 0 then pick ipas else ipa_at low in
      outcome s "expect_ram" 5 [v; i; b; c] (expect_ram k (zi v) (zi i) (zi b) (zi c))
  | r when r < 575 ->
      let v = guest_vspace s true and p = pick [| 0; 1; 1; 2; -1 |] in
      outcome s "activate" 6 [v; p] (activate k (zi v) (zi p))
  | r when r < 625 ->
      let f = choose s (fun g -> private_ g && not (unmapped g)) in
      outcome s "unmap_private" 7 [f] (unmap_private k (zi f))
  | r when r < 695 ->
      let f = choose s shared in
      let v, i = match get k.gran f with
        | GShared (b, places) when places <> [] && Random.int 8 > 0 ->
            let v, i = List.nth places (Random.int (List.length places)) in n v, n i * (if b then 0x200000 else 0x1000)
        | GShared (b, _) -> let v = guest s in v, mapped_at (ipa_for s v) (if b then 0x200000 else 0x1000)
        | _ -> let v = guest s in v, ipa_for s v in
      outcome s "unmap_shared" 8 [f; v; i] (unmap_shared k (zi f) (zi v) (zi i))
  | r when r < 715 ->
      let v = guest_vspace s false in
      let i = mapped_at (ipa_at low) 0x1000 in
      outcome s "unmap_device" 9 [device; v; i] (unmap_device k (zi device) (zi v) (zi i))
  | r when r < 721 ->
      let g = choose s free_ and c = 1 + Random.int 2 in
      incr serial;
      making s "cnode_make" 10 [g; c; !serial] (cnode_make k (zi g) (zi c) (zi !serial))
  | r when r < 746 -> let g = choose s free_ in making s "table_make" 11 [g] (table_make k (zi g))
  | r when r < 756 -> let g = choose s free_ in making s "vcpu_make" 12 [g] (vcpu_make k (zi g))
  | r when r < 806 ->
      let block = Random.int 4 = 0 and priv = Random.int 3 > 0 in
      let g = if block then pick blocks else choose s free_ in
      making s "frame_make" 13 [g; bit block; bit priv] (frame_make k (zi g) block priv)
  | r when r < 814 ->
      let g = choose s free_ and gu = Random.int 2 = 0 in
      making s "vspace_make" 14 [g; bit gu] (vspace_make k (zi g) gu)
  | r when r < 819 ->
      let g = choose s cnode and b = budget () in
      (match get k.gran g with
       | GCnode (_, c) -> partly s "cnode_destroy" 15 [g; n c; b] (cnode_destroy (zi g) k (zi b))
       | _ -> s)
  | r when r < 828 ->
      let g = choose s table and b = budget () in
      if table (get k.gran g) then partly s "table_destroy" 16 [g; 0; b] (table_destroy (zi g) k (zi b)) else s
  | r when r < 868 ->
      let g = choose s (fun x -> private_ x || shared x) and b = budget () in
      (match get k.gran g with
       | GPrivate _ | GShared (_, []) -> partly s "frame_destroy" 17 [g; 0; b] (frame_destroy (zi g) k (zi b))
       | _ -> s)
  | r when r < 870 ->
      let g = choose s vspace and b = budget () in
      if vspace (get k.gran g) then partly s "vspace_kill" 18 [g; 0; b] (vspace_kill (zi g) k (zi b)) else s
  | r when r < 875 ->
      let g = choose s vspace and b = budget () in
      if vspace (get k.gran g) then partly s "vspace_destroy" 19 [g; 0; b] (vspace_destroy (zi g) k (zi b)) else s
  | r when r < 879 ->
      let g = choose s vcpu and b = budget () in
      if vcpu (get k.gran g) then partly s "vcpu_destroy" 20 [g; 0; b] (vcpu_destroy (zi g) k (zi b)) else s
  | r when r < 939 ->
      let g = choose s vcpu in
      let x = get k.vcp g in
      if vcpu (get k.gran g) && x.of_guest && n x.in_vspace <> none && n x.core = none then begin
        let base = if Random.int 8 = 0 then pick ipas else ipa_at low in
        let top = if Random.int 8 = 0 then pick ipas else base + pick [| 0x1000; 0x2000; 0x3000; 0x200000; 0x400000; 0x40000000; 0 |] in
        let state = pick [| 0; 0; 0; 1; 1; 1; 2 |] in
        let base, top = if Random.int 6 = 0 then 0x200000, 0x600000 else base, top in   (* more than one call may give up *)
        match ripas_set k x.in_vspace (zi base) (zi top) (zi state) with
        | None -> run s "ripas_set" 21 [g; base; top; state] 1 []
        | Some ((stop, _), ps) ->
            let stop = min (n stop) top in
            run s "ripas_set" 21 [g; base; top; state] (stop lsl 2 lor if stop > base then 0 else 2) ps
      end else s
  | r when r < 951 ->
      let c = choose s vcpu and v = choose s vspace and i = pick [| 0; 0; 0; 1; 2; 7 |] in
      let gu = (get k.vsp v).guest in
      let cs = if gu then none else choose s cnode in
      let cs = if cs <> none && not (cnode (get k.gran cs)) then none else cs in
      let e = pick [| 0; 0x1000; 0x40000000; 3 |] and a = Random.int 3 and st = pick [| 0; 0; 0; 16; 8 |] in
      outcome s "vcpu_configure" 22 [c; v; i; cs; e; a; st]
        (configure k (zi c) (zi v) (zi i) (zi cs) (zi e) (zi a) (zi st))
  | r when r < 960 ->
      let c = choose s vcpu in
      let x = get k.vcp c in
      if vcpu (get k.gran c) && n x.in_vspace <> none then on_core s c (if n x.core = none then Random.int 3 else none) else s
  | r when r < 964 ->
      let v = guest_vspace s true in
      let x = get k.vsp v in
      if vspace (get k.gran v) && x.living = Active then run s "powered off" 24 [v] 0 [SetVs (zi v, { x with living = Ended })] else s
  | r when r < 974 -> attach s (pick some_streams) (choose s vspace) (some_events ())
  | r when r < 979 ->
      let st = pick some_streams in
      let v = n (get k.str.attached st) in
      detach s st (if v = none || Random.int 6 = 0 then choose s vspace else v)
  | r when r < 980 -> ask_faults s (pick some_streams) (some_events ())
  | _ ->
      (* a guest or task writes to a page that is mapped for it, by the model's TLB *)
      let v = choose s vspace in
      let w = 1 + Random.int 1000000 in
      let l = if Random.int 4 = 0 then 2 else 3 and i = Random.int 3 in
      let i = if Random.int 2 = 0 then i else i + (half / if l = 2 then 0x200000 else 0x1000) in
      let walk s l i = deed_step (Walk (cPU, zi v, zi l, zi i, Leaf (zi 0, zi 3))) s in
      let s1 = walk s 1 (if l = 2 then i / 512 else i / 512 / 512) in
      let s1 = if l = 3 then walk s1 2 (i / 512) else s1 in
      let s1 = walk s1 l i in
      let j = if l = 2 then Random.int 512 else 0 in
      let s2 = deed_step (Write (cPU, zi v, zi l, zi i, zi j, zi w)) s1 in
      (match entry_at s2 (zi v) (zi l) (zi i) with
       | Leaf (f, _) ->
           let g = n f + j in
           if Z.equal (get s2.mem g) (z w) then begin write g w; expect_words g 1 w end
       | _ -> ());
      s2

(* ---- each world begins with something in it, and ends with its VMIDs given back ---- *)

let furnish s =
  let tables = ref 24 in
  let table s v i l =
    let t = !tables in
    incr tables;
    let s = making s "table_make" 11 [t] (table_make s.k (z t)) in
    outcome s "map_table" 3 [t; v; i; l] (map_table s.k (z t) (z v) (z i) (z l)) in
  let space s (v, guest) =
    let s = making s "vspace_make" 14 [v; bit guest] (vspace_make s.k (z v) guest) in
    let s = table (table s v 0 2) v 0 3 in
    if guest then table (table s v half 2) v half 3 else s in
  let frame s (g, block, priv) =
    making s "frame_make" 13 [g; bit block; bit priv] (frame_make s.k (z g) block priv) in
  let vcpu s (c, v, i) =
    let s = making s "vcpu_make" 12 [c] (vcpu_make s.k (z c)) in
    outcome s "vcpu_configure" 22 [c; v; i; none; 0; 0; 0] (configure s.k (z c) (z v) (z i) (z none) (z 0) (z 0) (z 0)) in
  let s = List.fold_left space s [16, false; 18, true; 20, true; 22, false] in
  let s = List.fold_left vcpu s [40, 18, 0; 41, 20, 0; 54, 18, 1; 55, 20, 2; 56, 16, 0] in
  let s = List.fold_left frame s (List.init 12 (fun i -> 42 + i, false, i < 8)) in
  let s = List.fold_left frame s [512, true, true; 1024, true, false; 1536, true, true] in
  let donate s (f, i) = outcome s "donate" 4 [f; 18; i; 3] (donate s.k (z f) (z 18) (z i) (z 3)) in
  let s = if Random.bool () then List.fold_left donate s [512, 0x200000; 1536, 0x400000] else s in
  let p = Random.int 2 in
  if Random.bool () then outcome s "activate" 6 [20; p] (activate s.k (z 20) (z p)) else s

let finish s =
  let rec destroy s v =
    let ((over, _), _) as part = vspace_destroy (z v) s.k (z 2000) in
    let s = partly s "vspace_destroy" 19 [v; 0; 2000] part in
    if over then s else destroy s v in
  let leave s c = if vcpu (get s.k.gran c) && n (get s.k.vcp c).core <> none then on_core s c none else s in
  let s = Array.fold_left leave s candidates in
  let s = Array.fold_left (fun s v -> if vspace (get s.k.gran v) then destroy s v else s) s candidates in
  Array.fold_left (fun s st -> ask_faults s st (0, 0, 0)) s some_streams

(* ---- every short sequence of a few calls on a few objects ---- *)

let few_world serial =
  let s = start serial in
  let table s (t, v, i, l) =
    let s = making s "table_make" 11 [t] (table_make s.k (z t)) in
    outcome s "map_table" 3 [t; v; i; l] (map_table s.k (z t) (z v) (z i) (z l)) in
  let s = making s "vspace_make" 14 [16; 0] (vspace_make s.k (z 16) false) in
  let s = making s "vspace_make" 14 [18; 1] (vspace_make s.k (z 18) true) in
  let s = List.fold_left table s [24, 16, 0, 2; 25, 16, 0, 3; 26, 18, 0, 2; 27, 18, 0, 3; 28, 18, half, 2; 29, 18, half, 3] in
  let s = making s "vcpu_make" 12 [40] (vcpu_make s.k (z 40)) in
  let s = outcome s "vcpu_configure" 22 [40; 18; 0; none; 0; 0; 0] (configure s.k (z 40) (z 18) (z 0) (z none) (z 0) (z 0) (z 0)) in
  let s = making s "frame_make" 13 [50; 0; 1] (frame_make s.k (z 50) false true) in
  making s "frame_make" 13 [51; 0; 0] (frame_make s.k (z 51) false false)

let few =
  let map_private i s = outcome s "map_private" 0 [50; 16; i; 3] (map_private s.k (z 50) (z 16) (z i) (z 3)) in
  let map_shared v i s = outcome s "map_shared" 1 [51; v; i; 3] (map_shared s.k (z 51) (z v) (z i) (z 3)) in
  let donate i s = outcome s "donate" 4 [50; 18; i; 3] (donate s.k (z 50) (z 18) (z i) (z 3)) in
  let unmap_shared v i s = outcome s "unmap_shared" 8 [51; v; i] (unmap_shared s.k (z 51) (z v) (z i)) in
  let frame_destroy f s = match get s.k.gran f with
    | GPrivate _ | GShared (_, []) -> partly s "frame_destroy" 17 [f; 0; 512] (frame_destroy (z f) s.k (z 512))
    | _ -> s in
  let table_destroy t s = if table (get s.k.gran t) then partly s "table_destroy" 16 [t; 0; 512] (table_destroy (z t) s.k (z 512)) else s in
  let kill b s = partly s "vspace_kill" 18 [18; 0; b] (vspace_kill (z 18) s.k (z b)) in
  let ripas state s = match ripas_set s.k (z 18) (z 0x1000) (z 0x2000) (z state) with
    | None -> s
    | Some ((stop, _), ps) -> let stop = min (n stop) 0x2000 in
        run s "ripas_set" 21 [40; 0x1000; 0x2000; state] (stop lsl 2 lor if stop > 0x1000 then 0 else 2) ps in
  [| map_private 0x1000; map_private 0x2000; map_shared 16 0x1000; map_shared 18 (half + 0x1000); donate 0x1000; donate 0x2000;
     (fun s -> outcome s "expect_ram" 5 [18; 0x1000; 12; 1] (expect_ram s.k (z 18) (z 0x1000) (z 12) (z 1)));
     (fun s -> outcome s "activate" 6 [18; 0] (activate s.k (z 18) (z 0)));
     (fun s -> outcome s "unmap_private" 7 [50] (unmap_private s.k (z 50)));
     unmap_shared 16 0x1000; unmap_shared 18 (half + 0x1000); frame_destroy 50; frame_destroy 51; table_destroy 27; kill 0; kill 512;
     ripas 0; ripas 1;
     (fun s -> attach s 1 16 (1, 0x1000, 1)); (fun s -> attach s 1 18 (2, 0x1000, 1)); (fun s -> detach s 1 18);
     (fun s -> if get s.k.gran 50 = GFree then making s "frame_make" 13 [50; 0; 1] (frame_make s.k (z 50) false true) else s) |]

let every_sequence depth =
  let serial = ref (z 1) and sequences = ref 0 and count = Array.length few in
  let total = int_of_float (float count ** float depth) in
  for number = 0 to total - 1 do
    let s = ref (few_world !serial) and rest = ref number in
    for _ = 1 to depth do
      s := few.(!rest mod count) !s;
      rest := !rest / count
    done;
    incr sequences;
    serial := (finish !s).k.next_serial
  done;
  Printf.printf "lockstep: all %d sequences of %d calls out of %d\n" !sequences depth count

let random_walk limit seed =
  Random.init seed;
  let serial = ref (z 1) in
  while !calls < limit do
    let s = ref (furnish (start !serial)) in
    for _ = 1 to 1000 do s := one !s done;
    serial := (finish !s).k.next_serial
  done

let () =
  let started = Unix.gettimeofday () in
  if streams () <> n sTREAMS then (prerr_endline "lockstep: the model has another number of streams"; exit 1);
  (match Sys.argv with
   | [| _; "chains"; limit; seed |] -> Chains.walk (int_of_string limit) (int_of_string seed)
   | [| _; "all"; depth |] -> every_sequence (int_of_string depth)
   | [| _; limit; seed |] -> random_walk (int_of_string limit) (int_of_string seed)
   | _ -> prerr_endline "lockstep: use it as lockstep CALLS SEED, lockstep chains CALLS SEED, or lockstep all DEPTH"; exit 2);
  let seconds = Unix.gettimeofday () -. started in
  List.iter (fun ((name, r), c) ->
      let result = if r < 0 then "the machine stops" else if r = 0 then "ok" else if name = "stream_fault" then "some" else Printf.sprintf "error %d, argument %d" (r land 255) (r lsr 8) in
      Printf.printf "%-16s %-22s %8d\n" name result c)
    (List.sort compare (Hashtbl.fold (fun a b l -> (a, b) :: l) tally []));
  Printf.printf "lockstep: %d calls compared, %.0f a second\n" !calls (float !calls /. seconds)
