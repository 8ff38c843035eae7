/* SPDX-License-Identifier: Apache-2.0 */
/* Printed from proofs/spec/Contracts.v by proofs/spec/printed.py: do not edit. What calls answer and write, L before
 * and K after the call; Printed.v proves that it is what the theorems are about. */

_Static_assert(GRANULE_NONE == 4294967295, "GRANULE_NONE");
_Static_assert(NIE_SHARED_HALF == 274877906944, "NIE_SHARED_HALF");
_Static_assert(TABLE_ENTRIES == 512, "TABLE_ENTRIES");
_Static_assert(FRAME_BLOCK == 2147483648, "FRAME_BLOCK");
_Static_assert(ENTRY_EMPTY == 0, "ENTRY_EMPTY");
_Static_assert(ENTRY_DESTROYED == 4, "ENTRY_DESTROYED");
_Static_assert(ENTRY_RAM == 8, "ENTRY_RAM");
_Static_assert(VSPACE_BUILDING == 0, "VSPACE_BUILDING");
_Static_assert(VSPACE_ACTIVE == 1, "VSPACE_ACTIVE");
_Static_assert(VSPACE_DYING == 3, "VSPACE_DYING");
_Static_assert(CORE_NONE == 4294967295, "CORE_NONE");
_Static_assert(VCPU_UNCONFIGURED == 0, "VCPU_UNCONFIGURED");
_Static_assert(VCPU_OFF == 1, "VCPU_OFF");
_Static_assert(VCPU_ON == 2, "VCPU_ON");
_Static_assert(NIE_MAP_BAD_VALUE_IPA == 775, "NIE_MAP_BAD_VALUE_IPA");
_Static_assert(NIE_MAP_UNALIGNED_IPA == 776, "NIE_MAP_UNALIGNED_IPA");
_Static_assert(NIE_MAP_WRONG_HALF_IPA == 784, "NIE_MAP_WRONG_HALF_IPA");
_Static_assert(NIE_MAP_MAPPED_FRAME == 268, "NIE_MAP_MAPPED_FRAME");
_Static_assert(NIE_MAP_WRONG_STATE_VSPACE == 529, "NIE_MAP_WRONG_STATE_VSPACE");
_Static_assert(NIE_MAP_NO_TABLE_IPA == 782, "NIE_MAP_NO_TABLE_IPA");
_Static_assert(NIE_MAP_EXISTS_IPA == 783, "NIE_MAP_EXISTS_IPA");
_Static_assert(NIE_MAP_TABLE_BAD_VALUE_LEVEL == 1031, "NIE_MAP_TABLE_BAD_VALUE_LEVEL");
_Static_assert(NIE_MAP_TABLE_BAD_VALUE_IPA == 775, "NIE_MAP_TABLE_BAD_VALUE_IPA");
_Static_assert(NIE_MAP_TABLE_UNALIGNED_IPA == 776, "NIE_MAP_TABLE_UNALIGNED_IPA");
_Static_assert(NIE_MAP_TABLE_MAPPED_TABLE == 268, "NIE_MAP_TABLE_MAPPED_TABLE");
_Static_assert(NIE_MAP_TABLE_WRONG_STATE_VSPACE == 529, "NIE_MAP_TABLE_WRONG_STATE_VSPACE");
_Static_assert(NIE_MAP_TABLE_NO_TABLE_IPA == 782, "NIE_MAP_TABLE_NO_TABLE_IPA");
_Static_assert(NIE_MAP_TABLE_EXISTS_IPA == 783, "NIE_MAP_TABLE_EXISTS_IPA");
_Static_assert(NIE_DONATE_BAD_VALUE_IPA == 775, "NIE_DONATE_BAD_VALUE_IPA");
_Static_assert(NIE_DONATE_UNALIGNED_IPA == 776, "NIE_DONATE_UNALIGNED_IPA");
_Static_assert(NIE_DONATE_WRONG_HALF_IPA == 784, "NIE_DONATE_WRONG_HALF_IPA");
_Static_assert(NIE_DONATE_MAPPED_FRAME == 268, "NIE_DONATE_MAPPED_FRAME");
_Static_assert(NIE_DONATE_WRONG_STATE_VSPACE == 529, "NIE_DONATE_WRONG_STATE_VSPACE");
_Static_assert(NIE_DONATE_WRONG_STATE_FRAME == 273, "NIE_DONATE_WRONG_STATE_FRAME");
_Static_assert(NIE_DONATE_NO_TABLE_IPA == 782, "NIE_DONATE_NO_TABLE_IPA");
_Static_assert(NIE_DONATE_EXISTS_IPA == 783, "NIE_DONATE_EXISTS_IPA");
_Static_assert(NIE_DONATE_WRONG_STATE_IPA == 785, "NIE_DONATE_WRONG_STATE_IPA");
_Static_assert(NIE_EXPECT_RAM_BAD_VALUE_SIZE_BITS == 775, "NIE_EXPECT_RAM_BAD_VALUE_SIZE_BITS");
_Static_assert(NIE_EXPECT_RAM_BAD_VALUE_IPA == 519, "NIE_EXPECT_RAM_BAD_VALUE_IPA");
_Static_assert(NIE_EXPECT_RAM_UNALIGNED_IPA == 520, "NIE_EXPECT_RAM_UNALIGNED_IPA");
_Static_assert(NIE_EXPECT_RAM_WRONG_HALF_IPA == 528, "NIE_EXPECT_RAM_WRONG_HALF_IPA");
_Static_assert(NIE_EXPECT_RAM_BAD_VALUE_COUNT == 1031, "NIE_EXPECT_RAM_BAD_VALUE_COUNT");
_Static_assert(NIE_EXPECT_RAM_WRONG_STATE_VSPACE == 273, "NIE_EXPECT_RAM_WRONG_STATE_VSPACE");
_Static_assert(NIE_EXPECT_RAM_NO_TABLE_IPA == 526, "NIE_EXPECT_RAM_NO_TABLE_IPA");
_Static_assert(NIE_VSPACE_ACTIVATE_BAD_VALUE_POLICY == 519, "NIE_VSPACE_ACTIVATE_BAD_VALUE_POLICY");
_Static_assert(NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE == 273, "NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE");
_Static_assert(NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU == 273, "NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU");
_Static_assert(NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE == 529, "NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE");
_Static_assert(NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX == 786, "NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX");
_Static_assert(NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY == 1287, "NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY");
_Static_assert(NIE_VCPU_CONFIGURE_BAD_VALUE_STACK == 1799, "NIE_VCPU_CONFIGURE_BAD_VALUE_STACK");
_Static_assert(NIE_STREAM_ATTACH_MAPPED_STREAM == 268, "NIE_STREAM_ATTACH_MAPPED_STREAM");
_Static_assert(NIE_STREAM_ATTACH_WRONG_STATE_VSPACE == 529, "NIE_STREAM_ATTACH_WRONG_STATE_VSPACE");
_Static_assert(NIE_STREAM_DETACH_NOT_MAPPED_STREAM == 269, "NIE_STREAM_DETACH_NOT_MAPPED_STREAM");
_Static_assert(NIE_RUN_WRONG_STATE_VCPU == 273, "NIE_RUN_WRONG_STATE_VCPU");
_Static_assert(NIE_RUN_BUSY_VCPU == 267, "NIE_RUN_BUSY_VCPU");
_Static_assert(NIE_RUN_EXHAUSTED_VCPU == 274, "NIE_RUN_EXHAUSTED_VCPU");
_Static_assert(NIE_RUN_BAD_VALUE_LIST1 == 1031, "NIE_RUN_BAD_VALUE_LIST1");
_Static_assert(NIE_RUN_BAD_VALUE_LIST2 == 1287, "NIE_RUN_BAD_VALUE_LIST2");
_Static_assert(NIE_RUN_BAD_VALUE_LIST3 == 1543, "NIE_RUN_BAD_VALUE_LIST3");
_Static_assert(NIE_RUN_BAD_VALUE_FLAGS == 1799, "NIE_RUN_BAD_VALUE_FLAGS");
_Static_assert(NIE_CORE_START_WRONG_STATE_VCPU == 529, "NIE_CORE_START_WRONG_STATE_VCPU");
_Static_assert(NIE_CORE_START_BUSY_VCPU == 523, "NIE_CORE_START_BUSY_VCPU");
_Static_assert(NIE_CORE_START_BUSY_CORE == 267, "NIE_CORE_START_BUSY_CORE");
_Static_assert(NIE_VCPU_DEBUG_WRONG_STATE_VCPU == 273, "NIE_VCPU_DEBUG_WRONG_STATE_VCPU");
_Static_assert(NIE_VCPU_DEBUG_BUSY_VCPU == 267, "NIE_VCPU_DEBUG_BUSY_VCPU");
_Static_assert(NIE_VCPU_DEBUG_BAD_VALUE_WHAT == 519, "NIE_VCPU_DEBUG_BAD_VALUE_WHAT");
_Static_assert(NIE_VCPU_DEBUG_BAD_VALUE_AT == 775, "NIE_VCPU_DEBUG_BAD_VALUE_AT");
_Static_assert(NIE_VCPU_DEBUG_UNALIGNED_AT == 776, "NIE_VCPU_DEBUG_UNALIGNED_AT");
_Static_assert(NIE_VCPU_DEBUG_NOT_MAPPED_AT == 781, "NIE_VCPU_DEBUG_NOT_MAPPED_AT");

