//! Memory whose physical addresses a driver may hand to a card: huge pages, which the kernel does not
//! swap out, locked, at consecutive physical addresses.
//!
//! Where they are stands in `/proc/self/pagemap` (Documentation/admin-guide/mm/pagemap.rst), for root only.

use super::dma::{DmaMemory, HUGE_PAGE, pages};
use super::{Address, Obstacle, PcieError, Roots};
use memmap2::MmapRaw;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

const PAGEMAP: &str = "/proc/self/pagemap";
/// Bytes that an entry of it stands for.
const PAGE: u64 = 4096;
/// Bits of an entry: the number of the page frame, and whether there is one.
const FRAME: u64 = (1 << 55) - 1;
const PRESENT: u64 = 1 << 63;

/// More pages than wanted are taken, up to so many times as many: freed ones are not in a row.
const MOST: usize = 16;

/// The physical address in an entry of the pagemap; `None` if the kernel hides it or there is no page.
fn physical(entry: u64) -> Option<u64> {
    let frame = entry & FRAME;
    (entry & PRESENT != 0 && frame != 0).then_some(frame * PAGE)
}

/// Which of these huge pages are the longest row of consecutive ones, in the order of their addresses.
fn longest_row(addresses: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..addresses.len()).collect();
    order.sort_unstable_by_key(|&index| addresses[index]);
    let follows =
        |&a: &usize, &b: &usize| addresses[a].checked_add(HUGE_PAGE as u64) == Some(addresses[b]);
    let rows = order.chunk_by(follows);
    rows.rev()
        .max_by_key(|row| row.len())
        .unwrap_or_default()
        .to_vec()
}

/// Huge pages that memory of so many bytes takes.
pub(super) const fn count(bytes: usize) -> usize {
    bytes.div_ceil(HUGE_PAGE)
}

/// Huge pages that nobody has, if the kernel knows of huge pages of this size.
pub(super) fn free(roots: &Roots) -> Option<usize> {
    let path = "kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
    let text = read_to_string(roots.sys.join(path)).ok()?;
    text.trim().parse().ok()
}

/// The physical address of a huge page that is present.
fn address_of(page: &MmapRaw, pagemap: &File) -> Result<u64, PcieError> {
    let mut entry = [0; 8];
    let at = page.as_ptr() as u64 / PAGE * entry.len() as u64;
    pagemap
        .read_exact_at(&mut entry, at)
        .map_err(PcieError::file("read", PAGEMAP))?;
    physical(u64::from_ne_bytes(entry)).ok_or(PcieError::HiddenAddresses)
}

/// Memory at consecutive physical addresses, for the card at `card`.
///
/// # Errors
/// There are not enough huge pages, or not in a row; the kernel hides where they are.
pub(super) fn allocate(card: Address, bytes: usize) -> Result<DmaMemory, PcieError> {
    let wanted = count(bytes);
    let pagemap = File::open(PAGEMAP).map_err(PcieError::file("open", PAGEMAP))?;
    let mut taken = Vec::new();
    let mut addresses = Vec::new();
    let mut row = Vec::new();
    while row.len() < wanted && taken.len() < MOST * wanted {
        // An error means that there are no more of them.
        let Ok(page) = pages(HUGE_PAGE, true) else {
            break;
        };
        page.lock().map_err(PcieError::system("lock memory"))?;
        addresses.push(address_of(&page, &pagemap)?);
        taken.push(Some(page));
        row = longest_row(&addresses);
    }
    row.truncate(wanted);
    match row.first() {
        Some(&first) if row.len() == wanted => {
            let segments = row.iter().filter_map(|&index| taken[index].take());
            let segments = segments.collect();
            Ok(DmaMemory::new(addresses[first], HUGE_PAGE, segments))
        }
        _ => Err(PcieError::Blocked {
            address: card,
            obstacle: Obstacle::HugePages {
                wanted,
                free: row.len(),
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn entries_give_addresses_only_where_there_is_a_page() {
        assert_eq!(physical(0x8180_0000_0012_3400), Some(0x1_2340_0000));
        // Swapped out, and not shown without the privilege to see it.
        assert_eq!(physical(0x4000_0000_0012_3400), None);
        assert_eq!(physical(0x8180_0000_0000_0000), None);
    }

    #[test]
    fn rows_are_found_in_any_order() {
        let addresses = [40, 12, 2, 10, 8, 44, 42].map(|megabytes| megabytes * MB);
        assert_eq!(longest_row(&addresses), [4, 3, 1]);
        assert_eq!(longest_row(&[]), [0; 0]);
        assert_eq!(longest_row(&[6 * MB]), [0]);
        // Neither far apart nor at twice the same place.
        assert_eq!(longest_row(&[6 * MB, 10 * MB]), [0]);
        assert_eq!(longest_row(&[6 * MB, 6 * MB]).len(), 1);
        assert_eq!(longest_row(&[u64::MAX - MB, MB]).len(), 1);
    }

    #[test]
    fn memory_takes_whole_pages() {
        assert_eq!([1, 2 << 20, (2 << 20) + 1].map(count), [1, 1, 2]);
    }

    #[test]
    fn reads_how_many_are_free() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("kernel/mm/hugepages/hugepages-2048kB");
        let roots = Roots {
            sys: root.path().into(),
            dev: root.path().into(),
        };
        assert_eq!(free(&roots), None);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("free_hugepages"), "12\n").unwrap();
        assert_eq!(free(&roots), Some(12));
    }

    proptest! {
        #[test]
        fn a_row_is_one_and_no_longer_one_exists(pages in proptest::collection::vec(0u64..24, 0..16)) {
            let addresses: Vec<u64> = pages.iter().map(|page| page * HUGE_PAGE as u64).collect();
            let row = longest_row(&addresses);
            for pair in row.windows(2) {
                prop_assert_eq!(pages[pair[0]] + 1, pages[pair[1]]);
            }
            let longest = (0..24)
                .map(|start| (start..24).take_while(|page| pages.contains(page)).count())
                .max();
            // A page at the same place twice, which cannot be, may only cut rows.
            let mut unique = pages.clone();
            unique.sort_unstable();
            unique.dedup();
            if unique.len() == pages.len() {
                prop_assert_eq!(Some(row.len()), longest);
            }
        }
    }
}
