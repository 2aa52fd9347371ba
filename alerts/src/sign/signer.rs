//! Signs the documents that we publish.
//! Made once at start from the operator's key and certificate; the service's `issue` signs with it at publication.
//! What it returns has been verified with its own certificate, and holds the given document byte by byte.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use ring::rand::SecureRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::document::{Canonical, Tree};
use super::key::{self, CERTIFICATE, KeyFault, Pin};
use super::verify::{Unverified, verify_one};
use super::{DSIG, ECDSA_SHA256, ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256};

/// The end of every document that [`crate::xml::write`] makes.
const END: &str = "</alert>\n";

/// Why a document could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// It is not a document as we write it.
    #[error("the document does not end as an alert of ours does")]
    NotOurs,
    /// It has a signature.
    #[error("the document is signed already")]
    Signed,
    /// It can't be verified, so it can't be signed either.
    #[error(transparent)]
    Document(#[from] Unverified),
    /// The operation with the key failed.
    #[error("the key could not sign: the source of chance failed")]
    Key,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A key with its certificate. Neither `Debug` nor a fault shows the key.
pub struct Signer {
    key: Key,
    pin: Pin,
    /// Our certificate and those of its issuers, base64.
    chain: Vec<String>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.pin)
    }
}

impl Signer {
    /// Takes a private key and its certificate, both PEM: PKCS#8 (`BEGIN PRIVATE KEY`; RSA also PKCS#1), unencrypted. The first
    /// certificate is the key's; what follows are its issuers, passed on to whoever wants them.
    ///
    /// Errors: a text that is no key or certificate, a key that is neither RSA of 2,048 to 4,096 bits nor P-256, another key's certificate.
    pub fn new(key_pem: &str, certificate_pem: &str, random: &dyn SecureRandom) -> Result<Self, KeyFault> {
        let chain = key::parts(certificate_pem, CERTIFICATE)?;
        let pin = Pin::from_der(chain.first().ok_or(KeyFault::Missing(CERTIFICATE))?)?;
        let key = private_key(key_pem, random)?;
        let public = match &key {
            Key::Rsa(pair) => pair.public_key().as_ref(),
            Key::P256(pair) => pair.public_key().as_ref(),
        };
        if public != pin.key() {
            return Err(KeyFault::Mismatch);
        }
        Ok(Self { key, pin, chain: chain.iter().map(|der| STANDARD.encode(der)).collect() })
    }

    /// Our certificate, as others pin it.
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }

    /// The document with a signature before its last tag; everything else stays byte by byte.
    ///
    /// With RSA the same document always gives the same bytes; with ECDSA each signature differs. Errors: a document that
    /// [`crate::xml::write`] did not make, or that is signed already. O(n).
    pub fn sign(&self, xml: &str, random: &dyn SecureRandom) -> Result<String, SignFault> {
        let before = xml.strip_suffix(END).ok_or(SignFault::NotOurs)?;
        let plain = Tree::parse(xml.as_bytes())?;
        if !plain.signatures().is_empty() {
            return Err(SignFault::Signed);
        }
        let form = Canonical::exclusive();
        let digest = digest::digest(&digest::SHA256, &plain.canonical_without(None, &form)?);
        let template = self.template(&STANDARD.encode(digest));
        // The canonical form of what is signed depends on what stands around it, so it is made of the whole document.
        let unfinished = format!("{before}{template}{END}");
        let tree = Tree::parse(unfinished.as_bytes())?;
        let signature = *tree.signatures().last().ok_or(SignFault::NotOurs)?;
        let info = tree.elements(signature).next().ok_or(SignFault::NotOurs)?;
        let value = self.raw(&tree.canonical_part(info, &form)?, random)?;
        let filled = template.replacen(VALUE, &format!("{VALUE}{}", STANDARD.encode(value)), 1);
        let signed = format!("{before}{filled}{END}");
        let tree = Tree::parse(signed.as_bytes())?;
        let signature = *tree.signatures().last().ok_or(SignFault::NotOurs)?;
        verify_one(&tree, signature, std::slice::from_ref(&self.pin))?;
        Ok(signed)
    }

    fn raw(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, SignFault> {
        match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature).map_err(|_| SignFault::Key)?;
                Ok(signature)
            }
            Key::P256(pair) => {
                pair.sign(random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignFault::Key)
            }
        }
    }

    /// The signature without its value.
    fn template(&self, digest: &str) -> String {
        let method = match self.key {
            Key::Rsa(_) => RSA_SHA256,
            Key::P256(_) => ECDSA_SHA256,
        };
        let certificates: String =
            self.chain.iter().map(|der| format!("<ds:X509Certificate>{der}</ds:X509Certificate>")).collect();
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>\
             <ds:SignatureMethod Algorithm=\"{method}\"/>\
             <ds:Reference URI=\"\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXCLUSIVE}\"/>\
             </ds:Transforms><ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue>{digest}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>{VALUE}</ds:SignatureValue>\
             <ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>"
        )
    }
}

/// What the value follows.
const VALUE: &str = "<ds:SignatureValue>";

fn private_key(pem: &str, random: &dyn SecureRandom) -> Result<Key, KeyFault> {
    const PKCS8: &str = "PRIVATE KEY";
    const PKCS1: &str = "RSA PRIVATE KEY";
    if pem.contains("ENCRYPTED") {
        return Err(KeyFault::Encrypted);
    }
    if let Some(der) = key::parts(pem, PKCS8)?.first() {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Ok(Key::Rsa(Box::new(pair)));
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, random);
        return pair.map(|pair| Key::P256(Box::new(pair))).map_err(|_| KeyFault::PrivateKind);
    }
    if let Some(der) = key::parts(pem, PKCS1)?.first() {
        return RsaKeyPair::from_der(der).map(|pair| Key::Rsa(Box::new(pair))).map_err(|_| KeyFault::PrivateKind);
    }
    Err(if pem.contains("BEGIN EC PRIVATE KEY") { KeyFault::Sec1 } else { KeyFault::Missing(PKCS8) })
}
