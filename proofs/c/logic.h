/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the contracts speak of: fields of translation table entries, and the invariant `wf` of the isolation layer. One
 * annotation a definition: a proof depends on those it uses alone.
 */

/*@ predicate is_granule(integer g) = 0 <= g < RAM_GRANULES; */
/*@ predicate granule_range(integer first, integer count) = 0 <= first && 0 <= count && first + count <= RAM_GRANULES; */

/* Arm ARM D8.3: bit 0 valid; bit 1 table or page; bits 47:12 output address. */
/*@ predicate entry_valid(integer e) = e % 2 == 1; */
/*@ predicate entry_table(integer e, integer level) = level < 3 && e % 4 == 3; */
/*@ logic integer target_of(integer e) = (e % 0x1000000000000) / 4096 * 4096; */
/*@ predicate in_ram(integer address) = RAM_BASE <= address < RAM_BASE + RAM_SIZE; */
/*@ logic integer granule_of(integer address) = (address - RAM_BASE) / 4096; */
/*@ logic integer address_of(integer g) = RAM_BASE + g * 4096; */

/*@ logic integer span_of(integer level) = level == 1 ? 0x40000000 : level == 2 ? 0x200000 : 4096; */
/*@ logic integer index_of(integer ipa, integer level) =
      (level == 1 ? ipa / 0x40000000 : level == 2 ? ipa / 0x200000 : ipa / 4096) % TABLE_ENTRIES; */

/* A root, or a table that is linked somewhere: what a walk may come by. */
/*@ predicate is_walked{L}(integer t) = is_granule(t) &&
      (\at(granule_state[t], L) == GRANULE_ROOT ||
       (\at(granule_state[t], L) == GRANULE_TABLE && \at(granule_owner[t], L) != GRANULE_NONE)); */
/*@ logic integer level_of{L}(integer t) =
      \at(granule_state[t], L) == GRANULE_ROOT ? 1 : \at(granule_place[t], L) / 0x1000000; */

/* A table entry leads to a table of the next level, of the same VSpace. */
/*@ predicate leads_on{L}(integer t, integer e) =
      in_ram(target_of(e)) && \at(granule_state[granule_of(target_of(e))], L) == GRANULE_TABLE &&
      level_of{L}(granule_of(target_of(e))) == level_of{L}(t) + 1 &&
      \at(granule_owner[granule_of(target_of(e))], L) == \at(granule_owner[t], L); */
/*@ predicate wf_tables{L} = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      entry_table(\at(view_table[t][i], L), level_of{L}(t)) ==> leads_on{L}(t, \at(view_table[t][i], L)); */

/* What is linked names its VSpace, and a VSpace has its root behind it. */
/*@ predicate wf_roots{L} = \forall integer g; is_granule(g) ==>
      (\at(granule_state[g], L) == GRANULE_VSPACE ==> g + 1 < RAM_GRANULES &&
         \at(granule_state[g + 1], L) == GRANULE_ROOT && \at(granule_owner[g + 1], L) == g) &&
      (\at(granule_state[g], L) == GRANULE_ROOT ==> g >= 1 && \at(granule_owner[g], L) == g - 1 &&
         \at(granule_state[g - 1], L) == GRANULE_VSPACE); */
/*@ predicate wf_linked{L} = \forall integer g; is_granule(g) ==>
      \at(granule_state[g], L) == GRANULE_TABLE ==> \at(granule_owner[g], L) != GRANULE_NONE ==>
      is_granule(\at(granule_owner[g], L)) && \at(granule_state[\at(granule_owner[g], L)], L) == GRANULE_VSPACE &&
      2 <= level_of{L}(g) <= 3 && \at(granule_place[g], L) % 0x1000000 < 0x40000 &&
      (level_of{L}(g) == 2 ==> \at(granule_place[g], L) % 512 == 0); */
/*@ predicate wf_private{L} = \forall integer g; is_granule(g) ==>
      \at(granule_state[g], L) == GRANULE_PRIVATE ==> \at(granule_owner[g], L) != GRANULE_NONE ==>
      is_granule(\at(granule_owner[g], L)) && \at(granule_state[\at(granule_owner[g], L)], L) == GRANULE_VSPACE; */

