(* SPDX-License-Identifier: Apache-2.0 *)
(* One call on both: the model extracted from proofs/spec, and the compiled kernel/core. Then result, whole state and what the
   hardware was told are compared. *)
module Numbers = Z
open Model
module Z = Numbers

external reset : unit -> unit = "lock_reset" [@@noalloc]
external free : int -> int -> unit = "lock_free" [@@noalloc]
external expect_granule : int -> int -> int -> int -> unit = "lock_expect_granule" [@@noalloc]
external expect_word : int -> int -> int -> unit = "lock_expect_word" [@@noalloc]
external ram_base : unit -> int = "lock_ram_base" [@@noalloc]
external expect_root : int -> unit = "lock_expect_root" [@@noalloc]
external expect_vspace : int -> int -> int -> int -> int -> int -> unit = "lock_expect_vspace_bytes" "lock_expect_vspace" [@@noalloc]
external expect_member : int -> int -> int -> unit = "lock_expect_member" [@@noalloc]
external expect_vcpu : int -> int -> int -> int -> int -> int -> unit = "lock_expect_vcpu_bytes" "lock_expect_vcpu" [@@noalloc]
external expect_core : int -> int -> int -> int -> int -> unit = "lock_expect_core_bytes" "lock_expect_core" [@@noalloc]
external expect_words : int -> int -> int -> unit = "lock_expect_words" [@@noalloc]
external expect_vmids : int -> unit = "lock_expect_vmids" [@@noalloc]
external expect_unmeasured : int -> unit = "lock_expect_unmeasured" [@@noalloc]
external expect_measured : int -> int -> int -> int -> int -> int -> unit = "lock_expect_measured_bytes" "lock_expect_measured" [@@noalloc]
external expect_stream : int -> int -> int -> unit = "lock_expect_stream" [@@noalloc]
external streams : unit -> int = "lock_streams" [@@noalloc]
external told_connect : int -> int -> int -> unit = "lock_told_connect" [@@noalloc]
external told_cut : int -> unit = "lock_told_cut" [@@noalloc]
external told_stream_invalidate : int -> int -> unit = "lock_told_stream_invalidate" [@@noalloc]
external told_stream_invalidate_all : int -> unit = "lock_told_stream_invalidate_all" [@@noalloc]
external register : int -> int -> int -> int -> unit = "lock_register" [@@noalloc]
external want : int -> int -> int -> int -> unit = "lock_want" [@@noalloc]
external answers : bool -> int -> int -> bool -> int -> unit = "lock_answers_bytes" "lock_answers" [@@noalloc]
external random_is : bool -> bool -> int -> int -> unit = "lock_random_is" [@@noalloc]
external digest : int -> int -> int -> int -> int = "lock_digest" [@@noalloc]
external expect_extended : int -> int -> int -> unit = "lock_expect_extended" [@@noalloc]
external expect_content : int -> int -> int -> unit = "lock_expect_content" [@@noalloc]
external peek : int -> int -> int -> int = "lock_peek" [@@noalloc]
external load : int -> unit = "lock_load" [@@noalloc]
external differs_at : int -> int -> unit = "lock_differs_at" [@@noalloc]
external no_wrong_register : unit -> unit = "lock_no_wrong_register" [@@noalloc]
external expect_pcore : int -> int -> int -> int -> unit = "lock_expect_pcore" [@@noalloc]
external expect_chain : int -> int -> int -> int -> int -> unit = "lock_expect_chain" [@@noalloc]
external expect_fired : int -> bool -> unit = "lock_expect_fired" [@@noalloc]
external chains_differ : unit -> int = "lock_chains_differ" [@@noalloc]
external now_is : int -> unit = "lock_now_is" [@@noalloc]
external tells : bool -> unit = "lock_tells" [@@noalloc]
external told_else : int -> int -> int -> unit = "lock_told_else" [@@noalloc]
external syndrome : int -> int -> int -> unit = "lock_syndrome" [@@noalloc]
external wrong_register : unit -> int = "lock_wrong_register" [@@noalloc]
external where : unit -> int = "lock_where" [@@noalloc]
external compare_state : int -> bool -> int = "lock_compare" [@@noalloc]
external told_written : unit -> unit = "lock_told_written" [@@noalloc]
external told_invalidate : int -> int -> int -> unit = "lock_told_invalidate" [@@noalloc]
external told_invalidate_all : int -> int -> unit = "lock_told_invalidate_all" [@@noalloc]
external told_scrub : int -> int -> unit = "lock_told_scrub" [@@noalloc]
external told_hash : int -> int -> unit = "lock_told_hash" [@@noalloc]
external log_agrees : unit -> bool = "lock_log_agrees" [@@noalloc]
external write : int -> int -> unit = "lock_write" [@@noalloc]
external kernel : int -> int -> int -> int -> int -> int -> int -> int -> int = "lock_call_bytes" "lock_call"

