//! The encoder against the code pages as Python 3.11 has them.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use receipt_printer::encoder::{COMMON, byte, encode, printable};

// python3 -c "print(''.join(bytes([i]).decode('cp850') for i in range(128, 256)))", and so on.
const CP850: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}\
    ";
const CP858: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}\
    ";
const CP865: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}\
    ";

/// What Python's codec makes of a byte.
fn python(table: &str, byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(high) => table.chars().nth(usize::from(high)).unwrap(),
    }
}

#[test]
fn the_common_characters_are_what_the_three_pages_agree_on() {
    let agreed: Vec<(char, u8)> = (0x80..=0xFF)
        .map(|byte| (python(CP850, byte), byte))
        .filter(|(character, byte)| *character == python(CP858, *byte) && *character == python(CP865, *byte))
        .filter(|(character, _)| *character != '\u{A0}')
        .collect();
    assert_eq!(agreed, COMMON);
}

proptest! {
    /// Whatever was typed: the bytes read back, under any of the three pages, are the printable text, one a column.
    #[test]
    fn bytes_read_back_in_every_page(text in "(\\PC|[ -~]|[æøåÆØÅéüößŠłžĆ€§–„”…×¾½²µ\u{0}-\u{1F}\u{7F}-\u{9F}\u{300}-\u{30A}]){0,60}") {
        let printable = printable(&text);
        let (bytes, replaced) = encode(&text);
        prop_assert_eq!(bytes.len(), printable.columns());
        prop_assert_eq!(replaced, printable.replaced);
        prop_assert!(bytes.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F));
        for table in [CP850, CP858, CP865] {
            let read: String = bytes.iter().map(|byte| python(table, *byte)).collect();
            prop_assert_eq!(&read, &printable.text);
        }
    }

    /// What is printable already is not touched, so translating twice is translating once.
    #[test]
    fn translating_is_done_once(text in "\\PC{0,60}") {
        let once = printable(&text);
        let twice = printable(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert_eq!(twice.replaced, 0);
    }

    #[test]
    fn a_character_alone_is_never_a_control_byte(character: char) {
        prop_assert!(byte(character) >= 0x20);
    }
}
