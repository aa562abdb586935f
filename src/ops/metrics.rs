//! The figures of a server, in the text format of Prometheus.
//!
//! Nothing is kept here: each figure is read where it is counted when somebody asks. No label comes from what users
//! type, so there are as many time series tomorrow as today.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::{self, CONTENT_TYPE};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Watched;
use super::http::{Answer, Status};
use super::nodes;
use super::process::Process;
use crate::chat::people::ClientKind;
use crate::counts::{BOUNDS, Histogram, Kind, Snapshot, Way};
use crate::hub::lobby::LobbyFigures;
use crate::net::reason::Reason;
use crate::store::StoreCounts;

/// The figures of one server.
#[derive(Debug)]
pub struct Metrics(Registry);

impl Metrics {
    /// Of a server that has just been started, and of how late its tasks are.
    pub fn new(watched: Watched, lag: Arc<Histogram>) -> Metrics {
        let mut registry = Registry::default();
        let started_ms = watched.runtime.clock.timestamp().0;
        registry.register_collector(Box::new(Figures {
            watched,
            lag,
            started_ms,
        }));
        Metrics(registry)
    }

    /// All of them, as they are now.
    pub fn answer(&self) -> Answer {
        let mut body = String::new();
        match prometheus_text::encode(&mut body, &self.0) {
            Ok(()) => Answer {
                status: Status::Ok,
                content_type: CONTENT_TYPE,
                body,
            },
            Err(fmt::Error) => Answer::text(Status::Unavailable, "The figures cannot be written."),
        }
    }
}

#[derive(Debug)]
struct Figures {
    watched: Watched,
    lag: Arc<Histogram>,
    started_ms: i64,
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.write_connections(&mut page)?;
        // Once, since the lobby looks at all its rooms for it.
        let figures = self.watched.lobby.figures();
        self.write_rooms(&figures, &mut page)?;
        self.write_runtime(&figures, &mut page)?;
        write_store(self.watched.store.counts(), &mut page)?;
        nodes::write(self.watched.store.cluster(), &mut page)?;
        write_process(self.started_ms, Process::now(), &mut page)
    }
}

impl Figures {
    fn write_connections(&self, page: &mut Page<'_>) -> fmt::Result {
        let Watched {
            runtime,
            admission,
            reasons,
            output_waiting,
            ..
        } = &self.watched;
        let counts = &runtime.counts;
        page.gauges(
            "parlor_connections",
            "Connections that are served, by what they are called from and by which way they come.",
            counts
                .present
                .each()
                .map(|(kind, count)| (labels_of(kind), count)),
        )?;
        let (taken, places) = admission.places();
        page.gauge(
            "parlor_connections_admitted",
            "Connections that have one of the places there are; some may wait for their turn.",
            taken,
        )?;
        page.gauge(
            "parlor_connections_limit",
            "Connections that there can be (--max-connections); 0: any number.",
            places.unwrap_or(0),
        )?;
        let of = |refused: bool| {
            let reasons_of = Reason::ALL.into_iter();
            let reasons_of = reasons_of.filter(move |reason| reason.is_refusal() == refused);
            reasons_of.map(|reason| ([("reason", reason.label())], reasons.of(reason)))
        };
        page.counters(
            "parlor_connections_ended",
            "Connections that were served and have ended, by why.",
            of(false),
        )?;
        page.counters(
            "parlor_connections_refused",
            "Connections that were not let in, by why.",
            of(true),
        )?;
        page.counter(
            "parlor_received_bytes",
            "Bytes that clients have sent, without what TLS adds.",
            counts.bytes_in.sum(),
        )?;
        page.counter(
            "parlor_sent_bytes",
            "Bytes that clients were sent, without what TLS adds.",
            counts.bytes_out.sum(),
        )?;
        page.gauge(
            "parlor_output_waiting_bytes",
            "Bytes that wait for clients to take them.",
            output_waiting(),
        )?;
        page.counter(
            "parlor_wrong_passwords",
            "Wrong passwords, of accounts and of rooms.",
            counts.wrong_passwords.sum(),
        )
    }

    fn write_rooms(&self, figures: &LobbyFigures, page: &mut Page<'_>) -> fmt::Result {
        let counts = &self.watched.runtime.counts;
        page.gauge("parlor_rooms", "Rooms that are open.", figures.rooms)?;
        page.gauge("parlor_members", "Members of all rooms.", figures.members)?;
        page.counter("parlor_lines", "Lines said in rooms.", counts.lines.sum())?;
        page.counter(
            "parlor_lines_skipped",
            "Lines that members did not see since they read too slowly, each for each of them.",
            counts.skipped.sum(),
        )?;
        page.counter(
            "parlor_lines_slowed",
            "Lines that had to wait since their sender was faster than --rate.",
            counts.slowed.sum(),
        )?;
        page.histogram(
            "parlor_delivery_seconds",
            "From a line's being stored to its being written to the socket of a member, for the lines of at most twenty \
             moments a second and members who had taken all that was before.",
            &counts.deliveries.snapshot(),
        )
    }

