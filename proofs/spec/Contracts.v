(* SPDX-License-Identifier: Apache-2.0 *)
(* The specification of calls in the language that is printed for Frama-C: what each checks, in order, and what it writes.
   Printed.v proves that this is what Calls.v says. *)
From Nie Require Export Language.
Local Open Scope string_scope.
Coercion V : string >-> exp. Coercion N : Z >-> exp.
Declare Scope e_scope. Delimit Scope e_scope with e. Bind Scope e_scope with exp.
Declare Scope c_scope. Delimit Scope c_scope with c. Bind Scope c_scope with cond.
Notation "a + b" := (Bin Add a b) : e_scope. Notation "a - b" := (Bin Sub a b) : e_scope. Notation "a * b" := (Bin Mul a b) : e_scope.
Notation "a / b" := (Bin Div a b) : e_scope. Notation "a 'mod' b" := (Bin Mod a b) : e_scope.
Notation "a == b" := (Rel Eq a%e b%e) (at level 70) : c_scope. Notation "a != b" := (Not (Rel Eq a%e b%e)) (at level 70) : c_scope.
Notation "a < b" := (Rel Lt a%e b%e) : c_scope. Notation "a <= b" := (Rel Le a%e b%e) : c_scope.
Notation "a && b" := (And a b) : c_scope. Notation "a || b" := (Or a b) : c_scope.
Notation "e @ a --> c" := (Check (e, a) c%c) (at level 90, a at next level).

Definition entry_ v ipa l := Entry v ipa l 0.
Definition size_of_ f := If (Level f == 2) (K "FRAME_BLOCK") 0.
Definition access_ (r : exp) := (If (Bit 0 r) 64 0 + If (Bit 1 r) 128 0 + If (Bit 2 r) 0 18014398509481984 + 1025)%e.
Definition leaf_ f r := (Address f + access_ r + 828 + If (Level f == 2) 0 2)%e.

(* ---- into a VSpace ---- *)
Definition map_checks (v ipa l : exp) (mapped : cond) : list check := [
  err_bad_value @ map_ipa --> 549755813888 <= ipa;
  err_unaligned @ map_ipa --> ipa mod Span l != 0;
  err_wrong_half @ map_ipa --> (Guest v != 0) && (ipa < K "NIE_SHARED_HALF");
  err_mapped @ map_frame --> mapped;
  err_wrong_state @ map_vspace --> K "VSPACE_DYING" <= Life v;
  err_no_table @ map_ipa --> Not (Reach v ipa l);
  err_exists @ map_ipa --> entry_ v ipa l != K "ENTRY_EMPTY"].
Definition map_ := Spec "map" "map" ["vspace"; "ipa"; "level"; "mapped"] [] (map_checks "vspace" "ipa" "level" ("mapped" != 0)) None [].
Definition map_private_ := Spec "map_private" "map" ["frame"; "vspace"; "ipa"] ["rights"]
  (map_checks "vspace" "ipa" (Level "frame") (Owner "frame" != K "GRANULE_NONE")) None
  [W (COwner "frame") "vspace"; W (CPlace "frame") (size_of_ "frame" + "ipa" / 4096);
   W (CEntry "vspace" "ipa" (Level "frame")) (leaf_ "frame" "rights")].
Definition map_shared_ := Spec "map_shared" "map" ["frame"; "vspace"; "ipa"] ["rights"]
  (map_checks "vspace" "ipa" (Level "frame") (N 1 == 0)) None
  [W (COwner "frame") (Owner "frame" + 1); W (CEntry "vspace" "ipa" (Level "frame")) (leaf_ "frame" "rights")].
Definition map_device_ := Spec "map_device" "map" ["vspace"; "ipa"] ["page"; "rights"]
  (map_checks "vspace" "ipa" 3 (N 1 == 0)) None
  [W (CEntry "vspace" "ipa" 3) ("page" * 4096 + access_ "rights" + 6)].

Definition map_table_ := Spec "map_table" "map_table" ["table"; "vspace"; "ipa"; "level"] [] [
  err_bad_value @ map_table_level --> ("level" != 2) && ("level" != 3);
  err_bad_value @ map_table_ipa --> 549755813888 <= "ipa";
  err_unaligned @ map_table_ipa --> "ipa" mod Span ("level" - 1) != 0;
  err_mapped @ map_table_table --> Owner "table" != K "GRANULE_NONE";
  err_wrong_state @ map_table_vspace --> K "VSPACE_DYING" <= Life "vspace";
  err_no_table @ map_table_ipa --> Not (Reach "vspace" "ipa" ("level" - 1));
  err_exists @ map_table_ipa --> (entry_ "vspace" "ipa" ("level" - 1) != K "ENTRY_EMPTY") && (entry_ "vspace" "ipa" ("level" - 1) != K "ENTRY_RAM")]
  None
  [Row "table" "vspace" "ipa" "level" (entry_ "vspace" "ipa" ("level" - 1));
   W (COwner "table") "vspace"; W (CPlace "table") ("ipa" / 2097152 + "level" * 16777216);
   W (CEntry "vspace" "ipa" ("level" - 1)) (Address "table" + 3)].

