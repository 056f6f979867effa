//! `/v1/product-pictures`

use madkort_protocol::{Changes, PictureDigest, ProblemCode, ProductPicture, SchoolId};
use reqwest::Method;
use sync_server::store::Thing;
use uuid::Uuid;

use crate::support::*;

fn picture() -> ProductPicture {
    ProductPicture::new([&b"\x89PNG\r\n\x1a\n"[..], b"a lasagne"].concat()).unwrap()
}

fn path(digest: PictureDigest) -> String {
    format!("/v1/product-pictures/{digest}")
}

#[tokio::test]
async fn a_product_names_its_picture_and_a_kiosk_gets_it() {
    let server = Server::start().await;
    let kiosk = server.kiosk().await;
    let cursor = kiosk.get::<Changes>("/v1/changes?after=0").await.cursor;
    let lasagne =
        madkort_protocol::Product { picture: Some(picture().digest()), ..product(LASAGNE, "Lasagne", kr(45)) };
    // Twice the same picture is one.
    let things = vec![Thing::Picture(picture()), Thing::Product(lasagne.clone()), Thing::Picture(picture())];
    server.store().put(SCHOOL, things).await.unwrap();
    let news: Changes = kiosk.get(&format!("/v1/changes?after={cursor}")).await;
    assert_eq!(news.products, [lasagne]);
    let answer = kiosk.send(Method::GET, &path(picture().digest()), b"").await;
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.bytes().await.unwrap(), picture().as_png());
}

#[tokio::test]
async fn nobody_else_gets_it() {
    let server = Server::start().await;
    let (kiosk, till) = (server.kiosk().await, server.register().await);
    server.store().put(SCHOOL, vec![Thing::Picture(picture())]).await.unwrap();
    let other = SchoolId::new(Uuid::from_u128(77));
    assert_eq!(server.store().product_picture(other, picture().digest()).await.unwrap(), None, "another school's");
    for path in [path(PictureDigest::new([1; 32])), "/v1/product-pictures/lasagne".to_owned()] {
        assert_eq!(kiosk.problem_of(Method::GET, &path, b"").await.code, ProblemCode::NotFound);
    }
    let refused = till.problem_of(Method::GET, &path(picture().digest()), b"").await;
    assert_eq!(refused.code, ProblemCode::NotAllowed, "a till shows none");
}
