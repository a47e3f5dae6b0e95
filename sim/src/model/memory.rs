//! Memory by what it is for: keys on large pages, a thread's buffers on whole cache lines.
//!
//! A key is far larger than what a CPU's tables of pages reach, and is read as a whole for every
//! group of ciphertexts. A vector load or store that crosses two cache lines takes twice as long,
//! and `Vec<u64>` begins anywhere.

use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the longest vectors.
const LINE: usize = 64;

/// Alignment and multiple of huge pages on x86-64, and on aarch64 with pages of 4 KiB.
#[cfg(target_os = "linux")]
const HUGE_PAGE: usize = 2 << 20;

/// `count` times `value`, on huge pages where the system gives them.
pub(super) fn on_huge_pages<T: Copy>(value: T, count: usize) -> Vec<T> {
    let mut elements = Vec::with_capacity(count);
    // Before the memory is first touched: pages that are there stay as they are.
    advise(elements.spare_capacity_mut());
    elements.resize(count, value);
    elements
}

/// Asks for huge pages within `memory`; nothing depends on the answer.
#[cfg(target_os = "linux")]
fn advise<T>(memory: &mut [MaybeUninit<T>]) {
    use rustix::mm::{Advice, madvise};
    let range = memory.as_mut_ptr_range();
    let (start, end) = (range.start.addr(), range.end.addr());
    let aligned = start.next_multiple_of(HUGE_PAGE);
    let Some(length) = (end / HUGE_PAGE * HUGE_PAGE).checked_sub(aligned) else {
        return;
    };
    if length > 0 {
        let first = range.start.cast::<u8>().wrapping_add(aligned - start);
        // SAFETY: whole pages within memory that is borrowed for writing. The advice changes no
        // byte of it, only what physical memory it will have.
        let _ = unsafe { madvise(first.cast(), length, Advice::LinuxHugepage) };
    }
}

/// Other systems have their own ways, and choose by themselves.
#[cfg(not(target_os = "linux"))]
fn advise<T>(_memory: &mut [MaybeUninit<T>]) {}

/// Zeros, or what they were replaced by, from the beginning of a cache line on.
pub(super) struct Lines<T> {
    elements: Vec<T>,
    /// Elements before the line.
    skipped: usize,
}

impl<T: Copy + Default> Lines<T> {
    pub(super) fn new(count: usize) -> Self {
        let elements = vec![T::default(); count + LINE / size_of::<T>()];
        // As many as are spare, at most: an element's size divides a line's.
        let skipped = elements.as_ptr().align_offset(LINE);
        let mut lines = Self { elements, skipped };
        lines.elements.truncate(skipped + count);
        lines
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.elements.get(self.skipped..).unwrap_or_default()
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.elements.get_mut(self.skipped..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, Lines, on_huge_pages};

    #[test]
    fn vectors_have_their_values_at_all_sizes() {
        for count in [0, 1, 4_095, (4 << 20) + 3] {
            let vector = on_huge_pages(7_u16, count);
            assert_eq!(vector.len(), count);
            assert!(vector.iter().all(|&value| value == 7));
        }
    }

    #[test]
    fn lines_begin_on_a_line() {
        for count in [0, 1, 7, 8, 1_000] {
            let mut words = Lines::<u64>::new(count);
            assert_eq!(*words, vec![0; count]);
            assert!(words.as_ptr().addr().is_multiple_of(LINE));
            words.fill(9);
            let digits = Lines::<i32>::new(count);
            assert_eq!(digits.len(), count);
            assert!(digits.as_ptr().addr().is_multiple_of(LINE));
        }
    }

    /// QEMU's user mode, in which the tests run for other CPUs, does not show what was asked for.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn the_system_is_asked_for_huge_pages() {
        let vector = on_huge_pages(1_u8, 16 << 20);
        let middle = vector.as_ptr().addr() + vector.len() / 2;
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("this process' memory");
        let mut within = false;
        for line in maps.lines() {
            let range = line
                .split_once(' ')
                .and_then(|(range, _)| range.split_once('-'));
            if let Some((start, end)) = range
                && let Ok(start) = usize::from_str_radix(start, 16)
                && let Ok(end) = usize::from_str_radix(end, 16)
            {
                within = (start..end).contains(&middle);
            }
            if within && let Some(flags) = line.strip_prefix("VmFlags:") {
                // Where the kernel was built without them, there is no such advice to give.
                let built = std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists();
                assert!(
                    !built || flags.split(' ').any(|flag| flag == "hg"),
                    "{flags}"
                );
                return;
            }
        }
        panic!("the vector lies in no mapping of this process");
    }
}