/*@ logic boolean map_BAD_VALUE_IPA{L}(integer vspace, integer ipa, integer level, integer mapped) = 549755813888 <= ipa; */
/*@ logic boolean map_UNALIGNED_IPA{L}(integer vspace, integer ipa, integer level, integer mapped) = !((ipa % span_of(level)) == 0); */
/*@ logic boolean map_WRONG_HALF_IPA{L}(integer vspace, integer ipa, integer level, integer mapped) = (!(\at(view_vspace[vspace].guest, L) == 0) && ipa < NIE_SHARED_HALF); */
/*@ logic boolean map_MAPPED_FRAME{L}(integer vspace, integer ipa, integer level, integer mapped) = !(mapped == 0); */
/*@ logic boolean map_WRONG_STATE_VSPACE{L}(integer vspace, integer ipa, integer level, integer mapped) = VSPACE_DYING <= \at(view_vspace[vspace].life, L); */
/*@ logic boolean map_NO_TABLE_IPA{L}(integer vspace, integer ipa, integer level, integer mapped) = !(walk_of{L}(vspace + 1, ipa, level) != GRANULE_NONE); */
/*@ logic boolean map_EXISTS_IPA{L}(integer vspace, integer ipa, integer level, integer mapped) = !(\at(view_table[walk_of{L}(vspace + 1, ipa, level)][index_of(ipa, level)], L) == ENTRY_EMPTY); */
/*@ logic integer map_status{L}(integer vspace, integer ipa, integer level, integer mapped) =
      map_BAD_VALUE_IPA{L}(vspace, ipa, level, mapped) ? NIE_MAP_BAD_VALUE_IPA :
      map_UNALIGNED_IPA{L}(vspace, ipa, level, mapped) ? NIE_MAP_UNALIGNED_IPA :
      map_WRONG_HALF_IPA{L}(vspace, ipa, level, mapped) ? NIE_MAP_WRONG_HALF_IPA :
      map_MAPPED_FRAME{L}(vspace, ipa, level, mapped) ? NIE_MAP_MAPPED_FRAME :
      map_WRONG_STATE_VSPACE{L}(vspace, ipa, level, mapped) ? NIE_MAP_WRONG_STATE_VSPACE :
      map_NO_TABLE_IPA{L}(vspace, ipa, level, mapped) ? NIE_MAP_NO_TABLE_IPA :
      map_EXISTS_IPA{L}(vspace, ipa, level, mapped) ? NIE_MAP_EXISTS_IPA :
      NIE_OK; */

