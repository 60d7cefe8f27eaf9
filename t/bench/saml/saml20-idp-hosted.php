<?php
// The provider itself: response and assertion are both signed.
$metadata['@IDP@/idp'] = [
    'host' => '__DEFAULT__',
    'auth' => 'member',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.response' => true,
    'saml20.sign.assertion' => true,
];