let z x = if x >= 0 then Z.of_int x else Z.add (Z.shift_left Z.one 64) (Z.of_int x)   (* as C sees it: unsigned *)
let n = Z.to_int
let none = 0xffffffff
let get m i = Tmap.get m (Z.of_int i)

(* The world: small granules, and three that begin a block. *)
let small_first = 16
let small = 80
let blocks = [| 512; 1024; 1536 |]
let device = 0x9000

let start serial =
  reset ();
  free small_first (small - small_first);
  Array.iter (fun b -> free b 512) blocks;
  let open Tmap in
  let gran = fill (init GKernel) (z small_first) (z (small - small_first)) GFree in
  let gran = Array.fold_left (fun g b -> fill g (z b) (z 512) GFree) gran blocks in
  let str = { attached = init (z none); ste = init (z none); faults = init fault_none } in
  let k = { gran; vsp = init vs_none; vmids = init false; next_serial = serial; vcp = init vcpu_none; str; cor = init core_none; fired = init false } in
  { k; tlb = init (init (init (init Empty))); cfg = init (z none); mem = init Z.zero; meas = init [] }

(* ---- the model's state in the kernel's encoding, where it changed ---- *)

let entry_at s v l i = Tmap.get (Tmap.get (Tmap.get s.k.vsp v).tab l) i
let ram = z (ram_base ())
let valid = function Leaf _ | Dev _ | Link _ -> true | _ -> false

let table_of s v l i =
  if n l = 1 then Some (n v + 1)
  else match entry_at s v (Z.pred l) (Z.shift_right i 9) with Link t -> Some (n t) | _ -> None

let show_entry s v l i =
  match table_of s v l i with
  | None -> ()
  | Some t ->
      let at = n i land 511 in
      expect_word t at (n (word_of ram l (entry_at s v l i)))

let show_entries s v l first count =
  for j = 0 to count - 1 do show_entry s v l (Z.add first (z j)) done

let show_granule s g =
  let x = get s.k.gran g in
  expect_granule g (n (state_of x)) (n (owner_of x)) (n (place_of x))

let bit b = if b then 1 else 0

let show_vspace s v =
  let x = get s.k.vsp v in
  expect_vspace v (bit x.guest) (n (life_number x.living)) (n x.vmid) (n x.serial) (n x.policy);
  for i = 0 to 7 do expect_member v i (n (get x.vcpus i)) done

let low32 x = Z.to_int (Z.extract x 0 32) and high32 x = Z.to_int (Z.extract x 32 32)
let show_vcpu s c =
  let x = get s.k.vcp c in
  expect_vcpu c (n x.in_vspace) (n x.index) (bit x.of_guest) (n (power_number x.powered)) (bit x.exiting);
  expect_core c (n x.core) (n x.runner) (n x.cspace) (n x.cspace_serial);
  expect_chain c (bit x.kicked) (if n x.core = none then 0 else n (chain 4 s.k (z c))) (high32 x.deadline) (low32 x.deadline)

let show_stream s st = expect_stream st (n (get s.k.str.attached st)) (n (get s.k.str.ste st))

let show_vmids s =
  let left = ref 0 in
  for m = 1 to 255 do if not (get s.k.vmids m) then incr left done;
  expect_vmids !left