/*@ logic boolean map_private_BAD_VALUE_IPA{L}(integer frame, integer vspace, integer ipa) = 549755813888 <= ipa; */
/*@ logic boolean map_private_UNALIGNED_IPA{L}(integer frame, integer vspace, integer ipa) = !((ipa % span_of(level_for{L}(frame))) == 0); */
/*@ logic boolean map_private_WRONG_HALF_IPA{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_vspace[vspace].guest, L) == 0) && ipa < NIE_SHARED_HALF); */
/*@ logic boolean map_private_MAPPED_FRAME{L}(integer frame, integer vspace, integer ipa) = !(\at(granule_owner[frame], L) == GRANULE_NONE); */
/*@ logic boolean map_private_WRONG_STATE_VSPACE{L}(integer frame, integer vspace, integer ipa) = VSPACE_DYING <= \at(view_vspace[vspace].life, L); */
/*@ logic boolean map_private_NO_TABLE_IPA{L}(integer frame, integer vspace, integer ipa) = !(walk_of{L}(vspace + 1, ipa, level_for{L}(frame)) != GRANULE_NONE); */
/*@ logic boolean map_private_EXISTS_IPA{L}(integer frame, integer vspace, integer ipa) = !(\at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], L) == ENTRY_EMPTY); */
/*@ logic integer map_private_status{L}(integer frame, integer vspace, integer ipa) =
      map_private_BAD_VALUE_IPA{L}(frame, vspace, ipa) ? NIE_MAP_BAD_VALUE_IPA :
      map_private_UNALIGNED_IPA{L}(frame, vspace, ipa) ? NIE_MAP_UNALIGNED_IPA :
      map_private_WRONG_HALF_IPA{L}(frame, vspace, ipa) ? NIE_MAP_WRONG_HALF_IPA :
      map_private_MAPPED_FRAME{L}(frame, vspace, ipa) ? NIE_MAP_MAPPED_FRAME :
      map_private_WRONG_STATE_VSPACE{L}(frame, vspace, ipa) ? NIE_MAP_WRONG_STATE_VSPACE :
      map_private_NO_TABLE_IPA{L}(frame, vspace, ipa) ? NIE_MAP_NO_TABLE_IPA :
      map_private_EXISTS_IPA{L}(frame, vspace, ipa) ? NIE_MAP_EXISTS_IPA :
      NIE_OK; */
/*@ predicate map_private_done{L, K}(integer frame, integer vspace, integer ipa, integer rights) =
      \at(granule_owner[frame], K) == vspace &&
      \at(granule_place[frame], K) == ((level_for{L}(frame) == 2 ? FRAME_BLOCK : 0) + (ipa / 4096)) &&
      \at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], K) == (((address_of(frame) + (((((rights & 1) != 0 ? 64 : 0) + ((rights & 2) != 0 ? 128 : 0)) + ((rights & 4) != 0 ? 0 : 18014398509481984)) + 1025)) + 828) + (level_for{L}(frame) == 2 ? 0 : 2)); */

/*@ logic boolean map_shared_BAD_VALUE_IPA{L}(integer frame, integer vspace, integer ipa) = 549755813888 <= ipa; */
/*@ logic boolean map_shared_UNALIGNED_IPA{L}(integer frame, integer vspace, integer ipa) = !((ipa % span_of(level_for{L}(frame))) == 0); */
/*@ logic boolean map_shared_WRONG_HALF_IPA{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_vspace[vspace].guest, L) == 0) && ipa < NIE_SHARED_HALF); */
/*@ logic boolean map_shared_MAPPED_FRAME{L}(integer frame, integer vspace, integer ipa) = 1 == 0; */
/*@ logic boolean map_shared_WRONG_STATE_VSPACE{L}(integer frame, integer vspace, integer ipa) = VSPACE_DYING <= \at(view_vspace[vspace].life, L); */
/*@ logic boolean map_shared_NO_TABLE_IPA{L}(integer frame, integer vspace, integer ipa) = !(walk_of{L}(vspace + 1, ipa, level_for{L}(frame)) != GRANULE_NONE); */
/*@ logic boolean map_shared_EXISTS_IPA{L}(integer frame, integer vspace, integer ipa) = !(\at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], L) == ENTRY_EMPTY); */
/*@ logic integer map_shared_status{L}(integer frame, integer vspace, integer ipa) =
      map_shared_BAD_VALUE_IPA{L}(frame, vspace, ipa) ? NIE_MAP_BAD_VALUE_IPA :
      map_shared_UNALIGNED_IPA{L}(frame, vspace, ipa) ? NIE_MAP_UNALIGNED_IPA :
      map_shared_WRONG_HALF_IPA{L}(frame, vspace, ipa) ? NIE_MAP_WRONG_HALF_IPA :
      map_shared_MAPPED_FRAME{L}(frame, vspace, ipa) ? NIE_MAP_MAPPED_FRAME :
      map_shared_WRONG_STATE_VSPACE{L}(frame, vspace, ipa) ? NIE_MAP_WRONG_STATE_VSPACE :
      map_shared_NO_TABLE_IPA{L}(frame, vspace, ipa) ? NIE_MAP_NO_TABLE_IPA :
      map_shared_EXISTS_IPA{L}(frame, vspace, ipa) ? NIE_MAP_EXISTS_IPA :
      NIE_OK; */
