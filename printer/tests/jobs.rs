//! Jobs against the virtual printer, a process behind TCP: what is claimed of each, and that no paper comes twice.

#![allow(clippy::unwrap_used)]

mod common;

use std::net::TcpListener;
use std::time::Duration;

use common::VirtualPrinter;
use receipt_printer::transport::{Cause, TransportError};
use receipt_printer::{
    Control, Document, JobEvent, JobOutcome, Left, NotStarted, Patience, PrinterStatus, Profile, Tag, Uncertain,
    escpos, layout, print_job, query_status, sample, text,
};

/// Short where a test waits for it to pass, long where it must not.
fn patience() -> Patience {
    Patience {
        attention: Duration::from_mins(1),
        silence: Duration::from_mins(1),
        stall: Duration::from_mins(1),
        proof: Duration::from_mins(1),
    }
}

struct Job {
    profile: Profile,
    document: Document,
    bytes: Vec<u8>,
    tag: Tag,
    left: Left,
    patience: Patience,
}

impl Job {
    fn new(document: Document, profile: Profile) -> Self {
        let tag = Tag::from_number(4711);
        let bytes = escpos::job(&layout(&document, &profile), &profile, tag);
        Self { profile, document, bytes, tag, left: Left::Clean, patience: patience() }
    }

    fn statement() -> Self {
        Self::new(sample::statement(30), Profile::tm_t20iii())
    }

    fn text(&self) -> String {
        text::render(&layout(&self.document, &self.profile))
    }

    /// Prints it; `meanwhile` may turn the printer's sensors.
    fn print(
        &self,
        printer: &mut VirtualPrinter,
        mut meanwhile: impl FnMut(&mut VirtualPrinter, JobEvent) -> Control,
    ) -> (JobOutcome, Vec<JobEvent>) {
        let address = printer.address.clone();
        let mut events = Vec::new();
        let load = (self.bytes.as_slice(), self.tag);
        let outcome = print_job(&address, &self.profile, self.left, load, &self.patience, &mut |event| {
            events.push(event);
            meanwhile(printer, event)
        });
        (outcome, events)
    }

    /// The same paper, after one that ended so.
    fn after(self, outcome: &JobOutcome) -> Self {
        Self { left: outcome.leaves(self.left), ..self }
    }

    fn print_alone(&self, printer: &mut VirtualPrinter) -> (JobOutcome, Vec<JobEvent>) {
        self.print(printer, |_, _| Control::Continue)
    }
}

#[test]
fn a_job_is_printed_and_confirmed() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let job = Job::statement();
    let (outcome, events) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert_eq!(events[..2], [JobEvent::Status(PrinterStatus::Ready), JobEvent::Sending { bytes: 0 }]);
    let sent = events.iter().rfind(|event| matches!(event, JobEvent::Sending { .. }));
    assert_eq!(sent, Some(&JobEvent::Sending { bytes: job.bytes.len() }));

    let paper = printer.event("paper");
    assert_eq!(paper["n"], 1);
    assert_eq!(paper["text"], job.text());
    assert_eq!(paper["partial_cut"], true);
    assert_eq!(paper["unknown"], serde_json::json!([]));
    let mut received = std::fs::read(paper["bin"].as_str().unwrap()).unwrap();
    // All of the job up to the cut, and the one command that the sender adds.
    assert_eq!(received.splice(2..5, []).collect::<Vec<u8>>(), [0x1D, 0x61, 0xFF]);
    assert_eq!(received, job.bytes[..received.len()]);
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn paper_that_ends_in_mid_job_is_waited_for_and_nothing_is_sent_again() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    printer.order("paper-mm 60");
    let job = Job::statement();
    let (outcome, events) = job.print(&mut printer, |printer, event| {
        if event == JobEvent::Status(PrinterStatus::PaperOut) {
            printer.order("paper ok");
        }
        Control::Continue
    });
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert!(events.contains(&JobEvent::Status(PrinterStatus::PaperOut)));
    assert_eq!(printer.event("waiting")["status"], "paper_out");
    assert_eq!(printer.event("paper")["text"], job.text());
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn an_open_cover_in_mid_job_is_waited_for() {
    for silent_while_open in [false, true] {
        let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
        let seen = if silent_while_open { PrinterStatus::NotResponding } else { PrinterStatus::CoverOpen };
        if silent_while_open {
            printer.order("offline mute");
        }
        let job = Job::statement();
        let (outcome, _) = job.print(&mut printer, |printer, event| {
            if event == (JobEvent::Sending { bytes: 0 }) {
                printer.order("cover open");
            } else if event == JobEvent::Status(seen) {
                printer.order("cover closed");
            }
            Control::Continue
        });
        assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
        assert_eq!(printer.event("paper")["text"], job.text());
        assert_eq!(printer.papers_left(), 0);
    }
}

