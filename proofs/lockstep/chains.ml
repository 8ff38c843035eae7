(* SPDX-License-Identifier: Apache-2.0 *)
(* What runs on cores, and why it leaves them: chains of vCPUs on three cores, kicked, interrupted, past their deadlines, put to sleep
   and ended, on the model and on the kernel. Compared too: every core, every vCPU's place in its chain, pending interrupts, and the
   registers of each vCPU of the chain. *)
module Numbers = Z
open Model
open Both
module Z = Numbers

let cores = 3
let tasks = [40, 16, 0; 41, 16, 1; 42, 16, 2; 43, 16, 3; 44, 22, 0; 45, 22, 1]
let guests = [46, 18, 0; 47, 18, 1; 48, 20, 0; 49, 20, 1]
let vcpus = Array.of_list (List.map (fun (c, _, _) -> c) (tasks @ guests))

let world serial =
  let space s (v, guest) = making s "vspace_make" 14 [v; bit guest] (vspace_make s.k (z v) guest) in
  let one_vcpu s (c, v, i) =
    let s = making s "vcpu_make" 12 [c] (vcpu_make s.k (z c)) in
    outcome s "vcpu_configure" 22 [c; v; i; none; 0; 0; 0] (configure s.k (z c) (z v) (z i) (z none) (z 0) (z 0) (z 0)) in
  let s = List.fold_left space (start serial) [16, false; 18, true; 20, true; 22, false] in
  let s = List.fold_left one_vcpu s (tasks @ guests) in
  List.fold_left (fun s v -> outcome s "activate" 6 [v; 0] (activate s.k (z v) (z 0))) s [18; 20]

let vcp s c = get s.k.vcp c
let now_on s i = n (get s.k.cor i).runs_now
let rec down s c = if c = none then [] else c :: down s (n (vcp s c).runner)
let exists s c = vcpu (get s.k.gran c)

let same s name = match chains_differ () with
  | 0 -> s
  | d -> Printf.eprintf "lockstep: call %d, %s: %s %d differs\n" !calls name [| ""; "core"; "vCPU"; "interrupt" |].(d) (where ()); exit 1
let check s name number args result prims = same (run s name number args result prims) name

(* Each vCPU of the chain of a core, and those given, gets registers; afterwards it must have those of `wanted`. *)
let loaded s i others =
  let chain = down s (now_on s i) in
  let files = List.map (fun c -> c, if List.mem c chain then random_file () else waiting_file s c) (List.sort_uniq compare (others @ chain)) in
  List.iter (fun (c, r) -> give register 0 r; load c) files;
  no_wrong_register ();
  List.fold_left (fun m (c, r) -> Tmap.set m (z c) r) (Tmap.init (Tmap.init Z.zero)) files, List.map fst files
let registers_are name whose wanted =
  List.iteri (fun at c -> give want 0 (get wanted c); differs_at c at) whose;
  match wrong_register () with
  | 0 -> ()
  | w -> Printf.eprintf "lockstep: call %d, %s: register %d of vCPU %d differs\n" !calls name ((w - 1) mod 100) (List.nth whose ((w - 1) / 100)); exit 1
let after a files = wake_regs a.woken (hop_regs files a.hops files)
let reasons name a = List.iter (fun ((_, reason), _) -> count (name ^ ": exit") (n reason)) a.hops

let settle_on_both s name number i args now cause =
  let files, whose = loaded s i [] in
  now_is now;
  let a = settle s.k (z i) (z now) cause in
  let s = check s name number (i :: args) 0 a.settles in
  registers_are name whose (after a files);
  reasons name a;
  (match a.woken with Some (_, reason) -> count (name ^ ": wakes") (n reason) | None -> ());
  s

let interrupt_now s i now =
  let intid = pick [| 0; 1; 25; 25; 26; 32; 33; 40; 1019; 1020 |] in
  settle_on_both s "interrupt" 42 i [intid] now (Interrupted (z intid))
let look s i now = settle_on_both s "chain_check" 44 i [] now Looks
let never = -1
let wait s i now =
  let until = pick [| never; 900; 1100; 1300 |] in
  settle_on_both s "wait" 43 i [until] now (Waits (z until))

(* Mostly one that can run. *)
let runnable s =
  let rec again t = let c = pick vcpus in
    if t = 0 || (exists s c && n (vcp s c).core = none && (vcp s c).powered = On && not (vcp s c).exiting) then c else again (t - 1) in
  again (if Random.int 4 = 0 then 0 else 12)
let run_on_core s i now =
  let c = runnable s and r = now_on s i in
  if not (exists s c) then s else
  let files, whose = loaded s i [c] in
  let until = pick [| never; never; 900; 1100; 1300 |] in
  let reply = random64 () and l1 = Z.zero and l2 = z (pick [| 0; 40; 1020 |]) and l3 = Z.zero and flags = 0 in
  List.iteri (fun at w -> register 2 (at + 1) (high32 w) (low32 w)) [reply; l1; l2; l3; z flags];
  now_is now;
  let args = [i; c; until] in
  match run_vcpu_ s.k (z r) (z c) (z until) l1 l2 l3 (z flags) with
  | Done ps ->
      let k = List.fold_left (fun k p -> kstep p k) s.k ps in
      let files = Tmap.set files (z c) (now_running (get files c) reply l1 l2 l3) in
      let a = settle k (z i) (z now) HasRun in
      let s = check s "run in a chain" 45 args 0 (ps @ a.settles) in
      registers_are "run" whose (after a files);
      reasons "run" a;
      s
  | Err (e, a) -> check s "run in a chain" 45 args (n e + 256 * n a) []
  | Stop -> s

