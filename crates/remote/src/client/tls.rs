//! Whom a client believes that a server is who it says.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Error, Result};

/// The certificates of those who may vouch for a server: the caller's and the system's.
#[derive(Debug)]
pub(super) struct Trust {
    own: RootCertStore,
    /// Made when it is needed, since reading the system's certificates takes longer than a small push.
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// Takes the caller's certificates, in PEM; there may be none.
    pub(super) fn new(pem: &[u8]) -> Result<Self> {
        let failed = |reason: String| Error::Certificates { reason };
        let mut own = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            own.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
        if !pem.is_empty() && own.is_empty() {
            return Err(failed("there are none in PEM".to_owned()));
        }
        Ok(Trust { own, config: OnceLock::new() })
    }

    /// Returns the terms of TLS.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let mut roots = self.own.clone();
        // A system without certificates can still be talked to with the caller's.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Certificates { reason: error.to_string() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}