/* A number that a hypercall counts down: not part of the kernel's state. */
/*@ predicate apart{L}(u32 *p) = \valid{L}(p) &&
      \separated(p, &granule_state[0 .. RAM_GRANULES - 1], &granule_owner[0 .. RAM_GRANULES - 1],
                 &granule_place[0 .. RAM_GRANULES - 1]) &&
      \separated(p, &view_table[0 .. RAM_GRANULES - 1][0 .. TABLE_ENTRIES - 1], &view_vspace[0 .. RAM_GRANULES - 1],
                 &view_vcpu[0 .. RAM_GRANULES - 1], &view_slot[0 .. RAM_GRANULES * 128 - 1]) &&
      \separated(p, &cores[0 .. NIE_MAX_CORES - 1], &dirty[0 .. RAM_GRANULES - 1], &vmid_used[0 .. VMIDS - 1],
                 &stream_attached[0 .. PLATFORM_STREAMS - 1], &stream_domain[0 .. PLATFORM_STREAMS - 1]); */

/* A word of its caller's that a function answers in: it may be a register of a vCPU. */
/*@ predicate word_apart{L}(u64 *p) = \valid{L}(p) &&
      \separated(p, &granule_state[0 .. RAM_GRANULES - 1], &granule_owner[0 .. RAM_GRANULES - 1],
                 &granule_place[0 .. RAM_GRANULES - 1]) &&
      \separated(p, &view_table[0 .. RAM_GRANULES - 1][0 .. TABLE_ENTRIES - 1], &view_vspace[0 .. RAM_GRANULES - 1]) &&
      \separated(p, &cores[0 .. NIE_MAX_CORES - 1], &dirty[0 .. RAM_GRANULES - 1], &vmid_used[0 .. VMIDS - 1],
                 &stream_attached[0 .. PLATFORM_STREAMS - 1], &stream_domain[0 .. PLATFORM_STREAMS - 1]); */
/* A vCPU that a function is handed by its address lies in no other table of the kernel. */
/*@ predicate vcpu_apart{L}(struct vcpu *v) = \valid{L}(v) &&
      \separated(v, &granule_state[0 .. RAM_GRANULES - 1], &granule_owner[0 .. RAM_GRANULES - 1],
                 &granule_place[0 .. RAM_GRANULES - 1]) &&
      \separated(v, &view_table[0 .. RAM_GRANULES - 1][0 .. TABLE_ENTRIES - 1], &view_vspace[0 .. RAM_GRANULES - 1]) &&
      \separated(v, &cores[0 .. NIE_MAX_CORES - 1], &dirty[0 .. RAM_GRANULES - 1], &vmid_used[0 .. VMIDS - 1],
                 &stream_attached[0 .. PLATFORM_STREAMS - 1], &stream_domain[0 .. PLATFORM_STREAMS - 1]); */

/* Free memory is zero; so is a private frame that is marked as scrubbed, which nobody has mapped. Zero is zero in
 * each view. */
/*@ predicate wf_free{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_FREE ==>
      \at(dirty[g], L) == 0; */
/*@ predicate wf_zero{L} = \forall integer g, i; is_granule(g) ==> \at(dirty[g], L) == 0 ==>
      0 <= i < TABLE_ENTRIES ==> \at(view_table[g][i], L) == 0; */
/*@ predicate wf_walked_dirty{L} = \forall integer g; is_granule(g) ==>
      (\at(granule_state[g], L) == GRANULE_ROOT || \at(granule_state[g], L) == GRANULE_TABLE) ==>
      \at(dirty[g], L) != 0; */
/*@ logic integer frame_count{L}(integer g) = \at(granule_place[g], L) >= FRAME_BLOCK ? NIE_PAGES_PER_BLOCK : 1; */
/*@ predicate is_frame{L}(integer g) = is_granule(g) &&
      (\at(granule_state[g], L) == GRANULE_PRIVATE || \at(granule_state[g], L) == GRANULE_SHARED); */
/*@ predicate marked_scrubbed{L}(integer g) = \at(granule_place[g], L) % FRAME_BLOCK >= FRAME_SCRUBBED; */
/*@ predicate wf_scrubbed{L} = \forall integer g, j; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_PRIVATE ==>
      marked_scrubbed{L}(g) ==> g <= j < g + frame_count{L}(g) ==>
      \at(granule_owner[g], L) == GRANULE_NONE && \at(dirty[j], L) == 0 &&
      (j == g || \at(granule_state[j], L) == GRANULE_TAIL); */
/*@ predicate wf_fits{L} = \forall integer g; is_frame{L}(g) ==> g + frame_count{L}(g) <= RAM_GRANULES; */
/*@ predicate wf_blocks{L} = \forall integer g, j; is_frame{L}(g) ==> g < j < g + frame_count{L}(g) ==>
      \at(granule_state[j], L) == GRANULE_TAIL; */
