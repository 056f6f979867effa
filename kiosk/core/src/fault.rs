//! Everything that can be wrong with the kiosk, by name.
//!
//! Pure. **Invariant:** the list is closed: each fault has a weight here, and a screen, a sentence in both languages and a test
//! elsewhere.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The disk does not take an operation.
    Disk,
    /// The server does not know this kiosk, or no longer.
    NotEnrolled,
    /// Kiosk and server speak different versions.
    WrongVersion,
    /// The server has not been heard for longer than the school allows.
    OfflineTooLong,
    /// pcscd is not running.
    ReaderService,
    /// No card reader.
    NoReader,
    /// The card reader does not work.
    ReaderFault,
    /// The server is out of reach; orders are kept and sent later.
    Offline,
    /// The server answers and takes no orders of this kiosk's; they are kept, and the offline limits hold.
    Unsent,
    /// The printer has no paper.
    PaperOut,
    /// The printer's cover is open.
    CoverOpen,
    /// The printer's knife is stuck.
    Cutter,
    /// The printer reports another error.
    PrinterFault,
    /// The printer does not answer.
    PrinterGone,
}

/// What a fault does to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Nobody can be served: a full screen says so.
    Stops,
    /// Something is missing: a line on the screen says what.
    Limits,
}

impl Fault {
    /// Every fault, the gravest first.
    pub const ALL: [Self; 14] = [
        Self::Disk,
        Self::NotEnrolled,
        Self::WrongVersion,
        Self::OfflineTooLong,
        Self::ReaderService,
        Self::NoReader,
        Self::ReaderFault,
        Self::Offline,
        Self::Unsent,
        Self::PaperOut,
        Self::CoverOpen,
        Self::Cutter,
        Self::PrinterFault,
        Self::PrinterGone,
    ];

    /// What it does to a visit.
    #[must_use]
    pub const fn weight(self) -> Weight {
        match self {
            Self::Disk
            | Self::NotEnrolled
            | Self::WrongVersion
            | Self::OfflineTooLong
            | Self::ReaderService
            | Self::NoReader
            | Self::ReaderFault => Weight::Stops,
            Self::Offline
            | Self::Unsent
            | Self::PaperOut
            | Self::CoverOpen
            | Self::Cutter
            | Self::PrinterFault
            | Self::PrinterGone => Weight::Limits,
        }
    }
}