#[test]
fn a_job_larger_than_every_buffer_is_pushed_back_and_still_knows_of_paper_out() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    printer.order("paper-mm 300");
    // More than the printer's buffer and the sockets between hold: about 28 kB.
    let job = Job::new(sample::statement(1000), Profile::tm_t20iii());
    assert!(job.bytes.len() > 40_000);
    let (outcome, events) = job.print(&mut printer, |printer, event| {
        if event == JobEvent::Status(PrinterStatus::PaperOut) {
            printer.order("paper ok");
        }
        Control::Continue
    });
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert!(events.contains(&JobEvent::Status(PrinterStatus::PaperOut)), "{events:?}");
    assert_eq!(printer.event("paper")["text"], job.text());
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn a_printer_that_cannot_print_gets_not_a_byte() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let job = Job::statement();
    for (order, undo, expected) in [
        ("paper out", "paper ok", PrinterStatus::PaperOut),
        ("cover open", "cover closed", PrinterStatus::CoverOpen),
        ("cutter fault", "cutter ok", PrinterStatus::CutterFault),
        ("mute on", "mute off", PrinterStatus::NotResponding),
    ] {
        printer.order(order);
        assert_eq!(query_status(&printer.address, &job.profile), expected);
        let (outcome, events) = job.print_alone(&mut printer);
        assert!(
            matches!(&outcome, JobOutcome::NotStarted { reason: NotStarted::Status(status) } if *status == expected),
            "{outcome:?}"
        );
        assert_eq!(events, [JobEvent::Status(expected)]);
        printer.order(undo);
        assert_eq!(query_status(&printer.address, &job.profile), PrinterStatus::Ready);
    }
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn near_the_end_of_the_roll_it_still_prints() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t88v());
    printer.order("near-end on");
    let job = Job::new(sample::deposit_receipt(), Profile::tm_t88v());
    let (outcome, events) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert_eq!(events[0], JobEvent::Status(PrinterStatus::NearEnd));
    assert_eq!(printer.event("paper")["text"], job.text());
}

#[test]
fn a_reset_in_mid_job_leaves_it_uncertain_with_the_bytes_sent() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    printer.order("rst-after 300");
    let job = Job::statement();
    let (outcome, _) = job.print_alone(&mut printer);
    let JobOutcome::Uncertain { bytes_sent, reason: Uncertain::Link(error) } = outcome else { panic!("{outcome:?}") };
    assert!(bytes_sent > 0 && bytes_sent <= job.bytes.len(), "{bytes_sent}");
    assert!(error.sent() >= bytes_sent);
    assert_eq!(error.cause(), Cause::PeerReset);
    assert_eq!(printer.event("reset")["received"], 300);
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn a_reset_before_the_first_byte_leaves_it_not_started() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    printer.order("rst-after 3");
    let (outcome, _) = Job::statement().print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::NotStarted { reason: NotStarted::Link(_) }), "{outcome:?}");
}

#[test]
fn nobody_there_is_not_started() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("tcp://{free}").parse().unwrap();
    let job = Job::statement();
    let load = (job.bytes.as_slice(), job.tag);
    let outcome = print_job(&address, &job.profile, job.left, load, &job.patience, &mut |_| Control::Continue);
    let JobOutcome::NotStarted { reason: NotStarted::Link(error @ TransportError::Open { .. }) } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.cause(), Cause::Refused);
    assert_eq!(query_status(&address, &job.profile), PrinterStatus::Unreachable);
}

#[test]
fn no_bytes_are_no_job() {
    let address = "tcp://127.0.0.1:1".parse().unwrap();
    let nothing: (&[u8], Tag) = (&[], Tag::from_number(1));
    for left in [Left::Clean, Left::Torn] {
        let outcome =
            print_job(&address, &Profile::tm_t20iii(), left, nothing, &patience(), &mut |_| Control::Continue);
        assert!(matches!(outcome, JobOutcome::NotStarted { reason: NotStarted::Empty }), "{outcome:?}");
    }
}

