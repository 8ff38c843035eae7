(* SPDX-License-Identifier: Apache-2.0 *)
(* What a call checks, in order, are the errors of the interface file in its order: of every call, all of them. Api.v is generated
   from kernel/api/nie.yaml; a change there that the specification does not follow has no proof. *)
From Nie Require Import Capabilities.

(* The checks of the isolation layer alone: of each call all errors but the first ones, which are about capabilities. *)
Theorem map_order s v ipa l m : skipn 9 errors_map = map code (map_guards s v ipa l m). Proof. reflexivity. Qed.
Theorem map_table_order s t v ipa level : skipn 7 errors_map_table = map code (map_table_guards s t v ipa level). Proof. reflexivity. Qed.
Theorem donate_order s f v ipa : skipn 9 errors_donate = map code (donate_guards s f v ipa). Proof. reflexivity. Qed.
Theorem expect_ram_order s v ipa b c : skipn 4 errors_expect_ram = map code (expect_ram_guards s v ipa b c). Proof. reflexivity. Qed.
Theorem vspace_activate_order s v p : skipn 4 errors_vspace_activate = map code (activate_guards s v p). Proof. reflexivity. Qed.
Theorem vcpu_configure_order s c v i e st : skipn 13 errors_vcpu_configure = map code (configure_guards s c v i e st). Proof. reflexivity. Qed.
Theorem stream_attach_order s st v : skipn 8 errors_stream_attach = map code (attach_guards s st v). Proof. reflexivity. Qed.
Theorem run_order s p c a b d f : skipn 4 errors_run = map code (run_guards s p c a b d f). Proof. reflexivity. Qed.
Theorem core_start_order s n m c : skipn 8 errors_core_start = map code (core_start_guards s n m c). Proof. reflexivity. Qed.
Theorem vcpu_debug_order s c w a : skipn 4 errors_vcpu_debug = map code (debug_guards s c w a). Proof. reflexivity. Qed.
Theorem irq_ack_order s i : skipn 4 errors_irq_ack = map code (irq_ack_guards s i). Proof. reflexivity. Qed.

Definition number_of (h : hypercall) : Z :=
  match h with
  | CapInfo _ => number_cap_info | CapCopy _ _ _ _ _ => number_cap_copy | CapMove _ _ _ _ => number_cap_move | CapDelete _ _ => number_cap_delete
  | CapRevoke _ _ => number_cap_revoke | Retype _ _ _ _ _ _ => number_retype | HMap _ _ _ _ => number_map | HUnmap _ => number_unmap
  | HMapTable _ _ _ _ => number_map_table | HDonate _ _ _ _ => number_donate | HExpectRam _ _ _ _ => number_expect_ram
  | HActivate _ _ => number_vspace_activate | HMeasurement _ => number_vspace_measurement | HKill _ => number_vspace_kill
  | HConfigure _ _ _ _ _ _ _ => number_vcpu_configure | HKick _ => number_vcpu_kick | HDebug _ _ _ _ => number_vcpu_debug
  | HRun _ _ _ _ _ _ _ => number_run | HWait _ => number_wait | HCoreStart _ _ => number_core_start | HIrqBind _ => number_irq_bind
  | HIrqPoll _ => number_irq_poll | HIrqAck _ => number_irq_ack | HMachineOff _ => number_machine_off | HAttach _ _ => number_stream_attach
  | HDetach _ => number_stream_detach | HFault _ => number_stream_fault
  end.
(* Every call of the interface, with capabilities and all: the errors that it checks for are the interface's, in its order. *)
Theorem every_call_checks_in_order w h : nth_error errors_by_number (Z.to_nat (number_of h)) = Some (map code (call_guards w h)).
Proof.
  destruct h; unfold call_guards, cnode_guards; repeat match goal with |- context [if ?b then _ else _] => match b with _ =? 0 => destruct b end end; reflexivity. Qed.
Theorem every_call_is_there : forall n, 0 <= n < Z.of_nat (length errors_by_number) -> exists h, number_of h = n.
Proof.
  intros n H. pose (all := [CapInfo 0; CapCopy 0 0 0 0 0; CapMove 0 0 0 0; CapDelete 0 0; CapRevoke 0 0; Retype 0 0 0 0 0 0; HMap 0 0 0 0; HUnmap 0; HMapTable 0 0 0 0;
    HDonate 0 0 0 0; HExpectRam 0 0 0 0; HActivate 0 0; HMeasurement 0; HKill 0; HConfigure 0 0 0 0 0 0 0; HKick 0; HDebug 0 0 0 0; HRun 0 0 0 0 0 0 0; HWait 0; HCoreStart 0 0;
    HIrqBind 0; HIrqPoll 0; HIrqAck 0; HMachineOff 0; HAttach 0 0; HDetach 0; HFault 0]).
  assert (E : map number_of all = map Z.of_nat (seq 0 (length errors_by_number))) by reflexivity.
  assert (I : In n (map number_of all)) by (rewrite E; apply in_map_iff; exists (Z.to_nat n); split; [lia|apply in_seq; lia]).
  apply in_map_iff in I as (h & Eh & _). eauto. Qed.

(* A call answers with the first of its errors that applies, or is done. *)
Theorem first_error_answers must gs ps e a : call must gs ps = Err e a <->
  must = true /\ exists before after, gs = (before ++ (e, a, true) :: after)%list /\ forallb (fun g : guard => negb (snd g)) before = true.
Proof.
  unfold call. destruct must; [|split; [discriminate|intros [H _]; discriminate]]. split.
  - intros H. split; auto. revert H. induction gs as [|[[x y] b] gs IH]; cbn; [discriminate|]. destruct b.
    + intros H. injection H as -> ->. exists [], gs. auto.
    + intros H. destruct (IH H) as (before & after & -> & F). exists ((x, y, false) :: before), after. cbn. auto.
  - intros (_ & before & after & -> & F). induction before as [|[[x y] b] before IH]; cbn in *; [auto|]. destruct b; [discriminate|]. now apply IH. Qed.
