//! Reads keys and certificates from PEM text.
//! Used by `signer` for our own and by `verify` for the pinned ones of others.
//! A key that is too weak or of another kind is refused here, so that nothing later has to ask.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::content::hex;

/// The largest PEM text that is read, in bytes: a chain of a dozen certificates.
const PEM_BYTES_MAX: usize = 64 << 10;

/// Why a key or certificate can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The text is larger than any key or chain of certificates.
    #[error("it has more than 64 kB")]
    TooLarge,
    /// There is no such part.
    #[error("there is no “-----BEGIN {0}-----” part in it")]
    Missing(&'static str),
    /// A part is damaged.
    #[error("its part “{0}” is damaged")]
    Damaged(&'static str),
    /// The key has a password.
    #[error("the key is encrypted; give it without a password: openssl pkcs8 -topk8 -nocrypt")]
    Encrypted,
    /// The key is in a form that is not read.
    #[error("the key is in the older EC form; convert it: openssl pkcs8 -topk8 -nocrypt")]
    Sec1,
    /// Neither RSA of 2,048 bits or more nor an accepted curve.
    #[error("the key is neither RSA with 2048 to 4096 bits nor ECDSA on P-256")]
    PrivateKind,
    /// A certificate for a key that no accepted algorithm uses.
    #[error("the certificate's key is neither RSA nor ECDSA on P-256 or P-384")]
    PublicKind,
    /// The certificate is another key's.
    #[error("the certificate belongs to another key")]
    Mismatch,
}

/// What kind of key a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
}

/// A certificate whose key is accepted: pinned by the operator, per source, out of band.
///
/// Its issuer is not asked, nor any list of revoked ones: pinning *is* the trust, and taking the pin away ends it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin {
    kind: Kind,
    /// The content of the certificate's subjectPublicKey: an RSAPublicKey in DER, or an uncompressed point.
    key: Vec<u8>,
    subject: String,
    fingerprint: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({}, {})", self.subject, &self.fingerprint[..16])
    }
}

impl Pin {
    /// Reads the first certificate of a PEM text.
    pub fn new(certificate_pem: &str) -> Result<Self, KeyFault> {
        let all = parts(certificate_pem, CERTIFICATE)?;
        Self::from_der(all.first().ok_or(KeyFault::Missing(CERTIFICATE))?)
    }

    pub(super) fn from_der(der: &[u8]) -> Result<Self, KeyFault> {
        let damaged = KeyFault::Damaged(CERTIFICATE);
        let certificate = Certificate::from_der(der).map_err(|_| damaged.clone())?;
        let body = certificate.tbs_certificate();
        let key = body.subject_public_key_info();
        let curve = || key.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok());
        let kind = match key.algorithm.oid.to_string().as_str() {
            // RFC 8017 appendix A.1 rsaEncryption; RFC 5480 §2.1.1 id-ecPublicKey, secp256r1, secp384r1.
            "1.2.840.113549.1.1.1" => Kind::Rsa,
            "1.2.840.10045.2.1" => {
                let curve: x509_cert::der::asn1::ObjectIdentifier = curve().ok_or(KeyFault::PublicKind)?;
                match curve.to_string().as_str() {
                    "1.2.840.10045.3.1.7" => Kind::P256,
                    "1.3.132.0.34" => Kind::P384,
                    _ => return Err(KeyFault::PublicKind),
                }
            }
            _ => return Err(KeyFault::PublicKind),
        };
        let moment = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs())
                .ok()
                .and_then(|seconds| Timestamp::from_second(seconds).ok())
                .unwrap_or(Timestamp::MAX)
        };
        Ok(Self {
            kind,
            key: key.subject_public_key.as_bytes().ok_or(damaged)?.to_vec(),
            subject: body.subject().to_string(),
            fingerprint: hex(ring::digest::digest(&ring::digest::SHA256, der).as_ref()),
            not_before: moment(body.validity().not_before),
            not_after: moment(body.validity().not_after),
        })
    }

    /// Whom the certificate names, in the form of RFC 4514. Not checked by anybody.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// SHA-256 of the certificate, 64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` shows it (there with colons).
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// From when to when the certificate holds, both included.
    pub const fn period(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// Whether the certificate holds at a moment.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn verifies(&self, by: &'static dyn VerificationAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(by, &self.key).verify(message, signature).is_ok()
    }
}

/// A signature algorithm that is accepted, with the key it takes.
pub(super) fn algorithm(name: &str) -> Option<(Kind, &'static dyn VerificationAlgorithm)> {
    Some(match name {
        super::RSA_SHA256 => (Kind::Rsa, &signature::RSA_PKCS1_2048_8192_SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (Kind::Rsa, &signature::RSA_PKCS1_2048_8192_SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (Kind::Rsa, &signature::RSA_PKCS1_2048_8192_SHA512),
        super::ECDSA_SHA256 => (Kind::P256, &signature::ECDSA_P256_SHA256_FIXED),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Kind::P384, &signature::ECDSA_P384_SHA384_FIXED),
        _ => return None,
    })
}

pub(super) const CERTIFICATE: &str = "CERTIFICATE";

/// The parts of a PEM text (RFC 7468) that have a label, decoded; text around them is no matter.
pub(super) fn parts(pem: &str, label: &'static str) -> Result<Vec<Vec<u8>>, KeyFault> {
    if pem.len() > PEM_BYTES_MAX {
        return Err(KeyFault::TooLarge);
    }
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut found = Vec::new();
    for part in pem.split(&begin).skip(1) {
        let (inside, _) = part.split_once(&end).ok_or(KeyFault::Damaged(label))?;
        found.push(base64(inside).ok_or(KeyFault::Damaged(label))?);
    }
    Ok(found)
}

/// Base64 with white space anywhere, as PEM and XML signatures have it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).ok()
}
