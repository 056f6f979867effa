//! A hand on the panel and on a keyboard, through the X server's XTEST extension, and an eye: pictures of the screen.
//!
//! **Invariant:** a program cannot tell these touches and keys from a device's.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask,
    ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, Window as XWindow,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Letters of the Danish keyboard that an American one lacks: they are laid on keys that have no meaning.
const DANISH: &str = "æøåÆØÅéü";
const SHIFT_L: u32 = 0xffe1;

/// A connection to the X server.
pub struct Hand {
    x: RustConnection,
    root: XWindow,
    keys: HashMap<u32, Key>,
}

#[derive(Clone, Copy)]
struct Key {
    code: u8,
    shifted: bool,
}

/// A picture: RGB, three bytes a pixel, row by row from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Red, green and blue at one point, if it lies in the picture.
    pub fn colour(&self, x: i32, y: i32) -> Option<[u8; 3]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        let at = (x < usize::from(self.width)).then(|| (y * usize::from(self.width) + x) * 3)?;
        self.rgb.get(at..at + 3)?.try_into().ok()
    }

    /// Writes a PNG.
    pub fn save(&self, path: &Path) -> Result<()> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let mut encoder = png::Encoder::new(file, u32::from(self.width), u32::from(self.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb).with_context(|| format!("writing {}", path.display()))
    }
}

impl Hand {
    /// Connects, and lays the Danish letters on unused keys before any program reads the keyboard.
    pub fn open(display: &str) -> Result<Self> {
        let (x, screen) = RustConnection::connect(Some(display)).with_context(|| format!("display {display}"))?;
        let root = x.setup().roots[screen].root;
        let keys = lay_keys(&x)?;
        Ok(Self { x, root, keys })
    }

