//! Thins a plot to a number of points without losing a peak.
//! Used by `store` while it reads a history, so that memory is bounded by the points that are shown.
//! Few enough points are given as they are; else each stretch of time gives its least and its greatest value, in the order of time.

use jiff::Timestamp;

use super::reading::Point;

/// Takes points in the order of time and gives at most `points_max`.
#[derive(Debug)]
pub(super) struct Thinner {
    from: i64,
    span: i64,
    points_max: usize,
    /// All points, until there are too many.
    all: Vec<Point>,
    /// The least and the greatest of each stretch.
    stretches: Vec<Option<(Point, Point)>>,
    thinned: bool,
}

impl Thinner {
    pub(super) fn new(from: Timestamp, until: Timestamp, points_max: usize) -> Self {
        let points_max = points_max.max(4);
        let (from, until) = (from.as_microsecond(), until.as_microsecond());
        Self {
            from,
            span: until.saturating_sub(from).max(1),
            points_max,
            all: Vec::new(),
            stretches: vec![None; points_max / 2],
            thinned: false,
        }
    }

    pub(super) fn add(&mut self, point: Point) {
        if !self.thinned {
            if self.all.len() < self.points_max {
                self.all.push(point);
                return;
            }
            self.thinned = true;
            for earlier in std::mem::take(&mut self.all) {
                self.sort_in(earlier);
            }
        }
        self.sort_in(point);
    }

    fn sort_in(&mut self, point: Point) {
        let passed = i128::from(point.read_at.as_microsecond().saturating_sub(self.from).clamp(0, self.span - 1));
        let index = usize::try_from(passed * self.stretches.len() as i128 / i128::from(self.span)).unwrap_or(0);
        match &mut self.stretches[index] {
            free @ None => *free = Some((point, point)),
            Some((least, greatest)) => {
                if point.value < least.value {
                    *least = point;
                }
                if point.value > greatest.value {
                    *greatest = point;
                }
            }
        }
    }

    pub(super) fn points(self) -> Vec<Point> {
        if !self.thinned {
            return self.all;
        }
        let mut points = Vec::with_capacity(self.points_max);
        for (least, greatest) in self.stretches.into_iter().flatten() {
            let (first, second) = if least.read_at <= greatest.read_at { (least, greatest) } else { (greatest, least) };
            points.push(first);
            if second != first {
                points.push(second);
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensors::reading::Flag;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn thinned(values: &[f64], points_max: usize) -> Vec<Point> {
        let mut thinner = Thinner::new(at(0), at(i64::try_from(values.len()).expect("few")), points_max);
        for (second, value) in (0..).zip(values) {
            thinner.add(Point { read_at: at(second), value: *value, flag: Flag::Good });
        }
        thinner.points()
    }

    #[test]
    fn few_points_stay_as_they_are() {
        assert_eq!(thinned(&[1.0, 2.0, 3.0], 4).len(), 3);
    }

    #[test]
    fn a_single_peak_among_ten_thousand_is_still_seen() {
        let mut values = vec![1.0; 10_000];
        values[7_777] = 9.0;
        values[1_234] = -3.0;
        let points = thinned(&values, 500);
        assert!(points.len() <= 500);
        assert!(points.iter().any(|point| point.value > 8.9 && point.read_at == at(7_777)));
        assert!(points.iter().any(|point| point.value < -2.9 && point.read_at == at(1_234)));
        assert!(points.is_sorted_by_key(|point| point.read_at));
    }
}