/*@ predicate map_shared_done{L, K}(integer frame, integer vspace, integer ipa, integer rights) =
      \at(granule_owner[frame], K) == (\at(granule_owner[frame], L) + 1) &&
      \at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], K) == (((address_of(frame) + (((((rights & 1) != 0 ? 64 : 0) + ((rights & 2) != 0 ? 128 : 0)) + ((rights & 4) != 0 ? 0 : 18014398509481984)) + 1025)) + 828) + (level_for{L}(frame) == 2 ? 0 : 2)); */

/*@ logic boolean map_device_BAD_VALUE_IPA{L}(integer vspace, integer ipa) = 549755813888 <= ipa; */
/*@ logic boolean map_device_UNALIGNED_IPA{L}(integer vspace, integer ipa) = !((ipa % span_of(3)) == 0); */
/*@ logic boolean map_device_WRONG_HALF_IPA{L}(integer vspace, integer ipa) = (!(\at(view_vspace[vspace].guest, L) == 0) && ipa < NIE_SHARED_HALF); */
/*@ logic boolean map_device_MAPPED_FRAME{L}(integer vspace, integer ipa) = 1 == 0; */
/*@ logic boolean map_device_WRONG_STATE_VSPACE{L}(integer vspace, integer ipa) = VSPACE_DYING <= \at(view_vspace[vspace].life, L); */
/*@ logic boolean map_device_NO_TABLE_IPA{L}(integer vspace, integer ipa) = !(walk_of{L}(vspace + 1, ipa, 3) != GRANULE_NONE); */
/*@ logic boolean map_device_EXISTS_IPA{L}(integer vspace, integer ipa) = !(\at(view_table[walk_of{L}(vspace + 1, ipa, 3)][index_of(ipa, 3)], L) == ENTRY_EMPTY); */
/*@ logic integer map_device_status{L}(integer vspace, integer ipa) =
      map_device_BAD_VALUE_IPA{L}(vspace, ipa) ? NIE_MAP_BAD_VALUE_IPA :
      map_device_UNALIGNED_IPA{L}(vspace, ipa) ? NIE_MAP_UNALIGNED_IPA :
      map_device_WRONG_HALF_IPA{L}(vspace, ipa) ? NIE_MAP_WRONG_HALF_IPA :
      map_device_MAPPED_FRAME{L}(vspace, ipa) ? NIE_MAP_MAPPED_FRAME :
      map_device_WRONG_STATE_VSPACE{L}(vspace, ipa) ? NIE_MAP_WRONG_STATE_VSPACE :
      map_device_NO_TABLE_IPA{L}(vspace, ipa) ? NIE_MAP_NO_TABLE_IPA :
      map_device_EXISTS_IPA{L}(vspace, ipa) ? NIE_MAP_EXISTS_IPA :
      NIE_OK; */
/*@ predicate map_device_done{L, K}(integer vspace, integer ipa, integer page, integer rights) =
      \at(view_table[walk_of{L}(vspace + 1, ipa, 3)][index_of(ipa, 3)], K) == (((page * 4096) + (((((rights & 1) != 0 ? 64 : 0) + ((rights & 2) != 0 ? 128 : 0)) + ((rights & 4) != 0 ? 0 : 18014398509481984)) + 1025)) + 6); */

/*@ logic boolean map_table_BAD_VALUE_LEVEL{L}(integer table, integer vspace, integer ipa, integer level) = (!(level == 2) && !(level == 3)); */
/*@ logic boolean map_table_BAD_VALUE_IPA{L}(integer table, integer vspace, integer ipa, integer level) = 549755813888 <= ipa; */
/*@ logic boolean map_table_UNALIGNED_IPA{L}(integer table, integer vspace, integer ipa, integer level) = !((ipa % span_of((level - 1))) == 0); */
/*@ logic boolean map_table_MAPPED_TABLE{L}(integer table, integer vspace, integer ipa, integer level) = !(\at(granule_owner[table], L) == GRANULE_NONE); */
/*@ logic boolean map_table_WRONG_STATE_VSPACE{L}(integer table, integer vspace, integer ipa, integer level) = VSPACE_DYING <= \at(view_vspace[vspace].life, L); */
/*@ logic boolean map_table_NO_TABLE_IPA{L}(integer table, integer vspace, integer ipa, integer level) = !(walk_of{L}(vspace + 1, ipa, (level - 1)) != GRANULE_NONE); */
/*@ logic boolean map_table_EXISTS_IPA{L}(integer table, integer vspace, integer ipa, integer level) = (!(\at(view_table[walk_of{L}(vspace + 1, ipa, (level - 1))][index_of(ipa, (level - 1))], L) == ENTRY_EMPTY) && !(\at(view_table[walk_of{L}(vspace + 1, ipa, (level - 1))][index_of(ipa, (level - 1))], L) == ENTRY_RAM)); */
/*@ logic integer map_table_status{L}(integer table, integer vspace, integer ipa, integer level) =
      map_table_BAD_VALUE_LEVEL{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_BAD_VALUE_LEVEL :
      map_table_BAD_VALUE_IPA{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_BAD_VALUE_IPA :
      map_table_UNALIGNED_IPA{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_UNALIGNED_IPA :
      map_table_MAPPED_TABLE{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_MAPPED_TABLE :
      map_table_WRONG_STATE_VSPACE{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_WRONG_STATE_VSPACE :
      map_table_NO_TABLE_IPA{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_NO_TABLE_IPA :
      map_table_EXISTS_IPA{L}(table, vspace, ipa, level) ? NIE_MAP_TABLE_EXISTS_IPA :
      NIE_OK; */
