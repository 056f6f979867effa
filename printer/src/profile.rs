//! What a printer model can do, as data.
//!
//! Pure. Values from the makers' data sheets and from `capabilities.json` of escpos-printer-db (CC-BY-4.0); none has
//! been confirmed on a real device yet.
//!
//! **Invariant:** every number that layout, bytes or waiting depend on comes from here; no other module asks for a model
//! by name.

use std::str::FromStr;

/// The names [`Profile::parse`] knows.
pub const PROFILE_NAMES: [&str; 4] = ["tm-t20iii", "tm-t88v", "generic-80", "generic-58"];

/// How the paper ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The blade leaves a bridge of paper, so that a receipt does not fall on the floor: `GS V 66 0`.
    Partial,
    /// The blade cuts through: `GS V 65 0`.
    Full,
    /// There is no blade: so many lines are fed and a person tears.
    None {
        /// Lines to feed past the tear bar.
        feed: u8,
    },
}

/// Whether the printer can be asked how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusSupport {
    /// It answers; silence is a fault.
    Answers,
    /// Nobody knows: it is asked, and when it says nothing the job is sent all the same.
    AskAndSee,
}

/// The number (`n` of `ESC t n`) of a code page on this model, where it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePages {
    /// Latin 1 multilingual: what we print with.
    pub pc850: u8,
    /// Nordic.
    pub pc865: Option<u8>,
    /// 850 with the euro sign.
    pub pc858: Option<u8>,
    /// Windows Latin 1.
    pub wpc1252: Option<u8>,
}

/// A printer model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// One of [`PROFILE_NAMES`].
    pub name: &'static str,
    /// Width of the roll in millimetres.
    pub paper_mm: usize,
    /// Dots across that can be printed.
    pub dots: usize,
    /// Dots in an inch.
    pub dpi: usize,
    /// Characters of font A across.
    pub columns: usize,
    /// Characters of font B across, where known.
    pub columns_font_b: Option<usize>,
    /// Where its code pages are.
    pub pages: CodePages,
    /// The page to print with, `n` of `ESC t n`: [`CodePages::pc850`] unless the commissioning page said otherwise.
    pub code_page: u8,
    /// Send `ESC R 0`, for a printer whose switches turn `[ \ ]` into letters.
    pub national_usa: bool,
    /// How the paper ends.
    pub cut: Cut,
    /// It draws QR codes itself; otherwise they are sent as a picture.
    pub native_qr: bool,
    /// It draws CODE128 itself.
    pub native_code128: bool,
    /// It has a plug for a cash drawer.
    pub drawer: bool,
    /// Whether `DLE EOT` is answered.
    pub status: StatusSupport,
    /// It tells of changes by itself (`GS a`).
    pub automatic_status: bool,
    /// It answers `GS ( H` when a job has been printed.
    pub process_id: bool,
    /// It answers `GS r 1` when the command's turn has come.
    pub processed_mark: bool,
    /// It can be told not to obey `DLE DC4` inside picture data (`GS ( D`).
    pub real_time_switch: bool,
    /// It feels that the roll is nearly empty. Without it millimetres have to be counted.
    pub near_end_sensor: bool,
    /// Receive buffer in bytes.
    pub buffer: usize,
    /// Dots from one line to the next.
    pub line_dots: usize,
    /// Paper speed in millimetres a second.
    pub speed_mm_s: usize,
}

/// No printer model of that name is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no printer profile is called {0:?}; there are: tm-t20iii, tm-t88v, generic-80, generic-58")]
pub struct UnknownProfile(pub String);

impl Profile {
    /// The profile of that name.
    pub fn parse(name: &str) -> Result<Self, UnknownProfile> {
        match name {
            "tm-t20iii" => Ok(Self::tm_t20iii()),
            "tm-t88v" => Ok(Self::tm_t88v()),
            "generic-80" => Ok(Self::generic_80()),
            "generic-58" => Ok(Self::generic_58()),
            _ => Err(UnknownProfile(name.to_owned())),
        }
    }

    /// Epson TM-T20III, 80 mm.
    #[must_use]
    pub fn tm_t20iii() -> Self {
        Self {
            name: "tm-t20iii",
            paper_mm: 80,
            dots: 576,
            dpi: 203,
            columns: 48,
            columns_font_b: Some(64),
            pages: CodePages { pc850: 2, pc865: Some(5), pc858: Some(19), wpc1252: Some(16) },
            code_page: 2,
            national_usa: false,
            cut: Cut::Partial,
            native_qr: true,
            native_code128: true,
            drawer: true,
            status: StatusSupport::Answers,
            automatic_status: true,
            process_id: true,
            processed_mark: true,
            real_time_switch: true,
            near_end_sensor: false,
            buffer: 4096,
            line_dots: 30,
            speed_mm_s: 250,
        }
    }

    /// Epson TM-T88V, 80 mm at 180 dpi.
    #[must_use]
    pub fn tm_t88v() -> Self {
        Self {
            name: "tm-t88v",
            dots: 512,
            dpi: 180,
            columns: 42,
            columns_font_b: None,
            near_end_sensor: true,
            speed_mm_s: 350,
            ..Self::tm_t20iii()
        }
    }

    /// Any 80 mm printer with 576 dots that speaks ESC/POS.
    #[must_use]
    pub fn generic_80() -> Self {
        Self {
            name: "generic-80",
            columns_font_b: None,
            native_qr: false,
            native_code128: true,
            status: StatusSupport::AskAndSee,
            automatic_status: false,
            process_id: false,
            processed_mark: false,
            real_time_switch: false,
            speed_mm_s: 160,
            ..Self::tm_t20iii()
        }
    }

    /// Any 58 mm printer (POS-5890, ZJ-5870): no blade, no QR codes of its own.
    #[must_use]
    pub fn generic_58() -> Self {
        Self {
            name: "generic-58",
            paper_mm: 58,
            dots: 384,
            columns: 32,
            pages: CodePages { pc850: 2, pc865: Some(58), pc858: None, wpc1252: Some(71) },
            cut: Cut::None { feed: 4 },
            speed_mm_s: 60,
            ..Self::generic_80()
        }
    }

    /// Whether a person tears the paper off.
    #[must_use]
    pub fn cut_is_by_hand(&self) -> bool {
        matches!(self.cut, Cut::None { .. })
    }

    /// How far so many dots reach down the paper, in millimetres, rounded up.
    #[must_use]
    pub fn millimetres(&self, dots: usize) -> usize {
        (dots * 254).div_ceil(self.dpi * 10)
    }

    /// Dots from one edge of the roll to the other; the printed dots stand in the middle.
    #[must_use]
    pub fn paper_dots(&self) -> usize {
        self.paper_mm * self.dpi * 10 / 254
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::parse(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::glyph::CELL_WIDTH;

    #[test]
    fn every_name_is_a_profile_whose_columns_fit_its_dots() {
        for name in PROFILE_NAMES {
            let profile = Profile::parse(name).unwrap();
            assert_eq!(profile.name, name);
            assert!(profile.columns * CELL_WIDTH <= profile.dots, "{name}");
            assert!(profile.dots < profile.paper_dots(), "{name}");
            assert_eq!(profile.dots % 8, 0, "{name}: raster rows are whole bytes");
        }
    }

    #[test]
    fn an_unknown_name_says_what_there_is() {
        let message = Profile::parse("laserjet").unwrap_err().to_string();
        assert!(PROFILE_NAMES.iter().all(|name| message.contains(name)), "{message}");
    }
}
