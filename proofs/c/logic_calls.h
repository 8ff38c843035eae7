/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hypercalls answer, in the order of kernel/api/nie.yaml: the errors of capabilities, which the authority layer
 * finds, and then those of logic.h. The sets of types are TYPE_SET() of authority.h, written out.
 */
#define SET_UNTYPED 2
#define SET_CNODE 4
#define SET_VSPACE 192
#define SET_GUEST 128
#define SET_TASK 64
#define SET_IRQ 1024
#define SET_CORE 2048
#define SET_STREAM 4096
#define SET_MAPPABLE 536
#define SET_TABLE 32
#define SET_PRIVATE 8
#define SET_VCPU 256

/*@ logic integer cap_status{L}(integer caller, integer slot, integer types, integer rights, integer argument) =
      status_of(cap_error{L}(cap_at{L}(caller, slot), types, rights), argument); */
/*@ logic integer node_status{L}(integer caller, integer cnode, integer rights, integer argument) =
      status_of(node_error{L}(caller, cnode, rights), argument); */
/*@ logic integer or_else(integer status, integer next) = status != NIE_OK ? status : next; */
/*@ logic integer place_of{L}(integer caller, integer cnode, integer index) =
      slot_in{L}(node_at{L}(caller, cnode), index); */

/*@ logic integer cap_info_status{L}(integer caller, integer slot) =
      cap_status{L}(caller, slot, 0xffffffff, 0, NIE_CAP_INFO_ARG_SLOT); */
/*@ logic integer cap_copy_status{L}(integer caller, integer to_cnode, integer to_index, integer from_cnode, integer from_index) =
      node_error{L}(caller, to_cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, to_cnode, NIE_RIGHT_WRITE, NIE_CAP_COPY_ARG_TO_CNODE) :
      place_of{L}(caller, to_cnode, to_index) == SLOT_NONE ? NIE_CAP_COPY_BAD_SLOT_TO_INDEX :
      node_error{L}(caller, from_cnode, NIE_RIGHT_READ) != NIE_OK ?
        node_status{L}(caller, from_cnode, NIE_RIGHT_READ, NIE_CAP_COPY_ARG_FROM_CNODE) :
      place_of{L}(caller, from_cnode, from_index) == SLOT_NONE ? NIE_CAP_COPY_BAD_SLOT_FROM_INDEX :
      \at(view_slot[place_of{L}(caller, from_cnode, from_index)].type, L) == 0 ? NIE_CAP_COPY_EMPTY_FROM_INDEX :
      \at(view_slot[place_of{L}(caller, from_cnode, from_index)].type, L) == NIE_TYPE_UNTYPED ?
        NIE_CAP_COPY_WRONG_TYPE_FROM_INDEX :
      \at(view_slot[place_of{L}(caller, to_cnode, to_index)].type, L) != 0 ? NIE_CAP_COPY_OCCUPIED_TO_INDEX :
      \at(view_slot[place_of{L}(caller, from_cnode, from_index)].depth, L) >= DEPTH_MAX ?
        NIE_CAP_COPY_EXHAUSTED_FROM_INDEX : NIE_OK; */
/*@ logic integer cap_move_status{L}(integer caller, integer to_cnode, integer to_index, integer from_cnode, integer from_index) =
      node_error{L}(caller, to_cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, to_cnode, NIE_RIGHT_WRITE, NIE_CAP_MOVE_ARG_TO_CNODE) :
      place_of{L}(caller, to_cnode, to_index) == SLOT_NONE ? NIE_CAP_MOVE_BAD_SLOT_TO_INDEX :
      node_error{L}(caller, from_cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, from_cnode, NIE_RIGHT_WRITE, NIE_CAP_MOVE_ARG_FROM_CNODE) :
      place_of{L}(caller, from_cnode, from_index) == SLOT_NONE ? NIE_CAP_MOVE_BAD_SLOT_FROM_INDEX :
      \at(view_slot[place_of{L}(caller, from_cnode, from_index)].type, L) == 0 ? NIE_CAP_MOVE_EMPTY_FROM_INDEX :
      \at(view_slot[place_of{L}(caller, to_cnode, to_index)].type, L) != 0 ? NIE_CAP_MOVE_OCCUPIED_TO_INDEX : NIE_OK; */