let calls = ref 0
let show_prim s p =
  match p with
  | SetTab (v, l, i, _) ->
      show_entry s v l i;
      (match entry_at s v l i with
       | Link _ -> show_entries s v (Z.succ l) (Z.shift_left i 9) 512
       | _ -> ())
  | FillTab (v, l, i, count, _) -> show_entries s v l i (n count)
  | SetGran (g, _) -> show_granule s (n g)
  | Claim (g, count, _) | Release (g, count) ->
      for j = n g to n g + n count - 1 do show_granule s j done;
      if n count <> 512 || n g >= small then expect_words (n g) (n count) 0
  | Scrub (g, count) -> expect_words (n g) (n count) 0
  | NewVspace (v, _, _, _) ->
      show_granule s (n v); show_granule s (n v + 1); show_vspace s (n v); show_vmids s;
      expect_root (n v + 1); expect_unmeasured (n v)
  | EndVspace v -> show_granule s (n v); show_granule s (n v + 1); show_vmids s
  | SetVs (v, _) -> show_vspace s (n v)
  | SetVcpu (c, _) -> show_vcpu s (n c)
  | Measure (v, MRam (a, b, c)) -> expect_measured (n v) 2 (n a) (n b) (n c) 0
  | Measure (v, MVcpu (a, b, c)) -> expect_measured (n v) 3 (n a) (n b) (n c) 0
  | Measure (v, MPolicy a) -> expect_measured (n v) 4 (n a) 0 0 0
  | Measure (v, MStream a) -> expect_measured (n v) 5 (n a) 0 0 0
  | Measure (_, MContent _) -> failwith "the model measures content by MeasureFrame"
  | MeasureFrame (v, ipa, r, f, count) -> expect_measured (n v) 1 (n ipa) (n count * 4096) (n r) (n f)
  | SetSte (st, _) | Attach (st, _) -> show_stream s (n st)
  | Put (g, word, _) ->
      let page = get s.mem (n g) in
      List.iter (fun j ->
          let w = word_of_page page (z j) in
          if peek (n g) j 1 <> high32 w || peek (n g) j 0 <> low32 w then begin Printf.eprintf "lockstep: call %d: word %d of page %d differs\n" !calls j (n g); exit 1 end)
        (match word with Some j -> [n j; 0] | None -> [0; 1; 63; 64; 65; 511]);
      let w = word_of_page page Z.zero in expect_content (n g) (high32 w) (low32 w)
  | SetCore (i, _) -> let x = get s.k.cor (n i) in
      expect_pcore (n i) (n x.runs_now) (bit x.sleeps + 2 * bit x.unheard + 4 * bit x.begins) (if x.sleeps then low32 x.wakes_at else 0)
  | SetFired (i, on) -> expect_fired (n i) on
  | InvIpa _ | InvAll _ | DropSte _ | SetFault _ | Tell _ -> ()

(* What a step tells the hardware; `s` is the state before it. *)
let tell s p =
  let vmid v = n (Tmap.get s.k.vsp v).vmid in
  match p with
  | SetTab (v, l, i, e) -> if valid e || valid (entry_at s v l i) then told_written ()
  | InvIpa (false, v, ipa) -> told_invalidate (vmid v) (n v) (n ipa)
  | InvAll (false, v) -> told_invalidate_all (vmid v) (n v)
  | InvIpa (true, v, ipa) -> told_stream_invalidate (vmid v) (n ipa)
  | InvAll (true, v) -> told_stream_invalidate_all (vmid v)
  | SetSte (st, v) -> if n v = none then told_cut (n st) else told_connect (n st) (vmid v) (n v)
  | Scrub (g, count) -> told_scrub (n g) (n count)
  | MeasureFrame (_, _, _, f, count) -> told_hash (n f) (n count)
  | Tell (Enable (i, c)) -> told_else 0 (n i) (n c)
  | Tell (Disable i) -> told_else 1 (n i) 0
  | Tell (Deactivate i) -> told_else 2 (n i) 0
  | Tell (Ipi c) -> told_else 3 (n c) 0
  | _ -> ()

(* ---- one call on both ---- *)

let tally : (string * int, int) Hashtbl.t = Hashtbl.create 200
let count name result =
  let key = (name, result) in
  Hashtbl.replace tally key (1 + try Hashtbl.find tally key with Not_found -> 0)

let what = [| "nothing"; "the granule table"; "the VMIDs left"; "a translation table"; "a VSpace"; "a vCPU"; "memory"; "a stream" |]

