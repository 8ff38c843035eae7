/* SPDX-License-Identifier: Apache-2.0 */
/* Devices reach the VSpace that they are attached to, from when it may be, and never a moment longer. */
#include "world.h"

#include "nie/iodomain.h"
#include "nie/measure.h"
#include "nie/vspace.h"

#include <string.h>

enum object_slot {
	GUEST = 30,
	GUEST_VCPU,
	TASK,
	FRAME,
	BLOCK,
	SHARED,
	COPY,
	TABLES = 40,
};

#define IPA 0x40000000ul
#define R NIE_RIGHT_READ
#define RW (NIE_RIGHT_READ | NIE_RIGHT_WRITE)

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static u32 vmid_of(u64 vspace)
{
	return vspace_at(object_of(vspace))->vmid;
}

static void is_connected(u64 vspace)
{
	assert_true(native_stream[STREAM_ID].connected);
	assert_int_equal(native_stream[STREAM_ID].vmid, vmid_of(vspace));
	assert_int_equal(native_stream[STREAM_ID].root, granule_address(object_of(vspace) + 1u));
}

/* A task's VSpace with a frame at IPA, and STREAM attached to it. */
static void make_task_domain(void)
{
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make_tables(TABLES, TASK, IPA);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME);
	ok(CALL(MAP, FRAME, TASK, IPA, RW));
	ok(CALL(STREAM_ATTACH, STREAM, TASK));
}

/* A guest with a frame at IPA, and STREAM attached to it; not active yet. */
static void make_guest_domain(void)
{
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_VCPU, 12, GUEST_VCPU);
	make_tables(TABLES, GUEST, IPA);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME);
	ok(CALL(DONATE, FRAME, GUEST, IPA, RW));
	ok(CALL(VCPU_CONFIGURE, GUEST_VCPU, GUEST, 0, 0, IPA, 0, 0));
	ok(CALL(STREAM_ATTACH, STREAM, GUEST));
}

static int position(enum native_operation operation, u64 a)
{
	int at = native_find(0, operation, a);

	assert_true(at >= 0);
	return at;
}

static void a_device_reaches_its_domain_and_no_other_can_have_it(void **state)
{
	(void)state;
	make_task_domain();
	is_connected(TASK);
	ok(CALL(CAP_COPY, 0, COPY, 0, STREAM, NIE_RIGHTS_ALL));
	assert_int_equal(CALL(STREAM_ATTACH, COPY, OWN_VSPACE), NIE_STREAM_ATTACH_MAPPED_STREAM);
	assert_int_equal(CALL(STREAM_ATTACH, STREAM, TASK), NIE_STREAM_ATTACH_MAPPED_STREAM);
	assert_int_equal(CALL(STREAM_DETACH, COPY), NIE_STREAM_DETACH_NOT_MAPPED_STREAM);
	ok(CALL(STREAM_ATTACH, STREAM_IDLE, TASK)); /* two devices in one domain */
	check_ownership();
	ok(CALL(STREAM_DETACH, STREAM));
	assert_false(native_stream[STREAM_ID].connected);
	assert_true(native_stream[STREAM_IDLE_ID].connected);
	ok(CALL(STREAM_ATTACH, COPY, OWN_VSPACE));
	is_connected(OWN_VSPACE);
	check_ownership();
}

static void a_guest_gets_a_device_measured_and_with_activation(void **state)
{
	(void)state;
	u64 before[SHA256_WORDS];
	u64 expected[SHA256_WORDS];
	u64 message[SHA256_WORDS + 8] = {0};

	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_VCPU, 12, GUEST_VCPU);
	ok(CALL(VCPU_CONFIGURE, GUEST_VCPU, GUEST, 0, 0, IPA, 0, 0));
	vspace_measurement(object_of(GUEST), before);
	ok(CALL(STREAM_ATTACH, STREAM, GUEST));
	assert_false(native_stream[STREAM_ID].connected);
	memcpy(message, before, sizeof(before));
	message[SHA256_WORDS] = MEASURED_STREAM;
	message[SHA256_WORDS + 1u] = STREAM_ID;
	sha256(message, sizeof(message), expected);
	vspace_measurement(object_of(GUEST), before);
	assert_memory_equal(before, expected, sizeof(expected));
	check_ownership();
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	is_connected(GUEST);
	assert_int_equal(CALL(STREAM_ATTACH, STREAM_IDLE, GUEST), NIE_STREAM_ATTACH_WRONG_STATE_VSPACE);
	check_ownership();
	ok(CALL(STREAM_DETACH, STREAM));
	assert_false(native_stream[STREAM_ID].connected);
	assert_int_equal(CALL(STREAM_ATTACH, STREAM, GUEST), NIE_STREAM_ATTACH_WRONG_STATE_VSPACE);
}

