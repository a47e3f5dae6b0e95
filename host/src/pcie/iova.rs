//! Bus addresses behind an IOMMU: which ones it translates, and which of them to take.

use std::ops::RangeInclusive;
use vfio_bindings::bindings::vfio::{
    VFIO_IOMMU_INFO_CAPS, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, vfio_info_cap_header,
    vfio_iommu_type1_info, vfio_iommu_type1_info_cap_iova_range, vfio_iova_range,
};

/// Addresses are multiples of it, and not 0: of a huge page.
const ALIGNMENT: u64 = super::dma::HUGE_PAGE as u64;

/// A number at a byte offset, if it is there.
fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<[u8; BYTES]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    number(bytes, at).map(u64::from_ne_bytes)
}

/// The ranges that the answer to `VFIO_IOMMU_GET_INFO` names; none if it names none, or is cut off.
pub(super) fn ranges(info: &[u8]) -> Vec<RangeInclusive<u64>> {
    capability(info)
        .and_then(|at| {
            let count = std::mem::offset_of!(vfio_iommu_type1_info_cap_iova_range, nr_iovas);
            let first = at + size_of::<vfio_iommu_type1_info_cap_iova_range>();
            let count = u32_at(info, at + count)? as usize;
            let ranges = info
                .get(first..)?
                .chunks_exact(size_of::<vfio_iova_range>());
            let range = |range: &[u8]| Some(u64_at(range, 0)?..=u64_at(range, size_of::<u64>())?);
            ranges.take(count).map(range).collect()
        })
        .unwrap_or_default()
}

/// Where the capability with the ranges begins.
fn capability(info: &[u8]) -> Option<usize> {
    let flags = u32_at(info, std::mem::offset_of!(vfio_iommu_type1_info, flags))?;
    if flags & VFIO_IOMMU_INFO_CAPS == 0 {
        return None;
    }
    let mut at = u32_at(
        info,
        std::mem::offset_of!(vfio_iommu_type1_info, cap_offset),
    )? as usize;
    loop {
        let id = u16::from_ne_bytes(number(info, at)?);
        if u32::from(id) == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE {
            return Some(at);
        }
        let next = u32_at(info, at + std::mem::offset_of!(vfio_info_cap_header, next))? as usize;
        // Each one lies behind the one before; the last one has 0 here.
        if next <= at {
            return None;
        }
        at = next;
    }
}

/// The lowest address from which on `bytes` bytes lie in one of the ranges.
pub(super) fn choose(ranges: &[RangeInclusive<u64>], bytes: usize) -> Option<u64> {
    let last = (bytes as u64).checked_sub(1)?;
    let fitting = ranges.iter().filter_map(|range| {
        let start = (*range.start())
            .max(ALIGNMENT)
            .checked_next_multiple_of(ALIGNMENT)?;
        (start.checked_add(last)? <= *range.end()).then_some(start)
    });
    fitting.min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An answer with a capability of another kind before the one with the ranges, as the kernel lays it
    /// out (linux/vfio.h).
    fn answer(ranges: &[(u64, u64)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let words = |bytes: &mut Vec<u8>, words: &[u32]| {
            words
                .iter()
                .for_each(|word| bytes.extend(word.to_ne_bytes()));
        };
        // argsz, flags (page sizes, capabilities), page sizes, offset of the first capability, padding
        words(&mut bytes, &[0, 3, 0x1000, 0, 24, 0]);
        // DMA_AVAIL: id 3, version 1; next; 65535 mappings; padding
        words(&mut bytes, &[0x1_0003, 40, 65535, 0]);
        // IOVA_RANGE: id 1, version 1; no next; count; reserved
        words(&mut bytes, &[0x1_0001, 0, ranges.len() as u32, 0]);
        for (start, end) in ranges {
            bytes.extend(start.to_ne_bytes());
            bytes.extend(end.to_ne_bytes());
        }
        bytes
    }

    /// Those of Intel's IOMMU with 39 bits: all but the window of message-signalled interrupts.
    const INTEL: [(u64, u64); 2] = [(0, 0xfedf_ffff), (0xfef0_0000, 0x7f_ffff_ffff)];

    #[test]
    fn finds_the_ranges_behind_other_capabilities() {
        let found = ranges(&answer(&INTEL));
        assert_eq!(found, [0..=0xfedf_ffff, 0xfef0_0000..=0x7f_ffff_ffff]);
    }

    #[test]
    fn cut_off_and_circular_answers_have_no_ranges_beyond_their_end() {
        let whole = answer(&INTEL);
        for length in 0..whole.len() {
            assert!(ranges(&whole[..length]).len() < 2, "{length}");
        }
        let mut circular = whole.clone();
        circular[28..32].copy_from_slice(&24u32.to_ne_bytes());
        assert!(ranges(&circular).is_empty());
        let mut without = whole;
        without[4] = 1;
        assert!(ranges(&without).is_empty());
    }

    #[test]
    fn takes_the_lowest_address_that_fits_and_is_not_null() {
        let intel = [0..=0xfedf_ffff, 0xfef0_0000..=0x7f_ffff_ffff];
        assert_eq!(choose(&intel, 10 << 20), Some(2 << 20));
        assert_eq!(choose(&intel, 0xfec0_0000), Some(2 << 20));
        // One byte more does not fit below the interrupts.
        assert_eq!(choose(&intel, 0xfec0_0001), Some(0xff00_0000));
        assert_eq!(choose(&intel, 1 << 40), None);
        assert_eq!(choose(&[0..=0x1f_ffff], 1), None);
        assert_eq!(choose(&[0..=u64::MAX], 0), None);
        assert_eq!(choose(&[u64::MAX - 1..=u64::MAX], 1), None);
        assert_eq!(choose(&[], 1), None);
    }

    proptest! {
        #[test]
        fn the_choice_lies_in_a_range(
            ranges in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..6),
            bytes in 1usize..1 << 40,
        ) {
            let ranges: Vec<_> = ranges.into_iter().map(|(a, b)| a.min(b)..=a.max(b)).collect();
            if let Some(start) = choose(&ranges, bytes) {
                let end = start + (bytes as u64 - 1);
                prop_assert!(start > 0 && start % (2 << 20) == 0);
                prop_assert!(ranges.iter().any(|r| r.contains(&start) && r.contains(&end)));
            }
        }
    }
}
