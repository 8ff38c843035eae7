/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

/*
 * What the contracts of the authority layer speak of: slots, CNodes, the list of doomed CNodes, and the layer's invariant
 * `au`. It depends on the slots, on where CNodes are (granule_state) and on `doomed` alone, so that what leaves those alone
 * keeps it; and `wf` depends on no slot.
 */

/*@ predicate is_slot(integer s) = 0 <= s < RAM_GRANULES * NIE_SLOTS_PER_GRANULE; */
/*@ logic integer header(integer cnode) = cnode * NIE_SLOTS_PER_GRANULE; */
/*@ logic integer home(integer s) = s / NIE_SLOTS_PER_GRANULE; */
/* A slot that holds a capability; of this type. */
/*@ predicate held{L}(integer s) = is_slot(s) && \at(view_slot[s].type, L) != 0; */
/*@ predicate holds{L}(integer s, integer type) = is_slot(s) && \at(view_slot[s].type, L) == type; */
/* A slot says at L what another said at K. */
/*@ predicate same_slot{K, L}(integer to, integer from) =
      \at(view_slot[to].type, L) == \at(view_slot[from].type, K) && \at(view_slot[to].rights, L) == \at(view_slot[from].rights, K) &&
      \at(view_slot[to].size_bits, L) == \at(view_slot[from].size_bits, K) && \at(view_slot[to].depth, L) == \at(view_slot[from].depth, K) &&
      \at(view_slot[to].object, L) == \at(view_slot[from].object, K) && \at(view_slot[to].next, L) == \at(view_slot[from].next, K) &&
      \at(view_slot[to].prev, L) == \at(view_slot[from].prev, K) && \at(view_slot[to].detail, L) == \at(view_slot[from].detail, K) &&
      \at(view_slot[to].vspace, L) == \at(view_slot[from].vspace, K) && \at(view_slot[to].serial, L) == \at(view_slot[from].serial, K); */
/* A slot says what it said, but for where it is in the tree. */
/*@ predicate same_cap{K, L}(integer t) =
      \at(view_slot[t].type, L) == \at(view_slot[t].type, K) && \at(view_slot[t].rights, L) == \at(view_slot[t].rights, K) &&
      \at(view_slot[t].size_bits, L) == \at(view_slot[t].size_bits, K) && \at(view_slot[t].object, L) == \at(view_slot[t].object, K) &&
      \at(view_slot[t].detail, L) == \at(view_slot[t].detail, K) && \at(view_slot[t].vspace, L) == \at(view_slot[t].vspace, K) &&
      \at(view_slot[t].serial, L) == \at(view_slot[t].serial, K); */
/*@ predicate same_objects{K, L} = \forall integer t; is_slot(t) ==> \at(view_slot[t].object, L) == \at(view_slot[t].object, K); */
/* Who holds which kind of capability, and what follows what. */
/*@ predicate same_tree{K, L} = \forall integer t; is_slot(t) ==>
      \at(view_slot[t].type, L) == \at(view_slot[t].type, K) && \at(view_slot[t].rights, L) == \at(view_slot[t].rights, K) &&
      \at(view_slot[t].size_bits, L) == \at(view_slot[t].size_bits, K) && \at(view_slot[t].depth, L) == \at(view_slot[t].depth, K) &&
      \at(view_slot[t].next, L) == \at(view_slot[t].next, K) && \at(view_slot[t].prev, L) == \at(view_slot[t].prev, K); */

/* Whatever a slot's or a granule's word may be an index of: what lies beyond the end of an array is nowhere. */
#define ALL(array) array[0 .. 0x10000000000]
/* A number that a hypercall counts down is not there either. */
/*@ predicate far_apart{L}(u32 *p) = apart{L}(p) && \separated(p, &doomed) && \separated(p, &ALL(view_slot)) &&
      \separated(p, &ALL(granule_state)) && \separated(p, &ALL(granule_owner)) && \separated(p, &ALL(granule_place)) &&
      \separated(p, &ALL(dirty)) && \separated(p, &ALL(view_vspace)) && \separated(p, &ALL(view_vcpu)); */

