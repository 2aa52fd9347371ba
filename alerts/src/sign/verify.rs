//! Judges the signatures of a document against pinned keys, and hands back what was signed.
//! Called by whoever reads a source with pins; `signer` calls it on everything it makes.
//! Only a signature over the whole document counts, and nothing that the document brings along is trusted.

use jiff::Timestamp;
use ring::digest::{self, Digest};
use uppsala::NodeId;

use super::document::{Canonical, Tree};
use super::key::{self, Pin};
use super::{DSIG, ENVELOPED, SHA256};
use crate::xml::{self, Read, ReadError};

/// The largest document that is verified, in bytes; the largest known alerts (DWD, eight languages) have 400 kB.
pub const SIGNED_BYTES_MAX: usize = 2 << 20;
/// How many signatures of one document are looked at: issuer and aggregators sign in turn (CAP-CP has two).
pub const SIGNATURES_MAX: usize = 4;

/// A document whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The index of the pin whose key signed it, in the order in which the pins were given.
    pub pin: usize,
    /// What was signed: the document without this signature, in canonical form, UTF-8. Read this, not the document.
    pub signed: Vec<u8>,
}

impl Verified {
    /// The alert that was signed.
    pub fn read(&self) -> Result<Read, ReadError> {
        xml::read(&self.signed)
    }
}

/// Why no signature of a document counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The document has no signature where CAP wants one.
    #[error("the document is not signed")]
    Unsigned,
    /// More bytes than the limit.
    #[error("the document has {bytes} bytes; at most {SIGNED_BYTES_MAX} are verified")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// More signatures than the limit.
    #[error("the document has more than {SIGNATURES_MAX} signatures")]
    TooMany,
    /// The document or its signature is not formed as it must be.
    #[error("{0}")]
    Form(&'static str),
    /// The signature covers something other than the whole document.
    #[error("the signature is not over the whole document but over “{uri}”")]
    NotTheWhole {
        /// What the reference names, at most 80 characters of it. It was not looked up.
        uri: String,
    },
    /// An algorithm that is not accepted.
    #[error("the algorithm {name} is {}", if *.weak { "broken" } else { "not accepted" })]
    Algorithm {
        /// Its name, at most 80 characters of it.
        name: String,
        /// Whether it is known to be weak (SHA-1, MD5), rather than unknown or unfit.
        weak: bool,
    },
    /// The document is not what was signed.
    #[error("the document was changed after it was signed")]
    Changed,
    /// None of the pinned keys made the signature.
    #[error("the signature was made by none of the {pins} pinned key(s)")]
    Stranger {
        /// How many pins there were.
        pins: usize,
    },
    /// The key is pinned, but its certificate did not hold at the moment.
    #[error("the pinned certificate holds from {not_before} to {not_after} only; pin the new one of the source")]
    OutOfPeriod {
        /// Its first second.
        not_before: Timestamp,
        /// Its last second.
        not_after: Timestamp,
    },
}

/// Verifies a document with the keys that are pinned for its source; `received_at` decides whether a certificate has run out.
///
/// When the document has several signatures, one good one is enough, since each is over the whole. Errors: why the first one that is
/// there does not count, or the reason that concerns the document as a whole. Never reads a file or the network. O(n).
pub fn verify(document: &[u8], pins: &[Pin], received_at: Timestamp) -> Result<Verified, Unverified> {
    let tree = Tree::parse(document)?;
    let signatures = tree.signatures();
    if signatures.len() > SIGNATURES_MAX {
        return Err(Unverified::TooMany);
    }
    let mut first = None;
    for signature in signatures {
        match verify_one(&tree, signature, pins) {
            Ok(verified) => {
                let pin = &pins[verified.pin];
                if pin.is_valid_at(received_at) {
                    return Ok(verified);
                }
                let (not_before, not_after) = pin.period();
                first.get_or_insert(Unverified::OutOfPeriod { not_before, not_after });
            }
            Err(why) => {
                first.get_or_insert(why);
            }
        }
    }
    Err(first.unwrap_or(Unverified::Unsigned))
}

/// One signature's parts.
struct Parts {
    info: NodeId,
    info_form: Canonical,
    method: String,
    reference: NodeId,
    value: Vec<u8>,
}

/// Verifies one signature, whatever the time.
pub(super) fn verify_one(tree: &Tree<'_>, signature: NodeId, pins: &[Pin]) -> Result<Verified, Unverified> {
    let parts = parts(tree, signature)?;
    let (kind, algorithm) = key::algorithm(&parts.method).ok_or_else(|| refused(&parts.method))?;
    let (form, digest_by, expected) = reference(tree, parts.reference)?;
    let signed = tree.canonical_without(Some(signature), &form)?;
    if digest_by(&signed).as_ref() != expected {
        return Err(Unverified::Changed);
    }
    let info = tree.canonical_part(parts.info, &parts.info_form)?;
    let pin = pins.iter().position(|pin| pin.kind() == kind && pin.verifies(algorithm, &info, &parts.value));
    pin.map(|pin| Verified { pin, signed }).ok_or(Unverified::Stranger { pins: pins.len() })
}

