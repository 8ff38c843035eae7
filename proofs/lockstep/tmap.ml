(* SPDX-License-Identifier: Apache-2.0 *)
(* Coq's total maps: a default, and a search tree of what was set. *)
module M = Map.Make (Int)
type 'a t = { default : 'a; set_to : 'a M.t }
let init a = { default = a; set_to = M.empty }
let get m k = match M.find_opt (Z.to_int k) m.set_to with Some a -> a | None -> m.default
let set m k a = { m with set_to = M.add (Z.to_int k) a m.set_to }
let fill m first n a =
  let first = Z.to_int first in
  let rec go i t = if i = 0 then t else go (i - 1) (M.add (first + i - 1) a t) in
  { m with set_to = go (Z.to_int n) m.set_to }