/*
 * The derivation tree: lists in preorder. A number of each slot that only the proof has grows along them, so that no list
 * comes back to itself. Room for one more can always be made, because there are fewer slots than numbers.
 */
/*@ ghost long order[RAM_GRANULES * NIE_SLOTS_PER_GRANULE]; */
/*@ ghost
  /@ requires is_slot(parent) && is_slot(child) && parent != child;
     assigns order[0 .. RAM_GRANULES * NIE_SLOTS_PER_GRANULE - 1];
     ensures order[parent] < order[child];
     ensures \forall integer a, b; is_slot(a) ==> is_slot(b) ==> a != child ==> b != child ==>
             \old(order[a]) < \old(order[b]) ==> order[a] < order[b];
     ensures \forall integer b; is_slot(b) ==> b != child ==> \old(order[parent]) < \old(order[b]) ==> order[child] < order[b];
  @/
  void order_insert(slot_t parent, slot_t child); */

/* All but `x` are linked. */
/*@ predicate linked{L}(integer s, integer x) = held{L}(s) && s != x; */
/*@ predicate next_but{L}(integer x) = \forall integer s; linked{L}(s, x) ==> \at(view_slot[s].next, L) != SLOT_NONE ==>
      linked{L}(\at(view_slot[s].next, L), x) && \at(view_slot[\at(view_slot[s].next, L)].prev, L) == s &&
      \at(view_slot[\at(view_slot[s].next, L)].depth, L) <= \at(view_slot[s].depth, L) + 1; */
/*@ predicate prev_but{L}(integer x) = \forall integer s; linked{L}(s, x) ==> \at(view_slot[s].prev, L) != SLOT_NONE ==>
      linked{L}(\at(view_slot[s].prev, L), x) && \at(view_slot[\at(view_slot[s].prev, L)].next, L) == s; */
/*@ predicate depth_but{L}(integer x) = \forall integer s; linked{L}(s, x) ==> \at(view_slot[s].depth, L) <= DEPTH_MAX &&
      (\at(view_slot[s].depth, L) == 0 <==> \at(view_slot[s].prev, L) == SLOT_NONE); */
/*@ predicate order_but{L}(integer x) = \forall integer s; linked{L}(s, x) ==> \at(view_slot[s].next, L) != SLOT_NONE ==>
      \at(order[s], L) < \at(order[\at(view_slot[s].next, L)], L); */
/*@ predicate au_next{L} = next_but{L}(SLOT_NONE); */
/*@ predicate au_prev{L} = prev_but{L}(SLOT_NONE); */
/*@ predicate au_depth{L} = depth_but{L}(SLOT_NONE); */
/*@ predicate au_order{L} = order_but{L}(SLOT_NONE); */
/*@ predicate au_links{L} = au_next{L} && au_prev{L} && au_depth{L} && au_order{L}; */
/*@ predicate links_but{L}(integer x) = next_but{L}(x) && prev_but{L}(x) && depth_but{L}(x) && order_but{L}(x); */

/* In preorder, what is derived from a capability follows it with a greater depth. */
/*@ logic boolean leaf_cap{L}(integer s) = \at(view_slot[s].next, L) == SLOT_NONE ||
      \at(view_slot[\at(view_slot[s].next, L)].depth, L) <= \at(view_slot[s].depth, L); */
/*@ predicate is_leaf_cap{L}(integer s) = leaf_cap{L}(s); */

/* Any set of slots that holds, with `s` or a slot deeper than `s`, what follows that and is deeper than `s`: what is derived
 * from `s` is in each of them. */
/*@ ghost char below[RAM_GRANULES * NIE_SLOTS_PER_GRANULE]; */
/* One such set, for who asks nothing of it. */
/*@ ghost
  /@ assigns below[0 .. RAM_GRANULES * NIE_SLOTS_PER_GRANULE - 1];
     ensures \forall integer b; is_slot(b) ==> below[b] == 1;
  @/
  void below_all(void); */