(* What runs traps: it waits, or its instructions are nonsense to nie. *)
let trap_on_core s i now =
  let c = now_on s i in
  let x = vcp s c in
  let files, whose = loaded s i [] in
  let esr = pick [| 0x01 lsl 26; 0x01 lsl 26; 0x24 lsl 26; 0x3c lsl 26 |] in
  let pending = Random.bool () and wake = random64 () in
  syndrome 0 0 esr; syndrome 1 0 0; syndrome 2 0 0;
  answers pending (high32 wake) (low32 wake) false 0;
  now_is now;
  let t = { esr = z esr; far = Z.zero; hpfar = Z.zero; pending; wake; id_value = None; entropy = None; digests = (fun _ -> []) } in
  ignore x;
  let e = trapped s.k (z c) t (get files c) in
  let wanted = Tmap.set files (z c) e.own in
  let wanted = match e.then_next with
    | Leaves (a, d1, d2, d3) when n x.runner <> none -> Tmap.set wanted x.runner (put (Tmap.get wanted x.runner) (shown (get files c) a d1 d2 d3))
    | _ -> wanted in
  let s = check s "trap on a core" 50 [i] 0 (trap_steps s.k (z c) e) in
  registers_are "trap" whose wanted;
  s

let start_task s i =
  let c = pick vcpus and target = if Random.int 4 = 0 then i else Random.int cores in
  if exists s c then begin
    tells true;
    let args = [i; target; c] in
    let s = match core_start s.k (z i) (z target) (z c) with
      | Done ps -> check s "core_start" 41 args 0 ps
      | Err (e, a) -> check s "core_start" 41 args (n e + 256 * n a) []
      | Stop -> s in
    tells false; s
  end else s

let kick s =
  let c = pick vcpus in
  if exists s c then begin
    tells true;
    let s = match vcpu_kick s.k (z c) with Done ps -> check s "vcpu_kick" 40 [c] 0 ps | _ -> s in
    tells false; s
  end else s

let irq s =
  let i = pick [| 32; 33; 40; 1019; 1020 |] in
  tells true;
  let s = match Random.int 6 with
    | 0 -> check s "irq_bind" 46 [i; 1] 0 (irq_bind (z i) (z 1))
    | 1 | 2 -> check s "irq_poll" 47 [i] (bit (irq_pending s.k (z i))) []
    | 3 -> check s "irq_end" 49 [i] 0 (irq_end s.k (z i))
    | _ -> (match irq_ack s.k (z i) with Done ps -> check s "irq_ack" 48 [i] 0 ps | _ -> check s "irq_ack" 48 [i] 1 []) in
  tells false; s

(* A core without a task gets one, as boot and core_start do. *)
let boot_core s i =
  let free = List.filter (fun (c, v, _) -> exists s c && n (vcp s c).core = none && (vcp s c).powered = On && not (vcp s c).exiting &&
                                           n (vcp s c).in_vspace = v && (get s.k.vsp v).living = Building) tasks in
  match free with
  | [] -> s
  | _ ->
      let c, _, _ = List.nth free (Random.int (List.length free)) in
      let x = vcp s c in
      let core = get s.k.cor i in
      check s "boots" 51 [i; c] 0 [SetVcpu (z c, { x with core = z i; deadline = nEVER }); SetCore (z i, { core with runs_now = z c })]

let one s =
  let i = Random.int cores in
  let now = 1000 + Random.int 200 in
  let core = get s.k.cor i in
  let c = n core.runs_now in
  if c = none then (match Random.int 12 with 0 -> interrupt_now s i now | 1 -> kick s | _ -> boot_core s i)
  else if core.begins || core.sleeps then (match Random.int 4 with 0 -> kick s | 1 -> irq s | _ -> if Random.bool () then interrupt_now s i now else look s i now)
  else
    let task = not (vcp s c).of_guest in
    match Random.int 40 with
    | r when r < 22 && task -> run_on_core s i now
    | r when r < 24 && task -> wait s i now
    | r when r < 27 && task -> start_task s i
    | r when r < 29 -> kick s
    | r when r < 31 -> irq s
    | r when r < 34 -> interrupt_now s i now
    | r when r < 35 -> look s i now
    | r when r < 38 -> if (vcp s c).powered = On then trap_on_core s i now else s
    | 38 when Random.int 12 = 0 ->
        let v = pick [| 16; 18; 20; 22 |] in
        if vspace (get s.k.gran v) then same (partly s "vspace_kill" 18 [v; 0; 512] (vspace_kill (z v) s.k (z 512))) "vspace_kill" else s
    | 39 when Random.int 4 = 0 ->
        let g = pick vcpus in
        if exists s g then same (partly s "vcpu_destroy" 20 [g; 0; 512] (vcpu_destroy (z g) s.k (z 512))) "vcpu_destroy" else s
    | _ ->
        let g = pick vcpus in
        let x = vcp s g in
        if exists s g && n x.in_vspace <> none && x.powered <> On then run s "revived" 32 [g] 0 [SetVcpu (z g, { x with powered = On })] else s

(* Every VSpace ends: what runs leaves its core, when that looks, and then is gone. *)
let rec finish s =
  let s = List.fold_left (fun s i -> if now_on s i = none then s else look s i 1000) s [0; 1; 2] in
  match List.filter (fun v -> vspace (get s.k.gran v)) [16; 18; 20; 22] with
  | [] -> s
  | v :: _ -> finish (same (partly s "vspace_destroy" 19 [v; 0; 2000] (vspace_destroy (z v) s.k (z 2000))) "vspace_destroy")

let walk limit seed =
  Random.init seed;
  let serial = ref (z 1) in
  while !calls < limit do
    let s = ref (world !serial) in
    for _ = 1 to 250 do s := one !s done;
    serial := (finish !s).k.next_serial
  done
