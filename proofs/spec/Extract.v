(* SPDX-License-Identifier: Apache-2.0 *)
(* The model as OCaml. Trusted: numbers become Zarith's (word.ml), maps a search tree (tmap.ml). *)
From Coq Require Import Extraction ExtrOcamlBasic.
From Nie Require Import Chains Debug Encode.
Extraction Language OCaml.
Extract Inductive positive => "Word.t" ["Word.twice_plus_one" "Word.twice" "Word.one"] "Word.match_positive".
Extract Inductive Z => "Word.t" ["Word.zero" "Word.same" "Word.neg"] "Word.match_z".
Extract Inductive nat => "int" ["0" "Stdlib.succ"] "Word.match_nat".
Extract Constant Z.add => "Word.add". Extract Constant Z.sub => "Word.sub". Extract Constant Z.mul => "Word.mul".
Extract Constant Z.opp => "Word.neg". Extract Constant Z.div => "Word.fdiv". Extract Constant Z.modulo => "Word.fmod".
Extract Constant Z.eqb => "Word.equal". Extract Constant Z.leb => "Word.leq". Extract Constant Z.ltb => "Word.lt".
Extract Constant Z.min => "Word.min". Extract Constant Z.testbit => "Word.testbit".
Extract Constant Z.of_nat => "Word.of_int". Extract Constant Z.to_nat => "Word.to_nat".
Extract Constant tmap "'a" => "'a Tmap.t".
Extract Constant get => "Tmap.get". Extract Constant set => "Tmap.set".
Extract Constant init => "Tmap.init". Extract Constant fill => "Tmap.fill".
Extraction "model.ml" state_of owner_of place_of life_number power_number word_of step steps kstep deed_step
  map_private map_shared map_device map_table donate expect_ram activate configure unmap_private unmap_shared unmap_device
  cnode_make table_make vcpu_make frame_make vspace_make set_vcpus
  cnode_destroy table_destroy frame_destroy vspace_kill vspace_destroy vcpu_destroy ripas_set vs_none vcpu_none
  stream_attach stream_detach stream_fault fault_none STREAMS
  trapped trap_steps put shown off_core run_vcpu_ now_running chain reset_file REGISTERS NEVER
  vcpu_debug debug_sets debug_tells word_of_page core_none
  settle hop_regs wake_regs vcpu_kick core_start irq_bind irq_pending irq_ack irq_end MAINTENANCE.
