//! The code pages of the virtual printer: what it prints for a byte from 80h on.
//!
//! Pure. Written out from the Unicode mapping tables, and on purpose not from [`receipt_printer::encoder`]: the printer
//! must not share a mistake with what is sent to it.
//!
//! **Invariant:** every byte prints as exactly one character.

use receipt_printer::profile::CodePages;

/// The character that `byte` prints as under `ESC t page`.
///
/// A page the model lacks is the one it starts with, 437: so a wrong number shows as the wrong letters it causes.
pub fn character(byte: u8, page: u8, pages: CodePages) -> char {
    let Some(high) = byte.checked_sub(0x80) else { return char::from(byte) };
    let table = if page == pages.pc850 {
        PC850
    } else if Some(page) == pages.pc865 {
        PC865
    } else if Some(page) == pages.pc858 {
        PC858
    } else if Some(page) == pages.wpc1252 {
        WPC1252
    } else {
        PC437
    };
    match table.chars().nth(usize::from(high)) {
        Some('\u{A0}' | '\u{AD}') | None => ' ',
        Some(character) => character,
    }
}

/// United States: what every printer starts with.
const PC437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}\
    ";

/// Latin 1, multilingual.
const PC850: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}\
    ";

/// 850 with the euro sign.
const PC858: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}\
    ";

/// Nordic.
const PC865: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}\
    ";

/// Windows Latin 1.
const WPC1252: &str = "\
    €\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ\
    \u{A0}¡¢£¤¥¦§¨©ª«¬\u{AD}®¯°±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß\
    àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ\
    ";

#[cfg(test)]
mod tests {
    use receipt_printer::Profile;

    use super::*;

    #[test]
    fn every_table_has_a_character_for_every_byte() {
        for table in [PC437, PC850, PC858, PC865, WPC1252] {
            assert_eq!(table.chars().count(), 128);
        }
    }

    #[test]
    fn the_classic_failure_looks_as_it_does_on_paper() {
        let pages = Profile::tm_t20iii().pages;
        let print = |page| b"R\x9Bdgr\x9Bd".iter().map(|byte| character(*byte, page, pages)).collect::<String>();
        assert_eq!(print(2), "Rødgrød");
        assert_eq!(print(0), "R¢dgr¢d");
    }
}