/* A leaf of level 2 maps a block, one of level 3 a page. */
/*@ predicate is_leaf{L}(integer e, integer level) = entry_valid(e) && !entry_table(e, level); */
/*@ predicate leaf_fits{L}(integer t, integer e) = level_of{L}(t) >= 2 && (in_ram(target_of(e)) ==>
      is_frame{L}(granule_of(target_of(e))) && (level_of{L}(t) == 2 <==> frame_count{L}(granule_of(target_of(e))) > 1)); */
/*@ predicate wf_leaves{L} = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      is_leaf{L}(\at(view_table[t][i], L), level_of{L}(t)) ==> leaf_fits{L}(t, \at(view_table[t][i], L)); */

/* The walk: the next table, and the table of a level on the way to an IPA; GRANULE_NONE where it ends. */
/*@ logic integer next_of{L}(integer t, integer ipa, integer level) =
      t == GRANULE_NONE || level >= 3 || \at(view_table[t][index_of(ipa, level)], L) % 4 != 3 ? GRANULE_NONE :
      granule_of(target_of(\at(view_table[t][index_of(ipa, level)], L))); */
/*@ logic integer walk_of{L}(integer root, integer ipa, integer level) =
      level == 1 ? root : level == 2 ? next_of{L}(root, ipa, 1) : next_of{L}(next_of{L}(root, ipa, 1), ipa, 2); */
/*@ logic integer level_for{L}(integer frame) = frame_count{L}(frame) > 1 ? 2 : 3; */
/*@ predicate dying{L}(integer v) = \at(view_vspace[v].life, L) >= VSPACE_DYING; */
/*@ logic integer entry_at{L}(integer v, integer ipa, integer level) =
      \at(view_table[walk_of{L}(v + 1, ipa, level)][index_of(ipa, level)], L); */

/* Both ways: what the granule table says of a private frame or of a linked table, a walk to the recorded place finds; and a leaf or
 * an entry that leads on is where its target's place says. So there is one: the place says where. */
/*@ logic integer table_ipa(integer place) = place % 0x1000000 * 0x200000; */
/*@ logic integer frame_ipa(integer place) = place % FRAME_PLACES * 4096; */
/*@ logic integer parent_of{L}(integer g) =
      walk_of{L}(\at(granule_owner[g], L) + 1, table_ipa(\at(granule_place[g], L)), level_of{L}(g) - 1); */
/*@ logic integer parent_index{L}(integer g) = index_of(table_ipa(\at(granule_place[g], L)), level_of{L}(g) - 1); */
/*@ logic integer mapper_of{L}(integer frame) =
      walk_of{L}(\at(granule_owner[frame], L) + 1, frame_ipa(\at(granule_place[frame], L)), level_for{L}(frame)); */
/*@ logic integer mapper_index{L}(integer frame) = index_of(frame_ipa(\at(granule_place[frame], L)), level_for{L}(frame)); */
/*@ predicate links{L}(integer t, integer i, integer g) = is_walked{L}(t) &&
      entry_table(\at(view_table[t][i], L), level_of{L}(t)) && granule_of(target_of(\at(view_table[t][i], L))) == g; */
/*@ predicate maps{L}(integer t, integer i, integer frame) = is_walked{L}(t) && is_leaf{L}(\at(view_table[t][i], L), level_of{L}(t)) &&
      in_ram(target_of(\at(view_table[t][i], L))) && granule_of(target_of(\at(view_table[t][i], L))) == frame; */
/*@ predicate is_parent{L}(integer t, integer i, integer g) = t == parent_of{L}(g) && i == parent_index{L}(g); */
/*@ predicate wf_children{L} = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      entry_table(\at(view_table[t][i], L), level_of{L}(t)) ==> is_parent{L}(t, i, granule_of(target_of(\at(view_table[t][i], L)))); */
/*@ predicate wf_parents{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_TABLE ==>
      \at(granule_owner[g], L) != GRANULE_NONE ==> links{L}(parent_of{L}(g), parent_index{L}(g), g); */
/*@ predicate is_told{L}(integer t, integer i, integer frame) = \at(granule_state[frame], L) == GRANULE_PRIVATE ==>
      \at(granule_owner[frame], L) == \at(granule_owner[t], L) && t == mapper_of{L}(frame) && i == mapper_index{L}(frame); */
