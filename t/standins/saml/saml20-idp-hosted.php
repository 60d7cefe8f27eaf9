<?php
// The provider itself, as a university of a federation sets it up: assertions are signed and encrypted.
$metadata['@IDP@/idp'] = [
    'host' => '__DEFAULT__',
    'auth' => 'member',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'scope' => ['example.ac.jp'],
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.response' => true,
    'saml20.sign.assertion' => true,
];
