//! A picture made small: whatever a telephone sends becomes a square JPEG of [`PICTURE_SIDE`] pixels, or a reason why not.
//!
//! Pure. **Invariants:** how large a picture is stands in its head and is judged before a pixel is unpacked; of what was sent only the
//! pixels in the middle go on, turned as its camera was held: no place, no time, no camera's name.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};
use madkort_protocol::PICTURE_SIDE;

/// Bytes of a file: a telephone's own pictures are of 2 to 8 MB.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;
/// Pixels: the largest a telephone makes unasked has 24.5 million (5712 × 4284), and each takes 10 bytes while it is unpacked.
pub const MOST_PIXELS: u64 = 25_000_000;
/// Bytes of a picture unpacked: [`MOST_PIXELS`] in four colours of 8 bits.
const MOST_UNPACKED: u64 = MOST_PIXELS * 4;
/// Of a hundred: a face of this size looks no better above it.
const QUALITY: u8 = 85;

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPicture {
    /// More bytes than [`MOST_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// More pixels than [`MOST_PIXELS`].
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// Neither a JPEG nor a PNG, or a broken one.
    #[error("this is no JPEG and no PNG that can be read")]
    Unreadable,
}

/// The middle of a picture as a small square JPEG.
pub fn small(file: &[u8]) -> Result<Vec<u8>, BadPicture> {
    if file.len() > MOST_BYTES {
        return Err(BadPicture::TooLarge);
    }
    let (image, orientation) = unpack(file)?;
    let mut small = DynamicImage::ImageRgb8(on_white(&middle(&image)));
    drop(image);
    small.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).map_err(|_| BadPicture::Unreadable)?;
    Ok(jpeg)
}