#[test]
fn silence_and_empty_paper_are_not_waited_for_for_ever() {
    for (order, status) in [("mute on", PrinterStatus::NotResponding), ("paper out", PrinterStatus::PaperOut)] {
        let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
        let short = Duration::from_millis(100);
        let job = Job { patience: Patience { attention: short, silence: short, ..patience() }, ..Job::statement() };
        let (outcome, _) = job.print(&mut printer, |printer, event| {
            if event == (JobEvent::Sending { bytes: 0 }) {
                printer.order(order);
            }
            Control::Continue
        });
        assert!(
            matches!(&outcome, JobOutcome::Uncertain { reason: Uncertain::Waited(waited), .. } if *waited == status),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_printer_that_takes_no_more_bytes_is_stalled() {
    let mut printer = VirtualPrinter::start(&Profile::generic_80());
    // This one need not answer, so its silence is no fault; that it takes nothing is.
    let profile = Profile::generic_80();
    let job = Job {
        patience: Patience { stall: Duration::from_millis(200), ..patience() },
        ..Job::new(sample::statement(3000), profile)
    };
    printer.order("mute on");
    let (outcome, _) = job.print(&mut printer, |printer, event| {
        if event == (JobEvent::Sending { bytes: 0 }) {
            printer.order("stall on");
        }
        Control::Continue
    });
    let JobOutcome::Uncertain { bytes_sent, reason: Uncertain::Stalled } = outcome else { panic!("{outcome:?}") };
    assert!(bytes_sent > 0 && bytes_sent < job.bytes.len());
}

#[test]
fn a_caller_can_stop() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let job = Job::statement();
    let (outcome, _) = job.print(&mut printer, |_, event| match event {
        JobEvent::Sending { .. } => Control::Stop,
        JobEvent::Status(_) => Control::Continue,
    });
    assert!(matches!(outcome, JobOutcome::NotStarted { reason: NotStarted::Stopped }), "{outcome:?}");

    printer.order("paper-mm 60");
    let (outcome, _) = job.print(&mut printer, |_, event| match event {
        JobEvent::Status(PrinterStatus::PaperOut) => Control::Stop,
        _ => Control::Continue,
    });
    assert!(matches!(outcome, JobOutcome::Uncertain { reason: Uncertain::Stopped, .. }), "{outcome:?}");
}

#[test]
fn after_a_power_cut_the_torn_paper_says_so_and_the_next_is_whole() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    printer.order("paper-mm 60");
    let job = Job::statement();
    let (outcome, _) = job.print(&mut printer, |printer, event| {
        if event == JobEvent::Status(PrinterStatus::PaperOut) {
            printer.order("power-cycle");
        }
        Control::Continue
    });
    assert!(matches!(outcome, JobOutcome::Uncertain { reason: Uncertain::Link(_), .. }), "{outcome:?}");
    printer.order("paper ok");

    let next = Job::new(sample::deposit_receipt(), Profile::tm_t20iii()).after(&outcome);
    let whole = next.text();
    let (outcome, events) = next.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert_eq!(outcome.leaves(next.left), Left::Clean);
    let sent = events.iter().rfind(|event| matches!(event, JobEvent::Sending { .. }));
    assert_eq!(sent, Some(&JobEvent::Sending { bytes: next.bytes.len() }), "what goes ahead is none of its bytes");
    let torn = printer.event("paper");
    let torn = torn["text"].as_str().unwrap();
    assert!(torn.contains("Kontoudtog") && torn.contains("AFBRUDT"), "{torn}");
    assert_eq!(printer.event("paper")["text"], whole);
}

#[test]
fn a_command_cut_off_in_the_middle_does_not_swallow_the_next_job() {
    let profile = Profile::tm_t20iii();
    let mut printer = VirtualPrinter::start(&profile);
    let picture = receipt_printer::Bitmap::new(profile.dots, 400);
    let job = Job::new(Document::new().line("Billede").image(picture), profile);
    // Twelve bytes of queries, then into the first band.
    printer.order("rst-after 2000");
    let (outcome, _) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Uncertain { reason: Uncertain::Link(_), .. }), "{outcome:?}");

    let next = Job::new(sample::deposit_receipt(), Profile::tm_t20iii()).after(&outcome);
    let whole = next.text();
    let (outcome, _) = next.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert!(printer.event("paper")["text"].as_str().unwrap().contains("AFBRUDT"));
    let paper = printer.event("paper");
    assert_eq!((&paper["text"], &paper["unknown"]), (&whole.into(), &serde_json::json!([])));
}

