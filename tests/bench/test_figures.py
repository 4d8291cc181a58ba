"""Arithmetic of the benchmark against answers that were worked out by hand.

Run it: cd tests && python3 -m unittest bench.test_figures
"""

import unittest

from bench.figures import WITHIN, closed_klines, closed_minutes, in_turn, ratios, spread, verdict, whole_windows


class Figures(unittest.TestCase):
    def test_a_spread_is_median_least_and_most(self):
        self.assertEqual(spread([3, 1, 10, 2]), {"median": 2.5, "min": 1, "max": 10})

    def test_a_ratio_is_taken_within_its_round(self):
        # The second round ran at half the speed; 100 / 50 across rounds would say 2.
        self.assertEqual(ratios([100, 60, 90], [100, 50, 100]), {"median": 1.0, "min": 0.9, "max": 1.2})

    def test_a_round_without_its_base_is_refused(self):
        with self.assertRaises(ValueError):
            ratios([1, 2], [1])

    def test_what_lies_apart_is_better_or_worse_by_what_is_wanted(self):
        self.assertEqual(verdict([1, 2, 3], [4, 5, 6], more_is_better=True), "better")
        self.assertEqual(verdict([1, 2, 3], [4, 5, 6], more_is_better=False), "worse")
        self.assertEqual(verdict([4, 5, 6], [1, 2, 3], more_is_better=True), "worse")
        self.assertEqual(verdict([4, 5, 6], [1, 2, 3], more_is_better=False), "better")

    def test_what_touches_or_overlaps_is_within_the_spread(self):
        self.assertEqual(verdict([1, 2, 3], [3, 4, 5], more_is_better=True), WITHIN)
        self.assertEqual(verdict([1, 2, 9], [3, 4, 5], more_is_better=True), WITHIN)
        self.assertEqual(verdict([3, 4, 5], [1, 2, 9], more_is_better=False), WITHIN)
        self.assertEqual(verdict([7, 7, 7], [7, 7, 7], more_is_better=True), WITHIN)

    def test_two_rounds_say_nothing(self):
        self.assertEqual(verdict([1, 2], [8, 9], more_is_better=True), "too few rounds to say")
        self.assertEqual(verdict([1, 2, 3], [8, 9], more_is_better=True), "too few rounds to say")

    def test_two_sides_go_abba(self):
        self.assertEqual([in_turn("AB", number) for number in range(4)], [["A", "B"], ["B", "A"]] * 2)

    def test_minutes_close_with_their_last_part(self):
        # 3 symbols, 2 klines a minute: o o o C C C, and again.
        self.assertEqual([closed_klines(records, 3, 2) for records in range(8)], [0, 0, 0, 0, 1, 2, 3, 3])
        self.assertEqual(closed_minutes(11, 3, 2), {1: 1, 2: 2})
        self.assertEqual(closed_minutes(12, 3, 2), {2: 3})

    def test_where_all_are_closed_each_record_counts(self):
        self.assertEqual([closed_klines(records, 3, 1) for records in range(5)], [0, 1, 2, 3, 4])

    def test_a_window_is_whole_with_its_last_minute(self):
        # Two symbols, all klines closed: 9 records are five minutes of one and four of the other.
        self.assertEqual([whole_windows(records, 2, 1, 5) for records in (8, 9, 10, 19, 20)], [0, 1, 2, 3, 4])
        self.assertEqual(whole_windows(2_100_000, 15, 10, 5), 2_800 * 15)


if __name__ == "__main__":
    unittest.main()