    fn write_runtime(&self, figures: &LobbyFigures, page: &mut Page<'_>) -> fmt::Result {
        let tasks = [
            ("connection", self.watched.connections.running()),
            ("request", figures.requests),
            ("room", figures.actors),
        ];
        page.gauges(
            "parlor_tasks",
            "Tasks that are under way: connections, requests that are not answered, and rooms with seats that are kept.",
            tasks.map(|(of, count)| ([("of", of)], count)),
        )?;
        page.histogram(
            "parlor_executor_lag_seconds",
            "How late a task runs that has to run at some time.",
            &self.lag.snapshot(),
        )?;
        page.counter(
            "parlor_faults",
            "Panics of the server.",
            (self.watched.faults)(),
        )?;
        let until = self.watched.certificates.valid_until();
        page.gauge(
            "parlor_tls_certificate_not_after_seconds",
            "Until when the certificate of TLS is valid, in seconds since 1970; 0 without TLS.",
            until.map_or(0.0, |until| until.0 as f64 / 1000.0),
        )?;
        page.gauges(
            "parlor_build_info",
            "The version of the server.",
            [([("version", env!("CARGO_PKG_VERSION"))], 1_u64)],
        )
    }
}

/// Without a file, as if nothing was ever asked for: whoever draws the figures finds them all the same.
fn write_store(counts: Option<&StoreCounts>, page: &mut Page<'_>) -> fmt::Result {
    let none = StoreCounts::default();
    let counts = counts.unwrap_or(&none);
    let each = || {
        counts
            .each()
            .map(|(what, timed)| ([("operation", what)], timed))
    };
    page.gauges(
        "parlor_store_requests",
        "What was asked of the file, or of the database, and is not answered, the queue included.",
        each().map(|(labels, timed)| (labels, timed.under_way())),
    )?;
    page.histograms(
        "parlor_store_request_seconds",
        "From something's being asked of the file, or of the database, to the answer, the wait in the queue included.",
        each().map(|(labels, timed)| (labels, timed.took().snapshot())),
    )?;
    page.histogram(
        "parlor_store_commit_seconds",
        "What a commit takes, of all that waits at once.",
        &counts.commits.snapshot(),
    )?;
    page.counter(
        "parlor_store_failures",
        "What could not be stored.",
        counts.failures.sum(),
    )
}

/// Those that have the same names whatever the program is.
fn write_process(started_ms: i64, process: Option<Process>, page: &mut Page<'_>) -> fmt::Result {
    page.gauge(
        "process_start_time_seconds",
        "When the server was started, in seconds since 1970.",
        started_ms as f64 / 1000.0,
    )?;
    let Some(process) = process else {
        return Ok(());
    };
    let mut cpu = page.describe(
        "process_cpu_seconds",
        "Seconds that the threads have run.",
        MetricType::Counter,
    )?;
    cpu.encode_counter::<NoLabelSet, f64, u64>(&process.cpu_seconds, None)?;
    page.gauge(
        "process_resident_memory_bytes",
        "Memory that the process has.",
        process.resident_bytes,
    )?;
    page.gauge(
        "process_virtual_memory_bytes",
        "Address space that the process has.",
        process.virtual_bytes,
    )?;
    page.gauge("process_threads", "Threads.", process.threads)?;
    page.gauge(
        "process_open_fds",
        "Files and sockets that are open.",
        process.open_files,
    )?;
    match process.open_files_max {
        Some(most) => page.gauge(
            "process_max_fds",
            "Files and sockets that can be open.",
            most,
        ),
        None => Ok(()),
    }
}

fn labels_of(kind: Kind) -> [(&'static str, &'static str); 3] {
    let client = match kind.client() {
        ClientKind::Raw => "raw",
        ClientKind::TelnetLines => "telnet_lines",
        ClientKind::TelnetKeys => "telnet_keys",
    };
    let transport = match kind.way() {
        Way::Plain => "plain",
        Way::Tls => "tls",
        Way::Ssh => "ssh",
        Way::Unix => "unix",
    };
    let proxied = if kind.is_proxied() { "true" } else { "false" };
    [
        ("client", client),
        ("transport", transport),
        ("proxied", proxied),
    ]
}

/// What is being written.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    pub(super) fn describe(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    pub(super) fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        value: impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.describe(name, help, MetricType::Gauge)?
            .encode_gauge(&value)
    }

    pub(super) fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (L, impl EncodeGaugeValue)>,
    ) -> fmt::Result {
        let mut family = self.describe(name, help, MetricType::Gauge)?;
        for (labels, value) in values {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// The format appends `_total` to the name.
    pub(super) fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        value: u64,
    ) -> fmt::Result {
        let mut counter = self.describe(name, help, MetricType::Counter)?;
        counter.encode_counter::<NoLabelSet, u64, u64>(&value, None)
    }

    /// As [`Page::counter`].
    pub(super) fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut family = self.describe(name, help, MetricType::Counter)?;
        for (labels, value) in values {
            let mut counter = family.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, u64, u64>(&value, None)?;
        }
        Ok(())
    }

    pub(super) fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        snapshot: &Snapshot,
    ) -> fmt::Result {
        write_histogram(self.describe(name, help, MetricType::Histogram)?, snapshot)
    }

    pub(super) fn histograms<L: EncodeLabelSet>(
        &mut self,
        name: &'static str,
        help: &'static str,
        snapshots: impl IntoIterator<Item = (L, Snapshot)>,
    ) -> fmt::Result {
        let mut family = self.describe(name, help, MetricType::Histogram)?;
        for (labels, snapshot) in snapshots {
            write_histogram(family.encode_family(&labels)?, &snapshot)?;
        }
        Ok(())
    }
}

fn write_histogram(mut encoder: MetricEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    let bounds = BOUNDS.iter().map(|&micros| micros as f64 / 1e6);
    let bounds = bounds.chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(snapshot.buckets).collect();
    let sum = snapshot.sum.as_secs_f64();
    encoder.encode_histogram::<NoLabelSet>(sum, snapshot.count(), &buckets, None)
}