/*@ predicate below_is_closed{L}(integer s) = \forall integer t; held{L}(t) ==>
      t == s || (\at(below[t], L) != 0 && \at(view_slot[t].depth, L) > \at(view_slot[s].depth, L)) ==>
      \at(view_slot[t].next, L) != SLOT_NONE ==>
      \at(view_slot[\at(view_slot[t].next, L)].depth, L) > \at(view_slot[s].depth, L) ==>
      \at(below[\at(view_slot[t].next, L)], L) != 0; */

/* CNodes. Slot 0 is the kernel's: `object` says how many slots a live one has, `serial` how many a doomed one. */
/*@ predicate is_cnode{L}(integer g) = is_granule(g) && \at(granule_state[g], L) == GRANULE_CNODE; */
/*@ predicate is_live{L}(integer g) = is_cnode{L}(g) && \at(view_slot[header(g)].object, L) != 0; */
/*@ logic integer slots_of{L}(integer g) = \at(view_slot[header(g)].object, L) != 0 ?
      \at(view_slot[header(g)].object, L) : \at(view_slot[header(g)].serial, L); */
/*@ predicate in_cnode{L}(integer g, integer s) = header(g) < s < header(g) + slots_of{L}(g); */
/*@ predicate au_headers{L} = \forall integer g; is_cnode{L}(g) ==> \at(view_slot[header(g)].type, L) == 0 &&
      NIE_SLOTS_PER_GRANULE <= slots_of{L}(g) && slots_of{L}(g) % NIE_SLOTS_PER_GRANULE == 0 &&
      header(g) + slots_of{L}(g) <= RAM_GRANULES * NIE_SLOTS_PER_GRANULE; */
/*@ predicate au_tails{L} = \forall integer g, j; is_cnode{L}(g) ==> g < j ==> header(j) < header(g) + slots_of{L}(g) ==>
      \at(granule_state[j], L) == GRANULE_TAIL; */
/* An empty slot of a CNode that lives: a capability can go there. */
/*@ predicate is_spare{L}(integer s) = is_slot(s) && \at(view_slot[s].type, L) == 0 &&
      \exists integer g; is_live{L}(g) && in_cnode{L}(g, s); */
/* Capabilities are in CNodes, and those to CNodes name live ones. */
/*@ predicate au_home{L} = \forall integer s; held{L}(s) ==> \exists integer g; is_cnode{L}(g) && in_cnode{L}(g, s); */
/*@ predicate cnodes_but{L}(integer x) = \forall integer s; holds{L}(s, NIE_TYPE_CNODE) ==> s != x ==>
      is_live{L}(\at(view_slot[s].object, L)); */
/*@ predicate au_cnodes{L} = cnodes_but{L}(SLOT_NONE); */

/*@ predicate is_origin{L}(integer s) = \at(view_slot[s].rights, L) >= RIGHT_ORIGIN; */

/* What the numbers in capabilities can be. */
/*@ logic integer granules_of(integer bits) = 1 << (bits - 12); */
/*@ predicate type_remembers(integer type) = type == NIE_TYPE_SHARED_FRAME || type == NIE_TYPE_DEVICE || type == NIE_TYPE_STREAM; */
/*@ predicate au_types{L} = \forall integer s; held{L}(s) ==> \at(view_slot[s].type, L) <= NIE_TYPE_STREAM; */
/*@ predicate au_untyped{L} = \forall integer s; holds{L}(s, NIE_TYPE_UNTYPED) ==>
      12 <= \at(view_slot[s].size_bits, L) <= 40 && \at(view_slot[s].detail, L) <= granules_of(\at(view_slot[s].size_bits, L)) &&
      \at(view_slot[s].object, L) + granules_of(\at(view_slot[s].size_bits, L)) <= RAM_GRANULES; */
/*@ predicate au_sizes{L} = \forall integer s; held{L}(s) ==> (\at(view_slot[s].type, L) == NIE_TYPE_PRIVATE_FRAME ||
      \at(view_slot[s].type, L) == NIE_TYPE_SHARED_FRAME || \at(view_slot[s].type, L) == NIE_TYPE_DEVICE) ==>
      \at(view_slot[s].size_bits, L) == 12 || \at(view_slot[s].size_bits, L) == 21; */