/*@ predicate wf_told{L} = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      is_leaf{L}(\at(view_table[t][i], L), level_of{L}(t)) ==> in_ram(target_of(\at(view_table[t][i], L))) ==>
      is_told{L}(t, i, granule_of(target_of(\at(view_table[t][i], L)))); */
/*@ predicate is_mapped{L}(integer frame) = maps{L}(mapper_of{L}(frame), mapper_index{L}(frame), frame) &&
      level_of{L}(mapper_of{L}(frame)) == level_for{L}(frame); */
/*@ predicate wf_mapped{L} = \forall integer frame; is_granule(frame) ==> \at(granule_state[frame], L) == GRANULE_PRIVATE ==>
      \at(granule_owner[frame], L) != GRANULE_NONE ==> is_mapped{L}(frame); */
/* In the lower half of a guest's IPA space there is private memory alone. Which half a table is of, the root's index says. */
/*@ predicate is_lower{L}(integer t) = index_of(table_ipa(\at(granule_place[t], L)), 1) < NIE_SHARED_HALF / 0x40000000; */
/*@ predicate wf_lower{L} = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==> level_of{L}(t) >= 2 ==>
      is_lower{L}(t) ==> \at(view_vspace[\at(granule_owner[t], L)].guest, L) != 0 ==> is_leaf{L}(\at(view_table[t][i], L), level_of{L}(t)) ==> in_ram(target_of(\at(view_table[t][i], L))) &&
      \at(granule_state[granule_of(target_of(\at(view_table[t][i], L)))], L) == GRANULE_PRIVATE; */
/* Nothing is mapped in a dead VSpace. */
/*@ predicate wf_dead{L} = \forall integer v, i; is_granule(v) ==> \at(granule_state[v], L) == GRANULE_VSPACE ==>
      \at(view_vspace[v].life, L) == VSPACE_DEAD ==> 0 <= i < TABLE_ENTRIES ==> !entry_valid(\at(view_table[v + 1][i], L)); */
/* While a private frame loses its mapping, of the others. */
/*@ predicate others_mapped{L}(integer but) = \forall integer frame; is_granule(frame) ==> frame != but ==>
      \at(granule_state[frame], L) == GRANULE_PRIVATE ==> \at(granule_owner[frame], L) != GRANULE_NONE ==> is_mapped{L}(frame); */
/*@ predicate unmapped{L}(integer frame) = \forall integer t, i; is_walked{L}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      is_leaf{L}(\at(view_table[t][i], L), level_of{L}(t)) ==> in_ram(target_of(\at(view_table[t][i], L))) ==>
      granule_of(target_of(\at(view_table[t][i], L))) != frame; */
/* The leaves of other frames are those that they were; and those of this one, but for one place. */
/*@ predicate maps_stay{K, L}(integer but) = \forall integer frame, t, i; frame != but ==> is_granule(t) ==>
      0 <= i < TABLE_ENTRIES ==> (maps{K}(t, i, frame) <==> maps{L}(t, i, frame)); */
/*@ predicate maps_stay_but{K, L}(integer frame, integer table, integer index) = \forall integer t, i; is_granule(t) ==>
      0 <= i < TABLE_ENTRIES ==> t != table || i != index ==> (maps{K}(t, i, frame) <==> maps{L}(t, i, frame)); */
/* How many leaves map a frame, and how many but one: numbers of a finite set, of which these are theorems (proofs/spec/Counting.v). */
/*@ axiomatic mappings_counted {
      logic integer mappings{L}(integer frame)
        reads granule_state[..], granule_owner[..], granule_place[..], view_table[..][..];
      logic integer mappings_but{L}(integer frame, integer table, integer index)
        reads granule_state[..], granule_owner[..], granule_place[..], view_table[..][..];
      axiom count_of_none{L}: \forall integer frame; mappings{L}(frame) == 0 <==> unmapped{L}(frame);
      axiom count_of_others{L}: \forall integer frame, t, i; 0 <= mappings_but{L}(frame, t, i);
      axiom count_of_entries{L}: \forall integer frame; mappings{L}(frame) <= RAM_GRANULES * TABLE_ENTRIES;
      axiom count_of_one_more{L}: \forall integer frame, t, i; is_granule(t) ==> 0 <= i < TABLE_ENTRIES ==>
        (maps{L}(t, i, frame) ==> mappings{L}(frame) == mappings_but{L}(frame, t, i) + 1) &&
        (!maps{L}(t, i, frame) ==> mappings{L}(frame) == mappings_but{L}(frame, t, i));
      axiom count_of_same{K, L}: \forall integer but, frame; maps_stay{K, L}(but) ==> frame != but ==>
        mappings{L}(frame) == mappings{K}(frame);
      axiom count_of_same_but_one{K, L}: \forall integer frame, t, i; maps_stay_but{K, L}(frame, t, i) ==>
        mappings_but{L}(frame, t, i) == mappings_but{K}(frame, t, i);
    } */