/*@ logic integer cap_delete_status{L}(integer caller, integer cnode, integer index) =
      node_error{L}(caller, cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, cnode, NIE_RIGHT_WRITE, NIE_CAP_DELETE_ARG_CNODE) :
      place_of{L}(caller, cnode, index) == SLOT_NONE ? NIE_CAP_DELETE_BAD_SLOT_INDEX :
      \at(view_slot[place_of{L}(caller, cnode, index)].type, L) == 0 ?
        (\at(doomed.first, L) == GRANULE_NONE && \at(doomed.ending, L) == GRANULE_NONE ? NIE_CAP_DELETE_EMPTY_INDEX : NIE_OK) :
      !leaf_cap{L}(place_of{L}(caller, cnode, index)) ? NIE_CAP_DELETE_HAS_CHILDREN_INDEX :
      own{L}(caller, place_of{L}(caller, cnode, index)) ? NIE_CAP_DELETE_BUSY_INDEX : NIE_OK; */
/* BUSY apart, which depends on what is derived. */
/*@ logic integer cap_revoke_status{L}(integer caller, integer cnode, integer index) =
      node_error{L}(caller, cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, cnode, NIE_RIGHT_WRITE, NIE_CAP_REVOKE_ARG_CNODE) :
      place_of{L}(caller, cnode, index) == SLOT_NONE ? NIE_CAP_REVOKE_BAD_SLOT_INDEX :
      \at(view_slot[place_of{L}(caller, cnode, index)].type, L) == 0 && \at(doomed.first, L) == GRANULE_NONE &&
        \at(doomed.ending, L) == GRANULE_NONE ? NIE_CAP_REVOKE_EMPTY_INDEX : NIE_OK; */

/*@ logic integer stream_detach_call_status{L}(integer caller, integer stream) =
      cap_error{L}(cap_at{L}(caller, stream), SET_STREAM, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, stream, SET_STREAM, NIE_RIGHT_CONTROL, NIE_STREAM_DETACH_ARG_STREAM) :
      \at(view_slot[cap_at{L}(caller, stream)].detail, L) == 0 ||
        life_serial{L}(\at(view_slot[cap_at{L}(caller, stream)].vspace, L)) !=
        \at(view_slot[cap_at{L}(caller, stream)].serial, L) ? NIE_STREAM_DETACH_NOT_MAPPED_STREAM : NIE_OK; */
/*@ logic integer vspace_kill_status{L}(integer caller, integer vspace) =
      cap_error{L}(cap_at{L}(caller, vspace), SET_VSPACE, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_VSPACE, NIE_RIGHT_CONTROL, NIE_VSPACE_KILL_ARG_VSPACE) :
      \at(view_slot[cap_at{L}(caller, vspace)].object, L) == \at(view_vcpu[caller].vspace, L) ?
        NIE_VSPACE_KILL_BUSY_VSPACE : NIE_OK; */
/*@ logic boolean allowed{L}(integer s, integer rights) = (\at(view_slot[s].rights, L) & rights) == rights; */
/* read, and none but read, write and execute */
/*@ logic boolean mapping_rights(integer rights) = (rights & 0xfffffffffffffff8) == 0 && (rights & NIE_RIGHT_READ) != 0; */
/*@ logic integer map_call_status{L}(integer caller, integer frame, integer vspace, integer rights) =
      cap_error{L}(cap_at{L}(caller, frame), SET_MAPPABLE, 0) != NIE_OK ?
        cap_status{L}(caller, frame, SET_MAPPABLE, 0, NIE_MAP_ARG_FRAME) :
      cap_error{L}(cap_at{L}(caller, vspace), \at(view_slot[cap_at{L}(caller, frame)].type, L) == NIE_TYPE_SHARED_FRAME ?
                   SET_VSPACE : SET_TASK, NIE_RIGHT_WRITE) != NIE_OK ?
        cap_status{L}(caller, vspace, \at(view_slot[cap_at{L}(caller, frame)].type, L) == NIE_TYPE_SHARED_FRAME ?
                      SET_VSPACE : SET_TASK, NIE_RIGHT_WRITE, NIE_MAP_ARG_VSPACE) :
      !mapping_rights(rights) || (\at(view_slot[cap_at{L}(caller, frame)].type, L) == NIE_TYPE_DEVICE && (rights & NIE_RIGHT_EXECUTE) != 0) ?
        NIE_MAP_BAD_VALUE_RIGHTS :
      !allowed{L}(cap_at{L}(caller, frame), rights) ? NIE_MAP_NO_RIGHT_FRAME : NIE_OK; */
