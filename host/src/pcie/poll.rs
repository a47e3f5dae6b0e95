//! Waiting without interrupts: looking again and again, at first without a pause.

use std::time::{Duration, Instant};

/// For so long there is no pause: the time of a short job.
const SPIN: Duration = Duration::from_micros(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_millis(1);
/// A pause is this part of what was waited before: so much longer than needed a wait is at most.
const PART: u32 = 8;

/// The pause after having waited for so long.
fn pause(waited: Duration) -> Option<Duration> {
    (waited >= SPIN).then(|| (waited / PART).min(LONGEST))
}

/// Looks until there is something, or `deadline` passes; which of the two it was.
///
/// # Errors
/// Those of `look`.
pub(super) fn until<E>(
    deadline: Instant,
    mut look: impl FnMut() -> Result<bool, E>,
) -> Result<bool, E> {
    let start = Instant::now();
    loop {
        if look()? {
            return Ok(true);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        match pause(start.elapsed()) {
            None => std::hint::spin_loop(),
            Some(pause) => std::thread::sleep(pause.min(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_none_to_the_longest() {
        assert_eq!(pause(Duration::ZERO), None);
        assert_eq!(pause(Duration::from_micros(49)), None);
        assert_eq!(
            pause(Duration::from_micros(80)),
            Some(Duration::from_micros(10))
        );
        assert_eq!(
            pause(Duration::from_millis(4)),
            Some(Duration::from_micros(500))
        );
        assert_eq!(
            pause(Duration::from_secs(60)),
            Some(Duration::from_millis(1))
        );
    }

    #[test]
    fn ends_with_something_an_error_or_the_deadline() {
        let far = Instant::now() + Duration::from_secs(60);
        let mut looks = 0;
        let found = until(far, || {
            looks += 1;
            Ok::<_, ()>(looks == 3)
        });
        assert_eq!((found, looks), (Ok(true), 3));
        assert_eq!(until(far, || Err("gone")), Err("gone"));
        let start = Instant::now();
        let near = start + Duration::from_millis(5);
        assert_eq!(until(near, || Ok::<_, ()>(false)), Ok(false));
        assert!(Instant::now() >= near);
        // Even a deadline that has passed allows one look.
        assert_eq!(until(start, || Ok::<_, ()>(true)), Ok(true));
    }
}
