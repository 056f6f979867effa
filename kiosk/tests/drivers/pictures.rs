//! A picture over the wire: asked for, changed on a telephone, and nowhere on the kiosk's disk.

use std::io::{Cursor, Read as _, Write as _};
use std::net::TcpStream;

use image::{ImageFormat, Rgb, RgbImage};
use kiosk::sync::Question;
use kiosk_core::{CodeAnswer, Event, Picture};
use madkort_protocol::*;

use crate::school::*;
use crate::server::RealServer;
use crate::whole::Kiosk;

const COLOUR: [u8; 3] = [200, 40, 40];

fn picture(kiosk: &mut Kiosk, person: PersonId) -> Option<Picture> {
    kiosk.sync.ask(Question::LoadPicture(person));
    kiosk.ears.wait_for("the answer about a picture", |event| match event {
        Event::PictureIs { person: whose, picture } if *whose == person => Some(picture.clone()),
        _ => None,
    })
}

fn page(kiosk: &mut Kiosk, id: OperationId, state: PicturePageState) -> PicturePage {
    kiosk.ears.wait_for(&format!("a page that is {state:?}"), |event| match event {
        Event::PicturePageIs(page) if page.id == id && page.state == state => Some((**page).clone()),
        _ => None,
    })
}

/// What a telephone's browser sends.
fn send(server: &str, path: &str) {
    let mut file = Cursor::new(Vec::new());
    RgbImage::from_pixel(300, 300, Rgb(COLOUR)).write_to(&mut file, ImageFormat::Jpeg).unwrap();
    let mut form = b"--e\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"x\"\r\n\r\n".to_vec();
    form.extend(file.into_inner());
    form.extend(b"\r\n--e--\r\n");
    let mut line = TcpStream::connect(server.strip_prefix("http://").unwrap()).unwrap();
    let length = form.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n");
    line.write_all(format!("{head}content-type: multipart/form-data; boundary=e\r\n\r\n").as_bytes()).unwrap();
    line.write_all(&form).unwrap();
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..40]));
}

#[test]
fn a_picture_is_changed_on_a_phone_fetched_and_on_no_disk() {
    let mut server = RealServer::start(clock());
    let state = tempfile::tempdir().unwrap();
    let mut kiosk = Kiosk::start(&server.url(), state.path(), Some(server.code_file()), clock());
    kiosk.catalogue_of(server.demo.next_school_day);
    let card = server.card("Alma");
    let (card, code, person) = (card.card, card.code.clone(), card.person);
    kiosk.sync.ask(Question::LoadPicture(person));
    kiosk.ears.wait_for_event(&Event::SignedOut);
    assert_eq!(kiosk.code(card, &code), CodeAnswer::Right);
    assert_eq!(picture(&mut kiosk, person), None);

    let request = |n| Box::new(PicturePageRequest { id: operation(n), card, person, language: Language::Danish });
    kiosk.sync.ask(Question::OpenPicturePage(request(1)));
    let url = page(&mut kiosk, operation(1), PicturePageState::Open).url.unwrap();
    send(&server.url(), &url);
    assert_eq!(page(&mut kiosk, operation(1), PicturePageState::Changed).url, None);
    let seen = picture(&mut kiosk, person).unwrap();
    let near = |colours: &[u8]| colours.iter().zip(COLOUR).all(|(one, other)| one.abs_diff(other) < 12);
    assert!(seen.colours().chunks(3).all(near));

    kiosk.sync.ask(Question::OpenPicturePage(request(2)));
    page(&mut kiosk, operation(2), PicturePageState::Open);
    kiosk.sync.ask(Question::CancelPicturePage(operation(2)));
    page(&mut kiosk, operation(2), PicturePageState::Cancelled);
    for entry in std::fs::read_dir(state.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(4).any(|part| part == b"JFIF"));
        assert!(!bytes.windows(url.len()).any(|part| part == url.as_bytes()));
    }
    server.switch_off();
    assert_eq!(picture(&mut kiosk, person), None);
}