/*@ predicate map_table_done{L, K}(integer table, integer vspace, integer ipa, integer level) =
      (\forall integer j_; 0 <= j_ < TABLE_ENTRIES ==> \at(view_table[table][j_], K) == \at(view_table[walk_of{L}(vspace + 1, ipa, (level - 1))][index_of(ipa, (level - 1))], L)) &&
      \at(granule_owner[table], K) == vspace &&
      \at(granule_place[table], K) == ((ipa / 2097152) + (level * 16777216)) &&
      \at(view_table[walk_of{L}(vspace + 1, ipa, (level - 1))][index_of(ipa, (level - 1))], K) == (address_of(table) + 3); */

/*@ logic boolean donate_BAD_VALUE_IPA{L}(integer frame, integer vspace, integer ipa) = 549755813888 <= ipa; */
/*@ logic boolean donate_UNALIGNED_IPA{L}(integer frame, integer vspace, integer ipa) = !((ipa % span_of(level_for{L}(frame))) == 0); */
/*@ logic boolean donate_WRONG_HALF_IPA{L}(integer frame, integer vspace, integer ipa) = NIE_SHARED_HALF <= ipa; */
/*@ logic boolean donate_MAPPED_FRAME{L}(integer frame, integer vspace, integer ipa) = (!(\at(granule_owner[frame], L) == GRANULE_NONE) && !(\at(view_vspace[\at(granule_owner[frame], L)].guest, L) == 0)); */
/*@ logic boolean donate_WRONG_STATE_VSPACE{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING) && !(\at(view_vspace[vspace].life, L) == VSPACE_ACTIVE)); */
/*@ logic boolean donate_WRONG_STATE_FRAME{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING) && !(\at(granule_place[frame], L) % FRAME_BLOCK >= FRAME_SCRUBBED)); */
/*@ logic boolean donate_NO_TABLE_IPA{L}(integer frame, integer vspace, integer ipa) = !(walk_of{L}(vspace + 1, ipa, level_for{L}(frame)) != GRANULE_NONE); */
/*@ logic boolean donate_EXISTS_IPA{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], L) == ENTRY_EMPTY) && !(\at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], L) == ENTRY_RAM)); */
/*@ logic boolean donate_WRONG_STATE_IPA{L}(integer frame, integer vspace, integer ipa) = (!(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING) && !(\at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], L) == ENTRY_RAM)); */
/*@ logic integer donate_status{L}(integer frame, integer vspace, integer ipa) =
      donate_BAD_VALUE_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_BAD_VALUE_IPA :
      donate_UNALIGNED_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_UNALIGNED_IPA :
      donate_WRONG_HALF_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_WRONG_HALF_IPA :
      donate_MAPPED_FRAME{L}(frame, vspace, ipa) ? NIE_DONATE_MAPPED_FRAME :
      donate_WRONG_STATE_VSPACE{L}(frame, vspace, ipa) ? NIE_DONATE_WRONG_STATE_VSPACE :
      donate_WRONG_STATE_FRAME{L}(frame, vspace, ipa) ? NIE_DONATE_WRONG_STATE_FRAME :
      donate_NO_TABLE_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_NO_TABLE_IPA :
      donate_EXISTS_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_EXISTS_IPA :
      donate_WRONG_STATE_IPA{L}(frame, vspace, ipa) ? NIE_DONATE_WRONG_STATE_IPA :
      NIE_OK; */
/*@ predicate donate_done{L, K}(integer frame, integer vspace, integer ipa, integer rights) =
      \at(granule_owner[frame], K) == vspace &&
      \at(granule_place[frame], K) == ((level_for{L}(frame) == 2 ? FRAME_BLOCK : 0) + (ipa / 4096)) &&
      \at(view_table[walk_of{L}(vspace + 1, ipa, level_for{L}(frame))][index_of(ipa, level_for{L}(frame))], K) == (((address_of(frame) + (((((rights & 1) != 0 ? 64 : 0) + ((rights & 2) != 0 ? 128 : 0)) + ((rights & 4) != 0 ? 0 : 18014398509481984)) + 1025)) + 828) + (level_for{L}(frame) == 2 ? 0 : 2)); */

