//! Where one printer command ends and the next begins, in bytes that [`crate::escpos`] made.
//!
//! Pure. The sender needs it: a status query may stand between two commands, never inside one, where it would be
//! printed as part of a picture. It also tells how long the paper of a job will be.
//!
//! **Invariant:** [`length`] of a non-empty slice is at least 1 and at most its length, whatever the bytes are.

use std::time::Duration;

use crate::profile::Profile;

/// From the first byte to the first dot, and the cut itself: measured on desk models, in milliseconds.
const START_AND_CUT_MS: usize = 500;
/// From the dot line to the blade, in millimetres.
const BLADE_MM: usize = 15;
/// Height of the largest QR code we send: version 13 at 6 dots a module, in dots.
const QR_DOTS: usize = 69 * 6;
/// Bars, gap and text of a CODE128, in dots.
const CODE128_DOTS: usize = 60 + 30;

/// How many bytes the command, or the run of text, at the start of `bytes` takes.
#[must_use]
pub fn length(bytes: &[u8]) -> usize {
    let whole = match bytes {
        [0x1B | 0x1C, b'@' | b'.', ..] => 2,
        [0x1B, b'p', ..] => 5,
        [0x1D, b'(', _, low, high, ..] => 5 + word(*low, *high),
        [0x1D, b'v', _, _, x_low, x_high, y_low, y_high, ..] => 8 + word(*x_low, *x_high) * word(*y_low, *y_high),
        [0x1D, b'V', 65..=u8::MAX, ..] => 4,
        [0x1D, b'k', 65..=u8::MAX, count, ..] => 4 + usize::from(*count),
        [0x10 | 0x1B | 0x1D, _, _, ..] => 3,
        [0x20..=u8::MAX, ..] => bytes.iter().take_while(|byte| **byte >= 0x20).count(),
        _ => 1,
    };
    whole.min(bytes.len())
}

/// The largest number of bytes, at most `limit`, that ends between two commands; a single longer command is whole.
#[must_use]
pub fn chunk(bytes: &[u8], limit: usize) -> usize {
    let mut end = 0;
    while end < bytes.len() {
        let next = end + length(&bytes[end..]);
        if end > 0 && next > limit {
            break;
        }
        end = next;
    }
    end
}

/// How long the paper of this job is, roughly, in millimetres: what is counted against a roll.
#[must_use]
pub fn paper_mm(bytes: &[u8], profile: &Profile) -> usize {
    let mut dots = 0;
    let mut cuts = 0;
    let (mut height, mut tallest) = (1, 1);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (command, after) = rest.split_at(length(rest));
        match command {
            [0x0A] => {
                dots += profile.line_dots.max(24 * tallest);
                tallest = height;
            }
            [0x1D, b'!', size] => {
                height = usize::from(size & 0x07) + 1;
                tallest = tallest.max(height);
            }
            [0x1D, b'v', _, _, _, _, low, high, ..] => dots += word(*low, *high),
            [0x1D, b'(', b'k', _, _, _, 0x51, ..] => dots += QR_DOTS,
            [0x1D, b'k', ..] => dots += CODE128_DOTS,
            [0x1D, b'V', ..] => cuts += 1,
            _ => {}
        }
        rest = after;
    }
    profile.millimetres(dots) + cuts * BLADE_MM
}

/// How long the printer is busy with this job once it has it all.
#[must_use]
pub fn paper_time(bytes: &[u8], profile: &Profile) -> Duration {
    let moving = paper_mm(bytes, profile) * 1000 / profile.speed_mm_s.max(1);
    Duration::from_millis(u64::try_from(moving + START_AND_CUT_MS).unwrap_or(u64::MAX))
}

fn word(low: u8, high: u8) -> usize {
    usize::from(u16::from_le_bytes([low, high]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_end_where_they_end() {
        let commands: [&[u8]; 12] = [
            &[0x1B, 0x40],
            &[0x1C, 0x2E],
            &[0x1B, 0x74, 2],
            b"Br\x9Bd 10,00 kr.",
            &[0x0A],
            &[0x1B, 0x70, 0, 25, 250],
            &[0x1D, 0x28, 0x6B, 4, 0, 0x31, 0x41, 0x32, 0],
            &[0x1D, 0x6B, 0x49, 4, 0x7B, 0x42, b'A', b'B'],
            &[0x1D, 0x76, 0x30, 0, 1, 0, 3, 0, 0x0A, 0x1B, 0x40],
            &[0x1D, 0x56, 66, 0],
            &[0x1D, 0x28, 0x48, 6, 0, 0x30, 0x30, b'a', b'b', b'c', b'd'],
            &[0x1D, 0x72, 1],
        ];
        let bytes = commands.concat();
        let mut rest = &bytes[..];
        for command in commands {
            assert_eq!(length(rest), command.len(), "{command:02x?}");
            rest = &rest[command.len()..];
        }
    }

    #[test]
    fn a_chunk_ends_between_commands() {
        let picture = [&[0x1D, 0x76, 0x30, 0, 2, 0, 200, 0][..], &[0x55; 400][..]].concat();
        let bytes = [b"abc\n", &picture[..], b"def\n"].concat();
        assert_eq!(chunk(&bytes, 100), 4);
        assert_eq!(chunk(&bytes[4..], 100), picture.len());
        assert_eq!(chunk(&bytes, 4096), bytes.len());
    }

    #[test]
    fn the_paper_of_forty_lines_takes_a_second() {
        let mut bytes = b"x\n".repeat(40);
        bytes.extend([0x1D, 0x56, 66, 0]);
        let profile = Profile::tm_t20iii();
        assert_eq!(paper_mm(&bytes, &profile), 166);
        assert_eq!(paper_time(&bytes, &profile), Duration::from_millis(1164));
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_to_the_end(bytes: Vec<u8>, limit in 1usize..64) {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let taken = chunk(rest, limit);
                prop_assert!(taken >= 1 && taken <= rest.len());
                rest = &rest[taken..];
            }
        }
    }
}