/*@ predicate au_places{L} = \forall integer s; held{L}(s) ==> type_remembers(\at(view_slot[s].type, L)) ==>
      \at(view_slot[s].detail, L) <= 0x8000000000; */
/*@ predicate au_numbers{L} = \forall integer s; held{L}(s) ==>
      (\at(view_slot[s].type, L) == NIE_TYPE_IRQ ==> 32 <= \at(view_slot[s].object, L) < 1020) &&
      (\at(view_slot[s].type, L) == NIE_TYPE_CORE ==> \at(view_slot[s].object, L) < NIE_MAX_CORES); */

/* The list of doomed CNodes, all but `x`; `doomed.ending` has left it. */
/*@ predicate listed{L}(integer g, integer x) = is_cnode{L}(g) && \at(view_slot[header(g)].object, L) == 0 &&
      g != \at(doomed.ending, L) && g != x; */
/*@ predicate ends_but{L}(integer x) =
      (\at(doomed.first, L) == GRANULE_NONE <==> \at(doomed.last, L) == GRANULE_NONE) &&
      (\at(doomed.first, L) != GRANULE_NONE ==> listed{L}(\at(doomed.first, L), x) && listed{L}(\at(doomed.last, L), x) &&
       \at(view_slot[header(\at(doomed.last, L))].vspace, L) == GRANULE_NONE); */
/*@ predicate chain_but{L}(integer x) = \forall integer g; listed{L}(g, x) ==>
      (\at(view_slot[header(g)].vspace, L) == GRANULE_NONE ==> g == \at(doomed.last, L)) &&
      (\at(view_slot[header(g)].vspace, L) != GRANULE_NONE ==> listed{L}(\at(view_slot[header(g)].vspace, L), x) &&
       \at(view_slot[header(g)].vspace, L) != \at(doomed.first, L)); */
/*@ predicate apart_but{L}(integer x) = \forall integer g, h; listed{L}(g, x) ==> listed{L}(h, x) ==> g != h ==>
      \at(view_slot[header(g)].vspace, L) != \at(view_slot[header(h)].vspace, L); */
/*@ predicate au_ends{L} = ends_but{L}(GRANULE_NONE); */
/*@ predicate au_chain{L} = chain_but{L}(GRANULE_NONE); */
/*@ predicate au_once_listed{L} = apart_but{L}(GRANULE_NONE); */
/* The slots of one that are emptied already; all of the one that is being scrubbed. */
/*@ predicate au_emptied{L} = \forall integer g; listed{L}(g, GRANULE_NONE) ==>
      1 <= \at(view_slot[header(g)].detail, L) <= \at(view_slot[header(g)].serial, L) &&
      \forall integer s; header(g) <= s < header(g) + \at(view_slot[header(g)].detail, L) ==> \at(view_slot[s].type, L) == 0; */
/*@ predicate au_ending{L} = \at(doomed.ending, L) != GRANULE_NONE ==>
      is_cnode{L}(\at(doomed.ending, L)) && \at(view_slot[header(\at(doomed.ending, L))].object, L) == 0 &&
      \at(doomed.ending_granules, L) * NIE_SLOTS_PER_GRANULE == \at(view_slot[header(\at(doomed.ending, L))].serial, L) &&
      \forall integer s; header(\at(doomed.ending, L)) <= s < header(\at(doomed.ending, L)) +
        \at(view_slot[header(\at(doomed.ending, L))].serial, L) ==> \at(view_slot[s].type, L) == 0; */

/* Doomed CNodes stay so, and of no other size, and no more of them is emptied. */
/*@ predicate still_doomed{K, L} = \forall integer g; listed{K}(g, GRANULE_NONE) ==> listed{L}(g, GRANULE_NONE) &&
      \at(view_slot[header(g)].detail, L) == \at(view_slot[header(g)].detail, K) &&
      \at(view_slot[header(g)].serial, L) == \at(view_slot[header(g)].serial, K); */
