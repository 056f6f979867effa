//! The log: one line for each thing that happened, to standard output.

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{MakeWriter, fmt};

use crate::config::{Format, LogSettings};

/// What writes the log. A filter that cannot be read lets `info` through; the configuration does not let one get here.
pub fn subscriber<W>(settings: &LogSettings, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt().with_env_filter(filter).with_writer(writer);
    match settings.format {
        Format::Json => Box::new(log.json().with_span_list(false).finish()),
        Format::Text => Box::new(log.finish()),
    }
}
