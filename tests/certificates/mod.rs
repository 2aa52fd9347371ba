//! A throw-away authority and the certificates that it signs, as PEM files.
//! Used by stories about TLS in `contracts` and `scenarios`; nothing here is believed by anybody but the story's own clients.
//! Keys are made anew each time and go with the directory.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// An authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate: what a client must believe.
    pub file: PathBuf,
}

/// A certificate with its key.
pub struct Certificate {
    /// The chain, PEM.
    pub file: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, whose files lie in `directory` under this name.
    pub fn new(directory: &Path, name: &str) -> Self {
        let mut wanted = CertificateParams::new(Vec::new()).expect("no names are right names");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = wanted.self_signed(&key).expect("a certificate");
        let file = directory.join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).expect("a file");
        Self { issuer: Issuer::new(wanted, key), file }
    }

    /// Signs a certificate for these names and addresses.
    pub fn signs(&self, directory: &Path, name: &str, for_names: &[&str]) -> Certificate {
        let names: Vec<String> = for_names.iter().map(|name| (*name).to_owned()).collect();
        let wanted = CertificateParams::new(names).expect("names");
        let key = KeyPair::generate().expect("a key");
        let certificate = wanted.signed_by(&key, &self.issuer).expect("a certificate");
        let made =
            Certificate { file: directory.join(format!("{name}.pem")), key: directory.join(format!("{name}.key")) };
        std::fs::write(&made.file, certificate.pem()).expect("a file");
        std::fs::write(&made.key, key.serialize_pem()).expect("a file");
        made
    }
}