/* What the granule table says of a shared frame is how many leaves it has; and nobody takes one for scrubbed. */
/*@ predicate wf_counted{L} = \forall integer frame; is_granule(frame) ==> \at(granule_state[frame], L) == GRANULE_SHARED ==>
      \at(granule_owner[frame], L) == mappings{L}(frame); */
/*@ predicate wf_unmarked{L} = \forall integer frame; is_granule(frame) ==> \at(granule_state[frame], L) == GRANULE_SHARED ==>
      !marked_scrubbed{L}(frame); */
/* So the recorded places are still those. */
/*@ predicate parents_stay{K, L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], K) == GRANULE_TABLE ==>
      \at(granule_owner[g], K) != GRANULE_NONE ==> parent_of{L}(g) == parent_of{K}(g) && parent_index{L}(g) == parent_index{K}(g); */
/*@ predicate mappers_stay{K, L}(integer but) = \forall integer frame; is_granule(frame) ==> frame != but ==>
      \at(granule_state[frame], K) == GRANULE_PRIVATE ==> \at(granule_owner[frame], K) != GRANULE_NONE ==>
      mapper_of{L}(frame) == mapper_of{K}(frame) && mapper_index{L}(frame) == mapper_index{K}(frame); */
/* What is walked is walked still, and who walked somewhere still comes there. */
/*@ predicate same_walked{K, L} = \forall integer t; is_walked{K}(t) ==> is_walked{L}(t) && level_of{L}(t) == level_of{K}(t) &&
      \at(granule_owner[t], L) == \at(granule_owner[t], K) && \at(granule_place[t], L) == \at(granule_place[t], K); */
/*@ predicate walks_stay{K, L} = \forall integer root, ipa, level; is_granule(root) ==> \at(granule_state[root], K) == GRANULE_ROOT ==>
      0 <= ipa ==> 1 <= level <= 3 ==> walk_of{K}(root, ipa, level) != GRANULE_NONE ==>
      walk_of{L}(root, ipa, level) == walk_of{K}(root, ipa, level); */

/*@ predicate same_tables{K, L} = \forall integer t, i; is_walked{K}(t) ==> 0 <= i < TABLE_ENTRIES ==>
      \at(view_table[t][i], L) == \at(view_table[t][i], K); */
/* Nobody else's frame changes hands. */
/*@ predicate same_owners{K, L}(integer but) = \forall integer g; is_granule(g) ==> g != but ==>
      \at(granule_owner[g], L) == \at(granule_owner[g], K) && \at(granule_place[g], L) == \at(granule_place[g], K); */
/* What becomes of the frame that a leaf mapped. */
/*@ predicate leaves{K, L}(integer frame, integer v) =
      (\at(granule_state[frame], K) == GRANULE_PRIVATE ==> \at(granule_owner[frame], L) == GRANULE_NONE &&
         \at(granule_place[frame], L) == (\at(granule_place[frame], K) >= FRAME_BLOCK ? FRAME_BLOCK : 0) +
                                         (\at(view_vspace[v].guest, K) != 0 ? FRAME_SCRUBBED : 0)) &&
      (\at(granule_state[frame], K) == GRANULE_SHARED ==>
         \at(granule_owner[frame], L) == \at(granule_owner[frame], K) - 1 &&
         \at(granule_place[frame], L) == \at(granule_place[frame], K)); */
/*@ predicate left_by{K, L}(integer entry, integer v) = in_ram(target_of(entry)) ==>
      leaves{K, L}(granule_of(target_of(entry)), v); */

/*@ logic integer serial_of{L}(integer g) = 0 <= g < RAM_GRANULES && \at(granule_state[g], L) == GRANULE_CNODE ?
      \at(granule_place[g], L) * 0x100000000 + \at(granule_owner[g], L) : 0; */

/*@ logic integer stream_attach_status{L}(integer stream, integer v) =
      \at(stream_attached[stream], L) != 0 ? NIE_STREAM_ATTACH_MAPPED_STREAM :
      \at(view_vspace[v].life, L) != VSPACE_BUILDING ? NIE_STREAM_ATTACH_WRONG_STATE_VSPACE : NIE_OK; */