Definition donate_ := Spec "donate" "donate" ["frame"; "vspace"; "ipa"] ["rights"]
  (let l := Level "frame" in let e := entry_ "vspace" "ipa" l in let building := (Life "vspace" == K "VSPACE_BUILDING")%c in [
  err_bad_value @ donate_ipa --> 549755813888 <= "ipa";
  err_unaligned @ donate_ipa --> "ipa" mod Span l != 0;
  err_wrong_half @ donate_ipa --> K "NIE_SHARED_HALF" <= "ipa";
  err_mapped @ donate_frame --> (Owner "frame" != K "GRANULE_NONE") && (Guest (Owner "frame") != 0);
  err_wrong_state @ donate_vspace --> Not building && (Life "vspace" != K "VSPACE_ACTIVE");
  err_wrong_state @ donate_frame --> Not building && Not (Scrubbed "frame");
  err_no_table @ donate_ipa --> Not (Reach "vspace" "ipa" l);
  err_exists @ donate_ipa --> (e != K "ENTRY_EMPTY") && (e != K "ENTRY_RAM");
  err_wrong_state @ donate_ipa --> Not building && (e != K "ENTRY_RAM")]) None
  [W (COwner "frame") "vspace"; W (CPlace "frame") (size_of_ "frame" + "ipa" / 4096);
   W (CEntry "vspace" "ipa" (Level "frame")) (leaf_ "frame" "rights")].

(* ---- a guest is built ---- *)
Definition expect_ram_ := let l := If ("size_bits" == 12) 3 2 in
  Spec "expect_ram" "expect_ram" ["vspace"; "ipa"; "size_bits"; "count"] [] [
  err_bad_value @ expect_ram_size_bits --> ("size_bits" != 12) && ("size_bits" != 21);
  err_bad_value @ expect_ram_ipa --> 549755813888 <= "ipa";
  err_unaligned @ expect_ram_ipa --> "ipa" mod Span l != 0;
  err_wrong_half @ expect_ram_ipa --> K "NIE_SHARED_HALF" <= "ipa";
  err_bad_value @ expect_ram_count --> ("count" == 0) || (K "TABLE_ENTRIES" - Index "ipa" l < "count");
  err_wrong_state @ expect_ram_vspace --> Life "vspace" != K "VSPACE_BUILDING";
  err_no_table @ expect_ram_ipa --> Not (Reach "vspace" "ipa" l)]
  (Some (Any "j" "count" (Entry "vspace" "ipa" l "j" != K "ENTRY_EMPTY")%c (err_exists, expect_ram_ipa)))
  [Fill "vspace" "ipa" l "count" (K "ENTRY_RAM")].

Definition activate_ := Spec "activate" "vspace_activate" ["vspace"; "policy"] [] [
  err_bad_value @ vspace_activate_policy --> 3 < "policy";
  err_wrong_state @ vspace_activate_vspace -->
    (Life "vspace" != K "VSPACE_BUILDING") || (Member "vspace" 0 == K "GRANULE_NONE")] None
  [W (CLife "vspace") (K "VSPACE_ACTIVE"); W (CPolicy "vspace") "policy"].

Definition configure_ := Spec "configure" "vcpu_configure" ["vcpu"; "vspace"; "index"; "entry"; "stack"] ["cspace"] [
  err_wrong_state @ vcpu_configure_vcpu --> Power "vcpu" != K "VCPU_UNCONFIGURED";
  err_wrong_state @ vcpu_configure_vspace --> Life "vspace" != K "VSPACE_BUILDING";
  err_exhausted @ vcpu_configure_index --> Member "vspace" "index" != K "GRANULE_NONE";
  err_bad_value @ vcpu_configure_entry --> "entry" mod 4 != 0;
  err_bad_value @ vcpu_configure_stack --> (Guest "vspace" != 0) && ("stack" != 0) || (Guest "vspace" == 0) && ("stack" mod 16 != 0)] None
  [W (CMember "vspace" "index") "vcpu"; W (CVspace "vcpu") "vspace"; W (CIndex "vcpu") "index"; W (CGuest "vcpu") (Guest "vspace");
   W (CPower "vcpu") (If ((Guest "vspace" != 0) && ("index" != 0))%c (K "VCPU_OFF") (K "VCPU_ON"));
   W (CCspace "vcpu") "cspace"; W (CCserial "vcpu") (If ("cspace" == K "GRANULE_NONE")%c 0 (Serial "cspace"))].