static void detached_before_activation_it_never_reaches_the_guest(void **state)
{
	(void)state;
	make_guest_domain();
	ok(CALL(STREAM_DETACH, STREAM));
	native_forget_log();
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	assert_int_equal(native_count(NATIVE_STREAM_CONNECT), 0);
	check_ownership();
}

static void unmapping_is_invalidated_for_devices(void **state)
{
	(void)state;
	make_task_domain();
	native_forget_log();
	ok(CALL(UNMAP, FRAME));
	int at = position(NATIVE_STREAM_INVALIDATE_IPA, vmid_of(TASK));

	assert_int_equal(native_event((u32)at).b, IPA);
	assert_true(position(NATIVE_TABLES_WRITTEN, 0) < at);
	/* A table that goes: walk caches. */
	native_forget_log();
	delete_all(0, TABLES + 1, 4);
	(void)position(NATIVE_STREAM_INVALIDATE_VSPACE, vmid_of(TASK));
}

static void memory_of_a_guest_is_scrubbed_when_no_device_has_it(void **state)
{
	(void)state;
	make_guest_domain();
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	native_forget_log();
	ok(CALL(UNMAP, FRAME));
	assert_true(position(NATIVE_STREAM_INVALIDATE_IPA, vmid_of(GUEST)) < position(NATIVE_SCRUB, object_of(FRAME)));
}

static void donation_takes_it_from_the_devices_of_the_task(void **state)
{
	(void)state;
	make_task_domain();
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make_tables(TABLES + 2, GUEST, IPA);
	native_forget_log();
	ok(CALL(DONATE, FRAME, GUEST, IPA, R));
	/* Before it is measured: what was measured does not change any more. */
	assert_true(position(NATIVE_STREAM_INVALIDATE_IPA, vmid_of(TASK)) < position(NATIVE_HASH, object_of(FRAME)));
}

static void without_a_device_nothing_is_invalidated_for_it(void **state)
{
	(void)state;
	make_task_domain();
	ok(CALL(STREAM_DETACH, STREAM));
	native_forget_log();
	ok(CALL(UNMAP, FRAME));
	delete_all(0, TABLES + 1, 4);
	ok(CALL(VSPACE_KILL, TASK));
	assert_int_equal(native_count(NATIVE_STREAM_INVALIDATE_IPA), 0);
	assert_int_equal(native_count(NATIVE_STREAM_INVALIDATE_VSPACE), 0);
	assert_int_equal(native_count(NATIVE_STREAM_CUT), 0);
}

/* Else a translation that was cached while it was attached would be there when it is attached again. */
static void detaching_invalidates_the_whole_domain(void **state)
{
	(void)state;
	make_task_domain();
	native_forget_log();
	ok(CALL(STREAM_DETACH, STREAM));
	assert_true(position(NATIVE_STREAM_CUT, STREAM_ID) < position(NATIVE_STREAM_INVALIDATE_VSPACE, vmid_of(TASK)));
}

static void killing_cuts_its_devices_off_first(void **state)
{
	(void)state;
	make_guest_domain();
	ok(CALL(STREAM_ATTACH, STREAM_IDLE, GUEST));
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	native_forget_log();
	ok(CALL(VSPACE_KILL, GUEST));
	int last = position(NATIVE_STREAM_INVALIDATE_VSPACE, vmid_of(GUEST));

	assert_true(position(NATIVE_STREAM_CUT, STREAM_ID) < last);
	assert_true(position(NATIVE_STREAM_CUT, STREAM_IDLE_ID) < last);
	assert_true(last < position(NATIVE_TABLES_WRITTEN, 0));
	assert_true(last < position(NATIVE_SCRUB, object_of(FRAME)));
	assert_false(native_stream[STREAM_ID].connected);
	check_ownership();
	/* The stream is free again, and the old attachment forgotten. */
	ok(CALL(STREAM_DETACH, STREAM));
	ok(CALL(STREAM_ATTACH, STREAM, OWN_VSPACE));
	is_connected(OWN_VSPACE);
}

static void destroying_a_domain_cuts_its_devices_off(void **state)
{
	(void)state;
	make_task_domain();
	revoke_everything(20);
	assert_false(native_stream[STREAM_ID].connected);
	assert_int_equal(CALL(STREAM_DETACH, STREAM), NIE_STREAM_DETACH_NOT_MAPPED_STREAM);
}