/* A shared frame's or a device's capability remembers one mapping: that check stands in the middle of those of logic.h. */
/*@ logic integer map_remembered_status{L}(integer f, integer v, integer ipa) =
      0x8000000000 <= ipa ? NIE_MAP_BAD_VALUE_IPA :
      ipa % (\at(view_slot[f].size_bits, L) == 12 ? 4096 : 0x200000) != 0 ? NIE_MAP_UNALIGNED_IPA :
      \at(view_slot[v].type, L) == NIE_TYPE_GUEST_VSPACE && ipa < NIE_SHARED_HALF ? NIE_MAP_WRONG_HALF_IPA :
      \at(view_slot[f].detail, L) != 0 && life_serial{L}(\at(view_slot[f].vspace, L)) == \at(view_slot[f].serial, L) ?
        NIE_MAP_MAPPED_FRAME :
      \at(view_slot[f].type, L) == NIE_TYPE_DEVICE ? map_device_status{L}(\at(view_slot[v].object, L), ipa) :
      map_shared_status{L}(\at(view_slot[f].object, L), \at(view_slot[v].object, L), ipa); */
/*@ logic integer map_object_status{L}(integer f, integer v, integer ipa) =
      \at(view_slot[f].type, L) == NIE_TYPE_PRIVATE_FRAME ?
        map_private_status{L}(\at(view_slot[f].object, L), \at(view_slot[v].object, L), ipa) :
      map_remembered_status{L}(f, v, ipa); */
/*@ logic integer unmap_status{L}(integer caller, integer frame) =
      cap_error{L}(cap_at{L}(caller, frame), SET_MAPPABLE, 0) != NIE_OK ?
        cap_status{L}(caller, frame, SET_MAPPABLE, 0, NIE_UNMAP_ARG_FRAME) :
      (\at(view_slot[cap_at{L}(caller, frame)].type, L) == NIE_TYPE_PRIVATE_FRAME ?
         \at(granule_owner[\at(view_slot[cap_at{L}(caller, frame)].object, L)], L) == GRANULE_NONE :
         \at(view_slot[cap_at{L}(caller, frame)].detail, L) == 0 ||
         life_serial{L}(\at(view_slot[cap_at{L}(caller, frame)].vspace, L)) !=
         \at(view_slot[cap_at{L}(caller, frame)].serial, L)) ? NIE_UNMAP_NOT_MAPPED_FRAME : NIE_OK; */
/*@ logic integer map_table_call_status{L}(integer caller, integer table, integer vspace, integer ipa, integer level) =
      cap_error{L}(cap_at{L}(caller, table), SET_TABLE, 0) != NIE_OK ?
        cap_status{L}(caller, table, SET_TABLE, 0, NIE_MAP_TABLE_ARG_TABLE) :
      cap_error{L}(cap_at{L}(caller, vspace), SET_VSPACE, NIE_RIGHT_WRITE) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_VSPACE, NIE_RIGHT_WRITE, NIE_MAP_TABLE_ARG_VSPACE) :
      map_table_status{L}(\at(view_slot[cap_at{L}(caller, table)].object, L), \at(view_slot[cap_at{L}(caller, vspace)].object, L),
                          ipa, level); */