/* vCPUs stay, but for the one whose end is that of `s`. */
/*@ predicate vcpus_but{K, L}(integer s) = \forall integer g; is_vcpu{K}(g) ==> is_vcpu{L}(g) ||
      (is_origin{K}(s) && \at(view_slot[s].type, K) == NIE_TYPE_VCPU && \at(view_slot[s].object, K) == g); */

/*@ predicate au_numbers_all{L} = au_types{L} && au_untyped{L} && au_sizes{L} && au_places{L} && au_numbers{L}; */
/*@ predicate au_memory{L} = au_headers{L} && au_tails{L} && au_home{L}; */
/*@ predicate au_doomed{L} = au_ends{L} && au_chain{L} && au_once_listed{L} && au_emptied{L} && au_ending{L}; */
/*@ predicate au{L} = au_links{L} && au_numbers_all{L} && au_memory{L} && au_cnodes{L} && au_doomed{L}; */

/* From an argument to a slot. */
/*@ logic integer cspace{L}(integer caller) = \at(view_vcpu[caller].cspace_serial, L) != 0 &&
      0 <= \at(view_vcpu[caller].cspace, L) < RAM_GRANULES &&
      \at(granule_state[\at(view_vcpu[caller].cspace, L)], L) == GRANULE_CNODE &&
      \at(granule_place[\at(view_vcpu[caller].cspace, L)], L) * 0x100000000 +
      \at(granule_owner[\at(view_vcpu[caller].cspace, L)], L) == \at(view_vcpu[caller].cspace_serial, L) ?
      \at(view_vcpu[caller].cspace, L) : GRANULE_NONE; */
/*@ logic integer slot_in{L}(integer cnode, integer index) =
      index == 0 || index >= \at(view_slot[header(cnode)].object, L) ? SLOT_NONE : header(cnode) + index; */
/*@ logic integer cap_at{L}(integer caller, integer index) =
      cspace{L}(caller) == GRANULE_NONE ? SLOT_NONE : slot_in{L}(cspace{L}(caller), index); */
/* A macro: of a set that is a constant, WP works out what is in it. */
#define IN_SET(types, type) ( \
      ((type) == 0 && (types) % 2 == 1) || ((type) == 1 && (types) / 2 % 2 == 1) || ((type) == 2 && (types) / 4 % 2 == 1) || \
      ((type) == 3 && (types) / 8 % 2 == 1) || ((type) == 4 && (types) / 16 % 2 == 1) || ((type) == 5 && (types) / 32 % 2 == 1) || \
      ((type) == 6 && (types) / 64 % 2 == 1) || ((type) == 7 && (types) / 128 % 2 == 1) || ((type) == 8 && (types) / 256 % 2 == 1) || \
      ((type) == 9 && (types) / 512 % 2 == 1) || ((type) == 10 && (types) / 1024 % 2 == 1) || \
      ((type) == 11 && (types) / 2048 % 2 == 1) || ((type) == 12 && (types) / 4096 % 2 == 1))
/*@ logic boolean in_set(integer types, integer type) = IN_SET(types, type); */
/*@ logic integer common(integer a, integer b) = b & a; */
/*@ logic integer cap_error{L}(integer s, integer types, integer rights) =
      s == SLOT_NONE ? NIE_ERR_BAD_SLOT :
      \at(view_slot[s].type, L) == 0 ? NIE_ERR_EMPTY :
      !in_set(types, \at(view_slot[s].type, L)) ? NIE_ERR_WRONG_TYPE :
      common(\at(view_slot[s].rights, L), rights) != rights ? NIE_ERR_NO_RIGHT : NIE_OK; */
/*@ logic integer node_at{L}(integer caller, integer index) =
      index == 0 ? cspace{L}(caller) : \at(view_slot[cap_at{L}(caller, index)].object, L); */
