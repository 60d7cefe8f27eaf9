<?php
// SimpleSAMLphp as the identity provider of the benchmark, below PHP's own server.
$config = [
    'baseurlpath' => '@IDP@/',
    'certdir' => '@DIR@/saml/cert/',
    'datadir' => '@DIR@/saml/data/',
    'tempdir' => '@DIR@/saml/tmp/',
    'loggingdir' => '@DIR@/saml/log/',
    'metadatadir' => '@DIR@/saml/metadata',
    'metadata.sources' => [['type' => 'flatfile', 'directory' => '@DIR@/saml/metadata']],
    'secretsalt' => 'salt-of-the-benchmark',
    'auth.adminpassword' => 'nobody-signs-in-here',
    'technicalcontact_email' => 'benchmark@example.org',
    'timezone' => 'UTC',
    'logging.handler' => 'errorlog',
    'logging.level' => 4,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => '@DIR@/saml/tmp',
    'session.cookie.secure' => false,
];
