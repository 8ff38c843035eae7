(* SPDX-License-Identifier: Apache-2.0 *)
(* The checks of the isolation layer are those of the interface file, in its order: of each call all errors but the first ones,
   which are about capabilities. Api.v is generated from kernel/api/nie.yaml; a change there that the specification does not
   follow has no proof. *)
From Nie Require Import Exits.

Theorem map_order s v ipa l m : skipn 9 errors_map = map code (map_guards s v ipa l m). Proof. reflexivity. Qed.
Theorem map_table_order s t v ipa level : skipn 7 errors_map_table = map code (map_table_guards s t v ipa level). Proof. reflexivity. Qed.
Theorem donate_order s f v ipa : skipn 9 errors_donate = map code (donate_guards s f v ipa). Proof. reflexivity. Qed.
Theorem expect_ram_order s v ipa b c : skipn 4 errors_expect_ram = map code (expect_ram_guards s v ipa b c). Proof. reflexivity. Qed.
Theorem vspace_activate_order s v p : skipn 4 errors_vspace_activate = map code (activate_guards s v p). Proof. reflexivity. Qed.
Theorem vcpu_configure_order s c v i e st : skipn 13 errors_vcpu_configure = map code (configure_guards s c v i e st). Proof. reflexivity. Qed.
Theorem stream_attach_order s st v : skipn 8 errors_stream_attach = map code (attach_guards s st v). Proof. reflexivity. Qed.
Theorem run_order s p c a b d f : skipn 4 errors_run = map code (run_guards s p c a b d f). Proof. reflexivity. Qed.
Theorem core_start_order s c b : skipn 8 errors_core_start = map code (core_start_guards s c b). Proof. reflexivity. Qed.
Theorem vcpu_debug_order s c w a : skipn 4 errors_vcpu_debug = map code (debug_guards s c w a). Proof. reflexivity. Qed.

(* What comes first is about capabilities: a slot, a type, a right, and values that the authority layer looks at. *)
Definition about_capabilities (e : Z * Z) : bool :=
  existsb (Z.eqb (fst e)) [err_bad_slot; err_empty; err_wrong_type; err_no_right; err_bad_value].
Theorem the_rest_is_about_capabilities :
  forallb about_capabilities (firstn 9 errors_map ++ firstn 7 errors_map_table ++ firstn 9 errors_donate ++ firstn 4 errors_expect_ram ++
                              firstn 4 errors_vspace_activate ++ firstn 13 errors_vcpu_configure ++ firstn 8 errors_stream_attach ++
                              firstn 4 errors_run ++ firstn 8 errors_core_start ++ firstn 4 errors_vcpu_debug) = true.
Proof. reflexivity. Qed.

(* A call answers with the first of its errors that applies, or is done. *)
Theorem first_error_answers must gs ps e a : call must gs ps = Err e a <->
  must = true /\ exists before after, gs = (before ++ (e, a, true) :: after)%list /\ forallb (fun g : guard => negb (snd g)) before = true.
Proof.
  unfold call. destruct must; [|split; [discriminate|intros [H _]; discriminate]]. split.
  - intros H. split; auto. revert H. induction gs as [|[[x y] b] gs IH]; cbn; [discriminate|]. destruct b.
    + intros H. injection H as -> ->. exists [], gs. auto.
    + intros H. destruct (IH H) as (before & after & -> & F). exists ((x, y, false) :: before), after. cbn. auto.
  - intros (_ & before & after & -> & F). induction before as [|[[x y] b] before IH]; cbn in *; [auto|]. destruct b; [discriminate|]. now apply IH. Qed.