(* ---- devices ---- *)
Definition attach_ := Spec "attach" "stream_attach" ["stream"; "vspace"] [] [
  err_mapped @ stream_attach_stream --> Domain "stream" != K "GRANULE_NONE";
  err_wrong_state @ stream_attach_vspace --> Life "vspace" != K "VSPACE_BUILDING"] None
  [W (CAttached "stream") 1; W (CDomain "stream") "vspace"].
Definition detach_ := Spec "detach" "stream_detach" ["stream"; "vspace"] [] [
  err_not_mapped @ stream_detach_stream --> Domain "stream" != "vspace"] None
  [W (CAttached "stream") 0].

(* ---- running ---- *)
Definition can_run_ (c : exp) : cond := ((Power c == K "VCPU_ON") && (Exiting c == 0) && (Home c != K "GRANULE_NONE") &&
  (Life (Home c) == If (OfGuest c != 0) (K "VSPACE_ACTIVE") (K "VSPACE_BUILDING")))%c.
Definition field (w : exp) (low width : Z) := ((w / low) mod width)%e.
Definition list_allowed_ (w : exp) : cond := ((field w 4294967296 512 == 0) && (field w 4398046511104 64 == 0) && (field w 72057594037927936 16 == 0) &&
  (field w 2305843009213693952 2 == 0) && (w mod 4294967296 < 1020) && ((w / 4611686018427387904 == 0) || (w mod 4294967296 != 27)))%c.
Definition list_same_ (a b : exp) : cond := ((a / 4611686018427387904 != 0) && (b / 4611686018427387904 != 0) && (a mod 4294967296 == b mod 4294967296))%c.
Definition run_ := Spec "vcpu_run" "run" ["current"; "vcpu"; "list1"; "list2"; "list3"; "flags"] [] [
  err_wrong_state @ run_vcpu --> Not (can_run_ "vcpu");
  err_busy @ run_vcpu --> Core "vcpu" != K "CORE_NONE";
  err_exhausted @ run_vcpu --> 4 <= Chain "current";
  err_bad_value @ run_list1 --> Not (list_allowed_ "list1");
  err_bad_value @ run_list2 --> Not (list_allowed_ "list2");
  err_bad_value @ run_list3 --> Not (list_allowed_ "list3") || list_same_ "list1" "list2" || list_same_ "list1" "list3" || list_same_ "list2" "list3";
  err_bad_value @ run_flags --> Not ((field "flags" 8 32 == 0) && (field "flags" 65536 16 == 0) && ("flags" < 2097152))] None [].
Definition core_start_ := Spec "task_start" "core_start" ["core"; "target"; "vcpu"] [] [
  err_wrong_state @ core_start_vcpu --> (OfGuest "vcpu" != 0) || Not (can_run_ "vcpu");
  err_busy @ core_start_vcpu --> Core "vcpu" != K "CORE_NONE";
  err_busy @ core_start_core --> ("target" == "core") && (Runner (Current "core") != K "GRANULE_NONE") || ("target" != "core") && (Current "target" != K "GRANULE_NONE")] None [].
(* The last entry that a walk reaches. *)
Definition last_entry (v ipa : exp) := If (Reach v ipa 3) (entry_ v ipa 3) (If (Reach v ipa 2) (entry_ v ipa 2) (entry_ v ipa 1)).
Definition debug_ := let memory := ("what" mod 2 == 1)%c in Spec "debug" "vcpu_debug" ["vcpu"; "what"; "at"] [] [
  err_wrong_state @ vcpu_debug_vcpu --> (Home "vcpu" == K "GRANULE_NONE") || (Policy (Home "vcpu") mod 2 != 1);
  err_busy @ vcpu_debug_vcpu --> Core "vcpu" != K "CORE_NONE";
  err_bad_value @ vcpu_debug_what --> 4 <= "what";
  err_bad_value @ vcpu_debug_at --> memory && (K "NIE_SHARED_HALF" <= "at") || Not memory && ((44 <= "at") || (("what" / 2) mod 2 == 1) && ("at" == 32));
  err_unaligned @ vcpu_debug_at --> memory && ("at" mod 8 != 0);
  err_not_mapped @ vcpu_debug_at --> memory && (last_entry (Home "vcpu") "at" mod 2 != 1)] None [].

Definition specs := [map_; map_private_; map_shared_; map_device_; map_table_; donate_; expect_ram_; activate_; configure_; attach_; detach_; run_; core_start_; debug_].
