(* SPDX-License-Identifier: Apache-2.0 *)
(* What a call comes to: an error, or steps; all at once, or a bounded part of them. *)
From Nie Require Export State Api.

Definition guard : Type := Z * Z * bool.   (* error, number of the argument that it blames, and whether it applies *)
Definition code (g : guard) : Z * Z := fst g.
Fixpoint first (gs : list guard) : option (Z * Z) :=
  match gs with [] => None | (c, b) :: gs => if b then Some c else first gs end.

(* Stop: an object is not what the authority layer says; the machine stops before anything happens. *)
Inductive outcome := Stop | Err (e arg : Z) | Done (ps : list prim).
Definition call (must : bool) (gs : list guard) (ps : list prim) : outcome :=
  if must then match first gs with Some (e, a) => Err e a | None => Done ps end else Stop.

(* Functions that do a bounded part: whether it is finished, what is left of the budget, and the steps. *)
Definition part : Type := bool * Z * list prim.
Definition then_ (p : part) (s : kern) (next : kern -> Z -> part) : part :=
  let '(done, budget, ps) := p in
  if done then let '(d, b, qs) := next (ksteps ps s) budget in (d, b, ps ++ qs) else p.
