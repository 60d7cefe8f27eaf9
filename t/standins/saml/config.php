<?php
// SimpleSAMLphp as the university's sign-in of script/server --sign-in saml, below PHP's own server.
$config = [
    'baseurlpath' => '@IDP@/',
    'certdir' => '@DIR@/cert/',
    'datadir' => '@DIR@/data/',
    'tempdir' => '@DIR@/tmp/',
    'loggingdir' => '@DIR@/log/',
    'metadatadir' => '@DIR@/metadata',
    'metadata.sources' => [['type' => 'flatfile', 'directory' => '@DIR@/metadata']],
    'secretsalt' => 'salt-of-the-demonstration',
    'auth.adminpassword' => 'nobody-signs-in-here',
    'technicalcontact_email' => 'demonstration@example.org',
    'timezone' => 'UTC',
    'logging.handler' => 'errorlog',
    'logging.level' => 4,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => '@DIR@/tmp',
    'session.cookie.secure' => false,
    // localhost is one site to the browser, whatever the port.
    'session.cookie.name' => 'UniversitySession',
    'session.phpsession.cookiename' => 'UniversitySession',
    'session.authtoken.cookiename' => 'UniversityToken',
];