/*@ logic integer node_error{L}(integer caller, integer index, integer rights) =
      index != 0 ? cap_error{L}(cap_at{L}(caller, index), 4, rights) :
      cspace{L}(caller) == GRANULE_NONE ? NIE_ERR_BAD_SLOT : NIE_OK; */
/*@ logic integer status_of(integer error, integer argument) = error == NIE_OK ? NIE_OK : error + argument * 256; */
/*@ logic integer life_serial{L}(integer g) =
      0 <= g < RAM_GRANULES && \at(granule_state[g], L) == GRANULE_VSPACE ? \at(view_vspace[g].serial, L) : 0; */
/*@ predicate mapping_lives{L}(integer s) = \at(view_slot[s].detail, L) != 0 &&
      life_serial{L}(\at(view_slot[s].vspace, L)) == \at(view_slot[s].serial, L); */
/*@ logic boolean own{L}(integer caller, integer s) = \at(view_slot[s].rights, L) >= RIGHT_ORIGIN &&
      ((\at(view_slot[s].type, L) == NIE_TYPE_VCPU && \at(view_slot[s].object, L) == caller) ||
       (in_set(192, \at(view_slot[s].type, L)) && \at(view_slot[s].object, L) == \at(view_vcpu[caller].vspace, L)) ||
       (\at(view_slot[s].type, L) == NIE_TYPE_CNODE && \at(view_slot[s].object, L) == \at(view_vcpu[caller].cspace, L))); */
/*@ predicate is_own{L}(integer caller, integer s) = own{L}(caller, s); */

/* Untyped memory: granules below the watermark. */
/*@ logic integer used_of{L}(integer s) = \at(view_slot[s].next, L) == SLOT_NONE ||
      \at(view_slot[\at(view_slot[s].next, L)].depth, L) <= \at(view_slot[s].depth, L) ? 0 : \at(view_slot[s].detail, L); */
/*@ logic boolean size_fits(integer type, integer bits) =
      type == NIE_TYPE_UNTYPED ? 12 <= bits <= 40 : type == NIE_TYPE_CNODE ? 12 <= bits <= 20 :
      type == NIE_TYPE_PRIVATE_FRAME || type == NIE_TYPE_SHARED_FRAME ? bits == 12 || bits == 21 :
      type == NIE_TYPE_TASK_VSPACE || type == NIE_TYPE_GUEST_VSPACE ? bits == 13 : bits == 12; */

/*
 * Boot: sizes of the pieces that memory is given out in; and the one CNode that there is then, of the initial task.
 */
/*@ predicate is_power(integer n) = n \in {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
      131072, 262144}; */
/*@ predicate boot_node{L}(integer g) = is_live{L}(g) && \at(view_slot[header(g)].type, L) == 0 &&
      \at(view_slot[header(g)].object, L) == 8192 && header(g) + 8192 <= RAM_GRANULES * NIE_SLOTS_PER_GRANULE &&
      \forall integer h; is_cnode{L}(h) ==> h == g; */
/* Each capability is there, and none names another CNode. */
/*@ predicate boot_caps{L}(integer g) = \forall integer s; held{L}(s) ==> header(g) < s < header(g) + 8192 &&
      (\at(view_slot[s].type, L) == NIE_TYPE_CNODE ==> \at(view_slot[s].object, L) == g); */
/* An untyped that is nobody's child. */
/*@ predicate boot_untyped{L}(integer s, integer first, integer size) = holds{L}(s, NIE_TYPE_UNTYPED) &&
      \at(view_slot[s].object, L) == first && granules_of(\at(view_slot[s].size_bits, L)) == size && \at(view_slot[s].depth, L) == 0; */
/* All slots but those of a range hold what they held. */
/*@ predicate same_caps{K, L}(integer first, integer end) = \forall integer s; is_slot(s) ==> s < first || s >= end ==>
      \at(view_slot[s].type, L) == \at(view_slot[s].type, K) && \at(view_slot[s].size_bits, L) == \at(view_slot[s].size_bits, K) &&
      \at(view_slot[s].depth, L) == \at(view_slot[s].depth, K) && \at(view_slot[s].object, L) == \at(view_slot[s].object, K); */
