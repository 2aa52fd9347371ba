"""Signs and verifies with signxml, for tests/sign.rs, which runs it in the folder of the keys.

    signatures.py sign KEY default|exclusive FILE    prints the signed document
    signatures.py verify KEY FILE                    ends with 0 when KEY's certificate signed FILE, with 3 when not
"""

import sys

from lxml import etree
from signxml import CanonicalizationMethod, SignatureMethod, XMLSigner, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration

verb, key, *rest = sys.argv[1:]
tree = etree.parse(rest[-1]).getroot()
certificate = open(f"{key}.cert.pem").read()

if verb == "sign":
    form = {
        "default": {},
        "exclusive": {"c14n_algorithm": CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0},
    }[rest[0]]
    method = SignatureMethod.RSA_SHA256 if key == "rsa" else SignatureMethod.ECDSA_SHA256
    signed = XMLSigner(signature_algorithm=method, **form).sign(tree, key=open(f"{key}.key.pem").read(), cert=certificate)
    sys.stdout.buffer.write(etree.tostring(signed))
else:
    try:
        XMLVerifier().verify(tree, x509_cert=certificate, expect_config=SignatureConfiguration(expect_references=1))
    except (InvalidSignature, InvalidInput) as why:
        print(type(why).__name__, why)
        sys.exit(3)
