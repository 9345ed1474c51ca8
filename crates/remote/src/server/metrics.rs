//! Figures for Prometheus.

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};

use super::operation::PatchKind;

/// Bounds of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
/// Bounds of the buckets of what a delta has of its result.
const RATIOS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

/// The figures of a server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    received: IntCounter,
    sent: IntCounter,
    saved: IntCounter,
    ratios: HistogramVec,
    /// Requests that are under way.
    pub(super) in_flight: IntGauge,
    /// Connections that are open.
    pub(super) connections: IntGauge,
    /// Time that jobs wait for their turn, in seconds.
    pub(super) wait_seconds: Histogram,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        let labelled = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels);
            registered(&registry, counter)
        };
        let counter = |name, help| registered(&registry, IntCounter::new(name, help));
        let gauge = |name, help| registered(&registry, IntGauge::new(name, help));
        let histogram = |name: &str, help: &str, buckets: &[f64], labels: &[&str]| {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            registered(&registry, HistogramVec::new(options, labels))
        };
        let waiting =
            HistogramOpts::new("sigdelta_job_wait_seconds", "Time that jobs wait for their turn");
        Metrics {
            requests: labelled(
                "sigdelta_requests_total",
                "Requests by operation and status",
                &["operation", "status"],
            ),
            seconds: histogram(
                "sigdelta_request_seconds",
                "Time to the header of the reply",
                &SECONDS,
                &["operation"],
            ),
            received: counter("sigdelta_received_bytes_total", "Bytes of bodies received"),
            sent: counter("sigdelta_sent_bytes_total", "Bytes of bodies sent"),
            saved: counter(
                "sigdelta_saved_bytes_total",
                "Bytes of results that did not go over the wire, since a delta did",
            ),
            ratios: histogram(
                "sigdelta_patch_ratio",
                "Bytes of a delta for each byte of its result",
                &RATIOS,
                &["kind"],
            ),
            in_flight: gauge("sigdelta_requests_in_flight", "Requests under way"),
            connections: gauge("sigdelta_connections", "Open connections"),
            wait_seconds: registered(
                &registry,
                Histogram::with_opts(waiting.buckets(SECONDS.to_vec())),
            ),
            registry,
        }
    }

    /// Counts one more in a gauge until the return value is dropped.
    pub(super) fn count(gauge: &IntGauge) -> Counted {
        gauge.inc();
        Counted(gauge.clone())
    }

    /// Counts a request.
    pub(super) fn request(&self, operation: &str, status: u16, seconds: f64) {
        self.requests.with_label_values(&[operation, &status.to_string()]).inc();
        self.seconds.with_label_values(&[operation]).observe(seconds);
    }

    /// Counts bytes of bodies.
    pub(super) fn transferred(&self, received: u64, sent: u64) {
        self.received.inc_by(received);
        self.sent.inc_by(sent);
    }

    /// Counts a delta that became a content.
    pub(super) fn patched(&self, kind: PatchKind, delta_bytes: u64, result_bytes: u64) {
        let kind = match kind {
            PatchKind::Librsync => "librsync",
            PatchKind::Layered => "layered",
        };
        let ratio = delta_bytes as f64 / result_bytes.max(1) as f64;
        self.ratios.with_label_values(&[kind]).observe(ratio);
        self.saved(delta_bytes, result_bytes);
    }

    /// Counts bytes that did not go over the wire.
    pub(super) fn saved(&self, delta_bytes: u64, result_bytes: u64) {
        self.saved.inc_by(result_bytes.saturating_sub(delta_bytes));
    }

    /// Returns all figures in the text format.
    pub(super) fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// Counts as long as it is there.
pub(super) struct Counted(IntGauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn registered<C>(registry: &Registry, collector: prometheus::Result<C>) -> C
where
    C: prometheus::core::Collector + Clone + 'static,
{
    let collector = collector.expect("names and buckets are valid");
    registry.register(Box::new(collector.clone())).expect("names are different");
    collector
}