/* vCPUs and VSpaces name each other. */
/*@ predicate wf_vspaces{L} = \forall integer g, i; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VSPACE ==>
      0 <= i < NIE_VSPACE_VCPUS ==> \at(view_vspace[g].vcpu[i], L) != GRANULE_NONE ==>
      is_granule(\at(view_vspace[g].vcpu[i], L)) &&
      \at(granule_state[\at(view_vspace[g].vcpu[i], L)], L) == GRANULE_VCPU &&
      \at(view_vcpu[\at(view_vspace[g].vcpu[i], L)].vspace, L) == g &&
      \at(view_vcpu[\at(view_vspace[g].vcpu[i], L)].index, L) == i; */
/*@ predicate wf_vmids{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VSPACE ==>
      1 <= \at(view_vspace[g].vmid, L) < VMIDS && \at(vmid_used[\at(view_vspace[g].vmid, L)], L) != 0; */
/* Only a guest has a policy. */
/*@ predicate wf_lives{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VSPACE ==>
      \at(view_vspace[g].life, L) <= VSPACE_DEAD &&
      (\at(view_vspace[g].policy, L) != 0 ==> \at(view_vspace[g].guest, L) != 0); */
/* No two VSpaces share a VMID: no translation of one is found in a TLB by another. */
/*@ predicate wf_own_vmid{L} = \forall integer g, h; is_granule(g) ==> is_granule(h) ==> g != h ==>
      \at(granule_state[g], L) == GRANULE_VSPACE ==> \at(granule_state[h], L) == GRANULE_VSPACE ==>
      \at(view_vspace[g].vmid, L) != \at(view_vspace[h].vmid, L); */
/* A stream is attached to a VSpace, which knows that it has devices. */
/*@ predicate wf_streams{L} = \forall integer s; 0 <= s < PLATFORM_STREAMS ==> \at(stream_attached[s], L) != 0 ==>
      is_granule(\at(stream_domain[s], L)) && \at(granule_state[\at(stream_domain[s], L)], L) == GRANULE_VSPACE &&
      \at(view_vspace[\at(stream_domain[s], L)].streams, L) != 0; */
/* A dead VSpace has no devices. */
/*@ predicate wf_cut{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VSPACE ==>
      \at(view_vspace[g].life, L) == VSPACE_DEAD ==> \at(view_vspace[g].streams, L) == 0; */
/*@ predicate wf_vcpus{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      (\at(view_vcpu[g].vspace, L) != GRANULE_NONE ==> is_granule(\at(view_vcpu[g].vspace, L)) &&
         \at(granule_state[\at(view_vcpu[g].vspace, L)], L) == GRANULE_VSPACE &&
         \at(view_vcpu[g].index, L) < NIE_VSPACE_VCPUS); */
/*@ predicate wf_runners{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      (\at(view_vcpu[g].core, L) != CORE_NONE ==> \at(view_vcpu[g].core, L) < NIE_MAX_CORES) &&
      (\at(view_vcpu[g].runner, L) != GRANULE_NONE ==> is_granule(\at(view_vcpu[g].runner, L)) &&
         \at(granule_state[\at(view_vcpu[g].runner, L)], L) == GRANULE_VCPU &&
         \at(view_vcpu[g].core, L) != CORE_NONE &&
         \at(view_vcpu[\at(view_vcpu[g].runner, L)].core, L) == \at(view_vcpu[g].core, L)); */
/*@ predicate wf_cores{L} = \forall integer c; 0 <= c < NIE_MAX_CORES ==> \at(cores[c].current, L) != GRANULE_NONE ==>
      is_granule(\at(cores[c].current, L)) && \at(granule_state[\at(cores[c].current, L)], L) == GRANULE_VCPU &&
      \at(view_vcpu[\at(cores[c].current, L)].core, L) == c; */

/* Who lends a core on: a chain, in which nobody has two above him, and nobody is above the one that runs. */
/*@ predicate wf_chain{L} = \forall integer g, h; is_granule(g) ==> is_granule(h) ==> g != h ==>
      \at(granule_state[g], L) == GRANULE_VCPU ==> \at(granule_state[h], L) == GRANULE_VCPU ==>
      \at(view_vcpu[g].runner, L) != GRANULE_NONE ==> \at(view_vcpu[g].runner, L) != \at(view_vcpu[h].runner, L); */
