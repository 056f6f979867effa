//! The log: one line for each thing that happened, to standard output.

use std::fmt;

use tracing::Subscriber;
use tracing::span::Record;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FormatFields, FormattedFields, MakeWriter, fmt};

use crate::config::{Format, LogSettings};

/// What writes the log. A filter that cannot be read lets `info` through; the configuration does not let one get here.
pub fn subscriber<W>(settings: &LogSettings, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt().with_env_filter(filter).with_writer(writer);
    match settings.format {
        Format::Json => Box::new(log.json().with_span_list(false).fmt_fields(SpanFields::default()).finish()),
        Format::Text => Box::new(log.finish()),
    }
}

/// The fields of a span as a JSON object. What is recorded later is put behind the rest; [`JsonFields`] would read and write all of
/// it again, for every request, whether a line comes of it or not.
#[derive(Debug, Default)]
struct SpanFields(JsonFields);

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        self.0.format_fields(writer, fields)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut added = FormattedFields::<JsonFields>::new(String::new());
        self.0.format_fields(added.as_writer(), fields)?;
        append(&mut current.fields, &added.fields);
        Ok(())
    }
}

/// Puts the members of one JSON object behind those of another. Of two with one name a reader takes the last.
fn append(object: &mut String, added: &str) {
    let members = added.strip_prefix('{').unwrap_or(added);
    if members == "}" {
        return;
    }
    match object.strip_suffix('}') {
        None | Some("{") => added.clone_into(object),
        Some(before) => {
            object.truncate(before.len());
            object.push(',');
            object.push_str(members);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn members_are_put_behind_others() {
        for (object, added, both) in [
            ("", r#"{"a":1}"#, r#"{"a":1}"#),
            ("{}", r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, "{}", r#"{"a":1}"#),
            (r#"{"a":"}"}"#, r#"{"b":"{"}"#, r#"{"a":"}","b":"{"}"#),
        ] {
            let mut object = object.to_owned();
            append(&mut object, added);
            assert_eq!(object, both);
        }
    }
}