/*@ logic boolean expect_ram_BAD_VALUE_SIZE_BITS{L}(integer vspace, integer ipa, integer size_bits, integer count) = (!(size_bits == 12) && !(size_bits == 21)); */
/*@ logic boolean expect_ram_BAD_VALUE_IPA{L}(integer vspace, integer ipa, integer size_bits, integer count) = 549755813888 <= ipa; */
/*@ logic boolean expect_ram_UNALIGNED_IPA{L}(integer vspace, integer ipa, integer size_bits, integer count) = !((ipa % span_of((size_bits == 12 ? 3 : 2))) == 0); */
/*@ logic boolean expect_ram_WRONG_HALF_IPA{L}(integer vspace, integer ipa, integer size_bits, integer count) = NIE_SHARED_HALF <= ipa; */
/*@ logic boolean expect_ram_BAD_VALUE_COUNT{L}(integer vspace, integer ipa, integer size_bits, integer count) = (count == 0 || (TABLE_ENTRIES - index_of(ipa, (size_bits == 12 ? 3 : 2))) < count); */
/*@ logic boolean expect_ram_WRONG_STATE_VSPACE{L}(integer vspace, integer ipa, integer size_bits, integer count) = !(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING); */
/*@ logic boolean expect_ram_NO_TABLE_IPA{L}(integer vspace, integer ipa, integer size_bits, integer count) = !(walk_of{L}(vspace + 1, ipa, (size_bits == 12 ? 3 : 2)) != GRANULE_NONE); */
/*@ logic integer expect_ram_status{L}(integer vspace, integer ipa, integer size_bits, integer count) =
      expect_ram_BAD_VALUE_SIZE_BITS{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_BAD_VALUE_SIZE_BITS :
      expect_ram_BAD_VALUE_IPA{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_BAD_VALUE_IPA :
      expect_ram_UNALIGNED_IPA{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_UNALIGNED_IPA :
      expect_ram_WRONG_HALF_IPA{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_WRONG_HALF_IPA :
      expect_ram_BAD_VALUE_COUNT{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_BAD_VALUE_COUNT :
      expect_ram_WRONG_STATE_VSPACE{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_WRONG_STATE_VSPACE :
      expect_ram_NO_TABLE_IPA{L}(vspace, ipa, size_bits, count) ? NIE_EXPECT_RAM_NO_TABLE_IPA :
      NIE_OK; */
/*@ predicate expect_ram_exists{L}(integer vspace, integer ipa, integer size_bits, integer count) = \exists integer j; 0 <= j < count && !(\at(view_table[walk_of{L}(vspace + 1, ipa, (size_bits == 12 ? 3 : 2))][index_of(ipa, (size_bits == 12 ? 3 : 2)) + j], L) == ENTRY_EMPTY); */
/*@ predicate expect_ram_answers{L}(integer answer, integer vspace, integer ipa, integer size_bits, integer count) =
      (expect_ram_status{L}(vspace, ipa, size_bits, count) != NIE_OK ==> answer == expect_ram_status{L}(vspace, ipa, size_bits, count)) &&
      (expect_ram_status{L}(vspace, ipa, size_bits, count) == NIE_OK ==> expect_ram_exists{L}(vspace, ipa, size_bits, count) ==> answer == NIE_EXPECT_RAM_EXISTS_IPA) &&
      (expect_ram_status{L}(vspace, ipa, size_bits, count) == NIE_OK ==> !expect_ram_exists{L}(vspace, ipa, size_bits, count) ==> answer == NIE_OK); */
/*@ predicate expect_ram_done{L, K}(integer vspace, integer ipa, integer size_bits, integer count) =
      (\forall integer j_; 0 <= j_ < count ==> \at(view_table[walk_of{L}(vspace + 1, ipa, (size_bits == 12 ? 3 : 2))][index_of(ipa, (size_bits == 12 ? 3 : 2)) + j_], K) == ENTRY_RAM); */

/*@ logic boolean activate_BAD_VALUE_POLICY{L}(integer vspace, integer policy) = 3 < policy; */
/*@ logic boolean activate_WRONG_STATE_VSPACE{L}(integer vspace, integer policy) = (!(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING) || \at(view_vspace[vspace].vcpu[0], L) == GRANULE_NONE); */
/*@ logic integer activate_status{L}(integer vspace, integer policy) =
      activate_BAD_VALUE_POLICY{L}(vspace, policy) ? NIE_VSPACE_ACTIVATE_BAD_VALUE_POLICY :
      activate_WRONG_STATE_VSPACE{L}(vspace, policy) ? NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE :
      NIE_OK; */
/*@ predicate activate_done{L, K}(integer vspace, integer policy) =
      \at(view_vspace[vspace].life, K) == VSPACE_ACTIVE &&
      \at(view_vspace[vspace].policy, K) == policy; */

/*@ logic boolean configure_WRONG_STATE_VCPU{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) = !(\at(view_vcpu[vcpu].power, L) == VCPU_UNCONFIGURED); */
/*@ logic boolean configure_WRONG_STATE_VSPACE{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) = !(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING); */
/*@ logic boolean configure_EXHAUSTED_INDEX{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) = !(\at(view_vspace[vspace].vcpu[index], L) == GRANULE_NONE); */
/*@ logic boolean configure_BAD_VALUE_ENTRY{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) = !((entry % 4) == 0); */
/*@ logic boolean configure_BAD_VALUE_STACK{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) = ((!(\at(view_vspace[vspace].guest, L) == 0) && !(stack == 0)) || (\at(view_vspace[vspace].guest, L) == 0 && !((stack % 16) == 0))); */
/*@ logic integer configure_status{L}(integer vcpu, integer vspace, integer index, integer entry, integer stack) =
      configure_WRONG_STATE_VCPU{L}(vcpu, vspace, index, entry, stack) ? NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU :
      configure_WRONG_STATE_VSPACE{L}(vcpu, vspace, index, entry, stack) ? NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE :
      configure_EXHAUSTED_INDEX{L}(vcpu, vspace, index, entry, stack) ? NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX :
      configure_BAD_VALUE_ENTRY{L}(vcpu, vspace, index, entry, stack) ? NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY :
      configure_BAD_VALUE_STACK{L}(vcpu, vspace, index, entry, stack) ? NIE_VCPU_CONFIGURE_BAD_VALUE_STACK :
      NIE_OK; */