#[test]
fn what_goes_ahead_is_the_run_of_nuls_and_a_paper_of_its_own() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let job = Job { left: Left::Torn, ..Job::new(sample::deposit_receipt(), Profile::tm_t20iii()) };
    let (outcome, _) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    let mut ahead = std::fs::read(printer.event("paper")["bin"].as_str().unwrap()).unwrap();
    let recovery = escpos::recovery(&job.profile);
    let nuls = recovery.iter().take_while(|byte| **byte == 0).count();
    assert!((1024..=16_384).contains(&nuls), "{nuls}");
    // A printer that waits for no command's end passes over them. The sender's own command, after ESC @.
    assert_eq!(ahead.splice(2..5, []).collect::<Vec<u8>>(), [0x1D, 0x61, 0xFF]);
    assert_eq!(ahead, recovery[nuls..][..ahead.len()]);
    assert_eq!(printer.event("paper")["text"], job.text());
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn a_link_lost_again_before_the_job_s_first_byte_leaves_it_not_started_and_the_printer_torn() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    // So wide that its run of NULs is longer than every buffer: none of the job can be on its way when the link goes.
    let wide = Profile { dots: 8 * 576, ..Profile::tm_t20iii() };
    let job = Job { left: Left::Torn, profile: wide, ..Job::new(sample::deposit_receipt(), Profile::tm_t20iii()) };
    // Twelve bytes of queries, then into the run.
    printer.order("rst-after 500");
    let (outcome, events) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::NotStarted { reason: NotStarted::Link(_) }), "{outcome:?}");
    assert_eq!(outcome.leaves(job.left), Left::Torn);
    assert!(!events.iter().any(|event| matches!(event, JobEvent::Sending { bytes } if *bytes > 0)), "{events:?}");

    let job = Job { profile: Profile::tm_t20iii(), ..job };
    let (outcome, _) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert!(printer.event("paper")["text"].as_str().unwrap().contains("AFBRUDT"));
    assert_eq!(printer.event("paper")["text"], job.text());
}

#[test]
fn what_an_end_leaves_behind() {
    let uncertain = |reason| JobOutcome::Uncertain { bytes_sent: 1, reason };
    for found in [Left::Clean, Left::Torn] {
        assert_eq!(JobOutcome::NotStarted { reason: NotStarted::Stopped }.leaves(found), found);
        for whole in [JobOutcome::Printed, JobOutcome::Processed, JobOutcome::Assumed] {
            assert_eq!(whole.leaves(found), Left::Clean);
        }
        assert_eq!(uncertain(Uncertain::Unconfirmed).leaves(found), Left::Clean);
        for reason in [Uncertain::Stopped, Uncertain::Stalled, Uncertain::Waited(PrinterStatus::PaperOut)] {
            assert_eq!(uncertain(reason).leaves(found), Left::Torn);
        }
    }
}

#[test]
fn without_the_process_id_less_is_claimed() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let weaker = Profile { process_id: false, ..Profile::tm_t20iii() };
    let (outcome, _) = Job::new(sample::deposit_receipt(), weaker).print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Processed), "{outcome:?}");

    for mute in ["mute off", "mute on"] {
        let mut printer = VirtualPrinter::start(&Profile::generic_80());
        printer.order(mute);
        let job = Job::new(sample::order_slip(), Profile { speed_mm_s: 2000, ..Profile::generic_80() });
        let (outcome, _) = job.print_alone(&mut printer);
        assert!(matches!(outcome, JobOutcome::Assumed), "{outcome:?}");
        assert_eq!(printer.event("paper")["text"], job.text());
    }
}

#[test]
fn a_printer_without_a_blade_leaves_the_paper_to_be_torn() {
    let mut printer = VirtualPrinter::start(&Profile::generic_58());
    let job = Job::new(sample::statement(5), Profile { speed_mm_s: 2000, ..Profile::generic_58() });
    let (outcome, _) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Assumed), "{outcome:?}");
    let paper = printer.event("paper");
    assert_eq!(paper["text"].as_str().unwrap().trim_end(), job.text().trim_end());
    assert_eq!(paper["partial_cut"], false);
}

#[test]
fn the_drawer_opens_without_paper() {
    let mut printer = VirtualPrinter::start(&Profile::tm_t20iii());
    let (outcome, _) = Job::new(Document::open_drawer(), Profile::tm_t20iii()).print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    printer.event("drawer");
    assert_eq!(printer.papers_left(), 0);
}

#[test]
fn at_the_speed_of_paper_the_tag_comes_with_the_paper() {
    let mut printer = VirtualPrinter::start_at_speed(&Profile::tm_t20iii(), "500");
    let job = Job::new(sample::deposit_receipt(), Profile::tm_t20iii());
    let (outcome, _) = job.print_alone(&mut printer);
    assert!(matches!(outcome, JobOutcome::Printed), "{outcome:?}");
    assert_eq!(printer.papers_left(), 1);
}
