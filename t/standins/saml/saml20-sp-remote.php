<?php
// The portal, as our metadata describe it.
$metadata['@BASE@/mynumber/saml/metadata'] = [
    'AssertionConsumerService' => '@BASE@/mynumber/saml/acs',
    'validate.authnrequest' => true,
    'assertion.encryption' => true,
    'certData' => '@CERTIFICATE@',
];