/// Children of one element that must stand in this order, each once.
fn in_order<const N: usize>(
    tree: &Tree<'_>,
    parent: NodeId,
    names: [&str; N],
    why: &'static str,
) -> Result<[NodeId; N], Unverified> {
    let children: Vec<NodeId> = tree.elements(parent).collect();
    let children: [NodeId; N] = children.try_into().map_err(|_| Unverified::Form(why))?;
    if children.iter().zip(names).all(|(&child, name)| tree.is(child, name)) {
        Ok(children)
    } else {
        Err(Unverified::Form(why))
    }
}

fn parts(tree: &Tree<'_>, signature: NodeId) -> Result<Parts, Unverified> {
    const FORM: Unverified = Unverified::Form("the signature has not the parts that XML signatures have");
    let children: Vec<NodeId> = tree.elements(signature).collect();
    let [info, value, rest @ ..] = children.as_slice() else { return Err(FORM) };
    // What keys a document brings along, and objects that aren't signed, are of no interest.
    let known = rest.iter().all(|&part| tree.is(part, "KeyInfo") || tree.is(part, "Object"));
    if !(tree.is(*info, "SignedInfo") && tree.is(*value, "SignatureValue") && known) {
        return Err(FORM);
    }
    let of_info: Vec<NodeId> = tree.elements(*info).collect();
    let [form, method, references @ ..] = of_info.as_slice() else { return Err(FORM) };
    if !(tree.is(*form, "CanonicalizationMethod") && tree.is(*method, "SignatureMethod")) {
        return Err(FORM);
    }
    let [reference] = references else {
        return Err(Unverified::Form("the signature has not exactly one reference"));
    };
    // Parameters (an HMAC's length, PSS) belong to algorithms that aren't accepted.
    if !tree.is(*reference, "Reference") || tree.elements(*method).next().is_some() {
        return Err(FORM);
    }
    Ok(Parts {
        info: *info,
        info_form: Canonical::of(tree, *form)?,
        method: tree.algorithm(*method)?.to_owned(),
        reference: *reference,
        value: key::base64(&tree.text(*value)?).ok_or(Unverified::Form("the signature's value is not base64"))?,
    })
}

type DigestBy = fn(&[u8]) -> Digest;

/// What the only reference says: how the document is brought into form, how it is digested, and the digest.
fn reference(tree: &Tree<'_>, reference: NodeId) -> Result<(Canonical, DigestBy, Vec<u8>), Unverified> {
    match tree.attribute(reference, "URI") {
        Some("") => {}
        other => return Err(Unverified::NotTheWhole { uri: other.unwrap_or("(nothing)").chars().take(80).collect() }),
    }
    let [transforms, method, value] = in_order(
        tree,
        reference,
        ["Transforms", "DigestMethod", "DigestValue"],
        "the reference has not transforms, digest method and digest",
    )?;
    let steps: Vec<NodeId> = tree.elements(transforms).collect();
    if !steps.iter().all(|&step| tree.is(step, "Transform")) {
        return Err(Unverified::Form("a transform is not one"));
    }
    let form = match steps.as_slice() {
        [enveloped] if tree.algorithm(*enveloped)? == ENVELOPED => Canonical::inclusive(),
        [enveloped, form] if tree.algorithm(*enveloped)? == ENVELOPED => Canonical::of(tree, *form)?,
        _ => return Err(Unverified::Form("the transforms are not enveloped-signature and one canonicalisation")),
    };
    let name = tree.algorithm(method)?;
    let digest_by: DigestBy = match name {
        SHA256 => |bytes| digest::digest(&digest::SHA256, bytes),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => |bytes| digest::digest(&digest::SHA384, bytes),
        "http://www.w3.org/2001/04/xmlenc#sha512" => |bytes| digest::digest(&digest::SHA512, bytes),
        _ => return Err(refused(name)),
    };
    let value = key::base64(&tree.text(value)?).ok_or(Unverified::Form("the digest is not base64"))?;
    Ok((form, digest_by, value))
}

fn refused(name: &str) -> Unverified {
    let lower = name.to_ascii_lowercase();
    let weak = lower.strip_prefix(DSIG).is_some_and(|rest| rest.contains("sha1")) || lower.contains("md5");
    Unverified::Algorithm { name: name.chars().take(80).collect(), weak }
}