/*@ predicate configure_done{L, K}(integer vcpu, integer vspace, integer index, integer entry, integer stack, integer cspace) =
      \at(view_vspace[vspace].vcpu[index], K) == vcpu &&
      \at(view_vcpu[vcpu].vspace, K) == vspace &&
      \at(view_vcpu[vcpu].index, K) == index &&
      \at(view_vcpu[vcpu].guest, K) == \at(view_vspace[vspace].guest, L) &&
      \at(view_vcpu[vcpu].power, K) == ((!(\at(view_vspace[vspace].guest, L) == 0) && !(index == 0)) ? VCPU_OFF : VCPU_ON) &&
      \at(view_vcpu[vcpu].cspace, K) == cspace &&
      \at(view_vcpu[vcpu].cspace_serial, K) == (cspace == GRANULE_NONE ? 0 : serial_of{L}(cspace)); */

/*@ logic boolean attach_MAPPED_STREAM{L}(integer stream, integer vspace) = !((\at(stream_attached[stream], L) != 0 ? \at(stream_domain[stream], L) : GRANULE_NONE) == GRANULE_NONE); */
/*@ logic boolean attach_WRONG_STATE_VSPACE{L}(integer stream, integer vspace) = !(\at(view_vspace[vspace].life, L) == VSPACE_BUILDING); */
/*@ logic integer attach_status{L}(integer stream, integer vspace) =
      attach_MAPPED_STREAM{L}(stream, vspace) ? NIE_STREAM_ATTACH_MAPPED_STREAM :
      attach_WRONG_STATE_VSPACE{L}(stream, vspace) ? NIE_STREAM_ATTACH_WRONG_STATE_VSPACE :
      NIE_OK; */
/*@ predicate attach_done{L, K}(integer stream, integer vspace) =
      \at(stream_attached[stream], K) == 1 &&
      \at(stream_domain[stream], K) == vspace; */

/*@ logic boolean detach_NOT_MAPPED_STREAM{L}(integer stream, integer vspace) = !((\at(stream_attached[stream], L) != 0 ? \at(stream_domain[stream], L) : GRANULE_NONE) == vspace); */
/*@ logic integer detach_status{L}(integer stream, integer vspace) =
      detach_NOT_MAPPED_STREAM{L}(stream, vspace) ? NIE_STREAM_DETACH_NOT_MAPPED_STREAM :
      NIE_OK; */
/*@ predicate detach_done{L, K}(integer stream, integer vspace) =
      \at(stream_attached[stream], K) == 0; */

/*@ logic boolean vcpu_run_WRONG_STATE_VCPU{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = !((((\at(view_vcpu[vcpu].power, L) == VCPU_ON && \at(view_vcpu[vcpu].exiting, L) == 0) && !(\at(view_vcpu[vcpu].vspace, L) == GRANULE_NONE)) && \at(view_vspace[\at(view_vcpu[vcpu].vspace, L)].life, L) == (!(\at(view_vcpu[vcpu].guest, L) == 0) ? VSPACE_ACTIVE : VSPACE_BUILDING))); */
/*@ logic boolean vcpu_run_BUSY_VCPU{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = !(\at(view_vcpu[vcpu].core, L) == CORE_NONE); */
/*@ logic boolean vcpu_run_EXHAUSTED_VCPU{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = 4 <= \at(view_vcpu[current].chain, L); */
/*@ logic boolean vcpu_run_BAD_VALUE_LIST1{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = !((((((((list1 / 4294967296) % 512) == 0 && ((list1 / 4398046511104) % 64) == 0) && ((list1 / 72057594037927936) % 16) == 0) && ((list1 / 2305843009213693952) % 2) == 0) && (list1 % 4294967296) < 1020) && ((list1 / 4611686018427387904) == 0 || !((list1 % 4294967296) == 27)))); */
/*@ logic boolean vcpu_run_BAD_VALUE_LIST2{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = !((((((((list2 / 4294967296) % 512) == 0 && ((list2 / 4398046511104) % 64) == 0) && ((list2 / 72057594037927936) % 16) == 0) && ((list2 / 2305843009213693952) % 2) == 0) && (list2 % 4294967296) < 1020) && ((list2 / 4611686018427387904) == 0 || !((list2 % 4294967296) == 27)))); */
/*@ logic boolean vcpu_run_BAD_VALUE_LIST3{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = (((!((((((((list3 / 4294967296) % 512) == 0 && ((list3 / 4398046511104) % 64) == 0) && ((list3 / 72057594037927936) % 16) == 0) && ((list3 / 2305843009213693952) % 2) == 0) && (list3 % 4294967296) < 1020) && ((list3 / 4611686018427387904) == 0 || !((list3 % 4294967296) == 27)))) || ((!((list1 / 4611686018427387904) == 0) && !((list2 / 4611686018427387904) == 0)) && (list1 % 4294967296) == (list2 % 4294967296))) || ((!((list1 / 4611686018427387904) == 0) && !((list3 / 4611686018427387904) == 0)) && (list1 % 4294967296) == (list3 % 4294967296))) || ((!((list2 / 4611686018427387904) == 0) && !((list3 / 4611686018427387904) == 0)) && (list2 % 4294967296) == (list3 % 4294967296))); */
/*@ logic boolean vcpu_run_BAD_VALUE_FLAGS{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) = !(((((flags / 8) % 32) == 0 && ((flags / 65536) % 16) == 0) && flags < 2097152)); */
/*@ logic integer vcpu_run_status{L}(integer current, integer vcpu, integer list1, integer list2, integer list3, integer flags) =
      vcpu_run_WRONG_STATE_VCPU{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_WRONG_STATE_VCPU :
      vcpu_run_BUSY_VCPU{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_BUSY_VCPU :
      vcpu_run_EXHAUSTED_VCPU{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_EXHAUSTED_VCPU :
      vcpu_run_BAD_VALUE_LIST1{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_BAD_VALUE_LIST1 :
      vcpu_run_BAD_VALUE_LIST2{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_BAD_VALUE_LIST2 :
      vcpu_run_BAD_VALUE_LIST3{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_BAD_VALUE_LIST3 :
      vcpu_run_BAD_VALUE_FLAGS{L}(current, vcpu, list1, list2, list3, flags) ? NIE_RUN_BAD_VALUE_FLAGS :
      NIE_OK; */

