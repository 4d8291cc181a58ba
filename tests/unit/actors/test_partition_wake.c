#include "tests/unit/actors/partition_fixture.h"

enum { SYMBOLS = 50, A_TURN = 16 };

static size_t seen;

static void note_symbol(void *context, const char *symbol)
{
    (void)context;
    (void)symbol;
    seen++;
}

static void name_symbol(struct kline *kline, int number)
{
    kline->symbol_size = (uint8_t)snprintf(kline->symbol, sizeof(kline->symbol), "S%02d", number);
}

/* Each symbol's first minute: its 5m window is pending. */
static struct fixture *open_with_symbols(void)
{
    struct fixture *f = open_fixture();
    run(f);
    for (int i = 0; i < SYMBOLS; i++) {
        struct kline kline = one_kline();
        name_symbol(&kline, i);
        f->record.offset = i;
        f->record.value = (struct slice){f->json, kline_print_json(&kline, f->json)};
        tell_record(f);
        run(f);
        commit(f);
    }
    f->options.symbol_seen = note_symbol;
    return f;
}

static size_t count_states(const struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch_count(batch); i++) {
        count += batch_at(batch, i).table == TABLE_actors;
    }
    return count;
}

static void restart_by_turns(struct fixture *f, struct candle_rules rules)
{
    partition_destroy(&f->partition);
    f->writer.count = 0;
    f->source.count = 0;
    f->options.rules = rules;
    seen = 0;
    start_partition(f);
    for (size_t turn = 1; turn <= SYMBOLS / A_TURN; turn++) {
        assert_int_equal(seen, turn * A_TURN);
        assert_true(sched_step(f->sched));
        assert_int_equal(f->source.count, 0); /* nothing is read until all are there */
    }
    assert_int_equal(seen, SYMBOLS);
    run(f);
    assert_int_equal(f->source.count, 1);
}

static void symbols_with_pending_windows_wake_some_a_turn_before_anything_is_read(void **state)
{
    (void)state;
    struct fixture *f = open_with_symbols();
    restart_by_turns(f, fixture_rules());
    close_fixture(f);
}

static void by_new_rules_all_go_into_the_first_checkpoint(void **state)
{
    (void)state;
    struct fixture *f = open_with_symbols();
    struct candle_rules rules = fixture_rules();
    rules.intervals |= INTERVAL_BIT(INTERVAL_3m);
    restart_by_turns(f, rules);
    f->record.offset = SYMBOLS;
    tell_record(f);
    run(f);
    assert_int_equal(count_states(checkpoint_in_the_air(f)->batch), SYMBOLS);
    commit(f);
    close_fixture(f);
}

/* It ends in order all the same, and reads nothing. */
static void a_drain_waits_until_all_are_awake(void **state)
{
    (void)state;
    struct fixture *f = open_with_symbols();
    partition_destroy(&f->partition);
    f->source.count = 0;
    start_partition(f);
    partition_drain(f->partition, 0);
    assert_false(f->is_drained);
    run(f);
    assert_true(f->is_drained);
    assert_int_equal(f->source.count, 0);
    close_fixture(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_with_pending_windows_wake_some_a_turn_before_anything_is_read),
        cmocka_unit_test(by_new_rules_all_go_into_the_first_checkpoint),
        cmocka_unit_test(a_drain_waits_until_all_are_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
