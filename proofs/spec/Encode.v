(* SPDX-License-Identifier: Apache-2.0 *)
(* How the C writes down what the model says: fields of the granule table (kernel/include/nie/granule.h), of VSpaces and vCPUs,
   and descriptors (Arm ARM D8.3.1, D8.3.2). The lockstep holds these against the kernel's memory; what is printed for Frama-C
   (Print.v) speaks of them. *)
From Nie Require Export State.

Definition BLOCK_BIT := 2147483648.
Definition SCRUBBED_BIT := 1073741824.
Definition LEVEL_UNIT := 16777216.
Definition SERIAL_UNIT := 4294967296.
Definition size_bit (block : bool) : Z := if block then BLOCK_BIT else 0.
Definition pages (block : bool) (i : Z) : Z := if block then i * N512 else i.
Definition flag (b : bool) (z : Z) : Z := if b then z else 0.

Definition state_of (x : granule) : Z :=
  match x with
  | GFree => 0 | GKernel => 1 | GCnode _ _ => 2 | GTable _ => 3 | GVspace => 4 | GRoot _ => 5 | GVcpu => 6
  | GPrivate _ _ _ => 7 | GShared _ _ => 8 | GTail _ => 9
  end.
Definition owner_of (x : granule) : Z :=
  match x with
  | GCnode serial _ => serial mod SERIAL_UNIT
  | GTable None | GVspace | GVcpu | GPrivate _ None _ => NONE
  | GTable (Some (v, _, _)) | GRoot v | GPrivate _ (Some (v, _)) _ => v
  | GShared _ places => Z.of_nat (length places)
  | _ => 0
  end.
Definition place_of (x : granule) : Z :=
  match x with
  | GCnode serial _ => serial / SERIAL_UNIT
  | GTable (Some (_, l, i)) => pages (l =? 2) i + l * LEVEL_UNIT
  | GPrivate b None scrubbed => size_bit b + flag scrubbed SCRUBBED_BIT
  | GPrivate b (Some (_, i)) _ => size_bit b + pages b i
  | GShared b _ => size_bit b
  | _ => 0
  end.
Definition life_number (x : life) : Z := match x with Building => 0 | Active => 1 | Ended => 2 | Dying => 3 | Dead => 4 end.
Definition power_number (x : power) : Z := match x with Unconfigured => 0 | Off => 1 | On => 2 | Crashed => 3 end.

(* Read 6, write 7, execute-never 54; the access flag 10. Normal memory: attributes 5:2, inner shareable 9:8. *)
Definition access_bits (rights : Z) : Z :=
  flag (Z.testbit rights 0) 64 + flag (Z.testbit rights 1) 128 + flag (negb (Z.testbit rights 2)) 18014398509481984 + 1024 + 1.
Definition address (ram g : Z) : Z := ram + g * PAGE.
Definition word_of (ram l : Z) (e : entry) : Z :=
  match e with
  | Empty => 0 | Destroyed => 4 | Ram => 8
  | Link t => address ram t + 3
  | Leaf f r => address ram f + access_bits r + 828 + flag (negb (l =? 2)) 2
  | Dev p r => p * PAGE + access_bits r + 6
  end.
