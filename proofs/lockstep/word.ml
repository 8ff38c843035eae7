(* SPDX-License-Identifier: Apache-2.0 *)
(* Coq's numbers as Zarith's. *)
type t = Z.t
let zero = Z.zero
let one = Z.one
let same (x : t) = x
let twice x = Z.shift_left x 1
let twice_plus_one x = Z.succ (Z.shift_left x 1)
let neg = Z.neg
let add = Z.add
let sub = Z.sub
let mul = Z.mul
(* Coq's division rounds down, and by zero gives zero, with remainder the dividend. *)
let fdiv a b = if Z.equal b Z.zero then Z.zero else if Z.sign a >= 0 && Z.sign b > 0 then Z.div a b else Z.fdiv a b
let fmod a b = if Z.equal b Z.zero then a else if Z.sign a >= 0 && Z.sign b > 0 then Z.rem a b else Z.sub a (Z.mul (Z.fdiv a b) b)
let equal = Z.equal
let leq = Z.leq
let lt = Z.lt
let min = Z.min
let testbit a n = Z.testbit a (Z.to_int n)
let of_int = Z.of_int
let to_nat x = if Z.sign x <= 0 then 0 else Z.to_int x
let match_positive more even last p =
  if Z.equal p Z.one then last () else (if Z.is_odd p then more else even) (Z.shift_right p 1)
let match_z none positive negative x =
  match Z.sign x with 0 -> none () | 1 -> positive x | _ -> negative (Z.neg x)
let match_nat none more n = if n = 0 then none () else more (n - 1)