let run s name number args expected_result prims =
  let fail text =
    Printf.eprintf "lockstep: call %d, %s(%s): %s\n" !calls name (String.concat ", " (List.map string_of_int args)) text;
    exit 1 in
  incr calls;
  let a i = match List.nth_opt args i with Some x -> x | None -> 0 in
  let result = kernel number (a 0) (a 1) (a 2) (a 3) (a 4) (a 5) (a 6) in
  if result <> expected_result then
    fail (Printf.sprintf "the kernel answers %d, the model %d" result expected_result);
  let s' = List.fold_left (fun s p -> tell s p; step p s) s prims in
  List.iter (show_prim s') prims;
  let differs = compare_state small (!calls land 255 = 0) in
  if differs <> 0 then fail (Printf.sprintf "%s differs at granule %d" what.(differs) (where ()));
  if not (log_agrees ()) then fail "the hardware was told something else, or in another order";
  count name (if expected_result > 0 && number >= 15 && number <= 20 then expected_result land 1
              else if number = 21 then bit (expected_result = 1)
              else if number = 27 then bit (expected_result > 0) else expected_result);
  s'

let outcome s name number args = function
  | Stop -> run s name number args (-1) []
  | Err (e, a) -> run s name number args (n e + 256 * n a) []
  | Done ps -> run s name number args 0 ps

(* Functions that do a part; a budget comes as the third argument. *)
let partly s name number args ((finished, budget), prims) =
  run s name number args (2 * n budget + bit finished) prims

(* Making takes free granules: retype sees to that (granules_free), so nothing else is tried on the kernel. *)
let making s name number args = function Done ps -> run s name number args 0 ps | _ -> s

(* ---- random choices ---- *)

let pick a = a.(Random.int (Array.length a))
let candidates = Array.append (Array.init (small - small_first) (fun i -> small_first + i)) blocks
(* A granule that satisfies `good`, nearly always. *)
let choose s good =
  let count = Array.length candidates in
  let from = Random.int count in
  if Random.int 30 = 0 then candidates.(from)
  else
    let rec look i = if i = count then candidates.(from) else
      let g = candidates.((from + i) mod count) in if good (get s.k.gran g) then g else look (i + 1) in
    look 0

let private_ = function GPrivate _ -> true | _ -> false
let unmapped = function GPrivate (_, None, _) -> true | _ -> false
let shared = function GShared _ -> true | _ -> false
let table = function GTable _ -> true | _ -> false
let unlinked = function GTable None -> true | _ -> false
let vspace = function GVspace -> true | _ -> false
let vcpu = function GVcpu -> true | _ -> false
let free_ = function GFree -> true | _ -> false
let cnode = function GCnode _ -> true | _ -> false
let guest s = choose s vspace
let guest_vspace s wanted =
  let rec again i = let v = choose s vspace in
    if i = 0 || (get s.k.vsp v).guest = wanted then v else again (i - 1) in again 6

(* ---- registers ---- *)

let two32 = Z.shift_left Z.one 32
let random64 () = Z.add (Z.mul (Z.of_int (Random.bits () * 4 + Random.int 4)) two32) (Z.of_int (Random.bits () * 4 + Random.int 4))
let registers = n rEGISTERS
let give f who r = for i = 0 to registers - 1 do let w = get r i in f who i (high32 w) (low32 w) done
let random_file () =
  let r = List.fold_left (fun r i -> Tmap.set r (z i) (random64 ())) (Tmap.init Z.zero) (List.init 31 Fun.id) in
  let r = put r [z 31, z (4 * Random.int 100000); z 36, Z.shift_left (z (Random.int 4)) 62; z 37, random64 (); z 38, random64 ();
                 z 39, random64 (); z 40, z (Random.int 32)] in
  let r = List.fold_left (fun r i -> Tmap.set r (z i) (random64 ())) r (List.init 12 (fun i -> 41 + i)) in
  r
(* Of one whose exit waits for a reply: that one is on, and on no core. *)
let waiting_file s c =
  let r = random_file () in
  if Random.bool () || (get s.k.vcp c).powered <> On then r
  else put r [z 32, Z.one; z 33, z (Random.int 32); z 34, z (pick [| 1; 2; 4; 8 |]); z 35, z (pick [| 0; 4; 8 |])]

let check_registers name = match wrong_register () with
  | 0 -> ()
  | w -> Printf.eprintf "lockstep: call %d, %s: %s register %d differs\n" !calls name [| "its"; "the runner's"; "the started vCPU's" |].((w - 1) / 100) ((w - 1) mod 100); exit 1