/*@ predicate wf_top{L} = \forall integer c, g; 0 <= c < NIE_MAX_CORES ==> is_granule(g) ==>
      \at(granule_state[g], L) == GRANULE_VCPU ==> \at(view_vcpu[g].runner, L) != GRANULE_NONE ==>
      \at(view_vcpu[g].runner, L) != \at(cores[c].current, L); */
/* A vCPU on a core has a VSpace, and that lives. */
/*@ predicate wf_alive{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      \at(view_vcpu[g].core, L) != CORE_NONE ==> \at(view_vcpu[g].vspace, L) != GRANULE_NONE &&
      \at(view_vspace[\at(view_vcpu[g].vspace, L)].life, L) != VSPACE_DEAD &&
      \at(view_vspace[\at(view_vcpu[g].vspace, L)].vcpu[\at(view_vcpu[g].index, L)], L) == g; */
/* The VSpace that a vCPU names has it at its index, and both are a guest's or both a task's; one that is not configured names none. */
/*@ predicate wf_named{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      \at(view_vcpu[g].vspace, L) != GRANULE_NONE ==>
      \at(view_vspace[\at(view_vcpu[g].vspace, L)].vcpu[\at(view_vcpu[g].index, L)], L) == g &&
      \at(view_vcpu[g].power, L) != VCPU_UNCONFIGURED &&
      \at(view_vcpu[g].guest, L) == \at(view_vspace[\at(view_vcpu[g].vspace, L)].guest, L); */
/* Its place in the chain counts from the task that the core was started with. */
/*@ predicate wf_depth{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      \at(view_vcpu[g].core, L) != CORE_NONE ==> 1 <= \at(view_vcpu[g].chain, L) <= 4 &&
      (\at(view_vcpu[g].runner, L) == GRANULE_NONE <==> \at(view_vcpu[g].chain, L) == 1) &&
      (\at(view_vcpu[g].runner, L) != GRANULE_NONE ==>
         \at(view_vcpu[\at(view_vcpu[g].runner, L)].chain, L) + 1 == \at(view_vcpu[g].chain, L)); */
/* A load that waits for its value is one of an instruction. */
/*@ predicate wf_awaits{L} = \forall integer g; is_granule(g) ==> \at(granule_state[g], L) == GRANULE_VCPU ==>
      \at(view_vcpu[g].awaits, L) == AWAITS_MMIO_READ ==> \at(view_vcpu[g].awaits_size, L) \in {1, 2, 4, 8} &&
      \at(view_vcpu[g].awaits_signed, L) \in {0, 4, 8}; */

/*@ predicate wf_memory{L} = wf_tables{L} && wf_roots{L} && wf_linked{L} && wf_private{L} && wf_free{L} &&
      wf_zero{L} && wf_walked_dirty{L} && wf_scrubbed{L} && wf_fits{L} && wf_blocks{L} && wf_leaves{L} &&
      wf_children{L} && wf_parents{L} && wf_told{L} && wf_lower{L} && wf_dead{L} && wf_counted{L} && wf_unmarked{L}; */
/*@ predicate wf_running{L} = wf_vspaces{L} && wf_vmids{L} && wf_own_vmid{L} && wf_lives{L} && wf_streams{L} && wf_cut{L} && wf_vcpus{L} && wf_runners{L} && wf_cores{L} &&
      wf_chain{L} && wf_top{L} && wf_alive{L} && wf_named{L} && wf_depth{L} && wf_awaits{L}; */
/*@ predicate wf_but_mapped{L} = wf_memory{L} && wf_running{L}; */
/*@ predicate wf{L} = wf_memory{L} && wf_running{L} && wf_mapped{L}; */

/*@ predicate is_vspace{L}(integer g) = is_granule(g) && \at(granule_state[g], L) == GRANULE_VSPACE; */
/*@ predicate is_vcpu{L}(integer g) = is_granule(g) && \at(granule_state[g], L) == GRANULE_VCPU; */

/* Who belongs to whom, and who runs where, as before. */
/*@ predicate same_members{K, L} = \forall integer g, i; is_granule(g) ==> 0 <= i < NIE_VSPACE_VCPUS ==>
      \at(view_vspace[g].vcpu[i], L) == \at(view_vspace[g].vcpu[i], K); */
/*@ predicate same_vspaces{K, L} = \forall integer g; is_granule(g) ==>
      \at(view_vspace[g].vmid, L) == \at(view_vspace[g].vmid, K) && \at(view_vspace[g].life, L) == \at(view_vspace[g].life, K) &&
      \at(view_vspace[g].streams, L) == \at(view_vspace[g].streams, K) &&
      \at(view_vspace[g].guest, L) == \at(view_vspace[g].guest, K) && \at(view_vspace[g].policy, L) == \at(view_vspace[g].policy, K); */
