"""ioos_qc on the series that benches/quality.rs wrote: what each test and all of them together judge per second.

Called by tools/bench with the folder of river.csv, in an environment that has ioos_qc. The tests and their numbers are those of the bench.
"""

import sys
import time
import warnings

import numpy
import pandas
from ioos_qc import qartod

warnings.filterwarnings("ignore")
river = pandas.read_csv(f"{sys.argv[1]}/river.csv")
times = river["t"].to_numpy().astype("datetime64[s]")
# ioos_qc wants minutes for so many rows; the slow tests get a part, and their speed is per reading.
values = river["v"].to_numpy()


def speed(test, rows):
    began = time.process_time()
    test(values[:rows], times[:rows])
    return rows / (time.process_time() - began)


tests = {
    "gross range": (lambda v, t: qartod.gross_range_test(v, [-0.5, 6.0], [0.0, 3.0]), 1_000_000),
    "spike": (lambda v, t: qartod.spike_test(v, 0.5, 1.5, method="differential"), 1_000_000),
    "rate of change": (lambda v, t: qartod.rate_of_change_test(v, t, 0.002, 0.05), 1_000_000),
    "flat line": (lambda v, t: qartod.flat_line_test(v, t, 10_800, 21_600, 0.0015), 100_000),
    "attenuated signal": (lambda v, t: qartod.attenuated_signal_test(v, t, 0.001, 0.0005, 21_600, 36, check_type="std"), 1_000_000),
}
each = {name: numpy.median([speed(test, rows) for _ in range(3)]) for name, (test, rows) in tests.items()}
together = 1 / sum(1 / one for one in each.values())
for name, one in each.items():
    print(f"| ioos_qc, {name} | {one / 1e6:.2f} M |")
print(f"| ioos_qc, these five one after the other, whole series at once | {together / 1e6:.2f} M |")
