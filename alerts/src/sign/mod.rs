//! Signs CAP documents and verifies those of others: enveloped XML signatures (XML-DSig) with pinned keys.
//! Called by the service at publication and by whoever reads a source whose certificate the operator has pinned.
//! Nothing that a document carries is believed or fetched: no embedded key, no address, no algorithm outside of a short list.
//!
//! # What is written
//!
//! One `Signature` as the last child of `alert`, after the last `info`, where CAP's schema wants it: enveloped, exclusive
//! canonicalisation, SHA-256, `rsa-sha256` or `ecdsa-sha256` on P-256, and the X.509 certificate for those who want to see it. Not one
//! byte of the document itself changes.
//!
//! # What is believed
//!
//! A signature counts when all of this is so; anything else is [`Unverified`], with its reason:
//!
//! - it is a child of the root element, and the root is a CAP alert;
//! - it has exactly one reference, to the *whole* document (`URI=""`), so that no part can be moved or replaced (wrapping);
//! - its only transforms are enveloped-signature and at most one canonicalisation, and every algorithm is on the list below;
//! - it verifies with one of the caller's [`Pin`]s. Keys and certificates inside the document are not looked at: whoever forges an
//!   alert can put a key of his own beside it;
//! - the pin's certificate is in its period at the moment the caller names, which should be the moment of *receipt*: the time that
//!   stands in the alert is the sender's own word, and who holds a stolen old key can write any.
//!
//! The answer holds the very text that was signed, to be read in the document's place ([`Verified::read`]); so it is of no
//! consequence if two parsers understand the raw bytes differently.
//!
//! CAP says that a recipient must not refuse an alert because it can't verify its signature. So [`verify`] judges the signature
//! only; what becomes of an unverified alert is for the caller to decide.
//!
//! | | accepted | written |
//! |---|---|---|
//! | canonicalisation | exclusive 1.0, inclusive 1.0 and 1.1, each without comments | exclusive 1.0 |
//! | signature | RSA PKCS#1 (2,048 to 8,192 bits) with SHA-256, -384, -512; ECDSA P-256 with SHA-256, P-384 with SHA-384 | RSA SHA-256, ECDSA P-256 |
//! | digest | SHA-256, -384, -512 | SHA-256 |
//!
//! SHA-1, MD5 and HMAC are refused by name. Sources: W3C “XML Signature Syntax and Processing” 1.1; RFC 6931 (names of algorithms);
//! CAP 1.2 §3.3.4.1.
//!
//! # Example
//!
//! ```no_run
//! use alerts::sign::{Pin, Signer, verify};
//! # fn files() -> (String, String) { unimplemented!() }
//! # fn random() -> ring::rand::SystemRandom { unimplemented!() }
//! # let xml = String::new();
//! # let now = jiff::Timestamp::UNIX_EPOCH;
//!
//! let (key_pem, certificate_pem) = files();
//! let signer = Signer::new(&key_pem, &certificate_pem, &random())?;
//! let signed = signer.sign(&xml, &random())?;
//!
//! // Another city has our certificate from us, not from the document.
//! let pins = [Pin::new(&certificate_pem)?];
//! let verified = verify(signed.as_bytes(), &pins, now)?;
//! let alert = verified.read()?.alert;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod document; // A document as a tree, and its canonical forms.
mod key; // Keys and certificates as the operator has them in files.
mod signer; // Signing what we publish.
mod verify; // Judging what others signed.

pub use key::{KeyFault, Pin};
pub use signer::{SignFault, Signer};
pub use verify::{SIGNATURES_MAX, SIGNED_BYTES_MAX, Unverified, Verified, verify};

/// The namespace of XML signatures.
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