/*@ predicate same_vcpus{K, L} = \forall integer g; is_granule(g) ==>
      \at(view_vcpu[g].vspace, L) == \at(view_vcpu[g].vspace, K) && \at(view_vcpu[g].index, L) == \at(view_vcpu[g].index, K) &&
      \at(view_vcpu[g].guest, L) == \at(view_vcpu[g].guest, K) &&
      (\at(view_vcpu[g].power, L) == VCPU_UNCONFIGURED <==> \at(view_vcpu[g].power, K) == VCPU_UNCONFIGURED); */
/*@ predicate same_chains{K, L} = \forall integer g; is_granule(g) ==>
      \at(view_vcpu[g].core, L) == \at(view_vcpu[g].core, K) && \at(view_vcpu[g].runner, L) == \at(view_vcpu[g].runner, K) &&
      \at(view_vcpu[g].chain, L) == \at(view_vcpu[g].chain, K); */
/*@ predicate same_waits{K, L} = \forall integer g; is_granule(g) ==>
      \at(view_vcpu[g].awaits, L) == \at(view_vcpu[g].awaits, K) && \at(view_vcpu[g].awaits_size, L) == \at(view_vcpu[g].awaits_size, K) &&
      \at(view_vcpu[g].awaits_signed, L) == \at(view_vcpu[g].awaits_signed, K); */

/* The arguments of a run: its caller's registers, or a copy of them. */
/*@ predicate args_apart{L}(u64 *p) = \valid_read{L}(p + (0 .. 5)) &&
      \separated(p + (0 .. 5), &granule_state[0 .. RAM_GRANULES - 1], &granule_owner[0 .. RAM_GRANULES - 1],
                 &granule_place[0 .. RAM_GRANULES - 1]) &&
      \separated(p + (0 .. 5), &view_table[0 .. RAM_GRANULES - 1][0 .. TABLE_ENTRIES - 1], &view_vspace[0 .. RAM_GRANULES - 1]) &&
      \separated(p + (0 .. 5), &cores[0 .. NIE_MAX_CORES - 1], &dirty[0 .. RAM_GRANULES - 1], &vmid_used[0 .. VMIDS - 1],
                 &stream_attached[0 .. PLATFORM_STREAMS - 1], &stream_domain[0 .. PLATFORM_STREAMS - 1]); */
/* What run looks at. */
/*@ logic boolean runnable{L}(integer v) = \at(view_vcpu[v].power, L) == VCPU_ON && \at(view_vcpu[v].exiting, L) == 0 &&
      \at(view_vcpu[v].vspace, L) != GRANULE_NONE && \at(view_vspace[\at(view_vcpu[v].vspace, L)].life, L) ==
      (\at(view_vcpu[v].guest, L) != 0 ? VSPACE_ACTIVE : VSPACE_BUILDING); */
/*@ logic boolean list_used(integer list) = list / 0x4000000000000000 != 0; */
/*@ logic boolean list_plain(integer list) = list / 0x100000000 % 512 == 0 && list / 0x40000000000 % 64 == 0 &&
      list / 0x100000000000000 % 16 == 0 && list / 0x2000000000000000 % 2 == 0; */
/*@ logic boolean flags_known(integer flags) = flags / 8 % 32 == 0 && flags / 65536 % 16 == 0 && flags < 2097152; */
/*@ logic boolean list_allowed(integer list) = list_plain(list) && list % 0x100000000 < 1020 &&
      (!list_used(list) || list % 0x100000000 != 27); */
/*@ logic boolean lists_clash(integer a, integer b) = list_used(a) && list_used(b) && a % 0x100000000 == b % 0x100000000; */
/*@ logic integer lists_status(integer a, integer b, integer c) =
      !list_allowed(a) ? NIE_RUN_BAD_VALUE_LIST1 : !list_allowed(b) ? NIE_RUN_BAD_VALUE_LIST2 :
      !list_allowed(c) || lists_clash(a, b) || lists_clash(a, c) || lists_clash(b, c) ? NIE_RUN_BAD_VALUE_LIST3 : NIE_OK; */

/* A vCPU that is current on a core. */
/*@ predicate runs_on{L}(integer core) = 0 <= core < NIE_MAX_CORES && is_granule(\at(cores[core].current, L)) &&
      \at(granule_state[\at(cores[core].current, L)], L) == GRANULE_VCPU; */