fn unpack(file: &[u8]) -> Result<(DynamicImage, Orientation), BadPicture> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(|_| BadPicture::Unreadable)?;
    // The one thing that is believed about a file is how it begins.
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png)) {
        return Err(BadPicture::Unreadable);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_UNPACKED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_UNPACKED {
        return Err(BadPicture::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| bad(&error))?;
    Ok((image, orientation))
}

fn bad(error: &ImageError) -> BadPicture {
    if matches!(error, ImageError::Limits(_)) { BadPicture::TooManyPixels } else { BadPicture::Unreadable }
}

/// The square in the middle, scaled.
fn middle(image: &DynamicImage) -> RgbaImage {
    let (width, height) = (image.width(), image.height());
    let side = width.min(height);
    let square = imageops::crop_imm(image, (width - side) / 2, (height - side) / 2, side, side);
    imageops::resize(&*square, PICTURE_SIDE, PICTURE_SIDE, FilterType::Triangle)
}

/// What is transparent is white.
fn on_white(image: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, opaque] = image.get_pixel(x, y).0.map(u32::from);
        let mix = |colour: u32| u8::try_from((colour * opaque + 255 * (255 - opaque)) / 255).unwrap_or(u8::MAX);
        image::Rgb([mix(red), mix(green), mix(blue)])
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder as _, Rgb, Rgba};

    use super::*;

    const RED: Rgb<u8> = Rgb([200, 10, 10]);
    const BLUE: Rgb<u8> = Rgb([10, 10, 200]);

    /// Red above, blue below.
    fn flag(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |_, y| if y < height / 2 { RED } else { BLUE })
    }

    fn jpeg(image: &RgbImage, exif: Option<Vec<u8>>) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
        file
    }

    fn png(image: &DynamicImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    /// An EXIF block that says nothing but how the camera was held, and where.
    fn held(orientation: u8) -> Vec<u8> {
        let mut exif = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
        exif.extend([0x01, 0x0e, 0, 2, 0, 0, 0, 10, 0, 0, 0, 38]);
        exif.extend([0, 0, 0, 0]);
        exif.extend(b"SKOLEVEJ1\0");
        exif
    }

    fn look(file: &[u8]) -> RgbImage {
        let small = image::load_from_memory_with_format(file, ImageFormat::Jpeg).unwrap().to_rgb8();
        assert_eq!(small.dimensions(), (PICTURE_SIDE, PICTURE_SIDE));
        small
    }

    fn is(pixel: Rgb<u8>, colour: Rgb<u8>) -> bool {
        pixel.0.iter().zip(colour.0).all(|(one, other)| one.abs_diff(other) < 12)
    }

    #[test]
    fn the_middle_of_a_picture_is_kept_small_and_square() {
        for image in [flag(600, 300), flag(300, 600), flag(64, 64)] {
            let small = small(&jpeg(&image, None)).unwrap();
            assert!(small.len() < 30_000, "{}", small.len());
            let small = look(&small);
            let far = PICTURE_SIDE - 10;
            assert!(is(*small.get_pixel(10, 10), RED) && is(*small.get_pixel(far, far), BLUE));
        }
    }

    #[test]
    fn it_stands_as_the_camera_was_held_and_nothing_but_pixels_goes_on() {
        let file = jpeg(&flag(400, 400), Some(held(6)));
        assert!(file.windows(8).any(|part| part == b"SKOLEVEJ"));
        let small = small(&file).unwrap();
        assert!(!small.windows(4).any(|part| part == b"Exif" || part == b"SKOL"));
        // Turned a quarter to the right: what was above is on the right.
        let small = look(&small);
        let (middle, far) = (PICTURE_SIDE / 2, PICTURE_SIDE - 10);
        assert!(is(*small.get_pixel(far, middle), RED) && is(*small.get_pixel(10, middle), BLUE));
    }

    #[test]
    fn what_is_transparent_is_white() {
        let clear = RgbaImage::from_pixel(100, 100, Rgba([0, 0, 0, 0]));
        let small = look(&small(&png(&DynamicImage::ImageRgba8(clear))).unwrap());
        assert!(is(*small.get_pixel(50, 50), Rgb([255, 255, 255])));
    }

    #[test]
    fn what_is_no_picture_or_a_broken_one_is_said_to_be() {
        let good = png(&DynamicImage::ImageRgb8(flag(80, 80)));
        assert!(small(&good).is_ok());
        for bad in [&b""[..], b"hej", b"GIF89a\x01\0\x01\0\0\0\0;", &good[..good.len() / 2], b"\xff\xd8\xff\xe0"] {
            assert_eq!(small(bad), Err(BadPicture::Unreadable), "{:?}", &bad[..bad.len().min(8)]);
        }
        assert_eq!(small(&vec![0xff; MOST_BYTES + 1]), Err(BadPicture::TooLarge));
    }

    /// The head of a PNG that says it is this large, with no more behind it than its first few bytes.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let one = png(&DynamicImage::ImageRgb8(flag(2, 2)));
        let mut head = b"IHDR".to_vec();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend(&one[24..29]);
        let mut file = one[..12].to_vec();
        file.extend(&head);
        file.extend(crc(&head).to_be_bytes());
        file.extend(&one[33..]);
        file
    }

    /// CRC-32, as every chunk of a PNG ends with (ISO/IEC 15948, annex D).
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
        })
    }

    #[test]
    fn a_few_bytes_that_would_unpack_to_gigabytes_are_refused_by_their_head() {
        assert_eq!(small(&bomb(2, 2)).map(|_| ()), Ok(()), "the head is well made");
        for (width, height) in [(60_000, 60_000), (25_001, 1_000), (2_000_000_000, 1), (u32::MAX / 2, u32::MAX / 2)] {
            let refused = small(&bomb(width, height));
            assert!(refused == Err(BadPicture::TooManyPixels) || width > 1_000_000, "{width} {refused:?}");
            assert!(refused.is_err());
        }
        // A JPEG's head: SOI, and a frame of 65 500 × 65 500.
        let mut jpeg = jpeg(&flag(16, 16), None);
        let frame = jpeg.windows(2).position(|mark| mark == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        assert_eq!(small(&jpeg), Err(BadPicture::TooManyPixels));
    }
}