static void the_end_of_the_capability_cuts_the_device_off(void **state)
{
	(void)state;
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	ok(CALL(CAP_COPY, 0, COPY, 0, STREAM, NIE_RIGHTS_ALL));
	ok(CALL(STREAM_ATTACH, COPY, TASK));
	is_connected(TASK);
	revoke_all(0, STREAM, 4);
	assert_false(native_stream[STREAM_ID].connected);
	check_ownership();
	/* One that attached nothing cuts nothing off. */
	ok(CALL(CAP_COPY, 0, COPY, 0, STREAM, NIE_RIGHTS_ALL));
	ok(CALL(STREAM_ATTACH, STREAM, TASK));
	delete_all(0, COPY, 2);
	is_connected(TASK);
}

static void faults_are_counted_and_the_first_is_told(void **state)
{
	(void)state;
	make_task_domain();
	native.stream_event = (struct stream_event){STREAM_ID, 0x12345678, 2, 0x10};
	native.stream_events = 3;
	ok(CALL(STREAM_FAULT, STREAM));
	assert_int_equal(result(1), 3);
	assert_int_equal(result(2), 0x12345678);
	assert_int_equal(result(3), 2);
	assert_int_equal(result(4), 0x10);
	ok(CALL(STREAM_FAULT, STREAM));
	for (u32 i = 1; i <= 4u; i++) {
		assert_int_equal(result(i), 0);
	}
	/* Found in the queue while another stream was asked about. */
	native.stream_events = 1;
	ok(CALL(STREAM_FAULT, STREAM_IDLE));
	assert_int_equal(result(1), 0);
	native.stream_event.ipa = 0x1000;
	native.stream_events = 1;
	ok(CALL(STREAM_FAULT, STREAM));
	assert_int_equal(result(1), 2);
	assert_int_equal(result(2), 0x12345678);
}

static void a_storm_is_bounded(void **state)
{
	(void)state;
	make_task_domain();
	native.stream_event = (struct stream_event){STREAM_ID, 0x1000, 1, 0x10};
	native.stream_events = 1000000;
	ok(CALL(STREAM_FAULT, STREAM));
	assert_int_equal(result(1), 64);
	assert_int_equal(native.stream_events, 1000000 - 64);
}

static void events_about_nobody_are_dropped(void **state)
{
	(void)state;
	static const u32 strangers[] = {STREAM_IDLE_ID, PLATFORM_STREAMS, 0xffffffffu};

	make_task_domain();
	native.stream_event = (struct stream_event){STREAM_IDLE_ID, 0x1000, 1, 0x10};
	native.stream_events = 1;
	ok(CALL(STREAM_FAULT, STREAM_IDLE));
	assert_int_equal(result(1), 0);
	for (u32 i = 0; i < 3u; i++) {
		native.stream_event = (struct stream_event){strangers[i], 0x1000, 1, 0x10};
		native.stream_events = 2;
		ok(CALL(STREAM_FAULT, STREAM));
		assert_int_equal(result(1), 0);
		assert_int_equal(native.stream_events, 0);
	}
}

static void what_the_last_owner_did_is_not_told(void **state)
{
	(void)state;
	make_task_domain();
	native.stream_event = (struct stream_event){STREAM_ID, 0x1000, 1, 0x10};
	native.stream_events = 1;
	ok(CALL(STREAM_FAULT, STREAM_IDLE));
	native.stream_events = 1; /* one is counted, one still in the queue, another comes */
	ok(CALL(STREAM_DETACH, STREAM));
	ok(CALL(STREAM_FAULT, STREAM_IDLE));
	native.stream_events = 1;
	ok(CALL(STREAM_ATTACH, STREAM, OWN_VSPACE));
	ok(CALL(STREAM_FAULT, STREAM));
	assert_int_equal(result(1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_reaches_its_domain_and_no_other_can_have_it),
		TEST(a_guest_gets_a_device_measured_and_with_activation),
		TEST(detached_before_activation_it_never_reaches_the_guest),
		TEST(unmapping_is_invalidated_for_devices),
		TEST(memory_of_a_guest_is_scrubbed_when_no_device_has_it),
		TEST(donation_takes_it_from_the_devices_of_the_task),
		TEST(without_a_device_nothing_is_invalidated_for_it),
		TEST(detaching_invalidates_the_whole_domain),
		TEST(killing_cuts_its_devices_off_first),
		TEST(destroying_a_domain_cuts_its_devices_off),
		TEST(the_end_of_the_capability_cuts_the_device_off),
		TEST(faults_are_counted_and_the_first_is_told),
		TEST(a_storm_is_bounded),
		TEST(events_about_nobody_are_dropped),
		TEST(what_the_last_owner_did_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
