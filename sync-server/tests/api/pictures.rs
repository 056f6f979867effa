//! `/v1/people/{person}/picture`, `/v1/picture-pages`, `/picture/{token}`

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jiff::SignedDuration;
use madkort_protocol::*;
use reqwest::{Client, Method, StatusCode};
use uuid::Uuid;

use crate::support::*;

const ANNA_AND: PersonId = PersonId::new(Uuid::from_u128(1));
const BO_AND: PersonId = PersonId::new(Uuid::from_u128(2));
const A_GUEST: PersonId = PersonId::new(Uuid::from_u128(3));
const PAGES: &str = "/v1/picture-pages";

fn picture_of(person: PersonId) -> String {
    format!("/v1/people/{person}/picture")
}

fn asking(server: &Server, card: CardId, person: PersonId) -> PicturePageRequest {
    PicturePageRequest { id: server.id(), card, person, language: Language::Danish }
}

/// A page, and the link to it.
async fn open(server: &Server, kiosk: &Signer, card: CardId, person: PersonId) -> (PicturePage, String) {
    let page: PicturePage = kiosk.post(PAGES, &asking(server, card, person)).await;
    let link = format!("{}{}", server.url, page.url.clone().unwrap());
    (page, link)
}

fn portrait(colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(RgbImage::from_pixel(320, 240, Rgb(colour)));
    image.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// What a browser sends: two places for a file, and the button.
async fn submit(link: &str, files: [&[u8]; 2], button: &str) -> (StatusCode, String) {
    let mut body = Vec::new();
    for file in files {
        body.extend(b"--edge\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"a.jpg\"\r\n");
        body.extend(b"content-type: image/jpeg\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n");
    }
    let word = format!("--edge\r\ncontent-disposition: form-data; name=\"do\"\r\n\r\n{button}\r\n--edge--\r\n");
    body.extend(word.as_bytes());
    let request = Client::new().post(link).header("content-type", "multipart/form-data; boundary=edge");
    let answer = request.body(body).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn state_of(kiosk: &Signer, page: &PicturePage) -> PicturePageState {
    let now: PicturePage = kiosk.get(&format!("{PAGES}/{}", page.id)).await;
    assert_eq!(now.url, None, "the link is told once");
    now.state
}

async fn done_to_anna(server: &Server) -> Vec<(String, PersonId)> {
    let deeds = server.store().deeds(SCHOOL, ANNA_AND.uuid()).await.unwrap();
    deeds.into_iter().map(|deed| (deed.what, deed.by.unwrap())).collect()
}

#[tokio::test]
async fn a_picture_is_taken_on_a_telephone_seen_at_the_kiosk_and_removed() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    assert!(!kiosk.get::<Profile>(&format!("/v1/people/{ANNA_AND}")).await.picture);
    assert_eq!(kiosk.problem_of(Method::GET, &picture_of(ANNA_AND), b"").await.code, ProblemCode::NotFound);

    let (page, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    assert_eq!(page.expires_at, server.clock.now() + SignedDuration::from_mins(15));
    // Looking at it uses nothing up.
    for (lang, words) in [("da", "Tag et billede"), ("en", "Take a picture")] {
        let form = Client::new().get(format!("{link}?lang={lang}")).send().await.unwrap();
        assert_eq!(form.status(), StatusCode::OK);
        assert!(form.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        let form = form.text().await.unwrap();
        assert!(form.contains(words) && !form.contains("Anna") && !form.contains("<script") && !form.contains("<img"));
        assert!(!form.contains("id=\"remove\""), "there is nothing to remove");
    }
    assert_eq!(state_of(&kiosk, &page).await, PicturePageState::Open);
    let (status, words) = submit(&link, [&portrait([200, 20, 20], ImageFormat::Jpeg), b""], "save").await;
    assert!(status == StatusCode::OK && words.contains("Billedet er gemt"), "{words}");
    assert_eq!(state_of(&kiosk, &page).await, PicturePageState::Changed);
    assert!(kiosk.get::<Profile>(&format!("/v1/people/{ANNA_AND}")).await.picture);

    let answer = kiosk.send(Method::GET, &picture_of(ANNA_AND), b"").await;
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let small = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap().to_rgb8();
    assert_eq!(small.dimensions(), (PICTURE_SIDE, PICTURE_SIDE));
    assert!(small.get_pixel(90, 90).0[0] > 180);

    // The second place counts where the first is empty; and what is there can be removed.
    let (_, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    assert!(Client::new().get(&link).send().await.unwrap().text().await.unwrap().contains("id=\"remove\""));
    let (status, _) = submit(&link, [b"", &portrait([20, 20, 200], ImageFormat::Png)], "save").await;
    assert_eq!(status, StatusCode::OK);
    server.clock.forward(SignedDuration::from_secs(1));
    let (_, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    let (status, words) = submit(&link, [b"", b""], "remove").await;
    assert!(status == StatusCode::OK && words.contains("Billedet er fjernet"), "{words}");
    assert_eq!(kiosk.problem_of(Method::GET, &picture_of(ANNA_AND), b"").await.code, ProblemCode::NotFound);
    let done = ["picture", "picture", "picture-removed"].map(|what| (what.to_owned(), ANNA_AND));
    assert_eq!(done_to_anna(&server).await, done);
}

#[tokio::test]
async fn what_is_no_picture_is_said_to_be_and_changes_nothing() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    kiosk.sign_in(ANNAS_CARD).await;
    let (page, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    let (heavy, cut) = (vec![0xff; 11 << 20], portrait([1, 2, 3], ImageFormat::Png));
    for (file, da, en) in [
        (&b""[..], "Tag eller vælg et billede først", "Take or choose a picture first"),
        (b"hej", "kan ikke læses som et billede", "cannot be read as a picture"),
        (&cut[..cut.len() / 2], "kan ikke læses som et billede", "cannot be read as a picture"),
        (&heavy, "Filen er for stor", "The file is too large"),
    ] {
        for (lang, words) in [("da", da), ("en", en)] {
            let (status, html) = submit(&format!("{link}?lang={lang}"), [file, b""], "save").await;
            assert!(status == StatusCode::UNPROCESSABLE_ENTITY && html.contains(words), "{words}: {status} {html}");
            assert!(html.contains("role=\"alert\""));
        }
    }
    let plain = Client::new().post(&link).body("do=save").send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::UNPROCESSABLE_ENTITY, "no form at all");
    assert_eq!(state_of(&kiosk, &page).await, PicturePageState::Open, "nothing is used up");
    assert_eq!(done_to_anna(&server).await, []);
    let (status, _) = submit(&link, [&portrait([1, 2, 3], ImageFormat::Png), b""], "save").await;
    assert_eq!(status, StatusCode::OK, "and the link is still good");
}

#[tokio::test]
async fn a_link_is_good_once_for_a_quarter_of_an_hour_and_only_the_last_one() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let face = portrait([9, 9, 9], ImageFormat::Jpeg);
    kiosk.sign_in(ANNAS_CARD).await;
    let (page, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    assert_eq!(submit(&link, [&face, b""], "save").await.0, StatusCode::OK);
    for (files, button) in [([&face[..], b""], "save"), ([b"", b""], "remove")] {
        let (status, words) = submit(&link, files, button).await;
        assert!(status == StatusCode::NOT_FOUND && words.contains("Linket virker ikke mere"), "{words}");
    }
    // Given up, or one that another took the place of; also under the same id, whose answer was lost.
    let (given_up, first) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    let path = format!("{PAGES}/{}", given_up.id);
    let answer: PicturePage = kiosk.send(Method::DELETE, &path, b"").await.json().await.unwrap();
    assert_eq!(answer.state, PicturePageState::Cancelled);
    let request = asking(&server, ANNAS_CARD, ANNA_AND);
    let [one, two]: [PicturePage; 2] = [kiosk.post(PAGES, &request).await, kiosk.post(PAGES, &request).await];
    let [second, third] = [&one, &two].map(|page| format!("{}{}", server.url, page.url.clone().unwrap()));
    let (last, fourth) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    assert_eq!(state_of(&kiosk, &two).await, PicturePageState::Cancelled);
    let strange = format!("{}/picture/{}", server.url, "ab".repeat(32));
    for old in [first, second, third, strange] {
        assert_eq!(Client::new().get(&old).send().await.unwrap().status(), StatusCode::NOT_FOUND);
        assert_eq!(submit(&old, [&face, b""], "save").await.0, StatusCode::NOT_FOUND);
    }
    server.clock.forward(SignedDuration::from_mins(14));
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(state_of(&kiosk, &last).await, PicturePageState::Open);
    server.clock.forward(SignedDuration::from_mins(1));
    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(state_of(&kiosk, &last).await, PicturePageState::Expired);
    assert_eq!(submit(&fourth, [b"", b""], "remove").await.0, StatusCode::NOT_FOUND);
    assert_eq!(state_of(&kiosk, &page).await, PicturePageState::Changed);
    assert_eq!(done_to_anna(&server).await, [("picture".to_owned(), ANNA_AND)]);
}

#[tokio::test]
async fn someone_elses_picture_does_not_exist() {
    let server = Server::start().await;
    let (kiosk, other, till) = (server.kiosk().await, server.kiosk().await, server.register().await);
    assert_eq!(kiosk.problem_of(Method::GET, &picture_of(ANNA_AND), b"").await.code, ProblemCode::SignIn);
    let refusal = async |signer: &Signer, card, person| {
        let body = serde_json::to_vec(&asking(&server, card, person)).unwrap();
        signer.problem_of(Method::POST, PAGES, &body).await.code
    };
    assert_eq!(refusal(&kiosk, ANNAS_CARD, ANNA_AND).await, ProblemCode::SignIn, "a bare tap");
    // A parent sees and changes the child's; nobody the parent's.
    other.sign_in(BOS_CARD).await;
    let (page, link) = open(&server, &other, BOS_CARD, ANNA_AND).await;
    let (mine, mine_link) = open(&server, &other, BOS_CARD, BO_AND).await;
    let face = portrait([9, 9, 9], ImageFormat::Jpeg);
    for link in [link, mine_link] {
        assert_eq!(submit(&link, [&face, b""], "save").await.0, StatusCode::OK);
    }
    for person in [ANNA_AND, BO_AND] {
        assert_eq!(other.send(Method::GET, &picture_of(person), b"").await.status(), StatusCode::OK);
    }
    assert_eq!(done_to_anna(&server).await, [("picture".to_owned(), BO_AND)]);

    kiosk.sign_in(ANNAS_CARD).await;
    assert_eq!(kiosk.send(Method::GET, &picture_of(ANNA_AND), b"").await.status(), StatusCode::OK);
    assert_eq!(state_of(&kiosk, &page).await, PicturePageState::Changed);
    let nobody = PersonId::new(Uuid::from_u128(99));
    for person in [BO_AND, A_GUEST, nobody] {
        assert_eq!(kiosk.problem_of(Method::GET, &picture_of(person), b"").await.code, ProblemCode::NotFound);
        assert_eq!(refusal(&kiosk, ANNAS_CARD, person).await, ProblemCode::NotFound);
    }
    for method in [Method::GET, Method::DELETE] {
        let path = format!("{PAGES}/{}", mine.id);
        assert_eq!(kiosk.problem_of(method, &path, b"").await.code, ProblemCode::NotFound);
    }
    assert_eq!(refusal(&kiosk, BOS_CARD, ANNA_AND).await, ProblemCode::SignIn, "another card than the one");
    let mut again = asking(&server, ANNAS_CARD, ANNA_AND);
    again.id = page.id;
    let body = serde_json::to_vec(&again).unwrap();
    assert_eq!(kiosk.problem_of(Method::POST, PAGES, &body).await.code, ProblemCode::IdReused);
    kiosk.sign_in(GUEST_CARD).await;
    assert_eq!(kiosk.problem_of(Method::GET, &picture_of(A_GUEST), b"").await.code, ProblemCode::NotAllowed);
    assert_eq!(refusal(&kiosk, GUEST_CARD, A_GUEST).await, ProblemCode::NotAllowed);
    assert_eq!(till.problem_of(Method::GET, &picture_of(ANNA_AND), b"").await.code, ProblemCode::NotAllowed);
    assert_eq!(refusal(&till, ANNAS_CARD, ANNA_AND).await, ProblemCode::NotAllowed);
}

#[tokio::test]
async fn a_picture_is_in_no_feed_and_no_link_is_in_the_database() {
    let server = Server::start().await;
    let (kiosk, other) = (server.kiosk().await, server.kiosk().await);
    let cursor = other.get::<Changes>("/v1/changes?after=0").await.cursor;
    kiosk.sign_in(ANNAS_CARD).await;
    let (page, link) = open(&server, &kiosk, ANNAS_CARD, ANNA_AND).await;
    assert!(!format!("{page:?}").contains("/picture/"));
    assert_eq!(submit(&link, [&portrait([1, 1, 1], ImageFormat::Jpeg), b""], "save").await.0, StatusCode::OK);
    let heard: Changes = other.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(heard, Changes { cursor, ..Changes::default() });
    let token = link.rsplit('/').next().unwrap().to_owned();
    let folder = server.stop().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()));
    }
}