/*@ logic integer donate_call_status{L}(integer caller, integer frame, integer vspace, integer ipa, integer rights) =
      cap_error{L}(cap_at{L}(caller, frame), SET_PRIVATE, 0) != NIE_OK ?
        cap_status{L}(caller, frame, SET_PRIVATE, 0, NIE_DONATE_ARG_FRAME) :
      cap_error{L}(cap_at{L}(caller, vspace), SET_GUEST, NIE_RIGHT_WRITE) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_GUEST, NIE_RIGHT_WRITE, NIE_DONATE_ARG_VSPACE) :
      !mapping_rights(rights) ? NIE_DONATE_BAD_VALUE_RIGHTS :
      !allowed{L}(cap_at{L}(caller, frame), rights) ? NIE_DONATE_NO_RIGHT_FRAME :
      donate_status{L}(\at(view_slot[cap_at{L}(caller, frame)].object, L), \at(view_slot[cap_at{L}(caller, vspace)].object, L),
                       ipa); */
/* The CSpace of a vCPU to be: a task has one, a guest has none. */
/*@ logic integer cspace_error{L}(integer caller, integer guest, integer index) =
      guest != 0 ? (index == 0 ? NIE_OK : cap_error{L}(cap_at{L}(caller, index), SET_CNODE, NIE_RIGHT_WRITE) == NIE_ERR_BAD_SLOT ?
                    NIE_ERR_BAD_SLOT : NIE_ERR_WRONG_TYPE) :
      cap_error{L}(cap_at{L}(caller, index), SET_CNODE, NIE_RIGHT_WRITE); */
/*@ logic integer stream_attach_call_status{L}(integer caller, integer stream, integer vspace) =
      cap_error{L}(cap_at{L}(caller, stream), SET_STREAM, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, stream, SET_STREAM, NIE_RIGHT_CONTROL, NIE_STREAM_ATTACH_ARG_STREAM) :
      cap_error{L}(cap_at{L}(caller, vspace), SET_VSPACE, NIE_RIGHT_WRITE) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_VSPACE, NIE_RIGHT_WRITE, NIE_STREAM_ATTACH_ARG_VSPACE) :
      stream_attach_status{L}(\at(view_slot[cap_at{L}(caller, stream)].object, L),
                              \at(view_slot[cap_at{L}(caller, vspace)].object, L)); */
/*@ logic integer vspace_activate_call_status{L}(integer caller, integer vspace, integer policy) =
      cap_error{L}(cap_at{L}(caller, vspace), SET_GUEST, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_GUEST, NIE_RIGHT_CONTROL, NIE_VSPACE_ACTIVATE_ARG_VSPACE) :
      activate_status{L}(\at(view_slot[cap_at{L}(caller, vspace)].object, L), policy); */
/* The capabilities and the number of a vCPU to be; then what the isolation layer looks at. */
/*@ logic integer configure_caps_status{L}(integer caller, integer vcpu, integer vspace, integer index, integer cspace) =
      cap_error{L}(cap_at{L}(caller, vcpu), SET_VCPU, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, vcpu, SET_VCPU, NIE_RIGHT_CONTROL, NIE_VCPU_CONFIGURE_ARG_VCPU) :
      cap_error{L}(cap_at{L}(caller, vspace), SET_VSPACE, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, vspace, SET_VSPACE, NIE_RIGHT_CONTROL, NIE_VCPU_CONFIGURE_ARG_VSPACE) :
      index >= NIE_VSPACE_VCPUS ? NIE_VCPU_CONFIGURE_BAD_VALUE_INDEX :
      status_of(cspace_error{L}(caller, \at(view_slot[cap_at{L}(caller, vspace)].type, L) == NIE_TYPE_GUEST_VSPACE ? 1 : 0,
                                cspace), NIE_VCPU_CONFIGURE_ARG_CSPACE); */
/*@ logic integer configure_call_status{L}(integer caller, integer vcpu, integer vspace, integer index, integer cspace,
                                           integer entry, integer stack) =
      or_else(configure_caps_status{L}(caller, vcpu, vspace, index, cspace),
              configure_status{L}(\at(view_slot[cap_at{L}(caller, vcpu)].object, L),
                                  \at(view_slot[cap_at{L}(caller, vspace)].object, L), index, entry, stack)); */

