//! Danish postcodes and the towns that belong to them, as PostNord and the Danish address register have them.
//!
//! Pure. **Invariant:** a postcode that is not in the list is not wrong: its town is typed by hand.

/// `8766 Nørre Snede`, one a line; `1050-1473 København K` where every code of a run belongs to one town.
const TOWNS: &str = include_str!("postcodes.txt");

/// The town of a postcode of four digits.
#[must_use]
pub fn town_of(postcode: &str) -> Option<&'static str> {
    let wanted = number(postcode)?;
    let found = lines().find(|(first, last, _)| (*first..=*last).contains(&wanted));
    found.map(|(_, _, town)| town)
}

fn lines() -> impl Iterator<Item = (u16, u16, &'static str)> {
    TOWNS.lines().filter_map(|line| {
        let (codes, town) = line.split_once(' ')?;
        let (first, last) = codes.split_once('-').unwrap_or((codes, codes));
        Some((number(first)?, number(last)?, town))
    })
}

fn number(postcode: &str) -> Option<u16> {
    let four = postcode.len() == 4 && postcode.bytes().all(|b| b.is_ascii_digit());
    postcode.parse().ok().filter(|_| four)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProfileChange;

    #[test]
    fn a_postcode_names_its_town() {
        for (postcode, town) in [
            ("8766", "Nørre Snede"),
            ("1260", "København K"),
            ("1799", "København V"),
            ("1950", "Frederiksberg C"),
            ("2300", "København S"),
            ("3700", "Rønne"),
            ("5000", "Odense C"),
            ("6700", "Esbjerg"),
            ("8000", "Aarhus C"),
            ("9990", "Skagen"),
        ] {
            assert_eq!(town_of(postcode), Some(town), "{postcode}");
        }
        for none in ["", "0000", "876", "87666", "9999", "87é", "+876", "abcd"] {
            assert_eq!(town_of(none), None, "{none}");
        }
    }

    #[test]
    fn the_list_is_in_order_without_doubles_and_fits_the_field() {
        let read: Vec<_> = lines().collect();
        assert_eq!(read.len(), TOWNS.lines().count(), "every line is one");
        assert!(read.len() > 550);
        assert!(read.windows(2).all(|two| two[0].1 < two[1].0), "{read:?}");
        for (first, last, town) in read {
            assert!(
                first <= last && town.trim() == town && !town.is_empty() && town.chars().count() <= ProfileChange::TOWN
            );
        }
    }
}