    /// Presses and lets go at one point.
    pub fn tap(&self, left: i16, top: i16) -> Result<()> {
        self.x.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, left, top, 0)?.check()?;
        self.x.xtest_fake_input(BUTTON_PRESS_EVENT, 1, 0, self.root, 0, 0, 0)?.check()?;
        self.x.xtest_fake_input(BUTTON_RELEASE_EVENT, 1, 0, self.root, 0, 0, 0)?.check()?;
        Ok(())
    }

    /// Presses at one point, moves to another and lets go: a scroll by finger.
    pub fn drag(&self, from: (i16, i16), to: (i16, i16)) -> Result<()> {
        const STEPS: i16 = 8;
        self.x.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, from.0, from.1, 0)?.check()?;
        self.x.xtest_fake_input(BUTTON_PRESS_EVENT, 1, 0, self.root, 0, 0, 0)?.check()?;
        for step in 1..=STEPS {
            let (left, top) = (from.0 + (to.0 - from.0) / STEPS * step, from.1 + (to.1 - from.1) / STEPS * step);
            self.x.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, left, top, 0)?.check()?;
        }
        self.x.xtest_fake_input(BUTTON_RELEASE_EVENT, 1, 0, self.root, 0, 0, 0)?.check()?;
        Ok(())
    }

    /// Turns the wheel at one point, down for a positive number of notches.
    pub fn wheel(&self, left: i16, top: i16, notches: i32) -> Result<()> {
        let button = if notches > 0 { 5 } else { 4 };
        self.x.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, 0, self.root, left, top, 0)?.check()?;
        for _ in 0..notches.abs() {
            self.x.xtest_fake_input(BUTTON_PRESS_EVENT, button, 0, self.root, 0, 0, 0)?.check()?;
            self.x.xtest_fake_input(BUTTON_RELEASE_EVENT, button, 0, self.root, 0, 0, 0)?.check()?;
        }
        Ok(())
    }

    /// Types a text, key by key, into whatever has the focus.
    pub fn write(&self, text: &str) -> Result<()> {
        text.chars().try_for_each(|letter| self.press(keysym(letter)))
    }

    /// Presses one key by its X keysym, such as `0xff08` for Backspace.
    pub fn press(&self, keysym: u32) -> Result<()> {
        let key = *self.keys.get(&keysym).with_context(|| format!("no key for keysym {keysym:#x}"))?;
        let shift = self.keys.get(&SHIFT_L).context("no shift key")?.code;
        let stroke =
            |event, code| -> Result<()> { Ok(self.x.xtest_fake_input(event, code, 0, self.root, 0, 0, 0)?.check()?) };
        if key.shifted {
            stroke(KEY_PRESS_EVENT, shift)?;
        }
        stroke(KEY_PRESS_EVENT, key.code)?;
        stroke(KEY_RELEASE_EVENT, key.code)?;
        if key.shifted {
            stroke(KEY_RELEASE_EVENT, shift)?;
        }
        Ok(())
    }

    /// Gives the keyboard to the top window; there is no window manager to do it.
    pub fn focus_top_window(&self) -> Result<()> {
        if let Some(&window) = self.windows()?.last() {
            self.x.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
        }
        Ok(())
    }

    /// Lays the windows side by side, from the left.
    pub fn lay_side_by_side(&self) -> Result<()> {
        let mut left = 0;
        for window in self.windows()? {
            let place = ConfigureWindowAux::new().x(left).y(0);
            self.x.configure_window(window, &place)?.check()?;
            left += i32::from(self.x.get_geometry(window)?.reply()?.width);
        }
        Ok(())
    }

    /// Asks the window on top to close (ICCCM, 4.2.8.1).
    pub fn close_last(&self) -> Result<()> {
        let window = *self.windows()?.last().context("no window")?;
        let [protocols, delete] = ["WM_PROTOCOLS", "WM_DELETE_WINDOW"]
            .map(|name| -> Result<u32> { Ok(self.x.intern_atom(false, name.as_bytes())?.reply()?.atom) });
        let please = ClientMessageEvent::new(32, window, protocols?, [delete?, 0, 0, 0, 0]);
        Ok(self.x.send_event(false, window, EventMask::NO_EVENT, please)?.check()?)
    }

    /// The windows that are shown, the lowest first.
    fn windows(&self) -> Result<Vec<XWindow>> {
        let mut shown = Vec::new();
        for window in self.x.query_tree(self.root)?.reply()?.children {
            if self.x.get_window_attributes(window)?.reply()?.map_state == MapState::VIEWABLE {
                shown.push(window);
            }
        }
        Ok(shown)
    }

    /// Whether a window is shown and has been drawn into: the empty screen is black all over.
    pub fn sees_a_window(&self) -> Result<bool> {
        Ok(!self.windows()?.is_empty() && self.look()?.rgb.iter().any(|&byte| byte != 0))
    }

    /// Width and height of the screen in pixels.
    pub fn size(&self) -> Result<(u16, u16)> {
        let geometry = self.x.get_geometry(self.root)?.reply()?;
        Ok((geometry.width, geometry.height))
    }

    /// A picture of the whole screen.
    pub fn look(&self) -> Result<Picture> {
        let (width, height) = self.size()?;
        let image = self.x.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, width, height, u32::MAX)?.reply()?;
        ensure!(image.data.len() == usize::from(width) * usize::from(height) * 4, "the screen has not 32 bits a pixel");
        let rgb = image.data.chunks_exact(4).flat_map(|bgrx| [bgrx[2], bgrx[1], bgrx[0]]).collect();
        Ok(Picture { width, height, rgb })
    }
}

fn lay_keys(x: &RustConnection) -> Result<HashMap<u32, Key>> {
    let (first, last) = (x.setup().min_keycode, x.setup().max_keycode);
    let map = x.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let per_key = usize::from(map.keysyms_per_keycode);
    let mut keys = HashMap::new();
    let mut danish = DANISH.chars().map(keysym);
    for (syms, code) in map.keysyms.chunks(per_key).zip(first..=last) {
        if syms.iter().all(|&sym| sym == 0) {
            let Some(letter) = danish.next() else { continue };
            x.change_keyboard_mapping(1, code, 2, &[letter, letter])?.check()?;
            keys.insert(letter, Key { code, shifted: false });
        } else {
            for (level, shifted) in [(0, false), (1, true)] {
                if let Some(&sym) = syms.get(level) {
                    keys.entry(sym).or_insert(Key { code, shifted });
                }
            }
        }
    }
    Ok(keys)
}

fn keysym(letter: char) -> u32 {
    match u32::from(letter) {
        0x0a => 0xff0d,
        latin @ 0x20..=0xff => latin,
        other => 0x0100_0000 | other,
    }
}