/* retype: what is asked of the arguments, then of the places, then of the memory. */
/*@ logic integer retype_status{L}(integer caller, integer untyped, integer type, integer size_bits, integer to_cnode,
                                   integer to_index, integer count) =
      cap_error{L}(cap_at{L}(caller, untyped), SET_UNTYPED, NIE_RIGHT_WRITE) != NIE_OK ?
        cap_status{L}(caller, untyped, SET_UNTYPED, NIE_RIGHT_WRITE, NIE_RETYPE_ARG_UNTYPED) :
      type < NIE_TYPE_UNTYPED || type > NIE_TYPE_VCPU ? NIE_RETYPE_BAD_VALUE_TYPE :
      !size_fits(type, size_bits) ? NIE_RETYPE_BAD_VALUE_SIZE_BITS :
      node_error{L}(caller, to_cnode, NIE_RIGHT_WRITE) != NIE_OK ?
        node_status{L}(caller, to_cnode, NIE_RIGHT_WRITE, NIE_RETYPE_ARG_TO_CNODE) :
      count < 1 || count > 512 || (type != NIE_TYPE_UNTYPED && count * granules_of(size_bits) > NIE_STEP_GRANULES) ?
        NIE_RETYPE_BAD_VALUE_COUNT :
      place_of{L}(caller, to_cnode, to_index) == SLOT_NONE ||
        count > \at(view_slot[header(node_at{L}(caller, to_cnode))].object, L) - to_index ? NIE_RETYPE_BAD_SLOT_TO_INDEX : NIE_OK; */
/*@ predicate are_empty{L}(integer first, integer count) =
      \forall integer s; first <= s < first + count ==> \at(view_slot[s].type, L) == 0; */
/*@ logic integer offset_for{L}(integer s, integer size_bits) =
      (used_of{L}(s) + granules_of(size_bits) - 1) / granules_of(size_bits) * granules_of(size_bits); */
/*@ predicate is_room{L}(integer s, integer type, integer size_bits, integer count) =
      offset_for{L}(s, size_bits) + count * granules_of(size_bits) <= granules_of(\at(view_slot[s].size_bits, L)) &&
      (type == NIE_TYPE_UNTYPED || \forall integer g;
         \at(view_slot[s].object, L) + offset_for{L}(s, size_bits) <= g <
         \at(view_slot[s].object, L) + offset_for{L}(s, size_bits) + count * granules_of(size_bits) ==>
         \at(granule_state[g], L) == GRANULE_FREE); */
/* EXHAUSTED_TYPE apart: how many VMIDs are left is not said here. */
/*@ predicate retype_answers{L}(integer answer, integer s, integer to, integer type, integer size_bits, integer count) =
      (!are_empty{L}(to, count) ==> answer == NIE_RETYPE_OCCUPIED_TO_INDEX) &&
      (are_empty{L}(to, count) ==> \at(view_slot[s].depth, L) >= DEPTH_MAX ==> answer == NIE_RETYPE_EXHAUSTED_UNTYPED) &&
      (are_empty{L}(to, count) ==> \at(view_slot[s].depth, L) < DEPTH_MAX ==> !is_room{L}(s, type, size_bits, count) ==>
         answer == NIE_RETYPE_NO_MEMORY_UNTYPED) &&
      (are_empty{L}(to, count) ==> \at(view_slot[s].depth, L) < DEPTH_MAX ==> is_room{L}(s, type, size_bits, count) ==>
         answer == NIE_OK ||
         (answer == NIE_RETYPE_EXHAUSTED_TYPE && (type == NIE_TYPE_TASK_VSPACE || type == NIE_TYPE_GUEST_VSPACE))); */
/*@ logic integer core_start_caps_status{L}(integer caller, integer core, integer vcpu) =
      cap_error{L}(cap_at{L}(caller, core), SET_CORE, NIE_RIGHT_CONTROL) != NIE_OK ?
        cap_status{L}(caller, core, SET_CORE, NIE_RIGHT_CONTROL, NIE_CORE_START_ARG_CORE) :
      cap_status{L}(caller, vcpu, SET_VCPU, NIE_RIGHT_CONTROL, NIE_CORE_START_ARG_VCPU); */