/*@ logic boolean task_start_WRONG_STATE_VCPU{L}(integer core, integer target, integer vcpu) = (!(\at(view_vcpu[vcpu].guest, L) == 0) || !((((\at(view_vcpu[vcpu].power, L) == VCPU_ON && \at(view_vcpu[vcpu].exiting, L) == 0) && !(\at(view_vcpu[vcpu].vspace, L) == GRANULE_NONE)) && \at(view_vspace[\at(view_vcpu[vcpu].vspace, L)].life, L) == (!(\at(view_vcpu[vcpu].guest, L) == 0) ? VSPACE_ACTIVE : VSPACE_BUILDING)))); */
/*@ logic boolean task_start_BUSY_VCPU{L}(integer core, integer target, integer vcpu) = !(\at(view_vcpu[vcpu].core, L) == CORE_NONE); */
/*@ logic boolean task_start_BUSY_CORE{L}(integer core, integer target, integer vcpu) = ((target == core && !(\at(view_vcpu[\at(cores[core].current, L)].runner, L) == GRANULE_NONE)) || (!(target == core) && !(\at(cores[target].current, L) == GRANULE_NONE))); */
/*@ logic integer task_start_status{L}(integer core, integer target, integer vcpu) =
      task_start_WRONG_STATE_VCPU{L}(core, target, vcpu) ? NIE_CORE_START_WRONG_STATE_VCPU :
      task_start_BUSY_VCPU{L}(core, target, vcpu) ? NIE_CORE_START_BUSY_VCPU :
      task_start_BUSY_CORE{L}(core, target, vcpu) ? NIE_CORE_START_BUSY_CORE :
      NIE_OK; */

/*@ logic boolean debug_WRONG_STATE_VCPU{L}(integer vcpu, integer what, integer at) = (\at(view_vcpu[vcpu].vspace, L) == GRANULE_NONE || !((\at(view_vspace[\at(view_vcpu[vcpu].vspace, L)].policy, L) % 2) == 1)); */
/*@ logic boolean debug_BUSY_VCPU{L}(integer vcpu, integer what, integer at) = !(\at(view_vcpu[vcpu].core, L) == CORE_NONE); */
/*@ logic boolean debug_BAD_VALUE_WHAT{L}(integer vcpu, integer what, integer at) = 4 <= what; */
/*@ logic boolean debug_BAD_VALUE_AT{L}(integer vcpu, integer what, integer at) = (((what % 2) == 1 && NIE_SHARED_HALF <= at) || (!((what % 2) == 1) && (44 <= at || (((what / 2) % 2) == 1 && at == 32)))); */
/*@ logic boolean debug_UNALIGNED_AT{L}(integer vcpu, integer what, integer at) = ((what % 2) == 1 && !((at % 8) == 0)); */
/*@ logic boolean debug_NOT_MAPPED_AT{L}(integer vcpu, integer what, integer at) = ((what % 2) == 1 && !(((walk_of{L}(\at(view_vcpu[vcpu].vspace, L) + 1, at, 3) != GRANULE_NONE ? \at(view_table[walk_of{L}(\at(view_vcpu[vcpu].vspace, L) + 1, at, 3)][index_of(at, 3)], L) : (walk_of{L}(\at(view_vcpu[vcpu].vspace, L) + 1, at, 2) != GRANULE_NONE ? \at(view_table[walk_of{L}(\at(view_vcpu[vcpu].vspace, L) + 1, at, 2)][index_of(at, 2)], L) : \at(view_table[walk_of{L}(\at(view_vcpu[vcpu].vspace, L) + 1, at, 1)][index_of(at, 1)], L))) % 2) == 1)); */
/*@ logic integer debug_status{L}(integer vcpu, integer what, integer at) =
      debug_WRONG_STATE_VCPU{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_WRONG_STATE_VCPU :
      debug_BUSY_VCPU{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_BUSY_VCPU :
      debug_BAD_VALUE_WHAT{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_BAD_VALUE_WHAT :
      debug_BAD_VALUE_AT{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_BAD_VALUE_AT :
      debug_UNALIGNED_AT{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_UNALIGNED_AT :
      debug_NOT_MAPPED_AT{L}(vcpu, what, at) ? NIE_VCPU_DEBUG_NOT_MAPPED_AT :
      NIE_OK; */
